"""Check every workload of gpt41.yaml, or of several such files, against its budgets, limits and requirements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.commands.check.shared_checks import SHARED_CHECKS, SharedFinding, check_code, sum_usd_ranges
from gpt41_cli.commands.check.workload_checks import WORKLOAD_CHECKS, judge_workload
from gpt41_cli.config.tables import DAYS_PER_MONTH
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import format_int, format_money, to_decimal
from gpt41_cli.findings import Finding
from gpt41_cli.prices.notes import write_notes
from gpt41_cli.prices.succession import Succession, find_near_succession, price_replacement
from gpt41_cli.workloads.code_calls import CodeCalls, find_code_calls
from gpt41_cli.workloads.costing import UsdRange
from gpt41_cli.workloads.priced import CheckOptions, OpenConfig, PricedWorkload, price_configs


class CheckedWorkload(NamedTuple):
    """One workload, and the findings of each check; None for a check that doesn't apply."""

    priced: PricedWorkload
    findings_by_check: Mapping[str, tuple[Finding, ...]]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings about it alone."""
        return tuple(finding for findings in self.findings_by_check.values() for finding in findings)


class ReplacedModels(NamedTuple):
    """From the day `ends` on: what follows each model that ends, one for each workload that must move.

    `monthly_usd` is of all workloads, those that stay included, before reasoning tokens if any replacement reasons; its high end
    has the longest answers and all cache writes. It is None if a volume is missing.
    """

    ends: date
    successions: tuple[Succession, ...]
    monthly_usd: UsdRange | None


def find_replaced_models(priced: Sequence[PricedWorkload]) -> ReplacedModels | None:
    """Replace each model that ends soon; None if none does, or one has no replacement with a price."""
    successions: list[Succession] = []
    months: list[UsdRange | None] = []
    for workload in priced:
        if not lifecycle.find_near_shutdown(workload.market, workload.contents.variant):
            months.append(workload.cost.monthly_usd and workload.cost.monthly_usd.rounded)
            continue
        succession = find_near_succession(workload.market, workload.contents.variant, workload.contents.mode, workload.workload)
        if succession is None:
            return None
        successions.append(succession)
        months.append(_price_month(workload, succession))
    if not successions:
        return None
    return ReplacedModels(max(succession.ends for succession in successions), tuple(successions), sum_usd_ranges(months))


def _price_month(priced: PricedWorkload, succession: Succession) -> UsdRange | None:
    cost, replacement = priced.cost, succession.replacement
    if cost.volume is None:
        return None
    mode = replacement.quote.mode
    longest = price_replacement(priced.market, replacement.variant, mode, priced.high_workload) or replacement
    times = Fraction(cost.volume.per_month, cost.requests)
    stored = cost.storage_monthly_usd
    return UsdRange(*(Fraction(usd) * times + stored for usd in (replacement.quote.total_usd, longest.most_usd)))


class ConfigCheck(NamedTuple):
    """All workloads. `shared_findings` are about several together; `code` has the calls in the code that each gpt41.yaml names;
    `monthly_usd`, the sum of what is printed, is None if a volume is missing; `replaced` is what follows models that end soon.
    """

    workloads: tuple[CheckedWorkload, ...]
    shared_findings: Mapping[str, tuple[SharedFinding, ...]]
    code: tuple[CodeCalls, ...]
    monthly_usd: UsdRange | None
    notes: tuple[str, ...]
    replaced: ReplacedModels | None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings."""
        own = [finding for workload in self.workloads for finding in workload.findings]
        return (*own, *(shared.finding for shared in self._shared))

    @property
    def _shared(self) -> list[SharedFinding]:
        return [shared for findings in self.shared_findings.values() for shared in findings]

    def list_own_findings(self, workload: CheckedWorkload) -> list[Finding]:
        """List the findings about one workload, alone or as about others."""
        name = workload.priced.declaration.name
        return [
            *workload.findings,
            *(shared.finding for shared in self._shared if name in shared.workloads and not shared.is_about_sum),
        ]

    @property
    def findings_together(self) -> list[Finding]:
        """The findings about the sum of workloads, or about none of them."""
        return [shared.finding for shared in self._shared if shared.is_about_sum or not shared.workloads]


def check_workloads(opened: Sequence[OpenConfig], conditions: CheckOptions) -> ConfigCheck:
    """Price every workload of the files and run every check that applies."""
    configs = price_configs(opened, conditions, inspects_batch=True)
    priced = [workload for config in configs for workload in config.workloads]
    shared = {name: check(configs, conditions) for name, check in SHARED_CHECKS.items()}
    calls = []
    for open_config, config in zip(opened, configs, strict=True):
        calls.append(CodeCalls({}))
        if open_config.config.code:
            calls[-1] = find_code_calls(open_config.config, open_config.files, conditions.market, conditions.jobs)
            code_findings = check_code(open_config.config, calls[-1], config.workloads, conditions.market.catalog)
            shared["calls in the code"] = [*(shared.get("calls in the code") or ()), *code_findings]
    return ConfigCheck(
        tuple(CheckedWorkload(workload, _run_checks(workload)) for workload in priced),
        {name: tuple(findings) for name, findings in shared.items() if findings is not None},
        tuple(calls),
        sum_usd_ranges(workload.cost.monthly_usd and workload.cost.monthly_usd.rounded for workload in priced),
        tuple(_make_notes(priced, conditions)),
        find_replaced_models(priced),
    )


def _run_checks(priced: PricedWorkload) -> dict[str, tuple[Finding, ...]]:
    judged = judge_workload(priced)
    findings_by_check = {name: check(priced, judged) for name, check in WORKLOAD_CHECKS.items()}
    return {name: tuple(findings) for name, findings in findings_by_check.items() if findings is not None}


def _make_notes(priced: Sequence[PricedWorkload], conditions: CheckOptions) -> Iterator[str]:
    """Write the notes that a reader of the prices needs, and which workloads they are about."""
    of: dict[str, list[str]] = {}
    for workload in priced:
        for note in write_notes(conditions.market.catalog, workload.workload, [workload.quote], with_files=False):
            of.setdefault(note, []).append(workload.declaration.name)
    for note, names in of.items():
        yield note if len(names) == len(priced) else f"{', '.join(names)}: {note}"
    yield from _note_shared_free_storage(priced, conditions)


def _note_shared_free_storage(priced: Sequence[PricedWorkload], conditions: CheckOptions) -> Iterator[str]:
    """Say how much more workloads that store files cost in one account, which has only one free allowance."""
    stored = {
        workload.declaration.name: workload.declaration.tools.storage_gb
        for workload in priced
        if workload.declaration.tools.storage_gb
    }
    prices = conditions.market.catalog.tools
    if len(stored) > 1 and prices:
        price = prices.file_storage
        free = sorted(min(gb, price.free_gb) for gb in stored.values())[:-1]
        usd = format_money(to_decimal(Fraction(price.usd_per_gb_day) * DAYS_PER_MONTH * sum(free)))
        taken = f"each price includes the {format_int(price.free_gb)} GB of free storage"
        yield f"{', '.join(stored)}: {taken}; in one account, they cost {usd} more per month together [{price.source.label}]."
