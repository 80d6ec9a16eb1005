"""Amounts of money as exports write them: what is clear is read, what isn't is refused."""

from __future__ import annotations

import pytest

from gpt41_cli.files.fields import BadBody
from gpt41_cli.invoices.amounts import parse_amount


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        (0.06, "0.06"),
        (0.1 + 0.2, "0.3"),
        (12, "12"),
        ("0.8958740000000000", "0.8958740000000000"),
        ("1.2000000000000002", "1.2"),
        ("$1.50", "1.50"),
        ("-$2.50", "-2.50"),
        ("(2.00)", "-2.00"),
        ("($1,234.50)", "-1234.50"),
        ("-5", "-5"),
        ("+1.5", "+1.5"),
        ("6e-05", "0.00006"),
        ("0,06", "0.06"),
        ("0,123", "0.123"),
        ("1234,567", "1234.567"),
        ("1,234.56", "1234.56"),
        ("1.234,56", "1234.56"),
        ("-1,234,567.8", "-1234567.8"),
        ("1.234.567,8", "1234567.8"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("1 234", "1234"),
        ("1\u202f234,5", "1234.5"),
        ("1.234", "1.234"),
    ],
)
def test_amounts_are_exact(written: float | str, amount: str) -> None:
    assert str(parse_amount(written, "cost")) == str(+parse_amount(amount, "cost"))
    assert parse_amount(written, "cost") == parse_amount(amount.removeprefix("+"), "cost")


@pytest.mark.parametrize(
    "written", ["1,234", "-1,234", "much", "", "1,23,4", "NaN", "1$5", "(-2)", "€3", "1e400", True, None, [1]]
)
def test_what_is_unclear_is_refused(written: object) -> None:
    with pytest.raises(BadBody, match=r"^cost: expected an amount "):
        parse_amount(written, "cost")
