"""The rows of a CSV that differ only in their tokens, added up as they are read: most of a log, without a record for each row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

from gpt41_cli.answers import figure_names
from gpt41_cli.answers.answers import Answer
from gpt41_cli.answers.days import TIME_FIELDS, parse_day
from gpt41_cli.answers.labels import LabelReader
from gpt41_cli.answers.records import read_entries
from gpt41_cli.answers.spans import SPAN_FIELDS
from gpt41_cli.answers.unread import is_suspect_name
from gpt41_cli.files.fields import JsonObject
from gpt41_cli.pricing import Usage

_LABELS = frozenset((*figure_names.MODEL_FIELDS, *figure_names.TIER_FIELDS, "batch"))
_MAX_DIGITS = 15
_MAX_RUNS = 10_000
"""How many different labels are kept; rows with others are read one by one."""
TOTAL_WORDS = ("total", "totals", "sum", "grand total", "grand totals", "subtotal", "sub-total", "overall")
"""The words by which a row says that it is the total of others."""


class AnswerRun(NamedTuple):
    """Answers that differ only in their tokens; `answer` has the usage of all."""

    answer: Answer


class PlainColumns(NamedTuple):
    """The columns with the figures and labels of a row. `times` are its columns of times, `name_at` an unread first column."""

    input_at: int
    output_at: int
    cached_at: int | None
    total_at: int | None
    labels: tuple[int, ...]
    times: tuple[int, ...]
    name_at: int | None


class RunSums:
    """The sums of answers that differ only in their tokens; `line` is that of the first."""

    __slots__ = ("answer", "cached_tokens", "input_tokens", "line", "output_tokens", "requests")

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.line = 0
        self.requests = self.input_tokens = self.cached_tokens = self.output_tokens = 0

    def make_run(self) -> AnswerRun:
        """Return all of them together."""
        usage = Usage(self.requests, self.input_tokens, self.cached_tokens, self.output_tokens)
        return AnswerRun(self.answer._replace(usage=usage))


class RowRuns:
    """Adds up rows whose labels were read before in a row without anything odd, as long as theirs isn't odd either.

    Rows with more than `longest` input tokens are odd, as they may have a surcharge; None: each row is read by itself. `line_num`
    is the number of the last line that was added or returned.
    """

    def __init__(self, columns: Sequence[str], longest: int | None, labels: LabelReader | None = None) -> None:
        self.line_num = 0
        self._columns = columns
        self._labels = labels
        has_hours = labels is not None and labels.has_hours  # a run is one of a day
        self._plain = None if longest is None or has_hours else find_plain_columns(columns, labels.columns if labels else ())
        self._longest = min(longest or 0, 10**_MAX_DIGITS - 1)
        self._runs: dict[object, RunSums | None] = {}
        self._make_key = _make_key_maker(self._plain) if self._plain else None

    def add_plain_rows(self, rows: Any) -> list[str] | None:
        """Add rows of a csv.reader up to the first that is odd or new, which is returned. None: there are no more rows."""
        self.line_num = rows.line_num
        if self._plain is None or self._make_key is None:
            row: list[str] | None = next(rows, None)
            return row
        runs, width, longest, make_key = self._runs, len(self._columns), self._longest, self._make_key
        input_at, output_at, cached_at, total_at, _, _, name_at = self._plain
        for row in rows:
            run = runs.get(make_key(row)) if len(row) == width else None
            if run is None or (name_at is not None and row[name_at].strip(" :").lower() in TOTAL_WORDS):
                return row
            of_input, of_output = row[input_at], row[output_at]
            of_cached = row[cached_at] if cached_at is not None else "0"
            digits = of_input + of_output + of_cached
            if not digits.isdigit() or not digits.isascii() or len(of_output) > _MAX_DIGITS or not of_input or not of_output:
                return row
            tokens, output, cached = int(of_input), int(of_output), int(of_cached or 0)
            if not 0 < tokens <= longest or cached > tokens or (total_at is not None and row[total_at] != str(tokens + output)):
                return row
            if not run.requests:
                run.line = self.line_num + 1
            run.requests += 1
            run.input_tokens += tokens
            run.cached_tokens += cached
            run.output_tokens += output
            self.line_num = rows.line_num
        return None

    def learn(self, row: Sequence[str], record: JsonObject) -> None:
        """Learn from a row and its record how to read others with the same labels."""
        if self._make_key is None or len(self._runs) >= _MAX_RUNS:
            return
        key = self._make_key(row)
        if key not in self._runs:
            entries = list(read_entries(record, self._labels))
            answer = entries[0] if len(entries) == 1 else None
            is_plain = isinstance(answer, Answer) and answer == _make_plain(answer) and (answer.model or answer.day)
            self._runs[key] = RunSums(answer) if is_plain and isinstance(answer, Answer) else None

    def list_runs(self) -> Iterator[tuple[int, AnswerRun]]:
        """List the rows that were added up, by the lines of their first ones."""
        for run in self._runs.values():
            if run and run.requests:
                yield run.line, run.make_run()

    def sum_figures(self) -> dict[str, int]:
        """Add up the figures of all rows, by the names that their columns have."""
        whole = sum((run.answer.usage for _, run in self.list_runs()), Usage())
        if self._plain is None:
            return {}
        input_at, output_at, cached_at, total_at, *_ = self._plain
        tokens = whole.input_tokens, whole.output_tokens, whole.cached_tokens, whole.input_tokens + whole.output_tokens
        places = (input_at, output_at, cached_at, total_at)
        return {self._columns[at]: count for at, count in zip(places, tokens, strict=True) if at is not None}


def _make_key_maker(plain: PlainColumns) -> Callable[[Sequence[str]], object]:
    """Return a function that makes a key of the labels of a row and of the days of its times."""
    get_labels: Callable[[Sequence[str]], object] = itemgetter(*plain.labels) if plain.labels else lambda _: None
    if not plain.times:
        return get_labels
    if not plain.times[1:]:
        time_at = plain.times[0]
        return lambda row: (get_labels(row), read_day_or_text(row[time_at]))
    return lambda row: (get_labels(row), *(read_day_or_text(row[at]) for at in plain.times))


@lru_cache(10_000)
def read_day_or_text(cell: str) -> date | str:
    """Read the day in a cell; its text if it has no day."""
    return parse_day(cell.strip()) or cell


def find_plain_columns(columns: Sequence[str], labels: Collection[str] = ()) -> PlainColumns | None:
    """Find the columns of figures and labels, `labels` among them; None if another column has values, or if a figure has several
    columns.
    """
    at: dict[str, list[int]] = {}
    for index, column in enumerate(columns):
        role = _find_role(column)
        at.setdefault("label" if role == "unread" and column in labels else role, []).append(index)
    single = {role: at.get(role, []) for role in ("input", "output", "cached", "total")}
    if "other" in at or any(len(indexes) > 1 for indexes in single.values()) or not (single["input"] and single["output"]):
        return None
    cached, total = (next(iter(single[role]), None) for role in ("cached", "total"))
    name_at = 0 if 0 in at.get("unread", ()) else None
    labels_at, times = tuple(at.get("label", ())), tuple(at.get("time", ()))
    return PlainColumns(single["input"][0], single["output"][0], cached, total, labels_at, times, name_at)


def _find_role(column: str) -> str:
    for role, names in (
        ("input", figure_names.INPUT_FIELDS),
        ("output", figure_names.OUTPUT_FIELDS),
        ("cached", figure_names.CACHED_FIELDS),
        ("total", (figure_names.TOTAL_FIELD,)),
    ):
        if column in names:
            return role
    if column in _LABELS:
        return "label"
    if column in TIME_FIELDS:
        return "time"
    is_read = (
        column in (*figure_names.COUNT_FIELDS, *figure_names.LABEL_FIELDS, *SPAN_FIELDS)
        or figure_names.is_usage_name(column)
        or figure_names.is_details_name(column)
    )
    return "other" if is_read or is_suspect_name(column) else "unread"


def _make_plain(answer: Answer) -> Answer:
    """Return an answer with nothing but the tokens, the model, the mode and the day of another."""
    kept = answer.model, answer.mode, answer.day, answer.other_models, answer.labels
    return Answer(answer.usage, None, None, *kept[:3], other_models=kept[3], labels=kept[4])
