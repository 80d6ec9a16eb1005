"""The answers of a period, apart from those of the period before and of other days."""

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

    With `before`, `first_day` and `last_day` are those of all answers. `left_out` is how many answers are of other days,
    `first_left_out` and `last_left_out` their first and last day.
    """

    def __init__(self, period: Period, period_before: Period | None = None, before: Reconciliation | None = None) -> None:
        self.period = period
        self.period_before = period_before
        self.before = before
        self.first_day: date | None = None
        self.last_day: date | None = None
        self.left_out = 0
        self.first_left_out: date | None = None
        self.last_left_out: date | None = None

    def select(self, found: Iterable[LogItem]) -> Iterator[LogItem]:
        """Yield everything but answers of other days. Answers of no known day are yielded, too."""
        for item in found:
            answer = _get_answer(item)
            if self.before and answer and answer.day:
                self.first_day = min(self.first_day or answer.day, answer.day)
                self.last_day = max(self.last_day or answer.day, answer.day)
            if answer is None or answer.day is None or self.period.has(answer.day):
                yield item
            elif self.before and self.period_before and self.period_before.has(answer.day):
                self.before.add(item)
            else:
                self._leave_out(answer.day, answer.usage.requests * (-1 if _is_withdrawal(item) else 1))

    def _leave_out(self, day: date, answers: int) -> None:
        self.left_out += answers
        self.first_left_out = min(self.first_left_out or day, day)
        self.last_left_out = max(self.last_left_out or day, day)


def _is_withdrawal(item: LogItem) -> bool:
    return isinstance(item, Located) and isinstance(item.result, Withdrawal)


def _get_answer(item: LogItem) -> Answer | None:
    """Return the answer that an item adds or takes away."""
    result = item.result if isinstance(item, Located) else None
    if isinstance(result, AnswerRun | Withdrawal):
        return result.answer
    return result if isinstance(result, Answer) else None
