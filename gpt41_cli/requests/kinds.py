"""What a value of a file is: one table with a row for every kind of content that people keep in JSON and JSON Lines.

A kind is read as requests, or refused with a sentence that says what it is and what reads it. A new kind is one row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from gpt41_cli.files.documents import parse_embedded_object
from gpt41_cli.files.fields import BadBody, JsonObject, JsonValue, join_path

BATCH_KIND, CHAT_KIND, RESPONSES_KIND, TRAINING_KIND = "batch", "chat", "responses", "fine-tuning"
TOOLS_KIND, WRAPPED_KIND, MESSAGE_KIND, TRAINING_LINE_KIND = "tools", "wrapped", "message", "training line"


_AS_TEXT = "--as text counts the file as one text"


class LogContent(BadBody):
    """Content that isn't requests but what the API reported: answers or their usage."""


class ContentKind(NamedTuple):
    """A kind of content: how to recognise a value, and the reader of it (a name in READERS, or one of the kinds above).

    Without a reader, `name` says what it is and `advice` what to do with it. `is_log`: it is answers or usage.
    """

    matches: Callable[[JsonValue], bool]
    reader: str | None = None
    name: str = ""
    advice: str = ""
    is_log: bool = False

    def refuse(self, location: str | None = None) -> BadBody:
        """Make the error that says what was found and what reads it."""
        kind = LogContent if self.is_log else BadBody
        return kind(expected="requests or text", found=self.name, hint=f"{self.advice}; {_AS_TEXT}", location=location)


_REQUEST_KEYS = {
    *("temperature", "top_p", "max_tokens", "max_completion_tokens", "n", "stop", "seed", "stream", "response_format"),
    *("tool_choice", "presence_penalty", "frequency_penalty", "logprobs", "service_tier"),
}
"""What a request says of the answer, and an example for fine-tuning, which has its own, does not."""

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_RESPONSES_KEYS = ("input", "instructions", "prompt", "previous_response_id", "conversation")
_ANSWER_OBJECTS = ("response", "chat.completion", "chat.completion.chunk", "text_completion")
_ANSWER_NAME = re.compile("response|output|answer|result|choices|completion|generation", re.IGNORECASE)
_PROMPT_KEYS = ("prompt", "question", "query", "text", "input", "instruction")
_LABEL_KEYS = ("id", "_id", "task_id", "system", "category", "label", "topic")
SCHEMA_KEYS = ("parameters", "inputSchema", "input_schema")
"""Where a tool has the schema of its arguments: OpenAI's functions, tools of MCP servers, and Anthropic's tools."""

_USAGE_WORDS = re.compile("prompt|completion|input|output|context|generated|total")
_NO_USAGE = re.compile("max|min|limit|cost|price|rate")
_MAX_DEPTH = 4
"""How far below the top a request or a usage may be in a record of a log."""

_PROBED_ITEMS = 10
"""How many values of a list are looked through for a usage: the first spans of a trace are often not those of answers."""

MARKERS = re.compile(
    rb'"(role|messages|custom_id|model|input|prompt|question|query|text|instruction|completion|conversations|contents|chosen'
    rb'|preferred_output|mapping|content|parameters|inputSchema|input_schema|modelInput|schema|object|usage)"|[tT]okens|[tT]okenCount'
)
"""A document without any of these is none of the kinds below, and isn't parsed."""


def is_message(value: JsonValue) -> bool:
    """Return True for a message of a chat."""
    return isinstance(value, dict) and value.get("role") in _ROLES and bool(value.keys() & {"content", "tool_calls"})


def is_conversation(value: JsonValue) -> bool:
    """Return True for a list of messages."""
    return isinstance(value, list) and bool(value) and all(map(is_message, value))


def _is_batch(value: JsonValue) -> bool:
    return isinstance(value, dict) and ("custom_id" in value or ("body" in value and "url" in value))


