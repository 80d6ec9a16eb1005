"""Write results to files: a whole file or nothing, or a part added to one."""

import errno
import os
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE, S_IWGRP, S_IWOTH, S_IWUSR
from typing import BinaryIO

from gpt41_cli.display import format_int
from gpt41_cli.errors import InputError

_WRITE_BITS = S_IWUSR | S_IWGRP | S_IWOTH


def write_file(content: str | bytes, path: Path, *, is_new: bool = False) -> None:
    """Write bytes, or text as UTF-8, under a temporary name, and rename the file when it is on disk. An existing file keeps its
    permissions.

    `is_new`: an existing file isn't replaced. Raises InputError if the file can't be written.
    """
    data = content if isinstance(content, bytes) else _encode_text(content)
    try:
        if str(path).startswith("/dev/") or (path.exists() and not path.is_file()):
            path.write_bytes(data)  # a device or a pipe: a rename would replace it by a file
            return
        check_writable(path)
        place = Path(os.path.realpath(path))  # a symbolic link stays one
        temporary = place.with_name(f".gpt41.{os.urandom(8).hex()}.tmp")
        file = temporary.open("xb")
        try:
            with file:
                file.write(data)
                sync(file)
            if is_new:
                publish(temporary, path)
                return
            with suppress(FileNotFoundError):
                temporary.chmod(S_IMODE(place.stat().st_mode))
            temporary.replace(place)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _make_write_error(path, error) from None


def check_writable(path: Path) -> None:
    """Refuse a file that is read-only, or that links lead out of its repository, because a change to the repository could add
    such links.

    Without a repository, the working directory takes its place. Raises InputError.
    """
    named = Path(os.path.normpath(Path.cwd() / path))
    place = Path(os.path.realpath(named))
    if place.is_file() and not (place.stat().st_mode & _WRITE_BITS and os.access(place, os.W_OK)):
        raise InputError(expected="a file that can be written", found="one that is read-only", location=str(path))
    above = (folder for folder in named.parents if os.path.lexists(folder / ".git") and os.path.realpath(folder) == str(folder))
    top = next(above, Path.cwd())
    if named.is_relative_to(top) and not place.is_relative_to(top):
        raise InputError(
            expected="a path that stays in the repository or the working directory",
            found="a link that leaves it",
            location=str(path),
        )


def publish(written: Path, path: Path) -> None:
    """Give a written file its name. Raises FileExistsError if the name is taken."""
    try:
        os.link(written, path)  # a rename would overwrite
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST)) from None
        written.rename(path)
    else:
        written.unlink()


def sync(file: BinaryIO) -> None:
    """Flush everything that was written to `file` to disk, so that it is whole after a power failure."""
    file.flush()
    os.fsync(file.fileno())


def append_to_file(text: str, path: Path, most: int) -> None:
    """Append text as a separate part. Raises InputError if it can't be written or the file would exceed `most` bytes."""
    try:
        with path.open("ab") as file:
            before = file.tell()
            data = _encode_text(f"\n\n{text}" if before else text)
            if before + len(data) > most:
                expected, actual = (format_int(bytes_) for bytes_ in (most, before + len(data)))
                raise InputError(expected=f"at most {expected} bytes with what is to be added", found=actual, location=str(path))
            file.write(data)
    except OSError as error:
        raise _make_write_error(path, error) from None


def _encode_text(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _make_write_error(path: Path, error: OSError) -> InputError:
    return InputError(expected="a file that can be written", found=error, location=str(path))
