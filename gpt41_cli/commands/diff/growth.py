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
    """The words for a budget: `subject` begins the sentence, `unit` is the unit of the amounts, `base_label` names the other
    side. `name` is the workload's, empty for all of them.
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
    """Excessive growth, of the expected cost (an error) or of the highest possible one (a warning)."""

    level: Level
    before: Fraction
    now: Fraction

    @property
    def share(self) -> Fraction | None:
        """The share of the amount before; None is infinite, from nothing."""
        return (self.now - self.before) / self.before if self.before else None


def check_growth(held: Sequence[GrowthBudget]) -> tuple[GrowthCheck, ...]:
    """Check each budget: an error if the expected cost grew too much, a warning if only the highest possible cost did.

    All findings use the same number of decimals: tenths of a percent, or as many as show that each exceeds its budget.
    """
    pairs = list(zip(held, map(_find_excess, held), strict=True))
    places = max((_count_decimal_places(excess, grown.allowed_percent) for grown, excess in pairs if excess), default=1)
    return tuple(
        GrowthCheck(grown.name, grown.allowed_percent, excess and _make_finding(grown, excess, places)) for grown, excess in pairs
    )


def _find_excess(grown: GrowthBudget) -> _GrowthExcess | None:
    base, current = grown.base_cost, grown.current_cost
    for excess in (
        _GrowthExcess(Level.ERROR, base.expected_usd, current.expected_usd),
        _GrowthExcess(Level.WARNING, base.high_usd, current.high_usd),
    ):
        if excess.now > excess.before * (1 + Fraction(grown.allowed_percent) / 100):
            return excess
    return None


def _count_decimal_places(excess: _GrowthExcess, allowed_percent: Decimal) -> int:
    """Count the decimals, at least one, at which the percentage exceeds the allowed one."""
    if excess.share is None:
        return 1
    percent = excess.share * 100
    return next(places for places in count(1) if to_decimal(percent, places) > allowed_percent)


def _make_finding(grown: GrowthBudget, excess: _GrowthExcess, places: int) -> Finding:
    before, now, share = to_decimal(excess.before), to_decimal(excess.now), excess.share
    show = choose_money_format([before, now]) if grown.unit == "per month" else format_price
    allowed, verb = format_exact(grown.allowed_percent), "costs" if excess.level is Level.ERROR else "may cost"
    actual, than = "infinite", f"and nothing in {grown.base_label}"
    if share is not None:
        actual = format_exact(to_decimal(share * 100))
        than = f"{format_change_percent(share, places)} more than the {show(before)} of {grown.base_label}"
    text = f"{grown.subject} {verb} {show(now)} {grown.unit}, {than}, over the {allowed} % of growth allowed"
    return Finding(rules.BUDGET_GROWTH, text, excess.level, grown.place, actual, allowed, grown.name or None)
