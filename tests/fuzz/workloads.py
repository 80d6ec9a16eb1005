"""Random workloads, run through the JSON of the commands that bill, next to what they must cost by `bill`.

Each function below runs one workload and yields what it compares. A new command is a function here and its line in COMMANDS.
Token counts aren't money: they come from `gpt41 count`.
"""

from __future__ import annotations

import functools
import json
import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from random import Random
from typing import Any, NamedTuple

from tests.conftest import FROZEN
from tests.fuzz import process
from tests.fuzz.bill import MILLION, Bill, PriceTable

TABLE = PriceTable(FROZEN.read_text())

DAYS = (
    "2025-04-14",
    "2025-07-01",
    "2026-02-26",
    "2026-07-14",
    "2026-07-15",
    "2026-08-11",
    "2026-10-01",
    "2026-11-23",
    "2027-01-14",
)
NAMES = (*TABLE.models, "ft:gpt-4.1-mini-2025-04-14:a::b", "ft:gpt-4.1:x", "gpt-4.1-2025-04-14", "ft:gpt-4o-mini:z")
PLATFORMS = ("openai", "azure-global", "azure-data-zone")
MODES = ("standard", "batch", "flex", "priority")
LEAST_CACHED = 1_024
CACHE_STEP = 128
UNCACHED_END = 3


class Figure(NamedTuple):
    """A figure as printed, and as it must be."""

    name: str
    printed: Any
    expected: Any

    @property
    def is_right(self) -> bool:
        if self.printed is None or self.expected is None:
            return self.printed is self.expected
        return bool(Fraction(self.printed) == self.expected)


def round_price(usd: Fraction) -> Fraction:
    """Round a price per request as it is printed: to 12 places, halves away from 0."""
    places = 10**12
    rounded = Fraction(math.floor(abs(usd) * places + Fraction(1, 2)), places)
    return rounded if usd > 0 else -rounded


def _choose_offer(choose: Random, tools: dict[str, int]) -> tuple[str, str, str, str]:
    """A model, mode, platform and day, mostly with a price for all of the work."""
    is_priced = choose.random() < 0.8
    while True:
        name, mode, platform, day = (choose.choice(each) for each in (NAMES, MODES, PLATFORMS, DAYS))
        if not is_priced or (
            TABLE.find_rates(name, mode, platform, day) and TABLE.price_tools(name, platform, day, tools, 1) is not None
        ):
            return name, mode, platform, day


def _choose_tokens(choose: Random) -> int:
    edges = (0, 1, 5, 1023, 1024, 1025, 128_000, 271_999, 272_000, 272_001, 10**12)
    return choose.choice((*edges, choose.randint(0, 3_000), choose.randint(0, 10**6)))


def _run(arguments: list[str], stdin: str = "") -> Any:
    """The document that a command prints; None if the input is refused."""
    done = process.run([*arguments, "--format=json"], stdin.encode())
    assert done.code in (0, 1, 2), done.err
    return None if done.code == 2 else json.loads(done.out)


def _expect(document: Any, is_priced: bool) -> Iterator[Figure]:
    yield Figure("whether there is a price (1) or none (0)", int(document is not None), int(is_priced))


