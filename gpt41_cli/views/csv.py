"""The records of a report as CSV (RFC 4180): a header, then exact values. Nested fields become `outer.inner`, lists JSON.

Text that a spreadsheet would take for a formula gets an apostrophe in front: text that begins with `=`, `+`, `-` or `@`, or with
apostrophes and then one of these. So a program can take exactly one apostrophe away again. Numbers stay as they are.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence

from gpt41_cli.display import escape_commands, sanitize
from gpt41_cli.reports import Json, Report
from gpt41_cli.views import Screen, dump_exact

# Source: https://owasp.org/www-community/attacks/CSV_Injection (2026-11-29). Tabs and line breaks, which it names too, are
# escaped by `sanitize`. A sign alone is no formula, and `-` is standard input.
_FORMULA = re.compile(r"'*[=+\-@\uff1d\uff0b\uff0d\uff20].")


def render(report: Report, screen: Screen) -> str:
    """Draw one line per record. Null is an empty cell."""
    return write_rows(report.records)


def write_rows(records: Iterable[Mapping[str, Json]], names: Iterable[str] = ()) -> str:
    """Write one line per record, with the columns `names` first."""
    rows = [_flatten(record) for record in records]
    out = io.StringIO()
    columns = dict.fromkeys((*names, *(name for row in rows for name in row)))
    writer = csv.DictWriter(out, fieldnames=list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _flatten(record: Mapping[str, Json], prefix: str = "") -> dict[str, Json]:
    flat: dict[str, Json] = {}
    for key, value in record.items():
        name = sanitize(prefix + key)
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{key}.")
        elif isinstance(value, bool) or (isinstance(value, Sequence) and not isinstance(value, str)):
            flat[name] = escape_commands(json.dumps(value, default=dump_exact))
        elif value is None or isinstance(value, int):
            flat[name] = value
        else:
            flat[name] = _make_safe(value) if isinstance(value, str) else dump_exact(value)
    return flat


def _make_safe(text: str) -> str:
    """Return text that is data to terminals, CI runners and spreadsheets. The exact text is in the JSON."""
    safe = sanitize(text)
    return f"'{safe}" if _FORMULA.match(safe) else safe
