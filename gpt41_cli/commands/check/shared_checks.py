"""What the workloads of gpt41.yaml are held against together: what they cost and need in all, and what they share.

A check is a function and its line in TOGETHER; what it returns is as in `gpt41_cli.commands.check.workload_checks`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from gpt41_cli.catalog import Variant
from gpt41_cli.catalog.tables import Platform
from gpt41_cli.commands.check.workload_checks import excess
from gpt41_cli.config.tables import Config
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints import rate_limits as pace
from gpt41_cli.display import decimal, exact, money, number
from gpt41_cli.findings import Finding, Level
from gpt41_cli.workloads.costing import Usd
from gpt41_cli.workloads.priced import Conditions, Priced

_NAMED = 3
"""Workloads that a sentence names."""


class Shared(NamedTuple):
    """A finding about several workloads, and their names."""

    finding: Finding
    workloads: tuple[str, ...]


Found: TypeAlias = Sequence[Shared] | None


def monthly_usd(priced: Iterable[Priced]) -> Usd | None:
    """What all of them cost in a month; None where one has no volume."""
    expected = high = Fraction(0)
    for each in priced:
        monthly = each.costing.monthly_usd
        if monthly is None:
            return None
        expected, high = expected + monthly.expected, high + monthly.high
    return Usd(expected, high)


def _total(config: Config, priced: Sequence[Priced], conditions: Conditions) -> Found:
    allowed, monthly = config.budget.monthly_usd, monthly_usd(priced)
    if allowed is None or monthly is None:
        return None
    found, place = excess(monthly, allowed), config.places["budget.monthly_usd"]
    if found:
        text = f"all of it together {found.told('month')}"
        return [Shared(Finding("budget-total", found.level, text, place, **found.figures), _names(priced))]
    if not any(each.is_least for each in priced):
        return []
    least = decimal(monthly.expected)
    text = f"all of it together costs at least {money(least)} a month: that may be over the {money(allowed)} allowed"
    finding = Finding("budget-total", Level.WARNING, text, place, exact(least), exact(allowed))
    return [Shared(finding, _names([each for each in priced if each.is_least]))]


def _spending(config: Config, priced: Sequence[Priced], conditions: Conditions) -> Found:
    """Whether each usage tier may spend what its workloads cost in a month."""
    found: list[Shared] = []
    by_tier: dict[int, list[Priced]] = {}
    for each in priced:
        if each.declared.usage_tier is not None and each.costing.volume is not None:
            by_tier.setdefault(each.declared.usage_tier, []).append(each)
    for tier, some in by_tier.items():
        total, allowed = monthly_usd(some), Decimal(pace.monthly_limit(conditions.catalog, tier))
        over = total and excess(total, allowed)
        if over:
            text = over.told("month", f"that tier {tier} may spend")
            found.append(_shared("monthly-limit", over.level, text, some, "usage_tier", **over.figures))
    return found if by_tier else None


def _steady(config: Config, priced: Sequence[Priced], conditions: Conditions) -> Found:
    """Whether the limits of a usage tier let through, day after day, what the workloads of a model send.

    What waits in batch may be done sooner than the window that each part of it may take: there it is a warning.
    """
    found: list[Shared] = []
    groups: dict[tuple[str, int, bool], list[Priced]] = {}
    for each in priced:
        if each.declared.usage_tier is not None and each.costing.volume is not None:
            key = (each.costing.model, each.declared.usage_tier, each.costing.mode == "batch")
            groups.setdefault(key, []).append(each)
    for (model, tier, in_batch), some in groups.items():
        catalog, variant = conditions.catalog, some[0].contents.variant
        sent = [(each.work.on(catalog, variant), times) for each in some if (times := each.costing.times_a_day) is not None]
        behind = pace.falls_behind(catalog, variant, sent, tier, in_batch=in_batch)
        if behind:
            level = Level.WARNING if in_batch else Level.ERROR
            figures = {"actual": exact(decimal(behind.needed)), "allowed": str(behind.allowed)}
            found.append(_shared("pace", level, f"{model} {behind.told}", some, "usage_tier", **figures))
    return found if groups else None


def _last(config: Config, priced: Sequence[Priced], conditions: Conditions) -> Found:
    """For each model, an error where it is shut down or will be within the time asked about, else a warning for its end."""
    found: list[Shared] = []
    by_model: dict[tuple[str, str], list[Priced]] = {}
    for each in priced:
        by_model.setdefault((each.costing.model, each.costing.platform), []).append(each)
    for some in by_model.values():
        variant, platform = some[0].contents.variant, some[0].declared.platform
        for end in lifecycle.check(variant, platform, conditions.as_of):
            finding = end._replace(
                level=Level.ERROR if _ends_soon(variant, platform, conditions) else Level.WARNING,
                message=f"{_listed(_names(some))}: {end.message}",
                location=some[0].declared.place("model"),
                subject=f"{variant.id} on {platform.id}",
            )
            found.append(Shared(finding, _names(some)))
    return found


def _ends_soon(variant: Variant, platform: Platform, conditions: Conditions) -> bool:
    """Whether a model that ends has ended, or will have within the time asked about."""
    life, within = lifecycle.retiring(variant, platform, conditions.as_of), conditions.retires_within
    if life is None or life.shutdown is None:
        return True
    return within is not None and life.shutdown - conditions.as_of <= within


def _table(config: Config, priced: Sequence[Priced], conditions: Conditions) -> Found:
    return [Shared(each, ()) for each in lifecycle.check_table(conditions.catalog, conditions.as_of)]


def _shared(rule: str, level: Level, text: str, some: Sequence[Priced], key: str, **figures: str) -> Shared:
    """A finding about some workloads, at a key of the first of them."""
    names = _names(some)
    return Shared(Finding(rule, level, f"{_listed(names)}: {text}", some[0].declared.place(key), **figures), names)


def _names(priced: Iterable[Priced]) -> tuple[str, ...]:
    return tuple(each.declared.name for each in priced)


def _listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {number(len(names) - _NAMED)} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


TOGETHER: Mapping[str, Callable[[Config, Sequence[Priced], Conditions], Found]] = {
    "cost of a month": _total,
    "spending of a usage tier": _spending,
    "rate limits of a usage tier": _steady,
    "end of the models": _last,
    "age of the price table": _table,
}
