"""Where prompts that could share a beginning part: the message, the line and the text, and what it costs the cache."""

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
    """A prompt to be compared: where it stands in the input, the model it is for, and what it consists of; `stretch_tokens` in
    tokens.

    `has_cached_tokens`: some of it is read from the cache.
    """

    place: Place
    model: str
    stretches: Sequence[PromptStretch]
    stretch_tokens: Sequence[int]
    has_cached_tokens: bool = False


class Divergence(NamedTuple):
    """Where two prompts part. `shared_tokens` tokens stand before it, and `shared_tokens_after` it so many more that both have.

    `stretch_index` counts from 0, `line` is that in its text, from 1; `differing_words` are the words that differ, as each has
    them.
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
        """All the tokens that both have up to where they part again."""
        return self.shared_tokens + self.shared_tokens_after


class CacheBreak(NamedTuple):
    """A place where prompts part that have more in common after it.

    `requests` of those looked at differ there in turn, `first_place` and `other_place` are two of them. `gained_tokens` tokens
    more would be read from the cache for these requests if what differs stood at the end.
    """

    divergence: Divergence
    first_place: Place
    other_place: Place
    requests: int
    gained_tokens: int
    model: str


class ShortPrefix(NamedTuple):
    """A beginning that `requests` share which read nothing from the cache, and that is a little too short for it."""

    tokens: int
    requests: int
    first_place: Place


class PromptComparison(NamedTuple):
    """What is found among the prompts looked at, the costliest first."""

    breaks: Sequence[CacheBreak]
    short_prefixes: Sequence[ShortPrefix]


class _PromptGroup:
    """Prompts that are alike: the first of them, and how the others part from it."""

    def __init__(self, first: SampledPrompt) -> None:
        self.first_prompt = first
        self.uncached_requests = 1
        self.shared_tokens: int | None = None  # with the first, the least by any other that is not read
        self.seen_words: dict[tuple[int, int], set[str]] = {}
        self.breaks: dict[tuple[int, int], CacheBreak] = {}


def compare_prompts(samples: Sequence[SampledPrompt], count: Callable[[str], int], rules: CacheRules) -> PromptComparison:
    """Where the samples part; each is compared with the first of every kind seen so far. `count` is the tokens of a text."""
    kinds: list[_PromptGroup] = []
    for sample in samples:
        _assign_to_group(sample, kinds, count, rules)
    breaks = [each for kind in kinds for each in kind.breaks.values() if each.gained_tokens]
    nears = [
        ShortPrefix(kind.shared_tokens, kind.uncached_requests, kind.first_prompt.place)
        for kind in kinds
        if kind.shared_tokens is not None
        and rules.minimum_tokens - rules.step_tokens <= kind.shared_tokens < rules.minimum_tokens
    ]
    return PromptComparison(sorted(breaks, key=lambda each: -each.gained_tokens), sorted(nears, key=lambda each: -each.requests))


def _assign_to_group(sample: SampledPrompt, kinds: list[_PromptGroup], count: Callable[[str], int], rules: CacheRules) -> None:
    """Join the kind with which most is shared, if it is enough to be worth caching; else begin a kind."""
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
        kind.shared_tokens = (
            parting.shared_tokens if kind.shared_tokens is None else min(kind.shared_tokens, parting.shared_tokens)
        )
    _record_break(kind, parting, sample, rules)


def _record_break(kind: _PromptGroup, parting: Divergence, sample: SampledPrompt, rules: CacheRules) -> None:
    """Count what is lost there; a prompt whose text has been seen before finds that one in the cache already."""
    at = (parting.stretch_index, parting.line)
    seen = kind.seen_words.setdefault(at, {parting.differing_words[0]})
    if parting.differing_words[1] in seen:
        return
    seen.add(parting.differing_words[1])
    gained = count_cacheable_tokens(parting.total_shared_tokens, rules) - count_cacheable_tokens(parting.shared_tokens, rules)
    known = kind.breaks.get(at) or CacheBreak(parting, kind.first_prompt.place, sample.place, 1, 0, sample.model)
    kind.breaks[at] = known._replace(requests=known.requests + 1, gained_tokens=known.gained_tokens + gained)


def count_cacheable_tokens(tokens: int, rules: CacheRules) -> int:
    """How much of a beginning of so many tokens the cache can give."""
    return tokens - tokens % rules.step_tokens if tokens >= rules.minimum_tokens else 0


def find_divergence(first: SampledPrompt, other: SampledPrompt, count: Callable[[str], int]) -> Divergence | None:
    """Where two prompts part; None where one begins with all of the other."""
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
    ends, length = max(_find_resumptions(mine.text[begin:], its.text[begin:]), key=lambda each: each[1])
    after = count(mine.text[begin + ends[0] :][:length])
    if begin + ends[0] + length == len(mine.text) and begin + ends[1] + length == len(its.text):
        after += _count_common_tokens(first, other, index + 1, count)
    words = _extract_words(mine.text, begin, begin + ends[0]), _extract_words(its.text, begin, begin + ends[1])
    return Divergence(index, mine.label, line, _classify_difference(words), words, shared, after)


def _find_first_difference(first: SampledPrompt, other: SampledPrompt, start: int) -> int:
    """The first stretch from `start` on in which they differ."""
    end = min(len(first.stretches), len(other.stretches))
    return next((index for index in range(start, end) if first.stretches[index] != other.stretches[index]), end)


def _count_common_tokens(first: SampledPrompt, other: SampledPrompt, start: int, count: Callable[[str], int]) -> int:
    """The tokens that they have in common from a stretch on, until they differ."""
    end = _find_first_difference(first, other, start)
    found = sum(first.stretch_tokens[start:end])
    if end < min(len(first.stretches), len(other.stretches)) and first.stretches[end].label == other.stretches[end].label:
        mine = first.stretches[end].text
        found += count(mine[: _count_common_characters(mine, other.stretches[end].text)])
    return found


def _describe_image(image: Image) -> str:
    """A picture by its size and a digest of its address, which may be all of its content."""
    return f"{image.width}x{image.height} {blake2b(image.address.encode(errors='surrogatepass'), digest_size=4).hexdigest()}"


def _find_resumptions(first: str, other: str) -> Iterator[tuple[tuple[int, int], int]]:
    """Where two texts may go on alike: how much of each is passed over, and how long they are alike then."""
    for end in (_find_word_end, _find_line_end):
        ends = end(first), end(other)
        yield ends, _count_common_characters(first[ends[0] :], other[ends[1] :])
    tail = _count_common_characters(first[::-1], other[::-1])
    yield (len(first) - tail, len(other) - tail), tail


def _find_word_end(text: str) -> int:
    found = _WORD_PATTERN.match(text)
    return found.end() if found else 0


def _find_line_end(text: str) -> int:
    end = text.find("\n")
    return len(text) if end < 0 else end


def _count_common_characters(first: str, other: str) -> int:
    """How many characters two texts begin with in common: halved until found, since comparing is fast and stepping is not."""
    low, high = 0, min(len(first), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _extract_words(text: str, begin: int, end: int) -> str:
    """What stands between two places, with the rest of the words that they cut."""
    while begin > 0 and not text[begin - 1].isspace():
        begin -= 1
    while end < len(text) and end > begin and not text[end].isspace() and not text[end - 1].isspace():
        end += 1
    return text[begin:end].strip()


def _classify_difference(words: tuple[str, str]) -> str:
    """What differs, as people call it."""
    if all(map(_DATE_PATTERN.search, words)):
        return DATE
    if all(word.replace(",", "").replace(".", "").isdigit() for word in words):
        return NUMBER
    if all(map(_ID_PATTERN.fullmatch, (word.strip(".,;:()[]\"'#") for word in words))):
        return IDENTIFIER
    return TEXT
