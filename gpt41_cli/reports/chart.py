"""A chart as data: exact points in named series, marks, and the same as a table for people who can't see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.display import format_money, format_price, format_score, to_decimal
from gpt41_cli.reports import Json

UNIT_FORMATTERS: Mapping[str, Callable[[Decimal], str]] = {
    "usd": format_money,
    "share": lambda share: format_score(Fraction(share)),
    "count": lambda count: f"{to_decimal(Fraction(count), 1):,f}",
    "name": lambda _: "",
}
"""How the figures of an axis read: US dollars, shares of one as percentages, counts to tenths. A name isn't a figure."""


class ChartAxis(NamedTuple):
    """The title of an axis, and its unit, one of UNITS. `is_price`: dollars are those of one request."""

    title: str
    unit: str
    is_price: bool = False

    @property
    def json(self) -> Mapping[str, Json]:
        """The title and unit."""
        return {"title": self.title, "unit": self.unit}

    def format_value(self, value: Decimal | str) -> str:
        """Format a value on the axis."""
        if isinstance(value, str):
            return value
        return format_price(value) if self.is_price else UNIT_FORMATTERS[self.unit](value)


class ChartPoint(NamedTuple):
    """A name or figure on the first axis, and a figure on the second. `remark` is text next to it."""

    x: Decimal | str
    y: Decimal
    remark: str = ""


class ChartSeries(NamedTuple):
    """Points under one name; `tone` is chosen, faint (it doesn't fit) or empty, as in a Row.

    `is_path`: steps that join points of other series. `model` and `mode` are those of a point in a chart of points.
    """

    name: str
    points: tuple[ChartPoint, ...]
    tone: str = ""
    is_path: bool = False
    model: str = ""
    mode: str = ""


class ChartMark(NamedTuple):
    """A marked point in a chart of lines, or a line across it if `x` or `y` is None."""

    text: str
    x: Decimal | None = None
    y: Decimal | None = None


class Chart(NamedTuple):
    """A chart. `kind` is lines, bars (next to each other), stack (on top of each other) or points.

    `name` fits a file name; `description` says in words what the chart shows.
    """

    name: str
    kind: str
    title: str
    description: str
    x: ChartAxis
    y: ChartAxis
    series: tuple[ChartSeries, ...]
    marks: tuple[ChartMark, ...] = ()

    @property
    def json(self) -> Mapping[str, Json]:
        """The whole chart, with every figure exact."""
        return {
            "name": self.name,
            "kind": self.kind,
            "title": self.title,
            "description": self.description,
            "x": self.x.json,
            "y": self.y.json,
            "series": [
                {"name": sery.name, "tone": sery.tone, "points": [point._asdict() for point in sery.points]}
                for sery in self.series
            ],
            "marks": [mark._asdict() for mark in self.marks],
        }
