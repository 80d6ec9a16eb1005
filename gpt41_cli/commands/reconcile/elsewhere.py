"""Price the same tokens on other models: what the answers of logs would cost elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Offer, Variant
from gpt41_cli.catalog.tables import RecordedReasoning
from gpt41_cli.commands.reconcile.bill import Reconciliation
from gpt41_cli.commands.reconcile.charge import Charge
from gpt41_cli.constraints.lifecycle import ends_soon, find_end_day, find_near_shutdown, find_past_shutdown
from gpt41_cli.constraints.replacements import follow_replacements
from gpt41_cli.prices.usage_by_rates import BilledUsage, UsageByRates
from gpt41_cli.pricing import EXACT, Usage, sum_usd
from gpt41_cli.work.workload import PREDICTED_OUTPUTS

_COMPARED_MODES = ("standard", "batch")


class TrafficPath(NamedTuple):
    """The same answers at another offer, without reasoning: if nothing is written to the prompt cache, and if all that can be is.

    `token_usd` is what one more token of output in every answer costs, exact.
    """

    offer: Offer
    low_usd: Decimal
    high_usd: Decimal
    token_usd: Decimal

    def price_reasoning(self, tokens: int) -> Decimal:
        """Price the answers exactly, with all cache writes and this many reasoning tokens in each."""
        return EXACT.add(self.high_usd, EXACT.multiply(Decimal(tokens), self.token_usd))


class AlternativeCost(NamedTuple):
    """The same answers at another variant, or in another mode.

    `high_usd` is more than `total_usd` at models that bill what the logs don't show: all writes to the prompt cache, and the
    reasoning of `find_usual_reasoning` in every answer.
    """

    variant: Variant
    mode: str
    total_usd: Decimal
    high_usd: Decimal


def find_usual_reasoning(variant: Variant) -> RecordedReasoning | None:
    """Return the recorded effort whose answers reason the most, 9 in 10 of them; None if there are no recorded answers."""
    recorded = variant.model.reasoning.recorded if variant.model.reasoning else ()
    return max(recorded, key=lambda row: row.p90, default=None)


def price_alternatives(bill: Reconciliation) -> list[AlternativeCost]:
    """Price the same tokens in standard and batch: first on what replaces the models of the family whose end is announced, at
    today's prices; then on each variant of the family, at the prices of their days, the cheapest first. Answers without a price
    are among them.

    Left out is what has no price, lacks a tool that was used, or has a surcharge, unless it is a replacement; and what isn't
    offered, if no answer is of the family. If only answers of other models have a price, no replacement is named.
    """
    family = bill.conditions.market.catalog.family
    billed = {key.model for key in bill.charges}
    used = [variant for variant in family if variant.id in billed]
    replacements = _find_replacements(bill, used if billed else family)
    replacement_costs = [cost for variant in replacements for cost in _price_replacement(bill, variant)]
    others = [cost for variant in family if used or _is_offered(bill, variant) for cost in _price_variant(bill, variant)]
    return sorted(replacement_costs, key=lambda cost: cost.total_usd) + sorted(others, key=lambda cost: cost.total_usd)


def _is_offered(bill: Reconciliation, variant: Variant) -> bool:
    """Return True if a variant without answers can be bought and, for users who pay for other models, doesn't end soon."""
    market = bill.conditions.market
    return not (ends_soon(market, variant) if bill.charges else find_past_shutdown(market, variant))


def _find_replacements(bill: Reconciliation, leaving: Iterable[Variant]) -> list[Variant]:
    """Find the replacements of the variants whose end is announced, except replacements that end soon."""
    market = bill.conditions.market
    chains = [follow_replacements(market, variant) for variant in leaving if find_end_day(market, variant)]
    last = [chain[-1].variant for chain in chains if chain]
    return list({variant.id: variant for variant in last if variant and not ends_soon(market, variant)}.values())


def _lacks_ability(bill: Reconciliation, variant: Variant) -> bool:
    return any(charge.abilities - variant.model.abilities for charge in bill.charges.values())


def _price_replacement(bill: Reconciliation, variant: Variant) -> Iterator[AlternativeCost]:
    """Price everything at today's rates, without and with cache writes and reasoning."""
    usual = find_usual_reasoning(variant)
    for mode in _COMPARED_MODES:
        offer = bill.biller.get_offer(variant.id, mode, bill.conditions.market.as_of)
        if not isinstance(offer, Offer) or _lacks_ability(bill, variant):
            continue
        path = price_path(list(bill.charges.values()), offer)
        unpriced = list(bill.unpriced_by_day.values())
        low, high = (sum_usd(used.price(offer).total_usd for used in some) for some in (map(_without_writes, unpriced), unpriced))
        token_usd = sum_usd((path.token_usd, *(used.price_token_of_each(offer) for used in unpriced)))
        reasoning = EXACT.multiply(token_usd, Decimal(usual.p90 if usual else 0))
        yield AlternativeCost(variant, mode, EXACT.add(path.low_usd, low), sum_usd((path.high_usd, high, reasoning)))


