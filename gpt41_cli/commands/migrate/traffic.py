"""The answers of logs on the models that follow theirs: what real traffic cost, and what it will cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Market, Offer, Variant
from gpt41_cli.commands.migrate.migrate import DEFAULT_MODES, find_reasoning_headroom, price_token_of_each
from gpt41_cli.commands.migrate.reasoning import check_efforts
from gpt41_cli.commands.reconcile.bill import Reconciliation
from gpt41_cli.commands.reconcile.charge import Charge, ChargeKey
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints.replacements import follow_replacements
from gpt41_cli.errors import MissingPrice
from gpt41_cli.prices.usage_by_rates import BilledUsage, UsageByRates
from gpt41_cli.pricing import EXACT, Usage, sum_usd
from gpt41_cli.work.workload import PREDICTED_OUTPUTS


class TrafficPath(NamedTuple):
    """The same answers at another offer, without reasoning: if nothing is written to the prompt cache, and if all that can be is.

    `token_usd` is what one more token of output in every answer costs, exact.
    """

    offer: Offer
    low_usd: Decimal
    high_usd: Decimal
    token_usd: Decimal

    def price_reasoning(self, tokens: int) -> Decimal:
        """Price the answers with all cache writes and so many reasoning tokens in each, exactly."""
        return EXACT.add(self.high_usd, EXACT.multiply(Decimal(tokens), self.token_usd))


class MovedTraffic(NamedTuple):
    """The answers of one model in one mode, at the prices of their days, and where they move: the first path is in the same mode,
    if that has a price. There is none if they stay, or if nothing with a price is named (`is_stuck`).
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
        life = lifecycle.find_past_shutdown(self.market, self.variant) or lifecycle.find_announced_shutdown(
            self.market, self.variant
        )
        return life.shutdown if life else None

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
    found: Reconciliation, market: Market, to: Sequence[Variant], reasoning_tokens: Mapping[str, int]
) -> list[MovedTraffic]:
    """Move the answers of each model that ends or has ended: to the first of `to` or, if empty, to what is named. The most
    expensive come first.

    Raises InputError for reasoning tokens at an effort that the model doesn't have.
    """
    groups: dict[tuple[str, str], list[tuple[ChargeKey, Charge]]] = {}
    for key, charge in found.charges.items():
        groups.setdefault((key.model, key.mode), []).append((key, charge))
    moved = [_move_group(mode, [charge for _, charge in each], market, to) for (_, mode), each in groups.items()]
    for each in moved:
        if each.path:
            check_efforts(each.path.offer.variant, reasoning_tokens)
    return sorted((each._replace(reasoning_tokens=reasoning_tokens) for each in moved), key=lambda each: -each.paid_usd)


def _move_group(mode: str, charges: Sequence[Charge], market: Market, to: Sequence[Variant]) -> MovedTraffic:
    variant = charges[0].offer.variant
    group = MovedTraffic(variant, mode, tuple(charges), market)
    is_leaving = group.ends is not None
    if any(target.id == variant.id for target in to) or not (to or is_leaving):
        return group
    steps = follow_replacements(market, variant)
    targets = to[:1] or [step.variant for step in reversed(steps) if step.variant]
    for target in targets:
        offers = [offer for each in dict.fromkeys((mode, *DEFAULT_MODES)) if (offer := _find_offer(market, target, each))]
        if offers:
            return group._replace(paths=tuple(_price_path(charges, offer) for offer in offers))
    return group._replace(is_stuck=True)


def _find_offer(market: Market, variant: Variant, mode: str) -> Offer | None:
    try:
        return market.offer(variant, mode)
    except MissingPrice:
        return None


def _price_path(charges: Sequence[Charge], offer: Offer) -> TrafficPath:
    """Price the answers at an offer. Models that bill cache writes report them; of others none or all are written."""
    used, reported = UsageByRates(), all(charge.offer.row.cache_write_30m is not None for charge in charges)
    written = UsageByRates()
    for charge in charges:
        converted = _convert(charge, offer.variant)
        used += _without_writes(converted)
        written += _with_reported_writes(converted, charge) if reported else converted
    tools = sum_usd(charge.tools_usd for charge in charges)
    low, high = (EXACT.add(each.price(offer).total_usd, tools) for each in (written if reported else used, written))
    return TrafficPath(offer, low, high, price_token_of_each(offer, used))


def _convert(charge: Charge, to: Variant) -> UsageByRates:
    """Return the usage as the model `to` would bill it: answers have its own added tokens in place of those of today's model, and
    no reasoning; a model that takes no predictions rejects none.
    """
    old, new = charge.offer.variant.model, to.model
    added = new.prompt.added_output_tokens - old.prompt.added_output_tokens
    reasoning = charge.reasoning_tokens
    parts = []
    for part in (charge.elsewhere.short, charge.elsewhere.long):
        rejected = part.rejected_tokens if PREDICTED_OUTPUTS in new.lacks else 0
        thought = min(reasoning, part.usage.output_tokens)
        reasoning -= thought
        output = max(part.usage.output_tokens - rejected - thought + added * part.usage.requests, 0)
        usage = Usage(part.usage.requests, part.usage.input_tokens, part.usage.cached_tokens, output)
        parts.append(BilledUsage(usage, part.written_tokens, rejected_tokens=part.rejected_tokens - rejected))
    return UsageByRates(*parts)


def _without_writes(used: UsageByRates) -> UsageByRates:
    return UsageByRates(*(BilledUsage(part.usage, rejected_tokens=part.rejected_tokens) for part in (used.short, used.long)))


def _with_reported_writes(used: UsageByRates, charge: Charge) -> UsageByRates:
    reported = (charge.used.short, charge.used.long)
    return UsageByRates(
        *(
            BilledUsage(part.usage, own.written_tokens, own.long_written_tokens, part.rejected_tokens)
            for part, own in zip((used.short, used.long), reported, strict=True)
        )
    )
