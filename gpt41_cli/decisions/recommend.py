"""Which variant and mode should do this work, and why?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import MODES, Catalog, Variant
from gpt41_cli.catalog.tables import Platform
from gpt41_cli.decisions import lifecycle, limits, reasons
from gpt41_cli.decisions.candidates import RULES, SCORE_RULES, Candidate, Case, Wishes, judge
from gpt41_cli.decisions.remarks import Remark
from gpt41_cli.decisions.score import Scores, score
from gpt41_cli.decisions.workload import Workload
from gpt41_cli.errors import UnknownName
from gpt41_cli.findings import Finding, Level

PREFERENCES = ("cost", "quality", "speed")

# How soon a mode answers: priority before standard, batch within a day.
_PATIENCE = {"priority": 0, "standard": 1, "batch": 2}


class Recommendation(NamedTuple):
    """The choice (None when nothing fits), the other candidates that fit in order of preference, and the excluded.

    `why` speaks for the choice, `but` against it or for something else; with no choice, `but` says what would have to
    give. `is_replacement`: the whole family has ended and the choice is a named replacement, without any score.
    """

    choice: Candidate | None
    alternatives: tuple[Candidate, ...]
    excluded: tuple[Candidate, ...]
    scores: tuple[Scores, ...]
    is_replacement: bool
    why: tuple[Remark, ...]
    but: tuple[Remark, ...]
    findings: tuple[Finding, ...]


def recommend(catalog: Catalog, work: Workload, wishes: Wishes, platform: Platform, as_of: date) -> Recommendation:
    """The variant and mode that fits every wish and comes first by `wishes.prefer`.

    When the whole family is shut down on that day, the candidates are its named replacements, which have no scores.
    UnknownName for a need, metric, preference or usage tier that nothing has.
    """
    scores = tuple(score(task, catalog, wishes.evaluation) for task in wishes.tasks)
    case = Case(catalog, work, wishes, platform, as_of, scores)
    _check_names(case)
    is_replacement = all(lifecycle.ended(variant, platform, as_of) for variant in catalog.family)
    candidates = [judge(case, variant, mode, RULES) for variant in catalog.family for mode in MODES]
    if is_replacement:
        unscored = [rule for rule in RULES if rule not in SCORE_RULES]
        successors = _replacements(catalog, platform, as_of)
        candidates = [judge(case, variant, mode, unscored) for variant in successors for mode in MODES] + candidates
    fitting = sorted((each for each in candidates if not each.exclusions), key=_order(wishes.prefer))
    excluded = sorted((each for each in candidates if each.exclusions), key=_nearness)
    choice = fitting[0] if fitting else None
    why, but = reasons.explain(case, choice, fitting[1:], excluded, is_replacement=is_replacement)
    return Recommendation(
        choice=choice,
        alternatives=tuple(fitting[1:]),
        excluded=tuple(excluded),
        scores=scores,
        is_replacement=is_replacement and choice is not None,
        why=tuple(why),
        but=tuple(but),
        findings=tuple(_findings(case, choice)),
    )


def _check_names(case: Case) -> None:
    wishes, catalog = case.wishes, case.catalog
    if wishes.prefer not in PREFERENCES:
        raise UnknownName("prefer", wishes.prefer, PREFERENCES)
    for need in wishes.needs:
        if need not in catalog.abilities:
            raise UnknownName("needs", need, sorted(catalog.abilities))
    if wishes.usage_tier is not None and wishes.usage_tier not in catalog.limits.usage_tiers:
        raise UnknownName("usage tier", str(wishes.usage_tier), map(str, catalog.limits.usage_tiers))
    for metric in wishes.min_scores:
        if metric not in case.metrics:
            raise UnknownName("metric", metric, case.metrics)


def _findings(case: Case, choice: Candidate | None) -> list[Finding]:
    found = limits.check_cache(case.catalog, case.work.request) + lifecycle.check_table(case.catalog, case.as_of)
    if choice:
        found += lifecycle.check(choice.variant, case.platform, case.as_of)
    else:
        found.append(Finding("nothing-fits", Level.ERROR, "no variant in any mode meets every wish"))
    return found


def _order(prefer: str) -> Callable[[Candidate], tuple[object, ...]]:
    """Best first: cheapest; or best score, then cheapest; or fastest class and mode, then cheapest."""

    def key(each: Candidate) -> tuple[object, ...]:
        assert each.quote is not None
        cost, quality = each.quote.total_usd, -(each.share or 0)
        if prefer == "quality":
            return quality, cost, MODES.index(each.mode)
        if prefer == "speed":
            speed = each.variant.model.speed
            return speed.rank if speed else 0, _PATIENCE[each.mode], cost
        return cost, quality, MODES.index(each.mode)

    return key


def _nearness(each: Candidate) -> tuple[int, bool, Decimal]:
    """Fewest exclusions first, then the cheapest."""
    return len(each.exclusions), each.quote is None, each.quote.total_usd if each.quote else Decimal(0)


def _replacements(catalog: Catalog, platform: Platform, as_of: date) -> list[Variant]:
    """What is named in place of the family on that day, and of that what has itself ended, until something still runs."""
    names = [variant.id for variant in catalog.family]
    found: dict[str, Variant] = {}
    for name in names:
        variant = catalog.variant(name)
        life = lifecycle.ended(variant, platform, as_of)
        if life is None:
            found[name] = variant
        elif life.replacement and life.replacement in catalog.models and life.replacement not in names:
            names.append(life.replacement)
    return list(found.values())
