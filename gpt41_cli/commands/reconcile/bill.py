"""What did the answers of some logs cost: by model, mode and day, what the discounts saved, and what it would cost elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.answers.answers import Answer, Unbilled
from gpt41_cli.answers.logs import Found
from gpt41_cli.catalog import Offer, Variant
from gpt41_cli.commands.reconcile.charge import Biller, Charge, Conditions, Group
from gpt41_cli.constraints.lifecycle import ended
from gpt41_cli.display import printable
from gpt41_cli.errors import InputError
from gpt41_cli.files.fields import told
from gpt41_cli.files.places import Done, Invalid, Place, Rejects
from gpt41_cli.pricing import EXACT, Usage, sum_usd

_COMPARED = ("standard", "batch")
_MOST_REASONS = 100
_ZONES = timedelta(days=1)
"""How much later than here it may be elsewhere."""


class Reason(NamedTuple):
    """Why something was not priced, how often, and where it first was."""

    rule: str
    message: str
    times: int
    first: Place


class Elsewhere(NamedTuple):
    """The same traffic on another variant, or in another mode."""

    variant: Variant
    mode: str
    total_usd: Decimal


class Reconciliation:
    """The answers of logs at their price: `charges` by group, what was not priced by its reason, what could not be read."""

    def __init__(self, conditions: Conditions) -> None:
        self.conditions = conditions
        self.charges: dict[Group, Charge] = {}
        self.rejects = Rejects()
        self.undated = 0
        self._biller = Biller(conditions)
        self._reasons: dict[tuple[str, str], Reason] = {}
        self._totals: dict[object, Done[Answer]] = {}
        self._lines: dict[str, Usage] = {}
        self._models: dict[str, set[str | None]] = {}
        self._singles: set[tuple[str, date]] = set()
        self._sums: dict[tuple[str, date], list[Place]] = {}
        self._currency: str | None = None

    def add(self, found: Found) -> None:
        """Take in one thing that a log holds; a batch object waits for `close`. InputError for a second currency."""
        if isinstance(found, Invalid):
            self.rejects.add(found)
        elif isinstance(found.result, Unbilled):
            self.leave_out(found.place, found.result)
        else:
            self._hold_currency(found.place, found.result)
            if found.result.is_total:
                self._add_total(found.place, found.result)
                return
            if found.result.mode == "batch":
                path = found.place.path
                self._lines[path] = self._lines.get(path, Usage()) + found.result.usage
                self._models.setdefault(path, set()).add(self._model(found.result))
            self._charge(found.place, found.result)

    def _hold_currency(self, place: Place, answer: Answer) -> None:
        self._currency = self._currency or answer.currency
        if answer.currency not in (None, self._currency):
            second, first = told(str(answer.currency)), told(str(self._currency))
            raise InputError(f"{printable(place.label)}: expected one currency in all of the logs, found {second} after {first}")

    def _add_total(self, place: Place, answer: Answer) -> None:
        """Keep a batch object, of those of one batch the one with the most in it: it was looked at last."""
        known = self._totals.get(answer.id or place)
        if known:
            less, most = sorted((known, Done(place, answer)), key=lambda each: each.result.usage.input_tokens)
            self.leave_out(less.place, Unbilled("answer-twice", "a batch object that is in the logs again", answer.custom_id))
            place, answer = most.place, most.result
        self._totals[answer.id or place] = Done(place, answer)

    def close(self) -> None:
        """Take in the batch objects, but for those whose answers are in the logs line by line: in a file of their own, or with
        those of the other batches. InputError where nothing was priced.
        """
        known = self._known_totals() if self._lines else set()
        for key, (place, answer) in self._totals.items():
            if key in known:
                self.leave_out(place, Unbilled("batch-twice", "a batch object whose answers are in the logs line by line"))
                continue
            if self._lines:
                unclear = "a batch object is priced, and lines of a Batch output of another sum or batch are in the logs too"
                self.leave_out(place, Unbilled("batch-unclear", unclear))
            self._charge(place, answer)
        self._compare_sums()
        if not self.charges and not self.rejects.count:
            found = "; ".join(f"{printable(each.first.label)}: {each.message}" for each in self.reasons[:3])
            raise InputError(
                f"expected answers that report their usage and have a price, found {f'none: {found}' if found else 'nothing'}"
            )

    def _known_totals(self) -> set[object]:
        """The batch objects whose answers are in the logs line by line. The lines of a file stand for one of them, or all lines
        together do: a second object of the same sum is another batch.
        """
        totals = sorted(self._totals.items(), key=lambda each: each[1].result.model is None)
        whole = sum(self._lines.values(), Usage())
        of_all = sum((total.usage for _, (_, total) in totals), Usage())
        if _tokens(of_all) == _tokens(whole) and all(self._files_of(total) for _, (_, total) in totals):
            return set(self._totals)
        left, known = dict(self._lines), set[object]()
        for key, (_, total) in totals:
            alike = [path for path in self._files_of(total) if path in left]
            own = next((path for path in alike if _tokens(left[path]) == _tokens(total.usage)), None)
            if own is not None:
                del left[own]
                known.add(key)
            elif alike and len(left) == len(self._lines) and _tokens(whole) == _tokens(total.usage):
                left.clear()
                known.add(key)
        return known

    def _files_of(self, total: Answer) -> list[str]:
        """The files with lines by the model of a batch object, as far as both say it."""
        wanted = self._model(total), None
        return [path for path, models in self._models.items() if total.model is None or not models.isdisjoint(wanted)]

    def _model(self, answer: Answer) -> str | None:
        """The model of an answer by the name of its entry in the price table, where it has one."""
        variant = self.conditions.catalog.known(answer.model) if answer.model else None
        return variant.id if variant else answer.model

    def _compare_sums(self) -> None:
        """Doubt the sums of several answers that stand beside single answers of the same model and day, or in several files."""
        for (model, day), places in self._sums.items():
            if (model, day) in self._singles:
                both = f"sums of answers of {printable(model)} and single ones of the same day: what is in both is priced twice"
                self.leave_out(places[0], Unbilled("sum-beside-answers", both))
            if places[1:]:
                both = f"sums of answers of {printable(model)} of the same day in several files: what is in both is priced twice"
                self.leave_out(places[1], Unbilled("sum-beside-sums", both))

    def leave_out(self, place: Place, unbilled: Unbilled) -> None:
        """Count what is not priced, and keep where the first of its kind was."""
        key = unbilled.rule, unbilled.message
        if key not in self._reasons and len(self._reasons) >= _MOST_REASONS:
            key = unbilled.rule, "others"
        rule, message, times, first = self._reasons.get(key, Reason(*key, 0, place))
        self._reasons[key] = Reason(rule, message, times + 1, first)

    def _charge(self, place: Place, answer: Answer) -> None:
        offer = self._biller.find(answer)
        if isinstance(offer, Unbilled):
            self.leave_out(place, offer)
            return
        self.undated += answer.usage.requests if answer.day is None else 0
        group = Group(offer.variant.id, answer.mode, answer.day)
        if answer.day and answer.is_sum:
            places = self._sums.setdefault((group.model, answer.day), [place])
            if not places[1:] and place.path != places[0].path:
                places.append(place)
        elif answer.day and not answer.is_total:
            self._singles.add((group.model, answer.day))
        tools_usd, unclear = self._biller.tools(offer, answer)
        self.charges.setdefault(group, Charge(offer)).add(answer, tools_usd)
        for doubt in (*unclear, *self._doubts(offer, answer)):
            self.leave_out(place, doubt)

    def _doubts(self, offer: Offer, answer: Answer) -> Iterator[Unbilled]:
        """All that makes the price of an answer unclear."""
        model, day = printable(offer.variant.id), answer.day
        for doubt in answer.doubts:
            yield Unbilled("answer-unclear", f"an answer {doubt}")
        life = ended(offer.variant, self.conditions.platform, day) if day else None
        if life:
            yield Unbilled("answer-unclear", f"an answer of {model} after its shutdown on {life.shutdown} is priced all the same")
        if day and day > self.conditions.as_of + _ZONES:
            yield Unbilled("answer-unclear", f"an answer of a day after {self.conditions.as_of} is priced all the same")
        if answer.cache_write_tokens and offer.row.cache_write_30m is None:
            yield Unbilled("write-price", f"no price of cache writes is known for {model}: priced as input")
        least = offer.variant.model.surcharged_above
        if answer.usage.requests != 1 and answer.usage.input_tokens > least:
            some = ", though some must" if answer.usage.input_tokens > answer.usage.requests * least else ""
            most = f"priced as if none had more than {least:,} input tokens{some}"
            yield Unbilled("sum-of-long", f"a sum of several answers of {model}, {most}")

    @property
    def reasons(self) -> Sequence[Reason]:
        """Why what was not priced, the most frequent first."""
        return sorted(self._reasons.values(), key=lambda each: (-each.times, each.rule, each.message))

    @property
    def usage(self) -> Usage:
        """That of all that was priced."""
        return sum((each.usage for each in self.charges.values()), Usage())

    @property
    def total_usd(self) -> Decimal:
        """The whole bill, exact."""
        return sum_usd(each.total_usd for each in self.charges.values())

    @property
    def caching_saved_usd(self) -> Decimal:
        """What caching saved against no cache at all; negative where writing to it cost more."""
        return sum_usd(each.caching_saves_usd for each in self.charges.values())

    @property
    def batch_saved_usd(self) -> Decimal:
        """What batch saved against standard, where the cached tokens have their discount."""
        saved = Decimal(0)
        for (model, mode, day), charge in self.charges.items():
            if mode == "batch":
                standard = self._biller.offer(model, "standard", day or self.conditions.as_of)
                if isinstance(standard, Offer):
                    saved = EXACT.add(saved, EXACT.subtract(charge.tokens_usd(standard), charge.tokens_usd(charge.offer)))
        return saved

    def elsewhere(self) -> list[Elsewhere]:
        """The same tokens on each variant of the family, in standard and in batch, at the prices of their days; the cheapest
        first. Left out is what has no price, a surcharge that depends on single requests, or lacks a tool that was used.
        """
        found = []
        for variant in self.conditions.catalog.family:
            for mode in _COMPARED:
                amounts = [self._at(variant, mode, group, charge) for group, charge in self.charges.items()]
                known = [amount for amount in amounts if amount is not None]
                if known and len(known) == len(amounts):
                    found.append(Elsewhere(variant, mode, sum_usd(known)))
        return sorted(found, key=lambda each: each.total_usd)

    def _at(self, variant: Variant, mode: str, group: Group, charge: Charge) -> Decimal | None:
        if variant.model.surcharge or charge.abilities - variant.model.abilities:
            return None
        as_of = self.conditions.as_of
        for day in dict.fromkeys((group.day or as_of, as_of)):
            offer = self._biller.offer(variant.id, mode, day)
            if isinstance(offer, Offer):
                return EXACT.add(charge.tokens_usd(offer), charge.tools_usd)
        return None


def _tokens(usage: Usage) -> tuple[int, int]:
    return usage.input_tokens, usage.output_tokens


def reconcile(found: Iterable[Found], conditions: Conditions) -> Reconciliation:
    """The answers that are found, at their price. InputError where none has one."""
    reconciliation = Reconciliation(conditions)
    for each in found:
        reconciliation.add(each)
    reconciliation.close()
    return reconciliation
