"""Every answer of some logs, once: the parts of streams joined, what was logged twice left out, and all else named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from gpt41_cli.decisions.requests import KEPT, Done, Invalid, Place
from gpt41_cli.display import printable
from gpt41_cli.errors import InputError
from gpt41_cli.requests.answers import Answer, Entry, Opened, Unbilled, read
from gpt41_cli.requests.fields import BadBody
from gpt41_cli.requests.logs import Logged, read_log
from gpt41_cli.requests.sources import Source, readable
from gpt41_cli.requests.trees import LeftOut

Found: TypeAlias = "Done[Answer] | Done[Unbilled] | Invalid"


class Logs:
    """Logs to be read in one pass; what was left out of folders is known when all is read.

    Of each answer with an id, a number of 64 bits is kept: one that is logged twice would be paid twice.
    """

    def __init__(self, sources: Sequence[Source], left_out: Sequence[LeftOut] = ()) -> None:
        self.left_out = list(left_out)
        self._sources = list({source.name: source for source in sources}.values())
        self._seen: set[int] = set()
        self._currency: str | None = None

    def read(self) -> Iterator[Found]:
        """Answers, what has no usage to price, and what cannot be read. InputError for a second currency."""
        for source in self._sources:
            streams: dict[str, tuple[Place, bool]] = {}
            try:
                for place, entry in _entries(source):
                    if isinstance(entry, BadBody):
                        yield Invalid(place, str(entry), source.is_listed)
                    elif isinstance(entry, Opened):
                        first, was_cut = streams.get(entry.id, (place, False))
                        streams[entry.id] = first, was_cut or entry.is_cut
                    elif isinstance(entry, Unbilled):
                        streams.pop(entry.id or "", None)
                        yield Done(place, entry)
                    else:
                        yield self._answer(place, entry, streams)
            except InputError as error:
                if not source.is_listed:
                    raise
                self.left_out.append(LeftOut(source.name, str(error).removeprefix(f"{source.label}: ")))
            for place, _ in streams.values():
                yield Done(place, Unbilled("usage-missing", "expected the usage at the end of a stream, found none"))

    def _answer(self, place: Place, answer: Answer, streams: dict[str, tuple[Place, bool]]) -> Done[Answer] | Done[Unbilled]:
        self._hold_currency(place, answer)
        if answer.id is None or answer.is_total:  # a batch is looked at again and again, and its last sum is told from the others
            return Done(place, answer)
        _, was_cut = streams.pop(answer.id, (place, False))
        known = hash((answer.id, answer.usage))  # some logs call a session or a user `id`
        if known in self._seen:
            return Done(place, Unbilled("answer-twice", "an answer that has been in the logs before", answer.custom_id))
        self._seen.add(known)
        return Done(place, answer._replace(is_cut=answer.is_cut or was_cut))

    def _hold_currency(self, place: Place, answer: Answer) -> None:
        self._currency = self._currency or answer.currency
        if answer.currency not in (None, self._currency):
            raise InputError(
                f"{printable(place.label)}: expected one currency in all of the logs, "
                f"found {printable(str(answer.currency))} after {printable(str(self._currency))}"
            )


def _entries(source: Source) -> Iterator[tuple[Place, Entry | BadBody]]:
    with readable(source.label):
        stream = source.open()
    with stream:
        try:
            for logged in read_log(stream, source.label):
                yield from _read(source.name, logged)
        except OSError as error:
            raise InputError(f"{source.label}: expected a readable file, found: {error.strerror or error}") from None


def _read(name: str, logged: Logged) -> Iterator[tuple[Place, Entry | BadBody]]:
    position = logged.position if logged.line is None else logged.line - 1
    place = Place(name, position, logged.line)
    if isinstance(logged.value, BadBody):
        yield place, logged.value
        return
    if logged.ignored:
        names = ", ".join(printable(each) for each in logged.ignored[:KEPT])
        yield (
            place,
            Unbilled("columns-ignored", f"columns that say nothing here: {names}{', ...' * (len(logged.ignored) > KEPT)}"),
        )
        return
    try:
        for entry in read(logged.value):
            yield place, entry
    except BadBody as error:
        yield place, error
