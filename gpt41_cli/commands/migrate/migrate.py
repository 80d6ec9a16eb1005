"""Price the same work before and after a move: on today's model and on each replacement, with what breaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Market, Offer, Variant
from gpt41_cli.catalog.tables import Lifecycle
from gpt41_cli.commands.migrate.incompatibilities import ModelChange, find_incompatibilities
from gpt41_cli.constraints import lifecycle, request_limits
from gpt41_cli.constraints.replacements import ReplacementStep, follow_replacements
from gpt41_cli.errors import InputError, MissingPrice
from gpt41_cli.findings import Finding
from gpt41_cli.prices.notes import write_notes
from gpt41_cli.prices.quote import CacheWrites, Quote, add_batch_price, price_cache_writes, price_workload
from gpt41_cli.prices.usage_by_rates import UsageByRates
from gpt41_cli.pricing import EXACT
from gpt41_cli.rules import Level
from gpt41_cli.work.workload import Workload

if TYPE_CHECKING:  # numbers alone need nothing that reads requests
    from gpt41_cli.work.sizing import RequestTotals

DEFAULT_MODES = ("standard", "batch", "flex")
"""The modes that are compared if none is requested; the last one if it has a price."""


class MigrationQuestion(NamedTuple):
    """From which variant, to which (empty: replacements and successors), in which modes (empty: the default ones), on which
    market. `uses` is None if there are no requests to look into.
    """

    from_variant: Variant
    to_variants: Sequence[Variant]
    modes: Sequence[str]
    market: Market
    uses: RequestTotals | None = None


class MigrationPath(NamedTuple):
    """The work at another variant in one mode. `current_quote` is today's price in that mode, or in standard
    if today's model has no flex; None if there is none.

    `cache_writes` is the most that can be written to the prompt cache or, if the cache was replayed, what the replay writes.
    `spare_reasoning_tokens` is how many each request may add before the work, cache writes included, costs more than today. It is
    None if the model doesn't reason, today's price isn't known, or the work costs more without any. `reasoning_token_usd` is what
    one more token of output in every request costs, exact.
    """

    quote: Quote
    current_quote: Quote | None
    cache_writes: CacheWrites
    spare_reasoning_tokens: int | None
    reasoning_token_usd: Decimal

    @property
    def variant(self) -> Variant:
        """The variant that the path leads to."""
        return self.quote.offer.variant

    @property
    def total_with_writes_usd(self) -> Decimal:
        """The price with cache writes, without reasoning; exact."""
        return EXACT.add(self.quote.total_usd, self.cache_writes.extra_usd)

    @property
    def added_usd(self) -> Decimal | None:
        """The exact change from today; negative if it costs less, None if today's price isn't known."""
        return None if self.current_quote is None else EXACT.subtract(self.total_with_writes_usd, self.current_quote.total_usd)

    @property
    def is_more_expensive(self) -> bool:
        """True if the work costs more than today even if nothing is written to the prompt cache."""
        return self.current_quote is not None and self.quote.total_usd > self.current_quote.total_usd

    @property
    def has_unlimited_reasoning(self) -> bool:
        """True if no amount of reasoning costs more than today: the output limit ends reasoning first."""
        most, may = self.variant.model.max_output_tokens, self.spare_reasoning_tokens
        return most is not None and may is not None and may >= most


class UnpricedMode(NamedTuple):
    """A mode in which a model has no price."""

    model: str
    mode: str
    error: MissingPrice


class Migration(NamedTuple):
    """The paths out of a model, the target's first. The modes of each are in the requested order, the answer's first.

    `target` is None if no replacement has a price. `incompatibilities` are by variant id; `exceeded_limits`, by mode, are
    the limits of today's model that the work exceeds; `refusing_limits` are those of the target, in any of the modes.
    """

    work: Workload
    question: MigrationQuestion
    current_quotes: Mapping[str, Quote]
    exceeded_limits: Mapping[str, Sequence[Finding]]
    replacement_steps: tuple[ReplacementStep, ...]
    target: Variant | None
    paths: tuple[MigrationPath, ...]
    refusing_limits: tuple[Finding, ...]
    incompatibilities: Mapping[str, tuple[Finding, ...]]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def is_shut_down(self) -> bool:
        """True if the model to leave is shut down on that day, so its price is a past one."""
        return lifecycle.find_past_shutdown(self.question.market, self.question.from_variant) is not None

    @property
    def target_paths(self) -> tuple[MigrationPath, ...]:
        """The paths to the target, the answer first."""
        return tuple(path for path in self.paths if self.target and path.variant.id == self.target.id)

    @property
    def chosen_path(self) -> MigrationPath | None:
        """The path to the target in the first mode in which it has a price; None without a target."""
        return next(iter(self.target_paths), None)


def plan_migration(work: Workload, question: MigrationQuestion) -> Migration:
    """Price the work at the variant to leave and at those it may move to.

    Raises MissingPrice if the variant to leave, a requested one or all others have no price, InputError if there are no others.
    """
    catalog = question.market.catalog
    modes = tuple(question.modes) or tuple(sorted(DEFAULT_MODES, key=lambda mode: mode != work.mode))
    steps = follow_replacements(question.market, question.from_variant)
    contenders, ended = _find_contenders(question, steps)
    offers, missing = _find_offers(question, question.from_variant, modes)
    if not offers and "flex" in modes:  # flex is for successors: what it saves is against standard
        offers, _ = _find_offers(question, question.from_variant, DEFAULT_MODES[:1])
    if not offers:
        raise missing[0].error
    today = {offer.mode: add_batch_price(price_workload(offer, work), work) for offer in offers}
    flex_today = {"flex": today["standard"]} if "standard" in today else {}  # if the model of today has no flex
    paths: list[MigrationPath] = []
    unpriced: list[UnpricedMode] = []
    for variant in contenders:
        offers, without = _find_offers(question, variant, modes)
        if question.to_variants and not offers:
            raise without[0].error
        paths += [_price_path(work, offer, today.get(offer.mode) or flex_today.get(offer.mode)) for offer in offers]
        unpriced += without
    if not paths:
        raise unpriced[0].error
    target = _choose_target(question, steps, paths)
    paths.sort(key=lambda path: target is None or path.variant.id != target.id)
    variants = {path.variant.id: path.variant for path in paths}
    load = work.load_on(catalog, question.from_variant)
    migration = Migration(
        work=work,
        question=question,
        current_quotes=today,
        exceeded_limits={mode: request_limits.find_exceeded_limits(catalog, question.from_variant, mode, load) for mode in today},
        replacement_steps=steps,
        target=target,
        paths=tuple(paths),
        refusing_limits=_find_refusing_limits(catalog, work, target, modes) if target else (),
        incompatibilities={
            name: find_incompatibilities(ModelChange(catalog, question.from_variant, variant, work, modes, question.uses))
            for name, variant in variants.items()
        },
        findings=(),
        notes=(),
    )
    return migration._replace(
        findings=tuple(_collect_findings(catalog, migration, [*missing, *unpriced])),
        notes=tuple(_collect_notes(catalog, migration, ended)),
    )


def _find_refusing_limits(catalog: Catalog, work: Workload, target: Variant, modes: Sequence[str]) -> tuple[Finding, ...]:
    load = work.load_on(catalog, target)
    exceeded = (request_limits.find_exceeded_limits(catalog, target, mode, load) for mode in modes)
    return tuple(dict.fromkeys(chain.from_iterable(exceeded)))


def _collect_notes(catalog: Catalog, migration: Migration, ended: Sequence[tuple[Variant, Lifecycle]]) -> Iterator[str]:
    """Yield notes on the prices of today and of the target, and on what is left out."""
    quotes = [*migration.current_quotes.values(), *(path.quote for path in migration.target_paths)]
    yield from write_notes(catalog, migration.work, quotes, with_differences=False)
    if quotes[0].usage.cached_tokens:
        yield f"Every model is assumed to read as much of the input from its prompt cache as {quotes[0].model}."
    for variant, life in ended:
        yield f"{variant.id} is left out: {lifecycle.make_shutdown_finding(migration.question.market.platform, life).message}."


def _find_contenders(
    question: MigrationQuestion, steps: Sequence[ReplacementStep]
) -> tuple[list[Variant], list[tuple[Variant, Lifecycle]]]:
    """Return the variants that the work may move to, and those left out because they have ended. Requested ones always stay."""
    catalog, leaving = question.market.catalog, question.from_variant
    if question.to_variants:
        if leaving.id in [variant.id for variant in question.to_variants]:
            raise InputError("--to", "a model other than the one that you leave", leaving.id)
        return list(question.to_variants), []
    named = [step.variant for step in steps if step.variant]
    family = catalog.family if leaving.model.role == "predecessor" else ()
    successors = (Variant(model.id, model) for model in catalog.models_with_role("successor"))
    variants = {variant.id: variant for variant in (*named, *family, *successors) if variant.model.id != leaving.model.id}
    lives = {name: lifecycle.find_past_shutdown(question.market, variant) for name, variant in variants.items()}
    running = [variant for name, variant in variants.items() if not lives[name]]
    if not running:
        missing = f"{catalog.file} has none that runs on {question.market.as_of}"
        raise InputError("--to", f"the model to move to, as {missing}", "none")
    return running, [(variants[name], life) for name, life in lives.items() if life]


def _find_offers(question: MigrationQuestion, variant: Variant, modes: Sequence[str]) -> tuple[list[Offer], list[UnpricedMode]]:
    """Return the variant's offer in each mode that has a price, and the modes that have none. A missing flex price isn't listed
    unless flex was asked for.
    """
    offers: list[Offer] = []
    missing: list[UnpricedMode] = []
    for mode in modes:
        try:
            offers.append(question.market.offer(variant, mode))
        except MissingPrice as error:
            if mode != "flex" or question.modes:
                missing.append(UnpricedMode(variant.id, mode, error))
    return offers, missing


def _price_path(work: Workload, offer: Offer, old: Quote | None) -> MigrationPath:
    catalog = offer.market.catalog
    load = work.load_on(catalog, offer.variant)
    quote = add_batch_price(price_workload(offer, work), work)
    written = price_cache_writes(offer, work)
    token_usd = UsageByRates.from_load(offer.variant, load).price_token_of_each(offer)
    path = MigrationPath(quote, old, written, None, token_usd)
    spare = None if path.added_usd is None else -path.added_usd
    if spare is None:
        return path
    return path._replace(spare_reasoning_tokens=find_reasoning_headroom(offer.variant, token_usd, spare))


def find_reasoning_headroom(variant: Variant, token_usd: Decimal, spare_usd: Decimal) -> int | None:
    """Return how many reasoning tokens each request may add for `spare_usd` in total, rounded down, if one in every request costs
    `token_usd`; None if the model doesn't reason, `spare_usd` is negative or output is free.
    """
    if variant.model.reasoning is None or spare_usd < 0 or not token_usd:
        return None
    return int(Fraction(spare_usd) / Fraction(token_usd))


def _choose_target(
    question: MigrationQuestion, steps: Sequence[ReplacementStep], paths: Sequence[MigrationPath]
) -> Variant | None:
    """Return the first requested variant or else the last official replacement that has a price."""
    priced = {path.variant.id for path in paths}
    if question.to_variants:
        return question.to_variants[0]
    return next((step.variant for step in reversed(steps) if step.variant and step.variant.id in priced), None)


def _collect_findings(catalog: Catalog, migration: Migration, missing: Sequence[UnpricedMode]) -> Iterator[Finding]:
    """Report that the models end, what breaks at the target, and what the price table doesn't have."""
    question, leaving, target = migration.question, migration.question.from_variant, migration.target
    yield from lifecycle.check_lifecycle(question.market, leaving, Level.ERROR)
    yield from request_limits.check_request_limits(
        catalog, leaving, migration.current_quotes, migration.work.load_on(catalog, leaving), Level.WARNING
    )
    for variant in question.to_variants or ([target] if target else []):
        yield from lifecycle.check_lifecycle(question.market, variant, Level.ERROR)
        yield from migration.incompatibilities[variant.id]
    for step in migration.replacement_steps:
        if step.variant is None:
            yield Finding(rules.REPLACEMENT_UNKNOWN, step.finding.message, subject=step.replacement_name)
    if target is None and not migration.replacement_steps:
        text = f"no replacement for {leaving.id} is known"
        yield Finding(rules.REPLACEMENT_UNKNOWN, text, subject=leaving.id)
    by_mode: dict[str, list[str]] = {}
    for unpriced in missing:
        by_mode.setdefault(unpriced.mode, []).append(unpriced.model)
    for mode, models in by_mode.items():
        text = f"no price is known in {mode} on {question.market.platform.id} on that day for {', '.join(models)}"
        yield Finding(rules.MISSING_PRICE, text, Level.NOTICE)
    # What the model that is left refuses doesn't matter any more.
    flaws = request_limits.check_output(migration.work, question.market)
    yield from (flaw for flaw in flaws if flaw.rule is not rules.REFUSED_PARAMETER)
    yield from request_limits.check_cache_minimum(catalog, migration.work, leaving)
    yield from lifecycle.check_price_table_age(question.market)