def price_numbers(choose: Random) -> Iterator[Figure]:
    """`cost` of numbers: every term, the total, and what caching and batch save."""
    tools = _choose_tools(choose)
    name, mode, platform, day = _choose_offer(choose, tools)
    input_tokens, output, requests = _choose_tokens(choose), _choose_tokens(choose), choose.choice((1, 2, 50_001, 10**12))
    arguments = ["cost", f"--model={name}", f"--mode={mode}", f"--platform={platform}", f"--as-of={day}"]
    arguments += [f"--input-tokens={input_tokens}", f"--output-tokens={output}", f"--requests={requests}"]
    cached, given = _choose_cached(choose, input_tokens)
    if tools:
        arguments.append("--tools=" + ",".join(f"{key}={value}" for key, value in tools.items()))
    document = _run([*arguments, *given])
    extra = input_tokens + TABLE.count_search_tokens(name.split(":")[1] if name.startswith("ft:") else name, tools)

    def price(mode: str, cached: int) -> Bill | None:
        return TABLE.price(name, mode, platform, day, extra, cached, TABLE.answer(name, output))

    bill, on_tools = price(mode, cached), TABLE.price_tools(name, platform, day, tools, requests)
    yield from _expect(document, bill is not None and on_tools is not None and cached <= input_tokens)
    if document is None or bill is None or on_tools is None:
        return
    (quote,) = document["quotes"]
    whole, batch = price(mode, 0), price("batch", cached)
    assert whole
    yield Figure("uncached_input_usd", quote["uncached_input_usd"], bill.uncached * requests)
    yield Figure("cached_input_usd", quote["cached_input_usd"], bill.cached * requests)
    yield Figure("output_usd", quote["output_usd"], bill.output * requests)
    yield Figure("tools_usd", quote["tools_usd"], on_tools)
    yield Figure("total_usd", document["total_usd"], bill.total * requests + on_tools)
    yield Figure("caching_saves_usd", quote["caching_saves_usd"], (whole.total - bill.total) * requests)
    saved = None if mode == "batch" or batch is None else (bill.total - batch.total) * requests
    yield Figure("batch_saves_usd", quote["batch_saves_usd"], saved)


def _share_tokens(share: str, tokens: int) -> int:
    return int(Fraction(share) / 100 * tokens)


def _move_cached(cached: int, given: Sequence[str], input_tokens: int) -> int:
    """Of a share, a successor reads all but the end of a prompt; stated tokens stay."""
    share = given[0].removeprefix("--cached=") if given else ""
    if not share.endswith("%") or input_tokens < LEAST_CACHED:
        return cached
    return min(_share_tokens(share.removesuffix("%"), input_tokens), input_tokens - UNCACHED_END)


