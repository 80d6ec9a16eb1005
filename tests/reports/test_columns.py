"""One list of columns makes the rows to read and the records for programs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import pytest

from gpt41_cli.display import format_rate
from gpt41_cli.reports import Json, Report
from gpt41_cli.reports.columns import Column, make_records, make_table
from gpt41_cli.views import Screen, render


class Price(NamedTuple):
    model: str
    usd: Decimal | None
    day: date = date(2026, 11, 23)


PRICES = [Price("gpt-4.1", Decimal("1E+3")), Price("gpt-4.1-mini", None)]
COLUMNS: tuple[Column[Price], ...] = (
    Column("model", "model", lambda price: price.model),
    Column(">total", "total_usd", lambda price: price.usd, absent="-"),
    Column(">rate", None, lambda price: price.usd, format_rate),
    Column(None, "day", lambda price: price.day),
    Column(None, "share", lambda price: Fraction(2, 3)),
    Column(None, "all", lambda price: [Decimal("0.50"), {"usd": price.usd}]),
)


def test_readers_see_the_columns_with_a_title_and_programs_get_those_with_a_key() -> None:
    table = make_table(COLUMNS, PRICES, "Prices", tone=lambda price: "" if price.usd else "faint", is_detail=True)
    assert [(heading.title, heading.is_right_aligned) for heading in table.headings] == [
        ("model", False),
        ("total", True),
        ("rate", True),
    ]
    assert [row.cells for row in table.rows] == [("gpt-4.1", "$1,000.00", "$1,000.00"), ("gpt-4.1-mini", "-", "")]
    assert [row.tone for row in table.rows] == ["", "faint"]
    assert (table.title, table.is_detail) == ("Prices", True)
    assert [list(record) for record in make_records(COLUMNS, PRICES)] == [["model", "total_usd", "day", "share", "all"]] * 2


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("json", '"prices": [\n    {\n      "model": "gpt-4.1",\n      "total_usd": "1000",\n      "day": "2026-11-23",\n'),
        ("jsonl", '"total_usd":"1000","day":"2026-11-23","share":"0.666666666667","all":["0.5",{"usd":"1000"}]}\n'),
        ("csv", 'model,total_usd,day,share,all\ngpt-4.1,1000,2026-11-23,0.666666666667,"[""0.5"", {""usd"": ""1000""}]"\n'),
        ("csv", 'gpt-4.1-mini,,2026-11-23,0.666666666667,"[""0.5"", {""usd"": null}]"\n'),
    ],
)
def test_the_views_write_exact_values_in_full(name: str, shown: str) -> None:
    records = make_records(COLUMNS, PRICES)
    data: dict[str, Json] = {"prices": records}
    report = Report("gpt41.cost/1", "", "", (), (), (), (), data, records, None)
    assert shown in render(report, name, Screen(None, has_colour=False))
