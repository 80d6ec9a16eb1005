"""Work on all cores: in order, whoever does it, and without losing what goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from gpt41_cli.tokens.workers import ITEMS_BEFORE_WORKERS, map_in_order
from tests.conftest import ROOT, environment


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


@pytest.mark.skipif(sys.platform != "linux", reason="only there are workers processes")
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
