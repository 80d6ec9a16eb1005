"""Completion in shells: what they ask for and are answered, the scripts, and bash itself."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gpt41_cli import app
from tests.conftest import environment

PERIODS = ["minute", "hour", "day", "week", "month"]
ASKED: list[tuple[str, list[str]]] = [
    ("rec", ["recommend", "reconcile"]),
    ("cost --per ", PERIODS),
    ("cost --model gpt-4.1-", ["gpt-4.1-mini", "gpt-4.1-nano"]),
    ("cost --mode b", ["batch"]),
    ("cost --platform azure-s", ["azure-sweden"]),
    ("recommend --task classif", ["classification"]),
    ("count --input", []),
    ("cost --reque", ["--requests", "--requests-per-minute"]),
]


def ask(shell: str, words: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> str:
    """Return what a shell is told when somebody presses Tab."""
    line = f"gpt41 {words}"
    monkeypatch.setenv("_GPT41_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split()) - (not line.endswith(" "))))
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
    monkeypatch.setenv("_TYPER_COMPLETE_FISH_ACTION", "get-args")
    with pytest.raises(SystemExit) as done:
        app.app(prog_name="gpt41", args=[])
    assert not done.value.code
    return capfd.readouterr().out


@pytest.mark.parametrize(("words", "names"), ASKED)
def test_each_shell_gets_the_names_that_fit(
    words: str, names: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert ask("bash", words, monkeypatch, capfd).split() == names
    fish = ask("fish", words, monkeypatch, capfd)
    assert [line.split("\t")[0] for line in fish.splitlines() if line] == names
    zsh = ask("zsh", words, monkeypatch, capfd)
    assert [name for line in zsh.splitlines() if line.count('"') > 1 and (name := line.split('"')[1])] == names


def test_zsh_and_fish_show_whole_summaries(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    summary = "Choose a variant and a mode for the work, with reasons, figures and sources."
    assert f'"recommend":"{summary}"' in ask("zsh", "recom", monkeypatch, capfd)
    assert ask("fish", "recom", monkeypatch, capfd) == f"recommend\t{summary}\n"


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash here")
def test_the_installed_script_completes_in_bash_and_the_command_says_where_it_is(tmp_path: Path) -> None:
    environ = {**environment(), "HOME": str(tmp_path), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    script = """
        gpt41 --install-completion || exit 9
        . ~/.bashrc
        COMP_WORDS=(gpt41 cost --per m) COMP_CWORD=3
        _gpt41_completion gpt41
        echo "completes: ${COMPREPLY[*]}"
    """
    done = subprocess.run(["bash", "-c", script], env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert f"bash completion installed in {tmp_path}/.bash_completions/gpt41.sh" in done.stdout
    assert done.stdout.endswith("completes: minute month\n")
    assert (
        done.stderr == "gpt41: bash and zsh load it by a line that was added to ~/.bashrc or ~/.zshrc; fish finds it by itself\n"
    )
