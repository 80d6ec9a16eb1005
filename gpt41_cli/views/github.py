"""Findings as workflow commands, which GitHub shows as annotations at their lines."""

from __future__ import annotations

from gpt41_cli.display import format_int, pluralize, sanitize
from gpt41_cli.findings import Finding
from gpt41_cli.reports import Report
from gpt41_cli.reports.places import find_file_location
from gpt41_cli.rules import Level
from gpt41_cli.views import Screen

_MAX_ANNOTATIONS = 10
"""Annotations of one level that GitHub shows of a step."""


def render(report: Report, screen: Screen) -> str:
    """Draw the headline, a command for each finding, and how many more findings there are than GitHub shows."""
    lines = [sanitize(report.headline)]
    rest = []
    for level in sorted(Level, reverse=True):
        same = [finding for finding in report.findings if finding.level is level]
        lines += map(_format_command, same[:_MAX_ANNOTATIONS])
        if len(same) > _MAX_ANNOTATIONS:
            rest.append((len(same) - _MAX_ANNOTATIONS, level.label))
    if rest:
        which = ", ".join(pluralize(count, label) for count, label in rest)
        lines.append(f"and {format_int(sum(count for count, _ in rest))} more that are not shown here: {which}")
    return "\n".join(lines) + "\n"


def _format_command(finding: Finding) -> str:
    """Format `::level file=...,line=...,col=...,title=...::message`, escaped as actions/toolkit does
    (packages/core/src/command.ts).
    """
    place = find_file_location(finding)
    where = {"file": place.path, "line": place.line, "col": place.column} if place else {}
    properties = {**where, "title": finding.rule.id}
    listed = ",".join(f"{name}={_escape_property(str(value))}" for name, value in properties.items() if value is not None)
    return f"::{finding.level.label} {listed}::{_escape_message(finding.message)}"


def _escape_message(text: str) -> str:
    """Escape percent signs. Line breaks and other unprintable characters are escaped before."""
    return sanitize(text).replace("%", "%25")


def _escape_property(text: str) -> str:
    return _escape_message(text).replace(":", "%3A").replace(",", "%2C")
