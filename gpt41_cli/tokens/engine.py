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
from gpt41_cli.tokens.vocabulary import VOCABULARIES, ranks

if TYPE_CHECKING:
    from tiktoken import Encoding

V = TypeVar("V")

BLOCK = 400_000
"""Characters counted at a time: enough to keep a core busy, little enough to hold several."""

# Letters and digits end a piece of every alternative of the pattern when one of these follows: none of them is a
# letter, a mark, a digit or the apostrophe of a contraction. Cutting there changes nothing on either side.
_SEAM = re.compile(r"(?<=[^\W_])[\s!-&(-/:-@\[-`{-~\u3000-\u3002\uff01\uff0c\uff1a\uff1b\uff1f]")
_SEAM_WINDOW = 2_000

# tiktoken 0.14 panics (a Rust stack overflow that also writes to stderr) on some 400,000 blanks in a row.
_LONGEST_BLANK = 100_000

MEMO_CHARACTERS = 4_000_000
"""How much text a memo holds at most."""

BYTES_A_TOKEN = array("I").itemsize

_PIECE = 50_000
_OVERLAP = 32


def count(text: str, encoding: str) -> int:
    """Tokens of `text` in the vocabulary `encoding`; lone surrogates count as the replacement character, as in tiktoken."""
    return count_stream((text,), encoding) if len(text) > 2 * BLOCK else _count_block(text, _engine(encoding))


def count_stream(chunks: Iterable[str], encoding: str) -> int:
    """Tokens of the text that `chunks` make when joined; at most a few blocks of it are held at a time."""
    with Counter(encoding) as counter:
        return counter.add(chunks)()


class Counter:
    """Counts many texts on all cores: `add` reads a text and hands its blocks out, what it returns waits for their sum.

    `add` waits while too many blocks are under way, so that memory does not grow with the texts.
    """

    def __init__(self, encoding: str, *, jobs: int | None = None, is_much: bool = False) -> None:
        self._count_many = _count_many(encoding, is_much=is_much)
        workers = jobs or os.cpu_count() or 1
        self._pool = ThreadPoolExecutor(workers)
        self._free = Semaphore(2 * workers)

    def __enter__(self) -> Counter:
        return self

    def __exit__(self, *raised: object) -> None:
        # An error or Ctrl-C must not wait for what nobody will ask for.
        self._pool.shutdown(cancel_futures=True)

    def add(self, chunks: Iterable[str]) -> Callable[[], int]:
        """Count the text that `chunks` make when joined; raises what reading them raises."""
        running = []
        for block in _blocks(chunks):
            self._free.acquire()
            running.append(self._pool.submit(self._count, block))
        return lambda: sum(future.result() for future in running)

    def _count(self, block: str) -> int:
        try:
            return sum(self._count_many((block,)))
        finally:
            self._free.release()


class Memo(Generic[V]):
    """What is known of texts that come again and again, such as the system prompt of every line of a file: found out once.

    Threads may share it. What it holds is bounded; when that is full it forgets everything, and what does come again is
    soon back.
    """

    def __init__(self, find: Callable[[Sequence[str]], Sequence[V]]) -> None:
        self._find = find
        self._known: dict[str, V] = {}
        self._room = MEMO_CHARACTERS

    def __call__(self, text: str) -> V:
        """What is found of `text`."""
        known = self._known.get(text)
        if known is None:
            (known,) = self._find((text,))
            self._keep(text, known)
        return known

    def learn(self, texts: Iterable[str]) -> None:
        """Find it of those texts that are not known, all of them at once."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for text, found in zip(new, self._find(new), strict=True):
            self._keep(text, found)

    def _keep(self, text: str, found: V) -> None:
        self._room -= len(text)
        if self._room < 0:
            self._known.clear()
            self._room = MEMO_CHARACTERS - len(text)
        if self._room >= 0:
            self._known[text] = found


def count_memo(encoding: str, *, is_much: bool = False, tokens: Memo[bytes] | None = None) -> Memo[int]:
    """A memo of how many tokens texts are. `is_much`: so many that a faster engine pays for being loaded. `tokens`: what is going
    to be asked which tokens they are, and so knows how many.
    """
    if tokens:
        return Memo(lambda texts: [len(tokens(text)) // BYTES_A_TOKEN for text in texts])
    return Memo(_count_many(encoding, is_much=is_much))


def token_memo(encoding: str) -> Memo[bytes]:
    """A memo of which tokens texts are: the number of each, in BYTES_A_TOKEN of this machine's order."""
    engine = _engine(encoding)

    def find(texts: Sequence[str]) -> list[bytes]:
        return [b"".join(array("I", _encode_block(block, engine)).tobytes() for block in _blocks((text,))) for text in texts]

    return Memo(find)


