"""What `gpt41 reconcile` is asked beside the bill: how right a prediction was, and how long the answers of workloads are."""

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.cli import files, output
from gpt41_cli.cli import parse as typed
from gpt41_cli.cli.config_file import find_config
from gpt41_cli.cli.inputs import make_reading, read_sources, refuse
from gpt41_cli.cli.progress import watched
from gpt41_cli.display import plural
from gpt41_cli.errors import InputError, UnknownName, quoted

if TYPE_CHECKING:
    from gpt41_cli.answers.logs import Found
    from gpt41_cli.catalog import Catalog
    from gpt41_cli.commands.reconcile.bill import Reconciliation
    from gpt41_cli.commands.reconcile.charge import Conditions
    from gpt41_cli.commands.reconcile.forecasts import Forecasts
    from gpt41_cli.commands.reconcile.observed import Past, Whose
    from gpt41_cli.config.tables import Config, Range
    from gpt41_cli.reports import Report


class Asked(NamedTuple):
    """What a command line says of predictions and of workloads."""

    requests: list[str] | None
    estimate: str | None
    tolerance: str | None
    config: Path | None
    workload: str | None
    write_config: bool
    skip_invalid: bool
    jobs: int | None

    @property
    def has_prediction(self) -> bool:
        """Whether there is something to compare the bill with."""
        return bool(self.requests) or self.estimate is not None

    @property
    def has_workloads(self) -> bool:
        """Whether it is asked whose the answers are."""
        return self.config is not None or self.workload is not None or self.write_config


class Workloads(NamedTuple):
    """A gpt41.yaml: its file, its bytes, and what they say."""

    path: Path
    data: bytes
    config: "Config"


class Beside(NamedTuple):
    """What is looked at beside the bill; None where nobody asks."""

    asked: Asked
    conditions: "Conditions"
    estimate: "Forecasts | None"
    workloads: Workloads | None
    past: "Past | None"

    def watch(self, found: "Iterable[Found]") -> "Iterable[Found]":
        """What is found in the logs, looked at as it passes by."""
        return self.past.watch(found) if self.past else found

    def add_to(self, report: "Report", bill: "Reconciliation") -> "Report":
        """The report on the bill with all that was asked beside; gpt41.yaml is written, where that was asked."""
        if self.past is None:
            return report
        if self.asked.has_prediction:
            report = self._compared(report, bill, self.past)
        if self.workloads:
            from gpt41_cli.commands.reconcile.lengths_report import with_lengths

            report = with_lengths(report, self.past, self.workloads.config)
            if self.asked.write_config:
                _write(self.workloads, self.past)
        return report

    def _compared(self, report: "Report", bill: "Reconciliation", past: "Past") -> "Report":
        from gpt41_cli.commands.reconcile.drift import compare
        from gpt41_cli.commands.reconcile.prediction_report import with_prediction
        from gpt41_cli.reports.findings import invalid_findings, left_out_findings

        forecasts = self.estimate or _count(self.asked, past, self.conditions.catalog)
        shown = with_prediction(report, compare(forecasts, past, bill, _tolerance(self.asked)))
        unread = (*invalid_findings(forecasts.rejects), *left_out_findings(forecasts.left_out))
        return shown._replace(findings=(*shown.findings, *unread))


def prepare(asked: Asked, conditions: "Conditions") -> Beside:
    """What is to be looked at while the logs are read. InputError where options or the files they name cannot be used."""
    if asked.requests and asked.estimate is not None:
        raise InputError("--estimate: expected an estimate or --requests, found both")
    if asked.tolerance is not None and not asked.has_prediction:
        raise InputError("--tolerance: expected --requests or --estimate to hold against, found it alone")
    _tolerance(asked)
    if not (asked.has_prediction or asked.has_workloads):
        return Beside(asked, conditions, None, None, None)
    from gpt41_cli.commands.reconcile.charge import Biller
    from gpt41_cli.commands.reconcile.observed import Past

    estimate = None if asked.estimate is None else _read_estimate(asked.estimate, conditions.catalog)
    workloads = _read_workloads(asked, conditions.catalog) if asked.has_workloads else None
    whose = _whose(asked, workloads, conditions.catalog) if workloads else None
    keeps_answers = bool(asked.requests or (estimate and not estimate.parts))
    return Beside(asked, conditions, estimate, workloads, Past(Biller(conditions), whose, keeps_answers=keeps_answers))


