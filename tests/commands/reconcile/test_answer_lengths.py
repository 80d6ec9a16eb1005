"""What answers of the past say about those to come."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.commands.reconcile.answer_lengths import MEDIAN, P90, P95, AnswerLengths
from gpt41_cli.config.tables import AnswerTokens
from gpt41_cli.display import to_decimal
from tests.conftest import Run, environment

DAY = ("--as-of", "2026-11-26")
LISTS = st.lists(st.integers(0, 3_000), min_size=1)


def of(lengths: list[int]) -> AnswerLengths:
    found = AnswerLengths()
    for each in lengths:
        found.add(each)
    return found


@given(LISTS)
def test_a_quantile_is_the_least_length_that_so_many_answers_keep_to(lengths: list[int]) -> None:
    found = of(lengths)
    for share in (MEDIAN, P90, P95, Fraction(1)):
        quantile = found.quantile(share)
        assert sum(each <= quantile for each in lengths) >= share * len(lengths) > sum(each < quantile for each in lengths)
    assert found.quantile(MEDIAN) == statistics.median_low(lengths)
    assert found.quantile(Fraction(1)) == found.longest == max(lengths)


@given(LISTS)
def test_what_is_expected_prices_the_bill_to_half_a_token_an_answer(lengths: list[int]) -> None:
    output_tokens = of(lengths).expected_range
    assert abs(output_tokens.expected * len(lengths) - sum(lengths)) * 2 <= len(lengths)
    assert output_tokens.high >= output_tokens.expected


def test_the_mean_prices_the_bill_where_the_median_would_not() -> None:
    found = AnswerLengths(Counter({100: 80, 1_000: 20}), cut_answers=3)
    assert (found.answers, found.cut_answers, found.mean) == (100, 3, Fraction(280))
    assert (found.quantile(MEDIAN), found.quantile(P90)) == (100, 1_000)
    assert found.expected_range == AnswerTokens(280, 1_000)


def test_the_high_end_is_never_below_what_is_expected() -> None:
    found = AnswerLengths(Counter({1: 99, 10_000: 1}))
    assert (found.quantile(P95), to_decimal(found.mean)) == (1, to_decimal(Fraction("100.99")))
    assert found.expected_range == AnswerTokens(101, 101)


def test_answers_that_were_cut_are_counted() -> None:
    found = AnswerLengths()
    found.add(16, is_cut=True)
    found.add(3)
    assert (found.answers, found.cut_answers) == (2, 1)


CONFIG = """# Ours.
version: 1
defaults: {model: gpt-4.1-mini}
workloads:
  asked:
    requests: batch.jsonl
    output_tokens: 500   # a guess
  "by number": {input_tokens: 9, output_tokens: 9}
  same: {requests: same.jsonl, mode: priority, output_tokens: {expected: 6, high: 6}}
"""


def answer(custom_id: str, output_tokens: int, *, finish_reason: str = "stop", **more: Any) -> str:
    usage = {"prompt_tokens": 9, "completion_tokens": output_tokens, "total_tokens": 9 + output_tokens}
    choices = [{"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": "..."}}]
    record = {"custom_id": custom_id, "model": "gpt-4.1-mini", "choices": choices, "usage": usage, **more}
    return json.dumps(record) + "\n"


def sent(*custom_ids: str) -> str:
    body = {"model": "gpt-4.1-mini", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
    lines = ({"custom_id": each, "method": "POST", "url": "/v1/chat/completions", "body": body} for each in custom_ids)
    return "".join(json.dumps(line) + "\n" for line in lines)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a gpt41.yaml, its requests, and a log of answers."""
    (tmp_path / "gpt41.yaml").write_text(CONFIG)
    (tmp_path / "batch.jsonl").write_text(sent("a", "b", "c"))
    (tmp_path / "same.jsonl").write_text(sent("d"))
    lengths = answer("a", 10) + answer("b", 20, finish_reason="length") + answer("c", 30) + answer("x", 7)
    (tmp_path / "log.jsonl").write_text(lengths + answer("d", 6, service_tier="priority"))
    return tmp_path


