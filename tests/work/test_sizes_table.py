"""A table of sizes: the commands say of it what they say of its requests, and refuse what can't stand for them."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gpt41_cli import arrow
from gpt41_cli.catalog import Catalog, read_catalog
from gpt41_cli.errors import InputError
from gpt41_cli.files.documents import FileLine, FileShrunk, LineBlock, LineChunks
from gpt41_cli.files.places import RejectedRequest
from gpt41_cli.files.sources import find_sources
from gpt41_cli.requests.inputs import RequestInput
from gpt41_cli.requests.readers import read_request
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.pieces import IMAGES
from gpt41_cli.work.measuring import measure_request
from gpt41_cli.work.sizes_table import SizeReader, SizeWriter, add_up_sizes, describe_counting, measure_sizes
from gpt41_cli.work.stream import ReadingOptions, UnusableSizes
from tests.builders import CALL, FORMAT, SECRET, SYSTEM, USER, Body, chat, image_message, responses
from tests.conftest import FROZEN, Run

CONFIG = """\
version: 1
defaults: {model: gpt-4.1-mini, output_tokens: 100}
workloads:
  own: {requests: %s, mode: standard, model: gpt-4.1, volume: 10000 / month, budget: {monthly_usd: 5, input_tokens: 200}}
"""


def make_bodies() -> list[Body]:
    """Make 300 requests of several models, modes and shapes, many alike, that break no rule."""
    choose = random.Random(3)
    bodies: list[Body] = []
    for index in range(300):
        body = dict(chat(SYSTEM, {**USER, "content": "word " * choose.randint(1, 9)}, max_tokens=choose.choice([100, 200])))
        body["model"] = choose.choice(["gpt-4.1", "gpt-4.1-2025-04-14", "gpt-4.1-mini"])
        if index % 5 == 0:
            body |= {"tools": [SECRET], "temperature": 0.5}
        if index % 7 == 0:
            answered = {"role": "tool", "tool_call_id": "call_1", "content": "noon"}
            body["messages"] = [USER, {"role": "assistant", "tool_calls": [CALL]}, answered]
            body["tools"] = [SECRET]
        if index % 11 == 0:
            body["response_format"] = FORMAT
        if index % 13 == 0:
            body = {**responses("Where is my bike?", max_output_tokens=50), "service_tier": "priority"}
        bodies.append(body)
    return bodies


BODIES = make_bodies()


def write_lines(path: Path, values: list[Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{json.dumps(value)}\n" for value in values))


def group(bodies: list[Any], path: Path, columns: str = "gpt41.*", **asked: Any) -> None:
    """Write the table of sizes of some bodies as an engine does: as Parquet, or as JSON Lines by its name."""
    path.parent.mkdir(exist_ok=True)
    sized = arrow.sizes(pricing=FROZEN, **asked)(
        pa.array([body if isinstance(body, str) else json.dumps(body) for body in bodies])
    )
    requests = pa.table({"gpt41": sized})  # DuckDB reads the variable of this name
    assert requests.num_rows == len(bodies)
    opened: Any = duckdb.connect()  # its types know no table of Arrow
    form = "json" if path.suffix == ".jsonl" else "parquet"
    with opened as database:
        grouped = f"SELECT {columns}, count(*) AS alike FROM requests GROUP BY ALL"
        database.execute(f"COPY ({grouped}) TO '{path}' (FORMAT {form})")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two folders with the same names: the requests, and the tables of their sizes."""
    root = tmp_path_factory.mktemp("sizes")
    plain, sized = root / "plain", root / "sized"
    write_lines(plain / "requests", BODIES)
    group(BODIES, sized / "requests")
    write_lines(plain / "lines.jsonl", BODIES)
    group(BODIES, sized / "lines.jsonl", "gpt41")
    ours = [body for body in BODIES if body["model"] != "gpt-4.1-mini" and "service_tier" not in body]
    write_lines(plain / "ours", ours)
    group(ours, sized / "ours")
    for folder in (plain, sized):
        (folder / "gpt41.yaml").write_text(CONFIG % "ours")
    return plain, sized


