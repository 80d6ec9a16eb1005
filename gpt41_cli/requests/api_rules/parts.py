"""The parts of a body that several rules look at, each with its path."""

from __future__ import annotations

from collections.abc import Iterator

from gpt41_cli.files.fields import JsonObject, join_path

_STORED_INPUT = ("previous_response_id", "conversation", "prompt")


def list_objects(owner: JsonObject, key: str, path: str) -> Iterator[tuple[JsonObject, str]]:
    """Yield the objects in a list, each with its path. Items of unknown types are read with anything in their lists."""
    values = owner.get(key)
    for index, value in enumerate(values if isinstance(values, list) else ()):
        if isinstance(value, dict):
            yield value, f"{join_path(path, key)}[{index}]"


def has_stored_input(body: JsonObject) -> bool:
    """Return True if part of what a model reads isn't in the body."""
    return any(body.get(key) is not None for key in _STORED_INPUT)


def unwrap(owner: JsonObject, key: str, path: str) -> tuple[JsonObject, str]:
    """Return the object in a field, or the owner if there is none, with its path."""
    inner = owner.get(key)
    return (inner, join_path(path, key)) if isinstance(inner, dict) else (owner, path)


def find_answer_format(body: JsonObject, path: str) -> tuple[JsonObject, str]:
    """Return the structured output of either endpoint, and its path."""
    owner, at = unwrap(body, "text", path)
    answer_format, at = unwrap(owner, "response_format" if owner is body else "format", at)
    return ({}, at) if answer_format is owner else unwrap(answer_format, "json_schema", at)
