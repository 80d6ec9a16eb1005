"""Read settings that both endpoints write almost alike: tools, the choice of a tool, and structured outputs."""

from __future__ import annotations

import re

from gpt41_cli import rules
from gpt41_cli.files import fields
from gpt41_cli.files.fields import JsonObject, JsonValue
from gpt41_cli.requests.content import RequestDraft
from gpt41_cli.requests.request import Doubt, FunctionDeclaration, ResponseFormat

_TOOL_VERSION = re.compile(r"(_preview)?(_\d{4}_\d{2}_\d{2})?$", re.ASCII)
"""The date that a built-in tool may have after its name, as in web_search_preview_2025_03_11."""

_FORMAT_TYPES = ("text", "json_object", "json_schema")


def read_tools(body: JsonObject, path: str, gathered: RequestDraft, *, nested: bool) -> list[FunctionDeclaration]:
    """Read the functions declared in `tools`. `nested`: each is under the key `function`, as in Chat Completions.

    Any other tool is built in or free-form; nobody outside OpenAI sees its tokens.
    """
    functions = []
    for index, value in enumerate(fields.get_list(body, "tools", path)):
        at = f"{fields.join_path(path, 'tools')}[{index}]"
        tool = fields.require_object(value, at)
        kind = fields.get_name(tool, "type", at)
        if kind == "function":
            functions.append(read_function(tool.get("function"), f"{at}.function") if nested else read_function(tool, at))
        else:
            message = "a tool that isn't a function has tokens that are not counted"
            gathered.doubts.append(Doubt(rules.BUILT_IN_TOOL, at, message))
            gathered.needs.add(_TOOL_VERSION.sub("", kind).replace("_", "-"))
    if functions:
        gathered.needs.add("function-calling")
    return functions


def read_function(value: JsonValue, path: str) -> FunctionDeclaration:
    """Read a declared function."""
    declared = fields.require_object(value, path)
    parameters = fields.get_optional_object(declared, "parameters", path) or {}
    return FunctionDeclaration(
        fields.get_name(declared, "name", path), fields.get_text(declared, "description", path), parameters, f"{path}.parameters"
    )


def read_set_fields(body: JsonObject) -> frozenset[str]:
    """Return the names of the fields that are set. A null field isn't set, nor is an object of nulls, which answers echo."""
    return frozenset(name for name, value in body.items() if value is not None and not _is_all_null(value))


def _is_all_null(value: JsonValue) -> bool:
    return isinstance(value, dict) and bool(value) and all(field is None for field in value.values())


def read_effort(body: JsonObject) -> str | None:
    """Read the reasoning effort: a field in Chat Completions, part of `reasoning` in Responses; None if it isn't set."""
    settings = body.get("reasoning")
    value = settings.get("effort") if isinstance(settings, dict) else body.get("reasoning_effort")
    return value if isinstance(value, str) else None


def read_tool_choice(body: JsonObject, path: str, key: str = "tool_choice") -> tuple[str, str | None]:
    """Read the mode of `tool_choice`, and the name of the function if one is forced.

    `key` is the field that has it: the legacy `function_call` says the same.
    """
    value = body.get(key)
    if value is None:
        return "auto", None
    if isinstance(value, str):
        return value, None
    at = fields.join_path(path, key)
    if not isinstance(value, dict):
        fields.fail(at, "a mode or an object", value)
    owner = fields.get_object(value, "function", at) if "function" in value else value
    return "auto", fields.get_text(owner, "name", at) or None


def read_response_format(
    owner: JsonObject, key: str, path: str, gathered: RequestDraft, *, nested: bool
) -> ResponseFormat | None:
    """Read the structured output of a field; None for text and for `json_object`, which add no tokens.

    `nested`: it is under the key `json_schema`, as in Chat Completions.
    """
    declared = fields.get_optional_object(owner, key, path)
    at = fields.join_path(path, key)
    if declared is None or fields.get_choice(declared, "type", at, _FORMAT_TYPES) != "json_schema":
        return None
    if nested:
        declared = fields.get_object(declared, "json_schema", at)
        at += ".json_schema"
    gathered.needs.add("structured-outputs")
    schema = fields.get_optional_object(declared, "schema", at) or {}
    return ResponseFormat(
        fields.get_name(declared, "name", at), fields.get_text(declared, "description", at), schema, f"{at}.schema"
    )
