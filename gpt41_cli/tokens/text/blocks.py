"""Cut text of any length where the encoding's pattern cuts it, so that its parts can be counted one by one, and anywhere.

A cut is sure if no text before or after it can make it wrong. Most are found by two neighbouring characters (`_SEAM`). If there
are none, the pattern itself is followed from the last cut. A run of characters that is one piece, such as a megabyte of zeros, is
cut within that piece, and its parts are marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from regex import Pattern

BLOCK_CHARACTERS = 400_000
"""Characters counted at a time: enough to keep a core busy, few enough to hold several blocks."""

# The pattern always cuts between these, and counts either side as it would alone:
_SEAM = re.compile(
    # After a letter or a digit, what isn't a letter, a mark, a digit or the apostrophe of a contraction.
    r"(?<=[^\W_])[\s!-&(-/:-@\[-`{-~\u3000-\u3002\uff01\uff0c\uff1a\uff1b\uff1f]"
    # Before and after digits: their pieces hold nothing else. But what ends with blanks counts otherwise alone.
    r"|(?<=[0-9])[A-Za-z]|(?<=[!-/:-~])[0-9]"
    # After punctuation, a blank; after a line break, what isn't white space or the slash that punctuation takes along.
    r"|(?<=[!-/:-@\[-`{-~])[ \t]|(?<=[\r\n])[!-.0-~]"
    # After a small letter, a capital, unless they are the letters of a contraction.
    r"|(?<=[^'][a-z])[A-Z]"
)
_SEAM_WINDOW = 2_000

# Runs that are part of one piece if they begin one, whatever follows. Which piece it is shows in any two of their characters,
# but the last of blanks may belong to what follows.
_RUN = (
    r"[^\r\n\p{L}\p{N}\p{M}]?(?:\p{Ll}{2,}+|[\p{Lu}\p{Lt}]{2,}+|[\p{Lm}\p{Lo}]{2,}+)"
    r"| ?[^\s\p{L}\p{N}\p{M}]{2,}+|[^\S\r\n]{2,}+|[\r\n]{2,}+"
)
_KEPT_CHARACTERS = 2

# How far the pattern looks ahead of the end of a piece: to the end of white space, and to the end of letters that may be
# capitals. Three characters more may be a contraction.
_AHEAD = r"\s*+[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*+"
_CONTRACTION_CHARACTERS = 3


_SURROGATE = re.compile("[\ud800-\udfff]")


class Block(NamedTuple):
    """Some text that can be counted alone; if `is_open`, it is part of a piece that the next block continues."""

    text: str
    is_open: bool = False


def split_blocks(chunks: Iterable[str], pattern: str) -> Iterator[Block]:
    """Cut the joined chunks into blocks of about BLOCK_CHARACTERS. `pattern` is that of the encoding."""
    pending: list[str] = []
    size, needed = 0, 2 * BLOCK_CHARACTERS
    is_open = False
    for chunk in chunks:
        pending.append(replace_surrogates(chunk))
        size += len(pending[-1])
        if size < needed:
            continue
        text = "".join(pending)
        start = 0
        while len(text) - start >= 2 * BLOCK_CHARACTERS and (cut := _find_cut(text, start, pattern, is_open=is_open)):
            end, is_open = cut
            yield Block(text[start:end], is_open)
            start = end
        pending = [text[start:]]
        size = len(pending[0])
        # Text that can't be cut would be searched again for every chunk. So the next search waits until it has doubled.
        needed = 2 * (size if size >= 2 * BLOCK_CHARACTERS else BLOCK_CHARACTERS)
    text = "".join(pending)
    if is_open and (piece := compile_pattern(pattern).match(text)):
        yield Block(piece.group())
        text = text[piece.end() :]
    if text:
        yield Block(text)


def _find_cut(text: str, start: int, pattern: str, *, is_open: bool) -> tuple[int, bool] | None:
    """Find where the block from `start` on ends, and whether that is within a piece; None if it depends on what follows `text`.

    `is_open`: `start` is within a piece, of which _KEPT_CHARACTERS follow.
    """
    high = start + BLOCK_CHARACTERS
    if not is_open and (seam := _find_last_seam(text, start + 1, high) or _find_next_seam(text, high)):
        return seam, False
    limit = start + BLOCK_CHARACTERS
    while limit < len(text):
        limit = min(start + 2 * (limit - start), len(text))
        if compile_pattern(_RUN).fullmatch(text, start, limit):
            return limit - _KEPT_CHARACTERS, True
        if end := _find_piece_end(text, start, limit, pattern, is_open=is_open):
            return end, False
    return None


def _find_last_seam(text: str, low: int, high: int) -> int | None:
    """Find the last seam between two positions, searching only near the end."""
    seam = None
    for match in _SEAM.finditer(text, max(low, high - _SEAM_WINDOW), high):
        seam = match.start()
    return seam


def _find_next_seam(text: str, low: int) -> int | None:
    match = _SEAM.search(text, low, low + BLOCK_CHARACTERS)
    return match.start() if match else None


def _find_piece_end(text: str, start: int, limit: int, pattern: str, *, is_open: bool) -> int | None:
    """Find where a piece surely ends: the one that is open, or the last that ends within a block's length.

    A block that ends with white space may count otherwise alone, because the pattern looks ahead of it; an open piece doesn't.
    """
    matches = compile_pattern(pattern).finditer(text, start, limit)
    ends = [next(matches).end()]
    while not is_open and ends[-1] - start < BLOCK_CHARACTERS:
        ends.append(next(matches).end())
    ahead = compile_pattern(_AHEAD)
    for end in reversed(ends):
        after = ahead.match(text, end, limit)
        if after and after.end() + _CONTRACTION_CHARACTERS <= limit and (is_open or not text[end - 1].isspace()):
            return end
    return None


def replace_surrogates(text: str) -> str:
    """Replace lone surrogates by the replacement character, as tiktoken does; two that make a character become that one."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@cache
def compile_pattern(pattern: str) -> Pattern[str]:
    """Compile a pattern with an engine that knows the classes of Unicode, and that any length of text is safe for."""
    import regex

    return regex.compile(pattern)
