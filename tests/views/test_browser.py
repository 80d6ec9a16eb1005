"""The page in a real browser: its figures, its widths, its colours, and what the keyboard and a screen reader find."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from gpt41_cli.app import app
from gpt41_cli.display import format_int, format_money, format_score, sanitize
from gpt41_cli.reports.chart import UNIT_FORMATTERS
from tests.builders import HOSTILE_MARKUP

CHROMIUM = shutil.which("chromium")
if CHROMIUM is None and not os.environ.get("GPT41_TESTS_NEED_CHROMIUM"):
    pytest.skip("NOT TESTED: the page in a browser. Install chromium (apt-get install chromium)", allow_module_level=True)

from playwright.sync_api import Browser, Page, sync_playwright  # noqa: E402 - only where there is a browser

QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync"
)
CONFIG = f"""
version: 1
workloads:
  {json.dumps(sanitize(HOSTILE_MARKUP))}:
    input_tokens: 2400
    cached: 80%
    output_tokens: {{expected: 60, high: 100}}
    volume: 9000 / day
    model: gpt-4.1
    mode: batch
    usage_tier: 1
    budget: {{monthly_usd: 900}}
    require: {{task: [classification, extraction], deadline: 24h}}
  tuned:
    input_tokens: 900
    output_tokens: 20
    model: "ft:gpt-4.1-mini-2025-04-14:org::id"
    platform: azure-global
    volume: 50000 / day
  once: {{input_tokens: 500, output_tokens: 20, model: gpt-4.1-mini, require: {{until: 2030-01-01}}}}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page, its data, and its charts."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "gpt41.yaml").write_text(CONFIG)
    outputs = (f"--output {folder}/{name}" for name in ("a.html", "a.json"))
    command = f"report {folder}/gpt41.yaml -q --fail-on never --as-of 2026-11-23 --charts {folder}/charts {' '.join(outputs)}"
    app(command.split(), prog_name="gpt41", standalone_mode=False)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET.split())
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser, made: Path) -> Iterator[Any]:
    """Open the page, or another file, in a window of its own. Whatever it asks for with itself or complains of is an error."""
    contexts, wrong = [], []

    def visit(name: str = "a.html", **options: Any) -> Page:
        contexts.append(browser.new_context(**options))
        page = contexts[-1].new_page()
        address = (made / name).as_uri()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: None if request.url == address else wrong.append(request.url))
        page.on("dialog", lambda dialog: wrong.append(dialog.message))
        page.goto(address)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert wrong == []


def figures(text: str) -> set[str]:
    return set(re.findall(r"\$?\d[\d,]*(?:\.\d+)?(?: %)?", text))


def told(value: Any) -> Iterator[str]:
    """Every way in which a figure of the data may read: as it stands in a sentence, or as the one rounding of each unit."""
    if isinstance(value, dict):
        for each in value.values():
            yield from told(each)
    elif isinstance(value, list):
        for each in value:
            yield from told(each)
    elif isinstance(value, int):
        yield format_int(value)
    elif isinstance(value, str):
        yield value
        if re.fullmatch(r"\d+(\.\d+)?", value):
            amount = Decimal(value)
            yield from (read(amount) for read in UNIT_FORMATTERS.values())
            yield from (format_money(amount), format_int(int(amount)))
            yield from (format_score(Fraction(amount)),) if amount <= 1 else ()


def test_every_figure_on_the_page_is_one_of_the_data(visit: Any, made: Path) -> None:
    page = visit()
    data = json.loads((made / "a.json").read_text())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    # The ticks of an axis are no figures of the answer; what is written beside bars and lines is.
    drawn = "[...document.querySelectorAll('svg g:not(.role-axis-label) > text')].map(each => each.textContent)"
    shown = page.evaluate(drawn)
    page.evaluate("document.querySelectorAll('svg').forEach(each => each.remove())")
    shown.append(page.evaluate("document.body.innerText"))
    known = set().union(*map(figures, told(data)))
    found = set().union(*map(figures, shown))
    assert found - known <= {"256"}  # of SHA-256
    assert len(found) > 100


def test_the_tables_next_to_the_charts_have_every_point_exactly(visit: Any, made: Path) -> None:
    page = visit()
    data = json.loads((made / "a.json").read_text())
    charts = [*data["charts"], *(chart for each in data["workloads"] for chart in each["charts"])]
    assert page.locator("figure").count() == len(charts)
    for chart in charts:
        points = [point for series in chart["series"] for point in series["points"]]
        values = [value for each in (*points, *chart["marks"]) for value in (each["x"], each["y"])]
        exact = [value for value in values if value is not None and re.fullmatch(r"\d+(\.\d+)?", value)]
        shown = page.locator(f'figure:has([id="chart-{chart["name"]}"]) data')
        assert shown.evaluate_all("all => all.map(each => each.value)") == exact


