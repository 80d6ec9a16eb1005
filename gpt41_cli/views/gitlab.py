"""Findings as a GitLab code quality report. GitLab compares the fingerprints of two runs."""

from __future__ import annotations

import json

from gpt41_cli.display import escape_commands, sanitize
from gpt41_cli.reports import Report
from gpt41_cli.reports.places import place_findings
from gpt41_cli.rules import Level
from gpt41_cli.views import Screen

_SEVERITIES = {Level.ERROR: "major", Level.WARNING: "minor", Level.NOTICE: "info"}


def render(report: Report, screen: Screen) -> str:
    """Draw a JSON array with an object for each finding, the worst first."""
    issues = [
        {
            "description": sanitize(placement.finding.message),
            "check_name": placement.finding.rule.id,
            "fingerprint": placement.fingerprint,
            "severity": _SEVERITIES[placement.finding.level],
            "location": {"path": sanitize(placement.place.path), "lines": {"begin": placement.place.line or 1}},
        }
        for placement in place_findings(report)
    ]
    return escape_commands(json.dumps(issues, indent=2)) + "\n"
