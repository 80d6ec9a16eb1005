"""Whole runs, as recorded: `tests/golden/COMMAND/QUESTION.txt` and every `console` block of the pages.

A recording is a command after `$ ` and what a user sees: standard output, then standard error behind `! `, then
`[exit N]` when it is not 0. `pytest --update-golden` rewrites them all.
"""

from __future__ import annotations

import doctest
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import ROOT, environment

FOLDER = ROOT / "tests" / "golden"
GOLDEN = sorted(FOLDER.rglob("*.txt"))
LINES = 132
"""How many lines a recording has at most, so that a change of it can be read as a whole."""
CHECKED_ON = re.compile(r"""(\b(?:checked_on": "|(?:checked|compared)\s+on\s+))\d{4}-\d\d-\d\d""")
PAGES = [(ROOT / "README.md", 8), (ROOT / "docs" / "how-requests-are-counted.md", 10)]
"""Pages, and the least number of runs that each of them shows."""
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: str(path.relative_to(FOLDER).with_suffix("")))
def test_a_recorded_run_is_repeated(path: Path, warm_path: str, request: pytest.FixtureRequest) -> None:
    recorded = path.read_text()
    again = repeat(recorded, PATH=warm_path)
    if request.config.getoption("--update-golden"):
        path.write_text(again)
    assert again == (path.read_text())


def test_a_recording_is_short_and_in_the_folder_of_its_command() -> None:
    commands = {path.parent.name for path in ROOT.glob("gpt41_cli/commands/*/command.py")}
    for path in GOLDEN:
        assert len(path.read_text().splitlines()) <= LINES, path
        assert path.parent.name in {*commands, "gpt41"}, path


@pytest.mark.parametrize(("page", "least"), PAGES, ids=lambda value: getattr(value, "stem", ""))
def test_a_page_shows_what_its_commands_print(page: Path, least: int, request: pytest.FixtureRequest) -> None:
    recorded = page.read_text()
    assert len(BLOCK.findall(recorded)) >= least
    again = BLOCK.sub(lambda block: repeat(block[0]), recorded)
    if request.config.getoption("--update-golden"):
        page.write_text(again)
    assert again == page.read_text()


def test_the_readme_shows_the_gpt41_yaml_that_it_checks() -> None:
    assert f"```yaml\n{(ROOT / 'tests/example/gpt41.yaml').read_text()}```" in (ROOT / "README.md").read_text()


def repeat(recording: str, **env: str) -> str:
    """The recording as it would be made now."""
    return "".join(record(line, env) for line in recording.splitlines() if line.startswith("$ "))


def record(prompt: str, env: Mapping[str, str]) -> str:
    command = prompt.removeprefix("$ ")
    given = {**environment(), **env}
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=ROOT, env=given, timeout=60, check=False)
    errors = "".join(f"! {line}\n" for line in done.stderr.splitlines())
    code = f"[exit {done.returncode}]\n" if done.returncode else ""
    # Both change with every edit of the price table, and say nothing about the run.
    shown = re.sub(r"\b[0-9a-f]{64}\b", "<sha256 of the table>", done.stdout)
    shown = CHECKED_ON.sub(r"\1<day of the last check>", shown)
    return f"{prompt}\n{shown}{errors}{code}"


def test_the_python_of_the_readme_runs() -> None:
    found = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert found.attempted >= 8
    assert found.failed == 0
