"""Parquet, recognised by its first bytes and read as JSON Lines, a line per row (extra `arrow`).

If one column alone holds JSON as text, its values are the lines, such as the requests of a log. Else a line is an object of all
columns, such as the usage of an answer. So it is, too, if only another column says which model the request is for. A place is
`calls.parquet:17` for the 17th row.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, BinaryIO, cast

from gpt41_cli.errors import InputError
from gpt41_cli.files.compressed import PieceStream
from gpt41_cli.files.sources import InputSource, Unreadable, open_source

_MAGIC = b"PAR1"
_ROWS_AT_ONCE = 256
_TEXT_TYPES = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view")
_BODY_FIELDS = ("messages", "input", "tools", "functions", "response_format", "tool_choice", "text", "reasoning")
"""Fields of a request that are lists or objects: a column with the name of one may hold it as text."""


class ParquetLines(io.BufferedReader):
    """The rows of a Parquet file as lines, the names of its `columns`, and the number of its `rows`."""

    def __init__(self, lines: Iterator[bytes], columns: Sequence[str], rows: int) -> None:
        super().__init__(PieceStream(lines))
        self.columns = columns
        self.rows = rows


@contextmanager
def open_lines(source: InputSource) -> Iterator[BinaryIO]:
    """Open a source, the rows of a Parquet file as lines. Raises InputError if it can't be opened or read to its end."""
    with open_source(source) as stream:
        is_parquet = isinstance(stream, io.BufferedReader) and stream.peek(len(_MAGIC)).startswith(_MAGIC)
        yield _open_rows(stream, source.label) if is_parquet else stream


def _open_rows(stream: BinaryIO, name: str) -> BinaryIO:
    try:
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        hint = "pip install 'gpt41[arrow]' to read it, or export what you mean to send as text, JSON Lines or CSV"
        raise InputError(expected="text, requests or a picture", found="a Parquet file", hint=hint, location=name) from None
    if not stream.seekable():
        raise InputError(expected="a Parquet file by its name", found="one that comes as a stream", location=name)
    with _explain_damage(name):
        file = pq.ParquetFile(stream)
        column = _find_json_column(file)
    return cast("BinaryIO", ParquetLines(_write_lines(file, column, name), file.schema_arrow.names, file.metadata.num_rows))


@contextmanager
def _explain_damage(name: str) -> Iterator[None]:
    """Turn what pyarrow raises for a file that is cut off or damaged into Unreadable: what is in it is missing."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        found = f"a file that is cut off or damaged: {str(error).splitlines()[0]}"
        raise Unreadable(expected="a whole Parquet file", found=found, location=name) from None


def _find_json_column(file: Any) -> str | None:
    """Return the only column of JSON: its first value is an object or a list as text. None if there are several or none, or if
    that value names no model and a column does.
    """
    schema = file.schema_arrow
    texts = [field.name for field in schema if str(_get_value_type(field.type)) in _TEXT_TYPES]
    first = {name: _read_first_text(file, name) for name in texts}
    found = [name for name, text in first.items() if text.startswith(("{", "["))]
    is_alone = len(found) == 1 and ("model" not in schema.names or '"model"' in first[found[0]])
    return found[0] if is_alone else None


def _read_first_text(file: Any, name: str) -> str:
    """Read the first value of a column that isn't null or blank; empty if all are."""
    for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=[name], use_threads=False):
        for value in batch.column(0).to_pylist():
            text = value.decode(errors="replace") if isinstance(value, bytes) else value or ""
            if text := text.strip():
                return str(text)
    return ""


def _get_value_type(kind: Any) -> Any:
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _write_lines(file: Any, column: str | None, name: str) -> Iterator[bytes]:
    """Yield the rows as JSON Lines, some at a time."""
    with _explain_damage(name):
        columns = None if column is None else [column]
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=columns, use_threads=False):
            values = batch.to_pylist() if column is None else batch[column].to_pylist()
            yield b"".join(map(_write_row if column is None else _write_value, values))


def _write_value(value: str | bytes | None) -> bytes:
    """Write a JSON text as a line: a line break in it can only stand between its tokens."""
    data = b"null" if value is None else value.encode() if isinstance(value, str) else value
    return data.replace(b"\r", b" ").replace(b"\n", b" ") + b"\n"


def _write_row(row: dict[str, object]) -> bytes:
    fields = (f"{json.dumps(name, ensure_ascii=False)}: {_write_field(name, value)}" for name, value in row.items())
    return f"{{{', '.join(fields)}}}\n".encode()


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
