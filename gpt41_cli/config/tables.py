"""The types of gpt41.yaml: workloads, their budgets and requirements, and where each of them stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.catalog.tables import Platform, Task
from gpt41_cli.findings import Location
from gpt41_cli.pricing import NO_TOOL_USE, ToolUse

PERIODS_PER_MONTH: Mapping[str, Fraction] = {"day": Fraction(365, 12), "week": Fraction(365, 84), "month": Fraction(1)}
"""How often each comes in a month, which is a twelfth of 365 days."""

DAYS_PER_MONTH = PERIODS_PER_MONTH["day"]


class TokenRange(NamedTuple):
    """A figure that is not known to the token: what is expected, and how high it may go."""

    expected: int
    high: int


class RequestVolume(NamedTuple):
    """How many requests are sent in a `period`, one of PERIODS."""

    requests: int
    period: str

    @property
    def per_month(self) -> Fraction:
        """The requests of a month.

        >>> RequestVolume(84, "week").per_month
        Fraction(365, 1)
        """
        return self.requests * PERIODS_PER_MONTH[self.period]


class CachedInput(NamedTuple):
    """What of the input is read from the prompt cache: tokens of a request, a share, or what a replay of the requests gives."""

    tokens: int = 0
    share: Decimal | None = None
    is_simulated: bool = False
    requests_per_minute: int | None = None
    lifetime_minutes: int | None = None


class SpendingBudget(NamedTuple):
    """Lines that a team draws; None where it draws none. `input_tokens` is for each single request."""

    per_request_usd: Decimal | None = None
    monthly_usd: Decimal | None = None
    input_tokens: int | None = None
    growth_percent: Decimal | None = None


class DeclaredRequirements(NamedTuple):
    """What the chosen variant must be; `tolerance` is a share, in place of the tasks'."""

    tasks: tuple[Task, ...] = ()
    needs: tuple[str, ...] = ()
    until: date | None = None
    tolerance: Decimal | None = None
    deadline: timedelta | None = None


class PredictedOutput(NamedTuple):
    """A predicted output: the `file` that holds it (None: the requests state their own), and the share that is accepted."""

    accepted_share: Decimal
    file: str | None = None


class WorkloadDeclaration(NamedTuple):
    """One workload as it is declared, the defaults filled in.

    Of `requests`, `prompt` and `input_tokens` one says what is sent; `input_tokens` may come on top of a `prompt`. `model` and
    `mode` None: those that the requests name, else `fallback_model` and `fallback_mode`. `output_tokens` None: each request's
    own maximum. `tools` are those of one request, and what is stored all the time. `locations` tells where a key stands, such as
    `budget.monthly_usd`; the empty key is the workload itself.
    """

    name: str
    requests: tuple[str, ...]
    prompt: tuple[str, ...]
    input_tokens: int | None
    model: str | None
    fallback_model: str | None
    mode: str | None
    fallback_mode: str
    platform: Platform
    output_tokens: TokenRange | None
    volume: RequestVolume | None
    cached: CachedInput
    usage_tier: int | None
    budget: SpendingBudget
    require: DeclaredRequirements
    locations: Mapping[str, Location]
    tools: ToolUse = NO_TOOL_USE
    prediction: PredictedOutput | None = None

    def locate(self, key: str) -> Location:
        """Where a key stands; the workload itself, where the figure comes from the defaults."""
        return self.locations.get(key, self.locations[""])


class Config(NamedTuple):
    """A whole gpt41.yaml; `budget` is for all workloads together, `locations` as in a Declaration."""

    file: str
    workloads: Mapping[str, WorkloadDeclaration]
    budget: SpendingBudget
    locations: Mapping[str, Location]
