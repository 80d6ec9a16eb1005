"""A ConfigCheck as a Report: the costs of the workloads, the findings, and every check one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from gpt41_cli.commands.check.check import CheckedWorkload, ConfigCheck
from gpt41_cli.config.tables import Config
from gpt41_cli.display import format_exact, format_int, format_money, format_total, pluralize, sanitize, to_decimal
from gpt41_cli.findings import Finding
from gpt41_cli.reports import CheckCase, Report, ReportLine, Row, Table, make_headings
from gpt41_cli.reports.bounds import choose_bound_prefix
from gpt41_cli.reports.columns import Column, choose_usd_format, make_record, make_records, make_table, show_parts, show_price
from gpt41_cli.reports.findings import make_skipped_findings
from gpt41_cli.reports.succession import BEFORE_REASONING, format_usd_span
from gpt41_cli.rules import Level
from gpt41_cli.workloads.costing import UsdRange, WorkloadCost
from gpt41_cli.workloads.priced import CheckOptions
from gpt41_cli.workloads.saved import CHECK_SCHEMA, SavedReport, dump_saved_report

_MAX_FILES = 10


def make_report(configs: Sequence[Config], check: ConfigCheck, conditions: CheckOptions) -> Report:
    """Make the report; a later run compares with its JSON. Several files have no budget of growth in common."""
    costings = [workload.priced.cost for workload in check.workloads]
    unreadable = [file for calls in check.code for file in calls.unreadable]
    skipped = [left_out for workload in check.workloads for left_out in workload.priced.contents.skipped_files]
    cases = [
        CheckCase(workload.priced.declaration.name, name, findings)
        for workload in check.workloads
        for name, findings in workload.findings_by_check.items()
    ]
    cases += (
        CheckCase("all workloads", name, tuple(item.finding for item in shared)) for name, shared in check.shared_findings.items()
    )
    names = ", ".join(sanitize(config.file) for config in configs)
    only = configs[0] if len(configs) == 1 else None
    by_name = {costing.name: costing for costing in costings}
    document = dump_saved_report(SavedReport(conditions.market.as_of, by_name, only and only.budget.growth_percent))
    pairs = zip(document["workloads"], check.workloads, strict=True)
    workloads = [{**saved, **make_record(_TOOL_COLUMNS, workload)} for saved, workload in pairs]
    columns = _list_columns(check)
    return Report(
        schema=CHECK_SCHEMA,
        answer=_make_answer(check),
        headline=f"{_describe_total(check)}; {_describe_findings(check)}{_describe_replaced(check)}",
        lines=(
            ReportLine("checked", f"{pluralize(len(cases), 'check')} of {names}"),
            *_make_tool_lines(check),
        ),
        tables=(_make_workloads_table(check, columns), *_make_file_tables(costings)),
        findings=tuple(dict.fromkeys((*check.findings, *make_skipped_findings([*skipped, *unreadable])))),
        notes=check.notes,
        data={
            "config": only and only.file,
            **({} if only else {"configs": [config.file for config in configs]}),
            "monthly_usd": check.monthly_usd and check.monthly_usd._asdict(),
            **document,
            "workloads": workloads,
        },
        records=make_records(columns, check.workloads),
        catalog=conditions.market.catalog,
        cases=tuple(cases),
    )


def _make_tool_lines(check: ConfigCheck) -> Iterator[ReportLine]:
    """Say what built-in tools cost for these requests, and what storage costs."""
    for priced in (workload.priced for workload in check.workloads):
        name, stored = sanitize(priced.declaration.name), priced.cost.storage_monthly_usd
        for charge in priced.quote.tool_charges:
            usd = format_total(charge.usd, priced.quote.usage.requests)
            yield ReportLine("tools", f"{name}: {charge.text}: {usd}", charge.source.label)
        if stored:
            text = f"{format_int(priced.cost.tools.storage_gb)} GB stored: {format_money(to_decimal(stored))} per month"
            yield ReportLine("tools", f"{name}: {text}")


_TOOL_COLUMNS: tuple[Column[CheckedWorkload], ...] = (
    Column(None, "search_tokens", lambda row: row.priced.quote.usage.input_tokens - row.priced.cost.input_tokens),
    Column(None, "tools_usd", lambda row: row.priced.quote.tool_charges_usd),
)
"""The cost of built-in tools for the requests of a workload: tokens, which its input doesn't include, and dollars."""


