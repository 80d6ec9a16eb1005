"""Read what was charged from pages of OpenAI's costs API, its dashboard's cost CSV, and Azure's cost exports.

The fields of `organization.costs.result` are those of OpenAI's reference (read on 2026-11-29:
https://developers.openai.com/api/reference/cli/resources/admin/subresources/organization/subresources/usage/methods/costs).
The cost CSV has the same, flat. Those of Azure are in "Understand cost details fields" (read on 2026-11-29:
https://learn.microsoft.com/azure/cost-management-billing/automate/understand-usage-details-fields).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from itertools import chain
from typing import BinaryIO, TypeAlias

from gpt41_cli.answers.days import parse_day
from gpt41_cli.errors import InputError, quote_text
from gpt41_cli.files import compressed, documents, fields, text
from gpt41_cli.files.fields import BadBody, JsonObject, JsonValue
from gpt41_cli.files.places import RejectedRequest
from gpt41_cli.findings import Place
from gpt41_cli.invoices.amounts import find_decimal_mark, parse_amount
from gpt41_cli.invoices.lines import EmptyDay, InvoiceLine, PageEnd

COSTS_OBJECT = "organization.costs.result"
USD = "USD"

_BILLING_CURRENCIES = ("billingcurrency", "billingcurrencycode", "currency")
_AMOUNTS: Mapping[str, tuple[str, ...]] = {
    "costinusd": (),
    "costusd": (),
    "amountvalue": ("amountcurrency",),
    "costinbillingcurrency": _BILLING_CURRENCIES,
    "costinpricingcurrency": ("pricingcurrency",),
    "pretaxcost": _BILLING_CURRENCIES,
    "cost": _BILLING_CURRENCIES,
    "amount": ("currency",),
}
"""Columns of an amount, the most certain first, with the columns that may hold its currency; those without are in dollars."""
_DAYS = ("starttimeiso", "starttime", "date", "usagedate", "usagedatetime")
_ITEMS = ("lineitem", "metername", "meter")
_PROJECTS = ("projectid", "projectname", "resourceid", "instanceid")
_ORGANIZATIONS = ("organizationid", "billingaccountid", "enrollmentnumber")
_QUANTITIES = ("quantity", "usagequantity", "consumedquantity")
_SERVICES = ("metercategory", "servicename", "consumedservice")
_AMERICAN_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})( .*)?", re.ASCII)
_UNIT = re.compile(r"(\d+)\s*([KM]?)\b.*", re.ASCII | re.IGNORECASE)
_SCALES = {"": 1, "K": 1000, "M": 1_000_000}


InvoiceItem: TypeAlias = InvoiceLine | RejectedRequest | EmptyDay | PageEnd
"""A line, one that can't be read, a day without lines, or the end of a page."""


def read_costs(stream: BinaryIO, name: str, label: str) -> Iterator[InvoiceItem]:
    """Yield the lines of a file of costs. Raises InputError if it has none.

    `name` is for places, `label` for errors.
    """
    head, pieces = compressed.decompress_if_needed(text.read_chunks(stream), label)
    data = text.convert_to_utf8(chain((head,), pieces), label)
    first = next((piece for piece in data if piece.strip()), b"")
    whole = chain((first,), data)
    if first.lstrip()[:1] in (b"{", b"["):
        yield from _read_json(b"".join(whole), name, label)
    else:
        yield from _read_rows(whole, name, label)


