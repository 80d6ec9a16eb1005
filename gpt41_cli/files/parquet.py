"""Parquet, recognised by its first bytes and read as JSON, a value per row (extra `arrow`).

The value is that of a column of JSON, such as the requests of a log. Else it is an object of all columns, such as the usage of an
answer, or of a request whose model is in another column. A place such as `calls.parquet[17]` is the row with 17 before it.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Collection, Iterator, Sequence
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

_MAGIC = b"PAR1"
_ROWS_AT_ONCE = 256
_MAX_GROUP_BYTES = 1 << 26
"""A larger row group is read here, some rows at a time: a worker would need too much memory, and others would wait for it."""

_REQUEST_COLUMNS = ("request", "body")
_TEXT_TYPES = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view")
_BODY_FIELDS = ("messages", "input", "tools", "functions", "response_format", "tool_choice", "text", "reasoning")
"""Fields of a request that are lists or objects: a column with the name of one may hold it as text."""


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


class RowGroup(NamedTuple):
    """A row group of an open file that is still to be read. A worker that shares the file reads it itself."""

    file_descriptor: int
    name: str
    column: str | None
    group: int
    first_number: int

    def iterate_lines(self) -> Iterator[FileLine]:
        """Yield the rows. Raises Unreadable if they are damaged."""
        import pyarrow.parquet as pq

        with _explain_damage(self.name):
            file = pq.ParquetFile(_SharedFile(self.file_descriptor))
            rows = chain.from_iterable(_read_group(file, self.group, self.column))
            yield from map(TableRow, count(self.first_number), rows)


RowChunk: TypeAlias = RowBlock | RowGroup
"""Some rows of a table, to be worked on together."""


class _SharedFile(io.RawIOBase):
    """An open file with a position of its own: workers share that of the file with this process."""

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
    """The rows of a Parquet file as JSON Lines, which can also be listed in chunks, whatever has been read.

    `columns` are the names of all columns, `column` is the one that is read (None: all of them), `rows` how many rows there are.
    """

    def __init__(self, file: Any, column: str | None, stream: BinaryIO, name: str) -> None:
        groups = range(file.metadata.num_row_groups)
        read = chain.from_iterable(_read_group(file, index, column) for index in groups)
        super().__init__(cast("io.RawIOBase", PieceStream(_join_lines(read, name))))
        self._file, self._stream, self._name = file, stream, name
        self.column = column
        self.columns: Sequence[str] = file.schema_arrow.names
        self.rows: int = file.metadata.num_rows

    def list_chunks(self) -> Iterator[RowChunk]:
        """List the rows in chunks that can be worked on apart: small row groups for workers to read, or rows that are read here.

        The first row group is read here: `map_in_order` works on the first chunks before it starts workers, so they are small.
        """
        # Only a file on disk can be read by several processes.
        is_shared = hasattr(os, "pread") and read_stamp(self._stream) is not None
        metadata, number = self._file.metadata, 1
        for index in range(metadata.num_row_groups):
            group = metadata.row_group(index)
            if is_shared and index and _measure_group(group, self.column) <= _MAX_GROUP_BYTES:
                yield RowGroup(self._stream.fileno(), self._name, self.column, index, number)
            else:
                first = number
                with _explain_damage(self._name):
                    for rows in _read_group(self._file, index, self.column):
                        yield RowBlock(first, rows)
                        first += len(rows)
            number += group.num_rows


@contextmanager
def open_lines(source: InputSource, log_fields: Collection[str] | None = None) -> Iterator[BinaryIO]:
    """Open a source, the rows of a Parquet file as a RowStream. `log_fields` are the fields that are asked for if it is a log;
    None: requests are read.

    Raises InputError if it can't be opened or read to its end, or doesn't say in which column its requests are.
    """
    with open_source(source) as stream:
        is_parquet = isinstance(stream, io.BufferedReader) and stream.peek(len(_MAGIC)).startswith(_MAGIC)
        if source.column is not None and not (is_parquet or source.is_from_folder):
            raise InputError("--column", "a Parquet file", "another one", location=source.label)
        yield _open_rows(stream, source, log_fields) if is_parquet else stream


def _open_rows(stream: BinaryIO, source: InputSource, log_fields: Collection[str] | None) -> BinaryIO:
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
        column = _choose_column(file, name, source.column, log_fields)
        return RowStream(file, column, stream, name)


@contextmanager
def _explain_damage(name: str) -> Iterator[None]:
    """Turn what pyarrow raises for a file that is cut off or damaged into Unreadable: what is in it is missing."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        found = f"a file that is cut off or damaged: {str(error).splitlines()[0]}"
        raise Unreadable(expected="a whole Parquet file", found=found, location=name) from None


