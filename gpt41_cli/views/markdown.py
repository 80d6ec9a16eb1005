"""A report as GitHub-flavoured Markdown that fits a pull request comment. Text from files can't become markup or mentions."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from gpt41_cli.display import pluralize, sanitize
from gpt41_cli.findings import Finding
from gpt41_cli.reports import Report, Table, TextBlock
from gpt41_cli.reports.places import format_unmentioned_place
from gpt41_cli.rules import Level
from gpt41_cli.views import Screen

MAX_CHARACTERS = 65_000
"""The drawn report is shorter than this; GitHub takes 65,536 characters as a comment."""

_MAX_ITEMS = 4_000
_SHORTEST_CUT = 500
_AUTOLINK_PATTERN = re.compile(r"@|#|:(?=//|(?:100|1234|\d*[a-z_+-][\w+-]*):)|www(?=\.)|\bGH(?=-\d)", re.IGNORECASE)
"""The beginning of a mention, a reference, an address or an emoji. The only emoji with digits isn't mistaken for the number of a
line.
"""

_COMMIT_PATTERN = re.compile(r"(?<![0-9a-z])(?=\d*[a-f])[0-9a-f]{7,40}(?![0-9a-z])", re.IGNORECASE)
_SHORTER_THAN_A_COMMIT = re.compile(r"\w{1,6}")
"""GitHub links seven to forty hexadecimal digits to a commit. A figure, which has no letters, is left as it is."""

_SPECIAL_PATTERN = re.compile(r"([\\`*_\[\]<>|#~&$])")
_BLOCK_START_PATTERN = re.compile(r"^(?:(\d+)(?=[.)])|(?=[-+](?:\s|$)|-[- ]*$))")

T = TypeVar("T")


def render(report: Report, screen: Screen) -> str:
    """Draw headline, reasons, findings, tables and notes: of every list as many items as fit, and how many more there are."""
    items = _MAX_ITEMS
    while len(drawn := _draw_report(report, items)) >= MAX_CHARACTERS:
        items = min(items // 2, items * MAX_CHARACTERS // len(drawn))
    return drawn


def _draw_report(report: Report, items: int) -> str:
    """Draw the report with at most `items` per list. Texts are long only if many of them would fit."""
    longest = max(_SHORTEST_CUT, 16 * items)

    def escaped(text: str) -> str:
        return _escape(text, longest)

    lines = [
        f"- *{escaped(line.label)}* {escaped(line.text)}{_draw_citation(escaped(line.citation))}" for line in report.lines[:items]
    ]
    lines += _draw_omitted_count(report.lines, items, "line", "- ")
    # A check is read in a pull request: everybody sees the verdict, what fails it, and the table.
    is_folded = bool(report.cases)
    findings, tables = report.unmentioned_findings, report.tables
    folded_findings = [finding for finding in findings if is_folded and finding.level is not Level.ERROR]
    folded_tables = [table for table in tables if is_folded and table.is_detail]
    shown = list(_draw_findings([finding for finding in findings if finding not in folded_findings], items, longest))
    folded = [*_draw_findings(folded_findings, items, longest), *lines] if is_folded else []
    listed = shown if is_folded else lines + shown
    blocks = [f"**{escaped(report.headline).strip()}**", *(["\n".join(listed)] if listed else [])]
    for some in ([table for table in tables if table not in folded_tables], folded_tables):
        blocks += _draw_first_items(some, items, "table", lambda table: _draw_table(table, items, longest))
        if folded:
            counts = ", ".join(_count_levels(folded_findings))
            blocks += [f"<details><summary>Details{counts and ': ' + counts}</summary>", "\n".join(folded), "</details>"]
            folded = []
    blocks += _draw_first_items(report.notes, items, "note", lambda note: [f"<sub>{escaped(note)}</sub>"])
    blocks += _draw_first_items(report.blocks, items, "part", lambda block: _draw_block(block, items, longest))
    if report.catalog:
        blocks.append(f"<sub>Prices of {escaped(report.catalog.file)}, checked on {report.catalog.checked_on}</sub>")
    return "\n\n".join(blocks) + "\n"


def _draw_findings(findings: Sequence[Finding], items: int, longest: int) -> Iterator[str]:
    for finding in findings[:items]:
        line = f"- **{finding.level.label}** {_draw_code_span(finding.rule.id, longest)} {_escape(finding.message, longest)}"
        yield line + _draw_citation(_escape(format_unmentioned_place(finding), longest))
    yield from _draw_omitted_count(findings, items, "finding", "- ")


def _count_levels(findings: Sequence[Finding]) -> Iterator[str]:
    """Say how many findings there are of each level, the gravest first."""
    for level in sorted(Level, reverse=True):
        if many := sum(finding.level is level for finding in findings):
            yield pluralize(many, level.label)


def _draw_first_items(sequence: Sequence[T], items: int, noun: str, draw: Callable[[T], Iterable[str]]) -> Iterator[str]:
    """Draw the first items, and how many more there are."""
    for item in sequence[:items]:
        yield from draw(item)
    yield from _draw_omitted_count(sequence, items, noun)


def _draw_omitted_count(sequence: Sequence[object], items: int, noun: str, prefix: str = "") -> Iterator[str]:
    if len(sequence) > items:
        yield f"{prefix}and {pluralize(len(sequence) - items, f'more {noun}')}"


def _draw_citation(cited: str) -> str:
    return f" <sub>{cited}</sub>" if cited else ""


def _draw_table(table: Table, items: int, longest: int) -> Iterator[str]:
    """Draw a table under its title. A table of details is folded."""
    table = table.without_bars
    titles = [_escape(heading.title, longest) or " " for heading in table.headings]
    rule = ["---:" if heading.is_right_aligned else "---" for heading in table.headings]
    lines = [titles, rule]
    for row in table.rows[:items]:
        cells = zip(row.cells, table.headings, strict=True)
        drawn = [_draw_code_span(cell, longest) if heading.is_name else _escape(cell, longest) for cell, heading in cells]
        lines.append([f"**{cell.strip()}**" if row.tone == "chosen" and cell.strip() else cell for cell in drawn])
    if table.is_detail:
        yield f"<details><summary>{_escape_html(table.title or 'Details', longest)}</summary>"
    elif table.title:
        yield _escape_paragraph(table.title, longest)
    yield "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    yield from _draw_omitted_count(table.rows, items, "row")
    if table.is_detail:
        yield "</details>"


def _draw_block(block: TextBlock, items: int, longest: int) -> Iterator[str]:
    """Draw the title and a code block around the text, if there is any."""
    yield _escape_paragraph(block.title, longest)
    lines = [f"| {_truncate(line, longest)}" for line in block.text.splitlines()]
    if lines:
        yield _fence_code(lines[:items])
    yield from _draw_omitted_count(lines, items, "line")


def _truncate(text: str, longest: int) -> str:
    """Return text that is safe to print, cut to the length."""
    safe = sanitize(text[: longest + 1])
    return safe if len(safe) <= longest else safe[:longest] + "…"


def _break_links(text: str) -> str:
    """Put zero-width spaces into text that GitHub would turn into a mention, a link or an emoji, even if it is escaped."""
    text = _COMMIT_PATTERN.sub(lambda commit: "\u200b".join(_SHORTER_THAN_A_COMMIT.findall(commit[0])), text)
    return _AUTOLINK_PATTERN.sub("\\g<0>\u200b", text)


def _escape(text: str, longest: int) -> str:
    """Escape text so that it isn't read as markup."""
    return _SPECIAL_PATTERN.sub(r"\\\1", _break_links(_truncate(text, longest)))


def _escape_paragraph(text: str, longest: int) -> str:
    """Escape a paragraph so that its beginning makes it neither a list nor a rule nor code."""
    return _BLOCK_START_PATTERN.sub(r"\1\\", _escape(text, longest).strip())


def _escape_html(text: str, longest: int) -> str:
    return html.escape(_break_links(_truncate(text, longest)), quote=False)


def _fence_code(lines: Sequence[str]) -> str:
    """Draw a code block around any lines; its fence is longer than any run of backticks in them."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *lines, fence])


def _draw_code_span(text: str, longest: int) -> str:
    """Draw a code span around any text. A bar would still end the cell, so it becomes an escape."""
    safe = _truncate(text, longest).replace("|", "\\|")
    if not safe:
        return ""
    fence = "`" * (max((len(run) for run in re.findall("`+", safe)), default=0) + 1)
    pad = " " if safe.startswith("`") or safe.endswith("`") else ""
    return f"{fence}{pad}{safe}{pad}{fence}"
