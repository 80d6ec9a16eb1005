"""Compute what a usage tier lets through, and how long the work takes in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from math import ceil
from operator import attrgetter
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Market, Variant
from gpt41_cli.catalog.tables import RateLimit
from gpt41_cli.constraints.batch_queue import BatchSubmission, plan_submission
from gpt41_cli.constraints.request_limits import describe_affected
from gpt41_cli.display import format_exact, format_int, pluralize
from gpt41_cli.durations import format_duration
from gpt41_cli.errors import InputError, UnknownName
from gpt41_cli.findings import Citation, Finding
from gpt41_cli.work.workload import RequestSize, VariantLoad

_SECONDS_PER_MINUTE, _MINUTES_PER_DAY = 60, 24 * 60


class TierPool(NamedTuple):
    """A pool of a tier's limits, and the part of the work that counts against it."""

    limit: RateLimit
    is_long_context: bool
    source: Citation
    load: VariantLoad


class PoolWait(NamedTuple):
    """How long one pool's part of the work takes because of one limit.

    `limit_name` is the field of the limit (`tokens_per_minute`), `needed` the total that the work needs, `allowed` what the
    tier allows. In batch, `submission` says how the work is submitted, and `seconds` is the most it takes. Otherwise `seconds` is
    the least, and `requests_per_minute` the steady rate that keeps every limit at the mean charge.
    """

    limit_name: str
    needed: int
    allowed: int
    seconds: int
    pool: TierPool
    requests_per_minute: Fraction | None = None
    submission: BatchSubmission | None = None


def check_usage_tier(market: Market, tier: int | None) -> None:
    """Raise UnknownName for an unknown usage tier, InputError for a platform without tiers."""
    platform, tiers = market.platform, market.catalog.limits.usage_tiers
    if tier is not None and tier not in tiers.tiers:
        raise UnknownName("usage tier", str(tier), map(str, tiers.tiers))
    if platform.provider != tiers.provider:
        raise InputError("usage tier", f"a platform of {tiers.provider}", f"{platform.id}, which has none")


def get_monthly_limit(catalog: Catalog, tier: int) -> int:
    """Return the dollars that a tier may spend per month."""
    return catalog.limits.usage_tiers.tiers[tier].monthly_limit_usd


def check_monthly_limit(catalog: Catalog, tier: int, total_usd: Decimal) -> Finding | None:
    """Say that the tier may not spend this much in a month; None if it may."""
    tiers, most = catalog.limits.usage_tiers, get_monthly_limit(catalog, tier)
    if total_usd <= most:
        return None
    text = f"tier {tier} has a spend limit of ${format_int(most)} per month, and this costs more"
    costs, brief = format_exact(total_usd), f"over ${format_int(most)} per month"
    return Finding(rules.MONTHLY_LIMIT, text, actual=costs, allowed=str(most), sources=(tiers.source,), brief=brief)


def find_unpublished_limits(catalog: Catalog, variant: Variant, load: VariantLoad, tier: int) -> Finding | None:
    """Say that limits that some of these requests count against aren't published; None if all are published."""
    limits = variant.model.rate_limits
    if limits is None:
        return Finding(rules.NO_LIMITS, "its rate limits aren't known", sources=(variant.model.source,), brief="limits not known")
    if sum(pool.load.requests for pool in split_into_pools(catalog, variant, load, tier)) == load.requests:
        return None
    above = format_int(catalog.limits.long_context_tokens)
    text = f"the limits of tier {tier} for requests above {above} input tokens aren't known"
    return Finding(rules.NO_LIMITS, text, sources=(limits.source,), brief="limits not known")


def split_into_pools(catalog: Catalog, variant: Variant, load: VariantLoad, tier: int) -> Iterator[TierPool]:
    """Return the limits of a tier with the parts of the work that count against them; nothing if none are published.

    Requests above the long-context threshold count against a pool of their own.
    """
    limits = variant.model.rate_limits
    if limits is None:
        return
    up_to, above = load.split_at(catalog.limits.long_context_tokens)
    for is_long, pool, part in ((False, limits.standard, up_to), (True, limits.long_context, above)):
        if part.sizes and tier in pool:
            yield TierPool(pool[tier], is_long, limits.source, part)


