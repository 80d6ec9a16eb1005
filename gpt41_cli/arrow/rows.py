"""The rows of each question: their fields, and how one is made of JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Literal, NamedTuple

import pyarrow as pa

from gpt41_cli import __version__
from gpt41_cli.answers.answers import Answer, StreamPart
from gpt41_cli.answers.records import read_entries
from gpt41_cli.catalog import Market, Variant
from gpt41_cli.commands.cost.each import RequestPricer
from gpt41_cli.commands.cost.each_report import make_record as make_priced_record
from gpt41_cli.commands.reconcile.charge import AnswerPricer, BillingContext, Charge
from gpt41_cli.files.fields import BadBody, JsonValue
from gpt41_cli.findings import Finding
from gpt41_cli.reports.entries import make_record as make_counted_record
from gpt41_cli.requests.readers import ParsedRequest, read_json_request
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.pieces import PARTS
from gpt41_cli.work.sizes_table import SIZE_FIELDS, SizeWriter
from gpt41_cli.work.workload import Assumptions

Question = Literal["count", "price", "sizes", "answers", "prefixes"]

DECIMALS = 12
"""The decimals of money: as many as a price of one token has, and two more."""

_USD = pa.decimal128(38, DECIMALS)
_WORDS = pa.list_(pa.string())

FIELDS: Mapping[Question, Mapping[str, pa.DataType]] = {
    "count": {
        **dict.fromkeys(("custom_id", "model", "endpoint"), pa.string()),
        **dict.fromkeys(("input_tokens", *(f"{part}_tokens" for part in PARTS)), pa.int64()),
        **dict.fromkeys(("exact", "lower_bound"), pa.bool_()),
        "assumptions": _WORDS,
        "error": pa.string(),
    },
    "price": {
        **dict.fromkeys(("custom_id", "model", "mode"), pa.string()),
        **dict.fromkeys(("input_tokens", "cached_tokens", "output_tokens"), pa.int64()),
        **dict.fromkeys(("uncached_input_usd", "cached_input_usd", "output_usd", "tools_usd", "total_usd"), _USD),
        **dict.fromkeys(("exact", "lower_bound", "ceiling"), pa.bool_()),
        "error": pa.string(),
    },
    "sizes": {name: {str: pa.string(), int: pa.int64(), bool: pa.bool_()}[kind] for name, kind in SIZE_FIELDS.items()},
    "answers": {
        **dict.fromkeys(("id", "custom_id", "model", "mode"), pa.string()),
        "day": pa.date32(),
        **dict.fromkeys(("requests", "input_tokens", "cached_tokens"), pa.int64()),
        **dict.fromkeys(("cache_write_tokens", "output_tokens", "reasoning_tokens"), pa.int64()),
        **dict.fromkeys(("uncached_input_usd", "cached_input_usd", "write_usd"), _USD),
        **dict.fromkeys(("output_usd", "tools_usd", "total_usd"), _USD),
        "warnings": _WORDS,
        "error": pa.string(),
    },
    "prefixes": {
        "model": pa.string(),
        **dict.fromkeys(("routing", "input_tokens"), pa.int64()),
        **dict.fromkeys(("ends", "digests"), pa.list_(pa.int64())),
        "error": pa.string(),
    },
}
"""The fields of the structs. Every question has an `error`."""


class RowMaker(NamedTuple):
    """How the rows of a question are made: `read` and `make_row` raise BadBody for one that has no answer.

    `expected` says what a row is; `header` has the fields that a row with an error has, too; `learn` sees rows in advance.
    """

    expected: str
    read: Callable[[JsonValue], Any]
    make_row: Callable[[Any], Mapping[str, object]]
    header: Mapping[str, object] = {}
    learn: Callable[[Sequence[Any]], None] | None = None


class Terms(NamedTuple):
    """The arguments of a column, as they travel to workers: with the price table itself, as a worker may have another one."""

    question: Question
    table: bytes
    table_name: str
    names: tuple[tuple[str, str], ...]
    as_of: date | None = None
    platform: str = "openai"
    model: str | None = None
    mode: str | None = None
    assumptions: Assumptions = Assumptions()
    image_size: tuple[int, int] | None = None
    kind: str | None = None
    version: str = __version__


def make_row_maker(terms: Terms, meter: Meter, market: Market | None, variant: Variant | None) -> RowMaker:
    """Make the RowMaker that answers a question in one process. `market` is None for questions without prices."""
    if terms.question == "answers":
        assert market
        pricer = AnswerPricer(BillingContext(market, variant and variant.id))
        return RowMaker("an answer", _read_one_answer, partial(_make_answer_row, pricer))
    read = partial(read_json_request, kind=terms.kind)
    if terms.question == "sizes":
        writer = SizeWriter(meter)
        return RowMaker("a request", read, writer.make_row, writer.header, meter.memo_filler)
    if terms.question == "price":
        assert market
        make_row = partial(_make_priced_row, RequestPricer(market, meter, terms.assumptions, variant, terms.mode))
    else:
        make_row = partial(_make_prefix_row if terms.question == "prefixes" else _make_counted_row, meter)
    return RowMaker("a request", read, make_row, learn=meter.memo_filler)


def make_text(text: str) -> str:
    """Return text that Arrow takes: JSON may hold half of a surrogate pair."""
    return text.encode("utf-8", "replace").decode()


def _make_counted_row(meter: Meter, sent: ParsedRequest) -> Mapping[str, object]:
    record = dict(make_counted_record(meter.count(sent)))
    parts, doubts = record["parts"], record["assumptions"]
    assert isinstance(parts, dict)
    assert isinstance(doubts, list)
    record.update({f"{part}_tokens": tokens for part, tokens in parts.items()})
    record["assumptions"] = list(dict.fromkeys(str(doubt["rule"]) for doubt in doubts))
    return _select(record, "count")


def _make_prefix_row(meter: Meter, sent: ParsedRequest) -> Mapping[str, object]:
    """Digest what the prompt cache can hold. Raises BadBody for a model that the table doesn't have."""
    _, method = meter.require_model(meter.model or sent.request.model)
    request = meter.fill_image_sizes(sent.request)
    prefix = meter.digest_prefix(request)
    return {
        "model": prefix.model,
        "routing": _make_signed(prefix.routing_digest),
        "input_tokens": meter.count_input_tokens(request, method),
        "ends": list(prefix.ends),
        "digests": list(map(_make_signed, prefix.digests)),
    }


