"""Read a Chat Completions body as a Request. Fine-tuning examples, which have only `messages`, are read the same way."""

from __future__ import annotations

from collections.abc import Iterator

from gpt41_cli import rules
from gpt41_cli.files import fields
from gpt41_cli.files.fields import BadBody, JsonObject, JsonValue
from gpt41_cli.requests import settings
from gpt41_cli.requests.content import RequestDraft, read_content_text
from gpt41_cli.requests.placeholders import find_template_doubts
from gpt41_cli.requests.request import CHAT_ENDPOINT, CallTurn, Doubt, FunctionCall, FunctionDeclaration, Message, Request
from gpt41_cli.rules import Group

CHAT_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_RESULT_ROLES = ("tool", "function")


def read_chat_request(body: JsonObject, path: str) -> Request:
    """Read the request in `body`, whose path is `path`: empty, or `body` in a Batch line. Raises BadBody if it can't be one."""
    gathered = RequestDraft()
    _read_turns(body, path, gathered)
    functions = _read_functions(body, path, gathered)
    response_format = settings.read_response_format(body, "response_format", path, gathered, nested=True)
    mode, chosen = settings.read_tool_choice(
        body, path, "tool_choice" if body.get("tool_choice") is not None else "function_call"
    )
    prediction = fields.get_optional_object(body, "prediction", path)
    if body.get("web_search_options") is not None:
        message = "what a web search finds has tokens that are not counted"
        gathered.doubts.append(Doubt(rules.BUILT_IN_TOOL, fields.join_path(path, "web_search_options"), message))
        gathered.needs.add("web-search")
    if "audio" in fields.get_list(body, "modalities", path):
        message = "a spoken answer has tokens that are not priced"
        gathered.doubts.append(Doubt(rules.AUDIO, fields.join_path(path, "modalities"), message))
    if prediction:
        gathered.needs.add("predicted-outputs")
    return Request(
        endpoint=CHAT_ENDPOINT,
        model=fields.get_text(body, "model", path) or None,
        turns=gathered.turns,
        functions=functions,
        response_format=response_format,
        tool_choice=mode,
        forced_function=chosen,
        images=gathered.images,
        doubts=[*gathered.doubts, *find_template_doubts(gathered.turns, fields.join_path(path, "messages"))],
        max_output_tokens=fields.get_count(body, "max_completion_tokens", path) or fields.get_count(body, "max_tokens", path),
        answer_count=fields.get_count(body, "n", path) or 1,
        service_tier=fields.get_text(body, "service_tier", path) or None,
        predicted_text=read_content_text(prediction, "content", fields.join_path(path, "prediction"), gathered)
        if prediction
        else "",
        prompt_cache_key=fields.get_text(body, "prompt_cache_key", path),
        needs=frozenset(gathered.needs),
        set_fields=settings.read_set_fields(body),
        reasoning_effort=settings.read_effort(body),
        refusals=list(_find_prediction_conflicts(body, path, gathered)) if prediction else (),
    )


def _find_prediction_conflicts(body: JsonObject, path: str, gathered: RequestDraft) -> Iterator[BadBody]:
    """List the fields that a predicted output doesn't allow (OpenAI's guide to predicted outputs, 2026-07-15)."""
    with_it = "with a prediction"
    if (fields.get_count(body, "n", path) or 1) > 1:
        yield BadBody(fields.join_path(path, "n"), f"1 {with_it}", "more")
    for key in ("presence_penalty", "frequency_penalty"):
        value = body.get(key)
        if isinstance(value, int | float) and value > 0:
            yield BadBody(fields.join_path(path, key), f"no more than 0 {with_it}", "more")
    for key in ("logprobs", "max_completion_tokens", "tools", "functions"):
        if body.get(key):
            yield BadBody(fields.join_path(path, key), f"none {with_it}", "some")
    sounds = (doubt.path for doubt in gathered.doubts if Group.AUDIO in doubt.rule.groups)
    for at in (*(image.path for image in gathered.images), *sounds):
        yield BadBody(at, f"nothing but text {with_it}", "something else")


def _read_turns(body: JsonObject, path: str, gathered: RequestDraft) -> None:
    """Read the messages in order, each tool result with the calls that it answers."""
    path = fields.join_path(path, "messages")
    messages = fields.require_list(body.get("messages"), path)
    if not messages:
        raise BadBody(path, "at least one message", "none")
    turns = gathered.turns
    results_of: dict[str | None, list[str]] = {}  # by call id; None: those of the latest calls, for the role `function`
    for index, value in enumerate(messages):
        at = f"{path}[{index}]"
        message = fields.require_object(value, at)
        role = fields.get_choice(message, "role", at, CHAT_ROLES)
        if role in _RESULT_ROLES:
            result = read_content_text(message, "content", at, gathered, in_result=True, may_be_missing=True)
            call_id = fields.get_text(message, "tool_call_id", at) if role == "tool" else None
            gathered.add_result(results_of, call_id, Message(role, result), at)
            continue
        is_answer = role == "assistant"
        text = read_content_text(message, "content", at, gathered, may_be_missing=is_answer) or fields.get_text(
            message, "refusal", at
        )
        calls = _read_calls(message, at, gathered) if is_answer else []
        name = fields.get_text(message, "name", at) or None
        if calls:
            results: list[str] = []
            results_of |= dict.fromkeys((None, *(call.id for call in calls)), results)
            turns.append(CallTurn(calls, results, text, at, name))
        else:
            turns.append(Message(role, text, name))


def _read_calls(message: JsonObject, path: str, gathered: RequestDraft) -> list[FunctionCall]:
    """Read the calls of an assistant message, including a legacy `function_call`."""
    if message.get("audio") is not None:
        gathered.doubts.append(Doubt(rules.AUDIO, f"{path}.audio", "a spoken answer has tokens that are not counted"))
    legacy = message.get("function_call")
    if legacy is not None:
        return [_read_call(legacy, f"{path}.function_call", None)]
    calls = []
    for index, value in enumerate(fields.get_list(message, "tool_calls", path)):
        at = f"{path}.tool_calls[{index}]"
        call = fields.require_object(value, at)
        if call.get("type", "function") == "function":
            calls.append(_read_call(call.get("function"), f"{at}.function", fields.get_text(call, "id", at)))
        else:
            message_text = "a call of a tool that isn't a function has tokens that are not counted"
            gathered.doubts.append(Doubt(rules.BUILT_IN_TOOL, at, message_text))
    return calls


def _read_call(value: JsonValue, path: str, call_id: str | None) -> FunctionCall:
    call = fields.require_object(value, path)
    return FunctionCall(fields.get_name(call, "name", path), fields.get_text(call, "arguments", path), call_id)


def _read_functions(body: JsonObject, path: str, gathered: RequestDraft) -> list[FunctionDeclaration]:
    """Read the declared functions, including the legacy `functions`, which count the same."""
    functions = settings.read_tools(body, path, gathered, nested=True)
    legacy = fields.get_list(body, "functions", path)
    if legacy:
        at = fields.join_path(path, "functions")
        gathered.doubts.append(Doubt(rules.LEGACY_FUNCTIONS, at, "few recordings confirm the legacy form"))
        gathered.needs.add("function-calling")
        functions += [settings.read_function(value, f"{at}[{index}]") for index, value in enumerate(legacy)]
    return functions
