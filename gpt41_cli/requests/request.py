"""A request, in one form for Chat Completions and Responses: the records that readers make and everything else reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from gpt41_cli.files.fields import BadBody
from gpt41_cli.rules import Effect, Rule

CHAT_ENDPOINT = "/v1/chat/completions"
RESPONSES_ENDPOINT = "/v1/responses"
NO_ENDPOINT = ""
"""The endpoint of a text, which is billed for its tokens alone."""

ENDPOINTS = (CHAT_ENDPOINT, RESPONSES_ENDPOINT)
"""The endpoints whose requests can be counted, named as the Batch API names them in `url`."""

JsonSchema: TypeAlias = "Mapping[str, Any]"
"""A JSON Schema as it was sent, the order of its keys included."""


class Doubt(NamedTuple):
    """Why a count may differ from the bill: the rule, where in the request, and what isn't known.

    `effect` overrides the effect of the rule.
    """

    rule: Rule
    path: str
    message: str
    effect: Effect | None = None

    @property
    def has_missing_tokens(self) -> bool:
        """True if the count leaves tokens out, so it is a lower bound."""
        return (self.effect or self.rule.effect) is Effect.AT_LEAST


ANIMATED_PICTURE = "this picture is animated, which the API rejects: it is counted as a still one"

ORIGINAL_DETAIL = "original"
"""A detail of pictures that keeps them as large as they are; https://github.com/openai/openai-python 3.57.0 has it. No source
says what it costs.
"""


class Image(NamedTuple):
    """A picture: its size in pixels (None: not known), the `detail` asked for, and its place in the request.

    `address`, a URL or a file id, identifies it. It belongs to the turn number `turn`, from 0, and comes after `offset`
    characters of that turn's text. `is_animated`: it is a GIF or WebP that moves.
    """

    width: int | None
    height: int | None
    detail: str = "auto"
    path: str = ""
    is_in_result: bool = False
    address: str = ""
    turn: int = 0
    offset: int = 0
    is_animated: bool = False


class Message(NamedTuple):
    """One message: its text parts joined, and the `name` that its role may carry."""

    role: str
    text: str
    name: str | None = None


class FunctionCall(NamedTuple):
    """One function call of the model. `is_echo`: the item that the server made, sent back with its own id and status."""

    name: str
    arguments: str
    id: str | None = None
    is_echo: bool = False


class CallTurn(NamedTuple):
    """The function calls of one turn, the model's text and `name` with them, and the results in the order sent."""

    calls: Sequence[FunctionCall]
    results: Sequence[str]
    text: str = ""
    path: str = ""
    name: str | None = None


Turn: TypeAlias = "Message | CallTurn"


class FunctionDeclaration(NamedTuple):
    """A declared function; `path` is its place in the request."""

    name: str
    description: str
    parameters: JsonSchema
    path: str


class ResponseFormat(NamedTuple):
    """A structured output (`json_schema`): its name, description and schema."""

    name: str
    description: str
    schema: JsonSchema
    path: str


class Request(NamedTuple):
    """One request. A field is None if the request doesn't set it.

    `tool_choice` is a mode (auto, none, required); `forced_function` is the name of a function that is forced. `answer_count` is
    `n`, `predicted_text` the text of a predicted output. `needs` are the abilities that a model needs for it, by their names in
    the price table. `set_fields` are the names of all fields that the body sets. `refusals` are the reasons why OpenAI refuses
    it.
    """

    endpoint: str
    model: str | None
    turns: Sequence[Turn]
    functions: Sequence[FunctionDeclaration] = ()
    response_format: ResponseFormat | None = None
    tool_choice: str = "auto"
    forced_function: str | None = None
    allows_parallel_calls: bool = True
    has_instructions: bool = False
    images: Sequence[Image] = ()
    doubts: Sequence[Doubt] = ()
    max_output_tokens: int | None = None
    answer_count: int = 1
    service_tier: str | None = None
    predicted_text: str = ""
    prompt_cache_key: str = ""
    needs: frozenset[str] = frozenset()
    set_fields: frozenset[str] = frozenset()
    reasoning_effort: str | None = None
    refusals: Sequence[BadBody] = ()

    @property
    def is_text(self) -> bool:
        """True for a text, which has no messages around it."""
        return self.endpoint == NO_ENDPOINT

    @property
    def is_chat(self) -> bool:
        """True if it follows the rules of Chat Completions, False for Responses."""
        return self.endpoint == CHAT_ENDPOINT
