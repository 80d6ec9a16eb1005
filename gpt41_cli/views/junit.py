"""Checks as JUnit XML, as GitLab, Jenkins and other CI reporters read it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Sequence

from gpt41_cli.display import sanitize
from gpt41_cli.findings import Finding
from gpt41_cli.reports import CheckCase, Report
from gpt41_cli.reports.places import find_file_location
from gpt41_cli.views import Screen


def render(report: Report, screen: Screen) -> str:
    """Draw a test case for each check, failed if the run fails for it. A report without checks has a case for each finding."""
    cases = _list_cases(report)
    groups: dict[str, list[CheckCase]] = {}
    for case in cases:
        groups.setdefault(case.group, []).append(case)
    root = ET.Element("testsuites", {"name": "gpt41", **_count_cases(report, cases)})
    for group, members in groups.items():
        suite = ET.SubElement(root, "testsuite", {"name": sanitize(group), **_count_cases(report, members)})
        seen = Counter[str]()
        for case in members:
            seen[case.name] += 1
            # Of several cases with one name readers keep the first only.
            name = case.name if seen[case.name] == 1 else f"{case.name} ({seen[case.name]})"
            _add_case(report, suite, case._replace(name=name))
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _list_cases(report: Report) -> list[CheckCase]:
    """List the checks of the report and a case for each finding without a check; one passed case if there is nothing else."""
    listed = {finding for case in report.cases for finding in case.findings}
    group = report.schema.partition("/")[0]
    rest = [CheckCase(group, _name_case(finding), (finding,)) for finding in report.findings if finding not in listed]
    return [*report.cases, *rest] or [CheckCase(group, "no findings")]


def _name_case(finding: Finding) -> str:
    """Return a name that stays the same from run to run."""
    place = find_file_location(finding)
    about = place.path if place else finding.subject
    return f"{finding.rule.id}: {about}" if about else finding.rule.id


def _count_cases(report: Report, cases: Sequence[CheckCase]) -> dict[str, str]:
    failures = sum(any(map(report.fails, case.findings)) for case in cases)
    return {"tests": str(len(cases)), "failures": str(failures), "errors": "0", "skipped": "0"}


def _add_case(report: Report, suite: ET.Element, case: CheckCase) -> None:
    """Add a case. Findings that fail it are one failure, as every reader expects; lesser findings are its output."""
    element = ET.SubElement(suite, "testcase", classname=sanitize(case.group), name=sanitize(case.name))
    places = list(filter(None, map(find_file_location, case.findings)))
    if places:
        element.set("file", sanitize(places[0].path))
        if places[0].line is not None:
            element.set("line", str(places[0].line))
    failures = [finding for finding in case.findings if report.fails(finding)]
    if failures:
        rules = ", ".join(dict.fromkeys(finding.rule.id for finding in failures))
        failure = ET.SubElement(element, "failure", message=sanitize(failures[0].message), type=rules)
        failure.text = _format_findings(failures)
    others = [finding for finding in case.findings if not report.fails(finding)]
    if others:
        ET.SubElement(element, "system-out").text = _format_findings(others)


def _format_findings(findings: Sequence[Finding]) -> str:
    return "\n".join(f"{finding.level.label}: {sanitize(finding.message)} [{finding.rule.id}]" for finding in findings)
