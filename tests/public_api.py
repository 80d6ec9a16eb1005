"""The public API as somebody else's code uses it: every name, with the types that a user relies on.

`tests/test_public_api.py` runs these functions, and `make lint` checks their types, so that a changed signature is noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import assert_type

from gpt41_cli import (
    Bill,
    Catalog,
    Entry,
    Estimate,
    Finding,
    Gpt41Error,
    InputError,
    Level,
    Market,
    Meter,
    MissingPrice,
    Plan,
    Quote,
    Rates,
    Recommendation,
    TableError,
    UnknownName,
    Usage,
    Variant,
    Wishes,
    Workload,
    __version__,
    count_tokens,
    estimate,
    plan,
    price,
    read_catalog,
    read_evaluation,
    read_request,
    recommend,
    workload,
)

DAY = date(2026, 11, 23)


def use_arithmetic() -> None:
    usage = Usage(requests=1, input_tokens=1200, cached_tokens=800, output_tokens=400)
    assert_type(usage + usage * 2, Usage)
    assert_type(sum([usage, usage], Usage()), Usage)
    rates = Rates(input=Decimal("0.40"), cached_input=None, output=Decimal("1.60"))
    bill = assert_type(price(usage, rates), Bill)
    terms: list[Decimal] = [bill.uncached_input_usd, bill.cached_input_usd, bill.output_usd]
    assert assert_type(bill.total_usd, Decimal) == sum(terms)
    assert assert_type(__version__, str)


def use_catalog(folder: Path) -> None:
    catalog = assert_type(read_catalog(), Catalog)
    (folder / "evals.csv").write_text("model,metric,score\ngpt-4.1,triage,97.5\n")
    evaluation = read_evaluation(folder / "evals.csv", catalog)
    assert_type(evaluation.scores["triage"]["gpt-4.1"], Decimal)
    assert_type(catalog.family, tuple[Variant, ...])
    variant = assert_type(catalog.variant("gpt-4.1-mini"), Variant)
    assert_type(variant.id, str)
    assert_type(variant.context_window, int)
    assert_type(catalog.checked_on, date)
    catalog.platform("openai")
    catalog.task("classification")


def use_counts() -> None:
    assert count_tokens("Which variant is it?") == count_tokens("Which variant is it?", "o200k_base")
    request = read_request({"model": "gpt-4.1", "messages": [{"role": "user", "content": "Which variant is it?"}]})
    entry = assert_type(Meter(read_catalog()).count(request), Entry)
    assert_type(entry.input_tokens, int)
    assert_type(entry.is_exact, bool)
    assert_type(entry.parts["text"], int)


def use_prices() -> None:
    catalog = read_catalog()
    work = assert_type(workload(input_tokens=1200, cached_tokens=800, output_tokens=400), Workload)
    market = Market(catalog, catalog.platform("openai"), DAY)
    mini = catalog.variant("gpt-4.1-mini")
    assert_type(market.offer(mini, "standard").row.rates, Rates)
    priced = assert_type(estimate(market, work, variants=[mini], modes=["standard", "batch"]), Estimate)
    assert_type(priced.total_usd, Decimal | None)
    assert {quote.mode for quote in estimate(market, work).quotes} == {"standard"}
    assert_type(priced.notes, tuple[str, ...])
    quote = assert_type(priced.quotes[0], Quote)
    assert_type(quote.model, str)
    assert_type(quote.mode, str)
    assert_type(quote.total_usd, Decimal)
    assert_type(quote.batch_saves_usd, Decimal | None)
    names_of_errors(priced.findings)


def names_of_errors(findings: tuple[Finding, ...]) -> Iterator[str]:
    """A user's own function that takes findings."""
    for finding in findings:
        if finding.level >= Level.ERROR:
            yield assert_type(finding.rule.id, str)
            assert_type(finding.message, str)


def use_decisions() -> None:
    catalog = read_catalog()
    market, tasks = Market(catalog, catalog.platform("openai"), DAY), (catalog.task("coding"),)
    work = workload(input_tokens=1200, output_tokens=400, requests=50_000)
    wishes = Wishes(tasks=tasks, prefer="cost", min_scores={}, deadline=timedelta(hours=24), max_usd=Decimal(500))
    advice = assert_type(recommend(market, work, wishes), Recommendation)
    if advice.choice:
        assert_type(advice.choice.name, str)
        assert_type(advice.choice.quote, Quote | None)
    timings = assert_type(plan(market, work, variants=[], tier=1, deadline=timedelta(hours=24)), Plan)
    assert plan(market, work).tier is None
    if timings.choice:
        assert_type(timings.choice.seconds, int | None)


def use_errors(folder: Path) -> None:
    messages = [message_of(lambda: read_catalog(folder / "none.yaml")), message_of(lambda: count_tokens("Which?", "none"))]
    assert_type(messages, list[str])
    assert all(messages)


def message_of(work: Callable[[], object]) -> str:
    """A user's own function that tells errors apart."""
    try:
        work()
    except (InputError, MissingPrice, TableError, UnknownName) as error:
        base: Gpt41Error = error
        return assert_type(str(base), str)
    return ""
