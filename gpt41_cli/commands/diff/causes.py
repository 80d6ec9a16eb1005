"""Find why a workload costs more or less: move its price from one side to the other, one factor at a time."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

from gpt41_cli.catalog import Market, Offer
from gpt41_cli.config.tables import DAYS_PER_MONTH
from gpt41_cli.errors import MissingPrice
from gpt41_cli.prices.tools import price_storage_per_day, price_tools
from gpt41_cli.pricing import Rates, ToolUse, price
from gpt41_cli.tokens.pieces import SCHEMA, TOOLS
from gpt41_cli.workloads.costing import WorkloadCost

PRICES, SURCHARGE, VOLUME, STORAGE = "price table", "long-context surcharge", "volume", "file storage"
PROMPT_TOKENS, SCHEMA_AND_TOOLS = "prompt tokens", "schema and tools"
ADDED, REMOVED = "added workloads", "removed workloads"

CAUSE_FIELDS = (
    (PROMPT_TOKENS, "prompt_tokens"),
    (SCHEMA_AND_TOOLS, "schema_tokens"),
    ("output", "output_tokens"),
    ("cache", "cached_share"),
    ("built-in tools", "tools"),
    ("model", "model"),
    ("mode", "mode"),
    ("platform", "platform"),
)
"""The causes that change the mean request, in this order, and the fields that each replaces."""

_PRICE_DECIDING_CAUSES = ("built-in tools", "model", "mode", "platform")

CAUSE_NAMES = (
    PRICES,
    *(name for name, _ in CAUSE_FIELDS),
    *(" and ".join(names) for many in (2, 3, 4) for names in combinations(_PRICE_DECIDING_CAUSES, many)),
    SURCHARGE,
    VOLUME,
    STORAGE,
    ADDED,
    REMOVED,
)
"""All causes. A factor without a price of its own is charged together with the next one that decides on a price."""

_MILLION = 1_000_000


class Cause(NamedTuple):
    """What changed a price: one factor, or several that have a price only together. A negative `usd` is a saving."""

    factors: tuple[str, ...]
    usd: Fraction

    @property
    def name(self) -> str:
        """One of CAUSE_NAMES."""
        return " and ".join(self.factors)


class CostAndTokens(NamedTuple):
    """Dollars, expected and highest possible, and expected tokens. Exact fractions, since a mean isn't whole."""

    expected_usd: Fraction
    high_usd: Fraction
    input_tokens: Fraction
    output_tokens: Fraction

    def multiplied_by(self, many: Fraction) -> CostAndTokens:
        """Return the amounts multiplied by a number."""
        return CostAndTokens(*(amount * many for amount in self))

    def plus_usd(self, usd: Fraction) -> CostAndTokens:
        """Return the amounts with dollars added."""
        return self._replace(expected_usd=self.expected_usd + usd, high_usd=self.high_usd + usd)


class MeanRequest(NamedTuple):
    """The mean request of a workload in tokens, and how it is bought.

    `cached_share` is that of its input without what `tools` find, which isn't in these tokens.
    """

    prompt_tokens: Fraction
    schema_tokens: Fraction
    output_tokens: Fraction
    cached_share: Fraction
    tools: ToolUse
    model: str
    mode: str
    platform: str

    def price_tokens(self, rates: Rates) -> Fraction:
        """Price its own tokens without surcharge. Without a cached rate, cached tokens are ordinary input."""
        tokens = self.prompt_tokens + self.schema_tokens
        cached = 0 if rates.cached_input is None else tokens * self.cached_share
        cached_rate = Fraction(rates.cached_input or 0)
        full = (tokens - cached) * Fraction(rates.input) + self.output_tokens * Fraction(rates.output)
        return (full + cached * cached_rate) / _MILLION


class WorkloadCostNow(NamedTuple):
    """A workload at the prices of one day: its mean request, the surcharge in the price of one, and the storage per month."""

    costing: WorkloadCost
    mean_request: MeanRequest
    cost_per_request: CostAndTokens
    surcharge_usd: Fraction
    storage_monthly_usd: Fraction = Fraction(0)


