"""Price stated reasoning tokens after a move: one number, or one for each reasoning effort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.catalog import Variant
from gpt41_cli.commands.migrate.migrate import MigrationPath
from gpt41_cli.errors import InputError
from gpt41_cli.pricing import EXACT

NO_EFFORT = ""
"""Stands for the effort of a number that was stated without one."""


class ReasonedPrice(NamedTuple):
    """The work on a path if each request adds `tokens` of reasoning, with all cache writes."""

    effort: str
    tokens: int
    path: MigrationPath

    @property
    def total_usd(self) -> Decimal:
        """The price of all requests, exact."""
        added = EXACT.multiply(Decimal(self.tokens), self.path.reasoning_token_usd)
        return EXACT.add(self.path.total_with_writes_usd, added)

    @property
    def added_usd(self) -> Decimal | None:
        """The change from today; None if today's price isn't known."""
        quote = self.path.current_quote
        return None if quote is None else EXACT.subtract(self.total_usd, quote.total_usd)


def price_reasoning(paths: Sequence[MigrationPath], stated: Mapping[str, int]) -> list[ReasonedPrice]:
    """Price the stated tokens on each path, effort by effort; nothing on a model that doesn't reason.

    Raises InputError for an effort that the model doesn't have.
    """
    for path in paths:
        check_efforts(path.variant, stated)
    return [
        ReasonedPrice(effort, tokens, path)
        for effort, tokens in stated.items()
        for path in paths
        if path.variant.model.reasoning is not None
    ]


def check_efforts(variant: Variant, stated: Mapping[str, int]) -> None:
    """Raise InputError for tokens that are stated at an effort that the model doesn't have."""
    reasoning = variant.model.reasoning
    for effort in stated if reasoning else ():
        if reasoning and effort != NO_EFFORT and effort not in reasoning.efforts:
            raise InputError("--reasoning-tokens", f"an effort of {variant.id} ({', '.join(reasoning.efforts)})", effort)
