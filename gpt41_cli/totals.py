"""Totals that add up attribute by attribute, so that chunks of requests can be counted anywhere and merged in any order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

K = TypeVar("K")
T = TypeVar("T")
V = TypeVar("V")

MAX_KEPT = 10
"""How many of many are kept to be shown."""


class Addable:
    """Adds up with `+=`, attribute by attribute: numbers, lists, arrays and other totals by their own `+=`, sets by their union,
    dictionaries (which must have a default) key by key. None adds nothing.
    """

    def __iadd__(self, other: Addable) -> Self:
        mine = vars(self)
        for name, value in vars(other).items():
            mine[name] = _add(mine[name], value)
        return self


def _add(total: Any, value: Any) -> Any:
    if isinstance(total, Counter):
        total.update(value)  # `+=` would drop the keys whose count is zero
    elif isinstance(total, dict):
        for key, each in value.items():
            total[key] = _add(total[key], each)
    elif isinstance(total, set):
        total |= value
    elif value is not None:
        total += value
    return total


class Largest(int):
    """A number that adds up by keeping the larger one."""

    def __add__(self, other: int) -> Largest:
        return Largest(max(self, other))


def rank_place(example: Any) -> tuple[str, int, int, int]:
    """Return the sort key of a Place, or of what has one: the path, and where in it. What has none comes first."""
    path, line, column, position = getattr(example, "place", example) or ("", 0, 0, 0)
    return path, line or 0, column or 0, position or 0


@dataclass
class Occurrences(Addable, Generic[T]):
    """How often something occurred, and the first few examples: places, or what has one. They are added in order.

    Sums may be added in any order: they keep the examples whose places are the least.
    """

    count: int = 0
    examples: list[T] = field(default_factory=list)

    def add(self, example: T, times: int = 1) -> None:
        """Count one more, or several of which this is the first."""
        self.count += times
        if len(self.examples) < MAX_KEPT:
            self.examples.append(example)

    def __iadd__(self, other: Addable) -> Self:
        super().__iadd__(other)
        self.examples.sort(key=rank_place)
        del self.examples[MAX_KEPT:]
        return self


def sort_by_first_place(found: dict[K, V], list_places: Callable[[V], Occurrences[Any]]) -> None:
    """Order a dictionary by the first place of each value, and by key if that is the same."""
    ordered = sorted(found.items(), key=lambda item: (rank_place(list_places(item[1]).examples[0]), str(item[0])))
    found.clear()
    found.update(ordered)
