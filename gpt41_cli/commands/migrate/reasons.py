"""The sentences of a migration: what speaks for the target, what against it, when the models end, and how to begin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction

from gpt41_cli import rules
from gpt41_cli.catalog import Market, Variant
from gpt41_cli.catalog.tables import RecordedReasoning
from gpt41_cli.commands.migrate.migrate import Migration, MigrationPath
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints.replacements import describe_end_dates
from gpt41_cli.display import format_exact, format_int, format_percent, format_rate, format_total, pluralize, to_decimal
from gpt41_cli.findings import Finding
from gpt41_cli.prices.notes import STRUCTURED_OUTPUTS, describe_generation_tokens, make_reasoning_findings
from gpt41_cli.reports import ReportLine

_PER_MILLION = 1_000_000
_MAX_CHEAPER = 2
_MAX_DATES = 4
_MODE_TERMS = {
    "standard": "in standard",
    "batch": "in batch, which answers within a day",
    "flex": "in flex, which promises no time",
    "priority": "in priority",
}


def list_advantages(migration: Migration) -> Iterator[Finding]:
    """List who names the target, how its rates compare, how much it may reason, and what batch does with the cache."""
    if not migration.question.to_variants:
        yield from (step.finding for step in migration.replacement_steps if step.variant)
    path = migration.chosen_path
    if path and path.current_quote:
        yield _compare_rates(path)
        yield from _describe_headroom(migration, path)
        yield from _explain_batch_caching(migration)


def _compare_rates(path: MigrationPath) -> Finding:
    """Compare the rates with today's, below any surcharge, and say how the prices of output relate."""
    assert path.current_quote is not None
    new, old = path.quote.rates, path.current_quote.rates
    pairs = [("input", new.input, old.input)]
    if path.quote.usage.cached_tokens:
        cached = [rates.input if rates.cached_input is None else rates.cached_input for rates in (new, old)]
        pairs.append(("cached", cached[0], cached[1]))
    pairs.append(("output", new.output, old.output))
    changes = ", ".join(f"{what} {format_rate(after)} instead of {format_rate(before)}" for what, after, before in pairs)
    text = f"per million tokens: {changes}"
    if new.output:
        ratio = format_exact(to_decimal(Fraction(old.output) / Fraction(new.output), 2))
        text += f"; output of {path.current_quote.model} costs {ratio} times as much as that of {path.quote.model}"
    return Finding(rules.PRICE, text, sources=(path.quote.offer.row.source, path.current_quote.offer.row.source))


def _describe_headroom(migration: Migration, answer: MigrationPath) -> Iterator[Finding]:
    """Say for each mode how many reasoning tokens a request may add."""
    paths = [path for path in migration.target_paths if path.spare_reasoning_tokens is not None]
    spared = [f"{_format_headroom(path)} in {path.quote.mode}" for path in paths]
    if spared:
        length = "" if not migration.work.is_ceiling else ", if every answer is as long as its request allows"
        extent = f"until it costs more than {_name_current_time(migration)}{length}"
        text = f"reasoning tokens that a request may add {extent}: {', '.join(spared)}"
        yield Finding(rules.REASONING_BREAK_EVEN, text, sources=(answer.quote.offer.row.source,))


def _format_headroom(path: MigrationPath) -> str:
    if path.has_unlimited_reasoning:
        return f"any number, up to the {format_int(path.variant.model.max_output_tokens or 0)} of an answer"
    return format_int(path.spare_reasoning_tokens or 0)


def _name_current_time(migration: Migration) -> str:
    """Name the time of the price that the new one is compared with."""
    return "before" if migration.is_shut_down else "today"


def _explain_batch_caching(migration: Migration) -> Iterator[Finding]:
    """Say that the target's batch keeps the cache discount, if today's doesn't."""
    for path in migration.target_paths:
        if path.quote.mode != "batch" or path.current_quote is None:
            continue
        cached, before = path.quote.rates.cached_input, path.current_quote.rates.cached_input
        if cached is not None and before is None:
            other = f"that of {path.current_quote.model} has none"
            text = f"its batch keeps the cache discount, {format_rate(cached)} per million; {other}"
            yield Finding(rules.BATCH_AND_CACHE, text, sources=(path.quote.offer.row.source,))


def list_drawbacks(migration: Migration) -> Iterator[Finding]:
    """List the drawbacks, the weightiest first: the target costs more or has ended, bills other things, or ends."""
    path = migration.chosen_path
    if path is None:
        return
    if path.added_usd is not None and path.added_usd > 0:
        assert path.current_quote is not None
        share = f" ({format_percent(path.added_usd / path.current_quote.total_usd)})" if path.current_quote.total_usd else ""
        more = format_total(path.added_usd, migration.work.requests)
        added = f"{more} more than {_name_current_time(migration)}{share} even without reasoning"
        text = f"the same work costs {added}"
        if path.cache_writes.extra_usd and not migration.work.replay:
            text = f"the same work costs up to {added}, if everything that can be is written to the prompt cache"
        yield Finding(rules.DEARER, text, sources=(path.quote.offer.row.source,))
    over = lifecycle.find_past_shutdown(migration.question.market, path.variant)
    if over:
        yield lifecycle.make_shutdown_finding(migration.question.market.platform, over)
    yield from _explain_generation(migration, path)
    yield from make_reasoning_findings(path.variant, migration.work)
    yield from _describe_recorded_reasoning(migration, path)
    yield from _explain_cache_writes(migration, path)
    life = lifecycle.find_announced_shutdown(migration.question.market, path.variant)
    if life:
        yield lifecycle.make_retirement_finding(path.variant, life, migration.question.market.as_of)


