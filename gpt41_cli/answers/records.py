"""Read the answers in one value of a log, as they are or wrapped in what the log adds.

It reads answers of Chat Completions and Responses, the events of their streams, lines of Batch output and error files, batch
objects, lists of them, pages of the organization's usage API, and flat records of the same fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from gpt41_cli import rules
from gpt41_cli.answers.answers import (
    AMOUNT_FIELDS,
    BATCH,
    TIER_MODES,
    Answer,
    LogEntry,
    StreamPart,
    get_answer_id,
    get_custom_id,
    is_cut_off,
    list_answer_models,
    read_answer,
    read_answer_day,
    suggest_usage_export,
)
from gpt41_cli.answers.containers import EVAL_ITEM, list_contained_records, spread_attributes
from gpt41_cli.answers.days import read_day
from gpt41_cli.answers.figure_names import COUNT_FIELDS, MODEL_FIELDS
from gpt41_cli.answers.inside import (
    MAX_ANSWERS,
    MAX_DEPTH,
    WRAPPER_FIELDS,
    InnerObject,
    find_inner_answers,
    find_only_usage,
    find_wrapped_objects,
)
from gpt41_cli.answers.labels import LabelReader
from gpt41_cli.answers.spans import read_span
from gpt41_cli.answers.usage import has_usage
from gpt41_cli.files import fields
from gpt41_cli.files.fields import BadBody, JsonObject, JsonValue
from gpt41_cli.findings import Finding
from gpt41_cli.requests.kinds import SIZES, find_sizes
from gpt41_cli.rules import Level

_CHUNK_OBJECT = "chat.completion.chunk"
_LIST_OBJECTS = ("list", "page", "bucket")
_FINAL_EVENTS = ("response.completed", "response.incomplete", "response.failed")
_MIN_FAILED_STATUS = 400
_MAX_NAMED_KEYS = 5
_TELLING_FIELDS = frozenset(("object", "type", "error", "status", "status_code", "messages", "input", "results", *WRAPPER_FIELDS))
"""Fields that show that an object is an answer, a request or a list, or why it isn't one."""
_TRUE_WORDS = ("true", "1", "t", "yes")
_UNFINISHED_STATUSES = ("queued", "in_progress")


def read_entries(value: JsonValue, labels: LabelReader | None = None) -> Iterator[LogEntry]:
    """Yield what one value of a log reports; nothing for an event inside a stream. A record with impossible figures is a BadBody,
    and hides no other. With `labels`, answers have their labels.
    """
    values = value if isinstance(value, list) else [value]
    for item in values:
        if isinstance(item, dict):
            yield from _read_record(item, "", 0, labels)
        else:
            yield BadBody(expected="an answer of the API, or a record of its usage", found=fields.describe_kind(item))


def _read_record(value: JsonObject, path: str, depth: int, labels: LabelReader | None) -> Iterator[LogEntry]:
    """Read a record at a depth inside another. A field that an inner record lacks is taken from the outer one."""
    for entry in _read_any_record(value, path, depth, labels):
        yield labels.add_labels(entry, value) if labels and isinstance(entry, Answer) else entry


def _read_any_record(value: JsonObject, path: str, depth: int, labels: LabelReader | None) -> Iterator[LogEntry]:
    if depth > MAX_DEPTH:
        yield _explain_no_usage(value)
        return
    try:
        contained = list_contained_records(value) if value.get("object") in (None, EVAL_ITEM) else ()
        for record in contained:
            yield from _read_record(record.value, fields.join_path(path, record.path), depth + 1, labels)
        if not contained:
            yield from _read_span_or_answer(value, path, depth, labels)
    except BadBody as error:
        yield error


def _read_span_or_answer(value: JsonObject, path: str, depth: int, labels: LabelReader | None) -> Iterator[LogEntry]:
    """Read a record that has no others in it: the answers in it belong to its span, if it is one."""
    span = read_span(value)
    if span:
        yield span
    for entry in _read_by_kind(spread_attributes(value), path, depth, labels):
        if span and isinstance(entry, Answer):
            yield entry._replace(span_id=span.id)
        elif span and isinstance(entry, Finding) and entry.rule is rules.USAGE_MISSING and _names_no_model(value):
            message = "a span without a model and without tokens: calls to models have their own spans"
            yield Finding(rules.NOT_A_CALL, message, Level.NOTICE)
        else:
            yield entry


def _names_no_model(value: JsonObject) -> bool:
    attributes = value.get("attributes")
    owners = (value, attributes if isinstance(attributes, dict) else {})
    return not any(owner.get(name) for owner in owners for name in MODEL_FIELDS)


