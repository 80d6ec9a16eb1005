"""A file of requests that is cut off in a folder of good ones: it is named, and the others are priced as a lower bound."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Run

DAY = ("--as-of", "2026-11-23")
GOOD = '{"model": "gpt-4.1-mini", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}'
CUT = '{"model": "gpt-4.1-mini", "max_tokens": 5,\n"messages": [{"role": "user", "con'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    prompts = tmp_path / "d"
    prompts.mkdir()
    (prompts / "a.json").write_text(GOOD)
    (prompts / "b.json").write_text(CUT)
    (tmp_path / "gpt41.yaml").write_text("version: 1\nworkloads:\n  a: {requests: d, volume: 10 / day}\n")
    return prompts


@pytest.mark.parametrize(
    "command",
    [
        ("count", "d"),
        ("count", "d", "--each"),
        ("cost", "d", *DAY),
        ("cost", "d", "--each", *DAY),
        ("recommend", "d", *DAY),
        ("plan", "d", *DAY),
        ("migrate", "d", *DAY),
        ("migrate", *DAY),
        ("cache", "d", *DAY),
        ("check", *DAY),
        ("report", "gpt41.yaml", *DAY),
    ],
    ids=" ".join,
)
def test_a_file_that_is_cut_off_is_an_error_and_the_others_are_counted(run: Run, command: tuple[str, ...]) -> None:
    done = run(*command, "--format", "json")
    (damage,) = (each for each in json.loads(done.out)["findings"] if each["rule"] == "unreadable")
    assert (done.code, damage["level"], damage["location"]) == (1, "error", {"path": "d/b.json", "line": 2, "column": None})
    assert damage["message"].startswith("d/b.json:2 cannot be read, and what is in it is missing: expected JSON, but at line 2")
    assert "at least" in run(*command).out.partition("\n")[0]


def test_what_is_missing_outweighs_a_model_that_nobody_knows(run: Run, folder: Path) -> None:
    """The count of the other file is only near the true one; that of both is too low in any case."""
    (folder / "a.json").write_text(GOOD.replace("gpt-4.1-mini", "gpt-9-foo"))
    done = run("count", "d")
    assert (done.code, done.out.partition("\n")[0]) == (1, "at least 8 tokens in 1 request")
    (folder / "b.json").unlink()
    assert run("count", "d").out.partition("\n")[0] == "about 8 tokens in 1 request"


def test_bare_answers_come_with_the_damage_on_stderr(run: Run) -> None:
    for command in (("cost", "d"), ("count", "d"), ("count", "d", "--each")):
        done = run(*command, "-q")
        assert done.code == 1
        assert done.err.startswith("gpt41: d/b.json:2 cannot be read")


@pytest.mark.parametrize(
    ("name", "text", "is_damaged"),
    [
        ("b.json", '{"model": "gpt-4.1-mini", "max_tok', True),
        ("b.json", '{"messages": [{"role": "user", "content": "hi"}],}', True),
        ("b.prompt", CUT, True),
        ("b.md", '{"messages": this is no JSON}', False),
        ("b.json", '{"compilerOptions": { /* "text" */ } }', False),
        ("b.txt", "{not a request", False),
    ],
)
def test_what_looks_like_a_damaged_request(run: Run, folder: Path, name: str, text: str, is_damaged: bool) -> None:
    (folder / "b.json").unlink()
    (folder / name).write_text(text)
    assert run("count", "d").code == is_damaged


def test_a_request_without_a_model_is_named_with_its_line(run: Run, tmp_path: Path) -> None:
    bare = GOOD.replace('"model": "gpt-4.1-mini", ', "")
    (tmp_path / "a.jsonl").write_text(f"{GOOD}\n{bare}\n")
    message = "a.jsonl:2: expected a model in every request, or --model, found some that name none"
    assert run("cost", "a.jsonl", *DAY).err == f"gpt41: {message}\n"
    (tmp_path / "b.jsonl").write_text(f"{GOOD}\n{GOOD.replace('-mini', '')}\n")
    both = "found gpt-4.1 (b.jsonl:2), gpt-4.1-mini (b.jsonl:1)"
    assert run("migrate", "b.jsonl", *DAY).err == (
        f"gpt41: expected requests to one model, {both}; --from takes all of them for one\n"
    )
    (tmp_path / "gpt41.yaml").write_text("version: 1\nworkloads: {a: {requests: [a.jsonl, b.jsonl]}}\n")
    assert run("check", *DAY).err.endswith(
        "found gpt-4.1 in standard (b.jsonl:2), gpt-4.1-mini in standard (a.jsonl:1), no model in standard (a.jsonl:2); "
        "state both, or make several workloads\n"
    )


def test_a_file_that_a_change_cuts_off_is_not_taken_for_a_saving(run: Run, folder: Path) -> None:
    (folder / "b.json").write_text(GOOD)
    Path("base.json").write_text(run("check", *DAY, "--format", "json").out)
    (folder / "b.json").write_text(CUT)
    done = run("diff", "base.json", *DAY)
    assert done.code == 1
    assert done.out.startswith("no change from base.json (2026-11-23): at least $")
