"""Price a Workload at an Offer as a Quote: every term of the price, and what the discounts save."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Offer
from gpt41_cli.prices.tools import ToolCharge, price_tools
from gpt41_cli.prices.usage_by_rates import UsageByRates
from gpt41_cli.pricing import EXACT, Bill, Rates, Usage, price_tokens, sum_usd
from gpt41_cli.work.workload import Workload


class Quote(NamedTuple):
    """The exact price of a workload at one offer. `batch_usd` is the price of the same work in batch, if that has one.

    `rates` are those without surcharge, unless all requests pay one; `surcharged_requests` is how many do. `tool_charges` are the
    built-in tools' prices besides tokens. `is_lower_bound`: the tokens that searches find aren't counted.
    """

    offer: Offer
    usage: Usage
    rates: Rates
    bill: Bill
    batch_usd: Decimal | None = None
    surcharged_requests: int = 0
    tool_charges: tuple[ToolCharge, ...] = ()
    is_lower_bound: bool = False

    @property
    def model(self) -> str:
        """The id of the variant."""
        return self.offer.variant.id

    @property
    def mode(self) -> str:
        """standard, batch, flex or priority."""
        return self.offer.mode

    @property
    def total_usd(self) -> Decimal:
        """The exact price of all requests."""
        return EXACT.add(self.bill.total_usd, self.tool_charges_usd)

    @property
    def tool_charges_usd(self) -> Decimal:
        """The exact price of tools besides tokens."""
        return sum_usd(charge.usd for charge in self.tool_charges)

    @property
    def usd_per_request(self) -> Decimal:
        """The price of one request for display: it may be rounded."""
        return self.total_usd / self.usage.requests

    @property
    def batch_saves_usd(self) -> Decimal | None:
        """The exact saving of batch; negative if losing the cache discount costs more."""
        return None if self.batch_usd is None else EXACT.subtract(self.total_usd, self.batch_usd)


def price_workload(offer: Offer, work: Workload) -> Quote:
    """Price the work at this offer, exactly. Requests above the threshold of a surcharge pay it.

    Raises MissingPrice if a built-in tool that the work uses has no price at this offer.
    """
    tools = work.terms.tools
    charged = price_tools(offer, tools, work.requests)
    load = work.load_on(offer.market.catalog, offer.variant)
    used = UsageByRates.from_load(offer.variant, load)
    return Quote(
        offer,
        load.usage,
        rates=offer.rates_for(load.input_range[0]),
        bill=used.price(offer),
        surcharged_requests=used.long.usage.requests,
        tool_charges=charged,
        is_lower_bound=offer.market.catalog.count_search_tokens(offer.variant, tools) is None,
    )


def add_batch_price(quote: Quote, work: Workload) -> Quote:
    """Return the quote with the price of the same work in batch, if that is another mode and has one."""
    offer = None if quote.mode == "batch" else quote.offer.market.find_offer(quote.offer.variant, "batch")
    return quote if offer is None else quote._replace(batch_usd=price_workload(offer, work).total_usd)


class CacheWrites(NamedTuple):
    """Input written to the prompt cache, and its exact extra cost in US dollars over reading it as input."""

    tokens: int
    extra_usd: Decimal


def price_cache_writes(offer: Offer, work: Workload) -> CacheWrites:
    """Price what is written to the prompt cache: for a replay what it writes, else the most possible.

    Input that is read from the cache isn't written, nor is a prompt below the least that is cached. A replay writes what can be
    read again; how much more is written isn't known, so all unread input is the most. The price is for the first 30 minutes.
    """
    tokens, usd, catalog = 0, Decimal(0), offer.market.catalog
    rules = catalog.find_cache_rules(offer.variant.model)
    for size, many in work.load_on(catalog, offer.variant).sizes.items():
        more = offer.cache_write_extra_for(size.input_tokens)
        if more:
            readable = rules.count_readable(size.input_tokens)
            written = many * max((readable if work.replay or not readable else size.input_tokens) - size.cached_tokens, 0)
            tokens += written
            usd = EXACT.add(usd, price_tokens(written, more))
    return CacheWrites(tokens, usd)
