"""What both endpoints say in nearly the same words: tools, the choice of one, and structured outputs."""

from __future__ import annotations

import re

from gpt41_cli.files.fields import (
    Json,
    Object,
    as_object,
    choice_at,
    fail,
    join,
    list_at,
    name_at,
    object_at,
    optional_object,
    text_at,
)
from gpt41_cli.requests.content import Gathered
from gpt41_cli.requests.request import Doubt, Function, ResponseFormat

_VERSION = re.compile(r"(_preview)?(_\d{4}_\d{2}_\d{2})?$", re.ASCII)
"""What a built-in tool may have behind its name, as in web_search_preview_2025_03_11."""

_FORMATS = ("text", "json_object", "json_schema")


def read_tools(body: Object, path: str, gathered: Gathered, *, nested: bool) -> list[Function]:
    """The declared functions of `tools`; `nested` as in Chat Completions, which puts each under the key `function`.

    Any other tool is built in or free-form: its tokens depend on what nobody outside sees.
    """
    found = []
    for index, value in enumerate(list_at(body, "tools", path)):
        at = f"{join(path, 'tools')}[{index}]"
        tool = as_object(value, at)
        kind = name_at(tool, "type", at)
        if kind == "function":
            found.append(read_function(tool.get("function"), f"{at}.function") if nested else read_function(tool, at))
        else:
            message = "a tool that is no function has tokens that are not counted"
            gathered.doubts.append(Doubt("built-in-tool", at, message, is_missing=True))
            gathered.needs.add(_VERSION.sub("", kind).replace("_", "-"))
    if found:
        gathered.needs.add("function-calling")
    return found


def read_function(value: Json, path: str) -> Function:
    """A declared function."""
    declared = as_object(value, path)
    parameters = optional_object(declared, "parameters", path) or {}
    return Function(name_at(declared, "name", path), text_at(declared, "description", path), parameters, f"{path}.parameters")


def read_parameters(body: Object) -> frozenset[str]:
    """The names of the fields that are set: null sets none."""
    return frozenset(name for name, value in body.items() if value is not None)


def read_effort(body: Object) -> str | None:
    """The reasoning effort: a field of its own in Chat Completions, one of `reasoning` in Responses; None where none is said."""
    settings = body.get("reasoning")
    value = settings.get("effort") if isinstance(settings, dict) else body.get("reasoning_effort")
    return value if isinstance(value, str) else None


def read_tool_choice(body: Object, path: str) -> tuple[str, str | None]:
    """The mode of `tool_choice`, and the name of the function where it forces one."""
    value = body.get("tool_choice")
    if value is None:
        return "auto", None
    if isinstance(value, str):
        return value, None
    at = join(path, "tool_choice")
    if not isinstance(value, dict):
        fail(at, "a mode or an object", value)
    owner = object_at(value, "function", at) if "function" in value else value
    return "auto", text_at(owner, "name", at) or None


def read_response_format(owner: Object, key: str, path: str, gathered: Gathered, *, nested: bool) -> ResponseFormat | None:
    """The structured output in a field; None for text and for `json_object`, which cost nothing.

    `nested` as in Chat Completions, which puts it under the key `json_schema`.
    """
    declared = optional_object(owner, key, path)
    at = join(path, key)
    if declared is None or choice_at(declared, "type", at, _FORMATS) != "json_schema":
        return None
    if nested:
        declared = object_at(declared, "json_schema", at)
        at += ".json_schema"
    gathered.needs.add("structured-outputs")
    schema = optional_object(declared, "schema", at) or {}
    return ResponseFormat(name_at(declared, "name", at), text_at(declared, "description", at), schema, f"{at}.schema")
