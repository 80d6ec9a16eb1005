"""Real runs on a system that is short of processes, descriptors, memory or disk: they end, and don't blame the input."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Done, environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these limits are Linux's")

SECONDS = 60
"""A run that takes longer waits for ever."""

RIGHTS = "+dac_read_search,+dac_override"
ANOTHER = ("setpriv", "--reuid=61234", "--clear-groups", f"--inh-caps={RIGHTS}", f"--ambient-caps={RIGHTS}")
"""Runs a command as a user without processes, because limits on their number don't count for root, but with root's files."""


def run(*command: str, cwd: Path, stdout: int | None = None) -> Done:
    """Run a command line, in which gpt41 is one of this interpreter."""
    done = subprocess.run(
        [*command],
        cwd=cwd,
        env=environment(),  # another user may not be allowed to see the frozen prices
        stdout=subprocess.PIPE if stdout is None else stdout,
        stderr=subprocess.PIPE,
        check=False,
        timeout=SECONDS,
    )
    return Done(done.returncode, (done.stdout or b"").decode(), done.stderr.decode())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a Batch file that is work for several workers."""
    made = tmp_path_factory.mktemp("limits")
    (made / "big.jsonl").write_bytes((ROOT / "tests/data/batch.jsonl").read_bytes() * 1_000)
    (made / "text").write_text("A text of several blocks. " * 60_000)
    return made


@pytest.fixture(scope="module")
def price(folder: Path) -> Done:
    """What its requests cost."""
    done = run("gpt41", "cost", "big.jsonl", "-q", "--jobs", "1", cwd=folder)
    assert (done.code, done.err) == (0, "gpt41: at most this: answers or pictures may be smaller than is counted\n")
    return done


def need(*programs: str, root: bool = True) -> None:
    """Skip the test if it can't be set up here."""
    missing = [program for program in programs if not shutil.which(program)]
    if missing or (root and os.geteuid() != 0):
        pytest.skip(f"needs {', '.join(missing) or 'root'}")


@pytest.mark.parametrize(
    ("processes", "command"), [(1, ["cost", "big.jsonl"]), (3, ["cost", "big.jsonl"]), (1, ["count", "text"])]
)
def test_few_processes(folder: Path, processes: int, command: list[str]) -> None:
    need("setpriv", "prlimit")
    usual = run("gpt41", *command, "-q", "--jobs", "1", cwd=folder)
    assert usual.code == 0
    assert run(*ANOTHER, "prlimit", f"--nproc={processes}", "gpt41", *command, "-q", "--jobs", "8", cwd=folder) == usual


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("count . -q", "expected to be able to start git, found: Resource temporarily unavailable"),
        ("report gpt41.yaml --output a.html -q", "charts can't be drawn: failed to spawn thread"),
    ],
)
def test_no_process_for_git_and_no_thread_for_charts(folder: Path, command: str, message: str) -> None:
    need("setpriv", "prlimit")
    (folder / "gpt41.yaml").write_text("version: 1\nworkloads: {a: {input_tokens: 9, output_tokens: 1, model: gpt-4.1-mini}}\n")
    (folder / ".git").mkdir(exist_ok=True)
    done = run(*ANOTHER, "prlimit", "--nproc=1", "gpt41", *command.split(), cwd=folder)
    assert (done.code, done.out) == (2, "")
    assert f"gpt41: {message}" in done.err.splitlines()[-1]


@pytest.mark.parametrize("descriptors", [8, 16, 17])
def test_few_file_descriptors(folder: Path, price: Done, descriptors: int) -> None:
    need("prlimit", root=False)
    done = run("prlimit", f"--nofile={descriptors}", "gpt41", "cost", "big.jsonl", "-q", "--jobs", "8", cwd=folder)
    assert done == price


def test_a_dev_shm_that_cannot_be_written(folder: Path, price: Done) -> None:
    need("unshare")
    script = "mount -t tmpfs -o ro none /dev/shm && ! touch /dev/shm/gpt41 2>&- && exec gpt41 cost big.jsonl -q --jobs 2"
    done = run("unshare", "-m", "sh", "-c", script, cwd=folder)
    if done.code and "gpt41" not in done.err:
        pytest.skip(f"/dev/shm can't be mounted anew: {done.err}")
    assert done == price


def limit_memory(megabytes: int, *arguments: str, cwd: Path) -> Done:
    return run("prlimit", f"--as={megabytes * 1_000_000}", "gpt41", *arguments, cwd=cwd)


def test_little_memory_is_enough_for_text_without_line_breaks(tmp_path: Path) -> None:
    need("prlimit", root=False)
    (tmp_path / "zeros").write_text("0" * 5_000_000)
    (tmp_path / "hex").write_text("0a9f8e7d6c5b4" * 200_000)
    assert limit_memory(350, "count", "zeros", "hex", "-q", "--jobs", "2", cwd=tmp_path).code == 0


def test_a_line_without_an_end_is_an_error_and_no_lack_of_memory(tmp_path: Path) -> None:
    need("prlimit", root=False)
    with (tmp_path / "zeros").open("wb") as file:
        file.truncate(10_000_000_000)
    done = limit_memory(2_000, "reconcile", "zeros", cwd=tmp_path)
    assert done == (2, "", "gpt41: zeros:1: expected lines of at most 536,870,912 bytes, found a longer one\n")


def test_memory_that_runs_out_is_not_a_bug(tmp_path: Path) -> None:
    need("prlimit", root=False)
    with (tmp_path / "zeros").open("wb") as file:
        file.truncate(10_000_000_000)
    done = limit_memory(500, "reconcile", "zeros", cwd=tmp_path)
    assert done == (2, "", "gpt41: expected more memory than the system gives; --jobs 1 takes the least\n")


@pytest.mark.parametrize("command", ["cost $DATA --output a.json", "batch $DATA --split parts", "check --init a.txt"])
def test_a_full_disk_keeps_nothing_that_is_not_whole(tmp_path: Path, command: str) -> None:
    need("unshare")
    script = (
        f"mount -t tmpfs -o size=64k none . || exit 77; cd $PWD; DATA={ROOT}/tests/data/batch.jsonl; "
        f"echo before | tee a.json >a.txt; cat /dev/zero >filler 2>&-; gpt41 {command}; code=$?; ls -A; cat a.json; exit $code"
    )
    done = run("unshare", "-m", "sh", "-c", script, cwd=tmp_path)
    if done.code == 77:
        pytest.skip(f"a tmpfs can't be mounted: {done.err}")
    assert done.code == 2
    assert done.out.endswith("a.json\na.txt\nfiller\nbefore\n")
    assert "parts\n" not in done.out
    assert done.err.startswith("gpt41: ")
    assert "No space left on device" in done.err


def test_a_device_that_is_full(folder: Path) -> None:
    for output in ("--output=json=/dev/full", "--output=text=/dev/full"):
        done = run("gpt41", "cost", "--input-tokens", "9", output, cwd=folder)
        assert done == (2, "", "gpt41: /dev/full: expected a file that can be written, found: No space left on device\n")
    with Path("/dev/full").open("w") as full:
        done = run("gpt41", "cost", "--input-tokens", "9", cwd=folder, stdout=full.fileno())
    assert done == (2, "", "gpt41: standard output: expected to be able to write, found: No space left on device\n")
