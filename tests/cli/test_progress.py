"""The bar on standard error: for a person who waits at a terminal, and for nobody else."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, environment

IMPATIENT = "import gpt41_cli.cli.progress as p; p.BAR_DELAY_SECONDS = 0; from gpt41_cli.__main__ import main; main()"
BATCH = (ROOT / "tests/data/batch.jsonl").read_bytes()


def standard_error(arguments: list[str], at_terminal: bool, **env: str) -> bytes:
    """What the command says on standard error: a terminal, or a pipe."""
    mine, its = pty.openpty() if at_terminal else os.pipe()
    env = {**{name: value for name, value in environment().items() if name != "CI"}, "TERM": "xterm", **env}
    command = [sys.executable, "-c", IMPATIENT, *arguments]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=its, env=env) as process:
        os.close(its)
        found = b""
        while chunk := _read(mine):
            found += chunk
        os.close(mine)
        assert process.wait() == 0
    return found


def _read(file: int) -> bytes:
    try:
        return os.read(file, 1 << 16)
    except OSError:  # how the end of a terminal is told
        return b""


@pytest.fixture
def large(tmp_path: Path) -> str:
    path = tmp_path / "large.jsonl"
    path.write_bytes(BATCH * 300)
    return str(path)


@pytest.mark.parametrize(
    "arguments", [["count"], ["cost"], ["count", "--each", "--format", "jsonl"], ["recommend"]], ids=lambda each: each[0]
)
def test_a_person_at_a_terminal_sees_how_far_it_is(large: str, arguments: list[str]) -> None:
    shown = standard_error([arguments[0], large, *arguments[1:]], at_terminal=True)
    size = Path(large).stat().st_size / 1e6
    assert f"/{size:.1f} MB".encode() in shown
    assert b" lines" in shown
    assert b"left" in shown


@pytest.mark.parametrize(("at_terminal", "env"), [(False, {}), (True, {"CI": "true"}), (True, {"TERM": "dumb"})])
def test_nobody_else_does(large: str, at_terminal: bool, env: dict[str, str]) -> None:
    assert standard_error(["cost", large, "-q", "--output-tokens", "5"], at_terminal, **env) == b""
