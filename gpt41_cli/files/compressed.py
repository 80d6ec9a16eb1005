"""gzip and Zstandard, recognised by their first bytes whatever the file's name, and read as a stream."""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from itertools import chain
from typing import BinaryIO, cast

from gpt41_cli.display import format_int
from gpt41_cli.errors import InputError
from gpt41_cli.files.text import read_chunks

# RFC 1952, 2.3.1 (the second pair of bytes: deflate is the only method); RFC 8878, 3.1: a frame, or one to be skipped.
_GZIP_MAGIC = b"\x1f\x8b\x08"
_ZSTD_MAGIC = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")

# Text and requests never expand nearly as much, however repetitive. A file of zeros made to do harm does.
_MAX_EXPANSION = 200
_EXPANSION_CHECK_BYTES = 1 << 26


def is_compressed(head: bytes) -> bool:
    """Return True if a file that begins with `head` is compressed."""
    return head.startswith(_GZIP_MAGIC) or _ZSTD_MAGIC.match(head) is not None


def decompress_if_needed(pieces: Iterator[bytes], name: str) -> tuple[bytes, Iterator[bytes]]:
    """Return the first piece and an iterator over the others, decompressed if `pieces` are compressed.

    Consecutive members or frames are one content, as in gzip and zstd themselves. Reading raises InputError if the content is cut
    off, damaged, followed by something else, or expands more than text can.
    """
    head = next(pieces, b"")
    if not is_compressed(head):
        return head, pieces
    content = _read_content(chain((head,), pieces), name, "gzip" if head.startswith(_GZIP_MAGIC) else "zstd")
    return next(content, b""), content


class PieceStream(io.RawIOBase):
    """A file object that reads pieces; `bytes_read` counts what was read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._unread = memoryview(b"")
        self.bytes_read = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer from the next piece, and return how many bytes that are; 0 at the end."""
        if not self._unread:
            self._unread = memoryview(next(self._pieces, b""))
        size = min(len(buffer), len(self._unread))
        buffer[:size] = self._unread[:size]
        self._unread = self._unread[size:]
        self.bytes_read += size
        return size


def _read_content(pieces: Iterator[bytes], name: str, kind: str) -> Iterator[bytes]:
    """Yield the content of pieces of this `kind`, a chunk at a time."""
    stream = PieceStream(pieces)
    file, damaged = _open_decompressor(io.BufferedReader(stream), kind)
    expected = f"a whole {kind} file"
    size = 0
    try:
        for chunk in read_chunks(file):
            size += len(chunk)
            if size > max(_EXPANSION_CHECK_BYTES, _MAX_EXPANSION * stream.bytes_read):
                found = f"one that expands more than {format_int(_MAX_EXPANSION)} times"
                hint = "decompress it first if it is meant"
                raise InputError(expected=f"a {kind} file of text or requests", found=found, hint=hint, location=name)
            yield chunk
    except EOFError:
        raise InputError(expected=expected, found="one that is cut off", location=name) from None
    except damaged as error:
        found = f"one that is damaged, or followed by something else: {error}"
        raise InputError(expected=expected, found=found, location=name) from None


def _open_decompressor(stream: io.BufferedReader, kind: str) -> tuple[BinaryIO, tuple[type[Exception], ...]]:
    """Return a reader of the content and the errors it raises for damage. Its library is imported only for such a file."""
    if kind == "gzip":
        import gzip
        import zlib

        return cast("BinaryIO", gzip.GzipFile(fileobj=stream)), (gzip.BadGzipFile, zlib.error)
    if sys.version_info >= (3, 14):  # pragma: no cover -- coverage is measured on an older one
        from compression import zstd
    else:
        from backports import zstd
    return cast("BinaryIO", zstd.ZstdFile(stream)), (zstd.ZstdError,)
