"""Workload: requests of many shapes, how many there are of each, and how one variant counts them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli import rules
from gpt41_cli.errors import InputError
from gpt41_cli.pricing import NO_TOOL_USE, ToolUse, Usage
from gpt41_cli.rules import Rule
from gpt41_cli.work.size_counts import SizeCounts, Sizes

PREDICTED_OUTPUTS = "predicted-outputs"

if TYPE_CHECKING:
    from gpt41_cli.catalog import Catalog, Variant
    from gpt41_cli.findings import Finding
    from gpt41_cli.requests.request import Image
    from gpt41_cli.work.prompt_cache import ReplayOptions


class ModelAndMode(NamedTuple):
    """The model that a request names, if any, and the mode it is sent in."""

    model: str | None
    mode: str


class RequestShape(NamedTuple):
    """Everything that distinguishes two requests for prices and limits, whatever model takes them. The numbers that differ most
    come first, as `SizeCounts` packs three.

    `text_tokens` is the input without pictures. `max_output_tokens` is None if the request states no maximum. It asks for
    `answers` and predicts `prediction_tokens`. `cached_tokens` come from a replay of the prompt cache; None without one.
    `generation_tokens` are those of each part (of `tokens.pieces.PARTS`) that models of the newer generation count more.
    """

    text_tokens: int
    max_output_tokens: int | None = None
    cached_tokens: int | None = None
    images: tuple[Image, ...] = ()
    answers: int = 1
    prediction_tokens: int = 0
    generation_tokens: tuple[int, ...] = ()


class RequestSize(NamedTuple):
    """One request as one variant counts it; `output_tokens` are those of one of its `answers`.

    `rejected_tokens` of a prediction are billed as output but aren't part of an answer. `is_stated`: the length of the answer is
    stated; otherwise it is the longest possible.
    """

    input_tokens: int
    cached_tokens: int
    output_tokens: int
    answers: int = 1
    rejected_tokens: int = 0
    is_stated: bool = True

    @property
    def usage(self) -> Usage:
        """The usage that is billed for the request."""
        return Usage(1, self.input_tokens, self.cached_tokens, self.output_tokens * self.answers + self.rejected_tokens)


class LimitExcess(NamedTuple):
    """The number of requests that exceed a limit, and the worst value."""

    worst: int
    requests: int


class VariantLoad:
    """The work as one variant counts it: the `sizes` of requests, and how many there are of each."""

    def __init__(self, sizes: Sizes[RequestSize]) -> None:
        self.sizes = sizes
        self._split: dict[int, tuple[VariantLoad, VariantLoad]] = {}

    @cached_property
    def requests(self) -> int:
        """The number of requests."""
        return sum(many for _, many in self.sizes.items())

    @cached_property
    def usage(self) -> Usage:
        """The usage of all requests together."""
        return sum((size.usage * many for size, many in self.sizes.items()), Usage())

    @cached_property
    def rejected_tokens(self) -> int:
        """The tokens of predictions that are billed as output but aren't part of an answer."""
        return sum(size.rejected_tokens * many for size, many in self.sizes.items())

    @property
    def is_uniform(self) -> bool:
        """True if all requests have the same size."""
        return len(self.sizes) == 1

    @cached_property
    def input_range(self) -> tuple[int, int]:
        """The least and the most input tokens of a request."""
        return min(size.input_tokens for size in self.sizes), self._bound.input_tokens

    @cached_property
    def _bound(self) -> RequestSize:
        """A size that no request exceeds in any number."""
        bound = RequestSize(0, 0, 0)
        for size in self.sizes:
            bound = RequestSize._make(map(max, bound, size))
        return bound

    def find_excess(self, measure: Callable[[RequestSize], int], limit: int) -> LimitExcess | None:
        """Find the requests whose `measure`, which grows with each number, exceeds `limit`; None if there are none."""
        if measure(self._bound) <= limit:
            return None
        broken = self.filter_sizes(lambda size: measure(size) > limit)
        return LimitExcess(max(map(measure, broken.sizes)), broken.requests) if broken.sizes else None

    def filter_sizes(self, holds: Callable[[RequestSize], bool]) -> VariantLoad:
        """Return the part of the work that meets a condition."""
        return VariantLoad(SizeCounts((size, many) for size, many in self.sizes.items() if holds(size)))

    def split_at(self, threshold: int) -> tuple[VariantLoad, VariantLoad]:
        """Return the requests of at most `threshold` input tokens, and the longer ones. Kept, because every usage tier asks for
        it.
        """
        if threshold not in self._split:
            has_longer = self._bound.input_tokens > threshold
            above = self.filter_sizes(lambda size: size.input_tokens > threshold) if has_longer else VariantLoad({})
            up_to = self.filter_sizes(lambda size: size.input_tokens <= threshold) if has_longer else self
            self._split[threshold] = (up_to, above)
        return self._split[threshold]