def _read_json(data: bytes, name: str, label: str) -> Iterator[InvoiceItem]:
    """Read a page, a list of pages or buckets, or one of these on each line."""
    try:
        values: list[tuple[int | None, JsonValue]] = [(None, documents.parse_json(data))]
    except BadBody:
        lines = [line for line in documents.LineBlock(1, data).iterate_lines() if line.data.strip()]
        try:
            values = [(line.number, documents.parse_json(line.data)) for line in lines]
        except BadBody as error:
            raise InputError(location=label, problem=error) from None
    has_costs = False
    for number, value in values:
        try:
            results, others = _list_results(value)
        except BadBody as error:
            raise InputError(location=label, problem=error) from None
        yield from others
        has_costs = has_costs or bool(others or results)
        for position, (result, bucket) in enumerate(results):
            place = Place(name, number, position=position)
            try:
                yield _read_result(result, bucket, place)
            except BadBody as error:
                yield RejectedRequest(place, str(error))
    if not has_costs:
        raise InputError(expected=f"costs: objects {COSTS_OBJECT}, or a CSV with their amounts", found="none", location=label)


def _list_results(value: JsonValue) -> tuple[list[tuple[JsonObject, JsonObject]], list[PageEnd | EmptyDay]]:
    """Return every result with its bucket, and the ends of pages and days without results. Raises BadBody for anything else in
    such a list.
    """
    waiting, costs, others = [value], list[tuple[JsonObject, JsonObject]](), list[PageEnd | EmptyDay]()
    while waiting:
        item = waiting.pop(0)
        if isinstance(item, list):
            waiting[:0] = item
            continue
        owner = fields.require_object(item, "")
        if "has_more" in owner:
            others.append(PageEnd(owner["has_more"] is True))
        results = [fields.require_object(result, "results") for result in fields.get_list(owner, "results", "")]
        costs += [(result, owner) for result in results]
        costs += [(owner, {})] if "amount" in owner else []  # a result without its bucket
        day = parse_day(owner.get("start_time"))
        if day and not results:
            others.append(EmptyDay(day))
        waiting[:0] = fields.get_list(owner, "data", "")
    return costs, others


def _read_result(result: JsonObject, bucket: JsonObject, place: Place) -> InvoiceLine:
    kind = fields.get_text(result, "object", "")
    if kind.replace("_", ".") not in ("", COSTS_OBJECT):
        raise BadBody("object", COSTS_OBJECT, quote_text(kind))
    amount = fields.get_object(result, "amount", "")
    day = parse_day(bucket.get("start_time"))
    if day is None:
        raise BadBody("start_time", "the time of a bucket", fields.describe_kind(bucket.get("start_time")))
    quantity = result.get("quantity")
    names = {
        key: fields.get_text(result, key, "") or None for key in ("line_item", "project_id", "organization_id", "api_key_id")
    }
    return InvoiceLine(
        place,
        day,
        parse_amount(amount.get("value"), "amount.value"),
        fields.get_text(amount, "currency", "amount").upper() or USD,
        names["line_item"],
        names["project_id"],
        names["organization_id"],
        None if quantity is None else parse_amount(quantity, "quantity"),
        key=(bucket.get("start_time"), *names.values()),
    )


def _read_rows(data: Iterable[bytes], name: str, label: str) -> Iterator[InvoiceItem]:
    blocks = (block.data for block in documents.split_into_blocks(data))
    lines = (line for piece in text.decode_text(blocks, label) for line in io.StringIO(piece, newline=""))
    header = next((line for line in lines if line.strip()), "")
    delimiter = max(",;\t|", key=header.count)
    rows = csv.reader(chain((header,), lines), delimiter=delimiter)
    first = next(rows, [])
    titles = {re.sub(r"[^a-z]", "", cell.lower()): (index, cell) for index, cell in reversed(list(enumerate(first)))}
    columns = {name: index for name, (index, _) in titles.items()}
    amounts, has_days = list(_list_amounts(columns)), any(day in columns for day in _DAYS)
    bare = next((name for name in _AMOUNTS if name in columns), None)
    if not amounts and has_days and bare:
        expected = f"a column with the currency of the amounts in {bare}, such as {_AMOUNTS[bare][0]}"
        raise InputError(expected=expected, found="none", location=label)
    if not amounts or not has_days:
        expected = (
            "costs: pages of the costs API, or a CSV with days and amounts, such as start_time, amount_value, amount_currency"
        )
        raise InputError(expected=expected, found="none of them", location=label)
    written = {name: title.strip() for name, (_, title) in titles.items()}
    marks: dict[str, str] = {}
    for row in rows:
        if row == first:  # exports that were put together
            continue
        place = Place(name, rows.line_num)
        cells = {column: row[index].strip() for column, index in columns.items() if index < len(row)}
        amount, currency = next((pair for pair in amounts if cells.get(pair[0])), amounts[0])
        try:
            if cells.get(amount):
                line = _read_row(cells, amount, currency, place, written)
                _check_decimal_marks((cells[amount], _get_first(cells, _QUANTITIES) or ""), marks, place, label)
                # The cost CSV has one row for what its columns name; in others, such as Azure's, equal rows may be two charges.
                yield line._replace(key=tuple(row)) if amount == "amountvalue" else line
            elif _get_first(cells, _ITEMS):
                raise BadBody(written[amount], "an amount such as 0.06", "none")
            else:
                with suppress(BadBody):  # a row without a day says nothing
                    yield EmptyDay(_read_day(cells, written))
        except BadBody as error:
            yield RejectedRequest(place, str(error))


