"""What the API reports of one answer: the tokens it bills, for which model and in which mode.

One object is read: an answer of Chat Completions or Responses, a batch object, a result of the organization's usage API, or a
flat record of the same fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple, TypeAlias

from gpt41_cli.answers import figure_names
from gpt41_cli.answers.days import TIME_FIELDS, read_day
from gpt41_cli.answers.unread import find_unread_figures
from gpt41_cli.answers.usage import HOLDERS, find_usage
from gpt41_cli.files.documents import parse_embedded_object
from gpt41_cli.files.fields import BadBody, JsonObject, JsonValue, fail, get_list, get_optional_object, get_text, join_path
from gpt41_cli.findings import Finding
from gpt41_cli.pricing import NO_TOOL_USE, ToolUse, Usage

_EXPORTED_AMOUNTS = ("amount", "amount_usd", "amount_value", "costinbillingcurrency", "costinusd", "pretaxcost")
"""Fields of an amount in the cost exports of OpenAI and Azure."""

AMOUNT_FIELDS = ("cost", "cost_usd", "total_cost", "response_cost", "price", "total_usd", *_EXPORTED_AMOUNTS)
"""Fields in which a log states a price. They don't report usage, and are not read."""

BATCH = "batch"
"""The mode of an answer in a Batch output."""

TIER_MODES: Mapping[str, str] = {"": "standard", "auto": "standard", "default": "standard", "fast": "priority"}
_KNOWN_FIELDS = frozenset((*figure_names.COUNT_FIELDS, *figure_names.LABEL_FIELDS))
_KNOWN_PARTS = frozenset((*figure_names.COUNT_FIELDS, "audio_tokens", "text_tokens", "image_tokens"))
_MAX_COUNT = 10**15 - 1
_ANSWER_ID_PREFIXES = ("chatcmpl-", "resp_")
_ANSWER_BODIES = ("response_body", "responseBody", "mlflow.spanOutputs")
_BODIES = (*_ANSWER_BODIES, "request_body", "requestBody", "request", "mlflow.spanInputs")
"""Where gateways and tracers keep the answer and the request, perhaps as text: Helicone, Portkey, LiteLLM, MLflow."""

_AUDIO_FIELDS = ("audio_tokens", "input_audio_tokens", "output_audio_tokens")

_KNOWN_CALL_TYPES = {"web_search_call", "file_search_call", "function_call", "custom_tool_call", "mcp_call"}
"""Calls that are billed per call, and calls that cost only their tokens: of the caller's own functions, and of MCP servers
(OpenAI's draft of its guide to them, gist stevenheidel/a6c8ed8ce1632dff1284e44a17554993). The price of others is not known.
"""


class Answer(NamedTuple):
    """An answer that reported its usage, or a sum of several if the log holds only that. A field is None if the log doesn't say.

    `id` identifies the answer; for a sum it is its time and grouping. `usage` is as billed: cached tokens are part of the
    input, and so are those written to the cache, of which `long_write_tokens` stay there for 12 hours; reasoning tokens and
    those of a prediction, rejected ones included, are part of the output (field descriptions of CompletionUsage in OpenAI's
    SDK 3.54.0). `mode` may be the name of a service tier that has no mode. `is_cut_off`: it ended at its maximum.
    `is_batch_total`: it is a batch object. `is_sum`: the log says that it is a sum. `currency` comes with prices in the log,
    which are not read. The output is that of all `choice_count`. `tools` counts calls to built-in tools with a price per
    call, `unpriced_calls` lists the kinds of the others. `doubts` are contradictions in it. `other_models` are names that the
    record gives to the model as well. `labels` are what it says in the fields by which answers are
    grouped. `span_id` is the number of its span in a trace.
    """

    usage: Usage
    id: str | None = None
    custom_id: str | None = None
    model: str | None = None
    mode: str = "standard"
    day: date | None = None
    reasoning_tokens: int = 0
    accepted_prediction_tokens: int = 0
    rejected_prediction_tokens: int = 0
    cache_write_tokens: int = 0
    long_write_tokens: int = 0
    is_cut_off: bool = False
    is_batch_total: bool = False
    is_sum: bool = False
    currency: str | None = None
    choice_count: int = 1
    tools: ToolUse = NO_TOOL_USE
    unpriced_calls: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    other_models: tuple[str, ...] = ()
    labels: tuple[str | None, ...] = ()
    span_id: int | None = None


class StreamPart(NamedTuple):
    """An answer before its usage, by its id: a part of a stream, or a snapshot taken while it was made.

    `partial_answer` is the usage so far, which some servers report in every part.
    """

    id: str
    is_cut_off: bool = False
    partial_answer: Answer | None = None


