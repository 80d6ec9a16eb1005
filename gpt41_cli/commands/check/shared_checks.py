"""Checks of the workloads of gpt41.yaml together: their total cost and needs, and what they share.

A check is a function and its line in SHARED_CHECKS; it returns what those in `gpt41_cli.commands.check.workload_checks` do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Market, Variant
from gpt41_cli.code.uses import CodeUse
from gpt41_cli.commands.check.workload_checks import find_excess
from gpt41_cli.config.tables import Config
from gpt41_cli.constraints import lifecycle, rate_limits
from gpt41_cli.display import format_exact, format_int, format_money, format_rate, list_first, sanitize, to_decimal
from gpt41_cli.findings import Finding
from gpt41_cli.rules import Level, Rule
from gpt41_cli.workloads.code_calls import CodeCalls, get_declared_model
from gpt41_cli.workloads.costing import UsdRange
from gpt41_cli.workloads.priced import CheckOptions, PricedConfig, PricedWorkload

_MAX_NAMED = 3
"""How many workloads a sentence names."""


class SharedFinding(NamedTuple):
    """A finding about several workloads, and their names. `is_about_sum`: it is about all of them together, not about each."""

    finding: Finding
    workloads: tuple[str, ...]
    is_about_sum: bool = False


SharedFindings: TypeAlias = Sequence[SharedFinding] | None


def sum_monthly_usd(priced: Iterable[PricedWorkload]) -> UsdRange | None:
    """Add up the monthly costs; None if a workload has no volume."""
    return sum_usd_ranges(workload.cost.monthly_usd for workload in priced)


def sum_usd_ranges(amounts: Iterable[UsdRange | None]) -> UsdRange | None:
    """Add up amounts; None if one is missing."""
    expected = high = Fraction(0)
    for amount in amounts:
        if amount is None:
            return None
        expected, high = expected + amount.expected, high + amount.high
    return UsdRange(expected, high)


def _list_workloads(configs: Sequence[PricedConfig]) -> list[PricedWorkload]:
    """List the workloads of all files: limits of an account or a model are checked for all of them together."""
    return [workload for config in configs for workload in config.workloads]


def _check_total_cost(configs: Sequence[PricedConfig], conditions: CheckOptions) -> SharedFindings:
    """Check the budget of each file for its own workloads."""
    checked = [total for config in configs if (total := _check_own_total(config, is_only=len(configs) == 1)) is not None]
    return [finding for total in checked for finding in total] if checked else None


def _check_own_total(priced_config: PricedConfig, *, is_only: bool) -> SharedFindings:
    config, priced = priced_config
    total = "total" if is_only else f"total of {sanitize(config.file)}"
    allowed, monthly = config.budget.monthly_usd, sum_monthly_usd(priced)
    if allowed is None or monthly is None:
        return None
    over, place = find_excess(monthly, allowed), config.locations["budget.monthly_usd"]
    if over:
        finding = Finding(rules.BUDGET_TOTAL, f"{total}: {over.describe('month')}", over.level, place, *over.finding_figures)
        return [SharedFinding(finding, _collect_names(priced), is_about_sum=True)]
    if not any(workload.is_lower_bound for workload in priced):
        return []
    least = to_decimal(monthly.expected)
    text = f"{total}: costs at least {format_money(least)} per month: that may be over the {format_rate(allowed)} allowed"
    finding = Finding(rules.BUDGET_TOTAL, text, Level.WARNING, place, format_exact(least), format_exact(allowed))
    return [
        SharedFinding(finding, _collect_names([workload for workload in priced if workload.is_lower_bound]), is_about_sum=True)
    ]


def _check_tier_spending(configs: Sequence[PricedConfig], conditions: CheckOptions) -> SharedFindings:
    """Check that each usage tier may spend what its workloads cost per month."""
    findings: list[SharedFinding] = []
    by_tier: dict[int, list[PricedWorkload]] = {}
    for workload in _list_workloads(configs):
        if workload.declaration.usage_tier is not None and workload.cost.volume is not None:
            by_tier.setdefault(workload.declaration.usage_tier, []).append(workload)
    for tier, some in by_tier.items():
        total, allowed = sum_monthly_usd(some), Decimal(rate_limits.get_monthly_limit(conditions.market.catalog, tier))
        over = total and find_excess(total, allowed)
        if over:
            text = over.describe("month", f"that tier {tier} may spend")
            findings.append(
                _make_shared_finding(rules.MONTHLY_LIMIT, over.level, text, some, "usage_tier", *over.finding_figures)
            )
    return findings if by_tier else None


def _check_rate_limits(configs: Sequence[PricedConfig], conditions: CheckOptions) -> SharedFindings:
    """Check that the limits of a usage tier let through, every day, what the workloads of a model send.

    Batch work may be done sooner than its completion windows allow, so there it is a warning.
    """
    findings: list[SharedFinding] = []
    groups: dict[tuple[str, int, bool], list[PricedWorkload]] = {}
    for workload in _list_workloads(configs):
        if workload.declaration.usage_tier is not None and workload.cost.volume is not None:
            key = (workload.cost.model, workload.declaration.usage_tier, workload.cost.mode == "batch")
            groups.setdefault(key, []).append(workload)
    for (model, tier, in_batch), some in groups.items():
        catalog, variant = conditions.market.catalog, some[0].contents.variant
        runs = [(workload.workload.load_on(catalog, variant), workload.cost.runs_per_day) for workload in some]
        sent = [(load, times) for load, times in runs if times is not None]
        behind = rate_limits.find_rate_shortfall(catalog, variant, sent, tier, in_batch=in_batch)
        if behind:
            level = Level.WARNING if in_batch else Level.ERROR
            figures = format_exact(to_decimal(behind.needed)), str(behind.allowed)
            findings.append(
                _make_shared_finding(rules.PACE, level, f"{model} {behind.description}", some, "usage_tier", *figures)
            )
    return findings if groups else None


def _check_model_ends(configs: Sequence[PricedConfig], conditions: CheckOptions) -> SharedFindings:
    """Find the end of each model: an error if it is shut down or will be within the time asked about, else a warning."""
    findings: list[SharedFinding] = []
    by_model: dict[tuple[str, str], list[PricedWorkload]] = {}
    for workload in _list_workloads(configs):
        by_model.setdefault((workload.cost.model, workload.cost.platform), []).append(workload)
    for some in by_model.values():
        variant, market = some[0].contents.variant, some[0].market
        for end in lifecycle.check_lifecycle(market, variant):
            finding = end._replace(
                level=Level.ERROR if _ends_soon(market, variant, conditions.retires_within) else Level.WARNING,
                message=f"{list_first(_collect_names(some), _MAX_NAMED)}: {end.message}",
                place=some[0].declaration.locate("model"),
                subject=f"{variant.id} on {market.platform.id}",
            )
            findings.append(SharedFinding(finding, _collect_names(some)))
    return findings


def _ends_soon(market: Market, variant: Variant, within: timedelta | None) -> bool:
    """Return True if a model has ended or will within the time asked about."""
    life = lifecycle.find_announced_shutdown(market, variant)
    if life is None or life.shutdown is None:
        return True
    return within is not None and life.shutdown - market.as_of <= within


def _check_price_table(configs: Sequence[PricedConfig], conditions: CheckOptions) -> SharedFindings:
    return [SharedFinding(finding, ()) for finding in lifecycle.check_price_table_age(conditions.market)]


def _make_shared_finding(
    rule: Rule,
    level: Level,
    text: str,
    some: Sequence[PricedWorkload],
    key: str,
    actual: str | None = None,
    allowed: str | None = None,
) -> SharedFinding:
    """Make a finding about some workloads, at a key of the first one."""
    names, place = _collect_names(some), some[0].declaration.locate(key)
    finding = Finding(rule, f"{list_first(names, _MAX_NAMED)}: {text}", level, place, actual, allowed)
    return SharedFinding(finding, names, is_about_sum=True)


def _collect_names(priced: Iterable[PricedWorkload]) -> tuple[str, ...]:
    return tuple(workload.declaration.name for workload in priced)


def check_code(config: Config, calls: CodeCalls, priced: Sequence[PricedWorkload], catalog: Catalog) -> Iterator[SharedFinding]:
    """Find the models that the code calls and no workload declares, and the workloads whose model the code doesn't call.

    A call with a comment `gpt41: ignore` needs no workload.
    """
    declared = {workload.declaration.name: get_declared_model(catalog, workload) for workload in priced}
    by_model: dict[str, list[CodeUse]] = {}
    for use in calls.uses:
        by_model.setdefault(use.subject, []).append(use)
    for model, uses in by_model.items():
        unknown = [use for use in uses if use.ignored is None]
        if unknown and model not in declared.values():
            more = f" and {format_int(len(unknown) - 1)} more" if len(unknown) > 1 else ""
            verb = "call" if more else "calls"
            text = f"{unknown[0].place.label}{more} {verb} {model}, which no workload declares"
            yield SharedFinding(Finding(rules.CODE_UNDECLARED, text, place=unknown[0].place, subject=model, names_place=True), ())
    for workload in priced:
        name = workload.declaration.name
        if declared[name] not in by_model:
            text = f"{name}: {declared[name]} is called nowhere in {', '.join(config.code)}"
            yield SharedFinding(
                Finding(rules.CODE_UNUSED, text, place=workload.declaration.locate("model"), subject=name), (name,)
            )


SHARED_CHECKS: Mapping[str, Callable[[Sequence[PricedConfig], CheckOptions], SharedFindings]] = {
    "cost per month": _check_total_cost,
    "spend limit of a usage tier": _check_tier_spending,
    "rate limits of a usage tier": _check_rate_limits,
    "end of the models": _check_model_ends,
    "age of the price table": _check_price_table,
}
