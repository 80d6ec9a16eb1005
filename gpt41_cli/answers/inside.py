"""Find the answer inside a record. Logs wrap answers in objects of their own, under names of their own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import NamedTuple

from gpt41_cli.answers.answers import get_answer_id, get_counts
from gpt41_cli.answers.unread import split_words
from gpt41_cli.answers.usage import has_usage
from gpt41_cli.files.documents import parse_embedded_object
from gpt41_cli.files.fields import JsonObject, JsonValue, join_path, redact

MAX_DEPTH = 4
"""How deep inside a record an answer may be."""

MAX_ANSWERS = 20
"""How many answers are read from one record."""

WRAPPER_FIELDS = ("response", "body", "result", "data", "completion", "output")
"""The names under which logs keep an answer, whatever it looks like; the first one that has an object counts."""

_ANSWER_OBJECTS = ("chat.completion", "response")
_ANSWER_WORDS = frozenset(
    (
        *("answer", "body", "completion", "completions", "data", "event", "generation", "llm", "log", "message", "openai"),
        *("output", "outputs", "payload", "raw", "record", "reply", "response", "responses", "result", "results", "return"),
        *("source", "value"),
    )
)
"""The name under which a log keeps an answer has one of these words."""
_QUOTATION_WORDS = frozenset(
    (
        *("arguments", "content", "context", "document", "documents", "example", "examples", "expected", "golden", "history"),
        *("input", "inputs", "kwargs", "messages", "params", "parent", "previous", "prompt", "prompts", "query", "question"),
        *("reference", "request", "requests", "template", "text", "tool", "tools", "user", "variables"),
    )
)
"""The name of what was sent, or of what a model wrote, has one of these words: an answer in there is a quotation."""

_MAX_OBJECTS = 200


class InnerObject(NamedTuple):
    """An object inside a record, and its path. `is_json_text`: it is JSON in a text, which a model may have written.
    `has_answer_name`: its own key is a name for answers.
    """

    path: str
    value: JsonObject
    is_json_text: bool = False
    has_answer_name: bool = False


def find_inner_answers(value: JsonObject, depth: int) -> list[InnerObject]:
    """Find the answers with a usage inside a record: the first, and others with an id.

    Under a known name any usage counts; elsewhere only an object that calls itself an answer of OpenAI.
    """
    if is_answer(value):
        return []
    if _has_wrapped_usage(value, depth):
        named = find_wrapped_objects(value)
        return [*named, *_find_deeper_answers(value, named)]
    answers = [
        answer
        for answer in islice(_walk_objects(value, is_answer), MAX_ANSWERS + 1)
        if answer.has_answer_name and (not answer.is_json_text or _has_matching_counts(value, answer.value))
    ]
    return [*answers[:1], *(answer for answer in answers[1:] if get_answer_id(answer.value))]


def _find_deeper_answers(value: JsonObject, named: list[InnerObject]) -> Iterator[InnerObject]:
    """Find answers deeper in a record than the named ones, each id once. What is inside an answer is read with it."""
    known = [answer.value for answer in named]
    rest = {key: item for key, item in value.items() if isinstance(item, dict | list) and not any(item is one for one in known)}
    if not rest:
        return
    ids = {get_answer_id(record) for record in known} | {None}
    for answer in islice(_walk_objects(rest, is_answer), MAX_ANSWERS):
        if answer.has_answer_name and not answer.is_json_text and get_answer_id(answer.value) not in ids:
            ids.add(get_answer_id(answer.value))
            yield answer


def find_wrapped_objects(value: JsonObject) -> list[InnerObject]:
    """Find the objects that a record has under the first known name, and the answers with an id next to them."""
    known = _find_wrapper_field(value)
    if known is None:
        return []
    others = ((key, field) for key, field in value.items() if key != known and isinstance(field, dict))
    beside = (InnerObject(_format_key(key), field) for key, field in others if _QUOTATION_WORDS.isdisjoint(split_words(key)))
    return [
        InnerObject(known, value[known]),
        *(answer for answer in beside if isinstance(answer.value.get("usage"), dict) and get_answer_id(answer.value)),
    ]


def find_only_usage(value: JsonObject) -> list[InnerObject]:
    """Find the only object with a usage inside a record; nothing if there are several, which may be copies of one."""
    usages = [*islice((usage for usage in _walk_objects(value, has_usage) if usage.has_answer_name or not usage.is_json_text), 2)]
    return usages if len(usages) == 1 else []


def is_answer(value: JsonObject) -> bool:
    """Return True if an object is an answer of OpenAI itself, not a log's summary of one."""
    return value.get("object") in _ANSWER_OBJECTS and isinstance(value.get("usage"), dict) and has_usage(value)


def _has_matching_counts(record: JsonObject, answer: JsonObject) -> bool:
    """Return True if a record repeats the figures of an answer, or has none."""
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
    return next((name for name in WRAPPER_FIELDS if isinstance(value.get(name), dict)), None)


def _format_key(key: str) -> str:
    """Format a key for messages. A key that isn't a plain word may contain anything, so it isn't shown."""
    return redact(key).strip('"')


def _walk_objects(value: JsonObject, is_wanted: Callable[[JsonObject], bool]) -> Iterator[InnerObject]:
    """Yield the wanted objects inside a record, the least deep first, including those in lists and in JSON texts."""
    waiting = deque([(InnerObject("", value), 1)])
    seen = 0
    while waiting:
        owner, depth = waiting.popleft()
        for key, field in owner.value.items():
            for inner in _list_field_objects(owner, key, field):
                if is_wanted(inner.value):
                    yield inner
                elif depth < MAX_DEPTH and seen < _MAX_OBJECTS:
                    waiting.append((inner, depth + 1))
                seen += 1


def _list_field_objects(owner: InnerObject, key: str, value: JsonValue) -> Iterator[InnerObject]:
    """List the objects in a field: an object, those of a list, or one in a text. Fields with what was sent have none."""
    if not isinstance(value, dict | list | str) or not _QUOTATION_WORDS.isdisjoint(split_words(key)):
        return
    path, is_named = join_path(owner.path, _format_key(key)), not _ANSWER_WORDS.isdisjoint(split_words(key))
    if isinstance(value, list):
        for index, item in enumerate(value[:_MAX_OBJECTS]):
            if isinstance(item, dict):
                yield InnerObject(f"{path}[{index}]", item, owner.is_json_text, is_named)
    elif (content := value if isinstance(value, dict) else parse_embedded_object(value, "usage")) is not None:
        yield InnerObject(path, content, owner.is_json_text or isinstance(value, str), is_named)
