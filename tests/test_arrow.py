"""Columns of Arrow: the same as `--each` row by row, however engines cut, repeat, reorder or lose their work."""

from __future__ import annotations

import collections
import json
import pickle
import random
import re
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import gpt41_cli
from gpt41_cli import arrow
from gpt41_cli.arrow import column
from gpt41_cli.errors import Gpt41Error, InputError, UnknownName
from tests.arrow.lines import make_lines
from tests.builders import chat
from tests.conftest import FROZEN, ROOT, Run

TODAY = date(2026, 11, 29)
Sums = dict[tuple[str, str], tuple[int, Decimal]]


LINES = make_lines()


@pytest.fixture(scope="module")
def price() -> arrow.ArrowColumn:
    return arrow.price(as_of=TODAY, output_tokens=100, pricing=FROZEN)


def read_each(run: Run, folder: Path, command: str, *options: str) -> list[dict[str, Any]]:
    """Return what `--each` says of the lines."""
    (folder / "requests.jsonl").write_text("".join(f"{line}\n" for line in LINES))
    done = run(command, "requests.jsonl", "--each", "--format", "jsonl", "--pricing", str(FROZEN), *options)
    assert done.code == 2  # some lines are no requests
    return [json.loads(line) for line in done.out.splitlines()]


def add_up(rows: Iterable[dict[str, Any]]) -> Sums:
    """Add up answers and prices by model and mode."""
    sums: Sums = collections.defaultdict(lambda: (0, Decimal(0)))
    for row in rows:
        if row.get("error") is None:
            many, usd = sums[row["model"], row["mode"]]
            sums[row["model"], row["mode"]] = many + 1, usd + Decimal(row["total_usd"])
    return dict(sums)


