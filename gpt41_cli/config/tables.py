"""The records of gpt41.yaml. They are its schema: `gpt41_cli.records.build` reads it by their annotations.

To add a key, add a field here. Readers find the catalog, which names are looked up in, under `catalog` of what `build` was given.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple, TypeAlias

from gpt41_cli import notation
from gpt41_cli.catalog import MODES, Catalog
from gpt41_cli.catalog.checks import is_not_empty, is_percentage
from gpt41_cli.catalog.cursor import Cursor
from gpt41_cli.catalog.evidence_tables import Task
from gpt41_cli.catalog.tables import Platform
from gpt41_cli.errors import Gpt41Error, InputError
from gpt41_cli.findings import Place
from gpt41_cli.notation import PERIODS_PER_MONTH
from gpt41_cli.pricing import NO_TOOL_USE, PAIRED_TOOL_FIELDS, ToolUse
from gpt41_cli.records import GIVEN, INLINE, OTHERS, OWN_KEY, Key, Positive, Read, Seen

CONFIG_VERSION = "1"

DAYS_PER_MONTH = PERIODS_PER_MONTH["day"]

_TOOL_KEYS = [name for name in ToolUse._fields if name != "storage_days"]  # a workload is what there is all the time


def known_to(find: Callable[[Any, str], object]) -> Read:
    """Return a reader of a name that finds it in the catalog. The reader raises the catalog's error with the place."""

    def read(at: Cursor, config: Seen) -> object:
        try:
            return find(config["catalog"], at.text())
        except Gpt41Error as error:
            at.fail(error.expected, error.found, error.hint, error.problem)

    return Read(read)


def written_as(parse: Callable[[str], object], expected: str) -> Read:
    """Return a reader of text in a notation of its own; `parse` returns None for any other text."""

    def read(at: Cursor, config: Seen) -> object:
        value = parse(at.text())
        if value is None:
            at.fail(expected)
        return value

    return Read(read)


def is_positive_time(time: timedelta, at: Cursor, _: Seen) -> None:
    """Check that a time isn't 0."""
    if not time:
        at.fail(notation.A_DEADLINE, "0")


def one_or_more(item: Read) -> Read:
    """Return a reader of a list, or of one item without the brackets."""
    return Read(lambda at, config: tuple(item.function(element, config) for element in at.items_or_self()))


def read_model(catalog: Catalog, name: str) -> str:
    """Return the model of an alias or a short name, any other name as it is. Raises UnknownName if there is no such model."""
    model = catalog.expand_short_name(catalog.translate(name))
    catalog.variant(model)
    return model


Duration: TypeAlias = Annotated[timedelta, written_as(notation.parse_duration, "a time such as 90m, 24h or 2d")]
Texts: TypeAlias = Annotated[
    tuple[str, ...], one_or_more(Read(lambda at, _: at.text())), is_not_empty("at least one", "an empty list")
]


def read_tier(at: Cursor, config: Seen) -> int:
    """Read a usage tier."""
    return int(at.choice(*map(str, config["catalog"].limits.usage_tiers.tiers)))


def read_tools(at: Cursor, config: Seen) -> ToolUse:
    """Read the tools of one request."""
    entries = at.fields((), _TOOL_KEYS)
    for name, other in PAIRED_TOOL_FIELDS.items():
        if name in entries and other not in entries:
            entries[name].fail(f"{other} with it", "it alone")
    return ToolUse(**{name: entry.integer() for name, entry in entries.items()})


class AnswerTokens(NamedTuple):
    """The output tokens of an answer: the expected ones, the most, and the reasoning tokens that a model which reasons adds to
    both.
    """

    expected: int
    high: int
    reasoning: int = 0


def read_answer_tokens(at: Cursor, config: Seen) -> AnswerTokens:
    """Read a number of tokens, or the expected number, the highest one, and the reasoning tokens."""
    if at.is_scalar:
        return AnswerTokens(at.integer(), at.integer())
    entries = at.fields(["expected"], ["high", "reasoning"])
    expected = entries["expected"].integer()
    high = entries["high"].integer() if "high" in entries else expected
    if high < expected:
        entries["high"].fail(f"at least the expected {expected:,}", f"{high:,}")
    return AnswerTokens(expected, high, entries["reasoning"].integer() if "reasoning" in entries else 0)


