"""Rules for the settings of a request: its fields other than messages, schemas and names."""

from __future__ import annotations

from collections.abc import Iterator

from gpt41_cli import rules
from gpt41_cli.files.fields import JsonObject, JsonValue, describe_kind, join_path, redact
from gpt41_cli.findings import Finding

RANGES = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "top_logprobs": (0, 20),
    "n": (1, 128),
}
"""The ranges of parameters: "minimum" and "maximum" in the specification."""

_BIASES = (-100, 100)
LENGTHS = {"stop": (0, 4), "tools": (1, 128), "functions": (1, 128)}
"""How many entries the lists of Chat Completions may have."""

REUSABLE_PROMPTS = "reusable-prompts"
"""A feature in `endings` of the price table."""

TOOL_SETTINGS = ("tool_choice", "parallel_tool_calls")

SERVICE_TIERS = ("auto", "default", "flex", "scale", "priority", "fast", "ultrafast")
"""What service_tier may be: ServiceTier in the specification, and the last one for Responses alone (ServiceTierResponses)."""

HISTORIES = ("conversation", "previous_response_id")

_LEAST_ANSWER = 16
"""The least max_output_tokens of Responses."""

_MAX_METADATA, _MAX_METADATA_KEY, _MAX_METADATA_VALUE = 16, 64, 512


