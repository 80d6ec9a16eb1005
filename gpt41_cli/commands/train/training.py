"""Price a fine-tune, and compute after how many requests it pays off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Market, Offer, Variant
from gpt41_cli.catalog.limit_tables import TrainingRules
from gpt41_cli.catalog.lookup import FINE_TUNED_PREFIX
from gpt41_cli.catalog.tables import HostingPrice, TrainingPrice
from gpt41_cli.commands.train.training_file import TrainingTokens
from gpt41_cli.constraints import lifecycle
from gpt41_cli.errors import InputError, MissingPrice
from gpt41_cli.findings import Finding
from gpt41_cli.pricing import EXACT, Usage, price, price_tokens, sum_usd
from gpt41_cli.work.workload import VariantLoad

FINE_TUNE_MODES = ("standard", "batch")
"""The modes in which fine-tunes answer; priority doesn't accept fine-tunes."""

_HOURS_PER_DAY = 24


class TrainingOptions(NamedTuple):
    """The user's options. `epochs` None: by the heuristic. `requests` are all that will be served; None: not known."""

    market: Market
    epochs: int | None = None
    requests: int | None = None

    @property
    def rules(self) -> TrainingRules:
        """The rules of training. Raises InputError if the table doesn't have them."""
        rules = self.market.catalog.limits.fine_tuning
        if rules is None:
            expected = "limits.fine_tuning, by which training is counted"
            raise InputError(expected=expected, found="none", location=self.market.catalog.file)
        return rules


class TrainingWork(NamedTuple):
    """What one model is trained on and then asked.

    `served` are requests whose mean is one in service; `load` are the same for checks of context windows. `teaching_usd` is the
    price of the answers to learn from.
    """

    training_tokens: TrainingTokens
    served: Usage
    load: VariantLoad
    teaching_usd: Decimal = Decimal(0)


class TuningComparison(NamedTuple):
    """A fine-tune in service compared with the model that it replaces: one request of each in exact US dollars.

    `ends` is when the first of the two ends, in `days` days; None if no end is known. `hosting_usd` is hosting until then.
    `fixed_usd` is paid whatever is asked. `saved_usd` is what all served requests save; None if their number isn't known.
    `base_usage` is all requests at the model that it replaces.
    """

    tuned_offer: Offer
    base_offer: Offer
    tuned_each_usd: Fraction
    base_each_usd: Fraction
    ends: date | None
    days: int | None
    hosting_usd: Decimal
    fixed_usd: Decimal
    saved_usd: Fraction | None
    base_usage: Usage

    @property
    def saved_each_usd(self) -> Fraction:
        """What a request costs less; negative if it costs more."""
        return self.base_each_usd - self.tuned_each_usd

    @property
    def pays_after_requests(self) -> int | None:
        """The number of requests after which everything paid is saved again; None: never.

        `(training + teaching + hosting until the end) / (base - fine-tune)`, rounded up.
        """
        return ceil(Fraction(self.fixed_usd) / self.saved_each_usd) if self.saved_each_usd > 0 else None

    @property
    def pays_at_daily_requests(self) -> int | None:
        """The requests per day with which it pays before the end; None: never, or no end is known."""
        return ceil(Fraction(self.pays_after_requests, self.days)) if self.pays_after_requests is not None and self.days else None


class TrainedModel(NamedTuple):
    """A model that can be trained: what that costs, and what it saves compared with others. `epochs` are as billed."""

    tuned_variant: Variant
    training_work: TrainingWork
    epochs: int
    price: TrainingPrice
    hosting: HostingPrice | None
    comparisons: tuple[TuningComparison, ...]

    @property
    def model(self) -> str:
        """The id of the model that is trained."""
        return self.tuned_variant.model.id

    @property
    def trained_tokens(self) -> int:
        """What training bills, all epochs together."""
        return self.training_work.training_tokens.trained_tokens * self.epochs

    @property
    def training_usd(self) -> Decimal:
        """The exact price of training."""
        return price_tokens(self.trained_tokens, self.price.usd)


def is_trainable(variant: Variant) -> bool:
    """Return True if the table has fine-tunes of a base model."""
    return variant.fine_tuned is None and variant.model.fine_tuned is not None


def count_epochs(conditions: TrainingOptions, examples: int) -> int:
    """Count the epochs: as stated, else by the heuristic."""
    return conditions.epochs or conditions.rules.epochs.count_epochs(examples)


