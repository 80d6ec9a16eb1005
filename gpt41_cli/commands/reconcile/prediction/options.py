"""The options of `gpt41 reconcile` about predictions and about the answers of workloads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from gpt41_cli.catalog import Catalog
from gpt41_cli.cli import files, output
from gpt41_cli.cli.config_file import ConfigFile, find_config, read_config_file
from gpt41_cli.cli.inputs import make_reading, read_sources, refuse_invalid
from gpt41_cli.cli.output_options import check_output_path
from gpt41_cli.cli.progress import show_progress
from gpt41_cli.commands.reconcile.attribution import find_owners
from gpt41_cli.commands.reconcile.bill import Reconciliation
from gpt41_cli.commands.reconcile.charge import AnswerPricer, BillingContext
from gpt41_cli.commands.reconcile.lengths_report import add_answer_lengths
from gpt41_cli.commands.reconcile.observed import ObservedAnswers, OwnerLookup
from gpt41_cli.commands.reconcile.prediction.drift import compare_prediction
from gpt41_cli.commands.reconcile.prediction.forecasts import (
    AnswerTerms,
    Forecasts,
    SentRequestMeter,
    count_requests,
    read_estimate,
)
from gpt41_cli.commands.reconcile.prediction.match import BilledRequest
from gpt41_cli.commands.reconcile.prediction.misses import MissGroup
from gpt41_cli.commands.reconcile.prediction.report import add_prediction
from gpt41_cli.commands.reconcile.prediction.saved_misses import anonymise_misses
from gpt41_cli.config.edit import replace_output_tokens
from gpt41_cli.config.tables import AnswerTokens
from gpt41_cli.display import pluralize
from gpt41_cli.errors import InputError, UnknownName, quote_text
from gpt41_cli.files.sources import InputSource, explain_empty, wrap_os_errors
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import STDIN
from gpt41_cli.reports import Report
from gpt41_cli.reports.findings import make_invalid_findings, make_skipped_findings
from gpt41_cli.tokens.meter import Meter


class ReconcileOptions(NamedTuple):
    """What a command line says about predictions and workloads."""

    requests: list[str] | None
    estimate: str | None
    tolerance: Decimal | None
    config: Path | None
    workload: str | None
    write_config: bool
    save_misses: Path | None
    skip_invalid: bool
    jobs: int | None


class ReconcileExtras(NamedTuple):
    """What is collected in addition to the bill. `estimate` is what was predicted, if it was saved; `workloads` is None if no
    option asks for them; `sent` are the files of requests and what was left out of folders, if they are counted.
    """

    asked: ReconcileOptions
    conditions: BillingContext
    estimate: Forecasts | None
    workloads: ConfigFile | None
    observed: ObservedAnswers
    sent: tuple[Sequence[InputSource], Sequence[SkippedPath]] | None

    def add_to_report(self, report: Report, bill: Reconciliation) -> Report:
        """Add the answers to these options to the report on the bill, and write gpt41.yaml if asked to."""
        if self.estimate:
            report = self._add_prediction(report, bill, self.estimate)[0]
        elif self.sent:
            report = self._add_count(report, bill, *self.sent)
        if self.workloads:
            report = add_answer_lengths(report, self.observed, self.workloads.config)
            if self.asked.write_config:
                _write_lengths(self.workloads, self.observed)
        return report

    def _add_prediction(self, report: Report, bill: Reconciliation, forecasts: Forecasts) -> tuple[Report, Sequence[MissGroup]]:
        """Add a prediction to the report, and return the misses, too."""
        comparison = compare_prediction(forecasts, self.observed, bill, self.asked.tolerance)
        shown = add_prediction(report, comparison)
        unread = (*make_invalid_findings(forecasts.rejects), *make_skipped_findings(forecasts.left_out))
        return shown._replace(findings=(*shown.findings, *unread)), comparison.misses

    def _add_count(
        self, report: Report, bill: Reconciliation, sources: Sequence[InputSource], left_out: Sequence[SkippedPath]
    ) -> Report:
        """Add the count of the requests that were sent, each for the model that answered it, on the day when it did."""
        reading, market = make_reading(None, self.asked.jobs, sources), self.conditions.market
        terms = {custom_id: self._find_terms(answer) for custom_id, answer in self.observed.answers.by_id.items()}
        counter = Meter(market.catalog, is_much=reading.is_large, as_of=market.as_of)
        meter = SentRequestMeter(counter, terms, self.observed.shared)
        with show_progress(sources) as seen:
            forecasts = count_requests(seen, reading, meter)
        good = len(forecasts.requests.by_id) + len(forecasts.requests.repeated) + forecasts.requests.without_id
        if not self.asked.skip_invalid or not good:
            refuse_invalid(forecasts.rejects, good)
        skipped = (*left_out, *forecasts.left_out)
        if not good:
            raise InputError("--requests", "the requests that were sent", explain_empty(skipped))
        report, misses = self._add_prediction(report, bill, forecasts._replace(left_out=skipped))
        if self.asked.save_misses:
            _save_misses(self.asked.save_misses, sources, meter, misses)
        return report

    def _find_terms(self, answer: BilledRequest) -> AnswerTerms:
        model = answer.model or self.conditions.model
        return AnswerTerms(model and self.conditions.market.catalog.translate(model), answer.day)


def prepare_extras(asked: ReconcileOptions, conditions: BillingContext, logs: Sequence[str]) -> ReconcileExtras:
    """Prepare what is collected while the logs are read, which have these names. Raises InputError for options or files that
    can't be used.
    """
    if asked.save_misses is not None:
        _check_misses_file(asked.save_misses, asked.requests, logs)
    if asked.requests and asked.estimate is not None:
        raise InputError("--estimate", "an estimate or --requests", "both")
    catalog, workloads, owners = conditions.market.catalog, None, None
    estimate = None if asked.estimate is None else _read_estimate(asked.estimate, catalog)
    if asked.config is not None or asked.workload is not None or asked.write_config:
        workloads = read_config_file(find_config(asked.config), catalog, writes=asked.write_config)
        owners = _make_owner_lookup(asked, workloads, catalog)
    keeps_answers = bool(asked.requests or (estimate and not estimate.parts))
    sent = read_sources(asked.requests, None) if asked.requests else None
    shared = frozenset(logs).intersection(source.name for source in sent[0]) if sent else ()
    observed = ObservedAnswers(AnswerPricer(conditions), owners, keeps_answers=keeps_answers, shared=shared)
    return ReconcileExtras(asked, conditions, estimate, workloads, observed, sent)


def _check_misses_file(path: Path, requests: list[str] | None, logs: Sequence[str]) -> None:
    """Raise InputError for a file of misses that can't be written, or without requests that can be read twice."""
    if not requests:
        raise InputError("--save-misses", "--requests, which it takes misses from", "it alone")
    if STDIN in requests:
        raise InputError("--requests", "files with --save-misses, which reads them twice", "standard input")
    check_output_path(str(path), "--save-misses")
    if os.path.realpath(path) in map(os.path.realpath, (*requests, *logs)):
        raise InputError("--save-misses", "a file that is not read", quote_text(str(path)))


