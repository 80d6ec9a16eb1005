"""Find and open what a command line names: files, the files of folders, standard input and literal text."""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from stat import S_ISBLK, S_ISCHR, S_ISDIR, S_ISFIFO, S_ISREG, S_ISSOCK
from typing import Any, BinaryIO, NamedTuple, cast

from gpt41_cli.display import sanitize
from gpt41_cli.errors import InputError
from gpt41_cli.files import trees
from gpt41_cli.files.documents import EndlessLine
from gpt41_cli.files.text import read_chunks
from gpt41_cli.findings import STDIN, is_url

LITERAL_NAME = "--text"

_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://")
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"

_SMALL_BYTES = 512
"""An object in a file this small may be the bare usage of one answer, and another answer may have the same."""


class Unreadable(InputError):
    """A file that the system does not let us read."""


class InputSource(NamedTuple):
    """Bytes to read: their name as the user gave it, and how to open them.

    A source with `is_from_folder` was found in a folder, not named by the user, so it may turn out not to be text.
    `line_numbers` are the numbers of its lines in the user's file, if some were left out. `object_bytes` is the size of an object
    behind an address. `column` is that of a Parquet file to read, if the user named one.
    """

    name: str
    open: Callable[[], BinaryIO]
    is_from_folder: bool = False
    line_numbers: Sequence[int] | None = None
    object_bytes: int | None = None
    column: str | None = None

    @property
    def label(self) -> str:
        """The name for error messages."""
        return "standard input" if self.name == STDIN else sanitize(self.name)

    @property
    def partitions(self) -> dict[str, str]:
        """What the names of its folders say of all that it holds: `team=a/day=2026-11-01/part-0.parquet`, as Hive names them."""
        pairs = (part.partition("=") for part in self.name.split("/")[:-1])
        return {key: _unescape(value) for key, is_pair, value in pairs if key and is_pair and value != _NO_VALUE}


def _unescape(name: str) -> str:
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda code: bytes.fromhex(code[1].decode()), os.fsencode(name)).decode(errors="replace")


def find_sources(
    paths: Sequence[str], literal: str | None, stdin: Callable[[], BinaryIO]
) -> tuple[list[InputSource], list[trees.SkippedPath]]:
    """List the sources in the order named, literal text first, and what was skipped in folders.

    Raises InputError for a folder without files, an address that isn't read, `-` given twice or next to a file of that name, or
    literal text that can't be encoded.
    """
    listed: list[InputSource] = []
    left_out: list[trees.SkippedPath] = []
    if literal is not None:
        try:
            data = literal.encode()
        except UnicodeEncodeError as error:
            raise InputError("--text", "text", f"bytes that aren't text at character {error.start + 1}") from None
        listed.append(InputSource(LITERAL_NAME, lambda: io.BytesIO(data)))
    for path in paths:
        if not path:
            raise InputError('""', "a file, a folder or -", "an empty name")
        if path == STDIN:
            if any(source.name == STDIN for source in listed):
                raise InputError("-", "standard input once", "it twice")
            if os.path.lexists(path):  # a hook that passes file names means the file
                hint = "write ./- for the file, /dev/stdin for standard input"
                raise InputError("-", "one meaning", "standard input and a file of that name", hint)
            listed.append(InputSource(STDIN, stdin))
        elif is_url(path) or _is_folder(path):
            sources, skipped = _list_folder(path)
            if not sources:
                raise InputError(expected="a folder with text", found=explain_empty(skipped), location=path)
            left_out += skipped
            listed += sources
        else:
            listed.append(_make_source(path))
    return listed, left_out


def _make_source(path: str) -> InputSource:
    if _ADDRESS.match(path) and not os.path.lexists(path):
        from gpt41_cli.files.object_storage import refuse_address

        refuse_address(path)
    return InputSource(path, partial(open_file, Path(path)))


def _list_folder(path: str) -> tuple[list[InputSource], list[trees.SkippedPath]]:
    """List the files of a folder, or the objects at an address."""
    if is_url(path):
        # Imported here: nothing else needs what opens connections.
        from gpt41_cli.files.object_storage import list_objects

        return list_objects(path)
    listing = trees.list_files(Path(path))
    return [InputSource(str(file), partial(open_file, file), is_from_folder=True) for file in listing.files], listing.skipped


class _TwiceReadStream(io.RawIOBase):
    """A stream that starts over when it is closed for the first time."""

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream, self._beginning, self._is_again = stream, io.BytesIO(), False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._is_again and (size := self._beginning.readinto(buffer)):
            return size
        data = self._stream.read(len(buffer))
        if not self._is_again:
            self._beginning.write(data)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if self._is_again:
            self._stream.close()
            super().close()
        self._is_again = True
        self._beginning.seek(0)


