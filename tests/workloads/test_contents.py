"""What a workload of gpt41.yaml sends: the same tokens and dollars as `gpt41 cost`, and what cannot be read, with its place."""

from __future__ import annotations

import json
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from gpt41_cli.catalog import Catalog
from gpt41_cli.config.load import parse_config
from gpt41_cli.config.roots import open_working_tree
from gpt41_cli.errors import InputError
from gpt41_cli.workloads.contents import WorkloadContents
from gpt41_cli.workloads.costing import FileTokens, WorkloadCost
from gpt41_cli.workloads.priced import price_declared_workload
from gpt41_cli.workloads.reading import read_contents
from tests.builders import market
from tests.conftest import ROOT

DATA = ROOT / "tests/data"
DAY = date(2026, 11, 23)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with the inputs of this repository's tests."""
    for path in DATA.iterdir():
        if path.is_file():
            shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents(catalog: Catalog, workload: str, defaults: str = "") -> WorkloadContents:
    text = f"version: 1\ndefaults: {{{defaults}}}\nworkloads: {{a: {{{workload}}}}}\n"
    declared = parse_config(text.encode(), "gpt41.yaml", catalog).workloads["a"]
    return read_contents(declared, open_working_tree(Path("gpt41.yaml")).find_files, catalog)


def costing(catalog: Catalog, workload: str, defaults: str = "") -> WorkloadCost:
    text = f"version: 1\ndefaults: {{{defaults}}}\nworkloads: {{a: {{{workload}}}}}\n"
    declared = parse_config(text.encode(), "gpt41.yaml", catalog).workloads["a"]
    return price_declared_workload(
        declared, read_contents(declared, open_working_tree(Path("gpt41.yaml")).find_files, catalog), market(catalog, as_of=DAY)
    ).cost


def test_requests_are_priced_as_cost_prices_them(catalog: Catalog, folder: Path) -> None:
    found = costing(catalog, "requests: [batch.jsonl]")
    assert (found.model, found.mode, found.requests) == ("gpt-4.1-mini", "batch", 6)
    assert found.expected_usd == Decimal("0.0005246")  # README: gpt41 cost tests/data/batch.jsonl
    assert found.tokens_by_file == {"batch.jsonl": FileTokens(6, 703)}
    assert (found.output_tokens.expected, found.output_tokens.high) == (480, 480)


def test_the_parts_are_the_input_that_is_billed(catalog: Catalog, folder: Path) -> None:
    """Pictures, tools, a schema and parallel calls whose results only some models escape, on every model of the table."""
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    picture = {"type": "image_url", "image_url": {"url": "https://example.org/x.png", "detail": "low"}}
    body = {
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Look."}, picture]},
            {"role": "assistant", "tool_calls": [call, {**call, "id": "2"}]},
            {"role": "tool", "tool_call_id": "1", "content": 'a "quoted" result'},
            {"role": "tool", "tool_call_id": "2", "content": "two\nlines"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}],
    }
    (folder / "rich.json").write_text(json.dumps({"model": "any", **body}))
    for name in catalog.models:
        found = contents(catalog, f"requests: rich.json, model: {name}, mode: standard")
        load = found.workload.load_on(catalog, found.variant)
        assert found.tally.input_tokens == load.usage.input_tokens, name
        assert found.tally.parts["tools"] > 0
        assert found.tally.parts["history"] > 0
        assert found.tally.parts["images"] > 0


def test_a_folder_of_texts_is_as_many_requests(catalog: Catalog, folder: Path) -> None:
    (folder / "prompts").mkdir()
    for name, text in {"a.md": "one", "b.md": "one two three", "c.bin": "\0\1\2"}.items():
        (folder / "prompts" / name).write_text(text)
    found = contents(catalog, "requests: prompts, output_tokens: 5", "model: gpt-4.1-mini")
    assert found.tokens_by_file == {"prompts/a.md": FileTokens(1, 1), "prompts/b.md": FileTokens(1, 3)}
    assert [each.path for each in found.skipped_files] == ["prompts/c.bin"]
    assert found.workload.text_tokens == 4


