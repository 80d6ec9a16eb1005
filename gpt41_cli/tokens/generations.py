"""The figures by which each generation of models bills the framing of its prompts: tools, calls, choices and answers.

Those of a generation were found by comparing recorded requests with the tokens billed for them. The numbers in parentheses are
the recorded requests that a figure explains, of all that it bears on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class CallFigures(NamedTuple):
    """What calls in the history cost in addition to their text.

    In Chat Completions: `single`, `parallel`, and `text` next to calls. `in_responses` is what a call costs in Responses,
    `without_reasoning` if the model doesn't reason. `awaiting_discount` is how much less one without a result costs, besides its
    name; None: no less. `echo` is what the server usually keeps of a call that it made itself.
    """

    single: int
    parallel: int
    text: int
    in_responses: int
    without_reasoning: int
    awaiting_discount: int | None
    echo: int


class PromptRules(NamedTuple):
    """How a generation bills prompts, and what has changed.

    `name` is that of the generation. `answer` is the cost of a request besides its messages, `answer_in_history` of each text of
    the assistant besides itself. `tools_joined`, `tools_alone` and `format_alone` are for Chat Completions: tools that join the
    system message, and tools and a structured output that don't. `undescribed_function` is for each function without a
    description. `names_format`: the name of a structured output is charged for each answer. `charges_choice`: choices of a tool
    cost something.

    `reasons_by_default`: a request that states no effort reasons. `escapes_results`: characters beyond ASCII in the results of
    parallel calls are escaped (29/29 to 2026-02; 0/4 from 2026-03). `charges_required`: `tool_choice: required` in Chat
    Completions costs 2 (17/17 to 2024-10-07; 0/130 from 2024-10-24).
    """

    name: str
    answer: int
    answer_in_history: int
    tools_joined: int
    tools_alone: int
    tools_in_responses: int
    undescribed_function: int
    format_alone: int
    format_in_responses: int
    names_format: bool
    charges_choice: bool
    calls: CallFigures
    has_parallel_calls_in_responses: bool = False
    reasons_by_default: bool = False
    escapes_results: bool = False
    charges_required: bool = False


FAMILY = PromptRules(
    name="family",
    answer=3,
    answer_in_history=0,
    tools_joined=-1,
    tools_alone=3,
    tools_in_responses=-3,
    undescribed_function=0,
    format_alone=4,
    format_in_responses=1,
    names_format=True,
    charges_choice=True,
    calls=CallFigures(single=12, parallel=20, text=4, in_responses=10, without_reasoning=10, awaiting_discount=4, echo=3),
)
"""The family and its predecessors. Chat Completions: tools 423/431, structured outputs 192/192; Responses: 162/173 and 66/66."""

GPT_5 = PromptRules(
    name="gpt-5",
    answer=2,
    answer_in_history=2,
    tools_joined=84,
    tools_alone=85,
    tools_in_responses=3,
    undescribed_function=-1,
    format_alone=4,
    format_in_responses=0,
    names_format=False,
    charges_choice=False,
    calls=CallFigures(single=18, parallel=26, text=6, in_responses=16, without_reasoning=19, awaiting_discount=None, echo=0),
    has_parallel_calls_in_responses=True,
)
"""gpt-5 to gpt-5.6. Text 873/875, tools in Chat Completions 486/488 and in Responses 148/149, structured outputs 187/190 and
63/63, calls 725/732 and 85/112, of which most others are off by 4."""

GENERATIONS: Mapping[str, PromptRules] = {rules.name: rules for rules in (FAMILY, GPT_5)}
"""The rules of each generation, by its name in the price table."""
