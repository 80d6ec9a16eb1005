"""A Migration as a Report: where it leads and for how much, why, what breaks, when what ends, and every way side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.commands.migrate import reasons as moving
from gpt41_cli.commands.migrate.incompatibilities import Break
from gpt41_cli.commands.migrate.migrate import Migration, Way
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import change, exact, money, number, part, plural
from gpt41_cli.findings import Level
from gpt41_cli.prices.quote import Quote
from gpt41_cli.reports import Json, Line, Report, Row, Table, columns
from gpt41_cli.reports.findings import invalid_findings, left_out_findings
from gpt41_cli.reports.quotes import bound, quote_json, work_line
from gpt41_cli.reports.remarks import remark_json

if TYPE_CHECKING:
    from gpt41_cli.files.places import Rejects
    from gpt41_cli.files.trees import LeftOut

SCHEMA = "gpt41.migrate/1"

NOTHING = "none"


def report(catalog: Catalog, found: Migration, rejects: Rejects | None = None, left_out: Sequence[LeftOut] = ()) -> Report:
    """The migration, to be read, to be quoted in a pull request, and to be computed with."""
    work = found.work
    said = {
        "why": list(moving.why(found)),
        "but": list(moving.but(found)),
        "breaks": [each.remark for each in found.breaks[found.target.id]] if found.target else [],
        "dates": list(moving.ends(catalog, found)),
        "guide": list(moving.guidance(found)),
    }
    return Report(
        schema=SCHEMA,
        answer=found.target.id if found.target else NOTHING,
        headline=_headline(found),
        lines=(
            work_line(catalog, work, [*found.today.values(), *(way.quote for way in found.ways)]),
            *(Line(kind, remark.text, remark.cited) for kind, remarks in said.items() for remark in remarks),
        ),
        tables=(_table(found),),
        findings=(*found.findings, *invalid_findings(rejects), *left_out_findings(left_out)),
        notes=found.notes,
        data={
            "from": found.plan.leaving.id,
            "to": found.target.id if found.target else None,
            "on": str(found.plan.as_of),
            "platform": found.plan.platform.id,
            "is_ceiling": work.is_ceiling,
            "estimates": work.estimates,
            "lower_bounds": work.lower_bounds,
            "is_replayed": work.replay is not None,
            "today": [quote_json(quote) for quote in found.today.values()],
            "ways": [_way_json(way) for way in found.ways],
            "reasons": [remark_json(kind, remark) for kind, remarks in said.items() if kind != "breaks" for remark in remarks],
            "breaks": [_break_json(model, each) for model, broken in found.breaks.items() for each in broken],
        },
        records=(*(_today_record(quote) for quote in found.today.values()), *(_record(way, found) for way in found.ways)),
        catalog=catalog,
    )


def _headline(found: Migration) -> str:
    leaving, way = found.plan.leaving.id, found.answer
    if way is None:
        both = (choose(found.ways, key=lambda way: way.most_usd) for choose in (min, max))
        usd = " to ".join(dict.fromkeys(f"{money(way.most_usd)} ({way.quote.model} in {way.quote.mode})" for way in both))
        return f"Nothing with a price here is named in place of {leaving}: {bound(found.work)}{usd} for the same work"
    where = "" if way.quote.mode == "standard" else f" in {way.quote.mode}"
    low, high = money(way.quote.total_usd), money(way.most_usd)
    usd = low if low == high else f"{low} to {high}"
    time = "before" if found.is_gone else "today"
    now = f" ({time} {money(way.today.total_usd)})" if way.today else ""
    price = f"{bound(found.work)}{usd} for the same work{now}{_spare(way, time)}"
    return f"{way.quote.model} in place of {leaving}{where}: {price}{_refused(found, way.variant)}"


def _refused(found: Migration, target: Variant) -> str:
    """Why the target would take no such request."""
    broken = [each.remark.text for each in found.breaks[target.id] if each.level is Level.ERROR]
    why = "; ".join(text.removeprefix(f"{target.id}: ") for text in broken)
    return f"; as it is it would be refused: {why}" if why else ""


def _spare(way: Way, time: str) -> str:
    """How much reasoning leaves it below the price of then."""
    if way.added_usd is None or way.variant.model.reasoning is None:
        return ""
    if way.added_usd > 0:
        return ", more even without reasoning" if way.is_dearer else ", with all cache writes more even without reasoning"
    if way.reasoning_tokens is None:
        return ""
    if way.reasons_freely:
        most = number(way.variant.model.max_output_tokens or 0)
        return f", and no more than {time} however long it reasons (its answers end at {most} tokens)"
    return f", and up to {plural(way.reasoning_tokens, 'reasoning token')} a request cost no more than {time}"


def _table(found: Migration) -> Table:
    """Today first, then every way; the highest price of each, its cache writes included, is what is compared."""
    each = (">each",) if found.work.requests > 1 else ()
    then = "before" if found.is_gone else "today"
    titles = columns("model", "mode", *each, ">total", "|", ">cache writes", f">against {then}", ">reasoning tokens", "")
    prices = [*(way.most_usd for way in found.ways), *(quote.total_usd for quote in found.today.values())]
    dearest = max(prices)
    today = (_today_row(quote, found, dearest) for quote in found.today.values())
    return Table(titles, (*today, *(_row(way, found, dearest) for way in found.ways)))


def _today_row(quote: Quote, found: Migration, dearest: Decimal) -> Row:
    over = (each.brief for each in found.over[quote.mode])
    cells = (
        quote.model,
        quote.mode,
        *((money(quote.each_usd),) if found.work.requests > 1 else ()),
        money(quote.total_usd),
        str(part(quote.total_usd, dearest)),
        "",
        "",
        "",
        "; ".join(("shut down" if found.is_gone else "today", *over)),
    )
    return Row(cells, "faint" if found.is_gone else "")


def _row(way: Way, found: Migration, dearest: Decimal) -> Row:
    cells = (
        way.quote.model,
        way.quote.mode,
        *((money(way.quote.each_usd),) if found.work.requests > 1 else ()),
        money(way.quote.total_usd),
        str(part(way.most_usd, dearest)),
        change(way.writes.usd) if way.writes.usd else "",
        "" if way.added_usd is None else change(way.added_usd),
        _reasoning(way),
        _status(way, found),
    )
    return Row(cells, "chosen" if way is found.answer else "")


def _reasoning(way: Way) -> str:
    if way.variant.model.reasoning is None:
        return "-"
    if way.added_usd is None:
        return ""
    return "none" if way.reasoning_tokens is None else "any" if way.reasons_freely else number(way.reasoning_tokens)


_SOON_DAYS = 365
"""Within so many days the end of a model speaks against moving to it: one would have to move again within the year."""


def _status(way: Way, found: Migration) -> str:
    """What it is, or what of the work does not move along to it."""
    life = lifecycle.ended(way.variant, found.plan.platform, found.plan.as_of)
    is_named = way in found.answers and not found.plan.to
    told = ["shut down"] if life else ["named replacement"] if is_named else []
    retires = lifecycle.retiring(way.variant, found.plan.platform, found.plan.as_of)
    if retires and retires.shutdown and (retires.shutdown - found.plan.as_of).days < _SOON_DAYS:
        told.append(f"ends {retires.shutdown}")
    heavy = [each.remark for each in found.breaks[way.variant.id] if each.level >= Level.WARNING]
    refused = [remark.brief for remark in heavy if remark.rule == "refused-parameter"]
    if refused:
        told.append(f"refuses {', '.join(refused)}")
    return "; ".join((*told, *(remark.brief for remark in heavy if remark.rule != "refused-parameter")))


def _way_json(way: Way) -> Mapping[str, Json]:
    return {
        "quote": quote_json(way.quote),
        "cache_write_tokens": way.writes.tokens,
        "cache_writes_usd": exact(way.writes.usd),
        "most_usd": exact(way.most_usd),
        "added_usd": None if way.added_usd is None else exact(way.added_usd),
        "reasoning_tokens": way.reasoning_tokens,
    }


def _break_json(model: str, each: Break) -> Mapping[str, Json]:
    remark = each.remark
    return {
        "model": model,
        "level": each.level.label,
        "rule": remark.rule,
        "text": remark.text,
        "sources": [source._asdict() for source in dict.fromkeys(remark.sources)],
    }


def _today_record(quote: Quote) -> Mapping[str, Json]:
    return {
        "status": "today",
        "model": quote.model,
        "mode": quote.mode,
        "total_usd": exact(quote.total_usd),
        "cache_writes_usd": None,
        "most_usd": exact(quote.total_usd),
        "added_usd": None,
        "reasoning_tokens": None,
    }


def _record(way: Way, found: Migration) -> Mapping[str, Json]:
    return {
        "status": "answer" if way in found.answers else "beside",
        "model": way.quote.model,
        "mode": way.quote.mode,
        "total_usd": exact(way.quote.total_usd),
        "cache_writes_usd": exact(way.writes.usd),
        "most_usd": exact(way.most_usd),
        "added_usd": None if way.added_usd is None else exact(way.added_usd),
        "reasoning_tokens": way.reasoning_tokens,
    }