class RequestVolume(NamedTuple):
    """The number of requests per `period`, one of PERIODS_PER_MONTH."""

    requests: int
    period: Annotated[str, Read(lambda at, _: at.choice(*PERIODS_PER_MONTH))]

    def __str__(self) -> str:
        """Return it as reports print it.

        >>> str(RequestVolume(40000, "month"))
        '40,000 / month'
        """
        return f"{self.requests:,} / {self.period}"

    @property
    def per_month(self) -> Fraction:
        """The requests per month.

        >>> RequestVolume(84, "week").per_month
        Fraction(365, 1)
        """
        return self.requests * PERIODS_PER_MONTH[self.period]


def parse_volume(text: str) -> RequestVolume | None:
    """Parse a number of requests per period.

    >>> parse_volume("120,000 / month")
    RequestVolume(requests=120000, period='month')
    """
    rate = notation.parse_rate(text)
    return rate and RequestVolume(*rate)


class CachedInput(NamedTuple):
    """The part of the input that is read from the prompt cache: tokens per request, a share, or the result of a replay."""

    tokens: int = 0
    share: Decimal | None = None
    is_simulated: bool = False


def parse_cached(text: str) -> CachedInput | None:
    """Parse the cached part of the input.

    >>> parse_cached("800"), parse_cached("lots")
    (CachedInput(tokens=800, share=None, is_simulated=False), None)
    """
    if text == notation.SIMULATE:
        return CachedInput(is_simulated=True)
    if (tokens := notation.parse_count(text)) is not None:
        return CachedInput(tokens)
    share = notation.parse_share(text)
    return None if share is None else CachedInput(share=share)


class SpendingBudget(NamedTuple):
    """The limits that a team sets; None means no limit. `input_tokens` is the limit of every single request."""

    per_request_usd: Decimal | None = None
    monthly_usd: Decimal | None = None
    input_tokens: int | None = None
    growth_percent: Decimal | None = None


class TotalBudget(NamedTuple):
    """The limits for all workloads together."""

    monthly_usd: Decimal | None = None
    growth_percent: Decimal | None = None


class DeclaredRequirements(NamedTuple):
    """The requirements on the chosen variant. `tolerance_percent` replaces the tolerance of the tasks."""

    tasks: Annotated[tuple[Task, ...], Key("task"), one_or_more(known_to(Catalog.task))] = ()
    needs: tuple[Annotated[str, known_to(Catalog.ability)], ...] = ()
    until: date | None = None
    tolerance_percent: Annotated[Decimal | None, is_percentage] = None
    deadline: Annotated[Duration, is_positive_time] | None = None

    @property
    def tolerance(self) -> Decimal | None:
        """The tolerance as a share of one."""
        return None if self.tolerance_percent is None else self.tolerance_percent / 100


class PredictedOutput(NamedTuple):
    """A predicted output: the `file` that holds it (None: the requests state their own), and the share that is accepted."""

    accepted_share: Annotated[Decimal, Key("accept"), written_as(notation.parse_share, "a share from 0% to 100%")]
    file: str | None = None


class SharedSettings(NamedTuple):
    """The settings that defaults and workloads share."""

    model: Annotated[str | None, known_to(read_model)] = None
    mode: Annotated[str | None, Read(lambda at, _: at.choice(*MODES))] = None
    platform: Annotated[Platform | None, known_to(Catalog.platform)] = None
    output_tokens: Annotated[AnswerTokens | None, Read(read_answer_tokens)] = None
    cached: Annotated[
        CachedInput | None, written_as(parse_cached, f"tokens such as 800, a share such as 60%, or {notation.SIMULATE}")
    ] = None
    usage_tier: Annotated[int | None, Read(read_tier)] = None


