"""Work on all cores: in order, whoever does it, and without losing what goes wrong."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from gpt41_cli.tokens.text.workers import ITEMS_BEFORE_WORKERS, WorkerDied, WorkerThreads, map_in_order
from tests.conftest import ROOT, environment

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="only there are workers processes")


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that this one forks, which it does although the test runner may have threads."""
    pids: list[int] = []
    real_fork = os.fork

    def fork() -> int:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
            pid = real_fork()
        pids.append(pid)
        return pid

    monkeypatch.setattr(os, "fork", fork)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    return pids


def square(number: int) -> tuple[int, int, int]:
    if number < 0:
        raise ValueError(f"no square of {number}")
    return number * number, os.getpid(), threading.get_ident()


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_results_come_in_order_from_processes_or_threads(monkeypatch: pytest.MonkeyPatch, platform: str) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    found = list(map_in_order(square, range(100)))
    assert [result for result, _, _ in found] == [number * number for number in range(100)]
    here = (os.getpid(), threading.get_ident())
    assert [each[1:] for each in found[:ITEMS_BEFORE_WORKERS]] == [here] * ITEMS_BEFORE_WORKERS, "the first ones are done here"
    others = {process for _, process, _ in found[ITEMS_BEFORE_WORKERS:]}
    assert (os.getpid() in others) is (platform != "linux" or threading.active_count() > 1)
    assert all(each[1:] != here for each in found[ITEMS_BEFORE_WORKERS:])


@pytest.mark.parametrize(("jobs", "others"), [(1, 0), (2, 2), (3, 3)])
def test_so_many_jobs_are_so_many_workers(jobs: int, others: int) -> None:
    found = list(map_in_order(square, range(200), jobs))
    assert [result for result, _, _ in found] == [number * number for number in range(200)]
    assert len({each[1:] for each in found} - {(os.getpid(), threading.get_ident())}) <= others
    assert (len({each[1:] for each in found}) == 1) is (jobs == 1)


def test_a_process_with_threads_does_not_fork() -> None:
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        assert {process for _, process, _ in map_in_order(square, range(20))} == {os.getpid()}
    finally:
        done.set()
        other.join()


@pytest.mark.parametrize("at", [0, ITEMS_BEFORE_WORKERS, 30])
def test_what_goes_wrong_is_raised_where_the_result_would_come(at: int) -> None:
    numbers = [*range(at), -1, *range(50)]
    results = map_in_order(square, numbers)
    assert [next(results)[0] for _ in range(at)] == [number * number for number in range(at)]
    with pytest.raises(ValueError, match="no square of -1"):
        next(results)


def test_little_is_under_way_at_any_time() -> None:
    taken = 0

    def numbers() -> Iterator[int]:
        nonlocal taken
        for number in range(10_000):
            taken += 1
            yield number

    results = map_in_order(square, numbers())
    for _ in range(50):
        next(results)
    assert taken <= 50 + 3 * (os.cpu_count() or 1) + 2
    assert isinstance(results, Generator)
    results.close()


@needs_linux
@pytest.mark.parametrize("refused_from", [1, 2])
def test_if_the_system_refuses_to_start_workers_fewer_do_the_work(
    monkeypatch: pytest.MonkeyPatch, forked: list[int], refused_from: int
) -> None:
    refused = 0

    def fork() -> int:
        nonlocal refused
        if len(forked) + 1 == refused_from:
            refused += 1
            raise BlockingIOError(11, "Resource temporarily unavailable")
        return recorded_fork()

    recorded_fork = os.fork
    monkeypatch.setattr(os, "fork", fork)
    found = list(map_in_order(square, range(50), 4))
    assert [result for result, _, _ in found] == [number * number for number in range(50)]
    assert refused == 1, "it isn't tried again"
    assert len({process for _, process, _ in found} - {os.getpid()}) == refused_from - 1


@needs_linux
def test_no_more_workers_start_than_there_is_work(forked: list[int]) -> None:
    assert len(list(map_in_order(square, range(ITEMS_BEFORE_WORKERS + 3), 64))) == ITEMS_BEFORE_WORKERS + 3
    assert len(forked) <= 3


@needs_linux
@pytest.mark.usefixtures("forked")
def test_items_and_results_larger_than_any_buffer_pass() -> None:
    texts = [str(number) * 2_000_000 for number in range(9)]
    assert list(map_in_order(str.lower, texts, 2)) == texts


def end_itself(number: int) -> int:
    if number == 20:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 30:
        os._exit(5)
    return number


