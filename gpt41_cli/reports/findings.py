"""Make findings that several commands report, and convert findings to JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gpt41_cli import rules
from gpt41_cli.display import format_int, list_first
from gpt41_cli.findings import Finding, Place
from gpt41_cli.reports import Json

if TYPE_CHECKING:
    from gpt41_cli.files.places import Rejections
    from gpt41_cli.files.trees import SkippedPath
    from gpt41_cli.rules import Level


def make_invalid_findings(rejects: Rejections | None, level: Level | None = None) -> Iterator[Finding]:
    """Make a finding for each of the first invalid inputs, and one for the number of the others; of another level than the rule's
    if one is given.
    """
    if rejects is None:
        return
    for example in rejects.examples:
        message = f"left out {example.place.label}: {example.message}"
        yield Finding(rules.INVALID_REQUEST, message, level, example.place, names_place=True)
    if rejects.count > len(rejects.examples):
        more = format_int(rejects.count - len(rejects.examples))
        yield Finding(rules.INVALID_REQUEST, f"left out {more} more like these", level)


def make_skipped_findings(left_out: Sequence[SkippedPath]) -> Iterator[Finding]:
    """Make a notice for each reason why files in folders were skipped, with the first names; an error for what is unreadable."""
    yield from make_unreadable_findings(left_out)
    by_reason: dict[str, list[str]] = {}
    for skip in left_out:
        if not skip.is_unreadable:
            by_reason.setdefault(skip.reason, []).append(skip.path)
    for reason, names in by_reason.items():
        yield Finding(rules.LEFT_OUT, f"left out {format_int(len(names))} ({reason}): {list_first(names, 3)}")


def make_unreadable_findings(left_out: Sequence[SkippedPath]) -> Iterator[Finding]:
    """Make an error for each path that couldn't be read: the answer is incomplete."""
    for place, reason in dict.fromkeys((Place(skip.path, skip.line), skip.reason) for skip in left_out if skip.is_unreadable):
        message = f"{place.label} cannot be read, and what is in it is missing: {reason}"
        yield Finding(rules.UNREADABLE, message, place=place, subject=place.path, names_place=True)


def dump_finding(finding: Finding) -> Mapping[str, Json]:
    """Convert a finding to JSON; its location is null or `{path, line, column}`."""
    place = finding.place
    return {
        "rule": finding.rule.id,
        "level": finding.level.label,
        "message": finding.message,
        "location": place and {"path": place.path, "line": place.line, "column": place.column},
        "actual": finding.actual,
        "allowed": finding.allowed,
        "subject": finding.subject,
    }


def dump_reason(finding: Finding, **context: str) -> Mapping[str, Json]:
    """Convert a reason to JSON: what it is for (`context`), its rule, its message and its sources."""
    sources = [source._asdict() for source in dict.fromkeys(finding.sources)]
    return {**context, "rule": finding.rule.id, "text": finding.message, "sources": sources}