class WorkloadDeclaration(NamedTuple):
    """One workload as declared, with the defaults filled in.

    One of `requests`, `prompt` and `input_tokens` says what is sent; `input_tokens` may be added to a `prompt`. `column` is the
    column of tables that has the requests. `own` are the settings without the defaults. If `model` or `mode` is None, the
    requests name it; those that don't have `fallback_model` or `fallback_mode`. If `output_tokens` is None, every answer is as
    long as its request allows. `tools` are those of one request, and what is stored all the time. `locations` has the place of
    each key, such as `budget.monthly_usd`; the empty key is the workload itself.
    """

    name: Annotated[str, OWN_KEY]
    own: Annotated[SharedSettings, INLINE]
    model: Annotated[str | None, GIVEN]
    fallback_model: Annotated[str | None, GIVEN]
    mode: Annotated[str | None, GIVEN]
    fallback_mode: Annotated[str, GIVEN]
    platform: Annotated[Platform, GIVEN]
    output_tokens: Annotated[AnswerTokens | None, GIVEN]
    cached: Annotated[CachedInput, GIVEN]
    usage_tier: Annotated[int | None, GIVEN]
    locations: Annotated[Mapping[str, Place], GIVEN]
    requests: Texts = ()
    column: str | None = None
    prompt: Texts = ()
    input_tokens: int | None = None
    volume: Annotated[
        RequestVolume | None, written_as(parse_volume, "requests per minute, hour, day, week or month, such as 120000 / month")
    ] = None
    requests_per_minute: Positive | None = None
    lifetime: Duration | None = None
    project: str | None = None
    budget: SpendingBudget = SpendingBudget()
    require: DeclaredRequirements = DeclaredRequirements()
    tools: Annotated[ToolUse, Read(read_tools)] = NO_TOOL_USE
    prediction: PredictedOutput | None = None

    @property
    def lifetime_minutes(self) -> int | None:
        """How long the prompt cache keeps an unread prefix, if stated."""
        return None if self.lifetime is None else self.lifetime // timedelta(minutes=1)

    def locate(self, key: str) -> Place:
        """Return the place of a key, or of the workload if the value comes from the defaults."""
        return self.locations.get(key, self.locations[""])

    @contextmanager
    def errors_at(self, key: str) -> Iterator[None]:
        """Re-raise any error with the place of `key` in gpt41.yaml."""
        try:
            yield
        except Gpt41Error as error:
            at, path = self.locate(key), ".".join(filter(None, ("workloads", self.name, key)))
            if error.path == key and error.location is None:
                raise InputError.from_error(error, path, at) from None
            raise InputError(path, location=at, problem=error) from None


ModelNames: TypeAlias = Mapping[str, Annotated[str, known_to(lambda catalog, name: catalog.variant(name).id)]]


class ModelAliases(NamedTuple):
    """The part of a gpt41.yaml that says which models the names of deployments and labels are."""

    models: ModelNames
    others: Annotated[Mapping[str, Annotated[None, Read(lambda at, _: None)]], OTHERS]


class Document(NamedTuple):
    """A gpt41.yaml as written. `models` are the models of Azure deployments and other labels, by name; `pricing` is a price
    table or a file of overrides, next to it.
    """

    version: Annotated[str, Read(lambda at, _: at.choice(CONFIG_VERSION))]
    workloads: Annotated[Mapping[str, WorkloadDeclaration], is_not_empty("at least one workload")]
    defaults: SharedSettings = SharedSettings()
    budget: TotalBudget = TotalBudget()
    models: ModelNames = MappingProxyType({})
    code: Texts = ()
    pricing: str | None = None


class Config(NamedTuple):
    """A whole gpt41.yaml. `budget` is for all workloads together; `models` has the models of aliases; `code` are the files and
    folders whose calls the workloads describe; `locations` is as in WorkloadDeclaration.
    """

    file: str
    workloads: Mapping[str, WorkloadDeclaration]
    budget: TotalBudget
    models: Mapping[str, str]
    locations: Mapping[str, Place]
    code: tuple[str, ...] = ()
