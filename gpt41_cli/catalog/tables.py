"""What the price table holds, once read: plain records, no behaviour but looking things up.

Records are NamedTuples: there are many, they never change, and a NamedTuple costs a ninth of a dataclass at start-up.
Token counts are tokens, prices are US dollars per million tokens, both exact.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple, TypeAlias

from gpt41_cli.pricing import Rates


class Source(NamedTuple):
    """Where a figure comes from; `date` is a day, a month or a year: as exact as the source is."""

    id: str
    title: str
    url: str
    date: str

    @property
    def label(self) -> str:
        """How reasons cite it: `launch 2025-04-14`."""
        return f"{self.id} {self.date}"


class Platform(NamedTuple):
    """Where a model is bought; lifecycle dates belong to the provider, prices to the platform."""

    id: str
    name: str
    provider: str
    provider_name: str


class DatedRates(NamedTuple):
    """One price row, in force from a date on. `confidence` is high, medium or low."""

    effective_from: date
    rates: Rates
    source: Source
    cache_write_30m: Decimal | None
    cache_write_12h: Decimal | None
    confidence: str
    note: str | None


RateTable = Mapping[str, Mapping[str, tuple[DatedRates, ...]]]
"""platform id -> mode -> rows, oldest first."""


class Surcharge(NamedTuple):
    """A request above `above_input_tokens` costs this many times as much, the whole of it."""

    above_input_tokens: int
    input_multiplier: Decimal
    output_multiplier: Decimal
    source: Source


class Lifecycle(NamedTuple):
    """The end of a model at one provider. `disputed`: other shutdown dates that some sources name."""

    announced: date | None
    shutdown: date | None
    replacement: str | None
    replacement_as_of: date | None
    source: Source
    replacement_source: Source
    confidence: str
    disputed: tuple[date, ...]
    note: str | None


class RateLimit(NamedTuple):
    """What one usage tier allows for one model; None is not limited."""

    requests_per_minute: int
    requests_per_day: int | None
    tokens_per_minute: int
    batch_queue_tokens: int


class RateLimits(NamedTuple):
    """Limits by usage tier, for requests up to the long-context threshold and for the pool above it."""

    standard: Mapping[int, RateLimit]
    long_context: Mapping[int, RateLimit]
    source: Source
    note: str | None


class TileRule(NamedTuple):
    """Images as tiles: the image is scaled down to fit `fit_px`, then until its short side has at most `short_side_px`.

    `low_detail_tokens` None: low detail is not known to differ.
    """

    fit_px: int
    low_detail_tokens: int | None
    base_tokens: int
    tile_tokens: int
    tile_px: int
    short_side_px: int
    source: Source
    note: str | None


class PatchRule(NamedTuple):
    """Images as patches: scaled down to fit `fit_px`, then until at most `patch_budget` patches cover it."""

    fit_px: int
    low_detail_tokens: int | None
    patch_px: int
    patch_budget: int
    multiplier: Decimal
    extra_tokens: int
    source: Source
    note: str | None


ImageRule: TypeAlias = TileRule | PatchRule


class PromptRule(NamedTuple):
    """Whether the rules of `gpt41_cli.tokens.prompt` were found on recorded requests of this model, and what differs.

    `escapes_parallel_results`: characters beyond ASCII are escaped in the results of parallel calls.
    """

    confirmed: bool
    escapes_parallel_results: bool
    source: Source


class Speed(NamedTuple):
    """Where a model stands in its family: class 1 answers fastest."""

    rank: int
    statement: str
    source: Source


class Encoding(NamedTuple):
    """The vocabulary that counts a model's tokens; unpublished ones are a guess and their counts estimates."""

    name: str
    published: bool
    source: Source


class Reasoning(NamedTuple):
    """Reasoning tokens are billed as output; `none` among the efforts means that they can be switched off."""

    default_effort: str
    efforts: tuple[str, ...]
    source: Source


class Refusal(NamedTuple):
    """A field of a request that a model does not take, or, where `is_deprecated`, will not take much longer.

    `endpoint` None: at none of them. `unless_effort`: it takes it where that is the effort. `instead`: what to send for it.
    """

    parameter: str
    endpoint: str | None
    unless_effort: str | None
    instead: str | None
    is_deprecated: bool
    source: Source
    confidence: str
    note: str | None


