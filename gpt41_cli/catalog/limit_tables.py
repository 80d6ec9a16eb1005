"""The records of the price table for limits that are the same for every model. They are its schema, as in `tables`."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, NamedTuple, TypeAlias

from gpt41_cli.catalog import checks
from gpt41_cli.catalog.tables import Cited, Confidence, ModelName, PlatformName, ProviderName, Tier
from gpt41_cli.records import OTHERS, Default, Positive


class UsageTier(NamedTuple):
    """What an organisation must have paid to be in the tier, and what it may spend per month, in US dollars."""

    paid_usd: int
    monthly_limit_usd: int


class PriorityRules(NamedTuple):
    """The limits of priority processing."""

    source: Cited
    max_input_tokens: Positive


class FlexRules(NamedTuple):
    """The source of the rules of flex processing: it costs less, answers later, and promises no time."""

    source: Cited


class BatchRules(NamedTuple):
    """The limits of a Batch API input file."""

    source: Cited
    max_requests: Positive
    max_file_megabytes: Positive
    completion_window_hours: Annotated[Positive, checks.is_at_most(8_760)]
    models_per_file: Positive
    batches_per_hour: Positive


class IdleMinutes(NamedTuple):
    """How long the cache keeps a prefix that isn't read."""

    at_least: Positive
    at_most: Positive


class CacheRules(NamedTuple):
    """When a prompt prefix is read from the cache.

    `uncached_end_tokens` is that of the model (see PromptRule): if there are such tokens, the cache knows no steps.
    """

    source: Cited
    minimum_tokens: Positive
    step_tokens: Positive
    idle_minutes: IdleMinutes
    lifetime_minutes: Positive
    extended_hours: Positive
    requests_per_minute_per_prefix: Positive
    routing_prefix_tokens: Positive
    uncached_end_tokens: Annotated[int, Default(0)]

    def count_readable(self, input_tokens: int) -> int:
        """Return how many tokens of an input the cache can give at most: the least that it keeps and whole steps, or all but the
        end.
        """
        beyond = input_tokens - self.minimum_tokens
        unread = self.uncached_end_tokens or beyond % self.step_tokens
        return input_tokens - unread if beyond >= 0 else 0


class EpochRule(NamedTuple):
    """The number of epochs if none is stated: `target`, but more for few examples, until `examples_at_least` are trained on in
    all, and fewer if `target` would make more than `examples_at_most`.
    """

    target: Positive
    examples_at_least: Positive
    examples_at_most: Positive
    at_least: Positive
    at_most: Positive
    source: Cited

    def count_epochs(self, examples: int) -> int:
        """Count the epochs for 1 or more examples."""
        if examples * self.target < self.examples_at_least:
            return min(self.at_most, self.examples_at_least // examples)
        if examples * self.target > self.examples_at_most:
            return max(self.at_least, self.examples_at_most // examples)
        return self.target


class TrainingClosing(NamedTuple):
    """The day from which a provider takes no training jobs, and from whom. `to_all`: it takes none from anyone."""

    on: date
    closed_to: str
    to_all: bool
    source: Cited
    confidence: Confidence = "high"
    note: str | None = None


Closings: TypeAlias = Annotated[tuple[TrainingClosing, ...], checks.is_in_order("on", "closings in the order of their days")]


class ExampleRules(NamedTuple):
    """How many examples a training file needs, and how many are recommended."""

    at_least: Positive
    recommended: Positive
    source: Cited


class ExampleTokens(NamedTuple):
    """How long an example may be. The end of a longer one is cut off."""

    at_most: Positive
    source: Cited


class FileRules(NamedTuple):
    """How large a training file may be."""

    max_megabytes: Positive
    source: Cited


class PictureRules(NamedTuple):
    """The models that learn from pictures."""

    models: tuple[ModelName, ...]
    source: Cited


class TrainingRules(NamedTuple):
    """The limits of training by `provider`. `closings` are by provider, in the order of their days."""

    provider: ProviderName
    examples: ExampleRules
    example_tokens: ExampleTokens
    file: FileRules
    epochs: EpochRule
    pictures: PictureRules
    closings: Mapping[ProviderName, Closings]


class ToolWindow(NamedTuple):
    """The context window of a request that uses a tool, if it is smaller than the model's."""

    context_window: Positive
    source: Cited


class UsageTiers(NamedTuple):
    """The usage tiers of one provider."""

    source: Cited
    provider: str
    tiers: Annotated[Mapping[Tier, UsageTier], OTHERS, checks.is_not_empty("at least one usage tier")]


class PredictionRules(NamedTuple):
    """The source of the rules of predicted outputs."""

    source: Cited


class UnitMinimum(NamedTuple):
    """The least number of units that can be bought: where regions share them (Global and Data Zone), and in one region."""

    shared: Positive
    regional: Positive


class UnitCapacity(NamedTuple):
    """The input tokens per minute that a unit takes. A token of output counts as `output_weight` of input."""

    tokens_per_minute: Positive
    output_weight: Positive
    minimum: UnitMinimum


class ProvisionedUnits(NamedTuple):
    """Provisioned throughput: units with a price per hour, however many tokens they work on.

    They take no requests above `max_input_tokens`. `platforms` says which of the minimums holds where. `usd_per_hour` is the
    price of a unit, by platform, if it is known.
    """

    source: Cited
    max_input_tokens: Positive
    models: Mapping[ModelName, UnitCapacity]
    platforms: Mapping[PlatformName, Literal["shared", "regional"]]
    usd_per_hour: Mapping[PlatformName, Decimal] = {}


class ApiLimits(NamedTuple):
    """Limits that are the same for every model. None means that the table doesn't have them."""

    long_context_tokens: Positive
    usage_tiers: UsageTiers
    priority: PriorityRules
    flex: FlexRules
    tool_windows: Mapping[str, ToolWindow]
    batch: BatchRules
    prompt_cache: CacheRules
    fine_tuning: TrainingRules | None = None
    predicted_outputs: PredictionRules | None = None
    provisioned: ProvisionedUnits | None = None
