"""Checks of one workload of gpt41.yaml by itself: its budgets, limits and requirements.

A check is a function and its line in WORKLOAD_CHECKS. It returns its findings, empty if all is well, or None if it doesn't apply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import NamedTuple, TypeAlias

from gpt41_cli import rules
from gpt41_cli.catalog import Market, Variant
from gpt41_cli.commands.batch.rules import BatchFile, find_violations
from gpt41_cli.commands.recommend.candidates import Candidate, Wishes, judge_candidate, make_family_context
from gpt41_cli.constraints import lifecycle, request_limits
from gpt41_cli.display import (
    choose_money_format,
    choose_unit_format,
    format_exact,
    format_int,
    format_money_above,
    format_percent,
    format_price,
    format_rate,
    name_offer,
    pluralize,
    to_decimal,
)
from gpt41_cli.findings import Finding
from gpt41_cli.reports.findings import make_unreadable_findings
from gpt41_cli.rules import Level, Rule
from gpt41_cli.work.violations import make_violation_findings
from gpt41_cli.work.workload import Workload
from gpt41_cli.workloads.costing import Requirements, UsdRange, WorkloadCost
from gpt41_cli.workloads.priced import PricedWorkload

WorkloadFindings: TypeAlias = Sequence[Finding] | None


def _make_finding(
    priced: PricedWorkload, rule: Rule, level: Level, text: str, key: str, actual: str | None = None, allowed: str | None = None
) -> Finding:
    """Make a finding at a key of the workload."""
    name = priced.declaration.name
    return Finding(rule, f"{name}: {text}", level, priced.declaration.locate(key), actual, allowed, name)


class BudgetExcess(NamedTuple):
    """How a budget is exceeded: an error if the expected cost exceeds it, a warning if only the highest possible cost does."""

    level: Level
    usd: Fraction
    allowed: Decimal

    def describe(self, span: str, allows: str = "allowed") -> str:
        """Describe the amount and the limit per `span`, such as a month; with more digits if they would look equal."""
        usd = format_money_above(to_decimal(self.usd), self.allowed, choose_unit_format(span))
        verb = "costs" if self.level is Level.ERROR else "may cost"
        return f"{verb} {usd} per {span}, over the {format_rate(self.allowed)} {allows}"

    @property
    def finding_figures(self) -> tuple[str, str]:
        """The figures of the finding: the actual cost and the allowed one."""
        return format_exact(to_decimal(self.usd)), format_exact(self.allowed)


def find_excess(amount: UsdRange, allowed: Decimal) -> BudgetExcess | None:
    """Find how `amount` exceeds what is allowed; None if it doesn't."""
    if amount.expected > Fraction(allowed):
        return BudgetExcess(Level.ERROR, amount.expected, allowed)
    return BudgetExcess(Level.WARNING, amount.high, allowed) if amount.high > Fraction(allowed) else None


def _check_request_cost(priced: PricedWorkload, judged: JudgedWorkload) -> WorkloadFindings:
    usd, allowed = priced.cost.usd_per_request, priced.declaration.budget.per_request_usd
    return _check_budget(priced, rules.BUDGET_PER_REQUEST, usd, allowed, "budget.per_request_usd", "request")


def _check_monthly_cost(priced: PricedWorkload, judged: JudgedWorkload) -> WorkloadFindings:
    usd, allowed = priced.cost.monthly_usd, priced.declaration.budget.monthly_usd
    return _check_budget(priced, rules.BUDGET_MONTHLY, usd, allowed, "budget.monthly_usd", "month")


