"""Replay requests in their order against a prompt cache that keeps, forgets and spills over as published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.limit_tables import CacheRules
from gpt41_cli.display import format_int
from gpt41_cli.errors import InputError

if TYPE_CHECKING:  # a price from numbers must not import the readers of requests
    from gpt41_cli.tokens.prefix import CachePrefix

EXTENDED_CACHE_ABILITY = "extended-cache-24h"
"""The ability of a model to keep prefixes beyond the hour."""

_MINUTES_PER_HOUR = 60
_MAX_PREFIXES = 400_000
"""The most prefixes that are kept, so that memory does not grow with the requests."""
_ROOM_OF_REQUEST = 8
"""The memory of a request next to that of its prefixes."""

S = TypeVar("S")


class ReplayOptions(NamedTuple):
    """When requests are sent, at equal intervals, and how long the cache keeps an unread prefix.

    `requests_per_minute` None: the rate up to which, by the guide, one prefix stays on one machine. `lifetime_minutes` None: the
    least that the guide states.
    """

    requests_per_minute: int | None = None
    lifetime_minutes: int | None = None


class PrefixLifetime(NamedTuple):
    """How long a cache keeps a prefix, counted in requests: since it was last read, and since it was written."""

    idle_requests: int
    age_requests: int


def check_lifetime(rules: CacheRules, traffic: ReplayOptions) -> None:
    """Raise InputError for a lifetime that no model offers."""
    minutes, most = traffic.lifetime_minutes, rules.extended_hours * _MINUTES_PER_HOUR
    if minutes is not None and not 1 <= minutes <= most:
        raise InputError(
            "lifetime", f"from 1 minute to {format_int(rules.extended_hours)} hours", f"{format_int(minutes)} minutes"
        )


def resolve_requests_per_minute(rules: CacheRules, traffic: ReplayOptions) -> int:
    """Return how many requests are sent per minute."""
    return traffic.requests_per_minute or rules.requests_per_minute_per_prefix


def resolve_kept_minutes(rules: CacheRules, traffic: ReplayOptions, variant: Variant) -> tuple[int, int]:
    """Return the minutes for which `variant` keeps a prefix: idle, and at most. More than an hour only if it can."""
    idle = traffic.lifetime_minutes or rules.idle_minutes.at_least
    if idle > rules.idle_minutes.at_most and EXTENDED_CACHE_ABILITY in variant.model.abilities:
        return idle, rules.extended_hours * _MINUTES_PER_HOUR
    return min(idle, rules.idle_minutes.at_most), rules.lifetime_minutes


class PromptCache:
    """The prompt cache of one model, to which requests come one after the other.

    Above a rate per minute the same beginning spills over to another machine, which has a cache of its own (OpenAI prompt caching
    guide, 2026-07-15). If `kept` is None, it forgets only what exceeds _MAX_PREFIXES and has one machine per `prompt_cache_key`,
    or one for all if it is ideal.
    """

    def __init__(
        self, rules: CacheRules, requests_per_minute: int, kept: PrefixLifetime | None, *, is_ideal: bool = True
    ) -> None:
        self._rules = rules
        self._is_ideal = is_ideal
        self._per_minute = requests_per_minute
        self._lifetime = kept
        self._minute = 0
        self._sent_this_minute: Counter[int] = Counter()  # by routing, in this minute
        # When each prefix was last read and written, keyed by machine and digest as one number, since there are many.
        self._read_at: dict[int, int] = {}
        self._written_at: dict[int, int] = {}
        self.hits: Counter[tuple[int, int]] = Counter()
        """How many requests were answered from each prefix, by its tokens and its digest."""

    def send(self, prefix: CachePrefix, now: int) -> int:
        """Return the tokens of a request that are read from the cache, and write the request to it.

        `now` is the number of requests sent before it, to any model.
        """
        machine = self._choose_machine(prefix, now)
        keys = [digest ^ machine for digest in prefix.digests]
        hit = len(keys) - 1
        while hit >= 0 and not self._is_cached(keys[hit], now):
            hit -= 1
        for index, key in enumerate(keys):
            if index > hit or not self._is_cached(key, now):  # an expired prefix of a longer one that is read is still there
                self._written_at[key] = now
            self._read_at[key] = now
        if len(self._read_at) > _MAX_PREFIXES:
            self._forget(now)
        if hit < 0:
            return 0
        tokens = prefix.ends[hit]
        self.hits[tokens, prefix.digests[hit]] += 1
        return tokens

    def _choose_machine(self, prefix: CachePrefix, now: int) -> int:
        routing = prefix.routing_digest
        if self._lifetime is None:
            return 0 if self._is_ideal else prefix.key_digest
        minute = now // self._per_minute
        if minute != self._minute:
            self._minute = minute
            self._sent_this_minute.clear()
        self._sent_this_minute[routing] += 1
        return routing + (self._sent_this_minute[routing] - 1) // self._rules.requests_per_minute_per_prefix

    def _is_cached(self, key: int, now: int) -> bool:
        read = self._read_at.get(key)
        if read is None or self._lifetime is None:
            return read is not None
        return now - read <= self._lifetime.idle_requests and now - self._written_at[key] <= self._lifetime.age_requests

    def _forget(self, now: int) -> None:
        """Drop expired prefixes, and of the others those read longest ago."""
        alive = sorted((key for key in self._read_at if self._is_cached(key, now)), key=self._read_at.__getitem__)
        alive = alive[-_MAX_PREFIXES // 2 :]
        self._read_at = {key: self._read_at[key] for key in alive}
        self._written_at = {key: self._written_at[key] for key in alive}


class SentPrefixes(Generic[S]):
    """Requests that were sent, to be sent again to the cache that they left: with at most _MAX_PREFIXES prefixes, so that memory
    doesn't grow with the requests.
    """

    def __init__(self) -> None:
        self._sent: list[S] = []
        self._room = _MAX_PREFIXES

    def add(self, sent: S, prefix: CachePrefix) -> None:
        """Keep a request that was sent, as long as there is room."""
        self._room -= len(prefix.digests) + _ROOM_OF_REQUEST
        self._sent.append(sent)
        if self._room < 0:
            self._sent.clear()

    @property
    def kept(self) -> Sequence[S] | None:
        """The requests that were sent, in their order; None if there were too many."""
        return None if self._room < 0 else self._sent


REAL_CACHE, KEYED_CACHE, IDEAL_CACHE = "real", "keyed", "ideal"
"""Kinds of caches: one that keeps and spills as published, a perfect one that keeps keys apart, and a perfect one.
"""


class CacheReplay:
    """Replays requests in the order in which they are sent, each against the cache of its model.

    `kind` is one of REAL_CACHE, KEYED_CACHE and IDEAL_CACHE. Raises InputError for an impossible lifetime.
    """

    def __init__(self, catalog: Catalog, traffic: ReplayOptions, kind: str = REAL_CACHE) -> None:
        check_lifetime(catalog.limits.prompt_cache, traffic)
        self.traffic = traffic
        self.caches: dict[str, PromptCache] = {}
        self._catalog = catalog
        self._kind = kind
        self._now = 0

    def send(self, prefix: CachePrefix) -> int:
        """Return the tokens of the next request that are read from the cache."""
        if prefix.model not in self.caches:
            self.caches[prefix.model] = self.make_cache(prefix.model)
        self._now += 1
        return self.caches[prefix.model].send(prefix, self._now - 1)

    def make_cache(self, model: str) -> PromptCache:
        """Make the empty cache of a model."""
        rules, variant = self._catalog.limits.prompt_cache, self._catalog.variant(model)
        per_minute = resolve_requests_per_minute(rules, self.traffic)
        idle, life = resolve_kept_minutes(rules, self.traffic, variant)
        kept = PrefixLifetime(idle * per_minute, life * per_minute) if self._kind == REAL_CACHE else None
        return PromptCache(rules, per_minute, kept, is_ideal=self._kind == IDEAL_CACHE)
