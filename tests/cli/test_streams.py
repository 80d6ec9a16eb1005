"""Streams that are closed, full or without a reader: a lost complaint changes nothing, a lost result is exit code 2."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.conftest import ROOT, environment

DAY = ("--as-of", "2026-11-23")
COMMANDS = {
    "batch": ("batch", "tests/data/photo.png", *DAY),
    "check": ("check", "--config", "tests/example/gpt41.yaml", "--retires-within", "90d", *DAY),
    "cost": ("cost", "--input-tokens", "1200000", *DAY),
    "count": ("count", "tests/data/ticket.txt", "--max-tokens", "5"),
    "count --each": ("count", "tests/data/batch.jsonl", "--each", "--max-tokens", "5"),
    "diff": ("diff", "tests/example/base.json", "--config", "tests/example/gpt41.yaml", *DAY),
    "migrate": ("migrate", "tests/data/batch.jsonl", "--output-tokens", "300", "--on", "2027-01-14"),
    "plan": ("plan", "--input-tokens", "50000", "--requests", "100", "--usage-tier", "1", *DAY),
    "recommend": ("recommend", "--input-tokens", "100", "--max-usd", "0", *DAY),
    "reconcile": ("reconcile", "tests/logs/stream.txt", "--fail-on", "warning", *DAY),
    "report": ("report", "tests/example/gpt41.yaml", *DAY),
    "train": ("train", "tests/training/broken.jsonl", "--model", "gpt-4.1-mini", *DAY),
}
"""A run of every command that fails a check: exit code 1."""

BROKEN = {
    "unknown file": (("cost", "no-such-file"), 2),
    "unknown option": (("cost", "--no-such-option"), 2),
    "unknown command": (("no-such-command",), 2),
    "no command": ((), 2),
    "invalid lines": (("count", "tests/training/broken.jsonl", "--as", "chat", "--each", "-q"), 2),
    "help": (("--help",), 0),
    "version": (("--version",), 0),
    "completion": (("--show-completion", "bash"), 0),
    "schema": (("check", "--schema"), 0),
    "models": (("models", "-q"), 0),
    "cache": (("cache", "tests/data/batch.jsonl", *DAY, "-q"), 0),
}
"""Runs that end in other ways, with their exit codes."""


@contextmanager
def lose(how: str) -> Iterator[int]:
    """Open a stream that takes nothing: a full disk, or a pipe without a reader."""
    if how == "full":
        stream = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, stream = os.pipe()
        os.close(reader)
    yield stream
    os.close(stream)


def ends(command: list[str], stdout: int = subprocess.PIPE, stderr: int = subprocess.PIPE) -> tuple[int, bytes]:
    """The exit code and the standard output of a run, if it isn't replaced."""
    run = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, cwd=ROOT, env=environment())
    out, _ = run.communicate(timeout=120)
    return run.returncode, out


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("view", [("-q",), ("--format", "jsonl")], ids=lambda view: view[-1])
def test_a_failed_check_fails_whoever_reads_the_complaint(warm: list[str], name: str, view: tuple[str, ...]) -> None:
    command = [*warm, *COMMANDS[name], *view]
    code, out = ends(command)
    assert code == 1
    for how in ("full", "gone"):
        with lose(how) as stream:
            assert ends(command, stderr=stream) == (1, out)


@pytest.mark.parametrize("name", BROKEN)
def test_other_ends_do_not_depend_on_it_either(warm: list[str], name: str) -> None:
    arguments, code = BROKEN[name]
    _, out = ends([*warm, *arguments])
    for how in ("full", "gone"):
        with lose(how) as stream:
            assert ends([*warm, *arguments], stderr=stream) == (code, out)


