"""Compute how far the bill is from the prediction, part by part and in total."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.reconcile.bill import Reconciliation
from gpt41_cli.commands.reconcile.observed import ObservedAnswers
from gpt41_cli.commands.reconcile.prediction.forecasts import Forecasts, PredictedPart
from gpt41_cli.commands.reconcile.prediction.match import Drift, Drifts, MatchedRequests, match_requests
from gpt41_cli.commands.reconcile.prediction.misses import MissGroup, group_misses
from gpt41_cli.commands.reconcile.spending.groups import GroupSum
from gpt41_cli.display import format_change_percent, format_exact, format_money, pluralize, sanitize, to_decimal
from gpt41_cli.findings import Finding
from gpt41_cli.rules import Level, Rule
from gpt41_cli.totals import Occurrences
from gpt41_cli.work.workload import ModelAndMode

INPUT_TOKENS, OUTPUT_TOKENS, USD = "input_tokens", "output_tokens", "total_usd"
_FIGURE_NAMES = {INPUT_TOKENS: "input tokens", OUTPUT_TOKENS: "output tokens", USD: "dollars"}
_MAX_IDS_NAMED = 3


class PartDrift(NamedTuple):
    """A part of the work as it was billed, and as it was predicted for the same number of requests."""

    part: PredictedPart
    requests: int
    drifts: Drifts


class PartsComparison(NamedTuple):
    """The parts that were both predicted and billed, those that were not billed, and those that cannot be told apart because they
    are of the same model and mode. `unpredicted`: how many answers belong to nothing that was predicted.
    """

    drifts: tuple[PartDrift, ...] = ()
    unbilled: tuple[PredictedPart, ...] = ()
    unclear: tuple[PredictedPart, ...] = ()
    unpredicted: Mapping[str, int] = {}


class ToleranceFigure(NamedTuple):
    """The figure that the tolerance limits: its unit, INPUT_TOKENS or USD, and its error."""

    figure: str
    drift: Drift


def compare_parts(
    parts: Sequence[PredictedPart], by_name: Mapping[str, GroupSum], by_group: Mapping[ModelAndMode, GroupSum]
) -> PartsComparison:
    """Compare each part with the bill of the workload of its name, if that is known, or of its model and mode."""
    if by_name and all(part.name for part in parts):
        keys, billed = [part.name or "" for part in parts], by_name
    else:
        keys = [_format_group(part.model, part.mode) for part in parts]
        billed = {_format_group(model, mode): spent for (model, mode), spent in by_group.items()}
    alike = Counter(keys)
    drifts, unbilled, unclear = [], [], []
    for key, part in zip(keys, parts, strict=True):
        if alike[key] > 1:
            unclear.append(part)
        elif key in billed:
            drifts.append(_compare_part(part, billed[key]))
        else:
            unbilled.append(part)
    unforeseen = {key: spent.usage.requests for key, spent in billed.items() if key not in alike}
    return PartsComparison(tuple(drifts), tuple(unbilled), tuple(unclear), unforeseen)


def _format_group(model: str | None, mode: str) -> str:
    return f"{model} in {mode}"


def _compare_part(part: PredictedPart, spent: GroupSum) -> PartDrift:
    requests = spent.usage.requests

    def drift(predicted: int | Decimal, billed: int | Decimal) -> Drift:
        return Drift(requests, Fraction(predicted) * requests / part.requests, Fraction(billed))

    return PartDrift(
        part,
        requests,
        Drifts(
            drift(part.input_tokens, spent.usage.input_tokens),
            drift(part.output_tokens, spent.usage.output_tokens),
            drift(part.total_usd, spent.total_usd),
        ),
    )


def sum_drifts(parts: Sequence[Drifts]) -> Drifts:
    """Add them up, figure by figure."""
    return Drifts(*(_sum_figure([getattr(part, figure) for part in parts]) for figure in Drifts._fields))


def _sum_figure(drifts: Sequence[Drift]) -> Drift:
    predicted, billed = (sum((getattr(drift, side) for drift in drifts), Fraction(0)) for side in ("predicted", "billed"))
    return Drift(sum(drift.requests for drift in drifts), predicted, billed)


class PredictionComparison(NamedTuple):
    """The prediction compared with the bill, request by request or part by part. `tolerance` is a share.

    `other_models` counts the requests that another model answered, by the model they ask for and the one that answered;
    `billed_tokens` and `billed_usd` are the input and the dollars of the whole bill. `misses` are the requests that are
    off, by what they have.
    """

    matched: MatchedRequests
    parts: PartsComparison
    is_ceiling: bool
    tolerance: Decimal | None = None
    other_models: Mapping[tuple[str, str], int] = {}
    billed_tokens: Fraction = Fraction(0)
    billed_usd: Fraction = Fraction(0)
    misses: Sequence[MissGroup] = ()

    @property
    def uncompared(self) -> Fraction:
        """The part of the bill that was not compared, in the unit that the tolerance limits."""
        held = self.tolerance_figure
        return (self.billed_usd if held.figure == USD else self.billed_tokens) - held.drift.billed

    @property
    def drifts(self) -> Drifts:
        """The figures of all that was compared."""
        return self.matched.drifts if self.matched.pairs else sum_drifts([drift.drifts for drift in self.parts.drifts])

    @property
    def tolerance_figure(self) -> ToleranceFigure:
        """The figure that is compared with the tolerance: dollars, if they were predicted for answers of an expected length,
        because budgets are made of these. Input tokens, if only they were counted, or if answers were predicted at their maximum
        length, which makes their price a ceiling.
        """
        figure = USD if self.drifts.total_usd.requests and not self.is_ceiling else INPUT_TOKENS
        return ToleranceFigure(figure, getattr(self.drifts, figure))


def compare_prediction(
    forecasts: Forecasts, past: ObservedAnswers, bill: Reconciliation, tolerance: Decimal | None = None
) -> PredictionComparison:
    """Compare a prediction with the bill."""
    by_group: dict[ModelAndMode, GroupSum] = {}
    for (model, mode, _), charge in bill.charges.items():
        group = ModelAndMode(model, mode)
        by_group[group] = by_group.get(group, GroupSum()).with_answer(charge.usage, charge.total_usd)
    matched = match_requests(forecasts.requests, past.answers)
    return PredictionComparison(
        matched,
        compare_parts(forecasts.parts, past.by_workload, by_group) if forecasts.parts else PartsComparison(),
        forecasts.is_ceiling,
        tolerance,
        _count_other_models(matched, bill.conditions.market.catalog),
        Fraction(bill.usage.input_tokens),
        Fraction(bill.total_usd),
        group_misses(matched.pairs),
    )


def _count_other_models(matched: MatchedRequests, catalog: Catalog) -> Counter[tuple[str, str]]:
    """Count requests that another model answered. Aliases and snapshots of a model are that model; a model that the table does
    not know is reported elsewhere.
    """

    @cache
    def entry(name: str | None) -> str | None:
        variant = catalog.find_named_variant(name) if name else None
        return variant and variant.id

    models = ((entry(pair.forecast.model), entry(pair.answer.model)) for pair in matched.pairs)
    return Counter((asked, answered) for asked, answered in models if asked and answered and asked != answered)


def check_prediction(comparison: PredictionComparison) -> Iterator[Finding]:
    """Find what is further from the prediction than tolerated, and what cannot be compared."""
    if comparison.tolerance is not None:
        yield from _check_tolerance(comparison.tolerance_figure, comparison.tolerance)
        yield from _check_uncompared(comparison, comparison.tolerance)
    if comparison.is_ceiling:
        yield from _check_ceiling(comparison)
    matched = comparison.matched
    for (wanted, model), times in comparison.other_models.items():
        message = f"{pluralize(times, 'answer')} of {sanitize(model)} to requests for {sanitize(wanted)}"
        yield Finding(rules.OTHER_MODEL, message, actual=model, allowed=wanted, subject=model)
    asked, answered = matched.without_id
    twice, unknown = Level.WARNING, Level.NOTICE
    yield from _report_unpaired(rules.CUSTOM_ID_TWICE, twice, matched.repeated_requests, "custom_id", "for more than one request")
    yield from _report_unpaired(rules.CUSTOM_ID_TWICE, twice, matched.repeated_answers, "custom_id", "for more than one answer")
    yield from _report_unpaired(rules.CUSTOM_ID_UNKNOWN, unknown, matched.unanswered, "request", "without an answer")
    yield from _report_unpaired(rules.CUSTOM_ID_UNKNOWN, unknown, matched.unpredicted, "answer", "without a request")
    yield from _report_unpaired(rules.CUSTOM_ID_MISSING, unknown, Occurrences(asked), "request", "without a custom_id")
    yield from _report_unpaired(rules.CUSTOM_ID_MISSING, unknown, Occurrences(answered), "answer", "without a custom_id")
    for part in comparison.parts.unclear:
        why = "as several workloads are of that model and mode; --config with requests, or --workload, tells them apart"
        yield Finding(rules.NOT_COMPARED, f"not compared: {_name_part(part)}, {why}", subject=part.name)
    for part in comparison.parts.unbilled:
        message = f"not compared: {_name_part(part)}, for which nothing was billed"
        yield Finding(rules.NOT_COMPARED, message, Level.NOTICE, subject=part.name)
    for name, requests in comparison.parts.unpredicted.items():
        message = f"not compared: {pluralize(requests, 'answer')} of {sanitize(name)}, for which nothing was predicted"
        yield Finding(rules.NOT_COMPARED, message, Level.NOTICE, actual=str(requests), subject=name)


def _report_unpaired(rule: Rule, level: Level, ids: Occurrences[str], noun: str, what: str) -> Iterator[Finding]:
    """Make a finding about ids that make no pair, if there are any."""
    if ids.count:
        more = ", ..." * (ids.count > _MAX_IDS_NAMED)
        named = f": {', '.join(map(sanitize, ids.examples[:_MAX_IDS_NAMED]))}{more}" if ids.examples else ""
        yield Finding(rule, f"not compared: {pluralize(ids.count, noun)} {what}{named}", level, actual=str(ids.count))


def _name_part(part: PredictedPart) -> str:
    name = f"{sanitize(part.name)}, " if part.name else ""
    return f"{name}{_format_group(part.model, part.mode)}"


def _check_tolerance(held: ToleranceFigure, tolerance: Decimal) -> Iterator[Finding]:
    """Make an error if the figure is off by more than tolerated, or if there is none to check."""
    what, drift = held
    allowed = _format_tolerance(tolerance)
    if not drift.requests:
        yield Finding(rules.DRIFT, "nothing that was billed can be compared, so no tolerance can be checked", allowed=allowed)
    elif drift.is_beyond(tolerance):
        nothing = "something was billed where nothing was predicted"
        off = nothing if drift.share is None else f"{describe_difference(drift.share)} than predicted"
        message = f"{_FIGURE_NAMES[what]}: {off}, more than the {allowed} tolerated"
        yield Finding(rules.DRIFT, message, actual=off, allowed=allowed)


def _check_uncompared(comparison: PredictionComparison, tolerance: Decimal) -> Iterator[Finding]:
    """Make an error if more of the bill than tolerated was not compared: nothing predicted it, or it is unclear what predicted
    it.
    """
    (what, drift), rest = comparison.tolerance_figure, comparison.uncompared
    if drift.requests and rest > drift.predicted * Fraction(tolerance):
        tokens, usd = pluralize(int(rest), "input token"), to_decimal(rest)
        amount, actual = (format_money(usd), format_exact(usd)) if what == USD else (tokens, tokens)
        share = f" ({format_change_percent(rest / drift.predicted, 2)} of what was predicted)" if drift.predicted else ""
        message = f"{amount} of the bill could not be compared{share}, more than the {_format_tolerance(tolerance)} tolerated"
        yield Finding(rules.DRIFT, message, actual=actual, allowed=_format_tolerance(tolerance))


def _check_ceiling(comparison: PredictionComparison) -> Iterator[Finding]:
    """Say that more was billed than the longest answers would use: an error if that is more than tolerated."""
    tolerance = comparison.tolerance
    most = Fraction(tolerance or 0)
    for what in (OUTPUT_TOKENS, USD):
        drift = getattr(comparison.drifts, what)
        if drift.billed > drift.predicted * (1 + most):
            off = f"{format_change_percent(drift.share, 2)} more" if drift.share is not None else "something"
            tolerated = "" if tolerance is None else f", more than the {_format_tolerance(tolerance)} tolerated"
            message = f"{_FIGURE_NAMES[what]}: {off} billed than the most that was predicted{tolerated}"
            allowed = None if tolerance is None else _format_tolerance(tolerance)
            yield Finding(rules.DRIFT, message, Level.WARNING if tolerance is None else Level.ERROR, actual=off, allowed=allowed)


def _format_tolerance(tolerance: Decimal) -> str:
    return format_change_percent(Fraction(tolerance), 2) if tolerance else "0 %"


def describe_difference(share: Fraction) -> str:
    """Describe a difference in words."""
    return f"{format_change_percent(share, 2)} {'more' if share > 0 else 'less'}"
