"""The sentences of a plan: which limit binds, how to spread the requests, and which tier would be enough."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR
from fractions import Fraction

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.plan.timings import Plan, Timing
from gpt41_cli.constraints.rate_limits import PoolWait, describe_allowance
from gpt41_cli.display import format_int, format_total, pluralize
from gpt41_cli.durations import format_duration, format_seconds
from gpt41_cli.findings import Finding

_SECONDS_PER_MINUTE, _MINUTES_PER_DAY = 60, 24 * 60
_FEW_REQUESTS_PER_MINUTE = 10
"""Below this rate, a whole number of requests per minute would be far from it."""


def name_timing(timing: Timing) -> str:
    """Name the variant and mode of a timing for a sentence."""
    return f"{timing.variant.id} in {timing.mode}"


def format_time_bound(mode: str, seconds: int) -> str:
    """Format a time with the kind of its bound: at most in batch, at least in other modes."""
    if mode == "batch":
        return f"at most {format_duration(seconds)}"
    return "within a minute" if seconds <= _SECONDS_PER_MINUTE else f"at least {format_duration(seconds)}"


def explain_binding_limits(catalog: Catalog, timing: Timing) -> Iterator[Finding]:
    """Say for each pool which limit decides how long it takes."""
    for wait in timing.waits:
        needs = "" if wait.submission else f", these need {format_int(wait.needed)}"
        allowance = f"{_name_pool(catalog, timing, wait)}: tier {timing.tier} {describe_allowance(wait)}{needs}"
        text = f"{allowance}: {format_time_bound(timing.mode, wait.seconds)}"
        yield Finding(rules.BINDS, text, actual=str(wait.needed), allowed=str(wait.allowed), sources=(wait.pool.source,))


def explain_spreading(catalog: Catalog, timing: Timing, deadline: timedelta | None) -> Iterator[Finding]:
    """Say for each pool how to send its requests so that no limit rejects one; nothing for a single request."""
    for wait in timing.waits:
        if wait.pool.load.requests > 1:
            how = _describe_files(catalog, wait) if wait.submission else _describe_rate(wait, deadline)
            yield Finding(rules.SPREAD, f"{_name_pool(catalog, timing, wait)}: {how}")


def suggest_tier(catalog: Catalog, plan: Plan, timing: Timing) -> Finding | None:
    """Suggest the smallest tier that is enough, with its time and price; None if the timing's own tier is."""
    if timing.meets(plan.deadline):
        return None
    tiers, least = catalog.limits.usage_tiers, plan.find_least_tier(timing)
    if least is None or least.seconds is None:
        return Finding(rules.NO_TIER, f"{name_timing(timing)}: no tier is enough", sources=(tiers.source,))
    tier = tiers.tiers[least.tier]
    limit = f"spend limit ${format_int(tier.monthly_limit_usd)} per month"
    opens = f"it opens after ${format_int(tier.paid_usd)} of payments; {limit}"
    usd = format_total(timing.quote.total_usd, timing.quote.usage.requests)
    took = f"{format_time_bound(timing.mode, least.seconds)} for {usd}"
    text = f"{name_timing(timing)}: tier {least.tier} is enough, {took}; {opens}"
    return Finding(rules.NEXT_TIER, text, sources=(tiers.source,))


def _name_pool(catalog: Catalog, timing: Timing, wait: PoolWait) -> str:
    """Name the timing and, if there are two pools, which of its requests the pool takes."""
    if len(timing.waits) == 1:
        return name_timing(timing)
    side = "above" if wait.pool.is_long_context else "up to"
    return f"{name_timing(timing)}, {side} {format_int(catalog.limits.long_context_tokens)} input tokens"


def _describe_rate(wait: PoolWait, deadline: timedelta | None) -> str:
    """Describe how many requests to send per minute or day at their mean charge, and how far apart over a longer deadline."""
    if wait.seconds <= _SECONDS_PER_MINUTE:
        return f"all {format_int(wait.pool.load.requests)} requests within one minute"
    rate, a_day = wait.requests_per_minute, wait.pool.limit.requests_per_day
    assert rate is not None
    is_a_days = a_day is not None and rate * _MINUTES_PER_DAY == a_day < wait.pool.load.requests
    most = f"{format_int(a_day or 0)} requests per day" if is_a_days else f"{pluralize(int(rate), 'request')} per minute"
    interval = f"one every {format_seconds(_SECONDS_PER_MINUTE / rate, ROUND_CEILING)}"
    pace = f"at most {interval}" if rate < _FEW_REQUESTS_PER_MINUTE and not is_a_days else f"at most {most} ({interval})"
    whole = deadline // timedelta(seconds=1) if deadline else 0
    relaxed = Fraction(whole, wait.pool.load.requests)
    if relaxed * rate <= _SECONDS_PER_MINUTE:
        return pace
    return f"{pace}; over {format_duration(whole)} that is one every {format_seconds(relaxed, ROUND_FLOOR)}"


def _describe_files(catalog: Catalog, wait: PoolWait) -> str:
    """Describe how many files of which size to submit, and how many of them at a time."""
    files, load = wait.submission, wait.pool.load
    assert files is not None
    if files.files == 1:
        most = catalog.limits.batch.max_file_megabytes
        return f"1 file of {pluralize(load.requests, 'request')}, or more files if they are over {most} MB"
    if files.parts == 1:
        return f"{format_int(files.files)} files of at most {pluralize(files.file_requests, 'request')}, all at once"
    size = pluralize(files.file_requests, "request") if load.is_uniform else f"{format_int(wait.allowed)} input tokens"
    if files.files_at_once == 1:
        return f"{format_int(files.files)} files of at most {size}, one after the other"
    if load.is_uniform:
        return f"{format_int(files.files)} files of at most {size}, {format_int(files.files_at_once)} at a time"
    return (
        f"{format_int(files.parts)} parts of at most {size}, one after the other, each in up to "
        f"{format_int(files.files_at_once)} files"
    )