@pytest.mark.parametrize("name", ["support.md", "security-review.md", "history.txt", "changes-summary.md", "license-check.md"])
def test_a_prompt_may_have_the_name_of_a_file_about_the_repository(catalog: Catalog, folder: Path, name: str) -> None:
    """In capitals, SUPPORT.md is about the repository; in small letters it is a prompt for the support."""
    (folder / "prompts").mkdir()
    (folder / "prompts" / name).write_text("one")
    (folder / "prompts" / name.upper()).write_text("one two three")
    found = contents(catalog, "requests: prompts/, output_tokens: 5", "model: gpt-4.1-mini")
    assert found.tokens_by_file == {f"prompts/{name}": FileTokens(1, 1)}


@pytest.mark.parametrize(
    ("name", "text"), [("README.md", "# Prompts"), ("LICENSE", "MIT"), ("load.py", "print(1)"), (".env", "A=1"), ("b.json", "")]
)
def test_a_folder_of_requests_may_hold_other_files(catalog: Catalog, folder: Path, name: str, text: str) -> None:
    """What is no prompt is left out and named: it changes no mean."""
    (folder / "prompts").mkdir()
    (folder / "prompts/a.json").write_text(json.dumps({"messages": [{"role": "user", "content": "Hello"}]}))
    alone = contents(catalog, "requests: prompts/, output_tokens: 1, model: gpt-4.1")
    (folder / "prompts" / name).write_text(text)
    found = contents(catalog, "requests: prompts/, output_tokens: 1, model: gpt-4.1")
    assert (found.tally.requests, *found.workload.shapes) == (1, *alone.workload.shapes)
    assert [each.path for each in found.skipped_files] == [f"prompts/{name}"]


