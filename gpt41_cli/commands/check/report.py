"""A Check as a Report: what the workloads cost, what was found, and every check one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from gpt41_cli.commands.check.check import CheckedWorkload, ConfigCheck
from gpt41_cli.config.tables import Config
from gpt41_cli.display import format_exact, format_int, format_money, pluralize, sanitize, to_decimal
from gpt41_cli.findings import Finding, Level
from gpt41_cli.reports import CheckCase, Json, Report, ReportLine, Row, Table, make_headings
from gpt41_cli.reports.findings import make_skipped_findings
from gpt41_cli.workloads.costing import UsdRange, WorkloadCost
from gpt41_cli.workloads.priced import CheckOptions, PricedWorkload
from gpt41_cli.workloads.saved import CHECK_SCHEMA, SavedReport, dump_saved_report

_MAX_FILES = 10


def make_report(config: Config, check: ConfigCheck, conditions: CheckOptions) -> Report:
    """The check, to be read and to be computed with; its JSON is what a later run compares with."""
    costings = [each.priced.cost for each in check.workloads]
    skipped = [left_out for each in check.workloads for left_out in each.priced.contents.skipped_files]
    cases = [
        CheckCase(each.priced.declaration.name, name, found)
        for each in check.workloads
        for name, found in each.findings_by_check.items()
    ]
    document = dump_saved_report(
        SavedReport(conditions.as_of, {each.name: each for each in costings}, config.budget.growth_percent)
    )
    workloads = [
        {**saved, **_dump_tool_additions(each.priced)} for saved, each in zip(document["workloads"], check.workloads, strict=True)
    ]
    return Report(
        schema=CHECK_SCHEMA,
        answer=_make_answer(check),
        headline=f"{_describe_total(check)}; {_describe_findings(check)}",
        lines=(
            ReportLine("checked", f"{pluralize(len(cases) + len(check.shared_findings), 'check')} of {sanitize(config.file)}"),
            *_make_tool_lines(check),
        ),
        tables=(_make_workload_table(check), *_make_file_tables(costings)),
        findings=(*check.findings, *make_skipped_findings(skipped)),
        notes=check.notes,
        data={"config": config.file, "monthly_usd": dump_usd(check.monthly_usd), **document, "workloads": workloads},
        records=tuple(_make_record(each, check) for each in check.workloads),
        catalog=conditions.catalog,
        cases=(*cases, *_make_shared_cases(check)),
    )


def _make_tool_lines(check: ConfigCheck) -> Iterator[ReportLine]:
    """What built-in tools cost, for the requests at hand, and what is stored for file search."""
    for priced in (each.priced for each in check.workloads):
        name, stored = sanitize(priced.declaration.name), priced.cost.storage_monthly_usd
        for charge in priced.quote.tool_charges:
            yield ReportLine("tools", f"{name}: {charge.text}: {format_money(charge.usd)}", charge.source.label)
        if stored:
            text = f"{format_int(priced.cost.tools.storage_gb)} GB stored: {format_money(to_decimal(stored))} a month"
            yield ReportLine("tools", f"{name}: {text}")


def _dump_tool_additions(priced: PricedWorkload) -> Mapping[str, Json]:
    """What built-in tools add to the requests at hand: tokens, which the input beside them is without, and dollars."""
    return {
        "search_tokens": priced.quote.usage.input_tokens - priced.cost.input_tokens,
        "tools_usd": format_exact(priced.quote.tool_charges_usd),
    }


def _make_record(checked: CheckedWorkload, check: ConfigCheck) -> Mapping[str, Json]:
    """A workload in one line, with the same keys whatever it is: for tables of other programs."""
    costing = checked.priced.cost
    each, monthly = costing.usd_per_request, costing.monthly_usd
    return {
        "name": costing.name,
        "model": costing.model,
        "mode": costing.mode,
        "platform": costing.platform,
        "requests": costing.requests,
        "input_tokens": costing.input_tokens,
        "cached_tokens": costing.cached_tokens,
        "output_tokens": costing.output_tokens.expected,
        "high_output_tokens": costing.output_tokens.high,
        **_dump_tool_additions(checked.priced),
        "volume": _format_volume(costing) or None,
        "each_usd": format_exact(to_decimal(each.expected)),
        "high_each_usd": format_exact(to_decimal(each.high)),
        "monthly_usd": None if monthly is None else format_exact(to_decimal(monthly.expected)),
        "high_monthly_usd": None if monthly is None else format_exact(to_decimal(monthly.high)),
        "level": _find_worst_level(check.findings_about(checked)) or None,
    }


def _format_volume(costing: WorkloadCost) -> str:
    return "" if costing.volume is None else f"{format_int(costing.volume.requests)} / {costing.volume.period}"


def _make_shared_cases(check: ConfigCheck) -> list[CheckCase]:
    """What was checked of all workloads together."""
    found = check.shared_findings.items()
    return [CheckCase("all workloads", name, tuple(each.finding for each in shared)) for name, shared in found]


def _make_answer(check: ConfigCheck) -> str:
    """The dollars of a month where every volume is known, else of a request of each workload."""
    if check.monthly_usd is not None:
        return format_exact(to_decimal(check.monthly_usd.expected))
    costings = (each.priced.cost for each in check.workloads)
    return "\n".join(f"{sanitize(each.name)} {format_exact(to_decimal(each.usd_per_request.expected))}" for each in costings)


def dump_usd(amount: UsdRange | None) -> Mapping[str, Json] | None:
    """An amount as JSON, both ends to 12 places."""
    return amount and {"expected": format_exact(to_decimal(amount.expected)), "high": format_exact(to_decimal(amount.high))}


def _describe_total(check: ConfigCheck) -> str:
    workloads = pluralize(len(check.workloads), "workload")
    if check.monthly_usd is None:
        return workloads
    least = "at least " if any(each.priced.is_lower_bound for each in check.workloads) else ""
    return f"{workloads}: {least}{format_usd_range(check.monthly_usd)} a month"


def format_usd_range(amount: UsdRange) -> str:
    """What is expected, and the high end where that is another.

    >>> format_usd_range(UsdRange(Fraction(3), Fraction(9, 2)))
    '$3.00 (up to $4.50)'
    """
    high = "" if amount.high == amount.expected else f" (up to {format_money(to_decimal(amount.high))})"
    return format_money(to_decimal(amount.expected)) + high


def _describe_findings(check: ConfigCheck) -> str:
    """How many findings of which level there are."""
    counts = Counter(finding.level for finding in check.findings)
    said = [pluralize(counts[level], level.label) for level in sorted(Level, reverse=True) if counts[level]]
    return ", ".join(said) if said else "all is well"


def _make_workload_table(check: ConfigCheck) -> Table:
    titles = make_headings(
        "`workload", "model", "mode", ">requests", ">input", ">cached", ">output", ">a request", ">a month", ""
    )
    return Table(titles, tuple(_make_workload_row(each, check) for each in check.workloads))


def _make_workload_row(checked: CheckedWorkload, check: ConfigCheck) -> Row:
    costing = checked.priced.cost
    monthly, least = costing.monthly_usd, "at least " if checked.priced.is_lower_bound else ""
    cells = (
        sanitize(costing.name),
        costing.model,
        costing.mode,
        _format_volume(costing),
        _format_mean(checked.priced.quote.usage.input_tokens, costing),  # with what tools find
        _format_mean(costing.cached_tokens, costing),
        _format_mean(costing.output_tokens.expected, costing),
        f"{least}{format_usd_range(costing.usd_per_request)}",
        "" if monthly is None else f"{least}{format_usd_range(monthly)}",
        _find_worst_level(check.findings_about(checked)),
    )
    return Row(cells)


def _format_mean(tokens: int, costing: WorkloadCost) -> str:
    """Tokens of a mean request, to the nearest whole one."""
    return format_int(int(Fraction(tokens, costing.requests) + Fraction(1, 2)))


def _find_worst_level(found: Sequence[Finding]) -> str:
    worst = max((finding.level for finding in found), default=None)
    return "" if worst is None else worst.label


def _make_file_tables(costings: list[WorkloadCost]) -> list[Table]:
    """The files with the most tokens, where there are files."""
    found = [(tokens, costing.name, path) for costing in costings for path, tokens in costing.tokens_by_file.items()]
    found.sort(key=lambda each: (-each[0].input_tokens, each[1], each[2]))
    rows = [
        Row((sanitize(path), sanitize(name), format_int(tokens.requests), format_int(tokens.input_tokens)))
        for tokens, name, path in found[:_MAX_FILES]
    ]
    more = f", {format_int(len(found) - len(rows))} smaller ones not shown" if len(found) > len(rows) else ""
    titles = make_headings("`file", "`workload", ">requests", ">input tokens")
    return [Table(titles, tuple(rows), f"{pluralize(len(found), 'file')}{more}", is_detail=True)] if rows else []