class Span(NamedTuple):
    """A span of a trace, by numbers made of its id and that of the one around it; None: it is in none."""

    id: int
    parent: int | None


LogEntry: TypeAlias = "Answer | Finding | StreamPart | Span | BadBody"
"""What a record of a log yields. A finding says why there is no
usage to price; its subject is the id of the answer, if there is one. A BadBody is a record that can't be read.
"""

_CountPlaces: TypeAlias = Sequence[tuple[JsonObject, str]]
"""Objects in which a count may be, with their paths: those for its details first, the usage itself last."""


def get_counts(value: JsonObject) -> tuple[JsonValue, JsonValue]:
    """Return the input and output counts as written."""
    usage = find_usage(value, "").figures
    first, second = (
        [usage[key] for key in names if usage.get(key) is not None]
        for names in (figure_names.INPUT_FIELDS, figure_names.OUTPUT_FIELDS)
    )
    return first[0] if first else None, second[0] if second else None


def get_custom_id(value: JsonObject) -> str | None:
    """Return the custom_id, if there is one."""
    name = value.get("custom_id")
    return name if isinstance(name, str) and name else None


def get_answer_id(value: JsonObject) -> str | None:
    """Return the id of an answer. A number is the id of a row; a request's id counts if it looks like an answer's."""
    name, of_request = value.get("id"), value.get("request_id")
    if isinstance(name, str) and name and not name.isdigit():
        return name
    return of_request if isinstance(of_request, str) and of_request.startswith(_ANSWER_ID_PREFIXES) else None


def read_answer(value: JsonObject, path: str) -> Answer:
    """Read the answer in an object with a `usage`, or in a flat record."""
    usage, at, is_record = find_usage(value, path)
    both = figure_names.INPUT_FIELDS, figure_names.OUTPUT_FIELDS
    of_input, of_output = (_find_details(usage, at, names) for names in both)
    input_tokens, output_tokens = (_read_count([(usage, at)], names) for names in both)
    cached, (written, long_written) = _read_count(of_input, figure_names.CACHED_FIELDS), _read_writes(of_input)
    reasoning, accepted, rejected = (_read_count(of_output, (name,)) for name in figure_names.OUTPUT_DETAIL_FIELDS)
    _require_part_of(
        "cached and cache-write tokens" if written else "cached tokens", cached + written, "input tokens", input_tokens, at
    )
    for name, tokens in zip(figure_names.OUTPUT_DETAIL_FIELDS, (reasoning, accepted, rejected), strict=True):
        _require_part_of(name.replace("_", " "), tokens, "output tokens", output_tokens, at)
    is_total = value.get("object") == "batch"
    models = list_answer_models(value, path)
    return Answer(
        Usage(_read_request_count(value, usage, path, is_total=is_total), input_tokens, cached, output_tokens),
        get_answer_id(value),
        get_custom_id(value),
        next(iter(models), None),
        BATCH if is_total or _is_batch(value, path) else _read_mode(value, path),
        read_answer_day(value),
        reasoning,
        accepted,
        rejected,
        cache_write_tokens=written,
        long_write_tokens=long_written,
        is_cut_off=is_cut_off(value, path),
        is_batch_total=is_total,
        is_sum=not is_total and (_has_request_count(value) or (is_record and _has_request_count(usage))),
        currency=get_text(value, "currency", path).upper() or None,
        choice_count=len(get_list(value, "choices", path)) or 1,
        tools=_count_priced_calls(value),
        unpriced_calls=_list_unpriced_calls(value),
        doubts=tuple(_find_doubts(value, of_input, of_output, input_tokens + output_tokens, is_record=is_record)),
        other_models=tuple(models[1:]),
    )


def rename_answer(answer: Answer, labels: JsonObject) -> Answer:
    """Return an answer with the labels that the user named, whatever its record says. All but the time are texts."""
    model = get_text(labels, "model", "")
    return answer._replace(
        id=get_answer_id(labels) or answer.id,
        custom_id=get_custom_id(labels) or answer.custom_id,
        model=model or answer.model,
        other_models=() if model else answer.other_models,
        mode=_read_mode(labels, "") if labels.get("mode") else answer.mode,
        day=read_day(labels) or answer.day,
    )


