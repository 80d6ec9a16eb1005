"""Records inside what a vendor exports as one document: OTLP, Open WebUI, promptfoo, inspect_ai, attributes of spans."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gpt41_cli import rules
from gpt41_cli.answers.figure_names import is_usage_name
from gpt41_cli.answers.spans import read_span
from gpt41_cli.answers.usage import has_input, has_usage
from gpt41_cli.files.fields import JsonObject, JsonValue, join_path, redact
from gpt41_cli.findings import Finding

_ATTRIBUTES = ("attributes", "properties")
"""Where a span or an event keeps its fields: OpenTelemetry, OpenInference; PostHog, aider."""

_MAX_DEPTH = 5
_OTLP_VALUES = ("stringValue", "intValue", "doubleValue", "boolValue")


EVAL_ITEM = "eval.run.output_item"
"""An object of OpenAI that contains answers:
https://developers.openai.com/api/reference/resources/evals/subresources/runs/subresources/output_items
"""

_CODEX_LINES = ("session_meta", "turn_context", "event_msg", "response_item", "compacted")


class ContainedRecord(NamedTuple):
    """A record inside another, and its path."""

    path: str
    value: JsonObject


def list_contained_records(value: JsonObject) -> list[ContainedRecord]:
    """List the records inside a document of one of these kinds; nothing for any other document."""
    for list_records in (
        _list_spans,
        _list_plain_spans,
        _list_chat_messages,
        _list_promptfoo_results,
        _list_observations,
        _list_eval_samples,
        _list_usages_by_model,
    ):
        if records := list(list_records(value)):
            return records
    return []


def spread_attributes(value: JsonObject) -> JsonObject:
    """Return a record with the attributes of a span as its own fields, if they have a usage or name a model."""
    for name in _ATTRIBUTES:
        attributes = value.get(name)
        if isinstance(attributes, dict):
            fields = dict(_flatten(attributes, ""))
            if has_usage(fields):
                return {**fields, **{key: field for key, field in value.items() if key != name}}
    return value


def _flatten(value: JsonObject, prefix: str, depth: int = 0) -> Iterator[tuple[str, JsonValue]]:
    """Yield the fields of attributes by their dotted names."""
    for key, field in value.items():
        if isinstance(field, dict) and depth < _MAX_DEPTH and not is_usage_name(key):
            yield from _flatten(field, f"{prefix}{key}.", depth + 1)
        else:
            yield f"{prefix}{key}", field


def _list_spans(value: JsonObject) -> Iterator[ContainedRecord]:
    """List the spans of OTLP as JSON (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding)."""
    for key in ("resourceSpans", "resource_spans", "batches"):
        for at, resource in _list_objects(value, key):
            for scope_key in ("scopeSpans", "scope_spans", "instrumentationLibrarySpans"):
                for scope_at, scope in _list_objects(resource, scope_key):
                    for span_at, span in _list_objects(scope, "spans"):
                        attributes = dict(_read_otlp_attributes(span))
                        yield ContainedRecord(f"{at}.{scope_at}.{span_at}", {**span, "attributes": attributes})


def _list_plain_spans(value: JsonObject) -> Iterator[ContainedRecord]:
    """List the spans of a trace as MLflow and Phoenix export it."""
    for owner, before in ((value, ""), (value.get("data"), "data."), (value.get("trace"), "trace.")):
        spans = list(_list_objects(owner, "spans"))
        if any(read_span(span) for _, span in spans):
            yield from (ContainedRecord(f"{before}{at}", span) for at, span in spans)
            return


def _read_otlp_attributes(span: JsonObject) -> Iterator[tuple[str, JsonValue]]:
    for _, pair in _list_objects(span, "attributes"):
        key, value = pair.get("key"), pair.get("value")
        if isinstance(key, str) and isinstance(value, dict):
            content = next((value[name] for name in _OTLP_VALUES if name in value), None)
            is_count = "intValue" in value and isinstance(content, str) and content.isdigit() and len(content) < 20
            yield key, int(str(content)) if is_count else content


def _list_chat_messages(value: JsonObject) -> Iterator[ContainedRecord]:
    """List the answers with a usage in a chat of Open WebUI."""
    chat = value.get("chat")
    history = chat.get("history") if isinstance(chat, dict) else None
    messages = history.get("messages") if isinstance(history, dict) else None
    if isinstance(messages, dict):
        for key, message in messages.items():
            if isinstance(message, dict) and has_usage(message):
                yield ContainedRecord(join_path("chat.history.messages", redact(key).strip('"')), message)


def _list_promptfoo_results(value: JsonObject) -> Iterator[ContainedRecord]:
    """List the results of promptfoo; `cached` there is what promptfoo's own cache answered, which nobody bills."""
    results = value.get("results")
    for at, result in _list_objects(results, "results") if isinstance(results, dict) else ():
        response, provider = result.get("response"), result.get("provider")
        usage = response.get("tokenUsage") if isinstance(response, dict) else None
        if isinstance(response, dict) and isinstance(usage, dict):
            model = provider.get("id") if isinstance(provider, dict) else provider
            own = {key: figure for key, figure in usage.items() if key not in ("cached", "numRequests")}
            yield ContainedRecord(f"results.{at}", {"model": model, "usage": own, "cache_hit": response.get("cached")})


