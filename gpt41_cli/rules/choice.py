"""Rules of time and of the choice of a variant and mode."""

from gpt41_cli.rules.rule import ErrorRule, Group, Rule, WarningRule

DEADLINE = ErrorRule(
    "deadline",
    "The work isn't done by the deadline.",
    why="The answers come too late.",
    remedy="Use a faster mode, a higher usage tier or fewer requests, or allow more time.",
    key="require.deadline",
)
USAGE_TIER = ErrorRule(
    "usage-tier",
    "The usage tier never lets a request through.",
    why="OpenAI rejects such a request, however slowly you send it.",
    remedy="Shorten it, or move to a higher usage tier.",
    key="usage_tier",
)
MONTHLY_LIMIT = WarningRule(
    "monthly-limit",
    "The work costs more than the usage tier may spend per month.",
    why="OpenAI stops answering when the month's limit is reached.",
    remedy="Move to a higher usage tier, ask OpenAI for a higher limit, or use a cheaper variant or mode.",
)
PACE = WarningRule(
    "pace",
    "How long the work takes in the usage tier.",
    why="The limits of your usage tier decide how fast you can send.",
    remedy="If it is too slow, use another mode or a higher usage tier. gpt41 plan compares them.",
    key="usage_tier",
)
NO_LIMITS = WarningRule(
    "no-limits",
    "The rate limits of the model aren't known.",
    why="It isn't known how long the work takes.",
    remedy="Look at the limits page of your account.",
)
BINDS = Rule(
    "binds",
    "The limit that decides how long the work takes.",
    why="Raising any other limit wouldn't make it faster.",
    remedy="Raise this one: a higher usage tier, fewer tokens per request, or another mode.",
)
SPREAD = Rule(
    "spread",
    "How to send the requests so that no limit turns one away.",
    why="Requests above the limit are rejected and have to be sent again.",
    remedy="Send them no faster than this.",
)
NEXT_TIER = Rule(
    "next-tier",
    "The lowest usage tier that is fast enough.",
    why="It shows what you would have to pay for speed.",
    remedy="Compare its cost with the time you need.",
)
NO_TIER = Rule(
    "no-tier",
    "No usage tier is fast enough.",
    why="Even the highest usage tier is too slow.",
    remedy="Allow more time, send fewer tokens, or ask OpenAI for higher limits.",
)
NOTHING_FITS = ErrorRule(
    "nothing-fits",
    "No variant and mode meets all requirements.",
    why="No choice meets all your requirements.",
    remedy="Relax the requirement that the answer names first.",
)
SCORE = Rule(
    "score",
    "How good the choice is at the task.",
    why="The variants are compared by it. Launch benchmarks are only a proxy for your work.",
    remedy="Use your own evaluation with --scores.",
)
NO_SCORE = WarningRule(
    "no-score",
    "The score of the variant for the task isn't known.",
    why="It isn't known whether the variant is good enough.",
    remedy="Give your own evaluation with --scores, or another --task.",
    key="require.task",
)
MIN_SCORE = ErrorRule(
    "min-score",
    "The variant doesn't reach the score that you require.",
    why="You set this requirement.",
    remedy="Choose a better variant, or lower --min-score.",
    groups=Group.TRADE_OFF,
)
TOLERANCE = ErrorRule(
    "tolerance",
    "The score of the variant is too far below the best.",
    why="Its answers may be too poor for the task.",
    remedy="Choose a better variant, or allow more with --tolerance.",
    groups=Group.TRADE_OFF,
    key="require.task",
)
NEEDS = ErrorRule(
    "needs",
    "The variant lacks a feature or tool that you require.",
    why="The calls fail without them.",
    remedy="Choose a variant that has them, or drop the requirement.",
    key="require.needs",
)
MAX_USD = ErrorRule(
    "max-usd",
    "The work costs more than you allow.",
    why="You set this limit.",
    remedy="Choose a cheaper variant or mode, or raise --max-usd.",
    groups=Group.TRADE_OFF,
)
PRICE = Rule("price", "Why the choice is the cheapest.", why="It is the reason for the choice.")
QUALITY = Rule("quality", "Why the choice is the best.", why="It is the reason for the choice with --prefer quality.")
SPEED = Rule("speed", "Why the choice is the fastest.", why="It is the reason for the choice with --prefer speed.")
RUNNER_UP = Rule(
    "runner-up",
    "Another variant qualifies too.",
    why="It shows what the next best choice costs and gives.",
    remedy="Take it if its advantage is worth the difference.",
)
STANDARD_SAVING = Rule(
    "standard-saving",
    "Standard would cost less, but a requirement rules it out.",
    why="You could pay less if the requirement were different.",
    remedy="Check whether you need the requirement that rules standard out.",
)
BATCH_SAVING = Rule(
    "batch-saving",
    "Batch would cost less, but a requirement rules it out.",
    why="You could pay less if the answers could wait.",
    remedy="Give --deadline if they can wait that long.",
)
FLEX_SAVING = Rule(
    "flex-saving",
    "Flex would cost less, but a requirement rules it out.",
    why="You could pay less if the answers could be slower, and sometimes refused.",
    remedy="Check whether the work can wait and try again. If so, allow flex.",
)
PRIORITY_SAVING = Rule(
    "priority-saving",
    "Priority would cost less, but a requirement rules it out.",
    why="You could pay less if the requirement were different.",
    remedy="Check whether you need the requirement that rules priority out.",
)
NO_CACHE_DISCOUNT = Rule(
    "no-cache-discount",
    "The mode has no discount for cached tokens.",
    why="Cached input costs as much as other input there, so with much cached input another mode may be cheaper.",
    remedy="Compare the modes in the table.",
)
BASE_PRICE = Rule(
    "base-price",
    "A fine-tuned model has other prices than its base.",
    why="You pay the rates of the fine-tune, not those of its base.",
    remedy="Nothing. It is in the price.",
)
GENERATION = Rule(
    "generation",
    "The successor counts the same requests differently.",
    why="The same request costs more or fewer tokens there.",
    remedy="Nothing. It is in the price.",
)
RECORDED_REASONING = Rule(
    "recorded-reasoning",
    "How much recorded answers of the model reasoned.",
    why="It is the only measurement of how much these models reason.",
    remedy="Measure it on a sample of your own requests.",
)
REASONING = Rule(
    "reasoning",
    "The model bills reasoning tokens as output.",
    why="Reasoning raises the price, and nobody knows in advance by how much.",
    remedy="Measure it on a sample, and add it to --output-tokens.",
)
WOULD_HAVE_TO_GIVE = Rule(
    "would-have-to-give",
    "The requirement that rules out the nearest candidate.",
    why="It says what you would have to relax, and what it would cost then.",
    remedy="Relax it if you can.",
)
