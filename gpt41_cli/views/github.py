"""The findings as workflow commands, which GitHub shows as annotations at their lines."""

from __future__ import annotations

from gpt41_cli.display import number, plural, printable
from gpt41_cli.findings import Finding, Level
from gpt41_cli.reports import Report
from gpt41_cli.views import Screen
from gpt41_cli.views.places import in_file

_SHOWN = 10
"""Annotations of one level that GitHub shows of a step."""


def render(report: Report, screen: Screen) -> str:
    """The headline, a command for each finding, and how many more there are than GitHub would show."""
    lines = [printable(report.headline)]
    rest = []
    for level in sorted(Level, reverse=True):
        same = [each for each in report.findings if each.level is level]
        lines += map(_command, same[:_SHOWN])
        if len(same) > _SHOWN:
            rest.append((len(same) - _SHOWN, level.label))
    if rest:
        which = ", ".join(plural(count, label) for count, label in rest)
        lines.append(f"and {number(sum(count for count, _ in rest))} more that are not shown here: {which}")
    return "\n".join(lines) + "\n"


def _command(finding: Finding) -> str:
    """`::level file=...,line=...,col=...,title=...::message`, escaped as the toolkit does that actions are written with
    (actions/toolkit, packages/core/src/command.ts).
    """
    place = in_file(finding)
    where = {"file": place.path, "line": place.line, "col": place.column} if place else {}
    properties = {**where, "title": finding.rule}
    listed = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items() if value is not None)
    return f"::{finding.level.label} {listed}::{_data(finding.message)}"


def _data(text: str) -> str:
    """What is not printable, line breaks among it, is escaped already."""
    return printable(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
