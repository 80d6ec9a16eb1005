"""`gpt41 explain`: every rule of the table, and names that are almost one."""

from __future__ import annotations

import pytest

from gpt41_cli.commands.explain.report import find_rule, make_rule_list, make_rule_report
from gpt41_cli.errors import InputError, UnknownName
from gpt41_cli.rules import BATCH_EMPTY, RULES, STORED_STATE


def test_every_rule_is_explained() -> None:
    for rule in RULES.values():
        report = make_rule_report(rule)
        texts = [line.text for line in report.lines]
        assert report.headline == f"{rule.id}: {rule.sentence}"
        assert texts[:2] == [rule.why, rule.remedy]
        assert report.answer == rule.sentence
    assert make_rule_list().answer.split("\n") == list(RULES)


def test_what_a_rule_does_to_an_answer_is_reported_if_it_does_anything() -> None:
    assert [line.label for line in make_rule_report(BATCH_EMPTY).lines] == ["why", "do", "level"]
    assert make_rule_report(STORED_STATE).lines[-1].text == "the answer becomes a lower bound and says at least"


@pytest.mark.parametrize("name", ["batch-empty", "[batch-empty]", "Batch-Empty", "batch_empty"])
def test_an_id_may_be_written_as_findings_print_it(name: str) -> None:
    assert find_rule(name) is BATCH_EMPTY


def test_an_unknown_id_is_answered_with_those_like_it() -> None:
    with pytest.raises(UnknownName, match="did you mean batch-empty"):
        find_rule("batch-emtpy")
    with pytest.raises(InputError, match='RULE: expected the id of a rule, found "x"; gpt41 explain lists all rules'):
        find_rule("x")
