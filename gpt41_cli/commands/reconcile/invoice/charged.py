"""Sort the lines of an invoice: tokens by day, project, model, mode and direction, and everything else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.reconcile.invoice.expected import RowKey
from gpt41_cli.commands.reconcile.spending.period import Period
from gpt41_cli.files.places import RejectedRequest, Rejections
from gpt41_cli.invoices.lines import EmptyDay, InvoiceLine, ItemTokens, PageEnd, parse_item
from gpt41_cli.invoices.reading import USD
from gpt41_cli.pricing import EXACT

UNSAID_MODE = ""
"""The mode of lines that don't name one."""
_KINDS = {
    "storage": ("storage", "vector store"),
    "hosting": ("hosting", "hstng"),
    "training": ("training", "trng"),
    "tools": ("search", "tool", "code interpreter", "container"),
}
"""The kind of a line that has one of these texts; the first match counts."""
_AI_SERVICES = ("openai", "foundry", "cognitive", "ai")


class OtherKey(NamedTuple):
    """Lines that aren't tokens of a model: their `item` is their name.

    Their `kind` is one of _KINDS, credit, model, unnamed or other.
    """

    kind: str
    item: str
    day: date


@dataclass
class ChargedTokens:
    """The amount charged for tokens, and how many were counted; None if a line doesn't say it."""

    usd: Decimal = Decimal(0)
    quantity: Decimal | None = Decimal(0)

    def merge(self, other: ChargedTokens) -> None:
        """Add what was charged in another line."""
        self.usd = EXACT.add(self.usd, other.usd)
        known = self.quantity is not None and other.quantity is not None
        self.quantity = EXACT.add(self.quantity or Decimal(0), other.quantity or Decimal(0)) if known else None


class Invoice:
    """The lines of an invoice in a period, sorted. `total_usd` is the sum of all but those in other currencies and of other
    services.

    `left_out` lines are of other days. `days` have lines; `covered_days` include days for which the export says that nothing was
    charged. `step` is the unit of the last place of its amounts. `open_pages` say that others follow, `last_pages` that none
    does. `contradicting` lines have the day, item and project of another line, but another amount. `copies` are files that
    weren't read, each with the one it repeats.
    """

    def __init__(self, catalog: Catalog, period: Period) -> None:
        self.period = period
        self.left_out = 0
        self.tokens: dict[RowKey, ChargedTokens] = {}
        self.others: dict[OtherKey, Decimal] = {}
        self.total_usd = Decimal(0)
        self.lines = 0
        self.step = Decimal(1)
        self.days: set[date] = set()
        self.covered_days: set[date] = set()
        self.has_meters = False
        self.has_line_items = False
        self.by_project: dict[str | None, Decimal] = {}
        self.by_organization: dict[str | None, Decimal] = {}
        self.foreign: dict[str, Decimal] = {}
        self.foreign_lines = 0
        self.other_services: dict[str, Decimal] = {}
        self.repeated = 0
        self.contradicting = 0
        self.copies: dict[str, str] = {}
        self.open_pages = 0
        self.last_pages = 0
        self.rejects = Rejections()
        self._catalog = catalog
        self._seen: dict[object, set[Decimal]] = {}

    @property
    def is_incomplete(self) -> bool:
        """True if something that was charged is missing."""
        return bool(self.rejects.count or self.foreign_lines or (self.open_pages and not self.last_pages))

    def add(self, line: InvoiceLine | RejectedRequest | PageEnd | EmptyDay) -> None:
        """Add a line. One of OpenAI's that comes again is counted once, unless its amount differs."""
        if isinstance(line, RejectedRequest):
            self.rejects.add(line)
            return
        if isinstance(line, PageEnd):
            self.open_pages += line.has_more
            self.last_pages += not line.has_more
            return
        if not self.period.has(line.day):
            self.left_out += isinstance(line, InvoiceLine)
            return
        self.covered_days.add(line.day)
        if isinstance(line, EmptyDay):
            return
        if line.key is not None:
            known = self._seen.setdefault(line.key, set())
            if line.amount in known:
                self.repeated += 1
                return
            self.contradicting += bool(known)
            known.add(line.amount)
        if line.currency != USD:
            self.foreign_lines += 1
            self.foreign[line.currency] = EXACT.add(self.foreign.get(line.currency, Decimal(0)), line.amount)
            return
        item = parse_item(self._catalog, line)
        if line.is_meter and item.model is None and line.service and not _is_ai(line.service):
            self.other_services[line.service] = EXACT.add(self.other_services.get(line.service, Decimal(0)), line.amount)
            return
        self._add_amount(line, item)

    def _add_amount(self, line: InvoiceLine, item: ItemTokens) -> None:
        self.lines += 1
        self.total_usd = EXACT.add(self.total_usd, line.amount)
        exponent = line.amount.normalize().as_tuple().exponent
        assert isinstance(exponent, int)
        self.step = min(self.step, Decimal(1).scaleb(min(exponent, 0)))
        self.days.add(line.day)
        self.has_meters |= line.is_meter
        self.has_line_items |= not line.is_meter
        for sums, name in ((self.by_project, line.project), (self.by_organization, line.organization)):
            sums[name] = EXACT.add(sums.get(name, Decimal(0)), line.amount)
        if item.is_known and item.model and item.direction and line.amount >= 0:
            key = RowKey(line.day, line.project, item.model, item.mode or UNSAID_MODE, item.direction)
            self.tokens.setdefault(key, ChargedTokens()).merge(ChargedTokens(line.amount, line.quantity))
            return
        other = OtherKey(_find_kind(line, item), line.item or "", line.day)
        self.others[other] = EXACT.add(self.others.get(other, Decimal(0)), line.amount)


def _is_ai(service: str) -> bool:
    return any(word in service.lower().split() for word in _AI_SERVICES)


def _find_kind(line: InvoiceLine, item: ItemTokens) -> str:
    """Return the kind of a line that isn't about tokens of a known model."""
    if line.amount < 0:
        return "credit"
    if line.item is None:
        return "unnamed"
    if item.model:
        return "model"
    words = line.item.lower()
    return next((kind for kind, marks in _KINDS.items() if any(mark in words for mark in marks)), "other")
