"""Logs as tables: the request next to its answer, other columns to group by, and folders whose names are columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.builders import USER, chat
from tests.conftest import Run

COUNTED = 14
"""The input tokens of each request."""


def make_answer(number: int, **changed: Any) -> dict[str, Any]:
    """An answer that was billed as counted, or one token less if its number is odd."""
    tokens = COUNTED - number % 2
    return {
        "id": f"chatcmpl-{number}",
        "object": "chat.completion",
        "created": 1_795_000_000,
        "model": "gpt-4.1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Noon."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": tokens, "completion_tokens": 3, "total_tokens": tokens + 3},
        **changed,
    }


REQUESTS = [chat(USER, max_tokens=9)] * 4
ANSWERS = [make_answer(number) for number in range(4)]
ROWS = [{"team": "ab"[number % 2], "request": REQUESTS[number], "response": ANSWERS[number]} for number in range(4)]


def as_text(values: list[Any]) -> list[str]:
    return [json.dumps(value) for value in values]


def write_lines(path: Path, *rows: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def write_table(path: Path, **columns: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def write_log(kind: str, folder: Path) -> str:
    """Write the rows as a file of this kind; return its name."""
    ids = [f"c{number}" for number in range(4)]
    if kind in ("JSON Lines", "ids"):
        rows = [{**row, "custom_id": name} for row, name in zip(ROWS, ids, strict=True)] if kind == "ids" else ROWS
        write_lines(folder / "log.jsonl", *rows)
        return "log.jsonl"
    columns: dict[str, Any] = {"request": as_text(REQUESTS), "response": as_text(ANSWERS)}
    if kind == "structs":
        columns = {"request": pa.array(REQUESTS), "response": pa.array(ANSWERS)}
    elif kind == "column of ids":
        columns = {"custom_id": ids, **columns}
    elif kind == "other names":
        columns = {"sent": columns["request"], "reply": columns["response"]}
    write_table(folder / "log.parquet", team=["a", "b"] * 2, **columns)
    return "log.parquet"


@pytest.mark.parametrize("kind", ["columns", "column of ids", "other names", "structs", "JSON Lines", "ids"])
def test_requests_and_their_answers_may_be_in_the_same_rows(kind: str, run: Run, tmp_path: Path) -> None:
    name = write_log(kind, tmp_path)
    done = run("reconcile", name, "--requests", name, "--by", "team", "--format", "json")
    report = json.loads(done.out)
    assert report["usage"]["requests"] == 4
    assert [row["team"] for row in report["groups"]["rows"]] == ["a", "b"]
    prediction = report["prediction"]
    assert (prediction["requests"], prediction["exact"]) == (4, 2)
    assert prediction["input_tokens"]["billed"] == str(4 * COUNTED - 2)
    rows = ["c1", "c3"] if "id" in kind else [f"{name}:2", f"{name}:4"] if name == "log.jsonl" else [f"{name}[1]", f"{name}[3]"]
    assert [pair["custom_id"] for pair in prediction["differing"]] == rows


def test_a_row_without_an_id_is_named_once_and_an_answer_counts_once(run: Run, tmp_path: Path) -> None:
    """The second row repeats the answer of the first and says more of it, so it takes its place, and that of its request."""
    first = {key: value for key, value in ANSWERS[1].items() if key != "created"}
    write_lines(tmp_path / "log.jsonl", *({"request": REQUESTS[0], "response": each} for each in (first, ANSWERS[1])))
    done = run("reconcile", "log.jsonl", "--requests", "log.jsonl")
    assert "log.jsonl:2  gpt-4.1" in done.out
    assert "1 request without an answer: log.jsonl:1 " in done.out


@pytest.mark.parametrize("kind", ["columns", "JSON Lines", "ids"])
def test_misses_are_saved_from_rows(kind: str, run: Run, tmp_path: Path) -> None:
    name = write_log(kind, tmp_path)
    run("reconcile", name, "--requests", name, "--save-misses", "misses.jsonl")
    (line,) = (tmp_path / "misses.jsonl").read_text().splitlines()
    saved = json.loads(line)
    assert (saved["url"], saved["counted_input_tokens"], saved["requests"]) == ("/v1/chat/completions", COUNTED, 2)
    assert "Lima" not in line
    assert run("count", "misses.jsonl", "-q").out == f"{COUNTED}\n"


def test_misses_are_saved_from_messages_alone(run: Run, tmp_path: Path) -> None:
    """A row may hold a body, or a list of messages."""
    write_table(tmp_path / "b.parquet", request=as_text([[USER], REQUESTS[0]]), response=as_text([ANSWERS[1], ANSWERS[3]]))
    run("reconcile", "b.parquet", "--requests", "b.parquet", "--save-misses", "misses.jsonl")
    assert run("count", "misses.jsonl", "-q").out == f"{COUNTED}\n"


def test_ids_in_columns_match_files(run: Run, tmp_path: Path) -> None:
    ids = [f"c{number}" for number in range(4)]
    write_table(tmp_path / "sent.parquet", custom_id=ids, body=as_text(REQUESTS))
    write_table(tmp_path / "got.parquet", custom_id=ids, answer=as_text(ANSWERS))
    done = run("reconcile", "got.parquet", "--requests", "sent.parquet", "--format", "json")
    assert json.loads(done.out)["prediction"]["exact"] == 2
    assert '"custom_id":"c3"' in run("count", "sent.parquet", "--each", "--format", "jsonl").out.replace(" ", "")


def group_by(run: Run, *arguments: str) -> Mapping[str, int]:
    """Run `reconcile` and return the answers of each group."""
    done = run("reconcile", *arguments, "--format", "json")
    assert done.code == 0, done.err
    groups = json.loads(done.out)["groups"]
    return {row[groups["by"][0]]: row["requests"] for row in groups["rows"]}


@pytest.mark.parametrize(
    ("field", "column"),
    [
        ("team", ["x", "y", "y", "y"]),
        ("metadata.team", pa.array([{"team": "x"}, *[{"team": "y"}] * 3])),
        ("metadata.team", as_text([{"team": "x"}, *[{"team": "y"}] * 3])),
    ],
    ids=["text", "a struct", "JSON"],
)
def test_answers_in_one_column_are_grouped_by_another(field: str, column: Any, run: Run, tmp_path: Path) -> None:
    write_table(tmp_path / "log.parquet", **{field.partition(".")[0]: column, "answer": as_text(ANSWERS)})
    assert group_by(run, "log.parquet", "--by", field) == {"x": 1, "y": 3}


def test_rows_without_an_answer_are_what_they_are_without_groups(run: Run, tmp_path: Path) -> None:
    write_table(tmp_path / "log.parquet", team=["x"] * 3, answer=[*as_text(ANSWERS[:2]), None])
    plain, grouped = (run("reconcile", "log.parquet", "--format", "json", *by) for by in ((), ("--by", "team")))
    assert (plain.code, json.loads(plain.out)["findings"]) == (grouped.code, json.loads(grouped.out)["findings"])


def test_names_of_folders_are_columns(run: Run, tmp_path: Path) -> None:
    """As Hive, Spark and Athena write tables. Files of the same content are others in another partition."""
    for team, day in (("a%2Fb", 3), ("c", 4), ("__HIVE_DEFAULT_PARTITION__", 4)):
        folder = tmp_path / f"csv/team={team}/dt=2026-11-0{day}"
        folder.mkdir(parents=True)
        (folder / "x.csv").write_text("model,input_tokens,output_tokens\n" + "gpt-4.1,100,10\n" * 3)
        write_table(
            tmp_path / f"table/team={team}/dt=2026-11-0{day}/x.parquet", model=["gpt-4.1"], input_tokens=[9], output_tokens=[1]
        )
    assert group_by(run, "csv", "--by", "team") == {"a/b": 3, "c": 3, None: 3}
    assert group_by(run, "table", "--by", "team") == {"a/b": 1, "c": 1, None: 1}
    assert group_by(run, "csv", "--columns", "day=dt,input=input_tokens", "--by", "day") == {"2026-11-03": 3, "2026-11-04": 6}
    assert group_by(run, "table", "--columns", "day=dt", "--by", "day") == {"2026-11-03": 1, "2026-11-04": 2}


def test_the_day_of_an_answer_comes_before_that_of_its_folder(run: Run, tmp_path: Path) -> None:
    write_lines(tmp_path / "log/team=a/day=2026-11-03/x.jsonl", *ANSWERS)
    assert group_by(run, "log", "--by", "day,team") == {"2026-11-18": 4}


@pytest.mark.parametrize(
    "column", [{"messages": as_text([[USER]] * 2)}, {"request": as_text([{"messages": [USER]}] * 2)}], ids=str
)
def test_a_model_in_the_name_of_a_folder_is_that_of_its_rows(column: Any, run: Run, tmp_path: Path) -> None:
    for model in ("gpt-4.1-mini", "gpt-4.1-nano"):
        pq.write_table(pa.table(column), tmp_path / "x.parquet", row_group_size=1)
        (tmp_path / f"sent/model={model}").mkdir(parents=True)
        (tmp_path / "x.parquet").rename(tmp_path / f"sent/model={model}/x.parquet")
        write_table(tmp_path / f"billed/model={model}/x.parquet", input_tokens=[9], output_tokens=[1])
    models = {
        json.loads(line)["model"] for line in run("count", "sent", "--each", "--format", "jsonl", "--jobs", "2").out.splitlines()
    }
    assert models == {"gpt-4.1-mini", "gpt-4.1-nano"}
    assert group_by(run, "billed", "--by", "model") == {"gpt-4.1-mini": 1, "gpt-4.1-nano": 1}


def test_a_file_that_cannot_be_read_makes_the_bill_a_lower_bound(run: Run, tmp_path: Path) -> None:
    write_table(tmp_path / "log/a.parquet", answer=as_text(ANSWERS))
    (tmp_path / "log/b.parquet").write_bytes((tmp_path / "log/a.parquet").read_bytes()[:-9])
    done = run("reconcile", "log")
    assert done.code == 1
    assert done.out.startswith("at least $")
    assert "log/b.parquet cannot be read, and what is in it is missing" in " ".join(done.out.split())
