"""How people write shares, durations and amounts, in options and in gpt41.yaml. Parsers return None for any other text."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

SIMULATE = "simulate"
"""The word for the amount of cached input that asks for a replay of the prompt cache."""

A_DEADLINE = "more than 0 minutes, such as 90m, 24h or 2d"
"""What errors call a deadline. One of 0 is refused wherever it is read, as no work is done at once."""

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?) ?%", re.ASCII)
_DURATION = re.compile(r"(\d{1,6})([mhd])", re.ASCII)
_AMOUNT = re.compile(r"\d{1,12}(?:\.\d{1,12})?", re.ASCII)
_TOKENS = re.compile(r"\d{1,12}", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def parse_share(text: str) -> Decimal | None:
    """Parse a percentage from 0 to 100 into a share of one.

    >>> parse_share("60%"), parse_share("101%")
    (Decimal('0.6'), None)
    """
    match = _PERCENT.fullmatch(text)
    return Decimal(match[1]) / 100 if match and Decimal(match[1]) <= 100 else None


def parse_token_count(text: str) -> int | None:
    """Parse a count of tokens.

    >>> parse_token_count("800"), parse_token_count("0.5")
    (800, None)
    """
    return int(text) if _TOKENS.fullmatch(text) else None


def parse_duration(text: str) -> timedelta | None:
    """Parse a duration in minutes, hours or days.

    >>> parse_duration("90m"), parse_duration("2 weeks")
    (datetime.timedelta(seconds=5400), None)
    """
    match = _DURATION.fullmatch(text)
    return timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None


def parse_amount(text: str) -> Decimal | None:
    """Parse an amount, with or without a dollar sign.

    >>> parse_amount("$12.50"), parse_amount("-1")
    (Decimal('12.50'), None)
    """
    plain = text.removeprefix("$")
    return Decimal(plain) if _AMOUNT.fullmatch(plain) else None
