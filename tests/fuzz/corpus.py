"""The real inputs that the fuzzer changes: the files of the other tests, and records with every field that means something."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from tests import builders
from tests.conftest import FROZEN, ROOT

TESTS = ROOT / "tests"
FOLDERS = ("data", "logs", "training", "example", "migrate")


def copy_inputs(folder: Path) -> None:
    """Put what the cases refer to into `folder`: the price table and the files of the other tests."""
    for name in FOLDERS:
        shutil.copytree(TESTS / name, folder / name, dirs_exist_ok=True)
    shutil.copy(FROZEN, folder / "pricing.yaml")
    (folder / "scores.csv").write_text("model,metric,score\ngpt-4.1,acc,87.5\ngpt-4.1-mini,acc,80\n")


def read_values(name: str) -> list[Any]:
    """The JSON values of a file, or of those of its lines that are JSON."""
    text = (TESTS / name).read_text()
    try:
        return [json.loads(text)]
    except ValueError:
        lines = (line.removeprefix("data:").strip() for line in text.splitlines())
        return [json.loads(line) for line in lines if line.startswith('{"') and line.endswith("}")]


_TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "book",
            "description": "Book a repair.",
            "strict": True,
            "parameters": {
                "type": "object",
                "properties": {
                    "day": {"type": ["string", "null"], "description": "When", "default": None, "title": "Day"},
                    "kind": {"enum": ["tyre", "chain", 3, None]},
                    "parts": {"type": "array", "items": {"$ref": "#/$defs/part"}, "minItems": 1},
                    "price": {"anyOf": [{"type": "number", "minimum": 0}, {"const": "free"}]},
                },
                "$defs": {"part": {"type": "object", "properties": {"id": {"type": "integer"}, "sub": {"$ref": "#/$defs/part"}}}},
                "required": ["day"],
                "additionalProperties": False,
            },
        },
    },
    builders.SECRET,
]
_TOOL_MESSAGES: list[Any] = [
    builders.USER,
    {"role": "assistant", "content": None, "tool_calls": [builders.CALL, builders.OTHER_CALL]},
    {"role": "tool", "tool_call_id": "call_1", "content": "12:00"},
    {"role": "tool", "tool_call_id": "call_2", "content": [{"type": "text", "text": "12:00"}]},
]
_RESPONSES_ITEMS: list[Any] = [
    {"role": "user", "content": [{"type": "input_text", "text": "hi"}, {"type": "input_image", "image_url": "https://x/y.png"}]},
    {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": "{}", "status": "completed"},
    {"type": "function_call_output", "call_id": "c1", "output": "42"},
    {"type": "reasoning", "summary": []},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "ok"}]},
]
REQUESTS: list[Any] = [
    *read_values("data/triage.json"),
    *read_values("data/shop.jsonl")[:1],
    *read_values("migrate/requests.jsonl"),
    builders.chat(
        builders.SYSTEM,
        {**builders.USER, "name": "bob"},
        builders.image_message(detail="low"),
        *_TOOL_MESSAGES,
        tools=_TOOLS,
        tool_choice={"type": "function", "function": {"name": "book"}},
        parallel_tool_calls=True,
        response_format=builders.FORMAT,
        service_tier="priority",
        max_completion_tokens=50,
        n=2,
        web_search_options={},
    ),
    builders.chat(
        builders.USER,
        prediction={"type": "content", "content": "It is noon."},
        reasoning_effort="low",
        stop=["x"],
        logit_bias={},
    ),
    builders.responses(
        _RESPONSES_ITEMS,
        instructions="Be kind.",
        previous_response_id="resp_1",
        tools=[builders.responses_tool(), {"type": "web_search_preview"}, {"type": "file_search", "vector_store_ids": ["v"]}],
        text={"format": {"type": "json_schema", "name": "n", "schema": {"type": "object", "properties": {}}}},
        max_output_tokens=20,
        prompt_cache_key="k",
    ),
]
BATCH_LINES: list[Any] = [
    *read_values("data/batch.jsonl"),
    *(
        {
            "custom_id": f"r{number}",
            "method": "POST",
            "url": f"/v1/{'responses' if 'input' in body else 'chat/completions'}",
            "body": body,
        }
        for number, body in enumerate(REQUESTS)
    ),
]
EXAMPLES: list[Any] = [*read_values("training/tickets.jsonl")[:3], *read_values("training/broken.jsonl")]
_OBSERVATION = {"usage_object": {"prompt_tokens": 5, "completion_tokens": 1}}
_BUCKET = {
    "object": "organization.usage.completions.result",
    "input_tokens": 1000,
    "output_tokens": 500,
    "input_cached_tokens": 800,
    "num_model_requests": 5,
    "model": "gpt-4.1",
    "batch": False,
    "project_id": "p",
}
LOGS: list[Any] = [
    *(
        value
        for name in ("answers.jsonl", "batch.json", "batch_error.jsonl", "batch_output.jsonl")
        for value in read_values(f"logs/{name}")
    ),
    *read_values("logs/page.json"),
    *read_values("logs/stream.txt"),
    builders.COMPLETION,
    builders.RESPONSE,
    builders.BATCH,
    builders.batch_line(builders.COMPLETION),
    {"input_tokens": 10, "output_tokens": 3, "input_tokens_details": {"cached_tokens": 2, "cache_write_tokens": 1}},
    {
        "model": "gpt-4.1",
        "input_tokens": 5,
        "prompt_tokens": 5,
        "output_tokens": 5,
        "completion_tokens": 5,
        "requests": 2,
        "mode": "batch",
    },
    {
        "metadata": _OBSERVATION,
        "prompt_tokens": 5,
        "completion_tokens": 1,
        "model": "gpt-4.1",
        "response_cost": 0.1,
        "cache_hit": "False",
    },
    {
        "run_type": "llm",
        "outputs": {"llm_output": {"token_usage": {"prompt_tokens": 3, "completion_tokens": 2}}},
        "name": "ChatOpenAI",
    },
    {
        "type": "response.completed",
        "response": {**builders.RESPONSE, "status": "incomplete", "output": [{"type": "web_search_call"}]},
    },
    {"object": "page", "data": [{"object": "bucket", "start_time": 1764000000, "end_time": 1764086400, "results": [_BUCKET]}]},
]
TABLES = [
    (TESTS / "logs" / "usage.csv").read_text(),
    "date,model,input_tokens,output_tokens,cached_tokens,batch,requests\n2026-11-01,gpt-4.1,100,50,20,true,3\nTotal,,100,50,20,,3\n",
    'model;prompt_tokens;completion_tokens;service_tier;currency\ngpt-4.1;1;2;priority;USD\n"gpt-4.1-mini";3;4;;EUR\n',
]
CONFIGS = [
    (TESTS / "example" / "gpt41.yaml").read_text().replace("prompts/", "example/prompts/"),
    """\
