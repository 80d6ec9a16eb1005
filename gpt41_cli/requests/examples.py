"""What is wrong with an example for fine-tuning, as far as one example shows it.

The keys are those of OpenAI's request schema for training files and of its cookbook's notebook that prepares them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from gpt41_cli.display import number, plural
from gpt41_cli.files.fields import Json, Object, kind_of, list_at, told
from gpt41_cli.findings import Level

_KEYS = ("messages", "tools", "parallel_tool_calls", "functions")
_MESSAGE_KEYS = ("role", "content", "name", "weight", "refusal", "tool_calls", "tool_call_id", "function_call")
_FRONT_ROLES = ("system", "developer")
_ANSWERS = "assistant"
_LEARNED = ("content", "tool_calls", "function_call", "refusal")
_SHOWN = 3


class Flaw(NamedTuple):
    """What an example should not have: a stable rule id and a message, which begins with the path of what it is about."""

    rule: str
    message: str
    level: Level = Level.ERROR


def flaws(example: Object) -> list[Flaw]:
    """Everything that is wrong with an example that can be read as a request."""
    messages = example["messages"]
    return [*_keys(example, messages), *_order(messages), *_weights(messages), *_calls(messages, _declared(example))]


def _keys(example: Object, messages: list[Object]) -> Iterator[Flaw]:
    """Keys that no documentation of training files names."""
    yield from _unknown("the example", example, _KEYS)
    for index, message in enumerate(messages):
        yield from _unknown(f"messages[{index}]", message, _MESSAGE_KEYS)


def _unknown(path: str, owner: Object, known: Collection[str]) -> Iterator[Flaw]:
    names = [told(name) for name in owner if name not in known]
    if names:
        more = f" and {number(len(names) - _SHOWN)} more" if len(names) > _SHOWN else ""
        message = f"{path}: expected only {', '.join(known)}, found {', '.join(names[:_SHOWN])}{more}"
        yield Flaw("training-keys", message, Level.WARNING)


def _order(messages: list[Object]) -> Iterator[Flaw]:
    """Who speaks when: an example without an answer teaches nothing; other orders are only unusual."""
    roles = [str(message["role"]) for message in messages]
    if _ANSWERS not in roles:
        yield Flaw("training-answer", "messages: expected an answer of the assistant, which is what is learned, found none")
        return
    for index, message in enumerate(messages):
        if message["role"] == _ANSWERS and not any(message.get(key) for key in _LEARNED):
            yield Flaw("training-answer", f"messages[{index}]: expected an answer to learn, found an empty one")
    if roles[-1] != _ANSWERS:
        text = f"messages[{len(roles) - 1}].role: expected the assistant last, found {roles[-1]}, from which nothing is learned"
        yield Flaw("training-order", text, Level.WARNING)
    if "user" not in roles:
        yield Flaw("training-order", "messages: expected a user to be answered, found none", Level.WARNING)
    begun = next(index for index, role in enumerate(roles) if role not in _FRONT_ROLES)
    for index, role in enumerate(roles[begun:], begun):
        if role in _FRONT_ROLES:
            text = f"messages[{index}].role: expected {role} before all others, found it after {roles[index - 1]}"
            yield Flaw("training-order", text, Level.WARNING)


def _weights(messages: list[Object]) -> Iterator[Flaw]:
    """A weight says whether an answer is learned: 0 or 1, and not of every answer 0."""
    answers = [message for message in messages if message["role"] == _ANSWERS]
    for index, message in enumerate(messages):
        weight, at = message.get("weight"), f"messages[{index}].weight"
        if weight is None:
            continue
        if message["role"] != _ANSWERS:
            yield Flaw(
                "training-weight", f"{at}: expected one on the answers of the assistant only, found one of {message['role']}"
            )
        elif not _is_weight(weight):
            yield Flaw("training-weight", f"{at}: expected 0 or 1, found {kind_of(weight)}")
    if answers and all(_is_weight(message.get("weight")) and not message["weight"] for message in answers):
        yield Flaw(
            "training-weight", "messages: expected an answer of weight 1, found only such of weight 0, which are not learned"
        )


def _is_weight(value: Json) -> bool:
    return value in (0, 1) and not isinstance(value, bool)


def _declared(example: Object) -> set[str | None]:
    tools = (tool.get("function") for tool in list_at(example, "tools", ""))
    return {_name(function) for function in (*tools, *list_at(example, "functions", ""))}


def _name(function: Json) -> str | None:
    """The name of a function that is declared or called; None where it is no function."""
    return function["name"] if isinstance(function, dict) and isinstance(function.get("name"), str) else None


def _calls(messages: list[Object], declared: set[str | None]) -> Iterator[Flaw]:
    """Calls of declared functions, each with its result right after it, but for those that the example ends with."""
    pending: dict[str, str] = {}
    for index, message in enumerate(messages):
        at = f"messages[{index}]"
        if message["role"] == "tool":
            if pending.pop(str(message.get("tool_call_id")), None) is None:
                yield Flaw("training-tools", f"{at}.tool_call_id: expected the id of a call right before it, found another")
            continue
        yield from _unanswered(pending)
        pending = {}
        if message["role"] == _ANSWERS:
            calls = {f"{at}.tool_calls[{place}]": call for place, call in enumerate(list_at(message, "tool_calls", at))}
            pending = {str(call.get("id")): path for path, call in calls.items()}
            yield from _undeclared({f"{path}.function": call.get("function") for path, call in calls.items()}, declared)
            yield from _undeclared({f"{at}.function_call": message.get("function_call")}, declared)
    if messages[-1]["role"] == "tool":
        yield from _unanswered(pending)


def _undeclared(called: Mapping[str, Json], declared: set[str | None]) -> Iterator[Flaw]:
    for path, function in called.items():
        name = _name(function)
        if name is not None and name not in declared:
            yield Flaw("training-tools", f"{path}.name: expected a function that is declared, found {told(name)}")


def _unanswered(pending: dict[str, str]) -> Iterator[Flaw]:
    if pending:
        first = next(iter(pending.values()))
        yield Flaw(
            "training-tools", f"{first}: expected a result for each call, found {plural(len(pending), 'call')} without one"
        )
