"""A Migration as a Report: the target and its price, why, what breaks, when the models end, and all paths side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import accumulate
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.migrate import reasons
from gpt41_cli.commands.migrate.migrate import Migration, MigrationPath, ReasonedPrice, price_reasoning
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import choose_money_format, compute_share, format_int, format_money_change, format_price, pluralize
from gpt41_cli.findings import Finding
from gpt41_cli.prices.quote import Quote
from gpt41_cli.reports import Json, Report, ReportLine
from gpt41_cli.reports.columns import Column, Item, Usd, make_records, make_table
from gpt41_cli.reports.findings import dump_reason
from gpt41_cli.reports.quotes import dump_quote, find_bound_prefix, format_period, make_work_line
from gpt41_cli.rules import Level

SCHEMA = "gpt41.migrate/1"

MAX_DRAWBACKS = 3
MAX_ROWS = 12
"""How many drawbacks and rows a brief answer shows, the most important first."""


def make_report(catalog: Catalog, migration: Migration, reasoning_tokens: Mapping[str, int]) -> Report:
    """Make the report of a migration. `reasoning_tokens` are those that each request is taken to add, by effort."""
    work = migration.work
    reasoned = price_reasoning(migration.target_paths, reasoning_tokens)
    issues = migration.incompatibilities[migration.target.id] if migration.target else ()
    parts = {
        "why": list(reasons.list_advantages(migration)),
        "but": list(reasons.list_drawbacks(migration)),
        **sort_by_certainty(issues),
        "dates": list(reasons.list_end_dates(migration)),
        "guide": list(reasons.list_guidance(migration)),
    }
    prices = [_PricedAt(quote, None) for quote in migration.current_quotes.values()]
    prices += (_PricedAt(path.quote, path) for path in migration.paths)
    rows = _sort_for_table(migration, prices)
    distant = set() if migration.question.to_variants else _find_distant_models(rows)
    columns = _list_columns(migration, prices)
    details = _find_details(migration, parts)
    tone, is_detail = partial(_choose_tone, migration=migration), lambda price: price.quote.model in distant
    tables = [make_table(columns, rows, tone=tone, is_row_detail=is_detail)]
    if reasoned:
        title = f"{reasoned[0].path.variant.id} with reasoning tokens in every request, and with all cache writes"
        tables.append(make_table(_list_reasoning_columns(migration, reasoned), reasoned, title))
    return Report(
        schema=SCHEMA,
        answer=migration.target.id if migration.target else "none",
        headline=_make_headline(migration, reasoned),
        lines=(
            make_work_line(catalog, work, [*migration.current_quotes.values(), *(path.quote for path in migration.paths)]),
            *(
                ReportLine(kind, finding.message, finding.citation, is_detail=finding in details)
                for kind, findings in parts.items()
                for finding in findings
            ),
        ),
        tables=tuple(tables),
        findings=migration.findings,
        notes=migration.notes,
        data=_make_data(migration, reasoned, parts),
        records=make_records(columns, prices),
        catalog=catalog,
        mentioned=list(_find_mentioned(migration)),
    )


def _make_data(
    migration: Migration, reasoned: Sequence[ReasonedPrice], parts: Mapping[str, Sequence[Finding]]
) -> Mapping[str, Json]:
    work, question = migration.work, migration.question
    return {
        "from": question.from_variant.id,
        "to": migration.target.id if migration.target else None,
        "on": str(question.market.as_of),
        "platform": question.market.platform.id,
        "is_ceiling": work.is_ceiling,
        "estimates": work.estimated_requests,
        "lower_bounds": work.lower_bound_requests,
        "is_replayed": work.replay is not None,
        "today": [dump_quote(quote) for quote in migration.current_quotes.values()],
        "reasoning": make_records(_list_reasoning_columns(migration, reasoned), reasoned),
        "ways": [_make_path_json(path) for path in migration.paths],
        "reasons": [
            dump_reason(finding, kind=kind) for kind, findings in parts.items() if kind not in CERTAINTIES for finding in findings
        ],
        "breaks": [
            dump_reason(issue, model=model, level=issue.level.label)
            for model, issues in migration.incompatibilities.items()
            for issue in issues
        ],
    }


CERTAINTIES = ("breaks", "unsure", "differs")
"""How certain a break is: certain; possible, as nobody has confirmed it; or not in this work."""

_UNCONFIRMED = (rules.UNSTATED_ABILITY, rules.IMAGE_RULE)
"""The rules whose findings say that nobody knows whether something breaks."""


def sort_by_certainty(issues: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Sort what breaks, or may break, by CERTAINTIES."""
    issues_by_certainty: dict[str, list[Finding]] = {name: [] for name in CERTAINTIES}
    for issue in issues:
        is_used, is_unsure = issue.level >= Level.WARNING, issue.rule in _UNCONFIRMED
        issues_by_certainty[CERTAINTIES[2] if not is_used else CERTAINTIES[is_unsure]].append(issue)
    return issues_by_certainty


