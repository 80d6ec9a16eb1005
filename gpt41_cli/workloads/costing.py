"""A workload of gpt41.yaml at its price: all that a budget, a saved report and a comparison need to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.config.tables import DAYS_PER_MONTH, PERIODS_PER_MONTH, RequestVolume, TokenRange
from gpt41_cli.pricing import NO_TOOL_USE, Rates, ToolUse, Usage

if TYPE_CHECKING:  # a saved report is compared without anything that reads requests
    pass


class FileTokens(NamedTuple):
    """What one file adds to a workload."""

    requests: int
    input_tokens: int


class UsdRange(NamedTuple):
    """An amount as it is expected, and as high as it may go; both exact."""

    expected: Fraction
    high: Fraction


class Requirements(NamedTuple):
    """What the chosen variant must be, tasks by their id; `tolerance` is a share, in place of the tasks'."""

    tasks: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    until: date | None = None
    tolerance: Decimal | None = None
    deadline: timedelta | None = None
    usage_tier: int | None = None


NO_REQUIREMENTS = Requirements()


class WorkloadCost(NamedTuple):
    """The requests at hand of one workload, all of them together, and their price.

    `parts` are their input tokens by part (of PARTS), the cached ones included; `output_tokens` all that is billed as output.
    `rates` are dollars per million tokens; requests that pay a surcharge are `surcharged_usage` (their expected usage, a part of
    all), at `surcharged_rates`. `tools` are those that one request uses: what they cost and what they find is in the price, but
    not in `parts`; what they store costs `storage_usd_per_day` beside the requests. `tokens_by_file` are by their path from the
    folder of gpt41.yaml. `max_growth_percent` is the budget for growth. `is_ceiling`: answers are as long as requests allow.
    """

    name: str
    model: str
    mode: str
    platform: str
    requests: int
    parts: Mapping[str, int]
    cached_tokens: int
    output_tokens: TokenRange
    volume: RequestVolume | None
    rates: Rates
    surcharged_usage: Usage
    surcharged_rates: Rates | None
    expected_usd: Decimal
    high_usd: Decimal
    tokens_by_file: Mapping[str, FileTokens]
    max_growth_percent: Decimal | None = None
    tools: ToolUse = NO_TOOL_USE
    storage_usd_per_day: Decimal = Decimal(0)
    is_ceiling: bool = False
    requirements: Requirements = NO_REQUIREMENTS

    @property
    def input_tokens(self) -> int:
        """Those of all requests, cached ones included; what tools find is not among them."""
        return sum(self.parts.values())

    @property
    def usd_per_request(self) -> UsdRange:
        """The mean price of a request."""
        return UsdRange(Fraction(self.expected_usd) / self.requests, Fraction(self.high_usd) / self.requests)

    @property
    def monthly_usd(self) -> UsdRange | None:
        """The price of a month; None where no volume is known."""
        if self.volume is None:
            return None
        each, many, stored = self.usd_per_request, self.volume.per_month, self.storage_monthly_usd
        return UsdRange(each.expected * many + stored, each.high * many + stored)

    @property
    def runs_per_day(self) -> Fraction | None:
        """How often the requests at hand are sent in a mean day; None where no volume is known."""
        return None if self.volume is None else self.volume.per_month / PERIODS_PER_MONTH["day"] / self.requests

    @property
    def storage_monthly_usd(self) -> Fraction:
        """What is stored, for a month."""
        return Fraction(self.storage_usd_per_day) * DAYS_PER_MONTH
