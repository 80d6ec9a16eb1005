"""Parquet, recognised by its first bytes and read as JSON, a value per row (extra `arrow`).

The value comes from a column of JSON, such as the requests of a log. Otherwise it is an object of all columns, such as the usage
of an answer, or of a request whose model is in another column. A place such as `calls.parquet[17]` is the row with 17 before it.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, time
from decimal import Decimal
from itertools import chain, count
from typing import Any, BinaryIO, NamedTuple, TypeAlias, cast

from gpt41_cli.display import sanitize
from gpt41_cli.errors import InputError, quote_text, suggest
from gpt41_cli.files.compressed import PieceStream
from gpt41_cli.files.documents import FileLine
from gpt41_cli.files.sources import InputSource, Unreadable, open_source, read_stamp
from gpt41_cli.findings import Place

_MAGIC = (b"PAR1", b"PARE")
"""How a file begins; the second if all of it is encrypted."""
_MAX_ROWS_AT_ONCE = 256
_MAX_BYTES_AT_ONCE = 1 << 22
"""Rows are read so many at a time. Long ones are fewer: while they are, each is in memory several times."""
_MAX_GROUP_BYTES = 1 << 26
"""A larger row group is read here, some rows at a time: a worker would need too much memory, and others would wait for it."""

_REQUEST_COLUMNS = ("request", "body")
_TEXT_TYPES = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view")
_BODY_FIELDS = ("messages", "input", "tools", "functions", "response_format", "tool_choice", "text", "reasoning")
"""Fields of a request that are lists or objects: a column of that name may contain it as text."""


class TableRow(FileLine):
    """A row of a table as a line of JSON. `number` is from 1."""

    __slots__ = ()

    def locate(self, path: str) -> Place:
        """Where it is, in the file at `path`."""
        return Place(path, position=self.number - 1)


class RowBlock(NamedTuple):
    """Some rows of a table; `first_number` is the number of the first one."""

    first_number: int
    rows: Sequence[bytes]

    def iterate_lines(self) -> Iterator[FileLine]:
        """Yield the rows."""
        return map(TableRow, count(self.first_number), self.rows)


class Selection(NamedTuple):
    """The columns of a table that are read. `column` is the one whose values are read; None: a value is an object of all columns.

    With `kept`, a value is an object of these columns, and of that of `column` as `key`. `constants` are added to objects: what
    the names of folders say.
    """

    column: str | None
    kept: Sequence[str] = ()
    key: str = ""
    constants: Sequence[tuple[str, str]] = ()

    @property
    def columns(self) -> list[str] | None:
        """The names of the columns that are read; None: all."""
        return None if self.column is None else [*self.kept, self.column]

    def write(self, row: dict[str, object]) -> bytes:
        """Write a row as JSON on one line."""
        if self.column is None:
            return _write_row({**row, **dict(self.constants)})
        value = _write_value(row[self.column])
        if not self.kept or not value.startswith(b"{"):
            return value
        beside = _write_row({name: row[name] for name in self.kept})
        return beside[:-1] + f", {json.dumps(self.key)}: ".encode() + value + b"}"


class RowGroup(NamedTuple):
    """A row group of an open file that is still to be read. A worker that shares the file reads it itself."""

    file_descriptor: int
    name: str
    selection: Selection
    group: int
    first_number: int

    def iterate_lines(self) -> Iterator[FileLine]:
        """Yield the rows. Raises Unreadable if they are damaged."""
        import pyarrow.parquet as pq

        with _explain_damage(self.name):
            file = pq.ParquetFile(_SharedFile(self.file_descriptor))
            rows = chain.from_iterable(_read_group(file, self.group, self.selection))
            yield from map(TableRow, count(self.first_number), rows)


RowChunk: TypeAlias = RowBlock | RowGroup
"""Some rows of a table, to be worked on together."""


class _SharedFile(io.RawIOBase):
    """An open file with a separate position: workers share the file's own position with this process."""

    def __init__(self, file_descriptor: int) -> None:
        self._file, self._position = file_descriptor, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = os.pread(self._file, len(buffer), self._position)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position}.get(whence)
        self._position = offset + (os.fstat(self._file).st_size if start is None else start)
        return self._position


class RowStream(io.BufferedReader):
    """The rows of a Parquet file as JSON Lines, which can also be listed in chunks, whatever has been read. Rows without a
    request are in the chunks alone: they don't tell what the others are.

    `columns` are the names of all columns, `column` is the one that is read (None: all of them), `rows` how many rows there are.
    """

    def __init__(self, file: Any, selection: Selection, stream: BinaryIO, name: str, *, is_log: bool) -> None:
        groups = range(file.metadata.num_row_groups)
        read = chain.from_iterable(_read_group(file, index, selection) for index in groups)
        super().__init__(cast("io.RawIOBase", PieceStream(_join_lines(read, name, keeps_nulls=is_log))))
        self._file, self._stream, self._name, self._selection = file, stream, name, selection
        self.column = selection.column
        self.columns: Sequence[str] = file.schema_arrow.names
        self.rows: int = file.metadata.num_rows

    def list_chunks(self) -> Iterator[RowChunk]:
        """List the rows in chunks that can be processed separately: small row groups for workers to read, or rows that are read
        here.

        The first row group is read here: `map_in_order` works on the first chunks before it starts workers, so they are small.
        """
        # Only a file on disk can be read by several processes.
        is_shared = hasattr(os, "pread") and read_stamp(self._stream) is not None
        metadata, number = self._file.metadata, 1
        for index in range(metadata.num_row_groups):
            group = metadata.row_group(index)
            if is_shared and index and _measure_group(group, self._selection) <= _MAX_GROUP_BYTES:
                yield RowGroup(self._stream.fileno(), self._name, self._selection, index, number)
            else:
                first = number
                with _explain_damage(self._name):
                    for rows in _read_group(self._file, index, self._selection):
                        yield RowBlock(first, rows)
                        first += len(rows)
            number += group.num_rows


