"""Find where prompts that could share a beginning diverge: the message, line and text, and what it costs the cache."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

from gpt41_cli.catalog.limit_tables import CacheRules
from gpt41_cli.findings import Place
from gpt41_cli.requests.request import Image
from gpt41_cli.tokens.prefix import PromptStretch

_MAX_GROUPS = 20
"""Prompts that others are compared with, at most: each begins a kind of its own."""

_WORD_PATTERN = re.compile(r"\S*\s?")
_DATE_PATTERN = re.compile(
    r"\d{4}-\d\d|\d\d?:\d\d|\d\d?[./]\d\d?[./]\d\d"
    r"|\b(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|dec(ember)?"
    r"|(mon|tues?|wed(nes)?|thu(rs)?|fri|sat(ur)?|sun)(day)?)\b",
    re.IGNORECASE,
)
_ID_PATTERN = re.compile(r"[0-9a-f-]{8,}|\w*\d\w*[a-z]\w*\d|\w+[_-]\w*\d", re.IGNORECASE)

TOOL_ORDER, PICTURE, DATE, IDENTIFIER, NUMBER, TEXT = "order of tools", "picture", "date or time", "id", "number", "text"


class SampledPrompt(NamedTuple):
    """A prompt to compare: its place, its model, and its stretches; `stretch_tokens` has their tokens.

    `has_cached_tokens`: part of it is read from the cache.
    """

    place: Place
    model: str
    stretches: Sequence[PromptStretch]
    stretch_tokens: Sequence[int]
    has_cached_tokens: bool = False


class Divergence(NamedTuple):
    """Where two prompts diverge: after `shared_tokens`; both share `shared_tokens_after` more tokens after it.

    `stretch_index` counts from 0, `line` in its text from 1; `differing_words` are the words that differ, one for each prompt.
    """

    stretch_index: int
    section: str
    line: int
    kind: str
    differing_words: tuple[str, str]
    shared_tokens: int
    shared_tokens_after: int

    @property
    def total_shared_tokens(self) -> int:
        """All tokens that both share up to their second divergence."""
        return self.shared_tokens + self.shared_tokens_after


class CacheBreak(NamedTuple):
    """A place where prompts diverge although they share more after it.

    `requests` of the compared ones differ there in turn; `first_place` and `other_place` are two of them. If the difference stood
    at the end, `gained_tokens` more would be read from the cache.
    """

    divergence: Divergence
    first_place: Place
    other_place: Place
    requests: int
    gained_tokens: int
    model: str


class ShortPrefix(NamedTuple):
    """A beginning that `requests` without cached tokens share, and that is a little too short for the cache."""

    tokens: int
    requests: int
    first_place: Place


class PromptComparison(NamedTuple):
    """What the comparison of prompts found, the most expensive first."""

    breaks: Sequence[CacheBreak]
    short_prefixes: Sequence[ShortPrefix]


class _PromptGroup:
    """Similar prompts: the first one, and where the others diverge from it."""

    def __init__(self, first: SampledPrompt) -> None:
        self.first_prompt = first
        self.uncached_requests = 1
        self.shared_tokens: int | None = None  # with the first, the least by any other that is not read
        self.seen_words: dict[tuple[int, int], set[str]] = {}
        self.breaks: dict[tuple[int, int], CacheBreak] = {}


def compare_prompts(samples: Sequence[SampledPrompt], count: Callable[[str], int], rules: CacheRules) -> PromptComparison:
    """Compare each sample with the first prompt of every group so far. `count` counts the tokens of a text."""
    kinds: list[_PromptGroup] = []
    for sample in samples:
        _assign_to_group(sample, kinds, count, rules)
    breaks = [cache_break for kind in kinds for cache_break in kind.breaks.values() if cache_break.gained_tokens]
    nears = [
        ShortPrefix(kind.shared_tokens, kind.uncached_requests, kind.first_prompt.place)
        for kind in kinds
        if kind.shared_tokens is not None
        and rules.minimum_tokens - rules.step_tokens <= kind.shared_tokens < rules.minimum_tokens
    ]
    return PromptComparison(
        sorted(breaks, key=lambda cache_break: -cache_break.gained_tokens), sorted(nears, key=lambda near: -near.requests)
    )


def _assign_to_group(sample: SampledPrompt, kinds: list[_PromptGroup], count: Callable[[str], int], rules: CacheRules) -> None:
    """Add a prompt to the group that it shares most with, if that is worth caching; otherwise start a group."""
    nearest: tuple[_PromptGroup, Divergence] | None = None
    for kind in kinds:
        if kind.first_prompt.model == sample.model:
            parting = find_divergence(kind.first_prompt, sample, count)
            if parting is None:  # nothing tells them apart
                return
            if nearest is None or parting.total_shared_tokens > nearest[1].total_shared_tokens:
                nearest = kind, parting
    if nearest is None or nearest[1].total_shared_tokens < rules.minimum_tokens - rules.step_tokens:
        if len(kinds) < _MAX_GROUPS:
            kinds.append(_PromptGroup(sample))
        return
    kind, parting = nearest
    if not sample.has_cached_tokens:
        kind.uncached_requests += 1
        least = parting.shared_tokens if kind.shared_tokens is None else kind.shared_tokens
        kind.shared_tokens = min(least, parting.shared_tokens)
    _record_break(kind, parting, sample, rules)


def _record_break(kind: _PromptGroup, parting: Divergence, sample: SampledPrompt, rules: CacheRules) -> None:
    """Count the tokens that a divergence loses. A prompt whose text was seen before is in the cache already."""
    at = (parting.stretch_index, parting.line)
    seen = kind.seen_words.setdefault(at, {parting.differing_words[0]})
    if parting.differing_words[1] in seen:
        return
    seen.add(parting.differing_words[1])
    gained = count_cacheable_tokens(parting.total_shared_tokens, rules) - count_cacheable_tokens(parting.shared_tokens, rules)
    known = kind.breaks.get(at) or CacheBreak(parting, kind.first_prompt.place, sample.place, 1, 0, sample.model)
    kind.breaks[at] = known._replace(requests=known.requests + 1, gained_tokens=known.gained_tokens + gained)


def count_cacheable_tokens(tokens: int, rules: CacheRules) -> int:
    """Count how much of a beginning the cache can hold."""
    return tokens - tokens % rules.step_tokens if tokens >= rules.minimum_tokens else 0


def find_divergence(first: SampledPrompt, other: SampledPrompt, count: Callable[[str], int]) -> Divergence | None:
    """Find where two prompts diverge; None if one begins with all of the other."""
    index = _find_first_difference(first, other, 0)
    if index == min(len(first.stretches), len(other.stretches)):
        return None
    mine, its = first.stretches[index], other.stretches[index]
    shared = sum(first.stretch_tokens[:index])
    if mine.image and its.image and mine.label == its.label:
        after = _count_common_tokens(first, other, index + 1, count)
        return Divergence(index, mine.label, 1, PICTURE, (_describe_image(mine.image), _describe_image(its.image)), shared, after)
    if mine.image or its.image or mine.label != its.label:
        return Divergence(index, mine.label, 1, TEXT, ("", its.text), shared, 0)
    begin = _count_common_characters(mine.text, its.text)
    shared += count(mine.text[:begin]) + mine.extra_tokens
    line = mine.text.count("\n", 0, begin) + 1
    if mine.label == "tools" and sorted(mine.text.splitlines()) == sorted(its.text.splitlines()):
        after = count(mine.text[begin:]) + _count_common_tokens(first, other, index + 1, count)
        return Divergence(index, mine.label, line, TOOL_ORDER, ("", its.text[begin:]), shared, after)
    ends, length = max(_find_resumptions(mine.text[begin:], its.text[begin:]), key=lambda resumption: resumption[1])
    after = count(mine.text[begin + ends[0] :][:length])
    if begin + ends[0] + length == len(mine.text) and begin + ends[1] + length == len(its.text):
        after += _count_common_tokens(first, other, index + 1, count)
    words = _extract_words(mine.text, begin, begin + ends[0]), _extract_words(its.text, begin, begin + ends[1])
    return Divergence(index, mine.label, line, _classify_difference(words), words, shared, after)


def _find_first_difference(first: SampledPrompt, other: SampledPrompt, start: int) -> int:
    """Find the first stretch, from `start` on, in which they differ."""
    end = min(len(first.stretches), len(other.stretches))
    return next((index for index in range(start, end) if first.stretches[index] != other.stretches[index]), end)


def _count_common_tokens(first: SampledPrompt, other: SampledPrompt, start: int, count: Callable[[str], int]) -> int:
    """Count the tokens that they share from a stretch on, until they differ."""
    end = _find_first_difference(first, other, start)
    tokens = sum(first.stretch_tokens[start:end])
    if end < min(len(first.stretches), len(other.stretches)) and first.stretches[end].label == other.stretches[end].label:
        mine = first.stretches[end].text
        tokens += count(mine[: _count_common_characters(mine, other.stretches[end].text)])
    return tokens


def _describe_image(image: Image) -> str:
    """Describe a picture by its size and a digest of its address, which may be its whole content."""
    return f"{image.width}x{image.height} {blake2b(image.address.encode(errors='surrogatepass'), digest_size=4).hexdigest()}"


def _find_resumptions(first: str, other: str) -> Iterator[tuple[tuple[int, int], int]]:
    """Find where two texts may become equal again: how much of each is skipped, and for how long they are equal."""
    for end in (_find_word_end, _find_line_end):
        ends = end(first), end(other)
        yield ends, _count_common_characters(first[ends[0] :], other[ends[1] :])
    tail = _count_common_characters(first[::-1], other[::-1])
    yield (len(first) - tail, len(other) - tail), tail


def _find_word_end(text: str) -> int:
    match = _WORD_PATTERN.match(text)
    return match.end() if match else 0


def _find_line_end(text: str) -> int:
    end = text.find("\n")
    return len(text) if end < 0 else end


def _count_common_characters(first: str, other: str) -> int:
    """Count the common first characters of two texts by bisection, because comparing slices is fast and stepping isn't."""
    low, high = 0, min(len(first), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _extract_words(text: str, begin: int, end: int) -> str:
    """Return the text between two positions, extended to whole words."""
    while begin > 0 and not text[begin - 1].isspace():
        begin -= 1
    while end < len(text) and end > begin and not text[end].isspace() and not text[end - 1].isspace():
        end += 1
    return text[begin:end].strip()


def _classify_difference(words: tuple[str, str]) -> str:
    """Classify a difference, such as a date or an id."""
    if all(map(_DATE_PATTERN.search, words)):
        return DATE
    if all(word.replace(",", "").replace(".", "").isdigit() for word in words):
        return NUMBER
    if all(map(_ID_PATTERN.fullmatch, (word.strip(".,;:()[]\"'#") for word in words))):
        return IDENTIFIER
    return TEXT
