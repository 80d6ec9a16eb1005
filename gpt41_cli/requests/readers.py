"""Which kind of request a JSON object is, and how each kind is read. A new input is one reader and its line in READERS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from gpt41_cli.files.fields import BadBody, Json, Object, as_object, choice_at, name_at, object_at
from gpt41_cli.requests import chat, responses
from gpt41_cli.requests.examples import Flaw, flaws
from gpt41_cli.requests.request import CHAT, ENDPOINTS, Doubt, Request


class Sent(NamedTuple):
    """A request as it was found in an input. `custom_id` and `is_batch`: it is a line for the Batch API, which names a `method`
    (None: it does not) and may ask for its answer as a stream. `bytes` are those of its line, less the line break. `flaws` are
    those of an example for fine-tuning.
    """

    request: Request
    custom_id: str | None = None
    is_batch: bool = False
    is_training: bool = False
    method: str | None = None
    is_streamed: bool = False
    bytes: int = 0
    flaws: Sequence[Flaw] = ()


def _read_chat(value: Object) -> Sent:
    return Sent(chat.read(value, ""))


def _read_responses(value: Object) -> Sent:
    return Sent(responses.read(value, ""))


def _read_training(value: Object) -> Sent:
    """An example for fine-tuning: counted as the request that it shows, which is not quite what training bills."""
    if "preferred_output" in value:
        raise BadBody("expected messages, found a preference, for which nothing says what training bills")
    request = chat.read(value, "")
    doubt = Doubt("training", "messages", "no recordings confirm what training bills for an example")
    return Sent(request._replace(doubts=[*request.doubts, doubt]), is_training=True, flaws=flaws(value))


def _read_batch(value: Object) -> Sent:
    """A line for the Batch API: `url` says by which endpoint's rules the body is read."""
    if recognise(value) in ("chat", "responses"):
        raise BadBody("expected custom_id, method, url and body, as the Batch API takes them, found the body of a request alone")
    custom_id = name_at(value, "custom_id", "")
    read = chat.read if choice_at(value, "url", "", ENDPOINTS) == CHAT else responses.read
    body, method = object_at(value, "body", ""), value.get("method")
    return Sent(
        read(body, "body"),
        custom_id,
        is_batch=True,
        method=method if isinstance(method, str) else None,
        is_streamed=body.get("stream") is True,
    )


READERS: Mapping[str, Callable[[Object], Sent]] = {
    "batch": _read_batch,
    "chat": _read_chat,
    "responses": _read_responses,
    "fine-tuning": _read_training,
}

KINDS = ("text", "image", *READERS)
"""What an input can be said to be."""

_STATE = ("input", "instructions", "prompt", "previous_response_id", "conversation")


def recognise(value: Json) -> str | None:
    """The kind of request that `value` is, a name in READERS, by the keys that only that kind has; None where it is none.

    A model beside messages makes a Chat Completions body, messages alone an example for fine-tuning, a model beside an
    input a Responses body.
    """
    if not isinstance(value, dict):
        return None
    if "custom_id" in value or ("body" in value and "url" in value):
        return "batch"
    messages = value.get("messages")
    if "messages" in value and ("model" in value or _is_list_of_objects(messages)):
        return "chat" if "model" in value else "fine-tuning"
    return "responses" if "model" in value and any(name in value for name in _STATE) else None


def _is_list_of_objects(value: Json) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def read(value: Json, kind: str | None = None) -> Sent:
    """The request that `value` is, read as `kind` or as what it is recognised as. BadBody where it is none."""
    found = as_object(value, "the request")
    kind = kind or recognise(found)
    if kind is None:
        raise BadBody("expected messages, or a model and an input, or a custom_id and a body, found none of them")
    return READERS[kind](found)
