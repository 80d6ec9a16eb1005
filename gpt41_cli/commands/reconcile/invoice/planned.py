"""Compare what was charged with what gpt41.yaml expects: by workload if the lines say enough, otherwise by model."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.reconcile.invoice.charged import UNSAID_MODE, ChargedTokens, Invoice
from gpt41_cli.commands.reconcile.invoice.expected import RowKey
from gpt41_cli.commands.reconcile.invoice.rows import find_billed_name, find_rate
from gpt41_cli.config.tables import DAYS_PER_MONTH
from gpt41_cli.display import to_decimal
from gpt41_cli.pricing import EXACT
from gpt41_cli.workloads.priced import PricedWorkload

_MILLION = 1_000_000
_NOTHING = Fraction(0)
STORAGE, TOKENS, TOOLS = "storage", "tokens", "tools"


class PlannedCosts(NamedTuple):
    """What gpt41.yaml, the `file`, expects for the period of an invoice: the workloads at the `providers` that sent it.

    The period is `days` of the `days_of_months` that its months have, or `months` months. `elsewhere` are the names of workloads
    at other providers.
    """

    file: str
    since: date
    until: date
    days: int
    days_of_months: int
    months: Fraction
    providers: Sequence[str]
    workloads: Sequence[PricedWorkload]
    elsewhere: Sequence[str]

    @property
    def without_volume(self) -> list[str]:
        """The names of workloads that don't say how many requests they send."""
        return [workload.cost.name for workload in self.workloads if workload.cost.volume is None]


@dataclass
class PlannedTokens:
    """The tokens that are expected in one direction, and their price in US dollars. `listed_rate` is that of the price table."""

    listed_rate: Fraction
    tokens: Fraction = _NOTHING
    usd: Fraction = _NOTHING

    @property
    def rate(self) -> Fraction:
        """The mean price in dollars per million tokens, that of the price table if no tokens are expected."""
        return self.usd * _MILLION / self.tokens if self.tokens else self.listed_rate


@dataclass
class PlannedRow:
    """A row to compare: the workloads `names` of a model, or something that no workload has.

    `kind` is tokens, or that of an OtherKey. `item` is its project or line item if no workload has it. `expected` and
    `charged` are the tokens by direction. `high_usd` is the price of answers that are as long as they may be.
    """

    kind: str
    names: tuple[str, ...] = ()
    model: str = ""
    item: str = ""
    expected: dict[str, PlannedTokens] = field(default_factory=dict)
    expected_usd: Fraction = _NOTHING
    high_usd: Fraction = _NOTHING
    charged: dict[str, ChargedTokens] = field(default_factory=dict)
    charged_usd: Decimal = Decimal(0)
    has_lines: bool = False
    without_volume: tuple[str, ...] = ()

    @property
    def is_unknown(self) -> bool:
        """True if nothing can be expected, because no workload of the row says how many requests it sends."""
        return bool(self.names) and len(self.without_volume) == len(self.names)

    @property
    def residual_usd(self) -> Decimal:
        """How much more was charged than expected."""
        return EXACT.subtract(self.charged_usd, to_decimal(self.expected_usd))

    @property
    def is_in_range(self) -> bool:
        """True if more was charged than expected, but no more than the longest answers cost."""
        return self.expected_usd < Fraction(self.charged_usd) <= self.high_usd

    def count_charged(self, direction: str) -> Fraction:
        """Count the tokens that were charged: those that the lines state, or those that the money buys at the expected price."""
        charged, rate = self.charged.get(direction, ChargedTokens()), self.expected[direction].rate
        if charged.quantity is not None:
            return Fraction(charged.quantity)
        return Fraction(charged.usd) * _MILLION / rate if rate else _NOTHING

    @property
    def price_ratio(self) -> Fraction | None:
        """The ratio of the price that was charged for the tokens to the expected one; None if the lines don't count tokens."""
        at_rates = _NOTHING
        for direction, charged in self.charged.items():
            if charged.quantity is None:
                return None
            at_rates += Fraction(charged.quantity) * self.expected[direction].rate / _MILLION
        return Fraction(self.charged_usd) / at_rates if at_rates else None


