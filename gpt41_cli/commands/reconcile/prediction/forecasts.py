"""Predictions: requests that are counted here, or a saved answer of `count`, `cost` or `check`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import chain
from typing import BinaryIO, NamedTuple

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.reconcile.prediction.match import CustomIdLedger, RequestForecast, RequestTrait, name_request
from gpt41_cli.commands.reconcile.prediction.misses import list_traits
from gpt41_cli.errors import InputError
from gpt41_cli.files.documents import FileLine, parse_json
from gpt41_cli.files.fields import BadBody, JsonObject, get_name, get_text, redact, require_list, require_object
from gpt41_cli.files.json_cursor import JsonCursor
from gpt41_cli.files.places import RejectedRequest, Rejections
from gpt41_cli.files.sources import InputSource
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Place
from gpt41_cli.requests.inputs import DocumentValue, RequestInput, RequestItem
from gpt41_cli.requests.readers import ParsedRequest
from gpt41_cli.requests.recognise import read_lines
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.pieces import Entry
from gpt41_cli.work.stream import ReadingOptions, map_chunks, open_input, skip_or_raise
from gpt41_cli.workloads.costing import WorkloadCost
from gpt41_cli.workloads.saved import CHECK_NAME, CHECK_SCHEMA, load_saved_report

ENTRIES_SCHEMA, PRICED_SCHEMA, COST_SCHEMA = "gpt41.entries/1", "gpt41.priced/1", "gpt41.cost/1"
_LIST_KEYS = {ENTRIES_SCHEMA: "entries", PRICED_SCHEMA: "requests"}
_HOW_TO_MAKE = "gpt41 cost, cost --each, count --each or check with --format json prints one"


class PredictedPart(NamedTuple):
    """The prediction for a part of the work as a whole, `requests` of a model in a mode; `name` is that of a workload."""

    name: str | None
    model: str
    mode: str
    requests: int
    input_tokens: int
    output_tokens: int
    total_usd: Decimal


class Forecasts(NamedTuple):
    """Predictions request by request, or of whole parts. `is_ceiling`: answers are taken to be as long as they may be.

    `rejects` are requests that cannot be read, `left_out` files of folders that hold none.
    """

    requests: CustomIdLedger[RequestForecast]
    parts: tuple[PredictedPart, ...] = ()
    is_ceiling: bool = False
    rejects: Rejections = Rejections()
    left_out: tuple[SkippedPath, ...] = ()


class AnswerTerms(NamedTuple):
    """The terms by which the server counted a request: the model that answered, and its day; None: not known."""

    model: str | None = None
    day: date | None = None


class CountingTerms(NamedTuple):
    """The meter of a request's day, and the model that answered it or that it asks for."""

    meter: Meter
    model: str | None


class SentRequestMeter:
    """Counts requests for the models that answered them, by the rules of their days. `answers` has both by what `name` returns.

    A request whose answer has no day, or that has no answer, is counted on the day of `meter`. `shared` are the files that
    hold answers, too.
    """

    def __init__(self, meter: Meter, answers: Mapping[str, AnswerTerms], shared: Collection[str] = ()) -> None:
        self._shared = shared
        self.memo_filler = meter.memo_filler
        self._meter = meter
        self._on_day = cache(meter.on_day)
        self._answers = answers

    def name(self, sent: ParsedRequest) -> str | None:
        """Return what a request is matched by."""
        return name_request(sent.custom_id, sent.place, self._shared)

    def find_terms(self, sent: ParsedRequest) -> CountingTerms:
        """Find the terms for counting a request. A model that the table doesn't have counts as the requested one."""
        model, day = self._answers.get(self.name(sent) or "", AnswerTerms())
        meter = self._on_day(day) if day else self._meter
        is_known = model is not None and meter.find_variant(model)[0] is not None
        return CountingTerms(meter, model if is_known else sent.request.model)

    def count(self, sent: ParsedRequest) -> Entry:
        """Count a request."""
        meter, model = self.find_terms(sent)
        return meter.count(sent._replace(request=sent.request._replace(model=model)))


def count_requests(sources: Sequence[InputSource], reading: ReadingOptions, meter: SentRequestMeter) -> Forecasts:
    """Count the requests that were sent. Raises InputError for a file that holds no requests."""

    def forecast(sent: ParsedRequest) -> tuple[str | None, RequestForecast]:
        request = sent.request
        entry = meter.count(sent)
        most = request.max_output_tokens
        return meter.name(sent), RequestForecast(
            sent.place,
            entry.input_tokens,
            entry.is_exact,
            None if most is None else most * request.answer_count,
            model=request.model,
            traits=list_traits(request, entry.doubts),
        )

    ledger: CustomIdLedger[RequestForecast] = CustomIdLedger()
    rejects = Rejections()
    known: dict[tuple[RequestTrait, ...], tuple[RequestTrait, ...]] = {}  # many requests have the same
    skipped: list[SkippedPath] = []
    for source in sources:
        try:
            with open_input(source, reading.kind) as content:
                if not isinstance(content, RequestInput):
                    raise InputError(expected="the requests that were sent", found="none", location=source.label)
                for item in chain.from_iterable(map_chunks(source, content, reading, forecast, list, meter.memo_filler)):
                    if isinstance(item, RejectedRequest):
                        rejects.add(item)
                    else:
                        custom_id, predicted = item
                        traits = known.setdefault(predicted.traits, predicted.traits)
                        ledger.add(custom_id, predicted._replace(traits=traits))
        except InputError as error:
            skipped.append(skip_or_raise(source, error))
    return Forecasts(ledger, is_ceiling=True, rejects=rejects, left_out=tuple(skipped))


