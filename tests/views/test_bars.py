"""Small bars beside the figures of `cost` and `recommend`: only where there is room and a character to draw them with."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.display import draw_bar
from gpt41_cli.reports import Report, ReportLine, Row, Table, make_headings
from gpt41_cli.views import Screen, markdown, text

SHARES = st.fractions(0, 1)


def _report() -> Report:
    rows = (Row(("gpt-4.1", "$8.00", "1", "x" * 20)), Row(("gpt-4.1-mini", "$2.00", "1/4", "")))
    table = Table(make_headings("model", ">total", "|", ""), rows)
    lines = (
        ReportLine("work", "1 request"),
        ReportLine("input", "5 tokens", share=Fraction(1, 2)),
        ReportLine("output", "no tokens", share=Fraction(0)),
    )
    return Report("gpt41.cost/1", "10", "$10.00", lines, (table,), (), (), {}, (), None)


@given(SHARES, SHARES)
def test_a_longer_bar_is_a_larger_share(one: Fraction, other: Fraction) -> None:
    low, high = sorted((one, other))
    # The eighths of a cell come in the order of their code points backwards: the fuller, the smaller.
    eighths = [
        8 * drawn.count("█") + sum(0x2590 - ord(cell) for cell in drawn if cell != "█")
        for drawn in (draw_bar(low), draw_bar(high))
    ]
    assert eighths == sorted(eighths)
    assert bool(draw_bar(low)) == (low > 0)
    assert len(draw_bar(high)) <= 8


def test_bars_stand_next_to_totals_and_terms() -> None:
    drawn = text.render(_report(), Screen(width=None, has_colour=False)).splitlines()
    assert drawn[2:5] == ["  work    1 request", "  input   ████      5 tokens", "  output            no tokens"]
    assert [line[:33].rstrip() for line in drawn[6:9]] == [
        "  model         total",
        "  gpt-4.1       $8.00  ████████",
        "  gpt-4.1-mini  $2.00  ██",
    ]


def test_a_narrow_terminal_keeps_the_table_and_drops_the_bars() -> None:
    drawn = text.render(_report(), Screen(width=60, has_colour=False))
    assert "█" not in drawn
    assert "  gpt-4.1-mini  $2.00\n" in drawn


def test_bars_are_shorter_where_there_is_less_room() -> None:
    rows = (Row(("gpt-4.1", "1", "x" * 61)), Row(("gpt-4.1-mini", "1/4", "")))
    report = _report()._replace(tables=(Table(make_headings("model", "|", ">note"), rows),))
    drawn = [text.render(report, Screen(width=width, has_colour=False)).splitlines() for width in (91, 83, 82)]
    assert [[line[:26].rstrip() for line in lines if "gpt-4.1" in line] for lines in drawn] == [
        ["  gpt-4.1       ████████", "  gpt-4.1-mini  ██"],
        ["  gpt-4.1       ████  xxxx", "  gpt-4.1-mini  █"],
        ["  gpt-4.1       xxxxxxxxxx", "  gpt-4.1-mini"],
    ]


def test_an_output_without_such_characters_has_no_bars() -> None:
    assert "█" not in text.render(_report(), Screen(width=None, has_colour=False, can_draw_bars=False))


def test_markdown_has_no_bars() -> None:
    assert "█" not in markdown.render(_report(), Screen(width=None, has_colour=False))
