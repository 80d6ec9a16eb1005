"""Price one answer as of its day, and collect what is billed together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.answers.answers import Answer
from gpt41_cli.catalog import Catalog, Market, Offer, Variant
from gpt41_cli.constraints.lifecycle import find_past_shutdown
from gpt41_cli.display import sanitize
from gpt41_cli.errors import MissingPrice, quote_text
from gpt41_cli.files.fields import redact
from gpt41_cli.findings import Finding
from gpt41_cli.prices.tools import price_tools
from gpt41_cli.prices.usage_by_rates import UsageByRates
from gpt41_cli.pricing import EXACT, Bill, Usage, sum_usd

TOOL_CALLS = ("web_searches", "web_search_previews", "file_searches")
"""The calls to built-in tools that answers list, by the names of their fields."""
_MAX_CACHED_OFFERS = 10_000
_TIME_ZONE_SLACK = timedelta(days=1)
"""How much later than here the local time may be elsewhere."""


class BillingContext(NamedTuple):
    """The terms for pricing answers: the day of `market` is for answers without a day, `model` for answers without a model."""

    market: Market
    model: str | None = None


class ChargeKey(NamedTuple):
    """Answers of one model in one mode on one day (None: not stated). Models have the name of their entry in the price table."""

    model: str
    mode: str
    day: date | None


@dataclass
class Charge:
    """Usage that is billed together: at one offer, with built-in tools. All prices are exact.

    `elsewhere` is the same usage for prices at other models: long requests are those that pay a surcharge at some model, and
    written is all that could be written to a prompt cache. `summed_answers` are those that the logs only have as sums.
    `tool_calls` are those in `tools_usd`.
    """

    offer: Offer
    used: UsageByRates = field(default_factory=UsageByRates)
    elsewhere: UsageByRates = field(default_factory=UsageByRates)
    reasoning_tokens: int = 0
    accepted_prediction_tokens: int = 0
    summed_answers: int = 0
    tools_usd: Decimal = Decimal(0)
    tool_calls: Counter[str] = field(default_factory=Counter)
    uses_of_abilities: Counter[str] = field(default_factory=Counter)

    def add(self, answer: Answer, tools_usd: Decimal = Decimal(0), *, is_undone: bool = False) -> None:
        """Add an answer at this offer, and the price of its tools. `is_undone` removes one that was added before."""
        written, rejected, long = answer.cache_write_tokens, answer.rejected_prediction_tokens, answer.long_write_tokens
        self.used.add(self.offer.variant, answer.usage, written, rejected, long, is_undone=is_undone)
        catalog = self.offer.market.catalog
        longest, writable = catalog.find_first_surcharged(self.offer.variant), count_writable(catalog, answer.usage)
        self.elsewhere.add(longest, answer.usage, writable, rejected, is_undone=is_undone)
        times = -1 if is_undone else 1
        self.reasoning_tokens += answer.reasoning_tokens * times
        self.accepted_prediction_tokens += answer.accepted_prediction_tokens * times
        self.summed_answers += answer.usage.requests * times * (answer.usage.requests != 1)
        self.tools_usd = EXACT.add(self.tools_usd, EXACT.multiply(tools_usd, Decimal(times)))
        if tools_usd:
            for name in TOOL_CALLS:
                self.tool_calls[name] += getattr(answer.tools, name) * times
        for ability in answer.tools.needed_abilities:
            self.uses_of_abilities[ability] += times

    @property
    def abilities(self) -> frozenset[str]:
        """The abilities that the tools of the answers need."""
        return frozenset(+self.uses_of_abilities)

    @property
    def usage(self) -> Usage:
        """The usage of all answers."""
        return self.used.usage

    @property
    def rejected_prediction_tokens(self) -> int:
        """The tokens of rejected predictions, part of the output."""
        return self.used.short.rejected_tokens + self.used.long.rejected_tokens

    @property
    def bill(self) -> Bill:
        """The price of the tokens."""
        return self.used.price(self.offer)

    @property
    def total_usd(self) -> Decimal:
        """The price of everything."""
        return EXACT.add(self.bill.total_usd, self.tools_usd)


class AnswerPricer:
    """Finds the prices of answers one after the other."""

    def __init__(self, conditions: BillingContext) -> None:
        self._conditions = conditions
        self.get_offer = lru_cache(_MAX_CACHED_OFFERS)(self._find_offer)

    def find_offer(self, answer: Answer) -> Offer | Finding:
        """Return the offer that an answer was billed at on its day, or why there is none."""
        catalog, model = self._conditions.market.catalog, answer.model or self._conditions.model
        if model is None:
            return Finding(rules.MODEL_MISSING, "expected a model in the answer or --model, found none")
        variant = self.find_variant(answer)
        if variant is None:
            named = redact(model) if any(map(str.isspace, model)) else quote_text(model)  # it may be a text in the wrong place
            return Finding(rules.UNKNOWN_MODEL, f"{named} is not in {catalog.file}")
        day = answer.day or self._conditions.market.as_of
        offer = self.get_offer(variant.id, answer.mode, day)
        rows = variant.rate_table.get(self._conditions.market.platform.id, {}).get(answer.mode)
        if isinstance(offer, Finding) and rows and (variant.model.released or day) <= day:
            return self.get_offer(variant.id, answer.mode, rows[0].effective_from)  # the first known one, with a warning
        return offer

    def find_variant(self, answer: Answer) -> Variant | None:
        """Return the model of an answer: the first of its names that is a model of the table or an alias of one."""
        names = (answer.model, *answer.other_models) if answer.model else (self._conditions.model,)
        known = (self._conditions.market.catalog.find_named_variant(name) for name in names if name)
        return next((variant for variant in known if variant), None)

    def price_tools(self, offer: Offer, answer: Answer) -> tuple[Decimal, tuple[Finding, ...]]:
        """Price the calls of an answer's built-in tools, and say what can't be priced. Containers are billed by size and time."""
        usd, unclear = Decimal(0), []
        try:
            usd = sum_usd(tool.usd for tool in price_tools(offer, answer.tools, 1))
        except MissingPrice as error:
            unclear.append(Finding(rules.TOOL_PRICE, str(error)))
        if self._conditions.market.catalog.count_search_tokens(offer.variant, answer.tools):
            block = "whether usage includes the tokens that a web search adds is not documented: it is taken to include them"
            unclear.append(Finding(rules.SEARCH_TOKENS, f"{sanitize(offer.variant.id)}: {block}"))
        for kind in answer.unpriced_calls:
            unsaid = f"{redact(kind)}: what it costs on top of its tokens, as answers say too little about it"
            unclear.append(Finding(rules.TOOL_PRICE, unsaid))
        return usd, tuple(unclear)

    def find_doubts(self, offer: Offer, answer: Answer) -> Iterator[Finding]:
        """Find everything that makes the price of an answer unclear."""
        model, day = sanitize(offer.variant.id), answer.day
        for doubt in answer.doubts:
            yield Finding(rules.ANSWER_UNCLEAR, f"an answer {doubt}")
        life = find_past_shutdown(self._conditions.market.on_day(day), offer.variant) if day else None
        if life:
            yield Finding(rules.ANSWER_UNCLEAR, f"an answer of {model} after its shutdown on {life.shutdown} is priced anyway")
        if day and day < offer.row.effective_from:
            first = offer.row.effective_from
            early = f"an answer of {model} from before its first known price in {offer.mode} is priced at that one, from {first}"
            yield Finding(rules.ANSWER_UNCLEAR, early)
        if day and day - self._conditions.market.as_of > _TIME_ZONE_SLACK:
            yield Finding(rules.ANSWER_UNCLEAR, f"an answer from a day after {self._conditions.market.as_of} is priced anyway")
        if answer.cache_write_tokens and offer.row.cache_write_30m is None:
            yield Finding(rules.WRITE_PRICE, f"no price of cache writes is known for {model}: priced as input")
        elif answer.long_write_tokens and offer.row.cache_write_12h is None:
            short = f"no price of cache writes for 12 hours is known for {model} in {offer.mode}: priced as those for 30 minutes"
            yield Finding(rules.WRITE_PRICE, short)
        least = offer.variant.model.surcharge_threshold
        if answer.usage.requests != 1 and answer.usage.input_tokens > least:
            some = ", although some must have" if answer.usage.input_tokens > answer.usage.requests * least else ""
            most = f"priced as if none had more than {least:,} input tokens{some}"
            yield Finding(rules.SUM_OF_LONG, f"a sum of several answers of {model}, {most}")

    def _find_offer(self, model: str, mode: str, day: date) -> Offer | Finding:
        market, catalog = self._conditions.market, self._conditions.market.catalog
        variant = catalog.find_variant(model)
        assert variant is not None
        modes = variant.rate_table.get(market.platform.id)
        if modes is None or mode not in modes:
            missing = f"no price is known for {sanitize(model)} in {sanitize(mode[:40])} on {market.platform.id}"
            priced = f"{sanitize(model)} on {', '.join(variant.rate_table)}" if modes is None else ", ".join(modes)
            priced += "" if modes is None else market.suggest_models(variant, mode)
            return Finding(rules.MISSING_PRICE, f"{missing}: {catalog.file} has {priced}")
        try:
            return market.on_day(day).offer(variant, mode)
        except MissingPrice as error:
            return Finding(rules.MISSING_PRICE, str(error))


def count_writable(catalog: Catalog, usage: Usage) -> int:
    """Count the most that can be written to a prompt cache: all that isn't read from it, unless the prompt is too short."""
    is_short = usage.input_tokens < catalog.limits.prompt_cache.minimum_tokens
    return 0 if usage.requests == 1 and is_short else usage.input_tokens - usage.cached_tokens


def find_longest_short(catalog: Catalog) -> int:
    """Return how many input tokens a request may have without a surcharge, whatever its model."""
    return min(model.surcharge_threshold for model in catalog.models.values())
