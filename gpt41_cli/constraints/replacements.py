"""The chain of replacements named for a model, up to one without an announced end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Market, Variant
from gpt41_cli.catalog.tables import Lifecycle
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import describe_doubt, pluralize
from gpt41_cli.findings import Finding


class ReplacementStep(NamedTuple):
    """`provider` names `replacement_name` in place of `from_variant`. `variant` is None if the price table doesn't have it.

    `silent_provider` is the platform's own provider if that names no replacement in the table.
    """

    from_variant: Variant
    life: Lifecycle
    provider: str
    replacement_name: str
    variant: Variant | None
    silent_provider: str = ""

    @property
    def finding(self) -> Finding:
        """The finding that says which provider names which replacement, and since when if that is known."""
        known = f" (as of {self.life.replacement_as_of})" if self.life.replacement_as_of else ""
        besides = f"; {self.silent_provider} names no model of this price table" if self.silent_provider else ""
        text = f"{self.provider}'s replacement for {self.from_variant.id} is {self.replacement_name}{known}{besides}"
        if self.variant is None:
            text += ": it isn't in this price table, so its prices and limits aren't known"
        return Finding(
            rules.REPLACEMENT if self.variant else rules.REPLACEMENT_UNKNOWN, text, sources=(self.life.replacement_source,)
        )


def follow_replacements(market: Market, leaving: Variant) -> tuple[ReplacementStep, ...]:
    """Return the steps from `leaving` to a model whose end isn't announced by that day, or to the last one named.

    The platform's own provider comes first. Another provider counts only if the platform's own names nothing that the table has.
    """
    steps = list(_find_steps(market, leaving))
    visited = {leaving.model.id}  # a table in which models replace each other must not loop
    while (
        steps and (variant := steps[-1].variant) and variant.model.id not in visited and lifecycle.find_end_day(market, variant)
    ):
        visited.add(variant.model.id)
        steps += _find_steps(market, variant)
    return tuple(steps)


def _find_steps(market: Market, leaving: Variant) -> Iterator[ReplacementStep]:
    """Yield the replacements that the providers name, the platform's own first, up to one that the table has."""
    catalog, platform = market.catalog, market.platform
    names = {entry.provider: entry.provider_name for entry in catalog.platforms.values()}
    lives = leaving.lifecycles
    for provider in sorted(lives, key=lambda provider: provider != platform.provider):
        name = lives[provider].replacement
        if name:
            other = "" if provider == platform.provider else platform.provider_name
            step = ReplacementStep(leaving, lives[provider], names[provider], name, catalog.find_base_variant(name), other)
            yield step
            if step.variant:
                return


def describe_end_dates(market: Market, variant: Variant) -> Finding:
    """Say when the variant ends at each provider, if the table knows it."""
    lives = variant.lifecycles
    names = {platform.provider: platform.provider_name for platform in market.catalog.platforms.values()}
    texts = [f"{name} {_format_end(lives[provider], market.as_of)}" for provider, name in names.items() if provider in lives]
    unknown = [name for provider, name in names.items() if provider not in lives]
    if unknown:
        texts.append(f"{' and '.join(unknown)}: no known end")
    sources = tuple(lives[provider].source for provider in names if provider in lives)
    return Finding(rules.DATES, f"{variant.id} ends: {'; '.join(texts)}", sources=sources)


def _format_end(life: Lifecycle, as_of: date) -> str:
    """Format an end date with how far away it is and what makes it uncertain."""
    if life.shutdown is None:
        return "on an unknown day"
    days = (life.shutdown - as_of).days
    when = f"in {pluralize(days, 'day')}" if days > 0 else f"{pluralize(-days, 'day')} ago" if days else "that day"
    doubt = f", {describe_doubt(life.confidence)}" if life.confidence != "high" else ""
    others = f", {' or '.join(map(str, life.disputed))} in other sources" if life.disputed else ""
    return f"{life.shutdown} ({when}{doubt}{others})"