def list_answer_models(value: JsonObject, path: str) -> list[str]:
    """List the names that a record gives to the model, the most certain first; those of the record itself, or else those of an
    object next to the answer.
    """
    get_text(value, "model", path)  # raises if it isn't one
    owners = (value, *_list_owners(value), *_list_bodies(value))
    named = (
        [owner[key] for key in figure_names.MODEL_FIELDS if owner.get(key) and isinstance(owner[key], str)] for owner in owners
    )
    return list(dict.fromkeys(next(filter(None, named), [])))


def read_answer_day(value: JsonObject) -> date | None:
    """Read the day of a record, or of the answer in it."""
    return next((day for owner in (value, *_list_owners(value)) if (day := read_day(owner))), None)


def _list_owners(value: JsonObject) -> Iterator[JsonObject]:
    """List the objects of a record that describe its answer."""
    for name in ("response", *HOLDERS):
        if isinstance(value.get(name), dict):
            yield value[name]
    extra = value.get("extra")  # of LangSmith
    if isinstance(extra, dict):
        yield from (extra[name] for name in ("metadata", "invocation_params") if isinstance(extra.get(name), dict))


def _list_bodies(value: JsonObject) -> Iterator[JsonObject]:
    """List the bodies of the answer and of the request in a record."""
    for name in _BODIES:
        held = value.get(name)
        body = parse_embedded_object(held, "model") if isinstance(held, str) else held
        if isinstance(body, dict) and (name in _ANSWER_BODIES or body.keys() & {"messages", "input"}):
            yield body


def suggest_usage_export(amount: str) -> str:
    """Say what to do about a record that has only an amount, by the field names of cost exports."""
    return ": --invoice takes costs" if amount in _EXPORTED_AMOUNTS else ""


def is_cut_off(value: JsonObject, path: str) -> bool:
    """Return True if the answer ended because it reached its maximum length."""
    if value.get("status") == "incomplete" or value.get("finish_reason") == "length":
        return True
    choices = get_list(value, "choices", path)
    return any(isinstance(choice, dict) and choice.get("finish_reason") == "length" for choice in choices)


def _find_doubts(
    value: JsonObject, of_input: _CountPlaces, of_output: _CountPlaces, tokens: int, *, is_record: bool
) -> Iterator[str]:
    """List contradictions in an answer, worded to follow "an answer", without figures, so that equal doubts are listed once."""
    (usage, _) = of_output[-1]
    sum_ = usage.get(figure_names.TOTAL_FIELD)
    if sum_ != tokens and all(usage.get(name) is None for name in figure_names.OUTPUT_FIELDS):
        yield "without output tokens: priced as having none"
    elif sum_ not in (None, tokens):
        yield f"whose {figure_names.TOTAL_FIELD} isn't the sum of its input and output tokens; these are priced"
    for places, names in (
        (of_input[-1:], figure_names.INPUT_FIELDS),
        (of_output[-1:], figure_names.OUTPUT_FIELDS),
        (of_input, figure_names.CACHED_FIELDS),
        (of_input, figure_names.CACHE_WRITE_FIELDS),
        (of_input, figure_names.SHORT_WRITE_FIELDS),
        (of_input, figure_names.LONG_WRITE_FIELDS),
    ):
        written = (owner[name] for owner, _ in places for name in names if owner.get(name) is not None)
        if len({value if isinstance(value, int | float) else "not a number" for value in written}) > 1:
            there = [name for name in names if any(owner.get(name) is not None for owner, _ in places)]
            first = f"the first of {', '.join(there)}" if there[1:] else "the one in the details"
            yield f"with two different values of {names[0]}: {first} is priced"
    whole, short, long = (
        _read_count(of_input, names)
        for names in (figure_names.CACHE_WRITE_FIELDS, figure_names.SHORT_WRITE_FIELDS, figure_names.LONG_WRITE_FIELDS)
    )
    if whole and short + long not in (0, whole):
        yield "whose cache writes by lifetime don't add up to its cache writes: the larger figure is priced"
    if any(owner.get(name) for owner, _ in (*of_input, *of_output) for name in _AUDIO_FIELDS):
        yield "with audio tokens: priced as text"
    if "batch" in value and value["batch"] is None and not any(value.get(key) for key in figure_names.TIER_FIELDS):
        yield "that doesn't say whether it was sent in batch: priced in standard"
    if unread := _list_unread_figures(of_input, of_output, tokens, is_record=is_record):
        yield f"with figures that aren't read but may change its price: {', '.join(unread)}"
    if read_answer_day(value) is None and any(value.get(key) for key in TIME_FIELDS):
        yield "whose time can't be read: priced as if it had none"


