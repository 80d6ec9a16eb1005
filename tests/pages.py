"""The pages people read: README.md and docs/*.md, and what the commands on them print in a terminal 100 columns wide.

A `console` block is a recording: each command after `$ `, then what a user sees: standard output, standard error behind `! `, and
`[exit N]` unless it is 0. If `...` follows some lines of a recording, it shows only so many of the output.

Markdown that a command prints is quoted between `<!-- $ COMMAND -->` and `<!-- end -->`, where readers see it drawn.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex

from rich.console import Console
from rich.text import Text

from tests.conftest import ROOT
from tests.shell import open_shell, record, record_again, run_gpt41

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PICTURES = {
    ROOT / "docs/images/recommend.svg": (
        "gpt41 recommend ticket.txt --task classification --output-tokens 20 --requests 100000 --deadline 24h"
    )
}
"""Pictures of runs in the folder of the tests' data, each with its command."""
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
_QUOTE = re.compile(r"(?<=^<!-- \$ )(.*?) -->\n.*?(?=^<!-- end -->$)", re.MULTILINE | re.DOTALL)
_PAGE_COLUMNS, _PICTURE_COLUMNS = 100, 80


def show_again(page: str) -> str:
    """Return the text of a page with all that its commands print, as of now."""
    with open_shell(_PAGE_COLUMNS):
        return _QUOTE.sub(_quote_again, BLOCK.sub(lambda block: record_again(block[0], is_terminal=True), page))


def _quote_again(found: re.Match[str]) -> str:
    """Return the Markdown that a command prints, as a quotation that a reader sees drawn."""
    lines, _ = record(found[1], is_terminal=True)
    quoted = "".join(f"> {line}".rstrip() + "\n" for line in "\n".join(lines).strip().split("\n"))
    return f"{found[1]} -->\n{quoted}\n"


def draw_picture(command: str) -> str:
    """Return a run as a picture of a terminal, in SVG that loads nothing."""
    with open_shell(_PICTURE_COLUMNS, has_colours=True), contextlib.chdir(ROOT / "tests" / "data"):
        out = run_gpt41(shlex.split(command)[1:]).out.decode()
    console = Console(record=True, file=io.StringIO(), width=_PICTURE_COLUMNS, force_terminal=True)
    console.print(Text.from_ansi(f"$ {command}\n\n{out}"))
    drawn = re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="gpt41", unique_id="gpt41"), flags=re.DOTALL)
    return "".join(f"{line.rstrip()}\n" for line in drawn.splitlines())
