"""A Diff as a Report: what the change costs and the largest cause, then every cause, the workloads and the files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.diff.causes import CAUSE_FIELDS, CAUSE_NAMES, VOLUME, Cause, CostAndTokens, WorkloadCostNow
from gpt41_cli.commands.diff.code import describe_change
from gpt41_cli.commands.diff.compare import MONTH, Diff, FileChange, TotalChange, WorkloadChange, sum_changes
from gpt41_cli.display import (
    format_change_parts,
    format_change_percent,
    format_exact,
    format_int,
    format_money_change,
    list_first,
    pluralize,
    to_decimal,
)
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Finding
from gpt41_cli.reports import CheckCase, Json, Report, ReportLine, Table
from gpt41_cli.reports.bounds import choose_bound_prefix
from gpt41_cli.reports.columns import Column, Usd, choose_usd_format, make_records, make_table, show_price, show_value
from gpt41_cli.reports.findings import make_skipped_findings
from gpt41_cli.reports.succession import BEFORE_REASONING
from gpt41_cli.rules import Level
from gpt41_cli.workloads.costing import UsdRange

SCHEMA = "gpt41.diff/1"


def make_report(catalog: Catalog, diff: Diff, left_out: Sequence[SkippedPath] = (), flaws: Sequence[Finding] = ()) -> Report:
    """Make the report. Its bare answer is the change in dollars. `flaws` are the findings about input that isn't sent as it is
    counted.
    """
    changed = sorted((workload for workload in diff.workloads if not workload.is_unchanged), key=_rank_by_change)
    printed = tuple(map(_round_change, diff.workloads))
    total = sum_changes(printed)
    records = tuple(map(_make_record, diff.workloads, printed))
    findings = (*diff.findings, *flaws, *make_skipped_findings([*left_out, *diff.code.unreadable]))
    errors = sum(finding.level is Level.ERROR for finding in findings)
    unpriced = _find_unpriced_reasoning(catalog, diff)
    headline = _make_headline(diff, len(changed), bool(unpriced), is_least=any(file.is_unreadable for file in left_out))
    return Report(
        schema=SCHEMA,
        answer=format_exact(to_decimal(total.after_cost.expected_usd - total.before_cost.expected_usd)),
        headline=headline + (f"; {pluralize(errors, 'error')}" if errors else ""),
        lines=tuple(_make_lines(diff, len(changed))),
        tables=tuple(_make_tables(diff, changed)),
        findings=findings,
        notes=tuple(_make_notes(diff, unpriced)),
        data=_dump_diff(diff, total, records),
        records=records,
        catalog=catalog,
        mentioned=[finding for finding in diff.findings if finding.rule is rules.PROMPT_GROWTH],
        cases=tuple(
            CheckCase(growth_check.name or "total", "growth", (growth_check.finding,) if growth_check.finding else ())
            for growth_check in diff.growth_checks
        ),
    )


def _rank_by_change(compared: WorkloadChange) -> tuple[bool, Fraction]:
    """Return the sort key of workloads: those with a monthly amount first, then by the size of the change."""
    return compared.unit != MONTH, -abs(compared.after_cost.expected_usd - compared.before_cost.expected_usd)


def _find_unpriced_reasoning(catalog: Catalog, diff: Diff) -> list[str]:
    """List the models of the side after that reason if a workload doesn't say how much."""
    after = [workload.after.costing for workload in diff.workloads if workload.after]
    models = dict.fromkeys(costing.model for costing in after if not costing.output_tokens.reasoning)
    return [name for name in models if (variant := catalog.find_base_variant(name)) and variant.model.reasoning]


