"""Recognise an input by its content: text, a picture or requests. It is opened so that one pass reads it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from pathlib import PurePath
from stat import S_ISREG
from typing import BinaryIO

from gpt41_cli.errors import InputError
from gpt41_cli.files import binaries, compressed, documents, pictures, text
from gpt41_cli.files.documents import FileLine, FileSpan, LineBlock, LineChunks
from gpt41_cli.files.exchanges import Exchange, is_cassette, list_exchanges, parse_cassette
from gpt41_cli.files.fields import BadBody, DamagedJson, JsonValue
from gpt41_cli.files.parquet import RowChunk, RowStream
from gpt41_cli.findings import Place, is_url
from gpt41_cli.requests import kinds
from gpt41_cli.requests.forms import openai_api
from gpt41_cli.requests.forms.http_files import is_http_file, list_bodies
from gpt41_cli.requests.forms.texts import YAML_OF_MESSAGES, find_text_kind, is_yaml_of_messages
from gpt41_cli.requests.inputs import DocumentValue, DocumentValues, PictureInput, RecognisedInput, RequestInput, TextInput
from gpt41_cli.requests.kinds import ContentKind
from gpt41_cli.requests.placeholders import find_file_placeholders
from gpt41_cli.requests.prompt_files import MAX_BYTES, PROMPT_ENDINGS, parse_toml, read_prompt_file

TEXT_KIND, IMAGE_KIND = "text", "image"
BINARY_REASON = "binary"
"""Why a file of a folder is left out that is neither text nor a request."""

_TEXT_HEAD_BYTES = 1 << 14
"""How much of a text is searched for signs that it isn't a prompt."""

_TEMPLATE_SUFFIXES = (
    *("", ".txt", ".md", ".prompt", ".prompty", ".yml", ".yaml"),
    *(".j2", ".jinja", ".jinja2", ".tmpl", ".hbs", ".handlebars", ".mustache", ".liquid"),
)
"""Endings of the names of prompts and their templates."""

_LINES_SUFFIXES = (".jsonl", ".ndjson")
_JSON_SUFFIXES = (".json", *_LINES_SUFFIXES)

_VALUES_PER_CHUNK = 64
"""Values of a document in a chunk."""

_SIZES_MARK = kinds.SIZES_SCHEMA.partition("/")[0].encode()

_REQUEST_MARKERS = ((b'"messages"',), (b'"custom_id"',), (b'"model"', b'"input"'), (b'"role"', b'"content"'))
"""Every request contains all strings of one of these groups."""


def recognise_input(
    stream: BinaryIO, name: str, kind: str | None = None, *, is_listed: bool = False, takes_sizes: bool = False
) -> RecognisedInput:
    """Open `stream` as `kind` (of `readers.INPUT_KINDS`) or as what it is recognised as. Anything else is text.

    Compressed input is read as its content. A file found in a folder is a request only if it is a valid one, and never a picture;
    a binary one is refused, and so is a compressed one unless it is behind an address. Without `takes_sizes`, a table of sizes is
    refused. Raises BadBody if the content can't be of this `kind`, or looks like a request and isn't JSON.
    """
    in_lines = _choose_line_splitter(stream)
    pieces = text.read_chunks(stream)
    begun = next(pieces, b"")
    is_packed = compressed.is_compressed(begun)
    # What is compressed in a repository isn't a prompt. In a bucket it is a log.
    if is_listed and is_packed and not is_url(name):
        raise BadBody(location=name, problem=BINARY_REASON)
    head, pieces = compressed.decompress_if_needed(chain((begun,), pieces), name)
    if is_listed and kind is None and text.is_binary(head):
        raise BadBody(location=name, problem=BINARY_REASON)
    whole = chain((head,), pieces)
    if kind == IMAGE_KIND or (kind is None and not is_listed and pictures.is_picture(head)):
        return _read_picture(head, pieces, name)
    if kind is None and (head.startswith(b"%PDF-") or not text.may_be_text(head)):
        _refuse_binary(head, name)
    may_be_requests = kind or _has_json_start(head, name) or (not is_listed and _is_mostly_requests(head))
    if kind == TEXT_KIND:
        return TextInput(text.decode_text(whole, name))
    if not may_be_requests:
        return _read_text(head, whole, name)
    mark, encoding = text.detect_byte_order_mark(head)
    if is_packed or encoding != "utf-8" or mark:
        in_lines = documents.split_into_blocks

    def split(pieces: Iterable[bytes]) -> LineChunks | Iterator[RowChunk]:
        if isinstance(stream, RowStream):
            return stream.list_chunks()
        return LineChunks(in_lines(pieces), encoding, has_byte_order_mark=bool(mark))

    return _read_sizes_or_requests(text.convert_to_utf8(whole, name), name, kind, is_listed, split, takes_sizes=takes_sizes)


