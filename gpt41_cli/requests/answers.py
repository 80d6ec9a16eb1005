"""What the API reports of an answer: the tokens it bills, by which model and in which mode, read from one value of a log.

Read are answers of Chat Completions and Responses, the events of their streams, lines of Batch output and error files, the batch
object, lists of them, pages of the organization's usage API, and flat records of the same fields, also inside of what a log puts
around them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import NamedTuple, TypeAlias

from gpt41_cli.pricing import NO_TOOLS, Tools, Usage
from gpt41_cli.requests import calls
from gpt41_cli.requests.fields import (
    BadBody,
    Json,
    Object,
    as_object,
    fail,
    join,
    kind_of,
    list_at,
    name_at,
    optional_object,
    text_at,
    told,
)

INPUT = ("input_tokens", "prompt_tokens")
OUTPUT = ("output_tokens", "completion_tokens")
CACHED = ("cached_tokens", "input_cached_tokens", "cached_input_tokens")
CACHE_WRITE = ("cache_write_tokens", "input_cache_write_tokens")
OF_OUTPUT = ("reasoning_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens")
REQUESTS = ("requests", "num_model_requests")
TOTAL = "total_tokens"
FIGURES = (*INPUT, *OUTPUT, TOTAL, *CACHED, *CACHE_WRITE, *OF_OUTPUT, *REQUESTS)
"""Every name that a log gives to a count; of several names for one thing, a record has one."""

DAYS = ("created", "created_at", "completed_at", "start_time", "start_time_iso", "timestamp", "date", "day")
TIERS = ("mode", "service_tier")
NAMES = ("id", "custom_id", "model", "batch", "status", "finish_reason", "currency")
AMOUNTS = ("cost", "cost_usd", "total_cost", "response_cost", "amount", "amount_usd", "amount_value", "price", "total_usd")
"""What a log may say of a price: it is no report of usage, and is not read."""

_MODES: Mapping[str, str] = {"": "standard", "auto": "standard", "default": "standard", "fast": "priority"}
_WRAPPERS = ("response", "body", "result", "data", "completion", "output")
_DEEPEST = 4
_MOST = 10**15 - 1
_LATEST_SECONDS = 10**11
_AUDIO = ("audio_tokens", "input_audio_tokens", "output_audio_tokens")
_CHUNK = "chat.completion.chunk"
_FINAL = ("response.completed", "response.incomplete", "response.failed")
_UNFINISHED = ("queued", "in_progress")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SECONDS = re.compile(r"(\d{1,19})(\.\d+)?", re.ASCII)


class Answer(NamedTuple):
    """An answer that reported its usage, or a sum of several where the log holds only that; None is not said.

    `usage` is as it is billed: cached tokens are a part of the input; reasoning tokens and those of a prediction, rejected ones
    included, are a part of the output (the field descriptions of CompletionUsage in OpenAI's SDK 3.54.0). `mode` is that of the
    answer, or the name of a service tier that is none. `is_cut`: it ended at its maximum. `is_total`: it is a batch object.
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


def read(value: Json) -> Iterator[Entry]:
    """What one value of a log reports; nothing for an event in the middle of a stream. BadBody where a figure cannot be."""
    values = value if isinstance(value, list) else [value]
    for each in values:
        if not isinstance(each, dict):
            raise BadBody(f"expected an answer of the API, or a record of its usage, found {kind_of(each)}")
        yield from _read(each, "", 0)


def _read(value: Object, path: str, depth: int) -> Iterator[Entry]:
    kind, event = value.get("object"), value.get("type")
    if depth > _DEEPEST:
        yield _none(value)
    elif isinstance(event, str) and (event.startswith("response.") or event == "error"):
        yield from _event(value, event, path, depth)
    elif kind == _CHUNK:
        yield _chunk(value, path)
    elif kind == "response" and value.get("status") in _UNFINISHED:
        yield Opened(name_at(value, "id", path))
    elif _has_usage(value) and not _has_answer(value, depth):
        yield _answer(value, path)
    elif kind in ("list", "page", "bucket") or (kind is None and isinstance(value.get("data"), list)):
        yield from _listed(value, path, depth)
    elif kind != "":  # as it is in what Azure says of its content filter in the middle of a stream
        yield from _wrapped(value, path, depth)


def _has_usage(value: Object) -> bool:
    """Whether there is a count of input, in a `usage` or in the record itself."""
    usage = value.get("usage")
    owner = usage if isinstance(usage, dict) else value
    return any(owner.get(key) is not None for key in INPUT)


def _has_answer(value: Object, depth: int) -> bool:
    """Whether there is an answer with a usage of its own inside, as deep as is read, of which the record has a copy."""
    for _ in range(_DEEPEST - depth):
        inner = next((value[key] for key in _WRAPPERS if isinstance(value.get(key), dict)), None)
        if inner is None or _has_usage(inner):
            return inner is not None
        value = inner
    return False


def _chunk(value: Object, path: str) -> Answer | Opened:
    """A part of a stream of Chat Completions. The last one has the usage and no choices; what others have is the usage so far."""
    answer = _answer(value, path) if _has_usage(value) else None
    if answer and not value.get("choices"):
        return answer
    return Opened(name_at(value, "id", path), _is_cut(value, path), answer)


def _event(value: Object, event: str, path: str, depth: int) -> Iterator[Entry]:
    """Of the events of a stream of Responses, the last one has the usage."""
    answer = optional_object(value, "response", path)
    if event == "error":
        yield _failed({"error": value}, value)
    elif answer is not None and event in _FINAL:
        yield from _read(answer, join(path, "response"), depth + 1)
    elif answer is not None:
        yield Opened(name_at(answer, "id", join(path, "response")))


def _listed(value: Object, path: str, depth: int) -> Iterator[Entry]:
    """The answers or batches of a list; the sums of a page of the usage API, on the day of their bucket."""
    key = "results" if value.get("object") == "bucket" else "data"
    for index, each in enumerate(list_at(value, key, path)):
        place = f"{join(path, key)}[{index}]"
        for found in _read(as_object(each, place), place, depth + 1):
            yield found._replace(day=_day(value)) if isinstance(found, Answer) and found.day is None else found
    if value.get("has_more") is True:
        yield Unbilled("usage-missing", "a list that says of itself that it has more than this page")


def _wrapped(value: Object, path: str, depth: int) -> Iterator[Entry]:
    """An answer inside of what a log or a Batch file puts around it, which may name its request, model and time, and copy its
    usage; and answers with an id that stand beside it.
    """
    key = next((key for key in _WRAPPERS if isinstance(value.get(key), dict)), None)
    status = value[key].get("status_code") if key else None
    if key is None:
        yield _none(value)
    elif isinstance(status, int) and status >= 400:
        yield _failed(value[key], value)
    else:
        is_batch = key == "response" and status is not None and "custom_id" in value
        for found in _read(value[key], join(path, key), depth + 1):
            if isinstance(found, Opened):
                yield found
                continue
            named = found if found.custom_id else found._replace(custom_id=_name(value))
            if isinstance(named, Answer):
                model, day = named.model or _model(value, path), named.day or _day(value)
                named = named._replace(model=model, day=day, mode="batch" if is_batch else named.mode)
                named = _beside_its_copy(named, value, path) if _has_usage(value) else named
            yield named
        for other, beside in value.items():
            if other != key and isinstance(beside, dict) and isinstance(beside.get("usage"), dict) and _id(beside):
                yield from _read(beside, join(path, other), depth + 1)


def _beside_its_copy(answer: Answer, value: Object, path: str) -> Answer:
    """An answer around which a record says its figures again: what only the record says is taken from it."""
    copy = _answer(value, path)
    if answer.mode == _MODES[""]:
        answer = answer._replace(mode=copy.mode)
    if (copy.usage.input_tokens, copy.usage.output_tokens) != (answer.usage.input_tokens, answer.usage.output_tokens):
        return answer._replace(doubts=(*answer.doubts, "in a record that says other figures of it: priced are its own"))
    return answer


def _none(value: Object) -> Unbilled:
    if value.get("error") or value.get("status") == "failed":
        return _failed(value, value)
    amount = next((key for key in AMOUNTS if value.get(key) is not None), None)
    is_request = isinstance(value.get("messages"), list) or ("input" in value and "model" in value)
    found = "a request, which --requests takes" if is_request else f"{amount} alone" if amount else "none"
    return Unbilled("usage-missing", f"expected an answer with its tokens, found {found}", _name(value), _id(value))


def _failed(value: Object, outer: Object) -> Unbilled:
    """An answer that never came. Its message is not repeated: it may quote the prompt."""
    body = value.get("body")
    error = value.get("error") or (body.get("error") if isinstance(body, dict) else None)
    code = (error.get("code") or error.get("type")) if isinstance(error, dict) else None
    status = value.get("status_code")
    said = [f"status {status}"] if isinstance(status, int) else []
    said += [told(code)] if isinstance(code, str) else []
    return Unbilled("answer-failed", f"the request failed{': ' if said else ''}{', '.join(said)}", _name(outer), _id(value))


def _name(value: Object) -> str | None:
    name = value.get("custom_id")
    return name if isinstance(name, str) and name else None


def _id(value: Object) -> str | None:
    """The id of an answer; a number is that of a row."""
    name = value.get("id")
    return name if isinstance(name, str) and name and not name.isdigit() else None


def _answer(value: Object, path: str) -> Answer:
    """The answer in an object with a `usage`, or in a flat record."""
    usage, at = (value["usage"], join(path, "usage")) if isinstance(value.get("usage"), dict) else (value, path)
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
        _id(value),
        _name(value),
        _model(value, path),
        "batch" if is_total or _is_batch(value, path) else _mode(value, path),
        _day(value),
        reasoning,
        accepted,
        rejected,
        cache_write_tokens=written,
        is_cut=_is_cut(value, path),
        is_total=is_total,
        currency=text_at(value, "currency", path).upper() or None,
        choices=len(list_at(value, "choices", path)) or 1,
        tools=calls.with_a_price(value),
        other_calls=calls.others(value),
        doubts=tuple(_doubts(value, of_input, of_output, input_tokens + output_tokens)),
    )


