"""Fields that every part of the table has: lists of texts, cited sources, confidence, names of other entries."""

from __future__ import annotations

from collections.abc import Mapping

from gpt41_cli.catalog import tables
from gpt41_cli.catalog.cursor import Cursor

Sources = Mapping[str, tables.Source]


def texts(at: Cursor) -> tuple[str, ...]:
    """A list of texts."""
    return tuple(entry.text() for entry in at.items())


def confidence(at: Mapping[str, Cursor]) -> str:
    """How sure a figure is; high where the table does not say."""
    return at["confidence"].choice("high", "medium", "low") if "confidence" in at else "high"


def cited(at: Cursor, sources: Sources) -> tables.Source:
    """The source that an entry names."""
    name = at.text()
    if name not in sources:
        at.fail("the id of an entry of sources")
    return sources[name]


def known(at: Cursor, name: str, known: Mapping[str, object] | set[str], kind: str) -> None:
    """TableError at `at` unless `name` is one of the `known`."""
    if name not in known:
        at.fail(f"a {kind} of this table ({', '.join(known)})", f"the {kind} {name}")
