"""Exact token counts of text of any size and shape, with tiktoken as the engine and a bounded amount of memory.

Long text is cut where the encoding's pattern cuts it anyway, so that the parts can be counted on all cores and their
sum is the count of the whole. Text in content is never special: `<|endoftext|>` is seven ordinary tokens. Where much is to be
counted and the `[fast]` extra is installed, its engine counts instead (`gpt41_cli.tokens.fast`).
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from threading import Semaphore
from typing import TYPE_CHECKING, Generic, TypeVar

from gpt41_cli.tokens import fast
from gpt41_cli.tokens.vocabulary import VOCABULARIES, load_ranks

if TYPE_CHECKING:
    from tiktoken import Encoding

V = TypeVar("V")

BLOCK_CHARACTERS = 400_000
"""Characters counted at a time: enough to keep a core busy, little enough to hold several."""

# Letters and digits end a piece of every alternative of the pattern when one of these follows: none of them is a
# letter, a mark, a digit or the apostrophe of a contraction. Cutting there changes nothing on either side.
_SEAM = re.compile(r"(?<=[^\W_])[\s!-&(-/:-@\[-`{-~\u3000-\u3002\uff01\uff0c\uff1a\uff1b\uff1f]")
_SEAM_WINDOW = 2_000

# tiktoken 0.14 panics (a Rust stack overflow that also writes to stderr) on some 400,000 blanks in a row.
_MAX_BLANK_RUN = 100_000

MEMO_CHARACTERS = 4_000_000
"""How much text a memo holds at most."""

BYTES_PER_TOKEN = array("I").itemsize

_PIECE_BYTES = 50_000
_OVERLAP_TOKENS = 32


def count(text: str, encoding: str) -> int:
    """Tokens of `text` in the vocabulary `encoding`; lone surrogates count as the replacement character, as in tiktoken."""
    return count_stream((text,), encoding) if len(text) > 2 * BLOCK_CHARACTERS else _count_block(text, _load_engine(encoding))


def count_stream(chunks: Iterable[str], encoding: str) -> int:
    """Tokens of the text that `chunks` make when joined; at most a few blocks of it are held at a time."""
    with TextCounter(encoding) as counter:
        return counter.add(chunks)()


class TextCounter:
    """Counts many texts on all cores: `add` reads a text and hands its blocks out, what it returns waits for their sum.

    `add` waits while too many blocks are under way, so that memory does not grow with the texts.
    """

    def __init__(self, encoding: str, *, jobs: int | None = None, is_much: bool = False) -> None:
        self._count_texts = _choose_counter(encoding, is_much=is_much)
        workers = jobs or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(workers)
        self._free_blocks = Semaphore(2 * workers)

    def __enter__(self) -> TextCounter:
        return self

    def __exit__(self, *raised: object) -> None:
        # An error or Ctrl-C must not wait for what nobody will ask for.
        self._pool.shutdown(cancel_futures=True)

    def add(self, chunks: Iterable[str]) -> Callable[[], int]:
        """Count the text that `chunks` make when joined; raises what reading them raises."""
        running = []
        for block in _split_blocks(chunks):
            self._free_blocks.acquire()
            running.append(self._pool.submit(self._count, block))
        return lambda: sum(future.result() for future in running)

    def _count(self, block: str) -> int:
        try:
            return sum(self._count_texts((block,)))
        finally:
            self._free_blocks.release()


class Memo(Generic[V]):
    """What is known of texts that come again and again, such as the system prompt of every line of a file: found out once.

    Threads may share it. What it holds is bounded; when that is full it forgets everything, and what does come again is
    soon back.
    """

    def __init__(self, find: Callable[[Sequence[str]], Sequence[V]]) -> None:
        self._compute = find
        self._values: dict[str, V] = {}
        self._free_characters = MEMO_CHARACTERS

    def __call__(self, text: str) -> V:
        """What is found of `text`."""
        known = self._values.get(text)
        if known is None:
            (known,) = self._compute((text,))
            self._keep(text, known)
        return known

    def fill(self, texts: Iterable[str]) -> None:
        """Find it of those texts that are not known, all of them at once."""
        new = [text for text in dict.fromkeys(texts) if text not in self._values]
        for text, found in zip(new, self._compute(new), strict=True):
            self._keep(text, found)

    def _keep(self, text: str, found: V) -> None:
        self._free_characters -= len(text)
        if self._free_characters < 0:
            self._values.clear()
            self._free_characters = MEMO_CHARACTERS - len(text)
        if self._free_characters >= 0:
            self._values[text] = found


def make_count_memo(encoding: str, *, is_much: bool = False, tokens: Memo[bytes] | None = None) -> Memo[int]:
    """A memo of how many tokens texts are. `is_much`: so many that a faster engine pays for being loaded. `tokens`: what is going
    to be asked which tokens they are, and so knows how many.
    """
    if tokens:
        return Memo(lambda texts: [len(tokens(text)) // BYTES_PER_TOKEN for text in texts])
    return Memo(_choose_counter(encoding, is_much=is_much))


def make_token_memo(encoding: str) -> Memo[bytes]:
    """A memo of which tokens texts are: the number of each, in BYTES_A_TOKEN of this machine's order."""
    engine = _load_engine(encoding)

    def find(texts: Sequence[str]) -> list[bytes]:
        return [
            b"".join(array("I", _encode_block(block, engine)).tobytes() for block in _split_blocks((text,))) for text in texts
        ]

    return Memo(find)


