"""The lines of a Batch file, inspected one by one; of each request no more is kept than a few machine words."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Self

from gpt41_cli.constraints.request_limits import exceeded
from gpt41_cli.errors import UnknownName
from gpt41_cli.files.fields import BadBody, told
from gpt41_cli.files.places import Done, Invalid
from gpt41_cli.requests.readers import Sent
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.work.sizing import Sized, Sizing, size
from gpt41_cli.work.violations import Breach, Breaches, digest
from gpt41_cli.work.workload import Load, Terms, size_on

METHOD = "POST"
"""The only one that the Batch API knows."""


class Lane(NamedTuple):
    """What all requests of a Batch file must have in common, as they name it."""

    model: str
    endpoint: str


class Inspected(NamedTuple):
    """A request of a Batch file: its lane, a hash of its id, its length, its tokens, and which rules it breaks by itself.

    `sized` is None where no price can be known, because the model is not.
    """

    lane: Lane
    digest: bytes
    bytes: int
    input_tokens: int
    breaches: tuple[Breach, ...]
    sized: Sized | None


def inspect(meter: Meter, terms: Terms, sent: Sent) -> Inspected:
    """One line, counted for its own model, with what of it can be cached. BadBody where it names none."""
    request, catalog = sent.request, meter.catalog
    if request.model is None:
        raise BadBody("body.model: expected a model, found nothing")
    lane = Lane(request.model, request.endpoint)
    own = digest(str(sent.custom_id))
    breaches = list(_of_form(sent))
    variant, _ = meter.variant_of(request.model)
    if variant is None:
        breaches.append(Breach("unknown-model", f"body.{UnknownName('model', request.model, catalog.models)}"))
        return Inspected(lane, own, sent.bytes + 1, 0, tuple(breaches), None)
    sized = size(meter, sent, is_replayed=True)
    seen = size_on(sized.shape, terms, catalog, variant)
    breaches += (
        Breach(each.rule, f"{variant.id}: {each.text}", actual=each.actual, allowed=each.allowed)
        for each in exceeded(catalog, variant, "batch", Load({seen: 1}))
    )
    return Inspected(lane, own, sent.bytes + 1, seen.input_tokens, tuple(breaches), sized)


def _of_form(sent: Sent) -> Iterator[Breach]:
    """What the Batch API demands of a line beyond what the endpoint does (Batch guide)."""
    if sent.method != METHOD:
        found = "nothing" if sent.method is None else told(sent.method)
        yield Breach("batch-method", f"method: expected {METHOD}, found {found}", actual=sent.method, allowed=METHOD)
    if sent.is_streamed:
        yield Breach("batch-stream", "body.stream: expected no stream, which a batch cannot give, found true", allowed="false")


def _of_complaint(message: str, line: int) -> Breach:
    """A line that is no request, as a breach: a complaint begins with the path of what it is about."""
    if message.startswith("url:"):
        return Breach("batch-url", f"{message}; the Batch API takes others too, which gpt41 can neither count nor check", line)
    return Breach("batch-custom-id" if message.startswith("custom_id:") else "invalid-request", message, line)


class Lines:
    """What is kept of the requests of a file, in its order: 34 bytes of each, beside their sizes and what they break.

    `number`, `bytes` (with a line break), `tokens` and `lane` have an entry for each request, `digests` two; `invalid` counts
    the lines that are none. Adds up with `+=`, in order.
    """

    def __init__(self) -> None:
        self.number = array("I")
        self.bytes = array("I")
        self.tokens = array("I")
        self.lane = array("I")
        self.digests = array("Q")
        self.first: dict[Lane, int] = {}  # lane -> number of its first line; `lane` counts in this order
        self.breaches = Breaches()
        self.sizing = Sizing()
        self.invalid = 0
        self.last = 0
        self._places: dict[Lane, int] = {}

    @classmethod
    def of(cls, found: Iterable[Done[Inspected] | Invalid]) -> Lines:
        """All that is found."""
        lines = cls()
        for each in found:
            number = each.place.line or 0
            lines.last = number
            if isinstance(each, Invalid):
                lines.invalid += 1
                lines.breaches.add(_of_complaint(each.message, number))
            else:
                lines._add(number, each.result)
        return lines

    def _add(self, number: int, found: Inspected) -> None:
        self.number.append(number)
        self.bytes.append(found.bytes)
        self.tokens.append(found.input_tokens)
        self.lane.append(self._place(found.lane, number))
        self.digests.frombytes(found.digest)
        for breach in found.breaches:
            self.breaches.add(breach._replace(line=number))
        if found.sized:
            self.sizing.add(found.sized)

    def _place(self, lane: Lane, number: int) -> int:
        self.first.setdefault(lane, number)
        return self._places.setdefault(lane, len(self._places))

    def __iadd__(self, other: Lines) -> Self:
        places = [self._place(lane, number) for lane, number in other.first.items()]
        self.lane.extend(places[each] for each in other.lane)
        for mine, its in (
            (self.number, other.number),
            (self.bytes, other.bytes),
            (self.tokens, other.tokens),
            (self.digests, other.digests),
        ):
            mine.extend(its)
        self.breaches += other.breaches
        self.sizing += other.sizing
        self.invalid += other.invalid
        self.last = max(self.last, other.last)
        return self

    def ends_open(self) -> None:
        """Say that the file ends without a line break, which its last line must not be charged for."""
        if self.number and self.number[-1] == self.last:
            self.bytes[-1] -= 1

    @property
    def lanes(self) -> list[Lane]:
        """The lanes in the order in which they first appear."""
        return list(self.first)

    @property
    def requests(self) -> int:
        """How many lines there are that are not blank."""
        return len(self.number) + self.invalid

    @property
    def blank(self) -> int:
        """How many blank lines stand before the last one that is not."""
        return self.last - self.requests
