"""What holds of the counts of any request: declarations read back, more never counts less, and only what is unreadable fails."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, TypeAlias

import pytest

from gpt41_cli.errors import InputError
from gpt41_cli.requests.readers import read_request
from gpt41_cli.requests.request import FunctionDeclaration
from gpt41_cli.tokens.declarations import CHAT_LAYOUT, RESPONSES_LAYOUT, DeclarationLayout, format_functions
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.schema import References
from tests.builders import CATALOG, USER, Body

METERS = {model: Meter(CATALOG, model) for model in ("gpt-4.1", "gpt-6-luna")}
"""Both generations of rules."""

Type: TypeAlias = Any
"""A type as it is read: an atom, ["list", T], ["union", T, ...], or the members of an object by their names."""


class Reader:
    """Reads the types of declarations. Raises ValueError where they aren't well formed."""

    def __init__(self, text: str) -> None:
        # Texts come before comments: a text may have slashes. A comment ends with its line.
        pattern = r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|-?\d[\d.e+-]*|\w+|\s+|[^\w\s]'
        self.tokens = [each for each in re.findall(pattern, text) if not each.isspace() and not each.startswith("//")]

    def take(self, *expected: str) -> None:
        for each in expected:
            if self.tokens[:1] != [each]:
                raise ValueError(f"expected {each}, found {self.tokens[:8]}")
            del self.tokens[0]

    def take_if(self, token: str) -> bool:
        is_there = self.tokens[:1] == [token]
        del self.tokens[:is_there]
        return is_there

    def read_block(self) -> dict[str, Type]:
        self.take("#", "Tools", "#", "#", "functions", "namespace", "functions", "{")
        found: dict[str, Type] = {}
        while not self.take_if("}"):
            self.take("type")
            name = self.tokens.pop(0)
            self.take("=", "(")
            found[name] = None
            if not self.take_if(")"):
                self.take("_", ":")
                found[name] = self.read_type()
                self.take(")")
            self.take("=", ">", "any", ";")
        assert self.tokens == []
        return found

    def read_type(self) -> Type:
        self.take_if("|")
        variants = [self.read_list()]
        while self.take_if("|"):
            variants.append(self.read_list())
        return unite(variants)

    def read_list(self) -> Type:
        kind = self.read_atom()
        while self.take_if("["):
            self.take("]")
            kind = ["list", kind]
        return kind

    def read_atom(self) -> Type:
        token = self.tokens.pop(0)
        if token == "Array":
            self.take("<")
            kind = ["list", self.read_type()]
            self.take(">")
            return kind
        if token == "(":
            kind = self.read_type()
            self.take(")")
            return kind
        if token == "{":
            return self.read_members()
        return token if token in ("string", "number", "boolean", "null", "any", "object") else ["literal", json.loads(token)]

    def read_members(self) -> Type:
        members = {}
        while not self.take_if("}"):
            name = self.tokens.pop(0)
            if name == "[":
                self.take("key", ":", "string", "]")
            is_optional = self.take_if("?")
            self.take(":")
            members[name] = [is_optional, self.read_type()]
            self.take_if(",")
        return members


def unite(variants: list[Type]) -> Type:
    flat = [part for kind in variants for part in (kind[1:] if isinstance(kind, list) and kind[0] == "union" else [kind])]
    return ["union", *flat] if len(flat) > 1 else flat[0]


def describe(schema: Any, root: Body) -> Type:
    """The type that a schema declares, by its meaning and not by how it is printed."""
    if not isinstance(schema, dict):
        return "any"
    schema = References(root).resolve(schema)
    if "anyOf" in schema:
        return unite([describe(each, root) for each in schema["anyOf"]])
    if "enum" in schema:
        return unite(["null" if each is None else ["literal", each] for each in schema["enum"]])
    if isinstance(schema.get("type"), list):
        return unite([describe({**schema, "type": kind}, root) for kind in schema["type"]])
    if schema.get("type") == "array":
        return ["list", describe(schema.get("items"), root)]
    if schema.get("type") == "object":
        return describe_object(schema, root)
    return {"integer": "number", None: "any"}.get(schema.get("type"), schema.get("type"))


def describe_object(schema: Mapping[str, Any], root: Body) -> Type:
    members = {
        name: [name not in schema.get("required", []), describe(each, root)]
        for name, each in schema.get("properties", {}).items()
        if not is_map(References(root).resolve(each))
    }
    other = schema.get("additionalProperties")
    if other is True or isinstance(other, dict):
        members["["] = [False, describe(other, root)]
    return members or "object"


def is_map(schema: Mapping[str, Any]) -> bool:
    is_object = schema.get("type") == "object" or "properties" in schema
    return is_object and not schema.get("properties") and isinstance(schema.get("additionalProperties"), dict)


