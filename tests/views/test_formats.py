"""What CI reads: workflow commands, JUnit, SARIF, code quality, and Markdown that fits a comment, whatever text is in them."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft4Validator

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog
from gpt41_cli.display import sanitize
from gpt41_cli.findings import Finding, Place
from gpt41_cli.reports import CheckCase
from gpt41_cli.rules import Level
from gpt41_cli.views import render
from tests.builders import FINDINGS, HOSTILE_TEXTS, SCREEN, make_finding, make_findings_report
from tests.conftest import ROOT, Run

DAY = ("--as-of", "2026-11-23")
SARIF = Draft4Validator(json.loads((ROOT / "tests" / "published" / "sarif-schema-2.1.0.json").read_text()))


# GitHub


def command(line: str) -> tuple[str, Mapping[str, str], str] | None:
    """What the runner takes a line for (actions/runner, ActionCommand.cs): level, properties, message; None for plain text."""
    line = line.lstrip()
    end = line.find("::", 2)
    if not line.startswith("::") or end < 0:
        return None
    level, _, listed = line[2:end].partition(" ")
    pairs = (pair.partition("=") for pair in listed.strip().split(",") if pair)
    return level, {name: unescaped(value) for name, _, value in pairs}, unescaped(line[end + 2 :])


def unescaped(text: str) -> str:
    for code, char in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, char)
    return text


def test_an_annotation_stands_at_its_file_line_and_column() -> None:
    place = Place("./in/a,b:100%.jsonl", 7, 3)
    lines = render(
        make_findings_report(make_finding("50% over", at=place), make_finding("at all", Level.NOTICE)), "github", SCREEN
    ).splitlines()
    assert lines == [
        "Rejected",
        "::error file=in/a%2Cb%3A100%25.jsonl,line=7,col=3,title=batch-bytes::50%25 over",
        "::notice title=batch-bytes::at all",
    ]
    assert command(lines[1]) == (
        "error",
        {"file": "in/a,b:100%.jsonl", "line": "7", "col": "3", "title": "batch-bytes"},
        "50% over",
    )


def test_ten_annotations_of_each_level_are_shown_the_worst_first_and_the_others_counted() -> None:
    many = [make_finding(f"{level.label} {index}", level) for index in range(12) for level in sorted(Level)]
    lines = render(make_findings_report(*many, make_finding("the 13th")), "github", SCREEN).splitlines()
    shown = [f"{level} {index}" for level in ("error", "warning", "notice") for index in range(10)]
    assert [each[2] for each in map(command, lines) if each] == shown
    assert lines[-1] == "and 7 more that are not shown here: 3 errors, 2 warnings, 2 notices"


@given(FINDINGS, HOSTILE_TEXTS)
def test_no_text_starts_a_command_of_its_own(findings: tuple[Finding, ...], headline: str) -> None:
    lines = render(make_findings_report(*findings, headline=headline), "github", SCREEN).splitlines()
    commands = [each for each in map(command, lines) if each]
    assert not any("##[" in line or "##vso[" in line for line in lines)
    for level in Level:
        expected = [each for each in findings if each.level is level][:10]
        assert [properties["title"] for name, properties, _ in commands if name == level.label] == [
            each.rule.id for each in expected
        ]
        # An escape that stood in the text already is taken for one: nothing that the runner could act on comes of it.
        assert not any(char in message for _, _, message in commands for char in "\r\n")
    assert len(commands) == sum(min(10, sum(each.level is level for each in findings)) for level in Level)


# JUnit


def test_each_check_is_a_test_case_and_an_error_fails_it() -> None:
    broken = (
        make_finding("too large", at=Place("a.yaml", 2)),
        make_finding("late", Level.WARNING),
        make_finding("too many"),
        make_finding("by the way", Level.NOTICE),
    )
    cases = (
        CheckCase("triage", "budget", broken),
        CheckCase("triage", "deadline"),
        CheckCase("reply", "budget"),
        CheckCase("reply", "budget"),
    )
    root = ET.fromstring(render(make_findings_report(*broken, make_finding("elsewhere"), cases=cases), "junit", SCREEN))
    assert root.attrib == {"name": "gpt41", "tests": "5", "failures": "2", "errors": "0", "skipped": "0"}
    assert [(suite.get("name"), suite.get("tests"), suite.get("failures")) for suite in root] == [
        ("triage", "2", "1"),
        ("reply", "2", "0"),
        ("gpt41.batch", "1", "1"),
    ]
    first = root[0][0]
    assert first.attrib == {"classname": "triage", "name": "budget", "file": "a.yaml", "line": "2"}
    failure, output = first
    assert failure.attrib == {"message": "too large", "type": "batch-bytes"}
    assert failure.text == "error: too large [batch-bytes]\nerror: too many [batch-bytes]"
    assert (output.tag, output.text) == ("system-out", "warning: late [batch-bytes]\nnotice: by the way [batch-bytes]")
    assert [case.get("name") for case in root[1]] == ["budget", "budget (2)"]
    assert root[2][0].attrib == {"classname": "gpt41.batch", "name": "batch-bytes"}


def test_a_report_without_checks_has_a_test_case_for_each_finding_or_one_that_passed() -> None:
    warned = render(make_findings_report(make_finding("at most 7", Level.WARNING, Place("a.jsonl", 3))), "junit", SCREEN)
    (case,) = ET.fromstring(warned).iter("testcase")
    assert (case.get("name"), [each.tag for each in case]) == ("batch-bytes: a.jsonl", ["system-out"])
    (passed,) = ET.fromstring(render(make_findings_report(), "junit", SCREEN)).iter("testcase")
    assert (passed.get("name"), len(passed)) == ("no findings", 0)


@given(FINDINGS, st.lists(st.builds(CheckCase, HOSTILE_TEXTS, HOSTILE_TEXTS, FINDINGS), max_size=4).map(tuple))
def test_junit_holds_any_text_and_loses_no_finding(findings: tuple[Finding, ...], cases: tuple[CheckCase, ...]) -> None:
    root = ET.fromstring(render(make_findings_report(*findings, cases=cases), "junit", SCREEN).encode())
    told = "\n".join(text for case in root.iter("testcase") for each in case if (text := each.text))
    for finding in findings:
        assert f"{finding.level.label}: {sanitize(finding.message)} [{finding.rule.id}]" in told
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(names) >= len(cases)


# SARIF


def results(drawn: str) -> list[dict[str, Any]]:
    document = json.loads(drawn)
    SARIF.validate(document)
    (run,) = document["runs"]
    for each in run["results"]:
        assert run["tool"]["driver"]["rules"][each["ruleIndex"]]["id"] == each["ruleId"]
    listed: list[dict[str, Any]] = run["results"]
    return listed


def test_a_sarif_result_has_its_rule_level_place_and_figures(catalog: Catalog) -> None:
    broken = Finding(
        rules.BATCH_BYTES, "too large", place=Place("in/ü #1.jsonl", 4, 2), actual="9", allowed="5", subject="in/ü #1.jsonl"
    )
    drawn = render(make_findings_report(make_finding("at all", Level.NOTICE), broken, catalog=catalog), "sarif", SCREEN)
    first, second = results(drawn)
    assert (first["level"], second["level"]) == ("error", "note")
    assert first["message"] == {"text": "too large"}
    assert first["properties"] == {"actual": "9", "allowed": "5", "subject": "in/ü #1.jsonl"}
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "in/%C3%BC%20%231.jsonl"},
        "region": {"startLine": 4, "startColumn": 2},
    }
    assert second["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "pricing.yaml"}
    (rule,) = json.loads(drawn)["runs"][0]["tool"]["driver"]["rules"]
    assert rule == {
        "id": "batch-bytes",
        "shortDescription": {"text": rules.BATCH_BYTES.sentence},
        "fullDescription": {"text": rules.BATCH_BYTES.why},
        "help": {"text": rules.BATCH_BYTES.remedy},
    }


def test_a_sarif_rule_of_another_version_has_no_more_than_its_sentence() -> None:
    drawn = render(make_findings_report(Finding(rules.get_rule("of-tomorrow"), "x", place=Place("a"))), "sarif", SCREEN)
    (rule,) = json.loads(drawn)["runs"][0]["tool"]["driver"]["rules"]
    assert rule == {"id": "of-tomorrow", "shortDescription": {"text": "A rule of another version of gpt41."}}


@pytest.mark.parametrize(
    ("path", "uri"),
    [("./a//b.md", "a/b.md"), ("../a.md", "../a.md"), ("a:b.md", "a%3Ab.md"), ("/srv/a b.md", "file:///srv/a%20b.md")],
)
def test_the_uri_of_a_path(path: str, uri: str) -> None:
    (only,) = results(render(make_findings_report(make_finding(at=Place(path))), "sarif", SCREEN))
    assert only["locations"][0]["physicalLocation"] == {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}


def test_what_is_read_from_standard_input_is_placed_at_the_table(catalog: Catalog) -> None:
    (only,) = results(render(make_findings_report(make_finding(at=Place("-", 5)), catalog=catalog), "sarif", SCREEN))
    place = only["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "pricing.yaml"}, "region": {"startLine": 1}}
    assert "file=" not in render(make_findings_report(make_finding(at=Place("-", 5))), "github", SCREEN)


@given(FINDINGS)
def test_sarif_holds_any_text(findings: tuple[Finding, ...]) -> None:
    assert len(results(render(make_findings_report(*findings), "sarif", SCREEN))) == len(findings)


# GitLab


def fingerprints(*findings: Finding) -> list[str]:
    """As GitLab gets them, and the same in SARIF."""
    issues = json.loads(render(make_findings_report(*findings), "gitlab", SCREEN))
    lasting = [each["fingerprint"] for each in issues]
    drawn = results(render(make_findings_report(*findings), "sarif", SCREEN))
    assert [each["partialFingerprints"]["primaryLocationLineHash"] for each in drawn] == lasting
    return lasting


def test_a_fingerprint_outlives_a_moved_line_and_other_figures() -> None:
    before = fingerprints(make_finding("9 bytes", at=Place("a.jsonl", 3)), make_finding("8 bytes", at=Place("a.jsonl", 9)))
    after = fingerprints(make_finding("7 bytes", at=Place("./a.jsonl", 4)), make_finding("1 byte", at=Place("a.jsonl", 5, 2)))
    assert before == after
    others = [make_finding(at=Place("b.jsonl")), make_finding(at=Place("a.jsonl"), subject="gpt")]
    assert len({*before, *fingerprints(*others), *fingerprints(make_finding()), *fingerprints(make_finding(at=Place("-")))}) == 5


@given(FINDINGS)
def test_code_quality_has_what_gitlab_asks_for(findings: tuple[Finding, ...]) -> None:
    issues = json.loads(render(make_findings_report(*findings), "gitlab", SCREEN))
    assert len({each["fingerprint"] for each in issues}) == len(issues) == len(findings)
    for issue in issues:
        assert set(issue) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in ("major", "minor", "info")
        assert issue["location"]["path"].isprintable()
        assert issue["location"]["lines"]["begin"] >= 1


# Whole runs


def test_formats_of_a_rejected_file(run: Run, tmp_path: Any) -> None:
    """The same findings in every format, and exit code 1 from each."""
    lines = (ROOT / "tests" / "data" / "batch.jsonl").read_text().splitlines()
    lines[2] = lines[2].replace("POST", "GET")
    (tmp_path / "bad.jsonl").write_text("\n".join(lines))
    drawn = {name: run("batch", "bad.jsonl", *DAY, "--format", name) for name in ("github", "junit", "sarif", "gitlab")}
    assert {(done.code, done.err) for done in drawn.values()} == {(1, "")}
    assert (
        '::error file=bad.jsonl,line=3,title=batch-method::bad.jsonl:3: method: expected POST, found "GET"' in drawn["github"].out
    )
    assert ET.fromstring(drawn["junit"].out).get("failures") == "1"
    assert [each["level"] for each in results(drawn["sarif"].out)] == ["error", "warning"]
    assert [each["severity"] for each in json.loads(drawn["gitlab"].out)] == ["major", "minor"]


def test_a_name_at_the_beginning_of_a_line_is_not_a_command(run: Run, tmp_path: Any) -> None:
    name = "::error title=a::b.jsonl"
    (tmp_path / name).write_bytes((ROOT / "tests" / "data" / "batch.jsonl").read_bytes())
    for view in ("text", "csv", "github"):
        done = run("batch", name, str(ROOT / "tests" / "data" / "batch.jsonl"), *DAY, "--format", view)
        assert not any(line.lstrip().startswith("::error") for line in done.out.splitlines())
    assert r"\x3a:error title=a::b.jsonl" in run("batch", name, str(ROOT / "tests/data/batch.jsonl"), *DAY).out


@pytest.mark.parametrize("name", ["text", "json", "jsonl", "csv", "markdown", "github", "junit", "sarif", "gitlab"])
def test_no_name_is_a_command_to_a_runner(run: Run, tmp_path: Path, name: str) -> None:
    """Some runners look for `##[` anywhere in a line; a terminal for its escapes."""
    hostile = "##[error]x\n::error::y \x1b[31m##vso[z]##teamcity[a]"
    (tmp_path / hostile).write_text("word " * 9)
    budget = "budget: {input_tokens: 1, per_request_usd: 0}"
    workload = f"{{requests: '*y *', model: gpt-4.1-mini, output_tokens: 1, {budget}}}"
    (tmp_path / "gpt41.yaml").write_text(f"version: 1\nworkloads: {{{json.dumps(hostile)}: {workload}}}\n")
    done = run("check", "--as-of", "2026-11-23", "--format", name)
    assert done.code == 1
    assert "##[" not in done.out
    assert "##vso[" not in done.out
    assert "##teamcity[" not in done.out
    assert "\x1b" not in done.out
    assert "\n::error::y" not in done.out
    if name == "json":
        assert json.loads(done.out)["workloads"][0]["name"] == hostile


# CSV


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\uff1d1", "'\uff1d1"),
        ("'=1", "''=1"),
        ("\t=1", "\\t=1"),
        ("\r=1", "\\r=1"),
        ("-", "-"),
        ("a=1", "a=1"),
        ("2026-11-23", "2026-11-23"),
    ],
)
def test_text_is_not_a_formula_to_a_spreadsheet(text: str, cell: str) -> None:
    report = make_findings_report()._replace(records=({"name": text, "change": Decimal("-0.5"), "growth": -3, "list": [text]},))
    (row,) = csv.DictReader(io.StringIO(render(report, "csv", SCREEN)))
    assert (row["name"], row["change"], row["growth"]) == (cell, "-0.5", "-3")
    assert json.loads(row["list"]) == [text]