def _make_signed(digest: int) -> int:
    """Return a digest of 64 bits as the number that has them with a sign: few engines have any other."""
    return digest - (1 << 64) if digest >> 63 else digest


def _make_priced_row(pricer: RequestPricer, sent: ParsedRequest) -> Mapping[str, object]:
    return _select(make_priced_record(pricer.price(sent)), "price")


def _read_one_answer(value: JsonValue) -> Answer:
    """Read the only answer of a record. Raises BadBody if it has none, several, or a part of one."""
    entries = list(read_entries(value))
    for entry in entries:
        if isinstance(entry, BadBody):
            raise entry
    answers = [entry for entry in entries if isinstance(entry, Answer)]
    if len(answers) == 1:
        return answers[0]
    if answers:
        raise BadBody(expected="one answer", found=f"{len(answers)} of them: give each a row of its own")
    if any(isinstance(entry, StreamPart) for entry in entries):
        raise BadBody(expected="a whole answer", found="a part of a stream: join the parts first")
    reasons = [entry.message for entry in entries if isinstance(entry, Finding)]
    raise BadBody(problem=reasons[0]) if reasons else BadBody(expected="an answer with its usage", found="none")


def _make_answer_row(pricer: AnswerPricer, answer: Answer) -> Mapping[str, object]:
    """Price an answer as `reconcile` does. Raises BadBody if it has no price."""
    offer = pricer.find_offer(answer)
    if isinstance(offer, Finding):
        raise BadBody(problem=offer.message)
    tools_usd, unclear = pricer.price_tools(offer, answer)
    charge = Charge(offer)
    charge.add(answer, tools_usd)
    bill, doubts = charge.bill, (*unclear, *pricer.find_doubts(offer, answer))
    record = {
        **{name: getattr(answer, name) for name in ("id", "custom_id", "mode", "day", "cache_write_tokens", "reasoning_tokens")},
        **{name: getattr(answer.usage, name) for name in ("requests", "input_tokens", "cached_tokens", "output_tokens")},
        "model": offer.variant.id,
        **{name: getattr(bill, name) for name in ("uncached_input_usd", "cached_input_usd", "write_usd", "output_usd")},
        "tools_usd": tools_usd,
        "total_usd": charge.total_usd,
        "warnings": list(dict.fromkeys(doubt.rule.id for doubt in doubts)),
    }
    return _select(record, "answers")


def _select(record: Mapping[str, Any], question: Question) -> dict[str, object]:
    """Return the fields of a record that the column has.

    Raises BadBody for a price with more decimals than it has: pyarrow rounds nothing, and would fail for all rows.
    """
    row = {name: record.get(name) for name in FIELDS[question]}
    for name, value in row.items():
        if isinstance(value, Decimal) and value != round(value, DECIMALS):
            raise BadBody(expected=f"a price of at most {DECIMALS} decimals", found=f"{value.normalize():f}")
        if isinstance(value, str):
            row[name] = make_text(value)
    return row