def test_a_price_is_that_of_each(run: Run, price: arrow.ArrowColumn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    expected = read_each(run, tmp_path, "cost", "--output-tokens", "100", "--as-of", str(TODAY))
    for row, each in zip(price(pa.array(LINES)).to_pylist(), expected, strict=True):
        for name, value in row.items():
            amount = name.endswith("_usd") and value is not None
            assert (value == Decimal(each[name])) if amount else value == each.get(name), (name, each)


def test_a_count_is_that_of_each(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    expected = read_each(run, tmp_path, "count")
    for row, each in zip(arrow.count(as_of=TODAY, pricing=FROZEN)(pa.array(LINES)).to_pylist(), expected, strict=True):
        assert row["error"] == each.get("error")
        assert row["assumptions"] == (
            None if row["error"] else list(dict.fromkeys(doubt["rule"] for doubt in each["assumptions"]))
        )
        for name in ("custom_id", "model", "endpoint", "input_tokens", "exact", "lower_bound"):
            assert row[name] == each.get(name), (name, each)
        parts = {name.removesuffix("_tokens"): row[name] for name in row if name.endswith("_tokens") and name != "input_tokens"}
        assert parts == (each["parts"] if "parts" in each else dict.fromkeys(parts))


@pytest.mark.parametrize("size", [1, 64, 1000])
def test_batches_of_any_size_and_order_change_nothing(price: arrow.ArrowColumn, size: int) -> None:
    numbered = list(enumerate(LINES))
    random.Random(size).shuffle(numbered)
    table = pa.table({"number": [number for number, _ in numbered], "request": [line for _, line in numbered]})
    found = pa.Table.from_batches(list(price.map(table.to_batches(max_chunksize=size))))
    assert found.schema.names == ["number", "request", "gpt41"]
    rows = sorted(found.to_pylist(), key=lambda row: row["number"])
    assert [row["gpt41"] for row in rows] == price(pa.array(LINES)).to_pylist()


@pytest.mark.parametrize(
    "make", [pa.large_string(), pa.binary(), pa.large_binary(), pa.dictionary(pa.int32(), pa.string())], ids=str
)
def test_text_and_bytes_of_every_kind_are_read(price: arrow.ArrowColumn, make: pa.DataType) -> None:
    assert price(pa.array(LINES[:20]).cast(make)) == price(pa.chunked_array([LINES[:7], LINES[7:20]]))


def test_a_row_that_can_not_be_read_has_an_error_and_nothing_else(price: arrow.ArrowColumn) -> None:
    rows = ["[" * 9_000, '{"model": "gpt-4.1", "messages": ' + '{"a":' * 900 + "1" + "}" * 901, "\ufffd", "NaN"]
    found = price(pa.array([None, *rows])).to_pylist()
    assert found[0]["error"] == "expected a request, found null"
    assert all(row["error"] and all(value is None for name, value in row.items() if name != "error") for row in found)
    assert [row["error"] for row in price(pa.nulls(2)).to_pylist()] == ["expected a request, found null"] * 2
    assert price(pa.array([b'{"model": "\xff"}'])).to_pylist()[0]["error"]
    assert len(price(pa.chunked_array([], pa.string()))) == 0


def test_a_body_that_breaks_while_it_is_counted_is_a_row_with_an_error(
    price: arrow.ArrowColumn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr("gpt41_cli.commands.cost.each.measure_request", give_up)
    assert "is nested less deeply" in price(pa.array(LINES[1:2])).to_pylist()[0]["error"]
    monkeypatch.setattr("gpt41_cli.arrow.column.parse_json", give_up)
    assert "is nested less deeply" in price(pa.array(LINES[1:2])).to_pylist()[0]["error"]


def test_a_body_that_can_not_be_counted_does_not_stop_the_other_rows(price: arrow.ArrowColumn) -> None:
    function = {"name": "f", "parameters": {"type": "object", "properties": {"a": 1}}}
    body = chat({"role": "user", "content": "hi"}, tools=[{"type": "function", "function": function}])
    bad, good = price(pa.array([json.dumps(body), LINES[1]])).to_pylist()
    assert bad["error"] == 'tools[0].function.parameters: properties."a": expected an object, found the number 1'
    assert good == price(pa.array(LINES[1:2])).to_pylist()[0]


@pytest.mark.parametrize(
    "rows", [pa.array([1]), pa.array([{"model": "gpt-4.1"}]), pa.array([["{}"]])], ids=["number", "struct", "list"]
)
def test_a_column_of_another_type_is_refused(price: arrow.ArrowColumn, rows: pa.Array) -> None:
    with pytest.raises(TypeError, match="expected a column of JSON as text or bytes, found"):
        price(rows)


def test_wrong_terms_are_refused_before_any_worker_starts() -> None:
    with pytest.raises(UnknownName):
        arrow.price(as_of=TODAY, model="gpt-x")
    with pytest.raises(UnknownName):
        arrow.price(as_of=TODAY, platform="nowhere")


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({"as_of": datetime(2026, 11, 29, 12)}, "as_of: expected a date, such as date(2026, 11, 29), found datetime"),
        ({"as_of": "2026-11-29"}, "as_of: expected a date, such as date(2026, 11, 29), found str"),
        ({"as_of": None}, "as_of: expected a date, such as date(2026, 11, 29), found NoneType"),
        ({"output_tokens": 2.5}, "output_tokens: expected an int of 0 or more, found 2.5"),
        ({"output_tokens": -1}, "output_tokens: expected an int of 0 or more, found -1"),
        ({"cached_tokens": "7"}, "cached_tokens: expected an int of 0 or more, found '7'"),
    ],
)
def test_terms_of_another_type_are_refused_before_any_worker_starts(terms: dict[str, Any], expected: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(expected)}$"):
        arrow.price(**{"as_of": date(2026, 11, 29), **terms})


def test_a_column_of_the_same_name_is_not_hidden_by_another(price: arrow.ArrowColumn) -> None:
    with pytest.raises(InputError, match="expected a table with other columns, found one that has gpt41; name="):
        price.append(pa.table({"request": LINES[:1], "gpt41": [1]}))


def test_a_deployment_is_the_model_that_it_is_said_to_be() -> None:
    line = json.dumps({**chat({"role": "user", "content": "Hello"}), "model": "prod-eu"})
    column = arrow.price(as_of=TODAY, models={"prod-eu": "gpt-4.1-mini"}, mode="batch", platform="azure-global")
    assert [row["model"] for row in column(pa.array([line])).to_pylist()] == ["gpt-4.1-mini"]
    whole = arrow.price(as_of=TODAY, model="gpt-4.1-nano", cached_tokens=0, image_size=(640, 480), kind="chat")
    assert [row["model"] for row in whole(pa.array([line])).to_pylist()] == ["gpt-4.1-nano"]


def test_a_price_finer_than_the_column_is_an_error_and_no_rounding(tmp_path: Path) -> None:
    table = FROZEN.read_text()
    fine = tmp_path / "fine.yaml"
    fine.write_text(table.replace("input: 2.00, cached_input: 0.50", "input: 2.0000001, cached_input: 0.50"))
    assert fine.read_text() != table
    found = arrow.price(as_of=TODAY, output_tokens=1, pricing=fine)(pa.array(LINES[1:60])).to_pylist()
    errors = {row["error"] for row in found if row["error"] and "decimals" in row["error"]}
    assert all(error.startswith("expected a price of at most 12 decimals, found 0.0") for error in errors)
    assert errors


def test_it_travels_small_and_refuses_a_worker_of_another_version(
    price: arrow.ArrowColumn, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = pickle.dumps(price)
    assert len(sent) < 100_000
    assert pickle.loads(sent) == price
    assert hash(pickle.loads(sent)) == hash(price)
    assert price != arrow.count(as_of=TODAY, pricing=FROZEN)
    monkeypatch.setattr(column, "__version__", "9.9")
    column._make_maker.cache_clear()
    with pytest.raises(Gpt41Error, match=rf"expected gpt41 {gpt41_cli.__version__} on every worker, found 9\.9"):
        pickle.loads(sent)(pa.array(LINES))


def test_duckdb_adds_up_to_the_same(price: arrow.ArrowColumn) -> None:
    requests = pa.table({"request": LINES})  # DuckDB reads the variable of this name
    opened: Any = duckdb.connect()  # its types know no function of arrays
    with opened as database:
        database.create_function("gpt41_price", price, ["VARCHAR"], price.duckdb_type, type="arrow", null_handling="special")
        found = database.execute(
            "WITH priced AS MATERIALIZED (SELECT gpt41_price(request) AS gpt41 FROM requests)"
            " SELECT gpt41.model, gpt41.mode, count(*), sum(gpt41.total_usd), count(gpt41.error) FROM priced GROUP BY ALL"
        ).fetchall()
    expected = add_up(price(requests.column("request")).to_pylist())
    assert {(model, mode): (many, usd) for model, mode, many, usd, errors in found if not errors} == expected
    assert sum(errors for *_, errors in found) == 60


def test_the_recipe_for_duckdb_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    pq.write_table(pa.table({"request": LINES}), "calls.parquet")
    page = (ROOT / "docs" / "engines.md").read_text()
    recipe = next(block for block in re.findall(r"(?<=^```python\n).*?(?=^```$)", page, re.M | re.S) if "duckdb" in block)
    exec(recipe, {})
    assert "gpt-4.1-mini" in capsys.readouterr().out


def test_it_counts_the_same_without_the_faster_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = arrow.count(as_of=TODAY, pricing=FROZEN)
    expected = counted(pa.array(LINES[:80]))
    column._make_maker.cache_clear()
    monkeypatch.setattr("gpt41_cli.tokens.text.fast.is_installed", lambda: False)
    assert counted(pa.array(LINES[:80])) == expected
    column._make_maker.cache_clear()
