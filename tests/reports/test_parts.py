"""Parts of a total: what is printed of them adds up to what is printed of it."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.display import format_change_parts, format_money, format_money_parts, round_parts
from gpt41_cli.reports.bounds import choose_bound_prefix, explain_bound
from gpt41_cli.reports.columns import show_parts
from tests.conftest import ROOT, Run

DAY = ("--as-of", "2026-11-23")
AMOUNTS = st.decimals(0, 10**6, places=9) | st.decimals(0, 1, places=12) | st.decimals(0, Decimal("0.001"), places=12)


def read(text: str) -> Decimal:
    """The dollars in a text; what vanishes is nothing."""
    return Decimal(0) if text.startswith("under") else Decimal(re.sub("[$,]", "", text))


def unit(text: str) -> Decimal:
    """The unit of the last place of an amount that is printed."""
    amount = read(text)
    return Decimal("0.01") if amount >= 1 or not amount else min(Decimal("0.01"), Decimal(1).scaleb(amount.adjusted() - 3))


@given(st.lists(AMOUNTS, max_size=8))
def test_what_is_printed_adds_up_and_no_part_is_off_by_a_unit(parts: list[Decimal]) -> None:
    total = sum(parts, Decimal(0))
    shown, printed = format_money_parts(parts, total), format_money(total)
    assert sum(map(read, shown)) == read(printed)
    assert all(abs(read(text) - part) < unit(printed) for text, part in zip(shown, parts, strict=True))
    assert not [text for text, part in zip(shown, parts, strict=True) if part and text == "$0.00"]


@given(st.lists(AMOUNTS | AMOUNTS.map(Decimal.copy_negate), max_size=8))
def test_losses_and_gains_add_up_too(parts: list[Decimal]) -> None:
    total = sum(parts, Decimal(0))
    (whole,) = round_parts([total], total)
    rounded = round_parts(parts, total)
    assert sum(rounded) == whole
    assert all(abs(amount - part) < Decimal("0.01") for amount, part in zip(rounded, parts, strict=True))


def test_amounts_that_are_not_the_parts_are_rounded_for_themselves() -> None:
    assert format_money_parts([Decimal("1.006"), Decimal("2.006")], Decimal(9)) == ["$1.01", "$2.01"]


def test_equal_parts_are_kept_apart_and_missing_ones_leave_the_others_alone() -> None:
    thirds = ["a", "b", "c"]
    shown = show_parts(thirds, lambda _: Fraction(10, 3))
    assert sorted(str(shown(third)) for third in thirds) == ["$3.33", "$3.33", "$3.34"]
    shown = show_parts(thirds, lambda third: None if third == "b" else Decimal("1.005"))
    assert [shown(third) for third in thirds] == ["$1.01", None, "$1.01"]


@pytest.mark.parametrize("period", ["day", "week", "month"])
def test_workloads_add_up_to_the_total_in_json_and_in_text(run: Run, tmp_path: Path, period: str) -> None:
    workloads = [
        f"  w{number}: {{input_tokens: {700 + number}, output_tokens: {{expected: {3 * number}, high: {5 * number}}}, "
        f"volume: {1000 + 37 * number} / {period}, model: gpt-4.1-mini}}\n"
        for number in range(1, 8)
    ]
    (tmp_path / "gpt41.yaml").write_text("version: 1\nworkloads:\n" + "".join(workloads))
    saved = json.loads(run("check", *DAY, "--format", "json").out)
    for end in ("expected", "high"):
        assert sum(Decimal(each["monthly_usd"][end]) for each in saved["workloads"]) == Decimal(saved["monthly_usd"][end])
    assert run("check", *DAY, "-q").out == saved["monthly_usd"]["expected"] + "\n"
    text = run("check", *DAY).out
    months = re.findall(r"^  w\d.* (\$[\d.,]+) \(up to (\$[\d.,]+)\)  warning$", text, re.MULTILINE)
    total = re.match(r"7 workloads: (\$[\d.,]+) \(up to (\$[\d.,]+)\) per month", text)
    assert total
    assert len(months) == 7
    assert [sum(map(read, column)) for column in zip(*months, strict=True)] == [read(total[1]), read(total[2])]
    page = json.loads(run("report", *DAY, "--format", "json").out)
    assert sum(Decimal(each["recommended_monthly_usd"]) for each in page["workloads"]) == Decimal(page["recommended_monthly_usd"])
    assert sum(Decimal(each["monthly_usd"]["expected"]) for each in page["workloads"]) == Decimal(page["monthly_usd"])


def test_the_terms_of_a_price_and_the_rows_of_a_bill_add_up(run: Run) -> None:
    text = run("cost", "--input-tokens", "171935", "--cached", "1133", "--output-tokens", "28413", "--model", "gpt-4.1", *DAY).out
    total = re.match(r"gpt-4.1: (\$[\d.]+) for", text)
    assert total
    assert sum(map(read, re.findall(r"per million: (\$[\d.]+|under \$0\.01)", text))) == read(total[1])
    bill = run("reconcile", "tests/logs", "--as-of", "2026-11-26", cwd=ROOT).out
    total = re.match(r"(?:at least )?(\$[\d.]+) for", bill)
    assert total
    lines = re.findall(r"^  (?:input|cached|output) .* tokens?: (\$[\d.,]+|under \$0\.01)", bill, re.MULTILINE)
    lines += re.findall(r"^  tools .*?(\$[\d.,]+) for calls", bill, re.MULTILINE)
    assert sum(map(read, lines)) == read(total[1])


def test_the_causes_of_a_change_add_up_to_it(run: Run) -> None:
    text = run("diff", "tests/example/base.json", "--config", "tests/example/gpt41.yaml", *DAY, cwd=ROOT).out
    change = re.search(r", (up|down) (\$[\d.,]+) ", text)
    assert change
    causes = re.findall(r"^  [a-z ]+?  +([+-])(\$[\d.,]+)$", text.split("\n\n")[1], re.MULTILINE)
    assert len(causes) > 1
    amounts = [read(amount) * (1 if sign == "+" else -1) for sign, amount in causes]
    assert sum(amounts) == read(change[2]) * (1 if change[1] == "up" else -1)
    parts = [Decimal("6.104"), Decimal("-0.002"), Decimal("1.003"), Decimal("0.001"), Decimal(0)]
    assert format_change_parts(parts, sum(parts, Decimal(0))) == ["+$6.11", "above -$0.01", "+$1.00", "under +$0.01", "$0.00"]


def test_a_bound_is_explained_to_who_sees_only_the_figure() -> None:
    said = [explain_bound(choose_bound_prefix(*which)).split()[:2] for which in ((True, False), (True, True), (True, True, True))]
    assert said == [["at", "most"], ["at", "least"], ["about", "this:"]]
    assert explain_bound(choose_bound_prefix(False, False)) == ""
