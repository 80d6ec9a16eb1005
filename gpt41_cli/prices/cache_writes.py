"""The price of writing to the prompt cache, for models that bill it."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Offer
from gpt41_cli.pricing import EXACT, price_tokens
from gpt41_cli.work.workload import Workload


class CacheWrites(NamedTuple):
    """Input written to the prompt cache, and its exact extra cost in US dollars over reading it as input."""

    tokens: int
    extra_usd: Decimal


def price_cache_writes(offer: Offer, work: Workload) -> CacheWrites:
    """Price what is written to the prompt cache: for a replay what it writes, else the most possible.

    Input that is read from the cache isn't written, nor is a prompt below the least that is cached. A replay writes what can be
    read again; how much more is written isn't known, so all unread input is the most. The price is for the first 30 minutes.
    """
    tokens, usd, catalog = 0, Decimal(0), offer.market.catalog
    rules = catalog.find_cache_rules(offer.variant.model)
    for size, many in work.load_on(catalog, offer.variant).sizes.items():
        more = offer.cache_write_extra_for(size.input_tokens)
        if more:
            readable = rules.count_readable(size.input_tokens)
            written = many * max((readable if work.replay or not readable else size.input_tokens) - size.cached_tokens, 0)
            tokens += written
            usd = EXACT.add(usd, price_tokens(written, more))
    return CacheWrites(tokens, usd)
