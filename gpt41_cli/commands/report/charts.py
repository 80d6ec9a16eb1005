"""The charts of an Overview: what is drawn of all workloads, and of each of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from math import floor

from gpt41_cli.commands.report.overview import Examined, Life, Overview, Subject, each_usd
from gpt41_cli.display import decimal, money, number, plural, score
from gpt41_cli.reports.chart import UNITS, Axis, Chart, Mark, Point, Series
from gpt41_cli.tokens.pieces import PARTS

_USD_A_MONTH = Axis("US dollars a month", "usd")
_WORKLOAD = Axis("workload", "name")
_ROOM = Fraction(11, 10)
_DRAWN = 30
"""How many workloads a chart of all of them has room for."""
_FURTHEST = 10
"""How many times its volume a chart goes to show where a line meets a ceiling."""


def charts_of_all(overview: Overview) -> Iterator[Chart]:
    """What the workloads cost, what their requests are made of, and when their models end."""
    yield from _by_workload(overview)
    yield _tokens(overview)
    yield from _days(overview)


def charts_of_one(each: Examined, position: int) -> Iterator[Chart]:
    """Its cost against volume, against the share of cached input, and against quality, so far as there is something to draw."""
    yield _volume(each, position)
    yield from _cache(each, position)
    yield from _quality(each, position)


def _by_workload(overview: Overview) -> Iterator[Chart]:
    with_price = [each for each in overview.workloads if each.subject.costing.monthly_usd]
    known = dearest(with_price)
    if not known:
        return
    series: dict[str, list[Point]] = {"as declared": [], "with the longest answers": [], "as recommended": []}
    for each in known:
        name, monthly = each.subject.name, each.subject.costing.monthly_usd
        assert monthly is not None
        series["as declared"].append(Point(name, decimal(monthly.expected)))
        if monthly.high != monthly.expected:
            series["with the longest answers"].append(Point(name, decimal(monthly.high)))
        if each.monthly_usd is not None and each.advised:
            series["as recommended"].append(Point(name, decimal(each.monthly_usd), " ".join(each.advised)))
    unknown = len(overview.workloads) - len(with_price)
    missing = f" {plural(unknown, 'workload')} without a volume not shown." if unknown else ""
    missing += _only(known, with_price)
    yield Chart(
        "cost-by-workload",
        "bars",
        "Cost by workload",
        f"What each workload costs in a month as it is declared, and in the variant and mode recommended for it.{missing}",
        _WORKLOAD,
        _USD_A_MONTH,
        tuple(
            Series(name, tuple(points), "chosen" if name == "as recommended" else "") for name, points in series.items() if points
        ),
    )


def dearest(workloads: Sequence[Examined]) -> list[Examined]:
    """As many as can be drawn, in their order; where there are more, those whose month costs most."""
    drawn = {each.subject.name for each in sorted(workloads, key=_month_now, reverse=True)[:_DRAWN]}
    return [each for each in workloads if each.subject.name in drawn]


def _month_now(each: Examined) -> Fraction:
    monthly = each.subject.costing.monthly_usd
    return monthly.expected if monthly else Fraction(0)


def _only(drawn: Sequence[Examined], every: Sequence[Examined]) -> str:
    return f" Only the {number(len(drawn))} dearest of {number(len(every))} are drawn." if len(drawn) < len(every) else ""


def _tokens(overview: Overview) -> Chart:
    """The input part by part and the output of a mean request, side by side for the workloads."""
    drawn = dearest(overview.workloads)
    costings = [(each.subject.name, each.subject.costing) for each in drawn]
    cached = [(name, each) for name, each in costings if each.cached_tokens]
    told = "; ".join(f"{name} {score(Fraction(each.cached_tokens, each.input_tokens))}" for name, each in cached)
    series = [
        Series(part, tuple(Point(name, _mean(each.parts.get(part, 0), each.requests)) for name, each in costings))
        for part in PARTS
        if any(each.parts.get(part) for _, each in costings)
    ]
    if any(each.subject.search_tokens for each in drawn):
        found = (Point(each.subject.name, _mean(each.subject.search_tokens, each.subject.costing.requests)) for each in drawn)
        series.append(Series("search results", tuple(found)))
    output = Series("output", tuple(_answers(each.subject) for each in drawn))
    share = f" Of the input is cached: {told}." if told else " None of the input is cached."
    share += _only(drawn, overview.workloads)
    return Chart(
        "tokens",
        "stack",
        "What the requests are made of",
        f"What a mean request is made of: the parts of its input, and its output as expected.{share}",
        _WORKLOAD,
        Axis("tokens of a mean request", "count"),
        (*series, output),
    )


def _answers(subject: Subject) -> Point:
    """The last part of a request, with the sum of all of them."""
    costing = subject.costing
    tokens = costing.output_tokens.expected
    whole = UNITS["count"](_mean(costing.input_tokens + subject.search_tokens + tokens, costing.requests))
    return Point(subject.name, _mean(tokens, costing.requests), f"{whole} in all")


def _mean(tokens: int, requests: int) -> Decimal:
    return decimal(Fraction(tokens, requests))


def _days(overview: Overview) -> Iterator[Chart]:
    points, without = [], []
    for each in overview.lives:
        name = f"{each.variant.id} on {each.platform.name}"
        days = _days_left(each, overview)
        if days is None or each.end is None:
            without.append(name)
            continue
        told = f"ends {each.end.shutdown}" if days else f"was shut down {each.end.shutdown}"
        points.append(Point(name, Decimal(days), f"{'day' if days == 1 else 'days'} left: {told}"))
    if not points:
        return
    unknown = f" The price table knows of no end of {', '.join(without)}." if without else ""
    yield Chart(
        "days-to-shutdown",
        "bars",
        "Days to shutdown",
        f"How long each model can still be called, counted from {overview.as_of}.{unknown}",
        Axis("model", "name"),
        Axis("days", "count"),
        (Series("days left", tuple(points)),),
    )


def _days_left(life: Life, overview: Overview) -> int | None:
    if life.end is None or life.end.shutdown is None:
        return None
    return max((life.end.shutdown - overview.as_of).days, 0)


def _volume(each: Examined, position: int) -> Chart:
    """Every line from no request to some way beyond the volume, with what it meets on the way."""
    own, volume = each.lines[0], each.subject.costing.volume
    here = volume.per_month if volume else Fraction(each.subject.work.requests)
    chosen = " ".join(each.advised) if each.advised else None
    met = [
        crossing.requests
        for crossing in each.crossings
        if crossing.line.name in (own.name, chosen) and crossing.requests <= _FURTHEST * here
    ]
    most = _round_up(max(here * 2, *(requests * _ROOM for requests in met), Fraction(1)))
    span = "a month" if volume else "of the files"
    series = tuple(
        Series(
            line.name,
            tuple(Point(decimal(x), decimal(line.usd(x))) for x in (Fraction(0), here, most)),
            "chosen" if line.name == chosen else "" if line.fits else "faint",
        )
        for line in each.lines
    )
    marks = [Mark(f"{money(ceiling.usd)}: {ceiling.label}", y=ceiling.usd) for ceiling in each.subject.ceilings]
    now = f"{number(volume.requests)} a {volume.period}" if volume else plural(each.subject.work.requests, "request")
    marks.append(Mark(f"now {now}", x=decimal(here)))
    marks += [
        Mark(
            f"{crossing.line.name} meets {crossing.other} at {number(floor(crossing.requests))}",
            *_at(crossing.requests, crossing.usd),
        )
        for crossing in each.crossings
        if crossing.requests <= most
    ]
    price = f"{money(decimal(own.usd(here)))}{' a month' if volume else ''}"
    said = f"{own.name}, as declared, costs {price} at {now}."
    dotted = " Dotted lines do not meet what is asked of the work." if any(not line.fits for line in each.lines) else ""
    return Chart(
        f"{position}-cost-against-volume",
        "lines",
        "Cost against volume",
        f"What each variant costs in each mode as more requests are sent. {said}{dotted}",
        Axis(f"requests {span}", "count"),
        _USD_A_MONTH if volume else Axis("US dollars", "usd"),
        series,
        tuple(marks),
    )


def _at(x: Fraction, y: Fraction) -> tuple[Decimal, Decimal]:
    return decimal(x), decimal(y)


def _round_up(amount: Fraction) -> Fraction:
    """Up to two digits.

    >>> _round_up(Fraction(188_394))
    Fraction(190000, 1)
    """
    step = 10 ** max(len(str(floor(amount))) - 2, 0)
    return Fraction(-(-amount // step) * step)


def _cache(each: Examined, position: int) -> Iterator[Chart]:
    """The chosen variant in standard and in batch, from nothing cached to everything."""
    even, choice = each.found.break_even, each.choice
    if even is None or choice is None:
        return
    ends = {
        "standard": (even.standard_uncached_usd, even.standard_cached_usd),
        "batch": (even.batch_uncached_usd, even.batch_cached_usd),
    }
    shares = sorted({Fraction(0), even.here, *((even.share,) if even.share is not None else ()), Fraction(1)})

    volume, requests = each.subject.costing.volume, each.subject.work.requests
    scale = volume.per_month / requests if volume else Fraction(1)

    def usd(mode: str, share: Fraction) -> Decimal:
        uncached, cached = map(Fraction, ends[mode])
        return decimal((uncached + (cached - uncached) * share) * scale)

    unfit = {candidate.mode for candidate in each.found.excluded if candidate.variant.id == choice.variant.id}

    series = tuple(
        Series(
            f"{choice.variant.id} {mode}",
            tuple(Point(decimal(share), usd(mode, share)) for share in shares),
            "chosen" if mode == choice.mode else "faint" if mode in unfit else "",
        )
        for mode in ends
    )
    marks = [Mark(f"here {score(even.here)}", x=decimal(even.here))]
    said = "Batch costs less whatever is cached."
    if even.share is not None:
        marks.append(Mark(f"break-even {score(even.share)}", decimal(even.share), usd("batch", even.share)))
        said = f"With more than {score(even.share)} of the input from the cache, standard costs less than batch."
    yield Chart(
        f"{position}-cost-against-cache",
        "lines",
        "Cost against the share of cached input",
        f"{said} Here {score(even.here)} is cached.{_doubted(each, unfit & ends.keys())}",
        Axis("share of the input that is cached", "share"),
        _USD_A_MONTH if volume else Axis(f"US dollars for {plural(requests, 'request')}", "usd"),
        series,
        tuple(marks),
    )


def _doubted(each: Examined, unfit: Collection[str]) -> str:
    """What keeps the work from either end of the chart."""
    short = f" A prompt below {number(each.too_short)} tokens, as all of these are, is never cached." if each.too_short else ""
    return short + (f" The dotted line, {', '.join(unfit)}, does not meet what is asked of the work." if unfit else "")


def _quality(each: Examined, position: int) -> Iterator[Chart]:
    """The score of every candidate against its price, and those that no other beats in both."""
    scored = [candidate for candidate in each.candidates if candidate.share is not None]
    if not scored:
        return
    choice = each.choice
    series = [
        Series(
            candidate.name,
            (Point(decimal(each_usd(candidate)), decimal(candidate.share), "; ".join(e.brief for e in candidate.exclusions)),),
            "chosen" if candidate is choice else "faint" if candidate.exclusions else "",
        )
        for candidate in scored
        if candidate.share is not None
    ]
    frontier = [
        Point(decimal(each_usd(candidate)), decimal(candidate.share), candidate.name)
        for candidate in each.frontier
        if candidate.share is not None
    ]
    names = ", ".join(candidate.name for candidate in each.frontier)
    efficient = f" Efficient, as nothing that could do the work in time is both better and cheaper: {names}." if names else ""
    if any(candidate.exclusions for candidate in scored):
        efficient += " Grey: what is not good enough, too late or else unfit."
    tasks = ", ".join(task.id for task in each.subject.wishes.tasks)
    yield Chart(
        f"{position}-quality-against-cost",
        "points",
        "Quality against cost",
        f"The score for {tasks} against the price of a request.{efficient}",
        Axis("US dollars a request", "usd"),
        Axis("score, as a share of the best", "share"),
        (*series, *([Series("efficient frontier", tuple(frontier), is_path=True)] if frontier else [])),
    )