def _tolerance(asked: Asked) -> Decimal | None:
    return None if asked.tolerance is None else typed.read_percent(asked.tolerance, "--tolerance")


def _count(asked: Asked, past: "Past", catalog: "Catalog") -> "Forecasts":
    """The requests that were sent, counted for the models that answered."""
    from gpt41_cli.commands.reconcile.forecasts import count_requests
    from gpt41_cli.files.sources import nothing_but
    from gpt41_cli.tokens.meter import Meter

    sources, left_out = read_sources(asked.requests, None)
    reading = make_reading(None, asked.jobs, sources)
    models = {custom_id: answer.model for custom_id, answer in past.answers.by_id.items() if answer.model}
    with watched(sources) as seen:
        found = count_requests(seen, reading, Meter(catalog, is_much=reading.is_much), models)
    good = len(found.requests.by_id) + len(found.requests.repeated) + found.requests.nameless
    if not asked.skip_invalid or not good:
        refuse(found.rejects, good)
    skipped = (*left_out, *found.left_out)
    if not good:
        raise InputError(f"--requests: expected the requests that were sent, found {nothing_but(skipped)}")
    return found._replace(left_out=skipped)


def _read_estimate(path: str, catalog: "Catalog") -> "Forecasts":
    from gpt41_cli.commands.reconcile.forecasts import read_estimate
    from gpt41_cli.files.sources import readable

    (source, *more), _ = read_sources([path], None)
    if more:
        raise InputError(f"--estimate: expected a file, found the folder {quoted(path)}")
    with readable(source.label), source.open() as stream:
        return read_estimate(stream, source.label, catalog)


def _read_workloads(asked: Asked, catalog: "Catalog") -> Workloads:
    from gpt41_cli.config.load import parse
    from gpt41_cli.config.roots import working_tree

    path = find_config(asked.config)
    root = working_tree(path)
    data = root.config()
    assert data is not None  # it was found
    config = parse(data, root.file, catalog)
    if asked.workload is not None and asked.workload not in config.workloads:
        raise UnknownName("--workload", asked.workload, config.workloads)
    return Workloads(path, data, config)


def _whose(asked: Asked, workloads: Workloads, catalog: "Catalog") -> "Whose":
    """The workload that was named has all answers; else the requests of the workloads say whose they are."""
    named = asked.workload
    if named is not None:
        return lambda _id, _group: (named,)
    from gpt41_cli.commands.reconcile.attribution import owners
    from gpt41_cli.config.roots import working_tree

    return owners(workloads.config, working_tree(workloads.path).files, catalog, asked.jobs).of


def _write(workloads: Workloads, past: "Past") -> None:
    """Put what was learned into gpt41.yaml, and say what; a file in which nothing changes is not touched."""
    from gpt41_cli.config.edit import with_output_tokens

    path, data, config = workloads
    learned = {name: lengths.output_tokens for name, lengths in past.lengths.items()}
    changed = {name: found for name, found in learned.items() if found != config.workloads[name].output_tokens}
    if not changed:
        output.complain(f"{config.file}: left as it is: {'nothing has changed' if learned else 'nothing was learned'}")
        return
    edited = with_output_tokens(data, config.file, changed)
    if path.read_bytes() != data:
        raise InputError(f"{config.file}: expected no change while the logs were read, found one; nothing is written")
    files.save(edited, path)
    for name, found in changed.items():
        before = config.workloads[name].output_tokens
        was = "" if before is None else f", was {_range(before)}"
        answers = plural(past.lengths[name].answers, "answer")
        output.complain(f"{config.file}: {name}: output_tokens: {_range(found)} from {answers}{was}")


def _range(found: "Range") -> str:
    """As gpt41.yaml has it."""
    return str(found.expected) if found.expected == found.high else f"{{expected: {found.expected}, high: {found.high}}}"
