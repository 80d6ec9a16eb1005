"""The sentences of a recommendation: what speaks for the choice, what against it, and which wishes would have to be relaxed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal

from gpt41_cli import rules
from gpt41_cli.catalog import Variant
from gpt41_cli.commands.recommend.candidates import Candidate, SelectionContext, get_tolerance
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints.rate_limits import check_monthly_limit
from gpt41_cli.display import (
    format_exact,
    format_percent,
    format_points,
    format_rate,
    format_ratio,
    format_score,
    format_total,
    pluralize,
)
from gpt41_cli.durations import format_duration
from gpt41_cli.findings import Citation, Finding
from gpt41_cli.prices.notes import FLEX_TIME, make_reasoning_findings
from gpt41_cli.prices.quote import Quote
from gpt41_cli.prices.succession import price_replacement
from gpt41_cli.rules import Rule

FINE_TUNING = "fine-tuning"
_SECONDS_PER_HOUR = 3600


def explain_choice(
    case: SelectionContext,
    choice: Candidate | None,
    alternatives: Sequence[Candidate],
    excluded: Sequence[Candidate],
    *,
    is_replacement: bool,
) -> tuple[list[Finding], list[Finding]]:
    """Return what speaks for the choice and what against it. Without a choice: nothing, and which wishes would have to be
    relaxed.
    """
    if choice is None:
        return [], list(_list_obstacles(excluded))
    why = [
        *(() if case.scores else _quote_guidance(choice)),
        *_explain_scores(case, choice),
        *_explain_batch(case, choice, alternatives),
        *_explain_costlier_batch(choice, alternatives),
        *_explain_preference(case, choice, alternatives),
        *_explain_met_wishes(case, choice),
        *(_explain_ended_family(case) if is_replacement else ()),
    ]
    is_successor = is_replacement or case.wishes.has_left_family
    but = [
        *(() if case.scores else _warn_missing_scores(choice)),
        *(_warn_refused_fields(case, choice) if is_successor and choice.variant.model.refuses else ()),
        *_list_disallowed_savings(case, choice, excluded),
        *(() if is_successor else _compare_other_variants(case, choice, alternatives, excluded)),
        *_warn_flex_time(case, choice),
        *_warn_lost_cache_discount(choice),
        *_warn_base_price(case, choice),
        *make_reasoning_findings(choice.variant, case.work),
        *_warn_slow_tier(case, choice),
        *_warn_overspending(case, choice),
        *_warn_model_end(case, choice),
    ]
    return why, but


def _explain_scores(case: SelectionContext, choice: Candidate) -> Iterator[Finding]:
    for scores in case.scores:
        share = scores.share[choice.variant.id]
        assert share is not None
        figures = scores.format_figures(choice.variant.id)
        task = scores.task.id
        origin = f" [{scores.evaluation_name}]" if scores.evaluation_name else ""
        if share == 1:
            yield Finding(rules.SCORE, f"{case.best} for {task} ({figures}){origin}", sources=scores.sources)
        else:
            near = f"{format_exact(get_tolerance(case.wishes, scores.task) * 100)} %"
            text = f"within {near} of {case.best} for {task}: {format_score(share)} ({figures}){origin}"
            yield Finding(rules.SCORE, text, sources=scores.sources)


def _explain_batch(case: SelectionContext, choice: Candidate, alternatives: Sequence[Candidate]) -> Iterator[Finding]:
    deadline = case.wishes.deadline
    standard = _find_mode(choice, "standard", alternatives)
    if choice.mode != "batch" or standard is None or standard.quote is None or choice.quote is None:
        return
    whole = f"at {_format_price_ratio(choice.quote, standard.quote)} of the standard price ({_format_total(standard.quote)})"
    if deadline:
        waiting = f"{format_duration(deadline // timedelta(seconds=1))} are enough for batch"
    elif case.work.mode == "batch":
        waiting = "these requests are written for the Batch API"
    else:
        waiting = "what is sent in batch today can wait"
    text = f"{waiting}, {whole}"
    yield Finding(rules.DEADLINE, text, sources=(choice.quote.offer.row.source,))


def _explain_costlier_batch(choice: Candidate, alternatives: Sequence[Candidate]) -> Iterator[Finding]:
    """Explain why batch isn't chosen although it fits and halves every price: it gives no cache discount."""
    batch = _find_mode(choice, "batch", alternatives)
    if not batch or not batch.quote or not choice.quote or batch.quote.rates.cached_input is not None:
        return
    if choice.quote.usage.cached_tokens and batch.quote.total_usd > choice.quote.total_usd:
        cached = pluralize(choice.quote.usage.cached_tokens, "cached token")
        text = f"batch{_format_cost(batch)}{_format_trade_off(choice, batch)}: it has no discount for {cached}"
        yield Finding(rules.NO_CACHE_DISCOUNT, text, sources=_get_price_source(batch))


