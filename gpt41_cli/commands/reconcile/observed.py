"""What answers in logs tell beside their bill: which requests they answer, whose they are, and how long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from gpt41_cli.answers.answers import Answer
from gpt41_cli.answers.logs import Located, LogItem
from gpt41_cli.commands.reconcile.answer_lengths import AnswerLengths
from gpt41_cli.commands.reconcile.charge import AnswerPricer, Charge
from gpt41_cli.commands.reconcile.match import BilledRequest, CustomIdLedger
from gpt41_cli.findings import Finding
from gpt41_cli.pricing import EXACT, Usage
from gpt41_cli.work.workload import ModelAndMode

OwnerLookup: TypeAlias = "Callable[[str | None, ModelAndMode], Collection[str]]"
"""The workloads to which an answer may belong, by its custom_id, and its model and mode."""


class AnswerTotals(NamedTuple):
    """What some answers used and cost; those without a price are no part of it."""

    usage: Usage = Usage()
    total_usd: Decimal = Decimal(0)

    def with_usage(self, usage: Usage, total_usd: Decimal) -> AnswerTotals:
        """The same and more."""
        return AnswerTotals(self.usage + usage, EXACT.add(self.total_usd, total_usd))


class ObservedAnswers:
    """Answers as they pass by, in the memory that the questions need: `answers` grows with the logs, where it is kept; all else
    with the number of workloads and of different lengths.

    `whose` is None where nobody asks for workloads. `unattributed` counts the answers that may belong to several of them, and by
    no name those to none; `summed_answers` those that stand in a sum, as several choices do, which tells no length. Batch objects
    are no answers.
    """

    def __init__(self, biller: AnswerPricer, whose: OwnerLookup | None = None, *, keeps_answers: bool = False) -> None:
        self.answers: CustomIdLedger[BilledRequest] = CustomIdLedger()
        self.by_workload: dict[str, AnswerTotals] = {}
        self.lengths: dict[str, AnswerLengths] = {}
        self.unattributed: Counter[tuple[str, ...]] = Counter()
        self.summed_answers = 0
        self._biller = biller
        self._find_workloads = whose
        self._keeps_answers = keeps_answers

    def observe(self, found: Iterable[LogItem]) -> Iterator[LogItem]:
        """All that is found, as it is, once it was looked at."""
        for each in found:
            if isinstance(each, Located) and isinstance(each.result, Answer) and not each.result.is_batch_total:
                self._look_at(Located(each.place, each.result))
            yield each

    def _look_at(self, done: Located[Answer]) -> None:
        answer = done.result
        usage = answer.usage
        offer = self._biller.find_offer(answer)
        if isinstance(offer, Finding):
            group, total_usd = ModelAndMode(answer.model, answer.mode), None
        else:
            charge = Charge(offer)
            charge.add(answer, self._biller.price_tools(offer, answer)[0])
            group, total_usd = ModelAndMode(offer.variant.id, answer.mode), charge.total_usd
        if self._keeps_answers:
            billed = BilledRequest(done.place, answer.model, usage.input_tokens, usage.output_tokens, total_usd)
            self.answers.add(answer.custom_id, billed)
        if self._find_workloads is not None:
            self._attribute_answer(answer, tuple(sorted(self._find_workloads(answer.custom_id, group))), total_usd)

    def _attribute_answer(self, answer: Answer, names: tuple[str, ...], total_usd: Decimal | None) -> None:
        usage = answer.usage
        if len(names) != 1:
            self.unattributed[names] += usage.requests
            return
        (name,) = names
        if total_usd is not None:
            self.by_workload[name] = self.by_workload.get(name, AnswerTotals()).with_usage(usage, total_usd)
        if usage.requests == answer.choice_count == 1:
            self.lengths.setdefault(name, AnswerLengths()).add(usage.output_tokens, is_cut=answer.is_cut_off)
        else:
            self.summed_answers += usage.requests
