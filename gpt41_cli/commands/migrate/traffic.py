"""Move the answers of logs to the models that follow theirs: what real traffic cost, and what it will cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Market, Variant
from gpt41_cli.commands.migrate.migrate import DEFAULT_MODES, check_efforts, find_reasoning_headroom
from gpt41_cli.commands.reconcile.bill import Reconciliation
from gpt41_cli.commands.reconcile.charge import Charge, ChargeKey
from gpt41_cli.commands.reconcile.elsewhere import TrafficPath, price_path
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints.replacements import follow_replacements
from gpt41_cli.pricing import EXACT, Usage, sum_usd


class MovedTraffic(NamedTuple):
    """The answers of one model in one mode, at the prices of their days, and where they move: the first path is in the same mode,
    if that has a price. There is none if they stay, or if no replacement with a price is known (`is_stuck`).
    """

    variant: Variant
    mode: str
    charges: tuple[Charge, ...]
    market: Market
    paths: tuple[TrafficPath, ...] = ()
    is_stuck: bool = False
    reasoning_tokens: Mapping[str, int] = {}

    @property
    def usage(self) -> Usage:
        """The usage of all answers."""
        return sum((charge.usage for charge in self.charges), Usage())

    @property
    def paid_usd(self) -> Decimal:
        """What they cost, exact."""
        return sum_usd(charge.total_usd for charge in self.charges)

    @property
    def path(self) -> TrafficPath | None:
        """Where they move to; None if they stay or are stuck."""
        return next(iter(self.paths), None)

    @property
    def ends(self) -> date | None:
        """The day on which their model ends or has ended, if that is announced."""
        return lifecycle.find_end_day(self.market, self.variant)

    @property
    def spare_reasoning_tokens(self) -> int | None:
        """How many reasoning tokens each answer may add before all of them cost more than was paid; None as for MigrationPath."""
        if self.path is None:
            return None
        spare = EXACT.subtract(self.paid_usd, self.path.high_usd)
        return find_reasoning_headroom(self.path.offer.variant, self.path.token_usd, spare)

    @property
    def reasoned(self) -> Mapping[str, Decimal]:
        """The price with the stated reasoning tokens, by effort; empty if they don't move, or the model doesn't reason."""
        if self.path is None or self.path.offer.variant.model.reasoning is None:
            return {}
        return {effort: self.path.price_reasoning(tokens) for effort, tokens in self.reasoning_tokens.items()}


def move_traffic(
    bill: Reconciliation, market: Market, to: Sequence[Variant], reasoning_tokens: Mapping[str, int]
) -> list[MovedTraffic]:
    """Move the answers of each model that ends or has ended: to the first of `to` or, if empty, to the official replacement. The
    most expensive come first.

    Raises InputError for reasoning tokens at an effort that the model doesn't have.
    """
    groups: dict[tuple[str, str], list[tuple[ChargeKey, Charge]]] = {}
    for key, charge in bill.charges.items():
        groups.setdefault((key.model, key.mode), []).append((key, charge))
    moved = [_move_group(mode, [charge for _, charge in pairs], market, to) for (_, mode), pairs in groups.items()]
    for move in moved:
        if move.path:
            check_efforts(move.path.offer.variant, reasoning_tokens)
    return sorted((move._replace(reasoning_tokens=reasoning_tokens) for move in moved), key=lambda move: -move.paid_usd)


def _move_group(mode: str, charges: Sequence[Charge], market: Market, to: Sequence[Variant]) -> MovedTraffic:
    variant = charges[0].offer.variant
    group = MovedTraffic(variant, mode, tuple(charges), market)
    is_leaving = group.ends is not None
    if any(target.id == variant.id for target in to) or not (to or is_leaving):
        return group
    steps = follow_replacements(market, variant)
    targets = to[:1] or [step.variant for step in reversed(steps) if step.variant]
    for target in targets:
        offers = [offer for name in dict.fromkeys((mode, *DEFAULT_MODES)) if (offer := market.find_offer(target, name))]
        if offers:
            return group._replace(paths=tuple(price_path(charges, offer) for offer in offers))
    return group._replace(is_stuck=True)
