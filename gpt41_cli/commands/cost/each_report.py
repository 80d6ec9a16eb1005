"""Priced requests one by one: as records for programs, and as rows for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.cost.each import PricedRequest
from gpt41_cli.display import format_exact, format_int, format_price, format_total, pluralize
from gpt41_cli.files.places import RejectedRequest, Rejections
from gpt41_cli.pricing import sum_usd
from gpt41_cli.reports import Json, Report, Row, Table, make_headings
from gpt41_cli.reports.bounds import join_bound_prefixes
from gpt41_cli.reports.entries import EntryKind, format_request_name, make_invalid_record, make_invalid_row
from gpt41_cli.reports.findings import make_invalid_findings

SCHEMA = "gpt41.priced/1"


def make_record(priced: PricedRequest | RejectedRequest) -> Mapping[str, Json]:
    """Make the record of one request for JSON, CSV and JSON Lines. If it has no price, `error` says why."""
    if isinstance(priced, RejectedRequest):
        return make_invalid_record(priced)
    place = priced.place
    return {
        "custom_id": priced.custom_id,
        "index": place.position or 0,
        "path": place.path,
        "line": place.line,
        "model": priced.model,
        "mode": priced.mode,
        "input_tokens": priced.usage.input_tokens,
        "cached_tokens": priced.usage.cached_tokens,
        "output_tokens": priced.usage.output_tokens,
        "uncached_input_usd": priced.bill.uncached_input_usd,
        "cached_input_usd": priced.bill.cached_input_usd,
        "output_usd": priced.bill.output_usd,
        "tools_usd": priced.tools_usd,
        "total_usd": priced.total_usd,
        "exact": priced.is_exact,
        "lower_bound": priced.is_lower_bound,
        "ceiling": priced.is_ceiling,
    }


def make_answer(priced: PricedRequest) -> str:
    """Return the bare price of one request."""
    return format_exact(priced.total_usd)


def make_report(
    requests: Sequence[PricedRequest | RejectedRequest],
    rejects: Rejections,
    catalog: Catalog | None,
    *,
    is_ceiling: bool,
    is_incomplete: bool = False,
) -> Report:
    """Make a report with a row per request. `is_incomplete`: some could not be read."""
    priced = [request for request in requests if isinstance(request, PricedRequest)]
    total_usd = sum_usd(request.total_usd for request in priced)
    bound = join_bound_prefixes({request.bound_prefix for request in priced}, is_incomplete=is_incomplete)
    return Report(
        schema=SCHEMA,
        answer="\n".join(map(make_answer, priced)),
        headline=f"{bound}{format_total(total_usd, len(priced))} for {pluralize(len(priced), 'request')}",
        lines=(),
        tables=(
            Table(make_headings(">total", ">input", ">output", "`request", "model", "mode"), tuple(map(_make_row, requests))),
        ),
        findings=tuple(make_invalid_findings(rejects)),
        notes=(),
        data={"total_usd": total_usd, "is_ceiling": is_ceiling, "requests": [make_record(request) for request in requests]},
        records=tuple(make_record(request) for request in requests),
        catalog=catalog,
    )


PRICED = EntryKind(make_report, make_record, make_answer, attrgetter("bound_prefix"), attrgetter("features"))


def _make_row(priced: PricedRequest | RejectedRequest) -> Row:
    if isinstance(priced, RejectedRequest):
        return make_invalid_row(priced, before=3, after=1)
    tokens = (format_int(priced.usage.input_tokens), format_int(priced.usage.output_tokens))
    name = format_request_name(priced.place, priced.custom_id)
    return Row((format_price(priced.total_usd), *tokens, name, priced.model, priced.mode))
