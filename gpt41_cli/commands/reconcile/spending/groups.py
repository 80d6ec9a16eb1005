"""Add up what answers cost by the fields that they are grouped by. Memory grows with the groups, up to a limit."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from gpt41_cli.answers.answers import Answer
from gpt41_cli.pricing import EXACT, Usage, sum_usd

MAX_GROUPS = 10_000

GroupKey: TypeAlias = tuple[str | None, ...]
"""The value of each field; None if an answer doesn't say it."""


class GroupSum(NamedTuple):
    """What the answers of a group used and cost, and the usage of those that have no price."""

    usage: Usage = Usage()
    total_usd: Decimal = Decimal(0)
    unpriced: Usage = Usage()

    def with_answer(self, usage: Usage, usd: Decimal | None, *, is_undone: bool = False) -> GroupSum:
        """Return the same with one more answer, which has no price if `usd` is None; with one less if it `is_undone`."""
        if usd is None:
            return self._replace(unpriced=self.unpriced - usage if is_undone else self.unpriced + usage)
        if is_undone:
            return self._replace(usage=self.usage - usage, total_usd=EXACT.subtract(self.total_usd, usd))
        return self._replace(usage=self.usage + usage, total_usd=EXACT.add(self.total_usd, usd))


class SpendingGroups:
    """What was spent by the values of `fields`. Answers beyond the first groups are added up in `folded`."""

    def __init__(self, fields: Sequence[str], max_groups: int = MAX_GROUPS) -> None:
        self.fields = tuple(fields)
        self.folded = GroupSum()
        self._max_groups = max_groups
        self._sums: dict[GroupKey, GroupSum] = {}

    def add(self, answer: Answer, model: str | None, usd: Decimal | None, *, is_undone: bool = False) -> None:
        """Add an answer of a model, or remove one that was added before. It has no price if `usd` is None."""
        key = self._make_key(answer, model)
        if key in self._sums or len(self._sums) < self._max_groups:
            self._sums[key] = self._sums.get(key, GroupSum()).with_answer(answer.usage, usd, is_undone=is_undone)
        else:
            self.folded = self.folded.with_answer(answer.usage, usd, is_undone=is_undone)

    @property
    def sums(self) -> dict[GroupKey, GroupSum]:
        """What was spent in each group, the most first; groups with nothing left in them are gone."""
        kept = ((key, group) for key, group in self._sums.items() if group != GroupSum())
        return dict(sorted(kept, key=lambda pair: (-pair[1].total_usd, [(value is None, value or "") for value in pair[0]])))

    def _make_key(self, answer: Answer, model: str | None) -> GroupKey:
        computed = {"model": model, "mode": answer.mode, "day": answer.day.isoformat() if answer.day else None}
        labels = zip(self.fields, answer.labels, strict=False)  # other labels may follow
        return tuple(computed.get(name, label) for name, label in labels)


def add_groups(sums: Sequence[GroupSum]) -> GroupSum:
    """Add up groups."""
    used, unpriced = (sum((getattr(group, name) for group in sums), Usage()) for name in ("usage", "unpriced"))
    return GroupSum(used, sum_usd(group.total_usd for group in sums), unpriced)
