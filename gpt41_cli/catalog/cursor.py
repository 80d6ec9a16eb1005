"""A place in a YAML document. It returns its value, or says exactly where and why it can't.

An error quotes text only from a table with known keys. Any other file, such as one of secrets, isn't quoted.

Scalars are read from their characters: a price becomes a Decimal without ever having been a float.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import NamedTuple, NoReturn

import yaml

from gpt41_cli.errors import Gpt41Error, TableError, UnknownKey, quote_text, suggest
from gpt41_cli.findings import Place
from gpt41_cli.notation import MAX_COUNT, parse_count

# The composer recurses once per level, in C and without a guard. A document must not nest as deep as its stack.
MAX_BRACKETS = 20_000
THE_DOCUMENT = "the document"
"""The path of all of it, in messages."""

_DEEP_INDENTATION = re.compile(r"^[ ?-]{2000}", re.MULTILINE)

_DECIMAL = re.compile(r"(0|[1-9]\d{0,12})(\.\d{1,12})?", re.ASCII)
_OCTAL = re.compile(r"0\d")
"""How YAML 1.1 writes a number in the base 8: what an editor reads differently isn't read at all."""
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PLAIN_STYLES = (None, "")
_QUOTED_NAME = re.compile(r"(?<=alias|nchor|andle) ['\"].*")
_NULLS = ("null", "~", "")
_PLAIN_TAG = "plain"


class _Loader(yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader):  # type: ignore[misc]
    """Leaves the meaning of scalars to the Cursor, which knows what is expected. Only explicit tags keep theirs."""

    def resolve(self, kind: object, value: object, implicit: object) -> str:
        return _PLAIN_TAG


