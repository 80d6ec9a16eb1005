"""Plan how work passes the queue of the Batch API: in which parts, and in which files per part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from gpt41_cli.catalog.limit_tables import BatchRules
from gpt41_cli.work.workload import VariantLoad

_SECONDS_PER_HOUR = 3600


class BatchSubmission(NamedTuple):
    """Work as Batch files. `parts` wait for each other, `files` are those of all parts, `seconds` is the most that they take.

    `files_at_once` and `file_requests` are the most files of a part and the most requests of a file.
    """

    parts: int
    files: int
    files_at_once: int
    file_requests: int
    seconds: int


def plan_submission(load: VariantLoad, queue_tokens: int, rules: BatchRules) -> BatchSubmission:
    """Plan the work as files that the queue takes, a part of them at a time. Each part is given the whole completion window, plus
    the hours of delay if there are more files than may be created in one hour (OpenAI Batch API guide, 2026-07-15).
    """
    parts = pack_queue(load, queue_tokens)
    files = {requests: -(-requests // rules.max_requests) for requests in parts}
    late_hours = sum((files[requests] - 1) // rules.batches_per_hour * many for requests, many in parts.items())
    return BatchSubmission(
        parts=sum(parts.values()),
        files=sum(files[requests] * many for requests, many in parts.items()),
        files_at_once=max(files.values()),
        file_requests=min(max(parts), rules.max_requests),
        seconds=(sum(parts.values()) * rules.completion_window_hours + late_hours) * _SECONDS_PER_HOUR,
    )


def pack_queue(load: VariantLoad, queue_tokens: int) -> Mapping[int, int]:
    """Divide the work into parts whose input fits the queue, and return the number of parts by their number of requests.

    The largest requests go first, each into the part that is open (next fit): this always works, and is the shortest way if all
    requests are alike or all of them fit at once. No request may be larger than the queue.
    """
    parts: Counter[int] = Counter()
    lengths: Counter[int] = Counter()
    for size, many in load.sizes.items():
        lengths[max(size.input_tokens, 1)] += many
    filled, free = 0, queue_tokens
    for tokens, many in sorted(lengths.items(), reverse=True):
        fits = min(many, free // tokens)
        filled, free, left = filled + fits, free - fits * tokens, many - fits
        if left:
            parts[filled] += 1
            full, last = divmod(left - 1, queue_tokens // tokens)
            if full:
                parts[queue_tokens // tokens] += full
            filled, free = last + 1, queue_tokens - (last + 1) * tokens
    parts[filled] += 1
    return parts
