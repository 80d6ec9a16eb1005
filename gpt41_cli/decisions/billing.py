"""What one answer costs, at the price of its day, and what is billed together."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache, reduce
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Offer
from gpt41_cli.catalog.tables import Platform
from gpt41_cli.decisions.tool_charges import charges, found_tokens
from gpt41_cli.display import printable
from gpt41_cli.errors import MissingPrice, quoted
from gpt41_cli.pricing import EXACT, Bill, Rates, Usage, price, term
from gpt41_cli.requests.answers import Answer, Unbilled
from gpt41_cli.requests.fields import told

_MOST_OFFERS = 10_000


class Conditions(NamedTuple):
    """What answers are priced by: `model` is that of answers that name none, `as_of` the day of those that have none."""

    catalog: Catalog
    platform: Platform
    as_of: date
    model: str | None = None


class Group(NamedTuple):
    """Answers of one model in one mode on one day (None: not said); models by the name of their entry in the price table."""

    model: str
    mode: str
    day: date | None


@dataclass
class Charge:
    """What is billed together: `short` and `long` requests, where those of many input tokens have a surcharge; written tokens,
    which are a part of it, cost `write_usd` more than input does.
    """

    offer: Offer
    short: Usage = field(default_factory=Usage)
    long: Usage = field(default_factory=Usage)
    write_usd: Decimal = Decimal(0)
    reasoning_tokens: int = 0
    accepted_prediction_tokens: int = 0
    rejected_prediction_tokens: int = 0
    tools_usd: Decimal = Decimal(0)
    abilities: frozenset[str] = frozenset()

    def add(self, answer: Answer, tools_usd: Decimal = Decimal(0)) -> None:
        """Add an answer at this offer, and what its tools cost."""
        size = answer.usage.input_tokens if answer.usage.requests == 1 else 0
        if size > longest(self.offer):
            self.long += answer.usage
        else:
            self.short += answer.usage
        more = EXACT.subtract(self.offer.write_rate(size), self.offer.rates(size).input)
        self.write_usd = EXACT.add(self.write_usd, term(answer.cache_write_tokens, more))
        self.reasoning_tokens += answer.reasoning_tokens
        self.accepted_prediction_tokens += answer.accepted_prediction_tokens
        self.rejected_prediction_tokens += answer.rejected_prediction_tokens
        self.tools_usd = EXACT.add(self.tools_usd, tools_usd)
        self.abilities |= answer.tools.abilities

    @property
    def usage(self) -> Usage:
        """All of it."""
        return self.short + self.long

    @property
    def bill(self) -> Bill:
        """The terms of the price, exact."""
        return self.at(self.offer)

    def at(self, offer: Offer) -> Bill:
        """The terms of the price at another offer of the same model, exact."""
        bills = [price(usage, rates) for usage, rates in self._parts(offer)]
        return Bill(*(reduce(EXACT.add, terms) for terms in zip(*bills, strict=True)))

    def _parts(self, offer: Offer) -> tuple[tuple[Usage, Rates], tuple[Usage, Rates]]:
        return (self.short, offer.rates(0)), (self.long, offer.rates(longest(offer) + 1))

    @property
    def total_usd(self) -> Decimal:
        """The price of all of it, exact."""
        return total((self.bill.total_usd, self.write_usd, self.tools_usd))

    @property
    def caching_saves_usd(self) -> Decimal:
        """What its cached tokens would cost more as ordinary input."""
        uncached = total(term(usage.cached_tokens, rates.input) for usage, rates in self._parts(self.offer))
        return EXACT.subtract(uncached, self.bill.cached_input_usd)

    @property
    def rejected_usd(self) -> Decimal:
        """What of its price the rejected tokens of predictions are."""
        return term(self.rejected_prediction_tokens, self.offer.row.rates.output)


def longest(offer: Offer) -> int:
    """The input tokens up to which a request has no surcharge."""
    surcharge = offer.variant.model.surcharge
    return surcharge.above_input_tokens if surcharge else sys.maxsize


class Biller:
    """Finds the price of one answer after the other."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions
        self.offer = lru_cache(_MOST_OFFERS)(self._offer)

    def find(self, answer: Answer) -> Offer | Unbilled:
        """The price that an answer was billed at, that of its day; or why there is none."""
        catalog, model = self._conditions.catalog, answer.model or self._conditions.model
        if model is None:
            return Unbilled("model-missing", "expected a model in the answer or --model, found none", answer.custom_id)
        variant = catalog.known(model)
        if variant is None:
            return Unbilled("unknown-model", f"{quoted(model)} is not in {catalog.file}", answer.custom_id)
        found = self.offer(variant.id, answer.mode, answer.day or self._conditions.as_of)
        return found if isinstance(found, Offer) else found._replace(custom_id=answer.custom_id)

    def tools(self, offer: Offer, answer: Answer) -> tuple[Decimal, tuple[Unbilled, ...]]:
        """What the calls of its built-in tools cost, and what cannot be told of them. Containers are billed by size and time."""
        usd, unclear = Decimal(0), []
        try:
            usd = total(each.usd for each in charges(self._conditions.catalog, offer, answer.tools, 1))
        except MissingPrice as error:
            unclear.append(Unbilled("tool-price", str(error), answer.custom_id))
        if found_tokens(self._conditions.catalog, offer.variant, answer.tools):
            block = "whether a reported usage holds the tokens that a web search adds is not documented: taken to hold them"
            unclear.append(Unbilled("tool-price", f"{printable(offer.variant.id)}: {block}", answer.custom_id))
        for kind in answer.other_calls:
            unsaid = f"{told(kind)}: what it costs beside its tokens is not priced, as no answer says enough of it"
            unclear.append(Unbilled("tool-price", unsaid, answer.custom_id))
        return usd, tuple(unclear)

    def _offer(self, model: str, mode: str, day: date) -> Offer | Unbilled:
        catalog, platform = self._conditions.catalog, self._conditions.platform
        variant = catalog.known(model)
        assert variant is not None
        modes = variant.rates.get(platform.id, {})
        if modes and mode not in modes:
            missing = f"no price is known for {printable(model)} in {printable(mode[:40])} on {platform.id}"
            return Unbilled("missing-price", f"{missing}: {catalog.file} has {', '.join(modes)}")
        try:
            return catalog.offer(variant, mode, platform, day)
        except MissingPrice as error:
            return Unbilled("missing-price", str(error))


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    return reduce(EXACT.add, amounts, Decimal(0))
