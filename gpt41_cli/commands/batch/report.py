"""A Check of Batch files as a Report: accepted or not, the prices, the queue, and the parts they are split into."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from gpt41_cli.catalog import Catalog
from gpt41_cli.catalog.limit_tables import BatchRules
from gpt41_cli.commands.batch.check import Check, Checked, Price
from gpt41_cli.commands.batch.waiting import Waiting
from gpt41_cli.display import exact, money, number, percent, plural
from gpt41_cli.files.places import KEPT
from gpt41_cli.pricing import EXACT, Usage
from gpt41_cli.reports import Json, Line, Report, Row, Table, columns
from gpt41_cli.reports.quotes import bound, quote_json

if TYPE_CHECKING:
    from gpt41_cli.commands.batch.split import PartFile, Plan

SCHEMA = "gpt41.batch/1"
_HOURS_A_DAY = 24
_IN_WORDS = {"standard": "standard", "cached": "standard with the prompt cache"}


def report(catalog: Catalog, check: Check, plan: Plan | None = None) -> Report:
    """The check, to be read and to be computed with; with a `plan`, what is about to be written."""
    rules = catalog.limits.batch
    return Report(
        schema=SCHEMA,
        answer=exact(check.prices[0].total_usd) if check.prices else "none",
        headline=_headline(check, plan),
        lines=(*_work(check), *_prices(check), *_queue(check, rules)),
        tables=tuple(_tables(check, plan, rules)),
        findings=check.findings,
        notes=check.notes,
        data={
            "accepted": not any(each.broken for each in check.files),
            "requests": sum(each.lines.requests for each in check.files),
            "bytes": sum(each.bytes for each in check.files),
            "prices": [_price_json(each) for each in check.prices],
            "is_ceiling": check.work is not None and check.work.is_ceiling,
            "estimates": check.work.estimates if check.work else 0,
            "lower_bounds": check.work.lower_bounds if check.work else 0,
            "files": [_record(each) for each in check.files],
            "queue": [_waiting_json(each, rules) for each in check.waiting],
            "parts": [_part_json(each) for each in plan.parts] if plan else [],
        },
        records=tuple(_record(each) for each in check.files),
        catalog=catalog,
    )


def _headline(check: Check, plan: Plan | None) -> str:
    """The verdict: whether all of it is accepted, and at which price, or which rules are broken."""
    files, broken = check.files, [each for each in check.files if each.broken]
    requests = plural(sum(each.lines.requests for each in files), "request")
    price = f"{bound(check.work)}{money(check.prices[0].total_usd)} in batch" if check.work else "no price"
    if plan:
        parts = f"{plural(len(plan.parts), 'part')} in {plan.directory}"
        return f"To be split: {requests} of {plural(len(files), 'file')} into {parts}, {price}"
    rules = check.broken
    if not rules:
        return f"Accepted: {requests} in {plural(len(files), 'file')}, {price}"
    which = f"{'a rule' if len(rules) == 1 else plural(len(rules), 'rule')} ({', '.join(rules)})"
    if check.is_split:
        return f"Not split, and nothing is written: no part could keep {which}"
    if len(files) == 1:
        return f"Rejected: the file breaks {which}"
    verb = "breaks" if len(broken) == 1 else "break"
    return f"Rejected: {number(len(broken))} of {number(len(files))} files {verb} {which}"


def _work(check: Check) -> Iterator[Line]:
    usage = check.usage
    tokens = f"{plural(usage.input_tokens, 'input token')} and {plural(usage.output_tokens, 'output token')}"
    size = plural(sum(each.bytes for each in check.files), "byte")
    yield Line("work", f"{plural(usage.requests, 'valid request')} in {size}: {tokens} in all")


def _prices(check: Check) -> Iterator[Line]:
    """Every price, which of them is the least, and what batch saves."""
    if not check.prices:
        return
    least = min(each.total_usd for each in check.prices)
    for price in check.prices:
        cheapest = ", the cheapest" if price.total_usd == least and len(check.prices) > 1 else ""
        cited = ", ".join(dict.fromkeys(quote.offer.row.source.label for quote in price.quotes))
        yield Line(price.name, f"{money(price.total_usd)}{_from_cache(price)}{cheapest}", cited)
    batch = check.prices[0].total_usd
    for price in check.prices[1:]:
        saved = EXACT.subtract(price.total_usd, batch)
        share = f" ({percent(abs(saved) / price.total_usd)})" if price.total_usd else ""
        label = "saved" if saved >= 0 else "lost"
        yield Line(label, f"{money(abs(saved))}{share} by batch against {_IN_WORDS[price.name]}")


def _from_cache(price: Price) -> str:
    """What the prompt cache gives, where it was replayed."""
    if price.name != "cached":
        return ""
    cached = sum(each.usage.cached_tokens for each in price.quotes)
    return f" in standard, {plural(cached, 'input token')} read from the prompt cache"


def _queue(check: Check, rules: BatchRules) -> Iterator[Line]:
    """How long a known usage tier takes, and how long it takes to hand so many files in."""
    if len({each.tier for each in check.waiting}) == 1:
        for each in check.waiting:
            yield Line("queue", _waits(each, rules), f"{each.source.label}, {rules.source.label}")
    files = Counter[int]()
    for each in check.waiting:
        files[each.tier] += each.parts
    most = max(files.values(), default=0)
    if most > rules.batches_per_hour:
        hours = plural(-(-most // rules.batches_per_hour), "hour")
        text = f"{number(rules.batches_per_hour)} batches can be made an hour: {number(most)} take {hours}"
        yield Line("queue", text, rules.source.label)


def _waits(each: Waiting, rules: BatchRules) -> str:
    allowed = f"tier {each.tier} queues {number(each.queue.short or 0)} tokens of {each.model.id}"
    if each.queue.long is not None:
        allowed += f" ({number(each.queue.long)} in requests above {number(each.queue.threshold)})"
    if each.blocked:
        return f"{allowed}: {plural(each.blocked, 'request')} of these alone {'is' if each.blocked == 1 else 'are'} over it"
    return f"{allowed}: {number(each.tokens)} go in {plural(each.parts, 'file')} and {_lasting(each, rules)}"


def _lasting(each: Waiting, rules: BatchRules) -> str:
    hours = rules.completion_window_hours
    if each.rounds == 1:
        return f"1 window of up to {hours} hours"
    days = -(-each.rounds * hours // _HOURS_A_DAY)
    return f"{number(each.rounds)} windows of up to {hours} hours one after the other, {plural(days, 'day')} at most"


def _tables(check: Check, plan: Plan | None, rules: BatchRules) -> Iterator[Table]:
    if len(check.files) > 1:
        titles = columns("`file", ">requests", ">bytes", ">input tokens", *(f">{each.name}" for each in check.prices), "")
        yield Table(titles, tuple(_file_row(each, check) for each in check.files))
    if len({each.tier for each in check.waiting}) > 1:
        titles = columns("tier", "model", ">queue", ">long context", ">files", ">windows", "at most")
        yield Table(titles, tuple(_tier_row(each, rules) for each in check.waiting))
    if plan:
        titles = columns("`part", "model", ">requests", ">bytes", ">input tokens")
        rest = len(plan.parts) - KEPT
        title = f"the first {KEPT} parts; {number(rest)} more are like these" if rest > 0 else ""
        yield Table(titles, tuple(_part_row(each) for each in plan.parts[:KEPT]), title)


def _file_row(checked: Checked, check: Check) -> Row:
    totals = {each.name: money(each.total_usd) for each in checked.prices}
    cells = (
        checked.source.label,
        number(checked.lines.requests),
        number(checked.bytes),
        number(sum(checked.lines.tokens)),
        *(totals.get(each.name, "") for each in check.prices),
        ", ".join(checked.broken) or "accepted",
    )
    return Row(cells, "faint" if checked.broken else "")


def _tier_row(each: Waiting, rules: BatchRules) -> Row:
    days = plural(-(-each.rounds * rules.completion_window_hours // _HOURS_A_DAY), "day")
    cells = (
        str(each.tier),
        each.model.id,
        "" if each.queue.short is None else number(each.queue.short),
        "" if each.queue.long is None else number(each.queue.long),
        *(("", "", "never: a request is over it") if each.blocked else (number(each.parts), number(each.rounds), days)),
    )
    return Row(cells, "faint" if each.blocked else "")


def _part_row(file: PartFile) -> Row:
    part = file.part
    figures = (number(part.requests), number(part.bytes), number(part.input_tokens))
    return Row((str(file.path), file.lane.model, *figures))


def _price_json(price: Price) -> Mapping[str, Json]:
    return {"name": price.name, "total_usd": exact(price.total_usd), "quotes": [quote_json(each) for each in price.quotes]}


def _record(checked: Checked) -> Mapping[str, Json]:
    lines = checked.lines
    usage = sum((each.usage for each in checked.prices[0].quotes), Usage()) if checked.prices else Usage()
    return {
        "path": checked.source.name,
        "accepted": not checked.broken,
        "requests": lines.requests,
        "invalid": lines.invalid,
        "bytes": checked.bytes,
        "models": list(dict.fromkeys(lane.model for lane in lines.first)),
        "endpoints": list(dict.fromkeys(lane.endpoint for lane in lines.first)),
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "prices_usd": {each.name: exact(each.total_usd) for each in checked.prices},
        "breaches": dict(checked.breaches.counts),
    }


def _waiting_json(each: Waiting, rules: BatchRules) -> Mapping[str, Json]:
    return {
        "model": each.model.id,
        "usage_tier": each.tier,
        "batch_queue_tokens": each.queue.short,
        "long_context_batch_queue_tokens": each.queue.long,
        "input_tokens": each.tokens,
        "parts": each.parts,
        "windows": each.rounds,
        "hours_at_most": None if each.blocked else each.rounds * rules.completion_window_hours,
        "blocked_requests": each.blocked,
    }


def _part_json(file: PartFile) -> Mapping[str, Json]:
    part = file.part
    return {
        "path": str(file.path),
        "model": file.lane.model,
        "endpoint": file.lane.endpoint,
        "requests": part.requests,
        "bytes": part.bytes,
        "input_tokens": part.input_tokens,
    }
