"""A chart as data: exact points under named series, what is marked in it, and the same as a table for who cannot see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.display import decimal, exact, money, score
from gpt41_cli.reports import Json


def _count(amount: Decimal) -> str:
    return f"{decimal(Fraction(amount), 1):,f}"


def _name(_: Decimal) -> str:
    return ""


UNITS: Mapping[str, Callable[[Decimal], str]] = {
    "usd": money,
    "share": lambda share: score(Fraction(share)),
    "count": _count,
    "name": _name,
}
"""How the figures of an axis read: US dollars, shares of one as percentages, counts to tenths. A name is no figure."""


class Axis(NamedTuple):
    """What is told along an axis, and the unit, one of UNITS."""

    title: str
    unit: str

    def told(self, value: Decimal | str) -> str:
        """A value to be read."""
        return value if isinstance(value, str) else UNITS[self.unit](value)


class Point(NamedTuple):
    """A name or a figure along the first axis, a figure along the second. `remark`: what is to be read beside it."""

    x: Decimal | str
    y: Decimal
    remark: str = ""


class Series(NamedTuple):
    """Points under one name; `tone` is chosen, faint (it does not fit) or empty, as that of a Row. `is_path`: steps that join
    points of other series.
    """

    name: str
    points: tuple[Point, ...]
    tone: str = ""
    is_path: bool = False


class Mark(NamedTuple):
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
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    marks: tuple[Mark, ...] = ()

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
                    "points": [{"x": _plain(point.x), "y": exact(point.y), "remark": point.remark} for point in each.points],
                }
                for each in self.series
            ],
            "marks": [
                {"text": mark.text, "x": _plain(mark.x), "y": None if mark.y is None else exact(mark.y)} for mark in self.marks
            ],
        }


def _plain(value: Decimal | str | None) -> str | None:
    return exact(value) if isinstance(value, Decimal) else value
