"""A Responses body -> Request."""

from __future__ import annotations

import re

from gpt41_cli.files.fields import Json, Object, as_object, choice_at, count_at, fail, join, name_at, optional_object, text_at
from gpt41_cli.requests.content import Gathered, read_text
from gpt41_cli.requests.request import RESPONSES, Call, CallTurn, Doubt, Message, Request
from gpt41_cli.requests.settings import read_effort, read_parameters, read_response_format, read_tool_choice, read_tools

ROLES = ("system", "developer", "user", "assistant")
STORED = {
    "previous_response_id": "the stored conversation before it",
    "conversation": "the stored conversation",
    "prompt": "the stored prompt",
}
"""What a request may refer to instead of sending it."""

# The form of the ids that the server issues; who records requests often masks them.
_ISSUED_ID = re.compile("fc_([0-9a-f]{40,}|REDACTED.*)")


def read(body: Object, path: str) -> Request:
    """The request in `body`, whose own path is `path`: empty, or `body` in a Batch line. BadBody where it is none."""
    gathered = Gathered([], [], [], set())
    stored = [name for name in STORED if body.get(name) is not None]
    for name in stored:
        message = f"{STORED[name]} has tokens that are not counted"
        gathered.doubts.append(Doubt("stored-state", join(path, name), message, is_missing=True))
    instructions = text_at(body, "instructions", path)
    if instructions:
        gathered.turns.append(Message("system", instructions))
    if body.get("input") is not None or not stored:
        _read_input(body.get("input"), join(path, "input"), gathered)
    text_settings = optional_object(body, "text", path) or {}
    mode, chosen = read_tool_choice(body, path)
    return Request(
        endpoint=RESPONSES,
        model=text_at(body, "model", path) or None,
        turns=gathered.turns,
        functions=read_tools(body, path, gathered, nested=False),
        response_format=read_response_format(text_settings, "format", join(path, "text"), gathered, nested=False),
        tool_choice=mode,
        chosen_function=chosen,
        allows_parallel_calls=body.get("parallel_tool_calls") is not False,
        has_instructions=bool(instructions),
        images=gathered.images,
        doubts=gathered.doubts,
        max_output_tokens=count_at(body, "max_output_tokens", path),
        service_tier=text_at(body, "service_tier", path) or None,
        cache_key=text_at(body, "prompt_cache_key", path),
        needs=frozenset(gathered.needs),
        parameters=read_parameters(body),
        effort=read_effort(body),
        refusals=[f"{join(path, 'prediction')}: expected it in Chat Completions alone, found it"]
        if body.get("prediction")
        else (),
    )


def _read_input(value: Json, path: str, gathered: Gathered) -> None:
    """The items in order: messages, and function calls in a row as one turn with the results that follow them."""
    turns = gathered.turns
    if isinstance(value, str):
        turns.append(Message("user", value))
        return
    if not isinstance(value, list):
        fail(path, "text or a list of items", value)
    results_of: dict[str, list[str]] = {}
    row: list[Call] = []  # the calls that still await their first result
    results: list[str] = []
    for index, each in enumerate(value):
        at = f"{path}[{index}]"
        item = as_object(each, at)
        kind = text_at(item, "type", at) or "message"
        if kind == "function_call":
            if not row:
                row, results = [], []
                turns.append(CallTurn(row, results, path=at))
            row.append(_read_call(item, at))
            results_of[row[-1].id or ""] = results
            continue
        row = []
        if kind == "function_call_output":
            _read_result(item, at, results_of, gathered)
        elif kind == "message":
            turns.append(_read_message(item, at, gathered))
        else:
            message = "an item that is no message has tokens that are not counted"
            gathered.doubts.append(Doubt("item", at, message, is_missing=True))


def _read_message(item: Object, path: str, gathered: Gathered) -> Message:
    role = choice_at(item, "role", path, ROLES)
    return Message(role, read_text(item, "content", path, gathered, may_be_missing=role == "assistant"))


def _read_result(item: Object, path: str, results_of: dict[str, list[str]], gathered: Gathered) -> None:
    """An output joins those of the calls it answers; one that answers none is a message of its own."""
    text = read_text(item, "output", path, gathered, in_result=True, may_be_missing=True)
    call_id = text_at(item, "call_id", path)
    if call_id in results_of:
        results_of[call_id].append(text)
    else:
        gathered.doubts.append(Doubt("result-without-call", path, "this result answers no call in the request"))
        gathered.turns.append(Message("tool", text))


def _read_call(item: Object, path: str) -> Call:
    is_issued = _ISSUED_ID.fullmatch(text_at(item, "id", path)) is not None
    return Call(
        name_at(item, "name", path),
        text_at(item, "arguments", path),
        text_at(item, "call_id", path),
        is_echo=is_issued and bool(item.get("status")),
    )
