"""The report for programs: versioned by `schema`, every amount of money an exact decimal string."""

from __future__ import annotations

import json

from gpt41_cli.reports import Report, finding_json
from gpt41_cli.views import Screen


def render(report: Report, screen: Screen) -> str:
    """One JSON object: schema, pricing (which table the figures are from), the result, findings, notes."""
    catalog = report.catalog
    pricing = catalog and {"file": catalog.file, "sha256": catalog.sha256, "checked_on": str(catalog.checked_on)}
    document = {
        "schema": report.schema,
        "pricing": pricing,
        **report.data,
        "findings": [finding_json(finding) for finding in report.findings],
        "notes": list(report.notes),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
