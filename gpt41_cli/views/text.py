"""The report for people: in a terminal with colour and wrapped to its width, elsewhere plain and in full."""

from __future__ import annotations

import io
from fractions import Fraction

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.style import Style
from rich.table import Table as Grid
from rich.text import Text

from gpt41_cli.display import bar, printable
from gpt41_cli.findings import Finding, Level
from gpt41_cli.reports import Line, Report, Row, Table
from gpt41_cli.views import Screen
from gpt41_cli.views.places import unsaid_place

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
_LEVELS = {Level.ERROR: "bold red", Level.WARNING: "yellow", Level.NOTICE: "cyan"}
_UNBOUNDED = 100_000
_WRAPPED = 20
_BAR_CELLS = 8
_ROOM_FOR_BARS = 80


def render(report: Report, screen: Screen) -> str:
    """Headline, labelled lines, tables, findings, notes and blocks, in this order."""
    drawn = io.StringIO()
    console = Console(
        file=drawn,
        width=screen.width or _UNBOUNDED,
        force_terminal=screen.colour,
        no_color=not screen.colour,
        color_system="standard" if screen.colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(_text(report.headline, "headline"))
    draws = screen.draws and (screen.width is None or screen.width >= _ROOM_FOR_BARS)
    labelled = [(line.label, "label", (_bar(line) if draws else "") + line.text, line.cited) for line in report.lines]
    labelled += [(each.level.label, _LEVELS[each.level], each.message, _cited(each)) for each in report.unsaid]
    for part in (labelled, [("note", "faint", note, "") for note in report.notes]):
        if part:
            console.print()
            console.print(_lines(part))
        if part is labelled:
            for table in report.tables:
                console.print()
                if table.title:
                    console.print(_text(table.title, "title"))
                console.print(_drawn(table, screen, draws=draws))
    for block in report.blocks:
        console.print()
        console.print(_text(block.title, "title"))
        for line in block.text.splitlines():
            # The bar tells what is shown from what is said about it, and keeps a line from being a command to whoever reads it.
            console.print(_text(f"| {line}", ""), soft_wrap=True)
    return "\n".join(line.rstrip() for line in drawn.getvalue().splitlines()) + "\n"


def _bar(line: Line) -> str:
    return "" if line.share is None else f"{bar(line.share, _BAR_CELLS):{_BAR_CELLS}}  "


def _cited(finding: Finding) -> str:
    """The rule, and the place where the message does not say it."""
    return ", ".join(filter(None, (finding.rule, unsaid_place(finding))))


def _text(text: str, style: str) -> Text:
    return Text(printable(text), _STYLES.get(style, style))


def _lines(lines: list[tuple[str, str, str, str]]) -> Grid:
    grid = Grid.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    last = None
    for label, style, text, cited in lines:
        sentence = _text(text, "faint" if style == "faint" else "")
        if cited:
            sentence.append(f" [{printable(cited)}]", _STYLES["cited"])
        grid.add_row(Text("  ").append(_text("" if label == last else label, style)), sentence)
        last = label
    return grid


def _drawn(table: Table, screen: Screen, *, draws: bool) -> Grid:
    """The table with bars as long as there is room for, or none; where it does not fit without them, its rows as records."""
    plain = table.without_bars
    for cells in (_BAR_CELLS, _BAR_CELLS // 2) if draws else ():
        barred = _with_bars(table, cells)
        if _fits(barred, screen):
            return _grid(barred)
    return _grid(plain) if _fits(plain, screen) else _records(plain)


def _with_bars(table: Table, cells: int) -> Table:
    """The table with its shares drawn in so many cells at most."""
    rows = (
        row._replace(
            cells=tuple(
                bar(Fraction(cell), cells) if column.is_bar and cell else cell
                for column, cell in zip(table.columns, row.cells, strict=True)
            )
        )
        for row in table.rows
    )
    return table._replace(rows=tuple(rows))


def _fits(table: Table, screen: Screen) -> bool:
    """Whether the table stands within the screen without breaking a cell."""
    if screen.width is None:
        return True
    rows = [[column.title for column in table.columns], *(row.cells for row in table.rows)]
    widths = [max(cell_len(printable(cell)) for cell in column) for column in zip(*rows, strict=True)]
    if not table.columns[-1].right:
        widths[-1] = min(widths[-1], _WRAPPED)  # prose at the end of a row may wrap
    return sum(widths) + 2 * len(widths) <= screen.width


def _records(table: Table) -> Grid:
    """The table for a narrow screen: each row as its first cell, and below it every other cell with its title."""
    grid = Grid.grid(padding=(0, 2, 0, 0))
    grid.add_column(overflow="fold")
    for row in table.rows:
        named = zip(table.columns[1:], row.cells[1:], strict=True)
        cells = [f"{column.title} {cell}".strip() for column, cell in named if cell]
        grid.add_row(Text("  ").append(_text(row.cells[0], "title")))
        grid.add_row(Padding(_text("; ".join(cells), row.tone), (0, 0, 0, 4)))
    return grid


def _grid(table: Table) -> Grid:
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style=Style(dim=True), show_edge=False)
    for index, column in enumerate(table.columns):
        grid.add_column(
            Text(("  " if index == 0 else "") + printable(column.title)),
            justify="right" if column.right else "left",
            overflow="fold",
            no_wrap=column.right or index < len(table.columns) - 1,
        )
    for row in table.rows:
        grid.add_row(*_cells(row), style=_STYLES[row.tone])
    return grid


def _cells(row: Row) -> list[Text]:
    return [Text(("  " if index == 0 else "") + printable(cell)) for index, cell in enumerate(row.cells)]
