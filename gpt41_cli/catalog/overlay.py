"""The price you pay: a file of overrides on top of the price table that ships, such as a discount or rates of your own."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

from gpt41_cli.catalog import checks, tables
from gpt41_cli.catalog.cursor import Cursor
from gpt41_cli.catalog.limit_tables import ApiLimits
from gpt41_cli.catalog.lookup import Catalog, OverlayFile
from gpt41_cli.findings import Citation
from gpt41_cli.pricing import EXACT, Rates
from gpt41_cli.records import GIVEN, Default, Key, build

_DISCOUNT = "discount_percent"
_UPLIFT = "regional_uplift_percent"
_PTU = "ptu_usd_per_hour"
_OWN_KEYS = ("overrides", "aliases", _PTU)
"""The keys that no price table has."""
_TABLE_KEYS = ("schema", "platforms", "evidence", "tasks", "limits")
"""Keys that only a price table has."""
_NAMED = checks.is_not_empty("at least one name, or no such key")


class _Override(NamedTuple):
    """One entry of `overrides`: what it changes, and for which models, platforms, modes and days; for all if it names none."""

    discount_percent: Annotated[Decimal | None, Default()]
    regional_uplift_percent: Annotated[Decimal | None, Default()]
    rates: Annotated[Rates | None, checks.caches_at_a_discount, Default()]
    models: Annotated[tuple[tables.ModelName, ...], _NAMED, Default(())]
    platforms: Annotated[tuple[tables.PlatformName, ...], _NAMED, Default(())]
    modes: Annotated[tuple[Annotated[str, checks.is_mode], ...], _NAMED, Default(())]
    since: Annotated[date | None, Key("from"), Default()]
    until: Annotated[date | None, Default()]

    def change(self, row: tables.DatedRates, file: str) -> tables.DatedRates:
        """Return a row at the overridden price, with a note that says so."""
        percents = EXACT.minus(self.discount_percent or Decimal(0)), self.regional_uplift_percent or Decimal(0)
        factor = EXACT.multiply(*(EXACT.add(Decimal(1), percent.scaleb(-2)) for percent in percents))
        rates = self.rates or row.rates.with_multipliers(factor, factor)
        writes = (row.cache_write_30m, row.cache_write_12h)
        changed = [price if price is None or self.rates else EXACT.multiply(price, factor) for price in writes]
        note = f"{file} overrides this price."
        return row._replace(rates=rates, cache_write_30m=changed[0], cache_write_12h=changed[1], note=note)


class _Overlay(NamedTuple):
    """A file of overrides. `models` are those of the table, and the file's own."""

    platforms: Annotated[Mapping[str, tables.Platform], GIVEN]
    models: Annotated[Mapping[str, tables.Model], GIVEN]
    overrides: Annotated[tuple[_Override, ...], Default(())]
    aliases: Annotated[Mapping[str, tables.ModelName], Default({})]
    ptu_usd_per_hour: Annotated[Mapping[tables.PlatformName, Annotated[Decimal, checks.is_positive]], Default({})]


class _OwnModels(NamedTuple):
    """The models that a file adds; their entries are as in the price table."""

    sources: Annotated[Mapping[str, Any], GIVEN]
    platforms: Annotated[Mapping[str, tables.Platform], GIVEN]
    models: Mapping[str, tables.Model]


def is_overlay(root: Cursor) -> bool:
    """Return True if a document is a file of overrides, or meant to be one, not a whole price table."""
    keys = root.entries().keys()
    return bool(keys) and keys.isdisjoint(_TABLE_KEYS)


def apply_overlay(catalog: Catalog, root: Cursor, data: bytes) -> Catalog:
    """Return the catalog with the overrides of a document. Raises TableError, with line and column, for mistakes in it."""
    entries = root.fields((), (*_OWN_KEYS, "models", "sources"))
    sources = dict(catalog.sources)
    for name, entry in entries["sources"].entries().items() if "sources" in entries else ():
        sources[name] = checks.read_citation(entry, {})
    models = dict(catalog.models)
    if "models" in entries:
        for name, entry in entries["models"].entries().items():
            if name in models:
                entry.fail("models that the price table doesn't have: overrides change the others", f"the model {name}")
        own = root.without(*_OWN_KEYS, "sources")
        models |= build(_OwnModels, own, sources=sources, platforms=catalog.platforms).models
        checks.names_are_unique(models, entries["models"], {})
    overlay = build(_Overlay, root.without("models", "sources"), platforms=catalog.platforms, models=models)
    at = list(entries["overrides"].items()) if "overrides" in entries else []
    for override, place in zip(overlay.overrides, at, strict=True):
        _check_override(override, place)
        if override.until and any(
            _add_platforms(models[name], override, root.file) != models[name].rates for name in override.models
        ):
            place.entries()["until"].fail("no last day for rates if the price table has no price that could follow them")
        changed = {name: _override_model(model, override, root.file) for name, model in models.items()}
        if changed == models:
            place.fail("models, platforms, modes and days that the price table has prices for", "no price that it changes")
        models = changed
    for name in overlay.aliases:
        if catalog.find_variant(name):
            entries["aliases"].entries()[name].fail("a name that isn't a model of the price table", name)
    file = OverlayFile(root.file, hashlib.sha256(data).hexdigest())
    limits = _state_unit_prices(catalog.limits, overlay.ptu_usd_per_hour, entries[_PTU]) if _PTU in entries else catalog.limits
    catalog = catalog._replace(sources=sources, models=models, limits=limits, overlay=file)
    return catalog.with_aliases(overlay.aliases) if overlay.aliases else catalog


