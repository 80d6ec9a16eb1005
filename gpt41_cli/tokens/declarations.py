"""Write function declarations as the text that is billed: a TypeScript namespace, printed from the JSON Schemas.

Only the count is known. The text is a reconstruction that reproduces it in 423 of 431 recorded Chat Completions requests with
tools (241 sets of tools, 44 repositories) and in 162 of 173 of Responses (117 sets, 30 repositories), recorded from 2024-08 to
2026-08. A rule marked (thin) rests on one or two schemas.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any, NamedTuple

from gpt41_cli.files.fields import BadBody, redact, require_list, require_object
from gpt41_cli.requests.request import FunctionDeclaration, JsonSchema
from gpt41_cli.tokens.schema import NUMBER_BOUNDS, References, format_literal, get_union_variants, is_object_schema

MAX_TYPES = 100_000
"""A schema whose references multiply beyond this many types is refused: no API takes it, and it would never end."""


class DeclarationLayout(NamedTuple):
    """How the endpoints print declarations differently.

    `constraints` are the keywords that become comments. `repeats_comments`: each type of a list of types repeats the comments of
    the whole; otherwise only a number keeps its bounds.
    """

    constraints: tuple[str, ...]
    repeats_comments: bool


CHAT_LAYOUT = DeclarationLayout(
    (*NUMBER_BOUNDS, "minLength", "maxLength", "pattern", "format", "minItems", "maxItems"), repeats_comments=True
)
RESPONSES_LAYOUT = DeclarationLayout(NUMBER_BOUNDS, repeats_comments=False)


def format_functions(functions: Iterable[FunctionDeclaration], layout: DeclarationLayout) -> str:
    """Format the block of all declared functions, with a blank line after each and no line break at its end."""
    declared = "".join(f"{format_function(function, layout)}\n\n" for function in functions)
    return f"# Tools\n\n## functions\n\nnamespace functions {{\n\n{declared}}} // namespace functions"


def format_function(function: FunctionDeclaration, layout: DeclarationLayout) -> str:
    """Format one function: its description as comments, then its type.

    A function takes one object, or nothing if `parameters` has no properties (171/171 recorded requests) or is missing (7/7). The
    name is printed as it is, hyphens included (7/7). A title of the object comes before it (167/167).
    """
    parameters = function.parameters
    head = format_comment(function.description) + f"type {function.name} = "
    if not parameters.get("properties") and parameters.get("additionalProperties") is not True:
        return head + "() => any;"
    return f"{head}(_: {format_heading(parameters)}{_TypeFormatter(function, layout).format_object(parameters)}) => any;"


def format_comment(text: str) -> str:
    """Format text as comment lines, each stripped. An empty line is `//`, empty text no line. (237/241 of several lines)

    >>> format_comment("What it does.\\n\\n  And how.")
    '// What it does.\\n//\\n// And how.\\n'
    """
    if not text:
        return ""
    return "".join(f"// {line.strip()}".rstrip() + "\n" for line in text.strip().split("\n"))


def format_heading(schema: JsonSchema) -> str:
    """Format title and description as comments with an empty one between them. (371/372 property titles)

    >>> format_heading({"title": "City", "description": "Where to look."})
    '// City\\n//\\n// Where to look.\\n'
    """
    title, description = (format_comment(_get_keyword_text(schema, key)) for key in ("title", "description"))
    return title + ("//\n" if title and description else "") + description


def _get_keyword_text(schema: JsonSchema, name: str) -> str:
    value = schema.get(name)
    return "" if value is None else str(value)


class _TypePosition(Enum):
    """The position of a type, which decides if its own title and description introduce it."""

    PROPERTY = 1
    ITEM = 2
    VARIANT = 3


class _TypeFormatter:
    """Formats the types of one function's parameters, which their `$ref`s point into."""

    def __init__(self, function: FunctionDeclaration, layout: DeclarationLayout) -> None:
        self.references = References(function.parameters)
        self.path = function.path
        self.layout = layout
        self.type_count = 0
        self.open_references: list[str] = []

    def format_object(self, schema: JsonSchema) -> str:
        """Format an object: on one line if none of its properties needs a comment or a line of its own, else on a line each.

        Nothing is indented. `?` follows the name of a property that isn't required. (63/64 nested objects) A property that maps
        any key to a schema is left out, with its description (9/9, one schema).
        """
        properties = require_object(schema.get("properties") or {}, f"{self.path}: properties")
        listed = require_list(schema.get("required") or [], f"{self.path}: required")
        required = {name for name in listed if isinstance(name, str)}
        lines = [
            self._format_property(name, value, name in required)
            for name, value in properties.items()
            if not _is_map(self.references.resolve(value))
        ]
        lines += self._format_other_properties(schema.get("additionalProperties"))
        if not lines:
            return "object"
        if any(before or after or "\n" in line for before, line, after in lines):
            return "{\n" + "".join(f"{before}{line},{after}\n" for before, line, after in lines) + "}"
        return "{ " + ", ".join(line for _, line, _ in lines) + " }"

    def _format_property(self, name: str, value: Any, is_required: bool) -> tuple[str, str, str]:
        """Format the comments before a property, the property, and the comment after it.

        Title and description come before it. Constraints, then the default, come after the comma (88/89 defaults). A type of
        several lines begins on a line of its own.
        """
        schema = {} if isinstance(value, bool) else require_object(value, f"{self.path}: properties.{redact(name)}")
        printed = self.format_type(schema, _TypePosition.PROPERTY)
        # What bounds a list of types is said of each type, not of the list.
        said = {"default": schema["default"]} if "default" in schema else {}
        behind = self._list_constraints(said if isinstance(schema.get("type"), list) else schema)
        return (
            format_heading(schema),
            f"{name}{'' if is_required else '?'}:{_choose_gap(printed)}{printed}",
            _format_trailing_comment(behind),
        )

    def _format_other_properties(self, value: Any) -> list[tuple[str, str, str]]:
        """Format `additionalProperties`: `true` is a last line (2/2, thin); that a schema is one too is a guess."""
        if value is not True and not isinstance(value, dict):
            return []
        printed = "any" if value is True else self.format_type(value, _TypePosition.PROPERTY)
        return [("", f"[key: string]: {printed}", "")]

    def format_type(self, schema: Any, place: _TypePosition) -> str:
        """Format the type of a schema in the first of these forms that fits."""
        self._count_type(schema)
        if not isinstance(schema, dict):
            return "any"
        reference = schema.get("$ref")
        if reference is not None:
            self._count_type(self.references.resolve(schema))
            return self._format_reference(str(reference), schema, place)
        return self._format_resolved_type(schema, place, is_reference=False)

    def _format_reference(self, reference: str, schema: JsonSchema, place: _TypePosition) -> str:
        """Format what a `$ref` points to, in its place (18/18). For one that contains itself the text is a guess."""
        if reference in self.open_references:
            return "any"
        self.open_references.append(reference)
        try:
            printed = self._format_resolved_type(self.references.resolve(schema), place, is_reference=True)
            self._count_characters(len(printed))
            return printed
        finally:
            self.open_references.pop()

    def _format_resolved_type(self, schema: JsonSchema, place: _TypePosition, *, is_reference: bool) -> str:
        united = get_union_variants(schema)
        if united is not None:
            return self._format_union(united)
        if "enum" in schema:
            values = " | ".join(format_literal(value) for value in require_list(schema["enum"], f"{self.path}: enum"))
            # Seen for a property and for an item of a list (thin); a variant of a union has no head.
            return (format_heading(schema) if is_reference and place is not _TypePosition.VARIANT else "") + values
        if "const" in schema:
            return format_literal(schema["const"])  # never recorded in a tool
        kind = schema.get("type")
        if isinstance(kind, list):
            return self._format_type_list(schema, kind)
        if kind in ("string", "boolean", "null"):
            return str(kind)
        if kind in ("number", "integer"):
            return "number"
        if kind == "array":
            return self._format_array(schema.get("items"))
        if is_object_schema(schema):
            is_introduced = is_reference or place is not _TypePosition.PROPERTY
            return (format_heading(schema) if is_introduced else "") + self.format_object(schema)
        return "any"

    def _format_array(self, items: Any) -> str:
        """Format a list: `T[]`; `Array<a | b>` for a union. An item of several lines is on lines of its own.

        (36/36 without a comment, 7/7 with one) Without `items` it is `any[]` (thin).
        """
        if not items:
            return "any[]"
        item = self.format_type(items, _TypePosition.ITEM)
        if "\n" in item:
            return f"Array<\n{item}\n>"
        return f"Array<{item}>" if " | " in item else f"{item}[]"

    def _format_union(self, united: Sequence[Any]) -> str:
        """Format the variants of `anyOf`, objects included (17/17).

        The description of a variant comes after it, that of an object before it. A union of several lines begins with a bar on a
        line of its own (4/4). A union within a union is in parentheses (2/2, thin; of several lines it was never recorded).
        """
        variants: list[_Variant] = []
        for value in united:
            kind = self.format_type(value, _TypePosition.VARIANT)
            schema = self.references.resolve(value)
            if get_union_variants(schema) and (" | " in kind or kind.startswith("\n")):
                kind = f"({kind})"
            said = [] if kind.startswith("//") or not schema.get("description") else [_get_keyword_text(schema, "description")]
            said += self._list_constraints(schema)
            self._count_characters(sum(map(len, said)))
            variants.append(_Variant(kind, said))
        lines = [f"\n |{_choose_gap(kind)}{kind}{_format_trailing_comment(comments)}" for kind, comments in variants]
        return _join_variants(variants, "".join(lines))

    def _format_type_list(self, schema: JsonSchema, kinds: Sequence[Any]) -> str:
        """Format `"type": ["string", "null"]` as the union that it means.

        In Chat Completions title and description come before each of the types (19/19, 6 sets of tools), in Responses before none
        (8/8). A number keeps its bounds (4/4, thin).
        """
        heading = format_heading(schema) if self.layout.repeats_comments else ""
        variants: list[_Variant] = []
        for kind in kinds:
            variant = self._make_variant(schema, kind)
            said = self._list_constraints(variant)
            self._count_characters(len(heading) + sum(map(len, said)))
            variants.append(_Variant(heading + self.format_type(variant, _TypePosition.VARIANT), said))
        lines = [f" {kind}{_format_trailing_comment(comments)}" for kind, comments in variants]
        return _join_variants(variants, "\n |".join(lines))

    def _make_variant(self, schema: JsonSchema, kind: Any) -> JsonSchema:
        """Make the schema for one type of a list, without what is said of the whole and without what doesn't apply to it."""
        is_constrained = self.layout.repeats_comments or kind in ("number", "integer")
        hidden = {"description", "title", "default", *(() if is_constrained else self.layout.constraints)}
        return {name: value for name, value in schema.items() if name not in hidden} | {"type": kind}

    def _list_constraints(self, schema: JsonSchema) -> list[str]:
        """List the printed constraints in a fixed order, then the default: `minimum: 0`, `default: 1`.

        Bounds of a `number` are floats, `minimum: 0.0` (5/5, one schema).
        """
        is_float = schema.get("type") == "number"
        said = [
            f"{name}: {format_literal(_convert_to_float(schema[name]) if is_float and name in NUMBER_BOUNDS else schema[name])}"
            for name in self.layout.constraints
            if name in schema
        ]
        return said + ([f"default: {format_literal(schema['default'])}"] if "default" in schema else [])

    def _count_type(self, schema: Any) -> None:
        """Count a type, so that references can't multiply without end, nor long comments with them."""
        self.type_count += 1
        if isinstance(schema, dict):
            self._count_characters(len(_get_keyword_text(schema, "title")) + len(_get_keyword_text(schema, "description")))

    def _count_characters(self, characters: int) -> None:
        """Count text that may be printed many times: as much of it as a hundred characters weighs as much as a type."""
        self.type_count += characters // 100
        if self.type_count > MAX_TYPES:
            raise BadBody(self.path, f"a schema of at most {MAX_TYPES:,} types", "references that make more of it")


