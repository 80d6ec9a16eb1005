"""The table of contents: each kind is read as what it is, or refused with a sentence that says what it is and what reads it."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from gpt41_cli import Meter, read_catalog, read_request
from gpt41_cli.errors import InputError
from gpt41_cli.files.fields import BadBody
from gpt41_cli.requests.readers import read_json_request
from tests.builders import USER, chat, responses
from tests.conftest import Run

MESSAGES = [{"role": "system", "content": "You sort mail."}, {"role": "user", "content": "Where is my bike?"}]
SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
FUNCTION = {"name": "find_book", "description": "Look a book up.", "parameters": SCHEMA}
TOOL = {"type": "function", "function": FUNCTION}
MCP_TOOL = {"name": "find_book", "description": "Look a book up.", "inputSchema": SCHEMA}
BODY = {"model": "gpt-4.1", "messages": MESSAGES}
PROMPT_LINES = [{"prompt": "Where is my bike?"}, {"prompt": "Where is my car?"}]
USAGE = {"prompt_tokens": 12, "completion_tokens": 2, "total_tokens": 14}
PREFERENCE = {"input": {"messages": [USER]}, "preferred_output": [{"role": "assistant", "content": "Noon."}]}


def lines(*values: Any) -> str:
    return "".join(f"{json.dumps(value)}\n" for value in values)


READ_KINDS = {
    "a list of messages": (json.dumps(MESSAGES, indent=1), 20, 1),
    "lists of messages, one per line": (lines(MESSAGES, MESSAGES), 40, 2),
    "a list of lists of messages": (json.dumps([MESSAGES, MESSAGES]), 40, 2),
    "one message per line": (lines(*MESSAGES), 20, 1),
    "one message": (lines(MESSAGES[1]), 12, 1),
    "request": (lines({"request": BODY}), 20, 1),
    "request_body next to an answer": (lines({"request_body": BODY, "response_body": {"usage": USAGE}}), 20, 1),
    "body": (lines({"ts": 1, "body": BODY}, {"ts": 2, "body": BODY}), 40, 2),
    "kwargs": (json.dumps([{"kwargs": BODY}], indent=1), 20, 1),
    "a body in text": (lines({"request": json.dumps(BODY)}), 20, 1),
    "a request in a request": (lines({"request": {"method": "POST", "body": BODY}}), 20, 1),
    "a list of messages in a record": (lines({"model": "gpt-4.1", "inputs": {"messages": MESSAGES}}), 20, 1),
    "a list of messages under another name": (lines({"id": "x", "prompt_messages": MESSAGES}), 20, 1),
    "Responses": (lines({"request": {"model": "gpt-4.1", "input": "Where is my bike?"}}), 12, 1),
    "messages as the prompt": (lines({"model": "gpt-4.1", "prompt": MESSAGES}), 20, 1),
    "requests in a list of a document": (json.dumps({"v": 1, "requests": [BODY, BODY], "tags": ["a"]}), 40, 2),
    "the same on several lines": (json.dumps({"v": 1, "rows": [{"messages": MESSAGES}]}, indent=1), 20, 1),
    "events of CloudWatch": (json.dumps({"events": [{"message": json.dumps({"request": BODY})}] * 2}), 40, 2),
    "extra_body": (lines({"model": "gpt-4.1", "extra_body": {"messages": MESSAGES}, "messages": []}), 20, 1),
}


@pytest.mark.parametrize("name", READ_KINDS)
def test_requests_are_read_from_every_form_in_which_people_keep_them(name: str, run: Run, tmp_path: Path) -> None:
    text, tokens, requests = READ_KINDS[name]
    (tmp_path / "f.jsonl").write_text(text)
    found = json.loads(run("count", "f.jsonl", "--format", "json").out)
    assert (found["input_tokens"], found["requests"]["requests"]) == (tokens, requests)
    assert found["requests"]["exact"] == requests
    assert run("count", "f.jsonl", "--as", "text", "-q").out != f"{tokens}\n"


TOOL_FILES = {
    "tools": [TOOL],
    "functions": [FUNCTION],
    "tools of Responses": [{"type": "function", **FUNCTION}],
    "tools of an MCP server": [MCP_TOOL],
    "an answer of an MCP server": {"jsonrpc": "2.0", "id": 1, "result": {"tools": [MCP_TOOL]}},
    "an object with tools": {"tools": [TOOL]},
    "an object with functions": {"functions": [FUNCTION]},
    "one tool": TOOL,
}


@pytest.mark.parametrize("name", TOOL_FILES)
def test_tools_alone_count_as_the_functions_that_they_declare(name: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "tools.json").write_text(json.dumps(TOOL_FILES[name], indent=1))
    (tmp_path / "body.json").write_text(json.dumps({**chat(USER), "tools": [TOOL]}))
    expected = json.loads(run("count", "body.json", "--format", "json").out)["requests"]["parts"]["tools"]
    found = json.loads(run("count", "tools.json", "--format", "json").out)
    assert found["input_tokens"] == found["requests"]["parts"]["tools"] == expected > 20
    assert (found["requests"]["exact"], found["requests"]["lower_bounds"]) == (0, 1)
    assert "find_book" in run("count", "tools.json", "--show").out
    assert run("cost", "tools.json", "--output-tokens", "10").out.startswith("at least ")


FORMATS = {
    "a response_format": {"type": "json_schema", "json_schema": {"name": "book", "schema": SCHEMA}},
    "its field": {"response_format": {"type": "json_schema", "json_schema": {"name": "book", "schema": SCHEMA}}},
    "as Responses takes it": {"text": {"format": {"type": "json_schema", "name": "book", "schema": SCHEMA}}},
    "name and schema": {"name": "book", "schema": SCHEMA},
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_structured_output_alone_counts_as_the_schema_that_it_is(name: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text(json.dumps(FORMATS[name]))
    (tmp_path / "body.json").write_text(json.dumps({**chat(USER), "response_format": FORMATS["a response_format"]}))
    expected = json.loads(run("count", "body.json", "--format", "json").out)["requests"]["parts"]["schema"]
    found = json.loads(run("count", "f.json", "--format", "json").out)
    assert found["input_tokens"] == found["requests"]["parts"]["schema"] == expected > 20
    assert found["requests"]["lower_bounds"] == 1


TEXT_LINES = {
    "prompts": lines(*PROMPT_LINES),
    "texts": lines("Where is my bike?", "Where is my car?"),
    "plain lines": "Where is my bike?\nWhere is my car?\r\n\n",
    "a list": json.dumps(["Where is my bike?", "Where is my car?"], indent=1),
    "a list of prompts": json.dumps(PROMPT_LINES),
}


@pytest.mark.parametrize("name", TEXT_LINES)
def test_each_line_is_a_text_of_its_own_if_that_is_said(name: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "f.txt").write_bytes(TEXT_LINES[name].encode())
    found = json.loads(run("count", "f.txt", "--as", "text-lines", "--format", "json").out)
    assert (found["input_tokens"], found["requests"]["requests"], found["requests"]["exact"]) == (10, 2, 2)
    priced = ("--as", "text-lines", "--output-tokens", "10")
    assert run("cost", "f.txt", *priced, "--model", "mini", "-q").out == "0.000036\n"
    each = run("cost", "f.txt", *priced, "--model", "mini", "--each", "-q").out
    assert each == "0.000018\n0.000018\n"
    for command in ("recommend", "migrate"):
        assert "2 requests" in run(command, "f.txt", *priced).out
    assert run("plan", "f.txt", *priced).out.startswith(
        "Soonest: gpt-4.1-mini in standard, within a minute in tier 1 ($0.000036)"
    )
    assert "2 requests" in run("cache", "f.txt", "--as", "text-lines").out


def test_a_line_that_is_not_text_is_refused_as_one(run: Run, tmp_path: Path) -> None:
    (tmp_path / "f.jsonl").write_bytes(lines(BODY, {"a": 1}, USAGE, 5).encode() + b"\xff\n")
    done = run("count", "f.jsonl", "--as", "text-lines")
    assert "f.jsonl:1: expected a text, or an object with a prompt, found a request" in done.err
    assert "f.jsonl:3: expected a text, or an object with a prompt, found usage, not requests" in done.err
    assert "f.jsonl:5: expected UTF-8, found the byte 0xff at byte 1" in done.err
    assert "3 of 5" in done.err
    (tmp_path / "f.json").write_text(json.dumps(["a", 5], indent=1))
    assert "expected a text, or an object with a prompt, found the number 5" in run("count", "f.json", "--as", "text-lines").err
    (tmp_path / "f.txt").write_text("[\n1\n")
    assert run("count", "f.txt", "--as", "text-lines", "-q").out == "2\n"


REFUSED = {
    "an answer": ({"object": "chat.completion", "choices": [], "usage": USAGE}, "answers, not requests; gpt41 reconcile reads"),
    "an answer of Responses": (
        {"object": "response", "model": "gpt-4.1", "instructions": None, "output": []},
        "answers, not req",
    ),
    "a line of a batch's output": ({"custom_id": "a", "response": {"body": {"usage": USAGE}}}, "answers, not requests"),
    "usage alone": (USAGE, "usage, not requests; gpt41 reconcile reads it"),
    "usage below": (
        {"at": "noon", "data": {"usageMetadata": {"promptTokenCount": 1, "totalTokenCount": 3}}},
        "usage, not requests",
    ),
    "usage of a later span": (
        {"observations": [*({"type": "SPAN"} for _ in range(7)), {"id": "a", "usageDetails": {"input": 5, "output": 1}}]},
        "usage, not requests",
    ),
    "usage of Langfuse": ({"id": "a", "usageDetails": {"input": 5, "output": 1}}, "usage, not requests"),
    "attributes of spans": ({"gen_ai.usage.input_tokens": 5, "gen_ai.usage.output_tokens": 1}, "usage, not requests"),
    "a preference": (PREFERENCE, "preferences for fine-tuning (DPO); gpt41 train reads"),
    "chosen and rejected": ({"prompt": "a", "chosen": "b", "rejected": "c"}, "preferences for fine-tuning (DPO)"),
    "prompt and completion": ({"prompt": "a", "completion": "b"}, "examples of prompt and completion"),
    "Alpaca": ({"instruction": "a", "input": "b", "output": "c"}, "(Alpaca)"),
    "ShareGPT": ({"conversations": [{"from": "human", "value": "Hi"}]}, "(ShareGPT)"),
    "Gemini": (
        {"key": "a", "request": {"contents": [{"parts": [{"text": "Hi"}]}]}},
        "requests with contents, as Gemini takes them",
    ),
    "LangChain": ({"type": "human", "data": {"content": "Hi", "type": "human"}}, "messages as LangChain writes them"),
    "LangChain, dumped": ({"type": "ai", "content": "Hi", "id": None}, "messages as LangChain writes them"),
    "ChatGPT": (
        {"title": "a", "mapping": {"b": {"message": {"content": {"parts": ["Hi"]}}}}},
        "conversations exported from ChatGPT",
    ),
    "costs": (
        {"data": [{}, {"results": [{"object": "organization.costs.result", "amount": {"value": 1, "currency": "usd"}}]}]},
        "costs, not requests; gpt41 reconcile --invoice",
    ),
    "Anthropic": ({"custom_id": "a", "params": BODY}, "lines with params, as Anthropic's Message Batches take them"),
    "Bedrock": ({"recordId": "a", "modelInput": BODY}, "lines with modelInput, as batch inference of Amazon Bedrock"),
    "Completions": ({"model": "gpt-4.1", "prompt": "Hi"}, "requests with a prompt, as the legacy Completions endpoint"),
    "a saved report": ({"schema": "gpt41.count/1", "input_tokens": 3}, "a report that gpt41 saved; gpt41 diff"),
    "bare prompts": (PROMPT_LINES[0], "bare prompts in JSON; make each line"),
    "a trace": (
        {"data": {"spans": [{"a": "x", "inputs": json.dumps(BODY)}, {"inputs": json.dumps(BODY)}]}},
        "JSON with a request at data.spans[0].inputs; take the bodies out, one per line",
    ),
    "messages deep inside": ({"a": {"b": {"c": {"d": {"e": MESSAGES}}, "f": [1, "x", None]}}}, "JSON with messages at a.b.c.d.e"),
    "one message inside": ({"first": MESSAGES[0], "second": {"x y": MESSAGES[1]}}, "JSON with messages at first; take"),
    "answers in log events": (
        {"events": [{"message": json.dumps({"object": "chat.completion", "usage": USAGE})}]},
        "JSON with usage at events[0].message; gpt41 reconcile reads usage in logs and traces",
    ),
    "a conversation of another tool": (
        {"chat_messages": [{"sender": "human", "text": "Hi"}, {"sender": "assistant", "text": "Hello"}]},
        "JSON with messages at chat_messages",
    ),
    "answers of Haystack": (
        {"replies": [{"role": "assistant", "content": "Hi", "meta": {"usage": USAGE}}]},
        "usage, not requests; gpt41 reconcile reads it",
    ),
    "earlier messages next to a question": (
        {"chat_history": MESSAGES, "question": "Where?"},
        "JSON with messages at chat_history; take the bodies out",
    ),
    "messages of OpenTelemetry": (
        {"model": "gpt-4.1", "messages": [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]},
        "JSON with messages at messages; take the bodies out",
    ),
    "an event of a stream": (
        {"type": "response.output_text.delta", "item_id": "a", "delta": "Hi"},
        "answers, not requests; gpt41 reconcile",
    ),
    "messages of another tool": ([{"speaker": "User", "utterance": "Hi"}], "JSON with messages in it"),
    "a workflow of n8n": ({"nodes": [{"type": "a"}], "connections": {}}, "a workflow with nodes, as n8n, Flowise and Langflow"),
    "a workflow of Langflow": ({"data": {"nodes": [{"id": "a"}], "edges": []}}, "a workflow with"),
    "functions of Gemini": ({"tools": [{"functionDeclarations": [{"name": "a"}]}]}, "functions as Gemini takes them; tools of"),
    "bare functions of Gemini": ({"function_declarations": [{"name": "a"}]}, "functions as Gemini takes them"),
    "a template of LangChain": (
        {"_type": "prompt", "input_variables": ["name"], "template": "Hi {name}"},
        "an agent or a template with its prompt; take the prompt out",
    ),
    "an agent": ({"name": "coder", "system_message": "You write code."}, "an agent or a template with its prompt"),
    "a list of texts": (["Where is my bike?", "Where is my car?"], "a list of texts in JSON; make each text"),
    "a JSON Schema": (SCHEMA, "a JSON Schema; put it into response_format"),
    "a JSON Schema by its address": ({"$schema": "https://json-schema.org/draft/2020-12/schema"}, "a JSON Schema; put it"),
}


@pytest.mark.parametrize("layout", ["line", "lines", "list"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_a_request_is_refused_with_what_it_is_and_what_reads_it(
    name: str, layout: str, run: Run, tmp_path: Path
) -> None:
    value, words = REFUSED[name]
    text = {"line": lines(value), "lines": lines(value, value), "list": json.dumps([value, value], indent=1)}[layout]
    (tmp_path / "f.json").write_text(text)
    done = run("count", "f.json")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(
        f"gpt41: f.json: expected requests or text, found {words}" if words[0] != "(" else "gpt41: f.json: "
    )
    assert words in done.err
    assert done.err.endswith("; --as text counts the file as one text\n")
    assert done.err.count("\n") == 1
    for command in ("cost", "recommend"):
        assert words in run(command, "f.json", "--output-tokens", "10").err
    assert run("count", "f.json", "--as", "text").code == 0


REFUSED_TEXT = {
    "lines of other objects": (lines({"a": 1}, {"b": 2}), "JSON Lines that are neither requests nor messages; make each line"),
    "lines of texts": (lines("Where is my bike?", "Where is my car?"), "JSON Lines that are neither requests nor messages"),
    "flow.yaml": ("models: {eu: gpt-4.1}\nversion: 1\nworkloads: {a: {input_tokens: 5}}\n", "a gpt41.yaml; gpt41 check reads it"),
    "gpt41.yaml": ("# ours\nversion: 1\nworkloads:\n  a: {input_tokens: 5}\n", "a gpt41.yaml; gpt41 check reads it"),
    "a table of usage": (
        "day,model,input_tokens,output_tokens\n2026-11-20,gpt-4.1,5,4\n",
        "a table of usage; gpt41 reconcile reads it",
    ),
    "a table of messages": ("role,content\nuser,Hi\n", "a table of prompts or messages (CSV); make each row"),
    "a table with messages in its cells": (
        'id,m\n1,"[{""role"": ""user"", ""content"": ""Hi""}]"\n',
        "a table of prompts or mess",
    ),
    "a table of prompts": ('id\tprompt\tcompletion\n1\tWhere?\t"Here"\n', "a table of prompts or messages (CSV)"),
    "a list of records": (json.dumps([{"a": 1}, {"b": 2}], indent=1), "a list of records in JSON that are neither requests nor"),
    "an app of Dify": (
        "app:\n  name: a\nkind: app\nversion: 0.1.5\nworkflow:\n  graph: {}\n",
        "an app of Dify; take the prompts",
    ),
    "what Python prints": (
        "[{'role': 'user', 'content': 'Hi'}]\n",
        "messages or requests as Python prints them, in single quotes",
    ),
    "lines of a log": (
        "".join(f"2026-11-0{day} INFO {json.dumps({'request': BODY})}\n" for day in (1, 2, 3)),
        "lines of a log with text before the JSON; cut that off with sed 's/^[^{]*//' FILE and name standard input (-) instead",
    ),
    "events of a stream": (
        'event: response.created\ndata: {"type": "response.created"}\n\ndata: {"a": 1}\n\n',
        "the events of a stream; gpt41 reconcile reads the usage in them",
    ),
    "a collection of Insomnia": (
        "type: collection.insomnia.rest/5.0\nname: a\ncollection: []\n",
        "a collection of Insomnia; export it as HAR",
    ),
    "a table whose second row is shorter": ("day,model,input_tokens,output_tokens\ntotal,,5\n", "a table of usage"),
    "a table whose second row is empty": ("input_tokens,output_tokens,model\n\n5,4,gpt-4.1\n", "a table of usage"),
    "a table of Dify": ("model_id,message_tokens,answer_tokens\ngpt-4.1,8,2\n", "a table of usage; gpt41 reconcile reads it"),
    "a table of Azure": ("PromptTokens,GeneratedTokens\n1000,100\n", "a table of usage; gpt41 reconcile reads it"),
    "a table of Langfuse": ('id,usageDetails\n1,"{""input"":7,""output"":1}"\n', "a table of usage; gpt41 reconcile reads it"),
    "a table of spans": ("id;llm.token_count.prompt;llm.token_count.completion\na;1;2\n", "a table of usage"),
}


@pytest.mark.parametrize("name", REFUSED_TEXT)
def test_text_that_another_command_reads_is_refused(name: str, run: Run, tmp_path: Path) -> None:
    text, words = REFUSED_TEXT[name]
    (tmp_path / "f").write_text(text)
    done = run("count", "f")
    assert (done.code, done.err.partition(words)[0]) == (2, "gpt41: f: expected requests or text, found ")
    assert run("count", "f", "--as", "text").code == 0


YAML_OF_MESSAGES = {
    "messages of another key": "a:\n- prompts:\n  - role: system\n    id: x\n    content: Hi\n",
    "the role last": "a:\n  - text: Hi\n    id: x\n    role: user\n",
    "a flow": "inputs: {}\nnodes:\n- name: a\n",
}


@pytest.mark.parametrize("name", YAML_OF_MESSAGES)
def test_yaml_with_messages_is_not_a_prompt(name: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(YAML_OF_MESSAGES[name])
    assert "found YAML with messages or prompts in it; take the bodies out" in run("count", "f.yaml").err
    (tmp_path / "f.yaml").write_text("role: admin\ncontent: x\nnodes: 3\n")
    assert run("count", "f.yaml").code == 0


def test_one_line_of_json_lines_is_not_a_prompt_either(run: Run, tmp_path: Path) -> None:
    (tmp_path / "f.jsonl").write_text('{"a": 1}\n')
    assert "found JSON Lines that are neither requests nor messages" in run("count", "f.jsonl").err
    (tmp_path / "f.json").write_text('{"a": 1}\n')
    assert run("count", "f.json").code == 0
    (tmp_path / "f.jsonl").write_text("")
    assert run("count", "f.jsonl").code == 0


@pytest.mark.parametrize(
    "text",
    [
        '# How to ask\n\nSend this:\n\n```json\n{"role": "user", "content": "Hi"}\n```\n',
        '{"name": "package", "version": "1", "max_input_tokens": 5, "min_output_tokens": 1}',
        "[1, 2, 3]",
        '{"greeting": "Hello", "farewell": "Bye"}',
        "input tokens, output tokens, and what they cost\n\nThese are the words.\n",
        '"Hello," she said.\n"Hello," said he.\n',
        "version: 1\nservices:\n  web: {}\n",
        '{"request": {"id": 1}}',
        '{"nodes": [], "edges": []}',
        json.dumps({"functions": [{**FUNCTION, "type": "guardrail"}]}),
        '["one"]',
        "name,role\nAda,user\n",
        "prompt\n",
        "Dear prompt, completion\nThis is a letter.\n",
        "{'a': 'b'}\n",
        '2026-11-01 INFO {"level": 3}\n',
        'Hello {"role": "user", "content": 5, "b"}\n',
        '{"author": "user", "title": "A"}',
    ],
)
def test_texts_that_only_mention_such_things_stay_text(text: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "f.txt").write_text(text)
    done = run("count", "f.txt")
    assert done.code == 0
    assert "1 text" in done.out


def test_what_is_refused_is_left_out_of_a_folder_and_listed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a.txt").write_text("Hello")
    (tmp_path / "d" / "b.jsonl").write_text(lines(*PROMPT_LINES))
    done = run("count", "d")
    assert done.out.startswith("1 token in 1 text\n")
    assert "d/b.jsonl: expected requests or text, found bare prompts in JSON" in done.out


def test_an_example_with_a_field_that_is_not_read_says_so(run: Run, tmp_path: Path) -> None:
    example = {"system": "Be brief.", "messages": [USER, {"role": "assistant", "content": "Noon."}]}
    (tmp_path / "f.jsonl").write_text(lines(example))
    assert "system: OpenAI documents no such field" in run("count", "f.jsonl").out


def test_values_on_several_lines_each_are_refused_with_what_helps(run: Run, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text(2 * f"{json.dumps(BODY, indent=1)}\n")
    words = "another value begins; jq -c . writes each value on a line of its own"
    assert all(words in run(command, "f.json").err for command in ("count", "reconcile"))


def test_one_message_per_line_must_go_on_to_the_end(run: Run, tmp_path: Path) -> None:
    (tmp_path / "f.jsonl").write_text(lines(*MESSAGES * 6, {"a": 1}))
    assert (
        run("count", "f.jsonl").err == "gpt41: f.jsonl:13: expected a message, as the lines before it are, found another value\n"
    )
    (tmp_path / "f.jsonl").write_text(lines(*MESSAGES * 6) + "{oops\n")
    assert run("count", "f.jsonl").err.startswith("gpt41: f.jsonl:13: expected JSON, but at column 2")


def test_a_record_with_several_requests_is_not_read_as_one_of_them() -> None:
    with pytest.raises(BadBody, match="found JSON with a request at first"):
        read_json_request({"first": BODY, "second": BODY})
    with pytest.raises(BadBody, match="tools"):
        read_json_request({"a": 1}, "tools")
    with pytest.raises(BadBody, match="none, or several"):
        read_json_request({"first": BODY, "second": BODY}, "wrapped")


def test_built_in_tools_in_a_list_are_not_counted_and_said_to_be(run: Run, tmp_path: Path) -> None:
    (tmp_path / "f.json").write_text(json.dumps({"tools": [TOOL]}))
    assert "  uncertain  tools: these are declared functions alone" in run("count", "f.json").out
    (tmp_path / "f.json").write_text(json.dumps({"result": {"tools": [TOOL]}}))
    assert "  uncertain  result.tools: these are declared functions alone" in run("count", "f.json").out


class Dumped:
    """Stands for an object of the SDK."""

    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def model_dump(self) -> dict[str, Any]:
        return self.fields


class Undumpable:
    """Stands for an object that can't be dumped."""

    def model_dump(self) -> dict[str, Any]:
        raise KeyError("content")


