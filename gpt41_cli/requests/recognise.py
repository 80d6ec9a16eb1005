"""What an input is, told from its content: text, a picture, or requests; opened so that it can be read in one pass."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from stat import S_ISREG
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeAlias

from gpt41_cli.errors import InputError
from gpt41_cli.files import compressed, documents, pictures, text
from gpt41_cli.files.documents import Block, Line, Span
from gpt41_cli.files.fields import BadBody, Json

if TYPE_CHECKING:  # the readers are imported when there is a request: texts do not pay for them
    from gpt41_cli.requests.readers import Sent

TEXT, IMAGE = "text", "image"
BINARY = "binary"
"""Why a file of a folder is left out that is neither text nor a request."""

_LOOKED_AT = 10
"""Lines among which one must be a request, or claim to be."""

_AT_A_TIME = 64
"""Values of a document in a chunk."""

_TELLING = ((b'"messages"',), (b'"custom_id"',), (b'"model"', b'"input"'))
"""What stands in a request: all of one of these."""


class Text(NamedTuple):
    """Characters, in pieces."""

    pieces: Iterator[str]


class Picture(NamedTuple):
    """A picture of this size in pixels."""

    width: int
    height: int


class Value(NamedTuple):
    """One value of a document; `position` is its place where the document is a list."""

    position: int | None
    value: Json


class Values(NamedTuple):
    """Some values of a document."""

    values: list[Value]


Item: TypeAlias = Line | Value


Chunk: TypeAlias = Block | Span | Values
"""Some requests of an input, to be worked on together."""


class Requests(NamedTuple):
    """Requests still to be read, many at a time: their `items`, and of each the request with `read_item`."""

    chunks: Iterator[Chunk]


Input: TypeAlias = Text | Picture | Requests


def recognise_input(stream: BinaryIO, name: str, kind: str | None = None, *, is_listed: bool = False) -> Input:
    """The input in `stream`, read as `kind` (of `readers.KINDS`) or as what it is recognised as; what is nothing else is text.

    What is compressed is read as its content. A file that was only listed in a folder is a request where it is a sound one,
    and never a picture; a binary or compressed one is refused. BadBody where it cannot be what `kind` says, or where it
    claims to be one request and is no JSON.
    """
    in_lines = _in_lines(stream)
    pieces = text.chunks(stream)
    begun = next(pieces, b"")
    is_packed = compressed.is_compressed(begun)
    if is_listed and (is_packed or (kind is None and text.looks_binary(begun))):
        raise BadBody(f"{name}: {BINARY}")
    head, pieces = compressed.plain(chain((begun,), pieces), name)
    whole = chain((head,), pieces)
    if kind == IMAGE or (kind is None and not is_listed and pictures.is_picture(head)):
        return _picture(head, pieces, name)
    may_be_requests = kind or _begins_as_json(head, name) or (not is_listed and _is_mostly_requests(head))
    if kind == TEXT or not may_be_requests:
        return Text(text.decode(whole, name))
    mark, encoding = text.byte_order_mark(head)
    if is_packed or encoding != "utf-8" or mark:
        in_lines = documents.blocks
    return _requests(text.utf8(whole, name), name, kind, is_listed, in_lines)


class RawLines(NamedTuple):
    """Lines still to be read, many at a time. `has_mark`: they stand behind a byte order mark."""

    chunks: Iterator[Block | Span]
    has_mark: bool


def read_lines(stream: BinaryIO, name: str) -> RawLines:
    """The lines of `stream`, whatever they hold; it may be compressed. InputError where a mark says that they are no UTF-8."""
    in_lines = _in_lines(stream)
    pieces = text.chunks(stream)
    begun = next(pieces, b"")
    head, pieces = compressed.plain(chain((begun,), pieces), name)
    mark, encoding = text.byte_order_mark(head)
    if encoding != "utf-8":
        raise InputError(f"{name}: expected UTF-8, as a file of JSON lines is, found the byte order mark of {encoding.upper()}")
    if mark or compressed.is_compressed(begun):
        in_lines = documents.blocks
    return RawLines(in_lines(text.utf8(chain((head,), pieces), name)), bool(mark))


def _in_lines(stream: BinaryIO) -> Callable[[Iterable[bytes]], Iterator[Block | Span]]:
    """How a file of lines is read: where it can be read again from here, by whoever works on it."""
    try:
        if hasattr(os, "pread") and S_ISREG(os.fstat(stream.fileno()).st_mode):
            start = stream.tell()
            return lambda pieces: documents.spans(stream, start)
    except OSError:
        pass  # no file: a buffer in memory
    return documents.blocks


def items(chunk: Chunk) -> Iterable[Item]:
    """The items of a chunk, in order."""
    return chunk.values if isinstance(chunk, Values) else chunk.lines()


def read_item(item: Item, kind: str | None) -> Sent:
    """The request in one line or value. BadBody says what is wrong with it."""
    from gpt41_cli.requests import readers

    if not isinstance(item, Line):
        return readers.read(item.value, kind)
    sent = readers.read(documents.parse(item.data), kind)
    # Only who asks for lines of a Batch file, and nothing else, needs to know how long they are.
    return sent._replace(bytes=len(item.data)) if kind == "batch" else sent


def _picture(head: bytes, rest: Iterator[bytes], name: str) -> Picture:
    size = pictures.read_size(head) or pictures.read_size(head + b"".join(rest))
    if size is None:
        raise BadBody(f"{name}: expected a picture ({pictures.FORMATS}), found none, or one that is cut off in its header")
    return Picture(*size)


def _begins_as_json(head: bytes, name: str) -> bool:
    return next(iter(text.utf8((head,), name)), b"").lstrip()[:1] in (b"{", b"[")


def _is_mostly_requests(head: bytes) -> bool:
    """Whether the first lines are requests but for some, such as a first one that is none."""
    lines = list(islice(Block(1, head).lines(), _LOOKED_AT)) if _claims(head) else []
    return 2 * sum(_is_request(line.data, is_listed=True) for line in lines) >= len(lines) > 0


def _requests(
    data: Iterator[bytes],
    name: str,
    kind: str | None,
    is_listed: bool,
    in_lines: Callable[[Iterable[bytes]], Iterator[Block | Span]],
) -> Text | Requests:
    """Requests as a document or in lines; text where neither the whole nor one of the first lines is, or claims to be, one."""
    seen = first_lines(data)
    first = next(Block(1, seen).lines(), Line(1, b""))
    if len(first.data) <= documents.MAX_BYTES and documents.may_go_on(first.data):
        seen += b"".join(islice(data, documents.MAX_BYTES // text.CHUNK_BYTES))
        found = _document(seen, name, kind, is_listed)
        if found:
            return found
    looked_at = islice(Block(1, seen).lines(), _LOOKED_AT)
    if kind or any(_is_request(line.data, is_listed) for line in looked_at):
        return Requests(in_lines(chain((seen,), data)))
    return Text(text.decode(chain((seen,), data), name))


def first_lines(data: Iterator[bytes]) -> bytes:
    """As much of the beginning as holds a whole line that is not blank, and more where that comes with it; of a line that is
    too long, as much as says so.
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
        if size > documents.MAX_BYTES:
            break
    return b"".join(seen)


