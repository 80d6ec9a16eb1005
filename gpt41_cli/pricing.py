"""Price Usage at Rates as a Bill: exact decimal arithmetic, without I/O, rounding or names of models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from functools import reduce
from typing import NamedTuple

from gpt41_cli.errors import InputError

# Wide enough for any count times any price that this program accepts. If it ever isn't, Inexact is raised: no digit is lost.
EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, Overflow])

_MILLION_EXPONENT = -6


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens of one request or the sum of many. `cached_tokens` are part of `input_tokens`, as OpenAI reports them.

    Adds with `+`, so `sum(usages, Usage())` works; `-` takes a part away, and `usage * n` is the same work n times. Raises
    InputError if a count is negative or more tokens are cached than there is input.

    >>> Usage(1, 1200, 800, 400) * 10 + Usage(1, 50, 0, 5)
    Usage(requests=11, input_tokens=12050, cached_tokens=8000, output_tokens=4005)
    """

    requests: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0

    def __post_init__(self) -> None:
        if min(self.requests, self.input_tokens, self.cached_tokens, self.output_tokens) < 0:
            name, value = next((name, getattr(self, name)) for name in self.__slots__ if getattr(self, name) < 0)
            raise InputError(name, "0 or more", str(value))
        if self.cached_tokens > self.input_tokens:
            raise InputError(
                "cached_tokens",
                f"at most the input tokens ({self.input_tokens:,}), of which they are a part",
                f"{self.cached_tokens:,}",
            )

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.requests + other.requests,
            self.input_tokens + other.input_tokens,
            self.cached_tokens + other.cached_tokens,
            self.output_tokens + other.output_tokens,
        )

    def __sub__(self, other: Usage) -> Usage:
        return Usage(
            self.requests - other.requests,
            self.input_tokens - other.input_tokens,
            self.cached_tokens - other.cached_tokens,
            self.output_tokens - other.output_tokens,
        )

    def __mul__(self, times: int) -> Usage:
        return Usage(
            self.requests * times,
            self.input_tokens * times,
            self.cached_tokens * times,
            self.output_tokens * times,
        )


class ToolUse(NamedTuple):
    """The built-in tools that one request uses, in calls and minutes.

    One search adds `web_search_tokens` to the input (None: not stated). A container of `container_gb` runs for
    `container_minutes`. `storage_gb` for file search are kept for `storage_days`, once for all requests.
    """

    web_searches: int = 0
    web_search_tokens: int | None = None
    web_search_previews: int = 0
    file_searches: int = 0
    container_gb: int = 0
    container_minutes: int = 0
    storage_gb: int = 0
    storage_days: int = 0

    @property
    def needed_abilities(self) -> frozenset[str]:
        """The abilities that a model needs for these tools, by their names in the price table."""
        used = {
            "web-search": self.web_searches or self.web_search_previews,
            "file-search": self.file_searches or self.storage_gb,
            "code-interpreter": self.container_minutes,
        }
        return frozenset(name for name, amount in used.items() if amount)


NO_TOOL_USE = ToolUse()

PAIRED_TOOL_FIELDS = {
    "web_search_tokens": "web_searches",
    "container_gb": "container_minutes",
    "container_minutes": "container_gb",
    "storage_days": "storage_gb",
}
"""Fields of ToolUse that need another field."""


class Rates(NamedTuple):
    """US dollars per million tokens. `cached_input` is None if the mode gives cached tokens no discount."""

    input: Decimal
    cached_input: Decimal | None
    output: Decimal

    def with_multipliers(self, input_multiplier: Decimal, output_multiplier: Decimal) -> Rates:
        """Return these rates with a surcharge on input, cached input included, and on output."""
        return Rates(
            EXACT.multiply(self.input, input_multiplier),
            None if self.cached_input is None else EXACT.multiply(self.cached_input, input_multiplier),
            EXACT.multiply(self.output, output_multiplier),
        )


class Bill(NamedTuple):
    """The terms of a price in US dollars, exact. `write_usd` is what writing to the prompt cache costs more than other input.

    `caching_saves_usd` is what the cached tokens would cost more as ordinary input, `rejected_usd` the part of the output that is
    rejected predictions.
    """

    uncached_input_usd: Decimal
    cached_input_usd: Decimal
    output_usd: Decimal
    caching_saves_usd: Decimal
    write_usd: Decimal = Decimal(0)
    rejected_usd: Decimal = Decimal(0)

    @property
    def total_usd(self) -> Decimal:
        """The sum of input, output and writes."""
        return sum_usd((self.uncached_input_usd, self.cached_input_usd, self.output_usd, self.write_usd))


def price(usage: Usage, rates: Rates) -> Bill:
    """Price `usage` at `rates`, exactly.

    `total = ((input - cached) * input rate + cached * cached rate + output * output rate) / 1,000,000`. If there is
    no cached rate, cached tokens are priced as ordinary input.

    >>> rates = Rates(Decimal("0.40"), Decimal("0.10"), Decimal("1.60"))
    >>> price(Usage(1, 1200, 800, 400), rates).total_usd
    Decimal('0.00088000')
    """
    as_input = price_tokens(usage.cached_tokens, rates.input)
    cached = as_input if rates.cached_input is None else price_tokens(usage.cached_tokens, rates.cached_input)
    return Bill(
        price_tokens(usage.input_tokens - usage.cached_tokens, rates.input),
        cached,
        price_tokens(usage.output_tokens, rates.output),
        EXACT.subtract(as_input, cached),
    )


def sum_usd(amounts: Iterable[Decimal]) -> Decimal:
    """Add up amounts exactly."""
    return reduce(EXACT.add, amounts, Decimal(0))


def price_tokens(tokens: int, rate: Decimal) -> Decimal:
    """Price tokens at a rate per million, exactly."""
    return EXACT.scaleb(EXACT.multiply(Decimal(tokens), rate), _MILLION_EXPONENT)
