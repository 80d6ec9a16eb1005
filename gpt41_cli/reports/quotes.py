"""TODO docstring"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gpt41_cli.catalog import Catalog
from gpt41_cli.display import exact, number, plural
from gpt41_cli.prices.quote import Quote
from gpt41_cli.prices.tools import ToolCharge
from gpt41_cli.pricing import Rates, Usage
from gpt41_cli.reports import Json, Line
from gpt41_cli.work.workload import Workload


def quote_json(quote: Quote) -> Mapping[str, Json]:
    """A quote as JSON: usage of all requests together, money as exact decimal strings."""
    return {
        "model": quote.model,
        "mode": quote.mode,
        "platform": quote.offer.platform.id,
        "usage": {
            "requests": quote.usage.requests,
            "input_tokens": quote.usage.input_tokens,
            "cached_tokens": quote.usage.cached_tokens,
            "output_tokens": quote.usage.output_tokens,
        },
        "rates_usd_per_million": _rates_json(quote.rates),
        "uncached_input_usd": exact(quote.bill.uncached_input_usd),
        "cached_input_usd": exact(quote.bill.cached_input_usd),
        "output_usd": exact(quote.bill.output_usd),
        "rejected_usd": exact(quote.rejected_usd),
        "tools_usd": exact(quote.charges_usd),
        "tools": [_charge_json(charge) for charge in quote.charges],
        "total_usd": exact(quote.total_usd),
        "is_lower_bound": quote.is_least,
        "caching_saves_usd": exact(quote.caching_saves_usd),
        "batch_saves_usd": None if quote.batch_saves_usd is None else exact(quote.batch_saves_usd),
        "source": quote.offer.row.source.id,
    }


def _charge_json(charge: ToolCharge) -> Mapping[str, Json]:
    return {"name": charge.name, "units": charge.units, "usd": exact(charge.usd), "source": charge.source.id}


def _rates_json(rates: Rates) -> Mapping[str, Json]:
    return {
        "input": exact(rates.input),
        "cached_input": None if rates.cached_input is None else exact(rates.cached_input),
        "output": exact(rates.output),
    }


def bound(work: Workload, *quotes: Quote) -> str:
    """Whether the price is a bound: answers at their own maximum make it the most, tokens that are not counted the least."""
    return bound_of(work.is_ceiling, work.lower_bounds > 0 or any(quote.is_least for quote in quotes))


def bound_of(is_most: bool, is_least: bool) -> str:
    """What to say before an amount that is the most, or the least, that it can be; or nearly it, where it is both."""
    return "about " if is_most and is_least else "at most " if is_most else "at least " if is_least else ""


def work_line(catalog: Catalog, work: Workload, quotes: Sequence[Quote]) -> Line:
    """What the work is, in tokens; where models see different tokens, those of the first."""
    first = quotes[0]
    load = work.on(catalog, first.offer.variant)
    counted = f", as {first.model} counts" if any(quote.usage != first.usage for quote in quotes) else ""
    if load.is_uniform:
        (size,) = load.sizes
        each = " each" if work.requests > 1 else ""
        return Line("work", f"{plural(work.requests, 'request')} of {_tokens(size.usage)}{each}{counted}")
    least, most = load.range
    sizes = number(least) if least == most else f"{number(least)} to {number(most)}"
    spread = f"{plural(work.requests, 'request')} of {sizes} input tokens"
    return Line("work", f"{spread}: {_tokens(load.usage)} in all{counted}")


def _tokens(usage: Usage) -> str:
    cached = f" ({number(usage.cached_tokens)} of them cached)" if usage.cached_tokens else ""
    return f"{plural(usage.input_tokens, 'input token')}{cached} and {plural(usage.output_tokens, 'output token')}"
