"""Describe from which load on provisioned throughput costs less than paying by the token."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from gpt41_cli.display import format_int, format_percent, format_price, format_rate, to_decimal
from gpt41_cli.prices.provisioned import ProvisionedBreakEven, find_provisioned_break_even
from gpt41_cli.prices.quote import Quote
from gpt41_cli.reports import ReportLine
from gpt41_cli.work.workload import Workload


def make_provisioned_lines(quote: Quote, work: Workload) -> Iterator[ReportLine]:
    """Yield the break-even of provisioned throughput (PTU) and its formula, on platforms that sell it for the model."""
    even = find_provisioned_break_even(quote, work)
    if even is None:
        return
    cited = even.source.label
    if even.is_too_long:
        text = f"provisioned throughput takes no requests above {format_int(even.max_input_tokens)} input tokens"
        yield ReportLine("ptu", text, cited)
        return
    yield ReportLine("ptu", _describe_break_even(even), cited)
    yield ReportLine("ptu", _describe_formula(even), cited, is_detail=True)


def _describe_break_even(even: ProvisionedBreakEven) -> str:
    worth, least = format_price(to_decimal(even.worth_usd)), f"at least {even.minimum} PTU"
    tokens = even.break_even_tokens_per_minute
    if even.usd_per_hour is None or tokens is None:
        stated = "no source states its price, but ptu_usd_per_hour in a --pricing file can"
        return f"a PTU pays off below {worth} per hour, if it is always busy ({least}); {stated}"
    price = f"at {format_rate(even.usd_per_hour)} per hour, a PTU"
    if tokens > even.tokens_per_minute:
        return f"{price} doesn't pay off: always busy, it does work worth {worth} per hour by the token"
    share = format_percent(to_decimal(tokens / even.tokens_per_minute, 4))
    return f"{price} pays off from {format_int(ceil(tokens))} tokens per minute on, {share} of its capacity ({least})"


def _describe_formula(even: ProvisionedBreakEven) -> str:
    taken, counted = format_int(even.tokens_per_minute), format_int(round(even.tokens_per_request))
    usd, worth = format_price(to_decimal(even.usd_per_request)), format_price(to_decimal(even.worth_usd))
    return (
        f"a PTU takes {taken} tokens per minute; output counts {even.output_weight} times, cached input not at all, so that a "
        f"request counts as {counted}: {taken} x 60 / {counted} x {usd} = {worth} per hour"
    )
