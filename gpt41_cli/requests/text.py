"""Bytes -> text, a piece at a time. The encoding is known or the text is refused: nothing is guessed or replaced."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISBLK, S_ISCHR, S_ISDIR, S_ISFIFO, S_ISSOCK
from typing import BinaryIO

from gpt41_cli.display import number, printable
from gpt41_cli.errors import InputError

CHUNK_BYTES = 1 << 20

# A byte order mark says how the bytes are to be read and is no part of the text. UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SNIFFED_BYTES = 8_000


class NotText(InputError):
    """Bytes that are no text in the encoding they claim."""


def read(path: Path) -> Iterator[str]:
    """The text of the file at `path`, piece by piece, line ends as they are. InputError names what cannot be read."""
    name = printable(str(path))
    try:
        mode = path.stat().st_mode
        if S_ISDIR(mode):
            raise InputError(f"{name}: expected a file, found a folder")
        if S_ISFIFO(mode) and not str(path).startswith("/dev/"):
            raise InputError(f"{name}: expected a file, found a FIFO; send its content to standard input and name it -")
        if (S_ISCHR(mode) or S_ISBLK(mode) or S_ISSOCK(mode)) and str(path) != "/dev/stdin":
            raise InputError(f"{name}: expected a file, found a device or a socket")
        with path.open("rb") as file:
            yield from decode(file, name)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(f"{name}: expected a readable file, found: {reason}") from None


def decode(stream: BinaryIO, name: str) -> Iterator[str]:
    """The text in `stream`: UTF-8, or what a byte order mark says. NotText, with the offset, where a byte does not fit."""
    head = stream.read(CHUNK_BYTES)
    mark, encoding = _mark(head)
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    chunk, offset = head[len(mark) :], len(mark)
    while True:
        held = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            at = offset - held + error.start
            raise NotText(
                f"{name}: expected text in UTF-8, or in UTF-16 or UTF-32 with a byte order mark; "
                f"found the byte 0x{error.object[error.start]:02x} at offset {number(at)}, which is no {encoding.upper()}"
            ) from None
        if text:
            yield text
        if not chunk:
            return
        offset += len(chunk)
        chunk = stream.read(CHUNK_BYTES)


def looks_binary(path: Path) -> bool:
    """Whether a file has a NUL among its first 8,000 bytes, as git decides it, and no byte order mark to explain it."""
    with path.open("rb") as file:
        head = file.read(_SNIFFED_BYTES)
    return b"\0" in head and not _mark(head)[0]


def _mark(head: bytes) -> tuple[bytes, str]:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return mark, encoding
    return b"", "utf-8"