def read_yaml(data: bytes, file: str) -> Cursor:
    """Parse `data`, the bytes of a file called `file`, and return the root of the document.

    Raises TableError if it isn't UTF-8, isn't YAML, has aliases or tags, or nests too deep.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(expected="UTF-8 text", found=f"the byte 0x{data[error.start]:02x}", location=file) from None
    return _compose(text, file)


def _compose(text: str, file: str) -> Cursor:
    if text.count("[") + text.count("{") > MAX_BRACKETS or _DEEP_INDENTATION.search(text):
        raise TableError(expected="a table", found="YAML that nests thousands of levels deep", location=file)
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        location = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
        raise TableError(location=location, problem=_describe_yaml_problem(error.problem or error)) from None
    except RecursionError:  # PyYAML without libyaml composes in Python
        raise TableError(expected="a table", found="YAML that nests hundreds of levels deep", location=file) from None
    except yaml.YAMLError as error:
        raise TableError(location=file, problem=_describe_yaml_problem(error)) from None
    if node is None:
        raise TableError(expected="a mapping", found="an empty document", location=file)
    root = Cursor(node, file, "")
    if any(mark in text for mark in "&*!"):  # no alias or tag can be written without these
        _refuse_aliases_and_tags(root)
    return root


def _describe_yaml_problem(problem: object) -> str:
    """Quote the parser's words on one line, at the end of a sentence of ours, without a second "but" and without names from the
    document.
    """
    words = _QUOTED_NAME.sub("", " ".join(str(problem).split()))
    return f"expected YAML, but {words.removeprefix('but ')}"


class TextSpan(NamedTuple):
    """The characters of a value, from `start` to before `end`, without a byte order mark. `column` of the start is from 0."""

    start: int
    end: int
    column: int


class Cursor:
    """One node with the path that leads to it. Every reader returns a plain value or raises TableError."""

    __slots__ = ("file", "key", "node", "path")

    def __init__(self, node: yaml.Node, file: str, path: str, key: yaml.Node | None = None) -> None:
        self.node = node
        self.file = file
        self.path = path
        self.key = key

    @property
    def name(self) -> str:
        """The key that leads to the node; empty if there is none."""
        return str(self.key.value) if self.key else ""

    @property
    def location(self) -> Place:
        """Where the node begins: at its key, if it has one."""
        mark = (self.key or self.node).start_mark
        return Place(self.file, mark.line + 1, mark.column + 1)

    @property
    def span(self) -> TextSpan:
        """The span of the value. A block on lines of its own ends where the next token begins."""
        start = self.node.start_mark
        return TextSpan(start.index, self.node.end_mark.index, start.column)

    @property
    def is_flow(self) -> bool:
        """True for a mapping or list in brackets."""
        return isinstance(self.node, yaml.CollectionNode) and bool(self.node.flow_style)

    @property
    def last_leaf(self) -> Cursor:
        """The last value of a mapping or list on lines of its own, at any depth: a scalar, or a collection in brackets."""
        node = self.node
        while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
            last = node.value[-1]
            node = last[1] if isinstance(node, yaml.MappingNode) else last
        return Cursor(node, self.file, self.path)

    def fail(
        self,
        expected: str,
        found: str | Exception | None = None,
        hint: str = "",
        problem: str | Gpt41Error = "",
        kind: type[TableError] = TableError,
    ) -> NoReturn:
        """Raise an error of this kind with the place and the path of the value."""
        mark = self.node.start_mark
        location = Place(self.file, mark.line + 1, mark.column + 1)
        raise kind(self.path or THE_DOCUMENT, expected, found or self._describe_value(), hint, location, problem=problem)

    def _describe_value(self) -> str:
        if isinstance(self.node, yaml.MappingNode):
            return "a mapping"
        if isinstance(self.node, yaml.SequenceNode):
            return "a list"
        if not self.node.value:
            return "nothing"
        if not self.path:
            return "text"  # not quoted: this may be any file
        in_quotes = isinstance(self.node, yaml.ScalarNode) and self.node.style not in _PLAIN_STYLES
        return quote_text(self.node.value) + (" in quotes" if in_quotes else "")

    def entries(self) -> dict[str, Cursor]:
        """Return the entries of a mapping with free keys, in order. Raises TableError for a duplicate key."""
        if not isinstance(self.node, yaml.MappingNode):
            self.fail("a mapping")
        entries: dict[str, Cursor] = {}
        file, prefix = self.file, f"{self.path}." if self.path else ""
        for key, value in self.node.value:
            name = key.value
            if not isinstance(key, yaml.ScalarNode) or not name:
                Cursor(key, file, self.path).fail("a name as the key")
            if name in entries:
                Cursor(key, file, prefix and prefix + name).fail("each key once", "it a second time")
            entries[name] = Cursor(value, file, prefix + name, key)
        return entries

    def fields(self, required: Sequence[str], optional: Sequence[str] = (), *, others: bool = False) -> dict[str, Cursor]:
        """Return the entries of a mapping with known keys. Raises TableError for a missing key and, unless `others`, for an
        unknown one.
        """
        entries = self.entries()
        known = {*required, *optional}
        if not others and not known.issuperset(entries):
            unknown = next(key for key, _ in self.node.value if key.value not in known)
            at_key = Cursor(unknown, self.file, entries[unknown.value].path)
            expected = f"one of the keys {', '.join(sorted(known))}"
            if not self.path and known.isdisjoint(entries):  # this may be any file
                Cursor(unknown, self.file, "").fail(expected, "others", kind=UnknownKey)
            name, hint = quote_text(unknown.value), suggest(unknown.value, sorted(known))
            at_key.fail(expected, f"the unknown key {name}", hint, f"unknown key {name}" if hint else "", UnknownKey)
        for name in required:
            if name not in entries:
                self.fail(f"the key {name}", "none")
        return entries

    def without(self, *keys: str) -> Cursor:
        """Return the mapping without some of its keys."""
        kept = [pair for pair in self.node.value if pair[0].value not in keys]
        node = yaml.MappingNode(self.node.tag, kept, self.node.start_mark, self.node.end_mark)
        return Cursor(node, self.file, self.path, self.key)

    def drop(self, path: str) -> bool:
        """Remove the entry at `path`, or the list that it is in, from the document. Return False if there is none."""
        for pair in self.node.value if isinstance(self.node, yaml.MappingNode) else ():
            at = f"{self.path}.{pair[0].value}" if self.path else str(pair[0].value)
            if path == at or path.startswith(f"{at}["):
                self.node.value.remove(pair)
                return True
            if path.startswith(f"{at}.") and Cursor(pair[1], self.file, at).drop(path):
                return True
        return False

    def put(self, name: str, value: str) -> None:
        """Add an entry to a mapping, at its end."""
        marks = (self.node.end_mark, self.node.end_mark)
        self.node.value.append((yaml.ScalarNode(_PLAIN_TAG, name, *marks), yaml.ScalarNode(_PLAIN_TAG, value, *marks)))

    def items(self) -> Iterator[Cursor]:
        """Yield the elements of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            self.fail("a list")
        for index, node in enumerate(self.node.value):
            yield Cursor(node, self.file, f"{self.path}[{index}]")

    def plain(self) -> object:
        """Return the value as dictionaries, lists and text, without looking at what it means."""
        if isinstance(self.node, yaml.MappingNode):
            return {key: entry.plain() for key, entry in self.entries().items()}
        if isinstance(self.node, yaml.SequenceNode):
            return [item.plain() for item in self.items()]
        return str(self.node.value)

    def items_or_self(self) -> Iterator[Cursor]:
        """Yield the elements of a list, or the value itself: a single element may be written without brackets."""
        return self.items() if isinstance(self.node, yaml.SequenceNode) else iter((self,))

    @property
    def is_mapping(self) -> bool:
        """True for keys with values."""
        return isinstance(self.node, yaml.MappingNode)

    @property
    def is_scalar(self) -> bool:
        """True for a single value."""
        return isinstance(self.node, yaml.ScalarNode)

    @property
    def is_null(self) -> bool:
        """True for YAML's null."""
        return self.node.value in _NULLS and isinstance(self.node, yaml.ScalarNode) and self.node.style in _PLAIN_STYLES

    def text(self) -> str:
        """Read non-empty text. Numbers and dates are text too, as written."""
        if not isinstance(self.node, yaml.ScalarNode) or not self.node.value.strip() or self.is_null:
            self.fail("text")
        return str(self.node.value)

    def choice(self, *allowed: str) -> str:
        """Read one of `allowed`."""
        if self._get_plain_text() not in allowed:
            self.fail(f"one of {', '.join(allowed)}" if len(allowed) > 1 else allowed[0])
        return str(self.node.value)

    def decimal(self) -> Decimal:
        """Read a plain decimal up to MAX_COUNT, of at most 12 places: no exponent, sign, quotes, NaN or infinity."""
        if not _DECIMAL.fullmatch(self._get_plain_text()) or Decimal(self.node.value) > MAX_COUNT:
            self.fail("a plain decimal such as 0.40")
        return Decimal(self.node.value)

    def integer(self, at_least: int = 0) -> int:
        """Read a whole number from `at_least` to MAX_COUNT, which may be short, as in options: `40k`, `1.2M`."""
        text = self._get_plain_text()
        count = None if _OCTAL.match(text) else parse_count(text)
        if count is None or count < at_least:
            self.fail(f"a whole number from {at_least} to {MAX_COUNT:,}")
        return count

    def boolean(self) -> bool:
        """Read true or false."""
        return self.choice("true", "false") == "true"

    def day(self) -> date:
        """Read a date, YYYY-MM-DD."""
        if _DAY.fullmatch(self._get_plain_text()):
            with suppress(ValueError):
                return date.fromisoformat(self.node.value)
        return self.fail("a date, YYYY-MM-DD")

    def _get_plain_text(self) -> str:
        """Return the characters of an unquoted scalar; for anything else, empty text, which no pattern accepts."""
        if isinstance(self.node, yaml.ScalarNode) and self.node.style in _PLAIN_STYLES:
            return str(self.node.value)
        return ""


def _refuse_aliases_and_tags(root: Cursor) -> None:
    """Visit every node once. An alias makes a node appear twice, and nested aliases would make a walk endless."""
    seen: set[int] = set()
    pending: list[yaml.Node] = [root.node]
    while pending:
        node = pending.pop()
        if id(node) in seen:
            Cursor(node, root.file, "").fail("no aliases", "an anchor that is used again")
        seen.add(id(node))
        if node.tag != _PLAIN_TAG:
            Cursor(node, root.file, "").fail("plain values", "a tag")
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                pending += (key, value)
        elif isinstance(node, yaml.SequenceNode):
            pending += node.value
