"""Every answer of some logs, once: the parts of streams joined, duplicates skipped, and everything else reported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from gpt41_cli import rules
from gpt41_cli.answers.answers import BATCH, TIER_MODES, Answer, LogEntry, Span, StreamPart, rename_answer
from gpt41_cli.answers.containers import CodexSession
from gpt41_cli.answers.days import TIME_FIELDS
from gpt41_cli.answers.labels import LabelReader
from gpt41_cli.answers.log_values import LogValue, read_log
from gpt41_cli.answers.named_columns import NamedColumns
from gpt41_cli.answers.plain_answers import PlainAnswer, read_plain_answer
from gpt41_cli.answers.records import read_entries
from gpt41_cli.answers.row_runs import AnswerRun, RunSums
from gpt41_cli.answers.spans import Trace
from gpt41_cli.display import sanitize
from gpt41_cli.errors import InputError
from gpt41_cli.files.fields import BadBody, JsonValue
from gpt41_cli.files.parquet import RowStream, open_lines
from gpt41_cli.files.places import RejectedRequest
from gpt41_cli.files.sources import InputSource, Unreadable, find_duplicate_files
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Finding, Place
from gpt41_cli.pricing import Usage
from gpt41_cli.totals import MAX_KEPT

R = TypeVar("R")


class Located(NamedTuple, Generic[R]):
    """An entry of a log, with its place."""

    place: Place
    result: R


class Withdrawal(NamedTuple):
    """An answer that was yielded, but must not be priced: it comes again, and is in batch."""

    answer: Answer


LogItem: TypeAlias = "Located[Answer] | Located[AnswerRun] | Located[Withdrawal] | Located[Finding] | RejectedRequest"

_IN_BATCH = Answer(Usage(), mode=BATCH)
_MAX_RUNS = 10_000
"""How many different answers are added up as they are read; others are yielded one by one."""
_MAX_SHOWN_CHARACTERS = 40
"""How much of a name is shown, in characters."""


class OpenStream(NamedTuple):
    """The parts of a stream that hasn't ended: where they begin, and the latest usage they report, if any."""

    place: Place
    is_cut_off: bool = False
    partial_answer: Answer | None = None


class PlainRun(NamedTuple):
    """Answers that differ only in ids and tokens: where the first is, their sums, and what is kept of each."""

    place: Place
    sums: RunSums
    kept: Answer


