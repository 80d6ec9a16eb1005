"""Plain answers are read fast, and as the others are."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.answers.plain_answers import read_plain_answer
from gpt41_cli.answers.records import read_entries
from tests.builders import COMPLETION, RESPONSE

CHAT: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_795_219_200,
    "model": "gpt-4.1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}],
    "usage": {
        "prompt_tokens": 1_000,
        "completion_tokens": 10,
        "total_tokens": 1_010,
        "prompt_tokens_details": {"cached_tokens": 900, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0},
    },
    "service_tier": "default",
    "system_fingerprint": "fp_1",
}
ANSWER: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1_795_219_200,
    "status": "completed",
    "error": None,
    "model": "gpt-4.1-mini",
    "output": [{"type": "message", "content": []}],
    "tools": [],
    "usage": {
        "input_tokens": 1_000,
        "output_tokens": 10,
        "total_tokens": 1_010,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    },
}
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, 0, -1, 7, 1.5, 10**16, True, "", "7", "priority", "batch", [], [{}], {}, {"cached_tokens": 3}, "nan"]
)
NAMES = st.sampled_from(
    [
        *("requests", "batch", "currency", "custom_id", "mode", "metadata", "cache_hit", "status", "run_type", "attributes"),
        *("input_tokens", "prompt_tokens", "thinking", "cached_tokens", "cache_write_tokens", "output", "choices", "type"),
        *(
            "audio_tokens",
            "reasoning_tokens",
            "model_name",
            "completed_at",
            "usage_metadata",
            "response",
            "data",
            "finish_reason",
        ),
    ]
)


def list_objects(value: Any) -> list[dict[str, Any]]:
    """List the objects inside a value, and itself."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [*([value] if isinstance(value, dict) else []), *(found for each in inner for found in list_objects(each))]


@pytest.mark.parametrize("value", [CHAT, ANSWER])
def test_a_plain_answer_is_read_fast(value: dict[str, Any]) -> None:
    assert [read_plain_answer(value)] == list(read_entries(value))


@given(st.data(), st.sampled_from([CHAT, ANSWER, COMPLETION, RESPONSE]))
def test_whatever_is_changed_both_ways_agree(data: st.DataObject, value: dict[str, Any]) -> None:
    changed = deepcopy(value)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(list_objects(changed)))
        name = data.draw(st.one_of(st.sampled_from(sorted(place) or ["id"]), NAMES))
        if data.draw(st.booleans()):
            place.pop(name, None)
        else:
            place[name] = data.draw(ODD)
    found = read_plain_answer(changed)
    assert found is None or [found] == list(read_entries(changed))