def _choose_counter(encoding: str, *, is_much: bool) -> Callable[[Sequence[str]], list[int]]:
    """What counts texts: the faster engine, where it is there and worth loading."""
    if is_much and fast.is_installed():
        return partial(_count_fast, encoding)
    engine = _load_engine(encoding)
    return lambda texts: [sum(_count_block(block, engine) for block in _split_blocks((text,))) for text in texts]


def _count_fast(encoding: str, texts: Sequence[str]) -> list[int]:
    known = iter(fast.count_many([text for text in texts if fast.can_count(text)], encoding))
    return [next(known) if fast.can_count(text) else count(text, encoding) for text in texts]


@cache
def _load_engine(encoding: str) -> Encoding:
    mergeable = load_ranks(encoding)
    # Imported here and not above: it costs more than everything else that a run without text needs.
    from tiktoken import Encoding

    return Encoding(encoding, pat_str=VOCABULARIES[encoding].pattern, mergeable_ranks=mergeable, special_tokens={})


def _split_blocks(chunks: Iterable[str]) -> Iterator[str]:
    """The joined chunks, cut at seams into blocks of about BLOCK characters; a stretch without a seam stays whole."""
    pending: list[str] = []
    size = 0
    for chunk in chunks:
        pending.append(chunk)
        size += len(chunk)
        # Doubling what must arrive before the next search keeps text without any seam from being searched over and over.
        if size < 2 * BLOCK_CHARACTERS or (len(pending) > 1 and not _SEAM.search(chunk)):
            continue
        text = "".join(pending)
        start = 0
        while len(text) - start >= 2 * BLOCK_CHARACTERS:
            seam = _find_last_seam(text, start + 1, start + BLOCK_CHARACTERS) or _find_next_seam(text, start + BLOCK_CHARACTERS)
            if seam is None:
                break
            yield text[start:seam]
            start = seam
        pending = [text[start:]]
        size = len(pending[0])
    if size:
        yield "".join(pending)


def _find_last_seam(text: str, low: int, high: int) -> int | None:
    """The last seam between two positions, looked for near the end."""
    found = None
    for match in _SEAM.finditer(text, max(low, high - _SEAM_WINDOW), high):
        found = match.start()
    return found


def _find_next_seam(text: str, low: int) -> int | None:
    match = _SEAM.search(text, low)
    return match.start() if match else None


def _count_block(block: str, engine: Encoding) -> int:
    return len(_encode_block(block, engine))


def _encode_block(block: str, engine: Encoding) -> Sequence[int]:
    if len(block) <= 4 * BLOCK_CHARACTERS and not _has_long_blank(block):
        return engine.encode_ordinary(block)
    found = array("I")  # a list of so many would be ten times as large
    for piece in _split_pieces(block, engine.name):
        found.extend(_encode_piece(piece, engine))
    return found


def _has_long_blank(block: str) -> bool:
    """Whether _LONGEST_BLANK blanks may stand in a row: so many of them fill at least one of the parts looked at."""
    part = _MAX_BLANK_RUN // 2
    return any(block[start : start + part].isspace() for start in range(0, len(block) - part + 1, part))


def _split_pieces(block: str, encoding: str) -> Iterator[bytes]:
    """The pieces that the pattern cuts `block` into, by an engine that no length overwhelms."""
    import regex

    text = block.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # as tiktoken treats lone surrogates
    for match in regex.finditer(VOCABULARIES[encoding].pattern, text):
        yield match.group().encode()


def _encode_piece(piece: bytes, engine: Encoding) -> Sequence[int]:
    """The tokens of one piece, in memory and time linear in its length.

    Byte-pair encoding can be checked locally: a sequence of tokens is the encoding of its bytes exactly when every two
    neighbours are the encoding of theirs (H. Neubeck and others, https://github.com/github/rust-gems, crates/bpe). So
    a long piece is encoded part by part, each beginning with the last tokens of the part before, and the parts are
    joined where their neighbours agree; where they do not, the whole is encoded at once.
    """
    encode = engine._encode_single_piece
    if len(piece) <= _PIECE_BYTES:
        return encode(piece)
    found = array("I")
    carried = b""
    for start in range(0, len(piece), _PIECE_BYTES):
        tokens = encode(carried + piece[start : start + _PIECE_BYTES])
        if found and encode(engine.decode_bytes([found[-1], tokens[0]])) != [found[-1], tokens[0]]:
            return encode(piece)
        settled = len(tokens) if start + _PIECE_BYTES >= len(piece) else max(len(tokens) - _OVERLAP_TOKENS, 1)
        found.extend(tokens[:settled])
        carried = engine.decode_bytes(tokens[settled:])
    return found
