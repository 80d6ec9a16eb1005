"""Make the Report on an Estimate: the quotes next to each other, every term of each, and what the discounts save."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.cost.estimate import Estimate
from gpt41_cli.display import (
    choose_money_format,
    compute_share,
    format_exact,
    format_money,
    format_money_parts,
    format_percent,
    format_price,
    format_rate,
    format_total,
    name_offer,
    pluralize,
    round_parts,
)
from gpt41_cli.prices.quote import Quote
from gpt41_cli.pricing import EXACT, Usage, sum_usd
from gpt41_cli.reports import Report, ReportLine
from gpt41_cli.reports.bounds import explain_bound
from gpt41_cli.reports.columns import Column, make_table, show_parts
from gpt41_cli.reports.provisioned import make_provisioned_lines
from gpt41_cli.reports.quotes import _describe_tokens, describe_requests, dump_quote, find_bound_prefix, make_work_line
from gpt41_cli.reports.succession import describe_price_after, find_answered_ends
from gpt41_cli.rules import Level
from gpt41_cli.work.workload import Workload

SCHEMA = "gpt41.cost/1"

_TERM_NAMES = {"input": "uncached input", "cached": "cached input", "output": "output"}


def make_report(catalog: Catalog, work: Workload, estimate: Estimate) -> Report:
    """Make the report of an estimate of the work."""
    quotes = estimate.quotes
    total = estimate.total_usd
    records = tuple(dump_quote(quote) for quote in quotes)
    gone = [finding for finding in estimate.findings if finding.rule is rules.MODEL_SHUT_DOWN]
    is_compared = total is None and len(gone) < len({quote.model for quote in quotes})
    ended = {finding.subject for finding in gone}
    after = describe_price_after(work, estimate.successions, adds_up=estimate.adds_up)
    unusable = ended | {finding.subject for finding in estimate.findings if finding.level is Level.ERROR}
    lines, tables = [_make_work_line(catalog, work, estimate)], []
    if len(quotes) == 1:
        lines += (*_make_term_lines(quotes[0]), *make_provisioned_lines(quotes[0], work))
    else:
        columns = _list_columns(estimate, work, ended)
        tables.append(make_table(columns, quotes, tone=lambda quote: "faint" if quote.model in ended else ""))
    separate = "\n".join(f"{quote.model} {quote.mode} {format_exact(quote.total_usd)}" for quote in quotes)
    return Report(
        schema=SCHEMA,
        answer=separate if total is None else format_exact(total),
        headline=_make_headline(estimate, work, unusable, ended) + after,
        lines=tuple(lines),
        tables=tuple(tables),
        findings=estimate.findings,
        mentioned=[
            *(gone if is_compared else ()),  # the rows of the table say it
            *(find_answered_ends(estimate.findings, estimate.successions) if after else ()),
        ],
        notes=estimate.notes,
        data={
            "total_usd": total,
            "per": work.period or None,
            "is_ceiling": work.is_ceiling,
            "estimates": work.estimated_requests,
            "lower_bounds": work.lower_bound_requests,
            "quotes": records,
        },
        records=records,
        catalog=catalog,
        bound=explain_bound(find_bound_prefix(work, *quotes)),
    )


def _make_headline(estimate: Estimate, work: Workload, unusable: set[str | None], ended: set[str | None]) -> str:
    """Write the price, or the cheapest and the most expensive of those that can do the work, or at least still run."""
    quotes, total = estimate.quotes, estimate.total_usd
    callable_quotes = next(
        filter(None, ([quote for quote in quotes if quote.model not in left_out] for left_out in (unusable, ended))), quotes
    )
    if total is not None:
        mean = f" ({format_price(total / work.requests)} each)" if work.requests > 1 else ""
        who = f"{name_offer(quotes[0].model, quotes[0].mode)}: " if len(quotes) == 1 else ""
        return f"{who}{find_bound_prefix(work, *quotes)}{format_total(total, work.requests)}{describe_requests(work)}{mean}"
    cheapest = min(callable_quotes, key=lambda quote: quote.total_usd)
    costliest = max(callable_quotes, key=lambda quote: quote.total_usd)
    prefix, suffix = find_bound_prefix(work, cheapest, costliest), describe_requests(work)
    show = choose_money_format([cheapest.total_usd, costliest.total_usd], work.requests)
    if cheapest.total_usd == costliest.total_usd:
        return f"{prefix}{show(cheapest.total_usd)}{suffix}"
    is_mixed = len({quote.mode for quote in quotes}) > 1
    ends = [
        f"{show(quote.total_usd)} ({quote.model}{f' {quote.mode}' if is_mixed or quote.mode != 'standard' else ''})"
        for quote in (cheapest, costliest)
    ]
    return f"{prefix}{' to '.join(ends)}{suffix}"


def _make_work_line(catalog: Catalog, work: Workload, estimate: Estimate) -> ReportLine:
    if len(estimate.quotes) > 1 and estimate.adds_up:
        usage = sum((quote.usage for quote in estimate.quotes), Usage())
        return ReportLine("work", f"{pluralize(work.requests, 'request')}: {_describe_tokens(usage)} in total")
    return make_work_line(catalog, work, estimate.quotes)


def _make_term_lines(quote: Quote) -> list[ReportLine]:
    """Yield one line per term of the price, and what the discounts save."""
    usage, rates, bill = quote.usage, quote.rates, quote.bill
    uncached = usage.input_tokens - usage.cached_tokens
    terms = bill.uncached_input_usd, bill.cached_input_usd, bill.output_usd, *(charge.usd for charge in quote.tool_charges)
    show = partial(format_total, requests=usage.requests)
    shown = format_money_parts(terms, quote.total_usd, is_price=usage.requests == 1)
    lines = [_make_term_line("input", quote, uncached, rates.input, terms[0], shown[0])]
    if usage.cached_tokens:
        cached_rate = rates.input if rates.cached_input is None else rates.cached_input
        lines.append(_make_term_line("cached", quote, usage.cached_tokens, cached_rate, terms[1], shown[1]))
    lines.append(_make_term_line("output", quote, usage.output_tokens, rates.output, terms[2], shown[2]))
    if quote.bill.rejected_usd:
        lines.append(_make_rejected_line(quote))
    for charge, amount in zip(quote.tool_charges, shown[3:], strict=True):
        part_of = compute_share(charge.usd, quote.total_usd)
        lines.append(ReportLine("tools", f"{charge.text}: {amount}", charge.source.label, part_of))
    if quote.bill.caching_saves_usd:
        lines.append(ReportLine("saved", f"{show(quote.bill.caching_saves_usd)} by caching"))
    saved = quote.batch_saves_usd
    if quote.batch_usd is not None and saved and quote.total_usd:  # flex has the prices of batch
        verb = "less" if saved > 0 else "more"
        share = format_percent(abs(saved) / quote.total_usd)
        least = "at least " if quote.is_lower_bound else ""
        lines.append(ReportLine("batch", f"{least}{show(quote.batch_usd)}, {show(abs(saved))} {verb} ({share})"))
    return lines


def _make_term_line(label: str, quote: Quote, tokens: int, rate_usd: Decimal, amount: Decimal, shown: str) -> ReportLine:
    more = ", long requests more" if 0 < quote.surcharged_requests < quote.usage.requests else ""  # if others pay none
    counted = pluralize(tokens, f"{_TERM_NAMES[label]} token")
    text = f"{counted} at {format_rate(rate_usd)} per million{more}: {shown}"
    return ReportLine(label, text, quote.offer.row.source.label, compute_share(amount, quote.total_usd))


def _make_rejected_line(quote: Quote) -> ReportLine:
    """Say what the rejected tokens of predictions, which are in the output, add to the cost."""
    without = EXACT.subtract(quote.total_usd, quote.bill.rejected_usd)
    more = f" ({format_percent(quote.bill.rejected_usd / without)} more than without a prediction)" if without else ""
    lost = format_total(quote.bill.rejected_usd, quote.usage.requests)
    return ReportLine("rejected", f"predicted tokens that aren't accepted cost {lost} of the output{more}")


def _list_columns(estimate: Estimate, work: Workload, ended: set[str | None]) -> tuple[Column[Quote], ...]:
    cached = any(quote.usage.cached_tokens for quote in estimate.quotes)
    tools = any(quote.tool_charges for quote in estimate.quotes)
    costliest = max(quote.total_usd for quote in estimate.quotes)
    totals = [quote.total_usd for quote in estimate.quotes]
    show = choose_money_format([] if estimate.adds_up else totals, work.requests)
    if estimate.adds_up:
        totals = round_parts(totals, sum_usd(totals))
    terms = {
        id(quote): format_money_parts(
            (quote.bill.uncached_input_usd, quote.bill.cached_input_usd, quote.bill.output_usd, quote.tool_charges_usd),
            total,
            is_price=work.requests == 1 or show(total) != format_money(total),
        )
        for quote, total in zip(estimate.quotes, totals, strict=True)
    }
    show_total = show_parts(estimate.quotes, lambda quote: quote.total_usd) if estimate.adds_up else None
    return (
        Column("model", None, lambda quote: quote.model),
        Column("mode", None, lambda quote: quote.mode),
        Column(">requests" if estimate.adds_up else None, None, lambda quote: quote.usage.requests),
        Column(">uncached input" if cached else ">input", None, lambda quote: terms[id(quote)][0]),
        Column(">cached input" if cached else None, None, lambda quote: terms[id(quote)][1]),
        Column(">output", None, lambda quote: terms[id(quote)][2]),
        Column(">tools" if tools else None, None, lambda quote: terms[id(quote)][3]),
        Column(">each" if work.requests > 1 else None, None, lambda quote: quote.usd_per_request, format_price),
        Column(">total", None, show_total or (lambda quote: show(quote.total_usd))),
        Column("|", None, lambda quote: compute_share(quote.total_usd, costliest), str),
        Column(">caching saves" if cached else None, None, lambda quote: quote.bill.caching_saves_usd, show),
        Column(">in batch", None, lambda quote: quote.batch_usd, show),
        Column("", None, lambda quote: "shut down" if quote.model in ended else ""),
    )