def read_twice(source: InputSource) -> InputSource:
    """Return the source in a form that can be opened twice, one after the other, even if its bytes come only once. The bytes of
    the first reading are kept in memory.
    """
    if source.name != STDIN and not source.name.startswith("/dev/"):
        return source

    @cache
    def open_once() -> BinaryIO:
        return cast("BinaryIO", _TwiceReadStream(source.open()))

    return source._replace(open=open_once)


def sum_known_bytes(sources: Iterable[InputSource]) -> int:
    """Add up the sizes that are known."""
    return sum(map(_read_size, sources))


def find_duplicate_files(sources: Sequence[InputSource]) -> dict[str, InputSource]:
    """Map the name of each file to that of an earlier file with the same content, byte by byte.

    Only files of equal size are hashed. Standard input and FIFOs can be read only once, so they are never duplicates; small files
    that hold a single object and other partitions of a table aren't either. Files that can't be read are skipped: reading them
    reports it.
    """
    by_size: dict[int, list[InputSource]] = {}
    for source in sources:
        if size := _read_size(source):
            by_size.setdefault(size, []).append(source)
    duplicates: dict[str, InputSource] = {}
    for alike in by_size.values():
        first: dict[object, InputSource] = {}
        for source in alike if len(alike) > 1 else ():
            with suppress(InputError):
                digest = _hash_content(source)
                earlier = first.setdefault((digest, *source.partitions.items()), source) if digest else source
                if earlier is not source:
                    duplicates[source.name] = earlier
    return duplicates


def _read_size(source: InputSource) -> int:
    """Return the size of a file or an object in bytes; 0 if it isn't one."""
    if source.object_bytes is not None:
        return source.object_bytes
    if source.name not in (STDIN, LITERAL_NAME):
        with suppress(OSError, ValueError):
            state = Path(source.name).stat()
            return state.st_size if S_ISREG(state.st_mode) else 0
    return 0


def _hash_content(source: InputSource) -> bytes | None:
    """Hash the content of a file; None if another file may equal it by chance."""
    with wrap_os_errors(source.label), source.open() as stream:
        begin = stream.read(_SMALL_BYTES)
        if len(begin) < _SMALL_BYTES and begin.lstrip().startswith(b"{"):
            return None
        hashed = hashlib.sha256(begin)
        for chunk in read_chunks(stream):
            hashed.update(chunk)
        return hashed.digest()


def _is_folder(path: str) -> bool:
    """Return True if `path` is a folder. A name that no file can have isn't one; reading it reports that."""
    try:
        return Path(path).is_dir()
    except OSError:
        return False


def open_file(path: Path) -> BinaryIO:
    """Open the file at `path`. Raises InputError for a folder, a FIFO or a device."""
    name = str(path)
    with wrap_os_errors(name):
        mode = path.stat().st_mode
        if S_ISDIR(mode):
            raise InputError(expected="a file", found="a folder", location=name)
        if S_ISFIFO(mode) and not str(path).startswith("/dev/"):
            raise InputError(
                expected="a file", found="a FIFO", hint="send its content to standard input and name it -", location=name
            )
        if (S_ISCHR(mode) or S_ISBLK(mode) or S_ISSOCK(mode)) and str(path) != "/dev/stdin":
            raise InputError(expected="a file", found="a device or a socket", location=name)
        return path.open("rb")


class FileStamp(NamedTuple):
    """What identifies the state of a file: which file it is, its size, and when it was last written."""

    device: int
    inode: int
    size: int
    modified_ns: int


def read_stamp(stream: BinaryIO) -> FileStamp | None:
    """Return the state of the file that `stream` reads; None if it isn't a regular file."""
    try:
        status = os.fstat(stream.fileno())
    except OSError:
        return None  # a buffer in memory
    return FileStamp(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns) if S_ISREG(status.st_mode) else None


@contextmanager
def wrap_os_errors(name: str) -> Iterator[None]:
    """Turn an OSError while reading `name` into Unreadable."""
    try:
        yield
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise Unreadable(expected="a readable file", found=error, location=name) from None


@contextmanager
def open_source(source: InputSource) -> Iterator[BinaryIO]:
    """Open a source. Raises InputError if it can't be opened or read to its end."""
    with wrap_os_errors(source.label):
        stream = source.open()
    with stream, name_endless_line(source.label):
        try:
            yield stream
        except OSError as error:
            raise Unreadable(expected="a readable file", found=error, location=source.label) from None


@contextmanager
def name_endless_line(name: str) -> Iterator[None]:
    """Add the name of the input to an EndlessLine."""
    try:
        yield
    except EndlessLine as error:
        raise EndlessLine(expected=error.expected, found=error.found, location=name) from None


def explain_empty(left_out: Sequence[trees.SkippedPath]) -> str:
    """Explain that nothing was found, with what was skipped instead."""
    if not left_out:
        return "nothing"
    shown = ", ".join(f"{skipped.path}: {skipped.reason}" for skipped in left_out[:3])
    return f"only what is left out ({shown}{', ...' if len(left_out) > 3 else ''})"
