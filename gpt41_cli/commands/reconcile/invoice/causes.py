"""Find why an invoice differs from the usage: each cause with its amount, from the figures alone.

Every residual belongs to exactly one cause, so the amounts of all causes add up to the difference. The tests of a row go from
what its figures prove to what they merely allow:

1. rounding: it is at most half a unit of the last place of the amounts;
2. the day's end: the day before or after has the opposite residual;
3. the cached share, or the mode: tokens that are missing in one line are in another one of the same day and model, at its price;
4. the rate: the tokens of the usage at another mode, platform or price row of the table, or at a discount that other lines have;
5. tokens: the rest, at the expected price, is tokens that only one side has.

A line that counts its tokens is split first: the tokens that differ are judged by 1, 2, 3 and 5, the price per token by 1 and 4.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, prod
from typing import NamedTuple

from gpt41_cli.commands.reconcile.invoice.charged import Invoice
from gpt41_cli.commands.reconcile.invoice.expected import ExpectedCosts
from gpt41_cli.commands.reconcile.invoice.rows import InvoiceRow, find_rate
from gpt41_cli.display import to_decimal
from gpt41_cli.pricing import EXACT, sum_usd

_MILLION = 1_000_000
_LEAST_ALIKE = 2
"""How many lines with the same ratio to the expected price make a discount."""
_RATIO_PLACES = 4
_RATIO_UNITS = 10**_RATIO_PLACES
_NARROW, _WIDE = 1 / 100, 1 / 5
"""If rounding hides more than a percent of an amount, only whole percents are tried; beyond a fifth, nothing."""
_CHANCE = 1 / 10_000
"""Lines count as sharing a ratio if the probability that they do so by chance is lower than this."""


class InvoiceCause(NamedTuple):
    """Why an amount was charged that the usage doesn't explain, or why it wasn't charged. `kind` is one of the kinds in
    `reasons.py`.

    `subject` is the model, item or project that it is about; `detail` is more that the figures show, such as a mode or a
    percentage. `tokens` are those that were moved, or that only one side has: more on the invoice if positive.
    """

    kind: str
    subject: str
    usd: Decimal
    first_day: date
    last_day: date
    detail: str = ""
    tokens: int = 0


@dataclass
class _Part:
    """A residual that waits for its cause: `usd` of a row. `is_rate`: it is about the price per token, `tokens` of them."""

    row: InvoiceRow
    usd: Decimal
    tokens: Fraction
    is_rate: bool | None

    @property
    def base_usd(self) -> Decimal:
        """The amount that would have been charged without the residual."""
        return EXACT.subtract(self.row.charged_usd, self.usd)


def find_causes(invoice: Invoice, expected: ExpectedCosts, rows: Sequence[InvoiceRow]) -> list[InvoiceCause]:
    """Find the cause of every residual, those of the largest amounts first. Their amounts add up to the whole difference."""
    causes = [*_find_row_causes(rows, invoice.days, invoice.step / 2), *_find_other_causes(invoice, expected)]
    merged: dict[tuple[str, str, str], InvoiceCause] = {}
    for cause in causes:
        key = cause.kind, cause.subject, cause.detail
        known = merged.get(key)
        merged[key] = cause if known is None else _merge(known, cause)
    return sorted(merged.values(), key=lambda cause: (-abs(cause.usd), cause.kind, cause.subject))


def _merge(one: InvoiceCause, other: InvoiceCause) -> InvoiceCause:
    days = min(one.first_day, other.first_day), max(one.last_day, other.last_day)
    return InvoiceCause(one.kind, one.subject, EXACT.add(one.usd, other.usd), *days, one.detail, one.tokens + other.tokens)


def _find_other_causes(invoice: Invoice, expected: ExpectedCosts) -> Iterator[InvoiceCause]:
    """Yield the causes of lines that aren't tokens of a known model, and of usage without a known day."""
    tools = expected.tools_usd_by_day
    charged: defaultdict[date, Decimal] = defaultdict(Decimal)
    for key, usd in invoice.others.items():
        if key.kind == "tools":
            charged[key.day] = EXACT.add(charged[key.day], usd)
        else:
            yield InvoiceCause(key.kind, key.item, usd, key.day, key.day)
    for day in {*tools, *charged}:
        if usd := EXACT.subtract(charged[day], tools.get(day, Decimal(0))):
            yield InvoiceCause("tools", "", usd, day, day)
    if expected.undated_usd:
        first, last = min(invoice.days), max(invoice.days)
        yield InvoiceCause("undated", "", EXACT.minus(expected.undated_usd), first, last)


