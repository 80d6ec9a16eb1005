"""Distribute requests over Batch files in order, as much as a file or the queue takes, and count the rounds."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gpt41_cli.catalog import Catalog
from gpt41_cli.catalog.limit_tables import BatchRules
from gpt41_cli.catalog.tables import Model
from gpt41_cli.constraints.batch_lines import BatchLines
from gpt41_cli.work.violations import MEGABYTE


class BatchQueue(NamedTuple):
    """The input tokens of a model that a usage tier lets wait in batches; None: not published.

    Requests above `long_context_threshold` wait in a pool of their own, `long_limit`.
    """

    short_limit: int | None
    long_limit: int | None
    long_context_threshold: int

    def limit_for(self, tokens: int) -> int | None:
        """Return the limit of the pool for a request of this length."""
        return self.long_limit if tokens > self.long_context_threshold else self.short_limit

    def has_room_for(self, short: int, long: int) -> bool:
        """Return True if these tokens of each pool can wait together."""
        return (self.short_limit is None or short <= self.short_limit) and (self.long_limit is None or long <= self.long_limit)


def find_queue(catalog: Catalog, model: Model, tier: int | None) -> BatchQueue:
    """Find the queue of a model in a tier; without a tier, one that takes everything."""
    threshold = catalog.limits.long_context_tokens
    limits = model.rate_limits
    if limits is None or tier is None:
        return BatchQueue(None, None, threshold)
    short, long = limits.standard.get(tier), limits.long_context.get(tier)
    return BatchQueue(short and short.batch_queue_tokens, long and long.batch_queue_tokens, threshold)


@dataclass
class BatchPart:
    """One Batch file to write: requests of one target, their bytes, and their input tokens in each pool of the queue."""

    target_index: int
    requests: int = 0
    bytes: int = 0
    short_tokens: int = 0
    long_tokens: int = 0

    @property
    def input_tokens(self) -> int:
        """The tokens of both pools."""
        return self.short_tokens + self.long_tokens


def pack_into_parts(lines: BatchLines, rules: BatchRules, queues: Sequence[BatchQueue]) -> tuple[array[int], list[BatchPart]]:
    """Pack requests into parts in order. Returns the part index of each request, and the parts.

    A request goes to the last part of its target, or to a new one if that has no room. `queues` has one queue per target. A
    request that exceeds every part gets one of its own.
    """
    parts: list[BatchPart] = []
    latest: dict[int, int] = {}
    places = array("I")
    for lane, size, tokens in zip(lines.targets.indexes, lines.line_bytes, lines.input_tokens, strict=True):
        queue = queues[lane]
        short, long = (0, tokens) if tokens > queue.long_context_threshold else (tokens, 0)
        place = latest.get(lane)
        if place is None or not _has_room(parts[place], size, short, long, rules, queue):
            place = latest[lane] = len(parts)
            parts.append(BatchPart(lane))
        part = parts[place]
        part.requests += 1
        part.bytes += size
        part.short_tokens += short
        part.long_tokens += long
        places.append(place)
    return places, parts


def _has_room(part: BatchPart, size: int, short: int, long: int, rules: BatchRules, queue: BatchQueue) -> bool:
    return (
        part.requests < rules.max_requests
        and part.bytes + size <= rules.max_file_megabytes * MEGABYTE
        and queue.has_room_for(part.short_tokens + short, part.long_tokens + long)
    )


def count_rounds(parts: Iterable[BatchPart], queue: BatchQueue) -> int:
    """Count how often the queue of a model is filled if its parts are sent in order, each as soon as the queue takes it."""
    count = short = long = 0
    for part in parts:
        if count == 0 or not queue.has_room_for(short + part.short_tokens, long + part.long_tokens):
            count += 1
            short = long = 0
        short += part.short_tokens
        long += part.long_tokens
    return count
