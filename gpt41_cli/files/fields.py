"""Read and check values of a JSON body: each reader returns a plain value or says what is wrong, and where.

Readers that take an object and a key read one of its fields. Their `path` is the path of the object, empty for the body. The path
of a field is built only for an error, since most fields have none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NoReturn, TypeAlias

from gpt41_cli.errors import InputError, quote_text

JsonValue: TypeAlias = Any
"""A value as the JSON parser returns it."""

JsonObject: TypeAlias = "Mapping[str, JsonValue]"

_KIND_NAMES = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
_MAX_COUNT = 1_000_000_000
_PLAIN_WORD = re.compile(r"[\w./$-]{1,40}")


class BadBody(InputError):
    """A body that can't be a request. The message begins with the path of the value in it; `line` is the line of its file where
    JSON breaks off.
    """

    line: int | None = None


class DamagedJson(BadBody):
    """A file that looks like requests but isn't JSON: its content is missing."""


def fail(path: str, expected: str, value: JsonValue) -> NoReturn:
    """Raise BadBody. The message says the kind of the value, and its content only if it is a number: prompts stay private."""
    raise BadBody(path, expected, describe_kind(value))


def describe_kind(value: JsonValue) -> str:
    """Name the kind of a value."""
    if value is None:
        return "nothing"
    if value == "":
        return "empty text"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"the number {value}" if abs(value) < _MAX_COUNT**2 else "a very large number"
    return _KIND_NAMES[type(value)]


def redact(text: str) -> str:
    """Quote a plain word, such as a name or a kind; for anything else say only that it is text, because it may be part of a
    prompt.
    """
    return quote_text(text) if _PLAIN_WORD.fullmatch(text) else "text"


def join_path(path: str, key: str) -> str:
    """Join the path of an object and a key."""
    return f"{path}.{key}" if path else key


def require_object(value: JsonValue, path: str) -> JsonObject:
    """Return an object. Raises BadBody for anything else."""
    if not isinstance(value, dict):
        fail(path, "an object", value)
    return value


def require_list(value: JsonValue, path: str) -> list[JsonValue]:
    """Return a list. Raises BadBody for anything else."""
    if not isinstance(value, list):
        fail(path, "a list", value)
    return value


def require_text(value: JsonValue, path: str) -> str:
    """Return text, which may be empty. Raises BadBody for anything else."""
    if not isinstance(value, str):
        fail(path, "text", value)
    return value


def get_object(owner: JsonObject, key: str, path: str) -> JsonObject:
    """Get a field that must be an object."""
    return require_object(owner.get(key), join_path(path, key))


def get_optional_object(owner: JsonObject, key: str, path: str) -> JsonObject | None:
    """Get a field that is an object, missing or null."""
    value = owner.get(key)
    return None if value is None else require_object(value, join_path(path, key))


def get_list(owner: JsonObject, key: str, path: str) -> list[JsonValue]:
    """Get a field that is a list. Missing or null gives an empty one."""
    value = owner.get(key)
    return [] if value is None else require_list(value, join_path(path, key))


def get_text(owner: JsonObject, key: str, path: str) -> str:
    """Get a field that is text. Missing or null gives empty text."""
    value = owner.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        fail(join_path(path, key), "text", value)
    return value


def get_name(owner: JsonObject, key: str, path: str) -> str:
    """Get a field that must be text and not empty."""
    value = owner.get(key)
    if not isinstance(value, str) or not value:
        fail(join_path(path, key), "a name", value)
    return value


def get_choice(owner: JsonObject, key: str, path: str, allowed: tuple[str, ...]) -> str:
    """Get a field that must be one of `allowed`."""
    value = owner.get(key)
    if value not in allowed:
        expected = f"one of {', '.join(allowed)}"
        if isinstance(value, str) and value:
            raise BadBody(join_path(path, key), expected, redact(value))
        fail(join_path(path, key), expected, value)
    return str(value)


def get_count(owner: JsonObject, key: str, path: str) -> int | None:
    """Get a field that is a whole number of 1 or more. Missing or null gives None."""
    value = owner.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= _MAX_COUNT:
        fail(join_path(path, key), f"a whole number from 1 to {_MAX_COUNT:,}", value)
    return value
