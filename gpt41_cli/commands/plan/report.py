"""A Plan as a Report: what takes how long first, then what binds, how to spread the requests, and which tier would do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.plan.reasons import binds, name, next_tier, spread, time
from gpt41_cli.commands.plan.timings import Plan, Timing
from gpt41_cli.constraints.rate_limits import Wait
from gpt41_cli.display import exact, lasting, lasting_briefly, money
from gpt41_cli.reports import Json, Line, Report, Row, Table, columns
from gpt41_cli.reports.findings import invalid_findings, left_out_findings
from gpt41_cli.reports.quotes import bound, quote_json
from gpt41_cli.work.workload import Workload

if TYPE_CHECKING:
    from gpt41_cli.files.places import Rejects
    from gpt41_cli.files.trees import LeftOut

SCHEMA = "gpt41.plan/1"


def report(
    catalog: Catalog, work: Workload, plan: Plan, rejects: Rejects | None = None, left_out: Sequence[LeftOut] = ()
) -> Report:
    """The plan, to be read and to be computed with. Its bare answer is a line for each timing, or that of the choice alone:
    model, mode, tier, and seconds or `never`; `none` where nothing meets the deadline.
    """
    shown = plan.shown
    bare = (plan.choice,) if plan.choice else shown
    return Report(
        schema=SCHEMA,
        answer="none" if plan.deadline and not plan.choice else "\n".join(map(_bare, bare)),
        headline=_headline(work, plan),
        lines=tuple(_lines(catalog, plan)),
        tables=(_by_tier(work, plan) if plan.tier is None else _one_tier(work, plan),),
        findings=(*plan.findings, *invalid_findings(rejects), *left_out_findings(left_out)),
        notes=plan.notes,
        data={
            "usage_tier": plan.tier,
            "deadline_seconds": plan.deadline_seconds,
            "is_ceiling": work.is_ceiling,
            "estimates": work.estimates,
            "lower_bounds": work.lower_bounds,
            "choice": _json(catalog, plan, plan.choice) if plan.choice else None,
            "timings": [_json(catalog, plan, each) for each in shown],
        },
        records=tuple(_record(plan, each) for each in shown),
        catalog=catalog,
    )


def _bare(timing: Timing) -> str:
    return f"{timing.variant.id} {timing.mode} {timing.tier} {'never' if timing.seconds is None else timing.seconds}"


def _headline(work: Workload, plan: Plan) -> str:
    if plan.choice and plan.deadline_seconds:
        tier = f"tier {plan.choice.tier}" + (" or higher" if plan.tier is None else "")
        price = f"{bound(work, plan.choice.quote)}{money(plan.choice.quote.total_usd)}"
        return f"Fits in {lasting(plan.deadline_seconds)}: {name(plan.choice)} ({price}), {tier}"
    if plan.deadline_seconds:
        return f"Too slow: nothing is done in {lasting(plan.deadline_seconds)} in {plan.where}"
    if not plan.passing:
        obstacles = [each.obstacle for each in plan.shown if each.obstacle and each.mode != "priority"]
        is_limit = obstacles[-1].rule == "usage-tier"
        return f"Never in {plan.where}: {'a request is over what it lets through' if is_limit else obstacles[-1].brief}"
    if len({each.variant.id for each in plan.shown}) == 1:
        return _of_one_model(plan)
    soonest = min(plan.passing, key=lambda each: (each.seconds, each.quote.total_usd))
    cheapest = min(plan.passing, key=lambda each: (each.quote.total_usd, each.seconds))
    ends = {"Soonest": soonest, "cheapest": cheapest} if soonest != cheapest else {"Soonest and cheapest": soonest}
    return "; ".join(f"{how}: {_brief(work, each)}" for how, each in ends.items())


def _brief(work: Workload, timing: Timing) -> str:
    price = f"{bound(work, timing.quote)}{money(timing.quote.total_usd)}"
    return f"{name(timing)}, {time(timing.mode, timing.seconds or 0)} in tier {timing.tier} ({price})"


def _of_one_model(plan: Plan) -> str:
    """How long standard and batch take, in the tier asked about or from the first that passes to the last."""
    said: list[str] = []
    for mode in ("standard", "batch"):
        same = [each for each in plan.shown if each.mode == mode]
        passing = [each for each in same if each.seconds is not None]
        if not same:
            continue
        subject = f"in {mode}" if said else name(same[0])
        if not passing:
            said.append(f"{subject}: never")
            continue
        first, last = passing[0], passing[-1]
        tier = "" if said and plan.tier is not None else f" in tier {first.tier}"
        text = f"{subject}: {time(mode, first.seconds or 0)}{tier}"
        said.append(text if first is last else f"{text}, {time(mode, last.seconds or 0)} in tier {last.tier}")
    return "; ".join(said)


def _lines(catalog: Catalog, plan: Plan) -> Iterator[Line]:
    """What binds and how to spread: in the one tier asked about, or for the choice. Priority has the limits of standard."""
    asked = [each for each in plan.shown if each.mode != "priority"] if plan.tier is not None else []
    told = asked or ([plan.choice] if plan.choice else [])
    for each in told:
        yield from (Line("binds", remark.text, remark.cited) for remark in binds(catalog, each))
    for each in told:
        if each.meets(plan.deadline):
            yield from (Line("spread", remark.text, remark.cited) for remark in spread(catalog, each, plan.deadline))
    for each in asked:
        is_cheaper = plan.choice is None or each.quote.total_usd < plan.choice.quote.total_usd
        if is_cheaper and (each.obstacle is None or each.obstacle.rule == "usage-tier"):
            remark = next_tier(catalog, plan, each)
            yield from [Line("tier", remark.text, remark.cited)] if remark else []


def _one_tier(work: Workload, plan: Plan) -> Table:
    """A row for each timing in the tier that was asked about."""
    rows = []
    for each in plan.shown:
        least = plan.least(each)
        took = "-" if each.seconds is None else time(each.mode, each.seconds)
        cells = (
            each.variant.id,
            each.mode,
            took,
            money(each.quote.total_usd),
            str(least.tier) if least else "-",
            _remark(plan, each),
        )
        rows.append(Row(cells, _tone(plan, each)))
    return Table(columns("model", "mode", "time", ">total", ">least tier", ""), tuple(rows))


def _by_tier(work: Workload, plan: Plan) -> Table:
    """A row for each variant and mode, a column for each tier."""
    rows: dict[tuple[str, str], list[Timing]] = {}
    for each in plan.shown:
        rows.setdefault((each.variant.id, each.mode), []).append(each)
    tiers = [f">tier {each.tier}" for each in next(iter(rows.values()))]
    cells = [
        Row((model, mode, *map(_cell, timings), money(timings[0].quote.total_usd)), _tone(plan, timings[0]))
        for (model, mode), timings in rows.items()
    ]
    return Table(columns("model", "mode", *tiers, ">total"), tuple(cells), "At least, in batch at most")


def _cell(timing: Timing) -> str:
    if timing.seconds is None:
        return "?" if timing.obstacle and timing.obstacle.rule == "no-limits" else "never"
    return lasting_briefly(timing.seconds)


def _tone(plan: Plan, timing: Timing) -> str:
    choice = plan.choice
    if choice and (timing.variant, timing.mode) == (choice.variant, choice.mode):
        return "chosen"
    return "" if timing.seconds is not None else "faint"


def _remark(plan: Plan, timing: Timing) -> str:
    if timing.obstacle:
        return timing.obstacle.brief
    if timing is plan.choice:
        return "chosen"
    if timing.caveats:
        return timing.caveats[0].brief
    return "" if timing.meets(plan.deadline) else "too slow"


def _status(plan: Plan, timing: Timing) -> str:
    """passes, late, monthly-limit, ends-before-done, never or unknown."""
    if timing.obstacle:
        return "unknown" if timing.obstacle.rule == "no-limits" else "never"
    if timing.caveats:
        return timing.caveats[0].rule
    return "passes" if timing.meets(plan.deadline) else "late"


def _json(catalog: Catalog, plan: Plan, timing: Timing) -> Mapping[str, Json]:
    tier, least = catalog.limits.usage_tiers.tiers[timing.tier], plan.least(timing)
    return {
        "model": timing.variant.id,
        "mode": timing.mode,
        "usage_tier": timing.tier,
        "seconds": timing.seconds,
        "bound": "at most" if timing.mode == "batch" else "at least",
        "status": _status(plan, timing),
        "obstacle": timing.obstacle.text if timing.obstacle else None,
        "meets_deadline": timing.meets(plan.deadline) if plan.deadline else None,
        "least_usage_tier": least.tier if least else None,
        "paid_usd": str(tier.paid_usd),
        "monthly_limit_usd": str(tier.monthly_limit_usd),
        "pools": [_wait_json(wait) for wait in timing.waits],
        "spread": [remark.text for remark in spread(catalog, timing, plan.deadline)],
        "quote": quote_json(timing.quote),
    }


def _wait_json(wait: Wait) -> Mapping[str, Json]:
    """One pool: the limit that binds, and how its requests go."""
    files = wait.files
    return {
        "is_long_context": wait.pool.is_long,
        "requests": wait.pool.load.requests,
        "limit": wait.limit,
        "needed": wait.needed,
        "allowed": wait.allowed,
        "seconds": wait.seconds,
        "requests_a_minute": None if wait.requests_a_minute is None else int(wait.requests_a_minute),
        "files": files._asdict() if files else None,
        "source": wait.pool.source.id,
    }


def _record(plan: Plan, timing: Timing) -> Mapping[str, Json]:
    slowest = max(timing.waits, key=lambda wait: wait.seconds, default=None)
    least = plan.least(timing)
    return {
        "model": timing.variant.id,
        "mode": timing.mode,
        "usage_tier": timing.tier,
        "seconds": timing.seconds,
        "status": _status(plan, timing),
        "limit": slowest.limit if slowest else None,
        "needed": slowest.needed if slowest else None,
        "allowed": slowest.allowed if slowest else None,
        "least_usage_tier": least.tier if least else None,
        "total_usd": exact(timing.quote.total_usd),
        "obstacle": timing.obstacle.text if timing.obstacle else None,
    }
