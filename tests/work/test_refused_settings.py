"""What a request sets and its model refuses, by the price table."""

from __future__ import annotations

from typing import Any

import pytest

from gpt41_cli.catalog import read_catalog
from gpt41_cli.requests.readers import read_json_request
from gpt41_cli.rules import Level
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.work.sizing import measure_request


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
            [("max_tokens: gpt-6-luna refuses it; max_completion_tokens takes its place", Level.WARNING)],
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
