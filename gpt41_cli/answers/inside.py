"""Where inside of a record the answer stands: logs put all kinds of things around it, under names of their own."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from gpt41_cli.answers.answers import get_answer_id, get_counts, has_usage
from gpt41_cli.files.documents import parse_embedded_object
from gpt41_cli.files.fields import JsonObject, JsonValue, join_path, redact

MAX_DEPTH = 4
"""How deep an answer may stand."""

WRAPPER_FIELDS = ("response", "body", "result", "data", "completion", "output")
"""The names behind which logs keep an answer, whatever it looks like; the first one that holds an object is it."""

_ANSWER_OBJECTS = ("chat.completion", "response")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_ANSWER_WORDS = frozenset(
    (
        *("answer", "body", "completion", "completions", "data", "event", "generation", "llm", "log", "message", "openai"),
        *("output", "outputs", "payload", "raw", "record", "reply", "response", "responses", "result", "results", "return"),
        *("source", "value"),
    )
)
"""One of these words is in the name behind which a log keeps an answer."""
_QUOTATION_WORDS = frozenset(
    (
        *("arguments", "content", "context", "document", "documents", "example", "examples", "expected", "golden", "history"),
        *("input", "inputs", "kwargs", "messages", "params", "parent", "previous", "prompt", "prompts", "query", "question"),
        *("reference", "request", "requests", "template", "text", "tool", "tools", "user", "variables"),
    )
)
"""One of these words is in the name of what was sent, or of what a model wrote: an answer in there is a quotation."""

_MAX_OBJECTS = 200
_MAX_ANSWERS = 20


class InnerObject(NamedTuple):
    """An object inside of a record, and its path from there; `is_json_text`: it is JSON in a text, which a model may have
    written; `has_answer_name`: its own name is one of an answer.
    """

    path: str
    value: JsonObject
    is_json_text: bool = False
    has_answer_name: bool = False


def find_inner_answers(value: JsonObject, depth: int) -> list[InnerObject]:
    """The answers with a usage of their own inside of a record, of which it may have a copy: the first, and others with an id.

    Behind a known name that is any usage; elsewhere only what calls itself an answer of OpenAI.
    """
    if is_answer(value):
        return []
    if _has_wrapped_usage(value, depth):
        named = find_wrapped_objects(value)
        return [*named, *_find_deeper_answers(value, named)]
    found = [
        each
        for each in islice(_walk_objects(value, is_answer), _MAX_ANSWERS)
        if each.has_answer_name and (not each.is_json_text or _has_matching_counts(value, each.value))
    ]
    return [*found[:1], *(each for each in found[1:] if get_answer_id(each.value))]


def _find_deeper_answers(value: JsonObject, named: list[InnerObject]) -> Iterator[InnerObject]:
    """The answers deeper in a record than those that are named, each by its id once; what is in these is read with them."""
    known = [each.value for each in named]
    rest = {key: each for key, each in value.items() if isinstance(each, dict | list) and not any(each is one for one in known)}
    if not rest:
        return
    ids = {get_answer_id(each) for each in known} | {None}
    for each in islice(_walk_objects(rest, is_answer), _MAX_ANSWERS):
        if each.has_answer_name and not each.is_json_text and get_answer_id(each.value) not in ids:
            ids.add(get_answer_id(each.value))
            yield each


def find_wrapped_objects(value: JsonObject) -> list[InnerObject]:
    """What stands in a record behind the first known name, and the answers with an id beside it."""
    known = _find_wrapper_field(value)
    if known is None:
        return []
    others = ((key, each) for key, each in value.items() if key != known and isinstance(each, dict))
    beside = (InnerObject(_format_key(key), each) for key, each in others if _QUOTATION_WORDS.isdisjoint(_split_words(key)))
    return [
        InnerObject(known, value[known]),
        *(each for each in beside if isinstance(each.value.get("usage"), dict) and get_answer_id(each.value)),
    ]


def find_only_usage(value: JsonObject) -> list[InnerObject]:
    """The only object inside of a record that has a usage; nothing where there are several: they may be copies of one."""
    found = [*islice((each for each in _walk_objects(value, has_usage) if each.has_answer_name or not each.is_json_text), 2)]
    return found if len(found) == 1 else []


def is_answer(value: JsonObject) -> bool:
    """Whether an object is an answer of OpenAI, and not what a log says of one."""
    return value.get("object") in _ANSWER_OBJECTS and isinstance(value.get("usage"), dict) and has_usage(value)


def _has_matching_counts(record: JsonObject, answer: JsonObject) -> bool:
    """Whether a record says the figures of an answer, or none."""
    return not has_usage(record) or get_counts(record) == get_counts(answer)


def _has_wrapped_usage(value: JsonObject, depth: int) -> bool:
    for _ in range(MAX_DEPTH - depth):
        name = _find_wrapper_field(value)
        if name is None:
            return False
        value = value[name]
        if has_usage(value):
            return True
    return False


def _find_wrapper_field(value: JsonObject) -> str | None:
    for name in WRAPPER_FIELDS:
        if isinstance(value.get(name), dict):
            return name
    return None


@lru_cache(10_000)
def _split_words(key: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(key)}


def _format_key(key: str) -> str:
    """A key as complaints show it: where it is no plain word, it may be anything."""
    return redact(key).strip('"')


def _walk_objects(value: JsonObject, is_wanted: Callable[[JsonObject], bool]) -> Iterator[InnerObject]:
    """The objects inside that are wanted, those that are least deep first; those of lists and in JSON in a text too."""
    waiting = deque([(InnerObject("", value), 1)])
    seen = 0
    while waiting:
        owner, depth = waiting.popleft()
        for key, each in owner.value.items():
            for inner in _list_field_objects(owner, key, each):
                if is_wanted(inner.value):
                    yield inner
                elif depth < MAX_DEPTH and seen < _MAX_OBJECTS:
                    waiting.append((inner, depth + 1))
                seen += 1


def _list_field_objects(owner: InnerObject, key: str, value: JsonValue) -> Iterator[InnerObject]:
    """What a field of an object holds: an object, those of a list, one in a text; nothing where that is what was sent."""
    if not isinstance(value, dict | list | str) or not _QUOTATION_WORDS.isdisjoint(_split_words(key)):
        return
    path, is_named = join_path(owner.path, _format_key(key)), not _ANSWER_WORDS.isdisjoint(_split_words(key))
    if isinstance(value, list):
        for index, each in enumerate(value[:_MAX_OBJECTS]):
            if isinstance(each, dict):
                yield InnerObject(f"{path}[{index}]", each, owner.is_json_text, is_named)
    elif (found := value if isinstance(value, dict) else parse_embedded_object(value, "usage")) is not None:
        yield InnerObject(path, found, owner.is_json_text or isinstance(value, str), is_named)
