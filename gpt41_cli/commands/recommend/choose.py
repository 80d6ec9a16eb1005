"""Choose the variant and mode that should do the work, and say why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli import notation, rules
from gpt41_cli.catalog import MODES, Market, Variant
from gpt41_cli.commands.recommend import reasons
from gpt41_cli.commands.recommend.candidates import Candidate, SelectionContext, Wishes, judge_candidate
from gpt41_cli.commands.recommend.scores import TaskScores, score_models
from gpt41_cli.constraints import lifecycle, request_limits
from gpt41_cli.constraints.rate_limits import check_usage_tier
from gpt41_cli.constraints.replacements import follow_replacements
from gpt41_cli.errors import InputError, UnknownName
from gpt41_cli.findings import Finding
from gpt41_cli.prices.break_even import BreakEven, find_break_even
from gpt41_cli.prices.succession import Succession, find_succession
from gpt41_cli.pricing import NO_TOOL_USE
from gpt41_cli.rules import Level
from gpt41_cli.work.workload import Workload

PREFERENCES = ("cost", "quality", "speed")

# Priority answers before standard, flex some time after it, and batch within a day.
_MODE_SPEED_RANKS = {"priority": 0, "standard": 1, "flex": 2, "batch": 3}
# A variant whose speed isn't stated counts as slower than all others.
_UNKNOWN_SPEED_RANK = 1_000


class Recommendation(NamedTuple):
    """The choice (None if nothing fits), the other candidates that fit in order of preference, and the excluded ones.

    `why` speaks for the choice, `but` against it or for an alternative. Without a choice, `but` says which wishes would have to
    be relaxed. `is_replacement`: the whole family has ended, or ends too early, and the choice is a successor. `then` follows the
    choice when that ends soon. `by_task` are the choices for other tasks, if nobody said what the work is. `break_even` compares
    the chosen variant in standard and in batch, whether batch fits or not.
    """

    choice: Candidate | None
    alternatives: tuple[Candidate, ...]
    excluded: tuple[Candidate, ...]
    scores: tuple[TaskScores, ...]
    is_replacement: bool
    then: Succession | None
    why: tuple[Finding, ...]
    but: tuple[Finding, ...]
    by_task: tuple[tuple[str, Candidate | None], ...]
    break_even: BreakEven | None
    findings: tuple[Finding, ...]

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """All candidates: the choice, then the others that fit, then the excluded ones."""
        return (*([self.choice] if self.choice else []), *self.alternatives, *self.excluded)


def recommend(market: Market, work: Workload, wishes: Wishes) -> Recommendation:
    """Find the variant and mode that meets every wish and comes first by `wishes.prefer`.

    If the whole family is shut down on that day, or before `wishes.until` is over, or if the work has left it, the successors are
    the candidates, scored by the user's own evaluation; without one, the official replacements come first. Raises UnknownName for
    a need, metric, preference or usage tier that doesn't exist, and InputError for a deadline of 0, a usage tier of another
    provider or an `until` before `as_of`.
    """
    catalog = market.catalog
    last_day = market.on_day(max(market.as_of, wishes.until or market.as_of))
    is_replacement = all(lifecycle.find_past_shutdown(last_day, variant) for variant in catalog.family)
    weighs_successors = is_replacement or wishes.has_left_family
    named = _find_replacements(last_day) if weighs_successors else []
    contenders = [*named, *_find_other_successors(last_day, named)] if weighs_successors else list(catalog.family)
    models = [variant.id for variant in contenders]
    # No launch benchmark compares the successors; only the user's own evaluation can.
    tasks = wishes.tasks if wishes.evaluation or not weighs_successors else ()
    scores = tuple(score_models(task, catalog, wishes.evaluation, models) for task in tasks)
    case = SelectionContext(market, work, wishes, scores, "the best" if weighs_successors else "the family's best")
    _check_wishes(case)
    variants = [*contenders, *catalog.family] if is_replacement else contenders
    candidates = [judge_candidate(case, variant, mode) for variant in variants for mode in variant.modes]
    preferred = {variant.id for variant in named} if not scores else set()
    by_preference = _make_sort_key(wishes.prefer, preferred)
    fitting = sorted((candidate for candidate in candidates if not candidate.exclusions), key=by_preference)
    excluded = sorted((candidate for candidate in candidates if candidate.exclusions), key=_rank_excluded)
    choice = fitting[0] if fitting else None
    why, but = reasons.explain_choice(case, choice, fitting[1:], excluded, is_replacement=is_replacement)
    return Recommendation(
        choice=choice,
        alternatives=tuple(fitting[1:]),
        excluded=tuple(excluded),
        scores=scores,
        is_replacement=is_replacement and choice is not None,
        then=choice and find_succession(case.market, choice.variant, choice.mode, case.work),
        why=tuple(why),
        but=tuple(but),
        by_task=tuple(_choose_by_task(market, work, wishes)) if wishes.is_task_assumed and scores else (),
        break_even=_find_break_even(case, choice, candidates),
        findings=tuple(_collect_findings(case, choice)),
    )


_EXAMPLE_TASKS = ("chat", "extraction", "classification")
"""The tasks whose choices are shown if no task was stated, if the price table has them."""


def _choose_by_task(market: Market, work: Workload, wishes: Wishes) -> Iterator[tuple[str, Candidate | None]]:
    for name in (name for name in _EXAMPLE_TASKS if name in market.catalog.tasks):
        asked = wishes._replace(tasks=(market.catalog.tasks[name],), is_task_assumed=False)
        yield name, recommend(market, work, asked).choice


def _find_break_even(case: SelectionContext, choice: Candidate | None, candidates: Sequence[Candidate]) -> BreakEven | None:
    """Find the cached share at which the chosen variant costs the same in standard and in batch; None without both prices."""
    quotes = [candidate.quote for candidate in candidates if choice and candidate.variant == choice.variant]
    offers = {quote.mode: quote.offer for quote in quotes if quote}
    # What web searches find is input that can't be cached.
    if choice is None or case.work.terms.tools != NO_TOOL_USE or not {"standard", "batch"} <= offers.keys():
        return None
    return find_break_even(offers["standard"], offers["batch"], case.get_load(choice.variant))


def _check_wishes(case: SelectionContext) -> None:
    wishes, catalog = case.wishes, case.catalog
    if wishes.prefer not in PREFERENCES:
        raise UnknownName("prefer", wishes.prefer, PREFERENCES, "preference")
    for need in wishes.needs:
        catalog.ability(need)
    if wishes.deadline is not None and not wishes.deadline:
        raise InputError("deadline", notation.A_DEADLINE, "0")
    if wishes.usage_tier is not None:
        check_usage_tier(case.market, wishes.usage_tier)
    if wishes.until is not None and wishes.until < case.market.as_of:
        raise InputError("until", f"a day from {case.market.as_of} on", str(wishes.until))
    for metric in wishes.min_scores:
        if metric not in case.metrics:
            raise UnknownName("metric", metric, case.metrics)


def _collect_findings(case: SelectionContext, choice: Candidate | None) -> list[Finding]:
    findings = [*request_limits.check_output(case.work, case.market)]
    findings += request_limits.check_cache_minimum(case.catalog, case.work, choice.variant if choice else case.catalog.family[0])
    findings += lifecycle.check_price_table_age(case.market)
    if reasons.FINE_TUNING in case.wishes.needs and (training_rules := case.catalog.limits.fine_tuning):
        closed = lifecycle.find_training_closings(case.market, training_rules)
        findings += (finding._replace(level=Level.WARNING) for finding in closed)  # existing fine-tunes can still be used
    if choice:
        findings += lifecycle.check_lifecycle(case.market, choice.variant)
    else:
        findings.append(Finding(rules.NOTHING_FITS, "no option meets all requirements"))
    return findings


def _make_sort_key(prefer: str, preferred: Collection[str]) -> Callable[[Candidate], tuple[object, ...]]:
    """Return a key that sorts the `preferred` models first, then by cost, score or speed, the best first, and then by cost. Lower
    bounds come after prices.
    """

    def key(candidate: Candidate) -> tuple[object, ...]:
        assert candidate.quote is not None
        rank = candidate.variant.id not in preferred
        cost, quality = (candidate.quote.is_lower_bound, candidate.quote.total_usd), -(candidate.score_share or 0)
        if prefer == "quality":
            return rank, quality, cost, MODES.index(candidate.mode)
        if prefer == "speed":
            speed = candidate.variant.model.speed
            return rank, speed.rank if speed else _UNKNOWN_SPEED_RANK, _MODE_SPEED_RANKS[candidate.mode], cost
        return rank, cost, quality, MODES.index(candidate.mode)

    return key


def _rank_excluded(candidate: Candidate) -> tuple[int, bool, Decimal]:
    """Rank candidates with the fewest exclusions first, then the cheapest."""
    return len(candidate.exclusions), candidate.quote is None, candidate.quote.total_usd if candidate.quote else Decimal(0)


def _find_other_successors(market: Market, named: Sequence[Variant]) -> list[Variant]:
    """Find the successors that run on a day, except the official replacements."""
    known = {variant.id for variant in named}
    successors = (Variant(model.id, model) for model in market.catalog.models_with_role("successor") if model.id not in known)
    return [variant for variant in successors if not lifecycle.find_past_shutdown(market, variant)]


def _find_replacements(market: Market) -> list[Variant]:
    """Find the official replacements of the family on a day when all of it has ended, and their replacements, up to models that
    still run then.
    """
    replacements: dict[str, Variant] = {}
    for variant in market.catalog.family:
        steps = follow_replacements(market, variant)
        last = steps[-1].variant if steps else None
        if last and not lifecycle.find_past_shutdown(market, last):
            replacements[last.id] = last
    return list(replacements.values())
