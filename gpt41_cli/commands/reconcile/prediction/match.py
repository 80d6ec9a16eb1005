"""Pairs of predicted and billed requests, matched by `custom_id`, or by their place in a file that holds both."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Generic, NamedTuple, TypeVar

from gpt41_cli.findings import Place
from gpt41_cli.pricing import sum_usd
from gpt41_cli.totals import MAX_KEPT, Occurrences

T = TypeVar("T")


class RequestTrait(NamedTuple):
    """A property of a request that may explain a wrong count: an id that `gpt41 count` prints, too, and words.

    `is_doubtful`: too few recorded bills confirm how it is counted.
    """

    id: str
    words: str
    is_doubtful: bool = False


class RequestForecast(NamedTuple):
    """A predicted request. `is_exact`: recorded bills confirm every rule that it was counted by.

    `output_tokens` are those of all its answers, expected or the most that it allows; None if neither is stated.
    `total_usd` is None if it was counted and not priced. `model` is the one it asks for, if any. `traits` are known if
    it was counted here.
    """

    place: Place
    input_tokens: int
    is_exact: bool
    output_tokens: int | None = None
    total_usd: Decimal | None = None
    model: str | None = None
    traits: tuple[RequestTrait, ...] = ()


class BilledRequest(NamedTuple):
    """A request as it was billed. `total_usd` None: its model or its mode has no price here. `day` None: the answer has none."""

    place: Place
    model: str | None
    input_tokens: int
    output_tokens: int
    total_usd: Decimal | None = None
    day: date | None = None


def name_request(custom_id: str | None, place: Place, shared: Collection[str]) -> str | None:
    """Return what a request and its answer are matched by: the `custom_id`, or the place in one of the files that hold both."""
    return custom_id or (place.label if place.path in shared else None)


class CustomIdLedger(Generic[T]):
    """Records by `custom_id`. Memory grows with them: an id and a few numbers for each.

    An id that occurs twice goes to `repeated`, as it is unclear which of the two is meant. `without_id` is how many
    have no id.
    """

    def __init__(self) -> None:
        self.by_id: dict[str, T] = {}
        self.repeated: dict[str, int] = {}
        self.without_id = 0

    def add(self, custom_id: str | None, entry: T) -> None:
        """Add one."""
        if custom_id is None:
            self.without_id += 1
        elif custom_id in self.repeated:
            self.repeated[custom_id] += 1
        elif self.by_id.pop(custom_id, None) is not None:
            self.repeated[custom_id] = 2
        else:
            self.by_id[custom_id] = entry

    def remove(self, custom_id: str | None) -> None:
        """Remove one that was added before."""
        if custom_id is None:
            self.without_id -= 1
        elif custom_id in self.repeated:
            self.repeated[custom_id] -= 1
        else:
            del self.by_id[custom_id]


class RequestPair(NamedTuple):
    """One request, as it was predicted and as it was billed. Without a `custom_id`, it has the place of both."""

    custom_id: str
    forecast: RequestForecast
    answer: BilledRequest

    @property
    def error_tokens(self) -> int:
        """The input tokens billed beyond the prediction; negative if fewer were billed."""
        return self.answer.input_tokens - self.forecast.input_tokens

    @property
    def error_share(self) -> Fraction | None:
        """The same as a share of the billed tokens; None if there are none."""
        return Fraction(self.error_tokens, self.answer.input_tokens) if self.answer.input_tokens else None


class Drift(NamedTuple):
    """A total over the same requests, as it was predicted and as it was billed; tokens or dollars, exact."""

    requests: int
    predicted: Fraction
    billed: Fraction

    @property
    def share(self) -> Fraction | None:
        """The amount billed beyond the prediction, as a share of the prediction; None if only the prediction is 0."""
        if not self.predicted:
            return None if self.billed else Fraction(0)
        return self.billed / self.predicted - 1

    def is_beyond(self, tolerance: Decimal) -> bool:
        """True if it is more than tolerated, in either direction."""
        return self.share is None or abs(self.share) > Fraction(tolerance)


class Drifts(NamedTuple):
    """The drift of each figure, over the requests that have it on both sides."""

    input_tokens: Drift
    output_tokens: Drift
    total_usd: Drift


class MatchedRequests(NamedTuple):
    """The requests that were both predicted and billed, those first that differ most, and the ids that make no pair.

    `without_id` is how many predictions and how many answers have no custom_id.
    """

    pairs: tuple[RequestPair, ...]
    drifts: Drifts
    unanswered: Occurrences[str]
    unpredicted: Occurrences[str]
    repeated_requests: Occurrences[str]
    repeated_answers: Occurrences[str]
    without_id: tuple[int, int]

    @property
    def differing(self) -> tuple[RequestPair, ...]:
        """The requests whose input tokens are not those predicted."""
        return tuple(pair for pair in self.pairs if pair.error_tokens)

    @property
    def confirmed(self) -> tuple[RequestPair, ...]:
        """The requests whose prediction was said to be exact."""
        return tuple(pair for pair in self.pairs if pair.forecast.is_exact)


def find_median_error(pairs: Sequence[RequestPair]) -> int:
    """Return the median error in tokens, in either direction. There is at least one pair."""
    return sorted(abs(pair.error_tokens) for pair in pairs)[(len(pairs) - 1) // 2]


def match_requests(forecasts: CustomIdLedger[RequestForecast], answers: CustomIdLedger[BilledRequest]) -> MatchedRequests:
    """Pair predicted and billed requests. An id of several requests or answers makes no pair."""
    repeated = forecasts.repeated.keys() | answers.repeated.keys()
    predicted = {key: forecast for key, forecast in forecasts.by_id.items() if key not in repeated}
    billed = {key: answer for key, answer in answers.by_id.items() if key not in repeated}
    pairs = [RequestPair(key, forecast, billed[key]) for key, forecast in predicted.items() if key in billed]
    return MatchedRequests(
        tuple(sorted(pairs, key=lambda pair: -abs(pair.error_tokens))),
        Drifts(*(_compute_drift(pairs, figure) for figure in Drifts._fields)),
        unanswered=_summarize_ids(key for key in predicted if key not in billed),
        unpredicted=_summarize_ids(key for key in billed if key not in predicted),
        repeated_requests=_summarize_ids(forecasts.repeated),
        repeated_answers=_summarize_ids(answers.repeated),
        without_id=(forecasts.without_id, answers.without_id),
    )


def _compute_drift(pairs: Sequence[RequestPair], figure: str) -> Drift:
    sides = ((getattr(pair.forecast, figure), getattr(pair.answer, figure)) for pair in pairs)
    known = [(Decimal(predicted), Decimal(billed)) for predicted, billed in sides if predicted is not None and billed is not None]
    return Drift(
        len(known), Fraction(sum_usd(predicted for predicted, _ in known)), Fraction(sum_usd(billed for _, billed in known))
    )


def _summarize_ids(custom_ids: Iterable[str]) -> Occurrences[str]:
    ids = list(custom_ids)
    return Occurrences(len(ids), ids[:MAX_KEPT])
