"""Map a function over items on all cores, in order and with few items in flight.

Counting a request is half interpreter, half tokeniser, so threads would wait for each other. On Linux the workers are processes,
which share the vocabulary with this one; elsewhere they are threads. A system that is short of processes, memory or file
descriptors may refuse to start a worker. Then there are fewer, and without any, this process works alone.

A worker is forked and has one socket to this process, and nothing else: no semaphore that needs a writable /dev/shm, no thread
that manages it. When this process ends, however it ends, the worker reads the end of its socket and ends, too.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain, islice
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from gpt41_cli.errors import Gpt41Error

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

T = TypeVar("T")
R = TypeVar("R")

ITEMS_BEFORE_WORKERS = 2
"""Items that this process works on before it starts workers. They also fill the memo that workers inherit."""

STOP_SIGNALS = signal.SIGINT, signal.SIGTERM
"""SIGINT (Ctrl-C) and SIGTERM (kill, timeout)."""

BEFORE_WORKERS: list[Callable[[], None]] = []
"""Called before a worker is forked, to load what it shares with this process."""

SPARE_DESCRIPTORS = 8
"""File descriptors that must be free after a worker has started: this process opens files and modules meanwhile."""

_AHEAD_BYTES = 10_000
"""An item of at most this many bytes is sent to a worker that still works on another: its socket takes that much unread."""


class WorkerDied(Gpt41Error):
    """A worker process ended in the middle of its work, most likely because the system was out of memory and killed it."""


def map_in_order(work: Callable[[T], R], items: Iterable[T], jobs: int | None = None) -> Iterator[R]:
    """Map `work` over `items` in workers; yield the results in input order.

    Items and results are pickled. `jobs` is the number of workers, by default one per core. With 1, this process works alone.
    Raises WorkerDied if the system kills a worker.
    """
    pending = iter(items)
    workers = jobs or os.cpu_count() or 1
    yield from map(work, islice(pending, ITEMS_BEFORE_WORKERS) if workers > 1 else pending)
    # A process with threads must not fork: locks that they hold would stay locked in the child.
    if sys.platform != "linux" or threading.active_count() > 1:
        yield from _map_in_threads(work, pending, workers)
        return
    processes = _WorkerProcesses(work, workers)
    try:
        yield from processes.map_in_order(pending)
    finally:
        # After an error or Ctrl-C, nobody asks for the remaining results.
        with _signals_blocked():
            processes.end()


def _map_in_threads(work: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    running: deque[Future[R]] = deque()
    threads = WorkerThreads(workers)
    try:
        for item in items:
            running.append(threads.submit(work, item))
            if len(running) > 2 * workers:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        threads.end()


class WorkerThreads:
    """Threads that start as work arrives, `most` of them or as many as the system allows. Without any, `submit` works itself."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._threads: list[threading.Thread] = []
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    def end(self) -> None:
        """End all threads. After an error or Ctrl-C, nobody asks for the remaining results."""
        with suppress(Empty):
            while True:
                self._tasks.get_nowait()
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()

    def submit(self, work: Callable[[T], R], item: T) -> Future[R]:
        """Start `work` on `item`."""
        result: Future[R] = Future()

        def run() -> None:
            try:
                result.set_result(work(item))
            except BaseException as error:  # a panic of tiktoken isn't an Exception
                result.set_exception(error)

        if len(self._threads) < self._most:
            self._start_thread()
        if self._threads:
            self._tasks.put(run)
        else:
            run()
        return result

    def _start_thread(self) -> None:
        thread = threading.Thread(target=self._run_tasks, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system allows no more
            self._most = len(self._threads)
        else:
            self._threads.append(thread)

    def _run_tasks(self) -> None:
        while task := self._tasks.get():
            task()


class _WorkerProcesses:
    """Processes that apply `work`. They start as items arrive, `most` of them or as many as the system allows."""

    def __init__(self, work: Callable[[Any], Any], most: int) -> None:
        self._work = work
        self._most = most
        self._pids: dict[Connection, int] = {}
        self._in_flight: dict[Connection, deque[int]] = {}
        self._results: dict[int, tuple[Exception | None, Any]] = {}

    def map_in_order(self, items: Iterator[Any]) -> Iterator[Any]:
        """Yield the results of all items. If no worker can be started, this process works on them."""
        first = 0
        for number, item in enumerate(items):
            data = pickle.dumps(item, pickle.HIGHEST_PROTOCOL)
            while number - first > 2 * self._most or not (worker := self._find_worker(len(data))):
                if not self._pids:
                    yield from map(self._work, chain((item,), items))
                    return
                self._receive()
                while first in self._results:
                    yield self._take_result(first)
                    first += 1
            self._in_flight[worker].append(number)
            try:
                worker.send_bytes(data)
            except OSError:
                raise self._explain_death(worker) from None
        while any(self._in_flight.values()):
            self._receive()
            while first in self._results:
                yield self._take_result(first)
                first += 1

    def end(self) -> None:
        """End all workers, even in the middle of their work."""
        for worker, pid in self._pids.items():
            worker.close()
            if self._in_flight[worker]:
                os.kill(pid, signal.SIGKILL)
        for pid in self._pids.values():
            _wait_for_end(pid)

    def _find_worker(self, size: int) -> Connection | None:
        """Find a worker for an item of `size` bytes: an idle one, a new one, or one that can be sent its next item ahead."""
        loads = {worker: len(numbers) for worker, numbers in self._in_flight.items()}
        least = min(loads, key=loads.__getitem__, default=None)
        if (least is None or loads[least]) and len(self._pids) < self._most:
            try:
                return self._start_worker()
            except OSError:
                self._most = len(self._pids)
        return least if least and loads[least] <= (size <= _AHEAD_BYTES) else None

    def _start_worker(self) -> Connection:
        """Start a worker. Raises OSError if the system refuses."""
        # Imported here: small inputs start no workers.
        from multiprocessing import Pipe

        for prepare in BEFORE_WORKERS:
            prepare()
        with ExitStack() as spare:
            for _ in range(SPARE_DESCRIPTORS):
                spare.callback(os.close, os.open(os.devnull, os.O_RDONLY))
            ours, its = Pipe()
        try:
            with its, _signals_blocked():
                if not (pid := os.fork()):
                    ours.close()
                    self._serve(its)
                self._pids[ours], self._in_flight[ours] = pid, deque()
        except OSError:
            ours.close()
            raise
        return ours

    def _serve(self, connection: Connection) -> NoReturn:
        """Work in a new process until the other end of `connection` is closed. Signals stay blocked: that end decides."""
        try:
            for worker in self._pids:
                worker.close()
            while True:
                connection.send_bytes(_work_on(self._work, connection.recv()))
        finally:
            os._exit(0)

    def _receive(self) -> None:
        """Wait for results."""
        from multiprocessing.connection import wait

        busy = [worker for worker, numbers in self._in_flight.items() if numbers]
        ready = wait(busy)
        for worker in (worker for worker in busy if worker in ready):
            try:
                result = worker.recv()
            except (EOFError, OSError):
                raise self._explain_death(worker) from None
            self._results[self._in_flight[worker].popleft()] = result

    def _take_result(self, number: int) -> Any:
        error, value = self._results.pop(number)
        if error:
            raise error
        return value

    def _explain_death(self, worker: Connection) -> WorkerDied:
        worker.close()
        del self._in_flight[worker]
        code = _wait_for_end(self._pids.pop(worker))
        found = f"one that the system ended with signal {-code}" if code < 0 else "one that ended early"
        return WorkerDied("", "workers that finish", found, "memory may be short: --jobs 1 takes the least")


def _work_on(work: Callable[[Any], Any], item: Any) -> bytes:
    """Return the pickled error and result of working on an item; one of the two is None."""
    try:
        return pickle.dumps((None, work(item)), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        error.add_note(traceback.format_exc())
        return pickle.dumps((error, None), pickle.HIGHEST_PROTOCOL)


def _wait_for_end(pid: int) -> int:
    """Wait until a process ends, and return its exit code; that of a signal is negative. 0 if another waited for it."""
    try:
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except ChildProcessError:
        return 0


@contextmanager
def _signals_blocked() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back inside the with-block, so that workers start and end entirely or not at all."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
