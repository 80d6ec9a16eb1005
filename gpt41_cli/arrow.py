"""Counts and prices of requests as columns of Arrow, for any engine that takes a function of columns (extra `arrow`).

`count` and `price` return an `ArrowColumn`: a function from an array of JSON to an array of structs, one per row and in the same
order. It can be pickled, takes less than 100 kB, and gives the same in every process, so that Spark, Dask, Ray, DuckDB and Polars
can call it wherever the requests are. A row depends on its request alone: sums are the same whatever the engine cuts, repeats or
reorders.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from gpt41_cli import __version__
from gpt41_cli.catalog import TABLE_NAME, Market, parse_catalog
from gpt41_cli.catalog.parsed import read_parsed
from gpt41_cli.commands.cost.each import RequestPricer
from gpt41_cli.commands.cost.each_report import make_record as make_priced_record
from gpt41_cli.errors import Gpt41Error
from gpt41_cli.files.documents import parse_json
from gpt41_cli.files.fields import BadBody
from gpt41_cli.reports.entries import make_record as make_counted_record
from gpt41_cli.requests.readers import ParsedRequest, read_json_request
from gpt41_cli.shipped import find_shipped_file
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.pieces import PARTS
from gpt41_cli.tokens.text import fast
from gpt41_cli.work.workload import Assumptions

Question = Literal["count", "price"]

_DECIMALS = 12
_ROWS_AT_ONCE = 64
"""Rows that are read at a time: requests that have been read are many times as large as their JSON."""
_ONE_AT_A_TIME = Lock()
"""Engines may call a column from several threads, which share what was counted before; Python runs one at a time anyway."""
_TOO_DEEP = "expected a body that nests less deep, found hundreds of levels"

_COUNTED = {
    "custom_id": pa.string(),
    "model": pa.string(),
    "endpoint": pa.string(),
    "input_tokens": pa.int64(),
    **{f"{part}_tokens": pa.int64() for part in PARTS},
    "exact": pa.bool_(),
    "lower_bound": pa.bool_(),
    "assumptions": pa.list_(pa.string()),
    "error": pa.string(),
}
_PRICED = {
    "custom_id": pa.string(),
    "model": pa.string(),
    "mode": pa.string(),
    "input_tokens": pa.int64(),
    "cached_tokens": pa.int64(),
    "output_tokens": pa.int64(),
    "uncached_input_usd": pa.decimal128(38, _DECIMALS),
    "cached_input_usd": pa.decimal128(38, _DECIMALS),
    "output_usd": pa.decimal128(38, _DECIMALS),
    "tools_usd": pa.decimal128(38, _DECIMALS),
    "total_usd": pa.decimal128(38, _DECIMALS),
    "exact": pa.bool_(),
    "lower_bound": pa.bool_(),
    "ceiling": pa.bool_(),
    "error": pa.string(),
}
_SPARK_NAMES = {
    pa.string(): "STRING",
    pa.int64(): "BIGINT",
    pa.bool_(): "BOOLEAN",
    pa.list_(pa.string()): "ARRAY<STRING>",
    pa.decimal128(38, _DECIMALS): f"DECIMAL(38,{_DECIMALS})",
}
_DUCKDB_NAMES = {**_SPARK_NAMES, pa.string(): "VARCHAR", pa.list_(pa.string()): "VARCHAR[]"}


class _Terms(NamedTuple):
    """What a column was asked for, as it travels to workers: with the price table itself, as a worker's own may be another."""

    question: Question
    table: bytes
    table_name: str
    as_of: date
    platform: str
    model: str | None
    mode: str | None
    assumptions: Assumptions
    image_size: tuple[int, int] | None
    kind: str | None
    names: tuple[tuple[str, str], ...]
    version: str = __version__


class _Engine(NamedTuple):
    """What a process makes once of the terms."""

    meter: Meter
    pricer: RequestPricer


def count(
    *,
    as_of: date,
    model: str | None = None,
    image_size: tuple[int, int] | None = None,
    kind: str | None = None,
    models: Mapping[str, str] | None = None,
    pricing: Path | str | None = None,
) -> ArrowColumn:
    """Return a column of token counts, with the names of `gpt41 count --each`.

    Args:
        as_of: The day by whose rules to count.
        model: The model that counts, whatever a request names.
        image_size: Width and height of pictures behind an address.
        kind: The kind of every request, as `--as` takes it; None: as recognised.
        models: The models of other names, such as Azure deployments.
        pricing: A price table instead of the one that ships.

    Raises UnknownName for an unknown model, TableError for a price table that can't be used.

    """
    return _make_column("count", as_of, "openai", model, None, Assumptions(), image_size, kind, models, pricing)


