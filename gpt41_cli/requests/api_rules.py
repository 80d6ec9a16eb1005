"""Rules of the API that a request breaks, for which OpenAI answers it with status 400: in a batch, that is known a day later.

A rule that is documented, or was seen to refuse requests, is an error; one that not every model keeps is a warning.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from gpt41_cli import rules
from gpt41_cli.files.fields import JsonObject, JsonValue, describe_kind, join_path, redact
from gpt41_cli.findings import Finding

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_IMAGE_TYPES = ("image_url", "input_image")
_RANGES = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "top_logprobs": (0, 20),
}
"""The docstrings of the parameters in OpenAI's Python SDK 3.57.0 (https://pypi.org/project/openai/3.57.0/)."""

_REFUSED_KEYWORDS = ("allOf", "not", "dependentRequired", "dependentSchemas", "if", "then", "else")
_MAX_NAMED = 3
_CALL_KEYS = {"tool_calls", "tool_call_id", "call_id"}
_STORED_INPUT = ("previous_response_id", "conversation", "prompt")


def find_broken_rules(body: JsonObject, path: str, *, is_chat: bool) -> list[Finding]:
    """List the rules that a body at `path` breaks, which can be read as a request."""
    checks: list[_Check] = []
    sent = body.get("messages" if is_chat else "input")
    if isinstance(sent, list) and not all(map(_is_plain, sent)):
        checks += _CHAT_RULES if is_chat else _RESPONSES_RULES
    checks += (check for check, keys in _SETTING_RULES.items() if not keys.isdisjoint(body))
    return [finding for check in checks for finding in check(body, path)]


def _is_plain(message: JsonObject) -> bool:
    """Return True for a message of text alone, in which nothing can be wrong: most are, and are looked at once."""
    is_text = bool(message.get("content")) and isinstance(message["content"], str)
    return is_text and message.get("role") != "tool" and not message.keys() & _CALL_KEYS


def _list_objects(owner: JsonObject, key: str, path: str) -> Iterator[tuple[JsonObject, str]]:
    """Yield the objects in a list, each with its path."""
    values = owner.get(key)
    yield from (
        (value, f"{join_path(path, key)}[{index}]") for index, value in enumerate(values if isinstance(values, list) else ())
    )


