"""Rules for the messages of a request, or for the items of its input."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gpt41_cli import rules
from gpt41_cli.files.fields import JsonObject, JsonValue, describe_kind, join_path, redact
from gpt41_cli.findings import Finding
from gpt41_cli.requests.api_rules.parts import find_answer_format, has_stored_input, list_objects
from gpt41_cli.rules import Level

_IMAGE_TYPES = ("image_url", "input_image")
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_FOREIGN_TYPES = {
    "messages": {"input_text": "text", "output_text": "text", "input_image": "image_url", "input_file": "file"},
    "input": {"text": "input_text", "image_url": "input_image", "file": "input_file"},
}
"""By the key of the messages: part types of the other endpoint, with their names in this one."""

_QUESTION_TYPES = ("input_text", "input_file", "input_audio")
"""Part types that users send to Responses, and assistants don't."""


def check_chat_calls(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check that the messages after calls are their results, one for each, that each result has its call, and that no list of
    calls is empty.

    "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'"
    (https://github.com/miurla/morphic/issues/136, 2024-05-11); "An assistant message with 'tool_calls' must be followed by tool
    messages responding to each 'tool_call_id'" (https://github.com/simonw/llm/issues/937, 2025-05-12); "Invalid
    'messages[2].tool_calls': empty array. Expected an array with minimum length 1"
    (https://github.com/home-assistant/core/pull/118577, 2024-05-31; https://github.com/openai/openai-node/pull/1341, 2025-02-20).
    """
    pending: dict[object, str] = {}
    for message, at in list_objects(body, "messages", path):
        if message.get("role") == "tool":
            if pending.pop(message.get("tool_call_id"), None) is None:
                text = f"{at}: expected a call with this tool_call_id in the assistant's message before it, found none"
                yield Finding(rules.TOOL_CALLS, text)
            continue
        yield from _report_unanswered(pending, "in the messages right after it")
        if message.get("tool_calls") == []:
            yield Finding(rules.LIST_LENGTH, f"{join_path(at, 'tool_calls')}: expected 1 entry or more, found an empty list")
        pending = {call.get("id"): where for call, where in list_objects(message, "tool_calls", at)}
    yield from _report_unanswered(pending, "in the messages right after it")


def check_responses_calls(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check that each call in the input has its result, and each result its call, unless part of the input is stored.

    "No tool call found for function call output with call_id" (https://github.com/continuedev/continue/issues/9927, 2026-01-26)
    and "No tool output found for function call" (https://github.com/letta-ai/letta-code/issues/291, 2025-12-18;
    https://github.com/symgraph/GhidrAssist/issues/78, 2026-03-12).
    """
    if has_stored_input(body):
        return
    pending: dict[object, str] = {}
    called: set[object] = set()
    for item, at in list_objects(body, "input", path):
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


def check_names(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check the names on messages.

    "Invalid 'messages[0].name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'"
    (https://github.com/microsoft/semantic-kernel/issues/9340, 2024-10-21); in 2026, a name with a blank is still refused
    (https://github.com/agentscope-ai/agentscope-java/pull/2347, 2026-07-21). Of other characters, no recent refusal is known.
    """
    for message, at in list_objects(body, "messages", path):
        name = message.get("name")
        if isinstance(name, str) and not _NAME.fullmatch(name):
            text = f"{join_path(at, 'name')}: expected letters, digits, underscores and dashes, found {redact(name)}"
            is_certain = not name or any(map(str.isspace, name))
            yield Finding(rules.MESSAGE_NAME, text, Level.ERROR if is_certain else Level.WARNING)


def check_part_types(body: JsonObject, path: str, key: str = "messages") -> Iterator[Finding]:
    """Check that the parts of messages have the types of their endpoint, and that those of an assistant are answers.

    "Invalid value: 'text'. Supported values are: 'input_text', 'input_image', ..."
    (https://github.com/MervinPraison/PraisonAI/issues/3934, 2026-08-14); for an assistant, "Invalid value: 'input_text'.
    Supported values are: 'output_text' and 'refusal'." (https://github.com/openai/openai-java/issues/302, 2025-03-11;
    https://github.com/brightwave-inc/tidebreak/pull/1536, 2026-08-04). The types of Chat Completions are those of
    ChatCompletionContentPartParam in the SDK. In Responses, `image_url` is a text (ResponseInputImage in the SDK).
    """
    foreign = _FOREIGN_TYPES[key]
    for message, at in list_objects(body, key, path):
        is_answer = key == "input" and message.get("role") == "assistant"
        for part, where in list_objects(message, "content", at):
            kind = part.get("type")
            if kind == "input_image" and key == "input" and isinstance(part.get("image_url"), dict):
                text = f"{join_path(where, 'image_url')}: expected an address as text, found an object"
                yield Finding(rules.PART_TYPE, text)
            elif isinstance(kind, str) and (
                wanted := "output_text" if is_answer and kind in _QUESTION_TYPES else foreign.get(kind)
            ):
                yield Finding(rules.PART_TYPE, f'{join_path(where, "type")}: expected "{wanted}", found "{kind}"')


def check_pictures(body: JsonObject, path: str, key: str = "messages") -> Iterator[Finding]:
    """Check that only users show pictures. In Responses, instructions (InputMessage in the specification) and the results of
    functions (guide to function calling, "Formatting results") may, too.

    "Image URLs are only allowed for messages with role 'user'" (https://github.com/OpenHands/OpenHands/issues/7700, 2025-04-22).
    A newer model no longer refuses them, and doesn't see them (https://github.com/openai/openai-openapi/issues/523, 2026-02-12).
    """
    takers = ("user",) if key == "messages" else ("user", "system", "developer")
    for message, at in list_objects(body, key, path):
        role = message.get("role")
        if role is not None and role not in takers:
            for part, where in list_objects(message, "content", at):
                if part.get("type") in _IMAGE_TYPES:
                    text = f"{where}: expected an image only in user messages, found one with the role {redact(str(role))}"
                    yield Finding(rules.IMAGE_ROLE, f"{text}: some models refuse it")


def check_empty_content(body: JsonObject, path: str, key: str = "messages") -> Iterator[Finding]:
    """Check that messages aren't empty. By the specification, a list of parts has at least one, and the content of an assistant
    is "Required unless `tool_calls` or `function_call` is specified". No source says which models refuse an empty one.
    """
    for message, at in list_objects(body, key, path):
        content, role = message.get("content"), message.get("role")
        is_bare = role == "assistant" and not any(
            message.get(field) for field in ("tool_calls", "function_call", "refusal", "audio")
        )
        if content == [] or (content == "" and role == "user") or (is_bare and not content):
            kind = "an empty list" if content == [] else describe_kind(content)
            yield Finding(rules.EMPTY_CONTENT, f"{join_path(at, 'content')}: expected text, found {kind}: it may be refused")


def check_json_word(body: JsonObject, path: str) -> Iterator[Finding]:
    """Check that a request for JSON says so, unless part of the input is stored.

    "the API will throw an error if the string "JSON" does not appear somewhere in the context" (guide to structured outputs, JSON
    mode): "'messages' must contain the word 'json' in some form" (https://github.com/ultimatejimmy/xray.koplugin/issues/33,
    2026-05-09). In Responses, "input messages must contain the word", and `instructions` don't count
    (https://github.com/CopilotKit/CopilotKit/pull/6228, 2026-07-29).
    """
    answer, at = find_answer_format(body, path)
    if answer.get("type") == "json_object" and not has_stored_input(body):
        key = "messages" if "messages" in body else "input"
        if not any("json" in text.lower() for text in _list_texts(body.get(key))):
            yield Finding(rules.JSON_WORD, f"{at}: expected the word JSON in {key}, as json_object asks for, found none")


def _list_texts(value: JsonValue) -> Iterator[str]:
    """Yield the texts of an input, of messages and of their parts."""
    if isinstance(value, str):
        yield value
    for item in value if isinstance(value, list) else ():
        for key in ("content", "text", "output") if isinstance(item, dict) else ():
            yield from _list_texts(item.get(key))
