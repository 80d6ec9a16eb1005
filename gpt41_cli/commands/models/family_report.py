"""The price table as reports: the family side by side, and that a table is valid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from gpt41_cli.catalog import MODES, Catalog, Market, Variant
from gpt41_cli.catalog.tables import Model
from gpt41_cli.commands.models.rate_rows import list_rate_rows
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import format_int, format_rate, pluralize
from gpt41_cli.findings import Citation
from gpt41_cli.reports import Json, Report, ReportLine, Row, Table, make_headings
from gpt41_cli.reports.columns import Column, make_table

SCHEMA = "gpt41.models/1"


def make_family_report(market: Market) -> Report:
    """Make the report of the family in columns, with a row for every other model of the table, and for what is shut down."""
    catalog = market.catalog
    gone = [variant for variant in catalog.family if lifecycle.find_past_shutdown(market, variant)]
    family = [variant for variant in catalog.family if variant not in gone]
    abilities = frozenset().union(*(variant.model.abilities for variant in family))
    sold = [mode for mode in MODES if any(mode in variant.modes for variant in family)]
    facts: list[tuple[str, list[str]]] = [
        ("state", [_describe_end(market, variant) for variant in family]),
        ("successor", [_name_successor(market, variant) for variant in family]),
        *((mode, [_format_rates(market, variant, mode) for variant in family]) for mode in sold),
        ("window", [format_int(variant.context_window) for variant in family]),
        ("answer", [format_limit(variant.model.max_output_tokens) for variant in family]),
        ("knowledge", [str(variant.model.knowledge_cutoff or "-") for variant in family]),
        ("lacks", [", ".join(sorted(abilities - variant.model.abilities)) or "nothing" for variant in family]),
    ]
    headings = make_headings("", *(variant.id for variant in family))
    rows = tuple(Row((name, *cells)) for name, cells in facts)
    table = Table(headings, rows, "Prices in dollars: input / cached input / output")
    running = {variant.id for variant in family}
    others = [Variant(model.id, model) for model in catalog.models.values() if model.id not in running]
    columns: tuple[Column[Variant], ...] = (
        Column("model", None, lambda row: row.id),
        Column("role", None, lambda row: row.model.role),
        Column(">input", None, lambda row: _list_rates(market, row, "standard")[0]),
        Column(">cached", None, lambda row: _list_rates(market, row, "standard")[1]),
        Column(">output", None, lambda row: _list_rates(market, row, "standard")[2]),
        Column("state", None, lambda row: describe_state(market, row)),
    )
    rest = make_table(columns, others, "Other models, at standard prices")
    return make_report(
        catalog,
        list(catalog.models.values()),
        headline=_make_headline(market, family, gone),
        lines=tuple(ReportLine(variant.id, variant.model.summary, variant.model.source.label) for variant in family),
        tables=(table, rest) if family else (rest,),
        answer="\n".join(catalog.models),
    )


def _make_headline(market: Market, family: Sequence[Variant], gone: Sequence[Variant]) -> str:
    """Write which variants can be called and until when, which have no price, and which are shut down."""
    named: dict[str, list[str]] = {}
    unpriced = []
    for variant in family:
        life = lifecycle.find_announced_shutdown(market, variant)
        released = variant.model.released
        if released and released > market.as_of:
            named.setdefault(f"will be released on {released}", []).append(variant.id)
        elif all(_format_rates(market, variant, mode) == "-" for mode in MODES):
            unpriced.append(variant.id)
        else:
            named.setdefault(f"can be called until {life.shutdown}" if life else "can be called", []).append(variant.id)
    if unpriced:
        named[f"{'has' if len(unpriced) == 1 else 'have'} no known price there"] = unpriced
    if gone:
        named[f"{'is' if len(gone) == 1 else 'are'} shut down"] = [variant.id for variant in gone]
    listed = ((" and ".join(filter(None, (", ".join(names[:-1]), names[-1]))), state) for state, names in named.items())
    return f"{market.platform.name}: " + "; ".join(f"{names} {state}" for names, state in listed)


def make_validation_report(market: Market) -> Report:
    """Make the report that a price table has no errors, with the number of entries, and a warning if it is old on that day."""
    catalog = market.catalog
    headline = (
        f"{catalog.file} has no errors: {pluralize(len(catalog.models), 'model')}, {pluralize(len(catalog.sources), 'source')}, "
        f"{pluralize(len(catalog.tasks), 'task')}"
    )
    lines = [ReportLine("sha256", catalog.sha256)]
    if catalog.overlay:
        lines.append(ReportLine("overrides", f"{catalog.overlay.file}, SHA-256 {catalog.overlay.sha256}"))
    lines.append(ReportLine("checked", f"figures last compared on {catalog.checked_on}"))
    stale = lifecycle.check_price_table_age(market)
    if stale:
        how = "install a newer gpt41, or correct a copy of pricing.yaml and give it with --pricing; gpt41 never goes online"
        lines.append(ReportLine("update", how))
    models = list(catalog.models.values())
    report = make_report(catalog, models, headline=headline, lines=tuple(lines), tables=(), answer="sound")
    return report._replace(findings=tuple(stale))


def make_report(
    catalog: Catalog,
    models: Sequence[Model],
    *,
    headline: str,
    lines: tuple[ReportLine, ...],
    tables: tuple[Table, ...],
    answer: str,
) -> Report:
    """Make a report about `models`: their whole entries as JSON, their rates as CSV."""
    return Report(
        schema=SCHEMA,
        answer=answer,
        headline=headline,
        lines=lines,
        tables=tables,
        findings=(),
        notes=("Prices are US dollars per million tokens.",) if tables else (),
        data={"models": [convert_to_json(model) for model in models]},
        records=tuple(list_rate_rows(catalog, models)),
        catalog=catalog,
    )


def convert_to_json(value: object) -> Json:
    """Convert a record of the table to JSON: decimals and dates stay as they are, sources become their ids."""
    if isinstance(value, Citation):
        return value.id
    if isinstance(value, Mapping):
        return {str(key): convert_to_json(item) for key, item in value.items()}
    if hasattr(value, "_asdict"):
        return convert_to_json(value._asdict())
    if isinstance(value, list | tuple):
        return [convert_to_json(item) for item in value]
    assert value is None or isinstance(value, str | int | Decimal | date)
    return value


def describe_state(market: Market, variant: Variant) -> str:
    """Say if the variant can be called on that day, and until when."""
    released = variant.model.released
    if released and released > market.as_of:
        return f"released {released}"
    if life := lifecycle.find_past_shutdown(market, variant):
        return f"shut down {life.shutdown}" + (f", now {life.replacement}" if life.replacement else "")
    if life := lifecycle.find_announced_shutdown(market, variant):
        assert life.shutdown is not None
        days = pluralize((life.shutdown - market.as_of).days, "day")
        return f"ends in {days} ({life.shutdown})" + (f", then {life.replacement}" if life.replacement else "")
    return "available"


def _describe_end(market: Market, variant: Variant) -> str:
    """Say when the variant ends, or ended, in as few words as a column has room for."""
    released = variant.model.released
    if released and released > market.as_of:
        return f"released {released}"
    if life := lifecycle.find_past_shutdown(market, variant):
        return f"shut down {life.shutdown}"
    life = lifecycle.find_announced_shutdown(market, variant)
    return f"ends {life.shutdown}" if life else "available"


def _name_successor(market: Market, variant: Variant) -> str:
    life = lifecycle.find_past_shutdown(market, variant) or lifecycle.find_announced_shutdown(market, variant)
    return life.replacement if life and life.replacement else "-"


def format_limit(tokens: int | None) -> str:
    """Format a number of tokens, or a dash if it isn't known or set."""
    return "-" if tokens is None else format_int(tokens)


def _format_rates(market: Market, variant: Variant, mode: str) -> str:
    """Format the rates for a narrow column: without the signs of dollars, and one dash if the mode has no price."""
    rates = _list_rates(market, variant, mode)
    return " / ".join(rates).replace("$", "") if any(rate != "-" for rate in rates) else "-"


def _list_rates(market: Market, variant: Variant, mode: str) -> list[str]:
    """Format the rates of input, cached input and output: dashes if the mode has no price."""
    offer = market.find_offer(variant, mode)
    return ["-" if rate is None else format_rate(rate) for rate in (offer.row.rates if offer else [None] * 3)]
