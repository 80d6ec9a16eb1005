"""pricing.yaml -> Catalog: the shape of the file and the rules its figures must keep, in the order of the file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from gpt41_cli.catalog import tables
from gpt41_cli.catalog.cursor import Cursor, compose
from gpt41_cli.catalog.lookup import MODES, ROLES, Catalog
from gpt41_cli.errors import TableError
from gpt41_cli.pricing import Rates

SCHEMA = "gpt41.pricing/1"

Sources = Mapping[str, tables.Source]


def parse(data: bytes, file: str) -> Catalog:
    """The catalog in `data`, the bytes of a table called `file`. TableError, with line and column, when it is wrong."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(f"{file}: expected UTF-8 text, found the byte 0x{data[error.start]:02x}") from None
    root = compose(text, file)
    top = root.fields("schema checked_on stale_after_days currency sources platforms models limits evidence tasks")
    top["schema"].choice(SCHEMA)
    top["currency"].choice("USD")
    sources = {name: _source(name, entry) for name, entry in top["sources"].entries().items()}
    platforms = {name: _platform(name, entry) for name, entry in top["platforms"].entries().items()}
    if not platforms:
        top["platforms"].fail("at least one platform", "none")
    models = {name: _model(name, entry, sources, platforms) for name, entry in top["models"].entries().items()}
    _check_names(top["models"], models)
    limits = _limits(top["limits"], sources)
    evidence = _evidence(top["evidence"], sources, models)
    tasks = {name: _task(name, entry, evidence) for name, entry in top["tasks"].entries().items()}
    if not tasks:
        top["tasks"].fail("at least one task", "none")
    return Catalog(
        file=file,
        sha256=hashlib.sha256(data).hexdigest(),
        checked_on=top["checked_on"].day(),
        stale_after_days=top["stale_after_days"].integer(1),
        sources=sources,
        platforms=platforms,
        models=models,
        limits=limits,
        evidence=evidence,
        tasks=tasks,
    )


def _source(name: str, entry: Cursor) -> tables.Source:
    at = entry.fields("title url date")
    when = at["date"].text()
    padded = when + "-01-01"[len(when) - 4 :] if len(when) in (4, 7) else when
    try:
        date.fromisoformat(padded)
    except ValueError:
        at["date"].fail("a date: YYYY-MM-DD, YYYY-MM or YYYY")
    return tables.Source(name, at["title"].text(), at["url"].text(), when)


def _platform(name: str, entry: Cursor) -> tables.Platform:
    at = entry.fields("name provider provider_name")
    return tables.Platform(name, at["name"].text(), at["provider"].text(), at["provider_name"].text())


def _model(name: str, entry: Cursor, sources: Sources, platforms: Mapping[str, tables.Platform]) -> tables.Model:
    at = entry.fields(
        "role summary snapshots encoding released context_window max_input_tokens max_output_tokens knowledge_cutoff "
        "input_modalities output_modalities endpoints features tools source rates images lifecycle",
        "notes speed reasoning surcharge fine_tuned rate_limits",
    )
    max_input, max_output = at["max_input_tokens"], at["max_output_tokens"]
    fine_tuned = at.get("fine_tuned")
    return tables.Model(
        id=name,
        role=at["role"].choice(*ROLES),
        summary=at["summary"].text(),
        snapshots=_texts(at["snapshots"]),
        encoding=_encoding(at["encoding"], sources),
        released=at["released"].nullable(at["released"].day),
        context_window=at["context_window"].integer(1),
        max_input_tokens=max_input.nullable(lambda: max_input.integer(1)),
        max_output_tokens=max_output.nullable(lambda: max_output.integer(1)),
        knowledge_cutoff=at["knowledge_cutoff"].nullable(at["knowledge_cutoff"].day),
        input_modalities=_texts(at["input_modalities"]),
        output_modalities=_texts(at["output_modalities"]),
        endpoints=_texts(at["endpoints"]),
        features=_texts(at["features"]),
        tools=_texts(at["tools"]),
        source=_cited(at["source"], sources),
        notes=_texts(at["notes"]) if "notes" in at else (),
        speed=_speed(at["speed"], sources) if "speed" in at else None,
        reasoning=_reasoning(at["reasoning"], sources) if "reasoning" in at else None,
        rates=_rate_table(at["rates"], sources, platforms),
        surcharge=_surcharge(at["surcharge"], sources) if "surcharge" in at else None,
        fine_tuned=None if fine_tuned is None else _fine_tuned(fine_tuned, sources, platforms),
        rate_limits=_rate_limits(at["rate_limits"], sources) if "rate_limits" in at else None,
        images=at["images"].nullable(lambda: _images(at["images"], sources)),
        lifecycle=_lifecycles(at["lifecycle"], sources, platforms),
    )


