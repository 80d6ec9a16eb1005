"""Draw a report as one HTML page that loads nothing, to share, print or hear read out. Text from outside is never markup."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from gpt41_cli.display import format_exact, sanitize
from gpt41_cli.reports import Report, ReportLine, Table, TextBlock
from gpt41_cli.reports.chart import Chart
from gpt41_cli.reports.places import format_unmentioned_place
from gpt41_cli.views import Screen
from gpt41_cli.views.svg import draw_svg, read_style_sheet

_CONTENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


_HYPHENATED = re.compile(
    r"(?<![\w:&/.-])(?=[\w.-]{3,24}(?![\w.-]))(?:--\w[\w.]*|(?=[\w.]+-)[\w.]+)(?:-[\w.]*\w)*(?![\w/-]|[.:][^\s<])"
)
"""A model, a workload, a date or an option; not a part of a path, and nothing long."""

_COMMANDS = {"recommendation": "recommend", "entries": "count", "priced": "cost"}
"""The commands whose schemas have other names."""

_MAX_SUMMARY_LINES = 12


def render(report: Report, screen: Screen) -> str:
    """Draw a whole HTML document: the answer, the reasons, tables and charts, then each part of the report in the same way."""
    parts = [(f"part-{number}", part) for number, part in enumerate(report.parts, 1)]
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_CONTENT_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{_escape_text(report.headline)}</title>",
            f"<style>\n{read_style_sheet('palette.css')}{read_style_sheet('page.css')}</style>",
            "</head>",
            "<body>",
            '<a class="skip" href="#answer">Skip to the answer</a>',
            *_draw_contents(parts),
            '<main id="answer">',
            *_draw_stamp(report),
            f"<h1>{_draw_text(report.headline)}</h1>",
            *_draw_summary(report),
            *_draw_body(report),
            *(line for name, part in parts for line in _draw_part(name, part)),
            "</main>",
            *_draw_footer(report),
            "</body>",
            "</html>\n",
        )
    )


def _escape_text(text: str) -> str:
    """Escape text for use between tags or in an attribute."""
    return html.escape(sanitize(text))


def _draw_text(text: str) -> str:
    """Draw text so that names and dates, which have hyphens, don't break."""
    return _HYPHENATED.sub(r'<span class="whole">\g<0></span>', _escape_text(text))


def _draw_stamp(report: Report) -> Iterator[str]:
    """Say what this is and of which day."""
    name = report.schema.removeprefix("gpt41.").partition("/")[0].partition("-")[0]
    day = report.data.get("as_of") or report.data.get("on")
    checked = f"prices checked on {report.catalog.checked_on}" if report.catalog else ""
    config = f" of {report.data['config']}" if report.data.get("config") else ""
    said = filter(None, (f"gpt41 {_COMMANDS.get(name, name)}{config}", f"as of {day}" if day else "", checked))
    yield f'<p class="stamp">{" · ".join(map(_draw_text, said))}</p>'


def _draw_summary(report: Report) -> Iterator[str]:
    """Draw the headline and the first lines as plain text, which a click selects, to paste into a mail."""
    lines = [report.headline, *(f"{line.label}: {line.text}" for line in report.lines[:_MAX_SUMMARY_LINES])]
    text = "\n".join(_escape_text(line) for line in lines)
    yield from _fold_away("Summary to paste into a mail", [f'<pre class="copy" tabindex="0" aria-label="Summary">{text}</pre>'])


def _draw_contents(parts: Sequence[tuple[str, Report]]) -> Iterator[str]:
    if parts:
        yield '<nav aria-label="Contents"><ol>'
        yield '<li><a href="#answer">In short</a></li>'
        yield from (f'<li><a href="#{name}">{_escape_text(part.answer)}</a></li>' for name, part in parts)
        yield "</ol></nav>"


def _draw_part(name: str, part: Report) -> Iterator[str]:
    yield f'<section id="{name}" aria-labelledby="{name}-title">'
    yield f'<h2 id="{name}-title">{_draw_text(part.headline)}</h2>'
    yield from _draw_body(part)
    yield "</section>"


def _draw_body(report: Report) -> Iterator[str]:
    yield from _draw_lines(report)
    for table in report.tables:
        yield from _draw_table(table.without_bars)
    for chart in report.charts:
        yield from _draw_chart(chart)
    if report.notes:
        yield f'<ul class="notes" aria-label="Notes">{"".join(f"<li>{_draw_text(note)}</li>" for note in report.notes)}</ul>'
    for block in report.blocks:
        yield from _draw_block(block)


def _draw_lines(report: Report) -> Iterator[str]:
    """Draw reasons and findings, each label once."""
    said = [("", line) for line in report.lines]
    for finding in report.unmentioned_findings:
        cited = ", ".join(filter(None, (finding.rule.id, format_unmentioned_place(finding))))
        said.append((f' class="{finding.level.label}"', ReportLine(finding.level.label, finding.message, cited)))
    if not said:
        return
    yield "<dl>"
    last = None
    for css, line in said:
        if line.label != last:
            yield f"<dt{css}>{_escape_text(line.label)}</dt>"
        cited = f' <span class="cited">[{_draw_text(line.citation)}]</span>' if line.citation else ""
        yield f"<dd>{_draw_text(line.text)}{cited}</dd>"
        last = line.label
    yield "</dl>"


