"""The recipes of docs/engines.md for sizes, answers and the prompt cache, taken out of it and run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.builders import LONG_TEXT, USER, chat
from tests.conftest import ROOT, Run


def find_recipe(word: str) -> str:
    """Return the one block of Python in which the word stands."""
    page = (ROOT / "docs" / "engines.md").read_text()
    (found,) = (block for block in re.findall(r"(?<=^```python\n).*?(?=^```$)", page, re.M | re.S) if word in block)
    return str(found)


def test_the_recipe_for_a_table_of_sizes_runs(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    lines = [json.dumps(chat({**USER, "content": "word " * (1 + index % 9)}, max_tokens=50)) for index in range(100)]
    pq.write_table(pa.table({"request": lines}), "calls.parquet")
    exec(find_recipe("gpt41_sizes"), {})
    assert pq.read_metadata("sizes.parquet").num_rows == 9
    shipped = str(ROOT / "pricing.yaml")  # as the recipe has it
    for command in ("cost", "recommend"):
        plain, sized = (run(command, path, "--pricing", shipped) for path in ("calls.parquet", "sizes.parquet"))
        assert (sized.code, sized.out) == (0, plain.out)


def test_the_recipe_for_answers_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    lines = (ROOT / "tests" / "logs" / "answers.jsonl").read_text().splitlines()
    pq.write_table(pa.table({"answer": lines}), "answers.parquet")
    exec(find_recipe("gpt41_bill"), {})
    printed = capsys.readouterr().out
    assert "2026-11-20" in printed
    assert "gpt-4.1-mini" in printed


def test_the_recipe_for_the_prompt_cache_runs(capsys: pytest.CaptureFixture[str]) -> None:
    line = json.dumps(chat({**USER, "content": LONG_TEXT}))
    exec(find_recipe("arrow.replay"), {"calls": pa.table({"request": [line] * 3, "number": [0, 1, 2]})})
    assert "cached_tokens_sum: [[3840]]" in capsys.readouterr().out