version: 1
defaults: {model: gpt-4.1, mode: standard, platform: openai, output_tokens: 300, cached: 60%}
workloads:
  "support answers":
    requests:  # both
      - data/shop.jsonl
      - example/prompts/triage/*.json
    output_tokens:
      expected: 50
      high: 90  # measured
    cached: simulate
    volume: "1,000 / day"
    budget: {per_request_usd: 0.01, monthly_usd: 100, input_tokens: 2000, growth_percent: 5}
    require: {task: [extraction, vision], needs: [vision], deadline: 24h, tolerance_percent: 10, until: 2027-01-01}
  search:
    prompt: example/prompts/summary.md
    model: gpt-4.1-mini
    tools: {web_searches: 2, web_search_tokens: 500, file_searches: 1, storage_gb: 3}
    volume: 5 / week
  numbers: {input_tokens: 5000, output_tokens: {expected: 10, high: 20}, mode: priority, volume: 7 / month}
budget: {monthly_usd: 150, growth_percent: 10}
""",
]
CONFIG_VALUES = [json.loads(json.dumps(yaml.safe_load(text), default=str)) for text in CONFIGS]
SAVED = read_values("example/base.json")[0]
PRICES = FROZEN.read_text()
ALL = [*REQUESTS, *BATCH_LINES, *EXAMPLES, *LOGS, SAVED]
