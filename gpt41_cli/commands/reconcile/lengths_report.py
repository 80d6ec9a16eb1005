"""What answers tell of the workloads of gpt41.yaml, as a part of the report on the bill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gpt41_cli.commands.reconcile.answer_lengths import MEDIAN, P90, P95, Lengths
from gpt41_cli.commands.reconcile.observed import Past
from gpt41_cli.config.tables import Config, Range
from gpt41_cli.display import decimal, exact, number, plural, printable
from gpt41_cli.findings import Finding, Level
from gpt41_cli.reports import Json, Report, Row, Table, columns

_RULE = "expected is the mean, which prices the sum of many answers; high is the 95th percentile, or the mean where that is more"


def with_lengths(report: Report, past: Past, config: Config) -> Report:
    """The report on a bill with how long the answers of each workload are."""
    found = {name: past.lengths[name] for name in config.workloads if name in past.lengths}
    return report._replace(
        tables=(*report.tables, *_table(found, config)),
        findings=(*report.findings, *_findings(found, past)),
        notes=(*report.notes, *((_RULE,) if found else ())),
        data={**report.data, "workloads": [_json(name, each, config) for name, each in found.items()]},
    )


def _table(found: Mapping[str, Lengths], config: Config) -> Iterator[Table]:
    if found:
        lengths = (">mean", ">median", ">p90", ">p95", ">longest", ">cut")
        titles = columns("`workload", ">answers", *lengths, ">declared", ">output_tokens")
        yield Table(titles, tuple(_row(name, each, config) for name, each in found.items()), "Output tokens of an answer")


def _row(name: str, lengths: Lengths, config: Config) -> Row:
    declared = config.workloads[name].output_tokens
    cells = (
        printable(name),
        number(lengths.answers),
        f"{decimal(lengths.mean, 1):,f}",
        *(number(lengths.quantile(share)) for share in (MEDIAN, P90, P95)),
        number(lengths.longest),
        number(lengths.cut),
        "" if declared is None else _between(declared),
        _between(lengths.output_tokens),
    )
    return Row(cells)


def _between(output_tokens: Range) -> str:
    low, high = output_tokens
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def _findings(found: Mapping[str, Lengths], past: Past) -> Iterator[Finding]:
    """What is not known of lengths: of answers that were cut, that stand in sums, or that are nobody's."""
    for name, lengths in found.items():
        if lengths.cut:
            cut = f"{number(lengths.cut)} of {plural(lengths.answers, 'answer')}"
            message = f"{printable(name)}: {cut} ended at their maximum; left alone, they would be longer"
            yield Finding("answers-cut", Level.WARNING, message, actual=str(lengths.cut), subject=name)
    if past.summed:
        message = f"not learned from: {plural(past.summed, 'answer')} in sums, which tell no length"
        yield Finding("not-learned", Level.NOTICE, message, actual=str(past.summed))
    for names, many in past.unowned.items():
        whose = f"one of {', '.join(map(printable, names))}" if names else "no workload"
        message = f"not learned from: {plural(many, 'answer')} to {whose}; --workload says whose they are"
        yield Finding("not-learned", Level.WARNING, message, actual=str(many))


def _json(name: str, lengths: Lengths, config: Config) -> Mapping[str, Json]:
    declared = config.workloads[name].output_tokens
    return {
        "name": name,
        "answers": lengths.answers,
        "cut": lengths.cut,
        "mean": exact(decimal(lengths.mean)),
        "median": lengths.quantile(MEDIAN),
        "p90": lengths.quantile(P90),
        "p95": lengths.quantile(P95),
        "longest": lengths.longest,
        "declared": declared and declared._asdict(),
        "output_tokens": lengths.output_tokens._asdict(),
    }
