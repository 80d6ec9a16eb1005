"""Where standard with its cache and batch cost the same, held against the exact prices of both."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.catalog import Offer
from gpt41_cli.prices.break_even import BreakEven, find_break_even
from gpt41_cli.pricing import price
from gpt41_cli.work.workload import RequestSize, VariantLoad
from tests.builders import CATALOG, market
from tests.conftest import Run

OPENAI = CATALOG.platform("openai")


def offers(model: str) -> tuple[Offer, Offer]:
    standard, batch = (
        market(CATALOG, as_of=date(2026, 11, 23)).offer(CATALOG.variant(model), mode) for mode in ("standard", "batch")
    )
    return standard, batch


def at(model: str, *sizes: RequestSize) -> BreakEven | None:
    return find_break_even(*offers(model), VariantLoad(dict.fromkeys(sizes, 1)))


def costs(model: str, *sizes: RequestSize) -> tuple[Decimal, Decimal]:
    """What the work costs in standard and in batch."""
    standard, batch = (
        sum(price(size.usage, offer.rates_for(size.input_tokens)).total_usd for size in set(sizes)) for offer in offers(model)
    )
    return Decimal(standard), Decimal(batch)


MODELS = st.sampled_from(["gpt-4.1", "gpt-4.1-mini", "gpt-4o", "ft:gpt-4.1-mini-2025-04-14:o::i", "gpt-6-luna", "gpt-6.1-terra"])


@given(MODELS, st.integers(1, 400_000), st.integers(0, 40_000))
def test_below_the_break_even_batch_costs_less_and_above_it_standard_does(
    model: str, input_tokens: int, output_tokens: int
) -> None:
    even = at(model, RequestSize(input_tokens, 0, output_tokens))
    assert even
    last = input_tokens if even.break_even_share is None else int(even.break_even_share * input_tokens)
    standard, batch = costs(model, RequestSize(input_tokens, last, output_tokens))
    assert standard >= batch
    if even.break_even_share is not None:
        standard, batch = costs(model, RequestSize(input_tokens, last + 1, output_tokens))
        assert standard < batch


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(0, 30)), min_size=1, max_size=5), st.sampled_from([0, 25, 75, 100]))
def test_of_requests_that_differ_the_share_is_that_of_every_input(sizes: list[tuple[int, int]], percent: int) -> None:
    """Above the threshold of a surcharge too, where the rates themselves differ."""
    work = [RequestSize(1_000 * tokens, 10 * percent * tokens, 1_000 * output) for tokens, output in sizes]
    even = at("gpt-6.1-terra", *work)
    assert even
    assert even.current_share == Fraction(percent, 100)
    standard, batch = costs("gpt-6.1-terra", *work)
    assert even.break_even_share is None, "a batch with a cache discount of its own is never the dearer one"
    assert standard > batch


def test_the_formula_of_this_family() -> None:
    """Cached input at a quarter, output at four times the input rate: `I (1.5 h - 1) = 4 O`, so never below two thirds."""
    for model in ("gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano"):
        even = at(model, RequestSize(3_000, 600, 75))
        assert even
        assert (even.break_even_share, even.current_share) == (Fraction(11, 15), Fraction(1, 5))
        short, long = at(model, RequestSize(1_000, 0, 0)), at(model, RequestSize(1_000, 0, 125))
        assert short
        assert long
        assert (short.break_even_share, long.break_even_share) == (Fraction(2, 3), None)


def test_where_the_cache_makes_no_difference_there_is_nothing_to_weigh() -> None:
    assert at("gpt-4.1", RequestSize(0, 0, 500)) is None
    assert at("gpt-6-luna", RequestSize(0, 0, 500)) is None


@pytest.mark.parametrize(
    ("numbers", "line"),
    [
        (
            "--input-tokens 3000 --cached 60% --output-tokens 75",
            "break-even at 73.3 %: with more of the input from the cache, standard costs less than batch; here it is 60 %",
        ),
        ("--input-tokens 3000 --cached 60% --output-tokens 75", "; here it is 60 %, not more than that"),
        ("--input-tokens 3000 --cached 80% --output-tokens 75", "; here it is 80 %, more than that"),
        ("--input-tokens 3000 --output-tokens 75", "; no caching is assumed here"),
        (
            "--input-tokens 1023 --output-tokens 5",
            "; but a prompt below 1,024 tokens is never cached",
        ),
        (
            "--input-tokens 3000 --output-tokens 400 --requests 1000",
            "no break-even: even with all its input from the cache, standard would cost $0.94 and batch $0.92",
        ),
    ],
)
def test_the_line_of_a_recommendation(numbers: str, line: str, run: Run) -> None:
    done = run("recommend", *numbers.split(), "--task", "classification", "--as-of", "2026-11-23", "--explain")
    assert done.code == 0
    assert line in done.out
