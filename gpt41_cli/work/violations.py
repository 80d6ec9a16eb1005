"""How the lines of a file violate rules: how often, the first examples, and duplicate lines."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

from gpt41_cli.display import format_int
from gpt41_cli.files.sources import InputSource
from gpt41_cli.findings import Finding, Place
from gpt41_cli.rules import Group, Level, Rule
from gpt41_cli.totals import Addable, Occurrences

MEGABYTE, MEBIBYTE = 10**6, 2**20
"""The guide does not say which of the two it means: files are split by the first, and refused for sure above the second."""


class RuleViolation(NamedTuple):
    """A violation of a rule and its figures. Without `line`, it is about the file as a whole."""

    rule: Rule
    message: str
    line: int | None = None
    actual: str | None = None
    allowed: str | None = None
    level: Level = Level.ERROR


class RuleViolations(Addable):
    """How often each rule is violated, and the first examples. Adds up in order."""

    def __init__(self) -> None:
        self.by_rule: defaultdict[Rule, Occurrences[RuleViolation]] = defaultdict(Occurrences)

    def add(self, breach: RuleViolation) -> None:
        """Add one violation."""
        self.by_rule[breach.rule].add(breach)

    @property
    def counts(self) -> dict[Rule, int]:
        """How often each rule is violated."""
        return {rule: found.count for rule, found in self.by_rule.items()}


def make_violation_findings(source: InputSource, breaches: RuleViolations, noticed: Group = Group.NONE) -> Iterator[Finding]:
    """Make findings of the first violations of each rule and of how many more there are; the group `noticed` gives notices."""
    name, label = source.name, source.label
    for rule, found in breaches.by_rule.items():
        for each in found.examples:
            level = Level.NOTICE if rule.groups & noticed else each.level
            where = label if each.line is None else f"{label}:{each.line}"
            location = Place(name, each.line)
            yield Finding(rule, f"{where}: {each.message}", level, location, each.actual, each.allowed, name, names_place=True)
        more = found.count - len(found.examples)
        if more:
            message = f"{label}: {format_int(more)} more like these"
            yield Finding(rule, message, level, Place(name), str(more), None, name, names_place=True)


def hash_text(text: str) -> bytes:
    """Hash text to 16 bytes. Two of a million texts have the same hash by chance once in 10^26 files."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def find_duplicate_lines(digests: array[int]) -> Iterator[tuple[int, int]]:
    """Find the lines whose digest equals that of an earlier line: pairs of the first position and their own.

    A digest is two words. Lines are sorted into buckets first, because a table of all digests would be many times larger.
    """
    buckets = [array("I") for _ in range(256)]
    for position in range(len(digests) // 2):
        buckets[digests[2 * position] & 255].append(position)
    first = array("I", bytes(2 * len(digests)))
    for bucket in buckets:
        seen: dict[tuple[int, int], int] = {}
        for position in bucket:
            first[position] = seen.setdefault((digests[2 * position], digests[2 * position + 1]), position)
    return ((earlier, position) for position, earlier in enumerate(first) if earlier != position)
