"""Read lines of a file that differ only in their texts, without parsing and checking each as a whole.

Large files mostly come from a loop: every line has the same settings, tools, schema and roles around other texts. What is around
the texts of a line is its frame. A line that has the characters of a known frame has its JSON, too, except for the texts, so only
these are decoded. No rule is repeated here: a frame is a request that `requests.readers` has read, with marks for texts, and
everything about that request is true of the line, except for the tokens of its texts. That is so if nothing but tokens depends on
a text. So a frame has texts of messages that are counted by themselves (tools join the first message, which is then a part of the
frame). Requests with calls, pictures or broken rules and examples for fine-tuning have no frame. A line with an empty text or a
placeholder in one is read as a whole, and so is every other line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress
from typing import Generic, NamedTuple, TypeVar

from gpt41_cli.files.documents import FileLine
from gpt41_cli.files.fields import BadBody
from gpt41_cli.findings import Place
from gpt41_cli.requests.inputs import read_item
from gpt41_cli.requests.placeholders import find_placeholders
from gpt41_cli.requests.readers import Frame, FramedLine, ParsedRequest
from gpt41_cli.requests.request import Message
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.pieces import Entry, join_texts
from gpt41_cli.tokens.prompt import build_prompt

V = TypeVar("V")
W = TypeVar("W")

_TEXT_FIELD = re.compile(r'"(?:custom_id|content|text|input|instructions)"\s*:\s*"')
"""What comes before a string that may be a text of a request, or its id."""

_MAX_LINE_BYTES = 1 << 18
"""A longer line is read as a whole: there are few of them, and frames must stay small."""

_MAX_FRAMES, _MAX_CHARACTERS = 200, 2_000_000
"""How many frames are kept, and how much of their lines. When there are more, all are forgotten: what repeats is soon back."""

_MAX_CREDIT = 1_000
_COST_OF_STUDY = 10
"""Studying a line costs as much as several lines with a frame save, so a file of lines without a common frame is soon read
without studying.
"""

_read_string = json.JSONDecoder().raw_decode


class _String(NamedTuple):
    """A string of a line: from behind the quote that begins it to behind the one that ends it, and its value."""

    start: int
    end: int
    value: str


@dataclass(eq=False)
class _Step:
    """The characters before a string of a frame, with the quote that begins it, and the steps that may follow the string; or
    those after the last string, with the frame. `latest` is the string as written, with the quote that ends it, and its value:
    the next line often has the same.
    """

    characters: str
    latest: tuple[str, str] = ("", "")
    following: list[_Step] = field(default_factory=list)
    frame: Frame | None = None


class FrameReader:
    """Reads lines that have the frame of an earlier one. `kind` is what the lines are said to be, as for `read_item`."""

    def __init__(self, kind: str | None) -> None:
        self._kind = kind
        self._credit = _MAX_CREDIT
        self._forget()

    def _forget(self) -> None:
        self._first: list[_Step] = []
        self._free_frames, self._free_characters = _MAX_FRAMES, _MAX_CHARACTERS

    def read(self, line: FileLine, place: Place) -> FramedLine | None:
        """Read a line; None if it has no known frame."""
        if len(line.data) > _MAX_LINE_BYTES:
            return None
        try:
            match = self._match(line.data.decode())
        except ValueError:  # not UTF-8, or a malformed string: reading all of it says where
            return None
        if match is None:
            return None
        self._credit = min(self._credit + 1, _MAX_CREDIT)
        frame, texts = match
        custom_id = frame.sent.custom_id if frame.id_position is None else texts.pop(frame.id_position)
        return FramedLine(frame, custom_id, texts, place, len(line.data))

    def _match(self, line: str) -> tuple[Frame, list[str]] | None:
        """Return the frame of a line, and its strings. Raises ValueError if a string is malformed."""
        steps, position = self._first, 0
        texts: list[str] = []
        while True:
            for step in steps:
                if line.startswith(step.characters, position):
                    break
            else:
                return None
            position += len(step.characters)
            if step.frame:
                return (step.frame, texts) if position == len(line) else None
            written, text = step.latest
            if line.startswith(written, position):
                position += len(written)
            else:
                start = position
                text, position = _read_string(line, start - 1)
                if not text or find_placeholders(text):
                    return None
                step.latest = line[start:position], text
            texts.append(text)
            steps = step.following

    def read_or_study(self, line: FileLine, place: Place, read_whole: Callable[[], W]) -> W | FramedLine:
        """Read a line by its frame, or else as a whole, and study it then."""
        framed = self.read(line, place)
        if framed:
            return framed
        sent = read_whole()
        if isinstance(sent, ParsedRequest):
            self.learn(line, sent)
        return sent

    def learn(self, line: FileLine, sent: ParsedRequest) -> None:
        """Study a line that was read as `sent`, so that others with its frame needn't be parsed."""
        if self._credit < _COST_OF_STUDY or len(line.data) > _MAX_LINE_BYTES or not _can_have_frame(sent):
            return
        self._credit -= _COST_OF_STUDY
        whole = line.data.decode()
        try:
            strings, frame = self._study(whole)
        except (BadBody, RecursionError):  # one of the strings says more than a text does
            return
        texts = [string.value for string in strings]
        custom_id = sent.custom_id if frame.id_position is None else texts.pop(frame.id_position)
        if FramedLine(frame, custom_id, texts, sent.place, sent.line_bytes).read() == sent:
            self._keep(frame, whole, strings)

    def _study(self, whole: str) -> tuple[list[_String], Frame]:
        """Return the texts of a line, and its frame. Raises BadBody if the line with marks in their place isn't a request."""
        mark = "mark"
        while mark in whole:
            mark += "-"
        strings = list(_find_strings(whole))
        marks = [f"{mark} {number}." for number in range(len(strings))]
        marked = self._read_marked(whole, strings, marks)
        counted = list(join_texts(build_prompt(marked.request)))
        is_apart = [mark == marked.custom_id or [text for text in counted if mark in text] == [mark] for mark in marks]
        strings, marks = list(compress(strings, is_apart)), list(compress(marks, is_apart))
        sent = self._read_marked(whole, strings, marks)
        id_position = marks.index(sent.custom_id) if sent.custom_id in marks else None
        turns = {turn.text: number for number, turn in enumerate(sent.request.turns)}
        return strings, Frame(sent, [turns[mark] for mark in marks if mark != sent.custom_id], id_position)

    def _read_marked(self, whole: str, strings: Sequence[_String], marks: Sequence[str]) -> ParsedRequest:
        parts: list[str] = []
        start = 0
        for string, mark in zip(strings, marks, strict=True):
            parts += whole[start : string.start], mark, '"'
            start = string.end
        return read_item(FileLine(1, "".join((*parts, whole[start:])).encode()), self._kind, Place(""))

    def _keep(self, frame: Frame, whole: str, strings: Sequence[_String]) -> None:
        self._free_frames, self._free_characters = self._free_frames - 1, self._free_characters - len(whole)
        if self._free_frames < 0 or self._free_characters < 0:
            self._forget()
        steps, start = self._first, 0
        for string in strings:
            characters = whole[start : string.start]
            known = next((step for step in steps if step.characters == characters), None)
            if known is None:
                known = _Step(characters, (whole[string.start : string.end], string.value))
                steps.append(known)
            steps, start = known.following, string.end
        steps.append(_Step(whole[start:], frame=frame))


