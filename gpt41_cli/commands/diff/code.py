"""Find what a change to the code means for the workloads: a call that names another model, and what that would cost."""

from __future__ import annotations

from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.display import choose_unit_format, sanitize, to_decimal
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Finding
from gpt41_cli.rules import Level
from gpt41_cli.workloads.code_calls import CodeChange, WorkloadEffect


class CodeComparison(NamedTuple):
    """The calls that name another model than before, and the code that can't be read.

    `is_unknown_before`: a saved report contains no code.
    """

    changes: tuple[CodeChange, ...] = ()
    unreadable: tuple[SkippedPath, ...] = ()
    is_unknown_before: bool = False


NO_CODE = CodeComparison()


def make_code_finding(change: CodeChange) -> Finding:
    """Make the finding for a call that names another model: an error if a workload would grow more than its budget allows, a
    warning if it would cost more or nobody knows, else a notice.
    """
    level = Level.NOTICE
    if any(effect.exceeds_growth for effect in change.effects):
        level = Level.ERROR
    elif any(effect.change_usd is None or effect.change_usd > 0 for effect in change.effects):
        level = Level.WARNING
    text = describe_change(change)
    return Finding(rules.CODE_CHANGED, text, level, change.place, change.after, change.before, names_place=True)


def describe_change(change: CodeChange) -> str:
    """Write what a call names now and before, and what each workload would cost at it."""
    call = f"{sanitize(change.place.label)} calls {change.after}, was {change.before}"
    if not change.effects:
        return f"{call}: no workload declares {change.before}"
    return f"{call}: {'; '.join(map(_describe_effect, change.effects))}"


def _describe_effect(effect: WorkloadEffect) -> str:
    name = f"workload {sanitize(effect.workload)}"
    if effect.change_usd is None:
        return f"{name} has no price at it"
    if not effect.change_usd:
        return f"{name} would cost the same"
    amount = choose_unit_format(effect.unit)(abs(to_decimal(effect.change_usd)))
    return f"{name} would cost {amount} {'more' if effect.change_usd > 0 else 'less'} per {effect.unit}"
