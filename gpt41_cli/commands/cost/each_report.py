"""Priced requests one by one: as records for programs, and as rows to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.cost.each import Priced
from gpt41_cli.display import exact, money, number, plural
from gpt41_cli.files.places import Done, Invalid, Rejects
from gpt41_cli.pricing import sum_usd
from gpt41_cli.reports import Json, Report, Row, Table, columns
from gpt41_cli.reports.entries import invalid_record, invalid_row, named
from gpt41_cli.reports.findings import invalid_findings
from gpt41_cli.reports.quotes import bound_of

SCHEMA = "gpt41.priced/1"


def record(found: Done[Priced] | Invalid) -> Mapping[str, Json]:
    """What JSON, CSV and JSON Lines say of one request; of one that has no price, `error` says why."""
    if isinstance(found, Invalid):
        return invalid_record(found)
    place, priced = found
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
        "uncached_input_usd": exact(priced.bill.uncached_input_usd),
        "cached_input_usd": exact(priced.bill.cached_input_usd),
        "output_usd": exact(priced.bill.output_usd),
        "tools_usd": exact(priced.charges_usd),
        "total_usd": exact(priced.total_usd),
        "exact": priced.is_exact,
        "lower_bound": priced.is_lower_bound,
        "ceiling": priced.is_ceiling,
    }


def answer(priced: Priced) -> str:
    """The bare price of one request."""
    return exact(priced.total_usd)


def report(found: Sequence[Done[Priced] | Invalid], rejects: Rejects, catalog: Catalog | None, *, is_ceiling: bool) -> Report:
    """Every request in a row of its own."""
    priced = [each.result for each in found if isinstance(each, Done)]
    total_usd = sum_usd(each.total_usd for each in priced)
    bound = bound_of(is_ceiling, any(each.is_lower_bound for each in priced))
    return Report(
        schema=SCHEMA,
        answer="\n".join(map(answer, priced)),
        headline=f"{bound}{money(total_usd)} for {plural(len(priced), 'request')}",
        lines=(),
        tables=(Table(columns(">total", ">input", ">output", "`request", "model", "mode"), tuple(map(_row, found))),),
        findings=tuple(invalid_findings(rejects)),
        notes=(),
        data={"total_usd": exact(total_usd), "is_ceiling": is_ceiling, "requests": [record(each) for each in found]},
        records=tuple(record(each) for each in found),
        catalog=catalog,
    )


def _row(found: Done[Priced] | Invalid) -> Row:
    if isinstance(found, Invalid):
        return invalid_row(found, before=3, after=1)
    place, priced = found
    tokens = (number(priced.usage.input_tokens), number(priced.usage.output_tokens))
    return Row((money(priced.total_usd), *tokens, named(place, priced.custom_id), priced.model, priced.mode))
