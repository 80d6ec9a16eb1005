"""Run a recipe of docs/engines.md on the requests of a folder, with a worker that is killed half way, and write its sums.

python recipe_sums.py ENGINE FOLDER
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from gpt41_cli import arrow

REPLAY = arrow.replay(requests_per_minute=600)
PAGE = Path(__file__).parents[2] / "docs" / "engines.md"


class FatalColumn:
    """A column of prices that kills its worker once: at the first sight of a line."""

    def __init__(self, column: arrow.ArrowColumn, line: str, trace: Path) -> None:
        self.column, self.line, self.trace = column, line, trace
        self.type, self.spark_type = column.type, column.spark_type

    def __call__(self, requests: Any) -> pa.StructArray:
        self.kill_once(requests)
        return self.column(requests)

    def map(self, batches: Iterable[Any]) -> Iterator[Any]:
        for batch in batches:
            self.kill_once(batch.column("request"))
            yield self.column.append(batch)

    def kill_once(self, requests: Any) -> None:
        if not self.trace.exists() and self.line in requests.to_pylist():
            victim = find_executor()
            self.trace.write_text(str(victim))
            os.kill(victim, signal.SIGKILL)


def find_executor() -> int:
    """Return the process of the executor that this is a worker of, in Spark; else this process."""
    process = os.getpid()
    for _ in range(3):
        command = Path(f"/proc/{process}/cmdline").read_bytes()
        if b"CoarseGrainedExecutorBackend" in command:
            return process
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
    return os.getpid()


def start_spark() -> None:
    """Start a cluster of two executors, which the recipe finds running."""
    from pyspark.sql import SparkSession

    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.executor.memory": "1g",
        "spark.sql.files.maxPartitionBytes": "4k",
        "spark.sql.files.openCostInBytes": "0",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
    }
    SparkSession.builder.master("local-cluster[2,1,1024]").config(map=settings).getOrCreate()


def run_tables(recipes: list[str], spark: Any) -> None:
    """Run the recipes for a table of sizes and for the prompt cache: write the table, and the cached tokens as `cached`."""
    for name, columns in (("sizes", {"sizes": arrow.sizes()}), ("prefixes", {"prefixes": arrow.prefixes(), "replay": REPLAY})):
        (recipe,) = (text for text in recipes if f"mapInArrow({name}.map" in text)
        found = {"calls": spark.read.parquet(f"{name}.parquet"), **columns}
        exec(compile(recipe, "recipe", "exec"), found)
    Path("cached").write_text(str(found["read"].agg({"cached_tokens": "sum"}).collect()[0][0]))


def main() -> None:
    engine, folder = sys.argv[1], Path(sys.argv[2])
    recipes = re.findall(r"(?<=^```python\n).*?(?=^```$)", PAGE.read_text(), re.M | re.S)
    (recipe,) = (text for text in recipes if re.search(rf"^(?:import|from) {engine}\b", text, re.M) and "price(" in text)
    os.chdir(folder)
    if engine == "pyspark":
        start_spark()
    if engine in ("pyspark", "distributed", "ray"):
        make_price = arrow.price
        line = Path("killer").read_text()
        arrow.price = lambda **given: FatalColumn(make_price(**given), line, folder / "killed")  # type: ignore[assignment]
    found: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(recipe, "recipe", "exec"), found)
    rows = [list(row.values()) if isinstance(row, dict) else list(row) for row in found["sums"]]
    Path("sums").write_text(json.dumps([[*row[:3], str(row[3] or 0), row[4]] for row in rows]))
    if engine == "pyspark":
        run_tables(recipes, found["spark"])
        found["spark"].stop()


if __name__ == "__main__":
    main()