@pytest.mark.parametrize(
    "command",
    [
        "cost requests",
        "cost requests --output-tokens 100 --requests 1000/day",
        "cost lines.jsonl --model gpt-4.1-nano --mode batch",
        "cost requests --model gpt-4.1 --model gpt-4.1-mini --image-size 640x480",
        "recommend requests --task coding",
        "plan lines.jsonl --usage-tier 2",
        "check",
        "report",
    ],
)
@pytest.mark.parametrize("view", ["json", "text"])
def test_a_report_from_sizes_is_that_from_the_requests(command: str, view: str, folders: tuple[Path, Path], run: Run) -> None:
    plain, sized = (run(*command.split(), "--format", view, "--as-of", "2026-11-23", cwd=folder) for folder in folders)
    assert len(plain.out) > 500
    assert (sized.code, sized.out) == (plain.code, plain.out)


def test_what_breaks_at_a_successor_is_known_but_for_the_line(folders: tuple[Path, Path], run: Run) -> None:
    """A group is in a line of the table, its requests were in lines of the log."""
    command = ["migrate", "ours", "--to", "gpt-4.1-mini", "--to", "gpt-6-luna", "--format", "json"]
    plain, sized = (
        re.sub(r'first ours(:\d+|\[\d+\])|"line": (\d+|null)|"index": \d+', "first", run(*command, cwd=folder).out)
        for folder in folders
    )
    assert "max_tokens in 179 of 179 requests, first: gpt-6-luna refuses it" in plain
    assert sized == plain


def test_the_order_of_rows_and_the_files_of_a_folder_change_nothing(folders: tuple[Path, Path], run: Run, tmp_path: Path) -> None:
    plain, sized = folders
    table = pq.read_table(sized / "requests")
    shuffled = table.take(random.Random(1).sample(range(table.num_rows), table.num_rows))
    (tmp_path / "parts").mkdir()
    for part in range(3):
        pq.write_table(shuffled.slice(part * 40, 40 if part < 2 else None), tmp_path / "parts" / f"part-{part}.parquet")
    expected = run("cost", "requests", "--format", "json", cwd=plain).out
    assert run("cost", "parts", "--format", "json").out == expected
    (tmp_path / "parts" / "_SUCCESS").touch()  # as Spark does
    (tmp_path / "parts" / ".part-0.parquet.crc").write_bytes(b"crc\0")
    marked = run("cost", "parts")
    assert marked.code == 0
    assert marked.out.startswith(run("cost", "requests", cwd=plain).out.split("\n")[0])
    assert "left out 2 (a mark of the engine that wrote the folder)" in " ".join(marked.out.split())
    lines = (folders[1] / "lines.jsonl").read_bytes()
    assert run("cost", "-", "--format", "json", stdin=lines).out == expected


@pytest.mark.parametrize("columns", ["gpt41", "gpt41.*"])
def test_requests_without_a_limit_are_read(columns: str, run: Run, tmp_path: Path) -> None:
    """A struct in Parquet is read without its nulls."""
    bodies = [chat(USER), chat(SYSTEM, USER), chat(USER, max_tokens=5)]
    write_lines(tmp_path / "plain" / "r", bodies)
    group(bodies, tmp_path / "sized" / "r", columns)
    plain, sized = (run("cost", "r", "--format", "json", cwd=tmp_path / folder) for folder in ("plain", "sized"))
    assert sized == plain
    assert plain.code == 0


def test_rejected_requests_are_left_out_and_counted(run: Run, tmp_path: Path) -> None:
    bad = ["{", '{"model": "gpt-x", "messages": []}', "{", *BODIES[1:5]]
    write_lines(tmp_path / "plain" / "r", bad[3:])
    (tmp_path / "plain" / "r").write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in bad))
    group(bad, tmp_path / "sized" / "r")
    plain, sized = (run("cost", "r", cwd=tmp_path / folder) for folder in ("plain", "sized"))
    assert (plain.code, sized.code) == (2, 2)
    assert "3 of 7 requests cannot be read" in plain.err
    assert "3 of 7 requests cannot be read" in sized.err
    plain, sized = (run("cost", "r", "--skip-invalid", "--format", "json", cwd=tmp_path / each) for each in ("plain", "sized"))
    plain_report, sized_report = json.loads(plain.out), json.loads(sized.out)
    assert sized_report.pop("findings") != plain_report.pop("findings")  # they name lines
    assert sized_report == plain_report


def test_check_refuses_a_table_with_requests_that_were_rejected(run: Run, tmp_path: Path) -> None:
    group(["{", "{", *BODIES[1:3]], tmp_path / "ours")
    (tmp_path / "gpt41.yaml").write_text(CONFIG % "ours")
    done = run("check")
    assert done.code == 2
    assert "(2 of 4 cannot be read)" in done.err


