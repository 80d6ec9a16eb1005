"""What `gpt41 reconcile --invoice` reads, and what it compares."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Market
from gpt41_cli.cli.inputs import read_sources
from gpt41_cli.commands.reconcile.bill import Reconciliation
from gpt41_cli.commands.reconcile.invoice.causes import find_causes
from gpt41_cli.commands.reconcile.invoice.charged import Invoice
from gpt41_cli.commands.reconcile.invoice.expected import ExpectedCosts
from gpt41_cli.commands.reconcile.invoice.report import add_invoice_to_report, make_invoice_report
from gpt41_cli.commands.reconcile.invoice.rows import pair_rows
from gpt41_cli.display import pluralize
from gpt41_cli.errors import InputError
from gpt41_cli.files.sources import find_duplicate_files, open_source
from gpt41_cli.invoices.reading import read_costs
from gpt41_cli.reports import Report


class InvoiceQuestion(NamedTuple):
    """An invoice to compare, and how far it may be from the usage."""

    invoice: Invoice
    market: Market
    tolerance: Decimal | None
    skips_invalid: bool = False

    def make_report(self) -> Report:
        """Make the report on the invoice alone."""
        rows = pair_rows(self.invoice, ExpectedCosts(), self.market)
        return make_invoice_report(self.invoice, rows, self.market, skips_invalid=self.skips_invalid)

    def add_to_report(self, report: Report, bill: Reconciliation, expected: ExpectedCosts) -> Report:
        """Add the invoice to the report on the usage."""
        rows = pair_rows(self.invoice, expected, self.market)
        causes = find_causes(self.invoice, expected, rows)
        return add_invoice_to_report(report, bill, self.invoice, rows, causes, self.tolerance, skips_invalid=self.skips_invalid)


def read_invoice(
    paths: Sequence[str], market: Market, tolerance: Decimal | None, *, skips_invalid: bool = False
) -> InvoiceQuestion:
    """Read cost exports. Raises InputError if there are none, or none in US dollars."""
    sources, _ = read_sources(list(paths), None)
    invoice = Invoice(market.catalog)
    copies = find_duplicate_files(sources)
    for source in sources:
        if source.name not in copies:
            with open_source(source) as stream:
                for line in read_costs(stream, source.name, source.label):
                    invoice.add(line)
    if not invoice.lines:
        foreign = ", ".join(invoice.foreign)
        if foreign:
            hint = "export them in US dollars, or with a column costInUsd"
            raise InputError("--invoice", "costs in US dollars", f"costs in {foreign}", hint)
        unread = f"{pluralize(invoice.rejects.count, 'line')} that can't be read" if invoice.rejects.count else "none"
        first = (
            f": {invoice.rejects.examples[0].place.label}: {invoice.rejects.examples[0].message}" if invoice.rejects.count else ""
        )
        raise InputError("--invoice", "lines of costs", f"{unread}{first}")
    return InvoiceQuestion(invoice, market, tolerance, skips_invalid)
