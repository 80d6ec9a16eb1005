"""What is a cache worth, in dollars of input: cold, as replayed, and at best?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Offer
from gpt41_cli.catalog.tables import Platform
from gpt41_cli.commands.cache.study import Reads, Study
from gpt41_cli.errors import MissingPrice
from gpt41_cli.pricing import EXACT, Usage, price
from gpt41_cli.work.prompt_cache import kept_minutes


class Value(NamedTuple):
    """The input of requests to one variant, exactly priced. `is_asked`: the requests name it, or it was asked for."""

    offer: Offer
    reads: Reads
    cold_usd: Decimal
    replayed_usd: Decimal
    ideal_usd: Decimal
    is_asked: bool

    @property
    def saved_usd(self) -> Decimal:
        """What the replayed cache saves."""
        return EXACT.subtract(self.cold_usd, self.replayed_usd)


def values(catalog: Catalog, study: Study, platform: Platform, as_of: date) -> list[Value]:
    """The models of the requests, most requests first; where it is one of the family, the others of the family after it.

    MissingPrice where a model of the requests has no price.
    """
    found = [
        _value(catalog.offer(catalog.variant(model), "standard", platform, as_of), reads, is_asked=True)
        for model, reads in sorted(study.reads.items(), key=lambda each: (-each[1].requests, each[0]))
    ]
    if len(found) == 1:
        found += _elsewhere(catalog, study, found[0], platform, as_of)
    return found


def _elsewhere(catalog: Catalog, study: Study, here: Value, platform: Platform, as_of: date) -> Iterator[Value]:
    """The same requests at others of the family, where these see the same tokens and keep them as long."""
    mine, rules = here.offer.variant, catalog.limits.prompt_cache
    if mine not in catalog.family or here.reads.has_pictures:
        return
    for variant in catalog.family:
        if variant != mine and kept_minutes(rules, study.traffic, variant) == kept_minutes(rules, study.traffic, mine):
            try:
                offer = catalog.offer(variant, "standard", platform, as_of)
            except MissingPrice:
                continue
            yield _value(offer, here.reads, is_asked=False)


def _value(offer: Offer, reads: Reads, *, is_asked: bool) -> Value:
    sized = ((reads.short, 0), (reads.long, offer.variant.model.surcharged_above + 1))
    by_size = [
        [price(Usage(1, tokens, cached), offer.rates(size)).total_usd for cached in (0, read, ideal)]
        for (tokens, read, ideal), size in sized
    ]
    cold, replayed, best = (EXACT.add(*usd) for usd in zip(*by_size, strict=True))
    return Value(offer, reads, cold, replayed, best, is_asked)


def worth_usd(offer: Offer, tokens: int) -> Decimal:
    """What reading so many tokens from the cache saves, before any surcharge; exact."""
    cold, cached = (price(Usage(1, tokens, read), offer.row.rates).total_usd for read in (0, tokens))
    return EXACT.subtract(cold, cached)
