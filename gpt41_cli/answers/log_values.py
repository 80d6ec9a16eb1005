"""A log as values: JSON as lines or as one document, the events of a stream, or the rows of a CSV with named columns."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, BinaryIO, NamedTuple

from gpt41_cli import rules
from gpt41_cli.answers import figure_names
from gpt41_cli.answers.answers import AMOUNT_FIELDS, suggest_usage_export
from gpt41_cli.answers.days import TIME_FIELDS
from gpt41_cli.answers.labels import LabelReader
from gpt41_cli.answers.named_columns import NamedColumns
from gpt41_cli.answers.row_runs import TOTAL_WORDS, AnswerRun, RowRuns
from gpt41_cli.answers.spans import SPAN_FIELDS
from gpt41_cli.answers.unread import is_figure, is_suspect_name
from gpt41_cli.answers.usage import has_usage
from gpt41_cli.display import format_int
from gpt41_cli.errors import InputError, quote_text
from gpt41_cli.files import compressed, documents, text
from gpt41_cli.files.documents import LineBlock
from gpt41_cli.files.exchanges import Exchange, is_cassette, list_exchanges, parse_cassette
from gpt41_cli.files.fields import BadBody, JsonObject, JsonValue, redact
from gpt41_cli.findings import Finding, Place

_EVENT_FIELDS = (b"event:", b"id:", b"retry:", b":")
_STREAM_END = b"[DONE]"
_KNOWN_COLUMNS = frozenset(
    (*figure_names.COUNT_FIELDS, *TIME_FIELDS, *figure_names.TIER_FIELDS, *figure_names.LABEL_FIELDS, *SPAN_FIELDS)
)
_EMPTY_ROW_FIELDS = frozenset((*TIME_FIELDS, *figure_names.COUNT_FIELDS, *figure_names.TIER_FIELDS, "batch", "currency"))
_COLUMN_NAMES = {name.lower(): name for name in _KNOWN_COLUMNS}
_WHOLE_NUMBER = re.compile(r"(-?\d{1,19})(?:\.0|\.00|\.0{4,})?", re.ASCII)  # with three it may be a thousand
_SEPARATED_NUMBER = re.compile(r"\d{1,3}([,.' ]\d{3}){1,6}", re.ASCII)
_NUMERIC = re.compile(r"[-+\d., ']{1,30}")
_DELIMITERS = ",;\t|"
_PROBED_LINES = 10
_MAX_SHOWN_COLUMNS = 8
_BOOLEAN_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class LogValue(NamedTuple):
    """One value of a log, or why it can't be read or priced. `line` is from 1; `position` from 0 if the document is a list.
    `is_row`: it is a row of a CSV, whose columns have their names already.

    The first value of a CSV is empty and carries the `ignored_columns`.
    """

    line: int | None
    position: int | None
    value: JsonValue | BadBody | Finding | AnswerRun
    ignored_columns: tuple[str, ...] = ()
    is_row: bool = False

    def locate(self, path: str, *, is_row_of_table: bool) -> Place:
        """Return its place in the file at `path`. Rows of a table that isn't text were read as lines, but have no line number."""
        position = self.position if self.line is None else self.line - 1
        return Place(path, None if is_row_of_table else self.line, position=position)


