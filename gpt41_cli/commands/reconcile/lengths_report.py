"""The lengths of the answers of the workloads of gpt41.yaml, as a part of the report on the bill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gpt41_cli import rules
from gpt41_cli.commands.reconcile.answer_lengths import MEDIAN, P90, P95, AnswerLengths
from gpt41_cli.commands.reconcile.observed import ObservedAnswers
from gpt41_cli.config.tables import AnswerTokens, Config
from gpt41_cli.display import format_int, pluralize, sanitize, to_decimal
from gpt41_cli.findings import Finding
from gpt41_cli.reports import Report
from gpt41_cli.reports.columns import Column, make_records, make_table
from gpt41_cli.rules import Level

_RANGE_NOTE = (
    "expected is the mean, which prices the sum of many answers; high is the 95th percentile, or the mean if that is higher"
)


def add_answer_lengths(report: Report, past: ObservedAnswers, config: Config) -> Report:
    """Add the answer lengths of each workload to the report on a bill."""
    observed = {name: past.lengths[name] for name in config.workloads if name in past.lengths}
    columns = _list_columns(config, reasons=any(lengths.reasoning_tokens for lengths in observed.values()))
    return report._replace(
        tables=(*report.tables, *([make_table(columns, observed.items(), "Output tokens of an answer")] if observed else [])),
        findings=(*report.findings, *_collect_findings(observed, past)),
        notes=(*report.notes, *(_make_notes(past) if observed else ())),
        data={**report.data, "workloads": make_records(columns, observed.items())},
    )


def _make_notes(past: ObservedAnswers) -> Iterator[str]:
    yield _RANGE_NOTE
    if any(lengths.reasoning_tokens for lengths in past.lengths.values()):
        yield "reasoning tokens are part of these lengths; output_tokens has their mean separately, for models that reason"
    if past.added_tokens:
        yield (
            f"successors bill {pluralize(past.added_tokens, 'token')} more for an answer of the same text: they are left out of "
            "these lengths, as every price at a successor adds them"
        )


def _list_columns(config: Config, *, reasons: bool) -> tuple[Column[tuple[str, AnswerLengths]], ...]:
    """List the columns of the answer lengths of a workload, which is given with its name."""
    return (
        Column("`workload", "name", lambda pair: pair[0], sanitize),
        Column(">answers", "answers", lambda pair: pair[1].answers),
        Column(None, "cut", lambda pair: pair[1].cut_answers),
        Column(">mean", "mean", lambda pair: pair[1].mean, lambda mean: f"{to_decimal(mean, 1):,f}"),
        Column(">median", "median", lambda pair: pair[1].quantile(MEDIAN)),
        Column(">p90", "p90", lambda pair: pair[1].quantile(P90)),
        Column(">p95", "p95", lambda pair: pair[1].quantile(P95)),
        Column(">longest", "longest", lambda pair: pair[1].longest),
        Column(">cut", None, lambda pair: pair[1].cut_answers),
        Column(
            ">reasoning" if reasons else None,
            "reasoning",
            lambda pair: pair[1].mean_reasoning,
            lambda mean: f"{to_decimal(mean, 1):,f}",
        ),
        Column(">declared", "declared", lambda pair: _dump_range(config.workloads[pair[0]].output_tokens), _format_range),
        Column(">output_tokens", "output_tokens", lambda pair: _dump_range(pair[1].expected_range), _format_range),
    )


def _dump_range(output_tokens: AnswerTokens | None) -> Mapping[str, int] | None:
    return output_tokens and output_tokens._asdict()


def _format_range(output_tokens: Mapping[str, int]) -> str:
    low, high, reasoning = output_tokens.values()
    text = format_int(low) if low == high else f"{format_int(low)} to {format_int(high)}"
    return f"{text} + {format_int(reasoning)}" if reasoning else text


def _collect_findings(observed: Mapping[str, AnswerLengths], past: ObservedAnswers) -> Iterator[Finding]:
    """Note the answers without a known length: those that were cut, that are in sums, or that belong to no workload."""
    for name, lengths in observed.items():
        if lengths.cut_answers:
            cut = f"{format_int(lengths.cut_answers)} of {pluralize(lengths.answers, 'answer')}"
            message = f"{sanitize(name)}: {cut} ended at their maximum; without it, they would be longer"
            yield Finding(rules.ANSWERS_CUT, message, actual=str(lengths.cut_answers), subject=name)
    if past.summed_answers:
        message = f"not learned from: {pluralize(past.summed_answers, 'answer')} in sums, which don't show lengths"
        yield Finding(rules.NOT_LEARNED, message, Level.NOTICE, actual=str(past.summed_answers))
    for names, many in past.unattributed.items():
        whose = f"one of {', '.join(map(sanitize, names))}" if names else "no workload"
        message = f"not learned from: {pluralize(many, 'answer')} to {whose}; --workload says whose they are"
        yield Finding(rules.NOT_LEARNED, message, actual=str(many))