def _price_variant(bill: Reconciliation, variant: Variant) -> Iterator[AlternativeCost]:
    if (variant.model.surcharge and bill.charges) or _lacks_ability(bill, variant):
        return
    for mode in _COMPARED_MODES:
        amounts = []
        for key, charge in bill.charges.items():
            offer = _find_offer(bill, variant, mode, key.day)
            amounts.append(EXACT.add(charge.used.price(offer).total_usd, charge.tools_usd) if offer else None)
        for day, used in bill.unpriced_by_day.items():
            offer = _find_offer(bill, variant, mode, day)
            amounts.append(_without_writes(used).price(offer).total_usd if offer else None)
        known = [amount for amount in amounts if amount is not None]
        if known and len(known) == len(amounts):
            total = sum_usd(known)
            yield AlternativeCost(variant, mode, total, total)


def _find_offer(bill: Reconciliation, variant: Variant, mode: str, day: date | None) -> Offer | None:
    """Find the offer of a day, or today's if there was none yet."""
    as_of = bill.conditions.market.as_of
    offers = (bill.biller.get_offer(variant.id, mode, price_day) for price_day in dict.fromkeys((day or as_of, as_of)))
    return next((offer for offer in offers if isinstance(offer, Offer)), None)


class PriceAfterEnds(NamedTuple):
    """What all answers cost once `replacement` gives the `answers` of models that end soon, the last of them on `ends`.

    Each is in its own mode, or in standard if that has no price; `modes` are those of the replacement. `low_usd` is without cache
    writes, `high_usd` with all of them, both before reasoning.
    """

    ends: date
    replacement: Variant
    modes: frozenset[str]
    answers: int
    low_usd: Decimal
    high_usd: Decimal


def price_after_ends(bill: Reconciliation) -> PriceAfterEnds | None:
    """Price all answers once the models that end soon are replaced.

    None if no model ends soon, one has ended, or they don't all lead to one model that has a price and the tools.
    """
    market = bill.conditions.market
    stays, moves = [], list[tuple[date, Charge, TrafficPath]]()
    for key, charge in bill.charges.items():
        leaving = charge.offer.variant
        ends = find_near_shutdown(market, leaving)
        if ends is None:
            stays.append(charge.total_usd)
            continue
        steps = follow_replacements(market.on_day(ends), leaving)
        variant = steps[-1].variant if steps else None
        offer = variant and (_find_offer(bill, variant, key.mode, None) or _find_offer(bill, variant, "standard", None))
        if offer is None or charge.abilities - offer.variant.model.abilities:
            return None
        moves.append((ends, charge, price_path([charge], offer)))
    replacements = list({path.offer.variant.id: path.offer.variant for _, _, path in moves}.values())
    modes = frozenset(path.offer.mode for _, _, path in moves)
    if len(replacements) != 1 or any(find_past_shutdown(market, charge.offer.variant) for charge in bill.charges.values()):
        return None
    low, high = (sum_usd((*stays, *usd)) for usd in zip(*((path.low_usd, path.high_usd) for _, _, path in moves), strict=True))
    answers = sum(charge.usage.requests for _, charge, _ in moves)
    return PriceAfterEnds(max(ends for ends, _, _ in moves), replacements[0], modes, answers, low, high)


def price_path(charges: Sequence[Charge], offer: Offer) -> TrafficPath:
    """Price the answers at an offer. Models that bill cache writes report them; for others, none or all are taken as written."""
    used, reported = UsageByRates(), all(charge.offer.row.cache_write_30m is not None for charge in charges)
    written = UsageByRates()
    for charge in charges:
        converted = _convert(charge, offer.variant)
        used += _without_writes(converted)
        written += _with_reported_writes(converted, charge) if reported else converted
    tools = sum_usd(charge.tools_usd for charge in charges)
    low, high = (EXACT.add(usage.price(offer).total_usd, tools) for usage in (written if reported else used, written))
    return TrafficPath(offer, low, high, used.price_token_of_each(offer))


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
    pairs = (used.short, charge.used.short), (used.long, charge.used.long)
    return UsageByRates(
        *(BilledUsage(part.usage, own.written_tokens, own.long_written_tokens, part.rejected_tokens) for part, own in pairs)
    )
