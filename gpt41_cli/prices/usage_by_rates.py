"""Add up the usage of requests, with surcharged ones kept separate, and price it at an offer."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Offer, Variant
from gpt41_cli.pricing import EXACT, Bill, Rates, Usage, price, price_tokens, sum_usd
from gpt41_cli.totals import Addable
from gpt41_cli.work.workload import VariantLoad


@dataclass
class BilledUsage(Addable):
    """Usage at the same rates. Written tokens are part of the input, rejected ones part of the output.

    `long_written_tokens` are those of the written ones that stay in the cache for 12 hours.
    """

    usage: Usage = field(default_factory=Usage)
    written_tokens: int = 0
    long_written_tokens: int = 0
    rejected_tokens: int = 0


class PricedTokens(NamedTuple):
    """Tokens of one price. `direction` is input (uncached and not written), cached, output or written (to the prompt cache).

    `is_long`: their requests pay a surcharge.
    """

    direction: str
    tokens: int
    usd_per_million: Decimal
    is_long: bool
    is_long_write: bool = False

    @property
    def usd(self) -> Decimal:
        """Their price, exact."""
        return price_tokens(self.tokens, self.usd_per_million)


@dataclass
class UsageByRates(Addable):
    """The usage of one variant: `short` requests, and `long` ones, which pay its surcharge."""

    short: BilledUsage = field(default_factory=BilledUsage)
    long: BilledUsage = field(default_factory=BilledUsage)

    @classmethod
    def from_load(cls, variant: Variant, load: VariantLoad) -> UsageByRates:
        """Add up all requests of a load."""
        parts = load.split_at(variant.model.surcharge_threshold)
        return cls(*(BilledUsage(part.usage, rejected_tokens=part.rejected_tokens) for part in parts))

    def add(
        self,
        variant: Variant,
        usage: Usage,
        written_tokens: int = 0,
        rejected_tokens: int = 0,
        long_written_tokens: int = 0,
        *,
        is_undone: bool = False,
    ) -> None:
        """Add one request, or the sum of several whose lengths aren't known, as short ones. `is_undone` removes one that was
        added before.
        """
        part = self.long if usage.requests == 1 and usage.input_tokens > variant.model.surcharge_threshold else self.short
        times = -1 if is_undone else 1
        part.usage = part.usage - usage if is_undone else part.usage + usage
        part.written_tokens += written_tokens * times
        part.long_written_tokens += long_written_tokens * times
        part.rejected_tokens += rejected_tokens * times

    @property
    def _parts(self) -> tuple[tuple[BilledUsage, int], tuple[BilledUsage, int]]:
        """Return both parts, with the input tokens of a request that pays the rates of each."""
        return (self.short, 0), (self.long, sys.maxsize)

    @property
    def usage(self) -> Usage:
        """The usage of all requests."""
        return self.short.usage + self.long.usage

    def split_by_rates(self, offer: Offer) -> dict[Rates, Usage]:
        """Return the usage that is billed at each set of rates."""
        return {offer.rates_for(input_tokens): part.usage for part, input_tokens in self._parts if part.usage.requests}

    def price_token_of_each(self, offer: Offer) -> Decimal:
        """Price one more token of output in every request, exactly."""
        return sum_usd(price_tokens(usage.requests, rates.output) for rates, usage in self.split_by_rates(offer).items())

    def list_priced_tokens(self, offer: Offer) -> Iterator[PricedTokens]:
        """Yield the tokens of each price at an offer of this variant; their prices add up to that of everything."""
        for part, size in self._parts:
            rates, usage, written = offer.rates_for(size), part.usage, part.written_tokens - part.long_written_tokens
            uncached = usage.input_tokens - usage.cached_tokens - part.written_tokens
            cached = rates.input if rates.cached_input is None else rates.cached_input
            yield PricedTokens("input", uncached, rates.input, size > 0)
            yield PricedTokens("cached", usage.cached_tokens, cached, size > 0)
            yield PricedTokens("output", usage.output_tokens, rates.output, size > 0)
            write = EXACT.add(rates.input, offer.cache_write_extra_for(size))
            yield PricedTokens("written", written, write, size > 0)
            write = EXACT.add(rates.input, offer.long_write_extra_for(size))
            yield PricedTokens("written", part.long_written_tokens, write, size > 0, is_long_write=True)

    def price(self, offer: Offer) -> Bill:
        """Price it at an offer of this variant, or of one without a surcharge."""
        bills = []
        for part, input_tokens in self._parts:
            rates, bill = offer.rates_for(input_tokens), price(part.usage, offer.rates_for(input_tokens))
            short, long = offer.cache_write_extra_for(input_tokens), offer.long_write_extra_for(input_tokens)
            written = price_tokens(part.written_tokens - part.long_written_tokens, short)
            write_usd = EXACT.add(written, price_tokens(part.long_written_tokens, long))
            rejected_usd = price_tokens(part.rejected_tokens, rates.output)
            bills.append(bill._replace(write_usd=write_usd, rejected_usd=rejected_usd))
        return Bill(*(sum_usd(terms) for terms in zip(*bills, strict=True)))
