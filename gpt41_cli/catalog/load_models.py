"""The section `models` of the table: rates, limits and lifecycle of each model."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gpt41_cli.catalog import tables
from gpt41_cli.catalog.cursor import Cursor
from gpt41_cli.catalog.fields import Sources, cited, confidence, known, texts
from gpt41_cli.catalog.lookup import MODES, ROLES
from gpt41_cli.pricing import Rates


def model(name: str, entry: Cursor, sources: Sources, platforms: Mapping[str, tables.Platform]) -> tables.Model:
    """One entry of `models`."""
    at = entry.fields(
        "role summary snapshots encoding released context_window max_input_tokens max_output_tokens knowledge_cutoff "
        "input_modalities output_modalities endpoints features tools source rates images prompt lifecycle",
        "notes speed reasoning surcharge fine_tuned rate_limits lacks refuses guidance",
    )
    max_input, max_output = at["max_input_tokens"], at["max_output_tokens"]
    fine_tuned = at.get("fine_tuned")
    return tables.Model(
        id=name,
        role=at["role"].choice(*ROLES),
        summary=at["summary"].text(),
        snapshots=texts(at["snapshots"]),
        encoding=_encoding(at["encoding"], sources),
        released=at["released"].nullable(at["released"].day),
        context_window=at["context_window"].integer(1),
        max_input_tokens=max_input.nullable(lambda: max_input.integer(1)),
        max_output_tokens=max_output.nullable(lambda: max_output.integer(1)),
        knowledge_cutoff=at["knowledge_cutoff"].nullable(at["knowledge_cutoff"].day),
        input_modalities=texts(at["input_modalities"]),
        output_modalities=texts(at["output_modalities"]),
        endpoints=texts(at["endpoints"]),
        features=texts(at["features"]),
        tools=texts(at["tools"]),
        source=cited(at["source"], sources),
        notes=texts(at["notes"]) if "notes" in at else (),
        speed=_speed(at["speed"], sources) if "speed" in at else None,
        reasoning=_reasoning(at["reasoning"], sources) if "reasoning" in at else None,
        rates=_rate_table(at["rates"], sources, platforms),
        surcharge=_surcharge(at["surcharge"], sources) if "surcharge" in at else None,
        fine_tuned=None if fine_tuned is None else _fine_tuned(fine_tuned, sources, platforms),
        rate_limits=_rate_limits(at["rate_limits"], sources) if "rate_limits" in at else None,
        images=at["images"].nullable(lambda: _images(at["images"], sources)),
        prompt=_prompt(at["prompt"], sources),
        lifecycle=_lifecycles(at["lifecycle"], sources, platforms),
        lacks=_lacks(at["lacks"], sources) if "lacks" in at else {},
        refuses=tuple(_refusal(each, sources) for each in at["refuses"].items()) if "refuses" in at else (),
        guidance=tuple(_guidance(each, sources) for each in at["guidance"].items()) if "guidance" in at else (),
    )


def _lacks(entry: Cursor, sources: Sources) -> dict[str, tables.Lack]:
    found = {}
    for name, each in entry.entries().items():
        at = each.fields("source", "confidence")
        found[name] = tables.Lack(cited(at["source"], sources), confidence(at))
    return found


def _refusal(entry: Cursor, sources: Sources) -> tables.Refusal:
    at = entry.fields("parameter source", "endpoint unless_effort instead is confidence note")
    return tables.Refusal(
        parameter=at["parameter"].text(),
        endpoint=at["endpoint"].choice("chat-completions", "responses") if "endpoint" in at else None,
        unless_effort=at["unless_effort"].text() if "unless_effort" in at else None,
        instead=at["instead"].text() if "instead" in at else None,
        is_deprecated="is" in at and at["is"].choice("refused", "deprecated") == "deprecated",
        source=cited(at["source"], sources),
        confidence=confidence(at),
        note=at["note"].text() if "note" in at else None,
    )


def _guidance(entry: Cursor, sources: Sources) -> tables.Guidance:
    at = entry.fields("statement source")
    return tables.Guidance(at["statement"].text(), cited(at["source"], sources))


def _rate_table(at: Cursor, sources: Sources, platforms: Mapping[str, tables.Platform]) -> tables.RateTable:
    table: dict[str, dict[str, tuple[tables.DatedRates, ...]]] = {}
    for platform, modes in at.entries().items():
        known(modes, platform, platforms, "platform")
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
    at = entry.fields("effective_from input cached_input output source", "cache_write_30m cache_write_12h confidence note")
    rates = Rates(at["input"].decimal(), at["cached_input"].nullable(at["cached_input"].decimal), at["output"].decimal())
    if rates.cached_input is not None and rates.cached_input > rates.input:
        at["cached_input"].fail(f"at most the input rate ({rates.input})")
    return tables.DatedRates(
        effective_from=at["effective_from"].day(),
        rates=rates,
        source=cited(at["source"], sources),
        cache_write_30m=at["cache_write_30m"].decimal() if "cache_write_30m" in at else None,
        cache_write_12h=at["cache_write_12h"].decimal() if "cache_write_12h" in at else None,
        confidence=confidence(at),
        note=at["note"].text() if "note" in at else None,
    )


def _fine_tuned(entry: Cursor, sources: Sources, platforms: Mapping[str, tables.Platform]) -> tables.FineTuned:
    at = entry.fields("context_window training rates source", "hosting lifecycle")
    return tables.FineTuned(
        context_window=at["context_window"].integer(1),
        training=_by_platform(at["training"], "usd_per_million", sources, platforms),
        hosting=_by_platform(at["hosting"], "usd_per_hour", sources, platforms) if "hosting" in at else {},
        rates=_rate_table(at["rates"], sources, platforms),
        lifecycle=_lifecycles(at["lifecycle"], sources, platforms) if "lifecycle" in at else {},
        source=cited(at["source"], sources),
    )


def _by_platform(at: Cursor, unit: str, sources: Sources, platforms: Mapping[str, tables.Platform]) -> dict[str, tables.Price]:
    prices = {}
    for name, entry in at.entries().items():
        known(entry, name, platforms, "platform")
        price = entry.fields(f"{unit} source")
        prices[name] = tables.Price(price[unit].decimal(), cited(price["source"], sources))
    return prices


def _lifecycles(at: Cursor, sources: Sources, platforms: Mapping[str, tables.Platform]) -> dict[str, tables.Lifecycle]:
    providers = {platform.provider for platform in platforms.values()}
    found = {}
    for provider, entry in at.entries().items():
        known(entry, provider, providers, "provider")
        found[provider] = _lifecycle(entry, sources)
    return found


def _lifecycle(entry: Cursor, sources: Sources) -> tables.Lifecycle:
    at = entry.fields("announced shutdown replacement source", "replacement_as_of replacement_source confidence disputed note")
    source = cited(at["source"], sources)
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
        replacement_source=cited(at["replacement_source"], sources) if "replacement_source" in at else source,
        confidence=confidence(at),
        disputed=tuple(day.day() for day in at["disputed"].items()) if "disputed" in at else (),
        note=at["note"].text() if "note" in at else None,
    )


def _surcharge(entry: Cursor, sources: Sources) -> tables.Surcharge:
    at = entry.fields("above_input_tokens input_multiplier output_multiplier source")
    return tables.Surcharge(
        at["above_input_tokens"].integer(1),
        at["input_multiplier"].decimal(),
        at["output_multiplier"].decimal(),
        cited(at["source"], sources),
    )


def _encoding(entry: Cursor, sources: Sources) -> tables.Encoding:
    at = entry.fields("name published source")
    return tables.Encoding(at["name"].text(), at["published"].boolean(), cited(at["source"], sources))


def _speed(entry: Cursor, sources: Sources) -> tables.Speed:
    at = entry.fields("class statement source")
    return tables.Speed(at["class"].integer(1), at["statement"].text(), cited(at["source"], sources))


def _reasoning(entry: Cursor, sources: Sources) -> tables.Reasoning:
    at = entry.fields("default_effort efforts source")
    efforts = texts(at["efforts"])
    return tables.Reasoning(at["default_effort"].choice(*efforts), efforts, cited(at["source"], sources))


def _images(entry: Cursor, sources: Sources) -> tables.ImageRule:
    entries = entry.entries()
    if "method" not in entries:
        entry.fail("the key method", "none")
    if entries["method"].choice("tiles", "patches") == "tiles":
        return _tiles(entry, sources)
    return _patches(entry, sources)


def _tiles(entry: Cursor, sources: Sources) -> tables.TileRule:
    at = entry.fields("method fit_px low_detail_tokens base_tokens tile_tokens tile_px short_side_px source", "note")
    return tables.TileRule(
        fit_px=at["fit_px"].integer(1),
        low_detail_tokens=at["low_detail_tokens"].nullable(at["low_detail_tokens"].integer),
        base_tokens=at["base_tokens"].integer(),
        tile_tokens=at["tile_tokens"].integer(),
        tile_px=at["tile_px"].integer(1),
        short_side_px=at["short_side_px"].integer(1),
        source=cited(at["source"], sources),
        note=at["note"].text() if "note" in at else None,
    )


def _patches(entry: Cursor, sources: Sources) -> tables.PatchRule:
    at = entry.fields("method fit_px low_detail_tokens patch_px patch_budget multiplier extra_tokens source", "note")
    return tables.PatchRule(
        fit_px=at["fit_px"].integer(1),
        low_detail_tokens=at["low_detail_tokens"].nullable(at["low_detail_tokens"].integer),
        patch_px=at["patch_px"].integer(1),
        patch_budget=at["patch_budget"].integer(1),
        multiplier=at["multiplier"].decimal(),
        extra_tokens=at["extra_tokens"].integer(),
        source=cited(at["source"], sources),
        note=at["note"].text() if "note" in at else None,
    )


def _prompt(entry: Cursor, sources: Sources) -> tables.PromptRule:
    at = entry.fields("confirmed escapes_parallel_results source")
    return tables.PromptRule(at["confirmed"].boolean(), at["escapes_parallel_results"].boolean(), cited(at["source"], sources))


def _rate_limits(entry: Cursor, sources: Sources) -> tables.RateLimits:
    at = entry.fields("standard source", "long_context note")
    long_context = at["long_context"].entries() if "long_context" in at else {}
    return tables.RateLimits(
        standard={tier(name, row): _rate_limit(row) for name, row in at["standard"].entries().items()},
        long_context={tier(name, row): _rate_limit(row) for name, row in long_context.items()},
        source=cited(at["source"], sources),
        note=at["note"].text() if "note" in at else None,
    )


def tier(name: str, at: Cursor) -> int:
    """A usage tier, which is a key."""
    if not re.fullmatch("[1-9][0-9]?", name):
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
