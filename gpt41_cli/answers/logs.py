"""Every answer of some logs, once: the parts of streams joined, what was logged twice left out, and all else named."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from gpt41_cli.answers.answers import Answer, Entry, Opened, Unbilled
from gpt41_cli.answers.log_values import Logged, read_log
from gpt41_cli.answers.records import read
from gpt41_cli.display import printable
from gpt41_cli.errors import InputError
from gpt41_cli.files.fields import BadBody
from gpt41_cli.files.places import KEPT, Done, Invalid, Place
from gpt41_cli.files.sources import Source, stream_of, twins
from gpt41_cli.files.trees import LeftOut

Found: TypeAlias = "Done[Answer] | Done[Unbilled] | Invalid"


_SHOWN = 40
"""How much of a name is shown, in characters."""


class Stream(NamedTuple):
    """The parts of a stream that has not ended: where they begin, and the latest usage that they report, if any."""

    place: Place
    is_cut: bool = False
    so_far: Answer | None = None


class Logs:
    """Logs to be read in one pass; what was left out of folders is known when all is read.

    Of each answer with an id, two numbers of 64 bits and the mode are kept: one that is logged twice would be paid twice.
    """

    def __init__(self, sources: Sequence[Source], left_out: Sequence[LeftOut] = ()) -> None:
        self.left_out = list(left_out)
        self._sources = list({source.name: source for source in sources}.values())
        self._seen: dict[int, str] = {}
        self._named: set[int] = set()
        self._streams: dict[str, Stream] = {}

    def read(self) -> Iterator[Found]:
        """Answers, what has no usage to price, and what cannot be read. InputError for a file that the user named and that is
        no log.
        """
        earlier = twins(self._sources)
        for source in self._sources:
            if source.name in earlier:
                label = earlier[source.name].label
                yield Done(Place(source.name), Unbilled("file-twice", f"a file with all the content of {label}, which is priced"))
            else:
                yield from self._read(source)
        missing = Unbilled("usage-missing", "expected the usage at the end of a stream, found none")
        for place, is_cut, so_far in self._streams.values():
            yield self._once(place, so_far, is_cut) if so_far else Done(place, missing)

    def _read(self, source: Source) -> Iterator[Found]:
        last = None
        try:
            for place, entry in _entries(source):
                last = place
                if isinstance(entry, BadBody):
                    yield Invalid(place, str(entry), source.is_listed)
                elif isinstance(entry, Opened):
                    self._join(place, entry)
                elif isinstance(entry, Unbilled):
                    self._streams.pop(entry.id or "", None)
                    yield Done(place, entry)
                else:
                    stream = self._streams.pop(entry.id or "", None)
                    yield self._once(place, entry, stream is not None and stream.is_cut)
        except InputError as error:
            if not source.is_listed:
                raise
            reason = str(error).removeprefix(f"{source.label}: ")
            if last is None:
                self.left_out.append(LeftOut(source.name, reason))
            else:
                yield Invalid(Place(source.name), f"what comes after {last.label}: {reason}", is_listed=True)

    def _join(self, place: Place, part: Opened) -> None:
        first, was_cut, so_far = self._streams.get(part.id, Stream(place))
        self._streams[part.id] = Stream(first, was_cut or part.is_cut, part.so_far or so_far)

    def _once(self, place: Place, answer: Answer, was_cut: bool) -> Done[Answer] | Done[Unbilled]:
        """An answer, where it is new."""
        if answer.id is not None:
            known = hash((answer.id, answer.usage))  # some logs call a session or a user `id`
            mode = self._seen.get(known)
            if mode is not None:
                return Done(place, _again(answer, mode))
            self._seen[known] = sys.intern(answer.mode)
            name = hash(answer.id)
            if name in self._named and not answer.is_total:
                other = "with the id of another and other figures: both are priced"
                answer = answer._replace(doubts=(*answer.doubts, other))
            self._named.add(name)
        return Done(place, answer._replace(is_cut=answer.is_cut or was_cut))


def _again(answer: Answer, mode: str) -> Unbilled:
    """Why an answer is left out that was priced in a mode before. The body of a line of a Batch output does not tell its mode."""
    if answer.mode == mode:
        return Unbilled("answer-twice", "an answer that has been in the logs before", answer.custom_id)
    modes = f"priced in {printable(mode[:_SHOWN])}, as it is first, not in {printable(answer.mode[:_SHOWN])}"
    return Unbilled("mode-unclear", f"an answer that is in the logs in two modes is {modes}", answer.custom_id)


def _entries(source: Source) -> Iterator[tuple[Place, Entry | BadBody]]:
    with stream_of(source) as stream:
        for logged in read_log(stream, source.label):
            yield from _read(source.name, logged)


def _read(name: str, logged: Logged) -> Iterator[tuple[Place, Entry | BadBody]]:
    position = logged.position if logged.line is None else logged.line - 1
    place = Place(name, position, logged.line)
    if isinstance(logged.value, BadBody | Unbilled):
        yield place, logged.value
        return
    if logged.ignored:
        names = ", ".join(printable(each[:_SHOWN]) for each in logged.ignored[:KEPT]) + ", ..." * (len(logged.ignored) > KEPT)
        yield place, Unbilled("columns-ignored", f"columns that say nothing here: {names}")
        return
    try:
        for entry in read(logged.value):
            yield place, entry
    except BadBody as error:
        yield place, error
