"""A Migration as a Report: the target and its price, why, what breaks, when the models end, and all paths side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.migrate import reasons
from gpt41_cli.commands.migrate.migrate import Migration, MigrationPath
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import compute_share, format_int, format_money, format_money_change, pluralize
from gpt41_cli.findings import Finding
from gpt41_cli.prices.quote import Quote
from gpt41_cli.reports import Json, Report, ReportLine
from gpt41_cli.reports.columns import Column, make_records, make_table
from gpt41_cli.reports.findings import dump_reason, make_invalid_findings, make_skipped_findings
from gpt41_cli.reports.quotes import dump_quote, find_bound_prefix, make_work_line
from gpt41_cli.rules import Level

if TYPE_CHECKING:
    from gpt41_cli.files.places import Rejections
    from gpt41_cli.files.trees import SkippedPath

SCHEMA = "gpt41.migrate/1"

NO_TARGET = "none"


def make_report(
    catalog: Catalog, migration: Migration, rejects: Rejections | None = None, skipped_files: Sequence[SkippedPath] = ()
) -> Report:
    """Make the report of a migration."""
    work = migration.work
    parts = {
        "why": list(reasons.list_advantages(migration)),
        "but": list(reasons.list_drawbacks(migration)),
        "breaks": migration.incompatibilities[migration.target.id] if migration.target else (),
        "dates": list(reasons.list_end_dates(catalog, migration)),
        "guide": list(reasons.list_guidance(migration)),
    }
    prices = _list_prices(migration)
    columns = _list_columns(migration, prices)
    return Report(
        schema=SCHEMA,
        answer=migration.target.id if migration.target else NO_TARGET,
        headline=_make_headline(migration),
        lines=(
            make_work_line(catalog, work, [*migration.current_quotes.values(), *(path.quote for path in migration.paths)]),
            *(ReportLine(kind, finding.message, finding.citation) for kind, findings in parts.items() for finding in findings),
        ),
        tables=(make_table(columns, prices, tone=lambda price: _choose_tone(price, migration)),),
        findings=(*migration.findings, *make_invalid_findings(rejects), *make_skipped_findings(skipped_files)),
        notes=migration.notes,
        data={
            "from": migration.question.from_variant.id,
            "to": migration.target.id if migration.target else None,
            "on": str(migration.question.market.as_of),
            "platform": migration.question.market.platform.id,
            "is_ceiling": work.is_ceiling,
            "estimates": work.estimated_requests,
            "lower_bounds": work.lower_bound_requests,
            "is_replayed": work.replay is not None,
            "today": [dump_quote(quote) for quote in migration.current_quotes.values()],
            "ways": [_make_path_json(path) for path in migration.paths],
            "reasons": [
                dump_reason(finding, kind=kind) for kind, findings in parts.items() if kind != "breaks" for finding in findings
            ],
            "breaks": [
                dump_reason(issue, model=model, level=issue.level.label)
                for model, issues in migration.incompatibilities.items()
                for issue in issues
            ],
        },
        records=make_records(columns, prices),
        catalog=catalog,
        mentioned=list(_find_mentioned(migration)),
    )


def _find_mentioned(migration: Migration) -> Iterator[Finding]:
    """Find the findings about the target that are among the lines: what breaks, and when it ends."""
    if migration.target:
        yield from migration.incompatibilities[migration.target.id]
    if path := migration.chosen_path:
        ends = lifecycle.check_lifecycle(migration.question.market, path.variant, Level.ERROR)
        yield from (finding for finding in ends if finding.rule is rules.MODEL_RETIRES)


def _make_headline(migration: Migration) -> str:
    leaving, path = migration.question.from_variant.id, migration.chosen_path
    if path is None:
        ends = [choose(migration.paths, key=lambda path: path.total_with_writes_usd) for choose in (min, max)]
        prices = [f"{format_money(end.total_with_writes_usd)} ({end.quote.model} in {end.quote.mode})" for end in ends]
        usd = find_bound_prefix(migration.work) + " to ".join(dict.fromkeys(prices))
        return f"Nothing with a price here is named in place of {leaving}: {usd} for the same work"
    where = "" if path.quote.mode == "standard" else f" in {path.quote.mode}"
    low, high = format_money(path.quote.total_usd), format_money(path.total_with_writes_usd)
    usd = low if low == high else f"{low} to {high}"
    time = "before" if migration.is_shut_down else "today"
    current = f" ({time} {format_money(path.current_quote.total_usd)})" if path.current_quote else ""
    price = f"{find_bound_prefix(migration.work)}{usd} for the same work{current}{_describe_headroom(path, time)}"
    return f"{path.quote.model} in place of {leaving}{where}: {price}{_describe_refusal(migration)}"


def _describe_refusal(migration: Migration) -> str:
    """Say why the target would refuse the requests as they are."""
    why = "; ".join(limit.message for limit in migration.refusing_limits)
    return f"; as it is it would be refused: {why}" if why else ""


def _describe_headroom(path: MigrationPath, time: str) -> str:
    """Say how much reasoning keeps the price at or below today's."""
    if path.added_usd is None or path.variant.model.reasoning is None:
        return ""
    if path.added_usd > 0:
        return f",{'' if path.is_more_expensive else ' with all cache writes'} more even without reasoning"
    if path.spare_reasoning_tokens is None:
        return ""
    if path.has_unlimited_reasoning:
        most = format_int(path.variant.model.max_output_tokens or 0)
        return f", and no more than {time} however long it reasons (its answers end at {most} tokens)"
    return f", and up to {pluralize(path.spare_reasoning_tokens, 'reasoning token')} a request cost no more than {time}"


