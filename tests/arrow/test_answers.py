"""Logged answers as a column of Arrow: each is billed as `reconcile` bills it."""

from __future__ import annotations

import io
import json
import pickle
import random
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from gpt41_cli import arrow
from gpt41_cli.answers.logs import LogReader
from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.reconcile.bill import Reconciliation, reconcile_logs
from gpt41_cli.commands.reconcile.charge import BillingContext
from gpt41_cli.files.sources import InputSource
from tests.builders import Body, batch_line, market
from tests.conftest import FROZEN, ROOT, Run

TODAY = date(2026, 11, 26)
TERMS = "uncached_input_usd", "cached_input_usd", "output_usd", "write_usd"


def make_answers() -> list[Body]:
    """Make 200 answers of several models, modes, days and forms, each with an id of its own."""
    choose = random.Random(5)
    answers: list[Body] = []
    for index in range(200):
        details = {"cached_tokens": choose.choice([0, 128, 1024])}
        usage = {"prompt_tokens": choose.randint(1100, 9000), "completion_tokens": choose.randint(1, 400)}
        usage["total_tokens"] = sum(usage.values())
        answer: dict[str, Any] = {
            "id": f"chatcmpl-{index}",
            "object": "chat.completion",
            "created": 1795132800 + index * 7200,
            "model": choose.choice(["gpt-4.1", "gpt-4.1-mini-2025-04-14", "ft:gpt-4.1-nano-2025-04-14:a::b", "gpt-6-luna"]),
            "service_tier": choose.choice(["default", "priority"]) if index % 4 else None,
            "usage": {**usage, "prompt_tokens_details": details},
        }
        if index % 9 == 0:
            answer["usage"]["prompt_tokens"] += 280_000  # so long that one model has a surcharge
            answer["usage"]["total_tokens"] += 280_000
        if index % 10 == 0:
            del answer["created"]
        if index % 12 == 0:
            answer["model"] = "gpt-x"
        answers.append(batch_line({**answer, "service_tier": "default"}) if index % 5 == 0 else answer)
    return answers


ANSWERS = make_answers()


@pytest.fixture(scope="module")
def billed() -> arrow.ArrowColumn:
    return arrow.answers(as_of=TODAY, pricing=FROZEN)


def bill(catalog: Catalog, *answers: Body) -> Reconciliation:
    data = "".join(f"{json.dumps(answer)}\n" for answer in answers).encode()
    source = InputSource("log", lambda: io.BytesIO(data))
    return reconcile_logs(LogReader([source]).read(), BillingContext(market(catalog, "openai", TODAY)))


def test_an_answer_is_billed_as_by_reconcile(billed: arrow.ArrowColumn, catalog: Catalog) -> None:
    rows = billed(pa.array([json.dumps(answer) for answer in ANSWERS])).to_pylist()
    for answer, row in zip(ANSWERS, rows, strict=True):
        expected = bill(catalog, answer)
        if not expected.charges:
            assert [row["error"]] == [issue.finding.message for issue in expected.issues]
            assert row["total_usd"] is None
            continue
        ((key, charge),) = expected.charges.items()
        assert (row["model"], row["mode"], row["day"]) == key
        assert {name: row[name] for name in TERMS} == {name: getattr(charge.bill, name) for name in TERMS}
        names = ("requests", "input_tokens", "cached_tokens", "output_tokens")
        assert [row[name] for name in names] == [getattr(charge.usage, name) for name in names]
        assert (row["total_usd"], row["tools_usd"]) == (charge.total_usd, charge.tools_usd)
        assert row["warnings"] == list(dict.fromkeys(issue.finding.rule.id for issue in expected.issues))
    assert sum(row["error"] is not None for row in rows) == 34


