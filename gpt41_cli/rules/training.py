"""Rules of training files."""

from gpt41_cli.rules.rule import ErrorRule, Rule, WarningRule

TRAINING_EXAMPLES = ErrorRule(
    "training-examples",
    "There are too few examples to train on, or fewer than OpenAI advises.",
    why="OpenAI rejects a job with too few examples, and few examples teach little.",
    remedy="Add good examples.",
)
TRAINING_ANSWER = ErrorRule(
    "training-answer",
    "An example has no assistant answer.",
    why="An example without an answer teaches nothing, and OpenAI may reject the file.",
    remedy="Add the answer, or remove the example.",
)
TRAINING_ORDER = WarningRule(
    "training-order",
    "The system message of an example isn't first, or the example doesn't end with an answer to a user.",
    why="Such an example is unusual, and may teach something you don't want.",
    remedy="Put the system message first, then user and assistant in turns, with an answer last.",
)
TRAINING_WEIGHT = ErrorRule(
    "training-weight",
    "Something other than an answer has a weight, a weight isn't 0 or 1, or all answers of an example have 0.",
    why="OpenAI may reject the file.",
    remedy="Give weights to answers only, and at least one answer of an example the weight 1.",
)
TRAINING_KEYS = WarningRule(
    "training-keys",
    "An example has a key that isn't documented.",
    why="OpenAI may reject the file, or ignore the key.",
    remedy="Remove the key, or correct its name.",
)
TRAINING_TOOLS = ErrorRule(
    "training-tools",
    "An example calls a function that isn't declared, or a call has no result.",
    why="OpenAI may reject the file.",
    remedy="Declare each function that is called, and add the result of each call.",
)
TRAINING_TOKENS = WarningRule(
    "training-tokens",
    "An example is longer than training uses.",
    why="The rest is cut off: the model doesn't learn the end, which is often the answer.",
    remedy="Shorten the example, or split it.",
)
TRAINING_BYTES = ErrorRule(
    "training-bytes",
    "A training file is larger than OpenAI accepts.",
    why="OpenAI may reject the file.",
    remedy="Write fewer or shorter examples, or upload them in parts.",
)
TRAINING_PICTURES = ErrorRule(
    "training-pictures",
    "Examples have pictures, but the model doesn't learn from pictures.",
    why="OpenAI may reject or drop such examples.",
    remedy="Train a model that learns from pictures, or remove the examples.",
)
TRAINING_TWINS = Rule(
    "training-twins",
    "An example occurs twice in a file.",
    why="A repeated example costs the same again and teaches nothing new.",
    remedy="Remove the copies, unless they are meant to have more weight.",
)
TRAINING_CLOSED = ErrorRule(
    "training-closed",
    "OpenAI no longer accepts training jobs, or soon won't.",
    why="OpenAI rejects the job, so you can't train.",
    remedy="Check whether your organization may still train. Otherwise choose a successor, and improve its prompt instead.",
)
