"""Parquet is read as JSON, a value per row: requests in a column of JSON, or usage in columns of its own."""

from __future__ import annotations

import io
import json
import re
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gpt41_cli.errors import InputError
from gpt41_cli.files.compressed import PieceStream
from gpt41_cli.files.parquet import RowBlock, RowStream, open_lines
from gpt41_cli.files.sources import InputSource, Unreadable, open_file
from gpt41_cli.findings import Place
from tests.builders import chat
from tests.conftest import Run

BODIES = [chat({"role": "user", "content": "word " * length}) for length in range(1, 701)]
LINES = [json.dumps(body, indent=1) for body in BODIES]


def write(path: Path, **columns: Any) -> None:
    pq.write_table(pa.table(columns), path, row_group_size=300)


def source(path: Path, column: str | None = None) -> InputSource:
    return InputSource(str(path), lambda: open_file(path), column=column)


def read(path: Path, column: str | None = None) -> list[Any]:
    """Return the values of the lines of a file."""
    with open_lines(source(path, column)) as stream:
        return [json.loads(line) for line in stream]


def name_rows(report: str) -> str:
    """Replace the lines of calls.jsonl in a report by the rows of calls.parquet."""
    report = re.sub(r"calls\.jsonl:(\d+)", lambda line: f"calls.parquet[{int(line[1]) - 1}]", report)
    return re.sub(r'"line": \d+', '"line": null', report).replace("calls.jsonl", "calls.parquet")


@pytest.mark.parametrize("command", [("count",), ("cost",), ("cache", "--requests-per-minute", "15"), ("recommend",)], ids=str)
def test_requests_in_a_column_give_what_their_lines_give(command: tuple[str, ...], run: Run, tmp_path: Path) -> None:
    write(tmp_path / "calls.parquet", team=["a"] * 700, at=[datetime(2026, 11, 1, tzinfo=UTC)] * 700, request=LINES)
    (tmp_path / "calls.jsonl").write_text("".join(f"{json.dumps(body)}\n" for body in BODIES))
    name, *options = command
    found, expected = (run(name, file, *options, "--format", "json") for file in ("calls.parquet", "calls.jsonl"))
    assert expected.code == 0
    assert found == (0, name_rows(expected.out), "")


def test_a_row_that_is_not_a_request_is_named_by_its_position(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "calls.parquet", request=[*LINES[:2], None, "{", " "])
    done = run("count", "calls.parquet")
    assert done.code == 2
    assert "gpt41: calls.parquet[2]: " in done.err
    assert "gpt41: calls.parquet[3]: expected JSON" in done.err
    assert "gpt41: calls.parquet[4]: the request: expected an object, found nothing" in done.err
    assert run("count", "calls.parquet", "--skip-invalid", "-q").out == run("count", "--as", "chat", "-q", stdin=two()).out


def two() -> bytes:
    return "".join(f"{json.dumps(body)}\n" for body in BODIES[:2]).encode()


def test_usage_in_columns_is_billed_as_it_is_from_csv(run: Run, tmp_path: Path) -> None:
    columns = {
        "model": ["gpt-4.1", "gpt-4.1-mini"],
        "service_tier": ["default", "priority"],
        "date": [date(2026, 11, 1), date(2026, 11, 2)],
        "input_tokens": [1000, 2000],
        "input_cached_tokens": [128, 0],
        "output_tokens": [100, 200],
    }
    write(tmp_path / "usage.parquet", **columns)
    rows = zip(*columns.values(), strict=True)
    (tmp_path / "usage.csv").write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows), ""]))
    found, expected = (json.loads(run("reconcile", f"usage.{kind}", "--format", "json").out) for kind in ("parquet", "csv"))
    for key in ("total_usd", "usage", "elsewhere"):
        assert found[key] == expected[key], key


def test_answers_next_to_their_requests_are_billed(run: Run, tmp_path: Path) -> None:
    usage = {"prompt_tokens": 1000, "completion_tokens": 100}
    answer = {"id": "a", "object": "chat.completion", "model": "gpt-4.1", "created": 1793500000, "usage": usage}
    write(tmp_path / "calls.parquet", request=[LINES[0]], response=[json.dumps(answer)])
    done = run("reconcile", "calls.parquet", "--format", "json")
    assert json.loads(done.out)["total_usd"] == "0.0028"


