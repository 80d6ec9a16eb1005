"""A Migration as a Report: where it leads and for how much, why, what breaks, when what ends, and every way side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.commands.migrate import reasons as moving
from gpt41_cli.commands.migrate.migrate import Migration, MigrationPath
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import compute_share, format_int, format_money, format_money_change, pluralize
from gpt41_cli.prices.quote import Quote
from gpt41_cli.reports import Json, Report, ReportLine
from gpt41_cli.reports.columns import Column, make_records, make_table
from gpt41_cli.reports.findings import make_invalid_findings, make_skipped_findings
from gpt41_cli.reports.quotes import dump_quote, find_bound_prefix, make_work_line
from gpt41_cli.reports.remarks import dump_remark
from gpt41_cli.rules import Level

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
    prices = _list_prices(found)
    columns = _list_columns(found, prices)
    return Report(
        schema=SCHEMA,
        answer=found.target.id if found.target else NO_TARGET,
        headline=_make_headline(found),
        lines=(
            make_work_line(catalog, work, [*found.current_quotes.values(), *(way.quote for way in found.paths)]),
            *(ReportLine(kind, remark.text, remark.citation) for kind, remarks in said.items() for remark in remarks),
        ),
        tables=(make_table(columns, prices, tone=lambda price: _choose_tone(price, found)),),
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
            "reasons": [
                dump_remark(remark, kind=kind) for kind, remarks in said.items() if kind != "breaks" for remark in remarks
            ],
            "breaks": [
                dump_remark(each.remark, model=model, level=each.level.label)
                for model, broken in found.incompatibilities.items()
                for each in broken
            ],
        },
        records=make_records(columns, prices),
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
    why = "; ".join(each.reason for each in found.incompatibilities[target.id] if each.reason)
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


class _PricedAt(NamedTuple):
    """A row: the work at a quote of today, or, if there is a path, at where that leads."""

    quote: Quote
    path: MigrationPath | None

    @property
    def highest_usd(self) -> Decimal:
        """The price with all cache writes, which is what is compared."""
        return self.path.total_with_writes_usd if self.path else self.quote.total_usd


def _list_prices(found: Migration) -> list[_PricedAt]:
    """Today first, then every way."""
    today = (_PricedAt(quote, None) for quote in found.current_quotes.values())
    return [*today, *(_PricedAt(path.quote, path) for path in found.paths)]


def _list_columns(found: Migration, prices: Sequence[_PricedAt]) -> tuple[Column[_PricedAt], ...]:
    dearest = max(price.highest_usd for price in prices)
    then = "before" if found.is_shut_down else "today"
    return (
        Column(None, "status", lambda row: "today" if not row.path else "answer" if row.path in found.target_paths else "beside"),
        Column("model", "model", lambda row: row.quote.model),
        Column("mode", "mode", lambda row: row.quote.mode),
        Column(">each" if found.work.requests > 1 else None, None, lambda row: row.quote.usd_per_request),
        Column(">total", "total_usd", lambda row: row.quote.total_usd),
        Column("|", None, lambda row: compute_share(row.highest_usd, dearest), str),
        Column(">cache writes", "cache_writes_usd", lambda row: row.path and row.path.cache_writes.extra_usd, _format_extra),
        Column(None, "most_usd", lambda row: row.highest_usd),
        Column(f">against {then}", "added_usd", lambda row: row.path and row.path.added_usd, format_money_change),
        Column(None, "reasoning_tokens", lambda row: row.path and row.path.spare_reasoning_tokens),
        Column(">reasoning tokens", None, lambda row: row.path and _format_headroom(row.path)),
        Column("", None, lambda row: _describe_path(row.path, found) if row.path else _describe_current(row.quote, found)),
    )


def _choose_tone(price: _PricedAt, found: Migration) -> str:
    if price.path:
        return "chosen" if price.path is found.chosen_path else ""
    return "faint" if found.is_shut_down else ""


def _format_extra(usd: Decimal) -> str:
    return format_money_change(usd) if usd else ""


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


def _describe_current(quote: Quote, found: Migration) -> str:
    over = (remark.brief for remark in found.exceeded_limits[quote.mode])
    return "; ".join(("shut down" if found.is_shut_down else "today", *over))


def _describe_path(way: MigrationPath, found: Migration) -> str:
    """What it is, or what of the work does not move along to it."""
    life = lifecycle.find_past_shutdown(way.variant, found.question.platform, found.question.as_of)
    is_named = way in found.target_paths and not found.question.to_variants
    told = ["shut down"] if life else ["named replacement"] if is_named else []
    retires = lifecycle.find_announced_shutdown(way.variant, found.question.platform, found.question.as_of)
    if retires and retires.shutdown and (retires.shutdown - found.question.as_of).days < _ENDS_SOON_DAYS:
        told.append(f"ends {retires.shutdown}")
    heavy = [each.remark for each in found.incompatibilities[way.variant.id] if each.level >= Level.WARNING]
    refused = [remark.brief for remark in heavy if remark.rule is rules.REFUSED_PARAMETER]
    if refused:
        told.append(f"refuses {', '.join(refused)}")
    return "; ".join((*told, *(remark.brief for remark in heavy if remark.rule is not rules.REFUSED_PARAMETER)))


def _make_path_json(way: MigrationPath) -> Mapping[str, Json]:
    return {
        "quote": dump_quote(way.quote),
        "cache_write_tokens": way.cache_writes.tokens,
        "cache_writes_usd": way.cache_writes.extra_usd,
        "most_usd": way.total_with_writes_usd,
        "added_usd": way.added_usd,
        "reasoning_tokens": way.spare_reasoning_tokens,
    }
