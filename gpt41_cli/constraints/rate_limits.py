"""What a usage tier lets through, and how long all of the work takes in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.remarks import Remark
from gpt41_cli.catalog.tables import Platform, RateLimit, Source
from gpt41_cli.constraints.batch_queue import Submission, submission
from gpt41_cli.constraints.request_limits import of_many
from gpt41_cli.display import exact, lasting, number, plural
from gpt41_cli.errors import InputError, UnknownName
from gpt41_cli.work.workload import Load, Size

_SECONDS_A_MINUTE, _MINUTES_A_DAY = 60, 24 * 60


class Pool(NamedTuple):
    """A pool of a tier's limits, and the part of the work that counts against it."""

    limit: RateLimit
    is_long: bool
    source: Source
    load: Load


class Wait(NamedTuple):
    """How long one limit makes one pool's part of the work last.

    `limit` is the name of its field (`tokens_per_minute`), `needed` what of it the work needs in all, `allowed` what the tier
    allows. In batch `files` say how it is submitted, and `seconds` are the most it takes; else they are the least, and
    `requests_a_minute` is the steady rate that keeps to every limit, at the mean charge.
    """

    limit: str
    needed: int
    allowed: int
    seconds: int
    pool: Pool
    requests_a_minute: Fraction | None = None
    files: Submission | None = None


def check_tier(catalog: Catalog, platform: Platform, tier: int | None) -> None:
    """UnknownName for a usage tier that there is not, InputError for a platform that has none."""
    tiers = catalog.limits.usage_tiers
    if tier is not None and tier not in tiers.tiers:
        raise UnknownName("usage tier", str(tier), map(str, tiers.tiers))
    if platform.provider != tiers.provider:
        raise InputError(f"usage tier: expected a platform of {tiers.provider}, found {platform.id}, which has none")


def monthly_limit(catalog: Catalog, tier: int) -> int:
    """The dollars that a tier may spend in a month."""
    return catalog.limits.usage_tiers.tiers[tier].monthly_limit_usd


def overspent(catalog: Catalog, tier: int, total_usd: Decimal) -> Remark | None:
    """That the tier may not spend so much in a month; None where it may."""
    tiers, most = catalog.limits.usage_tiers, monthly_limit(catalog, tier)
    if total_usd <= most:
        return None
    text = f"tier {tier} may spend ${number(most)} a month, which is less than this costs"
    return Remark("monthly-limit", text, (tiers.source,), f"over ${number(most)} a month", exact(total_usd), str(most))


def unpublished(catalog: Catalog, variant: Variant, load: Load, tier: int) -> Remark | None:
    """That no limits are published which some of these requests would count against; None when all are."""
    limits = variant.model.rate_limits
    if limits is None:
        return Remark("no-limits", "no rate limits of it are known", (variant.model.source,), "limits not known")
    if sum(pool.load.requests for pool in pools(catalog, variant, load, tier)) == load.requests:
        return None
    above = number(catalog.limits.long_context_tokens)
    text = f"no limits of tier {tier} are known for requests above {above} input tokens"
    return Remark("no-limits", text, (limits.source,), "limits not known")


def pools(catalog: Catalog, variant: Variant, load: Load, tier: int) -> Iterator[Pool]:
    """The limits of a tier with the part of the work that counts against them; nothing where none are published.

    Above the long-context threshold a pool of its own counts.
    """
    limits = variant.model.rate_limits
    if limits is None:
        return
    up_to, above = load.split(catalog.limits.long_context_tokens)
    for is_long, pool, part in ((False, limits.standard, up_to), (True, limits.long_context, above)):
        if part.sizes and tier in pool:
            yield Pool(pool[tier], is_long, limits.source, part)


