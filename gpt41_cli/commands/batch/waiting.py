"""Estimate how long Batch files wait: how much a usage tier queues for a model, and how many windows everything takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Market
from gpt41_cli.catalog.tables import Model
from gpt41_cli.commands.batch.parts import BatchPart, BatchQueue, count_rounds, find_queue, pack_into_parts
from gpt41_cli.commands.batch.rules import find_queues
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints.batch_lines import BatchLines
from gpt41_cli.findings import Citation


class BatchWait(NamedTuple):
    """The requests of one model in one usage tier.

    `parts` is the number of their files, `windows` the most completion windows that these take one after the other;
    `blocked_requests` exceed the queue by themselves and never pass.
    """

    model: Model
    limits_source: Citation
    usage_tier: int
    queue: BatchQueue
    input_tokens: int
    parts: int
    windows: int
    blocked_requests: int


def estimate_waits(market: Market, files: Sequence[BatchLines], tiers: Sequence[int]) -> list[BatchWait]:
    """Estimate the wait of every model of the files that still runs in each tier with published limits."""
    catalog = market.catalog
    waits: list[BatchWait] = []
    for tier in tiers:
        parts = _group_parts_by_model(catalog, files, tier)
        for name, of_model in parts.items():
            model = catalog.models[name]
            queue, limits = find_queue(catalog, model, tier), model.rate_limits
            is_gone = lifecycle.find_past_shutdown(market, catalog.variant(name))
            if limits and queue.short_limit is not None and not is_gone:
                blocked = sum(not queue.has_room_for(part.short_tokens, part.long_tokens) for part in of_model)
                tokens, rounds = sum(part.input_tokens for part in of_model), count_rounds(of_model, queue)
                waits.append(BatchWait(model, limits.source, tier, queue, tokens, len(of_model), rounds, blocked))
    return sorted(waits, key=lambda wait: list(catalog.models).index(wait.model.id))


def _group_parts_by_model(catalog: Catalog, files: Sequence[BatchLines], tier: int) -> dict[str, list[BatchPart]]:
    """Group the parts of all files in a tier by model, in order; unknown models are left out."""
    parts_by_model: dict[str, list[BatchPart]] = {}
    for lines in files:
        targets = lines.targets.different
        _, parts = pack_into_parts(lines, catalog.limits.batch, find_queues(catalog, lines, tier))
        for part in parts:
            variant_id = targets[part.target_index].variant_id
            if variant_id:
                parts_by_model.setdefault(catalog.variant(variant_id).model.id, []).append(part)
    return parts_by_model