def _list_amounts(columns: Mapping[str, int]) -> Iterator[tuple[str, str | None]]:
    """Yield the columns of amounts with those of their currencies; None if they are in dollars."""
    for amount, currencies in _AMOUNTS.items():
        if amount in columns:
            yield from ((amount, name) for name in currencies if name in columns)
            if not currencies:
                yield amount, None


def _check_decimal_marks(amounts: Iterable[str], marks: dict[str, str], place: Place, label: str) -> None:
    """Add the decimal marks of amounts to `marks`, with the first amount of each. Raises InputError if they differ: then 1.234
    may be more than 1,000.
    """
    for amount in amounts:
        if mark := find_decimal_mark(amount):
            marks.setdefault(mark, f"{quote_text(amount)} ({place.label})")
    if len(marks) > 1:
        expected = "decimals after points or after commas, the same in all amounts"
        raise InputError(expected=expected, found=" and ".join(marks.values()), location=label)


def _read_row(
    cells: Mapping[str, str], amount: str, currency: str | None, place: Place, titles: Mapping[str, str]
) -> InvoiceLine:
    """Read a row. `titles` are the names of its columns as the file writes them."""
    quantity = _get_first(cells, _QUANTITIES)
    tokens = parse_amount(quantity, "quantity") * _read_unit(cells.get("unitofmeasure", "")) if quantity else None
    project = _get_first(cells, _PROJECTS)
    return InvoiceLine(
        place,
        _read_day(cells, titles),
        parse_amount(cells[amount], titles[amount]),
        (cells.get(currency) or USD).upper() if currency else USD,
        _get_first(cells, _ITEMS),
        project.rstrip("/").rsplit("/", 1)[-1] if project else None,
        _get_first(cells, _ORGANIZATIONS),
        tokens,
        is_meter="lineitem" not in cells,
        service=_get_first(cells, _SERVICES),
    )


def _get_first(cells: Mapping[str, str], names: Iterable[str]) -> str | None:
    return next((cells[name] for name in names if cells.get(name)), None)


def _read_day(cells: Mapping[str, str], titles: Mapping[str, str]) -> date:
    """Read the day of a row. Microsoft writes it month first."""
    column = next((name for name in _DAYS if cells.get(name)), "")
    written = cells.get(column, "")
    american = _AMERICAN_DAY.fullmatch(written)
    day = parse_day(f"{american[3]}-{american[1]:>02}-{american[2]:>02}" if american else written)
    if day is None:
        raise BadBody(titles.get(column, "date"), "a day, YYYY-MM-DD", fields.redact(written) if written else "none")
    return day


def _read_unit(unit: str) -> Decimal:
    """Read how many tokens a unit of measure such as 1K or 1M is."""
    match = _UNIT.fullmatch(unit.strip())
    return Decimal(int(match[1]) * _SCALES[match[2].upper()]) if match else Decimal(1)
