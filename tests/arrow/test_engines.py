"""The recipes of docs/engines.md for engines: their sums are those of the command, though a worker is killed half way."""

from __future__ import annotations

import collections
import json
import os
import subprocess
import sys
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.arrow.lines import make_lines
from tests.builders import LONG_TEXT, USER, chat
from tests.conftest import ROOT, Run, environment

Sums = dict[tuple[str | None, str | None], tuple[int, Decimal, int]]

ENGINES = ["daft", "distributed", "polars", "pyspark", "ray"]
KILLED = {"distributed", "pyspark", "ray"}
"""Engines that work again on what a lost worker had."""


def add_up_command(run: Run, lines: list[str], folder: Path) -> Sums:
    """Return what `gpt41 cost --each` says of the lines, by model and mode; of none, those that aren't requests."""
    (folder / "calls.jsonl").write_text("".join(f"{line}\n" for line in lines))
    asked = ("--as-of", "2026-11-29", "--output-tokens", "300", "--pricing", str(ROOT / "pricing.yaml"))
    done = run("cost", "calls.jsonl", "--each", "--format", "jsonl", *asked)
    sums: Sums = collections.defaultdict(lambda: (0, Decimal(0), 0))
    for row in map(json.loads, done.out.splitlines()):
        requests, usd, errors = sums[row.get("model"), row.get("mode")]
        sums[row.get("model"), row.get("mode")] = requests + 1, usd + Decimal(row.get("total_usd", 0)), errors + ("error" in row)
    return dict(sums)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_adds_up_to_the_same(engine: str, run: Run, tmp_path: Path) -> None:
    """In a process of its own: engines leave threads behind, and a process with threads forks no workers."""
    if not find_spec(engine) and engine != os.environ.get("GPT41_TESTS_NEED"):
        pytest.skip(f"{engine} isn't installed")
    lines = make_lines()
    pq.write_table(pa.table({"team": ["a"] * len(lines), "request": lines}), tmp_path / "calls.parquet", row_group_size=50)
    (tmp_path / "killer").write_text(lines[301])
    (tmp_path / "sizes.parquet").write_bytes((tmp_path / "calls.parquet").read_bytes())
    long = json.dumps(chat({**USER, "content": LONG_TEXT}))
    pq.write_table(pa.table({"request": [long] * 3, "number": [0, 1, 2]}), tmp_path / "prefixes.parquet")
    command = [sys.executable, "-W", "ignore", str(ROOT / "tests" / "arrow" / "recipe_sums.py"), engine, str(tmp_path)]
    env = {**environment(), "PYTHONPATH": str(ROOT), "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    assert (tmp_path / "killed").exists() == (engine in KILLED)
    rows = json.loads((tmp_path / "sums").read_text())
    found = {(model, mode): (requests, Decimal(usd), errors) for model, mode, requests, usd, errors in rows}
    assert found == add_up_command(run, lines, tmp_path)
    if engine == "pyspark":
        asked = ("--skip-invalid", "--format", "csv", "--pricing", str(ROOT / "pricing.yaml"))
        plain, sized = (run("cost", path, *asked) for path in ("calls.jsonl", "sizes"))
        assert (sized.code, sized.out) == (0, plain.out)
        assert (tmp_path / "cached").read_text() == "3840"
