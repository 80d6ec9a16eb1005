"""Make the Report on the move of real traffic: what it cost, what it will cost, and what logs can't show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from gpt41_cli import rules
from gpt41_cli.commands.migrate.reasons import make_cheaper_lines, make_date_lines, write_recorded_reasoning_notes
from gpt41_cli.commands.migrate.report import MAX_ROWS, describe_reasoned, dump_reasoned, list_effort_columns
from gpt41_cli.commands.migrate.traffic import MovedTraffic
from gpt41_cli.commands.reconcile import report as bill_report
from gpt41_cli.commands.reconcile.bill import Reconciliation
from gpt41_cli.commands.reconcile.elsewhere import TrafficPath
from gpt41_cli.commands.reconcile.spending.period import Period
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import format_int, format_percent, name_offer, pluralize
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Finding
from gpt41_cli.prices.notes import write_confidence_notes
from gpt41_cli.pricing import sum_usd
from gpt41_cli.reports import Json, Report, ReportLine
from gpt41_cli.reports.columns import Column, Usd, choose_usd_format, make_records, make_table
from gpt41_cli.reports.succession import format_usd_span
from gpt41_cli.rules import Effect, Level

SCHEMA = "gpt41.migrate-traffic/1"


def make_report(
    bill: Reconciliation, traffic: Sequence[MovedTraffic], left_out: Sequence[SkippedPath], *, skips_invalid: bool
) -> Report:
    """Make the report of the move of all answers of some logs."""
    market = bill.conditions.market
    columns = (*_COLUMNS_BEFORE, *list_effort_columns(traffic, lambda each: each.reasoned), *_COLUMNS_AFTER)
    moves = tuple(dict.fromkeys(_find_move_findings(traffic)))
    records = make_records(columns, traffic)
    shown = {(each.variant.id, each.mode) for each in traffic[:MAX_ROWS]}
    return Report(
        schema=SCHEMA,
        answer="\n".join(f"{each.variant.id} {each.path.offer.variant.id}" for each in traffic if each.path) or "none",
        headline=_make_headline(bill, traffic),
        lines=tuple(_make_lines(traffic)),
        tables=(
            make_table(
                columns,
                traffic,
                tone=lambda each: "" if each.path or each.is_stuck else "faint",
                is_row_detail=lambda each: (each.variant.id, each.mode) not in shown,
            ),
        ),
        findings=(*moves, *bill_report.collect_findings(bill, left_out, skips_invalid=skips_invalid)),
        notes=(*_make_notes(traffic), *bill_report.collect_notes(bill)),
        data={
            "on": market.as_of,
            "platform": market.platform.id,
            "from_day": min(_list_days(bill), default=None),
            "to_day": max(_list_days(bill), default=None),
            "paid_usd": bill.total_usd,
            "then_usd": dict(zip(("expected", "high"), _sum_up(traffic), strict=True))
            if not any(each.is_stuck for each in traffic)
            else None,
            "traffic": records,
        },
        records=records,
        catalog=market.catalog,
        mentioned=[finding for finding in moves if finding.rule is rules.MODEL_RETIRES],
    )


def _list_days(bill: Reconciliation) -> list[date]:
    return sorted(key.day for key in bill.charges if key.day)


def _sum_up(traffic: Sequence[MovedTraffic]) -> tuple[Decimal, Decimal]:
    """Return the price of all answers after the move, without and with cache writes; those that stay cost what they did."""
    low = sum_usd(each.path.low_usd if each.path else each.paid_usd for each in traffic)
    return low, sum_usd(each.path.high_usd if each.path else each.paid_usd for each in traffic)


def _make_headline(bill: Reconciliation, traffic: Sequence[MovedTraffic]) -> str:
    moving, stuck = [each for each in traffic if each.path], [each for each in traffic if each.is_stuck]
    least = "at least " * any(issue.finding.rule.effect is Effect.AT_LEAST for issue in bill.issues)
    days = _list_days(bill)
    period = f" {Period(days[0], days[-1])}" if days else ""
    then = _sum_up(traffic)
    show = choose_usd_format([bill.total_usd, then[1]], bill.usage.requests)
    paid = f"{least}{show(bill.total_usd)} for {pluralize(bill.usage.requests, 'answer')}{period}"
    if not traffic:
        return f"What has to move isn't known: no answer has a price; {paid}"
    if not moving and not stuck:
        end = f"no end of {', '.join(dict.fromkeys(each.variant.id for each in traffic))} is announced"
        return f"Nothing has to move: {end} on {bill.conditions.market.as_of}; {paid}"
    if not moving:
        return f"No replacement with a price is known for {', '.join(dict.fromkeys(each.variant.id for each in stuck))}; {paid}"
    offers = [each.path.offer for each in moving if each.path]
    targets = ", ".join(dict.fromkeys(lifecycle.name_with_end(offer.market, offer.variant) for offer in offers))
    ends = [each.ends for each in (*moving, *stuck) if each.ends]
    when = "" if not ends else f" before {min(ends)}" if min(ends) > bill.conditions.market.as_of else " now"
    text = f"Move {pluralize(sum(each.usage.requests for each in moving), 'answer')} to {targets}{when}: {paid}"
    if stuck:
        return f"{text}; {pluralize(sum(each.usage.requests for each in stuck), 'more answer')} can't be priced elsewhere"
    reasons = ", before reasoning tokens" * any(offer.variant.model.reasoning for offer in offers)
    sums, tokens = _sum_up_reasoned(traffic), traffic[0].reasoning_tokens
    stated = [(effort, tokens[effort], show(usd)) for effort, usd in sums.items()]
    reasoned = describe_reasoned(stated) if len(sums) == 1 else ""
    return f"{text}, {format_usd_span(*then, show)} then{reasons}{reasoned}"


def _sum_up_reasoned(traffic: Sequence[MovedTraffic]) -> Mapping[str, Decimal]:
    efforts = dict.fromkeys(effort for each in traffic for effort in each.reasoned)
    highs = [each.path.high_usd if each.path else each.paid_usd for each in traffic]
    pairs = list(zip(traffic, highs, strict=True))
    return {effort: sum_usd(each.reasoned.get(effort, high) for each, high in pairs) for effort in efforts}


def _show_path(each: MovedTraffic, path: TrafficPath) -> str:
    return format_usd_span(path.low_usd, path.high_usd, _choose_format(each))


def _choose_format(each: MovedTraffic) -> Callable[[Usd], str]:
    """Choose how to show what is paid for an entry, now and after the move."""
    return choose_usd_format([each.paid_usd, *(path.high_usd for path in each.paths)], each.usage.requests)


def _make_lines(traffic: Sequence[MovedTraffic]) -> Iterator[ReportLine]:
    """Say how to pay less, what the new model lacks of what is used, what logs can't show, and when the models end."""
    yield from make_cheaper_lines(
        (name_offer(each.variant.id, each.mode), _show_path(each, path), path.offer.mode)
        for each in traffic
        for path in each.paths[1:]
        if each.path and path.high_usd < each.path.high_usd
    )
    for each in traffic:
        if each.path and (missing := _find_missing_tools(each, each.path)):
            model = each.path.offer.variant.model
            yield ReportLine("unsure", f"not confirmed for {model.id}: {missing}, which answers used", model.source.label)
    if any(each.path for each in traffic):
        unseen = "logs don't show which fields requests set: gpt41 scan and gpt41 migrate REQUESTS find what breaks"
        yield ReportLine("unsure", unseen)
    yield from make_date_lines(
        (each.market, each.variant, each.path and each.path.offer.variant) for each in traffic if each.path or each.is_stuck
    )


