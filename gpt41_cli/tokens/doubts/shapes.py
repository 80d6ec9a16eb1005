"""Find the shapes of a request: everything in it whose tokens one recorded bill could contradict while others are right."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from gpt41_cli.requests.request import CallTurn, JsonSchema, Request
from gpt41_cli.tokens.doubts import evidence
from gpt41_cli.tokens.doubts.cycles import find_cycles
from gpt41_cli.tokens.doubts.evidence import Shape
from gpt41_cli.tokens.schema import References, get_union_variants, is_object_schema

_MAX_PATH = 300
_SCALARS = ("string", "integer", "number", "boolean", "null")
_LISTED = (*_SCALARS, "array")

PlacedShape = tuple[Shape, str]
"""A shape and its path in the request."""


def find_shapes(request: Request) -> Iterator[PlacedShape]:
    """Find the shapes of a request, in its order: calls, settings, declared functions, structured output."""
    for turn in request.turns:
        if isinstance(turn, CallTurn):
            yield from ((shape, turn.path) for shape in _find_call_shapes(turn, request))
    if request.functions:
        yield from _find_setting_shapes(request)
        for function in request.functions:
            yield from find_declaration_shapes(function.parameters, function.path)
    if request.response_format:
        if request.images and request.is_chat:
            yield evidence.PICTURE_WITH_FORMAT, request.response_format.path
        yield from find_format_shapes(request.response_format.schema, request.response_format.path)


def _find_call_shapes(turn: CallTurn, request: Request) -> Iterator[Shape]:
    if not request.is_chat:
        yield evidence.CALLS_IN_RESPONSES
        return
    if turn.text:
        yield evidence.TEXT_NEXT_TO_CALLS
    if turn.name:
        yield evidence.NAME_ON_CALLS
    # A result that is JSON may have escapes, which parsing turns into characters.
    if len(turn.calls) > 1 and not all(result.isascii() and "\\u" not in result for result in turn.results):
        yield evidence.PARALLEL_BEYOND_ASCII


def _find_setting_shapes(request: Request) -> Iterator[PlacedShape]:
    """Find the shapes of the settings that say how declared functions are used."""
    if request.forced_function:
        yield evidence.FORCED_CALL, "tool_choice"
    if request.tool_choice == "none":
        yield evidence.NO_CALL, "tool_choice"
    if request.tool_choice == "required":
        yield evidence.REQUIRED_CALL, "tool_choice"
    if not request.allows_parallel_calls:
        yield evidence.NO_PARALLEL_CALLS, "parallel_tool_calls"
    if request.response_format:
        yield evidence.TOOLS_WITH_FORMAT, request.response_format.path


class _SchemaPlace(NamedTuple):
    """A place in a walk through a schema."""

    schema: Any
    path: str
    is_root: bool = False


def find_declaration_shapes(parameters: JsonSchema, path: str) -> Iterator[PlacedShape]:
    """Find the shapes of one function's parameters, each with its place."""
    references = References(parameters)
    pending = [_SchemaPlace(parameters, path, is_root=True)]
    followed: dict[int, JsonSchema] = {}
    places: list[tuple[str, int]] = []
    while pending:
        place = pending.pop()
        if not isinstance(place.schema, dict):
            continue
        yield from ((shape, place.path) for shape in _find_schema_shapes(place.schema, references, place.is_root))
        if isinstance(place.schema.get("$ref"), str):
            target = references.resolve(place.schema)
            places.append((place.path, id(target)))
            if id(target) not in followed:
                followed[id(target)] = target
                pending.append(_SchemaPlace(target, f"{place.path}.$ref"))
        pending += _list_inner_schemas(place)
    recursive = find_cycles({key: _find_targets(target, references) for key, target in followed.items()})
    yield from ((evidence.RECURSIVE, at) for at, target in places if target in recursive)


def _list_inner_schemas(place: _SchemaPlace) -> Iterator[_SchemaPlace]:
    """List the schemas directly inside a schema."""
    schema, path = place.schema, place.path
    properties = schema.get("properties")
    if isinstance(properties, dict):
        yield from (_SchemaPlace(value, _extend_path(path, f"properties.{name}")) for name, value in properties.items())
    if isinstance(schema.get("items"), dict):
        yield _SchemaPlace(schema["items"], _extend_path(path, "items"))
    for index, value in enumerate(get_union_variants(schema) or ()):
        yield _SchemaPlace(value, _extend_path(path, f"anyOf[{index}]"))


def _extend_path(path: str, step: str) -> str:
    """Extend the path of a schema, cut where it gets too long to be read: all that is inside repeats it."""
    if path.endswith("…"):
        return path
    longer = f"{path}.{step[:_MAX_PATH]}"
    return longer if len(longer) <= _MAX_PATH else f"{longer[:_MAX_PATH]}…"


def _find_targets(schema: JsonSchema, references: References) -> set[int]:
    """Find what the references inside a schema point to, but not what is further on, by the ids of these schemas."""
    targets = set()
    pending: list[Any] = [schema]
    while pending:
        inner = pending.pop()
        if isinstance(inner, dict):
            if isinstance(inner.get("$ref"), str):
                targets.add(id(references.resolve(inner)))
            pending += (place.schema for place in _list_inner_schemas(_SchemaPlace(inner, "…")))
    return targets


