"""Find inputs with more tokens than `--max-tokens` allows."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator

from gpt41_cli import rules
from gpt41_cli.commands.count.count import REQUESTS, CountResult
from gpt41_cli.display import format_int, pluralize
from gpt41_cli.files.places import RejectedRequest
from gpt41_cli.findings import Finding, Place
from gpt41_cli.tokens.pieces import Entry
from gpt41_cli.totals import MAX_KEPT
from gpt41_cli.work.tally import LargestRequest, rank_by_size


class OversizedInputs:
    """Texts, pictures and single requests with more than `allowed_tokens`: how many, and the largest."""

    def __init__(self, allowed: int) -> None:
        self.allowed_tokens = allowed
        self.count = 0
        self.largest: list[LargestRequest] = []

    def add(self, large: LargestRequest) -> None:
        """Record the input if it exceeds the limit."""
        if large.input_tokens > self.allowed_tokens:
            self.count += 1
            insort(self.largest, large, key=rank_by_size)
            del self.largest[MAX_KEPT:]

    def track(self, entries: Iterator[Entry | RejectedRequest]) -> Iterator[Entry | RejectedRequest]:
        """Yield the same inputs, recording each as it passes."""
        for entry in entries:
            if isinstance(entry, Entry):
                self.add(LargestRequest(entry.input_tokens, entry.place, entry.custom_id))
            yield entry


def find_oversized_inputs(count: CountResult, allowed: int) -> OversizedInputs:
    """Find the counted inputs that exceed the limit."""
    oversized = OversizedInputs(allowed)
    for item in count.items:
        if item.kind != REQUESTS:
            oversized.add(LargestRequest(item.input_tokens, Place(item.path), None))
    # The tally counts all that are over, and names the largest.
    total = oversized.count + count.tally.count_over(allowed)
    for large in count.tally.largest:
        oversized.add(large)
    oversized.count = total
    return oversized


def make_max_tokens_findings(over: OversizedInputs | None) -> Iterator[Finding]:
    """Make a finding for each of the largest oversized inputs, and one for the number of the others."""
    if over is None:
        return
    limit = f"over the {format_int(over.allowed_tokens)} allowed"
    for tokens, place, _ in over.largest:
        message, allowed = f"{place.label}: {format_int(tokens)} tokens, {limit}", str(over.allowed_tokens)
        yield Finding(rules.MAX_TOKENS, message, None, place, str(tokens), allowed, place.path, names_place=True)
    more = over.count - len(over.largest)
    if more:
        yield Finding(rules.MAX_TOKENS, f"{pluralize(more, 'more input')} {limit}", actual=str(more))
