"""pricing.yaml -> Catalog."""

from __future__ import annotations

import hashlib

from gpt41_cli.catalog import cursor
from gpt41_cli.catalog.lookup import Catalog
from gpt41_cli.records import build


def parse_catalog(data: bytes, file: str) -> Catalog:
    """Read the catalog from `data`, the bytes of a file called `file`. Raises TableError with line and column."""
    return build(Catalog, cursor.read_yaml(data, file), file=file, sha256=hashlib.sha256(data).hexdigest())
