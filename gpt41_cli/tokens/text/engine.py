"""Count the tokens of text of any size and shape, exactly and in bounded memory. tiktoken is the engine.

Long text is cut where the encoding's pattern cuts it anyway. So the parts can be counted on all cores, and their sum is the count
of the whole. Text in content is never special: `<|endoftext|>` is seven ordinary tokens. If the input is large and the `[fast]`
extra is installed, its engine counts instead (`gpt41_cli.tokens.text.fast`).
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache, partial
from threading import Lock, Semaphore
from typing import TYPE_CHECKING, Generic, TypeVar

from gpt41_cli.tokens.text import blocks, fast
from gpt41_cli.tokens.text.small import SmallTextEncoder
from gpt41_cli.tokens.text.vocabulary import DEFAULT_ENCODING, VOCABULARIES, load_ranks
from gpt41_cli.tokens.text.workers import BEFORE_WORKERS, WorkerThreads

if TYPE_CHECKING:
    from tiktoken import Encoding

V = TypeVar("V")

# tiktoken 0.14 panics (a Rust stack overflow that also writes to stderr) on some 400,000 blanks in a row.
_MAX_BLANK_RUN = 100_000

MEMO_CHARACTERS = 4_000_000
"""The most text that a memo holds."""

BYTES_PER_TOKEN = array("I").itemsize

_engines: dict[str, Encoding] = {}
_small_encoders: dict[str, SmallTextEncoder] = {}
_loading = Lock()

_PART_BYTES = 200_000
"""The most of a piece that is encoded at a time."""


def count(text: str, encoding: str = DEFAULT_ENCODING) -> int:
    """Count the tokens of `text`, by default as the family does. Lone surrogates count as the replacement character, as in
    tiktoken.
    """
    return count_stream((text,), encoding) if len(text) > 2 * blocks.BLOCK_CHARACTERS else len(_encode_block(text, encoding))


def count_stream(chunks: Iterable[str], encoding: str) -> int:
    """Count the tokens of the text that `chunks` join to, holding at most a few blocks of it."""
    with TextCounter(encoding) as counter:
        return counter.add(chunks)()


class TextCounter:
    """Counts many texts on all cores. `add` submits the blocks of a text; the function that it returns waits for their sum.

    `add` waits while too many blocks are being counted, so memory doesn't grow with the texts.
    """

    def __init__(self, encoding: str, *, jobs: int | None = None, is_much: bool = False) -> None:
        self._encoding = encoding
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
        counted_here = 0
        split = blocks.split_blocks(chunks, VOCABULARIES[self._encoding].pattern)
        for block in split:
            if block.is_open:
                counted_here += sum(map(len, _encode_open_piece(block, split, load_engine(self._encoding))))
                continue
            self._free_blocks.acquire()
            running.append(self._threads.submit(self._count, block.text))
        return lambda: counted_here + sum(future.result() for future in running)

    def _count(self, block: str) -> int:
        try:
            return sum(self._count_texts((block,)))
        finally:
            self._free_blocks.release()


class Memo(Generic[V]):
    """Remembers the value computed for each text, such as the system prompt that every line of a file repeats.

    Threads may share it. Half of what it may hold is a generation: when that is full, the texts of the one before that were not
    asked for again are forgotten.
    """

    def __init__(self, find: Callable[[Sequence[str]], Sequence[V]]) -> None:
        self._compute = find
        self._values: dict[str, V] = {}
        self._older: dict[str, V] = {}
        self._free_characters = MEMO_CHARACTERS // 2

    def __call__(self, text: str) -> V:
        """Return the value of `text`, computing it if it isn't known yet."""
        known = self._values.get(text)
        if known is None:
            known = self._older.get(text)
            if known is None:
                (known,) = self._compute((text,))
            self._keep(text, known)
        return known

    def fill(self, texts: Iterable[str]) -> None:
        """Compute the values of all unknown texts in one call."""
        new = [text for text in dict.fromkeys(texts) if text not in self._values and text not in self._older]
        for text, value in zip(new, self._compute(new), strict=True):
            self._keep(text, value)

    def _keep(self, text: str, value: V) -> None:
        self._free_characters -= len(text)
        if self._free_characters < 0:
            self._older, self._values = self._values, {}
            self._free_characters = MEMO_CHARACTERS // 2 - len(text)
        if self._free_characters >= 0:
            self._values[text] = value


