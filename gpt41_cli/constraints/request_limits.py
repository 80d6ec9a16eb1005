"""Does one request fit: windows, longest answers, and what the cache needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.remarks import Remark
from gpt41_cli.catalog.tables import Source
from gpt41_cli.display import number, plural
from gpt41_cli.findings import Finding, Level
from gpt41_cli.work.searches import found_tokens
from gpt41_cli.work.workload import Excess, Load, Size, Workload


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
            text = limit.text.format(number(excess.worst), number(limit.most)) + of_many(excess, load)
            brief = f"over the {limit.brief}"
            found.append(Remark(limit.rule, text, (limit.source,), brief, str(excess.worst), str(limit.most)))
    return found


def of_many(excess: Excess, load: Load) -> str:
    """Which requests break a limit, where they are not all alike."""
    return "" if load.is_uniform else f" (the worst of {number(excess.requests)} such among {plural(load.requests, 'request')})"


def check(catalog: Catalog, variant: Variant, modes: Iterable[str], load: Load, level: Level = Level.ERROR) -> list[Finding]:
    """A finding for each limit that a request breaks in any of the modes, each once."""
    broken = dict.fromkeys(each for mode in modes for each in exceeded(catalog, variant, mode, load))
    return [
        Finding(each.rule, level, f"{variant.id}: {each.text}", None, each.actual, each.allowed, variant.id) for each in broken
    ]


def check_cache(catalog: Catalog, work: Workload, variant: Variant) -> list[Finding]:
    """A notice where cached tokens are stated that the cache cannot give: they are priced as input that is not cached."""
    if work.replay is not None:
        return []
    least, load = catalog.limits.prompt_cache.minimum_tokens, work.on(catalog, variant)
    found = found_tokens(catalog, variant, work.terms.tools) or 0

    def is_short(size: Size) -> bool:
        tokens = size.input_tokens - found
        return tokens < least and work.terms.cached_in(tokens) > 0

    short = load.where(is_short)
    if not short.sizes:
        return []
    most = short.range[1] - found
    what = f"{plural(short.requests, 'request')} of these have fewer and get no discount"
    if load.is_uniform:
        what = f"this one has {number(most)} and gets no discount"
    message = f"a prompt below {number(least)} tokens is never cached; {what}"
    return [Finding("cache-minimum", Level.NOTICE, message, actual=str(most), allowed=str(least))]
