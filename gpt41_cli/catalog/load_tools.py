"""The section `tools` of the table: what built-in tools cost beside the tokens."""

from __future__ import annotations

from collections.abc import Mapping

from gpt41_cli.catalog import tables
from gpt41_cli.catalog.cursor import Cursor
from gpt41_cli.catalog.fields import Sources, cited, known, texts


def tools(
    entry: Cursor, sources: Sources, platforms: Mapping[str, tables.Platform], models: Mapping[str, tables.Model]
) -> tables.ToolPrices:
    """The section `tools`."""
    at = entry.fields(
        "platforms web_search web_search_preview fixed_search_tokens file_search file_storage containers",
    )
    for platform in at["platforms"].items():
        known(platform, platform.text(), platforms, "platform")
    return tables.ToolPrices(
        platforms=texts(at["platforms"]),
        web_search=_calls(at["web_search"], sources),
        web_search_preview=_calls(at["web_search_preview"], sources),
        fixed_search_tokens=_fixed_search_tokens(at["fixed_search_tokens"], sources, models),
        file_search=_calls(at["file_search"], sources),
        file_storage=_file_storage(at["file_storage"], sources),
        containers=_containers(at["containers"], sources),
    )


def _calls(entry: Cursor, sources: Sources) -> tables.Calls:
    at = entry.fields("effective_from usd_per_1000_calls source", "note")
    return tables.Calls(at["effective_from"].day(), at["usd_per_1000_calls"].decimal(), cited(at["source"], sources), _note(at))


def _fixed_search_tokens(entry: Cursor, sources: Sources, models: Mapping[str, tables.Model]) -> tables.FixedSearchTokens:
    at = entry.entries()
    if "source" not in at:
        entry.fail("the key source", "none")
    source = cited(at.pop("source"), sources)
    for model, tokens in at.items():
        known(tokens, model, models, "model")
    return tables.FixedSearchTokens({model: tokens.integer() for model, tokens in at.items()}, source)


def _file_storage(entry: Cursor, sources: Sources) -> tables.FileStorage:
    at = entry.fields("effective_from usd_per_gb_day free_gb source", "note")
    return tables.FileStorage(
        at["effective_from"].day(),
        at["usd_per_gb_day"].decimal(),
        at["free_gb"].integer(),
        cited(at["source"], sources),
        _note(at),
    )


def _containers(entry: Cursor, sources: Sources) -> tables.Containers:
    at = entry.fields("effective_from usd_per_20_minutes minimum_minutes source", "note")
    sizes = at["usd_per_20_minutes"].entries()
    if not sizes:
        at["usd_per_20_minutes"].fail("at least one size in GB", "none")
    for size, price in sizes.items():
        if not size.isdecimal():
            price.fail("a size in GB: a whole number", f"the key {size}")
    return tables.Containers(
        at["effective_from"].day(),
        {int(size): price.decimal() for size, price in sizes.items()},
        at["minimum_minutes"].integer(),
        cited(at["source"], sources),
        _note(at),
    )


def _note(at: Mapping[str, Cursor]) -> str | None:
    return at["note"].text() if "note" in at else None
