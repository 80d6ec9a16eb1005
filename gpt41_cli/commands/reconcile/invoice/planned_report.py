"""Make the Report on an invoice next to what gpt41.yaml expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from gpt41_cli import rules
from gpt41_cli.catalog import Market
from gpt41_cli.commands.reconcile.invoice.charged import Invoice
from gpt41_cli.commands.reconcile.invoice.expected import DIRECTIONS
from gpt41_cli.commands.reconcile.invoice.planned import STORAGE, TOKENS, TOOLS, PlannedCosts, PlannedRow
from gpt41_cli.commands.reconcile.invoice.report import SCHEMA, check_tolerance, collect_findings, collect_notes, make_json
from gpt41_cli.commands.reconcile.invoice.rows import InvoiceRow
from gpt41_cli.commands.reconcile.spending.period import Period
from gpt41_cli.display import (
    choose_money_format,
    format_change_percent,
    format_exact,
    format_money,
    format_money_change,
    format_percent,
    pluralize,
    sanitize,
    to_decimal,
)
from gpt41_cli.findings import Finding
from gpt41_cli.pricing import EXACT
from gpt41_cli.reports import Json, Report
from gpt41_cli.reports.bounds import choose_bound_prefix, join_bound_prefixes
from gpt41_cli.reports.columns import Column, make_records, make_table

_LEAST_CHANGE = Fraction(1, 100)
"""A smaller difference in tokens or prices isn't given as a reason."""
_ALIKE = Fraction(2, 100)
"""If input and output changed by the same share, within this tolerance, the number of requests changed."""


def make_planned_report(
    invoice: Invoice,
    rows: Sequence[InvoiceRow],
    planned: PlannedCosts,
    pairs: Sequence[PlannedRow],
    market: Market,
    tolerance: Decimal | None,
    *,
    skips_invalid: bool = False,
) -> Report:
    """Make the report on an invoice next to what gpt41.yaml expects: workload by workload, with the reasons."""
    expected = to_decimal(sum((row.expected_usd for row in pairs), Fraction(0)))
    high = to_decimal(sum((row.high_usd for row in pairs), Fraction(0)))
    residual = EXACT.subtract(invoice.total_usd, expected)
    columns = _list_columns(pairs)
    records = make_records(columns, pairs)
    data: dict[str, Json] = {
        **make_json(invoice, rows, (), expected),
        "plan": {
            "config": planned.file,
            "since": planned.since,
            "until": planned.until,
            "days": planned.days,
            "days_of_months": planned.days_of_months,
            "high_usd": high,
            "without_volume": planned.without_volume,
            "elsewhere": list(planned.elsewhere),
            "rows": records,
        },
    }
    return Report(
        schema=SCHEMA,
        answer=format_exact(residual),
        headline=_make_headline(invoice, planned, expected, high, residual),
        lines=(),
        tables=(make_table(columns, pairs),),
        findings=(
            *collect_findings(invoice, skips_invalid=skips_invalid),
            *_list_volume_findings(planned),
            *check_tolerance(residual, expected, tolerance),
        ),
        notes=(*_write_notes(planned), *collect_notes(invoice)),
        data={"invoice": data},
        records=records,
        catalog=market.catalog,
    )


def _make_headline(invoice: Invoice, planned: PlannedCosts, expected: Decimal, high: Decimal, residual: Decimal) -> str:
    who = " and ".join(planned.providers)
    show = choose_money_format([invoice.total_usd, expected])
    charged = f"{'at least ' if invoice.is_incomplete else ''}{show(invoice.total_usd)}"
    said = f"{who} charged {charged} {_format_period(planned)}"
    least = join_bound_prefixes(
        [choose_bound_prefix(workload.cost.is_ceiling, workload.is_lower_bound) for workload in planned.workloads],
        is_incomplete=bool(planned.without_volume),
    )
    if not residual:
        return f"{said}, as {planned.file} expects"
    share = f" ({format_change_percent(Fraction(residual) / Fraction(expected))})" if expected else ""
    more = f"{format_money(abs(residual))} {'more' if residual > 0 else 'less'}{share}"
    within = f", within its range of up to {show(high)}" if expected < invoice.total_usd <= high else ""
    these = "this day" if planned.days == 1 else f"these {pluralize(planned.days, 'day')}"
    part = f" for {these}" if planned.days != planned.days_of_months else ""
    return f"{said}; {planned.file} expects {least}{show(expected)}{part}: {more}{within}"


def _format_period(planned: PlannedCosts) -> str:
    since, until = planned.since, planned.until
    if planned.months == 1 and since.month == until.month:
        return f"in {since:%B} {since.year}"
    return str(Period(since, until))


