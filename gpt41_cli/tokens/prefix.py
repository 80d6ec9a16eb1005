"""The beginnings that prompts can share: a request in the order in which the prompt cache compares it, as tokens.

Declared tools and the schema of a structured output come first, then the messages, each picture where it stands (OpenAI prompt
caching guide and cookbook Prompt Caching 201, 2026-07-15). The guide places tools before the messages; the bill alone cannot
tell, since an order costs nothing.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

from gpt41_cli.catalog.limit_tables import CacheRules
from gpt41_cli.catalog.tables import ImageRule
from gpt41_cli.requests.request import CallTurn, Image, Request
from gpt41_cli.tokens.engine import BYTES_A_TOKEN
from gpt41_cli.tokens.images import image_tokens
from gpt41_cli.tokens.pieces import SCHEMA, TEXT, TOOLS, Piece
from gpt41_cli.tokens.prompt import declared, ending, turn_pieces

_FRAME = b"\xff" * BYTES_A_TOKEN
"""Stands for each token around a text, which no text has."""


class Stretch(NamedTuple):
    """A part of a prompt as the cache sees it: `where` says of which message, `extra` how many tokens stand around `text`.

    With an `image`, that alone.
    """

    where: str
    text: str
    extra: int = 0
    image: Image | None = None


class Prefix(NamedTuple):
    """What of a prompt can be in the cache of `model`: a digest of its first `minimum_tokens`, and one more for each step.

    `routing` is a digest of the first tokens and the `prompt_cache_key`, by which requests are sent to machines; `cache_key` is
    that of the key alone, 0 where there is none.
    """

    model: str
    digests: Sequence[int]
    routing: int
    cache_key: int = 0


def stretches(request: Request, *, escapes_results: bool = False) -> list[Stretch]:
    """The whole prompt, in the order of the cache."""
    found = [_of_piece(piece, "tools" if piece.part == TOOLS else "schema") for piece in declared(request)]
    by_turn: dict[int, list[Image]] = {}
    for image in request.images:
        by_turn.setdefault(_turn_of(image, request), []).append(image)
    for number, turn in enumerate(request.turns):
        is_calls = isinstance(turn, CallTurn)
        where = f"message {number + 1} ({'calls' if isinstance(turn, CallTurn) else turn.role})"
        images = by_turn.get(number, [])
        for piece in turn_pieces(request, turn, escapes_results=escapes_results):
            is_text = piece.part == TEXT and not is_calls
            found += _with_pictures(piece, images, where) if is_text else (_of_piece(piece, where),)
        found += (Stretch(where, "", image=image) for image in images if is_calls)
    found += (_of_piece(piece, "the answer") for piece in ending(request))
    return found


def _turn_of(image: Image, request: Request) -> int:
    """The turn that a picture stands in: that of the calls, where it is in the result of one."""
    before = image.turn - 1
    return before if image.in_result and before >= 0 and isinstance(request.turns[before], CallTurn) else image.turn


def _of_piece(piece: Piece, where: str) -> Stretch:
    return Stretch(where, piece.text.lstrip("\n") if piece.part in (TOOLS, SCHEMA) else piece.text, piece.extra)


def _with_pictures(piece: Piece, images: Iterable[Image], where: str) -> Iterator[Stretch]:
    """The text of a message, cut where its pictures stand."""
    start = 0
    for image in images:
        if image.offset > start:
            yield Stretch(where, piece.text[start : image.offset])
            start = image.offset
        yield Stretch(where, "", image=image)
    yield Stretch(where, piece.text[start:], piece.extra)


def prefix(
    found: Sequence[Stretch], model: str, cache_key: str, tokens: Callable[[str], bytes], images: ImageRule, rules: CacheRules
) -> Prefix:
    """What of the prompt that the stretches make can be in the cache of `model`; `tokens` are those of a text."""
    prompt = b"".join(_tokens(stretch, tokens, images) for stretch in found)
    running = blake2b(f"{model}\0".encode(), digest_size=8)
    routing = running.copy()
    routing.update(prompt[: rules.routing_prefix_tokens * BYTES_A_TOKEN])
    key = cache_key.encode(errors="surrogatepass")
    routing.update(key)
    digests = array("Q")
    start = 0
    for end in range(rules.minimum_tokens, len(prompt) // BYTES_A_TOKEN + 1, rules.step_tokens):
        running.update(prompt[start : end * BYTES_A_TOKEN])
        digests.append(int.from_bytes(running.digest()))
        start = end * BYTES_A_TOKEN
    named = int.from_bytes(blake2b(key, digest_size=8).digest()) if key else 0
    return Prefix(model, digests, int.from_bytes(routing.digest()), named)


def _tokens(stretch: Stretch, tokens: Callable[[str], bytes], images: ImageRule) -> bytes:
    """The tokens of a stretch; those of a picture are alike where its address, its detail and its size are."""
    image = stretch.image
    if image:
        name = f"{image.address}\0{image.detail}\0{image.width}x{image.height}"
        return blake2b(name.encode(errors="surrogatepass"), digest_size=BYTES_A_TOKEN).digest() * image_tokens(image, images)
    found = tokens(stretch.text)
    if stretch.extra < 0:  # a block counts fewer tokens than its text
        return found[: stretch.extra * BYTES_A_TOKEN]
    return _FRAME * stretch.extra + found
