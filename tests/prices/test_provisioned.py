"""Provisioned throughput: from which price and load on a unit costs less than paying by the token."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from gpt41_cli.catalog import Catalog, parse_catalog, read_catalog
from gpt41_cli.prices.provisioned import ProvisionedBreakEven, find_provisioned_break_even
from gpt41_cli.prices.quote import price_workload
from gpt41_cli.work.workload import workload
from tests.builders import CATALOG, market
from tests.conftest import Run

SHIPPED = read_catalog()
STATED = parse_catalog(b"ptu_usd_per_hour: {azure-global: 0.18}", "company.yaml")


def find(
    catalog: Catalog = SHIPPED,
    model: str = "gpt-4.1",
    platform: str = "azure-global",
    mode: str = "standard",
    input_tokens: int = 2000,
    output_tokens: int = 300,
) -> ProvisionedBreakEven | None:
    work = workload(input_tokens=input_tokens, output_tokens=output_tokens, requests=1)
    quote = price_workload(market(catalog, platform).offer(catalog.variant(model), mode), work)
    return find_provisioned_break_even(quote, work)


@pytest.mark.parametrize(
    ("model", "platform", "worth", "minimum"),
    [
        # 3,000 x 60 / (2,000 + 4 x 300) requests per hour at (2,000 x 2.00 + 300 x 8.00) / 1,000,000 dollars
        ("gpt-4.1", "azure-global", "0.36", 15),
        ("gpt-4.1", "azure-data-zone", "0.396", 15),
        ("gpt-4.1", "azure-sweden", "0.4356", 50),
        ("gpt-4.1-mini", "azure-global", "0.3576", 15),
        ("gpt-4.1-mini", "azure-west-europe", "0.472032", 25),
        ("gpt-4.1-nano", "azure-us", "0.39204", 25),
    ],
)
def test_an_hour_of_a_unit_is_worth_what_its_tokens_cost(model: str, platform: str, worth: str, minimum: int) -> None:
    found = find(model=model, platform=platform)
    assert found
    assert (found.worth_usd, found.minimum, found.usd_per_hour) == (Fraction(worth), minimum, None)
    assert found.break_even_tokens_per_minute is None
    assert not found.is_too_long


def test_a_stated_price_has_a_load_at_which_both_cost_the_same() -> None:
    found = find(STATED)
    assert found
    assert found.break_even_tokens_per_minute == 1500  # half of the 3,000, as 0.18 is half of 0.36
    by_token = found.break_even_tokens_per_minute * 60 / found.tokens_per_request * found.usd_per_request
    assert by_token == Fraction("0.18")


@pytest.mark.parametrize(
    "where",
    [
        {"platform": "openai"},
        {"mode": "batch"},
        {"model": "ft:gpt-4.1-2025-04-14:a::b"},
        {"model": "gpt-4o"},
        {"input_tokens": 0, "output_tokens": 0},
        {"catalog": CATALOG},
    ],
)
def test_what_is_not_sold_by_the_hour_has_none(where: dict[str, Any]) -> None:
    assert find(**where) is None


def test_requests_that_are_too_long_are_known() -> None:
    found = find(input_tokens=128_001)
    assert found
    assert found.is_too_long


@pytest.mark.parametrize(
    ("stated", "arguments", "sentence"),
    [
        ("", (), "a PTU pays off below $0.36 per hour, if it is always busy (at least 15 PTU); no source states its"),
        ("0.30", (), "at $0.30 per hour, a PTU pays off from 2,500 tokens per minute on, 83 % of its capacity (at least 15"),
        ("1.00", (), "at $1.00 per hour, a PTU doesn't pay off: always busy, it does work worth $0.36 per hour by the token"),
        (
            "",
            ("--explain",),
            "cached input not at all, so that a request counts as 3,200: 3,000 x 60 / 3,200 x $0.0064 = $0.36 per hour",
        ),
        ("", ("--input-tokens", "128001"), "provisioned throughput takes no requests above 128,000 input tokens"),
    ],
)  # fmt: skip
def test_cost_says_it_in_a_line(run: Run, tmp_path: Path, stated: str, arguments: tuple[str, ...], sentence: str) -> None:
    (tmp_path / "p.yaml").write_text(f"ptu_usd_per_hour: {{azure-global: {stated}}}" if stated else "overrides: []")
    asked = ("--input-tokens", "2000", "--output-tokens", "300", "--model", "gpt-4.1", "--platform", "azure-global")
    done = run("cost", *asked, *arguments, "--as-of", "2026-11-23", "--pricing", "p.yaml")
    assert sentence in " ".join(done.out.split())


def test_recommend_says_it_of_the_choice(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("ptu_usd_per_hour: {azure-us: 0.3}")
    asked = ("--input-tokens", "2000", "--output-tokens", "300", "--task", "coding", "--platform", "azure-us")
    done = run("recommend", *asked, "--as-of", "2026-11-23", "--pricing", "p.yaml")
    assert "ptu at $0.30 per hour, a PTU pays off from" in " ".join(done.out.split())
    done = run("models", "--diff", "p.yaml", GPT41_PRICING="")
    assert "p.yaml changes no price per token of pricing.yaml on " in done.out
    assert "  ptu  $0.30 per hour on azure-us" in done.out
