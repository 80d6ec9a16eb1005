"""An Estimate as a Report: the quotes side by side, every term of each, and what the discounts save."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from gpt41_cli.catalog import Catalog
from gpt41_cli.decisions.estimate import Estimate, Quote
from gpt41_cli.decisions.workload import Workload
from gpt41_cli.display import exact, money, number, percent, plural, rate
from gpt41_cli.findings import Level
from gpt41_cli.pricing import Rates
from gpt41_cli.reports import Json, Line, Report, Row, Table, columns

SCHEMA = "gpt41.cost/1"


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
        "total_usd": exact(quote.total_usd),
        "caching_saves_usd": exact(quote.caching_saves_usd),
        "batch_saves_usd": None if quote.batch_saves_usd is None else exact(quote.batch_saves_usd),
        "source": quote.offer.row.source.id,
    }


def _rates_json(rates: Rates) -> Mapping[str, Json]:
    return {
        "input": exact(rates.input),
        "cached_input": None if rates.cached_input is None else exact(rates.cached_input),
        "output": exact(rates.output),
    }


def report(catalog: Catalog, work: Workload, estimate: Estimate) -> Report:
    """The estimate, to be read and to be computed with."""
    quotes = estimate.quotes
    records = tuple(quote_json(quote) for quote in quotes)
    alone = len(quotes) == 1
    ended = {finding.subject for finding in estimate.findings if finding.rule == "model-shut-down"}
    unusable = ended | {finding.subject for finding in estimate.findings if finding.level is Level.ERROR}
    return Report(
        schema=SCHEMA,
        answer=exact(quotes[0].total_usd)
        if alone
        else "\n".join(f"{quote.model} {quote.mode} {exact(quote.total_usd)}" for quote in quotes),
        headline=_headline(quotes, unusable),
        lines=(_work_line(work), *_terms(quotes[0])) if alone else (_work_line(work),),
        tables=() if alone else (_table(quotes, ended, work),),
        findings=estimate.findings,
        notes=estimate.notes,
        data={"quotes": records},
        records=records,
        catalog=catalog,
    )


def _headline(quotes: tuple[Quote, ...], unusable: set[str | None]) -> str:
    """The price, or the cheapest and the dearest of those that can do it."""
    callable_quotes = [quote for quote in quotes if quote.model not in unusable] or list(quotes)
    first = quotes[0]
    if len(quotes) == 1:
        return f"{_named(first)}: {money(first.total_usd)}{_for_each(first)}"
    cheapest = min(callable_quotes, key=lambda quote: quote.total_usd)
    dearest = max(callable_quotes, key=lambda quote: quote.total_usd)
    work = plural(first.usage.requests, "request")
    if cheapest.total_usd == dearest.total_usd:
        return f"{money(cheapest.total_usd)} for {work}"
    return f"{money(cheapest.total_usd)} ({_named(cheapest)}) to {money(dearest.total_usd)} ({_named(dearest)}) for {work}"


def _named(quote: Quote) -> str:
    return f"{quote.model} in {quote.mode}"


def _for_each(quote: Quote) -> str:
    requests = quote.usage.requests
    return f" for {plural(requests, 'request')}" + (f" ({money(quote.each_usd)} each)" if requests > 1 else "")


def _work_line(work: Workload) -> Line:
    request = work.request
    cached = f" ({number(request.cached_tokens)} of them cached)" if request.cached_tokens else ""
    tokens = f"{plural(request.input_tokens, 'input token')}{cached} and {plural(request.output_tokens, 'output token')}"
    return Line("work", f"{plural(work.requests, 'request')} of {tokens}{' each' if work.requests > 1 else ''}")


def _terms(quote: Quote) -> list[Line]:
    """One line a term of the price, and what the discounts save."""
    usage, rates, bill = quote.usage, quote.rates, quote.bill
    cited = quote.offer.row.source.label
    uncached = usage.input_tokens - usage.cached_tokens
    lines = [Line("input", _term(uncached, "uncached input", rates.input, bill.uncached_input_usd), cited)]
    if usage.cached_tokens:
        cached_rate = rates.input if rates.cached_input is None else rates.cached_input
        lines.append(Line("cached", _term(usage.cached_tokens, "cached input", cached_rate, bill.cached_input_usd), cited))
    lines.append(Line("output", _term(usage.output_tokens, "output", rates.output, bill.output_usd), cited))
    if quote.caching_saves_usd:
        lines.append(Line("saved", f"{money(quote.caching_saves_usd)} by caching"))
    saved = quote.batch_saves_usd
    if quote.batch_usd is not None and saved is not None and quote.total_usd:
        verb = "less" if saved >= 0 else "more"
        share = percent(abs(saved) / quote.total_usd)
        lines.append(Line("batch", f"{money(quote.batch_usd)}, {money(abs(saved))} {verb} ({share})"))
    return lines


def _term(tokens: int, what: str, rate_usd: Decimal, amount: Decimal) -> str:
    return f"{number(tokens)} {what} tokens at {rate(rate_usd)} a million: {money(amount)}"


def _table(quotes: tuple[Quote, ...], ended: set[str | None], work: Workload) -> Table:
    each = (">each",) if work.requests > 1 else ()
    titles = columns(
        "model", "mode", ">uncached input", ">cached input", ">output", *each, ">total", ">caching saves", ">in batch", ""
    )
    return Table(titles, tuple(_row(quote, shut=quote.model in ended) for quote in quotes))


def _row(quote: Quote, *, shut: bool) -> Row:
    cells = (
        quote.model,
        quote.mode,
        money(quote.bill.uncached_input_usd),
        money(quote.bill.cached_input_usd),
        money(quote.bill.output_usd),
        *((money(quote.each_usd),) if quote.usage.requests > 1 else ()),
        money(quote.total_usd),
        money(quote.caching_saves_usd),
        "" if quote.batch_usd is None else money(quote.batch_usd),
        "shut down" if shut else "",
    )
    return Row(cells, "faint" if shut else "")
