"""Where does the road out of a model lead? What is named in its place, and in place of that, until something stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog, Variant
from gpt41_cli.catalog.remarks import Remark
from gpt41_cli.catalog.tables import Lifecycle, Platform
from gpt41_cli.constraints import lifecycle
from gpt41_cli.display import pluralize


class ReplacementStep(NamedTuple):
    """`provider` names `replacement_name` in place of `from_variant`, and `silent_provider` does not, where that is where the
    model is bought.

    `variant` None: the price table does not have what is named.
    """

    from_variant: Variant
    life: Lifecycle
    provider: str
    replacement_name: str
    variant: Variant | None
    silent_provider: str = ""

    @property
    def remark(self) -> Remark:
        """Who names what, and since when that is known."""
        known = f" (as of {self.life.replacement_as_of})" if self.life.replacement_as_of else ""
        besides = f"; {self.silent_provider} names none that this price table has" if self.silent_provider else ""
        text = f"{self.provider} names {self.replacement_name} in place of {self.from_variant.id}{known}{besides}"
        if self.variant is None:
            text += ": this price table does not have it, so that it has neither prices nor limits here"
        return Remark(rules.REPLACEMENT if self.variant else rules.REPLACEMENT_UNKNOWN, text, (self.life.replacement_source,))


def follow_replacements(catalog: Catalog, leaving: Variant, platform: Platform, as_of: date) -> tuple[ReplacementStep, ...]:
    """The steps from `leaving` to a model whose end was not announced by that day, or as far as something is named.

    What the provider of the platform names counts first; what another one names, where that names nothing the table has.
    """
    steps = list(_find_steps(catalog, leaving, platform))
    been = {leaving.model.id}
    while steps and (here := steps[-1].variant) and here.model.id not in been and _is_leaving(here, platform, as_of):
        been.add(here.model.id)
        steps += _find_steps(catalog, here, platform)
    return tuple(steps)


def _is_leaving(variant: Variant, platform: Platform, as_of: date) -> bool:
    return bool(
        lifecycle.find_past_shutdown(variant, platform, as_of) or lifecycle.find_announced_shutdown(variant, platform, as_of)
    )


def _find_steps(catalog: Catalog, leaving: Variant, platform: Platform) -> Iterator[ReplacementStep]:
    """What the providers name, until one names something that the table has; the platform's own comes first."""
    names = {each.provider: each.provider_name for each in catalog.platforms.values()}
    lives = leaving.lifecycles
    for provider in sorted(lives, key=lambda each: each != platform.provider):
        name = lives[provider].replacement
        if name:
            other = "" if provider == platform.provider else platform.provider_name
            step = ReplacementStep(leaving, lives[provider], names[provider], name, catalog.find_base_variant(name), other)
            yield step
            if step.variant:
                return


def describe_end_dates(catalog: Catalog, variant: Variant, as_of: date) -> Remark:
    """When the variant ends at each provider, as far as the table knows."""
    lives = variant.lifecycles
    names = {each.provider: each.provider_name for each in catalog.platforms.values()}
    texts = [f"{name} {_format_end(lives[provider], as_of)}" for provider, name in names.items() if provider in lives]
    unknown = [name for provider, name in names.items() if provider not in lives]
    if unknown:
        texts.append(f"{' and '.join(unknown)}: no end is known")
    sources = tuple(lives[provider].source for provider in names if provider in lives)
    return Remark(rules.DATES, f"{variant.id} ends: {'; '.join(texts)}", sources)


def _format_end(life: Lifecycle, as_of: date) -> str:
    """A date with how far it is, and what keeps it from being certain."""
    if life.shutdown is None:
        return "at no known day"
    days = (life.shutdown - as_of).days
    when = f"in {pluralize(days, 'day')}" if days > 0 else f"{pluralize(-days, 'day')} ago" if days else "that day"
    doubt = f", {life.confidence} confidence" if life.confidence != "high" else ""
    others = f", {' or '.join(map(str, life.disputed))} in other sources" if life.disputed else ""
    return f"{life.shutdown} ({when}{doubt}{others})"
