"""A column: a function of arrays that can be pickled and makes what it needs in each process once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import pyarrow as pa

from gpt41_cli import __version__
from gpt41_cli.arrow.rows import DECIMALS, FIELDS, Question, RowMaker, Terms, make_row_maker, make_text
from gpt41_cli.catalog import TABLE_NAME, Catalog, Market, parse_catalog
from gpt41_cli.catalog.parsed import read_parsed
from gpt41_cli.errors import Gpt41Error, InputError
from gpt41_cli.files.documents import parse_json
from gpt41_cli.files.fields import BadBody
from gpt41_cli.files.sources import wrap_os_errors
from gpt41_cli.shipped import find_shipped_file
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.text import fast
from gpt41_cli.work.workload import Assumptions

_ROWS_AT_ONCE = 64
"""Rows that are read at a time: requests that have been read are many times as large as their JSON."""
_ONE_AT_A_TIME = Lock()
"""Engines may call a column from several threads, which share what was counted before; Python runs one at a time anyway."""
_TOO_DEEP = "expected a body that is nested less deeply, found hundreds of levels"
_TEXT_TYPES = ("string", "large_string", "string_view", "binary", "large_binary", "binary_view", "null")

_SPARK_NAMES = {
    pa.string(): "STRING",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.list_(pa.string()): "ARRAY<STRING>",
    pa.list_(pa.int64()): "ARRAY<BIGINT>",
    pa.decimal128(38, DECIMALS): f"DECIMAL(38,{DECIMALS})",
}
_DUCKDB_NAMES = {**_SPARK_NAMES, pa.string(): "VARCHAR", pa.list_(pa.string()): "VARCHAR[]", pa.list_(pa.int64()): "BIGINT[]"}


class ArrowColumn:
    """A function from a column of JSON to a column of structs, one per row. Made by the functions of `gpt41_cli.arrow`.

    A row is the body of a request, a line in a Batch file, or an answer, as text or as bytes in UTF-8. Nothing is raised for a
    row: if it has no answer, `error` says why and all else is null. A sum is a lower bound while `count(error)` isn't 0.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        fields = FIELDS[terms.question]
        self.type = pa.struct(list(fields.items()))
        self.spark_type = _write_type("STRUCT<{}>", "{}: {}", fields, _SPARK_NAMES)
        self.duckdb_type = _write_type("STRUCT({})", "{} {}", fields, _DUCKDB_NAMES)

    def __reduce__(self) -> tuple[type[ArrowColumn], tuple[Terms]]:
        return ArrowColumn, (self._terms,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArrowColumn) and self._terms == other._terms

    def __hash__(self) -> int:
        return hash(self._terms)

    def __call__(self, rows: pa.Array | pa.ChunkedArray) -> pa.StructArray:
        """Return a struct per row, in the same order.

        Raises TypeError if the rows are neither text nor bytes, Gpt41Error if gpt41 has another version here than where the
        column was made.
        """
        maker = _make_maker(self._terms)
        chunks = rows.chunks if isinstance(rows, pa.ChunkedArray) else [rows]
        with _ONE_AT_A_TIME:
            parts = [
                self._answer(maker, chunk.slice(start, _ROWS_AT_ONCE))
                for chunk in map(_decode, chunks)
                for start in range(0, len(chunk), _ROWS_AT_ONCE)
            ]
        return pa.concat_arrays(parts) if parts else pa.array([], self.type)

    def append(self, batch: Any, column: str = "request", name: str = "gpt41") -> Any:
        """Return a RecordBatch or Table with one more column of structs, made of its column `column`. Raises InputError if it has
        none of that name, or has one with the name of the new one.
        """
        if column not in batch.schema.names:
            raise InputError(expected=f"a column named {column}", found=", ".join(batch.schema.names) or "no columns")
        if name in batch.schema.names:
            raise InputError(
                expected="a table with other columns", found=f"one that has {name}; name=... gives this one another name"
            )
        columns = [*batch.columns, self(batch.column(column))]
        return type(batch).from_arrays(columns, schema=batch.schema.append(pa.field(name, self.type)))

    def map(self, batches: Iterable[Any], column: str = "request", name: str = "gpt41") -> Iterator[Any]:
        """Apply `append` to each batch of a stream, as Spark's `mapInArrow` wants it."""
        for batch in batches:
            yield self.append(batch, column, name)

    def _answer(self, maker: RowMaker, rows: pa.Array) -> pa.StructArray:
        items = [_read(maker, value) for value in rows.to_pylist()]
        if maker.learn:
            maker.learn([item for item in items if not isinstance(item, _Refused)])
        return pa.array([_make_row(maker, item) for item in items], self.type)


