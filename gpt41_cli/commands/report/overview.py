"""The figures of the report: what every workload costs, what it would cost elsewhere, and where the lines cross."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import combinations, pairwise
from math import ceil
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Market, Variant
from gpt41_cli.catalog.tables import Lifecycle, Platform
from gpt41_cli.code.uses import CodeUse
from gpt41_cli.commands.check.check import ConfigCheck
from gpt41_cli.commands.check.workload_checks import make_wishes
from gpt41_cli.commands.recommend.candidates import Candidate, Wishes, get_tolerance, judge_candidate, make_family_context
from gpt41_cli.commands.recommend.choose import Recommendation, recommend
from gpt41_cli.commands.recommend.scores import score_models
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints.rate_limits import get_monthly_limit
from gpt41_cli.display import to_decimal
from gpt41_cli.errors import InputError, UnknownName
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Citation, Finding
from gpt41_cli.notation import PERIODS_PER_MONTH
from gpt41_cli.rules import Group, Level
from gpt41_cli.work.searches import count_search_tokens
from gpt41_cli.work.workload import Assumptions, RequestShape, RequestSize, VariantLoad, Workload
from gpt41_cli.workloads.costing import WorkloadCost
from gpt41_cli.workloads.priced import PricedWorkload
from gpt41_cli.workloads.saved import SavedReport

DEFAULT_TASK = "general"
HOURS_PER_MONTH = 24 * PERIODS_PER_MONTH["day"]


class SpendingLimit(NamedTuple):
    """What may be spent per month, by a budget or by a usage tier."""

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


class CostLine(NamedTuple):
    """What a variant in a mode costs per month: `each_usd` per request, and `fixed_usd` in any case."""

    model: str
    mode: str
    each_usd: Fraction
    fixed_usd: Fraction = Fraction(0)
    fits: bool = True

    @property
    def name(self) -> str:
        """The variant and the mode."""
        return f"{self.model} {self.mode}"

    def usd(self, requests: Fraction) -> Fraction:
        """Price a number of requests."""
        return self.fixed_usd + self.each_usd * requests


class LineCrossing(NamedTuple):
    """Where a line crosses a limit or another line, called `other_label`."""

    line: CostLine
    other_label: str
    requests: Fraction
    usd: Fraction


class ExaminedWorkload(NamedTuple):
    """A workload with the recommendation for its requests.

    `lines` are its own first, then every running candidate with a price; `frontier` are the candidates that no other beats in
    both score and price, the cheapest first. `cache_minimum_tokens` is the least that is cached, if all prompts are shorter.
    `current` is what it uses now, judged by the same wishes.
    """

    subject: ReportedWorkload
    recommendation: Recommendation
    lines: tuple[CostLine, ...]
    crossings: tuple[LineCrossing, ...]
    frontier: tuple[Candidate, ...]
    cache_minimum_tokens: int | None
    current: Candidate

    @property
    def is_kept(self) -> bool:
        """True if it stays on a model that isn't compared, such as a fine-tune or a successor.

        Nothing speaks against that model except a missing score, and it costs no more than what fits.
        """
        choice, own = self.recommendation.choice, self.subject.costing
        compared = {priced_candidate.variant.id for priced_candidate in self.priced_candidates}
        fits = all(exclusion.rule is rules.NO_SCORE for exclusion in self.current.exclusions)
        return (
            choice is not None
            and fits
            and own.model not in compared
            and own.usd_per_request.expected <= compute_request_usd(choice)
        )

    @property
    def choice(self) -> Candidate | None:
        """What to move to or stay with; None if nothing fits, or it stays on a model that isn't compared."""
        return None if self.is_kept else self.recommendation.choice

    @property
    def advised_pair(self) -> tuple[str, str] | None:
        """The recommended variant and mode; None if nothing fits."""
        if self.is_kept:
            return self.subject.costing.model, self.subject.costing.mode
        return (self.choice.variant.id, self.choice.mode) if self.choice else None

    @property
    def each_usd(self) -> Fraction | None:
        """The mean price of a request as recommended; None if nothing fits."""
        if self.is_kept:
            return self.subject.costing.usd_per_request.expected
        return compute_request_usd(self.choice) if self.choice else None

    @property
    def monthly_usd(self) -> Fraction | None:
        """The price per month as recommended; None if nothing fits or there is no volume."""
        monthly = self.subject.costing.monthly_usd
        if self.is_kept:
            return monthly and monthly.expected
        return self.price_month(self.choice) if self.choice else None

    @property
    def is_least(self) -> bool:
        """True if not all tokens are counted: of the work, or of what the searches of the recommended variant find."""
        if self.subject.work.is_lower_bound:
            return True
        return self.choice is not None and self.choice.quote is not None and self.choice.quote.is_lower_bound

    def price_month(self, candidate: Candidate) -> Fraction | None:
        """Price a month at a candidate; None without a volume."""
        costing = self.subject.costing
        return compute_request_usd(candidate) * costing.volume.per_month + costing.storage_monthly_usd if costing.volume else None

    @property
    def priced_candidates(self) -> tuple[Candidate, ...]:
        """All candidates with a price, the fitting ones first."""
        found = (
            *((self.recommendation.choice,) if self.recommendation.choice else ()),
            *self.recommendation.alternatives,
            *self.recommendation.excluded,
        )
        return tuple(each for each in found if each.quote)

    @property
    def running_candidates(self) -> tuple[Candidate, ...]:
        """The priced candidates that run on that day."""
        return tuple(priced_candidate for priced_candidate in self.priced_candidates if not _is_unavailable(priced_candidate))


