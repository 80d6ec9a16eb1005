"""Write and read a table of sizes: requests that an engine has measured and grouped, with a row and a number for all that are
alike.

`gpt41_cli.arrow.sizes` makes a row of each request, an engine groups equal rows and counts them, and the commands that price many
requests read the table as if it were the requests. A row is flat and all text and numbers, because every engine groups these.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, TypeVar

from gpt41_cli import __version__
from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.tables import PatchRule
from gpt41_cli.files.documents import FileLine, FileShrunk, parse_json
from gpt41_cli.files.fields import BadBody, JsonObject, JsonValue, describe_kind
from gpt41_cli.files.places import RejectedRequest
from gpt41_cli.files.sources import InputSource
from gpt41_cli.findings import Citation, Finding, Place
from gpt41_cli.requests.inputs import RequestChunk, RequestInput, list_items
from gpt41_cli.requests.kinds import SIZES_SCHEMA, find_sizes
from gpt41_cli.requests.readers import ParsedRequest
from gpt41_cli.requests.request import Image
from gpt41_cli.rules import Level, get_rule
from gpt41_cli.tokens.generations import GPT_5
from gpt41_cli.tokens.images import count_image_tokens
from gpt41_cli.tokens.meter import Meter, find_rules
from gpt41_cli.tokens.pieces import IMAGES, PARTS, Entry
from gpt41_cli.tokens.text.workers import map_in_order
from gpt41_cli.work.measuring import MeasuredRequest, measure_request
from gpt41_cli.work.refused_settings import RefusableField
from gpt41_cli.work.sizing import RequestTotals
from gpt41_cli.work.stream import ReadingOptions, UnusableSizes, make_file_changed_error
from gpt41_cli.work.workload import ModelAndMode, RequestShape

G = TypeVar("G")

_TEXT_PARTS = tuple(part for part in PARTS if part != IMAGES)
_NO_SIZE = "?"

SIZE_FIELDS: Mapping[str, type] = {
    "schema": str,
    "counting": str,
    "counted_for": str,
    "model": str,
    "mode": str,
    **{f"{part}_tokens": int for part in _TEXT_PARTS},
    "generation_tokens": str,
    "images": str,
    "max_output_tokens": int,
    "answers": int,
    "prediction_tokens": int,
    "needs": str,
    "doubts": str,
    "settings": str,
    "flaws": str,
    "lower_bound": bool,
    "training": bool,
    "error": str,
}
"""The columns of a row. `counting` is the version of gpt41 and a digest of what the price table says about counting;
`counted_for` is the model that all requests were counted for, empty if each was counted for its own. Sets are sorted and joined.
"""


class SizedRow(NamedTuple):
    """A row of a table: a request, the tokens of its parts, and how many requests are like it."""

    measured: MeasuredRequest | RejectedRequest
    entry: Entry | RejectedRequest
    times: int


class SizeWriter:
    """Makes the rows of requests. `header` has the fields that say how a row was counted; rows of requests with an error have
    them, too.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        counting, counted_for = describe_counting(meter.catalog), meter.model or ""
        self.header: Mapping[str, object] = {"schema": SIZES_SCHEMA, "counting": counting, "counted_for": counted_for}

    def make_row(self, sent: ParsedRequest) -> dict[str, object]:
        """Measure a request and return its row. Raises BadBody as `measure_request` does."""
        entry = self._meter.count(sent)
        measured = measure_request(self._meter, sent, entry, names_mode=True)
        shape, settings = measured.shape, measured.refusable_fields
        return {
            **self.header,
            "model": measured.group.model,
            "mode": measured.group.mode,
            **{f"{part}_tokens": entry.parts[part] for part in _TEXT_PARTS},
            "generation_tokens": ",".join(map(str, shape.generation_tokens)),
            "images": ",".join(f"{image.width or _NO_SIZE}x{image.height or _NO_SIZE}:{image.detail}" for image in shape.images),
            "max_output_tokens": shape.max_output_tokens,
            "answers": shape.answers,
            "prediction_tokens": shape.prediction_tokens,
            "needs": ",".join(sorted(measured.needs)),
            "doubts": ",".join(sorted(rule.id for rule in measured.doubts)),
            "settings": ",".join(sorted(f"{use.parameter}|{use.endpoint}|{use.effort or ''}" for use in settings)),
            "flaws": "\n".join(map(_write_flaw, measured.flaws)),
            "lower_bound": measured.is_lower_bound,
            "training": measured.is_training,
        }


