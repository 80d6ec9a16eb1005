"""The priced answers of logs as a Report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.commands.reconcile.bill import Reconciliation
from gpt41_cli.commands.reconcile.charge import Charge, ChargeKey
from gpt41_cli.commands.reconcile.elsewhere import AlternativeCost, find_usual_reasoning, price_alternatives
from gpt41_cli.commands.reconcile.ends_report import describe_price_after, find_ends, make_replacement_lines
from gpt41_cli.commands.reconcile.spending.period import Period
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import (
    compute_share,
    describe_doubt,
    format_exact,
    format_int,
    format_money_parts,
    format_ratio,
    format_total,
    list_first,
    pluralize,
    sanitize,
)
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Finding
from gpt41_cli.pricing import Usage, sum_usd
from gpt41_cli.reports import Json, Report, ReportLine, Table
from gpt41_cli.reports.columns import Column, choose_usd_format, make_records, make_table, show_parts
from gpt41_cli.reports.entries import dump_counted_finding
from gpt41_cli.reports.findings import make_invalid_findings, make_skipped_findings
from gpt41_cli.reports.succession import format_usd_span
from gpt41_cli.rules import Effect, Level, Rule

SCHEMA = "gpt41.reconcile/1"

_MAX_DAYS = 31
"""So many days have a row each; more are shown by month."""

_MAX_ISSUES_SHOWN = 5
_MAX_NAMES = 20


def make_report(
    bill: Reconciliation, left_out: Sequence[SkippedPath] = (), *, change: str = "", skips_invalid: bool = False
) -> Report:
    """Make the report: the bill, what was saved, and what it would cost elsewhere. `change` is what the first line says of the
    period before.

    Records that can't be read and answers without a price are errors, unless they may be left out.
    """
    charges = dict(sorted(bill.charges.items(), key=lambda item: (item[0].model, item[0].mode, item[0].day or date.min)))
    records = tuple(_make_record(group, charge) for group, charge in charges.items())
    elsewhere = price_alternatives(bill)
    tables = _make_models_table(charges), _make_days_table(charges), _make_alternatives_table(elsewhere, bill)
    ends = tuple(find_ends(bill))
    findings = (*ends, *collect_findings(bill, left_out, skips_invalid=skips_invalid))
    return Report(
        schema=SCHEMA,
        answer=format_exact(bill.total_usd),
        headline=_make_headline(bill, charges, lacks_files=any(file.is_unreadable for file in left_out))
        + change
        + describe_price_after(bill),
        lines=(*_make_lines(bill), *make_replacement_lines(bill.conditions.market, {key.model for key in bill.charges})),
        tables=tuple(table for table in tables if table.rows),
        findings=findings,
        notes=(*collect_notes(bill), *_collect_search_notes(bill, elsewhere), *_note_ranges(elsewhere, bill)),
        data={
            "total_usd": bill.total_usd,
            "usage": asdict(bill.usage),
            "caching_saved_usd": bill.caching_saved_usd,
            "batch_saved_usd": bill.batch_saved_usd,
            "charges": records,
            "elsewhere": make_records(_list_alternative_columns(elsewhere, bill), elsewhere),
            "unpriced": [dump_counted_finding(issue, "times") for issue in bill.issues],
            "groups": None,
            "invoice": None,
            "period": None,
            "prediction": None,
            "workloads": None,
        },
        records=records,
        catalog=bill.conditions.market.catalog,
        mentioned=ends,
        bound=_explain_doubts(findings),
    )


def _explain_doubts(findings: Iterable[Finding]) -> str:
    """Say what makes the sum of a bill unclear to readers who see only the sum; nothing if it is clear."""
    doubts = [finding.message for finding in findings if finding.rule is rules.ANSWER_UNCLEAR]
    more = f"; without -q, it says {format_int(len(doubts) - 1)} more" if doubts[1:] else ""
    return f"about this: {doubts[0]}{more}" if doubts else ""


def _make_headline(bill: Reconciliation, groups: Iterable[ChargeKey], *, lacks_files: bool) -> str:
    """Write the bill; "at least" if something without a price should have one, or if a file couldn't be read."""
    unpriced = [issue for issue in bill.issues if issue.finding.rule.effect is Effect.AT_LEAST]
    charges = sum(issue.times for issue in unpriced if issue.finding.rule is rules.TOOL_PRICE)
    answers = sum(issue.times for issue in unpriced) - charges + bill.rejects.count
    tokens = _describe_tokens(sum(bill.unpriced.values(), Usage()))
    more = " more" * (bill.usage.requests > 0)
    rest = f"; {format_int(answers)}{more} not priced{tokens}" * (answers > 0)
    rest += f"; {pluralize(charges, 'charge')} of tools not priced" * (charges > 0)
    least = "at least " if rest or lacks_files else ""
    total = format_total(bill.total_usd, bill.usage.requests)
    days = [group.day for group in groups if group.day]
    period = f" {Period(min(days), max(days))}" if days else ""
    return f"{least}{total} for {pluralize(bill.usage.requests, 'answer')}{period}{rest}"


