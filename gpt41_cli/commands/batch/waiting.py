"""How long Batch files wait: what a usage tier queues for a model, and in how many rounds it takes all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gpt41_cli.catalog import Catalog
from gpt41_cli.catalog.tables import Model, Source
from gpt41_cli.commands.batch.lines import Lines
from gpt41_cli.commands.batch.parts import Part, Queue, pack, queue_of, rounds
from gpt41_cli.commands.batch.rules import queues


class Waiting(NamedTuple):
    """What happens to the requests of one model in one usage tier.

    `parts` is how many files they go in, `rounds` how many completion windows these take at most, one after the other;
    `blocked` how many requests alone are over the queue and never pass.
    """

    model: Model
    source: Source
    tier: int
    queue: Queue
    tokens: int
    parts: int
    rounds: int
    blocked: int


def waiting(catalog: Catalog, files: Sequence[Lines], tiers: Sequence[int]) -> list[Waiting]:
    """Every model of the files in each of the tiers, as far as its limits are published."""
    found: list[Waiting] = []
    for tier in tiers:
        parts = _parts_by_model(catalog, files, tier)
        for name, of_model in parts.items():
            model = catalog.models[name]
            queue, limits = queue_of(catalog, model, tier), model.rate_limits
            if limits and queue.short is not None:
                blocked = sum(1 for part in of_model if not queue.takes(part.short_tokens, part.long_tokens))
                tokens = sum(part.input_tokens for part in of_model)
                found.append(Waiting(model, limits.source, tier, queue, tokens, len(of_model), rounds(of_model, queue), blocked))
    return sorted(found, key=lambda each: list(catalog.models).index(each.model.id))


def _parts_by_model(catalog: Catalog, files: Sequence[Lines], tier: int) -> dict[str, list[Part]]:
    """The parts of all files in a tier, in order; models that the table does not have are left out."""
    found: dict[str, list[Part]] = {}
    for lines in files:
        _, parts = pack(lines, catalog.limits.batch, queues(catalog, lines, tier))
        for part in parts:
            variant = catalog.known(lines.lanes[part.lane].model)
            if variant:
                found.setdefault(variant.model.id, []).append(part)
    return found
