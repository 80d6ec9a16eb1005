"""Rules of training files."""

from gpt41_cli.rules.rule import Level, Rule

TRAINING_EXAMPLES = Rule(
    "training-examples",
    "There are enough examples to train on, and as many as OpenAI advises.",
    why="OpenAI rejects a job with too few examples, and few examples teach little.",
    remedy="Add good examples.",
    level=Level.ERROR,
)
TRAINING_ANSWER = Rule(
    "training-answer",
    "Each example has an answer of the assistant.",
    why="An example without an answer teaches nothing, and OpenAI may reject the file.",
    remedy="Add the answer, or remove the example.",
    level=Level.ERROR,
)
TRAINING_ORDER = Rule(
    "training-order",
    "An example has the system message first, and ends with an answer to a user.",
    why="Such an example is unusual, and may teach something you don't want.",
    remedy="Put the system message first, then user and assistant in turns, with an answer last.",
    level=Level.WARNING,
)
TRAINING_WEIGHT = Rule(
    "training-weight",
    "Only answers have a weight, 0 or 1, and not all of an example have 0.",
    why="OpenAI may reject the file.",
    remedy="Give weights to answers only, and at least one answer of an example the weight 1.",
    level=Level.ERROR,
)
TRAINING_KEYS = Rule(
    "training-keys",
    "An example has only keys that are documented.",
    why="OpenAI may reject the file, or ignore the key.",
    remedy="Remove the key, or correct its name.",
    level=Level.WARNING,
)
TRAINING_TOOLS = Rule(
    "training-tools",
    "Each call in an example is of a declared function and has its result.",
    why="OpenAI may reject the file.",
    remedy="Declare each function that is called, and add the result of each call.",
    level=Level.ERROR,
)
TRAINING_TOKENS = Rule(
    "training-tokens",
    "An example is no longer than what training uses of it.",
    why="What is longer is cut off: the model doesn't learn the end, which often is the answer.",
    remedy="Shorten the example, or split it.",
    level=Level.WARNING,
)
TRAINING_BYTES = Rule(
    "training-bytes",
    "A training file is no larger than OpenAI takes.",
    why="OpenAI may reject the file.",
    remedy="Write fewer or shorter examples, or upload them in parts.",
    level=Level.ERROR,
)
TRAINING_PICTURES = Rule(
    "training-pictures",
    "Only models that learn from pictures have examples with pictures.",
    why="OpenAI may reject or drop such examples.",
    remedy="Train a model that learns from pictures, or remove the examples.",
    level=Level.ERROR,
)
TRAINING_TWINS = Rule(
    "training-twins",
    "No example occurs twice in a file.",
    why="A repeated example costs the same again and teaches nothing new.",
    remedy="Remove the copies, unless they are meant to weigh more.",
)
TRAINING_CLOSED = Rule(
    "training-closed",
    "OpenAI takes training jobs.",
    why="OpenAI rejects the job, so you can't train.",
    remedy="Check whether your organization may still train. Otherwise choose a successor, and improve its prompt instead.",
    level=Level.ERROR,
)