def test_a_prompt_is_one_request_of_texts_pictures_and_numbers(catalog: Catalog, folder: Path) -> None:
    workload = "prompt: [ticket.txt, photo.png], input_tokens: 1000, cached: 50%, output_tokens: 10"
    found = costing(catalog, workload, "model: gpt-4.1")
    picture = found.parts["images"]
    assert picture > 0
    assert found.tokens_by_file == {"ticket.txt": FileTokens(1, 433), "photo.png": FileTokens(1, picture)}
    assert (found.requests, found.input_tokens, found.cached_tokens) == (1, 1433 + picture, (1433 + picture) // 2)


def test_the_prompt_cache_is_replayed_as_its_traffic_says(catalog: Catalog, folder: Path) -> None:
    messages = [{"role": "system", "content": "word " * 2000}, {"role": "user", "content": "Hello"}]
    line = json.dumps({"model": "gpt-4.1", "messages": messages})
    (folder / "warm.jsonl").write_text(f"{line}\n" * 20)
    workload = "requests: warm.jsonl, cached: simulate, output_tokens: 1"
    # All but the first find 1,920 of 2,012 tokens; where a minute passes between two, five minutes are the life of a prefix.
    assert costing(catalog, workload).cached_tokens == 19 * 1920
    assert costing(catalog, f"{workload}, requests_per_minute: 1, lifetime: 1m").cached_tokens == 19 * 1920
    assert costing(catalog, f"{workload}, requests_per_minute: 60").cached_tokens < 19 * 1920
    # As a sample of a larger volume, they find what they left the time before.
    assert costing(catalog, f"{workload}, volume: 20 / month").cached_tokens == 19 * 1920
    assert costing(catalog, f"{workload}, volume: 21 / month").cached_tokens == 20 * 1920


@pytest.mark.parametrize(
    ("said", "defaults", "group"),
    [
        ("requests: unnamed.json", "model: gpt-4.1, mode: priority", ("gpt-4.1", "priority")),
        ("requests: unnamed.json, model: gpt-4.1-mini", "model: gpt-4.1", ("gpt-4.1-mini", "standard")),
        ("requests: batch.jsonl", "model: gpt-4.1, mode: priority", ("gpt-4.1-mini", "batch")),
        ("requests: batch.jsonl, mode: standard", "", ("gpt-4.1-mini", "standard")),
        ("requests: urgent.json", "mode: batch", ("gpt-4.1", "priority")),
        ("requests: [urgent.json, unnamed.json], mode: batch", "model: gpt-4.1-2025-04-14", ("gpt-4.1", "batch")),
    ],
)
def test_the_model_and_the_mode_of_a_workload(
    catalog: Catalog, folder: Path, said: str, defaults: str, group: tuple[str, str]
) -> None:
    messages = [{"role": "user", "content": "Hello"}]
    (folder / "unnamed.json").write_text(json.dumps([{"messages": messages, "model": None}]))
    (folder / "urgent.json").write_text(json.dumps({"messages": messages, "model": "gpt-4.1", "service_tier": "priority"}))
    found = contents(catalog, f"{said}, output_tokens: 1", defaults)
    assert (found.variant.id, found.mode) == group


@pytest.mark.parametrize(
    ("workload", "message"),
    [
        ("requests: nothing/*.json", '3:17: workloads.a.requests: "nothing/*.json": expected one file or more, found nothing'),
        (
            "requests: [batch.jsonl, triage.json]",
            (
                "3:17: workloads.a.requests: expected requests of one model and mode, found "
                "gpt-4.1-mini in batch (batch.jsonl:1), gpt-4.1-mini in standard (triage.json); "
                "state both, or make several workloads"
            ),
        ),
        (
            "requests: ticket.txt, output_tokens: 1",
            "3:13: workloads.a: expected a model in the workload, in defaults or in every request, found none",
        ),
        ("input_tokens: 5", "3:13: workloads.a: expected a model in the workload, in defaults or in every request, found none"),
        (
            "requests: photo.png",
            ("3:17: workloads.a.requests: photo.png: expected requests or text, found a picture, which belongs under prompt"),
        ),
        (
            "prompt: triage.json, model: gpt-4.1",
            ("3:17: workloads.a.prompt: triage.json: expected text or a picture, found requests, which belong under requests"),
        ),
        (
            "requests: ticket.txt, model: gpt-4.1, cached: simulate",
            "3:17: workloads.a.requests: ticket.txt: expected requests to replay, found text",
        ),
        (
            "input_tokens: 5, model: gpt-4.1, cached: simulate",
            "3:50: workloads.a.cached: expected requests to replay, found a prompt or numbers",
        ),
        (
            "requests: shop.jsonl, cached: simulate, lifetime: 3d",
            "3:57: workloads.a.lifetime: expected from 1 minute to 24 hours, found 4,320 minutes",
        ),
        (
            "requests: broken.jsonl",
            (
                "3:17: workloads.a.requests: broken.jsonl:2: messages[0].content: expected text or a list of parts, found the "
                "number 5 (2 of 3 cannot be read)"
            ),
        ),
        (
            "requests: examples.jsonl",
            ("3:17: workloads.a.requests: expected output_tokens with fine-tuning examples, which state no maximum, found none"),
        ),
        (
            "requests: binaries, model: gpt-4.1",
            ("3:17: workloads.a.requests: expected requests, found only what is left out (binaries/c: binary)"),
        ),
        (
            "prompt: binaries, model: gpt-4.1",
            ("3:17: workloads.a.prompt: expected text or pictures, found only what is left out (binaries/c: binary)"),
        ),
        (
            "input_tokens: 5, cached: 6, model: gpt-4.1",
            ("3:34: workloads.a.cached: cached_tokens: expected at most the input tokens (5), of which they are a part, found 6"),
        ),
        (
            "requests: triage.json, cached: 500",
            (
                "3:40: workloads.a.cached: cached_tokens: expected at most the input tokens (179), of which they are "
                "a part, found 500"
            ),
        ),
        (
            "requests: triage.json, mode: priority, platform: azure-data-zone, model: gpt-4o",
            ("3:13: workloads.a: no price is known for gpt-4o in priority on azure-data-zone: pricing.yaml has gpt-4o on openai"),
        ),
    ],
)
def test_what_cannot_be_read_or_priced(catalog: Catalog, folder: Path, workload: str, message: str) -> None:
    good, bad = (
        '{"model": "gpt-4.1", "messages": [{"role": "user", "content": "x"}]}',
        '{"model": "gpt-4.1", "messages": [{"role": "user", "content": 5}]}',
    )
    (folder / "broken.jsonl").write_text(f"{good}\n{bad}\n{bad}\n")
    (folder / "examples.jsonl").write_text('{"messages": [{"role": "assistant", "content": "x"}]}\n')
    (folder / "binaries").mkdir()
    (folder / "binaries/c").write_bytes(b"\0\1\2")
    with pytest.raises(InputError) as raised:
        costing(catalog, workload)
    assert str(raised.value) == f"gpt41.yaml:{message}"


def test_text_in_place_of_a_path_is_answered_with_what_to_do(catalog: Catalog, folder: Path) -> None:
    with pytest.raises(InputError) as raised:
        contents(catalog, "prompt: You are helpful.")
    assert raised.value.path == "workloads.a.prompt"
    assert str(raised.value).endswith("No such file or directory; put text into a file, and give the path of the file")
