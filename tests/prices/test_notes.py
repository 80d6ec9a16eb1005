"""Notes on prices: what a newer model counts otherwise is said wherever its price is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.builders import FORMAT, SECRET, SYSTEM, USER, chat
from tests.conftest import Run

NOTE = "gpt-6-luna counts these requests differently from gpt-4.1: tools +85, overhead -1 tokens per request"
CONFIG = """
version: 1
workloads: {a: {requests: sent.jsonl, model: gpt-6-luna, volume: 100 / month, output_tokens: 5}}
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("cost", "sent.jsonl", "--model", "gpt-6-luna", "--output-tokens", "5"),
        ("plan", "sent.jsonl", "--model", "gpt-6-luna", "--output-tokens", "5", "--requests", "10"),
        ("check",),
        ("report",),
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_a_successor_counts_otherwise_is_said_with_its_price(arguments: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    (tmp_path / "sent.jsonl").write_text(json.dumps(chat(SYSTEM, USER, tools=[SECRET])))
    (tmp_path / "gpt41.yaml").write_text(CONFIG)
    out = json.loads(run(*arguments, "--format", "json").out)
    assert [note.removeprefix("a: ").partition(" [")[0] for note in out["notes"] if "differently" in note] == [NOTE]


def test_what_a_structured_output_adds_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "sent.jsonl").write_text(json.dumps(chat(USER, response_format=FORMAT)))
    out = json.loads(run("cost", "sent.jsonl", "--model", "gpt-6-luna", "--output-tokens", "5", "--format", "json").out)
    (note,) = (note for note in out["notes"] if "structured" in note)
    assert note.startswith("gpt-6-luna bills a structured output up to 4 tokens more than that: they aren't in the price [")
    moved = run("migrate", "sent.jsonl", "--output-tokens", "5").out
    assert "3 more tokens for the same answer, and up to 4 more that aren't priced for a structured output" in moved


def test_nothing_is_said_of_a_mean_of_none(run: Run, tmp_path: Path) -> None:
    """The first request counts 1 token less, the second 1 more."""
    answered = [USER, {"role": "assistant", "content": "Noon."}, USER]
    (tmp_path / "sent.jsonl").write_text("".join(f"{json.dumps(body)}\n" for body in (chat(USER), chat(*answered))))
    arguments = ("--output-tokens", "5", "--format", "json")
    priced = json.loads(run("cost", "sent.jsonl", "--model", "gpt-6-luna", *arguments).out)
    moved = json.loads(run("migrate", "sent.jsonl", *arguments).out)
    assert "differently" not in json.dumps([priced, moved])
