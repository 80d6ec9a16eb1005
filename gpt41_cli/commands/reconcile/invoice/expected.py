"""What the usage should cost, by day, project, model, mode and direction: the lines that an invoice should have."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.answers.answers import Answer
from gpt41_cli.catalog import Offer
from gpt41_cli.commands.reconcile.charge import Charge
from gpt41_cli.pricing import EXACT, Usage, price_tokens, sum_usd

DIRECTIONS = ("input", "cached", "output", "written")


class RowKey(NamedTuple):
    """What a line of an invoice is about. `input` is what isn't cached and isn't written to the cache."""

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


class ExpectedCosts:
    """Adds up the answers that have a price. Memory grows with days, projects, models and modes.

    `undated_usd` is the price of answers of no known day.
    """

    def __init__(self, project_index: int = 0) -> None:
        self.undated_usd = Decimal(0)
        self._project_index = project_index
        self._charges: dict[tuple[date, str | None, str, str], Charge] = {}

    def add(self, offer: Offer, answer: Answer, tools_usd: Decimal, *, is_undone: bool = False) -> None:
        """Add an answer at its offer, or take away one that was added before."""
        if answer.day is None:
            alone = Charge(offer)
            alone.add(answer, tools_usd)
            change = EXACT.minus(alone.total_usd) if is_undone else alone.total_usd
            self.undated_usd = EXACT.add(self.undated_usd, change)
            return
        project = answer.labels[self._project_index] if answer.labels else None
        key = answer.day, project, offer.variant.id, answer.mode
        charge = self._charges.setdefault(key, Charge(offer))
        charge.add(answer, tools_usd, is_undone=is_undone)
        if charge.usage == Usage():
            del self._charges[key]

    def list_rows(self) -> Iterator[ExpectedRow]:
        """Yield a row for each direction that has tokens."""
        for (day, project, model, mode), charge in self._charges.items():
            bill, usage, used = charge.bill, charge.usage, charge.used
            written = used.short.written_tokens + used.long.written_tokens
            at_input = sum_usd(
                price_tokens(part.written_tokens, charge.offer.rates_for(size).input)
                for part, size in ((used.short, 0), (used.long, sys.maxsize))
            )
            rows = (
                ("input", usage.input_tokens - usage.cached_tokens - written, EXACT.subtract(bill.uncached_input_usd, at_input)),
                ("cached", usage.cached_tokens, bill.cached_input_usd),
                ("output", usage.output_tokens, bill.output_usd),
                ("written", written, EXACT.add(at_input, bill.write_usd)),
            )
            for direction, tokens, usd in rows:
                if tokens:
                    yield ExpectedRow(RowKey(day, project, model, mode, direction), tokens, usd, charge.offer)

    @property
    def tools_usd_by_day(self) -> dict[date, Decimal]:
        """What the calls of built-in tools cost on each day."""
        found: dict[date, Decimal] = {}
        for (day, *_), charge in self._charges.items():
            found[day] = EXACT.add(found.get(day, Decimal(0)), charge.tools_usd)
        return {day: usd for day, usd in found.items() if usd}
