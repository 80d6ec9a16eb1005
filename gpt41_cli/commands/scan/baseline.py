"""The baseline: places that an earlier scan found, which fail no check again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gpt41_cli.code.uses import CodeUse
from gpt41_cli.errors import InputError, quote_text
from gpt41_cli.files.sources import open_file, wrap_os_errors

SCHEMA = "gpt41.scan/1"

_MAX_BYTES = 100_000_000


def read_baseline(path: Path) -> Counter[str]:
    """Count the fingerprints of a saved scan. Raises InputError if it isn't what `gpt41 scan --format json` writes."""
    name = str(path)
    with wrap_os_errors(name), open_file(path) as stream:
        data = stream.read(_MAX_BYTES + 1)
    try:
        saved: Any = json.loads(data) if len(data) <= _MAX_BYTES else None
        schema = saved["schema"]
        fingerprints = [str(place["fingerprint"]) for place in saved["places"]] if schema == SCHEMA else []
    except (ValueError, TypeError, KeyError, RecursionError):
        expected = "what gpt41 scan --format json prints"
        raise InputError("--baseline", expected, "something else", location=name) from None
    if schema != SCHEMA:
        stated_schema = quote_text(str(schema)) if str(schema).startswith("gpt41.") else "another"  # this may be any file
        raise InputError("--baseline", f"a scan of this version ({SCHEMA})", stated_schema, "save it again", location=name)
    return Counter(fingerprints)


def find_known(uses: Iterable[CodeUse], baseline: Counter[str]) -> set[int]:
    """Return the positions of the uses that the baseline has. If a file has several equal lines, as many are known as the
    baseline has.
    """
    left = baseline.copy()
    known = set()
    for position, use in enumerate(uses):
        if left[use.fingerprint] > 0:
            left[use.fingerprint] -= 1
            known.add(position)
    return known
