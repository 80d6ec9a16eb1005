"""What would the prompt cache give these requests, what keeps it from giving more, and what is that worth?"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import NamedTuple

from gpt41_cli.commands.cache.divergence import Partings, Sample, partings
from gpt41_cli.errors import InputError, UnknownName
from gpt41_cli.files.fields import BadBody
from gpt41_cli.files.places import Done, Invalid, Rejects
from gpt41_cli.files.sources import Source
from gpt41_cli.files.trees import LeftOut
from gpt41_cli.requests.readers import Sent
from gpt41_cli.requests.recognise import Picture, Requests
from gpt41_cli.tokens import DEFAULT_ENCODING
from gpt41_cli.tokens.images import image_tokens
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.prefix import Prefix, Stretch
from gpt41_cli.work.prompt_cache import IDEAL, KEYED, REAL, Replay, Traffic
from gpt41_cli.work.stream import Reading, gathered, left_out, opened

LOOKED_AT = 200
"""Requests of a file, the first ones, whose prompts are compared with one another."""

_COMPARED = 400
_COMPARED_CHARACTERS = 20_000_000
_SHOWN = 5


class Seen(NamedTuple):
    """One request as far as the cache goes; `stretches` is its prompt, where it is one of those that are compared."""

    input_tokens: int
    prefix: Prefix
    has_pictures: bool
    stretches: Sequence[Stretch]


class Input(NamedTuple):
    """Tokens of requests: all their input, what of it is read from the cache, and what would be if that forgot nothing."""

    tokens: int = 0
    cached: int = 0
    ideal: int = 0

    def plus(self, other: Input) -> Input:
        """Both together."""
        return Input(self.tokens + other.tokens, self.cached + other.cached, self.ideal + other.ideal)


NOTHING = Input()


@dataclass
class Reads:
    """What the requests to one model read from the cache. `long` is the input of those that pay its surcharge, `short` that of
    the others; `hits` read some from the cache, `nearly` are a little too short for it.

    `keys` are the different `prompt_cache_key` among them, and `keyed_apart` the tokens that are not read because of them.
    """

    requests: int = 0
    short: Input = NOTHING
    long: Input = NOTHING
    hits: int = 0
    nearly: int = 0
    has_pictures: bool = False
    keys: set[int] = field(default_factory=set)
    keyed_apart: int = 0

    @property
    def whole(self) -> Input:
        """That of all of them."""
        return self.short.plus(self.long)


class Shared(NamedTuple):
    """A beginning of `tokens` that `requests` read from an ideal cache, and in what of a prompt it ends, where that is known."""

    tokens: int
    requests: int
    model: str
    where: str | None


class Study(NamedTuple):
    """The replay of all requests. `compared` is how many of the first ones were compared with one another."""

    reads: dict[str, Reads]
    shared: Sequence[Shared]
    partings: Partings
    compared: int
    traffic: Traffic
    rejects: Rejects

    @property
    def requests(self) -> int:
        """How many requests there are."""
        return sum(reads.requests for reads in self.reads.values())


def see(meter: Meter, sent: Sent) -> Seen:
    """What the cache sees of a request. BadBody for a model that the table does not have."""
    name = meter.model or sent.request.model
    variant, method = meter.variant_of(name)
    if name and not variant:
        raise BadBody(str(UnknownName("model", name, meter.catalog.models)))
    request = meter.sized(sent.request)
    tokens = meter.input_tokens(request, method)
    return Seen(tokens, meter.prefix(request), bool(request.images), meter.stretches(request, method))


def study(sources: Sequence[Source], reading: Reading, meter: Meter, traffic: Traffic, skipped: list[LeftOut]) -> Study:
    """Replay the requests of all sources in order. InputError for a source that is no requests, or a time that cannot be."""
    catalog = meter.catalog
    rules = catalog.limits.prompt_cache
    replay, ideal, keyed = (Replay(catalog, traffic, kind) for kind in (REAL, IDEAL, KEYED))
    reads: dict[str, Reads] = {}
    samples: list[Done[Seen]] = []
    is_read: list[bool] = []
    rejects = Rejects()
    room = _COMPARED_CHARACTERS
    for found in _requests(sources, reading, meter, skipped):
        if isinstance(found, Invalid):
            rejects.add(found)
            continue
        seen = found.result
        mine = reads.setdefault(seen.prefix.model, Reads())
        cached = min(replay.ask(seen.prefix), seen.input_tokens)
        best = min(ideal.ask(seen.prefix), seen.input_tokens)
        mine.requests += 1
        added = Input(seen.input_tokens, cached, best)
        if seen.input_tokens > catalog.variant(seen.prefix.model).model.surcharged_above:
            mine.long = mine.long.plus(added)
        else:
            mine.short = mine.short.plus(added)
        if seen.prefix.cache_key:
            mine.keys.add(seen.prefix.cache_key)
            mine.keyed_apart += max(best - keyed.ask(seen.prefix), 0)
        mine.hits += cached > 0
        mine.nearly += rules.minimum_tokens - rules.step_tokens <= seen.input_tokens < rules.minimum_tokens
        mine.has_pictures |= seen.has_pictures
        characters = sum(len(stretch.text) for stretch in seen.stretches)
        if seen.stretches and len(samples) < _COMPARED and characters <= room:
            room -= characters
            samples.append(found)
            is_read.append(cached > 0)
    compared = [_sample(meter, *each) for each in zip(samples, is_read, strict=True)]
    count = meter.memo(DEFAULT_ENCODING)
    return Study(reads, _shared(ideal, samples, compared), partings(compared, count, rules), len(samples), traffic, rejects)


def _requests(
    sources: Sequence[Source], reading: Reading, meter: Meter, skipped: list[LeftOut]
) -> Iterator[Done[Seen] | Invalid]:
    for source in sources:
        try:
            with opened(source, reading.kind) as found:
                if not isinstance(found, Requests):
                    what = "a picture" if isinstance(found, Picture) else "text, or nothing"
                    raise InputError(f"{source.label}: expected requests, found {what}")
                for some in gathered(source, found, reading, partial(see, meter), _First(), meter.learner):
                    yield from some
        except InputError as error:
            skipped.append(left_out(source, error))


class _First:
    """Keeps the prompts of the first requests of a file: more would be handed from process to process for nothing.

    The first parts of a file are read by this process; a worker begins with what was kept by then.
    """

    def __init__(self) -> None:
        self._kept = 0

    def __call__(self, found: Iterator[Done[Seen] | Invalid]) -> list[Done[Seen] | Invalid]:
        return [each if isinstance(each, Invalid) or self._is_first() else _without_prompt(each) for each in found]

    def _is_first(self) -> bool:
        self._kept += 1
        return self._kept <= LOOKED_AT


def _without_prompt(found: Done[Seen]) -> Done[Seen]:
    return Done(found.place, found.result._replace(stretches=()))


def _sample(meter: Meter, found: Done[Seen], is_read: bool) -> Sample:
    """A prompt with the tokens of its stretches."""
    seen = found.result
    _, method = meter.variant_of(seen.prefix.model)
    count = meter.memo(method.encoding)
    sizes = [image_tokens(each.image, method.images) if each.image else count(each.text) + each.extra for each in seen.stretches]
    return Sample(found.place, seen.prefix.model, seen.stretches, sizes, is_read)


def _shared(ideal: Replay, samples: Sequence[Done[Seen]], compared: Sequence[Sample]) -> list[Shared]:
    """The beginnings that most requests share, and where each ends in the first prompt that has it."""
    first: dict[int, Sample] = {}
    for found, sample in zip(samples, compared, strict=True):
        for digest in found.result.prefix.digests:
            first.setdefault(digest, sample)
    most = heapq.nlargest(
        _SHOWN,
        ((many, tokens, model, digest) for model, cache in ideal.caches.items() for (tokens, digest), many in cache.hits.items()),
    )
    return [Shared(tokens, many, model, _end(first.get(digest), tokens)) for many, tokens, model, digest in most]


def _end(sample: Sample | None, tokens: int) -> str | None:
    """In what of a prompt its first tokens end."""
    if sample is None:
        return None
    ends = zip(accumulate(sample.sizes), sample.stretches, strict=True)
    return next((stretch.where for end, stretch in ends if end >= tokens), None)
