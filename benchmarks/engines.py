"""One engine prices the requests of a folder on two workers and prints the sums: `python engines.py ENGINE FOLDER`.

A sum is a list: model, mode, requests, input tokens, output tokens and dollars, exact. The rows with an error are one of them.
"""

import collections
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

AS_OF = date(2026, 11, 29)
WORKERS = 2
_FIELDS = "model", "mode", "input_tokens", "output_tokens", "total_usd"
_SQL = """
    WITH priced AS MATERIALIZED (SELECT gpt41_price(request) AS gpt41 FROM read_parquet('{}/*.parquet'))
    SELECT gpt41.model, gpt41.mode, count(*), sum(gpt41.input_tokens), sum(gpt41.output_tokens), sum(gpt41.total_usd)
    FROM priced GROUP BY ALL
"""

Sum = tuple[str | None, str | None, int, int | None, int | None, Decimal | None]


def add_up(rows: Iterable[Sum]) -> Iterator[list[object]]:
    """Add up sums by model and mode; rows with an error have no model."""
    sums: dict[tuple[str, str], list[object]] = collections.defaultdict(lambda: [0, 0, 0, Decimal(0)])
    for model, mode, *figures in rows:
        found = sums[model or "error", mode or ""]
        found[:] = [total + (more or 0) for total, more in zip(found, figures, strict=True)]
    for (model, mode), (*numbers, usd) in sorted(sums.items()):
        yield [model, mode, *map(int, numbers), f"{usd.normalize():f}"]


def make_price() -> Callable:
    """Make the column that all engines but the command use."""
    from gpt41_cli import arrow

    return arrow.price(as_of=AS_OF)


def list_groups(folder: Path) -> list[tuple[str, int]]:
    """List the row groups of all files."""
    import pyarrow.parquet as pq

    return [(str(path), at) for path in sorted(folder.glob("*.parquet")) for at in range(pq.ParquetFile(path).num_row_groups)]


def price_group(path: str, at: int, price: Callable) -> list[Sum]:
    """Price one row group in a worker, and add it up there."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    requests = pq.ParquetFile(path).read_row_group(at, columns=["request"], use_threads=False)
    priced = pa.Table.from_arrays(price(requests["request"]).flatten(), names=[field.name for field in price.type])
    whole = priced.group_by(["model", "mode"], use_threads=False)
    found = whole.aggregate([([], "count_all"), *((name, "sum") for name in _FIELDS[2:])]).to_pylist()
    return [(row["model"], row["mode"], row["count_all"], *(row[f"{name}_sum"] for name in _FIELDS[2:])) for row in found]


def run_command(folder: Path) -> Iterator[Sum]:
    """Let `gpt41 cost --each` price each request."""
    gpt41 = str(Path(sys.executable).with_name("gpt41"))
    asked = ["cost", "--each", "--format", "jsonl", "--skip-invalid", "--as-of", str(AS_OF), "--jobs", str(WORKERS)]
    with subprocess.Popen([gpt41, *asked, str(folder.with_suffix(".jsonl"))], stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            row = json.loads(line)
            usd = Decimal(row["total_usd"]) if "total_usd" in row else None
            yield row.get("model"), row.get("mode"), 1, row.get("input_tokens"), row.get("output_tokens"), usd


def run_arrow(folder: Path) -> Iterator[Sum]:
    """Price row groups in two forked workers, without any engine."""
    from gpt41_cli.tokens.text.workers import map_in_order

    price = make_price()
    for found in map_in_order(lambda item: price_group(*item, price), list_groups(folder), WORKERS):
        yield from found


def run_duckdb(folder: Path) -> Iterator[Sum]:
    """Let DuckDB call the column in a query."""
    import duckdb

    price = make_price()
    with duckdb.connect(config={"threads": WORKERS}) as database:
        database.create_function("gpt41_price", price, ["VARCHAR"], price.duckdb_type, type="arrow", null_handling="special")
        yield from database.execute(_SQL.format(folder)).fetchall()


def run_dask(folder: Path) -> Iterator[Sum]:
    """Price row groups on a cluster of two worker processes."""
    from distributed import Client, LocalCluster

    with LocalCluster(n_workers=WORKERS, threads_per_worker=1, dashboard_address=None) as cluster, Client(cluster) as client:
        price = client.scatter(make_price(), broadcast=True)
        futures = client.map(price_group, *zip(*list_groups(folder), strict=True), price=price, pure=False)
        for found in client.gather(futures):
            yield from found


def run_spark(folder: Path) -> Iterator[Sum]:
    """Price all rows on two executors, which are processes of their own."""
    from pyspark.sql import SparkSession
    from pyspark.sql import functions as of

    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.executor.memory": "1g",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "1000",
        "spark.sql.files.maxPartitionBytes": "16m",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
    }
    builder = SparkSession.builder.master(f"local-cluster[{WORKERS},1,1024]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    price = make_price()
    calls = spark.read.parquet(str(folder)).select("request")
    priced = calls.mapInArrow(price.map, f"request STRING, gpt41 {price.spark_type}").select("gpt41.*")
    sums = priced.groupBy("model", "mode").agg(of.count("*"), *(of.sum(name) for name in _FIELDS[2:]))
    yield from map(tuple, sums.collect())
    spark.stop()


ENGINES = {"command": run_command, "arrow": run_arrow, "duckdb": run_duckdb, "dask": run_dask, "spark": run_spark}

if __name__ == "__main__":
    engine, calls_folder = sys.argv[1:]
    print(json.dumps([*add_up(ENGINES[engine](Path(calls_folder)))]))
