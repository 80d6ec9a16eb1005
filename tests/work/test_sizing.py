"""Requests as work to be priced: their own model, mode and maximum, exactly, and what differs between models."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.cost.estimate import Estimate, estimate, estimate_parts
from gpt41_cli.commands.recommend.candidates import Wishes
from gpt41_cli.commands.recommend.choose import Recommendation, recommend
from gpt41_cli.constraints.rate_limits import estimate_tier_duration, find_tier_block
from gpt41_cli.constraints.request_limits import RequestLimits, find_exceeded_limits
from gpt41_cli.errors import InputError, MissingPrice
from gpt41_cli.files.sources import find_sources
from gpt41_cli.tokens import count
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.work import prompt_cache
from gpt41_cli.work.prompt_cache import CacheReplay, ReplayOptions
from gpt41_cli.work.sizing import PromptTotals, RequestTotals, measure_sources, merge_into_workload, split_into_workloads
from gpt41_cli.work.stream import ReadingOptions
from gpt41_cli.work.workload import Assumptions, ModelAndMode, RequestShape, RequestSize, VariantLoad, Workload, size_request
from tests.builders import CALL, USER, Body, chat, image_message, market, responses
from tests.conftest import Run

TODAY = date(2026, 11, 23)
AS_THEY_ARE = Assumptions(None)


@pytest.fixture
def size(tmp_path: Path, catalog: Catalog) -> Any:
    def size(*bodies: Body, **replayed: Any) -> RequestTotals:
        (tmp_path / "f.jsonl").write_text("".join(json.dumps(body) + "\n" for body in bodies))
        found, skipped = find_sources([str(tmp_path / "f.jsonl")], None, lambda: pytest.fail("standard input is not named"))
        meter = Meter(catalog, needs_tokens=bool(replayed))
        totals = measure_sources(found, ReadingOptions(), lambda: meter, "o200k_base", skipped, **replayed)
        assert isinstance(totals, RequestTotals)
        return totals

    return size


def batch(body: Body, name: str = "a") -> Body:
    return {"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": body}


def priced(
    catalog: Catalog, sizing: RequestTotals, terms: Assumptions = AS_THEY_ARE, *, times: int = 1, mode: str | None = None
) -> Estimate:
    parts = split_into_workloads(sizing, terms, times, mode=mode)
    return estimate_parts(market(catalog, as_of=TODAY), parts, merge_into_workload(sizing, terms, times))


def test_each_request_is_priced_at_its_own_model_mode_and_maximum(catalog: Catalog, size: Any) -> None:
    """14 input tokens each: 7 of framing and 7 of text."""
    sizing = size(
        chat(USER, max_tokens=100),
        {**chat(USER, max_tokens=50, max_completion_tokens=10, n=3), "model": "gpt-4.1-2025-04-14"},
        {**chat(USER, max_tokens=100, service_tier="priority"), "model": "gpt-4.1-mini"},
        batch({**chat(USER, max_tokens=100), "model": "gpt-4.1-mini"}),
    )
    found = priced(catalog, sizing)
    assert [(quote.model, quote.mode, quote.usage.requests, quote.total_usd) for quote in found.quotes] == [
        ("gpt-4.1", "standard", 2, (28 * Decimal(2) + 130 * Decimal(8)) / 1_000_000),
        ("gpt-4.1-mini", "batch", 1, (14 * Decimal("0.2") + 100 * Decimal("0.8")) / 1_000_000),
        ("gpt-4.1-mini", "priority", 1, (14 * Decimal("0.7") + 100 * Decimal("2.8")) / 1_000_000),
    ]
    assert found.total_usd == sum(quote.total_usd for quote in found.quotes)
    one_mode = priced(catalog, sizing, mode="standard")
    assert [(quote.model, quote.usage.requests) for quote in one_mode.quotes] == [("gpt-4.1", 2), ("gpt-4.1-mini", 2)]


def test_the_terms_hold_for_every_request(catalog: Catalog, size: Any) -> None:
    long = {"role": "system", "content": "word " * 2_000}
    sizing = size(chat(long, USER, max_tokens=100), chat(long, USER, USER, max_tokens=5, n=2), chat(USER, max_tokens=5))
    (quote,) = priced(catalog, sizing, Assumptions(20, cached_share=Decimal("0.5")), times=1_000).quotes
    assert (quote.usage.requests, quote.usage.input_tokens) == (3_000, 1_000 * (2_019 + 2_030 + 14))
    assert quote.usage.output_tokens == 1_000 * (20 + 2 * 20 + 20)
    assert quote.usage.cached_tokens == 1_000 * (1_009 + 1_015), "the half of each, rounded down; nothing of the short one"
    with pytest.raises(InputError, match=r"cached_tokens: expected at most the input tokens \(14\)"):
        priced(catalog, size(chat(USER, max_tokens=5)), Assumptions(20, 20))


def test_where_no_maximum_is_stated_the_models_own_is_one(catalog: Catalog, size: Any) -> None:
    sizing = size(chat(USER), {**chat(USER), "model": "gpt-4o"}, {**chat(USER), "model": "gpt-6-luna"})
    found = priced(catalog, sizing)
    assert {quote.model: quote.usage.output_tokens for quote in found.quotes} == {
        "gpt-4.1": 32_768,
        "gpt-4o": 16_384,
        "gpt-6-luna": 32_768,
    }
    assert "3 requests have no maximum: the model's longest answer is priced." in found.notes
    half = priced(catalog, size(chat(USER), chat(USER, max_tokens=1)))
    assert any("1 request has no maximum" in note for note in half.notes)
    assert not any("no maximum" in note for note in priced(catalog, size(chat(USER, max_tokens=1))).notes)


def test_a_rejected_prediction_is_output(catalog: Catalog, size: Any) -> None:
    prediction = {"type": "content", "content": [{"type": "text", "text": "one two three"}]}
    sizing = size(chat(USER, max_tokens=10, prediction=prediction))
    ceiling = priced(catalog, sizing)
    assert ceiling.quotes[0].usage.output_tokens == 13
    assert any("(3, counted as rejected here)" in note for note in ceiling.notes)
    expected = priced(catalog, sizing, Assumptions(10))
    assert expected.quotes[0].usage.output_tokens == 10
    assert any("(3, not counted here)" in note for note in expected.notes)


def test_models_count_pictures_differently(catalog: Catalog, size: Any) -> None:
    work = merge_into_workload(size(chat(image_message())), AS_THEY_ARE, 1)
    tokens = {name: work.load_on(catalog, catalog.variant(name)).usage.input_tokens for name in catalog.models}
    plain = tokens["gpt-4.1"] - 255
    assert tokens["gpt-4.1-mini"] - plain == 7 + 2, "4 patches x 1.62, rounded up, and 2"
    assert tokens["gpt-4.1-nano"] - plain == 10 + 1
    assert tokens["gpt-4o-mini"] - plain == 8500
    assert tokens["gpt-6-luna"] - plain == 5 + 1 - 1, "4 patches x 1.2, rounded up, and 1; a request costs 1 less"
    assert work.needs == {"vision"}


def test_what_is_unsure_or_missing_is_said_next_to_the_price(catalog: Catalog, size: Any) -> None:
    found = priced(catalog, size(responses("x", previous_response_id="r"), chat(USER, functions=[{"name": "f"}]), chat(USER)))
    told = "1 request has tokens that cannot be counted: its price is a lower bound"
    assert told in [each.message for each in found.findings]
    assert any(
        note.startswith("1 of 3 requests has parts that few recorded bills confirm (legacy-functions)") for note in found.notes
    )
    alone = priced(catalog, size(responses("x", previous_response_id="r")))
    assert told in [each.message for each in alone.findings]


def test_an_unknown_model_or_tier_is_named_with_its_line(catalog: Catalog, size: Any, run: Run) -> None:
    (unknown,) = size(chat(USER), {**chat(USER), "model": "o3-mini"}).rejects.examples
    assert (unknown.place.line, unknown.message) == (
        2,
        ('unknown model "o3-mini"; --model NAME=MODEL, or models: in gpt41.yaml, says what a deployment or label is'),
    )
    sent = "".join(json.dumps(body) + "\n" for body in (chat(USER, max_tokens=1), chat(USER, service_tier="scale", max_tokens=1)))
    done = run("cost", stdin=sent)
    assert done.code == 2
    assert done.err == (
        'gpt41: standard input:2: service_tier: expected one of auto, default, flex, priority, fast, found "scale"\n'
        "gpt41: 1 of 2 requests cannot be read; --skip-invalid leaves them out\n"
    )
    assert run("cost", "--skip-invalid", "-q", stdin=sent).out == "0.000036\n"
    assert run("cost", "--mode", "batch", "-q", stdin=sent).out == "0.000036\n", "where the mode is said, no tier counts"
    with pytest.raises(MissingPrice):
        priced(catalog, size({**chat(USER, service_tier="priority"), "model": "gpt-4.5-preview"}))
    assert list(size(chat(USER, service_tier="default")).groups) == [ModelAndMode("gpt-4.1", "standard")]


def test_a_model_given_for_all_leaves_every_request_its_mode(run: Run) -> None:
    sent = [batch(chat(USER, max_tokens=100)), chat(USER, max_tokens=100), {**chat(USER, max_tokens=100), "model": "gpt-4o"}]
    done = run("cost", "--model", "gpt-4.1-mini", "-q", stdin="".join(json.dumps(body) + "\n" for body in sent))
    one = 14 * Decimal("0.4") + 100 * Decimal("1.6")
    assert (done.code, Decimal(done.out)) == (0, one * Decimal("2.5") / 1_000_000)


def test_what_nobody_asked_for_breaks_no_limit(catalog: Catalog, size: Any) -> None:
    """An answer whose length is not stated, and a prediction that may be rejected."""
    prediction = {"type": "content", "content": "word " * 1_000}
    work = merge_into_workload(size(chat(USER, prediction=prediction)), AS_THEY_ARE, 1)
    variant = catalog.variant("gpt-4.1")
    load = work.load_on(catalog, variant)
    assert load.usage.output_tokens == 32_768 + count(prediction["content"], "o200k_base")
    assert find_exceeded_limits(catalog, variant, "standard", load) == []
    assert find_tier_block(catalog, variant, "standard", load, 1) is None
    nearly_full = Workload({RequestShape(1_047_000): 1}, Assumptions(None)).load_on(catalog, variant)
    assert nearly_full.usage.output_tokens == 576, "what is left of the window"
    assert find_exceeded_limits(catalog, variant, "standard", nearly_full) == []
    stated = Workload({RequestShape(1_047_000, max_output_tokens=600): 1}, Assumptions(None)).load_on(catalog, variant)
    assert [remark.rule.id for remark in find_exceeded_limits(catalog, variant, "standard", stated)] == ["context-window"]
    limits = RequestLimits(catalog, "standard")
    for load in (nearly_full, stated):
        (one,) = load.sizes
        assert limits.find_exceeded(variant, one) == find_exceeded_limits(catalog, variant, "standard", load)


def test_fine_tuning_examples_have_no_maximum_to_price(run: Run) -> None:
    sent = json.dumps({"messages": [USER, {"role": "assistant", "content": "Noon."}]}) + "\n"
    assert run("cost", stdin=sent).err == (
        "gpt41: --output-tokens: expected a number for fine-tuning examples, which state no maximum, found none\n"
    )
    done = run("cost", "--output-tokens", "5", "--as-of", "2026-11-23", stdin=sent)
    assert (
        "These are fine-tuning examples, priced as requests with their answers as input; training itself isn't priced" in done.out
    )


def mixed(**sizes: int) -> VariantLoad:
    """Requests of so many input tokens, and how many of each: `mixed(_10=3)`."""
    return VariantLoad({RequestSize(int(tokens[1:]), 0, 5): many for tokens, many in sizes.items()})


def test_of_many_requests_the_worst_speaks_for_a_limit(catalog: Catalog) -> None:
    variant = catalog.variant("gpt-4.1")
    (remark,) = find_exceeded_limits(catalog, variant, "standard", mixed(_10=7, _1047572=2, _2000000=1))
    assert remark.message == (
        "2,000,005 tokens of input and output are over the context window of 1,047,576 (the largest of 3 among 10 requests)"
    )
    (both,) = find_exceeded_limits(catalog, catalog.variant("gpt-6-luna"), "standard", mixed(_2000000=1))
    assert both.rule.id == "context-window", "what does not fit the window is over the most input too: once is enough"
    blocked = find_tier_block(catalog, variant, "standard", mixed(_10=7, _50000=2), 1)
    assert blocked
    assert "one request needs 50,000 tokens per minute; tier 1 allows 30,000" in blocked.message
    assert blocked.message.endswith("(the largest of 2 among 9 requests)")
    assert find_tier_block(catalog, variant, "standard", mixed(_10=7, _150000=2), 1) is None, "the long-context pool takes them"


def test_pools_pass_side_by_side_and_the_slower_one_decides(catalog: Catalog) -> None:
    variant = catalog.variant("gpt-4.1")
    found = estimate_tier_duration(catalog, variant, "standard", mixed(_10=500, _150000=100), 1)
    assert found
    assert found.seconds == 75 * 60, "100 x 150,000 tokens at 200,000 per minute, beside 500 requests in one minute"
    queue = estimate_tier_duration(catalog, variant, "batch", mixed(_10=1, _60000=3), 1)
    assert queue
    assert queue.seconds == 3 * 24 * 3600, "no two of 60,000 tokens fit into a queue of 90,000"
    small = estimate_tier_duration(catalog, variant, "batch", mixed(_10=1, _50000=0, _20=1), 1)
    assert small
    assert small.seconds == 24 * 3600


def test_only_requests_above_the_threshold_pay_a_surcharge(catalog: Catalog) -> None:
    work = Workload({RequestShape(272_000): 1, RequestShape(272_001): 1}, Assumptions(1_000, cached_share=Decimal("0.5")))
    found = estimate(
        market(catalog, as_of=TODAY),
        work,
        variants=[catalog.variant("gpt-6-luna")],
        modes=["standard"],
    )
    (quote,) = found.quotes
    below = 136_000 * Decimal("0.1") + 136_000 * Decimal("0.01") + 1_003 * Decimal("0.5")
    above = 136_001 * Decimal("0.2") + 136_000 * Decimal("0.02") + 1_003 * Decimal("0.75")
    assert quote.total_usd == (below + above) / 1_000_000
    assert quote.bill.caching_saves_usd == (136_000 * Decimal("0.09") + 136_000 * Decimal("0.18")) / 1_000_000
    assert (quote.surcharged_requests, quote.rates.input) == (1, Decimal("0.1"))
    assert any("requests above 272,000 input tokens cost 2 times the input" in note for note in found.notes)


def choose(catalog: Catalog, work: Workload, as_of: date = TODAY, **wishes: Any) -> Recommendation:
    tasks = (catalog.task("classification"),)
    return recommend(market(catalog, "openai", as_of), work, Wishes(tasks=tasks, **wishes))


def test_requests_for_the_batch_api_mean_to_wait(catalog: Catalog, size: Any) -> None:
    work = merge_into_workload(size(batch(chat(USER, max_tokens=5))), AS_THEY_ARE, 1)
    found = choose(catalog, work)
    assert found.choice
    assert found.choice.name == "gpt-4.1-mini batch"
    assert any(
        "these requests are written for the Batch API, at half of the standard price" in remark.message for remark in found.why
    )
    hurried = choose(catalog, work, deadline=timedelta(hours=1)).choice
    assert hurried
    assert hurried.mode == "standard"
    both = choose(catalog, merge_into_workload(size(batch(chat(USER)), chat(USER)), AS_THEY_ARE, 1)).choice
    assert both
    assert both.mode == "standard"


def test_a_variant_must_have_what_the_requests_use(catalog: Catalog, size: Any) -> None:
    tools = [{"type": "web_search_preview"}, {"type": "function", "name": "f"}, {"type": "no_such_tool"}]
    work = merge_into_workload(size(responses("x", tools=tools, max_output_tokens=5)), AS_THEY_ARE, 1)
    assert work.needs == {"web-search", "function-calling", "no-such-tool"}
    found = choose(catalog, work, as_of=date(2025, 6, 1))
    assert found.choice
    assert found.choice.name == "gpt-4.1-mini standard", "nano has no web search"
    assert [
        remark.message
        for each in found.excluded
        if (each.variant.id, each.mode) == ("gpt-4.1-nano", "standard")
        for remark in each.exclusions
        if remark.rule.id == "needs"
    ] == ["it has no web-search"]


def test_texts_and_pictures_are_one_request(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one two")
    named, skipped = find_sources([str(tmp_path / "a.txt")], "three", lambda: pytest.fail("standard input is not named"))
    found = measure_sources(named, ReadingOptions(), lambda: Meter(catalog), "o200k_base", skipped)
    assert found == PromptTotals(3, ())


def test_the_price_of_a_file_is_that_of_its_lines(run: Run, tmp_path: Path) -> None:
    bodies = [chat({"role": "user", "content": "word " * number}, max_tokens=number + 1) for number in range(200)]
    (tmp_path / "all.jsonl").write_text("\n".join(map(json.dumps, bodies)))
    (tmp_path / "list.json").write_text(json.dumps(bodies))
    prices = {run("cost", name, "-q").out for name in ("all.jsonl", "list.json")}
    sizes = [max(number, 1) if number else 0 for number in range(200)]
    assert len(prices) == 1
    counted = [int(line) for line in run("count", "all.jsonl", "--each", "-q").out.split()]
    assert len(counted) == len(sizes) == 200
    each = [json.loads(line) for line in run("cost", "all.jsonl", "--each", "--format", "jsonl").out.splitlines()]
    assert sum((Decimal(row["total_usd"]) for row in each), Decimal(0)) == Decimal(prices.copy().pop())
    exact = sum((tokens * 2 + (number + 1) * 8 for number, tokens in enumerate(counted)), Decimal(0)) / 1_000_000
    assert Decimal(prices.pop()) == exact


def test_files_that_are_left_out_of_a_folder_are_listed_next_to_the_price(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text(json.dumps(chat(USER, max_tokens=1)))
    (tmp_path / "in" / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    for command in ("cost", "recommend"):
        findings = json.loads(run(command, "in", "--format", "json").out)["findings"]
        assert "left out 1 (binary): in/photo.png" in [finding["message"] for finding in findings]


def test_only_what_goes_in_batch_is_compared_with_the_size_of_a_batch_file(catalog: Catalog, size: Any) -> None:
    sizing = size(batch(chat(USER, max_tokens=1)), chat(USER, max_tokens=1))
    assert not any("requests per file" in note for note in priced(catalog, sizing, times=40_000).notes)
    assert any("these take 2 files [" in note for note in priced(catalog, sizing, times=60_000).notes)


def test_a_batch_file_is_of_one_model(catalog: Catalog, size: Any) -> None:
    sizing = size(batch(chat(USER, max_tokens=1)), batch({**chat(USER, max_tokens=1), "model": "gpt-4.1-mini"}))
    assert not any("requests per file" in note for note in priced(catalog, sizing, times=50_000).notes)
    (note,) = [note for note in priced(catalog, sizing, times=60_000).notes if "requests per file" in note]
    assert note.startswith("Batch takes at most 50,000 requests per file: these take 4 files, each of one model [")


def test_much_is_counted_as_little_is(tmp_path: Path, catalog: Catalog) -> None:
    """The texts of many requests at once, by the faster engine, come to what they come to one by one."""
    tools = [{"type": "function", "function": {"name": "get_time", "description": "Get the time."}}]
    bodies = [
        chat({"role": "system", "content": "Be short."}, USER),
        chat({"role": "user", "content": "Hi", "name": "kim"}),
        chat({"role": "system", "content": "Be short."}, USER, tools=tools),
        chat(USER, {"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "call_1", "content": "Noon."}),
        responses("Hello", instructions="Be short."),
        {**chat(USER), "messages": "no list"},
        chat(
            USER,
            tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"a": 1}}}}],
        ),
    ]
    path = tmp_path / "r.jsonl"
    path.write_text("".join(json.dumps(body) + "\n" for body in bodies))
    named, skipped = find_sources([str(path)], None, lambda: pytest.fail("standard input is not named"))
    found = [
        measure_sources(
            named, ReadingOptions(jobs=1, is_large=is_much), partial(Meter, catalog, is_much=is_much), "o200k_base", skipped
        )
        for is_much in (False, True)
    ]
    requests = [each for each in found if isinstance(each, RequestTotals)]
    little, much = ({group: dict(totals.shapes.items()) for group, totals in each.groups.items()} for each in requests)
    assert little == much
    assert [each.rejects.count for each in requests] == [2, 2]


@pytest.mark.parametrize("kind", ["web_search", "web_search_preview", "web_search_2025_08_26", "web_search_preview_2025_03_11"])
def test_a_built_in_tool_is_known_by_every_name_that_the_api_takes(size: Any, kind: str) -> None:
    assert merge_into_workload(size(responses("x", tools=[{"type": kind}])), AS_THEY_ARE, 1).needs == {"web-search"}


def test_calls_that_requests_only_declare_are_said_not_to_be_priced(run: Run) -> None:
    body = json.dumps(responses("x", tools=[{"type": "web_search"}], max_output_tokens=9))
    said = "Requests declare web-search: their calls aren't in the price; give their number with --tools."
    assert said in run("cost", stdin=body).out
    assert said not in run("cost", "--tools", "web_searches=1,web_search_tokens=9", stdin=body).out


def test_a_rate_that_only_some_requests_pay_is_reported_as_such(run: Run) -> None:
    short, long = (json.dumps({**chat({"role": "user", "content": "a " * many}), "model": "gpt-6-luna"}) for many in (9, 280_000))
    ask = ("cost", "--output-tokens", "5", "--as-of", "2026-11-23")
    assert "at $0.10 per million, long requests more: $0.056" in run(*ask, stdin=f"{short}\n{long}").out
    assert "long requests more" not in run(*ask, stdin=long).out


@pytest.mark.parametrize(("room", "is_warm"), [(400_000, True), (20, False)])
def test_requests_are_sent_again_if_all_of_them_were_kept(
    catalog: Catalog, size: Any, monkeypatch: pytest.MonkeyPatch, room: int, is_warm: bool
) -> None:
    """Two requests of 1,926 tokens, 1,920 of which are found from the second on; 5 times both."""
    monkeypatch.setattr(prompt_cache, "_MAX_PREFIXES", room)
    body = chat({"role": "system", "content": " word" * 1_912}, USER)
    sizing = size(body, body, replay=CacheReplay(catalog, ReplayOptions()), is_sent_again=True)
    work = merge_into_workload(sizing, AS_THEY_ARE, 5)
    assert (work.is_warm, work.requests) == (is_warm, 10)
    (part,) = split_into_workloads(sizing, AS_THEY_ARE, 5).values()
    for each in (work, part):
        cached = {shape.cached_tokens: many for shape, many in each.shapes.items()}
        assert cached == ({0: 1, 1_920: 9} if is_warm else {0: 5, 1_920: 5})
    assert work.without_cache().is_warm is False


@pytest.mark.parametrize(
    ("tokens", "share", "cached"),
    [(1_194, "0.98", 1_152), (1_194, "0.5", 597), (1_023, "0.98", 0), (1_024, "1", 1_024), (2_000, "1", 1_920)],
)
def test_a_share_is_no_more_than_the_cache_can_give(catalog: Catalog, tokens: int, share: str, cached: int) -> None:
    terms = Assumptions(0, cached_share=Decimal(share))
    assert size_request(RequestShape(tokens), terms, catalog, catalog.variant("gpt-4.1")).cached_tokens == cached
