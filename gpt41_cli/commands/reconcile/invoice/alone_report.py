"""An invoice alone as a Report: the charges by model, line item and project, and what changed since the period before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.catalog import Market
from gpt41_cli.commands.reconcile.ends_report import make_replacement_lines
from gpt41_cli.commands.reconcile.invoice.charged import UNSAID_MODE, Invoice
from gpt41_cli.commands.reconcile.invoice.expected import ExpectedCosts
from gpt41_cli.commands.reconcile.invoice.report import (
    NOT_STATED,
    SCHEMA,
    collect_findings,
    collect_notes,
    format_charged,
    format_share,
    make_json,
    make_line_records,
    name_line,
)
from gpt41_cli.commands.reconcile.invoice.rows import InvoiceRow, pair_rows
from gpt41_cli.commands.reconcile.spending.period import Period
from gpt41_cli.display import format_exact, format_money, format_money_change, pluralize, sanitize
from gpt41_cli.pricing import EXACT
from gpt41_cli.reports import Report, ReportLine, Table
from gpt41_cli.reports.columns import Column, make_table


class _ChargedSum(NamedTuple):
    """What was charged under a name, in the period and in the one before it, and the tokens that the money of the period buys at
    the listed rate; None if that isn't known.
    """

    names: tuple[str, ...]
    usd: Decimal = Decimal(0)
    before_usd: Decimal = Decimal(0)
    tokens: int | None = 0

    @property
    def change_usd(self) -> Decimal:
        return EXACT.subtract(self.usd, self.before_usd)


def make_invoice_report(
    invoice: Invoice, before: Invoice | None, rows: Sequence[InvoiceRow], market: Market, *, skips_invalid: bool = False
) -> Report:
    """Make the report on an invoice alone; with the lines of the period `before` it, what changed since then."""
    rows_before = pair_rows(before, ExpectedCosts(), market) if before else []
    items = _sum_items(invoice, rows, before, rows_before)
    projects = _sum_projects(invoice, before)
    findings = [*collect_findings(invoice, skips_invalid=skips_invalid)]
    notes = [*_explain_tokens(rows), *collect_notes(invoice)]
    data = make_json(invoice, rows, (), None)
    headline = f"{format_charged(invoice)} in {pluralize(invoice.lines, 'line')} {Period(min(invoice.days), max(invoice.days))}"
    if before:
        headline = _compare(invoice, before, projects or items)
        findings += collect_findings(before, skips_invalid=skips_invalid)
        notes += [*collect_notes(before), *_describe_gaps(invoice, before)]
        since, until = before.period
        data = {**data, "before": {"since": since, "until": until, "charged_usd": before.total_usd}}
    return Report(
        schema=SCHEMA,
        answer=format_exact(invoice.total_usd),
        headline=headline,
        lines=tuple(_make_end_lines(invoice, market)),
        tables=tuple(_make_tables(items, projects, compares=before is not None)),
        findings=tuple(dict.fromkeys(findings)),
        notes=tuple(dict.fromkeys(notes)),
        data={"invoice": data},
        records=make_line_records(invoice, rows, ExpectedCosts()),
        catalog=market.catalog,
    )


def _make_end_lines(invoice: Invoice, market: Market) -> Iterator[ReportLine]:
    """Say when the models that were charged end. Meters are Azure's, where models end on other days."""
    if not invoice.has_meters:
        yield from make_replacement_lines(market, {key.model for key in invoice.tokens}, "a usage export")


def _compare(invoice: Invoice, before: Invoice, sums: Sequence[_ChargedSum]) -> str:
    """Say what was charged, how much more that is than before, and which project, or else which line, changed most."""
    change = EXACT.subtract(invoice.total_usd, before.total_usd)
    charged = f"{format_charged(invoice)} {invoice.period}"
    if not change:
        return f"{charged}, as much as {before.period}"
    share = f" ({format_share(change, before.total_usd)})" if before.total_usd > 0 else ""
    more = f"{format_money(abs(change))} {'more' if change > 0 else 'less'}{share}"
    main = max(sums, key=lambda charge: charge.change_usd if change > 0 else -charge.change_usd)
    name = " ".join(filter(None, map(sanitize, main.names)))
    why = f": mainly {name}, {format_money_change(main.change_usd)}" if len(sums) > 1 else ""
    least = "at least " if before.is_incomplete else ""
    return f"{charged}, {more} than the {least}{format_money(before.total_usd)} {before.period}{why}"