def _can_have_frame(sent: ParsedRequest) -> bool:
    request = sent.request
    is_sound = not (sent.is_training_example or sent.flaws or request.images or request.refusals)
    return is_sound and all(isinstance(turn, Message) for turn in request.turns)


def _find_strings(line: str) -> Iterator[_String]:
    """Find the strings of a line that may be texts, or the id, of which a line without them may differ."""
    position = 0
    while match := _TEXT_FIELD.search(line, position):
        value, position = _read_string(line, match.end() - 1)
        if value and not find_placeholders(value):
            yield _String(match.end(), position, value)


class FrameMemo(Generic[V]):
    """The results of `work` for frames, computed once for each. `fallback_model` is the model of requests without one."""

    def __init__(self, meter: Meter, work: Callable[[Frame], V], fallback_model: str | None = None) -> None:
        self._meter = meter
        self._fallback_model = fallback_model
        self._work = work
        self._known: dict[Frame, tuple[V, Callable[[str], int], int]] = {}

    def look_up(self, line: FramedLine) -> tuple[V, int]:
        """Return the result of `work` for the frame of a line, and how many tokens more the line has. Raises the errors of
        `work`.
        """
        known = self._known.get(line.frame)
        if known is None:
            _, method = self._meter.find_variant(self._meter.model or line.frame.sent.request.model or self._fallback_model)
            count: Callable[[str], int] = self._meter.get_memo(method.encoding)
            known = self._work(line.frame), count, sum(map(count, line.frame.marks))
            if len(self._known) >= _MAX_FRAMES:
                self._known.clear()
            self._known[line.frame] = known
        made, count, tokens_of_marks = known
        return made, sum(map(count, line.texts)) - tokens_of_marks


class FramedCounter:
    """Counts lines with a frame as `meter` counts their requests."""

    def __init__(self, meter: Meter) -> None:
        self._memo = FrameMemo(meter, lambda frame: meter.count(frame.sent))

    def count(self, line: FramedLine) -> Entry:
        """Count a line."""
        entry, tokens = self._memo.look_up(line)
        return entry.with_more_text(tokens, line.custom_id, line.place)
