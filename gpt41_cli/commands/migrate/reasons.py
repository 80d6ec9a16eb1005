"""The sentences of a migration: what speaks for where it leads, what against it, when what ends, and how to begin."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from gpt41_cli.catalog import Catalog
from gpt41_cli.catalog.remarks import Remark
from gpt41_cli.commands.migrate.migrate import Migration, Way
from gpt41_cli.commands.migrate.replacements import dates
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import decimal, exact, money, number, percent, plural, rate
from gpt41_cli.prices.notes import reasoning


def why(found: Migration) -> Iterator[Remark]:
    """Who names it, what its rates are beside those of today, how far reasoning may go, and what batch does with the cache."""
    if not found.plan.to:
        yield from (step.remark for step in found.road if step.variant)
    way = found.answer
    if way and way.today:
        yield _rates(way)
        yield from _headroom(found, way)
        yield from _stacking(found)


def _rates(way: Way) -> Remark:
    """The rates of both, where requests pay different ones those below any surcharge, and how their output compares."""
    assert way.today is not None
    new, old = way.quote.rates, way.today.rates
    pairs = [("input", new.input, old.input)]
    if way.quote.usage.cached_tokens:
        cached = [rates.input if rates.cached_input is None else rates.cached_input for rates in (new, old)]
        pairs.append(("cached", cached[0], cached[1]))
    pairs.append(("output", new.output, old.output))
    told = ", ".join(f"{what} {rate(after)} in place of {rate(before)}" for what, after, before in pairs)
    text = f"a million tokens of {told}"
    if new.output:
        ratio = exact(decimal(Fraction(old.output) / Fraction(new.output), 2))
        text += f": an output token of {way.today.model} costs {ratio} times one of {way.quote.model}"
    return Remark("price", text, (way.quote.offer.row.source, way.today.offer.row.source))


def _headroom(found: Migration, answer: Way) -> Iterator[Remark]:
    """How many reasoning tokens a request may add, by mode."""
    spared = [f"{_spare(way)} in {way.quote.mode}" for way in found.answers if way.reasoning_tokens is not None]
    if spared:
        length = "" if not found.work.is_ceiling else ", were every answer as long as its request allows"
        extent = f"until it costs more than {_then(found)}{length}"
        text = f"a request may add this many reasoning tokens {extent}: {', '.join(spared)}"
        yield Remark("reasoning-break-even", text, (answer.quote.offer.row.source,))


def _spare(way: Way) -> str:
    if way.reasons_freely:
        return f"any, up to the {number(way.variant.model.max_output_tokens or 0)} of an answer"
    return number(way.reasoning_tokens or 0)


def _then(found: Migration) -> str:
    """When the work cost what it is compared with."""
    return "before" if found.is_gone else "today"


def _stacking(found: Migration) -> Iterator[Remark]:
    """That batch keeps the discount of the cache, where today it does not."""
    for way in found.answers:
        if way.quote.mode != "batch" or way.today is None:
            continue
        cached, before = way.quote.rates.cached_input, way.today.rates.cached_input
        if cached is not None and before is None:
            text = f"its batch keeps the cache discount, {rate(cached)} a million; that of {way.today.model} gives none"
            yield Remark("batch-and-cache", text, (way.quote.offer.row.source,))


def but(found: Migration) -> Iterator[Remark]:
    """That it costs more, what it bills beside, and that it ends."""
    way = found.answer
    if way is None:
        return
    if way.added_usd is not None and way.added_usd > 0:
        assert way.today is not None
        share = f" ({percent(way.added_usd / way.today.total_usd)})" if way.today.total_usd else ""
        added = f"{money(way.added_usd)} more than {_then(found)}{share} even without reasoning"
        text = f"the same work costs {added}"
        if way.writes.usd and not found.work.replay:
            text = f"the same work costs up to {added}, were all that can be written to the prompt cache"
        yield Remark("dearer", text, (way.quote.offer.row.source,))
    yield from reasoning(way.variant)
    yield from _writes(found, way)
    over = lifecycle.ended(way.variant, found.plan.platform, found.plan.as_of)
    if over:
        yield lifecycle.shut_down(found.plan.platform, over)
    life = lifecycle.retiring(way.variant, found.plan.platform, found.plan.as_of)
    if life:
        yield lifecycle.ends(way.variant, life, found.plan.as_of)


def _writes(found: Migration, way: Way) -> Iterator[Remark]:
    """What writing to the prompt cache costs: with a replay what that writes, else somewhere between nothing and the most."""
    row = way.quote.offer.row
    if row.cache_write_30m is None:
        return
    price = f"{rate(row.cache_write_30m)} a million in place of {rate(row.rates.input)}"
    if row.cache_write_12h is not None:
        price += f" ({rate(row.cache_write_12h)} for 12 hours)"
    if way.quote.surcharged:
        price += ", before the surcharge"
    tokens = plural(way.writes.tokens, "token")
    if found.work.replay:
        extent = f"{money(way.writes.usd)} more for the {tokens} that the replay writes"
    elif way.writes.tokens:
        extent = f"up to {money(way.writes.usd)} more, were all {tokens} that are not read from it written: counted in full here"
    else:
        extent = "nothing here, as nothing is long enough to be cached or all of it is read"
    yield Remark("cache-writes", f"it bills what goes into its prompt cache at {price}: {extent}", (row.source,))


def ends(catalog: Catalog, found: Migration) -> Iterator[Remark]:
    """When the model of today and the one after it end, at each provider."""
    for variant in (found.plan.leaving, found.target):
        if variant:
            yield dates(catalog, variant, found.plan.as_of)


def guidance(found: Migration) -> Iterator[Remark]:
    """What its makers tell those who move to it."""
    if found.target:
        yield from (Remark("guidance", each.statement, (each.source,)) for each in found.target.model.guidance)
