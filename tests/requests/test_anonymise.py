"""A body is anonymised: nothing that its author wrote stays, and everything that decides its count does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from gpt41_cli.requests.anonymise import Anonymiser
from gpt41_cli.requests.readers import read_request
from tests.builders import Body, image_part, png

SECRET_TEXT = "sesame 4711"
SCHEMA: Body = {
    "$schema": "https://json-schema.org/draft/2020-12/schema#",
    "type": "object",
    "title": SECRET_TEXT,
    "description": SECRET_TEXT,
    "properties": {
        "city": {"type": ["string", "null"], "description": SECRET_TEXT, "enum": ["sesame", None, 4711], "format": "date-time"},
        "map": {"type": "object", "additionalProperties": {"type": "string", "title": SECRET_TEXT}},
        "any": True,
        "place": {"$ref": "#/$defs/Place"},
        "other": {"$ref": "sesame.json", "$schema": "https://sesame.example", "format": SECRET_TEXT},
        "size": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 5, "default": 4711}, {"const": "sesame"}]},
        "broken": {"items": "sesame", "properties": "sesame", "required": ["city", 4711, "sesame"], "maximum": "sesame"},
    },
    "required": ["city"],
    "$defs": {"Place": {"type": "object", "properties": {"street": {"examples": [{"sesame": SECRET_TEXT}]}}}},
}
CALL: Body = {
    "id": "call_sesame",
    "type": "function",
    "function": {"name": "kept_tool", "arguments": json.dumps({"city": "sesame", "sesame": {"a": 4711.5, "bb": True}})},
}
PARTS = [
    {"type": "text", "text": SECRET_TEXT},
    image_part(64, 32),
    {"type": "image_url", "image_url": {"url": "https://sesame.example/x.png", "detail": "high"}},
    {"type": "image_url", "image_url": {"url": "data:sesame"}},
    {"type": "input_audio", "input_audio": {"data": "sesame", "format": "wav"}},
    {"type": "file", "file": {"filename": "sesame.pdf", "file_data": "sesame"}},
]
CHAT: Body = {
    "model": "ft:gpt-4.1:sesame",
    "messages": [
        {"role": "system", "content": SECRET_TEXT},
        {"role": "user", "name": "kept_name", "content": PARTS, "annotations": ["sesame"]},
        {"role": "assistant", "content": None, "audio": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_sesame", "content": '[{"sesame": "4711 \\u00e9", "n": 4711}]'},
        {"role": "assistant", "content": "{sesame 4711"},
    ],
    "tools": [
        {"type": "function", "function": {"name": "kept_tool", "description": SECRET_TEXT, "parameters": SCHEMA, "strict": True}}
    ],
    "tool_choice": {"type": "function", "function": {"name": "kept_tool"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "kept_format", "schema": SCHEMA}},
    "modalities": ["text"],
    "temperature": 0.5,
    "max_tokens": 20,
    "user": "sesame",
    "metadata": {"sesame": "sesame"},
    "prediction": {"type": "content", "content": SECRET_TEXT},
    "service_tier": "sesame with blanks",
    "unheard_of": {"name": "sesame", "deep": [SECRET_TEXT, 4711, 1.5, None, False]},
}
RESPONSES: Body = {
    "model": "sesame",
    "instructions": SECRET_TEXT,
    "previous_response_id": "resp_sesame",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": SECRET_TEXT}]},
        {"role": "user", "content": [{"type": "input_image", "image_url": "https://sesame.example"}]},
        {"type": "function_call", "id": "fc_sesame", "status": "completed", "call_id": "call_sesame", "name": "kept_tool",
         "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_sesame", "output": SECRET_TEXT},
        {"type": "reasoning", "id": "rs_sesame", "encrypted_content": "sesame",
         "summary": [{"type": "summary_text", "text": SECRET_TEXT}]},
        "sesame",
    ],
    "tools": [{"type": "function", "name": "kept_tool", "parameters": SCHEMA}, {"type": "mcp", "server_url": "https://sesame.example"}],
    "text": {"verbosity": "low", "format": {"type": "json_schema", "name": "kept_format", "schema": SCHEMA}},
    "reasoning": {"effort": "low"},
}  # fmt: skip


def anonymise(body: Body, write: Callable[[str], str] = lambda text: "x" * len(text)) -> dict[str, Any]:
    return dict(Anonymiser(write).replace_body(body))


@pytest.mark.parametrize("body", [CHAT, RESPONSES])
def test_no_text_id_address_or_number_stays(body: Body) -> None:
    found = json.dumps(anonymise(body))
    assert "sesame" not in found
    assert "4711" not in found
    for name in ("kept_tool", "kept_format", "city", "street", "date-time", "#/$defs/Place"):
        assert name in found
    assert "kept_name" in found or body is RESPONSES


def test_the_form_of_a_request_stays() -> None:
    found = anonymise(CHAT)
    assert {name: found[name] for name in ("tool_choice", "modalities", "temperature", "max_tokens")} == {
        "tool_choice": {"type": "function", "function": {"name": "kept_tool"}},
        "modalities": ["text"],
        "temperature": 0.5,
        "max_tokens": 20,
    }
    assert not {"user", "metadata", "model"} & found.keys()
    parts = found["messages"][1]["content"]
    assert [part["type"] for part in parts] == [part["type"] for part in PARTS]
    assert (parts[4]["input_audio"], parts[5]["file"], parts[2]["image_url"]["detail"]) == ({}, {}, "high")
    assert found["messages"][2] == {
        "role": "assistant",
        "content": None,
        "audio": None,
        "tool_calls": [
            {
                "id": found["messages"][3]["tool_call_id"],
                "type": "function",
                "function": {"name": "kept_tool", "arguments": '{"city": "xxxxxx", "xxxxxx": {"x": 1111.1, "xx": true}}'},
            }
        ],
    }
    (schema,) = (tool["function"]["parameters"] for tool in found["tools"])
    assert schema["properties"]["size"] == {
        "anyOf": [{"type": "integer", "minimum": 1, "maximum": 5, "default": 1111}, {"const": "xxxxxx"}]
    }
    assert schema["required"] == ["city"]
    assert schema["properties"]["city"]["enum"] == ["xxxxxx", None, 1111]


def test_of_a_picture_only_the_size_stays() -> None:
    sent = {"model": "gpt-4.1", "messages": [{"role": "user", "content": [image_part(640, 48)]}]}
    found = anonymise(sent)
    (image,) = read_request({"model": "gpt-4.1", **found}).request.images
    assert (image.width, image.height) == (640, 48)
    assert len(image.address) < 100 < 22 + len(png(640, 48)) * 4 // 3 + 100


def test_equal_ids_and_keys_stay_equal_and_others_differ() -> None:
    results = [{"role": "tool", "tool_call_id": each, "content": '{"a": 1, "b": {"a": 2}}'} for each in ("one", "two", "one")]
    words = iter("unused pqrstuvwxyz" * 3)
    found = anonymise({"messages": results}, lambda _: next(words))["messages"]
    assert [each["tool_call_id"] for each in found] == ["id_1", "id_2", "id_1"]
    assert [each["content"] for each in found] == ['{"u": 1, "n": {"u": 1}}'] * 3


def test_keys_that_find_no_other_word_share_it() -> None:
    found = anonymise({"messages": [{"role": "tool", "content": '{"a": 1, "b": 2}'}]}, lambda _: "x")
    assert found["messages"][0]["content"] == '{"x": 1, "x": 1}'


def test_an_id_that_the_server_issued_for_a_call_stays_one() -> None:
    items = [
        {"type": "function_call", "id": "fc_" + "0" * 48, "status": "completed", "call_id": "c", "name": "f", "arguments": "{}"}
    ]
    (turn,) = read_request({"model": "gpt-4.1", **anonymise({"model": "gpt-4.1", "input": items})}).request.turns
    assert turn.calls[0].is_echo  # type: ignore[union-attr]
