"""The answers in one value of a log: as they are, or inside of what a log puts around them.

Read are answers of Chat Completions and Responses, the events of their streams, lines of Batch output and error files, the batch
object, lists of them, pages of the organization's usage API, and flat records of the same fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from gpt41_cli.answers.answers import (
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
    of_costs,
)
from gpt41_cli.answers.days import day_of
from gpt41_cli.answers.inside import DEEPEST, WRAPPERS, Inner, answers_inside, named_inside, usage_inside
from gpt41_cli.files.fields import BadBody, Json, Object, as_object, join, kind_of, list_at, name_at, optional_object, told

_CHUNK = "chat.completion.chunk"
_FINAL = ("response.completed", "response.incomplete", "response.failed")
_FAILED = 400
_NAMED = 5
_TELLING = frozenset(("object", "type", "error", "status", "status_code", "messages", "input", "results", *WRAPPERS))
"""What says of an object that it is an answer, a request or a list, or why it is none; of others there is nothing to tell."""
_TRUE = ("true", "1", "t", "yes")
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
    if depth > DEEPEST:
        yield _none(value)
    elif isinstance(event, str) and (event.startswith("response.") or event == "error"):
        yield from _event(value, event, path, depth)
    elif kind == _CHUNK:
        yield _chunk(value, path)
    elif kind == "response" and value.get("status") in _UNFINISHED:
        yield Opened(name_at(value, "id", path))
    elif unbilled := _unbilled(value):
        yield unbilled
    elif inner := answers_inside(value, depth):
        yield from _wrapped(value, inner, path, depth)
    elif has_usage(value):
        yield from _own(value, path)
    elif kind in ("list", "page", "bucket") or (kind is None and isinstance(value.get("data"), list)):
        yield from _listed(value, path, depth)
    elif kind != "":  # as it is in what Azure says of its content filter in the middle of a stream
        yield from _wrapped(value, _best_inside(value), path, depth)


def _unbilled(value: Object) -> Unbilled | None:
    """Why a record is of nothing that OpenAI bills, where a logger or a proxy says so."""
    run = value.get("run_type")
    if isinstance(run, str) and run != "llm":
        return Unbilled("not-a-call", f"a run of kind {told(run)}: calls of models are runs of their own", name_of(value))
    if str(value.get("cache_hit")).lower() in _TRUE:
        return Unbilled("cache-hit", "an answer from the cache of a proxy, which nobody bills", name_of(value))
    return None


def _own(value: Object, path: str) -> Iterator[Answer | Unbilled]:
    """The answer that a record itself is; nothing for the sum of a time in which there was none."""
    answer = answer_of(value, path)
    is_nothing = not (answer.usage.input_tokens or answer.usage.output_tokens)
    if is_nothing and _is_failed(value):
        yield _failed(value, value)
    elif not is_nothing or answer.usage.requests or answer.model:
        yield answer


def _best_inside(value: Object) -> list[Inner]:
    """Where no answer is inside: what failed there, or the only usage, or what is told behind a known name."""
    named = named_inside(value)
    if len(named) == 1 and _TELLING.isdisjoint(named[0].value):
        named = []
    return named if named and _status(named[0].value) >= _FAILED else usage_inside(value) or named


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


def _wrapped(value: Object, inside: list[Inner], path: str, depth: int) -> Iterator[Entry]:
    """An answer inside of what a log or a Batch file puts around it, which may name its request, model and time, and copy its
    usage; and other answers that stand in there.
    """
    if not inside:
        yield _none(value)
        return
    first, *others = inside
    if _status(first.value) >= _FAILED:
        yield _failed(first.value, value)
    else:
        for found in _read(first.value, join(path, first.path), depth + 1):
            yield found if isinstance(found, Opened) else _named(found, value, path)
    for other in others:
        yield from _read(other.value, join(path, other.path), depth + 1)


def _named(found: Answer | Unbilled, value: Object, path: str) -> Answer | Unbilled:
    """What is found in a record, with all that only the record says of it."""
    found = found if found.custom_id else found._replace(custom_id=name_of(value))
    if isinstance(found, Unbilled):
        return found
    mode = "batch" if _is_batch_line(value) or value.get("batch") is True else found.mode
    found = found._replace(model=found.model or model_of(value, path), day=found.day or day_of(value), mode=mode)
    return _beside_its_copy(found, value, path) if has_usage(value) else found


def _is_batch_line(value: Object) -> bool:
    response = value.get("response")
    return "custom_id" in value and isinstance(response, dict) and response.get("status_code") is not None


def _status(value: Object) -> int:
    """The status that a logger of HTTP writes down; 0 where there is none."""
    status = value.get("status_code")
    return status if isinstance(status, int) else 0


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
    if isinstance(value.get("messages"), list) or ("input" in value and "model" in value):
        what = ", found a request, which --requests takes"
    elif amount:
        what = f", found {amount} alone{of_costs(amount)}"
    else:
        names = ", ".join(told(key) for key in islice(value, _NAMED)) + ", ..." * (len(value) > _NAMED)
        what = f" (a usage, or input_tokens and output_tokens), found none{f' among {names}' if names else ''}"
    return Unbilled("usage-missing", f"expected an answer with its tokens{what}", name_of(value), id_of(value))


def _failed(value: Object, outer: Object) -> Unbilled:
    """An answer that never came. Its message is not repeated: it may quote the prompt."""
    body = value.get("body")
    error = value.get("error") or (body.get("error") if isinstance(body, dict) else None)
    code = (error.get("code") or error.get("type")) if isinstance(error, dict) else None
    status = value.get("status_code")
    said = [f"status {status}"] if isinstance(status, int) else []
    said += [told(code)] if isinstance(code, str) else []
    return Unbilled("answer-failed", f"the request failed{': ' if said else ''}{', '.join(said)}", name_of(outer), id_of(value))