def check_maxima(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check that one field says how long the answer may be.

    "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
    (https://github.com/langchain-ai/langgraph/issues/5943, 2025-08-19).
    """
    if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
        text = f"{join_path(path, 'max_tokens')}: expected either it or max_completion_tokens, found both"
        yield Finding(rules.TWO_MAXIMA, text)


def check_least_answer(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check that an answer of Responses may have some length.

    "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 10 instead."
    (https://github.com/vectorize-io/hindsight/issues/58, 2025-12-19). Nothing of this kind is known of Chat Completions and this
    family.
    """
    most = body.get("max_output_tokens")
    if isinstance(most, int) and 0 < most < _LEAST_ANSWER:
        at = join_path(path, "max_output_tokens")
        yield Finding(rules.VALUE_RANGE, f"{at}: expected {_LEAST_ANSWER} or more, found {describe_kind(most)}")


def check_histories(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check that a request continues one thing: previous_response_id "Cannot be used in conjunction with `conversation`"
    (ResponseCreateParams in the SDK).
    """
    if all(body.get(key) is not None for key in HISTORIES):
        text = f"{join_path(path, HISTORIES[1])}: expected either it or {HISTORIES[0]}, found both"
        yield Finding(rules.TWO_HISTORIES, text)


def check_ranges(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check the numbers that have a range. For logit_bias, the specification says "from -100 to 100".

    "Invalid 'n': integer above maximum value. Expected a value <= 128"
    (https://github.com/thisisartium/continuous-alignment-testing/issues/25, 2025-03-11).
    """
    for key, (least, most) in RANGES.items():
        if body.get(key) is not None:
            yield from _check_range(body[key], join_path(path, key), least, most)
    biases = body.get("logit_bias")
    for bias in biases.values() if isinstance(biases, dict) else ():
        broken = list(_check_range(bias, join_path(path, "logit_bias"), *_BIASES))
        if broken:
            yield from broken
            return


def _check_range(value: JsonValue, at: str, least: int, most: int) -> Iterator[Finding]:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and least <= value <= most):
        yield Finding(rules.VALUE_RANGE, f"{at}: expected a number from {least} to {most}, found {describe_kind(value)}")


def check_lengths(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check how many entries lists have.

    "Invalid 'stop': array too long. Expected an array with maximum length 4"
    (https://github.com/continuedev/continue/issues/2461, 2024-10-04), as the specification says ("maxItems: 4"); an empty stop
    isn't known to be refused. "Invalid 'tools': empty array. Expected an array with minimum length 1"
    (https://github.com/continuedev/continue/issues/3403, 2024-12-16) and "Invalid 'tools': array too long. Expected an array with
    maximum length 128" (https://github.com/0x4m4/hexstrike-ai/issues/29, 2025-08-22); functions by the specification. Nothing is
    known of the lists of Responses.
    """
    for key, (least, most) in LENGTHS.items():
        values = body.get(key)
        if isinstance(values, list) and not least <= len(values) <= most:
            allowed = f"{least} to {most}" if least else f"at most {most}"
            length = len(values) or "an empty list"
            yield Finding(rules.LIST_LENGTH, f"{join_path(path, key)}: expected {allowed} entries, found {length}")


def check_tool_settings(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check that there are tools if a setting is about them.

    "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."
    (https://github.com/dapr/dapr-agents/issues/248, 2025-11-02), for "none" as well
    (https://github.com/patterns-ai-core/langchainrb/pull/442, 2024-01-15); the same of parallel_tool_calls
    (https://github.com/openai/swarm/issues/30, 2024-07-12). Nothing is known of Responses.
    """
    for key in TOOL_SETTINGS:
        if body.get(key) is not None and body.get("tools") is None:
            yield Finding(rules.TOOL_SETTINGS, f"{join_path(path, key)}: expected tools with it, found none")


def check_logprobs(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check that top_logprobs comes with logprobs: "`logprobs` must be set to `true` if this parameter is used" (the
    specification, of Chat Completions). 0 asks for nothing.
    """
    if body.get("top_logprobs") and body.get("logprobs") is not True:
        yield Finding(rules.LOGPROBS, f"{join_path(path, 'top_logprobs')}: expected logprobs: true with it, found it without")


def check_service_tier(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check that the specification has the service tier."""
    tier, known = body.get("service_tier"), SERVICE_TIERS[:-1] if "messages" in body else SERVICE_TIERS
    if isinstance(tier, str) and tier and tier not in known:
        text = f"{join_path(path, 'service_tier')}: expected one of {', '.join(known)}, found {redact(tier)}"
        yield Finding(rules.SERVICE_TIER, text)


def check_metadata(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check metadata against the specification ("Set of 16 key-value pairs", "Keys are strings with a maximum length of 64
    characters. Values are strings with a maximum length of 512 characters").

    "Invalid 'metadata': too many properties. Expected an object with at most 16 properties"
    (https://github.com/thiswillbeyourgithub/openwebui_custom_pipes_filters/issues/3, 2025-03-04); "Invalid type for
    'metadata.someNumericId': expected a string, but got an integer instead" (https://github.com/openai/openai-java/issues/338,
    2025-03-20); "Expected a string with maximum length 512" (https://github.com/spiceai/docs/issues/928, 2025-04-02).
    """
    at, metadata = join_path(path, "metadata"), body.get("metadata")
    if metadata is not None and (flaw := _find_metadata_flaw(metadata)):
        yield Finding(rules.METADATA, f"{at}: {flaw}")


def _find_metadata_flaw(metadata: JsonValue) -> str | None:
    if not isinstance(metadata, dict):
        return f"expected an object, found {describe_kind(metadata)}"
    if len(metadata) > _MAX_METADATA:
        return f"expected at most {_MAX_METADATA} pairs, found {len(metadata)}"
    for key, value in metadata.items():
        if len(key) > _MAX_METADATA_KEY:
            return f"expected keys of at most {_MAX_METADATA_KEY} characters, found one of {len(key)}"
        if not isinstance(value, str):
            return f"expected only text as values, found {describe_kind(value)}"
        if len(value) > _MAX_METADATA_VALUE:
            return f"expected values of at most {_MAX_METADATA_VALUE} characters, found one of {len(value)}"
    return None


def check_stored_metadata(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check that a request of Chat Completions with metadata is stored.

    "The 'metadata' parameter is only allowed when 'store' is enabled."
    (https://github.com/QwenLM/qwen-code/issues/243, 2025-08-09; https://github.com/tmc/langchaingo/issues/1484, 2026-03-16). The
    specification doesn't say so.
    """
    if body.get("metadata") and body.get("store") is not True:
        yield Finding(rules.STORED_METADATA, f"{join_path(path, 'metadata')}: expected store: true with it, found it without")


def check_features(body: JsonObject, path: str) -> Iterator[Finding]:
    """Find features that end: the subject is one of `endings` of the price table, which says when."""
    prompt = body.get("prompt")
    if isinstance(prompt, dict) and prompt.get("id"):
        yield Finding(rules.FEATURE_ENDS, f"{join_path(path, 'prompt')}: a reusable prompt", subject=REUSABLE_PROMPTS)
