"""The sections `limits` and `evidence` of the table: what holds for every model, and what is published about them."""

from __future__ import annotations

from collections.abc import Mapping

from gpt41_cli.catalog import limit_tables, tables
from gpt41_cli.catalog.cursor import Cursor
from gpt41_cli.catalog.fields import Sources, cited, confidence, known, texts
from gpt41_cli.catalog.load_models import tier

Models = Mapping[str, tables.Model]
Platforms = Mapping[str, tables.Platform]


def limits(entry: Cursor, sources: Sources, models: Models, platforms: Platforms) -> limit_tables.Limits:
    """The section `limits`."""
    at = entry.fields("long_context_tokens usage_tiers priority tool_windows batch prompt_cache", "fine_tuning predicted_outputs")
    return limit_tables.Limits(
        long_context_tokens=at["long_context_tokens"].integer(1),
        usage_tiers=_usage_tiers(at["usage_tiers"], sources),
        priority=_priority(at["priority"], sources),
        tool_windows={tool: _tool_window(row, sources) for tool, row in at["tool_windows"].entries().items()},
        batch=_batch(at["batch"], sources),
        prompt_cache=_prompt_cache(at["prompt_cache"], sources),
        fine_tuning=_fine_tuning(at["fine_tuning"], sources, models, platforms) if "fine_tuning" in at else None,
        predicted_outputs=cited(at["predicted_outputs"].fields("source")["source"], sources)
        if "predicted_outputs" in at
        else None,
    )


def _usage_tiers(entry: Cursor, sources: Sources) -> limit_tables.UsageTiers:
    at = entry.entries()
    for key in ("source", "provider"):
        if key not in at:
            entry.fail(f"the key {key}", "none")
    source, provider = cited(at.pop("source"), sources), at.pop("provider").text()
    if not at:
        entry.fail("at least one usage tier", "none")
    return limit_tables.UsageTiers(provider, {tier(name, row): _usage_tier(row) for name, row in at.items()}, source)


def _tool_window(entry: Cursor, sources: Sources) -> limit_tables.ToolWindow:
    at = entry.fields("context_window source")
    return limit_tables.ToolWindow(at["context_window"].integer(1), cited(at["source"], sources))


def _usage_tier(entry: Cursor) -> limit_tables.UsageTier:
    at = entry.fields("paid_usd monthly_limit_usd")
    return limit_tables.UsageTier(at["paid_usd"].integer(), at["monthly_limit_usd"].integer())


def _priority(entry: Cursor, sources: Sources) -> limit_tables.PriorityRules:
    at = entry.fields("source max_input_tokens")
    return limit_tables.PriorityRules(at["max_input_tokens"].integer(1), cited(at["source"], sources))


def _batch(entry: Cursor, sources: Sources) -> limit_tables.BatchRules:
    at = entry.fields("source max_requests max_file_megabytes completion_window_hours models_per_file batches_per_hour")
    return limit_tables.BatchRules(
        max_requests=at["max_requests"].integer(1),
        max_file_megabytes=at["max_file_megabytes"].integer(1),
        completion_window_hours=at["completion_window_hours"].integer(1),
        models_per_file=at["models_per_file"].integer(1),
        batches_per_hour=at["batches_per_hour"].integer(1),
        source=cited(at["source"], sources),
    )


def _prompt_cache(entry: Cursor, sources: Sources) -> limit_tables.CacheRules:
    at = entry.fields(
        "source minimum_tokens step_tokens idle_minutes lifetime_minutes extended_hours requests_per_minute_per_prefix "
        "routing_prefix_tokens"
    )
    idle = at["idle_minutes"].fields("at_least at_most")
    return limit_tables.CacheRules(
        minimum_tokens=at["minimum_tokens"].integer(1),
        step_tokens=at["step_tokens"].integer(1),
        idle_minutes_at_least=idle["at_least"].integer(1),
        idle_minutes_at_most=idle["at_most"].integer(1),
        lifetime_minutes=at["lifetime_minutes"].integer(1),
        extended_hours=at["extended_hours"].integer(1),
        requests_per_minute_per_prefix=at["requests_per_minute_per_prefix"].integer(1),
        routing_prefix_tokens=at["routing_prefix_tokens"].integer(1),
        source=cited(at["source"], sources),
    )


