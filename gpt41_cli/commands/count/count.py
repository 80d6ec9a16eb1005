"""Count the tokens of inputs, each and together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial, reduce
from operator import iadd
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from gpt41_cli.errors import InputError
from gpt41_cli.files.places import RejectedRequest
from gpt41_cli.files.sources import InputSource, explain_empty
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Place
from gpt41_cli.requests.inputs import PictureInput, TextInput
from gpt41_cli.requests.recognise import IMAGE_KIND, TEXT_KIND
from gpt41_cli.requests.request import Image
from gpt41_cli.tokens import TextCounter
from gpt41_cli.tokens.pieces import PARTS, Entry
from gpt41_cli.work.stream import ReadingOptions, map_chunks, open_input, skip_or_raise
from gpt41_cli.work.tally import Tally

if TYPE_CHECKING:  # texts need no figure of the price table, and do not pay for its reader
    from gpt41_cli.tokens.meter import Meter

REQUESTS = "requests"

G = TypeVar("G")


class CountedInput(NamedTuple):
    """One counted input; `path` is as the user named it, `kind` is text, image or requests."""

    path: str
    input_tokens: int
    kind: str = TEXT_KIND
    requests: int = 0


class PendingText(NamedTuple):
    """A text that is still being counted; its tokens wait for the sum."""

    place: Place
    wait_for_tokens: Callable[[], int]
    placeholders: Sequence[str] = ()


class CountResult(NamedTuple):
    """Counted inputs, largest first, what was skipped in folders, and a tally of the requests among them.

    `pictures` are the pictures one by one, `templates` the texts that have placeholders, with these.
    """

    items: tuple[CountedInput, ...]
    skipped: tuple[SkippedPath, ...]
    tally: Tally
    pictures: tuple[Entry, ...] = ()
    templates: tuple[tuple[Place, Sequence[str]], ...] = ()

    @property
    def input_count(self) -> int:
        """The number of requests, texts and pictures."""
        return self.tally.requests + sum(item.kind != REQUESTS for item in self.items)

    @property
    def input_tokens(self) -> int:
        """The tokens of all inputs."""
        return sum(item.input_tokens for item in self.items)


class CountInputs(NamedTuple):
    """What to count, and how. `make_meter` is called only if something needs a meter: texts alone don't.

    `skipped` collects what is skipped in folders while the inputs are read.
    """

    sources: Sequence[InputSource]
    encoding: str
    make_meter: Callable[[], Meter]
    skipped: list[SkippedPath]
    reading: ReadingOptions = ReadingOptions()
    keeps_pieces: bool = False


def count_each_input(inputs: CountInputs) -> Iterator[Entry | RejectedRequest]:
    """Count every input in order as a stream, requests one by one."""
    with _make_counter(inputs) as counter:
        for counted in _count_sources(inputs, counter, list):
            if isinstance(counted, PendingText):
                yield Entry({**dict.fromkeys(PARTS, 0), TEXT_KIND: counted.wait_for_tokens()}, place=counted.place)
            elif isinstance(counted, Entry):
                yield counted
            else:
                yield from counted.result


def count_inputs(inputs: CountInputs) -> CountResult:
    """Count all inputs on all cores. Non-text files in folders are skipped, but at least one input must be text."""
    items: list[CountedInput] = []
    texts: list[PendingText] = []
    pictures: list[Entry] = []
    tallies: dict[str, Tally] = {}
    with _make_counter(inputs) as counter:
        for counted in _count_sources(inputs, counter, Tally.from_entries):
            if isinstance(counted, PendingText):
                texts.append(counted)
            elif isinstance(counted, Entry):
                pictures.append(counted)
            else:
                mine = tallies.setdefault(counted.path, Tally())
                mine += counted.result
        items += (CountedInput(text.place.path, text.wait_for_tokens()) for text in texts)
    items += (CountedInput(picture.place.path, picture.input_tokens, IMAGE_KIND) for picture in pictures)
    items += (
        CountedInput(path, tally.input_tokens, REQUESTS, tally.requests) for path, tally in tallies.items() if tally.requests
    )
    if inputs.sources and not items and not any(tally.rejects.count for tally in tallies.values()):
        raise InputError(expected="text or requests in these files", found=explain_empty(inputs.skipped))
    tally = reduce(iadd, tallies.values(), Tally())
    templates = tuple((text.place, text.placeholders) for text in texts if text.placeholders)
    ordered = sorted(items, key=lambda item: (-item.input_tokens, item.path))
    return CountResult(tuple(ordered), tuple(inputs.skipped), tally, tuple(pictures), templates)


class ChunkResult(NamedTuple, Generic[G]):
    """The result for a chunk of requests of a file."""

    path: str
    result: G


def _count_sources(
    inputs: CountInputs, counter: TextCounter, gather: Callable[[Iterator[Entry | RejectedRequest]], G]
) -> Iterator[PendingText | Entry | ChunkResult[G]]:
    """Count every source in order: texts as they wait for their sum, pictures, and requests reduced by `gather`."""
    for source in inputs.sources:
        try:
            with open_input(source, inputs.reading.kind) as content:
                if isinstance(content, TextInput):
                    yield PendingText(Place(source.name), counter.add(content.pieces), content.placeholders)
                elif isinstance(content, PictureInput):
                    yield _count_picture(inputs, source, content)
                else:
                    from gpt41_cli.work.frames import FramedCounter

                    meter = inputs.make_meter()
                    work = partial(meter.count, keeps_pieces=inputs.keeps_pieces)
                    framed = None if inputs.keeps_pieces else FramedCounter(meter).count
                    for part in map_chunks(source, content, inputs.reading, work, gather, meter.memo_filler, framed):
                        yield ChunkResult(source.name, part)
        except InputError as error:
            inputs.skipped.append(skip_or_raise(source, error))


def _make_counter(inputs: CountInputs) -> TextCounter:
    return TextCounter(inputs.encoding, jobs=inputs.reading.jobs, is_much=inputs.reading.is_large)


def _count_picture(inputs: CountInputs, source: InputSource, content: PictureInput) -> Entry:
    meter = inputs.make_meter()
    if meter.model is None:
        raise InputError(expected="--model with a picture, whose tokens depend on the model", found="none", location=source.label)
    return meter.count_picture(Image(content.width, content.height, is_animated=content.is_animated))._replace(
        place=Place(source.name)
    )
