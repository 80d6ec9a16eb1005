"""A Diff as a Report: what the change costs and the largest cause first, then every cause, the workloads, and the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.diff.causes import CAUSES, STEPS, VOLUME, Amount, Cause, Repriced
from gpt41_cli.commands.diff.compare import MONTH, Compared, Diff, Moved, Total, total_of
from gpt41_cli.display import change, decimal, exact, money, moved, number, plural
from gpt41_cli.reports import Case, Json, Line, Report, Row, Table, columns
from gpt41_cli.reports.findings import left_out_findings
from gpt41_cli.workloads.costing import Usd

if TYPE_CHECKING:
    from gpt41_cli.files.trees import LeftOut

SCHEMA = "gpt41.diff/1"

_TITLES = columns("`workload", "per", ">before", ">after", ">change", ">input each", ">output each", "cause")


def report(catalog: Catalog, diff: Diff, left_out: Sequence[LeftOut] = ()) -> Report:
    """The comparison, to be read and to be computed with. Its bare answer is the change in dollars."""
    changed = sorted((each for each in diff.workloads if not each.is_unchanged), key=_by_change)
    printed = tuple(map(_rounded, diff.workloads))
    total = total_of(printed)
    records = tuple(map(_record, diff.workloads, printed))
    return Report(
        schema=SCHEMA,
        answer=_digits(total.now.expected_usd - total.was.expected_usd),
        headline=_headline(diff, len(changed)),
        lines=tuple(_lines(diff, len(changed))),
        tables=tuple(_tables(diff, changed)),
        findings=(*diff.findings, *left_out_findings(left_out)),
        notes=tuple(_notes(diff)),
        data=_data(diff, total, records),
        records=records,
        catalog=catalog,
        cases=tuple(
            Case(each.name or "all of it together", "growth", (each.finding,) if each.finding else ()) for each in diff.growth
        ),
    )


def _by_change(compared: Compared) -> tuple[bool, Fraction]:
    """In which order workloads are shown: those of a month first, of these the one that moved most."""
    return compared.unit != MONTH, -abs(compared.now.expected_usd - compared.was.expected_usd)


def _digits(amount: Fraction) -> str:
    return exact(decimal(amount))


def _headline(diff: Diff, changed: int) -> str:
    total, base = diff.total, diff.before.label
    cost = f"{money(decimal(total.now.expected_usd))} {_of(diff)}"
    if not changed:
        return f"no change from {base}: {cost}"
    if total.was.expected_usd == total.now.expected_usd:
        return f"{cost}, the same as {base}, but {plural(changed, 'workload')} changed"
    first = total.causes[0]
    share = f", {change(decimal(first.usd))}" if len(total.causes) > 1 else ""
    most = "most of all " if len(total.causes) > 1 else ""
    return f"{cost}, {_moved(total.was.expected_usd, total.now.expected_usd)} from {base}: {most}{first.name}{share}"


def _of(diff: Diff) -> str:
    """What the total is of."""
    if diff.total.unit == MONTH:
        return "a month"
    return "a request" if len(diff.workloads) == 1 else "for a request of each workload"


def _moved(was: Fraction, now: Fraction) -> str:
    """By how much, and by which share of what it was."""
    by = f"{'up' if now > was else 'down'} {money(decimal(abs(now - was)))}"
    return f"{by} ({moved((now - was) / was)})" if was else by


def _lines(diff: Diff, changed: int) -> Iterator[Line]:
    """Every cause of the total where there are several, its high end, its tokens, and what did not change."""
    was, now = diff.total.was, diff.total.now
    if len(diff.total.causes) > 1:
        yield from (Line(cause.name, change(decimal(cause.usd))) for cause in diff.total.causes)
    if (was.high_usd, now.high_usd) != (was.expected_usd, now.expected_usd):
        by = _moved(was.high_usd, now.high_usd) if was.high_usd != now.high_usd else "as before"
        yield Line("at most", f"{money(decimal(now.high_usd))} {_of(diff)}, {by}")
    if was.input_tokens != now.input_tokens or was.output_tokens != now.output_tokens:
        tokens = f"{_arrow(was.input_tokens, now.input_tokens)} in, {_arrow(was.output_tokens, now.output_tokens)} out"
        yield Line("tokens", f"{tokens}, {_of(diff)}")
    if changed and changed < len(diff.workloads):
        yield Line("unchanged", plural(len(diff.workloads) - changed, "workload"))


def _arrow(was: Fraction, now: Fraction) -> str:
    """Tokens before and after, or once where they are the same."""
    before, after = (number(round(each)) for each in (was, now))
    return before if was == now else f"{before} -> {after}"


def _tables(diff: Diff, changed: Sequence[Compared]) -> Iterator[Table]:
    if changed:
        yield Table(_TITLES, tuple(map(_row, changed)))
    if len(diff.workloads) > 1 and any(len(each.causes) > 1 for each in changed):
        rows = tuple(_cause_row(each, cause) for each in changed for cause in _by_size(each))
        yield Table(columns("`workload", "per", "cause", ">change"), rows, "Every cause", is_detail=True)
    if diff.files:
        most = f"The {number(len(diff.files))} files that moved most, of {number(diff.files_moved)}"
        title = most if diff.files_moved > len(diff.files) else f"{plural(diff.files_moved, 'file')} moved"
        titles = columns("`file", "`workload", ">before", ">after", ">tokens")
        yield Table(titles, tuple(map(_file_row, diff.files)), title, is_detail=True)


def _cause_row(compared: Compared, cause: Cause) -> Row:
    return Row((compared.name, compared.unit, _said(compared, cause.name), change(decimal(cause.usd))))


def _by_size(compared: Compared) -> list[Cause]:
    return sorted(compared.causes, key=lambda cause: -abs(cause.usd))


def _row(compared: Compared) -> Row:
    before, after = compared.before, compared.after
    was, now = compared.was.expected_usd, compared.now.expected_usd
    share = f" ({moved((now - was) / was)})" if before and after and was not in (0, now) else ""
    each = [side.each for side in (before, after) if side]
    cells = (
        compared.name,
        compared.unit,
        money(decimal(was)) if before and not compared.gained_volume else "",
        money(decimal(now)) if after and compared.gained_volume is not False else "",
        f"{change(decimal(now - was))}{share}",
        _arrow(each[0].input_tokens, each[-1].input_tokens),
        _arrow(each[0].output_tokens, each[-1].output_tokens),
        _main_cause(compared),
    )
    return Row(cells)


def _main_cause(compared: Compared) -> str:
    """The largest cause; where nothing of what changed had a price to move, all of that."""
    before, after = compared.before, compared.after
    if not (before and after):
        return _state(compared)
    if compared.causes and not compared.gained_volume:
        first = _said(compared, _by_size(compared)[0].name)
        return first if len(compared.causes) == 1 else f"most of all {first}"
    found = [_said(compared, name) for name, field in STEPS if getattr(before.mean, field) != getattr(after.mean, field)]
    if compared.gained_volume is not None:
        return ", ".join([_said(compared, VOLUME), *found])
    return ", ".join([*found, "longest answer"] if compared.was.high_usd != compared.now.high_usd else found)


def _said(compared: Compared, cause: str) -> str:
    """A cause, and from what to what, where that is a name or a volume."""
    sides = [side.costing for side in (compared.before, compared.after) if side]
    shown = {
        "model": [each.model for each in sides],
        "mode": [each.mode for each in sides],
        "platform": [each.platform for each in sides],
        VOLUME: [f"{number(each.volume.requests)} / {each.volume.period}" if each.volume else "none" for each in sides],
    }
    moves = [" -> ".join(shown[name]) for name in cause.split(" and ") if name in shown]
    return f"{cause}: {', '.join(moves)}" if moves else cause


def _file_row(file: Moved) -> Row:
    more = f" and {number(len(file.workloads) - 1)} more" if len(file.workloads) > 1 else ""
    before, after = ("" if each is None else number(each) for each in (file.before, file.after))
    return Row((file.path, f"{file.workloads[0]}{more}", before, after, f"{file.tokens:+,}"))


def _notes(diff: Diff) -> Iterator[str]:
    """How the two sides were compared."""
    yield f"{diff.before.label} is compared with {diff.after.label}, both at the prices of {diff.as_of}."
    if stale := [each.name for each in diff.workloads if each.after and _has_other_prices(each.after)]:
        yield f"{', '.join(stale)}: {diff.after.label} had other prices, which are left aside here."
    if one_sided := [each.name for each in diff.workloads if each.gained_volume is not None]:
        yield (
            f"With a volume on one side only: {', '.join(one_sided)}. To the month of the other side they add nothing, though "
            "requests may be sent; a growth_percent of their own compares the mean request."
        )
    if diff.total.apart:
        yield f"Compared for a request, and so not in the sum of a month: {', '.join(diff.total.apart)}."
    if any(len(each.causes) > 1 for each in diff.workloads):
        yield "Each cause is what one thing changes while the others stay as they are, one after the other from tokens to volume."


def _has_other_prices(priced: Repriced) -> bool:
    return priced.costing.each_usd.expected != priced.each.expected_usd


def _rounded(compared: Compared) -> Compared:
    """The same to 12 places, of which programs can make sums: a cause lies between two rounded prices, that before it and that
    after it.
    """
    usd = compared.was.expected_usd
    causes = []
    for cause in compared.causes:
        causes.append(Cause(cause.name, _near(usd + cause.usd) - _near(usd)))
        usd += cause.usd
    was, repriced, now = (Amount(*map(_near, each)) for each in (compared.was, compared.repriced, compared.now))
    return compared._replace(was=was, repriced=repriced, now=now, causes=tuple(causes))


def _near(amount: Fraction) -> Fraction:
    return Fraction(decimal(amount))


def _data(diff: Diff, total: Total, records: Sequence[Mapping[str, Json]]) -> Mapping[str, Json]:
    """`total` is the sum of what `records` print, which need not be the nearest to that of `diff`."""
    return {
        "as_of": str(diff.as_of),
        "before": diff.before.label,
        "after": diff.after.label,
        "total": {"unit": total.unit, **_amounts(diff.total, total), "apart": list(total.apart)},
        "workloads": records,
        "files": [_file_json(each) for each in diff.files],
        "files_moved": diff.files_moved,
        "growth": [
            {
                "workload": each.name or None,
                "allowed_percent": exact(each.allowed_percent),
                "level": each.finding.level.label if each.finding else None,
            }
            for each in diff.growth
        ],
    }


def _record(compared: Compared, printed: Compared) -> Mapping[str, Json]:
    """All records have the same keys, at every depth: they are the columns of a spreadsheet."""
    was, now = compared.before, compared.after
    before = was and _side_json(was, was.costing.each_usd, was.costing.storage_monthly_usd)
    after = now and _side_json(now, Usd(now.each.expected_usd, now.each.high_usd), now.storage_usd)
    return {
        "workload": compared.name,
        "state": _state(compared),
        "unit": compared.unit,
        **_amounts(compared, printed),
        "before": before or _blank(after),
        "after": after or _blank(before),
    }


def _blank(value: Json) -> Json:
    """The same keys, and null for every value."""
    return {key: _blank(inner) for key, inner in value.items()} if isinstance(value, Mapping) else None


def _state(compared: Compared) -> str:
    if compared.before is None:
        return "added"
    return "removed" if compared.after is None else "unchanged" if compared.is_unchanged else "changed"


def _amounts(found: Compared | Total, printed: Compared | Total) -> Mapping[str, Json]:
    """The amounts of a unit: `change_percent` of the price before, `growth_percent` of that at the prices of today. Only shares
    are of the exact amounts.
    """
    was, repriced, now = printed.was, printed.repriced, printed.now
    moved_by = {cause.name: cause.usd for cause in printed.causes}
    return {
        "before_usd": _usd_json(Usd(was.expected_usd, was.high_usd)),
        "repriced_usd": _usd_json(Usd(repriced.expected_usd, repriced.high_usd)),
        "after_usd": _usd_json(Usd(now.expected_usd, now.high_usd)),
        "change_usd": _digits(now.expected_usd - was.expected_usd),
        "change_percent": _percent(found.was.expected_usd, found.now.expected_usd),
        "growth_percent": _percent(found.repriced.expected_usd, found.now.expected_usd),
        "causes_usd": {name: _digits(moved_by.get(name, Fraction(0))) for name in CAUSES},
        "input_tokens": {"before": _digits(was.input_tokens), "after": _digits(now.input_tokens)},
        "output_tokens": {"before": _digits(was.output_tokens), "after": _digits(now.output_tokens)},
    }


def _side_json(priced: Repriced, each_usd: Usd, stored_usd: Fraction) -> Mapping[str, Json]:
    """A workload on one side, in the mean of its requests; `volume` and `monthly_usd` hold null where it has no volume.
    `stored_usd` is what it stores, for a month.
    """
    costing, each = priced.costing, _usd_json(each_usd)
    volume = costing.volume
    return {
        "model": costing.model,
        "mode": costing.mode,
        "platform": costing.platform,
        "requests": costing.requests,
        "volume": {"requests": volume and volume.requests, "period": volume and volume.period},
        "input_tokens": _digits(priced.each.input_tokens),
        "cached_tokens": _digits(Fraction(costing.cached_tokens, costing.requests)),
        "output_tokens": _digits(priced.each.output_tokens),
        "each_usd": each,
        "monthly_usd": _usd_json(Usd(*(usd * volume.per_month + stored_usd for usd in each_usd))) if volume else _blank(each),
    }


def _usd_json(amount: Usd) -> Mapping[str, Json]:
    return {"expected": _digits(amount.expected), "high": _digits(amount.high)}


def _percent(was: Fraction, now: Fraction) -> str | None:
    return _digits((now - was) / was * 100) if was else None


def _file_json(file: Moved) -> Mapping[str, Json]:
    return {
        "path": file.path,
        "workloads": list(file.workloads),
        "before_tokens": file.before,
        "after_tokens": file.after,
        "change_tokens": file.tokens,
    }
