"""The evidence for every shape that a request can have: how many recorded requests have it, and how many the rules count right.

They are the 3,382 requests of 63 projects on which most rules were found, and 1,065 of 17 others that no rule had seen, recorded
from August 2024 to August 2026. Left out are 6 that the server billed at half, those whose keys or ids the recorder had changed,
and those from before a change of the server. Of keywords, only requests without another reason to be wrong are counted.
`.ci/score.py` counts the shapes again in the recordings that it scores, and fails if a shape that this table calls confirmed
isn't.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.files.fields import redact
from gpt41_cli.rules import Rule

_MIN_REQUESTS = 5
_MIN_SETS = 2
_MIN_PERCENT = 98
_RECENT = "2025"


class Evidence(NamedTuple):
    """How many recorded `requests` have a shape, and how many of them are counted right.

    They declare at least `sets` different sets of tools, or send as many schemas. `newest` is the month of the newest; empty: not
    known.
    """

    requests: int = 0
    right: int = 0
    sets: int = 0
    newest: str = ""

    @property
    def is_confirmed(self) -> bool:
        """True if there are enough requests of different origin, nearly all right, and not all of them old.

        One set of tools isn't enough: any number of recordings of it can hide two errors that cancel.
        """
        return (
            self.requests >= _MIN_REQUESTS
            and self.sets >= _MIN_SETS
            and self.is_consistent
            and (not self.newest or self.newest >= _RECENT)
        )

    @property
    def is_consistent(self) -> bool:
        """True if nearly all of the requests are counted right."""
        return 100 * self.right >= _MIN_PERCENT * self.requests

    def describe(self, words: str) -> str:
        """Describe why this doesn't confirm the shape called `words`."""
        if not self.requests:
            return f"no recordings confirm {words}"
        if not self.is_consistent:
            return f"recordings disagree about {words}: {self.right} of {self.requests} are counted right"
        if self.newest and self.newest < _RECENT:
            return f"no recordings since {self.newest} confirm {words}"
        return f"few recordings confirm {words}: {self.requests} with {self.sets} set{'s'[: self.sets > 1]} of tools"


_NONE = Evidence()


class Shape(NamedTuple):
    """A shape: the rule of its doubt, its name in words, and its evidence in Chat Completions and in Responses."""

    rule: Rule
    words: str
    chat: Evidence = _NONE
    responses: Evidence = _NONE


# Calls and settings
CALLS_IN_RESPONSES = Shape(
    rules.CALLS,
    "calls sent back, for which the server keeps up to 5 tokens of its own",
    _NONE,
    Evidence(221, 191, 67, "2025-09"),
)
TEXT_NEXT_TO_CALLS = Shape(rules.TEXT_BESIDE_CALLS, "text next to calls", Evidence(12, 12, 5, "2025-05"))
NAME_ON_CALLS = Shape(rules.NAME_ON_CALLS, "a name on a message with calls", Evidence(26, 26, 5, "2025-05"))
PARALLEL_BEYOND_ASCII = Shape(rules.PARALLEL_RESULTS, "characters beyond ASCII in parallel results", Evidence(4, 4, 2, "2026-03"))
FORCED_CALL = Shape(rules.TOOL_CHOICE, "a forced call", Evidence(131, 130, 37, "2025-09"), Evidence(9, 9, 4))
NO_CALL = Shape(rules.TOOL_CHOICE, "what `none` costs", Evidence(50, 50, 5, "2026-04"), Evidence(6, 6, 2, "2025-09"))
REQUIRED_CALL = Shape(
    rules.TOOL_CHOICE, "what `required` costs", Evidence(130, 130, 22, "2026-05"), Evidence(47, 43, 5, "2025-07")
)
NO_PARALLEL_CALLS = Shape(
    rules.PARALLEL_TOOL_CALLS, "what switching parallel calls off costs", _NONE, Evidence(5, 5, 2, "2025-04")
)
TOOLS_WITH_FORMAT = Shape(
    rules.TOOLS_WITH_SCHEMA, "tools together with a structured output", Evidence(32, 32, 4), Evidence(32, 22, 1)
)
PICTURE_WITH_FORMAT = Shape(rules.IMAGE_WITH_SCHEMA, "pictures together with a structured output", Evidence(2, 0, 1, "2025-05"))

