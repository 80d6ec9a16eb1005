"""Whole answers of OpenAI with nothing unusual in them, read in a fraction of the time: most lines of most logs are such."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache

from gpt41_cli.answers.answers import TIER_MODES, Answer
from gpt41_cli.files.fields import JsonValue
from gpt41_cli.pricing import Usage

_KEYS = frozenset(
    (
        *("id", "object", "created", "created_at", "model", "choices", "output", "usage", "service_tier", "system_fingerprint"),
        *("status", "error", "incomplete_details", "instructions", "max_output_tokens", "parallel_tool_calls", "temperature"),
        *("top_p", "text", "tool_choice", "tools", "truncation", "user", "reasoning", "store", "previous_response_id"),
        *("background", "max_tool_calls", "prompt_cache_key", "safety_identifier", "top_logprobs"),
    )
)
_USAGE_KEYS = frozenset(
    (
        *("prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details"),
        *("input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details"),
    )
)
_INPUT_PARTS = frozenset(("cached_tokens", "audio_tokens"))
_OUTPUT_PARTS = frozenset(("reasoning_tokens", "audio_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens"))
_NAMES = {
    "chat.completion": ("prompt_tokens", "completion_tokens"),
    "response": ("input_tokens", "output_tokens"),
}
_PLAIN_ITEMS = ("message", "reasoning")
_SECONDS_PER_DAY = 86_400
_EARLIEST_SECONDS, _LATEST_SECONDS = 1_500_000_000, 10_000_000_000
"""A number between these is taken as a time in seconds."""
_MAX_COUNT = 10**15 - 1


class PlainAnswer(Answer):
    """An answer with nothing but its id, its tokens, its model, its mode and its day."""

    __slots__ = ()


def read_plain_answer(value: JsonValue) -> PlainAnswer | None:
    """Read an answer of Chat Completions or Responses; None if anything in it needs a closer look."""
    if type(value) is not dict or not value.keys() <= _KEYS:
        return None
    names, usage, name, model = _NAMES.get(str(value.get("object"))), value.get("usage"), value.get("id"), value.get("model")
    if names is None or type(usage) is not dict or len(usage) > 5 or not usage.keys() <= _USAGE_KEYS:
        return None
    of_input, of_output = names
    tokens, output = usage.get(of_input), usage.get(of_output)
    cached = _read_cached(usage.get(f"{of_input}_details"))
    tier, seconds = value.get("service_tier"), value.get("created", value.get("created_at"))
    if (
        type(tokens) is not int
        or type(output) is not int
        or cached is None
        or not 0 <= cached <= tokens <= _MAX_COUNT
        or not 0 < output <= _MAX_COUNT
        or usage.get("total_tokens") != tokens + output
        or type(seconds) is not int
        or not _EARLIEST_SECONDS < seconds < _LATEST_SECONDS
        or type(name) is not str
        or not name
        or name.isdigit()
        or type(model) is not str
        or not model
        or (tier is not None and type(tier) is not str)
        or not _has_no_output_parts(usage.get(f"{of_output}_details"))
        or not _has_plain_content(value)
    ):
        return None
    mode = "standard" if tier is None else _find_mode(tier)
    return PlainAnswer(Usage(1, tokens, cached, output), name, None, model, mode, _find_day(seconds // _SECONDS_PER_DAY))


def _read_cached(details: JsonValue) -> int | None:
    """Return the cached tokens in the details of an input; None if there is something else in them."""
    if details is None:
        return 0
    if type(details) is not dict or not details.keys() <= _INPUT_PARTS or details.get("audio_tokens"):
        return None
    cached = details.get("cached_tokens", 0)
    return cached if type(cached) is int else None


def _has_no_output_parts(details: JsonValue) -> bool:
    """Return True if no part of an output is counted separately."""
    if details is None:
        return True
    return type(details) is dict and details.keys() <= _OUTPUT_PARTS and not any(details.values())


def _has_plain_content(value: dict[str, JsonValue]) -> bool:
    """Return True if an answer is one choice that ended by itself, or the items of a completed response without calls."""
    if "choices" in value:
        choices = value["choices"]
        return (
            type(choices) is list
            and len(choices) == 1
            and type(choices[0]) is dict
            and choices[0].get("finish_reason") == "stop"
            and "output" not in value
            and "status" not in value
        )
    items = value.get("output")
    return (
        value.get("status") == "completed"
        and type(items) is list
        and all(type(item) is dict and item.get("type") in _PLAIN_ITEMS for item in items)
    )


@lru_cache(100)
def _find_mode(tier: str) -> str:
    return TIER_MODES.get(tier.lower(), tier.lower())


@lru_cache(10_000)
def _find_day(days: int) -> date:
    return datetime.fromtimestamp(days * _SECONDS_PER_DAY, UTC).date()
