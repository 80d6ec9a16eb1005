"""The same work before and after: what a model costs today, what each way out of it costs, and what does not move along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.catalog import Catalog, Offer, Variant
from gpt41_cli.catalog.remarks import Remark
from gpt41_cli.catalog.tables import Lifecycle, Platform
from gpt41_cli.commands.migrate.incompatibilities import Break, Move, breaks
from gpt41_cli.commands.migrate.replacements import Step, road
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints import request_limits as limits
from gpt41_cli.errors import InputError, MissingPrice
from gpt41_cli.findings import Finding, Level
from gpt41_cli.prices.cache_writes import Writes, writes
from gpt41_cli.prices.notes import notes
from gpt41_cli.prices.quote import Quote, quote, usage_by_rates, with_batch
from gpt41_cli.pricing import EXACT
from gpt41_cli.work.workload import Load, Workload

if TYPE_CHECKING:  # numbers need nothing that reads requests
    from gpt41_cli.work.sizing import Uses

MODES = ("standard", "batch")
"""What is compared where no mode is asked for."""

_PER_MILLION = 1_000_000


class Plan(NamedTuple):
    """What is asked: from which variant, to which (none: what is named in its place, and beside it what else there is), in which
    modes (none: MODES), where it is bought, and on which day. `uses` None: there are no requests to look into.
    """

    leaving: Variant
    to: Sequence[Variant]
    modes: Sequence[str]
    platform: Platform
    as_of: date
    uses: Uses | None = None


class Way(NamedTuple):
    """The work at another variant, in one mode; `today` is its price there today, None where it has none in that mode.

    `writes` are the most that can be written to the prompt cache; where the cache was replayed, what the replay writes.
    `reasoning_tokens` are how many each request may add before the work, its writes included, costs more than today; None where
    the model does not reason, today's price is not known, or it costs more without any.
    """

    quote: Quote
    today: Quote | None
    writes: Writes
    reasoning_tokens: int | None

    @property
    def variant(self) -> Variant:
        """Where it leads."""
        return self.quote.offer.variant

    @property
    def most_usd(self) -> Decimal:
        """The price with its cache writes, without reasoning; exact."""
        return EXACT.add(self.quote.total_usd, self.writes.usd)

    @property
    def added_usd(self) -> Decimal | None:
        """What that is more than today, exact; negative where it is less."""
        return None if self.today is None else EXACT.subtract(self.most_usd, self.today.total_usd)

    @property
    def is_dearer(self) -> bool:
        """Whether it costs more than today even where nothing is written to the prompt cache."""
        return self.today is not None and self.quote.total_usd > self.today.total_usd

    @property
    def reasons_freely(self) -> bool:
        """Whether it costs no more than today however long it reasons: reasoning ends where the answer does."""
        most, may = self.variant.model.max_output_tokens, self.reasoning_tokens
        return most is not None and may is not None and may >= most


class Missing(NamedTuple):
    """A mode in which a model has no price."""

    model: str
    mode: str
    error: MissingPrice


class Migration(NamedTuple):
    """The ways out, the target's first; the modes of each in the order asked for, the first being that of the answer.

    `target` None: nothing that has a price is named in place of the model. `breaks` are by the id of the variant; `over`,
    by mode, are the limits of the model of today that the work breaks.
    """

    work: Workload
    plan: Plan
    today: Mapping[str, Quote]
    over: Mapping[str, Sequence[Remark]]
    road: tuple[Step, ...]
    target: Variant | None
    ways: tuple[Way, ...]
    breaks: Mapping[str, tuple[Break, ...]]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def is_gone(self) -> bool:
        """Whether the model that is left is shut down on that day, so that its price is one of before."""
        return lifecycle.ended(self.plan.leaving, self.plan.platform, self.plan.as_of) is not None

    @property
    def answers(self) -> tuple[Way, ...]:
        """The ways that lead to the target, the answer first."""
        return tuple(way for way in self.ways if self.target and way.variant.id == self.target.id)

    @property
    def answer(self) -> Way | None:
        """The target in the first mode in which it has a price."""
        return next(iter(self.answers), None)


def migrate(catalog: Catalog, work: Workload, plan: Plan) -> Migration:
    """The work at the variant that is left and at those it may go to.

    MissingPrice where the variant, one that was asked for, or all of the others have no price; InputError where there is none.
    """
    modes = tuple(plan.modes) or (MODES[::-1] if work.is_batch else MODES)
    steps = road(catalog, plan.leaving, plan.platform, plan.as_of)
    contenders, ended = _contenders(catalog, plan, steps)
    offers, missing = _offers(catalog, plan.leaving, plan, modes)
    if not offers:
        raise missing[0].error
    today = {offer.mode: _quote(catalog, work, plan, offer) for offer in offers}
    ways: list[Way] = []
    unpriced: list[Missing] = []
    for variant in contenders:
        offers, without = _offers(catalog, variant, plan, modes)
        if plan.to and not offers:
            raise without[0].error
        ways += [_way(catalog, work, plan, offer, today.get(offer.mode)) for offer in offers]
        unpriced += without
    if not ways:
        raise unpriced[0].error
    target = _target(plan, steps, ways)
    ways.sort(key=lambda way: target is None or way.variant.id != target.id)
    variants = {way.variant.id: way.variant for way in ways}
    found = Migration(
        work=work,
        plan=plan,
        today=today,
        over={mode: limits.exceeded(catalog, plan.leaving, mode, work.on(catalog, plan.leaving)) for mode in today},
        road=steps,
        target=target,
        ways=tuple(ways),
        breaks={name: breaks(Move(catalog, plan.leaving, each, work, modes, plan.uses)) for name, each in variants.items()},
        findings=(),
        notes=(),
    )
    return found._replace(
        findings=tuple(_findings(catalog, found, [*missing, *unpriced])), notes=tuple(_notes(catalog, found, ended))
    )


def _notes(catalog: Catalog, found: Migration, ended: Sequence[tuple[Variant, Lifecycle]]) -> Iterator[str]:
    """What a reader must know of the prices of today and of the target, what all take for granted, and what is left out."""
    quotes = [*found.today.values(), *(way.quote for way in found.answers)]
    yield from notes(catalog, found.work, quotes, with_writes=False)
    if quotes[0].usage.cached_tokens:
        yield f"Every model is taken to read as much of the input from its prompt cache as {quotes[0].model}."
    for variant, life in ended:
        yield f"{variant.id} is left out: {lifecycle.shut_down(found.plan.platform, life).text}."


def _contenders(catalog: Catalog, plan: Plan, steps: Sequence[Step]) -> tuple[list[Variant], list[tuple[Variant, Lifecycle]]]:
    """Where the work may go, and what has ended of what it might have; what was asked for stays, ended or not."""
    if plan.to:
        if plan.leaving.id in [variant.id for variant in plan.to]:
            raise InputError(f"--to: expected another model than the one that is left, found {plan.leaving.id}")
        return list(plan.to), []
    named = [step.variant for step in steps if step.variant]
    family = catalog.family if plan.leaving.model.role == "predecessor" else ()
    successors = (Variant(model.id, model) for model in catalog.with_role("successor"))
    every = {variant.id: variant for variant in (*named, *family, *successors) if variant.model.id != plan.leaving.model.id}
    lives = {name: lifecycle.ended(variant, plan.platform, plan.as_of) for name, variant in every.items()}
    running = [variant for name, variant in every.items() if not lives[name]]
    if not running:
        none = f"{catalog.file} has none that runs on {plan.as_of}"
        raise InputError(f"--to: expected the model to move to, as {none}, found none")
    return running, [(every[name], life) for name, life in lives.items() if life]


def _offers(catalog: Catalog, variant: Variant, plan: Plan, modes: Sequence[str]) -> tuple[list[Offer], list[Missing]]:
    """The variant in each mode that has a price, and the modes that have none."""
    offers: list[Offer] = []
    missing: list[Missing] = []
    for mode in modes:
        try:
            offers.append(catalog.offer(variant, mode, plan.platform, plan.as_of))
        except MissingPrice as error:
            missing.append(Missing(variant.id, mode, error))
    return offers, missing


def _quote(catalog: Catalog, work: Workload, plan: Plan, offer: Offer) -> Quote:
    return with_batch(catalog, quote(catalog, offer, work), work, plan.as_of)


def _way(catalog: Catalog, work: Workload, plan: Plan, offer: Offer, today: Quote | None) -> Way:
    load = work.on(catalog, offer.variant)
    found = _quote(catalog, work, plan, offer)
    written = writes(offer, load, catalog.limits.prompt_cache, is_replayed=work.replay is not None)
    way = Way(found, today, written, None)
    spare = None if way.added_usd is None else -way.added_usd
    return way if spare is None else way._replace(reasoning_tokens=reasoning_tokens(offer, load, spare))


def reasoning_tokens(offer: Offer, load: Load, spare_usd: Decimal) -> int | None:
    """How many reasoning tokens each request may add for `spare_usd` in all, rounded down; None where it does not reason, or
    nothing is spared, or output costs nothing.
    """
    each = sum(usage.requests * Fraction(rates.output) for rates, usage in usage_by_rates(offer, load).items())
    if offer.variant.model.reasoning is None or spare_usd < 0 or not each:
        return None
    return int(Fraction(spare_usd) * _PER_MILLION / each)


def _target(plan: Plan, steps: Sequence[Step], ways: Sequence[Way]) -> Variant | None:
    """The first that was asked for; else the last that is named and has a price."""
    priced = {way.variant.id for way in ways}
    if plan.to:
        return plan.to[0]
    return next((step.variant for step in reversed(steps) if step.variant and step.variant.id in priced), None)


def _findings(catalog: Catalog, found: Migration, missing: Sequence[Missing]) -> Iterator[Finding]:
    """That the model ends, what does not move along to where the work is to go, and what the table does not have."""
    plan, target = found.plan, found.target
    yield from lifecycle.check(plan.leaving, plan.platform, plan.as_of, Level.ERROR)
    yield from limits.check(catalog, plan.leaving, found.today, found.work.on(catalog, plan.leaving), Level.WARNING)
    for variant in plan.to or ([target] if target else []):
        yield from lifecycle.check(variant, plan.platform, plan.as_of, Level.ERROR)
        yield from (each.finding(variant) for each in found.breaks[variant.id])
    for step in found.road:
        if step.variant is None:
            yield Finding("replacement-unknown", Level.WARNING, step.remark.text, subject=step.name)
    if target is None and not found.road:
        text = f"nothing is named in place of {plan.leaving.id}"
        yield Finding("replacement-unknown", Level.WARNING, text, subject=plan.leaving.id)
    by_mode: dict[str, list[str]] = {}
    for each in missing:
        by_mode.setdefault(each.mode, []).append(each.model)
    for mode, models in by_mode.items():
        text = f"no price is known in {mode} on {plan.platform.id} on that day for {', '.join(models)}"
        yield Finding("missing-price", Level.NOTICE, text)
    yield from limits.check_cache(catalog, found.work, plan.leaving)
    yield from lifecycle.check_table(catalog, plan.as_of)
