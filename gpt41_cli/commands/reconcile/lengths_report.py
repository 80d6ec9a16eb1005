"""What answers tell of the workloads of gpt41.yaml, as a part of the report on the bill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gpt41_cli.commands.reconcile.answer_lengths import MEDIAN, P90, P95, AnswerLengths
from gpt41_cli.commands.reconcile.observed import ObservedAnswers
from gpt41_cli.config.tables import Config, TokenRange
from gpt41_cli.display import format_exact, format_int, pluralize, sanitize, to_decimal
from gpt41_cli.findings import Finding, Level
from gpt41_cli.reports import Json, Report, Row, Table, make_headings

_RANGE_NOTE = (
    "expected is the mean, which prices the sum of many answers; high is the 95th percentile, or the mean where that is more"
)


def add_answer_lengths(report: Report, past: ObservedAnswers, config: Config) -> Report:
    """The report on a bill with how long the answers of each workload are."""
    found = {name: past.lengths[name] for name in config.workloads if name in past.lengths}
    return report._replace(
        tables=(*report.tables, *_make_tables(found, config)),
        findings=(*report.findings, *_collect_findings(found, past)),
        notes=(*report.notes, *((_RANGE_NOTE,) if found else ())),
        data={**report.data, "workloads": [_make_lengths_json(name, each, config) for name, each in found.items()]},
    )


def _make_tables(found: Mapping[str, AnswerLengths], config: Config) -> Iterator[Table]:
    if found:
        lengths = (">mean", ">median", ">p90", ">p95", ">longest", ">cut")
        titles = make_headings("`workload", ">answers", *lengths, ">declared", ">output_tokens")
        yield Table(titles, tuple(_make_row(name, each, config) for name, each in found.items()), "Output tokens of an answer")


def _make_row(name: str, lengths: AnswerLengths, config: Config) -> Row:
    declared = config.workloads[name].output_tokens
    cells = (
        sanitize(name),
        format_int(lengths.answers),
        f"{to_decimal(lengths.mean, 1):,f}",
        *(format_int(lengths.quantile(share)) for share in (MEDIAN, P90, P95)),
        format_int(lengths.longest),
        format_int(lengths.cut_answers),
        "" if declared is None else _format_range(declared),
        _format_range(lengths.expected_range),
    )
    return Row(cells)


def _format_range(output_tokens: TokenRange) -> str:
    low, high = output_tokens
    return format_int(low) if low == high else f"{format_int(low)} to {format_int(high)}"


def _collect_findings(found: Mapping[str, AnswerLengths], past: ObservedAnswers) -> Iterator[Finding]:
    """What is not known of lengths: of answers that were cut, that stand in sums, or that are nobody's."""
    for name, lengths in found.items():
        if lengths.cut_answers:
            cut = f"{format_int(lengths.cut_answers)} of {pluralize(lengths.answers, 'answer')}"
            message = f"{sanitize(name)}: {cut} ended at their maximum; left alone, they would be longer"
            yield Finding("answers-cut", Level.WARNING, message, actual=str(lengths.cut_answers), subject=name)
    if past.summed_answers:
        message = f"not learned from: {pluralize(past.summed_answers, 'answer')} in sums, which tell no length"
        yield Finding("not-learned", Level.NOTICE, message, actual=str(past.summed_answers))
    for names, many in past.unattributed.items():
        whose = f"one of {', '.join(map(sanitize, names))}" if names else "no workload"
        message = f"not learned from: {pluralize(many, 'answer')} to {whose}; --workload says whose they are"
        yield Finding("not-learned", Level.WARNING, message, actual=str(many))


def _make_lengths_json(name: str, lengths: AnswerLengths, config: Config) -> Mapping[str, Json]:
    declared = config.workloads[name].output_tokens
    return {
        "name": name,
        "answers": lengths.answers,
        "cut": lengths.cut_answers,
        "mean": format_exact(to_decimal(lengths.mean)),
        "median": lengths.quantile(MEDIAN),
        "p90": lengths.quantile(P90),
        "p95": lengths.quantile(P95),
        "longest": lengths.longest,
        "declared": declared and declared._asdict(),
        "output_tokens": lengths.expected_range._asdict(),
    }
