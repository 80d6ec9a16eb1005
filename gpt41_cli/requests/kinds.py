"""Classify the values of a file: one table with a row for every kind of content that people keep in JSON and JSON Lines. A kind
is read as requests, or refused with a sentence that says what it is and which command reads it. A new kind is one row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from gpt41_cli.files.fields import BadBody, JsonObject, JsonValue
from gpt41_cli.requests.forms import foreign, openai_api
from gpt41_cli.requests.forms.inside import find_inside

BATCH_KIND, CHAT_KIND, RESPONSES_KIND, TRAINING_KIND = "batch", "chat", "responses", "fine-tuning"
TOOLS_KIND, WRAPPED_KIND, MESSAGE_KIND, TRAINING_LINE_KIND = "tools", "wrapped", "message", "training line"
FORMAT_KIND, TEXT_LINES_KIND = "response format", "text-lines"


_AS_TEXT = "--as text counts the file as one text"


SIZES_SCHEMA = "gpt41.sizes/1"
"""The schema in the rows of a table of sizes: requests measured and grouped by an engine."""

_SIZES_NAME = SIZES_SCHEMA.partition("/")[0] + "/"


class LogContent(BadBody):
    """Content that the API reported instead of requests: answers or their usage."""


class UnknownRecords(BadBody):
    """JSON Lines that have no kind of their own."""


class ContentKind(NamedTuple):
    """A kind of content: how to recognise a value, and the reader of it (a name in READERS, or one of the kinds above).

    Without a reader, `name` says what it is and `advice` what to do with it. `is_log`: it is answers or usage. `is_inside`: it
    is somewhere inside other data.
    """

    matches: Callable[[JsonValue], bool]
    reader: str | None = None
    name: str = ""
    advice: str = ""
    is_log: bool = False
    is_inside: bool = False

    def refuse(self, location: str | None = None) -> BadBody:
        """Make the error that says what was found and what reads it."""
        kind = UnknownRecords if self is RECORDS else LogContent if self.is_log else BadBody
        return kind(expected="requests or text", found=self.name, hint=f"{self.advice}; {_AS_TEXT}", location=location)


_ANSWER_OBJECTS = ("response", "chat.completion", "chat.completion.chunk", "text_completion")
_EVENT_NAMES = ("response.created", "response.in_progress", "response.output_", "response.completed")
"""How the names of events begin that a stream of Responses has."""

_PROMPT_KEYS = ("prompt", "question", "query", "text", "input", "instruction")
_LABEL_KEYS = ("id", "_id", "task_id", "system", "category", "label", "topic")
_USAGE_WORDS = re.compile("prompt|completion|input|output|context|generated|total|message|answer")
_NO_USAGE = re.compile("max|min|limit|cost|price|rate(?!d)")
_MAX_DEPTH = 4
"""How far below the top a usage may be in a record of a log."""

_PROBED_ITEMS = 10
"""How many values of a list are searched for a usage: the first spans of a trace are often not those of answers."""

MARKERS = re.compile(
    rb'"(role|messages|custom_id|model|input|prompt|question|query|text|instruction|completion|conversations?|contents|chosen|body'
    rb"|preferred_output|mapping|content|parameters|inputSchema|input_schema|modelInput|schema|\$schema|properties|object|usage"
    rb'|sender|author|speaker|value|nodes|_type|backstory|system_?[a-zA-Z]+|function_?[dD]eclarations)"|[tT]okens|[tT]okenCount|\\"(role|messages)|^[\s\[]*\[\s*["{]'
)
"""A document without any of these isn't of any kind below, and isn't parsed."""


def find_sizes(value: JsonValue) -> JsonObject | None:
    """Return the size in a row of a table of sizes of any version: the row itself or one of its columns. None if it has none."""
    owners = (value, *value.values()) if isinstance(value, dict) else ()
    sizes = (owner for owner in owners if isinstance(owner, dict) and str(owner.get("schema")).startswith(_SIZES_NAME))
    return next(sizes, None)


def has_usage(value: JsonValue, depth: int = _MAX_DEPTH) -> bool:
    """Return True if a value holds the usage of an answer: two figures of tokens under the names of some vendor."""
    if isinstance(value, list):
        return depth > 0 and any(has_usage(item, depth - 1) for item in value[:_PROBED_ITEMS])
    if not isinstance(value, dict):
        return False
    figures = (key for key, figure in value.items() if isinstance(figure, int | float) and is_usage_name(key))
    if next(figures, None) and next(figures, None):
        return True
    if any(key.lower().startswith("usage") and _has_figures(usage) for key, usage in value.items()):
        return True
    return depth > 0 and any(has_usage(inner, depth - 1) for inner in value.values() if isinstance(inner, dict | list))


def _has_figures(value: JsonValue) -> bool:
    return isinstance(value, dict) and sum(isinstance(figure, int) for figure in value.values()) > 1


def is_usage_name(key: str) -> bool:
    """Return True for a vendor's name of a figure of tokens, such as `prompt_tokens` or `gen_ai.usage.input_tokens`."""
    folded = key.lower()
    return "token" in folded and "=" not in folded and bool(_USAGE_WORDS.search(folded)) and not _NO_USAGE.search(folded)


