"""The work to be priced: requests of many shapes, how many of each, and what one variant sees of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli.errors import InputError
from gpt41_cli.pricing import NO_TOOL_USE, ToolUse, Usage
from gpt41_cli.requests.request import Image
from gpt41_cli.rules import Rule
from gpt41_cli.work.searches import count_search_tokens

PREDICTED_OUTPUTS = "predicted-outputs"

if TYPE_CHECKING:
    from gpt41_cli.catalog import Catalog, Variant
    from gpt41_cli.work.prompt_cache import ReplayOptions


class ModelAndMode(NamedTuple):
    """What a request names: a model, if any, and the mode it is sent in."""

    model: str | None
    mode: str


class RequestShape(NamedTuple):
    """All that distinguishes two requests for prices and limits, whichever model takes them.

    `text_tokens` are its input less the pictures; `escaping_tokens` come on top for a model that escapes the results of
    parallel calls. `max_output_tokens` None: it states no maximum. It asks for `answers`, and predicts `prediction_tokens`.
    `cached_tokens` are those that a replay of the prompt cache gave it; None: there was none.
    """

    text_tokens: int
    images: tuple[Image, ...] = ()
    escaping_tokens: int = 0
    max_output_tokens: int | None = None
    answers: int = 1
    prediction_tokens: int = 0
    cached_tokens: int | None = None


class RequestSize(NamedTuple):
    """What one variant sees of one request; `output_tokens` are those of one of its `answers`.

    `rejected_tokens` of a prediction are billed as output too, but are no part of an answer. `is_stated`: the length of the
    answer was said, by the request or for it; else it is the most that there is.
    """

    input_tokens: int
    cached_tokens: int
    output_tokens: int
    answers: int = 1
    rejected_tokens: int = 0
    is_stated: bool = True

    @property
    def usage(self) -> Usage:
        """What is billed for it."""
        return Usage(1, self.input_tokens, self.cached_tokens, self.output_tokens * self.answers + self.rejected_tokens)


class LimitExcess(NamedTuple):
    """How a limit is broken: by how many requests, and by how much the worst of them."""

    worst: int
    requests: int


class VariantLoad:
    """The work as one variant sees it: `sizes` of requests, and how many there are of each."""

    def __init__(self, sizes: Mapping[RequestSize, int]) -> None:
        self.sizes = sizes
        self._split: dict[int, tuple[VariantLoad, VariantLoad]] = {}

    @cached_property
    def requests(self) -> int:
        """How many requests there are."""
        return sum(self.sizes.values())

    @cached_property
    def usage(self) -> Usage:
        """All requests together."""
        return sum((size.usage * many for size, many in self.sizes.items()), Usage())

    @cached_property
    def rejected_tokens(self) -> int:
        """Tokens of predictions that are billed as output beside the answers."""
        return sum(size.rejected_tokens * many for size, many in self.sizes.items())

    @property
    def is_uniform(self) -> bool:
        """Whether all requests are of one size."""
        return len(self.sizes) == 1

    @cached_property
    def input_range(self) -> tuple[int, int]:
        """The least and the most input tokens of a request."""
        inputs = [size.input_tokens for size in self.sizes]
        return min(inputs), max(inputs)

    def find_excess(self, measure: Callable[[RequestSize], int], limit: int) -> LimitExcess | None:
        """The requests of which `measure` is over `limit`; None when there are none."""
        broken = {size: many for size, many in self.sizes.items() if measure(size) > limit}
        return LimitExcess(max(map(measure, broken)), sum(broken.values())) if broken else None

    def filter_sizes(self, holds: Callable[[RequestSize], bool]) -> VariantLoad:
        """The part of the work for which `holds` does."""
        return VariantLoad({size: many for size, many in self.sizes.items() if holds(size)})

    def split_at(self, threshold: int) -> tuple[VariantLoad, VariantLoad]:
        """The requests of at most `threshold` input tokens, and those of more; made once, as every usage tier asks for it."""
        if threshold not in self._split:
            above = self.filter_sizes(lambda size: size.input_tokens > threshold)
            up_to = self.filter_sizes(lambda size: size.input_tokens <= threshold) if above.sizes else self
            self._split[threshold] = (up_to, above)
        return self._split[threshold]


class Assumptions(NamedTuple):
    """What is said of requests beside their bodies: how long every answer is (None: its own maximum, a ceiling), and how much of
    every input is cached, as a number of tokens or a share, rounded down so that a price is never understated; of a prompt too
    short for the cache nothing is.

    `tools` are those that every request uses; what they find is input that is never cached. `accepted_share` is how much of a
    prediction is in the answer, rounded down as well; None: not said.
    """

    output_tokens: int | None = 0
    cached_tokens: int = 0
    cached_share: Decimal | None = None
    tools: ToolUse = NO_TOOL_USE
    accepted_share: Decimal | None = None

    def count_cached(self, input_tokens: int) -> int:
        """How much of a request's input is said to be cached."""
        return self.cached_tokens if self.cached_share is None else int(input_tokens * self.cached_share)

    def count_rejected(self, prediction_tokens: int) -> int:
        """How many tokens of a prediction are billed as output beside the answer. Where no share is said: none beside an answer
        of stated length, all of them beside the longest one.
        """
        if self.accepted_share is None:
            return prediction_tokens if self.output_tokens is None else 0
        return prediction_tokens - int(prediction_tokens * self.accepted_share)

    def check_prediction(self, prediction_tokens: int) -> None:
        """InputError where more of a prediction is accepted than there is output."""
        accepted = prediction_tokens - self.count_rejected(prediction_tokens)
        if self.accepted_share is not None and self.output_tokens is not None and accepted > self.output_tokens:
            of = f"{accepted:,} of the {prediction_tokens:,} predicted tokens that are accepted, as they are a part of the answer"
            raise InputError("output_tokens", f"at least the {of}", f"{self.output_tokens:,}")


