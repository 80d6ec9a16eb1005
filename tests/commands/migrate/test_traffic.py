"""Real traffic from logs: what it cost, what it will cost on the models that follow, and what logs can't say."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run

ON = ("--on", "2026-11-29")


def answer(model: str = "gpt-4.1", *, input_tokens: int = 2000, cached: int = 0, output: int = 100, **more: Any) -> str:
    """A line of a log."""
    details = {"cached_tokens": cached, **({"cache_write_tokens": more.pop("written")} if "written" in more else {})}
    of_output = {"reasoning_tokens": more.pop("reasoning", 0), "rejected_prediction_tokens": more.pop("rejected", 0)}
    usage = {
        "prompt_tokens": input_tokens,
        "completion_tokens": output,
        "prompt_tokens_details": details,
        "completion_tokens_details": of_output,
    }
    return json.dumps({"object": "chat.completion", "model": model, "created": 1795600000, "choices": [], "usage": usage, **more})


@pytest.fixture
def moved(run: Run, tmp_path: Path) -> Any:
    def move(*lines: str, options: tuple[str, ...] = ON, code: int = 0) -> Any:
        (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
        done = run("migrate", "log.jsonl", *options, "--format", "json")
        assert (done.code, done.err) == (code, "")
        return json.loads(done.out)

    return move


def test_answers_cost_what_they_did_and_what_they_will(moved: Any) -> None:
    found = moved(answer(cached=500), answer(input_tokens=1000), answer("gpt-6-luna"))
    mine, stays = found["traffic"]
    # 2,500 at $2, 500 cached at $0.50, 200 at $8 per million; then 2,500 at $0.10, 500 at $0.01 and 2 x 103 at $0.50.
    assert (mine["model"], mine["to"], mine["paid_usd"], mine["answers"]) == ("gpt-4.1", "gpt-6-luna", "0.00685", 2)
    # Of a prompt of 1,000 tokens nothing can be written; of the other one 1,500, which cost $0.025 more a million.
    assert mine["ways"][0] == {"mode": "standard", "expected": "0.000358", "high": "0.0003955"}
    assert [way["mode"] for way in mine["ways"]] == ["standard", "batch", "flex"]
    assert (stays["model"], stays["to"], stays["ways"]) == ("gpt-6-luna", None, [])
    spare = int((Decimal("0.00685") - Decimal("0.0003955")) / (2 * Decimal("0.50") / 10**6))
    assert mine["reasoning_tokens"] == spare
    assert found["then_usd"] == {
        "expected": str(Decimal("0.000358") + Decimal(stays["paid_usd"])),
        "high": str(Decimal("0.0003955") + Decimal(stays["paid_usd"])),
    }


def test_long_requests_pay_the_surcharge_and_rejected_predictions_are_no_more(moved: Any) -> None:
    found = moved(answer(input_tokens=300_000), answer(input_tokens=10, output=100, rejected=40))
    # 300,000 at twice $0.10 and 103 at 1.5 times $0.50; 10 at $0.10 and 63 at $0.50.
    expected = (300_000 * Decimal("0.20") + 103 * Decimal("0.75") + 10 * Decimal("0.10") + 63 * Decimal("0.50")) / 10**6
    assert Decimal(found["traffic"][0]["ways"][0]["expected"]) == expected


def test_a_successor_to_another_keeps_the_writes_it_reports_and_loses_its_reasoning(moved: Any) -> None:
    found = moved(answer("gpt-5.6-luna", written=1000, output=303, reasoning=200), options=(*ON, "--to", "gpt-6-luna"))
    (way, *_) = found["traffic"][0]["ways"]
    # 2,000 at $0.10, of which 1,000 written at $0.025 more, and 103 at $0.50.
    assert way["expected"] == way["high"] == "0.0002765"
    to_family = moved(answer("gpt-5.6-luna", output=303, reasoning=200), options=(*ON, "--to", "gpt-4.1"))
    assert to_family["traffic"][0]["ways"][0]["expected"] == "0.0048"  # 2,000 at $2 and 100 at $8
    assert to_family["traffic"][0]["reasoning_tokens"] is None


def test_reasoning_tokens_are_priced_by_effort(moved: Any, run: Run) -> None:
    options = (*ON, "--reasoning-tokens", "none=0,high=1000")
    (mine,) = moved(answer(input_tokens=1000), options=options)["traffic"]
    assert mine["reasoned"] == [
        {"effort": "none", "tokens": 0, "usd": "0.0001515"},
        {"effort": "high", "tokens": 1000, "usd": "0.0006515"},
    ]
    shown = run("migrate", "log.jsonl", *ON, "--reasoning-tokens", "1000").out
    assert "then, before reasoning tokens, $0.0006515 with 1,000 reasoning tokens per request\n" in shown
    refused = run("migrate", "log.jsonl", *ON, "--reasoning-tokens", "none=0", "--to", "gpt-6.1-sol")
    assert (refused.code, "an effort of gpt-6.1-sol" in refused.err) == (2, True)


def test_logs_of_a_successor_alone_have_nothing_to_move(run: Run, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(answer("gpt-6-luna") + "\n")
    done = run("migrate", "log.jsonl", *ON)
    assert (done.code, done.out.splitlines()[0]) == (
        0,
        "Nothing has to move: no end of gpt-6-luna is announced on 2026-11-29; $0.00025 for 1 answer on 2026-11-25",
    )
    assert run("migrate", "log.jsonl", *ON, "-q").out == "none\n"


def test_logs_without_a_known_model_do_not_say_that_nothing_has_to_move(run: Run, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(answer("prod-eu") + "\n")
    done = run("migrate", "log.jsonl", *ON)
    first = "What has to move isn't known: no answer has a price; at least $0.00 for 0 answers"
    assert (done.code, done.out.splitlines()[0]) == (1, first)


def test_what_has_no_price_elsewhere_is_named(moved: Any, run: Run) -> None:
    platform = ("--platform", "azure-data-zone")
    lines = (answer(created=None), answer("gpt-4.1-mini", service_tier="priority", created=None))
    found = moved(*lines, options=(*ON, *platform, "--to", "gpt-6.1-sol"), code=0)
    assert {each["to"] for each in found["traffic"]} == {None}
    assert (found["then_usd"], found["from_day"]) == (None, None)
    shown = run("migrate", "log.jsonl", *ON, *platform, "--to", "gpt-6.1-sol")
    assert shown.out.startswith("No replacement with a price is known for gpt-4.1, gpt-4.1-mini; $0.00")
    both = run("migrate", "log.jsonl", *ON, "--to", "gpt-6-luna")
    assert both.out.startswith("Move 2 answers to gpt-6-luna before 2027-01-14: $0.00")


def test_an_end_fails_the_run_and_gaps_are_said(moved: Any, run: Run) -> None:
    found = moved(answer(), answer("o9"), options=("--on", "2027-01-14"), code=1)
    assert {each["rule"] for each in found["findings"] if each["level"] == "error"} == {"model-shut-down", "unknown-model"}
    assert run("migrate", "log.jsonl", *ON).out.startswith(
        "Move 1 answer to gpt-6-luna before 2027-01-14: at least $0.0048 for 1"
    )


def test_tools_that_no_source_states_are_unsure(run: Run, tmp_path: Path) -> None:
    output = [{"type": "file_search_call"}]
    usage = {"input_tokens": 10, "output_tokens": 5}
    body = {"object": "response", "model": "gpt-4.1", "output": output, "usage": usage, "created_at": 1795600000}
    (tmp_path / "log.jsonl").write_text(json.dumps(body) + "\n")
    shown = run("migrate", "log.jsonl", *ON, "--to", "gpt-6.1-sol").out
    assert "not confirmed for gpt-6.1-sol: file-search, which answers used" in shown
    assert "logs don't show which fields requests set" in shown


def test_tables_and_folders_of_logs_are_read_and_options_of_requests_are_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "usage.csv").write_text(
        "model,input_tokens,output_tokens,num_model_requests\ngpt-4.1,1000000,100000,500\n"
    )
    for path in ("logs", "logs/usage.csv"):
        done = run("migrate", path, *ON)
        assert done.out.startswith("Move 500 answers to gpt-6-luna before 2027-01-14: $2.80 for 500 answers, $0.15")
    assert "Sums of answers are priced as if no request paid the surcharge" in done.out
    refused = run("migrate", "logs", "--mode", "batch")
    assert (refused.code, refused.err) == (
        2,
        "gpt41: --mode: expected requests, texts or numbers, as logs say what was sent and answered, found logs\n",
    )


@pytest.mark.parametrize("arguments", [("-",), ("/dev/stdin",), ()])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_logs_can_be_piped_in(run: Run, arguments: tuple[str, ...], pack: Callable[[bytes], bytes]) -> None:
    lines = "\n".join(answer(id=f"a{number}") for number in range(3_000)).encode()  # more than the first look needs
    done = run("migrate", *arguments, *ON, "-q", stdin=pack(lines))
    assert done == (0, "gpt-4.1 gpt-6-luna\n", "")


def test_a_target_that_ends_itself_says_so(run: Run, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text(answer("gpt-4.1-mini") + "\n")
    shown = run("migrate", "log.jsonl", *ON, "--to", "gpt-4.1").out
    assert shown.startswith("Move 1 answer to gpt-4.1 (ends on 2027-01-14) before 2027-01-14: ")
    assert "  gpt-4.1 ends: OpenAI 2027-01-14 (in 46 days); " in shown


def test_a_brief_answer_has_the_models_that_cost_the_most(run: Run, tmp_path: Path) -> None:
    answers = (
        {"model": f"ft:gpt-4.1:acme::{number:02}", "usage": {"input_tokens": 1000 * number, "output_tokens": 10}}
        for number in range(1, 15)
    )
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(answer) + "\n" for answer in answers))
    brief, whole = run("migrate", "log.jsonl").out, run("migrate", "log.jsonl", "--explain").out
    rows = [[line.split()[0] for line in out.splitlines() if line.startswith("  ft:")] for out in (brief, whole)]
    assert rows == [[f"ft:gpt-4.1:acme::{number:02}" for number in range(14, last, -1)] for last in (2, 0)]
    assert [out.count(" ends: OpenAI 2027-01-14") for out in (brief, whole)] == [4, 14]
    assert " more lines, 2 more rows and the sources.\n" in brief
