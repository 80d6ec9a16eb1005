"""Where inside of a record the answer stands: logs put all kinds of things around it, under names of their own."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from gpt41_cli.answers.answers import counts_of, has_usage, id_of
from gpt41_cli.files.documents import object_in
from gpt41_cli.files.fields import Json, Object, join, told

DEEPEST = 4
"""How deep an answer may stand."""

WRAPPERS = ("response", "body", "result", "data", "completion", "output")
"""The names behind which logs keep an answer, whatever it looks like; the first one that holds an object is it."""

_KINDS = ("chat.completion", "response")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_OF_ANSWERS = frozenset(
    (
        *("answer", "body", "completion", "completions", "data", "event", "generation", "llm", "log", "message", "openai"),
        *("output", "outputs", "payload", "raw", "record", "reply", "response", "responses", "result", "results", "return"),
        *("source", "value"),
    )
)
"""One of these words is in the name behind which a log keeps an answer."""
_OF_QUOTATIONS = frozenset(
    (
        *("arguments", "content", "context", "document", "documents", "example", "examples", "expected", "golden", "history"),
        *("input", "inputs", "kwargs", "messages", "params", "parent", "previous", "prompt", "prompts", "query", "question"),
        *("reference", "request", "requests", "template", "text", "tool", "tools", "user", "variables"),
    )
)
"""One of these words is in the name of what was sent, or of what a model wrote: an answer in there is a quotation."""

_MOST_OBJECTS = 200
_MOST_ANSWERS = 20


class Inner(NamedTuple):
    """An object inside of a record, and its path from there; `is_text`: it is JSON in a text, which a model may have written;
    `is_named`: its own name is one of an answer.
    """

    path: str
    value: Object
    is_text: bool = False
    is_named: bool = False


def answers_inside(value: Object, depth: int) -> list[Inner]:
    """The answers with a usage of their own inside of a record, of which it may have a copy: the first, and others with an id.

    Behind a known name that is any usage; elsewhere only what calls itself an answer of OpenAI.
    """
    if is_answer(value):
        return []
    if _has_usage_behind_names(value, depth):
        named = named_inside(value)
        return [*named, *_further(value, named)]
    found = [
        each
        for each in islice(_nested(value, is_answer), _MOST_ANSWERS)
        if each.is_named and (not each.is_text or _may_be_of(value, each.value))
    ]
    return [*found[:1], *(each for each in found[1:] if id_of(each.value))]


def _further(value: Object, named: list[Inner]) -> Iterator[Inner]:
    """The answers deeper in a record than those that are named, each by its id once; what is in these is read with them."""
    known = [each.value for each in named]
    rest = {key: each for key, each in value.items() if isinstance(each, dict | list) and not any(each is one for one in known)}
    if not rest:
        return
    ids = {id_of(each) for each in known} | {None}
    for each in islice(_nested(rest, is_answer), _MOST_ANSWERS):
        if each.is_named and not each.is_text and id_of(each.value) not in ids:
            ids.add(id_of(each.value))
            yield each


def named_inside(value: Object) -> list[Inner]:
    """What stands in a record behind the first known name, and the answers with an id beside it."""
    known = _known_name(value)
    if known is None:
        return []
    others = ((key, each) for key, each in value.items() if key != known and isinstance(each, dict))
    beside = (Inner(_shown(key), each) for key, each in others if _OF_QUOTATIONS.isdisjoint(_words(key)))
    return [
        Inner(known, value[known]),
        *(each for each in beside if isinstance(each.value.get("usage"), dict) and id_of(each.value)),
    ]


def usage_inside(value: Object) -> list[Inner]:
    """The only object inside of a record that has a usage; nothing where there are several: they may be copies of one."""
    found = [*islice((each for each in _nested(value, has_usage) if each.is_named or not each.is_text), 2)]
    return found if len(found) == 1 else []


def is_answer(value: Object) -> bool:
    """Whether an object is an answer of OpenAI, and not what a log says of one."""
    return value.get("object") in _KINDS and isinstance(value.get("usage"), dict) and has_usage(value)


def _may_be_of(record: Object, answer: Object) -> bool:
    """Whether a record says the figures of an answer, or none."""
    return not has_usage(record) or counts_of(record) == counts_of(answer)


def _has_usage_behind_names(value: Object, depth: int) -> bool:
    for _ in range(DEEPEST - depth):
        name = _known_name(value)
        if name is None:
            return False
        value = value[name]
        if has_usage(value):
            return True
    return False


def _known_name(value: Object) -> str | None:
    for name in WRAPPERS:
        if isinstance(value.get(name), dict):
            return name
    return None


@lru_cache(10_000)
def _words(key: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(key)}


def _shown(key: str) -> str:
    """A key as complaints show it: where it is no plain word, it may be anything."""
    return told(key).strip('"')


def _nested(value: Object, is_wanted: Callable[[Object], bool]) -> Iterator[Inner]:
    """The objects inside that are wanted, those that are least deep first; those of lists and in JSON in a text too."""
    waiting = deque([(Inner("", value), 1)])
    seen = 0
    while waiting:
        owner, depth = waiting.popleft()
        for key, each in owner.value.items():
            for inner in _objects(owner, key, each):
                if is_wanted(inner.value):
                    yield inner
                elif depth < DEEPEST and seen < _MOST_OBJECTS:
                    waiting.append((inner, depth + 1))
                seen += 1


def _objects(owner: Inner, key: str, value: Json) -> Iterator[Inner]:
    """What a field of an object holds: an object, those of a list, one in a text; nothing where that is what was sent."""
    if not isinstance(value, dict | list | str) or not _OF_QUOTATIONS.isdisjoint(_words(key)):
        return
    path, is_named = join(owner.path, _shown(key)), not _OF_ANSWERS.isdisjoint(_words(key))
    if isinstance(value, list):
        for index, each in enumerate(value[:_MOST_OBJECTS]):
            if isinstance(each, dict):
                yield Inner(f"{path}[{index}]", each, owner.is_text, is_named)
    elif (found := value if isinstance(value, dict) else object_in(value, "usage")) is not None:
        yield Inner(path, found, owner.is_text or isinstance(value, str), is_named)
