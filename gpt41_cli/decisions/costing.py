"""A workload of gpt41.yaml at its price: all that a budget, a saved report and a comparison need to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.config.places import placed
from gpt41_cli.config.tables import DAYS_A_MONTH, PERIODS, Declaration, Range, Volume
from gpt41_cli.decisions.estimate import Quote, quote, usage_by_rates
from gpt41_cli.decisions.tool_charges import charges, storage_usd_per_day
from gpt41_cli.pricing import NO_TOOLS, Rates, Tools, Usage

if TYPE_CHECKING:  # a saved report is compared without anything that reads requests
    from gpt41_cli.catalog import Catalog
    from gpt41_cli.decisions.contents import Contents
    from gpt41_cli.decisions.workload import Workload


class FileTokens(NamedTuple):
    """What one file adds to a workload."""

    requests: int
    input_tokens: int


class Usd(NamedTuple):
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


class Costing(NamedTuple):
    """The requests at hand of one workload, all of them together, and their price.

    `parts` are their input tokens by part (of PARTS), the cached ones included; `output_tokens` all that is billed as output.
    `rates` are dollars per million tokens; requests that pay a surcharge are `surcharged` (their expected usage, a part of all),
    at `surcharged_rates`. `tools` are those that one request uses: what they cost and what they find is in the price, but not in
    `parts`; what they store costs `storage_usd_per_day` beside the requests. `files` are by their path from
    the folder of gpt41.yaml. `growth_percent` is the budget for growth. `is_ceiling`: answers are as long as requests allow.
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
    tools: Tools = NO_TOOLS
    storage_usd_per_day: Decimal = Decimal(0)
    is_ceiling: bool = False
    requirements: Requirements = NO_REQUIREMENTS

    @property
    def input_tokens(self) -> int:
        """Those of all requests, cached ones included; what tools find is not among them."""
        return sum(self.parts.values())

    @property
    def each_usd(self) -> Usd:
        """The mean price of a request."""
        return Usd(Fraction(self.expected_usd) / self.requests, Fraction(self.high_usd) / self.requests)

    @property
    def monthly_usd(self) -> Usd | None:
        """The price of a month; None where no volume is known."""
        if self.volume is None:
            return None
        each, many, stored = self.each_usd, self.volume.per_month, self.storage_monthly_usd
        return Usd(each.expected * many + stored, each.high * many + stored)

    @property
    def times_a_day(self) -> Fraction | None:
        """How often the requests at hand are sent in a mean day; None where no volume is known."""
        return None if self.volume is None else self.volume.per_month / PERIODS["day"] / self.requests

    @property
    def storage_monthly_usd(self) -> Fraction:
        """What is stored, for a month."""
        return Fraction(self.storage_usd_per_day) * DAYS_A_MONTH


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
