"""Rules of requests that OpenAI checks before it answers: it refuses what breaks them."""

from gpt41_cli.rules.rule import Level, Rule

TOOL_CALLS = Rule(
    "tool-calls",
    "Each call of a function has its result, and each result its call.",
    why="OpenAI refuses the request with status 400; in a batch, you learn that when the batch is done.",
    remedy="Put the results right after the message with the calls, one for each, or drop both.",
    level=Level.ERROR,
)
IMAGE_ROLE = Rule(
    "image-role",
    "Only messages of the user have pictures.",
    why="Models of this family refuse a picture in any other message with status 400. Newer models may take it and not see it.",
    remedy="Put the picture into a message of the user after it.",
    level=Level.WARNING,
)
EMPTY_CONTENT = Rule(
    "empty-content",
    "Each message has content.",
    why="OpenAI may refuse an empty message with status 400; which models do is not documented.",
    remedy="Leave the message out.",
    level=Level.WARNING,
)
TWO_MAXIMA = Rule(
    "two-maxima",
    "One field says how long an answer may be.",
    why="OpenAI refuses a request with max_tokens and max_completion_tokens with status 400.",
    remedy="Send max_completion_tokens alone.",
    level=Level.ERROR,
)
TWO_HISTORIES = Rule(
    "two-histories",
    "A request continues a conversation or an earlier response, not both.",
    why="OpenAI documents that previous_response_id can't be used together with conversation.",
    remedy="Send one of the two.",
    level=Level.ERROR,
)
PART_TYPE = Rule(
    "part-type",
    "The parts of a message have the types of their endpoint and role.",
    why="OpenAI refuses parts of the other endpoint, and questions in an assistant's message, with status 400.",
    remedy="Write the type that the finding states; in Responses, image_url is the address itself.",
    level=Level.ERROR,
)
MESSAGE_NAME = Rule(
    "message-name",
    "Names in messages have only letters, digits, underscores and dashes.",
    why=(
        "OpenAI refuses a name with a blank with status 400. Other characters are only a warning: they were refused in 2024, and "
        "no later refusal is known."
    ),
    remedy="Replace the other characters, for example with underscores.",
    level=Level.ERROR,
)
VALUE_RANGE = Rule(
    "value-range",
    "Each setting has a value in its range.",
    why="OpenAI refuses any other value with status 400.",
    remedy="Send a value in the range that the finding states.",
    level=Level.ERROR,
)
LIST_LENGTH = Rule(
    "list-length",
    "A request has up to 4 stop sequences; tools, functions and tool_calls aren't empty, and there are up to 128 tools.",
    why="OpenAI refuses any other list of Chat Completions with status 400.",
    remedy="Leave an empty list out, and shorten a long one.",
    level=Level.ERROR,
)
TOOL_SETTINGS = Rule(
    "tool-settings",
    "A request with tool_choice or parallel_tool_calls declares tools, and the function that it chooses.",
    why="OpenAI refuses a choice among tools that aren't there with status 400; without any tools, in Chat Completions alone.",
    remedy="Declare the tool, or leave the field out if there are no tools.",
    level=Level.ERROR,
)
LOGPROBS = Rule(
    "logprobs",
    "A request with top_logprobs sets logprobs to true.",
    why="Chat Completions demands it.",
    remedy='Set "logprobs": true, or leave top_logprobs out.',
    level=Level.ERROR,
)
SERVICE_TIER = Rule(
    "service-tier",
    "OpenAI has the service tier that a request asks for.",
    why="OpenAI documents no other value, and what it would cost isn't known.",
    remedy="Send one that the finding lists, or leave service_tier out.",
    level=Level.ERROR,
)
METADATA = Rule(
    "metadata",
    "Metadata has up to 16 pairs of texts, with keys of up to 64 and values of up to 512 characters.",
    why="OpenAI refuses any other with status 400.",
    remedy="Write numbers as text, and shorten what is too long.",
    level=Level.ERROR,
)
STORED_METADATA = Rule(
    "stored-metadata",
    "A request of Chat Completions with metadata sets store to true.",
    why="OpenAI refuses metadata without it with status 400.",
    remedy='Set "store": true, or leave metadata out.',
    level=Level.ERROR,
)
FUNCTION_NAME = Rule(
    "function-name",
    "Names of functions and schemas have up to 64 letters, digits, underscores and dashes; functions of Responses up to 128.",
    why=(
        "OpenAI refuses other characters, and more than 128, with status 400. Names of 65 to 128 are only a warning: OpenAI was "
        "seen to take them, though its documentation says 64."
    ),
    remedy="Rename the function, in the declaration and in the calls.",
    level=Level.ERROR,
)
JSON_WORD = Rule(
    "json-word",
    "A request with json_object says JSON in its messages or its input.",
    why=(
        "OpenAI refuses it with status 400 otherwise, as the model might write blanks without an end. The field instructions of "
        "Responses doesn't count."
    ),
    remedy="Ask for JSON in a message, or use json_schema.",
    level=Level.ERROR,
)
STRICT_SCHEMA = Rule(
    "strict-schema",
    "A strict schema closes every object, requires all properties and combines schemas with anyOf alone.",
    why="OpenAI refuses any other schema with status 400: all requests with it fail.",
    remedy=(
        'Set "additionalProperties": false and list all properties in required in every object, and write anyOf for oneOf; or '
        "set strict to false."
    ),
    level=Level.ERROR,
)
