"""Totals that add up attribute by attribute, so that chunks of requests can be counted anywhere and merged in any order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

from gpt41_cli.findings import Place

K = TypeVar("K")
T = TypeVar("T")
V = TypeVar("V")

_NOWHERE = Place("")

MAX_KEPT = 10
"""How many examples are kept to be shown."""


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
        for key, part in value.items():
            total[key] = _add(total[key], part)
    elif isinstance(total, set):
        total |= value
    elif value is not None:
        total += value
    return total


class Largest(int):
    """A number that adds up by keeping the larger one."""

    def __add__(self, other: int) -> Largest:
        return Largest(max(self, other))


def sort_by_place(examples: list[Any]) -> None:
    """Sort places, or objects with one, by their position in their file. Files keep their order."""
    examples.sort(key=_make_rank(examples))


def _make_rank(examples: Iterable[Any]) -> Callable[[Any], tuple[int, int, int, int]]:
    """Return the sort key of a Place, or of an object with one, among `examples`. Objects without one come first."""
    files = {path: number for number, path in enumerate(dict.fromkeys(_get_place(example).path for example in examples))}

    def rank(example: Any) -> tuple[int, int, int, int]:
        path, line, column, position = _get_place(example)
        return files[path] if path else -1, line or 0, column or 0, position or 0

    return rank


def _get_place(example: Any) -> Place:
    return getattr(example, "place", example) or _NOWHERE


@dataclass
class Occurrences(Addable, Generic[T]):
    """How often something occurred, and the first few examples: places, or objects with one. They are added in order.

    Sums of the parts of a file may be added in any order: they keep the examples that come first in it.
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
        sort_by_place(self.examples)
        del self.examples[MAX_KEPT:]
        return self


def sort_by_first_place(values: dict[K, V], list_places: Callable[[V], Occurrences[Any]]) -> None:
    """Order a dictionary by the first place of each value, as `sort_by_place` does, and by key if that is the same."""
    firsts = {key: list_places(value).examples[0] for key, value in values.items()}
    rank = _make_rank(firsts.values())
    ordered = sorted(values.items(), key=lambda item: (rank(firsts[item[0]]), str(item[0])))
    values.clear()
    values.update(ordered)
