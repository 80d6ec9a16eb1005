"""Every rule, once: its id, what it demands or says, how much it weighs, and what it does to an answer.

A finding, a doubt or a reason is made with one of these constants, and code asks the rule itself: nothing compares ids.
A new rule is one entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, Flag, IntEnum, auto
from functools import cache
from typing import Final


class Level(IntEnum):
    """How much a finding weighs; an `error` makes the run exit with 1."""

    NOTICE = 1
    WARNING = 2
    ERROR = 3

    @property
    def label(self) -> str:
        """The lower-case name, as reports print it."""
        return self.name.lower()


class Effect(Enum):
    """What a broken rule does to the answer; whether it fails a check is a matter of its level."""

    NONE = "the answer stands"
    AT_LEAST = "something is left out of the answer, so that it is a lower bound"
    INEXACT = "the answer may be more or less"


class Group(Flag):
    """What some rules have in common, for code that treats them alike."""

    NONE = 0
    RECOMPUTED = auto()
    """Depends on the day and on the price table alone: `report` finds it anew and drops what a saved report says."""
    DATE_DEPENDENT = auto()
    """Was found with the prices and models of its day: it says nothing about another day."""
    TRADE_OFF = auto()
    """A wish that a candidate misses, but for which it could still be taken."""
    UNAVAILABLE = auto()
    """Nobody can use the model on that day."""
    FIXED_BY_SPLIT = auto()
    """The parts into which `batch --split` divides a file keep it, however the file breaks it."""
    AUDIO = auto()
    """About what is spoken."""


class Rule:
    """A rule: a stable id, and one sentence, which is the demand if a finding says that it is broken.

    `level` is how much a finding weighs if its maker does not say otherwise. `key` is the key of gpt41.yaml that a workload
    breaks it by; None: it breaks it by its largest request.
    """

    __slots__ = ("effect", "groups", "id", "key", "level", "sentence")

    def __init__(
        self,
        rule_id: str,
        sentence: str,
        level: Level = Level.NOTICE,
        effect: Effect = Effect.NONE,
        groups: Group = Group.NONE,
        key: str | None = "model",
    ) -> None:
        self.id: Final = rule_id
        self.sentence: Final = sentence
        self.level: Final = level
        self.effect: Final = effect
        self.groups: Final = groups
        self.key: Final = key

    def __repr__(self) -> str:
        return f"Rule({self.id!r})"

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the id alone, so that a rule is the same object in every process."""
        return get_rule, (self.id,)


_ERROR, _WARNING = Level.ERROR, Level.WARNING
_AT_LEAST, _INEXACT = Effect.AT_LEAST, Effect.INEXACT

# one request
CONTEXT_WINDOW = Rule(
    "context-window", "Input and output of a request fit into the context window of the model.", _ERROR, key=None
)
MAX_INPUT_TOKENS = Rule("max-input-tokens", "The input of a request is not more than the model takes.", _ERROR, key=None)
MAX_OUTPUT_TOKENS = Rule(
    "max-output-tokens", "The answer to a request is not longer than the model gives.", _ERROR, key="output_tokens"
)
PRIORITY_LONG_CONTEXT = Rule(
    "priority-long-context", "Priority processing takes no request with a long context.", _ERROR, key=None
)
MAX_TOKENS = Rule("max-tokens", "No input has more tokens than the command allows.", _ERROR)
TOOL_WINDOW = Rule("tool-window", "A tool takes only so much of the context window.", _ERROR, key="require.needs")
INVALID_REQUEST = Rule("invalid-request", "What is read is a request that can be counted.", _WARNING, _AT_LEAST)
NOT_TEXT = Rule("not-text", "What is read is text.", _WARNING, _AT_LEAST)
LEFT_OUT = Rule("left-out", "Files of a folder that are not read are named.")
UNREADABLE = Rule("unreadable", "Every file and folder of a folder can be read.", _ERROR, _AT_LEAST)