def test_a_row_keeps_what_json_has_no_type_for(tmp_path: Path) -> None:
    write(
        tmp_path / "a.parquet",
        number=[Decimal("2.50"), Decimal("3.00")],
        share=[0.5, float("nan")],
        day=[datetime(2026, 11, 1, 8), None],
        raw=pa.array([b"\xff", b"ok"]),
        tags=[["a", "b"], []],
        usage=[{"input": 1}, {"input": 2}],
        label=pa.array(["x", "y"]).dictionary_encode(),
        long=pa.array([5, 6], pa.duration("s")),
    )
    first, second = read(tmp_path / "a.parquet")
    assert first == {
        "number": "2.50", "share": 0.5, "day": "2026-11-01T08:00:00", "raw": "\ufffd", "tags": ["a", "b"], "usage": {"input": 1},
        "label": "x", "long": "0:00:05",
    }  # fmt: skip
    assert (second["number"], second["share"], second["day"]) == (3, None, None)


def test_bytes_of_json_and_tables_without_text_or_rows_are_read(tmp_path: Path) -> None:
    write(tmp_path / "bytes.parquet", body=pa.array([b' {"a":\r\n1}', b"[2]"]), id=["x", "y"])
    assert read(tmp_path / "bytes.parquet") == [{"a": 1}, [2]]
    write(tmp_path / "numbers.parquet", tokens=[1, 2])
    assert read(tmp_path / "numbers.parquet") == [{"tokens": 1}, {"tokens": 2}]
    write(tmp_path / "empty.parquet", request=pa.array([], pa.string()))
    assert read(tmp_path / "empty.parquet") == []


def test_a_file_that_is_cut_off_is_an_error(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "calls.parquet", request=LINES)
    whole = (tmp_path / "calls.parquet").read_bytes()
    (tmp_path / "calls.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(Unreadable, match="expected a whole Parquet file, found a file that is cut off or damaged: "):
        read(tmp_path / "calls.parquet")
    done = run("count", "calls.parquet")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("gpt41: calls.parquet: expected a whole Parquet file, found a file that is cut off or damaged: ")
    (tmp_path / "calls.parquet").write_bytes(whole[:100] + b"\xff" * 4_000 + whole[4_100:])
    assert "expected a whole Parquet file" in run("count", "calls.parquet").err


def test_a_file_of_a_folder_that_is_cut_off_makes_the_answer_a_lower_bound(run: Run, tmp_path: Path) -> None:
    """A file with other columns next to it is what those columns say: files may have several schemas."""
    (tmp_path / "calls").mkdir()
    write(tmp_path / "calls" / "a.parquet", request=LINES[:2])
    write(tmp_path / "calls" / "b.parquet", team=["x", "y"], body=LINES[:2])
    write(tmp_path / "calls" / "c.parquet", model=["gpt-4.1"], input_tokens=[5], output_tokens=[3])
    (tmp_path / "calls" / "half.parquet").write_bytes((tmp_path / "calls" / "a.parquet").read_bytes()[:-30])
    done = run("cost", "calls", "--output-tokens", "1")
    assert done.code == 1
    assert done.out.startswith("gpt-4.1: at least ")
    assert " for 4 requests" in done.out
    assert "a file that is cut off or damaged: " in " ".join(done.out.split())
    assert "calls/half.parquet" in done.out
    assert "usage, not requests" in done.out


NO_REQUESTS = "gpt41: calls.parquet: expected a Parquet file with requests, found "


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (
            pa.array([1, 2]),
            NO_REQUESTS + 'none in the first rows of its columns ("request"); a column of JSON, a request per row, is',
        ),
        (pa.array(["Rome"]), NO_REQUESTS + 'none in the first rows of its columns ("request"); a column of JSON'),
        (pa.nulls(2), NO_REQUESTS + 'none in the first rows of its columns ("request"); a column of JSON'),
        (pa.array([None, *LINES[:1], None]), "calls.parquet[0]: the request: expected an object, found nothing"),
        (pa.array([], pa.string()), NO_REQUESTS + "one without rows; a column of JSON"),
        (pa.array([LINES[0], None]), "calls.parquet[1]: the request: expected an object, found nothing"),
        (pa.array([[LINES[0]]]), "calls.parquet: expected requests or text, found JSON with a request at request[0]"),
    ],
    ids=["numbers", "text", "nulls", "nulls around", "no rows", "a null", "lists"],
)
def test_a_column_of_another_type_is_one_clear_error(column: pa.Array, expected: str, run: Run, tmp_path: Path) -> None:
    write(tmp_path / "calls.parquet", request=column)
    done = run("cost", "calls.parquet")
    assert (done.code, done.out) == (2, "")
    assert expected in done.err


