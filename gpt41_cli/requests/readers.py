"""The kinds of requests and their readers. A new kind of input is one reader and its line in READERS."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.files import fields
from gpt41_cli.files.documents import parse_json
from gpt41_cli.files.fields import BadBody, JsonObject, JsonValue
from gpt41_cli.findings import Finding, Place
from gpt41_cli.requests import chat, kinds, responses
from gpt41_cli.requests.api_rules.find import find_broken_rules
from gpt41_cli.requests.content import RequestDraft
from gpt41_cli.requests.examples import find_flaws
from gpt41_cli.requests.forms import openai_api
from gpt41_cli.requests.placeholders import find_template_doubts
from gpt41_cli.requests.plain_values import convert_to_plain
from gpt41_cli.requests.request import CHAT_ENDPOINT, ENDPOINTS, NO_ENDPOINT, Doubt, Image, Message, Request
from gpt41_cli.requests.settings import read_response_format, read_tools
from gpt41_cli.requests.unknown_fields import doubt_unknown_fields

_ENDPOINT_URL = re.compile(
    r"(?:https://[^/]+)?(?:/openai)?(?:/deployments/[^/]+)?(?:/v1)?/(chat/completions|responses)/?(?:\?.*)?"
)
"""The url of an endpoint as OpenAI and Azure write it. Which of them a platform takes is a rule of `batch`."""


class ParsedRequest(NamedTuple):
    """A request as found at a `place` of an input, with its `custom_id`.

    If `is_batch`, it is a line for the Batch API, which has a `url`, a `method` (None: it names none) and may ask for a stream
    or to run in the background.
    `line_bytes` is the length of its line without the line break. `flaws` are the rules of the API that it breaks, or
    those of examples for fine-tuning. `preferred` is
    the request of a preference with its preferred output as the answer.
    """

    request: Request
    custom_id: str | None = None
    is_batch: bool = False
    is_training_example: bool = False
    url: str = ""
    method: str | None = None
    is_streamed: bool = False
    is_background: bool = False
    line_bytes: int = 0
    flaws: Sequence[Finding] = ()
    preferred: Request | None = None
    place: Place = Place("")


@dataclass(eq=False)
class Frame:
    """What requests that differ only in texts have in common: `sent` is one of them with a mark in place of each text, of its
    `turns`, and of its id. The id is number `id_position` of these; None if all have the same or none.
    """

    sent: ParsedRequest
    turns: Sequence[int]
    id_position: int | None

    @property
    def marks(self) -> list[str]:
        """The marks in place of the texts."""
        return [self.sent.request.turns[turn].text for turn in self.turns]


class FramedLine(NamedTuple):
    """A line as its frame, its id and its texts."""

    frame: Frame
    custom_id: str | None
    texts: Sequence[str]
    place: Place
    line_bytes: int

    def with_marks(self) -> ParsedRequest:
        """Return the request of the line with marks in place of its texts."""
        return self.frame.sent._replace(custom_id=self.custom_id, place=self.place, line_bytes=self.line_bytes)

    def read(self) -> ParsedRequest:
        """Return the request of the line, equal to what reading all of it returns."""
        sent = self.with_marks()
        turns = list(sent.request.turns)
        for turn, text in zip(self.frame.turns, self.texts, strict=True):
            turns[turn] = turns[turn]._replace(text=text)
        return sent._replace(request=sent.request._replace(turns=turns))


def _merge_extra_body(value: JsonObject) -> JsonObject:
    """Return the body that the SDK sends: the fields of its argument `extra_body` are fields of the body."""
    extra = value.get("extra_body")
    return {key: field for key, field in value.items() if key != "extra_body"} | extra if isinstance(extra, dict) else value


def _parse(body: JsonObject, path: str, *, is_chat: bool) -> ParsedRequest:
    """Read the body at `path`, its fields that OpenAI doesn't name, and the rules of the API that it breaks."""
    read = chat.read_chat_request if is_chat else responses.read_responses_request
    return ParsedRequest(doubt_unknown_fields(read(body, path), path), flaws=find_broken_rules(body, path, is_chat=is_chat))


def _read_chat(value: JsonValue, path: str = "") -> ParsedRequest:
    """Read a body, or a list of messages, which is the body of a request without a model."""
    if isinstance(value, list):
        value = {"messages": value}
    body = _merge_extra_body(fields.require_object(value, "the request"))
    return _parse(body, path, is_chat=True)