UNCOUNTED_TOKENS = Rule("uncounted-tokens", "All tokens of the requests can be counted.", _WARNING, _AT_LEAST)
OUTPUT_MISSING = Rule("output-missing", "It is stated how long answers are.", _WARNING, _AT_LEAST)

# a Batch file
BATCH_EMPTY = Rule("batch-empty", "A Batch file has at least one request.", _ERROR)
BATCH_MARK = Rule("batch-mark", "A Batch file begins with JSON, not with a byte order mark.", _ERROR, groups=Group.FIXED_BY_SPLIT)
BATCH_BLANK_LINES = Rule(
    "batch-blank-lines", "That blank lines are accepted in a Batch file is not documented.", _WARNING, groups=Group.FIXED_BY_SPLIT
)
BATCH_CUSTOM_ID = Rule("batch-custom-id", "Each request of a Batch file has a custom_id of its own.", _ERROR)
BATCH_MODELS = Rule("batch-models", "All requests of a Batch file name the same model.", _ERROR, groups=Group.FIXED_BY_SPLIT)
BATCH_ENDPOINTS = Rule(
    "batch-endpoints", "All requests of a Batch file go to the same endpoint.", _ERROR, groups=Group.FIXED_BY_SPLIT
)
BATCH_METHOD = Rule("batch-method", "Each request of a Batch file is posted.", _ERROR)
BATCH_STREAM = Rule("batch-stream", "No request of a Batch file asks for a stream.", _ERROR)
BATCH_URL = Rule("batch-url", "Each request of a Batch file goes to an endpoint whose requests can be counted.", _ERROR)
BATCH_REQUESTS = Rule(
    "batch-requests", "A Batch file has no more requests than the Batch API takes.", _ERROR, groups=Group.FIXED_BY_SPLIT
)
BATCH_BYTES = Rule("batch-bytes", "A Batch file is not larger than the Batch API takes.", _ERROR, groups=Group.FIXED_BY_SPLIT)
BATCH_LINE_BYTES = Rule("batch-line-bytes", "No line of a Batch file is larger than a whole file may be.", _ERROR)
BATCH_QUEUE = Rule("batch-queue", "A Batch file finds room in the queue of its model.", _ERROR, groups=Group.FIXED_BY_SPLIT)
BATCH_QUEUE_REQUEST = Rule("batch-queue-request", "Each request of a Batch file finds room in the queue of its model.", _ERROR)
UNKNOWN_MODEL = Rule("unknown-model", "The price table has the model that a request names.", _WARNING, _AT_LEAST)

# what the API reported
USAGE_MISSING = Rule("usage-missing", "What a log holds reports the tokens that were billed.", _WARNING, _AT_LEAST)
ANSWER_FAILED = Rule("answer-failed", "A request was answered.")
ANSWER_TWICE = Rule("answer-twice", "An answer is in the logs once.")
NOT_A_CALL = Rule("not-a-call", "A run in a log is a call of a model, not what makes such calls.", _WARNING)
CACHE_HIT = Rule("cache-hit", "An answer came from the API, not from a cache of one's own.")
FILE_TWICE = Rule("file-twice", "A file of logs is read once.", _WARNING)
SUM_BESIDE_ANSWERS = Rule("sum-beside-answers", "Answers are in the logs one by one, or as a sum of several.", _WARNING, _INEXACT)
SUM_BESIDE_SUMS = Rule("sum-beside-sums", "Sums of the answers of a model and day are in one file.", _WARNING, _INEXACT)
TOTAL_ROW = Rule("total-row", "A row of a CSV is an answer or a sum of several, not the total of other rows.")
TOTAL_UNCLEAR = Rule("total-unclear", "Whether a row of a CSV is the total of those before it can be told.", _WARNING)
MODE_UNCLEAR = Rule("mode-unclear", "An answer is in the logs in one mode.", _WARNING, _INEXACT)
MODEL_MISSING = Rule("model-missing", "An answer names the model that gave it.", _WARNING, _AT_LEAST)
BATCH_TWICE = Rule("batch-twice", "A batch is counted once, by its lines or as a whole.")
BATCH_UNCLEAR = Rule(
    "batch-unclear", "Whether the lines of a batch are in the logs beside its sum can be told.", _WARNING, _INEXACT
)
ANSWER_UNCLEAR = Rule(
    "answer-unclear", "What an answer says of its tokens, its day and its model fits together.", _WARNING, _INEXACT
)
TOOL_PRICE = Rule("tool-price", "What the built-in tools of an answer cost is known.", _WARNING, _AT_LEAST)
SEARCH_TOKENS = Rule(
    "search-tokens", "Whether a reported usage holds the tokens that a web search finds is known.", _WARNING, _INEXACT
)
WRITE_PRICE = Rule("write-price", "The price of writing to the prompt cache is known.", _WARNING, _INEXACT)
SUM_OF_LONG = Rule("sum-of-long", "Whether a request was so long that it costs more can be told.", _WARNING, _INEXACT)
COLUMNS_IGNORED = Rule("columns-ignored", "Every column of a CSV says something of what was billed.", effect=_INEXACT)

