"""Rules of Batch files."""

from gpt41_cli.rules.rule import ErrorRule, GapWarning, Group, WarningRule

BATCH_EMPTY = ErrorRule(
    "batch-empty",
    "A Batch file has no requests.",
    why="The Batch API rejects an empty file.",
    remedy="Check what writes the file.",
)
BATCH_MARK = WarningRule(
    "batch-mark",
    "A Batch file begins with a byte order mark.",
    why=(
        "JSON must not begin with one (RFC 8259, section 8.1), so the Batch API may reject the file. Whether it does isn't "
        "documented."
    ),
    remedy="Save the file as UTF-8 without a byte order mark, or write parts with gpt41 batch --split.",
    groups=Group.FIXED_BY_SPLIT,
)
BATCH_BLANK_LINES = WarningRule(
    "batch-blank-lines",
    "A Batch file has blank lines, which OpenAI doesn't document as allowed.",
    why="The Batch API may reject the file.",
    remedy="Remove the blank lines, or write parts with gpt41 batch --split.",
    groups=Group.FIXED_BY_SPLIT,
)
BATCH_CUSTOM_ID = ErrorRule(
    "batch-custom-id",
    "A request in a Batch file has no custom_id, or has that of another request.",
    why=(
        "The answers come in any order, and custom_id is the only way to match them. The Batch API rejects a "
        "second request with the same one."
    ),
    remedy="Give each line a different custom_id.",
)
BATCH_MODELS = ErrorRule(
    "batch-models",
    "The requests in a Batch file name several models.",
    why="The Batch API rejects a file with a second model.",
    remedy="Write one file per model; gpt41 batch --split does.",
    groups=Group.FIXED_BY_SPLIT,
)
BATCH_ENDPOINTS = ErrorRule(
    "batch-endpoints",
    "The requests in a Batch file go to several endpoints.",
    why="A batch is made for one endpoint, so the Batch API rejects a second url.",
    remedy="Write one file per endpoint; gpt41 batch --split does.",
    groups=Group.FIXED_BY_SPLIT,
)
BATCH_METHOD = ErrorRule(
    "batch-method",
    "A request in a Batch file has a method other than POST.",
    why="The Batch API takes only POST.",
    remedy='Set "method": "POST" on each line.',
)
BATCH_STREAM = ErrorRule(
    "batch-stream",
    "A request in a Batch file asks for a stream.",
    why="A batch answers with a file, so it can't stream.",
    remedy="Remove stream from the body, or set it to false.",
)
BATCH_BACKGROUND = WarningRule(
    "batch-background",
    "A request in a Batch file asks to run in the background.",
    why="A batch always runs in the background. The guide doesn't say that it takes the field, so the request may be refused.",
    remedy='Remove "background" from the body.',
)
BATCH_URL = ErrorRule(
    "batch-url",
    "A request in a Batch file goes to an endpoint that the platform doesn't have, or whose requests can't be counted.",
    why=(
        "OpenAI takes /v1/chat/completions, Azure also /chat/completions. Requests to other endpoints can't be counted here, so "
        "they have no price; the Batch API may still take them."
    ),
    remedy="Check the url and --platform. Other endpoints, such as embeddings, have no price here.",
)
BATCH_REQUESTS = ErrorRule(
    "batch-requests",
    "A Batch file has more requests than the Batch API accepts.",
    why="The Batch API rejects a longer file.",
    remedy="Write several files; gpt41 batch --split does.",
    groups=Group.FIXED_BY_SPLIT,
)
BATCH_BYTES = ErrorRule(
    "batch-bytes",
    "A Batch file is larger than the Batch API accepts.",
    why="The Batch API rejects a larger file.",
    remedy="Write several files; gpt41 batch --split does.",
    groups=Group.FIXED_BY_SPLIT,
)
BATCH_LINE_BYTES = ErrorRule(
    "batch-line-bytes",
    "A line in a Batch file is larger than a whole file may be.",
    why="No file can hold this request, so a batch can't answer it.",
    remedy="Make the request smaller, or send it in standard. Pictures can be addresses instead of data.",
)
BATCH_QUEUE = ErrorRule(
    "batch-queue",
    "A Batch file doesn't fit into the queue of its model.",
    why="The Batch API rejects a file whose tokens don't fit into the queue of your usage tier.",
    remedy="Write parts for your tier with gpt41 batch --split DIR --usage-tier N, and send one after the other.",
    groups=Group.FIXED_BY_SPLIT,
)
BATCH_QUEUE_REQUEST = ErrorRule(
    "batch-queue-request",
    "A single request in a Batch file doesn't fit into the queue of its model.",
    why="Your usage tier can never queue this request.",
    remedy="Shorten it, send it in standard, or move to a higher usage tier.",
)
UNKNOWN_MODEL = GapWarning(
    "unknown-model",
    "A request names a model that the price table doesn't have.",
    why='Without a price the answer is only "at least".',
    remedy=(
        "Correct the name, say which model a deployment is (--model NAME=MODEL, or models: in gpt41.yaml), or add the model to a "
        "price table of your own (--pricing)."
    ),
)
