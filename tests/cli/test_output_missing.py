"""Answers of no stated length are not priced, and every command that prices numbers or texts says so."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from gpt41_cli import rules
from gpt41_cli.constraints.request_limits import check_output
from gpt41_cli.findings import Finding
from gpt41_cli.work.workload import workload
from tests.builders import market
from tests.conftest import Run

MESSAGE = "answers are not priced: give their length with --output-tokens"
COMMANDS = ["cost --model gpt-4.1", "cost", "recommend --task coding", "plan", "migrate"]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("work", ["--input-tokens 1000", "--text hello"])
def test_a_price_without_answers_is_at_least_that_much(run: Run, command: str, work: str) -> None:
    arguments = [*command.split(), *work.split(), "--as-of", "2026-11-23"]
    found = json.loads(run(*arguments, "--format", "json").out)
    assert [(each["level"], each["message"]) for each in found["findings"] if each["rule"] == "output-missing"] == [
        ("warning", MESSAGE)
    ]
    shown = run(*arguments)
    assert (shown.code, shown.err) == (0, "")
    assert "at least $" in shown.out.splitlines()[0]
    assert f"{MESSAGE} [output-missing]" in shown.out
    assert MESSAGE in run(*arguments, "-q").err


@pytest.mark.parametrize("command", COMMANDS)
def test_answers_of_no_tokens_can_be_stated(run: Run, command: str) -> None:
    done = run(*command.split(), "--input-tokens", "1000", "--output-tokens", "0", "--as-of", "2026-11-23")
    assert "at least $" not in done.out.splitlines()[0]
    assert "output-missing" not in done.out


def test_only_work_that_says_nothing_of_its_answers_lacks_them() -> None:
    work = workload(input_tokens=5, output_tokens=0, requests=1)
    assert (work.is_lower_bound, list(check_output(work, market()))) == (False, [])
    lacking = replace(work, lacks_output=True)
    assert (lacking.is_lower_bound, list(check_output(lacking, market()))) == (
        True,
        [Finding(rules.OUTPUT_MISSING, MESSAGE, actual="0")],
    )