def describe_counting(catalog: Catalog) -> str:
    """Return the version of gpt41 and a digest of what the price table says about counting, without its sources.

    Prices, limits and lifecycles may change: they are looked up when the table is read.
    """
    models = [
        [
            *(name, model.role, model.snapshots, model.encoding, model.prompt, model.images, model.refuses, model.reasoning),
            *(model.input_modalities, model.output_modalities, model.fine_tuned is not None),
        ]
        for name, model in sorted(catalog.models.items())
    ]
    digest = sha256(json.dumps(_drop_sources(models)).encode()).hexdigest()
    return f"gpt41 {__version__} {digest[:12]}"


def _drop_sources(value: object) -> object:
    """Return nested records as lists of texts, without their citations."""
    if isinstance(value, tuple | list):
        return [_drop_sources(item) for item in value if not isinstance(item, Citation)]
    return str(value)


def _write_flaw(flaw: Finding) -> str:
    """Write a finding on one line that doesn't begin as JSON does: a column of JSON would be taken for that of the requests."""
    fields = (int(flaw.level), flaw.message, flaw.actual, flaw.allowed, flaw.subject, flaw.brief, flaw.sources)
    return f"{flaw.rule.id} {json.dumps(fields)}"


@lru_cache(10_000)
def _read_flaws(text: str) -> tuple[Finding, ...]:
    flaws = []
    for line in text.split("\n") if text else ():
        rule_id, _, fields = line.partition(" ")
        level, message, actual, allowed, subject, brief, sources = json.loads(fields)
        cited = tuple(Citation(*source) for source in sources)
        flaws.append(Finding(get_rule(rule_id), message, Level(level), None, actual, allowed, subject, cited, brief))
    return tuple(flaws)


