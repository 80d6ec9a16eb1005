"""How long the work takes for every variant, mode and usage tier, and which of them meets a deadline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli import notation, rules
from gpt41_cli.catalog import MODES, Catalog, Market, Variant
from gpt41_cli.constraints import lifecycle, request_limits
from gpt41_cli.constraints.rate_limits import (
    PoolWait,
    check_monthly_limit,
    check_usage_tier,
    compute_waits,
    find_tier_block,
    find_unpublished_limits,
)
from gpt41_cli.display import to_decimal
from gpt41_cli.durations import format_duration
from gpt41_cli.errors import InputError, MissingPrice
from gpt41_cli.findings import Finding
from gpt41_cli.prices.notes import write_notes
from gpt41_cli.prices.quote import Quote, price_workload
from gpt41_cli.rules import Level
from gpt41_cli.work.workload import Workload


class Timing(NamedTuple):
    """One variant in one mode and usage tier: its price, and how long each pool of limits makes it wait, all at the same time.

    `waits` is empty if an `obstacle` keeps the work from ever being done or its limits aren't known. `caveats`: the work would
    pass, but costs more than the tier may spend, or the model ends before it is done.
    """

    quote: Quote
    tier: int
    waits: tuple[PoolWait, ...]
    obstacle: Finding | None
    caveats: tuple[Finding, ...]

    @property
    def variant(self) -> Variant:
        """The variant."""
        return self.quote.offer.variant

    @property
    def mode(self) -> str:
        """standard, batch, flex or priority."""
        return self.quote.mode

    @property
    def slowest_wait(self) -> PoolWait | None:
        """The pool that takes longest; None if the work is never done or its time isn't known."""
        return max(self.waits, key=lambda wait: wait.seconds, default=None)

    @property
    def seconds(self) -> int | None:
        """How long it takes: at most in batch, at least in other modes. None if it is never done or the time isn't known."""
        return self.slowest_wait and self.slowest_wait.seconds

    @property
    def lacks_limits(self) -> bool:
        """True if nobody can say how long it takes, as the table lacks a limit."""
        return self.obstacle is not None and self.obstacle.rule is rules.NO_LIMITS

    def meets(self, deadline: timedelta | None) -> bool:
        """Return True if the work is done by then and nothing speaks against it. Flex promises no time."""
        if self.seconds is None or self.caveats or (deadline and self.mode == "flex"):
            return False
        return deadline is None or self.seconds <= deadline // timedelta(seconds=1)


class Plan(NamedTuple):
    """Every timing in every tier. `choice` is the cheapest shown one that meets the deadline, None if there is none."""

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
        """The requested tiers, in words."""
        return "any tier" if self.tier is None else f"tier {self.tier}"

    @property
    def passing(self) -> tuple[Timing, ...]:
        """The shown timings that are ever done; only those without caveats, if there are any."""
        done = [timing for timing in self.shown if timing.seconds is not None]
        return tuple([timing for timing in done if not timing.caveats] or done)

    @property
    def lacks_limits(self) -> bool:
        """True if the table has no limits of any model shown, so that nobody can say how long it takes."""
        return all(timing.variant.model.rate_limits is None for timing in self.shown)

    @property
    def shown(self) -> tuple[Timing, ...]:
        """The timings in the requested tier, or in all of them."""
        return tuple(timing for timing in self.timings if self.tier in (None, timing.tier))

    def find_least_tier(self, timing: Timing) -> Timing | None:
        """Find the same variant and mode in the smallest tier that meets the deadline or, without one, lets the work pass."""
        same = (other for other in self.timings if other.variant == timing.variant and other.mode == timing.mode)
        return next((other for other in same if other.meets(self.deadline)), None)


def plan(
    market: Market,
    work: Workload,
    *,
    variants: Sequence[Variant] = (),
    tier: int | None = None,
    deadline: timedelta | None = None,
) -> Plan:
    """Time the work in every mode that has a price, in one tier or all. Without `variants`, time those of the family that run.

    Raises UnknownName for an unknown tier, InputError for a platform without tiers or a deadline of 0, and MissingPrice if no
    mode has a price.
    """
    catalog = market.catalog
    check_usage_tier(market, tier)
    if deadline is not None and not deadline:
        raise InputError("deadline", notation.A_DEADLINE, "0")
    running = [variant for variant in catalog.family if not lifecycle.find_past_shutdown(market, variant)]
    quotes = _price_all_modes(market, variants or running or catalog.family, work)
    timings = tuple(timing for quote in quotes for timing in _time_all_tiers(quote, work))
    fitting = [timing for timing in timings if deadline and tier in (None, timing.tier) and timing.meets(deadline)]
    choice = min(fitting, key=lambda timing: (timing.quote.total_usd, timing.tier, timing.seconds), default=None)
    result = Plan(timings, tier, deadline, choice, (), tuple(_collect_notes(catalog, work, timings)))
    return result._replace(findings=tuple(_collect_findings(market, work, result)))


def _price_all_modes(market: Market, variants: Sequence[Variant], work: Workload) -> list[Quote]:
    """Price every variant in every mode that has a price. Raises MissingPrice if no mode has one."""
    quotes: list[Quote] = []
    missing: list[MissingPrice] = []
    for variant in variants:
        for mode in MODES:
            try:
                quotes.append(price_workload(market.offer(variant, mode), work))
            except MissingPrice as error:
                missing.append(error)
    if not quotes:
        raise missing[0]
    return quotes


