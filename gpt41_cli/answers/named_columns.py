"""The columns and fields of a log that the user names, for logs whose names aren't known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gpt41_cli.answers import figure_names
from gpt41_cli.answers.days import TIME_FIELDS
from gpt41_cli.answers.usage import find_usage, has_usage
from gpt41_cli.errors import InputError, quote_text, suggest
from gpt41_cli.files.documents import parse_embedded_object
from gpt41_cli.files.fields import JsonObject, JsonValue
from gpt41_cli.findings import Place

FIELDS_BY_NAME: Mapping[str, str] = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cached": "cached_tokens",
    "cache_write": "cache_write_tokens",
    "reasoning": "reasoning_tokens",
    "total": "total_tokens",
    "requests": "requests",
    "model": "model",
    "day": "date",
    "mode": "mode",
    "id": "id",
    "custom_id": "custom_id",
}
"""The names of figures and labels, and the fields in which they are read."""

_RIVALS = (
    figure_names.INPUT_FIELDS,
    figure_names.OUTPUT_FIELDS,
    figure_names.CACHED_FIELDS,
    figure_names.CACHE_WRITE_FIELDS,
    figure_names.MODEL_FIELDS,
    figure_names.TIER_FIELDS,
    TIME_FIELDS,
)
"""Alternative names for one field: if one of them is named, the others aren't read."""

_LABELS = frozenset(("model", "date", "mode", "id", "custom_id"))
"""Fields that say something about an answer besides its usage."""

_MAX_SHOWN = 8


class NamedColumns:
    """Which column or field (a dotted path) each field of FIELDS_BY_NAME is read from. Which of them a file has is known at its
    end.
    """

    def __init__(self, columns: Mapping[str, str]) -> None:
        self._columns = columns
        self._rivals = {
            rival for field in columns for names in _RIVALS if field in names for rival in names if rival not in columns
        }
        self._missing = set(columns)

    def name_header(self, header: Sequence[str], place: Place) -> list[str]:
        """Return a header with known names for the columns that are named. Raises InputError if there is no such column."""
        renamed = list(header)
        written = [cell.strip() for cell in header]
        named: set[int] = set()
        for field, column in self._columns.items():
            alike = [at for at, cell in enumerate(written) if cell == column] or [
                at for at, cell in enumerate(written) if cell.lower() == column.lower()
            ]
            if len(alike) != 1:
                shown = ", ".join(map(quote_text, written[:_MAX_SHOWN])) + ", ..." * (len(written) > _MAX_SHOWN)
                expected = f"the column {quote_text(column)} of --columns once"
                found = f"it {len(alike)} times" if alike else f"only {shown}"
                raise InputError(expected=expected, found=found, hint=suggest(column, written), location=place)
            renamed[alike[0]] = field
            named.add(alike[0])
        others = {*self._rivals, *self._columns}
        return ["" if at not in named and cell.strip() in others else cell for at, cell in enumerate(renamed)]

    def name_fields(self, value: JsonValue) -> JsonValue:
        """Return a record with the named fields as its own; as it is if it has none of them. A list is one of records."""
        if isinstance(value, list):
            return [self.name_fields(item) for item in value]
        named = {field: _find_field(value, path) for field, path in self._columns.items()} if isinstance(value, dict) else {}
        named = {field: item for field, item in named.items() if item is not None}
        if not named:
            return value
        self._missing -= named.keys()
        if named.keys() <= _LABELS:  # the answer may be further down, and gets its labels when it is read
            return {key: item for key, item in value.items() if key not in self._rivals}
        own = {
            key: item for key, item in value.items() if not isinstance(item, dict | list) and key not in self._columns.values()
        }
        if has_usage(value) and not (usage := find_usage(value, "")).is_record:
            own |= _spread_details(usage.figures)
        return {**{key: item for key, item in own.items() if key not in self._rivals}, **named}

    def find_labels(self, value: JsonValue) -> JsonObject:
        """Return the named fields of a record that are labels, such as the model; a list of records has none."""
        if not isinstance(value, dict):
            return {}
        labels = {field: find_value(value, path) for field, path in self._columns.items() if field in _LABELS}
        return {field: label for field, label in labels.items() if field == "date" or isinstance(label, str)}

    def require_all(self, name: str) -> None:
        """Raise InputError if no record of a file had one of the fields; then forget the file."""
        missing, self._missing = self._missing, set(self._columns)
        if missing:
            path = next(path for field, path in self._columns.items() if field in missing)
            raise InputError(expected=f"the field {quote_text(path)} of --columns", found="no record that has it", location=name)


def find_value(value: JsonObject, path: str) -> JsonValue:
    """Return the value at a dotted path, or under a key with dots; None if there is none. Objects may be JSON as text."""
    if path in value:
        return value[path]
    inner: JsonValue = value
    for part in path.split("."):
        if isinstance(inner, str):
            inner = parse_embedded_object(inner, part)
        if isinstance(inner, list) and part.isdecimal() and int(part) < len(inner):
            inner = inner[int(part)]
        else:
            inner = inner.get(part) if isinstance(inner, dict) else None
    return inner


def _find_field(value: JsonObject, path: str) -> Any:
    """Return the value at a dotted path, with a count in text as a number; None if there is none."""
    content = find_value(value, path)
    is_count = isinstance(content, str) and content.isdecimal() and content.isascii() and len(content) < 16
    return int(content) if is_count else content


def _spread_details(usage: JsonObject) -> dict[str, JsonValue]:
    """Return the figures of a usage and of its details side by side."""
    spread: dict[str, JsonValue] = {}
    for key, entry in usage.items():
        spread.update(entry if isinstance(entry, dict) else {key: entry})
    return spread