def _choose_cached(choose: Random, input_tokens: int) -> tuple[int, list[str]]:
    """Cached tokens and the option that says so; a prompt that is too short has none."""
    is_long = input_tokens >= LEAST_CACHED
    match choose.randrange(3):
        case 0:
            tokens = min(choose.choice((0, 1, input_tokens // 2, input_tokens, input_tokens + 1)), 10**9)
            return tokens if is_long or tokens > input_tokens else 0, [f"--cached={tokens}"]
        case 1:
            share = choose.choice(
                ("0", "100", "50", "33.333333", "99.999999", f"{choose.randrange(100)}.{choose.randrange(1000)}")
            )
            readable = input_tokens // CACHE_STEP * CACHE_STEP if is_long else 0
            return min(_share_tokens(share, input_tokens), readable), [f"--cached={share}%"]
        case _:
            return 0, []


def _choose_tools(choose: Random) -> dict[str, int]:
    if choose.random() < 0.6:
        return {}
    tools = {
        name: choose.randint(1, 4) for name in ("web_searches", "web_search_previews", "file_searches") if choose.random() < 0.4
    }
    if "web_searches" in tools:
        tools["web_search_tokens"] = choose.randint(0, 9_000)
    if choose.random() < 0.4:
        tools |= {"container_gb": choose.choice((1, 4, 16, 64)), "container_minutes": choose.choice((1, 4, 5, 6, 70))}
    if choose.random() < 0.4:
        tools |= {"storage_gb": choose.choice((1, 2, 50)), "storage_days": choose.randint(1, 40)}
    return tools


def price_answers(choose: Random) -> Iterator[Figure]:
    """`reconcile` of a log: every charge by model, mode and day, and the totals."""
    platform, today = choose.choice(PLATFORMS), "2026-11-23"
    charges: dict[tuple[str, str, str | None], list[Bill]] = defaultdict(list)
    lines, saved_by_cache, saved_by_batch = [], Fraction(0), Fraction(0)
    for number in range(choose.randint(1, 12)):
        name, day, tier = choose.choice(NAMES), choose.choice((*DAYS, None)), choose.choice((None, "default", "priority", "flex"))
        mode = {None: "standard", "default": "standard"}.get(tier, str(tier))
        input_tokens, output = choose.choice((0, 1, 1024, 272_000, 272_001, choose.randint(0, 10**6))), choose.randint(0, 5_000)
        cached = choose.choice((0, 0, choose.randint(0, input_tokens), input_tokens))
        written = choose.choice((0, 0, 0, choose.randint(0, input_tokens - cached)))
        long = (0, written, written // 3)[number % 3]
        answer = _make_answer(choose, number, name, tier, day, (input_tokens, cached, written, long, output))
        if choose.random() < 0.3:
            answer, mode = {"custom_id": f"c{number}", "response": {"status_code": 200, "body": answer}}, "batch"
        lines.append(json.dumps(answer))
        billed = (platform, day or today, input_tokens)
        bill = TABLE.price(name, mode, *billed, cached, output, written, long, from_release=True) if mode in MODES else None
        if bill is None:
            continue
        charges[name if name.startswith("ft:") else TABLE.names[name], mode, day].append(bill)
        whole, standard = (
            TABLE.price(name, mode, *billed, 0, output, from_release=True),
            TABLE.price(name, "standard", *billed, cached, output, written, long),
        )
        assert whole
        saved_by_cache += whole.total - bill.total
        saved_by_batch += standard.total - bill.total if standard and mode == "batch" else 0
    document = _run(["reconcile", "-", f"--platform={platform}", f"--as-of={today}"], "\n".join(lines))
    if charges or document is None:  # a log of which nothing has a price is listed with its tokens
        yield from _expect(document, bool(charges))
    if document is None:
        return
    found = {(charge["model"], charge["mode"], charge["day"]): charge for charge in document["charges"]}
    yield Figure("the charges in common", len(found.keys() & charges.keys()), len(found.keys() | charges.keys()))
    for key in found.keys() & charges.keys():
        for field, part in zip(
            ("uncached_input_usd", "cached_input_usd", "output_usd", "cache_write_usd"), Bill._fields, strict=True
        ):
            yield Figure(f"{field} of {key}", found[key][field], sum(getattr(bill, part) for bill in charges[key]))
        yield Figure(f"total_usd of {key}", found[key]["total_usd"], sum(bill.total for bill in charges[key]))
    yield Figure("total_usd", document["total_usd"], sum(bill.total for bills in charges.values() for bill in bills))
    yield Figure("caching_saved_usd", document["caching_saved_usd"], saved_by_cache)
    yield Figure("batch_saved_usd", document["batch_saved_usd"], saved_by_batch)


def _make_answer(
    choose: Random, number: int, name: str, tier: str | None, day: str | None, tokens: tuple[int, ...]
) -> dict[str, Any]:
    """An answer of Chat Completions or Responses with this usage."""
    input_tokens, cached, written, long, output = tokens
    is_response = choose.random() < 0.5
    names = ("input_tokens", "output_tokens") if is_response else ("prompt_tokens", "completion_tokens")
    usage: dict[str, Any] = {names[0]: input_tokens, names[1]: output, "total_tokens": input_tokens + output}
    if cached or written:
        usage[f"{names[0]}_details"] = {"cached_tokens": cached, "cache_write_tokens": written}
    if long:
        usage[f"{names[0]}_details"]["cache_write_tokens_details"] = {"ttl_30m_tokens": written - long, "ttl_12h_tokens": long}
    answer = {"id": f"x-{number}", "object": "response" if is_response else "chat.completion", "model": name, "usage": usage}
    dated = {"created_at" if is_response else "created": day} if day else {}
    return answer | dated | ({"service_tier": tier} if tier else {})


TEXTS = ("hi", "What is the answer to it all?", "tea " * 50, "word " * 1_100, "x y " * 900)


@functools.cache
def _count(text: str, *options: str) -> int:
    return int(process.run(["count", "-", "-q", *options], text.encode()).out)


def price_batch(choose: Random) -> Iterator[Figure]:
    """`batch` of a Batch file, in batch and in standard, and `cost` of the same lines."""
    platform, day, stated = choose.choice(PLATFORMS[:2]), choose.choice(DAYS[4:-1]), choose.choice((None, None, 30, 500))
    models = choose.choice(
        (["gpt-4.1"], ["gpt-4.1-mini"], ["gpt-4.1", "gpt-4.1-mini-2025-04-14"], ["gpt-4o", "gpt-4.1-nano"], ["ft:gpt-4.1:a"])
    )
    totals: dict[str, list[Bill | None]] = {"batch": [], "standard": []}
    lines = []
    for number in range(choose.randint(1, 8)):
        name, answers = choose.choice(models), choose.choice((1, 1, 1, 3))
        body: dict[str, Any] = {"model": name, "messages": [{"role": "user", "content": choose.choice(TEXTS)}], "n": answers}
        if choose.random() < 0.6:
            body["max_tokens"] = choose.choice((1, 50, 4_000, 32_768))
        tokens, model = _count(json.dumps(body)), TABLE.find_model(name)
        window = int((model["fine_tuned"] if name.startswith("ft:") else model)["context_window"])
        longest = min(int(model["max_output_tokens"]), window - tokens)
        output = (stated or body.get("max_tokens") or longest) * answers
        for mode, bills in totals.items():
            bills.append(TABLE.price(name, mode, platform, day, tokens, 0, output))
        lines.append(json.dumps({"custom_id": f"c{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}))
    given = ["-", f"--platform={platform}", f"--as-of={day}", *([f"--output-tokens={stated}"] if stated else [])]
    document = _run(["batch", *given], "\n".join(lines))
    yield from _expect(document, all(totals["batch"]))
    if document is None:
        return
    printed = {each["name"]: each["total_usd"] for each in document["prices"]}
    for mode, bills in totals.items():
        if all(bills):
            yield Figure(f"total_usd in {mode}", printed[mode], sum(bill.total for bill in bills if bill))
    yield Figure(
        "total_usd of cost",
        _run(["cost", *given], "\n".join(lines))["total_usd"],
        sum(bill.total for bill in totals["batch"] if bill),
    )


def price_migration(choose: Random) -> Iterator[Figure]:
    """`migrate` of numbers: today's price, that of each way, its cache writes, and what reasoning may add."""
    leaving = choose.choice(("gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini", "gpt-4.1-nano", "gpt-4.5-preview"))
    to = choose.choice(("gpt-6-luna", "gpt-6.1-terra", "gpt-6.1-sol", "gpt-5.6-luna"))
    day, platform = (
        choose.choice(("2026-10-30", "2026-11-01", "2026-11-23", "2027-01-14")),
        choose.choice(("openai", "azure-global")),
    )
    input_tokens, output, requests = (
        choose.choice((1, 1_000, 1_024, 5_000, 272_000, 272_001)),
        choose.randint(0, 5_000),
        choose.randint(1, 10**6),
    )
    cached, given = _choose_cached(choose, input_tokens)
    arguments = ["migrate", f"--from={leaving}", f"--to={to}", f"--on={day}", f"--platform={platform}", *given]
    document = _run([*arguments, f"--input-tokens={input_tokens}", f"--output-tokens={output}", f"--requests={requests}"])
    sizes = (platform, day, input_tokens, cached, output)
    prices = {mode: TABLE.price(leaving, mode, *sizes) for mode in ("standard", "batch")}
    moved_cached = _move_cached(cached, given, input_tokens)
    moved = (platform, day, input_tokens, moved_cached, TABLE.answer(to, output))
    ways = {mode: TABLE.price(to, mode, *moved) for mode in prices}
    yield from _expect(document, any(prices.values()) and any(ways.values()) and cached <= input_tokens)
    if document is None:
        return
    today = {mode: bill.total * requests for mode, bill in prices.items() if bill}
    for quote in document["today"]:
        yield Figure(f"total_usd today in {quote['mode']}", quote["total_usd"], today.get(quote["mode"]))
    for way in document["ways"]:
        mode, row = way["quote"]["mode"], TABLE.find_rates(to, way["quote"]["mode"], platform, day)
        if way["quote"]["model"] == to and row:
            written = input_tokens - moved_cached if input_tokens >= LEAST_CACHED and "cache_write_30m" in row else 0
            bill = TABLE.price(to, mode, *moved, written)
            assert bill
            yield from _compare_way(way, bill, written, requests, today.get("standard" if mode == "flex" else mode))


def _compare_way(way: dict[str, Any], bill: Bill, written: int, requests: int, today: Fraction | None) -> Iterator[Figure]:
    mode, most = way["quote"]["mode"], bill.total * requests
    yield Figure(f"total_usd in {mode}", way["quote"]["total_usd"], (bill.total - bill.write) * requests)
    yield Figure(f"cache_writes_usd in {mode}", way["cache_writes_usd"], bill.write * requests)
    yield Figure(f"cache_write_tokens in {mode}", way["cache_write_tokens"], written * requests)
    yield Figure(f"most_usd in {mode}", way["most_usd"], most)
    yield Figure(f"added_usd in {mode}", way["added_usd"], None if today is None else most - today)


def price_training(choose: Random) -> Iterator[Figure]:
    """`train` of examples: training, hosting, each request before and after, and when it pays."""
    model, platform = choose.choice(("gpt-4.1", "gpt-4.1-mini")), choose.choice(("openai", "openai", "azure-global"))
    day, stated = choose.choice(("2026-11-23", "2026-12-24")), choose.choice((None, 1, 3, 25))
    served, base_input = choose.choice((None, 1_000, 10**6)), choose.choice((None, 900, 2_400))
    talks = [
        [{"role": "user", "content": choose.choice(TEXTS)}, {"role": "assistant", "content": choose.choice(("yes", "no way"))}]
        for _ in range(choose.randint(1, 20))
    ]
    arguments = ["train", "-", f"--model={model}", f"--platform={platform}", f"--as-of={day}"]
    options = {"--epochs": stated, "--requests": served, "--base-input-tokens": base_input}
    arguments += [f"{option}={value}" for option, value in options.items() if value]
    document = _run(arguments, "\n".join(json.dumps({"messages": talk}) for talk in talks))
    many = len(talks)
    epochs = stated or (min(25, 100 // many) if many * 3 < 100 else 3)
    before = sum(_count(json.dumps({"model": model, "messages": talk[:1]})) for talk in talks)
    output = sum(_count(talk[1]["content"], "--as=text") for talk in talks)
    (trained,) = document["trainings"]
    tokens = trained["example_tokens"] * epochs
    tuned = TABLE.find_model(model)["fine_tuned"]
    training = tokens * Fraction(tuned["training"][platform]["usd_per_million"]) / MILLION
    yield Figure("trained_tokens", trained["trained_tokens"], tokens)
    yield Figure("training_usd", trained["training_usd"], training)
    for line in document["comparisons"]:
        rented = Fraction(0)
        if platform in tuned["hosting"]:
            days = (date.fromisoformat(line["ends"]) - date.fromisoformat(day)).days
            rented = Fraction(tuned["hosting"][platform]["usd_per_hour"]) * 24 * days
        sizes = {f"ft:{model}": before, line["in_place_of"]: base_input * many if base_input else before}
        bills = [TABLE.price(name, line["mode"], platform, day, size, 0, output) for name, size in sizes.items()]
        after, now = (bill.total / many for bill in bills if bill)
        gain = now - after
        yield Figure("hosting_usd", line["hosting_usd"], rented)
        yield Figure("fixed_usd", line["fixed_usd"], training + rented)
        yield Figure("tuned_each_usd", line["tuned_each_usd"], round_price(after))
        yield Figure("base_each_usd", line["base_each_usd"], round_price(now))
        yield Figure(
            "pays_after_requests", line["pays_after_requests"], math.ceil((training + rented) / gain) if gain > 0 else None
        )
        yield Figure("saved_usd", line["saved_usd"], round_price(gain * served - training - rented) if served else None)


COMMANDS: dict[str, Callable[[Random], Iterator[Figure]]] = {
    "cost": price_numbers,
    "reconcile": price_answers,
    "batch": price_batch,
    "migrate": price_migration,
    "train": price_training,
}


def find_wrong_figures(numbers: range, seed: int) -> Iterator[str]:
    """Run the workloads with these numbers, of each command in turn, and yield each figure that isn't what it must be."""
    for number in numbers:
        for command, compare in COMMANDS.items():
            name = f"{command}-{seed}-{number}"
            for figure in compare(Random(name)):
                if not figure.is_right:
                    yield f"workload {name}: {figure.name} is {figure.printed}, expected {figure.expected}"
