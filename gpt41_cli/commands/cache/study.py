"""Replay requests against the prompt cache, and study what keeps it from giving more."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, field
from functools import cache, partial, reduce
from itertools import accumulate, chain
from operator import iadd
from typing import NamedTuple

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.cache.divergence import PromptComparison, SampledPrompt, compare_prompts
from gpt41_cli.errors import InputError
from gpt41_cli.files.places import RejectedRequest, Rejections
from gpt41_cli.files.sources import InputSource
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Place
from gpt41_cli.prices.usage_by_rates import BilledUsage, UsageByRates
from gpt41_cli.pricing import Usage
from gpt41_cli.requests.inputs import PictureInput, RequestInput
from gpt41_cli.requests.readers import Frame, FramedLine, ParsedRequest
from gpt41_cli.tokens import DEFAULT_ENCODING
from gpt41_cli.tokens.images import count_image_tokens
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.prefix import CachePrefix, PrefixDigester, PromptStretch, split_prompt
from gpt41_cli.totals import Addable
from gpt41_cli.work.frames import FrameMemo
from gpt41_cli.work.prompt_cache import IDEAL_CACHE, KEYED_CACHE, REAL_CACHE, CacheReplay, ReplayOptions, SentPrefixes
from gpt41_cli.work.stream import ReadingOptions, map_chunks, open_input, skip_or_raise

COMPARED_PER_FILE = 200
"""Requests of a file, the first ones, whose prompts are compared with one another."""

_MAX_COMPARED = 400
_MAX_COMPARED_CHARACTERS = 20_000_000
_MAX_SHARED_PREFIXES = 5


class CacheRequest(NamedTuple):
    """One request as the cache sees it. `stretches` is its prompt, if it is one of those compared."""

    input_tokens: int
    prefix: CachePrefix
    has_pictures: bool
    stretches: Sequence[PromptStretch]
    place: Place


@dataclass
class ReadTokens(Addable):
    """The tokens of requests that pay the same rates: their input, and what they read from the replayed cache and from a perfect
    one.
    """

    requests: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    ideal_tokens: int = 0

    def __mul__(self, times: int) -> ReadTokens:
        """Return the same requests `times` times."""
        return ReadTokens(*(many * times for many in astuple(self)))

    @property
    def replayed(self) -> BilledUsage:
        """The usage as replayed."""
        return BilledUsage(Usage(self.requests, self.input_tokens, self.cached_tokens))

    @property
    def ideal(self) -> BilledUsage:
        """The usage with a perfect cache."""
        return BilledUsage(Usage(self.requests, self.input_tokens, self.ideal_tokens))


@dataclass
class CacheReads(Addable):
    """What requests to one model read from the cache as `replayed`, and from a perfect one (`ideal`). `long` ones pay its
    surcharge.

    `hits` read something, `near_misses` are a little too short. `cache_keys` are their different `prompt_cache_key`; because of
    them `tokens_lost_to_keys` tokens aren't read.
    """

    short: ReadTokens = field(default_factory=ReadTokens)
    long: ReadTokens = field(default_factory=ReadTokens)
    hits: int = 0
    near_misses: int = 0
    picture_requests: int = 0
    cache_keys: set[int] = field(default_factory=set)
    tokens_lost_to_keys: int = 0

    @property
    def replayed(self) -> UsageByRates:
        """The usage of all requests as replayed."""
        return UsageByRates(self.short.replayed, self.long.replayed)

    @property
    def ideal(self) -> UsageByRates:
        """The usage of all requests with a perfect cache."""
        return UsageByRates(self.short.ideal, self.long.ideal)

    @property
    def usage(self) -> Usage:
        """The usage of all requests as replayed, long and short."""
        return self.replayed.usage

    def __mul__(self, times: int) -> CacheReads:
        """Return the same requests `times` times."""
        return CacheReads(
            self.short * times,
            self.long * times,
            self.hits * times,
            self.near_misses * times,
            self.picture_requests * times,
            self.cache_keys,
            self.tokens_lost_to_keys * times,
        )


class SharedPrefix(NamedTuple):
    """A beginning of `tokens` that `requests` read from an ideal cache, and the section of the prompt where it ends, if known."""

    tokens: int
    requests: int
    model: str
    ends_in: str | None


class CacheStudy(NamedTuple):
    """The replay of all requests, which are sent `times` times. `compared_requests` is how many of the first ones were compared
    with each other.
    """

    reads_by_model: dict[str, CacheReads]
    shared_prefixes: Sequence[SharedPrefix]
    prompt_comparison: PromptComparison
    compared_requests: int
    traffic: ReplayOptions
    rejects: Rejections
    times: int = 1

    @property
    def requests(self) -> int:
        """The number of requests."""
        return sum(reads.usage.requests for reads in self.reads_by_model.values())


def measure_for_cache(meter: Meter, sent: ParsedRequest, keeps_prompt: Callable[[], bool] = lambda: False) -> CacheRequest:
    """Measure a request for the cache. `keeps_prompt` says if its prompt is one of those compared.

    Raises BadBody for a model that the table doesn't have.
    """
    _, method = meter.require_model(meter.model or sent.request.model)
    request = meter.fill_image_sizes(sent.request)
    tokens = meter.count_input_tokens(request, method)
    prefix = meter.digest_prefix(request)
    stretches = split_prompt(request, method.rules) if keeps_prompt() else ()
    return CacheRequest(tokens, prefix, bool(request.images), stretches, sent.place)


class _FramedMeasurer:
    """Measures lines with a frame as `measure_for_cache` does their requests."""

    def __init__(self, meter: Meter, keeps_prompt: Callable[[], bool]) -> None:
        def measure_frame(frame: Frame) -> tuple[CacheRequest, PrefixDigester]:
            return measure_for_cache(meter, frame.sent), meter.make_prefix_digester(frame.sent.request, frame.marks)

        self._memo = FrameMemo(meter, measure_frame)
        self._keeps_prompt = keeps_prompt

    def measure(self, line: FramedLine) -> CacheRequest:
        (measured, digester), tokens = self._memo.look_up(line)
        prefix, stretches = digester.digest(line.texts), digester.fill_in(line.texts) if self._keeps_prompt() else ()
        return CacheRequest(measured.input_tokens + tokens, prefix, measured.has_pictures, stretches, line.place)


class _ReadingCaches:
    """The caches that requests are replayed against side by side, and what was read from them."""

    def __init__(self, catalog: Catalog, traffic: ReplayOptions) -> None:
        rules = catalog.limits.prompt_cache
        self._near_misses = range(rules.minimum_tokens - rules.step_tokens, rules.minimum_tokens)
        self._find_threshold = cache(lambda model: catalog.variant(model).model.surcharge_threshold)
        self._real, self.ideal, self._keyed = (
            CacheReplay(catalog, traffic, kind) for kind in (REAL_CACHE, IDEAL_CACHE, KEYED_CACHE)
        )
        self.reads: defaultdict[str, CacheReads] = defaultdict(CacheReads)

    def send(self, seen: CacheRequest) -> bool:
        """Send a request to all caches. Return True if it read something from the real one."""
        prefix, tokens = seen.prefix, seen.input_tokens
        mine = self.reads[prefix.model]
        cached = min(self._real.send(prefix), tokens)
        best = min(self.ideal.send(prefix), tokens)
        part = mine.long if tokens > self._find_threshold(prefix.model) else mine.short
        part.requests += 1
        part.input_tokens += tokens
        part.cached_tokens += cached
        part.ideal_tokens += best
        if prefix.key_digest:
            mine.cache_keys.add(prefix.key_digest)
            mine.tokens_lost_to_keys += max(best - self._keyed.send(prefix), 0)
        mine.hits += cached > 0
        mine.near_misses += tokens in self._near_misses
        mine.picture_requests += seen.has_pictures
        return cached > 0

    def send_again(self, sent: Sequence[CacheRequest], times: int) -> None:
        """Send requests again to the caches that they left, and count that `times` times."""
        first, self.reads = self.reads, defaultdict(CacheReads)
        first_hits = {model: cache.hits.copy() for model, cache in self.ideal.caches.items()}
        for seen in sent:
            self.send(seen)
        for model, again in self.reads.items():
            self.reads[model] = reduce(iadd, (first[model], again * times), CacheReads())
        for model, hits in first_hits.items():
            cache = self.ideal.caches[model]
            for prefix, many in cache.hits.items():
                hits[prefix] += (many - hits[prefix]) * times
            cache.hits = hits


def replay_requests(
    sources: Sequence[InputSource],
    reading: ReadingOptions,
    meter: Meter,
    traffic: ReplayOptions,
    skipped: list[SkippedPath],
    times: int = 1,
) -> CacheStudy:
    """Replay the requests of all sources in order, `times` times; after the first time they read from the cache that they left.

    Raises InputError for a source without requests, an impossible lifetime, or too many requests to be sent again.
    """
    caches = _ReadingCaches(meter.catalog, traffic)
    sent: SentPrefixes[CacheRequest] = SentPrefixes()
    samples: list[CacheRequest] = []
    is_read: list[bool] = []
    rejects = Rejections()
    room = _MAX_COMPARED_CHARACTERS
    for seen in _read_requests(sources, reading, meter, skipped):
        if isinstance(seen, RejectedRequest):
            rejects.add(seen)
            continue
        was_read = caches.send(seen)
        if times > 1:
            sent.add(seen._replace(stretches=()), seen.prefix)
        characters = sum(len(stretch.text) for stretch in seen.stretches)
        if seen.stretches and len(samples) < _MAX_COMPARED and characters <= room:
            room -= characters
            samples.append(seen)
            is_read.append(was_read)
    if sent.kept is None:
        raise InputError("--requests", "fewer requests, which are kept to be sent again", "too many")
    if sent.kept:
        caches.send_again(sent.kept, times - 1)
    compared = [_make_sample(meter, sample, is_hit) for sample, is_hit in zip(samples, is_read, strict=True)]
    count = meter.get_memo(DEFAULT_ENCODING)
    return CacheStudy(
        caches.reads,
        _find_shared_prefixes(caches.ideal, samples, compared),
        compare_prompts(compared, count, meter.catalog.limits.prompt_cache),
        len(samples),
        traffic,
        rejects,
        times,
    )


def _read_requests(
    sources: Sequence[InputSource], reading: ReadingOptions, meter: Meter, skipped: list[SkippedPath]
) -> Iterator[CacheRequest | RejectedRequest]:
    for source in sources:
        try:
            with open_input(source, reading.kind) as content:
                if not isinstance(content, RequestInput):
                    what = "a picture" if isinstance(content, PictureInput) else "text, or nothing"
                    raise InputError(expected="requests", found=what, location=source.label)
                keeps_prompt = _PromptLimiter()
                work = partial(measure_for_cache, meter, keeps_prompt=keeps_prompt)
                framed = _FramedMeasurer(meter, keeps_prompt)
                is_compared = _PromptLimiter()
                for request in chain.from_iterable(
                    map_chunks(source, content, reading, work, list, meter.memo_filler, framed.measure)
                ):
                    if isinstance(request, RejectedRequest) or is_compared() or not request.stretches:
                        yield request
                    else:
                        yield request._replace(stretches=())
        except InputError as error:
            skipped.append(skip_or_raise(source, error))


class _PromptLimiter:
    """Keeps the prompts of the first requests of a file; more would be sent between processes for nothing.

    This process reads the first chunks of a file; a worker begins with what was kept by then, so together they keep too many.
    """

    def __init__(self) -> None:
        self._kept = 0

    def __call__(self) -> bool:
        """Return True if the prompt of the next request is kept."""
        self._kept += 1
        return self._kept <= COMPARED_PER_FILE


def _make_sample(meter: Meter, seen: CacheRequest, is_read: bool) -> SampledPrompt:
    """Make a sample: a prompt with the tokens of its stretches."""
    _, method = meter.find_variant(seen.prefix.model)
    count = meter.get_memo(method.encoding)
    sizes = [
        count_image_tokens(stretch.image, method.image_rule) if stretch.image else count(stretch.text) + stretch.extra_tokens
        for stretch in seen.stretches
    ]
    return SampledPrompt(seen.place, seen.prefix.model, seen.stretches, sizes, is_read)


def _find_shared_prefixes(
    ideal: CacheReplay, samples: Sequence[CacheRequest], compared: Sequence[SampledPrompt]
) -> list[SharedPrefix]:
    """Find the beginnings that most requests share, and where each ends in the first prompt that has it."""
    first: dict[int, SampledPrompt] = {}
    for seen, sample in zip(samples, compared, strict=True):
        for digest in seen.prefix.digests:
            first.setdefault(digest, sample)
    most = heapq.nlargest(
        _MAX_SHARED_PREFIXES,
        (
            (many, tokens, model, digest)
            for model, perfect in ideal.caches.items()
            for (tokens, digest), many in perfect.hits.items()
        ),
    )
    return [
        SharedPrefix(tokens, many, model, _find_end_section(first.get(digest), tokens)) for many, tokens, model, digest in most
    ]


def _find_end_section(sample: SampledPrompt | None, tokens: int) -> str | None:
    """Find the section of a prompt in which its first tokens end."""
    if sample is None:
        return None
    ends = zip(accumulate(sample.stretch_tokens), sample.stretches, strict=True)
    return next((stretch.label for end, stretch in ends if end >= tokens), None)
