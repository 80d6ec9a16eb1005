"""What answers in logs tell beside their bill: which requests they answer, whose they are, and how long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from gpt41_cli.answers.answers import Answer, Unbilled
from gpt41_cli.answers.logs import Found
from gpt41_cli.commands.reconcile.answer_lengths import Lengths
from gpt41_cli.commands.reconcile.charge import Biller, Charge
from gpt41_cli.commands.reconcile.match import Billed, Ledger
from gpt41_cli.files.places import Done
from gpt41_cli.pricing import EXACT, Usage
from gpt41_cli.work.workload import Group

Whose: TypeAlias = "Callable[[str | None, Group], Collection[str]]"
"""The workloads to which an answer may belong, by its custom_id, and its model and mode."""


class Spent(NamedTuple):
    """What some answers used and cost; those without a price are no part of it."""

    usage: Usage = Usage()
    total_usd: Decimal = Decimal(0)

    def plus(self, usage: Usage, total_usd: Decimal) -> Spent:
        """The same and more."""
        return Spent(self.usage + usage, EXACT.add(self.total_usd, total_usd))


class Past:
    """Answers as they pass by, in the memory that the questions need: `answers` grows with the logs, where it is kept; all else
    with the number of workloads and of different lengths.

    `whose` is None where nobody asks for workloads. `unowned` counts the answers that may belong to several of them, and by no
    name those to none; `summed` those that stand in a sum, as several choices do, which tells no length. Batch objects are no
    answers.
    """

    def __init__(self, biller: Biller, whose: Whose | None = None, *, keeps_answers: bool = False) -> None:
        self.answers: Ledger[Billed] = Ledger()
        self.by_workload: dict[str, Spent] = {}
        self.lengths: dict[str, Lengths] = {}
        self.unowned: Counter[tuple[str, ...]] = Counter()
        self.summed = 0
        self._biller = biller
        self._whose = whose
        self._keeps_answers = keeps_answers

    def watch(self, found: Iterable[Found]) -> Iterator[Found]:
        """All that is found, as it is, once it was looked at."""
        for each in found:
            if isinstance(each, Done) and isinstance(each.result, Answer) and not each.result.is_total:
                self._look_at(Done(each.place, each.result))
            yield each

    def _look_at(self, done: Done[Answer]) -> None:
        answer = done.result
        usage = answer.usage
        offer = self._biller.find(answer)
        if isinstance(offer, Unbilled):
            group, total_usd = Group(answer.model, answer.mode), None
        else:
            charge = Charge(offer)
            charge.add(answer, self._biller.tools(offer, answer)[0])
            group, total_usd = Group(offer.variant.id, answer.mode), charge.total_usd
        if self._keeps_answers:
            billed = Billed(done.place, answer.model, usage.input_tokens, usage.output_tokens, total_usd)
            self.answers.add(answer.custom_id, billed)
        if self._whose is not None:
            self._learn(answer, tuple(sorted(self._whose(answer.custom_id, group))), total_usd)

    def _learn(self, answer: Answer, names: tuple[str, ...], total_usd: Decimal | None) -> None:
        usage = answer.usage
        if len(names) != 1:
            self.unowned[names] += usage.requests
            return
        (name,) = names
        if total_usd is not None:
            self.by_workload[name] = self.by_workload.get(name, Spent()).plus(usage, total_usd)
        if usage.requests == answer.choices == 1:
            self.lengths.setdefault(name, Lengths()).add(usage.output_tokens, is_cut=answer.is_cut)
        else:
            self.summed += usage.requests
