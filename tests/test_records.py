"""Records are built from their annotations, wherever a value comes from."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple

import pytest

from gpt41_cli.catalog.cursor import Cursor, read_yaml
from gpt41_cli.errors import TableError
from gpt41_cli.files.fields import BadBody
from gpt41_cli.files.json_cursor import JsonCursor
from gpt41_cli.records import GIVEN, INLINE, OTHERS, OWN_KEY, Default, Key, Or, Positive, Read, Tagged, build, get_keys


class Square(NamedTuple):
    side: Positive


class Circle(NamedTuple):
    radius: int


class Size(NamedTuple):
    width: int
    height: Annotated[int, Or("width")]


def is_even(value: int, at: Cursor, seen: Mapping[str, Any]) -> None:
    if value % 2:
        at.fail("an even number")


class Item(NamedTuple):
    name: Annotated[str, OWN_KEY]
    size: Annotated[Size, INLINE]
    unit: Annotated[str, GIVEN]
    level: Annotated[int | None, Default(), is_even]
    shape: Annotated[Square | Circle, Tagged("kind", square=Square, circle=Circle)]
    price: Decimal | None
    colour: Literal["red", "blue"] = "red"
    amounts: Annotated[Mapping[str, int], OTHERS] = {}


class Shop(NamedTuple):
    rank: Annotated[int, Key("class")]
    items: Mapping[str, Item]
    total: Annotated[int, Read(lambda at, seen: at.integer() + seen["rank"])]


SHOP = """\
class: 2
items:
  a: {width: 3, shape: {kind: square, side: 1}, price: null, apples: 5}
  b: {width: 3, height: 4, level: 2, shape: {kind: circle, radius: 0}, price: 1.50, colour: blue}
total: 40
"""


def test_a_record_is_built_from_its_annotations() -> None:
    first = Item("a", Size(3, 3), "cm", None, Square(1), None, "red", {"apples": 5})
    second = Item("b", Size(3, 4), "cm", 2, Circle(0), Decimal("1.50"), "blue", {})
    assert build(Shop, read_yaml(SHOP.encode(), "s.yaml"), unit="cm") == Shop(2, {"a": first, "b": second}, 42)
    assert get_keys(Shop) == ["class", "items", "total"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("total", "totals", 's.yaml:5:1: totals: unknown key "totals"; did you mean total?'),
        (
            "total: 40",
            "total: 40\nwhat: 1",
            's.yaml:6:1: what: expected one of the keys class, items, total, found the unknown key "what"',
        ),
        ("total: 40", "", "s.yaml:1:1: the document: expected the key total, found none"),
        ("price: null, ", "", "s.yaml:3:6: items.a: expected the key price, found none"),
        (
            "apples: 5",
            "apples: x",
            's.yaml:3:70: items.a.apples: expected a whole number from 0 to 1,000,000,000,000, found "x"',
        ),
        ("kind: square", "kind: line", 's.yaml:3:31: items.a.shape.kind: expected one of square, circle, found "line"'),
        ("kind: square, ", "", "s.yaml:3:24: items.a.shape: expected the key kind, found none"),
        ("level: 2", "level: 3", 's.yaml:4:35: items.b.level: expected an even number, found "3"'),
        (
            "level: 2",
            "level: null",
            "s.yaml:4:35: items.b.level: expected a whole number from 0 to 1,000,000,000,000, found ",
        ),
        ("colour: blue", "colour: green", 'items.b.colour: expected one of red, blue, found "green"'),
    ],
)
def test_what_the_annotations_do_not_allow_is_refused_with_its_place(old: str, new: str, complaint: str) -> None:
    with pytest.raises(TableError) as caught:
        build(Shop, read_yaml(SHOP.replace(old, new, 1).encode(), "s.yaml"), unit="cm")
    assert complaint in str(caught.value)


def test_json_is_read_alike_and_null_is_as_good_as_no_key() -> None:
    assert build(Size, JsonCursor({"width": 3, "height": None, "further": 1})) == Size(3, 3)
    with pytest.raises(BadBody, match="^width: expected a whole number, 0 or more, found nothing$"):
        build(Size, JsonCursor({"height": 3}))
    with pytest.raises(BadBody, match="^flag: expected true or false, found the number 1$"):
        JsonCursor({"flag": 1}).at("flag").boolean()
