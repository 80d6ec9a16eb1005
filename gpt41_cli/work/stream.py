"""Every request of the inputs, one after the other: read, worked on, and named with its place where it is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from gpt41_cli.errors import InputError
from gpt41_cli.files.documents import Line, Shrunk
from gpt41_cli.files.fields import BadBody
from gpt41_cli.files.places import Done, Invalid, Place, R
from gpt41_cli.files.sources import LITERAL, Source, stream_of
from gpt41_cli.files.trees import LeftOut
from gpt41_cli.requests.recognise import TEXT, Chunk, Input, Item, Requests, items, read_item, recognise_input
from gpt41_cli.tokens.workers import in_order

if TYPE_CHECKING:
    from gpt41_cli.requests.readers import Sent

A = TypeVar("A")
G = TypeVar("G")


class Reading(NamedTuple):
    """How inputs are read: as which kind (None: as what they are recognised as), and by how many workers (None: one for each
    core). `is_much`: there is so much of it that a faster engine pays for being loaded.
    """

    kind: str | None = None
    jobs: int | None = None
    is_much: bool = False


"""How many of many are kept to be shown."""


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
