"""TODO docstring"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, NamedTuple, TypeVar

from gpt41_cli.files.sources import STDIN

R = TypeVar("R")


class InputPlace(NamedTuple):
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


class RejectedRequest(NamedTuple):
    """A line or value that is no request, and why. `is_from_folder`: of a file that was found in a folder, not named."""

    place: InputPlace
    message: str
    is_from_folder: bool = False


MAX_KEPT = 10


class Rejections:
    """Inputs that are no request: how many there are, how many of them in files that the user named, and the first ones."""

    def __init__(self, count: int = 0, named: int = 0, first: Sequence[RejectedRequest] = ()) -> None:
        self.count = count
        self.named_count = named
        self.examples = list(first)

    def add(self, invalid: RejectedRequest) -> None:
        """Add one."""
        self.count += 1
        self.named_count += not invalid.is_from_folder
        if len(self.examples) < MAX_KEPT:
            self.examples.append(invalid)

    def __add__(self, other: Rejections) -> Rejections:
        return Rejections(
            self.count + other.count, self.named_count + other.named_count, [*self.examples, *other.examples][:MAX_KEPT]
        )


class Located(NamedTuple, Generic[R]):
    """What was made of one request."""

    place: InputPlace
    result: R
