"""Make the Report on a replay of the prompt cache: what it saves, which beginnings are shared, and what breaks it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal
from functools import reduce
from operator import iadd

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Market, Variant
from gpt41_cli.commands.cache.divergence import PICTURE, TOOL_ORDER, CacheBreak
from gpt41_cli.commands.cache.savings import CacheSavings, compute_saving_usd
from gpt41_cli.commands.cache.study import CacheReads, CacheStudy, SharedPrefix
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import choose_money_format, format_exact, format_int, format_money, format_percent, pluralize, sanitize
from gpt41_cli.durations import format_duration
from gpt41_cli.errors import quote_text
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Finding
from gpt41_cli.prices.notes import write_cache_write_notes, write_surcharge_note
from gpt41_cli.pricing import sum_usd
from gpt41_cli.reports import Json, Report, ReportLine
from gpt41_cli.reports.bounds import choose_bound_prefix, explain_bound
from gpt41_cli.reports.columns import Column, make_records, make_table
from gpt41_cli.reports.findings import make_invalid_findings, make_skipped_findings
from gpt41_cli.rules import Level
from gpt41_cli.work.prompt_cache import EXTENDED_CACHE_ABILITY, ReplayOptions, resolve_kept_minutes, resolve_requests_per_minute

SCHEMA = "gpt41.cache/1"

_MAX_SHOWN = 5


def make_report(
    market: Market,
    study: CacheStudy,
    values: Sequence[CacheSavings],
    left_out: Sequence[SkippedPath] = (),
    gone: Level = Level.WARNING,
) -> Report:
    """Make the report of the replay. `gone` is the level of the finding that a model of the requests is shut down."""
    catalog = market.catalog
    asked = [value for value in values if value.is_as_sent]
    total = reduce(iadd, study.reads_by_model.values(), CacheReads())
    variants = (value.offer.variant for value in values)
    ended = {variant.id for variant in variants if lifecycle.find_past_shutdown(market, variant)}
    near = [value.offer.variant for value in asked if lifecycle.ends_soon(market, value.offer.variant)]
    is_least = study.rejects.count > 0 or any(file.is_unreadable for file in left_out)
    columns = _list_model_columns(ended)
    records = make_records(columns, values)
    beginnings = f"Beginnings that most requests could read from the cache, the first {_MAX_SHOWN}"
    return Report(
        schema=SCHEMA,
        answer=_make_answer(total),
        headline=_make_headline(total, asked, study, is_least=is_least),
        bound=explain_bound(choose_bound_prefix(is_most=False, is_least=is_least)),
        lines=tuple(_make_lines(catalog, study, total, asked)),
        tables=(
            make_table(
                columns,
                values,
                "Input, at the standard price",
                tone=lambda value: "faint" if value.offer.variant.id in ended else "",
            ),
            *([make_table(_PREFIX_COLUMNS, study.shared_prefixes, beginnings)] if study.shared_prefixes else []),
        ),
        findings=(
            *_make_findings(catalog, study, asked),
            *(finding for variant in near for finding in lifecycle.check_lifecycle(market, variant, gone)),
            *make_invalid_findings(study.rejects),
            *make_skipped_findings(left_out),
        ),
        notes=tuple(_make_notes(catalog, asked, study.traffic)),
        data={
            "requests_per_minute": resolve_requests_per_minute(catalog.limits.prompt_cache, study.traffic),
            "requests": total.usage.requests,
            "input_tokens": total.usage.input_tokens,
            "cached_tokens": total.usage.cached_tokens,
            "ideal_cached_tokens": total.ideal.usage.cached_tokens,
            "hits": total.hits,
            "models": records,
            "shared": make_records(_PREFIX_COLUMNS, study.shared_prefixes),
            "compared": study.compared_requests,
            "breaks": [_dump_break(cache_break, asked) for cache_break in study.prompt_comparison.breaks],
        },
        records=records,
        catalog=catalog,
    )


def _compute_share(tokens: int, of: int) -> Decimal:
    return Decimal(tokens) / of if of else Decimal(0)


def _make_answer(total: CacheReads) -> str:
    """Format the share as `--cached` takes it, rounded down so that no price is understated."""
    share = (_compute_share(total.usage.cached_tokens, total.usage.input_tokens) * 100).quantize(Decimal("0.000001"), ROUND_FLOOR)
    return f"{format_exact(share)}%"


def _make_headline(total: CacheReads, asked: Sequence[CacheSavings], study: CacheStudy, *, is_least: bool) -> str:
    share = format_percent(_compute_share(total.usage.cached_tokens, total.usage.input_tokens))
    cold, saved = sum_usd(value.cold_usd for value in asked), sum_usd(value.saved_usd for value in asked)
    where = f" on {asked[0].offer.variant.id}" if len(asked) == 1 else ""
    lost = [
        _compute_model_saving_usd(cache_break.gained_tokens, cache_break.model, asked)
        for cache_break in study.prompt_comparison.breaks
    ]
    lost += (_compute_model_saving_usd(reads.tokens_lost_to_keys, model, asked) for model, reads in study.reads_by_model.items())
    more = f"; {format_money(sum_usd(lost))} more if no prompt broke the cache" if any(lost) else ""
    least = choose_bound_prefix(is_most=False, is_least=is_least)
    worth = f"saves {least}{format_money(saved)} of {least}{format_money(cold)}"
    return f"{share} of the input is read from the cache, which {worth}{where}{more}"


def _compute_model_saving_usd(tokens: int, model: str, asked: Sequence[CacheSavings]) -> Decimal:
    """Compute what reading tokens from a model's cache would save."""
    offer = next(value.offer for value in asked if value.offer.variant.id == model)
    return compute_saving_usd(offer, tokens)


