"""Find mistakes in an example for fine-tuning that the example itself shows.

The keys are those of OpenAI's request schema for training files and of its cookbook's notebook that prepares them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from gpt41_cli import rules
from gpt41_cli.display import list_first, pluralize
from gpt41_cli.files.fields import JsonObject, JsonValue, describe_kind, get_list, redact
from gpt41_cli.findings import Finding

_EXAMPLE_KEYS = ("messages", "tools", "parallel_tool_calls", "functions")
_MESSAGE_KEYS = ("role", "content", "name", "weight", "refusal", "tool_calls", "tool_call_id", "function_call")
_FRONT_ROLES = ("system", "developer")
_ANSWER_ROLE = "assistant"
_LEARNED_KEYS = ("content", "tool_calls", "function_call", "refusal")
_MAX_SHOWN = 3


def find_flaws(example: JsonObject) -> list[Finding]:
    """List everything that is wrong with an example that can be read as a request."""
    messages = example["messages"]
    return [
        *_check_keys(example, messages),
        *_check_order(messages),
        *_check_weights(messages),
        *_check_calls(messages, _list_declared_functions(example)),
    ]


def _check_keys(example: JsonObject, messages: list[JsonObject]) -> Iterator[Finding]:
    """Find keys that no documentation of training files mentions."""
    yield from _check_unknown_keys("the example", example, _EXAMPLE_KEYS)
    for index, message in enumerate(messages):
        yield from _check_unknown_keys(f"messages[{index}]", message, _MESSAGE_KEYS)


def _check_unknown_keys(path: str, owner: JsonObject, known: Collection[str]) -> Iterator[Finding]:
    names = [redact(name) for name in owner if name not in known]
    if names:
        message = f"{path}: expected only {', '.join(known)}, found {list_first(names, _MAX_SHOWN)}"
        yield Finding(rules.TRAINING_KEYS, message)


def _check_order(messages: list[JsonObject]) -> Iterator[Finding]:
    """Check the order of the roles. An example without an answer teaches nothing; other orders are only unusual."""
    roles = [str(message["role"]) for message in messages]
    if _ANSWER_ROLE not in roles:
        yield Finding(rules.TRAINING_ANSWER, "messages: expected an answer of the assistant to learn from, found none")
        return
    for index, message in enumerate(messages):
        if message["role"] == _ANSWER_ROLE and not any(message.get(key) for key in _LEARNED_KEYS):
            yield Finding(rules.TRAINING_ANSWER, f"messages[{index}]: expected an answer to learn, found an empty one")
    if roles[-1] != _ANSWER_ROLE:
        text = f"messages[{len(roles) - 1}].role: expected the assistant last, found {roles[-1]}, from which nothing is learned"
        yield Finding(rules.TRAINING_ORDER, text)
    if "user" not in roles:
        yield Finding(rules.TRAINING_ORDER, "messages: expected a user to be answered, found none")
    begun = next(index for index, role in enumerate(roles) if role not in _FRONT_ROLES)
    for index, role in enumerate(roles[begun:], begun):
        if role in _FRONT_ROLES:
            text = f"messages[{index}].role: expected {role} before all others, found it after {roles[index - 1]}"
            yield Finding(rules.TRAINING_ORDER, text)


def _check_weights(messages: list[JsonObject]) -> Iterator[Finding]:
    """Check the weights: 0 or 1, and not 0 for every answer. A weight says if an answer is learned."""
    answers = [message for message in messages if message["role"] == _ANSWER_ROLE]
    for index, message in enumerate(messages):
        weight, at = message.get("weight"), f"messages[{index}].weight"
        if weight is None:
            continue
        if message["role"] != _ANSWER_ROLE:
            yield Finding(
                rules.TRAINING_WEIGHT, f"{at}: expected one on the answers of the assistant only, found one of {message['role']}"
            )
        elif not _is_weight(weight):
            yield Finding(rules.TRAINING_WEIGHT, f"{at}: expected 0 or 1, found {describe_kind(weight)}")
    if answers and all(_is_weight(message.get("weight")) and not message["weight"] for message in answers):
        yield Finding(rules.TRAINING_WEIGHT, "messages: expected an answer of weight 1, found only answers of weight 0")


def _is_weight(value: JsonValue) -> bool:
    return value in (0, 1) and not isinstance(value, bool)


def _list_declared_functions(example: JsonObject) -> set[str | None]:
    tools = (tool.get("function") for tool in get_list(example, "tools", ""))
    return {_get_function_name(function) for function in (*tools, *get_list(example, "functions", ""))}


def _get_function_name(function: JsonValue) -> str | None:
    """Get the name of a declared or called function; None if it isn't a function."""
    return function["name"] if isinstance(function, dict) and isinstance(function.get("name"), str) else None


def _check_calls(messages: list[JsonObject], declared: set[str | None]) -> Iterator[Finding]:
    """Check that calls are of declared functions and followed by their results, except calls at the end of the example."""
    pending: dict[str, str] = {}
    for index, message in enumerate(messages):
        at = f"messages[{index}]"
        if message["role"] == "tool":
            if pending.pop(str(message.get("tool_call_id")), None) is None:
                yield Finding(
                    rules.TRAINING_TOOLS, f"{at}.tool_call_id: expected the id of a call right before it, found another"
                )
            continue
        yield from _check_unanswered(pending)
        pending = {}
        if message["role"] == _ANSWER_ROLE:
            calls = {f"{at}.tool_calls[{place}]": call for place, call in enumerate(get_list(message, "tool_calls", at))}
            pending = {str(call.get("id")): path for path, call in calls.items()}
            yield from _check_undeclared({f"{path}.function": call.get("function") for path, call in calls.items()}, declared)
            yield from _check_undeclared({f"{at}.function_call": message.get("function_call")}, declared)
    if messages[-1]["role"] == "tool":
        yield from _check_unanswered(pending)


def _check_undeclared(called: Mapping[str, JsonValue], declared: set[str | None]) -> Iterator[Finding]:
    for path, function in called.items():
        name = _get_function_name(function)
        if name is not None and name not in declared:
            yield Finding(rules.TRAINING_TOOLS, f"{path}.name: expected a function that is declared, found {redact(name)}")


def _check_unanswered(pending: dict[str, str]) -> Iterator[Finding]:
    if pending:
        first = next(iter(pending.values()))
        yield Finding(
            rules.TRAINING_TOOLS, f"{first}: expected a result for each call, found {pluralize(len(pending), 'call')} without one"
        )