def _list_columns(pairs: Sequence[PlannedRow]) -> tuple[Column[PlannedRow], ...]:
    has_models = any(row.model for row in pairs)
    return (
        Column("`workload", None, _name_row),
        Column(None, "kind", lambda row: row.kind),
        Column(None, "workloads", lambda row: list(row.names)),
        Column("model" if has_models else None, "model", lambda row: row.model or None),
        Column(None, "item", lambda row: row.item or None),
        Column(">expected", "expected_usd", lambda row: None if row.is_unknown else row.expected_usd, absent="-"),
        Column(None, "high_usd", lambda row: None if row.is_unknown else row.high_usd),
        Column(">charged", "charged_usd", lambda row: row.charged_usd),
        Column(">difference", "residual_usd", _get_residual_usd, format_money_change, absent="-"),
        Column("why", "reasons", lambda row: list(_list_reasons(row)), ", ".join),
    )


def _get_residual_usd(row: PlannedRow) -> Decimal | None:
    return None if row.is_unknown else row.residual_usd


_NAMES = {TOOLS: "built-in tools", STORAGE: "storage"}


def _name_row(row: PlannedRow) -> str:
    if row.kind == TOKENS:
        return sanitize(", ".join(row.names) or row.item) or "no workload"
    return _NAMES.get(row.kind) or sanitize(row.item) or "(not stated)"


_OTHER_REASONS: Mapping[str, str] = {
    "credit": "a credit or refund",
    "hosting": "hosting of fine-tunes, which gpt41.yaml has no key for",
    "training": "training, which gpt41.yaml has no key for",
    "model": "no workload uses it",
    "unnamed": "costs without a line item: group the costs by line_item to compare them",
    "other": "not tokens of a known model",
}


def _list_reasons(row: PlannedRow) -> Iterator[str]:
    """Yield why more or less was charged than expected, as the lines show it."""
    if row.kind in _OTHER_REASONS:
        yield _OTHER_REASONS[row.kind]
    elif not row.has_lines:
        yield "no line item shows it"
    elif not row.expected_usd:
        yield from _list_unexpected_reasons(row)
    elif row.kind == TOKENS and row.residual_usd:
        yield from _list_token_reasons(row)
    if row.is_in_range:
        yield f"within its range of up to {format_money(to_decimal(row.high_usd))}"
    if row.without_volume and row.names != row.without_volume:
        yield f"{', '.join(map(sanitize, row.without_volume))} without a volume"


def _list_unexpected_reasons(row: PlannedRow) -> Iterator[str]:
    if row.kind != TOKENS:
        yield f"no workload declares {_NAMES[row.kind]}"
    elif row.names:
        yield f"no {'volume is' if row.is_unknown else 'tokens are'} declared"
    else:
        yield f"no workload{' of this project' if row.item else ''} uses the model"


def _list_token_reasons(row: PlannedRow) -> Iterator[str]:
    ratio = row.price_ratio
    if ratio is not None and abs(ratio - 1) >= _LEAST_CHANGE:
        yield f"charged at {_format_share(ratio)} of the expected price per token"
    fresh, cached, output, written = map(row.count_charged, DIRECTIONS)
    fresh += written
    planned_cached = row.expected["cached"].tokens
    planned_input = row.expected["input"].tokens + planned_cached
    read = _find_change(fresh + cached, planned_input)
    wrote = _find_change(output, row.expected["output"].tokens)
    if output and read is not None and wrote is not None and abs(read - wrote) <= _ALIKE and abs(read) >= _LEAST_CHANGE:
        yield f"{_format_change(read)} input and output: {'more' if read > 0 else 'fewer'} requests"
    else:
        for name, change in (("input", read), ("output", wrote)):
            if change == -1:
                yield f"no {name} charged"
            elif change is not None and abs(change) >= _LEAST_CHANGE:
                yield f"{_format_change(change)} {name}"
    if planned_input and fresh + cached:
        before, now = planned_cached / planned_input, cached / (fresh + cached)
        if abs(now - before) >= _LEAST_CHANGE:
            yield f"{_format_share(now)} of the input cached instead of {_format_share(before)}"


def _find_change(count: Fraction, planned: Fraction) -> Fraction | None:
    return count / planned - 1 if planned else None


def _format_change(change: Fraction) -> str:
    return f"{format_change_percent(change)} {'more' if change > 0 else 'less'}"


def _format_share(share: Fraction) -> str:
    return format_percent(to_decimal(share, 4))


def _list_volume_findings(planned: PlannedCosts) -> Iterator[Finding]:
    names = planned.without_volume
    if names:
        yield Finding(rules.INVOICE_VOLUME, f"{', '.join(map(sanitize, names))}: no costs are expected without a volume")


def _write_notes(planned: PlannedCosts) -> Iterator[str]:
    if planned.days != planned.days_of_months:
        whole = pluralize(planned.days_of_months, "day")
        yield f"The costs cover {planned.days} of {whole}, and so does what {planned.file} expects."
    elif planned.months > 1:
        yield f"The costs cover {pluralize(int(planned.months), 'month')}, and so does what {planned.file} expects."
    if planned.elsewhere:
        who = " and ".join(planned.providers)
        yield f"Not compared, as these costs come from {who}: {', '.join(map(sanitize, planned.elsewhere))}."
