"""Sizes of requests as a column of Arrow: the same however engines cut and reorder, and nothing is lost when they group."""

from __future__ import annotations

import json
import pickle
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from gpt41_cli import __version__, arrow
from gpt41_cli.arrow import column
from gpt41_cli.catalog import read_catalog
from gpt41_cli.errors import Gpt41Error, InputError, UnknownName
from gpt41_cli.requests.readers import read_request
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.work.sizes_table import SIZE_FIELDS, SizeWriter
from tests.builders import SECRET, USER, chat, image_message, responses
from tests.conftest import FROZEN

BODIES = [
    chat(USER),
    chat(USER, tools=[SECRET], max_tokens=50, temperature=1, top_p=0.5),
    chat(USER, image_message(detail="low"), image_message(url="https://example.com/a.png")),
    {**responses("Where is my bike?", service_tier="priority"), "model": "gpt-4.1-mini-2025-04-14"},
    {"custom_id": "a", "method": "POST", "url": "/v1/responses", "body": responses("Hello")},
    {**chat(USER, {"role": "user", "content": ""}), "model": "gpt-6-luna", "reasoning_effort": "low"},
]
LINES = [json.dumps(body) for body in BODIES] * 50
LINES[::7] = ["{"] * len(LINES[::7])


@pytest.fixture(scope="module")
def sized() -> arrow.ArrowColumn:
    return arrow.sizes(pricing=FROZEN)


def test_a_row_is_the_size_of_its_request(sized: arrow.ArrowColumn) -> None:
    writer = SizeWriter(Meter(read_catalog(FROZEN)))
    expected = [{**dict.fromkeys(SIZE_FIELDS), **writer.make_row(read_request(body))} for body in BODIES]
    assert sized(pa.array(map(json.dumps, BODIES))).to_pylist() == expected
    assert [row["mode"] for row in expected] == ["standard", "standard", "standard", "priority", "batch", "standard"]
    assert [row["images"] for row in expected] == ["", "", "64x64:low,?x?:auto", "", "", ""]


@pytest.mark.parametrize("size", [1, 64, 1000])
def test_batches_of_any_size_and_order_change_nothing(sized: arrow.ArrowColumn, size: int) -> None:
    numbered = list(enumerate(LINES))
    random.Random(size).shuffle(numbered)
    table = pa.table({"number": [number for number, _ in numbered], "request": [line for _, line in numbered]})
    found = pa.Table.from_batches(list(sized.map(table.to_batches(max_chunksize=size))))
    rows = sorted(found.to_pylist(), key=lambda row: row["number"])
    assert [row["gpt41"] for row in rows] == sized(pa.array(LINES)).to_pylist()


def test_nothing_is_lost_when_rows_are_grouped(sized: arrow.ArrowColumn) -> None:
    """A row with an error says how it was counted, too, so that a table of nothing else is still one."""
    rows = sized(pa.array(LINES))
    table = pa.Table.from_arrays(rows.flatten(), names=list(SIZE_FIELDS))
    grouped = table.group_by(list(SIZE_FIELDS)).aggregate([([], "count_all")])
    assert pc.sum(grouped["count_all"]).as_py() == len(LINES)
    assert grouped.num_rows == len(BODIES) + 1
    header = {name: rows.to_pylist()[1][name] for name in ("schema", "counting", "counted_for")}
    assert header["schema"] == "gpt41.sizes/1"
    assert str(header["counting"]).startswith(f"gpt41 {__version__} ")
    bad = {**dict.fromkeys(SIZE_FIELDS), **header, "error": rows.to_pylist()[0]["error"]}
    assert rows.to_pylist()[0] == bad


def test_it_travels_small_and_refuses_a_worker_of_another_version(
    sized: arrow.ArrowColumn, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = pickle.dumps(sized)
    assert len(sent) < 100_000
    assert pickle.loads(sent) == sized != arrow.sizes(pricing=FROZEN, model="gpt-4.1")
    monkeypatch.setattr(column, "__version__", "9.9")
    column._make_maker.cache_clear()
    with pytest.raises(Gpt41Error, match=rf"expected gpt41 {__version__} on every worker, found 9\.9"):
        pickle.loads(sent)(pa.array(LINES))
    column._make_maker.cache_clear()


def test_all_requests_can_be_counted_for_one_model() -> None:
    counted = arrow.sizes(pricing=FROZEN, model="gpt-4.1-2025-04-14", models={"prod": "gpt-4.1"}, image_size=(640, 480))
    lines = [json.dumps({**BODIES[2], "model": model}) for model in ("gpt-x", None, "prod")]
    rows = counted(pa.array(lines)).to_pylist()
    assert [(row["counted_for"], row["model"]) for row in rows] == [("gpt-4.1", "gpt-x"), ("gpt-4.1", None), ("gpt-4.1", "prod")]
    assert {row["images"] for row in rows} == {"64x64:low,640x480:auto"}
    with pytest.raises(UnknownName):
        arrow.sizes(model="gpt-x")


def test_a_table_without_the_column_is_refused(sized: arrow.ArrowColumn) -> None:
    """Files of an engine may have several schemas: one sentence says what one of them has."""
    with pytest.raises(InputError, match="expected a column named request, found team, body"):
        sized.append(pa.table({"team": ["a"], "body": LINES[1:2]}))
    with pytest.raises(InputError, match="expected a column named body, found no columns"):
        sized.append(pa.table({}), column="body")


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (pa.array([float("nan")]), "double"),
        (pa.array([1], pa.int64()), "int64"),
        (pa.array([{"a": pa.scalar("b").as_py()}]), "struct<a: string>"),
        (
            pa.array([["{}"]], pa.list_(pa.dictionary(pa.int8(), pa.string()))),
            "list<item: dictionary<values=string, indices=int8",
        ),
        (pa.array([1, 2]).dictionary_encode(), "int64"),
        (pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())), "map<string, int64>"),
    ],
    ids=["nan", "number", "struct", "dictionaries in a list", "a dictionary of numbers", "map"],
)
def test_a_column_of_another_type_is_refused(sized: arrow.ArrowColumn, rows: Any, found: str) -> None:
    with pytest.raises(TypeError) as caught:
        sized(rows)
    assert str(caught.value).startswith(f"expected a column of JSON as text or bytes, found {found}")


def test_nulls_and_dictionaries_of_text_are_read(sized: arrow.ArrowColumn) -> None:
    rows = sized(pa.array([LINES[1], None, LINES[1]]).dictionary_encode()).to_pylist()
    assert [row["error"] for row in rows] == [None, "expected a request, found null", None]
    assert rows[0] == rows[2]


def test_a_very_long_row_is_counted(sized: arrow.ArrowColumn) -> None:
    (row,) = sized(pa.array([json.dumps(chat({"role": "user", "content": "word " * 400_000}))])).to_pylist()
    assert (row["text_tokens"], row["error"]) == (400_001, None)  # the blank at the end is one of its own


def test_a_price_table_that_can_not_be_read_is_said_on_the_driver(tmp_path: Path) -> None:
    """A worker reads no file: the table travels with the column."""
    with pytest.raises(InputError, match=r"none\.yaml: expected a readable file, found: No such file"):
        arrow.sizes(pricing=tmp_path / "none.yaml")
    path = tmp_path / "pricing.yaml"
    path.write_bytes(FROZEN.read_bytes())
    travelled = pickle.dumps(arrow.sizes(pricing=path))
    path.unlink()
    column._make_maker.cache_clear()
    assert pickle.loads(travelled)(pa.array(LINES[1:2])).to_pylist()[0]["error"] is None