def find_tier_block(catalog: Catalog, variant: Variant, mode: str, load: VariantLoad, tier: int) -> Finding | None:
    """Say why a usage tier never lets one of these requests through; None if it does, or if its limits are not published.

    A request is charged the larger of its input and its longest answer against the tokens per minute, and in batch its
    input against the queue (OpenAI rate limits guide, 2026-07-15).
    """
    in_batch = mode == "batch"
    for pool in split_into_pools(catalog, variant, load, tier):
        allowed = pool.limit.batch_queue_tokens if in_batch else pool.limit.tokens_per_minute
        excess = pool.load.find_excess((lambda size: size.input_tokens) if in_batch else count_charged_tokens, allowed)
        if excess:
            worst, brief = excess.worst, f"blocked in tier {tier}"
            text = _describe_block(catalog, variant, pool, tier, in_batch, worst, allowed) + describe_affected(excess, load)
            return Finding(rules.USAGE_TIER, text, actual=str(worst), allowed=str(allowed), sources=(pool.source,), brief=brief)
    return None


def count_charged_tokens(size: RequestSize) -> int:
    """Count what a request is charged against the tokens per minute. A maximum that it doesn't state isn't charged."""
    return max(size.input_tokens, size.output_tokens if size.is_stated else 0)


def _describe_block(
    catalog: Catalog, variant: Variant, pool: TierPool, tier: int, in_batch: bool, needed: int, allowed: int
) -> str:
    what = "tokens in the batch queue" if in_batch else "tokens per minute"
    named = "the long-context pool of " if pool.is_long_context else ""
    text = f"one request needs {format_int(needed)} {what}; {named}tier {tier} allows {format_int(allowed)}"
    limits = variant.model.rate_limits
    above = limits.long_context.get(tier) if limits else None
    if above and not pool.is_long_context and not in_batch and above.tokens_per_minute > allowed:
        threshold = format_int(catalog.limits.long_context_tokens)
        text += (
            f", and its long-context pool of {format_int(above.tokens_per_minute)} opens only above {threshold} input "
            f"tokens: no request between {format_int(allowed)} and {threshold} tokens gets through"
        )
    return text


def compute_waits(catalog: Catalog, variant: Variant, mode: str, load: VariantLoad, tier: int) -> list[PoolWait]:
    """Compute the wait for each pool of a tier, all at the same time; nothing if a request never passes.

    A tier is assumed to let requests through at a steady rate, because limits are enforced over shorter spans than they are
    stated for. Priority counts against the limits of standard (OpenAI priority processing guide, 2026-07-15).
    """
    if find_tier_block(catalog, variant, mode, load, tier):
        return []
    pools = split_into_pools(catalog, variant, load, tier)
    return [_compute_batch_wait(catalog, pool) if mode == "batch" else _compute_steady_wait(pool) for pool in pools]


def _compute_steady_wait(pool: TierPool) -> PoolWait:
    """Compute the limit that takes longest to let this pool's requests through."""
    limit, requests = pool.limit, pool.load.requests
    charged = sum(count_charged_tokens(size) * many for size, many in pool.load.sizes.items())
    minutes = {
        "requests_per_minute": (requests, limit.requests_per_minute),
        "tokens_per_minute": (charged, limit.tokens_per_minute),
    }
    bottleneck = max((Fraction(needed, allowed), name) for name, (needed, allowed) in minutes.items())
    rate, (needed, allowed) = requests / bottleneck[0], minutes[bottleneck[1]]
    slowest = PoolWait(bottleneck[1], needed, allowed, ceil(_SECONDS_PER_MINUTE * bottleneck[0]), pool, rate)
    a_day = limit.requests_per_day
    if a_day is None or requests <= a_day:
        return slowest
    slowest = slowest._replace(requests_per_minute=min(rate, Fraction(a_day, _MINUTES_PER_DAY)))
    # Only full days count: the last day's requests need not take a whole day.
    seconds = (requests - 1) // a_day * _MINUTES_PER_DAY * _SECONDS_PER_MINUTE
    by_day = slowest._replace(limit_name="requests_per_day", needed=requests, allowed=a_day, seconds=seconds)
    return max(slowest, by_day, key=attrgetter("seconds"))


def _compute_batch_wait(catalog: Catalog, pool: TierPool) -> PoolWait:
    """Compute this pool's wait in batch: for the queue if the requests don't fit at once, otherwise one completion window."""
    rules, queue = catalog.limits.batch, pool.limit.batch_queue_tokens
    files = plan_submission(pool.load, queue, rules)
    if files.parts > 1:
        return PoolWait("batch_queue_tokens", pool.load.usage.input_tokens, queue, files.seconds, pool, submission=files)
    if files.files > rules.batches_per_hour:
        return PoolWait("batches_per_hour", files.files, rules.batches_per_hour, files.seconds, pool, submission=files)
    return PoolWait("completion_window_hours", 1, rules.completion_window_hours, files.seconds, pool, submission=files)