def _explain_generation(migration: Migration, path: MigrationPath) -> Iterator[Finding]:
    """Say how many tokens more or less the target counts for the same requests, part by part, and for the same answers."""
    work, old, new = migration.work, migration.question.from_variant.model.prompt, path.variant.model.prompt
    if old.generation == new.generation:
        return
    changes = []
    if means := describe_generation_tokens(work):
        changes.append(f"it counts the same requests differently: {means}")
    if new.added_output_tokens and work.terms.output_tokens:
        more = f", and up to {new.unpriced_format_tokens} more that aren't priced for a structured output"
        shown = more if STRUCTURED_OUTPUTS in work.needs and new.unpriced_format_tokens else ""
        changes.append(f"it bills {new.added_output_tokens} more tokens for the same answer{shown}")
    if changes:
        basis = "" if new.confirmed else "; recordings confirm this for earlier models, but there are none of this one"
        yield Finding(rules.GENERATION, f"{', and '.join(changes)}{basis}", sources=(new.source,))


def _describe_recorded_reasoning(migration: Migration, path: MigrationPath) -> Iterator[Finding]:
    """Say how much recorded answers reasoned at each effort, and what that would cost here."""
    reasoning = path.variant.model.reasoning
    if reasoning is None or not reasoning.recorded:
        return

    def price(tokens: int) -> str:
        cost = to_decimal(Fraction(path.quote.rates.output) * tokens * migration.work.requests / _PER_MILLION, 10)
        return f" ({format_total(cost, migration.work.requests)} here)"

    yield Finding(rules.RECORDED_REASONING, _describe_efforts(reasoning.recorded, price), sources=(reasoning.recorded[0].source,))


def write_recorded_reasoning_notes(variants: Iterable[Variant]) -> Iterator[str]:
    """Write for each model once how much recorded answers reasoned at each effort."""
    for variant in {variant.id: variant for variant in variants}.values():
        rows = variant.model.reasoning.recorded if variant.model.reasoning else ()
        if rows:
            yield f"{variant.id}: {_describe_efforts(rows, lambda _: ' tokens')} [{rows[0].source.label}]."


def _describe_efforts(recorded: Sequence[RecordedReasoning], describe_tokens: Callable[[int], str]) -> str:
    """Describe how much recorded answers reasoned. `describe_tokens` returns what follows a number of tokens."""
    efforts = []
    for row in recorded:
        most = f", 9 in 10 at most {format_int(row.p90)}{describe_tokens(row.p90)}" if row.p90 else ""
        efforts.append(f"effort {row.effort}: {row.unreasoned} of {row.answers} without reasoning{most}")
    return f"recorded answers of {recorded[0].model} to other people's short test prompts: {'; '.join(efforts)}"


def _explain_cache_writes(migration: Migration, path: MigrationPath) -> Iterator[Finding]:
    """Say what cache writes cost: what a replay writes, or else a range from nothing to the most possible."""
    row = path.quote.offer.row
    if row.cache_write_30m is None:
        return
    price = f"{format_rate(row.cache_write_30m)} per million instead of {format_rate(row.rates.input)}"
    if row.cache_write_12h is not None:
        price += f" ({format_rate(row.cache_write_12h)} for 12 hours)"
    if path.quote.surcharged_requests:
        price += ", before the surcharge"
    tokens = pluralize(path.cache_writes.tokens, "token")
    extra = format_total(path.cache_writes.extra_usd, migration.work.requests)
    if migration.work.replay:
        extent = f"{extra} more for the {tokens} that the replay writes"
    elif path.cache_writes.tokens:
        extent = f"up to {extra} more, if all {tokens} that aren't read from it are written (included in the higher figure)"
    else:
        extent = "no extra cost here, as no prompt is long enough to be cached, or all of it is read"
    yield Finding(rules.CACHE_WRITES, f"it bills writes to its prompt cache at {price}: {extent}", sources=(row.source,))


def list_end_dates(migration: Migration) -> Iterator[Finding]:
    """List when today's model and the target end, at each provider."""
    for variant in (migration.question.from_variant, migration.target):
        if variant:
            yield describe_end_dates(migration.question.market, variant)


def make_date_lines(moves: Iterable[tuple[Market, Variant, Variant | None]]) -> Iterator[ReportLine]:
    """Say when each model that is left ends, and the one that it moves to, if there is one and it ends, too; all lines but the
    first few are details.
    """
    dates = {}
    for market, leaving, target in moves:
        dates[leaving.id] = describe_end_dates(market, leaving)
        if target and lifecycle.find_end_day(market, target):
            dates[target.id] = describe_end_dates(market, target)
    for number, finding in enumerate(dates.values()):
        yield ReportLine("dates", finding.message, finding.citation, is_detail=number >= _MAX_DATES)


def make_cheaper_lines(cheaper: Iterable[tuple[str, str, str]]) -> Iterator[ReportLine]:
    """Say in which other modes the new model costs less. Each is given as what moves, the price and the mode; all lines but the
    first few are details.
    """
    modes: dict[tuple[str, str], list[str]] = {}
    for name, usd, mode in cheaper:
        modes.setdefault((name, usd), []).append(_MODE_TERMS[mode])
    for number, ((name, usd), terms) in enumerate(modes.items()):
        yield ReportLine("less", f"{name}: {usd} {', or '.join(terms)}", is_detail=number >= _MAX_CHEAPER)


def list_guidance(migration: Migration) -> Iterator[Finding]:
    """List the advice that the target's makers give for moving to it."""
    for advice in migration.target.model.guidance if migration.target else ():
        yield Finding(rules.GUIDANCE, advice.statement, sources=(advice.source,))
