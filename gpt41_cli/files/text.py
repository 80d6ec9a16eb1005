"""Bytes -> text, a piece at a time. The encoding is known or the text is refused: nothing is guessed or replaced."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from gpt41_cli.display import format_int
from gpt41_cli.errors import InputError

CHUNK_BYTES = 1 << 20

# A byte order mark says how the bytes are to be read and is no part of the text. UTF-32's begins with UTF-16's.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SNIFFED_BYTES = 8_000


class NotText(InputError):
    """Bytes that are no text in the encoding they claim."""


def read_chunks(stream: BinaryIO) -> Iterator[bytes]:
    """The bytes of `stream`, CHUNK_BYTES at a time."""
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def decode_text(data: Iterable[bytes], name: str) -> Iterator[str]:
    """The text in `data`: UTF-8, or what a byte order mark says. NotText, with the offset, where a byte does not fit.

    The mark is looked for in the first piece; it is no part of the text.
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
                f"which is no {encoding.upper()}"
            )
            raise NotText(location=name, problem=problem) from None
        if text:
            yield text
        offset += len(piece)


def convert_to_utf8(data: Iterable[bytes], name: str) -> Iterator[bytes]:
    """`data` without its byte order mark, and as UTF-8 where that names another encoding; UTF-8 itself is not checked."""
    pieces = iter(data)
    head = next(pieces, b"")
    mark, encoding = detect_byte_order_mark(head)
    if encoding == "utf-8":
        return chain((head[len(mark) :],), pieces)
    return (text.encode() for text in decode_text(chain((head,), pieces), name))


def is_binary(head: bytes) -> bool:
    """Whether a file that begins with `head` has a NUL among its first 8,000 bytes, as git decides it, and no byte order
    mark to explain it.
    """
    return b"\0" in head[:_SNIFFED_BYTES] and not detect_byte_order_mark(head)[0]


def detect_byte_order_mark(head: bytes) -> tuple[bytes, str]:
    """The mark that `head` begins with, which may be none, and the encoding it stands for."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return mark, encoding
    return b"", "utf-8"