def _read_responses(value: JsonValue, path: str = "") -> ParsedRequest:
    body = _merge_extra_body(fields.require_object(value, "the request"))
    if "embedding" in str(body.get("model")):
        found = "one for embeddings, which bill the text alone: --as text counts it"
        raise BadBody(fields.join_path(path, "model"), "a model that answers", found)
    return _parse(body, path, is_chat=False)


def _read_wrapped(value: JsonValue) -> ParsedRequest:
    """Read the request inside a record of a log."""
    wrapped = openai_api.find_wrapped_request(value)
    if wrapped is None:
        raise BadBody(expected="a record with one request in it", found="none, or several")
    path, body = wrapped
    parsed = _read_chat(body, path) if "messages" in body else _read_responses(body, path)
    custom_id = value.get("custom_id") if isinstance(value, dict) else None
    return parsed._replace(custom_id=custom_id or None) if isinstance(custom_id, str) else parsed


def _read_tools(value: JsonValue) -> ParsedRequest:
    """Read declared functions alone, which are a part of a request. Tools of an MCP server are declared as functions."""
    listed = openai_api.list_tools(value)
    if listed is None:
        raise BadBody(expected="a list of tools or functions", found="another value")
    path, tools = listed
    part = RequestDraft()
    functions = read_tools({"tools": [_nest_function(tool) for tool in tools]}, path, part, nested=True)
    message = "these are declared functions alone: the messages sent with them are not counted"
    part.doubts.append(Doubt(rules.TOOLS_ALONE, path or "tools", message))
    return ParsedRequest(Request(CHAT_ENDPOINT, None, (), functions, doubts=part.doubts, needs=frozenset(part.needs)))


def _read_format(value: JsonValue) -> ParsedRequest:
    """Read a structured output alone, which is a part of a request."""
    part = RequestDraft()
    held = {"response_format": openai_api.find_response_format(value)}
    declared = read_response_format(held, "response_format", "", part, nested=True)
    message = "this is a structured output alone: the messages sent with it are not counted"
    doubts = [*part.doubts, Doubt(rules.TOOLS_ALONE, "response_format", message)]
    return ParsedRequest(Request(CHAT_ENDPOINT, None, (), response_format=declared, doubts=doubts, needs=frozenset(part.needs)))


def _nest_function(tool: JsonValue) -> JsonValue:
    """Return a tool as Chat Completions declares it."""
    if not isinstance(tool, dict) or "function" in tool or tool.get("type", "function") != "function":
        return tool
    schema = next((tool[key] for key in openai_api.SCHEMA_KEYS if tool.get(key) is not None), None)
    return {"type": "function", "function": {**tool, "parameters": schema}}


def _read_training(value: JsonValue) -> ParsedRequest:
    """Read an example for fine-tuning. It counts as the request that it shows, which isn't quite what training bills."""
    value = fields.require_object(value, "the request")
    if "messages" not in value and (kind := kinds.find_kind(value)) and not kind.reader:
        raise BadBody(expected="messages", found=kind.name, hint=kind.advice)
    request = doubt_unknown_fields(chat.read_chat_request(value, ""), "")
    doubt = Doubt(rules.TRAINING, "messages", "training bills 2 tokens less for an example than for the request that it shows")
    return ParsedRequest(request._replace(doubts=[*request.doubts, doubt]), is_training_example=True, flaws=find_flaws(value))


def _read_training_line(value: JsonValue) -> ParsedRequest:
    """Read an example, or a preference in OpenAI's form, whose tokens `train` reports."""
    if not isinstance(value, dict) or "preferred_output" not in value:
        return _read_training(value)
    body = fields.get_object(value, "input", "")
    answered = {
        **body,
        "messages": [*fields.get_list(body, "messages", "input"), *fields.get_list(value, "preferred_output", "")],
    }
    return ParsedRequest(
        chat.read_chat_request(body, "input"), is_training_example=True, preferred=chat.read_chat_request(answered, "")
    )


