"""The one place where a figure is rounded, and then only to be read: money, tokens, shares, days, and untrusted text.

Nothing here is ever parsed back or added up; sums are made of the exact values.
"""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

_COMMAND = re.compile(r"##(vso)?\[")
_CENT = Decimal("0.01")
# Wider than any figure of this program: the default of 28 digits would refuse to round a larger one.
_WIDE = Context(prec=200)


def money(amount: Decimal) -> str:
    """Dollars to read: cents from a dollar upwards, four significant digits (never fewer than cents) below.

    >>> money(Decimal("13.2")), money(Decimal("0.000132")), money(Decimal("1234567.891")), money(Decimal(0))
    ('$13.20', '$0.000132', '$1,234,567.89', '$0.00')
    >>> money(Decimal(-5))
    '-$5.00'
    """
    if amount < 0:
        return f"-{money(amount.copy_negate())}"
    if amount >= 1 or not amount:
        return f"${amount.quantize(_CENT, ROUND_HALF_UP, _WIDE):,f}"
    step = min(_CENT, Decimal(1).scaleb(amount.adjusted() - 3))
    digits = f"{amount.quantize(step, ROUND_HALF_UP, _WIDE):f}".rstrip("0")
    whole, _, fraction = digits.partition(".")
    return f"${whole}.{fraction.ljust(2, '0')}"


def change(amount: Decimal) -> str:
    """The same of what is added, with its sign.

    >>> change(Decimal("6.1")), change(Decimal("-0.0002")), change(Decimal(0))
    ('+$6.10', '-$0.0002', '$0.00')
    """
    return f"+{money(amount)}" if amount > 0 else money(amount)


def rate(price: Decimal) -> str:
    """A price per million tokens or per hour, every digit of it and at least cents.

    >>> rate(Decimal("2.125")), rate(Decimal("0.4"))
    ('$2.125', '$0.40')
    """
    whole, _, fraction = exact(price).partition(".")
    return f"${int(whole):,}.{fraction.ljust(2, '0')}"


def exact(amount: Decimal) -> str:
    """The shortest plain decimal with every digit: what JSON, CSV and `-q` print.

    >>> exact(Decimal("13.200")), exact(Decimal("1E+3")), exact(Decimal("0.00"))
    ('13.2', '1000', '0')
    """
    digits = f"{amount:f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def decimal(ratio: Fraction, places: int = 12) -> Decimal:
    """A ratio as a decimal: exact where it ends within so many places, else rounded to them. What is rounded to 0 has no sign.

    >>> decimal(Fraction(1, 8)), decimal(Fraction(2, 3)), decimal(Fraction(-1, 10**13)), decimal(Fraction(2, 3), 1)
    (Decimal('0.125'), Decimal('0.666666666667'), Decimal('0'), Decimal('0.7'))
    """
    exact_or_longer = _WIDE.divide(Decimal(ratio.numerator), Decimal(ratio.denominator))
    rounded = exact_or_longer.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _WIDE)
    return _WIDE.plus(rounded).normalize(_WIDE)


def number(count: int) -> str:
    """A count with thousands separators.

    >>> number(1047576)
    '1,047,576'
    """
    return f"{count:,}"


def percent(share: Decimal) -> str:
    """A share of one as a percentage: whole, but never rounded onto 0 or 100; tenths below 10.

    >>> percent(Decimal("0.966")), percent(Decimal("0.998")), percent(Decimal("0.0123")), percent(Decimal("0.0001"))
    ('97 %', '99.8 %', '1.2 %', 'under 0.1 %')
    """
    value = share * 100
    if 0 < value < Decimal("0.1"):
        return "under 0.1 %"
    whole = value.quantize(Decimal(1), ROUND_HALF_UP, _WIDE)
    tenths = value.quantize(Decimal("0.1"), ROUND_HALF_UP, _WIDE)
    if tenths == 100 and value != 100:
        return f"just {'under' if value < 100 else 'over'} 100 %"
    return f"{exact(tenths if whole in (0, 100) or value < 10 else whole)} %"


def score(share: Fraction) -> str:
    """A score in percent, to tenths; less than everything is never 100.

    >>> from fractions import Fraction
    >>> score(Fraction("0.8992")), score(Fraction("0.9999")), score(Fraction(1))
    ('89.9 %', '99.9 %', '100 %')
    """
    tenths = (share * 1000 + Fraction(1, 2)) // 1
    return f"{exact(Decimal(min(tenths, 999) if share < 1 else tenths).scaleb(-1))} %"


def score_below(share: Fraction, least: Fraction) -> str:
    """A score that falls short of `least`, rounded down where it would else look as if it met it.

    >>> from fractions import Fraction
    >>> score_below(Fraction("0.8999"), Fraction("0.9")), score_below(Fraction("0.5336"), Fraction("0.9"))
    ('89.9 %', '53.4 %')
    """
    nearest, down = (share * 1000 + Fraction(1, 2)) // 1, share * 1000 // 1
    return score(Fraction(nearest if nearest < least * 1000 else down, 1000))


