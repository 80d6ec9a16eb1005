"""What an input is by its content: text, a picture or requests. It is opened so that one pass reads it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from stat import S_ISREG
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeAlias

from gpt41_cli.errors import InputError
from gpt41_cli.files import compressed, documents, pictures, text
from gpt41_cli.files.documents import FileLine, FileSpan, LineBlock, LineChunks
from gpt41_cli.files.fields import BadBody, JsonValue
from gpt41_cli.findings import Place

if TYPE_CHECKING:  # the readers are imported when there is a request: texts do not pay for them
    from gpt41_cli.requests.readers import ParsedRequest

TEXT_KIND, IMAGE_KIND = "text", "image"
BINARY_REASON = "binary"
"""Why a file of a folder is left out that is neither text nor a request."""

_PROBED_LINES = 10
"""Lines among which one must be a request, or claim to be."""

_VALUES_PER_CHUNK = 64
"""Values of a document in a chunk."""

_REQUEST_MARKERS = ((b'"messages"',), (b'"custom_id"',), (b'"model"', b'"input"'))
"""What stands in a request: all of one of these."""


class TextInput(NamedTuple):
    """Text, in pieces."""

    pieces: Iterator[str]


class PictureInput(NamedTuple):
    """The size of a picture in pixels."""

    width: int
    height: int


class DocumentValue(NamedTuple):
    """One value of a document; `position` is its index if the document is a list."""

    position: int | None
    value: JsonValue

    def locate(self, path: str) -> Place:
        """Where it is, in the file at `path`."""
        return Place(path, position=self.position)


class DocumentValues(NamedTuple):
    """Some values of a document."""

    values: list[DocumentValue]


RequestItem: TypeAlias = FileLine | DocumentValue


RequestChunk: TypeAlias = LineBlock | FileSpan | DocumentValues
"""Some requests of an input, to be worked on together."""


class RequestInput(NamedTuple):
    """Requests to read in chunks: `list_items` lists the items of a chunk, and `read_item` reads the request of an item."""

    chunks: LineChunks | Iterator[DocumentValues]


RecognisedInput: TypeAlias = TextInput | PictureInput | RequestInput


def recognise_input(stream: BinaryIO, name: str, kind: str | None = None, *, is_listed: bool = False) -> RecognisedInput:
    """Open `stream` as `kind` (of `readers.INPUT_KINDS`) or as what it is recognised as. Anything else is text.

    Compressed input is read as its content. A file found in a folder is a request only if it is a valid one, and never a picture;
    a binary or compressed one is refused. Raises BadBody if the content can't be of this `kind`, or looks like a request and
    isn't JSON.
    """
    in_lines = _choose_line_splitter(stream)
    pieces = text.read_chunks(stream)
    begun = next(pieces, b"")
    is_packed = compressed.is_compressed(begun)
    if is_listed and (is_packed or (kind is None and text.is_binary(begun))):
        raise BadBody(location=name, problem=BINARY_REASON)
    head, pieces = compressed.decompress_if_needed(chain((begun,), pieces), name)
    whole = chain((head,), pieces)
    if kind == IMAGE_KIND or (kind is None and not is_listed and pictures.is_picture(head)):
        return _read_picture(head, pieces, name)
    may_be_requests = kind or _has_json_start(head, name) or (not is_listed and _is_mostly_requests(head))
    if kind == TEXT_KIND or not may_be_requests:
        return TextInput(text.decode_text(whole, name))
    mark, encoding = text.detect_byte_order_mark(head)
    if is_packed or encoding != "utf-8" or mark:
        in_lines = documents.split_into_blocks

    def split(pieces: Iterable[bytes]) -> LineChunks:
        return LineChunks(in_lines(pieces), encoding, has_byte_order_mark=bool(mark))

    return _read_requests(text.convert_to_utf8(whole, name), name, kind, is_listed, split)


def read_lines(stream: BinaryIO, name: str) -> LineChunks:
    """Read the lines of `stream`, which may be compressed. Raises InputError if a byte order mark says that they aren't UTF-8."""
    in_lines = _choose_line_splitter(stream)
    pieces = text.read_chunks(stream)
    begun = next(pieces, b"")
    head, pieces = compressed.decompress_if_needed(chain((begun,), pieces), name)
    mark, encoding = text.detect_byte_order_mark(head)
    if encoding != "utf-8":
        raise InputError(
            expected="UTF-8, as a file of JSON lines is", found=f"the byte order mark of {encoding.upper()}", location=name
        )
    if mark or compressed.is_compressed(begun):
        in_lines = documents.split_into_blocks
    return LineChunks(in_lines(text.convert_to_utf8(chain((head,), pieces), name)), encoding, has_byte_order_mark=bool(mark))


def _choose_line_splitter(stream: BinaryIO) -> Callable[[Iterable[bytes]], Iterator[LineBlock | FileSpan]]:
    """Choose how to split a file into lines: into spans if workers can read it again by themselves, else into blocks."""
    try:
        if hasattr(os, "pread") and S_ISREG(os.fstat(stream.fileno()).st_mode):
            start = stream.tell()
            return lambda pieces: documents.split_into_spans(stream, start)
    except OSError:
        pass  # no file: a buffer in memory
    return documents.split_into_blocks