def tier_blocks(catalog: Catalog, variant: Variant, mode: str, load: Load, tier: int) -> Remark | None:
    """Why a usage tier never lets one of these requests through; None when it does, or its limits are not published.

    A request is charged the larger of its input and its longest answer against the tokens per minute, and in batch its
    input against the queue (OpenAI rate limits guide, 2026-07-15).
    """
    in_batch = mode == "batch"
    for pool in pools(catalog, variant, load, tier):
        allowed = pool.limit.batch_queue_tokens if in_batch else pool.limit.tokens_per_minute
        excess = pool.load.over((lambda size: size.input_tokens) if in_batch else charge, allowed)
        if excess:
            text = _blocked(catalog, variant, pool, tier, in_batch, excess.worst, allowed) + of_many(excess, load)
            return Remark("usage-tier", text, (pool.source,), f"blocked in tier {tier}", str(excess.worst), str(allowed))
    return None


def charge(size: Size) -> int:
    """What a request is charged against the tokens a minute; a maximum that it does not state is not charged."""
    return max(size.input_tokens, size.output_tokens if size.is_stated else 0)


def _blocked(catalog: Catalog, variant: Variant, pool: Pool, tier: int, in_batch: bool, needed: int, allowed: int) -> str:
    what = "tokens in the batch queue" if in_batch else "tokens a minute"
    named = "the long-context pool of " if pool.is_long else ""
    text = f"one request needs {number(needed)} {what}; {named}tier {tier} allows {number(allowed)}"
    limits = variant.model.rate_limits
    above = limits.long_context.get(tier) if limits else None
    if above and not pool.is_long and not in_batch and above.tokens_per_minute > allowed:
        threshold = number(catalog.limits.long_context_tokens)
        text += (
            f", and its long-context pool of {number(above.tokens_per_minute)} opens only above {threshold} input "
            f"tokens: nothing between {number(allowed)} and {threshold} passes"
        )
    return text


def waits(catalog: Catalog, variant: Variant, mode: str, load: Load, tier: int) -> list[Wait]:
    """What each pool of a tier makes the work wait for, side by side; nothing where a request never passes.

    A tier is taken to let requests through at a steady rate, as limits are enforced in spans shorter than they are stated in.
    Priority counts against the limits of standard (OpenAI priority processing guide, 2026-07-15).
    """
    if tier_blocks(catalog, variant, mode, load, tier):
        return []
    found = pools(catalog, variant, load, tier)
    return [_in_batch(catalog, pool) if mode == "batch" else _one_by_one(pool) for pool in found]


def _one_by_one(pool: Pool) -> Wait:
    """The limit that takes longest to let this pool's requests through as they come."""
    limit, requests = pool.limit, pool.load.requests
    charged = sum(charge(size) * many for size, many in pool.load.sizes.items())
    minutes = {
        "requests_per_minute": (requests, limit.requests_per_minute),
        "tokens_per_minute": (charged, limit.tokens_per_minute),
    }
    found = max((Fraction(needed, allowed), name) for name, (needed, allowed) in minutes.items())
    rate, (needed, allowed) = requests / found[0], minutes[found[1]]
    slowest = Wait(found[1], needed, allowed, ceil(_SECONDS_A_MINUTE * found[0]), pool, rate)
    a_day = limit.requests_per_day
    if a_day is None or requests <= a_day:
        return slowest
    slowest = slowest._replace(requests_a_minute=min(rate, Fraction(a_day, _MINUTES_A_DAY)))
    # The last day's requests need not take the whole day: only the full days before it count.
    seconds = (requests - 1) // a_day * _MINUTES_A_DAY * _SECONDS_A_MINUTE
    return max(slowest, slowest._replace(limit="requests_per_day", needed=requests, allowed=a_day, seconds=seconds), key=_seconds)


def _seconds(wait: Wait) -> int:
    return wait.seconds


def _in_batch(catalog: Catalog, pool: Pool) -> Wait:
    """What this pool's requests wait for in batch: the queue, where they do not fit at once, or a window of their own."""
    rules, queue = catalog.limits.batch, pool.limit.batch_queue_tokens
    files = submission(pool.load, queue, rules)
    if files.parts > 1:
        return Wait("batch_queue_tokens", pool.load.usage.input_tokens, queue, files.seconds, pool, files=files)
    if files.files > rules.batches_per_hour:
        return Wait("batches_per_hour", files.files, rules.batches_per_hour, files.seconds, pool, files=files)
    return Wait("completion_window_hours", 1, rules.completion_window_hours, files.seconds, pool, files=files)