TEXTS = ("Get the time.", "In MB", "Two\nlines.", '  // a, "b" | {c}: d? \n\n e ', "é\r\n\u2028x", "}")
LITERALS = ("a", "in MB", 'say "x"', "// no", "é\n", 1, 2.5, -3, True, None)
KINDS = ("string", "number", "integer", "boolean", "null")
DEFINITIONS: Body = {
    "City": {"type": "object", "title": "City", "properties": {"name": {"type": "string", "description": "Two\nlines."}}},
    "Kind": {"enum": ["a", "b"], "description": "One of two."},
    "Map": {"type": "object", "additionalProperties": {}},
}


class Maker:
    """Makes random schemas and requests, the same ones of the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def is_chosen(self, percent: int) -> bool:
        return self.random.randrange(100) < percent

    def pick(self, values: Sequence[Any]) -> Any:
        return self.random.choice(values)

    def make_comments(self) -> dict[str, Any]:
        choices = {"description": TEXTS, "title": TEXTS, "default": LITERALS, "minimum": (0, -2, 300), "format": ("date", "time")}
        more = {"pattern": TEXTS, "maxItems": (4,)}
        return {name: self.pick(values) for name, values in {**choices, **more}.items() if self.is_chosen(15)}

    def make_schema(self, depth: int = 3) -> Any:
        """A schema that means something: of every form that a declaration prints."""
        makers: list[Callable[[int], Any]] = [self.make_scalar, self.make_enum, self.make_reference]
        if depth:
            makers += [self.make_list, self.make_union, self.make_type_list, self.make_object, self.make_object]
        return self.pick(makers)(depth - 1)

    def make_scalar(self, _: int) -> Any:
        if self.is_chosen(20):
            return self.pick([True, {}])
        return {"type": self.pick(KINDS), **self.make_comments()}

    def make_enum(self, _: int) -> Body:
        return {"enum": self.random.sample(LITERALS, self.random.randint(1, 3)), **self.make_comments()}

    def make_reference(self, _: int) -> Body:
        return {"$ref": f"#/$defs/{self.pick([*DEFINITIONS])}", **(self.make_comments() if self.is_chosen(30) else {})}

    def make_list(self, depth: int) -> Body:
        items = {"items": self.make_schema(depth)} if self.is_chosen(80) else {}
        return {"type": "array", **items, **self.make_comments()}

    def make_union(self, depth: int) -> Body:
        return {"anyOf": [self.make_schema(depth) for _ in range(self.random.randint(1, 3))], **self.make_comments()}

    def make_type_list(self, depth: int) -> Body:
        kinds = self.random.sample(("string", "integer", "boolean", "array", "object"), self.random.randint(1, 2))
        inner = {"items": self.make_schema(depth)} if self.is_chosen(50) else {}
        return {"type": [*kinds, "null"], **inner, **self.make_comments()}

    def make_object(self, depth: int) -> Body:
        names = self.random.sample(("a", "b", "id", "query", "max_results"), self.random.randint(0, 3))
        schema: dict[str, Any] = {"type": "object", **self.make_comments()}
        if names or self.is_chosen(50):
            schema["properties"] = {name: self.make_schema(depth) for name in names}
        if self.is_chosen(50):
            schema["required"] = [name for name in (*names, "gone") if self.is_chosen(50)]
        if self.is_chosen(50):
            schema["additionalProperties"] = self.pick([True, False, {}, self.make_schema(depth)])
        return schema

    def make_parameters(self) -> dict[str, Any]:
        return {**self.make_object(3), "$defs": DEFINITIONS}

    def make_functions(self, least: int = 0) -> list[dict[str, Any]]:
        return [
            {"name": f"f{number}", "description": self.pick(("", *TEXTS)), "parameters": self.make_parameters()}
            for number in range(self.random.randint(least, 3))
        ]


@pytest.mark.parametrize("layout", [CHAT_LAYOUT, RESPONSES_LAYOUT], ids=["chat", "responses"])
def test_declarations_read_back(layout: DeclarationLayout) -> None:
    for seed in range(600):
        functions = [
            FunctionDeclaration(each["name"], each["description"], each["parameters"], "parameters")
            for each in Maker(seed).make_functions()
        ]
        expected = {}
        for function in functions:
            parameters = function.parameters
            takes_some = parameters.get("properties") or parameters.get("additionalProperties") is True
            expected[function.name] = describe_object(parameters, parameters) if takes_some else None
        printed = format_functions(functions, layout)
        assert Reader(printed).read_block() == expected, (seed, printed)


def count(model: str, body: Body) -> int:
    return METERS[model].count(read_request(body)).input_tokens


def make_body(functions: Sequence[Body], is_chat: bool, **settings: Any) -> dict[str, Any]:
    """A request that declares functions, to either endpoint."""
    if is_chat:
        tools = [{"type": "function", "function": function} for function in functions]
        return {"model": "gpt-4.1", "messages": [USER], "tools": tools, **settings}
    return {"model": "gpt-4.1", "input": [USER], "tools": [{"type": "function", **each} for each in functions], **settings}


def list_places(parameters: Body) -> list[dict[str, Any]]:
    """The objects of a schema that are printed at their places, where something can be added."""
    found: list[Any] = [parameters]
    for schema in found:
        found += [
            each for each in schema.get("properties", {}).values() if isinstance(each, dict) and each.get("type") == "object"
        ]
    return found


def add_something(maker: Maker, functions: list[dict[str, Any]]) -> None:
    """Add a property, a description or a function."""
    added = maker.pick(["property", "description", "description of a function", "function"])
    function = maker.pick(functions)
    place = maker.pick(list_places(function["parameters"]))
    if added == "property":
        place["properties"] = {**place.get("properties", {}), "added": maker.make_schema()}
    elif added == "description":
        place["description"] = f"{place.get('description', '')} It is new.".strip()
    elif added == "description of a function":
        function["description"] += " It is new."
    else:
        functions.append({"name": "added", "description": "", "parameters": maker.make_parameters()})


@pytest.mark.parametrize("model", METERS)
@pytest.mark.parametrize("is_chat", [True, False], ids=["chat", "responses"])
def test_adding_to_declarations_never_lowers_the_count(model: str, is_chat: bool) -> None:
    for seed in range(200):
        maker = Maker(seed)
        functions = maker.make_functions(least=1)
        before = count(model, make_body(functions, is_chat))
        shown = json.dumps(functions)
        add_something(maker, functions)
        assert count(model, make_body(functions, is_chat)) >= before, (seed, shown, json.dumps(functions))


@pytest.mark.parametrize("model", METERS)
@pytest.mark.parametrize("is_chat", [True, False], ids=["chat", "responses"])
def test_both_keys_of_a_forced_function_count_alike(model: str, is_chat: bool) -> None:
    for name in ("f0", "RelatedSubjects", "get_time"):
        functions: list[Body] = [{"name": name, "parameters": {}}]
        nested, flat = ({"type": "function", **chosen} for chosen in ({"function": {"name": name}}, {"name": name}))
        of_nested, of_flat, of_auto = (
            count(model, make_body(functions, is_chat, tool_choice=choice)) for choice in (nested, flat, "auto")
        )
        assert of_nested == of_flat
        assert (of_flat > of_auto) is (model == "gpt-4.1")


ROLES = {
    True: ("system", "developer", "user", "assistant", "tool", "function"),
    False: ("system", "developer", "user", "assistant"),
}


@pytest.mark.parametrize("model", METERS)
@pytest.mark.parametrize("is_chat", [True, False], ids=["chat", "responses"])
def test_a_name_on_a_message_never_lowers_the_count(model: str, is_chat: bool) -> None:
    for role in ROLES[is_chat]:
        counts = []
        for name in (None, "ada", "Ada_Lovelace-1815"):
            messages = [{"role": role, "content": "x", **({} if name is None else {"name": name})}, USER]
            body = {"messages": messages} if is_chat else {"input": messages}
            counts.append(count(model, {"model": "gpt-4.1", **body}))
        assert counts == sorted(counts), role


JUNK: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2.5,
    "",
    "x",
    "é\ud800",
    [],
    [[]],
    [1, "x", None],
    {},
    {"x": {}},
    {"type": []},
    10**400,
)
KEYWORDS = (
    *("type", "properties", "required", "items", "enum", "const", "anyOf", "oneOf", "allOf", "additionalProperties", "$ref"),
    *("$defs", "description", "title", "default", "minimum", "maximum", "format", "pattern", "x-note"),
)


def make_junk(maker: Maker, depth: int = 3) -> Any:
    """A schema with values of any type at its keywords."""
    if not depth or maker.is_chosen(30):
        return maker.pick(JUNK) if maker.is_chosen(50) else maker.make_schema(1)
    keywords = maker.random.sample(KEYWORDS, maker.random.randint(1, 4))
    found = {keyword: make_junk(maker, depth - 1) for keyword in keywords}
    for listed in {"anyOf", "oneOf", "allOf", "required", "enum"} & found.keys():
        if maker.is_chosen(60):
            found[listed] = [make_junk(maker, depth - 1), found[listed]]
    for named in {"properties", "$defs"} & found.keys():
        if maker.is_chosen(60):
            found[named] = {"a": found[named], "": make_junk(maker, depth - 1)}
    return found


def test_what_cannot_be_read_is_an_input_error_and_nothing_else() -> None:
    counted = 0
    for seed in range(1_500):
        maker = Maker(seed)
        is_chat = maker.is_chosen(50)
        schema = make_junk(maker)
        if maker.is_chosen(30):
            declared = {"type": "json_schema", "name": "n", "schema": schema}
            declared = {"type": "json_schema", "json_schema": declared} if is_chat else {"format": declared}
            settings = {"response_format" if is_chat else "text": declared}
            body = make_body([], is_chat, **settings)
        else:
            choice = maker.pick(["none", "required", {"type": "function", "name": maker.pick(JUNK)}, *JUNK])
            body = make_body([{"name": "f", "description": maker.pick(JUNK), "parameters": schema}], is_chat, tool_choice=choice)
        try:
            for meter in METERS.values():
                entry = meter.count(read_request(body), keeps_pieces=True)
                assert entry.input_tokens == sum(tokens for _, tokens in entry.pieces) > 0
            counted += 1
        except InputError:
            pass
    assert counted > 300  # it isn't all unreadable
