"""Why a count may differ from the bill: everything in a request that few or no recordings confirm.

A request without any of these doubts was right in 98.9 to 99.3 % of the recorded ones, including projects that the rules were
never fitted to. "Confirmed" means: seen in several schemas of several projects, and always right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog.tables import Model, PatchRule
from gpt41_cli.files.fields import redact
from gpt41_cli.requests.request import CallTurn, Doubt, JsonSchema, Request
from gpt41_cli.rules import Effect, Rule
from gpt41_cli.tokens.schema import References, get_union_variants, is_object_schema

_CONFIRMED_IN_TOOLS = {
    *("type", "properties", "required", "description", "title", "enum", "default", "items", "additionalProperties"),
    *("$schema", "$defs", "definitions", "$ref", "anyOf", "minimum", "maximum", "format", "strict"),
}
_CONFIRMED_IN_FORMATS = _CONFIRMED_IN_TOOLS | {"const", "minItems", "maxItems", "minLength", "maxLength"}
_MAX_PATH = 300
_SCALARS = ("string", "integer", "number", "boolean", "null")


def find_doubts(request: Request, model: Model | None, *, is_named: bool = True) -> list[Doubt]:
    """List the reasons not to call the count of `request` exact for `model`.

    `model` is None if the price table doesn't have it. A request that names no model isn't doubted for that.
    """
    found = [*request.doubts]
    if is_named and (model is None or not model.prompt.confirmed):
        found.append(_make_model_doubt(model))
    if request.images:
        found += _find_image_doubts(request, model)
    found += _find_call_doubts(request)
    if request.functions:
        found += _find_setting_doubts(request)
        for function in request.functions:
            found += find_declaration_doubts(function.parameters, function.path)
    if request.response_format:
        found += find_format_doubts(request.response_format.schema, request.response_format.path)
    return found


def _make_model_doubt(model: Model | None) -> Doubt:
    """Doubt a model that the rules weren't found on. A reasoning model or an unknown one may keep tokens that aren't counted."""
    if model is None:
        unknown = "the price table does not have this model"
    elif model.reasoning:
        unknown = "no recordings confirm the rules for this model, and what it keeps of its reasoning is not counted"
    else:
        unknown = "no recordings confirm the rules for this model"
    effect = Effect.AT_LEAST if model is None or model.reasoning else Effect.INEXACT
    return Doubt(rules.MODEL, "model", f"{unknown}: it is counted as the family is", effect)


def _find_image_doubts(request: Request, model: Model | None) -> Iterator[Doubt]:
    """Doubt pictures unless their size is known and their detail automatic. Models that count patches are confirmed in one
    endpoint.
    """
    for image in request.images:
        is_any_size = image.detail == "low" and model and model.images and model.images.low_detail_tokens is not None
        if image.width is None and not is_any_size:
            yield Doubt(rules.IMAGE_SIZE, image.path, "the size of this picture is not known: it counts as the dearest")
        if image.detail != "auto":
            yield Doubt(rules.IMAGE_DETAIL, image.path, f"no recordings confirm pictures of {image.detail} detail")
        if image.is_in_result:
            yield Doubt(rules.IMAGE_IN_RESULT, image.path, "a picture in a tool result has been seen to count less")
        if model and model.images is None:
            yield Doubt(rules.IMAGE_RULE, image.path, "how this model counts pictures is not known: as the family's first does")
        if model and isinstance(model.images, PatchRule) and model.images.extra_tokens > 1:
            yield Doubt(rules.IMAGE_PATCHES, image.path, "the pictures of this model did not always count the same")


def _find_call_doubts(request: Request) -> Iterator[Doubt]:
    for turn in request.turns:
        if not isinstance(turn, CallTurn):
            continue
        if not request.is_chat:
            yield Doubt(rules.CALLS, turn.path, "in Responses the server keeps tokens of its own of a call: up to 5 either way")
        elif turn.text:
            yield Doubt(rules.TEXT_BESIDE_CALLS, turn.path, "one recording confirms text beside calls")
        if len(turn.calls) > 1 and not all(result.isascii() for result in turn.results):
            yield Doubt(
                rules.PARALLEL_RESULTS, turn.path, "characters beyond ASCII in parallel results are escaped by some models"
            )


def _find_setting_doubts(request: Request) -> Iterator[Doubt]:
    """Find the doubts about how Responses treats tools differently from Chat Completions."""
    if request.is_chat:
        return
    if request.tool_choice == "required":
        yield Doubt(rules.TOOL_CHOICE, "tool_choice", "recordings disagree on what `required` costs in Responses")
    if not request.allows_parallel_calls:
        yield Doubt(rules.PARALLEL_TOOL_CALLS, "parallel_tool_calls", "few recordings confirm what switching it off costs")
    if request.response_format:
        yield Doubt(rules.TOOLS_WITH_SCHEMA, "text.format", "recordings disagree on tools together with a structured output")


class _SchemaPlace(NamedTuple):
    """A place in a walk through a schema."""

    schema: Any
    path: str
    is_root: bool = False


def find_declaration_doubts(parameters: JsonSchema, path: str) -> list[Doubt]:
    """Find the doubts about one function's parameters, each shape with its place."""
    found: list[Doubt] = []
    references = References(parameters)
    pending = [_SchemaPlace(parameters, path, is_root=True)]
    followed: dict[int, JsonSchema] = {}
    places: list[tuple[str, int]] = []
    while pending:
        place = pending.pop()
        if not isinstance(place.schema, dict):
            continue
        found += (Doubt(rule, place.path, message) for rule, message in _check_shape(place.schema, references, place.is_root))
        if isinstance(place.schema.get("$ref"), str):
            target = references.resolve(place.schema)
            places.append((place.path, id(target)))
            if id(target) not in followed:
                followed[id(target)] = target
                pending.append(_SchemaPlace(target, f"{place.path}.$ref"))
        pending += _list_inner_schemas(place)
    recursive = _find_cycles({key: _find_targets(target, references) for key, target in followed.items()})
    message = "no recordings confirm a schema that contains itself"
    return found + [Doubt(rules.RECURSIVE_SCHEMA, at, message) for at, target in places if target in recursive]


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
    found = set()
    pending: list[Any] = [schema]
    while pending:
        inner = pending.pop()
        if isinstance(inner, dict):
            if isinstance(inner.get("$ref"), str):
                found.add(id(references.resolve(inner)))
            pending += (place.schema for place in _list_inner_schemas(_SchemaPlace(inner, "…")))
    return found


