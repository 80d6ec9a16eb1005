"""How many tokens are in these inputs, each and together?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial, reduce
from operator import iadd
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from gpt41_cli.errors import InputError
from gpt41_cli.files.places import Done, Invalid, Place
from gpt41_cli.files.sources import Source, nothing_but
from gpt41_cli.files.trees import LeftOut
from gpt41_cli.requests.recognise import IMAGE, TEXT, Picture, Text
from gpt41_cli.requests.request import Image
from gpt41_cli.tokens import Counter
from gpt41_cli.tokens.pieces import PARTS, Entry
from gpt41_cli.work.stream import Reading, gathered, left_out, opened
from gpt41_cli.work.tally import Tally

if TYPE_CHECKING:  # texts need no figure of the price table, and do not pay for its reader
    from gpt41_cli.tokens.meter import Meter

REQUESTS = "requests"

G = TypeVar("G")


class Item(NamedTuple):
    """One counted input; `path` is as the user named it, `kind` is text, image or requests."""

    path: str
    input_tokens: int
    kind: str = TEXT
    requests: int = 0


class Waiting(NamedTuple):
    """A text that is still being counted: what it holds waits for the sum."""

    place: Place
    tokens: Callable[[], int]


class Count(NamedTuple):
    """Counted inputs, largest first, what was left out of folders, and the requests among them in one tally.

    `pictures` are the pictures one by one.
    """

    items: tuple[Item, ...]
    left_out: tuple[LeftOut, ...]
    tally: Tally
    pictures: tuple[Done[Entry], ...] = ()

    @property
    def inputs(self) -> int:
        """How many requests, texts and pictures there are."""
        return self.tally.requests + sum(item.kind != REQUESTS for item in self.items)

    @property
    def input_tokens(self) -> int:
        """The sum over all items."""
        return sum(item.input_tokens for item in self.items)


class Inputs(NamedTuple):
    """What is to be counted, and how. `meter` is made when there is something that needs it: texts alone do not.

    `skipped` is a list that fills with what is left out of folders while the inputs are read.
    """

    sources: Sequence[Source]
    encoding: str
    meter: Callable[[], Meter]
    skipped: list[LeftOut]
    reading: Reading = Reading()
    keeps_pieces: bool = False


def each(inputs: Inputs) -> Iterator[Done[Entry] | Invalid]:
    """Every input in order, requests one by one; nothing is held back."""
    with _counter(inputs) as counter:
        for found in _walk(inputs, counter, list):
            if isinstance(found, Waiting):
                yield Done(found.place, Entry({**dict.fromkeys(PARTS, 0), TEXT: found.tokens()}))
            elif isinstance(found, Done):
                yield found
            else:
                yield from found.result


def count(inputs: Inputs) -> Count:
    """The tokens of all inputs, on all cores; texts of a folder that are none are left out, but at least one must be text."""
    items: list[Item] = []
    texts: list[Waiting] = []
    pictures: list[Done[Entry]] = []
    tallies: dict[str, Tally] = {}
    with _counter(inputs) as counter:
        for found in _walk(inputs, counter, Tally.of):
            if isinstance(found, Waiting):
                texts.append(found)
            elif isinstance(found, Done):
                pictures.append(found)
            else:
                mine = tallies.setdefault(found.path, Tally())
                mine += found.result
        items += (Item(each.place.path, each.tokens()) for each in texts)
    items += (Item(each.place.path, each.result.input_tokens, IMAGE) for each in pictures)
    items += (Item(path, each.input_tokens, REQUESTS, each.requests) for path, each in tallies.items() if each.requests)
    if inputs.sources and not items and not any(each.rejects.count for each in tallies.values()):
        raise InputError(f"expected text or requests in what is named, found {nothing_but(inputs.skipped)}")
    tally = reduce(iadd, tallies.values(), Tally())
    ordered = sorted(items, key=lambda item: (-item.input_tokens, item.path))
    return Count(tuple(ordered), tuple(inputs.skipped), tally, tuple(pictures))


class Gathered(NamedTuple, Generic[G]):
    """What was made of some requests of a file."""

    path: str
    result: G


def _walk(
    inputs: Inputs, counter: Counter, gather: Callable[[Iterator[Done[Entry] | Invalid]], G]
) -> Iterator[Waiting | Done[Entry] | Gathered[G]]:
    """Every source in order: texts as they wait for their sum, pictures, and requests as `gather` gathers them."""
    for source in inputs.sources:
        try:
            with opened(source, inputs.reading.kind) as found:
                if isinstance(found, Text):
                    yield Waiting(Place(source.name), counter.add(found.pieces))
                elif isinstance(found, Picture):
                    yield Done(Place(source.name), _picture(inputs, source, found))
                else:
                    meter = inputs.meter()
                    work = partial(meter.count, keeps_pieces=inputs.keeps_pieces)
                    for part in gathered(source, found, inputs.reading, work, gather, meter.learner):
                        yield Gathered(source.name, part)
        except InputError as error:
            inputs.skipped.append(left_out(source, error))


def _counter(inputs: Inputs) -> Counter:
    return Counter(inputs.encoding, jobs=inputs.reading.jobs, is_much=inputs.reading.is_much)


def _picture(inputs: Inputs, source: Source, found: Picture) -> Entry:
    meter = inputs.meter()
    if meter.model is None:
        raise InputError(f"{source.label}: expected --model with a picture, whose tokens depend on the model, found none")
    return meter.picture(Image(found.width, found.height))
