"""The shipped price table as it was parsed when the package was built: parsing it again takes a third of a small run.

It is a pickle next to this module, as trusted as the code; no option names another. It counts only if it was made from the very
bytes of pricing.yaml and has the records of this version: a changed table is read from its YAML. The build of the package makes
it (`hatch_build.py`), in a source tree `pip install --editable .` and the tests.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gpt41_cli.catalog.lookup import Catalog
from gpt41_cli.shipped import find_shipped_file

PARSED_TABLE = Path(__file__).with_name("pricing.pickle")


def read_parsed(data: bytes) -> Catalog | None:
    """Return the catalog that was parsed from `data`, the bytes of pricing.yaml; None if there is none."""
    try:
        source, fields, catalog = pickle.loads(PARSED_TABLE.read_bytes())  # noqa: S301 # it comes with the package, as the code does
    except Exception:  # there is none, it is damaged, or has other records: the YAML says it all
        return None
    is_current = source == data and all(record._fields == names for record, names in fields.items())
    return catalog if is_current else None


def write_parsed() -> None:
    """Parse the table that ships, and write what was read."""
    from gpt41_cli.catalog import TABLE_NAME, parse_catalog

    data = find_shipped_file(TABLE_NAME).read_bytes()
    catalog = parse_catalog(data, TABLE_NAME)
    fields = {record: record._fields for record in _list_records(catalog)}
    PARSED_TABLE.write_bytes(pickle.dumps((data, fields, catalog)))


def _list_records(value: object) -> Iterator[Any]:
    """Yield the class of each record in a value."""
    if hasattr(value, "_fields"):
        yield type(value)
    if isinstance(value, tuple | Mapping):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _list_records(part)
