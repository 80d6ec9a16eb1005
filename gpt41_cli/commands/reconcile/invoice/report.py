"""An invoice next to the usage as a Report, with the causes of the difference, and what all reports on invoices share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.commands.reconcile.bill import Reconciliation
from gpt41_cli.commands.reconcile.invoice.causes import InvoiceCause, find_causes
from gpt41_cli.commands.reconcile.invoice.charged import Invoice
from gpt41_cli.commands.reconcile.invoice.expected import ExpectedCosts
from gpt41_cli.commands.reconcile.invoice.reasons import describe_cause
from gpt41_cli.commands.reconcile.invoice.rows import InvoiceRow
from gpt41_cli.display import (
    choose_money_format,
    format_change_percent,
    format_exact,
    format_money,
    format_money_change,
    format_percent,
    pluralize,
    sanitize,
)
from gpt41_cli.findings import Finding
from gpt41_cli.pricing import EXACT, sum_usd
from gpt41_cli.reports import Json, Report, ReportLine, Table
from gpt41_cli.reports.columns import Column, make_records, make_table
from gpt41_cli.reports.findings import make_invalid_findings
from gpt41_cli.rules import Level

SCHEMA = "gpt41.invoice/1"

NOT_STATED = "(not stated)"
_DIRECTIONS = {"input": "input", "cached": "cached input", "output": "output", "written": "cache writes"}
_MAX_NAMES = 5


class _InvoiceSum(NamedTuple):
    """Lines under one name."""

    names: tuple[str, ...]
    expected_usd: Decimal
    charged_usd: Decimal

    @property
    def residual_usd(self) -> Decimal:
        return EXACT.subtract(self.charged_usd, self.expected_usd)


def add_invoice_to_report(
    report: Report,
    bill: Reconciliation,
    invoice: Invoice,
    expected: ExpectedCosts,
    rows: Sequence[InvoiceRow],
    tolerance: Decimal | None,
    *,
    skips_invalid: bool,
) -> Report:
    """Add an invoice and the causes of its difference to the report on the usage."""
    causes = find_causes(invoice, expected, rows)
    residual = EXACT.subtract(invoice.total_usd, bill.total_usd)
    return report._replace(
        answer=format_exact(residual),
        headline=_make_headline(invoice, bill, residual),
        lines=(ReportLine("usage", report.headline), *report.lines),
        tables=(*_list_compared_tables(rows, causes), *report.tables),
        findings=(
            *report.findings,
            *collect_findings(invoice, skips_invalid=skips_invalid),
            *check_tolerance(residual, bill.total_usd, tolerance),
        ),
        notes=(*report.notes, *collect_notes(invoice)),
        data={**report.data, "invoice": make_json(invoice, rows, causes, bill.total_usd)},
        records=make_line_records(invoice, rows, expected),
    )


def _make_headline(invoice: Invoice, bill: Reconciliation, residual: Decimal) -> str:
    show = choose_money_format([invoice.total_usd, bill.total_usd])
    charged, expected = format_charged(invoice, show), f"{show(bill.total_usd)} expected from the usage"
    if not residual:
        return f"{charged}, as expected from the usage"
    share = f" ({format_share(residual, bill.total_usd)})" if bill.total_usd else ""
    more = f"{format_money(abs(residual))} {'more' if residual > 0 else 'less'}"
    return f"{charged}, {expected}: {more}{share}"


def format_charged(invoice: Invoice, show: Callable[[Decimal], str] = format_money) -> str:
    """Say how much was charged, at least if lines are missing."""
    return f"{'at least ' if invoice.is_incomplete else ''}{show(invoice.total_usd)} charged"


def format_share(residual: Decimal, expected: Decimal) -> str:
    """Format a difference as a share of what was expected."""
    return format_change_percent(Fraction(residual) / Fraction(expected), 2)


def check_tolerance(residual: Decimal, expected: Decimal, tolerance: Decimal | None) -> Iterator[Finding]:
    """Yield a finding if the difference is larger than the tolerance, a share of what was expected."""
    if tolerance is not None and abs(residual) > EXACT.multiply(expected, tolerance):
        share = f"{format_share(residual, expected)} " if expected else ""
        more = "more" if residual > 0 else "less"
        message = f"{format_money(abs(residual))} {more} was charged than expected: {share}is beyond {format_percent(tolerance)}"
        yield Finding(rules.INVOICE_DRIFT, message, actual=format_exact(residual))


def _list_compared_tables(rows: Sequence[InvoiceRow], causes: Sequence[InvoiceCause]) -> Iterator[Table]:
    columns = (
        Column[InvoiceCause]("cause", None, describe_cause),
        Column[InvoiceCause](">amount", None, lambda cause: cause.usd, format_money_change),
        Column[InvoiceCause](
            "~days", None, lambda cause: " to ".join(dict.fromkeys((str(cause.first_day), str(cause.last_day))))
        ),
    )
    if causes:
        yield make_table(columns, causes, "Why the invoice differs from the usage")
    yield _make_sums_table(rows, ("model",), lambda row: (row.key.model,), "By model")
    if any(row.residual_usd for row in rows):
        names = ("model", "line")
        yield _make_sums_table(rows, names, lambda row: (row.key.model, name_line(row)), "By line item")
        if any(row.key.project for row in rows):
            yield _make_sums_table(rows, ("project",), lambda row: (row.key.project or NOT_STATED,), "By project")
        yield _make_sums_table(rows, ("day",), lambda row: (row.key.day.isoformat(),), "By day")._replace(is_detail=True)


def name_line(row: InvoiceRow) -> str:
    """Name the line item of a row: its mode, if the line has one, and its direction."""
    mode = f"{row.key.mode}, " if row.key.mode else ""
    return f"{mode}{_DIRECTIONS[row.key.direction]}"


def _make_sums_table(
    rows: Sequence[InvoiceRow], titles: Sequence[str], get_names: Callable[[InvoiceRow], tuple[str, ...]], title: str
) -> Table:
    sums: dict[tuple[str, ...], _InvoiceSum] = {}
    for row in rows:
        names = get_names(row)
        known = sums.get(names, _InvoiceSum(names, Decimal(0), Decimal(0)))
        charged = EXACT.add(known.charged_usd, row.charged_usd)
        sums[names] = _InvoiceSum(names, EXACT.add(known.expected_usd, row.expected_usd), charged)
    columns = [_make_name_column(name, index) for index, name in enumerate(titles)]
    columns += [
        Column(">expected", None, lambda total: total.expected_usd),
        Column(">charged", None, lambda total: total.charged_usd),
        Column(">difference", None, lambda total: total.residual_usd, format_money_change),
    ]
    return make_table(columns, sums.values(), title)


def _make_name_column(title: str, index: int) -> Column[_InvoiceSum]:
    return Column(f"`{title}", None, lambda total: sanitize(total.names[index]), str)


def collect_findings(invoice: Invoice, *, skips_invalid: bool) -> Iterator[Finding]:
    """Yield findings about what is missing from an invoice, and about what it mixes."""
    yield from make_invalid_findings(invoice.rejects, None if skips_invalid else Level.ERROR)
    if invoice.open_pages and not invoice.last_pages:
        pages = pluralize(invoice.open_pages, "page")
        yield Finding(rules.INVOICE_PAGES, f"{pages} of costs, and not the last one: has_more says that others follow")
    if invoice.foreign_lines:
        sums = ", ".join(f"{format_exact(amount)} {sanitize(name)}" for name, amount in sorted(invoice.foreign.items()))
        what = pluralize(invoice.foreign_lines, "line")
        yield Finding(rules.INVOICE_CURRENCY, f"{what} in other currencies than US dollars left out: {sums}")
    named = {name: usd for name, usd in invoice.by_organization.items() if name}
    if len(named) > 1:
        sums = ", ".join(f"{sanitize(name)} ({format_money(usd)})" for name, usd in list(named.items())[:_MAX_NAMES])
        yield Finding(rules.INVOICE_ORGANIZATIONS, f"costs of {pluralize(len(named), 'organization')}: {sums}")


def collect_notes(invoice: Invoice) -> Iterator[str]:
    """Yield notes about what was left out of an invoice on purpose."""
    if invoice.left_out:
        yield f"{pluralize(invoice.left_out, 'line')} of costs of other days left out: the period is {invoice.period}"
    if invoice.repeated:
        yield f"{pluralize(invoice.repeated, 'line')} of costs that appear again counted once"
    if invoice.contradicting:
        what = pluralize(invoice.contradicting, "line")
        yield f"{what} of costs with the day, item and project of another line, but another amount: both are counted"
    for name, original in invoice.copies.items():
        yield f"{sanitize(name)} is a copy of {sanitize(original)}: counted once"
    if invoice.other_services:
        total = sum_usd(invoice.other_services.values())
        names = ", ".join(sanitize(name) for name in list(invoice.other_services)[:_MAX_NAMES])
        yield f"{format_money(total)} of other services left out: {names}"


def _make_row_records(rows: Sequence[InvoiceRow]) -> tuple[Mapping[str, Json], ...]:
    columns = (
        Column[InvoiceRow](None, "day", lambda row: row.key.day),
        Column[InvoiceRow](None, "project", lambda row: row.key.project),
        Column[InvoiceRow](None, "model", lambda row: row.key.model),
        Column[InvoiceRow](None, "mode", lambda row: row.key.mode or None),
        Column[InvoiceRow](None, "direction", lambda row: row.key.direction),
        Column[InvoiceRow](None, "tokens", lambda row: row.tokens),
        Column[InvoiceRow](None, "charged_tokens", lambda row: None if row.quantity is None else round(row.quantity)),
        Column[InvoiceRow](None, "expected_usd", lambda row: row.expected_usd),
        Column[InvoiceRow](None, "charged_usd", lambda row: row.charged_usd),
        Column[InvoiceRow](None, "residual_usd", lambda row: row.residual_usd),
    )
    return make_records(columns, rows)


def make_line_records(invoice: Invoice, rows: Sequence[InvoiceRow], expected: ExpectedCosts) -> tuple[Mapping[str, Json], ...]:
    """Return the records of the lines, then of everything that isn't tokens: together they add up to the totals of both sides."""

    def make_record(day: date | None, item: str, expected_usd: Decimal, charged_usd: Decimal) -> Mapping[str, Json]:
        said = dict.fromkeys(("project", "model", "mode", "direction", "tokens", "charged_tokens"))
        usd = {
            "expected_usd": expected_usd,
            "charged_usd": charged_usd,
            "residual_usd": EXACT.subtract(charged_usd, expected_usd),
        }
        return {"day": day, **said, **usd, "item": item}

    records: list[Mapping[str, Json]] = [{**record, "item": None} for record in _make_row_records(rows)]
    records += (make_record(key.day, key.item or key.kind, Decimal(0), usd) for key, usd in sorted(invoice.others.items()))
    records += (make_record(day, "built-in tools", usd, Decimal(0)) for day, usd in sorted(expected.tools_usd_by_day.items()))
    if expected.undated_usd:
        records.append(make_record(None, "usage without a known day", expected.undated_usd, Decimal(0)))
    return tuple(records)


def make_json(
    invoice: Invoice, rows: Sequence[InvoiceRow], causes: Sequence[InvoiceCause], expected: Decimal | None
) -> Mapping[str, Json]:
    """Return the JSON of an invoice, and of what was expected, if anything was."""
    return {
        "charged_usd": invoice.total_usd,
        "expected_usd": expected,
        "residual_usd": None if expected is None else EXACT.subtract(invoice.total_usd, expected),
        "since": min(invoice.days),
        "until": max(invoice.days),
        "causes": [
            {
                "kind": cause.kind,
                "cause": describe_cause(cause),
                "subject": cause.subject,
                "usd": cause.usd,
                "tokens": cause.tokens,
                "since": cause.first_day,
                "until": cause.last_day,
            }
            for cause in causes
        ],
        "rows": _make_row_records(rows),
        "others": [
            {"kind": key.kind, "item": key.item or None, "day": key.day, "usd": usd}
            for key, usd in sorted(invoice.others.items())
        ],
        "before": None,
        "plan": None,
    }