def _state_unit_prices(limits: ApiLimits, prices: Mapping[str, Decimal], at: Cursor) -> ApiLimits:
    """Return the limits with the price per hour of a provisioned unit on each of these platforms."""
    units = limits.provisioned
    sold = units.platforms if units else {}
    for platform in prices:
        if platform not in sold:
            at.entries()[platform].fail(f"a platform that sells provisioned throughput ({', '.join(sold) or 'none'})", platform)
    return limits._replace(provisioned=units._replace(usd_per_hour=prices)) if units else limits


def _check_override(override: _Override, at: Cursor) -> None:
    entries = at.entries()
    said = [key for key in (_DISCOUNT, _UPLIFT, "rates") if key in entries]
    if not said:
        at.fail(f"{_DISCOUNT}, {_UPLIFT} or rates", "none of them")
    if "rates" in said and said[1:]:
        entries["rates"].fail("rates or a percentage", "both")
    for key, most in ((_DISCOUNT, 100), (_UPLIFT, 1000)):
        percent = getattr(override, key)
        if percent is not None and percent > most:
            entries[key].fail(f"a percentage from 0 to {most}")
    for key, names in (("models", override.models), ("modes", override.modes)):
        if override.rates and not names:
            entries["rates"].fail(f"rates together with {key}", "them alone")
    if override.since and override.until and override.until < override.since:
        entries["until"].fail(f"a day from {override.since} on")


def _override_model(model: tables.Model, override: _Override, file: str) -> tables.Model:
    if override.models and model.id not in override.models:
        return model
    tuned = model.fine_tuned
    if tuned and not override.rates:  # rates of a model aren't those of its fine-tunes, a discount is
        tuned = tuned._replace(rates=_override_table(tuned.rates, override, file))
    table = _add_platforms(model, override, file)
    return model._replace(rates=_override_table(table, override, file), fine_tuned=tuned)


def _add_platforms(model: tables.Model, override: _Override, file: str) -> tables.RateTable:
    """Return the rates of a model with those that an override states for platforms and modes without a price."""
    if override.rates is None:
        return model.rates
    day = override.since or model.released or date.min
    row = tables.DatedRates(day, override.rates, Citation(file, "a file of overrides", file, day.isoformat()))
    added = {platform: dict(model.rates.get(platform, {})) for platform in override.platforms}
    for by_mode in added.values():
        for mode in override.modes:
            by_mode.setdefault(mode, (row,))
    return {**model.rates, **{name: by_mode for name, by_mode in added.items() if checks.MODES[0] in by_mode}}


def _override_table(table: tables.RateTable, override: _Override, file: str) -> tables.RateTable:
    def applies(platform: str, mode: str) -> bool:
        return platform in (override.platforms or table) and mode in (override.modes or checks.MODES)

    return {
        platform: {
            mode: tuple(_override_rows(rows, override, file)) if applies(platform, mode) else rows
            for mode, rows in by_mode.items()
        }
        for platform, by_mode in table.items()
    }


def _override_rows(rows: tuple[tables.DatedRates, ...], override: _Override, file: str) -> Iterator[tables.DatedRates]:
    """Yield the rows with a new one where the override begins and where it ends."""
    ends = override.until + timedelta(days=1) if override.until else None
    days = {row.effective_from for row in rows} | {day for day in (override.since, ends) if day}
    for day in sorted(days):
        known = [row for row in rows if row.effective_from <= day]
        if known:
            row = known[-1]._replace(effective_from=day)
            is_over = (override.since and day < override.since) or (ends and day >= ends)
            yield row if is_over else override.change(row, file)