def _fine_tuning(entry: Cursor, sources: Sources, models: Models, platforms: Platforms) -> limit_tables.TrainingRules:
    at = entry.fields("provider examples example_tokens file epochs pictures closings")
    examples = at["examples"].fields("at_least recommended source")
    tokens = at["example_tokens"].fields("at_most source")
    file = at["file"].fields("max_megabytes source")
    pictures = at["pictures"].fields("models source")
    for name in pictures["models"].items():
        known(name, name.text(), models, "model")
    providers = {platform.provider for platform in platforms.values()}
    known(at["provider"], at["provider"].text(), providers, "provider")
    for provider, rows in at["closings"].entries().items():
        known(rows, provider, providers, "provider")
    return limit_tables.TrainingRules(
        provider=at["provider"].text(),
        min_examples=examples["at_least"].integer(1),
        recommended_examples=examples["recommended"].integer(1),
        examples_source=cited(examples["source"], sources),
        max_example_tokens=tokens["at_most"].integer(1),
        example_tokens_source=cited(tokens["source"], sources),
        max_file_megabytes=file["max_megabytes"].integer(1),
        file_source=cited(file["source"], sources),
        epochs=_epochs(at["epochs"], sources),
        picture_models=texts(pictures["models"]),
        pictures_source=cited(pictures["source"], sources),
        closings={name: _closings(rows, sources) for name, rows in at["closings"].entries().items()},
    )


def _epochs(entry: Cursor, sources: Sources) -> limit_tables.EpochRule:
    at = entry.fields("target examples_at_least examples_at_most at_least at_most source")
    return limit_tables.EpochRule(
        target=at["target"].integer(1),
        examples_at_least=at["examples_at_least"].integer(1),
        examples_at_most=at["examples_at_most"].integer(1),
        at_least=at["at_least"].integer(1),
        at_most=at["at_most"].integer(1),
        source=cited(at["source"], sources),
    )


def _closings(rows: Cursor, sources: Sources) -> tuple[limit_tables.Closing, ...]:
    found: list[limit_tables.Closing] = []
    for row in rows.items():
        at = row.fields("on closed_to to_all source", "confidence note")
        closing = limit_tables.Closing(
            at["on"].day(),
            at["closed_to"].text(),
            at["to_all"].boolean(),
            cited(at["source"], sources),
            confidence(at),
            at["note"].text() if "note" in at else None,
        )
        if found and closing.on <= found[-1].on:
            row.fail("closings in the order of their days", f"{closing.on} after {found[-1].on}")
        found.append(closing)
    return tuple(found)


def evidence(entry: Cursor, sources: Sources, models: Models) -> tables.Evidence:
    """The section `evidence`."""
    at = entry.fields("benchmarks latency blended_usd_per_million savings")
    table = at["benchmarks"].fields("source scores", "notes")
    benchmarks = {name: _benchmark(name, row, models) for name, row in table["scores"].entries().items()}
    return tables.Evidence(
        benchmarks=benchmarks,
        benchmarks_source=cited(table["source"], sources),
        notes=texts(table["notes"]) if "notes" in table else (),
        latency=tuple(_statement(row, sources, models) for row in at["latency"].items()),
        blended=_blended(at["blended_usd_per_million"], sources, models),
        savings=tuple(_claim(row, sources) for row in at["savings"].items()),
    )


def _benchmark(name: str, row: Cursor, models: Models) -> tables.Benchmark:
    at = row.entries()
    for key in ("group", "unit"):
        if key not in at:
            row.fail(f"the key {key}", "none")
    group, unit = at.pop("group").text(), at.pop("unit").text()
    for model, score in at.items():
        known(score, model, models, "model")
    return tables.Benchmark(name, group, unit, {model: score.nullable(score.decimal) for model, score in at.items()})


def _statement(row: Cursor, sources: Sources, models: Models) -> tables.Statement:
    at = row.fields("model statement source")
    known(at["model"], at["model"].text(), models, "model")
    return tables.Statement(at["model"].text(), at["statement"].text(), cited(at["source"], sources))


def _blended(entry: Cursor, sources: Sources, models: Models) -> tables.Blended:
    at = entry.entries()
    for key in ("source", "definition"):
        if key not in at:
            entry.fail(f"the key {key}", "none")
    source, definition = cited(at.pop("source"), sources), at.pop("definition").text()
    for model, price in at.items():
        known(price, model, models, "model")
    return tables.Blended(definition, {model: price.decimal() for model, price in at.items()}, source)


def _claim(row: Cursor, sources: Sources) -> tables.Claim:
    at = row.fields("claim percent source")
    return tables.Claim(at["claim"].text(), at["percent"].decimal(), cited(at["source"], sources))
