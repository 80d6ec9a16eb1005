"""Counted requests one by one: as records for programs, as rows to read, and as the text that their tokens stand for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gpt41_cli.decisions.requests import Done, Entry, Invalid, Place, Rejects
from gpt41_cli.display import number, plural, printable
from gpt41_cli.reports import Block, Json, Report, Row, Table, columns, invalid_findings
from gpt41_cli.requests.request import Doubt
from gpt41_cli.tokens.pieces import IMAGES, Piece

if TYPE_CHECKING:
    from gpt41_cli.catalog import Catalog

SCHEMA = "gpt41.entries/1"


def record(found: Done[Entry] | Invalid) -> Mapping[str, Json]:
    """What JSON, CSV and JSON Lines say of one input; of one that is none, `error` says why."""
    if isinstance(found, Invalid):
        return invalid_record(found)
    place, entry = found
    return {
        "custom_id": entry.custom_id,
        "index": place.position or 0,
        "path": place.path,
        "line": place.line,
        "model": entry.model,
        "endpoint": entry.endpoint,
        "input_tokens": entry.input_tokens,
        "exact": entry.is_exact,
        "lower_bound": entry.is_lower_bound,
        "parts": dict(entry.parts),
        "assumptions": [_assumption(doubt) for doubt in entry.doubts],
    }


def invalid_record(invalid: Invalid) -> Mapping[str, Json]:
    """What programs are told of an input that is no request."""
    place = invalid.place
    return {"index": place.position or 0, "path": place.path, "line": place.line, "error": invalid.message}


def _assumption(doubt: Doubt) -> Mapping[str, Json]:
    return {"rule": doubt.rule, "path": doubt.path, "message": doubt.message}


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


def invalid_row(invalid: Invalid, *, before: int, after: int) -> Row:
    """A row for an input that is no request: its name after so many cells, its message after so many more."""
    cells = ("-", *[""] * (before - 1), named(invalid.place, None), *[""] * after, invalid.message)
    return Row(cells, "faint")


def named(place: Place, custom_id: str | None) -> str:
    """How a request is called: its place, and the id it was given."""
    label = printable(place.label)
    return f"{label} {printable(custom_id)}" if custom_id else label


def blocks(found: Done[Entry], *, is_alone: bool) -> Iterator[Block]:
    """The text that the tokens of a request stand for, piece by piece; nothing where the pieces were not kept."""
    if found.result.pieces and not is_alone:
        yield Block(f"== {named(found.place, found.result.custom_id)}: {plural(found.result.input_tokens, 'token')}", "")
    for piece, tokens in found.result.pieces:
        text = piece.text.removeprefix("\n\n") if piece.joins else piece.text
        yield Block(f"-- {plural(tokens, 'token')}  {piece.part}: {piece.label}", text)
    images = found.result.parts.get(IMAGES, 0)
    if images and found.result.pieces:
        yield Block(f"-- {plural(images, 'token')}  images", "")


def pieces_json(pieces: Sequence[tuple[Piece, int]]) -> list[Mapping[str, Json]]:
    """The same for programs."""
    return [
        {"part": piece.part, "label": piece.label, "tokens": tokens, "text": piece.text, "joins": piece.joins}
        for piece, tokens in pieces
    ]


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
