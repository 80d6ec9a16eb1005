"""A Check as a Report: what the workloads cost, what was found, and every check one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from gpt41_cli.commands.check.check import Check, Checked
from gpt41_cli.config.tables import Config
from gpt41_cli.display import decimal, exact, money, number, plural, printable
from gpt41_cli.findings import Finding, Level
from gpt41_cli.reports import Case, Json, Line, Report, Row, Table, columns
from gpt41_cli.reports.findings import left_out_findings
from gpt41_cli.workloads.costing import Costing, Usd
from gpt41_cli.workloads.priced import Conditions, Priced
from gpt41_cli.workloads.saved import SCHEMA, Saved, dump

_LARGEST = 10


def report(config: Config, check: Check, conditions: Conditions) -> Report:
    """The check, to be read and to be computed with; its JSON is what a later run compares with."""
    costings = [each.priced.costing for each in check.workloads]
    skipped = [left_out for each in check.workloads for left_out in each.priced.contents.left_out]
    cases = [Case(each.priced.declared.name, name, found) for each in check.workloads for name, found in each.found.items()]
    document = dump(Saved(conditions.as_of, {each.name: each for each in costings}, config.budget.growth_percent))
    workloads = [{**saved, **_added(each.priced)} for saved, each in zip(document["workloads"], check.workloads, strict=True)]
    return Report(
        schema=SCHEMA,
        answer=_answer(check),
        headline=f"{_amount(check)}; {_verdict(check)}",
        lines=(Line("checked", f"{plural(len(cases) + len(check.shared), 'check')} of {printable(config.file)}"), *_tools(check)),
        tables=(_workloads(check), *_files(costings)),
        findings=(*check.findings, *left_out_findings(skipped)),
        notes=check.notes,
        data={"config": config.file, "monthly_usd": usd_json(check.monthly_usd), **document, "workloads": workloads},
        records=tuple(_record(each, check) for each in check.workloads),
        catalog=conditions.catalog,
        cases=(*cases, *_shared(check)),
    )


def _tools(check: Check) -> Iterator[Line]:
    """What built-in tools cost, for the requests at hand, and what is stored for file search."""
    for priced in (each.priced for each in check.workloads):
        name, stored = printable(priced.declared.name), priced.costing.storage_monthly_usd
        for charge in priced.quote.charges:
            yield Line("tools", f"{name}: {charge.text}: {money(charge.usd)}", charge.source.label)
        if stored:
            text = f"{number(priced.costing.tools.storage_gb)} GB stored: {money(decimal(stored))} a month"
            yield Line("tools", f"{name}: {text}")


def _added(priced: Priced) -> Mapping[str, Json]:
    """What built-in tools add to the requests at hand: tokens, which the input beside them is without, and dollars."""
    return {
        "search_tokens": priced.quote.usage.input_tokens - priced.costing.input_tokens,
        "tools_usd": exact(priced.quote.charges_usd),
    }


def _record(checked: Checked, check: Check) -> Mapping[str, Json]:
    """A workload in one line, with the same keys whatever it is: for tables of other programs."""
    costing = checked.priced.costing
    each, monthly = costing.each_usd, costing.monthly_usd
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
        **_added(checked.priced),
        "volume": _volume(costing) or None,
        "each_usd": exact(decimal(each.expected)),
        "high_each_usd": exact(decimal(each.high)),
        "monthly_usd": None if monthly is None else exact(decimal(monthly.expected)),
        "high_monthly_usd": None if monthly is None else exact(decimal(monthly.high)),
        "level": _worst(check.about(checked)) or None,
    }


def _volume(costing: Costing) -> str:
    return "" if costing.volume is None else f"{number(costing.volume.requests)} / {costing.volume.period}"


def _shared(check: Check) -> list[Case]:
    """What was checked of all workloads together."""
    found = check.shared.items()
    return [Case("all workloads", name, tuple(each.finding for each in shared)) for name, shared in found]


def _answer(check: Check) -> str:
    """The dollars of a month where every volume is known, else of a request of each workload."""
    if check.monthly_usd is not None:
        return exact(decimal(check.monthly_usd.expected))
    costings = (each.priced.costing for each in check.workloads)
    return "\n".join(f"{printable(each.name)} {exact(decimal(each.each_usd.expected))}" for each in costings)


def usd_json(amount: Usd | None) -> Mapping[str, Json] | None:
    """An amount as JSON, both ends to 12 places."""
    return amount and {"expected": exact(decimal(amount.expected)), "high": exact(decimal(amount.high))}


def _amount(check: Check) -> str:
    workloads = plural(len(check.workloads), "workload")
    if check.monthly_usd is None:
        return workloads
    least = "at least " if any(each.priced.is_least for each in check.workloads) else ""
    return f"{workloads}: {least}{between(check.monthly_usd)} a month"


def between(amount: Usd) -> str:
    """What is expected, and the high end where that is another.

    >>> between(Usd(Fraction(3), Fraction(9, 2)))
    '$3.00 (up to $4.50)'
    """
    high = "" if amount.high == amount.expected else f" (up to {money(decimal(amount.high))})"
    return money(decimal(amount.expected)) + high


def _verdict(check: Check) -> str:
    """How many findings of which level there are."""
    counts = Counter(finding.level for finding in check.findings)
    said = [plural(counts[level], level.label) for level in sorted(Level, reverse=True) if counts[level]]
    return ", ".join(said) if said else "all is well"


def _workloads(check: Check) -> Table:
    titles = columns("`workload", "model", "mode", ">requests", ">input", ">cached", ">output", ">a request", ">a month", "")
    return Table(titles, tuple(_row(each, check) for each in check.workloads))


def _row(checked: Checked, check: Check) -> Row:
    costing = checked.priced.costing
    monthly, least = costing.monthly_usd, "at least " if checked.priced.is_least else ""
    cells = (
        printable(costing.name),
        costing.model,
        costing.mode,
        _volume(costing),
        _mean(checked.priced.quote.usage.input_tokens, costing),  # with what tools find
        _mean(costing.cached_tokens, costing),
        _mean(costing.output_tokens.expected, costing),
        f"{least}{between(costing.each_usd)}",
        "" if monthly is None else f"{least}{between(monthly)}",
        _worst(check.about(checked)),
    )
    return Row(cells)


def _mean(tokens: int, costing: Costing) -> str:
    """Tokens of a mean request, to the nearest whole one."""
    return number(int(Fraction(tokens, costing.requests) + Fraction(1, 2)))


def _worst(found: Sequence[Finding]) -> str:
    worst = max((finding.level for finding in found), default=None)
    return "" if worst is None else worst.label


def _files(costings: list[Costing]) -> list[Table]:
    """The files with the most tokens, where there are files."""
    found = [(tokens, costing.name, path) for costing in costings for path, tokens in costing.files.items()]
    found.sort(key=lambda each: (-each[0].input_tokens, each[1], each[2]))
    rows = [
        Row((printable(path), printable(name), number(tokens.requests), number(tokens.input_tokens)))
        for tokens, name, path in found[:_LARGEST]
    ]
    more = f", {number(len(found) - len(rows))} smaller ones not shown" if len(found) > len(rows) else ""
    titles = columns("`file", "`workload", ">requests", ">input tokens")
    return [Table(titles, tuple(rows), f"{plural(len(found), 'file')}{more}", is_detail=True)] if rows else []