def _read_by_kind(value: JsonObject, path: str, depth: int, labels: LabelReader | None) -> Iterator[LogEntry]:
    kind, event = value.get("object"), value.get("type")
    if isinstance(event, str) and (event.startswith("response.") or event == "error"):
        yield from _read_event(value, event, path, depth, labels)
    elif kind == _CHUNK_OBJECT:
        yield _read_chunk(value, path)
    elif kind == "response" and value.get("status") in _UNFINISHED_STATUSES:
        yield StreamPart(fields.get_name(value, "id", path))
    elif unbilled := _find_unbilled_reason(value):
        yield unbilled
    elif kind in _LIST_OBJECTS and not has_usage(value):
        yield from _read_list(value, path, depth, labels)
    elif inner := find_inner_answers(value, depth):
        yield from _read_wrapped(value, inner, path, depth, labels)
    elif has_usage(value):
        yield from _read_own_answer(value, path)
    elif kind is None and isinstance(value.get("data"), list):
        yield from _read_list(value, path, depth, labels)
    elif kind != "":  # as it is in what Azure says of its content filter in the middle of a stream
        yield from _read_wrapped(value, _find_best_inside(value), path, depth, labels)


def _find_unbilled_reason(value: JsonObject) -> Finding | None:
    """Return why OpenAI doesn't bill a record, if a logger or proxy says so."""
    run = value.get("run_type")
    if isinstance(run, str) and run != "llm":
        return Finding(rules.NOT_A_CALL, f"a run of kind {fields.redact(run)}: calls to models have their own runs")
    kind = value.get("openinference.span.kind")
    if isinstance(kind, str) and kind.upper() != "LLM":
        return Finding(rules.NOT_A_CALL, f"a span of kind {fields.redact(kind)}: calls to models have their own spans")
    if str(value.get("cache_hit")).lower() in _TRUE_WORDS:
        return Finding(rules.CACHE_HIT, "an answer from the cache of a proxy, which nobody bills")
    return None


def _read_own_answer(value: JsonObject, path: str) -> Iterator[Answer | Finding]:
    """Read the answer that a record itself is; nothing for the sum of a time without answers."""
    answer = read_answer(value, path)
    is_nothing = not (answer.usage.input_tokens or answer.usage.output_tokens)
    if is_nothing and _is_failed(value):
        yield _describe_failure(value)
    elif not is_nothing or answer.usage.requests or answer.model:
        yield answer


def _find_best_inside(value: JsonObject) -> list[InnerObject]:
    """If there is no answer inside, find what failed there, the only usage, or what is under a known name."""
    named = find_wrapped_objects(value)
    if len(named) == 1 and _TELLING_FIELDS.isdisjoint(named[0].value):
        named = []
    return named if named and _get_status(named[0].value) >= _MIN_FAILED_STATUS else find_only_usage(value) or named


def _read_chunk(value: JsonObject, path: str) -> Answer | StreamPart:
    """Read a part of a Chat Completions stream. The last has the usage and no choices; a usage in others is the one so far."""
    answer = read_answer(value, path) if has_usage(value) else None
    if answer and not value.get("choices"):
        return answer
    return StreamPart(fields.get_name(value, "id", path), is_cut_off(value, path), answer)


def _read_event(value: JsonObject, event: str, path: str, depth: int, labels: LabelReader | None) -> Iterator[LogEntry]:
    """Read an event of a Responses stream. The last one has the usage."""
    answer = fields.get_optional_object(value, "response", path)
    if event == "error":
        yield _describe_failure({"error": value})
    elif answer is not None and event in _FINAL_EVENTS:
        yield from _read_record(answer, fields.join_path(path, "response"), depth + 1, labels)
    elif answer is not None:
        yield StreamPart(fields.get_name(answer, "id", fields.join_path(path, "response")))


def _read_list(value: JsonObject, path: str, depth: int, labels: LabelReader | None) -> Iterator[LogEntry]:
    """Read the answers or batches of a list, or the sums of a usage API page, on the day of their bucket."""
    key = "results" if value.get("object") == "bucket" else "data"
    for index, item in enumerate(fields.get_list(value, key, path)):
        place = f"{fields.join_path(path, key)}[{index}]"
        if not isinstance(item, dict):
            yield BadBody(place, "an object", fields.describe_kind(item))
            continue
        for entry in _read_record(item, place, depth + 1, labels):
            if isinstance(entry, Answer) and entry.day is None:
                yield entry._replace(day=read_day(value), id=entry.id or _make_sum_id(value, item))
            else:
                yield entry
    if value.get("has_more") is True:
        yield Finding(rules.USAGE_MISSING, "a list that says it has more than this page")


