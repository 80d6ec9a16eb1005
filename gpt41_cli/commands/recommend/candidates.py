"""Candidates: every variant in every mode, with its price, its score and what excludes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Market, Variant
from gpt41_cli.catalog.evaluation import Evaluation
from gpt41_cli.catalog.evidence_tables import Task
from gpt41_cli.commands.recommend.scores import TaskScores, score_models
from gpt41_cli.constraints import abilities, lifecycle, rate_limits, request_limits
from gpt41_cli.display import format_exact, format_rate, format_score_below, format_total
from gpt41_cli.durations import format_duration
from gpt41_cli.errors import MissingPrice
from gpt41_cli.findings import Finding
from gpt41_cli.prices.notes import FLEX_TIME
from gpt41_cli.prices.quote import Quote, price_workload
from gpt41_cli.pricing import EXACT
from gpt41_cli.work.workload import VariantLoad, Workload

DEFAULT_TASK = "general"
"""The task of work of which nobody says what it is."""


class Wishes(NamedTuple):
    """What the work is, and what it may cost.

    `min_scores` maps a metric to the lowest score allowed; `tolerance` is a share in place of the tasks' own. `times_a_day` is
    how often recurring work is sent, None for work that is sent once; `mode` is the mode of today, if that is known.
    `is_task_assumed`: nobody said what the work is. `has_left_family`: all of it is sent to successors today.
    """

    tasks: tuple[Task, ...]
    prefer: str = "cost"
    tolerance: Decimal | None = None
    min_scores: Mapping[str, Decimal] = {}
    needs: tuple[str, ...] = ()
    deadline: timedelta | None = None
    usage_tier: int | None = None
    times_a_day: Fraction | None = None
    mode: str | None = None
    until: date | None = None
    max_usd: Decimal | None = None
    evaluation: Evaluation | None = None
    is_task_assumed: bool = False
    has_left_family: bool = False


class Candidate(NamedTuple):
    """One variant in one mode: its price and its lowest task score, None if not known, and what excludes it."""

    variant: Variant
    mode: str
    quote: Quote | None
    score_share: Fraction | None
    exclusions: tuple[Finding, ...]

    @property
    def name(self) -> str:
        """Variant and mode, as a bare answer prints them."""
        return f"{self.variant.id} {self.mode}"


class SelectionContext(NamedTuple):
    """Everything a rule may look at. `best` is how sentences name the score that others are compared with."""

    market: Market
    work: Workload
    wishes: Wishes
    scores: tuple[TaskScores, ...]
    best: str

    @property
    def catalog(self) -> Catalog:
        """The price table."""
        return self.market.catalog

    @property
    def metrics(self) -> Mapping[str, Mapping[str, Decimal | None]]:
        """The figures that `min_scores` refers to: the launch benchmarks, overridden by the user's own evaluation."""
        launch = {name: benchmark.scores for name, benchmark in self.catalog.evidence.benchmarks.by_name.items()}
        return {**launch, **(self.wishes.evaluation.scores if self.wishes.evaluation else {})}

    @property
    def used_abilities(self) -> tuple[str, ...]:
        """The abilities of the price table that the requests use but the wishes don't list, sorted."""
        return tuple(sorted((self.work.needs & self.catalog.abilities).difference(self.wishes.needs)))

    @property
    def admits_batch(self) -> bool:
        """True if the answers may wait for a batch: by the deadline or, without one, because the work is sent in batch today."""
        if self.wishes.deadline is None:
            return self.sends_in("batch")
        return self.wishes.deadline >= timedelta(hours=self.catalog.limits.batch.completion_window_hours)

    def sends_in(self, mode: str) -> bool:
        """Return True if the work is sent in this mode today."""
        return mode in (self.work.mode, self.wishes.mode)

    def get_load(self, variant: Variant) -> VariantLoad:
        """Return the workload as `variant` counts it."""
        return self.work.load_on(self.catalog, variant)

    def find_pace(self, variant: Variant, mode: str) -> rate_limits.TierDuration | None:
        """Estimate how long the usage tier takes for work that is sent once; None for other work or if that isn't known."""
        tier = self.wishes.usage_tier
        if tier is None or self.wishes.times_a_day is not None:
            return None
        return rate_limits.estimate_tier_duration(self.catalog, variant, mode, self.get_load(variant), tier)


