"""What the first lines say of a model that ends soon."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gpt41_cli.reports.succession import BEFORE_REASONING
from tests.conftest import ROOT, Run

WORK = ("--input-tokens", "500", "--output-tokens", "80", "--requests", "40000")
DAY = ("--as-of", "2026-11-30")
MODELS = ("gpt-4.1", "gpt-4.1-mini")
LUNA = "; after 2027-01-14 gpt-6-luna, $3.66 before reasoning tokens"
LUNA_FOR_ONE = "; after 2027-01-14 gpt-6-luna for 1 of them"
ENDS = "gpt-4.1-mini ends in 45 days (2027-01-14); its official replacement is gpt-6-luna"


@pytest.mark.parametrize(
    ("arguments", "after"),
    [
        ("--model mini", LUNA),
        ("--model mini --mode batch", "; after 2027-01-14 gpt-6-luna (batch), $1.83 before reasoning tokens"),
        ("", LUNA),  # what the family leads to is the same
        ("--mode standard --mode batch", "; after 2027-01-14 gpt-6-luna, $1.83 to $3.66 before reasoning tokens"),
        ("--model mini --cached 400", "; after 2027-01-14 gpt-6-luna, $3.66 before reasoning tokens"),  # too short to be cached
        ("--model mini --model gpt-6-luna", ""),  # one of them stays
        ("--model nano", ""),  # it has ended
        ("--model mini --as-of 2027-01-14", ""),
        ("--model mini --as-of 2026-10-15", ""),  # 91 days before the end
        ("--model mini --as-of 2026-10-16", LUNA),
        ("--platform azure-global --model mini", ""),
        (
            "--platform azure-global --model mini --as-of 2027-02-01",
            "; after 2027-04-14 gpt-6-luna, $3.66 before reasoning tokens",
        ),
    ],
)
def test_a_price_says_what_follows_its_model(run: Run, arguments: str, after: str) -> None:
    first = run("cost", *WORK, *(() if "--as-of" in arguments else DAY), *arguments.split()).out.splitlines()[0]
    assert first.partition("; after")[1:] == after.partition("; after")[1:]


def test_the_first_line_replaces_the_warning_unless_the_day_is_uncertain(run: Run) -> None:
    assert ENDS not in run("cost", *WORK, *DAY, "--model", "mini").out
    found = json.loads(run("cost", *WORK, *DAY, "--model", "mini", "--format", "json").out)["findings"]
    assert [each["message"] for each in found] == [ENDS]
    assert ENDS in run("cost", *WORK, *DAY, "--model", "mini", "--format", "github").out
    azure = run("cost", *WORK, "--platform", "azure-global", "--model", "mini", "--as-of", "2027-02-01").out
    assert "gpt-4.1-mini ends in 72 days (2027-04-14)" in azure


def test_no_price_follows_if_the_replacement_would_refuse_the_requests(run: Run) -> None:
    """gpt-6-luna takes 922,000 input tokens, and counts a token less than gpt-4.1-mini around a message."""
    done = run("cost", "--input-tokens", "1000000", "--output-tokens", "10", "--model", "mini", *DAY)
    assert done.out.startswith("gpt-4.1-mini: $0.40 for 1 request\n")
    assert ENDS in done.out
    body = {"model": "gpt-4.1-mini", "max_tokens": 100, "messages": [{"role": "user", "content": "Say hello."}]}
    cached = run("cost", "-", "--cached", "10", *DAY, stdin=json.dumps(body))
    assert (cached.code, cached.out.splitlines()[0]) == (0, "gpt-4.1-mini: at most $0.000164 for 1 request")


def test_no_price_follows_if_the_table_has_none(run: Run, tmp_path: Path) -> None:
    table = (ROOT / "pricing.yaml").read_text().replace("replacement: gpt-6-luna", "replacement: gpt-9")
    (tmp_path / "prices.yaml").write_text(table)
    done = run("cost", *WORK, "--model", "mini", "--pricing", "prices.yaml", *DAY)
    assert done.out.startswith("gpt-4.1-mini: $13.12 for 40,000 requests ($0.000328 each)\n")
    assert "gpt-4.1-mini ends in 45 days (2027-01-14); its official replacement is gpt-9 [model-retires]" in done.out
    planned = run("plan", *WORK, "--model", "mini", "--pricing", "prices.yaml", *DAY).out.splitlines()[0]
    assert planned.endswith("at most 24 hours in tier 5; gpt-4.1-mini ends on 2027-01-14")


def test_parts_of_requests_add_up(run: Run, tmp_path: Path) -> None:
    """Each at its own model: 10 and 10 input tokens, one less at gpt-6-luna, and 100 output tokens."""
    bodies = [{"model": name, "max_tokens": 100, "messages": [{"role": "user", "content": "Say hello."}]} for name in MODELS]
    (tmp_path / "both.jsonl").write_text("".join(json.dumps(body) + "\n" for body in bodies))
    first = run("cost", "both.jsonl", *DAY).out.splitlines()[0]
    assert first.endswith("; after 2027-01-14 gpt-6-luna, at most $0.0001018 before reasoning tokens")
    (tmp_path / "ended.jsonl").write_text("".join(json.dumps({**body, "model": "gpt-4.1-nano"}) + "\n" for body in bodies[:1]))
    assert "; after" not in run("cost", "both.jsonl", "ended.jsonl", *DAY).out.splitlines()[0]


def test_a_plan_and_a_batch_say_it_too(run: Run, tmp_path: Path) -> None:
    plan = run("plan", *WORK, "--model", "mini", "--deadline", "24h", *DAY).out
    fits = "Fits in 24 hours: gpt-4.1-mini in batch ($6.56), tier 2 or higher"
    assert plan.splitlines()[0] == f"{fits}; after 2027-01-14 gpt-6-luna (batch), $1.83 before reasoning tokens"
    assert ENDS not in plan
    assert "; after" not in run("plan", *WORK, "--deadline", "1m", "--usage-tier", "1", *DAY).out.splitlines()[0]
    (tmp_path / "bad.jsonl").write_text("{}\n" + (ROOT / "tests" / "data" / "batch.jsonl").read_text())
    rejected = run("batch", "bad.jsonl", *DAY).out
    assert rejected.startswith("Rejected: ")
    assert "; after" not in rejected.splitlines()[0]
    assert ENDS in rejected


ONE = "version: 1\nworkloads:\n  hello: "
CONFIG = """version: 1
workloads:
  hello: {requests: a.json, output_tokens: 100VOLUME}
  stays: {requests: a.json, model: gpt-6-luna, output_tokens: 100VOLUME}
