"""TODO docstring"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.catalog import Catalog
from gpt41_cli.config.places import placed
from gpt41_cli.config.tables import Config, Declaration, Range
from gpt41_cli.prices.quote import Quote, quote, usage_by_rates
from gpt41_cli.prices.tools import charges, storage_usd_per_day
from gpt41_cli.pricing import Usage
from gpt41_cli.workloads.contents import Files, read
from gpt41_cli.workloads.costing import Costing, Requirements

if TYPE_CHECKING:
    from gpt41_cli.work.workload import Workload
    from gpt41_cli.workloads.contents import Contents


def price_all(config: Config, files: Files, conditions: Conditions) -> list[Priced]:
    """Every workload at its price. InputError, with the place in gpt41.yaml, for one that cannot be read or has no price."""
    found = []
    for declared in config.workloads.values():
        contents = read(declared, files, conditions.catalog, conditions.jobs)
        found.append(cost(declared, contents, conditions.catalog, conditions.as_of))
    return found


class Conditions(NamedTuple):
    """Under which the workloads are checked: `retires_within` is how soon the end of a model is an error."""

    catalog: Catalog
    as_of: date
    retires_within: timedelta | None = None
    jobs: int | None = None


class Priced(NamedTuple):
    """A workload as it is declared, what it sends, and what that costs: as it is expected, and with answers as long as they may
    be (`high`; the same object where that is no other length).
    """

    declared: Declaration
    contents: Contents
    work: Workload
    high: Workload
    quote: Quote
    costing: Costing

    @property
    def is_least(self) -> bool:
        """Whether it has tokens that nobody outside can count, so that its price is the least that it costs."""
        return (self.quote.is_least or self.work.lower_bounds > 0) and not self.costing.is_ceiling


def cost(declared: Declaration, contents: Contents, catalog: Catalog, as_of: date) -> Priced:
    """The price of a workload on that day. InputError, with the place in gpt41.yaml, where it has none."""
    with placed(declared, ""):
        offer = catalog.offer(contents.variant, contents.mode, declared.platform, as_of)
    work = high = contents.work
    if declared.output_tokens and declared.output_tokens.high != declared.output_tokens.expected:
        high = contents.at_most(declared.output_tokens.high)
    with placed(declared, "tools"):
        stored = storage_usd_per_day(catalog, offer, declared.tools)
        charges(catalog, offer, declared.tools, 1)
    with placed(declared, "cached"):  # the one number of it that may not fit the requests
        expected, most = quote(catalog, offer, work), quote(catalog, offer, high)
    usage = expected.usage
    surcharged = usage_by_rates(offer, work.on(catalog, offer.variant))
    surcharged.pop(offer.row.rates, None)
    costing = Costing(
        name=declared.name,
        model=contents.variant.id,
        mode=contents.mode,
        platform=declared.platform.id,
        requests=usage.requests,
        parts=contents.tally.parts,
        cached_tokens=usage.cached_tokens,
        output_tokens=Range(usage.output_tokens, most.usage.output_tokens),
        volume=declared.volume,
        rates=offer.row.rates,
        surcharged=next(iter(surcharged.values()), Usage()),
        surcharged_rates=next(iter(surcharged), None),
        expected_usd=expected.total_usd,
        high_usd=most.total_usd,
        files=contents.files,
        growth_percent=declared.budget.growth_percent,
        tools=declared.tools,
        storage_usd_per_day=stored,
        is_ceiling=work.is_ceiling,
        requirements=_requirements(declared),
    )
    return Priced(declared, contents, work, high, expected, costing)


def _requirements(declared: Declaration) -> Requirements:
    require = declared.require
    tasks = tuple(task.id for task in require.tasks)
    return Requirements(tasks, require.needs, require.until, require.tolerance, require.deadline, declared.usage_tier)