def _count_many(encoding: str, *, is_much: bool) -> Callable[[Sequence[str]], list[int]]:
    """What counts texts: the faster engine, where it is there and worth loading."""
    if is_much and fast.is_installed():
        return partial(_count_fast, encoding)
    engine = _engine(encoding)
    return lambda texts: [sum(_count_block(block, engine) for block in _blocks((text,))) for text in texts]


def _count_fast(encoding: str, texts: Sequence[str]) -> list[int]:
    known = iter(fast.count_many([text for text in texts if fast.knows(text)], encoding))
    return [next(known) if fast.knows(text) else count(text, encoding) for text in texts]


@cache
def _engine(encoding: str) -> Encoding:
    mergeable = ranks(encoding)
    # Imported here and not above: it costs more than everything else that a run without text needs.
    from tiktoken import Encoding

    return Encoding(encoding, pat_str=VOCABULARIES[encoding].pattern, mergeable_ranks=mergeable, special_tokens={})


def _blocks(chunks: Iterable[str]) -> Iterator[str]:
    """The joined chunks, cut at seams into blocks of about BLOCK characters; a stretch without a seam stays whole."""
    pending: list[str] = []
    size = 0
    for chunk in chunks:
        pending.append(chunk)
        size += len(chunk)
        # Doubling what must arrive before the next search keeps text without any seam from being searched over and over.
        if size < 2 * BLOCK or (len(pending) > 1 and not _SEAM.search(chunk)):
            continue
        text = "".join(pending)
        start = 0
        while len(text) - start >= 2 * BLOCK:
            seam = _last_seam(text, start + 1, start + BLOCK) or _next_seam(text, start + BLOCK)
            if seam is None:
                break
            yield text[start:seam]
            start = seam
        pending = [text[start:]]
        size = len(pending[0])
    if size:
        yield "".join(pending)


def _last_seam(text: str, low: int, high: int) -> int | None:
    """The last seam between two positions, looked for near the end."""
    found = None
    for match in _SEAM.finditer(text, max(low, high - _SEAM_WINDOW), high):
        found = match.start()
    return found


def _next_seam(text: str, low: int) -> int | None:
    match = _SEAM.search(text, low)
    return match.start() if match else None


def _count_block(block: str, engine: Encoding) -> int:
    return len(_encode_block(block, engine))


def _encode_block(block: str, engine: Encoding) -> Sequence[int]:
    if len(block) <= 4 * BLOCK and not _has_long_blank(block):
        return engine.encode_ordinary(block)
    found = array("I")  # a list of so many would be ten times as large
    for piece in _pieces(block, engine.name):
        found.extend(_encode_piece(piece, engine))
    return found


def _has_long_blank(block: str) -> bool:
    """Whether _LONGEST_BLANK blanks may stand in a row: so many of them fill at least one of the parts looked at."""
    part = _LONGEST_BLANK // 2
    return any(block[start : start + part].isspace() for start in range(0, len(block) - part + 1, part))


def _pieces(block: str, encoding: str) -> Iterator[bytes]:
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
    if len(piece) <= _PIECE:
        return encode(piece)
    found = array("I")
    carried = b""
    for start in range(0, len(piece), _PIECE):
        tokens = encode(carried + piece[start : start + _PIECE])
        if found and encode(engine.decode_bytes([found[-1], tokens[0]])) != [found[-1], tokens[0]]:
            return encode(piece)
        settled = len(tokens) if start + _PIECE >= len(piece) else max(len(tokens) - _OVERLAP, 1)
        found.extend(tokens[:settled])
        carried = engine.decode_bytes(tokens[settled:])
    return found