class Lack(NamedTuple):
    """Where it is stated that a model does not have an ability; what is only not stated is no lack."""

    source: Source
    confidence: str


class Guidance(NamedTuple):
    """What its makers tell those who move to a model."""

    statement: str
    source: Source


class Price(NamedTuple):
    """One price in US dollars, per million tokens or per hour."""

    usd: Decimal
    source: Source


class FineTuned(NamedTuple):
    """What changes when the model is a fine-tune of this one; `training` and `hosting` (per hour) by platform."""

    context_window: int
    training: Mapping[str, Price]
    hosting: Mapping[str, Price]
    rates: RateTable
    lifecycle: Mapping[str, Lifecycle]
    source: Source


class Model(NamedTuple):
    """One priced model; `role` is family, predecessor or successor."""

    id: str
    role: str
    summary: str
    snapshots: tuple[str, ...]
    encoding: Encoding
    released: date | None
    context_window: int
    max_input_tokens: int | None
    max_output_tokens: int | None
    knowledge_cutoff: date | None
    input_modalities: tuple[str, ...]
    output_modalities: tuple[str, ...]
    endpoints: tuple[str, ...]
    features: tuple[str, ...]
    tools: tuple[str, ...]
    source: Source
    notes: tuple[str, ...]
    speed: Speed | None
    reasoning: Reasoning | None
    rates: RateTable
    surcharge: Surcharge | None
    fine_tuned: FineTuned | None
    rate_limits: RateLimits | None
    images: ImageRule | None
    prompt: PromptRule
    lifecycle: Mapping[str, Lifecycle]
    lacks: Mapping[str, Lack] = {}
    refuses: tuple[Refusal, ...] = ()
    guidance: tuple[Guidance, ...] = ()

    @property
    def abilities(self) -> frozenset[str]:
        """Everything `--needs` can ask for."""
        return frozenset((*self.features, *self.tools, *self.endpoints))

    @property
    def surcharged_above(self) -> int:
        """Up to how many input tokens a request has no surcharge."""
        return self.surcharge.above_input_tokens if self.surcharge else sys.maxsize


class Calls(NamedTuple):
    """What calls of a built-in tool cost, beside the tokens of what they find."""

    effective_from: date
    usd_per_1000_calls: Decimal
    source: Source
    note: str | None


class FileStorage(NamedTuple):
    """What it costs to keep files for file search; the first `free_gb` cost nothing."""

    effective_from: date
    usd_per_gb_day: Decimal
    free_gb: int
    source: Source
    note: str | None


class Containers(NamedTuple):
    """What code containers cost, by their memory in GB; each is billed for `minimum_minutes` at least."""

    effective_from: date
    usd_per_20_minutes: Mapping[int, Decimal]
    minimum_minutes: int
    source: Source
    note: str | None


class FixedSearchTokens(NamedTuple):
    """The models that bill a web search as so many input tokens, whatever it finds."""

    by_model: Mapping[str, int]
    source: Source


class ToolPrices(NamedTuple):
    """What built-in tools cost on some platforms, in every mode alike."""

    platforms: tuple[str, ...]
    web_search: Calls
    web_search_preview: Calls
    fixed_search_tokens: FixedSearchTokens
    file_search: Calls
    file_storage: FileStorage
    containers: Containers


class Benchmark(NamedTuple):
    """One row of the launch table; None where no figure was published."""

    name: str
    group: str
    unit: str
    scores: Mapping[str, Decimal | None]


class Statement(NamedTuple):
    """Something the makers said of a model, with its source."""

    model: str
    statement: str
    source: Source


class Claim(NamedTuple):
    """A saving that the makers claim; quoted, never used to compute anything."""

    claim: str
    percent: Decimal
    source: Source


class Blended(NamedTuple):
    """The blended prices published at launch; quoted, never used to compute anything."""

    definition: str
    usd_per_million: Mapping[str, Decimal]
    source: Source


class Evidence(NamedTuple):
    """What is published about how good and how fast the models are."""

    benchmarks: Mapping[str, Benchmark]
    benchmarks_source: Source
    notes: tuple[str, ...]
    latency: tuple[Statement, ...]
    blended: Blended
    savings: tuple[Claim, ...]


class Task(NamedTuple):
    """What a kind of work asks of a model: benchmarks with weights, and how far below the family's best is near enough."""

    id: str
    summary: str
    benchmarks: Mapping[str, int]
    tolerance_percent: Decimal
    reason: str