def _check_budget(
    priced: PricedWorkload, rule: Rule, usd: UsdRange | None, allowed: Decimal | None, key: str, span: str
) -> WorkloadFindings:
    """Check a budget. If it is kept, but some tokens can't be counted, the finding is only a warning."""
    if allowed is None or usd is None:
        return None
    if excess := find_excess(usd, allowed):
        return [_make_finding(priced, rule, excess.level, excess.describe(span), key, *excess.finding_figures)]
    if not priced.is_lower_bound:
        return []
    least = to_decimal(usd.expected)
    what = "what its searches find is" if priced.quote.is_lower_bound else "some tokens of its requests are"
    shown, line = choose_unit_format(span)(least), format_rate(allowed)
    text = f"costs at least {shown} per {span}, as {what} not counted: that may be over the {line} allowed"
    return [_make_finding(priced, rule, Level.WARNING, text, key, actual=format_exact(least), allowed=format_exact(allowed))]


def _check_input_tokens(priced: PricedWorkload, judged: JudgedWorkload) -> WorkloadFindings:
    """Find the largest requests over the budget, each at its place, and how many more there are."""
    allowed = priced.declaration.budget.input_tokens
    if allowed is None:
        return None
    tally, name = priced.contents.tally, priced.declaration.name
    over = [request for request in tally.largest if request.input_tokens > allowed]
    limit = f"over the {format_int(allowed)} allowed"
    findings = [
        Finding(
            rules.BUDGET_INPUT_TOKENS,
            f"{name}: {request.place.label} has {format_int(request.input_tokens)} input tokens, {limit}",
            place=request.place,
            actual=str(request.input_tokens),
            allowed=str(allowed),
            subject=name,
            names_place=True,
        )
        for request in over
    ]
    more = tally.count_over(allowed) - len(findings)
    if more:
        text, key = f"{pluralize(more, 'more request')} {limit}", "budget.input_tokens"
        findings.append(_make_finding(priced, rules.BUDGET_INPUT_TOKENS, Level.ERROR, text, key, str(more), str(allowed)))
    return findings


def _check_requirements(priced: PricedWorkload, judged: JudgedWorkload) -> list[Finding]:
    """Find the limits, features and requirements that the variant and mode don't meet.

    They are errors if expected answers break them, warnings if only the longest do.
    """
    together = (rules.MODEL_SHUT_DOWN, rules.PACE) if priced.cost.volume else (rules.MODEL_SHUT_DOWN,)
    findings: dict[Rule, Finding] = {}
    for level, candidate in ((Level.ERROR, judged.expected), (Level.WARNING, judged.high)):
        for finding in candidate.exclusions:
            if finding.rule not in (*findings, *together):
                findings[finding.rule] = _make_exclusion_finding(priced, finding, level)
    for finding in _find_refused_lengths(priced):
        findings[finding.rule] = _make_exclusion_finding(priced, finding, Level.ERROR)
    must = priced.cost.requirements
    if _is_until_past(must, priced.market.as_of):
        text = f"{must.until}, until which it must run, is in the past, so it has no effect any more"
        findings[rules.UNTIL_PAST] = _make_finding(priced, rules.UNTIL_PAST, Level.NOTICE, text, "require.until")
    return list(findings.values())


def _find_refused_lengths(priced: PricedWorkload) -> list[Finding]:
    """Find longest answers that requests ask for and no model gives: they are refused, however long answers would be."""
    variant, mode, catalog = priced.contents.variant, priced.contents.mode, priced.market.catalog
    asked = priced.contents.with_output_tokens(None).load_on(catalog, variant).filter_sizes(lambda size: size.is_stated)
    findings = request_limits.find_exceeded_limits(catalog, variant, mode, asked)
    return [finding for finding in findings if finding.rule is rules.MAX_OUTPUT_TOKENS]


def _make_exclusion_finding(priced: PricedWorkload, exclusion: Finding, level: Level) -> Finding:
    name, key = priced.declaration.name, exclusion.rule.key
    if exclusion.rule is rules.NO_SCORE:  # no launch benchmark has those of a successor, which is no fault of the workload
        is_successor = priced.contents.variant.model.role == "successor"
        level = min(level, Level.NOTICE if is_successor else Level.WARNING)
    return exclusion._replace(
        message=f"{name}: {name_offer(priced.cost.model, priced.cost.mode)}: {exclusion.message}",
        level=level,
        place=priced.contents.tally.largest[0].place if key is None else priced.declaration.locate(key),
        subject=name,
    )


