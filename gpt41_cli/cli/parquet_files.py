"""The records of a report as Parquet, with types: money as decimals, tokens as integers, days as dates (extra `arrow`).

A column that is empty in one run and full in the next has the same type in both, so that their files can be read as one table.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from importlib.util import find_spec
from typing import Any

from gpt41_cli.display import to_decimal
from gpt41_cli.errors import InputError
from gpt41_cli.reports import Json, Report
from gpt41_cli.views import dump_exact

_DECIMALS = 12

_EMPTY_COLUMNS: Mapping[type, re.Pattern[str]] = {
    bool: re.compile(r"^(?:exact|lower_bound|ceiling)$|^is_"),
    int: re.compile(r"^(?:index|line)$|_tokens(?:_|$)|requests$"),
    date: re.compile(r"^(?:day|shutdown)$|^effective_"),
}
"""The types of columns that have no value, by their names. All others are text."""


def require_pyarrow(option: str) -> None:
    """Check that pyarrow, which writes Parquet, is installed. Raises InputError if it isn't."""
    if find_spec("pyarrow") is None:
        raise InputError(option, "pyarrow, which writes Parquet", "none", "pip install 'gpt41[arrow]'")


def make_parquet(report: Report) -> bytes:
    """Return the records of a report as a Parquet file. Raises InputError for money with more than 12 decimals."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kind = _find_struct_type(report.records)
    schema = pa.schema(list(kind), metadata={"gpt41.schema": report.schema})
    rows = [_convert(record, kind) for record in report.records]
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema), file, compression="zstd")
    return file.getvalue()


def _find_struct_type(records: Iterable[Mapping[str, Json]]) -> Any:
    """Return the type of records that have some fields in common."""
    import pyarrow as pa

    values: dict[str, list[Json]] = {}
    for record in records:
        for name, value in record.items():
            values.setdefault(name, []).append(value)
    return pa.struct([(name, _find_type(name, some)) for name, some in values.items()])


def _find_type(name: str, values: Sequence[Json]) -> Any:
    """Return the type of a field: by its name if that has a unit, else by its values. Lists are JSON, as in CSV."""
    import pyarrow as pa

    known = [value for value in values if value is not None]
    if any(isinstance(value, Mapping) for value in known):
        return _find_struct_type(value for value in known if isinstance(value, Mapping))
    if "_usd" in name or name.endswith("_percent") or any(isinstance(value, Decimal | Fraction) for value in known):
        return pa.decimal128(38, _DECIMALS)
    by_type = {bool: pa.bool_(), int: pa.int64(), date: pa.date32(), str: pa.string()}
    default = next((kind for kind, names in _EMPTY_COLUMNS.items() if names.search(name)), str)
    kinds = {type(value) for value in known} or {default}
    return by_type.get(kinds.pop(), pa.string()) if len(kinds) == 1 else pa.string()


def _convert(value: Json, kind: Any) -> Any:
    """Convert a value to what pyarrow takes for a type."""
    import pyarrow as pa

    if value is None:
        return None
    if pa.types.is_struct(kind):
        assert isinstance(value, Mapping)
        return {field.name: _convert(value.get(field.name), field.type) for field in kind}
    if pa.types.is_decimal(kind):
        return _make_decimal(value)
    if not pa.types.is_string(kind):
        return value
    text = value if isinstance(value, str) else json.dumps(value, default=dump_exact)
    return text.encode("utf-8", "replace").decode()  # JSON may hold half of a surrogate pair


def _make_decimal(value: Any) -> Decimal:
    exact = to_decimal(value) if isinstance(value, Fraction) else Decimal(value)
    if exact != round(exact, _DECIMALS):
        raise InputError("--output", f"figures of at most {_DECIMALS} decimals in Parquet", f"{exact.normalize():f}")
    return exact
