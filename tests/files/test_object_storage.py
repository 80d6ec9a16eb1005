"""Objects behind addresses are read as files are, and a server that fails ends in one sentence."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gpt41_cli.errors import InputError
from gpt41_cli.files import object_storage
from gpt41_cli.files.parquet import open_lines
from gpt41_cli.files.sources import InputSource, Unreadable, find_duplicate_files, find_sources, sum_known_bytes
from tests.builders import chat
from tests.conftest import Run
from tests.s3_server import serve_objects

BODIES = [json.dumps(chat({"role": "user", "content": "word " * length})) for length in range(1, 301)]
LINES = "".join(f"{body}\n" for body in BODIES).encode()
USAGE = b"model,date,input_tokens,output_tokens\ngpt-4.1,2026-11-01,1000,100\ngpt-4.1-mini,2026-11-02,2000,200\n"
UNREAD = "expected an object that can be read, found: AWS Error"
MISSING = "expected an object or a folder, found nothing of that name"


def write_parquet() -> bytes:
    data = io.BytesIO()
    pq.write_table(pa.table({"team": ["a"] * len(BODIES), "request": BODIES}), data, row_group_size=100)
    return data.getvalue()


OBJECTS = {
    "logs/calls.jsonl": LINES,
    "logs/calls.jsonl.gz": gzip.compress(LINES),
    "logs/calls.parquet": write_parquet(),
    "logs/usage.csv": USAGE,
    "logs/bad.jsonl": LINES[:1000] + b"\n{\n",
    "logs/month/day=1/part-0.parquet": write_parquet(),
    "logs/month/day=2/part-0.jsonl.gz": gzip.compress(LINES),
    "logs/month/_SUCCESS": b"",
    "logs/empty/": b"",
    "logs/done/_SUCCESS": b"",
    "logs/mixed/a.jsonl": LINES,
    "logs/mixed/b.gif": gzip.compress(b"GIF89a\0\0\0"),
    "logs/tables/delta/_delta_log/00000000000000000000.json": b"{}\n",
    "logs/tables/delta/part-0.parquet": b"",
    "logs/tables/plain.jsonl": LINES,
    "broken/calls.jsonl": LINES,
    "broken/calls.parquet": write_parquet(),
    "broken/some/a.jsonl": LINES,
    "broken/some/b.jsonl": b"",
}


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[str, list[str]]]:
    with serve_objects(OBJECTS) as (address, seen):
        yield address, seen


@pytest.fixture(autouse=True)
def requests_seen(server: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Point the environment to the server; return the requests that it gets."""
    address, seen = server
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.setenv(name, "test")
    seen.clear()
    return seen


@pytest.mark.parametrize(
    ("command", "name", "content"),
    [
        ("cost", "calls.jsonl.gz", LINES),
        ("recommend", "calls.parquet", LINES),
        ("reconcile", "usage.csv", USAGE),
    ],
)
def test_an_object_gives_what_its_file_gives(command: str, name: str, content: bytes, run: Run, tmp_path: Path) -> None:
    local = name.removesuffix(".gz").replace(".parquet", ".jsonl")
    (tmp_path / local).write_bytes(content)
    found, expected = (run(command, path, "--format", "json") for path in (f"s3://logs/{name}", local))
    assert expected.out
    assert found == (expected.code, expected.out.replace(f'"{local}', f'"s3://logs/{name}'), expected.err)


def test_a_folder_is_all_that_is_below_it(run: Run) -> None:
    once = run("count", "s3://logs/calls.jsonl", "-q").out
    done = run("count", "s3://logs/month/", "-q")
    assert (done.code, int(done.out)) == (0, 2 * int(once))
    assert done.err == "gpt41: left out s3://logs/month/_SUCCESS: a name that begins with . or _\n"
    mixed = run("count", "s3://logs/mixed").out
    assert mixed.startswith(f"{int(once):,} tokens in 300 requests")
    assert "left out  1 (binary): s3://logs/mixed/b.gif" in mixed