def _read_text(head: bytes, whole: Iterator[bytes], name: str) -> RecognisedInput:
    """Read text, or the requests in a text that keeps them in YAML. Raises BadBody for text that another command reads."""
    _refuse_other_text(head, name)
    if is_cassette(head):
        return _read_exchanges(list_exchanges(parse_cassette(b"".join(whole), name)) or (), name)
    if name.lower().endswith(PROMPT_ENDINGS) or is_http_file(head[:_TEXT_HEAD_BYTES].decode(errors="replace"), name):
        begun, more = b"".join(islice(whole, MAX_BYTES // text.CHUNK_BYTES)), next(whole, b"")
        whole = chain((begun, more), whole)
        if not more and (prompt := _read_prompt_file(begun, name)):
            return prompt
    return TextInput(text.decode_text(whole, name), _find_placeholders(head, name))


def read_lines(stream: BinaryIO, name: str) -> LineChunks:
    """Read the lines of `stream`, which may be compressed. Raises InputError for a binary format or a table of sizes, and if a
    byte order mark says that they aren't UTF-8.
    """
    in_lines = _choose_line_splitter(stream)
    pieces = text.read_chunks(stream)
    begun = next(pieces, b"")
    head, pieces = compressed.decompress_if_needed(chain((begun,), pieces), name)
    if binary := binaries.find_binary_format(head):
        raise InputError(expected="JSON Lines", found=binary.name, hint=binary.advice, location=name)
    if _begins_with_size(head):
        raise InputError(expected="requests", found=kinds.SIZES.name, hint=kinds.SIZES.advice, location=name)
    mark, encoding = text.detect_byte_order_mark(head)
    if encoding != "utf-8":
        raise InputError(
            expected="UTF-8, as a file of JSON lines is", found=f"the byte order mark of {encoding.upper()}", location=name
        )
    if mark or compressed.is_compressed(begun):
        in_lines = documents.split_into_blocks
    return LineChunks(in_lines(text.convert_to_utf8(chain((head,), pieces), name)), encoding, has_byte_order_mark=bool(mark))


def _choose_line_splitter(stream: BinaryIO) -> Callable[[Iterable[bytes]], Iterator[LineBlock | FileSpan]]:
    """Choose how to split a file into lines: into spans if workers can read it again themselves, otherwise into blocks."""
    try:
        if hasattr(os, "pread") and S_ISREG(os.fstat(stream.fileno()).st_mode):
            start = stream.tell()
            return lambda pieces: documents.split_into_spans(stream, start)
    except OSError:
        pass  # no file: a buffer in memory
    return documents.split_into_blocks


def _read_picture(head: bytes, rest: Iterator[bytes], name: str) -> PictureInput:
    size = pictures.read_picture_size(head)
    if size is None:
        head = b"".join(chain((head,), islice(rest, pictures.MAX_HEADER_BYTES // text.CHUNK_BYTES)))
        size = pictures.read_picture_size(head)
    if size is None:
        raise BadBody(
            expected=f"a picture ({pictures.PICTURE_FORMATS})", found="none, or one that is cut off in its header", location=name
        )
    return PictureInput(*size, pictures.is_animated(head))


def _refuse_binary(head: bytes, name: str) -> None:
    """Raise BadBody for a binary file: one in a known format, or with NUL bytes. Others fail when they are decoded."""
    if binary := binaries.find_binary_format(head):
        raise BadBody(
            expected=f"text, requests or a picture ({pictures.PICTURE_FORMATS})",
            found=binary.name,
            hint=binary.advice,
            location=name,
        )
    if text.is_binary(head):
        raise BadBody(
            expected="text, requests or a picture",
            found="a binary file, which has NUL bytes at its beginning",
            hint="--as text counts it all the same",
            location=name,
        )


def _refuse_other_text(head: bytes, name: str) -> None:
    """Raise BadBody for text that another command reads, and for lines of JSON texts."""
    begun = next(iter(text.convert_to_utf8((head,), name)), b"")
    refusal = find_text_kind(begun[:_TEXT_HEAD_BYTES].decode(errors="replace"), name)
    if refusal is None and begun.lstrip()[:1] == b'"':
        values = [value for _, value in documents.parse_first_lines(begun)]
        refusal = kinds.RECORDS if len(values) > 1 and all(isinstance(value, str) for value in values) else None
    if refusal:
        raise refusal.refuse(name)


def _read_prompt_file(data: bytes, name: str) -> TextInput | RequestInput | None:
    """Return the prompt in a file that keeps it with its settings; None for any other text."""
    begun = b"".join(text.convert_to_utf8((data,), name)).decode(errors="replace").replace("\r\n", "\n")
    if name.lower().endswith(".toml"):
        return _read_value(parse_toml(begun), name, None)
    if is_http_file(begun, name):
        bodies = list_bodies(begun, name)
        return _make_input(list(filter(kinds.find_kind, bodies)) if any(map(kinds.is_request, bodies)) else ())
    prompt = read_prompt_file(begun, name)
    if prompt is None and name.lower().endswith((".yml", ".yaml")) and is_yaml_of_messages(begun):
        raise YAML_OF_MESSAGES.refuse(name)
    if isinstance(prompt, str):
        return TextInput(iter((prompt,)), find_file_placeholders(prompt))
    return _make_input(prompt or ())


def _begins_with_size(data: bytes) -> bool:
    """Return True if the first line is a row of a table of sizes."""
    first = next(LineBlock(1, data).iterate_lines(), FileLine(1, b""))
    with suppress(BadBody):
        return _SIZES_MARK in first.data and kinds.find_sizes(documents.parse_json(first.data)) is not None
    return False


def _find_placeholders(head: bytes, name: str) -> Sequence[str]:
    """List the placeholders at the beginning of a text, unless its name says that it is code, which has such marks of its own."""
    if PurePath(name).suffix.lower() not in _TEMPLATE_SUFFIXES:
        return ()
    begun = next(iter(text.convert_to_utf8((head,), name)), b"")
    return find_file_placeholders(begun[:_TEXT_HEAD_BYTES].decode(errors="replace"))


def _has_json_start(head: bytes, name: str) -> bool:
    begun = next(iter(text.convert_to_utf8((head,), name)), b"").lstrip()
    return begun[:1] in (b"{", b"[") and not name.lower().endswith(".toml")  # a table of TOML is in brackets, too


def _is_mostly_requests(head: bytes) -> bool:
    """Return True if the first lines are requests with few exceptions, such as a first line that isn't one."""
    lines = documents.parse_first_lines(head) if _has_request_markers(head) else []
    return 2 * sum(_is_request(line, value, is_listed=True) for line, value in lines) >= len(lines) > 0


def _read_sizes_or_requests(
    data: Iterator[bytes],
    name: str,
    kind: str | None,
    is_listed: bool,
    split: Callable[[Iterable[bytes]], LineChunks | Iterator[RowChunk]],
    *,
    takes_sizes: bool,
) -> TextInput | RequestInput:
    """Read the rows of a table of sizes, or what else it is."""
    if takes_sizes and kind is None:
        seen = documents.read_first_lines(data)
        data = chain((seen,), data)
        if _begins_with_size(seen):
            return RequestInput(split(data), holds_sizes=True)
    return _read_requests(data, name, kind, is_listed, split)


def _read_requests(
    data: Iterator[bytes],
    name: str,
    kind: str | None,
    is_listed: bool,
    split: Callable[[Iterable[bytes]], LineChunks | Iterator[RowChunk]],
) -> TextInput | RequestInput:
    """Read requests as a document or as lines. The input is text if neither the whole nor any of the first lines looks like a
    request. Raises BadBody for what another command reads.
    """
    seen = documents.read_first_lines(data)
    first = next(LineBlock(1, seen).iterate_lines(), FileLine(1, b""))
    if len(first.data) <= documents.MAX_DOCUMENT_BYTES and documents.can_span_lines(first.data):
        seen += b"".join(islice(data, documents.MAX_DOCUMENT_BYTES // text.CHUNK_BYTES))
        recognised = _read_document(seen, name, kind, is_listed)
        if recognised:
            return recognised
    lines = documents.parse_first_lines(seen)
    if kind in (None, kinds.CHAT_KIND) and lines and all(openai_api.is_message(value) for _, value in lines):
        return _read_conversation(chain((seen,), data), name)
    if kind or any(_is_request(line, value, is_listed) for line, value in lines):
        return RequestInput(split(chain((seen,), data)))
    values = [value for _, value in lines]
    more = next(data, b"")
    data = chain((more,), data)
    if len(values) == 1 and isinstance(values[0], dict) and not more and (recognised := _read_value(values[0], name, None)):
        return recognised
    refusal = _find_refusal(values)
    is_lines = len(values) > 1 or PurePath(name).suffix.lower() in _LINES_SUFFIXES
    if refusal is None and values and is_lines and all(map(kinds.RECORDS.matches, values)):
        refusal = kinds.RECORDS
    if refusal:
        raise refusal.refuse(name)
    if is_listed and values and isinstance(values[0], BadBody) and _is_cut_request(seen, name):
        raise _make_damage(values[0], name)
    _refuse_other_text(seen, name)
    return TextInput(text.decode_text(chain((seen,), data), name), _find_placeholders(seen, name))


def _make_damage(error: BadBody, name: str) -> DamagedJson:
    damaged = DamagedJson(location=name, problem=f"{error} (--as text counts it as text)")
    damaged.line = error.line
    return damaged


def _read_conversation(data: Iterator[bytes], name: str) -> RequestInput:
    """Read a message from every line; together they are one request. Raises BadBody for a line that isn't a message."""
    messages = []
    whole = b"".join(islice(data, documents.MAX_DOCUMENT_BYTES // text.CHUNK_BYTES))
    for line in LineBlock(1, whole).iterate_lines():
        try:
            value = documents.parse_json(line.data)
        except BadBody as error:
            error.location = Place(name, line.number)
            raise
        if not openai_api.is_message(value):
            raise BadBody(
                expected="a message, as the lines before it are", found="another value", location=Place(name, line.number)
            )
        messages.append(value)
    return _make_list_input([DocumentValue(None, messages)])


def _find_refusal(values: Sequence[JsonValue | BadBody]) -> ContentKind | None:
    """Return the kind of lines, or of the values of a list, that aren't requests; None if most of them have no kind."""
    rows = [row for row in map(kinds.find_kind, values) if row and not row.reader]
    return rows[0] if rows and 2 * len(rows) >= len(values) else None


def _read_document(data: bytes, name: str, kind: str | None, is_listed: bool) -> RequestInput | None:
    """Read the requests of one document; None if it isn't one, or may be lines after all."""
    if not kind and not kinds.MARKERS.search(data):
        return None
    try:
        value = documents.parse_json(data)
    except BadBody as error:
        lines = documents.parse_first_lines(data)[1:]
        may_be_text = not _is_cut_request(data, name) if is_listed else not kind and not _has_request_markers(data)
        if kind == kinds.TEXT_LINES_KIND or may_be_text or any(_is_request(line, value, is_listed=True) for line, value in lines):
            return None
        raise _make_damage(error, name) from None
    return _read_value(value, name, kind)


def _read_value(value: JsonValue, name: str, kind: str | None) -> RequestInput | None:
    """Read the requests of the value of a document: it is one, or a list of them. None if it is neither."""
    if kind is None and (exchanges := list_exchanges(value)) is not None:
        return _read_exchanges(exchanges, name)
    row = kinds.find_kind(value)
    if row and row.is_inside and isinstance(value, dict) and (inner := kinds.list_inner_requests(value)):
        value, row = inner, None
    if isinstance(value, dict) and row and row.reader == kinds.MESSAGE_KIND:
        value, row = [value], kinds.find_kind([value])
    if not isinstance(value, list) or (row and row.reader):
        if kind or (row and row.reader):
            return _make_input([value])
        if row:
            raise row.refuse(name)
        return None
    if not kind and not any(map(kinds.is_request, value)):
        are_records = len(value) > 1 and all(isinstance(item, dict) for item in value)
        refusal = _find_refusal(value) or row or (kinds.RECORD_LIST if are_records else None)
        if refusal:
            raise refusal.refuse(name)
        return None
    return _make_list_input([DocumentValue(index, item) for index, item in enumerate(value)])


def _read_exchanges(exchanges: Sequence[Exchange], name: str) -> RequestInput:
    """Read the requests to models in a recording of HTTP. Raises BadBody if there is none."""
    requests = [
        DocumentValue(index, exchange.request) for index, exchange in enumerate(exchanges) if kinds.find_kind(exchange.request)
    ]
    if not requests:
        raise BadBody(
            expected="requests or text",
            found="recorded HTTP requests, none of which has messages or an input",
            hint="--as text counts the file as one text",
            location=name,
        )
    return _make_list_input(requests)


def _make_input(values: Sequence[JsonValue]) -> RequestInput | None:
    """Make an input of the requests in a file that is no list of them. A single one is the file itself; None if there is none."""
    is_many = len(values) > 1
    document_values = [DocumentValue(index if is_many else None, value) for index, value in enumerate(values)]
    return _make_list_input(document_values) if document_values else None


def _make_list_input(values: list[DocumentValue]) -> RequestInput:
    return RequestInput(
        DocumentValues(values[start : start + _VALUES_PER_CHUNK]) for start in range(0, len(values), _VALUES_PER_CHUNK)
    )


def _is_request(line: bytes, value: JsonValue | BadBody, is_listed: bool) -> bool:
    """Return True if a line is a request, or isn't JSON but looks like a malformed one."""
    if isinstance(value, BadBody):
        return not is_listed and line.lstrip().startswith(b"{") and _has_request_markers(line)
    return kinds.is_request(value)


def _is_cut_request(data: bytes, name: str) -> bool:
    """Return True if a file of a folder that isn't JSON would be a request: by its name, or because it is only cut off."""
    is_cut = documents.can_span_lines(data)
    if is_cut and b'"model"' in data:
        return True
    return _has_request_markers(data) and (is_cut or PurePath(name).suffix.lower() in _JSON_SUFFIXES)


def _has_request_markers(data: bytes) -> bool:
    return any(all(key in data for key in keys) for keys in _REQUEST_MARKERS)