def _find_cycles(graph: Mapping[int, set[int]]) -> set[int]:
    """Return the nodes of a graph that lead back to themselves: its strongly connected components (Kosaraju's algorithm)."""
    backwards: dict[int, list[int]] = {node: [] for node in graph}
    for node, following in graph.items():
        for each in following:
            backwards[each].append(node)
    found = {node for node, following in graph.items() if node in following}
    visited: set[int] = set()
    for start in reversed(_sort_by_finish(graph)):
        component = []
        pending = [start]
        while pending:
            node = pending.pop()
            if node not in visited:
                visited.add(node)
                component.append(node)
                pending += backwards[node]
        if len(component) > 1:
            found.update(component)
    return found


def _sort_by_finish(graph: Mapping[int, set[int]]) -> list[int]:
    """List the nodes of a graph, each after all that it leads to unless that leads back to it."""
    finished: list[int] = []
    visited: set[int] = set()
    pending = [(node, False) for node in graph]
    while pending:
        node, is_done = pending.pop()
        if is_done:
            finished.append(node)
        elif node not in visited:
            visited.add(node)
            pending.append((node, True))
            pending += ((each, False) for each in graph[node])
    return finished


def _check_shape(schema: JsonSchema, references: References, is_root: bool) -> Iterator[tuple[Rule, str]]:
    """Find what is unconfirmed about one schema of a declared function, without the schemas inside it."""
    for keyword in schema:
        if keyword not in _CONFIRMED_IN_TOOLS and not keyword.startswith("x-"):
            yield rules.SCHEMA_KEYWORD, f"no recordings confirm the keyword {redact(keyword)} in a declared function"
    if "$ref" in schema and not is_object_schema(references.resolve(schema)):
        yield rules.REFERENCE, "few recordings confirm a $ref to anything but an object"
    if isinstance(schema.get("additionalProperties"), dict):
        yield rules.OTHER_PROPERTIES, "no recordings confirm a schema of additionalProperties"
    if "enum" in schema and not _is_text_list(schema["enum"]):
        yield rules.ENUM, "no recordings confirm an enum of anything but text"
    if "minimum" in schema or "maximum" in schema:
        yield rules.BOUNDS, "few recordings confirm bounds"
    if "format" in schema and schema.get("type") != "string":
        yield rules.FORMAT, "no recordings confirm a format of anything but text"
    yield from _check_type(schema, is_root)
    yield from _check_items(schema, references)
    yield from _check_union(schema, references)


