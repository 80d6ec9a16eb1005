"""Price the answers of logs by model, mode and day, with what the discounts saved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal

from gpt41_cli import rules
from gpt41_cli.answers.answers import BATCH, Answer
from gpt41_cli.answers.logs import Located, LogItem, Withdrawal
from gpt41_cli.answers.row_runs import AnswerRun
from gpt41_cli.catalog import Offer
from gpt41_cli.commands.reconcile.charge import AnswerPricer, BillingContext, Charge, ChargeKey, count_writable
from gpt41_cli.commands.reconcile.invoice.expected import ExpectedCosts
from gpt41_cli.commands.reconcile.spending.groups import SpendingGroups
from gpt41_cli.display import sanitize
from gpt41_cli.errors import InputError
from gpt41_cli.files.fields import redact
from gpt41_cli.files.places import RejectedRequest, Rejections
from gpt41_cli.findings import CountedFinding, Finding, Place, sort_most_frequent_first
from gpt41_cli.prices.usage_by_rates import UsageByRates
from gpt41_cli.pricing import EXACT, Usage, sum_usd
from gpt41_cli.rules import Rule
from gpt41_cli.totals import Occurrences

_MAX_REASONS = 100


class Reconciliation:
    """The priced answers of logs: `charges` by group, what wasn't priced by reason, and what couldn't be read.

    `unpriced` is the usage of answers without a price, by reason, and `unpriced_by_day` by day, as if written to
    the prompt cache; `taken_names` are names that logs
    give to models, with the names of their entries in the price table. `groups` and `expected` get every answer with its price.
    With `needs_days`, an answer without a known day isn't priced.
    """

    def __init__(
        self,
        conditions: BillingContext,
        groups: SpendingGroups | None = None,
        expected: ExpectedCosts | None = None,
        *,
        needs_days: bool = False,
    ) -> None:
        self.conditions = conditions
        self.groups = groups
        self.expected = expected
        self._needs_days = needs_days
        self.charges: dict[ChargeKey, Charge] = {}
        self.rejects = Rejections()
        self.undated = 0
        self.unpriced: dict[tuple[Rule, str], Usage] = {}
        self.taken_names: dict[str, str] = {}
        self.unpriced_by_day: dict[date | None, UsageByRates] = {}
        self._longest = conditions.market.catalog.find_first_surcharged(conditions.market.catalog.family[0])
        self.biller = AnswerPricer(conditions)
        self._issues: defaultdict[tuple[Rule, str], Occurrences[Place]] = defaultdict(Occurrences)
        self._batch_objects: dict[object, Located[Answer]] = {}
        self._usage_by_file: dict[str, Usage] = {}
        self._models: dict[str, set[str | None]] = {}
        self._singles: set[tuple[str, date]] = set()
        self._sums: dict[tuple[str, date], list[Place]] = {}
        self._currency: str | None = None

    def add(self, item: LogItem) -> None:
        """Add one item of a log. A batch object waits for `close`."""
        if isinstance(item, RejectedRequest):
            self.rejects.add(item)
        elif isinstance(item.result, Finding):
            self.record_issue(item.place, item.result)
        elif isinstance(item.result, Withdrawal):
            self._add_charge(item.place, item.result.answer, is_undone=True)
        elif isinstance(item.result, AnswerRun):
            self._add_answer(item.place, item.result.answer, is_run=True)
        else:
            self._check_currency(item.place, item.result)
            if item.result.is_batch_total:
                self._add_total(item.place, item.result)
                return
            self._add_answer(item.place, item.result)

    def _add_answer(self, place: Place, answer: Answer, *, is_run: bool = False) -> None:
        if answer.mode == BATCH:
            path = place.path
            self._usage_by_file[path] = self._usage_by_file.get(path, Usage()) + answer.usage
            self._models.setdefault(path, set()).add(self._resolve_model(answer))
        self._add_charge(place, answer, is_run=is_run)

    def _check_currency(self, place: Place, answer: Answer) -> None:
        self._currency = self._currency or answer.currency
        if answer.currency not in (None, self._currency):
            second, first = redact(str(answer.currency)), redact(str(self._currency))
            message = f"an answer in another currency ({second} after {first}) is priced in dollars all the same"
            self.record_issue(place, Finding(rules.ANSWER_UNCLEAR, message))

    def _add_total(self, place: Place, answer: Answer) -> None:
        """Keep a batch object; of several of one batch, keep the one with the most in it, which is the latest."""
        known = self._batch_objects.get(answer.id or place)
        if known:
            less, most = sorted((known, Located(place, answer)), key=lambda total: total.result.usage.input_tokens)
            self.record_issue(less.place, Finding(rules.ANSWER_TWICE, "a batch object that is in the logs again"))
            place, answer = most.place, most.result
        self._batch_objects[answer.id or place] = Located(place, answer)

    def close(self, logs: str) -> None:
        """Add the batch objects. Raises InputError if there was no answer; it names the `logs` if no place in them is known."""
        self.add_batch_objects()
        if not self.charges and not self.rejects.count and not self.unpriced:
            reasons = "; ".join(f"{first.label}: {issue.message}" for issue, _, first in self.issues[:3])
            raise InputError(
                expected="answers that report their usage and have a price",
                found=f"none: {reasons}" if reasons else "none",
                location=None if reasons else logs,
            )

    def add_batch_objects(self) -> None:
        """Add the batch objects, except those whose answers are in the logs line by line.

        The lines may be in a file of their own, or together with those of other batches.
        """
        known = self._find_itemized_batches() if self._usage_by_file else set()
        for key, (place, answer) in self._batch_objects.items():
            if key in known:
                self.record_issue(place, Finding(rules.BATCH_TWICE, "a batch object whose answers are in the logs line by line"))
                continue
            if self._usage_by_file:
                unclear = "a batch object is priced, and lines of a Batch output of another sum or batch are in the logs too"
                self.record_issue(place, Finding(rules.BATCH_UNCLEAR, unclear))
            self._add_charge(place, answer)
        self._compare_sums()

    def _find_itemized_batches(self) -> set[object]:
        """Find the batch objects whose answers are in the logs line by line.

        The lines of a file, or all lines together, stand for one batch object. A second object with the same sum is another
        batch.
        """
        totals = sorted(self._batch_objects.items(), key=lambda item: item[1].result.model is None)
        whole = sum(self._usage_by_file.values(), Usage())
        of_all = sum((total.usage for _, (_, total) in totals), Usage())
        if _get_token_pair(of_all) == _get_token_pair(whole) and all(self._files_of(total) for _, (_, total) in totals):
            return set(self._batch_objects)
        left, known = dict(self._usage_by_file), set[object]()
        for key, (_, total) in totals:
            alike = [path for path in self._files_of(total) if path in left]
            own = next((path for path in alike if _get_token_pair(left[path]) == _get_token_pair(total.usage)), None)
            if own is not None:
                del left[own]
                known.add(key)
            elif alike and len(left) == len(self._usage_by_file) and _get_token_pair(whole) == _get_token_pair(total.usage):
                left.clear()
                known.add(key)
        return known

    def _files_of(self, total: Answer) -> list[str]:
        """Find the files whose lines have the model of a batch object, if both name one."""
        wanted = self._resolve_model(total), None
        return [path for path, models in self._models.items() if total.model is None or not models.isdisjoint(wanted)]

    def _resolve_model(self, answer: Answer) -> str | None:
        """Return the model of an answer by the name of its entry in the price table, if it has one."""
        variant = self.biller.find_variant(answer) if answer.model else None
        return variant.id if variant else answer.model

    def _compare_sums(self) -> None:
        """Report doubts about sums next to single answers of the same model and day, and about sums in several files."""
        for (model, day), places in self._sums.items():
            if (model, day) in self._singles:
                both = f"sums of answers of {sanitize(model)} and single ones of the same day: what is in both is priced twice"
                self.record_issue(places[0], Finding(rules.SUM_BESIDE_ANSWERS, both))
            if places[1:]:
                both = f"sums of answers of {sanitize(model)} of the same day in several files: what is in both is priced twice"
                self.record_issue(places[1], Finding(rules.SUM_BESIDE_SUMS, both))

    def record_issue(
        self, place: Place, unbilled: Finding, usage: Usage | None = None, *, is_undone: bool = False, times: int = 1
    ) -> None:
        """Count what isn't priced, by the requests of its `usage` if it has one, and keep the place of the first of each kind.
        `is_undone` subtracts it again.
        """
        times = max(1, usage.requests) if usage else times
        key = unbilled.rule, unbilled.message
        if key not in self._issues and (is_undone or len(self._issues) >= _MAX_REASONS):
            key = unbilled.rule, "others"
        if usage:
            known = self.unpriced.get(key, Usage())
            self.unpriced[key] = known - usage if is_undone else known + usage
        if not is_undone:
            issue = self._issues[key]
            issue.add(place)
            issue.count += times - 1
            first = issue.examples[0]
            if place.path == first.path and (place.position or 0) < (first.position or 0):
                issue.examples[0] = place  # what was added up comes after what was read later
            return
        self._issues[key].count -= times
        if not self._issues[key].count:
            del self._issues[key]
            self.unpriced.pop(key, None)

    def _add_charge(self, place: Place, answer: Answer, *, is_undone: bool = False, is_run: bool = False) -> None:
        """Add an answer to its group, or remove one that was added before. With `is_run` it stands for many short ones."""
        offer = self._find_offer(answer)
        if isinstance(offer, Finding):
            self.record_issue(place, offer, answer.usage, is_undone=is_undone)
            if self.groups:
                self.groups.add(answer, answer.model, None, is_undone=is_undone)
            writable = count_writable(self.conditions.market.catalog, answer.usage)
            known = self.unpriced_by_day.setdefault(answer.day, UsageByRates())
            known.add(self._longest, answer.usage, writable, is_undone=is_undone)
            return
        if answer.model and answer.model != offer.variant.id and len(self.taken_names) < _MAX_REASONS:
            self.taken_names[answer.model] = offer.variant.id
        if answer.day is None:
            self.undated += answer.usage.requests * (-1 if is_undone else 1)
        group = ChargeKey(offer.variant.id, answer.mode, answer.day)
        if not is_undone:
            self._note_day(place, group, answer)
        tools_usd, unclear = self.biller.price_tools(offer, answer)
        if self.groups:
            alone = Charge(offer)
            alone.add(answer, tools_usd)
            self.groups.add(answer, offer.variant.id, alone.total_usd, is_undone=is_undone)
        if self.expected:
            self.expected.add(offer, answer, tools_usd, is_undone=is_undone)
        charge = self.charges.setdefault(group, Charge(offer))
        charge.add(answer, tools_usd, is_undone=is_undone)
        if charge.usage == Usage():
            del self.charges[group]
        one = answer._replace(usage=Usage(1)) if is_run else answer
        for doubt in (*unclear, *self.biller.find_doubts(offer, one)):
            self.record_issue(place, doubt, is_undone=is_undone, times=answer.usage.requests if is_run else 1)

    def _find_offer(self, answer: Answer) -> Offer | Finding:
        if self._needs_days and answer.day is None:
            return Finding(rules.ANSWER_UNDATED, "an answer without a known day, which may be in the period")
        return self.biller.find_offer(answer)

    def _note_day(self, place: Place, group: ChargeKey, answer: Answer) -> None:
        """Note whether there is a sum of a day, or a single answer."""
        if answer.day and answer.is_sum:
            places = self._sums.setdefault((group.model, answer.day), [place])
            if not places[1:] and place.path != places[0].path:
                places.append(place)
        elif answer.day and not answer.is_batch_total:
            self._singles.add((group.model, answer.day))

    @property
    def issues(self) -> Sequence[CountedFinding]:
        """The reasons why something wasn't priced, the most frequent first."""
        return sort_most_frequent_first(self._issues)

    @property
    def usage(self) -> Usage:
        """The usage of everything that was priced."""
        return sum((charge.usage for charge in self.charges.values()), Usage())

    @property
    def total_usd(self) -> Decimal:
        """The whole bill, exact."""
        return sum_usd(charge.total_usd for charge in self.charges.values())

    @property
    def caching_saved_usd(self) -> Decimal:
        """What caching saved; negative if writing to the cache cost more."""
        bills = [charge.bill for charge in self.charges.values()]
        return sum_usd(EXACT.subtract(bill.caching_saves_usd, bill.write_usd) for bill in bills)

    @property
    def batch_saved_usd(self) -> Decimal:
        """What batch saved compared with standard, where cached tokens have their discount."""
        saved = Decimal(0)
        for (model, mode, day), charge in self.charges.items():
            if mode == "batch":
                standard = self.biller.get_offer(model, "standard", day or self.conditions.market.as_of)
                if isinstance(standard, Offer):
                    saved = EXACT.add(saved, EXACT.subtract(charge.used.price(standard).total_usd, charge.bill.total_usd))
        return saved


def _get_token_pair(usage: Usage) -> tuple[int, int]:
    return usage.input_tokens, usage.output_tokens


def reconcile_logs(
    items: Iterable[LogItem],
    conditions: BillingContext,
    logs: str = "",
    groups: SpendingGroups | None = None,
    expected: ExpectedCosts | None = None,
    *,
    needs_days: bool = False,
) -> Reconciliation:
    """Price the answers in the files called `logs`. Raises InputError if none has a price."""
    reconciliation = Reconciliation(conditions, groups, expected, needs_days=needs_days)
    for item in items:
        reconciliation.add(item)
    reconciliation.close(logs)
    return reconciliation
