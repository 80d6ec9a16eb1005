"""A Chat Completions body -> Request. Fine-tuning examples, which have only `messages`, are read the same way."""

from __future__ import annotations

from collections.abc import Iterator

from gpt41_cli.files.fields import (
    BadBody,
    Json,
    Object,
    as_list,
    as_object,
    choice_at,
    count_at,
    join,
    list_at,
    name_at,
    optional_object,
    text_at,
)
from gpt41_cli.requests.content import SOUNDS, Gathered, read_text
from gpt41_cli.requests.request import CHAT, Call, CallTurn, Doubt, Function, Message, Request
from gpt41_cli.requests.settings import (
    read_effort,
    read_function,
    read_parameters,
    read_response_format,
    read_tool_choice,
    read_tools,
)

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_RESULT_ROLES = ("tool", "function")


def read(body: Object, path: str) -> Request:
    """The request in `body`, whose own path is `path`: empty, or `body` in a Batch line. BadBody where it is none."""
    gathered = Gathered([], [], [], set())
    _read_turns(body, path, gathered)
    functions = _read_functions(body, path, gathered)
    response_format = read_response_format(body, "response_format", path, gathered, nested=True)
    mode, chosen = read_tool_choice(body, path)
    prediction = optional_object(body, "prediction", path)
    if body.get("web_search_options") is not None:
        message = "what a web search finds has tokens that are not counted"
        gathered.doubts.append(Doubt("built-in-tool", join(path, "web_search_options"), message, is_missing=True))
        gathered.needs.add("web-search")
    if "audio" in list_at(body, "modalities", path):
        message = "a spoken answer has tokens that are not priced"
        gathered.doubts.append(Doubt("audio", join(path, "modalities"), message, is_missing=True))
    if prediction:
        gathered.needs.add("predicted-outputs")
    return Request(
        endpoint=CHAT,
        model=text_at(body, "model", path) or None,
        turns=gathered.turns,
        functions=functions,
        response_format=response_format,
        tool_choice=mode,
        chosen_function=chosen,
        images=gathered.images,
        doubts=gathered.doubts,
        max_output_tokens=count_at(body, "max_completion_tokens", path) or count_at(body, "max_tokens", path),
        answers=count_at(body, "n", path) or 1,
        service_tier=text_at(body, "service_tier", path) or None,
        prediction=read_text(prediction, "content", join(path, "prediction"), gathered) if prediction else "",
        cache_key=text_at(body, "prompt_cache_key", path),
        needs=frozenset(gathered.needs),
        parameters=read_parameters(body),
        effort=read_effort(body),
        refusals=list(_beside_a_prediction(body, path, gathered)) if prediction else (),
    )


def _beside_a_prediction(body: Object, path: str, gathered: Gathered) -> Iterator[str]:
    """What cannot stand beside a predicted output (OpenAI's guide to predicted outputs, 2026-07-15)."""
    beside = "beside a prediction"
    if (count_at(body, "n", path) or 1) > 1:
        yield f"{join(path, 'n')}: expected 1 {beside}, found more"
    for key in ("presence_penalty", "frequency_penalty"):
        value = body.get(key)
        if isinstance(value, int | float) and value > 0:
            yield f"{join(path, key)}: expected no more than 0 {beside}, found more"
    for key in ("logprobs", "max_completion_tokens", "tools", "functions"):
        if body.get(key):
            yield f"{join(path, key)}: expected none {beside}, found some"
    sounds = (doubt.path for doubt in gathered.doubts if doubt.rule in SOUNDS)
    for at in (*(image.path for image in gathered.images), *sounds):
        yield f"{at}: expected nothing but text {beside}, found something else"


def _read_turns(body: Object, path: str, gathered: Gathered) -> None:
    """The messages in order, each tool result with the calls it answers."""
    path = join(path, "messages")
    messages = as_list(body.get("messages"), path)
    if not messages:
        raise BadBody(f"{path}: expected at least one message, found none")
    turns = gathered.turns
    results_of: dict[str | None, list[str]] = {}  # by call id; None: those of the latest calls, for the role `function`
    for index, value in enumerate(messages):
        at = f"{path}[{index}]"
        message = as_object(value, at)
        role = choice_at(message, "role", at, ROLES)
        if role in _RESULT_ROLES:
            _read_result(message, role, at, results_of, gathered)
            continue
        is_answer = role == "assistant"
        text = read_text(message, "content", at, gathered, may_be_missing=is_answer) or text_at(message, "refusal", at)
        calls = _read_calls(message, at, gathered) if is_answer else []
        if calls:
            results: list[str] = []
            results_of |= dict.fromkeys((None, *(call.id for call in calls)), results)
            turns.append(CallTurn(calls, results, text, at))
        else:
            turns.append(Message(role, text, text_at(message, "name", at) or None))


def _read_result(message: Object, role: str, path: str, results_of: dict[str | None, list[str]], gathered: Gathered) -> None:
    """A tool result joins the results of the calls it answers; one that answers none is a message of its own."""
    text = read_text(message, "content", path, gathered, in_result=True, may_be_missing=True)
    call_id = text_at(message, "tool_call_id", path) if role == "tool" else None
    if call_id in results_of:
        results_of[call_id].append(text)
    else:
        gathered.doubts.append(Doubt("result-without-call", path, "this result answers no call in the request"))
        gathered.turns.append(Message(role, text))


def _read_calls(message: Object, path: str, gathered: Gathered) -> list[Call]:
    """The calls of an assistant message, the legacy `function_call` among them."""
    if message.get("audio") is not None:
        gathered.doubts.append(
            Doubt("audio", f"{path}.audio", "a spoken answer has tokens that are not counted", is_missing=True)
        )
    legacy = message.get("function_call")
    if legacy is not None:
        return [_read_call(legacy, f"{path}.function_call", None)]
    found = []
    for index, value in enumerate(list_at(message, "tool_calls", path)):
        at = f"{path}.tool_calls[{index}]"
        call = as_object(value, at)
        if call.get("type", "function") == "function":
            found.append(_read_call(call.get("function"), f"{at}.function", text_at(call, "id", at)))
        else:
            message_text = "a call of a tool that is no function has tokens that are not counted"
            gathered.doubts.append(Doubt("built-in-tool", at, message_text, is_missing=True))
    return found


def _read_call(value: Json, path: str, call_id: str | None) -> Call:
    call = as_object(value, path)
    return Call(name_at(call, "name", path), text_at(call, "arguments", path), call_id)


def _read_functions(body: Object, path: str, gathered: Gathered) -> list[Function]:
    """The declared functions, those of the legacy `functions` among them, which count the same."""
    found = read_tools(body, path, gathered, nested=True)
    legacy = list_at(body, "functions", path)
    if legacy:
        at = join(path, "functions")
        gathered.doubts.append(Doubt("legacy-functions", at, "few recordings confirm the legacy form"))
        gathered.needs.add("function-calling")
        found += [read_function(value, f"{at}[{index}]") for index, value in enumerate(legacy)]
    return found
