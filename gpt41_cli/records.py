"""Build a record from its annotations: a shape is written once, as a NamedTuple, and every document is read by it.

A field is a key of a mapping, and its annotation says what is there: text, a number, a date, a Literal, a tuple (a list), a
Mapping, or another record. `X | None` may be null. A field with a default is a key that may be left out; if it is there, it isn't
null. `Annotated` adds what a type cannot say:

- any function is a check: `check(value, at, seen)` fails at the cursor `at` if the value isn't allowed.
- `Read(function)`: the value is what `function(at, seen)` returns. For a key of a Mapping, `at.name` is the key.
- `Tagged("method", tiles=TileRule, ...)`: the value of this key says which record it is.
- `Key("class")`: the key has another name than the field.
- `Default(value)`: the same as a default, before a field that has none. `Or("source")`: without this key, that one is read.
- `OWN_KEY`: the key that leads to the record. `GIVEN`: what `build` was given, or None. `INLINE`: a record whose keys are among
  the keys of this one. `OTHERS`: a Mapping of all keys that no other field has.

`seen` holds what `build` was given, and the fields of the outermost record that have been read so far.
"""

from __future__ import annotations

from collections import abc
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache, reduce
from operator import or_
from types import NoneType
from typing import (
    Annotated,
    Any,
    ForwardRef,
    Literal,
    NoReturn,
    Protocol,
    Self,
    TypeVar,
    get_args,
    get_origin,
    get_type_hints,
)

R = TypeVar("R", bound=tuple[Any, ...])
Seen = Mapping[str, Any]


class Cursor(Protocol):
    """A place in a document. Its methods return plain values, or raise an error that names the place."""

    @property
    def name(self) -> str:
        """The key that leads here."""

    @property
    def is_null(self) -> bool:
        """Whether this is null."""

    def fields(self, required: Sequence[str], optional: Sequence[str] = (), *, others: bool = False) -> Mapping[str, Self]:
        """The entries of a mapping whose keys are known; `others`: it may have further keys."""

    def entries(self) -> Mapping[str, Self]:
        """The entries of a mapping with free keys."""

    def items(self) -> Iterator[Self]:
        """The items of a list."""

    def text(self) -> str:
        """Text."""

    def choice(self, *allowed: str) -> str:
        """One of `allowed`."""

    def integer(self, at_least: int = 0) -> int:
        """A whole number."""

    def decimal(self) -> Decimal:
        """A decimal."""

    def boolean(self) -> bool:
        """True or false."""

    def day(self) -> date:
        """A date."""

    def fail(self, expected: str, found: str | None = None) -> NoReturn:
        """Raise the error that something else was expected here."""


class Read:
    """How a value is read if its type doesn't say it."""

    def __init__(self, function: Callable[[Any, Seen], Any]) -> None:
        self.function = function


class Tagged:
    """Which record a mapping is: a key, and the records by its values."""

    def __init__(self, key: str, **records: Any) -> None:
        self.key = key
        self.records = records


class Key(str):
    """The key of a field that has another name."""


class Or(str):
    """The key that is read if the one of the field is left out."""


class Default:
    """What a field is if its key is left out."""

    def __init__(self, value: Any = None) -> None:
        self.value = value


class Part(str):
    """Where a value comes from if not from a key of its own."""


OWN_KEY, GIVEN, INLINE, OTHERS = map(Part, ("own key", "given", "inline", "others"))
Positive = Annotated[int, Read(lambda at, _: at.integer(1))]

_Entries = Mapping[str, Any]
_Reader = Callable[[Any, Seen], Any]
_PartReader = Callable[[_Entries, Any, Seen], Any]
_Field = tuple[Any, _Reader, _PartReader]
"""The key of a field and how its entry is read; and what the value is without such an entry."""

_REQUIRED = object()
_SCALARS: Mapping[Any, _Reader] = {
    str: lambda at, _: at.text(),
    int: lambda at, _: at.integer(),
    bool: lambda at, _: at.boolean(),
    Decimal: lambda at, _: at.decimal(),
    date: lambda at, _: at.day(),
}


def build(record: type[R], at: Cursor, **given: Any) -> R:
    """The record at a place in a document. Raises the cursor's error for the first value that the annotations don't allow."""
    shape = _shape(record)
    values = shape.values(shape.entries(at), at, given)
    for name in shape.record._fields:
        given[name] = next(values)
    return record(*(given[name] for name in shape.record._fields))


