"""A text by its lines, which are found once."""

from __future__ import annotations

import re
from bisect import bisect_right

_ITEM = re.compile(r"\s*- ")
_CHUNK = 4_000
_LONGEST_MATCH = 200


class Lines:
    """The lines of one file, counted from 0."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self._blocks: dict[tuple[bool, int], tuple[int, int]] = {}
        self._matches: dict[tuple[re.Pattern[str], int], list[tuple[int, int]]] = {}

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, number: int) -> str:
        """Return a line without its line break."""
        return self.text[self.find_start(number) : self.find_end(number)].rstrip("\r\n")

    def find_number(self, at: int) -> int:
        """Return the number of the line that has an offset."""
        return bisect_right(self._starts, at) - 1

    def find_start(self, number: int) -> int:
        """Return the offset at which a line begins."""
        return self._starts[number]

    def find_end(self, number: int) -> int:
        """Return the offset at which the next line begins, or the length of the text."""
        return self._starts[number + 1] if number + 1 < len(self._starts) else len(self.text)

    def measure_indent(self, number: int) -> int:
        """Return how far a line is indented; for an item of a list, from behind its dash; for a line without text, -1."""
        line = self[number]
        content = line.lstrip(" \t-|")
        return len(line) - len(content) if content else -1

    def find_block(self, number: int, *, is_item: bool = False) -> tuple[int, int]:
        """Return the first and the last of the lines around one that are indented at least as far, as keys of a mapping are.

        With `is_item`, the lines of other items of the list that they are in don't count. A block is found once for all of its
        lines, so that many questions about a long one take no longer than one.
        """
        depth = self.measure_indent(number)
        known = self._blocks.get((is_item, depth))
        if known and known[0] <= number <= known[1]:
            return known
        first = last = number
        while first and self.measure_indent(first - 1) >= depth and not (is_item and _ITEM.match(self[first])):
            first -= 1
        end = len(self) - 1
        while last < end and self.measure_indent(last + 1) >= depth and not (is_item and self._begins_item(last + 1, depth)):
            last += 1
        self._blocks[is_item, depth] = first, last
        return first, last

    def has_match(self, pattern: re.Pattern[str], start: int, end: int) -> bool:
        """Return True if a short `pattern` matches between two offsets. No part of the text is searched twice for a pattern."""
        return any(
            start <= begins and ends <= end
            for chunk in range(start // _CHUNK, -(-end // _CHUNK))
            for begins, ends in self._find_matches(pattern, chunk)
        )

    def _begins_item(self, number: int, depth: int) -> bool:
        """Return True if the line begins the next item of the list that a block of this depth is in."""
        line = self[number]
        return _ITEM.match(line) is not None and len(line) - len(line.lstrip()) < depth

    def _find_matches(self, pattern: re.Pattern[str], chunk: int) -> list[tuple[int, int]]:
        """Return the offsets of the matches that begin in a part of the text."""
        spans = self._matches.get((pattern, chunk))
        if spans is None:
            start = chunk * _CHUNK
            matches = pattern.finditer(self.text, start, start + _CHUNK + _LONGEST_MATCH)
            spans = self._matches[pattern, chunk] = [match.span() for match in matches if match.start() < start + _CHUNK]
        return spans
