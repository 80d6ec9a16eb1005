"""A line of an invoice, and how to read its name: the model, the direction and the mode of its tokens."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import MODES, Catalog
from gpt41_cli.catalog.lookup import FINE_TUNED_PREFIX
from gpt41_cli.catalog.meters import parse_meter
from gpt41_cli.findings import Place

_LINE_ITEM = re.compile(
    r"(?:(?P<before>[^|]+?) \| )?(?P<model>[^,|]+?)(?: text)?(?: (?P<after>batch|flex|priority))?, (?P<direction>[a-z ]+?)"
    r"(?:, (?P<length>long context))?",
    re.ASCII | re.IGNORECASE,
)
_DIRECTIONS = {"input": "input", "cached input": "cached", "output": "output", "cache writes": "written"}
_TUNED = re.compile(r"ft[-:](?=.)")


class InvoiceLine(NamedTuple):
    """An amount that was charged for a day, in `currency`; None if the export doesn't say something.

    `item` is its line item or meter. `quantity` is the counted amount, in tokens if `direction` is known.
    """

    place: Place
    day: date
    amount: Decimal
    currency: str
    item: str | None
    project: str | None
    organization: str | None
    quantity: Decimal | None
    key: object = None
    is_meter: bool = False
    service: str | None = None


class PageEnd(NamedTuple):
    """The end of a page of the costs API. `has_more`: it says that another page follows."""

    has_more: bool


class EmptyDay(NamedTuple):
    """A day for which an export says that nothing was charged."""

    day: date


class ItemTokens(NamedTuple):
    """The tokens that the name of a line describes. `model` is the name of an entry of the price table, or as it is written; for
    a line of all fine-tunes of a model it is `ft:` and that name.

    `mode` is None if it isn't stated. `direction` is input (uncached), cached, output or written; None for anything but tokens.
    """

    model: str | None = None
    direction: str | None = None
    mode: str | None = None
    platform: str | None = None
    is_known: bool = False
    is_long: bool = False


def parse_item(catalog: Catalog, line: InvoiceLine) -> ItemTokens:
    """Parse the name of a line: a line item of OpenAI, such as "priority | MODEL, cached input, long context", or an Azure meter.

    OpenAI doesn't document its line items. These are what programs on GitHub name that read recorded costs (read on
    2026-11-30): "MODEL, input", "MODEL, cached input", "MODEL, output", "MODEL, cache writes", "MODEL text, cached input",
    "priority | MODEL, output, long context", "flex | MODEL", "ft-MODEL, input", "web search tool calls", "Vector storage". None
    names a batch; its line item is taken to begin as the others do. A line of any other tier has no known price.
    """
    if line.item is None:
        return ItemTokens()
    if line.is_meter:
        meter = parse_meter(catalog.meters, line.item) if catalog.meters else None
        if meter is None:
            return ItemTokens()
        name = f"{FINE_TUNED_PREFIX}{meter.model}" if meter.is_fine_tuned else meter.model
        return ItemTokens(name, meter.direction, meter.mode, meter.platform, is_known=catalog.find_variant(name) is not None)
    match = _LINE_ITEM.fullmatch(line.item.strip())
    direction = _DIRECTIONS.get(match["direction"].lower()) if match else None
    if match is None or direction is None:
        return ItemTokens()
    said = (match["before"] or match["after"] or "").lower()
    name = _TUNED.sub("ft:", match["model"], count=1)
    variant = catalog.find_named_variant(name)
    return ItemTokens(
        variant.id if variant else match["model"],
        direction,
        said if said in MODES else None,
        is_known=variant is not None and said in ("", *MODES),
        is_long=match["length"] is not None,
    )
