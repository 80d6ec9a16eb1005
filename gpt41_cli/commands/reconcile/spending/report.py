"""Add what groups spent to the report on a bill: a table, a chart, and records for a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.commands.reconcile.bill import Reconciliation
from gpt41_cli.commands.reconcile.spending.groups import GroupKey, GroupSum, SpendingGroups, add_groups
from gpt41_cli.commands.reconcile.spending.period import Period, PeriodFilter
from gpt41_cli.display import (
    compute_share,
    format_change_percent,
    format_int,
    format_money,
    format_money_change,
    format_percent,
    pluralize,
    sanitize,
    to_decimal,
)
from gpt41_cli.findings import Finding
from gpt41_cli.pricing import EXACT, sum_usd
from gpt41_cli.reports import Json, Report, ReportLine, Table
from gpt41_cli.reports.chart import Chart, ChartAxis, ChartPoint, ChartSeries
from gpt41_cli.reports.columns import Column, make_table, show_parts
from gpt41_cli.rules import Effect

FIGURE_KEYS = frozenset(
    (
        *("requests", "input_tokens", "cached_tokens", "output_tokens", "total_usd", "share_percent", "unpriced_requests"),
        *("before_usd", "change_usd", "is_folded"),
    )
)
"""The keys of the figures of a group."""
_NOT_STATED = "(not stated)"
_LONGEST_NAME = 60
_TOP = 20


class _GroupRow(NamedTuple):
    """A group, and what it cost in the period before (None: nothing is compared). `key` is None for the sum of others."""

    key: GroupKey | None
    name: str
    sum_: GroupSum
    before_usd: Decimal | None

    @property
    def change_usd(self) -> Decimal | None:
        """How much more it cost than before."""
        return None if self.before_usd is None else EXACT.subtract(self.sum_.total_usd, self.before_usd)


def add_period_to_report(report: Report, bill: Reconciliation, days: PeriodFilter) -> Report:
    """Add the comparison of a period's bill, and a note on answers of other days that are left out."""
    notes, lines, total_before = list(report.notes), list(report.lines), None
    if days.left_out:
        others = f"{pluralize(days.left_out, 'answer')} {days.period_left_out}"
        notes.append(f"{others} left out: the period is {days.period}")
    if days.before:
        total_before = days.before.total_usd
        lines.insert(0, ReportLine("change", _describe_periods(bill.total_usd, total_before, days)))
        notes += _describe_gaps(days)
    period = {
        "since": days.period.first,
        "until": days.period.last,
        "left_out": days.left_out,
        "before_since": days.period_before and days.period_before.first,
        "before_until": days.period_before and days.period_before.last,
        "before_usd": total_before,
    }
    return report._replace(lines=tuple(lines), notes=tuple(notes), data={**report.data, "period": period})


def describe_change(bill: Reconciliation, before: Reconciliation) -> str:
    """Describe the change from the period before as a part of a sentence: how much more or less the bill is.

    Empty if nothing was spent before, or if a price is missing in one of the periods, as the change isn't known then.
    """
    change = EXACT.subtract(bill.total_usd, before.total_usd)
    lacks_prices = any(issue.finding.rule.effect is Effect.AT_LEAST for issue in (*bill.issues, *before.issues))
    if lacks_prices or not before.total_usd:
        return ""
    if not change:
        return ", as much as before"
    share = format_change_percent(Fraction(change) / Fraction(before.total_usd))
    return f", {format_money(abs(change))} {'more' if change > 0 else 'less'} ({share}) than before"


def _describe_periods(now: Decimal, before: Decimal, days: PeriodFilter) -> str:
    assert days.before is not None
    unpriced = sum(usage.requests for usage in days.before.unpriced.values())
    least = format_money(before)
    if unpriced:
        least = f"at least {least}, with {pluralize(unpriced, 'answer')} not priced,"
    if not before:
        return f"{least} {days.period_before}"
    share = f" ({_format_change(now, before)})" if now != before else ""
    return f"{format_money_change(EXACT.subtract(now, before))}{share}: {least} {days.period_before}"


def _describe_gaps(days: PeriodFilter) -> list[str]:
    """Say that the logs begin after the period before does, or end before the period does."""
    assert days.period_before
    assert days.period_before.first
    assert days.period.last
    whole = days.period_before.first, days.period.last
    if days.held == Period() or (days.held.has(whole[0]) and days.held.has(whole[1])):
        return []
    said = f"The two periods are {Period(*whole)}, but the logs have answers {days.held} only"
    return [f"{said}: a part of the change may come from that."]


def _format_change(now: Decimal, before: Decimal) -> str:
    change = Fraction(now) / Fraction(before) - 1
    return f"{'+' if change > 0 else '-'}{format_change_percent(change)}"