def _list_reasoning_columns(migration: Migration, reasoned: Sequence[ReasonedPrice]) -> tuple[Column[ReasonedPrice], ...]:
    time = "before" if migration.is_shut_down else "today"
    show = choose_money_format([price.total_usd for price in reasoned], migration.work.requests)
    has_efforts = any(price.effort for price in reasoned)
    return (
        Column("effort" if has_efforts else None, "effort", lambda price: price.effort or None),
        Column(">tokens", "tokens", lambda price: price.tokens),
        Column(None, "model", lambda price: price.path.quote.model),
        Column("mode", "mode", lambda price: price.path.quote.mode),
        Column(">total", "total_usd", lambda price: price.total_usd, show),
        Column(f">against {time}", "added_usd", lambda price: price.added_usd, partial(format_money_change, show=show)),
    )


def _find_details(migration: Migration, parts: Mapping[str, Sequence[Finding]]) -> list[Finding]:
    """Find what a brief answer leaves out: the guide, cache writes that cost nothing, and all drawbacks but the first."""
    path = migration.chosen_path
    is_free = path is not None and not path.cache_writes.extra_usd
    free = [finding for finding in parts["but"] if is_free and finding.rule is rules.CACHE_WRITES]
    drawbacks = [finding for finding in parts["but"] if finding not in free]
    return [*parts["guide"], *free, *drawbacks[MAX_DRAWBACKS:]]


def _find_mentioned(migration: Migration) -> Iterator[Finding]:
    """Find the findings that are among the lines: what breaks, and when today's model and the target end."""
    if migration.target:
        yield from migration.incompatibilities[migration.target.id]
        yield from (finding for finding in migration.findings if finding.rule is rules.MODEL_RETIRES)


def _make_headline(migration: Migration, reasoned: Sequence[ReasonedPrice]) -> str:
    leaving, path = migration.question.from_variant.id, migration.chosen_path
    if path is None:
        ends = [choose(migration.paths, key=lambda path: path.total_with_writes_usd) for choose in (min, max)]
        show = choose_money_format([end.total_with_writes_usd for end in ends], migration.work.requests)
        prices = [f"{show(end.total_with_writes_usd)} ({end.quote.model} {end.quote.mode})" for end in ends]
        usd = find_bound_prefix(migration.work) + " to ".join(dict.fromkeys(prices))
        return f"{_explain_no_target(migration)}: {usd}{format_period(migration.work)} for the same work"
    where = "" if path.quote.mode == "standard" else f" in {path.quote.mode}"
    paid = [path.current_quote.total_usd] if path.current_quote else []
    show = choose_money_format([path.total_with_writes_usd, *paid], migration.work.requests)
    low, high = show(path.quote.total_usd), show(path.total_with_writes_usd)
    usd = low if low == high else f"{low} to {high}"
    time = "before" if migration.is_shut_down else "today"
    current = f" ({time} {show(path.current_quote.total_usd)})" if path.current_quote else ""
    stated = [(price.effort, price.tokens, show(price.total_usd)) for price in reasoned if price.path is path]
    with_reasoning = describe_reasoned(stated) if len(stated) == 1 else ""  # else a table says it
    whole = f"{find_bound_prefix(migration.work)}{usd}{format_period(migration.work)}"
    price = f"{whole} for the same work{current}{with_reasoning}{_describe_headroom(path, time)}"
    return f"{path.quote.model} instead of {leaving}{where}: {price}{_describe_refusal(migration)}"


def describe_reasoned(prices: Iterable[tuple[str, int, str]]) -> str:
    """Describe the price with stated reasoning tokens, given as effort, tokens and formatted dollars; nothing without any."""
    shown = [
        f"{usd} with {pluralize(tokens, 'reasoning token')} per request{f' (effort {effort})' if effort else ''}"
        for effort, tokens, usd in prices
    ]
    return "".join(f", {text}" for text in shown)


def list_effort_columns(items: Sequence[Item], get_reasoned: Callable[[Item], Mapping[str, Json]]) -> list[Column[Item]]:
    """List a column for each effort at which reasoning tokens were stated: the price with them, for readers."""

    def make_column(effort: str) -> Column[Item]:
        title = f">effort {effort}" if effort else ">with reasoning"
        return Column(title, None, lambda item: get_reasoned(item).get(effort), absent="-")

    return list(map(make_column, dict.fromkeys(effort for item in items for effort in get_reasoned(item))))


def dump_reasoned(reasoned: Mapping[str, Usd], tokens: Mapping[str, int]) -> Sequence[Json]:
    """Convert prices with stated reasoning tokens, both by effort, to JSON."""
    return [{"effort": effort or None, "tokens": tokens[effort], "usd": usd} for effort, usd in reasoned.items()]


def _describe_refusal(migration: Migration) -> str:
    """Say why the target would refuse the requests as they are."""
    why = "; ".join(limit.message for limit in migration.refusing_limits)
    return f"; unchanged, it would be refused: {why}" if why else ""


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
        return f", and no more than {time} at any length of reasoning (answers are limited to {most} tokens)"
    return f", and up to {pluralize(path.spare_reasoning_tokens, 'reasoning token')} per request cost no more than {time}"