CandidateRule = Callable[[SelectionContext, Variant, str], Iterator[Finding]]


def judge_candidate(case: SelectionContext, variant: Variant, mode: str) -> Candidate:
    """Price a candidate and collect the findings of every rule that excludes it. A missing price excludes it, too."""
    shares = [scores.share.get(variant.id) for scores in case.scores]
    known = [share for share in shares if share is not None]
    lowest = min(known) if known and len(known) == len(shares) else None
    exclusions = [finding for rule in CANDIDATE_RULES for finding in rule(case, variant, mode)]
    try:
        priced = price_workload(case.market.offer(variant, mode), case.work)
    except MissingPrice as error:
        if not any(finding.rule is rules.NEEDS for finding in exclusions):  # a missing ability explains it
            exclusions.append(Finding(rules.MISSING_PRICE, str(error), brief="no price"))
        return Candidate(variant, mode, None, lowest, tuple(exclusions))
    if case.wishes.max_usd is not None and priced.total_usd > case.wishes.max_usd:
        excess = format_total(EXACT.subtract(priced.total_usd, case.wishes.max_usd), case.work.requests)
        text = f"that is {excess} over the {format_rate(case.wishes.max_usd)} allowed"
        exclusions.append(Finding(rules.MAX_USD, text, sources=(priced.offer.row.source,), brief="over the budget"))
    return Candidate(variant, mode, priced, lowest, tuple(exclusions))


def make_family_context(market: Market, work: Workload, wishes: Wishes, variant: Variant) -> SelectionContext:
    """Make the context to judge `variant` in: its scores are compared with the family's best."""
    names = dict.fromkeys((*(member.id for member in market.catalog.family), variant.id))
    scores = tuple(score_models(task, market.catalog, None, list(names)) for task in wishes.tasks)
    return SelectionContext(market, work, wishes, scores, "the family's best")


def _must_be_running(case: SelectionContext, variant: Variant, mode: str) -> Iterator[Finding]:
    released = variant.model.released
    if released and released > case.market.as_of:
        yield Finding(rules.NOT_RELEASED, f"it was released on {released}", sources=(variant.model.source,), brief="not released")
    if life := lifecycle.find_past_shutdown(case.market, variant):
        yield lifecycle.make_shutdown_finding(case.market.platform, life)


def _must_run_until(case: SelectionContext, variant: Variant, mode: str) -> Iterator[Finding]:
    life = variant.lifecycles.get(case.market.platform.provider)
    until = case.wishes.until
    if until and life and life.shutdown and case.market.as_of < life.shutdown <= until:
        named = f"; its official replacement is {life.replacement}" if life.replacement else ""
        text = f"it ends on {life.shutdown}, before {until} is over{named}"
        yield Finding(rules.UNTIL, text, sources=(life.source,), brief=f"ends {life.shutdown}")


def _must_have_what_is_needed(case: SelectionContext, variant: Variant, mode: str) -> Iterator[Finding]:
    model = variant.model
    # The table lists all abilities of the family, but of other models only those that its sources happen to state.
    used = case.used_abilities if model.role == "family" else ()
    yield from abilities.find_missing_abilities(case.catalog, variant, (*case.wishes.needs, *used), case.get_load(variant))


def _must_fit_limits(case: SelectionContext, variant: Variant, mode: str) -> Iterator[Finding]:
    yield from request_limits.find_exceeded_limits(case.catalog, variant, mode, case.get_load(variant))


def _must_reach_the_scores(case: SelectionContext, variant: Variant, mode: str) -> Iterator[Finding]:
    own = case.wishes.evaluation.scores if case.wishes.evaluation else {}
    for metric, least in case.wishes.min_scores.items():
        sources = () if metric in own else (case.catalog.evidence.benchmarks.source,)
        score = case.metrics[metric].get(variant.id)
        if score is None:
            yield Finding(rules.MIN_SCORE, f"its {metric} score isn't known", sources=sources, brief=f"no {metric}")
        elif score < least:
            text = f"its {metric} is {format_exact(score)}, below the required {format_exact(least)}"
            yield Finding(rules.MIN_SCORE, text, sources=sources, brief=f"{metric} {format_exact(score)}")


