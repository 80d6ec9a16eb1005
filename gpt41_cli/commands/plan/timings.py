"""How long does this work take: every variant in every mode and usage tier, and what meets a deadline?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from gpt41_cli import notation, rules
from gpt41_cli.catalog import MODES, Catalog, Variant
from gpt41_cli.catalog.remarks import Remark
from gpt41_cli.catalog.tables import Platform
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints import request_limits as limits
from gpt41_cli.constraints.rate_limits import (
    PoolWait,
    check_monthly_limit,
    check_usage_tier,
    compute_waits,
    find_tier_block,
    find_unpublished_limits,
)
from gpt41_cli.display import format_duration
from gpt41_cli.errors import InputError, MissingPrice
from gpt41_cli.findings import Finding
from gpt41_cli.prices.notes import write_notes
from gpt41_cli.prices.quote import Quote, price_workload
from gpt41_cli.rules import Level
from gpt41_cli.work.workload import Workload


class Timing(NamedTuple):
    """One variant in one mode and usage tier: its price, and what each pool of limits makes it wait for, side by side.

    There are no `waits` where an `obstacle` keeps it from ever being done, or its limits are not known. `caveats`: it
    would pass, but the tier may not spend what it costs, or the model ends before it is done.
    """

    quote: Quote
    tier: int
    waits: tuple[PoolWait, ...]
    obstacle: Remark | None
    caveats: tuple[Remark, ...]

    @property
    def variant(self) -> Variant:
        """Which model it is."""
        return self.quote.offer.variant

    @property
    def mode(self) -> str:
        """standard, batch or priority."""
        return self.quote.mode

    @property
    def slowest_wait(self) -> PoolWait | None:
        """The pool that takes longest; None where it is never done, or nobody knows."""
        return max(self.waits, key=lambda wait: wait.seconds, default=None)

    @property
    def seconds(self) -> int | None:
        """How long it takes: in batch at most, else at least; None where it is never done, or nobody knows."""
        return self.slowest_wait and self.slowest_wait.seconds

    def meets(self, deadline: timedelta | None) -> bool:
        """Whether it is done by then, with nothing that speaks against it."""
        if self.seconds is None or self.caveats:
            return False
        return deadline is None or self.seconds <= deadline // timedelta(seconds=1)


class Plan(NamedTuple):
    """Every timing in every tier; `shown` are those that were asked about. `choice` is the cheapest that meets the deadline, in
    the smallest tier; None where there is none of either.
    """

    timings: tuple[Timing, ...]
    tier: int | None
    deadline: timedelta | None
    choice: Timing | None
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]

    @property
    def deadline_seconds(self) -> int | None:
        """The deadline in seconds."""
        return None if self.deadline is None else self.deadline // timedelta(seconds=1)

    @property
    def tiers_text(self) -> str:
        """The tiers that were asked about, in words."""
        return "any tier" if self.tier is None else f"tier {self.tier}"

    @property
    def passing(self) -> tuple[Timing, ...]:
        """The shown timings that are ever done, and of these, if there are any, those that nothing speaks against."""
        done = [each for each in self.shown if each.seconds is not None]
        return tuple([each for each in done if not each.caveats] or done)

    @property
    def shown(self) -> tuple[Timing, ...]:
        """The timings in the tier that was asked for, or in all of them."""
        return tuple(each for each in self.timings if self.tier in (None, each.tier))

    def find_least_tier(self, timing: Timing) -> Timing | None:
        """The same variant and mode in the smallest tier that meets the deadline, or lets it pass where there is none."""
        same = (each for each in self.timings if each.variant == timing.variant and each.mode == timing.mode)
        return next((each for each in same if each.meets(self.deadline)), None)


def plan(
    catalog: Catalog,
    work: Workload,
    *,
    variants: Sequence[Variant],
    tier: int | None,
    deadline: timedelta | None,
    platform: Platform,
    as_of: date,
) -> Plan:
    """The work in every mode that has a price, in one tier or all. With no `variants`, those of the family that still run.

    UnknownName for a tier that there is not; InputError for a platform without tiers, a deadline of nothing, or a variant
    whose limits are not known; MissingPrice where no mode has a price.
    """
    check_usage_tier(catalog, platform, tier)
    if deadline is not None and not deadline:
        raise InputError("deadline", notation.A_DEADLINE, "0")
    for variant in variants:
        if variant.model.rate_limits is None:
            known = ", ".join(model.id for model in catalog.models.values() if model.rate_limits)
            raise InputError("model", f"one whose rate limits {catalog.file} has ({known})", variant.id)
    running = [each for each in catalog.family if not lifecycle.find_past_shutdown(each, platform, as_of)]
    quotes = _price_all_modes(catalog, variants or running or catalog.family, work, platform, as_of)
    timings = tuple(each for priced in quotes for each in _time_all_tiers(catalog, priced, work, as_of))
    fitting = [each for each in timings if deadline and tier in (None, each.tier) and each.meets(deadline)]
    choice = min(fitting, key=lambda each: (each.quote.total_usd, each.tier, each.seconds), default=None)
    found = Plan(timings, tier, deadline, choice, (), tuple(_collect_notes(catalog, work, timings)))
    return found._replace(findings=tuple(_collect_findings(catalog, work, found, as_of)))


def _price_all_modes(
    catalog: Catalog, variants: Sequence[Variant], work: Workload, platform: Platform, as_of: date
) -> list[Quote]:
    """Every variant in every mode that has a price."""
    quotes: list[Quote] = []
    missing: list[MissingPrice] = []
    for variant in variants:
        for mode in MODES:
            try:
                quotes.append(price_workload(catalog, catalog.offer(variant, mode, platform, as_of), work))
            except MissingPrice as error:
                missing.append(error)
    if not quotes:
        raise missing[0]
    return quotes


def _time_all_tiers(catalog: Catalog, priced: Quote, work: Workload, as_of: date) -> Iterator[Timing]:
    """One offer in every usage tier, the smallest first."""
    offer = priced.offer
    variant, mode, load = offer.variant, offer.mode, work.load_on(catalog, offer.variant)
    life = lifecycle.find_past_shutdown(variant, offer.platform, as_of)
    gone = [lifecycle.make_shutdown_remark(offer.platform, life)] if life else []
    never = next(iter((*gone, *limits.find_exceeded_limits(catalog, variant, mode, load))), None)
    for tier in catalog.limits.usage_tiers.tiers:
        obstacle = (
            never or find_tier_block(catalog, variant, mode, load, tier) or find_unpublished_limits(catalog, variant, load, tier)
        )
        found = () if obstacle else tuple(compute_waits(catalog, variant, mode, load, tier))
        timing = Timing(priced, tier, found, obstacle, ())
        yield timing._replace(caveats=tuple(_find_caveats(catalog, timing, as_of)))


def _find_caveats(catalog: Catalog, timing: Timing, as_of: date) -> Iterator[Remark]:
    """What speaks against a timing that does pass: the money, and an end of the model before the work is done."""
    if timing.seconds is None:
        return
    if remark := check_monthly_limit(catalog, timing.tier, timing.quote.total_usd):
        yield remark
    if remark := lifecycle.find_end_before_done(timing.variant, timing.quote.offer.platform, as_of, timing.seconds):
        yield remark


def _collect_findings(catalog: Catalog, work: Workload, found: Plan, as_of: date) -> Iterator[Finding]:
    if found.deadline_seconds and not found.choice:
        message = f"nothing is done in {format_duration(found.deadline_seconds)} in {found.tiers_text}"
        yield Finding(rules.DEADLINE, message)
    yield from _check_obstacles(found)
    for each in found.shown:
        is_told = found.tier is not None and each.mode != "priority"
        for remark in each.caveats if is_told else ():
            message = f"{each.variant.id} in {each.mode}: {remark.text}"
            yield Finding(remark.rule, message, Level.WARNING, None, remark.actual, remark.allowed, each.variant.id)
    platform = found.shown[0].quote.offer.platform
    for variant in {each.variant.id: each.variant for each in found.shown}.values():
        if not lifecycle.find_past_shutdown(variant, platform, as_of):
            yield from lifecycle.check_lifecycle(variant, platform, as_of)
    yield from limits.check_cache_minimum(catalog, work, found.shown[0].variant)
    yield from lifecycle.check_price_table_age(catalog, as_of)


def _check_obstacles(found: Plan) -> Iterator[Finding]:
    """What never passes the tier asked about, or the highest of all: an error, unless something else meets the deadline, or only
    priority is kept out, which nobody has to use; a warning too where limits are not known, but others are.
    """
    highest = max(each.tier for each in found.shown)
    last = [each for each in found.shown if each.tier == highest]
    modes: dict[tuple[str, Remark], list[str]] = {}
    for each in last:
        if each.obstacle:
            modes.setdefault((each.variant.id, each.obstacle), []).append(each.mode)
    for (model, remark), kept_out in modes.items():
        is_spared = found.choice or kept_out == ["priority"] or (remark.rule is rules.NO_LIMITS and found.passing)
        everywhere = len(kept_out) == sum(each.variant.id == model for each in last)
        name = model if everywhere else f"{model} in {' and '.join(kept_out)}"
        level = Level.WARNING if is_spared else Level.ERROR
        yield Finding(remark.rule, f"{name}: {remark.text}", level, None, remark.actual, remark.allowed, model)


def _collect_notes(catalog: Catalog, work: Workload, timings: Sequence[Timing]) -> Iterator[str]:
    """What a reader of these times must know: each sentence once."""
    rules, tiers = catalog.limits, catalog.limits.usage_tiers
    yield (
        "Outside batch a time is the least that the limits allow, and the answers come on top; in batch it is the most, "
        f"{rules.batch.completion_window_hours} hours for each part that waits [{rules.batch.source.label}]."
    )
    yield (
        "A request counts against the tokens a minute with its input, or with the longest answer it states where that is more; "
        f"against the batch queue with its input [{tiers.source.label}]."
    )
    if any(each.quote.usage.cached_tokens for each in timings):
        yield f"Cached tokens count in full against the tokens a minute [{rules.prompt_cache.source.label}]."
    if any(each.mode == "priority" for each in timings):
        yield f"Priority counts against the limits of standard [{rules.priority.source.label}]."
    most = rules.batch.max_file_megabytes
    yield f"A Batch file may have at most {most} MB, too: gpt41 batch tells [{rules.batch.source.label}]."
    for variant in {each.variant.id: each.variant for each in timings}.values():
        published = variant.model.rate_limits
        if published and published.note:
            yield f"{variant.id}: {published.note}"
    quotes = {(each.variant.id, each.mode): each.quote for each in timings}
    yield from write_notes(catalog, work, list(quotes.values()), with_files=False)