def _find_row_causes(rows: Sequence[InvoiceRow], billed_days: Collection[date], slack: Decimal) -> Iterator[InvoiceCause]:
    used_days = {row.key.day for row in rows if row.tokens}
    known_models = {row.key.model for row in rows if row.tokens}
    known_projects = {row.key.project for row in rows if row.tokens}
    billed_projects = {row.key.project for row in rows if row.has_line}
    parts: list[_Part] = []
    for row in rows:
        if not row.residual_usd:
            continue
        if row.key.day not in used_days:
            yield _make_cause("days-without-usage", row, row.residual_usd, subject="")
        elif row.key.day not in billed_days:
            yield _make_cause("days-without-costs", row, row.residual_usd, subject="")
        elif row.key.model not in known_models:
            yield _make_cause("model", row, row.residual_usd)
        elif row.key.project not in known_projects:
            yield _make_cause("project", row, row.residual_usd, subject=row.key.project or "")
        elif billed_projects and row.key.project not in billed_projects:
            yield _make_cause("project-without-costs", row, row.residual_usd, subject=row.key.project or "")
        else:
            parts += _split_residual(row)
    yield from _explain_parts(parts, slack)


def _split_residual(row: InvoiceRow) -> Iterator[_Part]:
    """Split a residual into one of tokens and one of their price, if the line counts its tokens."""
    rate = row.rate
    if row.quantity is None or not rate:
        yield _Part(row, row.residual_usd, Fraction(row.residual_usd) * _MILLION / rate if rate else Fraction(0), None)
        return
    at_rate = to_decimal(Fraction(row.quantity) * rate / _MILLION, 12)
    more = Fraction(row.quantity) - row.tokens
    if more:
        yield _Part(row, EXACT.subtract(at_rate, row.expected_usd), more, is_rate=False)
    if row.charged_usd != at_rate:
        yield _Part(row, EXACT.subtract(row.charged_usd, at_rate), Fraction(row.quantity), is_rate=True)


def _explain_parts(parts: list[_Part], slack: Decimal) -> Iterator[InvoiceCause]:
    left = []
    for part in parts:
        if abs(part.usd) <= slack and part.row.has_line:
            yield _make_cause("rounding", part.row, part.usd, subject="")
        else:
            left.append(part)
    for find in (_find_shifted_days, _find_cached_share, _find_modes):
        explained: set[int] = set()
        for cause, those in find([part for part in left if not part.is_rate], slack):
            yield cause
            explained.update(map(id, those))
        left = [part for part in left if id(part) not in explained]
    yield from _explain_rates(left, slack)


_Explained = tuple[InvoiceCause, Sequence[_Part]]


def _group(parts: Iterable[_Part], key: Callable[[_Part], object]) -> Iterable[list[_Part]]:
    groups: dict[object, list[_Part]] = {}
    for part in parts:
        groups.setdefault(key(part), []).append(part)
    return groups.values()


def _find_shifted_days(parts: Sequence[_Part], slack: Decimal) -> Iterator[_Explained]:
    """Find residuals that the next day has with the opposite sign: work around midnight that was billed on the other day."""
    for group in _group(parts, lambda part: part.row.key._replace(day=date.min)):
        waiting = sorted(group, key=lambda part: part.row.key.day)
        while len(waiting) > 1:
            one, other = waiting[:2]
            is_next = other.row.key.day - one.row.key.day == timedelta(days=1)
            if is_next and abs(EXACT.add(one.usd, other.usd)) <= 2 * slack:
                cause = _make_cause("day-end", one.row, Decimal(0), tokens=abs(round(one.tokens)))
                yield cause._replace(last_day=other.row.key.day), (one, other)
                if rest := EXACT.add(one.usd, other.usd):
                    yield _make_cause("rounding", one.row, rest, subject=""), ()
                del waiting[:2]
            else:
                del waiting[0]


