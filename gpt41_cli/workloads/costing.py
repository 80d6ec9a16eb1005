"""The price of a workload of gpt41.yaml: everything that a budget, a saved report and a comparison need.

The annotations also say how `gpt41_cli.records.build` reads a saved report.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, NamedTuple, TypeAlias

from gpt41_cli.catalog import MODES
from gpt41_cli.config.tables import DAYS_PER_MONTH, RequestVolume
from gpt41_cli.display import to_decimal
from gpt41_cli.errors import InputError
from gpt41_cli.files.fields import BadBody, join_path
from gpt41_cli.files.json_cursor import JsonCursor
from gpt41_cli.notation import PERIODS_PER_MONTH
from gpt41_cli.pricing import NO_TOOL_USE, Rates, ToolUse, Usage
from gpt41_cli.records import Key, Positive, Read, Seen
from gpt41_cli.tokens.pieces import PARTS

_MAX_SMALL = 10**9
"""Far above any tier and any deadline, and still a valid time."""

Name: TypeAlias = Annotated[str, Read(lambda at, _: at.word())]


def read_parts(at: JsonCursor, _: Seen) -> dict[str, int]:
    """Read input tokens by part."""
    return {part: tokens.integer() for part, tokens in at.only(PARTS).items()}


def read_tools(at: JsonCursor, _: Seen) -> ToolUse:
    """Read the tools that are used."""
    return ToolUse(**{name: amount.integer() for name, amount in at.only(ToolUse._fields).items()})


def read_usage(at: JsonCursor, _: Seen) -> Usage:
    """Read tokens that are complete and consistent."""
    counts = [at.at(name).integer() for name in Usage.__slots__]
    try:
        return Usage(*counts)
    except InputError as error:
        raise BadBody.from_error(error, join_path(at.path, error.path)) from None


class FileTokens(NamedTuple):
    """What one file adds to a workload."""

    requests: int
    input_tokens: int


class OutputTokens(NamedTuple):
    """The output tokens that all requests are billed: expected, and at most.

    `reasoning` are those that gpt41.yaml says a model which reasons adds; both figures include them if the model reasons.
    """

    expected: int
    high: int
    reasoning: int = 0


class UsdRange(NamedTuple):
    """An exact amount: the expected one, and the highest possible one."""

    expected: Fraction
    high: Fraction

    @property
    def rounded(self) -> "UsdRange":
        """The amounts to 12 places, as programs read them: totals that are printed are sums of these."""
        return UsdRange(Fraction(to_decimal(self.expected)), Fraction(to_decimal(self.high)))


class Requirements(NamedTuple):
    """The requirements on the chosen variant; tasks by id. `tolerance`, a share, replaces that of the tasks."""

    tasks: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    until: date | None = None
    tolerance: Decimal | None = None
    deadline: Annotated[
        timedelta | None, Key("deadline_minutes"), Read(lambda at, _: timedelta(minutes=at.integer(1, _MAX_SMALL)))
    ] = None
    usage_tier: Annotated[int | None, Read(lambda at, _: at.integer(at_most=_MAX_SMALL))] = None


NO_REQUIREMENTS = Requirements()


class WorkloadCost(NamedTuple):
    """All requests of one workload, and their price.

    `parts` are the input tokens by part (of PARTS), including cached ones; `output_tokens` is everything billed as output.
    `rates` are dollars per million tokens. Requests with a surcharge are `surcharged_usage` (their expected usage, part of all),
    at `surcharged_rates`. `tools` are those of one request: the price includes them and what they find, `parts` doesn't; storage
    costs `storage_usd_per_day` besides. `tokens_by_file` is by path from the folder of gpt41.yaml. `max_growth_percent` is the
    budget for growth. `is_ceiling`: answers are as long as requests allow.
    """

    name: Name
    model: Name
    mode: Annotated[str, Read(lambda at, _: at.choice(*MODES))]
    platform: Name
    requests: Positive
    parts: Annotated[Mapping[str, int], Read(read_parts)]
    cached_tokens: int
    output_tokens: OutputTokens
    volume: RequestVolume | None
    rates: Annotated[Rates, Key("rates_usd_per_million")]
    surcharged_usage: Annotated[Usage, Key("surcharged"), Read(read_usage)]
    surcharged_rates: Annotated[Rates | None, Key("surcharged_rates_usd_per_million")]
    expected_usd: Decimal
    high_usd: Decimal
    tokens_by_file: Annotated[Mapping[str, FileTokens], Key("files")]
    max_growth_percent: Annotated[Decimal | None, Key("growth_percent")] = None
    tools: Annotated[ToolUse, Read(read_tools)] = NO_TOOL_USE
    storage_usd_per_day: Decimal = Decimal(0)
    is_ceiling: bool = False
    requirements: Requirements = NO_REQUIREMENTS

    @property
    def input_tokens(self) -> int:
        """The input tokens of all requests, including cached ones, without what tools find."""
        return sum(self.parts.values())

    @property
    def usd_per_request(self) -> UsdRange:
        """The mean price of a request."""
        return UsdRange(Fraction(self.expected_usd) / self.requests, Fraction(self.high_usd) / self.requests)

    @property
    def monthly_usd(self) -> UsdRange | None:
        """The price per month; None without a volume."""
        if self.volume is None:
            return None
        request_usd, many, stored = self.usd_per_request, self.volume.per_month, self.storage_monthly_usd
        return UsdRange(request_usd.expected * many + stored, request_usd.high * many + stored)

    @property
    def runs_per_day(self) -> Fraction | None:
        """How often these requests are sent on a mean day; None without a volume."""
        return None if self.volume is None else self.volume.per_month / PERIODS_PER_MONTH["day"] / self.requests

    @property
    def storage_monthly_usd(self) -> Fraction:
        """The price of storage per month."""
        return Fraction(self.storage_usd_per_day) * DAYS_PER_MONTH