def _find_missing_tools(each: MovedTraffic, path: TrafficPath) -> str:
    used = frozenset().union(*(charge.abilities for charge in each.charges))
    return ", ".join(sorted(used - path.offer.variant.model.abilities))


def _find_move_findings(traffic: Sequence[MovedTraffic]) -> Iterator[Finding]:
    """Yield findings for models that end (errors once they have ended), and for models without a replacement that has a price."""
    for each in traffic:
        yield from lifecycle.check_lifecycle(each.market, each.variant, Level.ERROR)
        if each.path:
            yield from lifecycle.check_lifecycle(each.market, each.path.offer.variant, Level.ERROR)
        if each.is_stuck:
            text = f"no replacement for {each.variant.id} has a price on {each.market.platform.id}"
            yield Finding(rules.REPLACEMENT_UNKNOWN, text, subject=each.variant.id)


def _make_notes(traffic: Sequence[MovedTraffic]) -> Iterator[str]:
    paths = [each.path for each in traffic if each.path]
    if any(path.low_usd != path.high_usd for path in paths):
        yield (
            "Cached input is taken from the logs. Successors also bill what is written to the prompt cache: the lower price "
            "counts none of it, the higher one, which comparisons use, all that can be written."
        )
    if paths:
        yield (
            "Input is taken from the logs, which don't show tools and calls: the successors count more for these, and gpt41 "
            "migrate REQUESTS says how much."
        )
    if any(path.offer.variant.model.reasoning for path in paths):
        yield "Reasoning tokens are billed as output; with effort none there are none. The table says how many an answer may add."
        yield from write_recorded_reasoning_notes(path.offer.variant for path in paths)
    summed = any(charge.summed_answers for each in traffic if each.path for charge in each.charges)
    if summed and any(path.offer.variant.model.surcharge for path in paths):
        yield "Sums of answers are priced as if no request paid the surcharge for long ones."
    for path in paths:
        yield from write_confidence_notes(path.offer)


