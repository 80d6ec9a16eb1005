"""A BatchCheck as a Report: accepted or not, the prices, the queue, and the parts of a split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from gpt41_cli.catalog import Catalog
from gpt41_cli.catalog.limit_tables import BatchRules
from gpt41_cli.commands.batch.check import BatchCheck, CheckedBatchFile, ComparedPrice
from gpt41_cli.commands.batch.waiting import BatchWait
from gpt41_cli.display import choose_money_format, format_exact, format_int, format_percent, format_total, pluralize
from gpt41_cli.pricing import EXACT, Usage
from gpt41_cli.reports import Report, ReportLine, Table
from gpt41_cli.reports.bounds import explain_bound
from gpt41_cli.reports.columns import Column, make_records, make_table
from gpt41_cli.reports.quotes import dump_quote, find_bound_prefix
from gpt41_cli.reports.succession import describe_price_after, find_answered_ends
from gpt41_cli.rules import Level
from gpt41_cli.totals import MAX_KEPT

if TYPE_CHECKING:
    from gpt41_cli.commands.batch.split import PartFile, SplitPlan

SCHEMA = "gpt41.batch/1"
_HOURS_PER_DAY = 24
_PRICE_PHRASES = {"standard": "standard", "flex": "flex", "cached": "standard with the prompt cache"}


def make_report(catalog: Catalog, check: BatchCheck, plan: SplitPlan | None = None) -> Report:
    """Make the report; with a `plan`, of what is about to be written."""
    rules = catalog.limits.batch
    files = make_records(_list_file_columns(check), check.files)
    dropping = ["--drop-invalid FILE writes the lines that break them into FILE, and splits the others."]
    dropping *= bool(check.is_for_split and check.broken_rules and check.work)
    is_priced = check.work is not None and (plan is not None or not check.broken_rules)
    after = describe_price_after(check.work, check.successions, adds_up=True) if check.work and is_priced else ""
    return Report(
        schema=SCHEMA,
        answer=format_exact(check.prices[0].total_usd) if check.prices else "none",
        headline=_make_headline(check, plan) + after,
        lines=(*_make_work_line(check), *_make_price_lines(check), *_make_queue_lines(check, rules)),
        tables=tuple(_make_tables(check, plan, rules)),
        findings=check.findings,
        notes=(*dropping, *check.notes),
        data={
            "accepted": not any(file.broken_rules for file in check.files),
            "requests": sum(file.lines.request_lines for file in check.files),
            "bytes": sum(file.lines.size_bytes for file in check.files),
            "prices": [
                {"name": price.name, "total_usd": price.total_usd, "quotes": [dump_quote(quote) for quote in price.quotes]}
                for price in check.prices
            ],
            "is_ceiling": check.work is not None and check.work.is_ceiling,
            "estimates": check.work.estimated_requests if check.work else 0,
            "lower_bounds": check.work.lower_bound_requests if check.work else 0,
            "files": files,
            "queue": make_records(_list_queue_columns(rules), check.waits),
            "parts": make_records(_PART_COLUMNS, plan.part_files) if plan else [],
        },
        records=files,
        catalog=catalog,
        mentioned=find_answered_ends(check.findings, check.successions) if after else (),
        bound=explain_bound(find_bound_prefix(check.work)) if check.work else "",
    )


def _make_headline(check: BatchCheck, plan: SplitPlan | None) -> str:
    """Write the verdict: everything is accepted, and at which price, or which rules are broken."""
    files, broken = check.files, [file for file in check.files if file.broken_rules]
    requests = pluralize(sum(file.lines.request_lines for file in files), "request")
    price = "no price"
    if check.work:
        price = f"{find_bound_prefix(check.work)}{format_total(check.prices[0].total_usd, check.work.requests)} in batch"
    if plan:
        parts = f"{pluralize(len(plan.part_files), 'part')} in {plan.directory}"
        return f"Split into {parts}: {requests} of {pluralize(len(files), 'file')}, {price}"
    broken_rules = check.broken_rules
    if not broken_rules:
        return f"Accepted: {requests} in {pluralize(len(files), 'file')}, {price}"
    which = ", ".join(rule.id for rule in broken_rules)
    if check.is_for_split:
        return f"Not split, and nothing written: no split would pass every rule ({which})"
    errors = sum(sum(file.violations.errors.values()) for file in broken)
    verdict = f"{pluralize(errors, 'error')}{_locate_first_error(check, errors)} ({which})"
    if len(files) == 1:
        return f"Rejected: {verdict}"
    return f"Rejected: {format_int(len(broken))} of {format_int(len(files))} files, {verdict}"


def _locate_first_error(check: BatchCheck, errors: int) -> str:
    """Say where the first error is: on which line, if it has one, and in which file if there are several."""
    places = [finding.place for finding in check.findings if finding.level is Level.ERROR and finding.place]
    lines = [place for place in places if place.path == places[0].path and place.line]
    if not lines:
        return ""
    first = min(lines, key=lambda place: place.line or 0)
    where = f"in {first.label}" if len(check.files) > 1 else f"on line {format_int(first.line or 0)}"
    return f" {where}" if errors == 1 else f", the first {where}"


def _make_work_line(check: BatchCheck) -> Iterator[ReportLine]:
    usage = check.usage
    tokens = f"{pluralize(usage.input_tokens, 'input token')} and {pluralize(usage.output_tokens, 'output token')}"
    size = pluralize(sum(file.lines.size_bytes for file in check.files), "byte")
    yield ReportLine("work", f"{pluralize(usage.requests, 'valid request')} in {size}: {tokens} in total")


def _make_price_lines(check: BatchCheck) -> Iterator[ReportLine]:
    """List every price, which is the lowest, and what batch saves."""
    if not check.prices:
        return
    prices = [price for price in check.prices if price.name != "cached" or _count_cached(price)]
    least = min(price.total_usd for price in prices)
    show = choose_money_format([price.total_usd for price in check.prices], check.usage.requests)
    for price in prices:
        cheapest = ", the cheapest" if price.total_usd == least and len(prices) > 1 else ""
        cited = ", ".join(dict.fromkeys(quote.offer.row.source.label for quote in price.quotes))
        cached = f" in standard, {pluralize(_count_cached(price), 'input token')} read from the prompt cache"
        cached *= price.name == "cached"
        yield ReportLine(price.name, f"{show(price.total_usd)}{cached}{cheapest}", cited)
    batch = check.prices[0].total_usd
    for price in prices[1:]:
        saved = EXACT.subtract(price.total_usd, batch)
        if not saved and price.name == "flex":
            continue  # both cost half of standard
        share = f" ({format_percent(abs(saved) / price.total_usd)})" if price.total_usd else ""
        label = "saved" if saved >= 0 else "lost"
        yield ReportLine(label, f"{show(abs(saved))}{share} by batch compared with {_PRICE_PHRASES[price.name]}")


def _count_cached(price: ComparedPrice) -> int:
    return sum(quote.usage.cached_tokens for quote in price.quotes)


def _make_queue_lines(check: BatchCheck, rules: BatchRules) -> Iterator[ReportLine]:
    """Say how long the usage tier takes, and how long it takes to submit this many files."""
    if len({wait.usage_tier for wait in check.waits}) == 1:
        for wait in check.waits:
            yield ReportLine("queue", _describe_wait(wait, rules), f"{wait.limits_source.label}, {rules.source.label}")
    files = Counter[int]()
    for wait in check.waits:
        files[wait.usage_tier] += wait.parts
    most = max(files.values(), default=0)
    if most > rules.batches_per_hour:
        hours = pluralize(-(-most // rules.batches_per_hour), "hour")
        text = f"{format_int(rules.batches_per_hour)} batches can be created per hour: {format_int(most)} take {hours}"
        yield ReportLine("queue", text, rules.source.label)


def _describe_wait(wait: BatchWait, rules: BatchRules) -> str:
    allowed = f"tier {wait.usage_tier} queues {format_int(wait.queue.short_limit or 0)} tokens of {wait.model.id}"
    if wait.queue.long_limit is not None:
        allowed += f" ({format_int(wait.queue.long_limit)} in requests above {format_int(wait.queue.long_context_threshold)})"
    if wait.blocked_requests:
        verb = "is" if wait.blocked_requests == 1 else "are"
        return f"{allowed}: {pluralize(wait.blocked_requests, 'request')} alone {verb} over it"
    return f"{allowed}: {format_int(wait.input_tokens)} take {pluralize(wait.parts, 'file')} and {_describe_time(wait, rules)}"


def _describe_time(wait: BatchWait, rules: BatchRules) -> str:
    hours = rules.completion_window_hours
    if wait.windows == 1:
        return f"up to {hours} hours"
    days = -(-wait.windows * hours // _HOURS_PER_DAY)
    return f"up to {pluralize(days, 'day')}: {format_int(wait.windows)} rounds of up to {hours} hours, one after the other"


def _make_tables(check: BatchCheck, plan: SplitPlan | None, rules: BatchRules) -> Iterator[Table]:
    if len(check.files) > 1:
        yield make_table(_list_file_columns(check), check.files, tone=lambda file: "faint" if file.broken_rules else "")
    if len({wait.usage_tier for wait in check.waits}) > 1:
        yield make_table(_list_queue_columns(rules), check.waits, tone=lambda wait: "faint" if wait.blocked_requests else "")
    if plan:
        rest = len(plan.part_files) - MAX_KEPT
        title = f"the first {MAX_KEPT} parts; {format_int(rest)} more are like these" if rest > 0 else ""
        yield make_table(_PART_COLUMNS, plan.part_files[:MAX_KEPT], title)


def _list_file_columns(check: BatchCheck) -> tuple[Column[CheckedBatchFile], ...]:
    return (
        Column("`file", None, lambda file: file.source.label),
        Column(None, "path", lambda file: file.source.name),
        Column(None, "accepted", lambda file: not file.broken_rules),
        Column(">requests", "requests", lambda file: file.lines.request_lines),
        Column(None, "invalid", lambda file: file.lines.invalid_lines),
        Column(">bytes", "bytes", lambda file: file.lines.size_bytes),
        Column(None, "models", lambda file: list(dict.fromkeys(line.model for line in file.lines.targets.different))),
        Column(None, "endpoints", lambda file: list(dict.fromkeys(line.endpoint for line in file.lines.targets.different))),
        Column(">input tokens", None, lambda file: sum(file.lines.input_tokens)),
        Column(None, "input_tokens", lambda file: _sum_usage(file).input_tokens),
        Column(None, "output_tokens", lambda file: _sum_usage(file).output_tokens),
        *(Column(f">{price.name}", None, partial(_find_price, price.name)) for price in check.prices),
        Column(None, "prices_usd", lambda file: {price.name: price.total_usd for price in file.prices}),
        Column(None, "breaches", lambda file: {rule.id: times for rule, times in file.violations.counts.items()}),
        Column("", None, lambda file: ", ".join(rule.id for rule in file.broken_rules) or "accepted"),
    )


def _sum_usage(file: CheckedBatchFile) -> Usage:
    return sum((quote.usage for quote in file.prices[0].quotes), Usage()) if file.prices else Usage()


def _find_price(name: str, file: CheckedBatchFile) -> Decimal | None:
    return next((price.total_usd for price in file.prices if price.name == name), None)


def _list_queue_columns(rules: BatchRules) -> tuple[Column[BatchWait], ...]:
    return (
        Column("tier", None, lambda wait: str(wait.usage_tier)),
        Column("model", "model", lambda wait: wait.model.id),
        Column(None, "usage_tier", lambda wait: wait.usage_tier),
        Column(">queue", "batch_queue_tokens", lambda wait: wait.queue.short_limit),
        Column(">long context", "long_context_batch_queue_tokens", lambda wait: wait.queue.long_limit),
        Column(None, "input_tokens", lambda wait: wait.input_tokens),
        Column(None, "parts", lambda wait: wait.parts),
        Column(None, "windows", lambda wait: wait.windows),
        Column(">files", None, lambda wait: None if wait.blocked_requests else wait.parts),
        Column(">rounds", None, lambda wait: None if wait.blocked_requests else wait.windows),
        Column(
            "at most",
            "hours_at_most",
            lambda wait: None if wait.blocked_requests else wait.windows * rules.completion_window_hours,
            lambda hours: pluralize(-(-hours // _HOURS_PER_DAY), "day"),
            absent="never: a request is over it",
        ),
        Column(None, "blocked_requests", lambda wait: wait.blocked_requests),
    )


_PART_COLUMNS: tuple[Column[PartFile], ...] = (
    Column("`part", "path", lambda file: str(file.path)),
    Column("model", "model", lambda file: file.target.model),
    Column(None, "endpoint", lambda file: file.target.endpoint),
    Column(">requests", "requests", lambda file: file.part.requests),
    Column(">bytes", "bytes", lambda file: file.part.bytes),
    Column(">input tokens", "input_tokens", lambda file: file.part.input_tokens),
)