def _make_headline(diff: Diff, changed: int, is_before_reasoning: bool, *, is_least: bool) -> str:
    total, base = diff.total, diff.before.label
    least = choose_bound_prefix(is_most=False, is_least=is_least)
    cost = f"{least}{_choose_format(total)(total.after_cost.expected_usd)} {_describe_unit(diff)}"
    cost += BEFORE_REASONING if is_before_reasoning else ""
    if not changed and diff.code.changes:
        others = len(diff.code.changes) - 1
        more = f", and {pluralize(others, 'more call')} changed" if others else ""
        return f"no change in the workloads from {base} ({cost}), but {describe_change(diff.code.changes[0])}{more}"
    if not changed:
        return f"no change from {base}: {cost}"
    if total.before_cost.expected_usd == total.after_cost.expected_usd:
        return f"{cost}, the same as {base}, but {pluralize(changed, 'workload')} changed"
    change = _describe_change(total, total.before_cost.expected_usd, total.after_cost.expected_usd)
    cause = total.causes[0].name
    if len(total.causes) > 1:
        cause = f"mainly {cause}, {_format_causes(diff)[0]}"
    return f"{cost}, {change} from {base}: {cause}"


def _format_causes(diff: Diff) -> list[str]:
    """Format what each cause adds to the total, so that what is printed adds up to the change in the headline."""
    change = diff.total.after_cost.expected_usd - diff.total.before_cost.expected_usd
    is_price = diff.total.unit != MONTH
    return format_change_parts([to_decimal(cause.usd) for cause in diff.total.causes], to_decimal(change), is_price=is_price)


def _describe_unit(diff: Diff) -> str:
    """Say what the total is for: a month or a request."""
    if diff.total.unit == MONTH:
        return "per month"
    return "per request" if len(diff.workloads) == 1 else "per request of each workload"


def _choose_format(compared: WorkloadChange | TotalChange) -> Callable[[Usd], str]:
    """Choose how to show amounts per month, which are totals, or per request."""
    return show_value if compared.unit == MONTH else show_price


def _describe_change(total: TotalChange, was: Fraction, now: Fraction) -> str:
    """Say how much more or less, and by which share."""
    by = f"{'up' if now > was else 'down'} {_choose_format(total)(abs(now - was))}"
    return f"{by} ({format_change_percent((now - was) / was)})" if was else by


def _make_lines(diff: Diff, changed: int) -> Iterator[ReportLine]:
    """Yield every cause of the total if there are several, its high end, its tokens, and what didn't change."""
    was, now = diff.total.before_cost, diff.total.after_cost
    if len(diff.total.causes) > 1:
        yield from (ReportLine(cause.name, text) for cause, text in zip(diff.total.causes, _format_causes(diff), strict=True))
    if (was.high_usd, now.high_usd) != (was.expected_usd, now.expected_usd):
        by = _describe_change(diff.total, was.high_usd, now.high_usd) if was.high_usd != now.high_usd else "as before"
        yield ReportLine("at most", f"{_choose_format(diff.total)(now.high_usd)} {_describe_unit(diff)}, {by}")
    if was.input_tokens != now.input_tokens or was.output_tokens != now.output_tokens:
        read, written = ((was.input_tokens, now.input_tokens), (was.output_tokens, now.output_tokens))
        tokens = f"{_format_before_after(*read)} in, {_format_before_after(*written)} out"
        yield ReportLine("tokens", f"{tokens}, {_describe_unit(diff)}")
    if changed and changed < len(diff.workloads):
        yield ReportLine("unchanged", pluralize(len(diff.workloads) - changed, "workload"))


def _format_before_after(was: Fraction, now: Fraction) -> str:
    """Format tokens before and after, or once if they are equal."""
    before, after = (format_int(round(tokens)) for tokens in (was, now))
    return before if was == now else f"{before} -> {after}"


def _make_tables(diff: Diff, changed: Sequence[WorkloadChange]) -> Iterator[Table]:
    if changed:
        yield make_table(_WORKLOAD_COLUMNS, changed)
    if len(diff.workloads) > 1 and any(len(workload.causes) > 1 for workload in changed):
        causes = [(workload, cause) for workload in changed for cause in _sort_causes(workload)]
        yield make_table(_CAUSE_COLUMNS, causes, "Every cause", is_detail=True)
    if diff.file_changes:
        most = f"The {format_int(len(diff.file_changes))} files that changed most, of {format_int(diff.changed_file_count)}"
        whole = f"{pluralize(diff.changed_file_count, 'file')} changed"
        title = most if diff.changed_file_count > len(diff.file_changes) else whole
        yield make_table(_FILE_COLUMNS, diff.file_changes, title, is_detail=True)


