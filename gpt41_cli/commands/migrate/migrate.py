"""The same work before and after: what a model costs today, what each way out of it costs, and what does not move along."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Offer, Variant
from gpt41_cli.catalog.remarks import Remark
from gpt41_cli.catalog.tables import Lifecycle, Platform
from gpt41_cli.commands.migrate.incompatibilities import Incompatibility, ModelChange, find_incompatibilities
from gpt41_cli.commands.migrate.replacements import ReplacementStep, follow_replacements
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints import request_limits as limits
from gpt41_cli.errors import InputError, MissingPrice
from gpt41_cli.findings import Finding
from gpt41_cli.prices.cache_writes import CacheWrites, price_cache_writes
from gpt41_cli.prices.notes import write_notes
from gpt41_cli.prices.quote import Quote, add_batch_price, price_workload
from gpt41_cli.prices.usage_by_rates import UsageByRates
from gpt41_cli.pricing import EXACT
from gpt41_cli.rules import Level
from gpt41_cli.work.workload import VariantLoad, Workload

if TYPE_CHECKING:  # numbers need nothing that reads requests
    from gpt41_cli.work.sizing import RequestTotals

DEFAULT_MODES = ("standard", "batch")
"""What is compared where no mode is asked for."""

_PER_MILLION = 1_000_000


class MigrationQuestion(NamedTuple):
    """What is asked: from which variant, to which (none: what is named in its place, and beside it what else there is), in which
    modes (none: MODES), where it is bought, and on which day. `uses` None: there are no requests to look into.
    """

    from_variant: Variant
    to_variants: Sequence[Variant]
    modes: Sequence[str]
    platform: Platform
    as_of: date
    uses: RequestTotals | None = None


class MigrationPath(NamedTuple):
    """The work at another variant, in one mode; `current_quote` is its price there today, None where it has none in that mode.

    `cache_writes` are the most that can be written to the prompt cache; where the cache was replayed, what the replay
    writes. `spare_reasoning_tokens` are how many each request may add before the work, its writes included, costs more than
    today; None where the model does not reason, today's price is not known, or it costs more without any.
    """

    quote: Quote
    current_quote: Quote | None
    cache_writes: CacheWrites
    spare_reasoning_tokens: int | None

    @property
    def variant(self) -> Variant:
        """Where it leads."""
        return self.quote.offer.variant

    @property
    def total_with_writes_usd(self) -> Decimal:
        """The price with its cache writes, without reasoning; exact."""
        return EXACT.add(self.quote.total_usd, self.cache_writes.extra_usd)

    @property
    def added_usd(self) -> Decimal | None:
        """What that is more than today, exact; negative where it is less."""
        return None if self.current_quote is None else EXACT.subtract(self.total_with_writes_usd, self.current_quote.total_usd)

    @property
    def is_more_expensive(self) -> bool:
        """Whether it costs more than today even where nothing is written to the prompt cache."""
        return self.current_quote is not None and self.quote.total_usd > self.current_quote.total_usd

    @property
    def has_unlimited_reasoning(self) -> bool:
        """Whether it costs no more than today however long it reasons: reasoning ends where the answer does."""
        most, may = self.variant.model.max_output_tokens, self.spare_reasoning_tokens
        return most is not None and may is not None and may >= most


class UnpricedMode(NamedTuple):
    """A mode in which a model has no price."""

    model: str
    mode: str
    error: MissingPrice


class Migration(NamedTuple):
    """The ways out, the target's first; the modes of each in the order asked for, the first being that of the answer.

    `target` None: nothing that has a price is named in place of the model. `incompatibilities` are by the id of the variant;
    `exceeded_limits`, by mode, are the limits of the model of today that the work breaks.
    """

    work: Workload
    question: MigrationQuestion
    current_quotes: Mapping[str, Quote]
    exceeded_limits: Mapping[str, Sequence[Remark]]
    replacement_steps: tuple[ReplacementStep, ...]
    target: Variant | None
    paths: tuple[MigrationPath, ...]
    incompatibilities: Mapping[str, tuple[Incompatibility, ...]]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def is_shut_down(self) -> bool:
        """Whether the model that is left is shut down on that day, so that its price is one of before."""
        return lifecycle.find_past_shutdown(self.question.from_variant, self.question.platform, self.question.as_of) is not None

    @property
    def target_paths(self) -> tuple[MigrationPath, ...]:
        """The ways that lead to the target, the answer first."""
        return tuple(way for way in self.paths if self.target and way.variant.id == self.target.id)

    @property
    def chosen_path(self) -> MigrationPath | None:
        """The target in the first mode in which it has a price."""
        return next(iter(self.target_paths), None)


def plan_migration(catalog: Catalog, work: Workload, plan: MigrationQuestion) -> Migration:
    """The work at the variant that is left and at those it may go to.

    MissingPrice where the variant, one that was asked for, or all of the others have no price; InputError where there is none.
    """
    modes = tuple(plan.modes) or (DEFAULT_MODES[::-1] if work.is_batch else DEFAULT_MODES)
    steps = follow_replacements(catalog, plan.from_variant, plan.platform, plan.as_of)
    contenders, ended = _find_contenders(catalog, plan, steps)
    offers, missing = _find_offers(catalog, plan.from_variant, plan, modes)
    if not offers:
        raise missing[0].error
    today = {offer.mode: _price_offer(catalog, work, plan, offer) for offer in offers}
    ways: list[MigrationPath] = []
    unpriced: list[UnpricedMode] = []
    for variant in contenders:
        offers, without = _find_offers(catalog, variant, plan, modes)
        if plan.to_variants and not offers:
            raise without[0].error
        ways += [_price_path(catalog, work, plan, offer, today.get(offer.mode)) for offer in offers]
        unpriced += without
    if not ways:
        raise unpriced[0].error
    target = _choose_target(plan, steps, ways)
    ways.sort(key=lambda way: target is None or way.variant.id != target.id)
    variants = {way.variant.id: way.variant for way in ways}
    found = Migration(
        work=work,
        question=plan,
        current_quotes=today,
        exceeded_limits={
            mode: limits.find_exceeded_limits(catalog, plan.from_variant, mode, work.load_on(catalog, plan.from_variant))
            for mode in today
        },
        replacement_steps=steps,
        target=target,
        paths=tuple(ways),
        incompatibilities={
            name: find_incompatibilities(ModelChange(catalog, plan.from_variant, each, work, modes, plan.uses))
            for name, each in variants.items()
        },
        findings=(),
        notes=(),
    )
    return found._replace(
        findings=tuple(_collect_findings(catalog, found, [*missing, *unpriced])),
        notes=tuple(_collect_notes(catalog, found, ended)),
    )


def _collect_notes(catalog: Catalog, found: Migration, ended: Sequence[tuple[Variant, Lifecycle]]) -> Iterator[str]:
    """What a reader must know of the prices of today and of the target, what all take for granted, and what is left out."""
    quotes = [*found.current_quotes.values(), *(way.quote for way in found.target_paths)]
    yield from write_notes(catalog, found.work, quotes, with_writes=False)
    if quotes[0].usage.cached_tokens:
        yield f"Every model is taken to read as much of the input from its prompt cache as {quotes[0].model}."
    for variant, life in ended:
        yield f"{variant.id} is left out: {lifecycle.make_shutdown_remark(found.question.platform, life).text}."


def _find_contenders(
    catalog: Catalog, plan: MigrationQuestion, steps: Sequence[ReplacementStep]
) -> tuple[list[Variant], list[tuple[Variant, Lifecycle]]]:
    """Where the work may go, and what has ended of what it might have; what was asked for stays, ended or not."""
    if plan.to_variants:
        if plan.from_variant.id in [variant.id for variant in plan.to_variants]:
            raise InputError("--to", "another model than the one that is left", plan.from_variant.id)
        return list(plan.to_variants), []
    named = [step.variant for step in steps if step.variant]
    family = catalog.family if plan.from_variant.model.role == "predecessor" else ()
    successors = (Variant(model.id, model) for model in catalog.models_with_role("successor"))
    every = {variant.id: variant for variant in (*named, *family, *successors) if variant.model.id != plan.from_variant.model.id}
    lives = {name: lifecycle.find_past_shutdown(variant, plan.platform, plan.as_of) for name, variant in every.items()}
    running = [variant for name, variant in every.items() if not lives[name]]
    if not running:
        none = f"{catalog.file} has none that runs on {plan.as_of}"
        raise InputError("--to", f"the model to move to, as {none}", "none")
    return running, [(every[name], life) for name, life in lives.items() if life]


def _find_offers(
    catalog: Catalog, variant: Variant, plan: MigrationQuestion, modes: Sequence[str]
) -> tuple[list[Offer], list[UnpricedMode]]:
    """The variant in each mode that has a price, and the modes that have none."""
    offers: list[Offer] = []
    missing: list[UnpricedMode] = []
    for mode in modes:
        try:
            offers.append(catalog.offer(variant, mode, plan.platform, plan.as_of))
        except MissingPrice as error:
            missing.append(UnpricedMode(variant.id, mode, error))
    return offers, missing


def _price_offer(catalog: Catalog, work: Workload, plan: MigrationQuestion, offer: Offer) -> Quote:
    return add_batch_price(catalog, price_workload(catalog, offer, work), work, plan.as_of)


def _price_path(catalog: Catalog, work: Workload, plan: MigrationQuestion, offer: Offer, today: Quote | None) -> MigrationPath:
    load = work.load_on(catalog, offer.variant)
    found = _price_offer(catalog, work, plan, offer)
    written = price_cache_writes(offer, load, catalog.limits.prompt_cache, is_replayed=work.replay is not None)
    way = MigrationPath(found, today, written, None)
    spare = None if way.added_usd is None else -way.added_usd
    return way if spare is None else way._replace(spare_reasoning_tokens=find_reasoning_headroom(offer, load, spare))


def find_reasoning_headroom(offer: Offer, load: VariantLoad, spare_usd: Decimal) -> int | None:
    """How many reasoning tokens each request may add for `spare_usd` in all, rounded down; None where it does not reason, or
    nothing is spared, or output costs nothing.
    """
    used = UsageByRates.from_load(offer.variant, load).split_by_rates(offer)
    each = sum(usage.requests * Fraction(rates.output) for rates, usage in used.items())
    if offer.variant.model.reasoning is None or spare_usd < 0 or not each:
        return None
    return int(Fraction(spare_usd) * _PER_MILLION / each)


def _choose_target(plan: MigrationQuestion, steps: Sequence[ReplacementStep], ways: Sequence[MigrationPath]) -> Variant | None:
    """The first that was asked for; else the last that is named and has a price."""
    priced = {way.variant.id for way in ways}
    if plan.to_variants:
        return plan.to_variants[0]
    return next((step.variant for step in reversed(steps) if step.variant and step.variant.id in priced), None)


def _collect_findings(catalog: Catalog, found: Migration, missing: Sequence[UnpricedMode]) -> Iterator[Finding]:
    """That the model ends, what does not move along to where the work is to go, and what the table does not have."""
    plan, target = found.question, found.target
    yield from lifecycle.check_lifecycle(plan.from_variant, plan.platform, plan.as_of, Level.ERROR)
    yield from limits.check_request_limits(
        catalog, plan.from_variant, found.current_quotes, found.work.load_on(catalog, plan.from_variant), Level.WARNING
    )
    for variant in plan.to_variants or ([target] if target else []):
        yield from lifecycle.check_lifecycle(variant, plan.platform, plan.as_of, Level.ERROR)
        yield from (each.make_finding(variant) for each in found.incompatibilities[variant.id])
    for step in found.replacement_steps:
        if step.variant is None:
            yield Finding(rules.REPLACEMENT_UNKNOWN, step.remark.text, subject=step.replacement_name)
    if target is None and not found.replacement_steps:
        text = f"nothing is named in place of {plan.from_variant.id}"
        yield Finding(rules.REPLACEMENT_UNKNOWN, text, subject=plan.from_variant.id)
    by_mode: dict[str, list[str]] = {}
    for each in missing:
        by_mode.setdefault(each.mode, []).append(each.model)
    for mode, models in by_mode.items():
        text = f"no price is known in {mode} on {plan.platform.id} on that day for {', '.join(models)}"
        yield Finding(rules.MISSING_PRICE, text, Level.NOTICE)
    yield from limits.check_cache_minimum(catalog, found.work, plan.from_variant)
    yield from lifecycle.check_price_table_age(catalog, plan.as_of)
