"""Pair what was charged with what was expected, line by line."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from gpt41_cli.catalog import MODES, Market, Offer, Variant
from gpt41_cli.catalog.lookup import FINE_TUNED_PREFIX
from gpt41_cli.commands.reconcile.invoice.charged import UNSAID_MODE, Invoice
from gpt41_cli.commands.reconcile.invoice.expected import ExpectedCosts, RowKey
from gpt41_cli.pricing import EXACT

_MILLION = 1_000_000


@dataclass
class InvoiceRow:
    """One line of the invoice, of the usage, or of both. `offer` is None if no price is known.

    `quantity` is None if the line doesn't say how many tokens it counts. `has_line`: it is on the invoice.
    """

    key: RowKey
    tokens: int
    expected_usd: Decimal
    charged_usd: Decimal
    quantity: Decimal | None
    offer: Offer | None
    has_line: bool = False

    @property
    def residual_usd(self) -> Decimal:
        """How much more was charged than expected."""
        return EXACT.subtract(self.charged_usd, self.expected_usd)

    @property
    def rate(self) -> Fraction:
        """The expected price in dollars per million tokens; 0 if none is known."""
        if self.tokens:
            return Fraction(self.expected_usd) * _MILLION / self.tokens
        return Fraction(find_rate(self.offer, self.key.direction) or 0) if self.offer else Fraction(0)


def find_rate(offer: Offer, direction: str) -> Decimal | None:
    """Return the list price of a direction in dollars per million tokens; None if there is none."""
    rates, row = offer.row.rates, offer.row
    cached = rates.input if rates.cached_input is None else rates.cached_input
    return {"input": rates.input, "cached": cached, "output": rates.output, "written": row.cache_write_30m}[direction]


def find_billed_name(variant: Variant, names: Collection[str]) -> str:
    """Return the model name under which an invoice bills a variant; the variant's own name if there is none.

    An invoice may have one name for all fine-tunes of a model, such as `ft:` and the name of the model or of a snapshot.
    """
    bases = (variant.model.id, *variant.model.snapshots)
    shared = [name for base in bases if (name := f"{FINE_TUNED_PREFIX}{base}") in names]
    return shared[0] if shared and variant.fine_tuned and variant.id not in names else variant.id


def pair_rows(invoice: Invoice, expected: ExpectedCosts, market: Market) -> list[InvoiceRow]:
    """Pair the lines of an invoice with those of the usage, in the order of their keys.

    Projects are compared only if both sides name them, and kept if there is no usage. A line that doesn't say its mode stands for
    all modes that have no lines of their own.
    """
    usage = list(expected.list_rows())
    names = {key.model for key in invoice.tokens}
    has_projects = any(key.project for key in invoice.tokens) and (not usage or any(row.key.project for row in usage))
    said = {(key.model, key.mode) for key in invoice.tokens}
    rows: dict[RowKey, InvoiceRow] = {}

    def get_row(key: RowKey, mode: str) -> InvoiceRow:
        place = key._replace(project=key.project if has_projects else None, mode=mode)
        return rows.setdefault(place, InvoiceRow(place, 0, Decimal(0), Decimal(0), Decimal(0), None))

    for expected_row in usage:
        model = find_billed_name(expected_row.offer.variant, names)
        mode = expected_row.key.mode if (model, expected_row.key.mode) in said else UNSAID_MODE
        row = get_row(expected_row.key._replace(model=model), mode)
        row.tokens += expected_row.tokens
        row.expected_usd = EXACT.add(row.expected_usd, expected_row.usd)
        row.offer = row.offer if row.offer and row.offer.mode == MODES[0] else expected_row.offer
    for key, charged in invoice.tokens.items():
        row = get_row(key, key.mode)
        row.charged_usd = EXACT.add(row.charged_usd, charged.usd)
        known = row.quantity is not None and charged.quantity is not None
        row.quantity = EXACT.add(row.quantity or Decimal(0), charged.quantity or Decimal(0)) if known else None
        row.has_line = True
    for key, row in rows.items():
        row.quantity = row.quantity if row.has_line else None
        row.offer = row.offer or _find_offer(market, key)
    return [rows[key] for key in sorted(rows, key=lambda key: (key.model, key.mode, key.direction, key.project or "", key.day))]


def _find_offer(market: Market, key: RowKey) -> Offer | None:
    variant = market.catalog.find_variant(key.model)
    return market.on_day(key.day).find_offer(variant, key.mode or MODES[0]) if variant else None
