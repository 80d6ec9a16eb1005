"""`--each`: one answer per request, and what bare answers can't say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Run

EACH_BOUNDS = [
    (("cost", "--output-tokens", "5"), {}, ""),
    (("cost",), {}, "2 of 2 figures: at most this: answers or pictures may be smaller than is counted"),
    (("count",), {}, ""),
    (("cost", "--output-tokens", "5"), {"data_sources": []}, "1 of 2 figures: at least this: not everything in it is counted"),
    (("count",), {"data_sources": []}, "1 of 2 figures: at least this: not everything in it is counted"),
    (("cost", "--output-tokens", "5"), {"foo": 1}, "1 of 2 figures: about this: something in it may count more or less"),
    (("count",), {"foo": 1}, "1 of 2 figures: about this: something in it may count more or less"),
    (
        ("cost", "--output-tokens", "5"),
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]}]},
        "1 of 2 figures: at most this: answers or pictures may be smaller than is counted",
    ),
]


@pytest.mark.parametrize(("command", "more", "said"), EACH_BOUNDS, ids=map(str, range(len(EACH_BOUNDS))))
def test_bare_figures_of_each_request_say_which_are_bounds(
    run: Run, tmp_path: Path, command: tuple[str, ...], more: dict[str, object], said: str
) -> None:
    body = {"model": "gpt-4.1-mini", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    (tmp_path / "a.jsonl").write_text(f"{json.dumps(body)}\n{json.dumps(body | more)}\n")
    done = run(*command[:1], "a.jsonl", *command[1:], "--each", "-q", "--as-of", "2026-11-23")
    assert (done.code, len(done.out.splitlines()), done.err) == (0, 2, f"gpt41: {said}\n" if said else "")
    alone = run(*command[:1], "a.jsonl", *command[1:], "--as-of", "2026-11-23").out
    together = run(*command[:1], "a.jsonl", *command[1:], "--each", "--as-of", "2026-11-23").out
    bound = said.rpartition(" figures: ")[2].partition(" this")[0]
    assert (bound in alone.partition("\n")[0], together.startswith(bound)) == (True, True)


def test_files_that_are_one_request_together_are_said_to_be(run: Run, tmp_path: Path) -> None:
    for name in ("a.md", "b.md"):
        (tmp_path / name).write_text("Say hello.\n")
    joined = "The 2 files together are one request; gpt41 cost --each prices each of them."
    assert joined in run("cost", ".", "--output-tokens", "10").out
    assert "together are one request" not in run("cost", "a.md", "--text", "Say more.", "--output-tokens", "10").out