@contextmanager
def open_lines(
    source: InputSource, log_fields: Collection[str] | None = None, labels: Collection[str] = ()
) -> Iterator[BinaryIO]:
    """Open a source, the rows of a Parquet file as a RowStream. `log_fields` are the fields that are asked for if it is a log;
    None: requests are read. `labels` are the fields that answers are grouped by.

    Raises InputError if it can't be opened or read to its end, or doesn't say in which column its requests are.
    """
    with open_source(source) as stream:
        is_parquet = isinstance(stream, io.BufferedReader) and stream.peek(4).startswith(_MAGIC)
        if source.column is not None and not (is_parquet or source.is_from_folder):
            expected = f"a Parquet file with the column {quote_text(source.column)}"
            hint = "DuckDB writes CSV as Parquet: COPY (FROM 'calls.csv') TO 'calls.parquet'; JSON Lines need no column"
            raise InputError(expected=expected, found="another file", hint=hint, location=source.label)
        yield _open_rows(stream, source, log_fields, labels) if is_parquet else stream


def _open_rows(stream: BinaryIO, source: InputSource, log_fields: Collection[str] | None, labels: Collection[str]) -> BinaryIO:
    name = source.label
    try:
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        hint = "pip install 'gpt41[arrow]' to read it, or export what you mean to send as text, JSON Lines or CSV"
        raise InputError(expected="text, requests or a picture", found="a Parquet file", hint=hint, location=name) from None
    if not stream.seekable():
        raise InputError(expected="a Parquet file by its name", found="one that comes as a stream", location=name)
    with _explain_damage(name):
        file = pq.ParquetFile(stream)
        _refuse_repeated_columns(file, name)
        is_log = log_fields is not None
        selection = _select_answers(file, log_fields or (), labels) if is_log else _select_requests(file, source)
        return RowStream(file, selection, stream, name, is_log=is_log)


@contextmanager
def _explain_damage(name: str) -> Iterator[None]:
    """Convert an error of pyarrow about a file that is cut off, damaged or encrypted into Unreadable: its content is missing."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        if "decrypt" in reason.lower():
            hint = "write it without encryption first"
            raise Unreadable(expected="a Parquet file", found="an encrypted one", hint=hint, location=name) from None
        found = f"a file that is cut off or damaged: {reason}"
        raise Unreadable(expected="a whole Parquet file", found=found, location=name) from None


def _refuse_repeated_columns(file: Any, name: str) -> None:
    columns: list[str] = file.schema_arrow.names
    if repeated := [column for column in columns if columns.count(column) > 1]:
        found = f"several with {quote_text(repeated[0])}"
        raise InputError(expected="columns with different names", found=found, location=name)


def _select_requests(file: Any, source: InputSource) -> Selection:
    """Select what holds the requests, and their `custom_id` if it is in a column of its own. What the names of folders say of
    their model is that of requests without one. Raises InputError if there is no column of the name that was asked for.
    """
    import pyarrow as pa

    schema, texts, chosen = file.schema_arrow, _read_first_texts(file), source.column
    nested = {name for name in schema.names if pa.types.is_nested(schema.field(name).type)}
    if chosen is None:
        model = source.partitions.get("model", "") if "model" not in schema.names else ""
        chosen = _find_json_column(texts, [name for name in _REQUEST_COLUMNS if name in nested or name in texts])
        names_model = '"model"' in texts.get(chosen or "", "") or not (model or "model" in schema.names)
        if chosen not in texts or not names_model:
            return Selection(None, constants=[("model", model)] if model else ())
    elif chosen not in schema.names:
        only, hint = f"only {sanitize(', '.join(schema.names))}", suggest(chosen, schema.names)
        raise InputError(expected=f"the column {quote_text(chosen)}", found=only, hint=hint, location=source.label)
    elif chosen not in texts and chosen not in nested:
        found = f"{quote_text(chosen)} of {schema.field(chosen).type}"
        raise InputError(expected="a column of JSON", found=found, location=source.label)
    has_id = "custom_id" in texts and chosen != "custom_id" and '"custom_id"' not in texts.get(chosen, "")
    return Selection(chosen, ("custom_id",) if has_id else (), "request")


def _select_answers(file: Any, fields: Collection[str], labels: Collection[str]) -> Selection:
    """Select what holds the answers, their `custom_id`, and the columns that they are grouped by: all columns if `fields` names
    one of them, as the figures are in columns of their own, or if no single column has JSON.
    """
    names, texts = file.schema_arrow.names, _read_first_texts(file)
    chosen = _find_json_column(texts)
    if chosen is None or not {*fields}.isdisjoint(names) or ("model" in names and '"model"' not in texts[chosen]):
        return Selection(None)
    kept = {"custom_id", *labels} - {chosen, "response"}
    return Selection(chosen, [name for name in names if name in kept], "response")


def _find_json_column(texts: Mapping[str, str], usual: Collection[str] = ()) -> str | None:
    """Return the column of a usual name that has JSON or is nested, or else the only one with JSON; None if nothing is."""
    columns = [name for name, text in texts.items() if text.startswith(("{", "["))]
    only = columns[0] if len(columns) == 1 else None
    return next((name for name in usual if name in columns or name not in texts), only)


def _read_first_texts(file: Any) -> dict[str, str]:
    """Read the first value of each column of text."""
    schema = file.schema_arrow
    return {name: _read_first_text(file, name) for name in schema.names if _is_text(schema.field(name).type)}


def _read_first_text(file: Any, name: str) -> str:
    """Read the first value of a column that isn't null or blank; empty if all are."""
    rows = _count_rows_at_once(file, 0)
    for batch in file.iter_batches(batch_size=rows, columns=[name], use_threads=False):
        for value in batch.column(0).to_pylist():
            text = value.decode(errors="replace") if isinstance(value, bytes) else value or ""
            if text := text.strip():
                return str(text)
    return ""


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return str(kind.value_type if pa.types.is_dictionary(kind) else kind) in _TEXT_TYPES