def _document(data: bytes, name: str, kind: str | None, is_listed: bool) -> Requests | None:
    """The requests of one document; None where it is none, or may be lines after all."""
    if not kind and not _claims(data):
        return None
    try:
        value = documents.parse(data)
    except BadBody as error:
        lines = islice(Block(1, data).lines(), 1, _LOOKED_AT)
        if is_listed or any(_is_request(line.data, is_listed=True) for line in lines):
            return None
        raise BadBody(f"{name}: {error} (--as text counts it as text)") from None
    values = value if isinstance(value, list) else [value]
    if not kind and not any(map(_recognised, values)):
        return None
    is_list = isinstance(value, list)
    found = [Value(index if is_list else None, each) for index, each in enumerate(values)]
    return Requests(Values(found[start : start + _AT_A_TIME]) for start in range(0, len(found), _AT_A_TIME))


def _is_request(line: bytes, is_listed: bool) -> bool:
    """Whether a line is a request; one that is no JSON is taken for a malformed one where it claims to be one."""
    try:
        return _recognised(documents.parse(line))
    except BadBody:
        return not is_listed and line.lstrip().startswith(b"{") and _claims(line)


def _recognised(value: Json) -> bool:
    from gpt41_cli.requests.readers import recognise

    return recognise(value) is not None


def _claims(data: bytes) -> bool:
    return any(all(key in data for key in keys) for keys in _TELLING)
