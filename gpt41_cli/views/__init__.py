"""Draw a Report as characters. Each format is one file with `render(report, screen)`; VIEWS lists them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from importlib import import_module
from typing import NamedTuple

from gpt41_cli.display import format_exact, to_decimal
from gpt41_cli.errors import UnknownName
from gpt41_cli.reports import Report

VIEWS: Mapping[str, tuple[str, ...]] = {
    "text": (".txt",),
    "explain": (),
    "json": (".json",),
    "jsonl": (".jsonl",),
    "csv": (".csv",),
    "markdown": (".md",),
    "html": (".html", ".htm"),
    "github": (),
    "junit": (".xml",),
    "sarif": (".sarif", ".sarif.json"),
    "gitlab": (".gitlab.json", "gl-code-quality-report.json"),
}
"""The formats, each with the endings of files that are written in it. They are named, not imported: a run imports only what it
draws.
"""

RECORD_VIEWS: Mapping[str, tuple[str, ...]] = {**VIEWS, "parquet": (".parquet",)}
"""The formats of reports whose records fill tables: those of requests, of prices, and of a bill. `cli.parquet_files` writes
Parquet, which isn't made of characters.
"""

BILL_VIEWS: Mapping[str, tuple[str, ...]] = {**RECORD_VIEWS, "focus": (".focus.csv",)}
"""The formats of a bill, which is what `gpt41 reconcile` reports."""


class Screen(NamedTuple):
    """What the output goes to: its width (None: not a terminal, so nothing wraps), and whether it has colour and bar characters.

    `version` is that of the program, for formats that name what wrote them.
    """

    width: int | None
    has_colour: bool
    can_draw_bars: bool = True
    version: str = ""


def can_draw(encoding: str) -> bool:
    """Return True if a terminal of this encoding has the characters for bars.

    >>> can_draw("utf-8"), can_draw("latin-1")
    (True, False)
    """
    try:
        "█▏".encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def dump_exact(value: object) -> str:
    """Format values that JSON has no type for: a decimal with every digit, a ratio to 12 places, a day as YYYY-MM-DD.

    >>> dump_exact(Decimal("13.200")), dump_exact(Fraction(2, 3)), dump_exact(date(2026, 10, 23))
    ('13.2', '0.666666666667', '2026-10-23')
    """
    if isinstance(value, Decimal | Fraction):
        return format_exact(to_decimal(value) if isinstance(value, Fraction) else value)
    assert isinstance(value, date)
    return value.isoformat()


def render(report: Report, name: str, screen: Screen) -> str:
    """Draw the report in the format `name`, ending in a line break. Raises UnknownName for any other format."""
    if name not in BILL_VIEWS:
        raise UnknownName("format", name, VIEWS)
    drawn: str = import_module(f"gpt41_cli.views.{name}").render(report, screen)
    return drawn


def find_format(file: str, formats: Mapping[str, tuple[str, ...]] = VIEWS) -> str | None:
    """Find the format of a file by the longest ending of its name that fits; None if none does.

    >>> find_format("out/report.json"), find_format("report.GitLab.json"), find_format("report")
    ('json', 'gitlab', None)
    """
    fits = [(len(ending), name) for name, endings in formats.items() for ending in endings if file.lower().endswith(ending)]
    return max(fits)[1] if fits else None
