"""An Overview as a Report: what to use for each workload and what that saves, with a part and charts for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import floor

from gpt41_cli.catalog import Catalog
from gpt41_cli.code.endings import find_ends
from gpt41_cli.code.uses import CodeUse
from gpt41_cli.commands.check.report import format_usd_range
from gpt41_cli.commands.recommend import report
from gpt41_cli.commands.recommend.candidates import Candidate
from gpt41_cli.commands.report.charts import draw_overview_charts, draw_workload_charts, select_most_expensive
from gpt41_cli.commands.report.follow_up import FollowUp, find_follow_up, make_move_headline
from gpt41_cli.commands.report.inputs import ReportInput
from gpt41_cli.commands.report.overview import ExaminedWorkload, LineCrossing, Overview, compute_request_usd
from gpt41_cli.display import (
    format_change_percent,
    format_int,
    format_money_above,
    format_rate,
    list_first,
    name_offer,
    pluralize,
    sanitize,
    to_decimal,
)
from gpt41_cli.reports import Json, Report, ReportLine, Table
from gpt41_cli.reports.code_calls import dump_calls
from gpt41_cli.reports.columns import Column, choose_usd_format, make_records, make_table, show_parts, show_price, show_value
from gpt41_cli.reports.findings import make_skipped_findings
from gpt41_cli.reports.quotes import make_work_line

SCHEMA = "gpt41.report/1"

_MAX_PLACES = 5
"""How many places in the code a line names; gpt41 scan lists all."""


def make_report(catalog: Catalog, overview: Overview, inputs: Sequence[ReportInput]) -> Report:
    """Make the report: all workloads in short, each of them as a part."""
    workloads = overview.workloads
    drawn = {workload.subject.name for workload in select_most_expensive(workloads)}
    advised_months = show_parts(workloads, lambda row: row.monthly_usd)
    follow_ups = [find_follow_up(workload) for workload in workloads]
    advice = [
        _describe_advice(workload, advised_months(workload), then) for workload, then in zip(workloads, follow_ups, strict=True)
    ]
    parts = tuple(
        _make_part(workload, advised, position, catalog, draws=workload.subject.name in drawn)
        for position, (workload, advised) in enumerate(zip(workloads, advice, strict=True), 1)
    )
    charts = tuple(draw_overview_charts(overview))
    named_follow_ups = {workload.subject.name: then for workload, then in zip(workloads, follow_ups, strict=True)}
    columns = _list_columns(workloads, advised_months, named_follow_ups)
    calls = [use for source in inputs for use in source.calls]
    headline = make_move_headline(overview, follow_ups) or _make_headline(overview)
    return Report(
        schema=SCHEMA,
        answer="\n".join(
            f"{sanitize(workload.subject.name)} {' '.join(workload.advised_pair or ('none',))}" for workload in workloads
        ),
        headline=headline,
        lines=(
            *(ReportLine(workload.subject.name, advised) for workload, advised in zip(workloads, advice, strict=True)),
            *_make_code_lines(overview, calls),
        ),
        tables=(make_table(columns, workloads),),
        findings=tuple(
            dict.fromkeys(finding for source in inputs for finding in (*source.findings, *make_skipped_findings(source.left_out)))
        ),
        notes=tuple(dict.fromkeys((*(note for source in inputs for note in source.notes), *_collect_notes(parts, len(drawn))))),
        data={
            "as_of": overview.as_of,
            "headline": headline,
            "monthly_usd": overview.monthly_usd,
            "recommended_monthly_usd": overview.recommended_usd,
            "workloads": list(map(_make_workload_json, workloads, advice, parts)),
            "calls": dump_calls(calls, workloads[0].subject.market),
            "charts": [chart.json for chart in charts],
        },
        records=make_records(columns, workloads),
        catalog=catalog,
        charts=charts,
        parts=tuple(part._replace(notes=()) for part in parts),
    )


def _make_code_lines(overview: Overview, calls: Sequence[CodeUse]) -> Iterator[ReportLine]:
    """Yield a line for each model that the code calls and that ends: when, and where it is called."""
    places: dict[str, list[str]] = {}
    for use in calls:
        places.setdefault(use.entry, []).append(sanitize(use.place.label))
    ends = find_ends(overview.workloads[0].subject.market) if places else {}
    for model, where in places.items():
        if end := ends.get(model):
            verb = "ended" if end.is_over else "ends"
            calls_of = f"{pluralize(len(where), 'call')} to {model}, which {verb} on {end.life.shutdown}"
            yield ReportLine("code", f"{calls_of}: {list_first(where, _MAX_PLACES)}")


def _collect_notes(parts: Sequence[Report], drawn: int) -> Iterator[str]:
    """Write notes on all workloads or on those named, and on how many charts are drawn."""
    names: dict[str, list[str]] = {}
    for part in parts:
        for note in part.notes:
            names.setdefault(note, []).append(part.answer)
    for note, some in names.items():
        yield note if len(some) == len(parts) else f"{', '.join(some)}: {note}"
    if drawn < len(parts):
        yield f"Only the {format_int(drawn)} workloads whose month costs most have charts of their own."


def _make_headline(overview: Overview) -> str:
    workloads = pluralize(len(overview.workloads), "workload")
    now, then = overview.monthly_usd, overview.recommended_usd
    show = choose_usd_format([now, then])
    price = [] if now is None else [f"{show(now)} per month now"]
    if now is not None and then is not None:
        is_least = any(workload.is_least for workload in overview.workloads)
        advised = _format_least(then, is_least, show)
        return f"{workloads}: {price[0]}, {advised} as recommended{_describe_change(now, then, is_least)}"
    unfit = sum(workload.advised_pair is None for workload in overview.workloads)
    changes = sum(not _is_unchanged(workload) for workload in overview.workloads) - unfit
    said = [f"{pluralize(changes, 'change')} recommended"] if changes else []
    said += [f"nothing fits {format_int(unfit)} of them"] if unfit else []
    return f"{workloads}: {', '.join([*price, *(said or ['no change recommended'])])}"


def _format_least(amount: Fraction | None, is_least: bool, show: Callable[[Fraction], str] = show_price) -> str:
    return "" if amount is None else f"{'at least ' if is_least else ''}{show(amount)}"


def _describe_change(now: Fraction, then: Fraction, is_least: bool, show: Callable[[Fraction], str] = show_value) -> str:
    """Say how much less or more it would cost; nothing if it stays.

    >>> _describe_change(Fraction(4), Fraction(3), False), _describe_change(Fraction(4), Fraction(4), False)
    (' ($1.00 less, 25 %)', '')
    >>> _describe_change(Fraction(4), Fraction(3), True)
    ' (at most $1.00 less, 25 %)'
    """
    if now == then:
        return ""
    share = f", {format_change_percent((then - now) / now)}" if now else ""
    how, bound = ("less", "at most ") if then < now else ("more", "at least ")
    return f" ({bound if is_least else ''}{show(abs(now - then))} {how}{share})"


def _is_unchanged(workload: ExaminedWorkload) -> bool:
    return workload.advised_pair == (workload.subject.costing.model, workload.subject.costing.mode)


def _describe_advice(workload: ExaminedWorkload, advised_month: str | None, follow_up: FollowUp | None) -> str:
    """Say what to do, how that changes the price per month or per request, and what follows if the model ends soon."""
    costing = workload.subject.costing
    if workload.advised_pair is None or workload.each_usd is None:
        return "nothing fits: no option meets all requirements"
    verb = "stay with" if _is_unchanged(workload) else "use"
    monthly = costing.monthly_usd
    if monthly is None or workload.monthly_usd is None:
        now, then, span = (costing.usd_per_request.expected, workload.each_usd, f"{show_price(workload.each_usd)} per request")
    else:
        now, then, span = monthly.expected, workload.monthly_usd, f"{advised_month} per month"
    show = show_value if monthly else show_price
    least = "at least " if workload.is_least else ""
    until = f" until {follow_up.ends}" if follow_up else ""
    after = f"; {follow_up.text}" if follow_up else ""
    change = _describe_change(now, then, workload.is_least, show)
    return f"{verb} {name_offer(*workload.advised_pair)}{until}: {least}{span}{change}{after}"


def _make_part(workload: ExaminedWorkload, advice: str, position: int, catalog: Catalog, *, draws: bool) -> Report:
    """Make the part of a workload: what it is and costs now, then the recommendation; with charts, if it is drawn."""
    work, candidates = workload.subject.work, (workload.current, *workload.priced_candidates)
    priced = [candidate.quote for candidate in candidates if candidate.quote]
    part = report.make_report(catalog, work, workload.subject.wishes, workload.recommendation)
    # What is a detail of a reason stands in the headline or the table.
    said = [line for line in part.lines if line.label != report.USERS and not (line.label in ("why", "but") and line.is_detail)]
    reasons = _explain_staying(workload) if workload.is_kept else said
    asked = tuple(_describe_priced_work(workload, make_work_line(catalog, work, priced)) if priced else ())
    return part._replace(
        answer=sanitize(workload.subject.name),
        headline=f"{workload.subject.name}: {advice}",
        lines=(
            ReportLine("now", _describe_current_cost(workload)),
            *asked,
            *reasons,
            *_warn_over_limits(workload),
            *_warn_untested(workload),
        ),
        tables=(
            *(part.tables if workload.subject.costing.volume is None else (_make_candidates_table(workload),)),
            *([make_table(_CROSSING_COLUMNS, workload.crossings, "Break-even points")] if workload.crossings else []),
        ),
        findings=(),
        charts=tuple(draw_workload_charts(workload, position)) if draws else (),
    )


def _describe_priced_work(workload: ExaminedWorkload, line: ReportLine) -> Iterator[ReportLine]:
    """Say which requests the prices in the following reasons are for, except in those of `_explain_staying`, which are per
    request.
    """
    requests = workload.subject.work.requests
    if not workload.is_kept:
        of = "it" if requests == 1 else "all of them together"
        yield line._replace(text=f"{line.text}; the sums that follow are for {of}, not for the month")
    elif requests > 1:
        yield line


def _describe_current_cost(workload: ExaminedWorkload) -> str:
    costing = workload.subject.costing
    volume = f", {format_int(costing.volume.requests)} per {costing.volume.period}" if costing.volume else ""
    monthly = f", {format_usd_range(costing.monthly_usd)} per month" if costing.monthly_usd else ""
    fixed = workload.lines[0].fixed_usd
    standing = f", and {show_value(fixed)} per month whatever is sent" if fixed else ""
    price = f"{name_offer(costing.model, costing.mode)}: {format_usd_range(costing.usd_per_request, show_price)} per request"
    return f"{price}{volume}{monthly}{standing}"


def _explain_staying(workload: ExaminedWorkload) -> Iterator[ReportLine]:
    """Explain why it stays on a model that isn't among the candidates."""
    choice, own = workload.recommendation.choice, workload.subject.costing.model
    if choice:
        price = f"{show_price(compute_request_usd(choice))} per request"
        text = f"it costs no more than {name_offer(choice.variant.id, choice.mode)}, which would fit for {price}"
        yield ReportLine("why", text)
        if workload.current.score_share is None:
            yield ReportLine("but", f"{own} has no published score: only your own evaluation shows whether it is good enough")


