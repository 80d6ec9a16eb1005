"""Show how far the reading is, for a person who waits at a terminal: bytes, lines and the time that is left."""

import io
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from rich.progress import Progress

    from gpt41_cli.files.sources import InputSource

BAR_DELAY_SECONDS = 1
"""Work that takes less time shows no bar."""

_UPDATES_PER_SECOND = 10


@contextmanager
def show_progress(sources: "Sequence[InputSource]", *, is_streamed: bool = False) -> "Iterator[Sequence[InputSource]]":
    """Return the sources with a bar on standard error while they are read. There is no bar on a pipe, in CI, or if answers that
    are streamed to the same terminal show the progress.
    """
    if not _has_watcher() or (is_streamed and sys.stdout.isatty()):
        yield sources
        return
    from gpt41_cli.files.sources import sum_known_bytes

    bar = _ProgressBar(sum_known_bytes(sources))
    try:
        yield [source._replace(open=bar.wrap_open(source.open)) for source in sources]
    finally:
        bar.close()


def _has_watcher() -> bool:
    return sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb"


class _ProgressBar:
    """Drawn from the first read after a second on, and by the reads themselves: a thread would keep workers from forking."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._bytes = self._lines = 0
        self._due = time.monotonic() + BAR_DELAY_SECONDS
        self._progress: Progress | None = None
        self._is_over = False

    def wrap_open(self, open_it: Callable[[], BinaryIO]) -> Callable[[], BinaryIO]:
        """Return a function that opens a source and reports every read to the bar."""
        return lambda: io.BufferedReader(_WatchedStream(open_it(), self._advance))

    def close(self) -> None:
        """Wipe the bar away for good, even if something is read once more."""
        self._is_over = True
        if self._progress:
            self._progress.stop()

    def _advance(self, data: memoryview) -> None:
        self._bytes += len(data)
        self._lines += data.tobytes().count(b"\n")
        if self._is_over or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + 1 / _UPDATES_PER_SECOND
        if self._progress is None:
            self._progress = _start_progress(self._total)
        self._progress.update(self._progress.task_ids[0], completed=self._bytes, lines=f"{self._lines:,} lines")
        self._progress.refresh()


def _start_progress(total: int) -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = BarColumn(), DownloadColumn(), TextColumn("{task.fields[lines]}"), TimeRemainingColumn(), TextColumn("left")
    drawn = Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False)
    drawn.add_task("", total=total or None, lines="")
    drawn.start()
    return drawn


class _WatchedStream:
    """A stream that shows what is read from it; the one of rich (`wrap_file`) counts no lines, and imports rich at once."""

    def __init__(self, stream: BinaryIO, on_read: "Callable[[memoryview], None]") -> None:
        self._stream = stream
        self._on_read = on_read

    def readinto(self, buffer: memoryview) -> int:
        size: int = self._stream.readinto(buffer)  # type: ignore[attr-defined]
        self._on_read(buffer[:size])
        return size

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
