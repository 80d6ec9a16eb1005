"""TODO docstring"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from gpt41_cli.files.sources import STDIN

R = TypeVar("R")


class Place(NamedTuple):
    """Where a request stands: its `position` from 0 in a list or file of lines, in the latter its `line` from 1.

    None in `position`: it is all of its file.
    """

    path: str
    position: int | None = None
    line: int | None = None

    @property
    def label(self) -> str:
        """How messages call it: `batch.jsonl:17`, `list.json[3]`."""
        name = "standard input" if self.path == STDIN else self.path
        if self.line is not None:
            return f"{name}:{self.line}"
        return name if self.position is None else f"{name}[{self.position}]"


class Invalid(NamedTuple):
    """A line or value that is no request, and why. `is_listed`: of a file that was found in a folder, not named."""

    place: Place
    message: str
    is_listed: bool = False


KEPT = 10


class Rejects:
    """Inputs that are no request: how many there are, how many of them in files that the user named, and the first ones."""

    def __init__(self, count: int = 0, named: int = 0, first: Sequence[Invalid] = ()) -> None:
        self.count = count
        self.named = named
        self.first = list(first)

    def add(self, invalid: Invalid) -> None:
        """Add one."""
        self.count += 1
        self.named += not invalid.is_listed
        if len(self.first) < KEPT:
            self.first.append(invalid)

    def __add__(self, other: Rejects) -> Rejects:
        return Rejects(self.count + other.count, self.named + other.named, [*self.first, *other.first][:KEPT])


class Done(NamedTuple, Generic[R]):
    """What was made of one request."""

    place: Place
    result: R
