"""Has it grown further than its budget for growth allows?"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import NamedTuple

from gpt41_cli.commands.diff.causes import Amount
from gpt41_cli.display import decimal, exact, money, moved
from gpt41_cli.findings import Finding, Level, Location


class Grown(NamedTuple):
    """What is held against a budget, with the words for it: `subject` begins the sentence, `unit` is what the amounts are of,
    `base` the side that they are compared with. `name` is that of the workload, empty for all of them.
    """

    name: str
    subject: str
    unit: str
    base: str
    before: Amount
    now: Amount
    allowed_percent: Decimal
    location: Location | None


class Growth(NamedTuple):
    """A budget for growth, of a workload or, under no name, of all of them; and what was found, if anything."""

    name: str
    allowed_percent: Decimal
    finding: Finding | None


class _Excess(NamedTuple):
    """What has grown too far, and by which share of what it was; None is infinite, from nothing."""

    level: Level
    verb: str
    before: Fraction
    now: Fraction
    share: Fraction | None


def growths(held: Sequence[Grown]) -> tuple[Growth, ...]:
    """Each budget with an error where what is expected has grown too far, a warning where only the high end has.

    All of them tell growth to the same number of places: to tenths of a percent, or as many as it takes to see that each is over
    its budget.
    """
    excesses = [_excess(each) for each in held]
    places = max((_places(each, grown.allowed_percent) for each, grown in zip(excesses, held, strict=True) if each), default=1)
    return tuple(
        Growth(grown.name, grown.allowed_percent, each and _finding(grown, each, places))
        for each, grown in zip(excesses, held, strict=True)
    )


def _excess(grown: Grown) -> _Excess | None:
    for level, verb, before, now in (
        (Level.ERROR, "costs", grown.before.expected_usd, grown.now.expected_usd),
        (Level.WARNING, "may cost", grown.before.high_usd, grown.now.high_usd),
    ):
        if now > before * (1 + Fraction(grown.allowed_percent) / 100):
            return _Excess(level, verb, before, now, (now - before) / before if before else None)
    return None


def _places(excess: _Excess, allowed_percent: Decimal) -> int:
    """To how many places, at least one, its percentage is more than what is allowed."""
    if excess.share is None:
        return 1
    percent = excess.share * 100
    return next(each for each in count(1) if decimal(percent, each) > allowed_percent)


def _finding(grown: Grown, excess: _Excess, places: int) -> Finding:
    level, verb, before, now, share = excess
    allowed = exact(grown.allowed_percent)
    if share is None:
        actual, than = "infinite", f"and nothing in {grown.base}"
    else:
        actual, than = (
            exact(decimal(share * 100)),
            f"{moved(share, places)} more than the {money(decimal(before))} of {grown.base}",
        )
    cost = f"{grown.subject} {verb} {money(decimal(now))} {grown.unit}"
    text = f"{cost}, {than}, over the {allowed} % of growth allowed"
    return Finding("budget-growth", level, text, grown.location, actual, allowed, grown.name or None)
