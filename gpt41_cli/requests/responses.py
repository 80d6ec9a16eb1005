"""Read a Responses body as a Request."""

from __future__ import annotations

import re

from gpt41_cli import rules
from gpt41_cli.files import fields
from gpt41_cli.files.fields import BadBody, JsonObject, JsonValue
from gpt41_cli.requests.content import RequestDraft, read_content_text
from gpt41_cli.requests.placeholders import find_template_doubts
from gpt41_cli.requests.request import RESPONSES_ENDPOINT, CallTurn, Doubt, FunctionCall, Message, Request
from gpt41_cli.requests.settings import read_effort, read_response_format, read_set_fields, read_tool_choice, read_tools

RESPONSES_ROLES = ("system", "developer", "user", "assistant")
STORED_STATE_FIELDS = {
    "previous_response_id": "the stored conversation before it",
    "conversation": "the stored conversation",
    "prompt": "the stored prompt",
}
"""What a request may refer to instead of sending it."""

# The form of the ids that the server issues; who records requests often masks them.
_ISSUED_ID = re.compile("fc_([0-9a-f]{40,}|REDACTED.*)")


def read_responses_request(body: JsonObject, path: str) -> Request:
    """Read the request in `body`, whose path is `path`: empty, or `body` in a Batch line. Raises BadBody if it can't be one."""
    gathered = RequestDraft()
    stored = [name for name in STORED_STATE_FIELDS if body.get(name) is not None]
    for name in stored:
        message = f"{STORED_STATE_FIELDS[name]} has tokens that are not counted"
        rule = rules.STORED_PROMPT if name == "prompt" else rules.STORED_STATE
        gathered.doubts.append(Doubt(rule, fields.join_path(path, name), message))
    instructions = fields.get_text(body, "instructions", path)
    if instructions:
        gathered.turns.append(Message("system", instructions))
    if body.get("input") is not None or not stored:
        _read_input(body.get("input"), fields.join_path(path, "input"), gathered)
    text_settings = fields.get_optional_object(body, "text", path) or {}
    mode, chosen = read_tool_choice(body, path)
    return Request(
        endpoint=RESPONSES_ENDPOINT,
        model=fields.get_text(body, "model", path) or None,
        turns=gathered.turns,
        functions=read_tools(body, path, gathered, nested=False),
        response_format=read_response_format(text_settings, "format", fields.join_path(path, "text"), gathered, nested=False),
        tool_choice=mode,
        forced_function=chosen,
        allows_parallel_calls=body.get("parallel_tool_calls") is not False,
        has_instructions=bool(instructions),
        images=gathered.images,
        doubts=[*gathered.doubts, *find_template_doubts(gathered.turns, fields.join_path(path, "input"))],
        max_output_tokens=fields.get_count(body, "max_output_tokens", path),
        service_tier=fields.get_text(body, "service_tier", path) or None,
        prompt_cache_key=fields.get_text(body, "prompt_cache_key", path),
        needs=frozenset(gathered.needs),
        set_fields=read_set_fields(body),
        reasoning_effort=read_effort(body),
        refusals=[BadBody(fields.join_path(path, "prediction"), "it in Chat Completions alone", "it")]
        if body.get("prediction")
        else (),
    )


def _read_input(value: JsonValue, path: str, gathered: RequestDraft) -> None:
    """Read the items in order. Consecutive function calls and the results that follow are one turn."""
    turns = gathered.turns
    if isinstance(value, str):
        turns.append(Message("user", value))
        return
    if not isinstance(value, list):
        fields.fail(path, "text or a list of items", value)
    results_of: dict[str | None, list[str]] = {}
    row: list[FunctionCall] = []  # the calls that still await their first result
    results: list[str] = []
    for index, entry in enumerate(value):
        at = f"{path}[{index}]"
        item = fields.require_object(entry, at)
        kind = fields.get_text(item, "type", at) or "message"
        if kind == "function_call":
            if not row:
                row, results = [], []
                turns.append(CallTurn(row, results, path=at))
            row.append(_read_call(item, at))
            results_of[row[-1].id or ""] = results
            continue
        row = []
        if kind == "function_call_output":
            result = read_content_text(item, "output", at, gathered, in_result=True, may_be_missing=True)
            gathered.add_result(results_of, fields.get_text(item, "call_id", at), Message("tool", result), at)
        elif kind == "message":
            role = fields.get_choice(item, "role", at, RESPONSES_ROLES)
            turns.append(Message(role, read_content_text(item, "content", at, gathered, may_be_missing=role == "assistant")))
        else:
            message = "an item that isn't a message has tokens that are not counted"
            gathered.doubts.append(Doubt(rules.ITEM, at, message))


def _read_call(item: JsonObject, path: str) -> FunctionCall:
    is_issued = _ISSUED_ID.fullmatch(fields.get_text(item, "id", path)) is not None
    return FunctionCall(
        fields.get_name(item, "name", path),
        fields.get_text(item, "arguments", path),
        fields.get_text(item, "call_id", path),
        is_echo=is_issued and bool(item.get("status")),
    )