def _is_chat(value: JsonValue) -> bool:
    """Return True for a body or a list of messages. A body without a model is one for an Azure deployment, or an argument of the
    SDK; it asks for an answer, so the last message isn't one.
    """
    if not isinstance(value, dict):
        return is_conversation(value)
    if "messages" in value and "model" in value:
        return True
    return _has_messages(value) and (value["messages"][-1].get("role") != "assistant" or bool(value.keys() & _REQUEST_KEYS))


def _has_messages(value: JsonValue) -> bool:
    messages = value.get("messages") if isinstance(value, dict) else None
    return isinstance(messages, list) and bool(messages) and all(isinstance(each, dict) for each in (messages[0], messages[-1]))


def _is_responses(value: JsonValue) -> bool:
    return isinstance(value, dict) and "model" in value and any(name in value for name in _RESPONSES_KEYS)


def _is_tool(value: JsonValue) -> bool:
    if not isinstance(value, dict):
        return False
    function = value.get("function")
    if value.get("type") == "function" and isinstance(function, dict):
        return isinstance(function.get("name"), str)
    return isinstance(value.get("name"), str) and any(isinstance(value.get(key), dict) for key in SCHEMA_KEYS)


def list_tools(value: JsonValue) -> tuple[str, list[JsonValue]] | None:
    """Return the path and the list of declared tools in a value; None if it holds none.

    It is a list of them, a single one, or has them under `tools` or `functions`, which may be the `result` of an MCP server.
    """
    if isinstance(value, list):
        return ("", value) if value and all(map(_is_tool, value)) else None
    if _is_tool(value):
        return "", [value]
    for key in ("tools", "functions", "result") if isinstance(value, dict) else ():
        inner = list_tools(value[key]) if isinstance(value.get(key), dict | list) else None
        if inner:
            return join_path(key, inner[0]), inner[1]
    return None


def find_wrapped_request(value: JsonValue) -> tuple[str, JsonObject] | None:
    """Find the request in a record of a log, such as `{"request": {...}}`, and its path. None if there is none, or more than one.

    A request without a model takes that of the record.
    """
    found = list(_list_wrapped(value, "", _MAX_DEPTH)) if isinstance(value, dict) else []
    return found[0] if len(found) == 1 else None


def _list_wrapped(owner: JsonObject, path: str, depth: int) -> Iterator[tuple[str, JsonObject]]:
    for key, sent in owner.items():
        if _ANSWER_NAME.search(key):
            continue
        value = parse_embedded_object(sent, "messages") or parse_embedded_object(sent, "input") or sent
        at = join_path(path, key)
        if is_conversation(value):
            yield path, {**_take_model(owner), "messages": value}
        elif isinstance(value, dict) and (_is_chat(value) or _is_responses(value) or is_conversation(value.get("messages"))):
            yield at, {**_take_model(owner), **value}
        elif isinstance(value, dict) and depth > 1:
            yield from _list_wrapped(value, at, depth - 1)


def _take_model(record: JsonObject) -> JsonObject:
    return {"model": record["model"]} if isinstance(record.get("model"), str) else {}


def has_usage(value: JsonValue, depth: int = _MAX_DEPTH) -> bool:
    """Return True if a value holds the usage of an answer: two figures of tokens under the names of some vendor."""
    if isinstance(value, list):
        return depth > 0 and any(has_usage(each, depth - 1) for each in value[:_PROBED_ITEMS])
    if not isinstance(value, dict):
        return False
    figures = (key for key, each in value.items() if isinstance(each, int | float) and is_usage_name(key))
    if next(figures, None) and next(figures, None):
        return True
    if any(key.lower().startswith("usage") and _has_figures(each) for key, each in value.items()):
        return True
    return depth > 0 and any(has_usage(each, depth - 1) for each in value.values() if isinstance(each, dict | list))


def _has_figures(value: JsonValue) -> bool:
    return isinstance(value, dict) and sum(isinstance(each, int) for each in value.values()) > 1


