"""One model in full as a Report: prices in every mode, limits by tier, rules, evidence, lifecycle, sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from gpt41_cli.catalog import Catalog, Market, Variant
from gpt41_cli.catalog.tables import DatedRates, Model, RateLimit, TileRule
from gpt41_cli.commands.models.family_report import describe_state, format_limit, make_report
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints.refused_fields import find_refused_fields
from gpt41_cli.display import describe_doubt, format_exact, format_int, format_rate, pluralize
from gpt41_cli.reports import Report, ReportLine, Row, Table, make_headings, make_lines


def make_model_report(market: Market, variant: Variant) -> Report:
    """Make the report of everything the table says about one model."""
    catalog, as_of, model = market.catalog, market.as_of, variant.model
    launch = catalog.evidence.reports
    lines = (
        *_make_ability_lines(variant),
        *_make_published_lines(catalog, model),
        *_make_rule_lines(catalog, model),
        *_make_migration_lines(variant),
        *_make_shutdown_lines(market, variant),
        *(ReportLine("users", f"{said.who}: {said.statement}", said.source.label) for said in launch if said.model == model.id),
        *(ReportLine("note", note) for note in model.notes),
    )
    facts = (
        _make_price_table(model, as_of),
        _make_rate_limit_table(catalog, model),
        _make_image_table(model),
        _make_benchmark_table(catalog, model),
    )
    tables = [table for table in facts if table.rows]
    return make_report(
        catalog,
        [model],
        headline=f"{variant.id}: {describe_state(market, variant)}",
        lines=lines,
        tables=(*tables, _make_source_table(catalog, lines, tables)),
        answer=variant.id,
    )


def _make_ability_lines(variant: Variant) -> Iterator[ReportLine]:
    model = variant.model
    yield ReportLine("for", model.summary, model.source.label)
    for label, names in (
        ("snapshots", model.snapshots),
        ("input", model.input_modalities),
        ("output", model.output_modalities),
        ("endpoints", model.endpoints),
        ("features", model.features),
        ("tools", model.tools),
    ):
        if names:
            yield ReportLine(label, ", ".join(names))
    longest = f"; answers up to {format_limit(model.max_output_tokens)}"
    taking = f"; input up to {format_limit(model.max_input_tokens)}" if model.max_input_tokens else ""
    yield ReportLine("window", f"{format_int(variant.context_window)} tokens{taking}{longest}", model.source.label)
    if model.knowledge_cutoff:
        yield ReportLine("knowledge", f"to {model.knowledge_cutoff}", model.source.label)
    unpublished = "" if model.encoding.published else ", not published: counts are estimates"
    yield ReportLine("encoding", model.encoding.name + unpublished, model.encoding.source.label)


def _make_published_lines(catalog: Catalog, model: Model) -> Iterator[ReportLine]:
    """Yield what is published about the model in words: speed, claimed prices and savings, surcharge, reasoning."""
    evidence = catalog.evidence
    for latency in evidence.latency:
        if latency.model == model.id:
            yield ReportLine("speed", latency.statement, latency.source.label, is_detail=True)
    blended = evidence.blended.usd_per_million.get(model.id)
    if blended is not None:
        text = f"{format_rate(blended)} per million tokens, as published. {evidence.blended.definition}"
        yield ReportLine("blended", text, evidence.blended.source.label, is_detail=True)
    if model.role == "family":
        for claim in evidence.savings:
            yield ReportLine("claimed", f"{claim.claim} ({format_exact(claim.percent)} %)", claim.source.label, is_detail=True)
    if model.surcharge:
        rule = model.surcharge
        multiples = f"{rule.input_multiplier} times the input, {rule.output_multiplier} times the output rate"
        yield ReportLine("surcharge", f"above {format_int(rule.above_input_tokens)} input tokens: {multiples}", rule.source.label)
    if model.reasoning:
        efforts = f"effort {', '.join(model.reasoning.efforts)}; default {model.reasoning.default_effort}; billed as output"
        yield ReportLine("reasoning", efforts, model.reasoning.source.label)


def _make_migration_lines(variant: Variant) -> Iterator[ReportLine]:
    """Yield what to know before moving to the model: what it lacks, which fields it refuses, and how to begin."""
    for name, lack in variant.model.lacks.items():
        unsure = "" if lack.confidence == "high" else f" ({describe_doubt(lack.confidence)})"
        yield ReportLine("lacks", name + unsure, lack.source.label)
    yield from make_lines("requests", find_refused_fields(variant))
    for advice in variant.model.guidance:
        yield ReportLine("guide", advice.statement, advice.source.label)


def _make_rule_lines(catalog: Catalog, model: Model) -> Iterator[ReportLine]:
    """Yield the rules of Batch files, the prompt cache and priority, if the model has them."""
    batch, cache, priority = catalog.limits.batch, catalog.limits.prompt_cache, catalog.limits.priority
    if "batch" in model.endpoints:
        text = (
            f"a file holds up to {pluralize(batch.max_requests, 'request')}, {format_int(batch.max_file_megabytes)} MB and "
            f"{pluralize(batch.models_per_file, 'model')}; {format_int(batch.batches_per_hour)} batches per hour; "
            f"answers within {pluralize(batch.completion_window_hours, 'hour')}"
        )
        yield ReportLine("batch", text, batch.source.label)
    if "prompt-caching" in model.features:
        idle = f"{cache.idle_minutes.at_least} to {cache.idle_minutes.at_most} minutes idle"
        kept = f"kept {idle}, {cache.lifetime_minutes} at most"
        if "extended-cache-24h" in model.features:
            kept += f", or {pluralize(cache.extended_hours, 'hour')}"
        text = (
            f"hits from {pluralize(cache.minimum_tokens, 'token')} in steps of {cache.step_tokens}; {kept}; routed by the first "
            f"{cache.routing_prefix_tokens} tokens, up to {cache.requests_per_minute_per_prefix} requests per minute per prefix"
        )
        yield ReportLine("cache", text, cache.source.label)
    if any("priority" in modes for modes in model.rates.values()):
        yield ReportLine(
            "priority", f"requests up to {format_int(priority.max_input_tokens)} input tokens", priority.source.label
        )


def _make_shutdown_lines(market: Market, variant: Variant) -> Iterator[ReportLine]:
    """Yield a line for each provider that has named a day."""
    providers = {platform.provider: platform for platform in market.catalog.platforms.values()}
    for provider, life in variant.lifecycles.items():
        if life.shutdown:
            platform = providers[provider]
            gone = life.shutdown <= market.as_of
            ends = lifecycle.make_retirement_finding(variant, life, market.as_of)
            finding = lifecycle.make_shutdown_finding(platform, life) if gone else ends
            announced = f"; announced {life.announced}" if life.announced else ""
            note = f". {life.note}" if life.note and life.confidence == "high" else ""
            yield ReportLine(platform.provider_name, f"{finding.message}{announced}{note}", finding.citation)


def _make_price_table(model: Model, as_of: date) -> Table:
    tuned = f"fine-tuned {model.id}"
    rows = [
        _make_price_row(name, platform, mode, row, in_force=row is find_rates_in_force(dated, as_of))
        for name, table in ((model.id, model.rates), (tuned, model.fine_tuned.rates if model.fine_tuned else {}))
        for platform, modes in table.items()
        for mode, dated in modes.items()
        for row in dated
    ]
    if model.fine_tuned:
        others = (("training", model.fine_tuned.training), ("hosting per hour", model.fine_tuned.hosting))
        for what, prices in others:
            for platform, price in prices.items():
                rows.append(Row((tuned, platform, what, "", format_rate(price.usd), *[""] * 4, price.source.label)))
    titles = make_headings(
        "price of", "platform", "mode", "from", ">input", ">cached", ">output", ">write 30 m", ">12 h", "source"
    )
    return Table(titles, tuple(rows), "Prices; write: to the prompt cache, if that has its own price")


def find_rates_in_force(dated: Sequence[DatedRates], as_of: date) -> DatedRates | None:
    """Find the last row that has begun on a day; None if none has."""
    return next((row for row in reversed(dated) if row.effective_from <= as_of), None)


def _make_price_row(name: str, platform: str, mode: str, row: DatedRates, *, in_force: bool) -> Row:
    rates = row.rates
    prices = (rates.input, rates.cached_input, rates.output, row.cache_write_30m, row.cache_write_12h)
    shown = ("-" if price is None else format_rate(price) for price in prices)
    source = row.source.label + ("" if row.confidence == "high" else f" ({describe_doubt(row.confidence)})")
    return Row((name, platform, mode, str(row.effective_from), *shown, source), "" if in_force else "faint")


def _make_rate_limit_table(catalog: Catalog, model: Model) -> Table:
    titles = make_headings(
        "tier", ">paid", ">per month", "input up to", ">requests/min", ">per day", ">tokens/min", ">batch queue"
    )
    if model.rate_limits is None:
        return Table(titles, ())
    threshold = format_int(catalog.limits.long_context_tokens)
    pools: tuple[tuple[str, Mapping[int, RateLimit]], ...] = (
        (threshold, model.rate_limits.standard),
        (format_int(model.context_window), model.rate_limits.long_context),
    )
    rows = []
    for upto, tiers in pools:
        for tier, allowed in tiers.items():
            per_minute, a_day = format_int(allowed.requests_per_minute), format_limit(allowed.requests_per_day)
            tokens = format_int(allowed.tokens_per_minute), format_int(allowed.batch_queue_tokens)
            rows.append(Row((str(tier), *_format_tier_amounts(catalog, tier), upto, per_minute, a_day, *tokens)))
    note = f". {model.rate_limits.note}" if model.rate_limits.note else ""
    return Table(titles, tuple(rows), f"Limits by usage tier [{model.rate_limits.source.label}]{note}")


def _format_tier_amounts(catalog: Catalog, tier: int) -> tuple[str, str]:
    """Format what an organisation must have paid to be in a tier, and what it may spend per month."""
    known = catalog.limits.usage_tiers.tiers.get(tier)
    return (f"${format_int(known.paid_usd)}", f"${format_int(known.monthly_limit_usd)}") if known else ("-", "-")


def _make_image_table(model: Model) -> Table:
    titles = make_headings("figure", ">value")
    if model.images is None:
        return Table(titles, ())
    figures = {name: value for name, value in model.images._asdict().items() if name not in ("source", "note")}
    rows = tuple(Row((name, "-" if figure is None else str(figure))) for name, figure in figures.items())
    note = f". {model.images.note}" if model.images.note else ""
    method = "tiles" if isinstance(model.images, TileRule) else "patches"
    return Table(titles, rows, f"Images are counted by {method} [{model.images.source.label}]{note}")


def _make_benchmark_table(catalog: Catalog, model: Model) -> Table:
    other = catalog.evidence.benchmarks.compared_with
    others = [other] if other != model.id else []
    rows = []
    for benchmark in catalog.evidence.benchmarks.by_name.values():
        score = benchmark.scores.get(model.id)
        if score is not None:
            best = max(figure for figure in benchmark.scores.values() if figure is not None)
            shown = [score, *(benchmark.scores.get(name) for name in others), best]
            figures = ("-" if figure is None else format_exact(figure) for figure in shown)
            rows.append(Row((benchmark.name, benchmark.group, benchmark.unit, *figures)))
    published = catalog.evidence.benchmarks
    title = f"Launch benchmarks [{published.source.label}]. {' '.join(published.notes)}".rstrip()
    titles = make_headings("benchmark", "group", "unit", ">score", *(f">{name}" for name in others), ">best in table")
    return Table(titles, tuple(rows), title)


def _make_source_table(catalog: Catalog, lines: Sequence[ReportLine], tables: Sequence[Table]) -> Table:
    """List every source that the lines and tables cite, with its address."""
    cells = [row.cells[-1] for table in tables for row in table.rows]
    citations = "\n".join((*(line.citation for line in lines), *(table.title for table in tables), *cells))
    cited = [source for source in catalog.sources.values() if source.label in citations]
    rows = tuple(Row((source.label, source.title, source.url)) for source in cited)
    return Table(make_headings("source", "title", "address"), rows, "Sources")
