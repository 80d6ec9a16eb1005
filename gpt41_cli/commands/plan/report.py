"""A Plan as a Report: the times, which limit binds, how to spread the requests, and which tier would be enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.plan.reasons import (
    explain_binding_limits,
    explain_spreading,
    format_time_bound,
    name_timing,
    suggest_tier,
)
from gpt41_cli.commands.plan.timings import Plan, Timing
from gpt41_cli.constraints.lifecycle import find_near_shutdown
from gpt41_cli.constraints.rate_limits import PoolWait
from gpt41_cli.display import choose_money_format, format_total, pluralize
from gpt41_cli.durations import format_duration, format_short_duration
from gpt41_cli.prices.succession import find_near_succession
from gpt41_cli.reports import Json, Report, ReportLine, Row, Table, make_headings, make_lines
from gpt41_cli.reports.columns import Column, make_records, make_table
from gpt41_cli.reports.quotes import dump_quote, find_bound_prefix, format_period
from gpt41_cli.reports.succession import describe_price_after, find_answered_ends
from gpt41_cli.work.workload import Workload

SCHEMA = "gpt41.plan/1"
_SUMMARIZED_MODES = ("standard", "batch")


def make_report(catalog: Catalog, work: Workload, plan: Plan) -> Report:
    """Make the report of a plan. Its bare answer has a line for every timing or only for the choice: model, mode, tier, and
    seconds, `never` or `unknown`. It is `none` if nothing meets the deadline.
    """
    shown, columns = plan.shown, _list_columns(plan)
    bare = (plan.choice,) if plan.choice else shown
    named = _list_named_timings(plan)
    successions = [find_near_succession(timing.quote.offer.market, timing.variant, timing.mode, work) for timing in named]
    after = describe_price_after(work, successions)
    return Report(
        schema=SCHEMA,
        answer="none" if plan.deadline and not plan.choice else "\n".join(map(_format_answer_line, bare)),
        headline=_make_headline(work, plan) + (after or _describe_ends(named)),
        lines=tuple(_make_lines(catalog, plan)),
        tables=(
            _make_all_tiers_table(plan)
            if plan.tier is None
            else make_table(columns, shown, tone=lambda timing: _choose_tone(plan, timing)),
        ),
        findings=plan.findings,
        notes=plan.notes,
        data={
            "usage_tier": plan.tier,
            "deadline_seconds": plan.deadline_seconds,
            "is_ceiling": work.is_ceiling,
            "estimates": work.estimated_requests,
            "lower_bounds": work.lower_bound_requests,
            "choice": _make_timing_json(catalog, plan, plan.choice) if plan.choice else None,
            "timings": [_make_timing_json(catalog, plan, timing) for timing in shown],
        },
        records=make_records(columns, shown),
        catalog=catalog,
        mentioned=[
            *(finding for finding in plan.findings if finding.rule is rules.DEADLINE),
            *(find_answered_ends(plan.findings, successions) if after else ()),
        ],
    )


def _format_answer_line(timing: Timing) -> str:
    seconds = timing.seconds
    if seconds is None:
        return f"{timing.variant.id} {timing.mode} {timing.tier} {'unknown' if timing.lacks_limits else 'never'}"
    return f"{timing.variant.id} {timing.mode} {timing.tier} {seconds}"


def _make_headline(work: Workload, plan: Plan) -> str:
    if plan.choice and plan.deadline_seconds:
        tier = f"tier {plan.choice.tier}" + (" or higher" if plan.tier is None else "")
        fitting = f"{name_timing(plan.choice)} ({_format_price(work, plan.choice)}), {tier}"
        return f"Fits in {format_duration(plan.deadline_seconds)}: {fitting}"
    if plan.lacks_limits and plan.shown[0].obstacle:
        models = ", ".join(dict.fromkeys(timing.variant.id for timing in plan.shown))
        return f"How long {models} takes isn't known: {plan.shown[0].obstacle.message}"
    if plan.deadline_seconds:
        return f"Cannot finish in {format_duration(plan.deadline_seconds)} in {plan.tiers_text}"
    if not plan.passing:
        obstacles = [timing.obstacle for timing in plan.shown if timing.obstacle and timing.mode != "priority"]
        is_limit = obstacles[-1].rule is rules.USAGE_TIER
        return f"Not possible in {plan.tiers_text}: {'a request is over its limit' if is_limit else obstacles[-1].brief}"
    if len({timing.variant.id for timing in plan.shown}) == 1:
        counted = f", for at least {pluralize(plan.shown[0].quote.usage.input_tokens, 'input token')}"
        return _summarize_one_model(plan) + counted * (work.is_incomplete or work.lower_bound_requests > 0)
    soonest, cheapest = _find_extremes(plan)
    ends = {"Soonest": soonest, "cheapest": cheapest} if soonest != cheapest else {"Soonest and cheapest": soonest}
    return "; ".join(f"{how}: {_summarize_timing(work, timing)}" for how, timing in ends.items())


def _find_extremes(plan: Plan) -> tuple[Timing, Timing]:
    """Find the soonest and the cheapest timing."""
    soonest = min(plan.passing, key=lambda timing: (timing.seconds, timing.quote.total_usd))
    return soonest, min(plan.passing, key=lambda timing: (timing.quote.total_usd, timing.seconds))


def _list_named_timings(plan: Plan) -> list[Timing]:
    """List the timings that the headline names, one of each mode; none if nothing is ever done."""
    if plan.choice and plan.deadline_seconds:
        return [plan.choice]
    if plan.deadline_seconds or not plan.passing:
        return []
    if len({timing.variant.id for timing in plan.shown}) > 1:
        return list(_find_extremes(plan))
    return list({timing.mode: timing for timing in plan.shown if timing.mode in _SUMMARIZED_MODES}.values())


def _describe_ends(timings: Sequence[Timing]) -> str:
    """Say when the models of timings end, if that is near."""
    days: dict[date, list[str]] = {}
    for timing in timings:
        offer = timing.quote.offer
        if (ends := find_near_shutdown(offer.market, offer.variant)) and offer.variant.id not in days.get(ends, []):
            days.setdefault(ends, []).append(offer.variant.id)
    return "".join(f"; {' and '.join(models)} {'ends' if len(models) == 1 else 'end'} on {day}" for day, models in days.items())


def _format_price(work: Workload, timing: Timing) -> str:
    usd = format_total(timing.quote.total_usd, work.requests)
    return f"{find_bound_prefix(work, timing.quote)}{usd}{format_period(work)}"


def _summarize_timing(work: Workload, timing: Timing) -> str:
    price = _format_price(work, timing)
    return f"{name_timing(timing)}, {format_time_bound(timing.mode, timing.seconds or 0)} in tier {timing.tier} ({price})"


def _summarize_one_model(plan: Plan) -> str:
    """Say how long standard and batch take: in the requested tier, or in the first and the last that pass."""
    parts: list[str] = []
    for mode in _SUMMARIZED_MODES:
        same = [timing for timing in plan.shown if timing.mode == mode]
        passing = [timing for timing in same if timing.seconds is not None]
        if not same:
            continue
        subject = f"in {mode}" if parts else name_timing(same[0])
        if not passing:
            parts.append(f"{subject}: not possible")
            continue
        first, last = passing[0], passing[-1]
        tier = "" if parts and plan.tier is not None else f" in tier {first.tier}"
        text = f"{subject}: {format_time_bound(mode, first.seconds or 0)}{tier}"
        parts.append(text if first is last else f"{text}, {format_time_bound(mode, last.seconds or 0)} in tier {last.tier}")
    return "; ".join(parts)


def _make_lines(catalog: Catalog, plan: Plan) -> Iterator[ReportLine]:
    """Say which limit binds and how to spread the requests, in the requested tier or for the choice. Priority shares the limits
    of standard.
    """
    requested = [timing for timing in plan.shown if timing.mode != "priority"] if plan.tier is not None else []
    explained = requested or ([plan.choice] if plan.choice else [])
    for timing in explained:
        yield from make_lines("limit", explain_binding_limits(catalog, timing))
    for timing in explained:
        if timing.meets(plan.deadline):
            yield from make_lines("spread", explain_spreading(catalog, timing, plan.deadline))
    for timing in requested:
        is_cheaper = plan.choice is None or timing.quote.total_usd < plan.choice.quote.total_usd
        if is_cheaper and (timing.obstacle is None or timing.obstacle.rule is rules.USAGE_TIER):
            yield from make_lines("tier", filter(None, [suggest_tier(catalog, plan, timing)]))


def _list_columns(plan: Plan) -> tuple[Column[Timing], ...]:
    """List the columns of one tier's table and of the records of all tiers."""
    show = _choose_total_format(plan)
    return (
        Column("model", "model", lambda timing: timing.variant.id),
        Column("mode", "mode", lambda timing: timing.mode),
        Column(None, "usage_tier", lambda timing: timing.tier),
        Column("time", None, lambda timing: timing.seconds and format_time_bound(timing.mode, timing.seconds), absent="-"),
        Column(None, "seconds", lambda timing: timing.seconds),
        Column(None, "status", lambda timing: _classify_timing(plan, timing)),
        Column(None, "limit", lambda timing: timing.slowest_wait and timing.slowest_wait.limit_name),
        Column(None, "needed", lambda timing: timing.slowest_wait and timing.slowest_wait.needed),
        Column(None, "allowed", lambda timing: timing.slowest_wait and timing.slowest_wait.allowed),
        Column(None, "least_usage_tier", lambda timing: _find_least_tier(plan, timing)),
        Column(">total", "total_usd", lambda timing: timing.quote.total_usd, show),
        Column(">least tier", None, lambda timing: _find_least_tier(plan, timing), absent="-"),
        Column(None, "obstacle", lambda timing: timing.obstacle and timing.obstacle.message),
        Column("", None, lambda timing: _describe_timing(plan, timing)),
    )