def _make_sum_id(bucket: JsonObject, result: JsonObject) -> str | None:
    """Make the id of a usage API sum, which has none of its own: its time and everything that it is grouped by."""
    start, end = bucket.get("start_time"), bucket.get("end_time")
    if start is None or end is None:
        return None
    groups = sorted((key, str(item)) for key, item in result.items() if key not in COUNT_FIELDS and isinstance(item, str | bool))
    return str((start, end, groups))


def _read_wrapped(
    value: JsonObject, inside: list[InnerObject], path: str, depth: int, labels: LabelReader | None
) -> Iterator[LogEntry]:
    """Read an answer and what a log or Batch file wraps around it: its request, model, time, and perhaps a copy of its usage.
    Other answers inside are read as well.
    """
    if not inside:
        yield _explain_no_usage(value)
        return
    first, *others = inside[:MAX_ANSWERS]
    if _get_status(first.value) >= _MIN_FAILED_STATUS:
        yield _describe_failure(first.value)
    else:
        for entry in _read_record(first.value, fields.join_path(path, first.path), depth + 1, labels):
            yield _add_record_fields(entry, value, path) if isinstance(entry, Answer) else entry
    for other in others:
        yield from _read_record(other.value, fields.join_path(path, other.path), depth + 1, labels)
    if inside[MAX_ANSWERS:]:
        yield Finding(rules.USAGE_MISSING, f"a record with more than {MAX_ANSWERS} answers in it: the others are not read")


def _add_record_fields(answer: Answer, value: JsonObject, path: str) -> Answer:
    """Add to an answer the fields that only the record around it has."""
    answer = answer if answer.custom_id else answer._replace(custom_id=get_custom_id(value))
    mode = BATCH if _is_batch_line(value) or value.get("batch") is True else answer.mode
    models = [answer.model, *answer.other_models] if answer.model else list_answer_models(value, path)
    answer = answer._replace(model=next(iter(models), None), other_models=tuple(models[1:]))
    answer = answer._replace(day=answer.day or read_answer_day(value), mode=mode)
    return _merge_copy(answer, value, path) if has_usage(value) else answer


def _is_batch_line(value: JsonObject) -> bool:
    response = value.get("response")
    return "custom_id" in value and isinstance(response, dict) and response.get("status_code") is not None


def _get_status(value: JsonObject) -> int:
    """Return the HTTP status that a logger recorded; 0 if there is none."""
    status = value.get("status_code")
    return status if isinstance(status, int) else 0


def _merge_copy(answer: Answer, value: JsonObject, path: str) -> Answer:
    """Merge an answer with the record around it that repeats its figures; fields that only the record has are added."""
    copy = read_answer(value, path)
    if answer.mode == TIER_MODES[""]:
        answer = answer._replace(mode=copy.mode)
    if (copy.usage.input_tokens, copy.usage.output_tokens) != (answer.usage.input_tokens, answer.usage.output_tokens):
        return answer._replace(doubts=(*answer.doubts, "in a record that gives other figures for it: its own are priced"))
    return answer


def _is_failed(value: JsonObject) -> bool:
    return value.get("status") in ("failed", "failure")


def _explain_no_usage(value: JsonObject) -> Finding:
    if value.get("error") or _is_failed(value):
        return _describe_failure(value)
    amount = next((key for key in AMOUNT_FIELDS if value.get(key) is not None), None)
    if isinstance(value.get("messages"), list) or ("input" in value and "model" in value):
        what = ", found a request, which --requests takes"
    elif amount:
        what = f", found {amount} alone{suggest_usage_export(amount)}"
    elif find_sizes(value):
        what = f", found {SIZES.name}; {SIZES.advice}"
    else:
        names = ", ".join(fields.redact(key) for key in islice(value, _MAX_NAMED_KEYS)) + ", ..." * (len(value) > _MAX_NAMED_KEYS)
        what = f" (a usage, or input_tokens and output_tokens), found none{f' among {names}' if names else ''}"
    return Finding(rules.USAGE_MISSING, f"expected an answer with its tokens{what}", subject=get_answer_id(value))


def _describe_failure(value: JsonObject) -> Finding:
    """Describe an answer that never came. Its error message isn't repeated: it may quote the prompt."""
    body = value.get("body")
    error = value.get("error") or (body.get("error") if isinstance(body, dict) else None)
    code = (error.get("code") or error.get("type")) if isinstance(error, dict) else None
    status = value.get("status_code")
    said = [f"status {status}"] if isinstance(status, int) else []
    said += [fields.redact(code)] if isinstance(code, str) else []
    return Finding(
        rules.ANSWER_FAILED, f"the request failed{': ' if said else ''}{', '.join(said)}", subject=get_answer_id(value)
    )
