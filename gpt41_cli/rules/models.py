"""Rules of prices, of the prompt cache, of the life of a model, and of the move to another."""

from gpt41_cli.rules.rule import ErrorRule, GapWarning, Group, InexactWarning, Rule, WarningRule

CACHE_BREAK = Rule(
    "cache-break",
    "Requests begin alike, but something early in them differs, so they can't read their common text from the prompt cache.",
    why="Everything after the first difference is paid in full.",
    remedy="Move what changes (dates, names, ids) to the end of the prompt.",
)
CACHE_KEY = Rule(
    "cache-key",
    "Requests that begin alike have different prompt cache keys.",
    why="Requests with different keys may go to different machines, which share nothing.",
    remedy="Use one prompt_cache_key for requests that begin alike.",
)
CACHE_MINIMUM = Rule(
    "cache-minimum",
    "A prompt is too short to be cached.",
    why="A shorter prompt is never cached, so none of it gets the discount.",
    remedy="Nothing, or put more shared text (instructions, examples, tools) at the beginning if that saves money.",
)
MISSING_PRICE = GapWarning(
    "missing-price",
    "The price table doesn't have the price that is needed.",
    why='Without it the answer is only "at least".',
    remedy="Choose a platform, mode and day that have a price, or use a price table of your own (--pricing).",
)
PRICE_TABLE_STALE = WarningRule(
    "price-table-stale",
    "The price table hasn't been checked for a long time.",
    why="Prices and dates may have changed since.",
    remedy="Update gpt41, or check pricing.yaml against its sources.",
    groups=Group.RECOMPUTED,
)
MODEL_SHUT_DOWN = WarningRule(
    "model-shut-down",
    "The model has been shut down.",
    why="OpenAI rejects every call.",
    remedy="Move to the official replacement: gpt41 migrate says what it costs, gpt41 scan where the model is called.",
    groups=Group.RECOMPUTED | Group.UNAVAILABLE,
)
MODEL_RETIRES = WarningRule(
    "model-retires",
    "The model will be shut down on a known day.",
    why="From that day on, every call fails.",
    remedy="Plan the move: gpt41 migrate says what it costs and breaks. --retires-within 90d makes this an error of gpt41 check.",
    groups=Group.RECOMPUTED,
)
FEATURE_ENDS = WarningRule(
    "feature-ends",
    "Code or requests use a feature of the API that will end on a known day.",
    why="From that day on, requests that use the feature fail.",
    remedy="Stop using it before that day. --retires-within makes this an error.",
)
CODE_UNDECLARED = WarningRule(
    "code-undeclared",
    "The code calls a model that no workload declares.",
    why="A call that isn't declared has no price and no budget here.",
    remedy="Declare a workload for the call, or leave it out with a comment: gpt41: ignore - the reason.",
)
CODE_UNUSED = WarningRule(
    "code-unused",
    "The code never calls the model of a workload.",
    why="The workload may be priced at a model that nobody calls.",
    remedy="Change the workload's model to that of the code, or list the code that calls it under code.",
)
CODE_CHANGED = WarningRule(
    "code-changed",
    "The code calls another model than its workload declares.",
    why="The workload is priced at the model that the code called before.",
    remedy="Change the model of the workload, too, or undo the change of the code.",
)
NOT_RELEASED = ErrorRule(
    "not-released",
    "The model hasn't been released on that day.",
    why="It can't be called on that day.",
    remedy="Choose another model, or a later day with --as-of.",
    groups=Group.UNAVAILABLE,
)
UNTIL = ErrorRule(
    "until",
    "The model ends before the day until which you need it.",
    why="The work needs the model longer than it runs.",
    remedy="Choose a model that runs longer, or change the day (--until, require.until).",
    key="require.until",
)
ENDS_BEFORE_DONE = WarningRule(
    "ends-before-done",
    "The model ends before the work is done.",
    why="The rest of the work will fail.",
    remedy="Send it faster (a higher usage tier, another mode), or move it to the replacement.",
    groups=Group.DATE_DEPENDENT,
)
REPLACEMENT = Rule(
    "replacement",
    "A provider names a replacement for the model that ends.",
    why="It is the provider's own advice on where to go.",
    remedy="Compare it with the other successors in the table.",
)
REPLACEMENT_UNKNOWN = WarningRule(
    "replacement-unknown",
    "A provider names a replacement that the price table doesn't have.",
    why="It can't be priced here.",
    remedy="Name another model with --to, or add this one to a price table of your own (--pricing).",
)
DATES = Rule(
    "dates",
    "The days when the model ends at each provider.",
    why="From that day on, every call to that provider fails.",
    remedy="Plan the move before the first of the days that you depend on.",
)
GUIDANCE = Rule(
    "guidance",
    "Advice from the model's makers for the move.",
    why="They know best how to begin.",
    remedy="Try it on a sample of your requests before you move.",
)
REASONING_BREAK_EVEN = Rule(
    "reasoning-break-even",
    "How many reasoning tokens a request may add before it costs more than today.",
    why="Nobody knows in advance how much a model will reason, and each reasoning token is billed as output.",
    remedy="Measure it on a sample. If it reasons more than this, the move costs more than today.",
)
BATCH_AND_CACHE = Rule(
    "batch-and-cache",
    "Batch keeps the discount of the prompt cache.",
    why="If both apply, batch costs less than either alone.",
    remedy="Nothing. It is in the price.",
)
CACHE_WRITES = Rule(
    "cache-writes",
    "The price of writing to the prompt cache.",
    why="Such writes cost nothing today, but may cost something after the move.",
    remedy="Use --cached simulate to compute it from your requests.",
)
DEARER = Rule(
    "dearer",
    "The same work costs more than today.",
    why="The move costs you more.",
    remedy="Compare the other successors and modes in the table, or lower the reasoning effort.",
)
REFUSED_PARAMETER = WarningRule(
    "refused-parameter",
    "The requests set a field that the model refuses.",
    why="The call fails as soon as the model changes.",
    remedy="Remove or replace the field as the finding says; gpt41 scan shows where it is in the code.",
)
DEPRECATED_PARAMETER = Rule(
    "deprecated-parameter",
    "The requests set a field that the model will refuse one day.",
    why="It works today and may fail one day.",
    remedy="Replace the field as the finding says when you next change the code.",
)
REFUSED_EFFORT = WarningRule(
    "refused-effort",
    "The requests ask for a reasoning effort that the model doesn't have.",
    why="The call fails with an error.",
    remedy="Set an effort that the model has.",
)
MISSING_ABILITY = WarningRule(
    "missing-ability",
    "The successor lacks an ability of the model you leave.",
    why="A feature that you use today won't work there.",
    remedy="Check whether your work needs it. If so, choose another successor.",
)
UNSTATED_ABILITY = WarningRule(
    "unstated-ability",
    "It isn't documented whether the successor has an ability of the model you leave.",
    why="It may not work there.",
    remedy="Try it with one request before you move.",
)
SMALLER_LIMIT = Rule(
    "smaller-limit",
    "A limit of the successor is smaller.",
    why="Requests near the limit fail there.",
    remedy="Check your largest requests against it.",
)
IMAGE_RULE = InexactWarning(
    "image-rule",
    "It isn't known how the model counts pictures.",
    why="Pictures may count more or less, and so may the price.",
    remedy="Send one picture and compare with the usage that the API reports.",
)
