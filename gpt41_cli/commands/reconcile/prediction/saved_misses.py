"""The requests that show misses, without what their authors wrote, as lines that `gpt41 count` reads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, cycle
from typing import Any, NamedTuple

from gpt41_cli import __version__
from gpt41_cli.commands.reconcile.prediction.forecasts import SentRequestMeter
from gpt41_cli.commands.reconcile.prediction.match import RequestPair
from gpt41_cli.commands.reconcile.prediction.misses import MissGroup
from gpt41_cli.errors import InputError
from gpt41_cli.files.documents import FileLine, parse_json
from gpt41_cli.files.fields import BadBody, JsonObject, JsonValue
from gpt41_cli.files.sources import InputSource
from gpt41_cli.requests.anonymise import Anonymiser
from gpt41_cli.requests.forms.openai_api import find_wrapped_request
from gpt41_cli.requests.inputs import RequestInput, list_items
from gpt41_cli.requests.kinds import WRAPPED_KIND, find_kind
from gpt41_cli.requests.readers import ParsedRequest, read_json_request
from gpt41_cli.work.stream import open_input

_WORDS = (
    *("time", "year", "way", "day", "man", "thing", "woman", "life", "child", "world", "school", "state", "family", "student"),
    *("group", "country", "problem", "hand", "part", "place", "case", "week", "company", "system", "program", "question"),
    *("work", "number", "night", "point", "home", "water", "room", "mother", "area", "money", "story", "fact", "month", "lot"),
)
"""Words that are one token each, alone and after a blank."""
_ACCENTED_WORDS = ("años", "\\u00e9")
"""The first word of a text with characters beyond ASCII, and of one with characters that JSON escapes: some rules treat these
separately.
"""
_LINE = re.compile(r"(\s*)(.*?)([.,:;!?)\]}]*\s*)", re.DOTALL)
_MAX_SAVED = 100
"""How many groups, the largest, have a request saved."""
_UNLISTED_MODEL = "anonymous-model"
"""Stands for a model that the price table doesn't have, because its name may reveal the owner."""
_MAX_ATTEMPTS = 8


class SavedMisses(NamedTuple):
    """The lines of a file of misses, and how many groups have none: no words count the same, or there are too many groups."""

    lines: Sequence[str]
    left_out: int


class _Line(NamedTuple):
    before: str
    words: list[str]
    after: str


class WordWriter:
    """Writes words in place of texts, with as many tokens. The first texts get `spare_tokens` more, or fewer.

    Lines stay lines and keep the punctuation at their end, which may be part of a token with the text that follows.
    """

    def __init__(self, count: Callable[[str], int], spare_tokens: int = 0) -> None:
        self._count = count
        self._spare_tokens = spare_tokens
        self._words = cycle(_WORDS)

    def write(self, text: str) -> str:
        """Write words in place of a text."""
        target = self._count(text)
        change = max(self._spare_tokens, 1 - target) if target else 0
        target += change
        self._spare_tokens -= change
        words = [self._write_line(line) for line in text.split("\n")]
        for _ in range(_MAX_ATTEMPTS):
            missing = target - self._count(_join(words))
            if not missing:
                break
            _resize(words, missing, self._words)
        return _join(words)

    def _write_line(self, line: str) -> _Line:
        match = _LINE.fullmatch(line)
        assert match is not None  # it matches any text
        before, core, after = match.groups()
        words = [next(self._words) for _ in range(self._count(core))]
        accented, escaped = _ACCENTED_WORDS
        if not core.isascii():
            words[0] = accented
        elif "\\u" in core:
            words[0] = escaped
        return _Line(before, words, after)


def _join(lines: Sequence[_Line]) -> str:
    return "\n".join(f"{before}{' '.join(words)}{after}" for before, words, after in lines)


def _resize(lines: Sequence[_Line], more: int, words: Iterator[str]) -> None:
    """Add words to the longest line, or remove them from the longest lines, down to the first word of each."""
    by_length = sorted((line.words for line in lines), key=len, reverse=True)
    by_length[0].extend(next(words) for _ in range(more))
    for line in by_length:
        spare = min(-more, len(line) - 1)
        if spare > 0:
            del line[-spare:]
            more += spare