def test_a_table_with_deleted_rows_is_left_out() -> None:
    (source,), (skipped,) = object_storage.list_objects("s3://logs/tables")
    assert (source.name, skipped.path) == ("s3://logs/tables/plain.jsonl", "s3://logs/tables/delta/")
    assert skipped.is_unreadable
    assert skipped.reason.startswith("a table of Delta Lake, ")


def test_a_place_is_the_address_and_the_line(run: Run, tmp_path: Path) -> None:
    done = run("count", "s3://logs/bad.jsonl")
    assert done.code == 2
    assert "gpt41: s3://logs/bad.jsonl:12: expected JSON" in done.err
    shown = run("count", "s3://logs/bad.jsonl", "--skip-invalid", "--format", "sarif", "--output", "github=annotations").out
    assert '"uri": "s3://logs/bad.jsonl"' in shown
    assert "file=s3%3A//logs/bad.jsonl,line=12" in (tmp_path / "annotations").read_text()


def read_all(url: str) -> None:
    (source,), _ = find_sources([url], None, io.BytesIO)
    with open_lines(source) as stream:
        stream.read()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (
            "s3://private/a",
            f"{UNREAD} ACCESS_DENIED during HeadObject operation; credentials come from the environment, such as AWS_PROF",
        ),
        ("s3://logs/none.jsonl", "expected an object or a folder, found nothing of that name"),
        ("s3://none/calls.jsonl", "expected an object or a folder, found nothing of that name"),
        (
            "s3://logs/*.jsonl",
            "expected an object or a folder, found nothing of that name; name the folder: there are no wildcards",
        ),
        ("s3://logs/empty", "expected a folder with text, found nothing"),
        (
            "s3://logs/done",
            "expected a folder with text, found only what is left out (s3://logs/done/_SUCCESS: a name that",
        ),
        ("s3://logs/a b", "expected an object that can be read, found: Cannot parse URI: 's3://logs/a b' due to syntax error"),
        (
            "s3://broken/calls.jsonl",
            f"{UNREAD} NETWORK_CONNECTION during GetObject operation",
        ),
        (
            "s3://broken/calls.parquet",
            f"{UNREAD} NETWORK_CONNECTION during GetObject operation",
        ),
    ],
)
def test_a_failure_is_one_sentence(url: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_storage, "_ATTEMPTS", 1)
    with pytest.raises(InputError) as raised:
        read_all(url)
    assert str(raised.value).startswith(f"{url}: {message}")
    assert "\n" not in str(raised.value)


def test_a_run_without_permission_fails(run: Run) -> None:
    done = run("cost", "s3://private/calls.jsonl")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert done.err.startswith(
        "gpt41: s3://private/calls.jsonl: expected an object that can be read, found: AWS Error ACCESS_DENIED"
    )


def test_a_run_on_an_object_that_ends_half_way_fails(run: Run) -> None:
    done = run("recommend", "s3://broken/calls.jsonl")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert "AWS Error NETWORK_CONNECTION" in done.err


def test_an_object_of_a_folder_that_ends_half_way_makes_the_answer_at_least(run: Run) -> None:
    done = run("count", "s3://broken/some")
    assert done.code == 1
    assert done.out.startswith("at least ")
    assert "s3://broken/some/a.jsonl cannot be read, and what is in it is missing: AWS Error NETWORK_CONNECTION" in done.out


def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch, requests_seen: list[str]) -> None:
    monkeypatch.setattr(object_storage, "_ATTEMPTS", 1)
    with pytest.raises(
        Unreadable, match=r"s3://silent/x: .* (Less than 1 bytes/sec transferred the last 3 seconds|Timeout was reached)"
    ):
        object_storage.list_objects("s3://silent/x")
    assert requests_seen == ["HEAD /silent/x"]