class Assumptions(NamedTuple):
    """The assumptions for every request: its answer length, cached input, tools, and the accepted part of a prediction.

    `output_tokens` are those that the family bills for the text of an answer, whatever model gives it: a model of another
    generation adds its own. They are None if every answer is as long as its request allows, a ceiling. Cached input is a
    number of tokens or a share, rounded down so that a price is never understated, and no more than the cache can give; a
    prompt too short for the cache has none. Tokens that `tools` find are input that is never cached. `accepted_share` of a
    prediction is rounded down as well; None means not stated. `reasoning_tokens` are added to each answer of a model that
    reasons, if its length is stated.
    """

    output_tokens: int | None = 0
    cached_tokens: int = 0
    cached_share: Decimal | None = None
    tools: ToolUse = NO_TOOL_USE
    accepted_share: Decimal | None = None
    reasoning_tokens: int = 0

    def count_cached(self, input_tokens: int) -> int:
        """Count how much of a request's input is assumed to be cached."""
        return self.cached_tokens if self.cached_share is None else int(input_tokens * self.cached_share)

    def count_rejected(self, prediction_tokens: int) -> int:
        """Count the tokens of a prediction that are billed as output besides the answer.

        If no share is stated, it is none for an answer of stated length, and all of them for the longest answer.
        """
        if self.accepted_share is None:
            return prediction_tokens if self.output_tokens is None else 0
        return prediction_tokens - int(prediction_tokens * self.accepted_share)

    def check_prediction(self, prediction_tokens: int) -> None:
        """Raise InputError if more of a prediction is accepted than there is output."""
        accepted = prediction_tokens - self.count_rejected(prediction_tokens)
        if self.accepted_share is not None and self.output_tokens is not None and accepted > self.output_tokens:
            of = f"{accepted:,} of the {prediction_tokens:,} predicted tokens that are accepted, as they are a part of the answer"
            raise InputError("output_tokens", f"at least the {of}", f"{self.output_tokens:,}")