def _check_type(schema: JsonSchema, is_root: bool) -> Iterator[tuple[Rule, str]]:
    kind = schema.get("type")
    if isinstance(kind, list) and (schema.get("description") or len(kind) != 2 or not all(each in _SCALARS for each in kind)):
        yield rules.TYPE_LIST, "few recordings confirm such a list of types"
    if kind is None and not is_root and not {"$ref", "anyOf", "enum", "properties"} & schema.keys():
        yield rules.UNTYPED, "few recordings confirm a schema without a type"
    if kind == "object" and not is_root and not schema.get("properties"):
        yield rules.EMPTY_OBJECT, "no recordings confirm an object without properties"


def _is_text_list(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _check_items(schema: JsonSchema, references: References) -> Iterator[tuple[Rule, str]]:
    if schema.get("type") != "array":
        return
    items = schema.get("items")
    found = references.resolve(items)
    if not isinstance(items, dict):
        yield rules.ITEMS, "few recordings confirm a list without items"
    elif found.get("type") == "array" or "anyOf" in found:
        yield rules.ITEMS, "no recordings confirm a list of lists or of unions"


def _check_union(schema: JsonSchema, references: References) -> Iterator[tuple[Rule, str]]:
    for value in get_union_variants(schema) or ():
        found = references.resolve(value)
        is_other_reference = isinstance(value, dict) and "$ref" in value and found.get("type") != "object"
        if "anyOf" in found or found.get("title") or is_other_reference:
            yield rules.UNION, "few recordings confirm a union of titled or nested variants"
            return


def find_format_doubts(schema: JsonSchema, path: str) -> list[Doubt]:
    """Find the doubts about a structured output. It is billed as it is written, so only its keywords can be unconfirmed."""
    found: list[Doubt] = []
    pending: list[tuple[Any, str]] = [(schema, path)]
    while pending:
        value, at = pending.pop()
        if not isinstance(value, dict):
            continue
        for keyword in value:
            if keyword not in _CONFIRMED_IN_FORMATS and not keyword.startswith("x-"):
                message = f"no recordings confirm the keyword {redact(keyword)} in a structured output"
                found.append(Doubt(rules.SCHEMA_KEYWORD, at, message))
        for name in ("properties", "$defs", "definitions"):
            inner = value.get(name)
            if isinstance(inner, dict):
                pending += ((each, _extend_path(at, f"{name}.{key}")) for key, each in inner.items())
        pending.append((value.get("items"), _extend_path(at, "items")))
        pending += ((each, _extend_path(at, f"anyOf[{index}]")) for index, each in enumerate(get_union_variants(value) or ()))
    return found
