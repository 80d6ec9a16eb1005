"""Find the parameters next to a model: those of the same call, object or mapping."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from gpt41_cli.code.lines import Lines

_TOKEN = re.compile(r"\"\"\".*?\"\"\"|'''.*?'''|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|[()\[\]{}]", re.DOTALL)
_CLOSING = {")": "(", "]": "[", "}": "{"}
MAX_REGION = 20_000
"""The most characters of a call that is looked into: a longer stretch isn't one call."""

MAX_DISTANCE = 5_000
"""Characters between a model and a parameter of the same mapping at most, if it has no brackets: it may be a whole file."""

_SET = re.compile(r"(?<![\w.$\"'-])([\"']?)([A-Za-z_]\w*)\1[ \t]*(?::|=>|=(?!=))")
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


class _Region(NamedTuple):
    """A call, an object or a mapping: the offsets at which each parameter is set, and its endpoint and effort."""

    offsets: Mapping[str, Sequence[int]]
    endpoint: str | None
    effort: str | None


class CallFinder:
    """Finds the parameters next to the names of one file, which is split into tokens once, and only if it has a call."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._text = lines.text
        self._known: dict[tuple[int, int], _Region] = {}

    @cached_property
    def _brackets(self) -> list[_Bracket]:
        return list(_nest(sorted(_find_pairs(self._text))))

    def find_surroundings(self, at: int, names: Collection[str]) -> Surroundings:
        """Return which of the parameters `names` are set in the call around an offset."""
        start, end, distance = self._find_region(at)
        region = self._known.get((start, end)) or self._known.setdefault((start, end), self._read_region(start, end))
        pairs = []
        for name in names:
            offsets = region.offsets.get(name, ())
            index = bisect_left(offsets, at - distance)
            if index < len(offsets) and offsets[index] < at + distance:
                pairs.append((offsets[index], name))
        parameters = (Parameter(name, self._lines.find_number(offset) + 1) for offset, name in sorted(pairs))
        return Surroundings(tuple(parameters), region.endpoint, region.effort)

    def _read_region(self, start: int, end: int) -> _Region:
        offsets: dict[str, list[int]] = {}
        for match in _SET.finditer(self._text, start, end):
            offsets.setdefault(match[2], []).append(match.start(2))
        before = max(0, start - 200)
        head = self._text[max(0, self._text.rfind("\n", max(0, before - 1_000), before)) : end]
        is_chat, is_responses = bool(_CHAT_CALL.search(head)), bool(_RESPONSES_CALL.search(head))
        endpoint = None if is_chat == is_responses else "chat-completions" if is_chat else "responses"
        effort = _EFFORT.search(self._text, start, end)
        return _Region(offsets, endpoint, effort[1] if effort else None)

    def _find_region(self, at: int) -> tuple[int, int, int]:
        """Return the innermost brackets around an offset, or the lines of the same mapping where there are none, and how far from
        the offset a parameter may be.
        """
        index = bisect_left(self._brackets, (at,)) - 1
        while index >= 0:
            start, end, outer = self._brackets[index]
            if at < end and self._text[start] != "[":
                if end - start <= MAX_REGION:
                    return start, end, MAX_REGION
                break
            index = outer
        first, last = self._lines.find_block(self._lines.find_number(at), is_item=True)
        return self._lines.find_start(first), self._lines.find_end(last), MAX_DISTANCE


class _Bracket(NamedTuple):
    """The offsets of a pair of brackets, and the position of the pair around it; -1 if there is none."""

    start: int
    end: int
    outer: int


def _nest(pairs: Sequence[tuple[int, int]]) -> Iterator[_Bracket]:
    """Yield pairs of brackets, which are sorted, with the pair that each is in."""
    opened: list[int] = []
    for index, (start, end) in enumerate(pairs):
        while opened and pairs[opened[-1]][1] <= start:
            opened.pop()
        yield _Bracket(start, end, opened[-1] if opened else -1)
        opened.append(index)


def _find_pairs(text: str) -> Iterator[tuple[int, int]]:
    """Yield the offsets of each pair of brackets outside of strings."""
    opened: list[tuple[str, int]] = []
    for match in _TOKEN.finditer(text):
        mark = match[0]
        if mark in "([{":
            opened.append((mark, match.start()))
        elif mark in _CLOSING and opened and opened[-1][0] == _CLOSING[mark]:
            yield opened.pop()[1], match.end()
