"""Make the Report on the move of all workloads: what to do by when, what it costs per month, what breaks and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction

from gpt41_cli import rules
from gpt41_cli.catalog import Market
from gpt41_cli.code.endings import find_ends
from gpt41_cli.code.uses import describe_refused
from gpt41_cli.commands.migrate.reasons import make_cheaper_lines, make_date_lines, write_recorded_reasoning_notes
from gpt41_cli.commands.migrate.report import (
    CERTAINTIES,
    MAX_DRAWBACKS,
    MAX_ROWS,
    describe_reasoned,
    dump_reasoned,
    format_headroom,
    list_effort_columns,
    sort_by_certainty,
)
from gpt41_cli.commands.migrate.workloads import MovedWorkload, find_move_findings
from gpt41_cli.config.tables import Config
from gpt41_cli.constraints.lifecycle import name_with_end
from gpt41_cli.display import format_int, pluralize, sanitize, to_decimal
from gpt41_cli.reports import Report, ReportLine
from gpt41_cli.reports.bounds import choose_bound_prefix
from gpt41_cli.reports.code_calls import dump_calls
from gpt41_cli.reports.columns import Column, Usd, choose_usd_format, make_records, make_table, show_value
from gpt41_cli.reports.findings import make_skipped_findings
from gpt41_cli.reports.succession import format_usd_span
from gpt41_cli.workloads.code_calls import CodeCalls
from gpt41_cli.workloads.costing import UsdRange

SCHEMA = "gpt41.migrate-workloads/1"


_MAX_CALLS = 20
"""How many calls a report lists; gpt41 scan lists all."""


def make_report(config: Config, market: Market, workloads: Sequence[MovedWorkload], calls: CodeCalls) -> Report:
    """Make the report of the move of all workloads of a gpt41.yaml, and of the calls in the code that it names."""
    findings = tuple(dict.fromkeys(find_move_findings(workloads)))
    skipped = [file for moved in workloads for file in moved.priced.contents.skipped_files]
    moving = [moved for moved in workloads if moved.path]
    now, then = _sum_up(workloads)
    columns = (*_COLUMNS_BEFORE, *list_effort_columns(workloads, _show_reasoned), *_COLUMNS_AFTER)
    shown = {moved.name for moved in _sort_by_price(workloads)[:MAX_ROWS]}
    to_change = list(_describe_calls(calls, market))
    is_least = any(moved.priced.workload.is_lower_bound for moved in workloads)
    return Report(
        schema=SCHEMA,
        answer="\n".join(f"{sanitize(moved.name)} {moved.path.variant.id}" for moved in moving if moved.path) or "none",
        headline=_make_headline(market, workloads, len(to_change), is_least=is_least),
        lines=tuple(_make_lines(workloads, to_change)),
        tables=(
            make_table(
                columns,
                workloads,
                tone=lambda moved: "" if moved.path or moved.is_stuck else "faint",
                is_row_detail=lambda moved: moved.name not in shown,
            ),
        ),
        findings=(*findings, *make_skipped_findings([*skipped, *calls.unreadable])),
        notes=tuple(_make_notes(workloads, has_code=bool(config.code))),
        data={
            "config": config.file,
            "on": market.as_of,
            "monthly_usd": now,
            "then_monthly_usd": then and then._asdict(),
            "workloads": make_records(columns, workloads),
            "calls": dump_calls(calls.uses, market),
        },
        records=make_records(columns, workloads),
        catalog=market.catalog,
        mentioned=[finding for finding in findings if finding.rule not in (rules.MODEL_SHUT_DOWN, rules.MISSING_PRICE)],
    )


def _sort_by_price(workloads: Sequence[MovedWorkload]) -> list[MovedWorkload]:
    return sorted(workloads, key=lambda moved: -moved.usd_now)


def _sum_up(workloads: Sequence[MovedWorkload]) -> tuple[Fraction | None, UsdRange | None]:
    """Return dollars per month of all workloads today and after the move, as sums of what is printed of each.

    None and None unless all have a volume and a price.
    """
    if not all(moved.priced.cost.volume and not moved.is_stuck for moved in workloads):
        return None, None
    today = [UsdRange(moved.usd_now, moved.usd_now).rounded for moved in workloads]
    then = [moved.usd_then.rounded if moved.usd_then else stays for moved, stays in zip(workloads, today, strict=True)]
    expected, high = (sum(amounts, Fraction(0)) for amounts in zip(*then, strict=True))
    return sum((cost.expected for cost in today), Fraction(0)), UsdRange(expected, high)


def _sum_up_reasoned(workloads: Sequence[MovedWorkload]) -> Mapping[str, Fraction]:
    """Return dollars per month of all workloads after the move, with the stated reasoning tokens, by effort."""
    efforts = dict.fromkeys(effort for moved in workloads for effort in moved.reasoned)
    sums = dict.fromkeys(efforts, Fraction(0))
    for moved in workloads:
        # One that stays, or moves to a model that doesn't reason, has the same price at each effort.
        high = moved.usd_then.high if moved.usd_then else moved.usd_now
        for effort in efforts:
            sums[effort] += Fraction(to_decimal(moved.reasoned.get(effort, high)))
    return sums


def _make_headline(market: Market, workloads: Sequence[MovedWorkload], calls: int, *, is_least: bool) -> str:
    """Write what to move before which day, and what all workloads cost before and after. `calls` is the number of calls in the
    code that must change; `is_least`: there are tokens that can't be counted.
    """
    moving = [moved for moved in workloads if moved.path]
    stuck = [moved for moved in workloads if moved.is_stuck]
    if not moving and not stuck:
        end = f"no end of the models of {pluralize(len(workloads), 'workload')} is announced on {market.as_of}"
        must = f"{pluralize(calls, 'call')} in the code must change"
        return f"No workload has to move, but {must}: {end}" if calls else f"Nothing has to move: {end}"
    targets = ", ".join(dict.fromkeys(name_with_end(moved.priced.market, moved.path.variant) for moved in moving if moved.path))
    text = f"Move {pluralize(len(moving), 'workload')} to {targets}" if moving else "No replacement with a price is known"
    days = [moved.ends for moved in (*moving, *stuck) if moved.ends]
    if days:
        text += f" before {min(days)}" if min(days) > market.as_of else " now"
    if stuck:
        text += f"; {pluralize(len(stuck), 'more workload')} can't be priced elsewhere" if moving else ""
    now, then = _sum_up(workloads)
    if now is None or then is None or stuck:
        return text
    reasons = any(moved.path and moved.path.variant.model.reasoning for moved in moving)
    sums, stated = _sum_up_reasoned(workloads), [moved.reasoning_tokens for moved in moving if moved.reasoned]
    reasoned, show = "", choose_usd_format([now, then.high])
    if len(sums) == 1:
        ((effort, usd),) = sums.items()
        amounts = {tokens[effort] for tokens in stated}
        reasoned = f", {show(usd)} with those of gpt41.yaml"
        if len(amounts) == 1 and len(stated) == len(moving):
            reasoned = describe_reasoned([(effort, amounts.pop(), show(usd))])
    after = ", before reasoning tokens" * reasons + reasoned
    least = choose_bound_prefix(is_most=False, is_least=is_least)
    return f"{text}: {least}{show(now)} per month now, {format_usd_span(*then, show)} then{after}"


def _make_lines(workloads: Sequence[MovedWorkload], calls: Sequence[str]) -> Iterator[ReportLine]:
    """Say what to change where, what it may cost, what breaks for certain, what nobody has confirmed, and when the models end."""
    yield from _make_change_lines(workloads)
    yield from (ReportLine("code", call) for call in calls[:_MAX_CALLS])
    if len(calls) > _MAX_CALLS:
        yield ReportLine("code", f"{format_int(len(calls) - _MAX_CALLS)} more calls: gpt41 scan lists them")
    yield from _make_reasoning_lines(workloads)
    largest = _sort_by_price(workloads)
    yield from make_cheaper_lines(
        (sanitize(moved.name), f"{_choose_format(moved)(usd)} per {_name_period(moved)}", mode)
        for moved in largest
        for mode, usd in moved.cheaper_modes.items()
    )
    for label in CERTAINTIES[:2]:
        flaws = ((moved.name, finding) for moved in largest for finding in sort_by_certainty(moved.breaks)[label])
        for number, (name, finding) in enumerate(flaws):
            yield ReportLine(label, f"{sanitize(name)}: {finding.message}", finding.citation, is_detail=number >= MAX_DRAWBACKS)
    yield from make_date_lines(
        (moved.priced.market, moved.priced.quote.offer.variant, moved.path and moved.path.variant)
        for moved in workloads
        if moved.path or moved.is_stuck
    )


def _make_change_lines(workloads: Sequence[MovedWorkload]) -> Iterator[ReportLine]:
    """Say which model and mode to write where in gpt41.yaml."""
    by_setting: dict[str, list[str]] = {}
    for moved in workloads:
        if moved.path:
            mode = "" if moved.path.quote.mode == moved.priced.quote.mode else f" and mode: {moved.path.quote.mode}"
            place = moved.priced.declaration.locate("model").label
            by_setting.setdefault(f"model: {moved.path.variant.id}{mode}", []).append(f"{sanitize(moved.name)} ({place})")
    for setting, names in by_setting.items():
        rest = names[MAX_ROWS:]
        more = f" and {format_int(len(rest))} more" if rest else ""
        yield ReportLine("change", f"{setting} in {', '.join(names[:MAX_ROWS])}{more}; --write-config writes it")
        if rest:
            yield ReportLine("change", f"{setting} in {', '.join(rest)}", is_detail=True)


def _describe_calls(calls: CodeCalls, market: Market) -> Iterator[str]:
    """Describe each call in the code that must change: where it is, to what, and which of its parameters must go."""
    ends = find_ends(market)
    for use in calls.uses:
        if use.is_call and (end := ends.get(use.entry)):
            to = f" to {end.replacement}" if end.replacement else ""
            refused = f", which refuses {describe_refused(use)}" if use.parameters and to else ""
            yield f"{sanitize(use.place.label)} calls {sanitize(use.name)}: change it{to}{refused}"


def _make_reasoning_lines(workloads: Sequence[MovedWorkload]) -> Iterator[ReportLine]:
    """Say what all workloads cost at each effort, if there are several."""
    now, _ = _sum_up(workloads)
    sums = _sum_up_reasoned(workloads) if now is not None else {}
    if len(sums) > 1:
        tokens = workloads[0].reasoning_tokens
        texts = (f"{show_value(usd)} at {effort} ({format_int(tokens[effort])} per request)" for effort, usd in sums.items())
        yield ReportLine("reasons", f"per month with the reasoning tokens of an effort: {', '.join(texts)}")


def _name_period(moved: MovedWorkload) -> str:
    return "month" if moved.priced.cost.volume else "request"


def _make_notes(workloads: Sequence[MovedWorkload], *, has_code: bool) -> Iterator[str]:
    if any(not moved.priced.cost.volume for moved in workloads):
        yield "Workloads without a volume are priced per request, so that there is no total."
    if any(moved.path and moved.path.variant.model.reasoning for moved in workloads):
        yield (
            "Reasoning tokens are billed as output; with effort none there are none. "
            "The table says how many cost no more than today."
        )
        yield from write_recorded_reasoning_notes(moved.path.variant for moved in workloads if moved.path)
    if any(moved.path or moved.is_stuck for moved in workloads):
        find = "" if has_code else "gpt41 scan finds the calls in your code, and code: src/ in gpt41.yaml lists them here; "
        yield f"{find}gpt41 migrate FILE shows more about one workload."


def _choose_format(moved: MovedWorkload) -> Callable[[Usd], str]:
    """Choose how to show what a workload costs, now and after the move: per month or, without a volume, per request."""
    then = [moved.usd_then.high] if moved.usd_then else []
    return choose_usd_format([moved.usd_now, *then], 0 if moved.priced.cost.volume else 1)


def _show_reasoned(moved: MovedWorkload) -> Mapping[str, str]:
    return {effort: _choose_format(moved)(usd) for effort, usd in moved.reasoned.items()}


_COLUMNS_BEFORE: Sequence[Column[MovedWorkload]] = (
    Column("`workload", "name", lambda moved: moved.name, sanitize),
    Column("~~model", "model", lambda moved: moved.priced.quote.model),
    Column("~~mode", "mode", lambda moved: moved.priced.quote.mode),
    Column(None, "platform", lambda moved: moved.priced.market.platform.id),
    Column("~ends", "ends", lambda moved: moved.ends, absent="-"),
    Column("~~~move to", None, lambda moved: moved.path.variant.id if moved.path else "no price" if moved.is_stuck else "stays"),
    Column(None, "to", lambda moved: moved.path and moved.path.variant.id),
    Column(None, "to_mode", lambda moved: moved.path and moved.path.quote.mode),
    Column(None, "per", _name_period),
    Column(">now", None, lambda moved: _choose_format(moved)(moved.usd_now)),
    Column(None, "usd", lambda moved: moved.usd_now),
    Column(">then", None, lambda moved: moved.usd_then and format_usd_span(*moved.usd_then, _choose_format(moved)), absent="-"),
    Column(None, "then_usd", lambda moved: moved.usd_then and moved.usd_then._asdict()),
    Column(None, "reasoned", lambda moved: dump_reasoned(moved.reasoned, moved.reasoning_tokens)),
    Column(None, "cheaper", lambda moved: [{"mode": mode, "usd": usd} for mode, usd in moved.cheaper_modes.items()]),
)
_COLUMNS_AFTER: Sequence[Column[MovedWorkload]] = (
    Column("~>reasoning tokens", None, lambda moved: moved.path and format_headroom(moved.path), absent="-"),
    Column(None, "reasoning_tokens", lambda moved: moved.path and moved.path.spare_reasoning_tokens),
    Column("breaks", None, lambda moved: ", ".join(finding.brief for finding in moved.breaks if finding.brief)),
    Column("", None, lambda moved: "" if moved.priced.cost.volume else "per request"),
)
