"""Place the findings of a report for formats that show files, and give each a fingerprint that stays the same from run to run."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import PurePath
from typing import NamedTuple

from gpt41_cli.files.sources import LITERAL_NAME
from gpt41_cli.findings import STDIN, Finding, Place, is_url, sort_worst_first
from gpt41_cli.reports import Report


class PlacedFinding(NamedTuple):
    """A finding, its location, and its fingerprint.

    The fingerprint stays the same after lines move and figures change. It is made of the rule, the file and the subject, and
    numbers findings that are equal in these.
    """

    finding: Finding
    place: Place
    fingerprint: str


def place_findings(report: Report) -> list[PlacedFinding]:
    """Place every finding, the worst first. A finding without a file is placed at the file of the figures, else at the folder."""
    table = Place(report.catalog.file if report.catalog else ".")
    seen = Counter[str]()
    placements = []
    for finding in sort_worst_first(report.findings):
        place = find_file_location(finding)
        parts = "\0".join((finding.rule.id, place.path if place else "", finding.subject or ""))
        digest = hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        seen[digest] += 1
        placements.append(PlacedFinding(finding, place or table, f"{digest}:{seen[digest]}"))
    return placements


def find_file_location(finding: Finding) -> Place | None:
    """Return the location with forward slashes; None if it isn't in a file."""
    place = finding.place
    if place is None or place.path in (STDIN, LITERAL_NAME):
        return None
    return place if is_url(place.path) else place._replace(path=PurePath(place.path).as_posix())


def format_unmentioned_place(finding: Finding) -> str:
    """Return the place as `file:line`, unless it isn't in a file or the message already says it."""
    if finding.place is None or finding.names_place or find_file_location(finding) is None:
        return ""
    return finding.place._replace(column=None).label
