"""Find the parameters that stand next to a model: those of the same call, object or mapping."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator
from functools import cached_property
from typing import NamedTuple

from gpt41_cli.code.lines import Lines

_TOKEN = re.compile(
    r"\"\"\".*?\"\"\"|'''.*?'''|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|[()\[\]{}]",
    re.DOTALL,
)
_CLOSING = {")": "(", "]": "[", "}": "{"}
MAX_REGION = 20_000
"""Characters of the longest call that is looked into: what is longer isn't the call alone."""

MAX_LINES = 200
MAX_MAPPING = 5_000
"""Lines and characters of a mapping that are looked into, before and after the model."""

_CHAT_CALL = re.compile(r"chat[._]?completions|ChatCompletion|/v1/chat/", re.IGNORECASE)
_EFFORT = re.compile(r"effort[\"']?[ \t]*[:=][ \t]*[\"']?(\w+)")
_RESPONSES_CALL = re.compile(r"responses\s*\.\s*\w+\s*\(|/v1/responses", re.IGNORECASE)


class Parameter(NamedTuple):
    """A parameter of a call, and the line where it is set, from 1."""

    name: str
    line: int


class Surroundings(NamedTuple):
    """The parameters that are set with a model. `endpoint`: chat-completions or responses, and `effort`, if they can be seen."""

    parameters: tuple[Parameter, ...]
    endpoint: str | None
    effort: str | None


class CallFinder:
    """Finds the brackets around the places of one file, which is split into tokens once, and only if it has a call."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._text = lines.text

    @cached_property
    def _regions(self) -> list[tuple[int, int]]:
        return sorted(_find_regions(self._text))

    def find_surroundings(self, at: int, names: Collection[str]) -> Surroundings:
        """Return which of the parameters `names` are set in the call around an offset."""
        start, end = self._find_region(at)
        region = self._text[start:end]
        either = "|".join(map(re.escape, sorted(names)))
        pattern = rf"(?<![\w.$\"'-])([\"']?)({either})\1[ \t]*(?::|=>|=(?!=))"
        found: dict[str, Parameter] = {}
        for match in re.finditer(pattern, region) if names else ():
            line = self._lines.find_number(start + match.start(2)) + 1
            found.setdefault(match[2], Parameter(match[2], line))
        head = self._text[max(0, self._text.rfind("\n", 0, max(0, start - 200))) : end]
        is_chat, is_responses = bool(_CHAT_CALL.search(head)), bool(_RESPONSES_CALL.search(head))
        endpoint = None if is_chat == is_responses else "chat-completions" if is_chat else "responses"
        effort = _EFFORT.search(region)
        return Surroundings(tuple(found.values()), endpoint, effort[1] if effort else None)

    def _find_region(self, at: int) -> tuple[int, int]:
        """Return the innermost brackets around an offset, or the lines of the same mapping where there are none."""
        for position in range(bisect_left(self._regions, (at, 0)) - 1, -1, -1):
            start, end = self._regions[position]
            if at - start > MAX_REGION:
                break
            if at < end and self._text[start] != "[":
                if end - start <= MAX_REGION:
                    return start, end
                break
        return _find_block(self._lines, at)


def _find_regions(text: str) -> Iterator[tuple[int, int]]:
    """Yield the offsets of each pair of brackets; what strings hold doesn't count."""
    opened: list[tuple[str, int]] = []
    for match in _TOKEN.finditer(text):
        mark = match[0]
        if mark in "([{":
            opened.append((mark, match.start()))
        elif mark in _CLOSING and opened and opened[-1][0] == _CLOSING[mark]:
            yield opened.pop()[1], match.end()


def _find_block(lines: Lines, at: int) -> tuple[int, int]:
    """Return the lines around an offset that are indented at least as far, as the keys of a mapping in YAML are."""
    number = lines.find_number(at)
    depth = _measure_indent(lines[number])
    first = last = number
    lowest, highest = max(0, number - MAX_LINES), min(len(lines), number + MAX_LINES)
    while first > lowest and _is_in_block(lines[first - 1], depth) and not lines[first].lstrip().startswith("- "):
        first -= 1
    while last + 1 < highest and _is_in_block(lines[last + 1], depth) and not _begins_item(lines[last + 1], depth):
        last += 1
    return max(lines.find_start(first), at - MAX_MAPPING), min(lines.find_end(last), at + MAX_MAPPING)


def _measure_indent(line: str) -> int:
    """Return how far the key of a line is indented; that of a list's item counts from behind its dash."""
    return len(line) - len(line.lstrip(" -"))


def _is_in_block(line: str, depth: int) -> bool:
    return bool(line.strip()) and _measure_indent(line) >= depth


def _begins_item(line: str, depth: int) -> bool:
    """Return True if the line begins the next item of the list that the block is in."""
    return line.lstrip().startswith("- ") and len(line) - len(line.lstrip()) < depth
