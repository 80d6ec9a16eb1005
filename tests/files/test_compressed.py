"""Compressed input: the same answer as for its content, for every command, and a name for whatever is wrong with it."""

from __future__ import annotations

import gzip
import io
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.errors import InputError
from gpt41_cli.files import compressed
from gpt41_cli.files.text import CHUNK_BYTES
from gpt41_cli.requests.recognise import recognise_input
from tests.conftest import ROOT, Run

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BATCH = (ROOT / "tests" / "data" / "batch.jsonl").read_bytes()
WITH_CHECKSUM: dict[int, int] = {zstd.CompressionParameter.checksum_flag: 1}  # as the command writes it
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": lambda data: zstd.compress(data, options=WITH_CHECKSUM),
}
KINDS = pytest.mark.parametrize("kind", PACK)


def content(data: bytes, piece: int = CHUNK_BYTES) -> bytes:
    head, rest = compressed.decompress_if_needed(
        (data[start : start + piece] for start in range(0, len(data), piece)), "x.jsonl.gz"
    )
    return head + b"".join(rest)


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=4), st.sampled_from(sorted(PACK)), st.integers(4, 30))
def test_members_one_after_the_other_are_one_content(parts: list[bytes], kind: str, piece: int) -> None:
    assert content(b"".join(map(PACK[kind], parts)), piece) == b"".join(parts)


@KINDS
def test_every_command_reads_it_by_its_content_and_not_by_its_name(run: Run, tmp_path: Path, kind: str) -> None:
    (tmp_path / "batch.jsonl").write_bytes(BATCH)
    (tmp_path / "packed").write_bytes(PACK[kind](BATCH))
    for command in (["count"], ["cost"], ["cost", "--each"], ["recommend"], ["count", "--as", "text"]):
        expected = run(*command, "batch.jsonl", "-q")
        assert expected.code == 0
        assert run(*command, "packed", "-q") == run(*command, "-", "-q", stdin=PACK[kind](BATCH)) == expected
    assert run("count", "packed").out == run("count", "batch.jsonl").out.replace("batch.jsonl", "packed")
    photo = PACK[kind]((ROOT / "tests" / "data" / "photo.png").read_bytes())
    assert run("count", "-", "--model", "gpt-4.1-mini", "-q", stdin=photo).out == "181\n"


@KINDS
def test_it_is_left_out_of_a_folder_as_what_it_is(run: Run, tmp_path: Path, kind: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("one two")
    (tmp_path / "in" / "b").write_bytes(PACK[kind](BATCH))
    for arguments in ([], ["--as", "text"]):
        assert "1 (binary): in/b" in run("count", "in", *arguments).out


@KINDS
def test_what_is_wrong_with_it_is_an_error_with_its_name(run: Run, tmp_path: Path, kind: str) -> None:
    packed = PACK[kind](BATCH)
    for data, found in (
        (packed[:-5], "is cut off\n"),
        (packed[:200], "is cut off\n"),
        (packed + b"and more", "is damaged, or followed by something else: "),
        (packed[:300] + bytes(reversed(packed[300:400])) + packed[400:], "is damaged, or followed by something else: "),
    ):
        (tmp_path / "x.jsonl.gz").write_bytes(data)
        for command in ("count", "cost"):
            done = run(command, "x.jsonl.gz")
            assert (done.code, done.out) == (2, "")
            assert done.err.startswith(f"gpt41: x.jsonl.gz: expected a whole {kind} file, found one that {found}"), done.err
    assert run("count", "-", stdin=packed[:-5]).err.startswith(f"gpt41: standard input: expected a whole {kind} file")


@KINDS
def test_it_is_read_piece_by_piece(kind: str) -> None:
    """Far more than a chunk is neither read ahead nor held."""
    packed = PACK[kind](random.Random(41).randbytes(CHUNK_BYTES * 4).hex().encode())
    read = 0

    def pieces() -> Iterator[bytes]:
        nonlocal read
        for start in range(0, len(packed), 500):
            read += 500
            yield packed[start : start + 500]

    head, rest = compressed.decompress_if_needed(pieces(), "x")
    assert (len(head), read < len(packed) / 2) == (CHUNK_BYTES, True)
    assert [len(chunk) for chunk in rest] == [CHUNK_BYTES] * 7


@KINDS
def test_a_bomb_is_refused_before_it_costs_anything(kind: str) -> None:
    bomb = PACK[kind](b"\0" * (CHUNK_BYTES * 70))
    with pytest.raises(
        InputError, match=f"x.jsonl.gz: expected a {kind} file of text or requests, found one that expands more than"
    ):
        content(bomb)
    assert content(PACK[kind](b"\0" * CHUNK_BYTES * 60)) == b"\0" * CHUNK_BYTES * 60


def test_a_line_that_never_ends_is_held_no_further_than_it_takes_to_refuse_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(io.BytesIO):
        def __init__(self) -> None:
            super().__init__()
            self.pieces = 0

        def read(self, size: int | None = -1) -> bytes:
            self.pieces += 1
            return b"0" * 1_000 if self.pieces > 1 else b'{"custom_id": "'

    monkeypatch.setattr("gpt41_cli.files.documents.MAX_DOCUMENT_BYTES", 100_000)
    stream = Endless()
    recognise_input(stream, "f")
    assert stream.pieces < 200