@pytest.mark.parametrize("url", ["s3://", "s3:///", "s3:///calls.jsonl", "gs://"])
def test_an_address_without_a_bucket_is_refused(url: str, run: Run, requests_seen: list[str]) -> None:
    """It would be all buckets."""
    scheme = url[:5]  # gs:// and s3://
    done = run("count", url)
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"gpt41: {scheme}: expected an address of a bucket and a key, found one without a bucket; is a variable in it empty?\n"
    )
    with pytest.raises(InputError, match=f"^{scheme}: expected an address of a bucket and a key"):
        object_storage.list_objects(url)
    assert not requests_seen


def test_secrets_in_an_address_are_refused_and_not_repeated(run: Run, requests_seen: list[str]) -> None:
    done = run("count", "s3://key:secret@logs/calls.jsonl")
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        "gpt41: s3://: expected an address of a bucket and a key, found one with a password or a query; credentials and endpoints"
        " come from the environment\n"
    )
    with pytest.raises(InputError, match="^s3://: expected an address"):
        object_storage.list_objects("s3://logs/calls.jsonl?secret")
    assert not requests_seen
    assert run("cost", "--input-tokens", "1", "--output", "s3://logs/a.json").err == (
        'gpt41: --output: expected a file on this machine, found "s3://logs/a.json"\n'
    )


@pytest.mark.parametrize(
    ("url", "error", "hint"),
    [
        ("gs://logs/a", OSError("google::cloud::Status(PERMISSION_DENIED: Permanent error)"), "GOOGLE_APPLICATION_CREDENTIALS"),
        ("abfss://logs@team/a", pa.ArrowException("Unknown error: AuthenticationExceptionE: no\nSee"), "AZURE_CLIENT_ID"),
        ("gs://logs/a", OSError("google::cloud::Status(UNAVAILABLE)"), ""),
    ],
)
def test_other_clouds_say_which_credentials_they_take(
    url: str, error: Exception, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class FileSystem:
        @classmethod
        def from_uri(cls, url: str) -> tuple[object, str]:
            asked.append(url)
            return cls, "logs/a"

        @staticmethod
        def get_file_info(_: str) -> None:
            raise error

    monkeypatch.setattr("pyarrow.fs.FileSystem", FileSystem)
    with pytest.raises(Unreadable) as raised:
        object_storage.list_objects(url)
    assert raised.value.hint == (f"credentials come from the environment, such as {hint}" if hint else "")
    assert asked == [f"{url}?retry_limit_seconds=10" if url.startswith("gs") else url]


def test_an_object_that_was_deleted_meanwhile_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    (source,), _ = object_storage.list_objects("s3://logs/calls.jsonl")
    monkeypatch.delitem(OBJECTS, "logs/calls.jsonl")
    with pytest.raises(Unreadable, match="s3://logs/calls.jsonl: expected an object or a folder, found nothing of that name"):
        source.open()


def test_sizes_are_known_and_copies_are_found() -> None:
    (first,), _ = object_storage.list_objects("s3://logs/calls.jsonl")
    second = first._replace(name="s3://logs/copy.jsonl")
    assert sum_known_bytes([first, InputSource("none", first.open)]) == len(LINES)
    assert find_duplicate_files([first, second]) == {second.name: first}


def test_google_is_asked_for_a_limited_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUD_STORAGE_EMULATOR_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setattr(object_storage, "_RETRY_SECONDS", 1)
    with pytest.raises(Unreadable, match=r"UNAVAILABLE: Retry policy exhausted, .*(Could not|Couldn't) connect to server"):
        object_storage.list_objects("gs://anonymous@logs/a")


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError) as raised:
        object_storage.list_objects("s3://logs/calls.jsonl")
    assert str(raised.value) == (
        "s3://logs/calls.jsonl: expected pyarrow, which reads such addresses, found none; pip install 'gpt41[arrow]'"
    )