class ModelEnd(NamedTuple):
    """The end of a model at a platform; None if the table knows of none."""

    variant: Variant
    platform: Platform
    lifecycle: Lifecycle | None


class Overview(NamedTuple):
    """All workloads on a day. `model_ends` are of the models that they use, are advised to use, or could use."""

    as_of: date
    workloads: tuple[ExaminedWorkload, ...]
    model_ends: tuple[ModelEnd, ...]

    @property
    def monthly_usd(self) -> Fraction | None:
        """What all workloads cost per month as they are; None if one has no volume."""
        return _sum_or_none(
            workload.subject.costing.monthly_usd and workload.subject.costing.monthly_usd.expected for workload in self.workloads
        )

    @property
    def recommended_usd(self) -> Fraction | None:
        """What all workloads cost per month as recommended; None if one has no volume or nothing fits."""
        return _sum_or_none(workload.monthly_usd for workload in self.workloads)


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
    unreadable = (each for code in check.code for each in code.unreadable)
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
    note = (
        f"{file} has no single requests: each workload's are taken as equal, so that no surcharge on some of them is seen"
        ", their input as counted by what it runs on"
        f"{', and where it states no task, what it runs on as good enough' if is_open else ''}. "
        f"Its prices are those of {saved.as_of}."
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
    share = score_models(task, catalog, None, [each.id for each in catalog.family]).share.get(variant.id)
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
        (count_search_tokens(catalog, variant, costing.tools) or 0) * costing.requests,
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
        found = count_search_tokens(catalog, variant, costing.tools) or 0
        loaded: dict[RequestSize, int] = {}
        for size, times in sizes.items():
            answer = size.output_tokens if costing.is_ceiling else variant.model.prompt.add_to_answer(size.output_tokens)
            answer += reasoning // many if variant.model.reasoning else 0
            loaded[size._replace(input_tokens=size.input_tokens + found, output_tokens=answer)] = times
        return VariantLoad(loaded)

    terms = Assumptions(sums[2] // many, tools=costing.tools, reasoning_tokens=reasoning // many)
    return Workload(shapes, terms, needs=costing.tools.needed_abilities, _loads={model: load(model) for model in catalog.models})


def examine_workloads(subjects: Sequence[ReportedWorkload], market: Market) -> Overview:
    """Examine all workloads, each with its recommendation for that day. Raises UnknownName or InputError as `recommend` does."""
    workloads = tuple(_examine_workload(subject) for subject in subjects)
    return Overview(market.as_of, workloads, tuple(_find_model_ends(workloads, market.catalog)))


def _examine_workload(subject: ReportedWorkload) -> ExaminedWorkload:
    catalog, work, variant = subject.market.catalog, subject.work, subject.variant
    found = recommend(subject.market, work, subject.wishes)
    shortest = catalog.limits.prompt_cache.minimum_tokens
    is_cacheable = work.load_on(catalog, variant).input_range[1] >= shortest
    context = make_family_context(subject.market, work, subject.wishes, variant)
    own = judge_candidate(context, variant, subject.costing.mode)
    examined = ExaminedWorkload(subject, found, (), (), (), None if is_cacheable else shortest, own)
    lines = tuple(_make_cost_lines(examined))
    return examined._replace(
        lines=lines,
        crossings=tuple(_find_crossings(lines, subject.ceilings)),
        frontier=tuple(_find_frontier(examined.running_candidates)),
    )


def _make_cost_lines(examined: ExaminedWorkload) -> Iterator[CostLine]:
    costing, variant = examined.subject.costing, examined.subject.variant
    hosting = variant.fine_tuned.hosting.get(costing.platform) if variant.fine_tuned else None
    hosting_usd = Fraction(hosting.usd) * HOURS_PER_MONTH if hosting else Fraction(0)
    stored_usd = costing.storage_monthly_usd
    own = next(
        (
            priced_candidate
            for priced_candidate in examined.priced_candidates
            if (priced_candidate.variant.id, priced_candidate.mode) == (costing.model, costing.mode)
        ),
        None,
    )
    fits = own is None or not own.exclusions
    yield CostLine(costing.model, costing.mode, costing.usd_per_request.expected, hosting_usd + stored_usd, fits)
    for running_candidate in examined.running_candidates:
        if (running_candidate.variant.id, running_candidate.mode) != (costing.model, costing.mode):
            yield CostLine(
                running_candidate.variant.id,
                running_candidate.mode,
                compute_request_usd(running_candidate),
                stored_usd,
                fits=not running_candidate.exclusions,
            )


def _find_crossings(lines: Sequence[CostLine], ceilings: Sequence[SpendingLimit]) -> Iterator[LineCrossing]:
    """Find where lines cross limits, and where lines with different fixed costs cross each other."""
    for line in lines:
        for ceiling in ceilings:
            if line.each_usd and ceiling.usd > line.fixed_usd:
                usd = Fraction(ceiling.usd)
                yield LineCrossing(line, ceiling.label, (usd - line.fixed_usd) / line.each_usd, usd)
    for one, other in combinations(lines, 2):
        dearer = one.each_usd - other.each_usd
        requests = (other.fixed_usd - one.fixed_usd) / dearer if dearer else Fraction(0)
        if requests > 0:
            yield LineCrossing(one, other.name, requests, one.usd(requests))


def _find_frontier(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    best = Fraction(-1)
    scored = [
        candidate
        for candidate in candidates
        if candidate.score_share is not None and all(Group.TRADE_OFF in finding.rule.groups for finding in candidate.exclusions)
    ]
    for each in sorted(scored, key=lambda each: (compute_request_usd(each), -(each.score_share or 0))):
        assert each.score_share is not None
        if each.score_share > best:
            best = each.score_share
            yield each


def compute_request_usd(candidate: Candidate) -> Fraction:
    """Compute the exact mean price of a request at a candidate."""
    assert candidate.quote is not None
    return Fraction(candidate.quote.total_usd) / candidate.quote.usage.requests


def _is_unavailable(candidate: Candidate) -> bool:
    return any(Group.UNAVAILABLE in finding.rule.groups for finding in candidate.exclusions)


def _find_model_ends(workloads: Sequence[ExaminedWorkload], catalog: Catalog) -> Iterator[ModelEnd]:
    """Find the end of each model once per platform where it is used, and of the family on every such platform."""
    found: dict[tuple[str, str], ModelEnd] = {}
    for workload in workloads:
        platform = workload.subject.market.platform
        chosen = [workload.recommendation.choice.variant] if workload.recommendation.choice else []
        for variant in (workload.subject.variant, *chosen, *catalog.family):
            found.setdefault((variant.id, platform.id), ModelEnd(variant, platform, variant.lifecycles.get(platform.provider)))
    yield from found.values()


def _sum_or_none(amounts: Iterable[Fraction | None]) -> Fraction | None:
    """Add up amounts to 12 places, as they are printed for programs; None if one is missing."""
    total = Fraction(0)
    for amount in amounts:
        if amount is None:
            return None
        total += Fraction(to_decimal(amount))
    return total
