"""Check whether one request fits: context windows, longest answers, and the least that the cache takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Market, Variant
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import format_int, pluralize
from gpt41_cli.findings import Citation, Finding
from gpt41_cli.rules import Level, Rule
from gpt41_cli.work.workload import LimitExcess, RequestSize, VariantLoad, Workload


class _RequestLimit(NamedTuple):
    """One limit on a request: what it measures, the most that is allowed, and the sentence for exceeding it."""

    rule: Rule
    measure: Callable[[RequestSize], int]
    most: int
    text: str
    brief: str
    source: Citation


def _list_limits(catalog: Catalog, variant: Variant, mode: str) -> Iterator[_RequestLimit]:
    model = variant.model
    window, most_input, most_output = variant.context_window, model.max_input_tokens, model.max_output_tokens
    text = "{0} tokens of input and output are over the context window of {1}"
    yield _RequestLimit(
        rules.CONTEXT_WINDOW, lambda size: size.input_tokens + size.output_tokens, window, text, "context window", model.source
    )
    if most_input is not None:
        text = "{0} input tokens are over its limit of {1}"
        yield _RequestLimit(rules.MAX_INPUT_TOKENS, lambda size: size.input_tokens, most_input, text, "input limit", model.source)
    if most_output is not None:
        text = "{0} output tokens are over its limit of {1}"
        yield _RequestLimit(
            rules.MAX_OUTPUT_TOKENS, lambda size: size.output_tokens, most_output, text, "output limit", model.source
        )
    if mode == "priority":
        most, source = catalog.limits.priority.max_input_tokens, catalog.limits.priority.source
        text = "priority doesn't accept requests above {1} input tokens"
        yield _RequestLimit(rules.PRIORITY_LONG_CONTEXT, lambda size: size.input_tokens, most, text, "priority limit", source)


class RequestLimits:
    """The limits of variants in one mode, listed once for many requests that are checked one by one."""

    def __init__(self, catalog: Catalog, mode: str) -> None:
        self._catalog = catalog
        self._mode = mode
        self._by_variant: dict[str, list[_RequestLimit]] = {}

    def find_exceeded(self, variant: Variant, size: RequestSize) -> list[Finding]:
        """Find the limits that a request exceeds, as `find_exceeded_limits` does."""
        if variant.id not in self._by_variant:
            self._by_variant[variant.id] = list(_list_limits(self._catalog, variant, self._mode))
        if all(limit.measure(size) <= limit.most for limit in self._by_variant[variant.id]):
            return []
        return find_exceeded_limits(self._catalog, variant, self._mode, VariantLoad({size: 1}))


def find_exceeded_limits(catalog: Catalog, variant: Variant, mode: str, load: VariantLoad) -> list[Finding]:
    """Find each limit of the variant in that mode that a request breaks, with the figures of the worst."""
    findings: list[Finding] = []
    for limit in _list_limits(catalog, variant, mode):
        excess = load.find_excess(limit.measure, limit.most)
        # Input over the window is over the maximum input too. One finding is enough.
        if excess and not (limit.rule is rules.MAX_INPUT_TOKENS and findings):
            text = limit.text.format(format_int(excess.worst), format_int(limit.most)) + describe_affected(excess, load)
            brief = f"over the {limit.brief}"
            findings.append(
                Finding(limit.rule, text, actual=str(excess.worst), allowed=str(limit.most), sources=(limit.source,), brief=brief)
            )
    return findings


def describe_affected(excess: LimitExcess, load: VariantLoad) -> str:
    """Say which requests exceed a limit, if they aren't all equal."""
    return (
        "" if load.is_uniform else f" (the largest of {format_int(excess.requests)} among {pluralize(load.requests, 'request')})"
    )


def check_request_limits(
    catalog: Catalog, variant: Variant, modes: Iterable[str], load: VariantLoad, level: Level = Level.ERROR
) -> list[Finding]:
    """Make a finding for each limit that a request exceeds in any of the modes, each once."""
    broken = dict.fromkeys(limit for mode in modes for limit in find_exceeded_limits(catalog, variant, mode, load))
    return [finding._replace(message=f"{variant.id}: {finding.message}", level=level, subject=variant.id) for finding in broken]


def check_output(work: Workload, market: Market) -> Iterator[Finding]:
    """Make a warning if nobody said how long answers are, and if requests have tokens that can't be counted or may be refused."""
    yield from lifecycle.date_feature_ends(market, work.flaws)
    if many := work.lower_bound_requests:
        verb, whose = ("has", "its") if many == 1 else ("have", "their")
        message = f"{pluralize(many, 'request')} {verb} tokens that cannot be counted: {whose} price is a lower bound"
        yield Finding(rules.UNCOUNTED_TOKENS, message, actual=str(many))
    if work.lacks_output:
        yield Finding(rules.OUTPUT_MISSING, "answers are not priced: give their length with --output-tokens", actual="0")


def check_cache_minimum(catalog: Catalog, work: Workload, variant: Variant) -> list[Finding]:
    """Make a notice if cached tokens are stated that the cache can't give; they are priced as uncached input."""
    if work.replay is not None:
        return []
    least, load = catalog.limits.prompt_cache.minimum_tokens, work.load_on(catalog, variant)
    search_tokens = catalog.count_search_tokens(variant, work.terms.tools) or 0

    def is_short(size: RequestSize) -> bool:
        tokens = size.input_tokens - search_tokens
        return tokens < least and work.terms.count_cached(tokens) > 0

    short = load.filter_sizes(is_short)
    if not short.sizes:
        return []
    most = short.input_range[1] - search_tokens
    what = f"{format_int(short.requests)} of these requests are shorter and get no discount"
    if load.is_uniform:
        what = f"this one has {format_int(most)} and gets no discount"
    message = f"a prompt below {format_int(least)} tokens is never cached; {what}"
    return [Finding(rules.CACHE_MINIMUM, message, actual=str(most), allowed=str(least))]
