"""Read pricing.yaml into a Catalog: the price table and its lookups. Costs are computed in `prices`."""

from __future__ import annotations

from pathlib import Path
from stat import S_ISREG

from gpt41_cli.catalog.checks import MODES
from gpt41_cli.catalog.lookup import Catalog, Variant
from gpt41_cli.catalog.market import Market, Offer
from gpt41_cli.errors import InputError, TableError
from gpt41_cli.records import build
from gpt41_cli.shipped import find_shipped_file

__all__ = ["MODES", "Catalog", "Market", "Offer", "Variant", "parse_catalog", "read_catalog"]

TABLE_NAME = "pricing.yaml"
MAX_TABLE_BYTES = 5_000_000


def parse_catalog(data: bytes, file: str) -> Catalog:
    """Read the catalog from `data`, the bytes of a file called `file`: a price table, or overrides of the one that ships.

    Raises TableError with line and column.
    """
    # Imported here: most runs take the table that ships as it was parsed, and need no YAML.
    import hashlib

    from gpt41_cli.catalog import cursor
    from gpt41_cli.catalog.overlay import apply_overlay, is_overlay

    root = cursor.read_yaml(data, file)
    if root.is_mapping and is_overlay(root):
        return apply_overlay(read_catalog(), root, data)
    return build(Catalog, root, file=file, sha256=hashlib.sha256(data).hexdigest(), aliases={})


def read_catalog(path: Path | str | None = None) -> Catalog:
    """Read the table at `path`, or the one that ships with the package. Raises InputError or TableError if it can't be used."""
    if path is None:
        from gpt41_cli.catalog.parsed import read_parsed

        data = find_shipped_file(TABLE_NAME).read_bytes()
        return read_parsed(data) or parse_catalog(data, TABLE_NAME)
    path = Path(path)
    try:
        if not S_ISREG(path.stat().st_mode):
            raise InputError(expected="a price table", found="something else", location=str(path))
        with path.open("rb") as file:
            data = file.read(MAX_TABLE_BYTES + 1)
    except OSError as error:
        raise InputError(expected="a readable price table", found=error, location=str(path)) from None
    if len(data) > MAX_TABLE_BYTES:
        raise TableError(expected=f"at most {MAX_TABLE_BYTES:,} bytes", found="more", location=str(path))
    return parse_catalog(data, str(path))
