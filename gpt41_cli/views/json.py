"""A report for programs: versioned by `schema`, with every amount of money as an exact decimal string."""

from __future__ import annotations

import json
import re

from gpt41_cli.display import escape_commands
from gpt41_cli.reports import Report
from gpt41_cli.reports.findings import dump_finding
from gpt41_cli.views import Screen, dump_exact

_UNPRINTABLE_PATTERN = re.compile(r"[^\x20-\x7e\n]")


def render(report: Report, screen: Screen) -> str:
    """Draw one JSON object: schema, pricing (the table that the figures are from), the result, findings, notes.

    If the report has a `digest`, it is that of everything else in the object.
    """
    catalog = report.catalog
    pricing: dict[str, object] = {}
    if catalog:
        pricing = {"file": catalog.file, "sha256": catalog.sha256, "checked_on": str(catalog.checked_on)}
        pricing |= {"overlay": catalog.overlay._asdict()} if catalog.overlay else {}
    document = {
        "schema": report.schema,
        "pricing": pricing or None,
        **report.data,
        "findings": [dump_finding(finding) for finding in report.findings],
        "notes": list(report.notes),
    }
    if "digest" in document:
        from gpt41_cli.files.documents import digest_document

        document["digest"] = digest_document(json.loads(json.dumps(document, default=dump_exact)))
    text = json.dumps(document, indent=2, ensure_ascii=False, default=dump_exact)
    # What a terminal could act on is escaped; letters of any script stay as they are.
    safe = _UNPRINTABLE_PATTERN.sub(lambda match: json.dumps(match[0])[1:-1] if not match[0].isprintable() else match[0], text)
    return escape_commands(safe) + "\n"
