"""When the models that were billed end, what follows them, and what their answers cost then."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date

from gpt41_cli.catalog import Market, Variant
from gpt41_cli.commands.reconcile.bill import Reconciliation
from gpt41_cli.commands.reconcile.elsewhere import price_after_ends
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import format_int, name_offer, pluralize
from gpt41_cli.findings import Finding
from gpt41_cli.reports import ReportLine
from gpt41_cli.reports.columns import choose_usd_format
from gpt41_cli.reports.succession import BEFORE_REASONING, format_usd_span
from gpt41_cli.rules import Effect


def describe_price_after(bill: Reconciliation) -> str:
    """Write what follows the models that end soon, and what all answers cost then: `; after 2027-01-14 a, $3.00`."""
    after = price_after_ends(bill)
    if after is None:
        return ""
    some = f" for {format_int(after.answers)} of them" if after.answers < bill.usage.requests else ""
    is_least = bill.rejects.count or any(issue.finding.rule.effect is Effect.AT_LEAST for issue in bill.issues)
    show = choose_usd_format([after.low_usd, after.high_usd], bill.usage.requests)
    usd = f"{'at least ' if is_least else ''}{format_usd_span(after.low_usd, after.high_usd, show)}"
    name = name_offer(after.replacement.id, *after.modes) if len(after.modes) == 1 else after.replacement.id
    usd += " in all" if some else ""
    return f"; after {after.ends} {name}{some}, {usd}{BEFORE_REASONING if after.replacement.model.reasoning else ''}"


def find_ends(bill: Reconciliation) -> Iterator[Finding]:
    """Warn of the end of each model of the family that was billed, if that is near or past."""
    market = bill.conditions.market
    for variant in _list_billed_family(market, {key.model for key in bill.charges}):
        if lifecycle.ends_soon(market, variant):
            yield from lifecycle.check_lifecycle(market, variant)


def make_replacement_lines(market: Market, billed: Collection[str], usage: str = "the same logs") -> Iterator[ReportLine]:
    """Say when the models of the family that were billed end, and what comes after them; `usage` is what tells its price."""
    ends: dict[tuple[str | None, date], list[str]] = {}
    for variant in _list_billed_family(market, billed):
        life = lifecycle.find_past_shutdown(market, variant) or lifecycle.find_announced_shutdown(market, variant)
        if life and life.shutdown:
            ends.setdefault((life.replacement, life.shutdown), []).append(variant.id)
    for (replacement, day), models in ends.items():
        days = (day - market.as_of).days
        end = f"end{'s' * (len(models) == 1)} on {day} (in {pluralize(days, 'day')})" if days > 0 else f"ended on {day}"
        names = " and ".join(models)
        after = f"{replacement} comes after {names}, which {end}: gpt41 migrate with {usage} says what it costs"
        yield ReportLine("next", after if replacement else f"{names} {end}")


def _list_billed_family(market: Market, billed: Collection[str]) -> list[Variant]:
    return [variant for variant in market.catalog.family if variant.id in billed]
