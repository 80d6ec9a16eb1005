"""The kinds of requests and their readers. A new kind of input is one reader and its line in READERS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.files.fields import BadBody, JsonObject, JsonValue, get_choice, get_name, get_object, require_object
from gpt41_cli.findings import Finding, Place
from gpt41_cli.requests import chat, responses
from gpt41_cli.requests.examples import find_flaws
from gpt41_cli.requests.request import CHAT_ENDPOINT, ENDPOINTS, Doubt, Request


class ParsedRequest(NamedTuple):
    """A request as found at a `place` of an input, with its `custom_id`.

    If `is_batch`, it is a line for the Batch API, which has a `method` (None: it names none) and may ask for a stream.
    `line_bytes` is the length of its line without the line break. `flaws` are those of an example for fine-tuning.
    """

    request: Request
    custom_id: str | None = None
    is_batch: bool = False
    is_training_example: bool = False
    method: str | None = None
    is_streamed: bool = False
    line_bytes: int = 0
    flaws: Sequence[Finding] = ()
    place: Place = Place("")


def _read_chat(value: JsonObject) -> ParsedRequest:
    return ParsedRequest(chat.read_chat_request(value, ""))


def _read_responses(value: JsonObject) -> ParsedRequest:
    return ParsedRequest(responses.read_responses_request(value, ""))


def _read_training(value: JsonObject) -> ParsedRequest:
    """Read an example for fine-tuning. It counts as the request that it shows, which isn't quite what training bills."""
    if "preferred_output" in value:
        raise BadBody(expected="messages", found="a preference, for which nothing says what training bills")
    request = chat.read_chat_request(value, "")
    doubt = Doubt(rules.TRAINING, "messages", "training bills 2 tokens less for an example than for the request that it shows")
    return ParsedRequest(request._replace(doubts=[*request.doubts, doubt]), is_training_example=True, flaws=find_flaws(value))


def _read_batch(value: JsonObject) -> ParsedRequest:
    """Read a line for the Batch API. Its `url` says which endpoint's rules the body follows."""
    if recognise_kind(value) in ("chat", "responses"):
        raise BadBody(
            expected="custom_id, method, url and body, as the Batch API takes them", found="the body of a request alone"
        )
    custom_id = get_name(value, "custom_id", "")
    read = (
        chat.read_chat_request if get_choice(value, "url", "", ENDPOINTS) == CHAT_ENDPOINT else responses.read_responses_request
    )
    body, method = get_object(value, "body", ""), value.get("method")
    return ParsedRequest(
        read(body, "body"),
        custom_id,
        is_batch=True,
        method=method if isinstance(method, str) else None,
        is_streamed=body.get("stream") is True,
    )


READERS: Mapping[str, Callable[[JsonObject], ParsedRequest]] = {
    "batch": _read_batch,
    "chat": _read_chat,
    "responses": _read_responses,
    "fine-tuning": _read_training,
}

INPUT_KINDS = ("text", "image", *READERS)
"""What an input can be said to be."""

_RESPONSES_KEYS = ("input", "instructions", "prompt", "previous_response_id", "conversation")


def recognise_kind(value: JsonValue) -> str | None:
    """Return the kind of request, a name in READERS, by the keys that only that kind has; None if `value` isn't a request.

    Messages with a model are a Chat Completions body, messages alone an example for fine-tuning, a model with an input a
    Responses body.
    """
    if not isinstance(value, dict):
        return None
    if "custom_id" in value or ("body" in value and "url" in value):
        return "batch"
    messages = value.get("messages")
    if "messages" in value and ("model" in value or _is_list_of_objects(messages)):
        return "chat" if "model" in value else "fine-tuning"
    return "responses" if "model" in value and any(name in value for name in _RESPONSES_KEYS) else None


def _is_list_of_objects(value: JsonValue) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def read_request(value: JsonValue, kind: str | None = None) -> ParsedRequest:
    """Read `value` as `kind`, or as the kind that it is recognised as. Raises BadBody if it isn't a request."""
    found = require_object(value, "the request")
    kind = kind or recognise_kind(found)
    if kind is None:
        raise BadBody(expected="messages, or a model and an input, or a custom_id and a body", found="none of them")
    return READERS[kind](found)
