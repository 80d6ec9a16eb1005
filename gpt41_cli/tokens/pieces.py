"""Pieces: the text that a request's tokens stand for, cut by what it is. Printed, they are the prompt; counted, the bill."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gpt41_cli.requests.request import Doubt

TEXT, TOOLS, SCHEMA, HISTORY, IMAGES, OVERHEAD = "text", "tools", "schema", "history", "images", "overhead"
PARTS = (TEXT, TOOLS, SCHEMA, HISTORY, IMAGES, OVERHEAD)
"""What tokens are spent on: what was written, declared functions, a structured output, calls and their results, pictures,
and what frames the messages."""

USER_MESSAGE_OVERHEAD = 7
"""What a text costs more when it is sent as one user message: 3 around it, its role, and 3 where the answer begins."""


class PromptPiece(NamedTuple):
    """`text` and what it costs beside its own tokens, `extra_tokens`; `label` says what it is.

    `joins_previous`: tokenised as one string with the piece before it, so that tokens may form across the joint.
    """

    part: str
    label: str
    text: str
    extra_tokens: int = 0
    joins_previous: bool = False


def join_texts(pieces: Iterable[PromptPiece]) -> Iterator[str]:
    """The texts that `count_pieces` has counted, each as it is tokenised."""
    whole = ""
    for piece in pieces:
        whole = whole + piece.text if piece.joins_previous else piece.text
        yield whole


def count_pieces(pieces: Iterable[PromptPiece], count: Callable[[str], int]) -> Iterator[tuple[PromptPiece, int]]:
    """Each piece with its tokens; one that joins is charged what the joined string costs more."""
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

    `custom_id`, `model`, `endpoint` are None where it does not say, or is no request.
    Where pieces are kept, `savings` says for a keyword of schemas how many tokens less the request has without it.
    """

    parts: Mapping[str, int]
    doubts: Sequence[Doubt] = ()
    custom_id: str | None = None
    model: str | None = None
    endpoint: str | None = None
    pieces: Sequence[tuple[PromptPiece, int]] = ()
    savings: Mapping[str, int] = {}

    @property
    def input_tokens(self) -> int:
        """All of its tokens."""
        return sum(self.parts.values())

    @property
    def is_exact(self) -> bool:
        """Whether everything in it is confirmed by recorded bills."""
        return not self.doubts

    @property
    def is_lower_bound(self) -> bool:
        """Whether it has tokens that the count leaves out."""
        return any(doubt.has_missing_tokens for doubt in self.doubts)