def make_count_memo(encoding: str, *, is_much: bool = False, tokens: Memo[bytes] | None = None) -> Memo[int]:
    """Make a memo of token counts.

    `is_much`: there is so much text that an engine is needed, and the faster one pays. `tokens`: a memo that will hold the tokens
    of the same texts anyway, so the counts come from it.
    """
    if tokens:
        return Memo(lambda texts: [len(tokens(text)) // BYTES_PER_TOKEN for text in texts])
    return Memo(_choose_counter(encoding, is_much=is_much))


def make_token_memo(encoding: str, *, is_much: bool = False) -> Memo[bytes]:
    """Make a memo of tokens: their numbers as bytes, BYTES_PER_TOKEN each, in the byte order of this machine. `is_much`: there is
    so much text that an engine is needed, and the faster one pays.
    """

    def encode(text: str) -> bytes:
        if is_much and fast.can_encode() and fast.can_count(text):
            return fast.encode(text, encoding)
        if is_much:
            load_engine(encoding)
        return b"".join(array("I", tokens).tobytes() for tokens in _encode_text(text, encoding))

    return Memo(lambda texts: list(map(encode, texts)))


def _choose_counter(encoding: str, *, is_much: bool) -> Callable[[Sequence[str]], list[int]]:
    """Return the function that counts texts: the faster engine's if it is installed and worth loading, otherwise tiktoken's.

    The beginning of a little text is looked up in the index of the vocabulary; for much text, that would gain nothing.
    """
    if is_much and fast.is_installed():
        return partial(_count_fast, encoding)

    def count_texts(texts: Sequence[str]) -> list[int]:
        if is_much:
            load_engine(encoding)
        return [sum(map(len, _encode_text(text, encoding))) for text in texts]

    return count_texts


def _count_fast(encoding: str, texts: Sequence[str]) -> list[int]:
    known = iter(fast.count_many([text for text in texts if fast.can_count(text)], encoding))
    return [next(known) if fast.can_count(text) else count(text, encoding) for text in texts]


def load_engine(encoding: str) -> Encoding:
    """Return tiktoken's encoding, loaded once. Threads that need it at the same time wait for the first of them."""
    with _loading:
        if encoding not in _engines:
            # Imported here: it costs more than everything else in a run that counts no text.
            from tiktoken import Encoding

            pattern = VOCABULARIES[encoding].pattern
            ranks = load_ranks(encoding)
            _engines[encoding] = Encoding(encoding, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        return _engines[encoding]


def _load_before_workers() -> None:
    """Load the engines that workers are likely to need: they share what was loaded before they were forked."""
    for encoding in _small_encoders:
        load_engine(encoding)


BEFORE_WORKERS.append(_load_before_workers)


def _encode_text(text: str, encoding: str) -> Iterator[Sequence[int]]:
    """Encode a text of any length, and yield its tokens, many at a time."""
    if len(text) <= blocks.BLOCK_CHARACTERS:
        yield _encode_block(text, encoding)
        return
    split = blocks.split_blocks((text,), VOCABULARIES[encoding].pattern)
    for block in split:
        if block.is_open:
            yield from _encode_open_piece(block, split, load_engine(encoding))
        else:
            yield _encode_block(block.text, encoding)


def _encode_open_piece(first: blocks.Block, rest: Iterator[blocks.Block], engine: Encoding) -> Iterator[Sequence[int]]:
    """Encode the piece that `first` begins, taking its other blocks from `rest`."""

    def take_parts() -> Iterator[bytes]:
        block = first
        yield block.text.encode()
        while block.is_open:
            block = next(rest)
            yield block.text.encode()

    return _encode_parts(take_parts(), engine)


def _encode_block(block: str, encoding: str) -> Sequence[int]:
    if encoding not in _engines:
        if encoding not in _small_encoders:
            _small_encoders[encoding] = SmallTextEncoder(encoding)
        small = _small_encoders[encoding].encode(block)
        if small is not None:
            return small
    engine = load_engine(encoding)
    if len(block) <= 4 * blocks.BLOCK_CHARACTERS and not _has_long_blank(block):
        return engine.encode_ordinary(block)
    encoded = array("I")  # a list would take ten times the memory
    # Cut by an engine that any length of text is safe for.
    for piece in blocks.compile_pattern(VOCABULARIES[encoding].pattern).finditer(blocks.replace_surrogates(block)):
        for tokens in _encode_parts((piece.group().encode(),), engine):
            encoded.extend(tokens)
    return encoded


def _has_long_blank(block: str) -> bool:
    """Return True if the block may have _MAX_BLANK_RUN blanks in a row: such a run fills at least one of these parts."""
    part = _MAX_BLANK_RUN // 2
    return any(block[start : start + part].isspace() for start in range(0, len(block) - part + 1, part))


def _encode_parts(parts: Iterable[bytes], engine: Encoding) -> Iterator[Sequence[int]]:
    """Encode the piece that `parts` join to, in memory linear in _PART_BYTES and in linear time. Yields its tokens."""
    rest = b""
    needed = _PART_BYTES
    for part in parts:
        for start in range(0, len(part), _PART_BYTES):
            rest += part[start : start + _PART_BYTES]
            if len(rest) > needed:
                tokens, rest = _encode_settled(rest, engine)
                yield tokens
                needed = _PART_BYTES if tokens else 2 * len(rest)
    yield engine._encode_single_piece(rest)


@lru_cache(4)  # a long piece is mostly one that repeats itself
def _encode_settled(data: bytes, engine: Encoding) -> tuple[Sequence[int], bytes]:
    """Encode `data` up to a token that stays the same whatever bytes follow, if there is one. Returns the tokens and the rest of
    `data`.

    A sequence of tokens is the encoding of its bytes exactly when every two neighbours are the encoding of theirs (H. Neubeck and
    others, https://github.com/github/rust-gems, crates/bpe). So an encoding begins with that of its bytes up to any of its
    tokens. In the encoding of `data` and more, a token begins within the last bytes of `data`, as many as the longest token has.
    If the encodings up to each of these have a token that begins at the same place, all before it is settled.
    """
    encode = engine._encode_single_piece
    longest = _find_longest_token(engine.name)
    needed, size = 2 * longest, 0
    tokens = encode(data)
    for settled in range(len(tokens) - 1, 0, -1):
        size += len(engine.decode_single_token_bytes(tokens[settled]))
        if size < needed:
            continue
        last, rest = tokens[settled - 1], data[len(data) - size :]
        beginnings = (encode(rest[:end]) for end in range(size - longest + 1, size))
        if all(_are_neighbours(last, beginning[0], engine) for beginning in beginnings):
            return array("I", tokens[:settled]), rest
        needed = 2 * size
    return (), data


@cache
def _find_longest_token(encoding: str) -> int:
    return max(map(len, load_ranks(encoding)))


@lru_cache(10_000)
def _are_neighbours(left: int, right: int, engine: Encoding) -> bool:
    """Return True if two tokens can follow each other: they are the encoding of their bytes."""
    return engine._encode_single_piece(engine.decode_bytes([left, right])) == [left, right]
