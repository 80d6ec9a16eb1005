"""The page: whole, of nothing but itself, and with text from outside as text. What a browser makes of it is in test_browser."""

from __future__ import annotations

import re
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from gpt41_cli import rules
from gpt41_cli.findings import Finding, Place
from gpt41_cli.reports import Report, ReportLine, Row, Table, TextBlock, make_headings
from gpt41_cli.reports.chart import Chart, ChartAxis, ChartMark, ChartPoint, ChartSeries
from gpt41_cli.views import Screen, render
from gpt41_cli.views.svg import draw_svg, draw_svg_file
from tests.builders import HOSTILE_MARKUP
from tests.conftest import Run

SCREEN = Screen(None, False)
VOID = {"meta", "link", "img", "br", "hr", "input"}
LOADS = {"src", "srcset", "href", "xlink:href", "data", "poster", "action", "background"}


class Reader(HTMLParser):
    """The elements of a page, and what they would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.loads: list[str] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        names = dict(attrs)
        assert len(names) == len(attrs)
        assert not any(name.startswith("on") for name in names)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.loads += [value or "" for name, value in attrs if name in LOADS]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def hostile_chart(kind: str) -> Chart:
    is_bar = kind in ("bars", "stack")
    xs: list[str | Decimal] = [HOSTILE_MARKUP, "b"] if is_bar else [Decimal(0), Decimal(1)]
    points = tuple(ChartPoint(x, Decimal(2 + index), HOSTILE_MARKUP) for index, x in enumerate(xs))
    axis = ChartAxis(HOSTILE_MARKUP, "name" if is_bar else "share")
    marks = (
        ChartMark(HOSTILE_MARKUP, Decimal(1), Decimal(2)),
        ChartMark(HOSTILE_MARKUP, y=Decimal(2)),
        ChartMark(HOSTILE_MARKUP, x=Decimal(0)),
    )
    named = ChartSeries(HOSTILE_MARKUP, points, model=HOSTILE_MARKUP, mode=HOSTILE_MARKUP)
    series = (named, ChartSeries("path", points, "chosen", is_path=kind == "points"))
    return Chart(
        f"a-{kind}", kind, HOSTILE_MARKUP, HOSTILE_MARKUP, axis, ChartAxis(HOSTILE_MARKUP, "usd"), series, () if is_bar else marks
    )


KINDS = ("lines", "bars", "stack", "points")


def hostile_report(**changed: Any) -> Report:
    found = Report(
        schema="gpt41.cost/1",
        answer=HOSTILE_MARKUP,
        headline=HOSTILE_MARKUP,
        lines=(ReportLine(HOSTILE_MARKUP, HOSTILE_MARKUP, HOSTILE_MARKUP),),
        tables=(
            Table(
                make_headings(f"`{HOSTILE_MARKUP}", ">b", "|", ""),
                (Row((HOSTILE_MARKUP, "1", "█", HOSTILE_MARKUP), "chosen"),),
                HOSTILE_MARKUP,
            ),
            Table(make_headings("a"), (Row((HOSTILE_MARKUP,)),), HOSTILE_MARKUP, is_detail=True),
            Table(make_headings("a"), ()),
        ),
        findings=(
            Finding(
                rules.CONTEXT_WINDOW,
                HOSTILE_MARKUP,
                place=Place(HOSTILE_MARKUP, 3),
                actual=HOSTILE_MARKUP,
                allowed=HOSTILE_MARKUP,
                subject=HOSTILE_MARKUP,
            ),
        ),
        notes=(HOSTILE_MARKUP,),
        data={},
        records=(),
        catalog=None,
        blocks=(TextBlock(HOSTILE_MARKUP, HOSTILE_MARKUP),),
        charts=tuple(map(hostile_chart, KINDS)),
    )
    return found._replace(**changed)


def test_text_from_outside_is_nothing_but_text() -> None:
    part = hostile_report(charts=())
    found = read(page := render(hostile_report(parts=(part, part)), "html", SCREEN))
    assert not found.tags & {"script", "img", "link", "iframe", "object", "embed", "base", "form"}
    assert page.count("<style") == page.count("<title") == 1
    # It is all there to be read, and what would turn a line around or colour a terminal is not.
    assert sum("<script>alert(1)</script>" in said for said in found.said) > 20
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_a_page_loads_nothing_and_names_each_place_once() -> None:
    found = read(page := render(hostile_report(parts=(hostile_report(charts=()),)), "html", SCREEN))
    assert all(re.fullmatch(r"#[a-z0-9-]+", each) and each[1:] in found.ids for each in found.loads)
    assert len(set(found.ids)) == len(found.ids)
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page


@pytest.mark.parametrize("kind", KINDS)
def test_a_chart_is_one_picture_with_a_name_and_is_drawn_alike_again(kind: str) -> None:
    chart = hostile_chart(kind)
    drawn = draw_svg(chart)
    assert drawn == draw_svg(chart)
    root = drawn[: drawn.index(">")]
    assert 'role="img" aria-label="&lt;/title&gt;' in root
    width = re.search(r'viewBox="0 0 (\d+) ', root)
    assert width
    assert 840 <= int(width[1]) < 1_200  # however long the names are
    assert not re.search(r"#[0-9a-f]{6}", drawn)  # every colour is one that the page chooses
    read(drawn)
    alone = read(draw_svg_file(chart))
    assert {"title", "desc", "style"} <= alone.tags
    assert "script" not in alone.tags


def test_every_command_draws_a_page(run: Run, tmp_path: Path) -> None:
    done = run("cost", "--input-tokens", "1200", "--output-tokens", "400", "--output", "a.html", "-q")
    assert (done.code, done.err) == (0, "")
    found = read((tmp_path / "a.html").read_text())
    assert {"h1", "dl", "table", "footer"} <= found.tags
    assert "svg" not in found.tags
