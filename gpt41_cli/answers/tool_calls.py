"""The calls of built-in tools that an answer lists: those billed per call, and those without a known price."""

from __future__ import annotations

from gpt41_cli.files.fields import JsonObject
from gpt41_cli.pricing import ToolUse

_KNOWN_CALL_TYPES = {"web_search_call", "file_search_call", "function_call", "custom_tool_call", "mcp_call"}
"""Those that are billed by the call, and those that are tokens alone: of the caller's own functions, and of MCP servers (OpenAI's
draft of its guide to them, gist stevenheidel/a6c8ed8ce1632dff1284e44a17554993). What others cost is not known.
"""


def _list_calls(value: JsonObject) -> list[JsonObject]:
    """List what an answer of Responses says it did, without failed calls."""
    output = value.get("output")
    items = output if isinstance(output, list) else []
    return [item for item in items if isinstance(item, dict) and item.get("status") != "failed"]


def _get_call_type(call: JsonObject) -> str:
    kind = call.get("type")
    return kind if isinstance(kind, str) else ""


def count_priced_calls(value: JsonObject) -> ToolUse:
    """Count the billed calls.

    Of the calls of the web search only searches are billed, not opened pages (OpenAI's guide to web search, as its forum quotes
    it: https://community.openai.com/t/1365861). They count for the preview tool if the answer names that.
    """
    listed, declared = _list_calls(value), value.get("tools")
    types = [each.get("type") for each in declared if isinstance(each, dict)] if isinstance(declared, list) else []
    actions = [call.get("action") for call in listed if call.get("type") == "web_search_call"]
    searches = sum(not isinstance(action, dict) or action.get("type", "search") == "search" for action in actions)
    is_preview = any(isinstance(each, str) and each.startswith("web_search_preview") for each in types)
    return ToolUse(
        web_searches=0 if is_preview else searches,
        web_search_previews=searches if is_preview else 0,
        file_searches=sum(call.get("type") == "file_search_call" for call in listed),
    )


def list_unpriced_calls(value: JsonObject) -> tuple[str, ...]:
    """List the kinds of calls that have no price per call."""
    return tuple(sorted({kind for kind in map(_get_call_type, _list_calls(value)) if kind.endswith("_call")} - _KNOWN_CALL_TYPES))
