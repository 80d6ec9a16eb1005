"""What diff says of a call that names another model."""

from __future__ import annotations

from fractions import Fraction

import pytest

from gpt41_cli.commands.diff.code import make_code_finding
from gpt41_cli.findings import Place
from gpt41_cli.rules import Level
from gpt41_cli.workloads.code_calls import CodeChange, WorkloadEffect


@pytest.mark.parametrize(
    ("effects", "level", "message"),
    [
        ((), Level.NOTICE, "no workload declares gpt-4.1-mini"),
        ((WorkloadEffect("a", "month", Fraction(0), False),), Level.NOTICE, "workload a would cost the same"),
        ((WorkloadEffect("a", "month", Fraction(-5), False),), Level.NOTICE, "workload a would cost $5.00 less per month"),
        ((WorkloadEffect("a", "request", None, False),), Level.WARNING, "workload a has no price at it"),
        ((WorkloadEffect("a", "request", Fraction(5), False),), Level.WARNING, "workload a would cost $5.00 more per request"),
        ((WorkloadEffect("a", "month", Fraction(5), True),), Level.ERROR, "workload a would cost $5.00 more per month"),
    ],
)
def test_a_call_of_another_model_weighs_as_much_as_what_it_costs(
    effects: tuple[WorkloadEffect, ...], level: Level, message: str
) -> None:
    finding = make_code_finding(CodeChange(Place("src/bot.py", 12), "gpt-4.1-mini", "gpt-4.1", effects))
    assert finding.level is level
    assert finding.message == f"src/bot.py:12 calls gpt-4.1, was gpt-4.1-mini: {message}"
