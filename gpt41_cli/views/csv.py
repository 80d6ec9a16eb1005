"""The records of a report as CSV (RFC 4180): a header, then exact values. Nested fields become `outer.inner`, lists JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence

from gpt41_cli.display import escape_commands, sanitize
from gpt41_cli.reports import Json, Report
from gpt41_cli.views import Screen, dump_exact


def render(report: Report, screen: Screen) -> str:
    """Draw one line per record. Null is an empty cell."""
    rows = [_flatten(record) for record in report.records]
    out = io.StringIO()
    names = dict.fromkeys(name for row in rows for name in row)
    writer = csv.DictWriter(out, fieldnames=list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _flatten(record: Mapping[str, Json], prefix: str = "") -> dict[str, Json]:
    flat: dict[str, Json] = {}
    for key, value in record.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{key}.")
        elif isinstance(value, bool) or (isinstance(value, Sequence) and not isinstance(value, str)):
            flat[sanitize(prefix + key)] = escape_commands(json.dumps(value, default=dump_exact))
        elif value is None or isinstance(value, int):
            flat[sanitize(prefix + key)] = value
        else:
            # The exact name is in the JSON; here it may reach a terminal.
            flat[sanitize(prefix + key)] = sanitize(value if isinstance(value, str) else dump_exact(value))
    return flat
