"""Every request of the inputs, one after the other: read, worked on, and named with its place where it is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from gpt41_cli.errors import InputError
from gpt41_cli.requests.documents import Line, Shrunk
from gpt41_cli.requests.fields import BadBody
from gpt41_cli.requests.inputs import TEXT, Chunk, Input, Item, Requests, items, read_item, recognise_input
from gpt41_cli.requests.sources import LITERAL, STDIN, Source, stream_of
from gpt41_cli.requests.trees import LeftOut
from gpt41_cli.tokens.workers import in_order

if TYPE_CHECKING:
    from gpt41_cli.requests.readers import Sent
    from gpt41_cli.requests.request import Doubt
    from gpt41_cli.tokens.pieces import Piece

A = TypeVar("A")
R = TypeVar("R")
G = TypeVar("G")


class Reading(NamedTuple):
    """How inputs are read: as which kind (None: as what they are recognised as), and by how many workers (None: one for each
    core). `is_much`: there is so much of it that a faster engine pays for being loaded.
    """

    kind: str | None = None
    jobs: int | None = None
    is_much: bool = False


class Place(NamedTuple):
    """Where a request stands: its `position` from 0 in a list or file of lines, in the latter its `line` from 1.

    None in `position`: it is all of its file.
    """

    path: str
    position: int | None = None
    line: int | None = None

    @property
    def label(self) -> str:
        """How messages call it: `batch.jsonl:17`, `list.json[3]`."""
        name = "standard input" if self.path == STDIN else self.path
        if self.line is not None:
            return f"{name}:{self.line}"
        return name if self.position is None else f"{name}[{self.position}]"


class Entry(NamedTuple):
    """One counted input: its tokens by part (of PARTS), and why they may not be exact. `model` is as the request names it.

    `custom_id`, `model`, `endpoint` are None where it does not say, or is no request.
    Where pieces are kept, `savings` says for a keyword of schemas how many tokens less the request has without it.
    """

    parts: Mapping[str, int]
    doubts: Sequence[Doubt] = ()
    custom_id: str | None = None
    model: str | None = None
    endpoint: str | None = None
    pieces: Sequence[tuple[Piece, int]] = ()
    savings: Mapping[str, int] = {}

    @property
    def input_tokens(self) -> int:
        """All of its tokens."""
        return sum(self.parts.values())

    @property
    def is_exact(self) -> bool:
        """Whether everything in it is confirmed by recorded bills."""
        return not self.doubts

    @property
    def is_lower_bound(self) -> bool:
        """Whether it has tokens that the count leaves out."""
        return any(doubt.is_missing for doubt in self.doubts)


class Invalid(NamedTuple):
    """A line or value that is no request, and why. `is_listed`: of a file that was found in a folder, not named."""

    place: Place
    message: str
    is_listed: bool = False


KEPT = 10
"""How many of many are kept to be shown."""


class Rejects:
    """Inputs that are no request: how many there are, how many of them in files that the user named, and the first ones."""

    def __init__(self, count: int = 0, named: int = 0, first: Sequence[Invalid] = ()) -> None:
        self.count = count
        self.named = named
        self.first = list(first)

    def add(self, invalid: Invalid) -> None:
        """Add one."""
        self.count += 1
        self.named += not invalid.is_listed
        if len(self.first) < KEPT:
            self.first.append(invalid)

    def __add__(self, other: Rejects) -> Rejects:
        return Rejects(self.count + other.count, self.named + other.named, [*self.first, *other.first][:KEPT])


class Done(NamedTuple, Generic[R]):
    """What was made of one request."""

    place: Place
    result: R


@contextmanager
def opened(source: Source, kind: str | None) -> Iterator[Input]:
    """What `source` is, while it is open; a literal is text. InputError when it cannot be read, or is binary and only listed."""
    kind = kind or (TEXT if source.name == LITERAL else None)
    with stream_of(source) as stream:
        yield recognise_input(stream, source.label, kind, is_listed=source.is_listed)


def left_out(source: Source, error: InputError) -> LeftOut:
    """A file of a folder that `error` keeps from being counted. The error itself, where the user named the file."""
    if not source.is_listed:
        raise error
    return LeftOut(source.name, str(error).removeprefix(f"{source.label}: "))


def gathered(
    source: Source,
    requests: Requests,
    reading: Reading,
    work: Callable[[Sent], R],
    gather: Callable[[Iterator[Done[R] | Invalid]], G],
    learn: Callable[[Sequence[Sent]], None] | None = None,
) -> Iterator[G]:
    """What `gather` makes of what `work` makes of the requests, some of them at a time, in order and on all cores.

    `work` may raise BadBody for a request that turns out to be none. `learn` is shown requests before they are worked on,
    where they are better looked at together.
    """

    def read(item: Item) -> Done[Sent] | Invalid:
        name = source.name
        place = Place(name, item.number - 1, item.number) if isinstance(item, Line) else Place(name, item.position)
        return _attempt(source, place, read_item, item, reading.kind)

    def work_on(chunk: Chunk) -> G:
        found: Iterable[Done[Sent] | Invalid] = map(read, items(chunk))
        if learn:
            found = list(found)
            learn([each.result for each in found if isinstance(each, Done)])
        return gather(each if isinstance(each, Invalid) else _attempt(source, each.place, work, each.result) for each in found)

    try:
        yield from in_order(work_on, requests.chunks, reading.jobs)
    except Shrunk:
        raise changed(source) from None


def changed(source: Source) -> InputError:
    """That a file is no longer what it was when it was first read."""
    return InputError(f"{source.label}: expected a file that stays as it is while it is read, found one that has changed")


def _attempt(source: Source, place: Place, act: Callable[..., A], *given: Any) -> Done[A] | Invalid:
    """What `act` makes of what is given, or why it can make nothing of it."""
    try:
        return Done(place, act(*given))
    except BadBody as error:
        return Invalid(place, str(error), source.is_listed)
    except RecursionError:
        return Invalid(place, "expected a body that nests less deep, found hundreds of levels", source.is_listed)
