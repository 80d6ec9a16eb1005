"""A place in a JSON document. It returns its value, or says where and why it can't; `gpt41_cli.records` builds from it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import NoReturn

from gpt41_cli.errors import quote_text
from gpt41_cli.files import fields
from gpt41_cli.files.fields import BadBody, JsonValue

_DECIMAL_PATTERN = re.compile(r"(0|[1-9]\d{0,39})(\.\d{1,40})?", re.ASCII)
_DATE_PATTERN = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# Above any figure of this program, and low enough for exact arithmetic.
_MAX_NUMBER = 10**24


class JsonCursor:
    """A value and the path that leads to it. Every reader returns a plain value or raises BadBody."""

    __slots__ = ("name", "path", "value")

    def __init__(self, value: JsonValue, path: str = "", name: str = "") -> None:
        self.value = value
        self.path = path
        self.name = name

    @property
    def is_null(self) -> bool:
        """True for null, and for a value that is missing."""
        return self.value is None

    def fail(self, expected: str, found: str | None = None) -> NoReturn:
        """Raise BadBody; without `found`, the message says the kind of the value."""
        raise BadBody(self.path, expected, found or fields.describe_kind(self.value))

    def at(self, key: str) -> JsonCursor:
        """Return the value of an object under a key."""
        return JsonCursor(fields.require_object(self.value, self.path).get(key), fields.join_path(self.path, key), key)

    def fields(self, required: Sequence[str], optional: Sequence[str] = (), *, others: bool = True) -> dict[str, JsonCursor]:
        """Return the values of an object under these keys; others are ignored. Optional ones are left out if they are null."""
        cursors = {key: self.at(key) for key in (*required, *optional)}
        return {key: value for key, value in cursors.items() if key in required or not value.is_null}

    def only(self, keys: Collection[str]) -> dict[str, JsonCursor]:
        """Return the entries of an object that has no keys other than these."""
        entries = fields.require_object(self.value, self.path)
        for key in entries:
            if key not in keys:
                self.fail(f"the keys {', '.join(keys)}", fields.redact(key))
        return {key: self.at(key) for key in entries}

    def entries(self) -> dict[str, JsonCursor]:
        """Return the entries of an object with free keys."""
        entries = fields.require_object(self.value, self.path)
        return {key: JsonCursor(value, f"{self.path}[{quote_text(key)}]", key) for key, value in entries.items()}

    def items(self) -> Iterator[JsonCursor]:
        """Return the items of a list."""
        for index, value in enumerate(fields.require_list(self.value, self.path)):
            yield JsonCursor(value, f"{self.path}[{index}]")

    def text(self) -> str:
        """Read text, which may be empty."""
        return fields.require_text(self.value, self.path)

    def word(self) -> str:
        """Read text that isn't empty."""
        if not isinstance(self.value, str) or not self.value:
            self.fail("a name")
        return self.value

    def choice(self, *allowed: str) -> str:
        """One of `allowed`."""
        if self.value not in allowed:
            self.fail(
                f"one of {', '.join(allowed)}", fields.redact(self.value) if self.value and isinstance(self.value, str) else None
            )
        return str(self.value)

    def integer(self, at_least: int = 0, at_most: int = _MAX_NUMBER) -> int:
        """A whole number."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not at_least <= self.value <= at_most:
            self.fail(f"a whole number, {at_least} or more")
        return self.value

    def decimal(self) -> Decimal:
        """Read a decimal that is written as text, with every digit."""
        if not isinstance(self.value, str) or not _DECIMAL_PATTERN.fullmatch(self.value):
            self.fail("a plain decimal as text")
        return Decimal(self.value)

    def boolean(self) -> bool:
        """True or false."""
        if not isinstance(self.value, bool):
            self.fail("true or false")
        return self.value

    def day(self) -> date:
        """A date, YYYY-MM-DD."""
        if isinstance(self.value, str) and _DATE_PATTERN.fullmatch(self.value):
            with suppress(ValueError):
                return date.fromisoformat(self.value)
        return self.fail("a date, YYYY-MM-DD")
