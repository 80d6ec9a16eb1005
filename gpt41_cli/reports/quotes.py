"""Show a quote in a report: as JSON, and in the words that several commands share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from gpt41_cli.catalog import Catalog
from gpt41_cli.display import format_int, pluralize
from gpt41_cli.prices.quote import Quote
from gpt41_cli.pricing import Usage
from gpt41_cli.reports import Json, ReportLine
from gpt41_cli.reports.bounds import choose_bound_prefix
from gpt41_cli.work.workload import Workload


def dump_quote(quote: Quote) -> Mapping[str, Json]:
    """Convert a quote to JSON: the usage of all requests together, money exact."""
    return {
        "model": quote.model,
        "mode": quote.mode,
        "platform": quote.offer.market.platform.id,
        "usage": asdict(quote.usage),
        "rates_usd_per_million": quote.rates._asdict(),
        "uncached_input_usd": quote.bill.uncached_input_usd,
        "cached_input_usd": quote.bill.cached_input_usd,
        "output_usd": quote.bill.output_usd,
        "rejected_usd": quote.bill.rejected_usd,
        "tools_usd": quote.tool_charges_usd,
        "tools": [
            {"name": charge.name, "units": charge.units, "usd": charge.usd, "source": charge.source.id}
            for charge in quote.tool_charges
        ],
        "total_usd": quote.total_usd,
        "is_lower_bound": quote.is_lower_bound,
        "caching_saves_usd": quote.bill.caching_saves_usd,
        "batch_saves_usd": quote.batch_saves_usd,
        "source": quote.offer.row.source.id,
    }


def find_bound_prefix(work: Workload, *quotes: Quote) -> str:
    """Return "at most", "at least" or the like if the price is a bound or near it: maximal answers and pictures make it the most,
    uncounted tokens the least.
    """
    is_least = work.is_lower_bound or any(quote.is_lower_bound for quote in quotes)
    is_near = work.has_largest_pictures if is_least else work.is_approximate
    return choose_bound_prefix(work.is_ceiling or work.has_largest_pictures, is_least, is_near)


def describe_requests(work: Workload) -> str:
    """Return how many requests the price is for, and of which period, to follow an amount.

    For example " per month for 40,000 requests".
    """
    return f"{format_period(work)} for {pluralize(work.requests, 'request')}"


def format_period(work: Workload) -> str:
    """Return " per month" or the like if the work is sent again in each period, else nothing."""
    return f" per {work.period}" if work.period else ""


def make_work_line(catalog: Catalog, work: Workload, quotes: Sequence[Quote]) -> ReportLine:
    """Describe the work in tokens. If models count it differently, the tokens are those of the first."""
    first = quotes[0]
    load = work.load_on(catalog, first.offer.variant)
    counted = f", as {first.model} counts" if any(quote.usage != first.usage for quote in quotes) else ""
    if load.is_uniform:
        (size,) = load.sizes
        suffix = " each" if work.requests > 1 else ""
        return ReportLine("work", f"{pluralize(work.requests, 'request')} of {_describe_tokens(size.usage)}{suffix}{counted}")
    least, most = load.input_range
    sizes = format_int(least) if least == most else f"{format_int(least)} to {format_int(most)}"
    spread = f"{pluralize(work.requests, 'request')} of {sizes} input tokens"
    return ReportLine("work", f"{spread}: {_describe_tokens(load.usage)} in total{counted}")


def _describe_tokens(usage: Usage) -> str:
    cached = f" ({format_int(usage.cached_tokens)} of them cached)" if usage.cached_tokens else ""
    return f"{pluralize(usage.input_tokens, 'input token')}{cached} and {pluralize(usage.output_tokens, 'output token')}"
