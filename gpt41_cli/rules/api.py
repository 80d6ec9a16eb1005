"""Rules of requests that OpenAI checks before it answers: it refuses requests that break them."""

from gpt41_cli.rules.rule import ErrorRule, WarningRule

TOOL_CALLS = ErrorRule(
    "tool-calls",
    "A function call has no result, or a result has no call.",
    why="OpenAI refuses the request with status 400; in a batch, you learn that when the batch is done.",
    remedy="Put the results right after the message with the calls, one for each, or drop both.",
)
IMAGE_ROLE = WarningRule(
    "image-role",
    "A message that isn't the user's has a picture.",
    why="Models of this family refuse a picture in any other message with status 400. Newer models may take it and not see it.",
    remedy="Put the picture into a message of the user after it.",
)
EMPTY_CONTENT = WarningRule(
    "empty-content",
    "A message has no content.",
    why="OpenAI may refuse an empty message with status 400; which models do is not documented.",
    remedy="Leave the message out.",
)
TWO_MAXIMA = ErrorRule(
    "two-maxima",
    "Two fields say how long an answer may be.",
    why="OpenAI refuses a request with max_tokens and max_completion_tokens with status 400.",
    remedy="Send max_completion_tokens alone.",
)
TWO_HISTORIES = ErrorRule(
    "two-histories",
    "A request continues both a conversation and an earlier response.",
    why="OpenAI documents that previous_response_id can't be used together with conversation.",
    remedy="Send one of the two.",
)
PART_TYPE = ErrorRule(
    "part-type",
    "A part of a message has a type that its endpoint or role doesn't accept.",
    why="OpenAI refuses parts of the other endpoint, and questions in an assistant's message, with status 400.",
    remedy="Write the type that the finding states; in Responses, image_url is the address itself.",
)
MESSAGE_NAME = ErrorRule(
    "message-name",
    "A name in a message has characters other than letters, digits, underscores and dashes.",
    why=(
        "OpenAI refuses a name with a blank with status 400. Other characters are only a warning: they were refused in 2024, and "
        "no later refusal is known."
    ),
    remedy="Replace the other characters, for example with underscores.",
)
VALUE_RANGE = ErrorRule(
    "value-range",
    "A setting has a value outside of its range.",
    why="OpenAI refuses a value outside of it with status 400.",
    remedy="Send a value in the range that the finding states.",
)
LIST_LENGTH = ErrorRule(
    "list-length",
    "A request has more than 4 stop sequences or 128 tools, or an empty list of tools, functions or tool_calls.",
    why="OpenAI refuses such a list in Chat Completions with status 400.",
    remedy="Leave an empty list out, and shorten a long one.",
)
TOOL_SETTINGS = ErrorRule(
    "tool-settings",
    "A request with tool_choice or parallel_tool_calls declares no tools.",
    why="OpenAI refuses a choice among tools that aren't there with status 400; without any tools, in Chat Completions alone.",
    remedy="Declare the tool, or leave the field out if there are no tools.",
)
LOGPROBS = ErrorRule(
    "logprobs",
    "A request has top_logprobs, but doesn't set logprobs to true.",
    why="OpenAI refuses top_logprobs without it, in Chat Completions.",
    remedy='Set "logprobs": true, or leave top_logprobs out.',
)
SERVICE_TIER = ErrorRule(
    "service-tier",
    "A request asks for a service tier that OpenAI doesn't have.",
    why="OpenAI documents no other value, and what it would cost isn't known.",
    remedy="Send one that the finding lists, or leave service_tier out.",
)
METADATA = ErrorRule(
    "metadata",
    "Metadata has more than 16 entries, a key of over 64 or a value of over 512 characters, or a value that isn't text.",
    why="OpenAI refuses such metadata with status 400.",
    remedy="Write numbers as text, and shorten what is too long.",
)
STORED_METADATA = ErrorRule(
    "stored-metadata",
    "A request of Chat Completions has metadata, but doesn't set store to true.",
    why="OpenAI refuses metadata without it with status 400.",
    remedy='Set "store": true, or leave metadata out.',
)
FUNCTION_NAME = ErrorRule(
    "function-name",
    "The name of a function or schema is too long, or has characters other than letters, digits, underscores and dashes.",
    why=(
        "OpenAI refuses other characters, and more than 128, with status 400. Names of 65 to 128 are only a warning: OpenAI was "
        "seen to take them, though its documentation says 64."
    ),
    remedy="Rename the function, in the declaration and in the calls.",
)
JSON_WORD = ErrorRule(
    "json-word",
    "A request with json_object doesn't say JSON in its messages or its input.",
    why=(
        "OpenAI refuses it with status 400, because the model might write blanks endlessly. The field instructions of "
        "Responses doesn't count."
    ),
    remedy="Ask for JSON in a message, or use json_schema.",
)
STRICT_SCHEMA = ErrorRule(
    "strict-schema",
    "A strict schema leaves an object open or a property optional, or combines schemas with something other than anyOf.",
    why="OpenAI refuses any other schema with status 400: all requests with it fail.",
    remedy=(
        'Set "additionalProperties": false and list all properties in required in every object, and write anyOf for oneOf; or '
        "set strict to false."
    ),
)