@needs_linux
@pytest.mark.parametrize(("first", "found"), [(0, "one that the system ended with signal 9"), (25, "one that ended early")])
def test_a_worker_that_the_system_kills_is_an_error_that_names_jobs(forked: list[int], first: int, found: str) -> None:
    with pytest.raises(WorkerDied) as caught:
        list(map_in_order(end_itself, range(first, 40), 2))
    assert str(caught.value) == f"expected workers that finish, found {found}; memory may be short: --jobs 1 takes the least"
    for pid in forked:  # none is left
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


@needs_linux
def test_a_worker_that_is_killed_is_noticed_when_it_is_sent_an_item(forked: list[int]) -> None:
    def numbers() -> Iterator[int]:
        yield from range(ITEMS_BEFORE_WORKERS + 2)
        for pid in forked:
            os.kill(pid, signal.SIGKILL)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        yield from range(5)

    with pytest.raises(WorkerDied):
        list(map_in_order(square, numbers(), 2))
    assert len(forked) == 2


@needs_linux
@pytest.mark.usefixtures("forked")
def test_workers_end_although_somebody_else_waits_for_them() -> None:
    """Where SIGCHLD is ignored, the system doesn't keep the exit code of a process."""
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert [result for result, _, _ in map_in_order(square, range(20), 2)] == [number * number for number in range(20)]
    finally:
        signal.signal(signal.SIGCHLD, before)


@needs_linux
@pytest.mark.usefixtures("forked")
def test_an_error_of_a_worker_says_where_it_was_raised() -> None:
    with pytest.raises(ValueError, match="no square of -1") as caught:
        list(map_in_order(square, [0, 1, 2, -1], 2))
    assert "in square" in caught.value.__notes__[0]


@needs_linux
@pytest.mark.usefixtures("forked")
def test_a_result_that_cannot_be_sent_is_an_error() -> None:
    with pytest.raises((AttributeError, pickle.PicklingError)):
        list(map_in_order(lambda number: lambda: number, range(9), 2))


def test_threads_that_cannot_start_leave_the_work_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    real_start = threading.Thread.start
    for most in (0, 1):
        started: list[threading.Thread] = []

        def start(thread: threading.Thread, most: int = most, started: list[threading.Thread] = started) -> None:
            if len(started) == most:
                raise RuntimeError("can't start new thread")
            started.append(thread)
            real_start(thread)

        monkeypatch.setattr(threading.Thread, "start", start)
        threads = WorkerThreads(3)
        results = [threads.submit(square, number) for number in range(20)]
        found = [result.result() for result in results]
        threads.end()
        assert [square for square, _, _ in found] == [number * number for number in range(20)]
        assert len({thread for _, _, thread in found}) == 1
        assert len(started) == most


def test_an_error_in_a_thread_is_raised_where_its_result_is_asked_for() -> None:
    threads = WorkerThreads(1)
    result = threads.submit(square, -1)
    with pytest.raises(ValueError, match="no square of -1"):
        result.result()
    threads.end()


def test_threads_that_are_ended_drop_what_waits() -> None:
    begun, release, threads = threading.Event(), threading.Event(), WorkerThreads(1)

    def wait(_: int) -> bool:
        begun.set()
        return release.wait(30)

    first = threads.submit(wait, 0)
    second = threads.submit(square, 3)
    assert begun.wait(30)  # or the first waits, too
    threading.Timer(0.05, release.set).start()
    threads.end()
    assert first.result(30) is True
    assert not second.done()


@needs_linux
@pytest.mark.parametrize(("ending", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_who_ends_a_run_while_its_workers_start_ends_it(tmp_path: Path, ending: str, code: int) -> None:
    """What a signal raises in the middle of a fork is lost, and workers half started would wait for ever."""
    (tmp_path / "many.jsonl").write_bytes((ROOT / "tests/data/batch.jsonl").read_bytes() * 2000)
    run = f"""
import os, signal
os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.{ending}))
from gpt41_cli.__main__ import main
main()
"""
    command = [sys.executable, "-c", run, "count", "many.jsonl", "--jobs", "2"]
    done = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, check=False, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (code, b"", b"")


def test_a_thread_may_have_work_done_too() -> None:
    found: list[int] = []
    worker = threading.Thread(target=lambda: found.extend(result for result, _, _ in map_in_order(square, range(20))))
    worker.start()
    worker.join()
    assert found == [number * number for number in range(20)]
