"""Every variant in every mode against every rule: what it would cost, how well it would do, what speaks against it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.evaluation import Evaluation
from gpt41_cli.catalog.tables import Platform, Task
from gpt41_cli.decisions import lifecycle, limits
from gpt41_cli.decisions.estimate import Quote, quote
from gpt41_cli.decisions.remarks import Remark
from gpt41_cli.decisions.score import Scores
from gpt41_cli.decisions.workload import Workload
from gpt41_cli.display import exact, money, number, percent
from gpt41_cli.display import score as score_text
from gpt41_cli.errors import MissingPrice


class Wishes(NamedTuple):
    """What the work is and may cost. `min_scores`: metric -> least figure. `tolerance`: a share, in place of the tasks'."""

    tasks: tuple[Task, ...]
    prefer: str = "cost"
    tolerance: Decimal | None = None
    min_scores: Mapping[str, Decimal] = {}
    needs: tuple[str, ...] = ()
    deadline: timedelta | None = None
    usage_tier: int | None = None
    until: date | None = None
    max_usd: Decimal | None = None
    evaluation: Evaluation | None = None


class Candidate(NamedTuple):
    """One variant in one mode: its price where there is one, its lowest task score, and what speaks against it."""

    variant: Variant
    mode: str
    quote: Quote | None
    share: Decimal | None
    exclusions: tuple[Remark, ...]

    @property
    def name(self) -> str:
        """Variant and mode, as a bare answer prints them."""
        return f"{self.variant.id} {self.mode}"


class Case(NamedTuple):
    """Everything a rule may look at."""

    catalog: Catalog
    work: Workload
    wishes: Wishes
    platform: Platform
    as_of: date
    scores: tuple[Scores, ...]

    @property
    def metrics(self) -> Mapping[str, Mapping[str, Decimal | None]]:
        """The figures `min_scores` speaks of: the launch benchmarks, and the reader's own evaluation before them."""
        launch = {name: benchmark.scores for name, benchmark in self.catalog.evidence.benchmarks.items()}
        return {**launch, **(self.wishes.evaluation.scores if self.wishes.evaluation else {})}


Rule = Callable[[Case, Variant, str], Iterator[Remark]]


def judge(case: Case, variant: Variant, mode: str, rules: Iterable[Rule]) -> Candidate:
    """The candidate with the remarks of every rule that speaks against it; no price is one of them."""
    shares = [each.share.get(variant.id) for each in case.scores]
    known = [share for share in shares if share is not None]
    lowest = min(known) if known and len(known) == len(shares) else None
    exclusions = [remark for rule in rules for remark in rule(case, variant, mode)]
    try:
        priced = quote(case.catalog.offer(variant, mode, case.platform, case.as_of), case.work)
    except MissingPrice as error:
        exclusions.append(Remark("missing-price", str(error), brief="no price"))
        return Candidate(variant, mode, None, lowest, tuple(exclusions))
    if case.wishes.max_usd is not None and priced.total_usd > case.wishes.max_usd:
        text = f"that is over the {money(case.wishes.max_usd)} allowed"
        exclusions.append(Remark("max-usd", text, (priced.offer.row.source,), "over the budget"))
    return Candidate(variant, mode, priced, lowest, tuple(exclusions))


def _must_be_running(case: Case, variant: Variant, mode: str) -> Iterator[Remark]:
    released = variant.model.released
    if released and released > case.as_of:
        yield Remark("not-released", f"it was released on {released}", (variant.model.source,), "not released")
    if life := lifecycle.ended(variant, case.platform, case.as_of):
        yield lifecycle.shut_down(variant, case.platform, life)


def _must_last(case: Case, variant: Variant, mode: str) -> Iterator[Remark]:
    life = variant.lifecycles.get(case.platform.provider)
    until = case.wishes.until
    if until and life and life.shutdown and case.as_of < life.shutdown <= until:
        named = f"; its named replacement is {life.replacement}" if life.replacement else ""
        text = f"it ends on {life.shutdown}, before {until} is over{named}"
        yield Remark("until", text, (life.source,), f"ends {life.shutdown}")


def _must_have_what_is_needed(case: Case, variant: Variant, mode: str) -> Iterator[Remark]:
    for need in case.wishes.needs:
        if need not in variant.model.abilities:
            yield Remark("needs", f"it has no {need}", (variant.model.source,), f"no {need}")


def _must_fit(case: Case, variant: Variant, mode: str) -> Iterator[Remark]:
    yield from limits.exceeded(variant, case.work.request)


def _must_reach_the_scores(case: Case, variant: Variant, mode: str) -> Iterator[Remark]:
    for metric, least in case.wishes.min_scores.items():
        found = case.metrics[metric].get(variant.id)
        if found is None:
            yield Remark("min-score", f"no {metric} score of it is known", brief=f"no {metric}")
        elif found < least:
            text = f"its {metric} is {exact(found)}, below the {exact(least)} asked for"
            yield Remark("min-score", text, (case.catalog.evidence.benchmarks_source,), f"{metric} {exact(found)}")


def _must_be_near_the_best(case: Case, variant: Variant, mode: str) -> Iterator[Remark]:
    for scores in case.scores:
        share, tolerance = scores.share[variant.id], tolerance_of(case.wishes, scores.task)
        sources = () if case.wishes.evaluation else (case.catalog.evidence.benchmarks_source,)
        if share is None:
            names = ", ".join(scores.missing[variant.id])
            yield Remark("no-score", f"no {names} score of it is known for {scores.task.id}", sources, "no score")
        elif share < 1 - tolerance:
            text = (
                f"{score_text(share)} of the family's best for {scores.task.id} ({scores.evidence(variant.id)}); "
                f"{percent(1 - tolerance)} qualifies"
            )
            yield Remark("tolerance", text, sources, f"below {percent(1 - tolerance)}")


def _must_meet_the_deadline(case: Case, variant: Variant, mode: str) -> Iterator[Remark]:
    hours = case.catalog.limits.batch.completion_window_hours
    deadline = case.wishes.deadline
    if mode == "batch" and (deadline is None or deadline < timedelta(hours=hours)):
        text = f"batch answers within {hours} hours: --deadline {hours}h admits it"
        yield Remark("deadline", text, (case.catalog.limits.batch.source,), f"needs {hours} h")


def _must_be_served(case: Case, variant: Variant, mode: str) -> Iterator[Remark]:
    rules = case.catalog.limits.priority
    if mode == "priority" and case.work.request.input_tokens > rules.max_input_tokens:
        text = f"priority takes no request above {number(rules.max_input_tokens)} input tokens"
        yield Remark("priority-long-context", text, (rules.source,), "long context")


def _must_pass_the_tier(case: Case, variant: Variant, mode: str) -> Iterator[Remark]:
    if case.wishes.usage_tier is not None:
        blocked = limits.tier_blocks(case.catalog, variant, mode, case.work.request, case.wishes.usage_tier)
        if blocked:
            yield blocked


def tolerance_of(wishes: Wishes, task: Task) -> Decimal:
    """How far below the family's best is near enough, as a share."""
    return task.tolerance_percent / 100 if wishes.tolerance is None else wishes.tolerance


SCORE_RULES: tuple[Rule, ...] = (_must_reach_the_scores, _must_be_near_the_best)
RULES: tuple[Rule, ...] = (
    _must_be_running,
    _must_last,
    _must_have_what_is_needed,
    _must_fit,
    *SCORE_RULES,
    _must_meet_the_deadline,
    _must_be_served,
    _must_pass_the_tier,
)
