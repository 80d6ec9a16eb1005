"""Check growth against the growth budgets."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import count
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.commands.diff.causes import CostAndTokens
from gpt41_cli.display import choose_money_format, format_change_percent, format_exact, format_price, to_decimal
from gpt41_cli.findings import Finding, Place
from gpt41_cli.rules import Level


class GrowthBudget(NamedTuple):
    """What a budget is about, in words: `subject` begins the sentence, `unit` is that of the amounts, `base_label` names the
    other side.

    `name` is that of the workload, empty for all of them.
    """

    name: str
    subject: str
    unit: str
    base_label: str
    base_cost: CostAndTokens
    current_cost: CostAndTokens
    allowed_percent: Decimal
    place: Place | None


class GrowthCheck(NamedTuple):
    """A growth budget, of a workload or (without a name) of all, and its finding, if any."""

    name: str
    allowed_percent: Decimal
    finding: Finding | None


class _GrowthExcess(NamedTuple):
    """Excessive growth, and its share of the amount before; None is infinite, from nothing."""

    level: Level
    verb: str
    before: Fraction
    now: Fraction
    share: Fraction | None


def check_growth(held: Sequence[GrowthBudget]) -> tuple[GrowthCheck, ...]:
    """Check each budget: an error if the expected cost grew too much, a warning if only the highest possible cost did.

    All findings use the same number of decimals: tenths of a percent, or as many as show that each exceeds its budget.
    """
    excesses = [_find_excess(each) for each in held]
    places = max(
        (_count_decimal_places(each, grown.allowed_percent) for each, grown in zip(excesses, held, strict=True) if each),
        default=1,
    )
    return tuple(
        GrowthCheck(grown.name, grown.allowed_percent, each and _make_finding(grown, each, places))
        for each, grown in zip(excesses, held, strict=True)
    )


def _find_excess(grown: GrowthBudget) -> _GrowthExcess | None:
    for level, verb, before, now in (
        (Level.ERROR, "costs", grown.base_cost.expected_usd, grown.current_cost.expected_usd),
        (Level.WARNING, "may cost", grown.base_cost.high_usd, grown.current_cost.high_usd),
    ):
        if now > before * (1 + Fraction(grown.allowed_percent) / 100):
            return _GrowthExcess(level, verb, before, now, (now - before) / before if before else None)
    return None


def _count_decimal_places(excess: _GrowthExcess, allowed_percent: Decimal) -> int:
    """Count the decimals, at least one, at which the percentage exceeds the allowed one."""
    if excess.share is None:
        return 1
    percent = excess.share * 100
    return next(each for each in count(1) if to_decimal(percent, each) > allowed_percent)


def _make_finding(grown: GrowthBudget, excess: _GrowthExcess, places: int) -> Finding:
    level, verb, before, now, share = excess
    show = choose_money_format([to_decimal(before), to_decimal(now)]) if grown.unit == "per month" else format_price
    allowed = format_exact(grown.allowed_percent)
    if share is None:
        actual, than = "infinite", f"and nothing in {grown.base_label}"
    else:
        actual, than = (
            format_exact(to_decimal(share * 100)),
            f"{format_change_percent(share, places)} more than the {show(to_decimal(before))} of {grown.base_label}",
        )
    cost = f"{grown.subject} {verb} {show(to_decimal(now))} {grown.unit}"
    text = f"{cost}, {than}, over the {allowed} % of growth allowed"
    return Finding(rules.BUDGET_GROWTH, text, level, grown.place, actual, allowed, grown.name or None)