def _check_names(at: Cursor, models: Mapping[str, tables.Model]) -> None:
    """A snapshot may name one model only, and a family must exist."""
    owner: dict[str, str] = {name: name for name in models}
    for model in models.values():
        for snapshot in model.snapshots:
            if owner.get(snapshot, model.id) != model.id:
                at.entries()[model.id].fail(f"snapshot {snapshot} once", f"it under {owner[snapshot]} too")
            owner[snapshot] = model.id
    if not any(model.role == "family" for model in models.values()):
        at.fail("at least one model with the role family", "none")


def _rate_table(at: Cursor, sources: Sources, platforms: Mapping[str, tables.Platform]) -> tables.RateTable:
    table: dict[str, dict[str, tuple[tables.DatedRates, ...]]] = {}
    for platform, modes in at.entries().items():
        _known(modes, platform, platforms, "platform")
        table[platform] = {}
        for mode, rows in modes.entries().items():
            if mode not in MODES:
                rows.fail(f"one of the modes {', '.join(MODES)}", f"the mode {mode}")
            table[platform][mode] = _rows(rows, sources)
        if "standard" not in table[platform]:
            modes.fail("rates for the mode standard", "none")
    if not table:
        at.fail("rates for at least one platform", "none")
    return table


def _rows(at: Cursor, sources: Sources) -> tuple[tables.DatedRates, ...]:
    rows: list[tables.DatedRates] = []
    for entry in at.items():
        row = _row(entry, sources)
        if rows and row.effective_from <= rows[-1].effective_from:
            entry.fail("rows in the order of their dates", f"{row.effective_from} after {rows[-1].effective_from}")
        rows.append(row)
    if not rows:
        at.fail("at least one row of rates", "none")
    return tuple(rows)


def _row(entry: Cursor, sources: Sources) -> tables.DatedRates:
    at = entry.fields(
        "effective_from input cached_input output source", "cache_write_30m cache_write_12h confidence note"
    )
    rates = Rates(at["input"].decimal(), at["cached_input"].nullable(at["cached_input"].decimal), at["output"].decimal())
    if rates.cached_input is not None and rates.cached_input > rates.input:
        at["cached_input"].fail(f"at most the input rate ({rates.input})")
    return tables.DatedRates(
        effective_from=at["effective_from"].day(),
        rates=rates,
        source=_cited(at["source"], sources),
        cache_write_30m=at["cache_write_30m"].decimal() if "cache_write_30m" in at else None,
        cache_write_12h=at["cache_write_12h"].decimal() if "cache_write_12h" in at else None,
        confidence=_confidence(at),
        note=at["note"].text() if "note" in at else None,
    )