# a training file
TRAINING_EXAMPLES = Rule("training-examples", "There are as many examples as training takes, and as is advised.", _ERROR)
TRAINING_ANSWER = Rule("training-answer", "Each example has an answer of the assistant.", _ERROR)
TRAINING_ORDER = Rule("training-order", "An example ends with an answer, to a user, behind any system message.", _WARNING)
TRAINING_WEIGHT = Rule("training-weight", "Only answers have a weight, 0 or 1, and not all of an example have 0.", _ERROR)
TRAINING_KEYS = Rule("training-keys", "An example has only keys that are documented.", _WARNING)
TRAINING_TOOLS = Rule("training-tools", "The calls of an example are of declared functions, and each has its result.", _ERROR)
TRAINING_TOKENS = Rule("training-tokens", "An example is not longer than what is learned of one.", _WARNING)
TRAINING_BYTES = Rule("training-bytes", "A training file is not larger than the platform takes.", _ERROR)
TRAINING_PICTURES = Rule("training-pictures", "Examples have pictures only where the model learns from them.", _ERROR)
TRAINING_TWINS = Rule("training-twins", "No example of a file is there twice.")
TRAINING_CLOSED = Rule("training-closed", "The platform takes training jobs.", _ERROR)

# the prompt cache
CACHE_BREAK = Rule("cache-break", "Requests that begin alike are read from the prompt cache as far as they do.")
CACHE_KEY = Rule("cache-key", "Requests that begin alike share a prompt cache key.")
CACHE_MINIMUM = Rule("cache-minimum", "A prompt is long enough to be cached.")

# the table and the life of a model
MISSING_PRICE = Rule("missing-price", "The price table has a price for what is asked.", _WARNING, _AT_LEAST)
PRICE_TABLE_STALE = Rule("price-table-stale", "The price table was checked not long ago.", _WARNING, groups=Group.RECOMPUTED)
MODEL_SHUT_DOWN = Rule("model-shut-down", "The model still runs.", _WARNING, groups=Group.RECOMPUTED | Group.UNAVAILABLE)
MODEL_RETIRES = Rule("model-retires", "The model has no announced end.", _WARNING, groups=Group.RECOMPUTED)
NOT_RELEASED = Rule("not-released", "The model has been released.", _ERROR, groups=Group.UNAVAILABLE)
UNTIL = Rule("until", "The model runs until the day that is asked for.", _ERROR, key="require.until")
ENDS_BEFORE_DONE = Rule("ends-before-done", "The model runs until the work is done.", _WARNING, groups=Group.DATE_DEPENDENT)