def _warn_over_limits(workload: ExaminedWorkload) -> Iterator[ReportLine]:
    """Warn of monthly limits that are exceeded."""
    for ceiling in workload.subject.ceilings:
        if workload.monthly_usd is not None and workload.monthly_usd > ceiling.usd:
            usd = format_money_above(to_decimal(workload.monthly_usd), ceiling.usd)
            text = f"{usd} per month is over the {format_rate(ceiling.usd)} of {ceiling.label}"
            yield ReportLine("but", text, ceiling.source.label if ceiling.source else "")


def _list_candidate_columns(workload: ExaminedWorkload, shown: Sequence[Candidate]) -> tuple[Column[Candidate], ...]:
    """List the columns for every candidate per month; the number of requests need not be whole."""
    months = [_price_month(workload, candidate) for candidate in shown]
    show_month, most = choose_usd_format(months), max((month for month in months if month is not None), default=Fraction(0))
    return (
        Column("model", "model", lambda row: row.variant.id),
        Column("mode", "mode", lambda row: row.mode),
        Column(">per request", "each_usd", lambda row: compute_request_usd(row) if row.quote else None, show_price, "-"),
        Column(">per month", "monthly_usd", lambda row: _price_month(workload, row), show_month, "-"),
        Column("|", None, lambda row: (month := _price_month(workload, row)) and month / most, str),
        Column(">score", None, report.format_candidate_score),
        Column(None, "score", lambda row: row.score_share),
        Column("", "remark", lambda row: report.describe_candidate(row, workload.choice)),
    )


