"""Price declared workloads with their contents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.catalog import Market
from gpt41_cli.config.tables import Config, WorkloadDeclaration
from gpt41_cli.prices.quote import Quote, price_workload
from gpt41_cli.prices.tools import price_storage_per_day, price_tools
from gpt41_cli.prices.usage_by_rates import UsageByRates
from gpt41_cli.workloads.costing import OutputTokens, Requirements, WorkloadCost
from gpt41_cli.workloads.declared_files import FileLister
from gpt41_cli.workloads.reading import read_contents

if TYPE_CHECKING:
    from gpt41_cli.work.workload import Workload
    from gpt41_cli.workloads.contents import WorkloadContents


def price_declared_workloads(
    config: Config, files: FileLister, conditions: CheckOptions, *, inspects_batch: bool = False
) -> list[PricedWorkload]:
    """Read and price every workload; `inspects_batch` as for `read_contents`.

    Raises InputError, with the place in gpt41.yaml, if one cannot be read or has no price.
    """
    priced = []
    catalog = conditions.market.catalog.with_aliases(config.models)
    for declared in config.workloads.values():
        contents = read_contents(declared, files, catalog, conditions.jobs, inspects_batch=inspects_batch)
        priced.append(price_declared_workload(declared, contents, conditions.market))
    return priced


class OpenConfig(NamedTuple):
    """A gpt41.yaml that was read, and the function that finds the files of its workloads."""

    config: Config
    files: FileLister


class PricedConfig(NamedTuple):
    """A gpt41.yaml with its priced workloads."""

    config: Config
    workloads: Sequence[PricedWorkload]

    @property
    def has_volumes(self) -> bool:
        """True if some workload states its volume, so that a month has a price."""
        return any(workload.cost.volume for workload in self.workloads)

    def with_file_names(self) -> PricedConfig:
        """Return the same with the file in the name of each workload."""
        named = []
        for workload in self.workloads:
            name = f"{workload.cost.name} ({self.config.file})"
            named.append(
                workload._replace(declaration=workload.declaration._replace(name=name), cost=workload.cost._replace(name=name))
            )
        return self._replace(workloads=named)


def price_configs(opened: Sequence[OpenConfig], conditions: CheckOptions, *, inspects_batch: bool = False) -> list[PricedConfig]:
    """Read and price the workloads of one file or several. Of several, each name says the file, so that it stays the same when
    another file gets a workload of that name.

    `inspects_batch` and errors as for `price_declared_workloads`.
    """
    priced = [
        PricedConfig(pair.config, price_declared_workloads(*pair, conditions, inspects_batch=inspects_batch)) for pair in opened
    ]
    return [config.with_file_names() for config in priced] if len(priced) > 1 else priced


class CheckOptions(NamedTuple):
    """How workloads are priced and checked: each at the `market` of its own platform. `retires_within` is how soon the end of a
    model is an error.
    """

    market: Market
    retires_within: timedelta | None = None
    jobs: int | None = None


class PricedWorkload(NamedTuple):
    """A workload as declared, its contents, and its price: expected, and with the longest answers (`high_workload`; the
    same object if the length is the same).
    """

    declaration: WorkloadDeclaration
    contents: WorkloadContents
    workload: Workload
    high_workload: Workload
    quote: Quote
    cost: WorkloadCost

    @property
    def market(self) -> Market:
        """The market at whose prices it is priced."""
        return self.quote.offer.market

    @property
    def is_lower_bound(self) -> bool:
        """True if it has tokens that can't be counted, so that its price is a lower bound."""
        return self.quote.is_lower_bound or self.workload.is_lower_bound


def price_declared_workload(declared: WorkloadDeclaration, contents: WorkloadContents, market: Market) -> PricedWorkload:
    """Price a workload on that day. Raises InputError, with the place in gpt41.yaml, if it has no price."""
    with declared.errors_at(""):
        offer = market.on_platform(declared.platform).offer(contents.variant, contents.mode)
    work = high = contents.workload
    if declared.output_tokens and declared.output_tokens.high != declared.output_tokens.expected:
        high = contents.with_output_tokens(declared.output_tokens.high)
    with declared.errors_at("tools"):
        stored = price_storage_per_day(offer, declared.tools)
        price_tools(offer, declared.tools, 1)
    with declared.errors_at("cached"):  # the one number of it that may not fit the requests
        expected, most = price_workload(offer, work), price_workload(offer, high)
    usage = expected.usage
    surcharged = UsageByRates.from_load(offer.variant, work.load_on(market.catalog, offer.variant)).long.usage
    costing = WorkloadCost(
        name=declared.name,
        model=contents.variant.id,
        mode=contents.mode,
        platform=declared.platform.id,
        requests=usage.requests,
        parts=contents.tally.parts,
        cached_tokens=usage.cached_tokens,
        output_tokens=OutputTokens(usage.output_tokens, most.usage.output_tokens, work.terms.reasoning_tokens * usage.requests),
        volume=declared.volume,
        rates=offer.row.rates,
        surcharged_usage=surcharged,
        surcharged_rates=offer.rates_for(surcharged.input_tokens) if surcharged.requests else None,
        expected_usd=expected.total_usd,
        high_usd=most.total_usd,
        tokens_by_file=contents.tokens_by_file,
        max_growth_percent=declared.budget.growth_percent,
        tools=declared.tools,
        storage_usd_per_day=stored,
        is_ceiling=work.is_ceiling,
        requirements=_make_requirements(declared),
    )
    return PricedWorkload(declared, contents, work, high, expected, costing)


def _make_requirements(declared: WorkloadDeclaration) -> Requirements:
    require = declared.require
    tasks = tuple(task.id for task in require.tasks)
    return Requirements(tasks, require.needs, require.until, require.tolerance, require.deadline, declared.usage_tier)
