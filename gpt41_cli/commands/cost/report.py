"""An Estimate as a Report: the quotes side by side, every term of each, and what the discounts save."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.cost.estimate import Estimate
from gpt41_cli.display import exact, money, number, part, percent, plural, rate
from gpt41_cli.findings import Level
from gpt41_cli.prices.quote import Quote
from gpt41_cli.pricing import EXACT, Usage
from gpt41_cli.reports import Line, Report, Row, Table, columns
from gpt41_cli.reports.findings import invalid_findings, left_out_findings
from gpt41_cli.reports.quotes import _tokens, bound, quote_json, work_line
from gpt41_cli.work.workload import Workload

if TYPE_CHECKING:
    from gpt41_cli.files.places import Rejects
    from gpt41_cli.files.trees import LeftOut

SCHEMA = "gpt41.cost/1"

_TERMS = {"input": "uncached input", "cached": "cached input", "output": "output"}


def report(
    catalog: Catalog, work: Workload, estimate: Estimate, rejects: Rejects | None = None, left_out: Sequence[LeftOut] = ()
) -> Report:
    """The estimate, to be read and to be computed with; `rejects` are the inputs that were left out for being no request,
    `left_out` the files of folders that were.
    """
    quotes = estimate.quotes
    total = estimate.total_usd
    records = tuple(quote_json(quote) for quote in quotes)
    alone = len(quotes) == 1
    ended = {finding.subject for finding in estimate.findings if finding.rule == "model-shut-down"}
    unusable = ended | {finding.subject for finding in estimate.findings if finding.level is Level.ERROR}
    return Report(
        schema=SCHEMA,
        answer="\n".join(f"{quote.model} {quote.mode} {exact(quote.total_usd)}" for quote in quotes)
        if total is None
        else exact(total),
        headline=_headline(estimate, work, unusable),
        lines=(_work_line(catalog, work, estimate), *(_terms(quotes[0]) if alone else ())),
        tables=() if alone else (_table(estimate, ended, work),),
        findings=(*estimate.findings, *invalid_findings(rejects), *left_out_findings(left_out)),
        notes=estimate.notes,
        data={
            "total_usd": None if total is None else exact(total),
            "is_ceiling": work.is_ceiling,
            "estimates": work.estimates,
            "lower_bounds": work.lower_bounds,
            "quotes": records,
        },
        records=records,
        catalog=catalog,
    )


def _headline(estimate: Estimate, work: Workload, unusable: set[str | None]) -> str:
    """The price, or the cheapest and the dearest of those that can do it."""
    quotes, total = estimate.quotes, estimate.total_usd
    callable_quotes = [quote for quote in quotes if quote.model not in unusable] or list(quotes)
    first = quotes[0]
    if total is not None:
        who = f"{_named(first)}: " if len(quotes) == 1 else ""
        return f"{who}{bound(work, *quotes)}{money(total)}{_for_each(total, work.requests)}"
    cheapest = min(callable_quotes, key=lambda quote: quote.total_usd)
    dearest = max(callable_quotes, key=lambda quote: quote.total_usd)
    prefix, suffix = bound(work, cheapest, dearest), f"for {plural(work.requests, 'request')}"
    if cheapest.total_usd == dearest.total_usd:
        return f"{prefix}{money(cheapest.total_usd)} {suffix}"
    ends = [f"{money(quote.total_usd)} ({_named(quote)})" for quote in (cheapest, dearest)]
    return f"{prefix}{' to '.join(ends)} {suffix}"


def _named(quote: Quote) -> str:
    return f"{quote.model} in {quote.mode}"


def _for_each(total: Decimal, requests: int) -> str:
    mean = total / requests
    return f" for {plural(requests, 'request')}" + (f" ({money(mean)} each)" if requests > 1 else "")


def _work_line(catalog: Catalog, work: Workload, estimate: Estimate) -> Line:
    if len(estimate.quotes) > 1 and estimate.adds_up:
        usage = sum((quote.usage for quote in estimate.quotes), Usage())
        return Line("work", f"{plural(work.requests, 'request')}: {_tokens(usage)} in all")
    return work_line(catalog, work, estimate.quotes)


def _terms(quote: Quote) -> list[Line]:
    """One line a term of the price, and what the discounts save."""
    usage, rates, bill = quote.usage, quote.rates, quote.bill
    uncached = usage.input_tokens - usage.cached_tokens
    lines = [_term("input", quote, uncached, rates.input, bill.uncached_input_usd)]
    if usage.cached_tokens:
        cached_rate = rates.input if rates.cached_input is None else rates.cached_input
        lines.append(_term("cached", quote, usage.cached_tokens, cached_rate, bill.cached_input_usd))
    lines.append(_term("output", quote, usage.output_tokens, rates.output, bill.output_usd))
    if quote.rejected_usd:
        lines.append(_rejected(quote))
    for charge in quote.charges:
        part_of = part(charge.usd, quote.total_usd)
        lines.append(Line("tools", f"{charge.text}: {money(charge.usd)}", charge.source.label, part_of))
    if quote.caching_saves_usd:
        lines.append(Line("saved", f"{money(quote.caching_saves_usd)} by caching"))
    saved = quote.batch_saves_usd
    if quote.batch_usd is not None and saved is not None and quote.total_usd:
        verb = "less" if saved >= 0 else "more"
        share = percent(abs(saved) / quote.total_usd)
        least = "at least " if quote.is_least else ""
        lines.append(Line("batch", f"{least}{money(quote.batch_usd)}, {money(abs(saved))} {verb} ({share})"))
    return lines


def _term(label: str, quote: Quote, tokens: int, rate_usd: Decimal, amount: Decimal) -> Line:
    text = f"{plural(tokens, f'{_TERMS[label]} token')} at {rate(rate_usd)} a million{_more(quote)}: {money(amount)}"
    return Line(label, text, quote.offer.row.source.label, part(amount, quote.total_usd))


def _more(quote: Quote) -> str:
    """That some of the requests pay a surcharge on the rates that are told, where others do not."""
    return ", long requests more" if 0 < quote.surcharged < quote.usage.requests else ""


def _rejected(quote: Quote) -> Line:
    """What the rejected tokens of predictions, which are in the output, cost more than no prediction."""
    without = EXACT.subtract(quote.total_usd, quote.rejected_usd)
    more = f" ({percent(quote.rejected_usd / without)} more than without a prediction)" if without else ""
    return Line("rejected", f"predicted tokens that are not accepted are {money(quote.rejected_usd)} of the output{more}")


def _table(estimate: Estimate, ended: set[str | None], work: Workload) -> Table:
    each = (">each",) if work.requests > 1 else ()
    requests = (">requests",) if estimate.adds_up else ()
    cached = any(quote.usage.cached_tokens for quote in estimate.quotes)
    titles = columns(
        "model",
        "mode",
        *requests,
        *((">uncached input", ">cached input") if cached else (">input",)),
        ">output",
        *((">tools",) if any(quote.charges for quote in estimate.quotes) else ()),
        *each,
        ">total",
        "|",
        *((">caching saves",) if cached else ()),
        ">in batch",
        "",
    )
    dearest = max(quote.total_usd for quote in estimate.quotes)
    rows = (_row(quote, estimate, work, dearest, shut=quote.model in ended) for quote in estimate.quotes)
    return Table(titles, tuple(rows))


def _row(quote: Quote, estimate: Estimate, work: Workload, dearest: Decimal, *, shut: bool) -> Row:
    cached = any(each.usage.cached_tokens for each in estimate.quotes)
    cells = (
        quote.model,
        quote.mode,
        *((number(quote.usage.requests),) if estimate.adds_up else ()),
        money(quote.bill.uncached_input_usd),
        *((money(quote.bill.cached_input_usd),) if cached else ()),
        money(quote.bill.output_usd),
        *((money(quote.charges_usd),) if any(each.charges for each in estimate.quotes) else ()),
        *((money(quote.each_usd),) if work.requests > 1 else ()),
        money(quote.total_usd),
        str(part(quote.total_usd, dearest)),
        *((money(quote.caching_saves_usd),) if cached else ()),
        "" if quote.batch_usd is None else money(quote.batch_usd),
        "shut down" if shut else "",
    )
    return Row(cells, "faint" if shut else "")