def _list_columns(check: ConfigCheck) -> tuple[Column[CheckedWorkload], ...]:
    """Programs get the requests at hand, readers a mean one, with what its tools find."""
    return (
        Column("`workload", "name", lambda row: row.priced.cost.name, sanitize),
        Column("~~~model", "model", lambda row: row.priced.cost.model),
        Column("~~mode", "mode", lambda row: row.priced.cost.mode),
        Column(None, "platform", lambda row: row.priced.cost.platform),
        Column(None, "requests", lambda row: row.priced.cost.requests),
        Column(None, "input_tokens", lambda row: row.priced.cost.input_tokens),
        Column(None, "cached_tokens", lambda row: row.priced.cost.cached_tokens),
        Column(None, "output_tokens", lambda row: row.priced.cost.output_tokens.expected),
        Column(None, "high_output_tokens", lambda row: row.priced.cost.output_tokens.high),
        *_TOOL_COLUMNS,
        Column("~~>requests", "volume", lambda row: row.priced.cost.volume and str(row.priced.cost.volume)),
        Column("~>input", None, lambda row: _divide_tokens(row, row.priced.quote.usage.input_tokens)),
        Column("~>cached", None, lambda row: _divide_tokens(row, row.priced.cost.cached_tokens)),
        Column("~>output", None, lambda row: _divide_tokens(row, row.priced.cost.output_tokens.expected)),
        Column(
            "~>per request", None, lambda row: _format_least(row) + format_usd_range(row.priced.cost.usd_per_request, show_price)
        ),
        Column(None, "each_usd", lambda row: row.priced.cost.usd_per_request.expected),
        Column(None, "high_each_usd", lambda row: row.priced.cost.usd_per_request.high),
        Column(">per month", None, _show_months(check.workloads)),
        Column(None, "monthly_usd", lambda row: row.priced.cost.monthly_usd and row.priced.cost.monthly_usd.expected),
        Column(None, "high_monthly_usd", lambda row: row.priced.cost.monthly_usd and row.priced.cost.monthly_usd.high),
        Column("", "level", lambda row: _find_worst_level(check.list_own_findings(row))),
    )


def _make_workloads_table(check: ConfigCheck, columns: Sequence[Column[CheckedWorkload]]) -> Table:
    """Make a row for each workload; then one for all together, if there are several or something was found about them."""
    table = make_table(columns, check.workloads)
    level = _find_worst_level(check.findings_together)
    if len(check.workloads) < 2 and level is None:
        return table
    month = "" if check.monthly_usd is None else f"{_find_total_prefix(check)}{format_usd_range(check.monthly_usd)}"
    shown = {"workload": "all", "per month": month, "": level or ""}
    return table._replace(rows=(*table.rows, Row(tuple(shown.get(heading.title, "") for heading in table.headings))))


def _divide_tokens(checked: CheckedWorkload, tokens: int) -> int:
    """Return the tokens of a mean request, to the nearest token."""
    return int(Fraction(tokens, checked.priced.cost.requests) + Fraction(1, 2))


def _format_least(checked: CheckedWorkload) -> str:
    return choose_bound_prefix(False, checked.priced.is_lower_bound, checked.priced.workload.is_approximate)


def _show_months(workloads: Sequence[CheckedWorkload]) -> Callable[[CheckedWorkload], str | None]:
    """Return what a workload costs per month as text, so that what is printed adds up to the total in the headline."""
    expected = show_parts(workloads, lambda row: row.priced.cost.monthly_usd and row.priced.cost.monthly_usd.expected)
    high = show_parts(workloads, lambda row: row.priced.cost.monthly_usd and row.priced.cost.monthly_usd.high)

    def show(row: CheckedWorkload) -> str | None:
        amount = row.priced.cost.monthly_usd
        if amount is None:
            return None
        return f"{_format_least(row)}{expected(row)}" + (f" (up to {high(row)})" if amount.high != amount.expected else "")

    return show


