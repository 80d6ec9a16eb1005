"""What was predicted: of requests, which are counted here, or in a saved answer of `count`, `cost` or `check`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import BinaryIO, NamedTuple

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.reconcile.match import Forecast, Ledger
from gpt41_cli.display import printable
from gpt41_cli.errors import InputError
from gpt41_cli.files.documents import Line, parse
from gpt41_cli.files.fields import BadBody, Object, as_list, as_object, name_at, object_at, text_at, told
from gpt41_cli.files.places import Done, Place, Rejects
from gpt41_cli.files.sources import Source
from gpt41_cli.files.trees import LeftOut
from gpt41_cli.requests.readers import Sent
from gpt41_cli.requests.recognise import Item, Requests, Value, read_lines
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.work.searches import found_tokens
from gpt41_cli.work.stream import Reading, gathered, left_out, opened
from gpt41_cli.workloads.costing import Costing
from gpt41_cli.workloads.saved import SCHEMA as CHECK
from gpt41_cli.workloads.saved import amount_at, load, whole_at

ENTRIES, PRICED, COST = "gpt41.entries/1", "gpt41.priced/1", "gpt41.cost/1"
_LISTS = {ENTRIES: "entries", PRICED: "requests"}
_MADE_BY = "gpt41 cost, cost --each, count --each or check with --format json prints one"


class Part(NamedTuple):
    """A part of the work as a whole: what `requests` of a model in a mode were predicted to be; `name` is that of a workload."""

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

    requests: Ledger[Forecast]
    parts: tuple[Part, ...] = ()
    is_ceiling: bool = False
    rejects: Rejects = Rejects()
    left_out: tuple[LeftOut, ...] = ()


def count_requests(sources: Sequence[Source], reading: Reading, meter: Meter, models: Mapping[str, str]) -> Forecasts:
    """The requests that were sent, each counted for the model that answered it: `models` has that by custom_id.

    InputError for a file that holds no requests.
    """

    def forecast(sent: Sent) -> tuple[str | None, Forecast]:
        request = sent.request
        asked, answered = request.model, models.get(sent.custom_id or "")
        if answered is not None and meter.variant_of(answered)[0]:
            sent = sent._replace(request=request._replace(model=answered))
        entry = meter.count(sent)
        most = request.max_output_tokens
        return sent.custom_id, Forecast(
            Place(""),
            entry.input_tokens,
            entry.is_exact,
            None if most is None else most * request.answers,
            model=asked,
        )

    ledger: Ledger[Forecast] = Ledger()
    rejects = Rejects()
    skipped: list[LeftOut] = []
    for source in sources:
        try:
            with opened(source, reading.kind) as found:
                if not isinstance(found, Requests):
                    raise InputError(f"{source.label}: expected the requests that were sent, found none")
                for each in chain.from_iterable(gathered(source, found, reading, forecast, list, meter.learner)):
                    if isinstance(each, Done):
                        custom_id, counted = each.result
                        ledger.add(custom_id, counted._replace(place=each.place))
                    else:
                        rejects.add(each)
        except InputError as error:
            skipped.append(left_out(source, error))
    return Forecasts(ledger, is_ceiling=True, rejects=rejects, left_out=tuple(skipped))


def read_estimate(stream: BinaryIO, name: str, catalog: Catalog) -> Forecasts:
    """The saved answer in `stream`, a document or JSON Lines, which errors call `name`. InputError where it is none."""
    lines = list(chain.from_iterable(chunk.lines() for chunk in read_lines(stream, name).chunks))
    if lines and _is_record(lines[0].data):
        return _forecasts(lines, name)
    data = b"\n".join(line.data for line in lines)
    try:
        top = as_object(parse(data), "the answer")
        schema = name_at(top, "schema", "")
        if schema == CHECK:
            costings = load(data, name).costings.values()
            parts = tuple(_workload(each, catalog) for each in costings)
            return Forecasts(Ledger(), parts, any(each.is_ceiling for each in costings))
        if schema == COST:
            quotes = enumerate(as_list(top.get("quotes"), "quotes"))
            parts = tuple(_quote(as_object(each, f"quotes[{index}]"), f"quotes[{index}]") for index, each in quotes)
            return Forecasts(Ledger(), parts, top.get("is_ceiling") is True)
        if schema not in _LISTS:
            raise BadBody(f"schema: expected one of {', '.join((*_LISTS, COST, CHECK))}, found {told(schema)}")
        found = as_list(top.get(_LISTS[schema]), _LISTS[schema])
    except BadBody as error:
        raise InputError(f"{name}: {error}; {_MADE_BY}") from None
    values = (Value(index, each) for index, each in enumerate(found))
    return _forecasts(values, name)


def _is_record(line: bytes) -> bool:
    """Whether a line is a record of its own; a document says its schema."""
    try:
        value = parse(line)
    except BadBody:
        return False
    return isinstance(value, dict) and "schema" not in value


def _forecasts(items: Iterable[Item], name: str) -> Forecasts:
    """The records of requests one by one, but for those that say why a request could not be read."""
    ledger: Ledger[Forecast] = Ledger()
    is_ceiling = False
    for item in items:
        place = Place(name, item.number - 1, item.number) if isinstance(item, Line) else Place(name, item.position)
        try:
            record = as_object(parse(item.data) if isinstance(item, Line) else item.value, "the record")
            if "path" not in record:
                raise BadBody("expected the record of a request, found another")
            if "error" not in record:
                ledger.add(text_at(record, "custom_id", "") or None, _forecast(record, place))
                is_ceiling = is_ceiling or record.get("ceiling") is True
        except BadBody as error:
            raise InputError(f"{printable(place.label)}: {error}; {_MADE_BY}") from None
    return Forecasts(ledger, is_ceiling=is_ceiling)


def _forecast(record: Object, place: Place) -> Forecast:
    is_priced = "total_usd" in record
    return Forecast(
        place,
        whole_at(record, "input_tokens", ""),
        record.get("exact") is True,
        whole_at(record, "output_tokens", "") if is_priced else None,
        amount_at(record, "total_usd", "") if is_priced else None,
        text_at(record, "model", "") or None,
    )


def _quote(at: Object, path: str) -> Part:
    usage, inside = object_at(at, "usage", path), f"{path}.usage"
    return Part(
        None,
        name_at(at, "model", path),
        name_at(at, "mode", path),
        whole_at(usage, "requests", inside, at_least=1),
        whole_at(usage, "input_tokens", inside),
        whole_at(usage, "output_tokens", inside),
        amount_at(at, "total_usd", path),
    )


def _workload(costing: Costing, catalog: Catalog) -> Part:
    variant = catalog.known(costing.model)
    found = found_tokens(catalog, variant, costing.tools) if variant else None
    return Part(
        costing.name,
        costing.model,
        costing.mode,
        costing.requests,
        costing.input_tokens + costing.requests * (found or 0),
        costing.output_tokens.expected,
        costing.expected_usd,
    )
