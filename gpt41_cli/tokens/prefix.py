"""The beginnings that prompts can share: a request as tokens, in the order in which the prompt cache compares it.

Declared tools and the schema of a structured output come first, then the messages, each picture at its place (OpenAI prompt
caching guide and cookbook Prompt Caching 201, 2026-07-15). The guide places tools before the messages; bills can't show that,
since order costs nothing.
"""

from __future__ import annotations

from array import array
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from typing import NamedTuple

from gpt41_cli.catalog.limit_tables import CacheRules
from gpt41_cli.catalog.tables import ImageRule
from gpt41_cli.requests.request import CallTurn, Image, Request
from gpt41_cli.tokens.generations import FAMILY, PromptRules
from gpt41_cli.tokens.images import count_image_tokens
from gpt41_cli.tokens.pieces import SCHEMA, TEXT, TOOLS, PromptPiece
from gpt41_cli.tokens.prompt import build_declarations, build_ending, build_turn
from gpt41_cli.tokens.text.engine import BYTES_PER_TOKEN

_FRAME_TOKEN = b"\xff" * BYTES_PER_TOKEN
"""Stands for each token around a text, which no text has."""


_MESSAGE = "message"
"""How the labels of messages begin."""


class PromptStretch(NamedTuple):
    """A part of a prompt as the cache sees it: `label` names its message, `extra_tokens` are those around `text`.

    A stretch with an `image` is only that.
    """

    label: str
    text: str
    extra_tokens: int = 0
    image: Image | None = None


class CachePrefix(NamedTuple):
    """The part of a prompt that the cache of `model` can hold: a digest of its first tokens for each of the `ends`, in rising
    order.

    `routing_digest` is a digest of the first tokens and the `prompt_cache_key`, which decide the machine. `key_digest` is that of
    the key alone, 0 without a key.
    """

    model: str
    ends: Sequence[int]
    digests: Sequence[int]
    routing_digest: int
    key_digest: int = 0


def split_prompt(request: Request, rules: PromptRules = FAMILY) -> list[PromptStretch]:
    """Split the whole prompt in the order of the cache."""
    stretches = [
        _make_stretch(piece, "tools" if piece.part == TOOLS else "schema") for piece in build_declarations(request, rules)
    ]
    by_turn: dict[int, list[Image]] = {}
    for image in request.images:
        by_turn.setdefault(_find_image_turn(image, request), []).append(image)
    for number, turn in enumerate(request.turns):
        is_calls = isinstance(turn, CallTurn)
        where = f"{_MESSAGE} {number + 1} ({'calls' if isinstance(turn, CallTurn) else turn.role})"
        images = by_turn.get(number, [])
        for piece in build_turn(request, turn, rules):
            is_text = piece.part == TEXT and not is_calls
            stretches += _split_at_pictures(piece, images, where) if is_text else (_make_stretch(piece, where),)
        stretches += (PromptStretch(where, "", image=image) for image in images if is_calls)
    stretches += (_make_stretch(piece, "the answer") for piece in build_ending(request, rules))
    return stretches


def _find_image_turn(image: Image, request: Request) -> int:
    """Return the turn that a picture belongs to: that of the calls if it is in the result of one."""
    before = image.turn - 1
    return before if image.is_in_result and before >= 0 and isinstance(request.turns[before], CallTurn) else image.turn


def _make_stretch(piece: PromptPiece, where: str) -> PromptStretch:
    return PromptStretch(where, piece.text.lstrip("\n") if piece.part in (TOOLS, SCHEMA) else piece.text, piece.extra_tokens)


def _split_at_pictures(piece: PromptPiece, images: Iterable[Image], where: str) -> Iterator[PromptStretch]:
    """Split the text of a message at its pictures."""
    start = 0
    for image in images:
        if image.offset > start:
            yield PromptStretch(where, piece.text[start : image.offset])
            start = image.offset
        yield PromptStretch(where, "", image=image)
    yield PromptStretch(where, piece.text[start:], piece.extra_tokens)


class _DigestedBeginning(NamedTuple):
    """The digests of the beginning of a prompt up to each of `ends`, and what digests on from there."""

    ends: Sequence[int]
    digests: array[int]
    running: blake2b

    def extend(self, prompt: bytes, ends: Sequence[int]) -> _DigestedBeginning:
        """Digest a prompt that begins with this one, up to the last of `ends`, which begin with its own."""
        running, digests = self.running.copy(), self.digests[:]
        start = self.ends[-1] * BYTES_PER_TOKEN if self.ends else 0
        for end in ends[len(digests) :]:
            running.update(prompt[start : end * BYTES_PER_TOKEN])
            digests.append(int.from_bytes(running.digest()))
            start = end * BYTES_PER_TOKEN
        return _DigestedBeginning(ends, digests, running)


@dataclass
class _PromptHead:
    """A prompt up to the last of the texts that differ, with the `texts` of its own that do: its `tokens`, and how many each
    stretch has. `routing_digest` is None if it is too short to decide the machine.
    """

    texts: Sequence[str]
    tokens: bytes
    sizes: Sequence[int]
    routing_digest: int | None
    digested: _DigestedBeginning


