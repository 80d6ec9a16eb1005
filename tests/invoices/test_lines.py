"""What the names of lines say: line items of OpenAI, and meters of Azure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from gpt41_cli.catalog import read_catalog
from gpt41_cli.findings import Place
from gpt41_cli.invoices.lines import InvoiceLine, ItemTokens, parse_item

CATALOG = read_catalog()


def parse(item: str | None, *, is_meter: bool = False) -> ItemTokens:
    line = InvoiceLine(Place("costs"), date(2026, 10, 1), Decimal(1), "USD", item, None, None, None, is_meter=is_meter)
    return parse_item(CATALOG, line)


@pytest.mark.parametrize(
    ("item", "found"),
    [
        ("gpt-4.1-2025-04-14, input", ItemTokens("gpt-4.1", "input", is_known=True)),
        ("gpt-4.1-mini-2025-04-14, cached input", ItemTokens("gpt-4.1-mini", "cached", is_known=True)),
        ("batch | gpt-4.1-nano, output", ItemTokens("gpt-4.1-nano", "output", "batch", is_known=True)),
        ("gpt-4.1 batch, input", ItemTokens("gpt-4.1", "input", "batch", is_known=True)),
        (
            "priority | gpt-6-luna, output, long context",
            ItemTokens("gpt-6-luna", "output", "priority", is_known=True, is_long=True),
        ),
        ("gpt-6-luna, cache writes", ItemTokens("gpt-6-luna", "written", is_known=True)),
        ("ft-gpt-4.1-2025-04-14, input", ItemTokens("ft:gpt-4.1-2025-04-14", "input", is_known=True)),
        ("flex | gpt-4.1, input", ItemTokens("gpt-4.1", "input", "flex", is_known=True)),
        ("scale tier | gpt-4.1, input", ItemTokens("gpt-4.1", "input")),
        ("GPT-4.1 text, Cached input", ItemTokens("gpt-4.1", "cached", is_known=True)),
        ("gpt-image-1 image, output", ItemTokens("gpt-image-1 image", "output")),
        ("text-embedding-3-small, input", ItemTokens("text-embedding-3-small", "input")),
        ("whisper-1, audio", ItemTokens()),
        ("web search tool calls", ItemTokens()),
        (None, ItemTokens()),
    ],
)
def test_line_items_name_model_direction_and_mode(item: str | None, found: ItemTokens) -> None:
    assert parse(item) == found


@pytest.mark.parametrize(
    ("meter", "found"),
    [
        ("gpt 4.1 Inp glbl Tokens", ("gpt-4.1", "input", "standard", "azure-global")),
        ("gpt 4.1 mini cached Inp DZone Tokens", ("gpt-4.1-mini", "cached", "standard", "azure-data-zone")),
        ("gpt 4.1 nano Batch Outp glbl Tokens", ("gpt-4.1-nano", "output", "batch", "azure-global")),
        ("4.1 mini pp cd Inp Dz Tokens", ("gpt-4.1-mini", "cached", "priority", "azure-data-zone")),
        ("4.1 ft inp Dz Tokens", ("ft:gpt-4.1", "input", "standard", "azure-data-zone")),
        ("gpt-4.1-mini-ft cached input global Tokens", ("ft:gpt-4.1-mini", "cached", "standard", "azure-global")),
        ("gpt-4.1-nano-ft output global Tokens", ("ft:gpt-4.1-nano", "output", "standard", "azure-global")),
        ("gpt-4.1-dev-ft cchd inpt glbl Tokens", ("ft:gpt-4.1", "cached", "standard", "azure-global")),
        ("gpt-4o-mini-0718-Batch-Inp-glbl Tokens", ("gpt-4o-mini", "input", "batch", "azure-global")),
        ("gpt 4o 1120 cached Inp glbl Tokens", ("gpt-4o", "cached", "standard", "azure-global")),
        ("gpt 4o 0513 Output global Tokens", ("gpt-4o-2024-05-13", "output", "standard", "azure-global")),
    ],
)
def test_meters_name_model_direction_mode_and_zone(meter: str, found: tuple[str, str, str, str]) -> None:
    assert parse(meter, is_meter=True) == ItemTokens(*found, is_known=True)


@pytest.mark.parametrize(
    "meter",
    [
        *("gpt-4.1-ft hosting global Unit", "4.1 ft training Dz Tokens", "gpt 4o tcrb d txt inp glbl Tokens", "gpt 4.1 Tokens"),
        *("gpt 4.1 Inp Tokens", "gpt 9 Inp glbl Tokens", "D2s v5"),
    ],
)
def test_other_meters_are_not_tokens_of_a_known_model(meter: str) -> None:
    assert parse(meter, is_meter=True) == ItemTokens()


def test_a_table_without_meters_knows_none() -> None:
    line = InvoiceLine(
        Place("costs"), date(2026, 10, 1), Decimal(1), "USD", "gpt 4.1 Inp glbl Tokens", None, None, None, is_meter=True
    )
    assert parse_item(CATALOG._replace(meters=None), line) == ItemTokens()
