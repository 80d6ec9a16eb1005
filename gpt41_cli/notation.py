"""Parse shares, durations and amounts as people write them in options and gpt41.yaml. Parsers return None for any other text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

SIMULATE = "simulate"
"""The word for the amount of cached input that asks for a replay of the prompt cache."""

MAX_COUNT = 1_000_000_000_000
"""The largest number that an option or a table takes: far above any bill, and low enough for figures to stay readable."""

A_DEADLINE = "more than 0 minutes, such as 90m, 24h or 2d"
"""The expected form of a deadline, for errors. A deadline of 0 is refused everywhere, because no work is done at once."""

_DAYS = Fraction(365, 12)
PERIODS_PER_MONTH: Mapping[str, Fraction] = {
    "minute": 60 * 24 * _DAYS,
    "hour": 24 * _DAYS,
    "day": _DAYS,
    "week": _DAYS / 7,
    "month": Fraction(1),
}
"""How often each period comes in a month, which is a twelfth of 365 days."""

_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,6})?) ?%", re.ASCII)
_DURATION = re.compile(r"(\d{1,6})([mhd])", re.ASCII)
_AMOUNT = re.compile(r"\d{1,13}(?:\.\d{1,12})?", re.ASCII)
_COUNT = re.compile(r"\d{1,13}|\d{1,3}(?:[,_]\d{3}){1,4}", re.ASCII)
_SHORT_COUNT = re.compile(r"(\d{1,6}(?:\.\d{1,9})?)([kMB])", re.ASCII | re.IGNORECASE)
_RATE = re.compile(rf"([\w.,]+)(?: ?/ ?| per )({'|'.join(PERIODS_PER_MONTH)})", re.ASCII)
_THOUSANDS = {"k": 1_000, "m": 1_000_000, "b": 1_000_000_000}
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def parse_share(text: str) -> Decimal | None:
    """Parse a percentage from 0 to 100 into a share of one.

    >>> parse_share("60%"), parse_share("101%")
    (Decimal('0.6'), None)
    """
    match = _PERCENT.fullmatch(text)
    return Decimal(match[1]) / 100 if match and Decimal(match[1]) <= 100 else None


def parse_count(text: str) -> int | None:
    """Parse a whole number up to MAX_COUNT, with or without separators of thousands, or short: `40k`, `1.2M`, `1B`.

    >>> parse_count("1,200"), parse_count("1_000_000_000_000"), parse_count("1_000_000_000_001"), parse_count("0.5")
    (1200, 1000000000000, None, None)
    >>> parse_count("40k"), parse_count("1.2M"), parse_count("1.2345k")
    (40000, 1200000, None)
    """
    if short := _SHORT_COUNT.fullmatch(text):
        exact = Decimal(short[1]) * _THOUSANDS[short[2].lower()]
        count = int(exact) if exact == int(exact) else None
    else:
        count = int(re.sub("[,_]", "", text)) if _COUNT.fullmatch(text) else None
    return None if count is None or count > MAX_COUNT else count


class Rate(NamedTuple):
    """A number of requests per `period`, one of PERIODS_PER_MONTH; sent once if the period is empty."""

    requests: int
    period: str = ""

    def convert(self, period: str) -> Rate:
        """Return the requests of another period, rounded to whole ones, at least 1; those that are sent once stay as many.

        >>> Rate(1300, "day").convert("month"), Rate(500).convert("month")
        (Rate(requests=39542, period='month'), Rate(requests=500, period='month'))
        """
        own = PERIODS_PER_MONTH[self.period or period]
        return Rate(max(round(self.requests * own / PERIODS_PER_MONTH[period]), 1), period)


ONCE = Rate(1)
"""The default of options: one request, sent once."""


def parse_rate(text: str) -> Rate | None:
    """Parse a number of requests per period.

    >>> parse_rate("120,000 / month"), parse_rate("40k per hour"), parse_rate("40k / year")
    (Rate(requests=120000, period='month'), Rate(requests=40000, period='hour'), None)
    """
    match = _RATE.fullmatch(text)
    requests = parse_count(match[1]) if match else None
    return Rate(requests, match[2]) if match and requests else None


def parse_duration(text: str) -> timedelta | None:
    """Parse a duration in minutes, hours or days.

    >>> parse_duration("90m"), parse_duration("2 weeks")
    (datetime.timedelta(seconds=5400), None)
    """
    match = _DURATION.fullmatch(text)
    return timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else None


def parse_amount(text: str) -> Decimal | None:
    """Parse an amount up to MAX_COUNT, with or without a dollar sign.

    >>> parse_amount("$12.50"), parse_amount("-1")
    (Decimal('12.50'), None)
    """
    plain = text.removeprefix("$")
    amount = Decimal(plain) if _AMOUNT.fullmatch(plain) else None
    return None if amount is None or amount > MAX_COUNT else amount
