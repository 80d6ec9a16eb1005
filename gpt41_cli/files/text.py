"""Decode bytes to text, a piece at a time. If the encoding isn't known, the text is refused: nothing is guessed or replaced."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from gpt41_cli.display import format_int
from gpt41_cli.errors import InputError

CHUNK_BYTES = 1 << 20

# A byte order mark says how to read the bytes and isn't part of the text. UTF-32's begins with UTF-16's.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SNIFFED_BYTES = 8_000


class NotText(InputError):
    """Bytes that aren't text in the encoding they claim."""


def read_chunks(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of `stream`, CHUNK_BYTES at a time."""
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def decode_text(data: Iterable[bytes], name: str) -> Iterator[str]:
    """Decode `data` as UTF-8 or as its byte order mark says. Raises NotText, with the offset, for a byte that doesn't
    fit, and for zeros that go on and on.

    The mark must be in the first piece. It isn't part of the text.
    """
    pieces = iter(data)
    head = next(pieces, b"")
    mark, encoding = detect_byte_order_mark(head)
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    offset = len(mark)
    for piece in chain((head[offset:],), pieces, (b"",)):
        held = len(decoder.getstate()[0])
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            at = offset - held + error.start
            byte = f"0x{error.object[error.start]:02x} at offset {format_int(at)}"
            problem = (
                f"expected text in UTF-8, or in UTF-16 or UTF-32 with a byte order mark; found the byte {byte}, "
                f"which isn't {encoding.upper()}"
            )
            raise NotText(location=name, problem=problem) from None
        if text:
            yield text
        offset += len(piece)
        if len(piece) >= CHUNK_BYTES and not piece.strip(b"\0"):
            problem = f"expected text, found {format_int(len(piece))} bytes of zeros in a row, as devices send without an end"
            raise NotText(location=name, problem=problem)


def convert_to_utf8(data: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Return `data` without its byte order mark, converted to UTF-8 if the mark names another encoding. UTF-8 isn't validated."""
    pieces = iter(data)
    head = next(pieces, b"")
    mark, encoding = detect_byte_order_mark(head)
    if encoding == "utf-8":
        return chain((head[len(mark) :],), pieces)
    return (text.encode() for text in decode_text(chain((head,), pieces), name))


def is_binary(head: bytes) -> bool:
    """Return True if a file that begins with `head` has a NUL in its first 8,000 bytes, as git decides it, and no byte order mark
    that explains it.
    """
    return b"\0" in head[:_SNIFFED_BYTES] and not detect_byte_order_mark(head)[0]


def may_be_text(head: bytes) -> bool:
    """Return True if the first bytes of a file are UTF-8, but for a character that is cut off, or have a byte order mark."""
    if detect_byte_order_mark(head)[0]:
        return True
    if b"\0" in head[:_SNIFFED_BYTES]:
        return False
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(head[:_SNIFFED_BYTES])
    except UnicodeDecodeError:
        return False
    return True


def detect_byte_order_mark(head: bytes) -> tuple[bytes, str]:
    """Return the byte order mark that `head` begins with, which may be empty, and its encoding."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return mark, encoding
    return b"", "utf-8"
