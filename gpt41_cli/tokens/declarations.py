"""Function declarations as the text that is billed: a TypeScript namespace, printed from the JSON Schemas.

What is known is the count. The text below is a reconstruction that reproduces it in 423 of 431 recorded Chat Completions
requests with tools (241 sets of tools, 44 repositories) and in 162 of 173 of Responses (117 sets, 30 repositories),
recorded from 2024-08 to 2026-08. A rule marked (thin) rests on one or two schemas.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import Any, NamedTuple

from gpt41_cli.files.fields import BadBody, as_list, as_object, told
from gpt41_cli.requests.request import Function, Schema
from gpt41_cli.tokens.schema import NUMBER_BOUNDS, is_object, literal, resolve, variants

MAX_TYPES = 100_000
"""A schema whose references multiply beyond this many types is refused: no API takes it, and it would never end."""


class Layout(NamedTuple):
    """What the endpoints print differently.

    `constraints` are the keywords that become comments. A `type` that is a list is a union; `repeats_comments` says whether
    each of its variants repeats the comments of the whole, `closes_union` whether a line break follows the last one.
    """

    constraints: tuple[str, ...]
    repeats_comments: bool
    closes_union: bool


CHAT_LAYOUT = Layout(
    (*NUMBER_BOUNDS, "minLength", "maxLength", "pattern", "format", "minItems", "maxItems"),
    repeats_comments=True,
    closes_union=True,
)
RESPONSES_LAYOUT = Layout(NUMBER_BOUNDS, repeats_comments=False, closes_union=False)


def print_functions(functions: Iterable[Function], layout: Layout) -> str:
    """The block of all declared functions, a blank line after each; no line break at its end."""
    declared = "".join(f"{declare(function, layout)}\n\n" for function in functions)
    return f"# Tools\n\n## functions\n\nnamespace functions {{\n\n{declared}}} // namespace functions"


def declare(function: Function, layout: Layout) -> str:
    """One function: its description as comments, then its type.

    A function takes one object, or nothing when `parameters` has no properties (171/171 recorded requests) or is missing
    (7/7). The name is printed as it is, hyphens included (7/7). A title of the object stands before it (167/167).
    """
    parameters = function.parameters
    head = comment(function.description) + f"type {function.name} = "
    if not parameters.get("properties") and parameters.get("additionalProperties") is not True:
        return head + "() => any;"
    return f"{head}(_: {heading(parameters)}{_Printer(function, layout).object(parameters)}) => any;"


def comment(text: str) -> str:
    """A text as comment lines, each stripped; an empty line is `//`, no text is no line. (237/241 of several lines)

    >>> comment("What it does.\\n\\n  And how.")
    '// What it does.\\n//\\n// And how.\\n'
    """
    if not text:
        return ""
    return "".join(f"// {line.strip()}".rstrip() + "\n" for line in text.strip().split("\n"))


def heading(schema: Schema) -> str:
    """Title and description as comments, an empty one between them. (371/372 property titles)

    >>> heading({"title": "City", "description": "Where to look."})
    '// City\\n//\\n// Where to look.\\n'
    """
    title, description = comment(_text(schema, "title")), comment(_text(schema, "description"))
    return title + ("//\n" if title and description else "") + description


def _text(schema: Schema, name: str) -> str:
    value = schema.get(name)
    return "" if value is None else str(value)


class _Place(Enum):
    """Where a type stands: that decides whether it is introduced by its own title and description."""

    PROPERTY = 1
    ITEM = 2
    VARIANT = 3


class _Printer:
    """Prints the types of one function's parameters, which its `$ref`s point into."""

    def __init__(self, function: Function, layout: Layout) -> None:
        self.root = function.parameters
        self.path = function.path
        self.layout = layout
        self.printed = 0
        self.open_references: list[str] = []

    def object(self, schema: Schema) -> str:
        """An object: one line when none of its properties needs a comment or a line of its own, else a line for each.

        Nothing is indented. `?` follows the name of a property that is not required. (63/64 nested objects)
        """
        properties = as_object(schema.get("properties") or {}, f"{self.path}: properties")
        required = as_list(schema.get("required") or [], f"{self.path}: required")
        lines = [self._property(name, value, name in required) for name, value in properties.items()]
        lines += self._other_properties(schema.get("additionalProperties"))
        if not lines:
            return "object"
        if any(before or after or "\n" in line for before, line, after in lines):
            return "{\n" + "".join(f"{before}{line},{after}\n" for before, line, after in lines) + "}"
        return "{ " + ", ".join(line for _, line, _ in lines) + " }"

    def _property(self, name: str, value: Any, is_required: bool) -> tuple[str, str, str]:
        """The comments before a property, the property, and the comment behind it.

        Title and description stand before it. Constraints, then the default, stand behind the comma (88/89 defaults). A
        type of several lines begins on a line of its own.
        """
        schema = {} if isinstance(value, bool) else as_object(value, f"{self.path}: properties.{told(name)}")
        printed = self.type(schema, _Place.PROPERTY)
        gap = "" if printed.startswith("\n") else _gap(printed)
        # What bounds a list of types is said of each type, not of the list.
        said = {"default": schema["default"]} if "default" in schema else {}
        behind = self._constraints(said if isinstance(schema.get("type"), list) else schema)
        return heading(schema), f"{name}{'' if is_required else '?'}:{gap}{printed}", _behind(behind)

    def _other_properties(self, value: Any) -> list[tuple[str, str, str]]:
        """What `additionalProperties` admits: `true` is a last line (2/2, thin), a schema is guessed to be one too."""
        if value is not True and not isinstance(value, dict):
            return []
        printed = "any" if value is True else self.type(value, _Place.PROPERTY)
        return [("", f"[key: string]: {printed}", "")]

    def type(self, schema: Any, place: _Place) -> str:
        """The type that a schema describes, in the first of these forms that fits."""
        self._account(schema)
        if not isinstance(schema, dict):
            return "any"
        reference = schema.get("$ref")
        if reference is not None:
            self._account(resolve(schema, self.root))
            return self._referenced(str(reference), schema, place)
        return self._type(schema, place, is_reference=False)

    def _referenced(self, reference: str, schema: Schema, place: _Place) -> str:
        """What a `$ref` stands for, printed in its place (18/18); one that contains itself cannot be, and is guessed."""
        if reference in self.open_references:
            return "any"
        self.open_references.append(reference)
        try:
            return self._type(resolve(schema, self.root), place, is_reference=True)
        finally:
            self.open_references.pop()

    def _type(self, schema: Schema, place: _Place, *, is_reference: bool) -> str:
        united = variants(schema)
        if united is not None:
            return self._union(united)
        if "enum" in schema:
            values = " | ".join(literal(value) for value in as_list(schema["enum"], f"{self.path}: enum"))
            # Seen for a property and for an item of a list (thin); a variant of a union has no head.
            return (heading(schema) if is_reference and place is not _Place.VARIANT else "") + values
        if "const" in schema:
            return literal(schema["const"])  # never recorded in a tool
        kind = schema.get("type")
        if isinstance(kind, list):
            return self._type_list(schema, kind)
        if kind in ("string", "boolean", "null"):
            return str(kind)
        if kind in ("number", "integer"):
            return "number"
        if kind == "array":
            return self._array(schema.get("items"))
        if is_object(schema):
            is_introduced = is_reference or place is not _Place.PROPERTY
            return (heading(schema) if is_introduced else "") + self.object(schema)
        return "any"

    def _array(self, items: Any) -> str:
        """A list: `T[]`; `Array<a | b>` of a union; an item of several lines stands on lines of its own.

        An empty line comes before an item that is not introduced by a comment (11/11, one family of schemas), none before
        one that is (7/7). Without `items` it is `any[]` (thin).
        """
        if not items:
            return "any[]"
        item = self.type(items, _Place.ITEM)
        if "\n" in item:
            return "Array<\n" + ("" if item.startswith("//") else "\n") + item + "\n>"
        return f"Array<{item}>" if " | " in item else f"{item}[]"

    def _union(self, united: Sequence[Any]) -> str:
        """Variants on one line, objects among them (17/17); on a line each when one of them needs a comment (4/4).

        A union within a union stands in parentheses (2/2, thin). An object that is introduced by its title begins on a line
        of its own (thin).
        """
        printed: list[tuple[str, list[str]]] = []
        for value in united:
            kind = self.type(value, _Place.VARIANT)
            schema = resolve(value, self.root)
            if variants(schema) and " | " in kind and "\n" not in kind:
                kind = f"({kind})"
            said = [] if kind.startswith("//") or not schema.get("description") else [_text(schema, "description")]
            printed.append((kind, said + self._constraints(schema)))
        if not any(said or "\n" in kind for kind, said in printed):
            return " | ".join(kind for kind, _ in printed)
        lines = [f" |{_gap(kind)}{kind}{_behind(said)}" for kind, said in printed]
        return "\n" + "\n".join(lines) + ("\n" if self.layout.closes_union else "")

    def _type_list(self, schema: Schema, kinds: Sequence[Any]) -> str:
        """`"type": ["string", "null"]` as the union it means.

        In Chat Completions each variant repeats the comments of the whole (11/11, one family of schemas). In Responses it is
        one line (8/8), except that a number keeps its bounds (4/4, thin).
        """
        if self.layout.repeats_comments:
            return self._union([{**schema, "type": kind} for kind in kinds])
        return self._union([self._variant(schema, kind) for kind in kinds])

    def _variant(self, schema: Schema, kind: Any) -> Schema:
        """The schema for one type of its list, less what Responses does not repeat."""
        is_number = kind in ("number", "integer")
        hidden = {"description", "title", "default", *(() if is_number else self.layout.constraints)}
        return {name: value for name, value in schema.items() if name not in hidden} | {"type": kind}

    def _constraints(self, schema: Schema) -> list[str]:
        """The constraints that are printed, in a fixed order, then the default: `minimum: 0`, `default: 1`.

        Bounds of a `number` are floats, `minimum: 0.0` (5/5, one schema).
        """
        is_float = schema.get("type") == "number"
        said = [
            f"{name}: {literal(_floated(schema[name]) if is_float and name in NUMBER_BOUNDS else schema[name])}"
            for name in self.layout.constraints
            if name in schema
        ]
        return said + ([f"default: {literal(schema['default'])}"] if "default" in schema else [])

    def _account(self, schema: Any) -> None:
        """Keep references from multiplying without end, and long comments with them."""
        comments = len(_text(schema, "title")) + len(_text(schema, "description")) if isinstance(schema, dict) else 0
        self.printed += 1 + comments // 100
        if self.printed > MAX_TYPES:
            raise BadBody(f"{self.path}: expected a schema of at most {MAX_TYPES:,} types, found references that make more of it")


def _floated(value: Any) -> Any:
    """A whole number as the float it is printed as; one that no float can hold stays as it is."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 1023 else value


def _gap(kind: str) -> str:
    """What stands between a colon or bar and a type: a type that begins with its comments begins on a line of its own."""
    return "\n" if kind.startswith("//") else " "


def _behind(said: Sequence[str]) -> str:
    return f" // {', '.join(said)}" if said else ""
