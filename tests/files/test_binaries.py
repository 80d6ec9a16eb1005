"""Binary files: each format is named with what to do, and a picture that moves is a warning."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from gpt41_cli.files.pictures import is_animated
from tests.conftest import Run


def zipped(*names: str) -> bytes:
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, "w") as archive:
            for name in names:
                archive.writestr(name, b"\xff")
        return file.getvalue()


FORMATS = {
    "a PDF": b"%PDF-1.4\nplain words\n",
    "a picture in BMP": b"BM\xc4\0\0\0",
    "a picture in TIFF": b"II*\0\x08\0\0\0\xff",
    "a picture in AVIF": b"\0\0\0\x18ftypavif\0\0\0\0",
    "a picture in HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic\xff",
    "a document of an older Microsoft Office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0",
    "a Parquet file": b"PAR1\x15\0\xff",
    "a SQLite database": b"SQLite format 3\0\x10",
    "a Word document (DOCX)": zipped("[Content_Types].xml", "word/document.xml"),
    "an Excel workbook (XLSX)": zipped("xl/workbook.xml"),
    "a PowerPoint presentation (PPTX)": zipped("ppt/presentation.xml"),
    "a ZIP archive": zipped("a.txt"),
}


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "a Parquet file"])
def test_a_binary_file_is_named_by_its_first_bytes(name: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(FORMATS[name])
    for command in (("count", "f"), ("cost", "f", "--output-tokens", "9"), ("recommend", "f", "--output-tokens", "9")):
        done = run(*command)
        assert (done.code, done.out) == (2, "")
        assert f"gpt41: f: expected text, requests or a picture (PNG, JPEG, WebP or GIF), found {name}; " in done.err


@pytest.mark.parametrize("command", ["batch", "train"])
def test_a_file_to_upload_that_is_binary_is_one_error_and_not_one_per_line(command: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(FORMATS["a SQLite database"] + b"\n\xff\n")
    done = run(command, "f")
    advice = "export what you mean to send as text, JSON Lines or CSV"
    assert done == (2, "", f"gpt41: f: expected JSON Lines, found a SQLite database; {advice}\n")


@pytest.mark.parametrize("command", ["count", "cost", "recommend", "cache", "migrate"])
def test_zeros_are_a_binary_file(command: str, run: Run) -> None:
    done = run(command, stdin=b"\0" * 9_000)
    found = "expected text, requests or a picture, found a binary file, which has NUL bytes at its beginning"
    assert (done.code, done.err) == (2, f"gpt41: standard input: {found}; --as text counts it all the same\n")


def test_other_binaries_and_texts_that_begin_alike_are_as_before(run: Run, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\x7fELF\xff")
    assert "which isn't UTF-8" in run("count", "f").err
    (tmp_path / "f").write_text("BMW and PKW are words.")
    assert run("count", "f").out.startswith("7 tokens in 1 text\n")


def gif(pictures: int, *, loops: bool = False, has_colors: bool = False) -> bytes:
    head = b"GIF89a\x10\0\x10\0" + (b"\x80\0\0" + bytes(6) if has_colors else b"\0\0\0")
    loop = b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0" if loops else b"\x21\xf9\x04\0\0\0\0\0"
    flags, colors = (b"\x80", bytes(6)) if has_colors else (b"\0", b"")
    return head + loop + (b"\x2c\0\0\0\0\x10\0\x10\0" + flags + colors + b"\x02\x01\0\0") * pictures + b"\x3b"


def webp(flags: int) -> bytes:
    return b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0" + bytes([flags, 0, 0, 0, 15, 0, 0, 15, 0, 0])


def test_pictures_that_move_are_found_in_their_blocks() -> None:
    assert is_animated(gif(2))
    assert is_animated(gif(2, has_colors=True))
    assert is_animated(gif(1, loops=True))
    assert is_animated(webp(2))
    assert not is_animated(gif(1))
    assert not is_animated(gif(1, has_colors=True))
    assert not is_animated(gif(2)[:33])
    assert not is_animated(webp(16))
    assert not is_animated(b"\x89PNG\r\n\x1a\n")


def test_a_picture_that_moves_is_a_doubt_and_many_pictures_are_one_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "moving.gif").write_bytes(gif(2))
    for name in ("p1.gif", "p2.gif", "p3.gif"):
        (tmp_path / name).write_bytes(gif(1))
    alone = run("count", "moving.gif", "--model", "gpt-4.1-mini", "--format", "json")
    assert [each["rule"] for each in json.loads(alone.out)["pictures"][0]["assumptions"]].count("image-animated") == 1
    assert "moving.gif: this picture is animated" in run("count", "moving.gif", "--model", "gpt-4.1-mini").out
    many = run("count", "p1.gif", "p2.gif", "p3.gif", "--model", "gpt-4.1-mini").out
    assert many.count("in 3 pictures, first p1.gif: ") == 1
    assert "p2.gif: " not in many
    assert "animated" not in many
