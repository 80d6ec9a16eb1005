"""Usage in the words of vendors: each shape gives the same answer."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from gpt41_cli.answers.answers import Answer
from gpt41_cli.answers.figure_names import Figure, classify_figure
from gpt41_cli.answers.plain_answers import read_plain_answer
from gpt41_cli.answers.records import read_entries
from gpt41_cli.findings import Finding
from gpt41_cli.pricing import Usage
from tests.conftest import Run

CACHED = Usage(1, 10_000, 8_960, 200)
PLAIN = Usage(1, 10_000, 0, 200)
OPENAI = {
    "prompt_tokens": 10_000,
    "completion_tokens": 200,
    "total_tokens": 10_200,
    "prompt_tokens_details": {"cached_tokens": 8_960},
}
LANGCHAIN = {
    "input_tokens": 10_000,
    "output_tokens": 200,
    "total_tokens": 10_200,
    "input_token_details": {"audio": 0, "cache_read": 8_960},
    "output_token_details": {"audio": 0, "reasoning": 0},
}


def span(**attributes: object) -> dict[str, object]:
    """Make a span of OTLP with these attributes."""
    listed = [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in attributes.items()
    ]
    return {"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "chat", "attributes": listed}]}]}]}


CODEX = {"input_tokens": 10_000, "cached_input_tokens": 8_960, "output_tokens": 200, "total_tokens": 10_200}
GEN_AI = {
    "gen_ai.response.model": "m",
    "gen_ai.usage.input_tokens": 10_000,
    "gen_ai.usage.output_tokens": 200,
    "gen_ai.usage.cache_read.input_tokens": 8_960,
}
OPENINFERENCE = {
    "llm.model_name": "m",
    "llm.token_count.prompt": 10_000,
    "llm.token_count.completion": 200,
    "llm.token_count.total": 10_200,
    "llm.token_count.prompt_details.cache_read": 8_960,
}
PARTS = {"nonCached": 0, "noCacheTokens": 1_040, "cacheReadTokens": 8_960, "cacheWriteTokens": 0}
SHAPES: dict[str, tuple[dict[str, Any], Usage]] = {
    "AI SDK 4": ({"usage": {"promptTokens": 10_000, "completionTokens": 200, "totalTokens": 10_200}}, PLAIN),
    "AI SDK 5": ({"usage": {"inputTokens": 10_000, "outputTokens": 200, "cachedInputTokens": 8_960}}, CACHED),
    "AI SDK 6": ({"usage": {"inputTokens": 10_000, "inputTokenDetails": PARTS, "outputTokens": 200}}, CACHED),
    "AI SDK 4, cached": (
        {
            "usage": {"promptTokens": 10_000, "completionTokens": 200},
            "providerMetadata": {"openai": {"cachedPromptTokens": 8_960}},
        },
        CACHED,
    ),
    "share next to the usage": (
        {"usage": {"prompt_tokens": 10_000, "completion_tokens": 200}, "cached_tokens": 8_960, "model": "m"},
        CACHED,
    ),
    "details next to the usage": (
        {"usage": {"prompt_tokens": 10_000, "completion_tokens": 200}, "prompt_tokens_details": {"cached_tokens": 8_960}},
        CACHED,
    ),
    "two usages": ({"usage": {"prompt_tokens": 10_000, "completion_tokens": 200}, "usage_metadata": LANGCHAIN}, CACHED),
    "two usages of other input": (
        {"usage": {"prompt_tokens": 10_000, "completion_tokens": 200}, "totalUsage": {**LANGCHAIN, "input_tokens": 9}},
        PLAIN,
    ),
    "Anthropic's words": (
        {
            "usage": {
                "input_tokens": 1_040,
                "output_tokens": 200,
                "cache_read_input_tokens": 8_960,
                "cache_creation_input_tokens": 0,
            }
        },
        CACHED,
    ),
    "AI SDK, steps": (
        {"usage": {"inputTokens": 9, "outputTokens": 2}, "totalUsage": {"inputTokens": 10_000, "outputTokens": 200}},
        PLAIN,
    ),
    "LangChain": ({"usage_metadata": LANGCHAIN, "response_metadata": {"model_name": "m"}}, CACHED),
    "LangChain, both": ({"usage_metadata": LANGCHAIN, "response_metadata": {"token_usage": OPENAI, "model_name": "m"}}, CACHED),
    "LangChain, metadata": ({"response_metadata": {"token_usage": OPENAI, "model_name": "m"}}, CACHED),
    "LangChain, callback": ({"generations": [], "llm_output": {"token_usage": OPENAI, "model_name": "m"}}, CACHED),
    "LangChain.js": ({"llmOutput": {"tokenUsage": {"promptTokens": 10_000, "completionTokens": 200}}}, PLAIN),
    "LangSmith": ({"prompt_tokens": 10_000, "completion_tokens": 200, "prompt_token_details": {"cache_read": 8_960}}, CACHED),
    "LangChain4j": (
        {"tokenUsage": {"inputTokenCount": 10_000, "outputTokenCount": 200, "inputTokensDetails": {"cachedTokens": 8_960}}},
        CACHED,
    ),
    ".NET": (
        {
            "Metadata": {
                "Usage": {"InputTokenCount": 10_000, "OutputTokenCount": 200, "InputTokenDetails": {"CachedTokenCount": 8_960}}
            }
        },
        CACHED,
    ),
    "Langfuse": ({"usageDetails": {"input": 1_040, "input_cached_tokens": 8_960, "output": 200, "total": 10_200}}, CACHED),
    "Langfuse, no total": ({"usage_details": {"input": 1_040, "input_cached_tokens": 8_960, "output": 200}}, CACHED),
    "Langfuse, text": ({"usageDetails": '{"input": 1040, "input_cached_tokens": 8960, "output": 200}'}, CACHED),
    "Langfuse, inclusive": ({"usageDetails": {"input": 10_000, "cached": 8_960, "output": 200, "total": 10_200}}, CACHED),
    "OpenTelemetry": ({"attributes": GEN_AI}, CACHED),
    "OpenTelemetry, flat": (GEN_AI, CACHED),
    "OTLP": (span(**GEN_AI), CACHED),
    "OpenInference": ({"attributes": OPENINFERENCE}, CACHED),
    "OpenInference, nested": (
        {"attributes": {"llm": {"token_count": {"prompt": 10_000, "completion": 200, "prompt_details": {"cache_read": 8_960}}}}},
        CACHED,
    ),
    "OTLP, OpenInference": (span(**OPENINFERENCE), CACHED),
    "inspect_ai": ({"usage": {"input_tokens": 1_040, "output_tokens": 200, "input_tokens_cache_read": 8_960}}, CACHED),
    "inspect_ai, by model": (
        {"stats": {"model_usage": {"m": {"input_tokens": 1_040, "output_tokens": 200, "input_tokens_cache_read": 8_960}}}},
        CACHED,
    ),
    "llm": (
        {
            "input_tokens": 10_000,
            "output_tokens": 200,
            "token_details": '{"prompt_tokens_details": {"cached_tokens": 8960}}',
        },
        CACHED,
    ),
    "promptfoo": (
        {
            "results": {
                "results": [
                    {
                        "provider": {"id": "m"},
                        "response": {"tokenUsage": {"prompt": 10_000, "completion": 200, "cached": 0}, "cached": False},
                    }
                ]
            }
        },
        PLAIN,
    ),
    "an evaluation": (
        {
            "object": "eval.run.output_item",
            "sample": {"model": "m", "usage": {"prompt_tokens": 10_000, "completion_tokens": 200}},
            "results": [{"passed": True}],
        },
        PLAIN,
    ),
    "Azure Monitor": ({"ModelName": "m", "ProcessedPromptTokens": 10_000, "GeneratedTokens": 200}, PLAIN),
    "aider": ({"event": "message_send", "properties": {"prompt_tokens": 10_000, "completion_tokens": 200}}, PLAIN),
    "Strands": ({"usage": {"inputTokens": 10_000, "outputTokens": 200, "cacheReadInputTokens": 8_960}}, CACHED),
    "Strands, apart": (
        {"usage": {"inputTokens": 1_040, "outputTokens": 200, "totalTokens": 10_200, "cacheReadInputTokens": 8_960}},
        CACHED,
    ),
    "PostHog": (
        {"properties": {"$ai_input_tokens": 10_000, "$ai_output_tokens": 200, "$ai_cache_read_input_tokens": 8_960}},
        CACHED,
    ),
    "OpenRouter": (
        {
            "tokens_prompt": 9_000,
            "tokens_completion": 150,
            "native_tokens_prompt": 10_000,
            "native_tokens_completion": 200,
            "native_tokens_cached": 8_960,
        },
        CACHED,
    ),
    "OpenAI's old export": (
        {"n_context_tokens_total": 10_000, "n_generated_tokens_total": 200, "n_cached_context_tokens_total": 8_960},
        CACHED,
    ),
    "Open WebUI": ({"chat": {"history": {"messages": {"a": {"usage": OPENAI}}}}}, CACHED),
    "Assistants": (
        {"usage": {"prompt_tokens": 10_000, "completion_tokens": 200, "prompt_token_details": {"cached_tokens": 8_960}}},
        CACHED,
    ),
    "pydantic-ai, old": ({"usage": {"requests": 1, "request_tokens": 10_000, "response_tokens": 200}}, PLAIN),
    "pydantic-ai": ({"usage": {"requests": 1, "input_tokens": 10_000, "cache_read_tokens": 8_960, "output_tokens": 200}}, CACHED),
    "Azure API Management": (
        {"ModelName": "m", "DeploymentName": "d", "PromptTokens": 10_000, "CompletionTokens": 200, "TotalTokens": 10_200},
        PLAIN,
    ),
    "Codex": (
        {"total_token_usage": {"input_tokens": 30_000, "output_tokens": 500}, "last_token_usage": CODEX},
        CACHED,
    ),
    "Langfuse, trace": (
        {"observations": [{"type": "SPAN"}, {"type": "GENERATION", "usage": {"input": 10_000, "output": 200, "unit": "TOKENS"}}]},
        PLAIN,
    ),
}


@pytest.mark.parametrize("vendor", SHAPES)
def test_each_vendor_s_usage_is_read(vendor: str) -> None:
    """Every shape gives one answer with the same tokens, and no doubt."""
    value, usage = SHAPES[vendor]
    (answer,) = (found for found in read_entries(value) if isinstance(found, Answer))
    assert (answer.usage, answer.doubts) == (usage, ())
    assert read_plain_answer(value) is None


@pytest.mark.parametrize(
    ("name", "figure"),
    [
        ("inputTokens", Figure.INPUT),
        ("InputTokenCount", Figure.INPUT),
        ("tokens_prompt", Figure.INPUT),
        ("num_output_tokens", Figure.OUTPUT),
        ("cachedInputTokens", Figure.CACHED),
        ("cacheWriteTokens", Figure.CACHE_WRITE),
        ("reasoningTokens", Figure.REASONING),
        ("max_tokens", None),
        ("input", None),
        ("total_input_tokens", None),
        ("input_cost", None),
        ("request_tokens", None),
    ],
)
def test_a_field_of_a_record_is_a_figure_only_if_it_says_so(name: str, figure: Figure | None) -> None:
    assert classify_figure(name, is_in_usage=False) is figure


@pytest.mark.parametrize(
    ("usage", "name"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 2, "thinking": 4}, '"thinking"'),
        (
            {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"video_units": 4}},
            '"prompt_tokens_details.video_units"',
        ),
        ({"inputTokens": 9, "outputTokens": 2, "inputTokenDetails": {"other": 4}}, '"inputTokenDetails.other"'),
        ({"prompt_tokens": 9, "completion_tokens": 2, "inputTokens": 8}, '"inputTokens"'),
        ({"prompt_tokens": 9, "completion_tokens": 2, "credit": -4}, '"credit"'),
        ({"prompt_tokens": 9, "completion_tokens": 2, "share": 0.5}, '"share"'),
        ({"prompt_tokens": 9, "completion_tokens": 2, "thinking": " 1,024 "}, '"thinking"'),
        ({"prompt_tokens": 9, "completion_tokens": 2, "server_tool_use": {"web_search": 3}}, '"server_tool_use.web_search"'),
        ({"prompt_tokens": 9, "completion_tokens": 2, "other": [{"of": {"tokens": 4}}]}, '"other.0.of.tokens"'),
        (
            {"prompt_tokens": 9, "completion_tokens": 2, "completion_tokens_details": {"tokens_of_a_kind_that_is_new": 4}},
            '"completion_tokens_details.tokens_of_a_kind_that_is_new"',
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 2, **{f"kind{number}": 4 for number in range(6)}},
            '"kind0", "kind1", "kind2", "kind3", "kind4", ...',
        ),
        ({"inputTokenDetails": {"tokens": 4}, "inputTokens": 9, "outputTokens": 2}, '"inputTokenDetails.tokens"'),
        (
            {"prompt_tokens": 9, "completion_tokens": 2, "cache_creation": {"ephemeral_1h_input_tokens": 4}},
            '"cache_creation.ephemeral_1h_input_tokens"',
        ),
    ],
)
def test_a_figure_of_a_usage_that_is_not_read_is_named(usage: dict[str, Any], name: str) -> None:
    (answer,) = read_entries({"usage": usage})
    assert isinstance(answer, Answer)
    assert answer.doubts == (f"with figures that aren't read but may change its price: {name}",)


def list_usages(value: Any) -> Iterator[dict[str, Any]]:
    """List the objects inside a value that hold figures of tokens."""
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from list_usages(each)
    if isinstance(value, dict) and any(isinstance(each, int) and each in (10_000, 8_960, 1_040, 200) for each in value.values()):
        yield value


@pytest.mark.parametrize("vendor", SHAPES)
@pytest.mark.parametrize("figure", [7, -7, "7"])
def test_no_vendor_s_usage_has_a_figure_that_is_passed_over(vendor: str, figure: int | str) -> None:
    for index, _ in enumerate(list_usages(SHAPES[vendor][0])):
        value = deepcopy(SHAPES[vendor][0])
        changed = [*list_usages(value)][index]
        changed["extra_cache_tokens"] = figure
        doubts = [entry.doubts for entry in read_entries(value) if isinstance(entry, Answer)]
        assert "extra_cache_tokens" in str(doubts) or vendor in TWO_USAGES, changed


TWO_USAGES = (
    *("LangChain, both", "AI SDK, steps", "AI SDK 4, cached", "details next to the usage", "share next to the usage"),
    *("two usages", "two usages of other input"),
)
"""Records with two usages, of which one is read, and only the cached share of the other."""


@pytest.mark.parametrize(
    ("usage", "written"),
    [
        ({"input_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 5}}, (5, 0)),
        ({"input_tokens_details": {"cache_write_tokens": 5, "cache_write_tokens_details": {"ttl_12h_tokens": 5}}}, (5, 5)),
        (
            {
                "input_tokens_details": {
                    "cache_write_tokens": 5,
                    "cache_write_tokens_details": {"ttl_30m_tokens": 3, "ttl_12h_tokens": 2},
                }
            },
            (5, 2),
        ),
        ({"input_cache_write_30m_tokens": 3, "input_cache_write_12h_tokens": 2}, (5, 2)),
        ({"input_cache_write_30m_tokens": 3, "input_cache_write_12h_tokens": 2, "input_cache_write_tokens": 5}, (5, 2)),
        ({"inputTokenDetails": {"cacheWriteTokens12h": 2, "cacheWriteTokens30m": 0}}, (2, 2)),
    ],
)
def test_cache_writes_of_12_hours_are_kept_apart(usage: dict[str, Any], written: tuple[int, int]) -> None:
    for value in ({"usage": {"input_tokens": 9, "output_tokens": 2, **usage}}, {"input_tokens": 9, "output_tokens": 2, **usage}):
        (answer,) = read_entries(value)
        assert isinstance(answer, Answer)
        assert (answer.cache_write_tokens, answer.long_write_tokens, answer.doubts) == (*written, ())


def test_cache_writes_that_do_not_add_up_are_doubted() -> None:
    for total, most in ((9, 9), (4, 5)):
        usage = {"cache_write_tokens": total, "input_cache_write_30m_tokens": 3, "input_cache_write_12h_tokens": 2}
        (answer,) = read_entries({"usage": {"input_tokens": 20, "output_tokens": 2, **usage}})
        assert isinstance(answer, Answer)
        assert (answer.cache_write_tokens, answer.long_write_tokens) == (most, 2)
        assert answer.doubts == ("whose cache writes by lifetime don't add up to its cache writes: the larger figure is priced",)


def test_costs_and_times_of_a_usage_are_not_figures() -> None:
    (answer,) = read_entries({"usage": {"prompt_tokens": 9, "completion_tokens": 2, "cost": 5, "queue_time": 3, "total_time": 4}})
    assert isinstance(answer, Answer)
    assert answer.doubts == ()


def usages(value: dict[str, Any]) -> list[Usage]:
    return [entry.usage for entry in read_entries(value) if isinstance(entry, Answer)]


def test_what_stands_next_to_the_answers_of_an_export_is_passed_over() -> None:
    asked = {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "10"}}
    answered = {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "2"}}
    spans = [{"name": "db"}, {"attributes": [{"key": 5}, asked, answered]}, "no span"]
    assert usages({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}) == [Usage(1, 10, 0, 2)]
    messages = {"1": {"role": "user"}, "2": {"usage": {"prompt_tokens": 10, "completion_tokens": 2}}}
    assert usages({"chat": {"history": {"messages": messages}}}) == [Usage(1, 10, 0, 2)]
    results = [{"error": "timeout"}, {"response": {"tokenUsage": {"prompt": 10, "completion": 2}}}]
    assert usages({"results": {"results": results}}) == [Usage(1, 10, 0, 2)]
    observations = [{"type": "SPAN"}, {"type": "GENERATION", "usageDetails": {"input": 10, "output": 2}}]
    assert usages({"observations": observations}) == [Usage(1, 10, 0, 2)]
    assert usages({"attributes": {"http.method": "POST"}, "prompt_tokens": 10, "completion_tokens": 2}) == [Usage(1, 10, 0, 2)]


def test_a_span_that_is_not_a_call_of_a_model_is_not_billed() -> None:
    (entry,) = read_entries({"openinference.span.kind": "CHAIN", "prompt_tokens": 10, "completion_tokens": 2})
    assert isinstance(entry, Finding)
    assert entry.message == 'a span of kind "CHAIN": calls to models have their own spans'


def test_a_usage_without_tokens_is_not_an_answer() -> None:
    assert usages({"model": "m", "usage": {"seconds": 3}}) == []


def test_the_columns_of_a_tracing_tool_are_read(run: Run) -> None:
    table = "model,gen_ai.usage.input_tokens,gen_ai.usage.output_tokens\ngpt-4.1,1000,100\n"
    done = run("reconcile", "-", "-q", "--as-of", "2026-11-23", stdin=table)
    assert (done.code, done.out) == (0, "0.0028\n")