# the way out of a model
REPLACEMENT = Rule("replacement", "A provider names what takes the place of the model.")
REPLACEMENT_UNKNOWN = Rule("replacement-unknown", "The price table has what is named in place of the model.", _WARNING)
DATES = Rule("dates", "When the model ends at each provider.")
GUIDANCE = Rule("guidance", "What the makers of a model tell those who move to it.")
REASONING_BREAK_EVEN = Rule(
    "reasoning-break-even", "How many reasoning tokens a request may add before it costs more than today."
)
BATCH_AND_CACHE = Rule("batch-and-cache", "Batch keeps the discount of the prompt cache.")
CACHE_WRITES = Rule("cache-writes", "What writing to the prompt cache costs.")
DEARER = Rule("dearer", "The same work costs no more than today.")
REFUSED_PARAMETER = Rule("refused-parameter", "The model takes every field that the requests set.", _WARNING)
DEPRECATED_PARAMETER = Rule("deprecated-parameter", "The model will go on taking every field that the requests set.")
REFUSED_EFFORT = Rule("refused-effort", "The model has the reasoning effort that the requests ask for.", _WARNING)
MISSING_ABILITY = Rule("missing-ability", "The model has every ability of the one that is left.", _WARNING)
UNSTATED_ABILITY = Rule("unstated-ability", "It is stated that the model has every ability of the one that is left.", _WARNING)
SMALLER_LIMIT = Rule("smaller-limit", "The model takes and gives as much as the one that is left.")
IMAGE_RULE = Rule("image-rule", "It is known how the model counts pictures.", _WARNING, _INEXACT)

# the work in time
DEADLINE = Rule("deadline", "The work is done by the deadline.", _ERROR, key="require.deadline")
USAGE_TIER = Rule("usage-tier", "The usage tier lets each request through.", _ERROR, key="usage_tier")
MONTHLY_LIMIT = Rule("monthly-limit", "The work costs no more than the usage tier may spend in a month.", _WARNING)
PACE = Rule("pace", "How long the work takes in the usage tier.", _WARNING, key="usage_tier")
NO_LIMITS = Rule("no-limits", "The rate limits of the model are known.", _WARNING)
BINDS = Rule("binds", "The limit that decides how long the work takes.")
SPREAD = Rule("spread", "How to send the requests so that no limit turns one away.")
NEXT_TIER = Rule("next-tier", "The smallest usage tier that would do.")
NO_TIER = Rule("no-tier", "No usage tier would do.")

# the choice of a variant and mode
NOTHING_FITS = Rule("nothing-fits", "A variant in some mode meets every wish.", _ERROR)
SCORE = Rule("score", "How well the choice does at the task.")
NO_SCORE = Rule("no-score", "A score for the task is known of the variant.", _WARNING, key="require.task")
MIN_SCORE = Rule("min-score", "The variant reaches the score that is asked for.", _ERROR, groups=Group.TRADE_OFF)
TOLERANCE = Rule(
    "tolerance", "The score of the variant is near enough to the best.", _ERROR, groups=Group.TRADE_OFF, key="require.task"
)
NEEDS = Rule("needs", "The variant has the features and tools that are asked for.", _ERROR, key="require.needs")
MAX_USD = Rule("max-usd", "The work costs no more than is allowed.", _ERROR, groups=Group.TRADE_OFF)
PRICE = Rule("price", "Why the choice is the cheapest.")
QUALITY = Rule("quality", "Why the choice is the best.")
SPEED = Rule("speed", "Why the choice is the fastest.")
RUNNER_UP = Rule("runner-up", "Another variant fits too.")
STANDARD_SAVING = Rule("standard-saving", "Standard would cost less, but is kept out.")
BATCH_SAVING = Rule("batch-saving", "Batch would cost less, but is kept out.")
FLEX_SAVING = Rule("flex-saving", "Flex would cost less, but is kept out.")
PRIORITY_SAVING = Rule("priority-saving", "Priority would cost less, but is kept out.")
NO_CACHE_DISCOUNT = Rule("no-cache-discount", "The mode gives cached tokens no discount.")
BASE_PRICE = Rule("base-price", "A fine-tune is priced otherwise than the model that it is made of.")
GENERATION = Rule("generation", "A model counts the same requests as the one before it does.")
RECORDED_REASONING = Rule("recorded-reasoning", "How much recorded answers of the model reasoned.")
REASONING = Rule("reasoning", "The model bills reasoning tokens as output.")
WOULD_HAVE_TO_GIVE = Rule("would-have-to-give", "What keeps the nearest candidate out.")

