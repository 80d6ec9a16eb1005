"""When features that requests use end, on the platform that is asked about."""

from __future__ import annotations

from datetime import date

from gpt41_cli.constraints.lifecycle import make_feature_findings
from gpt41_cli.findings import Place
from gpt41_cli.totals import Occurrences
from tests.builders import CATALOG, market


def test_a_feature_ends_where_its_provider_says_so() -> None:
    uses = {"reusable-prompts": Occurrences(2, [Place("a.json", line=1)])}
    (found,) = make_feature_findings(market(CATALOG, "openai", date(2026, 11, 29)), uses)
    assert found.actual == "2026-11-30"
    assert found.message.endswith("; used by 2 requests, first a.json:1")
    assert not list(make_feature_findings(market(CATALOG, "azure-global", date(2026, 11, 29)), uses))
