"""Whole runs, as recorded: `tests/golden/COMMAND/QUESTION.txt`, and every `console` block of the pages. What `80-columns.txt` has
is recorded in a terminal of that width.

A recording is a command after `$ ` and what a user sees: standard output, then standard error behind `! `, then
`[exit N]` when it is not 0. `pytest --update-golden` rewrites them all.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.pages import PAGES, PICTURES, draw_picture, show_again
from tests.shell import open_shell, record_again

FOLDER = ROOT / "tests" / "golden"
GOLDEN = sorted(FOLDER.rglob("*.txt"))
WIDTH = re.compile(r"(\d+)-columns")
LINES = 132
"""How many lines a recording has at most, so that a change of it can be read as a whole."""


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: str(path.relative_to(FOLDER).with_suffix("")))
def test_a_recorded_run_is_repeated(path: Path, request: pytest.FixtureRequest) -> None:
    recorded = path.read_text()
    width = WIDTH.fullmatch(path.stem)  # as in a terminal of that width
    with open_shell(int(width[1]) if width else 80):
        again = record_again(recorded, is_terminal=width is not None)
    if request.config.getoption("--update-golden"):
        path.write_text(again)
    assert again == path.read_text()


def test_a_recording_is_short_and_in_the_folder_of_its_command() -> None:
    commands = {path.parent.name for path in ROOT.glob("gpt41_cli/commands/*/command.py")}
    for path in GOLDEN:
        assert len(path.read_text().splitlines()) <= LINES, path
        assert path.parent.name in {*commands, "gpt41"}, path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_what_its_commands_print(page: Path, request: pytest.FixtureRequest) -> None:
    again = show_again(page.read_text())
    if request.config.getoption("--update-golden"):
        page.write_text(again)
    assert again == page.read_text()


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_picture_shows_what_its_command_prints(path: Path, request: pytest.FixtureRequest) -> None:
    again = draw_picture(PICTURES[path])
    if request.config.getoption("--update-golden"):
        path.write_text(again)
    assert again == path.read_text()


def test_a_recommendation_and_the_next_prompt_fit_a_terminal_of_80_by_24() -> None:
    _, *answer = (FOLDER / "recommend" / "80-columns.txt").read_text().splitlines()
    assert len(answer) + 1 < 24
    assert max(map(len, answer)) <= 80
