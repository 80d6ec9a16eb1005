"""A Diff as a Report: what the change costs and the largest cause first, then every cause, the workloads, and the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.diff.causes import CAUSE_FIELDS, CAUSE_NAMES, VOLUME, Cause, CostAndTokens, WorkloadCostNow
from gpt41_cli.commands.diff.compare import MONTH, Diff, FileChange, TotalChange, WorkloadChange, sum_changes
from gpt41_cli.display import (
    format_change_percent,
    format_exact,
    format_int,
    format_money,
    format_money_change,
    pluralize,
    to_decimal,
)
from gpt41_cli.reports import CheckCase, Json, Report, ReportLine, Row, Table, make_headings
from gpt41_cli.reports.findings import make_skipped_findings
from gpt41_cli.workloads.costing import UsdRange

if TYPE_CHECKING:
    from gpt41_cli.files.trees import SkippedPath

SCHEMA = "gpt41.diff/1"

_WORKLOAD_COLUMNS = make_headings("`workload", "per", ">before", ">after", ">change", ">input each", ">output each", "cause")


def make_report(catalog: Catalog, diff: Diff, left_out: Sequence[SkippedPath] = ()) -> Report:
    """The comparison, to be read and to be computed with. Its bare answer is the change in dollars."""
    changed = sorted((each for each in diff.workloads if not each.is_unchanged), key=_rank_by_change)
    printed = tuple(map(_round_change, diff.workloads))
    total = sum_changes(printed)
    records = tuple(map(_make_record, diff.workloads, printed))
    return Report(
        schema=SCHEMA,
        answer=_format_exact(total.after_cost.expected_usd - total.before_cost.expected_usd),
        headline=_make_headline(diff, len(changed)),
        lines=tuple(_make_lines(diff, len(changed))),
        tables=tuple(_make_tables(diff, changed)),
        findings=(*diff.findings, *make_skipped_findings(left_out)),
        notes=tuple(_make_notes(diff)),
        data=_dump_diff(diff, total, records),
        records=records,
        catalog=catalog,
        cases=tuple(
            CheckCase(each.name or "all of it together", "growth", (each.finding,) if each.finding else ())
            for each in diff.growth_checks
        ),
    )


def _rank_by_change(compared: WorkloadChange) -> tuple[bool, Fraction]:
    """In which order workloads are shown: those of a month first, of these the one that moved most."""
    return compared.unit != MONTH, -abs(compared.after_cost.expected_usd - compared.before_cost.expected_usd)


def _format_exact(amount: Fraction) -> str:
    return format_exact(to_decimal(amount))


def _make_headline(diff: Diff, changed: int) -> str:
    total, base = diff.total, diff.before.label
    cost = f"{format_money(to_decimal(total.after_cost.expected_usd))} {_describe_unit(diff)}"
    if not changed:
        return f"no change from {base}: {cost}"
    if total.before_cost.expected_usd == total.after_cost.expected_usd:
        return f"{cost}, the same as {base}, but {pluralize(changed, 'workload')} changed"
    first = total.causes[0]
    share = f", {format_money_change(to_decimal(first.usd))}" if len(total.causes) > 1 else ""
    most = "most of all " if len(total.causes) > 1 else ""
    return (
        f"{cost}, {_describe_change(total.before_cost.expected_usd, total.after_cost.expected_usd)} from {base}: "
        f"{most}{first.name}{share}"
    )


def _describe_unit(diff: Diff) -> str:
    """What the total is of."""
    if diff.total.unit == MONTH:
        return "a month"
    return "a request" if len(diff.workloads) == 1 else "for a request of each workload"


def _describe_change(was: Fraction, now: Fraction) -> str:
    """By how much, and by which share of what it was."""
    by = f"{'up' if now > was else 'down'} {format_money(to_decimal(abs(now - was)))}"
    return f"{by} ({format_change_percent((now - was) / was)})" if was else by


def _make_lines(diff: Diff, changed: int) -> Iterator[ReportLine]:
    """Every cause of the total where there are several, its high end, its tokens, and what did not change."""
    was, now = diff.total.before_cost, diff.total.after_cost
    if len(diff.total.causes) > 1:
        yield from (ReportLine(cause.name, format_money_change(to_decimal(cause.usd))) for cause in diff.total.causes)
    if (was.high_usd, now.high_usd) != (was.expected_usd, now.expected_usd):
        by = _describe_change(was.high_usd, now.high_usd) if was.high_usd != now.high_usd else "as before"
        yield ReportLine("at most", f"{format_money(to_decimal(now.high_usd))} {_describe_unit(diff)}, {by}")
    if was.input_tokens != now.input_tokens or was.output_tokens != now.output_tokens:
        tokens = (
            f"{_format_before_after(was.input_tokens, now.input_tokens)} in, "
            f"{_format_before_after(was.output_tokens, now.output_tokens)} out"
        )
        yield ReportLine("tokens", f"{tokens}, {_describe_unit(diff)}")
    if changed and changed < len(diff.workloads):
        yield ReportLine("unchanged", pluralize(len(diff.workloads) - changed, "workload"))


def _format_before_after(was: Fraction, now: Fraction) -> str:
    """Tokens before and after, or once where they are the same."""
    before, after = (format_int(round(each)) for each in (was, now))
    return before if was == now else f"{before} -> {after}"


def _make_tables(diff: Diff, changed: Sequence[WorkloadChange]) -> Iterator[Table]:
    if changed:
        yield Table(_WORKLOAD_COLUMNS, tuple(map(_make_workload_row, changed)))
    if len(diff.workloads) > 1 and any(len(each.causes) > 1 for each in changed):
        rows = tuple(_make_cause_row(each, cause) for each in changed for cause in _sort_causes(each))
        yield Table(make_headings("`workload", "per", "cause", ">change"), rows, "Every cause", is_detail=True)
    if diff.file_changes:
        most = f"The {format_int(len(diff.file_changes))} files that moved most, of {format_int(diff.changed_file_count)}"
        title = (
            most if diff.changed_file_count > len(diff.file_changes) else f"{pluralize(diff.changed_file_count, 'file')} moved"
        )
        titles = make_headings("`file", "`workload", ">before", ">after", ">tokens")
        yield Table(titles, tuple(map(_make_file_row, diff.file_changes)), title, is_detail=True)


def _make_cause_row(compared: WorkloadChange, cause: Cause) -> Row:
    return Row(
        (compared.name, compared.unit, _describe_cause(compared, *cause.factors), format_money_change(to_decimal(cause.usd)))
    )


def _sort_causes(compared: WorkloadChange) -> list[Cause]:
    return sorted(compared.causes, key=lambda cause: -abs(cause.usd))


def _make_workload_row(compared: WorkloadChange) -> Row:
    before, after = compared.before, compared.after
    was, now = compared.before_cost.expected_usd, compared.after_cost.expected_usd
    share = f" ({format_change_percent((now - was) / was)})" if before and after and was not in (0, now) else ""
    each = [side.cost_per_request for side in (before, after) if side]
    cells = (
        compared.name,
        compared.unit,
        format_money(to_decimal(was)) if before and not compared.gained_volume else "",
        format_money(to_decimal(now)) if after and compared.gained_volume is not False else "",
        f"{format_money_change(to_decimal(now - was))}{share}",
        _format_before_after(each[0].input_tokens, each[-1].input_tokens),
        _format_before_after(each[0].output_tokens, each[-1].output_tokens),
        _describe_main_cause(compared),
    )
    return Row(cells)


def _describe_main_cause(compared: WorkloadChange) -> str:
    """The largest cause; where nothing of what changed had a price to move, all of that."""
    before, after = compared.before, compared.after
    if not (before and after):
        return _name_state(compared)
    if compared.causes and not compared.gained_volume:
        first = _describe_cause(compared, *_sort_causes(compared)[0].factors)
        return first if len(compared.causes) == 1 else f"most of all {first}"
    found = [
        _describe_cause(compared, name)
        for name, field in CAUSE_FIELDS
        if getattr(before.mean_request, field) != getattr(after.mean_request, field)
    ]
    if compared.gained_volume is not None:
        return ", ".join([_describe_cause(compared, VOLUME), *found])
    return ", ".join([*found, "longest answer"] if compared.before_cost.high_usd != compared.after_cost.high_usd else found)


def _describe_cause(compared: WorkloadChange, *factors: str) -> str:
    """The factors of a cause, and from what to what, where that is a name or a volume."""
    sides = [side.costing for side in (compared.before, compared.after) if side]
    shown = {
        "model": [each.model for each in sides],
        "mode": [each.mode for each in sides],
        "platform": [each.platform for each in sides],
        VOLUME: [f"{format_int(each.volume.requests)} / {each.volume.period}" if each.volume else "none" for each in sides],
    }
    moves = [" -> ".join(shown[name]) for name in factors if name in shown]
    cause = " and ".join(factors)
    return f"{cause}: {', '.join(moves)}" if moves else cause


def _make_file_row(file: FileChange) -> Row:
    more = f" and {format_int(len(file.workloads) - 1)} more" if len(file.workloads) > 1 else ""
    before, after = ("" if each is None else format_int(each) for each in (file.tokens_before, file.tokens_after))
    return Row((file.path, f"{file.workloads[0]}{more}", before, after, f"{file.token_change:+,}"))


def _make_notes(diff: Diff) -> Iterator[str]:
    """How the two sides were compared."""
    yield f"{diff.before.label} is compared with {diff.after.label}, both at the prices of {diff.as_of}."
    if stale := [each.name for each in diff.workloads if each.after and _has_other_prices(each.after)]:
        yield f"{', '.join(stale)}: {diff.after.label} had other prices, which are left aside here."
    if one_sided := [each.name for each in diff.workloads if each.gained_volume is not None]:
        yield (
            f"With a volume on one side only: {', '.join(one_sided)}. To the month of the other side they add nothing, though "
            "requests may be sent; a growth_percent of their own compares the mean request."
        )
    if diff.total.excluded_workloads:
        yield f"Compared for a request, and so not in the sum of a month: {', '.join(diff.total.excluded_workloads)}."
    if any(len(each.causes) > 1 for each in diff.workloads):
        yield "Each cause is what one thing changes while the others stay as they are, one after the other from tokens to volume."


def _has_other_prices(priced: WorkloadCostNow) -> bool:
    return priced.costing.usd_per_request.expected != priced.cost_per_request.expected_usd


def _round_change(compared: WorkloadChange) -> WorkloadChange:
    """The same to 12 places, of which programs can make sums: a cause lies between two rounded prices, that before it and that
    after it.
    """
    usd = compared.before_cost.expected_usd
    causes = []
    for cause in compared.causes:
        causes.append(Cause(cause.factors, _round_amount(usd + cause.usd) - _round_amount(usd)))
        usd += cause.usd
    was, repriced, now = (
        CostAndTokens(*map(_round_amount, each)) for each in (compared.before_cost, compared.repriced_cost, compared.after_cost)
    )
    return compared._replace(before_cost=was, repriced_cost=repriced, after_cost=now, causes=tuple(causes))


def _round_amount(amount: Fraction) -> Fraction:
    return Fraction(to_decimal(amount))


def _dump_diff(diff: Diff, total: TotalChange, records: Sequence[Mapping[str, Json]]) -> Mapping[str, Json]:
    """`total` is the sum of what `records` print, which need not be the nearest to that of `diff`."""
    return {
        "as_of": str(diff.as_of),
        "before": diff.before.label,
        "after": diff.after.label,
        "total": {"unit": total.unit, **_dump_amounts(diff.total, total), "apart": list(total.excluded_workloads)},
        "workloads": records,
        "files": [_dump_file_change(each) for each in diff.file_changes],
        "files_moved": diff.changed_file_count,
        "growth": [
            {
                "workload": each.name or None,
                "allowed_percent": format_exact(each.allowed_percent),
                "level": each.finding.level.label if each.finding else None,
            }
            for each in diff.growth_checks
        ],
    }


def _make_record(compared: WorkloadChange, printed: WorkloadChange) -> Mapping[str, Json]:
    """All records have the same keys, at every depth: they are the columns of a spreadsheet."""
    was, now = compared.before, compared.after
    before = was and _dump_side(was, was.costing.usd_per_request, was.costing.storage_monthly_usd)
    after = now and _dump_side(
        now, UsdRange(now.cost_per_request.expected_usd, now.cost_per_request.high_usd), now.storage_monthly_usd
    )
    return {
        "workload": compared.name,
        "state": _name_state(compared),
        "unit": compared.unit,
        **_dump_amounts(compared, printed),
        "before": before or _replace_with_nulls(after),
        "after": after or _replace_with_nulls(before),
    }


def _replace_with_nulls(value: Json) -> Json:
    """The same keys, and null for every value."""
    return {key: _replace_with_nulls(inner) for key, inner in value.items()} if isinstance(value, Mapping) else None


def _name_state(compared: WorkloadChange) -> str:
    if compared.before is None:
        return "added"
    return "removed" if compared.after is None else "unchanged" if compared.is_unchanged else "changed"


def _dump_amounts(found: WorkloadChange | TotalChange, printed: WorkloadChange | TotalChange) -> Mapping[str, Json]:
    """The amounts of a unit: `change_percent` of the price before, `growth_percent` of that at the prices of today. Only shares
    are of the exact amounts.
    """
    was, repriced, now = printed.before_cost, printed.repriced_cost, printed.after_cost
    moved_by = {cause.name: cause.usd for cause in printed.causes}
    return {
        "before_usd": _dump_usd(UsdRange(was.expected_usd, was.high_usd)),
        "repriced_usd": _dump_usd(UsdRange(repriced.expected_usd, repriced.high_usd)),
        "after_usd": _dump_usd(UsdRange(now.expected_usd, now.high_usd)),
        "change_usd": _format_exact(now.expected_usd - was.expected_usd),
        "change_percent": _compute_percent(found.before_cost.expected_usd, found.after_cost.expected_usd),
        "growth_percent": _compute_percent(found.repriced_cost.expected_usd, found.after_cost.expected_usd),
        "causes_usd": {name: _format_exact(moved_by.get(name, Fraction(0))) for name in CAUSE_NAMES},
        "input_tokens": {"before": _format_exact(was.input_tokens), "after": _format_exact(now.input_tokens)},
        "output_tokens": {"before": _format_exact(was.output_tokens), "after": _format_exact(now.output_tokens)},
    }


def _dump_side(priced: WorkloadCostNow, each_usd: UsdRange, stored_usd: Fraction) -> Mapping[str, Json]:
    """A workload on one side, in the mean of its requests; `volume` and `monthly_usd` hold null where it has no volume.
    `stored_usd` is what it stores, for a month.
    """
    costing, each = priced.costing, _dump_usd(each_usd)
    volume = costing.volume
    return {
        "model": costing.model,
        "mode": costing.mode,
        "platform": costing.platform,
        "requests": costing.requests,
        "volume": {"requests": volume and volume.requests, "period": volume and volume.period},
        "input_tokens": _format_exact(priced.cost_per_request.input_tokens),
        "cached_tokens": _format_exact(Fraction(costing.cached_tokens, costing.requests)),
        "output_tokens": _format_exact(priced.cost_per_request.output_tokens),
        "each_usd": each,
        "monthly_usd": _dump_usd(UsdRange(*(usd * volume.per_month + stored_usd for usd in each_usd)))
        if volume
        else _replace_with_nulls(each),
    }


def _dump_usd(amount: UsdRange) -> Mapping[str, Json]:
    return {"expected": _format_exact(amount.expected), "high": _format_exact(amount.high)}


def _compute_percent(was: Fraction, now: Fraction) -> str | None:
    return _format_exact((now - was) / was * 100) if was else None


def _dump_file_change(file: FileChange) -> Mapping[str, Json]:
    return {
        "path": file.path,
        "workloads": list(file.workloads),
        "before_tokens": file.tokens_before,
        "after_tokens": file.tokens_after,
        "change_tokens": file.token_change,
    }
