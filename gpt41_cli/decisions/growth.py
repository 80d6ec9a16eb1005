"""Has it grown further than its budget for growth allows?"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.decisions.causes import Amount
from gpt41_cli.display import decimal, exact, money, moved_over
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


class Growth(NamedTuple):
    """A budget for growth, of a workload or, under no name, of all of them; and what was found, if anything."""

    name: str
    allowed_percent: Decimal
    finding: Finding | None


def growth(grown: Grown, allowed_percent: Decimal, location: Location | None) -> Growth:
    """An error where what is expected has grown too far, a warning where only the high end has. From nothing it is infinite."""
    for level, verb, before, now in (
        (Level.ERROR, "costs", grown.before.expected_usd, grown.now.expected_usd),
        (Level.WARNING, "may cost", grown.before.high_usd, grown.now.high_usd),
    ):
        if now > before * (1 + Fraction(allowed_percent) / 100):
            by = moved_over((now - before) / before, allowed_percent) if before else "infinite"
            than = f"{by} % more than the {money(decimal(before))} of {grown.base}" if before else f"and nothing in {grown.base}"
            allowed = exact(allowed_percent)
            text = f"{grown.subject} {verb} {money(decimal(now))} {grown.unit}, {than}, over the {allowed} % of growth allowed"
            found = Finding("budget-growth", level, text, location, by, allowed, grown.name or None)
            return Growth(grown.name, allowed_percent, found)
    return Growth(grown.name, allowed_percent, None)
