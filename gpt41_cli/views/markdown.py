"""The report as GitHub-flavoured Markdown, fit for a pull request: text from files cannot become markup, link or mention, and
all of it fits into a comment.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from gpt41_cli.display import plural, printable
from gpt41_cli.reports import Block, Report, Table
from gpt41_cli.views import Screen
from gpt41_cli.views.places import unsaid_place

MOST_CHARACTERS = 65_000
"""What is drawn is shorter; GitHub takes 65,536 characters as a comment."""

_ENOUGH_ITEMS = 4096
_SHORT = 500
_AUTOMATIC = re.compile(r"@|#|:(?=//)|www(?=\.)|\bGH(?=-\d)", re.IGNORECASE)
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~&$])")
_BEGINNING = re.compile(r"^(?:(\d+)(?=[.)])|(?=[-+](?:\s|$)|-[- ]*$))")

T = TypeVar("T")


def render(report: Report, screen: Screen) -> str:
    """Headline, reasons and findings as a list, tables, notes; of every list as many as fit, and how many more there are."""
    items = _ENOUGH_ITEMS
    while len(drawn := _draw(report, items)) >= MOST_CHARACTERS:
        items = min(items // 2, items * MOST_CHARACTERS // len(drawn))
    return drawn


def _draw(report: Report, items: int) -> str:
    """The report with at most so many items of every list, and texts that are long only where many of them would fit."""
    longest = max(_SHORT, 16 * items)

    def escaped(text: str) -> str:
        return _escaped(text, longest)

    lines = [f"- *{escaped(line.label)}* {escaped(line.text)}{_cited(escaped(line.cited))}" for line in report.lines[:items]]
    lines += _more(report.lines, items, "line", "- ")
    unsaid = report.unsaid
    for each in unsaid[:items]:
        told = f"- **{each.level.label}** {_code(each.rule, longest)} {escaped(each.message)}"
        lines.append(told + _cited(escaped(unsaid_place(each))))
    lines += _more(unsaid, items, "finding", "- ")
    blocks = [f"**{escaped(report.headline).strip()}**", *(["\n".join(lines)] if lines else [])]
    blocks += _listed(report.tables, items, "table", lambda table: _table(table, items, longest))
    blocks += _listed(report.notes, items, "note", lambda note: [f"<sub>{escaped(note)}</sub>"])
    blocks += _listed(report.blocks, items, "part", lambda block: _block(block, items, longest))
    if report.catalog:
        blocks.append(f"<sub>Prices of {escaped(report.catalog.file)}, checked on {report.catalog.checked_on}</sub>")
    return "\n\n".join(blocks) + "\n"


def _listed(found: Sequence[T], items: int, noun: str, draw: Callable[[T], Iterable[str]]) -> Iterator[str]:
    """The paragraphs of each of the first."""
    for each in found[:items]:
        yield from draw(each)
    yield from _more(found, items, noun)


def _more(found: Sequence[object], items: int, noun: str, prefix: str = "") -> Iterator[str]:
    if len(found) > items:
        yield f"{prefix}and {plural(len(found) - items, f'more {noun}')}"


def _cited(cited: str) -> str:
    return f" <sub>{cited}</sub>" if cited else ""


def _table(table: Table, items: int, longest: int) -> Iterator[str]:
    """The table under its title, folded away where it is a detail."""
    table = table.without_bars
    titles = [_escaped(column.title, longest) or " " for column in table.columns]
    rule = ["---:" if column.right else "---" for column in table.columns]
    lines = [titles, rule]
    for row in table.rows[:items]:
        cells = zip(row.cells, table.columns, strict=True)
        drawn = [_code(cell, longest) if column.is_name else _escaped(cell, longest) for cell, column in cells]
        lines.append([f"**{cell.strip()}**" if row.tone == "chosen" and cell.strip() else cell for cell in drawn])
    if table.is_detail:
        yield f"<details><summary>{_in_html(table.title or 'Details', longest)}</summary>"
    elif table.title:
        yield _paragraph(table.title, longest)
    yield "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    yield from _more(table.rows, items, "row")
    if table.is_detail:
        yield "</details>"


def _block(block: Block, items: int, longest: int) -> Iterator[str]:
    """The title and, where there is text, a code block around it."""
    yield _paragraph(block.title, longest)
    lines = [f"| {_cut(line, longest)}" for line in block.text.splitlines()]
    if lines:
        yield _fenced(lines[:items])
    yield from _more(lines, items, "line")


def _cut(text: str, longest: int) -> str:
    """The text safe to print, and no longer than that."""
    safe = printable(text[: longest + 1])
    return safe if len(safe) <= longest else safe[:longest] + "…"


def _escaped(text: str, longest: int) -> str:
    """Text that reads as itself; a zero-width space keeps names from calling somebody and addresses from being links."""
    return _AUTOMATIC.sub("\\g<0>\u200b", _SPECIAL.sub(r"\\\1", _cut(text, longest)))


def _paragraph(text: str, longest: int) -> str:
    """A text that stands alone, and is neither a list nor a line nor code for how it begins."""
    return _BEGINNING.sub(r"\1\\", _escaped(text, longest).strip())


def _in_html(text: str, longest: int) -> str:
    return _AUTOMATIC.sub("\\g<0>\u200b", html.escape(_cut(text, longest), quote=False))


def _fenced(lines: Sequence[str]) -> str:
    """A code block around any lines: its fence is longer than any run of backticks in it."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *lines, fence])


def _code(text: str, longest: int) -> str:
    """A code span around any text; a bar would still end the cell, so it is drawn as an escape."""
    safe = _cut(text, longest).replace("|", "\\|")
    if not safe:
        return ""
    fence = "`" * (max((len(run) for run in re.findall("`+", safe)), default=0) + 1)
    pad = " " if safe.startswith("`") or safe.endswith("`") else ""
    return f"{fence}{pad}{safe}{pad}{fence}"
