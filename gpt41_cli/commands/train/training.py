"""What does a fine-tune cost, and after how many requests does it pay?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Offer, Variant
from gpt41_cli.catalog.limit_tables import TrainingRules
from gpt41_cli.catalog.lookup import FINE_TUNED_PREFIX
from gpt41_cli.catalog.remarks import Remark
from gpt41_cli.catalog.tables import HostingPrice, Platform, TrainingPrice
from gpt41_cli.commands.train.training_file import Billed
from gpt41_cli.constraints import lifecycle
from gpt41_cli.errors import InputError, MissingPrice
from gpt41_cli.pricing import EXACT, Usage, price, sum_usd, term
from gpt41_cli.work.workload import Load

MODES = ("standard", "batch")
"""The modes in which fine-tunes answer: priority takes none."""

_HOURS_A_DAY = 24


class Conditions(NamedTuple):
    """What is asked about training. `epochs` None: as many as the heuristic says. `requests` are those that will be served in
    all; None: nobody knows.
    """

    catalog: Catalog
    platform: Platform
    as_of: date
    epochs: int | None = None
    requests: int | None = None

    @property
    def rules(self) -> TrainingRules:
        """What training takes. InputError where the table does not say it."""
        rules = self.catalog.limits.fine_tuning
        if rules is None:
            raise InputError(f"{self.catalog.file}: expected limits.fine_tuning, by which training is counted, found none")
        return rules


class Lesson(NamedTuple):
    """What one model is trained on and then asked. `served` are requests whose mean stands for one in service; `load` is them as
    far as windows go. `teaching_usd`: what the answers to learn from cost.
    """

    billed: Billed
    served: Usage
    load: Load
    teaching_usd: Decimal = Decimal(0)


class Comparison(NamedTuple):
    """A fine-tune in service beside the model in whose place it answers, a request of each in US dollars, exact.

    `ends` is when the first of the two does, in so many `days`; None where no end is known. `hosting_usd` is hosting until then.
    `fixed_usd` is all that is paid whatever is asked. `saved_usd` is what all requests that will be served save; None: nobody
    knows how many these are.
    """

    tuned: Offer
    base: Offer
    tuned_each_usd: Fraction
    base_each_usd: Fraction
    ends: date | None
    days: int | None
    hosting_usd: Decimal
    fixed_usd: Decimal
    saved_usd: Fraction | None

    @property
    def saved_each_usd(self) -> Fraction:
        """What a request costs less; negative where it costs more."""
        return self.base_each_usd - self.tuned_each_usd

    @property
    def pays_after(self) -> int | None:
        """The requests after which all that was paid is saved again; None: never.

        `(training + teaching + hosting until the end) / (base - fine-tune)`, rounded up.
        """
        return ceil(Fraction(self.fixed_usd) / self.saved_each_usd) if self.saved_each_usd > 0 else None

    @property
    def pays_at_a_day(self) -> int | None:
        """The requests a day by which it pays before the end; None: never, or there is no end."""
        return ceil(Fraction(self.pays_after, self.days)) if self.pays_after is not None and self.days else None


class Student(NamedTuple):
    """A model that can be trained: what that costs, and what it is worth in place of others. `epochs` as billed."""

    tuned: Variant
    lesson: Lesson
    epochs: int
    price: TrainingPrice
    hosting: HostingPrice | None
    comparisons: tuple[Comparison, ...]

    @property
    def model(self) -> str:
        """The id of the model that is trained."""
        return self.tuned.model.id

    @property
    def trained_tokens(self) -> int:
        """What training bills, all epochs together."""
        return self.lesson.billed.trained_tokens * self.epochs

    @property
    def training_usd(self) -> Decimal:
        """The price of training, exact."""
        return term(self.trained_tokens, self.price.usd)


class Unfit(NamedTuple):
    """A model that cannot be trained, and why."""

    model: str
    reason: Remark


def trainable(variant: Variant) -> bool:
    """Whether the table has fine-tunes of a base model."""
    return variant.fine_tuned is None and variant.model.fine_tuned is not None


def tuned(catalog: Catalog, base: Variant) -> Variant:
    """What a fine-tune of `base` is, wherever it is."""
    return catalog.variant(f"{FINE_TUNED_PREFIX}{base.id}")


def epochs(conditions: Conditions, examples: int) -> int:
    """How often the examples are gone through: as often as is said, else by the heuristic."""
    return conditions.epochs or conditions.rules.epochs.epochs(examples)


def teach(
    conditions: Conditions, base: Variant, lesson: Lesson, examples: int, others: Sequence[tuple[Variant, Usage]]
) -> Student | Unfit:
    """The model trained on a lesson, beside each of the `others` with what it would see of the same requests."""
    catalog, platform, as_of = conditions.catalog, conditions.platform, conditions.as_of
    student = tuned(catalog, base)
    if life := lifecycle.ended(student, platform, as_of):
        return Unfit(base.id, lifecycle.shut_down(platform, life))
    assert student.fine_tuned
    training = student.fine_tuned.training.get(platform.id)
    if training is None:
        known = ", ".join(student.fine_tuned.training)
        text = f"no price is known for training it on {platform.id}: {catalog.file} has one on {known}"
        return Unfit(base.id, Remark("missing-price", text, brief="no price for training"))
    hosting = student.fine_tuned.hosting.get(platform.id)
    found = Student(student, lesson, epochs(conditions, examples), training, hosting, ())
    try:
        catalog.offer(student, MODES[0], platform, as_of)
        return found._replace(comparisons=tuple(_comparisons(conditions, found, others)))
    except MissingPrice as error:
        return Unfit(base.id, Remark("missing-price", str(error), brief="no price in service"))


def _comparisons(conditions: Conditions, student: Student, others: Sequence[tuple[Variant, Usage]]) -> Iterator[Comparison]:
    """The student beside each of the others that still runs, in each mode that both have."""
    for other, usage in others:
        if lifecycle.ended(other, conditions.platform, conditions.as_of):
            continue
        for mode in MODES:
            try:
                mine, its = (
                    conditions.catalog.offer(variant, mode, conditions.platform, conditions.as_of)
                    for variant in (student.tuned, other)
                )
            except MissingPrice:
                continue
            yield _compare(conditions, student, mine, its, usage)


def _compare(conditions: Conditions, student: Student, mine: Offer, its: Offer, usage: Usage) -> Comparison:
    ends = _first_end(conditions, (mine.variant, its.variant))
    days = (ends - conditions.as_of).days if ends else None
    hosting = Decimal(0)
    if student.hosting:
        if days is None:
            raise MissingPrice(f"no end is known of {student.tuned.id}, and so not for how long it is hosted")
        hosting = EXACT.multiply(student.hosting.usd, Decimal(_HOURS_A_DAY * days))
    fixed = sum_usd((student.training_usd, student.lesson.teaching_usd, hosting))
    own, other = each_usd(mine, student.lesson.served), each_usd(its, usage)
    saved = None if conditions.requests is None else (other - own) * conditions.requests - Fraction(fixed)
    return Comparison(mine, its, own, other, ends, days, hosting, fixed, saved)


def _first_end(conditions: Conditions, variants: Sequence[Variant]) -> date | None:
    """The day on which the first of them ends."""
    lives = (variant.lifecycles.get(conditions.platform.provider) for variant in variants)
    ends = [life.shutdown for life in lives if life and life.shutdown]
    return min(ends, default=None)


def each_usd(offer: Offer, usage: Usage) -> Fraction:
    """The price of the mean request, exact. A surcharge is that of a request of mean length."""
    rates = offer.rates(usage.input_tokens // usage.requests)
    return Fraction(price(usage, rates).total_usd) / usage.requests


def earliest(student: Student) -> Comparison | None:
    """The comparison in standard by which it pays first, else the first of them; None where there are none."""
    found = [each for each in student.comparisons if each.tuned.mode == MODES[0]]
    return min(found, key=lambda each: (each.pays_after is None, each.pays_after or 0), default=None)


def best(students: Sequence[Student]) -> Student:
    """The student that pays first; where none ever does, the one whose training costs least."""

    def rank(student: Student) -> tuple[bool, int, Decimal]:
        found = earliest(student)
        after = found and found.pays_after
        return after is None, after or 0, student.training_usd

    return min(students, key=rank)
