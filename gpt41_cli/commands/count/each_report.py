"""Counted requests one by one, in a table with a row per input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gpt41_cli.display import format_int, pluralize
from gpt41_cli.files.places import RejectedRequest, Rejections
from gpt41_cli.reports import Report, Row, Table, make_headings
from gpt41_cli.reports.entries import format_request_name, make_invalid_row, make_record
from gpt41_cli.reports.findings import make_invalid_findings
from gpt41_cli.tokens.pieces import Entry

if TYPE_CHECKING:
    from gpt41_cli.catalog import Catalog


SCHEMA = "gpt41.entries/1"


def make_table(found: Sequence[Entry | RejectedRequest]) -> Table:
    """Make a row per input."""
    return Table(make_headings(">tokens", "", "`request", "model", ""), tuple(_make_row(each) for each in found))


def _make_row(entry: Entry | RejectedRequest) -> Row:
    if isinstance(entry, RejectedRequest):
        return make_invalid_row(entry, before=2, after=1)
    certainty = "" if entry.is_exact else "at least" if entry.is_lower_bound else "about"
    doubts = "; ".join(dict.fromkeys(doubt.rule.id for doubt in entry.doubts))
    return Row(
        (format_int(entry.input_tokens), certainty, format_request_name(entry.place, entry.custom_id), entry.model or "", doubts)
    )


def make_answer(entry: Entry) -> str:
    """Return the bare count of one input."""
    return str(entry.input_tokens)


def make_report(
    found: Sequence[Entry | RejectedRequest], rejects: Rejections, catalog: Catalog | None, *, is_incomplete: bool = False
) -> Report:
    """Make a report with a row per input. `is_incomplete`: some could not be read."""
    counted = [each for each in found if isinstance(each, Entry)]
    tokens = sum(entry.input_tokens for entry in counted)
    least = "at least " if is_incomplete or any(entry.is_lower_bound for entry in counted) else ""
    return Report(
        schema=SCHEMA,
        answer="\n".join(map(make_answer, counted)),
        headline=f"{least}{pluralize(tokens, 'token')} in {pluralize(len(counted), 'input')}",
        lines=(),
        tables=(make_table(found),),
        findings=tuple(make_invalid_findings(rejects)),
        notes=(),
        data={"input_tokens": tokens, "entries": [make_record(each) for each in found]},
        records=tuple(make_record(each) for each in found),
        catalog=catalog,
    )
