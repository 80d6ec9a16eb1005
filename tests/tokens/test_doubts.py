"""When a count may not be called exact: each shape that few or no recorded bills confirm, named at its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gpt41_cli.catalog import Catalog
from gpt41_cli.requests import readers
from gpt41_cli.tokens.doubts.evidence import Evidence
from gpt41_cli.tokens.doubts.find import find_doubts
from gpt41_cli.tokens.doubts.shapes import find_declaration_shapes, find_format_shapes
from gpt41_cli.tokens.meter import Meter
from tests.builders import CALL, FORMAT, OTHER_CALL, SECRET, SYSTEM, USER, Body, chat, image_message, responses, responses_tool

Schema = Mapping[str, Any]


@pytest.fixture(scope="module")
def meter(catalog: Catalog) -> Meter:
    return Meter(catalog)


def rules(meter: Meter, body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(doubt.rule.id, doubt.path) for doubt in meter.count(readers.read_request(body)).doubts]


def test_what_recorded_bills_confirm_is_exact(meter: Meter) -> None:
    parameters: dict[str, Any] = {
        "type": "object",
        "title": "Args",
        "properties": {
            "kind": {"type": "string", "enum": ["a", "b"], "title": "Kind", "description": "One.\nTwo."},
            "limit": {"type": "integer", "default": 5, "x-order": 1},
            "tags": {"type": "array", "items": {"type": "string"}},
            "where": {"$ref": "#/$defs/Where"},
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
            "size": {"type": ["integer", "null"], "description": "In MB."},
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
    for name in ("note", "size"):
        del parameters["properties"][name]
    assert rules(meter, responses("x", instructions="y", tools=[responses_tool(tool)])) == []


OBJECT = {"type": "object", "properties": {"b": {"type": "string"}}}
IN_TOOLS: list[tuple[Schema, str, str]] = [
    ({"type": "string", "minLength": 1}, "schema-keyword", "properties.a"),
    ({"const": 1}, "schema-keyword", "properties.a"),
    ({"$ref": "#/$defs/E"}, "reference", "properties.a"),
    ({**OBJECT, "additionalProperties": {"type": "string"}}, "other-properties", "properties.a"),
    ({"enum": [1, 2]}, "enum", "properties.a"),
    ({"type": "integer", "minimum": 0}, "bounds", "properties.a"),
    ({"type": "object", "additionalProperties": {}}, "other-properties", "properties.a"),
    ({**OBJECT, "additionalProperties": True}, "other-properties", "properties.a"),
    ({"type": "integer", "format": "int32"}, "format", "properties.a"),
    ({"type": "string", "format": "date"}, "format", "properties.a"),
    ({"type": ["string", "null"]}, "type-list", "properties.a"),
    ({"type": ["string", "integer", "null"], "description": "D"}, "type-list", "properties.a"),
    ({"type": ["array", "null"]}, "type-list", "properties.a"),
    ({"type": "object"}, "empty-object", "properties.a"),
    ({"type": "array"}, "items", "properties.a"),
    ({"type": "array", "items": {"type": "array", "items": {"type": "string"}}}, "items", "properties.a"),
    ({"type": "array", "items": {"enum": ["x"]}}, "items", "properties.a"),
    ({"type": "array", "items": {"type": ["string", "null"]}}, "items", "properties.a"),
    ({"anyOf": [{**OBJECT, "title": "T"}, {"type": "null"}]}, "union", "properties.a"),
    ({"anyOf": [{"type": "string", "description": "D"}, {"type": "null"}]}, "union", "properties.a"),
    ({"anyOf": [{"type": "array", "items": OBJECT}, {"type": "null"}]}, "union", "properties.a"),
    ({"oneOf": [{"type": "string"}, {"type": "null"}]}, "union", "properties.a"),
    ({"type": "array", "items": {**OBJECT, "properties": {"c": {"enum": [1]}}}}, "enum", "properties.a.items.properties.c"),
    ({"anyOf": [{"type": "string"}, {"enum": [1]}]}, "enum", "properties.a.anyOf[1]"),
]


def find_tool_doubts(parameters: Schema) -> list[tuple[str, str]]:
    tool = {"type": "function", "function": {"name": "f", "parameters": parameters}}
    return [
        (doubt.rule.id, doubt.path)
        for doubt in find_doubts(readers.read_request(chat(USER, tools=[tool])).request, None, is_named=False)
    ]


@pytest.mark.parametrize(("prop", "rule", "path"), IN_TOOLS)
def test_an_unconfirmed_shape_of_a_declared_function_is_named(prop: Schema, rule: str, path: str) -> None:
    schema = {"type": "object", "properties": {"a": prop}, "$defs": {"E": {"enum": ["x"]}}}
    assert (rule, f"tools[0].function.parameters.{path}") in find_tool_doubts(schema)


def test_a_schema_that_contains_itself_is_named_and_ends() -> None:
    tree = {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/T"}}}}
    found = find_tool_doubts({"type": "object", "properties": {"t": {"$ref": "#/$defs/T"}}, "$defs": {"T": tree}})
    assert ("recursive-schema", "tools[0].function.parameters.properties.t") in found
    shared = {"type": "object", "properties": {name: {"$ref": "#/$defs/E"} for name in "ab"}, "$defs": {"E": OBJECT}}
    assert find_tool_doubts(shared) == [], "a reference that is used twice does not contain itself"


@pytest.mark.parametrize("keyword", ["oneOf", "allOf", "pattern", "multipleOf", "examples"])
def test_an_unconfirmed_keyword_of_a_structured_output_is_named_at_any_depth(keyword: str) -> None:
    within = {"type": "array", "items": {"anyOf": [{"type": "null"}, {keyword: []}]}}
    schema = {"type": "object", "properties": {"a": {"$ref": "#/$defs/D"}}, "$defs": {"D": within}}
    declared = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    found = find_doubts(readers.read_request(chat(USER, response_format=declared)).request, None, is_named=False)
    at = "response_format.json_schema.schema.$defs.D.items.anyOf[1]"
    expected = f'no recordings confirm the keyword "{keyword}" in a structured output'
    assert [(doubt.rule.id, doubt.path, doubt.message) for doubt in found] == [("schema-keyword", at, expected)]


def test_references_are_followed_through_one_another() -> None:
    chain = {"A": {"type": "object", "properties": {"b": {"$ref": "#/$defs/B"}}}, "B": {**OBJECT, "items": True}}
    chain["B"] = {"type": "object", "properties": {"c": {"$ref": "#/$defs/C"}, "d": {"$ref": "#/$defs/C"}, "e": True}}
    chain["C"] = OBJECT
    assert find_tool_doubts({"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": chain}) == []
    chain["C"] = {"type": "object", "properties": {"back": {"$ref": "#/$defs/A"}}}
    found = find_tool_doubts({"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": chain})
    assert {rule for rule, _ in found} == {"recursive-schema"}


def test_what_lies_between_two_circles_of_references_is_not_recursive() -> None:
    def reference(name: str) -> Body:
        return {"$ref": f"#/$defs/{name}"}

    def holder(*names: str) -> Body:
        return {"type": "object", "properties": {name: reference(name) for name in names}}

    circles = {"a": holder("b"), "b": holder("a", "between"), "between": holder("c"), "c": holder("c", "end"), "end": holder()}
    found = find_tool_doubts({"properties": {"a": reference("a")}, "$defs": circles})
    recursive = {path.rpartition(".")[2] for rule, path in found if rule == "recursive-schema"}
    assert recursive == {"a", "b", "c"}


def test_a_long_name_is_not_repeated_for_all_that_is_inside() -> None:
    inside = {"type": "object", "properties": {f"p{n}": {"const": n} for n in range(1_000)}}
    parameters: Body = {"properties": {"n" * 100_000: inside}}
    path = f"p.properties.{'n' * 287}…"
    assert {path for _, path in find_declaration_shapes(parameters, "p")} == {"p", path}
    assert {path for _, path in find_format_shapes({"properties": {"n" * 100_000: {"if": {}}}}, "p")} == {"p", path}


def test_a_picture_by_its_id_has_no_known_size(meter: Meter) -> None:
    image = {"type": "input_image", "file_id": "file_1"}
    assert rules(meter, responses([{"role": "user", "content": [image]}])) == [("image-size", "input[0].content[0]")]
    low = {**image, "detail": "low"}
    assert rules(meter, responses([{"role": "user", "content": [low]}])) == [("image-detail", "input[0].content[0]")]


def test_what_is_unsure_about_pictures(meter: Meter) -> None:
    at = "messages[0].content[0]"
    assert rules(meter, chat(image_message())) == []
    assert rules(meter, chat(image_message(detail="high"))) == [("image-detail", at)]
    (original,) = meter.count(readers.read_json_request(chat(image_message(detail="original")))).doubts
    assert (original.rule.id, original.path, original.has_missing_tokens) == ("image-detail", at, True)
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
    escaped = [{**result, "content": '{"a": "\\u00e9"}'} for result in results]
    assert rules(meter, chat(USER, parallel, *escaped)) == [("parallel-results", "messages[1]")]
    spoken = {"role": "assistant", "content": "Let me see.", "name": "ada", "tool_calls": [CALL]}
    assert rules(meter, chat(USER, spoken, results[0])) == []
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    assert rules(meter, responses([USER, call])) == [("calls", "input[1]")]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"tool_choice": "required"}, ("tool-choice", "tool_choice")),
        ({"text": {"format": {"type": "json_schema", **FORMAT["json_schema"]}}}, ("tools-with-schema", "text.format.schema")),
    ],
)
def test_what_is_unsure_about_tools_in_responses(meter: Meter, settings: Mapping[str, Any], expected: tuple[str, str]) -> None:
    assert rules(meter, responses("x", tools=[responses_tool()], **settings)) == [expected]


def test_what_recordings_confirm_about_tools_in_responses(meter: Meter) -> None:
    for settings in ({"parallel_tool_calls": False}, {"tool_choice": "none"}, {"tool_choice": {"type": "function", "name": "x"}}):
        assert rules(meter, responses("x", tools=[responses_tool()], **settings)) == []


def test_a_picture_next_to_a_structured_output_is_unsure_in_chat(meter: Meter) -> None:
    at = "response_format.json_schema.schema"
    assert rules(meter, chat(image_message(), response_format=FORMAT)) == [("image-with-schema", at)]


@pytest.mark.parametrize(
    ("evidence", "is_confirmed", "message"),
    [
        (Evidence(), False, "no recordings confirm x"),
        (Evidence(5, 5, 2, "2026-03"), True, ""),
        (Evidence(50, 49, 2), True, ""),
        (Evidence(4, 4, 2), False, "few recordings confirm x: 4 with 2 sets of tools"),
        (Evidence(9, 9, 1), False, "few recordings confirm x: 9 with 1 set of tools"),
        (Evidence(50, 48, 9), False, "recordings disagree about x: 48 of 50 are counted right"),
        (Evidence(9, 9, 9, "2024-09"), False, "no recordings since 2024-09 confirm x"),
    ],
)
def test_evidence_confirms_if_it_is_enough_right_and_recent(evidence: Evidence, is_confirmed: bool, message: str) -> None:
    assert evidence.is_confirmed == is_confirmed
    assert is_confirmed or evidence.describe("x") == message


def test_what_is_unsure_about_a_model(meter: Meter, catalog: Catalog) -> None:
    for model in ("gpt-4.1", "gpt-4.1-mini-2025-04-14", "gpt-4o-2024-05-13", "ft:gpt-4.1:acme::x"):
        assert rules(meter, {**chat(USER), "model": model}) == []
    listed = {name: catalog.find_variant(name) for name in ("gpt-6-luna", "gpt-4.5-preview", "o3-mini", "ft:o3-mini:acme::x")}
    for model, variant in listed.items():
        assert rules(meter, {**chat(USER), "model": model}) == [("model" if variant else "unlisted-model", "model")]
    assert listed["o3-mini"] is None
    assert not meter.count(readers.read_request({**chat(USER), "model": "o3-mini"})).is_lower_bound, "it may count less"
    assert not meter.count(readers.read_request({**chat(USER), "model": "gpt-4.5-preview"})).is_lower_bound
    answered_before = chat(USER, {"role": "assistant", "content": "Ten."}, USER)  # what it reasoned for that may be kept
    bodies = [{**body, "model": "gpt-6-luna"} for body in (chat(USER), answered_before)]
    assert [meter.count(readers.read_request(body)).is_lower_bound for body in bodies] == [False, True]
    answered = {"messages": [USER, {"role": "assistant", "content": "Hi."}]}
    assert rules(meter, answered) == [("training", "messages")], "where no model is named, none is doubted"
    assert rules(meter, {"messages": [USER]}) == [], "a deployment's request names its model in the address"
    assert rules(meter, chat(USER, functions=[SECRET["function"]])) == [("legacy-functions", "functions")]
    overriding = Meter(catalog, model="gpt-6-luna")
    assert rules(overriding, chat(USER)) == [("model", "model")]


CHAT_BODY = {"model": "gpt-4.1", "messages": [USER]}
RESPONSES_BODY = {"model": "gpt-4.1", "input": "hi"}


@pytest.mark.parametrize("body", [CHAT_BODY, RESPONSES_BODY])
@pytest.mark.parametrize(
    ("field", "rule"),
    [
        *((name, "added-content") for name in ("data_sources", "plugins", "files", "file_ids", "attachments")),
        *((name, "unknown-field") for name in ("provider", "transforms", "top_k", "maxTokens")),
    ],
)
def test_a_field_that_openai_does_not_name_is_a_doubt(meter: Meter, body: dict[str, object], field: str, rule: str) -> None:
    """Fields that add content make a lower bound; what others do is not known. A null field is not set."""
    counted = meter.count(readers.read_request({**body, field: [{}]}))
    assert [(doubt.rule.id, doubt.path) for doubt in counted.doubts] == [(rule, field)]
    assert (counted.is_exact, counted.is_lower_bound) == (False, rule == "added-content")
    line = {"custom_id": "a", "method": "POST", "url": f"/v1/{'responses' if 'input' in body else 'chat/completions'}"}
    counted = meter.count(readers.read_request({**line, "body": {**body, field: [{}]}}))
    assert [(doubt.rule.id, doubt.path) for doubt in counted.doubts] == [(rule, f"body.{field}")]
    assert meter.count(readers.read_request({**body, field: None})).is_exact


def test_the_name_of_an_unknown_field_is_shown_only_if_it_is_a_word(meter: Meter) -> None:
    counted = meter.count(readers.read_request({**CHAT_BODY, "a secret sentence": 1}))
    assert [doubt.path for doubt in counted.doubts] == ["a field"]


def test_fields_that_openai_names_are_not_doubted(meter: Meter) -> None:
    chat_fields = ("seed", "user", "logit_bias", "verbosity", "safety_identifier", "stream_options", "metadata", "store")
    for fields, body in ((chat_fields, CHAT_BODY), (("truncation", "include", "max_tool_calls", "background"), RESPONSES_BODY)):
        for field in fields:
            assert meter.count(readers.read_request({**body, field: 1})).is_exact, field
