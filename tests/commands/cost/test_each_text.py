"""`gpt41 cost --each` of texts and pictures: each file is the input of one request."""

from __future__ import annotations

import json
from pathlib import Path

from tests.builders import png
from tests.conftest import Run


def test_each_text_and_picture_has_its_price(run: Run, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.txt").write_text("Where is my bike?")
    (tmp_path / "d" / "b.txt").write_text("Where is {{thing}}?")
    (tmp_path / "c.png").write_bytes(png(64, 64))
    asked = ("--each", "--output-tokens", "10", "--model", "mini")
    found = json.loads(run("cost", "d", "c.png", *asked, "--format", "json").out)
    assert [(each["path"], each["input_tokens"], each["total_usd"], each["exact"]) for each in found["requests"]] == [
        ("d/a.txt", 5, "0.000018", True),
        ("d/b.txt", 6, "0.0000184", False),
        ("c.png", 9, "0.0000196", False),
    ]
    assert run("cost", "d/a.txt", *asked, "-q").out == "0.000018\n"


def test_a_text_needs_the_length_of_its_answer_and_a_model(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Where is my bike?")
    done = run("cost", "a.txt", "--each", "--model", "mini")
    message = "a.txt: expected --output-tokens, as a text doesn't say how long its answer may be, found none"
    assert (done.code, done.err) == (2, f"gpt41: {message}\ngpt41: 1 of 1 request cannot be read\n")
    unnamed = run("cost", "a.txt", "--each", "--output-tokens", "5").err
    assert unnamed.startswith("gpt41: a.txt: model: expected one in the request, or --model, found none\n")
