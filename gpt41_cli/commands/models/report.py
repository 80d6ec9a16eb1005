"""One model in full as a Report: prices in every mode, limits by tier, rules, evidence, lifecycle, sources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.tables import DatedRates, Model, Platform, RateLimit, TileRule
from gpt41_cli.commands.models.family_report import limit, report, state
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints.refused_fields import refusals
from gpt41_cli.display import exact, number, plural, rate
from gpt41_cli.reports import Line, Report, Row, Table, columns


def in_full(catalog: Catalog, variant: Variant, platform: Platform, as_of: date) -> Report:
    """Everything the table says of one model."""
    model = variant.model
    lines = (
        *_abilities(variant),
        *_published(catalog, model),
        *_rules(catalog, model),
        *_moving(variant),
        *_ends(catalog, variant, as_of),
        *(Line("note", note) for note in model.notes),
    )
    facts = (_prices(model, as_of), _rate_limits(catalog, model), _images(model), _benchmarks(catalog, model))
    tables = [table for table in facts if table.rows]
    return report(
        catalog,
        [model],
        headline=f"{variant.id}: {state(variant, platform, as_of)}",
        lines=lines,
        tables=(*tables, _sources(catalog, lines, tables)),
        answer=variant.id,
    )


def _abilities(variant: Variant) -> Iterator[Line]:
    model = variant.model
    yield Line("for", model.summary, model.source.label)
    for label, names in (
        ("snapshots", model.snapshots),
        ("input", model.input_modalities),
        ("output", model.output_modalities),
        ("endpoints", model.endpoints),
        ("features", model.features),
        ("tools", model.tools),
    ):
        if names:
            yield Line(label, ", ".join(names))
    longest = f"; answers up to {limit(model.max_output_tokens)}"
    taking = f"; input up to {limit(model.max_input_tokens)}" if model.max_input_tokens else ""
    yield Line("window", f"{number(variant.context_window)} tokens{taking}{longest}", model.source.label)
    if model.knowledge_cutoff:
        yield Line("knowledge", f"to {model.knowledge_cutoff}", model.source.label)
    unpublished = "" if model.encoding.published else ", not published: counts are estimates"
    yield Line("encoding", model.encoding.name + unpublished, model.encoding.source.label)


def _published(catalog: Catalog, model: Model) -> Iterator[Line]:
    """What is published about the model in words: speed, prices and savings as claimed, surcharge, reasoning."""
    evidence = catalog.evidence
    for each in evidence.latency:
        if each.model == model.id:
            yield Line("speed", each.statement, each.source.label)
    blended = evidence.blended.usd_per_million.get(model.id)
    if blended is not None:
        text = f"{rate(blended)} a million tokens, as published. {evidence.blended.definition}"
        yield Line("blended", text, evidence.blended.source.label)
    if model.role == "family":
        for claim in evidence.savings:
            yield Line("claimed", f"{claim.claim} ({exact(claim.percent)} %)", claim.source.label)
    if model.surcharge:
        rule = model.surcharge
        multiples = f"{rule.input_multiplier} times the input, {rule.output_multiplier} times the output rate"
        yield Line("surcharge", f"above {number(rule.above_input_tokens)} input tokens: {multiples}", rule.source.label)
    if model.reasoning:
        efforts = f"effort {', '.join(model.reasoning.efforts)}; default {model.reasoning.default_effort}; billed as output"
        yield Line("reasoning", efforts, model.reasoning.source.label)


def _moving(variant: Variant) -> Iterator[Line]:
    """What who moves to the model must know: what it does not have, which fields it refuses, and how its makers say to begin."""
    for name, lack in variant.model.lacks.items():
        unsure = "" if lack.confidence == "high" else f" ({lack.confidence} confidence)"
        yield Line("lacks", name + unsure, lack.source.label)
    for remark in refusals(variant):
        yield Line("requests", remark.text, remark.cited)
    for each in variant.model.guidance:
        yield Line("guide", each.statement, each.source.label)


def _rules(catalog: Catalog, model: Model) -> Iterator[Line]:
    """The rules of batch files, the prompt cache and priority, for a model that has them."""
    batch, cache, priority = catalog.limits.batch, catalog.limits.prompt_cache, catalog.limits.priority
    if "batch" in model.endpoints:
        text = (
            f"a file holds up to {plural(batch.max_requests, 'request')}, {number(batch.max_file_megabytes)} MB and "
            f"{plural(batch.models_per_file, 'model')}; {number(batch.batches_per_hour)} batches an hour; "
            f"answers within {plural(batch.completion_window_hours, 'hour')}"
        )
        yield Line("batch", text, batch.source.label)
    if "prompt-caching" in model.features:
        kept = (
            f"kept {cache.idle_minutes.at_least} to {cache.idle_minutes.at_most} minutes idle, {cache.lifetime_minutes} at most"
        )
        if "extended-cache-24h" in model.features:
            kept += f", or {plural(cache.extended_hours, 'hour')}"
        text = (
            f"hits from {plural(cache.minimum_tokens, 'token')} in steps of {cache.step_tokens}; {kept}; routed by the first "
            f"{cache.routing_prefix_tokens} tokens, up to {cache.requests_per_minute_per_prefix} requests a minute per prefix"
        )
        yield Line("cache", text, cache.source.label)
    if any("priority" in modes for modes in model.rates.values()):
        yield Line("priority", f"requests up to {number(priority.max_input_tokens)} input tokens", priority.source.label)


def _ends(catalog: Catalog, variant: Variant, as_of: date) -> Iterator[Line]:
    """One line for each provider that has named a day."""
    providers = {platform.provider: platform for platform in catalog.platforms.values()}
    for provider, life in variant.lifecycles.items():
        if life.shutdown:
            platform = providers[provider]
            gone = life.shutdown <= as_of
            remark = lifecycle.shut_down(platform, life) if gone else lifecycle.ends(variant, life, as_of)
            announced = f"; announced {life.announced}" if life.announced else ""
            note = f". {life.note}" if life.note and life.confidence == "high" else ""
            yield Line(platform.provider_name, f"{remark.text}{announced}{note}", remark.cited)


def _prices(model: Model, as_of: date) -> Table:
    rows = [
        _price_row(name, platform, mode, row, in_force=row is _in_force(dated, as_of))
        for name, table in ((model.id, model.rates), (_tuned(model), model.fine_tuned.rates if model.fine_tuned else {}))
        for platform, modes in table.items()
        for mode, dated in modes.items()
        for row in dated
    ]
    if model.fine_tuned:
        others = (("training", model.fine_tuned.training), ("hosting, an hour", model.fine_tuned.hosting))
        for what, prices in others:
            for platform, price in prices.items():
                rows.append(Row((_tuned(model), platform, what, "", rate(price.usd), "", "", "", "", price.source.label)))
    titles = columns("price of", "platform", "mode", "from", ">input", ">cached", ">output", ">write 30 m", ">12 h", "source")
    return Table(titles, tuple(rows), "Prices; write: to the prompt cache, where that has a price of its own")


def _tuned(model: Model) -> str:
    return f"fine-tuned {model.id}"


def _in_force(dated: Sequence[DatedRates], as_of: date) -> DatedRates | None:
    return next((row for row in reversed(dated) if row.effective_from <= as_of), None)


def _price_row(name: str, platform: str, mode: str, row: DatedRates, *, in_force: bool) -> Row:
    rates = row.rates
    prices = (rates.input, rates.cached_input, rates.output, row.cache_write_30m, row.cache_write_12h)
    shown = ("-" if price is None else rate(price) for price in prices)
    source = row.source.label + ("" if row.confidence == "high" else f" ({row.confidence} confidence)")
    return Row((name, platform, mode, str(row.effective_from), *shown, source), "" if in_force else "faint")


def _rate_limits(catalog: Catalog, model: Model) -> Table:
    titles = columns("tier", ">paid", ">a month", "input up to", ">requests/min", ">a day", ">tokens/min", ">batch queue")
    if model.rate_limits is None:
        return Table(titles, ())
    threshold = number(catalog.limits.long_context_tokens)
    pools: tuple[tuple[str, Mapping[int, RateLimit]], ...] = (
        (threshold, model.rate_limits.standard),
        (number(model.context_window), model.rate_limits.long_context),
    )
    rows = tuple(
        Row(
            (
                str(tier),
                *_membership(catalog, tier),
                upto,
                number(allowed.requests_per_minute),
                limit(allowed.requests_per_day),
                number(allowed.tokens_per_minute),
                number(allowed.batch_queue_tokens),
            )
        )
        for upto, tiers in pools
        for tier, allowed in tiers.items()
    )
    note = f". {model.rate_limits.note}" if model.rate_limits.note else ""
    return Table(titles, rows, f"Limits by usage tier [{model.rate_limits.source.label}]{note}")


def _membership(catalog: Catalog, tier: int) -> tuple[str, str]:
    """What an organisation has paid to be in a tier, and what it may spend in a month."""
    known = catalog.limits.usage_tiers.tiers.get(tier)
    return (f"${number(known.paid_usd)}", f"${number(known.monthly_limit_usd)}") if known else ("-", "-")


def _images(model: Model) -> Table:
    titles = columns("figure", ">value")
    if model.images is None:
        return Table(titles, ())
    figures = {name: value for name, value in model.images._asdict().items() if name not in ("source", "note")}
    rows = tuple(Row((name, "-" if figure is None else str(figure))) for name, figure in figures.items())
    note = f". {model.images.note}" if model.images.note else ""
    method = "tiles" if isinstance(model.images, TileRule) else "patches"
    return Table(titles, rows, f"Images are counted by {method} [{model.images.source.label}]{note}")


def _benchmarks(catalog: Catalog, model: Model) -> Table:
    rows = []
    for benchmark in catalog.evidence.benchmarks.by_name.values():
        score = benchmark.scores.get(model.id)
        if score is not None:
            best = max(figure for figure in benchmark.scores.values() if figure is not None)
            rows.append(Row((benchmark.name, benchmark.group, benchmark.unit, exact(score), exact(best))))
    title = (
        f"Launch benchmarks [{catalog.evidence.benchmarks.source.label}]. {' '.join(catalog.evidence.benchmarks.notes)}".rstrip()
    )
    return Table(columns("benchmark", "group", "unit", ">score", ">best in table"), tuple(rows), title)


def _sources(catalog: Catalog, lines: Sequence[Line], tables: Sequence[Table]) -> Table:
    """Every source that the lines and tables cite, with its address."""
    said = "\n".join(
        (
            *(line.cited for line in lines),
            *(table.title for table in tables),
            *(row.cells[-1] for table in tables for row in table.rows),
        )
    )
    rows = tuple(Row((each.label, each.title, each.url)) for each in catalog.sources.values() if each.label in said)
    return Table(columns("source", "title", "address"), rows, "Sources")
