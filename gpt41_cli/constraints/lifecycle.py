"""Find when a variant ends: what can still be called and trained on a day, and what follows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from gpt41_cli import rules
from gpt41_cli.catalog import Market, Variant
from gpt41_cli.catalog.limit_tables import TrainingClosing, TrainingRules
from gpt41_cli.catalog.tables import Lifecycle, Platform
from gpt41_cli.display import describe_doubt, format_int, pluralize
from gpt41_cli.findings import Finding, Place
from gpt41_cli.rules import Level
from gpt41_cli.totals import Occurrences


def find_past_shutdown(market: Market, variant: Variant) -> Lifecycle | None:
    """Return the lifecycle of a variant that is shut down on that day, the day of the shutdown included; else None."""
    life = variant.lifecycles.get(market.platform.provider)
    return life if life and life.shutdown and life.shutdown <= market.as_of else None


def find_announced_shutdown(market: Market, variant: Variant) -> Lifecycle | None:
    """Return the lifecycle of a variant that still runs on that day but whose end is announced; else None."""
    life = variant.lifecycles.get(market.platform.provider)
    if not life or not life.shutdown or life.shutdown <= market.as_of:
        return None
    return life if life.announced is None or life.announced <= market.as_of else None


def find_end_day(market: Market, variant: Variant) -> date | None:
    """Return the day on which a variant ends or has ended, if that is announced; else None."""
    life = find_past_shutdown(market, variant) or find_announced_shutdown(market, variant)
    return life.shutdown if life else None


def name_with_end(market: Market, variant: Variant) -> str:
    """Name a variant that work moves to, with the day on which it ends or has ended itself."""
    day = find_end_day(market, variant)
    return variant.id if day is None else f"{variant.id} ({'ends' if day > market.as_of else 'ended'} on {day})"


def find_near_shutdown(market: Market, variant: Variant) -> date | None:
    """Return the day on which a variant ends if that is within the horizon of the price table; else None."""
    life = find_announced_shutdown(market, variant)
    if life is None or life.shutdown is None or (life.shutdown - market.as_of).days > market.catalog.horizon_days:
        return None
    return life.shutdown


def ends_soon(market: Market, variant: Variant) -> bool:
    """Return True for a variant that is shut down, or that ends within the horizon of the price table."""
    return bool(find_past_shutdown(market, variant) or find_near_shutdown(market, variant))


def make_shutdown_finding(platform: Platform, life: Lifecycle) -> Finding:
    """Make the finding that it is shut down, since when, and what its official replacement is."""
    text = f"{platform.provider_name} shut it down on {life.shutdown}{_describe_replacement(life)}{_describe_uncertainty(life)}"
    return Finding(rules.MODEL_SHUT_DOWN, text, sources=(life.source,), brief="shut down")


def make_retirement_finding(variant: Variant, life: Lifecycle, as_of: date) -> Finding:
    """Make the finding that it will be shut down, in how many days, and what its official replacement is."""
    assert life.shutdown is not None
    days = pluralize((life.shutdown - as_of).days, "day")
    text = f"{variant.id} ends in {days} ({life.shutdown}){_describe_replacement(life)}{_describe_uncertainty(life)}"
    sources = (life.source, life.replacement_source) if life.replacement else (life.source,)
    return Finding(rules.MODEL_RETIRES, text, sources=sources)


def describe_feature_end(name: str, life: Lifecycle, market: Market) -> str:
    """Say when a feature of the API ends or ended, and what makes that uncertain."""
    assert life.shutdown is not None
    days = (life.shutdown - market.as_of).days
    when = f"ends this in {pluralize(days, 'day')}, on {life.shutdown}" if days > 0 else f"ended this on {life.shutdown}"
    return f"{name}: {market.platform.provider_name} {when}{_describe_uncertainty(life)}"


def make_feature_finding(market: Market, feature: str, requests: int, first: str) -> Finding | None:
    """Say when a feature that requests use ends, the first of them at `first`; None if it doesn't end on the platform."""
    ending = market.catalog.endings[feature]
    life = ending.lifecycle.get(market.platform.provider)
    if life is None or life.shutdown is None:
        return None
    used = f"used by {pluralize(requests, 'request')}, first {first}" if requests > 1 else f"used by {first}"
    text = f"{describe_feature_end(ending.name, life, market)}; {used}"
    return Finding(rules.FEATURE_ENDS, text, actual=str(life.shutdown), sources=(life.source,), subject=feature)


def make_feature_findings(market: Market, uses: Mapping[str, Occurrences[Place]]) -> Iterator[Finding]:
    """Say when the features that requests use end, those that end on the platform. `uses` has the requests by feature."""
    for feature, places in uses.items():
        if finding := make_feature_finding(market, feature, places.count, places.examples[0].label):
            yield finding