def _sort_causes(compared: WorkloadChange) -> list[Cause]:
    return sorted(compared.causes, key=lambda cause: -abs(cause.usd))


def _format_before(compared: WorkloadChange) -> str | None:
    has_amount = compared.before and not compared.gained_volume
    return _choose_row_format(compared)(compared.before_cost.expected_usd) if has_amount else None


def _format_after(compared: WorkloadChange) -> str | None:
    has_amount = compared.after and compared.gained_volume is not False
    return _choose_row_format(compared)(compared.after_cost.expected_usd) if has_amount else None


def _choose_row_format(compared: WorkloadChange) -> Callable[[Usd], str]:
    sides = compared.before_cost.expected_usd, compared.after_cost.expected_usd
    return choose_usd_format(sides) if compared.unit == MONTH else show_price


def _format_workload_change(compared: WorkloadChange) -> str:
    was, now = compared.before_cost.expected_usd, compared.after_cost.expected_usd
    is_share = compared.before and compared.after and was not in (0, now)
    return _format_usd_change(compared, now - was) + (f" ({format_change_percent((now - was) / was)})" if is_share else "")


def _format_usd_change(compared: WorkloadChange, usd: Fraction) -> str:
    return format_money_change(to_decimal(usd), _choose_format(compared))


def _find_request_costs(compared: WorkloadChange) -> tuple[CostAndTokens, CostAndTokens]:
    """Find the mean request before and after; the same twice if it is on one side only."""
    costs = [side.cost_per_request for side in (compared.before, compared.after) if side]
    return costs[0], costs[-1]


def _describe_main_cause(compared: WorkloadChange) -> str:
    """Describe the largest cause, or everything that changed if none of it moved the price."""
    before, after = compared.before, compared.after
    if not (before and after):
        return _name_state(compared)
    if compared.causes and not compared.gained_volume:
        first = _describe_cause(compared, *_sort_causes(compared)[0].factors)
        return first if len(compared.causes) == 1 else f"mainly {first}"
    causes = [
        _describe_cause(compared, name)
        for name, field in CAUSE_FIELDS
        if getattr(before.mean_request, field) != getattr(after.mean_request, field)
    ]
    if compared.gained_volume is not None:
        return ", ".join([_describe_cause(compared, VOLUME), *causes])
    return ", ".join([*causes, "longest answer"] if compared.before_cost.high_usd != compared.after_cost.high_usd else causes)


def _describe_cause(compared: WorkloadChange, *factors: str) -> str:
    """Name the factors of a cause, and the values before and after if they are names or volumes."""
    sides = [side.costing for side in (compared.before, compared.after) if side]
    shown = {
        "model": [costing.model for costing in sides],
        "mode": [costing.mode for costing in sides],
        "platform": [costing.platform for costing in sides],
        VOLUME: [str(costing.volume or "none") for costing in sides],
    }
    moves = [" -> ".join(shown[name]) for name in factors if name in shown]
    cause = " and ".join(factors)
    return f"{cause}: {', '.join(moves)}" if moves else cause


_WORKLOAD_COLUMNS: tuple[Column[WorkloadChange], ...] = (
    Column("`workload", None, lambda row: row.name),
    Column("~per", None, lambda row: row.unit),
    Column(">before", None, _format_before),
    Column(">after", None, _format_after),
    Column(">change", None, _format_workload_change),
    Column("~>input each", None, lambda row: _format_before_after(*(cost.input_tokens for cost in _find_request_costs(row)))),
    Column("~>output each", None, lambda row: _format_before_after(*(cost.output_tokens for cost in _find_request_costs(row)))),
    Column("cause", None, _describe_main_cause),
)

