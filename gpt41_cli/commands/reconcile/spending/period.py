"""Separate the answers of a period from those of the period before and of other days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import NamedTuple

from gpt41_cli.answers.answers import Answer
from gpt41_cli.answers.logs import Located, LogItem, Withdrawal
from gpt41_cli.answers.row_runs import AnswerRun
from gpt41_cli.commands.reconcile.bill import Reconciliation

_ONE_DAY = timedelta(days=1)


class Period(NamedTuple):
    """The days from `first` to `last`; None: without a limit."""

    first: date | None = None
    last: date | None = None

    def __str__(self) -> str:
        """Return the period in words.

        >>> str(Period(date(2026, 11, 1), date(2026, 11, 30))), str(Period(last=date(2026, 11, 30)))
        ('from 2026-11-01 to 2026-11-30', 'up to 2026-11-30')
        """
        if self.first is None:
            return f"up to {self.last}"
        if self.first == self.last:
            return f"on {self.first}"
        return f"from {self.first}" + (f" to {self.last}" if self.last else "")

    def has(self, day: date) -> bool:
        """Return True for a day of the period."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def with_day(self, day: date) -> Period:
        """Return the shortest period that has a day, too; of that day alone if this one has no limits."""
        return Period(min(self.first or day, day), max(self.last or day, day))


def find_period_before(first: date, last: date) -> Period:
    """Return the period of the same length before a period: of whole months as many months, else as many days.

    >>> str(find_period_before(date(2026, 11, 1), date(2026, 11, 30)))
    'from 2026-10-01 to 2026-10-31'
    >>> str(find_period_before(date(2026, 11, 16), date(2026, 11, 22)))
    'from 2026-11-09 to 2026-11-15'
    """
    end = first - _ONE_DAY
    if first.day == 1 and (last + _ONE_DAY).day == 1:
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        year, month = divmod(first.year * 12 + first.month - 1 - months, 12)
        return Period(date(year, month + 1, 1), end)
    return Period(end - (last - first), end)


class PeriodFilter:
    """Yields the answers of a period. Those of the period before go to `before`, others are counted.

    With `before`, `held` is the period of all answers. `left_out` is how many answers are of other days, `period_left_out` their
    period.
    """

    def __init__(self, period: Period, period_before: Period | None = None, before: Reconciliation | None = None) -> None:
        self.period = period
        self.period_before = period_before
        self.before = before
        self.held = Period()
        self.left_out = 0
        self.period_left_out = Period()

    def select(self, items: Iterable[LogItem]) -> Iterator[LogItem]:
        """Yield everything but answers of other days. Answers without a known day are yielded, too."""
        for item in items:
            answer = _get_answer(item)
            if self.before and answer and answer.day:
                self.held = self.held.with_day(answer.day)
            if answer is None or answer.day is None or self.period.has(answer.day):
                yield item
            elif self.before and self.period_before and self.period_before.has(answer.day):
                self.before.add(item)
            else:
                is_withdrawn = isinstance(item, Located) and isinstance(item.result, Withdrawal)
                self.left_out += answer.usage.requests * (-1 if is_withdrawn else 1)
                self.period_left_out = self.period_left_out.with_day(answer.day)


def _get_answer(item: LogItem) -> Answer | None:
    """Return the answer that an item adds or takes away."""
    result = item.result if isinstance(item, Located) else None
    if isinstance(result, AnswerRun | Withdrawal):
        return result.answer
    return result if isinstance(result, Answer) else None
