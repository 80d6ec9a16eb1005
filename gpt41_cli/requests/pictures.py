"""Pictures: their size, read from the header. Nothing is decoded, so a picture that claims to be enormous costs nothing."""

from __future__ import annotations

import binascii
import io
import re
import struct

from gpt41_cli.requests.fields import BadBody

FORMATS = "PNG, JPEG, WebP or GIF"

_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
_DATA_URL = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)
_HEAD = 1 << 18
"""Characters of base64 that hold nearly every header; a JPEG may carry more before its size."""


def is_picture(head: bytes) -> bool:
    """Whether a file that begins with `head` says it is one of FORMATS."""
    return head.startswith(_SIGNATURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def read_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of the picture that begins with `data`; None when it is none or is cut off before them."""
    if not is_picture(data):
        return None
    # Imported here: it is rarely needed, and costs as much as a whole run without it.
    import imagesize

    try:
        width, height = imagesize.get(io.BytesIO(data))
    except (ValueError, TypeError, IndexError, struct.error):
        return None
    return (int(width), int(height)) if width > 0 and height > 0 else None


def size_of_url(url: str, path: str) -> tuple[int, int] | None:
    """The size of the picture in a data URL; None for any other address, which nobody here will fetch."""
    if url[:5].lower() != "data:":
        return None
    prefix = _DATA_URL.match(url)
    if not prefix:
        raise BadBody(f"{path}: expected a data URL in base64, found another")
    for end in (prefix.end() + _HEAD, len(url)):
        size = _size_of_base64(url[prefix.end() : end], path)
        if size:
            return size
    raise BadBody(f"{path}: expected a picture ({FORMATS}), found data that is none or is cut off within its header")


def _size_of_base64(text: str, path: str) -> tuple[int, int] | None:
    whole = len(text) // 4 * 4 if len(text) == _HEAD else len(text)
    try:
        return read_size(binascii.a2b_base64(text[:whole]))
    except (binascii.Error, ValueError):
        raise BadBody(f"{path}: expected base64, found characters that are none") from None