def _find_mode(choice: Candidate, mode: str, others: Sequence[Candidate]) -> Candidate | None:
    return next((other for other in others if (other.variant, other.mode) == (choice.variant, mode)), None)


def _format_price_ratio(part: Quote, whole: Quote) -> str:
    share = part.total_usd / whole.total_usd
    return "half" if share == Decimal("0.5") else format_percent(share)


def _explain_preference(case: SelectionContext, choice: Candidate, alternatives: Sequence[Candidate]) -> Iterator[Finding]:
    """Explain why the choice comes first among the candidates that fit."""
    if case.wishes.prefer == "speed":
        yield from _explain_fastest(case, choice, alternatives)
    elif case.wishes.prefer == "quality" and choice.score_share is not None:
        yield Finding(rules.QUALITY, "the best score, in the cheapest mode allowed", sources=_get_price_source(choice))
    else:
        yield from _explain_cheapest(choice, alternatives)


def _explain_cheapest(choice: Candidate, alternatives: Sequence[Candidate]) -> Iterator[Finding]:
    sources = _get_price_source(choice)
    rival = next((other for other in alternatives if other.variant != choice.variant), None)
    if rival is None or rival.quote is None:
        yield Finding(rules.PRICE, "the only variant that meets the requirements, in the cheapest mode allowed", sources=sources)
        return
    text = f"the cheapest that meets the requirements; {rival.name}{_format_cost(rival)}{_format_trade_off(choice, rival)}"
    yield Finding(rules.PRICE, text, sources=sources)


def _format_trade_off(choice: Candidate, rival: Candidate) -> str:
    """Compare a rival with the choice: `, 5 times as much for a score 3 points higher`."""
    assert choice.quote is not None
    assert rival.quote is not None
    if rival.quote.total_usd == choice.quote.total_usd:
        return f", the same{_format_score_gain(choice, rival)}"
    if not choice.quote.total_usd:
        return ""
    ratio = rival.quote.total_usd / choice.quote.total_usd
    if rival.quote.is_lower_bound and ratio <= 1:
        points = _format_score_gain(choice, rival)
        return f", not counting what its searches find{',' if points else ''}{points}"
    price = f"{format_ratio(ratio)} as much" if ratio > 1 else f"{format_ratio(ratio)} this"
    return f", {price}{_format_score_gain(choice, rival)}"


def _format_score_gain(choice: Candidate, rival: Candidate) -> str:
    if choice.score_share is None or rival.score_share is None or choice.variant == rival.variant:
        return ""
    gain = rival.score_share - choice.score_share
    if not gain:
        return " for the same score"
    points = format_points(abs(gain))
    return f" for a score {'under 0.1' if points == '0' else points} points {'higher' if gain > 0 else 'lower'}"


def _explain_fastest(case: SelectionContext, choice: Candidate, alternatives: Sequence[Candidate]) -> Iterator[Finding]:
    speed = choice.variant.model.speed
    if speed:
        yield Finding(rules.SPEED, f"the fastest class that fits: {speed.statement.rstrip('.')}", sources=(speed.source,))
    standard = _find_mode(choice, "standard", alternatives)
    if choice.mode == "priority" and standard:
        text = f"priority answers sooner than standard, which{_format_cost(standard)}{_format_trade_off(choice, standard)}"
        yield Finding(rules.SPEED, text, sources=(case.catalog.limits.priority.source,))


def _explain_met_wishes(case: SelectionContext, choice: Candidate) -> Iterator[Finding]:
    if case.wishes.needs:
        yield Finding(rules.NEEDS, f"it has {', '.join(case.wishes.needs)}", sources=(choice.variant.model.source,))
    if case.wishes.max_usd is not None:
        yield Finding(rules.MAX_USD, f"within the {format_rate(case.wishes.max_usd)} allowed")
    if case.wishes.until:
        life = choice.variant.lifecycles.get(case.market.platform.provider)
        if life and life.shutdown:
            yield Finding(rules.UNTIL, f"it runs past {case.wishes.until}, until {life.shutdown}", sources=(life.source,))
        else:
            yield Finding(rules.UNTIL, f"no end of it is announced, before {case.wishes.until} or later")


def _list_disallowed_savings(case: SelectionContext, choice: Candidate, excluded: Sequence[Candidate]) -> Iterator[Finding]:
    """List modes in which the chosen variant would cost less but is excluded, by a deadline or a usage tier for example."""
    assert choice.quote is not None
    for candidate in excluded:
        if candidate.variant != choice.variant or not candidate.quote or candidate.quote.total_usd >= choice.quote.total_usd:
            continue
        text = f"{candidate.mode}{_format_cost(candidate)}, {_format_price_ratio(candidate.quote, choice.quote)} of this"
        sources = _get_price_source(candidate)
        if [finding.rule for finding in candidate.exclusions] == [rules.DEADLINE]:
            yield Finding(rules.SAVINGS[candidate.mode], f"{text}: {_describe_needed_deadline(case, candidate)}", sources=sources)
        else:
            obstacles = "; ".join(finding.message for finding in candidate.exclusions)
            sources += tuple(source for finding in candidate.exclusions for source in finding.sources)
            yield Finding(rules.SAVINGS[candidate.mode], f"{text}, but {obstacles}", sources=sources)


