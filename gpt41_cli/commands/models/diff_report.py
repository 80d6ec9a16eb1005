"""What another price table, or a file of overrides, changes on a day, as a Report."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gpt41_cli.catalog import MODES, Catalog, Market, Variant
from gpt41_cli.commands.models.family_report import make_report
from gpt41_cli.commands.models.report import find_rates_in_force
from gpt41_cli.display import format_change_percent, format_rate, pluralize
from gpt41_cli.reports import Report, ReportLine
from gpt41_cli.reports.columns import Column, make_table

_NO_PRICE = "none"
_DIRECTIONS = "input", "cached", "output", "cache write", "12 h write"


class _PriceChange(NamedTuple):
    """A price that differs; None if one of the tables has none."""

    model: str
    platform: str
    mode: str
    direction: str
    before: Decimal | None
    after: Decimal | None

    @property
    def change(self) -> str:
        """The change in percent with its sign; empty without two prices."""
        if not self.before or self.after is None:
            return ""
        share = Fraction(self.after) / Fraction(self.before) - 1
        return f"{'+' if share > 0 else '-'}{format_change_percent(share)}"


def make_diff_report(market: Market, other: Catalog) -> Report:
    """Make the report on the prices that differ in another catalog on the day of the market."""
    changes = list(_list_changes(market, other))
    changed = {change.model for change in changes}
    before, after = (catalog.overlay.file if catalog.overlay else catalog.file for catalog in (market.catalog, other))
    prices = f"{pluralize(len(changes), 'price')} of {pluralize(len(changed), 'model')}" if changes else "no price per token"
    columns = (
        Column[_PriceChange]("model", None, lambda change: change.model),
        Column[_PriceChange]("platform", None, lambda change: change.platform),
        Column[_PriceChange]("mode", None, lambda change: change.mode),
        Column[_PriceChange]("tokens", None, lambda change: change.direction),
        Column[_PriceChange](">before", None, lambda change: change.before, format_rate, _NO_PRICE),
        Column[_PriceChange](">after", None, lambda change: change.after, format_rate, _NO_PRICE),
        Column[_PriceChange](">change", None, lambda change: change.change),
    )
    models = [model for model in other.models.values() if changed & {model.id, f"ft:{model.id}"}]
    return make_report(
        other,
        models,
        headline=f"{after} changes {prices} of {before} on {market.as_of}",
        lines=tuple(_make_unit_lines(other)),
        tables=(make_table(columns, changes),) if changes else (),
        answer=str(len(changes)),
    )


def _make_unit_lines(other: Catalog) -> Iterator[ReportLine]:
    """Yield the prices per hour that only a file of overrides has."""
    units = other.limits.provisioned
    for platform, usd in units.usd_per_hour.items() if units else ():
        yield ReportLine("ptu", f"{format_rate(usd)} per hour on {platform}")


def _list_changes(market: Market, other: Catalog) -> Iterator[_PriceChange]:
    for name in dict.fromkeys((*market.catalog.models, *other.models)):
        for tuned in (name, f"ft:{name}"):
            before, after = _find_variant(market.catalog, tuned), _find_variant(other, tuned)
            for platform in other.platforms:
                for mode in MODES:
                    prices = [_list_prices(market, variant, platform, mode) for variant in (before, after)]
                    for direction, one, two in zip(_DIRECTIONS, *prices, strict=True):
                        if one != two:
                            yield _PriceChange(tuned, platform, mode, direction, one, two)


def _find_variant(catalog: Catalog, name: str) -> Variant | None:
    model = catalog.models.get(name.removeprefix("ft:"))
    if model is None or (name.startswith("ft:") and model.fine_tuned is None):
        return None
    return Variant(name, model, model.fine_tuned if name.startswith("ft:") else None)


def _list_prices(market: Market, variant: Variant | None, platform: str, mode: str) -> tuple[Decimal | None, ...]:
    """List the prices on the day of the market, in the order of _DIRECTIONS; None for those that aren't known."""
    rows = variant.rate_table.get(platform, {}).get(mode, ()) if variant else ()
    row = find_rates_in_force(rows, market.as_of)
    return (*row.rates, row.cache_write_30m, row.cache_write_12h) if row else (None,) * len(_DIRECTIONS)