def test_other_columns_are_cut_short_and_other_kinds_keep_their_sentence(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", **{name: [1, 2] for name in "abcdef"})
    assert 'none in the first rows of its columns ("a", "b", "c", "d", "e", ...)' in run("count", "a.parquet").err
    write(tmp_path / "b.parquet", model=["gpt-4.1"] * 2, input_tokens=[1, 2], output_tokens=[1, 2])
    assert "found usage, not requests; gpt41 reconcile reads it" in run("count", "b.parquet").err
    (tmp_path / "c.jsonl").write_text('{"a": 1}\n' * 2)
    assert "found JSON Lines that are neither requests nor messages" in run("count", "c.jsonl").err


def test_a_part_without_rows_is_left_out_of_its_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "calls").mkdir()
    write(tmp_path / "calls" / "part-0.parquet", request=LINES[:2])
    write(tmp_path / "calls" / "part-1.parquet", request=pa.array([], pa.string()))
    done = run("count", "calls")
    assert (done.code, done.err) == (0, "")
    assert " in 2 requests" in done.out.splitlines()[0]
    assert "found one without rows" in " ".join(done.out.split())


VIEWS = pa.string_view() if int(pa.__version__.partition(".")[0]) > 20 else pa.large_string()  # older ones write no views
MESSAGES = [json.dumps(body["messages"], indent=1) for body in BODIES[:3]]
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}]


@pytest.mark.parametrize(
    ("columns", "fields"),
    [
        ({"request": [json.dumps({"messages": body["messages"]}) for body in BODIES[:3]]}, {}),
        ({"messages": MESSAGES}, {}),
        ({"messages": pa.array(MESSAGES, VIEWS), "max_tokens": [7] * 3}, {"max_tokens": 7}),
        ({"messages": MESSAGES, "tools": [json.dumps(TOOLS)] * 3}, {"tools": TOOLS}),
        ({"messages": MESSAGES, "tool_choice": ["auto"] * 3}, {"tool_choice": "auto"}),
    ],
    ids=["a body", "messages", "messages and a limit", "messages and tools", "messages and a word"],
)
def test_a_model_in_a_column_is_that_of_the_request(columns: Any, fields: Any, run: Run, tmp_path: Path) -> None:
    """What other columns say of a request isn't dropped for the one that holds JSON."""
    write(tmp_path / "calls.parquet", model=["gpt-4.1-mini"] * 3, **columns)
    bodies = [{"model": "gpt-4.1-mini", "messages": body["messages"], **fields} for body in BODIES[:3]]
    (tmp_path / "calls.jsonl").write_text("".join(f"{json.dumps(body)}\n" for body in bodies))
    found, expected = (run("cost", f"calls.{kind}") for kind in ("parquet", "jsonl"))
    assert found == (0, name_rows(expected.out), "")
    assert found.out.startswith("gpt-4.1-mini: ")


def test_what_a_column_holds_is_seen_behind_nulls_and_blanks(tmp_path: Path) -> None:
    write(tmp_path / "late.parquet", request=[None] * 400 + [" ", *LINES[:1]], team=["a"] * 402, note=[None] * 402)
    assert read(tmp_path / "late.parquet") == BODIES[:1]
    with open_lines(source(tmp_path / "late.parquet"), ()) as stream:
        assert [json.loads(line) for line in stream] == [None] * 401 + BODIES[:1]
    write(tmp_path / "fields.parquet", model=["gpt-4.1"] * 2, messages=[MESSAGES[0], None])
    assert read(tmp_path / "fields.parquet") == [
        {"model": "gpt-4.1", "messages": BODIES[0]["messages"]},
        {"model": "gpt-4.1", "messages": None},
    ]


@pytest.mark.parametrize("text", ['["a"]', "[", "{", "[[1]]", '"a"'])
def test_text_that_looks_like_a_list_is_text(text: str, tmp_path: Path) -> None:
    write(tmp_path / "calls.parquet", model=["gpt-4.1"], input=[text])
    assert read(tmp_path / "calls.parquet") == [{"model": "gpt-4.1", "input": text}]


@pytest.mark.parametrize("columns", ["dictionaries", "structs", "columns"])
def test_requests_in_nested_columns_are_read(columns: str, run: Run, tmp_path: Path) -> None:
    bodies = [json.loads(line) for line in LINES[:3]]
    write(tmp_path / "plain.parquet", request=LINES[:3])
    if columns == "columns":
        write(tmp_path / "calls.parquet", **{name: pa.array([body[name] for body in bodies]) for name in bodies[0]})
    else:
        values = pa.array(LINES[:3]).dictionary_encode() if columns == "dictionaries" else pa.array(bodies)
        write(tmp_path / "calls.parquet", request=values)
    assert run("cost", "calls.parquet") == run("cost", "plain.parquet")


