"""Collect how the lines of a file violate rules: how often, the first examples, and duplicate lines."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from hashlib import blake2b

from gpt41_cli.display import format_int
from gpt41_cli.files.sources import InputSource
from gpt41_cli.findings import Finding, Place
from gpt41_cli.rules import Group, Level, Rule
from gpt41_cli.totals import Addable, Occurrences

MEGABYTE, MEBIBYTE = 10**6, 2**20
"""The guide does not say which of the two it means: files are split by the first, and surely refused above the second."""


class RuleViolations(Addable):
    """How often each rule is violated at each level, and the first examples. Adds up in order. With `keeps_all`, `errors_by_line`
    has all errors that have a line.
    """

    def __init__(self, *, keeps_all: bool = False) -> None:
        self.by_kind: defaultdict[tuple[Rule, Level], Occurrences[Finding]] = defaultdict(Occurrences)
        self.errors_by_line: defaultdict[int, list[Finding]] | None = defaultdict(list) if keeps_all else None

    def add(self, violation: Finding, times: int = 1) -> None:
        """Add one violation, or several of which this is the first; of its place only the line counts: the file is known."""
        self.by_kind[violation.rule, violation.level].add(violation, times)
        if self.errors_by_line is not None and violation.level is Level.ERROR and violation.place and violation.place.line:
            self.errors_by_line[violation.place.line].append(violation)

    def renumber(self, numbers: Sequence[int]) -> None:
        """Give the line of each example the number that `numbers` has for it, in order from line 1."""
        for occurrences in self.by_kind.values():
            occurrences.examples = [
                example._replace(place=Place("", numbers[example.place.line - 1]))
                if example.place and example.place.line
                else example
                for example in occurrences.examples
            ]

    @property
    def counts(self) -> dict[Rule, int]:
        """How often each rule is violated, at any level."""
        counts: Counter[Rule] = Counter()
        for (rule, _), occurrences in self.by_kind.items():
            counts[rule] += occurrences.count
        return counts

    @property
    def errors(self) -> dict[Rule, int]:
        """How often each rule is violated by an error."""
        return {rule: occurrences.count for (rule, level), occurrences in self.by_kind.items() if level is Level.ERROR}


def make_violation_findings(source: InputSource, breaches: RuleViolations, noticed: Group = Group.NONE) -> list[Finding]:
    """Make findings of the first violations of each rule in the order of the file, those of the whole file first, and then of how
    many more there are; the group `noticed` gives notices.
    """
    located: list[Finding] = []
    rest: list[Finding] = []
    for (rule, _), occurrences in breaches.by_kind.items():
        level = Level.NOTICE if rule.groups & noticed else None
        for example in occurrences.examples:
            line = example.place and example.place.line
            where = source.label if line is None else f"{source.label}:{line}"
            message, place = f"{where}: {example.message}", Place(source.name, line)
            own = level or example.level
            located.append(example._replace(message=message, level=own, place=place, subject=source.name, names_place=True))
        more = occurrences.count - len(occurrences.examples)
        if more:
            last = located[-1]
            line = last.place and last.place.line
            message = f"{source.label}: {format_int(more)} more like {f'line {format_int(line)}' if line else 'these'}"
            rest.append(Finding(rule, message, last.level, Place(source.name), str(more), None, source.name, names_place=True))
    return [*sorted(located, key=lambda finding: (finding.place and finding.place.line) or 0), *rest]


def list_request_flaws(flaws: RuleViolations) -> Iterator[Finding]:
    """List the rules of the API that requests break: warnings, as other providers may take them. The first of several requests
    or files with the same flaw stands for all, and `actual` is their number.
    """
    for (rule, _), occurrences in flaws.by_kind.items():
        alike: defaultdict[str, list[Finding]] = defaultdict(list)
        for example in occurrences.examples:
            alike[example.message].append(example)
        rest = occurrences.count - len(occurrences.examples)
        for message, (first, *others) in alike.items():
            assert first.place is not None
            more = len(others) + (rest if len(alike) == 1 else 0)
            where = f"{first.place.label} and {format_int(more)} more" if more else first.place.label
            actual, level = str(1 + more) if more else first.actual, min(first.level, Level.WARNING)
            yield first._replace(message=f"{where}: {message}", level=level, actual=actual, names_place=True)
        if rest and len(alike) > 1:
            text, subject = f"{format_int(rest)} more like these", occurrences.examples[0].subject
            yield Finding(rule, text, Level.WARNING, actual=str(rest), subject=subject)


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
