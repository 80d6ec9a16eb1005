"""Counted requests one by one: as records for programs, as rows to read, and as the text that their tokens stand for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gpt41_cli.display import plural, printable
from gpt41_cli.files.places import Done, Invalid, Place
from gpt41_cli.reports import Block, Json, Row
from gpt41_cli.requests.request import Doubt
from gpt41_cli.tokens.pieces import IMAGES, Entry, Piece

if TYPE_CHECKING:
    pass


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
