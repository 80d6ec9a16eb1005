"""Every rule, once: its id, what it means, why it matters, what to do, how much it weighs, and what it does to an answer.

A finding, a doubt or a reason is made with one of these constants, and code asks the rule itself: nothing compares ids.
A new rule is one entry in the module of its topic. `gpt41 explain` and docs/rules.md print them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from gpt41_cli.rules import api, batch, budgets, choice, counting, inputs, models, training, usage
from gpt41_cli.rules.api import *
from gpt41_cli.rules.batch import *
from gpt41_cli.rules.budgets import *
from gpt41_cli.rules.choice import *
from gpt41_cli.rules.counting import *
from gpt41_cli.rules.inputs import *
from gpt41_cli.rules.models import *
from gpt41_cli.rules.rule import *
from gpt41_cli.rules.training import *
from gpt41_cli.rules.usage import *

LARGEST_PICTURES = "Pictures of unknown size count as the largest: --image-size says how large they are."
"""The note on what IMAGE_SIZE does."""

SAVINGS = {"standard": STANDARD_SAVING, "batch": BATCH_SAVING, "flex": FLEX_SAVING, "priority": PRIORITY_SAVING}
"""By mode: the rule that the mode would cost less."""

SECTIONS: Mapping[str, tuple[Rule, ...]] = {
    title: tuple(value for value in vars(module).values() if isinstance(value, Rule))
    for title, module in {
        "Requests, texts and folders": inputs,
        "What OpenAI refuses": api,
        "Batch files": batch,
        "Prices, models and the prompt cache": models,
        "Time, and the choice of a variant": choice,
        "Workloads of gpt41.yaml": budgets,
        "Logs, usage and predictions": usage,
        "Training files": training,
        "How requests are counted": counting,
    }.items()
}
"""The rules by topic."""

RULES: Mapping[str, Rule] = {rule.id: rule for rules in SECTIONS.values() for rule in rules}
"""By id."""


@cache
def get_rule(rule_id: str) -> Rule:
    """Return the rule with that id; one that is in no table, for an id in a saved report of another version."""
    return RULES.get(rule_id) or Rule(rule_id, "A rule of another version of gpt41.", why="", remedy="")
