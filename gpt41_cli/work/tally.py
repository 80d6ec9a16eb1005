"""Sums over many counted requests: totals, percentiles, the largest, doubts. Memory doesn't grow with their number."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple, Self

from gpt41_cli.files.places import RejectedRequest, Rejections
from gpt41_cli.findings import CountedFinding, Place, sort_most_frequent_first
from gpt41_cli.rules import Rule
from gpt41_cli.tokens.pieces import PARTS, Entry
from gpt41_cli.totals import MAX_KEPT, Addable, Occurrences, sort_by_place


class LargestRequest(NamedTuple):
    """One of the largest requests."""

    input_tokens: int
    place: Place
    custom_id: str | None


def rank_by_size(large: LargestRequest) -> tuple[int, str, int]:
    """Return the sort key that puts the largest first, and among equals the first in the input."""
    return -large.input_tokens, large.place.path, large.place.position or 0


class Tally(Addable):
    """The figures that are reported of many requests together. Tallies add up in any order."""

    def __init__(self) -> None:
        self.exact_requests = 0
        self.lower_bound_requests = 0
        self.parts: Counter[str] = Counter(dict.fromkeys(PARTS, 0))
        self.places_by_doubt: defaultdict[tuple[Rule, str], Occurrences[Place]] = defaultdict(Occurrences)
        self.models: Counter[str] = Counter()
        self.rejects = Rejections()
        self.examples: list[Entry] = []  # the first that have something to show: pieces or doubts
        self._sizes: Counter[int] = Counter()
        self.largest: list[LargestRequest] = []  # the largest first; of equals, those that came first

    @classmethod
    def from_entries(cls, entries: Iterable[Entry | RejectedRequest]) -> Tally:
        """Tally entries and rejected requests."""
        tally = cls()
        for entry in entries:
            tally._add(entry)
        tally._trim()
        return tally

    @classmethod
    def from_sizes(cls, entries: Iterable[tuple[Entry | RejectedRequest, int]]) -> Tally:
        """Tally entries that stand for several requests each: their tokens alone, as their doubts aren't known one by one."""
        tally = cls()
        for entry, times in entries:
            if isinstance(entry, RejectedRequest):
                tally.rejects.add(entry, times)
            else:
                tally._add_tokens(entry, times)
        tally._trim()
        return tally

    def _add_tokens(self, entry: Entry, times: int) -> None:
        tokens = entry.input_tokens
        self._sizes[tokens] += times
        self.largest += [LargestRequest(tokens, entry.place, entry.custom_id)] * min(times, MAX_KEPT)
        for part, more in entry.parts.items():
            self.parts[part] += more * times

    def _add(self, entry: Entry | RejectedRequest) -> None:
        if isinstance(entry, RejectedRequest):
            self.rejects.add(entry)
            return
        if entry.model is not None:
            self.models[entry.model] += 1
        self._add_tokens(entry, 1)
        if entry.doubts:
            for doubt in dict.fromkeys((doubt.rule, doubt.message) for doubt in entry.doubts):
                self.places_by_doubt[doubt].add(entry.place)
            self.lower_bound_requests += entry.is_lower_bound
        else:
            self.exact_requests += 1
        if entry.pieces or entry.doubts:
            self.examples.append(entry)

    def __iadd__(self, other: Addable) -> Self:
        super().__iadd__(other)
        self._trim()
        return self

    def _trim(self) -> None:
        self.largest.sort(key=rank_by_size)
        sort_by_place(self.examples)
        del self.largest[MAX_KEPT:], self.examples[MAX_KEPT:]

    @property
    def requests(self) -> int:
        """The number of requests."""
        return self._sizes.total()

    @property
    def input_tokens(self) -> int:
        """The tokens of all requests."""
        return sum(size * count for size, count in self._sizes.items())

    def count_over(self, most: int) -> int:
        """Count the requests with more input tokens than the limit."""
        return sum(many for size, many in self._sizes.items() if size > most)

    @property
    def doubt_counts(self) -> list[CountedFinding]:
        """Every doubt, the most frequent first."""
        return sort_most_frequent_first(self.places_by_doubt)

    def percentile(self, percent: int) -> int:
        """Return the smallest size that at least this percentage of requests doesn't exceed (nearest rank)."""
        still = -(-self.requests * percent // 100)
        for size in sorted(self._sizes):
            still -= self._sizes[size]
            if still <= 0:
                return size
        return 0
