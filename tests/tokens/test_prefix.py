"""In which order the cache sees the parts of a prompt."""

from __future__ import annotations

from gpt41_cli.requests import readers
from gpt41_cli.tokens.prefix import split_prompt
from tests.builders import CALL, SECRET, SYSTEM, USER, Body, chat, image_part


def order(body: Body) -> list[tuple[str, str]]:
    return [
        (each.label, each.text if each.image is None else "<picture>")
        for each in split_prompt(readers.read_request(body).request)
    ]


def test_tools_and_schemas_stand_before_the_messages() -> None:
    declared = {"tools": [SECRET], "response_format": {"type": "json_schema", "json_schema": {"name": "clock", "schema": {}}}}
    found = order(chat(SYSTEM, USER, **declared))
    assert [where for where, _ in found][:3] == ["tools", "schema", "message 1 (system)"]
    assert found[0][1].startswith("# Tools\n")
    assert found[1][1].startswith("# Response Formats\n")
    assert found[2:6] == [
        ("message 1 (system)", "system"),
        ("message 1 (system)", "Answer in one sentence."),
        ("message 2 (user)", "user"),
        ("message 2 (user)", "What is the time in Lima?"),
    ]


def test_a_picture_stands_where_it_was_put() -> None:
    image = image_part(640, 480)
    text = [{"type": "text", "text": "Before."}, image, image, {"type": "text", "text": "After."}]
    asked = {"role": "user", "content": text}
    found = order(chat(asked, {"role": "user", "content": [image]}))
    assert found == [
        ("message 1 (user)", "user"),
        ("message 1 (user)", "Before."),
        ("message 1 (user)", "<picture>"),
        ("message 1 (user)", "<picture>"),
        ("message 1 (user)", "After."),
        ("message 2 (user)", "user"),
        ("message 2 (user)", "<picture>"),
        ("message 2 (user)", ""),
        ("the answer", ""),
    ]


def test_a_picture_in_a_result_stands_with_its_call() -> None:
    result = {"role": "tool", "tool_call_id": "call_1", "content": [image_part(640, 480)]}
    found = order(chat(USER, {"role": "assistant", "tool_calls": [CALL]}, result))
    assert found[-2:] == [("message 2 (calls)", "<picture>"), ("the answer", "")]
    assert ("message 2 (calls)", "get_time") in found