def _measure_group(group: Any, selection: Selection) -> int:
    """Return the bytes of the selected columns in a row group before they were compressed."""
    parts = (group.column(index) for index in range(group.num_columns))
    begins = "" if selection.columns is None else tuple(f"{name}." for name in selection.columns)
    return sum(part.total_uncompressed_size for part in parts if f"{part.path_in_schema}.".startswith(begins))


def _read_group(file: Any, index: int, selection: Selection) -> Iterator[list[bytes]]:
    """Yield the rows of a row group as JSON, some at a time."""
    columns, rows = selection.columns, _count_rows_at_once(file, index)
    for batch in file.iter_batches(batch_size=rows, row_groups=[index], columns=columns, use_threads=False):
        yield list(map(selection.write, batch.to_pylist()))


def _count_rows_at_once(file: Any, index: int) -> int:
    """Return how many rows of a row group to read at once, by the average size of a row with all of its columns."""
    if index >= file.metadata.num_row_groups:
        return 1
    group = file.metadata.row_group(index)  # not its columns: pyarrow aborts for one that is encrypted
    average: int = group.total_byte_size // max(group.num_rows, 1)
    return max(1, min(_MAX_ROWS_AT_ONCE, _MAX_BYTES_AT_ONCE // max(average, 1)))


def _join_lines(read: Iterator[list[bytes]], name: str, *, keeps_nulls: bool) -> Iterator[bytes]:
    with _explain_damage(name):
        for rows in read:
            if kept := [row for row in rows if keeps_nulls or row != b"null"]:
                yield b"\n".join((*kept, b""))


def _write_value(value: object) -> bytes:
    """Write a value on one line. In JSON as text, a line break can only be between tokens."""
    if not isinstance(value, str | bytes):
        return json.dumps(_convert(value), ensure_ascii=False).encode()
    data = value.encode() if isinstance(value, str) else value
    return data.replace(b"\r", b" ").replace(b"\n", b" ") if data.strip() else b"null"


def _write_row(row: dict[str, object]) -> bytes:
    fields = (f"{json.dumps(name, ensure_ascii=False)}: {_write_field(name, value)}" for name, value in row.items())
    return f"{{{', '.join(fields)}}}".encode()


def _write_field(name: str, value: object) -> str:
    """Write the value of a column; JSON in it stays JSON if the field of a body is one."""
    if name in _BODY_FIELDS and isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        with suppress(ValueError, RecursionError):
            held = json.loads(value)
            if isinstance(held, dict) or all(isinstance(item, dict) for item in held):
                return value.replace("\r", " ").replace("\n", " ")
    return json.dumps(_convert(value), ensure_ascii=False)


def _convert(value: Any) -> Any:
    """Convert a value of a row to one that JSON has. Fields that other rows of a struct have are null, and left out."""
    match value:
        case dict():
            return {key: _convert(item) for key, item in value.items() if item is not None}
        case [(_, _), *_] if isinstance(value[0], tuple):  # a map
            return {str(key): _convert(item) for key, item in value}
        case list() | tuple():
            return [_convert(item) for item in value]
        case float():
            return value if value - value == 0 else None  # JSON has neither infinity nor NaN
        case Decimal():
            return int(value) if value == value.to_integral_value() else str(value)
        case bytes():
            return value.decode(errors="replace")
        case datetime() | date() | time():
            return value.isoformat()
        case None | bool() | int() | str():
            return value
    return str(value)
