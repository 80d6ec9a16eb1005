"""How a JSON Schema is printed as the type that is billed, shape by shape, in both endpoints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gpt41_cli.files.fields import BadBody
from gpt41_cli.requests.request import FunctionDeclaration, ResponseFormat
from gpt41_cli.tokens import schema
from gpt41_cli.tokens.declarations import CHAT_LAYOUT, RESPONSES_LAYOUT, DeclarationLayout, format_function, format_functions
from gpt41_cli.tokens.schema import format_response_format

Schema = Mapping[str, Any]


def printed(parameters: Schema, layout: DeclarationLayout = CHAT_LAYOUT, description: str = "") -> str:
    return format_function(FunctionDeclaration("f", description, parameters, "parameters"), layout)


def of(prop: Schema, *, required: bool = True, defs: Schema | None = None, **more: Any) -> Schema:
    """An object with the one property `a`, and definitions."""
    schema = {"type": "object", "properties": {"a": prop}, **({"required": ["a"]} if required else {}), **more}
    return {**schema, "$defs": defs} if defs else schema


ONE_LINE = [
    ({"type": "string"}, "string"),
    ({"type": "integer"}, "number"),
    ({"type": "number"}, "number"),
    ({"type": "boolean"}, "boolean"),
    ({"type": "null"}, "null"),
    ({}, "any"),
    ({"enum": ["x", "y"]}, '"x" | "y"'),
    ({"type": "string", "enum": ["é"]}, '"é"'),
    ({"const": 5}, "5"),
    ({"type": "array", "items": {"type": "string"}}, "string[]"),
    ({"type": "array"}, "any[]"),
    ({"type": "array", "items": True}, "any[]"),
    ({"anyOf": [{"type": "string"}, True]}, "string | any"),
    ({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}, "number[][]"),
    ({"type": "array", "items": {"enum": ["x", "y"]}}, 'Array<"x" | "y">'),
    ({"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, "Array<string | null>"),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string | null"),
    ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, "string | number"),
    ({"anyOf": [{"anyOf": [{"type": "integer"}, {"type": "string"}]}, {"type": "null"}]}, "(number | string) | null"),
    ({"anyOf": [{"type": "string"}, of({"type": "string"})]}, "string | { a: string }"),
    ({"type": "object", "properties": {"b": {"type": "string"}}}, "{ b?: string }"),
    ({"type": "object"}, "object"),
]


@pytest.mark.parametrize(("prop", "expected"), ONE_LINE)
@pytest.mark.parametrize("layout", [CHAT_LAYOUT, RESPONSES_LAYOUT])
def test_without_a_comment_everything_is_on_one_line(prop: Schema, expected: str, layout: DeclarationLayout) -> None:
    assert printed(of(prop), layout) == f"type f = (_: {{ a: {expected} }}) => any;"


@pytest.mark.parametrize("parameters", [{}, {"type": "object"}, {"type": "object", "properties": {}, "title": "Args"}])
def test_a_function_without_properties_takes_nothing(parameters: Schema) -> None:
    assert printed(parameters) == "type f = () => any;"


def test_any_key_is_the_last_line_and_can_be_the_only_one() -> None:
    assert printed({"type": "object", "additionalProperties": True}) == "type f = (_: { [key: string]: any }) => any;"
    assert printed(of({"type": "string"}, additionalProperties=True)).endswith("{ a: string, [key: string]: any }) => any;")


def test_a_description_is_comment_lines_each_stripped() -> None:
    assert printed({}, description=" Sorts.\n\n   Then prints. \n") == "// Sorts.\n//\n// Then prints.\ntype f = () => any;"


MANY_LINES = [
    # title and description of a property, and of the object
    (of({"type": "string", "title": "A"}), "{\n// A\na: string,\n}"),
    (of({"type": "string", "title": "A", "description": "b\nc"}), "{\n// A\n//\n// b\n// c\na: string,\n}"),
    (of({"type": "string", "description": ""}), "{ a: string }"),
    (of({"type": "string"}, title="Args"), "// Args\n{ a: string }"),
    (of({"type": "string"}, title="Args", description="All."), "// Args\n//\n// All.\n{ a: string }"),
    # defaults and constraints stand behind the comma, in a fixed order
    (of({"type": "string", "default": "x"}, required=False), '{\na?: string, // default: "x"\n}'),
    (of({"type": "string", "default": None}), "{\na: string, // default: null\n}"),
    (of({"default": 1, "maximum": 9, "minimum": 0, "type": "integer"}), "{\na: number, // minimum: 0, maximum: 9, default: 1\n}"),
    (of({"type": "number", "minimum": 0, "maximum": 0.5}), "{\na: number, // minimum: 0.0, maximum: 0.5\n}"),
    # an object within, and a list of objects, with and without a head
    (of(of({"type": "string", "title": "B"})), "{\na: {\n// B\na: string,\n},\n}"),
    (of({"type": "array", "items": of({"type": "string", "title": "B"})}), "{\na: Array<\n{\n// B\na: string,\n}\n>,\n}"),
    (
        of({"type": "array", "items": of({"type": "string"}, title="Item", description="One.")}),
        "{\na: Array<\n// Item\n//\n// One.\n{ a: string }\n>,\n}",
    ),
    # references are printed in place: an object and an enum with their head
    (
        of({"$ref": "#/$defs/N"}, defs={"N": of({"type": "integer"}, title="N")}),
        "{\na:\n// N\n{ a: number },\n}",
    ),
    (
        of({"$ref": "#/$defs/a~1b"}, defs={"a/b": of({"type": "integer"})}),
        "{ a: { a: number } }",
    ),
    (
        of({"$ref": "#/$defs/E"}, defs={"E": {"title": "E", "enum": ["x"]}}),
        '{\na:\n// E\n"x",\n}',
    ),
    (
        of({"type": "array", "items": {"$ref": "#/$defs/E"}}, defs={"E": {"title": "E", "enum": ["x"]}}),
        '{\na: Array<\n// E\n"x"\n>,\n}',
    ),
    (of({"$ref": "#/$defs/missing"}), "{ a: any }"),
    (of({"$ref": "https://example.org/schema"}), "{ a: any }"),
]


@pytest.mark.parametrize(("parameters", "expected"), MANY_LINES)
@pytest.mark.parametrize("layout", [CHAT_LAYOUT, RESPONSES_LAYOUT])
def test_a_comment_puts_every_property_on_a_line(parameters: Schema, expected: str, layout: DeclarationLayout) -> None:
    assert printed(parameters, layout) == f"type f = (_: {expected}) => any;"


UNIONS = [
    (
        {"anyOf": [{"type": "string", "description": "Its name."}, {"type": "null"}]},
        "\n | string // Its name.\n | null",
    ),
    (
        {"anyOf": [{"type": "integer", "minimum": 1, "default": 2}, {"type": "null"}]},
        "\n | number // minimum: 1, default: 2\n | null",
    ),
    ({"anyOf": [of({"type": "string"}, title="T"), {"type": "null"}]}, "\n |\n// T\n{ a: string }\n | null"),
]


@pytest.mark.parametrize(("prop", "expected"), UNIONS)
@pytest.mark.parametrize("layout", [CHAT_LAYOUT, RESPONSES_LAYOUT])
def test_a_comment_puts_every_variant_on_a_line_and_ends_the_union(
    prop: Schema, expected: str, layout: DeclarationLayout
) -> None:
    assert printed(of(prop), layout) == f"type f = (_: {{\na:{expected}\n,\n}}) => any;"


def test_a_union_of_several_lines_without_a_comment_ends_in_its_last_variant() -> None:
    listed = {"type": "array", "items": of({"type": "string"}, title="T")}
    expected = "type f = (_: {\na:\n | Array<\n// T\n{ a: string }\n>\n | null,\n}) => any;"
    assert printed(of({"anyOf": [listed, {"type": "null"}]})) == expected


def test_a_list_of_types_repeats_its_comments_in_chat_and_keeps_only_bounds_in_responses() -> None:
    described = of({"type": ["string", "null"], "description": "D"})
    assert printed(described) == "type f = (_: {\n// D\na: // D\nstring\n | // D\nnull\n,\n}) => any;"
    listed = of({"type": ["null", "array"], "description": "D", "items": {"type": "string"}})
    assert printed(listed) == "type f = (_: {\n// D\na: // D\nnull\n | // D\nstring[]\n,\n}) => any;"
    objects = of({"type": ["null", "array"], "description": "D", "items": of({"type": "string", "title": "B"})})
    lines = "// D\na: // D\nnull\n | // D\nArray<\n{\n// B\na: string,\n}\n>\n,"
    assert printed(objects) == f"type f = (_: {{\n{lines}\n}}) => any;"
    assert printed(described, RESPONSES_LAYOUT) == "type f = (_: {\n// D\na: string | null,\n}) => any;"
    assert printed(of({"type": ["string", "null"]})) == "type f = (_: { a: string | null }) => any;"
    bounded = of({"type": ["integer", "null"], "minimum": 0, "maximum": 255})
    assert printed(bounded, RESPONSES_LAYOUT) == ("type f = (_: {\na: number // minimum: 0, maximum: 255\n | null\n,\n}) => any;")
    once = of({"type": ["string", "null"], "default": None})
    assert printed(once) == "type f = (_: {\na: string | null, // default: null\n}) => any;"


@pytest.mark.parametrize("more", [{}, {"description": "Line to text."}, {"properties": {}}])
@pytest.mark.parametrize("value", [{}, {"type": "string"}, {"anyOf": [{"type": "string"}, {"type": "null"}]}])
def test_a_property_that_maps_any_key_is_not_printed(more: Schema, value: Schema) -> None:
    mapped = {"type": "object", "additionalProperties": value, **more}
    both = {"type": "object", "properties": {"a": {"type": "string"}, "b": mapped}, "required": ["a"]}
    assert printed(both) == "type f = (_: { a: string }) => any;"
    assert printed(of(mapped)) == "type f = (_: object) => any;"
    referred = {**both, "properties": {"a": {"type": "string"}, "b": {"$ref": "#/$defs/M"}}, "$defs": {"M": mapped}}
    assert printed(referred) == "type f = (_: { a: string }) => any;"
    assert printed({"type": "object", "additionalProperties": value}) == "type f = () => any;"
    listed = printed(of({"type": "array", "items": {"type": "object", "additionalProperties": {"type": "integer"}}}))
    assert listed == "type f = (_: { a: { [key: string]: number }[] }) => any;"


def test_only_chat_prints_the_constraints_of_anything_but_numbers() -> None:
    dated = of({"type": "string", "format": "date", "maxLength": 10})
    assert printed(dated) == 'type f = (_: {\na: string, // maxLength: 10, format: "date"\n}) => any;'
    assert printed(dated, RESPONSES_LAYOUT) == "type f = (_: { a: string }) => any;"


def test_a_schema_that_contains_itself_is_printed_once() -> None:
    tree = {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#/$defs/T"}}}}
    schema = of({"$ref": "#/$defs/T"}, defs={"T": tree, "A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}})
    assert printed(schema) == "type f = (_: { a: { kids?: any[] } }) => any;"
    assert printed({**schema, **of({"$ref": "#/$defs/A"})}) == "type f = (_: { a: any }) => any;"


CHAIN = {
    "properties": {f"p{n}": {"$ref": f"#/$defs/a{n}"} for n in range(3_000)},
    "$defs": {**{f"a{n}": {"$ref": f"#/$defs/a{n + 1}"} for n in range(3_000)}, "a3000": {"type": "string"}},
}


def test_each_link_of_a_chain_of_references_is_followed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    followed: list[str] = []

    def follow(reference: str, root: Schema) -> object:
        followed.append(reference)
        return root["$defs"].get(reference.removeprefix("#/$defs/"))

    monkeypatch.setattr(schema, "_follow_pointer", follow)
    references = schema.References(CHAIN)
    assert all(references.resolve(value) == {"type": "string"} for value in CHAIN["properties"].values())
    assert len(followed) == 3_001
    assert schema.References({}).resolve({"$ref": 5}) == {}


LONG = "x" * 30_000
MANY = {f"p{n}": {"$ref": "#/$defs/a"} for n in range(1_000)}


@pytest.mark.parametrize(
    "parameters",
    [
        {"properties": MANY, "$defs": {"a": {"enum": [LONG]}}},
        {"properties": MANY, "$defs": {"a": {"properties": {LONG: {"type": "string"}}}}},
        {"properties": MANY, "$defs": {"a": {"type": "object", "description": LONG, "properties": {"b": {}}}}},
        {"properties": {"p": {"anyOf": [*MANY.values()]}}, "$defs": {"a": {"type": "string", "pattern": LONG}}},
        {"properties": {"p": {"type": ["string"] * 1_000, "description": LONG}}},
    ],
)
def test_a_schema_that_multiplies_its_text_is_refused(parameters: Schema) -> None:
    """30 MB of text would come of 60 kB."""
    with pytest.raises(BadBody, match="expected a schema of at most 100,000 types, found references that make more of it"):
        printed(parameters, CHAT_LAYOUT)


def test_all_functions_stand_in_one_namespace() -> None:
    functions = [FunctionDeclaration("f", "", {}, ""), FunctionDeclaration("get-time", "When.", {}, "")]
    assert format_functions(functions, CHAT_LAYOUT) == (
        "# Tools\n\n## functions\n\nnamespace functions {\n\ntype f = () => any;\n\n"
        "// When.\ntype get-time = () => any;\n\n} // namespace functions"
    )


def test_a_structured_output_is_its_schema_without_what_only_checks_the_answer() -> None:
    schema = {
        "title": "Kept",
        "type": "object",
        "$schema": "dropped",
        "properties": {
            "required": {"type": "string", "description": "é stays, escaped", "minLength": 1, "pattern": "x"},
            "default": {"type": ["integer", "null"], "default": 1, "minimum": 0, "format": "int32"},
            "list": {"type": "array", "items": {"$ref": "#/$defs/pattern"}, "minItems": 1, "uniqueItems": True},
        },
        "required": ["required"],
        "additionalProperties": False,
        "$defs": {"pattern": {"enum": ["a", "b"], "const": "a"}},
    }
    declared = ResponseFormat("n", "What it is.", schema, "")
    assert format_response_format(declared) == (
        "# Response Formats\n\n## n\n\n// What it is.\n"
        '{"title":"Kept","type":"object","properties":{"required":{"type":"string","description":"\\u00e9 stays, escaped"},'
        '"default":{"type":["integer","null"]},"list":{"type":"array","items":{"$ref":"#/$defs/pattern"}}},'
        '"$defs":{"pattern":{"enum":["a","b"],"const":"a"}}}'
    )
