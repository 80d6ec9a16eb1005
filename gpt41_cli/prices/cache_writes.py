"""What goes into the prompt cache, where a model bills that."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Offer
from gpt41_cli.catalog.limit_tables import CacheRules
from gpt41_cli.pricing import EXACT, price_tokens
from gpt41_cli.work.workload import RequestSize, VariantLoad


class CacheWrites(NamedTuple):
    """Input that goes into the prompt cache, and what that costs more than reading it, in US dollars, exact."""

    tokens: int
    extra_usd: Decimal


def price_cache_writes(offer: Offer, load: VariantLoad, rules: CacheRules, *, is_replayed: bool) -> CacheWrites:
    """What of the input goes into the prompt cache, where writing has a price: of a replay what it writes, else the most.

    What is read is not written, and a prompt below the least that is cached is not either. A replay writes whole steps; beyond
    one nobody can tell how much is written, so that all that is not read is the most. The first 30 minutes are priced.
    """
    tokens, usd = 0, Decimal(0)
    for size, many in load.sizes.items():
        more = offer.cache_write_extra_for(size.input_tokens)
        if more:
            written = _count_written_tokens(size, rules, is_replayed) * many
            tokens += written
            usd = EXACT.add(usd, price_tokens(written, more))
    return CacheWrites(tokens, usd)


def _count_written_tokens(size: RequestSize, rules: CacheRules, is_replayed: bool) -> int:
    beyond = size.input_tokens - rules.minimum_tokens
    if beyond < 0:
        return 0
    rest = beyond % rules.step_tokens if is_replayed else 0
    return max(size.input_tokens - rest - size.cached_tokens, 0)