def add_groups_to_report(
    report: Report, bill: Reconciliation, groups: SpendingGroups, days: PeriodFilter | None, top: int | None
) -> Report:
    """Add the groups of a bill: the largest `top` as a table and a chart, all as records.

    Days are in their order, and all of them are shown unless `top` is stated. A table of the report that says the same is left
    out.
    """
    before = days.before.groups if days and days.before else None
    rows = _make_rows(groups, before)
    is_by_day = groups.fields == ("day",)
    most = top or (len(rows) if is_by_day else _TOP)
    shown, rest = rows[:most], rows[most:]
    if is_by_day:
        shown, rows = _sort_by_name(shown), _sort_by_name(rows)
    if rest:
        shown = [*shown, _add_up(rest, f"{format_int(len(rest))} others")]
    named = ", ".join(map(sanitize, groups.fields))
    total = bill.total_usd
    findings = [*report.findings]
    if groups.folded != GroupSum():
        answers = groups.folded.usage.requests + groups.folded.unpriced.requests
        findings.append(Finding(rules.GROUPS_FOLDED, f"{pluralize(answers, 'answer')} of more groups of {named} are in one row"))
    records = tuple(_make_record(groups, row, total) for row in rows)
    return report._replace(
        tables=(
            make_table(_list_columns(groups, shown, total), shown, f"By {named}"),
            *(table for table in report.tables if table.title or not _has_same_rows(table, groups.fields)),
        ),
        charts=(*report.charts, _draw_chart(shown, named)),
        findings=tuple(findings),
        data={**report.data, "groups": {"by": list(groups.fields), "rows": records}},
        records=records,
    )


def _sort_by_name(rows: Sequence[_GroupRow]) -> list[_GroupRow]:
    """Sort rows by their names; those that have none come last."""
    return sorted(rows, key=lambda row: (row.key in (None, (None,)), row.name))


def _has_same_rows(table: Table, fields: Sequence[str]) -> bool:
    """Return True if a table of the bill has a row for each group of `fields`. A mode that is standard goes without saying."""
    cells = {heading.title: {row.cells[index] for row in table.rows} for index, heading in enumerate(table.headings)}
    named = {*fields, "mode"} if cells.get("mode") == {"standard"} else {*fields}
    return named == cells.keys() & {"day", "model", "mode"}


def _make_rows(groups: SpendingGroups, before: SpendingGroups | None) -> list[_GroupRow]:
    """Make a row for each group of either period; groups that were only in the period before come last."""
    sums, earlier = groups.sums, before.sums if before else {}
    rows = [
        _GroupRow(
            key,
            ", ".join(map(_show_label, key)),
            sums.get(key, GroupSum()),
            earlier.get(key, GroupSum()).total_usd if before else None,
        )
        for key in dict.fromkeys((*sums, *earlier))
    ]
    folded_before = before.folded.total_usd if before else None
    if groups.folded != GroupSum() or folded_before:
        rows.append(_GroupRow(None, "more groups", groups.folded, folded_before))
    return rows


def _add_up(rows: Sequence[_GroupRow], name: str) -> _GroupRow:
    before = [row.before_usd for row in rows if row.before_usd is not None]
    return _GroupRow(None, name, add_groups([row.sum_ for row in rows]), sum_usd(before) if before else None)


def _show_label(value: str | None) -> str:
    """Show the value of a field; long ones lose their middle."""
    if value is None:
        return _NOT_STATED
    text = sanitize(value)
    return text if len(text) <= _LONGEST_NAME else f"{text[: _LONGEST_NAME // 2]}…{text[-_LONGEST_NAME // 2 + 1 :]}"


def _list_columns(groups: SpendingGroups, rows: Sequence[_GroupRow], total: Decimal) -> list[Column[_GroupRow]]:
    most = max((row.sum_.total_usd for row in rows), default=Decimal(0))
    columns = [_make_label_column(name, index) for index, name in enumerate(groups.fields)]
    columns += [
        Column(">answers", None, lambda row: row.sum_.usage.requests),
        Column(">~input", None, lambda row: row.sum_.usage.input_tokens),
        Column(">~cached", None, lambda row: row.sum_.usage.cached_tokens),
        Column(">~output", None, lambda row: row.sum_.usage.output_tokens),
        Column(">total", None, show_parts(rows, lambda row: row.sum_.total_usd)),
        Column(">share", None, lambda row: format_percent(to_decimal(compute_share(row.sum_.total_usd, total)))),
        Column("|", None, lambda row: compute_share(row.sum_.total_usd, most), str),
    ]
    if any(row.sum_.unpriced.requests for row in rows):
        columns.append(Column(">not priced", None, lambda row: row.sum_.unpriced.requests))
    if any(row.before_usd is not None for row in rows):
        columns.append(Column(">before", None, lambda row: row.before_usd))
        columns.append(Column(">change", None, lambda row: row.change_usd, format_money_change))
    return columns


def _make_label_column(name: str, index: int) -> Column[_GroupRow]:
    def get_cell(row: _GroupRow) -> str:
        if row.key is None:
            return row.name if index == 0 else ""
        return _show_label(row.key[index])

    return Column(f"`{sanitize(name)}", None, get_cell, str)


def _draw_chart(rows: Sequence[_GroupRow], fields: str) -> Chart:
    points = tuple(ChartPoint(row.name, row.sum_.total_usd) for row in rows)
    return Chart(
        name="spending",
        kind="bars",
        title=f"Spending by {fields}",
        description=f"What each group cost, in US dollars, by {fields}.",
        x=ChartAxis(fields, "name"),
        y=ChartAxis("US dollars", "usd"),
        series=(ChartSeries("spending", points, "chosen"),),
    )


def _make_record(groups: SpendingGroups, row: _GroupRow, total: Decimal) -> Mapping[str, Json]:
    return {
        **dict(zip(groups.fields, row.key or (None,) * len(groups.fields), strict=True)),
        "is_folded": row.key is None,
        **asdict(row.sum_.usage),
        "total_usd": row.sum_.total_usd,
        "share_percent": to_decimal(compute_share(row.sum_.total_usd, total) * 100, 4),
        "unpriced_requests": row.sum_.unpriced.requests,
        "before_usd": row.before_usd,
        "change_usd": row.change_usd,
    }
