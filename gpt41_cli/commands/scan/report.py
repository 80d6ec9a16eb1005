"""A ScanResult as a Report: how many calls have to change, to which models, by when, and where they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Market
from gpt41_cli.code.calls import UseKind
from gpt41_cli.code.endings import Ending
from gpt41_cli.code.scan import ScanResult
from gpt41_cli.code.uses import CodeUse, describe_refused
from gpt41_cli.constraints.lifecycle import describe_feature_end
from gpt41_cli.constraints.replacements import describe_end_dates
from gpt41_cli.display import format_int, pluralize, sanitize
from gpt41_cli.findings import Finding
from gpt41_cli.reports import Report, ReportLine
from gpt41_cli.reports.columns import Column, make_record, make_records, make_table
from gpt41_cli.rules import Level

SCHEMA = "gpt41.scan/1"

MAX_ROWS = 40
"""How many rows are shown; programs get all."""


class _FoundUse(NamedTuple):
    """A use, the end of its model if that has one, whether the baseline has it, and whether it is of a feature of the API."""

    use: CodeUse
    end: Ending | None
    is_known: bool
    is_feature: bool


def make_report(
    result: ScanResult,
    market: Market,
    ends: Mapping[str, Ending],
    known: Collection[int],
    findings: Sequence[Finding],
    within: timedelta | None = None,
) -> Report:
    """Make the report; `known` are the positions of the uses that the baseline has. What ends `within` a time is an error."""
    uses = [
        _FoundUse(use, ends.get(use.entry), position in known, use.entry in market.catalog.endings)
        for position, use in enumerate(result.uses)
    ]
    ending = [row for row in uses if row.use.is_call and row.end]
    new = [call for call in ending if not call.is_known]
    rows = sorted(new, key=lambda call: call.end.days if call.end else 0)
    tables = [make_table(_COLUMNS, rows[:MAX_ROWS])] if rows else []
    return Report(
        schema=SCHEMA,
        answer="\n".join(f"{sanitize(call.use.place.label)} {call.use.name}" for call in rows) or "none",
        headline=_make_headline(result, rows, len(ending) - len(new)),
        lines=tuple(_make_lines(result, market, uses, findings, within)),
        tables=tuple(tables),
        findings=tuple(findings),
        notes=tuple(_make_notes(rows)),
        data={
            "platform": market.platform.id,
            "as_of": market.as_of,
            "files": result.files,
            "places": [make_record(_COLUMNS, row) for row in uses],
            "left_out": [{"path": skipped.path, "reason": skipped.reason} for skipped in result.skipped],
        },
        records=make_records(_COLUMNS, uses),
        catalog=market.catalog,
        mentioned=[
            finding
            for finding in findings
            if finding.rule is not rules.UNREADABLE and (finding.level is not Level.NOTICE or finding.subject)
        ],
    )


_COLUMNS: Sequence[Column[_FoundUse]] = (
    Column("`place", None, lambda row: sanitize(row.use.place.label)),
    Column(None, "path", lambda row: row.use.place.path),
    Column(None, "line", lambda row: row.use.place.line),
    Column(None, "column", lambda row: row.use.place.column),
    Column("`model", "name", lambda row: row.use.name, sanitize),
    Column(None, "model", lambda row: None if row.is_feature else row.use.entry),
    Column(None, "feature", lambda row: row.use.entry if row.is_feature else None),
    Column(None, "kind", lambda row: row.use.kind.value),
    Column("~ends", "shutdown", lambda row: row.end and row.end.life.shutdown),
    Column(">days", "days_left", lambda row: row.end and row.end.days, lambda days: format_int(max(days, 0))),
    Column("replacement", "replacement", lambda row: row.end and row.end.replacement, absent="none named"),
    Column("~it refuses", None, lambda row: describe_refused(row.use)),
    Column(None, "refused_parameters", lambda row: [parameter.name for parameter in row.use.parameters]),
    Column(None, "ignored", lambda row: row.use.ignored),
    Column(None, "is_in_baseline", lambda row: row.is_known),
    Column(None, "fingerprint", lambda row: row.use.fingerprint),
)


def _make_headline(result: ScanResult, rows: Sequence[_FoundUse], known: int) -> str:
    """Write how many calls there are to each model that ends. `known` is how many more the baseline has."""
    files = pluralize(result.files, "file")
    if not rows and known:
        return f"No new call to a model that ends, in {files}; the baseline has {format_int(known)}, which must change"
    if not rows:
        return f"No call to a model that ends, in {files}"
    counts = Counter(map(_describe_end, rows))
    parts = [f"{format_int(count)} of {end}" for end, count in counts.items()]
    where = pluralize(len({row.use.place.path for row in rows}), "file")
    return f"{pluralize(len(rows), 'call')} in {where} must change: {', '.join(parts)}"


def _describe_end(row: _FoundUse) -> str:
    """Name the model or feature that ends, and the days left."""
    end = row.end
    assert end is not None
    left = "shut down" if end.is_over else f"{pluralize(end.days, 'day')} left"
    return f"{end.feature.name if end.feature else row.use.entry} ({left})"


def _make_lines(
    result: ScanResult, market: Market, uses: Sequence[_FoundUse], findings: Sequence[Finding], within: timedelta | None
) -> Iterator[ReportLine]:
    """Say how many calls are errors, when each model that is called ends, what isn't a call, and what was left out."""
    errors = sum(finding.level is Level.ERROR and finding.rule is not rules.UNREADABLE for finding in findings)
    if errors:
        soon = "" if within is None else f", or that end within {pluralize(within.days, 'day')}"
        yield ReportLine("errors", f"{pluralize(errors, 'call')} to models and features that are shut down{soon}")
    calls = [row for row in uses if row.use.is_call]
    for name, end in {call.use.entry: call.end for call in calls if call.end}.items():
        if end.feature:
            yield ReportLine("dates", describe_feature_end(end.feature.name, end.life, market), end.life.source.label)
        else:
            dates = describe_end_dates(market, market.catalog.variant(name))
            yield ReportLine("dates", dates.message, dates.citation)
    running = Counter(call.use.entry for call in calls if not call.end and call.use.entry in market.catalog.models)
    if running:
        yield ReportLine("runs on", ", ".join(f"{pluralize(count, 'call')} to {model}" for model, count in running.items()))
    others = Counter(row.use.kind for row in uses if row.use.kind is not UseKind.CALL and row.end)
    if others[UseKind.MENTION]:
        yield ReportLine("mentions", f"{pluralize(others[UseKind.MENTION], 'line')} of prose, comments and names")
    if others[UseKind.DATA]:
        yield ReportLine("data", f"{pluralize(others[UseKind.DATA], 'line')} of recorded data and tables of models")
    ignored = [row.use.ignored for row in uses if row.use.ignored is not None]
    if ignored:
        unexplained = sum(not reason for reason in ignored)
        rest = f", {format_int(unexplained)} of them without a reason" if unexplained else ""
        yield ReportLine("ignored", f"{pluralize(len(ignored), 'line')} because of a comment{rest}")
    known = sum(row.is_known for row in calls)
    if known:
        yield ReportLine("known", f"{pluralize(known, 'call')} that the baseline has")
    reasons = Counter(skipped.reason for skipped in result.skipped if not skipped.is_unreadable)
    if reasons:
        yield ReportLine("left out", ", ".join(f"{format_int(count)} {reason}" for reason, count in reasons.most_common()))


def _make_notes(rows: Sequence[_FoundUse]) -> Iterator[str]:
    if len(rows) > MAX_ROWS:
        yield f"{format_int(len(rows) - MAX_ROWS)} more calls: --format csv lists them all"
    if rows:
        yield "gpt41 migrate says what the move costs, and what else breaks in your requests."
