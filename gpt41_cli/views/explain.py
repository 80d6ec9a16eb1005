"""Draw a report for people who want to know why: as text, with every reason and the sources of all figures."""

from __future__ import annotations

from gpt41_cli.reports import Report
from gpt41_cli.views import Screen
from gpt41_cli.views.text import draw


def render(report: Report, screen: Screen) -> str:
    """Draw the report as text, with its details and a legend of sources."""
    return draw(report, screen, explains=True)
