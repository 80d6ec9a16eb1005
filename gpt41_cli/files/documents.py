"""Read Read JSON as it is sent: one value, a list, or a value per line. It is read strictly, and every error has its place."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from typing import BinaryIO, NamedTuple, NoReturn

from gpt41_cli.display import format_int
from gpt41_cli.errors import InputError
from gpt41_cli.files.fields import BadBody, JsonObject, JsonValue, redact
from gpt41_cli.files.text import CHUNK_BYTES
from gpt41_cli.findings import Place

MAX_DOCUMENT_BYTES = 1 << 29
"""A line or a document beyond this is refused: it is the most that one request may send in all."""


_ENDLESS_LINE_BYTES = 4 * MAX_DOCUMENT_BYTES
"""How much of a line is read to find the next one."""


PREFIXED_LINES = "lines of a log with text before the JSON"
CUT_PREFIXES = "cut that off with sed 's/^[^{]*//' FILE and name standard input (-) instead"
_PROBED_LINES = 10
_PREFIX = re.compile(r"[^{]*[\s:=|>\])]\{")


class EndlessLine(InputError):
    """A line that is so long that its end isn't searched for."""


class FileLine(NamedTuple):
    """One line of a file that isn't blank, numbered from 1, without its line break."""

    number: int
    data: bytes

    def locate(self, path: str) -> Place:
        """Where it is, in the file at `path`."""
        return Place(path, self.number, position=self.number - 1)


class LineBlock(NamedTuple):
    """Whole lines of a file; `first_number` is the number of the first one."""

    first_number: int
    data: bytes

    def iterate_lines(self) -> Iterator[FileLine]:
        """Yield the lines that aren't blank, one at a time: all at once would be the block a second time."""
        start, number_ = 0, self.first_number
        while start < len(self.data):
            end = self.data.find(b"\n", start)
            line = self.data[start : end if end >= 0 else None]
            if line and not line.isspace():
                yield FileLine(number_, line)
            start, number_ = start + len(line) + 1, number_ + 1

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.data)

    def read_last_byte(self) -> bytes:
        """Return the last byte: a line break, unless the file ends without one."""
        return self.data[-1:]


def split_into_blocks(chunks: Iterable[bytes]) -> Iterator[LineBlock]:
    """Split `chunks` into blocks of lines, about a chunk each. Of a line that is too long, only enough is kept to refuse it.

    Raises EndlessLine if such a line goes on and on, as zeros from a device do.
    """
    pending: list[bytes] = []
    size = 0
    first = 1
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if end:
            data = b"".join((*pending, chunk[:end]))
            yield LineBlock(first, data)
            first += data.count(b"\n")
            pending, size = [chunk[end:]], len(chunk) - end
        else:
            if size <= MAX_DOCUMENT_BYTES:
                pending.append(chunk)
            size += len(chunk)
            if size > _ENDLESS_LINE_BYTES:
                raise EndlessLine(expected=f"lines of at most {format_int(MAX_DOCUMENT_BYTES)} bytes", found="one without an end")
    if size:
        yield LineBlock(first, b"".join(pending))


class FileShrunk(Exception):
    """A file became shorter while it was read."""


class LineChunks:
    """The lines of a file, many at a time. `encoding` and `has_byte_order_mark` are those of the file; `size_bytes`, without the
    mark and before any compression, and `ends_with_line_break` are known when all of it has been read.
    """

    def __init__(self, chunks: Iterator[LineBlock | FileSpan], encoding: str, *, has_byte_order_mark: bool) -> None:
        self.encoding = encoding
        self.has_byte_order_mark = has_byte_order_mark
        self.size_bytes = 0
        self._chunks = chunks
        self._last: LineBlock | FileSpan | None = None

    def __iter__(self) -> Iterator[LineBlock | FileSpan]:
        for chunk in self._chunks:
            self.size_bytes += chunk.size
            self._last = chunk
            yield chunk

    @property
    def ends_with_line_break(self) -> bool:
        """True if the last line that was read has a line break; the file must still be open."""
        return self._last is None or self._last.read_last_byte() == b"\n"


class FileSpan(NamedTuple):
    """Whole lines of an open file that are still to be read: `size` bytes from `start`. `first_number` numbers the first line.

    A worker that shares the file reads the lines itself, so they need not be sent to it.
    """

    file_descriptor: int
    first_number: int
    start: int
    size: int

    def iterate_lines(self) -> Iterator[FileLine]:
        """Yield the lines that aren't blank. Raises FileShrunk if they are gone."""
        data = os.pread(self.file_descriptor, self.size, self.start)
        if len(data) < self.size:
            raise FileShrunk
        return LineBlock(self.first_number, data).iterate_lines()

    def read_last_byte(self) -> bytes:
        """Return the last byte: a line break, unless the file ends without one."""
        return os.pread(self.file_descriptor, 1, self.start + self.size - 1)


