"""The sums over many counted requests, in memory that does not grow with them: totals, percentiles, the largest, doubts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple, Self

from gpt41_cli.files.places import KEPT, Done, Invalid, Place, Rejects
from gpt41_cli.tokens.pieces import PARTS, Entry


class Large(NamedTuple):
    """One of the largest requests."""

    input_tokens: int
    place: Place
    custom_id: str | None


def rank(large: Large) -> tuple[int, str, int]:
    """What sorts the largest first, and of equals those that stand first."""
    return -large.input_tokens, large.place.path, large.place.position or 0


class Reason(NamedTuple):
    """A doubt, in how many requests, and where the first of them stands."""

    rule: str
    message: str
    requests: int
    first: Place


class Tally:
    """Everything that is said of many requests together. Tallies add up with `+`, in any order."""

    def __init__(self) -> None:
        self.exact = 0
        self.lower_bounds = 0
        self.parts: Counter[str] = Counter(dict.fromkeys(PARTS, 0))
        self.doubts: Counter[tuple[str, str]] = Counter()
        self.first_places: dict[tuple[str, str], Place] = {}
        self.rejects = Rejects()
        self.shown: list[Done[Entry]] = []  # the first that have something to show: pieces or doubts
        self._sizes: Counter[int] = Counter()
        self._largest: list[Large] = []

    @classmethod
    def of(cls, found: Iterable[Done[Entry] | Invalid]) -> Tally:
        """The tally of all that is found."""
        tally = cls()
        for each in found:
            tally._add(each)
        tally._trim()
        return tally

    def _add(self, found: Done[Entry] | Invalid) -> None:
        if isinstance(found, Invalid):
            self.rejects.add(found)
            return
        place, entry = found
        tokens = entry.input_tokens
        self._sizes[tokens] += 1
        self._largest.append(Large(tokens, place, entry.custom_id))
        for part, count in entry.parts.items():
            self.parts[part] += count
        if entry.doubts:
            for doubt in dict.fromkeys((doubt.rule, doubt.message) for doubt in entry.doubts):
                self.doubts[doubt] += 1
                self.first_places.setdefault(doubt, place)
            self.lower_bounds += entry.is_lower_bound
        else:
            self.exact += 1
        if entry.pieces or entry.doubts:
            self.shown.append(found)

    def __iadd__(self, other: Tally) -> Self:
        self.exact += other.exact
        self.lower_bounds += other.lower_bounds
        for part, count in other.parts.items():
            self.parts[part] += count
        self.doubts.update(other.doubts)
        self.first_places = other.first_places | self.first_places
        self.rejects += other.rejects
        self.shown += other.shown
        self._sizes.update(other._sizes)
        self._largest += other._largest
        self._trim()
        return self

    def _trim(self) -> None:
        self._largest.sort(key=rank)
        del self._largest[KEPT:], self.shown[KEPT:]

    @property
    def requests(self) -> int:
        """How many requests there are."""
        return self._sizes.total()

    @property
    def input_tokens(self) -> int:
        """The tokens of all of them."""
        return sum(size * count for size, count in self._sizes.items())

    @property
    def largest(self) -> list[Large]:
        """The largest ones, the largest first; of equals, those that came first."""
        return self._largest

    def over(self, most: int) -> int:
        """How many requests have more input tokens than that."""
        return sum(many for size, many in self._sizes.items() if size > most)

    @property
    def reasons(self) -> list[Reason]:
        """Every doubt, the most frequent first."""
        found = [Reason(*doubt, many, self.first_places[doubt]) for doubt, many in self.doubts.items()]
        return sorted(found, key=lambda each: (-each.requests, each.rule, each.message))

    def percentile(self, percent: int) -> int:
        """The smallest size that at least so many percent of the requests do not exceed (the nearest rank)."""
        still = -(-self.requests * percent // 100)
        for size in sorted(self._sizes):
            still -= self._sizes[size]
            if still <= 0:
                return size
        return 0
