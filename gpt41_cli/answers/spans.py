"""Calls inside calls of a trace: a framework reports the tokens of its call, and the provider's call below it the same ones.

Each observation of Langfuse, span of OpenTelemetry and run of LangSmith names its parent.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from typing import NamedTuple

from gpt41_cli.answers.answers import Answer, Span
from gpt41_cli.files.fields import JsonObject, JsonValue
from gpt41_cli.findings import Place
from gpt41_cli.pricing import Usage

_KEYS = (
    ("spanId", "parentSpanId"),
    ("span_id", "parent_span_id"),
    ("span_id", "parent_id"),
    ("context.span_id", "parent_id"),
    ("context.span_id", "parent_span_id"),
    ("SpanId", "ParentSpanId"),
    ("id", "parentObservationId"),
    ("id", "parent_observation_id"),
    ("id", "parent_run_id"),
)
"""The names of the id of a span, and of the id of its parent."""

SPAN_FIELDS = frozenset(name for names in _KEYS for name in names) - {"id", "SpanId", "ParentSpanId"}
"""The columns of a CSV with these. The case of a column doesn't matter, so each has one name."""

_ROOT_KEYS = ("spanId", "span_id", "context.span_id", "SpanId")
_MAX_STEPS = 200
"""The most spans between two calls."""


class NestedCall(NamedTuple):
    """A call with others below it. `is_repeat`: it repeats their tokens."""

    place: Place
    answer: Answer
    is_repeat: bool


def read_span(value: JsonObject) -> Span | None:
    """Return the span that a record describes; None if it isn't a span."""
    for key, parent_key in _KEYS:
        name, parent = _get(value, key), value.get(parent_key)
        if isinstance(name, str) and name and parent_key in value:
            return Span(hash(name), hash(parent) if isinstance(parent, str) and parent else None)
    name = next((name for key in _ROOT_KEYS if isinstance(name := _get(value, key), str) and name), None)
    return Span(hash(name), None) if name else None


def _get(value: JsonObject, key: str) -> JsonValue:
    if key in value:
        return value[key]
    context = value.get("context")
    return context.get("span_id") if key == "context.span_id" and isinstance(context, dict) else None


class Trace:
    """The spans of logs and the calls among them, to find the calls that repeat the tokens of others. It keeps the place and the
    answer of each call, and two numbers of each other span.
    """

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}
        self._calls: dict[int, tuple[Place, Answer]] = {}

    def add_span(self, span: Span) -> None:
        """Add a span, which may be a call or not."""
        if span.parent is not None:
            self._parents[span.id] = span.parent

    def add_call(self, place: Place, answer: Answer) -> None:
        """Add an answer, if it belongs to a span."""
        if answer.span_id is not None:
            self._calls.setdefault(answer.span_id, (place, answer))

    def list_nested_calls(self) -> Iterator[NestedCall]:
        """Yield the calls that have others below them, from the innermost on."""
        around = {call: self._find_call_around(call) for call in self._calls} if self._parents else {}
        waiting = Counter(outer for outer in around.values() if outer is not None)
        below: dict[int, list[int]] = {}
        billed: dict[int, Usage] = {}
        ready = deque(call for call in around if not waiting[call])
        while ready:
            call = ready.popleft()
            place, answer = self._calls[call]
            own = answer.usage
            inner = [billed[nested] for nested in below.get(call, ())]
            whole = sum(inner, Usage())
            reported = [self._calls[nested][1].usage for nested in below.get(call, ())]
            is_repeat = _get_pair(own) in {_get_pair(usage) for usage in (whole, *reported)}
            billed[call] = whole if inner and is_repeat else whole + own
            if inner:
                yield NestedCall(place, answer, is_repeat)
            outer = around[call]
            if outer is not None:
                below.setdefault(outer, []).append(call)
                waiting[outer] -= 1
                if not waiting[outer]:
                    ready.append(outer)

    def _find_call_around(self, span_id: int) -> int | None:
        """Return the nearest call that a span is in, perhaps through other spans; None if it is in none."""
        outer = self._parents.get(span_id)
        for _ in range(_MAX_STEPS):
            if outer is None or outer in self._calls:
                break
            outer = self._parents.get(outer)
        return outer if outer in self._calls and outer != span_id else None


def _get_pair(usage: Usage) -> tuple[int, int]:
    return usage.input_tokens, usage.output_tokens
