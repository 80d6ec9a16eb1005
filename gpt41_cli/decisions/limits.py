"""Does one request fit, and how long do all of them take: windows, longest answers, what a usage tier lets through."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.tables import RateLimit, Source
from gpt41_cli.decisions.remarks import Remark
from gpt41_cli.decisions.workload import Excess, Load, Size
from gpt41_cli.display import number, plural
from gpt41_cli.findings import Finding, Level

_MINUTES_A_DAY = 24 * 60


class _Limit(NamedTuple):
    """One limit on a request: what of it is measured, the most that is allowed, and how a sentence says that it is more."""

    rule: str
    measure: Callable[[Size], int]
    most: int
    text: str
    brief: str
    source: Source


def _limits(catalog: Catalog, variant: Variant, mode: str) -> Iterator[_Limit]:
    model = variant.model
    window, most_input, most_output = variant.context_window, model.max_input_tokens, model.max_output_tokens
    text = "{0} tokens of input and output are over the context window of {1}"
    yield _Limit(
        "context-window", lambda size: size.input_tokens + size.output_tokens, window, text, "context window", model.source
    )
    if most_input is not None:
        text = "{0} input tokens are over the most it takes, {1}"
        yield _Limit("max-input-tokens", lambda size: size.input_tokens, most_input, text, "input limit", model.source)
    if most_output is not None:
        text = "{0} output tokens are over the most it gives, {1}"
        yield _Limit("max-output-tokens", lambda size: size.output_tokens, most_output, text, "output limit", model.source)
    if mode == "priority":
        rule = catalog.limits.priority
        text = "priority takes no request above {1} input tokens"
        yield _Limit(
            "priority-long-context", lambda size: size.input_tokens, rule.max_input_tokens, text, "priority limit", rule.source
        )


def exceeded(catalog: Catalog, variant: Variant, mode: str, load: Load) -> list[Remark]:
    """Each limit of the variant in that mode that a request breaks, with the figures of the worst."""
    found: list[Remark] = []
    for limit in _limits(catalog, variant, mode):
        excess = load.over(limit.measure, limit.most)
        # What does not fit the window is over the most input too: one of them is enough.
        if excess and not (limit.rule == "max-input-tokens" and found):
            text = limit.text.format(number(excess.worst), number(limit.most)) + _of_many(excess, load)
            brief = f"over the {limit.brief}"
            found.append(Remark(limit.rule, text, (limit.source,), brief, str(excess.worst), str(limit.most)))
    return found


def _of_many(excess: Excess, load: Load) -> str:
    """Which requests break a limit, where they are not all alike."""
    return "" if load.is_uniform else f" (the worst of {number(excess.requests)} such among {plural(load.requests, 'request')})"


def check(catalog: Catalog, variant: Variant, modes: Iterable[str], load: Load, level: Level = Level.ERROR) -> list[Finding]:
    """A finding for each limit that a request breaks in any of the modes, each once."""
    broken = dict.fromkeys(each for mode in modes for each in exceeded(catalog, variant, mode, load))
    return [
        Finding(each.rule, level, f"{variant.id}: {each.text}", None, each.actual, each.allowed, variant.id) for each in broken
    ]


def check_cache(catalog: Catalog, load: Load) -> list[Finding]:
    """A notice where cached tokens are stated that the cache cannot give."""
    least = catalog.limits.prompt_cache.minimum_tokens
    short = load.where(lambda size: size.cached_tokens > 0 and size.input_tokens < least)
    if not short.sizes:
        return []
    most = short.range[1]
    what = f"this one has {number(most)}" if load.is_uniform else f"{plural(short.requests, 'request')} of these have fewer"
    message = f"a prompt below {number(least)} tokens is never cached; {what}"
    return [Finding("cache-minimum", Level.NOTICE, message, actual=str(most), allowed=str(least))]


class _Tier(NamedTuple):
    """What a usage tier allows for requests of one size: the limit, and where it is published."""

    limit: RateLimit
    is_long: bool
    source: Source


def _tiers(catalog: Catalog, variant: Variant, load: Load, tier: int) -> Iterator[tuple[_Tier, Load]]:
    """The limits of a tier with the part of the work that counts against them; nothing where none are published.

    Above the long-context threshold a pool of its own counts.
    """
    limits = variant.model.rate_limits
    if limits is None:
        return
    threshold = catalog.limits.long_context_tokens
    for is_long, pool in ((False, limits.standard), (True, limits.long_context)):
        part = load.where(_is_longer(threshold) if is_long else _is_no_longer(threshold))
        if part.sizes and tier in pool:
            yield _Tier(pool[tier], is_long, limits.source), part


def _is_longer(threshold: int) -> Callable[[Size], bool]:
    return lambda size: size.input_tokens > threshold


def _is_no_longer(threshold: int) -> Callable[[Size], bool]:
    return lambda size: size.input_tokens <= threshold


def tier_blocks(catalog: Catalog, variant: Variant, mode: str, load: Load, tier: int) -> Remark | None:
    """Why a usage tier never lets one of these requests through; None when it does, or its limits are not published.

    A request is charged the larger of its input and its longest answer against the tokens per minute, and in batch its
    input against the queue (OpenAI rate limits guide, 2026-07-15).
    """
    in_batch = mode == "batch"
    for allows, part in _tiers(catalog, variant, load, tier):
        allowed = allows.limit.batch_queue_tokens if in_batch else allows.limit.tokens_per_minute
        excess = part.over((lambda size: size.input_tokens) if in_batch else _charge, allowed)
        if excess:
            text = _blocked(catalog, variant, allows, tier, in_batch, excess.worst, allowed) + _of_many(excess, load)
            return Remark("usage-tier", text, (allows.source,), f"blocked in tier {tier}", str(excess.worst), str(allowed))
    return None


def _charge(size: Size) -> int:
    """What a request is charged against the tokens a minute; a maximum that it does not state is not charged."""
    return max(size.input_tokens, size.output_tokens if size.is_stated else 0)


def _blocked(catalog: Catalog, variant: Variant, allows: _Tier, tier: int, in_batch: bool, needed: int, allowed: int) -> str:
    what = "tokens in the batch queue" if in_batch else "tokens a minute"
    pool = "the long-context pool of " if allows.is_long else ""
    text = f"one request needs {number(needed)} {what}; {pool}tier {tier} allows {number(allowed)}"
    limits = variant.model.rate_limits
    above = limits.long_context.get(tier) if limits else None
    if above and not allows.is_long and not in_batch and above.tokens_per_minute > allowed:
        threshold = number(catalog.limits.long_context_tokens)
        text += (
            f", and its long-context pool of {number(above.tokens_per_minute)} opens only above {threshold} input "
            f"tokens: nothing between {number(allowed)} and {threshold} passes"
        )
    return text


class Pace(NamedTuple):
    """How long a usage tier takes for all of the work, in whole minutes, and what it waits for."""

    minutes: int
    remark: Remark


def pace(catalog: Catalog, variant: Variant, mode: str, load: Load, tier: int) -> Pace | None:
    """The time a usage tier needs for the work at least; None when a request never passes, or nothing is published."""
    if tier_blocks(catalog, variant, mode, load, tier):
        return None
    found = [_pace(catalog, mode, allows, part, tier) for allows, part in _tiers(catalog, variant, load, tier)]
    return max(found, key=lambda each: each.minutes, default=None)


def _pace(catalog: Catalog, mode: str, allows: _Tier, load: Load, tier: int) -> Pace:
    """The time that one pool of a tier needs for its part of the work."""
    limit = allows.limit
    if mode == "batch":
        parts = _queue_parts(load, limit.batch_queue_tokens)
        minutes = parts * catalog.limits.batch.completion_window_hours * 60
        reason = (
            f"queues {number(limit.batch_queue_tokens)} batch tokens at a time: {number(load.usage.input_tokens)} go in "
            f"{plural(parts, 'part')}, one after the other"
        )
    else:
        charge = sum(_charge(size) * many for size, many in load.sizes.items())
        waits = {
            f"lets {number(limit.requests_per_minute)} requests a minute through": -(-load.requests // limit.requests_per_minute),
            f"lets {number(limit.tokens_per_minute)} tokens a minute through": -(-charge // limit.tokens_per_minute),
        }
        if limit.requests_per_day:
            full_days = (load.requests - 1) // limit.requests_per_day
            waits[f"lets {number(limit.requests_per_day)} requests a day through"] = full_days * _MINUTES_A_DAY
        reason, minutes = max(waits.items(), key=lambda wait: wait[1])
    text = f"tier {tier} {reason}, which takes {_lasting(minutes)}"
    return Pace(minutes, Remark("pace", text, (allows.source,), f"takes {_lasting(minutes)}"))


def _queue_parts(load: Load, queue: int) -> int:
    """In how many parts the work passes the batch queue at least: equal requests fill it in whole numbers."""
    if load.is_uniform:
        return -(-load.requests // (queue // max(load.range[1], 1)))
    return max(-(-load.usage.input_tokens // queue), load.where(lambda size: 2 * size.input_tokens > queue).requests, 1)


def _lasting(minutes: int) -> str:
    """Minutes as people say them, rounded up."""
    if minutes >= 2 * _MINUTES_A_DAY:
        return plural(-(-minutes // _MINUTES_A_DAY), "day")
    return plural(-(-minutes // 60), "hour") if minutes >= 120 else plural(minutes, "minute")
