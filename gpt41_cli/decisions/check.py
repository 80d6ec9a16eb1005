"""Does every workload of gpt41.yaml keep to its budgets, to the limits, and to what it must be?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.catalog import Variant
from gpt41_cli.catalog.tables import Platform
from gpt41_cli.config.tables import Config
from gpt41_cli.decisions import lifecycle, pace
from gpt41_cli.decisions.checks import CHECKS, Conditions, Found, excess
from gpt41_cli.decisions.contents import Files, read
from gpt41_cli.decisions.costing import Priced, Usd, cost
from gpt41_cli.decisions.estimate import notes
from gpt41_cli.display import decimal, exact, money, number
from gpt41_cli.findings import Finding, Level

_NAMED = 3
"""Workloads that a sentence names."""


class Checked(NamedTuple):
    """One workload, and what each check found; None of what does not apply to it."""

    priced: Priced
    found: Mapping[str, tuple[Finding, ...]]


class Check(NamedTuple):
    """All workloads. `found` is what is checked of them together; `monthly_usd` None where a volume is missing."""

    workloads: tuple[Checked, ...]
    found: Mapping[str, tuple[Finding, ...]]
    monthly_usd: Usd | None
    notes: tuple[str, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was found."""
        everything = [*(each.found for each in self.workloads), self.found]
        return tuple(finding for found in everything for findings in found.values() for finding in findings)


def price_all(config: Config, files: Files, conditions: Conditions) -> list[Priced]:
    """Every workload at its price. InputError, with the place in gpt41.yaml, for one that cannot be read or has no price."""
    found = []
    for declared in config.workloads.values():
        contents = read(declared, files, conditions.catalog, conditions.jobs)
        found.append(cost(declared, contents, conditions.catalog, conditions.as_of))
    return found


def check(config: Config, files: Files, conditions: Conditions) -> Check:
    """Every workload, priced and held against everything that applies to it."""
    priced = price_all(config, files, conditions)
    monthly = monthly_usd([each.costing.monthly_usd for each in priced])
    together = {name: check(config, priced, monthly, conditions) for name, check in TOGETHER.items()}
    return Check(
        tuple(Checked(each, _applied(each, conditions)) for each in priced),
        {name: tuple(found) for name, found in together.items() if found is not None},
        monthly,
        tuple(_notes(priced, conditions)),
    )


def monthly_usd(amounts: Sequence[Usd | None]) -> Usd | None:
    """What all of them cost in a month; None where one is not known."""
    known = [each for each in amounts if each is not None]
    if len(known) < len(amounts):
        return None
    return Usd(sum((each.expected for each in known), Fraction(0)), sum((each.high for each in known), Fraction(0)))


def _applied(priced: Priced, conditions: Conditions) -> dict[str, tuple[Finding, ...]]:
    found = {name: check(priced, conditions) for name, check in CHECKS.items()}
    return {name: tuple(each) for name, each in found.items() if each is not None}


def _notes(priced: Sequence[Priced], conditions: Conditions) -> Iterator[str]:
    """What a reader of the prices must know, and of which workloads."""
    of: dict[str, list[str]] = {}
    for each in priced:
        for note in notes(conditions.catalog, each.work, [each.quote], with_files=False):
            of.setdefault(note, []).append(each.declared.name)
    for note, names in of.items():
        yield note if len(names) == len(priced) else f"{', '.join(names)}: {note}"


def _total(config: Config, priced: Sequence[Priced], monthly: Usd | None, conditions: Conditions) -> Found:
    allowed = config.budget.monthly_usd
    if allowed is None or monthly is None:
        return None
    found = excess(monthly, allowed)
    if found is None:
        return []
    text = f"all of it together {found.text} a month, over the {money(allowed)} allowed"
    return [Finding("budget-total", found.level, text, config.places["budget.monthly_usd"], found.actual, exact(allowed))]


def _spending(config: Config, priced: Sequence[Priced], monthly: Usd | None, conditions: Conditions) -> Found:
    """Whether each usage tier may spend what its workloads cost in a month."""
    found: list[Finding] = []
    by_tier: dict[int, list[Priced]] = {}
    for each in priced:
        if each.declared.usage_tier is not None and each.costing.monthly_usd is not None:
            by_tier.setdefault(each.declared.usage_tier, []).append(each)
    for tier, some in by_tier.items():
        total = monthly_usd([each.costing.monthly_usd for each in some])
        assert total is not None
        remark = pace.overspent(conditions.catalog, tier, decimal(total.expected))
        if remark:
            names = _listed([each.declared.name for each in some])
            text = f"{names}: {money(decimal(total.expected))} a month: {remark.text}"
            place = some[0].declared.place("usage_tier")
            found.append(Finding(remark.rule, Level.ERROR, text, place, remark.actual, remark.allowed))
    return found if by_tier else None


def _table(config: Config, priced: Sequence[Priced], monthly: Usd | None, conditions: Conditions) -> Found:
    return lifecycle.check_table(conditions.catalog, conditions.as_of)


def _last(config: Config, priced: Sequence[Priced], monthly: Usd | None, conditions: Conditions) -> Found:
    """For each model, an error where it is shut down, or will be within the time asked about; a warning for its end where none
    was asked about.
    """
    found: list[Finding] = []
    by_model: dict[tuple[str, str], list[Priced]] = {}
    for each in priced:
        by_model.setdefault((each.costing.model, each.costing.platform), []).append(each)
    for some in by_model.values():
        first, names = some[0], [each.declared.name for each in some]
        variant, platform = first.contents.variant, first.declared.platform
        ends = lifecycle.check(variant, platform, conditions.as_of)
        level = _gravity(variant, platform, conditions)
        place = first.declared.place("model")
        found += (each._replace(level=level, message=f"{_listed(names)}: {each.message}", location=place) for each in ends)
    return found


def _gravity(variant: Variant, platform: Platform, conditions: Conditions) -> Level:
    """How much the end of a model weighs."""
    within = conditions.retires_within
    life = lifecycle.retiring(variant, platform, conditions.as_of)
    if life is None or life.shutdown is None:
        return Level.ERROR
    if within is None:
        return Level.WARNING
    return Level.ERROR if life.shutdown - conditions.as_of <= within else Level.NOTICE


def _listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    more = f" and {number(len(names) - _NAMED)} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


TOGETHER: Mapping[str, Callable[[Config, Sequence[Priced], Usd | None, Conditions], Found]] = {
    "cost of a month": _total,
    "spending of a usage tier": _spending,
    "end of the models": _last,
    "age of the price table": _table,
}
