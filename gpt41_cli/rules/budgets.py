"""Rules of the workloads of gpt41.yaml."""

from gpt41_cli.rules.rule import ErrorRule, Group, Rule, WarningRule

UNTIL_PAST = Rule(
    "until-past",
    "The day until which the workload must run has passed.",
    why="The requirement no longer protects you.",
    remedy="Set a new day in require.until.",
)
BUDGET_PER_REQUEST = ErrorRule(
    "budget-per-request",
    "The mean request of a workload costs more than the budget allows.",
    why="A request costs more than you planned.",
    remedy="Shorten the prompt or the answer, use a cheaper variant or mode, or raise the budget.",
)
BUDGET_MONTHLY = ErrorRule(
    "budget-monthly",
    "A workload costs more per month than its budget.",
    why="The month costs more than you planned.",
    remedy="Use a cheaper variant or mode, send less, or raise the budget.",
)
BUDGET_TOTAL = ErrorRule(
    "budget-total",
    "All workloads together cost more per month than the budget.",
    why="The month costs more than you planned for everything together.",
    remedy="Look at the most expensive workloads first, or raise the budget.",
)
BUDGET_INPUT_TOKENS = ErrorRule(
    "budget-input-tokens",
    "A request of a workload has more input tokens than its budget allows.",
    why="A prompt has grown beyond what you planned.",
    remedy="Shorten the request that is listed, or raise the budget.",
)
BUDGET_GROWTH = ErrorRule(
    "budget-growth",
    "The cost of a workload has grown by more than its budget allows.",
    why="This change costs more than a single change may cost.",
    remedy="Look at the causes in gpt41 diff. Shorten what grew, or raise growth_percent for this change.",
)
PROMPT_GROWTH = Rule(
    "prompt-growth",
    "A change makes the prompts of a workload longer.",
    why="Every request pays for it.",
    remedy="Shorten what was added, or accept what it costs.",
)
CHEAPER_VARIANT = Rule(
    "cheaper-variant",
    "Another variant or mode meets the same requirements for less.",
    why="You pay more than you have to.",
    remedy="Change model or mode in gpt41.yaml and in the code, after evaluating it on your own work.",
    groups=Group.DATE_DEPENDENT,
)
QUALIFYING_VARIANT = Rule(
    "qualifying-variant",
    "The variant in use doesn't meet the requirements, and another one does.",
    why="It says which variant you could use instead.",
    remedy="Change model or mode in gpt41.yaml and in the code, after evaluating it on your own work.",
    groups=Group.DATE_DEPENDENT,
)
ANSWERS_CUT = WarningRule(
    "answers-cut",
    "Answers were cut at their maximum length.",
    why="Cut answers are often useless, and you pay for them all the same. Uncut, they would be longer.",
    remedy="Raise the maximum of the answer, or ask for shorter answers.",
)
NOT_LEARNED = WarningRule(
    "not-learned",
    "The workload or the length of some answers isn't known.",
    why="These answers can't be used to learn how long answers are.",
    remedy="Name the workload with --workload, or use custom_ids that occur in its requests.",
)
