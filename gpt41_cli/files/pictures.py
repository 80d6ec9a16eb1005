"""Read the size of a picture from its header. Nothing is decoded, so a picture that claims to be enormous costs nothing.

The four formats that the API takes are read here. The library for it (imagesize 2.0) takes the scaling bits of lossy WebP for a
part of the size, and brings an HTTP client into a program that opens no connection for a file.
"""

from __future__ import annotations

import binascii
import re
import struct

from gpt41_cli.files.fields import BadBody

PICTURE_FORMATS = "PNG, JPEG, WebP or GIF"

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_JPEG_MAGIC = b"\xff\xd8\xff"
_GIF_MAGICS = (b"GIF87a", b"GIF89a")

_GIF_LOOPS = (b"\x21\xff\x0bNETSCAPE2.0", b"\x21\xff\x0bANIMEXTS1.0")
_GIF_EXTENSION, _GIF_PICTURE = 0x21, 0x2C
_WEBP_ANIMATION = 0x02

_DATA_URL = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)
_HEADER_CHARACTERS = 1 << 18
"""Characters of base64 that hold nearly every header; a JPEG may carry more before its size."""

MAX_HEADER_BYTES = 1 << 24
"""How much is read to find a size: more than cameras and editors write before it."""

_MAX_SEGMENTS = 10_000
_FILL_BYTES = re.compile(rb"\xff*")


def is_picture(head: bytes) -> bool:
    """Return True if a file that begins with `head` has the mark of one of PICTURE_FORMATS."""
    return head.startswith((_PNG_MAGIC, _JPEG_MAGIC, *_GIF_MAGICS)) or _is_webp(head)


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


def is_animated(data: bytes) -> bool:
    """Return True if the GIF or WebP that begins with `data` has more than one picture, as far as `data` shows it."""
    if data.startswith(_GIF_MAGICS):
        return any(mark in data for mark in _GIF_LOOPS) or _count_gif_pictures(data) > 1
    return _is_webp(data) and data[12:16] == b"VP8X" and len(data) > 20 and bool(data[20] & _WEBP_ANIMATION)


def _count_gif_pictures(data: bytes) -> int:
    """Count the pictures of a GIF, two at most, skipping the blocks between them (GIF89a, 18 to 26)."""
    count, at = 0, 13
    try:
        at += _get_color_table_bytes(data[10])
        while count < 2 and data[at] in (_GIF_EXTENSION, _GIF_PICTURE):
            if data[at] == _GIF_PICTURE:
                count += 1
                at += 11 + _get_color_table_bytes(data[at + 9])
            else:
                at += 2
            while data[at]:
                at += 1 + data[at]
            at += 1
    except IndexError:
        pass  # cut off
    return count


def _get_color_table_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def read_picture_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height in pixels of the picture that begins with `data`; None if it isn't one or is cut off before its
    size.
    """
    try:
        if data.startswith(_PNG_MAGIC):
            size = struct.unpack(">II", data[16:24])
        elif data.startswith(_JPEG_MAGIC):
            size = _read_jpeg_size(data)
        elif data.startswith(_GIF_MAGICS):
            size = struct.unpack("<HH", data[6:10])
        elif _is_webp(data):
            size = _read_webp_size(data)
        else:
            return None
    except (struct.error, IndexError):
        return None
    width, height = size
    return (width, height) if width > 0 and height > 0 else None


def _read_jpeg_size(data: bytes) -> tuple[int, int]:
    """Read the size from the first frame header (ITU-T T.81, B.2.2), skipping the segments before it."""
    at = 2
    for _ in range(_MAX_SEGMENTS):
        fill = _FILL_BYTES.match(data, at)
        assert fill
        at = max(at, fill.end() - 1)
        marker, length = data[at + 1], struct.unpack(">H", data[at + 2 : at + 4])[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + max(length, 2)
    raise IndexError("no size in the first segments")


def _read_webp_size(data: bytes) -> tuple[int, int]:
    """Read the size from the first chunk (RFC 9649): lossy, lossless or extended."""
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF  # the two bits above ask for scaling
    if kind == b"VP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X" and len(data) >= 30:
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    raise IndexError("no chunk that has a size")


def read_data_url_size(url: str, path: str) -> tuple[int, int] | None:
    """Return the size of the picture in a data URL; None for any other address, since nothing is fetched."""
    if url[:5].lower() != "data:":
        return None
    prefix = _DATA_URL.match(url)
    if not prefix:
        raise BadBody(path, "a data URL in base64", "another")
    begin = prefix.end()
    # The beginning is nearly always enough. Decode more only if it isn't.
    for end in (begin + _HEADER_CHARACTERS, begin + MAX_HEADER_BYTES):
        size = read_picture_size(_decode_base64(url[begin:end], path))
        if size:
            return size
    raise BadBody(path, f"a picture ({PICTURE_FORMATS})", "data that isn't one or is cut off within its header")


def _decode_base64(text: str, path: str) -> bytes:
    """Decode base64 that may be wrapped into lines, lack its padding, or be cut off anywhere."""
    characters = "".join(text.split()).rstrip("=")
    whole = len(characters) - (len(characters) % 4 == 1)  # a single character left over can't be decoded
    try:
        return binascii.a2b_base64(characters[:whole] + "=" * (-whole % 4))
    except (binascii.Error, ValueError):
        raise BadBody(path, "base64", "characters that aren't base64") from None
