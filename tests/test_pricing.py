"""Money: exact, additive, and never cheaper than the terms it is made of."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.errors import InputError
from gpt41_cli.pricing import Bill, Rates, ToolUse, Usage, price

MINI = Rates(Decimal("0.40"), Decimal("0.10"), Decimal("1.60"))
MINI_BATCH = Rates(Decimal("0.20"), None, Decimal("0.80"))

counts = st.integers(0, 10**12)
decimals = st.decimals(0, 10**12, places=12, allow_nan=False)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    cached = draw(counts)
    return Usage(draw(counts), cached + draw(counts), cached, draw(counts))


@st.composite
def rates(draw: st.DrawFn) -> Rates:
    return Rates(draw(decimals), draw(st.none() | decimals), draw(decimals))


def test_a_price_has_three_terms_and_every_digit() -> None:
    bill = price(Usage(1, 1200, 800, 400), MINI)
    assert bill.uncached_input_usd == Decimal("0.00016")
    assert bill.cached_input_usd == Decimal("0.00008")
    assert bill.output_usd == Decimal("0.00064")
    assert bill.total_usd == Decimal("0.00088")


def test_a_price_of_tokens_has_no_writes_and_no_rejected_predictions() -> None:
    expected = Bill(*map(Decimal, ("0.00016", "0.00008", "0.00064", "0.00024", "0", "0")))
    assert price(Usage(1, 1200, 800, 400), MINI) == expected


def test_a_usage_less_another_is_what_is_left() -> None:
    assert Usage(5, 100, 40, 7) - Usage(2, 30, 10, 3) == Usage(3, 70, 30, 4)
    with pytest.raises(InputError, match="output_tokens: expected 0 or more, found -1"):
        Usage(5, 100, 40, 7) - Usage(5, 100, 40, 8)


def test_no_tool_is_used_unless_it_is_said() -> None:
    assert ToolUse() == (0, None, 0, 0, 0, 0, 0, 0)


def test_without_a_cached_rate_cached_tokens_are_input() -> None:
    assert price(Usage(1, 1200, 800, 400), MINI_BATCH).total_usd == Decimal("0.00056")
    assert price(Usage(1, 1200, 800, 400), MINI_BATCH).total_usd == price(Usage(1, 1200, 0, 400), MINI_BATCH).total_usd


@given(usages(), rates())
def test_the_total_is_the_formula_to_the_last_digit(usage: Usage, rate: Rates) -> None:
    cached_rate = rate.input if rate.cached_input is None else rate.cached_input
    expected = (
        (usage.input_tokens - usage.cached_tokens) * Fraction(rate.input)
        + usage.cached_tokens * Fraction(cached_rate)
        + usage.output_tokens * Fraction(rate.output)
    ) / 1_000_000
    assert Fraction(price(usage, rate).total_usd) == expected


@given(st.lists(usages(), max_size=5), rates())
def test_totals_can_be_added_in_any_order(parts: list[Usage], rate: Rates) -> None:
    together = price(sum(parts, Usage()), rate).total_usd
    apart = sum((Fraction(price(part, rate).total_usd) for part in reversed(parts)), Fraction(0))
    assert Fraction(together) == apart


@given(usages(), rates(), st.integers(1, 10**6))
def test_n_times_the_work_is_n_times_the_price(usage: Usage, rate: Rates, n: int) -> None:
    assert Fraction(price(usage * n, rate).total_usd) == n * Fraction(price(usage, rate).total_usd)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ((1, 5, 6, 0), "cached_tokens: expected at most the input tokens (5), of which they are a part, found 6"),
        ((1, -1, 0, 0), "input_tokens: expected 0 or more, found -1"),
        ((-1, 0, 0, 0), "requests: expected 0 or more, found -1"),
        ((1, 0, 0, -7), "output_tokens: expected 0 or more, found -7"),
    ],
)
def test_usage_that_cannot_be_is_refused(numbers: tuple[int, int, int, int], message: str) -> None:
    with pytest.raises(InputError) as error:
        Usage(*numbers)
    assert str(error.value) == message
