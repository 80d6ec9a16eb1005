"""The work to be priced: one request, and how many of it."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from gpt41_cli.errors import InputError
from gpt41_cli.pricing import Usage


class Workload(NamedTuple):
    """`requests` times the same `request`; `text_tokens` of its input were counted, the rest were given as a number."""

    request: Usage
    requests: int
    text_tokens: int

    @property
    def usage(self) -> Usage:
        """All requests together."""
        return self.request * self.requests


def workload(
    *,
    input_tokens: int,
    output_tokens: int,
    requests: int,
    cached_tokens: int = 0,
    cached_share: Decimal | None = None,
    text_tokens: int = 0,
) -> Workload:
    """The work of `requests` equal requests, each of `input_tokens` plus `text_tokens`.

    The cached part is a number of tokens or a share of the input; a share is rounded down to whole tokens, so that a
    price is never understated. InputError for negative numbers, no request, or more cached than input.
    """
    if requests < 1:
        raise InputError(f"requests: expected 1 or more, found {requests}")
    total = input_tokens + text_tokens
    if cached_share is not None:
        cached_tokens = int(total * cached_share)
    return Workload(Usage(1, total, cached_tokens, output_tokens), requests, text_tokens)