def _find_worst_level(findings: Sequence[Finding]) -> str | None:
    worst = max((finding.level for finding in findings), default=None)
    return None if worst is None else worst.label


def _make_answer(check: ConfigCheck) -> str:
    """Return the dollars per month if every volume is known, else per request of each workload."""
    if check.monthly_usd is not None:
        return format_exact(to_decimal(check.monthly_usd.expected))
    costs = (workload.priced.cost for workload in check.workloads)
    return "\n".join(f"{sanitize(cost.name)} {format_exact(to_decimal(cost.usd_per_request.expected))}" for cost in costs)


def _describe_total(check: ConfigCheck) -> str:
    workloads = pluralize(len(check.workloads), "workload")
    if check.monthly_usd is None:
        return workloads
    priced = [workload.priced for workload in check.workloads]
    is_unpriced = any(
        workload.contents.variant.model.reasoning and not workload.cost.output_tokens.reasoning for workload in priced
    )
    reasoning = BEFORE_REASONING if is_unpriced else ""
    return f"{workloads}: {_find_total_prefix(check)}{format_usd_range(check.monthly_usd)} per month{reasoning}"


def _describe_replaced(check: ConfigCheck) -> str:
    """Say what follows the models that end soon, for how many workloads, and what all of them cost then."""
    if check.replaced is None:
        return ""
    ends, successions, monthly_usd = check.replaced
    priced = [replacement.replacement for replacement in successions]
    models = ", ".join(dict.fromkeys(replacement.variant.id for replacement in priced))
    some = f" for {format_int(len(priced))} of them" if len(priced) < len(check.workloads) else ""
    if monthly_usd is None or check.monthly_usd is None:
        return f"; after {ends} {models}{some}"
    is_range = check.monthly_usd.high != check.monthly_usd.expected
    usd = format_usd_range(monthly_usd) if is_range else format_usd_span(*monthly_usd)
    least = "at least " if any(replacement.quote.is_lower_bound for replacement in priced) else _find_total_prefix(check)
    reasoning = BEFORE_REASONING if any(replacement.is_before_reasoning for replacement in priced) else ""
    return f"; after {ends} {models}{some}, {least}{usd}{' in all' if some else ''}{reasoning}"


def _find_total_prefix(check: ConfigCheck) -> str:
    is_near = any(workload.priced.workload.is_approximate for workload in check.workloads)
    return choose_bound_prefix(False, any(workload.priced.is_lower_bound for workload in check.workloads), is_near)


def format_usd_range(amount: UsdRange, show: Callable[[Fraction], str] | None = None) -> str:
    """Format the expected amount, and the high end if it differs; as totals unless `show` formats prices.

    >>> format_usd_range(UsdRange(Fraction(3), Fraction(9, 2)))
    '$3.00 (up to $4.50)'
    """
    show = show or choose_usd_format(amount)
    return show(amount.expected) + ("" if amount.high == amount.expected else f" (up to {show(amount.high)})")


def _describe_findings(check: ConfigCheck) -> str:
    """Count the findings of each level."""
    counts = Counter(finding.level for finding in check.findings)
    said = [pluralize(counts[level], level.label) for level in sorted(Level, reverse=True) if counts[level]]
    return ", ".join(said) if said else "no problems found"


def _make_file_tables(costings: list[WorkloadCost]) -> list[Table]:
    """Make the table of the files with the most tokens, if there are files."""
    files = [(tokens, costing.name, path) for costing in costings for path, tokens in costing.tokens_by_file.items()]
    files.sort(key=lambda file: (-file[0].input_tokens, file[1], file[2]))
    rows = [
        Row((sanitize(path), sanitize(name), format_int(tokens.requests), format_int(tokens.input_tokens)))
        for tokens, name, path in files[:_MAX_FILES]
    ]
    more = f", {format_int(len(files) - len(rows))} smaller ones not shown" if len(files) > len(rows) else ""
    titles = make_headings("`file", "`workload", ">requests", ">input tokens")
    return [Table(titles, tuple(rows), f"{pluralize(len(files), 'file')}{more}", is_detail=True)] if rows else []
