"""The price of writing to the prompt cache, for models that bill it."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Offer
from gpt41_cli.catalog.limit_tables import CacheRules
from gpt41_cli.pricing import EXACT, price_tokens
from gpt41_cli.work.workload import VariantLoad


class CacheWrites(NamedTuple):
    """Input written to the prompt cache, and its exact extra cost in US dollars over reading it as input."""

    tokens: int
    extra_usd: Decimal


def price_cache_writes(offer: Offer, load: VariantLoad, rules: CacheRules, *, is_replayed: bool) -> CacheWrites:
    """Price what is written to the prompt cache: for a replay what it writes, else the most possible.

    Input that is read from the cache isn't written, nor is a prompt below the least that is cached. A replay writes what can be
    read again; how much more is written isn't known, so all unread input is the most. The price is for the first 30 minutes.
    """
    tokens, usd = 0, Decimal(0)
    for size, many in load.sizes.items():
        more = offer.cache_write_extra_for(size.input_tokens)
        if more:
            readable = rules.count_readable(size.input_tokens)
            written = many * max((readable if is_replayed or not readable else size.input_tokens) - size.cached_tokens, 0)
            tokens += written
            usd = EXACT.add(usd, price_tokens(written, more))
    return CacheWrites(tokens, usd)
