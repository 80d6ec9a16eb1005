"""No odd input makes the program crash or print a figure that can't be: 1,000 cases in every run, always the same ones.

`make fuzz` tries new ones.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from gpt41_cli import app
from gpt41_cli.commands.reconcile.spending import options as spending
from tests.conftest import environment
from tests.fuzz import process, search
from tests.fuzz.cases import TARGETS, Case, make_case
from tests.fuzz.corpus import copy_inputs
from tests.fuzz.process import NeverEndsError, Run
from tests.fuzz.search import Problem, find_problems, keep, try_case

SEED = 0
CASES = {target: 50 if target == "prices" else 130 for target in TARGETS}
"""About 1,000; fewer of price tables, as each takes ten times as long as another case. `make fuzz` runs 200,000."""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A working directory with all that cases read."""
    copy_inputs(tmp_path)
    with process.many_runs(tmp_path):
        yield tmp_path


@pytest.mark.parametrize("target", TARGETS)
def test_no_input_breaks_the_program(target: str, tmp_path: Path) -> None:
    problems = list(keep(find_problems(range(CASES[target]), SEED, tmp_path, [target])))
    assert not problems, "\n".join(["", *problems])


def test_a_case_is_always_the_same(folder: Path) -> None:
    for target in TARGETS:
        assert make_case(target, 7, 1) == make_case(target, 7, 1)
        assert make_case(target, 7, 1) != make_case(target, 7, 2)


LOG = b'{"model": "gpt-4.1", "input_tokens": 1000, "output_tokens": 10}\n'
CASE = Case("log.jsonl", LOG, ("reconcile", "log.jsonl", "--as-of=2026-11-23", "--format=json"))


def sentences(case: Case) -> list[str]:
    return [problem.sentence for problem in try_case(case, is_repeated=True)]


def test_a_sound_run_has_no_problem(folder: Path) -> None:
    assert sentences(CASE) == []


def test_a_crash_is_noticed(folder: Path) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("no such thing")

    with mock.patch.object(spending, "reconcile_logs", fail):
        (sentence,) = sentences(CASE)
    assert re.fullmatch(
        r"exit code 3 at gpt41_cli/commands/reconcile/spending/options\.py:\d+: KeyError: 'no such thing'", sentence
    )


def test_a_run_that_never_ends_is_noticed(folder: Path) -> None:
    with mock.patch.object(app, "app", side_effect=NeverEndsError):
        assert sentences(CASE) == ["a run that doesn't end within 60 seconds"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"total_usd": "-1"}, "a negative figure at total_usd: -1"),
        ({"usage": {"requests": -1}}, "a negative figure at usage.requests: -1"),
        ({"total_usd": "1"}, "a total of 1 that isn't the sum of its parts, 3"),
        ({"charges": [{"uncached_input_usd": "2", "total_usd": "3"}]}, "parts that aren't their total at charges.: ['2'], 3"),
        (
            {
                "usage": {"input_tokens": 5, "cached_tokens": 0, "output_tokens": 0},
                "rates_usd_per_million": {"input": "2", "output": "8"},
                "total_usd": "0",
                "charges": [],
            },
            "tokens at 0 dollars at : {'input_tokens': 5, 'cached_tokens': 0, 'output_tokens': 0}",
        ),
    ],
)
def test_a_wrong_figure_is_noticed(folder: Path, changes: dict[str, object], sentence: str) -> None:
    document = {"total_usd": "3", "charges": [{"total_usd": "3"}], **changes}
    with mock.patch.object(process, "run", return_value=Run(0, json.dumps(document).encode(), "")):
        assert sentence in sentences(CASE)


@pytest.mark.parametrize(
    ("done", "sentence"),
    [
        (
            Run(0, b"{", ""),
            "what was printed isn't JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        (Run(2, b"", "gpt41: mode: expected another\n"), "an error without a place: gpt41: mode: expected another"),
        (Run(2, b"", "gpt41: log.jsonl: x\nodd\n"), "a line on standard error that isn't the program's: odd"),
        (Run(2, b"\x1b[31m", "gpt41: log.jsonl: x\n"), "a control character on standard output: b'\\x1b'"),
    ],
)
def test_an_odd_output_is_noticed(folder: Path, done: Run, sentence: str) -> None:
    with mock.patch.object(process, "run", return_value=done):
        assert sentences(CASE) == [sentence]


def test_a_run_that_prints_something_else_the_second_time_is_noticed(folder: Path) -> None:
    with mock.patch.object(process, "run", side_effect=[Run(1, b"{}", ""), Run(1, b"[]", "")]):
        assert sentences(CASE) == ["a second run that prints something else"]


def test_a_kept_case_says_how_it_is_shown_again(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    piped = CASE._replace(name="piped.jsonl", arguments=("reconcile", "-", "--as-of=2026-11-23", "-q"), reads_stdin=True)
    problems = [Problem(case, f"number {number}", Run(3, b"", "")) for number, case in enumerate([piped, *[CASE] * 4])]
    *lines, rest = keep(problems, kept)
    assert len(lines) == search.MOST_OF_A_KIND
    assert rest == "2 more like this: number "
    command = lines[0].splitlines()[1].strip()
    assert (
        command
        == f"(cd {shlex.quote(str(kept))} && GPT41_PRICING=pricing.yaml gpt41 reconcile - --as-of=2026-11-23 -q < piped.jsonl)"
    )
    done = subprocess.run(command, shell=True, env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout == "0.00208\n"
    assert command in (kept / "piped.jsonl.txt").read_text()
