"""What the Batch API demands of a file as a whole. A new rule is one function and its name in RULES."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from gpt41_cli.catalog import Catalog
from gpt41_cli.catalog.tables import Platform
from gpt41_cli.commands.batch.lines import Lines
from gpt41_cli.commands.batch.parts import Queue, queue_of
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import number, plural
from gpt41_cli.files.fields import told
from gpt41_cli.findings import Level
from gpt41_cli.work.violations import MEBIBYTE, MEGABYTE, Breach, twins


class Held(NamedTuple):
    """A file that is held against the rules, with what they need to know."""

    lines: Lines
    bytes: int
    has_mark: bool
    catalog: Catalog
    platform: Platform
    as_of: date
    tier: int | None


MENDED = frozenset(
    ("batch-mark", "batch-blank-lines", "batch-models", "batch-endpoints", "batch-requests", "batch-bytes", "batch-queue")
)
"""Rules that the parts of a file keep, whichever of them the file breaks."""


def _empty(held: Held) -> Iterator[Breach]:
    if not held.lines.requests:
        yield Breach("batch-empty", "expected at least one request, found none")


def _mark(held: Held) -> Iterator[Breach]:
    if held.has_mark:
        yield Breach("batch-mark", "expected JSON from the first byte on, found a byte order mark", 1)


def _blank_lines(held: Held) -> Iterator[Breach]:
    if held.lines.blank:
        message = f"{plural(held.lines.blank, 'blank line')} between the requests: that they are accepted is not documented"
        yield Breach("batch-blank-lines", message, actual=str(held.lines.blank), level=Level.WARNING)


def _ids(held: Held) -> Iterator[Breach]:
    numbers = held.lines.number
    for first, second in twins(held.lines.digests):
        text = f"custom_id: expected one of its own, found that of line {number(numbers[first])}"
        yield Breach("batch-custom-id", text, numbers[second])


def _models(held: Held) -> Iterator[Breach]:
    yield from _one_for_all(held, "batch-models", "body.model", [lane.model for lane in held.lines.lanes])


def _endpoints(held: Held) -> Iterator[Breach]:
    yield from _one_for_all(held, "batch-endpoints", "url", [lane.endpoint for lane in held.lines.lanes])


def _one_for_all(held: Held, rule: str, path: str, names: Sequence[str]) -> Iterator[Breach]:
    """A breach for each request that has another name than the first one has; `names` are those of the lanes."""
    if len(set(names)) < 2:
        return
    first = held.lines.number[0]
    for line, lane in zip(held.lines.number, held.lines.lane, strict=True):
        if names[lane] != names[0]:
            message = f"{path}: expected {told(names[0])} as in line {number(first)}, found {told(names[lane])}"
            yield Breach(rule, message, line, names[lane], names[0])


def _requests(held: Held) -> Iterator[Breach]:
    most, many = held.catalog.limits.batch.max_requests, held.lines.requests
    if many > most:
        yield Breach(
            "batch-requests", f"expected at most {number(most)} requests, found {number(many)}", None, str(many), str(most)
        )


def _bytes(held: Held) -> Iterator[Breach]:
    megabytes = held.catalog.limits.batch.max_file_megabytes
    least, most = megabytes * MEGABYTE, megabytes * MEBIBYTE
    found = f"found {number(held.bytes)}"
    if held.bytes > most:
        yield Breach("batch-bytes", f"expected at most {number(most)} bytes, {found}", None, str(held.bytes), str(most))
    elif held.bytes > least:
        message = f"{found} bytes: the guide allows {megabytes} MB, and does not say that this is more than {number(least)} bytes"
        yield Breach("batch-bytes", message, None, str(held.bytes), str(least), Level.WARNING)


def _long_lines(held: Held) -> Iterator[Breach]:
    most = held.catalog.limits.batch.max_file_megabytes * MEBIBYTE
    for line, size in zip(held.lines.number, held.lines.bytes, strict=True):
        if size > most:
            message = f"expected at most {number(most)} bytes, as in a whole file, found {number(size)}"
            yield Breach("batch-line-bytes", message, line, str(size), str(most))


def _shut_down(held: Held) -> Iterator[Breach]:
    for lane, line in held.lines.first.items():
        variant = held.catalog.known(lane.model)
        if variant and (life := lifecycle.ended(variant, held.platform, held.as_of)):
            remark = lifecycle.shut_down(held.platform, life)
            yield Breach(remark.rule, f"{variant.id}: {remark.text}", line, str(life.shutdown))


def queues(catalog: Catalog, lines: Lines, tier: int | None) -> list[Queue]:
    """The queue that the requests of each lane wait in."""
    found = (catalog.known(lane.model) for lane in lines.first)
    nothing = Queue(None, None, catalog.limits.long_context_tokens)
    return [queue_of(catalog, variant.model, tier) if variant else nothing for variant in found]


def _queue(held: Held) -> Iterator[Breach]:
    """The whole file must find room in the queue of its model (Batch guide: enqueued input tokens per model)."""
    short: dict[str, int] = {}
    long: dict[str, int] = {}
    of_lanes = queues(held.catalog, held.lines, held.tier)
    names = [_model(held.catalog, lane.model) for lane in held.lines.first]
    for lane, tokens in zip(held.lines.lane, held.lines.tokens, strict=True):
        pool = long if tokens > of_lanes[lane].threshold else short
        pool[names[lane]] = pool.get(names[lane], 0) + tokens
    for name, queue in dict(zip(names, of_lanes, strict=True)).items():
        for pool, most, what in ((short, queue.short, ""), (long, queue.long, "long-context ")):
            tokens = pool.get(name, 0)
            if most is not None and tokens > most:
                message = f"{name} queues at most {number(most)} {what}tokens in tier {held.tier}, found {number(tokens)}"
                yield Breach("batch-queue", message, None, str(tokens), str(most))


def _model(catalog: Catalog, name: str) -> str:
    variant = catalog.known(name)
    return variant.model.id if variant else name


def _queue_of_one(held: Held) -> Iterator[Breach]:
    of_lanes = queues(held.catalog, held.lines, held.tier)
    for line, lane, tokens in zip(held.lines.number, held.lines.lane, held.lines.tokens, strict=True):
        most = of_lanes[lane].limit(tokens)
        if most is not None and tokens > most:
            message = (
                f"one request of {number(tokens)} tokens never passes the queue of tier {held.tier}, which takes {number(most)}"
            )
            yield Breach("batch-queue-request", message, line, str(tokens), str(most))


RULES: Sequence[Callable[[Held], Iterator[Breach]]] = (
    _empty,
    _mark,
    _blank_lines,
    _ids,
    _models,
    _endpoints,
    _requests,
    _bytes,
    _long_lines,
    _shut_down,
    _queue,
    _queue_of_one,
)
