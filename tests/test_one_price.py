"""The same work at a successor has one price, whichever command is asked for it."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.builders import CALL, SECRET, SYSTEM, USER, chat
from tests.conftest import Run

CONFIG = (
    "version: 1\nworkloads:\n  sort: {{{input}, model: {model}, output_tokens: 100{volume}, require: {{task: classification}}}}\n"
)
DAY = "2026-11-29"
PROMPT = "Sort this mail into a folder.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    called = chat(
        USER, {"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "call_1", "content": "noon"}
    )
    lines = [chat(SYSTEM, USER, tools=[SECRET]), {**called, "tools": [SECRET], "n": 2}]
    (tmp_path / "requests.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (tmp_path / "prompt.txt").write_text(PROMPT)
    return tmp_path


def ask(run: Run, *arguments: str) -> Any:
    done = run(*arguments, "--format", "json")
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)


def divide(quote: dict[str, Any]) -> Fraction:
    """Return the price of a request."""
    return Fraction(quote["total_usd"]) / Fraction(quote["usage"]["requests"])


@pytest.mark.parametrize("volume", [None, 3000])
@pytest.mark.parametrize(
    ("file", "key", "usd_per_million"),
    [
        # One answer and two of 103 tokens at $0.50 per million, and input at $0.10.
        ("requests.jsonl", "requests", None),
        ("prompt.txt", "prompt", Fraction("0.1") * 7 + Fraction("0.5") * 103),
    ],
)
def test_all_commands_have_one_price(
    run: Run, folder: Path, file: str, key: str, usd_per_million: Fraction | None, volume: int | None
) -> None:
    stated = [file, "--output-tokens", "100"]
    (quote,) = ask(run, "cost", *stated, "--model", "gpt-6-luna", "--as-of", DAY)["quotes"]
    price = divide(quote)
    assert usd_per_million is None or price == usd_per_million / 10**6
    assert quote["usage"]["output_tokens"] == (3 * 103 if usd_per_million is None else 103)
    then = ask(run, "recommend", *stated, "--task", "classification", "--as-of", DAY)["then"]
    ways = ask(run, "migrate", *stated, "--from", "gpt-4.1-mini", "--on", DAY)["ways"]
    assert [divide(each) for each in (then["quote"], ways[0]["quote"])] == [price, price]

    expected = price * (volume or 1)
    sent = {"input": f"{key}: {file}", "volume": f", volume: {volume} / month" if volume else ""}
    (folder / "gpt41.yaml").write_text(CONFIG.format(**sent, model="gpt-4.1-mini"))
    (moved,) = ask(run, "migrate", "--on", DAY)["workloads"]
    assert Fraction(moved["then_usd"]["expected"]) == expected
    reported = run("report", "gpt41.yaml", "--as-of", DAY, "--format", "jsonl")
    assert Fraction(json.loads(reported.out)["then_usd"]) == expected

    (folder / "gpt41.yaml").write_text(CONFIG.format(**sent, model="gpt-6-luna"))
    (checked,) = ask(run, "check", "--as-of", DAY)["workloads"]
    assert Fraction((checked["monthly_usd"] if volume else checked["each_usd"])["expected"]) == expected
    (stays,) = ask(run, "report", "gpt41.yaml", "--as-of", DAY)["workloads"]
    assert Fraction((stays["monthly_usd"] if volume else stays["each_usd"])["expected"]) == expected


def test_a_saved_report_has_the_same_answers(run: Run, folder: Path) -> None:
    for model in ("gpt-4.1-mini", "gpt-6-luna"):
        sent = {"input": "prompt: prompt.txt", "volume": ""}
        (folder / "gpt41.yaml").write_text(CONFIG.format(**sent, model=model))
        (folder / f"{model}.json").write_text(json.dumps(ask(run, "check", "--as-of", DAY)))
    price = Fraction("0.1") * 7 / 10**6 + Fraction("0.5") * 103 / 10**6
    rows = [json.loads(line) for line in run("report", "gpt-4.1-mini.json", "--as-of", DAY, "--format", "jsonl").out.splitlines()]
    assert [Fraction(row["then_usd"]) for row in rows] == [price]
    rows = [json.loads(line) for line in run("report", "gpt-6-luna.json", "--as-of", DAY, "--format", "jsonl").out.splitlines()]
    assert [Fraction(row["recommended_each_usd"]) for row in rows] == [price]
