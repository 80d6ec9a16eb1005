"""The records for published quality and speed, and for the tasks to which they matter; see `tables`."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, NamedTuple, TypeAlias

from gpt41_cli.catalog import checks
from gpt41_cli.catalog.tables import Cited, ModelName
from gpt41_cli.records import OTHERS, OWN_KEY, Default, Key, Positive

BenchmarkName: TypeAlias = Annotated[str, checks.is_known("benchmark", lambda table: table["evidence"].benchmarks.by_name)]


class Benchmark(NamedTuple):
    """One row of the launch table. A score is None if no figure was published."""

    name: Annotated[str, OWN_KEY]
    group: str
    unit: str
    scores: Annotated[Mapping[ModelName, Decimal | None], OTHERS]


class Benchmarks(NamedTuple):
    """The launch table, by benchmark. `compared_with` is the model whose scores are shown next to those of others."""

    source: Cited
    compared_with: ModelName
    by_name: Annotated[Mapping[str, Benchmark], Key("scores")]
    notes: tuple[str, ...] = ()


class ModelStatement(NamedTuple):
    """A statement of OpenAI about a model."""

    model: ModelName
    statement: str
    source: Cited


class UserReport(NamedTuple):
    """What a user said about a model at its launch, for some tasks. It is quoted, never computed with.

    `percent` is how much better, or how often.
    """

    who: str
    model: ModelName
    statement: str
    tasks: tuple[str, ...]
    source: Cited
    percent: Decimal | None = None


class SavingsClaim(NamedTuple):
    """A saving that OpenAI claims. It is quoted, never computed with."""

    claim: str
    percent: Decimal
    source: Cited


class BlendedPrices(NamedTuple):
    """The blended prices published at launch. They are quoted, never computed with."""

    source: Cited
    definition: str
    usd_per_million: Annotated[Mapping[ModelName, Decimal], OTHERS]


class PublishedEvidence(NamedTuple):
    """The published quality and speed of the models."""

    benchmarks: Benchmarks
    latency: tuple[ModelStatement, ...]
    blended: Annotated[BlendedPrices, Key("blended_usd_per_million")]
    savings: tuple[SavingsClaim, ...]
    reports: Annotated[tuple[UserReport, ...], Default(())]


class Task(NamedTuple):
    """A kind of work: the benchmarks that matter, with weights, and how far below the family's best is good enough. `aliases` are
    other names that people type for it.
    """

    id: Annotated[str, OWN_KEY]
    summary: str
    benchmarks: Annotated[Mapping[BenchmarkName, Positive], checks.is_not_empty("at least one benchmark with its weight")]
    tolerance_percent: Annotated[Decimal, checks.is_percentage]
    reason: str
    aliases: tuple[str, ...] = ()