def _model(value: Object, path: str) -> str | None:
    """The model; gateways put the name of its provider before it."""
    return text_at(value, "model", path).removeprefix("openai/") or None


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
            yield f"that says its {names[0]} twice, not alike: priced is the first of {', '.join(names)}"
    if any(owner.get(name) for owner, _ in (*of_input, *of_output) for name in _AUDIO):
        yield "with audio tokens: priced as those of text"
    if "batch" in value and value["batch"] is None and not any(value.get(key) for key in TIERS):
        yield "that does not say whether it was in batch: priced in standard"
    if _day(value) is None and any(value.get(key) for key in DAYS):
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
    named = any(value.get(name) is not None for name in REQUESTS)
    return _figure([(value, path)], REQUESTS) if named else 1


def _is_batch(value: Object, path: str) -> bool:
    found = value.get("batch")
    if not isinstance(found, bool | None):
        fail(join(path, "batch"), "true or false", found)
    return found is True


def _mode(value: Object, path: str) -> str:
    tier = next((text_at(value, key, path) for key in TIERS if value.get(key)), "").lower()
    return _MODES.get(tier, tier)


def _is_cut(value: Object, path: str) -> bool:
    if value.get("status") == "incomplete" or value.get("finish_reason") == "length":
        return True
    choices = list_at(value, "choices", path)
    return any(isinstance(choice, dict) and choice.get("finish_reason") == "length" for choice in choices)


def _day(value: Object) -> date | None:
    """The day in UTC of the first time that can be read as one: ISO 8601, or seconds since 1970 or a thousandth of them, or of
    those, down to nanoseconds.
    """
    for key in DAYS:
        if (found := _time(value.get(key))) is not None:
            return found
    return None


def _time(value: Json) -> date | None:
    if isinstance(value, str) and (digits := _SECONDS.fullmatch(value)):
        value = int(digits[1])
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            for _ in range(3):
                value = value // 1000 if value > _LATEST_SECONDS else value
            return datetime.fromtimestamp(value, UTC).date() if value > 0 else None
        if isinstance(value, str) and _DAY.match(value):
            time = datetime.fromisoformat(value)
            return (time.astimezone(UTC) if time.tzinfo else time).date()
    except (ValueError, OverflowError, OSError):
        pass
    return None
