"""The sources that a text for people cites: left out, or as numbers with a legend."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gpt41_cli.findings import Citation

# A pattern of all labels would take longer to compile than a small report takes to draw.
_BRACKETS = re.compile(r" \[([^][]+)\]")


class Citations:
    """Rewrites citations such as `[launch 2025-04-14]`. With `explains` they become numbers, else nothing."""

    def __init__(self, sources: Mapping[str, Citation], *, explains: bool) -> None:
        self._explains = explains
        self._sources = {source.label: source for source in sources.values()}
        self._numbers: dict[str, int] = {}

    def rewrite(self, text: str) -> str:
        """Rewrite the citations of known sources within a text."""

        def replace(match: re.Match[str]) -> str:
            return self.format(match[1]) if self._sources.keys() >= {*match[1].split(", ")} else match[0]

        return _BRACKETS.sub(replace, text)

    def format(self, labels: str) -> str:
        """Format the citation of labels with commas, for the end of a sentence. A source that isn't known keeps its label."""
        if not self._explains or not labels:
            return ""
        cited = [str(self._number(label)) if label in self._sources else label for label in labels.split(", ")]
        return f" [{', '.join(cited)}]"

    def _number(self, label: str) -> int:
        return self._numbers.setdefault(label, len(self._numbers) + 1)

    @property
    def legend(self) -> list[str]:
        """The sources cited so far, each with its number, title and address."""
        cited = ((number, self._sources[label]) for label, number in self._numbers.items())
        return [f"[{number}] {source.title}, {source.date}, {source.url}" for number, source in cited]