def split_into_spans(stream: BinaryIO, start: int) -> Iterator[FileSpan]:
    """Split the lines of a regular file from `start` on into spans of about CHUNK_BYTES.

    A line that is too long is a span of its own, cut at a length that is sure to be refused.
    """
    stream.seek(start)
    file = stream.fileno()
    buffer = bytearray(CHUNK_BYTES)
    first, begin, end = 1, start, start
    while size := stream.readinto(buffer):  # type: ignore[attr-defined]
        if end - begin > MAX_DOCUMENT_BYTES and (line_end := buffer.find(b"\n", 0, size)) >= 0:
            yield FileSpan(file, first, begin, MAX_DOCUMENT_BYTES + 1)
            first, begin = first + 1, end + line_end + 1
        whole = buffer.rfind(b"\n", 0, size) + 1
        if whole and end + whole > begin:
            yield FileSpan(file, first, begin, end + whole - begin)
            first += _count_line_breaks(buffer, max(begin - end, 0), whole)
            begin = end + whole
        end += size
    if begin < end:
        yield FileSpan(file, first, begin, min(end - begin, MAX_DOCUMENT_BYTES + 1))


def _count_line_breaks(buffer: bytearray, start: int, end: int) -> int:
    """Count line breaks between two positions. Finding them one by one is faster than counting if lines are long."""
    count = 0
    while (start := buffer.find(b"\n", start, end) + 1) > 0:
        count += 1
    return count


def parse_json(data: bytes) -> JsonValue:
    """Parse `data`. Raises BadBody if it isn't JSON or repeats a key. The message quotes nothing of the text."""
    if len(data) > MAX_DOCUMENT_BYTES:
        raise BadBody(expected=f"at most {format_int(MAX_DOCUMENT_BYTES)} bytes", found="more")
    try:
        return _DECODER.decode(data.decode())
    except UnicodeDecodeError as error:
        raise BadBody(
            expected="UTF-8", found=f"the byte 0x{data[error.start]:02x} at byte {format_int(error.start + 1)}"
        ) from None
    except json.JSONDecodeError as error:
        if not data.strip():
            raise BadBody(expected="JSON", found="nothing") from None
        where = f"line {error.lineno}, column {error.colno}" if error.lineno > 1 else f"column {format_int(error.colno)}"
        detail = f": {error.msg}"
        if error.lineno > 1 and error.msg == "Extra data":
            detail = " another value begins; jq -c . writes each value on a line of its own"
        broken = BadBody(problem=f"expected JSON, but at {where}{detail}")
        broken.line = error.lineno
        raise broken from None
    except RecursionError:
        raise BadBody(expected="JSON that is nested less deeply", found="hundreds of levels") from None
    except BadBody:
        raise
    except ValueError:  # the interpreter refuses to read it
        raise BadBody(expected="JSON of numbers that have a meaning", found="one of thousands of digits") from None


def digest_document(document: JsonObject) -> str:
    """Return the SHA-256 of all of a document except its own `digest`, however its JSON is laid out."""
    covered = {key: value for key, value in document.items() if key != "digest"}
    return hashlib.sha256(json.dumps(covered, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def can_span_lines(line: bytes) -> bool:
    """Return True if a document may continue after its first line: it is a list, or JSON that is only cut off at its end."""
    try:
        begun = line.decode().rstrip()
        return isinstance(json.loads(begun), list)
    except json.JSONDecodeError as error:
        return error.pos >= len(begun) or error.msg.startswith("Unterminated string")
    except (ValueError, RecursionError):
        return False


def _require_unique_keys(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    """Build an object. Raises BadBody for a repeated key: nobody can know which of the two is meant."""
    entries = dict(pairs)
    if len(entries) != len(pairs):
        ((twice, _),) = Counter(key for key, _ in pairs).most_common(1)
        raise BadBody(expected="each key once", found=f"{redact(twice)} a second time")
    return entries


def _refuse_constant(name: str) -> NoReturn:
    raise BadBody(expected="JSON", found=f"{name}, which JSON does not have")


_DECODER = json.JSONDecoder(object_pairs_hook=_require_unique_keys, parse_constant=_refuse_constant)


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
        if size > MAX_DOCUMENT_BYTES:
            break
    return b"".join(seen)


def parse_first_lines(data: bytes) -> list[tuple[bytes, JsonValue | BadBody]]:
    """Parse the first lines; a line that isn't JSON has its error in place of the value. A last line that is cut off is
    dropped.
    """
    pairs: list[tuple[bytes, JsonValue | BadBody]] = []
    for line in islice(LineBlock(1, data).iterate_lines(), _PROBED_LINES):
        try:
            pairs.append((line.data, parse_json(line.data)))
        except BadBody as error:
            pairs.append((line.data, error))
    is_cut_off = len(pairs) > 1 and isinstance(pairs[-1][1], BadBody) and data.endswith(pairs[-1][0])
    return pairs[:-1] if is_cut_off else pairs


def list_prefixed_objects(head: str) -> list[JsonObject]:
    """Return the JSON objects behind the prefixes of the first lines, such as a time and a level; nothing if most lines have
    none.
    """
    lines = [line for line in head.split("\n")[:_PROBED_LINES] if line.strip()]
    objects = (parse_embedded_object(line[line.find("{") :].strip()) for line in lines if _PREFIX.match(line))
    records = [record for record in objects if record]
    return records if 2 * len(records) >= len(lines) else []


def parse_embedded_object(value: JsonValue, name: str = "") -> JsonObject | None:
    """Parse text as a JSON object, one that has the name in it if a name is given; None for anything else."""
    if isinstance(value, str) and value.startswith("{") and (not name or f'"{name}"' in value):
        with suppress(BadBody, UnicodeError):
            parsed = parse_json(value.encode())
            return parsed if isinstance(parsed, dict) else None
    return None