def _find_moved(parts: Sequence[_Part], slack: Decimal) -> bool:
    """Return True if the tokens that are missing in some lines are in the others."""
    if len(parts) < 2:
        return False
    hidden = sum((Fraction(slack) * _MILLION / part.row.rate for part in parts if part.row.rate), Fraction(0))
    return all(part.row.rate for part in parts) and abs(sum((part.tokens for part in parts), Fraction(0))) <= hidden


def _find_cached_share(parts: Sequence[_Part], slack: Decimal) -> Iterator[_Explained]:
    """Find input that was charged as cached, or the other way round."""
    inputs = [part for part in parts if part.row.key.direction in ("input", "cached", "written")]
    for group in _group(inputs, lambda part: part.row.key._replace(direction="")):
        if _find_moved(group, slack):
            cached = sum(round(part.tokens) for part in group if part.row.key.direction == "cached")
            yield _make_cause("cached-share", group[0].row, sum_usd(part.usd for part in group), tokens=cached), group


def _find_modes(parts: Sequence[_Part], slack: Decimal) -> Iterator[_Explained]:
    """Find tokens that were charged in another mode than the usage says."""
    for group in _group(parts, lambda part: part.row.key._replace(mode="")):
        if _find_moved(group, slack):
            more = max(group, key=lambda part: part.tokens)
            mode = more.row.key.mode or "standard"
            usd = sum_usd(part.usd for part in group)
            yield _make_cause("mode", more.row, usd, detail=mode, tokens=round(more.tokens)), group


def _explain_rates(parts: Sequence[_Part], slack: Decimal) -> Iterator[InvoiceCause]:
    """Yield the causes of residuals that no other line explains: another rate, a discount, or tokens that only one side has."""
    left = []
    for part in parts:
        rate = None if part.is_rate is False else _find_other_rate(part, slack)
        if rate:
            yield from _split_rounding(part, rate.usd, _make_cause(rate.kind, part.row, part.usd, detail=rate.name))
        else:
            left.append(part)
    shared = _find_shared_ratios(left, slack)
    for part in left:
        ratio = shared.get(id(part))
        if ratio is not None:
            exact = ratio * Fraction(part.base_usd)
            cause = _make_cause("discount", part.row, part.usd, subject="", detail=_format_discount(ratio))
            yield from _split_rounding(part, to_decimal(exact, 12), cause)
        elif part.is_rate and (ratio := _find_ratio(part, slack)) is not None:
            yield _make_cause("rate", part.row, part.usd, detail=_format_discount(ratio))
        elif part.is_rate or not part.row.rate:
            yield _make_cause("rate", part.row, part.usd)
        else:
            yield _make_cause("tokens", part.row, part.usd, detail=part.row.key.direction, tokens=round(part.tokens))


def _split_rounding(part: _Part, exact_usd: Decimal, cause: InvoiceCause) -> Iterator[InvoiceCause]:
    """Yield a cause with its effect on the exact price, and a second one for the rounding of the amount."""
    rounding = EXACT.subtract(part.row.charged_usd, exact_usd)
    yield cause._replace(usd=EXACT.subtract(cause.usd, rounding))
    if rounding:
        yield _make_cause("rounding", part.row, rounding, subject="")


def _format_discount(ratio: Fraction) -> str:
    return f"{to_decimal((1 - ratio) * 100, 2).normalize():f}"


class _RatioSpan(NamedTuple):
    """The possible ratios of the charged price to the expected one, given the rounding of the amount."""

    low: Fraction
    high: Fraction

    @property
    def width(self) -> float:
        return float(self.high - self.low)

    @property
    def nearest(self) -> int:
        """The ratio of the amount as it is written, rounded to units of the last place."""
        nearest: int = round((self.low + self.high) / 2 * _RATIO_UNITS)
        return nearest

    def has(self, units: int) -> bool:
        """Return True if the span includes a ratio, in units of the last place."""
        return self.low <= Fraction(units, _RATIO_UNITS) <= self.high

    def list_round_ratios(self) -> Iterable[int]:
        """List the round ratios of the span in units of the last place: of a wide one only whole percents."""
        if self.width > _WIDE:
            return ()
        step = _RATIO_UNITS // 100 if self.width > _NARROW else 1
        return range(ceil(self.low * _RATIO_UNITS / step) * step, floor(self.high * _RATIO_UNITS) + 1, step)

    def compute_chance(self, units: int) -> float:
        """Return the probability that an amount with another cause has this ratio, too."""
        return min(self.width, _NARROW) if self.nearest == units else self.width