class Pace(NamedTuple):
    """How long a usage tier takes for all of the work, in seconds, and what it waits for."""

    seconds: int
    remark: Remark


def pace(catalog: Catalog, variant: Variant, mode: str, load: Load, tier: int) -> Pace | None:
    """The time a usage tier needs for the work: at least, or in batch at most; None when a request never passes, or nothing is
    published.
    """
    slowest = max(waits(catalog, variant, mode, load, tier), key=_seconds, default=None)
    if slowest is None:
        return None
    time = lasting(slowest.seconds)
    return Pace(
        slowest.seconds,
        Remark("pace", f"tier {tier} {allowance(slowest)}, which takes {time}", (slowest.pool.source,), f"takes {time}"),
    )


def allowance(wait: Wait) -> str:
    """What the tier allows, as a sentence goes on after its name: `lets 500 requests a minute through`."""
    if wait.files is None:
        return f"lets {number(wait.allowed)} {_UNITS[wait.limit]} through"
    if wait.limit == "batch_queue_tokens":
        parts = plural(wait.files.parts, "part")
        return f"queues {number(wait.allowed)} batch tokens at a time: {number(wait.needed)} go in {parts}, one after the other"
    if wait.limit == "batches_per_hour":
        return f"takes {number(wait.allowed)} files an hour: these are {number(wait.needed)}"
    return f"queues all of it at once, {plural(wait.pool.load.usage.input_tokens, 'input token')}"


class Behind(NamedTuple):
    """A limit that does not let through what is sent day after day: what a mean day or minute `needed` of it."""

    unit: str
    needed: Fraction
    allowed: int
    tier: int
    source: Source

    @property
    def told(self) -> str:
        """That as a sentence goes on after what falls behind."""
        return f"needs {number(ceil(self.needed))} {self.unit} in the mean, over the {number(self.allowed)} of tier {self.tier}"


def falls_behind(
    catalog: Catalog, variant: Variant, sent: Iterable[tuple[Load, Fraction]], tier: int, *, in_batch: bool
) -> Behind | None:
    """The limit that falls shortest of loads that are sent to a variant, each so many times a day; None where none does.

    What is asked in batch waits in the queue for up to a day, so that a day's input has to fit it.
    """
    sums: dict[tuple[str, bool], Behind] = {}
    for load, times_a_day in sent:
        for pool in pools(catalog, variant, load, tier):
            for unit, needed, allowed in _a_day(pool, in_batch=in_batch):
                before = sums.get((unit, pool.is_long))
                whole = needed * times_a_day + (before.needed if before else 0)
                sums[unit, pool.is_long] = Behind(unit, whole, allowed, tier, pool.source)
    behind = [each for each in sums.values() if each.needed > each.allowed]
    return max(behind, key=lambda each: each.needed / each.allowed, default=None)


def _a_day(pool: Pool, *, in_batch: bool) -> Iterator[tuple[str, Fraction, int]]:
    """What the pool's part of the work needs of each limit when it is sent once a day, and what the limit allows."""
    limit, requests = pool.limit, Fraction(pool.load.requests)
    if in_batch:
        yield "batch tokens a day", Fraction(pool.load.usage.input_tokens), limit.batch_queue_tokens
        return
    charged = sum(charge(size) * many for size, many in pool.load.sizes.items())
    yield "requests a minute", requests / _MINUTES_A_DAY, limit.requests_per_minute
    yield "tokens a minute", Fraction(charged, _MINUTES_A_DAY), limit.tokens_per_minute
    if limit.requests_per_day is not None:
        yield "requests a day", requests, limit.requests_per_day


_UNITS = {
    "requests_per_minute": "requests a minute",
    "requests_per_day": "requests a day",
    "tokens_per_minute": "tokens a minute",
}
