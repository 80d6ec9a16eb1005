"""Where prompts that could share a beginning part: the message, the line and the text, and what it costs the cache."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

from gpt41_cli.catalog.limit_tables import CacheRules
from gpt41_cli.files.places import Place
from gpt41_cli.requests.request import Image
from gpt41_cli.tokens.prefix import Stretch

_FIRSTS = 20
"""Prompts that others are compared with, at most: each begins a kind of its own."""

_WORD = re.compile(r"\S*\s?")
_DATE = re.compile(
    r"\d{4}-\d\d|\d\d?:\d\d|\d\d?[./]\d\d?[./]\d\d"
    r"|\b(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|dec(ember)?"
    r"|(mon|tues?|wed(nes)?|thu(rs)?|fri|sat(ur)?|sun)(day)?)\b",
    re.IGNORECASE,
)
_ID = re.compile(r"[0-9a-f-]{8,}|\w*\d\w*[a-z]\w*\d|\w+[_-]\w*\d", re.IGNORECASE)

ORDER, PICTURE, DATE, IDENTIFIER, NUMBER, TEXT = "order of tools", "picture", "date or time", "id", "number", "text"


class Sample(NamedTuple):
    """A prompt to be compared: where it stands in the input, the model it is for, and what it consists of; `sizes` in tokens.

    `is_read`: some of it is read from the cache.
    """

    place: Place
    model: str
    stretches: Sequence[Stretch]
    sizes: Sequence[int]
    is_read: bool = False


class Parting(NamedTuple):
    """Where two prompts part. `shared` tokens stand before it, and `after` it so many more that both have.

    `stretch` counts from 0, `line` is that in its text, from 1; `texts` are the words that differ, as each has them.
    """

    stretch: int
    where: str
    line: int
    kind: str
    texts: tuple[str, str]
    shared: int
    after: int

    @property
    def alike(self) -> int:
        """All the tokens that both have up to where they part again."""
        return self.shared + self.after


class Break(NamedTuple):
    """A place where prompts part that have more in common after it.

    `requests` of those looked at differ there in turn, `first` and `other` are two of them. `gained` tokens more would be read
    from the cache for these requests if what differs stood at the end.
    """

    parting: Parting
    first: Place
    other: Place
    requests: int
    gained: int
    model: str


class Near(NamedTuple):
    """A beginning that `requests` share which read nothing from the cache, and that is a little too short for it."""

    tokens: int
    requests: int
    first: Place


class Partings(NamedTuple):
    """What is found among the prompts looked at, the costliest first."""

    breaks: Sequence[Break]
    nears: Sequence[Near]


class _Kind:
    """Prompts that are alike: the first of them, and how the others part from it."""

    def __init__(self, first: Sample) -> None:
        self.first = first
        self.unread = 1
        self.shared: int | None = None  # with the first, the least by any other that is not read
        self.seen: dict[tuple[int, int], set[str]] = {}
        self.breaks: dict[tuple[int, int], Break] = {}


def partings(samples: Sequence[Sample], count: Callable[[str], int], rules: CacheRules) -> Partings:
    """Where the samples part; each is compared with the first of every kind seen so far. `count` is the tokens of a text."""
    kinds: list[_Kind] = []
    for sample in samples:
        _sort_in(sample, kinds, count, rules)
    breaks = [each for kind in kinds for each in kind.breaks.values() if each.gained]
    nears = [
        Near(kind.shared, kind.unread, kind.first.place)
        for kind in kinds
        if kind.shared is not None and rules.minimum_tokens - rules.step_tokens <= kind.shared < rules.minimum_tokens
    ]
    return Partings(sorted(breaks, key=lambda each: -each.gained), sorted(nears, key=lambda each: -each.requests))


def _sort_in(sample: Sample, kinds: list[_Kind], count: Callable[[str], int], rules: CacheRules) -> None:
    """Join the kind with which most is shared, if it is enough to be worth caching; else begin a kind."""
    nearest: tuple[_Kind, Parting] | None = None
    for kind in kinds:
        if kind.first.model == sample.model:
            parting = part(kind.first, sample, count)
            if parting is None:  # nothing tells them apart
                return
            if nearest is None or parting.alike > nearest[1].alike:
                nearest = kind, parting
    if nearest is None or nearest[1].alike < rules.minimum_tokens - rules.step_tokens:
        if len(kinds) < _FIRSTS:
            kinds.append(_Kind(sample))
        return
    kind, parting = nearest
    if not sample.is_read:
        kind.unread += 1
        kind.shared = parting.shared if kind.shared is None else min(kind.shared, parting.shared)
    _add(kind, parting, sample, rules)


def _add(kind: _Kind, parting: Parting, sample: Sample, rules: CacheRules) -> None:
    """Count what is lost there; a prompt whose text has been seen before finds that one in the cache already."""
    at = (parting.stretch, parting.line)
    seen = kind.seen.setdefault(at, {parting.texts[0]})
    if parting.texts[1] in seen:
        return
    seen.add(parting.texts[1])
    gained = reusable(parting.alike, rules) - reusable(parting.shared, rules)
    known = kind.breaks.get(at) or Break(parting, kind.first.place, sample.place, 1, 0, sample.model)
    kind.breaks[at] = known._replace(requests=known.requests + 1, gained=known.gained + gained)


def reusable(tokens: int, rules: CacheRules) -> int:
    """How much of a beginning of so many tokens the cache can give."""
    return tokens - tokens % rules.step_tokens if tokens >= rules.minimum_tokens else 0


def part(first: Sample, other: Sample, count: Callable[[str], int]) -> Parting | None:
    """Where two prompts part; None where one begins with all of the other."""
    index = _alike(first, other, 0)
    if index == min(len(first.stretches), len(other.stretches)):
        return None
    mine, its = first.stretches[index], other.stretches[index]
    shared = sum(first.sizes[:index])
    if mine.image and its.image and mine.where == its.where:
        after = _tokens_alike(first, other, index + 1, count)
        return Parting(index, mine.where, 1, PICTURE, (_named(mine.image), _named(its.image)), shared, after)
    if mine.image or its.image or mine.where != its.where:
        return Parting(index, mine.where, 1, TEXT, ("", its.text), shared, 0)
    begin = _common(mine.text, its.text)
    shared += count(mine.text[:begin]) + mine.extra
    line = mine.text.count("\n", 0, begin) + 1
    if mine.where == "tools" and sorted(mine.text.splitlines()) == sorted(its.text.splitlines()):
        after = count(mine.text[begin:]) + _tokens_alike(first, other, index + 1, count)
        return Parting(index, mine.where, line, ORDER, ("", its.text[begin:]), shared, after)
    ends, length = max(_resumed(mine.text[begin:], its.text[begin:]), key=lambda each: each[1])
    after = count(mine.text[begin + ends[0] :][:length])
    if begin + ends[0] + length == len(mine.text) and begin + ends[1] + length == len(its.text):
        after += _tokens_alike(first, other, index + 1, count)
    words = _words(mine.text, begin, begin + ends[0]), _words(its.text, begin, begin + ends[1])
    return Parting(index, mine.where, line, _kind_of(words), words, shared, after)


def _alike(first: Sample, other: Sample, start: int) -> int:
    """The first stretch from `start` on in which they differ."""
    end = min(len(first.stretches), len(other.stretches))
    return next((index for index in range(start, end) if first.stretches[index] != other.stretches[index]), end)


def _tokens_alike(first: Sample, other: Sample, start: int, count: Callable[[str], int]) -> int:
    """The tokens that they have in common from a stretch on, until they differ."""
    end = _alike(first, other, start)
    found = sum(first.sizes[start:end])
    if end < min(len(first.stretches), len(other.stretches)) and first.stretches[end].where == other.stretches[end].where:
        mine = first.stretches[end].text
        found += count(mine[: _common(mine, other.stretches[end].text)])
    return found


def _named(image: Image) -> str:
    """A picture by its size and a digest of its address, which may be all of its content."""
    return f"{image.width}x{image.height} {blake2b(image.address.encode(errors='surrogatepass'), digest_size=4).hexdigest()}"


def _resumed(first: str, other: str) -> Iterator[tuple[tuple[int, int], int]]:
    """Where two texts may go on alike: how much of each is passed over, and how long they are alike then."""
    for end in (_end_of_word, _end_of_line):
        ends = end(first), end(other)
        yield ends, _common(first[ends[0] :], other[ends[1] :])
    tail = _common(first[::-1], other[::-1])
    yield (len(first) - tail, len(other) - tail), tail


def _end_of_word(text: str) -> int:
    found = _WORD.match(text)
    return found.end() if found else 0


def _end_of_line(text: str) -> int:
    end = text.find("\n")
    return len(text) if end < 0 else end


def _common(first: str, other: str) -> int:
    """How many characters two texts begin with in common: halved until found, since comparing is fast and stepping is not."""
    low, high = 0, min(len(first), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if first[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _words(text: str, begin: int, end: int) -> str:
    """What stands between two places, with the rest of the words that they cut."""
    while begin > 0 and not text[begin - 1].isspace():
        begin -= 1
    while end < len(text) and end > begin and not text[end].isspace() and not text[end - 1].isspace():
        end += 1
    return text[begin:end].strip()


def _kind_of(words: tuple[str, str]) -> str:
    """What differs, as people call it."""
    if all(map(_DATE.search, words)):
        return DATE
    if all(word.replace(",", "").replace(".", "").isdigit() for word in words):
        return NUMBER
    if all(map(_ID.fullmatch, (word.strip(".,;:()[]\"'#") for word in words))):
        return IDENTIFIER
    return TEXT