class SizeReader:
    """Reads the rows of a table for `meter`, which would have counted the requests.

    `fallback` is the model of requests that name none, if `meter` counts each for its own.
    """

    def __init__(self, meter: Meter, source: InputSource, fallback: str | None = None) -> None:
        self._meter = meter
        self._source = source
        self._fallback = None if meter.model else meter.find_variant(fallback)[0]
        self._counting = describe_counting(meter.catalog)
        self._headers: set[tuple[object, ...]] = set()
        self._alike: dict[tuple[str | None, bool], bool] = {}

    def read(self, line: FileLine) -> SizedRow:
        """Read one row. Raises UnusableSizes for a row that isn't of such a table, or was counted in another way."""
        place = line.locate(self._source.name)
        try:
            value = parse_json(line.data)
        except BadBody as error:
            raise UnusableSizes.from_error(error, location=place) from None
        row = find_sizes(value)
        if row is None:
            raise _refuse(place, f"a row of a table of sizes ({SIZES_SCHEMA})", "another value")
        self._check_header(row)
        times = _read_times(value, place)
        if isinstance(row.get("error"), str):
            rejected = RejectedRequest(place, row["error"], self._source.is_from_folder)
            return SizedRow(rejected, rejected, times)
        try:
            return self._make_row(row, place, times)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise _refuse(place, f"the columns of {SIZES_SCHEMA} as gpt41_cli.arrow.sizes makes them", "others") from None

    def _check_header(self, row: JsonObject) -> None:
        schema, counting, counted_for = header = str(row["schema"]), str(row.get("counting")), str(row.get("counted_for"))
        if header in self._headers:
            return
        if schema != SIZES_SCHEMA:
            raise _refuse(self._source.label, f"a table of {SIZES_SCHEMA}", f"one of {schema}", _MAKE_ANEW)
        if counting != self._counting:
            raise _refuse(self._source.label, f"sizes counted by {self._counting}", f"sizes counted by {counting}", _MAKE_ANEW)
        if counted_for and counted_for not in (self._meter.model, self._fallback and self._fallback.id):
            wanted = f"sizes counted for {self._meter.model or 'the model that each request names'}"
            raise _refuse(self._source.label, wanted, f"sizes counted for {counted_for}", _suggest_sizes(self._meter.model))
        self._headers.add(header)

    def _find_model(self, row: JsonObject) -> str | None:
        """Return the model of a row, or the fallback if its request names none and was counted for that."""
        name = None if row["model"] is None else str(row["model"])
        if self._fallback is None or (name and not row["counted_for"]):
            return name
        model = self._fallback.id
        if not row["counted_for"]:
            raise _refuse(self._source.label, f"sizes counted for {model}", "requests without a model", _suggest_sizes(model))
        if name and self._meter.find_variant(name)[0] != self._fallback:
            wanted = "sizes counted for the model that each request names"
            raise _refuse(self._source.label, wanted, f"a request for {name} counted for {model}", _suggest_sizes(None))
        return model

    def _make_row(self, row: JsonObject, place: Place, times: int) -> SizedRow:
        name = self._find_model(row)
        parts = {part: _get_count(row, f"{part}_tokens") for part in _TEXT_PARTS}
        images, generation = _read_images(row["images"]), _read_numbers(row["generation_tokens"])
        if not row["counted_for"] and self._meter.model:
            self._require_alike(name, has_images=bool(images))
        _, method = self._meter.find_variant(self._meter.model or name)
        is_newer = method.rules.name == GPT_5.name
        pictures = sum(count_image_tokens(image, method.image_rule) for image in images)
        most = row.get("max_output_tokens")  # a field that is null is left out of a struct, and by Spark of JSON
        shape = RequestShape(
            sum(parts.values()) - (sum(generation) if is_newer else 0),
            None if most is None else _get_count(row, "max_output_tokens"),
            None,
            images,
            _get_count(row, "answers", least=1),
            _get_count(row, "prediction_tokens"),
            generation_tokens=generation,
        )
        measured = MeasuredRequest(
            ModelAndMode(name, str(row["mode"])),
            shape,
            _read_names(row["needs"]),
            tuple(get_rule(rule_id) for rule_id in sorted(_read_names(row["doubts"]))),
            _get_flag(row, "lower_bound"),
            _get_flag(row, "training"),
            refusable_fields=_read_settings(row["settings"]),
            flaws=_read_flaws(row["flaws"]),
            place=place,
        )
        return SizedRow(measured, Entry({**dict.fromkeys(PARTS, 0), **parts, IMAGES: pictures}, model=name, place=place), times)

    def _require_alike(self, name: str | None, *, has_images: bool) -> None:
        """Raise UnusableSizes unless requests for a model are counted, doubted and refused as for the model of the meter."""
        if (name, has_images) not in self._alike:
            own, wanted = (self._meter.find_variant(model)[0] for model in (name, self._meter.model))
            treatments = [variant and _list_what_counts(variant, has_images=has_images) for variant in (own, wanted)]
            self._alike[name, has_images] = None not in treatments and treatments[0] == treatments[1]
        if not self._alike[name, has_images]:
            requests = "requests with pictures" if has_images else "requests"
            actual = f"{requests} counted for {name}, for which they count differently" if name else f"{requests} without a model"
            raise _refuse(self._source.label, f"sizes counted for {self._meter.model}", actual, _suggest_sizes(self._meter.model))


_MAKE_ANEW = "make the table again with gpt41_cli.arrow.sizes of this version"


def _suggest_sizes(model: str | None) -> str:
    asked = f'model="{model}"' if model else ""
    return f"make the table with gpt41_cli.arrow.sizes({asked})"


def _list_what_counts(variant: Variant, *, has_images: bool) -> tuple[object, ...]:
    """List all that can make a request count, be doubted or be refused differently at two models."""
    model = variant.model
    images = model.images
    pictures = images and (images.low_detail_tokens is None, isinstance(images, PatchRule) and images.extra_tokens > 1)
    return (
        model.encoding.name,
        find_rules(model),
        model.prompt.confirmed,
        model.reasoning,
        model.refuses,
        model.input_modalities,
        model.output_modalities,
        pictures if has_images else None,
    )