_CAUSE_COLUMNS: tuple[Column[tuple[WorkloadChange, Cause]], ...] = (
    Column("`workload", None, lambda pair: pair[0].name),
    Column("per", None, lambda pair: pair[0].unit),
    Column("cause", None, lambda pair: _describe_cause(pair[0], *pair[1].factors)),
    Column(">change", None, lambda pair: _format_usd_change(pair[0], pair[1].usd)),
)


_FILE_COLUMNS: tuple[Column[FileChange], ...] = (
    Column("`file", "path", lambda file: file.path),
    Column("`workload", "workloads", lambda file: file.workloads, lambda names: list_first(names, 1)),
    Column(">before", "before_tokens", lambda file: file.tokens_before),
    Column(">after", "after_tokens", lambda file: file.tokens_after),
    Column(">tokens", "change_tokens", lambda file: file.token_change, "{:+,}".format),
)


def _make_notes(diff: Diff, unpriced: Sequence[str]) -> Iterator[str]:
    """Say how the two sides were compared, and which models also bill reasoning tokens that aren't priced."""
    yield f"{diff.before.label} is compared with {diff.after.label}, both at the prices of {diff.as_of}."
    sides = [(workload.name, workload.after) for workload in diff.workloads if workload.after]
    if stale := [name for name, now in sides if now.costing.usd_per_request.expected != now.cost_per_request.expected_usd]:
        yield f"{', '.join(stale)}: {diff.after.label} had other prices, which don't count here."
    if diff.code.is_unknown_before:
        yield f"{diff.before.label} contains no code: compare with a git revision to see which calls name another model."
    if one_sided := [workload.name for workload in diff.workloads if workload.gained_volume is not None]:
        yield (
            f"With a volume on one side only: {', '.join(one_sided)}. They add nothing to the month of the other side, "
            "although requests may be sent; their own growth_percent compares the mean request."
        )
    if diff.total.excluded_workloads:
        yield f"Compared per request, so not in the sum per month: {', '.join(diff.total.excluded_workloads)}."
    if any(len(workload.causes) > 1 for workload in diff.workloads):
        yield "Each cause is the effect of one change, applied one after the other from tokens to volume."
    if unpriced:
        yield (
            f"Reasoning tokens of {', '.join(unpriced)} are billed as output and not priced here: set output_tokens.reasoning in "
            "gpt41.yaml, unless requests set the effort to none."
        )


def _round_change(compared: WorkloadChange) -> WorkloadChange:
    """Round a change so that programs can add up: the difference of two prices that are each rounded to 12 places."""
    usd = compared.before_cost.expected_usd
    causes = []
    for cause in compared.causes:
        causes.append(Cause(cause.factors, _round_amount(usd + cause.usd) - _round_amount(usd)))
        usd += cause.usd
    was, repriced, now = (
        CostAndTokens(*map(_round_amount, cost)) for cost in (compared.before_cost, compared.repriced_cost, compared.after_cost)
    )
    return compared._replace(before_cost=was, repriced_cost=repriced, after_cost=now, causes=tuple(causes))


def _round_amount(amount: Fraction) -> Fraction:
    return Fraction(to_decimal(amount))


def _dump_diff(diff: Diff, total: TotalChange, records: Sequence[Mapping[str, Json]]) -> Mapping[str, Json]:
    """Convert to JSON. `total` is the sum of what `records` print, which may differ from the rounded total of `diff`."""
    return {
        "as_of": diff.as_of,
        "before": diff.before.label,
        "after": diff.after.label,
        "total": {"unit": total.unit, **_dump_amounts(diff.total, total), "apart": list(total.excluded_workloads)},
        "workloads": records,
        "files": make_records(_FILE_COLUMNS, diff.file_changes),
        "files_moved": diff.changed_file_count,
        "code": [
            {
                "path": change.place.path,
                "line": change.place.line,
                "before": change.before,
                "after": change.after,
                "workloads": [
                    {"workload": effect.workload, "unit": effect.unit, "change_usd": effect.change_usd}
                    for effect in change.effects
                ],
            }
            for change in diff.code.changes
        ],
        "growth": [
            {
                "workload": growth_check.name or None,
                "allowed_percent": growth_check.allowed_percent,
                "level": growth_check.finding.level.label if growth_check.finding else None,
            }
            for growth_check in diff.growth_checks
        ],
    }