def _choose_total_format(plan: Plan) -> Callable[[Decimal], str]:
    quotes = [timing.quote for timing in plan.shown]
    return choose_money_format([quote.total_usd for quote in quotes], max(quote.usage.requests for quote in quotes))


def _find_least_tier(plan: Plan, timing: Timing) -> int | None:
    least = plan.find_least_tier(timing)
    return least.tier if least else None


def _make_all_tiers_table(plan: Plan) -> Table:
    """Make a table with a row for each variant and mode and a column for each tier."""
    rows: dict[tuple[str, str], list[Timing]] = {}
    for timing in plan.shown:
        rows.setdefault((timing.variant.id, timing.mode), []).append(timing)
    tiers = [f">tier {timing.tier}" for timing in next(iter(rows.values()))]
    show = _choose_total_format(plan)
    cells = [
        Row((model, mode, *map(_format_cell, timings), show(timings[0].quote.total_usd)), _choose_tone(plan, timings[0]))
        for (model, mode), timings in rows.items()
    ]
    return Table(make_headings("model", "mode", *tiers, ">total"), tuple(cells), "At least, in batch at most")


def _format_cell(timing: Timing) -> str:
    if timing.seconds is None:
        return "?" if timing.lacks_limits else "never"
    return format_short_duration(timing.seconds)


