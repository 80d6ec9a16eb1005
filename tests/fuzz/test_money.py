"""Every price that is printed is what a second, independent computation makes of the price table: 300 workloads in every run.

`make fuzz` tries 20,000 others.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from random import Random
from unittest import mock

import pytest

from gpt41_cli import display, pricing
from gpt41_cli.catalog import Offer
from gpt41_cli.commands.train import training
from tests.fuzz import process
from tests.fuzz.corpus import copy_inputs
from tests.fuzz.workloads import COMMANDS, TABLE, find_wrong_figures

SEED = 0
WORKLOADS = 300


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Iterator[Path]:
    copy_inputs(tmp_path)
    with process.many_runs(tmp_path):
        yield tmp_path


def test_every_price_is_what_the_table_says() -> None:
    assert list(find_wrong_figures(range(WORKLOADS // len(COMMANDS)), SEED)) == []


def test_the_workloads_have_prices() -> None:
    """A workload that is refused, as it has no price, compares nothing else."""
    for command, compare in COMMANDS.items():
        figures = [len(list(compare(Random(f"{command}-{SEED}-{number}")))) for number in range(20)]
        assert sum(count > 1 for count in figures) >= 10, command


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("input: 2.00, cached_input: 0.50, output: 8.00", "input: 2.01, cached_input: 0.50, output: 8.00"),
        ("input: 0.40, cached_input: 0.10, output: 1.60", "input: 0.40, cached_input: 0.11, output: 1.60"),
        ("input: 1.00, cached_input: null, output: 4.00", "input: 1.00, cached_input: 0.25, output: 4.00"),
        ("effective_from: 2026-07-15, input: 3.50", "effective_from: 2027-07-15, input: 3.50"),
        ("above_input_tokens: 272000", "above_input_tokens: 272001"),
        ("cache_write_30m: 1.25", "cache_write_30m: 1.00"),
        ("usd_per_1000_calls: 10.00", "usd_per_1000_calls: 1.00"),
        ("free_gb: 1", "free_gb: 0"),
        ("minimum_minutes: 5", "minimum_minutes: 4"),
        ("training: {openai: {usd_per_million: 25.00", "training: {openai: {usd_per_million: 2.50"),
        ("usd_per_hour: 1.70", "usd_per_hour: 1.71"),
    ],
)
def test_a_price_that_is_read_wrong_is_noticed(folder: Path, right: str, wrong: str) -> None:
    table = (folder / "pricing.yaml").read_text()
    assert right in table
    (folder / "pricing.yaml").write_text(table.replace(right, wrong))
    assert next(find_wrong_figures(range(300), SEED))


@pytest.mark.parametrize(
    "broken",
    [
        mock.patch.object(pricing, "_MILLION_EXPONENT", -7),
        mock.patch.object(display, "ROUND_HALF_UP", ROUND_FLOOR),
        mock.patch.object(Offer, "cache_write_extra_for", return_value=Decimal(1)),
        mock.patch.object(training, "count_epochs", return_value=4),
    ],
    ids=["million", "rounding", "cache writes", "epochs"],
)
def test_a_price_that_is_computed_wrong_is_noticed(broken: mock._patch[object]) -> None:
    with broken:
        assert next(find_wrong_figures(range(60), SEED))


def test_the_table_is_read_as_plain_text() -> None:
    """The second computation shares no reading of numbers with the first one either."""
    assert TABLE.find_rates("gpt-4.1", "standard", "openai", "2026-11-23") == {
        "effective_from": "2025-04-14",
        "input": "2.00",
        "cached_input": "0.50",
        "output": "8.00",
        "source": "pricing",
    }