class _Refused(NamedTuple):
    """Why a row has no answer."""

    error: str


def _read(maker: RowMaker, value: str | bytes | None) -> Any:
    try:
        if value is None:
            raise BadBody(expected=maker.expected, found="null")
        return maker.read(parse_json(value.encode() if isinstance(value, str) else value))
    except BadBody as error:
        return _Refused(str(error))
    except RecursionError:
        return _Refused(_TOO_DEEP)


def _make_row(maker: RowMaker, read: Any) -> Mapping[str, object]:
    try:
        if not isinstance(read, _Refused):
            return maker.make_row(read)
    except BadBody as error:
        read = _Refused(str(error))
    except RecursionError:
        read = _Refused(_TOO_DEEP)
    return {**maker.header, "error": make_text(read.error)}


def read_table(pricing: Path | str | None) -> tuple[bytes, str]:
    """Read the bytes and the name of a price table, to send them to workers. Raises InputError if it can't be read."""
    path = find_shipped_file(TABLE_NAME) if pricing is None else Path(pricing)
    with wrap_os_errors(str(path)):
        return path.read_bytes(), path.name


def make_column(question: Question, pricing: Path | str | None, models: Mapping[str, str] | None, **asked: Any) -> ArrowColumn:
    """Make the column of a question; `asked` are fields of its terms. Raises Gpt41Error if they can't be used."""
    _check_asked(**asked)
    terms = Terms(question, *read_table(pricing), tuple(sorted((models or {}).items())), **asked)
    _make_maker(terms)  # what is wrong with them is said here, not on a worker
    return ArrowColumn(terms)


def _check_asked(as_of: object = date.min, assumptions: Assumptions | None = None, **_: object) -> None:
    """Raise InputError for a day or a number of tokens of another type: what would fail in each row, or be rounded there."""
    if type(as_of) is not date:  # a datetime is one, too, but can't be compared with days
        raise InputError("as_of", "a date, such as date(2026, 11, 29)", type(as_of).__name__)
    for name in ("output_tokens", "cached_tokens"):
        tokens = getattr(assumptions, name, None)
        if tokens is not None and (not isinstance(tokens, int) or tokens < 0):
            raise InputError(name, "an int of 0 or more", repr(tokens))


def make_catalog(table: bytes, name: str, version: str) -> Catalog:
    """Make the price table that travelled. Raises Gpt41Error if it comes from another version of gpt41."""
    if version != __version__:
        raise Gpt41Error(expected=f"gpt41 {version} on every worker", found=__version__)
    return _parse_table(table, name)


@lru_cache(4)
def _parse_table(table: bytes, name: str) -> Catalog:
    return read_parsed(table) or parse_catalog(table, name)


@lru_cache(8)
def _make_maker(terms: Terms) -> RowMaker:
    catalog = make_catalog(terms.table, terms.table_name, terms.version).with_aliases(dict(terms.names))
    variant = catalog.variant(catalog.translate(terms.model)) if terms.model else None
    is_digested = terms.question == "prefixes"
    is_much = fast.is_installed() and not is_digested
    meter = Meter(catalog, variant and variant.id, terms.image_size, is_much=is_much, needs_tokens=is_digested, as_of=terms.as_of)
    market = Market(catalog, catalog.platform(terms.platform), terms.as_of) if terms.as_of else None
    return make_row_maker(terms, meter, market, variant)


def _decode(rows: pa.Array) -> pa.Array:
    """Return rows of text or bytes. Raises TypeError for any other type; a column of nulls has none."""
    if pa.types.is_dictionary(rows.type):
        rows = rows.dictionary_decode()
    if str(rows.type) not in _TEXT_TYPES:
        raise TypeError(f"expected a column of JSON as text or bytes, found {rows.type}")
    return rows


def _write_type(frame: str, form: str, fields: Mapping[str, pa.DataType], names: Mapping[pa.DataType, str]) -> str:
    return frame.format(", ".join(form.format(name, names[kind]) for name, kind in fields.items()))
