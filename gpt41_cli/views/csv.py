"""The report's records as CSV (RFC 4180): a header, then exact values; nested fields become `outer.inner`."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from gpt41_cli.display import printable
from gpt41_cli.reports import Json, Report
from gpt41_cli.views import Screen


def render(report: Report, screen: Screen) -> str:
    """One line a record. Null is an empty cell."""
    rows = [_flat(record) for record in report.records]
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def _flat(record: Mapping[str, Json], prefix: str = "") -> dict[str, Json]:
    flat: dict[str, Json] = {}
    for key, value in record.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            # The exact name is in the JSON; here it may reach a terminal.
            flat[prefix + key] = printable(value) if isinstance(value, str) else value
    return flat
