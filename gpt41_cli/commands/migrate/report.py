"""A Migration as a Report: where it leads and for how much, why, what breaks, when what ends, and every way side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.commands.migrate import reasons as moving
from gpt41_cli.commands.migrate.incompatibilities import Incompatibility
from gpt41_cli.commands.migrate.migrate import Migration, MigrationPath
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import compute_share, format_exact, format_int, format_money, format_money_change, pluralize
from gpt41_cli.findings import Level
from gpt41_cli.prices.quote import Quote
from gpt41_cli.reports import Json, Report, ReportLine, Row, Table, make_headings
from gpt41_cli.reports.findings import make_invalid_findings, make_skipped_findings
from gpt41_cli.reports.quotes import dump_quote, find_bound_prefix, make_work_line
from gpt41_cli.reports.remarks import dump_remark

if TYPE_CHECKING:
    from gpt41_cli.files.places import Rejections
    from gpt41_cli.files.trees import SkippedPath

SCHEMA = "gpt41.migrate/1"

NO_TARGET = "none"


def make_report(
    catalog: Catalog, found: Migration, rejects: Rejections | None = None, left_out: Sequence[SkippedPath] = ()
) -> Report:
    """The migration, to be read, to be quoted in a pull request, and to be computed with."""
    work = found.work
    said = {
        "why": list(moving.list_advantages(found)),
        "but": list(moving.list_drawbacks(found)),
        "breaks": [each.remark for each in found.incompatibilities[found.target.id]] if found.target else [],
        "dates": list(moving.list_end_dates(catalog, found)),
        "guide": list(moving.list_guidance(found)),
    }
    return Report(
        schema=SCHEMA,
        answer=found.target.id if found.target else NO_TARGET,
        headline=_make_headline(found),
        lines=(
            make_work_line(catalog, work, [*found.current_quotes.values(), *(way.quote for way in found.paths)]),
            *(ReportLine(kind, remark.text, remark.citation) for kind, remarks in said.items() for remark in remarks),
        ),
        tables=(_make_table(found),),
        findings=(*found.findings, *make_invalid_findings(rejects), *make_skipped_findings(left_out)),
        notes=found.notes,
        data={
            "from": found.question.from_variant.id,
            "to": found.target.id if found.target else None,
            "on": str(found.question.as_of),
            "platform": found.question.platform.id,
            "is_ceiling": work.is_ceiling,
            "estimates": work.estimated_requests,
            "lower_bounds": work.lower_bound_requests,
            "is_replayed": work.replay is not None,
            "today": [dump_quote(quote) for quote in found.current_quotes.values()],
            "ways": [_make_path_json(way) for way in found.paths],
            "reasons": [dump_remark(kind, remark) for kind, remarks in said.items() if kind != "breaks" for remark in remarks],
            "breaks": [
                _make_incompatibility_json(model, each) for model, broken in found.incompatibilities.items() for each in broken
            ],
        },
        records=(
            *(_make_current_record(quote) for quote in found.current_quotes.values()),
            *(_make_path_record(way, found) for way in found.paths),
        ),
        catalog=catalog,
    )


def _make_headline(found: Migration) -> str:
    leaving, way = found.question.from_variant.id, found.chosen_path
    if way is None:
        both = (choose(found.paths, key=lambda way: way.total_with_writes_usd) for choose in (min, max))
        usd = " to ".join(
            dict.fromkeys(f"{format_money(way.total_with_writes_usd)} ({way.quote.model} in {way.quote.mode})" for way in both)
        )
        return f"Nothing with a price here is named in place of {leaving}: {find_bound_prefix(found.work)}{usd} for the same work"
    where = "" if way.quote.mode == "standard" else f" in {way.quote.mode}"
    low, high = format_money(way.quote.total_usd), format_money(way.total_with_writes_usd)
    usd = low if low == high else f"{low} to {high}"
    time = "before" if found.is_shut_down else "today"
    now = f" ({time} {format_money(way.current_quote.total_usd)})" if way.current_quote else ""
    price = f"{find_bound_prefix(found.work)}{usd} for the same work{now}{_describe_headroom(way, time)}"
    return f"{way.quote.model} in place of {leaving}{where}: {price}{_describe_refusal(found, way.variant)}"


def _describe_refusal(found: Migration, target: Variant) -> str:
    """Why the target would take no such request."""
    broken = [each.remark.text for each in found.incompatibilities[target.id] if each.level is Level.ERROR]
    why = "; ".join(text.removeprefix(f"{target.id}: ") for text in broken)
    return f"; as it is it would be refused: {why}" if why else ""


def _describe_headroom(way: MigrationPath, time: str) -> str:
    """How much reasoning leaves it below the price of then."""
    if way.added_usd is None or way.variant.model.reasoning is None:
        return ""
    if way.added_usd > 0:
        return ", more even without reasoning" if way.is_more_expensive else ", with all cache writes more even without reasoning"
    if way.spare_reasoning_tokens is None:
        return ""
    if way.has_unlimited_reasoning:
        most = format_int(way.variant.model.max_output_tokens or 0)
        return f", and no more than {time} however long it reasons (its answers end at {most} tokens)"
    return f", and up to {pluralize(way.spare_reasoning_tokens, 'reasoning token')} a request cost no more than {time}"


def _make_table(found: Migration) -> Table:
    """Today first, then every way; the highest price of each, its cache writes included, is what is compared."""
    each = (">each",) if found.work.requests > 1 else ()
    then = "before" if found.is_shut_down else "today"
    titles = make_headings("model", "mode", *each, ">total", "|", ">cache writes", f">against {then}", ">reasoning tokens", "")
    prices = [*(way.total_with_writes_usd for way in found.paths), *(quote.total_usd for quote in found.current_quotes.values())]
    dearest = max(prices)
    today = (_make_current_row(quote, found, dearest) for quote in found.current_quotes.values())
    return Table(titles, (*today, *(_make_path_row(way, found, dearest) for way in found.paths)))


def _make_current_row(quote: Quote, found: Migration, dearest: Decimal) -> Row:
    over = (each.brief for each in found.exceeded_limits[quote.mode])
    cells = (
        quote.model,
        quote.mode,
        *((format_money(quote.usd_per_request),) if found.work.requests > 1 else ()),
        format_money(quote.total_usd),
        str(compute_share(quote.total_usd, dearest)),
        "",
        "",
        "",
        "; ".join(("shut down" if found.is_shut_down else "today", *over)),
    )
    return Row(cells, "faint" if found.is_shut_down else "")


def _make_path_row(way: MigrationPath, found: Migration, dearest: Decimal) -> Row:
    cells = (
        way.quote.model,
        way.quote.mode,
        *((format_money(way.quote.usd_per_request),) if found.work.requests > 1 else ()),
        format_money(way.quote.total_usd),
        str(compute_share(way.total_with_writes_usd, dearest)),
        format_money_change(way.cache_writes.extra_usd) if way.cache_writes.extra_usd else "",
        "" if way.added_usd is None else format_money_change(way.added_usd),
        _format_headroom(way),
        _describe_path(way, found),
    )
    return Row(cells, "chosen" if way is found.chosen_path else "")


def _format_headroom(way: MigrationPath) -> str:
    if way.variant.model.reasoning is None:
        return "-"
    if way.added_usd is None:
        return ""
    return (
        "none"
        if way.spare_reasoning_tokens is None
        else "any"
        if way.has_unlimited_reasoning
        else format_int(way.spare_reasoning_tokens)
    )


_ENDS_SOON_DAYS = 365
"""Within so many days the end of a model speaks against moving to it: one would have to move again within the year."""


def _describe_path(way: MigrationPath, found: Migration) -> str:
    """What it is, or what of the work does not move along to it."""
    life = lifecycle.find_past_shutdown(way.variant, found.question.platform, found.question.as_of)
    is_named = way in found.target_paths and not found.question.to_variants
    told = ["shut down"] if life else ["named replacement"] if is_named else []
    retires = lifecycle.find_announced_shutdown(way.variant, found.question.platform, found.question.as_of)
    if retires and retires.shutdown and (retires.shutdown - found.question.as_of).days < _ENDS_SOON_DAYS:
        told.append(f"ends {retires.shutdown}")
    heavy = [each.remark for each in found.incompatibilities[way.variant.id] if each.level >= Level.WARNING]
    refused = [remark.brief for remark in heavy if remark.rule == "refused-parameter"]
    if refused:
        told.append(f"refuses {', '.join(refused)}")
    return "; ".join((*told, *(remark.brief for remark in heavy if remark.rule != "refused-parameter")))


def _make_path_json(way: MigrationPath) -> Mapping[str, Json]:
    return {
        "quote": dump_quote(way.quote),
        "cache_write_tokens": way.cache_writes.tokens,
        "cache_writes_usd": format_exact(way.cache_writes.extra_usd),
        "most_usd": format_exact(way.total_with_writes_usd),
        "added_usd": None if way.added_usd is None else format_exact(way.added_usd),
        "reasoning_tokens": way.spare_reasoning_tokens,
    }


def _make_incompatibility_json(model: str, each: Incompatibility) -> Mapping[str, Json]:
    remark = each.remark
    return {
        "model": model,
        "level": each.level.label,
        "rule": remark.rule,
        "text": remark.text,
        "sources": [source._asdict() for source in dict.fromkeys(remark.sources)],
    }


def _make_current_record(quote: Quote) -> Mapping[str, Json]:
    return {
        "status": "today",
        "model": quote.model,
        "mode": quote.mode,
        "total_usd": format_exact(quote.total_usd),
        "cache_writes_usd": None,
        "most_usd": format_exact(quote.total_usd),
        "added_usd": None,
        "reasoning_tokens": None,
    }


def _make_path_record(way: MigrationPath, found: Migration) -> Mapping[str, Json]:
    return {
        "status": "answer" if way in found.target_paths else "beside",
        "model": way.quote.model,
        "mode": way.quote.mode,
        "total_usd": format_exact(way.quote.total_usd),
        "cache_writes_usd": format_exact(way.cache_writes.extra_usd),
        "most_usd": format_exact(way.total_with_writes_usd),
        "added_usd": None if way.added_usd is None else format_exact(way.added_usd),
        "reasoning_tokens": way.spare_reasoning_tokens,
    }
