"""A replay of the prompt cache as a Report: what it gives, what that is worth, what is shared, and what breaks it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_FLOOR, Decimal

from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.tables import Platform
from gpt41_cli.commands.cache.divergence import ORDER, PICTURE, Break, Near
from gpt41_cli.commands.cache.savings import Value, worth_usd
from gpt41_cli.commands.cache.study import Reads, Shared, Study
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import exact, lasting, money, number, percent, plural, printable
from gpt41_cli.errors import quoted
from gpt41_cli.files.trees import LeftOut
from gpt41_cli.findings import Finding, Level, Location
from gpt41_cli.prices.notes import note_on_surcharge, note_on_writes
from gpt41_cli.pricing import sum_usd
from gpt41_cli.reports import Json, Line, Report, Row, Table, columns
from gpt41_cli.reports.findings import invalid_findings, left_out_findings
from gpt41_cli.work.prompt_cache import EXTENDED, Traffic, kept_minutes, requests_per_minute

SCHEMA = "gpt41.cache/1"

_SHOWN = 5


def report(
    catalog: Catalog, study: Study, values: Sequence[Value], platform: Platform, as_of: date, left_out: Sequence[LeftOut] = ()
) -> Report:
    """The replay, to be read and to be computed with."""
    asked = [value for value in values if value.is_asked]
    total = _total(study)
    return Report(
        schema=SCHEMA,
        answer=_answer(total),
        headline=_headline(total, asked, study),
        lines=tuple(_lines(catalog, study, total, asked)),
        tables=(_table(values, as_of, platform), *_shared_table(study.shared)),
        findings=(*_findings(catalog, study, asked), *invalid_findings(study.rejects), *left_out_findings(left_out)),
        notes=tuple(_notes(catalog, asked, study.traffic)),
        data={
            "requests_per_minute": requests_per_minute(catalog.limits.prompt_cache, study.traffic),
            "requests": total.requests,
            "input_tokens": total.whole.tokens,
            "cached_tokens": total.whole.cached,
            "ideal_cached_tokens": total.whole.ideal,
            "hits": total.hits,
            "models": [_record(value) for value in values],
            "shared": [_shared_json(each) for each in study.shared],
            "compared": study.compared,
            "breaks": [_break_json(each, asked) for each in study.partings.breaks],
        },
        records=tuple(_record(value) for value in values),
        catalog=catalog,
    )


def _total(study: Study) -> Reads:
    total = Reads()
    for reads in study.reads.values():
        total.requests += reads.requests
        total.short, total.long = total.short.plus(reads.short), total.long.plus(reads.long)
        total.hits += reads.hits
    return total


def _share(tokens: int, of: int) -> Decimal:
    return Decimal(tokens) / of if of else Decimal(0)


def _answer(total: Reads) -> str:
    """The share as `--cached` takes it, rounded down so that no price is understated."""
    share = (_share(total.whole.cached, total.whole.tokens) * 100).quantize(Decimal("0.000001"), ROUND_FLOOR)
    return f"{exact(share)}%"


def _headline(total: Reads, asked: Sequence[Value], study: Study) -> str:
    share = percent(_share(total.whole.cached, total.whole.tokens))
    cold, saved = sum_usd(value.cold_usd for value in asked), sum_usd(value.saved_usd for value in asked)
    where = f" on {asked[0].offer.variant.id}" if len(asked) == 1 else ""
    lost = [_worth(each.gained, each.model, asked) for each in study.partings.breaks]
    lost += (_worth(reads.keyed_apart, model, asked) for model, reads in study.reads.items())
    more = f", {money(sum_usd(lost))} more if nothing broke it" if any(lost) else ""
    return f"{share} of the input is read from the cache: {money(saved)} saved of {money(cold)}{where}{more}"


def _worth(tokens: int, model: str, asked: Sequence[Value]) -> Decimal:
    """What reading so many tokens from the cache of a model would save."""
    offer = next(value.offer for value in asked if value.offer.variant.id == model)
    return worth_usd(offer, tokens)


def _lines(catalog: Catalog, study: Study, total: Reads, asked: Sequence[Value]) -> Iterator[Line]:
    rules = catalog.limits.prompt_cache
    label = rules.source.label
    per_minute = number(requests_per_minute(rules, study.traffic))
    takes = lasting(-(-total.requests * 60 // requests_per_minute(rules, study.traffic)))
    yield Line("replay", f"{plural(total.requests, 'request')} in their order, {per_minute} a minute for {takes}", label)
    for value in asked:
        idle, life = kept_minutes(rules, study.traffic, value.offer.variant)
        name = f"{value.offer.variant.id}: " if len(asked) > 1 else ""
        yield Line("kept", f"{name}{lasting(idle * 60)} after it was last read, {lasting(life * 60)} at most", label)
    read = f"{number(total.whole.cached)} of {plural(total.whole.tokens, 'input token')}"
    hits = f"{number(total.hits)} of {plural(total.requests, 'request')} read {read}"
    yield Line("hits", f"{hits}, from {number(rules.minimum_tokens)} in steps of {rules.step_tokens}", label)
    cold, replayed, ideal = (
        sum_usd(terms) for terms in zip(*((value.cold_usd, value.replayed_usd, value.ideal_usd) for value in asked), strict=True)
    )
    text = f"{money(cold)} with a cold cache, {money(replayed)} as replayed, {money(ideal)} with one that forgets nothing"
    yield Line("input", text, asked[0].offer.row.source.label)


def _table(values: Sequence[Value], as_of: date, platform: Platform) -> Table:
    titles = columns("model", ">requests", ">cached", ">share", ">cold", ">replayed", ">saved", ">ideal", "")
    return Table(titles, tuple(_row(value, as_of, platform) for value in values), "Input, at the standard price")


def _row(value: Value, as_of: date, platform: Platform) -> Row:
    reads, variant = value.reads, value.offer.variant
    gone = lifecycle.ended(variant, platform, as_of) is not None
    cells = (
        variant.id,
        number(reads.requests),
        number(reads.whole.cached),
        percent(_share(reads.whole.cached, reads.whole.tokens)),
        money(value.cold_usd),
        money(value.replayed_usd),
        money(value.saved_usd),
        money(value.ideal_usd),
        "; ".join(filter(None, ("" if value.is_asked else "if sent there", "shut down" if gone else ""))),
    )
    return Row(cells, "faint" if gone else "")


def _shared_table(shared: Sequence[Shared]) -> Iterator[Table]:
    if shared:
        rows = tuple(Row((number(each.tokens), number(each.requests), each.where or "", each.model)) for each in shared)
        title = f"Beginnings that most requests could read from the cache, the first {_SHOWN}"
        yield Table(columns(">tokens", ">read by", "ends in", "model"), rows, title)


def _findings(catalog: Catalog, study: Study, asked: Sequence[Value]) -> Iterator[Finding]:
    rules = catalog.limits.prompt_cache
    for each in study.partings.breaks[:_SHOWN]:
        location = Location(each.other.path, each.other.line)
        yield Finding("cache-break", Level.NOTICE, _break(each, asked, study), location, subject=each.model)
    for model, reads in study.reads.items():
        if reads.keyed_apart:
            yield Finding("cache-key", Level.NOTICE, _keys(model, reads, asked), subject=model)
    for near in study.partings.nears[:_SHOWN]:
        most = rules.minimum_tokens
        location = Location(near.first.path, near.first.line)
        yield Finding("cache-minimum", Level.NOTICE, _near(near, most), location, str(near.tokens), str(most))
    nearly = sum(reads.nearly for reads in study.reads.values())
    if nearly:
        least = number(rules.minimum_tokens)
        text = f"{plural(nearly, 'request')} of {number(rules.minimum_tokens - rules.step_tokens)} to "
        text += f"{number(rules.minimum_tokens - 1)} tokens: a prompt below {least} tokens is never cached"
        yield Finding("cache-minimum", Level.NOTICE, text, allowed=str(rules.minimum_tokens))


def _break(each: Break, asked: Sequence[Value], study: Study) -> str:
    parting = each.parting
    what = {ORDER: "the tools come in another order", PICTURE: "another picture"}.get(
        parting.kind, f"{parting.kind} {quoted(parting.texts[0])} here, {quoted(parting.texts[1])} there"
    )
    where = f"{parting.where}, line {parting.line}" if parting.kind != PICTURE else parting.where
    mend = "at the end of the prompt"
    if parting.where in ("tools", "schema"):  # which always stand first
        mend = "always in the same order" if parting.kind == ORDER else "always the same"
    return (
        f"{each.first.label} and {each.other.label} part after {plural(parting.shared, 'token')} in {where}: {what}. "
        f"{plural(parting.after, 'token')} after it are the same: {mend}, {number(each.requests - 1)} of the first "
        f"{plural(study.compared, 'request')} would read {number(each.gained)} tokens more from the cache, "
        f"{money(_worth(each.gained, each.model, asked))}"
    )


def _keys(model: str, reads: Reads, asked: Sequence[Value]) -> str:
    return (
        f"{plural(len(reads.keys), 'different prompt_cache_key')} keep requests that begin alike from sharing it: with one for "
        f"all of these they would read {number(reads.keyed_apart)} tokens more from the cache, "
        f"{money(_worth(reads.keyed_apart, model, asked))}"
    )


def _near(near: Near, least: int) -> str:
    return (
        f"{plural(near.requests, 'request')} like {near.first.label} share a beginning of {number(near.tokens)} tokens, "
        f"{number(least - near.tokens)} too few to be cached"
    )


def _notes(catalog: Catalog, asked: Sequence[Value], traffic: Traffic) -> Iterator[str]:
    rules = catalog.limits.prompt_cache
    yield f"The cache is best effort: no request is sure of a hit, and what it gives is no promise [{rules.source.label}]."
    for value in asked:
        variant: Variant = value.offer.variant
        if value.offer.row.cache_write_30m is not None:
            yield f"{variant.id} keeps its cache by rules of its own: it is replayed by those of the family here."
        elif EXTENDED in variant.model.abilities:
            hours = f"{rules.extended_hours}h"
            yield (
                f"{variant.id} keeps prefixes for {hours} by default, but not for organisations with zero data retention: "
                f"--lifetime {hours} replays that [{rules.source.label}]."
            )
        elif (traffic.minutes or 0) > rules.idle_minutes.at_most:
            yield f"{variant.id} keeps what nobody reads for {rules.idle_minutes.at_most} minutes at most [{rules.source.label}]."
        if value.reads.long.tokens:
            yield note_on_surcharge(variant)
        yield from note_on_writes(value.offer)


def _record(value: Value) -> Mapping[str, Json]:
    reads = value.reads
    return {
        "model": value.offer.variant.id,
        "as_sent": value.is_asked,
        "requests": reads.requests,
        "input_tokens": reads.whole.tokens,
        "cached_tokens": reads.whole.cached,
        "ideal_cached_tokens": reads.whole.ideal,
        "hits": reads.hits,
        "cold_usd": exact(value.cold_usd),
        "replayed_usd": exact(value.replayed_usd),
        "saved_usd": exact(value.saved_usd),
        "ideal_usd": exact(value.ideal_usd),
        "source": value.offer.row.source.id,
    }


def _shared_json(shared: Shared) -> Mapping[str, Json]:
    return {"tokens": shared.tokens, "requests": shared.requests, "model": shared.model, "ends_in": shared.where}


def _break_json(each: Break, asked: Sequence[Value]) -> Mapping[str, Json]:
    return {
        "where": each.parting.where,
        "line": each.parting.line,
        "kind": each.parting.kind,
        "texts": [printable(text[:200]) for text in each.parting.texts],
        "first": each.first.label,
        "other": each.other.label,
        "shared_tokens": each.parting.shared,
        "tokens_after": each.parting.after,
        "requests": each.requests,
        "gained_tokens": each.gained,
        "gained_usd": exact(_worth(each.gained, each.model, asked)),
    }