def _choose_tone(plan: Plan, timing: Timing) -> str:
    choice = plan.choice
    if choice and (timing.variant, timing.mode) == (choice.variant, choice.mode):
        return "chosen"
    return "" if timing.seconds is not None else "faint"


def _describe_timing(plan: Plan, timing: Timing) -> str:
    if timing.obstacle:
        return timing.obstacle.brief
    if timing is plan.choice:
        return "chosen"
    if timing.caveats:
        return timing.caveats[0].brief
    return "" if timing.meets(plan.deadline) else "too slow"


def _classify_timing(plan: Plan, timing: Timing) -> str:
    """Return passes, late, monthly-limit, ends-before-done, never or unknown."""
    if timing.obstacle:
        return "unknown" if timing.lacks_limits else "never"
    if timing.caveats:
        return timing.caveats[0].rule.id
    return "passes" if timing.meets(plan.deadline) else "late"


def _make_timing_json(catalog: Catalog, plan: Plan, timing: Timing) -> Mapping[str, Json]:
    tier = catalog.limits.usage_tiers.tiers[timing.tier]
    return {
        "model": timing.variant.id,
        "mode": timing.mode,
        "usage_tier": timing.tier,
        "seconds": timing.seconds,
        "bound": "at most" if timing.mode == "batch" else "at least",
        "status": _classify_timing(plan, timing),
        "obstacle": timing.obstacle and timing.obstacle.message,
        "meets_deadline": timing.meets(plan.deadline) if plan.deadline else None,
        "least_usage_tier": _find_least_tier(plan, timing),
        "paid_usd": str(tier.paid_usd),
        "monthly_limit_usd": str(tier.monthly_limit_usd),
        "pools": [_make_wait_json(wait) for wait in timing.waits],
        "spread": [finding.message for finding in explain_spreading(catalog, timing, plan.deadline)],
        "quote": dump_quote(timing.quote),
    }


def _make_wait_json(wait: PoolWait) -> Mapping[str, Json]:
    """Return one pool as JSON: the limit that binds, and how to send its requests."""
    files = wait.submission
    return {
        "is_long_context": wait.pool.is_long_context,
        "requests": wait.pool.load.requests,
        "limit": wait.limit_name,
        "needed": wait.needed,
        "allowed": wait.allowed,
        "seconds": wait.seconds,
        "requests_a_minute": None if wait.requests_per_minute is None else int(wait.requests_per_minute),
        "files": files._asdict() if files else None,
        "source": wait.pool.source.id,
    }