def _list_observations(value: JsonObject) -> Iterator[ContainedRecord]:
    """List the observations of a trace of Langfuse, if there is a generation among them."""
    observations = list(_list_objects(value, "observations"))
    if any(observation.get("type") in ("GENERATION", "EMBEDDING") for _, observation in observations):
        yield from (ContainedRecord(at, observation) for at, observation in observations)


def _list_eval_samples(value: JsonObject) -> Iterator[ContainedRecord]:
    """List the answers in an output item of OpenAI's Evals API: the sample that is judged, and those of graders."""
    if value.get("object") == EVAL_ITEM:
        for at, owner in (("", value), *_list_objects(value, "results")):
            sample = owner.get("sample")
            if isinstance(sample, dict) and isinstance(sample.get("usage"), dict):
                yield ContainedRecord(join_path(at, "sample"), sample)


def _list_usages_by_model(value: JsonObject) -> Iterator[ContainedRecord]:
    """List usages that are kept by model, as inspect_ai does in `stats.model_usage`."""
    stats = value.get("stats")
    for owner, before in ((stats, "stats."), (value, "")):
        for key, usages in owner.items() if isinstance(owner, dict) else ():
            if is_usage_name(key) and isinstance(usages, dict) and usages and not has_input(usages):
                by_model = [(model, usage) for model, usage in usages.items() if isinstance(usage, dict) and has_input(usage)]
                if len(by_model) == len(usages):
                    for model, usage in by_model:
                        name = redact(model).strip('"')
                        yield ContainedRecord(join_path(f"{before}{key}", name), {"model": model, "usage": usage})
                    return


def _list_objects(value: JsonValue, key: str) -> Iterator[tuple[str, JsonObject]]:
    items = value.get(key) if isinstance(value, dict) else None
    for index, item in enumerate(items) if isinstance(items, list) else ():
        if isinstance(item, dict):
            yield f"{key}[{index}]", item


class CodexSession:
    """The session of a log of Codex, whose lines build on those before: one names the model of the following, and each count of
    tokens comes with the total of all so far, which stays the same if it is repeated.
    """

    def __init__(self) -> None:
        self._model: JsonValue = None
        self._total: JsonValue = None

    def read_line(self, value: JsonValue) -> Iterator[JsonValue | Finding]:
        """Yield a count of tokens as a record with its model, or why it is left out; nothing for other lines of Codex, and any
        other value as it is.
        """
        payload = value.get("payload") if isinstance(value, dict) and value.get("type") in _CODEX_LINES else None
        if not isinstance(payload, dict):
            yield value
            return
        self._model = payload.get("model", self._model)
        info = payload.get("info")
        if payload.get("type") != "token_count" or not isinstance(info, dict):
            return
        if info.get("total_token_usage") == self._total:
            yield Finding(rules.ANSWER_TWICE, "a count of tokens that has been in the session before")
        else:
            self._total = info.get("total_token_usage")
            yield {"timestamp": value.get("timestamp"), "model": self._model, **info}