def size_request(shape: RequestShape, terms: Assumptions, catalog: Catalog, variant: Variant) -> RequestSize:
    """What `variant` sees of a request of this shape."""
    model, first = variant.model, catalog.family[0].model
    tokens = shape.text_tokens
    if shape.images:
        # Imported here: numbers need nothing that counts.
        from gpt41_cli.tokens.images import count_image_tokens

        rule = model.images or first.images
        assert rule is not None
        tokens += sum(count_image_tokens(image, rule) for image in shape.images)
    if model.prompt.escapes_parallel_results:
        tokens += shape.escaping_tokens
    if shape.cached_tokens is not None:
        cached = min(shape.cached_tokens, tokens)  # where a picture is fewer tokens than for the model of the replay
    else:
        cached = terms.count_cached(tokens)
        if tokens < catalog.limits.prompt_cache.minimum_tokens and cached <= tokens:  # more than there are is an error
            cached = 0
    tokens += count_search_tokens(catalog, variant, terms.tools) or 0
    # A model that takes no predictions is sent none.
    rejected = 0 if PREDICTED_OUTPUTS in model.lacks else terms.count_rejected(shape.prediction_tokens)
    if terms.output_tokens is not None:
        return RequestSize(tokens, cached, terms.output_tokens, shape.answers, rejected)
    if shape.max_output_tokens is not None:
        return RequestSize(tokens, cached, shape.max_output_tokens, shape.answers, rejected)
    # Where a request states no maximum, the model's own is one, or what is left of its window; a successor's longer one is
    # not what was meant.
    limits = [each for each in (model.max_output_tokens, first.max_output_tokens) if each is not None]
    most = max(min([*limits, variant.context_window - tokens]), 0)
    return RequestSize(tokens, cached, most, shape.answers, rejected, is_stated=False)


