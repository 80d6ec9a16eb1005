"""Describe what follows a model that ends, in the words that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gpt41_cli import rules
from gpt41_cli.display import name_offer
from gpt41_cli.findings import Finding
from gpt41_cli.prices.succession import PricedReplacement, Succession
from gpt41_cli.pricing import sum_usd
from gpt41_cli.reports import Json
from gpt41_cli.reports.columns import Usd, choose_usd_format, show_value
from gpt41_cli.reports.quotes import dump_quote, find_bound_prefix
from gpt41_cli.work.workload import Workload

BEFORE_REASONING = " before reasoning tokens"


def describe_replacement(work: Workload, priced: PricedReplacement) -> str:
    """Write a replacement and its price: `a, $3.00 to $3.40 before reasoning tokens`."""
    show = choose_usd_format((), work.requests)
    price = f"{find_bound_prefix(work, priced.quote)}{format_usd_span(priced.quote.total_usd, priced.most_usd, show)}"
    reasoning = BEFORE_REASONING if priced.is_before_reasoning else ""
    return f"{name_offer(priced.variant.id, priced.quote.mode)}, {price}{reasoning}"


def describe_price_after(work: Workload, successions: Sequence[Succession | None], *, adds_up: bool = False) -> str:
    """Write what follows, and what all of the work costs then, to follow a price: `; after 2027-01-14 a, $3.00`.

    `adds_up`: each is for a part of the work. Otherwise each is for all of it. Empty unless all are known, and end on the same
    day with the same replacement.
    """
    known = [change for change in successions if change]
    if not known or len(known) < len(successions) or len({(change.ends, change.replacement.variant.id) for change in known}) > 1:
        return ""
    priced = [change.replacement for change in known]
    low, high = [replacement.quote.total_usd for replacement in priced], [replacement.most_usd for replacement in priced]
    span = (sum_usd(low), sum_usd(high)) if adds_up else (min(low), max(high))
    show = choose_usd_format((), work.requests)
    price = f"{find_bound_prefix(work, *(replacement.quote for replacement in priced))}{format_usd_span(*span, show)}"
    modes = {replacement.quote.mode for replacement in priced}
    name = name_offer(priced[0].variant.id, modes.pop() if len(modes) == 1 else "standard")
    return f"; after {known[0].ends} {name}, {price}{BEFORE_REASONING if priced[0].is_before_reasoning else ''}"


def format_usd_span(low: Usd, high: Usd, show: Callable[[Usd], str] = show_value) -> str:
    """Format two amounts as a span, or as one if they look alike; `show` formats each.

    >>> from fractions import Fraction
    >>> format_usd_span(Fraction(2), Fraction(5, 2)), format_usd_span(Fraction(2), Fraction(2))
    ('$2.00 to $2.50', '$2.00')
    """
    return " to ".join(dict.fromkeys(map(show, (low, high))))


def find_answered_ends(findings: Sequence[Finding], successions: Sequence[Succession | None]) -> list[Finding]:
    """Find the findings that models end, if `successions` say so and nothing about the day is uncertain."""
    certain = {change.leaving.id for change in successions if change and not change.is_uncertain}
    return [finding for finding in findings if finding.rule is rules.MODEL_RETIRES and finding.subject in certain]


def dump_succession(succession: Succession | None) -> Mapping[str, Json] | None:
    """Convert what follows to JSON."""
    return succession and {
        "from": succession.ends,
        "quote": dump_quote(succession.replacement.quote),
        "total_with_writes_usd": succession.replacement.most_usd,
    }
