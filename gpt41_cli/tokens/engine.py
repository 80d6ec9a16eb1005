"""Count the tokens of text of any size and shape, exactly and in bounded memory. tiktoken is the engine.

Long text is cut where the encoding's pattern cuts it anyway. So the parts can be counted on all cores, and their sum is the count
of the whole. Text in content is never special: `<|endoftext|>` is seven ordinary tokens. If the input is large and the `[fast]`
extra is installed, its engine counts instead (`gpt41_cli.tokens.fast`).
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from threading import Semaphore
from typing import TYPE_CHECKING, Generic, TypeVar

from gpt41_cli.tokens import fast
from gpt41_cli.tokens.vocabulary import VOCABULARIES, load_ranks
from gpt41_cli.tokens.workers import WorkerThreads

if TYPE_CHECKING:
    from tiktoken import Encoding

V = TypeVar("V")

BLOCK_CHARACTERS = 400_000
"""Characters counted at a time: enough to keep a core busy, few enough to hold several blocks."""

# Letters and digits end a piece of every alternative of the pattern when one of these follows: none of them is a
# letter, a mark, a digit or the apostrophe of a contraction. Cutting there changes nothing on either side.
_SEAM = re.compile(r"(?<=[^\W_])[\s!-&(-/:-@\[-`{-~\u3000-\u3002\uff01\uff0c\uff1a\uff1b\uff1f]")
_SEAM_WINDOW = 2_000

# tiktoken 0.14 panics (a Rust stack overflow that also writes to stderr) on some 400,000 blanks in a row.
_MAX_BLANK_RUN = 100_000

MEMO_CHARACTERS = 4_000_000
"""The most text that a memo holds."""

BYTES_PER_TOKEN = array("I").itemsize

_PIECE_BYTES = 50_000
_OVERLAP_TOKENS = 32


def count(text: str, encoding: str) -> int:
    """Count the tokens of `text`. Lone surrogates count as the replacement character, as in tiktoken."""
    return count_stream((text,), encoding) if len(text) > 2 * BLOCK_CHARACTERS else _count_block(text, _load_engine(encoding))


def count_stream(chunks: Iterable[str], encoding: str) -> int:
    """Count the tokens of the text that `chunks` join to, holding at most a few blocks of it."""
    with TextCounter(encoding) as counter:
        return counter.add(chunks)()


class TextCounter:
    """Counts many texts on all cores. `add` submits the blocks of a text; the function that it returns waits for their sum.

    `add` waits while too many blocks are being counted, so memory doesn't grow with the texts.
    """

    def __init__(self, encoding: str, *, jobs: int | None = None, is_much: bool = False) -> None:
        self._count_texts = _choose_counter(encoding, is_much=is_much)
        workers = jobs or os.cpu_count() or 1
        self._threads = WorkerThreads(workers)
        self._free_blocks = Semaphore(2 * workers)

    def __enter__(self) -> TextCounter:
        return self

    def __exit__(self, *raised: object) -> None:
        self._threads.end()

    def add(self, chunks: Iterable[str]) -> Callable[[], int]:
        """Start counting the text that `chunks` join to. Errors of reading `chunks` are raised here."""
        running = []
        for block in _split_blocks(chunks):
            self._free_blocks.acquire()
            running.append(self._threads.submit(self._count, block))
        return lambda: sum(future.result() for future in running)

    def _count(self, block: str) -> int:
        try:
            return sum(self._count_texts((block,)))
        finally:
            self._free_blocks.release()


class Memo(Generic[V]):
    """Remembers the value computed for each text, such as the system prompt that every line of a file repeats.

    Threads may share it. When it is full it forgets everything: whatever repeats is soon back.
    """

    def __init__(self, find: Callable[[Sequence[str]], Sequence[V]]) -> None:
        self._compute = find
        self._values: dict[str, V] = {}
        self._free_characters = MEMO_CHARACTERS

    def __call__(self, text: str) -> V:
        """Return the value of `text`, computing it if it isn't known yet."""
        known = self._values.get(text)
        if known is None:
            (known,) = self._compute((text,))
            self._keep(text, known)
        return known

    def fill(self, texts: Iterable[str]) -> None:
        """Compute the values of all unknown texts in one call."""
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
    """Make a memo of token counts.

    `is_much`: there is so much text that loading the faster engine pays. `tokens`: a memo that will hold the tokens of the same
    texts anyway, so the counts come from it.
    """
    if tokens:
        return Memo(lambda texts: [len(tokens(text)) // BYTES_PER_TOKEN for text in texts])
    return Memo(_choose_counter(encoding, is_much=is_much))


def make_token_memo(encoding: str) -> Memo[bytes]:
    """Make a memo of tokens: their numbers as bytes, BYTES_PER_TOKEN each, in the byte order of this machine."""
    engine = _load_engine(encoding)

    def find(texts: Sequence[str]) -> list[bytes]:
        return [
            b"".join(array("I", _encode_block(block, engine)).tobytes() for block in _split_blocks((text,))) for text in texts
        ]

    return Memo(find)


def _choose_counter(encoding: str, *, is_much: bool) -> Callable[[Sequence[str]], list[int]]:
    """Return what counts texts: the faster engine if it is installed and worth loading, else tiktoken."""
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
    # Imported here: it costs more than everything else in a run that counts no text.
    from tiktoken import Encoding

    return Encoding(encoding, pat_str=VOCABULARIES[encoding].pattern, mergeable_ranks=mergeable, special_tokens={})


def _split_blocks(chunks: Iterable[str]) -> Iterator[str]:
    """Cut the joined chunks at seams into blocks of about BLOCK_CHARACTERS. A stretch without a seam stays whole."""
    pending: list[str] = []
    size = 0
    for chunk in chunks:
        pending.append(chunk)
        size += len(chunk)
        # Text without a seam would be searched again for every chunk. So each search waits until the pending text has doubled.
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
    """Find the last seam between two positions, searching only near the end."""
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
    found = array("I")  # a list would take ten times the memory
    for piece in _split_pieces(block, engine.name):
        found.extend(_encode_piece(piece, engine))
    return found


def _has_long_blank(block: str) -> bool:
    """Return True if the block may have _MAX_BLANK_RUN blanks in a row: such a run fills at least one of these parts."""
    part = _MAX_BLANK_RUN // 2
    return any(block[start : start + part].isspace() for start in range(0, len(block) - part + 1, part))


def _split_pieces(block: str, encoding: str) -> Iterator[bytes]:
    """Cut `block` into the pieces of the pattern, with an engine that any length of text is safe for."""
    import regex

    text = block.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # as tiktoken treats lone surrogates
    for match in regex.finditer(VOCABULARIES[encoding].pattern, text):
        yield match.group().encode()


def _encode_piece(piece: bytes, engine: Encoding) -> Sequence[int]:
    """Encode one piece in memory and time linear in its length.

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
