"""A TrainingResult as a Report: what training costs, after how many requests it pays, and every term of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.catalog import Market
from gpt41_cli.commands.train.fine_tune import TrainingResult
from gpt41_cli.commands.train.job_checks import name_untrainable_model
from gpt41_cli.commands.train.training import (
    FINE_TUNE_MODES,
    TrainedModel,
    TrainingOptions,
    TuningComparison,
    choose_best,
    find_earliest_payback,
)
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import format_exact, format_int, format_money, format_rate, pluralize, to_decimal
from gpt41_cli.findings import Finding
from gpt41_cli.prices.succession import find_near_succession
from gpt41_cli.pricing import EXACT, Usage
from gpt41_cli.reports import Json, Report, ReportLine, Row, Table
from gpt41_cli.reports.columns import Column, make_records, make_table, show_price
from gpt41_cli.reports.quotes import dump_quote, find_bound_prefix
from gpt41_cli.reports.succession import BEFORE_REASONING, format_usd_span
from gpt41_cli.rules import MODEL_SHUT_DOWN, Level
from gpt41_cli.work.workload import Workload, workload

SCHEMA = "gpt41.train/1"
_NEVER_PAYS = "never"


def make_report(tuning: TrainingResult, conditions: TrainingOptions) -> Report:
    """Make the report."""
    first = choose_best(tuning.trained_models) if tuning.trained_models else None
    comparisons = [_Comparison(student, terms) for student in tuning.trained_models for terms in student.comparisons]
    columns = _list_columns(conditions)
    records = make_records(columns, comparisons)
    return Report(
        schema=SCHEMA,
        answer=_format_answer(tuning.trained_models),
        headline=_make_headline(tuning, first, conditions),
        lines=tuple(_make_lines(tuning, first, conditions)) if first else (),
        tables=(_make_table(columns, comparisons, tuning),) if tuning.trained_models or tuning.unfit else (),
        findings=tuning.findings,
        notes=tuning.notes,
        data={
            "examples": tuning.examples,
            "epochs": tuning.epochs,
            "epochs_stated": tuning.has_stated_epochs,
            "requests": conditions.requests,
            "is_ceiling": tuning.work is not None and tuning.work.is_ceiling,
            "lower_bounds": tuning.lower_bounds,
            "teacher": tuning.teacher and dump_quote(tuning.teacher),
            "files": [
                {
                    "path": file.source.name,
                    "bytes": file.lines.size_bytes,
                    "examples": file.lines.examples,
                    "invalid": file.lines.invalid,
                    "breaches": {rule.id: times for rule, times in file.lines.breaches.counts.items()},
                }
                for file in tuning.files
            ],
            "trainings": [_make_training_json(student) for student in tuning.trained_models],
            "unfit": [{"model": finding.subject, "rule": finding.rule.id, "reason": finding.message} for finding in tuning.unfit],
            "comparisons": records,
        },
        records=records,
        catalog=conditions.market.catalog,
        mentioned=_find_mentioned(tuning, first),
    )


def _find_mentioned(tuning: TrainingResult, first: TrainedModel | None) -> list[Finding]:
    """Find what the headline says or, for a model that is shut down, its row in the table."""
    if first:
        return [name_untrainable_model(finding, Level.WARNING) for finding in tuning.unfit if finding.rule is MODEL_SHUT_DOWN]
    return [name_untrainable_model(finding, Level.ERROR) for finding in tuning.unfit] if tuning.examples else []


def _format_answer(students: Sequence[TrainedModel]) -> str:
    """Format the price of training, teaching included: bare for one model, after its name for several."""
    if len(students) == 1:
        return format_exact(_sum_upfront_usd(students[0]))
    return "\n".join(f"{student.model} {format_exact(_sum_upfront_usd(student))}" for student in students) or "none"


def _sum_upfront_usd(student: TrainedModel) -> Decimal:
    """Add up what is paid before the first request."""
    return EXACT.add(student.training_usd, student.training_work.teaching_usd)


def _make_training_json(student: TrainedModel) -> Mapping[str, Json]:
    billed = student.training_work.training_tokens
    return {
        "model": student.model,
        "example_tokens": billed.tokens,
        "lost_tokens": billed.lost_tokens,
        "cut_examples": billed.cut_examples,
        "trained_tokens": student.trained_tokens,
        "usd_per_million": student.price.usd,
        "training_usd": student.training_usd,
        "teaching_usd": student.training_work.teaching_usd,
        "hosting_usd_per_hour": student.hosting and student.hosting.usd,
        "source": student.price.source.id,
    }


def _make_headline(tuning: TrainingResult, first: TrainedModel | None, conditions: TrainingOptions) -> str:
    """Write what training costs, after how many requests it pays off and, if the model ends soon, when, and what follows."""
    if first is None and tuning.examples == 0:
        return "Nothing to train on: no example can be read"
    if first is None:
        return f"Nothing can be trained: {'; '.join(f'{finding.subject}: {finding.message}' for finding in tuning.unfit)}"
    how = f"{pluralize(tuning.epochs, 'epoch')} of {pluralize(tuning.examples, 'example')}"
    most = find_bound_prefix(tuning.work) if tuning.work else ""
    what = f"{most}{format_money(first.training_usd)} for {format_int(first.trained_tokens)} tokens ({how})"
    if tuning.teacher:
        what += f" and {most}{format_money(first.training_work.teaching_usd)} for the answers of {tuning.teacher.model}"
    end = _describe_end(conditions.market, first)
    return f"Training {first.model}: {what}; {_describe_payback(first)}{end}{_describe_rejection(tuning)}"


def _describe_end(market: Market, first: TrainedModel) -> str:
    """Say when the model ends, what follows it, and what a request costs there untrained, if it ends soon. If that is less than
    the request costs at the fine-tune, say so: training it can't pay off for long.
    """
    variant, comparison = first.tuned_variant, find_earliest_payback(first)
    life = lifecycle.find_announced_shutdown(market, variant)
    if life is None or lifecycle.find_near_shutdown(market, variant) is None:
        return ""
    end = f"; {variant.model.id} ends on {life.shutdown}"
    succession = comparison and find_near_succession(
        market, variant, FINE_TUNE_MODES[0], _make_mean_request(comparison.base_usage)
    )
    if comparison is None or succession is None:
        return f"{end}, then {life.replacement}" if life.replacement else end
    priced = succession.replacement
    usd = format_usd_span(priced.quote.total_usd, priced.most_usd, show_price)
    then = f"{end}, then {priced.variant.id}, {usd} per request{BEFORE_REASONING if priced.is_before_reasoning else ''}"
    is_cheaper = priced.most_usd < comparison.tuned_each_usd
    return f"{then}, less than the fine-tune's {show_price(comparison.tuned_each_usd)}" if is_cheaper else then


def _make_mean_request(usage: Usage) -> Workload:
    """Make the mean request, in whole tokens."""
    tokens, cached, output = _compute_mean_tokens(usage)
    return workload(input_tokens=tokens, cached_tokens=cached, output_tokens=output)


def _describe_rejection(tuning: TrainingResult) -> str:
    """Say that no job would be accepted as it is, and by which rules."""
    rules = dict.fromkeys(finding.rule.id for finding in tuning.findings if finding.level is Level.ERROR)
    if not rules:
        return ""
    return f"; the file breaks {'a rule' if len(rules) == 1 else pluralize(len(rules), 'rule')} ({', '.join(rules)})"


def _describe_payback(student: TrainedModel) -> str:
    """Say after how many requests it pays in standard, and which model it replaces."""
    payback = find_earliest_payback(student)
    if payback is None:
        return "no running model can be compared with it"
    if payback.pays_after_requests is None:
        names = dict.fromkeys(comparison.base_offer.variant.id for comparison in student.comparisons)
        return f"it never pays off compared with {' or '.join(names)}"
    return f"it pays off after {pluralize(payback.pays_after_requests, 'request')} compared with {payback.base_offer.variant.id}"


def _make_lines(tuning: TrainingResult, first: TrainedModel, conditions: TrainingOptions) -> Iterator[ReportLine]:
    """Write the terms of the headline."""
    billed, rules = first.training_work.training_tokens, conditions.rules
    if tuning.teacher:
        yield _make_teacher_line(tuning)
    factors = f"{format_int(billed.trained_tokens)} tokens x {pluralize(tuning.epochs, 'epoch')}"
    price = f"{format_rate(first.price.usd)} per million: {format_money(first.training_usd)}"
    yield ReportLine("training", f"{factors} at {price}", first.price.source.label)
    if not tuning.has_stated_epochs:
        text = "OpenAI's published default, as no number is given; the platform may choose another"
        yield ReportLine("epochs", text, rules.epochs.source.label)
    if billed.cut_examples:
        longer = f"{pluralize(billed.cut_examples, 'example')} longer than {format_int(rules.example_tokens.at_most)} tokens"
        text = f"{longer}: {format_int(billed.lost_tokens)} at their ends are cut off"
        yield ReportLine("cut", text, rules.example_tokens.source.label)
    yield ReportLine("request", f"{_format_mean_request(first.training_work.served)} to the fine-tune, on average")
    yield from _make_payback_lines(first, conditions)


def _make_teacher_line(tuning: TrainingResult) -> ReportLine:
    teacher = tuning.teacher
    assert teacher
    usage = teacher.usage
    tokens = f"{format_int(usage.input_tokens)} input and {format_int(usage.output_tokens)} output tokens"
    text = f"{pluralize(usage.requests, 'prompt')} answered in {teacher.mode}, {tokens}: {format_money(teacher.total_usd)}"
    return ReportLine("teacher", text, teacher.offer.row.source.label)


def _format_mean_request(usage: Usage) -> str:
    """Format the tokens of the mean request, to the nearest token."""
    tokens, cached, output = _compute_mean_tokens(usage)
    of_these = f" ({format_int(cached)} of them cached)" if cached else ""
    return f"{pluralize(tokens, 'input token')}{of_these} and {pluralize(output, 'output token')}"


def _compute_mean_tokens(usage: Usage) -> tuple[int, int, int]:
    """Compute the input, cached and output tokens of the mean request, each to the nearest token."""
    tokens, cached, output = (
        int(Fraction(total, usage.requests) + Fraction(1, 2))
        for total in (usage.input_tokens, usage.cached_tokens, usage.output_tokens)
    )
    return tokens, cached, output


def _make_payback_lines(student: TrainedModel, conditions: TrainingOptions) -> Iterator[ReportLine]:
    """Compare a request with each model that it could replace, in standard."""
    for comparison in student.comparisons:
        if comparison.tuned_offer.mode != FINE_TUNE_MODES[0]:
            continue
        tuned, base = show_price(comparison.tuned_each_usd), show_price(comparison.base_each_usd)
        cited = ", ".join(dict.fromkeys((comparison.tuned_offer.row.source.label, comparison.base_offer.row.source.label)))
        label = "pays" if comparison.pays_after_requests is not None else _NEVER_PAYS
        text = f"{tuned} per request instead of {base} by {comparison.base_offer.variant.id}"
        yield ReportLine(label, text + _format_payback(comparison, conditions), cited)
    if student.hosting:
        for until, hosting in {(comparison.ends, comparison.hosting_usd): None for comparison in student.comparisons}:
            text = f"{format_rate(student.hosting.usd)} per hour, with or without requests: {format_money(hosting)} until {until}"
            yield ReportLine("hosting", text, student.hosting.source.label)


def _format_payback(comparison: TuningComparison, conditions: TrainingOptions) -> str:
    text = ""
    if comparison.pays_after_requests is not None:
        # with the digits to compute it again
        ratio = f"{show_price(comparison.fixed_usd)} / {show_price(comparison.saved_each_usd)}"
        text = f": {ratio} = {pluralize(comparison.pays_after_requests, 'request')}"
        if comparison.pays_at_daily_requests is not None:
            days = pluralize(comparison.days or 0, "day")
            text += f", {format_int(comparison.pays_at_daily_requests)} per day until {comparison.ends} ({days})"
    if comparison.saved_usd is not None and conditions.requests:
        verb = "saves" if comparison.saved_usd >= 0 else "loses"
        text += f"; {verb} {format_money(to_decimal(abs(comparison.saved_usd)))} over {pluralize(conditions.requests, 'request')}"
    return text


class _Comparison(NamedTuple):
    """A row: a fine-tune in one mode, and the model that it would replace."""

    student: TrainedModel
    terms: TuningComparison


def _list_columns(conditions: TrainingOptions) -> tuple[Column[_Comparison], ...]:
    """List the columns; the last one is for models that can't be compared, and why."""
    return (
        Column("model", "model", lambda row: row.student.model),
        Column("mode", "mode", lambda row: row.terms.tuned_offer.mode),
        Column(None, "platform", lambda row: row.terms.tuned_offer.market.platform.id),
        Column("instead of", "in_place_of", lambda row: row.terms.base_offer.variant.id),
        Column(None, "training_usd", lambda row: row.student.training_usd),
        Column(None, "teaching_usd", lambda row: row.student.training_work.teaching_usd),
        Column(None, "hosting_usd", lambda row: row.terms.hosting_usd),
        Column(">fixed", "fixed_usd", lambda row: row.terms.fixed_usd),
        Column("~>fine-tune each", "tuned_each_usd", lambda row: row.terms.tuned_each_usd, show_price),
        Column("~>replaced each", "base_each_usd", lambda row: row.terms.base_each_usd, show_price),
        Column(">pays after", "pays_after_requests", lambda row: row.terms.pays_after_requests, absent=_NEVER_PAYS),
        Column(None, "ends", lambda row: row.terms.ends),
        Column(">per day", "pays_at_requests_a_day", lambda row: row.terms.pays_at_daily_requests),
        Column(">saved" if conditions.requests else None, "saved_usd", lambda row: row.terms.saved_usd),
        Column(None, "source", lambda row: row.terms.tuned_offer.row.source.id),
        Column(None, "base_source", lambda row: row.terms.base_offer.row.source.id),
        Column("", None, lambda _: None),
    )


def _make_table(columns: Sequence[Column[_Comparison]], comparisons: Sequence[_Comparison], tuning: TrainingResult) -> Table:
    """Make the table of the comparisons, then of the models that can't be trained, with the reason in the last column."""
    table = make_table(columns, comparisons)
    empty = [""] * (len(table.headings) - 2)
    unfit = (Row((finding.subject or "", *empty, finding.brief), "faint") for finding in tuning.unfit)
    return table._replace(rows=(*table.rows, *unfit))