def plan_costs(invoice: Invoice, workloads: Sequence[PricedWorkload], file: str, catalog: Catalog) -> PlannedCosts:
    """Select the workloads that an invoice is about, and count the months that it covers."""
    providers = _find_providers(invoice, catalog)
    since, until = min(invoice.covered_days), max(invoice.covered_days)
    months = list(_list_months(since, until))
    here = [workload for workload in workloads if workload.market.platform.provider in providers]
    return PlannedCosts(
        file,
        since,
        until,
        sum(covered for covered, _ in months),
        sum(length for _, length in months),
        sum((Fraction(covered, length) for covered, length in months), _NOTHING),
        list(providers.values()),
        here,
        [workload.cost.name for workload in workloads if workload.market.platform.provider not in providers],
    )


def _find_providers(invoice: Invoice, catalog: Catalog) -> dict[str, str]:
    """Return the names of the providers that sent an invoice: meters are of their platforms, line items of the first platform."""
    metered = catalog.meters.platforms.values() if catalog.meters and invoice.has_meters else ()
    names = [*([next(iter(catalog.platforms))] if invoice.has_line_items or not metered else ()), *metered]
    return {catalog.platforms[name].provider: catalog.platforms[name].provider_name for name in names}


def _list_months(since: date, until: date) -> Iterator[tuple[int, int]]:
    """Yield how many days of each month are in a period, and how many the month has."""
    first = since.replace(day=1)
    while first <= until:
        length = monthrange(first.year, first.month)[1]
        following = first + timedelta(length)
        yield (min(following - timedelta(1), until) - max(first, since)).days + 1, length
        first = following


def compare_with_plan(invoice: Invoice, planned: PlannedCosts) -> list[PlannedRow]:
    """Pair charged and expected amounts: rows of workloads in their order, then rows of what no workload has."""
    sums = _sum_days(invoice)
    stated = {(key.model, key.mode) for key in sums}
    owners = {key: _find_owners(planned.workloads, key, stated) for key in sums}
    groups = _group_names([workload.cost.name for workload in planned.workloads], owners.values())
    rows = []
    for names in groups:
        row = _plan_row([workload for workload in planned.workloads if workload.cost.name in names], planned)
        for key, charged in sums.items():
            if set(owners[key]) & set(names):
                row.charged.setdefault(key.direction, ChargedTokens()).merge(charged)
                row.charged_usd = EXACT.add(row.charged_usd, charged.usd)
                row.has_lines = True
        rows.append(row)
    unowned = {key: charged for key, charged in sums.items() if not owners[key]}
    return [*rows, *_list_unplanned(unowned, planned), *_list_others(invoice, planned)]


def _sum_days(invoice: Invoice) -> dict[RowKey, ChargedTokens]:
    """Add up the days of an invoice."""
    sums: dict[RowKey, ChargedTokens] = {}
    for key, charged in invoice.tokens.items():
        sums.setdefault(key._replace(day=date.min), ChargedTokens()).merge(charged)
    return sums


def _find_owners(workloads: Sequence[PricedWorkload], key: RowKey, stated: Iterable[tuple[str, str]]) -> list[str]:
    """List the workloads that a line may belong to: those of its project, or else those without a project. A line without a mode
    belongs to the modes that have no lines of their own. A line without a project may belong to any.
    """
    possible = []
    for workload in workloads:
        model = find_billed_name(workload.quote.offer.variant, {name for name, _ in stated})
        mode = workload.cost.mode if (model, workload.cost.mode) in stated else UNSAID_MODE
        if (key.model, key.mode) == (model, mode):
            possible.append(workload)
    if key.project:
        of_project = [owner for owner in possible if owner.declaration.project == key.project]
        possible = of_project or [owner for owner in possible if not owner.declaration.project]
    return [owner.cost.name for owner in possible]


