"""Map a function over items on all cores, in order and with few items in flight.

Counting a request is half interpreter, half tokeniser, so threads would wait for each other. If the system can fork, the
workers are processes, which share the vocabulary with this one; otherwise they are threads.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")

ITEMS_BEFORE_WORKERS = 2
"""Items that this process works on before it starts workers. They also fill the memo that workers inherit."""

STOP_SIGNALS = signal.SIGINT, signal.SIGTERM
"""SIGINT (Ctrl-C) and SIGTERM (kill, timeout)."""

_inherited: Callable[[Any], Any]


def map_in_order(work: Callable[[T], R], items: Iterable[T], jobs: int | None = None) -> Iterator[R]:
    """Map `work` over `items` in worker processes; yield the results in input order.

    Items and results are pickled. `jobs` is the number of workers, by default one per core. With 1, this process works alone.
    """
    pending = iter(items)
    workers = jobs or os.cpu_count() or 1
    yield from map(work, islice(pending, ITEMS_BEFORE_WORKERS) if workers > 1 else pending)
    more = next(pending, None)
    if more is None:
        return
    running: deque[Future[R]] = deque()
    pool, task = _start_pool(work, workers)
    try:
        with _signals_blocked():
            running.append(pool.submit(task, more))
        for item in pending:
            running.append(pool.submit(task, item))
            if len(running) > 2 * workers:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        # After an error or Ctrl-C, nobody asks for the remaining results.
        with _signals_ignored():
            pool.shutdown(cancel_futures=True)


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Block SIGINT and SIGTERM inside the with-block.

    A signal while workers start could be lost, or leave workers and this process waiting for each other.
    """
    if sys.platform == "win32":  # pragma: no cover -- there workers are threads, and signals are not held back
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _signals_ignored() -> Iterator[None]:
    """Ignore SIGINT and SIGTERM: a second one would leave workers and this process waiting for each other."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [(ending, signal.signal(ending, signal.SIG_IGN)) for ending in STOP_SIGNALS]
    try:
        yield
    finally:
        for ending, handler in before:
            signal.signal(ending, handler)


def _start_pool(work: Callable[[T], R], workers: int) -> tuple[Executor, Callable[[T], R]]:
    """Start the workers. Returns the pool and the function to submit to it."""
    # A process with threads must not fork: locks that they hold would stay locked in the child.
    if sys.platform != "linux" or threading.active_count() > 1:
        return ThreadPoolExecutor(workers), work
    # Imported here: small inputs start no workers.
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(workers, get_context("fork"), initializer=_set_up_worker, initargs=(work,)), _run_inherited


def _set_up_worker(work: Callable[[Any], Any]) -> None:
    """Set up a new worker: remember its task, and leave Ctrl-C to the parent process."""
    global _inherited  # noqa: PLW0603 -- a worker has one task for all of its life
    _inherited = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # blocked when this worker was started


def _run_inherited(item: Any) -> Any:
    return _inherited(item)
