"""The table of rules: each is used, each says what it means in one sentence, and nothing goes by an id."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path

import pytest

from gpt41_cli import rules
from gpt41_cli.catalog import MODES
from gpt41_cli.findings import Finding, Place
from gpt41_cli.rules import RULES, Effect, Level, get_rule
from tests.conftest import ROOT

PACKAGE = ROOT / "gpt41_cli"
TABLE = PACKAGE / "rules"
OTHERS = [path for path in PACKAGE.rglob("*.py") if path.parent != TABLE]


def test_every_rule_is_used_under_the_name_of_its_id() -> None:
    used = {node.attr for path in OTHERS for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)}
    used |= {name for name in vars(rules) if vars(rules)[name] in rules.SAVINGS.values()}
    assert [name for name in map(constant, RULES) if getattr(rules, name, None) not in RULES.values() or name not in used] == []


def constant(rule_id: str) -> str:
    return rule_id.upper().replace("-", "_")


def test_a_rule_says_in_sentences_what_it_means_why_and_what_to_do() -> None:
    for rule in RULES.values():
        for text in (rule.sentence, rule.why, rule.remedy):
            assert re.fullmatch(r"[A-Z][^\n]*\.", text), rule
        assert ". " not in rule.sentence, rule


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_names_a_rule_by_its_id(path: Path) -> None:
    """Ids of a single word are left out: `model` and `format` are words of other things, too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "-" in node.value:
            assert node.value not in RULES, f"{path}:{node.lineno}"


def test_a_rule_is_the_same_object_in_every_process() -> None:
    for rule in RULES.values():
        assert pickle.loads(pickle.dumps(rule)) is rule


def test_a_finding_has_the_level_of_its_rule_unless_it_is_given_another() -> None:
    found = Finding(rules.BATCH_EMPTY, "empty", place=Place("a", 2), names_place=True)
    assert (found.level, Finding(rules.BATCH_EMPTY, "empty", Level.NOTICE).level) == (Level.ERROR, Level.NOTICE)
    assert pickle.loads(pickle.dumps(found)) == found
    assert found._replace(level=Level.WARNING).level is Level.WARNING


def test_a_rule_of_another_version_is_none_of_the_table() -> None:
    assert get_rule("batch-empty") is rules.BATCH_EMPTY
    other = get_rule("of-tomorrow")
    assert (other.id, other.sentence, other.effect) == ("of-tomorrow", "A rule of another version of gpt41.", Effect.NONE)
    assert pickle.loads(pickle.dumps(other)) is other


def test_there_is_a_rule_of_savings_for_each_mode() -> None:
    assert {mode: rule.id for mode, rule in rules.SAVINGS.items()} == {mode: f"{mode}-saving" for mode in MODES}


def test_a_rule_is_shown_by_its_id() -> None:
    assert repr(rules.BATCH_EMPTY) == "Rule('batch-empty')"
