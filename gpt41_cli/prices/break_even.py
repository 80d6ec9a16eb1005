"""Find the share of cached input above which standard costs less than batch, which halves prices but may forgo the cache."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.catalog import Offer
from gpt41_cli.prices.usage_by_rates import UsageByRates
from gpt41_cli.pricing import EXACT, price
from gpt41_cli.work.workload import VariantLoad


class BreakEven(NamedTuple):
    """Two modes and their exact prices without cached input (`*_uncached_usd`) and with all input cached (`*_cached_usd`).

    `current_share` is the cached share of this work.
    """

    standard_uncached_usd: Decimal
    standard_cached_usd: Decimal
    batch_uncached_usd: Decimal
    batch_cached_usd: Decimal
    current_share: Fraction

    @property
    def break_even_share(self) -> Fraction | None:
        """The share of cached input at which both modes cost the same; above it, standard costs less. None: at no share.

        Both prices are straight lines over the share, so their ends say where they cross. For a batch that gives cached
        tokens no discount this is `(I * (s.input - b.input) + O * (s.output - b.output)) / (I * (s.input - s.cached_input))`,
        with I input and O output tokens at the rates s and b; if it gives one, `I * (b.input - b.cached_input)` is subtracted
        from the denominator.
        """
        uncached = Fraction(self.standard_uncached_usd) - Fraction(self.batch_uncached_usd)
        cached = Fraction(self.standard_cached_usd) - Fraction(self.batch_cached_usd)
        return uncached / (uncached - cached) if cached < 0 else None


def find_break_even(standard: Offer, batch: Offer, load: VariantLoad) -> BreakEven | None:
    """Find where the two modes cost the same; None if the cache makes no relevant difference.

    It makes none without input, without a cached rate in standard, or if batch isn't cheaper at any share.
    """
    standard_uncached, standard_cached = _price_cache_extremes(standard, load)
    batch_uncached, batch_cached = _price_cache_extremes(batch, load)
    if standard_uncached == standard_cached or standard_uncached <= batch_uncached:
        return None
    here = Fraction(load.usage.cached_tokens, load.usage.input_tokens)
    return BreakEven(standard_uncached, standard_cached, batch_uncached, batch_cached, here)


def _price_cache_extremes(offer: Offer, load: VariantLoad) -> tuple[Decimal, Decimal]:
    """Price the work with none of its input cached, and with all of it."""
    uncached = cached = Decimal(0)
    for rates, usage in UsageByRates.from_load(offer.variant, load).split_by_rates(offer).items():
        uncached = EXACT.add(uncached, price(replace(usage, cached_tokens=0), rates).total_usd)
        cached = EXACT.add(cached, price(replace(usage, cached_tokens=usage.input_tokens), rates).total_usd)
    return uncached, cached
