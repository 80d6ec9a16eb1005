"""Rules of the API that a request breaks, for which OpenAI answers it with status 400: in a batch, that is known a day later.

A rule that is documented, or was seen to refuse requests, is an error; one that not every model keeps, or on which sources
differ, is a warning. "The guides" are OpenAI's as of 2026-07-15 (https://github.com/piercecohen1/openai-docs, guides/guides),
"the specification" is openapi.yaml of 2026-08-21 (https://github.com/openai/openai-openapi), and "the SDK" is OpenAI's Python SDK
3.57.0 (https://pypi.org/project/openai/3.57.0/).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from gpt41_cli import rules
from gpt41_cli.files.fields import JsonObject, JsonValue, describe_kind, join_path, redact
from gpt41_cli.findings import Finding
from gpt41_cli.rules import Level

_MAX_NAME = 128
_MAX_DOCUMENTED_NAME = 64
_NAME = re.compile(rf"[A-Za-z0-9_-]{{1,{_MAX_NAME}}}")
_IMAGE_TYPES = ("image_url", "input_image")
_RANGES = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "top_logprobs": (0, 20),
}
"""What the parameters may be: by their docstrings in the SDK, and top_p by the specification ("minimum: 0", "maximum: 1")."""

_REFUSED_KEYWORDS = ("allOf", "oneOf", "not", "dependentRequired", "dependentSchemas", "if", "then", "else")
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

    "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'"
    (https://github.com/miurla/morphic/issues/136, 2024-05-11); "An assistant message with 'tool_calls' must be followed by tool
    messages responding to each 'tool_call_id'" (https://github.com/simonw/llm/issues/937, 2025-05-12).
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

    "No tool call found for function call output with call_id" (https://github.com/continuedev/continue/issues/9927, 2026-01-26)
    and "No tool output found for function call" (https://github.com/letta-ai/letta-code/issues/291, 2025-12-18;
    https://github.com/symgraph/GhidrAssist/issues/78, 2026-03-12).
    """
    if _has_stored_input(body):
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


def _has_stored_input(body: JsonObject) -> bool:
    """Return True if part of what a model reads isn't in the body."""
    return any(body.get(key) is not None for key in _STORED_INPUT)


def _report_unanswered(pending: dict[object, str], where: str) -> Iterator[Finding]:
    for at in pending.values():
        yield Finding(rules.TOOL_CALLS, f"{at}: expected the result of this call {where}, found none")


def _check_pictures(body: JsonObject, path: str, key: str = "messages") -> Iterator[Finding]:
    """Check that only users show pictures. In Responses, instructions (InputMessage in the specification) and the results of
    functions (guide to function calling, "Formatting results") may, too.

    "Image URLs are only allowed for messages with role 'user'" (https://github.com/OpenHands/OpenHands/issues/7700, 2025-04-22).
    A newer model no longer refuses them, and doesn't see them (https://github.com/openai/openai-openapi/issues/523, 2026-02-12).
    """
    takers = ("user",) if key == "messages" else ("user", "system", "developer")
    for message, at in _list_objects(body, key, path):
        role = message.get("role")
        if role is not None and role not in takers:
            for part, where in _list_objects(message, "content", at):
                if part.get("type") in _IMAGE_TYPES:
                    text = f"{where}: expected an image only in messages of the user, found one of the role {redact(str(role))}"
                    yield Finding(rules.IMAGE_ROLE, f"{text}: some models refuse it")


def _check_empty_content(body: JsonObject, path: str, key: str = "messages") -> Iterator[Finding]:
    """Check that messages say something. By the specification, a list of parts has one at least, and the content of an assistant
    is "Required unless `tool_calls` or `function_call` is specified". No source says which models refuse an empty one.
    """
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
    """Check the names of functions and schemas.

    "string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'"
    (https://github.com/CherryHQ/cherry-studio/pull/2895, 2025-03-05). In Responses, functions have "maxLength: 128"
    (FunctionToolParam in the specification; https://github.com/aaif-goose/goose/pull/10659, 2026-07-23). Elsewhere "a maximum
    length of 64" is documented (FunctionDefinition and JSONSchema in the SDK) and was enforced
    (https://github.com/home-assistant/core/issues/121325, 2024-07-05). A measurement of 2026-10-01 found that Chat Completions
    takes 128; it has no address, so longer names are a doubt.
    """
    yield from _check_each_name(_list_declared(body, path), _get_function_limit(body))
    yield from _check_each_name([_find_answer_format(body, path)], _MAX_DOCUMENTED_NAME)


def _check_called_names(body: JsonObject, path: str) -> Iterator[Finding]:
    yield from _check_each_name(_list_called(body, path), _get_function_limit(body))


def _get_function_limit(body: JsonObject) -> int:
    """Return the documented length of a function's name."""
    return _MAX_DOCUMENTED_NAME if "messages" in body else _MAX_NAME


def _check_each_name(found: Iterable[tuple[JsonObject, str]], documented: int) -> Iterator[Finding]:
    for named, at in found:
        name = named.get("name")
        if not isinstance(name, str):
            continue
        if not _NAME.fullmatch(name):
            text = f"{at}.name: expected 1 to {documented} letters, digits, underscores and dashes, found {redact(name)}"
            yield Finding(rules.FUNCTION_NAME, text)
        elif len(name) > documented:
            text = f"{at}.name: expected at most {documented} characters, as documented, found {len(name)}: it may be refused"
            yield Finding(rules.FUNCTION_NAME, text, Level.WARNING)


def _list_declared(body: JsonObject, path: str) -> Iterator[tuple[JsonObject, str]]:
    """Yield declared functions."""
    yield from (
        _unwrap(tool, "function", at) for tool, at in _list_objects(body, "tools", path) if tool.get("type") == "function"
    )
    yield from _list_objects(body, "functions", path)


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
    """Check that a request for JSON says so, unless part of the input is stored.

    "the API will throw an error if the string "JSON" does not appear somewhere in the context" (guide to structured outputs, JSON
    mode): "'messages' must contain the word 'json' in some form" (https://github.com/ultimatejimmy/xray.koplugin/issues/33,
    2026-05-09). In Responses, "input messages must contain the word", and `instructions` don't count
    (https://github.com/CopilotKit/CopilotKit/pull/6228, 2026-07-29).
    """
    answer, at = _find_answer_format(body, path)
    if answer.get("type") == "json_object" and not _has_stored_input(body):
        key = "messages" if "messages" in body else "input"
        if not any("json" in text.lower() for text in _list_texts(body.get(key))):
            yield Finding(rules.JSON_WORD, f"{at}: expected the word JSON in {key}, as json_object asks for, found none")


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
    """List what is wrong with a strict schema at `path`: the first flaw of each kind.

    If a schema "does not meet the requirements above, the request will be rejected": `additionalProperties` "must be set to
    `false` for each object", and "All fields in `properties` must be marked as `required`" (guide to function calling).
    "'additionalProperties' is required to be supplied and to be false" (https://github.com/moeru-ai/xsai/issues/202, 2025-07-31);
    "'required' is required to be supplied and to be an array including every key in properties"
    (https://github.com/vercel/ai/issues/6484, 2025-05-26); at the top "schema must have type 'object' and not have
    'oneOf'/'anyOf'" (https://github.com/cecli-dev/cecli/issues/281, 2025-12-19); "'allOf' is not permitted"
    (https://github.com/makenotion/notion-mcp-server/issues/102, 2025-08-07), nor is oneOf
    (https://github.com/openai/openai-node/issues/1709, 2025-11-26). The guide to structured outputs lists the other keywords as
    "not yet supported".
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
