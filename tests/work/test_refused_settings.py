"""What a request sets and its model refuses, by the price table."""

from __future__ import annotations

from typing import Any

import pytest

from gpt41_cli import rules
from gpt41_cli.catalog import read_catalog
from gpt41_cli.findings import Finding, Place
from gpt41_cli.requests.readers import read_json_request
from gpt41_cli.rules import Level
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.work.measuring import measure_request
from gpt41_cli.work.violations import RuleViolations, list_request_flaws


@pytest.mark.parametrize(
    ("model", "settings", "found"),
    [
        ("gpt-4.1", {"reasoning_effort": "low"}, [("reasoning_effort: gpt-4.1 refuses it, as it does not reason", Level.ERROR)]),
        ("gpt-4.1", {"temperature": 1, "reasoning_effort": None}, []),
        ("gpt-6-luna", {"temperature": 1}, [("temperature: gpt-6-luna refuses it", Level.ERROR)]),
        ("gpt-6-luna", {"temperature": 1, "reasoning_effort": "none"}, []),
        ("gpt-6-luna", {"temperature": 1, "reasoning_effort": "odd"}, [("temperature: gpt-6-luna refuses it", Level.ERROR)]),
        (
            "gpt-6-luna",
            {"max_tokens": 5},
            [("max_tokens: gpt-6-luna refuses it; use max_completion_tokens instead", Level.WARNING)],
        ),
        ("gpt-6-luna", {"prompt_cache_retention": "24h"}, []),
        (None, {"reasoning_effort": "low"}, []),
    ],
)
def test_what_a_model_refuses(model: str | None, settings: dict[str, Any], found: list[tuple[str, Level]]) -> None:
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}], **settings}
    flaws = measure_request(Meter(read_catalog()), read_json_request(body, "chat")).flaws
    assert [(each.message, each.level) for each in flaws] == found


def test_the_path_is_that_in_a_batch_line() -> None:
    body = {"model": "gpt-4.1", "input": "hi", "reasoning": {"effort": "low"}}
    line = {"custom_id": "a", "method": "POST", "url": "/v1/responses", "body": body}
    (flaw,) = measure_request(Meter(read_catalog()), read_json_request(line)).flaws
    assert flaw.message == "body.reasoning: gpt-4.1 refuses it, as it does not reason"


def test_one_warning_stands_for_all_requests_with_the_same_flaw() -> None:
    flaws = RuleViolations()
    for number in range(12):
        flaws.add(Finding(rules.VALUE_RANGE, "temperature: wrong", place=Place("a.jsonl", number + 1)))
    (warning,) = list_request_flaws(flaws)
    assert warning.message == "a.jsonl:1 and 11 more: temperature: wrong"
    assert (warning.level, warning.place) == (Level.WARNING, Place("a.jsonl", 1))
    assert flaws.errors_by_line is None


def test_of_many_flaws_that_differ_the_first_are_listed() -> None:
    flaws = RuleViolations()
    for number in range(12):
        flaws.add(Finding(rules.VALUE_RANGE, f"{'temperature' if number else 'n'}: wrong", place=Place("a.jsonl", number + 1)))
    assert [warning.message for warning in list_request_flaws(flaws)] == [
        "a.jsonl:1: n: wrong",
        "a.jsonl:2 and 8 more: temperature: wrong",
        "2 more like these",
    ]


def test_all_errors_of_lines_are_kept_on_demand() -> None:
    flaws = RuleViolations(keeps_all=True)
    for finding in (Finding(rules.VALUE_RANGE, "a", place=Place("", 2)), Finding(rules.IMAGE_ROLE, "b", place=Place("", 2))):
        flaws.add(finding)
    flaws.add(Finding(rules.BATCH_EMPTY, "c"))
    assert flaws.errors_by_line is not None
    assert {line: [each.message for each in errors] for line, errors in flaws.errors_by_line.items()} == {2: ["a"]}