def _find_schema_shapes(schema: JsonSchema, references: References, is_root: bool) -> Iterator[Shape]:
    """Find the shapes of one schema of a declared function, without the schemas inside it."""
    yield from _find_keyword_shapes(schema, evidence.DECLARATION)
    if "$ref" in schema:
        is_object = is_object_schema(references.resolve(schema))
        yield evidence.REFERENCE_TO_OBJECT if is_object else evidence.OTHER_REFERENCE
    if "enum" in schema:
        yield evidence.ENUM_OF_TEXT if _is_text_list(schema["enum"]) else evidence.OTHER_ENUM
    if "minimum" in schema or "maximum" in schema:
        yield evidence.BOUNDS
    if "format" in schema:
        yield evidence.FORMAT_OF_TEXT if schema.get("type") == "string" else evidence.OTHER_FORMAT
    yield from _find_type_shapes(schema, is_root)
    yield from _find_object_shapes(schema, is_root)
    if schema.get("type") == "array":
        yield _get_list_shape(schema.get("items"), references)
    if get_union_variants(schema):
        yield _get_union_shape(schema, references)


def _find_keyword_shapes(schema: JsonSchema, place: str) -> Iterator[Shape]:
    known = evidence.KEYWORD_SHAPES[place]
    for keyword in schema:
        if not keyword.startswith("x-"):
            yield known.get(keyword) or evidence.make_keyword_shape(keyword, place)


def _find_type_shapes(schema: JsonSchema, is_root: bool) -> Iterator[Shape]:
    kind = schema.get("type")
    if isinstance(kind, list):
        is_pair = len(kind) == 2 and all(one in _LISTED for one in kind)
        is_described = bool(schema.get("description"))
        if is_pair and (is_described or "array" not in kind):
            yield evidence.DESCRIBED_TYPE_LIST if is_described else evidence.TYPE_LIST
        else:
            yield evidence.OTHER_TYPE_LIST
    if kind is None and not is_root and not {"$ref", "anyOf", "enum", "properties"} & schema.keys():
        yield evidence.UNTYPED


def _find_object_shapes(schema: JsonSchema, is_root: bool) -> Iterator[Shape]:
    other = schema.get("additionalProperties")
    if isinstance(other, dict):
        yield evidence.PROPERTIES_AND_MAP if is_root or schema.get("properties") else evidence.MAP
    elif other is True:
        yield evidence.ANY_KEY
    elif schema.get("type") == "object" and not is_root and not schema.get("properties"):
        yield evidence.EMPTY_OBJECT
    if is_root and schema.get("description") and schema.get("properties"):
        yield evidence.DESCRIBED_ROOT


def _is_text_list(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _get_list_shape(items: Any, references: References) -> Shape:
    if not isinstance(items, dict):
        return evidence.LIST_WITHOUT_ITEMS
    item = references.resolve(items)
    if item.get("type") == "array" or get_union_variants(item) or isinstance(item.get("type"), list):
        return evidence.OTHER_LIST
    if is_object_schema(item):
        return evidence.LIST_OF_OBJECTS
    return evidence.LIST_OF_ENUM if "enum" in item else evidence.LIST_OF_SCALARS


def _get_union_shape(schema: JsonSchema, references: References) -> Shape:
    """Return the shape of a union: that of its least usual variant."""
    variants = get_union_variants(schema) or ()
    resolved = [references.resolve(variant) for variant in variants]
    is_reference = [isinstance(variant, dict) and "$ref" in variant for variant in variants]
    if "oneOf" in schema or any(
        get_union_variants(variant) or variant.get("title") or (is_other and variant.get("type") != "object")
        for variant, is_other in zip(resolved, is_reference, strict=True)
    ):
        return evidence.OTHER_UNION
    if any({"description", "default", "minimum", "maximum", "format"} & variant.keys() for variant in resolved):
        return evidence.COMMENTED_UNION
    items = [references.resolve(variant.get("items")) for variant in resolved]
    return evidence.UNION_WITH_OBJECTS if any(is_object_schema(item) for item in items) else evidence.UNION


def find_format_shapes(schema: JsonSchema, path: str) -> Iterator[PlacedShape]:
    """Find the shapes of a structured output: its keywords, as it is billed as it is written."""
    pending: list[tuple[Any, str]] = [(schema, path)]
    while pending:
        value, at = pending.pop()
        if not isinstance(value, dict):
            continue
        yield from ((shape, at) for shape in _find_keyword_shapes(value, evidence.STRUCTURED_OUTPUT))
        for name in ("properties", "$defs", "definitions"):
            inner = value.get(name)
            if isinstance(inner, dict):
                pending += ((one, _extend_path(at, f"{name}.{key}")) for key, one in inner.items())
        pending.append((value.get("items"), _extend_path(at, "items")))
        pending += ((one, _extend_path(at, f"anyOf[{index}]")) for index, one in enumerate(get_union_variants(value) or ()))
