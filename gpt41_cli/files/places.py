"""TODO docstring"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from gpt41_cli.files.sources import STDIN
from gpt41_cli.totals import Occurrences

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
    """A line or value that is no request, and why. `is_from_folder`: of a file that was found in a folder, not named.

    `path`: that of the value in it which is wrong, if it isn't all of it.
    """

    place: InputPlace
    message: str
    is_from_folder: bool = False
    path: str = ""


@dataclass
class Rejections(Occurrences[RejectedRequest]):
    """Inputs that are no request: how many there are, how many of them in files that the user named, and the first ones."""

    named_count: int = 0

    def add(self, example: RejectedRequest) -> None:
        """Count one more."""
        super().add(example)
        self.named_count += not example.is_from_folder


class Located(NamedTuple, Generic[R]):
    """What was made of one request."""

    place: InputPlace
    result: R
