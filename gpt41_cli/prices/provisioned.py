"""Find the price per hour above which provisioned throughput costs more than paying by the token."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.findings import Citation
from gpt41_cli.prices.quote import Quote
from gpt41_cli.work.workload import Workload


class ProvisionedBreakEven(NamedTuple):
    """Units of provisioned throughput for a piece of work.

    A unit takes `tokens_per_minute`, and a mean request counts as `tokens_per_request` of them. `usd_per_hour` is the price of a
    unit, None if nobody states it. `minimum` is the smallest number of units that can be bought. `max_input_tokens` is the most
    that a request may have; `is_too_long`: some have more.
    """

    tokens_per_minute: int
    output_weight: int
    tokens_per_request: Fraction
    usd_per_request: Fraction
    minimum: int
    usd_per_hour: Decimal | None
    max_input_tokens: int
    is_too_long: bool
    source: Citation

    @property
    def worth_usd(self) -> Fraction:
        """The cost by the token of the requests that a unit takes in an hour: above this price, a unit never pays off."""
        return self.tokens_per_minute * 60 / self.tokens_per_request * self.usd_per_request

    @property
    def break_even_tokens_per_minute(self) -> Fraction | None:
        """The tokens per minute and unit from which on it costs less than paying by the token; None without a price per hour.

        `price per hour / (60 * price per token by which capacity is counted)`; it may be more than a unit takes.
        """
        return None if self.usd_per_hour is None else Fraction(self.usd_per_hour) * self.tokens_per_minute / self.worth_usd


def find_provisioned_break_even(quote: Quote, work: Workload) -> ProvisionedBreakEven | None:
    """Find where provisioned throughput costs as much as this work in standard.

    None for platforms, modes and models without it, such as fine-tunes, and for work that costs nothing.
    """
    offer, rules = quote.offer, quote.offer.market.catalog.limits.provisioned
    variant, platform, usage = offer.variant, offer.market.platform.id, quote.usage
    if rules is None or variant.fine_tuned or quote.mode != "standard" or platform not in rules.platforms:
        return None
    capacity = rules.models.get(variant.id)
    counted = usage.input_tokens - usage.cached_tokens + (capacity.output_weight if capacity else 0) * usage.output_tokens
    if capacity is None or not counted:
        return None
    minimum = capacity.minimum
    return ProvisionedBreakEven(
        capacity.tokens_per_minute,
        capacity.output_weight,
        Fraction(counted, usage.requests),
        Fraction(quote.bill.total_usd) / usage.requests,
        minimum.shared if rules.platforms[platform] == "shared" else minimum.regional,
        rules.usd_per_hour.get(platform),
        rules.max_input_tokens,
        work.load_on(offer.market.catalog, variant).input_range[1] > rules.max_input_tokens,
        rules.source,
    )
