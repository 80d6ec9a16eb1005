"""Compute the figures of the report: what every workload costs, what it would cost elsewhere, and where the lines cross."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Market, Variant
from gpt41_cli.catalog.tables import Lifecycle, Platform
from gpt41_cli.commands.recommend.candidates import Candidate, judge_candidate, make_family_context
from gpt41_cli.commands.recommend.choose import Recommendation, recommend
from gpt41_cli.commands.report.inputs import ReportedWorkload, SpendingLimit
from gpt41_cli.display import to_decimal
from gpt41_cli.notation import PERIODS_PER_MONTH
from gpt41_cli.rules import Group

HOURS_PER_MONTH = 24 * PERIODS_PER_MONTH["day"]


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
        is_compared = any(candidate.variant.id == own.model for candidate in self.priced_candidates)
        fits = all(exclusion.rule is rules.NO_SCORE for exclusion in self.current.exclusions)
        if choice is None or is_compared or not fits:
            return False
        return own.usd_per_request.expected <= compute_request_usd(choice)

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
        return tuple(candidate for candidate in self.recommendation.candidates if candidate.quote)

    @property
    def running_candidates(self) -> tuple[Candidate, ...]:
        """The priced candidates that run on that day."""
        return tuple(candidate for candidate in self.priced_candidates if not _is_unavailable(candidate))


class ModelEnd(NamedTuple):
    """The end of a model at a platform; None if the table has none."""

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
        months = (workload.subject.costing.monthly_usd for workload in self.workloads)
        return _sum_or_none(month and month.expected for month in months)

    @property
    def recommended_usd(self) -> Fraction | None:
        """What all workloads cost per month as recommended; None if one has no volume or nothing fits."""
        return _sum_or_none(workload.monthly_usd for workload in self.workloads)


def examine_workloads(subjects: Sequence[ReportedWorkload], market: Market) -> Overview:
    """Examine all workloads, each with its recommendation for that day. Raises UnknownName or InputError as `recommend` does."""
    workloads = tuple(_examine_workload(subject) for subject in subjects)
    return Overview(market.as_of, workloads, tuple(_find_model_ends(workloads, market.catalog)))


def _examine_workload(subject: ReportedWorkload) -> ExaminedWorkload:
    catalog, work, variant = subject.market.catalog, subject.work, subject.variant
    recommendation = recommend(subject.market, work, subject.wishes)
    shortest = catalog.limits.prompt_cache.minimum_tokens
    is_cacheable = work.load_on(catalog, variant).input_range[1] >= shortest
    context = make_family_context(subject.market, work, subject.wishes, variant)
    own = judge_candidate(context, variant, subject.costing.mode)
    examined = ExaminedWorkload(subject, recommendation, (), (), (), None if is_cacheable else shortest, own)
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
    own, stored_usd = (costing.model, costing.mode), costing.storage_monthly_usd
    unfit = [(candidate.variant.id, candidate.mode) for candidate in examined.priced_candidates if candidate.exclusions]
    yield CostLine(*own, costing.usd_per_request.expected, hosting_usd + stored_usd, own not in unfit)
    for candidate in examined.running_candidates:
        name = candidate.variant.id, candidate.mode
        if name != own:
            yield CostLine(*name, compute_request_usd(candidate), stored_usd, name not in unfit)


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
    for candidate in sorted(scored, key=lambda candidate: (compute_request_usd(candidate), -(candidate.score_share or 0))):
        assert candidate.score_share is not None
        if candidate.score_share > best:
            best = candidate.score_share
            yield candidate


def compute_request_usd(candidate: Candidate) -> Fraction:
    """Compute the exact mean price of a request at a candidate."""
    assert candidate.quote is not None
    return Fraction(candidate.quote.total_usd) / candidate.quote.usage.requests


def _is_unavailable(candidate: Candidate) -> bool:
    return any(Group.UNAVAILABLE in finding.rule.groups for finding in candidate.exclusions)


def _find_model_ends(workloads: Sequence[ExaminedWorkload], catalog: Catalog) -> Iterator[ModelEnd]:
    """Find the end of each model once per platform where it is used, and of the family on every such platform."""
    ends: dict[tuple[str, str], ModelEnd] = {}
    for workload in workloads:
        platform = workload.subject.market.platform
        chosen = [workload.recommendation.choice.variant] if workload.recommendation.choice else []
        for variant in (workload.subject.variant, *chosen, *catalog.family):
            ends.setdefault((variant.id, platform.id), ModelEnd(variant, platform, variant.lifecycles.get(platform.provider)))
    yield from ends.values()


def _sum_or_none(amounts: Iterable[Fraction | None]) -> Fraction | None:
    """Add up amounts to 12 places, as they are printed for programs; None if one is missing."""
    total = Fraction(0)
    for amount in amounts:
        if amount is None:
            return None
        total += Fraction(to_decimal(amount))
    return total
