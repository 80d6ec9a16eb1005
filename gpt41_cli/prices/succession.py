"""Find what follows a model when it ends: the official replacement, and its price for the same work today."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Market, Variant
from gpt41_cli.constraints import lifecycle, request_limits
from gpt41_cli.constraints.replacements import follow_replacements
from gpt41_cli.errors import InputError, MissingPrice
from gpt41_cli.prices.quote import Quote, price_cache_writes, price_workload
from gpt41_cli.pricing import EXACT
from gpt41_cli.work.workload import Workload


class PricedReplacement(NamedTuple):
    """The same work at a replacement before reasoning tokens; `most_usd` is the price with all cache writes.

    `is_before_reasoning`: the replacement reasons, and the work doesn't say how much.
    """

    variant: Variant
    quote: Quote
    most_usd: Decimal
    is_before_reasoning: bool


class Succession(NamedTuple):
    """The day on which the model of a variant ends, whether sources disagree on it, and the official replacement."""

    leaving: Variant
    ends: date
    is_uncertain: bool
    replacement: PricedReplacement


def find_succession(market: Market, leaving: Variant, mode: str, work: Workload) -> Succession | None:
    """Find what follows a variant if that ends: a model of the family at any time, others within the price table's horizon.

    Names are followed to a model that still runs on that day. None if the table has none with a price, in `mode` or in standard.
    """
    life = lifecycle.find_announced_shutdown(market, leaving)
    is_family = leaving in market.catalog.family
    if life is None or life.shutdown is None or not (is_family or lifecycle.find_near_shutdown(market, leaving)):
        return None
    ends = life.shutdown
    steps = follow_replacements(market.on_day(ends), leaving)
    variant = steps[-1].variant if steps else None
    if variant is None:
        return None
    priced = price_replacement(market, variant, mode, work) or price_replacement(market, variant, "standard", work)
    return priced and Succession(leaving, ends, bool(life.disputed) or life.confidence != "high", priced)


def find_near_succession(market: Market, leaving: Variant, mode: str, work: Workload) -> Succession | None:
    """Find what follows a variant if that ends within the price table's horizon and the replacement takes all of the requests.

    None as for `find_succession`.
    """
    if not lifecycle.find_near_shutdown(market, leaving):
        return None
    succession = find_succession(market, leaving, mode, work)
    if succession is None:
        return None
    catalog, variant = market.catalog, succession.replacement.variant
    load = work.load_on(catalog, variant)
    is_refused = any(request_limits.find_exceeded_limits(catalog, variant, succession.replacement.quote.mode, load))
    return None if is_refused else succession


def price_replacement(market: Market, variant: Variant, mode: str, work: Workload) -> PricedReplacement | None:
    """Price the work at a replacement; None if no price is known in that mode, or more is cached than it counts as input."""
    try:
        offer = market.offer(variant, mode)
        quote = price_workload(offer, work)
    except (MissingPrice, InputError):
        return None
    most_usd = EXACT.add(quote.total_usd, price_cache_writes(offer, work).extra_usd)
    is_before_reasoning = variant.model.reasoning is not None and not work.terms.reasoning_tokens
    return PricedReplacement(variant, quote, most_usd, is_before_reasoning)
