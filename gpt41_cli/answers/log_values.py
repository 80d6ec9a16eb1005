"""A log as the values in it: JSON in lines or as one document, the events of streams, or the rows of a CSV with named columns."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import BinaryIO, NamedTuple

from gpt41_cli.answers.answers import AMOUNTS, FIGURES, INPUT, MODELS, NAMES, TIERS, Unbilled, of_costs
from gpt41_cli.answers.days import DAYS
from gpt41_cli.answers.unread import figure, is_suspect
from gpt41_cli.errors import InputError, quoted
from gpt41_cli.files import compressed, documents, text
from gpt41_cli.files.documents import Block
from gpt41_cli.files.fields import BadBody, Json, Object, told
from gpt41_cli.requests.recognise import first_lines

_EVENT_FIELDS = (b"event:", b"id:", b"retry:", b":")
_DONE = b"[DONE]"
_KNOWN = frozenset((*FIGURES, *DAYS, *TIERS, *NAMES))
_OF_NOTHING = frozenset((*DAYS, *FIGURES, *TIERS, "batch", "currency"))
_NAMES = {name.lower(): name for name in _KNOWN}
_WHOLE = re.compile(r"(-?\d{1,19})(?:\.0|\.00|\.0{4,})?", re.ASCII)  # with three it may be a thousand
_SEPARATED = re.compile(r"\d{1,3}([,.' ]\d{3}){1,6}", re.ASCII)
_NUMERIC = re.compile(r"[-+\d., ']{1,30}")
_DELIMITERS = ",;\t|"
_LOOKED_AT = 10
_TOTALS = ("total", "totals", "sum", "grand total", "grand totals", "subtotal", "sub-total", "overall")
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class Logged(NamedTuple):
    """One value of a log, or why it is none or none to price; `line` from 1, or `position` from 0 in a document that is a list.

    Of a CSV, the first one has no value: it names the columns that are `ignored`.
    """

    line: int | None
    position: int | None
    value: Json | BadBody | Unbilled
    ignored: tuple[str, ...] = ()


def read_log(stream: BinaryIO, name: str) -> Iterator[Logged]:
    """Every value of a log, which may be compressed, as it is read. InputError where it is nothing of that."""
    pieces = text.chunks(stream)
    head, pieces = compressed.plain(pieces, name)
    data = text.utf8(chain((head,), pieces), name)
    seen = first_lines(data)
    first = next(Block(1, seen).lines(), None)
    if first is None:
        return
    begun = first.data.lstrip()
    if begun[:1] not in (b"{", b"[") and not begun.startswith((b"data:", *_EVENT_FIELDS)):
        yield from _rows(chain((seen,), data), name)
    elif documents.may_go_on(first.data):
        yield from _document(seen + b"".join(islice(data, documents.MAX_BYTES // text.CHUNK_BYTES)), data, name)
    else:
        yield from _lines(chain((seen,), data))


def _lines(data: Iterable[bytes]) -> Iterator[Logged]:
    for block in documents.blocks(data):
        for line in block.lines():
            if payload := _payload(line.data.strip()):
                yield Logged(line.number, None, _parsed(payload))


def _payload(line: bytes) -> bytes:
    """What a line holds: of an event its data, which is nothing at the end of a stream; else the line itself."""
    if line.startswith(b"data:"):
        data = line.removeprefix(b"data:").strip()
        return b"" if data == _DONE else data
    return b"" if line.startswith(_EVENT_FIELDS) else line


def _parsed(data: bytes) -> Json | BadBody:
    try:
        return documents.parse(data)
    except BadBody as error:
        return error


def _document(data: bytes, more: Iterator[bytes], name: str) -> Iterator[Logged]:
    """The values of one document, or of lines of which the first is a list, or cut off."""
    try:
        value = documents.parse(data)
    except BadBody as error:
        looked_at = islice(Block(1, data).lines(), _LOOKED_AT)
        if not any(isinstance(_parsed(line.data), dict) for line in looked_at):
            raise InputError(f"{name}: {error}") from None
        yield from _lines(chain((data,), more))
        return
    if isinstance(value, list):
        yield from (Logged(None, index, each) for index, each in enumerate(value))
    else:
        yield Logged(None, None, value)


def _rows(data: Iterable[bytes], name: str) -> Iterator[Logged]:
    """The rows of a CSV as records: known columns by their names, counts as numbers."""
    lines = _text_lines(data, name)
    before, header = next(((before, line) for before, line in enumerate(lines) if line.strip()), (0, ""))
    delimiter = max(_DELIMITERS, key=header.count)
    csv.field_size_limit(documents.MAX_BYTES)  # of all readers of the process: a prompt in a cell may be longer than 128 KB
    rows = csv.reader(chain((header,), lines), delimiter=delimiter, strict=True)
    try:
        columns = [_NAMES.get(name, name) for name in (cell.strip().lower().replace(" ", "_") for cell in next(rows, []))]
        _hold_columns(columns, f"{name}:{before + 1}")
        if ignored := tuple(column for column in columns if column and column not in _KNOWN):
            yield Logged(before + 1, None, None, ignored)
        line, sums = before + rows.line_num + 1, _Sums()
        for row in rows:
            value = (_total(columns, row) or sums.add(_record(columns, row))) if any(map(str.strip, row)) else None
            if value is not None and not _is_empty(value):
                yield Logged(line, None, value)
            line = before + rows.line_num + 1
    except csv.Error as error:
        raise InputError(f"{name}:{before + rows.line_num}: expected CSV, found: {error}") from None


def _text_lines(data: Iterable[bytes], name: str) -> Iterator[str]:
    for piece in text.decode((block.data for block in documents.blocks(data)), name):
        yield from io.StringIO(piece, newline="")


def _hold_columns(columns: list[str], where: str) -> None:
    """InputError where the columns tell nothing of tokens, or a known one stands twice."""
    if not set(INPUT) & set(columns):
        amounts = [column for column in columns if column in AMOUNTS]
        if amounts:
            wanted = f"a column of tokens ({' or '.join(INPUT)})"
            raise InputError(f"{where}: expected {wanted}, found prices alone ({amounts[0]}){of_costs(amounts[0])}")
        known = f"JSON, JSON Lines, the events of a stream, or CSV with a column {' or '.join(INPUT)}"
        raise InputError(f"{where}: expected {known}, found none of them")
    twice = next((column for index, column in enumerate(columns) if column in _KNOWN and column in columns[:index]), None)
    if twice:
        raise InputError(f"{where}: expected each column once, found {twice} a second time")


def _total(columns: list[str], row: list[str]) -> Unbilled | None:
    """Why a row is none to price where it says of itself that it is the total of others, in place of a day or of a model."""
    named = [cell for index, cell in enumerate(row[: len(columns)]) if index == 0 or columns[index] in (*DAYS, *MODELS)]
    if any(cell.strip(" :").lower() in _TOTALS for cell in named):
        return Unbilled("total-row", "a row that says of itself that it is a total")
    return None


def _is_empty(value: Object | BadBody | Unbilled) -> bool:
    """Whether a record says no more than that on some day there was nothing, as exports of usage do."""
    return isinstance(value, dict) and value.keys() <= _OF_NOTHING and not any(value.get(name) for name in FIGURES)


class _Sums:
    """The sums of the rows of a CSV: a row of no model and no day that has just these figures is their total."""

    def __init__(self) -> None:
        self._figures: Counter[str] = Counter()
        self._have_names = False

    def add(self, record: Object | BadBody) -> Object | BadBody | Unbilled:
        """The record, unless it is the total of those before."""
        if isinstance(record, BadBody):
            return record
        figures = {name: record[name] for name in FIGURES if name in record}
        has_name = any(record.get(name) is not None for name in (*MODELS, *DAYS))
        if self._have_names and not has_name and any(figures.values()) and figures.items() <= self._figures.items():
            return Unbilled("total-unclear", "a row of no model and no day with the sums of all before it, taken as their total")
        self._figures.update(figures)
        self._have_names = self._have_names or has_name
        return record


def _record(columns: list[str], row: list[str]) -> Object | BadBody:
    if len(row) != len(columns):
        return BadBody(f"expected {len(columns)} cells as in the first line, found {len(row)}")
    try:
        return {
            column: _cell(column, cell.strip())
            for column, cell in zip(columns, row, strict=True)
            if cell.strip() and (column in _KNOWN or (is_suspect(column) and figure(cell)))
        }
    except BadBody as error:
        return error


def _cell(column: str, cell: str) -> Json:
    if column in FIGURES:
        whole = _WHOLE.fullmatch(cell)
        if not whole:
            expected = "a whole number without separators" if _SEPARATED.fullmatch(cell) else "a whole number"
            raise BadBody(f"{column}: expected {expected}, found {quoted(cell) if _NUMERIC.fullmatch(cell) else told(cell)}")
        return int(whole[1])
    if column == "batch":
        if cell.lower() not in _TRUTH:
            raise BadBody(f"batch: expected true or false, found {told(cell)}")
        return _TRUTH[cell.lower()]
    return cell