_TERMS = "uncached_input_usd", "cached_input_usd", "output_usd", "write_usd"


def _make_lines(bill: Reconciliation) -> Iterator[ReportLine]:
    usage, whole, charges = bill.usage, bill.total_usd, list(bill.charges.values())
    cited = ", ".join(sorted({charge.offer.row.source.label for charge in charges}))
    terms = (
        *(sum_usd(getattr(charge.bill, term) for charge in charges) for term in _TERMS),
        sum_usd(charge.tools_usd for charge in charges),
    )
    shown = format_money_parts(terms, whole, is_price=usage.requests == 1)
    shares = [compute_share(usd, whole) for usd in terms]
    tokens = usage.input_tokens - usage.cached_tokens, usage.cached_tokens, usage.output_tokens
    for index, (label, what) in enumerate((("input", "uncached input"), ("cached", "cached input"), ("output", "output"))):
        if tokens[index] or label != "cached":
            yield ReportLine(label, f"{pluralize(tokens[index], f'{what} token')}: {shown[index]}", cited, shares[index])
    written, tools = terms[3:]
    if written:
        yield ReportLine("written", f"{shown[3]} more for writing to the prompt cache than for input", cited, shares[3])
    if tools:
        yield ReportLine("tools", f"{shown[4]} for calls to built-in tools", share=shares[4])
    reasoning = sum(charge.reasoning_tokens for charge in charges)
    if reasoning:
        yield ReportLine("reasoning", f"{format_int(reasoning)} of the output tokens were spent on reasoning")
    rejected = sum(charge.rejected_prediction_tokens for charge in charges)
    accepted = sum(charge.accepted_prediction_tokens for charge in charges)
    if rejected or accepted:
        lost = format_total(sum_usd(charge.bill.rejected_usd for charge in charges), usage.requests)
        text = f"{format_int(accepted)} tokens of predictions accepted; {format_int(rejected)} rejected, which cost {lost}"
        yield ReportLine("predicted", text)
    for saved, how in (
        (bill.caching_saved_usd, "by caching, compared with all input at its full price"),
        (bill.batch_saved_usd, "by batch, compared with standard with the same cached tokens"),
    ):
        if saved:
            yield ReportLine("saved" if saved > 0 else "lost", f"{format_total(abs(saved), bill.usage.requests)} {how}")


class _ChargeSum(NamedTuple):
    """Charges in one row, under the key of the first."""

    key: ChargeKey
    usage: Usage
    total_usd: Decimal


def _sum_charges(charges: Mapping[ChargeKey, Charge], group: Callable[[ChargeKey], object]) -> list[_ChargeSum]:
    """Add up the charges whose keys are of the same group."""
    sums: dict[object, _ChargeSum] = {}
    for key, charge in charges.items():
        first, usage, total_usd = sums.get(group(key), _ChargeSum(key, Usage(), Decimal(0)))
        sums[group(key)] = _ChargeSum(first, usage + charge.usage, sum_usd((total_usd, charge.total_usd)))
    return list(sums.values())


def _list_sum_columns(sums: Sequence[_ChargeSum]) -> tuple[Column[_ChargeSum], ...]:
    highest = max((row.total_usd for row in sums), default=Decimal(0))
    return (
        Column("~~>answers", None, lambda row: row.usage.requests),
        Column("~>input", None, lambda row: row.usage.input_tokens),
        Column("~>cached", None, lambda row: row.usage.cached_tokens),
        Column("~~>output", None, lambda row: row.usage.output_tokens),
        Column(">total", None, show_parts(sums, lambda row: row.total_usd)),
        Column("|", None, lambda row: compute_share(row.total_usd, highest), str),
    )