def _make_candidates_table(workload: ExaminedWorkload) -> Table:
    recommendation = workload.recommendation
    shown = report.select_shown(recommendation.candidates, workload.choice)
    columns = _list_candidate_columns(workload, shown)
    return make_table(columns, shown, tone=lambda at: report.choose_tone(at, workload.choice))


def _price_month(workload: ExaminedWorkload, candidate: Candidate) -> Fraction | None:
    return workload.price_month(candidate) if candidate.quote else None


def _warn_untested(workload: ExaminedWorkload) -> Iterator[ReportLine]:
    """Warn that a fine-tune has no score to compare, if something else is recommended."""
    subject, choice = workload.subject, workload.choice
    if subject.variant.fine_tuned and choice and choice.variant.id != subject.variant.id:
        doubt = f"only your own evaluation shows whether {choice.variant.id} does as well"
        text = f"{subject.variant.id} has no published score: {doubt}"
        yield ReportLine("but", text)


def _list_columns(
    workloads: Sequence[ExaminedWorkload],
    advised_months: Callable[[ExaminedWorkload], str | None],
    follow_ups: Mapping[str, FollowUp | None],
) -> tuple[Column[ExaminedWorkload], ...]:
    def find_month(row: ExaminedWorkload) -> Fraction | None:
        return row.subject.costing.monthly_usd and row.subject.costing.monthly_usd.expected

    def show_advised(row: ExaminedWorkload) -> str | None:
        month = advised_months(row)
        return month and ("at least " if row.is_least else "") + month

    def find_then(row: ExaminedWorkload) -> FollowUp | None:
        return follow_ups[row.subject.name]

    each_title = ">per request" if any(row.subject.costing.volume is None for row in workloads) else None
    days = {then.ends for then in follow_ups.values() if then}
    title = None if not days else f"from {min(days)}" if len(days) == 1 else "then"
    return (
        Column("`workload", "name", lambda row: row.subject.name),
        Column("~now", None, lambda row: f"{row.subject.costing.model} {row.subject.costing.mode}"),
        Column(None, "model", lambda row: row.subject.costing.model),
        Column(None, "mode", lambda row: row.subject.costing.mode),
        Column(each_title, "each_usd", lambda row: row.subject.costing.usd_per_request.expected, show_price),
        Column(">per month now", None, show_parts(workloads, find_month)),
        Column(None, "monthly_usd", find_month),
        Column("recommended", None, lambda row: row.advised_pair and " ".join(row.advised_pair), absent="nothing fits"),
        Column(None, "recommended_model", lambda row: row.advised_pair and row.advised_pair[0]),
        Column(None, "recommended_mode", lambda row: row.advised_pair and row.advised_pair[1]),
        Column(each_title, None, lambda row: _format_least(row.each_usd, row.is_least)),
        Column(">per month", None, show_advised),
        Column(None, "recommended_each_usd", lambda row: row.each_usd),
        Column(None, "recommended_monthly_usd", lambda row: row.monthly_usd),
        Column("~>change" if any(map(_format_change, workloads)) else None, None, _format_change),
        Column(title, None, lambda row: (then := find_then(row)) and _format_follow_up(row, then)),
        Column(None, "then_from", lambda row: (then := find_then(row)) and then.ends),
        Column(None, "then_model", lambda row: (then := find_then(row)) and then.model),
        Column(None, "then_mode", lambda row: (then := find_then(row)) and then.mode),
        Column(None, "then_usd", lambda row: (then := find_then(row)) and then.usd),
    )


