"""`kill -9` of a run and of its workers, and files that change while they are read: real runs, which end and say why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import FROZEN, ROOT, environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are processes only on Linux, and /proc lists them")

SECONDS = 60
LINES = (ROOT / "tests/data/batch.jsonl").read_bytes()


@contextmanager
def started(*arguments: str, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run whose standard input stays open, so that it can't end before something happens to it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gpt41_cli", *arguments],
        cwd=cwd,
        env={**environment(), "GPT41_PRICING": str(FROZEN)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_until(condition: Callable[[], object]) -> None:
    ends = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < ends, "it didn't happen"
        time.sleep(0.02)


def find_children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def feed_until_workers_run(process: subprocess.Popen[bytes]) -> list[int]:
    """Send requests until two workers have started."""
    assert process.stdin
    while len(find_children(process.pid)) < 2:
        process.stdin.write(LINES * 200)
        process.stdin.flush()
    return find_children(process.pid)


@pytest.mark.parametrize("command", [["cost", "-"], ["batch", "-"]])
def test_workers_end_when_the_run_is_killed(tmp_path: Path, command: list[str]) -> None:
    with started(*command, "-q", "--jobs", "2", cwd=tmp_path) as process:
        workers = feed_until_workers_run(process)
        process.kill()
        process.wait(SECONDS)
        wait_until(lambda: not any(map(is_alive, workers)))


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGSEGV])
def test_a_run_whose_worker_is_killed_says_so_and_ends(tmp_path: Path, ending: signal.Signals) -> None:
    with started("cost", "-", "-q", "--jobs", "2", cwd=tmp_path) as process:
        workers = feed_until_workers_run(process)
        os.kill(workers[0], ending)
        out, err = process.communicate(LINES * 2_000, SECONDS)
        assert (process.returncode, out) == (2, b"")
        assert err.decode() == (
            f"gpt41: expected workers that finish, found one that the system ended with signal {ending.value}; "
            "memory may be short: --jobs 1 takes the least\n"
        )
        assert not any(map(is_alive, workers))


def truncate(path: Path) -> None:
    os.truncate(path, 1_500_000)


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4_000_000)
        file.write(b"x" * 5_000)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(LINES)


@pytest.mark.parametrize(
    ("command", "change"),
    [
        (["cost"], truncate),
        (["cost"], append),
        (["batch", "--split", "parts"], truncate),
        (["batch", "--split", "parts"], overwrite),
    ],
)
def test_a_file_that_changes_while_it_is_read(tmp_path: Path, command: list[str], change: Callable[[Path], None]) -> None:
    """It is read as it was, or as it is now, or the run says that it changed: never a bug, and never some of the parts."""
    path = tmp_path / "big.jsonl"
    path.write_bytes(LINES * 1_000)
    with started(command[0], str(path), *command[1:], "-q", "--jobs", "2", cwd=tmp_path) as process:
        wait_until(lambda: process.poll() is not None or path in list_open_files(process.pid))
        change(path)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode in (0, 1, 2), err
    says_bound = err == b"gpt41: at most this: answers or pictures may be smaller than is counted\n"
    assert (process.returncode == 2) is (bool(err) and not says_bound) or command[0] == "batch"
    if process.returncode == 2:
        assert not (tmp_path / "parts").exists()


def test_a_split_that_is_killed_leaves_nothing_hidden(tmp_path: Path) -> None:
    line = '{"custom_id": "%d", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-4.1", "max_tokens": 9, '
    line += '"messages": [{"role": "user", "content": "' + "one two " * 200 + '"}]}}\n'
    (tmp_path / "big.jsonl").write_text("".join(line % number for number in range(4_000)))
    command = ("batch", "big.jsonl", "--split", "parts", "--usage-tier", "1", "-q")
    with started(*command, cwd=tmp_path) as process:
        wait_until(lambda: process.poll() is not None or list(tmp_path.glob("parts/gpt41-unfinished-*/*")))
        process.kill()
        process.wait(SECONDS)
    left = sorted(found.name for found in (tmp_path / "parts").rglob("*"))
    assert left
    assert not [name for name in left if name.startswith(".")]
    if all(part.parent.name.startswith("gpt41-unfinished-") for part in tmp_path.rglob("*.part-*")):
        with started(*command, cwd=tmp_path) as process:
            _, err = process.communicate(timeout=SECONDS)
        assert (process.returncode, err.count(b"\n")) == (0, 1)
        assert list(tmp_path.glob("parts/big.part-0001.jsonl"))


def list_open_files(pid: int) -> list[Path]:
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found.append(link.readlink())
        except FileNotFoundError:
            continue
    return found