def test_a_table_in_parquet_isnt_taken_for_requests_in_one_of_its_columns(run: Run, tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist([SIZES]), tmp_path / "sizes.parquet")
    for command in ("count", "cost --each"):
        said = run(*command.split(), "sizes.parquet").err
        assert "gpt41 cost (without --each), recommend, plan, migrate, check and report read it" in said
        assert "--column" not in said


SIZES = {**SizeWriter(Meter(read_catalog(FROZEN))).make_row(read_request(BODIES[1])), "model": "gpt-4.1-mini", "alike": 5}


COLUMNS = "r:1: expected the columns of gpt41.sizes/1 as gpt41_cli.arrow.sizes makes them, found others"
NO_TEXT = "found a table of sizes, which stands for requests without their text; gpt41 cost (without --each), recommend, plan, mi"
OTHER_MODEL = (
    "r: expected sizes counted for gpt-4.1, found requests counted for gpt-6-luna, for which they count differently; make"
)


@pytest.mark.parametrize(
    ("command", "row", "expected"),
    [
        (
            "cost r",
            {"schema": "gpt41.sizes/2"},
            "r: expected a table of gpt41.sizes/1, found one of gpt41.sizes/2; make the table",
        ),
        ("cost r", {"counting": "gpt41 9.9 aa"}, f"r: expected sizes counted by {SIZES['counting']}, found sizes counted by gpt"),
        (
            "cost r",
            {"counted_for": "gpt-4.1"},
            "r: expected sizes counted for the model that each request names, found sizes cou",
        ),
        ("cost r", {"counted_for": "gpt-4.1"}, "; make the table with gpt41_cli.arrow.sizes()"),
        ("recommend r", {"model": "gpt-6-luna"}, OTHER_MODEL),
        ("recommend r", {"model": "gpt-6-luna"}, '; make the table with gpt41_cli.arrow.sizes(model="gpt-4.1")'),
        ("recommend r", {"model": None}, "r: expected sizes counted for gpt-4.1, found requests without a model; make the table"),
        ("cost r --model gpt-4.1", {"images": "64x64:auto"}, "found requests with pictures counted for gpt-4.1-mini, for which"),
        (
            "cost r",
            {"team": "a"},
            "r:1: expected one more column with how many requests are alike, found 2 more columns (alike, te",
        ),
        ("cost r", {"alike": "many"}, "r:1: expected how many requests are alike in alike, found text"),
        ("cost r", {"alike": 0}, "r:1: expected how many requests are alike in alike, found the number 0"),
        ("cost r", {"text_tokens": -1}, COLUMNS),
        ("cost r", {"answers": None}, COLUMNS),
        ("cost r", {"answers": 0}, COLUMNS),
        ("cost r", {"generation_tokens": "1,2"}, COLUMNS),
        ("cost r", {"generation_tokens": ""}, COLUMNS),
        ("cost r", {"images": "1024"}, COLUMNS),
        ("cost r", {"images": "-5x10:auto"}, COLUMNS),
        ("cost r", {"images": "5x-10:auto"}, COLUMNS),
        ("cost r", {"training": 1}, COLUMNS),
        (
            "cost r --cached simulate",
            {},
            "r: expected requests to replay, found a table of sizes, which doesn't say in which ord",
        ),
        ("cost r --each", {}, NO_TEXT),
        ("count r", {}, NO_TEXT),
        ("count r --each", {}, NO_TEXT),
        ("cache r", {}, NO_TEXT),
        ("batch r", {}, NO_TEXT),
        ("train r --model gpt-4.1", {}, NO_TEXT),
        ("reconcile r", {}, f"found none: r:1: expected an answer with its tokens, {NO_TEXT}"),
    ],
)
def test_a_table_that_can_not_stand_for_its_requests_is_refused(
    command: str, row: Body, expected: str, run: Run, tmp_path: Path
) -> None:
    write_lines(tmp_path / "r", [{**SIZES, **row}, {**SIZES, **row}])
    done = run(*command.split())
    assert done.code == 2, done
    assert expected in done.err
    assert done.out == ""


def test_a_table_without_a_number_of_requests_is_refused(run: Run, tmp_path: Path) -> None:
    write_lines(tmp_path / "r", [{name: value for name, value in SIZES.items() if name != "alike"}])
    hint = "found none; SELECT ..., count(*) ... GROUP BY ALL"
    assert hint in run("cost", "r").err


