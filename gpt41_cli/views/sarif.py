"""Findings as SARIF 2.1.0, as code scanning takes them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from gpt41_cli.display import escape_commands, sanitize
from gpt41_cli.findings import is_url
from gpt41_cli.reports import Json, Report
from gpt41_cli.reports.places import PlacedFinding, place_findings
from gpt41_cli.rules import Level, Rule
from gpt41_cli.views import Screen

_SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_SARIF_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTICE: "note"}
_UNRESERVED_BYTES = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")


def render(report: Report, screen: Screen) -> str:
    """Draw one run with the broken rules and a result for each finding, the worst first."""
    placements = place_findings(report)
    rules = list(dict.fromkeys(placement.finding.rule for placement in placements))
    driver = {"name": "gpt41", "version": screen.version, "rules": [_make_rule(rule) for rule in rules]}
    results = [_make_result(placement, rules.index(placement.finding.rule)) for placement in placements]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return escape_commands(json.dumps({"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)) + "\n"


def _make_rule(rule: Rule) -> Mapping[str, Json]:
    """Describe a rule. One of another version of gpt41, as in a saved report, has no more than its sentence."""
    described = {"shortDescription": rule.sentence, "fullDescription": rule.why, "help": rule.remedy}
    return {"id": rule.id, **{name: {"text": text} for name, text in described.items() if text}}


def _make_result(placement: PlacedFinding, rule: int) -> Mapping[str, Json]:
    finding, place = placement.finding, placement.place
    region = {"startLine": place.line or 1}
    if place.column:
        region["startColumn"] = place.column
    physical: Mapping[str, Json] = {"artifactLocation": {"uri": _encode_uri(place.path)}, "region": region}
    figures = {"actual": finding.actual, "allowed": finding.allowed, "subject": finding.subject}
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": rule,
        "level": _SARIF_LEVELS[finding.level],
        "message": {"text": sanitize(finding.message)},
        "locations": [{"physicalLocation": physical}],
        # The one key that code scanning reads.
        "partialFingerprints": {"primaryLocationLineHash": placement.fingerprint},
        "properties": {name: value for name, value in figures.items() if value is not None},
    }


def _encode_uri(path: str) -> str:
    """Encode a path as a URI: relative, or with the scheme `file` if it begins at a root. An address keeps its scheme."""
    scheme, mark, rest = path.partition("://") if is_url(path) else ("", "", path)
    try:
        name = os.fsencode(rest)
    except UnicodeEncodeError:  # no file can have this name, but a saved report may
        name = rest.encode(errors="surrogatepass")
    encoded = "".join(chr(byte) if byte in _UNRESERVED_BYTES else f"%{byte:02X}" for byte in name)
    return f"file://{encoded}" if path.startswith("/") else f"{scheme}{mark}{encoded}"
