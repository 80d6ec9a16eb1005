"""What is sent, in one form for Chat Completions and Responses: the records that readers make and everything else reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
ENDPOINTS = (CHAT, RESPONSES)
"""The endpoints whose requests can be counted, named as the Batch API names them in `url`."""

Schema: TypeAlias = "Mapping[str, Any]"
"""A JSON Schema as it was sent, the order of its keys included."""


class Doubt(NamedTuple):
    """Why a count may not be what is billed: a stable rule id, where in the request, and what is not known.

    `is_missing`: there are tokens that the count leaves out, so that it is a lower bound.
    """

    rule: str
    path: str
    message: str
    is_missing: bool = False


class Image(NamedTuple):
    """A picture: its size in pixels (None: not known), the `detail` asked for, and where in the request it stands.

    `address` is its URL or its file id, which tells it from others. It comes in the turn number `turn`, from 0, after so many
    characters of its text, `offset`.
    """

    width: int | None
    height: int | None
    detail: str = "auto"
    path: str = ""
    in_result: bool = False
    address: str = ""
    turn: int = 0
    offset: int = 0


class Message(NamedTuple):
    """One message: its text parts joined, and the `name` that its role may carry."""

    role: str
    text: str
    name: str | None = None


class Call(NamedTuple):
    """One function call of the model. `is_echo`: the item the server made, sent back with its own id and status."""

    name: str
    arguments: str
    id: str | None = None
    is_echo: bool = False


class CallTurn(NamedTuple):
    """Function calls that the model made in one turn, what it said beside them, and the results, in the order sent."""

    calls: Sequence[Call]
    results: Sequence[str]
    text: str = ""
    path: str = ""


Turn: TypeAlias = "Message | CallTurn"


class Function(NamedTuple):
    """A declared function; `path` says where in the request."""

    name: str
    description: str
    parameters: Schema
    path: str


class ResponseFormat(NamedTuple):
    """A structured output (`json_schema`): its name, its description and its schema."""

    name: str
    description: str
    schema: Schema
    path: str


class Request(NamedTuple):
    """One request. None in `model`, `max_output_tokens`, `service_tier` is: not said.

    `tool_choice` is a mode (auto, none, required), `chosen_function` the name where one function is forced.
    `answers` is how many are asked for (`n`); `prediction` the text of a predicted output. `cache_key` is its
    `prompt_cache_key`. `needs` are the abilities that a model must have to take it, named as the price table names them.
    `parameters` are the names of all fields of the body that are set, `effort` is the reasoning effort that it asks for.
    `refusals` say what of it OpenAI refuses, each from its path on.
    """

    endpoint: str
    model: str | None
    turns: Sequence[Turn]
    functions: Sequence[Function] = ()
    response_format: ResponseFormat | None = None
    tool_choice: str = "auto"
    chosen_function: str | None = None
    allows_parallel_calls: bool = True
    has_instructions: bool = False
    images: Sequence[Image] = ()
    doubts: Sequence[Doubt] = ()
    max_output_tokens: int | None = None
    answers: int = 1
    service_tier: str | None = None
    prediction: str = ""
    cache_key: str = ""
    needs: frozenset[str] = frozenset()
    parameters: frozenset[str] = frozenset()
    effort: str | None = None
    refusals: Sequence[str] = ()

    @property
    def is_chat(self) -> bool:
        """Whether the rules of Chat Completions hold; those of Responses otherwise."""
        return self.endpoint == CHAT
