"""Sentences in plain English: phrases that a reader would stumble over are in no string, docstring or page."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

BANNED = {
    r"\bdear(?:er|est)\b": "more expensive, most expensive",
    r"\bwhat of (?:it|them)\b": "say the noun",
    r"(?<!there )(?<!There )\bis no (?:body|figure|file|function|message|number|prompt|request|text|UTF)\b": "isn't a ...",
    r"\bnamed replacements?\b": "official replacement",
    r"\bwithout its reasoning tokens\b": "before reasoning tokens",
    r"\bfor want of\b": "without, as there are no",
    r"\bfor a request of each\b": "per request of each",
    r"\bholds? (?:it|them|\w+s?) against\b": "compares with",
    r"\bto hold against\b": "to compare with",
    r"\bnot all of it with\b": "some of this is uncertain",
    r"\bone that forgets nothing\b": "a perfect cache",
    r"\bsay(?:s)? nothing here\b": "is ignored",
    r"\bin the mean\b": "on average",
    r"\b(?:tokens|requests|batches|files|calls|dollars) an? (?:minute|day|month|hour)\b": "per minute, per day ...",
    r"(?:\$[\d.,]+|\}) a (?:million|month)\b(?! (?:of|later|ago|after|before))": "per million, per month",
    r"\bwhoever\b": "anyone, a person who",
    r"\ba known one\b(?! of)(?!;)": "unknown model",
    r"\b(?:medium|low) confidence\b": "likely, uncertain",
    r"(?<!only one )\bthat qualifies\b": "that meets the requirements",
    r"; \S+ takes its place\b": "use ... instead",
    r"\bwindows of up to\b": "rounds, one after the other",
    r"\bthe way out\b": "leaving a model",
    r"\bmost of all\b": "mainly",
    r"\bexpected it with\b|\"it with ": "expected the other option with it",
    r"\bwhat is asked of\b": "the requirements",
    r"\bpoints (?:more|less)\b": "a score ... points higher, lower",
    r"\bto be trained on\b": "to train on",
    r"\bWhere an? \w+ is (?:stated|given|said)\b": "If ...",
    r"\bis looked for from\b": "it takes the nearest ...",
    r"\bnot shown: ": "wider screens also show",
    r"\bwhat is more\b": "the rest",
    r"\bWhen all of it must be done\b": "How long all of the work may take",
    r"\bis a doubt\b|`(?:doubt|spare|cold)` (?:is|line|lists|says)": "uncertain, savings, without cache: the labels of answers",
    r"\bof no known (?:day|model|date)\b": "without a known day",
    r"\b(?:says?|said) of itself\b": "calls itself",
    r"\b[Ss]omething else than\b": "something other than",
    r"\bnests? less deep\b": "is nested less deeply",
    r"\b(?:exactly|billed|counts?|counted) so\b[.;]": "exactly like this, this way",
    r"\bcalls? of (?:built-in tools|models|such tools)\b": "calls to",
    r"\b(?:requests?|lines?|answers?) of a Batch file\b": "in a Batch file",
    r"\bheld against\b|\bwould do\b|\bshall\b": "compared with, is enough, should",
    r"^[A-Z][\w.]*(?: x \w+)? -> ": "a sentence with a verb: reads, prices, counts",
    r"\bwhat a reader\b.*\bmust know\b": "the notes that a reader needs",
}
"""What isn't written, as a regular expression, with what to write in its place."""


def list_literals(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each string of a module with its line, docstrings too; what an f-string inserts is a pair of braces."""
    tree = ast.parse(path.read_text())
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, text
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.lineno, node.value


def list_page_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a page with their numbers, without code blocks; of the changelog only what isn't released."""
    is_code = False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if path.name == "CHANGELOG.md" and re.match(r"## \[?\d", line):
            return
        is_code ^= line.lstrip().startswith("```")
        if not is_code:
            yield number, line


MODULES = sorted((ROOT / "gpt41_cli").rglob("*.py"))
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "pricing.yaml", *sorted((ROOT / "docs").glob("*.md"))]
PAGES.remove(ROOT / "docs" / "rules.md")  # its headings are ids of rules, its sentences are those of the package


@pytest.mark.parametrize("phrase", BANNED)
def test_no_sentence_has_a_phrase_that_readers_stumble_over(phrase: str, sentences: list[tuple[str, int, str]]) -> None:
    found = [f"{name}:{line}: {' '.join(text.split())[:160]}" for name, line, text in sentences if re.search(phrase, text)]
    assert not found, f"write: {BANNED[phrase]}"


@pytest.fixture(scope="module")
def sentences() -> list[tuple[str, int, str]]:
    listed = [(path, line, text) for path in MODULES for line, text in list_literals(path)]
    listed += [(path, line, text) for path in PAGES for line, text in list_page_lines(path)]
    return [(str(path.relative_to(ROOT)), line, text) for path, line, text in listed if len(text.split()) > 1]
