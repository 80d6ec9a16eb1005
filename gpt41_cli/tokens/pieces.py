"""Pieces: the text of a request, cut by what it is. Printed, they are the prompt; counted, the bill."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.findings import Place

if TYPE_CHECKING:
    from gpt41_cli.requests.request import Doubt

TEXT, TOOLS, SCHEMA, HISTORY, IMAGES, OVERHEAD = "text", "tools", "schema", "history", "images", "overhead"
PARTS = (TEXT, TOOLS, SCHEMA, HISTORY, IMAGES, OVERHEAD)
"""What tokens are spent on: texts, declared functions, a structured output, calls and their results, pictures, and the framing of
the messages.
"""

USER_MESSAGE_OVERHEAD = 7
"""How much more a text costs if it is sent as one user message: 3 around it, its role, and 3 where the answer begins."""


class PromptPiece(NamedTuple):
    """A piece of text, and the `extra_tokens` that it costs besides its own; `label` says what it is.

    `joins_previous`: it is tokenised as one string with the piece before it, so tokens may form across the joint.
    """

    part: str
    label: str
    text: str
    extra_tokens: int = 0
    joins_previous: bool = False


def join_texts(pieces: Iterable[PromptPiece]) -> Iterator[str]:
    """Return the texts that `count_pieces` counts, each as it is tokenised."""
    whole = ""
    for piece in pieces:
        whole = whole + piece.text if piece.joins_previous else piece.text
        yield whole


def count_pieces(pieces: Iterable[PromptPiece], count: Callable[[str], int]) -> Iterator[tuple[PromptPiece, int]]:
    """Count the tokens of each piece. A piece that joins the one before is charged what the joined string costs more."""
    whole = ""
    for piece in pieces:
        if piece.joins_previous:
            before, whole = whole, whole + piece.text
            yield piece, count(whole) - count(before) + piece.extra_tokens
        else:
            whole = piece.text
            yield piece, count(whole) + piece.extra_tokens


class Entry(NamedTuple):
    """One counted input: its tokens by part (of PARTS), and why they may not be exact. `model` is as the request names it.

    `custom_id`, `model` and `endpoint` are None if the input doesn't have them. If pieces are kept, `savings` has the tokens that
    the request would save without a keyword of its schemas.
    """

    parts: Mapping[str, int]
    doubts: Sequence[Doubt] = ()
    custom_id: str | None = None
    model: str | None = None
    endpoint: str | None = None
    pieces: Sequence[tuple[PromptPiece, int]] = ()
    savings: Mapping[str, int] = {}
    place: Place = Place("")

    def with_more_text(self, tokens: int, custom_id: str | None, place: Place) -> Entry:
        """Return a request that has more tokens in its texts and is the same otherwise."""
        parts = {**self.parts, TEXT: self.parts[TEXT] + tokens}
        return Entry(parts, self.doubts, custom_id, self.model, self.endpoint, self.pieces, self.savings, place)

    @property
    def input_tokens(self) -> int:
        """All tokens of the input."""
        return sum(self.parts.values())

    @property
    def is_exact(self) -> bool:
        """True if recorded bills confirm everything in it."""
        return not self.doubts

    @property
    def is_lower_bound(self) -> bool:
        """True if the count leaves tokens out."""
        return any(doubt.has_missing_tokens for doubt in self.doubts)
