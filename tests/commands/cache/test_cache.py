"""The prompt cache, replayed: what breaks it, and what that is worth."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gpt41_cli.catalog import Catalog
from gpt41_cli.catalog.limit_tables import CacheRules
from gpt41_cli.commands.cache import divergence
from gpt41_cli.commands.cache import study as caches
from gpt41_cli.commands.cache.divergence import (
    DATE,
    IDENTIFIER,
    NUMBER,
    PICTURE,
    TEXT,
    TOOL_ORDER,
    Divergence,
    count_cacheable_tokens,
)
from gpt41_cli.commands.cache.savings import compute_savings
from gpt41_cli.commands.cache.study import CacheStudy, replay_requests
from gpt41_cli.errors import InputError, MissingPrice
from gpt41_cli.files.documents import FileLine
from gpt41_cli.files.sources import find_sources
from gpt41_cli.requests.inputs import read_item
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.work import prompt_cache
from gpt41_cli.work.frames import FrameReader
from gpt41_cli.work.prompt_cache import ReplayOptions
from gpt41_cli.work.stream import ReadingOptions
from tests.builders import (
    CATALOG,
    LONG_TEXT,
    SECRET,
    USER,
    Body,
    chat,
    chats_that_begin,
    image_part,
    market,
    responses,
)
from tests.conftest import ROOT, Run


@pytest.fixture(scope="module")
def rules(catalog: Catalog) -> CacheRules:
    return catalog.limits.prompt_cache


# What breaks it


def test_pictures_in_results_tell_prompts_apart(studied: Any) -> None:
    def body(width: int) -> Body:
        call = {"type": "function_call", "call_id": "1", "name": "look", "arguments": "{}"}
        seen = {"type": "input_image", "image_url": image_part(width, 480)["image_url"]["url"]}
        results = [{"type": "function_call_output", "call_id": "1", "output": output} for output in ([seen], LONG_TEXT)]
        return responses([USER, call, results[0], call, results[1]])

    found = studied(*map(body, (640, 641, 642, 640)))
    assert found.reads_by_model["gpt-4.1"].hits == 1
    parting, requests, gained = only_break(found)
    assert (parting.section, parting.kind, requests, gained > 2_000) == ("message 2 (calls)", PICTURE, 3, True)


@pytest.fixture
def studied(tmp_path: Path, catalog: Catalog) -> Any:
    def studied(*bodies: Body, traffic: ReplayOptions = ReplayOptions(), model: str | None = None, times: int = 1) -> CacheStudy:  # noqa: B008 -- it is immutable
        path = tmp_path / "r.jsonl"
        path.write_text("".join(json.dumps(body) + "\n" for body in bodies))
        found, skipped = find_sources([str(path)], None, lambda: pytest.fail("standard input is not named"))
        return replay_requests(found, ReadingOptions(jobs=1), Meter(catalog, model, needs_tokens=True), traffic, skipped, times)

    return studied


def only_break(found: CacheStudy) -> tuple[Divergence, int, int]:
    """Where prompts part, how many of them, and the tokens that are lost."""
    (each,) = found.prompt_comparison.breaks
    return each.divergence, each.requests, each.gained_tokens


@pytest.mark.parametrize(
    ("beginnings", "kind", "texts"),
    [
        (("It is 10:31 now.\n", "It is 10:32 now.\n"), DATE, ("10:31", "10:32")),
        (("Today: 2026-11-24. ", "Today: 2026-12-01. "), DATE, ("2026-11-24.", "2026-12-01.")),
        (("It is Monday, so ", "It is Friday, so "), DATE, ("Monday,", "Friday,")),
        (("Ticket 17 of 90\n", "Ticket 18 of 90\n"), NUMBER, ("17", "18")),
        (("Session 4f3a9c01b2. ", "Session 9d01ee77aa. "), IDENTIFIER, ("4f3a9c01b2.", "9d01ee77aa.")),
        (("Dear Maria,\n", "Dear Martin,\n"), TEXT, ("Maria,", "Martin,")),
        (("You help Ann Lee.\n", "You help Bob Ray.\n"), TEXT, ("Ann Lee.", "Bob Ray.")),
    ],
)
def test_what_differs_is_named_with_its_words(
    studied: Any, rules: CacheRules, beginnings: tuple[str, str], kind: str, texts: tuple[str, str]
) -> None:
    parting, requests, gained = only_break(studied(*chats_that_begin(*beginnings)))
    assert (parting.section, parting.line, parting.kind, parting.differing_words, requests) == (
        "message 1 (system)",
        1,
        kind,
        texts,
        2,
    )
    assert gained == count_cacheable_tokens(parting.total_shared_tokens, rules)


def test_the_line_is_that_of_the_difference(studied: Any) -> None:
    half = LONG_TEXT[: len(LONG_TEXT) // 2]
    bodies = [chat({"role": "system", "content": f"{half}Hour {hour}\n{LONG_TEXT}"}, USER) for hour in (1, 2)]
    parting, _, gained = only_break(studied(*bodies))
    assert parting.line == half.count("\n") + 1
    assert parting.shared_tokens > 900
    assert gained % 128 == 0
    assert gained > 1_000


def test_tools_in_another_order(studied: Any) -> None:
    def tool(name: str) -> Body:
        return {"type": "function", "function": {"name": name, "description": LONG_TEXT[:4_000]}}

    one, other = tool("find_order"), tool("open_ticket")
    parting, _, gained = only_break(studied(chat(USER, tools=[one, other]), chat(USER, tools=[other, one])))
    assert (parting.section, parting.kind) == ("tools", TOOL_ORDER)
    assert gained > 1_000


def test_a_picture_before_what_is_the_same(studied: Any) -> None:
    def body(width: int) -> Body:
        return chat({"role": "user", "content": [image_part(width, 480), {"type": "text", "text": LONG_TEXT}]})

    parting, _, gained = only_break(studied(body(640), body(641)))
    assert (parting.section, parting.kind) == ("message 1 (user)", PICTURE)
    assert gained > 1_000


@pytest.mark.parametrize(
    "bodies",
    [
        [chat({"role": "system", "content": LONG_TEXT}, {"role": "user", "content": each}) for each in ("One?", "Two?")],
        [chat({"role": "system", "content": LONG_TEXT}, USER), chat({"role": "system", "content": LONG_TEXT}, USER)],
        chats_that_begin("It is 10:31.\n", "It is 10:32.\n", rest="Be short."),
        chats_that_begin("It is 10:31.\n", "It is 10:31.\n"),
        [chat({"role": "system", "content": LONG_TEXT}), chat({"role": "user", "content": LONG_TEXT})],
        [
            {**body, "model": model}
            for body, model in zip(chats_that_begin("It is 1.\n", "It is 2.\n"), ("gpt-4.1", "gpt-4.1-mini"), strict=True)
        ],
    ],
    ids=["the end differs", "nothing differs", "too short", "the same time", "another role", "another model"],
)
def test_nothing_is_broken_where_nothing_could_be_shared(studied: Any, bodies: list[Body]) -> None:
    assert studied(*bodies).prompt_comparison.breaks == []


def test_a_text_that_has_been_seen_is_in_the_cache(studied: Any, rules: CacheRules) -> None:
    hours = [f"It is {hour} o'clock.\n" for hour in (1, 1, 2, 2, 1, 3)]
    found = studied(*chats_that_begin(*hours))
    parting, requests, gained = only_break(found)
    assert (requests, gained) == (3, 2 * count_cacheable_tokens(parting.total_shared_tokens, rules))
    assert found.reads_by_model["gpt-4.1"].hits == 3


def test_what_moving_it_would_save_is_what_the_replay_then_gives(studied: Any) -> None:
    hours = [f"It is {hour} o'clock." for hour in range(8)]
    _, _, gained = only_break(studied(*chats_that_begin(*(f"{hour}\n" for hour in hours))))
    moved = [chat({"role": "system", "content": LONG_TEXT}, USER, {"role": "user", "content": hour}) for hour in hours]
    assert studied(*moved).reads_by_model["gpt-4.1"].usage.cached_tokens == gained


def test_prompts_and_beginnings_just_too_short_are_pointed_out(studied: Any, catalog: Catalog) -> None:
    words = " word" * 1_000  # with what frames it, a little below the minimum
    found = studied(*[chat({"role": "user", "content": words + text}) for text in (" a", " b c", " word" * 60)])
    assert found.reads_by_model["gpt-4.1"].near_misses == 2
    (near,) = found.prompt_comparison.short_prefixes
    assert (near.requests, near.first_place.label.endswith("r.jsonl:1")) == (3, True)
    assert 896 <= near.tokens < 1_024


def test_a_beginning_is_too_short_for_those_that_read_nothing(studied: Any) -> None:
    turns = [{"role": "user", "content": " word" * 300}, {"role": "assistant", "content": " so" * 300}] * 4
    found = studied(*[chat(*turns[: 2 * number + 1]) for number in range(4)])
    assert found.reads_by_model["gpt-4.1"].hits == 1
    assert [(near.requests, near.tokens) for near in found.prompt_comparison.short_prefixes] == [(2, 912)]


def test_tools_that_differ_must_be_the_same(run: Run) -> None:
    asked = [
        chat({"role": "user", "content": LONG_TEXT}, tools=[SECRET]),
        chat({"role": "user", "content": LONG_TEXT}, tools=[SECRET] * 2),
    ]
    done = run("cache", stdin="".join(json.dumps(body) + "\n" for body in asked))
    assert re.search(r"after it are the same:\s+always the same, 1 of the first 2 requests would", done.out)


def test_keys_that_keep_requests_apart_are_named(studied: Any, run: Run) -> None:
    keyed = [{**body, "prompt_cache_key": f"user-{number}"} for number, body in enumerate(chats_that_begin("", "", "", ""))]
    reads = studied(*keyed, *chats_that_begin("")).reads_by_model["gpt-4.1"]
    assert (len(reads.cache_keys), reads.usage.cached_tokens, reads.tokens_lost_to_keys) == (
        4,
        0,
        3 * reads.ideal.usage.cached_tokens // 4,
    )
    same = studied(*[{**body, "prompt_cache_key": "all"} for body in keyed]).reads_by_model["gpt-4.1"]
    assert (same.tokens_lost_to_keys, same.usage.cached_tokens) == (0, reads.tokens_lost_to_keys)
    done = run("cache", stdin="".join(json.dumps(body) + "\n" for body in keyed))
    assert "4 different prompt_cache_keys keep requests that begin alike from sharing it" in " ".join(done.out.split())
    assert done.out.splitlines()[0].endswith(" more if no prompt broke the cache")


def test_only_so_many_kinds_of_prompts_are_compared(studied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = [
        *chats_that_begin("It is 1.\n"),
        *chats_that_begin("It is 3.\n", rest=LONG_TEXT[::-1]),
        *chats_that_begin("It is 4.\n", rest=LONG_TEXT[::-1]),
    ]
    assert only_break(studied(*bodies))[1] == 2
    monkeypatch.setattr(divergence, "_MAX_GROUPS", 1)
    assert studied(*bodies).prompt_comparison.breaks == []


# What it is worth


def test_each_model_is_priced_and_the_family_next_to_it(studied: Any, catalog: Catalog) -> None:
    today = market(catalog)
    found = studied(*chats_that_begin("", "", ""))
    reads = found.reads_by_model["gpt-4.1"]
    here, *others = compute_savings(today, found)
    uncached = reads.usage.input_tokens - reads.usage.cached_tokens
    assert here.replayed_usd == (uncached * Decimal("2.00") + reads.usage.cached_tokens * Decimal("0.50")) / 1_000_000
    assert here.saved_usd == reads.usage.cached_tokens * Decimal("1.50") / 1_000_000
    assert [(each.offer.variant.id, each.is_as_sent) for each in others] == [("gpt-4.1-mini", False), ("gpt-4.1-nano", False)]
    # Another retention, pictures, a model from elsewhere, several models: nothing is said of the others.
    day_long = studied(*chats_that_begin("", ""), traffic=ReplayOptions(lifetime_minutes=1_440))
    assert len(compute_savings(today, day_long)) == 1
    seen = studied(chat({"role": "user", "content": [image_part(64, 64), {"type": "text", "text": LONG_TEXT}]}))
    assert len(compute_savings(today, seen)) == 1
    assert len(compute_savings(today, studied(*chats_that_begin(""), model="gpt-4o"))) == 1
    two = studied(*chats_that_begin(""), {**chats_that_begin("")[0], "model": "gpt-4.1-mini"})
    assert [each.offer.variant.id for each in compute_savings(today, two)] == ["gpt-4.1", "gpt-4.1-mini"]
    with pytest.raises(MissingPrice):
        compute_savings(today.on_day(date(2025, 1, 1)), found)


def test_a_variant_without_a_price_is_left_out_of_the_comparison(studied: Any, catalog: Catalog) -> None:
    found = studied(*chats_that_begin(""))
    nano = catalog.models["gpt-4.1-nano"]
    elsewhere = nano._replace(rates={name: table for name, table in nano.rates.items() if name != "openai"})
    fewer = catalog._replace(models={**catalog.models, nano.id: elsewhere})
    priced = compute_savings(market(fewer), found)
    assert [each.offer.variant.id for each in priced] == ["gpt-4.1", "gpt-4.1-mini"]


# As a user meets it


def test_the_share_that_is_printed_is_what_cost_takes(run: Run) -> None:
    shop = str(ROOT / "tests/data/shop.jsonl")
    given = (shop, shop, "--model", "gpt-4.1")
    share = run("cache", *given, "-q").out.strip()
    replayed = json.loads(run("cost", *given, "--cached", "simulate", "--output-tokens", "9", "--format", "json").out)
    stated = json.loads(run("cost", *given, "--cached", share, "--output-tokens", "9", "--format", "json").out)
    mine, its = replayed["quotes"][0]["usage"], stated["quotes"][0]["usage"]
    assert mine["cached_tokens"] == 6 * 1_408
    assert 0 <= mine["cached_tokens"] - its["cached_tokens"] <= 12


def test_a_prompt_is_escaped_where_it_is_quoted(run: Run) -> None:
    bodies = chats_that_begin("A \x1b[31m::error::x `b` <i>\n", "A \x1b[32m::error::y `b` <i>\n")
    done = run("cache", stdin="".join(json.dumps(body) + "\n" for body in bodies))
    assert done.code == 0
    assert "\x1b" not in done.out
    assert "cache-break" in done.out


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (("cache",), "just text", "standard input: expected requests, found text, or nothing"),
        (("cache", "--lifetime", "25h"), "{}", "lifetime: expected from 1 minute to 24 hours, found 1,500 minutes"),
        (
            ("cost", "--input-tokens", "9", "--cached", "simulate"),
            "",
            "--cached simulate: expected requests to replay, found text or numbers",
        ),
        (
            ("cost", "--input-tokens", "9", "--lifetime", "5m"),
            "",
            "--lifetime: expected --cached simulate with it, found it alone",
        ),
        (
            ("cost", "--each", "--cached", "simulate"),
            "",
            "--each: expected --cached with tokens or a share, found simulate, which has an answer for all of them",
        ),
        (
            ("cache",),
            '{"model": "gpt-9", "messages": [{"role": "user", "content": "Hi"}]}',
            "1 of 1 request cannot be read",
        ),
    ],
)
def test_what_cannot_be_replayed_is_refused(run: Run, arguments: tuple[str, ...], stdin: str, message: str) -> None:
    done = run(*arguments, stdin=stdin)
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines()[-1] == f"gpt41: {message}"


def test_a_folder_gives_what_requests_it_has(run: Run, tmp_path: Path) -> None:
    for number, body in enumerate(chats_that_begin("", "")):
        (tmp_path / f"{number}.json").write_text(json.dumps(body))
    (tmp_path / "notes.txt").write_text("no request")
    done = run("cache", ".")
    assert (done.code, done.err) == (0, "")
    assert "1 of 2 requests, " in done.out


def test_of_many_requests_the_first_are_compared(studied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "COMPARED_PER_FILE", 4)
    monkeypatch.setattr(caches, "_MAX_COMPARED", 3)
    hours = [f"It is {hour} o'clock.\n" for hour in range(6)]
    found = studied(*chats_that_begin(*hours), chat(USER), chat(USER))
    assert (found.compared_requests, found.requests) == (3, 8)
    assert only_break(found)[1] == 3
    # Neither blank lines nor one very long prompt keep the others from being compared.
    monkeypatch.setattr(caches, "_MAX_COMPARED_CHARACTERS", 50_000)
    giant = chat({"role": "user", "content": "word " * 20_000})
    assert studied(giant, *chats_that_begin(*hours)).compared_requests == 3
    # What is shared by requests that were not looked at has a size all the same.
    late = studied(*[chat(USER)] * 4, *chats_that_begin("", ""))
    assert [(each.requests, each.ends_in) for each in late.shared_prefixes] == [(1, None)]


def test_what_is_too_short_is_said(run: Run) -> None:
    bodies = [chat({"role": "user", "content": " word" * 1_000 + text}) for text in (" a", " b c", " word" * 60)]
    done = run("cache", stdin="".join(json.dumps(body) + "\n" for body in bodies))
    said = " ".join(done.out.split())
    assert "3 requests like standard input:1 share a beginning of 1,005 tokens, 19 too few to be cached [cache-minimum]" in said
    assert "2 requests of 896 to 1,023 tokens: a prompt below 1,024 tokens is never cached [cache-minimum]" in said


def test_long_requests_pay_their_surcharge_with_and_without_the_cache(run: Run) -> None:
    """280,013 input tokens each, of which all but one step is read in two of three: at twice the rates of gpt-6-luna."""
    body = json.dumps({"model": "gpt-6-luna", "messages": [{"role": "user", "content": "word " * 280_000}]})
    done = run("cache", "--as-of", "2026-11-23", "--format", "json", stdin=f"{body}\n" * 3)
    found = json.loads(done.out)
    (luna,) = found["models"]
    read, tokens = luna["cached_tokens"], luna["input_tokens"]
    assert read > 272_000 * 2
    assert Decimal(luna["cold_usd"]) == tokens * Decimal("0.2") / 1_000_000
    assert Decimal(luna["replayed_usd"]) == ((tokens - read) * Decimal("0.2") + read * Decimal("0.02")) / 1_000_000
    surcharge, writes = found["notes"][-2:]
    assert surcharge.startswith("gpt-6-luna: requests above 272,000 input tokens cost 2 times the input")
    assert writes.startswith("gpt-6-luna bills writes to the prompt cache at $0.125 per million instead of $0.10")


MANY_TIMES = ("cost", "--cached", "simulate", "--as-of", "2026-11-23", "--requests", "400")


def test_a_request_that_stands_for_many_reads_from_the_cache_that_it_left(run: Run) -> None:
    """Each of them but the first reads all whole steps of its 1,938 tokens."""
    body = json.dumps(chat({"role": "system", "content": LONG_TEXT}, USER, max_tokens=9))
    once, again = (
        "15 per minute for 4 seconds; see gpt41 cache",
        "the first time with an empty cache, then with the cache of the time before",
    )
    assert once in run(*MANY_TIMES[:-2], stdin=body).out
    done = run(*MANY_TIMES, stdin=body)
    assert f"15 per minute for 4 seconds, {again}; see gpt41 cache" in done.out
    quote = json.loads(run(*MANY_TIMES, "--format", "json", stdin=body).out)["quotes"][0]
    read = 1_938 // 128 * 128
    assert quote["usage"] == {"requests": 400, "input_tokens": 400 * 1_938, "cached_tokens": 399 * read, "output_tokens": 3_600}
    found = json.loads(run("cache", "--requests", "400", "--format", "json", stdin=body).out)
    assert (found["requests"], found["hits"], found["cached_tokens"]) == (400, 399, 399 * read)
    assert found["ideal_cached_tokens"] == found["cached_tokens"]
    assert found["shared"][0]["requests"] == 399
    assert "1 request, 400 times, at first with an empty cache" in run("cache", "--requests", "400", stdin=body).out
    share = run("recommend", *MANY_TIMES[1:], "--deadline", "24h", stdin=body).out
    assert "Use gpt-4.1" in share


def test_many_requests_sent_again_read_what_is_still_there(run: Run) -> None:
    """12 requests per minute apart, of which each beginning is asked for again after 6 minutes: one more than it is kept."""
    texts = [f"{number} {LONG_TEXT}" for number in range(6)]
    lines = "".join(json.dumps(chat({"role": "system", "content": each}, USER, max_tokens=9)) + "\n" for each in texts)
    found = json.loads(run("cache", "--requests", "3", "--requests-per-minute", "1", "--format", "json", stdin=lines).out)
    assert (found["requests"], found["hits"], found["ideal_cached_tokens"] > 0) == (18, 0, True)
    found = json.loads(run("cache", "--requests", "3", "--requests-per-minute", "2", "--format", "json", stdin=lines).out)
    assert (found["requests"], found["hits"]) == (18, 12)


def test_more_requests_than_are_kept_are_not_sent_again(studied: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_cache, "_MAX_PREFIXES", 20)
    body = chat({"role": "system", "content": LONG_TEXT}, USER)
    assert studied(body, times=3).reads_by_model["gpt-4.1"].hits == 2
    with pytest.raises(
        InputError, match="^--requests: expected fewer requests, which are kept to be sent again, found too many$"
    ):
        studied(body, body, times=3)


def test_models_with_other_rules_of_caching_are_reported(run: Run) -> None:
    body = json.dumps(chat({"role": "system", "content": LONG_TEXT}, USER))
    out = run("cache", "--model", "gpt-6.1-sol", "--lifetime", "12h", "--as-of", "2026-11-23", stdin=body).out
    assert "(prompts from 1,024 tokens, up to the end of a message)" in out
    assert "gpt-6.1-sol is replayed as recordings of its generation show, up to the end of a message. How long it keeps" in out
    assert "at most [prompt-caching-guide" not in out.partition("note")[2]


@pytest.mark.parametrize("model", ["gpt-4.1", "gpt-6.1-sol"])
def test_lines_that_share_a_frame_are_measured_as_their_requests(model: str) -> None:
    """Long and short beginnings in turns: what one digest shares with the one before, another may not."""
    meter, reader = Meter(CATALOG, needs_tokens=True), FrameReader(None)
    framed_measurer = caches._FramedMeasurer(meter, lambda: True)
    systems = ["Be short. " * 500, "Be brief. " * 500, "Be short. " * 500, "Be kind."]
    found = 0
    for number, system in enumerate([*systems, *systems], 1):
        body = chat({"role": "system", "content": system}, {"role": "user", "content": f"{number} " * 400 * (number % 3 + 1)})
        line = FileLine(number, json.dumps({**body, "model": model}).encode())
        sent = read_item(line, None, line.locate("f"))
        framed = reader.read(line, line.locate("f"))
        if framed:
            found += 1
            assert framed_measurer.measure(framed) == caches.measure_for_cache(meter, sent, lambda: True)
        else:
            reader.learn(line, sent)
    assert found == 7
