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
    columns = (*_COLUMNS_BEFORE, *list_effort_columns(traffic, lambda move: move.reasoned), *_COLUMNS_AFTER)
    moves = tuple(dict.fromkeys(_find_move_findings(traffic)))
    records = make_records(columns, traffic)
    shown = {(move.variant.id, move.mode) for move in traffic[:MAX_ROWS]}
    return Report(
        schema=SCHEMA,
        answer="\n".join(f"{move.variant.id} {move.path.offer.variant.id}" for move in traffic if move.path) or "none",
        headline=_make_headline(bill, traffic),
        lines=tuple(_make_lines(traffic)),
        tables=(
            make_table(
                columns,
                traffic,
                tone=lambda move: "" if move.path or move.is_stuck else "faint",
                is_row_detail=lambda move: (move.variant.id, move.mode) not in shown,
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
            if not any(move.is_stuck for move in traffic)
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
    low = sum_usd(move.path.low_usd if move.path else move.paid_usd for move in traffic)
    return low, sum_usd(move.path.high_usd if move.path else move.paid_usd for move in traffic)


def _make_headline(bill: Reconciliation, traffic: Sequence[MovedTraffic]) -> str:
    moving, stuck = [move for move in traffic if move.path], [move for move in traffic if move.is_stuck]
    least = "at least " * any(issue.finding.rule.effect is Effect.AT_LEAST for issue in bill.issues)
    days = _list_days(bill)
    period = f" {Period(days[0], days[-1])}" if days else ""
    then = _sum_up(traffic)
    show = choose_usd_format([bill.total_usd, then[1]], bill.usage.requests)
    paid = f"{least}{show(bill.total_usd)} for {pluralize(bill.usage.requests, 'answer')}{period}"
    if not traffic:
        return f"What has to move isn't known: no answer has a price; {paid}"
    if not moving and not stuck:
        end = f"no end of {', '.join(dict.fromkeys(move.variant.id for move in traffic))} is announced"
        return f"Nothing has to move: {end} on {bill.conditions.market.as_of}; {paid}"
    if not moving:
        return f"No replacement with a price is known for {', '.join(dict.fromkeys(move.variant.id for move in stuck))}; {paid}"
    offers = [move.path.offer for move in moving if move.path]
    targets = ", ".join(dict.fromkeys(lifecycle.name_with_end(offer.market, offer.variant) for offer in offers))
    ends = [move.ends for move in (*moving, *stuck) if move.ends]
    when = "" if not ends else f" before {min(ends)}" if min(ends) > bill.conditions.market.as_of else " now"
    text = f"Move {pluralize(sum(move.usage.requests for move in moving), 'answer')} to {targets}{when}: {paid}"
    if stuck:
        return f"{text}; {pluralize(sum(move.usage.requests for move in stuck), 'more answer')} can't be priced elsewhere"
    reasons = ", before reasoning tokens" * any(offer.variant.model.reasoning for offer in offers)
    sums, tokens = _sum_up_reasoned(traffic), traffic[0].reasoning_tokens
    stated = [(effort, tokens[effort], show(usd)) for effort, usd in sums.items()]
    reasoned = describe_reasoned(stated) if len(sums) == 1 else ""
    return f"{text}, {format_usd_span(*then, show)} then{reasons}{reasoned}"


def _sum_up_reasoned(traffic: Sequence[MovedTraffic]) -> Mapping[str, Decimal]:
    efforts = dict.fromkeys(effort for move in traffic for effort in move.reasoned)
    highs = [move.path.high_usd if move.path else move.paid_usd for move in traffic]
    pairs = list(zip(traffic, highs, strict=True))
    return {effort: sum_usd(move.reasoned.get(effort, high) for move, high in pairs) for effort in efforts}


def _show_path(move: MovedTraffic, path: TrafficPath) -> str:
    return format_usd_span(path.low_usd, path.high_usd, _choose_format(move))


def _choose_format(move: MovedTraffic) -> Callable[[Usd], str]:
    """Choose how to show what is paid for an entry, now and after the move."""
    return choose_usd_format([move.paid_usd, *(path.high_usd for path in move.paths)], move.usage.requests)


def _make_lines(traffic: Sequence[MovedTraffic]) -> Iterator[ReportLine]:
    """Say how to pay less, what the new model lacks of what is used, what logs can't show, and when the models end."""
    yield from make_cheaper_lines(
        (name_offer(move.variant.id, move.mode), _show_path(move, path), path.offer.mode)
        for move in traffic
        for path in move.paths[1:]
        if move.path and path.high_usd < move.path.high_usd
    )
    for move in traffic:
        if move.path and (missing := _find_missing_tools(move, move.path)):
            model = move.path.offer.variant.model
            yield ReportLine("unsure", f"not confirmed for {model.id}: {missing}, which answers used", model.source.label)
    if any(move.path for move in traffic):
        unseen = "logs don't show which fields requests set: gpt41 scan and gpt41 migrate REQUESTS find what breaks"
        yield ReportLine("unsure", unseen)
    yield from make_date_lines(
        (move.market, move.variant, move.path and move.path.offer.variant) for move in traffic if move.path or move.is_stuck
    )


def _find_missing_tools(move: MovedTraffic, path: TrafficPath) -> str:
    used = frozenset().union(*(charge.abilities for charge in move.charges))
    return ", ".join(sorted(used - path.offer.variant.model.abilities))


def _find_move_findings(traffic: Sequence[MovedTraffic]) -> Iterator[Finding]:
    """Yield findings for models that end (errors once they have ended), and for models without a replacement that has a price."""
    for move in traffic:
        yield from lifecycle.check_lifecycle(move.market, move.variant, Level.ERROR)
        if move.path:
            yield from lifecycle.check_lifecycle(move.market, move.path.offer.variant, Level.ERROR)
        if move.is_stuck:
            text = f"no replacement for {move.variant.id} has a price on {move.market.platform.id}"
            yield Finding(rules.REPLACEMENT_UNKNOWN, text, subject=move.variant.id)


def _make_notes(traffic: Sequence[MovedTraffic]) -> Iterator[str]:
    paths = [move.path for move in traffic if move.path]
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
    summed = any(charge.summed_answers for move in traffic if move.path for charge in move.charges)
    if summed and any(path.offer.variant.model.surcharge for path in paths):
        yield "Sums of answers are priced as if no request paid the surcharge for long ones."
    for path in paths:
        yield from write_confidence_notes(path.offer)


def _dump_paths(move: MovedTraffic) -> Sequence[Json]:
    return [{"mode": path.offer.mode, "expected": path.low_usd, "high": path.high_usd} for path in move.paths]


def _format_headroom(move: MovedTraffic) -> str | None:
    if move.path is None or move.path.offer.variant.model.reasoning is None:
        return None
    return "none" if move.spare_reasoning_tokens is None else format_int(move.spare_reasoning_tokens)


_COLUMNS_BEFORE: Sequence[Column[MovedTraffic]] = (
    Column("model", "model", lambda move: move.variant.id),
    Column("mode", "mode", lambda move: move.mode),
    Column("~>answers", "answers", lambda move: move.usage.requests),
    Column("~>input", "input_tokens", lambda move: move.usage.input_tokens),
    Column(None, "cached_tokens", lambda move: move.usage.cached_tokens),
    Column("~>cached", None, lambda move: format_percent(Decimal(move.usage.cached_tokens) / (move.usage.input_tokens or 1))),
    Column("~>output", "output_tokens", lambda move: move.usage.output_tokens),
    Column("~ends", "ends", lambda move: move.ends, absent="-"),
    Column(">paid", None, lambda move: _choose_format(move)(move.paid_usd)),
    Column(None, "paid_usd", lambda move: move.paid_usd),
    Column("move to", None, lambda move: move.path.offer.variant.id if move.path else "no price" if move.is_stuck else "stays"),
    Column(None, "to", lambda move: move.path and move.path.offer.variant.id),
    Column(">then", None, lambda move: move.path and _show_path(move, move.path), absent="-"),
    Column(None, "ways", _dump_paths),
    Column(None, "reasoned", lambda move: dump_reasoned(move.reasoned, move.reasoning_tokens)),
)
_COLUMNS_AFTER: Sequence[Column[MovedTraffic]] = (
    Column(">reasoning tokens", None, _format_headroom, absent="-"),
    Column(None, "reasoning_tokens", lambda move: move.spare_reasoning_tokens),
)
