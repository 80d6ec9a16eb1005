"""Make docs/rules.md from the table of rules: run it after a change of a rule."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gpt41_cli.commands.explain.report import EFFECTS, LEVELS
from gpt41_cli.rules import SECTIONS, Rule

PAGE = Path(__file__).with_name("rules.md")
INTRODUCTION = """\
# What does a rule mean?

Findings print the id of their rule in brackets, such as `[model-retires]`. Look it up here, or with `gpt41 explain
model-retires`: each entry says what the finding means, why it matters and what to do. A command may give a single finding another
level.

This page is made by `docs/make_rules.py` from the table of rules.
"""


def make_page() -> str:
    """Return the text of the page: a heading for each topic and each rule."""
    sections = (f"\n## {title}\n{''.join(map(make_entry, rules))}" for title, rules in SECTIONS.items())
    return INTRODUCTION + "".join(sections)


def make_entry(rule: Rule) -> str:
    """Return the heading of a rule, which is its anchor, and what there is to say."""
    return f"\n### {rule.id}\n\n" + "\n".join(_make_lines(rule)) + "\n"


def _make_lines(rule: Rule) -> Iterator[str]:
    yield f"{rule.sentence}\n"
    yield f"- **Why:** {rule.why}"
    yield f"- **What to do:** {rule.remedy}"
    yield f"- **Level:** {LEVELS[rule.level]}" + (f"; {EFFECTS[rule.effect]}" if rule.effect in EFFECTS else "")


if __name__ == "__main__":
    PAGE.write_text(make_page(), encoding="utf-8")