def _list_unread_figures(of_input: _CountPlaces, of_output: _CountPlaces, tokens: int, *, is_record: bool) -> list[str]:
    """List figures that aren't read: in a usage and its details all of them, in a record those that sound like one."""
    usage, _ = of_input[-1]
    names = find_unread_figures(usage, _KNOWN_FIELDS, tokens, is_usage=not is_record)
    for details, _ in (*of_input[:-1], *of_output[:-1]):
        names += find_unread_figures(details, _KNOWN_PARTS, 0, is_usage=True)
    return names


def _find_details(usage: JsonObject, path: str, names: Sequence[str]) -> _CountPlaces:
    """List the places where a part of a count may be: in the details of the count, or next to it."""
    places = [(usage, path)]
    for name in names:
        details = get_optional_object(usage, f"{name}_details", path)
        if details is not None:
            places.insert(0, (details, join_path(path, f"{name}_details")))
    return places


def _read_count(places: _CountPlaces, names: Sequence[str]) -> int:
    """Read a count of tokens under the first of its names that is present; 0 if there is none."""
    for owner, path in places:
        for name in names:
            value = owner.get(name)
            if isinstance(value, float) and value.is_integer():  # as a table that had gaps writes it
                value = int(value)
            if value is not None:
                if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_COUNT:
                    fail(join_path(path, name), f"a whole number from 0 to {_MAX_COUNT:,}", value)
                return value
    return 0


def _read_writes(places: _CountPlaces) -> tuple[int, int]:
    """Read the tokens that were written to the cache, and how many of them stay for 12 hours."""
    short, long = _read_count(places, figure_names.SHORT_WRITE_FIELDS), _read_count(places, figure_names.LONG_WRITE_FIELDS)
    return max(_read_count(places, figure_names.CACHE_WRITE_FIELDS), short + long), long


def _require_part_of(what: str, tokens: int, of: str, all_tokens: int, path: str) -> None:
    if tokens > all_tokens:
        raise BadBody(path, f"at most as many {what} as {of} ({all_tokens:,}), of which they are a part", f"{tokens:,}")


def _read_request_count(value: JsonObject, usage: JsonObject, path: str, *, is_total: bool) -> int:
    if is_total:
        counts = get_optional_object(value, "request_counts", path) or {}
        return _read_count([(counts, join_path(path, "request_counts"))], ("completed",))
    owner = value if _has_request_count(value) else usage
    return _read_count([(owner, path)], figure_names.REQUEST_COUNT_FIELDS) if _has_request_count(owner) else 1


def _has_request_count(value: JsonObject) -> bool:
    return any(value.get(name) is not None for name in figure_names.REQUEST_COUNT_FIELDS)


def _is_batch(value: JsonObject, path: str) -> bool:
    batch = value.get("batch")
    if not isinstance(batch, bool | None):
        fail(join_path(path, "batch"), "true or false", batch)
    return batch is True


def _read_mode(value: JsonObject, path: str) -> str:
    tier = next((get_text(value, key, path) for key in figure_names.TIER_FIELDS if value.get(key)), "").lower()
    return TIER_MODES.get(tier, tier)


def _list_calls(value: JsonObject) -> list[JsonObject]:
    """List what an answer of Responses says it did, without failed calls."""
    output = value.get("output")
    items = output if isinstance(output, list) else []
    return [item for item in items if isinstance(item, dict) and item.get("status") != "failed"]


def _count_priced_calls(value: JsonObject) -> ToolUse:
    """Count the billed calls.

    Of the calls of the web search only searches are billed, not opened pages (OpenAI's guide to web search, as its forum quotes
    it: https://community.openai.com/t/1365861). They count for the preview tool if the answer names that.
    """
    listed, declared = _list_calls(value), value.get("tools")
    types = [tool.get("type") for tool in declared if isinstance(tool, dict)] if isinstance(declared, list) else []
    actions = [call.get("action") for call in listed if call.get("type") == "web_search_call"]
    searches = sum(not isinstance(action, dict) or action.get("type", "search") == "search" for action in actions)
    is_preview = any(isinstance(kind, str) and kind.startswith("web_search_preview") for kind in types)
    return ToolUse(
        web_searches=0 if is_preview else searches,
        web_search_previews=searches if is_preview else 0,
        file_searches=sum(call.get("type") == "file_search_call" for call in listed),
    )


def _list_unpriced_calls(value: JsonObject) -> tuple[str, ...]:
    """List the kinds of calls that have no price per call."""
    kinds = {str(call.get("type")) for call in _list_calls(value)}
    return tuple(sorted(kind for kind in kinds - _KNOWN_CALL_TYPES if kind.endswith("_call")))