class _Shape:
    """What a record class says of a mapping: the keys that it must and may have, and how the fields are read, in their order."""

    def __init__(self, record: Any, *required: str) -> None:
        self.record = record
        self.required = list(required)
        self.optional: list[str] = []
        self.has_others = False
        self.fields = [self._field(name, annotation) for name, annotation in _annotations(record).items()]

    def read(self, at: Any, seen: Seen) -> Any:
        return self.make(self.entries(at), at, seen)

    def entries(self, at: Any) -> Any:
        return at.fields(self.required, self.optional, others=self.has_others)

    def make(self, entries: _Entries, at: Any, seen: Seen) -> Any:
        return self.record._make(self.values(entries, at, seen))

    def values(self, entries: _Entries, at: Any, seen: Seen) -> Iterator[Any]:
        for key, read, otherwise in self.fields:
            yield read(entries[key], seen) if key in entries else otherwise(entries, at, seen)

    def _field(self, name: str, annotation: Any) -> _Field:
        kind, extras = _split(annotation)
        marks = {type(each): each for each in extras}
        if Part in marks:
            return None, _SCALARS[str], _checked(self._part(marks[Part], name, kind), extras)
        key, other = marks.get(Key, name), marks.get(Or)
        default = marks[Default].value if Default in marks else self.record._field_defaults.get(name, _REQUIRED)
        read = _reader(kind if default is _REQUIRED else _not_null(kind), extras)
        if other:
            self.optional.append(key)
            return key, read, lambda entries, at, seen: read(entries[other], seen)
        (self.required if default is _REQUIRED else self.optional).append(key)
        return key, read, lambda entries, at, seen: default

    def _part(self, part: Part, name: str, kind: Any) -> _PartReader:
        if part is OWN_KEY:
            return lambda entries, at, seen: at.name
        if part is GIVEN:
            return lambda entries, at, seen: seen.get(name)
        if part is INLINE:
            inner = _shape(kind)
            self.required += inner.required
            self.optional += inner.optional
            return inner.make
        self.has_others = True
        read = _mapping(*get_args(kind))
        return lambda entries, at, seen: read({key: entries[key] for key in entries if key not in self.required}, seen)


_shape = cache(_Shape)


def _reader(annotation: Any, extras: Sequence[Any] = (), by_type: Callable[[Any], _Reader] | None = None) -> _Reader:
    """How a value is read and checked."""
    kind, own_extras = _split(annotation)
    extras = (*own_extras, *extras)
    marks = {type(each): each for each in extras}
    if Read in marks:
        return _checked(marks[Read].function, extras)
    if Tagged in marks:
        return _checked(_tagged(marks[Tagged]), extras)
    return _checked((by_type or _by_type)(kind), extras)


def _by_type(kind: Any) -> _Reader:
    """How a value is read of which the type says all."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in _SCALARS:
        return _SCALARS[kind]
    if origin is Literal:
        return lambda at, _: at.choice(*arguments)
    if origin is tuple:
        read_item = _reader(arguments[0])
        return lambda at, seen: tuple([read_item(item, seen) for item in at.items()])
    if origin is abc.Mapping:
        read_entries = _mapping(*arguments)
        return lambda at, seen: read_entries(at.entries(), seen)
    if NoneType in arguments:
        read_value = _reader(_not_null(kind))
        return lambda at, seen: None if at.is_null else read_value(at, seen)
    return _shape(kind).read


def _mapping(key: Any, value: Any) -> Callable[[_Entries, Seen], dict[Any, Any]]:
    """How the entries of a mapping are read, each key before its value."""
    read_key, read_value = _reader(key, (), lambda kind: lambda at, _: at.name), _reader(value)
    return lambda entries, seen: {read_key(at, seen): read_value(at, seen) for at in entries.values()}


def _tagged(tagged: Tagged) -> _Reader:
    shapes = {value: _Shape(record, tagged.key) for value, record in tagged.records.items()}
    return lambda at, seen: shapes[at.fields([tagged.key], others=True)[tagged.key].choice(*shapes)].read(at, seen)


def _checked(read: Callable[..., Any], extras: Sequence[Any]) -> Callable[..., Any]:
    """`read`, followed by the checks; the last two of its arguments are the cursor and what has been seen."""
    checks = [each for each in extras if callable(each)]
    if not checks:
        return read

    def read_and_check(*arguments: Any) -> Any:
        value = read(*arguments)
        for check in checks:
            check(value, *arguments[-2:])
        return value

    return read_and_check


def _annotations(record: Any) -> Mapping[str, Any]:
    """The annotations of a record; evaluated, which takes a while, only if its module has not done so."""
    own: Mapping[str, Any] = record.__annotations__
    return get_type_hints(record, include_extras=True) if any(isinstance(each, ForwardRef) for each in own.values()) else own


def _split(annotation: Any) -> tuple[Any, Sequence[Any]]:
    """A type, and what Annotated adds to it."""
    is_annotated = get_origin(annotation) is Annotated
    return (annotation.__origin__, annotation.__metadata__) if is_annotated else (annotation, ())


def _not_null(annotation: Any) -> Any:
    """`X` of `X | None`."""
    return (
        reduce(or_, [each for each in get_args(annotation) if each is not NoneType])
        if NoneType in get_args(annotation)
        else annotation
    )
