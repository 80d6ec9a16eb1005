"""Report -> characters. One file per format, each with `render(report, screen)`; VIEWS is the list of them."""

from __future__ import annotations

from importlib import import_module
from typing import NamedTuple

from gpt41_cli.errors import UnknownName
from gpt41_cli.reports import Report

# Named, not imported: a run pays for the one format it draws.
VIEWS = ("text", "json", "jsonl", "csv", "markdown", "github", "junit", "sarif", "gitlab")


class Screen(NamedTuple):
    """What the output goes to: the width of a terminal (None: no terminal, so nothing is wrapped) and whether it has colour."""

    width: int | None
    colour: bool


def render(report: Report, name: str, screen: Screen) -> str:
    """The report in the format `name`, ending in a line break. UnknownName for any other format."""
    if name not in VIEWS:
        raise UnknownName("format", name, VIEWS)
    drawn: str = import_module(f"gpt41_cli.views.{name}").render(report, screen)
    return drawn