class TierDuration(NamedTuple):
    """How long a usage tier takes for all of the work, in seconds, and for what it waits."""

    seconds: int
    finding: Finding


def estimate_tier_duration(catalog: Catalog, variant: Variant, mode: str, load: VariantLoad, tier: int) -> TierDuration | None:
    """Estimate the time that a usage tier needs: the least, or in batch the most.

    Returns None if a request never passes or no limits are published.
    """
    slowest = max(compute_waits(catalog, variant, mode, load, tier), key=attrgetter("seconds"), default=None)
    if slowest is None:
        return None
    takes = f"takes {format_duration(slowest.seconds)}"
    text = f"tier {tier} {describe_allowance(slowest)}, which {takes}"
    return TierDuration(slowest.seconds, Finding(rules.PACE, text, sources=(slowest.pool.source,), brief=takes))


def describe_allowance(wait: PoolWait) -> str:
    """Describe what the tier allows, to follow its name: `lets 500 requests per minute through`."""
    if wait.submission is None:
        return f"lets {format_int(wait.allowed)} {_LIMIT_UNITS[wait.limit_name]} through"
    if wait.limit_name == "batch_queue_tokens":
        parts = pluralize(wait.submission.parts, "part")
        return (
            f"queues {format_int(wait.allowed)} batch tokens at a time: {format_int(wait.needed)} take {parts}, one "
            f"after the other"
        )
    if wait.limit_name == "batches_per_hour":
        return f"accepts {format_int(wait.allowed)} files per hour, and these are {format_int(wait.needed)}"
    return f"queues all of it at once, {pluralize(wait.pool.load.usage.input_tokens, 'input token')}"


class RateShortfall(NamedTuple):
    """A limit that is too low for what is sent every day: `needed` is the need of a mean day or minute."""

    unit: str
    needed: Fraction
    allowed: int
    tier: int
    source: Citation

    @property
    def description(self) -> str:
        """The shortfall in words that follow the name of the workload or model."""
        return (
            f"needs {format_int(ceil(self.needed))} {self.unit} on average, over the {format_int(self.allowed)} of "
            f"tier {self.tier}"
        )


def find_rate_shortfall(
    catalog: Catalog, variant: Variant, sent: Iterable[tuple[VariantLoad, Fraction]], tier: int, *, in_batch: bool
) -> RateShortfall | None:
    """Find the limit that falls shortest for loads sent to a variant a number of times per day; None if all suffice.

    Batch work waits in the queue for up to a day, so a day's input has to fit the queue.
    """
    sums: dict[tuple[str, bool], RateShortfall] = {}
    for load, times_a_day in sent:
        for pool in split_into_pools(catalog, variant, load, tier):
            for unit, needed, allowed in _list_daily_needs(pool, in_batch=in_batch):
                before = sums.get((unit, pool.is_long_context))
                whole = needed * times_a_day + (before.needed if before else 0)
                sums[unit, pool.is_long_context] = RateShortfall(unit, whole, allowed, tier, pool.source)
    behind = [shortfall for shortfall in sums.values() if shortfall.needed > shortfall.allowed]
    return max(behind, key=lambda shortfall: shortfall.needed / shortfall.allowed, default=None)


def _list_daily_needs(pool: TierPool, *, in_batch: bool) -> Iterator[tuple[str, Fraction, int]]:
    """List how much of each limit the pool's part of the work needs if it is sent once a day, and what the limit allows."""
    limit, requests = pool.limit, Fraction(pool.load.requests)
    if in_batch:
        yield "batch tokens per day", Fraction(pool.load.usage.input_tokens), limit.batch_queue_tokens
        return
    charged = sum(count_charged_tokens(size) * many for size, many in pool.load.sizes.items())
    yield "requests per minute", requests / _MINUTES_PER_DAY, limit.requests_per_minute
    yield "tokens per minute", Fraction(charged, _MINUTES_PER_DAY), limit.tokens_per_minute
    if limit.requests_per_day is not None:
        yield "requests per day", requests, limit.requests_per_day


_LIMIT_UNITS = {
    "requests_per_minute": "requests per minute",
    "requests_per_day": "requests per day",
    "tokens_per_minute": "tokens per minute",
}
