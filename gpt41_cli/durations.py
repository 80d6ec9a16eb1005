"""Durations and intervals as people read them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from gpt41_cli.display import format_exact, format_int, pluralize


def format_duration(seconds: int) -> str:
    """Format a duration in one or two units, rounded down.

    >>> format_duration(7), format_duration(2700), format_duration(86_400)
    ('7 seconds', '45 minutes', '24 hours')
    >>> format_duration(8_100), format_duration(176_000), format_duration(864_000)
    ('2 hours 15 minutes', '2 days', '10 days')
    """
    return " ".join(pluralize(count, unit) for count, unit in _split_duration(seconds))


def format_short_duration(seconds: int) -> str:
    """Format a duration in a few characters, for a table.

    >>> format_short_duration(2700), format_short_duration(8_100), format_short_duration(864_000)
    ('45 min', '2 h 15 min', '10 d')
    """
    return " ".join(f"{format_int(count)} {_SHORT_UNITS[unit]}" for count, unit in _split_duration(seconds))


_SHORT_UNITS = {"second": "s", "minute": "min", "hour": "h", "day": "d"}


def _split_duration(seconds: int) -> list[tuple[int, str]]:
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if minutes < 2:
        return [(seconds, "second")]
    if hours < 2:
        return [(minutes, "minute")]
    first, second = ((days, "day"), (hours % 24, "hour")) if days >= 2 else ((hours, "hour"), (minutes % 60, "minute"))
    return [first, second] if second[0] else [first]


def format_seconds(interval: Fraction, rounding: str) -> str:
    """Format an interval to two digits. Rounded up, it is never too short to wait; rounded down, it is never too long.

    >>> [format_seconds(each, "ROUND_CEILING") for each in (Fraction(60, 13), Fraction(60, 5000), Fraction(100))]
    ['4.7 s', '0.012 s', '100 s']
    >>> [format_seconds(each, "ROUND_FLOOR") for each in (Fraction(60, 13), Fraction(1999, 10))]
    ['4.6 s', '199 s']
    """
    amount = Decimal(interval.numerator) / interval.denominator
    step = min(Decimal(1), Decimal(1).scaleb(amount.adjusted() - 1))
    return f"{format_exact(amount.quantize(step, rounding))} s"
