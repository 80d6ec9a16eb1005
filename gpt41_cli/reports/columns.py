"""Columns: one list defines both what readers see and what programs get, so that the two can't drift apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from gpt41_cli.display import choose_money_format, format_int, format_money, format_money_parts, format_price, to_decimal
from gpt41_cli.pricing import sum_usd
from gpt41_cli.reports import Json, Row, Table, make_headings

Item = TypeVar("Item")
Usd: TypeAlias = Decimal | Fraction


def show_value(value: Any) -> str:
    """Return the cell of a value: dollars rounded for readers, a count with separators, text as it is.

    >>> show_value(Decimal("0.25")), show_value(Fraction(1, 4)), show_value(1200), show_value("batch")
    ('$0.25', '$0.25', '1,200', 'batch')
    """
    if isinstance(value, Decimal | Fraction):
        return format_money(_to_dollars(value))
    return format_int(value) if isinstance(value, int) else str(value)


def show_price(usd: Usd) -> str:
    """Return the cell for the cost of one request.

    >>> show_price(Fraction(1, 7))
    '$0.1429'
    """
    return format_price(_to_dollars(usd))


def choose_usd_format(amounts: Iterable[Usd | None], requests: int = 0) -> Callable[[Usd], str]:
    """Choose how to show the totals of a column, as `choose_money_format` does; None is no amount.

    >>> choose_usd_format([Decimal("0.8315"), Fraction(5, 6), None])(Fraction(5, 6))
    '$0.8333'
    """
    show = choose_money_format((_to_dollars(usd) for usd in amounts if usd is not None), requests)
    return lambda usd: show(_to_dollars(usd))


def _to_dollars(amount: Usd) -> Decimal:
    return to_decimal(amount) if isinstance(amount, Fraction) else amount


def show_parts(items: Sequence[Item], get_usd: Callable[[Item], Usd | None]) -> Callable[[Item], str | None]:
    """Return the amount of each item as text, so that the printed amounts add up to the printed sum; None for no amount. If an
    item has none, no sum is printed, and the others are rounded independently.
    """
    amounts = [get_usd(item) for item in items]
    known = [_to_dollars(amount) for amount in amounts if amount is not None]
    shown = format_money_parts(known, sum_usd(known)) if len(known) == len(amounts) else [format_money(usd) for usd in known]
    texts = iter(shown)
    by_item = {id(item): None if amount is None else next(texts) for item, amount in zip(items, amounts, strict=True)}
    return lambda item: by_item[id(item)]


class Column(NamedTuple, Generic[Item]):
    """A column of a table: programs get `value` under `key`, readers get the text of `show` under `title`.

    `title` has the marks of `make_headings`; None if readers don't see it. `key` is None if programs don't. `absent` is the
    cell of a value that is None.
    """

    title: str | None
    key: str | None
    value: Callable[[Item], Json]
    show: Callable[[Any], str] = show_value
    absent: str = ""


def make_table(
    columns: Sequence[Column[Item]],
    items: Iterable[Item],
    title: str = "",
    *,
    tone: Callable[[Item], str] = lambda _: "",
    is_detail: bool = False,
    is_row_detail: Callable[[Item], bool] = lambda _: False,
) -> Table:
    """Make a table with a row for each item and a cell for each column that has a title."""
    headings = make_headings(*(column.title for column in columns if column.title is not None))
    rows = tuple(Row(_make_cells(columns, item), tone(item), is_row_detail(item)) for item in items)
    return Table(headings, rows, title, is_detail)


def _make_cells(columns: Sequence[Column[Item]], item: Item) -> tuple[str, ...]:
    values = ((column, column.value(item)) for column in columns if column.title is not None)
    return tuple(column.absent if value is None else column.show(value) for column, value in values)


def make_record(columns: Sequence[Column[Item]], item: Item) -> Mapping[str, Json]:
    """Make a record of an item: its values under the keys of the columns that have one."""
    return {column.key: column.value(item) for column in columns if column.key is not None}


def make_records(columns: Sequence[Column[Item]], items: Iterable[Item]) -> tuple[Mapping[str, Json], ...]:
    """Make a record for each item."""
    return tuple(make_record(columns, item) for item in items)
