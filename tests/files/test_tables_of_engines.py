"""What engines write next to Parquet, and how other tools spell addresses."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.parquet import encryption

from gpt41_cli.errors import InputError
from gpt41_cli.files.parquet import open_lines
from gpt41_cli.files.sources import InputSource, Unreadable, find_sources
from gpt41_cli.files.trees import find_tables
from tests.builders import USER, chat, commit_all, git
from tests.conftest import Run

LINE = json.dumps(chat(USER))


def write_table(path: Path, rows: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"request": [LINE] * rows}), path)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["_delta_log/00000000000000000000.json", "part-0.parquet"], {"": "Delta Lake"}),
        (["a/b/_delta_log/00000000000000000012.json", "c.parquet"], {"a/b/": "Delta Lake"}),
        (["metadata/00001-x.metadata.json", "data/a.parquet"], {"": "Iceberg"}),
        (["t/.hoodie/hoodie.properties", "t/a.parquet"], {"t/": "Hudi"}),
        (["metadata/notes.json", "_delta_log.json", "my_delta_log/0.json", "a.hoodie/x"], {}),
    ],
    ids=["Delta", "Delta below", "Iceberg", "Hudi", "none"],
)
def test_tables_with_deleted_rows_are_found_by_their_files(names: Sequence[str], found: dict[str, str]) -> None:
    tables = find_tables(names)
    assert tables.keys() == found.keys()
    for name, kind in found.items():
        assert tables[name] == (
            f"a table of {kind}, whose files may hold deleted rows: write its current rows to Parquet, and name that"
        )


def test_a_table_with_deleted_rows_is_not_counted(run: Run, tmp_path: Path) -> None:
    write_table(tmp_path / "all/calls/part-0.parquet", 2)
    write_table(tmp_path / "all/calls/team=a/part-1.parquet", 2)
    (tmp_path / "all/calls/_delta_log").mkdir()
    (tmp_path / "all/calls/_delta_log/00000000000000000000.json").write_text("{}\n")
    done = run("count", "all/calls")
    assert (done.code, done.out) == (2, "")
    assert "only what is left out (all/calls/: a table of Delta Lake, whose files may hold deleted rows: " in done.err
    write_table(tmp_path / "all/b.parquet", 1)
    done = run("count", "all")
    assert done.code == 1
    assert done.out.startswith("at least 14 tokens in 1 request")
    assert "all/calls/" in done.out
    (tmp_path / "gpt41.yaml").write_text("version: 1\nworkloads:\n  a: {requests: all/calls/, model: gpt-4.1}\n")
    assert "a table of Delta Lake" in run("check").err


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ("s3a://bucket/calls/", "s3://bucket/calls/"),
        ("s3n://bucket/calls", "s3://bucket/calls"),
        ("S3://bucket/calls", "s3://bucket/calls"),
        ("gcs://bucket/calls", "gs://bucket/calls"),
        ("wasbs://box@acme.blob.core.windows.net/calls", "abfss://box@acme.dfs.core.windows.net/calls"),
        ("https://acme.blob.core.windows.net/box/calls/a.parquet", "abfss://box@acme.dfs.core.windows.net/calls/a.parquet"),
        ("https://acme.dfs.core.windows.net/box", "abfss://box@acme.dfs.core.windows.net/"),
        ("az://box/calls", "abfss://CONTAINER@ACCOUNT.dfs.core.windows.net/PATH"),
        ("https://s3.eu-west-1.amazonaws.com/bucket/calls", "s3://bucket/calls"),
        ("https://bucket.s3.amazonaws.com/calls", "s3://bucket/calls"),
        ("https://storage.googleapis.com/bucket/calls", "gs://bucket/calls"),
        ("file:///calls.parquet", "/calls.parquet"),
    ],
)
def test_an_address_in_another_spelling_is_answered_with_ours(given: str, known: str) -> None:
    with pytest.raises(InputError) as raised:
        find_sources([given], None, lambda: pytest.fail("nothing is read"))
    expected = "expected a file, or an address that begins with s3://, gs:// or abfss://"
    assert str(raised.value) == f"{given}: {expected}; write {known}"


def test_an_address_that_is_not_read_is_refused_without_its_query(run: Run, tmp_path: Path) -> None:
    done = run("cost", "https://example.com/a.jsonl?sig=secret")
    expected = "expected a file, or an address that begins with s3://, gs:// or abfss://; copy it to this machine first"
    assert done == (2, "", f"gpt41: https://example.com/a.jsonl: {expected}\n")
    (tmp_path / "gpt41.yaml").write_text("version: 1\nworkloads:\n  a: {requests: 's3://bucket/calls', model: gpt-4.1}\n")
    assert 'workloads.a.requests: "s3://bucket/calls": expected a path that counts from the folder' in run("check").err


@pytest.mark.parametrize("command", ["batch", "train"])
def test_a_file_to_upload_is_written_from_parquet_first(command: str, run: Run, tmp_path: Path) -> None:
    write_table(tmp_path / "calls.parquet", 1)
    done = run(command, "calls.parquet")
    assert (done.code, done.out) == (2, "")
    assert "calls.parquet: expected JSON Lines, found a Parquet file; DuckDB writes its rows as JSON Lines: COPY (" in done.err


def write_config(folder: Path, workload: str) -> None:
    (folder / "gpt41.yaml").write_text(f"version: 1\nworkloads:\n  a: {{{workload}, volume: 1000 / month}}\n")


def test_gpt41_yaml_names_the_column_of_a_table(run: Run, tmp_path: Path) -> None:
    other = json.dumps(chat({"role": "user", "content": "Hi"}))
    for name, columns in {"calls": {"sent": [LINE] * 3, "retry": [other] * 3}, "plain": {"request": [LINE] * 3}}.items():
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")
    write_config(tmp_path, "requests: plain.parquet")
    (expected,) = json.loads(run("check", "--format", "json").out)["workloads"]
    git(tmp_path, "init", "-qb", "main")
    commit_all(tmp_path)
    write_config(tmp_path, "requests: calls.parquet, column: sent")
    (found,) = json.loads(run("check", "--format", "json").out.replace("calls.parquet", "plain.parquet"))["workloads"]
    assert found == expected
    commit_all(tmp_path)
    assert run("diff", "HEAD~1", "HEAD").out.startswith("no change from HEAD~1 ")
    write_config(tmp_path, "requests: calls.parquet")
    assert "column in gpt41.yaml) says which of its columns has the requests" in run("check").err


@pytest.mark.parametrize(
    ("workload", "message"),
    [
        (
            "requests: calls.parquet, column: snet",
            'workloads.a.requests: calls.parquet: expected the column "snet", found only sent',
        ),
        (
            "input_tokens: 5, column: sent",
            "workloads.a.column: expected requests with it, the tables that have this column, found none",
        ),
        ("requests: calls.parquet, columns: sent", 'workloads.a.columns: unknown key "columns"; write column: request'),
    ],
)
def test_a_column_of_gpt41_yaml_that_is_wrong_is_an_error(workload: str, message: str, run: Run, tmp_path: Path) -> None:
    pq.write_table(pa.table({"sent": [LINE]}), tmp_path / "calls.parquet")
    write_config(tmp_path, workload)
    done = run("check")
    assert done.code == 2
    assert message in done.err


def test_fields_that_a_struct_adds_are_left_out(run: Run, tmp_path: Path) -> None:
    """All rows of a column of structs have the same fields: those that a request lacks are null in it."""
    schemas = [{"type": "object", "properties": {name: {"type": "string"}}} for name in ("city", "zip")]
    tools = [[{"type": "function", "function": {"name": "find", "parameters": schema}}] for schema in schemas]
    bodies = [*(chat(USER, tools=each) for each in tools), chat(USER, temperature=1)]
    for name, column in {"structs": pa.array(bodies), "texts": [json.dumps(body) for body in bodies]}.items():
        pq.write_table(pa.table({"request": column}), tmp_path / f"{name}.parquet")
    found, expected = (run("count", f"{name}.parquet", "--each", "--format", "jsonl") for name in ("structs", "texts"))
    assert found.code == expected.code == 0
    assert found.out.replace("structs", "texts") == expected.out


def test_answers_are_grouped_by_a_key_of_a_map(run: Run, tmp_path: Path) -> None:
    tags = pa.array([[("team", "a")], [("team", "b"), ("env", "test")], []], pa.map_(pa.string(), pa.string()))
    columns = {"model": ["gpt-4.1"] * 3, "input_tokens": [1, 2, 4], "output_tokens": [1] * 3}
    pq.write_table(pa.table({"tags": tags, **columns}), tmp_path / "log.parquet")
    rows = json.loads(run("reconcile", "log.parquet", "--by", "tags.team", "--format", "json").out)["groups"]["rows"]
    assert {row["tags.team"]: row["input_tokens"] for row in rows} == {"a": 1, "b": 2, None: 4}


def keep_key(client: object, key: bytes, name: str) -> bytes:
    return base64.b64encode(key)


@pytest.mark.parametrize("has_plain_footer", [True, False])
def test_an_encrypted_file_is_named(has_plain_footer: bool, tmp_path: Path) -> None:
    settings = encryption.EncryptionConfiguration("footer", column_keys={"own": ["request"]}, plaintext_footer=has_plain_footer)
    keys = type("Keys", (encryption.KmsClient,), {"wrap_key": keep_key})
    made = encryption.CryptoFactory(lambda _: keys()).file_encryption_properties(encryption.KmsConnectionConfig(), settings)
    pq.write_table(pa.table({"request": [LINE]}), tmp_path / "calls.parquet", encryption_properties=made)
    source = InputSource("calls.parquet", lambda: (tmp_path / "calls.parquet").open("rb"))
    with pytest.raises(Unreadable, match="expected a Parquet file, found an encrypted one; write it without"), open_lines(source):
        pass
