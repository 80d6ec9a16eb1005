"""Build records from documents by their annotations: a shape is written once, as a NamedTuple.

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
from typing import Annotated, Any, ForwardRef, Literal, Protocol, Self, TypeVar, get_args, get_origin, get_type_hints

R = TypeVar("R", bound=tuple[Any, ...])
Seen = Mapping[str, Any]


class _Cursor(Protocol):
    """A place in a document. Its methods return plain values, or raise an error that names the place."""

    @property
    def name(self) -> str: ...
    @property
    def is_null(self) -> bool: ...
    def fields(self, required: Sequence[str], optional: Sequence[str] = (), *, others: bool = False) -> Mapping[str, Self]: ...
    def entries(self) -> Mapping[str, Self]: ...
    def items(self) -> Iterator[Self]: ...
    def text(self) -> str: ...
    def choice(self, *allowed: str) -> str: ...
    def integer(self, at_least: int = 0) -> int: ...
    def decimal(self) -> Decimal: ...
    def boolean(self) -> bool: ...
    def day(self) -> date: ...


class Read:
    """The function that reads a value in place of its type."""

    def __init__(self, function: Callable[[Any, Seen], Any]) -> None:
        self.function = function


class Tagged:
    """The key that says which record a mapping is, and the records by its values."""

    def __init__(self, key: str, **records: Any) -> None:
        self.key = key
        self.records = records


class Key(str):
    """The key of a field that has another name."""


class Or(str):
    """The key to read if the field's own key is left out."""


class Default:
    """The value of a field whose key is left out."""

    def __init__(self, value: Any = None) -> None:
        self.value = value


class Part(str):
    """The source of a value that isn't under a key of its own."""


OWN_KEY, GIVEN, INLINE, OTHERS = map(Part, ("own key", "given", "inline", "others"))
Positive = Annotated[int, Read(lambda at, _: at.integer(1))]

_Entries = Mapping[str, Any]
_Reader = Callable[[Any, Seen], Any]
_PartReader = Callable[[_Entries, Any, Seen], Any]
_Field = tuple[Any, _Reader, _PartReader]
"""The key of a field, how to read its entry, and how to get the value without that entry."""

_REQUIRED = object()
_SCALARS: Mapping[Any, _Reader] = {
    str: lambda at, _: at.text(),
    int: lambda at, _: at.integer(),
    bool: lambda at, _: at.boolean(),
    Decimal: lambda at, _: at.decimal(),
    date: lambda at, _: at.day(),
}


def build(record: type[R], at: _Cursor, **given: Any) -> R:
    """Build the record at a place in a document. Raises the cursor's error at the first value that the annotations forbid."""
    shape = _get_shape(record)
    values = shape.read_values(shape.get_entries(at), at, given)
    for name in shape.record._fields:
        given[name] = next(values)
    return record(*(given[name] for name in shape.record._fields))


def get_keys(record: type[tuple[Any, ...]]) -> list[str]:
    """Return the keys of a record's fields, in their order."""
    marks = {name: {type(mark): mark for mark in _split(kind)[1]} for name, kind in _get_annotations(record).items()}
    return [own.get(Key, name) for name, own in marks.items()]


class _Shape:
    """A record class: the keys that it must and may have, and how to read its fields, in their order."""

    def __init__(self, record: Any, *required: str) -> None:
        self.record = record
        self.required = list(required)
        self.optional: list[str] = []
        self.has_others = False
        self.fields = [self._plan_field(name, annotation) for name, annotation in _get_annotations(record).items()]

    def read(self, at: Any, seen: Seen) -> Any:
        return self.make(self.get_entries(at), at, seen)

    def get_entries(self, at: Any) -> Any:
        return at.fields(self.required, self.optional, others=self.has_others)

    def make(self, entries: _Entries, at: Any, seen: Seen) -> Any:
        return self.record._make(self.read_values(entries, at, seen))

    def read_values(self, entries: _Entries, at: Any, seen: Seen) -> Iterator[Any]:
        for key, read, otherwise in self.fields:
            yield read(entries[key], seen) if key in entries else otherwise(entries, at, seen)

    def _plan_field(self, name: str, annotation: Any) -> _Field:
        kind, extras = _split(annotation)
        marks = {type(extra): extra for extra in extras}
        if Part in marks:
            return None, _SCALARS[str], _add_checks(self._plan_part(marks[Part], name, kind), extras)
        key, other = marks.get(Key, name), marks.get(Or)
        default = marks[Default].value if Default in marks else self.record._field_defaults.get(name, _REQUIRED)
        read = _choose_reader(kind if default is _REQUIRED else _drop_none(kind), extras)
        if other:
            self.optional.append(key)
            return key, read, lambda entries, at, seen: read(entries[other], seen)
        (self.required if default is _REQUIRED else self.optional).append(key)
        return key, read, lambda entries, at, seen: default

    def _plan_part(self, part: Part, name: str, kind: Any) -> _PartReader:
        if part is OWN_KEY:
            return lambda entries, at, seen: at.name
        if part is GIVEN:
            return lambda entries, at, seen: seen.get(name)
        if part is INLINE:
            inner = _get_shape(kind)
            self.required += inner.required
            self.optional += inner.optional
            return inner.make
        self.has_others = True
        read_entries = _map_entries(*get_args(kind))

        def read_others(entries: _Entries, at: Any, seen: Seen) -> Any:
            own = {*self.required, *self.optional}
            return read_entries({key: entry for key, entry in entries.items() if key not in own}, seen)

        return read_others


