"""The rows of each question: their fields, and how one is made of JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any, Literal, NamedTuple

import pyarrow as pa

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
"""The decimals of money: all that a price of one token has, and two more."""

_USD = pa.decimal128(38, DECIMALS)
_WORDS = pa.list_(pa.string())
_NUMBERS = pa.list_(pa.int64())

FIELDS: Mapping[Question, Mapping[str, pa.DataType]] = {
    "count": {
        "custom_id": pa.string(),
        "model": pa.string(),
        "endpoint": pa.string(),
        "input_tokens": pa.int64(),
        **{f"{part}_tokens": pa.int64() for part in PARTS},
        "exact": pa.bool_(),
        "lower_bound": pa.bool_(),
        "assumptions": _WORDS,
        "error": pa.string(),
    },
    "price": {
        "custom_id": pa.string(),
        "model": pa.string(),
        "mode": pa.string(),
        "input_tokens": pa.int64(),
        "cached_tokens": pa.int64(),
        "output_tokens": pa.int64(),
        "uncached_input_usd": _USD,
        "cached_input_usd": _USD,
        "output_usd": _USD,
        "tools_usd": _USD,
        "total_usd": _USD,
        "exact": pa.bool_(),
        "lower_bound": pa.bool_(),
        "ceiling": pa.bool_(),
        "error": pa.string(),
    },
    "sizes": {name: {str: pa.string(), int: pa.int64(), bool: pa.bool_()}[kind] for name, kind in SIZE_FIELDS.items()},
    "answers": {
        "id": pa.string(),
        "custom_id": pa.string(),
        "model": pa.string(),
        "mode": pa.string(),
        "day": pa.date32(),
        "requests": pa.int64(),
        "input_tokens": pa.int64(),
        "cached_tokens": pa.int64(),
        "cache_write_tokens": pa.int64(),
        "output_tokens": pa.int64(),
        "reasoning_tokens": pa.int64(),
        "uncached_input_usd": _USD,
        "cached_input_usd": _USD,
        "write_usd": _USD,
        "output_usd": _USD,
        "tools_usd": _USD,
        "total_usd": _USD,
        "warnings": _WORDS,
        "error": pa.string(),
    },
    "prefixes": {
        "model": pa.string(),
        "routing": pa.int64(),
        "input_tokens": pa.int64(),
        "ends": _NUMBERS,
        "digests": _NUMBERS,
        "error": pa.string(),
    },
}
"""The fields of the structs. Every question has an `error`."""


class RowMaker(NamedTuple):
    """How the rows of a question are made: `read` and `make_row` raise BadBody for one that has no answer.

    `expected` says what a row is; `header` is what a row with an error has besides; `learn` sees rows in advance.
    """

    expected: str
    read: Callable[[JsonValue], Any]
    make_row: Callable[[Any], Mapping[str, object]]
    header: Mapping[str, object] = {}
    learn: Callable[[Sequence[Any]], None] | None = None


def make_row_maker(
    question: Question,
    meter: Meter,
    market: Market | None,
    variant: Variant | None,
    mode: str | None,
    assumptions: Assumptions,
    kind: str | None,
) -> RowMaker:
    """Make what answers a question in one process. `market` is None for questions without prices."""
    if question == "answers":
        assert market
        pricer = AnswerPricer(BillingContext(market, variant and variant.id))
        return RowMaker("an answer", _read_one_answer, partial(_make_answer_row, pricer))
    read = partial(read_json_request, kind=kind)
    if question == "sizes":
        writer = SizeWriter(meter)
        return RowMaker("a request", read, writer.make_row, writer.header, meter.memo_filler)
    if question == "prefixes":
        return RowMaker("a request", read, partial(_make_prefix_row, meter), learn=meter.memo_filler)
    if question == "count":
        return RowMaker("a request", read, partial(_make_counted_row, meter), learn=meter.memo_filler)
    assert market
    priced = partial(_make_priced_row, RequestPricer(market, meter, assumptions, variant, mode))
    return RowMaker("a request", read, priced, learn=meter.memo_filler)


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
    found = list(read_entries(value))
    for each in found:
        if isinstance(each, BadBody):
            raise each
    answers = [each for each in found if isinstance(each, Answer)]
    if len(answers) == 1:
        return answers[0]
    if answers:
        raise BadBody(expected="one answer", found=f"{len(answers)} of them: give each a row of its own")
    if any(isinstance(each, StreamPart) for each in found):
        raise BadBody(expected="a whole answer", found="a part of a stream: join the parts first")
    reasons = [each.message for each in found if isinstance(each, Finding)]
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
    found = {name: record.get(name) for name in FIELDS[question]}
    for name, value in found.items():
        if isinstance(value, Decimal) and value != round(value, DECIMALS):
            raise BadBody(expected=f"a price of at most {DECIMALS} decimals", found=f"{value.normalize():f}")
        if isinstance(value, str):
            found[name] = make_text(value)
    return found
