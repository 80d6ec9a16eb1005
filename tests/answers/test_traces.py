"""Traces: a call that a framework and the provider below it both report is priced once, and sessions that repeat their counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gpt41_cli.answers.answers import Span
from gpt41_cli.answers.spans import read_span
from tests.conftest import Run

USAGE = {"input": 1000, "output": 50}


def langfuse(name: str, parent: str | None, tokens: int = 1000, output: int = 50) -> dict[str, Any]:
    return {
        "id": name,
        "type": "GENERATION",
        "model": "gpt-4.1-mini",
        "startTime": "2026-11-20T10:00:00Z",
        "parentObservationId": parent,
        "usageDetails": {"input": tokens, "output": output},
    }


def otel(name: str, parent: str | None, tokens: int = 1000, output: int = 50) -> dict[str, Any]:
    attributes = {
        "gen_ai.request.model": "gpt-4.1-mini",
        "gen_ai.usage.input_tokens": tokens,
        "gen_ai.usage.output_tokens": output,
    }
    return {"spanId": name, "parentSpanId": parent, "startTime": "2026-11-20T10:00:00Z", "attributes": attributes}


def phoenix(name: str, parent: str | None) -> dict[str, Any]:
    attributes = {
        "openinference.span.kind": "LLM",
        "llm.model_name": "gpt-4.1-mini",
        "llm.token_count.prompt": 1000,
        "llm.token_count.completion": 50,
    }
    return {
        "context": {"trace_id": "t", "span_id": name},
        "parent_id": parent,
        "start_time": "2026-11-20T10:00:00Z",
        "attributes": attributes,
    }


def mlflow(name: str, parent: str | None) -> dict[str, Any]:
    usage = json.dumps({"input_tokens": 1000, "output_tokens": 50, "total_tokens": 1050})
    attributes = {"mlflow.chat.tokenUsage": usage, "mlflow.spanInputs": '{"model": "gpt-4.1-mini", "messages": []}'}
    return {"context": {"span_id": name}, "parent_id": parent, "start_time": 1795000000000000000, "attributes": attributes}


def otlp(*spans: dict[str, Any]) -> dict[str, Any]:
    listed = [
        {
            **{key: value for key, value in span.items() if value is not None},
            "attributes": [
                {"key": key, "value": {"intValue": str(each)} if isinstance(each, int) else {"stringValue": each}}
                for key, each in span.get("attributes", {}).items()
            ],
        }
        for span in spans
    ]
    return {"resourceSpans": [{"scopeSpans": [{"spans": listed}]}]}


def langsmith(name: str, parent: str | None) -> dict[str, Any]:
    usage = {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050, "start_time": "2026-11-20T10:00:00"}
    extra = {"invocation_params": {"model": "gpt-4.1-mini"}}
    return {"id": name, "parent_run_id": parent, "run_type": "llm", "extra": extra, **usage}


SPAN = {"id": "s", "type": "SPAN", "parentObservationId": "a"}
HEADER = "spanId,parentSpanId,start_time,model,input_tokens,output_tokens\n"
ONCE = {
    "Langfuse, outer first": [langfuse("a", None), langfuse("b", "a")],
    "Langfuse, inner first": [langfuse("b", "a"), langfuse("a", None)],
    "Langfuse, with a span between": [langfuse("a", None), SPAN, langfuse("b", "s")],
    "Langfuse, three deep": [langfuse("a", None), langfuse("b", "a"), langfuse("c", "b")],
    "Langfuse, a trace": {"id": "t", "observations": [langfuse("a", None), SPAN, langfuse("b", "s")]},
    "Langfuse, a page": {"data": [SPAN, langfuse("a", None), langfuse("b", "a")]},
    "OpenTelemetry": [otel("b", "a"), otel("a", None)],
    "OTLP": otlp(otel("a", None), {"spanId": "s", "parentSpanId": "a"}, otel("b", "s")),
    "Phoenix": [phoenix("a", None), phoenix("b", "a")],
    "MLflow": {"info": {"request_id": "t"}, "data": {"spans": [mlflow("a", None), mlflow("b", "a")]}},
    "LangSmith": [langsmith("a", None), langsmith("b", "a")],
    "CSV": f"{HEADER}a,,2026-11-20,gpt-4.1-mini,1000,50\nb,a,2026-11-20,gpt-4.1-mini,1000,50\n",
}


def write(value: Any, folder: Path) -> str:
    lines = value if isinstance(value, list) else [value]
    text = value if isinstance(value, str) else "".join(f"{json.dumps(each)}\n" for each in lines)
    (folder / "log").write_text(text)
    return "log"


def reconcile(run: Run, value: Any, folder: Path) -> Any:
    return json.loads(run("reconcile", write(value, folder), "--format", "json").out)


@pytest.mark.parametrize("name", ONCE)
def test_a_call_inside_a_call_with_the_same_tokens_is_priced_once(name: str, run: Run, tmp_path: Path) -> None:
    found = reconcile(run, ONCE[name], tmp_path)
    assert (found["total_usd"], found["usage"]["requests"]) == ("0.00048", 1)
    rules = [each["rule"] for each in found["findings"]]
    assert "nested-call" in rules
    assert not {"usage-missing", "answer-unclear"} & {*rules}


def test_an_agent_with_the_sum_of_its_calls_is_left_out(run: Run, tmp_path: Path) -> None:
    calls = [otel("c", "a", 1000, 50), otel("d", "a", 1500, 70)]
    found = reconcile(run, [*calls, otel("a", None, 2500, 120)], tmp_path)
    assert (found["usage"]["requests"], found["usage"]["input_tokens"], found["usage"]["output_tokens"]) == (2, 2500, 120)
    last = reconcile(run, [*calls, otel("a", None, 1500, 70)], tmp_path)  # an agent that reports its last call
    assert last["usage"] == found["usage"]


def test_a_call_with_other_figures_than_those_below_it_is_priced_and_doubted(run: Run, tmp_path: Path) -> None:
    found = reconcile(run, [otel("a", None, 700, 9), otel("b", "a")], tmp_path)
    assert found["usage"]["input_tokens"] == 1700
    message = "an answer with others below it in the trace, but different figures: all of them are priced (log:1)"
    assert message in [each["message"] for each in found["findings"]]


def test_traces_without_an_end_are_read_all_the_same(run: Run, tmp_path: Path) -> None:
    circle = reconcile(run, [otel("a", "b"), otel("b", "a"), otel("c", "c")], tmp_path)
    assert circle["usage"]["requests"] == 3
    spans = [{"spanId": f"s{index}", "parentSpanId": f"s{index + 1}"} for index in range(300)]
    assert reconcile(run, [otel("a", "s0"), *spans, otel("s300", None)], tmp_path)["usage"]["requests"] == 2


def test_a_span_that_names_a_model_and_no_tokens_is_missing(run: Run, tmp_path: Path) -> None:
    silent = {"spanId": "b", "parentSpanId": "a", "attributes": {"gen_ai.request.model": "gpt-4.1"}}
    found = reconcile(run, [otel("a", None), silent], tmp_path)
    assert "usage-missing" in [each["rule"] for each in found["findings"]]


@pytest.mark.parametrize(
    ("value", "span"),
    [
        ({"id": "a"}, None),
        ({"id": 5, "parentObservationId": None}, None),
        ({"id": "a", "parentId": "b"}, None),  # a message of a chat
        ({"context": "a", "parent_id": "b"}, None),
        ({"span_id": "a"}, Span(hash("a"), None)),
        ({"id": "a", "parentObservationId": None}, Span(hash("a"), None)),
        ({"context": {"span_id": "a"}, "parent_id": "b"}, Span(hash("a"), hash("b"))),
    ],
)
def test_what_is_a_span(value: dict[str, Any], span: Span | None) -> None:
    assert read_span(value) == span


def codex(*totals: int) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = [
        {"timestamp": "2026-11-20T10:00:00Z", "type": "session_meta", "payload": {"id": "s"}},
        {"timestamp": "2026-11-20T10:00:00Z", "type": "turn_context", "payload": {"model": "gpt-4.1"}},
        {"timestamp": "2026-11-20T10:00:00Z", "type": "event_msg", "payload": {"type": "token_count", "info": None}},
    ]
    before = 0
    for total in totals:
        last = total - before if total > before else total
        usage = {"total_token_usage": count(total), "last_token_usage": count(last)}
        payload = {"type": "token_count", "info": usage}
        lines.append({"timestamp": "2026-11-20T10:01:00Z", "type": "event_msg", "payload": payload})
        before = total
    return lines


def count(tokens: int) -> dict[str, int]:
    return {"input_tokens": tokens, "cached_input_tokens": 0, "output_tokens": 10, "total_tokens": tokens + 10}


def test_a_count_that_a_session_of_codex_repeats_is_priced_once(run: Run, tmp_path: Path) -> None:
    found = reconcile(run, codex(1000, 1000, 2200, 2200), tmp_path)
    assert (found["usage"]["requests"], found["usage"]["input_tokens"], found["usage"]["output_tokens"]) == (2, 2200, 20)
    assert [each["rule"] for each in found["findings"] if each["rule"] != "model-retires"] == ["answer-twice"]
    assert [each["model"] for each in found["charges"]] == ["gpt-4.1"]


HELICONE = {"request_id": "r", "response_created_at": "2026-11-20T10:00:00Z", "prompt_tokens": 1000, "completion_tokens": 50}
BODIES = {
    "request_body": {**HELICONE, "request_body": {"model": "gpt-4.1-mini", "messages": []}},
    "response_body": {**HELICONE, "response_body": {"model": "gpt-4.1-mini", "choices": []}},
    "in a text": {**HELICONE, "request_body": '{"model": "gpt-4.1-mini", "messages": []}'},
    "the answer's first": {
        **HELICONE,
        "request_body": {"model": "gpt-4.1", "messages": []},
        "response_body": {"model": "gpt-4.1-mini", "choices": []},
    },
}


@pytest.mark.parametrize("name", BODIES)
def test_the_model_of_a_gateway_is_in_the_bodies(name: str, run: Run, tmp_path: Path) -> None:
    assert reconcile(run, BODIES[name], tmp_path)["total_usd"] == "0.00048"
