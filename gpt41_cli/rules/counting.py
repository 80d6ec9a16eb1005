"""Rules of how requests are counted: what few recorded bills confirm, and what nobody outside OpenAI can count."""

from gpt41_cli.rules.rule import Effect, Group, Level, Rule

MODEL = Rule(
    "model",
    "The rules of counting aren't confirmed for the model.",
    why="The count follows the rules of the nearest known model, and may be off.",
    remedy="Compare with the usage that the API reports for one request.",
    effect=Effect.INEXACT,
)
TEMPLATE = Rule(
    "template",
    "A request has unfilled placeholders.",
    why="What is counted is the template, not the prompt that you send.",
    remedy="Fill in the placeholders, or count a recorded request.",
    level=Level.WARNING,
    effect=Effect.INEXACT,
)
TOOLS_ALONE = Rule(
    "tools-alone",
    "Declared functions or structured outputs are sent without messages.",
    why="Without their messages, the rest of the request is missing from the count.",
    remedy="Count the whole request.",
    effect=Effect.AT_LEAST,
)
UNLISTED_MODEL = Rule(
    "unlisted-model",
    "The price table doesn't have the model.",
    why="The count follows the rules of gpt41's own family, and may be off.",
    remedy="Check the name. Compare with the usage that the API reports.",
    effect=Effect.INEXACT,
)
UNKNOWN_FIELD = Rule(
    "unknown-field",
    "A body has a field that OpenAI doesn't name.",
    why="It may add tokens that nobody knows of.",
    remedy="Check the spelling. If OpenAI added the field lately, compare with the usage that the API reports.",
    effect=Effect.INEXACT,
)
TRAINING = Rule(
    "training",
    "It isn't confirmed how training counts the example.",
    why="An example that is sent as a request counts a little differently from what training bills for it.",
    remedy="Use gpt41 train for the price of training.",
    effect=Effect.INEXACT,
)
CALLS = Rule(
    "calls",
    "The server may add tokens of its own to a call.",
    why="The server adds a few tokens to calls that you send back in Responses.",
    remedy="Nothing. Expect the bill to be a few tokens higher.",
    effect=Effect.INEXACT,
)
TEXT_BESIDE_CALLS = Rule(
    "text-beside-calls",
    "A message has both text and calls.",
    why="Few recorded bills confirm how this counts.",
    remedy="Nothing, or compare with the usage that the API reports.",
    effect=Effect.INEXACT,
)
NAME_ON_CALLS = Rule(
    "name-on-calls",
    "A message with calls has a name.",
    why="Few recorded bills confirm how this counts.",
    remedy="Nothing, or compare with the usage that the API reports.",
    effect=Effect.INEXACT,
)
PARALLEL_RESULTS = Rule(
    "parallel-results",
    "The results of parallel calls have other characters than plain ASCII.",
    why="Few recorded bills confirm how other characters count there.",
    remedy="Nothing, or compare with the usage that the API reports.",
    effect=Effect.INEXACT,
)
RESULT_WITHOUT_CALL = Rule(
    "result-without-call",
    "A result of a tool doesn't answer a call of the request.",
    why="The API may reject the request, and nobody knows how it counts.",
    remedy="Add the message with the call.",
    effect=Effect.INEXACT,
)
TOOL_CHOICE = Rule(
    "tool-choice",
    "It isn't confirmed what the way to choose a tool adds.",
    why="Few recorded bills confirm how this choice counts.",
    remedy="Nothing, or compare with the usage that the API reports.",
    effect=Effect.INEXACT,
)
PARALLEL_TOOL_CALLS = Rule(
    "parallel-tool-calls",
    "The request forbids parallel calls.",
    why="Few recorded bills confirm what switching them off costs.",
    remedy="Nothing, or compare with the usage that the API reports.",
    effect=Effect.INEXACT,
)
TOOLS_WITH_SCHEMA = Rule(
    "tools-with-schema",
    "The request has both tools and a structured output.",
    why="Few recorded bills confirm how both together count.",
    remedy="Nothing, or compare with the usage that the API reports.",
    effect=Effect.INEXACT,
)
LEGACY_FUNCTIONS = Rule(
    "legacy-functions",
    "Functions are declared with the old field functions, not as tools.",
    why="Few recorded bills confirm how the old form counts.",
    remedy="Declare them under tools.",
    effect=Effect.INEXACT,
)
IMAGE_SIZE = Rule(
    "image-size",
    "The size of a picture isn't known.",
    why="It counts as the largest, so the real price may be lower.",
    remedy="Give --image-size, or put the picture into the request.",
    effect=Effect.INEXACT,
)
IMAGE_DETAIL = Rule(
    "image-detail",
    "A picture has another detail than automatic.",
    why="Few recorded bills confirm how other settings count.",
    remedy="Nothing, or compare with the usage that the API reports.",
    effect=Effect.INEXACT,
)
IMAGE_IN_RESULT = Rule(
    "image-in-result",
    "A result of a tool has a picture.",
    why="Such pictures have been seen to count less.",
    remedy="Nothing, or compare with the usage that the API reports.",
    effect=Effect.INEXACT,
)
IMAGE_WITH_SCHEMA = Rule(
    "image-with-schema",
    "The request has both pictures and a structured output.",
    why="Few recorded bills confirm how both together count.",
    remedy="Nothing, or compare with the usage that the API reports.",
    effect=Effect.INEXACT,
)
IMAGE_ANIMATED = Rule(
    "image-animated",
    "A GIF or WebP is animated.",
    why="The API rejects it.",
    remedy="Send a single frame, as PNG or JPEG.",
    level=Level.WARNING,
    effect=Effect.INEXACT,
)
IMAGE_PATCHES = Rule(
    "image-patches",
    "The model doesn't always count pictures the same way.",
    why="Recorded bills of this model disagree.",
    remedy="Compare with the usage that the API reports.",
    effect=Effect.INEXACT,
)
RECURSIVE_SCHEMA = Rule(
    "recursive-schema",
    "A schema contains itself.",
    why="No recorded bill confirms how it counts.",
    remedy="Nothing, or write the nesting out to a fixed depth.",
    effect=Effect.INEXACT,
)
SCHEMA_KEYWORD = Rule(
    "schema-keyword",
    "A schema has a keyword that isn't confirmed.",
    why="Few recorded bills confirm whether this keyword counts.",
    remedy="Nothing, or remove it if the model doesn't need it.",
    effect=Effect.INEXACT,
)
REFERENCE = Rule(
    "reference",
    "A $ref leads to something else than an object.",
    why="Few recorded bills confirm how other references count.",
    remedy="Nothing, or write the definition in place of the reference.",
    effect=Effect.INEXACT,
)
OTHER_PROPERTIES = Rule(
    "other-properties",
    "An object has additionalProperties.",
    why="Few recorded bills confirm how they count.",
    remedy="Nothing, or set additionalProperties to false.",
    effect=Effect.INEXACT,
)
ROOT_DESCRIPTION = Rule(
    "root-description",
    "The parameters have a description as a whole.",
    why="Few recorded bills confirm how a description of all parameters counts.",
    remedy="Nothing, or move it to the description of the function.",
    effect=Effect.INEXACT,
)
ENUM = Rule(
    "enum",
    "An enum lists something else than texts.",
    why="Few recorded bills confirm how other values count.",
    remedy="Nothing, or use texts.",
    effect=Effect.INEXACT,
)
BOUNDS = Rule(
    "bounds",
    "A number has bounds.",
    why="Few recorded bills confirm how they count.",
    remedy="Nothing, or say them in the description.",
    effect=Effect.INEXACT,
)
FORMAT = Rule(
    "format",
    "A schema of a declared function has a format.",
    why="Few recorded bills confirm how it counts.",
    remedy="Nothing, or say it in the description.",
    effect=Effect.INEXACT,
)
TYPE_LIST = Rule(
    "type-list",
    "A type is a list of an unusual shape.",
    why="Few recorded bills confirm how it counts.",
    remedy="Nothing, or use anyOf.",
    effect=Effect.INEXACT,
)
UNTYPED = Rule(
    "untyped",
    "A schema has no type.",
    why="Few recorded bills confirm how it counts.",
    remedy="Give it a type.",
    effect=Effect.INEXACT,
)
EMPTY_OBJECT = Rule(
    "empty-object",
    "An object has no properties.",
    why="Few recorded bills confirm how it counts.",
    remedy="Nothing, or leave the object out.",
    effect=Effect.INEXACT,
)
ITEMS = Rule(
    "items",
    "The items of a list have a shape that isn't confirmed.",
    why="Few recorded bills confirm how this list counts.",
    remedy="Nothing, or compare with the usage that the API reports.",
    effect=Effect.INEXACT,
)
UNION = Rule(
    "union",
    "The variants of a union have a shape that isn't confirmed.",
    why="Few recorded bills confirm how this union counts.",
    remedy="Nothing, or compare with the usage that the API reports.",
    effect=Effect.INEXACT,
)
STORED_PROMPT = Rule(
    "stored-prompt",
    "The request refers to a prompt that is stored at OpenAI.",
    why="Nobody outside OpenAI can count what is stored, so the real count is higher.",
    remedy="Send the prompt with the request: OpenAI ends reusable prompts.",
    effect=Effect.AT_LEAST,
)
STORED_STATE = Rule(
    "stored-state",
    "The request refers to something that is stored at OpenAI.",
    why="Nobody outside OpenAI can count what is stored, so the real count is higher.",
    remedy="Count the whole conversation, if you have it.",
    effect=Effect.AT_LEAST,
)
ITEM = Rule(
    "item",
    "The input has something else than messages and calls.",
    why="Nobody outside OpenAI can count other items, so the real count is higher.",
    remedy="Compare with the usage that the API reports.",
    effect=Effect.AT_LEAST,
)
AUDIO = Rule(
    "audio",
    "An answer is spoken.",
    why="Audio tokens can't be counted here, so the real count is higher.",
    remedy="Compare with the usage that the API reports.",
    effect=Effect.AT_LEAST,
    groups=Group.AUDIO,
)
INPUT_AUDIO = Rule(
    "input-audio",
    "An input is spoken.",
    why="Audio tokens can't be counted here, so the real count is higher.",
    remedy="Compare with the usage that the API reports.",
    effect=Effect.AT_LEAST,
    groups=Group.AUDIO,
)
ADDED_CONTENT = Rule(
    "added-content",
    "A field makes the provider add content to the prompt.",
    why="What the provider adds is billed and can't be counted here, so the real count is higher.",
    remedy="Compare with the usage that the API reports.",
    effect=Effect.AT_LEAST,
)
FILE = Rule(
    "file",
    "The request has a file.",
    why="OpenAI turns a file into text and pictures in its own way, so the real count is higher.",
    remedy="Send its text instead, or compare with the usage that the API reports.",
    effect=Effect.AT_LEAST,
)
INPUT_FILE = Rule(
    "input-file",
    "The request has an uploaded file.",
    why="OpenAI turns a file into text and pictures in its own way, so the real count is higher.",
    remedy="Send its text instead, or compare with the usage that the API reports.",
    effect=Effect.AT_LEAST,
)
BUILT_IN_TOOL = Rule(
    "built-in-tool",
    "The request uses a built-in tool.",
    why="Such tools add instructions and results that can't be counted here, so the real count is higher.",
    remedy="Give --tools to price the calls, and compare with the usage that the API reports.",
    effect=Effect.AT_LEAST,
)