def price(
    *,
    as_of: date,
    platform: str = "openai",
    model: str | None = None,
    mode: str | None = None,
    output_tokens: int | None = None,
    cached_tokens: int = 0,
    image_size: tuple[int, int] | None = None,
    kind: str | None = None,
    models: Mapping[str, str] | None = None,
    pricing: Path | str | None = None,
) -> ArrowColumn:
    """Return a column of prices, with the names of `gpt41 cost --each`.

    Args:
        as_of: The day whose prices hold: a job that runs past midnight must not change them.
        platform: Where the models are bought.
        model: The model of every request, whatever it names.
        mode: The processing mode of every request, whatever it asks for.
        output_tokens: The length of each answer; None: as long as its request allows, a ceiling.
        cached_tokens: How much of each input is read from the prompt cache.
        image_size: Width and height of pictures behind an address.
        kind: The kind of every request, as `--as` takes it; None: as recognised.
        models: The models of other names, such as Azure deployments.
        pricing: A price table instead of the one that ships.

    Raises UnknownName for an unknown model or platform, TableError for a price table that can't be used.

    """
    assumptions = Assumptions(output_tokens, cached_tokens)
    return _make_column("price", as_of, platform, model, mode, assumptions, image_size, kind, models, pricing)


class ArrowColumn:
    """A function from a column of JSON to a column of structs, one per row. Made by `count` and `price`.

    A row is the body of a request or a line of a Batch file, as text or as bytes in UTF-8. Nothing is raised for a row: if it has
    no answer, `error` says why and all else is null. A sum is a lower bound while `count(error)` isn't 0.
    """

    def __init__(self, terms: _Terms) -> None:
        self._terms = terms
        fields = _COUNTED if terms.question == "count" else _PRICED
        self.type = pa.struct(list(fields.items()))
        self.spark_type = _write_type("STRUCT<{}>", "{}: {}", fields, _SPARK_NAMES)
        self.duckdb_type = _write_type("STRUCT({})", "{} {}", fields, _DUCKDB_NAMES)

    def __reduce__(self) -> tuple[type[ArrowColumn], tuple[_Terms]]:
        return ArrowColumn, (self._terms,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArrowColumn) and self._terms == other._terms

    def __hash__(self) -> int:
        return hash(self._terms)

    def __call__(self, requests: pa.Array | pa.ChunkedArray) -> pa.StructArray:
        """Return a struct per row, in the same order.

        Raises TypeError if the rows are neither text nor bytes, Gpt41Error if gpt41 has another version here than where the
        column was made.
        """
        engine = _make_engine(self._terms)
        chunks = requests.chunks if isinstance(requests, pa.ChunkedArray) else [requests]
        with _ONE_AT_A_TIME:
            parts = [
                self._answer(engine, rows.slice(start, _ROWS_AT_ONCE))
                for rows in map(_decode, chunks)
                for start in range(0, len(rows), _ROWS_AT_ONCE)
            ]
        return pa.concat_arrays(parts) if parts else pa.array([], self.type)

    def append(self, batch: Any, column: str = "request", name: str = "gpt41") -> Any:
        """Return a RecordBatch or Table with one more column of structs, made of its column `column`."""
        found = self(batch.column(column))
        columns = [*batch.columns, found]
        return type(batch).from_arrays(columns, schema=batch.schema.append(pa.field(name, self.type)))

    def map(self, batches: Iterable[Any], column: str = "request", name: str = "gpt41") -> Iterator[Any]:
        """Apply `append` to each batch of a stream, as Spark's `mapInArrow` wants it."""
        for batch in batches:
            yield self.append(batch, column, name)

    def _answer(self, engine: _Engine, requests: pa.Array) -> pa.StructArray:
        found = [self._read(value) for value in requests.to_pylist()]
        if engine.meter.memo_filler:
            engine.meter.memo_filler([each for each in found if isinstance(each, ParsedRequest)])
        return pa.array([each if isinstance(each, dict) else self._make_row(engine, each) for each in found], self.type)

    def _read(self, value: str | bytes | None) -> ParsedRequest | dict[str, object]:
        try:
            if value is None:
                raise BadBody(expected="a request", found="null")
            return read_json_request(parse_json(value.encode() if isinstance(value, str) else value), self._terms.kind)
        except BadBody as error:
            return {"error": _make_text(str(error))}
        except RecursionError:
            return {"error": _TOO_DEEP}

    def _make_row(self, engine: _Engine, sent: ParsedRequest) -> dict[str, object]:
        try:
            return _make_counted_row(engine, sent) if self._terms.question == "count" else _make_priced_row(engine, sent)
        except BadBody as error:
            return {"error": _make_text(str(error))}
        except RecursionError:
            return {"error": _TOO_DEEP}


