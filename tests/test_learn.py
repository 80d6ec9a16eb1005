"""What answers of the past say about those to come."""

from __future__ import annotations

import statistics
from collections import Counter
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.config.tables import Range
from gpt41_cli.decisions.learn import MEDIAN, P90, P95, Lengths
from gpt41_cli.display import decimal

LISTS = st.lists(st.integers(0, 3_000), min_size=1)


def of(lengths: list[int]) -> Lengths:
    found = Lengths()
    for each in lengths:
        found.add(each)
    return found


@given(LISTS)
def test_a_quantile_is_the_least_length_that_so_many_answers_keep_to(lengths: list[int]) -> None:
    found = of(lengths)
    for share in (MEDIAN, P90, P95, Fraction(1)):
        quantile = found.quantile(share)
        assert sum(each <= quantile for each in lengths) >= share * len(lengths) > sum(each < quantile for each in lengths)
    assert found.quantile(MEDIAN) == statistics.median_low(lengths)
    assert found.quantile(Fraction(1)) == found.longest == max(lengths)


@given(LISTS, LISTS)
def test_lengths_add_up_in_any_order(some: list[int], more: list[int]) -> None:
    assert of(some) + of(more) == of(more + some)


@given(LISTS)
def test_what_is_expected_prices_the_bill_to_half_a_token_an_answer(lengths: list[int]) -> None:
    output_tokens = of(lengths).output_tokens
    assert abs(output_tokens.expected * len(lengths) - sum(lengths)) * 2 <= len(lengths)
    assert output_tokens.high >= output_tokens.expected


def test_the_mean_prices_the_bill_where_the_median_would_not() -> None:
    found = Lengths(Counter({100: 80, 1_000: 20}), cut=3)
    assert (found.answers, found.mean, found.quantile(MEDIAN), found.quantile(P90), found.cut) == (100, 280, 100, 1_000, 3)
    assert found.output_tokens == Range(280, 1_000)


def test_the_high_end_is_never_below_what_is_expected() -> None:
    found = Lengths(Counter({1: 99, 10_000: 1}))
    assert (found.quantile(P95), decimal(found.mean)) == (1, decimal(Fraction("100.99")))
    assert found.output_tokens == Range(101, 101)


def test_answers_that_were_cut_are_counted() -> None:
    found = Lengths()
    found.add(16, is_cut=True)
    found.add(3)
    assert (found.answers, found.cut) == (2, 1)
