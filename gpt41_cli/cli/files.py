"""Write results to files: a whole file or nothing, or a part added to one."""

import os
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE

from gpt41_cli.display import format_int
from gpt41_cli.errors import InputError


def write_file(text: str, path: Path) -> None:
    """Write text as UTF-8 to a temporary name, then rename it. An existing file keeps its permissions.

    Raises InputError if it can't be written.
    """
    data = _encode_text(text)
    try:
        if str(path).startswith("/dev/") or (path.exists() and not path.is_file()):
            path.write_bytes(data)  # a device or a pipe: a rename would replace it by a file
            return
        place = Path(os.path.realpath(path))  # a symbolic link stays one
        temporary = place.with_name(f".gpt41.{os.getpid()}.tmp")
        try:
            with temporary.open("xb") as file:
                file.write(data)
            with suppress(FileNotFoundError):
                temporary.chmod(S_IMODE(place.stat().st_mode))
            temporary.replace(place)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _make_write_error(path, error) from None


def append_to_file(text: str, path: Path, most: int) -> None:
    """Append text as a part of its own. Raises InputError if it can't be written or the file would exceed `most` bytes."""
    try:
        with path.open("ab") as file:
            before = file.tell()
            data = _encode_text(f"\n\n{text}" if before else text)
            if before + len(data) > most:
                expected, found = (format_int(bytes_) for bytes_ in (most, before + len(data)))
                raise InputError(expected=f"at most {expected} bytes with what is to be added", found=found, location=str(path))
            file.write(data)
    except OSError as error:
        raise _make_write_error(path, error) from None


def _encode_text(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")


def _make_write_error(path: Path, error: OSError) -> InputError:
    return InputError(expected="a file that can be written", found=error, location=str(path))