def _make_column(
    question: Question,
    as_of: date,
    platform: str,
    model: str | None,
    mode: str | None,
    assumptions: Assumptions,
    image_size: tuple[int, int] | None,
    kind: str | None,
    models: Mapping[str, str] | None,
    pricing: Path | str | None,
) -> ArrowColumn:
    path = find_shipped_file(TABLE_NAME) if pricing is None else Path(pricing)
    names = tuple(sorted((models or {}).items()))
    terms = _Terms(question, path.read_bytes(), path.name, as_of, platform, model, mode, assumptions, image_size, kind, names)
    _make_engine(terms)  # what is wrong with them is said here, not on a worker
    return ArrowColumn(terms)


@lru_cache(8)
def _make_engine(terms: _Terms) -> _Engine:
    if terms.version != __version__:
        raise Gpt41Error(f"expected gpt41 {terms.version} on every worker, found {__version__}")
    catalog = (read_parsed(terms.table) or parse_catalog(terms.table, terms.table_name)).with_aliases(dict(terms.names))
    variant = catalog.variant(catalog.translate(terms.model)) if terms.model else None
    meter = Meter(catalog, variant and variant.id, terms.image_size, is_much=fast.is_installed(), as_of=terms.as_of)
    market = Market(catalog, catalog.platform(terms.platform), terms.as_of)
    return _Engine(meter, RequestPricer(market, meter, terms.assumptions, variant, terms.mode))


def _decode(requests: pa.Array) -> pa.Array:
    """Return rows of text or bytes. Raises TypeError for any other type; a column of nulls has none."""
    if pa.types.is_dictionary(requests.type):
        requests = requests.dictionary_decode()
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary, pa.types.is_null)
    if not any(is_kind(requests.type) for is_kind in kinds):
        raise TypeError(f"expected a column of JSON as text or bytes, found {requests.type}")
    return requests


def _make_counted_row(engine: _Engine, sent: ParsedRequest) -> dict[str, object]:
    record = dict(make_counted_record(engine.meter.count(sent)))
    parts, doubts = record["parts"], record["assumptions"]
    assert isinstance(parts, dict)
    assert isinstance(doubts, list)
    record.update({f"{part}_tokens": tokens for part, tokens in parts.items()})
    record["assumptions"] = list(dict.fromkeys(str(doubt["rule"]) for doubt in doubts))
    return _select(record, _COUNTED)


def _make_priced_row(engine: _Engine, sent: ParsedRequest) -> dict[str, object]:
    """Raises BadBody for a price with more decimals than the column has: pyarrow rounds nothing, and would fail for all rows."""
    record = _select(make_priced_record(engine.pricer.price(sent)), _PRICED)
    for amount in record.values():
        if isinstance(amount, Decimal) and amount != round(amount, _DECIMALS):
            raise BadBody(expected=f"a price of at most {_DECIMALS} decimals", found=f"{amount.normalize():f}")
    return record


def _select(record: Mapping[str, object], fields: Mapping[str, pa.DataType]) -> dict[str, object]:
    """Return the fields of a record that the column has."""
    found = ((name, record.get(name)) for name in fields)
    return {name: _make_text(value) if isinstance(value, str) else value for name, value in found}


def _make_text(text: str) -> str:
    """Return text that Arrow takes: JSON may hold half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode()


def _write_type(frame: str, form: str, fields: Mapping[str, pa.DataType], names: Mapping[pa.DataType, str]) -> str:
    return frame.format(", ".join(form.format(name, names[kind]) for name, kind in fields.items()))
