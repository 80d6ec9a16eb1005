"""Process the requests of the inputs in order; invalid ones are rejected with their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from gpt41_cli.errors import InputError
from gpt41_cli.files.documents import FileLine, FileShrunk
from gpt41_cli.files.fields import BadBody, DamagedJson, redact
from gpt41_cli.files.parquet import RowStream, open_lines
from gpt41_cli.files.places import RejectedRequest
from gpt41_cli.files.sources import LITERAL_NAME, InputSource, Unreadable, sum_known_bytes
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Place
from gpt41_cli.requests.inputs import RecognisedInput, RequestChunk, RequestInput, RequestItem, TextInput, list_items, read_item
from gpt41_cli.requests.kinds import SIZES, LogContent, UnknownRecords
from gpt41_cli.requests.recognise import TEXT_KIND, recognise_input
from gpt41_cli.tokens.text.fast import MIN_WORTHWHILE_BYTES
from gpt41_cli.tokens.text.workers import map_in_order

if TYPE_CHECKING:
    from gpt41_cli.requests.readers import FramedLine, ParsedRequest

A = TypeVar("A")
G = TypeVar("G")
R = TypeVar("R")

_MAX_NAMED_COLUMNS = 5
_NAME_COLUMN = "--column NAME (column in gpt41.yaml) says"
_LEARNT_AT_ONCE = 4_000


class UnusableSizes(InputError):
    """A table of sizes that can't stand for its requests. It is never left out, wherever it was found."""


class ReadingOptions(NamedTuple):
    """How to read inputs: as which kind (None: as recognised), and with how many workers (None: one per core).

    `is_large`: there is so much input that loading a faster engine pays.
    """

    kind: str | None = None
    jobs: int | None = None
    is_large: bool = False


def make_reading(kind: str | None, jobs: int | None, sources: Iterable[InputSource]) -> ReadingOptions:
    """Return the reading options for the sources, which depend on their size."""
    return ReadingOptions(kind, jobs, sum_known_bytes(sources) >= MIN_WORTHWHILE_BYTES)


@contextmanager
def open_input(source: InputSource, kind: str | None, *, takes_sizes: bool = False) -> Iterator[RecognisedInput]:
    """Open `source`; literal text is text. Without `takes_sizes`, a table of sizes is refused.

    Raises InputError if it can't be read, or is binary and was found in a folder.
    """
    kind = kind or (TEXT_KIND if source.name == LITERAL_NAME else None)
    with open_lines(source) as stream:
        try:
            content = recognise_input(stream, source.label, kind, is_listed=source.is_from_folder, takes_sizes=takes_sizes)
        except UnknownRecords:
            if isinstance(stream, RowStream):
                raise _refuse_columns(stream, source) from None
            raise
        except BadBody as error:
            is_other = isinstance(error, LogContent) or error.found == SIZES.name
            if isinstance(stream, RowStream) and stream.column is None and not is_other:
                error.hint = f"{_NAME_COLUMN} which of its columns has the requests ({_name_columns(stream)})"
            raise
        if kind is None and isinstance(content, TextInput) and isinstance(stream, RowStream):
            raise _refuse_columns(stream, source)
        yield content


def _refuse_columns(stream: RowStream, source: InputSource) -> BadBody:
    """Make the error for a Parquet file that nothing recognises: its rows are lines only to us."""
    return BadBody(
        expected="a Parquet file with requests",
        found=f"none in the first rows of its columns ({_name_columns(stream)})" if stream.rows else "one without rows",
        hint=f'a column of JSON, a request per row, is read: {{"model": "...", "messages": [...]}}; {_NAME_COLUMN} which',
        location=source.label,
    )


def _name_columns(stream: RowStream) -> str:
    return ", ".join(map(redact, stream.columns[:_MAX_NAMED_COLUMNS])) + ", ..." * (len(stream.columns) > _MAX_NAMED_COLUMNS)


def skip_or_raise(source: InputSource, error: InputError) -> SkippedPath:
    """Record a file found in a folder as skipped; raise `error` if the user named the file or it is a table of sizes."""
    if not source.is_from_folder or isinstance(error, UnusableSizes):
        raise error
    if isinstance(error, Unreadable):
        return SkippedPath(source.name, str(error.found), is_unreadable=True)
    if isinstance(error, DamagedJson):
        return SkippedPath(source.name, error.describe_within(source.label), is_unreadable=True, line=error.line)
    return SkippedPath(source.name, error.describe_within(source.label))


def map_chunks(
    source: InputSource,
    requests: RequestInput,
    reading: ReadingOptions,
    work: Callable[[ParsedRequest], R],
    gather: Callable[[Iterator[R | RejectedRequest]], G],
    learn: Callable[[Sequence[ParsedRequest | FramedLine]], None] | None = None,
    work_framed: Callable[[FramedLine], R] | None = None,
) -> Iterator[G]:
    """Apply `work` to each request on all cores, reduce every chunk with `gather`, and yield the results in order.

    `work` may raise BadBody for an invalid request. `learn` sees requests in advance, to handle many at once. `work_framed`
    returns for a line with a frame what `work` returns for its request; without it, every line is read as a whole.
    """
    # Imported here: texts do not pay for the readers of requests.
    from gpt41_cli.requests.readers import ParsedRequest
    from gpt41_cli.work.frames import FrameReader

    frames = FrameReader(reading.kind) if work_framed else None

    def read(item: RequestItem) -> ParsedRequest | FramedLine | RejectedRequest:
        place = item.locate(source.name)
        read_whole = partial(_try_request, source, place, read_item, item, reading.kind, place)
        return frames.read_or_study(item, place, read_whole) if frames and isinstance(item, FileLine) else read_whole()

    def act(sent: ParsedRequest | FramedLine | RejectedRequest) -> R | RejectedRequest:
        if isinstance(sent, RejectedRequest):
            return sent
        act_on: Callable[[Any], R] | None = work if isinstance(sent, ParsedRequest) else work_framed
        assert act_on
        return _try_request(source, sent.place, act_on, sent)

    def work_on(chunk: RequestChunk) -> G:
        items: Iterable[ParsedRequest | FramedLine | RejectedRequest] = map(read, list_items(chunk))
        if learn:
            items = _learn_ahead(items, learn)
        return gather(map(act, items))

    try:
        yield from map_in_order(work_on, requests.chunks, reading.jobs)
    except FileShrunk:
        raise make_file_changed_error(source) from None


def _learn_ahead(
    read: Iterable[ParsedRequest | FramedLine | RejectedRequest], learn: Callable[[Sequence[ParsedRequest | FramedLine]], None]
) -> Iterator[ParsedRequest | FramedLine | RejectedRequest]:
    """Yield the items that were read, many at a time, after `learn` has seen them: a row group at once would be too many."""
    pending = iter(read)
    while some := list(islice(pending, _LEARNT_AT_ONCE)):
        learn([request for request in some if not isinstance(request, RejectedRequest)])
        yield from some


def make_file_changed_error(source: InputSource) -> InputError:
    """Make the error for a file that changed while it was being read."""
    return InputError(expected="a file that stays as it is while it is read", found="one that has changed", location=source.label)


def _try_request(source: InputSource, place: Place, act: Callable[..., A], *given: Any) -> A | RejectedRequest:
    """Return the result of `act`, or the request as rejected."""
    try:
        return act(*given)
    except BadBody as error:
        return RejectedRequest(place, str(error), source.is_from_folder, error.path)
    except RecursionError:
        return RejectedRequest(
            place, "expected a body that is nested less deeply, found hundreds of levels", source.is_from_folder
        )
