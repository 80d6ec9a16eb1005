"""Compute what the usage should cost, by day, project, model, mode and direction: the lines that an invoice should have."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.answers.answers import Answer
from gpt41_cli.catalog import Offer
from gpt41_cli.commands.reconcile.charge import Charge
from gpt41_cli.pricing import EXACT, Usage, sum_usd

DIRECTIONS = ("input", "cached", "output", "written")


class RowKey(NamedTuple):
    """What a line of an invoice is about. `input` is the input that isn't cached and isn't written to the cache."""

    day: date
    project: str | None
    model: str
    mode: str
    direction: str


class ExpectedRow(NamedTuple):
    """The tokens of a line and their price."""

    key: RowKey
    tokens: int
    usd: Decimal
    offer: Offer


class CostKey(NamedTuple):
    """Answers that are priced together: of a day, a project and organization (None: not stated), a model and a mode."""

    day: date
    project: str | None
    organization: str | None
    model: str
    mode: str


class ExpectedCosts:
    """Adds up the answers that have a price. Memory grows with days, projects, models and modes.

    The labels of answers have their project and organization from `label_index` on. `undated_usd` is the price of the
    `undated` answers, which are without a known day.
    """

    def __init__(self, label_index: int = 0) -> None:
        self.undated_usd = Decimal(0)
        self.undated = 0
        self.charges: dict[CostKey, Charge] = {}
        self._label_index = label_index

    def add(self, offer: Offer, answer: Answer, tools_usd: Decimal, *, is_undone: bool = False) -> None:
        """Add an answer at its offer, or remove one that was added before."""
        if answer.day is None:
            alone = Charge(offer)
            alone.add(answer, tools_usd)
            change = EXACT.minus(alone.total_usd) if is_undone else alone.total_usd
            self.undated_usd = EXACT.add(self.undated_usd, change)
            self.undated += answer.usage.requests * (-1 if is_undone else 1)
            return
        project, organization = answer.labels[self._label_index :] if answer.labels else (None, None)
        key = CostKey(answer.day, project, organization, offer.variant.id, answer.mode)
        charge = self.charges.setdefault(key, Charge(offer))
        charge.add(answer, tools_usd, is_undone=is_undone)
        if charge.usage == Usage():
            del self.charges[key]

    def list_rows(self) -> Iterator[ExpectedRow]:
        """Yield a row for each direction that has tokens."""
        for key, charge in self.charges.items():
            priced = list(charge.used.list_priced_tokens(charge.offer))
            for direction in DIRECTIONS:
                parts = [part for part in priced if part.direction == direction]
                tokens, usd = sum(part.tokens for part in parts), sum_usd(part.usd for part in parts)
                if tokens:
                    yield ExpectedRow(RowKey(key.day, key.project, key.model, key.mode, direction), tokens, usd, charge.offer)

    @property
    def tools_usd_by_day(self) -> dict[date, Decimal]:
        """The cost of calls to built-in tools on each day."""
        usd_by_day: dict[date, Decimal] = {}
        for key, charge in self.charges.items():
            usd_by_day[key.day] = EXACT.add(usd_by_day.get(key.day, Decimal(0)), charge.tools_usd)
        return {day: usd for day, usd in usd_by_day.items() if usd}
