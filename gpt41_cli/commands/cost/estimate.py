"""Price a workload at several models and modes, or part by part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import MODES, Market, Variant
from gpt41_cli.constraints import abilities, lifecycle, request_limits
from gpt41_cli.display import format_int, pluralize
from gpt41_cli.errors import MissingPrice
from gpt41_cli.findings import Finding
from gpt41_cli.prices.notes import write_notes
from gpt41_cli.prices.quote import Quote, add_batch_price, price_workload
from gpt41_cli.prices.succession import Succession, find_near_succession
from gpt41_cli.pricing import sum_usd
from gpt41_cli.rules import Level
from gpt41_cli.work.workload import ModelAndMode, Workload

_PRICE_APART = "--each prices the others, and --mode prices all in one mode"


class Estimate(NamedTuple):
    """Quotes in the order asked for, findings, and notes for the reader. `successions` are what follows each model that still
    runs, None if nothing is known to follow soon.

    `adds_up`: the quotes are parts of the work, and their sum is its price; otherwise each is a price for all of it.
    """

    quotes: tuple[Quote, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    adds_up: bool = False
    successions: tuple[Succession | None, ...] = ()

    @property
    def total_usd(self) -> Decimal | None:
        """The exact price of the work; None if there are several."""
        if not self.adds_up and len(self.quotes) > 1:
            return None
        return sum_usd(quote.total_usd for quote in self.quotes)


def estimate(
    market: Market,
    work: Workload,
    *,
    variants: Sequence[Variant] = (),
    modes: Sequence[str] = MODES[:1],
    ended: Level = Level.WARNING,
) -> Estimate:
    """Price the work at every variant in every mode. Without `variants`, compare the family, leaving out what has no such price.

    About a variant that is shut down and was not asked for, nothing else is reported.
    `ended` is the level of the finding that a variant of `variants` is shut down.
    Raises MissingPrice if a variant that was asked for has no price, or if none has.
    """
    catalog = market.catalog
    quotes: list[Quote] = []
    findings: list[Finding] = []
    missing: list[tuple[Variant, MissingPrice]] = []
    gone = [variant for variant in catalog.family if not variants and lifecycle.find_past_shutdown(market, variant)]
    for variant in variants or catalog.family:
        for mode in modes:
            try:
                priced = price_workload(market.offer(variant, mode), work)
            except MissingPrice as error:
                if variants:
                    raise
                missing.append((variant, error))
                continue
            quotes.append(add_batch_price(priced, work))
    if not quotes:
        raise missing[0][1]
    findings += request_limits.check_output(work, market)
    findings += (
        Finding(rules.MISSING_PRICE, text)
        for text in dict.fromkeys(str(error) for variant, error in missing if variant not in gone)
    )
    for variant in {quote.model: quote.offer.variant for quote in quotes}.values():
        if variant not in gone:
            findings += request_limits.check_request_limits(catalog, variant, modes, work.load_on(catalog, variant))
            findings += abilities.check_abilities(catalog, variant, work)
        findings += lifecycle.check_lifecycle(market, variant, ended if variants else Level.WARNING)
    findings += request_limits.check_cache_minimum(catalog, work, quotes[0].offer.variant)
    findings += lifecycle.check_price_table_age(market)
    running = [quote for quote in quotes if not lifecycle.find_past_shutdown(market, quote.offer.variant)]
    successions = tuple(find_near_succession(market, quote.offer.variant, quote.mode, work) for quote in running)
    return Estimate(tuple(quotes), tuple(findings), tuple(write_notes(catalog, work, quotes)), successions=successions)


def estimate_parts(
    market: Market, parts: Mapping[ModelAndMode, Workload], together: Workload, ended: Level = Level.WARNING
) -> Estimate:
    """Price each part of the work at its own model and mode, and all together. Storage is in the first part.

    Raises MissingPrice if a part has no price, UnknownName for a model or mode that the table doesn't have.
    """
    catalog = market.catalog
    largest_first = sorted(parts.items(), key=lambda part: (-part[1].requests, part[0]))
    priced_parts: list[Estimate] = []
    for (model, mode), work in largest_first:
        sent = work.without_storage() if priced_parts else work
        try:
            priced_parts.append(estimate(market, sent, variants=[catalog.variant(str(model))], modes=[mode], ended=ended))
        except MissingPrice as error:
            if len(parts) == 1:
                raise
            some = f"{format_int(work.requests)} of {pluralize(together.requests, 'request')}"
            raise MissingPrice(problem=f"{some}: {error}", hint=_PRICE_APART) from None
    quotes = tuple(quote for part in priced_parts for quote in part.quotes)
    findings = tuple(dict.fromkeys(finding for part in priced_parts for finding in part.findings))
    successions = tuple(succession for part in priced_parts for succession in part.successions)
    notes = tuple(write_notes(catalog, together, quotes, adds_up=True))
    return Estimate(quotes, findings, notes, adds_up=True, successions=successions if len(successions) == len(quotes) else ())