_get_shape = cache(_Shape)


def _choose_reader(annotation: Any, extras: Sequence[Any] = (), plain: _Reader | None = None) -> _Reader:
    """Return the function that reads and checks a value; `plain` takes the place of the type."""
    kind, own_extras = _split(annotation)
    marks = {type(mark): mark for mark in (*own_extras, *extras)}
    if Read in marks:
        read = marks[Read].function
    elif Tagged in marks:
        read = _choose_tagged(marks[Tagged])
    else:
        read = plain or _choose_by_type(kind)
    return _add_checks(read, [*own_extras, *extras])


def _choose_by_type(kind: Any) -> _Reader:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in _SCALARS:
        return _SCALARS[kind]
    if origin is Literal:
        return lambda at, _: at.choice(*arguments)
    if origin is tuple:
        read_item = _choose_reader(arguments[0])
        return lambda at, seen: tuple([read_item(item, seen) for item in at.items()])
    if origin is abc.Mapping:
        read_entries = _map_entries(*arguments)
        return lambda at, seen: read_entries(at.entries(), seen)
    if NoneType in arguments:
        read_value = _choose_reader(_drop_none(kind))
        return lambda at, seen: None if at.is_null else read_value(at, seen)
    return _get_shape(kind).read


def _map_entries(key: Any, value: Any) -> Callable[[_Entries, Seen], dict[Any, Any]]:
    """Return the function that reads the entries of a mapping: each key before its value."""
    read_key, read_value = _choose_reader(key, plain=lambda at, _: at.name), _choose_reader(value)
    return lambda entries, seen: {read_key(at, seen): read_value(at, seen) for at in entries.values()}


def _choose_tagged(tagged: Tagged) -> _Reader:
    shapes = {value: _Shape(record, tagged.key) for value, record in tagged.records.items()}
    return lambda at, seen: shapes[at.fields([tagged.key], others=True)[tagged.key].choice(*shapes)].read(at, seen)


def _add_checks(read: Callable[..., Any], extras: Sequence[Any]) -> Callable[..., Any]:
    """Return `read` followed by the checks; its last two arguments are the cursor and what has been seen."""
    checks = [extra for extra in extras if callable(extra)]
    if not checks:
        return read

    def read_and_check(*arguments: Any) -> Any:
        value = read(*arguments)
        for check in checks:
            check(value, *arguments[-2:])
        return value

    return read_and_check


def _get_annotations(record: Any) -> Mapping[str, Any]:
    """Return the annotations of a record; they are evaluated here, which is slow, only if its module postpones that."""
    own: Mapping[str, Any] = record.__annotations__
    return get_type_hints(record, include_extras=True) if any(isinstance(hint, ForwardRef) for hint in own.values()) else own


def _split(annotation: Any) -> tuple[Any, Sequence[Any]]:
    """Return a type, and what Annotated adds to it."""
    is_annotated = get_origin(annotation) is Annotated
    return (annotation.__origin__, annotation.__metadata__) if is_annotated else (annotation, ())


def _drop_none(annotation: Any) -> Any:
    """Return `X` of `X | None`."""
    others = [member for member in get_args(annotation) if member is not NoneType]
    return reduce(or_, others) if NoneType in get_args(annotation) else annotation
