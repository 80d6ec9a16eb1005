"""A report for people: coloured and wrapped in a terminal, plain and in full elsewhere."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console, Group
from rich.padding import Padding
from rich.style import Style
from rich.table import Table as Grid
from rich.text import Text

from gpt41_cli.display import LONGEST_NAME, draw_bar, pluralize, sanitize, shorten
from gpt41_cli.findings import Finding
from gpt41_cli.reports import Heading, Report, ReportLine, Table
from gpt41_cli.rules import Level
from gpt41_cli.views import Screen
from gpt41_cli.views.citations import Citations
from gpt41_cli.views.places import format_unmentioned_place

# Named colours and attributes only: the terminal's own palette keeps them readable on light and on dark.
_STYLES = {
    "headline": "bold",
    "label": "cyan",
    "cited": "dim",
    "title": "bold",
    "chosen": "bold green",
    "faint": "dim",
    "": "",
}
_LEVEL_STYLES = {Level.ERROR: "bold red", Level.WARNING: "yellow", Level.NOTICE: "cyan"}
_UNBOUNDED_WIDTH = 10**9
_COMMAND_START = re.compile(r"^(\s*):(?=:)", re.MULTILINE)
_MIN_WRAPPED_CELLS = 20
_BAR_CELLS = 8
_MIN_WIDTH_FOR_BARS = 80
MAX_REASONS = 3
"""The most reasons of a brief answer. They are in the order of their weight."""


class _Line(NamedTuple):
    """A labelled line; `citation` begins with a blank if there is one."""

    label: str
    style: str
    text: str
    citation: str


def render(report: Report, screen: Screen) -> str:
    """Draw the report in brief: without its details, at most MAX_REASONS reasons, and no sources."""
    return draw(report, screen, explains=False)


def draw(report: Report, screen: Screen, *, explains: bool) -> str:
    """Draw headline, labelled lines, findings, tables, notes and blocks, in this order; with `explains` all that there is."""
    citations = Citations(report.catalog.sources if report.catalog else {}, explains=explains)
    shown = report.lines if explains else _select_lines(report.lines)
    drawn = io.StringIO()
    console = Console(
        file=drawn,
        width=screen.width or _UNBOUNDED_WIDTH,
        force_terminal=screen.has_colour,
        no_color=not screen.has_colour,
        color_system="standard" if screen.has_colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(_make_text(citations.rewrite(report.headline), "headline"))
    draws = screen.can_draw_bars and (screen.width is None or screen.width >= _MIN_WIDTH_FOR_BARS)
    labelled = [
        _Line(
            line.label,
            "label",
            (_draw_bar(line) if draws else "") + citations.rewrite(line.text),
            citations.format(line.citation),
        )
        for line in shown
    ]
    labelled += [
        _Line(finding.level.label, _LEVEL_STYLES[finding.level], citations.rewrite(finding.message), f" [{_locate(finding)}]")
        for finding in report.unmentioned_findings
    ]
    notes = [_Line("note", "faint", citations.rewrite(note), "") for note in report.notes]
    hidden = len(report.lines) - len(shown)
    if hidden:
        notes.append(_Line("more", "faint", f"--explain shows {pluralize(hidden, 'more line')} and the sources.", ""))
    notes += [_Line("sources", "faint", source, "") for source in citations.legend]
    for part in (labelled, notes):
        if part:
            console.print()
            console.print(_draw_lines(part))
        if part is labelled:
            for table in report.tables:
                console.print()
                if table.title:
                    console.print(_make_text(citations.rewrite(table.title), "title"))
                console.print(_draw_table(table, screen, draws=draws))
    for block in report.blocks:
        console.print()
        console.print(_make_text(block.title, "title"))
        for line in block.text.splitlines():
            # The bar tells what is shown from what is said about it, and keeps a line from being a command to a program.
            console.print(Text(sanitize(f"| {line}")), soft_wrap=True)
    # Where a line wraps, the next one begins with any word of it.
    lines = _COMMAND_START.sub(r"\1\\x3a", drawn.getvalue()).splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _draw_bar(line: ReportLine) -> str:
    return "" if line.share is None else f"{draw_bar(line.share, _BAR_CELLS):{_BAR_CELLS}}  "


def _select_lines(lines: Sequence[ReportLine]) -> list[ReportLine]:
    """Select the lines of a brief answer: without details, and no more than MAX_REASONS that say why."""
    kept = [line for line in lines if not line.is_detail]
    reasons = [line for line in kept if line.label == "why"][MAX_REASONS:]
    return [line for line in kept if line not in reasons]


def _locate(finding: Finding) -> str:
    """Format the rule, and the place unless the message says it."""
    return ", ".join(filter(None, (finding.rule.id, format_unmentioned_place(finding))))


def _make_safe(text: str) -> str:
    """Return text that is safe to print, with long names cut."""
    return shorten(sanitize(text))


def _make_text(text: str, style: str) -> Text:
    return Text(_make_safe(text), _STYLES.get(style, style))


def _draw_lines(lines: list[_Line]) -> Grid:
    grid = Grid.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    last = None
    for label, style, text, cited in lines:
        name = "" if label == last else shorten(sanitize(label), LONGEST_NAME)
        sentence = _make_text(text, "faint" if style == "faint" else "")
        if cited:
            sentence.append(_make_safe(cited), _STYLES["cited"])
        grid.add_row(Text("  ").append(name, _STYLES.get(style, style)), sentence)
        last = label
    return grid


def _draw_table(table: Table, screen: Screen, *, draws: bool) -> Grid | Group:
    """Draw the table with bars if there is room, else without, else with what all rows share said once above it. If it doesn't
    fit even so, draw its rows as records.
    """
    table = _make_cells_safe(table)
    plain = table.without_bars
    for cells in (_BAR_CELLS, _BAR_CELLS // 2) if draws else ():
        barred = _draw_bars(table, cells)
        if _fits(barred, screen):
            return _draw_grid(barred)
    if _fits(plain, screen):
        return _draw_grid(plain)
    narrow, said = _split_shared_columns(plain)
    left_out: list[str] = []
    for heading in (heading for heading in narrow.headings if heading.is_secondary):
        if _fits(narrow, screen):
            break
        narrow = _drop_columns(narrow, [narrow.headings.index(heading)])
        left_out.append(heading.title)
    if not _fits(narrow, screen):
        return _draw_records(plain)
    caption = "; ".join([*said, *([f"not shown: {', '.join(left_out)}"] if left_out else [])])
    return Group(Padding(Text(caption, _STYLES["cited"]), (0, 0, 0, 2)), _draw_grid(narrow))


def _split_shared_columns(table: Table) -> tuple[Table, list[str]]:
    """Return the table without the columns that hold one value in all of several rows, and these values with their titles.

    The last row may have none, as a row of totals has.
    """
    columns = [
        cells[:-1] if heading.title and not cells[-1] and any(cells) else cells
        for heading, *cells in zip(table.headings, *(row.cells for row in table.rows), strict=True)
    ]
    shared = [index for index, cells in enumerate(columns) if index and len(cells) > 1 and len(set(cells)) == 1]
    named = [f"{table.headings[index].title} {columns[index][0]}".strip() for index in shared if columns[index][0]]
    return _drop_columns(table, shared), named


def _drop_columns(table: Table, dropped: Sequence[int]) -> Table:
    kept = [index for index in range(len(table.headings)) if index not in dropped]
    rows = tuple(row._replace(cells=tuple(row.cells[index] for index in kept)) for row in table.rows)
    return table._replace(headings=tuple(table.headings[index] for index in kept), rows=rows)


def _make_cells_safe(table: Table) -> Table:
    """Return the table with cells that are safe to print. A share, which becomes a bar, stays as it is."""

    def make_safe(heading: Heading, cell: str) -> str:
        if heading.is_bar:
            return cell
        return shorten(sanitize(cell), LONGEST_NAME) if heading.is_name else _make_safe(cell)

    rows = (row._replace(cells=tuple(map(make_safe, table.headings, row.cells))) for row in table.rows)
    return table._replace(rows=tuple(rows))


def _draw_bars(table: Table, cells: int) -> Table:
    """Draw the table with its shares as bars of at most `cells`."""
    rows = (
        row._replace(
            cells=tuple(
                draw_bar(Fraction(cell), cells) if heading.is_bar and cell else cell
                for heading, cell in zip(table.headings, row.cells, strict=True)
            )
        )
        for row in table.rows
    )
    return table._replace(rows=tuple(rows))


def _fits(table: Table, screen: Screen) -> bool:
    """Return True if the table fits the screen without breaking a cell."""
    if screen.width is None:
        return True
    rows = [[heading.title for heading in table.headings], *(row.cells for row in table.rows)]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    if not table.headings[-1].is_right_aligned:
        widths[-1] = min(widths[-1], _MIN_WRAPPED_CELLS)  # prose at the end of a row may wrap
    return sum(widths) + 2 * len(widths) <= screen.width


def _draw_records(table: Table) -> Grid:
    """Draw the table for a narrow screen: the first cell of each row, and below it the other cells with their titles."""
    grid = Grid.grid(padding=(0, 2, 0, 0))
    grid.add_column(overflow="fold")
    for row in table.rows:
        named = zip(table.headings[1:], row.cells[1:], strict=True)
        cells = [f"{heading.title} {cell}".strip() for heading, cell in named if cell]
        grid.add_row(Text("  ").append(row.cells[0], _STYLES["title"]))
        grid.add_row(Padding(Text("; ".join(cells), _STYLES[row.tone]), (0, 0, 0, 4)))
    return grid


def _draw_grid(table: Table) -> Grid:
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=Style(dim=True), show_edge=False)
    for index, heading in enumerate(table.headings):
        grid.add_column(
            Text(("  " if index == 0 else "") + _make_safe(heading.title)),
            justify="right" if heading.is_right_aligned else "left",
            overflow="fold",
            no_wrap=heading.is_right_aligned or index < len(table.headings) - 1,
        )
    for row in table.rows:
        grid.add_row(Text("  " + row.cells[0]), *map(Text, row.cells[1:]), style=_STYLES[row.tone])
    return grid