def _fine_tuned(entry: Cursor, sources: Sources, platforms: Mapping[str, tables.Platform]) -> tables.FineTuned:
    at = entry.fields("context_window training rates source", "hosting_usd_per_hour lifecycle")
    return tables.FineTuned(
        context_window=at["context_window"].integer(1),
        training=_by_platform(at["training"], platforms),
        hosting_usd_per_hour=_by_platform(at["hosting_usd_per_hour"], platforms) if "hosting_usd_per_hour" in at else {},
        rates=_rate_table(at["rates"], sources, platforms),
        lifecycle=_lifecycles(at["lifecycle"], sources, platforms) if "lifecycle" in at else {},
        source=_cited(at["source"], sources),
    )


def _by_platform(at: Cursor, platforms: Mapping[str, tables.Platform]) -> dict[str, Decimal]:
    prices = {}
    for name, price in at.entries().items():
        _known(price, name, platforms, "platform")
        prices[name] = price.decimal()
    return prices


def _lifecycles(at: Cursor, sources: Sources, platforms: Mapping[str, tables.Platform]) -> dict[str, tables.Lifecycle]:
    providers = {platform.provider for platform in platforms.values()}
    found = {}
    for provider, entry in at.entries().items():
        _known(entry, provider, providers, "provider")
        found[provider] = _lifecycle(entry, sources)
    return found


def _lifecycle(entry: Cursor, sources: Sources) -> tables.Lifecycle:
    at = entry.fields(
        "announced shutdown replacement source", "replacement_as_of replacement_source confidence disputed note"
    )
    source = _cited(at["source"], sources)
    announced = at["announced"].nullable(at["announced"].day)
    shutdown = at["shutdown"].nullable(at["shutdown"].day)
    if announced and shutdown and shutdown < announced:
        at["shutdown"].fail(f"a day after the announcement ({announced})")
    return tables.Lifecycle(
        announced=announced,
        shutdown=shutdown,
        replacement=at["replacement"].nullable(at["replacement"].text),
        replacement_as_of=at["replacement_as_of"].day() if "replacement_as_of" in at else None,
        source=source,
        replacement_source=_cited(at["replacement_source"], sources) if "replacement_source" in at else source,
        confidence=_confidence(at),
        disputed=tuple(day.day() for day in at["disputed"].items()) if "disputed" in at else (),
        note=at["note"].text() if "note" in at else None,
    )


def _surcharge(entry: Cursor, sources: Sources) -> tables.Surcharge:
    at = entry.fields("above_input_tokens input_multiplier output_multiplier source")
    return tables.Surcharge(
        at["above_input_tokens"].integer(1),
        at["input_multiplier"].decimal(),
        at["output_multiplier"].decimal(),
        _cited(at["source"], sources),
    )


def _encoding(entry: Cursor, sources: Sources) -> tables.Encoding:
    at = entry.fields("name published source")
    return tables.Encoding(at["name"].text(), at["published"].boolean(), _cited(at["source"], sources))


def _speed(entry: Cursor, sources: Sources) -> tables.Speed:
    at = entry.fields("class statement source")
    return tables.Speed(at["class"].integer(1), at["statement"].text(), _cited(at["source"], sources))


def _reasoning(entry: Cursor, sources: Sources) -> tables.Reasoning:
    at = entry.fields("default_effort efforts source")
    efforts = _texts(at["efforts"])
    return tables.Reasoning(at["default_effort"].choice(*efforts), efforts, _cited(at["source"], sources))


_IMAGE_FIGURES = {
    "tiles": "base_tokens tile_tokens tile_px fit_px short_side_px low_detail_tokens",
    "patches": "patch_px patch_budget fit_px multiplier low_detail_tokens",
}


def _images(entry: Cursor, sources: Sources) -> tables.ImageRule:
    entries = entry.entries()
    if "method" not in entries:
        entry.fail("the key method", "none")
    method = entries["method"].choice(*_IMAGE_FIGURES)
    names = _IMAGE_FIGURES[method]
    at = entry.fields(f"method source {names}", "note")
    return tables.ImageRule(
        method=method,
        figures={name: at[name].nullable(at[name].decimal) for name in names.split()},
        source=_cited(at["source"], sources),
        note=at["note"].text() if "note" in at else None,
    )