class _Variant(NamedTuple):
    """A variant of a union: its type, which may begin with comment lines, and the comments after it."""

    kind: str
    comments: Sequence[str]


def _join_variants(variants: Sequence[_Variant], lines: str) -> str:
    """Join the variants of a union on one line, or return `lines` if one of them has a comment or several lines.

    A line break ends `lines` if any variant has a comment (23/23), but not otherwise (4/4).
    """
    if any(comments or kind.startswith("//") for kind, comments in variants):
        return lines + "\n"
    return lines if any("\n" in kind for kind, _ in variants) else " | ".join(kind for kind, _ in variants)


def _is_map(schema: JsonSchema) -> bool:
    """Return True for an object that has a schema for any key and no properties of its own."""
    return is_object_schema(schema) and not schema.get("properties") and isinstance(schema.get("additionalProperties"), dict)


def _convert_to_float(value: Any) -> Any:
    """Return a whole number as the float that is printed, or as it is if no float can hold it."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 1023 else value


def _choose_gap(kind: str) -> str:
    """Choose what separates a colon or bar from a type: a type that begins with its comments begins on a line of its own.

    A union of several lines begins with its own blank.
    """
    if kind.startswith((" ", "\n")):
        return ""
    return "\n" if kind.startswith("//") else " "


def _format_trailing_comment(said: Sequence[str]) -> str:
    """Format what comes after a type. More lines than one, which no recording has, are comments of their own."""
    return f" {format_comment(', '.join(said))}".rstrip() if said else ""
