"""Find what follows the recommended models of workloads that end soon."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.commands.report.overview import ExaminedWorkload, Overview
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import name_offer, pluralize
from gpt41_cli.prices.succession import Succession, find_succession, price_replacement
from gpt41_cli.reports.bounds import choose_bound_prefix
from gpt41_cli.reports.columns import choose_usd_format, show_price, show_value
from gpt41_cli.reports.succession import BEFORE_REASONING, format_usd_span


class FollowUp(NamedTuple):
    """From the day `ends` on: another model, at `usd` per month or, if not `is_monthly`, per request, before reasoning tokens;
    `most_usd` has all cache writes. `reasons`: it reasons, and nobody said how much.
    """

    ends: date
    model: str
    mode: str
    usd: Fraction
    most_usd: Fraction
    reasons: bool
    is_monthly: bool

    @property
    def price(self) -> str:
        """The price, with all cache writes if that is more."""
        return format_usd_span(self.usd, self.most_usd, show_value if self.is_monthly else show_price)

    @property
    def text(self) -> str:
        """The continuation of the advice: the model, the mode and the price."""
        after = BEFORE_REASONING if self.reasons else ""
        return f"then {name_offer(self.model, self.mode)}, {self.price}{after}"


def find_follow_up(workload: ExaminedWorkload) -> FollowUp | None:
    """Find what follows the advice when it ends; None if it does not, or nothing fits."""
    succession = _find_succession(workload)
    if succession is None:
        return None
    quote, costing = succession.replacement.quote, workload.subject.costing
    times = Fraction(costing.volume.per_month if costing.volume else 1, quote.usage.requests)
    stored = costing.storage_monthly_usd if costing.volume else Fraction(0)
    usd, most = (Fraction(total) * times + stored for total in (quote.total_usd, succession.replacement.most_usd))
    reasons, is_monthly = succession.replacement.is_before_reasoning, costing.volume is not None
    return FollowUp(succession.ends, quote.model, quote.mode, usd, most, reasons, is_monthly)


def _find_succession(workload: ExaminedWorkload) -> Succession | None:
    if not workload.is_kept:
        return workload.recommendation.then
    subject = workload.subject
    return find_succession(subject.market, subject.variant, subject.costing.mode, subject.work)


def make_move_headline(overview: Overview, follow_ups: Sequence[FollowUp | None]) -> str | None:
    """Write which workloads must move to what, until when, and what all of them cost before and after; None if none must."""
    moves: list[tuple[date, str]] = []
    months: list[tuple[Fraction, Fraction] | None] = []
    for workload, follow_up in zip(overview.workloads, follow_ups, strict=True):
        move = (follow_up.ends, follow_up.model) if follow_up else _find_advised_move(workload)
        moves += [move] if move else []
        ends_unanswered = move is None and lifecycle.find_near_shutdown(workload.subject.market, workload.subject.variant)
        months.append((follow_up.usd, follow_up.most_usd) if follow_up else None if ends_unanswered else _price_advised(workload))
    if not moves:
        return None
    text = f"Move {pluralize(len(moves), 'workload')} to {', '.join(dict.fromkeys(to for _, to in moves))} before {min(moves)[0]}"
    now, then = overview.monthly_usd, [month for month in months if month is not None]
    if now is None or len(then) < len(months):
        return text
    after = ", before reasoning tokens" if any(follow_up and follow_up.reasons for follow_up in follow_ups) else ""
    low, high = sum((low for low, _ in then), Fraction(0)), sum((high for _, high in then), Fraction(0))
    show = choose_usd_format([now, high])
    span = format_usd_span(low, high, show)
    least = choose_bound_prefix(is_most=False, is_least=any(workload.is_least for workload in overview.workloads))
    return f"{text}: {least}{show(now)} per month now, {span} then{after}"


def _price_advised(workload: ExaminedWorkload) -> tuple[Fraction, Fraction] | None:
    """Return the price of a month as advised, and with all cache writes; None without a volume."""
    volume, month, choice, subject = workload.subject.costing.volume, workload.monthly_usd, workload.choice, workload.subject
    if volume is None or month is None:
        return None
    priced = price_replacement(subject.market, choice.variant, choice.mode, subject.work) if choice else None
    if priced is None:
        return month, month
    added = Fraction(priced.most_usd - priced.quote.total_usd) * Fraction(volume.per_month, priced.quote.usage.requests)
    return month, month + added


def _find_advised_move(workload: ExaminedWorkload) -> tuple[date, str] | None:
    """Return when the model of a workload ends and what it is advised to move to, if that runs on."""
    ends = lifecycle.find_near_shutdown(workload.subject.market, workload.subject.variant)
    if ends is None or workload.choice is None or lifecycle.find_near_shutdown(workload.subject.market, workload.choice.variant):
        return None
    return ends, workload.choice.variant.id