def _explain_no_target(migration: Migration) -> str:
    """Say that the official replacement isn't released yet on that day, or that none with a price is known."""
    leaving, day = migration.question.from_variant.id, migration.question.market.as_of
    for step in reversed(migration.replacement_steps):
        if step.variant and step.variant.model.released and step.variant.model.released > day:
            released = f"was released on {step.variant.model.released}, after {day}"
            return f"{step.variant.id}, the replacement for {leaving}, {released}; other models"
    return f"No replacement for {leaving} has a price here"


class _PricedAt(NamedTuple):
    """A row: the work at today's quote or, with a path, at the quote of the path."""

    quote: Quote
    path: MigrationPath | None

    @property
    def highest_usd(self) -> Decimal:
        """The price with all cache writes: the one that is compared."""
        return self.path.total_with_writes_usd if self.path else self.quote.total_usd


def _sort_for_table(migration: Migration, prices: Sequence[_PricedAt]) -> list[_PricedAt]:
    """Sort the rows by model: today's, the target, then the others, the cheapest first. Requested models keep their order."""
    if migration.question.to_variants:
        return list(prices)
    targets, lowest = migration.target_paths, dict[str, Decimal]()
    for price in prices:
        lowest[price.quote.model] = min(lowest.get(price.quote.model, price.highest_usd), price.highest_usd)

    def rank(row: _PricedAt) -> tuple[bool, bool, Decimal, str]:
        return row.path is not None, row.path not in targets, lowest[row.quote.model], row.quote.model

    return sorted(prices, key=rank)


def _find_distant_models(rows: Sequence[_PricedAt]) -> set[str]:
    """Find the models whose rows aren't all among the first of the table."""
    counts = Counter(row.quote.model for row in rows)
    return {model for model, last in zip(counts, accumulate(counts.values()), strict=True) if last > MAX_ROWS}


def _list_columns(migration: Migration, prices: Sequence[_PricedAt]) -> tuple[Column[_PricedAt], ...]:
    highest = max(price.highest_usd for price in prices)
    show = choose_money_format([price.quote.total_usd for price in prices], migration.work.requests)
    show_change = partial(format_money_change, show=show)

    def show_extra(usd: Decimal) -> str:
        return show_change(usd) if usd else ""

    time, targets = "before" if migration.is_shut_down else "today", migration.target_paths
    return (
        Column(None, "status", lambda row: "today" if not row.path else "answer" if row.path in targets else "beside"),
        Column("model", "model", lambda row: row.quote.model),
        Column("mode", "mode", lambda row: row.quote.mode),
        Column("~>each" if migration.work.requests > 1 else None, None, lambda row: row.quote.usd_per_request, format_price),
        Column(">total", "total_usd", lambda row: row.quote.total_usd, show),
        Column("|", None, lambda row: compute_share(row.highest_usd, highest), str),
        Column("~>cache writes", "cache_writes_usd", lambda row: row.path and row.path.cache_writes.extra_usd, show_extra),
        Column(None, "most_usd", lambda row: row.highest_usd),
        Column(f"~~>against {time}", "added_usd", lambda row: row.path and row.path.added_usd, show_change),
        Column(None, "reasoning_tokens", lambda row: row.path and row.path.spare_reasoning_tokens),
        Column(">reasoning tokens", None, lambda row: row.path and format_headroom(row.path)),
        Column(
            "", None, lambda row: _describe_path(row.path, migration) if row.path else _describe_current(row.quote, migration)
        ),
    )


def _choose_tone(price: _PricedAt, migration: Migration) -> str:
    if price.path:
        return "chosen" if price.path is migration.chosen_path else ""
    return "faint" if migration.is_shut_down else ""


def format_headroom(path: MigrationPath) -> str:
    """Format the reasoning tokens that a request may add for the table."""
    if path.variant.model.reasoning is None:
        return "-"
    if path.added_usd is None:
        return ""
    headroom = "any" if path.has_unlimited_reasoning else format_int(path.spare_reasoning_tokens or 0)
    return "none" if path.spare_reasoning_tokens is None else headroom


_ENDS_SOON_DAYS = 365
"""An end within this many days speaks against moving to a model: you would have to move again within the year."""


def _describe_current(quote: Quote, migration: Migration) -> str:
    over = (finding.brief for finding in migration.exceeded_limits[quote.mode])
    return "; ".join(("shut down" if migration.is_shut_down else "today", *over))


def _describe_path(path: MigrationPath, migration: Migration) -> str:
    """Describe what a path is, or which part of the work breaks on it."""
    question = migration.question
    life = lifecycle.find_past_shutdown(question.market, path.variant)
    is_named = path in migration.target_paths and not question.to_variants
    descriptions = ["shut down"] if life else ["replacement"] if is_named else []
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
