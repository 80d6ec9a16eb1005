"""The names of meters in a provider's cost exports, as the price table maps them to models, directions, modes and platforms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, NamedTuple

from gpt41_cli.catalog import checks, tables


class Meters(NamedTuple):
    """How the meters of cost exports are named: the name of a model, then words, in any order and case, with blanks or hyphens.

    `directions` are input, cached or output. `fine_tuned` words mean fine-tunes of the model. `ignored` words say nothing more.
    """

    models: Mapping[str, tables.ModelName]
    directions: Mapping[str, str]
    modes: Mapping[str, Annotated[str, checks.is_mode]]
    platforms: Mapping[str, tables.PlatformName]
    ignored: tuple[str, ...]
    source: tables.Cited
    fine_tuned: tuple[str, ...] = ()


class MeteredTokens(NamedTuple):
    """The tokens that a meter counts: of a model or its fine-tunes, in one direction and mode on a platform."""

    model: str
    is_fine_tuned: bool
    direction: str
    mode: str
    platform: str


def parse_meter(meters: Meters, name: str) -> MeteredTokens | None:
    """Parse the name of a meter, such as "gpt 4.1 mini cached Inp glbl Tokens"; None if it counts nothing known."""
    words = name.lower().replace("-", " ").split()
    models = {tuple(key.lower().split()): model for key, model in meters.models.items()}
    prefix = max((key for key in models if tuple(words[: len(key)]) == key), key=len, default=None)
    if prefix is None:
        return None
    parts: dict[str, set[str]] = {"direction": set(), "mode": set(), "platform": set()}
    tables_by_part = {"direction": meters.directions, "mode": meters.modes, "platform": meters.platforms}
    for word in words[len(prefix) :]:
        part = next((part for part, names in tables_by_part.items() if word in names), None)
        if part:
            parts[part].add(tables_by_part[part][word])
        elif word not in (*meters.ignored, *meters.fine_tuned):
            return None
    directions = parts["direction"]
    direction = "cached" if "cached" in directions else next(iter(directions), None)
    platform = next(iter(parts["platform"]), None)
    if direction is None or platform is None:
        return None
    tuned = not set(words).isdisjoint(meters.fine_tuned)
    return MeteredTokens(models[prefix], tuned, direction, next(iter(parts["mode"]), checks.MODES[0]), platform)
