"""What does this work cost: each variant in each mode asked for, every term of the price, and what the discounts save."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Offer
from gpt41_cli.errors import MissingPrice
from gpt41_cli.prices.tools import ToolCharge, charges
from gpt41_cli.pricing import EXACT, Bill, Rates, Usage, price, sum_usd, term
from gpt41_cli.work.searches import found_tokens
from gpt41_cli.work.workload import Load, Workload

"""Abilities that are billed by their calls, beside the tokens."""


class Quote(NamedTuple):
    """The exact price of a workload at one offer. `batch_usd`: the same work in batch, where that has a price.

    `rates` are those below any surcharge, unless all requests pay one; `surcharged` is how many do. `caching_saves_usd` is
    what the cached tokens would cost more as ordinary input. `charges` are what built-in tools cost beside the tokens;
    `is_least`: what their searches find is not counted. `rejected_usd` is the part of the output that is rejected predictions.
    """

    offer: Offer
    usage: Usage
    rates: Rates
    bill: Bill
    caching_saves_usd: Decimal
    batch_usd: Decimal | None = None
    surcharged: int = 0
    charges: tuple[ToolCharge, ...] = ()
    is_least: bool = False
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
        return EXACT.add(self.bill.total_usd, self.charges_usd)

    @property
    def charges_usd(self) -> Decimal:
        """What is billed beside the tokens, exact."""
        return sum_usd(charge.usd for charge in self.charges)

    @property
    def each_usd(self) -> Decimal:
        """The price of one request, for display: it may have been rounded."""
        return self.total_usd / self.usage.requests

    @property
    def batch_saves_usd(self) -> Decimal | None:
        """What batch would save, exact; negative where giving up the cache costs more."""
        return None if self.batch_usd is None else EXACT.subtract(self.total_usd, self.batch_usd)


def quote(catalog: Catalog, offer: Offer, work: Workload) -> Quote:
    """The exact price of the work at this offer. A surcharge is paid by those requests that are above its threshold.

    MissingPrice where a built-in tool that the work uses has no price at this offer.
    """
    tools = work.terms.tools
    charged = charges(catalog, offer, tools, work.requests)
    load = work.on(catalog, offer.variant)
    by_rates = usage_by_rates(offer, load)
    bills = [price(usage, rates) for rates, usage in by_rates.items()]
    bill = Bill(*(sum_usd(terms) for terms in zip(*bills, strict=True)))
    uncached = (price(Usage(usage.requests, usage.cached_tokens), rates).total_usd for rates, usage in by_rates.items())
    return Quote(
        offer,
        load.usage,
        rates=next(iter(by_rates)) if len(by_rates) == 1 else offer.row.rates,
        bill=bill,
        caching_saves_usd=EXACT.subtract(sum_usd(uncached), bill.cached_input_usd),
        surcharged=sum(usage.requests for rates, usage in by_rates.items() if rates != offer.row.rates),
        charges=charged,
        is_least=found_tokens(catalog, offer.variant, tools) is None,
        rejected_usd=_rejected_usd(offer, load),
    )


def _rejected_usd(offer: Offer, load: Load) -> Decimal:
    """What the rejected tokens of predictions cost: they are output."""
    rejected = ((offer.rates(size.input_tokens), size.rejected_tokens * many) for size, many in load.sizes.items())
    return sum_usd(term(tokens, rates.output) for rates, tokens in rejected)


def usage_by_rates(offer: Offer, load: Load) -> dict[Rates, Usage]:
    """What is billed at which rates: a surcharge makes several of one offer."""
    by_rates: dict[Rates, Usage] = {}
    for size, many in load.sizes.items():
        rates = offer.rates(size.input_tokens)
        by_rates[rates] = by_rates.get(rates, Usage()) + size.usage * many
    return by_rates


def with_batch(catalog: Catalog, found: Quote, work: Workload, as_of: date) -> Quote:
    """The quote with the price of the same work in batch, where that is another mode and has one."""
    if found.mode == "batch":
        return found
    try:
        offer = catalog.offer(found.offer.variant, "batch", found.offer.platform, as_of)
    except MissingPrice:
        return found
    return found._replace(batch_usd=quote(catalog, offer, work).total_usd)