def test_usage_that_is_not_a_number_is_not_priced(run: Run, tmp_path: Path) -> None:
    tokens = pa.array([float("nan"), float("inf"), 100.0])
    write(tmp_path / "usage.parquet", model=["gpt-4.1"] * 3, input_tokens=tokens, output_tokens=pa.array([5.0, 5.0, 5.0]))
    done = run("reconcile", "usage.parquet", "--format", "json")
    assert done.code == 1
    assert json.loads(done.out)["usage"]["requests"] == 1
    assert "2 not priced: expected an answer with its tokens" in done.out


@pytest.mark.parametrize("command", ["count", "cost", "recommend", "plan", "migrate", "cache"])
def test_the_column_can_be_named(command: str, run: Run, tmp_path: Path) -> None:
    write(tmp_path / "calls.parquet", sent=LINES[:3], reply=LINES[3:6])
    (tmp_path / "calls.jsonl").write_text("".join(f"{json.dumps(body)}\n" for body in BODIES[:3]))
    found = run(command, "calls.parquet", "--column", "sent", "--format", "json")
    expected = run(command, "calls.jsonl", "--format", "json")
    assert expected.code == 0
    assert found == (0, name_rows(expected.out), expected.err)


@pytest.mark.parametrize("name", ["request", "body"])
def test_a_column_of_the_usual_name_comes_before_others(name: str, tmp_path: Path) -> None:
    columns = {"metadata": ['{"team": "a"}'] * 2, name: LINES[:2]}
    write(tmp_path / "calls.parquet", **columns)
    assert read(tmp_path / "calls.parquet") == BODIES[:2]
    write(tmp_path / "calls.parquet", **{**columns, name: pa.array(BODIES[:2])})
    assert [row[name] for row in read(tmp_path / "calls.parquet")] == BODIES[:2]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("snet", 'expected the column "snet", found only sent, reply, tokens; did you mean sent?'),
        ("tokens", 'expected a column of JSON, found "tokens" of int64'),
    ],
    ids=str,
)
def test_a_named_column_that_holds_no_requests_is_an_error(column: str, message: str, tmp_path: Path) -> None:
    write(tmp_path / "calls.parquet", sent=LINES[:2], reply=LINES[:2], tokens=[1, 2])
    with pytest.raises(InputError) as raised:
        read(tmp_path / "calls.parquet", column)
    assert str(raised.value) == f"{tmp_path / 'calls.parquet'}: {message}"


def test_several_columns_of_json_are_listed(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "calls.parquet", sent=LINES[:2], resent=LINES[:2], tokens=[1, 2])
    done = run("cost", "calls.parquet")
    assert (done.code, done.out) == (2, "")
    columns = '"sent", "resent", "tokens"'
    hint = f"--column NAME (column in gpt41.yaml) says which of its columns has the requests ({columns})"
    assert done.err == f"gpt41: calls.parquet: expected requests or text, found JSON with a request at sent; {hint}\n"
    write(tmp_path / "calls.parquet", sent=['{"a": 1}'], resent=['{"a": 1}'], tokens=[1])
    assert run("cost", "calls.parquet").err.startswith(
        f"{NO_REQUESTS}none in the first rows of its columns ({columns}); a column"
    )


def test_a_column_of_objects_can_be_named(tmp_path: Path) -> None:
    write(tmp_path / "calls.parquet", request=LINES[:2], sent=pa.array(BODIES[2:4]))
    assert read(tmp_path / "calls.parquet", "sent") == BODIES[2:4]


def test_long_rows_are_read_a_few_at_a_time(tmp_path: Path) -> None:
    """Each row is in memory several times while it is read."""
    write(tmp_path / "calls.parquet", request=[json.dumps({"model": str(row), "input": " " * 1_000_000}) for row in range(9)])
    with open_lines(source(tmp_path / "calls.parquet")) as stream:
        assert isinstance(stream, RowStream)
        sizes = [len(chunk.rows) for chunk in stream.list_chunks() if isinstance(chunk, RowBlock)]
    assert sizes == [4, 4, 1]


