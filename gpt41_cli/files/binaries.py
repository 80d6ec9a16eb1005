"""Files that are neither text nor a picture that the API takes, recognised by their first bytes, with what to do about each."""

from __future__ import annotations

from typing import NamedTuple


class BinaryFormat(NamedTuple):
    """A format: its name, and how its content can be counted."""

    name: str
    advice: str


_CONVERT_PICTURE = "convert it to PNG, JPEG, WebP or GIF, which the API takes"
_EXTRACT_TEXT = "extract its text, and count that"
_EXPORT = "export what you mean to send as text, JSON Lines or CSV"
_TO_LINES = (
    "DuckDB writes its rows as JSON Lines: "
    "COPY (SELECT id AS custom_id, request::JSON AS body, ... FROM 'calls.parquet') TO 'calls.jsonl' (FORMAT json)"
)

_BY_MARK = (
    (0, b"%PDF-", BinaryFormat("a PDF", f"{_EXTRACT_TEXT}; the API adds a picture of each page, which isn't counted")),
    (0, b"BM", BinaryFormat("a picture in BMP", _CONVERT_PICTURE)),
    (0, b"II*\0", BinaryFormat("a picture in TIFF", _CONVERT_PICTURE)),
    (0, b"MM\0*", BinaryFormat("a picture in TIFF", _CONVERT_PICTURE)),
    (4, b"ftypavi", BinaryFormat("a picture in AVIF", _CONVERT_PICTURE)),
    *((4, b"ftyp" + brand, BinaryFormat("a picture in HEIC", _CONVERT_PICTURE)) for brand in (b"hei", b"hev", b"mif1", b"msf1")),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", BinaryFormat("a document of an older Microsoft Office", _EXTRACT_TEXT)),
    (0, b"PAR1", BinaryFormat("a Parquet file", _TO_LINES)),
    (0, b"SQLite format 3\0", BinaryFormat("a SQLite database", _EXPORT)),
)
"""The offset of a mark, the mark, and the format."""

_ZIP_MARK = b"PK\3\4"
_BY_ZIP_MEMBER = (
    (b"word/", BinaryFormat("a Word document (DOCX)", _EXTRACT_TEXT)),
    (b"xl/", BinaryFormat("an Excel workbook (XLSX)", _EXPORT)),
    (b"ppt/", BinaryFormat("a PowerPoint presentation (PPTX)", _EXTRACT_TEXT)),
)
_ZIP = BinaryFormat("a ZIP archive", "unpack it, and name the files in it")


def find_binary_format(head: bytes) -> BinaryFormat | None:
    """Return the format of a file that begins with `head`, which is known not to be text; None if it isn't in the table."""
    if head.startswith(_ZIP_MARK):
        return next((kind for member, kind in _BY_ZIP_MEMBER if member in head), _ZIP)
    return next((kind for at, mark, kind in _BY_MARK if head.startswith(mark, at)), None)
