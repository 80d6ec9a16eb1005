"""Findings: what a check noticed, as data. They decide exit code 1; errors (exit code 2) are in `gpt41_cli.errors`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Self

from gpt41_cli.rules import Level, Rule

STDIN = "-"
"""The path of standard input."""


class Place(NamedTuple):
    """Where something is: a file, a `line` and a `column` of it from 1, or a `position` from 0 in its list or lines of requests.

    None: all of the file, or all of the line.
    """

    path: str
    line: int | None = None
    column: int | None = None
    position: int | None = None

    @property
    def label(self) -> str:
        """How messages call it: `batch.jsonl:17`, `gpt41.yaml:3:5`, `list.json[3]`."""
        name = "standard input" if self.path == STDIN else self.path
        if self.line is None:
            return name if self.position is None else f"{name}[{self.position}]"
        return f"{name}:{self.line}" if self.column is None else f"{name}:{self.line}:{self.column}"


class _FindingFields(NamedTuple):
    rule: Rule
    message: str
    level: Level
    place: Place | None
    actual: str | None
    allowed: str | None
    subject: str | None
    names_place: bool


class Finding(_FindingFields):
    """One thing a check noticed: the rule, a sentence, its weight (that of the rule if none is given), where it is, and the
    figures behind it.

    `subject` is the model or file it is about. `names_place`: the message says where it is.
    """

    __slots__ = ()

    def __new__(
        cls,
        rule: Rule,
        message: str,
        level: Level | None = None,
        place: Place | None = None,
        actual: str | None = None,
        allowed: str | None = None,
        subject: str | None = None,
        names_place: bool = False,
    ) -> Self:
        """Take the level of the rule if none is given."""
        level = rule.level if level is None else level
        return super().__new__(cls, rule, message, level, place, actual, allowed, subject, names_place)


def sort_worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, those of the highest level first, each level in its order."""
    return sorted(findings, key=lambda finding: -finding.level)