def _check_chat_calls(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check that the messages after calls are their results, one for each, and that each result has its call.

    "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'" and "An assistant message with
    'tool_calls' must be followed by tool messages responding to each 'tool_call_id'"
    (https://github.com/simonw/llm/issues/937, 2025-05-12; https://github.com/microsoft/promptflow/pull/3130, 2024-05-08).
    """
    pending: dict[object, str] = {}
    for message, at in _list_objects(body, "messages", path):
        if message.get("role") == "tool":
            if pending.pop(message.get("tool_call_id"), None) is None:
                text = f"{at}: expected a call with this tool_call_id in the assistant's message before it, found none"
                yield Finding(rules.TOOL_CALLS, text)
            continue
        yield from _report_unanswered(pending, "in the messages right after it")
        pending = {call.get("id"): where for call, where in _list_objects(message, "tool_calls", at)}
    yield from _report_unanswered(pending, "in the messages right after it")


def _check_responses_calls(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check that each call in the input has its result, and each result its call, unless part of the input is stored.

    "No tool call found for function call output with call_id" (https://github.com/james-6-23/codex2api/issues/414, 2026-07-20)
    and "No tool output found for function call" (https://developers.openai.com/api/docs/guides/function-calling).
    """
    if any(body.get(key) is not None for key in _STORED_INPUT):
        return
    pending: dict[object, str] = {}
    called: set[object] = set()
    for item, at in _list_objects(body, "input", path):
        if item.get("type") == "function_call":
            called.add(item.get("call_id"))
            pending[item.get("call_id")] = at
        elif item.get("type") == "function_call_output":
            pending.pop(item.get("call_id"), None)
            if item.get("call_id") not in called:
                yield Finding(rules.TOOL_CALLS, f"{at}: expected a call with this call_id in the items before it, found none")
    yield from _report_unanswered(pending, "in the input")


def _report_unanswered(pending: dict[object, str], where: str) -> Iterator[Finding]:
    for at in pending.values():
        yield Finding(rules.TOOL_CALLS, f"{at}: expected the result of this call {where}, found none")


def _check_pictures(body: JsonObject, path: str, key: str = "messages") -> Iterator[Finding]:
    """Check that only users show pictures. The results of functions may, too, in Responses.

    "Image URLs are only allowed for messages with role 'user'" (https://github.com/OpenHands/OpenHands/issues/7700, 2025-04-22).
    Newer models no longer refuse them (https://github.com/openai/openai-openapi/issues/523, 2026-02-11).
    """
    for message, at in _list_objects(body, key, path):
        role = message.get("role")
        if role is not None and role != "user":
            for part, where in _list_objects(message, "content", at):
                if part.get("type") in _IMAGE_TYPES:
                    text = f"{where}: expected an image only in messages of the user, found one of the role {redact(str(role))}"
                    yield Finding(rules.IMAGE_ROLE, f"{text}: some models refuse it")


def _check_empty_content(body: JsonObject, path: str, key: str = "messages") -> Iterator[Finding]:
    """Check that messages say something. No source says which models refuse an empty one."""
    for message, at in _list_objects(body, key, path):
        content, role = message.get("content"), message.get("role")
        is_bare = role == "assistant" and not any(
            message.get(each) for each in ("tool_calls", "function_call", "refusal", "audio")
        )
        if content == [] or (content == "" and role == "user") or (is_bare and not content):
            found = "an empty list" if content == [] else describe_kind(content)
            yield Finding(rules.EMPTY_CONTENT, f"{join_path(at, 'content')}: expected text, found {found}: it may be refused")


def _check_maxima(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check that one field says how long the answer may be.

    "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
    (https://github.com/langchain-ai/langgraph/issues/5943, 2025-08-19).
    """
    if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
        text = f"{join_path(path, 'max_tokens')}: expected either it or max_completion_tokens, found both"
        yield Finding(rules.TWO_MAXIMA, text)


def _check_ranges(body: JsonObject, path: str) -> Iterator[Finding]:
    for key, (least, most) in _RANGES.items():
        value = body.get(key)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (is_number and least <= value <= most):
            text = f"{join_path(path, key)}: expected a number from {least} to {most}, found {describe_kind(value)}"
            yield Finding(rules.VALUE_RANGE, text)


def _check_names(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check the names of functions and schemas: "Must be a-z, A-Z, 0-9, or contain underscores and dashes, with a maximum length
    of 64" (OpenAI's Python SDK 3.57.0, FunctionDefinition; https://github.com/run-llama/llama_index/issues/16093, 2024-09-19).
    """
    yield from _check_each_name(_list_declared(body, path))


def _check_called_names(body: JsonObject, path: str) -> Iterator[Finding]:
    yield from _check_each_name(_list_called(body, path))


def _check_each_name(found: Iterator[tuple[JsonObject, str]]) -> Iterator[Finding]:
    for named, at in found:
        name = named.get("name")
        if isinstance(name, str) and not _NAME.fullmatch(name):
            text = f"{at}.name: expected 1 to 64 letters, digits, underscores and dashes, found {redact(name)}"
            yield Finding(rules.FUNCTION_NAME, text)


def _list_declared(body: JsonObject, path: str) -> Iterator[tuple[JsonObject, str]]:
    """Yield declared functions and the schema of the answer."""
    yield from (
        _unwrap(tool, "function", at) for tool, at in _list_objects(body, "tools", path) if tool.get("type") == "function"
    )
    yield from _list_objects(body, "functions", path)
    yield _find_answer_format(body, path)


def _list_called(body: JsonObject, path: str) -> Iterator[tuple[JsonObject, str]]:
    """Yield the functions that earlier answers called."""
    for message, at in _list_objects(body, "messages", path):
        if message.get("tool_calls"):
            yield from (_unwrap(call, "function", where) for call, where in _list_objects(message, "tool_calls", at))
    yield from ((item, at) for item, at in _list_objects(body, "input", path) if item.get("type") == "function_call")


def _unwrap(owner: JsonObject, key: str, path: str) -> tuple[JsonObject, str]:
    inner = owner.get(key)
    return (inner, join_path(path, key)) if isinstance(inner, dict) else (owner, path)


def _find_answer_format(body: JsonObject, path: str) -> tuple[JsonObject, str]:
    """Return the structured output of either endpoint, and its path."""
    owner, at = _unwrap(body, "text", path)
    found, at = _unwrap(owner, "response_format" if owner is body else "format", at)
    return ({}, at) if found is owner else _unwrap(found, "json_schema", at)


def _check_json_word(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check that a request for JSON says so: "the API will throw an error if the string "JSON" does not appear somewhere in the
    context" (https://developers.openai.com/api/docs/guides/structured-outputs, JSON mode).
    """
    answer, at = _find_answer_format(body, path)
    if answer.get("type") == "json_object":
        texts = (body.get(key) for key in ("messages", "input", "instructions"))
        if not any("json" in text.lower() for value in texts for text in _list_texts(value)):
            yield Finding(rules.JSON_WORD, f"{at}: expected the word JSON in the messages, as json_object asks for, found none")


def _list_texts(value: JsonValue) -> Iterator[str]:
    """Yield the texts of an input, of messages and of their parts."""
    if isinstance(value, str):
        yield value
    for each in value if isinstance(value, list) else ():
        for key in ("content", "text", "output") if isinstance(each, dict) else ():
            yield from _list_texts(each.get(key))


def _check_strict_schemas(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check the schemas of functions and of the answer that are to be kept strictly."""
    tools = (_unwrap(tool, "function", at) for tool, at in _list_objects(body, "tools", path))
    for strict, at, key in (*((*found, "parameters") for found in tools), (*_find_answer_format(body, path), "schema")):
        schema = strict.get(key)
        if strict.get("strict") is True and isinstance(schema, dict):
            yield from _find_schema_flaws(schema, join_path(at, key))


def _find_schema_flaws(schema: JsonObject, path: str) -> list[Finding]:
    """List what is wrong with a strict schema at `path`: the first flaw of each kind (OpenAI's guide to structured outputs,
    supported schemas: https://developers.openai.com/api/docs/guides/structured-outputs).

    "'additionalProperties' is required to be supplied and to be false" (https://github.com/moeru-ai/xsai/issues/145, 2025-05-05);
    "'required' is required to be supplied and to be an array including every key in properties"
    (https://github.com/agentscope-ai/agentscope-java/issues/2548, 2026-08-05).
    """
    first: dict[str, str] = {}
    if "anyOf" in schema or (schema.get("type") != "object" and "$ref" not in schema):
        first["root"] = f"{path}: expected an object at the top, found {'anyOf' if 'anyOf' in schema else 'another type'}"
    for node, at in _list_nodes(schema, path):
        for kind, text in _find_node_flaws(node):
            first.setdefault(kind, f"{at}: {text}")
    return [Finding(rules.STRICT_SCHEMA, text) for text in first.values()]


def _find_node_flaws(node: JsonObject) -> Iterator[tuple[str, str]]:
    kind = node.get("type")
    if kind == "object" or "properties" in node or (isinstance(kind, list) and "object" in kind):
        if node.get("additionalProperties") is not False:
            found = node.get("additionalProperties")
            what = "true" if found is True else describe_kind(found)
            yield "open", f"expected additionalProperties: false in every object, as strict asks for, found {what}"
        properties, required = node.get("properties"), node.get("required")
        names = list(properties) if isinstance(properties, dict) else []
        missing = [redact(name) for name in names if not isinstance(required, list) or name not in required]
        if missing:
            more = f" and {len(missing) - _MAX_NAMED} more" if len(missing) > _MAX_NAMED else ""
            named = ", ".join(missing[:_MAX_NAMED])
            yield "optional", f"expected all properties in required, as strict asks for, found it without {named}{more}"
    for keyword in _REFUSED_KEYWORDS:
        if keyword in node:
            yield "keyword", f"expected only keywords that strict allows, found {keyword}"


def _list_nodes(schema: JsonValue, path: str) -> Iterator[tuple[JsonObject, str]]:
    """Yield a schema and all schemas in it, each with its path, the outer before the inner ones."""
    pending: list[tuple[JsonValue, str]] = [(schema, path)]
    while pending:
        node, at = pending.pop()
        if not isinstance(node, dict):
            continue
        yield node, at
        inner: list[tuple[JsonValue, str]] = [(node.get("items"), f"{at}.items")]
        for key in ("properties", "$defs", "definitions"):
            held = node.get(key)
            inner += [(each, f"{at}.{key}.{_shorten(name)}") for name, each in held.items()] if isinstance(held, dict) else []
        for key in ("anyOf", "prefixItems"):
            held = node.get(key)
            inner += [(each, f"{at}.{key}[{index}]") for index, each in enumerate(held)] if isinstance(held, list) else []
        pending += reversed(inner)


def _shorten(name: str) -> str:
    """Return a name for a path: as it is if it is a plain word."""
    return name if redact(name) != "text" else "…"


_Check = Callable[[JsonObject, str], Iterator[Finding]]
_SETTING_RULES: Mapping[_Check, frozenset[str]] = {
    _check_maxima: frozenset(("max_completion_tokens",)),
    _check_ranges: frozenset(_RANGES),
    _check_names: frozenset(("tools", "functions", "response_format", "text")),
    _check_json_word: frozenset(("response_format", "text")),
    _check_strict_schemas: frozenset(("tools", "response_format", "text")),
}
"""What is checked if a body has one of some fields."""

_CHAT_RULES: Sequence[_Check] = (_check_chat_calls, _check_pictures, _check_empty_content, _check_called_names)
_RESPONSES_RULES: Sequence[_Check] = (
    _check_responses_calls,
    lambda body, path: _check_pictures(body, path, "input"),
    lambda body, path: _check_empty_content(body, path, "input"),
    _check_called_names,
)
