"""What an input is, told from its content: nothing that is a request is counted as text, nothing else as a request."""

from __future__ import annotations

import io
import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gpt41_cli.errors import InputError
from gpt41_cli.files import documents
from gpt41_cli.files.documents import LineChunks
from gpt41_cli.files.fields import BadBody
from gpt41_cli.files.sources import InputSource, open_file
from gpt41_cli.requests import readers
from gpt41_cli.requests.inputs import PictureInput, RecognisedInput, RequestInput, TextInput, list_items, read_item
from gpt41_cli.requests.recognise import recognise_input
from gpt41_cli.requests.request import CHAT_ENDPOINT, RESPONSES_ENDPOINT
from gpt41_cli.work.stream import ReadingOptions, map_chunks, open_input
from tests.builders import USER, chat, png, responses

BATCH = {"custom_id": "a", "method": "POST", "url": CHAT_ENDPOINT, "body": chat(USER)}
TRAINING = {"messages": [USER, {"role": "assistant", "content": "Noon."}]}


def recognised(data: bytes | str, kind: str | None = None, *, is_listed: bool = False) -> RecognisedInput:
    return recognise_input(io.BytesIO(data.encode() if isinstance(data, str) else data), "f", kind, is_listed=is_listed)


def sent(data: bytes | str, kind: str | None = None) -> list[readers.ParsedRequest]:
    found = recognised(data, kind)
    assert isinstance(found, RequestInput)
    return [read_item(item, kind, item.locate("f")) for chunk in found.chunks for item in list_items(chunk)]


def text(found: RecognisedInput) -> str:
    assert isinstance(found, TextInput)
    return "".join(found.pieces)


@pytest.mark.parametrize(
    ("value", "endpoint", "is_batch", "is_training"),
    [
        (chat(USER), CHAT_ENDPOINT, False, False),
        (responses("x"), RESPONSES_ENDPOINT, False, False),
        ({"model": "gpt-4.1", "instructions": "x", "input": "y"}, RESPONSES_ENDPOINT, False, False),
        (BATCH, CHAT_ENDPOINT, True, False),
        ({**BATCH, "url": RESPONSES_ENDPOINT, "body": responses("x")}, RESPONSES_ENDPOINT, True, False),
        (TRAINING, CHAT_ENDPOINT, False, True),
    ],
)
@pytest.mark.parametrize("layout", ["line", "pretty", "list", "bom", "utf-16"])
def test_every_kind_is_recognised_in_every_layout(
    value: dict[str, Any], endpoint: str, is_batch: bool, is_training: bool, layout: str
) -> None:
    line = json.dumps(value)
    data = {
        "line": f"\n{line}\n\n{line}\r\n".encode(),
        "pretty": json.dumps(value, indent=4).encode(),
        "list": json.dumps([value, value], indent=1).encode(),
        "bom": f"{line}\n{line}".encode("utf-8-sig"),
        "utf-16": f"{line}\r\n{line}".encode("utf-16"),
    }[layout]
    found = sent(data)
    assert len(found) == (1 if layout == "pretty" else 2)
    for each in found:
        assert (each.request.endpoint, each.is_batch, each.is_training_example) == (endpoint, is_batch, is_training)
        assert each.custom_id == ("a" if is_batch else None)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[",
        "[]",
        "{}",
        "[1, 2]",
        "{not json}",
        '[2026-11-24] a log line\n[2026-11-24] another "messages" line\n',
        '{"name": "package", "version": "1"}',
        '{"messages": {"hello": "Hallo"}}',
        '{"messages": ["Hello", "there"]}',
        '{\n  "messages": {\n    "hello": "Hallo"\n  }\n}',
        '{"model": "Golf", "colour": "red"}',
        '{"model": "Golf"\n "messages": ',
        '[link]: https://example.org "messages"\n',
        "x" * 100 + json.dumps(chat(USER)),
    ],
)
def test_what_is_not_a_request_is_text_to_the_last_character(content: str) -> None:
    assert text(recognised(content, is_listed=True)) == content


