"""A workload of gpt41.yaml at its price: all that a budget, a saved report and a comparison need to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.config.tables import Range, Volume
from gpt41_cli.pricing import Rates, Usage


class FileTokens(NamedTuple):
    """What one file adds to a workload."""

    requests: int
    input_tokens: int


class Usd(NamedTuple):
    """An amount as it is expected, and as high as it may go; both exact."""

    expected: Fraction
    high: Fraction


class Costing(NamedTuple):
    """The requests at hand of one workload, all of them together, and their price.

    `parts` are their input tokens by part (of PARTS), the cached ones included; `output_tokens` all that is billed as output.
    `rates` are dollars per million tokens; requests that pay a surcharge are `surcharged` (their expected usage, a part of all),
    at `surcharged_rates`. `files` are by their path from the folder of gpt41.yaml. `growth_percent` is the budget for growth.
    """

    name: str
    model: str
    mode: str
    platform: str
    requests: int
    parts: Mapping[str, int]
    cached_tokens: int
    output_tokens: Range
    volume: Volume | None
    rates: Rates
    surcharged: Usage
    surcharged_rates: Rates | None
    expected_usd: Decimal
    high_usd: Decimal
    files: Mapping[str, FileTokens]
    growth_percent: Decimal | None = None

    @property
    def input_tokens(self) -> int:
        """Those of all requests, cached ones included."""
        return sum(self.parts.values())

    @property
    def usage(self) -> Usage:
        """What is billed for all requests, as it is expected."""
        return Usage(self.requests, self.input_tokens, self.cached_tokens, self.output_tokens.expected)

    @property
    def each_usd(self) -> Usd:
        """The mean price of a request."""
        return Usd(Fraction(self.expected_usd) / self.requests, Fraction(self.high_usd) / self.requests)

    @property
    def monthly_usd(self) -> Usd | None:
        """The price of a month; None where no volume is known."""
        if self.volume is None:
            return None
        each, many = self.each_usd, self.volume.per_month
        return Usd(each.expected * many, each.high * many)
