"""What one workload of gpt41.yaml is held against by itself: its budgets, the limits, and what it must be.

A check is a function and its line in CHECKS. It returns what it found, nothing where all is well, and None where there is nothing
to hold the workload against.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple, TypeAlias

from gpt41_cli.catalog import MODES, Catalog
from gpt41_cli.catalog.remarks import Remark
from gpt41_cli.commands.batch import check as batch
from gpt41_cli.commands.recommend.candidates import Candidate, Wishes, judge_any
from gpt41_cli.constraints import request_limits as limits
from gpt41_cli.display import decimal, exact, money, number, percent, plural
from gpt41_cli.findings import Finding, Level, Location
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.work.prompt_cache import Traffic
from gpt41_cli.work.workload import Workload
from gpt41_cli.workloads.costing import Costing, Requirements, Usd
from gpt41_cli.workloads.priced import Conditions, Priced

Found: TypeAlias = Sequence[Finding] | None


def _finding(priced: Priced, rule: str, level: Level, text: str, key: str, **figures: str) -> Finding:
    """A finding at a key of the workload."""
    name = priced.declared.name
    return Finding(rule, level, f"{name}: {text}", priced.declared.place(key), subject=name, **figures)


class Excess(NamedTuple):
    """How a budget is broken: an error where what is expected breaks it, a warning where only the high end does."""

    level: Level
    usd: Fraction
    allowed: Decimal

    def told(self, span: str, allows: str = "allowed") -> str:
        """The amount and the line that it crosses, of a `span` such as a month: with every digit where they would read alike."""
        amounts = [decimal(self.usd), self.allowed]
        found, line = map(money, amounts)
        if found == line:
            found, line = (f"${exact(amount)}" for amount in amounts)
        return f"{'costs' if self.level is Level.ERROR else 'may cost'} {found} a {span}, over the {line} {allows}"

    @property
    def figures(self) -> dict[str, str]:
        """What a finding has as its figures."""
        return {"actual": exact(decimal(self.usd)), "allowed": exact(self.allowed)}


def excess(amount: Usd, allowed: Decimal) -> Excess | None:
    """How `amount` is more than is allowed; None where it is not."""
    if amount.expected > Fraction(allowed):
        return Excess(Level.ERROR, amount.expected, allowed)
    return Excess(Level.WARNING, amount.high, allowed) if amount.high > Fraction(allowed) else None


def _per_request(priced: Priced, conditions: Conditions) -> Found:
    allowed = priced.declared.budget.per_request_usd
    if allowed is None:
        return None
    found = excess(priced.costing.each_usd, allowed)
    if found is None:
        return _maybe_over(priced, "budget-per-request", priced.costing.each_usd, "request", allowed, "budget.per_request_usd")
    return [_finding(priced, "budget-per-request", found.level, found.told("request"), "budget.per_request_usd", **found.figures)]


def _per_month(priced: Priced, conditions: Conditions) -> Found:
    allowed, monthly = priced.declared.budget.monthly_usd, priced.costing.monthly_usd
    if allowed is None or monthly is None:
        return None
    found = excess(monthly, allowed)
    if found is None:
        return _maybe_over(priced, "budget-monthly", monthly, "month", allowed, "budget.monthly_usd")
    return [_finding(priced, "budget-monthly", found.level, found.told("month"), "budget.monthly_usd", **found.figures)]


def _maybe_over(priced: Priced, rule: str, usd: Usd, span: str, allowed: Decimal, key: str) -> list[Finding]:
    """A warning where a budget is kept only as far as tokens can be counted."""
    if not priced.is_least:
        return []
    least = decimal(usd.expected)
    what = "what its searches find is" if priced.quote.is_least else "some tokens of its requests are"
    text = f"costs at least {money(least)} a {span}, as {what} not counted: that may be over the {money(allowed)} allowed"
    return [_finding(priced, rule, Level.WARNING, text, key, actual=exact(least), allowed=exact(allowed))]


def _input_tokens(priced: Priced, conditions: Conditions) -> Found:
    """The largest requests over the budget, each at its own place, and how many more there are."""
    allowed = priced.declared.budget.input_tokens
    if allowed is None:
        return None
    tally, name = priced.contents.tally, priced.declared.name
    over = [each for each in tally.largest if each.input_tokens > allowed]
    limit = f"over the {number(allowed)} allowed"
    found = [
        Finding(
            "budget-input-tokens",
            Level.ERROR,
            f"{name}: {each.place.label} has {number(each.input_tokens)} input tokens, {limit}",
            Location(each.place.path, each.place.line),
            str(each.input_tokens),
            str(allowed),
            name,
        )
        for each in over
    ]
    more = tally.over(allowed) - len(found)
    if more:
        text = f"{plural(more, 'more request')} {limit}"
        key = "budget.input_tokens"
        found.append(_finding(priced, "budget-input-tokens", Level.ERROR, text, key, actual=str(more), allowed=str(allowed)))
    return found


def _qualifies(priced: Priced, conditions: Conditions) -> list[Finding]:
    """What speaks against the variant and the mode: a limit, a feature, a requirement. An error where what is expected breaks it,
    a warning where only the longest answers do.
    """
    together = (_ENDED, "pace") if priced.costing.volume else (_ENDED,)
    found: dict[str, Finding] = {}
    for level, work in ((Level.ERROR, priced.work), (Level.WARNING, priced.high)):
        for remark in _judge(priced, conditions, work).exclusions:
            if remark.rule not in (*found, *together):
                found[remark.rule] = _excluded(priced, remark, level)
    for remark in _refused(priced, conditions):
        found[remark.rule] = _excluded(priced, remark, Level.ERROR)
    must = priced.costing.requirements
    if _is_past(must, conditions.as_of):
        text = f"{must.until}, until which it must run, is past: that requires nothing any more"
        found["until-past"] = _finding(priced, "until-past", Level.NOTICE, text, "require.until")
    return list(found.values())


def _refused(priced: Priced, conditions: Conditions) -> list[Remark]:
    """A longest answer that requests ask for and no model gives: they are refused, however long the answers would be."""
    variant, mode = priced.contents.variant, priced.contents.mode
    asked = priced.contents.at_most(None).on(conditions.catalog, variant).where(lambda size: size.is_stated)
    found = limits.exceeded(conditions.catalog, variant, mode, asked)
    return [each for each in found if each.rule == "max-output-tokens"]


def _excluded(priced: Priced, remark: Remark, level: Level) -> Finding:
    text = f"{priced.costing.model} in {priced.costing.mode}: {remark.text}"
    level = min(level, Level.WARNING) if remark.rule == "no-score" else level
    key = _KEYS.get(remark.rule, "model")
    finding = _finding(priced, remark.rule, level, text, key)._replace(actual=remark.actual, allowed=remark.allowed)
    largest = priced.contents.tally.largest[0].place
    if remark.rule in _ABOUT_INPUT:
        return finding._replace(location=Location(largest.path, largest.line))
    return finding


_ENDED = "model-shut-down"
"""A rule that is told of all workloads of the model together."""

_KEYS = {
    "until": "require.until",
    "needs": "require.needs",
    "tool-window": "require.needs",
    "tolerance": "require.task",
    "no-score": "require.task",
    "deadline": "require.deadline",
    "usage-tier": "usage_tier",
    "pace": "usage_tier",
    "max-output-tokens": "output_tokens",
}
"""The key of gpt41.yaml that a rule is about; the model, where it is none of these."""

_ABOUT_INPUT = ("context-window", "max-input-tokens", "priority-long-context")
"""Rules that the largest request breaks."""


def wishes(costing: Costing, catalog: Catalog, as_of: date) -> Wishes:
    """What a workload must be, for `recommend`. What must run until a day that is past may end.

    UnknownName for a task that the table does not have.
    """
    must = costing.requirements
    return Wishes(
        tasks=tuple(map(catalog.task, must.tasks)),
        tolerance=must.tolerance,
        needs=must.needs,
        deadline=must.deadline,
        usage_tier=must.usage_tier,
        times_a_day=costing.times_a_day,
        sends_in_batch=costing.mode == "batch",
        until=None if _is_past(must, as_of) else must.until,
    )


def _is_past(must: Requirements, as_of: date) -> bool:
    return must.until is not None and must.until < as_of


def _judge(priced: Priced, conditions: Conditions, work: Workload, candidate: tuple[str, str] | None = None) -> Candidate:
    """The workload's own variant and mode, or another candidate, against every rule of `recommend`."""
    catalog, as_of, contents = conditions.catalog, conditions.as_of, priced.contents
    model, mode = candidate or (contents.variant.id, contents.mode)
    wished, platform = wishes(priced.costing, catalog, as_of), priced.declared.platform
    return judge_any(catalog, work, wished, platform, as_of, catalog.variant(model), mode)