def anonymise_misses(groups: Sequence[MissGroup], sources: Sequence[InputSource], meter: SentRequestMeter) -> SavedMisses:
    """Anonymise the smallest request of each of the first groups, and check that it counts as before.

    The requests are read again. Raises InputError if a file has changed since it was counted.
    """
    smallest = ((min(group.pairs, key=lambda pair: pair.forecast.input_tokens), group) for group in groups[:_MAX_SAVED])
    chosen = {pair.custom_id: (pair, group) for pair, group in smallest}
    bodies = {custom_id: value for source in sources for custom_id, value in _find_lines(source, chosen)}
    lines: list[str] = []
    for custom_id, (pair, group) in chosen.items():
        if custom_id not in bodies:
            raise InputError(expected="files that stay as they are while they are read", found="one that has changed")
        line = _anonymise_line(bodies[custom_id], pair, meter)
        if line is not None:
            named = {**line, "custom_id": f"miss-{len(lines) + 1}", **_describe_miss(group, pair)}
            lines.append(json.dumps(named, ensure_ascii=False))
    return SavedMisses(lines, len(groups) - len(lines))


def _find_lines(source: InputSource, wanted: Mapping[str, Any]) -> Iterator[tuple[str, JsonValue]]:
    """Find the lines with the ids or at the places that are wanted."""
    try:
        with open_input(source, None) as content:
            for item in chain.from_iterable(map(list_items, content.chunks)) if isinstance(content, RequestInput) else ():
                try:
                    value = parse_json(item.data) if isinstance(item, FileLine) else item.value
                except BadBody:
                    continue  # it was reported when it was counted
                custom_id = value.get("custom_id") if isinstance(value, dict) else None
                name = custom_id or item.locate(source.name).label
                if isinstance(name, str) and name in wanted:
                    yield name, value
    except InputError:
        if not source.is_from_folder:
            raise


def _anonymise_line(line: JsonValue, pair: RequestPair, meter: SentRequestMeter) -> JsonObject | None:
    """Return a line for the Batch API with an anonymised body that counts the same; None if no attempt leads to one."""
    sent = read_json_request(line)
    terms = meter.find_terms(sent._replace(custom_id=pair.custom_id))
    held = _find_body(line, sent)
    variant, method = terms.meter.find_variant(terms.model)
    model = {} if terms.model is None else {"model": variant.model.id if variant else _UNLISTED_MODEL}
    spare_tokens = 0
    for _ in range(_MAX_ATTEMPTS):
        writer = WordWriter(terms.meter.get_memo(method.encoding), spare_tokens)
        body = {**model, **Anonymiser(writer.write).replace_body(held)}
        new = {"custom_id": pair.custom_id, "method": "POST", "url": sent.url or sent.request.endpoint, "body": body}
        try:
            missing = pair.forecast.input_tokens - terms.meter.count(read_json_request(new)).input_tokens
        except BadBody:
            return None  # an odd value means something else with other digits
        if not missing:
            return new
        spare_tokens += missing
    return None


def _find_body(line: JsonValue, sent: ParsedRequest) -> JsonValue:
    """Return the body of a request in a line for the Batch API, in a record of a log, or alone."""
    if not isinstance(line, dict):
        return {"messages": line}
    if sent.is_batch:
        return line["body"]
    is_wrapped = (kind := find_kind(line)) is not None and kind.reader == WRAPPED_KIND
    wrapped = find_wrapped_request(line) if is_wrapped else None
    return wrapped[1] if wrapped else line


def _describe_miss(group: MissGroup, pair: RequestPair) -> JsonObject:
    """Return what a line says about its miss, in addition to the request."""
    day = pair.answer.day
    return {
        "counted_input_tokens": pair.forecast.input_tokens,
        "billed_input_tokens": pair.answer.input_tokens,
        "day": day and day.isoformat(),
        "requests": len(group.pairs),
        "shapes": [trait.words for trait in group.traits],
        "gpt41_version": __version__,
    }
