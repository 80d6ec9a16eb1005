"""Does every workload of gpt41.yaml keep to its budgets, to the limits, and to what it must be?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.commands.check.shared_checks import TOGETHER, Shared, monthly_usd
from gpt41_cli.commands.check.workload_checks import CHECKS
from gpt41_cli.config.tables import DAYS_A_MONTH, Config
from gpt41_cli.display import decimal, money, number
from gpt41_cli.findings import Finding
from gpt41_cli.prices.notes import notes
from gpt41_cli.workloads.contents import Files
from gpt41_cli.workloads.costing import Usd
from gpt41_cli.workloads.priced import Conditions, Priced, price_all


class Checked(NamedTuple):
    """One workload, and what each check found; None of what does not apply to it."""

    priced: Priced
    found: Mapping[str, tuple[Finding, ...]]


class Check(NamedTuple):
    """All workloads. `shared` is what is checked of them together; `monthly_usd` None where a volume is missing."""

    workloads: tuple[Checked, ...]
    shared: Mapping[str, tuple[Shared, ...]]
    monthly_usd: Usd | None
    notes: tuple[str, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that was found."""
        own = [finding for each in self.workloads for found in each.found.values() for finding in found]
        return (*own, *(each.finding for found in self.shared.values() for each in found))

    def about(self, workload: Checked) -> list[Finding]:
        """What was found about one workload, by itself or together with others."""
        name = workload.priced.declared.name
        own = [finding for found in workload.found.values() for finding in found]
        return [*own, *(each.finding for found in self.shared.values() for each in found if name in each.workloads)]


def check(config: Config, files: Files, conditions: Conditions) -> Check:
    """Every workload, priced and held against everything that applies to it."""
    priced = price_all(config, files, conditions)
    shared = {name: check(config, priced, conditions) for name, check in TOGETHER.items()}
    return Check(
        tuple(Checked(each, _applied(each, conditions)) for each in priced),
        {name: tuple(found) for name, found in shared.items() if found is not None},
        monthly_usd(priced),
        tuple(_notes(priced, conditions)),
    )


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
    yield from _free_storage(priced, conditions)


def _free_storage(priced: Sequence[Priced], conditions: Conditions) -> Iterator[str]:
    """What several workloads that store files cost more where they share an account, and with it what is free."""
    stored = {each.declared.name: each.declared.tools.storage_gb for each in priced if each.declared.tools.storage_gb}
    prices = conditions.catalog.tools
    if len(stored) > 1 and prices:
        price = prices.file_storage
        free = sorted(min(gb, price.free_gb) for gb in stored.values())[:-1]
        usd = money(decimal(Fraction(price.usd_per_gb_day) * DAYS_A_MONTH * sum(free)))
        taken = f"{number(price.free_gb)} GB of what is stored cost nothing, which is taken off each"
        yield f"{', '.join(stored)}: {taken}: in one account, they cost {usd} a month more together [{price.source.label}]."
