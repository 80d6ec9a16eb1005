"""The sentences of a migration: what speaks for where it leads, what against it, when what ends, and how to begin."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog
from gpt41_cli.catalog.remarks import Remark
from gpt41_cli.commands.migrate.migrate import Migration, MigrationPath
from gpt41_cli.commands.migrate.replacements import describe_end_dates
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import format_exact, format_int, format_money, format_percent, format_rate, pluralize, to_decimal
from gpt41_cli.prices.notes import make_reasoning_remarks


def list_advantages(found: Migration) -> Iterator[Remark]:
    """Who names it, what its rates are beside those of today, how far reasoning may go, and what batch does with the cache."""
    if not found.question.to_variants:
        yield from (step.remark for step in found.replacement_steps if step.variant)
    way = found.chosen_path
    if way and way.current_quote:
        yield _compare_rates(way)
        yield from _describe_headroom(found, way)
        yield from _explain_batch_caching(found)


def _compare_rates(way: MigrationPath) -> Remark:
    """The rates of both, where requests pay different ones those below any surcharge, and how their output compares."""
    assert way.current_quote is not None
    new, old = way.quote.rates, way.current_quote.rates
    pairs = [("input", new.input, old.input)]
    if way.quote.usage.cached_tokens:
        cached = [rates.input if rates.cached_input is None else rates.cached_input for rates in (new, old)]
        pairs.append(("cached", cached[0], cached[1]))
    pairs.append(("output", new.output, old.output))
    told = ", ".join(f"{what} {format_rate(after)} in place of {format_rate(before)}" for what, after, before in pairs)
    text = f"a million tokens of {told}"
    if new.output:
        ratio = format_exact(to_decimal(Fraction(old.output) / Fraction(new.output), 2))
        text += f": an output token of {way.current_quote.model} costs {ratio} times one of {way.quote.model}"
    return Remark(rules.PRICE, text, (way.quote.offer.row.source, way.current_quote.offer.row.source))


def _describe_headroom(found: Migration, answer: MigrationPath) -> Iterator[Remark]:
    """How many reasoning tokens a request may add, by mode."""
    spared = [
        f"{_format_headroom(way)} in {way.quote.mode}" for way in found.target_paths if way.spare_reasoning_tokens is not None
    ]
    if spared:
        length = "" if not found.work.is_ceiling else ", were every answer as long as its request allows"
        extent = f"until it costs more than {_name_current_time(found)}{length}"
        text = f"a request may add this many reasoning tokens {extent}: {', '.join(spared)}"
        yield Remark(rules.REASONING_BREAK_EVEN, text, (answer.quote.offer.row.source,))


def _format_headroom(way: MigrationPath) -> str:
    if way.has_unlimited_reasoning:
        return f"any, up to the {format_int(way.variant.model.max_output_tokens or 0)} of an answer"
    return format_int(way.spare_reasoning_tokens or 0)


def _name_current_time(found: Migration) -> str:
    """When the work cost what it is compared with."""
    return "before" if found.is_shut_down else "today"


def _explain_batch_caching(found: Migration) -> Iterator[Remark]:
    """That batch keeps the discount of the cache, where today it does not."""
    for way in found.target_paths:
        if way.quote.mode != "batch" or way.current_quote is None:
            continue
        cached, before = way.quote.rates.cached_input, way.current_quote.rates.cached_input
        if cached is not None and before is None:
            text = (
                f"its batch keeps the cache discount, {format_rate(cached)} a million; that of {way.current_quote.model} "
                f"gives none"
            )
            yield Remark(rules.BATCH_AND_CACHE, text, (way.quote.offer.row.source,))


def list_drawbacks(found: Migration) -> Iterator[Remark]:
    """That it costs more, what it bills beside, and that it ends."""
    way = found.chosen_path
    if way is None:
        return
    if way.added_usd is not None and way.added_usd > 0:
        assert way.current_quote is not None
        share = f" ({format_percent(way.added_usd / way.current_quote.total_usd)})" if way.current_quote.total_usd else ""
        added = f"{format_money(way.added_usd)} more than {_name_current_time(found)}{share} even without reasoning"
        text = f"the same work costs {added}"
        if way.cache_writes.extra_usd and not found.work.replay:
            text = f"the same work costs up to {added}, were all that can be written to the prompt cache"
        yield Remark(rules.DEARER, text, (way.quote.offer.row.source,))
    yield from make_reasoning_remarks(way.variant)
    yield from _explain_cache_writes(found, way)
    over = lifecycle.find_past_shutdown(way.variant, found.question.platform, found.question.as_of)
    if over:
        yield lifecycle.make_shutdown_remark(found.question.platform, over)
    life = lifecycle.find_announced_shutdown(way.variant, found.question.platform, found.question.as_of)
    if life:
        yield lifecycle.make_retirement_remark(way.variant, life, found.question.as_of)


def _explain_cache_writes(found: Migration, way: MigrationPath) -> Iterator[Remark]:
    """What writing to the prompt cache costs: with a replay what that writes, else somewhere between nothing and the most."""
    row = way.quote.offer.row
    if row.cache_write_30m is None:
        return
    price = f"{format_rate(row.cache_write_30m)} a million in place of {format_rate(row.rates.input)}"
    if row.cache_write_12h is not None:
        price += f" ({format_rate(row.cache_write_12h)} for 12 hours)"
    if way.quote.surcharged_requests:
        price += ", before the surcharge"
    tokens = pluralize(way.cache_writes.tokens, "token")
    if found.work.replay:
        extent = f"{format_money(way.cache_writes.extra_usd)} more for the {tokens} that the replay writes"
    elif way.cache_writes.tokens:
        extent = (
            f"up to {format_money(way.cache_writes.extra_usd)} more, were all {tokens} that are not read from it "
            f"written: counted in full here"
        )
    else:
        extent = "nothing here, as nothing is long enough to be cached or all of it is read"
    yield Remark(rules.CACHE_WRITES, f"it bills what goes into its prompt cache at {price}: {extent}", (row.source,))


def list_end_dates(catalog: Catalog, found: Migration) -> Iterator[Remark]:
    """When the model of today and the one after it end, at each provider."""
    for variant in (found.question.from_variant, found.target):
        if variant:
            yield describe_end_dates(catalog, variant, found.question.as_of)


def list_guidance(found: Migration) -> Iterator[Remark]:
    """What its makers tell those who move to it."""
    if found.target:
        yield from (Remark(rules.GUIDANCE, each.statement, (each.source,)) for each in found.target.model.guidance)