def test_a_table_with_another_line_is_refused_wherever_it_is(run: Run, tmp_path: Path) -> None:
    write_lines(tmp_path / "folder" / "a", [SIZES, {"schema": "gpt41.cost/1"}])
    assert "folder/a:2: expected a row of a table of sizes (gpt41.sizes/1), found another value" in run("cost", "folder").err
    (tmp_path / "folder" / "a").write_text(json.dumps(SIZES) + "\n{")
    assert "folder/a:2: expected JSON" in run("cost", "folder").err


def test_requests_without_a_model_are_of_the_default_model(run: Run, tmp_path: Path) -> None:
    """A table that was made for the default model says what its requests say; any other names the one to make."""
    bodies = [{name: value for name, value in body.items() if name != "model"} for body in BODIES if "messages" in body][:40]
    ours = [*bodies, {**bodies[0], "model": "gpt-4.1-mini-2025-04-14"}]
    config = (CONFIG % "ours").replace("model: gpt-4.1,", "")
    for folder in ("plain", "sized"):
        write_lines(tmp_path / folder / "ours", ours)
        (tmp_path / folder / "gpt41.yaml").write_text(config)
    group(ours, tmp_path / "sized" / "ours", model="gpt-4.1-mini")
    plain, sized = (run("check", cwd=tmp_path / folder) for folder in ("plain", "sized"))
    assert (sized.code, sized.out) == (plain.code, plain.out)
    group(bodies, tmp_path / "sized" / "ours")
    wanted = (
        "workloads.own.requests: ours: expected sizes counted for gpt-4.1-mini, found requests without a model; make the table"
    )
    done = run("check", cwd=tmp_path / "sized")
    assert (done.code, done.out) == (2, "")
    assert f'{wanted} with gpt41_cli.arrow.sizes(model="gpt-4.1-mini")' in done.err
    group([*bodies, {**bodies[0], "model": "gpt-4.1"}], tmp_path / "sized" / "ours", model="gpt-4.1-mini")
    done = run("check", cwd=tmp_path / "sized")
    assert "each request names, found a request for gpt-4.1 counted for gpt-4.1-mini; make the table" in done.err


def test_check_can_not_replay_sizes(run: Run, tmp_path: Path) -> None:
    write_lines(tmp_path / "ours", [SIZES])
    (tmp_path / "gpt41.yaml").write_text((CONFIG % "ours").replace("mode: standard", "mode: standard, cached: simulate"))
    assert "expected requests to replay, found a table of sizes" in run("check").err


def test_a_row_holds_all_that_was_measured() -> None:
    """Numbers may come as decimals or floats: some engines add up counts so."""
    meter = Meter(read_catalog(FROZEN))
    writer = SizeWriter(meter)
    (source,), _ = find_sources(["f"], None, lambda: pytest.fail("no standard input"))
    reader = SizeReader(meter, source)
    newer = {"model": "gpt-6-luna", "reasoning_effort": "low", "prediction": {"type": "content", "content": "ten words"}}
    for body in (
        *BODIES[:60],
        chat(USER, image_message(detail="low"), image_message(url="https://example.com/a.png")),
        {**chat(USER), **newer},
        {**chat(USER, metadata={"a": 1}, service_tier="flex"), "model": "gpt-5.6-luna", "temperature": 2},
    ):
        sent = read_request(body)
        line = json.dumps({"size": writer.make_row(sent), "n": 3.0}).encode()
        read, expected = reader.read(FileLine(1, line)), measure_request(meter, sent, names_mode=True)
        assert not isinstance(read.measured, RejectedRequest)
        assert not isinstance(read.entry, RejectedRequest)
        assert read.times == 3
        assert read.entry.parts == meter.count(sent).parts
        assert read.entry.parts[IMAGES] == meter.count(sent).parts[IMAGES]
        assert set(read.measured.doubts) == set(expected.doubts)
        assert set(read.measured.refusable_fields) == set(expected.refusable_fields)
        again = read.measured._replace(place=expected.place, doubts=expected.doubts)
        assert again._replace(refusable_fields=expected.refusable_fields) == expected


def test_the_digest_is_about_counting_and_not_about_prices(tmp_path: Path) -> None:
    table, digests = FROZEN.read_text(), []
    for old, new in (
        ("", ""),
        ("input: 2.00, cached_input: 0.50", "input: 2.50, cached_input: 0.50"),
        ("confirmed: true", "confirmed: false"),
    ):
        assert old in table
        (tmp_path / "p.yaml").write_text(table.replace(old, new, 1) if old else table)
        digests.append(describe_counting(read_catalog(tmp_path / "p.yaml")))
    assert digests[0] == digests[1] != digests[2]


