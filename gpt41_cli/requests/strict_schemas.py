"""What keeps a schema from being used with `strict`: OpenAI's guide to structured outputs, supported schemas
(https://developers.openai.com/api/docs/guides/structured-outputs).
"""

from __future__ import annotations

from collections.abc import Iterator

from gpt41_cli import rules
from gpt41_cli.files.fields import JsonObject, JsonValue, describe_kind, redact
from gpt41_cli.findings import Finding

_REFUSED_KEYWORDS = ("allOf", "not", "dependentRequired", "dependentSchemas", "if", "then", "else")
_MAX_NAMED = 3


def find_schema_flaws(schema: JsonObject, path: str) -> list[Finding]:
    """List what is wrong with a strict schema at `path`: the first flaw of each kind.

    "'additionalProperties' is required to be supplied and to be false" (https://github.com/moeru-ai/xsai/issues/145, 2025-05-05);
    "'required' is required to be supplied and to be an array including every key in properties"
    (https://github.com/agentscope-ai/agentscope-java/issues/2548, 2026-08-05).
    """
    first: dict[str, str] = {}
    if "anyOf" in schema or (schema.get("type") != "object" and "$ref" not in schema):
        first["root"] = f"{path}: expected an object at the top, found {'anyOf' if 'anyOf' in schema else 'another type'}"
    for node, at in _list_nodes(schema, path):
        for kind, text in _find_node_flaws(node):
            first.setdefault(kind, f"{at}: {text}")
    return [Finding(rules.STRICT_SCHEMA, text) for text in first.values()]


def _find_node_flaws(node: JsonObject) -> Iterator[tuple[str, str]]:
    kind = node.get("type")
    if kind == "object" or "properties" in node or (isinstance(kind, list) and "object" in kind):
        if node.get("additionalProperties") is not False:
            found = node.get("additionalProperties")
            what = "true" if found is True else describe_kind(found)
            yield "open", f"expected additionalProperties: false in every object, as strict asks for, found {what}"
        properties, required = node.get("properties"), node.get("required")
        names = list(properties) if isinstance(properties, dict) else []
        missing = [redact(name) for name in names if not isinstance(required, list) or name not in required]
        if missing:
            more = f" and {len(missing) - _MAX_NAMED} more" if len(missing) > _MAX_NAMED else ""
            named = ", ".join(missing[:_MAX_NAMED])
            yield "optional", f"expected all properties in required, as strict asks for, found it without {named}{more}"
    for keyword in _REFUSED_KEYWORDS:
        if keyword in node:
            yield "keyword", f"expected only keywords that strict allows, found {keyword}"


def _list_nodes(schema: JsonValue, path: str) -> Iterator[tuple[JsonObject, str]]:
    """Yield a schema and all schemas in it, each with its path, the outer before the inner ones."""
    pending: list[tuple[JsonValue, str]] = [(schema, path)]
    while pending:
        node, at = pending.pop()
        if not isinstance(node, dict):
            continue
        yield node, at
        inner: list[tuple[JsonValue, str]] = [(node.get("items"), f"{at}.items")]
        for key in ("properties", "$defs", "definitions"):
            held = node.get(key)
            inner += [(each, f"{at}.{key}.{_shorten(name)}") for name, each in held.items()] if isinstance(held, dict) else []
        for key in ("anyOf", "prefixItems"):
            held = node.get(key)
            inner += [(each, f"{at}.{key}[{index}]") for index, each in enumerate(held)] if isinstance(held, list) else []
        pending += reversed(inner)


def _shorten(name: str) -> str:
    """Return a name for a path: as it is if it is a plain word."""
    return name if redact(name) != "text" else "…"
