"""TODO docstring"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from gpt41_cli.findings import Place
from gpt41_cli.totals import Occurrences

R = TypeVar("R")


class RejectedRequest(NamedTuple):
    """A line or value that is no request, and why. `is_from_folder`: of a file that was found in a folder, not named.

    `path`: that of the value in it which is wrong, if it isn't all of it.
    """

    place: Place
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

    place: Place
    result: R
