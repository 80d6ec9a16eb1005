"""Find messages, requests and usage somewhere inside other data: in its objects and lists, and in JSON that is kept as text."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from gpt41_cli.files.documents import parse_json
from gpt41_cli.files.fields import BadBody, JsonValue, join_path, redact

_MAX_VALUES = 500_000
_MARKERS = ('"role"', '"messages"', 'tokens"', "okenCount", "Tokens")
"""Text in which one of these stands may be JSON with messages or usage."""


class InnerContent(NamedTuple):
    """The kind of content inside a value, and the path of its first occurrence."""

    path: str
    name: str
    is_log: bool


def find_inside(value: JsonValue, classify: Callable[[JsonValue], tuple[str, bool] | None]) -> InnerContent | None:
    """Find the first value inside another for which `classify` returns a name, and whether it is a log; the least deep first.
    None if there is none.
    """
    waiting = deque([("", value)])
    seen = 0
    while waiting and seen < _MAX_VALUES:
        path, owner = waiting.popleft()
        if content := classify(owner):
            return InnerContent(path, *content)
        if isinstance(owner, dict):
            items = ((join_path(path, redact(key).strip('"')), item) for key, item in owner.items())
        else:
            items = ((f"{path}[{index}]", item) for index, item in enumerate(owner))
        for at, item in items:
            seen += 1
            inner = parse_text(item) if isinstance(item, str) else item
            if isinstance(inner, dict | list):
                waiting.append((at, inner))
    return None


def parse_text(text: str) -> JsonValue:
    """Parse text that may be JSON with messages or usage; None for any other."""
    if text.lstrip()[:1] in ("{", "[") and any(mark in text for mark in _MARKERS):
        with suppress(BadBody, UnicodeError):
            return parse_json(text.encode())
    return None
