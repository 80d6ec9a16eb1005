"""A shell for recordings: it runs gpt41 in this process, in which most of what a run of its own would do has been done.

It knows pipes, `;`, `&&`, `<` and `<<<`, and leaves other commands to bash.
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

import gpt41_cli.catalog
from gpt41_cli import app
from gpt41_cli.catalog import parsed
from gpt41_cli.cli import parse
from tests.conftest import ROOT, environment

DAY = date(2026, 11, 23)
"""The day on which all recordings happen: nobody has to read --as-of in every command."""
CUT = "..."
_STEP = re.compile(r"""(?:'[^']*'|"[^"]*"|\\.|(?:<<<)|[^'"\\;|&])+|&&|[;|]""")
_INPUT = re.compile(r"\s(<<<?)\s*(.*)$", re.DOTALL)
_CHECKED_ON = re.compile(r"""(\b(?:checked_on": "|(?:checked|compared)\s+on\s+))\d{4}-\d\d-\d\d""")


_make_command = functools.cache(functools.partial(typer.main.get_command, app.app))
_parse_catalog = functools.lru_cache(4)(gpt41_cli.catalog.parse_catalog)
_read_parsed = functools.lru_cache(1)(parsed.read_parsed)


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
def open_shell(columns: int, *, has_colours: bool = False) -> Iterator[None]:
    """Make the top of the repository the folder of all runs, and make the commands and read the price table only once."""
    handler = signal.getsignal(signal.SIGTERM)
    given = {**environment(), "COLUMNS": str(columns), "NO_COLOR": "" if has_colours else "1", "TERM": "xterm"}
    given.pop("GITHUB_STEP_SUMMARY", None)
    with (
        contextlib.chdir(ROOT),
        mock.patch.object(parse, "date", _RecordingDay),
        mock.patch.dict(os.environ, given, clear=True),
        mock.patch.object(app, "app", _make_command()),
        mock.patch.object(gpt41_cli.catalog, "parse_catalog", _parse_catalog),
        mock.patch.object(parsed, "read_parsed", _read_parsed),
    ):
        try:
            yield
        finally:
            signal.signal(signal.SIGTERM, handler)


def record_again(recording: str, *, is_terminal: bool) -> str:
    """Return the recording as it would be made now. Needs `open_shell`."""
    shown = []
    for prompt, *recorded in _split_commands(recording):
        lines, code = record(prompt.removeprefix("$ "), is_terminal=is_terminal)
        kept = recorded.index(CUT) if CUT in recorded else len(lines)
        shown += [prompt, *lines[:kept], *([CUT] if kept < len(lines) else []), *([f"[exit {code}]"] if code else [])]
    return "".join(f"{line}\n" for line in shown)


def record(line: str, *, is_terminal: bool) -> tuple[list[str], int]:
    """Return the lines that a shell would show after this line, and its exit code. It may have pipes, `;` and `&&`."""
    code, piped, shown, errors = 0, b"", "", ""
    steps = _STEP.findall(line)
    assert "".join(steps) == line, line
    skips = False
    for step, then in zip(steps[::2], [*steps[1::2], ";"], strict=True):
        if not skips:
            run = _run(step.strip(), piped, is_terminal=is_terminal and then != "|")
            code, errors = run.code, errors + run.err.decode()
            piped, shown = (run.out, shown) if then == "|" else (b"", shown + run.out.decode())
        skips = (then == "&&" and code != 0) or (skips and then != ";")
    return [*_mask(shown).splitlines(), *(f"! {line}" for line in errors.splitlines())], code


def run_gpt41(arguments: list[str], stdin: bytes = b"", *, is_terminal: bool = True) -> Run:
    """Run `gpt41` with these arguments in this process. Needs `open_shell`."""
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


def _split_commands(recording: str) -> list[list[str]]:
    commands: list[list[str]] = []
    for line in recording.splitlines():
        if line.startswith("$ "):
            commands.append([line])
        else:
            commands[-1].append(line)
    return commands


def _run(command: str, stdin: bytes, *, is_terminal: bool) -> Run:
    """Run one command: gpt41 in this process, anything else in bash."""
    if not command.startswith("gpt41"):
        done = subprocess.run(["bash", "-c", command], input=stdin, capture_output=True, timeout=60, check=False)
        return Run(done.returncode, done.stdout, done.stderr)
    redirected = _INPUT.search(command)
    if redirected:
        command, (operator, source) = command[: redirected.start()], redirected.groups()
        (word,) = shlex.split(source)
        stdin = Path(word).read_bytes() if operator == "<" else word.encode() + b"\n"
    return run_gpt41(shlex.split(command)[1:], stdin, is_terminal=is_terminal)


def _mask(out: str) -> str:
    """Return the output without what every edit of the price table changes and what says nothing about the run."""
    shown = re.sub(r"\b[0-9a-f]{64}\b", "<sha256 of the table>", out)
    return _CHECKED_ON.sub(r"\1<day of the last check>", shown)
