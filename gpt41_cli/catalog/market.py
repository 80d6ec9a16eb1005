"""Market: the price table on one platform and day, and what it offers there."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import tables
from gpt41_cli.catalog.checks import MODES
from gpt41_cli.catalog.lookup import Catalog, Variant
from gpt41_cli.errors import MissingPrice, UnknownName
from gpt41_cli.pricing import EXACT, Rates


class Market(NamedTuple):
    """A price table on one platform and one day.

    Args:
        catalog: The price table.
        platform: Where models are sold, such as `catalog.platform("openai")`.
        as_of: The day, for prices and for what still runs.

    """

    catalog: Catalog
    platform: tables.Platform
    as_of: date

    def on_platform(self, platform: tables.Platform) -> Market:
        """Return the market of the same table and day on another platform."""
        return self._replace(platform=platform)

    def on_day(self, day: date) -> Market:
        """Return the market of the same table and platform on another day."""
        return self._replace(as_of=day)

    def suggest_models(self, variant: Variant, mode: str) -> str:
        """Name the models that are sold in a mode, to end a sentence; empty if the variant is, on another platform."""
        sold = [model.id for model in self.catalog.models.values() if mode in model.rates.get(self.platform.id, {})]
        return f"; {mode} is for {', '.join(sold)}" if sold and mode not in variant.modes else ""

    def offer(self, variant: Variant, mode: str) -> Offer:
        """Find the price of a variant in a mode. Raises MissingPrice if none is known, UnknownName for an unknown mode."""
        if mode not in MODES:
            raise UnknownName("mode", mode, MODES)
        missing = f"no price is known for {variant.id} in {mode} on {self.platform.id}"
        modes = variant.rate_table.get(self.platform.id)
        if modes is None:
            raise MissingPrice(problem=f"{missing}: {self.catalog.file} has {variant.id} on {', '.join(variant.rate_table)}")
        if mode not in modes:
            raise MissingPrice(
                problem=f"{missing}: {self.catalog.file} has {', '.join(modes)}{self.suggest_models(variant, mode)}"
            )
        rows = [row for row in modes[mode] if row.effective_from <= self.as_of]
        if not rows:
            raise MissingPrice(problem=f"{missing} on {self.as_of}: the first known one is of {modes[mode][0].effective_from}")
        return Offer(self, variant, mode, rows[-1])

    def find_offer(self, variant: Variant, mode: str) -> Offer | None:
        """Find the price of a variant in a mode; None if none is known. Raises UnknownName for an unknown mode."""
        try:
            return self.offer(variant, mode)
        except MissingPrice:
            return None


class Offer(NamedTuple):
    """A variant in a mode, at the price row that a market has in force."""

    market: Market
    variant: Variant
    mode: str
    row: tables.DatedRates

    def rates_for(self, input_tokens: int) -> Rates:
        """Return the rates for one request of `input_tokens`. A surcharge above a threshold applies to the whole request."""
        rates, surcharge = self.row.rates, self._surcharge_for(input_tokens)
        return rates.with_multipliers(surcharge.input_multiplier, surcharge.output_multiplier) if surcharge else rates

    def cache_write_extra_for(self, input_tokens: int) -> Decimal:
        """Return what input written to the prompt cache for 30 minutes costs above the input rate."""
        return self._write_extra_for(self.row.cache_write_30m, input_tokens)

    def long_write_extra_for(self, input_tokens: int) -> Decimal:
        """Return what input written for 12 hours costs above the input rate; that of 30 minutes if no other price is known."""
        row = self.row
        return self._write_extra_for(row.cache_write_30m if row.cache_write_12h is None else row.cache_write_12h, input_tokens)

    def _write_extra_for(self, write: Decimal | None, input_tokens: int) -> Decimal:
        surcharge = self._surcharge_for(input_tokens)
        extra = Decimal(0) if write is None else EXACT.subtract(write, self.row.rates.input)
        return EXACT.multiply(extra, surcharge.input_multiplier) if surcharge else extra

    def _surcharge_for(self, input_tokens: int) -> tables.Surcharge | None:
        surcharge = self.variant.model.surcharge
        return surcharge if surcharge and input_tokens > surcharge.above_input_tokens else None
