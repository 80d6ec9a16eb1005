"""What a quote says with its figures: findings, notes, discounts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.cost.estimate import Estimate, estimate, estimate_parts
from gpt41_cli.errors import InputError, MissingPrice
from gpt41_cli.rules import Level
from gpt41_cli.work.workload import ModelAndMode, workload
from tests.builders import market

TODAY = date(2026, 11, 23)


def price(
    catalog: Catalog,
    *models: str,
    modes: tuple[str, ...] = ("standard",),
    platform: str = "openai",
    as_of: date = TODAY,
    **work: Any,
) -> Estimate:
    numbers: dict[str, Any] = {"input_tokens": 1200, "output_tokens": 400, "requests": 1, **work}
    return estimate(
        market(catalog, platform, as_of),
        workload(**numbers),
        variants=[catalog.variant(model) for model in models],
        modes=modes,
    )


def test_without_a_model_the_family_is_quoted_and_what_has_no_price_is_named(catalog: Catalog) -> None:
    found = price(catalog, modes=("priority",), platform="azure-global", as_of=date(2026, 9, 1))
    assert [quote.model for quote in found.quotes] == ["gpt-4.1", "gpt-4.1-mini"]
    assert "no price is known for gpt-4.1-nano in priority on azure-global" in found.findings[0].message
    ended = price(catalog, input_tokens=2_000_000)
    said = {finding.rule.id for finding in ended.findings if finding.subject == "gpt-4.1-nano"}
    assert (len(ended.quotes), said) == (3, {"model-shut-down"}), "of what is shut down, nothing else is said"
    with pytest.raises(MissingPrice):
        price(catalog, as_of=date(2025, 4, 13))
    with pytest.raises(MissingPrice):
        price(catalog, "gpt-4.1-nano", modes=("priority",), platform="azure-global")


def test_what_the_discounts_save(catalog: Catalog) -> None:
    standard, batch = price(catalog, "gpt-4.1-mini", modes=("standard", "batch"), cached_tokens=800).quotes
    assert standard.bill.caching_saves_usd == Decimal("0.00024")
    assert standard.batch_saves_usd == Decimal("0.00032")
    assert (batch.bill.caching_saves_usd, batch.batch_saves_usd) == (Decimal(0), None)
    cached = price(catalog, "gpt-4.1-mini", cached_tokens=1200, output_tokens=0).quotes[0]
    assert cached.batch_saves_usd == Decimal("-0.00012"), "giving up the cache costs more than batch saves"
    assert price(catalog, "gpt-4o-2024-05-13").quotes[0].batch_usd is None


@pytest.mark.parametrize(
    ("model", "input_tokens", "rules"),
    [
        ("gpt-4.1", 1_047_176, []),
        ("gpt-4.1", 1_047_177, ["context-window"]),
        ("gpt-6-luna", 922_000, []),
        ("gpt-6-luna", 922_001, ["max-input-tokens"]),
        ("ft:gpt-4.1:o::i", 127_601, ["context-window"]),
        ("gpt-4o-2024-05-13", 128_000, ["context-window"]),
    ],
)
def test_a_broken_limit_is_an_error(catalog: Catalog, model: str, input_tokens: int, rules: list[str]) -> None:
    found = price(catalog, model, input_tokens=input_tokens)
    errors = [finding for finding in found.findings if finding.level is Level.ERROR]
    assert [finding.rule.id for finding in errors] == rules
    assert all(finding.subject and finding.actual and finding.allowed for finding in errors)


def test_a_surcharge_is_on_the_whole_request(catalog: Catalog) -> None:
    """Above 272,000 input tokens the successors cost twice the input and one and a half times the output."""
    assert price(catalog, "gpt-6-luna", input_tokens=272_000).quotes[0].total_usd == Decimal("0.0274015")
    above = price(catalog, "gpt-6-luna", input_tokens=272_001)
    assert above.quotes[0].total_usd == Decimal("0.05470245")
    assert any(note.startswith("gpt-6-luna: requests above 272,000 input tokens") for note in above.notes)


def notes_of(found: Estimate) -> str:
    return " ".join(found.notes)


def test_notes_say_what_is_not_in_the_figure(catalog: Catalog) -> None:
    assert "hosting at $1.70 per hour comes on top [azure-retail" in notes_of(
        price(catalog, "ft:gpt-4.1:o::i", platform="azure-global")
    )
    assert "is likely, but not confirmed. A third-party table prints a cached rate" in notes_of(
        price(catalog, "ft:gpt-4.1:o::i", modes=("batch",))
    )
    assert "bills reasoning tokens as output" in notes_of(price(catalog, "gpt-6.1-terra"))
    assert "no cache writes are priced here" in notes_of(price(catalog, "gpt-6.1-terra"))
    assert "a user message adds 7 tokens per request" in notes_of(price(catalog, "gpt-4.1", text_tokens=5))
    assert "its token counts are estimates" in notes_of(price(catalog, "gpt-6-luna", text_tokens=5))
    assert "these take 3 files" in notes_of(price(catalog, "gpt-4.1", modes=("batch",), requests=100_001))
    assert "these take 2 files [" in notes_of(price(catalog, "gpt-4.1", "gpt-4.1-mini", modes=("batch",), requests=60_000))
    assert "has no discount for cached tokens" in notes_of(price(catalog, "gpt-4.1", modes=("batch",), cached_tokens=5))
    assert notes_of(price(catalog, "gpt-4.1", cached_tokens=5)) == ""


def test_an_old_table_says_so(catalog: Catalog) -> None:
    assert "price-table-stale" not in {each.rule.id for each in price(catalog, "gpt-6-luna", as_of=date(2027, 1, 22)).findings}
    assert "price-table-stale" in {each.rule.id for each in price(catalog, "gpt-6-luna", as_of=date(2027, 1, 23)).findings}


def test_lifecycle_findings(catalog: Catalog) -> None:
    def rules(model: str, as_of: date, platform: str = "openai") -> list[str]:
        return [each.rule.id for each in price(catalog, model, as_of=as_of, platform=platform).findings]

    assert rules("gpt-4.1-nano", date(2025, 6, 1)) == []
    assert rules("gpt-4.1-nano", date(2026, 10, 22)) == ["model-retires"]
    assert rules("gpt-4.1-nano", date(2026, 10, 23)) == ["model-shut-down"]
    assert rules("ft:gpt-4.1-nano:o::i", TODAY) == ["model-shut-down"]
    assert rules("gpt-6.1-terra", TODAY) == []
    nano = price(catalog, "gpt-4.1-nano", platform="azure-global").findings[0]
    assert "(other sources say 2027-04-14)" in nano.message


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"requests": 0}, "requests: expected 1 or more, found 0"),
        ({"input_tokens": -1}, "input_tokens: expected 0 or more, found -1"),
        ({"cached_tokens": 1201}, "cached_tokens: expected at most the input tokens"),
    ],
)
def test_work_that_cannot_be(catalog: Catalog, numbers: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        price(catalog, "gpt-4.1", **numbers)
    assert str(error.value).startswith(message)


def test_parts_without_a_price_say_how_many_requests_they_are(catalog: Catalog) -> None:
    """One part is all of the work, so there are no others to price."""
    refused = "no price is known for gpt-4.1-mini in flex on openai"
    in_flex, in_standard, both = (workload(input_tokens=9, output_tokens=1, requests=number) for number in (3, 1_000, 1_003))
    parts = {ModelAndMode("gpt-4.1-mini", mode): work for mode, work in (("standard", in_standard), ("flex", in_flex))}
    with pytest.raises(MissingPrice) as error:
        estimate_parts(market(catalog, as_of=TODAY), parts, both)
    assert str(error.value).startswith(f"3 of 1,003 requests: {refused}: ")
    assert str(error.value).endswith("; --each prices the others, and --mode prices all in one mode")
    with pytest.raises(MissingPrice) as error:
        estimate_parts(market(catalog, as_of=TODAY), {ModelAndMode("gpt-4.1-mini", "flex"): in_flex}, in_flex)
    assert str(error.value).startswith(refused)
    assert "--each" not in str(error.value)
