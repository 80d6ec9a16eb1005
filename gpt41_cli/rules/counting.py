"""Rules of how requests are counted: what few recorded bills confirm, and what nobody outside OpenAI can count."""

from functools import partial

from gpt41_cli.rules.rule import Effect, Group, InexactWarning, Rule

_UncountedRule = partial(Rule, effect=Effect.AT_LEAST)
_InexactRule = partial(Rule, effect=Effect.INEXACT)


def _make_unconfirmed_rule(
    rule_id: str, sentence: str, what: str, remedy: str = "Nothing, or compare with the usage that the API reports."
) -> Rule:
    """Make the rule for a shape that too few bills confirm."""
    return _InexactRule(rule_id, sentence, why=f"Few recorded bills confirm {what}.", remedy=remedy)


MODEL = _InexactRule(
    "model",
    "The rules of counting aren't confirmed for the model.",
    why="The count follows the rules of the nearest known model, and may be off.",
    remedy="Compare with the usage that the API reports for one request.",
)
TEMPLATE = InexactWarning(
    "template",
    "A request has unfilled placeholders.",
    why="What is counted is the template, not the prompt that you send.",
    remedy="Fill in the placeholders, or count a recorded request.",
)
TOOLS_ALONE = _UncountedRule(
    "tools-alone",
    "Declared functions or structured outputs are sent without messages.",
    why="Without their messages, the rest of the request is missing from the count.",
    remedy="Count the whole request.",
)
UNLISTED_MODEL = _InexactRule(
    "unlisted-model",
    "The price table doesn't have the model.",
    why="The count follows the rules of gpt41's own family, and may be off.",
    remedy="Check the name. Compare with the usage that the API reports.",
)
UNKNOWN_FIELD = _InexactRule(
    "unknown-field",
    "A body has a field that OpenAI doesn't document.",
    why="It may add an unknown number of tokens.",
    remedy="Check the spelling. If OpenAI added the field lately, compare with the usage that the API reports.",
)
TRAINING = _InexactRule(
    "training",
    "It isn't confirmed how training counts the example.",
    why="An example that is sent as a request counts a little differently from what training bills for it.",
    remedy="Use gpt41 train for the price of training.",
)
CALLS = _InexactRule(
    "calls",
    "The server may add tokens of its own to a call.",
    why="The server adds a few tokens to calls that you send back in Responses.",
    remedy="Nothing. Expect the bill to be a few tokens higher.",
)
TEXT_BESIDE_CALLS = _make_unconfirmed_rule("text-beside-calls", "A message has both text and calls.", "how this counts")
NAME_ON_CALLS = _make_unconfirmed_rule("name-on-calls", "A message with calls has a name.", "how this counts")
PARALLEL_RESULTS = _make_unconfirmed_rule(
    "parallel-results",
    "The results of parallel calls have characters other than plain ASCII.",
    "how other characters count there",
)
RESULT_WITHOUT_CALL = _InexactRule(
    "result-without-call",
    "A result of a tool doesn't answer a call of the request.",
    why="The API may reject the request, and nobody knows how it counts.",
    remedy="Add the message with the call.",
)
TOOL_CHOICE = _make_unconfirmed_rule(
    "tool-choice", "It isn't confirmed how many tokens this choice of a tool adds.", "how this choice counts"
)
PARALLEL_TOOL_CALLS = _make_unconfirmed_rule(
    "parallel-tool-calls", "The request forbids parallel calls.", "what switching them off costs"
)
TOOLS_WITH_SCHEMA = _make_unconfirmed_rule(
    "tools-with-schema", "The request has both tools and a structured output.", "how both together count"
)
LEGACY_FUNCTIONS = _make_unconfirmed_rule(
    "legacy-functions",
    "Functions are declared with the old field functions, not as tools.",
    "how the old form counts",
    remedy="Declare them under tools.",
)
IMAGE_SIZE = _InexactRule(
    "image-size",
    "The size of a picture isn't known.",
    why="It counts as the largest, so the real price may be lower.",
    remedy="Give --image-size, or put the picture into the request.",
)
IMAGE_DETAIL = _make_unconfirmed_rule("image-detail", "A picture has a detail other than automatic.", "how other settings count")
IMAGE_IN_RESULT = _InexactRule(
    "image-in-result",
    "A result of a tool has a picture.",
    why="Such pictures have been seen to count less.",
    remedy="Nothing, or compare with the usage that the API reports.",
)
IMAGE_WITH_SCHEMA = _make_unconfirmed_rule(
    "image-with-schema", "The request has both pictures and a structured output.", "how both together count"
)
IMAGE_ANIMATED = InexactWarning(
    "image-animated",
    "A GIF or WebP is animated.",
    why="The API rejects it.",
    remedy="Send a single frame, as PNG or JPEG.",
)
IMAGE_PATCHES = _InexactRule(
    "image-patches",
    "The model doesn't always count pictures the same way.",
    why="Recorded bills of this model disagree.",
    remedy="Compare with the usage that the API reports.",
)
RECURSIVE_SCHEMA = _InexactRule(
    "recursive-schema",
    "A schema contains itself.",
    why="No recorded bill confirms how it counts.",
    remedy="Nothing, or write the nesting out to a fixed depth.",
)
SCHEMA_KEYWORD = _make_unconfirmed_rule(
    "schema-keyword",
    "A schema has a keyword that isn't confirmed.",
    "whether this keyword counts",
    remedy="Nothing, or remove it if the model doesn't need it.",
)
REFERENCE = _make_unconfirmed_rule(
    "reference",
    "A $ref points to something other than an object.",
    "how other references count",
    remedy="Nothing, or write the definition in place of the reference.",
)
OTHER_PROPERTIES = _make_unconfirmed_rule(
    "other-properties",
    "An object has additionalProperties.",
    "how they count",
    remedy="Nothing, or set additionalProperties to false.",
)
ROOT_DESCRIPTION = _make_unconfirmed_rule(
    "root-description",
    "The parameters have a description as a whole.",
    "how a description of all parameters counts",
    remedy="Nothing, or move it to the description of the function.",
)
ENUM = _make_unconfirmed_rule(
    "enum", "An enum lists values other than texts.", "how other values count", remedy="Nothing, or use texts."
)
BOUNDS = _make_unconfirmed_rule(
    "bounds", "A number has bounds.", "how they count", remedy="Nothing, or put them into the description."
)
FORMAT = _make_unconfirmed_rule(
    "format", "A schema of a declared function has a format.", "how it counts", remedy="Nothing, or put it into the description."
)
TYPE_LIST = _make_unconfirmed_rule(
    "type-list", "A type is a list of an unusual shape.", "how it counts", remedy="Nothing, or use anyOf."
)
UNTYPED = _make_unconfirmed_rule("untyped", "A schema has no type.", "how it counts", remedy="Give it a type.")
EMPTY_OBJECT = _make_unconfirmed_rule(
    "empty-object", "An object has no properties.", "how it counts", remedy="Nothing, or leave the object out."
)
ITEMS = _make_unconfirmed_rule("items", "The items of a list have a shape that isn't confirmed.", "how this list counts")
UNION = _make_unconfirmed_rule("union", "The variants of a union have a shape that isn't confirmed.", "how this union counts")
STORED_PROMPT = _UncountedRule(
    "stored-prompt",
    "The request refers to a prompt that is stored at OpenAI.",
    why="Nobody outside OpenAI can count what is stored, so the real count is higher.",
    remedy="Send the prompt with the request: OpenAI ends reusable prompts.",
)
STORED_STATE = _UncountedRule(
    "stored-state",
    "The request refers to something that is stored at OpenAI.",
    why="Nobody outside OpenAI can count what is stored, so the real count is higher.",
    remedy="Count the whole conversation, if you have it.",
)
ITEM = _UncountedRule(
    "item",
    "The input has items other than messages and calls.",
    why="Nobody outside OpenAI can count other items, so the real count is higher.",
    remedy="Compare with the usage that the API reports.",
)
AUDIO = _UncountedRule(
    "audio",
    "An answer is spoken.",
    why="Audio tokens can't be counted here, so the real count is higher.",
    remedy="Compare with the usage that the API reports.",
    groups=Group.AUDIO,
)
INPUT_AUDIO = _UncountedRule(
    "input-audio",
    "An input is spoken.",
    why="Audio tokens can't be counted here, so the real count is higher.",
    remedy="Compare with the usage that the API reports.",
    groups=Group.AUDIO,
)
ADDED_CONTENT = _UncountedRule(
    "added-content",
    "A field makes the provider add content to the prompt.",
    why="What the provider adds is billed and can't be counted here, so the real count is higher.",
    remedy="Compare with the usage that the API reports.",
)
FILE = _UncountedRule(
    "file",
    "The request has a file.",
    why="OpenAI turns a file into text and pictures in its own way, so the real count is higher.",
    remedy="Send its text instead, or compare with the usage that the API reports.",
)
INPUT_FILE = _UncountedRule(
    "input-file",
    "The request has an uploaded file.",
    why="OpenAI turns a file into text and pictures in its own way, so the real count is higher.",
    remedy="Send its text instead, or compare with the usage that the API reports.",
)
BUILT_IN_TOOL = _UncountedRule(
    "built-in-tool",
    "The request uses a built-in tool.",
    why="Such tools add instructions and results that can't be counted here, so the real count is higher.",
    remedy="Give --tools to price the calls, and compare with the usage that the API reports.",
)