def test_duckdb_adds_up_to_the_bill_of_the_whole_log(billed: arrow.ArrowColumn, run: Run, tmp_path: Any) -> None:
    (tmp_path / "log").write_text("".join(f"{json.dumps(answer)}\n" for answer in ANSWERS))
    expected = json.loads(run("reconcile", "log", "--as-of", str(TODAY), "--format", "json").out)
    answers = pa.table({"answer": [json.dumps(answer) for answer in ANSWERS]})  # DuckDB reads the variable of this name
    assert answers.num_rows == 200
    opened: Any = duckdb.connect()  # its types know no function of arrays
    with opened as database:
        database.create_function("bill", billed, ["VARCHAR"], billed.duckdb_type, type="arrow", null_handling="special")
        ((usd, errors),) = database.execute(
            "WITH billed AS MATERIALIZED (SELECT bill(answer) AS bill FROM answers)"
            " SELECT sum(bill.total_usd), count(bill.error) FROM billed"
        ).fetchall()
    assert usd == Decimal(expected["total_usd"]) > 0
    assert errors == 34


@pytest.mark.parametrize("size", [1, 64, 1000])
def test_batches_of_any_size_and_order_change_nothing(billed: arrow.ArrowColumn, size: int) -> None:
    numbered = list(enumerate(json.dumps(answer) for answer in ANSWERS))
    random.Random(size).shuffle(numbered)
    table = pa.table({"number": [number for number, _ in numbered], "answer": [line for _, line in numbered]})
    found = pa.Table.from_batches(list(billed.map(table.to_batches(max_chunksize=size), column="answer", name="bill")))
    rows = sorted(found.to_pylist(), key=lambda row: row["number"])
    assert [row["bill"] for row in rows] == billed(pa.array([json.dumps(answer) for answer in ANSWERS])).to_pylist()


def test_it_travels_small(billed: arrow.ArrowColumn) -> None:
    assert len(pickle.dumps(billed)) < 100_000
    assert pickle.loads(pickle.dumps(billed)) == billed
    assert "day: DATE" in billed.spark_type
    assert "day DATE" in billed.duckdb_type


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (None, "expected an answer, found null"),
        ("{", "expected JSON"),
        ("7", "expected an answer of the API, or a record of its usage, found the number 7"),
        ('{"object": "list", "data": []}', "expected an answer with its usage, found none"),
        (json.dumps([ANSWERS[1], ANSWERS[2]]), "expected one answer, found 2 of them: give each a row of its own"),
        ('{"id": "c", "object": "chat.completion.chunk", "choices": [{}]}', "expected a whole answer, found a part of a stream"),
        (
            json.dumps({**ANSWERS[1], "usage": {"prompt_tokens": -1, "completion_tokens": 2}}),
            "usage.prompt_tokens: expected a wh",
        ),
        (json.dumps({**ANSWERS[1], "cache_hit": True}), "an answer from the cache of a proxy, which nobody bills"),
        (json.dumps({**ANSWERS[1], "model": None}), "expected a model in the answer or --model, found none"),
    ],
)
def test_a_row_that_is_no_single_answer_has_an_error(value: str | None, error: str, billed: arrow.ArrowColumn) -> None:
    (row,) = billed(pa.array([value], pa.string())).to_pylist()
    assert row["error"].startswith(error)
    assert all(found is None for name, found in row.items() if name != "error")


def test_the_model_of_answers_that_name_none_can_be_stated() -> None:
    lines = [json.dumps({**ANSWERS[1], "model": model}) for model in (None, "prod")]
    billed = arrow.answers(as_of=TODAY, pricing=FROZEN, model="gpt-4.1-mini", models={"prod": "gpt-4.1"})
    assert [row["model"] for row in billed(pa.array(lines)).to_pylist()] == ["gpt-4.1-mini", "gpt-4.1"]


def test_the_recorded_log_has_a_row_per_line(billed: arrow.ArrowColumn) -> None:
    lines = (ROOT / "tests" / "logs" / "answers.jsonl").read_text().splitlines()
    rows = billed(pa.array(lines)).to_pylist()
    assert len(rows) == len(lines)
    assert [row["id"] for row in rows if row["error"] is None][:2] == ["chatcmpl-1", "chatcmpl-2"]
