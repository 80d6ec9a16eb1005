"""Rate limits of a usage tier: what it lets through, and how long work takes in it."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.catalog import Catalog
from gpt41_cli.constraints.rate_limits import compute_waits, estimate_tier_duration, find_tier_block
from gpt41_cli.work.workload import RequestSize, VariantLoad, workload
from tests.builders import CATALOG


@given(st.integers(1, 29_999), st.integers(0, 29_999), st.integers(1, 10**9), st.integers(1, 5))
def test_a_plan_keeps_to_every_limit_of_its_tier(input_tokens: int, output_tokens: int, requests: int, tier: int) -> None:
    variant = CATALOG.variant("gpt-4.1")
    load = VariantLoad({RequestSize(input_tokens, 0, output_tokens): requests})
    (wait,) = compute_waits(CATALOG, variant, "standard", load, tier)
    assert wait.requests_per_minute
    assert variant.model.rate_limits
    limit = variant.model.rate_limits.standard[tier]
    assert wait.requests_per_minute <= limit.requests_per_minute
    assert wait.requests_per_minute * max(input_tokens, output_tokens) <= limit.tokens_per_minute
    assert (wait.seconds - 1) * wait.requests_per_minute < 60 * requests <= wait.seconds * wait.requests_per_minute


def test_tiers_without_published_limits_block_nothing(catalog: Catalog) -> None:
    work = workload(input_tokens=500_000, output_tokens=1, requests=10)
    for model in ("gpt-6-luna", "gpt-4.1-nano"):
        variant = catalog.variant(model)
        assert find_tier_block(catalog, variant, "standard", work.load_on(catalog, variant), 2) is None
        assert estimate_tier_duration(catalog, variant, "standard", work.load_on(catalog, variant), 2) is None


def test_the_pace_of_a_tier(catalog: Catalog) -> None:
    def text(model: str, mode: str, tier: int, **numbers: Any) -> str:
        variant = catalog.variant(model)
        load = workload(**numbers).load_on(catalog, variant)
        found = estimate_tier_duration(catalog, variant, mode, load, tier)
        assert found
        return found.finding.message

    small = {"input_tokens": 10, "output_tokens": 20}
    assert (
        text("gpt-4.1", "standard", 1, requests=90_000, **small)
        == "tier 1 lets 500 requests per minute through, which takes 3 hours"
    )
    assert text("gpt-4.1", "standard", 2, requests=100, input_tokens=100_000, output_tokens=5) == (
        "tier 2 lets 450,000 tokens per minute through, which takes 22 minutes"
    )
    assert text("gpt-4.1-mini", "standard", 1, requests=20_001, **small).endswith("requests per day through, which takes 2 days")
    assert text("gpt-4.1", "batch", 1, requests=1, input_tokens=0, output_tokens=5).endswith("which takes 24 hours")
