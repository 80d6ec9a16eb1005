"""The move of all workloads of gpt41.yaml: which must move, what they cost before and after, and what breaks where."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.builders import USER, chat
from tests.conftest import Run

WORKLOADS = """version: 1
workloads:
  sort: {requests: sort.jsonl, model: gpt-4.1-mini, mode: batch, output_tokens: 100, volume: 3001 / week}
  write: {input_tokens: 2000, output_tokens: 500, model: gpt-4.1, volume: 600 / month}
  read: {input_tokens: 9, output_tokens: 9, model: gpt-6-luna, volume: 1 / month}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sort.jsonl").write_text(json.dumps(chat(USER, max_tokens=5)) + "\n")
    (tmp_path / "gpt41.yaml").write_text(WORKLOADS)
    return tmp_path


def moved(run: Run, *arguments: str, code: int = 0) -> Any:
    done = run("migrate", *arguments, "--format", "json")
    assert (done.code, done.err) == (code, "")
    return json.loads(done.out)


def test_every_workload_is_priced_a_month_before_and_after(run: Run, folder: Path) -> None:
    found = moved(run, "--on", "2026-11-29")
    rows = {each["name"]: each for each in found["workloads"]}
    # 600 a month of 2,000 at $2 and 500 at $8 a million; then of 2,000 at $0.10, or 0.125 written, and 503 at $0.50.
    assert (rows["write"]["usd"], rows["write"]["then_usd"]) == ("4.8", {"expected": "0.2709", "high": "0.3009"})
    assert (rows["write"]["to"], rows["write"]["to_mode"], rows["write"]["ends"]) == ("gpt-6-luna", "standard", "2027-01-14")
    assert (rows["sort"]["to"], rows["sort"]["to_mode"]) == ("gpt-6-luna", "batch")
    assert (rows["read"]["to"], rows["read"]["then_usd"]) == (None, None)
    assert sum(Decimal(each["usd"]) for each in rows.values()) == Decimal(found["monthly_usd"])
    for end in ("expected", "high"):
        then = [Decimal(each["then_usd"][end] if each["then_usd"] else each["usd"]) for each in rows.values()]
        assert sum(then) == Decimal(found["then_monthly_usd"][end])


def test_what_breaks_is_found_at_the_first_request(run: Run, folder: Path) -> None:
    findings = moved(run, "--on", "2026-11-29")["findings"]
    (broken,) = (each for each in findings if each["rule"] == "refused-parameter")
    assert broken["message"].startswith("sort: max_tokens in 1 of 1 request, first sort.jsonl:1: gpt-6-luna refuses it")
    assert (broken["location"]["path"], broken["location"]["line"]) == ("sort.jsonl", 1)
    ends = [each for each in findings if each["rule"] == "model-retires"]
    assert [(each["location"]["path"], each["location"]["line"]) for each in ends] == [("gpt41.yaml", 3), ("gpt41.yaml", 4)]


def test_on_the_day_of_the_end_the_run_fails(run: Run, folder: Path) -> None:
    assert run("migrate", "--on", "2027-01-13", "-q").code == 0
    done = run("migrate", "--on", "2027-01-14", "-q")
    assert (done.code, done.out) == (1, "sort gpt-6-luna\nwrite gpt-6-luna\n")
    assert "gpt41: sort: gpt-4.1-mini: OpenAI shut it down on 2027-01-14" in done.err


def test_nothing_has_to_move_if_no_end_is_known(run: Run, folder: Path) -> None:
    (folder / "gpt41.yaml").write_text("version: 1\nworkloads: {a: {input_tokens: 9, output_tokens: 9, model: gpt-6-luna}}\n")
    done = run("migrate", "--on", "2026-11-29")
    assert done.out.startswith("Nothing has to move: the table knows of no end of the models of 1 workload\n")
    assert run("migrate", "--on", "2026-11-29", "-q").out == "none\n"


def test_what_has_no_price_elsewhere_is_named_and_the_rest_is_priced(run: Run, folder: Path) -> None:
    (folder / "gpt41.yaml").write_text(
        WORKLOADS + "  tune: {input_tokens: 9, output_tokens: 9, model: gpt-4.1, platform: azure-data-zone, mode: priority}\n"
    )
    found = moved(run, "--on", "2026-11-29", "--to", "gpt-6.1-sol")
    assert [each["to"] for each in found["workloads"]] == ["gpt-6.1-sol", "gpt-6.1-sol", "gpt-6.1-sol", None]
    assert (found["monthly_usd"], found["then_monthly_usd"]) == (None, None)
    (missing,) = (each for each in found["findings"] if each["rule"] == "missing-price")
    assert missing["message"].startswith("tune: no price is known for gpt-6.1-sol in priority on azure-data-zone")
    assert run("migrate", "--on", "2026-11-29", "--to", "gpt-6.1-sol").out.startswith(
        "Move 3 workloads to gpt-6.1-sol before 2027-01-14; 1 more workload can't be priced elsewhere\n"
    )


@pytest.mark.parametrize("option", [("--from", "gpt-4.1"), ("--mode", "batch"), ("--cached", "5"), ("--requests", "2")])
def test_options_of_work_are_refused_where_gpt41_yaml_says_it(run: Run, folder: Path, option: tuple[str, str]) -> None:
    done = run("migrate", *option)
    assert done.code == 2
    assert done.err.startswith(
        f"gpt41: {option[0]}: expected inputs, as gpt41.yaml says how its own workloads are sent, found none; "
    )


def test_inputs_are_taken_although_there_is_a_gpt41_yaml(run: Run, folder: Path) -> None:
    assert run("migrate", "sort.jsonl", "--output-tokens", "5").out.startswith("gpt-6-luna in place of gpt-4.1")
    assert run("migrate", "-", stdin=(folder / "sort.jsonl").read_bytes()).code == 0