def _make_models_table(charges: Mapping[ChargeKey, Charge]) -> Table:
    """Make a row for each model in each mode, the most expensive first."""
    sums = sorted(_sum_charges(charges, lambda key: key[:2]), key=lambda row: -row.total_usd)
    model = Column[_ChargeSum]("`model", None, lambda row: row.key.model)
    mode = Column[_ChargeSum]("mode", None, lambda row: row.key.mode)
    return make_table((model, mode, *_list_sum_columns(sums)), sums)


def _make_days_table(charges: Mapping[ChargeKey, Charge]) -> Table:
    """Make a row for each day, if there are several, or for each month, if there are more days than a month has."""
    sums = _sum_charges(charges, lambda key: key.day)
    day = Column[_ChargeSum]("day", None, lambda row: row.key.day, str, absent="not said")
    if len(sums) > _MAX_DAYS:
        sums = _sum_charges(charges, lambda key: key.day and (key.day.year, key.day.month))
        day = day._replace(title="month", show=lambda value: f"{value:%Y-%m}")
    sums.sort(key=lambda row: row.key.day or date.min)
    return make_table((day, *_list_sum_columns(sums)), sums if len(sums) > 1 else (), is_detail=True)


def _list_alternative_columns(elsewhere: Sequence[AlternativeCost], bill: Reconciliation) -> tuple[Column[AlternativeCost], ...]:
    """List the columns for the same tokens at each variant, next to what was paid."""
    most = max((cost.high_usd for cost in elsewhere), default=Decimal(0))
    show = choose_usd_format([cost.total_usd for cost in elsewhere], bill.usage.requests)
    return (
        Column("`model", "model", lambda row: row.variant.id),
        Column("mode", "mode", lambda row: row.mode),
        Column(None, "total_usd", lambda row: row.total_usd),
        Column(None, "high_usd", lambda row: row.high_usd),
        Column(">total", None, lambda row: format_usd_span(row.total_usd, row.high_usd, show)),
        Column("|", None, lambda row: compute_share(row.high_usd, most), str),
        Column(None, "is_shut_down", lambda row: _is_shut_down(row, bill)),
        Column("", None, lambda row: _compare_with_paid(row, bill)),
    )


def _make_alternatives_table(elsewhere: Sequence[AlternativeCost], bill: Reconciliation) -> Table:
    """Make a row for each variant that can still be called; JSON has the others, too."""
    shown = [cost for cost in elsewhere if not _is_shut_down(cost, bill)]
    return make_table(_list_alternative_columns(shown, bill), shown, "The same tokens on other models")


def _compare_with_paid(cost: AlternativeCost, bill: Reconciliation) -> str:
    if bill.unpriced:
        return ""  # the answers without a price are among the tokens
    paid = bill.total_usd
    low, high = (usd / paid if paid else Decimal(1) for usd in (cost.total_usd, cost.high_usd))
    if low == high == 1:
        return "the same"
    least, most = format_ratio(low), format_ratio(high)
    ratio = most if least == most else f"{least.removesuffix(' of')} to {most}"
    return f"{ratio} what was paid"


def _is_shut_down(cost: AlternativeCost, bill: Reconciliation) -> bool:
    return lifecycle.find_past_shutdown(bill.conditions.market, cost.variant) is not None


def collect_findings(bill: Reconciliation, left_out: Sequence[SkippedPath], *, skips_invalid: bool) -> Iterator[Finding]:
    """Make findings of what wasn't priced or read: errors, unless it may be left out."""
    gap_level = None if skips_invalid else Level.ERROR
    yield from _describe_issues(bill, gap_level)
    yield from make_invalid_findings(bill.rejects, gap_level)
    yield from make_skipped_findings(left_out)


def _describe_issues(bill: Reconciliation, gap_level: Level | None) -> Iterator[Finding]:
    """Make findings of what wasn't priced: the most frequent reasons one by one, the others of a rule together. `gap_level` is
    the level of those that make the bill a lower bound; None leaves that of their rules.
    """
    shown: Counter[Rule] = Counter()
    more: Counter[Rule] = Counter()
    for finding, times, first in bill.issues:
        rule = finding.rule
        level = gap_level if rule.effect is Effect.AT_LEAST else None
        shown[rule] += 1
        if shown[rule] > _MAX_ISSUES_SHOWN:
            more[rule] += times
            continue
        what = f"{format_int(times)} not priced{_describe_tokens(bill.unpriced.get((rule, finding.message)))}: "
        if rule.effect is Effect.INEXACT:
            what = f"{format_int(times)} times " * (times > 1)
        message = f"{what}{finding.message} ({'first ' * (times > 1)}{sanitize(first.label)})"
        yield finding._replace(
            message=message, level=finding.level if level is None else level, place=first, actual=str(times), names_place=True
        )
    for rule, times in more.items():
        level = gap_level if rule.effect is Effect.AT_LEAST else None
        yield Finding(rule, f"{format_int(times)} more for reasons like these", level, actual=str(times))