def _describe_needed_deadline(case: SelectionContext, batch: Candidate) -> str:
    """Say which deadline admits batch: its window, or longer if the usage tier needs longer for all of the work. No deadline
    admits flex.
    """
    if batch.mode == "flex":
        return FLEX_TIME
    hours = case.catalog.limits.batch.completion_window_hours
    duration = case.find_pace(batch.variant, batch.mode)
    if duration and duration.seconds > hours * _SECONDS_PER_HOUR:
        days = -(-duration.seconds // (24 * _SECONDS_PER_HOUR))
        return f"a deadline of {days}d allows it, as {duration.finding.message} at most"
    return f"add --deadline {hours}h if the answers can wait that long"


def _compare_other_variants(
    case: SelectionContext, choice: Candidate, alternatives: Sequence[Candidate], excluded: Sequence[Candidate]
) -> Iterator[Finding]:
    """Yield at most one sentence per other variant: how close it comes, or what excludes it."""
    for variant in case.catalog.family:
        if variant == choice.variant:
            continue
        fits = next((other for other in alternatives if other.variant == variant), None)
        if fits:
            if case.wishes.prefer != "cost":
                text = f"{fits.name} also fits and{_format_cost(fits)}{_format_trade_off(choice, fits)}"
                yield Finding(rules.RUNNER_UP, text, sources=_get_price_source(fits))
            continue
        out = _find_nearest(variant, choice.mode, excluded)
        obstacles = [finding for finding in out.exclusions if finding.rule is not rules.DEADLINE] or list(out.exclusions)
        yield Finding(obstacles[0].rule, f"{variant.id}{_format_cost(out)}: {obstacles[0].message}", sources=obstacles[0].sources)


def _find_nearest(variant: Variant, mode: str, excluded: Sequence[Candidate]) -> Candidate:
    """Return the most telling excluded candidate of a variant: the one in the chosen mode, if that has a price."""
    candidates = [candidate for candidate in excluded if candidate.variant == variant]
    return next((candidate for candidate in candidates if candidate.mode == mode and candidate.quote), candidates[0])


def _format_cost(candidate: Candidate) -> str:
    """Format what a candidate would cost: at least that much if it isn't known what its searches find."""
    if candidate.quote is None:
        return ""
    return f" would cost {'at least ' if candidate.quote.is_lower_bound else ''}{_format_total(candidate.quote)}"


def _format_total(quote: Quote) -> str:
    return format_total(quote.total_usd, quote.usage.requests)


def _get_price_source(candidate: Candidate) -> tuple[Citation, ...]:
    return (candidate.quote.offer.row.source,) if candidate.quote else ()


def _warn_flex_time(case: SelectionContext, choice: Candidate) -> Iterator[Finding]:
    """Warn that flex promises no deadline for the work."""
    if choice.mode == "flex":
        yield Finding(rules.DEADLINE, FLEX_TIME, sources=(case.catalog.limits.flex.source,))


def _warn_lost_cache_discount(choice: Candidate) -> Iterator[Finding]:
    assert choice.quote is not None
    cached = choice.quote.usage.cached_tokens
    if cached and choice.quote.rates.cached_input is None:
        text = f"{choice.mode} has no cache discount: {pluralize(cached, 'cached token')} are priced as input"
        yield Finding(rules.NO_CACHE_DISCOUNT, text, sources=(choice.quote.offer.row.source,))


def _warn_base_price(case: SelectionContext, choice: Candidate) -> Iterator[Finding]:
    """Warn that this isn't the price of a fine-tune, if the work needs one."""
    if FINE_TUNING in case.wishes.needs and not choice.variant.fine_tuned:
        text = f"this is the price of {choice.variant.id} as it is: gpt41 train prices training and a fine-tune"
        yield Finding(rules.BASE_PRICE, text)


def _warn_slow_tier(case: SelectionContext, choice: Candidate) -> Iterator[Finding]:
    """Say how long the usage tier takes, if that is longer than a batch."""
    duration = case.find_pace(choice.variant, choice.mode)
    if duration and duration.seconds > case.catalog.limits.batch.completion_window_hours * _SECONDS_PER_HOUR:
        yield duration.finding


def _warn_overspending(case: SelectionContext, choice: Candidate) -> Iterator[Finding]:
    assert choice.quote is not None
    tier = case.wishes.usage_tier if case.wishes.times_a_day is None else None  # a month of recurring work costs many times this
    if tier is not None and (finding := check_monthly_limit(case.catalog, tier, choice.quote.total_usd)):
        yield finding


def _warn_model_end(case: SelectionContext, choice: Candidate) -> Iterator[Finding]:
    life = lifecycle.find_announced_shutdown(case.market, choice.variant)
    if life is None:
        return
    finding = lifecycle.make_retirement_finding(choice.variant, life, case.market.as_of)
    priced = _describe_replacement_price(case, life.replacement, choice.mode)
    yield finding._replace(message=finding.message + priced)


def _describe_replacement_price(case: SelectionContext, name: str | None, mode: str) -> str:
    """Price the same work at the official replacement: `: $3.40 for the same work, up to $4.10 with cache writes`.

    Empty if it has no price on that day.
    """
    variant = case.catalog.find_base_variant(name) if name else None
    priced = variant and price_replacement(case.market, variant, mode, case.work)
    if not variant or not priced:
        return ""
    most = ""
    if priced.most_usd != priced.quote.total_usd:
        most = f", up to {format_total(priced.most_usd, case.work.requests)} with cache writes"
    unknown = ", before reasoning tokens" if priced.is_before_reasoning else ""
    if borrowed := case.work.find_borrowed_image_rule(case.catalog, variant):
        unknown += f", with pictures counted as {borrowed} counts them"
    least = "at least " if priced.quote.is_lower_bound else ""
    return f": {least}{_format_total(priced.quote)} for the same work{most}{unknown}"


def _explain_ended_family(case: SelectionContext) -> Iterator[Finding]:
    for variant in case.catalog.family:
        life = variant.lifecycles[case.market.platform.provider]
        if lifecycle.find_past_shutdown(case.market, variant):
            finding = lifecycle.make_shutdown_finding(case.market.platform, life)
            finding = finding._replace(message=f"{variant.id}: {finding.message}")
        else:
            finding = lifecycle.make_retirement_finding(variant, life, case.market.as_of)
        yield finding._replace(sources=(life.source, life.replacement_source))


def _warn_missing_scores(choice: Candidate) -> Iterator[Finding]:
    basis = "guidance, price and limits" if choice.variant.model.guidance else "price and limits"
    text = f"{choice.variant.id} is chosen by {basis} alone, as no scores are known: evaluate it on your own work"
    yield Finding(rules.NO_SCORE, f"{text} and give the result with recommend --scores")


def _quote_guidance(choice: Candidate) -> Iterator[Finding]:
    """Quote OpenAI's first advice to users who move to the model."""
    for advice in choice.variant.model.guidance[:1]:
        yield Finding(rules.GUIDANCE, advice.statement.rstrip("."), sources=(advice.source,))


def _warn_refused_fields(case: SelectionContext, choice: Candidate) -> Iterator[Finding]:
    """List the fields that the model refuses or deprecates, if there are any. Users who have moved need no `migrate`."""
    refusals = choice.variant.model.refuses
    names = ", ".join(dict.fromkeys(refusal.parameter for refusal in refusals))
    moving = "gpt41 migrate shows which of them your requests set, and under which conditions"
    more = f"gpt41 models {choice.variant.id} says under which conditions" if case.wishes.has_left_family else moving
    sources = tuple(dict.fromkeys(refusal.source for refusal in refusals))
    yield Finding(rules.REFUSED_PARAMETER, f"it refuses or deprecates {names}: {more}", sources=sources)


def _list_obstacles(excluded: Sequence[Candidate]) -> Iterator[Finding]:
    """List what excludes the candidates of each variant with the fewest exclusions; modes with the same obstacles once.

    A variant that is shut down is listed only if all are.
    """
    running = [
        candidate for candidate in excluded if not any(reason.rule is rules.MODEL_SHUT_DOWN for reason in candidate.exclusions)
    ]
    excluded, fewest = running or excluded, dict[str, int]()
    for candidate in excluded:
        fewest[candidate.variant.id] = min(len(candidate.exclusions), fewest.get(candidate.variant.id, len(candidate.exclusions)))
    listed: set[tuple[str, tuple[Rule, ...]]] = set()
    for candidate in excluded:
        obstacles = (candidate.variant.id, tuple(finding.rule for finding in candidate.exclusions))
        if len(candidate.exclusions) == fewest[candidate.variant.id] and obstacles not in listed:
            listed.add(obstacles)
            texts = "; ".join(finding.message for finding in candidate.exclusions)
            sources = tuple(source for finding in candidate.exclusions for source in finding.sources)
            yield Finding(rules.WOULD_HAVE_TO_GIVE, f"{candidate.name}{_format_cost(candidate)}, but {texts}", sources=sources)
