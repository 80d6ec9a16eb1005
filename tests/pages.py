"""The pages people read: README.md and docs/*.md, and the commands on them, run as in a terminal that is 100 columns wide.

A `console` block is a recording: each command after `$ `, then what a user sees: standard output, standard error behind `! `, and
`[exit N]` unless it is 0. If `...` follows some lines of a recording, it shows only so many of the output.

Markdown that a command prints is quoted between `<!-- $ COMMAND -->` and `<!-- end -->`, where readers see it drawn.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple, Self
from unittest import mock

import typer.main
from rich.console import Console
from rich.text import Text

import gpt41_cli.catalog
from gpt41_cli import app
from gpt41_cli.cli import parse
from tests.conftest import ROOT, environment

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
QUOTE = re.compile(r"(?<=^<!-- \$ )(.*?) -->\n.*?(?=^<!-- end -->$)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
CHECKED_ON = re.compile(r"""(\b(?:checked_on": "|(?:checked|compared)\s+on\s+))\d{4}-\d\d-\d\d""")
CUT = "..."
WIDTH = 100
PICTURES = {
    ROOT / "docs/images/recommend.svg": (
        "gpt41 recommend ticket.txt --task classification --output-tokens 20 --requests 100000 --deadline 24h"
    )
}
"""Pictures of runs in the folder of the tests' data, each with its command."""
PICTURE_WIDTH = 80
DAY = date(2026, 11, 23)
"""The day on which all runs of the pages happen: nobody has to read --as-of in every command."""
_STEP = re.compile(r"""(?:'[^']*'|"[^"]*"|\\.|(?:<<<)|[^'"\\;|&])+|&&|[;|]""")
_INPUT = re.compile(r"\s(<<<?)\s*(.*)$", re.DOTALL)


class Run(NamedTuple):
    """What a command did: its exit code, what it printed, and its complaints."""

    code: int
    out: bytes
    err: bytes


class _RecordingDay(date):
    """The date class on the day when the recordings were made."""

    @classmethod
    def today(cls) -> Self:
        return cls.fromordinal(DAY.toordinal())


class _Terminal(io.TextIOWrapper):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@contextlib.contextmanager
def terminal(environ: dict[str, str] | None = None) -> Iterator[None]:
    """Make the top of the repository the folder of all runs, and read the price table only once."""
    handler = signal.getsignal(signal.SIGTERM)
    command = typer.main.get_command(app.app)
    given = {**environment(), "COLUMNS": str(WIDTH), "NO_COLOR": "1", "TERM": "xterm", **(environ or {})}
    with (
        contextlib.chdir(ROOT),
        mock.patch.object(parse, "date", _RecordingDay),
        mock.patch.dict(os.environ, given, clear=True),
        mock.patch.object(app, "app", command),
        mock.patch.object(gpt41_cli.catalog, "parse_catalog", functools.lru_cache(2)(gpt41_cli.catalog.parse_catalog)),
    ):
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, handler)


def show_again(page: str) -> str:
    """Return the text of a page with all that its commands print, as of now. Needs `terminal`."""
    return QUOTE.sub(_quote_again, BLOCK.sub(lambda block: record_again(block[0]), page))


def _quote_again(found: re.Match[str]) -> str:
    """Return the Markdown that a command prints, as a quotation that a reader sees drawn."""
    lines, _ = _record(found[1])
    quoted = "".join(f"> {line}".rstrip() + "\n" for line in "\n".join(lines).strip().split("\n"))
    return f"{found[1]} -->\n{quoted}\n"


def record_again(recording: str) -> str:
    """Return the recording as it would be made now. Needs `terminal`."""
    shown = []
    for prompt, *recorded in _split_commands(recording):
        lines, code = _record(prompt.removeprefix("$ "))
        kept = recorded.index(CUT) if CUT in recorded else len(lines)
        shown += [prompt, *lines[:kept], *([CUT] if kept < len(lines) else []), *([f"[exit {code}]"] if code else [])]
    return "".join(f"{line}\n" for line in shown)


def draw_picture(command: str) -> str:
    """Return a run as a picture of a terminal, in SVG that loads nothing. Needs `terminal` with colours and PICTURE_WIDTH."""
    with contextlib.chdir(ROOT / "tests" / "data"):
        out = run_gpt41(shlex.split(command)[1:]).out.decode()
    console = Console(record=True, file=io.StringIO(), width=PICTURE_WIDTH, force_terminal=True)
    console.print(Text.from_ansi(f"$ {command}\n\n{out}"))
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="gpt41", unique_id="gpt41"), flags=re.DOTALL)
    return "".join(f"{line.rstrip()}\n" for line in drawn.splitlines())


def mask(out: str) -> str:
    """Return the output without what every edit of the price table changes and what says nothing about the run."""
    shown = re.sub(r"\b[0-9a-f]{64}\b", "<sha256 of the table>", out)
    return CHECKED_ON.sub(r"\1<day of the last check>", shown)


def _split_commands(recording: str) -> list[list[str]]:
    commands: list[list[str]] = []
    for line in recording.splitlines():
        if line.startswith("$ "):
            commands.append([line])
        else:
            commands[-1].append(line)
    return commands


def _record(line: str) -> tuple[list[str], int]:
    """Return the lines that a shell would show after this line, and its exit code. It may have pipes, `;` and `&&`."""
    code, piped, shown, errors = 0, b"", "", ""
    steps = _STEP.findall(line)
    assert "".join(steps) == line, line
    skips = False
    for step, then in zip(steps[::2], [*steps[1::2], ";"], strict=True):
        if not skips:
            run = _run(step.strip(), piped, is_shown=then != "|")
            code, errors = run.code, errors + run.err.decode()
            piped, shown = (run.out, shown) if then == "|" else (b"", shown + run.out.decode())
        skips = (then == "&&" and code != 0) or (skips and then != ";")
    return [*mask(shown).splitlines(), *(f"! {line}" for line in errors.splitlines())], code


def _run(command: str, stdin: bytes, *, is_shown: bool) -> Run:
    """Run one command: gpt41 in this process, anything else in bash."""
    if not command.startswith("gpt41"):
        done = subprocess.run(["bash", "-c", command], input=stdin, capture_output=True, timeout=60, check=False)
        return Run(done.returncode, done.stdout, done.stderr)
    redirected = _INPUT.search(command)
    if redirected:
        command, (operator, source) = command[: redirected.start()], redirected.groups()
        (word,) = shlex.split(source)
        stdin = Path(word).read_bytes() if operator == "<" else word.encode() + b"\n"
    return run_gpt41(shlex.split(command)[1:], stdin, is_terminal=is_shown)


def run_gpt41(arguments: list[str], stdin: bytes = b"", *, is_terminal: bool = True) -> Run:
    """Run `gpt41` with these arguments in this process. Needs `terminal`."""
    out, err = io.BytesIO(), io.BytesIO()
    stdout = (_Terminal if is_terminal else io.TextIOWrapper)(out, encoding="utf-8", write_through=True)
    replaced: dict[str, Any] = {
        "argv": ["gpt41", *arguments],
        "stdin": io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"),
        "stdout": stdout,
        "stderr": io.TextIOWrapper(err, encoding="utf-8", write_through=True),
    }
    with mock.patch.multiple(sys, **replaced):
        code = app.run()
    return Run(code, out.getvalue(), err.getvalue())