def _is_answer(value: JsonValue) -> bool:
    if not isinstance(value, dict):
        return False
    is_event = str(value.get("type")).startswith(_EVENT_NAMES)
    is_batch_output = "custom_id" in value and "response" in value and openai_api.find_wrapped_request(value) is None
    return is_batch_output or is_event or (value.get("object") in _ANSWER_OBJECTS and not value.keys() & {"messages", "input"})


def _is_preference(value: JsonValue) -> bool:
    return isinstance(value, dict) and ("preferred_output" in value or {"chosen", "rejected"} <= value.keys())


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


_TO_BODIES = 'take the bodies out, one per line: {"model": "...", "messages": [...]}'
_TO_TRAIN = 'gpt41 train reads {"messages": [...]} with the answer of the assistant last'
TO_REQUESTS = 'make each line {"model": "...", "messages": [{"role": "user", "content": "..."}]} to count them as requests'
_TO_TEXTS = f"{TO_REQUESTS}; --as text-lines counts the text of each line"

PREFERENCE = ContentKind(
    _is_preference,
    None,
    "preferences for fine-tuning (DPO)",
    f"{_TO_TRAIN}, such as the prompt with the preferred output",
)
RECORDS = ContentKind(
    lambda value: isinstance(value, dict | str), None, "JSON Lines that are neither requests nor messages", _TO_TEXTS
)
"""The kinds of JSON lines that have no specific kind. A single such value is text."""

RECORD_LIST = RECORDS._replace(name="a list of records in JSON that are neither requests nor messages", advice=TO_REQUESTS)

SIZES = ContentKind(
    lambda value: find_sizes(value) is not None,
    None,
    "a table of sizes, which stands for requests without their text",
    "gpt41 cost (without --each), recommend, plan, migrate, check and report read it",
)