def find_offer(market: Market, mean: MeanRequest) -> Offer:
    """Return the offer for a request. Raises Gpt41Error if there is none."""
    catalog = market.catalog
    return market.on_platform(catalog.platform(mean.platform)).offer(catalog.variant(mean.model), mean.mode)


def price_request(market: Market, mean: MeanRequest) -> Fraction:
    """Price a request and its tools, without any surcharge. Raises Gpt41Error if it has no price."""
    offer = find_offer(market, mean)
    charged = sum((Fraction(tool.usd) for tool in price_tools(offer, mean.tools, 1)), Fraction(0))
    search_tokens = market.catalog.count_search_tokens(offer.variant, mean.tools) or 0
    return mean.price_tokens(offer.row.rates) + charged + search_tokens * Fraction(offer.row.rates.input) / _MILLION


def reprice_workload(market: Market, costing: WorkloadCost) -> WorkloadCostNow:
    """Price a workload at today's prices, whatever prices it had. Raises Gpt41Error if it has none.

    The requests that paid a surcharge then pay the one of today, as their lengths aren't saved. What the longest answers add to
    the expected price changes with the price of output.
    """
    mean = compute_mean_request(costing)
    offer = find_offer(market, mean)
    rates, surcharge = offer.row.rates, Fraction(0)
    if rule := offer.variant.model.surcharge:
        scaled = rates.with_multipliers(rule.input_multiplier, rule.output_multiplier)
        dear, plain = (Fraction(price(costing.surcharged_usage, prices).total_usd) for prices in (scaled, rates))
        surcharge = (dear - plain) / costing.requests
    expected = price_request(market, mean) + surcharge
    tokens = (mean.prompt_tokens + mean.schema_tokens, mean.output_tokens)
    cost = CostAndTokens(expected, expected + _compute_high_extra_usd(costing, rates), *tokens)
    stored = Fraction(price_storage_per_day(offer, costing.tools)) * DAYS_PER_MONTH
    return WorkloadCostNow(costing, mean, cost, surcharge, stored)


def compute_mean_request(costing: WorkloadCost) -> MeanRequest:
    """Compute the mean request of a workload."""
    declared = costing.parts.get(SCHEMA, 0) + costing.parts.get(TOOLS, 0)
    tokens = costing.input_tokens
    return MeanRequest(
        Fraction(tokens - declared, costing.requests),
        Fraction(declared, costing.requests),
        Fraction(costing.output_tokens.expected, costing.requests),
        Fraction(costing.cached_tokens, tokens) if tokens else Fraction(0),
        costing.tools._replace(storage_gb=0),
        costing.model,
        costing.mode,
        costing.platform,
    )


def _compute_high_extra_usd(costing: WorkloadCost, rates: Rates) -> Fraction:
    """Compute how much more a request may cost than expected."""
    if costing.rates.output:
        more = Fraction(costing.high_usd) - Fraction(costing.expected_usd)
        return more * Fraction(rates.output) / Fraction(costing.rates.output) / costing.requests
    high, low = costing.output_tokens.high, costing.output_tokens.expected
    return (high - low) * Fraction(rates.output) / _MILLION / costing.requests


def find_causes(before: WorkloadCostNow, after: WorkloadCostNow, market: Market) -> Iterator[Cause]:
    """Find what moves the price of a request from one side to the other at today's prices. The causes add up to the whole change.

    Each step replaces one factor and keeps the others: earlier ones in CAUSE_FIELDS as they are after, later ones as they were
    before. So the order decides how the joint effect of two factors is charged. The cached share stays while the input grows. If
    one model counts the same text as more tokens, that is in the prompt tokens. A model, mode or platform without a price of its
    own is charged together with the next factor that changes. Surcharges, on either side, are a separate cause.
    """
    at, usd = before.mean_request, before.cost_per_request.expected_usd - before.surcharge_usd
    together: list[str] = []
    for name, field in CAUSE_FIELDS:
        if getattr(at, field) == getattr(after.mean_request, field):
            continue
        at = at._replace(**{field: getattr(after.mean_request, field)})
        together.append(name)
        try:
            now = price_request(market, at)
        except MissingPrice:
            continue
        yield Cause(tuple(together), now - usd)
        usd, together = now, []
    yield Cause((SURCHARGE,), after.surcharge_usd - before.surcharge_usd)