def _describe_gaps(invoice: Invoice, before: Invoice) -> Iterator[str]:
    """Say that the costs begin after the period before does, or end before the period does."""
    days = before.covered_days | invoice.covered_days
    known, asked = Period(min(days), max(days)), Period(before.period.first, invoice.period.last)
    if known != asked:
        yield f"The two periods are {asked}, but the costs are {known} only: a part of the change may come from that."


def _explain_tokens(rows: Iterable[InvoiceRow]) -> Iterator[str]:
    if any(not row.quantity and row.key.mode == UNSAID_MODE for row in rows):
        yield "The lines neither count tokens nor name a mode: tokens are those that the amounts buy in standard; batch has more."


def _sum_items(
    invoice: Invoice, rows: Sequence[InvoiceRow], before: Invoice | None, rows_before: Sequence[InvoiceRow]
) -> list[_ChargedSum]:
    """Add up the lines by model and line item, the most expensive first."""
    items: dict[tuple[str, ...], _ChargedSum] = {}
    for row in rows:
        names = row.key.model, name_line(row)
        known = items.get(names, _ChargedSum(names))
        tokens = None if known.tokens is None or not row.rate else known.tokens + round(_count_tokens(row))
        items[names] = known._replace(usd=EXACT.add(known.usd, row.charged_usd), tokens=tokens)
    for key, usd in invoice.others.items():
        names = "", key.item or NOT_STATED
        known = items.get(names, _ChargedSum(names, tokens=None))
        items[names] = known._replace(usd=EXACT.add(known.usd, usd))
    amounts = [((row.key.model, name_line(row)), row.charged_usd) for row in rows_before]
    amounts += [(("", key.item or NOT_STATED), usd) for key, usd in (before.others if before else {}).items()]
    return _add_amounts_before(items, amounts)


def _sum_projects(invoice: Invoice, before: Invoice | None) -> list[_ChargedSum]:
    """Return what was charged to each project; nothing if no line names one."""
    named_before = before.by_project if before else {}
    if not any(invoice.by_project) and not any(named_before):
        return []
    sums: dict[tuple[str, ...], _ChargedSum]
    sums = {(name or NOT_STATED,): _ChargedSum((name or NOT_STATED,), usd) for name, usd in invoice.by_project.items()}
    return _add_amounts_before(sums, [((name or NOT_STATED,), usd) for name, usd in named_before.items()])


def _add_amounts_before(
    sums: dict[tuple[str, ...], _ChargedSum], amounts: Iterable[tuple[tuple[str, ...], Decimal]]
) -> list[_ChargedSum]:
    for names, usd in amounts:
        known = sums.get(names, _ChargedSum(names, tokens=None))
        sums[names] = known._replace(before_usd=EXACT.add(known.before_usd, usd))
    return sorted(sums.values(), key=lambda charge: -charge.usd)


def _make_tables(items: Sequence[_ChargedSum], projects: Sequence[_ChargedSum], *, compares: bool) -> Iterator[Table]:
    model = Column[_ChargedSum]("`model", None, lambda charge: sanitize(charge.names[0]))
    line = Column[_ChargedSum]("line", None, lambda charge: sanitize(charge.names[1]))
    project = Column[_ChargedSum]("`project", None, lambda charge: sanitize(charge.names[0]))
    tokens = Column[_ChargedSum](">tokens", None, lambda charge: charge.tokens)
    usd = [Column[_ChargedSum](">charged", None, lambda charge: charge.usd)]
    if compares:
        usd.append(Column(">before", None, lambda charge: charge.before_usd))
        usd.append(Column(">change", None, lambda charge: charge.change_usd, format_money_change))
    yield make_table((model, line, *usd, tokens), items, "By line item")
    if projects:
        yield make_table((project, *usd), projects, "By project")


def _count_tokens(row: InvoiceRow) -> Fraction:
    """Count the tokens of a line: those that it states, or those that its amount buys at the listed rate."""
    return Fraction(row.quantity) if row.quantity else Fraction(row.charged_usd) * 1_000_000 / row.rate
