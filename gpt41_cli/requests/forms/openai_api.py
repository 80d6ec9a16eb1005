"""How to recognise what OpenAI's API takes: requests, their messages and tools, alone or in a record of a log."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpt41_cli.files.documents import parse_embedded_object
from gpt41_cli.files.fields import JsonObject, JsonValue, join_path

_REQUEST_KEYS = {
    *("temperature", "top_p", "max_tokens", "max_completion_tokens", "n", "stop", "seed", "stream", "response_format"),
    *("tool_choice", "presence_penalty", "frequency_penalty", "logprobs", "service_tier"),
}
"""Fields about the answer that requests have; examples for fine-tuning, which contain the answer, don't."""

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_RESPONSES_KEYS = ("input", "instructions", "prompt", "previous_response_id", "conversation")
_NO_REQUEST_NAME = re.compile("response|output|answer|result|choices|completion|generation|repl(?:y|ies)|history", re.IGNORECASE)
"""Under such a name is an answer, or the earlier messages of a request whose last one is elsewhere."""

_BATCH_KEYS = ("method", "url", "body", "messages")
"""A record of a log with a `custom_id` has none of these at its top."""

_MAX_DEPTH = 4
"""How far below the top a request may be in a record of a log."""

SCHEMA_KEYS = ("parameters", "inputSchema", "input_schema")
"""Where a tool has the schema of its arguments: OpenAI's functions, tools of MCP servers, and Anthropic's tools."""


def is_message(value: JsonValue) -> bool:
    """Return True for a message of a chat."""
    return isinstance(value, dict) and value.get("role") in _ROLES and bool(value.keys() & {"content", "tool_calls"})


def is_conversation(value: JsonValue) -> bool:
    """Return True for a list of messages."""
    return isinstance(value, list) and bool(value) and all(map(is_message, value))


def is_batch(value: JsonValue) -> bool:
    """Return True for a line in a Batch file."""
    if not isinstance(value, dict) or ("body" in value and "url" in value):
        return isinstance(value, dict)
    return "custom_id" in value and not (value.keys().isdisjoint(_BATCH_KEYS) and find_wrapped_request(value))


def is_chat(value: JsonValue) -> bool:
    """Return True for a body or a list of messages. A body without a model is one for an Azure deployment, or an argument of the
    SDK; it asks for an answer, so the last message isn't one.
    """
    if not isinstance(value, dict):
        return is_conversation(value)
    if "messages" in value and "model" in value and not _has_parts(value["messages"]):
        return True
    return has_messages(value) and (value["messages"][-1].get("role") != "assistant" or bool(value.keys() & _REQUEST_KEYS))


def has_messages(value: JsonValue) -> bool:
    """Return True for an object with a list of messages, such as an example for fine-tuning."""
    messages = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(messages, list) or not messages or _has_parts(messages):
        return False
    return all(isinstance(message, dict) for message in (messages[0], messages[-1]))


def _has_parts(messages: JsonValue) -> bool:
    """Return True for messages with parts in place of content, as OpenTelemetry records them."""
    first = messages[0] if isinstance(messages, list) and messages else None
    return isinstance(first, dict) and "parts" in first and "content" not in first


def is_responses(value: JsonValue) -> bool:
    """Return True for a body of Responses. Its `prompt` is a stored one, and messages there are those of a request."""
    if not isinstance(value, dict) or "model" not in value or is_conversation(value.get("prompt")):
        return False
    return any(name in value for name in _RESPONSES_KEYS)


def _is_tool(value: JsonValue) -> bool:
    if not isinstance(value, dict):
        return False
    function = value.get("function")
    if value.get("type") == "function" and isinstance(function, dict):
        return isinstance(function.get("name"), str)
    if value.get("type", "function") != "function":
        return False
    return isinstance(value.get("name"), str) and any(isinstance(value.get(key), dict) for key in SCHEMA_KEYS)


def list_tools(value: JsonValue) -> tuple[str, list[JsonValue]] | None:
    """Return the path and the list of declared tools in a value; None if it holds none.

    It is a list of them, a single one, or has them under `tools` or `functions`, which may be the `result` of an MCP server.
    """
    if isinstance(value, list):
        return ("", value) if value and all(map(_is_tool, value)) else None
    if _is_tool(value):
        return "", [value]
    for key in ("tools", "functions", "result") if isinstance(value, dict) else ():
        inner = list_tools(value[key]) if isinstance(value.get(key), dict | list) else None
        if inner:
            return join_path(key, inner[0]) if inner[0] else key, inner[1]
    return None


def find_response_format(value: JsonValue) -> JsonObject | None:
    """Return a structured output as Chat Completions takes it, if a value is one: in a body without messages, as Responses takes
    it, or with its name and schema alone. None for anything else.
    """
    if not isinstance(value, dict):
        return None
    for key in ("response_format", "format", "text"):
        if value.keys() == {key} and isinstance(value[key], dict):
            return find_response_format(value[key])
    declared = value.get("json_schema", value)
    if (
        not isinstance(declared, dict)
        or not isinstance(declared.get("name"), str)
        or not isinstance(declared.get("schema"), dict)
    ):
        return None
    is_format = value.get("type") == "json_schema" or value.keys() <= {"name", "schema", "strict", "description"}
    return {"type": "json_schema", "json_schema": declared} if is_format else None


def find_wrapped_request(value: JsonValue) -> tuple[str, JsonObject] | None:
    """Find the request in a record of a log, such as `{"request": {...}}`, and its path. None if there is none, or more than one.

    A request without a model takes that of the record.
    """
    requests = list(_list_wrapped(value, "", _MAX_DEPTH)) if isinstance(value, dict) else []
    return requests[0] if len(requests) == 1 else None


def _list_wrapped(owner: JsonObject, path: str, depth: int) -> Iterator[tuple[str, JsonObject]]:
    for key, sent in owner.items():
        if _NO_REQUEST_NAME.search(key):
            continue
        value = parse_embedded_object(sent, "messages") or parse_embedded_object(sent, "input") or sent
        at = join_path(path, key)
        if is_conversation(value):
            yield path, {**_take_model(owner), "messages": value}
        elif isinstance(value, dict) and (is_chat(value) or is_responses(value) or is_conversation(value.get("messages"))):
            yield at, {**_take_model(owner), **value}
        elif isinstance(value, dict) and depth > 1:
            yield from _list_wrapped(value, at, depth - 1)


def _take_model(record: JsonObject) -> JsonObject:
    return {"model": record["model"]} if isinstance(record.get("model"), str) else {}
