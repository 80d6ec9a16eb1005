"""The rule ids that the source gives out, against the sentences that say what they mean."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from gpt41_cli.catalog import MODES
from gpt41_cli.rules import RULES
from tests.conftest import ROOT

PACKAGE = ROOT / "gpt41_cli"

CARRIERS = {"Finding", "Remark", "RuleViolation", "ExampleFlaw", "_RequestLimit", "NotPriced"}
"""What is made with a rule id as its first argument."""


def test_every_rule_that_is_given_out_is_explained_and_no_other() -> None:
    given = {rule for path in PACKAGE.rglob("*.py") for rule in ids(ast.parse(path.read_text()), str(path))}
    assert given == set(RULES)


def test_an_explanation_is_one_sentence() -> None:
    for rule, sentence in RULES.items():
        assert sentence[0].isupper(), rule
        assert sentence.endswith("."), rule
        assert ". " not in sentence, rule
        assert "\n" not in sentence, rule


def ids(tree: ast.Module, where: str) -> Iterator[str]:
    """Every rule id of a module: those written where something is made with one, or handed to a function that does."""
    handed: dict[str, int] = {}
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            names = [argument.arg for argument in function.args.args]
            for call in calls(function, CARRIERS):
                if isinstance(call.args[0], ast.Name) and call.args[0].id in names:
                    handed[function.name] = names.index(call.args[0].id)
    for call in calls(tree, CARRIERS):
        yield from written(call.args[0], where)
    for call in calls(tree, set(handed)):
        yield from written(call.args[handed[name(call)]], where)


def calls(tree: ast.AST, names: set[str]) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call) and name(node) in names]


def name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def written(node: ast.expr, where: str) -> Iterator[str]:
    """The ids that an argument may be; none where it is passed on from another finding or remark."""
    match node:
        case ast.Constant(value=str(rule)):
            yield rule
        case ast.IfExp():
            yield from written(node.body, where)
            yield from written(node.orelse, where)
        case ast.JoinedStr(values=[ast.FormattedValue(), ast.Constant(value=str(rest))]) if "mode" in ast.unparse(node):
            yield from (mode + rest for mode in MODES)
        case _:
            assert ast.unparse(node).endswith("rule"), f"{where}: no rule id can be read from {ast.unparse(node)}"