def is_usage_name(key: str) -> bool:
    """Return True for a vendor's name of a figure of tokens, such as `prompt_tokens` or `gen_ai.usage.input_tokens`."""
    folded = key.lower()
    return "token" in folded and bool(_USAGE_WORDS.search(folded)) and not _NO_USAGE.search(folded)


def _is_answer(value: JsonValue) -> bool:
    if not isinstance(value, dict):
        return False
    is_batch_output = "custom_id" in value and "response" in value and "body" not in value and "request" not in value
    return is_batch_output or (value.get("object") in _ANSWER_OBJECTS and not value.keys() & {"messages", "input"})


def _is_preference(value: JsonValue) -> bool:
    return isinstance(value, dict) and ("preferred_output" in value or {"chosen", "rejected"} <= value.keys())


def _is_gemini(value: JsonValue) -> bool:
    request = value.get("request", value) if isinstance(value, dict) else None
    return isinstance(request, dict) and isinstance(request.get("contents"), list) and "messages" not in request


def _is_share_gpt(value: JsonValue) -> bool:
    turns = value.get("conversations", value.get("conversation")) if isinstance(value, dict) else None
    return isinstance(turns, list) and bool(turns) and isinstance(turns[0], dict) and {"from", "value"} <= turns[0].keys()


def _is_langchain_message(value: JsonValue) -> bool:
    """Return True for a message as LangChain writes it with `messages_to_dict` or `model_dump`: a type in place of a role."""
    if isinstance(value, list):
        return bool(value) and _is_langchain_message(value[0])
    if not isinstance(value, dict) or "role" in value:
        return False
    data = value.get("data", value)
    return value.get("type") in ("human", "ai", "system") and isinstance(data, dict) and "content" in data


def _is_chatgpt_export(value: JsonValue) -> bool:
    nodes = value.get("mapping") if isinstance(value, dict) else None
    return isinstance(nodes, dict) and any(isinstance(each, dict) and "message" in each for each in nodes.values())


def _is_prompt(value: JsonValue) -> bool:
    return (
        isinstance(value, dict)
        and bool(value)
        and value.keys() <= {*_PROMPT_KEYS, *_LABEL_KEYS}
        and any(isinstance(value.get(key), str) for key in _PROMPT_KEYS)
    )


def _has_text(*keys: str) -> Callable[[JsonValue], bool]:
    """Return a function that says if a value is an object with text under all `keys`."""
    return lambda value: isinstance(value, dict) and all(isinstance(value.get(key), str) for key in keys)


_TO_TRAIN = 'gpt41 train reads {"messages": [...]} with the answer of the assistant last'
_TO_REQUESTS = 'make each line {"model": "...", "messages": [{"role": "user", "content": "..."}]} to count them as requests'

PREFERENCE = ContentKind(
    _is_preference,
    None,
    "preferences for fine-tuning (DPO)",
    f"{_TO_TRAIN}, such as the prompt with the preferred output",
)
RECORDS = ContentKind(
    lambda value: isinstance(value, dict | str), None, "JSON Lines that are neither requests nor messages", _TO_REQUESTS
)
"""What lines of JSON are that have no kind of their own. A single value of that sort is text."""

