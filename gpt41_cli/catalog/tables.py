"""The records of the price table, which are its schema, too: `gpt41_cli.records.build` reads pricing.yaml by their annotations.

To add a key to pricing.yaml, add a field here. `gpt41 models --format json` prints a Model field by field, which is why some
optional fields come before others. Records are NamedTuples: there are many, they never change, and a
NamedTuple costs a ninth of a dataclass at start-up; annotations that are evaluated at once cost less, too.
Token counts are tokens, prices are US dollars per million tokens, both exact.
"""

import sys
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, NamedTuple, TypeAlias

from gpt41_cli.catalog import checks
from gpt41_cli.findings import Citation
from gpt41_cli.pricing import Rates
from gpt41_cli.records import INLINE, OTHERS, OWN_KEY, Default, Key, Or, Positive, Read, Tagged

Cited: TypeAlias = Annotated[Citation, Read(checks.find_source)]
"""A source, by its id."""

Confidence: TypeAlias = Literal["high", "medium", "low"]


class Platform(NamedTuple):
    """Where a model is bought; lifecycle dates belong to the provider, prices to the platform."""

    id: Annotated[str, OWN_KEY]
    name: str
    provider: str
    provider_name: str


PlatformName: TypeAlias = Annotated[str, checks.is_known("platform", lambda table: table["platforms"])]
ProviderName: TypeAlias = Annotated[
    str, checks.is_known("provider", lambda table: {platform.provider: platform for platform in table["platforms"].values()})
]
ModelName: TypeAlias = Annotated[str, checks.is_known("model", lambda table: table["models"])]
Tier: TypeAlias = Annotated[int, Read(checks.read_tier)]


class DatedRates(NamedTuple):
    """One price row, in force from a date on."""

    effective_from: date
    rates: Annotated[Rates, INLINE, checks.caches_at_a_discount]
    source: Cited
    cache_write_30m: Decimal | None = None
    cache_write_12h: Decimal | None = None
    confidence: Confidence = "high"
    note: str | None = None


Rows: TypeAlias = Annotated[
    tuple[DatedRates, ...],
    checks.is_in_order("effective_from", "rows in the order of their dates"),
    checks.is_not_empty("at least one row of rates"),
]
RowsByMode: TypeAlias = Annotated[Mapping[Annotated[str, checks.is_mode], Rows], checks.has_standard]
RateTable: TypeAlias = Annotated[Mapping[PlatformName, RowsByMode], checks.is_not_empty("rates for at least one platform")]
"""platform id -> mode -> rows, oldest first."""


class Surcharge(NamedTuple):
    """The multipliers for the whole of a request with more than `above_input_tokens`."""

    above_input_tokens: Positive
    input_multiplier: Decimal
    output_multiplier: Decimal
    source: Cited


class Lifecycle(NamedTuple):
    """The end of a model at one provider. `disputed`: other shutdown dates that some sources name."""

    announced: date | None
    shutdown: date | None
    replacement: str | None
    replacement_as_of: Annotated[date | None, Default()]
    source: Cited
    replacement_source: Annotated[Cited, Or("source")]
    confidence: Confidence = "high"
    disputed: tuple[date, ...] = ()
    note: str | None = None


Lifecycles: TypeAlias = Mapping[ProviderName, Annotated[Lifecycle, checks.ends_after_announcement]]


class FeatureEnding(NamedTuple):
    """A feature of the API that ends. Code that has one of the `marks` uses it."""

    id: Annotated[str, OWN_KEY]
    name: str
    marks: Annotated[tuple[str, ...], checks.is_not_empty("at least one text")]
    lifecycle: Lifecycles


class RateLimit(NamedTuple):
    """What one usage tier allows for one model. None means no limit."""

    requests_per_minute: Positive
    requests_per_day: int | None
    tokens_per_minute: Positive
    batch_queue_tokens: Positive


class RateLimits(NamedTuple):
    """Limits by usage tier, for requests up to the long-context threshold and for the pool above it."""

    standard: Mapping[Tier, RateLimit]
    long_context: Annotated[Mapping[Tier, RateLimit], Default({})]
    source: Cited
    note: str | None = None


