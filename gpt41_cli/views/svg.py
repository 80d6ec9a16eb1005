"""Draw a Chart as SVG: inside a page, with its colours, or as a separate file for light and dark."""

from __future__ import annotations

import html
import json
import re
from functools import cache
from importlib import resources
from types import ModuleType

from gpt41_cli.display import sanitize
from gpt41_cli.errors import InputError
from gpt41_cli.reports.chart import Chart
from gpt41_cli.views.vega import make_narrow_specification, make_specification

_ROOT_PATTERN = re.compile(r'<svg (.*?)width="(\d+)" height="(\d+)" viewBox="0 0 \2 \3"')
_MIN_WIDTH, _MIN_NARROW_WIDTH = 840, 400
"""All charts are at least this wide; otherwise their texts would differ in size when they are drawn as wide as a page or a phone.
"""


def import_converter() -> ModuleType:
    """Import the library that draws. Raises InputError if it isn't installed."""
    try:
        import vl_convert
    except ImportError:
        raise InputError(problem="charts need a library that is not installed: pip install 'gpt41[report]'") from None
    return vl_convert


@cache
def read_style_sheet(name: str) -> str:
    """Read a style sheet of this package."""
    return resources.files("gpt41_cli.views").joinpath(name).read_text(encoding="utf-8")


def draw_svg(chart: Chart, *, is_narrow: bool = False) -> str:
    """Draw an `svg` element for a page, or for a phone. To screen readers it is one picture with the title as its name.

    Raises InputError if the library can't work, as when the system refuses to start its threads.
    """
    specification = make_narrow_specification(chart) if is_narrow else make_specification(chart)
    try:
        drawn: str = import_converter().vegalite_to_svg(json.dumps(specification), allowed_base_urls=[])
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # it isn't an Exception, and its class isn't public
            raise
        raise InputError(problem=f"charts can't be drawn: {error}") from None
    label = html.escape(sanitize(f"{chart.title}. {chart.description}"))

    def root(match: re.Match[str]) -> str:
        width, height = max(int(match[2]), _MIN_NARROW_WIDTH if is_narrow else _MIN_WIDTH), match[3]
        return f'<svg role="img" aria-label="{label}" {match[1]}width="{width}" height="{height}" viewBox="0 0 {width} {height}"'

    return _ROOT_PATTERN.sub(root, drawn.strip(), count=1)


def draw_svg_file(chart: Chart) -> str:
    """Draw a whole SVG file."""
    start, end, rest = draw_svg(chart).partition(">")
    title, described = (html.escape(sanitize(text)) for text in (chart.title, chart.description))
    ground = '<rect width="100%" height="100%" fill="var(--raised)"/>'
    head = f"<title>{title}</title><desc>{described}</desc><style>{read_style_sheet('palette.css')}</style>"
    return f"{start}{end}{head}{ground}{rest}\n"
