"""TODO docstring"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gpt41_cli.display import number, plural
from gpt41_cli.files.places import Done, Invalid, Rejects
from gpt41_cli.reports import Report, Row, Table, columns
from gpt41_cli.reports.entries import invalid_row, named, record
from gpt41_cli.reports.findings import invalid_findings
from gpt41_cli.tokens.pieces import Entry

if TYPE_CHECKING:
    from gpt41_cli.catalog import Catalog


SCHEMA = "gpt41.entries/1"


def table(found: Sequence[Done[Entry] | Invalid]) -> Table:
    """A row for each input."""
    return Table(columns(">tokens", "", "`request", "model", ""), tuple(_row(each) for each in found))


def _row(found: Done[Entry] | Invalid) -> Row:
    if isinstance(found, Invalid):
        return invalid_row(found, before=2, after=1)
    entry = found.result
    certainty = "" if entry.is_exact else "at least" if entry.is_lower_bound else "about"
    doubts = "; ".join(dict.fromkeys(doubt.rule for doubt in entry.doubts))
    return Row((number(entry.input_tokens), certainty, named(found.place, entry.custom_id), entry.model or "", doubts))


def answer(entry: Entry) -> str:
    """The bare count of one input."""
    return str(entry.input_tokens)


def report(found: Sequence[Done[Entry] | Invalid], rejects: Rejects, catalog: Catalog | None) -> Report:
    """Every input in a row of its own."""
    counted = [each.result for each in found if isinstance(each, Done)]
    tokens = sum(entry.input_tokens for entry in counted)
    least = "at least " if any(entry.is_lower_bound for entry in counted) else ""
    return Report(
        schema=SCHEMA,
        answer="\n".join(map(answer, counted)),
        headline=f"{least}{plural(tokens, 'token')} in {plural(len(counted), 'input')}",
        lines=(),
        tables=(table(found),),
        findings=tuple(invalid_findings(rejects)),
        notes=(),
        data={"input_tokens": tokens, "entries": [record(each) for each in found]},
        records=tuple(record(each) for each in found),
        catalog=catalog,
    )
