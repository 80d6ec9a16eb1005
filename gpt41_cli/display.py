"""Format figures and untrusted text for people. This is the only place that rounds money for display. Nothing here is parsed
back: sums use exact values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import reduce

_RUNNER_COMMAND = re.compile(r"##(?=\w*\[)", re.ASCII)
"""How the commands of Azure Pipelines (`##vso[`, `##[`) and TeamCity (`##teamcity[`) begin, anywhere in a line."""

LONGEST_NAME = 200
_LONG_WORD = re.compile(rf"\S{{{LONGEST_NAME + 1},}}")
_CENT = Decimal("0.01")
# The default context of 28 digits refuses to round a larger figure; 200 digits hold any figure of this program.
_WIDE_CONTEXT = Context(prec=200)


def format_money(amount: Decimal) -> str:
    """Format a total in dollars: to the cent, and to four significant digits below one dollar.

    >>> format_money(Decimal("13.2")), format_money(Decimal("0.83154")), format_money(Decimal("0.000132"))
    ('$13.20', '$0.8315', '$0.000132')
    >>> format_money(Decimal("1234567.891")), format_money(Decimal(0))
    ('$1,234,567.89', '$0.00')
    >>> format_money(Decimal(-5))
    '-$5.00'
    """
    return _format_dollars(_round_money(amount))


def format_price(amount: Decimal) -> str:
    """Format the cost of one request, or of one of anything, in dollars: to four significant digits, but never without cents.

    >>> format_price(Decimal("0.27361")), format_price(Decimal("1.23456")), format_price(Decimal("12.5"))
    ('$0.2736', '$1.235', '$12.50')
    """
    return _format_dollars(_round_money(amount, is_price=True))


def format_total(amount: Decimal, requests: int) -> str:
    """Format the cost of this many requests. The cost of a single one is a price per request.

    >>> format_total(Decimal("1.2346"), 1), format_total(Decimal("1.2346"), 3)
    ('$1.235', '$1.23')
    """
    return choose_money_format((), requests)(amount)


def choose_unit_format(unit: str) -> Callable[[Decimal], str]:
    """Choose how to format an amount per unit: per month it is a total, per request a price.

    >>> [choose_unit_format(unit)(Decimal("1.2346")) for unit in ("month", "request")]
    ['$1.23', '$1.235']
    """
    return format_price if unit == "request" else format_money


def choose_money_format(amounts: Iterable[Decimal], requests: int = 0) -> Callable[[Decimal], str]:
    """Choose how to format totals that readers compare, such as those of a table, where `requests` is how many all are for.

    They are formatted as totals. Those that would look the same though they differ are formatted as prices, if that tells them
    apart: a reader must see which is lower. So are all those for a single request.

    >>> show = choose_money_format([Decimal("1.2341"), Decimal("1.2349"), Decimal("2.736")])
    >>> show(Decimal("1.2341")), show(Decimal("1.2349")), show(Decimal("2.736"))
    ('$1.234', '$1.235', '$2.74')
    """
    prices: dict[Decimal, set[Decimal]] = {}
    for amount in amounts:
        prices.setdefault(_round_money(amount), set()).add(_round_money(amount, is_price=True))

    def show(amount: Decimal) -> str:
        is_price = requests == 1 or len(prices.get(_round_money(amount), ())) > 1
        return format_price(amount) if is_price else format_money(amount)

    return show


def format_money_above(amount: Decimal, limit: Decimal, show: Callable[[Decimal], str] = format_money) -> str:
    """Format an amount above `limit` by `show`, with more digits if it wouldn't look as if it were above it.

    >>> format_money_above(Decimal("8.349"), Decimal("8")), format_money_above(Decimal("8.344"), Decimal("8.34"))
    ('$8.35', '$8.344')
    >>> format_money_above(Decimal("500.0001"), Decimal(500))
    '$500.0001'
    """
    if _round_money(amount, is_price=show is format_price) > limit:
        return show(amount)
    return format_price(amount) if _round_money(amount, is_price=True) > limit else format_rate(amount)


def _find_step(amount: Decimal, *, is_price: bool = False) -> Decimal:
    """Return the unit of the last place in which an amount is printed."""
    has_cents = not amount or (abs(amount) >= 1 and not is_price)
    return _CENT if has_cents else min(_CENT, Decimal(1).scaleb(amount.adjusted() - 3))


def _round_money(amount: Decimal, *, is_price: bool = False) -> Decimal:
    return amount.quantize(_find_step(amount, is_price=is_price), ROUND_HALF_UP, _WIDE_CONTEXT)


def _format_dollars(amount: Decimal) -> str:
    return f"-{format_rate(amount.copy_negate())}" if amount < 0 else format_rate(amount)


def round_parts(parts: Sequence[Decimal], total: Decimal, *, is_price: bool = False) -> list[Decimal]:
    """Round the parts of a total so that they add up to it as it is printed; `is_price`: as `format_price` prints it.

    Each part is rounded independently if that adds up. Otherwise all have the last place of the total, and those that lose most
    by being rounded down are rounded up (the largest remainders), so no part is off by a whole unit. Amounts that aren't the
    parts of this total are rounded independently.

    >>> [str(part) for part in round_parts([Decimal("1.004"), Decimal("2.004"), Decimal("0.3333")], Decimal("3.3413"))]
    ['1.01', '2.00', '0.33']
    """
    alone, whole = [_round_money(part, is_price=is_price) for part in parts], _round_money(total, is_price=is_price)
    if _sum_exactly(alone) == whole:
        return alone
    step = _find_step(total, is_price=is_price)
    down = [part.quantize(step, ROUND_FLOOR, _WIDE_CONTEXT) for part in parts]
    missing = int(_WIDE_CONTEXT.divide(_WIDE_CONTEXT.subtract(whole, _sum_exactly(down)), step))
    if not 0 <= missing <= len(parts):
        return alone
    by_loss = sorted(range(len(parts)), key=lambda index: _WIDE_CONTEXT.subtract(down[index], parts[index]))
    for index in by_loss[:missing]:
        down[index] = _WIDE_CONTEXT.add(down[index], step)
    return down


def format_money_parts(parts: Sequence[Decimal], total: Decimal, *, is_price: bool = False) -> list[str]:
    """Format the parts of a total so that the printed amounts add up; an amount that would round to zero is printed as under a
    unit.

    >>> format_money_parts([Decimal("12.755"), Decimal("0.4555"), Decimal("0.0001")], Decimal("13.2106"))
    ['$12.75', '$0.46', 'under $0.01']
    """
    vanishing = f"under {_format_dollars(_find_step(total, is_price=is_price))}"
    rounded = round_parts(parts, total, is_price=is_price)
    return [vanishing if part > 0 and not shown else _format_dollars(shown) for part, shown in zip(parts, rounded, strict=True)]


def format_change_parts(parts: Sequence[Decimal], total: Decimal, *, is_price: bool = False) -> list[str]:
    """Format the parts of a difference with their signs, so that the printed amounts add up.

    >>> format_change_parts([Decimal("6.104"), Decimal("-0.002"), Decimal("1.003")], Decimal("7.105"))
    ['+$6.11', 'above -$0.01', '+$1.00']
    """
    step = _format_dollars(_find_step(total, is_price=is_price))

    def show(part: Decimal, shown: Decimal) -> str:
        if part and not shown:
            return f"under +{step}" if part > 0 else f"above -{step}"
        return f"{'+' if shown > 0 else ''}{_format_dollars(shown)}"

    return list(map(show, parts, round_parts(parts, total, is_price=is_price)))


def _sum_exactly(amounts: Iterable[Decimal]) -> Decimal:
    return reduce(_WIDE_CONTEXT.add, amounts, Decimal(0))


def format_money_change(amount: Decimal, show: Callable[[Decimal], str] = format_money) -> str:
    """Format a difference in dollars with its sign; `show` formats the amount.

    >>> format_money_change(Decimal("6.1")), format_money_change(Decimal("-0.0002")), format_money_change(Decimal(0))
    ('+$6.10', '-$0.0002', '$0.00')
    """
    return f"+{show(amount)}" if amount > 0 else show(amount)


def format_rate(price: Decimal) -> str:
    """Format a price per million tokens or per hour, or a limit that somebody set, with every digit, and at least with cents.

    >>> format_rate(Decimal("2.125")), format_rate(Decimal("0.4"))
    ('$2.125', '$0.40')
    """
    whole, _, fraction = format_exact(price).partition(".")
    return f"${int(whole):,}.{fraction.ljust(2, '0')}"


def format_exact(amount: Decimal) -> str:
    """Format every digit of a decimal without an exponent, as JSON, CSV and `-q` print it.

    >>> format_exact(Decimal("13.200")), format_exact(Decimal("1E+3")), format_exact(Decimal("0.00"))
    ('13.2', '1000', '0')
    """
    digits = f"{amount:f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def to_decimal(ratio: Fraction, places: int = 12) -> Decimal:
    """Convert a ratio to a decimal, rounded to `places` if it has more. A result of 0 has no sign.

    >>> to_decimal(Fraction(1, 8)), to_decimal(Fraction(2, 3)), to_decimal(Fraction(-1, 10**13)), to_decimal(Fraction(2, 3), 1)
    (Decimal('0.125'), Decimal('0.666666666667'), Decimal('0'), Decimal('0.7'))
    """
    exact_or_longer = _WIDE_CONTEXT.divide(Decimal(ratio.numerator), Decimal(ratio.denominator))
    rounded = exact_or_longer.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _WIDE_CONTEXT)
    return _WIDE_CONTEXT.plus(rounded).normalize(_WIDE_CONTEXT)


def name_offer(model: str, mode: str) -> str:
    """Name a model in a mode. Standard goes without saying.

    >>> name_offer("a", "standard"), name_offer("a", "batch")
    ('a', 'a (batch)')
    """
    return model if mode == "standard" else f"{model} ({mode})"


_CONFIDENCES = {"medium": "likely", "low": "uncertain"}


def describe_doubt(confidence: str, note: str | None = None) -> str:
    """Describe the confidence of a figure, and the reason for it; nothing for high confidence.

    >>> describe_doubt("medium", "It was seen once."), describe_doubt("low"), describe_doubt("high", "A note.")
    ('likely: it was seen once', 'uncertain', '')
    """
    if confidence not in _CONFIDENCES:
        return ""
    word, reason = _CONFIDENCES[confidence], (note or "").rstrip(".")
    is_name = any(letter.isupper() or letter.isdigit() for letter in reason.partition(" ")[0][1:])
    return f"{word}: {reason if is_name else reason[:1].lower() + reason[1:]}" if reason else word


def format_int(count: int) -> str:
    """Format a count with thousands separators.

    >>> format_int(1047576)
    '1,047,576'
    """
    return f"{count:,}"


def format_percent(share: Decimal) -> str:
    """Format a share of one in percent: whole numbers, tenths below 10 %, and never rounded to 0 or 100.

    >>> format_percent(Decimal("0.966")), format_percent(Decimal("0.998"))
    ('97 %', '99.8 %')
    >>> format_percent(Decimal("0.0123")), format_percent(Decimal("0.0001"))
    ('1.2 %', 'under 0.1 %')
    """
    value = share * 100
    if 0 < value < Decimal("0.1"):
        return "under 0.1 %"
    whole = value.quantize(Decimal(1), ROUND_HALF_UP, _WIDE_CONTEXT)
    tenths = value.quantize(Decimal("0.1"), ROUND_HALF_UP, _WIDE_CONTEXT)
    if tenths == 100 and value != 100:
        return f"just {'under' if value < 100 else 'over'} 100 %"
    return f"{format_exact(tenths if whole in (0, 100) or value < 10 else whole)} %"


def format_score(share: Fraction) -> str:
    """Format a score in percent, to tenths. Only a full score is 100 %.

    >>> from fractions import Fraction
    >>> format_score(Fraction("0.8992")), format_score(Fraction("0.9999")), format_score(Fraction(1))
    ('89.9 %', '99.9 %', '100 %')
    """
    return f"{format_points(share)} %"


def format_points(share: Fraction) -> str:
    """Format a score, or how much higher one is than another, in percentage points.

    >>> from fractions import Fraction
    >>> format_points(Fraction("0.0321"))
    '3.2'
    """
    tenths = (share * 1000 + Fraction(1, 2)) // 1
    return format_exact(Decimal(min(tenths, 999) if share < 1 else tenths).scaleb(-1))


def format_score_below(share: Fraction, least: Fraction) -> str:
    """Format a score below `least`, rounded down if rounding would make it look as if it met `least`.

    >>> from fractions import Fraction
    >>> format_score_below(Fraction("0.8999"), Fraction("0.9")), format_score_below(Fraction("0.5336"), Fraction("0.9"))
    ('89.9 %', '53.4 %')
    """
    nearest, down = (share * 1000 + Fraction(1, 2)) // 1, share * 1000 // 1
    return format_score(Fraction(nearest if nearest < least * 1000 else down, 1000))


def format_change_percent(share: Fraction, places: int = 1) -> str:
    """Format the size of a relative change in percent, without its sign.

    A change is never rounded to 0, and a loss is never rounded to 100 % unless all is gone.

    >>> format_change_percent(Fraction(61, 351)), format_change_percent(Fraction(-1, 4))
    ('17.4 %', '25 %')
    >>> format_change_percent(Fraction(1, 10**5)), format_change_percent(Fraction(12))
    ('under 0.1 %', '1,200 %')
    >>> format_change_percent(Fraction("0.1004"), 2), format_change_percent(Fraction("-0.9999"))
    ('10.04 %', 'over 99.9 %')
    """
    step = Decimal(1).scaleb(-places)
    shown = to_decimal(abs(share) * 100, places)
    if not shown:
        return f"under {step} %"
    if shown == 100 and -1 < share < 0:
        return f"over {100 - step} %"
    return f"{shown:,f} %"


def format_ratio(ratio: Decimal) -> str:
    """Format a ratio to two significant digits, as a percentage below one.

    >>> format_ratio(Decimal(5)), format_ratio(Decimal("1.75")), format_ratio(Decimal("12.4")), format_ratio(Decimal("0.57"))
    ('5 times', '1.8 times', '12 times', '57 % of')
    """
    if ratio < Decimal("1.05"):
        return f"{format_percent(ratio)} of"
    step = Decimal(1) if ratio >= 10 else Decimal("0.1")
    return f"{format_exact(ratio.quantize(step, ROUND_HALF_UP, _WIDE_CONTEXT))} times"


def compute_share(amount: Decimal, whole: Decimal) -> Fraction:
    """Return the part of `whole` that `amount` is; 0 if `whole` is 0.

    >>> compute_share(Decimal("2.5"), Decimal(10)), compute_share(Decimal(0), Decimal(0))
    (Fraction(1, 4), Fraction(0, 1))
    """
    return Fraction(amount) / Fraction(whole) if whole else Fraction(0)


def draw_bar(share: Fraction, cells: int = 8) -> str:
    """Draw a share of one as a bar of at most `cells`, in eighths of a cell. Anything above 0 is visible.

    >>> draw_bar(Fraction(1)), draw_bar(Fraction(1, 3)), draw_bar(Fraction(1, 10**6)), draw_bar(Fraction(0))
    ('████████', '██▋', '▏', '')
    """
    eighths = round(share * cells * 8) or (1 if share else 0)
    return "█" * (eighths // 8) + "▏▎▍▌▋▊▉"[eighths % 8 - 1 :][:1] * (eighths % 8 > 0)


def pluralize(count: int, noun: str) -> str:
    """Format a count with its noun.

    >>> pluralize(1, "file"), pluralize(1200, "request")
    ('1 file', '1,200 requests')
    """
    return f"{format_int(count)} {noun}{'' if count == 1 else 's'}"


def list_first(names: Sequence[str], most: int) -> str:
    """List the first names, and say how many more there are.

    >>> list_first(["a", "b", "c"], 3), list_first(["a", "b", "c"], 2)
    ('a, b, c', 'a, b and 1 more')
    """
    return ", ".join(names[:most]) + (f" and {format_int(len(names) - most)} more" if len(names) > most else "")


def escape_commands(document: str) -> str:
    """Escape the commands that some CI runners look for anywhere in a line; the JSON document means the same.

    >>> escape_commands('["##[error]x"]')
    '["#\\\\u0023[error]x"]'
    """
    return _RUNNER_COMMAND.sub(r"#\\u0023", document)


def sanitize(text: str) -> str:
    """Escape everything in `text` that a terminal or a CI runner could act on.

    That is: control characters, line breaks, bidi marks, lone surrogates, and the commands that runners look for at the beginning
    of a line or anywhere in it.

    >>> sanitize("tea\\nspoon"), sanitize("::error::tea")
    ('tea\\\\nspoon', '\\\\x3a:error::tea')
    """
    text = text.replace("##", "#\\x23") if _RUNNER_COMMAND.search(text) else text
    text = text.replace(":", "\\x3a", 1) if text.lstrip().startswith("::") else text
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def shorten(text: str, longest: int = 1000) -> str:
    """Cut the middle out of a text of more than `longest` characters, and out of words of more than 200, as only names are so
    long.

    >>> shorten("a short name"), len(shorten("a" * 201)), len(shorten("a long name " * 1000))
    ('a short name', 200, 1000)
    """
    if len(text) <= LONGEST_NAME:
        return text
    return _cut_middle(_LONG_WORD.sub(lambda word: _cut_middle(word[0], LONGEST_NAME), text), longest)


def _cut_middle(text: str, longest: int) -> str:
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]}…{text[half + 1 - longest :]}"