NO_EFFORT = ""
"""Stands for the effort of a number that was stated without one."""


class ReasonedPrice(NamedTuple):
    """The work on a path if each request adds `tokens` of reasoning, with all cache writes."""

    effort: str
    tokens: int
    path: MigrationPath

    @property
    def total_usd(self) -> Decimal:
        """The price of all requests, exact."""
        added = EXACT.multiply(Decimal(self.tokens), self.path.reasoning_token_usd)
        return EXACT.add(self.path.total_with_writes_usd, added)

    @property
    def added_usd(self) -> Decimal | None:
        """The change from today; None if today's price isn't known."""
        quote = self.path.current_quote
        return None if quote is None else EXACT.subtract(self.total_usd, quote.total_usd)


def price_reasoning(paths: Sequence[MigrationPath], stated: Mapping[str, int]) -> list[ReasonedPrice]:
    """Price the stated tokens on each path, effort by effort; nothing on a model that doesn't reason.

    Raises InputError for an effort that the model doesn't have.
    """
    for path in paths:
        check_efforts(path.variant, stated)
    return [
        ReasonedPrice(effort, tokens, path)
        for effort, tokens in stated.items()
        for path in paths
        if path.variant.model.reasoning is not None
    ]


def check_efforts(variant: Variant, stated: Mapping[str, int]) -> None:
    """Raise InputError for tokens that are stated at an effort that the model doesn't have."""
    reasoning = variant.model.reasoning
    for effort in stated if reasoning else ():
        if reasoning and effort != NO_EFFORT and effort not in reasoning.efforts:
            raise InputError("--reasoning-tokens", f"an effort of {variant.id} ({', '.join(reasoning.efforts)})", effort)
