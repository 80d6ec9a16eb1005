"""Parse amounts of money and quantities as exports write them: floats with binary noise, thousands separators, decimal commas."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from gpt41_cli.errors import quote_text
from gpt41_cli.files.fields import BadBody, JsonValue, describe_kind

PLACES = 10
"""Amounts are exact to this many decimals: digits after these are the noise of a binary float."""

_PLAIN = re.compile(r"[-+]?\d{1,18}(\.\d{0,30})?([eE][-+]?\d{1,2})?", re.ASCII)
_WITH_SEPARATORS = re.compile(r"[-+]?\d{1,3}([., '’\u00a0\u202f]\d{3})*([.,]\d{1,30})?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[-+]?\d{1,18},\d{1,30}", re.ASCII)
_CREDIT = re.compile(r"^\((.+)\)$")
_DOLLAR = re.compile(r"^([-+]?)\$")
_UNCLEAR = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}", re.ASCII)


def parse_amount(value: JsonValue, path: str) -> Decimal:
    """Parse an amount. Raises BadBody if it isn't one, or if a comma in it may separate thousands or decimals.

    >>> [str(parse_amount(text, "cost")) for text in (1.2000000000000002, "1,234.5", "1.234,50", "0,06", "-$3.5", "(2.00)")]
    ['1.2', '1234.5', '1234.50', '0.06', '-3.5', '-2.00']
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BadBody(path, "an amount such as 0.06", describe_kind(value))
    text = repr(value) if isinstance(value, float) else _DOLLAR.sub(r"\1", _CREDIT.sub(r"-\1", str(value).strip()))
    if _UNCLEAR.fullmatch(text):
        raise BadBody(path, "an amount with a point before its decimals, such as 1234.00 or 1.234", quote_text(text))
    try:
        amount = Decimal(_normalize(text))
    except InvalidOperation:
        raise BadBody(path, "an amount such as 0.06", quote_text(text)) from None
    return round(amount, PLACES).normalize() if amount != round(amount, PLACES) else amount


def find_decimal_mark(text: str) -> str:
    """Return the mark before the decimals of an amount, if it has one: the last point or comma, unless there are several.

    >>> [find_decimal_mark(text) for text in ("1.234", "1.234,50", "0,5", "1,234.5", "1.234.567", "12")]
    ['.', ',', ',', '.', '', '']
    """
    marks = re.findall(r"[.,]", text)
    return marks[-1] if marks and marks.count(marks[-1]) == 1 else ""


def _normalize(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    if _DECIMAL_COMMA.fullmatch(text):
        return text.replace(",", ".")
    if not _WITH_SEPARATORS.fullmatch(text):
        return "not a number"
    separators = re.findall(r"\D", text.lstrip("+-"))
    has_decimals = len(set(separators)) > 1 and separators.count(separators[-1]) == 1
    whole, point, fraction = text.rpartition(separators[-1]) if has_decimals else (text, "", "")
    return re.sub(r"[^-+\d]", "", whole) + ("." + fraction if point else "")
