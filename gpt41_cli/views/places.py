"""The findings of a report for formats that know files: the worst first, where each is, and what tells it from the others."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import PurePath
from typing import NamedTuple

from gpt41_cli.files.sources import LITERAL_NAME, STDIN
from gpt41_cli.findings import Finding, Location, sort_worst_first
from gpt41_cli.reports import Report


class PlacedFinding(NamedTuple):
    """A finding, where it is shown, and its fingerprint.

    The fingerprint is that of the same finding after lines have moved and figures changed: it is made of the rule, the file
    and the subject, and counts those that are alike in all of these.
    """

    finding: Finding
    place: Location
    fingerprint: str


def place_findings(report: Report) -> list[PlacedFinding]:
    """Every finding, the worst first; one that is in no file is shown at that of the figures, or else at the folder."""
    table = Location(report.catalog.file if report.catalog else ".")
    seen = Counter[str]()
    found = []
    for finding in sort_worst_first(report.findings):
        place = find_file_location(finding)
        parts = "\0".join((finding.rule.id, place.path if place else "", finding.subject or ""))
        digest = hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        seen[digest] += 1
        found.append(PlacedFinding(finding, place or table, f"{digest}:{seen[digest]}"))
    return found


def find_file_location(finding: Finding) -> Location | None:
    """Where it is, with forward slashes; None where that is in no file."""
    place = finding.location
    if place is None or place.path in (STDIN, LITERAL_NAME):
        return None
    return place._replace(path=PurePath(place.path).as_posix())


def format_unmentioned_place(finding: Finding) -> str:
    """Where it is, as `file:line`, unless it is in no file or its message says so already."""
    if finding.location is None or find_file_location(finding) is None:
        return ""
    place = ":".join(str(each) for each in finding.location[:2] if each is not None)
    return "" if place in finding.message else place
