"""What follows the chosen model when it ends: the official replacement, and its price for the same work today."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Variant
from gpt41_cli.commands.recommend.candidates import Candidate, SelectionContext
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints.replacements import follow_replacements
from gpt41_cli.errors import MissingPrice
from gpt41_cli.prices.cache_writes import price_cache_writes
from gpt41_cli.prices.quote import Quote, price_workload
from gpt41_cli.pricing import EXACT


class PricedReplacement(NamedTuple):
    """The same work at a replacement before reasoning tokens; `most_usd` is the price with all cache writes."""

    variant: Variant
    quote: Quote
    most_usd: Decimal


class Succession(NamedTuple):
    """The day on which the chosen model ends, whether sources leave that open, and what is named to follow it."""

    ends: date
    is_uncertain: bool
    replacement: PricedReplacement


def find_succession(case: SelectionContext, choice: Candidate) -> Succession | None:
    """Find what follows the choice if that ends: a model of the family at any time, others within the price table's horizon.

    Names are followed to a model that still runs on that day. None if the table has none with a price, in the mode of the choice
    or in standard.
    """
    is_family = choice.variant in case.catalog.family
    life = lifecycle.find_announced_shutdown(case.market, choice.variant)
    if life is None or life.shutdown is None or not (is_family or lifecycle.find_near_shutdown(case.market, choice.variant)):
        return None
    ends = life.shutdown
    steps = follow_replacements(case.market.on_day(ends), choice.variant)
    variant = steps[-1].variant if steps else None
    if variant is None:
        return None
    priced = price_replacement(case, variant, choice.mode) or price_replacement(case, variant, "standard")
    return priced and Succession(ends, bool(life.disputed) or life.confidence != "high", priced)


def price_replacement(case: SelectionContext, variant: Variant, mode: str) -> PricedReplacement | None:
    """Price the work at a replacement; None if no price is known in that mode."""
    try:
        offer = case.market.offer(variant, mode)
        quote = price_workload(offer, case.work)
    except MissingPrice:
        return None
    written = price_cache_writes(
        offer,
        case.get_load(variant),
        case.catalog.find_cache_rules(variant.model),
        is_replayed=case.work.replay is not None,
    )
    return PricedReplacement(variant, quote, EXACT.add(quote.total_usd, written.extra_usd))
