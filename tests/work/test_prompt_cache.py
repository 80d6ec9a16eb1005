"""What a prompt reads from the cache, and how long the cache keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt41_cli.catalog import Catalog
from gpt41_cli.catalog.limit_tables import CacheRules
from gpt41_cli.commands.cache.divergence import count_cacheable_tokens
from gpt41_cli.errors import InputError
from gpt41_cli.requests import readers
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.prefix import CachePrefix, PrefixDigester, PromptStretch
from gpt41_cli.work import prompt_cache as replays
from gpt41_cli.work.prompt_cache import CacheReplay, PrefixLifetime, PromptCache, ReplayOptions
from tests.builders import LONG_TEXT, SECRET, SYSTEM, USER, Body, chat, responses, responses_tool


@pytest.fixture(scope="module")
def small(catalog: Catalog) -> CacheRules:
    """Rules with numbers that a person can follow: from 4 tokens in steps of 2, 3 requests per minute and machine."""
    rules = catalog.limits.prompt_cache
    return rules._replace(minimum_tokens=4, step_tokens=2, routing_prefix_tokens=1, requests_per_minute_per_prefix=3)


def letters(text: str) -> bytes:
    """Every letter a token."""
    return b"".join(letter.encode("utf-32-le") for letter in text)


def beginning(text: str, rules: CacheRules, catalog: Catalog, key: str = "", model: str = "gpt-4.1") -> CachePrefix:
    images = catalog.models["gpt-4.1"].images
    assert images is not None
    found = [PromptStretch("message 1 (user)", text)]
    return PrefixDigester(found, model, key, letters, images, rules).digest()


def asked(cache: PromptCache, prefixes: Sequence[CachePrefix], times: Sequence[int] | None = None) -> list[int]:
    return [cache.send(each, now) for each, now in zip(prefixes, times or range(len(prefixes)), strict=True)]


@settings(max_examples=400)
@given(texts=st.lists(st.text("ab", max_size=14), max_size=12))
def test_what_is_read_is_the_longest_beginning_that_an_earlier_prompt_had(
    texts: list[str], small: CacheRules, catalog: Catalog
) -> None:
    expected = []
    for index, text in enumerate(texts):
        shared = (len(list(takewhile(lambda pair: pair[0] == pair[1], zip(text, each, strict=False)))) for each in texts[:index])
        expected.append(max((count_cacheable_tokens(common, small) for common in shared), default=0))
    prefixes = [beginning(text, small, catalog) for text in texts]
    assert asked(PromptCache(small, 1, None), prefixes) == expected
    patient = PromptCache(small, 1_000, PrefixLifetime(1_000_000, 1_000_000))
    # A machine takes three requests a minute of one beginning, and a prompt below the minimum counts as one of these.
    assert all(mine <= best for mine, best in zip(asked(patient, prefixes), expected, strict=True))


@pytest.mark.parametrize(("tokens", "expected"), [(0, 0), (1_023, 0), (1_024, 1_024), (1_151, 1_024), (1_152, 1_152)])
def test_from_the_minimum_in_steps(tokens: int, expected: int, catalog: Catalog) -> None:
    """All of 5,258 recorded answers that read from the cache read so: 491 of gpt-4.1, 711 of its mini, 4,056 of its nano."""
    rules = catalog.limits.prompt_cache
    assert count_cacheable_tokens(tokens, rules) == expected
    same = beginning("a" * tokens, rules, catalog)
    assert asked(PromptCache(rules, 1, None), [same, same]) == [0, expected]


def test_what_nobody_reads_is_forgotten_and_what_is_old_too(small: CacheRules, catalog: Catalog) -> None:
    small = small._replace(requests_per_minute_per_prefix=100)
    one = beginning("abcdef", small, catalog)
    # Idle for 5 requests it stays, for 6 it does not; in use it stays until it is 12 old.
    times = [0, 5, 11, 16, 21, 23, 24, 30]
    assert asked(PromptCache(small, 100, PrefixLifetime(idle_requests=5, age_requests=12)), [one] * 8, times) == [
        0,
        6,
        0,
        6,
        6,
        6,
        0,
        0,
    ]


def test_what_is_read_keeps_its_beginnings(small: CacheRules, catalog: Catalog) -> None:
    small = small._replace(requests_per_minute_per_prefix=100)
    short, long = (beginning(text, small, catalog) for text in ("abcd", "abcdef"))
    # The short one is over its life when the long one is read, which contains it.
    assert asked(
        PromptCache(small, 100, PrefixLifetime(idle_requests=50, age_requests=10)), [short, long, long, short], [0, 8, 12, 13]
    ) == [
        0,
        4,
        6,
        4,
    ]


def test_the_same_beginning_spills_to_another_machine(small: CacheRules, catalog: Catalog) -> None:
    one, other = beginning("abcdef", small, catalog), beginning("xbcdef", small, catalog)
    forever = PrefixLifetime(1_000, 1_000)
    # Eight a minute: three on the first machine, three on the second, two on a third; the next minute all are warm.
    assert asked(PromptCache(small, 8, forever), [one] * 16) == [0, 6, 6, 0, 6, 6, 0, 6] + [6] * 8
    assert asked(PromptCache(small, 8, forever), [one, one, one, other, one]) == [0, 6, 6, 0, 0]


def test_a_cache_key_has_machines_of_its_own_and_a_model_a_cache_of_its_own(catalog: Catalog) -> None:
    rules = catalog.limits.prompt_cache
    text = "a" * 1_030
    cache = PromptCache(rules, 100, PrefixLifetime(100, 100))
    keyed = [beginning(text, rules, catalog, key) for key in ("", "eu", "eu", "", "us")]
    assert asked(cache, keyed) == [0, 0, 1_024, 1_024, 0]
    replay = CacheReplay(catalog, ReplayOptions())
    models = ["gpt-4.1", "gpt-4.1-mini", "gpt-4.1", "gpt-4.1-mini"]
    assert [replay.send(beginning(text, rules, catalog, model=model)) for model in models] == [0, 0, 1_024, 1_024]


def test_a_minute_ends_with_its_last_request(catalog: Catalog) -> None:
    """31 equal prompts a minute: 15 go to the first machine, 15 to the second, and the last of the minute to a third."""
    rules = catalog.limits.prompt_cache
    same = beginning("a" * 1_024, rules, catalog)
    replay = CacheReplay(catalog, ReplayOptions(31))
    hits = [replay.send(same) > 0 for _ in range(32)]
    assert [number for number, is_hit in enumerate(hits, 1) if not is_hit] == [1, 16, 31]


def test_forgetting_keeps_the_half_that_was_read_last(
    monkeypatch: pytest.MonkeyPatch, small: CacheRules, catalog: Catalog
) -> None:
    monkeypatch.setattr(replays, "_MAX_PREFIXES", 12)
    cache = PromptCache(small, 1_000, None)
    many = [beginning(f"{number:04}", small, catalog) for number in range(13)]
    assert asked(cache, many) == [0] * 13
    assert len(cache._read_at) == len(cache._written_at) == 6
    assert asked(cache, many[-6:], range(13, 19)) == [4] * 6
    assert cache.send(many[-7], 19) == 0


def test_memory_is_bounded_and_the_latest_stays(monkeypatch: pytest.MonkeyPatch, small: CacheRules, catalog: Catalog) -> None:
    monkeypatch.setattr(replays, "_MAX_PREFIXES", 10)
    many = [beginning(f"{number:04}", small, catalog) for number in range(40)]
    for kept in (None, PrefixLifetime(3, 100), PrefixLifetime(1_000, 1_000)):
        cache = PromptCache(small, 1_000, kept)
        assert asked(cache, many) == [0] * 40
        assert len(cache._read_at) == len(cache._written_at) <= 10
        assert cache.send(many[-1], 40) == 4


@pytest.mark.parametrize(
    ("minutes", "model", "expected"),
    [
        (None, "gpt-4.1", (5, 60)),
        (7, "gpt-4.1", (7, 60)),
        (10, "gpt-4.1-mini", (10, 60)),
        (1_440, "gpt-4.1", (1_440, 1_440)),
        (1_440, "gpt-4.1-mini", (10, 60)),
    ],
)
def test_how_long_a_model_keeps_a_prefix(minutes: int | None, model: str, expected: tuple[int, int], catalog: Catalog) -> None:
    assert (
        replays.resolve_kept_minutes(catalog.limits.prompt_cache, ReplayOptions(lifetime_minutes=minutes), catalog.variant(model))
        == expected
    )


@pytest.mark.parametrize("minutes", [0, 1_441])
def test_a_lifetime_that_nothing_offers_is_refused(minutes: int, catalog: Catalog) -> None:
    message = f"lifetime: expected from 1 minute to 24 hours, found {minutes:,} minutes"
    with pytest.raises(InputError, match=f"^{message}$"):
        CacheReplay(catalog, ReplayOptions(lifetime_minutes=minutes))


@pytest.mark.parametrize(
    "body",
    [
        chat(SYSTEM, {"role": "user", "content": LONG_TEXT}),
        chat({"role": "user", "content": LONG_TEXT}, {"role": "assistant", "content": "Yes."}, USER, tools=[SECRET]),
        responses([{"role": "user", "content": LONG_TEXT}], instructions="Be short.", tools=[responses_tool()]),
    ],
)
def test_a_successor_reads_all_but_what_begins_the_answer(body: Body, catalog: Catalog) -> None:
    """GPT-5.6 read 4,331 of 4,334 tokens, and wrote 1,217 of 1,220 in both endpoints."""
    meter = Meter(catalog, "gpt-5.6-luna")
    sent = readers.read_request(body)
    billed = meter.count(sent).input_tokens
    first = meter.digest_prefix(sent.request)
    assert first.ends[-1] == billed - 3
    replay = CacheReplay(catalog, ReplayOptions())
    assert [replay.send(first), replay.send(first)] == [0, billed - 3]


def test_a_successor_reads_up_to_the_last_message_that_is_the_same(catalog: Catalog) -> None:
    """GPT-5.6 read 4,427 of 8,448 tokens, which isn't whole step: a part of a message is never read."""
    meter = Meter(catalog, "gpt-5.6-luna")
    system = {"role": "system", "content": LONG_TEXT}
    one, other, longer = (
        meter.digest_prefix(readers.read_request(chat(system, *turns)).request)
        for turns in (
            *([{"role": "user", "content": "The same beginning. " * 40 + end}] for end in ("One.", "Two.")),
            [USER, {"role": "assistant", "content": "Noon."}, USER],
        )
    )
    replay = CacheReplay(catalog, ReplayOptions())
    shared = meter.count(readers.read_request(chat(system))).input_tokens - 3
    assert [replay.send(each) for each in (one, other, longer)] == [0, shared, shared]
    assert one.ends[0] == shared
    assert len(longer.ends) == 4
    short = meter.digest_prefix(readers.read_request(chat(USER)).request)
    assert list(short.ends) == list(short.digests) == []


@pytest.mark.parametrize(
    "body",
    [
        chat(SYSTEM, {"role": "user", "content": LONG_TEXT, "name": "kim"}, tools=[SECRET]),
        responses([{"role": "user", "content": LONG_TEXT}], instructions="Be short.", tools=[responses_tool()]),
    ],
)
def test_a_prompt_that_is_sent_again_is_read_up_to_its_last_step(body: Body, catalog: Catalog) -> None:
    meter = Meter(catalog)
    sent = readers.read_request(body)
    billed = meter.count(sent).input_tokens
    rules = catalog.limits.prompt_cache
    first = meter.digest_prefix(sent.request)
    # The cache sees the tools alone, the bill together with the message before them: a token more or less.
    assert asked(PromptCache(rules, 1, None), [first, first])[1] in {
        count_cacheable_tokens(billed + more, rules) for more in (-1, 0, 1)
    }
