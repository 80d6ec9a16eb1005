"""The options of `gpt41 reconcile` about predictions and about the answers of workloads."""

import os
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.cli import files, output, parse
from gpt41_cli.cli.config_file import ConfigFile, find_config, read_config_file
from gpt41_cli.cli.inputs import make_reading, read_sources, refuse_invalid
from gpt41_cli.cli.output_options import check_output_path
from gpt41_cli.cli.progress import show_progress
from gpt41_cli.display import pluralize
from gpt41_cli.errors import InputError, UnknownName, quote_text
from gpt41_cli.findings import STDIN

if TYPE_CHECKING:
    from gpt41_cli.answers.logs import LogItem
    from gpt41_cli.catalog import Catalog
    from gpt41_cli.commands.reconcile.bill import Reconciliation
    from gpt41_cli.commands.reconcile.charge import BillingContext
    from gpt41_cli.commands.reconcile.observed import ObservedAnswers, OwnerLookup
    from gpt41_cli.commands.reconcile.prediction.forecasts import Forecasts, SentRequestMeter
    from gpt41_cli.commands.reconcile.prediction.match import BilledRequest
    from gpt41_cli.commands.reconcile.prediction.misses import MissGroup
    from gpt41_cli.config.tables import AnswerTokens
    from gpt41_cli.files.sources import InputSource
    from gpt41_cli.files.trees import SkippedPath
    from gpt41_cli.reports import Report
    from gpt41_cli.work.stream import ReadingOptions


class ReconcileOptions(NamedTuple):
    """What a command line says of predictions and of workloads."""

    requests: list[str] | None
    estimate: str | None
    tolerance: str | None
    config: Path | None
    workload: str | None
    write_config: bool
    save_misses: Path | None
    skip_invalid: bool
    jobs: int | None
    has_invoice: bool = False

    @property
    def has_prediction(self) -> bool:
        """True if there is something to compare the bill with."""
        return bool(self.requests) or self.estimate is not None

    @property
    def has_workloads(self) -> bool:
        """True if answers must be matched with workloads."""
        return self.config is not None or self.workload is not None or self.write_config


class SentRequests(NamedTuple):
    """The requests that were sent: their files, what was left out of folders, how to read them, and what counts them."""

    sources: "list[InputSource]"
    left_out: "list[SkippedPath]"
    reading: "ReadingOptions"
    meter: "SentRequestMeter"


class ReconcileExtras(NamedTuple):
    """What is collected in addition to the bill; None if no option asks for it."""

    asked: ReconcileOptions
    conditions: "BillingContext"
    forecasts: "Forecasts | None"
    workloads: ConfigFile | None
    observed: "ObservedAnswers | None"

    def observe(self, found: "Iterable[LogItem]") -> "Iterable[LogItem]":
        """What is collected while the logs are read."""
        return self.observed.observe(found) if self.observed else found

    def add_to_report(self, report: "Report", bill: "Reconciliation") -> "Report":
        """Add the answers to these options to the report on the bill, and write gpt41.yaml if asked to."""
        if self.observed is None:
            return report
        if self.asked.has_prediction:
            report = self._add_prediction(report, bill, self.observed)
        if self.workloads:
            from gpt41_cli.commands.reconcile.lengths_report import add_answer_lengths

            report = add_answer_lengths(report, self.observed, self.workloads.config)
            if self.asked.write_config:
                _write_lengths(self.workloads, self.observed)
        return report

    def _add_prediction(self, report: "Report", bill: "Reconciliation", past: "ObservedAnswers") -> "Report":
        from gpt41_cli.commands.reconcile.prediction.drift import compare_prediction
        from gpt41_cli.commands.reconcile.prediction.report import add_prediction
        from gpt41_cli.reports.findings import make_invalid_findings, make_skipped_findings

        tolerance = read_tolerance(self.asked)
        if self.forecasts:
            forecasts = self.forecasts
            comparison = compare_prediction(forecasts, past, bill, tolerance)
        else:
            sent = self._find_sent_requests(past)
            forecasts = _count_sent_requests(self.asked, sent)
            comparison = compare_prediction(forecasts, past, bill, tolerance)
            if self.asked.save_misses:
                _save_misses(self.asked.save_misses, sent, comparison.misses)
        shown = add_prediction(report, comparison)
        unread = (*make_invalid_findings(forecasts.rejects), *make_skipped_findings(forecasts.left_out))
        return shown._replace(findings=(*shown.findings, *unread))

    def _find_sent_requests(self, past: "ObservedAnswers") -> "SentRequests":
        """Find the files of requests, and what counts each for the model that answered it, on the day when it did."""
        from gpt41_cli.commands.reconcile.prediction.forecasts import AnswerTerms, SentRequestMeter
        from gpt41_cli.tokens.meter import Meter

        named, translate = self.conditions.model, self.conditions.market.catalog.translate

        def find_terms(answer: "BilledRequest") -> AnswerTerms:
            model = answer.model or named
            return AnswerTerms(model and translate(model), answer.day)

        sources, left_out = read_sources(self.asked.requests, None)
        reading, market = make_reading(None, self.asked.jobs, sources), self.conditions.market
        terms = {custom_id: find_terms(answer) for custom_id, answer in past.answers.by_id.items()}
        meter = Meter(market.catalog, is_much=reading.is_large, as_of=market.as_of)
        return SentRequests(sources, left_out, reading, SentRequestMeter(meter, terms))


