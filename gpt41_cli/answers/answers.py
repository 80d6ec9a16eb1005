"""What the API reports of an answer: the tokens it bills, by which model and in which mode, read from one object.

That is an answer of Chat Completions or Responses, a batch object, a result of the organization's usage API, or a flat record of
the same fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple, TypeAlias

from gpt41_cli.answers import tool_calls as calls
from gpt41_cli.answers.days import DAYS, day_of
from gpt41_cli.answers.unread import unread_figures
from gpt41_cli.files.documents import object_in
from gpt41_cli.files.fields import BadBody, Json, Object, fail, join, list_at, optional_object, text_at
from gpt41_cli.pricing import NO_TOOLS, Tools, Usage

INPUT = ("input_tokens", "prompt_tokens")
OUTPUT = ("output_tokens", "completion_tokens")
CACHED = (
    "cached_tokens",
    "input_cached_tokens",
    "cached_input_tokens",
    "prompt_tokens_cached",
    "cached_prompt_tokens",
    "prompt_cached_tokens",
    "cache_read_input_tokens",
    "input_cache_read_tokens",
    "prompt_cache_read_tokens",
    "cache_read_tokens",
)
CACHE_WRITE = (
    "cache_write_tokens",
    "input_cache_write_tokens",
    "cache_creation_input_tokens",
    "prompt_cache_write_tokens",
)
OF_OUTPUT = ("reasoning_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens")
REQUESTS = ("requests", "num_model_requests")
TOTAL = "total_tokens"
FIGURES = (*INPUT, *OUTPUT, TOTAL, *CACHED, *CACHE_WRITE, *OF_OUTPUT, *REQUESTS)
"""Every name that a log gives to a count; of several names for one thing, a record has one."""

TIERS = ("mode", "service_tier")
MODELS = ("model", "response_model", "model_name")
NAMES = (
    "id",
    "custom_id",
    *MODELS,
    "batch",
    "status",
    "finish_reason",
    "currency",
    "cache_hit",
    "request_id",
    "metadata",
    "run_type",
)
AMOUNTS = ("cost", "cost_usd", "total_cost", "response_cost", "amount", "amount_usd", "amount_value", "price", "total_usd")
"""What a log may say of a price: it is no report of usage, and is not read."""

MODES: Mapping[str, str] = {"": "standard", "auto": "standard", "default": "standard", "fast": "priority"}
_KNOWN = frozenset((*FIGURES, *NAMES))
_MOST = 10**15 - 1
_IDS = ("chatcmpl-", "resp_")
_AUDIO = ("audio_tokens", "input_audio_tokens", "output_audio_tokens")


class Answer(NamedTuple):
    """An answer that reported its usage, or a sum of several where the log holds only that; None is not said.

    `id` is that of the answer; of a sum, its time and what it is grouped by. `usage` is as it is billed: cached tokens are a part
    of the input; reasoning tokens and those of a prediction, rejected ones included, are a part of the output (the field
    descriptions of CompletionUsage in OpenAI's SDK 3.54.0). `mode` is that of the answer, or the name of a service tier that is
    none. `is_cut`: it ended at its maximum. `is_total`: it is a batch object; `is_sum`: it says of how many it is one.
    `currency` is what the log says beside it of prices, which are not read. Its output is that of all `choices`. `tools` are the
    calls of built-in tools that it lists and that have a price by the call, `other_calls` the kinds of those that have none.
    `doubts`: what does not fit together in it.
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
    is_cut: bool = False
    is_total: bool = False
    is_sum: bool = False
    currency: str | None = None
    choices: int = 1
    tools: Tools = NO_TOOLS
    other_calls: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


class Unbilled(NamedTuple):
    """Something in a log that has no usage to price: a rule id, and why; `id` is that of the answer, where one is named."""

    rule: str
    message: str
    custom_id: str | None = None
    id: str | None = None


class Opened(NamedTuple):
    """An answer before its usage, by its id: a part of a stream, or one that was looked at while it was made.

    `so_far` is the usage up to that part, which some servers report in each of them.
    """

    id: str
    is_cut: bool = False
    so_far: Answer | None = None


Entry: TypeAlias = "Answer | Unbilled | Opened"
_Places: TypeAlias = Sequence[tuple[Object, str]]
"""Objects in which a count may stand, with their paths: those for its details first, last the usage itself."""


def has_usage(value: Object) -> bool:
    """Whether there is a count of input, in a usage or in the record itself."""
    return _has_input(_usage(value, "")[0])


def counts_of(value: Object) -> tuple[Json, Json]:
    """Its tokens of input and of output, as they are written."""
    usage, _ = _usage(value, "")
    first, second = ([usage[key] for key in names if usage.get(key) is not None] for names in (INPUT, OUTPUT))
    return first[0] if first else None, second[0] if second else None


def _has_input(usage: Object) -> bool:
    name, other = INPUT  # asked of every object that is read: a loop would take twice the time
    return usage.get(name) is not None or usage.get(other) is not None


def _usage(value: Object, path: str) -> tuple[Object, str]:
    """Where the figures of a record stand: in its `usage`; in the whole one that LiteLLM keeps beside two counts; in itself."""
    if isinstance(value.get("usage"), dict):
        return value["usage"], join(path, "usage")
    metadata = value.get("metadata")
    if isinstance(metadata, str):
        metadata = object_in(metadata, "usage_object")
    usage = metadata.get("usage_object") if isinstance(metadata, dict) else None
    if isinstance(usage, dict) and _has_input(usage):
        return usage, join(path, "metadata.usage_object")
    return value, path


def name_of(value: Object) -> str | None:
    """The custom_id, where there is one."""
    name = value.get("custom_id")
    return name if isinstance(name, str) and name else None


def id_of(value: Object) -> str | None:
    """The id of an answer; a number is that of a row. What is called that of a request is one where it looks like it."""
    name, of_request = value.get("id"), value.get("request_id")
    if isinstance(name, str) and name and not name.isdigit():
        return name
    return of_request if isinstance(of_request, str) and of_request.startswith(_IDS) else None


def answer_of(value: Object, path: str) -> Answer:
    """The answer in an object with a `usage`, or in a flat record."""
    usage, at = _usage(value, path)
    of_input, of_output = _details(usage, at, INPUT), _details(usage, at, OUTPUT)
    input_tokens, output_tokens = _figure([(usage, at)], INPUT), _figure([(usage, at)], OUTPUT)
    cached, written = _figure(of_input, CACHED), _figure(of_input, CACHE_WRITE)
    reasoning, accepted, rejected = (_figure(of_output, (name,)) for name in OF_OUTPUT)
    _hold("cached and cache-write tokens" if written else "cached tokens", cached + written, "input tokens", input_tokens, at)
    for name, tokens in zip(OF_OUTPUT, (reasoning, accepted, rejected), strict=True):
        _hold(name.replace("_", " "), tokens, "output tokens", output_tokens, at)
    is_total = value.get("object") == "batch"
    return Answer(
        Usage(_requests(value, path, is_total=is_total), input_tokens, cached, output_tokens),
        id_of(value),
        name_of(value),
        model_of(value, path),
        "batch" if is_total or _is_batch(value, path) else _mode(value, path),
        day_of(value),
        reasoning,
        accepted,
        rejected,
        cache_write_tokens=written,
        is_cut=is_cut(value, path),
        is_total=is_total,
        is_sum=not is_total and _names_requests(value),
        currency=text_at(value, "currency", path).upper() or None,
        choices=len(list_at(value, "choices", path)) or 1,
        tools=calls.with_a_price(value),
        other_calls=calls.others(value),
        doubts=tuple(_doubts(value, of_input, of_output, input_tokens + output_tokens)),
    )


def model_of(value: Object, path: str) -> str | None:
    """The model; gateways put the name of its provider before it."""
    named = text_at(value, "model", path) or next(
        (value[key] for key in MODELS if value.get(key) and isinstance(value[key], str)), ""
    )
    return named.removeprefix("azure/").removeprefix("openai/") or None


def of_costs(amount: str) -> str:
    """What to do where only an amount is found, by the name that OpenAI's export of costs gives it."""
    return ": export the usage, not the costs" if amount.startswith("amount") else ""


def is_cut(value: Object, path: str) -> bool:
    """Whether it ended because it was as long as it was allowed to be."""
    if value.get("status") == "incomplete" or value.get("finish_reason") == "length":
        return True
    choices = list_at(value, "choices", path)
    return any(isinstance(choice, dict) and choice.get("finish_reason") == "length" for choice in choices)


def _doubts(value: Object, of_input: _Places, of_output: _Places, tokens: int) -> Iterator[str]:
    """What does not fit together in an answer, as words behind "an answer", without its figures: equal doubts are told once."""
    (usage, _) = of_output[-1]
    sum_ = usage.get(TOTAL)
    if sum_ != tokens and all(usage.get(name) is None for name in OUTPUT):
        yield "that says nothing of its output tokens: priced as none"
    elif sum_ not in (None, tokens):
        yield f"whose {TOTAL} are not the sum of its input and output tokens, which are priced"
    for places, names in ((of_input[-1:], INPUT), (of_output[-1:], OUTPUT), (of_input, CACHED), (of_input, CACHE_WRITE)):
        said = {owner[name] for owner, _ in places for name in names if owner.get(name) is not None}
        if len(said) > 1:
            there = [name for name in names if any(owner.get(name) is not None for owner, _ in places)]
            first = f"the first of {', '.join(there)}" if there[1:] else "that of the details"
            yield f"that says its {names[0]} twice, not alike: priced is {first}"
    if any(owner.get(name) for owner, _ in (*of_input, *of_output) for name in _AUDIO):
        yield "with audio tokens: priced as those of text"
    if "batch" in value and value["batch"] is None and not any(value.get(key) for key in TIERS):
        yield "that does not say whether it was in batch: priced in standard"
    if usage is value and (unread := unread_figures(value, _KNOWN, tokens)):
        yield f"with figures that are not read, though they may change its price: {', '.join(unread)}"
    if day_of(value) is None and any(value.get(key) for key in DAYS):
        yield "whose time cannot be read: priced as if it said none"


def _details(usage: Object, path: str, names: Sequence[str]) -> _Places:
    """Where a part of a count may stand: in the details of the count, or beside it."""
    found = [(usage, path)]
    for name in names:
        details = optional_object(usage, f"{name}_details", path)
        if details is not None:
            found.insert(0, (details, join(path, f"{name}_details")))
    return found


def _figure(places: _Places, names: Sequence[str]) -> int:
    """A count of tokens by any of its names, where it first stands; 0 where it is not said."""
    for owner, path in places:
        for name in names:
            value = owner.get(name)
            if isinstance(value, float) and value.is_integer():  # as a table that had gaps writes it
                value = int(value)
            if value is not None:
                if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MOST:
                    fail(join(path, name), f"a whole number from 0 to {_MOST:,}", value)
                return value
    return 0


def _hold(what: str, tokens: int, of: str, all_tokens: int, path: str) -> None:
    if tokens > all_tokens:
        where = f"{path}: " if path else ""
        raise BadBody(
            f"{where}expected at most as many {what} as {of} ({all_tokens:,}), of which they are a part, found {tokens:,}"
        )


def _requests(value: Object, path: str, *, is_total: bool) -> int:
    if is_total:
        counts = optional_object(value, "request_counts", path) or {}
        return _figure([(counts, join(path, "request_counts"))], ("completed",))
    return _figure([(value, path)], REQUESTS) if _names_requests(value) else 1


def _names_requests(value: Object) -> bool:
    return any(value.get(name) is not None for name in REQUESTS)


def _is_batch(value: Object, path: str) -> bool:
    found = value.get("batch")
    if not isinstance(found, bool | None):
        fail(join(path, "batch"), "true or false", found)
    return found is True


def _mode(value: Object, path: str) -> str:
    tier = next((text_at(value, key, path) for key in TIERS if value.get(key)), "").lower()
    return MODES.get(tier, tier)