class TileRule(NamedTuple):
    """Images as tiles: the image is scaled down to fit `fit_px`, then until its short side has at most `short_side_px`.

    `low_detail_tokens` is None if low detail isn't known to differ.
    """

    fit_px: Positive
    low_detail_tokens: int | None
    base_tokens: int
    tile_tokens: int
    tile_px: Positive
    short_side_px: Positive
    source: Cited
    note: str | None = None


class PatchRule(NamedTuple):
    """Images as patches: scaled down to fit `fit_px`, then until at most `patch_budget` patches cover it."""

    fit_px: Positive
    low_detail_tokens: int | None
    patch_px: Positive
    patch_budget: Positive
    multiplier: Decimal
    extra_tokens: int
    source: Cited
    note: str | None = None


ImageRule: TypeAlias = Annotated[TileRule | PatchRule, Tagged("method", tiles=TileRule, patches=PatchRule)]


class PromptRule(NamedTuple):
    """How this model's prompts follow the rules of `gpt41_cli.tokens.prompt`.

    `generation` names the rules. `confirmed` is true if recorded requests of the model confirm them. An answer without
    reasoning is billed `added_output_tokens` more than one of the family with the same text, and a structured output at most
    `unpriced_format_tokens` more than that, which no price has. `uncached_end_tokens`: its cache ends where a message does, and
    not at steps of tokens; this many tokens at the end of a prompt are in no message. The other fields are the last days on which
    the server was seen to count differently: it charged `tool_choice: required` in Chat Completions, and escaped characters
    beyond ASCII in the results of parallel calls.
    """

    generation: Annotated[Literal["family", "gpt-5"], Default("family")]
    confirmed: bool
    added_output_tokens: Annotated[int, Default(0)]
    unpriced_format_tokens: Annotated[int, Default(0)]
    uncached_end_tokens: Annotated[int, Default(0)]
    charges_required_calls_until: Annotated[date | None, Default()]
    escapes_parallel_results_until: Annotated[date | None, Default()]
    source: Cited

    def add_to_answer(self, output_tokens: int) -> int:
        """Return what this model bills for an answer that the family bills `output_tokens` for; 0 if none is priced."""
        return output_tokens + self.added_output_tokens if output_tokens else 0


class SpeedClass(NamedTuple):
    """The speed of a model within its family; class 1 answers fastest."""

    rank: Annotated[Positive, Key("class")]
    statement: str
    source: Cited


class ModelEncoding(NamedTuple):
    """The vocabulary of a model. If it isn't published, it is a guess and counts are estimates."""

    name: str
    published: bool
    source: Cited


class RecordedReasoning(NamedTuple):
    """The reasoning tokens of the recorded `answers` of a model at one effort. `unreasoned` of them had none.

    `median`, `p90` and `most` are tokens. The prompts are short tests of other people's programs.
    """

    effort: str
    model: str
    answers: Positive
    unreasoned: int
    median: int
    p90: int
    most: int
    source: Cited


class ReasoningEfforts(NamedTuple):
    """The reasoning efforts of a model. Reasoning tokens are billed as output; with the effort `none` there are none."""

    default_effort: str
    efforts: tuple[str, ...]
    recorded: Annotated[tuple[RecordedReasoning, ...], Default(())]
    source: Cited


class RefusedField(NamedTuple):
    """A request field that a model refuses, or will refuse soon if `is_deprecated`.

    `endpoint` is None if all endpoints refuse it. With the effort `unless_effort` the model takes it. `instead` is what to send.
    """

    parameter: str
    endpoint: Annotated[Literal["chat-completions", "responses"] | None, Default()]
    unless_effort: Annotated[str | None, Default()]
    instead: Annotated[str | None, Default()]
    is_deprecated: Annotated[
        bool, Key("is"), Read(lambda at, _: at.choice("refused", "deprecated") == "deprecated"), Default(False)
    ]
    source: Cited
    confidence: Confidence = "high"
    note: str | None = None