class RequestSizer:
    """Sizes requests as `variant` counts them. Facts that don't depend on a request are looked up once."""

    def __init__(self, terms: Assumptions, catalog: Catalog, variant: Variant) -> None:
        self._terms = terms
        self._catalog = catalog
        self._variant = variant
        self._first = catalog.family[0].model
        self._cache_rules = catalog.find_cache_rules(variant.model)
        self._search_tokens = catalog.count_search_tokens(variant, terms.tools) or 0
        self._is_other_generation = variant.model.prompt.generation != self._first.prompt.generation

    def size(self, shape: RequestShape) -> RequestSize:
        """Return the size of a request of this shape."""
        model, terms = self._variant.model, self._terms
        tokens = shape.text_tokens
        if self._is_other_generation:
            tokens += sum(shape.generation_tokens)
        if shape.images:
            # Imported here: numbers alone need no token counting.
            from gpt41_cli.tokens.images import count_image_tokens

            rule = self._catalog.find_image_model(model).images
            assert rule is not None
            tokens += sum(count_image_tokens(image, rule) for image in shape.images)
        cached = self._count_cached(shape, tokens)
        tokens += self._search_tokens
        # A model that doesn't take predictions isn't sent any.
        rejected = 0 if PREDICTED_OUTPUTS in model.lacks else terms.count_rejected(shape.prediction_tokens)
        if terms.output_tokens is not None:
            answer = model.prompt.add_to_answer(terms.output_tokens) + (terms.reasoning_tokens if model.reasoning else 0)
            return RequestSize(tokens, cached, answer, shape.answers, rejected)
        if shape.max_output_tokens is not None:
            return RequestSize(tokens, cached, shape.max_output_tokens, shape.answers, rejected)
        # Without a stated maximum, it is the model's own, or the rest of its window. A successor's longer maximum wasn't meant.
        limits = [limit for limit in (model.max_output_tokens, self._first.max_output_tokens) if limit is not None]
        most = max(min([*limits, self._variant.context_window - tokens]), 0)
        return RequestSize(tokens, cached, most, shape.answers, rejected, is_stated=False)

    def _count_cached(self, shape: RequestShape, tokens: int) -> int:
        if shape.cached_tokens is not None:
            return min(shape.cached_tokens, tokens)  # a picture may be fewer tokens than for the model of the replay
        cached = self._terms.count_cached(tokens)
        if self._terms.cached_share is None and cached > tokens:
            return cached  # more cached than input is an error
        readable = self._cache_rules.count_readable(tokens)
        return min(cached, readable) if self._terms.cached_share is not None or not readable else cached


def size_request(shape: RequestShape, terms: Assumptions, catalog: Catalog, variant: Variant) -> RequestSize:
    """Return the size of a request of this shape as `variant` counts it."""
    return RequestSizer(terms, catalog, variant).size(shape)