# Declared functions
ENUM_OF_TEXT = Shape(rules.ENUM, "an enum of texts", Evidence(102, 101, 35, "2025-09"), Evidence(19, 19, 9, "2025-07"))
OTHER_ENUM = Shape(rules.ENUM, "an enum of anything but text")
REFERENCE_TO_OBJECT = Shape(rules.REFERENCE, "a $ref to an object", Evidence(18, 18, 5), Evidence(10, 10, 2))
OTHER_REFERENCE = Shape(rules.REFERENCE, "a $ref to anything but an object", Evidence(1, 1, 1))
RECURSIVE = Shape(rules.RECURSIVE_SCHEMA, "a schema that contains itself")
MAP = Shape(rules.OTHER_PROPERTIES, "that a map of any key isn't printed", Evidence(9, 9, 1, "2025-01"))
PROPERTIES_AND_MAP = Shape(rules.OTHER_PROPERTIES, "a schema of additionalProperties next to properties")
ANY_KEY = Shape(rules.OTHER_PROPERTIES, "additionalProperties that are allowed", Evidence(2, 2, 2))
EMPTY_OBJECT = Shape(rules.EMPTY_OBJECT, "an object without properties")
DESCRIBED_ROOT = Shape(rules.ROOT_DESCRIPTION, "a description of all parameters", Evidence(1, 1, 1), Evidence(2, 2, 1))
BOUNDS = Shape(rules.BOUNDS, "bounds", Evidence(5, 5, 1), Evidence(4, 4, 1))
FORMAT_OF_TEXT = Shape(rules.FORMAT, "a format of text", Evidence(2, 2, 1))
OTHER_FORMAT = Shape(rules.FORMAT, "a format of anything but text", _NONE, Evidence(7, 7, 2))
TYPE_LIST = Shape(rules.TYPE_LIST, "a list of two types", _NONE, Evidence(6, 6, 2))
DESCRIBED_TYPE_LIST = Shape(
    rules.TYPE_LIST, "a list of two types with a description", Evidence(19, 19, 6, "2026-03"), Evidence(2, 2, 1)
)
OTHER_TYPE_LIST = Shape(rules.TYPE_LIST, "such a list of types")
UNTYPED = Shape(rules.UNTYPED, "a schema without a type", Evidence(10, 10, 2, "2025-01"))
LIST_OF_SCALARS = Shape(rules.ITEMS, "a list of scalars", Evidence(113, 112, 33, "2026-01"), Evidence(17, 17, 4))
LIST_OF_OBJECTS = Shape(rules.ITEMS, "a list of objects", Evidence(65, 65, 21, "2026-01"))
LIST_OF_ENUM = Shape(rules.ITEMS, "a list of enum values", Evidence(1, 1, 1))
LIST_WITHOUT_ITEMS = Shape(rules.ITEMS, "a list without items")
OTHER_LIST = Shape(rules.ITEMS, "a list of lists or of unions")
UNION = Shape(rules.UNION, "a union", Evidence(90, 90, 29, "2025-05"))
COMMENTED_UNION = Shape(rules.UNION, "a union of variants with comments", Evidence(4, 4, 2))
UNION_WITH_OBJECTS = Shape(rules.UNION, "a union with a list of objects", Evidence(4, 4, 2, "2024-09"))
OTHER_UNION = Shape(rules.UNION, "a union of titled or nested variants", Evidence(4, 4, 3, "2024-09"))


def make_keyword_shape(keyword: str, place: str, evidence: Evidence = _NONE) -> Shape:
    """Make the shape of a schema that has a keyword."""
    return Shape(rules.SCHEMA_KEYWORD, f"the keyword {redact(keyword)} in {place}", evidence, evidence)


def _make_keyword_shapes(place: str, table: Mapping[str, Evidence]) -> Mapping[str, Shape]:
    return {keyword: make_keyword_shape(keyword, place, evidence) for keyword, evidence in table.items()}


DECLARATION, STRUCTURED_OUTPUT = "a declared function", "a structured output"
_BY_SHAPE = Evidence(_MIN_REQUESTS, _MIN_REQUESTS, _MIN_SETS)

_TOOL_KEYWORDS = {
    **dict.fromkeys(("type", "properties", "required", "description", "title"), Evidence(545, 545, 67, "2026-08")),
    # These have shapes of their own in the table above.
    **dict.fromkeys(("enum", "items", "additionalProperties", "$ref", "anyOf", "minimum", "maximum", "format"), _BY_SHAPE),
    "default": Evidence(149, 148, 20, "2025-05"),
    "$schema": Evidence(43, 43, 6, "2025-09"),
    **dict.fromkeys(("$defs", "definitions"), Evidence(28, 28, 7)),
}

_FORMAT_KEYWORDS = {
    **dict.fromkeys(("type", "properties", "required", "additionalProperties"), Evidence(207, 207, 67, "2025-09")),
    "description": Evidence(120, 120, 36, "2025-06"),
    "title": Evidence(152, 152, 33, "2025-04"),
    "items": Evidence(73, 73, 28, "2025-01"),
    "enum": Evidence(34, 34, 15, "2025-01"),
    "anyOf": Evidence(65, 65, 11, "2025-01"),
    **dict.fromkeys(("$defs", "definitions", "$ref"), Evidence(30, 30, 9, "2025-01")),
    "const": Evidence(20, 20, 10),
    "default": Evidence(33, 33, 3),
    "format": Evidence(8, 8, 4),
    **dict.fromkeys(("minimum", "maximum"), Evidence(40, 40, 4)),
    "$schema": Evidence(9, 9, 5, "2025-09"),
    "maxItems": Evidence(7, 7, 1),
    "minLength": Evidence(1, 1, 1),
}

KEYWORD_SHAPES = {
    DECLARATION: _make_keyword_shapes(DECLARATION, _TOOL_KEYWORDS),
    STRUCTURED_OUTPUT: _make_keyword_shapes(STRUCTURED_OUTPUT, _FORMAT_KEYWORDS),
}
"""The shapes of the keywords that recordings have, by the place of the schema. Both endpoints share their evidence."""