def _save_misses(path: Path, sources: Sequence[InputSource], meter: SentRequestMeter, misses: Sequence[MissGroup]) -> None:
    """Write a request for each group of misses, and describe the file; without misses, nothing is written."""
    if not misses:
        output.print_to_stderr(f"{path}: not written: every request was billed as counted")
        return
    saved = anonymise_misses(misses, sources, meter)
    files.write_file("".join(f"{line}\n" for line in saved.lines), path)
    left = f"; {pluralize(saved.left_out, 'kind')} of misses left out" if saved.left_out else ""
    output.print_to_stderr(
        f"{path}: {pluralize(len(saved.lines), 'request')} with other words in place of texts; names are kept{left}"
    )


def _read_estimate(path: str, catalog: Catalog) -> Forecasts:
    (source, *more), _ = read_sources([path], None)
    if more:
        raise InputError("--estimate", "a file", f"the folder {quote_text(path)}")
    with wrap_os_errors(source.label), source.open() as stream:
        return read_estimate(stream, source.label, catalog)


def _make_owner_lookup(asked: ReconcileOptions, file: ConfigFile, catalog: Catalog) -> OwnerLookup:
    """Make the lookup of an answer's workload: the named one, or the one whose requests match."""
    named = asked.workload
    if named is None:
        return find_owners(file.config, file.find_files, catalog, asked.jobs).find_workloads
    if named not in file.config.workloads:
        raise UnknownName("--workload", named, file.config.workloads, "workload")
    return lambda _id, _group: (named,)


def _write_lengths(workloads: ConfigFile, past: ObservedAnswers) -> None:
    """Write what was learned into gpt41.yaml, and say what it was; a file in which nothing changes is not touched."""
    config = workloads.config
    learned = {name: lengths.expected_range for name, lengths in past.lengths.items()}
    changed = {name: tokens for name, tokens in learned.items() if tokens != config.workloads[name].output_tokens}
    if not changed:
        output.print_to_stderr(f"{config.file}: left as it is: {'nothing has changed' if learned else 'nothing was learned'}")
        return
    workloads.write(replace_output_tokens(workloads.data, config.file, changed), "the logs were read")
    for name, tokens in changed.items():
        before = config.workloads[name].output_tokens
        was = "" if before is None else f", was {_format_range(before)}"
        answers = pluralize(past.lengths[name].answers, "answer")
        output.print_to_stderr(f"{config.file}: {name}: output_tokens: {_format_range(tokens)} from {answers}{was}")


def _format_range(tokens: AnswerTokens) -> str:
    """Format a range as gpt41.yaml writes it."""
    if tokens.expected == tokens.high and not tokens.reasoning:
        return str(tokens.expected)
    reasoning = f", reasoning: {tokens.reasoning}" if tokens.reasoning else ""
    return f"{{expected: {tokens.expected}, high: {tokens.high}{reasoning}}}"
