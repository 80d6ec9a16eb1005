"""What records say in the fields by which answers are grouped: a project, a key, a user, a tag, an hour."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TypeVar

from gpt41_cli.answers.answers import Answer
from gpt41_cli.answers.days import read_hour
from gpt41_cli.answers.named_columns import find_value
from gpt41_cli.files.fields import JsonValue

A = TypeVar("A", bound=Answer)

HOUR = "hour"
"""The field that is computed from the time of a record."""

_MAX_SEEN_KEYS = 200


class LabelReader:
    """Reads `fields` of records: columns, keys or dotted paths. `seen_keys` are the keys of the first records, for hints."""

    def __init__(self, fields: Sequence[str]) -> None:
        self.fields = tuple(fields)
        self.columns = frozenset(map(_name_as_column, fields))
        self.seen_keys: dict[str, None] = {}

    @property
    def has_hours(self) -> bool:
        """True if one of the fields is the hour."""
        return HOUR in self.fields

    def note_keys(self, keys: Iterable[str]) -> None:
        """Keep the keys of a record or the columns of a file, if there is room."""
        if len(self.seen_keys) < _MAX_SEEN_KEYS:
            self.seen_keys.update(dict.fromkeys(keys))

    def add_labels(self, answer: A, record: JsonValue) -> A:
        """Return an answer with labels from the record for the fields that it has no label for."""
        if not isinstance(record, dict):
            return answer
        self.note_keys(record)
        known = answer.labels or (None,) * len(self.fields)
        pairs = zip(self.fields, known, strict=True)
        return answer._replace(labels=tuple(_read_label(record, name) if label is None else label for name, label in pairs))


def _read_label(record: dict[str, JsonValue], name: str) -> str | None:
    if name == HOUR:
        return read_hour(record)
    value = find_value(record, name)
    if value is None:
        value = record.get(_name_as_column(name))
    if value is None or isinstance(value, str):
        return value or None
    return json.dumps(value)


def _name_as_column(name: str) -> str:
    """Return a name in the form that the columns of a CSV have once they are read."""
    return name.lower().replace(" ", "_")