@pytest.mark.parametrize("width", [360, 800, 1280])
def test_nothing_is_wider_than_the_window(visit: Any, width: int) -> None:
    page = visit(viewport={"width": width, "height": 800})
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    # What is wider scrolls in a place of its own, which the keyboard reaches.
    wider = page.locator(":is(div, pre, section, figure)").evaluate_all(
        "all => all.filter(each => each.scrollWidth > each.clientWidth && getComputedStyle(each).overflowX != 'visible')"
        ".map(each => [each.tabIndex, each.getAttribute('aria-label')])"
    )
    assert all(place == 0 and label for place, label in wider)
    # On a phone, rows become blocks and charts are drawn anew, so that only the figures of charts may scroll.
    assert all(label.endswith(", in figures") for _, label in wider) or width == 800
    assert wider == [] or width < 1280


def luminance(colour: str) -> float:
    linear = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in linear)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_the_contrast_of_wcag_aa(visit: Any, scheme: str) -> None:
    page = visit(color_scheme=scheme)
    ground, *colours = page.evaluate(
        "[getComputedStyle(document.documentElement).backgroundColor, getComputedStyle(document.querySelector('figure'))"
        ".backgroundColor, ...new Set([...document.querySelectorAll('body *')].filter(each => [...each.childNodes].some("
        "node => node.nodeType == 3 && node.data.trim())).map(each => each.closest('svg') ? getComputedStyle(each).fill"
        " : getComputedStyle(each).color))]"
    )
    raised, *inks = colours
    assert len(inks) > 5
    assert (luminance(ground) > 0.5) == (scheme == "light")
    for ink in inks:
        for paper in (ground, raised):
            light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{ink} on {paper}"


def test_the_keyboard_reaches_everything_in_the_order_of_the_page(visit: Any) -> None:
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the answer"
    tops = []
    page.keyboard.press("Tab")
    while page.evaluate("document.activeElement != document.body"):
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        tops.append(page.evaluate("document.activeElement.getBoundingClientRect().top + scrollY"))
        page.keyboard.press("Tab")
    assert len(tops) > 20
    assert tops == sorted(tops)


def test_a_screen_reader_finds_names_for_everything(visit: Any) -> None:
    page = visit()
    snapshot = page.locator("body").aria_snapshot()
    assert re.search(r'- navigation "Contents"', snapshot)
    assert len(re.findall(r"heading .*\[level=1\]", snapshot)) == 1
    assert len(re.findall(r"heading .*\[level=2\]", snapshot)) == 3
    for kind in ("figure", "img", "region"):
        assert re.findall(rf"- '?{kind}", snapshot)
        assert not re.findall(rf"- '?{kind}:?$", snapshot, re.MULTILINE), f"a {kind} without a name"
    assert page.locator("th:not([scope])").count() == 0


def test_paper_is_white_and_has_no_navigation(visit: Any) -> None:
    page = visit(color_scheme="dark")
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    assert page.locator("h1").is_visible()
    assert luminance(page.evaluate("getComputedStyle(document.documentElement).backgroundColor")) == 1
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_a_chart_stands_alone_in_light_and_in_dark(visit: Any) -> None:
    name = "charts/1-cost-against-volume.svg"
    light, dark = (visit(name, color_scheme=scheme).screenshot() for scheme in ("light", "dark"))
    assert light != dark


def test_the_top_says_what_it_is_of_which_day_and_has_text_for_a_mail(visit: Any, made: Path) -> None:
    page = visit()
    assert page.locator(".stamp").inner_text().startswith("gpt41 report · as of 2026-11-23 · prices checked on ")
    page.locator("summary", has_text="Summary to paste into a mail").click()
    summary = page.locator(".copy")
    headline = json.loads((made / "a.json").read_text())["headline"]
    assert summary.inner_text().splitlines()[0] == headline == page.locator("h1").inner_text()
    summary.click()
    assert page.evaluate("getSelection().toString().trim()") == summary.inner_text().strip()


@pytest.mark.parametrize("width", [390, 1280])
def test_names_of_models_and_dates_stand_on_one_line_and_charts_have_the_width_of_the_screen(visit: Any, width: int) -> None:
    page = visit(viewport={"width": width, "height": 800})
    lines = page.locator(".whole").evaluate_all("all => all.map(each => [each.textContent, each.getClientRects().length])")
    assert {name for name, count in lines if count > 1} == set()
    assert {"gpt-4.1-mini", "2027-01-14"} <= {name for name, _ in lines}
    texts = page.locator("h1, h2, dd, td, li, .stamp").evaluate_all(
        "all => all.flatMap(each => [...each.childNodes].filter(node => node.nodeType === 3).map(node => node.textContent))"
    )
    assert [text for text in texts if re.search(r"\d{4}-\d\d-\d\d|gpt-\d", text) and "ft:" not in text] == []
    shown = page.locator("svg:visible").evaluate_all("all => all.map(each => each.getBoundingClientRect().width)")
    assert len(shown) == page.locator("figure").count() > 2
    assert max(shown) <= width
    letters = page.locator("svg:visible text").evaluate_all("all => all.map(each => each.getBoundingClientRect().height)")
    assert min(height for height in letters if height) > 12
