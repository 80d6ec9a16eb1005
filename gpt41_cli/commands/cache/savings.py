"""The value of the cache in dollars of input: cold, as replayed, and ideal."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from gpt41_cli.catalog import Market, Offer
from gpt41_cli.commands.cache.study import CacheReads, CacheStudy
from gpt41_cli.pricing import EXACT, Usage, price
from gpt41_cli.work.prompt_cache import resolve_kept_minutes


class CacheSavings(NamedTuple):
    """The exactly priced input of requests to one variant. `is_as_sent`: the requests or the user named it."""

    offer: Offer
    reads: CacheReads
    is_as_sent: bool

    @property
    def cold_usd(self) -> Decimal:
        """The price with a cold cache."""
        return EXACT.add(self.replayed_usd, self.saved_usd)

    @property
    def replayed_usd(self) -> Decimal:
        """The price with the replayed cache."""
        return self.reads.replayed.price(self.offer).total_usd

    @property
    def ideal_usd(self) -> Decimal:
        """The price with a cache that forgets nothing."""
        return self.reads.ideal.price(self.offer).total_usd

    @property
    def saved_usd(self) -> Decimal:
        """What the replayed cache saves."""
        return self.reads.replayed.price(self.offer).caching_saves_usd


def compute_savings(market: Market, study: CacheStudy) -> list[CacheSavings]:
    """Price the models of the requests, most requests first; after a model of the family, the others of the family.

    Raises MissingPrice if a model of the requests has no price.
    """
    savings = [
        CacheSavings(market.offer(market.catalog.variant(model), "standard"), reads, is_as_sent=True)
        for model, reads in sorted(study.reads_by_model.items(), key=lambda item: (-item[1].usage.requests, item[0]))
    ]
    if len(savings) == 1:
        savings += _price_other_variants(market, study, savings[0])
    return savings


def _price_other_variants(market: Market, study: CacheStudy, here: CacheSavings) -> Iterator[CacheSavings]:
    """Price the same requests at others of the family that count the same tokens and keep them as long."""
    catalog = market.catalog
    mine, find_kept = here.offer.variant, partial(resolve_kept_minutes, catalog.limits.prompt_cache, study.traffic)
    if mine not in catalog.family or here.reads.picture_requests:
        return
    for variant in catalog.family:
        offer = market.find_offer(variant, "standard")
        if variant != mine and offer and find_kept(variant) == find_kept(mine):
            yield CacheSavings(offer, here.reads, is_as_sent=False)


def compute_saving_usd(offer: Offer, tokens: int) -> Decimal:
    """Compute exactly what reading tokens from the cache saves, before any surcharge."""
    return price(Usage(1, tokens, tokens), offer.row.rates).caching_saves_usd
