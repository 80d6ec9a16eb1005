"""Standard output and standard error that never raise, wherever they go."""

import io
import os
import sys
from errno import EAGAIN
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Outlet(io.RawIOBase):
    """Write to a descriptor until that fails. The first failure is remembered, and from then on nothing is written."""

    def __init__(self, raw: io.FileIO) -> None:
        self._raw = raw
        self.failure: OSError | None = None

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write some of `data` and return how much; all of it is taken after a failure."""
        if self.failure is None:
            try:
                written = self._raw.write(data)
                if written is not None:
                    return written
                self.failure = BlockingIOError(EAGAIN, os.strerror(EAGAIN))
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._raw.isatty()

    def fileno(self) -> int:
        return self._raw.fileno()


def guard_streams() -> None:
    """Replace standard output and standard error by streams that never raise.

    What can't be written to standard error is lost and changes nothing else. `find_failure` says whether standard output is lost.
    A closed stream counts as one that can't be written to.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The next file to be opened would get the number, and with it what is meant for the stream.
            os.open(os.devnull, os.O_RDONLY)
    sys.stdout = _guard(sys.stdout, 1)
    sys.stderr = _guard(sys.stderr, 2)


def _guard(stream: TextIO | None, descriptor: int) -> io.TextIOWrapper:
    if stream is None:
        raw, encoding = io.FileIO(descriptor, "w", closefd=False), "utf-8"
    else:
        raw, encoding = cast("io.FileIO", getattr(stream.buffer, "raw", stream.buffer)), stream.encoding
    # A name that isn't valid text, or a terminal without Unicode, must not stop the answer.
    return io.TextIOWrapper(io.BufferedWriter(_Outlet(raw)), encoding, "backslashreplace", line_buffering=True)


def find_failure(stream: object) -> OSError | None:
    """Return why a guarded stream lost something; None if it didn't, or isn't guarded."""
    outlet = getattr(getattr(stream, "buffer", None), "raw", None)
    return outlet.failure if isinstance(outlet, _Outlet) else None