def test_a_reader_of_another_model_looks_at_each_model_once(catalog: Catalog) -> None:
    (source,), _ = find_sources(["f"], None, lambda: pytest.fail("no standard input"))
    reader = SizeReader(Meter(catalog, "gpt-4.1"), source)
    rows = [{**SIZES, "model": "gpt-4.1-mini"}, {**SIZES, "model": "gpt-4.1-mini"}]
    assert [reader.read(FileLine(1, json.dumps(row).encode())).times for row in rows] == [5, 5]
    with pytest.raises(UnusableSizes):
        reader.read(FileLine(1, b"7"))


@pytest.mark.parametrize(
    ("row", "model", "fallback", "expected"),
    [
        (
            {"model": None},
            None,
            "gpt-4.1",
            'found requests without a model; make the table with gpt41_cli.arrow.sizes(model="gpt',
        ),
        (
            {"counted_for": "gpt-4.1"},
            None,
            "gpt-4.1",
            "found a request for gpt-4.1-mini counted for gpt-4.1; make the table with",
        ),
        (
            {"counted_for": "gpt-4.1"},
            "gpt-4.1-mini",
            "gpt-4.1",
            "expected sizes counted for gpt-4.1-mini, found sizes counted for",
        ),
        ({"generation_tokens": "1"}, None, None, "expected the columns of gpt41.sizes/1"),
        ({"images": "0x5:auto"}, None, None, "expected the columns of gpt41.sizes/1"),
        ({"answers": 0}, None, None, "expected the columns of gpt41.sizes/1"),
        ({"training": 1}, None, None, "expected the columns of gpt41.sizes/1"),
        ({"schema": "gpt41.sizes/2"}, None, None, "found one of gpt41.sizes/2"),
        ({"counting": "0"}, None, None, "found sizes counted by 0"),
        ({"team": "a"}, None, None, "found 2 more columns (alike, team)"),
        ({"alike": True}, None, None, "expected how many requests are alike in alike"),
    ],
)
def test_a_reader_refuses_rows_that_it_can_not_use(
    row: Body, model: str | None, fallback: str | None, expected: str, catalog: Catalog
) -> None:
    (source,), _ = find_sources(["f"], None, lambda: pytest.fail("no standard input"))
    reader = SizeReader(Meter(catalog, model), source, fallback)
    with pytest.raises(UnusableSizes, match=re.escape(expected)):
        reader.read(FileLine(1, json.dumps({**SIZES, **row}).encode()))


def test_a_reader_fills_in_the_model_that_rows_were_counted_for(catalog: Catalog) -> None:
    (source,), _ = find_sources(["f"], None, lambda: pytest.fail("no standard input"))
    reader = SizeReader(Meter(catalog), source, "gpt-4.1")
    for row, expected in (
        ({"counted_for": "gpt-4.1", "model": None}, "gpt-4.1"),
        ({"counted_for": "gpt-4.1", "model": "gpt-4.1-2025-04-14"}, "gpt-4.1"),
        ({}, "gpt-4.1-mini"),
    ):
        measured = reader.read(FileLine(1, json.dumps({**SIZES, **row}).encode())).measured
        assert not isinstance(measured, RejectedRequest)
        assert measured.group.model == expected


def test_a_table_that_shrinks_while_it_is_read_is_said(catalog: Catalog) -> None:
    def shrink() -> Iterator[LineBlock]:
        yield LineBlock(1, json.dumps(SIZES).encode())
        raise FileShrunk

    found = RequestInput(LineChunks(shrink(), "utf-8", has_byte_order_mark=False), holds_sizes=True)
    (source,), _ = find_sources(["f"], None, lambda: pytest.fail("no standard input"))
    with pytest.raises(InputError, match="f: expected a file that stays as it is while it is read"):
        list(measure_sizes(source, found, ReadingOptions(None, 1), Meter(catalog), add_up_sizes))


def test_a_line_that_only_mentions_a_table_is_not_a_row_of_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("About gpt41.sizes/1\n{}\n")
    assert "a.jsonl:1: expected JSON" in run("batch", "a.jsonl", "--as-of", "2026-11-23").out