# the workloads of gpt41.yaml
UNTIL_PAST = Rule("until-past", "The day until which the workload must run is still ahead.")
BUDGET_PER_REQUEST = Rule("budget-per-request", "A mean request of the workload costs no more than its budget allows.", _ERROR)
BUDGET_MONTHLY = Rule("budget-monthly", "The workload costs no more in a month than its budget allows.", _ERROR)
BUDGET_TOTAL = Rule("budget-total", "All workloads together cost no more in a month than the budget allows.", _ERROR)
BUDGET_INPUT_TOKENS = Rule(
    "budget-input-tokens", "Each request of the workload has no more input tokens than its budget allows.", _ERROR
)
BUDGET_GROWTH = Rule("budget-growth", "The workload has not become dearer by more than its budget allows.", _ERROR)
CHEAPER_VARIANT = Rule(
    "cheaper-variant", "No other variant or mode meets the same requirements for less.", groups=Group.DATE_DEPENDENT
)
QUALIFYING_VARIANT = Rule(
    "qualifying-variant",
    "A variant that meets the requirements, where the one that is used does not.",
    groups=Group.DATE_DEPENDENT,
)
ANSWERS_CUT = Rule("answers-cut", "No answer ended because it was as long as it was allowed to be.", _WARNING)
NOT_LEARNED = Rule("not-learned", "It is known of which workload an answer is, and how long it is.", _WARNING)

# what was predicted
OTHER_MODEL = Rule("other-model", "The model that a request asks for is the one that answers it.", _WARNING)
DRIFT = Rule("drift", "The bill is not further from what was predicted than is tolerated.", _ERROR)
CUSTOM_ID_TWICE = Rule("custom-id-twice", "A custom_id stands for one request and one answer.")
CUSTOM_ID_UNKNOWN = Rule("custom-id-unknown", "Each request has an answer, and each answer a request.")
CUSTOM_ID_MISSING = Rule("custom-id-missing", "Requests and answers that are to be compared have a custom_id.")
NOT_COMPARED = Rule("not-compared", "What was predicted was billed, and what was billed was predicted.", _WARNING)
BASE_WITHOUT_CONFIG = Rule("base-without-config", "What is compared with has a gpt41.yaml.")

