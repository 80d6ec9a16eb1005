"""The report as GitHub-flavoured Markdown, fit for a pull request: text from files cannot become markup, link or mention."""

from __future__ import annotations

import re

from gpt41_cli.display import printable
from gpt41_cli.reports import Report, Table
from gpt41_cli.views import Screen

_AUTOMATIC = re.compile(r"@|://|www\.", re.IGNORECASE)
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~&$])")


def render(report: Report, screen: Screen) -> str:
    """Headline, reasons as a list, tables, findings, notes."""
    blocks = [f"**{_escaped(report.headline)}**"]
    lines = [f"- *{_escaped(line.label)}* {_escaped(line.text)}{_cited(line.cited)}" for line in report.lines]
    lines += [f"- **{each.level.label}** {_code(each.rule)} {_escaped(each.message)}" for each in report.unsaid]
    if lines:
        blocks.append("\n".join(lines))
    blocks += [_table(table) for table in report.tables]
    blocks += [f"<sub>{_escaped(note)}</sub>" for note in report.notes]
    blocks += [f"{_escaped(block.title)}" + (f"\n\n{_fenced(block.text)}" if block.text else "") for block in report.blocks]
    if report.catalog:
        blocks.append(f"<sub>Prices of {_escaped(report.catalog.file)}, checked on {report.catalog.checked_on}</sub>")
    return "\n\n".join(blocks) + "\n"


def _cited(cited: str) -> str:
    return f" <sub>{_escaped(cited)}</sub>" if cited else ""


def _table(table: Table) -> str:
    titles = [_escaped(column.title) or " " for column in table.columns]
    rule = ["---:" if column.right else "---" for column in table.columns]
    lines = [titles, rule]
    for row in table.rows:
        cells = zip(row.cells, table.columns, strict=True)
        drawn = [_code(cell) if column.is_name else _escaped(cell) for cell, column in cells]
        lines.append([f"**{cell}**" if row.tone == "chosen" and cell else cell for cell in drawn])
    title = f"{_escaped(table.title)}\n\n" if table.title else ""
    return title + "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _escaped(text: str) -> str:
    """Text that reads as itself; a zero-width space keeps names from calling somebody and addresses from being links."""
    return _AUTOMATIC.sub("\\g<0>\u200b", _SPECIAL.sub(r"\\\1", printable(text)))


def _fenced(text: str) -> str:
    """A code block around any text: its fence is longer than any run of backticks in it."""
    lines = [f"| {printable(line)}" for line in text.splitlines()]
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}text", *lines, fence])


def _code(text: str) -> str:
    """A code span around any text; a bar would still end the cell, so it is drawn as an escape."""
    safe = printable(text).replace("|", "\\|")
    fence = "`" * (max((len(run) for run in re.findall("`+", safe)), default=0) + 1)
    pad = " " if safe.startswith("`") or safe.endswith("`") else ""
    return f"{fence}{pad}{safe}{pad}{fence}"
