"""Finding one's way in a JSON Schema: what a `$ref` stands for, and which values of it are printed as JSON."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from typing import Any

from gpt41_cli.requests.request import JsonSchema

NUMBER_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
"""The keywords that bound a number."""


def resolve(schema: Any, root: JsonSchema) -> Mapping[str, Any]:
    """The schema that `schema` stands for once its `$ref`s are followed; an empty one where they lead nowhere or in a ring."""
    seen: set[str] = set()
    while isinstance(schema, dict) and "$ref" in schema:
        reference = schema["$ref"]
        if not isinstance(reference, str) or reference in seen:
            return {}
        seen.add(reference)
        schema = _follow_pointer(reference, root)
    return schema if isinstance(schema, dict) else {}


def _follow_pointer(reference: str, root: JsonSchema) -> Any:
    """What a JSON pointer (RFC 6901) such as `#/$defs/Name` names within `root`; None where there is nothing."""
    if not reference.startswith("#"):
        return None
    found: Any = root
    for step in reference[1:].split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        found = found.get(name) if isinstance(found, dict) else None
    return found


def is_object_schema(schema: JsonSchema) -> bool:
    """Whether it describes an object."""
    return schema.get("type") == "object" or "properties" in schema


def get_union_variants(schema: JsonSchema) -> list[Any] | None:
    """The variants of a union, `anyOf` and `oneOf` alike; None where it is none."""
    return next((schema[name] for name in ("anyOf", "oneOf") if isinstance(schema.get(name), list)), None)


def format_literal(value: Any) -> str:
    """A value as JSON in one line, its characters as they are."""
    return json.dumps(value, ensure_ascii=False)


_NAME_MAPPINGS = ("properties", "$defs", "definitions")


def drop_keywords(schema: Any, keywords: Container[str], *, names_properties: bool = False) -> Any:
    """The schema without these keywords, at every level, the rest in the order sent.

    A property may have the name of a keyword: `names_properties` says that the keys of this object are names.

    >>> drop_keywords({"type": "object", "properties": {"title": {"type": "string", "title": "Title"}}}, {"title"})
    {'type': 'object', 'properties': {'title': {'type': 'string'}}}
    """
    if isinstance(schema, list):
        return [drop_keywords(each, keywords) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: drop_keywords(value, keywords, names_properties=not names_properties and name in _NAME_MAPPINGS)
        for name, value in schema.items()
        if names_properties or name not in keywords
    }