class AbsentAbility(NamedTuple):
    """The statement that a model lacks an ability. An ability that no source mentions isn't lacking."""

    source: Cited
    confidence: Confidence = "high"


class MigrationGuidance(NamedTuple):
    """What OpenAI tells users who move to a model."""

    statement: str
    source: Cited


class TrainingPrice(NamedTuple):
    """What training costs, in US dollars per million tokens."""

    usd: Annotated[Decimal, Key("usd_per_million")]
    source: Cited


class HostingPrice(NamedTuple):
    """What hosting costs, in US dollars per hour."""

    usd: Annotated[Decimal, Key("usd_per_hour")]
    source: Cited


class FineTuneTerms(NamedTuple):
    """What differs for a fine-tune of this model. `training` and `hosting` are by platform."""

    context_window: Positive
    training: Mapping[PlatformName, TrainingPrice]
    hosting: Annotated[Mapping[PlatformName, HostingPrice], Default({})]
    rates: RateTable
    lifecycle: Annotated[Lifecycles, Default({})]
    source: Cited


class Model(NamedTuple):
    """One priced model."""

    id: Annotated[str, OWN_KEY]
    role: Literal["family", "predecessor", "successor"]
    summary: str
    snapshots: tuple[str, ...]
    encoding: ModelEncoding
    released: date | None
    context_window: Positive
    max_input_tokens: Positive | None
    max_output_tokens: Positive | None
    knowledge_cutoff: date | None
    input_modalities: tuple[str, ...]
    output_modalities: tuple[str, ...]
    endpoints: tuple[str, ...]
    features: tuple[str, ...]
    tools: tuple[str, ...]
    source: Cited
    notes: Annotated[tuple[str, ...], Default(())]
    speed: Annotated[SpeedClass | None, Default()]
    reasoning: Annotated[ReasoningEfforts | None, checks.has_default_effort, Default()]
    rates: RateTable
    surcharge: Annotated[Surcharge | None, Default()]
    fine_tuned: Annotated[FineTuneTerms | None, Default()]
    rate_limits: Annotated[RateLimits | None, Default()]
    images: ImageRule | None
    prompt: PromptRule
    lifecycle: Lifecycles
    lacks: Mapping[str, AbsentAbility] = {}
    refuses: tuple[RefusedField, ...] = ()
    guidance: tuple[MigrationGuidance, ...] = ()

    @property
    def abilities(self) -> frozenset[str]:
        """Everything that `--needs` can ask for."""
        return frozenset((*self.features, *self.tools, *self.endpoints))

    @property
    def surcharge_threshold(self) -> int:
        """The most input tokens without a surcharge."""
        return self.surcharge.above_input_tokens if self.surcharge else sys.maxsize


class ToolCallPrice(NamedTuple):
    """The price of calls to a built-in tool, without the tokens of what they find."""

    effective_from: date
    usd_per_1000_calls: Decimal
    source: Cited
    note: str | None = None


class FileStoragePrice(NamedTuple):
    """The price of storing files for file search; the first `free_gb` are free."""

    effective_from: date
    usd_per_gb_day: Decimal
    free_gb: int
    source: Cited
    note: str | None = None


class ContainerPrices(NamedTuple):
    """The prices of code containers by memory in GB. Each is billed for at least `minimum_minutes`."""

    effective_from: date
    usd_per_20_minutes: Annotated[
        Mapping[Annotated[int, Read(checks.read_gigabytes)], Decimal], checks.is_not_empty("at least one size in GB")
    ]
    minimum_minutes: int
    source: Cited
    note: str | None = None


class FixedSearchTokens(NamedTuple):
    """The models that bill a fixed number of input tokens per web search, whatever it finds."""

    by_model: Annotated[Mapping[ModelName, int], OTHERS]
    source: Cited


class ToolPrices(NamedTuple):
    """Prices of built-in tools on some platforms, the same in every mode."""

    platforms: tuple[PlatformName, ...]
    web_search: ToolCallPrice
    web_search_preview: ToolCallPrice
    fixed_search_tokens: FixedSearchTokens
    file_search: ToolCallPrice
    file_storage: FileStoragePrice
    containers: ContainerPrices
