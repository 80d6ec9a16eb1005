"""Every request of the inputs, one after the other: read, worked on, and named with its place where it is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from gpt41_cli.errors import InputError
from gpt41_cli.files.documents import FileShrunk
from gpt41_cli.files.fields import BadBody
from gpt41_cli.files.places import Located, R, RejectedRequest
from gpt41_cli.files.sources import LITERAL_NAME, InputSource, open_source
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Place
from gpt41_cli.requests.recognise import (
    TEXT_KIND,
    RecognisedInput,
    RequestChunk,
    RequestInput,
    RequestItem,
    list_items,
    read_item,
    recognise_input,
)
from gpt41_cli.tokens.workers import map_in_order

if TYPE_CHECKING:
    from gpt41_cli.requests.readers import ParsedRequest

A = TypeVar("A")
G = TypeVar("G")


class ReadingOptions(NamedTuple):
    """How inputs are read: as which kind (None: as what they are recognised as), and by how many workers (None: one for each
    core). `is_large`: there is so much of it that a faster engine pays for being loaded.
    """

    kind: str | None = None
    jobs: int | None = None
    is_large: bool = False


"""How many of many are kept to be shown."""


@contextmanager
def open_input(source: InputSource, kind: str | None) -> Iterator[RecognisedInput]:
    """What `source` is, while it is open; a literal is text. InputError when it cannot be read, or is binary and only listed."""
    kind = kind or (TEXT_KIND if source.name == LITERAL_NAME else None)
    with open_source(source) as stream:
        yield recognise_input(stream, source.label, kind, is_listed=source.is_from_folder)


def skip_or_raise(source: InputSource, error: InputError) -> SkippedPath:
    """A file of a folder that `error` keeps from being counted. The error itself, where the user named the file."""
    if not source.is_from_folder:
        raise error
    return SkippedPath(source.name, error.describe_within(source.label))


def map_chunks(
    source: InputSource,
    requests: RequestInput,
    reading: ReadingOptions,
    work: Callable[[ParsedRequest], R],
    gather: Callable[[Iterator[Located[R] | RejectedRequest]], G],
    learn: Callable[[Sequence[ParsedRequest]], None] | None = None,
) -> Iterator[G]:
    """What `gather` makes of what `work` makes of the requests, some of them at a time, in order and on all cores.

    `work` may raise BadBody for a request that turns out to be none. `learn` is shown requests before they are worked on,
    where they are better looked at together.
    """

    def read(item: RequestItem) -> Located[ParsedRequest] | RejectedRequest:
        return _try_request(source, item.locate(source.name), read_item, item, reading.kind)

    def work_on(chunk: RequestChunk) -> G:
        found: Iterable[Located[ParsedRequest] | RejectedRequest] = map(read, list_items(chunk))
        if learn:
            found = list(found)
            learn([each.result for each in found if isinstance(each, Located)])
        return gather(
            each if isinstance(each, RejectedRequest) else _try_request(source, each.place, work, each.result) for each in found
        )

    try:
        yield from map_in_order(work_on, requests.chunks, reading.jobs)
    except FileShrunk:
        raise make_file_changed_error(source) from None


def make_file_changed_error(source: InputSource) -> InputError:
    """That a file is no longer what it was when it was first read."""
    return InputError(expected="a file that stays as it is while it is read", found="one that has changed", location=source.label)


def _try_request(source: InputSource, place: Place, act: Callable[..., A], *given: Any) -> Located[A] | RejectedRequest:
    """What `act` makes of what is given, or why it can make nothing of it."""
    try:
        return Located(place, act(*given))
    except BadBody as error:
        return RejectedRequest(place, str(error), source.is_from_folder, error.path)
    except RecursionError:
        return RejectedRequest(place, "expected a body that nests less deep, found hundreds of levels", source.is_from_folder)
