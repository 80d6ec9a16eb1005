"""A model that is shut down is a warning of `count` and `cost --each`, and fails a run that prints bare numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Run

GONE = "gpt-4.1-nano: OpenAI shut it down on 2026-10-23; its official replacement is gpt-5.6-luna"
ASKED = json.dumps({"model": "gpt-4.1-nano", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]})
DAY = ("--as-of", "2026-11-23")


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (("count", "asked.json"), "8"),
        (("count", "asked.json", "--each"), "8"),
        (("count", "--text", "hi", "--model", "gpt-4.1-nano"), "1"),
        (("cost", "asked.json", "--each"), "0.0000028"),
    ],
    ids=" ".join,
)
def test_a_model_that_is_shut_down(run: Run, tmp_path: Path, command: tuple[str, ...], answer: str) -> None:
    (tmp_path / "asked.json").write_text(ASKED)
    bare = run(*command, *DAY, "-q")
    is_most = command[0] == "cost" and "--each" in command
    bound = "gpt41: 1 of 1 figure: at most this: answers or pictures may be smaller than is counted\n" if is_most else ""
    assert (bare.code, bare.out, bare.err) == (1, f"{answer}\n", f"{bound}gpt41: {GONE}\n")
    full = run(*command, *DAY, "--format", "json")
    assert full.code == 0
    assert [(each["level"], each["message"]) for each in json.loads(full.out)["findings"]] == [("warning", GONE)]
    assert run(*command, "--as-of", "2026-10-22", "-q").code == 0


def test_another_model_for_the_requests_is_the_one_that_counts(run: Run, tmp_path: Path) -> None:
    (tmp_path / "asked.json").write_text(ASKED)
    assert run("count", "asked.json", "--model", "gpt-4.1", *DAY, "-q") == (0, "8\n", "")
    (tmp_path / "asked.json").write_text(ASKED.replace("gpt-4.1-nano", "my-model"))
    assert run("count", "asked.json", *DAY, "-q").code == 0
