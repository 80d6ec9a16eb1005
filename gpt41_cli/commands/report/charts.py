"""The charts of an Overview: of all workloads, and of each of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor

from gpt41_cli.commands.recommend import report
from gpt41_cli.commands.recommend.candidates import Candidate
from gpt41_cli.commands.report.inputs import ReportedWorkload
from gpt41_cli.commands.report.overview import ExaminedWorkload, Overview, compute_request_usd
from gpt41_cli.display import format_int, format_money, format_rate, format_score, pluralize, to_decimal
from gpt41_cli.reports.chart import UNIT_FORMATTERS, Chart, ChartAxis, ChartMark, ChartPoint, ChartSeries
from gpt41_cli.tokens.pieces import PARTS

_MONTHLY_USD_AXIS = ChartAxis("US dollars per month", "usd")
_WORKLOAD_AXIS = ChartAxis("workload", "name")
_AXIS_MARGIN = Fraction(11, 10)
_MAX_WORKLOADS_DRAWN = 30
"""How many workloads a chart of all of them has room for."""
_MAX_VOLUME_FACTOR = 10
"""How many times the volume a chart extends to show where a line meets a ceiling."""


def draw_overview_charts(overview: Overview) -> Iterator[Chart]:
    """Draw when the models end, what the workloads cost, and what their requests consist of."""
    yield from _draw_days_left(overview)
    yield from _draw_cost_by_workload(overview)
    yield _draw_tokens(overview)


def draw_workload_charts(workload: ExaminedWorkload, position: int) -> Iterator[Chart]:
    """Draw the cost against volume, against the cached share, and against quality, if there is something to draw."""
    yield _draw_cost_against_volume(workload, position)
    yield from _draw_cost_against_cache(workload, position)
    yield from _draw_quality_against_cost(workload, position)


def _draw_cost_by_workload(overview: Overview) -> Iterator[Chart]:
    with_price = [workload for workload in overview.workloads if workload.subject.costing.monthly_usd]
    known = select_most_expensive(with_price)
    if not known:
        return
    series: dict[str, list[ChartPoint]] = {"as declared": [], "with the longest answers": [], "as recommended": []}
    for workload in known:
        name, monthly = workload.subject.name, workload.subject.costing.monthly_usd
        assert monthly is not None
        series["as declared"].append(ChartPoint(name, to_decimal(monthly.expected)))
        if monthly.high != monthly.expected:
            series["with the longest answers"].append(ChartPoint(name, to_decimal(monthly.high)))
        if workload.monthly_usd is not None and workload.advised_pair:
            series["as recommended"].append(ChartPoint(name, to_decimal(workload.monthly_usd), " ".join(workload.advised_pair)))
    unknown = len(overview.workloads) - len(with_price)
    missing = f" {pluralize(unknown, 'workload')} without a volume not shown." if unknown else ""
    missing += _note_omitted(known, with_price)
    yield Chart(
        "cost-by-workload",
        "bars",
        "Cost by workload",
        f"What each workload costs in a month as it is declared, and in the variant and mode recommended for it.{missing}",
        _WORKLOAD_AXIS,
        _MONTHLY_USD_AXIS,
        tuple(
            ChartSeries(name, tuple(points), "chosen" if name == "as recommended" else "")
            for name, points in series.items()
            if points
        ),
    )


def select_most_expensive(workloads: Sequence[ExaminedWorkload]) -> list[ExaminedWorkload]:
    """Select the workloads that there is room for, in their order; of too many, the most expensive per month."""

    def get_usd(workload: ExaminedWorkload) -> Fraction:
        monthly = workload.subject.costing.monthly_usd
        return monthly.expected if monthly else Fraction(0)

    drawn = {workload.subject.name for workload in sorted(workloads, key=get_usd, reverse=True)[:_MAX_WORKLOADS_DRAWN]}
    return [workload for workload in workloads if workload.subject.name in drawn]


def _note_omitted(drawn: Sequence[ExaminedWorkload], every: Sequence[ExaminedWorkload]) -> str:
    if len(drawn) == len(every):
        return ""
    return f" Only the {format_int(len(drawn))} most expensive of {format_int(len(every))} are drawn."


def _draw_tokens(overview: Overview) -> Chart:
    """Draw the input part by part and the output of a mean request, for all workloads next to each other."""
    drawn = select_most_expensive(overview.workloads)
    costings = [(workload.subject.name, workload.subject.costing) for workload in drawn]
    cached = [(name, costing) for name, costing in costings if costing.cached_tokens]
    shares = "; ".join(
        f"{name} {format_score(Fraction(costing.cached_tokens, costing.input_tokens))}" for name, costing in cached
    )
    tokens = {part: [costing.parts.get(part, 0) for _, costing in costings] for part in PARTS}
    tokens["search results"] = [workload.subject.search_tokens for workload in drawn]
    requests = [costing.requests for _, costing in costings]
    series = [
        ChartSeries(part, tuple(map(ChartPoint, (name for name, _ in costings), map(_compute_mean, of_part, requests))))
        for part, of_part in tokens.items()
        if any(of_part)
    ]
    output = ChartSeries("output", tuple(_make_output_point(workload.subject) for workload in drawn))
    share = f" Cached input: {shares}." if shares else " None of the input is cached."
    share += _note_omitted(drawn, overview.workloads)
    return Chart(
        "tokens",
        "stack",
        "Tokens per request",
        f"The input of a mean request by its parts, and its expected output.{share}",
        _WORKLOAD_AXIS,
        ChartAxis("tokens of a mean request", "count"),
        (*series, output),
    )


def _make_output_point(subject: ReportedWorkload) -> ChartPoint:
    """Make the last part of a request, with the sum of all parts."""
    costing = subject.costing
    tokens = costing.output_tokens.expected
    whole = UNIT_FORMATTERS["count"](_compute_mean(costing.input_tokens + subject.search_tokens + tokens, costing.requests))
    return ChartPoint(subject.name, _compute_mean(tokens, costing.requests), f"{whole} in total")


def _compute_mean(tokens: int, requests: int) -> Decimal:
    return to_decimal(Fraction(tokens, requests))


def _draw_days_left(overview: Overview) -> Iterator[Chart]:
    points, without = [], []
    are_several = len({model_end.platform.id for model_end in overview.model_ends}) > 1
    for model_end in overview.model_ends:
        name = f"{model_end.variant.id}{f' on {model_end.platform.name}' if are_several else ''}"
        shutdown = model_end.lifecycle and model_end.lifecycle.shutdown
        if shutdown is None:
            without.append(name)
            continue
        days = max((shutdown - overview.as_of).days, 0)
        end = f"ends {shutdown}" if days else f"ended {shutdown}"
        points.append(ChartPoint(name, Decimal(days), f"{'day' if days == 1 else 'days'}: {end}"))
    if not points:
        return
    unknown = f" The price table has no end date for {', '.join(without)}." if without else ""
    yield Chart(
        "days-to-shutdown",
        "bars",
        "Days to shutdown",
        f"Days until each model ends, from {overview.as_of} on.{unknown}",
        ChartAxis("model", "name"),
        ChartAxis("days", "count"),
        (ChartSeries("days left", tuple(points)),),
    )


def _draw_cost_against_volume(workload: ExaminedWorkload, position: int) -> Chart:
    """Draw every line from no requests to beyond the volume, with its crossings."""
    own, volume = workload.lines[0], workload.subject.costing.volume
    here = volume.per_month if volume else Fraction(workload.subject.work.requests)
    chosen = " ".join(workload.advised_pair) if workload.advised_pair else None
    met = [
        crossing.requests
        for crossing in workload.crossings
        if crossing.line.name in (own.name, chosen) and crossing.requests <= _MAX_VOLUME_FACTOR * here
    ]
    most = _round_up(max(here * 2, *(requests * _AXIS_MARGIN for requests in met), Fraction(1)))
    span = "per month" if volume else "of the files"
    series = tuple(
        ChartSeries(
            line.name,
            tuple(ChartPoint(to_decimal(x), to_decimal(line.usd(x))) for x in (Fraction(0), here, most)),
            "chosen" if line.name == chosen else "" if line.fits else "faint",
        )
        for line in workload.lines
    )
    marks = [ChartMark(f"{format_rate(ceiling.usd)}: {ceiling.label}", y=ceiling.usd) for ceiling in workload.subject.ceilings]
    now = f"{format_int(volume.requests)} per {volume.period}" if volume else pluralize(workload.subject.work.requests, "request")
    marks.append(ChartMark(f"now {now}", x=to_decimal(here)))
    marks += [
        ChartMark(
            f"{crossing.line.name} meets {crossing.other_label} at {format_int(floor(crossing.requests))}",
            to_decimal(crossing.requests),
            to_decimal(crossing.usd),
        )
        for crossing in workload.crossings
        if crossing.requests <= most
    ]
    price = f"{format_money(to_decimal(own.usd(here)))}{' per month' if volume else ''}"
    said = f"{own.name}, as declared, costs {price} at {now}."
    dotted = " Dotted lines do not meet the requirements." if any(not line.fits for line in workload.lines) else ""
    return Chart(
        f"{position}-cost-against-volume",
        "lines",
        "Cost against volume",
        f"What each variant costs in each mode as more requests are sent. {said}{dotted}",
        ChartAxis(f"requests {span}", "count"),
        _MONTHLY_USD_AXIS if volume else ChartAxis("US dollars", "usd"),
        series,
        tuple(marks),
    )


def _round_up(amount: Fraction) -> Fraction:
    """Round up to two digits.

    >>> _round_up(Fraction(188_394))
    Fraction(190000, 1)
    """
    step = 10 ** max(len(str(floor(amount))) - 2, 0)
    return Fraction(-(-amount // step) * step)


def _draw_cost_against_cache(workload: ExaminedWorkload, position: int) -> Iterator[Chart]:
    """Draw the chosen variant in standard and in batch, from nothing cached to everything."""
    even, choice = workload.recommendation.break_even, workload.choice
    if even is None or choice is None:
        return
    ends = {
        "standard": (even.standard_uncached_usd, even.standard_cached_usd),
        "batch": (even.batch_uncached_usd, even.batch_cached_usd),
    }
    shares = {Fraction(0), even.current_share, Fraction(1)}
    if even.break_even_share is not None:
        shares.add(even.break_even_share)
    volume, requests = workload.subject.costing.volume, workload.subject.work.requests
    scale = volume.per_month / requests if volume else Fraction(1)

    def usd(mode: str, share: Fraction) -> Decimal:
        uncached, cached = map(Fraction, ends[mode])
        return to_decimal((uncached + (cached - uncached) * share) * scale)

    unfit = {candidate.mode for candidate in workload.recommendation.excluded if candidate.variant.id == choice.variant.id}
    series = tuple(
        ChartSeries(
            f"{choice.variant.id} {mode}",
            tuple(ChartPoint(to_decimal(share), usd(mode, share)) for share in sorted(shares)),
            "chosen" if mode == choice.mode else "faint" if mode in unfit else "",
        )
        for mode in ends
    )
    marks = [ChartMark(f"here {format_score(even.current_share)}", x=to_decimal(even.current_share))]
    said = "Batch costs less whatever is cached."
    if even.break_even_share is not None:
        least, usd_there = format_score(even.break_even_share), usd("batch", even.break_even_share)
        marks.append(ChartMark(f"break-even {least}", to_decimal(even.break_even_share), usd_there))
        said = f"With more than {least} of the input from the cache, standard costs less than batch."
    yield Chart(
        f"{position}-cost-against-cache",
        "lines",
        "Cost against the share of cached input",
        f"{said} Here {format_score(even.current_share)} is cached.{_note_unreachable_ends(workload, unfit & ends.keys())}",
        ChartAxis("share of the input that is cached", "share"),
        _MONTHLY_USD_AXIS if volume else ChartAxis(f"US dollars for {pluralize(requests, 'request')}", "usd"),
        series,
        tuple(marks),
    )


def _note_unreachable_ends(workload: ExaminedWorkload, unfit: Collection[str]) -> str:
    """Say what keeps the work from either end of the chart."""
    least = workload.cache_minimum_tokens
    short = f" A prompt below {format_int(least)} tokens, as all of these are, is never cached." if least else ""
    return short + (f" The dotted line, {', '.join(unfit)}, does not meet the requirements." if unfit else "")


def _draw_quality_against_cost(workload: ExaminedWorkload, position: int) -> Iterator[Chart]:
    """Draw the score of every candidate against its price, and those that no other beats in both."""
    scored = [candidate for candidate in workload.running_candidates if candidate.score_share is not None]
    if not scored:
        return

    def make_point(candidate: Candidate, remark: str) -> ChartPoint:
        assert candidate.score_share is not None
        return ChartPoint(to_decimal(compute_request_usd(candidate)), to_decimal(candidate.score_share), remark)

    series = [
        ChartSeries(
            candidate.name,
            (make_point(candidate, "; ".join(exclusion.brief for exclusion in candidate.exclusions)),),
            report.choose_tone(candidate, workload.choice),
            model=candidate.variant.id,
            mode=candidate.mode,
        )
        for candidate in scored
    ]
    frontier = [make_point(candidate, candidate.name) for candidate in workload.frontier]
    names = ", ".join(candidate.name for candidate in workload.frontier)
    efficient = f" Nothing else is both better and cheaper than {names}." if names else ""
    if any(candidate.exclusions for candidate in scored):
        efficient += " Grey points do not meet the requirements."
    tasks = ", ".join(task.id for task in workload.subject.wishes.tasks)
    yield Chart(
        f"{position}-quality-against-cost",
        "points",
        "Quality against cost",
        f"The score for {tasks} against the price of a request.{efficient}",
        ChartAxis("US dollars per request", "usd", is_price=True),
        ChartAxis("score, as a share of the best", "share"),
        (*series, *([ChartSeries("best for its price", tuple(frontier), is_path=True)] if frontier else [])),
    )