def _refuse(where: Place | str, expected: str, found: str, hint: str = "") -> UnusableSizes:
    return UnusableSizes(expected=expected, found=found, hint=hint, location=where)


def _read_times(value: JsonValue, place: Place) -> int:
    """Read how many requests a row stands for: the one column that isn't of the size, whatever an engine calls it."""
    assert isinstance(value, dict)
    others = [key for key, field in value.items() if key not in SIZE_FIELDS and not isinstance(field, dict)]
    if len(others) != 1:
        actual = f"{len(others)} more columns ({', '.join(others)})" if others else "none"
        raise _refuse(place, "one more column with how many requests are alike", actual, "SELECT ..., count(*) ... GROUP BY ALL")
    times = _make_whole(value[others[0]])
    if times is None or times < 1:
        raise _refuse(place, f"how many requests are alike in {others[0]}", describe_kind(value[others[0]]))
    return times


def _make_whole(value: JsonValue) -> int | None:
    """Return a whole number, which some engines write as a decimal or a float; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or value != int(value):
        return None
    return int(value)


def _get_flag(row: JsonObject, key: str) -> bool:
    if not isinstance(row[key], bool):
        raise TypeError(key)
    return bool(row[key])


def _get_count(row: JsonObject, key: str, least: int = 0) -> int:
    value = _make_whole(row[key])
    if value is None or value < least:
        raise ValueError(key)
    return value


@lru_cache(10_000)  # shapes hold these: equal ones must not be many
def _read_numbers(text: str) -> tuple[int, ...]:
    """Read a number for each of PARTS. Raises ValueError for any other number of them."""
    numbers = tuple(map(int, text.split(",")))
    if len(numbers) != len(PARTS):
        raise ValueError(text)
    return numbers


@lru_cache(10_000)
def _read_images(text: str) -> tuple[Image, ...]:
    return tuple(map(_read_image, text.split(","))) if text else ()


def _read_image(text: str) -> Image:
    size, detail = text.split(":")
    width, height = (None if side == _NO_SIZE else int(side) for side in size.split("x"))
    if any(side is not None and side < 1 for side in (width, height)):
        raise ValueError(text)
    return Image(width, height, detail)


@lru_cache(10_000)
def _read_names(text: str) -> frozenset[str]:
    return frozenset(text.split(",")) if text else frozenset()


@lru_cache(10_000)
def _read_settings(text: str) -> tuple[RefusableField, ...]:
    settings = (setting.split("|") for setting in text.split(",") if text)
    return tuple(RefusableField(parameter, endpoint, effort or None) for parameter, endpoint, effort in settings)


def measure_sizes(
    source: InputSource,
    content: RequestInput,
    reading: ReadingOptions,
    meter: Meter,
    gather: Callable[[Iterator[SizedRow]], G],
    replay: object = None,
    fallback: str | None = None,
) -> Iterator[G]:
    """Read a table on all cores, reduce every chunk of it with `gather`, and yield the results in order.

    `fallback` is the model of requests that name none.

    Raises UnusableSizes for a table that can't stand for its requests, and if the prompt cache is to be replayed.
    """
    if replay:
        raise _refuse(source.label, "requests to replay", "a table of sizes, which doesn't say in which order they were sent")
    reader = SizeReader(meter, source, fallback)

    def work_on(chunk: RequestChunk) -> G:
        return gather(reader.read(item) for item in list_items(chunk) if isinstance(item, FileLine))

    try:
        yield from map_in_order(work_on, content.chunks, reading.jobs)
    except FileShrunk:
        raise make_file_changed_error(source) from None


def add_up_sizes(rows: Iterable[SizedRow]) -> RequestTotals:
    """Add up rows as the requests that they stand for."""
    totals = RequestTotals()
    for row in rows:
        totals.add(row.measured, row.times)
    return totals
