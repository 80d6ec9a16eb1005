"""Which inputs have more tokens than one of them may have?"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator

from gpt41_cli.commands.count.count import REQUESTS, Count
from gpt41_cli.display import number, plural
from gpt41_cli.files.places import KEPT, Done, Invalid, Place
from gpt41_cli.findings import Finding, Level, Location
from gpt41_cli.tokens.pieces import Entry
from gpt41_cli.work.tally import Large, rank


class Over:
    """The texts, pictures and single requests with more tokens than `allowed`: how many, and the largest of them."""

    def __init__(self, allowed: int) -> None:
        self.allowed = allowed
        self.count = 0
        self.largest: list[Large] = []

    def add(self, large: Large) -> None:
        """Take it in, where it is over."""
        if large.input_tokens > self.allowed:
            self.count += 1
            insort(self.largest, large, key=rank)
            del self.largest[KEPT:]

    def watch(self, found: Iterator[Done[Entry] | Invalid]) -> Iterator[Done[Entry] | Invalid]:
        """The same inputs, each taken in as it passes."""
        for each in found:
            if isinstance(each, Done):
                self.add(Large(each.result.input_tokens, each.place, each.result.custom_id))
            yield each


def over(count: Count, allowed: int) -> Over:
    """What of the counted inputs is over."""
    found = Over(allowed)
    for item in count.items:
        if item.kind != REQUESTS:
            found.add(Large(item.input_tokens, Place(item.path), None))
    # The tally counts all that are over, and names the largest.
    total = found.count + count.tally.over(allowed)
    for large in count.tally.largest:
        found.add(large)
    found.count = total
    return found


def max_tokens_findings(over: Over | None) -> Iterator[Finding]:
    """A finding for each of the largest inputs that are over what one may have, and one for the number of the others."""
    if over is None:
        return
    limit = f"over the {number(over.allowed)} allowed"
    for tokens, place, _ in over.largest:
        message, location = f"{place.label}: {number(tokens)} tokens, {limit}", Location(place.path, place.line)
        yield Finding("max-tokens", Level.ERROR, message, location, str(tokens), str(over.allowed), place.path)
    more = over.count - len(over.largest)
    if more:
        yield Finding("max-tokens", Level.ERROR, f"{plural(more, 'more input')} {limit}", actual=str(more))
