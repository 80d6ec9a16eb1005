"""What would the prompt cache give? Requests in their order against a cache that keeps, forgets and spills as published."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.limit_tables import CacheRules
from gpt41_cli.display import number
from gpt41_cli.errors import InputError

if TYPE_CHECKING:  # a price from numbers must not pay for what reads requests
    from gpt41_cli.tokens.prefix import Prefix

EXTENDED = "extended-cache-24h"
"""The ability of a model to keep prefixes beyond the hour."""

_MINUTES_AN_HOUR = 60
_HELD = 400_000
"""Prefixes that are held at most, so that memory does not grow with the requests."""


class Traffic(NamedTuple):
    """When requests are sent, one as long after the other as the next, and how long a prefix stays that nobody asks for.

    `requests_per_minute` None: at the rate up to which the guide lets one prefix stay on one machine; `minutes` None: the least
    that it states.
    """

    requests_per_minute: int | None = None
    minutes: int | None = None


class Kept(NamedTuple):
    """How long a cache keeps a prefix, counted in requests: since it was last read, and since it was written."""

    idle: int
    life: int


def check(rules: CacheRules, traffic: Traffic) -> None:
    """InputError for a lifetime that nothing offers."""
    minutes, most = traffic.minutes, rules.extended_hours * _MINUTES_AN_HOUR
    if minutes is not None and not 1 <= minutes <= most:
        raise InputError(
            f"lifetime: expected from 1 minute to {number(rules.extended_hours)} hours, found {number(minutes)} minutes"
        )


def requests_per_minute(rules: CacheRules, traffic: Traffic) -> int:
    """How many requests are sent a minute."""
    return traffic.requests_per_minute or rules.requests_per_minute_per_prefix


def kept_minutes(rules: CacheRules, traffic: Traffic, variant: Variant) -> tuple[int, int]:
    """How many minutes `variant` keeps a prefix: idle, and at most. Beyond the hour only where it can."""
    idle = traffic.minutes or rules.idle_minutes.at_least
    if idle > rules.idle_minutes.at_most and EXTENDED in variant.model.abilities:
        return idle, rules.extended_hours * _MINUTES_AN_HOUR
    return min(idle, rules.idle_minutes.at_most), rules.lifetime_minutes


class PromptCache:
    """The prompt cache of one model, to which requests come one after the other.

    Above so many requests a minute the same beginning spills over to a further machine, which has a cache of its own (OpenAI
    prompt caching guide, 2026-07-15). With `kept` None it forgets only what is beyond _HELD, and is one machine for each
    `prompt_cache_key`; one for all of them where it is ideal, too.
    """

    def __init__(self, rules: CacheRules, requests_per_minute: int, kept: Kept | None, *, is_ideal: bool = True) -> None:
        self._rules = rules
        self._is_ideal = is_ideal
        self._per_minute = requests_per_minute
        self._kept = kept
        self._minute = 0
        self._sent: Counter[int] = Counter()  # by routing, in this minute
        # When each prefix was last read and when it was written, by machine and digest in one number: there are many.
        self._read: dict[int, int] = {}
        self._written: dict[int, int] = {}
        self.hits: Counter[tuple[int, int]] = Counter()
        """How many requests were answered from each prefix, by its tokens and its digest."""

    def ask(self, prefix: Prefix, now: int) -> int:
        """The tokens of a request that are read from the cache; all of it is in there afterwards.

        `now` is how many requests were sent before it, to whichever model.
        """
        machine = self._machine(prefix, now)
        keys = [digest ^ machine for digest in prefix.digests]
        found = next((index for index in reversed(range(len(keys))) if self._has(keys[index], now)), -1)
        for index, key in enumerate(keys):
            if index > found or not self._has(key, now):  # what has expired inside of a longer one is there with that
                self._written[key] = now
            self._read[key] = now
        if len(self._read) > _HELD:
            self._forget(now)
        if found < 0:
            return 0
        tokens = self._rules.minimum_tokens + found * self._rules.step_tokens
        self.hits[tokens, prefix.digests[found]] += 1
        return tokens

    def _machine(self, prefix: Prefix, now: int) -> int:
        routing = prefix.routing
        if self._kept is None:
            return 0 if self._is_ideal else prefix.cache_key
        minute = now // self._per_minute
        if minute != self._minute:
            self._minute = minute
            self._sent.clear()
        self._sent[routing] += 1
        return routing + (self._sent[routing] - 1) // self._rules.requests_per_minute_per_prefix

    def _has(self, key: int, now: int) -> bool:
        read = self._read.get(key)
        if read is None or self._kept is None:
            return read is not None
        return now - read <= self._kept.idle and now - self._written[key] <= self._kept.life

    def _forget(self, now: int) -> None:
        """Drop what has expired, and of the rest what was read longest ago."""
        alive = sorted((key for key in self._read if self._has(key, now)), key=self._read.__getitem__)
        alive = alive[-_HELD // 2 :]
        self._read = {key: self._read[key] for key in alive}
        self._written = {key: self._written[key] for key in alive}


REAL, KEYED, IDEAL = "real", "keyed", "ideal"
"""Caches: that keeps and spills as published; that forgets nothing but keeps keys apart; that forgets nothing."""


class Replay:
    """Requests in the order in which they are sent, each against the cache of its model. InputError for a time that cannot be.

    `kind` is one of REAL, KEYED and IDEAL.
    """

    def __init__(self, catalog: Catalog, traffic: Traffic, kind: str = REAL) -> None:
        check(catalog.limits.prompt_cache, traffic)
        self.traffic = traffic
        self.caches: dict[str, PromptCache] = {}
        self._catalog = catalog
        self._kind = kind
        self._now = 0

    def ask(self, prefix: Prefix) -> int:
        """The tokens of the next request that are read from the cache."""
        if prefix.model not in self.caches:
            self.caches[prefix.model] = self._cache(self._catalog.variant(prefix.model))
        self._now += 1
        return self.caches[prefix.model].ask(prefix, self._now - 1)

    def _cache(self, variant: Variant) -> PromptCache:
        rules = self._catalog.limits.prompt_cache
        per_minute = requests_per_minute(rules, self.traffic)
        idle, life = kept_minutes(rules, self.traffic, variant)
        kept = Kept(idle * per_minute, life * per_minute) if self._kind == REAL else None
        return PromptCache(rules, per_minute, kept, is_ideal=self._kind == IDEAL)
