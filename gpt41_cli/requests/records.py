"""The answers in one value of a log: as they are, or inside of what a log puts around them.

Read are answers of Chat Completions and Responses, the events of their streams, lines of Batch output and error files, the batch
object, lists of them, pages of the organization's usage API, and flat records of the same fields.
"""

from __future__ import annotations

from collections.abc import Iterator

from gpt41_cli.requests.answers import (
    AMOUNTS,
    FIGURES,
    MODES,
    Answer,
    Entry,
    Opened,
    Unbilled,
    answer_of,
    has_usage,
    id_of,
    is_cut,
    model_of,
    name_of,
)
from gpt41_cli.requests.days import day_of
from gpt41_cli.requests.fields import BadBody, Json, Object, as_object, join, kind_of, list_at, name_at, optional_object, told

_WRAPPERS = ("response", "body", "result", "data", "completion", "output")
_DEEPEST = 4
_CHUNK = "chat.completion.chunk"
_FINAL = ("response.completed", "response.incomplete", "response.failed")
_TRUE = (True, "true", "True", "TRUE")
_UNFINISHED = ("queued", "in_progress")


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
    elif value.get("cache_hit") in _TRUE:
        yield Unbilled("cache-hit", "an answer from the cache of a proxy, which nobody bills", name_of(value))
    elif has_usage(value) and not _has_answer(value, depth):
        answer = answer_of(value, path)
        yield (
            _failed(value, value)
            if _is_failed(value) and not (answer.usage.input_tokens or answer.usage.output_tokens)
            else answer
        )
    elif kind in ("list", "page", "bucket") or (kind is None and isinstance(value.get("data"), list)):
        yield from _listed(value, path, depth)
    elif kind != "":  # as it is in what Azure says of its content filter in the middle of a stream
        yield from _wrapped(value, path, depth)


def _has_answer(value: Object, depth: int) -> bool:
    """Whether there is an answer with a usage of its own inside, as deep as is read, of which the record has a copy."""
    for _ in range(_DEEPEST - depth):
        inner = next((value[key] for key in _WRAPPERS if isinstance(value.get(key), dict)), None)
        if inner is None or has_usage(inner):
            return inner is not None
        value = inner
    return False


def _chunk(value: Object, path: str) -> Answer | Opened:
    """A part of a stream of Chat Completions. The last one has the usage and no choices; what others have is the usage so far."""
    answer = answer_of(value, path) if has_usage(value) else None
    if answer and not value.get("choices"):
        return answer
    return Opened(name_at(value, "id", path), is_cut(value, path), answer)


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
            if isinstance(found, Answer) and found.day is None:
                yield found._replace(day=day_of(value), id=found.id or _id_of_a_sum(value, each))
            else:
                yield found
    if value.get("has_more") is True:
        yield Unbilled("usage-missing", "a list that says of itself that it has more than this page")


def _id_of_a_sum(bucket: Object, result: Object) -> str | None:
    """What tells a sum of the usage API from every other: its time, and all that it is grouped by. It has no id of its own."""
    start, end = bucket.get("start_time"), bucket.get("end_time")
    if start is None or end is None:
        return None
    groups = sorted((key, str(each)) for key, each in result.items() if key not in FIGURES and isinstance(each, str | bool))
    return str((start, end, groups))


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
            named = found if found.custom_id else found._replace(custom_id=name_of(value))
            if isinstance(named, Answer):
                model, day = named.model or model_of(value, path), named.day or day_of(value)
                named = named._replace(model=model, day=day, mode="batch" if is_batch else named.mode)
                named = _beside_its_copy(named, value, path) if has_usage(value) else named
            yield named
        for other, beside in value.items():
            if other != key and isinstance(beside, dict) and isinstance(beside.get("usage"), dict) and id_of(beside):
                yield from _read(beside, join(path, other), depth + 1)


def _beside_its_copy(answer: Answer, value: Object, path: str) -> Answer:
    """An answer around which a record says its figures again: what only the record says is taken from it."""
    copy = answer_of(value, path)
    if answer.mode == MODES[""]:
        answer = answer._replace(mode=copy.mode)
    if (copy.usage.input_tokens, copy.usage.output_tokens) != (answer.usage.input_tokens, answer.usage.output_tokens):
        return answer._replace(doubts=(*answer.doubts, "in a record that says other figures of it: priced are its own"))
    return answer


def _is_failed(value: Object) -> bool:
    return value.get("status") in ("failed", "failure")


def _none(value: Object) -> Unbilled:
    if value.get("error") or _is_failed(value):
        return _failed(value, value)
    amount = next((key for key in AMOUNTS if value.get(key) is not None), None)
    is_request = isinstance(value.get("messages"), list) or ("input" in value and "model" in value)
    found = "a request, which --requests takes" if is_request else f"{amount} alone" if amount else "none"
    return Unbilled("usage-missing", f"expected an answer with its tokens, found {found}", name_of(value), id_of(value))


def _failed(value: Object, outer: Object) -> Unbilled:
    """An answer that never came. Its message is not repeated: it may quote the prompt."""
    body = value.get("body")
    error = value.get("error") or (body.get("error") if isinstance(body, dict) else None)
    code = (error.get("code") or error.get("type")) if isinstance(error, dict) else None
    status = value.get("status_code")
    said = [f"status {status}"] if isinstance(status, int) else []
    said += [told(code)] if isinstance(code, str) else []
    return Unbilled("answer-failed", f"the request failed{': ' if said else ''}{', '.join(said)}", name_of(outer), id_of(value))