def read_estimate(stream: BinaryIO, name: str, catalog: Catalog) -> Forecasts:
    """Read the saved answer in `stream`, a document or JSON Lines. Raises InputError, which calls it `name`, if it isn't one."""
    lines = list(chain.from_iterable(chunk.iterate_lines() for chunk in read_lines(stream, name)))
    if lines and _is_record(lines[0].data):
        return _read_records(lines, name)
    data = b"\n".join(line.data for line in lines)
    try:
        top = require_object(parse_json(data), "the answer")
        schema = get_name(top, "schema", "")
        if schema.startswith(f"{CHECK_NAME}/"):
            costings = load_saved_report(data, name).costs.values()
            parts = tuple(_convert_costing(costing, catalog) for costing in costings)
            return Forecasts(CustomIdLedger(), parts, any(costing.is_ceiling for costing in costings))
        if schema == COST_SCHEMA:
            parts = tuple(_parse_quote(quote) for quote in JsonCursor(top).at("quotes").items())
            return Forecasts(CustomIdLedger(), parts, top.get("is_ceiling") is True)
        if schema not in _LIST_KEYS:
            stated_schema = redact(schema) if schema.startswith("gpt41.") else "another"  # this may be any file
            raise BadBody("schema", f"one of {', '.join((*_LIST_KEYS, COST_SCHEMA, CHECK_SCHEMA))}", stated_schema)
        listed = require_list(top.get(_LIST_KEYS[schema]), _LIST_KEYS[schema])
    except BadBody as error:
        raise InputError(problem=error, hint=_HOW_TO_MAKE, location=name) from None
    values = (DocumentValue(index, value) for index, value in enumerate(listed))
    return _read_records(values, name)


def _is_record(line: bytes) -> bool:
    """Return True if a line is a single record; a document states its schema."""
    try:
        value = parse_json(line)
    except BadBody:
        return False
    return isinstance(value, dict) and "schema" not in value


def _read_records(items: Iterable[RequestItem], name: str) -> Forecasts:
    """Yield the records of requests one by one, except those that say why a request could not be read."""
    ledger: CustomIdLedger[RequestForecast] = CustomIdLedger()
    is_ceiling = False
    for item in items:
        place = item.locate(name)
        try:
            record = require_object(parse_json(item.data) if isinstance(item, FileLine) else item.value, "the record")
            if "path" not in record:
                raise BadBody(expected="the record of a request", found="another")
            if "error" not in record:
                ledger.add(get_text(record, "custom_id", "") or None, _parse_record(record, place))
                is_ceiling = is_ceiling or record.get("ceiling") is True
        except BadBody as error:
            raise InputError(problem=error, hint=_HOW_TO_MAKE, location=place.label) from None
    return Forecasts(ledger, is_ceiling=is_ceiling)


def _parse_record(record: JsonObject, place: Place) -> RequestForecast:
    at, is_priced = JsonCursor(record), "total_usd" in record
    return RequestForecast(
        place,
        at.at("input_tokens").integer(),
        record.get("exact") is True,
        at.at("output_tokens").integer() if is_priced else None,
        at.at("total_usd").decimal() if is_priced else None,
        get_text(record, "model", "") or None,
    )


def _parse_quote(at: JsonCursor) -> PredictedPart:
    usage = at.at("usage").fields(["requests", "input_tokens", "output_tokens"])
    return PredictedPart(
        None,
        at.at("model").word(),
        at.at("mode").word(),
        usage["requests"].integer(1),
        usage["input_tokens"].integer(),
        usage["output_tokens"].integer(),
        at.at("total_usd").decimal(),
    )


def _convert_costing(costing: WorkloadCost, catalog: Catalog) -> PredictedPart:
    variant = catalog.find_variant(costing.model)
    search_tokens = catalog.count_search_tokens(variant, costing.tools) if variant else None
    return PredictedPart(
        costing.name,
        costing.model,
        costing.mode,
        costing.requests,
        costing.input_tokens + costing.requests * (search_tokens or 0),
        costing.output_tokens.expected,
        costing.expected_usd,
    )