# what few recorded bills confirm of how a request is counted
MODEL = Rule("model", "The rules of counting are confirmed for the model.", effect=_INEXACT)
TEMPLATE = Rule("template", "A request has no placeholders that are still to be filled in.", _WARNING, _INEXACT)
TOOLS_ALONE = Rule("tools-alone", "Declared functions are sent with messages.", effect=_AT_LEAST)
UNLISTED_MODEL = Rule("unlisted-model", "The price table has the model.", effect=_INEXACT)
UNKNOWN_FIELD = Rule("unknown-field", "A body has only fields that OpenAI names.", effect=_INEXACT)
TRAINING = Rule("training", "It is confirmed what training bills for an example.", effect=_INEXACT)
CALLS = Rule("calls", "The server keeps no tokens of its own of a call.", effect=_INEXACT)
TEXT_BESIDE_CALLS = Rule("text-beside-calls", "A message has text or calls, not both.", effect=_INEXACT)
NAME_ON_CALLS = Rule("name-on-calls", "No message with calls has a name.", effect=_INEXACT)
PARALLEL_RESULTS = Rule("parallel-results", "The results of parallel calls are plain ASCII.", effect=_INEXACT)
RESULT_WITHOUT_CALL = Rule("result-without-call", "Each result of a tool answers a call of the request.", effect=_INEXACT)
TOOL_CHOICE = Rule("tool-choice", "How the request chooses a tool is confirmed.", effect=_INEXACT)
PARALLEL_TOOL_CALLS = Rule("parallel-tool-calls", "The request allows parallel calls.", effect=_INEXACT)
TOOLS_WITH_SCHEMA = Rule("tools-with-schema", "The request has tools or a structured output, not both.", effect=_INEXACT)
LEGACY_FUNCTIONS = Rule("legacy-functions", "Functions are declared as tools.", effect=_INEXACT)
IMAGE_SIZE = Rule("image-size", "The size of each picture is known.", effect=_INEXACT)
IMAGE_DETAIL = Rule("image-detail", "Each picture has automatic detail.", effect=_INEXACT)
IMAGE_IN_RESULT = Rule("image-in-result", "No result of a tool has a picture.", effect=_INEXACT)
IMAGE_WITH_SCHEMA = Rule("image-with-schema", "The request has pictures or a structured output, not both.", effect=_INEXACT)
IMAGE_ANIMATED = Rule("image-animated", "The API takes no GIF or WebP that moves.", _WARNING, _INEXACT)
IMAGE_PATCHES = Rule("image-patches", "The pictures of the model always count the same.", effect=_INEXACT)
RECURSIVE_SCHEMA = Rule("recursive-schema", "No schema contains itself.", effect=_INEXACT)
SCHEMA_KEYWORD = Rule("schema-keyword", "Schemas have only keywords that are confirmed.", effect=_INEXACT)
REFERENCE = Rule("reference", "A $ref leads to an object.", effect=_INEXACT)
OTHER_PROPERTIES = Rule("other-properties", "Objects have no additionalProperties.", effect=_INEXACT)
ROOT_DESCRIPTION = Rule("root-description", "Parameters are described one by one.", effect=_INEXACT)
ENUM = Rule("enum", "An enum lists texts.", effect=_INEXACT)
BOUNDS = Rule("bounds", "No number has bounds.", effect=_INEXACT)
FORMAT = Rule("format", "No schema of a declared function has a format.", effect=_INEXACT)
TYPE_LIST = Rule("type-list", "No type is a list of an unusual shape.", effect=_INEXACT)
UNTYPED = Rule("untyped", "Each schema has a type.", effect=_INEXACT)
EMPTY_OBJECT = Rule("empty-object", "Each object has properties.", effect=_INEXACT)
ITEMS = Rule("items", "A list has items of a confirmed shape.", effect=_INEXACT)
UNION = Rule("union", "A union has variants of a confirmed shape.", effect=_INEXACT)

# what has tokens that nobody outside can count
STORED_STATE = Rule("stored-state", "The request has all of its input, and none that is stored at OpenAI.", effect=_AT_LEAST)
ITEM = Rule("item", "The input has messages and calls, and no other items.", effect=_AT_LEAST)
AUDIO = Rule("audio", "Answers are not spoken.", effect=_AT_LEAST, groups=Group.AUDIO)
INPUT_AUDIO = Rule("input-audio", "No input is spoken.", effect=_AT_LEAST, groups=Group.AUDIO)
ADDED_CONTENT = Rule("added-content", "No field makes the provider add content to the prompt.", effect=_AT_LEAST)
FILE = Rule("file", "No content is a file.", effect=_AT_LEAST)
INPUT_FILE = Rule("input-file", "No content is a file that was sent.", effect=_AT_LEAST)
BUILT_IN_TOOL = Rule("built-in-tool", "The request uses no built-in tool.", effect=_AT_LEAST)

LARGEST_PICTURES = "Pictures of unknown size count as the largest: --image-size says how large they are."
"""The note on what IMAGE_SIZE does."""

SAVINGS = {"standard": STANDARD_SAVING, "batch": BATCH_SAVING, "flex": FLEX_SAVING, "priority": PRIORITY_SAVING}
"""By mode: that it would cost less."""

RULES: Mapping[str, Rule] = {rule.id: rule for rule in [*globals().values()] if isinstance(rule, Rule)}
"""By id."""


@cache
def get_rule(rule_id: str) -> Rule:
    """The rule with that id; one that is in no table, as a saved report of another version may name it."""
    return RULES.get(rule_id) or Rule(rule_id, "A rule of another version of gpt41.")
