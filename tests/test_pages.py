"""README.md and the pages of docs/: short enough, links that lead somewhere, commands and options that exist."""

from __future__ import annotations

import doctest
import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote

import cmarkgfm
import pytest
import typer.main

from docs.make_rules import PAGE, make_page
from gpt41_cli import app
from gpt41_cli.rules import RULES
from tests.conftest import ROOT
from tests.pages import BLOCK, PAGES

DOCS = [page for page in PAGES if page.parent.name == "docs"]
OTHERS = [ROOT / name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")]
COMMANDS = typer.main.get_command(app.app).commands  # type: ignore[attr-defined] # a group of typer's own, whose class isn't public
README_LINES, SHOWN_LINES = 250, 6


def find_anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    html = cmarkgfm.github_flavored_markdown_to_html(page.read_text())
    for address in map(unescape, re.findall(r'(?:href|src)="([^"]*)"', html)):
        if re.match(r"\w+:", address):
            continue
        path, _, anchor = unquote(address).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.is_relative_to(ROOT), address
        assert target.exists(), address
        assert not anchor or anchor in find_anchors(target), address


def test_the_index_and_the_site_have_every_page() -> None:
    index, site = ((ROOT / "docs" / name).read_text() for name in ("README.md", "zensical.toml"))
    for page in DOCS:
        assert page.name == "README.md" or f"]({page.name})" in index, page
        assert f'"{page.name}"' in site, page


def test_the_readme_is_short() -> None:
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= README_LINES
    first, tests, *_ = re.findall(r"^python3 -m venv .*$", text, re.MULTILINE)
    assert text.index(first) < text.index("## ") > text.index(tests), "the two commands for a fresh machine come first"
    assert " gpt41 recommend " in first.replace("/", " ")
    assert tests.endswith("python -m pytest -n auto")
    for block in BLOCK.findall(text):
        assert len([line for line in block.splitlines() if line[:2] != "$ "]) <= SHOWN_LINES, block


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_named_command_has_the_options_it_is_named_with(page: Path) -> None:
    """In blocks that aren't recordings, and in the text."""
    text = BLOCK.sub("", page.read_text())
    for line, name in re.findall(r"(?<![\w/+.-])(gpt41 ([a-z]+)[^`\n|;>#]*)", text):
        if name in COMMANDS:
            known = {option for parameter in COMMANDS[name].params for option in parameter.opts}
            for option in re.findall(r"(?<= )--?[a-z][\w-]*", line.partition(". ")[0].replace(" --help", "")):
                assert option in known, line


def test_the_page_shows_the_gpt41_yaml_that_it_checks() -> None:
    page = (ROOT / "docs" / "check-and-diff.md").read_text()
    assert f"```yaml\n{(ROOT / 'tests/example/gpt41.yaml').read_text()}```" in page


def test_the_page_of_rules_is_made_from_the_table(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--update-golden"):
        PAGE.write_text(make_page())
    assert PAGE.read_text() == make_page(), "run docs/make_rules.py"


def test_every_rule_has_an_anchor() -> None:
    assert find_anchors(PAGE) >= RULES.keys()


def test_the_page_names_every_key_of_gpt41_yaml() -> None:
    page = (ROOT / "docs" / "check-and-diff.md").read_text()
    keys: set[str] = set()

    def collect(part: object) -> None:
        if isinstance(part, dict):
            keys.update(part.get("properties", {}))
        for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
            collect(inner)

    collect(json.loads((ROOT / "schemas" / "config.json").read_text()))
    code = " ".join(re.findall(r"`([^`\n]+)`", page))
    assert [key for key in sorted(keys) if not re.search(rf"\b{key}\b", code)] == []


def test_the_python_of_the_page_runs() -> None:
    result = doctest.testfile(str(ROOT / "docs" / "python.md"), module_relative=False)
    assert result.attempted >= 8
    assert result.failed == 0