class NotGiven:
    """Stands for the SDK's value of an argument that isn't sent."""


class Omit:
    """Stands for another such value."""


class Role(StrEnum):
    USER = "user"


def test_requests_of_python_objects_are_read_as_the_sdk_sends_them() -> None:
    meter = Meter(read_catalog())
    answer = {"role": "assistant", "content": "Hello", "refusal": None, "tool_calls": None}
    plain = meter.count(read_request(chat(USER, answer, USER))).parts
    for messages in (
        [USER, Dumped(**answer), USER],
        (USER, answer, USER),
        [MappingProxyType(USER), answer, {**USER, "role": Role.USER}],
    ):
        assert meter.count(read_request(MappingProxyType({"model": "gpt-4.1", "messages": messages}))).parts == plain
    assert meter.count(read_request(Dumped(**chat(USER, answer, USER), temperature=0.5, n=1))).parts == plain
    assert meter.count(read_request(responses("x"))).is_exact
    left_out = {
        "temperature": NotGiven(),
        "tools": Omit(),
        "timeout": object(),
        "messages": [{**USER, "name": Omit()}, answer, USER],
    }
    found = read_request({**chat(), **left_out})
    assert meter.count(found).parts == plain
    assert found.request.set_fields == {"model", "messages"}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            {"messages": [USER, object()]},
            "messages[1]: expected text, a number, a list, a mapping or an object of the SDK, found a object",
        ),
        ({"messages": [Undumpable()]}, "messages[0]: expected an object that can be dumped, found KeyError: 'content'"),
        (Undumpable(), "the request: expected an object that can be dumped, found KeyError"),
        ({1: 2}, "the request: expected keys that are text, found a int"),
        ({"messages": {3: 4}}, "messages: expected keys that are text, found a int"),
        (Dumped, "the request: expected text, a number, a list, a mapping or an object of the SDK, found a type"),
        (chat({"role": "user", "content": {"x"}}), "messages[0].content: expected text, a number, a list, a mapping or an obj"),
        (5, "the request: expected an object, found the number 5"),
    ],
)
def test_what_python_cannot_send_is_an_error_with_its_place(value: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_request(value)
    assert str(caught.value).startswith(message)


def test_a_value_that_contains_itself_is_refused() -> None:
    value: dict[str, Any] = {**chat(USER)}
    value["self"] = value
    with pytest.raises(InputError, match="nested less deeply"):
        read_request(value)


def test_a_line_of_another_provider_is_not_a_line_of_a_batch_file() -> None:
    with pytest.raises(BadBody, match="expected custom_id, method, url and body, as the Batch API takes them, found "):
        read_json_request({"custom_id": "a", "params": {"model": "claude", "messages": MESSAGES}}, "batch")


def test_one_message_on_several_lines_is_a_request(run: Run, tmp_path: Path) -> None:
    (tmp_path / "message.json").write_text(json.dumps(MESSAGES[1], indent=1))
    assert run("count", "message.json", "-q").out == "12\n"