def prepare_extras(asked: ReconcileOptions, conditions: "BillingContext") -> ReconcileExtras:
    """Prepare what is collected while the logs are read. Raises InputError for options or files that can't be used."""
    if asked.requests and asked.estimate is not None:
        raise InputError("--estimate", "an estimate or --requests", "both")
    if asked.tolerance is not None and not asked.has_prediction and not asked.has_invoice:
        raise InputError("--tolerance", "--requests, --estimate or --invoice to compare with", "it alone")
    read_tolerance(asked)
    if not (asked.has_prediction or asked.has_workloads):
        return ReconcileExtras(asked, conditions, None, None, None)
    from gpt41_cli.commands.reconcile.charge import AnswerPricer
    from gpt41_cli.commands.reconcile.observed import ObservedAnswers

    estimate = None if asked.estimate is None else _read_estimate(asked.estimate, conditions.market.catalog)
    workloads = _read_workloads(asked, conditions.market.catalog) if asked.has_workloads else None
    whose = _make_owner_lookup(asked, workloads, conditions.market.catalog) if workloads else None
    keeps_answers = bool(asked.requests or (estimate and not estimate.parts))
    return ReconcileExtras(
        asked, conditions, estimate, workloads, ObservedAnswers(AnswerPricer(conditions), whose, keeps_answers=keeps_answers)
    )


def check_misses_file(path: Path | None, requests: list[str] | None, logs: list[str] | None) -> None:
    """Raise InputError for a file of misses that can't be written, or without requests that can be read twice."""
    if path is None:
        return
    if not requests:
        raise InputError("--save-misses", "--requests, which it takes misses from", "it alone")
    if STDIN in requests:
        raise InputError("--requests", "files with --save-misses, which reads them twice", "standard input")
    check_output_path(str(path), "--save-misses")
    if os.path.realpath(path) in map(os.path.realpath, (*requests, *(logs or ()))):
        raise InputError("--save-misses", "a file that is not read", quote_text(str(path)))


def read_tolerance(asked: ReconcileOptions) -> Decimal | None:
    """Return how far a bill may be from a prediction, or an invoice from the usage, as a share of one."""
    return None if asked.tolerance is None else parse.read_percent(asked.tolerance, "--tolerance")


