"""A vocabulary that is looked up in its file, without loading: loading all of it takes far longer than counting a small text.

It is a header, a hash table of token numbers, the offsets of the tokens, and their bytes one after another. A token is found by
the CRC-32 of its bytes; tokens with the same slot are in the slots after it. All numbers are 32-bit and little-endian.
"""

from __future__ import annotations

import struct
import sys
from array import array
from binascii import crc32
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_HEADER = struct.Struct("<II")
_SLOTS = 1 << 19
"""For 200,000 tokens. With more than twice as many slots, most tokens are found in their first one."""

_MAX_MERGED_BYTES = 200
"""Merging takes the square of a piece's length. Longer ones, such as a line of base64, are for the engine."""


class TokenIndex:
    """The tokens of a vocabulary. The number of a token is its rank."""

    def __init__(self, data: ReadableBuffer) -> None:
        self._data = memoryview(data)
        slots, size = _HEADER.unpack_from(self._data)
        offsets = _HEADER.size + 4 * slots
        self._first: int = offsets + 4 * (size + 1)
        self._mask: int = slots - 1
        self._slots = _read_numbers(self._data[_HEADER.size : offsets])
        self._offsets = _read_numbers(self._data[offsets : self._first])

    def find(self, token: bytes) -> int | None:
        """Return the number of a token; None if the bytes aren't one."""
        slot = crc32(token) & self._mask
        while number := self._slots[slot]:
            start, end = self._offsets[number - 1], self._offsets[number]
            if self._data[self._first + start : self._first + end] == token:
                return number - 1
            slot = (slot + 1) & self._mask
        return None

    def list_tokens(self) -> list[bytes]:
        """Return all tokens in the order of their numbers."""
        tokens = bytes(self._data[self._first :])
        return [tokens[start:end] for start, end in pairwise(self._offsets)]

    def encode_piece(self, piece: bytes) -> Sequence[int] | None:
        """Encode a piece of the pattern by byte pair encoding; None if it is so long that the engine is faster.

        Of all neighbours that are a token together, those with the lowest number are merged first.
        """
        whole = self.find(piece)
        if whole is not None:
            return (whole,)
        if len(piece) > _MAX_MERGED_BYTES:
            return None
        parts = [piece[place : place + 1] for place in range(len(piece))]
        merged = [self.find(left + right) for left, right in pairwise(parts)]
        while numbers := [number for number in merged if number is not None]:
            place = merged.index(min(numbers))
            parts[place : place + 2] = [parts[place] + parts[place + 1]]
            del merged[place]
            for left in (place - 1, place):
                if 0 <= left < len(merged):
                    merged[left] = self.find(parts[left] + parts[left + 1])
        return [number for number in map(self.find, parts) if number is not None]


def build_index(tokens: Sequence[bytes]) -> bytes:
    """Build the index of tokens in the order of their numbers."""
    slots = array("I", bytes(4 * _SLOTS))
    offsets = array("I", [0])
    for number, token in enumerate(tokens):
        slot = crc32(token) & (_SLOTS - 1)
        while slots[slot]:
            slot = (slot + 1) & (_SLOTS - 1)
        slots[slot] = number + 1
        offsets.append(offsets[-1] + len(token))
    if sys.byteorder == "big":
        slots.byteswap()
        offsets.byteswap()
    return _HEADER.pack(_SLOTS, len(tokens)) + slots.tobytes() + offsets.tobytes() + b"".join(tokens)


def _read_numbers(data: memoryview) -> Sequence[int]:
    if sys.byteorder == "little":
        return data.cast("I")
    numbers = array("I")
    numbers.frombytes(data)
    numbers.byteswap()
    return numbers