def _dump_paths(each: MovedTraffic) -> Sequence[Json]:
    return [{"mode": path.offer.mode, "expected": path.low_usd, "high": path.high_usd} for path in each.paths]


def _format_headroom(each: MovedTraffic) -> str | None:
    if each.path is None or each.path.offer.variant.model.reasoning is None:
        return None
    return "none" if each.spare_reasoning_tokens is None else format_int(each.spare_reasoning_tokens)


_COLUMNS_BEFORE: Sequence[Column[MovedTraffic]] = (
    Column("model", "model", lambda each: each.variant.id),
    Column("mode", "mode", lambda each: each.mode),
    Column("~>answers", "answers", lambda each: each.usage.requests),
    Column("~>input", "input_tokens", lambda each: each.usage.input_tokens),
    Column(None, "cached_tokens", lambda each: each.usage.cached_tokens),
    Column("~>cached", None, lambda each: format_percent(Decimal(each.usage.cached_tokens) / (each.usage.input_tokens or 1))),
    Column("~>output", "output_tokens", lambda each: each.usage.output_tokens),
    Column("~ends", "ends", lambda each: each.ends, absent="-"),
    Column(">paid", None, lambda each: _choose_format(each)(each.paid_usd)),
    Column(None, "paid_usd", lambda each: each.paid_usd),
    Column("move to", None, lambda each: each.path.offer.variant.id if each.path else "no price" if each.is_stuck else "stays"),
    Column(None, "to", lambda each: each.path and each.path.offer.variant.id),
    Column(">then", None, lambda each: each.path and _show_path(each, each.path), absent="-"),
    Column(None, "ways", _dump_paths),
    Column(None, "reasoned", lambda each: dump_reasoned(each.reasoned, each.reasoning_tokens)),
)
_COLUMNS_AFTER: Sequence[Column[MovedTraffic]] = (
    Column(">reasoning tokens", None, _format_headroom, absent="-"),
    Column(None, "reasoning_tokens", lambda each: each.spare_reasoning_tokens),
)
