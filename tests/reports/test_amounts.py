"""Amounts as people read them: a total to the cent from one dollar on, anything else to four significant digits, JSON exact."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Run

DAY = ("--as-of", "2026-11-23")
CONFIG = """version: 1
workloads:
  triage: {{input_tokens: {tokens}, output_tokens: 60, model: gpt-4.1{volume}{budget}}}
"""
MONTHLY = ", volume: 300 / month"


def write_config(folder: Path, tokens: int = 1200, volume: str = MONTHLY, budget: str = "") -> None:
    (folder / "gpt41.yaml").write_text(CONFIG.format(tokens=tokens, volume=volume, budget=budget and f", budget: {{{budget}}}"))


@pytest.mark.parametrize(
    ("requests", "headline", "term", "batch"),
    [
        ("1", "gpt-4.1: $0.0148 for 1 request", "$0.0104", "$0.0074, $0.0074 less"),
        ("30", "gpt-4.1: $0.444 for 30 requests ($0.0148 each)", "$0.312", "$0.222, $0.222 less"),
    ],
)
def test_one_request_has_a_price_and_several_a_total(run: Run, requests: str, headline: str, term: str, batch: str) -> None:
    asked = ("cost", "-i", "5200", "--output-tokens", "550", "-n", requests, "-m", "gpt-4.1", *DAY)
    text = run(*asked).out
    assert text.startswith(f"{headline}; after 2027-01-14 ")
    assert f"uncached input tokens at $2.00 per million: {term}\n" in text
    assert f"  {batch} (50 %)\n" in text
    assert json.loads(run(*asked, "--json").out)["total_usd"] == {"1": "0.0148", "30": "0.444"}[requests]


@pytest.mark.parametrize(
    ("volume", "budget", "said"),
    [
        (MONTHLY, "monthly_usd: 0.8", "costs $0.864 per month, over the $0.80 allowed"),
        (MONTHLY, "monthly_usd: 0.8625", "costs $0.864 per month, over the $0.8625 allowed"),
        (MONTHLY, "monthly_usd: 0.86399", "costs $0.864 per month, over the $0.86399 allowed"),
        (MONTHLY, "monthly_usd: 0.8639999", "costs $0.864 per month, over the $0.8639999 allowed"),
        ("", "per_request_usd: 0.0028", "costs $0.00288 per request, over the $0.0028 allowed"),
    ],
)
def test_what_is_over_a_budget_looks_so(run: Run, tmp_path: Path, volume: str, budget: str, said: str) -> None:
    write_config(tmp_path, volume=volume, budget=budget)
    assert f"triage: {said}" in run("check", *DAY).out
    assert f"::triage: {said}\n" in run("check", *DAY, "--format", "github").out


def test_a_change_of_less_than_a_cent_is_seen_in_totals_that_are_compared(run: Run, tmp_path: Path) -> None:
    write_config(tmp_path)
    (tmp_path / "base.json").write_text(run("check", *DAY, "--json").out)
    write_config(tmp_path, tokens=1201)
    text = run("diff", "base.json", *DAY).out
    assert text.startswith("$0.8646 per month, up $0.0006 (0.1 %) from base.json")
    assert "  triage    month  $0.864  $0.8646  +$0.0006 (0.1 %)" in text


def test_a_price_that_rounds_to_what_is_allowed_says_by_how_much_it_is_over(run: Run) -> None:
    asked = ("recommend", "-i", "5200", "--output-tokens", "550", "-n", "30", "--task", "coding", "--max-usd", "0.44", *DAY)
    assert "gpt-4.1 standard would cost $0.444, but that is $0.004 over the $0.44 allowed" in run(*asked).out
