"""Batch files: each rule with its place, the exact prices, the queue, and parts that hold every line and pass."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt41_cli.catalog import Catalog, Market
from gpt41_cli.commands.batch import split as batch_split
from gpt41_cli.commands.batch.check import BatchCheck, BatchOptions, check_batch_files
from gpt41_cli.commands.batch.drop import drop_invalid_lines
from gpt41_cli.commands.batch.split import make_output_folder, plan_split, spool_source, write_parts
from gpt41_cli.errors import InputError, MissingPrice
from gpt41_cli.files.sources import InputSource, open_file
from gpt41_cli.rules import Level
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.work.violations import find_duplicate_lines
from gpt41_cli.work.workload import Assumptions
from tests.builders import market
from tests.conftest import ROOT, Run, environment

MINI, LARGE = "gpt-4.1-mini", "gpt-4.1"
CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
AT_MOST = "gpt41: at most this: answers or pictures may be smaller than is counted"
DAY = ("--as-of", "2026-11-23")


def line(name: object, model: str | None = MINI, words: int = 1, url: str = CHAT, **changed: Any) -> dict[str, Any]:
    """A request of `words` words; `changed` are fields of the line, or of its body behind `body_`."""
    content = "word " * words
    body: dict[str, Any] = {"model": model, "max_tokens": 10, "messages": [{"role": "user", "content": content}]}
    if url == RESPONSES:
        body = {"model": model, "max_output_tokens": 20, "input": content}
    body |= {name.removeprefix("body_"): value for name, value in changed.items() if name.startswith("body_")}
    rest = {name: value for name, value in changed.items() if not name.startswith("body_")}
    return {"custom_id": str(name), "method": "POST", "url": url, "body": body, **rest}


def lines(*requests: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in requests)


def source(path: Path) -> InputSource:
    return InputSource(str(path), partial(open_file, path))


def test_a_line_without_a_model_is_checked_for_that_of_the_user_with_a_warning(run: Run) -> None:
    data = lines(line(1, None), line(2, None))
    assert run("batch", "-", stdin=data).code == 1
    done = run("batch", "-", "--model", "gpt-4.1-mini", "--as-of", "2026-11-23", "--format", "json", stdin=data)
    found = json.loads(done.out)
    assert (done.code, found["files"][0]["models"]) == (0, ["gpt-4.1-mini"])
    (first, _) = [each for each in found["findings"] if each["rule"] == "invalid-request"]
    place = "standard input:1: body.model: expected a model, found nothing"
    doubt = "the line is checked for gpt-4.1-mini, but the API needs its name"
    assert (first["level"], first["message"]) == ("warning", f"{place}; {doubt}")


def checked(catalog: Catalog, *paths: Path, tier: int | None = None, **more: Any) -> BatchCheck:
    platform = catalog.platform(more.pop("platform", "openai"))
    conditions = BatchOptions(Market(catalog, platform, date(2026, 11, 23)), Meter(catalog), Assumptions(None), tier)
    return check_batch_files([source(path) for path in paths], conditions, **more)


def limited(
    catalog: Catalog, queue: int | None = None, long: int | None = None, threshold: int | None = None, **rules: Any
) -> Catalog:
    """The table with other limits: of a Batch file, and of the queue of one model in tier 1."""
    limits = catalog.limits._replace(batch=catalog.limits.batch._replace(**rules))
    if threshold:
        limits = limits._replace(long_context_tokens=threshold)
    model = catalog.models[MINI]
    assert model.rate_limits
    pools: dict[str, Any] = {
        name: {**pool, 1: pool[1]._replace(batch_queue_tokens=tokens)}
        for name, pool, tokens in (
            ("standard", model.rate_limits.standard, queue),
            ("long_context", model.rate_limits.long_context, long),
        )
        if tokens
    }
    models = {**catalog.models, MINI: model._replace(rate_limits=model.rate_limits._replace(**pools))}
    return catalog._replace(limits=limits, models=models)


def broken(found: BatchCheck) -> list[tuple[str, int | None]]:
    return [(each.rule.id, each.place and each.place.line) for each in found.findings if each.level is Level.ERROR]


@pytest.mark.parametrize(
    ("content", "rule", "message"),
    [
        (b"{", "invalid-request", "x.jsonl:1: expected JSON, but at column 2: Expecting property name enclosed in double quotes"),
        (
            lines(line(1, url="/v1/embeddings")),
            "batch-url",
            f'url: expected one of {CHAT}, {RESPONSES}, found "/v1/embeddings"',
        ),
        (
            lines(line(1), line(2, url="/v1/embeddings")),
            "batch-url",
            f'x.jsonl:2: url: expected one of {CHAT}, {RESPONSES}, found "/v1/embeddings"',
        ),
        (lines(line(1, url=CHAT) | {"url": RESPONSES}), "invalid-request", "x.jsonl:1: body.input: expected "),
        (lines(line(1, None)), "invalid-request", "x.jsonl:1: body.model: expected a model, found nothing"),
        (lines(line(1, method="GET")), "batch-method", 'x.jsonl:1: method: expected POST, found "GET"'),
        (lines(line(1, method=5)), "batch-method", "x.jsonl:1: method: expected POST, found nothing"),
        (
            lines(line(1, body_stream=True)),
            "batch-stream",
            "body.stream: expected false, as a batch can't stream, found true",
        ),
        (lines(line("")), "batch-custom-id", "x.jsonl:1: custom_id: expected a name, found empty text"),
        (
            lines(line(1), line(2), line(1)),
            "batch-custom-id",
            "x.jsonl:3: duplicate custom_id: it was first used on line 1",
        ),
        (
            lines(line(1), line(2, LARGE)),
            "batch-models",
            f'x.jsonl:2: body.model: expected "{MINI}" as in line 1, found "{LARGE}"',
        ),
        (lines(line(1), line(2, f"{MINI}-2025-04-14")), "batch-models", f'as in line 1, found "{MINI}-2025-04-14"'),
        (lines(line(1), line(2, url=RESPONSES)), "batch-endpoints", f'url: expected "{CHAT}" as in line 1, found "{RESPONSES}"'),
        (
            lines(line(1, "gpt-9")),
            "unknown-model",
            'x.jsonl:1: body.model: unknown model "gpt-9"; --model NAME=MODEL',
        ),
        (
            lines(line(1, "gpt-4.1-nano")),
            "model-shut-down",
            "gpt-4.1-nano: OpenAI shut it down on 2026-10-23; its official replacement",
        ),
        (lines(line(1, body_max_tokens=32_769)), "max-output-tokens", "32,769 output tokens are over its limit of 32,768"),
        (b"", "batch-empty", "x.jsonl: expected at least one request, found none"),
        (b"\n \n", "batch-empty", "x.jsonl: expected at least one request, found none"),
        (lines(line(1, body_stop=list("abcde"))), "list-length", "x.jsonl:1: body.stop: expected at most 4 entries, found 5"),
        (lines(line(1, body_tools=[])), "list-length", "x.jsonl:1: body.tools: expected 1 to 128 entries, found an empty list"),
        (lines(line(1, body_tool_choice="none")), "tool-settings", "x.jsonl:1: body.tool_choice: expected tools with it, found"),
        (lines(line(1, body_top_logprobs=2)), "logprobs", "x.jsonl:1: body.top_logprobs: expected logprobs: true with it"),
        (lines(line(1, body_n=129)), "value-range", "x.jsonl:1: body.n: expected a number from 1 to 128, found the number 129"),
        (lines(line(1, body_service_tier="gold")), "service-tier", "x.jsonl:1: body.service_tier: expected one of auto, default"),
        (lines(line(1, body_metadata={"a": "b"})), "stored-metadata", "x.jsonl:1: body.metadata: expected store: true with it"),
        (
            lines(line(1, body_metadata={"a": 1}, body_store=True)),
            "metadata",
            "x.jsonl:1: body.metadata: expected only text as values, found the number 1",
        ),
        (b"\0\x01\xff" * 9, "invalid-request", "x.jsonl:1: expected UTF-8, found the byte 0xff at byte 3"),
    ],
)
def test_each_rule_is_named_with_its_place(run: Run, tmp_path: Path, content: bytes, rule: str, message: str) -> None:
    (tmp_path / "x.jsonl").write_bytes(content)
    done = run("batch", "x.jsonl", *DAY, "--format", "json")
    found = json.loads(done.out)
    errors = [each for each in found["findings"] if each["level"] == "error"]
    assert (done.code, found["accepted"], [each["rule"] for each in errors]) == (1, False, [rule])
    assert message in errors[0]["message"]
    headline = run("batch", "x.jsonl", *DAY).out.partition("\n")[0]
    assert headline.startswith("Rejected: 1 error")
    assert headline.endswith(f" ({rule})")


def test_a_byte_order_mark_is_a_warning_as_nobody_knows_whether_it_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b"\xef\xbb\xbf" + lines(line(1)))
    done = run("batch", "x.jsonl", *DAY, "--format", "json")
    (found,) = [each for each in json.loads(done.out)["findings"] if each["rule"] == "batch-mark"]
    assert (done.code, found["level"]) == (0, "warning")
    assert found["message"] == (
        "x.jsonl:1: expected JSON from the first byte on, found a byte order mark: whether the API accepts it isn't documented"
    )


def test_an_error_after_many_warnings_of_its_rule_rejects_the_file(run: Run, tmp_path: Path) -> None:
    """gpt-6-luna refuses temperature for sure and max_tokens likely: an error after warnings of the same rule."""
    sent = [line(number, "gpt-6-luna") for number in range(13)]
    sent[12]["body"]["temperature"] = 0
    (tmp_path / "x.jsonl").write_bytes(lines(*sent))
    done = run("batch", "x.jsonl", *DAY)
    assert (done.code, done.out.splitlines()[0]) == (1, "Rejected: 1 error on line 13 (refused-parameter)")
    assert "error     x.jsonl:13: body.temperature: gpt-6-luna refuses it [refused-parameter]" in done.out
    assert "x.jsonl: 3 more like line 10 [refused-parameter]" in done.out
    found = json.loads(run("batch", "x.jsonl", *DAY, "--format", "json").out)
    assert found["files"][0]["breaches"] == {"refused-parameter": 14}


def test_every_request_of_another_model_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(lines(*(line(n, LARGE if n % 2 else MINI) for n in range(30))))
    found = json.loads(run("batch", "x.jsonl", *DAY, "--format", "json").out)
    said = [each["message"] for each in found["findings"] if each["rule"] == "batch-models"]
    assert said[:2] == [f'x.jsonl:{n}: body.model: expected "{MINI}" as in line 1, found "{LARGE}"' for n in (2, 4)]
    assert said[10:] == ["x.jsonl: 5 more like line 20"]


def test_the_body_of_a_request_is_not_a_line(run: Run) -> None:
    done = run("batch", stdin=lines(line(1)["body"]))
    assert done.code == 1
    complaint = "expected custom_id, method, url and body, as the Batch API takes them, found the body of a request alone"
    assert f"standard input:1: {complaint}" in " ".join(done.out.split())


def test_a_folder_to_split_into_has_a_name(run: Run) -> None:
    done = run("batch", "--split", "", stdin=lines(line(1)))
    assert (done.code, done.out, done.err) == (2, "", "gpt41: --split: expected a folder, found an empty name\n")


def test_an_accepted_file_has_its_exact_price_in_every_format(run: Run) -> None:
    data = str(ROOT / "tests" / "data" / "batch.jsonl")
    done = run("batch", data, *DAY)
    assert done.code == 0
    after = "after 2027-01-14 gpt-6-luna (batch), at most $0.0001537 before reasoning tokens"
    assert done.out.startswith(f"Accepted: 6 requests in 1 file, at most $0.0005246 in batch; {after}\n")
    assert run("batch", data, *DAY, "-q") == run("cost", data, *DAY, "-q") == (0, "0.0005246\n", f"{AT_MOST}\n")
    found = json.loads(run("batch", data, *DAY, "--format", "json").out)
    prices = {each["name"]: each["total_usd"] for each in found["prices"]}
    assert prices == {"batch": "0.0005246", "standard": "0.0010492", "cached": "0.0010492"}
    assert (found["schema"], found["accepted"], found["is_ceiling"], found["parts"]) == ("gpt41.batch/1", True, True, [])
    assert "Batch gives cached tokens of gpt-4.1-mini no discount [pricing 2026-07-15]." in found["notes"]
    csv = run("batch", data, *DAY, "--format", "csv").out.splitlines()
    assert (len(csv), "prices_usd.batch" in csv[0], csv[1].endswith(",0.0005246,0.0010492,0.0010492")) == (2, True, True)
    assert json.loads(run("batch", data, *DAY, "--format", "jsonl").out)["models"] == [MINI]
    assert "**Accepted: 6 requests in 1 file" in run("batch", data, *DAY, "--format", "markdown").out
    assert run("batch", data, *DAY, "--output-tokens", "30", "-q").out == "0.0002846\n"


def test_a_warm_cache_may_cost_less_than_batch(run: Run, tmp_path: Path) -> None:
    rules = "".join(f"Rule {number}: bicycles of kind {number * 7} are washed first.\n" for number in range(200))
    asked = [line(n, body_messages=[{"role": "system", "content": f"{rules}{n}"}], body_max_tokens=9) for n in range(20)]
    (tmp_path / "x.jsonl").write_bytes(lines(*asked))
    done = run("batch", "x.jsonl", *DAY, "--format", "json")
    batch, standard, cached = (Decimal(each["total_usd"]) for each in json.loads(done.out)["prices"])
    assert batch == standard / 2
    usage = json.loads(done.out)["prices"][2]["quotes"][0]["usage"]
    assert usage["cached_tokens"] % (19 * 128) == 0
    assert standard - cached == usage["cached_tokens"] * Decimal("0.30") / 1_000_000
    assert cached < batch
    said = run("batch", "x.jsonl", *DAY).out
    assert re.search(r"cached .* read from the prompt cache, the cheapest", said)
    assert re.search(r"lost .* by batch compared with standard with the prompt cache\n", said)
    slow = json.loads(run("batch", "x.jsonl", *DAY, "--requests-per-minute", "1", "--format", "json").out)
    fast = json.loads(run("batch", "x.jsonl", *DAY, "--requests-per-minute", "600", "--format", "json").out)
    assert [each["prices"][2]["total_usd"] == str(cached) for each in (slow, fast)] == [True, False]


def test_several_files_are_checked_each_and_summed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.jsonl.gz").write_bytes(gzip.compress(lines(line(1), line(2))))
    (tmp_path / "bad.jsonl").write_bytes(lines(line(1), line(1)))
    done = run("batch", "good.jsonl.gz", "bad.jsonl", "-", *DAY, stdin=lines(line(1, LARGE)))
    assert (done.code, done.out.splitlines()[0]) == (1, "Rejected: 1 of 3 files, 1 error in bad.jsonl:2 (batch-custom-id)")
    rows = [row.split() for row in done.out.splitlines() if "jsonl" in row and "$" in row]
    assert [(row[0], row[1], row[-1]) for row in rows] == [
        ("good.jsonl.gz", "2", "accepted"),
        ("bad.jsonl", "2", "batch-custom-id"),
    ]
    total = run("batch", "good.jsonl.gz", "bad.jsonl", "-", *DAY, "-q", stdin=lines(line(1, LARGE)))
    assert total.err == f"{AT_MOST}\ngpt41: bad.jsonl:2: duplicate custom_id: it was first used on line 1\n"
    each = [
        run("batch", "-", *DAY, "-q", stdin=data).out
        for data in (lines(line(1), line(2), line(1), line(1)), lines(line(1, LARGE)))
    ]
    assert Decimal(total.out) == sum(map(Decimal, each))


def test_what_cannot_be_read_at_all_is_an_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "wide.jsonl").write_bytes(lines(line(1)).decode().encode("utf-16"))
    (tmp_path / "cut.jsonl").write_bytes(gzip.compress(lines(line(1)))[:-9])
    for arguments, message in (
        (["wide.jsonl"], "wide.jsonl: expected UTF-8, as a file of JSON lines is, found the byte order mark of UTF-16-LE"),
        (["cut.jsonl"], "cut.jsonl: expected a whole gzip file, found one that is cut off"),
        (["none.jsonl"], "none.jsonl: expected a readable file, found: No such file or directory"),
        (["."], '".": expected Batch files, found a folder; name the files in it'),
        (["-", "--usage-tier", "9"], 'usage tier: expected one of 1, 2, 3, 4, 5, found "9"'),
        (
            ["-", "--usage-tier", "1", "--platform", "azure-global"],
            "usage tier: expected a platform of openai, found azure-global, which",
        ),
    ):
        done = run("batch", *arguments, *DAY, stdin=lines(line(1)))
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith(f"gpt41: {message}"), done.err


def test_a_price_that_is_not_known_is_an_error_in_batch_and_left_out_in_standard(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(lines(line(1)))
    for mode, names in (("standard", ["batch"]), ("batch", None)):
        model = catalog.models[MINI]
        rates = {"openai": {name: rows for name, rows in model.rates["openai"].items() if name != mode}}
        table = catalog._replace(models={**catalog.models, MINI: model._replace(rates=rates)})
        if names:
            assert [price.name for price in checked(table, tmp_path / "x.jsonl").prices] == names
        else:
            with pytest.raises(MissingPrice, match=f"no price is known for {MINI} in batch"):
                checked(table, tmp_path / "x.jsonl")


def test_an_id_that_stands_twice_is_found_however_far_away(run: Run, tmp_path: Path) -> None:
    text = json.dumps(line("ID"))
    with (tmp_path / "x.jsonl").open("w") as file:
        file.writelines(text.replace("ID", f"id-{number % 49_999}") + "\n" for number in range(50_000))
    done = run("batch", "x.jsonl", *DAY)
    assert "x.jsonl:50000: duplicate custom_id: it was first used on line 1 [batch-custom-id]" in done.out


@given(st.lists(st.integers(0, 30), max_size=60))
def test_twins_are_those_that_a_table_of_all_finds(ids: list[int]) -> None:
    from array import array

    digests = array("Q", [part for each in ids for part in (each % 7, each)])
    expected = [(ids.index(each), position) for position, each in enumerate(ids) if ids.index(each) != position]
    assert list(find_duplicate_lines(digests)) == expected


def test_ten_of_a_rule_are_shown_and_the_rest_counted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(lines(*(line(number, method="PUT") for number in range(25))))
    found = json.loads(run("batch", "x.jsonl", *DAY, "--format", "json").out)
    messages = [each["message"] for each in found["findings"] if each["rule"] == "batch-method"]
    assert (len(messages), messages[-1]) == (11, "x.jsonl: 15 more like line 10")
    assert found["files"][0]["breaches"] == {"batch-method": 25}


def test_limits_of_a_file_come_from_the_table(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(lines(*(line(number, words=3) for number in range(5))))
    assert broken(checked(limited(catalog, max_requests=4), path)) == [("batch-requests", None)]
    assert broken(checked(limited(catalog, queue=54), path, tier=1)) == [("batch-queue", None)]
    assert broken(checked(limited(catalog, queue=55), path, tier=1)) == []
    assert broken(checked(limited(catalog, queue=10), path, tier=1)) == [("batch-queue", None)] + [
        ("batch-queue-request", number) for number in range(1, 6)
    ]
    long = limited(catalog, queue=1, long=20, threshold=5)
    assert [each.message for each in checked(long, path, tier=1).findings if each.level is Level.ERROR] == [
        f"{path}: {MINI} queues at most 20 long-context tokens in tier 1, found 55"
    ]
    assert broken(checked(long, path)) == []


@pytest.mark.parametrize(
    ("size", "levels"), [(1_000_000, []), (1_000_001, ["warning"]), (1_048_576, ["warning"]), (1_048_577, ["error"])]
)
def test_which_megabyte_is_meant_is_said_where_it_matters(catalog: Catalog, tmp_path: Path, size: int, levels: list[str]) -> None:
    head = lines(line(1), line(2, words=100_000))
    data = head + lines(line(3, words=1) | {"metadata": ""})
    (tmp_path / "x.jsonl").write_bytes(data[:-3] + b"x" * (size - len(data)) + data[-3:])
    found = checked(limited(catalog, max_file_megabytes=1), tmp_path / "x.jsonl")
    assert found.files[0].lines.size_bytes == size
    assert [each.level.label for each in found.findings if each.rule.id == "batch-bytes"] == levels


def test_a_line_that_fills_no_file_cannot_be_mended(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(lines(line(1), line(2, words=300_000)))
    found = checked(limited(catalog, max_file_megabytes=1), tmp_path / "x.jsonl", is_split=True)
    assert broken(found) == [("batch-line-bytes", 2)]


def test_the_queue_of_every_tier_and_of_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(lines(*(line(number, LARGE, words=20_000) for number in range(9))))
    done = run("batch", "x.jsonl", *DAY)
    assert done.code == 0
    rows = [row.split() for row in done.out.splitlines() if row.strip()[:1].isdigit()]
    assert rows[0] == ["1", LARGE, "90,000", "2,000,000", "3", "3", "3", "days"]
    assert rows[1][4:] == ["1", "1", "1", "day"]
    done = run("batch", "x.jsonl", *DAY, "--usage-tier", "1")
    assert done.code == 1
    assert "take 3 files and up to 3 days: 3 rounds of up to 24 hours, one after the other" in done.out
    (tmp_path / "x.jsonl").write_bytes(lines(line(1, LARGE, words=100_000)))
    assert "1 request alone is over it" in run("batch", "x.jsonl", *DAY, "--usage-tier", "1").out
    assert "never: a request is over it" in run("batch", "x.jsonl", *DAY).out
    assert "tier" not in run("batch", "x.jsonl", *DAY, "--platform", "azure-global").out


def test_how_many_batches_an_hour_are_allowed_is_said_where_it_binds(catalog: Catalog, tmp_path: Path) -> None:
    from gpt41_cli.commands.batch.report import make_report

    (tmp_path / "x.jsonl").write_bytes(lines(*(line(number) for number in range(5))))
    table = limited(catalog, max_requests=1, batches_per_hour=2)
    shown = [each.text for each in make_report(table, checked(table, tmp_path / "x.jsonl")).lines if each.label == "queue"]
    assert shown == ["2 batches can be created per hour: 5 take 3 hours"]


def test_a_model_without_published_limits_waits_for_nobody_knows_how_long(catalog: Catalog, tmp_path: Path) -> None:
    """And what has ended is not said to end."""
    (tmp_path / "x.jsonl").write_bytes(lines(line(1, "gpt-4.1-nano")))
    table = catalog._replace(models={name: model._replace(rate_limits=None) for name, model in catalog.models.items()})
    found = checked(table, tmp_path / "x.jsonl", tier=1)
    assert (found.waits, [each.rule.id for each in found.findings]) == ((), ["model-shut-down"])


def test_what_batch_gives_a_cache_discount_is_not_said_to_have_none(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(lines(line(1, "gpt-6-luna")))
    assert not any("no discount" in note for note in checked(catalog, tmp_path / "x.jsonl").notes)


def test_a_stream_is_read_to_its_end_or_named(catalog: Catalog) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    conditions = BatchOptions(market(catalog, as_of=date(2026, 11, 23)), Meter(catalog), Assumptions(None))
    found = check_batch_files([InputSource("-", lambda: io.BytesIO(lines(line(1))))], conditions)
    assert (found.usage.requests, found.files[0].stamp) == (1, None)
    with pytest.raises(InputError, match="standard input: expected a readable file, found: Input/output error"):
        check_batch_files([InputSource("-", Broken)], conditions)


# Splitting.


def split(catalog: Catalog, paths: Sequence[Path], directory: Path, tier: int | None = None) -> list[Path]:
    """What `gpt41 batch --split` does, under other limits."""
    with make_output_folder(directory):
        found = checked(catalog, *paths, tier=tier, is_split=True)
        assert broken(found) == []
        planned = plan_split(found, catalog, tier, directory)
        write_parts(planned)
        for part in planned.part_files:
            assert part.path.stat().st_size == part.part.bytes
    return [part.path for part in planned.part_files]


REQUEST = st.tuples(st.sampled_from([MINI, LARGE, f"{MINI}-2025-04-14"]), st.sampled_from([CHAT, RESPONSES]), st.integers(1, 30))


@settings(max_examples=60)
@given(
    st.lists(REQUEST, min_size=1, max_size=25),
    st.integers(1, 8),
    st.integers(40, 200),
    st.integers(40, 200),
    st.sampled_from([b"\n", b"\r\n", b"\n\n", b"\n \t\r\n"]),
    st.booleans(),
    st.booleans(),
)
def test_parts_hold_every_line_in_order_and_pass(
    tmp_path_factory: pytest.TempPathFactory,
    catalog: Catalog,
    requests: list[tuple[str, str, int]],
    most: int,
    queue: int,
    long: int,
    end: bytes,
    ends_open: bool,
    has_mark: bool,
) -> None:
    folder_ = tmp_path_factory.mktemp("split")
    table = limited(catalog, queue, long, threshold=25, max_requests=most)
    written = [
        json.dumps(line(f"é{number}", model, words, url), ensure_ascii=False).encode()
        for number, (model, url, words) in enumerate(requests)
    ]
    data = end.join(written) + (b"" if ends_open else end)
    (folder_ / "in.jsonl").write_bytes((b"\xef\xbb\xbf" if has_mark else b"") + data)
    paths = split(table, [folder_ / "in.jsonl"], folder_ / "out", tier=1)
    assert sorted(paths) == sorted((folder_ / "out").iterdir())
    lanes: dict[tuple[str, str], list[bytes]] = {}
    for path in paths:
        found = checked(table, path, tier=1)
        assert not [each for each in found.findings if each.rule.id.startswith("batch")], found.findings
        (lane,) = found.files[0].lines.targets.different
        lanes.setdefault((lane.model, lane.endpoint), []).append(path.read_bytes())
    expected: dict[tuple[str, str], list[bytes]] = {}
    for text in data.split(b"\n"):
        if text.strip():
            request = json.loads(text)
            expected.setdefault((request["body"]["model"], request["url"]), []).append(text + b"\n")
    if ends_open:
        last = requests[-1][:2]
        expected[last][-1] = expected[last][-1][:-1]
    assert {lane: b"".join(parts) for lane, parts in lanes.items()} == {lane: b"".join(each) for lane, each in expected.items()}


def test_parts_are_not_larger_than_a_file_may_be_for_sure(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(lines(*(line(number, words=70_000) for number in range(5)), line(9, words=205_000)))
    table = limited(catalog, max_file_megabytes=1)
    paths = split(table, [tmp_path / "x.jsonl"], tmp_path / "out")
    sizes = [path.stat().st_size for path in paths]
    assert [len(path.read_bytes().splitlines()) for path in paths] == [2, 2, 1, 1]
    assert max(sizes[:3]) <= 1_000_000 < sizes[3] <= 1_048_576, "a line alone may be as large as a file can be at all"
    assert b"".join(path.read_bytes() for path in paths) == (tmp_path / "x.jsonl").read_bytes()


def test_split_from_the_command_line(run: Run, tmp_path: Path) -> None:
    """Plain, compressed and piped inputs, two with the same name; the report first; then each part passes."""
    data = lines(line(1), line(2, LARGE), line(3))
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "x.jsonl").write_bytes(b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"))
    (tmp_path / "b" / "X.jsonl.gz").write_bytes(gzip.compress(data))
    command = ("batch", "a/x.jsonl", "b/X.jsonl.gz", "-", "--split", "out", *DAY)
    done = run(*command, stdin=data)
    assert (done.code, done.err) == (0, "gpt41: wrote 6 parts into out\n")
    assert done.out.startswith("Split into 6 parts in out: 9 requests of 3 files, at most $")
    names = [f"{name}.part-000{number}.jsonl" for name in ("X-2", "stdin", "x") for number in (1, 2)]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    assert (tmp_path / "out" / "x.part-0001.jsonl").read_bytes() == lines(line(1), line(3)).replace(b"\n", b"\r\n")
    assert (tmp_path / "out" / "X-2.part-0002.jsonl").read_bytes() == lines(line(2, LARGE))
    for name in names:
        assert run("batch", f"out/{name}", *DAY).code == 0
    before = sorted((path.name, path.read_bytes()) for path in (tmp_path / "out").iterdir())
    again = run(*command, stdin=data)
    complaint = (
        "gpt41: out/x.part-0001.jsonl: expected no such file, found one, and nothing is overwritten; name another folder\n"
    )
    assert (again.code, again.out, again.err) == (2, "", complaint)
    assert before == sorted((path.name, path.read_bytes()) for path in (tmp_path / "out").iterdir())


def test_what_no_split_mends_is_refused_and_nothing_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(lines(line(1), line(2, LARGE), line(1)) + b"{\n")
    done = run("batch", "x.jsonl", "--split", "out", *DAY)
    assert done.code == 1
    assert done.out.startswith(
        "Not split, and nothing written: no split would pass every rule (batch-custom-id, invalid-request)\n"
    )
    assert "x.jsonl:3: duplicate custom_id: it was first used on line 1 [batch-custom-id]" in done.out
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").write_bytes(b"")
    for directory, found in (
        ("file", "expected a folder, found a file"),
        ("no/where", "expected a folder, or a place for one, found: No"),
    ):
        done = run("batch", "-", "--split", directory, *DAY, stdin=lines(line(1)))
        assert done.err.startswith(f"gpt41: {directory}: {found}")


@pytest.fixture
def planned(catalog: Catalog, tmp_path: Path) -> batch_split.SplitPlan:
    """Six requests that are to be written as three parts into a folder that is there."""
    (tmp_path / "out").mkdir()
    (tmp_path / "x.jsonl").write_bytes(lines(*(line(number) for number in range(6))))
    table = limited(catalog, max_requests=2)
    return plan_split(checked(table, tmp_path / "x.jsonl", is_split=True), table, None, tmp_path / "out")


def test_a_file_that_changes_is_refused(catalog: Catalog, tmp_path: Path, planned: batch_split.SplitPlan) -> None:
    path = tmp_path / "x.jsonl"
    data = path.read_bytes()
    found = f"{path}: expected a file that stays as it is while it is read, found one that has changed"
    for other in (data + data, data[:-20], data):
        path.write_bytes(other)
        os.utime(path, ns=(0, len(other)))
        with pytest.raises(InputError, match=found):
            write_parts(planned)
        assert list((tmp_path / "out").iterdir()) == []

    class Growing:
        """A file that somebody else still writes to."""

        def __init__(self) -> None:
            self.file = path.open("rb")

        def __getattr__(self, name: str) -> Any:
            return getattr(self.file, name)

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def readinto(self, buffer: Any) -> int:
            with path.open("ab") as more:
                more.write(b"" if self.file.tell() else b"\n")
            return self.file.readinto(buffer)

    conditions = BatchOptions(market(catalog, as_of=date(2026, 11, 23)), Meter(catalog), Assumptions(None))
    with pytest.raises(InputError, match=found):
        check_batch_files([InputSource(str(path), Growing)], conditions)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lines_read", "why"),
    [(5, "fewer lines than were planned"), (7, "more lines than were planned")],
)
def test_lines_that_are_not_those_of_the_plan_are_refused(
    planned: batch_split.SplitPlan, monkeypatch: pytest.MonkeyPatch, lines_read: int, why: str
) -> None:
    monkeypatch.setattr(batch_split, "_read_nonblank_lines", lambda stream, name: iter([b"{}\n"] * lines_read))
    with pytest.raises(InputError, match="found one that has changed"):
        write_parts(planned)
    assert list(planned.directory.iterdir()) == [], why


@pytest.mark.parametrize("call", [1, 2, 3])
@pytest.mark.parametrize("name", ["fsync", "link"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_all_parts_are_written_or_none(
    planned: batch_split.SplitPlan, monkeypatch: pytest.MonkeyPatch, call: int, name: str, error: BaseException
) -> None:
    """Whenever the disk is full or Ctrl-C comes, and again while what was written is removed."""
    calls = 0
    real = getattr(os, name)
    real_unlink = Path.unlink

    def failing(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            if name == "link" and isinstance(error, OSError):
                monkeypatch.setattr(Path, "rename", lambda *_: failing_rename())
            raise error
        real(*arguments)

    def failing_rename() -> None:
        raise error

    def interrupted(path: Path) -> None:
        monkeypatch.setattr(Path, "unlink", real_unlink)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, name, failing)
    with pytest.raises((InputError, KeyboardInterrupt)) as caught:
        write_parts(planned)
    if isinstance(error, OSError):
        expected = f"{planned.directory}: expected to be able to write, found: No space left on device; nothing is left"
        assert str(caught.value) == expected
    assert list(planned.directory.iterdir()) == []
    calls = 0
    if name == "fsync":
        monkeypatch.setattr(Path, "unlink", interrupted)
        with pytest.raises(KeyboardInterrupt):
            write_parts(planned)
        assert list(planned.directory.iterdir()) == []


def test_a_file_system_without_links_is_written_to_all_the_same(
    planned: batch_split.SplitPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    last = planned.part_files[-1].path
    last.write_bytes(b"of somebody else")
    with pytest.raises(InputError, match="expected no such file, found one"):
        write_parts(planned)
    assert [path.read_bytes() for path in planned.directory.iterdir()] == [b"of somebody else"]
    last.unlink()
    write_parts(planned)
    assert sorted(planned.directory.iterdir()) == [part.path for part in planned.part_files]


def test_sources_with_the_longest_names_are_split(catalog: Catalog, tmp_path: Path) -> None:
    names = ["a" * 249, "a" * 248 + "b", "a" * 232, "a" * 230 + "ccc", "é" * 124]
    for name in names:
        (tmp_path / f"{name}.jsonl").write_bytes(lines(line(1)))
    found = split(catalog, [tmp_path / f"{name}.jsonl" for name in names], tmp_path / "out")
    assert [path.name.removesuffix(".part-0001.jsonl") for path in found] == [
        "a" * 230,
        "a" * 228 + "-2",
        "a" * 228 + "-3",
        "a" * 228 + "-4",
        "é" * 115,
    ]


def test_a_name_that_is_taken_while_the_parts_are_written_is_left_alone(planned: batch_split.SplitPlan) -> None:
    last = planned.part_files[-1].path
    last.write_bytes(b"of somebody else")
    with pytest.raises(InputError, match="expected no such file, found one"):
        write_parts(planned)
    assert [path.read_bytes() for path in planned.directory.iterdir()] == [b"of somebody else"]


def test_a_compressed_file_is_read_twice_as_its_content(tmp_path: Path) -> None:
    data = lines(*(line(number, words=50_000) for number in range(9)))
    (tmp_path / "x.gz").write_bytes(gzip.compress(data))
    with spool_source(source(tmp_path / "x.gz"), tmp_path) as again:
        assert [path.name for path in tmp_path.iterdir()] == ["x.gz"], "the file with its content has no name"
        for _ in range(2):
            with again.open() as stream:
                assert stream.read() == data


def test_a_pipe_onto_a_full_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    def full(**_: object) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "x.gz").write_bytes(gzip.compress(lines(line(1))))
    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    with (
        pytest.raises(InputError, match="expected to be able to write, found: No space left on device"),
        spool_source(source(tmp_path / "x.gz"), tmp_path),
    ):
        pass


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    """While a part is being written, which is when its name of its own is there to be seen."""
    text = json.dumps(line("ID", words=8_000))
    with (tmp_path / "x.jsonl").open("w") as file:
        file.writelines(text.replace("ID", str(number)) + "\n" for number in range(4_000))
    running = subprocess.Popen(
        [sys.executable, "-m", "gpt41_cli", "batch", "x.jsonl", "--split", "out", *DAY],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        cwd=tmp_path,
    )
    until = time.monotonic() + 60
    while time.monotonic() < until and not list(tmp_path.glob("out/gpt41-unfinished-*/*")):
        time.sleep(0.001)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert (running.returncode, err, (tmp_path / "out").exists()) == (130, b"", False)
    assert out.startswith(b"Split into 1 part in out: 4,000 requests of 1 file, ")


def test_lines_that_no_part_could_keep_are_dropped(catalog: Catalog, tmp_path: Path) -> None:
    """Lines of another model stay: a split puts them into a part of their own."""
    path = tmp_path / "in.jsonl"
    good = lines(line("a"), line("b", LARGE))
    path.write_bytes(lines(line("a"), line("c", body_temperature=9)) + b"{torn\n\n" + lines(line("b", LARGE), line("a")))
    conditions = BatchOptions(Market(catalog, catalog.platform("openai"), date(2026, 11, 23)), Meter(catalog), Assumptions(None))
    with drop_invalid_lines(source(path), conditions, tmp_path) as (rest, dropped):
        with rest.open() as stream:
            assert stream.read() == good
        assert [(each.line, [reason.partition(":")[0] for reason in each.reasons]) for each in dropped] == [
            (2, ["value-range"]),
            (3, ["invalid-request"]),
            (6, ["batch-custom-id"]),
        ]
        assert (dropped[1].request, json.loads(dropped[0].format())["request"]["custom_id"]) == ("{torn", "c")


def test_lines_of_a_model_that_is_shut_down_are_dropped_and_the_others_keep_their_numbers(
    catalog: Catalog, tmp_path: Path
) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(lines(line("a", "gpt-4.1-nano"), line("b"), line("c", "gpt-4.1-nano"), line("d", LARGE)))
    conditions = BatchOptions(Market(catalog, catalog.platform("openai"), date(2026, 11, 23)), Meter(catalog), Assumptions(None))
    with drop_invalid_lines(source(path), conditions, tmp_path) as (rest, dropped):
        found = check_batch_files([rest], conditions, is_split=True)
    assert [(each.line, each.reasons[0].partition(":")[0]) for each in dropped] == [
        (1, "model-shut-down"),
        (3, "model-shut-down"),
    ]
    assert list(rest.line_numbers or ()) == [2, 4]
    placed = [(each.rule.id, each.place and each.place.line) for each in found.findings if each.place]
    assert placed == [("batch-models", 4)]
    whole = check_batch_files([source(path)], conditions)
    assert {wait.model.id for wait in whole.waits} == {LARGE, MINI}, "what is shut down waits in no queue"
