"""The sentences of a plan: what binds, how to spread the requests, and which tier would do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction

from gpt41_cli.catalog import Catalog
from gpt41_cli.catalog.remarks import Remark
from gpt41_cli.commands.plan.timings import Plan, Timing
from gpt41_cli.constraints.rate_limits import Wait, allowance
from gpt41_cli.display import lasting, money, number, plural, seconds_down, seconds_up

_MINUTE, _MINUTES_A_DAY = 60, 24 * 60
_FEW = 10
"""Requests a minute below which a whole number of them would be far from the rate."""


def name(timing: Timing) -> str:
    """Variant and mode as sentences name them."""
    return f"{timing.variant.id} in {timing.mode}"


def time(mode: str, seconds: int) -> str:
    """How long, with what kind of bound it is: at most in batch, at least elsewhere."""
    if mode == "batch":
        return f"at most {lasting(seconds)}"
    return "within a minute" if seconds <= _MINUTE else f"at least {lasting(seconds)}"


def binds(catalog: Catalog, timing: Timing) -> Iterator[Remark]:
    """Which limit decides how long it takes, in each pool."""
    for wait in timing.waits:
        needs = "" if wait.files else f", these need {number(wait.needed)}"
        text = f"{_pool(catalog, timing, wait)}: tier {timing.tier} {allowance(wait)}{needs}: {time(timing.mode, wait.seconds)}"
        yield Remark("binds", text, (wait.pool.source,), actual=str(wait.needed), allowed=str(wait.allowed))


def spread(catalog: Catalog, timing: Timing, deadline: timedelta | None) -> Iterator[Remark]:
    """How to send the requests so that no limit turns one away, in each pool; nothing for a single request."""
    for wait in timing.waits:
        if wait.pool.load.requests > 1:
            how = _files(catalog, wait) if wait.files else _rate(wait, deadline)
            yield Remark("spread", f"{_pool(catalog, timing, wait)}: {how}")


def next_tier(catalog: Catalog, plan: Plan, timing: Timing) -> Remark | None:
    """The smallest tier that would do, and what that tier takes; None where the one asked about does."""
    if timing.meets(plan.deadline):
        return None
    tiers, least = catalog.limits.usage_tiers, plan.least(timing)
    if least is None or least.seconds is None:
        return Remark("no-tier", f"{name(timing)}: no tier would do", (tiers.source,))
    tier = tiers.tiers[least.tier]
    opens = f"${number(tier.paid_usd)} paid opens it, for ${number(tier.monthly_limit_usd)} a month"
    took = f"{time(timing.mode, least.seconds)} for {money(timing.quote.total_usd)}"
    text = f"{name(timing)}: tier {least.tier} would do, {took}; {opens}"
    return Remark("next-tier", text, (tiers.source,))


def _pool(catalog: Catalog, timing: Timing, wait: Wait) -> str:
    """The timing, and which of its requests where there are two pools."""
    if len(timing.waits) == 1:
        return name(timing)
    side = "above" if wait.pool.is_long else "up to"
    return f"{name(timing)}, {side} {number(catalog.limits.long_context_tokens)} input tokens"


def _rate(wait: Wait, deadline: timedelta | None) -> str:
    """How many requests at a time, at the mean charge, and how far apart over the whole of a deadline that is longer."""
    if wait.seconds <= _MINUTE:
        return f"all {number(wait.pool.load.requests)} requests within one minute"
    rate, a_day = wait.requests_a_minute, wait.pool.limit.requests_per_day
    assert rate is not None
    is_a_days = a_day is not None and rate * _MINUTES_A_DAY == a_day < wait.pool.load.requests
    most = f"{number(a_day or 0)} requests a day" if is_a_days else f"{plural(int(rate), 'request')} a minute"
    interval = f"one every {seconds_up(_MINUTE / rate)}"
    pace = f"at most {interval}" if rate < _FEW and not is_a_days else f"at most {most} ({interval})"
    whole = deadline // timedelta(seconds=1) if deadline else 0
    relaxed = Fraction(whole, wait.pool.load.requests)
    return f"{pace}; over {lasting(whole)} that is one every {seconds_down(relaxed)}" if relaxed * rate > _MINUTE else pace


def _files(catalog: Catalog, wait: Wait) -> str:
    """How many files of what size, and how many of them at a time."""
    files, load = wait.files, wait.pool.load
    assert files is not None
    if files.files == 1:
        most = catalog.limits.batch.max_file_megabytes
        return f"1 file of {plural(load.requests, 'request')}, or more where they are over {most} MB"
    if files.parts == 1:
        return f"{number(files.files)} files of at most {plural(files.file_requests, 'request')}, all at once"
    size = plural(files.file_requests, "request") if load.is_uniform else f"{number(wait.allowed)} input tokens"
    if files.files_at_once == 1:
        return f"{number(files.files)} files of at most {size}, one after the other"
    if load.is_uniform:
        return f"{number(files.files)} files of at most {size}, {number(files.files_at_once)} at a time"
    return (
        f"{number(files.parts)} parts of at most {size}, one after the other, each in up to {number(files.files_at_once)} files"
    )