def _describe_tokens(usage: Usage | None) -> str:
    """Say how many tokens answers without a price have."""
    if usage is None or usage == Usage(usage.requests):
        return ""
    return f" ({format_int(usage.input_tokens)} input and {format_int(usage.output_tokens)} output tokens)"


def collect_notes(bill: Reconciliation) -> Iterator[str]:
    """Write the notes on the prices of a bill."""
    if bill.undated:
        yield f"{pluralize(bill.undated, 'answer')} without a date: at the prices of {bill.conditions.market.as_of}."
    yield from _list_taken_names(bill)
    offers = [charge.offer for charge in bill.charges.values() if charge.offer.row.confidence != "high"]
    yield from dict.fromkeys(
        f"The {offer.mode} price of {offer.variant.id} is {describe_doubt(offer.row.confidence)}, but not confirmed "
        f"[{offer.row.source.label}]."
        for offer in offers
    )


def _list_taken_names(bill: Reconciliation) -> Iterator[str]:
    """List the names in logs that were taken for a model of the table; its own snapshots and fine-tunes aren't listed."""
    models = bill.conditions.market.catalog.models
    names: dict[str, list[str]] = {}
    for name, model in sorted(bill.taken_names.items()):
        if model not in models or name not in models[model].snapshots:
            names.setdefault(model, []).append(sanitize(name))
    for model, taken in names.items():
        yield f"Counted as {sanitize(model)}: {list_first(taken, _MAX_NAMES)}."


def _note_ranges(elsewhere: Sequence[AlternativeCost], bill: Reconciliation) -> Iterator[str]:
    """Explain the ranges of models that bill something that logs don't show."""
    ranges = {cost.variant.id: cost.variant for cost in elsewhere if cost.high_usd != cost.total_usd}
    for name, variant in ranges.items():
        usual = find_usual_reasoning(variant)
        reasoning = ", without reasoning" * bool(variant.model.reasoning)
        if usual:
            reasoning = (
                f" and {pluralize(usual.p90, 'reasoning token')} per answer, which 9 in 10 recorded answers of {usual.model} at "
                f"effort {usual.effort} don't exceed [{usual.source.label}]"
            )
        yield f"{name}: the lower price is without reasoning and cache writes, the higher one with all cache writes{reasoning}."
    summed = any(charge.summed_answers for charge in bill.charges.values())
    if summed and any(variant.model.surcharge for variant in ranges.values()):
        yield "Sums of answers are priced as if no request paid the surcharge for long ones."


def _collect_search_notes(bill: Reconciliation, elsewhere: Sequence[AlternativeCost]) -> Iterator[str]:
    """Say what the comparison with other variants leaves out if tools were called."""
    catalog = bill.conditions.market.catalog
    used = frozenset[str]().union(*(charge.abilities for charge in bill.charges.values()))
    shown = {cost.variant.id for cost in elsewhere}
    for variant in catalog.family:
        if lacking := sorted(used - variant.model.abilities):
            yield f"{variant.id} is not among the same tokens on other models: it does not have {', '.join(lacking)}."
    if "web-search" in used and catalog.tools:
        fixed = catalog.tools.fixed_search_tokens
        for model in sorted(shown & fixed.by_model.keys()):
            tokens = format_int(fixed.by_model[model])
            yield (
                f"{model} bills {tokens} input tokens for a web search, whatever it finds [{fixed.source.label}]; elsewhere the "
                "same tokens are taken as they were billed."
            )


def _make_record(group: ChargeKey, charge: Charge) -> Mapping[str, Json]:
    bill = charge.bill
    return {
        "model": group.model,
        "mode": group.mode,
        "day": group.day,
        **asdict(charge.usage),
        "reasoning_tokens": charge.reasoning_tokens,
        "accepted_prediction_tokens": charge.accepted_prediction_tokens,
        "rejected_prediction_tokens": charge.rejected_prediction_tokens,
        "uncached_input_usd": bill.uncached_input_usd,
        "cached_input_usd": bill.cached_input_usd,
        "output_usd": bill.output_usd,
        "cache_write_usd": charge.bill.write_usd,
        "tools_usd": charge.tools_usd,
        "total_usd": charge.total_usd,
    }