def _make_lines(catalog: Catalog, study: CacheStudy, total: CacheReads, asked: Sequence[CacheSavings]) -> Iterator[ReportLine]:
    cache_rules = catalog.limits.prompt_cache
    label = cache_rules.source.label
    per_minute = format_int(resolve_requests_per_minute(cache_rules, study.traffic))
    takes = format_duration(-(-total.usage.requests * 60 // resolve_requests_per_minute(cache_rules, study.traffic)))
    again = f", {format_int(study.times)} times, at first with an empty cache" * (study.times > 1)
    sent = pluralize(total.usage.requests // study.times, "request")
    order = " in their order" if total.usage.requests // study.times > 1 else ""
    yield ReportLine("replay", f"{sent}{order}{again}, {per_minute} per minute for {takes}", label)
    for value in asked:
        idle, life = resolve_kept_minutes(cache_rules, study.traffic, value.offer.variant)
        name = f"{value.offer.variant.id}: " if len(asked) > 1 else ""
        text = f"{name}{format_duration(idle * 60)} after it was last read, {format_duration(life * 60)} at most"
        yield ReportLine("kept", text, label)
    read = f"{format_int(total.usage.cached_tokens)} of {pluralize(total.usage.input_tokens, 'input token')}"
    hits = f"{format_int(total.hits)} of {pluralize(total.usage.requests, 'request')}, {read}"
    breaks = {bool(value.offer.variant.model.prompt.uncached_end_tokens) for value in asked}
    steps = [f"in steps of {cache_rules.step_tokens}"] * (False in breaks) + ["up to the end of a message"] * (True in breaks)
    how = f"prompts from {format_int(cache_rules.minimum_tokens)} tokens, {' or '.join(steps)}"
    yield ReportLine("hits", f"{hits} ({how})", label)
    prices = ((value.cold_usd, value.replayed_usd, value.ideal_usd) for value in asked)
    cold, replayed, ideal = map(sum_usd, zip(*prices, strict=True))
    show = choose_money_format([cold, replayed, ideal])
    text = f"{show(cold)} without a cache, {show(replayed)} in this replay, {show(ideal)} with a perfect cache"
    yield ReportLine("input", text, asked[0].offer.row.source.label)


def _list_model_columns(ended: Collection[str]) -> tuple[Column[CacheSavings], ...]:
    return (
        Column("model", "model", lambda value: value.offer.variant.id),
        Column(None, "as_sent", lambda value: value.is_as_sent),
        Column(">requests", "requests", lambda value: value.reads.usage.requests),
        Column(None, "input_tokens", lambda value: value.reads.usage.input_tokens),
        Column(">cached", "cached_tokens", lambda value: value.reads.usage.cached_tokens),
        Column(
            ">share",
            None,
            lambda value: _compute_share(value.reads.usage.cached_tokens, value.reads.usage.input_tokens),
            format_percent,
        ),
        Column(None, "ideal_cached_tokens", lambda value: value.reads.ideal.usage.cached_tokens),
        Column(None, "hits", lambda value: value.reads.hits),
        Column(">without cache", "cold_usd", lambda value: value.cold_usd),
        Column(">in replay", "replayed_usd", lambda value: value.replayed_usd),
        Column(">saved", "saved_usd", lambda value: value.saved_usd),
        Column("~>perfect cache", "ideal_usd", lambda value: value.ideal_usd),
        Column(None, "source", lambda value: value.offer.row.source.id),
        Column("", None, lambda value: _describe_model(value, ended)),
    )


def _describe_model(value: CacheSavings, ended: Collection[str]) -> str:
    notes = [] if value.is_as_sent else ["if sent there"]
    return "; ".join([*notes, "shut down"] if value.offer.variant.id in ended else notes)


_PREFIX_COLUMNS: tuple[Column[SharedPrefix], ...] = (
    Column(">tokens", "tokens", lambda shared: shared.tokens),
    Column(">read by", "requests", lambda shared: shared.requests),
    Column(None, "model", lambda shared: shared.model),
    Column("ends in", "ends_in", lambda shared: shared.ends_in),
    Column("model", None, lambda shared: shared.model),
)


def _make_findings(catalog: Catalog, study: CacheStudy, asked: Sequence[CacheSavings]) -> Iterator[Finding]:
    cache_rules = catalog.limits.prompt_cache
    for cache_break in study.prompt_comparison.breaks[:_MAX_SHOWN]:
        text = _explain_break(cache_break, asked, study)
        yield Finding(rules.CACHE_BREAK, text, place=cache_break.other_place, subject=cache_break.model, names_place=True)
    for model, reads in study.reads_by_model.items():
        if reads.tokens_lost_to_keys:
            yield Finding(rules.CACHE_KEY, _explain_keys(model, reads, asked), subject=model)
    for near in study.prompt_comparison.short_prefixes[:_MAX_SHOWN]:
        most, place = cache_rules.minimum_tokens, near.first_place
        text = f"{pluralize(near.requests, 'request')} like {place.label} share a beginning of {format_int(near.tokens)} tokens"
        text += f", {format_int(most - near.tokens)} too few to be cached"
        yield Finding(rules.CACHE_MINIMUM, text, None, place, str(near.tokens), str(most), names_place=True)
    nearly = sum(reads.near_misses for reads in study.reads_by_model.values())
    if nearly:
        least = format_int(cache_rules.minimum_tokens)
        text = f"{pluralize(nearly, 'request')} of {format_int(cache_rules.minimum_tokens - cache_rules.step_tokens)} to "
        text += f"{format_int(cache_rules.minimum_tokens - 1)} tokens: a prompt below {least} tokens is never cached"
        yield Finding(rules.CACHE_MINIMUM, text, allowed=str(cache_rules.minimum_tokens))


def _explain_break(cache_break: CacheBreak, asked: Sequence[CacheSavings], study: CacheStudy) -> str:
    parting = cache_break.divergence
    what = {TOOL_ORDER: "the tools come in another order", PICTURE: "another picture"}.get(
        parting.kind,
        f"{parting.kind} {quote_text(parting.differing_words[0])} here, {quote_text(parting.differing_words[1])} there",
    )
    where = f"{parting.section}, line {parting.line}" if parting.kind != PICTURE else parting.section
    mend = "at the end of the prompt"
    if parting.section in ("tools", "schema"):  # which always stand first
        mend = "always in the same order" if parting.kind == TOOL_ORDER else "always the same"
    both, of = (
        f"{cache_break.first_place.label} and {cache_break.other_place.label}",
        pluralize(study.compared_requests, "request"),
    )
    saved = format_money(_compute_model_saving_usd(cache_break.gained_tokens, cache_break.model, asked))
    return (
        f"{both} differ after {pluralize(parting.shared_tokens, 'token')} in {where}: {what}. "
        f"{pluralize(parting.shared_tokens_after, 'token')} after it are the same: {mend}, "
        f"{format_int(cache_break.requests - 1)} of the first {of} would read "
        f"{format_int(cache_break.gained_tokens)} more tokens from the cache, {saved}"
    )


def _explain_keys(model: str, reads: CacheReads, asked: Sequence[CacheSavings]) -> str:
    saved = format_money(_compute_model_saving_usd(reads.tokens_lost_to_keys, model, asked))
    return (
        f"{pluralize(len(reads.cache_keys), 'different prompt_cache_key')} keep requests that begin alike from sharing it: with "
        f"one key for all of these they would read {format_int(reads.tokens_lost_to_keys)} more tokens from the cache, {saved}"
    )


def _make_notes(catalog: Catalog, asked: Sequence[CacheSavings], traffic: ReplayOptions) -> Iterator[str]:
    cache_rules = catalog.limits.prompt_cache
    yield f"The cache is best effort: no request is sure of a hit, so savings aren't guaranteed [{cache_rules.source.label}]."
    for value in asked:
        variant: Variant = value.offer.variant
        if variant.model.prompt.uncached_end_tokens:
            yield (
                f"{variant.id} is replayed as recordings of its generation show, up to the end of a message. How long it keeps a "
                f"prompt isn't recorded; the replay uses the times of the family [{variant.model.prompt.source.label}]."
            )
        elif EXTENDED_CACHE_ABILITY in variant.model.abilities:
            hours = f"{cache_rules.extended_hours}h"
            yield (
                f"{variant.id} keeps prefixes for {hours} by default, but not for organisations with zero data retention: "
                f"--lifetime {hours} replays that [{cache_rules.source.label}]."
            )
        elif (traffic.lifetime_minutes or 0) > cache_rules.idle_minutes.at_most:
            most = cache_rules.idle_minutes.at_most
            yield f"{variant.id} keeps a prompt that no request reads for at most {most} minutes [{cache_rules.source.label}]."
        if value.reads.replayed.long.usage.requests:
            yield write_surcharge_note(variant)
        yield from write_cache_write_notes(value.offer)


def _dump_break(cache_break: CacheBreak, asked: Sequence[CacheSavings]) -> Mapping[str, Json]:
    return {
        "where": cache_break.divergence.section,
        "line": cache_break.divergence.line,
        "kind": cache_break.divergence.kind,
        "texts": [sanitize(text[:200]) for text in cache_break.divergence.differing_words],
        "first": cache_break.first_place.label,
        "other": cache_break.other_place.label,
        "shared_tokens": cache_break.divergence.shared_tokens,
        "tokens_after": cache_break.divergence.shared_tokens_after,
        "requests": cache_break.requests,
        "gained_tokens": cache_break.gained_tokens,
        "gained_usd": _compute_model_saving_usd(cache_break.gained_tokens, cache_break.model, asked),
    }
