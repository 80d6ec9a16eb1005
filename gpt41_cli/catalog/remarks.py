"""A sentence with its sources: what reasons, caveats and exclusions are made of."""

from __future__ import annotations

from typing import NamedTuple

from gpt41_cli.catalog.tables import Citation
from gpt41_cli.rules import Rule


class Remark(NamedTuple):
    """`rule` is a stable id; `text` carries its figures; `brief` is the same in a few words, for a table.

    `actual` and `allowed` are the figures of a broken limit, as plain digits.
    """

    rule: Rule
    text: str
    sources: tuple[Citation, ...] = ()
    brief: str = ""
    actual: str | None = None
    allowed: str | None = None

    @property
    def citation(self) -> str:
        """The sources as reports print them: `launch 2025-04-14, sdk 2026-11`."""
        return ", ".join(dict.fromkeys(source.label for source in self.sources))
