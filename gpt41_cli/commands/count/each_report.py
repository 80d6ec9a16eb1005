"""Counted requests one by one, in a table with a row per input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gpt41_cli import rules
from gpt41_cli.display import format_int, pluralize
from gpt41_cli.files.places import RejectedRequest, Rejections
from gpt41_cli.reports import Report, Row, Table, make_headings
from gpt41_cli.reports.bounds import choose_bound_prefix, join_bound_prefixes
from gpt41_cli.reports.entries import EntryKind, format_request_name, make_invalid_row, make_record
from gpt41_cli.reports.findings import make_invalid_findings
from gpt41_cli.requests.api_rules.settings import REUSABLE_PROMPTS
from gpt41_cli.tokens.pieces import Entry

if TYPE_CHECKING:
    from gpt41_cli.catalog import Catalog


SCHEMA = "gpt41.entries/1"


def _make_row(entry: Entry | RejectedRequest) -> Row:
    if isinstance(entry, RejectedRequest):
        return make_invalid_row(entry, before=2, after=1)
    certainty = "" if entry.is_exact else find_bound_prefix(entry).strip() or "about"
    doubts = "; ".join(dict.fromkeys(doubt.rule.id for doubt in entry.doubts))
    name = format_request_name(entry.place, entry.custom_id)
    return Row((format_int(entry.input_tokens), certainty, name, entry.model or "", doubts))


def find_bound_prefix(entry: Entry) -> str:
    """Return "at least " if there is more that can't be counted, "at most " for pictures of unknown size, or "about "."""
    doubted, is_least = {doubt.rule for doubt in entry.doubts}, entry.is_lower_bound
    is_most = rules.IMAGE_SIZE in doubted
    is_near = is_most if is_least else rules.UNKNOWN_FIELD in doubted
    return choose_bound_prefix(is_most, is_least, is_near or rules.UNLISTED_MODEL in doubted)


def find_features(entry: Entry) -> tuple[str, ...]:
    """Return the features of one request that end, by their ids in the price table."""
    return (REUSABLE_PROMPTS,) if any(doubt.rule is rules.STORED_PROMPT for doubt in entry.doubts) else ()


def make_answer(entry: Entry) -> str:
    """Return the bare count of one input."""
    return str(entry.input_tokens)


def make_report(
    entries: Sequence[Entry | RejectedRequest], rejects: Rejections, catalog: Catalog | None, *, is_incomplete: bool = False
) -> Report:
    """Make a report with a row per input. `is_incomplete`: some could not be read."""
    counted = [entry for entry in entries if isinstance(entry, Entry)]
    tokens = sum(entry.input_tokens for entry in counted)
    bound = join_bound_prefixes(set(map(find_bound_prefix, counted)), is_incomplete=is_incomplete)
    return Report(
        schema=SCHEMA,
        answer="\n".join(map(make_answer, counted)),
        headline=f"{bound}{pluralize(tokens, 'token')} in {pluralize(len(counted), 'input')}",
        lines=(),
        tables=(Table(make_headings(">tokens", "", "`request", "model", ""), tuple(map(_make_row, entries))),),
        findings=tuple(make_invalid_findings(rejects)),
        notes=(),
        data={"input_tokens": tokens, "entries": [make_record(entry) for entry in entries]},
        records=tuple(make_record(entry) for entry in entries),
        catalog=catalog,
    )


COUNTED = EntryKind(make_report, make_record, make_answer, find_bound_prefix, find_features)
