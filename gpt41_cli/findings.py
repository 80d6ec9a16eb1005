"""Findings: what a check noticed, as data. They decide exit code 1; errors (exit code 2) are in `gpt41_cli.errors`."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from typing import NamedTuple


class Level(IntEnum):
    """How much a finding weighs; an `error` makes the run exit with 1."""

    NOTICE = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        """The lower-case name, as reports print it."""
        return self.name.lower()


class Location(NamedTuple):
    """A place in a file; `line` and `column` count from 1 and are None where the whole file is meant."""

    path: str
    line: int | None = None
    column: int | None = None

    @property
    def label(self) -> str:
        """How messages call it: `gpt41.yaml:3:5`."""
        return ":".join(str(part) for part in self if part is not None)


class Finding(NamedTuple):
    """One thing a check noticed: a stable rule id, its weight, a sentence, and the figures behind it.

    `subject` is the model or file it is about.
    """

    rule: str
    level: Level
    message: str
    location: Location | None = None
    actual: str | None = None
    allowed: str | None = None
    subject: str | None = None


def sort_worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, those of the highest level first, each level in its order."""
    return sorted(findings, key=lambda finding: -finding.level)
