"""What the price table says of limits that are the same for every model, once read: plain records, as in `tables`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from gpt41_cli.catalog.tables import Source


class UsageTier(NamedTuple):
    """What an organisation has paid to be in the tier, and what it may spend in a month, in US dollars."""

    paid_usd: int
    monthly_limit_usd: int


class PriorityRules(NamedTuple):
    """What priority processing takes."""

    max_input_tokens: int
    source: Source


class BatchRules(NamedTuple):
    """What a Batch API input file must keep to."""

    max_requests: int
    max_file_megabytes: int
    completion_window_hours: int
    models_per_file: int
    batches_per_hour: int
    source: Source


class CacheRules(NamedTuple):
    """When a prompt prefix is read from the cache."""

    minimum_tokens: int
    step_tokens: int
    idle_minutes_at_least: int
    idle_minutes_at_most: int
    lifetime_minutes: int
    extended_hours: int
    requests_per_minute_per_prefix: int
    routing_prefix_tokens: int
    source: Source


class EpochRule(NamedTuple):
    """How often a training file is gone through where nobody says it: `target` times, but more often the fewer examples there
    are, until that makes `examples_at_least`, and less often where it would make more than `examples_at_most`.
    """

    target: int
    examples_at_least: int
    examples_at_most: int
    at_least: int
    at_most: int
    source: Source

    def epochs(self, examples: int) -> int:
        """The epochs for so many examples, 1 or more of them."""
        if examples * self.target < self.examples_at_least:
            return min(self.at_most, self.examples_at_least // examples)
        if examples * self.target > self.examples_at_most:
            return max(self.at_least, self.examples_at_most // examples)
        return self.target


class Closing(NamedTuple):
    """From which day on a provider takes no training jobs, and from whom; `to_all`: from nobody."""

    on: date
    closed_to: str
    to_all: bool
    source: Source
    confidence: str
    note: str | None


class TrainingRules(NamedTuple):
    """What training takes. Of an example beyond `max_example_tokens` the end is cut; `picture_models` learn from pictures.

    All of it is said by `provider`, but for the `closings`, which are by provider, in the order of their days.
    """

    provider: str
    min_examples: int
    recommended_examples: int
    examples_source: Source
    max_example_tokens: int
    example_tokens_source: Source
    max_file_megabytes: int
    file_source: Source
    epochs: EpochRule
    picture_models: tuple[str, ...]
    pictures_source: Source
    closings: Mapping[str, tuple[Closing, ...]]


class ToolWindow(NamedTuple):
    """The context window of a request that uses a tool, where that is smaller than the model's."""

    context_window: int
    source: Source


class UsageTiers(NamedTuple):
    """The usage tiers of one provider."""

    provider: str
    tiers: Mapping[int, UsageTier]
    source: Source


class Limits(NamedTuple):
    """Limits that are the same for every model; `fine_tuning` None: the table does not say them. `predicted_outputs` is where
    the rules of predictions are written, if known.
    """

    long_context_tokens: int
    usage_tiers: UsageTiers
    priority: PriorityRules
    tool_windows: Mapping[str, ToolWindow]
    batch: BatchRules
    prompt_cache: CacheRules
    fine_tuning: TrainingRules | None = None
    predicted_outputs: Source | None = None