def shell(line: str, cwd: Path = ROOT) -> tuple[int, str, str]:
    done = subprocess.run(
        ["bash", "-c", line], capture_output=True, text=True, env=environment(), cwd=cwd, timeout=120, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_what_is_meant_for_a_closed_standard_error_is_printed_nowhere(tmp_path: Path) -> None:
    ticket, batch = (ROOT / "tests/data" / name for name in ("ticket.txt", "batch.jsonl"))
    assert shell(f"gpt41 count {ticket} --max-tokens 4 -q 2>&-") == (1, "433\n", "")
    assert shell("gpt41 cost no-such-file 2>&-") == (2, "", "")
    assert shell("gpt41 cost --no-such-option 2>&-") == (2, "", "")
    code, out, _ = shell(f"gpt41 batch {batch} --split parts --format json 2>&-", tmp_path)
    assert (code, out[0], out[-2:]) == (0, "{", "}\n")
    assert len(list((tmp_path / "parts").iterdir())) == 1
    # The number of a closed stream is that of no other file.
    assert shell(f"gpt41 count {ticket} -q --output out.json 0<&- 2>&-", tmp_path) == (0, "433\n", "")
    assert shell("gpt41 check --init a.txt 0<&- 2>&- || touch failed", tmp_path)[1:] == ("", "")
    assert (tmp_path / "failed").exists()


def test_parts_are_written_whether_or_not_it_can_be_said(tmp_path: Path) -> None:
    batch = ROOT / "tests/data/batch.jsonl"
    assert shell(f"gpt41 batch {batch} --split parts -q 2>/dev/full", tmp_path)[0] == 0
    assert len(list((tmp_path / "parts").iterdir())) == 1


@pytest.mark.parametrize("command", ["count tests/data/ticket.txt", "count tests/data/batch.jsonl --each -q", "models", "--help"])
def test_a_lost_result_is_exit_code_2(command: str) -> None:
    lost = "gpt41: standard output: expected to be able to write, found: "
    assert shell(f"gpt41 {command} > /dev/full") == (2, "", f"{lost}No space left on device\n")
    assert shell(f"gpt41 {command} >&-") == (2, "", f"{lost}Bad file descriptor\n")
    assert shell(f"gpt41 {command} >&- 2>&-") == (2, "", "")


def test_a_gate_reads_on_when_the_reader_of_its_output_has_gone(tmp_path: Path) -> None:
    body = '{"model":"gpt-4.1","messages":[{"role":"user","content":"%s"}]}\n'
    (tmp_path / "requests.jsonl").write_text(body % "hi" * 5_000 + body % ("hi " * 100))
    for view in ("-q", "--format jsonl"):
        line = f"set -o pipefail; gpt41 count requests.jsonl --each --max-tokens 50 {view} 2>/dev/null | head -n 1 >/dev/null"
        assert shell(line, tmp_path)[0] == 1


BUG = "import gpt41_cli.cli.parse as p; p.read_catalog = {}; from gpt41_cli.__main__ import main; main()"


def test_a_bug_is_exit_code_3_whoever_reads_of_it() -> None:
    command = [sys.executable, "-c", BUG, "--debug", "models"]
    assert ends(command) == (3, b"")
    for how in ("full", "gone"):
        with lose(how) as stream:
            assert ends(command, stderr=stream) == (3, b"")


@pytest.mark.parametrize("error", ["BrokenPipeError(32, 'Broken pipe')", "EOFError()"])
def test_an_error_of_a_pipe_that_is_not_ours_is_a_bug(error: str) -> None:
    script = f"""
import gpt41_cli.cli.parse as p
def broken(*_): raise {error}
p.read_catalog = broken
from gpt41_cli.__main__ import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", script, "models"], capture_output=True, text=True, env=environment(), check=False
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert f"gpt41: a bug in gpt41, please report it: {error.partition('(')[0]}: " in done.stderr


def test_a_terminal_that_takes_nothing_more_changes_nothing() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while os.write(writer, b"x" * 4096):
            pass
    command = [sys.executable, "-m", "gpt41_cli", *COMMANDS["cost"], "-q"]
    assert ends(command, stderr=writer)[0] == 1
    assert ends(command, stdout=writer)[0] == 2
    os.close(reader)
    os.close(writer)


def test_a_bar_on_a_terminal_that_was_hung_up_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "large.jsonl").write_bytes((ROOT / "tests/data/batch.jsonl").read_bytes() * 500)
    impatient = "import gpt41_cli.cli.progress as p; p.BAR_DELAY_SECONDS = 0; from gpt41_cli.__main__ import main; main()"
    mine, its = pty.openpty()
    os.close(mine)
    command = [sys.executable, "-c", impatient, "count", str(tmp_path / "large.jsonl"), "--max-tokens", "5", "-q"]
    assert ends(command, stderr=its)[0] == 1
    os.close(its)


def test_a_folder_of_the_shell_that_cannot_be_written_is_unusable_input() -> None:
    assert shell("HOME=/proc gpt41 --install-completion bash") == (2, "", "gpt41: /proc/.bashrc: No such file or directory\n")