def list_items(chunk: RequestChunk) -> Iterable[RequestItem]:
    """List the items of a chunk in order."""
    return chunk.values if isinstance(chunk, DocumentValues) else chunk.iterate_lines()


def read_item(item: RequestItem, kind: str | None, place: Place) -> ParsedRequest:
    """Read the request in one line or value, which is at `place`. Raises BadBody."""
    from gpt41_cli.requests import readers

    if not isinstance(item, FileLine):
        return readers.read_request(item.value, kind)._replace(place=place)
    return readers.read_request(documents.parse_json(item.data), kind)._replace(place=place, line_bytes=len(item.data))


def _read_picture(head: bytes, rest: Iterator[bytes], name: str) -> PictureInput:
    size = pictures.read_picture_size(head)
    if size is None:
        more = chain((head,), islice(rest, pictures.MAX_HEADER_BYTES // text.CHUNK_BYTES))
        size = pictures.read_picture_size(b"".join(more))
    if size is None:
        raise BadBody(
            expected=f"a picture ({pictures.PICTURE_FORMATS})", found="none, or one that is cut off in its header", location=name
        )
    return PictureInput(*size)


def _has_json_start(head: bytes, name: str) -> bool:
    return next(iter(text.convert_to_utf8((head,), name)), b"").lstrip()[:1] in (b"{", b"[")


def _is_mostly_requests(head: bytes) -> bool:
    """Return True if the first lines are requests with few exceptions, such as a first line that isn't one."""
    lines = list(islice(LineBlock(1, head).iterate_lines(), _PROBED_LINES)) if _has_request_markers(head) else []
    return 2 * sum(_is_request(line.data, is_listed=True) for line in lines) >= len(lines) > 0


def _read_requests(
    data: Iterator[bytes],
    name: str,
    kind: str | None,
    is_listed: bool,
    split: Callable[[Iterable[bytes]], LineChunks],
) -> TextInput | RequestInput:
    """Read requests as a document or as lines. The input is text if neither the whole nor any of the first lines looks like a
    request.
    """
    seen = read_first_lines(data)
    first = next(LineBlock(1, seen).iterate_lines(), FileLine(1, b""))
    if len(first.data) <= documents.MAX_DOCUMENT_BYTES and documents.can_span_lines(first.data):
        seen += b"".join(islice(data, documents.MAX_DOCUMENT_BYTES // text.CHUNK_BYTES))
        found = _read_document(seen, name, kind, is_listed)
        if found:
            return found
    looked_at = islice(LineBlock(1, seen).iterate_lines(), _PROBED_LINES)
    if kind or any(_is_request(line.data, is_listed) for line in looked_at):
        return RequestInput(split(chain((seen,), data)))
    return TextInput(text.decode_text(chain((seen,), data), name))


def read_first_lines(data: Iterator[bytes]) -> bytes:
    """Read up to the end of a line that isn't blank, and what comes with it. Of a line that is too long, read enough to refuse
    it.
    """
    seen: list[bytes] = []
    size = 0
    for chunk in data:
        seen.append(chunk)
        size += len(chunk)
        if b"\n" in chunk:
            begun = b"".join(seen)
            if b"\n" in begun.lstrip():
                return begun
        if size > documents.MAX_DOCUMENT_BYTES:
            break
    return b"".join(seen)


def _read_document(data: bytes, name: str, kind: str | None, is_listed: bool) -> RequestInput | None:
    """Read the requests of one document; None if it isn't one, or may be lines after all."""
    if not kind and not _has_request_markers(data):
        return None
    try:
        value = documents.parse_json(data)
    except BadBody as error:
        lines = islice(LineBlock(1, data).iterate_lines(), 1, _PROBED_LINES)
        if is_listed or any(_is_request(line.data, is_listed=True) for line in lines):
            return None
        raise BadBody(location=name, problem=f"{error} (--as text counts it as text)") from None
    values = value if isinstance(value, list) else [value]
    if not kind and not any(map(_is_recognised, values)):
        return None
    is_list = isinstance(value, list)
    found = [DocumentValue(index if is_list else None, each) for index, each in enumerate(values)]
    return RequestInput(
        DocumentValues(found[start : start + _VALUES_PER_CHUNK]) for start in range(0, len(found), _VALUES_PER_CHUNK)
    )


def _is_request(line: bytes, is_listed: bool) -> bool:
    """Return True if a line is a request, or isn't JSON but looks like a malformed one."""
    try:
        return _is_recognised(documents.parse_json(line))
    except BadBody:
        return not is_listed and line.lstrip().startswith(b"{") and _has_request_markers(line)


def _is_recognised(value: JsonValue) -> bool:
    from gpt41_cli.requests.readers import recognise_kind

    return recognise_kind(value) is not None


def _has_request_markers(data: bytes) -> bool:
    return any(all(key in data for key in keys) for keys in _REQUEST_MARKERS)
