"""Does one request fit, and how long do all of them take: windows, longest answers, what a usage tier lets through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.tables import RateLimit, Source
from gpt41_cli.decisions.remarks import Remark
from gpt41_cli.decisions.workload import Workload
from gpt41_cli.display import number, plural
from gpt41_cli.findings import Finding, Level
from gpt41_cli.pricing import Usage

_MINUTES_A_DAY = 24 * 60


def exceeded(catalog: Catalog, variant: Variant, mode: str, request: Usage) -> list[Remark]:
    """Each limit of the variant in that mode that the request breaks, with both figures."""
    model = variant.model
    found = []
    needed = request.input_tokens + request.output_tokens
    window = variant.context_window
    if needed > window:
        text = f"{number(needed)} tokens of input and output are over the context window of {number(window)}"
        found.append(_over("context-window", text, "context window", model.source, needed, window))
    elif model.max_input_tokens is not None and request.input_tokens > model.max_input_tokens:
        most = model.max_input_tokens
        text = f"{number(request.input_tokens)} input tokens are over the most it takes, {number(most)}"
        found.append(_over("max-input-tokens", text, "input limit", model.source, request.input_tokens, most))
    if model.max_output_tokens is not None and request.output_tokens > model.max_output_tokens:
        most = model.max_output_tokens
        text = f"{number(request.output_tokens)} output tokens are over the most it gives, {number(most)}"
        found.append(_over("max-output-tokens", text, "output limit", model.source, request.output_tokens, most))
    rule = catalog.limits.priority
    if mode == "priority" and request.input_tokens > rule.max_input_tokens:
        text = f"priority takes no request above {number(rule.max_input_tokens)} input tokens"
        found.append(
            _over("priority-long-context", text, "priority limit", rule.source, request.input_tokens, rule.max_input_tokens)
        )
    return found


def _over(rule: str, text: str, brief: str, source: Source, actual: int, allowed: int) -> Remark:
    return Remark(rule, text, (source,), f"over the {brief}", str(actual), str(allowed))


def check(catalog: Catalog, variant: Variant, modes: Iterable[str], request: Usage, level: Level = Level.ERROR) -> list[Finding]:
    """A finding for each limit that the request breaks in any of the modes, each once."""
    broken = dict.fromkeys(each for mode in modes for each in exceeded(catalog, variant, mode, request))
    return [
        Finding(each.rule, level, f"{variant.id}: {each.text}", None, each.actual, each.allowed, variant.id) for each in broken
    ]


def check_cache(catalog: Catalog, request: Usage) -> list[Finding]:
    """A notice where cached tokens are stated that the cache cannot give."""
    least = catalog.limits.prompt_cache.minimum_tokens
    if not request.cached_tokens or request.input_tokens >= least:
        return []
    message = f"a prompt below {number(least)} tokens is never cached; this one has {number(request.input_tokens)}"
    return [Finding("cache-minimum", Level.NOTICE, message, actual=str(request.input_tokens), allowed=str(least))]


class _Tier(NamedTuple):
    """What a usage tier allows for requests of one size: the limit, and where it is published."""

    limit: RateLimit
    is_long: bool
    source: Source


def _tier(catalog: Catalog, variant: Variant, request: Usage, tier: int) -> _Tier | None:
    """None where no limits are published. Above the long-context threshold a pool of its own counts."""
    limits = variant.model.rate_limits
    if limits is None:
        return None
    is_long = request.input_tokens > catalog.limits.long_context_tokens
    limit = (limits.long_context if is_long else limits.standard).get(tier)
    return _Tier(limit, is_long, limits.source) if limit else None


def tier_blocks(catalog: Catalog, variant: Variant, mode: str, request: Usage, tier: int) -> Remark | None:
    """Why a usage tier never lets this one request through; None when it does, or when its limits are not published.

    A request is charged the larger of its input and its longest answer against the tokens per minute, and in batch its
    input against the queue (OpenAI rate limits guide, 2026-07-15).
    """
    allows = _tier(catalog, variant, request, tier)
    if allows is None:
        return None
    in_batch = mode == "batch"
    needed = request.input_tokens if in_batch else max(request.input_tokens, request.output_tokens)
    allowed = allows.limit.batch_queue_tokens if in_batch else allows.limit.tokens_per_minute
    if needed <= allowed:
        return None
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
    return Remark("usage-tier", text, (allows.source,), f"blocked in tier {tier}", str(needed), str(allowed))


class Pace(NamedTuple):
    """How long a usage tier takes for all of the work, in whole minutes, and what it waits for."""

    minutes: int
    remark: Remark


def pace(catalog: Catalog, variant: Variant, mode: str, work: Workload, tier: int) -> Pace | None:
    """The time a usage tier needs for the work at least; None when a request never passes, or nothing is published."""
    allows = _tier(catalog, variant, work.request, tier)
    if allows is None or tier_blocks(catalog, variant, mode, work.request, tier):
        return None
    limit = allows.limit
    if mode == "batch":
        in_queue = limit.batch_queue_tokens // max(work.request.input_tokens, 1)
        parts = -(-work.requests // in_queue)
        minutes = parts * catalog.limits.batch.completion_window_hours * 60
        reason = (
            f"queues {number(limit.batch_queue_tokens)} batch tokens at a time: {number(work.usage.input_tokens)} go in "
            f"{plural(parts, 'part')}, one after the other"
        )
    else:
        charge = max(work.request.input_tokens, work.request.output_tokens)
        waits = {
            f"lets {number(limit.requests_per_minute)} requests a minute through": -(-work.requests // limit.requests_per_minute),
            f"lets {number(limit.tokens_per_minute)} tokens a minute through": -(
                -work.requests * charge // limit.tokens_per_minute
            ),
        }
        if limit.requests_per_day:
            full_days = (work.requests - 1) // limit.requests_per_day
            waits[f"lets {number(limit.requests_per_day)} requests a day through"] = full_days * _MINUTES_A_DAY
        reason, minutes = max(waits.items(), key=lambda wait: wait[1])
    text = f"tier {tier} {reason}, which takes {_lasting(minutes)}"
    return Pace(minutes, Remark("pace", text, (allows.source,), f"takes {_lasting(minutes)}"))


def _lasting(minutes: int) -> str:
    """Minutes as people say them, rounded up."""
    if minutes >= 2 * _MINUTES_A_DAY:
        return plural(-(-minutes // _MINUTES_A_DAY), "day")
    return plural(-(-minutes // 60), "hour") if minutes >= 120 else plural(minutes, "minute")