class PrefixDigester:
    """Digests the part of the prompt that the cache of `model` can hold, and of prompts that differ from it in the texts
    of the stretches that are `marks`. `tokens` maps a text to its tokens.
    """

    def __init__(
        self,
        stretches: Sequence[PromptStretch],
        model: str,
        cache_key: str,
        tokens: Callable[[str], bytes],
        images: ImageRule,
        rules: CacheRules,
        marks: Sequence[str] = (),
    ) -> None:
        self._stretches = stretches
        self._model = model
        self._key = cache_key.encode(errors="surrogatepass")
        self._tokens = tokens
        self._rules = rules
        self._encoded = [_encode_stretch(stretch, tokens, images) for stretch in stretches]
        texts = [stretch.text for stretch in stretches]
        self._positions = [texts.index(mark) for mark in marks]
        self._head_stretches = self._positions[-1] if marks else len(stretches)
        after = self._encoded[self._head_stretches + 1 :]
        self._after, self._after_sizes = b"".join(after), _measure(after)
        self._start = blake2b(f"{model}\0".encode(errors="surrogatepass"), digest_size=8)
        self._head: _PromptHead | None = None
        self._key_digest = int.from_bytes(blake2b(self._key, digest_size=8).digest()) if self._key else 0

    def fill_in(self, texts: Sequence[str]) -> list[PromptStretch]:
        """Return the prompt with texts in place of the marks."""
        filled = list(self._stretches)
        for position, text in zip(self._positions, texts, strict=True):
            filled[position] = filled[position]._replace(text=text)
        return filled

    def digest(self, texts: Sequence[str] = ()) -> CachePrefix:
        """Digest the prompt with texts in place of the marks."""
        # What comes before the last text of a prompt is often the same in the next one: it is digested once.
        head = self._head  # another thread may replace it
        if head is None or head.texts != texts[:-1]:
            head = self._head = self._make_head(texts[:-1])
        last = [self._encode(self._head_stretches, text) for text in texts[-1:]]
        prompt = b"".join((head.tokens, *last, self._after))
        ends = _find_ends(self._stretches, [*head.sizes, *_measure(last), *self._after_sizes], self._rules)
        begun = head.digested
        if not begun.ends or begun.ends != ends[: len(begun.ends)]:
            within = ends[: bisect(ends, len(head.tokens) // BYTES_PER_TOKEN)]
            begun = head.digested = _DigestedBeginning(within[:0], array("Q"), self._start).extend(prompt, within)
        routing = self._digest_routing(prompt) if head.routing_digest is None else head.routing_digest
        return CachePrefix(self._model, ends, begun.extend(prompt, ends).digests, routing, self._key_digest)

    def _make_head(self, texts: Sequence[str]) -> _PromptHead:
        encoded = self._encoded[: self._head_stretches]
        for position, text in zip(self._positions, texts, strict=False):
            encoded[position] = self._encode(position, text)
        tokens = b"".join(encoded)
        is_long = len(tokens) >= self._rules.routing_prefix_tokens * BYTES_PER_TOKEN
        routing = self._digest_routing(tokens) if is_long else None
        return _PromptHead(texts, tokens, _measure(encoded), routing, _DigestedBeginning((), array("Q"), self._start))

    def _encode(self, position: int, text: str) -> bytes:
        return _frame_tokens(self._tokens(text), self._stretches[position].extra_tokens)

    def _digest_routing(self, prompt: bytes) -> int:
        """Digest the first tokens and the key, which decide the machine."""
        routing = self._start.copy()
        routing.update(prompt[: self._rules.routing_prefix_tokens * BYTES_PER_TOKEN])
        routing.update(self._key)
        return int.from_bytes(routing.digest())


def _measure(encoded: Iterable[bytes]) -> list[int]:
    """Count the tokens of each stretch."""
    return [len(stretch) // BYTES_PER_TOKEN for stretch in encoded]


def _find_ends(stretches: Sequence[PromptStretch], sizes: Sequence[int], rules: CacheRules) -> Sequence[int]:
    """Find how long the beginnings are that the cache can hold: whole steps, or what it can read of a prompt that ends with a
    message.
    """
    total = sum(sizes)
    if not rules.uncached_end_tokens:
        return range(rules.minimum_tokens, total + 1, rules.step_tokens)
    ends: dict[str, int] = {}
    for stretch, end in zip(stretches, accumulate(sizes), strict=True):
        ends[stretch.label] = end
    ends = {label: end for label, end in ends.items() if label.startswith(_MESSAGE)}
    answer = total - max(ends.values(), default=0)
    return array("I", filter(None, (rules.count_readable(end + answer) for end in ends.values())))


def _encode_stretch(stretch: PromptStretch, tokens: Callable[[str], bytes], images: ImageRule) -> bytes:
    """Return the tokens of a stretch. Pictures are equal if their address, detail and size are."""
    image = stretch.image
    if image:
        name = f"{image.address}\0{image.detail}\0{image.width}x{image.height}"
        return blake2b(name.encode(errors="surrogatepass"), digest_size=BYTES_PER_TOKEN).digest() * count_image_tokens(
            image, images
        )
    return _frame_tokens(tokens(stretch.text), stretch.extra_tokens)


def _frame_tokens(tokens: bytes, extra: int) -> bytes:
    """Return the tokens of a text with those around it. A block counts fewer tokens than its text."""
    return tokens[: extra * BYTES_PER_TOKEN] if extra < 0 else _FRAME_TOKEN * extra + tokens