"""


@pytest.mark.parametrize(
    ("config", "first"),
    [
        # 9 input tokens at 0.10 and 103 output tokens at 0.50 per million
        (
            CONFIG.replace("VOLUME", ", volume: 1000000 / month"),
            f"2 workloads: $216.40 per month{BEFORE_REASONING}; 2 warnings{LUNA_FOR_ONE}, $104.80 in all",
        ),
        (CONFIG.replace("VOLUME", ""), "2 workloads; 2 warnings; after 2027-01-14 gpt-6-luna for 1 of them"),
        (
            ONE + "{requests: a.json, output_tokens: {expected: 100, high: 200}, volume: 1000000 / month}",
            "1 workload: $164.00 (up to $324.00) per month; 1 warning; after 2027-01-14 gpt-6-luna, $52.40 (up to $102.40)",
        ),
        (
            ONE + "{requests: a.json, platform: azure-global, output_tokens: 100}",
            "1 workload; 1 warning",
        ),
    ],
)
def test_a_check_says_what_all_workloads_cost_then(run: Run, tmp_path: Path, config: str, first: str) -> None:
    body = {"model": "gpt-4.1-mini", "max_tokens": 500, "messages": [{"role": "user", "content": "Say hello."}]}
    (tmp_path / "a.json").write_text(json.dumps(body))
    (tmp_path / "gpt41.yaml").write_text(config)
    assert run("check", *DAY).out.splitlines()[0].removesuffix(BEFORE_REASONING) == first


def test_a_check_says_nothing_if_a_model_has_no_replacement_with_a_price(run: Run, tmp_path: Path) -> None:
    (tmp_path / "prices.yaml").write_text(
        (ROOT / "pricing.yaml").read_text().replace("replacement: gpt-6-luna", "replacement: gpt-9")
    )
    body = {"model": "gpt-4.1-mini", "max_tokens": 500, "messages": [{"role": "user", "content": "Say hello."}]}
    (tmp_path / "a.json").write_text(json.dumps(body))
    (tmp_path / "gpt41.yaml").write_text("version: 1\nworkloads:\n  hello: {requests: a.json, output_tokens: 100}\n")
    assert run("check", "--pricing", "prices.yaml", *DAY).out.startswith("1 workload; 1 warning\n")


USAGE = {"input_tokens": 1000, "output_tokens": 100, "input_tokens_details": {"cached_tokens": 0}}
UNPRICED = "1 more not priced (1,000 input and 100 output tokens)"


@pytest.mark.parametrize(
    ("models", "first"),
    [
        # 0.10 per million input tokens and 0.50 per million output tokens, of which gpt-6-luna adds 3 to an answer
        ("gpt-4.1", "$0.0028 for 1 answer; after 2027-01-14 gpt-6-luna, $0.0001515"),
        ("gpt-4.1 gpt-4.1-mini", "$0.00336 for 2 answers; after 2027-01-14 gpt-6-luna, $0.000303"),
        ("gpt-4.1 gpt-6-luna", "$0.00295 for 2 answers; after 2027-01-14 gpt-6-luna for 1 of them, $0.0003015 in all"),
        ("gpt-4.1 no-such", f"at least $0.0028 for 1 answer; {UNPRICED}; after 2027-01-14 gpt-6-luna, at least $0.0001515"),
        ("ft:gpt-4.1-mini:acme::id", "$0.00112 for 1 answer; after 2027-01-14 gpt-6-luna, $0.0001515"),
        ("gpt-4.1 gpt-4.1-nano", "$0.00294 for 2 answers"),  # one has ended
        ("gpt-6-luna", "$0.00015 for 1 answer"),
    ],
)
def test_a_bill_says_what_its_answers_cost_then(run: Run, models: str, first: str) -> None:
    logs = "".join(json.dumps({"model": model, "usage": USAGE}) + "\n" for model in models.split())
    assert run("reconcile", "-", *DAY, stdin=logs).out.splitlines()[0].removesuffix(BEFORE_REASONING) == first


def test_a_bill_says_it_only_of_what_can_take_over(run: Run, tmp_path: Path) -> None:
    table = (ROOT / "pricing.yaml").read_text().replace("replacement: gpt-6-luna", "replacement: gpt-9")
    (tmp_path / "prices.yaml").write_text(table)
    answer = json.dumps({"model": "gpt-4.1", "usage": USAGE})
    assert run("reconcile", "-", *DAY, "--pricing", "prices.yaml", stdin=answer).out.startswith("$0.0028 for 1 answer\n")


def test_training_says_what_a_request_costs_then(run: Run) -> None:
    """900 input tokens and 1 output token at the rates of gpt-6-luna."""
    train = ("train", str(ROOT / "tests/training/tickets.jsonl"), "--base-input-tokens", "900", *DAY)
    first = run(*train).out.splitlines()[0]
    assert first.endswith("; gpt-4.1-mini ends on 2027-01-14, then gpt-6-luna, $0.000092 per request before reasoning tokens")


def test_training_says_if_a_request_costs_less_at_what_follows_than_at_the_fine_tune(run: Run) -> None:
    """300 input tokens and 1 output token at the rates of gpt-6-luna, and 55 and 1 at those of the fine-tune."""
    train = ("train", str(ROOT / "tests/training/tickets.jsonl"), "--base-input-tokens", "300", *DAY)
    first = run(*train).out.splitlines()[0]
    assert first.endswith("then gpt-6-luna, $0.000032 per request before reasoning tokens, less than the fine-tune's $0.00004733")


def test_a_replay_of_the_cache_warns_of_the_end(run: Run) -> None:
    replay = ("cache", str(ROOT / "tests/data/batch.jsonl"))
    assert ENDS in run(*replay, *DAY).out
    assert "gpt-4.1-mini ends" not in run(*replay, "--as-of", "2026-10-15").out
