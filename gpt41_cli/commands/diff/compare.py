"""Compare the workloads of two sides: what moved each price, which files did, and what grew too much."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from pathlib import PurePosixPath
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Market
from gpt41_cli.commands.diff.causes import (
    ADDED,
    PRICES,
    PROMPT_TOKENS,
    REMOVED,
    SCHEMA_AND_TOOLS,
    STORAGE,
    VOLUME,
    Cause,
    CostAndTokens,
    WorkloadCostNow,
    find_causes,
    reprice_workload,
)
from gpt41_cli.commands.diff.code import NO_CODE, CodeComparison, make_code_finding
from gpt41_cli.commands.diff.growth import GrowthBudget, GrowthCheck, check_growth
from gpt41_cli.display import choose_unit_format, format_exact, sanitize, to_decimal
from gpt41_cli.errors import Gpt41Error, MissingPrice, quote_text
from gpt41_cli.findings import Finding, Place
from gpt41_cli.workloads.costing import WorkloadCost

MONTH, REQUEST = "month", "request"

_MAX_FILES = 5
_DECLARES_NOTHING = "declares no workloads: every one is new, and none has grown"
_PROMPT_FACTORS = (PROMPT_TOKENS,), (SCHEMA_AND_TOOLS,)


class DiffSide(NamedTuple):
    """One side of a comparison: its label, the costs of its workloads, and the growth budget of all of them.

    `budget_places` are the places of the workloads, and of that budget under the empty name. `has_config` is False if there was
    no gpt41.yaml.
    """

    label: str
    costs_by_workload: Mapping[str, WorkloadCost]
    growth_percent: Decimal | None = None
    budget_places: Mapping[str, Place] = {}
    has_config: bool = True


ZERO_COST = CostAndTokens(Fraction(0), Fraction(0), Fraction(0), Fraction(0))


class WorkloadChange(NamedTuple):
    """One workload on both sides; None if a side lacks it. Amounts are per `unit`: a month if a side has a volume, else a
    request.

    A side without a volume has nothing per month. `before_cost` is the price before, `repriced_cost` the same work at today's
    prices, `after_cost` the price after. The `causes` add up to the difference of `before_cost` and `after_cost`; factors without
    effect are left out.
    """

    name: str
    before: WorkloadCostNow | None
    after: WorkloadCostNow | None
    unit: str
    before_cost: CostAndTokens
    repriced_cost: CostAndTokens
    after_cost: CostAndTokens
    causes: tuple[Cause, ...]

    @property
    def is_unchanged(self) -> bool:
        """True if neither the price nor the mean request changed."""
        if not (self.before and self.after) or self.gained_volume is not None:
            return False
        return self.before.mean_request == self.after.mean_request and self.before_cost == self.after_cost

    @property
    def gained_volume(self) -> bool | None:
        """True if only the side after has a volume, False if only the side before has; None otherwise."""
        if not (self.before and self.after) or bool(self.before.costing.volume) == bool(self.after.costing.volume):
            return None
        return self.before.costing.volume is None


class TotalChange(NamedTuple):
    """Workloads together: per month those with a volume on a side, or, if none has one, one request of each.

    `excluded_workloads` are the others.
    """

    unit: str
    before_cost: CostAndTokens
    repriced_cost: CostAndTokens
    after_cost: CostAndTokens
    causes: tuple[Cause, ...]
    excluded_workloads: tuple[str, ...]


class FileChange(NamedTuple):
    """A file that adds other tokens to `workloads` than before; None on a side that lacks it."""

    path: str
    workloads: tuple[str, ...]
    tokens_before: int | None
    tokens_after: int | None

    @property
    def token_change(self) -> int:
        """The change in tokens."""
        return (self.tokens_after or 0) - (self.tokens_before or 0)


class Diff(NamedTuple):
    """Two sides compared at the prices of the day `as_of`. `file_changes` are the largest of `changed_file_count`."""

    before: DiffSide
    after: DiffSide
    as_of: date
    workloads: tuple[WorkloadChange, ...]
    total: TotalChange
    file_changes: tuple[FileChange, ...]
    changed_file_count: int
    growth_checks: tuple[GrowthCheck, ...]
    code: CodeComparison
    findings: tuple[Finding, ...]


def compare_sides(before: DiffSide, after: DiffSide, market: Market, code: CodeComparison = NO_CODE) -> Diff:
    """Compare the workloads of two sides by name; `code` says how their code differs.

    Both are priced by `market`, so a changed price never counts as changed work.

    Raises MissingPrice, naming side and workload, if one has no price on that day.
    """
    names = dict.fromkeys((*after.costs_by_workload, *before.costs_by_workload))
    workloads = tuple(
        _compare_workload(name, _reprice_workload(before, name, market), _reprice_workload(after, name, market), market)
        for name in names
    )
    total = sum_changes(workloads)
    moved = _find_file_changes(before.costs_by_workload, after.costs_by_workload)
    checked = check_growth(list(_collect_growth_budgets(before, after, workloads, total, market.as_of)))
    return Diff(
        before,
        after,
        market.as_of,
        workloads,
        total,
        tuple(moved[:_MAX_FILES]),
        len(moved),
        checked,
        code,
        (
            *([] if before.has_config else [Finding(rules.BASE_WITHOUT_CONFIG, f"{before.label} {_DECLARES_NOTHING}")]),
            *(_place_at_grown_file(check.finding, moved) for check in checked if check.finding),
            *_find_longer_prompts(after, workloads, moved, {check.name for check in checked if check.finding}),
            *map(make_code_finding, code.changes),
        ),
    )


def _place_at_grown_file(finding: Finding, moved: Sequence[FileChange]) -> Finding:
    """Place findings about growth at the file that grew most: a pull request changes that file, not gpt41.yaml."""
    grown = [change for change in moved if change.token_change > 0 and finding.subject in (None, *change.workloads)]
    if finding.place is None or not grown:
        return finding
    return finding._replace(place=Place(str(PurePosixPath(finding.place.path).parent / grown[0].path)))


def _find_longer_prompts(
    after: DiffSide, workloads: Iterable[WorkloadChange], moved: Sequence[FileChange], known: Collection[str]
) -> Iterator[Finding]:
    """Make a notice for each workload whose longer prompts cost more, at the file that grew most, where a reviewer looks.

    Another finding covers the `known` workloads.
    """
    for change in workloads:
        usd = to_decimal(sum((cause.usd for cause in change.causes if cause.factors in _PROMPT_FACTORS), Fraction(0)))
        if usd > 0 and change.name not in known:
            text = f"{sanitize(change.name)}: longer prompts cost {choose_unit_format(change.unit)(usd)} more per {change.unit}"
            declared = after.budget_places.get(change.name)
            finding = Finding(rules.PROMPT_GROWTH, text, place=declared, actual=format_exact(usd), subject=change.name)
            placed = _place_at_grown_file(finding, moved)
            if placed.place != declared:
                yield placed


def _reprice_workload(side: DiffSide, name: str, market: Market) -> WorkloadCostNow | None:
    if name not in side.costs_by_workload:
        return None
    try:
        return reprice_workload(market, side.costs_by_workload[name])
    except Gpt41Error as error:
        raise MissingPrice(f"{side.label}: {quote_text(name)}", problem=error) from None


def _compare_workload(name: str, before: WorkloadCostNow | None, after: WorkloadCostNow | None, market: Market) -> WorkloadChange:
    volumes = [side.costing.volume for side in (before, after) if side]
    unit = MONTH if any(volumes) else REQUEST
    many_before, many_after = (_count_requests(side, unit) for side in (before, after))
    stored_before, stored_after = (_scale_storage_usd(side and side.storage_monthly_usd, unit) for side in (before, after))
    stored_then = _scale_storage_usd(before and before.costing.storage_monthly_usd, unit)
    repriced = before.cost_per_request.multiplied_by(many_before).plus_usd(stored_before) if before else ZERO_COST
    was = _get_saved_cost(before).multiplied_by(many_before).plus_usd(stored_then) if before else ZERO_COST
    now = after.cost_per_request.multiplied_by(many_after).plus_usd(stored_after) if after else ZERO_COST
    causes = [Cause((PRICES,), repriced.expected_usd - was.expected_usd)]
    if before and after:
        causes += (Cause(cause.factors, cause.usd * many_before) for cause in find_causes(before, after, market))
        causes.append(Cause((VOLUME,), after.cost_per_request.expected_usd * (many_after - many_before)))
        causes.append(Cause((STORAGE,), stored_after - stored_before))
    else:
        causes.append(Cause((ADDED if after else REMOVED,), now.expected_usd - repriced.expected_usd))
    return WorkloadChange(name, before, after, unit, was, repriced, now, tuple(cause for cause in causes if cause.usd))


def _get_saved_cost(priced: WorkloadCostNow) -> CostAndTokens:
    """Return what a request cost at the prices of its side."""
    usd = priced.costing.usd_per_request
    return priced.cost_per_request._replace(expected_usd=usd.expected, high_usd=usd.high)


def _scale_storage_usd(monthly_usd: Fraction | None, unit: str) -> Fraction:
    """Scale storage to a unit. It belongs to no request."""
    return monthly_usd if monthly_usd and unit == MONTH else Fraction(0)


def _count_requests(priced: WorkloadCostNow | None, unit: str) -> Fraction:
    """Count the requests in a unit."""
    if unit == REQUEST:
        return Fraction(1)
    volume = priced and priced.costing.volume
    return volume.per_month if volume else Fraction(0)


def sum_changes(workloads: Sequence[WorkloadChange]) -> TotalChange:
    """Add up workload changes, with the causes by size."""
    unit = MONTH if any(workload.unit == MONTH for workload in workloads) else REQUEST
    inside = [workload for workload in workloads if workload.unit == unit]
    moved: dict[tuple[str, ...], Fraction] = {}
    for cause in chain.from_iterable(workload.causes for workload in inside):
        moved[cause.factors] = moved.get(cause.factors, Fraction(0)) + cause.usd
    by_size = sorted((Cause(factors, usd) for factors, usd in moved.items() if usd), key=lambda cause: -abs(cause.usd))
    return TotalChange(
        unit,
        _sum_costs(workload.before_cost for workload in inside),
        _sum_costs(workload.repriced_cost for workload in inside),
        _sum_costs(workload.after_cost for workload in inside),
        tuple(by_size),
        tuple(workload.name for workload in workloads if workload.unit != unit),
    )


def _sum_costs(amounts: Iterable[CostAndTokens]) -> CostAndTokens:
    return CostAndTokens(*(sum(figures, Fraction(0)) for figures in zip(ZERO_COST, *amounts, strict=True)))


def _find_file_changes(before: Mapping[str, WorkloadCost], after: Mapping[str, WorkloadCost]) -> list[FileChange]:
    """Find the files that changed, the largest change first. A file that several workloads share is listed once."""
    sides = [
        {(name, path): tokens.input_tokens for name, cost in side.items() for path, tokens in cost.tokens_by_file.items()}
        for side in (before, after)
    ]
    workloads: dict[tuple[str, int | None, int | None], list[str]] = {}
    for name, path in dict.fromkeys(chain(*sides)):
        tokens = [side.get((name, path)) for side in sides]
        if (tokens[0] or 0) != (tokens[1] or 0):
            workloads.setdefault((path, tokens[0], tokens[1]), []).append(name)
    changes = [FileChange(path, tuple(names), *tokens) for (path, *tokens), names in workloads.items()]
    return sorted(changes, key=lambda change: (-abs(change.token_change), change.path))


def _collect_growth_budgets(
    before: DiffSide, after: DiffSide, workloads: Iterable[WorkloadChange], total: TotalChange, as_of: date
) -> Iterator[GrowthBudget]:
    """Collect the growth budgets: of workloads on both sides, and of all together. Changed prices don't count as growth."""

    def base(was: CostAndTokens, repriced: CostAndTokens) -> str:
        return before.label if was == repriced else f"{before.label} at the prices of {as_of}"

    for workload in workloads:
        allowed = workload.after and workload.after.costing.max_growth_percent
        if workload.before and workload.after and allowed is not None:
            unit, was, repriced, now = workload.unit, workload.before_cost, workload.repriced_cost, workload.after_cost
            if workload.gained_volume is not None:  # of a month, there is nothing to have grown from
                unit, was = REQUEST, _get_saved_cost(workload.before)
                repriced, now = workload.before.cost_per_request, workload.after.cost_per_request
            what = (workload.name, f"{sanitize(workload.name)}:", f"per {unit}", base(was, repriced))
            yield GrowthBudget(*what, repriced, now, allowed, after.budget_places.get(workload.name))
    if after.growth_percent is not None and before.has_config:
        unit = "per month" if total.unit == MONTH else "per request of each workload"
        what = ("", "total:", unit, base(total.before_cost, total.repriced_cost))
        yield GrowthBudget(*what, total.repriced_cost, total.after_cost, after.growth_percent, after.budget_places.get(""))
