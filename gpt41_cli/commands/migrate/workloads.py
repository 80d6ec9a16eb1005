"""The workloads of gpt41.yaml before and after the move: which must move, to what, until when, and what breaks on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Variant
from gpt41_cli.commands.migrate.migrate import (
    DEFAULT_MODES,
    NO_EFFORT,
    Migration,
    MigrationPath,
    MigrationQuestion,
    plan_migration,
    price_reasoning,
)
from gpt41_cli.constraints import lifecycle
from gpt41_cli.errors import MissingPrice
from gpt41_cli.findings import Finding
from gpt41_cli.rules import Level
from gpt41_cli.workloads.costing import UsdRange
from gpt41_cli.workloads.priced import PricedWorkload


class MovedWorkload(NamedTuple):
    """A workload today and after its move. `migration` is None if it stays because no end of its model is announced, or if
    `missing` says that no target has a price. `reasoning_tokens` are those that each request is taken to add, by effort.
    """

    priced: PricedWorkload
    migration: Migration | None
    missing: MissingPrice | None
    reasoning_tokens: Mapping[str, int]

    @property
    def name(self) -> str:
        """Its name in gpt41.yaml."""
        return self.priced.declaration.name

    @property
    def path(self) -> MigrationPath | None:
        """Where it moves to; None if it stays, or if no replacement with a price is known."""
        return self.migration.chosen_path if self.migration else None

    @property
    def is_stuck(self) -> bool:
        """True if it must move, but no replacement with a price is known."""
        return self.path is None and (self.migration is not None or self.missing is not None)

    @property
    def ends(self) -> date | None:
        """The day on which its model ends or has ended on its platform, if that is announced."""
        return lifecycle.find_end_day(self.priced.market, self.priced.quote.offer.variant)

    @property
    def usd_then(self) -> UsdRange | None:
        """The price after the move, before reasoning tokens, per month or, without a volume, per request; the high end has all
        cache writes. None if it doesn't move.
        """
        if self.path is None:
            return None
        return UsdRange(self._scale(self.path.quote.total_usd), self._scale(self.path.total_with_writes_usd))

    @property
    def reasoned(self) -> Mapping[str, Fraction]:
        """The price after the move with all cache writes and the stated reasoning tokens, by effort, per month or request; empty
        if it doesn't move, or the model doesn't reason.
        """
        paths = [self.path] if self.path else []
        return {price.effort: self._scale(price.total_usd) for price in price_reasoning(paths, self.reasoning_tokens)}

    @property
    def cheaper_modes(self) -> Mapping[str, Fraction]:
        """The price, with all cache writes, in each mode of the same model that costs less, per month or request."""
        if self.migration is None or self.path is None:
            return {}
        most = self.path.total_with_writes_usd
        cheaper = [path for path in self.migration.target_paths if path.total_with_writes_usd < most]
        return {path.quote.mode: self._scale(path.total_with_writes_usd) for path in cheaper}

    def _scale(self, total_usd: Decimal) -> Fraction:
        """Scale the price of all requests to a month or, without a volume, to one request."""
        assert self.path
        volume = self.priced.cost.volume
        times = Fraction(1, self.path.quote.usage.requests) * (volume.per_month if volume else 1)
        return Fraction(total_usd) * times + (self.priced.cost.storage_monthly_usd if volume else 0)

    @property
    def usd_now(self) -> Fraction:
        """The price today, per month or, without a volume, per request."""
        return (self.priced.cost.monthly_usd or self.priced.cost.usd_per_request).expected

    @property
    def breaks(self) -> tuple[Finding, ...]:
        """What breaks in the move, or may break, with the place of the first request; the most serious first."""
        if self.migration is None or self.migration.target is None:
            return ()
        issues = self.migration.incompatibilities[self.migration.target.id]
        return tuple(issue for issue in issues if issue.level >= Level.WARNING)


def move_workloads(
    workloads: Sequence[PricedWorkload], to: Sequence[Variant], reasoning_tokens: Mapping[str, int]
) -> list[MovedWorkload]:
    """Plan the move of each workload whose model ends or has ended: to the first of `to` or, if empty, to the official
    replacement. Without `reasoning_tokens`, those that gpt41.yaml states for a workload are used.
    """
    return [_move_workload(priced, to, reasoning_tokens) for priced in workloads]


def _move_workload(priced: PricedWorkload, to: Sequence[Variant], stated: Mapping[str, int]) -> MovedWorkload:
    answers = priced.declaration.output_tokens
    if not stated and answers and answers.reasoning:
        stated = {NO_EFFORT: answers.reasoning}
    market, variant = priced.market, priced.quote.offer.variant
    if any(target.id == variant.id for target in to) or not (to or lifecycle.find_end_day(market, variant)):
        return MovedWorkload(priced, None, None, stated)
    modes = tuple(dict.fromkeys((priced.quote.mode, *DEFAULT_MODES)))
    question = MigrationQuestion(variant, to, modes, market, priced.contents.request_totals)
    try:
        return MovedWorkload(priced, plan_migration(priced.workload.without_reasoning(), question), None, stated)
    except MissingPrice as error:
        return MovedWorkload(priced, None, error, stated)


def find_move_findings(workloads: Sequence[MovedWorkload]) -> Iterator[Finding]:
    """Yield findings for each workload, at its place in gpt41.yaml: its model ends (an error once it has ended), or its target
    ends; and what breaks in the move, at the first request that breaks.
    """
    for moved in workloads:
        declared = moved.priced.declaration
        ends = lifecycle.check_lifecycle(moved.priced.market, moved.priced.quote.offer.variant, Level.ERROR)
        if moved.path:
            ends += lifecycle.check_lifecycle(moved.priced.market, moved.path.variant, Level.ERROR)
        for finding in ends:
            yield finding._replace(message=f"{moved.name}: {finding.message}", place=declared.locate("model"))
        if moved.missing:
            yield Finding(rules.MISSING_PRICE, f"{moved.name}: {moved.missing}", place=declared.locate(""), subject=moved.name)
        uses = [flaw for flaw in moved.priced.workload.flaws if flaw.rule is rules.FEATURE_ENDS]
        for finding in lifecycle.date_feature_ends(moved.priced.market, uses):
            yield finding._replace(message=f"{moved.name}: {finding.message}")
        for finding in moved.breaks:
            place = finding.place or declared.locate("model")
            yield finding._replace(message=f"{moved.name}: {finding.message}", place=place)
