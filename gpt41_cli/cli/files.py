"""Results in files: written whole or not at all, and added to what is there."""

import os
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE

from gpt41_cli.display import format_int
from gpt41_cli.errors import InputError


def write_file(text: str, path: Path) -> None:
    """Write the text as UTF-8, under another name until it is whole; a file that was there keeps its permissions. InputError when
    it cannot be written.
    """
    data = _encode_text(text)
    try:
        if str(path).startswith("/dev/") or (path.exists() and not path.is_file()):
            path.write_bytes(data)  # a device or a pipe, which a file would take the place of
            return
        place = Path(os.path.realpath(path))  # a link stays one
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
    """Add the text as a part of its own. InputError when it cannot be written, or more than `most` bytes would be there."""
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
