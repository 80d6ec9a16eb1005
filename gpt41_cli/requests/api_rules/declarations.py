"""Rules for what a request declares: the names of functions and schemas, and strict schemas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from gpt41_cli import rules
from gpt41_cli.display import list_first
from gpt41_cli.files.fields import JsonObject, JsonValue, describe_kind, join_path, redact
from gpt41_cli.findings import Finding
from gpt41_cli.requests.api_rules.parts import find_answer_format, list_objects, unwrap
from gpt41_cli.rules import Level

_MAX_NAME = 128
_MAX_DOCUMENTED_NAME = 64
_NAME = re.compile(rf"[A-Za-z0-9_-]{{1,{_MAX_NAME}}}")
_REFUSED_KEYWORDS = ("allOf", "oneOf", "not", "dependentRequired", "dependentSchemas", "if", "then", "else")
_MAX_NAMED = 3


def check_names(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check the names of functions and schemas.

    "string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'"
    (https://github.com/CherryHQ/cherry-studio/pull/2895, 2025-03-05). In Responses, functions have "maxLength: 128"
    (FunctionToolParam in the specification; https://github.com/aaif-goose/goose/pull/10659, 2026-07-23). Elsewhere "a maximum
    length of 64" is documented (FunctionDefinition and JSONSchema in the SDK) and was enforced
    (https://github.com/home-assistant/core/issues/121325, 2024-07-05). A measurement of 2026-10-01 found that Chat Completions
    takes 128; it has no address, so longer names are a doubt.
    """
    yield from _check_each_name(_list_declared(body, path), _get_function_limit(body))
    yield from _check_each_name([find_answer_format(body, path)], _MAX_DOCUMENTED_NAME)


def check_called_names(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check the names of the functions that earlier answers called."""
    yield from _check_each_name(_list_called(body, path), _get_function_limit(body))


def _get_function_limit(body: JsonObject) -> int:
    """Return the documented length of a function's name."""
    return _MAX_DOCUMENTED_NAME if "messages" in body else _MAX_NAME


def _check_each_name(objects: Iterable[tuple[JsonObject, str]], documented: int) -> Iterator[Finding]:
    for named, at in objects:
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
    yield from (unwrap(tool, "function", at) for tool, at in list_objects(body, "tools", path) if tool.get("type") == "function")
    yield from list_objects(body, "functions", path)


def _list_called(body: JsonObject, path: str) -> Iterator[tuple[JsonObject, str]]:
    """Yield the functions that earlier answers called."""
    for message, at in list_objects(body, "messages", path):
        if message.get("tool_calls"):
            yield from (unwrap(call, "function", where) for call, where in list_objects(message, "tool_calls", at))
    yield from ((item, at) for item, at in list_objects(body, "input", path) if item.get("type") == "function_call")


def check_chosen_tool(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check that a function that the model must call is declared.

    "Tool choice 'image_generation' not found in 'tools' parameter." (https://github.com/router-for-me/CLIProxyAPI/issues/3036,
    2026-04-25), of a tool of OpenAI's. Those have several names for one tool, so that only functions are checked.
    """
    choice = body.get("tool_choice")
    if not isinstance(choice, dict) or choice.get("type") != "function" or not body.get("tools"):
        return
    chosen, at = unwrap(choice, "function", join_path(path, "tool_choice"))
    name = chosen.get("name")
    if isinstance(name, str) and name not in {declared.get("name") for declared, _ in _list_declared(body, path)}:
        yield Finding(rules.TOOL_SETTINGS, f"{at}.name: expected a function that tools declares, found {redact(name)}")


def check_strict_schemas(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check the schemas of functions and of the answer that are to be kept strictly."""
    tools = (unwrap(tool, "function", at) for tool, at in list_objects(body, "tools", path))
    for strict, at, key in (*((*function, "parameters") for function in tools), (*find_answer_format(body, path), "schema")):
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
            additional = node.get("additionalProperties")
            what = "true" if additional is True else describe_kind(additional)
            yield "open", f"expected additionalProperties: false in every object, as strict asks for, found {what}"
        properties, required = node.get("properties"), node.get("required")
        names = list(properties) if isinstance(properties, dict) else []
        missing = [redact(name) for name in names if not isinstance(required, list) or name not in required]
        if missing:
            named = list_first(missing, _MAX_NAMED)
            yield "optional", f"expected all properties in required, as strict asks for, found it without {named}"
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
            inner += [(child, f"{at}.{key}.{_shorten(name)}") for name, child in held.items()] if isinstance(held, dict) else []
        for key in ("anyOf", "prefixItems"):
            held = node.get(key)
            inner += [(child, f"{at}.{key}[{index}]") for index, child in enumerate(held)] if isinstance(held, list) else []
        pending += reversed(inner)


def _shorten(name: str) -> str:
    """Return a name for a path: as it is if it is a plain word."""
    return name if redact(name) != "text" else "…"