class LogReader:
    """Reads logs in one pass. What was skipped in folders is known at the end.

    Of each answer with an id it keeps two numbers of 64 bits and what it says besides its usage, equal ones once: an answer that
    is logged twice must not be priced twice, and is priced as the record of it that says most. With `longest`, rows of a CSV that
    differ only in tokens are added up if none has more input tokens than that. `columns` are those that the user names; `labels`
    reads the labels by which answers are grouped.
    """

    def __init__(
        self,
        sources: Sequence[InputSource],
        left_out: Sequence[SkippedPath] = (),
        longest: int | None = None,
        columns: Mapping[str, str] | None = None,
        labels: LabelReader | None = None,
    ) -> None:
        self.skipped = list(left_out)
        self._longest = longest
        self._columns = columns or {}
        self._labels = labels
        self._fields = _list_first_keys(self._columns.values())
        self._label_fields = _list_first_keys(labels.fields if labels else ())
        self._runs: dict[object, PlainRun] = {}
        self._sources = list({source.name: source for source in sources}.values())
        self._seen: dict[int, Answer] = {}
        self._seen_details: dict[Answer, Answer] = {}
        self._seen_ids: set[int] = set()
        self._streams: dict[str, OpenStream] = {}
        self._trace = Trace()

    def read(self) -> Iterator[LogItem]:
        """Yield answers, entries without usage, and entries that can't be read.

        Raises InputError for a file that the user named and that isn't a log.
        """
        earlier = find_duplicate_files(self._sources)
        for source in self._sources:
            if source.name in earlier:
                label = earlier[source.name].label
                yield Located(
                    Place(source.name), Finding(rules.FILE_TWICE, f"a file with the content of {label}, which is priced")
                )
            else:
                yield from self._read(source)
        missing = Finding(rules.USAGE_MISSING, "expected the usage at the end of a stream, found none")
        for place, is_cut, so_far in self._streams.values():
            if so_far:
                yield from self._drop_repeated(place, so_far, is_cut)
            else:
                yield Located(place, missing)
        yield from self._list_nested_calls()

    def _list_nested_calls(self) -> Iterator[LogItem]:
        """Take back the calls that repeat the tokens of others, now that all spans are known."""
        for place, answer, is_repeat in self._trace.list_nested_calls():
            if is_repeat:
                yield Located(place, Withdrawal(answer))
                yield Located(
                    place, Finding(rules.NESTED_CALL, "a call that repeats the tokens of the calls below it, which are priced")
                )
            else:
                doubt = "an answer with others below it in the trace, but different figures: all of them are priced"
                yield Located(place, Finding(rules.ANSWER_UNCLEAR, doubt))

    def _read(self, source: InputSource) -> Iterator[LogItem]:
        yield from self._read_items(source)
        yield from self._list_runs()

    def _list_runs(self) -> Iterator[LogItem]:
        """Yield what was added up, and start over."""
        runs, self._runs = self._runs, {}
        yield from (Located(run.place, run.sums.make_run()) for run in runs.values())

    def _add_plain(self, place: Place, answer: PlainAnswer) -> bool:
        """Add up an answer that is new and short. Return False if it needs a closer look."""
        usage, name = answer.usage, hash(answer.id)
        known = hash((answer.id, usage))
        if self._longest is None or usage.input_tokens > self._longest or known in self._seen or name in self._seen_ids:
            return False
        if answer.id in self._streams:
            return False
        label = answer.model, answer.mode, answer.day, answer.labels
        run = self._runs.get(label)
        if run is None and len(self._runs) >= _MAX_RUNS:
            return False
        if run is None:
            alike = Answer(_IN_BATCH.usage, model=answer.model, mode=answer.mode, day=answer.day, labels=answer.labels)
            run = self._runs[label] = PlainRun(place, RunSums(alike), self._shorten(alike))
        sums = run.sums
        sums.requests += 1
        sums.input_tokens += usage.input_tokens
        sums.cached_tokens += usage.cached_tokens
        sums.output_tokens += usage.output_tokens
        self._seen_ids.add(name)
        self._seen[known] = run.kept
        return True

    def _read_items(self, source: InputSource) -> Iterator[LogItem]:
        last = None
        try:
            for place, entry in self._read_source_entries(source):
                last = place
                if type(entry) is PlainAnswer and self._add_plain(place, entry):
                    continue
                if isinstance(entry, BadBody):
                    yield RejectedRequest(place, str(entry), source.is_from_folder)
                elif isinstance(entry, StreamPart | Span):
                    self._note(place, entry)
                elif isinstance(entry, AnswerRun):
                    yield Located(place, entry)
                elif isinstance(entry, Finding):
                    self._streams.pop(entry.subject or "", None)
                    yield Located(place, entry)
                else:
                    stream = self._streams.pop(entry.id or "", None)
                    yield from self._drop_repeated(place, entry, stream is not None and stream.is_cut_off)
        except InputError as error:
            if not source.is_from_folder:
                raise
            reason = error.describe_within(source.label)
            if last is None:
                self.skipped.append(SkippedPath(source.name, reason, isinstance(error, Unreadable)))
            else:
                yield RejectedRequest(Place(source.name), f"what comes after {last.label}: {reason}", is_from_folder=True)

    def _read_source_entries(self, source: InputSource) -> Iterator[tuple[Place, LogEntry | AnswerRun]]:
        is_table, session = False, CodexSession()
        partitions = source.partitions
        columns = {field: column for field, column in self._columns.items() if column not in partitions}
        named_columns = NamedColumns(columns) if columns else None
        asked = {"model", *self._label_fields.difference(TIME_FIELDS)}
        of_folders: dict[str, JsonValue] = {key: value for key, value in partitions.items() if key in asked}
        named_folders = {field: partitions[column] for field, column in self._columns.items() if column in partitions}
        longest = None if of_folders or named_folders else self._longest
        with open_lines(source, self._fields, self._label_fields) as stream:
            for logged in read_log(stream, source.label, longest, named_columns, self._labels):
                is_table = is_table or logged.is_row
                named = None if logged.is_row else named_columns
                for value in session.read_line(logged.value):
                    whole = {**of_folders, **value} if of_folders and isinstance(value, dict) else value
                    place = logged.locate(source.name, is_row_of_table=isinstance(stream, RowStream))
                    said = {**(named.find_labels(value) if named else {}), **named_folders}
                    for at, entry in _read_value_entries(place, logged._replace(value=whole), named, self._labels):
                        yield at, rename_answer(entry, said) if said and isinstance(entry, Answer) else entry
        if named_columns and not is_table:
            named_columns.require_all(source.label)

    def _note(self, place: Place, part: StreamPart | Span) -> None:
        """Keep a part of a stream or a span of a trace, which isn't an answer yet."""
        if isinstance(part, Span):
            self._trace.add_span(part)
            return
        first, was_cut, so_far = self._streams.get(part.id, OpenStream(place))
        self._streams[part.id] = OpenStream(first, was_cut or part.is_cut_off, part.partial_answer or so_far)

    def _drop_repeated(self, place: Place, answer: Answer, was_cut: bool) -> Iterator[LogItem]:
        """Yield the answer if it is new, or if it says more than the same one before, whose place it takes; else why it is
        skipped. What is priced doesn't depend on the order.
        """
        answer = answer._replace(is_cut_off=True) if was_cut else answer
        if answer.id is None:
            self._trace.add_call(place, answer)
            yield Located(place, answer)
            return
        known = hash((answer.id, answer.usage))  # some logs call a session or a user `id`
        earlier = self._seen.get(known)
        if earlier is None:
            name = hash(answer.id)
            if name in self._seen_ids and not answer.is_batch_total:
                other = "with the same id as another, but different figures: both are priced"
                answer = answer._replace(doubts=(*answer.doubts, other))
            self._seen_ids.add(name)
        elif earlier.mode != BATCH and _rank_by_content(earlier) < _rank_by_content(answer):
            yield from self._list_runs()  # the one that is withdrawn may be in them
            yield Located(place, Withdrawal(earlier._replace(id=answer.id, usage=answer.usage)))
            yield Located(place, _explain_duplicate(earlier.mode, answer.mode))
        else:
            yield Located(place, _explain_duplicate(answer.mode, earlier.mode))
            return
        self._seen[known] = self._shorten(answer)
        self._trace.add_call(place, answer)
        yield Located(place, answer)

    def _shorten(self, answer: Answer) -> Answer:
        """Return what is kept of an answer. Nothing replaces an answer in batch, so only its mode is needed."""
        if answer.mode == BATCH:
            return _IN_BATCH
        details = answer._replace(id=None, usage=_IN_BATCH.usage, span_id=None)
        return self._seen_details.setdefault(details, details)