class _PricedAt(NamedTuple):
    """A row: the work at today's quote or, with a path, at the quote it leads to."""

    quote: Quote
    path: MigrationPath | None

    @property
    def highest_usd(self) -> Decimal:
        """The price with all cache writes: the one that is compared."""
        return self.path.total_with_writes_usd if self.path else self.quote.total_usd


def _list_prices(migration: Migration) -> list[_PricedAt]:
    """List today's quotes, then every path."""
    today = (_PricedAt(quote, None) for quote in migration.current_quotes.values())
    return [*today, *(_PricedAt(path.quote, path) for path in migration.paths)]


def _list_columns(migration: Migration, prices: Sequence[_PricedAt]) -> tuple[Column[_PricedAt], ...]:
    highest = max(price.highest_usd for price in prices)
    time, targets = "before" if migration.is_shut_down else "today", migration.target_paths
    return (
        Column(None, "status", lambda row: "today" if not row.path else "answer" if row.path in targets else "beside"),
        Column("model", "model", lambda row: row.quote.model),
        Column("mode", "mode", lambda row: row.quote.mode),
        Column(">each" if migration.work.requests > 1 else None, None, lambda row: row.quote.usd_per_request),
        Column(">total", "total_usd", lambda row: row.quote.total_usd),
        Column("|", None, lambda row: compute_share(row.highest_usd, highest), str),
        Column(">cache writes", "cache_writes_usd", lambda row: row.path and row.path.cache_writes.extra_usd, _format_extra),
        Column(None, "most_usd", lambda row: row.highest_usd),
        Column(f">against {time}", "added_usd", lambda row: row.path and row.path.added_usd, format_money_change),
        Column(None, "reasoning_tokens", lambda row: row.path and row.path.spare_reasoning_tokens),
        Column(">reasoning tokens", None, lambda row: row.path and _format_headroom(row.path)),
        Column(
            "", None, lambda row: _describe_path(row.path, migration) if row.path else _describe_current(row.quote, migration)
        ),
    )


def _choose_tone(price: _PricedAt, migration: Migration) -> str:
    if price.path:
        return "chosen" if price.path is migration.chosen_path else ""
    return "faint" if migration.is_shut_down else ""


def _format_extra(usd: Decimal) -> str:
    return format_money_change(usd) if usd else ""


def _format_headroom(path: MigrationPath) -> str:
    if path.variant.model.reasoning is None:
        return "-"
    if path.added_usd is None:
        return ""
    headroom = "any" if path.has_unlimited_reasoning else format_int(path.spare_reasoning_tokens or 0)
    return "none" if path.spare_reasoning_tokens is None else headroom


_ENDS_SOON_DAYS = 365
"""An end within so many days speaks against moving to a model: you would have to move again within the year."""


def _describe_current(quote: Quote, migration: Migration) -> str:
    over = (finding.brief for finding in migration.exceeded_limits[quote.mode])
    return "; ".join(("shut down" if migration.is_shut_down else "today", *over))


def _describe_path(path: MigrationPath, migration: Migration) -> str:
    """Describe what a path is, or what of the work breaks on it."""
    question = migration.question
    life = lifecycle.find_past_shutdown(question.market, path.variant)
    is_named = path in migration.target_paths and not question.to_variants
    descriptions = ["shut down"] if life else ["named replacement"] if is_named else []
    retires = lifecycle.find_announced_shutdown(question.market, path.variant)
    if retires and retires.shutdown and (retires.shutdown - question.market.as_of).days < _ENDS_SOON_DAYS:
        descriptions.append(f"ends {retires.shutdown}")
    heavy = [issue for issue in migration.incompatibilities[path.variant.id] if issue.level >= Level.WARNING]
    refused = [finding.brief for finding in heavy if finding.rule is rules.REFUSED_PARAMETER]
    if refused:
        descriptions.append(f"refuses {', '.join(refused)}")
    return "; ".join((*descriptions, *(finding.brief for finding in heavy if finding.rule is not rules.REFUSED_PARAMETER)))


def _make_path_json(path: MigrationPath) -> Mapping[str, Json]:
    return {
        "quote": dump_quote(path.quote),
        "cache_write_tokens": path.cache_writes.tokens,
        "cache_writes_usd": path.cache_writes.extra_usd,
        "most_usd": path.total_with_writes_usd,
        "added_usd": path.added_usd,
        "reasoning_tokens": path.spare_reasoning_tokens,
    }
