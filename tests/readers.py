"""What the tests read results with."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import cmarkgfm
from cmarkgfm.cmark import Options

from gpt41_cli.commands.diff.compare import WorkloadChange

TAGS = {"p", "strong", "em", "ul", "li", "sub", "code", "pre", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"}


class MarkdownPage(HTMLParser):
    """What a browser would show: the elements in order, each tag with the text in it."""

    def __init__(self, markdown: str) -> None:
        super().__init__()
        self.texts: list[tuple[str, str]] = []
        self._open: list[tuple[str, str]] = []
        self.feed(cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE))
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self._open.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        opened, text = self._open.pop()
        assert opened == tag
        self.texts.append((tag, " ".join(text.split())))
        self.handle_data(text)

    def handle_data(self, data: str) -> None:
        if self._open:
            tag, text = self._open[-1]
            self._open[-1] = (tag, text + data)

    def all(self, *tags: str) -> list[str]:
        """The texts in these, without the marks that keep them from being links."""
        return [text.replace("\u200b", "") for tag, text in self.texts if tag in tags]


def causes_in_dollars(found: WorkloadChange) -> dict[str, str]:
    """The causes in dollars, of which none may be lost."""
    assert sum(each.usd for each in found.causes) == found.after_cost.expected_usd - found.before_cost.expected_usd
    return {each.name: f"{float(each.usd):.6g}" for each in found.causes}
