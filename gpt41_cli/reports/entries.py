"""Show counted requests one by one: as records for programs, as rows for people, and as the text that their tokens stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gpt41_cli.display import pluralize, sanitize
from gpt41_cli.files.places import RejectedRequest
from gpt41_cli.findings import CountedFinding, Place
from gpt41_cli.reports import Json, Report, Row, TextBlock
from gpt41_cli.tokens.pieces import IMAGES, Entry, PromptPiece


class EntryKind(NamedTuple):
    """How a command shows its entries: all in a report, and one as a record and as a bare answer. `find_bound_prefix` returns the
    bound of a bare answer, in the words of `choose_bound_prefix`. `find_features` returns the features of an entry that end, by
    their ids in the price table.
    """

    make_report: Callable[..., Report]
    make_record: Callable[[Any], Mapping[str, Json]]
    make_answer: Callable[[Any], str]
    find_bound_prefix: Callable[[Any], str]
    find_features: Callable[[Any], Iterable[str]]


def make_record(entry: Entry | RejectedRequest) -> Mapping[str, Json]:
    """Make the record of one input for JSON, CSV and JSON Lines. For an invalid one, `error` says why."""
    if isinstance(entry, RejectedRequest):
        return make_invalid_record(entry)
    place = entry.place
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
        "assumptions": [{"rule": doubt.rule.id, "path": doubt.path, "message": doubt.message} for doubt in entry.doubts],
    }


def make_invalid_record(invalid: RejectedRequest) -> Mapping[str, Json]:
    """Make the record of an invalid input."""
    place = invalid.place
    return {"index": place.position or 0, "path": place.path, "line": place.line, "error": invalid.message}


def dump_place(place: Place) -> Mapping[str, Json]:
    """Convert the place of a request to JSON."""
    return {"path": place.path, "line": place.line, "index": place.position or 0}


def dump_counted_finding(counted: CountedFinding, unit: str) -> Mapping[str, Json]:
    """Convert a finding that came up several times to JSON: how often, under the key `unit`, and where first."""
    finding, times, first = counted
    return {"rule": finding.rule.id, "message": finding.message, unit: times, "first": dump_place(first)}


def make_invalid_row(invalid: RejectedRequest, *, before: int, after: int) -> Row:
    """Make the row of an invalid input: `before` cells with its name in the last one, `after` empty cells, its message."""
    cells = ("-", *[""] * (before - 1), format_request_name(invalid.place, None), *[""] * after, invalid.message)
    return Row(cells, "faint")


def format_request_name(place: Place, custom_id: str | None) -> str:
    """Format the name of a request: its place and its id."""
    label = sanitize(place.label)
    return f"{label} {sanitize(custom_id)}" if custom_id else label


def make_piece_blocks(entry: Entry, *, is_alone: bool) -> Iterator[TextBlock]:
    """Make blocks of the text that a request's tokens stand for, piece by piece; none if the pieces weren't kept."""
    if entry.pieces and not is_alone:
        yield TextBlock(f"== {format_request_name(entry.place, entry.custom_id)}: {pluralize(entry.input_tokens, 'token')}", "")
    for piece, tokens in entry.pieces:
        text = piece.text.removeprefix("\n\n") if piece.joins_previous else piece.text
        yield TextBlock(f"-- {pluralize(tokens, 'token')}  {piece.part}: {piece.label}", text)
    images = entry.parts.get(IMAGES, 0)
    if images and entry.pieces:
        yield TextBlock(f"-- {pluralize(images, 'token')}  images", "")


def dump_pieces(pieces: Sequence[tuple[PromptPiece, int]]) -> list[Mapping[str, Json]]:
    """Convert pieces to JSON."""
    return [
        {"part": piece.part, "label": piece.label, "tokens": tokens, "text": piece.text, "joins": piece.joins_previous}
        for piece, tokens in pieces
    ]