def date_feature_ends(market: Market, flaws: Sequence[Finding]) -> Iterator[Finding]:
    """Yield the flaws of requests. For each feature that they use, say once when it ends, if it ends on the platform."""
    used: dict[str, list[Finding]] = {}
    for flaw in flaws:
        if flaw.rule is rules.FEATURE_ENDS:
            used.setdefault(str(flaw.subject), []).append(flaw)
        else:
            yield flaw
    for feature, uses in used.items():
        first = uses[0].place
        assert first is not None
        requests = sum(int(use.actual or 1) for use in uses)
        if finding := make_feature_finding(market, feature, requests, first.label):
            yield finding._replace(place=first, names_place=True)


def find_end_before_done(market: Market, variant: Variant, seconds: int) -> Finding | None:
    """Say that work that takes this long may not be done when the variant ends; None if it will be, or no end is announced."""
    life = find_announced_shutdown(market, variant)
    if life is None or life.shutdown is None or seconds < (life.shutdown - market.as_of) // timedelta(seconds=1):
        return None
    text = f"the work may not be done when the model ends on {life.shutdown}"
    return Finding(rules.ENDS_BEFORE_DONE, text, actual=str(seconds), sources=(life.source,), brief=f"ends {life.shutdown}")


def check_lifecycle(market: Market, variant: Variant, gone: Level = Level.WARNING) -> list[Finding]:
    """Make a finding of level `gone` for a variant that is shut down, a warning for one that will be."""
    if life := find_past_shutdown(market, variant):
        finding = make_shutdown_finding(market.platform, life)
        message = f"{variant.id}: {finding.message}"
        return [finding._replace(message=message, level=gone, actual=str(life.shutdown), subject=variant.id)]
    if life := find_announced_shutdown(market, variant):
        finding = make_retirement_finding(variant, life, market.as_of)
        return [finding._replace(actual=str(life.shutdown), subject=variant.id)]
    return []


def check_ended_models(market: Market, names: Iterable[str], gone: Level = Level.WARNING) -> Iterator[Finding]:
    """Make a finding of level `gone` for each model that is shut down on that day, once. An unknown name has none."""
    known = {variant.id: variant for name in names if (variant := market.catalog.find_variant(name))}
    for variant in known.values():
        if find_past_shutdown(market, variant):
            yield from check_lifecycle(market, variant, gone)


def check_price_table_age(market: Market) -> list[Finding]:
    """Make a warning if the prices of the table were last compared long before that day."""
    catalog, as_of = market.catalog, market.as_of
    age = (as_of - catalog.checked_on).days
    if age <= catalog.stale_after_days:
        return []
    message = f"the prices of {catalog.file} were last checked on {catalog.checked_on}, {format_int(age)} days before {as_of}"
    return [Finding(rules.PRICE_TABLE_STALE, message, actual=str(age), allowed=str(catalog.stale_after_days))]


def find_training_closings(market: Market, rules: TrainingRules) -> Iterator[Finding]:
    """Find the customers from whom the platform no longer takes training jobs, and when it takes none at all: the last closing of
    each kind.
    """
    platform, as_of = market.platform, market.as_of
    closings = rules.closings.get(platform.provider, ())
    past = [closing for closing in closings if closing.on <= as_of]
    coming = [closing for closing in closings if closing.on > as_of and closing.to_all]
    closed = [closing for closing in past if closing.to_all]
    for closing in closed or past:
        level = Level.ERROR if closing.to_all and closing.confidence == "high" else Level.WARNING
        verb = f"{platform.provider_name} has not accepted training jobs from {closing.closed_to} since {closing.on}"
        yield _make_closing_finding(closing, level, verb)
    for closing in () if closed else coming[:1]:
        days = pluralize((closing.on - as_of).days, "day")
        text = f"{platform.provider_name} stops accepting training jobs from {closing.closed_to} on {closing.on} (in {days})"
        yield _make_closing_finding(closing, Level.WARNING, text)


def _make_closing_finding(closing: TrainingClosing, level: Level, text: str) -> Finding:
    doubt = f" ({describe_doubt(closing.confidence)})" if closing.confidence != "high" else ""
    note = f". {closing.note.rstrip('.')}" if closing.note else ""
    message = f"{text}{doubt}{note} [{closing.source.label}]"
    return Finding(rules.TRAINING_CLOSED, message, level, actual=str(closing.on))


def _describe_replacement(life: Lifecycle) -> str:
    return f"; its official replacement is {life.replacement}" if life.replacement else "; it has no official replacement"


def _describe_uncertainty(life: Lifecycle) -> str:
    """Say why the date is uncertain: the dates that other sources give, or the table's own note."""
    if life.disputed:
        return f" (other sources say {' or '.join(str(day) for day in life.disputed)})"
    doubt = describe_doubt(life.confidence, life.note)
    return f" ({doubt})" if doubt else ""