def _best_variant(priced: Priced, conditions: Conditions) -> Found:
    """A notice where another variant or mode of the family meets the same requirements for less, or meets them at all."""
    if not priced.declared.require.tasks:
        return None
    fitting = [each for each in _fitting(priced, conditions) if each.quote]
    best = min(fitting, key=lambda each: (_is_least(each), _usd(each)), default=None)
    own = _judge(priced, conditions, priced.work)
    if best is None:
        return []
    is_cheaper = _usd(best) < _usd(own) and _is_least(best) <= _is_least(own)  # a lower bound is not less than a price
    if not is_cheaper and not own.exclusions:
        return []
    costing = priced.costing
    times, stored, what = Fraction(1), Fraction(0), "a request"
    if costing.volume:
        times, stored, what = costing.volume.per_month, costing.storage_monthly_usd, "a month"
    now, then = (Fraction(_usd(each)) / costing.requests * times + stored for each in (own, best))
    who = f"{best.variant.id} in {best.mode}"
    if not is_cheaper:
        least = "at least " if _is_least(best) else ""
        text = f"{who} meets the requirements, for {least}{money(decimal(then))} {what}"
        return [_finding(priced, "qualifying-variant", Level.NOTICE, text, "model")]
    instead = f"{money(decimal(then))} {what} in place of {money(decimal(now))}, {percent(decimal(1 - then / now))} less"
    text = f"{who} meets the requirements for {instead}"
    figures = {"actual": exact(decimal(now)), "allowed": exact(decimal(then))}
    return [_finding(priced, "cheaper-variant", Level.NOTICE, text, "model", **figures)]