def _count_sent_requests(asked: ReconcileOptions, sent: SentRequests) -> "Forecasts":
    from gpt41_cli.commands.reconcile.prediction.forecasts import count_requests
    from gpt41_cli.files.sources import explain_empty

    with show_progress(sent.sources) as seen:
        found = count_requests(seen, sent.reading, sent.meter)
    good = len(found.requests.by_id) + len(found.requests.repeated) + found.requests.without_id
    if not asked.skip_invalid or not good:
        refuse_invalid(found.rejects, good)
    skipped = (*sent.left_out, *found.left_out)
    if not good:
        raise InputError("--requests", "the requests that were sent", explain_empty(skipped))
    return found._replace(left_out=skipped)


def _save_misses(path: Path, sent: SentRequests, misses: "Sequence[MissGroup]") -> None:
    """Write a request for each group of misses, and say what is in the file; without misses, nothing is written."""
    from gpt41_cli.commands.reconcile.prediction.saved_misses import anonymise_misses

    if not misses:
        output.print_to_stderr(f"{path}: not written: every request was billed as counted")
        return
    saved = anonymise_misses(misses, sent.sources, sent.meter)
    files.write_file("".join(f"{line}\n" for line in saved.lines), path)
    left = f"; {pluralize(saved.left_out, 'kind')} of misses left out" if saved.left_out else ""
    output.print_to_stderr(
        f"{path}: {pluralize(len(saved.lines), 'request')} in which words took the place of texts, names were kept{left}"
    )


def _read_estimate(path: str, catalog: "Catalog") -> "Forecasts":
    from gpt41_cli.commands.reconcile.prediction.forecasts import read_estimate
    from gpt41_cli.files.sources import wrap_os_errors

    (source, *more), _ = read_sources([path], None)
    if more:
        raise InputError("--estimate", "a file", f"the folder {quote_text(path)}")
    with wrap_os_errors(source.label), source.open() as stream:
        return read_estimate(stream, source.label, catalog)


def _read_workloads(asked: ReconcileOptions, catalog: "Catalog") -> ConfigFile:
    file = read_config_file(find_config(asked.config), catalog, writes=asked.write_config)
    if asked.workload is not None and asked.workload not in file.config.workloads:
        raise UnknownName("--workload", asked.workload, file.config.workloads, "workload")
    return file


def _make_owner_lookup(asked: ReconcileOptions, workloads: ConfigFile, catalog: "Catalog") -> "OwnerLookup":
    """The workload that was named has all answers; else the requests of the workloads say whose they are."""
    named = asked.workload
    if named is not None:
        return lambda _id, _group: (named,)
    from gpt41_cli.commands.reconcile.attribution import find_owners

    return find_owners(workloads.config, workloads.find_files, catalog, asked.jobs).find_workloads


def _write_lengths(workloads: ConfigFile, past: "ObservedAnswers") -> None:
    """Put what was learned into gpt41.yaml, and say what; a file in which nothing changes is not touched."""
    from gpt41_cli.config.edit import replace_output_tokens

    config = workloads.config
    learned = {name: lengths.expected_range for name, lengths in past.lengths.items()}
    changed = {name: found for name, found in learned.items() if found != config.workloads[name].output_tokens}
    if not changed:
        output.print_to_stderr(f"{config.file}: left as it is: {'nothing has changed' if learned else 'nothing was learned'}")
        return
    workloads.write(replace_output_tokens(workloads.data, config.file, changed), "the logs were read")
    for name, found in changed.items():
        before = config.workloads[name].output_tokens
        was = "" if before is None else f", was {_format_range(before)}"
        answers = pluralize(past.lengths[name].answers, "answer")
        output.print_to_stderr(f"{config.file}: {name}: output_tokens: {_format_range(found)} from {answers}{was}")


def _format_range(found: "AnswerTokens") -> str:
    """As gpt41.yaml has it."""
    if found.expected == found.high and not found.reasoning:
        return str(found.expected)
    reasoning = f", reasoning: {found.reasoning}" if found.reasoning else ""
    return f"{{expected: {found.expected}, high: {found.high}{reasoning}}}"