def _format_follow_up(workload: ExaminedWorkload, then: FollowUp) -> str:
    """Format the model and the price that follow, with the mode if it is another one."""
    mode = "" if workload.advised_pair and workload.advised_pair[1] == then.mode else f" {then.mode}"
    return f"{then.model}{mode} {then.price}"


def _format_change(workload: ExaminedWorkload) -> str:
    """Format the relative change per month, or per request without a volume."""
    monthly = workload.subject.costing.monthly_usd
    now = (monthly or workload.subject.costing.usd_per_request).expected
    then = workload.monthly_usd if monthly else workload.each_usd
    if then is None or now == then or not now:
        return ""
    return f"{'-' if then < now else '+'}{format_change_percent((then - now) / now)}"


_CROSSING_COLUMNS: tuple[Column[LineCrossing], ...] = (
    Column("line", "line", lambda crossing: crossing.line.name),
    Column("meets", "meets", lambda crossing: crossing.other_label),
    Column(">at", "usd", lambda crossing: crossing.usd),
    Column(">requests per month", "requests", lambda crossing: crossing.requests, lambda requests: format_int(floor(requests))),
)
"""Where the lines cross the spending limits and each other."""


def _make_workload_json(workload: ExaminedWorkload, advice: str, part: Report) -> Mapping[str, Json]:
    costing = workload.subject.costing
    return {
        "name": workload.subject.name,
        "is_saved": workload.subject.is_saved,
        "model": costing.model,
        "mode": costing.mode,
        "platform": costing.platform,
        "requests": workload.subject.work.requests,
        "volume": costing.volume and costing.volume._asdict(),
        "each_usd": costing.usd_per_request._asdict(),
        "monthly_usd": costing.monthly_usd and costing.monthly_usd._asdict(),
        "recommended": " ".join(workload.advised_pair) if workload.advised_pair else None,
        "recommended_each_usd": workload.each_usd,
        "recommended_monthly_usd": workload.monthly_usd,
        "monthly_fixed_usd": workload.lines[0].fixed_usd,
        "advice": advice,
        "tasks": [task.id for task in workload.subject.wishes.tasks],
        "lines": [{"label": line.label, "text": line.text, "cited": line.citation} for line in part.lines],
        "candidates": make_records(_list_candidate_columns(workload, ()), workload.priced_candidates),
        "crossings": make_records(_CROSSING_COLUMNS, workload.crossings),
        "charts": [chart.json for chart in part.charts],
    }
