"""gzip and Zstandard: recognised by their first bytes, whatever a file is called, and read as a stream."""

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

# What text and requests never come near, however often they repeat themselves; zeros do, in a file made to do harm.
_MAX_EXPANSION = 200
_EXPANSION_CHECK_BYTES = 1 << 26


def is_compressed(head: bytes) -> bool:
    """Whether a file that begins with `head` is compressed."""
    return head.startswith(_GZIP_MAGIC) or _ZSTD_MAGIC.match(head) is not None


def decompress_if_needed(pieces: Iterator[bytes], name: str) -> tuple[bytes, Iterator[bytes]]:
    """The first piece and the others: of what is compressed in `pieces`, or of `pieces` as they are.

    Members and frames one after the other are one content, as gzip and zstd themselves read them. InputError, while it is
    read, where the content is cut off or damaged, goes on as something else, or expands beyond what text can.
    """
    head = next(pieces, b"")
    if not is_compressed(head):
        return head, pieces
    content = _read_content(chain((head,), pieces), name, "gzip" if head.startswith(_GZIP_MAGIC) else "zstd")
    return next(content, b""), content


class _PieceStream(io.RawIOBase):
    """Pieces as a file to read from; `bytes_read` is how many bytes were read."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._unread = memoryview(b"")
        self.bytes_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._unread:
            self._unread = memoryview(next(self._pieces, b""))
        size = min(len(buffer), len(self._unread))
        buffer[:size] = self._unread[:size]
        self._unread = self._unread[size:]
        self.bytes_read += size
        return size


def _read_content(pieces: Iterator[bytes], name: str, kind: str) -> Iterator[bytes]:
    """What the pieces of a file of this `kind` hold, a chunk at a time."""
    stream = _PieceStream(pieces)
    file, damaged = _open_decompressor(io.BufferedReader(stream), kind)
    expected = f"a whole {kind} file"
    size = 0
    try:
        for chunk in read_chunks(file):
            size += len(chunk)
            if size > max(_EXPANSION_CHECK_BYTES, _MAX_EXPANSION * stream.bytes_read):
                raise InputError(
                    expected=f"a {kind} file of text or requests",
                    found=f"one that expands more than {format_int(_MAX_EXPANSION)} times",
                    hint="decompress it first if it is meant",
                    location=name,
                )
            yield chunk
    except EOFError:
        raise InputError(expected=expected, found="one that is cut off", location=name) from None
    except damaged as error:
        found = f"one that is damaged, or followed by something else: {error}"
        raise InputError(expected=expected, found=found, location=name) from None


def _open_decompressor(stream: io.BufferedReader, kind: str) -> tuple[BinaryIO, tuple[type[Exception], ...]]:
    """A reader of the content, and what it raises where that is damaged. Each is imported when there is such a file."""
    if kind == "gzip":
        import gzip
        import zlib

        return cast("BinaryIO", gzip.GzipFile(fileobj=stream)), (gzip.BadGzipFile, zlib.error)
    if sys.version_info >= (3, 14):  # pragma: no cover -- coverage is measured on an older one
        from compression import zstd
    else:
        from backports import zstd
    return cast("BinaryIO", zstd.ZstdFile(stream)), (zstd.ZstdError,)
