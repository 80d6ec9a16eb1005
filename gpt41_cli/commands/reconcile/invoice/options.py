"""Read what `gpt41 reconcile --invoice` compares, and compare it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from gpt41_cli.catalog import Market
from gpt41_cli.cli.config_file import find_configs, open_configs
from gpt41_cli.cli.inputs import read_sources
from gpt41_cli.commands.reconcile.bill import Reconciliation
from gpt41_cli.commands.reconcile.invoice.alone_report import make_invoice_report
from gpt41_cli.commands.reconcile.invoice.charged import Invoice
from gpt41_cli.commands.reconcile.invoice.expected import ExpectedCosts
from gpt41_cli.commands.reconcile.invoice.planned import compare_with_plan, plan_costs
from gpt41_cli.commands.reconcile.invoice.planned_report import make_planned_report
from gpt41_cli.commands.reconcile.invoice.report import add_invoice_to_report
from gpt41_cli.commands.reconcile.invoice.rows import pair_rows
from gpt41_cli.commands.reconcile.spending.period import Period
from gpt41_cli.config import CONFIG_NAME
from gpt41_cli.display import pluralize, sanitize
from gpt41_cli.errors import InputError
from gpt41_cli.files.sources import find_duplicate_files, open_source
from gpt41_cli.invoices.lines import EmptyDay, InvoiceLine
from gpt41_cli.invoices.reading import read_costs
from gpt41_cli.reports import Report
from gpt41_cli.workloads.priced import CheckOptions, PricedConfig, price_configs

_MAX_NAMES = 5


class InvoiceQuestion(NamedTuple):
    """An invoice to compare, and how far it may be from the usage; `before` has the lines of the period before."""

    invoice: Invoice
    market: Market
    tolerance: Decimal | None
    skips_invalid: bool = False
    before: Invoice | None = None

    def make_report(self, named: Sequence[Path] | None, jobs: int | None) -> Report:
        """Make the report on the invoice without logs: compared with the period before, or with the named gpt41.yaml or the
        nearest one, or alone. Raises InputError if there is nothing to compare it with, although a tolerance or a named file asks
        for it.
        """
        rows = pair_rows(self.invoice, ExpectedCosts(), self.market)
        priced = None if self.before else self._price_workloads(named, jobs)
        if priced is None or not priced.has_volumes:
            if self.tolerance is not None:
                raise InputError("--tolerance", f"logs, or a {CONFIG_NAME} with volumes, to compare the costs with", "neither")
            report = make_invoice_report(self.invoice, self.before, rows, self.market, skips_invalid=self.skips_invalid)
            unused = [] if priced is None else [f"{priced.config.file} isn't compared: no workload has a volume."]
            return report._replace(notes=(*report.notes, *unused))
        planned = plan_costs(self.invoice, priced.workloads, priced.config.file, self.market.catalog)
        pairs = compare_with_plan(self.invoice, planned)
        terms = self.market, self.tolerance
        return make_planned_report(self.invoice, rows, planned, pairs, *terms, skips_invalid=self.skips_invalid)

    def _price_workloads(self, named: Sequence[Path] | None, jobs: int | None) -> PricedConfig | None:
        """Price the workloads of a gpt41.yaml on the last day of the invoice; None if none is named and none is near."""
        try:
            paths = find_configs(named)
        except InputError:  # one that is named has been read before
            return None
        market = self.market.on_day(max(self.invoice.covered_days))
        (priced,) = price_configs(open_configs(paths, market.catalog), CheckOptions(market, jobs=jobs))
        if named and not priced.has_volumes:
            expected = "a workload with a volume, which says what a month costs"
            raise InputError("workloads", expected, "none", location=priced.config.file)
        return priced

    def add_to_report(self, report: Report, bill: Reconciliation, expected: ExpectedCosts) -> Report:
        """Add the invoice to the report on the usage."""
        rows = pair_rows(self.invoice, expected, self.market)
        return add_invoice_to_report(report, bill, self.invoice, expected, rows, self.tolerance, skips_invalid=self.skips_invalid)


def read_invoice(
    paths: Sequence[str],
    market: Market,
    tolerance: Decimal | None,
    period: Period | None = None,
    period_before: Period | None = None,
    *,
    skips_invalid: bool = False,
) -> InvoiceQuestion:
    """Read the costs of a period, by default of all days, and of the one before. Raises InputError if there are none of one of
    them, or none in US dollars.
    """
    sources, _ = read_sources(list(dict.fromkeys(paths)), None)
    invoice = Invoice(market.catalog, period or Period())
    before = Invoice(market.catalog, period_before) if period_before else None
    invoice.copies = {name: original.label for name, original in find_duplicate_files(sources).items()}
    for source in sources:
        if source.name not in invoice.copies:
            with open_source(source) as stream:
                for line in read_costs(stream, source.name, source.label):
                    is_before = before and isinstance(line, InvoiceLine | EmptyDay) and before.period.has(line.day)
                    (before if before and is_before else invoice).add(line)
    if not invoice.lines:
        if invoice.left_out:
            raise InputError("--invoice", f"costs {invoice.period}", f"only {pluralize(invoice.left_out, 'line')} of other days")
        foreign = ", ".join(invoice.foreign)
        if foreign:
            hint = "export them in US dollars, or with a column costInUsd"
            raise InputError("--invoice", "costs in US dollars", f"costs in {foreign}", hint)
        if invoice.other_services and not invoice.rejects.count:
            services = ", ".join(sanitize(name) for name in list(invoice.other_services)[:_MAX_NAMES])
            raise InputError("--invoice", "costs of AI", f"costs of other services: {services}")
        content = "none"
        for first in invoice.rejects.examples[:1]:
            content = f"{pluralize(invoice.rejects.count, 'line')} that can't be read: {first.place.label}: {first.message}"
        raise InputError("--invoice", "lines of costs", content)
    if before and not before.covered_days:
        raise InputError("--compare", f"costs {before.period}, too", "none")
    return InvoiceQuestion(invoice, market, tolerance, skips_invalid, before)