def _group_names(names: Sequence[str], owners: Iterable[Sequence[str]]) -> list[set[str]]:
    """Return sets of names in their order: names that own a line together are in one set."""
    groups = {name: {name} for name in names}
    for together in owners:
        merged = set[str]().union(*(groups[name] for name in together))
        groups |= dict.fromkeys(merged, merged)
    return [group for index, (name, group) in enumerate(groups.items()) if not group & set(names[:index])]


def _plan_row(workloads: Sequence[PricedWorkload], planned: PlannedCosts) -> PlannedRow:
    """Return the row of workloads of one model, with what they should cost in the period."""
    row = PlannedRow(TOKENS, tuple(workload.cost.name for workload in workloads), workloads[0].cost.model)
    row.without_volume = tuple(workload.cost.name for workload in workloads if workload.cost.volume is None)
    for workload in workloads:
        runs = _count_runs(workload, planned)
        usage, bill = workload.quote.usage, workload.quote.bill
        for direction, tokens, usd in (
            ("input", usage.input_tokens - usage.cached_tokens, bill.uncached_input_usd),
            ("cached", usage.cached_tokens, bill.cached_input_usd),
            ("output", usage.output_tokens, bill.output_usd),
            ("written", 0, Decimal(0)),
        ):
            listed = Fraction(find_rate(workload.quote.offer, direction) or 0)
            expected = row.expected.setdefault(direction, PlannedTokens(listed))
            expected.tokens += tokens * runs
            expected.usd += Fraction(usd) * runs
            row.expected_usd += Fraction(usd) * runs
        row.high_usd += Fraction(EXACT.subtract(workload.cost.high_usd, workload.quote.tool_charges_usd)) * runs
    return row


def _count_runs(workload: PricedWorkload, planned: PlannedCosts) -> Fraction:
    """Count how often all requests of a workload are sent in the period; 0 if it doesn't say.

    A volume per hour, day or week is the same on each day, one per month in each month.
    """
    volume = workload.cost.volume
    if volume is None:
        return _NOTHING
    months = planned.months if volume.period == "month" else planned.days / DAYS_PER_MONTH
    return volume.per_month * months / workload.cost.requests


def _list_unplanned(sums: Mapping[RowKey, ChargedTokens], planned: PlannedCosts) -> list[PlannedRow]:
    """List a row for each model that no workload uses, or for each of its projects if workloads of others do."""
    models = {workload.cost.model for workload in planned.workloads}
    rows: dict[tuple[str, str], PlannedRow] = {}
    for key, charged in sums.items():
        item = (key.project or "") if key.model in models else ""
        row = rows.setdefault((key.model, item), PlannedRow(TOKENS, model=key.model, item=item, has_lines=True))
        row.charged_usd = EXACT.add(row.charged_usd, charged.usd)
    return sorted(rows.values(), key=lambda row: -row.charged_usd)


def _list_others(invoice: Invoice, planned: PlannedCosts) -> Iterator[PlannedRow]:
    """Yield a row for tools and one for storage if they were expected or charged, then one for each other line item."""
    rows = {(kind, ""): PlannedRow(kind) for kind in (TOOLS, STORAGE)}
    for workload in planned.workloads:
        called = Fraction(workload.quote.tool_charges_usd) * _count_runs(workload, planned)
        stored = workload.cost.storage_monthly_usd * planned.days / DAYS_PER_MONTH
        for kind, expected in ((TOOLS, called), (STORAGE, stored)):
            rows[kind, ""].expected_usd += expected
            rows[kind, ""].high_usd += expected
    for key, usd in invoice.others.items():
        item = "" if key.kind in (TOOLS, STORAGE) else key.item
        row = rows.setdefault((key.kind, item), PlannedRow(key.kind, item=item))
        row.charged_usd = EXACT.add(row.charged_usd, usd)
        row.has_lines = True
    yield from (row for row in rows.values() if row.has_lines or row.expected_usd)