def _rate_limits(entry: Cursor, sources: Sources) -> tables.RateLimits:
    at = entry.fields("standard source", "long_context note")
    long_context = at["long_context"].entries() if "long_context" in at else {}
    return tables.RateLimits(
        standard={_tier(tier, row): _rate_limit(row) for tier, row in at["standard"].entries().items()},
        long_context={_tier(tier, row): _rate_limit(row) for tier, row in long_context.items()},
        source=_cited(at["source"], sources),
        note=at["note"].text() if "note" in at else None,
    )


def _tier(name: str, at: Cursor) -> int:
    if not (name.isascii() and name.isdigit()):
        at.fail("a usage tier: a whole number", f"the key {name}")
    return int(name)


def _rate_limit(entry: Cursor) -> tables.RateLimit:
    at = entry.fields("requests_per_minute requests_per_day tokens_per_minute batch_queue_tokens")
    return tables.RateLimit(
        at["requests_per_minute"].integer(1),
        at["requests_per_day"].nullable(at["requests_per_day"].integer),
        at["tokens_per_minute"].integer(1),
        at["batch_queue_tokens"].integer(1),
    )


def _limits(entry: Cursor, sources: Sources) -> tables.Limits:
    at = entry.fields("long_context_tokens usage_tiers priority batch prompt_cache chat_overhead")
    tiers = at["usage_tiers"].entries()
    if "source" not in tiers:
        at["usage_tiers"].fail("the key source", "none")
    source = tiers.pop("source")
    return tables.Limits(
        long_context_tokens=at["long_context_tokens"].integer(1),
        usage_tiers={_tier(tier, row): _usage_tier(row) for tier, row in tiers.items()},
        usage_tiers_source=_cited(source, sources),
        priority=_priority(at["priority"], sources),
        batch=_batch(at["batch"], sources),
        prompt_cache=_prompt_cache(at["prompt_cache"], sources),
        chat_overhead=_chat_overhead(at["chat_overhead"], sources),
    )


def _usage_tier(entry: Cursor) -> tables.UsageTier:
    at = entry.fields("paid_usd monthly_limit_usd")
    return tables.UsageTier(at["paid_usd"].integer(), at["monthly_limit_usd"].integer())


def _priority(entry: Cursor, sources: Sources) -> tables.PriorityRules:
    at = entry.fields("source max_input_tokens")
    return tables.PriorityRules(at["max_input_tokens"].integer(1), _cited(at["source"], sources))


def _batch(entry: Cursor, sources: Sources) -> tables.BatchRules:
    names = "max_requests max_file_megabytes completion_window_hours models_per_file batches_per_hour"
    at = entry.fields(f"source {names}")
    return tables.BatchRules(*(at[name].integer(1) for name in names.split()), source=_cited(at["source"], sources))


def _prompt_cache(entry: Cursor, sources: Sources) -> tables.CacheRules:
    at = entry.fields(
        "source minimum_tokens step_tokens idle_minutes lifetime_minutes extended_hours requests_per_minute_per_prefix "
        "routing_prefix_tokens"
    )
    idle = at["idle_minutes"].fields("at_least at_most")
    return tables.CacheRules(
        minimum_tokens=at["minimum_tokens"].integer(1),
        step_tokens=at["step_tokens"].integer(1),
        idle_minutes_at_least=idle["at_least"].integer(1),
        idle_minutes_at_most=idle["at_most"].integer(1),
        lifetime_minutes=at["lifetime_minutes"].integer(1),
        extended_hours=at["extended_hours"].integer(1),
        requests_per_minute_per_prefix=at["requests_per_minute_per_prefix"].integer(1),
        routing_prefix_tokens=at["routing_prefix_tokens"].integer(1),
        source=_cited(at["source"], sources),
    )


