"""What does this work cost: each variant in each mode asked for, every term of the price, and what the discounts save."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Offer
from gpt41_cli.errors import MissingPrice
from gpt41_cli.prices.tools import ToolCharge, price_tools
from gpt41_cli.pricing import EXACT, Bill, Rates, Usage, price, price_tokens, sum_usd
from gpt41_cli.work.searches import count_search_tokens
from gpt41_cli.work.workload import VariantLoad, Workload

"""Abilities that are billed by their calls, beside the tokens."""


class Quote(NamedTuple):
    """The exact price of a workload at one offer. `batch_usd`: the same work in batch, where that has a price.

    `rates` are those below any surcharge, unless all requests pay one; `surcharged_requests` is how many do. `caching_saves_usd`
    is what the cached tokens would cost more as ordinary input. `tool_charges` are what built-in tools cost beside the tokens;
    `is_lower_bound`: what their searches find is not counted. `rejected_usd` is the part of the output that is rejected
    predictions.
    """

    offer: Offer
    usage: Usage
    rates: Rates
    bill: Bill
    caching_saves_usd: Decimal
    batch_usd: Decimal | None = None
    surcharged_requests: int = 0
    tool_charges: tuple[ToolCharge, ...] = ()
    is_lower_bound: bool = False
    rejected_usd: Decimal = Decimal(0)

    @property
    def model(self) -> str:
        """The id of the variant."""
        return self.offer.variant.id

    @property
    def mode(self) -> str:
        """standard, batch or priority."""
        return self.offer.mode

    @property
    def total_usd(self) -> Decimal:
        """The price of all requests, exact."""
        return EXACT.add(self.bill.total_usd, self.tool_charges_usd)

    @property
    def tool_charges_usd(self) -> Decimal:
        """What is billed beside the tokens, exact."""
        return sum_usd(charge.usd for charge in self.tool_charges)

    @property
    def usd_per_request(self) -> Decimal:
        """The price of one request, for display: it may have been rounded."""
        return self.total_usd / self.usage.requests

    @property
    def batch_saves_usd(self) -> Decimal | None:
        """What batch would save, exact; negative where giving up the cache costs more."""
        return None if self.batch_usd is None else EXACT.subtract(self.total_usd, self.batch_usd)


def price_workload(catalog: Catalog, offer: Offer, work: Workload) -> Quote:
    """The exact price of the work at this offer. A surcharge is paid by those requests that are above its threshold.

    MissingPrice where a built-in tool that the work uses has no price at this offer.
    """
    tools = work.terms.tools
    charged = price_tools(catalog, offer, tools, work.requests)
    load = work.load_on(catalog, offer.variant)
    by_rates = group_usage_by_rates(offer, load)
    bills = [price(usage, rates) for rates, usage in by_rates.items()]
    bill = Bill(*(sum_usd(terms) for terms in zip(*bills, strict=True)))
    uncached = (price(Usage(usage.requests, usage.cached_tokens), rates).total_usd for rates, usage in by_rates.items())
    return Quote(
        offer,
        load.usage,
        rates=next(iter(by_rates)) if len(by_rates) == 1 else offer.row.rates,
        bill=bill,
        caching_saves_usd=EXACT.subtract(sum_usd(uncached), bill.cached_input_usd),
        surcharged_requests=sum(usage.requests for rates, usage in by_rates.items() if rates != offer.row.rates),
        tool_charges=charged,
        is_lower_bound=count_search_tokens(catalog, offer.variant, tools) is None,
        rejected_usd=_price_rejected_tokens(offer, load),
    )


def _price_rejected_tokens(offer: Offer, load: VariantLoad) -> Decimal:
    """What the rejected tokens of predictions cost: they are output."""
    rejected = ((offer.rates_for(size.input_tokens), size.rejected_tokens * many) for size, many in load.sizes.items())
    return sum_usd(price_tokens(tokens, rates.output) for rates, tokens in rejected)


def group_usage_by_rates(offer: Offer, load: VariantLoad) -> dict[Rates, Usage]:
    """What is billed at which rates: a surcharge makes several of one offer."""
    by_rates: dict[Rates, Usage] = {}
    for size, many in load.sizes.items():
        rates = offer.rates_for(size.input_tokens)
        by_rates[rates] = by_rates.get(rates, Usage()) + size.usage * many
    return by_rates


def add_batch_price(catalog: Catalog, found: Quote, work: Workload, as_of: date) -> Quote:
    """The quote with the price of the same work in batch, where that is another mode and has one."""
    if found.mode == "batch":
        return found
    try:
        offer = catalog.offer(found.offer.variant, "batch", found.offer.platform, as_of)
    except MissingPrice:
        return found
    return found._replace(batch_usd=price_workload(catalog, offer, work).total_usd)