def _time_all_tiers(quote: Quote, work: Workload) -> Iterator[Timing]:
    """Time one quote in every usage tier, the smallest first."""
    offer, catalog = quote.offer, quote.offer.market.catalog
    variant, mode, load = offer.variant, offer.mode, work.load_on(catalog, offer.variant)
    life = lifecycle.find_past_shutdown(offer.market, variant)
    gone = [lifecycle.make_shutdown_finding(offer.market.platform, life)] if life else []
    never = next(iter((*gone, *request_limits.find_exceeded_limits(catalog, variant, mode, load))), None)
    for tier in catalog.limits.usage_tiers.tiers:
        obstacle = never or find_tier_block(catalog, variant, mode, load, tier)
        obstacle = obstacle or find_unpublished_limits(catalog, variant, load, tier)
        waits = () if obstacle else tuple(compute_waits(catalog, variant, mode, load, tier))
        timing = Timing(quote, tier, waits, obstacle, ())
        yield timing._replace(caveats=tuple(_find_caveats(timing, work)))


def _find_caveats(timing: Timing, work: Workload) -> Iterator[Finding]:
    """Find what speaks against a timing that passes: its cost, or the end of the model before the work is done."""
    if timing.seconds is None:
        return
    monthly_usd = timing.quote.total_usd
    if work.period:
        monthly_usd = to_decimal(Fraction(monthly_usd) * notation.PERIODS_PER_MONTH[work.period])
    if finding := check_monthly_limit(timing.quote.offer.market.catalog, timing.tier, monthly_usd):
        yield finding
    if finding := lifecycle.find_end_before_done(timing.quote.offer.market, timing.variant, timing.seconds):
        yield finding


def _collect_findings(market: Market, work: Workload, plan: Plan) -> Iterator[Finding]:
    if plan.deadline_seconds and not plan.choice:
        known = "known to be " if plan.lacks_limits else ""
        message = f"nothing is {known}done in {format_duration(plan.deadline_seconds)} in {plan.tiers_text}"
        yield Finding(rules.DEADLINE, message, Level.WARNING if plan.lacks_limits else Level.ERROR)
    yield from _check_obstacles(plan)
    for timing in plan.shown:
        is_requested = plan.tier is not None and timing.mode != "priority"
        for finding in timing.caveats if is_requested else ():
            message = f"{timing.variant.id} in {timing.mode}: {finding.message}"
            yield finding._replace(message=message, level=Level.WARNING, subject=timing.variant.id)
    for variant in {timing.variant.id: timing.variant for timing in plan.shown}.values():
        if not lifecycle.find_past_shutdown(market, variant):
            yield from lifecycle.check_lifecycle(market, variant)
    yield from request_limits.check_output(work, market)
    yield from request_limits.check_cache_minimum(market.catalog, work, plan.shown[0].variant)
    yield from lifecycle.check_price_table_age(market)


def _check_obstacles(plan: Plan) -> Iterator[Finding]:
    """Report what never passes the requested tier, or the highest of all, as an error.

    It is a warning if something else meets the deadline, if only priority is blocked, or if limits aren't known but others
    pass, or if the table has none at all.
    """
    highest = max(timing.tier for timing in plan.shown)
    last = [timing for timing in plan.shown if timing.tier == highest]
    modes: dict[tuple[str, Finding], list[str]] = {}
    for timing in last:
        if timing.obstacle:
            modes.setdefault((timing.variant.id, timing.obstacle), []).append(timing.mode)
    for (model, finding), kept_out in modes.items():
        is_unknown = finding.rule is rules.NO_LIMITS and (plan.passing or plan.lacks_limits)
        is_spared = plan.choice or kept_out == ["priority"] or is_unknown
        everywhere = len(kept_out) == sum(timing.variant.id == model for timing in last)
        name = model if everywhere else f"{model} in {' and '.join(kept_out)}"
        level = Level.WARNING if is_spared else Level.ERROR
        yield finding._replace(message=f"{name}: {finding.message}", level=level, subject=model)


def _collect_notes(catalog: Catalog, work: Workload, timings: Sequence[Timing]) -> Iterator[str]:
    """Yield the notes that a reader of these times needs, each sentence once."""
    request_limits, tiers = catalog.limits, catalog.limits.usage_tiers
    yield (
        "A time outside batch is the least that the limits allow, plus the time to answer. In batch it is the most: "
        f"{request_limits.batch.completion_window_hours} hours for each part in turn [{request_limits.batch.source.label}]."
    )
    yield (
        "A request counts against the tokens per minute with its input, or with its maximum answer if that is larger; "
        f"against the batch queue with its input [{tiers.source.label}]."
    )
    if any(timing.quote.usage.cached_tokens for timing in timings):
        yield f"Cached tokens count in full against the tokens per minute [{request_limits.prompt_cache.source.label}]."
    if any(timing.mode == "priority" for timing in timings):
        yield f"Priority counts against the limits of standard [{request_limits.priority.source.label}]."
    most = request_limits.batch.max_file_megabytes
    yield f"A Batch file may have at most {most} MB; gpt41 batch checks that [{request_limits.batch.source.label}]."
    for variant in {timing.variant.id: timing.variant for timing in timings}.values():
        published = variant.model.rate_limits
        if published and published.note:
            yield f"{variant.id}: {published.note}"
    quotes = {(timing.variant.id, timing.mode): timing.quote for timing in timings}
    yield from write_notes(catalog, work, list(quotes.values()), with_files=False)
