"""Parquet, recognised by its first bytes and read as JSON Lines, a line per row (extra `arrow`).

If one column alone holds JSON as text, its values are the lines, such as the requests of a log. Else a line is an object of all
columns, such as the usage of an answer. So a place is `calls.parquet:17` for the 17th row.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, BinaryIO, cast

from gpt41_cli.errors import InputError
from gpt41_cli.files.compressed import PieceStream
from gpt41_cli.files.sources import InputSource, Unreadable, open_source

_MAGIC = b"PAR1"
_ROWS_AT_ONCE = 256


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
    return cast("BinaryIO", io.BufferedReader(PieceStream(_write_lines(file, column, name))))


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
    """Return the only column of JSON: its first value is an object or a list as text. None if there are several or none."""
    import pyarrow as pa

    schema = file.schema_arrow
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    texts = [field.name for field in schema if any(is_kind(_get_value_type(field.type)) for is_kind in kinds)]
    first = next(file.iter_batches(batch_size=_ROWS_AT_ONCE, columns=texts, use_threads=False), None) if texts else None
    if first is None:
        return None
    found = [name for name in texts if _begins_json(next((value for value in first[name].to_pylist() if value), ""))]
    return found[0] if len(found) == 1 else None


def _get_value_type(kind: Any) -> Any:
    import pyarrow as pa

    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _begins_json(value: str | bytes) -> bool:
    text = value.decode(errors="replace") if isinstance(value, bytes) else value
    return text.lstrip()[:1] in ("{", "[")


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
    return json.dumps(_convert(row), ensure_ascii=False).encode() + b"\n"


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