def moved(share: Fraction, places: int = 1) -> str:
    """By how much of itself a figure moved, up or down, in percent rounded to some places: what is less is not none, and what is
    not gone has not lost all.

    >>> moved(Fraction(61, 351)), moved(Fraction(-1, 4)), moved(Fraction(1, 10**5)), moved(Fraction(12))
    ('17.4 %', '25 %', 'under 0.1 %', '1,200 %')
    >>> moved(Fraction("0.1004"), 2), moved(Fraction("-0.9999"))
    ('10.04 %', 'over 99.9 %')
    """
    step = Decimal(1).scaleb(-places)
    shown = decimal(abs(share) * 100, places)
    if not shown:
        return f"under {step} %"
    if shown == 100 and -1 < share < 0:
        return f"over {100 - step} %"
    return f"{shown:,f} %"


def times(ratio: Decimal) -> str:
    """A ratio as people say it, to two significant digits; a percentage below one.

    >>> times(Decimal(5)), times(Decimal("1.75")), times(Decimal("12.4")), times(Decimal("0.57"))
    ('5 times', '1.8 times', '12 times', '57 % of')
    """
    if ratio < Decimal("1.05"):
        return f"{percent(ratio)} of"
    step = Decimal(1) if ratio >= 10 else Decimal("0.1")
    return f"{exact(ratio.quantize(step, ROUND_HALF_UP, _WIDE))} times"


def part(amount: Decimal, whole: Decimal) -> Fraction:
    """What part of the whole it is: of nothing, none.

    >>> part(Decimal("2.5"), Decimal(10)), part(Decimal(0), Decimal(0))
    (Fraction(1, 4), Fraction(0, 1))
    """
    return Fraction(amount) / Fraction(whole) if whole else Fraction(0)


def bar(share: Fraction, cells: int = 8) -> str:
    """A share of one as a bar of so many cells at most, in eighths of a cell; what is more than nothing is seen.

    >>> bar(Fraction(1)), bar(Fraction(1, 3)), bar(Fraction(1, 10**6)), bar(Fraction(0))
    ('████████', '██▋', '▏', '')
    """
    eighths = round(share * cells * 8) or (1 if share else 0)
    return "█" * (eighths // 8) + "▏▎▍▌▋▊▉"[eighths % 8 - 1 :][:1] * (eighths % 8 > 0)


def plural(count: int, noun: str) -> str:
    """A count and its noun.

    >>> plural(1, "file"), plural(1200, "request")
    ('1 file', '1,200 requests')
    """
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


def lasting(seconds: int) -> str:
    """A time in the units that matter, rounded down.

    >>> lasting(7), lasting(2700), lasting(86_400), lasting(8_100), lasting(176_000), lasting(864_000)
    ('7 seconds', '45 minutes', '24 hours', '2 hours 15 minutes', '2 days', '10 days')
    """
    return " ".join(plural(count, unit) for count, unit in _units(seconds))


def lasting_briefly(seconds: int) -> str:
    """The same in a few characters, for a table.

    >>> lasting_briefly(2700), lasting_briefly(8_100), lasting_briefly(864_000)
    ('45 min', '2 h 15 min', '10 d')
    """
    return " ".join(f"{number(count)} {_BRIEF[unit]}" for count, unit in _units(seconds))


_BRIEF = {"second": "s", "minute": "min", "hour": "h", "day": "d"}


def _units(seconds: int) -> list[tuple[int, str]]:
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if minutes < 2:
        return [(seconds, "second")]
    if hours < 2:
        return [(minutes, "minute")]
    first, second = ((days, "day"), (hours % 24, "hour")) if days >= 2 else ((hours, "hour"), (minutes % 60, "minute"))
    return [first, second] if second[0] else [first]


def seconds_up(interval: Fraction) -> str:
    """Seconds to two digits, rounded up: who waits so long never sends too fast.

    >>> seconds_up(Fraction(60, 13)), seconds_up(Fraction(60, 5000)), seconds_up(Fraction(100))
    ('4.7 s', '0.012 s', '100 s')
    """
    return _seconds(interval, ROUND_CEILING)


def seconds_down(interval: Fraction) -> str:
    """Seconds to two digits, rounded down: who waits so long is never late.

    >>> seconds_down(Fraction(60, 13)), seconds_down(Fraction(1999, 10))
    ('4.6 s', '199 s')
    """
    return _seconds(interval, ROUND_FLOOR)


def _seconds(interval: Fraction, rounding: str) -> str:
    amount = Decimal(interval.numerator) / interval.denominator
    step = min(Decimal(1), Decimal(1).scaleb(amount.adjusted() - 1))
    return f"{exact(amount.quantize(step, rounding, _WIDE))} s"


def inert(document: str) -> str:
    """A JSON document that means the same, without the commands that some runners look for anywhere in a line.

    >>> inert('["##[error]x"]')
    '["#\\\\u0023[error]x"]'
    """
    return _COMMAND.sub(lambda match: "#\\u0023" + match[0][2:], document)


def printable(text: str) -> str:
    """`text` with everything escaped that a terminal or a CI runner could act on: controls, line breaks, bidi marks, lone
    surrogates, and the commands that runners look for anywhere in a line or at its beginning.

    >>> printable("tea\\nspoon"), printable("::error::tea")
    ('tea\\\\nspoon', '\\\\x3a:error::tea')
    """
    text = text.replace("##", "#\\x23") if _COMMAND.search(text) else text
    text = text.replace(":", "\\x3a", 1) if text.lstrip().startswith("::") else text
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
