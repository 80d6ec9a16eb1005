"""The types of gpt41.yaml: workloads, their budgets and requirements, and where each of them stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.catalog.tables import Platform, Task
from gpt41_cli.findings import Location
from gpt41_cli.pricing import NO_TOOLS, Tools

PERIODS: Mapping[str, Fraction] = {"day": Fraction(365, 12), "week": Fraction(365, 84), "month": Fraction(1)}
"""How often each comes in a month, which is a twelfth of 365 days."""

DAYS_A_MONTH = PERIODS["day"]


class Range(NamedTuple):
    """A figure that is not known to the token: what is expected, and how high it may go."""

    expected: int
    high: int


class Volume(NamedTuple):
    """How many requests are sent in a `period`, one of PERIODS."""

    requests: int
    period: str

    @property
    def per_month(self) -> Fraction:
        """The requests of a month.

        >>> Volume(84, "week").per_month
        Fraction(365, 1)
        """
        return self.requests * PERIODS[self.period]


class Cached(NamedTuple):
    """What of the input is read from the prompt cache: tokens of a request, a share, or what a replay of the requests gives."""

    tokens: int = 0
    share: Decimal | None = None
    is_simulated: bool = False
    requests_per_minute: int | None = None
    lifetime_minutes: int | None = None


class Budget(NamedTuple):
    """Lines that a team draws; None where it draws none. `input_tokens` is for each single request."""

    per_request_usd: Decimal | None = None
    monthly_usd: Decimal | None = None
    input_tokens: int | None = None
    growth_percent: Decimal | None = None


class Require(NamedTuple):
    """What the chosen variant must be; `tolerance` is a share, in place of the tasks'."""

    tasks: tuple[Task, ...] = ()
    needs: tuple[str, ...] = ()
    until: date | None = None
    tolerance: Decimal | None = None
    deadline: timedelta | None = None


class Prediction(NamedTuple):
    """A predicted output: the `file` that holds it (None: the requests state their own), and the share that is accepted."""

    accept: Decimal
    file: str | None = None


class Declaration(NamedTuple):
    """One workload as it is declared, the defaults filled in.

    Of `requests`, `prompt` and `input_tokens` one says what is sent; `input_tokens` may come on top of a `prompt`. `model` and
    `mode` None: those that the requests name, else `fallback_model` and `fallback_mode`. `output_tokens` None: each request's
    own maximum. `tools` are those of one request, and what is stored all the time. `places` tells where a key stands, such as
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
    output_tokens: Range | None
    volume: Volume | None
    cached: Cached
    usage_tier: int | None
    budget: Budget
    require: Require
    places: Mapping[str, Location]
    tools: Tools = NO_TOOLS
    prediction: Prediction | None = None

    def place(self, key: str) -> Location:
        """Where a key stands; the workload itself, where the figure comes from the defaults."""
        return self.places.get(key, self.places[""])


class Config(NamedTuple):
    """A whole gpt41.yaml; `budget` is for all workloads together, `places` as in a Declaration."""

    file: str
    workloads: Mapping[str, Declaration]
    budget: Budget
    places: Mapping[str, Location]
