"""Read the input of the report: the workloads of a gpt41.yaml or of a saved report, with their findings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Market, Variant
from gpt41_cli.code.uses import CodeUse
from gpt41_cli.commands.check.check import ConfigCheck
from gpt41_cli.commands.check.workload_checks import make_wishes
from gpt41_cli.commands.recommend.candidates import DEFAULT_TASK, Wishes, get_tolerance
from gpt41_cli.commands.recommend.scores import score_models
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints.rate_limits import get_monthly_limit
from gpt41_cli.errors import InputError, UnknownName
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Citation, Finding
from gpt41_cli.rules import Group, Level
from gpt41_cli.work.workload import Assumptions, RequestShape, RequestSize, VariantLoad, Workload
from gpt41_cli.workloads.costing import WorkloadCost
from gpt41_cli.workloads.priced import PricedWorkload
from gpt41_cli.workloads.saved import SavedReport


class SpendingLimit(NamedTuple):
    """The limit on spending per month, of a budget or a usage tier."""

    label: str
    usd: Decimal
    source: Citation | None = None


class ReportedWorkload(NamedTuple):
    """A workload to report on: its price as declared, what it sends, and its requirements.

    `search_tokens` are what its web searches find, in addition to the input of its cost. `is_saved`: it comes from a saved
    report, which has only sums, so its requests are taken as equal.
    """

    name: str
    costing: WorkloadCost
    work: Workload
    variant: Variant
    market: Market
    wishes: Wishes
    ceilings: tuple[SpendingLimit, ...] = ()
    search_tokens: int = 0
    is_saved: bool = False


class ReportInput(NamedTuple):
    """The workloads of one gpt41.yaml or saved report, their findings, notes for the reader, and the calls in the code."""

    subjects: tuple[ReportedWorkload, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    left_out: tuple[SkippedPath, ...] = ()
    calls: tuple[CodeUse, ...] = ()

    def named(self, file: str) -> ReportInput:
        """Return the input with the file in each name, for use with several inputs."""
        return self._replace(subjects=tuple(subject._replace(name=f"{subject.name} ({file})") for subject in self.subjects))


def make_checked_input(check: ConfigCheck) -> ReportInput:
    """Make the input of a gpt41.yaml, with everything that `check` finds."""
    left_out = [skipped_file for checked in check.workloads for skipped_file in checked.priced.contents.skipped_files]
    subjects = tuple(_convert_declared(workload.priced) for workload in check.workloads)
    calls = tuple(use for code in check.code for use in code.uses if use.is_call)
    unreadable = (file for code in check.code for file in code.unreadable)
    return ReportInput(subjects, check.findings, check.notes, (*left_out, *unreadable), calls)


def make_saved_input(saved: SavedReport, file: str, market: Market) -> ReportInput:
    """Make the input of a saved report. Raises InputError, with the file, for an unknown model or platform."""
    try:
        subjects = tuple(_convert_saved(cost, market) for cost in saved.costs.values())
    except UnknownName as error:
        raise InputError(location=file, problem=error) from None
    ends = (
        finding for subject in subjects for finding in lifecycle.check_lifecycle(subject.market, subject.variant, Level.ERROR)
    )
    dropped = Group.RECOMPUTED if market.as_of == saved.as_of else Group.RECOMPUTED | Group.DATE_DEPENDENT
    kept = (finding for finding in saved.findings if not finding.rule.groups & dropped)
    is_open = not all(cost.requirements.tasks for cost in saved.costs.values())
    untasked = " If it states no task, its own model is taken as good enough." if is_open else ""
    note = (
        f"{file} has no single requests: those of a workload are taken as equal, with the input that its own model counts, so "
        f"that no surcharge on some of them is seen.{untasked} Its prices are those of {saved.as_of}."
    )
    return ReportInput(subjects, (*kept, *dict.fromkeys(ends), *lifecycle.check_price_table_age(market)), (note,))


def _convert_declared(priced: PricedWorkload) -> ReportedWorkload:
    """Convert a workload of gpt41.yaml."""
    declared, market, variant = priced.declaration, priced.market, priced.contents.variant
    return ReportedWorkload(
        declared.name,
        priced.cost,
        replace(priced.workload, replay=None, _loads={}),  # the cached tokens stay with the requests
        variant,
        market,
        _derive_wishes(market, priced.cost, variant),
        tuple(_find_spending_limits(priced.cost, declared.budget.monthly_usd, market.catalog)),
        priced.quote.usage.input_tokens - priced.cost.input_tokens,
    )


def _derive_wishes(market: Market, costing: WorkloadCost, variant: Variant) -> Wishes:
    wished = make_wishes(market, costing)
    return wished if wished.tasks else _require_current_quality(wished, variant, market.catalog)


def _require_current_quality(wished: Wishes, variant: Variant, catalog: Catalog) -> Wishes:
    """Return the wishes of work without a task: anything that scores no less than its current model is good enough."""
    task = catalog.task(DEFAULT_TASK)
    share = score_models(task, catalog, None, [member.id for member in catalog.family]).share.get(variant.id)
    lacking = Decimal(0) if share is None else Decimal(ceil((1 - share) * 1000)) / 1000
    return wished._replace(tasks=(task,), tolerance=max(lacking, get_tolerance(wished, task)))


def _find_spending_limits(costing: WorkloadCost, budget_usd: Decimal | None, catalog: Catalog) -> Iterator[SpendingLimit]:
    if budget_usd is not None:
        yield SpendingLimit("the monthly budget", budget_usd)
    tier = costing.requirements.usage_tier
    if tier is not None:
        yield SpendingLimit(f"usage tier {tier}", Decimal(get_monthly_limit(catalog, tier)), catalog.limits.usage_tiers.source)


def _convert_saved(costing: WorkloadCost, market: Market) -> ReportedWorkload:
    catalog = market.catalog
    market, variant = market.on_platform(catalog.platform(costing.platform)), catalog.variant(costing.model)
    return ReportedWorkload(
        costing.name,
        costing,
        replace(_make_equal_requests(costing, catalog), mode=costing.mode),  # it waits as long as that mode takes
        variant,
        market,
        _derive_wishes(market, costing, variant),
        tuple(_find_spending_limits(costing, None, catalog)),
        (catalog.count_search_tokens(variant, costing.tools) or 0) * costing.requests,
        is_saved=True,
    )


def _make_equal_requests(costing: WorkloadCost, catalog: Catalog) -> Workload:
    """Make as many requests with the same sums, as equal as whole tokens allow."""
    many, own = costing.requests, catalog.variant(costing.model).model
    answers, reasoning = costing.output_tokens.expected, costing.output_tokens.reasoning
    if not costing.is_ceiling:
        answers = max(answers - many * own.prompt.added_output_tokens - (reasoning if own.reasoning else 0), 0)
    sums = (costing.input_tokens, costing.cached_tokens, answers)
    # The first of them have a token more, as many as are left over.
    ends = sorted({0, many, *(total % many for total in sums)})
    sizes: dict[RequestSize, int] = {}
    shapes: dict[RequestShape, int] = {}
    for start, end in pairwise(ends):
        tokens, cached, answer = (total // many + (start < total % many) for total in sums)
        sizes[RequestSize(tokens, cached, answer)] = end - start
        shape = RequestShape(tokens, cached_tokens=cached)
        shapes[shape] = shapes.get(shape, 0) + end - start

    def load(model: str) -> VariantLoad:
        """Return the same sizes for any model, with what its tools find and its answers add; pictures are in them already."""
        variant = catalog.variant(model)
        search_tokens = catalog.count_search_tokens(variant, costing.tools) or 0
        loaded: dict[RequestSize, int] = {}
        for size, times in sizes.items():
            answer = size.output_tokens if costing.is_ceiling else variant.model.prompt.add_to_answer(size.output_tokens)
            answer += reasoning // many if variant.model.reasoning else 0
            loaded[size._replace(input_tokens=size.input_tokens + search_tokens, output_tokens=answer)] = times
        return VariantLoad(loaded)

    terms = Assumptions(sums[2] // many, tools=costing.tools, reasoning_tokens=reasoning // many)
    return Workload(shapes, terms, needs=costing.tools.needed_abilities, _loads={model: load(model) for model in catalog.models})