def read_log(
    stream: BinaryIO,
    name: str,
    longest: int | None = None,
    named: NamedColumns | None = None,
    labels: LabelReader | None = None,
) -> Iterator[LogValue]:
    """Yield every value of a log, which may be compressed; with `longest`, rows of at most that many input tokens may be summed.

    Columns and fields are also known by the names in `named`; `labels` reads columns of its own. Raises InputError if it isn't in
    any of these forms.
    """
    pieces = text.read_chunks(stream)
    head, pieces = compressed.decompress_if_needed(pieces, name)
    data = text.convert_to_utf8(chain((head,), pieces), name)
    seen = documents.read_first_lines(data)
    first = next(LineBlock(1, seen).iterate_lines(), None)
    if first is None:
        return
    begun = first.data.lstrip()
    if begun[:1] not in (b"{", b"[") and not begun.startswith((b"data:", *_EVENT_FIELDS)):
        _check_line_size(len(begun), Place(name, first.number))
        whole = chain((seen,), data)
        if is_cassette(seen):
            yield from _read_exchanges(list_exchanges(parse_cassette(b"".join(whole), name)) or ())
        elif _is_mostly_json(seen):
            yield from _read_lines(whole)
        else:
            _refuse_prefixed_lines(seen, Place(name, first.number))
            yield from _read_rows(whole, name, longest, named, labels)
    elif len(begun) <= documents.MAX_DOCUMENT_BYTES and documents.can_span_lines(first.data):
        yield from _read_document(seen + b"".join(islice(data, documents.MAX_DOCUMENT_BYTES // text.CHUNK_BYTES)), data, name)
    else:
        is_alone = seen.strip() == begun.strip()
        if (exchanges := list_exchanges(_parse_or_error(begun)) if is_alone else None) is None:
            yield from _read_lines(chain((seen,), data))
        else:
            yield from _read_exchanges(exchanges)


def _read_exchanges(exchanges: Sequence[Exchange]) -> Iterator[LogValue]:
    """Yield the answers in a recording of HTTP, as records with the time and the model of their requests, and the failures. Other
    traffic isn't a call of a model.
    """
    for index, exchange in enumerate(exchanges):
        sent = exchange.request if isinstance(exchange.request, dict) else {}
        record = {"timestamp": exchange.started, "request_model": sent.get("model")}
        for answer in exchange.answers if "model" in sent or any(map(_has_usage, exchange.answers)) else ():
            is_event = exchange.answers[1:] or not isinstance(answer, dict)
            response = answer if is_event else {**record, "response": {"status_code": exchange.status, "body": answer}}
            yield LogValue(None, index, response)
        if "model" in sent and not exchange.answers:
            outcome = f"none (status {exchange.status})" if exchange.status else "none"
            yield LogValue(None, index, Finding(rules.USAGE_MISSING, f"expected an answer in JSON, found {outcome}"))


def _has_usage(answer: JsonValue) -> bool:
    return isinstance(answer, dict) and (
        has_usage(answer) or any(isinstance(field, dict) and has_usage(field) for field in answer.values())
    )


def _refuse_prefixed_lines(head: bytes, place: Place) -> None:
    if documents.list_prefixed_objects(head.decode(errors="replace")):
        raise InputError(
            expected="JSON, JSON Lines or CSV", found=documents.PREFIXED_LINES, hint=documents.CUT_PREFIXES, location=place
        )


def _is_mostly_json(head: bytes) -> bool:
    """Return True if the first lines are JSON objects with few exceptions, such as a first one that is cut off. In a CSV no line
    is an object: quotes are doubled there.
    """
    lines = list(islice(LineBlock(1, head).iterate_lines(), _PROBED_LINES))
    return 2 * sum(isinstance(_parse_or_error(line.data), dict) for line in lines) >= len(lines)


def _read_lines(data: Iterable[bytes]) -> Iterator[LogValue]:
    for block in documents.split_into_blocks(data):
        for line in block.iterate_lines():
            if payload := _extract_payload(line.data.strip()):
                yield LogValue(line.number, None, _parse_or_error(payload))


def _extract_payload(line: bytes) -> bytes:
    """Return the content of a line: the data of an event, which is empty at the end of a stream, or the line itself."""
    if line.startswith(b"data:"):
        data = line.removeprefix(b"data:").strip()
        return b"" if data == _STREAM_END else data
    return b"" if line.startswith(_EVENT_FIELDS) else line


def _parse_or_error(data: bytes) -> JsonValue | BadBody:
    try:
        return documents.parse_json(data)
    except BadBody as error:
        return error


def _read_document(data: bytes, more: Iterator[bytes], name: str) -> Iterator[LogValue]:
    """Read the values of one document, or of lines if the first one is a list or cut off."""
    try:
        value = documents.parse_json(data)
    except BadBody as error:
        looked_at = islice(LineBlock(1, data).iterate_lines(), _PROBED_LINES)
        if not any(isinstance(_parse_or_error(line.data), dict) for line in looked_at):
            raise InputError(location=name, problem=error) from None
        yield from _read_lines(chain((data,), more))
        return
    if isinstance(value, list):
        yield from (LogValue(None, index, item) for index, item in enumerate(value))
    elif (exchanges := list_exchanges(value)) is not None:
        yield from _read_exchanges(exchanges)
    else:
        yield LogValue(None, None, value)


def _read_rows(
    data: Iterable[bytes], name: str, longest: int | None, named: NamedColumns | None, labels: LabelReader | None
) -> Iterator[LogValue]:
    """Read the rows of a CSV as records: known columns under their names, counts as numbers. Plain rows come last, added up."""
    lines = _decode_lines(data, name)
    before, header = next(((before, line) for before, line in enumerate(lines) if line.strip()), (0, ""))
    delimiter = max(_DELIMITERS, key=header.count)
    # Of all readers of the process: a prompt in a cell may be longer than 128 KB.
    csv.field_size_limit(documents.MAX_DOCUMENT_BYTES)
    rows = csv.reader(chain((header,), lines), delimiter=delimiter, strict=True)
    try:
        names = next(rows, [])
    except csv.Error as error:
        raise InputError(expected="CSV", found=error, location=Place(name, before + rows.line_num)) from None
    columns = _name_columns(named.name_header(names, Place(name, before + 1)) if named else names)
    _check_columns(columns, Place(name, before + 1))
    kept = frozenset[str]()
    if labels:
        kept = labels.columns
        labels.note_keys(columns)
    if ignored := tuple(column for column in columns if column and not _is_read(column) and column not in kept):
        yield LogValue(before + 1, None, None, ignored, is_row=True)
    runs = RowRuns(columns, longest, labels)
    sums = _RowSums(runs)
    try:
        for row in _read_cells(rows, before, runs):
            value: JsonObject | BadBody | Finding | None = None
            if isinstance(row, BadBody):
                value = row
            elif any(map(str.strip, row)):
                value = _recognise_total(columns, row) or sums.add(_build_record(columns, row, kept))
            if isinstance(value, dict) and isinstance(row, list):
                runs.learn(row, value)
            if value is not None and not _is_empty(value):
                yield LogValue(before + runs.line_num + 1, None, value, is_row=True)
    except InputError:
        yield from _list_runs(runs, before)  # what was read before the error counts
        raise
    yield from _list_runs(runs, before)


def _list_runs(runs: RowRuns, before: int) -> Iterator[LogValue]:
    return (LogValue(before + line, None, run, is_row=True) for line, run in runs.list_runs())


def _name_columns(header: list[str]) -> list[str]:
    """Return the columns of a header: those of figures by OpenAI's names, whatever the vendor's are, unless a column has the name
    already.
    """
    written = [cell.strip().removeprefix("attributes.") for cell in header]
    columns = [_COLUMN_NAMES.get(name.lower().replace(" ", "_"), name) for name in written]
    for index, name in enumerate(columns):
        is_plain = name not in _KNOWN_COLUMNS and "=" not in name
        figure = figure_names.classify_figure(name.replace(" ", "_"), is_in_usage=False) if is_plain else None
        if figure and figure.value in figure_names.COUNT_FIELDS and figure.value not in columns:
            columns[index] = figure.value
        elif name not in _KNOWN_COLUMNS and not figure_names.is_usage_name(name):
            columns[index] = name.lower().replace(" ", "_")
    return columns


def _read_cells(rows: Any, before: int, runs: RowRuns) -> Iterator[list[str] | BadBody]:
    """Yield the cells of every row that `runs` doesn't add up, or why it isn't a row; the next begins on the line after the
    fault.
    """
    while True:
        try:
            row = runs.add_plain_rows(rows)
        except csv.Error as error:
            yield BadBody(expected=f"CSV up to line {before + rows.line_num}", found=error)
            continue
        if row is None:
            return
        yield row


def _decode_lines(data: Iterable[bytes], name: str) -> Iterator[str]:
    for piece in text.decode_text(_read_blocks(data, name), name):
        yield from io.StringIO(piece, newline="")


def _read_blocks(data: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Yield whole lines, many at a time. Raises InputError for a line that is too long to be one of a CSV."""
    for block in documents.split_into_blocks(data):
        _check_line_size(block.size, Place(name, block.first_number))
        yield block.data


def _check_line_size(size: int, place: Place) -> None:
    if size > documents.MAX_DOCUMENT_BYTES:
        expected = f"lines of at most {format_int(documents.MAX_DOCUMENT_BYTES)} bytes"
        raise InputError(expected=expected, found="a longer one", location=place)


def _is_read(column: str) -> bool:
    return column in _KNOWN_COLUMNS or figure_names.is_usage_name(column) or figure_names.is_details_name(column)


def _check_columns(columns: list[str], header: Place) -> None:
    """Raise InputError if no column counts tokens, or a known column appears twice."""
    if not set(figure_names.INPUT_FIELDS) & set(columns) and not any(map(figure_names.is_usage_name, columns)):
        amounts = [column for column in columns if column in AMOUNT_FIELDS]
        wanted = f"a column of tokens ({' or '.join(figure_names.INPUT_FIELDS)})"
        if amounts and (export := suggest_usage_export(amounts[0])):
            raise InputError(expected=wanted, found=f"prices alone ({amounts[0]}){export}", location=header)
        if columns[1:] and not any("=" in column for column in columns):
            more = ", ..." * (len(columns) > _MAX_SHOWN_COLUMNS)
            named = ", ".join(map(redact, filter(None, columns[:_MAX_SHOWN_COLUMNS]))) + more
            hint = "--columns names those of another log: --columns input=NAME,output=NAME,model=NAME"
            raise InputError(expected=wanted, found=f"the columns {named}", hint=hint, location=header)
        known = f"JSON, JSON Lines, the events of a stream, or CSV with a column {' or '.join(figure_names.INPUT_FIELDS)}"
        raise InputError(expected=known, found="none of them", location=header)
    twice = next((column for index, column in enumerate(columns) if column in _KNOWN_COLUMNS and column in columns[:index]), None)
    if twice:
        raise InputError(expected="each column once", found=f"{twice} a second time", location=header)


def _recognise_total(columns: list[str], row: list[str]) -> Finding | None:
    """Return why a row isn't priced, if it has the word for a total in place of a day or a model."""
    telling = (*TIME_FIELDS, *figure_names.MODEL_FIELDS)
    named = row[:1] + [cell for cell, column in zip(row[1:], columns[1:], strict=False) if column in telling]
    if any(cell.strip(" :").lower() in TOTAL_WORDS for cell in named):
        return Finding(rules.TOTAL_ROW, "a row that calls itself a total")
    return None


def _is_empty(value: JsonObject | BadBody | Finding) -> bool:
    """Return True if a record says only that nothing happened on a day, as usage exports do."""
    if not isinstance(value, dict) or not value.keys() <= _EMPTY_ROW_FIELDS:
        return False
    return not any(value.get(name) for name in figure_names.COUNT_FIELDS)


class _RowSums:
    """The sums of the rows of a CSV. A row without model and day that has exactly these figures is their total."""

    def __init__(self, runs: RowRuns) -> None:
        self._runs = runs
        self._figures: Counter[str] = Counter()
        self._has_named_rows = False

    def add(self, record: JsonObject | BadBody) -> JsonObject | BadBody | Finding:
        """Return the record, unless it is the total of the rows before."""
        if isinstance(record, BadBody):
            return record
        figures = {name: record[name] for name in figure_names.COUNT_FIELDS if name in record}
        has_name = any(record.get(name) is not None for name in (*figure_names.MODEL_FIELDS, *TIME_FIELDS))
        if self._has_named_rows and not has_name and any(figures.values()) and self._are_sums(figures):
            return Finding(
                rules.TOTAL_UNCLEAR, "a row without model and day that has the sums of all rows before it, taken as their total"
            )
        self._figures.update(figures)
        self._has_named_rows = self._has_named_rows or has_name
        return record

    def _are_sums(self, figures: JsonObject) -> bool:
        return figures.items() <= (self._figures + Counter(self._runs.sum_figures())).items()


def _build_record(columns: list[str], row: list[str], kept: Collection[str]) -> JsonObject | BadBody:
    if len(row) != len(columns):
        return BadBody(expected=f"{len(columns)} cells as in the first line", found=str(len(row)))
    try:
        return {
            column: _parse_cell(column, cell.strip())
            for column, cell in zip(columns, row, strict=True)
            if cell.strip() and (_is_read(column) or column in kept or (is_suspect_name(column) and is_figure(cell)))
        }
    except BadBody as error:
        return error


def _parse_cell(column: str, cell: str) -> JsonValue:
    if column in figure_names.COUNT_FIELDS:
        whole = _WHOLE_NUMBER.fullmatch(cell)
        if not whole:
            expected = "a whole number without separators" if _SEPARATED_NUMBER.fullmatch(cell) else "a whole number"
            raise BadBody(column, expected, quote_text(cell) if _NUMERIC.fullmatch(cell) else redact(cell))
        return int(whole[1])
    if column == "batch":
        if cell.lower() not in _BOOLEAN_WORDS:
            raise BadBody("batch", "true or false", redact(cell))
        return _BOOLEAN_WORDS[cell.lower()]
    return cell
