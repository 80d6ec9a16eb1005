"""Work on all cores, its results in the order of the work, with little of it under way at any time.

Counting a request is half interpreter, half tokeniser: threads would wait for each other's half. So where the system can fork,
the workers are processes that share the vocabulary with this one; elsewhere they are threads.
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
"""Items that are worked on here before any worker is started. They also fill the memo that workers begin with."""

STOP_SIGNALS = signal.SIGINT, signal.SIGTERM
"""What ends a run: Ctrl-C, and the order to end that `kill` and `timeout` give."""

_inherited: Callable[[Any], Any]


def map_in_order(work: Callable[[T], R], items: Iterable[T], jobs: int | None = None) -> Iterator[R]:
    """What `work` returns for each of `items`, which workers get pickled, as its result comes back.

    `jobs` is how many workers there are: one for each core where it is None; with 1, all of the work is done here.
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
        # An error or Ctrl-C must not wait for what nobody will ask for.
        with _signals_ignored():
            pool.shutdown(cancel_futures=True)


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """With Ctrl-C and the order to end coming afterwards.

    In the middle of starting workers they would be lost, or leave workers that wait for work, and this process waiting for them.
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
    """Without Ctrl-C and the order to end: a second one would leave workers and this process waiting for each other."""
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
    """Workers, and what they are to be called with."""
    # A process with threads must not fork: what they hold would stay locked for ever.
    if sys.platform != "linux" or threading.active_count() > 1:
        return ThreadPoolExecutor(workers), work
    # Imported here: small inputs need no workers, and do not pay for what starts them.
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(workers, get_context("fork"), initializer=_set_up_worker, initargs=(work,)), _run_inherited


def _set_up_worker(work: Callable[[Any], Any]) -> None:
    """Remember, in a new worker, what this process works at; Ctrl-C is for the process that has started it."""
    global _inherited  # noqa: PLW0603 -- a worker has one task for all of its life
    _inherited = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})  # held back when this worker was started


def _run_inherited(item: Any) -> Any:
    return _inherited(item)
