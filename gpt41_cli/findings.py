"""Findings: what a check noticed, as data. They decide exit code 1; errors (exit code 2) are in `gpt41_cli.errors`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Self

from gpt41_cli.rules import Level, Rule


class Location(NamedTuple):
    """A place in a file; `line` and `column` count from 1 and are None where the whole file is meant."""

    path: str
    line: int | None = None
    column: int | None = None

    @property
    def label(self) -> str:
        """How messages call it: `gpt41.yaml:3:5`."""
        return ":".join(str(part) for part in self if part is not None)


class _FindingFields(NamedTuple):
    rule: Rule
    message: str
    level: Level
    location: Location | None
    actual: str | None
    allowed: str | None
    subject: str | None


class Finding(_FindingFields):
    """One thing a check noticed: the rule, a sentence, its weight (that of the rule if none is given), where it is, and the
    figures behind it.

    `subject` is the model or file it is about.
    """

    __slots__ = ()

    def __new__(
        cls,
        rule: Rule,
        message: str,
        level: Level | None = None,
        location: Location | None = None,
        actual: str | None = None,
        allowed: str | None = None,
        subject: str | None = None,
    ) -> Self:
        """Take the level of the rule if none is given."""
        return super().__new__(cls, rule, message, rule.level if level is None else level, location, actual, allowed, subject)


def sort_worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, those of the highest level first, each level in its order."""
    return sorted(findings, key=lambda finding: -finding.level)