def make_wishes(market: Market, costing: WorkloadCost) -> Wishes:
    """Convert the requirements of a workload to wishes for `recommend`. A day that is past requires nothing.

    Raises UnknownName for a task that the table doesn't have.
    """
    must = costing.requirements
    return Wishes(
        tasks=tuple(map(market.catalog.task, must.tasks)),
        tolerance=must.tolerance,
        needs=must.needs,
        deadline=must.deadline,
        usage_tier=must.usage_tier,
        times_a_day=costing.runs_per_day,
        mode=costing.mode,
        until=None if _is_until_past(must, market.as_of) else must.until,
    )


def _is_until_past(must: Requirements, as_of: date) -> bool:
    return must.until is not None and must.until < as_of


class JudgedWorkload(NamedTuple):
    """A workload's own variant and mode, judged with the expected answers and with the longest ones.

    `fitting` are the variants and modes of the family that nothing excludes either way; empty if the workload states no task.
    """

    fitting: tuple[Candidate, ...]
    expected: Candidate
    high: Candidate


def judge_workload(priced: PricedWorkload) -> JudgedWorkload:
    """Judge each candidate once by the rules of `recommend`. Raises UnknownName for a task that the table doesn't have."""
    market, own, family = priced.market, priced.contents.variant, priced.market.catalog.family
    wishes = make_wishes(market, priced.cost)
    own_context = make_family_context(market, priced.workload, wishes, own)
    family_context = own_context if own in family else make_family_context(market, priced.workload, wishes, family[0])

    @cache
    def judge(name: str, mode: str, work: Workload) -> Candidate:
        context = own_context if name == own.id else family_context
        return judge_candidate(context._replace(work=work), market.catalog.variant(name), mode)

    works = (priced.workload, priced.high_workload)
    offered = [(variant.id, mode) for variant in family if wishes.tasks for mode in variant.modes]
    fitting = (judge(*offer, works[0]) for offer in offered if not any(judge(*offer, work).exclusions for work in works))
    return JudgedWorkload(tuple(fitting), *(judge(own.id, priced.contents.mode, work) for work in works))


def _check_best_variant(priced: PricedWorkload, judged: JudgedWorkload) -> WorkloadFindings:
    """Make a notice if another variant or mode of the family meets the requirements for less, or meets them at all."""
    if not priced.declaration.require.tasks:
        return None
    fitting = [candidate for candidate in judged.fitting if candidate.quote and not _ends_sooner(priced, candidate.variant)]
    best = min(fitting, key=lambda candidate: (_is_price_lower_bound(candidate), _get_total_usd(candidate)), default=None)
    own = judged.expected
    if best is None:
        return []
    is_comparable = _is_price_lower_bound(best) <= _is_price_lower_bound(own)  # a lower bound is not less than a price
    is_cheaper = is_comparable and _get_total_usd(best) < _get_total_usd(own)
    if not is_cheaper and not own.exclusions:
        return []
    costing = priced.cost
    times, stored, what = Fraction(1), Fraction(0), "per request"
    if costing.volume:
        times, stored, what = costing.volume.per_month, costing.storage_monthly_usd, "per month"
    now, then = (Fraction(_get_total_usd(candidate)) / costing.requests * times + stored for candidate in (own, best))
    show = choose_money_format([to_decimal(now), to_decimal(then)]) if costing.volume else format_price
    who = name_offer(best.variant.id, best.mode)
    ends = lifecycle.find_near_shutdown(priced.market, best.variant)
    until = f" until {ends}" if ends else ""
    if not is_cheaper:
        least = "at least " if _is_price_lower_bound(best) else ""
        text = f"{who} meets the requirements{until}, for {least}{show(to_decimal(then))} {what}"
        return [_make_finding(priced, rules.QUALIFYING_VARIANT, Level.NOTICE, text, "model")]
    instead = f"instead of {show(to_decimal(now))}, {format_percent(to_decimal(1 - then / now))} less"
    text = f"{who} meets the requirements{until} for {show(to_decimal(then))} {what} {instead}"
    figures = format_exact(to_decimal(now)), format_exact(to_decimal(then))
    return [_make_finding(priced, rules.CHEAPER_VARIANT, Level.NOTICE, text, "model", *figures)]


