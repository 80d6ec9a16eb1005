"""Draw a report for people: coloured and wrapped in a terminal, plain and in full elsewhere."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple
from unicodedata import category, east_asian_width

from gpt41_cli.display import LONGEST_NAME, draw_bar, pluralize, sanitize, shorten
from gpt41_cli.reports import Heading, Report, ReportLine, Table
from gpt41_cli.reports.places import format_unmentioned_place
from gpt41_cli.rules import Level
from gpt41_cli.views import Screen
from gpt41_cli.views.citations import Citations

# Parameters of SGR (ECMA-48). Weight marks the answer, colour what is wrong. Of the terminal's own colours only red and magenta
# can be read on white and on black: green, cyan and yellow vanish on white, blue on black.
_STYLES = {"headline": "1", "label": "", "cited": "2", "title": "1", "chosen": "1", "faint": "2", "": ""}
_LEVEL_STYLES = {Level.ERROR: "1;31", Level.WARNING: "35", Level.NOTICE: ""}
_COMMAND_START = re.compile(r"^(\s*):(?=:)")
_WORD = re.compile(r"\s*\S+(?: %)?\s*")
_GAP = "  "
_MIN_WRAPPED_CELLS = 20
_BAR_CELLS = 8
_MIN_WIDTH_FOR_BARS = 80
MAX_REASONS = 3
"""The most reasons of a brief answer, the most important first."""


class _Span(NamedTuple):
    text: str
    style: str = ""


_Cell = tuple[_Span, ...]


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
    tables = report.tables if explains else tuple(table.without_details for table in report.tables)
    lines = _draw_paragraph(citations.rewrite(report.headline), "headline", screen)
    draws = screen.can_draw_bars and (screen.width is None or screen.width >= _MIN_WIDTH_FOR_BARS)
    labelled = []
    for line in shown:
        bar = f"{draw_bar(line.share, _BAR_CELLS):{_BAR_CELLS}}  " if draws and line.share is not None else ""
        labelled.append(_Line(line.label, "label", bar + citations.rewrite(line.text), citations.format(line.citation)))
    for finding in report.unmentioned_findings:
        cited = ", ".join(filter(None, (finding.rule.id, format_unmentioned_place(finding))))
        text = citations.rewrite(finding.message)
        labelled.append(_Line(finding.level.label, _LEVEL_STYLES[finding.level], text, f" [{cited}]"))
    notes = [_Line("note", "label", citations.rewrite(note), "") for note in report.notes]
    if more := _describe_hidden(report, shown, tables):
        notes.append(_Line("more", "label", more, ""))
    notes += [_Line("sources", "label", source, "") for source in citations.legend]
    for part in (labelled, notes):
        if part:
            lines += ["", *_draw_lines(part, screen)]
        if part is labelled:
            for table in tables:
                title = _draw_paragraph(citations.rewrite(table.title), "title", screen) if table.title else []
                lines += ["", *title, *_draw_table(table, screen, draws=draws)]
    for block in report.blocks:
        # The bar tells what is shown from what is said about it, and keeps a line from being a command to a program.
        shown_text = [sanitize(f"| {line}").rstrip() for line in block.text.splitlines()]
        lines += ["", *_draw_paragraph(block.title, "title", screen), *shown_text]
    # Where a line wraps, the next one begins with any word of it.
    return "".join(_COMMAND_START.sub(r"\1\\x3a", line) + "\n" for line in lines)


def _select_lines(lines: Sequence[ReportLine]) -> list[ReportLine]:
    """Select the lines of a brief answer: without details, and no more than MAX_REASONS that say why."""
    kept = [line for line in lines if not line.is_detail]
    reasons = [line for line in kept if line.label == "why"][MAX_REASONS:]
    return [line for line in kept if line not in reasons]


def _describe_hidden(report: Report, lines: Sequence[ReportLine], tables: Sequence[Table]) -> str:
    """Say how many lines and rows --explain shows in addition to these; empty if none."""
    rows = sum(len(table.rows) for table in report.tables) - sum(len(table.rows) for table in tables)
    hidden = {"more line": len(report.lines) - len(lines), "more row": rows}
    counts = ", ".join(pluralize(count, what) for what, count in hidden.items() if count)
    return f"--explain shows {counts} and the sources." if counts else ""


def _make_safe(text: str) -> str:
    """Return text that is safe to print, with long names cut."""
    return shorten(sanitize(text))


def _make_cell(text: str, style: str) -> _Cell:
    return (_Span(_make_safe(text), _STYLES.get(style, style)),)


def _draw_paragraph(text: str, style: str, screen: Screen, indent: int = 0) -> list[str]:
    return list(_draw_columns([[_make_cell(text, style)]], screen, indent=indent))


def _draw_lines(lines: list[_Line], screen: Screen) -> Iterator[str]:
    rows = []
    last = None
    for label, style, text, cited in lines:
        name = "" if label == last else shorten(sanitize(label), LONGEST_NAME)
        sentence = _make_cell(text, "") + _make_cell(cited, "cited")
        rows.append([(_Span(_GAP), *_make_cell(name, style)), sentence])
        last = label
    return _draw_columns(rows, screen)


def _draw_table(table: Table, screen: Screen, *, draws: bool) -> list[str]:
    """Draw the table with bars if there is room, else without, else with the values that all rows share once above it. If it
    doesn't fit even so, draw its rows as records.
    """
    table = _make_cells_safe(table)
    plain = table.without_bars
    for cells in (_BAR_CELLS, _BAR_CELLS // 2) if draws else ():
        barred = _draw_bars(table, cells)
        if _fits(barred, screen):
            return _draw_grid(barred, screen)
    if _fits(plain, screen):
        return _draw_grid(plain, screen)
    narrow, said = _split_shared_columns(plain)
    left_out: list[str] = []
    for heading in sorted((column for column in narrow.headings if column.spare_rank), key=lambda column: column.spare_rank):
        if _fits(narrow, screen):
            break
        narrow = narrow.without_columns([narrow.headings.index(heading)])
        left_out.append(heading.title)
    if not _fits(narrow, screen):
        return _draw_records(plain, screen)
    shared = f"all rows: {', '.join(said)}" if said else ""
    dropped = f"wider screens also show {', '.join(left_out)}" if left_out else ""
    caption = "; ".join(filter(None, (shared, dropped)))
    return [*_draw_paragraph(caption, "cited", screen, len(_GAP)), *_draw_grid(narrow, screen)]


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
    return table.without_columns(shared), named


def _make_cells_safe(table: Table) -> Table:
    """Return the table with cells that are safe to print. A share, which becomes a bar, stays as it is."""

    def make_safe(heading: Heading, cell: str) -> str:
        if heading.is_bar:
            return cell
        return shorten(sanitize(cell), LONGEST_NAME) if heading.is_name else _make_safe(cell)

    return table.with_cells(make_safe)


def _draw_bars(table: Table, cells: int) -> Table:
    """Draw the table with its shares as bars of at most `cells`."""
    return table.with_cells(lambda heading, cell: draw_bar(Fraction(cell), cells) if heading.is_bar and cell else cell)


def _fits(table: Table, screen: Screen) -> bool:
    """Return True if the table fits the screen without breaking a cell."""
    if screen.width is None:
        return True
    rows = [[heading.title for heading in table.headings], *(row.cells for row in table.rows)]
    widths = [max(map(_measure, column)) for column in zip(*rows, strict=True)]
    if not table.headings[-1].is_right_aligned:
        widths[-1] = min(widths[-1], _MIN_WRAPPED_CELLS)  # prose at the end of a row may wrap
    return sum(widths) + 2 * len(widths) <= screen.width


def _draw_records(table: Table, screen: Screen) -> list[str]:
    """Draw the table for a narrow screen: the first cell of each row, and below it the other cells with their titles."""
    lines = []
    for row in table.rows:
        named = zip(table.headings[1:], row.cells[1:], strict=True)
        cells = [f"{heading.title} {cell}".strip() for heading, cell in named if cell]
        lines += _draw_paragraph(_GAP + row.cells[0], "title", screen)
        lines += _draw_paragraph("; ".join(cells), row.tone, screen, 2 * len(_GAP))
    return lines


def _draw_grid(table: Table, screen: Screen) -> list[str]:
    titles = [_make_safe(heading.title) for heading in table.headings]
    rows = [(titles, "faint"), *((row.cells, row.tone) for row in table.rows)]
    drawn = [[(_Span(cell, _STYLES[tone]),) for cell in (_GAP + cells[0], *cells[1:])] for cells, tone in rows]
    right = [index for index, heading in enumerate(table.headings) if heading.is_right_aligned]
    return list(_draw_columns(drawn, screen, right))


def _draw_columns(
    rows: Sequence[Sequence[_Cell]], screen: Screen, right: Collection[int] = (), *, indent: int = 0
) -> Iterator[str]:
    """Draw rows of cells as lines. Columns are as wide as their widest cell; the last one wraps where the screen ends.

    `right`: the columns that are aligned to the right.
    """
    widths = [max(map(_measure_cell, column)) for column in zip(*rows, strict=True)]
    if screen.width is not None:
        room = screen.width - indent - sum(widths[:-1]) - len(_GAP) * (len(widths) - 1)
        widths[-1] = max(1, min(widths[-1], room))
    for *cells, last in rows:
        for number, line in enumerate(_wrap(last, widths[-1])):
            drawn = []
            for column, (cell, width) in enumerate(zip((*([()] * len(cells) if number else cells), line), widths, strict=True)):
                blanks, painted = " " * (width - _measure_cell(cell)), _paint(cell, screen)
                drawn.append(blanks + painted if column in right else painted + blanks)
            yield (" " * indent + _GAP.join(drawn)).rstrip()


def _paint(cell: _Cell, screen: Screen) -> str:
    return "".join(f"\x1b[{style}m{text}\x1b[0m" if screen.has_colour and style and text else text for text, style in cell)


def _measure_cell(cell: _Cell) -> int:
    return sum(_measure(span.text) for span in cell)


def _measure(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(0 if category(char) in ("Mn", "Me") else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def _wrap(cell: _Cell, width: int) -> Iterator[_Cell]:
    """Cut a cell into lines of at most `width`, between words if they fit."""
    if _measure_cell(cell) <= width:
        yield cell
        return
    text = "".join(span.text for span in cell)
    starts = [0, *_find_breaks(text, width)]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        end_of_words = start + len(text[start:end].rstrip())
        line, place = [], 0
        for span in cell:
            line.append(span._replace(text=span.text[max(0, start - place) : max(0, end_of_words - place)]))
            place += len(span.text)
        yield tuple(line)


def _find_breaks(text: str, width: int) -> Iterator[int]:
    """Yield where the lines of a text begin after its first one: before a word, or within one that is longer than a line."""
    used = 0
    for word in _WORD.finditer(text):
        needed = _measure(word[0].rstrip())
        if needed <= width - used:
            used += _measure(word[0])
            continue
        if word.start():
            yield word.start()
        used = 0
        for place, char in enumerate(word[0] if needed > width else "", word.start()):
            cells = _measure(char)
            if used and used + cells > width:
                yield place
                used = 0
            used += cells
        used = used or _measure(word[0])
