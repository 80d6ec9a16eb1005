"""The records of a report as JSON Lines: one compact object per line, fit for streaming."""

from __future__ import annotations

import json
from collections.abc import Mapping

from gpt41_cli.display import escape_commands
from gpt41_cli.reports import Json, Report
from gpt41_cli.views import Screen, dump_exact


def render(report: Report, screen: Screen) -> str:
    """Draw one line per record."""
    return "".join(map(format_record, report.records))


def format_record(record: Mapping[str, Json]) -> str:
    """Format one record with its line break. Nothing in it can break the line or act on a terminal."""
    return escape_commands(json.dumps(record, separators=(",", ":"), default=dump_exact)) + "\n"