def _ends_sooner(priced: PricedWorkload, variant: Variant) -> bool:
    """Return True if a variant ends within the horizon of the price table, and before the workload's own does."""
    ends = lifecycle.find_near_shutdown(priced.market, variant)
    own = lifecycle.find_announced_shutdown(priced.market, priced.contents.variant)
    return ends is not None and (own is None or own.shutdown is None or ends < own.shutdown)


def _get_total_usd(candidate: Candidate) -> Decimal:
    assert candidate.quote is not None
    return candidate.quote.total_usd


def _is_price_lower_bound(candidate: Candidate) -> bool:
    assert candidate.quote is not None
    return candidate.quote.is_lower_bound


def _check_batch_files(priced: PricedWorkload, judged: JudgedWorkload) -> WorkloadFindings:
    """Find what would make the Batch API reject a file. Raises MissingPrice if a model that a line names has no batch price."""
    contents, declared = priced.contents, priced.declaration
    if contents.mode != "batch" or not contents.batch_files:
        return None
    market, flaws = priced.market, list[Finding]()
    for source, lines in contents.batch_files.items():
        for variant_id in filter(None, (target.variant_id for target in lines.targets.different)):
            market.offer(market.catalog.variant(variant_id), "batch")
        flaws += make_violation_findings(source, find_violations(BatchFile(lines, market, declared.usage_tier)))
    return [flaw._replace(message=f"{declared.name}: {flaw.message}") for flaw in flaws if flaw.rule is not rules.MODEL_SHUT_DOWN]


def _check_requests(priced: PricedWorkload, judged: JudgedWorkload) -> WorkloadFindings:
    """List the rules of the API that requests break. The lines in a Batch file are checked as such."""
    if priced.contents.mode == "batch" and priced.contents.batch_files:
        return None
    name = priced.declaration.name
    flaws = lifecycle.date_feature_ends(priced.market, priced.workload.flaws)
    return [flaw._replace(message=f"{name}: {flaw.message}", subject=name) for flaw in flaws] or None


def _check_stated_cache(priced: PricedWorkload, judged: JudgedWorkload) -> WorkloadFindings:
    """Make a notice if cached tokens are stated that the prompt cache can't give."""
    if not (priced.declaration.cached.tokens or priced.declaration.cached.share):
        return None
    name, place = priced.declaration.name, priced.declaration.locate("cached")
    findings = request_limits.check_cache_minimum(priced.market.catalog, priced.workload, priced.contents.variant)
    return [
        finding._replace(message=f"{name}: {finding.message}", place=place, subject=name, names_place=False)
        for finding in findings
    ]


def _check_folders(priced: PricedWorkload, judged: JudgedWorkload) -> WorkloadFindings:
    return list(make_unreadable_findings(priced.contents.skipped_files)) or None


WORKLOAD_CHECKS: Mapping[str, Callable[[PricedWorkload, JudgedWorkload], WorkloadFindings]] = {
    "cost per request": _check_request_cost,
    "cost per month": _check_monthly_cost,
    "input tokens": _check_input_tokens,
    "limits and requirements": _check_requirements,
    "best variant": _check_best_variant,
    "requests": _check_requests,
    "batch files": _check_batch_files,
    "prompt cache": _check_stated_cache,
    "folders": _check_folders,
}