@dataclass(frozen=True, eq=False)
class Workload:
    """Requests of many shapes, under the same terms.

    `text_tokens` of the input are texts that stand for themselves, not yet framed as a message. `needs` are the abilities a model
    must have to take all of it, `doubt_rules` the rules by which its counts may not be exact, `estimated_requests` how many
    requests have such doubts, and `training_requests` how many are examples for fine-tuning. `is_counted`: the shapes were
    counted from request bodies; `is_batch`: all of them are written for the Batch API; `replay` is how the prompt cache was
    replayed, if it was. The requests at hand are sent so many `times`. InputError where more of a prediction is accepted than
    there is output.
    """

    shapes: Mapping[RequestShape, int]
    terms: Assumptions
    text_tokens: int = 0
    needs: frozenset[str] = frozenset()
    doubt_rules: frozenset[Rule] = frozenset()
    estimated_requests: int = 0
    lower_bound_requests: int = 0
    training_requests: int = 0
    is_counted: bool = False
    is_batch: bool = False
    replay: ReplayOptions | None = None
    times: int = 1
    _loads: dict[str, VariantLoad] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for prediction_tokens in {shape.prediction_tokens for shape in self.shapes}:
            self.terms.check_prediction(prediction_tokens)

    def find_borrowed_image_rule(self, catalog: Catalog, variant: Variant) -> str | None:
        """By whose rule pictures are counted for a variant whose own is not known; None where there are none, or it is."""
        if variant.model.images or not any(shape.images for shape in self.shapes):
            return None
        return catalog.family[0].id

    def without_cache(self) -> Workload:
        """The same work as a cold cache sees it, where the prompt cache was replayed."""
        shapes: dict[RequestShape, int] = {}
        for shape, many in self.shapes.items():
            cold = shape._replace(cached_tokens=None)
            shapes[cold] = shapes.get(cold, 0) + many
        return replace(self, shapes=shapes, replay=None, _loads={})

    def without_storage(self) -> Workload:
        """The same work beside other work for which what is stored is paid."""
        tools = self.terms.tools._replace(storage_gb=0, storage_days=0)
        return replace(self, terms=self.terms._replace(tools=tools), _loads={})

    @cached_property
    def requests(self) -> int:
        """How many requests there are."""
        return sum(self.shapes.values())

    @cached_property
    def requests_without_maximum(self) -> int:
        """How many requests state no maximum for their answer."""
        return sum(many for shape, many in self.shapes.items() if shape.max_output_tokens is None)

    @cached_property
    def prediction_tokens(self) -> int:
        """The predicted output of all requests."""
        return sum(shape.prediction_tokens * many for shape, many in self.shapes.items())

    @cached_property
    def rejected_tokens(self) -> int:
        """The predicted tokens of all requests that are billed as output beside the answers."""
        return sum(self.terms.count_rejected(shape.prediction_tokens) * many for shape, many in self.shapes.items())

    @property
    def is_ceiling(self) -> bool:
        """Whether every answer is taken to be as long as it can be."""
        return self.terms.output_tokens is None

    def load_on(self, catalog: Catalog, variant: Variant) -> VariantLoad:
        """What `variant` sees of the work. InputError for more cached tokens than a request has input."""
        if variant.id not in self._loads:
            sizes: dict[RequestSize, int] = {}
            for shape, many in self.shapes.items():
                size = size_request(shape, self.terms, catalog, variant)
                sizes[size] = sizes.get(size, 0) + many
            self._loads[variant.id] = VariantLoad(sizes)
        return self._loads[variant.id]


def workload(
    *,
    input_tokens: int,
    output_tokens: int,
    requests: int,
    cached_tokens: int = 0,
    cached_share: Decimal | None = None,
    text_tokens: int = 0,
    images: tuple[Image, ...] = (),
    tools: ToolUse = NO_TOOL_USE,
    prediction_tokens: int = 0,
    accepted_share: Decimal | None = None,
) -> Workload:
    """The work of `requests` equal requests, each of `input_tokens` plus `text_tokens` and `images`.

    The cached part is a number of tokens or a share of the input; a share is rounded down to whole tokens, so that a
    price is never understated. InputError for negative numbers, no request, more cached than input, or more accepted of a
    prediction than there is output.
    """
    if requests < 1:
        raise InputError("requests", "1 or more", str(requests))
    # What is wrong with the numbers is said here, not when they are priced; pictures are more input, but how much depends.
    Usage(1, input_tokens + text_tokens, 0 if images else cached_tokens, output_tokens)
    terms = Assumptions(output_tokens, cached_tokens, cached_share, tools, accepted_share)
    needs = {"vision": images, PREDICTED_OUTPUTS: prediction_tokens}
    return Workload(
        {RequestShape(input_tokens + text_tokens, images, prediction_tokens=prediction_tokens): requests},
        terms,
        text_tokens,
        needs=frozenset(name for name, is_used in needs.items() if is_used) | tools.needed_abilities,
    )
