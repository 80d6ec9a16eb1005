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
VALUE_RANGE = Rule(
    "value-range",
    "Each setting has a value in its range.",
    why="OpenAI refuses any other value with status 400.",
    remedy="Send a value in the range that the finding states.",
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
