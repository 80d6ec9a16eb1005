"""When a count may not be called exact: each shape that few or no recorded bills confirm, named at its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gpt41_cli.catalog import Catalog
from gpt41_cli.requests import readers
from gpt41_cli.tokens.doubts import find_declaration_doubts, find_format_doubts
from gpt41_cli.tokens.meter import Meter
from tests.builders import CALL, FORMAT, OTHER_CALL, SECRET, SYSTEM, USER, Body, chat, image_message, responses, responses_tool

Schema = Mapping[str, Any]


@pytest.fixture(scope="module")
def meter(catalog: Catalog) -> Meter:
    return Meter(catalog)


def rules(meter: Meter, body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(doubt.rule.id, doubt.path) for doubt in meter.count(readers.read_request(body)).doubts]


def test_what_recorded_bills_confirm_is_exact(meter: Meter) -> None:
    parameters = {
        "type": "object",
        "title": "Args",
        "properties": {
            "kind": {"type": "string", "enum": ["a", "b"], "title": "Kind", "description": "One.\nTwo."},
            "limit": {"type": "integer", "default": 5},
            "tags": {"type": "array", "items": {"type": "string"}},
            "where": {"$ref": "#/$defs/Where"},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
            "size": {"type": ["integer", "null"]},
        },
        "required": ["kind"],
        "additionalProperties": False,
        "$defs": {"Where": {"type": "object", "title": "Where", "properties": {"city": {"type": "string"}}}},
    }
    tool = {"type": "function", "function": {"name": "f", "parameters": parameters, "strict": True}}
    history: list[Body] = [
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "é"},
    ]
    assert rules(meter, chat(SYSTEM, USER, *history, tools=[tool], response_format=FORMAT)) == []
    assert rules(meter, responses("x", instructions="y", tools=[responses_tool(tool)])) == []


OBJECT = {"type": "object", "properties": {"b": {"type": "string"}}}
IN_TOOLS: list[tuple[Schema, str, str]] = [
    ({"type": "string", "minLength": 1}, "schema-keyword", "properties.a"),
    ({"const": 1}, "schema-keyword", "properties.a"),
    ({"$ref": "#/$defs/E"}, "reference", "properties.a"),
    ({**OBJECT, "additionalProperties": {"type": "string"}}, "other-properties", "properties.a"),
    ({"enum": [1, 2]}, "enum", "properties.a"),
    ({"type": "integer", "minimum": 0}, "bounds", "properties.a"),
    ({"type": "integer", "format": "int32"}, "format", "properties.a"),
    ({"type": ["string", "null"], "description": "D"}, "type-list", "properties.a"),
    ({"type": ["string", "integer", "null"]}, "type-list", "properties.a"),
    ({"type": ["array", "null"]}, "type-list", "properties.a"),
    ({"description": "D"}, "untyped", "properties.a"),
    ({"type": "object"}, "empty-object", "properties.a"),
    ({"type": "array"}, "items", "properties.a"),
    ({"type": "array", "items": {"type": "array", "items": {"type": "string"}}}, "items", "properties.a"),
    ({"anyOf": [{**OBJECT, "title": "T"}, {"type": "null"}]}, "union", "properties.a"),
    ({"type": "array", "items": {**OBJECT, "properties": {"c": {"enum": [1]}}}}, "enum", "properties.a.items.properties.c"),
    ({"anyOf": [{"type": "string"}, {"enum": [1]}]}, "enum", "properties.a.anyOf[1]"),
]


@pytest.mark.parametrize(("prop", "rule", "path"), IN_TOOLS)
def test_an_unconfirmed_shape_of_a_declared_function_is_named(prop: Schema, rule: str, path: str) -> None:
    schema = {"type": "object", "properties": {"a": prop}, "$defs": {"E": {"enum": ["x"]}}}
    assert (rule, f"p.{path}") in [(doubt.rule.id, doubt.path) for doubt in find_declaration_doubts(schema, "p")]


def test_a_schema_that_contains_itself_is_named_and_ends() -> None:
    tree = {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/T"}}}}
    found = find_declaration_doubts({"type": "object", "properties": {"t": {"$ref": "#/$defs/T"}}, "$defs": {"T": tree}}, "p")
    assert ("recursive-schema", "p.properties.t") in [(doubt.rule.id, doubt.path) for doubt in found]
    shared = {"type": "object", "properties": {name: {"$ref": "#/$defs/E"} for name in "ab"}, "$defs": {"E": OBJECT}}
    assert find_declaration_doubts(shared, "p") == [], "a reference that is used twice does not contain itself"


@pytest.mark.parametrize("keyword", ["oneOf", "allOf", "pattern", "multipleOf", "examples"])
def test_an_unconfirmed_keyword_of_a_structured_output_is_named_at_any_depth(keyword: str) -> None:
    within = {"type": "array", "items": {"anyOf": [{"type": "null"}, {keyword: []}]}}
    found = find_format_doubts({"type": "object", "properties": {"a": {"$ref": "#/$defs/D"}}, "$defs": {"D": within}}, "p")
    assert [(doubt.rule.id, doubt.path) for doubt in found] == [("schema-keyword", "p.$defs.D.items.anyOf[1]")]
    assert keyword in found[0].message


def test_references_are_followed_through_one_another() -> None:
    chain = {"A": {"type": "object", "properties": {"b": {"$ref": "#/$defs/B"}}}, "B": {**OBJECT, "items": True}}
    chain["B"] = {"type": "object", "properties": {"c": {"$ref": "#/$defs/C"}, "d": {"$ref": "#/$defs/C"}, "e": True}}
    chain["C"] = OBJECT
    assert find_declaration_doubts({"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": chain}, "p") == []
    chain["C"] = {"type": "object", "properties": {"back": {"$ref": "#/$defs/A"}}}
    found = find_declaration_doubts({"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": chain}, "p")
    assert {doubt.rule.id for doubt in found} == {"recursive-schema"}


def test_what_lies_between_two_circles_of_references_is_not_recursive() -> None:
    def reference(name: str) -> Body:
        return {"$ref": f"#/$defs/{name}"}

    def holder(*names: str) -> Body:
        return {"type": "object", "properties": {name: reference(name) for name in names}}

    circles = {"a": holder("b"), "b": holder("a", "between"), "between": holder("c"), "c": holder("c", "end"), "end": holder()}
    found = find_declaration_doubts({"properties": {"a": reference("a")}, "$defs": circles}, "p")
    recursive = {doubt.path.rpartition(".")[2] for doubt in found if doubt.rule.id == "recursive-schema"}
    assert recursive == {"a", "b", "c"}


def test_a_long_name_is_not_repeated_for_all_that_is_inside() -> None:
    inside = {"type": "object", "properties": {f"p{n}": {"const": n} for n in range(1_000)}}
    parameters: Body = {"properties": {"n" * 100_000: inside}}
    path = f"p.properties.{'n' * 287}…"
    assert {doubt.path for doubt in find_declaration_doubts(parameters, "p")} == {path}
    assert {doubt.path for doubt in find_format_doubts({"properties": {"n" * 100_000: {"if": {}}}}, "p")} == {path}


def test_a_picture_by_its_id_has_no_known_size(meter: Meter) -> None:
    image = {"type": "input_image", "file_id": "file_1"}
    assert rules(meter, responses([{"role": "user", "content": [image]}])) == [("image-size", "input[0].content[0]")]
    low = {**image, "detail": "low"}
    assert rules(meter, responses([{"role": "user", "content": [low]}])) == [("image-detail", "input[0].content[0]")]


def test_what_is_unsure_about_pictures(meter: Meter) -> None:
    at = "messages[0].content[0]"
    assert rules(meter, chat(image_message())) == []
    assert rules(meter, chat(image_message(detail="high"))) == [("image-detail", at)]
    assert rules(meter, chat(image_message(url="https://example.org/x.png"))) == [("image-size", at)]
    assert rules(meter, {**chat(image_message()), "model": "gpt-4.1-mini"}) == [("image-patches", at)]
    assert rules(meter, {**chat(image_message()), "model": "gpt-4.1-nano"}) == []
    assert rules(meter, {**chat(image_message()), "model": "gpt-6-luna"}) == [("model", "model"), ("image-rule", at)]
    result = {"role": "tool", "tool_call_id": "call_1", "content": image_message()["content"]}
    called = chat(USER, {"role": "assistant", "tool_calls": [CALL]}, result)
    assert rules(meter, called) == [("image-in-result", "messages[2].content[0]")]


def test_what_is_unsure_about_calls(meter: Meter) -> None:
    results = [{"role": "tool", "tool_call_id": f"call_{number}", "content": "é"} for number in (1, 2)]
    parallel = {"role": "assistant", "tool_calls": [CALL, OTHER_CALL]}
    assert rules(meter, chat(USER, parallel, *results)) == [("parallel-results", "messages[1]")]
    spoken = {"role": "assistant", "content": "Let me see.", "tool_calls": [CALL]}
    assert rules(meter, chat(USER, spoken, results[0])) == [("text-beside-calls", "messages[1]")]
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    assert rules(meter, responses([USER, call])) == [("calls", "input[1]")]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"tool_choice": "required"}, ("tool-choice", "tool_choice")),
        ({"parallel_tool_calls": False}, ("parallel-tool-calls", "parallel_tool_calls")),
        ({"text": {"format": {"type": "json_schema", **FORMAT["json_schema"]}}}, ("tools-with-schema", "text.format")),
    ],
)
def test_what_is_unsure_about_tools_in_responses(meter: Meter, settings: Mapping[str, Any], expected: tuple[str, str]) -> None:
    assert rules(meter, responses("x", tools=[responses_tool()], **settings)) == [expected]


def test_what_is_unsure_about_a_model(meter: Meter, catalog: Catalog) -> None:
    for model in ("gpt-4.1", "gpt-4.1-mini-2025-04-14", "gpt-4o-2024-05-13", "ft:gpt-4.1:acme::x"):
        assert rules(meter, {**chat(USER), "model": model}) == []
    for model in ("gpt-6-luna", "gpt-4.5-preview", "o3-mini", "ft:o3-mini:acme::x"):
        assert rules(meter, {**chat(USER), "model": model}) == [("model", "model")]
    bounds = {
        name: meter.count(readers.read_request({**chat(USER), "model": name})).is_lower_bound
        for name in ("gpt-4.5-preview", "o3-mini")
    }
    assert bounds == {"gpt-4.5-preview": False, "o3-mini": True}, "a model that nobody knows may keep its reasoning"
    assert meter.count(readers.read_request({**chat(USER), "model": "gpt-6-luna"})).is_lower_bound
    assert rules(meter, {"messages": [USER]}) == [("training", "messages")], "where no model is named, none is doubted"
    assert rules(meter, chat(USER, functions=[SECRET["function"]])) == [("legacy-functions", "functions")]
    overriding = Meter(catalog, model="gpt-6-luna")
    assert rules(overriding, chat(USER)) == [("model", "model")]
