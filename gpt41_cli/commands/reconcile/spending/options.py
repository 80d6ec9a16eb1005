"""Read the options of `gpt41 reconcile` about groups and periods, and answer them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import NamedTuple

from gpt41_cli.answers.labels import HOUR, LabelReader
from gpt41_cli.answers.logs import LogItem
from gpt41_cli.cli import parse
from gpt41_cli.commands.reconcile.bill import Reconciliation, reconcile_logs
from gpt41_cli.commands.reconcile.charge import BillingContext
from gpt41_cli.commands.reconcile.invoice.expected import ExpectedCosts
from gpt41_cli.commands.reconcile.spending.groups import SpendingGroups
from gpt41_cli.commands.reconcile.spending.period import Period, PeriodFilter, find_period_before
from gpt41_cli.commands.reconcile.spending.report import FIGURE_KEYS, add_groups_to_report, add_period_to_report, describe_change
from gpt41_cli.errors import InputError, quote_text, suggest
from gpt41_cli.reports import Report

_ACCOUNT_FIELDS = ("project_id", "organization_id")
_COMPUTED_FIELDS = ("model", "mode", "day", HOUR)


class SpendingQuestion(NamedTuple):
    """What is asked about groups and periods: `groups` is None without `--by`, `days` without a period, `expected` if nobody
    needs it, and `labels` if no option needs one.
    """

    conditions: BillingContext
    top: int | None
    labels: LabelReader | None
    groups: SpendingGroups | None
    days: PeriodFilter | None
    expected: ExpectedCosts | None

    def reconcile_logs(
        self, items: Iterable[LogItem], observe: Callable[[Iterable[LogItem]], Iterable[LogItem]], logs: str
    ) -> Reconciliation:
        """Price the answers of the period in the files called `logs`; `observe` sees them first.

        Raises InputError if there are none, or if none has a field that they are grouped by.
        """
        selected, needs_days = (self.days.select(items) if self.days else items), self.days is not None
        try:
            bill = reconcile_logs(observe(selected), self.conditions, logs, self.groups, self.expected, needs_days=needs_days)
        except InputError:
            if self.days and self.days.left_out:
                others = f"only answers {self.days.period_left_out}"
                raise InputError(expected=f"answers {self.days.period}", found=others, location=logs) from None
            raise
        if self.days and self.days.before:
            self.days.before.add_batch_objects()
        if self.labels and self.groups:
            _require_labels(self.labels, self.groups)
        return bill

    def describe_change(self, bill: Reconciliation) -> str:
        """Describe the change from the period before for the first line; empty if nothing is compared."""
        return describe_change(bill, self.days.before) if self.days and self.days.before else ""

    def add_to_report(self, report: Report, bill: Reconciliation) -> Report:
        """Add the groups and the period to the report on a bill."""
        if self.days:
            report = add_period_to_report(report, bill, self.days)
        return add_groups_to_report(report, bill, self.groups, self.days, self.top) if self.groups else report


def prepare_spending(
    by: Sequence[str] | None,
    top: int | None,
    since: str | None,
    until: str | None,
    conditions: BillingContext,
    *,
    compares: bool,
    needs_costs: bool,
) -> SpendingQuestion:
    """Parse `--by`, `--since`, `--until` and `--compare`; with `needs_costs`, `expected` gets the answers.

    Raises InputError if they don't fit together.
    """
    fields = [name.strip() for value in by or () for name in value.split(",")]
    for name in fields:
        if not name or name in FIGURE_KEYS or fields.count(name) > 1:
            raise InputError("--by", "each field to group by once, such as project_id", quote_text(name))
    period, period_before = read_period(since, until, conditions.market.as_of, compares=compares)
    if top is not None and not fields:
        raise InputError("--top", "--by with the field whose groups it counts", "none")
    groups = SpendingGroups(fields) if fields else None
    expected = ExpectedCosts(len(fields)) if needs_costs else None
    read = [*fields, *_ACCOUNT_FIELDS * needs_costs]
    before = Reconciliation(conditions, SpendingGroups(fields) if fields else None) if period_before else None
    days = PeriodFilter(period, period_before, before) if period else None
    return SpendingQuestion(conditions, top, LabelReader(read) if read else None, groups, days, expected)


def read_period(since: str | None, until: str | None, as_of: date, *, compares: bool) -> tuple[Period | None, Period | None]:
    """Parse `--since`, `--until` and `--compare`: the period, and the one before it, which `--compare` asks for.

    Raises InputError if they don't fit together.
    """
    first = None if since is None else parse.read_day(since, "--since")
    last = None if until is None else parse.read_day(until, "--until")
    if first and last and last < first:
        raise InputError("--until", f"a day from {first} on, the day of --since", str(last))
    if compares and first is None:
        raise InputError("--compare", "--since with the first day of the period", "none")
    if first is None or not compares:
        return (Period(first, last) if first or last else None), None
    last = last or max(first, as_of)
    return Period(first, last), find_period_before(first, last)


def _require_labels(labels: LabelReader, groups: SpendingGroups) -> None:
    """Raise InputError if no answer has a field."""
    for index, name in enumerate(groups.fields):
        if name not in _COMPUTED_FIELDS and not any(key[index] for key in groups.sums):
            keys = ", ".join(map(quote_text, list(labels.seen_keys)[:8]))
            hint = suggest(name, labels.seen_keys)
            raise InputError(
                "--by", f"{', '.join(_COMPUTED_FIELDS)} or a field of the logs such as {keys}", quote_text(name), hint
            )
