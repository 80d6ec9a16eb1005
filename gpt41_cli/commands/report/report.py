"""An Overview as a Report to pass on: what to use for each workload and what that saves, with a part and charts for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from math import floor

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.check.report import between, usd_json
from gpt41_cli.commands.recommend import report as recommendation
from gpt41_cli.commands.recommend.candidates import Candidate
from gpt41_cli.commands.report.charts import charts_of_all, charts_of_one, dearest
from gpt41_cli.commands.report.overview import Examined, Input, Overview, each_usd
from gpt41_cli.display import decimal, exact, money, moved, number, plural, printable
from gpt41_cli.reports import Json, Line, Report, Row, Table, columns
from gpt41_cli.reports.findings import left_out_findings
from gpt41_cli.reports.quotes import work_line

SCHEMA = "gpt41.report/1"


def report(catalog: Catalog, overview: Overview, inputs: Sequence[Input]) -> Report:
    """All workloads in short, each of them as a part."""
    workloads = overview.workloads
    drawn = {each.subject.name for each in dearest(workloads)}
    parts = tuple(_part(each, position, catalog, draws=each.subject.name in drawn) for position, each in enumerate(workloads, 1))
    charts = tuple(charts_of_all(overview))
    return Report(
        schema=SCHEMA,
        answer="\n".join(
            f"{printable(each.subject.name)} {' '.join(each.advised) if each.advised else 'none'}" for each in workloads
        ),
        headline=_headline(overview),
        lines=tuple(Line(each.subject.name, _advice(each)) for each in workloads),
        tables=(_table(workloads),),
        findings=tuple(
            dict.fromkeys(finding for each in inputs for finding in (*each.findings, *left_out_findings(each.left_out)))
        ),
        notes=tuple(dict.fromkeys((*(note for each in inputs for note in each.notes), *_notes(parts, len(drawn))))),
        data={
            "as_of": str(overview.as_of),
            "headline": _headline(overview),
            "monthly_usd": _usd(overview.monthly_usd),
            "recommended_monthly_usd": _usd(overview.recommended_usd),
            "workloads": [_workload(each, part) for each, part in zip(workloads, parts, strict=True)],
            "charts": [chart.json for chart in charts],
        },
        records=tuple(_record(each) for each in workloads),
        catalog=catalog,
        charts=charts,
        parts=tuple(part._replace(notes=()) for part in parts),
    )


def _notes(parts: Sequence[Report], drawn: int) -> Iterator[str]:
    """What is to be known of all of them, or of those that are named; and of how many charts are drawn."""
    names: dict[str, list[str]] = {}
    for part in parts:
        for note in part.notes:
            names.setdefault(note, []).append(part.answer)
    for note, some in names.items():
        yield note if len(some) == len(parts) else f"{', '.join(some)}: {note}"
    if drawn < len(parts):
        yield f"Only the {number(drawn)} workloads whose month costs most have charts of their own."


def _headline(overview: Overview) -> str:
    workloads = plural(len(overview.workloads), "workload")
    now, then = overview.monthly_usd, overview.recommended_usd
    price = [] if now is None else [f"{money(decimal(now))} a month now"]
    if now is not None and then is not None:
        is_least = any(each.is_least for each in overview.workloads)
        return f"{workloads}: {price[0]}, {_bounded(then, is_least)} as recommended{_change_told(now, then, is_least)}"
    unfit = sum(each.advised is None for each in overview.workloads)
    changes = sum(not _stays(each) for each in overview.workloads) - unfit
    said = [f"{plural(changes, 'change')} recommended"] if changes else []
    said += [f"nothing fits {number(unfit)} of them"] if unfit else []
    return f"{workloads}: {', '.join([*price, *(said or ['no change recommended'])])}"


def _bounded(amount: Fraction, is_least: bool) -> str:
    return f"{'at least ' if is_least else ''}{money(decimal(amount))}"


def _change_told(now: Fraction, then: Fraction, is_least: bool) -> str:
    """How much less or more it would be; nothing where it stays.

    >>> _change_told(Fraction(4), Fraction(3), False), _change_told(Fraction(4), Fraction(4), False)
    (' ($1.00 less, 25 %)', '')
    >>> _change_told(Fraction(4), Fraction(3), True)
    ' (at most $1.00 less, 25 %)'
    """
    if now == then:
        return ""
    share = f", {moved((then - now) / now)}" if now else ""
    how, bound = ("less", "at most ") if then < now else ("more", "at least ")
    return f" ({bound if is_least else ''}{money(decimal(abs(now - then)))} {how}{share})"


def _stays(each: Examined) -> bool:
    return each.advised == (each.subject.costing.model, each.subject.costing.mode)


def _advice(each: Examined) -> str:
    """What to do, and what that does to the price of a month or of a request."""
    costing = each.subject.costing
    if each.advised is None or each.each_usd is None:
        return "nothing fits: no variant in any mode meets every wish"
    verb = "stay with" if _stays(each) else "use"
    monthly = costing.monthly_usd
    now, then, span = (
        (costing.each_usd.expected, each.each_usd, "a request")
        if monthly is None or each.monthly_usd is None
        else (monthly.expected, each.monthly_usd, "a month")
    )
    changed = _change_told(now, then, each.is_least)
    return f"{verb} {' in '.join(each.advised)}: {_bounded(then, each.is_least)} {span}{changed}"


def _part(each: Examined, position: int, catalog: Catalog, *, draws: bool) -> Report:
    """What `recommend` says of it, after what it is and costs now; with charts, where it is one of those that are drawn."""
    work, priced = each.subject.work, [candidate.quote for candidate in each.priced if candidate.quote]
    found = recommendation.report(catalog, work, each.subject.wishes, each.found)
    reasons = _kept(each) if each.is_kept else found.lines
    asked = tuple(_asked(each, work_line(catalog, work, priced)) if priced else ())
    return found._replace(
        answer=printable(each.subject.name),
        headline=f"{each.subject.name}: {_advice(each)}",
        lines=(Line("now", _now(each)), *asked, *reasons, *_beyond(each), *_untested(each)),
        tables=(*(found.tables if each.subject.costing.volume is None else (_candidates(each),)), *_crossings(each)),
        findings=(),
        charts=tuple(charts_of_one(each, position)) if draws else (),
    )


def _asked(each: Examined, line: Line) -> Iterator[Line]:
    """What is priced in the reasons that follow, unless they are those of `_kept`, which name a request."""
    requests = each.subject.work.requests
    if not each.is_kept:
        of = "it" if requests == 1 else "all of them together"
        yield line._replace(text=f"{line.text}; the sums that follow are for {of}, not for a month")
    elif requests > 1:
        yield line


def _now(each: Examined) -> str:
    costing = each.subject.costing
    volume = f", {number(costing.volume.requests)} a {costing.volume.period}" if costing.volume else ""
    monthly = f", {between(costing.monthly_usd)} a month" if costing.monthly_usd else ""
    fixed = each.lines[0].fixed_usd
    standing = f", and {money(decimal(fixed))} a month whatever is sent" if fixed else ""
    return f"{costing.model} in {costing.mode}: {between(costing.each_usd)} a request{volume}{monthly}{standing}"


def _kept(each: Examined) -> Iterator[Line]:
    """Why it stays on what is not among the candidates."""
    found, own = each.found.choice, each.subject.costing.model
    if found:
        text = f"it costs no more than {found.variant.id} in {found.mode}, which would fit for {_told(each_usd(found))} a request"
        yield Line("why", text)
        if each.own.share is None:
            yield Line("but", f"{own} has no published score: only your own evaluation tells whether it is good enough")


def _beyond(each: Examined) -> Iterator[Line]:
    """What may be spent in a month and is not enough."""
    for ceiling in each.subject.ceilings:
        if each.monthly_usd is not None and each.monthly_usd > ceiling.usd:
            text = f"{money(decimal(each.monthly_usd))} a month is over the {money(ceiling.usd)} of {ceiling.label}"
            yield Line("but", text, ceiling.source.label if ceiling.source else "")


def _candidates(each: Examined) -> Table:
    """Every candidate for a month, whose requests need not be a whole number."""
    found = each.found
    candidates = [*([found.choice] if found.choice else []), *found.alternatives, *found.excluded]
    most = max((month for candidate in candidates if (month := _month(each, candidate)) is not None), default=Fraction(0))
    rows = (_candidate_row(each, candidate, most) for candidate in recommendation.shown(candidates, each.choice))
    return Table(columns("model", "mode", ">a request", ">a month", "|", ">score", ""), tuple(rows))


def _month(each: Examined, candidate: Candidate) -> Fraction | None:
    return each.month_of(candidate) if candidate.quote else None


def _candidate_row(each: Examined, candidate: Candidate, most: Fraction) -> Row:
    choice, month = each.choice, _month(each, candidate)
    price = ("-", "-", "")
    if month is not None:
        price = (_told(each_usd(candidate)), _told(month), str(month / most if most else 0))
    said = recommendation.scored(candidate), recommendation.remark(candidate, choice)
    tone = "chosen" if candidate is choice else "faint" if candidate.exclusions else ""
    return Row((candidate.variant.id, candidate.mode, *price, *said), tone)


def _untested(each: Examined) -> Iterator[Line]:
    """That a fine-tune has no score to be compared by, where something else is recommended."""
    subject, choice = each.subject, each.choice
    if subject.variant.fine_tuned and choice and choice.variant.id != subject.variant.id:
        doubt = f"only your own evaluation tells whether {choice.variant.id} does as well"
        text = f"{subject.variant.id} has no published score: {doubt}"
        yield Line("but", text)


def _table(workloads: Sequence[Examined]) -> Table:
    titles = columns("`workload", "now", ">a request", ">a month", "recommended", ">a request", ">a month", ">change")
    rows = tuple(map(_row, workloads))
    changes = any(row.cells[-1] for row in rows)
    return Table(titles, rows) if changes else Table(titles[:-1], tuple(Row(row.cells[:-1]) for row in rows))


def _row(each: Examined) -> Row:
    costing = each.subject.costing
    cells = (
        each.subject.name,
        f"{costing.model} {costing.mode}",
        _told(costing.each_usd.expected),
        _told(costing.monthly_usd and costing.monthly_usd.expected),
        " ".join(each.advised) if each.advised else "nothing fits",
        *("" if usd is None else _bounded(usd, each.is_least) for usd in (each.each_usd, each.monthly_usd)),
        _change(each),
    )
    return Row(cells)


def _told(amount: Fraction | None) -> str:
    return "" if amount is None else money(decimal(amount))


def _change(each: Examined) -> str:
    """By what share a month would change, or a request where no volume is known."""
    monthly = each.subject.costing.monthly_usd
    now, then = (monthly.expected, each.monthly_usd) if monthly else (each.subject.costing.each_usd.expected, each.each_usd)
    if then is None or now == then or not now:
        return ""
    return f"{'-' if then < now else '+'}{moved((then - now) / now)}"


def _crossings(each: Examined) -> Iterator[Table]:
    """Where the lines meet what may be spent, and each other."""
    rows = tuple(
        Row((crossing.line.name, crossing.other, money(decimal(crossing.usd)), number(floor(crossing.requests))))
        for crossing in each.crossings
    )
    if rows:
        yield Table(columns("line", "meets", ">at", ">requests a month"), rows, "Where the lines cross")


def _usd(amount: Fraction | None) -> str | None:
    return None if amount is None else exact(decimal(amount))


def _workload(each: Examined, part: Report) -> Mapping[str, Json]:
    costing = each.subject.costing
    return {
        "name": each.subject.name,
        "is_saved": each.subject.is_saved,
        "model": costing.model,
        "mode": costing.mode,
        "platform": costing.platform,
        "requests": each.subject.work.requests,
        "volume": costing.volume and costing.volume._asdict(),
        "each_usd": usd_json(costing.each_usd),
        "monthly_usd": usd_json(costing.monthly_usd),
        "recommended": " ".join(each.advised) if each.advised else None,
        "recommended_each_usd": _usd(each.each_usd),
        "recommended_monthly_usd": _usd(each.monthly_usd),
        "monthly_fixed_usd": _usd(each.lines[0].fixed_usd),
        "advice": _advice(each),
        "tasks": [task.id for task in each.subject.wishes.tasks],
        "lines": [{"label": line.label, "text": line.text, "cited": line.cited} for line in part.lines],
        "candidates": [_candidate(candidate, each) for candidate in each.priced],
        "crossings": [
            {
                "line": crossing.line.name,
                "meets": crossing.other,
                "usd": exact(decimal(crossing.usd)),
                "requests": exact(decimal(crossing.requests)),
            }
            for crossing in each.crossings
        ],
        "charts": [chart.json for chart in part.charts],
    }


def _candidate(candidate: Candidate, each: Examined) -> Mapping[str, Json]:
    return {
        "model": candidate.variant.id,
        "mode": candidate.mode,
        "each_usd": exact(decimal(each_usd(candidate))),
        "monthly_usd": _usd(each.month_of(candidate)),
        "score": None if candidate.share is None else exact(decimal(candidate.share)),
        "remark": recommendation.remark(candidate, each.choice),
    }


def _record(each: Examined) -> Mapping[str, Json]:
    """A workload in one line."""
    costing, (model, mode) = each.subject.costing, each.advised or (None, None)
    monthly = costing.monthly_usd
    return {
        "name": each.subject.name,
        "model": costing.model,
        "mode": costing.mode,
        "each_usd": _usd(costing.each_usd.expected),
        "monthly_usd": _usd(monthly.expected if monthly else None),
        "recommended_model": model,
        "recommended_mode": mode,
        "recommended_each_usd": _usd(each.each_usd),
        "recommended_monthly_usd": _usd(each.monthly_usd),
    }