def _find_ratio_span(part: _Part, slack: Decimal) -> _RatioSpan | None:
    """Return the span of ratios of a part; None if it isn't about a price."""
    if part.is_rate is False or not part.row.tokens or not part.row.charged_usd:
        return None
    base, charged, error = Fraction(part.base_usd), Fraction(part.row.charged_usd), Fraction(slack) + Fraction(1, 10**9)
    return _RatioSpan((charged - error) / base, (charged + error) / base)


def _find_ratio(part: _Part, slack: Decimal) -> Fraction | None:
    """Return the round ratio that is nearest to that of a part; None if the amount is more than its rounding away from it."""
    span = _find_ratio_span(part, slack)
    return Fraction(span.nearest, _RATIO_UNITS) if span and span.has(span.nearest) else None


def _find_shared_ratios(parts: Sequence[_Part], slack: Decimal) -> dict[int, Fraction]:
    """Map the ids of parts to the ratio that they share with others: first the ratio of the most exact lines, and of those the
    roundest.

    Amounts in cents allow many ratios, so the lines of a ratio must be too many, or too exact, to share it by chance.
    """
    spans = {id(part): span for part in parts if (span := _find_ratio_span(part, slack))}
    amounts = {id(part): (Fraction(part.base_usd), Fraction(part.row.charged_usd)) for part in parts}
    members: defaultdict[int, list[int]] = defaultdict(list)
    for key, span in spans.items():
        for units in span.list_round_ratios():
            members[units].append(key)

    def rank(units: int) -> tuple[int, int, int, Fraction]:
        base, charged = (sum(side, Fraction(0)) for side in zip(*(amounts[key] for key in members[units]), strict=True))
        places = next(places for places in range(_RATIO_PLACES + 1) if units % 10 ** (_RATIO_PLACES - places) == 0)
        exact = sum(spans[key].width <= _NARROW for key in members[units])
        return -exact, -len(members[units]), places, abs(Fraction(units, _RATIO_UNITS) * base - charged)

    shared: dict[int, Fraction] = {}
    for units in sorted((units for units, keys in members.items() if len(keys) >= _LEAST_ALIKE), key=rank):
        left = [key for key in members[units] if key not in shared]
        if len(left) >= _LEAST_ALIKE and prod(spans[key].compute_chance(units) for key in left) <= _CHANCE:
            fitting = [key for key, span in spans.items() if key not in shared and span.has(units)]
            shared |= dict.fromkeys(fitting, Fraction(units, _RATIO_UNITS))
    return shared


class _OtherRate(NamedTuple):
    """The kind of cause that another rate of the table is, the name of the rate, and what the line costs at it."""

    kind: str
    name: str
    usd: Decimal


def _find_other_rate(part: _Part, slack: Decimal) -> _OtherRate | None:
    """Find the mode, platform or price row whose rate gives the amount that was charged."""
    row, offer = part.row, part.row.offer
    tokens = row.tokens if row.quantity is None else Fraction(row.quantity)
    if offer is None or not tokens:
        return None
    platform, platforms = offer.market.platform, offer.market.catalog.platforms
    sold = [item for item in offer.variant.rate_table.items() if platforms[item[0]].provider == platform.provider]
    for name, modes in sorted(sold, key=lambda item: item[0] != platform.id):
        for mode, dated in modes.items():
            for price_row in dated:
                rate = find_rate(offer._replace(row=price_row), row.key.direction)
                usd = to_decimal(Fraction(tokens) * Fraction(rate or 0) / _MILLION, 12)
                if rate is None or abs(usd - row.charged_usd) > slack:
                    continue
                if name != platform.id:
                    return _OtherRate("platform", name, usd)
                is_mode = mode != offer.mode
                return _OtherRate("mode" if is_mode else "price-row", mode if is_mode else str(price_row.effective_from), usd)
    return None


def _make_cause(
    kind: str, row: InvoiceRow, usd: Decimal, *, subject: str | None = None, detail: str = "", tokens: int = 0
) -> InvoiceCause:
    return InvoiceCause(kind, row.key.model if subject is None else subject, usd, row.key.day, row.key.day, detail, tokens)