def _choose_column(file: Any, name: str, asked: str | None, log_fields: Collection[str] | None) -> str | None:
    """Return the column whose values are read; None for all columns. Raises InputError if there is no such column."""
    import pyarrow as pa

    schema = file.schema_arrow
    columns: list[str] = schema.names
    if repeated := [column for column in columns if columns.count(column) > 1]:
        found = f"several with {quote_text(repeated[0])}"
        raise InputError(expected="columns with names of their own", found=found, location=name)
    if asked is not None:
        if asked not in columns:
            only = f"only {sanitize(', '.join(columns))}"
            raise InputError("--column", f"the column {quote_text(asked)}", only, suggest(asked, columns), location=name)
        if not (_is_text(kind := schema.field(asked).type) or pa.types.is_nested(kind)):
            raise InputError("--column", "a column of JSON", f"one of {kind}", location=name)
        return asked
    texts = {column: _read_first_text(file, column) for column in columns if _is_text(schema.field(column).type)}
    found_json = [column for column, text in texts.items() if text.startswith(("{", "["))]
    chosen = found_json[0] if len(found_json) == 1 else None
    if log_fields is None:
        usual = (column for column in _REQUEST_COLUMNS if column in columns)
        chosen = next((each for each in usual if each in found_json or pa.types.is_nested(schema.field(each).type)), chosen)
    elif {*log_fields} & {*columns}:
        return None  # with --columns, the figures are in columns of their own
    names_model = "model" not in columns or '"model"' in texts.get(chosen or "", "")
    return chosen if chosen in found_json and names_model else None


def _read_first_text(file: Any, name: str) -> str:
    """Read the first value of a column that isn't null or blank; empty if all are."""
    for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=[name], use_threads=False):
        for value in batch.column(0).to_pylist():
            text = value.decode(errors="replace") if isinstance(value, bytes) else value or ""
            if text := text.strip():
                return str(text)
    return ""


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return str(kind.value_type if pa.types.is_dictionary(kind) else kind) in _TEXT_TYPES


def _measure_group(group: Any, column: str | None) -> int:
    """Return the bytes of a column in a row group, or of all columns, before they were compressed."""
    parts = (group.column(index) for index in range(group.num_columns))
    return sum(
        part.total_uncompressed_size for part in parts if column is None or f"{part.path_in_schema}.".startswith(f"{column}.")
    )


def _read_group(file: Any, index: int, column: str | None) -> Iterator[list[bytes]]:
    """Yield the rows of a row group as JSON, some at a time."""
    columns = None if column is None else [column]
    for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, row_groups=[index], columns=columns, use_threads=False):
        yield (
            [_write_row(row) for row in batch.to_pylist()]
            if column is None
            else list(map(_write_value, batch[column].to_pylist()))
        )


def _join_lines(read: Iterator[list[bytes]], name: str) -> Iterator[bytes]:
    with _explain_damage(name):
        for rows in read:
            yield b"\n".join((*rows, b""))


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
    """Write the value of a column, as the JSON that it holds if a body has it so."""
    if name in _BODY_FIELDS and isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        with suppress(ValueError, RecursionError):
            held = json.loads(value)
            if isinstance(held, dict) or all(isinstance(each, dict) for each in held):
                return value.replace("\r", " ").replace("\n", " ")
    return json.dumps(_convert(value), ensure_ascii=False)


def _convert(value: Any) -> Any:
    """Convert a value of a row to one that JSON has."""
    match value:
        case dict():
            return {key: _convert(item) for key, item in value.items()}
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