def price_trained_model(
    conditions: TrainingOptions, base: Variant, lesson: TrainingWork, examples: int, others: Sequence[tuple[Variant, Usage]]
) -> TrainedModel | Finding:
    """Price the model trained on some work, compared with each of the `others` on the same requests; or say why it can't be
    trained, as a finding about the model.
    """
    market, catalog, platform = conditions.market, conditions.market.catalog, conditions.market.platform
    student = catalog.variant(f"{FINE_TUNED_PREFIX}{base.id}")
    if life := lifecycle.find_past_shutdown(market, student):
        return lifecycle.make_shutdown_finding(platform, life)._replace(subject=base.id)
    assert student.fine_tuned
    training = student.fine_tuned.training.get(platform.id)
    if training is None:
        known = ", ".join(student.fine_tuned.training)
        text = f"no price is known for training it on {platform.id}: {catalog.file} has one on {known}"
        return Finding(rules.MISSING_PRICE, text, subject=base.id, brief="no price for training")
    hosting = student.fine_tuned.hosting.get(platform.id)
    trained_model = TrainedModel(student, lesson, count_epochs(conditions, examples), training, hosting, ())
    try:
        market.offer(student, FINE_TUNE_MODES[0])
        return trained_model._replace(comparisons=tuple(_compare_others(conditions, trained_model, others)))
    except MissingPrice as error:
        return Finding(rules.MISSING_PRICE, str(error), subject=base.id, brief="no price in service")


def _compare_others(
    conditions: TrainingOptions, student: TrainedModel, others: Sequence[tuple[Variant, Usage]]
) -> Iterator[TuningComparison]:
    """Compare the trained model with each of the others that still runs, in each mode that both have."""
    for other, usage in others:
        if lifecycle.find_past_shutdown(conditions.market, other):
            continue
        for mode in FINE_TUNE_MODES:
            mine, its = (conditions.market.find_offer(variant, mode) for variant in (student.tuned_variant, other))
            if mine and its:
                yield _compare_offers(conditions, student, mine, its, usage)


def _compare_offers(
    conditions: TrainingOptions, student: TrainedModel, mine: Offer, its: Offer, usage: Usage
) -> TuningComparison:
    lives = (offer.variant.lifecycles.get(conditions.market.platform.provider) for offer in (mine, its))
    ends = min((life.shutdown for life in lives if life and life.shutdown), default=None)
    days = (ends - conditions.market.as_of).days if ends else None
    hosting = Decimal(0)
    if student.hosting:
        if days is None:
            raise MissingPrice(problem=f"no end is known for {student.tuned_variant.id}, so how long it is hosted isn't known")
        hosting = EXACT.multiply(student.hosting.usd, Decimal(_HOURS_PER_DAY * days))
    fixed = sum_usd((student.training_usd, student.training_work.teaching_usd, hosting))
    own, other = price_mean_request(mine, student.training_work.served), price_mean_request(its, usage)
    saved = None if conditions.requests is None else (other - own) * conditions.requests - Fraction(fixed)
    return TuningComparison(mine, its, own, other, ends, days, hosting, fixed, saved, usage)


def price_mean_request(offer: Offer, usage: Usage) -> Fraction:
    """Price the mean request exactly. A surcharge is that of a request of mean length."""
    rates = offer.rates_for(usage.input_tokens // usage.requests)
    return Fraction(price(usage, rates).total_usd) / usage.requests


def find_earliest_payback(student: TrainedModel) -> TuningComparison | None:
    """Find the comparison in standard that pays first, else the first one; None if there are none."""
    comparisons = [comparison for comparison in student.comparisons if comparison.tuned_offer.mode == FINE_TUNE_MODES[0]]
    return min(
        comparisons,
        key=lambda comparison: (comparison.pays_after_requests is None, comparison.pays_after_requests or 0),
        default=None,
    )


def choose_best(students: Sequence[TrainedModel]) -> TrainedModel:
    """Choose the model that pays first; if none does, the one whose training costs least."""

    def rank(student: TrainedModel) -> tuple[bool, int, Decimal]:
        payback = find_earliest_payback(student)
        after = payback and payback.pays_after_requests
        return after is None, after or 0, student.training_usd

    return min(students, key=rank)