def _must_be_near_the_best(case: SelectionContext, variant: Variant, mode: str) -> Iterator[Finding]:
    for scores in case.scores:
        if variant.id not in scores.share:
            continue  # an ended family isn't compared with its replacements
        share, least = scores.share[variant.id], 1 - get_tolerance(case.wishes, scores.task)
        if share is None:
            names = ", ".join(scores.missing[variant.id])
            text = f"its {names} score isn't known for {scores.task.id}"
            yield Finding(rules.NO_SCORE, text, sources=scores.sources, brief="no score")
        elif share < Fraction(least):
            needed, short = f"{format_exact(least * 100)} %", format_score_below(share, Fraction(least))
            figures = scores.format_figures(variant.id)
            text = f"it scores {short} of {case.best} for {scores.task.id} ({figures}); {needed} is required"
            yield Finding(rules.TOLERANCE, text, actual=short, allowed=needed, sources=scores.sources, brief=f"below {needed}")


def _must_meet_the_deadline(case: SelectionContext, variant: Variant, mode: str) -> Iterator[Finding]:
    hours = case.catalog.limits.batch.completion_window_hours
    deadline = case.wishes.deadline
    if mode == "flex" and not case.sends_in(mode):
        yield Finding(rules.DEADLINE, FLEX_TIME, sources=(case.catalog.limits.flex.source,), brief="no time promised")
    if mode == "batch" and not case.admits_batch:
        text = f"batch answers within {hours} hours: a deadline of {hours}h allows it"
        allowed, sources = None, (case.catalog.limits.batch.source,)
        if deadline is not None:
            text = f"batch answers within {hours} hours, later than {format_duration(int(deadline.total_seconds()))}"
            allowed = f"{deadline // timedelta(minutes=1)}m"
        yield Finding(rules.DEADLINE, text, None, None, f"{hours}h", allowed, sources=sources, brief=f"needs {hours} h")
    elif deadline is not None:
        duration = case.find_pace(variant, mode)
        if duration and duration.seconds > deadline // timedelta(seconds=1):
            yield duration.finding


def _must_be_done_before_the_end(case: SelectionContext, variant: Variant, mode: str) -> Iterator[Finding]:
    """Exclude a model that ends before work that is sent once is done. Recurring work simply goes on until the end."""
    if case.wishes.times_a_day is not None:
        return
    duration = case.find_pace(variant, mode)
    window = timedelta(hours=case.catalog.limits.batch.completion_window_hours) if mode == "batch" else timedelta(0)
    seconds = duration.seconds if duration else window // timedelta(seconds=1)
    if late := lifecycle.find_end_before_done(case.market, variant, seconds):
        yield late


def _must_pass_the_tier(case: SelectionContext, variant: Variant, mode: str) -> Iterator[Finding]:
    if case.wishes.usage_tier is not None:
        blocked = rate_limits.find_tier_block(case.catalog, variant, mode, case.get_load(variant), case.wishes.usage_tier)
        if blocked:
            yield blocked


def _must_keep_pace(case: SelectionContext, variant: Variant, mode: str) -> Iterator[Finding]:
    tier, times_a_day = case.wishes.usage_tier, case.wishes.times_a_day
    if tier is None or times_a_day is None:
        return
    sent = [(case.get_load(variant), times_a_day)]
    behind = rate_limits.find_rate_shortfall(case.catalog, variant, sent, tier, in_batch=mode == "batch")
    if behind:
        yield Finding(rules.PACE, f"it {behind.description}", sources=(behind.source,), brief=f"too slow in tier {tier}")


def get_tolerance(wishes: Wishes, task: Task) -> Decimal:
    """Return how far below the best score a score may be, as a share."""
    return task.tolerance_percent / 100 if wishes.tolerance is None else wishes.tolerance


CANDIDATE_RULES: tuple[CandidateRule, ...] = (
    _must_be_running,
    _must_run_until,
    _must_have_what_is_needed,
    _must_fit_limits,
    _must_reach_the_scores,
    _must_be_near_the_best,
    _must_meet_the_deadline,
    _must_be_done_before_the_end,
    _must_pass_the_tier,
    _must_keep_pace,
)
