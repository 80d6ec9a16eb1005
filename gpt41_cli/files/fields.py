"""Values of a JSON body, checked where they are read: each reader returns a plain value or says where and what is wrong.

Those that take an object and a key read a field of it; their `path` is that of the object, which is empty for the body itself.
The path of a field is made only when it is complained of: most never are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn, TypeAlias

from gpt41_cli.errors import InputError, quoted

Json: TypeAlias = Any
"""A value as the JSON parser returns it."""

Object: TypeAlias = "Mapping[str, Json]"

_KINDS = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
_MOST = 1_000_000_000
_WORD = re.compile(r"[\w./$-]{1,40}")


class BadBody(InputError):
    """A body that cannot be a request; the message begins with the path of the value inside of it."""


def fail(path: str, expected: str, value: Json) -> NoReturn:
    """Raise BadBody. The kind of the value is told, and its content only where that is a number: a prompt stays private."""
    raise BadBody(f"{path}: expected {expected}, found {kind_of(value)}")


def kind_of(value: Json) -> str:
    """What a value is, in words."""
    if value is None:
        return "nothing"
    if value == "":
        return "empty text"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"the number {value}" if abs(value) < _MOST**2 else "a very large number"
    return _KINDS[type(value)]


def told(text: str) -> str:
    """`text` where it is a plain word, as names and kinds are; of anything else only that it is text: it may be a prompt."""
    return quoted(text) if _WORD.fullmatch(text) else "text"


def join(path: str, key: str) -> str:
    """The path of a field."""
    return f"{path}.{key}" if path else key


def as_object(value: Json, path: str) -> Object:
    """An object."""
    if not isinstance(value, dict):
        fail(path, "an object", value)
    return value


def as_list(value: Json, path: str) -> list[Json]:
    """A list."""
    if not isinstance(value, list):
        fail(path, "a list", value)
    return value


def as_text(value: Json, path: str) -> str:
    """Text, which may be empty."""
    if not isinstance(value, str):
        fail(path, "text", value)
    return value


def object_at(owner: Object, key: str, path: str) -> Object:
    """A field that must be an object."""
    return as_object(owner.get(key), join(path, key))


def optional_object(owner: Object, key: str, path: str) -> Object | None:
    """A field that is an object, or missing or null."""
    value = owner.get(key)
    return None if value is None else as_object(value, join(path, key))


def list_at(owner: Object, key: str, path: str) -> list[Json]:
    """A field that is a list; missing or null reads as an empty one."""
    value = owner.get(key)
    return [] if value is None else as_list(value, join(path, key))


def text_at(owner: Object, key: str, path: str) -> str:
    """A field that is text; missing or null reads as empty."""
    value = owner.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        fail(join(path, key), "text", value)
    return value


def name_at(owner: Object, key: str, path: str) -> str:
    """A field that must be text and not empty."""
    value = owner.get(key)
    if not isinstance(value, str) or not value:
        fail(join(path, key), "a name", value)
    return value


def choice_at(owner: Object, key: str, path: str, allowed: tuple[str, ...]) -> str:
    """A field that must be one of `allowed`."""
    value = owner.get(key)
    if value not in allowed:
        expected = f"one of {', '.join(allowed)}"
        if isinstance(value, str) and value:
            raise BadBody(f"{join(path, key)}: expected {expected}, found {told(value)}")
        fail(join(path, key), expected, value)
    return str(value)


def count_at(owner: Object, key: str, path: str) -> int | None:
    """A field that is a whole number from 1 on; missing or null is None."""
    value = owner.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MOST:
        fail(join(path, key), f"a whole number from 1 to {_MOST:,}", value)
    return value