def _list_first_keys(fields: Iterable[str]) -> set[str]:
    """Return fields, and the first keys of those that are dotted paths."""
    return {part for field in fields for part in (field, field.partition(".")[0])}


def _rank_by_content(answer: Answer) -> tuple[object, ...]:
    """Return the key by which the same answer is chosen from several records of it: the highest.

    A line of a Batch output shows its mode, and a body on its own doesn't. A body that was logged without a service tier doesn't
    show its mode, so one with a tier counts; then one that names its model, its day and its custom_id.
    """
    mode, said = answer.mode, (answer.model, answer.day, answer.custom_id)
    content = repr(tuple(answer._replace(id=None, usage=_IN_BATCH.usage, span_id=None)))
    return mode == BATCH, mode != TIER_MODES[""], mode, *(label is not None for label in said), content


def _explain_duplicate(mode: str, priced_mode: str) -> Finding:
    """Explain why an answer in a mode is not priced if the same one is priced in `priced_mode`."""
    if mode == priced_mode:
        return Finding(rules.ANSWER_TWICE, "an answer that is already in the logs")
    modes = f"priced in {sanitize(priced_mode[:_MAX_SHOWN_CHARACTERS])}, not in {sanitize(mode[:_MAX_SHOWN_CHARACTERS])}"
    return Finding(rules.MODE_UNCLEAR, f"an answer that is in the logs in two modes is {modes}")


def _read_value_entries(
    place: Place, logged: LogValue, named: NamedColumns | None, labels: LabelReader | None
) -> Iterator[tuple[Place, LogEntry | AnswerRun]]:
    if isinstance(logged.value, BadBody | Finding | AnswerRun):
        yield place, logged.value
        return
    if logged.ignored_columns:
        shown = [sanitize(column[:_MAX_SHOWN_CHARACTERS]) for column in logged.ignored_columns[:MAX_KEPT]]
        names = ", ".join(shown) + ", ..." * (len(logged.ignored_columns) > MAX_KEPT)
        yield place, Finding(rules.COLUMNS_IGNORED, f"ignored columns: {names}")
        return
    value = named.name_fields(logged.value) if named else logged.value
    if (answer := read_plain_answer(value)) is not None:
        yield place, labels.add_labels(answer, value) if labels else answer
        return
    for entry in read_entries(value, labels):
        yield place, labels.add_labels(entry, logged.value) if labels and named and isinstance(entry, Answer) else entry