def test_what_is_learned_is_written_and_everything_else_stays(run: Run, folder: Path) -> None:
    (folder / "gpt41.yaml").chmod(0o640)
    done = run("reconcile", "log.jsonl", "--write-config", "--format", "json", *DAY)
    assert done.code == 0
    assert done.err.splitlines() == [
        "gpt41: gpt41.yaml: asked: output_tokens: {expected: 20, high: 30} from 3 answers, was 500",
        "gpt41: gpt41.yaml: by number: output_tokens: 7 from 1 answer, was 9",
    ]
    assert (folder / "gpt41.yaml").read_text() == CONFIG.replace("500  ", "{expected: 20, high: 30}  ").replace(
        "output_tokens: 9}", "output_tokens: {expected: 7, high: 7}}"
    )
    assert (folder / "gpt41.yaml").stat().st_mode & 0o777 == 0o640
    document = json.loads(done.out)
    assert [(each["name"], each["answers"], each["cut"]) for each in document["workloads"]] == [
        ("asked", 3, 1),
        ("by number", 1, 0),
        ("same", 1, 0),
    ]
    cut = "asked: 1 of 3 answers ended at their maximum; without it, they would be longer"
    assert [each["message"] for each in document["findings"] if each["rule"] != "model-retires"] == [cut]


def test_a_file_in_which_nothing_changes_is_not_touched(run: Run, folder: Path) -> None:
    run("reconcile", "log.jsonl", "--write-config", *DAY)
    before = (folder / "gpt41.yaml").stat()
    done = run("reconcile", "log.jsonl", "--write-config", "-q", *DAY)
    assert (done.code, done.err) == (0, "gpt41: gpt41.yaml: left as it is: nothing has changed\n")
    after = (folder / "gpt41.yaml").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_answers_of_no_one_workload_are_listed_and_not_learned_from(run: Run, folder: Path) -> None:
    (folder / "gpt41.yaml").write_text(CONFIG + "  too: {requests: batch.jsonl}\n")
    (folder / "rows.csv").write_text("model,batch,requests,input_tokens,output_tokens\ngpt-4.1,,1,5,5\n")
    done = run("reconcile", "log.jsonl", "rows.csv", "--write-config", "--format", "json", *DAY)
    assert done.err == "gpt41: gpt41.yaml: by number: output_tokens: 7 from 1 answer, was 9\n"
    assert [each["message"] for each in json.loads(done.out)["findings"] if each["rule"] == "not-learned"] == [
        "not learned from: 3 answers to one of asked, too; --workload says whose they are",
        "not learned from: 1 answer to no workload; --workload says whose they are",
    ]


def test_all_answers_are_of_the_workload_that_is_named(run: Run, folder: Path) -> None:
    (folder / "rows.csv").write_text("model,requests,input_tokens,output_tokens\ngpt-4.1,3,5,5\n")
    done = run("reconcile", "log.jsonl", "rows.csv", "--workload", "same", "--format", "json", *DAY)
    (learned,) = json.loads(done.out)["workloads"]
    assert (learned["name"], learned["answers"], learned["mean"], learned["median"], learned["p95"]) == (
        "same",
        5,
        "14.6",
        10,
        30,
    )
    assert "not learned from: 3 answers in sums, which don't show lengths" in done.out
    assert (folder / "gpt41.yaml").read_text() == CONFIG
    alone = run("reconcile", "rows.csv", "--workload", "same", "--write-config", *DAY)
    assert (alone.code, alone.err) == (0, "gpt41: gpt41.yaml: left as it is: nothing was learned\n")


def test_a_config_whose_values_are_shared_is_left_to_be_changed_by_hand(run: Run, folder: Path) -> None:
    (folder / "gpt41.yaml").write_text(CONFIG.replace("500  ", "&guess 500  "))
    done = run("reconcile", "log.jsonl", "--write-config", *DAY)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "gpt41: gpt41.yaml:7:20: workloads.asked.output_tokens: expected a value without an anchor, "
        "or output_tokens set by hand, found an anchor\n"
    )


def test_a_config_that_changes_while_the_logs_are_read_is_not_written_over(folder: Path) -> None:
    command = [sys.executable, "-m", "gpt41_cli", "reconcile", "-", "--write-config", *DAY]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, env=environment(), text=True
    ) as run:
        assert run.stdin
        assert run.stderr
        # More than a pipe holds, so that once it is written the logs are being read, which is after the config.
        run.stdin.write(answer("a", 10) * 10_000)
        (folder / "gpt41.yaml").write_text(CONFIG + "# Changed.\n")
        run.stdin.close()
        assert (
            run.stderr.read() == "gpt41: gpt41.yaml: expected no change while the logs were read, found one; nothing is written\n"
        )
    assert run.returncode == 2
    assert (folder / "gpt41.yaml").read_text() == CONFIG + "# Changed.\n"