CONTENT_KINDS: Sequence[ContentKind] = (
    ContentKind(
        lambda value: isinstance(value, dict) and str(value.get("schema", "")).startswith("gpt41."),
        None,
        "a report that gpt41 saved",
        "gpt41 diff, gpt41 report and gpt41 reconcile read it",
    ),
    PREFERENCE,
    ContentKind(_is_answer, None, "answers, not requests", "gpt41 reconcile reads the usage in them", is_log=True),
    ContentKind(
        lambda value: (
            isinstance(value, dict) and isinstance(value.get("params"), dict) and "custom_id" in value and "body" not in value
        ),
        None,
        "lines with params, as Anthropic's Message Batches take them",
        "the Batch API of OpenAI takes custom_id, method, url and body",
    ),
    ContentKind(
        lambda value: isinstance(value, dict) and isinstance(value.get("modelInput"), dict),
        None,
        "lines with modelInput, as batch inference of Amazon Bedrock takes them",
        "the Batch API of OpenAI takes custom_id, method, url and body",
    ),
    ContentKind(
        _is_gemini,
        None,
        "requests with contents, as Gemini takes them",
        "requests to OpenAI have messages or an input",
    ),
    ContentKind(
        _has_text("model", "prompt"),
        None,
        "requests with a prompt, as the legacy Completions endpoint takes them",
        "requests for this family have messages or an input",
    ),
    ContentKind(_is_batch, BATCH_KIND),
    ContentKind(_is_chat, CHAT_KIND),
    ContentKind(_has_messages, TRAINING_KIND),
    ContentKind(_is_responses, RESPONSES_KIND),
    ContentKind(lambda value: find_wrapped_request(value) is not None, WRAPPED_KIND),
    ContentKind(lambda value: list_tools(value) is not None, TOOLS_KIND),
    ContentKind(is_message, MESSAGE_KIND),
    ContentKind(
        _has_text("prompt", "completion"),
        None,
        "examples of prompt and completion, the old form of training files",
        _TO_TRAIN,
    ),
    ContentKind(_has_text("instruction", "output"), None, "examples of instruction and output (Alpaca)", _TO_TRAIN),
    ContentKind(_is_share_gpt, None, "conversations of from and value (ShareGPT)", _TO_TRAIN),
    ContentKind(_is_chatgpt_export, None, "conversations exported from ChatGPT", "requests to the API have messages or an input"),
    ContentKind(has_usage, None, "usage, not requests", "gpt41 reconcile reads it", is_log=True),
    ContentKind(
        _is_langchain_message,
        None,
        "messages as LangChain writes them",
        "convert_to_openai_messages of langchain-core gives them a role and content",
    ),
    ContentKind(_is_prompt, None, "bare prompts in JSON", _TO_REQUESTS),
)


def find_kind(value: JsonValue) -> ContentKind | None:
    """Return the first kind that a value is; None if it is none of them."""
    return next((kind for kind in CONTENT_KINDS if kind.matches(value)), None) if isinstance(value, dict | list) else None


_TABLE_CELL = re.compile(r'"?([\w. ()-]{1,40})"?')
_CONFIG = re.compile(r"(?:[ \t]*(?:#.*)?\n|---\n)*(?:version|defaults|workloads):")
_CONFIG_KEYS = (re.compile(r"^version:", re.MULTILINE), re.compile(r"^workloads:\s*(#.*)?$", re.MULTILINE))


def find_text_kind(head: str) -> ContentKind | None:
    """Return the kind of text that isn't counted as text: gpt41.yaml, or a table of usage; None for any other text."""
    return next((kind for kind in TEXT_KINDS if kind.matches(head)), None)


def _is_config(head: str) -> bool:
    return _CONFIG.match(head) is not None and all(pattern.search(head) for pattern in _CONFIG_KEYS)


def _is_usage_table(head: str) -> bool:
    """Return True if the first line names at least two figures of tokens and the second has as many cells."""
    first, second = (re.split("[,;\t]", line) for line in (*head.lstrip("\n").split("\n", 2), "", "")[:2])
    cells = [_TABLE_CELL.fullmatch(cell.strip()) for cell in first]
    names = [cell[1] for cell in cells if cell]
    return 1 < len(names) == len(cells) <= len(second) and sum(map(is_usage_name, names)) > 1


TEXT_KINDS: Sequence[ContentKind] = (
    ContentKind(_is_config, None, "a gpt41.yaml", "gpt41 check reads it"),
    ContentKind(_is_usage_table, None, "a table of usage", "gpt41 reconcile reads it", is_log=True),
)
"""Like CONTENT_KINDS, for the beginning of a text."""