def test_what_a_file_is_can_be_said() -> None:
    body = json.dumps(chat(USER))
    assert text(recognised(body, "text")) == body
    assert sent(json.dumps(chat(USER)), "fine-tuning")[0].is_training_example
    with pytest.raises(BadBody, match="found the body of a request alone"):
        sent(body, "batch")
    with pytest.raises(BadBody, match="f: expected a picture"):
        recognised(body, "image")
    with pytest.raises(BadBody, match="expected JSON, but at column 1"):
        sent("hello", "chat")


def test_a_document_that_claims_to_be_a_request_and_is_not_json_is_an_error_where_it_was_named() -> None:
    broken = json.dumps(chat(USER), indent=1).replace("\n}", "\n]")
    with pytest.raises(BadBody, match=r"f: expected JSON, but at line \d+, column 1: .* \(--as text counts it as text\)"):
        recognised(broken)
    assert text(recognised(broken, is_listed=True)) == broken


def test_a_malformed_first_line_does_not_hide_the_others() -> None:
    line = json.dumps(BATCH)
    for first in ('{"custom_id": "b", "body": {', '{"custom_id": "b" "body"}', "{oops", '{"messages" 1}'):
        found = recognised(f"{first}\n{line}\n")
        assert isinstance(found, RequestInput)
        (chunk,) = found.chunks
        bad, good = list_items(chunk)
        with pytest.raises(BadBody):
            read_item(bad, None, bad.locate("f"))
        assert read_item(good, None, good.locate("f")).custom_id == "a"


def test_a_first_line_that_is_not_json_does_not_make_a_file_of_requests_text() -> None:
    line = json.dumps(BATCH)
    for first in ("garbage", "# requests of today", "42", '"x"', "null"):
        found = recognised(f"{first}\n{line}\n{line}\n")
        assert isinstance(found, RequestInput)
        assert [isinstance(item, documents.FileLine) for chunk in found.chunks for item in list_items(chunk)] == [True] * 3
    about = f"How to write a request:\n\nEach is one line.\n{line}\nThat is all.\n"
    assert text(recognised(about)) == about


def test_a_list_that_is_cut_off_in_text_is_not_text() -> None:
    with pytest.raises(BadBody, match="f: expected JSON, but at column"):
        recognised(json.dumps([chat(USER), chat(USER)])[:-30])


def test_pictures_are_recognised_where_they_are_named_and_binary_in_a_folder() -> None:
    assert recognised(png(640, 481)) == PictureInput(640, 481)
    with pytest.raises(BadBody, match="f: binary"):
        recognised(png(640, 481), is_listed=True)
    assert recognised(png(640, 481), "image", is_listed=True) == PictureInput(640, 481)


def test_the_first_line_may_come_late_and_in_small_pieces() -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(5)

    data = b"\n\n  \n" + json.dumps(BATCH).encode() + b"\n"
    for content in (data, b"\n\n" + data):
        found = recognise_input(Slow(content), "f", "batch")
        assert isinstance(found, RequestInput)
        assert [read_item(item, None, item.locate("f")).custom_id for chunk in found.chunks for item in list_items(chunk)] == [
            "a"
        ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"a": "\xff"}', "expected UTF-8, found the byte 0xff at byte 8"),
        (b"[" * 100_000, "expected JSON that is nested less deeply, found hundreds of levels"),
        (b'{"a": 1\n]', "expected JSON, but at line 2, column 1: "),
    ],
)
def test_what_is_not_json_is_named_with_its_place(data: bytes, message: str) -> None:
    with pytest.raises(BadBody) as error:
        documents.parse_json(data)
    assert str(error.value).startswith(message)
    assert text(recognised(data.replace(b"\xff", b"x"), is_listed=True)) == data.replace(b"\xff", b"x").decode()
    with pytest.raises(BadBody):
        sent(data, "chat")


