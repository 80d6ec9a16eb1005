"""Findings: the results of checks, as data. They decide exit code 1; errors (exit code 2) are in `gpt41_cli.errors`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple, Self

from gpt41_cli.rules import Level, Rule

if TYPE_CHECKING:
    from gpt41_cli.totals import Occurrences

STDIN = "-"
"""The path of standard input."""

_URL = re.compile(r"(?:s3|gs|abfss?)://")


def is_url(path: str) -> bool:
    """Return True for the address of an object or a folder in a cloud's storage.

    >>> is_url("s3://bucket/calls"), is_url("calls.parquet")
    (True, False)
    """
    return _URL.match(path) is not None


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
        """Its name in messages: `batch.jsonl:17`, `gpt41.yaml:3:5`, `list.json[3]`."""
        name = "standard input" if self.path == STDIN else self.path
        if self.line is None:
            return name if self.position is None else f"{name}[{self.position}]"
        return f"{name}:{self.line}" if self.column is None else f"{name}:{self.line}:{self.column}"


class Citation(NamedTuple):
    """Where a figure comes from; `date` is a day, a month or a year: as exact as the source is."""

    id: str
    title: str
    url: str
    date: str

    @property
    def label(self) -> str:
        """Its form in messages: `launch 2025-04-14`."""
        return f"{self.id} {self.date}"


class _FindingFields(NamedTuple):
    rule: Rule
    message: str
    level: Level
    place: Place | None
    actual: str | None
    allowed: str | None
    subject: str | None
    sources: tuple[Citation, ...]
    brief: str
    names_place: bool


class Finding(_FindingFields):
    """Something to report: a result of a check, or a reason for or against a choice. `level` is the rule's if none is given.
    `actual` and `allowed` are the figures behind the message, as plain digits, and `subject` is the model or file it is about.
    `brief` is the message in a few words, for a table. `names_place`: the message says where it is.
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
        sources: tuple[Citation, ...] = (),
        brief: str = "",
        names_place: bool = False,
    ) -> Self:
        """Take the level of the rule if none is given."""
        level = rule.level if level is None else level
        return super().__new__(cls, rule, message, level, place, actual, allowed, subject, sources, brief, names_place)

    @property
    def citation(self) -> str:
        """The sources as reports print them: `launch 2025-04-14, sdk 2026-11`."""
        return ", ".join(dict.fromkeys(source.label for source in self.sources))


class CountedFinding(NamedTuple):
    """A finding that occurred several times, with its first place."""

    finding: Finding
    times: int
    first: Place


def sort_most_frequent_first(places: Mapping[tuple[Rule, str], Occurrences[Place]]) -> list[CountedFinding]:
    """Count findings by their rule and message, the most frequent first."""
    counted = [CountedFinding(Finding(*key), occurrences.count, occurrences.examples[0]) for key, occurrences in places.items()]
    return sorted(counted, key=lambda entry: (-entry.times, entry.finding.rule.id, entry.finding.message))


def sort_worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Sort the findings by level, the highest first, and keep the order within a level."""
    return sorted(findings, key=lambda finding: -finding.level)
