"""A chart as data: exact points under named series, what is marked in it, and the same as a table for who cannot see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.display import format_exact, format_money, format_score, to_decimal
from gpt41_cli.reports import Json


def _format_count(amount: Decimal) -> str:
    return f"{to_decimal(Fraction(amount), 1):,f}"


def _format_no_figure(_: Decimal) -> str:
    return ""


UNIT_FORMATTERS: Mapping[str, Callable[[Decimal], str]] = {
    "usd": format_money,
    "share": lambda share: format_score(Fraction(share)),
    "count": _format_count,
    "name": _format_no_figure,
}
"""How the figures of an axis read: US dollars, shares of one as percentages, counts to tenths. A name is no figure."""


class ChartAxis(NamedTuple):
    """What is told along an axis, and the unit, one of UNITS."""

    title: str
    unit: str

    def format_value(self, value: Decimal | str) -> str:
        """A value to be read."""
        return value if isinstance(value, str) else UNIT_FORMATTERS[self.unit](value)


class ChartPoint(NamedTuple):
    """A name or a figure along the first axis, a figure along the second. `remark`: what is to be read beside it."""

    x: Decimal | str
    y: Decimal
    remark: str = ""


class ChartSeries(NamedTuple):
    """Points under one name; `tone` is chosen, faint (it does not fit) or empty, as that of a Row. `is_path`: steps that join
    points of other series. `model` and `mode` are those of a point in a chart of points.
    """

    name: str
    points: tuple[ChartPoint, ...]
    tone: str = ""
    is_path: bool = False
    model: str = ""
    mode: str = ""


class ChartMark(NamedTuple):
    """Something in a chart of lines that is told of: a point, or a line across it where `x` or `y` is None."""

    text: str
    x: Decimal | None = None
    y: Decimal | None = None


class Chart(NamedTuple):
    """`kind` is lines, bars (side by side), stack (one on the other) or points. `name` is fit for a file, `description` says in
    words what is to be seen.
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
        """All of it, every figure as an exact decimal string."""
        return {
            "name": self.name,
            "kind": self.kind,
            "title": self.title,
            "description": self.description,
            "x": self.x._asdict(),
            "y": self.y._asdict(),
            "series": [
                {
                    "name": each.name,
                    "tone": each.tone,
                    "points": [
                        {"x": _dump_value(point.x), "y": format_exact(point.y), "remark": point.remark} for point in each.points
                    ],
                }
                for each in self.series
            ],
            "marks": [
                {"text": mark.text, "x": _dump_value(mark.x), "y": None if mark.y is None else format_exact(mark.y)}
                for mark in self.marks
            ],
        }


def _dump_value(value: Decimal | str | None) -> str | None:
    return format_exact(value) if isinstance(value, Decimal) else value