def _draw_table(table: Table) -> Iterator[str]:
    """Draw a table in a region of its own, which may be wider than the page. A table of details is folded."""
    if not table.rows:
        return
    classes = ['class="right"' if heading.is_right_aligned else "" for heading in table.headings]
    heads = [
        f'<th scope="col" {css}>{_escape_text(heading.title)}</th>' if heading.title else f"<td {css}></td>"
        for heading, css in zip(table.headings, classes, strict=True)
    ]
    rows = []
    for row in table.rows:
        first, *rest = (f"{css}>{_draw_text(cell)}" for cell, css in zip(row.cells, classes, strict=True))
        tone = f' class="{row.tone}"' if row.tone else ""
        labels = (f'data-label="{_escape_text(heading.title)}"' for heading in table.headings[1:])
        cells = "".join(f"<td {label} {cell}</td>" for label, cell in zip(labels, rest, strict=True))
        rows.append(f'<tr{tone}><th scope="row" {first}</th>{cells}</tr>')
    drawn = _wrap_in_scroller(table.title or "Table", _draw_grid(table.title, heads, rows, css="cards"))
    yield from _fold_away(table.title or "Details", drawn) if table.is_detail else drawn


def _draw_grid(title: str, heads: Iterable[str], rows: Iterable[str], css: str = "figures") -> list[str]:
    caption = [f"<caption>{_escape_text(title)}</caption>"] if title else []
    return [
        f'<table class="{css}">',
        *caption,
        f"<thead><tr>{''.join(heads)}</tr></thead>",
        "<tbody>",
        *rows,
        "</tbody>",
        "</table>",
    ]


def _wrap_in_scroller(label: str, lines: Iterable[str]) -> list[str]:
    """Wrap content in a region that scrolls by itself, by keyboard too."""
    return [f'<div class="scroll" role="region" tabindex="0" aria-label="{_escape_text(label)}">', *lines, "</div>"]


def _fold_away(summary: str, lines: Iterable[str]) -> list[str]:
    return [f"<details><summary>{_escape_text(summary)}</summary>", *lines, "</details>"]


def _draw_block(block: TextBlock) -> Iterator[str]:
    yield f"<h3>{_escape_text(block.title)}</h3>"
    text = "\n".join(_escape_text(line) for line in block.text.splitlines())
    yield f'<pre tabindex="0" aria-label="{_escape_text(block.title)}">{text}</pre>'


def _draw_chart(chart: Chart) -> Iterator[str]:
    """Draw a picture under its title, and all its figures as a table."""
    name = f"chart-{chart.name}"
    yield f'<figure aria-labelledby="{name}">'
    yield f'<figcaption><h3 id="{name}">{_escape_text(chart.title)}</h3><p>{_draw_text(chart.description)}</p></figcaption>'
    yield f'<div class="wide">{draw_svg(chart)}</div>'
    yield f'<div class="narrow">{draw_svg(chart, is_narrow=True)}</div>'
    yield from _fold_away(f"{chart.title}, in figures", _wrap_in_scroller(f"{chart.title}, in figures", _draw_figures(chart)))
    yield "</figure>"


def _draw_figures(chart: Chart) -> list[str]:
    titles = ("", chart.x.title, chart.y.title, "")
    heads = [f'<th scope="col">{_escape_text(title)}</th>' if title else "<td></td>" for title in titles]
    rows = [
        f'<tr><th scope="row">{_draw_text(series.name)}</th>{_draw_figure_cell(chart.x.format_value(point.x), point.x)}'
        f"{_draw_figure_cell(chart.y.format_value(point.y), point.y)}<td>{_draw_text(point.remark)}</td></tr>"
        for series in chart.series
        for point in series.points
    ]
    for mark in chart.marks:
        x, y = ("" if value is None else axis.format_value(value) for value, axis in ((mark.x, chart.x), (mark.y, chart.y)))
        cells = _draw_figure_cell(x, mark.x) + _draw_figure_cell(y, mark.y)
        rows.append(f'<tr><th scope="row">{_escape_text(mark.text)}</th>{cells}<td></td></tr>')
    return _draw_grid("", heads, rows)


def _draw_figure_cell(text: str, value: Decimal | str | None) -> str:
    """Draw a cell that also holds the exact figure, for programs to copy."""
    if isinstance(value, Decimal):
        return f'<td class="right"><data value="{format_exact(value)}">{_escape_text(text)}</data></td>'
    return f"<td>{_draw_text(text)}</td>"


def _draw_footer(report: Report) -> Iterator[str]:
    if report.catalog:
        table = report.catalog
        prices = f"Prices of {_escape_text(table.file)}, checked on {table.checked_on} (SHA-256 {table.sha256})"
        if table.overlay:
            prices += f", with the overrides of {_escape_text(table.overlay.file)} (SHA-256 {table.overlay.sha256})"
        yield f"<footer>{prices}. Made with gpt41.</footer>"