def test_the_lengths_of_several_choices_are_not_known_one_by_one(run: Run, folder: Path) -> None:
    choices = [{"index": index, "finish_reason": "stop", "message": {}} for index in range(2)]
    (folder / "log.jsonl").write_text(answer("a", 10) + answer("b", 90, choices=choices))
    done = run("reconcile", "log.jsonl", "--config", "gpt41.yaml", "--format", "json", *DAY)
    assert [(each["answers"], each["mean"]) for each in json.loads(done.out)["workloads"]] == [(1, "10")]
    assert "not learned from: 1 answer in sums, which don't show lengths" in done.out


def test_what_a_successor_adds_is_not_learned_as_every_price_adds_it(run: Run, folder: Path) -> None:
    (folder / "gpt41.yaml").write_text("version: 1\nworkloads: {new: {input_tokens: 9, output_tokens: 9, model: gpt-5.6-luna}}\n")
    (folder / "log.jsonl").write_text("".join(answer("", tokens, model="gpt-5.6-luna") for tokens in (13, 23)))
    done = run("reconcile", "log.jsonl", "--workload", "new", "--write-config", "--format", "json", *DAY)
    assert done.err == "gpt41: gpt41.yaml: new: output_tokens: {expected: 15, high: 20} from 2 answers, was 9\n"
    assert "successors bill 3 tokens more for an answer of the same text" in json.loads(done.out)["notes"][-1]
    (checked,) = json.loads(run("check", "--as-of", "2026-11-23", "--format", "json").out)["workloads"]
    assert checked["output_tokens"] == {"expected": 18, "high": 23, "reasoning": 0}, "as they were billed"


def test_reasoning_is_taken_out_of_what_is_expected_and_kept_apart() -> None:
    found = AnswerLengths()
    for length, reasoning in ((110, 10), (300, 200), (500, 400)):
        found.add(length, reasoning_tokens=reasoning)
    assert found.mean_reasoning == Fraction(610, 3)
    assert found.expected_range == AnswerTokens(100, 297, 203)  # 910 / 3 less 203; the longest less 203
    found.add(500, reasoning_tokens=400, is_undone=True)
    assert found.expected_range == AnswerTokens(100, 195, 105)


REASONING = """version: 1
workloads:
  mine: {input_tokens: 2000, output_tokens: 9, model: gpt-6-luna, volume: 100 / month}
  old:
    input_tokens: 2000
    model: gpt-4.1
    output_tokens:
      expected: 5 # measured
    volume: 100 / month
"""
LEARNED = """version: 1
workloads:
  mine: {input_tokens: 2000, output_tokens: {expected: 100, high: 297, reasoning: 203}, model: gpt-6-luna, volume: 100 / month}
  old:
    input_tokens: 2000
    model: gpt-4.1
    output_tokens:
      expected: 100 # measured
      high: 297
      reasoning: 203
    volume: 100 / month
"""


def test_reasoning_tokens_are_learned_and_priced_on_models_that_reason(run: Run, tmp_path: Path) -> None:
    (tmp_path / "gpt41.yaml").write_text(REASONING)
    details = [{"reasoning_tokens": reasoning} for reasoning in (10, 200, 400)]
    answers = (
        {"model": "gpt-6-luna", "usage": {**usage, "prompt_tokens": 2000, "completion_tokens_details": each}}
        for each in details
        for usage in [{"completion_tokens": 103 + each["reasoning_tokens"]}]
    )
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(each) + "\n" for each in answers))
    for name in ("mine", "old"):
        done = run("reconcile", "log.jsonl", "--write-config", "--workload", name, *DAY)
        learned = f"gpt41: gpt41.yaml: {name}: output_tokens: {{expected: 100, high: 297, reasoning: 203}} from 3 answers"
        assert done.err.startswith(learned)
        assert "reasoning tokens are part of these lengths" in done.out
    assert (tmp_path / "gpt41.yaml").read_text() == LEARNED
    again = run("reconcile", "log.jsonl", "--write-config", "--workload", "old", "-q", *DAY)
    assert again.err == "gpt41: gpt41.yaml: left as it is: nothing has changed\n"
    mine, old = json.loads(run("check", "--format", "json", *DAY).out)["workloads"]
    assert mine["monthly_usd"]["expected"] == "0.0353"  # 100 times 2,000 at $0.10 and 100 + 3 + 203 at $0.50 per million
    assert old["monthly_usd"]["expected"] == "0.48"  # 2,000 at $2 and 100 at $8
    moved = run("migrate", "--on", "2026-11-26")
    assert "before reasoning tokens, $0.0756 with 203 reasoning tokens per request\n" in moved.out
    assert "before reasoning tokens" not in run("report", "--format", "text", *DAY).out
