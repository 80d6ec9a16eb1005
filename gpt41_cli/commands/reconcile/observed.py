"""Collect what logs say about answers in addition to the bill: their requests, their workloads and their lengths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from decimal import Decimal
from typing import TypeAlias

from gpt41_cli.answers.answers import Answer
from gpt41_cli.answers.logs import Located, LogItem, Withdrawal
from gpt41_cli.commands.reconcile.answer_lengths import AnswerLengths
from gpt41_cli.commands.reconcile.charge import AnswerPricer, Charge
from gpt41_cli.commands.reconcile.prediction.match import BilledRequest, CustomIdLedger, name_request
from gpt41_cli.commands.reconcile.spending.groups import GroupSum
from gpt41_cli.findings import Finding, Place
from gpt41_cli.pricing import Usage
from gpt41_cli.work.workload import ModelAndMode

OwnerLookup: TypeAlias = "Callable[[str | None, ModelAndMode], Collection[str]]"
"""The workloads to which an answer may belong, by its custom_id, and its model and mode."""


class ObservedAnswers:
    """Answers, collected while they are read. Memory: `answers`, if it is kept, grows with the logs; everything else
    with the number of workloads and of different lengths.

    `whose` is None if no option asks for workloads. `unattributed` counts the answers that may belong to several of them and,
    under no names, those that belong to none; `summed_answers` those in a sum, such as several choices, which has no length.
    `lengths` are as the family bills answers: what other models add, at most `added_tokens`, is subtracted. Batch objects are not
    counted as answers. `shared` are the logs that hold the requests, too.
    """

    def __init__(
        self,
        biller: AnswerPricer,
        whose: OwnerLookup | None = None,
        *,
        keeps_answers: bool = False,
        shared: Collection[str] = (),
    ) -> None:
        self.answers: CustomIdLedger[BilledRequest] = CustomIdLedger()
        self.by_workload: dict[str, GroupSum] = {}
        self.lengths: dict[str, AnswerLengths] = {}
        self.unattributed: Counter[tuple[str, ...]] = Counter()
        self.summed_answers = 0
        self.added_tokens = 0
        self._biller = biller
        self._find_workloads = whose
        self._keeps_answers = keeps_answers
        self.shared = shared
        self._places: dict[str, Place] = {}

    def observe(self, items: Iterable[LogItem]) -> Iterator[LogItem]:
        """Yield all items unchanged, after noting them."""
        for item in items:
            if isinstance(item, Located) and isinstance(item.result, Answer) and not item.result.is_batch_total:
                self._look_at(item.place, item.result)
            elif isinstance(item, Located) and isinstance(item.result, Withdrawal):
                self._look_at(item.place, item.result.answer, is_undone=True)
            yield item

    def _look_at(self, place: Place, answer: Answer, *, is_undone: bool = False) -> None:
        """Note an answer, or forget one that was noted before."""
        usage = answer.usage
        offer = self._biller.find_offer(answer)
        if isinstance(offer, Finding):
            group, total_usd, added = ModelAndMode(answer.model, answer.mode), None, 0
        else:
            charge = Charge(offer)
            charge.add(answer, self._biller.price_tools(offer, answer)[0])
            group, total_usd = ModelAndMode(offer.variant.id, answer.mode), charge.total_usd
            added = offer.variant.model.prompt.added_output_tokens
        if self._keeps_answers and is_undone:
            self.answers.remove(name_request(answer.custom_id, self._places.get(answer.id or "", place), self.shared))
        elif self._keeps_answers:
            if answer.id and place.path in self.shared:
                self._places[answer.id] = place
            billed = BilledRequest(place, answer.model, usage.input_tokens, usage.output_tokens, total_usd, answer.day)
            self.answers.add(name_request(answer.custom_id, place, self.shared), billed)
        if self._find_workloads is not None:
            names = tuple(sorted(self._find_workloads(answer.custom_id, group)))
            self._attribute_answer(answer, names, total_usd, added, is_undone=is_undone)

    def _attribute_answer(
        self, answer: Answer, names: tuple[str, ...], total_usd: Decimal | None, added_tokens: int, *, is_undone: bool
    ) -> None:
        usage, times = answer.usage, -1 if is_undone else 1
        if len(names) != 1:
            self.unattributed[names] += usage.requests * times
            if not self.unattributed[names]:
                del self.unattributed[names]
            return
        (name,) = names
        if total_usd is not None:
            known = self.by_workload.setdefault(name, GroupSum())
            self.by_workload[name] = known.with_answer(usage, total_usd, is_undone=is_undone)
            if self.by_workload[name].usage == Usage():
                del self.by_workload[name]
        if usage.requests == answer.choice_count == 1:
            lengths = self.lengths.setdefault(name, AnswerLengths())
            length = max(usage.output_tokens - added_tokens, 0)  # a price at the model adds them again
            reasoning = min(answer.reasoning_tokens, length)
            lengths.add(length, is_cut=answer.is_cut_off, is_undone=is_undone, reasoning_tokens=reasoning)
            self.added_tokens = max(self.added_tokens, added_tokens)
            if not lengths.counts:
                del self.lengths[name]
        else:
            self.summed_answers += usage.requests * times