def _fitting(priced: Priced, conditions: Conditions) -> list[Candidate]:
    """The variants and modes of the family against which nothing speaks, however long the answers are."""
    offered = ((variant.id, mode) for variant in conditions.catalog.family for mode in MODES)
    judged = ([_judge(priced, conditions, work, each) for work in (priced.work, priced.high)] for each in offered)
    return [expected for expected, high in judged if not expected.exclusions and not high.exclusions]


def _usd(candidate: Candidate) -> Decimal:
    assert candidate.quote is not None
    return candidate.quote.total_usd


def _is_least(candidate: Candidate) -> bool:
    assert candidate.quote is not None
    return candidate.quote.is_least


def _batch_files(priced: Priced, conditions: Conditions) -> Found:
    """What would have the Batch API reject a file."""
    contents = priced.contents
    if contents.mode != "batch" or not contents.batch_files:
        return None
    terms = contents.work.terms
    meter = Meter(conditions.catalog, needs_tokens=True)
    declared = priced.declared
    traffic = Traffic(declared.cached.requests_per_minute, declared.cached.lifetime_minutes)
    sent = batch.Conditions(meter, terms, declared.platform, conditions.as_of, declared.usage_tier, traffic, conditions.jobs)
    found = batch.check(contents.batch_files, sent).findings
    broken = [each for each in found if each.location and each.rule != _ENDED]
    return [each._replace(message=f"{declared.name}: {each.message}") for each in broken]


def _cached(priced: Priced, conditions: Conditions) -> Found:
    """A notice where cached tokens are stated that the prompt cache cannot give."""
    if not (priced.declared.cached.tokens or priced.declared.cached.share):
        return None
    name, place = priced.declared.name, priced.declared.place("cached")
    found = limits.check_cache(conditions.catalog, priced.work, priced.contents.variant)
    return [each._replace(message=f"{name}: {each.message}", location=place, subject=name) for each in found]


CHECKS: Mapping[str, Callable[[Priced, Conditions], Found]] = {
    "cost of a request": _per_request,
    "cost of a month": _per_month,
    "input tokens": _input_tokens,
    "limits and requirements": _qualifies,
    "best variant": _best_variant,
    "batch files": _batch_files,
    "prompt cache": _cached,
}
