"""A text by its lines, which are found once."""

from __future__ import annotations

import re
from bisect import bisect_right


class Lines:
    """The lines of one file, counted from 0."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, number: int) -> str:
        """Return a line without what ends it."""
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