def test_a_file_without_row_groups_has_no_rows(tmp_path: Path) -> None:
    pq.ParquetWriter(tmp_path / "calls.parquet", pa.schema([("request", pa.string())])).close()
    assert read(tmp_path / "calls.parquet") == []


def test_columns_of_one_name_are_an_error(tmp_path: Path) -> None:
    pq.write_table(pa.table([LINES[:1], LINES[:1]], names=["request", "request"]), tmp_path / "calls.parquet")
    with pytest.raises(InputError, match='expected columns with different names, found several with "request"'):
        read(tmp_path / "calls.parquet")


def test_a_column_of_a_file_without_columns_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "calls.jsonl").write_text(f"{json.dumps(BODIES[0])}\n")
    with pytest.raises(InputError, match='expected a Parquet file with the column "request", found another file; DuckDB'):
        read(tmp_path / "calls.jsonl", "request")


def test_named_columns_of_a_log_are_read_next_to_a_column_of_json(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "log.parquet", request=LINES[:2], engine=["gpt-4.1"] * 2, read=[1000, 0], written=[100, None])
    with open_lines(source(tmp_path / "log.parquet"), {"engine"}) as stream:
        assert list(json.loads(next(stream))) == ["request", "engine", "read", "written"]
    with open_lines(source(tmp_path / "log.parquet"), set()) as stream:
        assert json.loads(next(stream)) == BODIES[0]
    done = run("reconcile", "log.parquet", "--columns", "model=engine,input=read,output=written", "--format", "json")
    assert json.loads(done.out)["usage"]["input_tokens"] == 1000
    assert "log.parquet[1]" in done.out


def test_row_groups_are_chunks_that_workers_read(run: Run, tmp_path: Path) -> None:
    """The rows of the first one come a few at a time, and so do those of groups that are too large for a worker."""
    write(tmp_path / "calls.parquet", request=[*LINES[:650], "{", *LINES[651:]])
    with open_lines(source(tmp_path / "calls.parquet")) as stream:
        assert isinstance(stream, RowStream)
        chunks = list(stream.list_chunks())
        assert [type(chunk).__name__ for chunk in chunks] == ["RowBlock", "RowBlock", "RowGroup", "RowGroup"]
        lines = [line for chunk in chunks for line in chunk.iterate_lines()]
        assert [line.locate("a") for line in lines] == [Place("a", position=position) for position in range(700)]
        assert [json.loads(line.data) for line in lines[:650]] == BODIES[:650]
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr("gpt41_cli.files.parquet._MAX_GROUP_BYTES", 0)
            blocks = list(stream.list_chunks())
        assert {type(block) for block in blocks} == {RowBlock}
        assert [line for block in blocks for line in block.iterate_lines()] == lines
    command = ["cost", "calls.parquet", "--each", "--output-tokens", "1", "--format", "jsonl"]
    alone, together = (run(*command, "--jobs", jobs) for jobs in ("1", "2"))
    assert alone == together
    assert '"index":651,' in alone.out
    assert "calls.parquet[650]: expected JSON" in alone.err


def test_a_row_group_that_is_damaged_is_an_error_in_a_worker(tmp_path: Path) -> None:
    write(tmp_path / "calls.parquet", request=LINES)
    with open_lines(source(tmp_path / "calls.parquet")) as stream:
        assert isinstance(stream, RowStream)
        *_, last = stream.list_chunks()
        data = bytearray((tmp_path / "calls.parquet").read_bytes())
        start = pq.ParquetFile(tmp_path / "calls.parquet").metadata.row_group(2).column(0).dictionary_page_offset
        data[start : start + 2_000] = b"\xff" * 2_000
        (tmp_path / "calls.parquet").write_bytes(data)
        with pytest.raises(Unreadable, match="expected a whole Parquet file"):
            list(last.iterate_lines())


def test_a_stream_is_refused(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "calls.parquet", request=LINES)
    pieces = iter([(tmp_path / "calls.parquet").read_bytes()])
    pipe = InputSource("-", lambda: io.BufferedReader(PieceStream(pieces)))
    with pytest.raises(InputError, match="found one that comes as a stream"), open_lines(pipe):
        pass
    done = run("count", "-", stdin=(tmp_path / "calls.parquet").read_bytes())
    assert done == (2, "", "gpt41: standard input: expected a Parquet file by its name, found one that comes as a stream\n")


def test_without_the_extra_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "calls.parquet", request=LINES)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InputError, match=r"found a Parquet file; pip install 'gpt41\[arrow\]' to read it"):
        read(tmp_path / "calls.parquet")