def _read_batch(value: JsonValue) -> ParsedRequest:
    """Read a line for the Batch API. Its `url` says which endpoint's rules the body follows."""
    value = fields.require_object(value, "the request")
    kind = kinds.find_kind(value)
    if kind and not kind.reader:
        raise BadBody(expected="custom_id, method, url and body, as the Batch API takes them", found=kind.name)
    if kind and kind.reader in (kinds.CHAT_KIND, kinds.RESPONSES_KIND):
        raise BadBody(
            expected="custom_id, method, url and body, as the Batch API takes them", found="the body of a request alone"
        )
    custom_id = fields.get_name(value, "custom_id", "")
    url = fields.get_text(value, "url", "")
    named = _ENDPOINT_URL.fullmatch(url)
    endpoint = f"/v1/{named[1]}" if named else fields.get_choice(value, "url", "", ENDPOINTS)
    body, method = fields.get_object(value, "body", ""), value.get("method")
    parsed = _parse(body, "body", is_chat=endpoint == CHAT_ENDPOINT)
    return parsed._replace(
        custom_id=custom_id,
        is_batch=True,
        url=url,
        method=method if isinstance(method, str) else None,
        is_streamed=body.get("stream") is True,
        is_background=body.get("background") is True,
    )


def _read_bare_prompt(value: JsonValue) -> ParsedRequest:
    """Read a text, or an object with a prompt, as a separate text. Raises BadBody for any other value."""
    prompt = kinds.get_prompt_text(value)
    if prompt is None:
        fields.fail("", "a text, or an object with a prompt", value)
    return make_text_request(prompt)


def make_text_request(prompt: str, images: Sequence[Image] = ()) -> ParsedRequest:
    """Return the request that a text or pictures are by themselves: nothing is counted around them."""
    turns = [Message("user", prompt)] if prompt else []
    return ParsedRequest(Request(NO_ENDPOINT, None, turns, images=images, doubts=find_template_doubts(turns, "")))


def read_text_line(line: bytes) -> ParsedRequest:
    """Read a line as a separate text: the text that it is in JSON, the prompt of an object, or the line itself. Raises BadBody
    if it isn't UTF-8, or is a request or something else that isn't counted as text.
    """
    value: JsonValue = None
    with suppress(BadBody):
        value = parse_json(line)
    if kind := kinds.find_kind(value):
        if kinds.get_prompt_text(value) is None:
            raise BadBody(expected="a text, or an object with a prompt", found=kind.name or "a request")
        return _read_bare_prompt(value)
    try:
        return make_text_request(value if isinstance(value, str) else line.decode().rstrip("\r"))
    except UnicodeDecodeError as error:
        raise BadBody(expected="UTF-8", found=f"the byte 0x{line[error.start]:02x} at byte {error.start + 1}") from None


READERS: Mapping[str, Callable[[JsonValue], ParsedRequest]] = {
    kinds.BATCH_KIND: _read_batch,
    kinds.CHAT_KIND: _read_chat,
    kinds.RESPONSES_KIND: _read_responses,
    kinds.TRAINING_KIND: _read_training,
    kinds.TOOLS_KIND: _read_tools,
    kinds.TEXT_LINES_KIND: _read_bare_prompt,
}
_ALL_READERS = {
    **READERS,
    kinds.WRAPPED_KIND: _read_wrapped,
    kinds.FORMAT_KIND: _read_format,
    kinds.TRAINING_LINE_KIND: _read_training_line,
}

INPUT_KINDS = ("text", "image", *READERS)
"""The kinds that `--as` accepts."""


def read_request(value: object, kind: str | None = None) -> ParsedRequest:
    """Read `value` as `kind`, or as the kind that it is recognised as.

    `value` is what the SDK takes: mappings, lists, tuples and the SDK's own objects. Raises BadBody if it isn't a request.
    """
    return read_json_request(convert_to_plain(value), kind)


def read_json_request(value: JsonValue, kind: str | None = None) -> ParsedRequest:
    """Read a value as the JSON parser returns it. Raises BadBody if it isn't a request."""
    expected = "messages, or a model and an input, or a custom_id and a body"
    if kind is None:
        row = kinds.find_kind(value)
        if row and not row.reader:
            raise BadBody(expected=expected, found=row.name)
        kind = row.reader if row else None
    if kind is None or kind not in _ALL_READERS:
        fields.require_object(value, "the request")
        raise BadBody(expected=expected, found="none of them")
    return _ALL_READERS[kind](value)