def _chat_overhead(entry: Cursor, sources: Sources) -> tables.ChatOverhead:
    names = "per_request_tokens per_message_tokens per_role_tokens"
    at = entry.fields(f"source {names}")
    return tables.ChatOverhead(*(at[name].integer() for name in names.split()), source=_cited(at["source"], sources))


def _evidence(entry: Cursor, sources: Sources, models: Mapping[str, tables.Model]) -> tables.Evidence:
    at = entry.fields("benchmarks latency blended_usd_per_million savings")
    table = at["benchmarks"].fields("source scores", "notes")
    benchmarks = {name: _benchmark(name, row, models) for name, row in table["scores"].entries().items()}
    return tables.Evidence(
        benchmarks=benchmarks,
        benchmarks_source=_cited(table["source"], sources),
        notes=_texts(table["notes"]) if "notes" in table else (),
        latency=tuple(_statement(row, sources, models) for row in at["latency"].items()),
        blended=_blended(at["blended_usd_per_million"], sources, models),
        savings=tuple(_claim(row, sources) for row in at["savings"].items()),
    )


def _benchmark(name: str, row: Cursor, models: Mapping[str, tables.Model]) -> tables.Benchmark:
    at = row.entries()
    for key in ("group", "unit"):
        if key not in at:
            row.fail(f"the key {key}", "none")
    group, unit = at.pop("group").text(), at.pop("unit").text()
    for model, score in at.items():
        _known(score, model, models, "model")
    return tables.Benchmark(name, group, unit, {model: score.nullable(score.decimal) for model, score in at.items()})


def _statement(row: Cursor, sources: Sources, models: Mapping[str, tables.Model]) -> tables.Statement:
    at = row.fields("model statement source")
    _known(at["model"], at["model"].text(), models, "model")
    return tables.Statement(at["model"].text(), at["statement"].text(), _cited(at["source"], sources))


def _blended(entry: Cursor, sources: Sources, models: Mapping[str, tables.Model]) -> tables.Blended:
    at = entry.entries()
    for key in ("source", "definition"):
        if key not in at:
            entry.fail(f"the key {key}", "none")
    source, definition = _cited(at.pop("source"), sources), at.pop("definition").text()
    for model, price in at.items():
        _known(price, model, models, "model")
    return tables.Blended(definition, {model: price.decimal() for model, price in at.items()}, source)


def _claim(row: Cursor, sources: Sources) -> tables.Claim:
    at = row.fields("claim percent source")
    return tables.Claim(at["claim"].text(), at["percent"].decimal(), _cited(at["source"], sources))


def _task(name: str, entry: Cursor, evidence: tables.Evidence) -> tables.Task:
    at = entry.fields("summary benchmarks tolerance_percent reason")
    weights = {}
    for benchmark, weight in at["benchmarks"].entries().items():
        _known(weight, benchmark, evidence.benchmarks, "benchmark")
        weights[benchmark] = weight.integer(1)
    if not weights:
        at["benchmarks"].fail("at least one benchmark with its weight", "none")
    tolerance = at["tolerance_percent"].decimal()
    if tolerance > 100:
        at["tolerance_percent"].fail("at most 100")
    return tables.Task(name, at["summary"].text(), weights, tolerance, at["reason"].text())


def _texts(at: Cursor) -> tuple[str, ...]:
    return tuple(entry.text() for entry in at.items())


def _confidence(at: Mapping[str, Cursor]) -> str:
    return at["confidence"].choice("high", "medium", "low") if "confidence" in at else "high"


def _cited(at: Cursor, sources: Sources) -> tables.Source:
    name = at.text()
    if name not in sources:
        at.fail("the id of an entry of sources")
    return sources[name]


def _known(at: Cursor, name: str, known: Mapping[str, object] | set[str], kind: str) -> None:
    if name not in known:
        at.fail(f"a {kind} of this table ({', '.join(known)})", f"the {kind} {name}")
