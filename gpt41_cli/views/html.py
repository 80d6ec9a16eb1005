"""The report as one page that loads nothing: to be passed on, printed, and read by ear. Text from outside is only ever text."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from gpt41_cli.display import exact, printable
from gpt41_cli.reports import Block, Line, Report, Table
from gpt41_cli.reports.chart import Chart
from gpt41_cli.views import Screen
from gpt41_cli.views.places import unsaid_place
from gpt41_cli.views.svg import draw, style

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render(report: Report, screen: Screen) -> str:
    """A whole HTML document: the answer, the reasons, tables and charts, then each part of the report in the same way."""
    parts = [(f"part-{number}", part) for number, part in enumerate(report.parts, 1)]
    return "\n".join(
        (
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{_text(report.headline)}</title>",
            f"<style>\n{style('palette.css')}{style('page.css')}</style>",
            "</head>",
            "<body>",
            '<a class="skip" href="#answer">Skip to the answer</a>',
            *_contents(parts),
            '<main id="answer">',
            f"<h1>{_text(report.headline)}</h1>",
            *_body(report),
            *(line for name, part in parts for line in _part(name, part)),
            "</main>",
            *_footer(report),
            "</body>",
            "</html>\n",
        )
    )


def _text(text: str) -> str:
    """Text that reads as itself, between tags or in an attribute."""
    return html.escape(printable(text))


def _contents(parts: Sequence[tuple[str, Report]]) -> Iterator[str]:
    if parts:
        yield '<nav aria-label="Contents"><ol>'
        yield '<li><a href="#answer">In short</a></li>'
        yield from (f'<li><a href="#{name}">{_text(part.answer)}</a></li>' for name, part in parts)
        yield "</ol></nav>"


def _part(name: str, part: Report) -> Iterator[str]:
    yield f'<section id="{name}" aria-labelledby="{name}-title">'
    yield f'<h2 id="{name}-title">{_text(part.headline)}</h2>'
    yield from _body(part)
    yield "</section>"


def _body(report: Report) -> Iterator[str]:
    yield from _lines(report)
    for table in report.tables:
        yield from _table(table.without_bars)
    for chart in report.charts:
        yield from _chart(chart)
    if report.notes:
        yield f'<ul class="notes" aria-label="Notes">{"".join(f"<li>{_text(note)}</li>" for note in report.notes)}</ul>'
    for block in report.blocks:
        yield from _block(block)


def _lines(report: Report) -> Iterator[str]:
    """Reasons and findings, each with its label once."""
    told = [(line.label, "", line) for line in report.lines]
    for finding in report.unsaid:
        cited = ", ".join(filter(None, (finding.rule, unsaid_place(finding))))
        told.append((finding.level.label, finding.level.label, Line(finding.level.label, finding.message, cited)))
    if not told:
        return
    yield "<dl>"
    last = None
    for label, css, line in told:
        if label != last:
            yield f'<dt class="{css}">{_text(label)}</dt>' if css else f"<dt>{_text(label)}</dt>"
        yield f"<dd>{_text(line.text)}{_cited(line.cited)}</dd>"
        last = label
    yield "</dl>"


def _cited(cited: str) -> str:
    return f' <span class="cited">[{_text(cited)}]</span>' if cited else ""


def _table(table: Table) -> Iterator[str]:
    """The table in a place of its own, where it may be wider than the page; folded away where it is a detail."""
    if not table.rows:
        return
    classes = ['class="right"' if column.right else "" for column in table.columns]
    heads = [
        f'<th scope="col" {css}>{_text(column.title)}</th>' if column.title else f"<td {css}></td>"
        for column, css in zip(table.columns, classes, strict=True)
    ]
    rows = []
    for row in table.rows:
        first, *rest = (f"{css}>{_text(cell)}" for cell, css in zip(row.cells, classes, strict=True))
        tone = f' class="{row.tone}"' if row.tone else ""
        rows.append(f'<tr{tone}><th scope="row" {first}</th>{"".join(f"<td {cell}</td>" for cell in rest)}</tr>')
    drawn = _scrolled(table.title or "Table", _grid(table.title, heads, rows))
    yield from _folded(table.title or "Details", drawn) if table.is_detail else drawn


def _grid(title: str, heads: Iterable[str], rows: Iterable[str]) -> list[str]:
    caption = [f"<caption>{_text(title)}</caption>"] if title else []
    return ["<table>", *caption, f"<thead><tr>{''.join(heads)}</tr></thead>", "<tbody>", *rows, "</tbody>", "</table>"]


def _scrolled(label: str, lines: Iterable[str]) -> list[str]:
    """A region that scrolls by itself, with the keyboard too."""
    return [f'<div class="scroll" role="region" tabindex="0" aria-label="{_text(label)}">', *lines, "</div>"]


def _folded(summary: str, lines: Iterable[str]) -> list[str]:
    return [f"<details><summary>{_text(summary)}</summary>", *lines, "</details>"]


def _block(block: Block) -> Iterator[str]:
    yield f"<h3>{_text(block.title)}</h3>"
    text = "\n".join(_text(line) for line in block.text.splitlines())
    yield f'<pre tabindex="0" aria-label="{_text(block.title)}">{text}</pre>'


def _chart(chart: Chart) -> Iterator[str]:
    """The picture under its title, and every figure of it in a table."""
    name = f"chart-{chart.name}"
    yield f'<figure aria-labelledby="{name}">'
    yield f'<figcaption><h3 id="{name}">{_text(chart.title)}</h3><p>{_text(chart.description)}</p></figcaption>'
    yield from _scrolled(f"{chart.title}, as a picture", [draw(chart)])
    yield from _folded(f"{chart.title}, in figures", _scrolled(f"{chart.title}, in figures", _figures(chart)))
    yield "</figure>"


def _figures(chart: Chart) -> list[str]:
    titles = ("", chart.x.title, chart.y.title, "")
    heads = [f'<th scope="col">{_text(title)}</th>' if title else "<td></td>" for title in titles]
    rows = [
        f'<tr><th scope="row">{_text(series.name)}</th>{_figure(chart.x.told(point.x), point.x)}'
        f"{_figure(chart.y.told(point.y), point.y)}<td>{_text(point.remark)}</td></tr>"
        for series in chart.series
        for point in series.points
    ]
    for mark in chart.marks:
        x, y = ("" if value is None else axis.told(value) for value, axis in ((mark.x, chart.x), (mark.y, chart.y)))
        rows.append(f'<tr><th scope="row">{_text(mark.text)}</th>{_figure(x, mark.x)}{_figure(y, mark.y)}<td></td></tr>')
    return _grid("", heads, rows)


def _figure(told: str, value: Decimal | str | None) -> str:
    """A cell; the exact figure is kept with it, to be copied by a program."""
    if isinstance(value, Decimal):
        return f'<td class="right"><data value="{exact(value)}">{_text(told)}</data></td>'
    return f"<td>{_text(told)}</td>"


def _footer(report: Report) -> Iterator[str]:
    if report.catalog:
        table = report.catalog
        prices = f"Prices of {_text(table.file)}, checked on {table.checked_on} (SHA-256 {table.sha256})"
        yield f"<footer>{prices}. Made with gpt41.</footer>"