def _make_record(compared: WorkloadChange, printed: WorkloadChange) -> Mapping[str, Json]:
    """Make a record. All records have the same keys at every depth, because they are spreadsheet columns."""
    was, now = compared.before, compared.after
    before = was and _dump_side(was, was.costing.usd_per_request, was.costing.storage_monthly_usd)
    after = now and _dump_side(now, UsdRange(*now.cost_per_request[:2]), now.storage_monthly_usd)
    return {
        "workload": compared.name,
        "state": _name_state(compared),
        "unit": compared.unit,
        **_dump_amounts(compared, printed),
        "before": before or _replace_with_nulls(after),
        "after": after or _replace_with_nulls(before),
    }


def _replace_with_nulls(value: Json) -> Json:
    """Return the same keys with null values."""
    return {key: _replace_with_nulls(inner) for key, inner in value.items()} if isinstance(value, Mapping) else None


def _name_state(compared: WorkloadChange) -> str:
    if compared.before is None:
        return "added"
    return "removed" if compared.after is None else "unchanged" if compared.is_unchanged else "changed"


def _dump_amounts(exact: WorkloadChange | TotalChange, printed: WorkloadChange | TotalChange) -> Mapping[str, Json]:
    """Convert the amounts of a unit: `change_percent` is of the price before, `growth_percent` of that at today's prices, both of
    exact amounts.
    """
    was, repriced, now = printed.before_cost, printed.repriced_cost, printed.after_cost
    moved_by = {cause.name: cause.usd for cause in printed.causes}
    return {
        "before_usd": {"expected": was.expected_usd, "high": was.high_usd},
        "repriced_usd": {"expected": repriced.expected_usd, "high": repriced.high_usd},
        "after_usd": {"expected": now.expected_usd, "high": now.high_usd},
        "change_usd": now.expected_usd - was.expected_usd,
        "change_percent": _compute_percent(exact.before_cost.expected_usd, exact.after_cost.expected_usd),
        "growth_percent": _compute_percent(exact.repriced_cost.expected_usd, exact.after_cost.expected_usd),
        "causes_usd": {name: moved_by.get(name, Fraction(0)) for name in CAUSE_NAMES},
        "input_tokens": {"before": was.input_tokens, "after": now.input_tokens},
        "output_tokens": {"before": was.output_tokens, "after": now.output_tokens},
    }


def _dump_side(priced: WorkloadCostNow, each_usd: UsdRange, stored_usd: Fraction) -> Mapping[str, Json]:
    """Convert a workload on one side, as its mean request; `volume` and `monthly_usd` are null without a volume.

    `stored_usd` is its storage per month.
    """
    costing = priced.costing
    volume, request_usd = costing.volume, each_usd._asdict()
    return {
        "model": costing.model,
        "mode": costing.mode,
        "platform": costing.platform,
        "requests": costing.requests,
        "volume": {"requests": volume and volume.requests, "period": volume and volume.period},
        "input_tokens": priced.cost_per_request.input_tokens,
        "cached_tokens": Fraction(costing.cached_tokens, costing.requests),
        "output_tokens": priced.cost_per_request.output_tokens,
        "each_usd": request_usd,
        "monthly_usd": {key: usd * volume.per_month + stored_usd if volume else None for key, usd in request_usd.items()},
    }


def _compute_percent(was: Fraction, now: Fraction) -> Fraction | None:
    return (now - was) / was * 100 if was else None
