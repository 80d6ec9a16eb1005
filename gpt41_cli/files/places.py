"""Lines and values of inputs that aren't requests, with their places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from gpt41_cli.findings import Place
from gpt41_cli.totals import Occurrences


class RejectedRequest(NamedTuple):
    """A line or value that isn't a request, and why. `is_from_folder`: its file was found in a folder, not named by the user.

    `path` is that of the wrong value in it; empty if all of it is wrong.
    """

    place: Place
    message: str
    is_from_folder: bool = False
    path: str = ""


@dataclass
class Rejections(Occurrences[RejectedRequest]):
    """Inputs that aren't requests: how many, how many of them in files that the user named, and the first ones."""

    named_count: int = 0

    def add(self, example: RejectedRequest, times: int = 1) -> None:
        """Count one more, or several of which this is the first."""
        super().add(example, times)
        self.named_count += times * (not example.is_from_folder)