CONTENT_KINDS: Sequence[ContentKind] = (
    SIZES,
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
        foreign.is_gemini_request,
        None,
        "requests with contents, as Gemini takes them",
        "requests to OpenAI have messages or an input",
    ),
    ContentKind(foreign.has_gemini_tools, None, "functions as Gemini takes them", "tools of OpenAI have a type and parameters"),
    ContentKind(
        _has_text("model", "prompt"),
        None,
        "requests with a prompt, as the legacy Completions endpoint takes them",
        "requests for this family have messages or an input",
    ),
    ContentKind(openai_api.is_batch, BATCH_KIND),
    ContentKind(openai_api.is_chat, CHAT_KIND),
    ContentKind(openai_api.has_messages, TRAINING_KIND),
    ContentKind(openai_api.is_responses, RESPONSES_KIND),
    ContentKind(lambda value: openai_api.find_wrapped_request(value) is not None, WRAPPED_KIND),
    ContentKind(lambda value: openai_api.list_tools(value) is not None, TOOLS_KIND),
    ContentKind(lambda value: openai_api.find_response_format(value) is not None, FORMAT_KIND),
    ContentKind(openai_api.is_message, MESSAGE_KIND),
    ContentKind(
        _has_text("prompt", "completion"),
        None,
        "examples of prompt and completion, the old form of training files",
        _TO_TRAIN,
    ),
    ContentKind(_has_text("instruction", "output"), None, "examples of instruction and output (Alpaca)", _TO_TRAIN),
    ContentKind(foreign.is_share_gpt, None, "conversations of from and value (ShareGPT)", _TO_TRAIN),
    ContentKind(
        foreign.is_chatgpt_export, None, "conversations exported from ChatGPT", "requests to the API have messages or an input"
    ),
    ContentKind(has_usage, None, "usage, not requests", "gpt41 reconcile reads it", is_log=True),
    ContentKind(foreign.is_cost_page, None, "costs, not requests", "gpt41 reconcile --invoice reads them next to a log"),
    ContentKind(
        foreign.is_langchain_message,
        None,
        "messages as LangChain writes them",
        "convert_to_openai_messages of langchain-core gives them a role and content",
    ),
    ContentKind(_is_prompt, None, "bare prompts in JSON", _TO_TEXTS),
    ContentKind(foreign.is_text_list, None, "a list of texts in JSON", _TO_TEXTS.replace("each line", "each text")),
    ContentKind(foreign.is_agent, None, "an agent or a template with its prompt", "take the prompt out of it"),
    ContentKind(
        foreign.is_workflow,
        None,
        "a workflow with nodes, as n8n, Flowise and Langflow export it",
        "take the prompts out of its nodes",
    ),
    ContentKind(
        foreign.is_json_schema,
        None,
        "a JSON Schema",
        "put it into response_format or into the tools of a request: it isn't billed as it is written",
    ),
)


def get_prompt_text(value: JsonValue) -> str | None:
    """Return the text of a bare prompt: a text, or an object with one; None for anything else."""
    if isinstance(value, str):
        return value
    return next((value[key] for key in _PROMPT_KEYS if isinstance(value.get(key), str)), None) if _is_prompt(value) else None


def find_kind(value: JsonValue) -> ContentKind | None:
    """Return the first kind that fits a value, or one for content inside it; None if it has nothing to do with models."""
    if not isinstance(value, dict | list):
        return None
    return next((kind for kind in CONTENT_KINDS if kind.matches(value)), None) or _find_inner_kind(value)


def _find_inner_kind(value: JsonValue) -> ContentKind | None:
    content = find_inside(value, _classify_inner)
    if content is None:
        return None
    advice = "gpt41 reconcile reads usage in logs and traces" if content.is_log else _TO_BODIES
    where = f"at {content.path}" if content.path else "in it"
    return ContentKind(lambda _: True, None, f"JSON with {content.name} {where}", advice, content.is_log, is_inside=True)


def _classify_inner(value: JsonValue) -> tuple[str, bool] | None:
    """Name the content of a value that has to do with models, and say if it is usage; None if there is none at this level."""
    if isinstance(value, list):
        return ("messages", False) if value and (openai_api.is_conversation(value) or all(map(foreign.is_turn, value))) else None
    if has_usage(value, 0):
        return "usage", True
    if openai_api.is_message(value):
        return "messages", False
    return (
        ("a request", False)
        if openai_api.is_batch(value) or openai_api.is_chat(value) or openai_api.is_responses(value)
        else None
    )


def list_inner_requests(value: JsonObject) -> list[JsonValue]:
    """Return the list in a document that holds requests, if there is one such list; else nothing."""
    lists = [items for items in value.values() if isinstance(items, list) and items]
    request_lists = [items for items in lists if 2 * sum(map(is_request, items)) >= len(items)]
    return request_lists[0] if len(request_lists) == 1 else []


def is_request(value: JsonValue) -> bool:
    """Return True for a value that is read as a request, and not as one message of it."""
    kind = next((kind for kind in CONTENT_KINDS if kind.matches(value)), None) if isinstance(value, dict | list) else None
    return kind is not None and kind.reader not in (None, MESSAGE_KIND)
