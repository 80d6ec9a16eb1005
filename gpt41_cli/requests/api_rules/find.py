"""The table of the rules; find those that a body breaks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from gpt41_cli.files.fields import JsonObject
from gpt41_cli.findings import Finding
from gpt41_cli.requests.api_rules import declarations, messages, settings

_SPECIAL_KEYS = {"tool_calls", "tool_call_id", "call_id", "name"}


def find_broken_rules(body: JsonObject, path: str, *, is_chat: bool) -> list[Finding]:
    """List the rules that a body at `path`, which can be read as a request, breaks."""
    checks: list[_Check] = []
    sent = body.get("messages" if is_chat else "input")
    if isinstance(sent, list) and not all(map(_is_plain, sent)):
        checks += _CHAT_RULES if is_chat else _RESPONSES_RULES
    for table in (_SETTING_RULES, _CHAT_SETTING_RULES if is_chat else _RESPONSES_SETTING_RULES):
        checks += (check for check, keys in table.items() if not keys.isdisjoint(body))
    return [finding for check in checks for finding in check(body, path)]


def _is_plain(message: JsonObject) -> bool:
    """Return True for a message of text alone, in which nothing can be wrong: most messages are like this, and need only one
    look.
    """
    is_text = bool(message.get("content")) and isinstance(message["content"], str)
    return is_text and message.get("role") != "tool" and not message.keys() & _SPECIAL_KEYS


_Check = Callable[[JsonObject, str], Iterator[Finding]]
_SETTING_RULES: Mapping[_Check, frozenset[str]] = {
    settings.check_maxima: frozenset(("max_completion_tokens",)),
    settings.check_ranges: frozenset((*settings.RANGES, "logit_bias")),
    settings.check_service_tier: frozenset(("service_tier",)),
    settings.check_metadata: frozenset(("metadata",)),
    declarations.check_names: frozenset(("tools", "functions", "response_format", "text")),
    messages.check_json_word: frozenset(("response_format", "text")),
    declarations.check_strict_schemas: frozenset(("tools", "response_format", "text")),
    settings.check_features: frozenset(("prompt",)),
    declarations.check_chosen_tool: frozenset(("tool_choice",)),
}
"""The checks of a body that has one of these fields."""

_CHAT_SETTING_RULES: Mapping[_Check, frozenset[str]] = {
    settings.check_lengths: frozenset(settings.LENGTHS),
    settings.check_tool_settings: frozenset(settings.TOOL_SETTINGS),
    settings.check_logprobs: frozenset(("top_logprobs",)),
    settings.check_stored_metadata: frozenset(("metadata",)),
}
"""The same, in Chat Completions only."""

_RESPONSES_SETTING_RULES: Mapping[_Check, frozenset[str]] = {
    settings.check_least_answer: frozenset(("max_output_tokens",)),
    settings.check_histories: frozenset(settings.HISTORIES),
}
"""The same, in Responses only."""

_CHAT_RULES: Sequence[_Check] = (
    messages.check_chat_calls,
    messages.check_names,
    messages.check_part_types,
    messages.check_pictures,
    messages.check_empty_content,
    declarations.check_called_names,
)
_RESPONSES_RULES: Sequence[_Check] = (
    messages.check_responses_calls,
    lambda body, path: messages.check_part_types(body, path, "input"),
    lambda body, path: messages.check_pictures(body, path, "input"),
    lambda body, path: messages.check_empty_content(body, path, "input"),
    declarations.check_called_names,
)