@dataclass(frozen=True, eq=False)
class Workload:
    """Requests of many shapes with common assumptions.

    `text_tokens` of the input are plain texts, not yet framed as a message. `needs` are the abilities that a model needs to take
    all requests, `doubt_rules` the rules that may make counts inexact, `estimated_requests` the number of requests with such
    doubts, `training_requests` the number of fine-tuning examples. `is_counted`: shapes were counted from request bodies.
    `mode` is the one that all requests are written for; None if there is none. `replay` says how the prompt cache was replayed,
    if it was; `is_warm`: requests that are sent again read from the cache that the first ones left. All requests are sent
    `times` times. `is_incomplete`: a folder could not be listed, so there may be more. `lacks_output`: the length of answers
    isn't stated, and no output is priced. `flaws` are the rules of the API that its requests break. All of it is sent again in
    every `period`; `stated_rate` says how the requests were counted. `joined_files` is the number of files that are one
    request together.

    Raises InputError if more of a prediction is accepted than there is output.
    """

    shapes: Sizes[RequestShape]
    terms: Assumptions
    text_tokens: int = 0
    needs: frozenset[str] = frozenset()
    doubt_rules: frozenset[Rule] = frozenset()
    estimated_requests: int = 0
    lower_bound_requests: int = 0
    training_requests: int = 0
    is_counted: bool = False
    mode: str | None = None
    replay: ReplayOptions | None = None
    is_warm: bool = False
    times: int = 1
    is_incomplete: bool = False
    lacks_output: bool = False
    flaws: tuple[Finding, ...] = ()
    period: str = ""
    stated_rate: str = ""
    joined_files: int = 0
    _loads: dict[str, VariantLoad] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.terms.accepted_share is not None:
            for prediction_tokens in {shape.prediction_tokens for shape in self.shapes}:
                self.terms.check_prediction(prediction_tokens)

    @property
    def is_lower_bound(self) -> bool:
        """True if there are tokens that can't be counted, or answers that aren't priced."""
        return self.is_incomplete or self.lacks_output or self.lower_bound_requests > 0

    @property
    def is_approximate(self) -> bool:
        """True if there is something in the requests that may cost more or less than is priced."""
        return rules.UNKNOWN_FIELD in self.doubt_rules

    @property
    def has_largest_pictures(self) -> bool:
        """True if pictures of unknown size are counted as the largest."""
        return rules.IMAGE_SIZE in self.doubt_rules

    def find_borrowed_image_rule(self, catalog: Catalog, variant: Variant) -> str | None:
        """Return the model whose image rule is borrowed if the variant's own isn't known; None if there are no pictures or it is
        known.
        """
        if variant.model.images or not any(shape.images for shape in self.shapes):
            return None
        return catalog.find_image_model(variant.model).id

    def without_cache(self) -> Workload:
        """Return the work with a cold cache, if the prompt cache was replayed."""
        shapes = SizeCounts((shape._replace(cached_tokens=None), many) for shape, many in self.shapes.items())
        return replace(self, shapes=shapes, replay=None, is_warm=False, _loads={})

    def without_reasoning(self) -> Workload:
        """Return the work without the reasoning tokens of its answers."""
        return replace(self, terms=self.terms._replace(reasoning_tokens=0), _loads={})

    def without_storage(self) -> Workload:
        """Return the work without its storage, for use next to work that already pays for it."""
        tools = self.terms.tools._replace(storage_gb=0, storage_days=0)
        return replace(self, terms=self.terms._replace(tools=tools), _loads={})

    @cached_property
    def requests(self) -> int:
        """The number of requests."""
        return sum(many for _, many in self.shapes.items())

    @cached_property
    def requests_without_maximum(self) -> int:
        """The number of requests without a maximum for their answer."""
        return sum(many for shape, many in self.shapes.items() if shape.max_output_tokens is None)

    @cached_property
    def prediction_tokens(self) -> int:
        """The predicted output of all requests."""
        return sum(shape.prediction_tokens * many for shape, many in self.shapes.items())

    @cached_property
    def rejected_tokens(self) -> int:
        """The predicted tokens that are billed as output but aren't part of an answer."""
        return sum(self.terms.count_rejected(shape.prediction_tokens) * many for shape, many in self.shapes.items())

    @property
    def is_ceiling(self) -> bool:
        """True if this is all and every answer is assumed to be as long as possible."""
        return not self.is_incomplete and self.terms.output_tokens is None

    def load_on(self, catalog: Catalog, variant: Variant) -> VariantLoad:
        """Return the work as `variant` counts it. Raises InputError if more tokens are cached than a request has input."""
        if variant.id not in self._loads:
            sizer = RequestSizer(self.terms, catalog, variant)
            sizes = SizeCounts((sizer.size(shape), many) for shape, many in self.shapes.items())
            self._loads[variant.id] = VariantLoad(sizes)
        return self._loads[variant.id]


def workload(
    *,
    input_tokens: int,
    output_tokens: int,
    requests: int = 1,
    cached_tokens: int = 0,
    cached_share: Decimal | None = None,
    text_tokens: int = 0,
    images: tuple[Image, ...] = (),
    tools: ToolUse = NO_TOOL_USE,
    prediction_tokens: int = 0,
    accepted_share: Decimal | None = None,
) -> Workload:
    """Describe `requests` equal requests, each of `input_tokens` plus `text_tokens` and `images`.

    The cached part is a number of tokens or a share of the input, which is rounded down so that a price is never understated.
    Raises InputError for negative numbers, no requests, more cached tokens than input, or more accepted of a prediction than
    there is output.
    """
    if requests < 1:
        raise InputError("requests", "1 or more", str(requests))
    # Check the numbers here, not when they are priced. Pictures add input, but how much depends on the model.
    Usage(1, input_tokens + text_tokens, 0 if images else cached_tokens, output_tokens)
    terms = Assumptions(output_tokens, cached_tokens, cached_share, tools, accepted_share)
    needs = {"vision": images, PREDICTED_OUTPUTS: prediction_tokens}
    return Workload(
        {RequestShape(input_tokens + text_tokens, images=images, prediction_tokens=prediction_tokens): requests},
        terms,
        text_tokens,
        needs=frozenset(name for name, is_used in needs.items() if is_used) | tools.needed_abilities,
    )