def test_an_input_that_cannot_be_read_to_its_end_is_named(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    complaint = "standard input: expected a readable file, found: Input/output error"
    with pytest.raises(InputError, match=complaint), open_input(InputSource("-", Broken), None):
        pass


@pytest.mark.parametrize("sizes", [[3], [1, 4, 1], [40, 2, 90], [0, 0, 5, 0]])
@pytest.mark.parametrize("end", ["", "\n"])
def test_lines_are_the_same_however_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: list[int], end: str
) -> None:
    """In blocks from a stream and in spans of a file, with chunks shorter and longer than lines, and from any start."""
    data = ("\n".join("x" * size for size in sizes) + end).encode()
    expected = [documents.FileLine(number, b"x" * size) for number, size in enumerate(sizes, 1) if size]
    (tmp_path / "f").write_bytes(b"head" + data)
    for chunk in (1, 2, 5, 1000):
        monkeypatch.setattr(documents, "CHUNK_BYTES", chunk)
        pieces = [data[start : start + chunk] for start in range(0, len(data), chunk)]
        assert [line for block in documents.split_into_blocks(pieces) for line in block.iterate_lines()] == expected
        with (tmp_path / "f").open("rb") as file:
            assert [line for span in documents.split_into_spans(file, 4) for line in span.iterate_lines()] == expected


def test_a_line_that_is_too_long_is_refused_and_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_DOCUMENT_BYTES", 10)
    pieces = [b"a" * 8] * 1_000 + [b"\n{}\n"]
    first, second = (line for block in documents.split_into_blocks(pieces) for line in block.iterate_lines())
    assert len(first.data) < 30
    with pytest.raises(BadBody, match="expected at most 10 bytes, found more"):
        documents.parse_json(first.data)
    assert (second.number, documents.parse_json(second.data)) == (2, {})


def test_a_line_that_is_too_long_hides_no_other_line_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "MAX_DOCUMENT_BYTES", 10)
    for chunk in (3, 7, 16, 1_000):
        monkeypatch.setattr(documents, "CHUNK_BYTES", chunk)
        for content in ([b"{}", b"{}", b"a" * 50, b"{}", b"{}"], [b"a" * 50], [b"{}", b"a" * 50]):
            (tmp_path / "f").write_bytes(b"\n".join(content))
            with (tmp_path / "f").open("rb") as file:
                found = [line for span in documents.split_into_spans(file, 0) for line in span.iterate_lines()]
            assert [line.number for line in found] == list(range(1, len(content) + 1))
            assert [len(line.data) > 10 for line in found] == [len(each) > 10 for each in content]


def test_standard_input_that_is_a_file_is_read_from_where_it_stands(tmp_path: Path) -> None:
    line = json.dumps(BATCH) + "\n"
    (tmp_path / "f").write_text("skipped\n" + line * 3)
    with (tmp_path / "f").open("rb") as file:
        file.readline()
        found = recognise_input(file, "f")
        assert isinstance(found, RequestInput)
        assert [len(list(list_items(chunk))) for chunk in found.chunks] == [3]


def test_a_file_that_becomes_shorter_while_it_is_read_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"model": "gpt-4.1", "input": "Hello"}\n' * 100)
    source = InputSource(str(path), partial(open_file, path))
    with open_input(source, None) as found:
        assert isinstance(found, RequestInput)
        assert isinstance(found.chunks, LineChunks)
        lines = LineChunks(iter(list(found.chunks)), "utf-8", has_byte_order_mark=False)
        os.truncate(path, 200)
        complaint = f"^{path}: expected a file that stays as it is while it is read, found one that has changed$"
        with pytest.raises(InputError, match=complaint):
            list(map_chunks(source, RequestInput(lines), ReadingOptions(), lambda sent: sent, list))
