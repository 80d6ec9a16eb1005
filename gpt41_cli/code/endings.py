"""Find what ends: models of the price table, and features of the API that code may use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gpt41_cli.catalog import Catalog, Market, Variant
from gpt41_cli.catalog.tables import FeatureEnding, Lifecycle
from gpt41_cli.code.model_names import NamedModel, Naming
from gpt41_cli.constraints import lifecycle
from gpt41_cli.constraints.replacements import follow_replacements


class Ending(NamedTuple):
    """The end of a model or a feature on the platform that is asked about, and what follows it.

    `feature` is None for a model. `variant` is the replacement, if the table has it.
    """

    life: Lifecycle
    is_over: bool
    days: int
    replacement: str | None
    variant: Variant | None
    feature: FeatureEnding | None = None


def find_ends(market: Market) -> Mapping[str, Ending]:
    """Return the end of each model and each feature that is over or announced, by its id."""
    ends = {}
    for model in market.catalog.models.values():
        variant = Variant(model.id, model)
        past = lifecycle.find_past_shutdown(market, variant)
        if life := past or lifecycle.find_announced_shutdown(market, variant):
            assert life.shutdown is not None
            steps = follow_replacements(market, variant)
            days = (life.shutdown - market.as_of).days
            last = steps[-1] if steps else None
            ends[model.id] = Ending(life, past is not None, days, last and last.replacement_name, last.variant if last else None)
    for feature in market.catalog.endings.values():
        ended = feature.lifecycle.get(market.platform.provider)
        if ended and ended.shutdown and (ended.announced is None or ended.announced <= market.as_of):
            days = (ended.shutdown - market.as_of).days
            ends[feature.id] = Ending(ended, days <= 0, days, ended.replacement, None, feature)
    return ends


class FeatureMarks:
    """The texts by which code uses a feature that ends."""

    def __init__(self, catalog: Catalog) -> None:
        """Take all features of the table."""
        self._by_mark = {mark: feature.id for feature in catalog.endings.values() for mark in feature.marks}
        self._patterns = {mark: re.compile(r"\b" * mark[0].isalnum() + re.escape(mark) + r"[\w-]*") for mark in self._by_mark}
        self.hints = tuple(mark.encode() for mark in self._by_mark)

    def find(self, text: str) -> Iterator[tuple[NamedModel, str]]:
        """Yield each mark in a text, with the whole word that it is in, and the id of its feature."""
        for mark, feature in self._by_mark.items():
            if mark in text:  # a hundred times as fast as a pattern
                for match in self._patterns[mark].finditer(text):
                    yield NamedModel(*match.span(), match[0].strip("./("), Naming.CONSTANT), feature
