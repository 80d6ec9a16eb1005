"""The report's records as JSON Lines: one compact object a line, fit for a stream."""

from __future__ import annotations

import json
from collections.abc import Mapping

from gpt41_cli.display import escape_commands
from gpt41_cli.reports import Json, Report
from gpt41_cli.views import Screen, dump_exact


def render(report: Report, screen: Screen) -> str:
    """One line a record."""
    return "".join(map(format_record, report.records))


def format_record(record: Mapping[str, Json]) -> str:
    """One record, with its line break; nothing in it can break the line or reach a terminal."""
    return escape_commands(json.dumps(record, separators=(",", ":"), default=dump_exact)) + "\n"
