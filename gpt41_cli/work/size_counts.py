"""Count how many requests there are of each size, in little memory.

A size is a named tuple that begins with three numbers of tokens (or None), which differ from request to request; the rest is
mostly the same. A log may have hundreds of thousands of sizes, and as an object each takes 200 bytes. So if many have the same
rest, they are packed: the three numbers become one, in a sorted array, which takes 20 bytes.
"""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import chain
from typing import Any, Generic, Self, TypeAlias, TypeVar

S = TypeVar("S", bound=tuple[Any, ...])

_NUMBERS, _BITS = 3, 21
"""Three numbers below two million, which is more than a context window, fit into one of 64 bits."""

_MASK = (1 << _BITS) - 1

_MAX_LOOSE, _MIN_PACKED = 4_000, 50
"""How many sizes are kept as they are, and how many of these must have the same rest to be worth packing."""

_BUCKETS = 251
"""How many arrays share the sizes of one rest, by the remainder of the code: inserting into a short array is quick."""


class _Bucket:
    """Sorted codes of sizes, and how many requests there are of each."""

    def __init__(self) -> None:
        from array import array  # imported here: few runs pack sizes

        self.codes = array("Q")
        self.counts: list[int] = []

    def add(self, code: int, many: int) -> None:
        index = bisect_left(self.codes, code)
        if index < len(self.codes) and self.codes[index] == code:
            self.counts[index] += many
        else:
            self.codes.insert(index, code)
            self.counts.insert(index, many)


class SizeCounts(Generic[S]):
    """Counts sizes, which are all of one type, as a Counter does. Adds up with `+=`."""

    def __init__(self, counts: Iterable[tuple[S, int]] = ()) -> None:
        self._loose: Counter[S] = Counter()
        self._max_loose = _MAX_LOOSE
        self._packed: defaultdict[tuple[Any, ...], defaultdict[int, _Bucket]] = defaultdict(partial(defaultdict, _Bucket))
        self._type: type[S] | None = None
        for size, many in counts:
            self.add(size, many)

    def add(self, size: S, many: int = 1) -> None:
        """Count `many` more requests of a size."""
        self._loose[size] += many
        if len(self._loose) > self._max_loose:
            self._type = type(size)
            self._pack(_MIN_PACKED)
            self._max_loose = 2 * len(self._loose) + _MAX_LOOSE

    def __iadd__(self, other: SizeCounts[S]) -> Self:
        for size, many in other.items():
            self.add(size, many)
        return self

    def _pack(self, least: int) -> None:
        """Pack the sizes that have a rest of packed ones, or the same rest as at least so many."""
        if not self._packed and least > len(self._loose):
            return
        rests = Counter(size[_NUMBERS:] for size in self._loose)
        stay: Counter[S] = Counter()
        for size, many in self._loose.items():
            rest, code = size[_NUMBERS:], _encode(size)
            if code is None or (rest not in self._packed and rests[rest] < least):
                stay[size] = many
            else:
                self._packed[rest][code % _BUCKETS].add(code, many)
        self._loose = stay

    def items(self) -> Iterator[tuple[S, int]]:
        """Yield each size once, and how many requests have it."""
        self._pack(sys.maxsize)
        return chain(self._loose.items(), self._unpack())

    def _unpack(self) -> Iterator[tuple[S, int]]:
        for rest, buckets in self._packed.items():
            assert self._type
            for bucket in buckets.values():
                for code, many in zip(bucket.codes, bucket.counts, strict=True):
                    first, second, third = code >> 2 * _BITS, code >> _BITS & _MASK, code & _MASK
                    numbers = first - 1 if first else None, second - 1 if second else None, third - 1 if third else None
                    yield tuple.__new__(self._type, numbers + rest), many

    def __iter__(self) -> Iterator[S]:
        return (size for size, _ in self.items())

    def __len__(self) -> int:
        self._pack(sys.maxsize)
        return len(self._loose) + sum(len(bucket.codes) for buckets in self._packed.values() for bucket in buckets.values())


Sizes: TypeAlias = Mapping[S, int] | SizeCounts[S]
"""How many requests there are of each size."""


def _encode(size: tuple[Any, ...]) -> int | None:
    """Return the numbers that a size begins with as one; None if one of them is too large."""
    code = 0
    for number in size[:_NUMBERS]:
        digit = 0 if number is None else number + 1
        if digit > _MASK:
            return None
        code = code << _BITS | digit
    return code
