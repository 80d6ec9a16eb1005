"""Where code calls a model: what is a call in which language, and what only mentions one."""

from __future__ import annotations

import json
from pathlib import PurePath

import pytest

from gpt41_cli.code.calls import UseKind, UseReader
from gpt41_cli.code.lines import Lines
from gpt41_cli.code.model_names import ModelNames, Naming
from tests.builders import CATALOG

NAMES = ModelNames(CATALOG)
CALL, MENTION, DATA = UseKind.CALL, UseKind.MENTION, UseKind.DATA


def names(text: str) -> list[str]:
    return [named.name for named in NAMES.find(text)]


def kinds(file: str, text: str) -> list[tuple[str, UseKind]]:
    found = list(NAMES.find(text))
    reader = UseReader(PurePath(file), Lines(text), len({named.name for named in found}))
    return [(named.name, reader.read(named)) for named in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gpt-4.1", ["gpt-4.1"]),
        ("openai/gpt-4.1-mini", ["gpt-4.1-mini"]),
        ("azure/eu/gpt-4.1", ["gpt-4.1"]),
        ("openai:gpt-4.1-nano-2025-04-14", ["gpt-4.1-nano-2025-04-14"]),
        ("gpt-4.1@2025-04-14", ["gpt-4.1"]),
        ("gpt-4.1:floor", ["gpt-4.1"]),
        ("ft:gpt-4.1-mini-2025-04-14:acme:triage:Bx1", ["ft:gpt-4.1-mini-2025-04-14:acme:triage:Bx1"]),
        ("${MODEL:-gpt-4.1}", ["gpt-4.1"]),
        ("GPT-4.1 mini and GPT-4o", ["gpt-4.1-mini", "gpt-4o"]),
        ("It is gpt-4.1.", ["gpt-4.1"]),
        ("ChatModel.GPT_4_1_MINI", ["gpt-4.1-mini"]),
        ("openai.ChatModelGPT4_1Mini2025_04_14", ["gpt-4.1-mini-2025-04-14"]),
        ("openai.GPT4Dot1Nano", ["gpt-4.1-nano"]),
        ("async_openai::Model::GPT_4O", ["gpt-4o"]),
        ("ModelId.gpt_4_1_mini OpenAIModel.gpt4_1", ["gpt-4.1-mini", "gpt-4.1"]),
        # longer names, and names that only look alike
        ("chatgpt-4o-latest gpt-4o-realtime-preview gpt-4.1-rag gpt-4.11 gpt-4.1.json my-gpt-4.1 gpt-4.1x", []),
        ("gpt41 GPT41 gpt_4_1 models.gpt_4_1 OPENAI_GPT_4_1_KEY x.GPT_4_1_MINI_KEY", []),
        ("gpt-4", []),
    ],
)
def test_models_are_found_by_every_name(text: str, expected: list[str]) -> None:
    assert names(text) == expected


def test_a_name_says_how_it_is_written() -> None:
    found = list(NAMES.find("gpt-4.1 GPT-4.1 Models.GPT_4_1"))
    assert [named.naming for named in found] == [Naming.ID, Naming.DISPLAY_NAME, Naming.CONSTANT]


CALLS = [
    ("bot.py", 'client.chat.completions.create(model="gpt-4.1")'),
    ("bot.py", "MODEL = 'openai/gpt-4.1'"),
    ("bot.py", 'MODELS = ["o3", "gpt-4.1"]'),
    ("bot.py", 'model = os.getenv("MODEL", "gpt-4.1")  # the default'),
    ("bot.py", 'SUMMARY = os.getenv("SUMMARY_MODEL", "gpt-4.1")'),
    ("bot.py", 'summary = os.environ.get("SUMMARY_MODEL", "gpt-4.1")'),
    ("bot.py", 'if model == "gpt-4.1": pass'),
    ("bot.py", 'run(["llm", "--model=gpt-4.1"])'),
    ("bot.py", """body = '{"model": "gpt-4.1", "input": "Hi"}'"""),
    ("bot.ts", "const model: string = `gpt-4.1`;"),
    ("bot.ts", "fetch('https://x.openai.azure.com/openai/deployments/gpt-4.1/chat/completions')"),
    ("bot.ts", 'generateText({ model: openai("gpt-4.1") })'),
    ("bot.tsx", '<option value="gpt-4.1">GPT 4.1</option>'),
    ("Bot.java", "params.model(ChatModel.GPT_4_1)"),
    ("bot.go", "Model: openai.ChatModelGPT4_1,"),
    ("bot.go", "Model: openai.GPT4Dot1,"),
    ("bot.rs", '.model("gpt-4.1")'),
    ("bot.rb", 'parameters: { model: "gpt-4.1" }'),
    ("Bot.cs", 'new ChatClient("gpt-4.1", key);'),
    ("bot.php", "'model' => 'gpt-4.1',"),
    ("deploy.yaml", "model: gpt-4.1"),
    ("deploy.yaml", "  - gpt-4.1"),
    ("deploy.yaml", "models: [gpt-4o-mini, gpt-4.1]"),
    ("deploy.yaml", "model: openai/gpt-4.1  # until spring"),
    ("deploy.yaml", "model: ${MODEL:gpt-4.1}"),
    ("deploy.yaml", "run: python bot.py --model gpt-4.1 input.txt"),
    (".env", "OPENAI_MODEL=gpt-4.1"),
    (".env.production", 'OPENAI_MODEL="gpt-4.1"'),
    ("Dockerfile", "ENV OPENAI_MODEL=gpt-4.1"),
    ("Dockerfile", "ENV OPENAI_MODEL gpt-4.1"),
    ("run.sh", 'MODEL="${MODEL:-gpt-4.1}"'),
    ("run.sh", "llm -m gpt-4.1 < prompt.txt"),
    ("run.sh", """curl -d '{"model": "gpt-4.1"}' https://api.openai.com/v1/responses"""),
    ("settings.toml", 'model = "gpt-4.1"'),
    ("settings.ini", "model = gpt-4.1"),
    ("app.properties", "openai.model=gpt-4.1"),
    ("main.tf", 'model_name = "gpt-4.1"'),
    ("config.json", '{"model": "gpt-4.1"}'),
    ("prompt.prompty", "    azure_deployment: gpt-4.1"),
    ("settings.yaml", "models:\n  gpt-4.1:\n    aliases: [best]\n  o3:\n    input: 2"),
    ("settings.yaml", "  openai/gpt-4.1:\n    fallback: o3"),
    ("settings.toml.example", 'model = "gpt-4.1"'),
    ("bot_test.go", "const agent = `\nmodel:\n  id: gpt-4.1\n`"),
    ("bot.rb", "MODELS = %w[o3 gpt-4.1]"),
    ("bot.py", 'OPTIONS = {"gpt-4.1": {"temperature": 0, "max_tokens": 9}}'),
    ("bot.py", 'PRICE = 2\nCOSTS = {"o3": 2}\nMODEL = "gpt-4.1"'),
    ("bot.py", 'def test():\n    model = "gpt-4.1"\n    assert ask(model) == Answer(\n        created=12,\n    )'),
    ("bot.py", 'add_argument("--model", choices=["o3", "gpt-4.1"])'),
    ("bot.ts", 'ask({\n  model: "gpt-4.1",\n  usage: { include: true },\n})'),
    ("bot.ts", 'const files = "src/**/*.ts";\nconst model = "gpt-4.1";\nconst more = "lib/**/*.ts";'),
    ("deploy.yaml", "models: o3, gpt-4.1"),
    (".env", "MODELS=o3,gpt-4.1"),
    ("flow.json", r'{"jsonBody": "={\n  \"model\": \"gpt-4.1\"\n}"}'),
    ("bot.py", 'ask("gpt-4.1", 50_000)'),
    ("Bot.scala", "settings = Settings(ModelId.gpt_4_1)"),
    ("bot.py", 'assert span["request.model"] == "gpt-4.1"'),
    ("bot.ts", '{ id: "gpt-4.1", maxCostUsd: 5 },'),
    ("bot.py", '"""Ask."""\nimport x\nask(model="gpt-4.1")\n"""End."""'),
    ("bot.py", 'ask(response_model=User, model="gpt-4.1")'),
    ("test_bot.py", 'Model(model_id="gpt-4.1", context_window_limit=128_000)'),
    ("clients.baml", "  options {\n    model gpt-4.1\n  }"),
    ("page.html", '<pre>Ask</pre><option value="gpt-4.1">'),
    ("Bot.swift", 'enum Model: String {\n  case large = "gpt-4.1"\n}'),
    ("bot.py", '"""Say `use this`."""\nask(model="gpt-4.1")\n# `this`\n'),
    ("bot.test.ts", 'toEqual(`{"id":["a"],"kwargs":{"deployment":"gpt-4.1"}}`)'),
    ("bot.ts", '{ model: "gpt-4.1", contextWindow: 128000, costLimit: 3 },'),
    ("bot.py", 'AGENT = """\n```agent\nllm: gpt-4.1\n```\n"""'),
    ("settings.json", '{"model": "gpt-4.1", "max_tokens": 4096}'),
]

MENTIONS = [
    ("README.md", "We use `gpt-4.1`."),
    ("README.md", 'model="gpt-4.1"'),
    ("NOTES", "gpt-4.1 is fine"),
    ("bot.py", '# model="gpt-4.1"'),
    ("bot.py", 'x = 1  # was "gpt-4.1"'),
    ("bot.py", 'def f():\n    """Ask "gpt-4.1"."""'),
    ("bot.py", 'raise ValueError("use gpt-4.1 for this")'),
    ("bot.py", """raise ValueError("use 'gpt-4.1' for this")"""),
    ("bot.py", 'open("data/gpt-4.1/answers.txt")'),
    ("bot.py", 'LABEL = "GPT-4.1"'),
    ("bot.ts", '// model: "gpt-4.1"'),
    ("bot.ts", '/**\n * model: "gpt-4.1"\n */'),
    ("bot.ts", 'const page = "https://platform.openai.com/docs/models/gpt-4.1";'),
    ("deploy.yaml", "description: Answers with gpt-4.1 and gpt-4o"),
    ("deploy.yaml", "# model: gpt-4.1"),
    (".env", "#OPENAI_MODEL=gpt-4.1"),
    ("schema.sql", "-- gpt-4.1"),
    ("page.html", '<!-- model="gpt-4.1" -->'),
    ("page.html", '<!--\n  model="gpt-4.1"\n-->'),
    ("bot.ts", '/*\n  model: "gpt-4.1"\n*/'),
    ("bot.ts", 'const page = `\n# model: "gpt-4.1"\n`'),
    ("bot.ex", '@doc """\n    ask(model: "gpt-4.1")\n"""'),
    ("page.Rmd", '#> Using model = "gpt-4.1".'),
    ("ask.Rd", 'ask(model = "gpt-4.1")'),
    (".botrc", '# model = "gpt-4.1"'),
    ("settings.toml.example", '#model = "gpt-4.1"'),
    ("issues.json", r'{"body": "It says:\n\"model\": \"gpt-4.1\"\n"}'),
    ("issues.json", '{"body": "' + "long " * 300 + r'\n\"model\": \"gpt-4.1\"\n"}'),
    (".github/ISSUE_TEMPLATE/bug.yml", 'placeholder: ask(model="gpt-4.1")'),
    ("bot.rs", 'info!("  Model: gpt-4.1");'),
    ("run.sh", "cat <<END\n  --model NAME   the model (such as gpt-4o, gpt-4.1, o3)\nEND"),
    ("schema.yaml", "  example: gpt-4.1"),
    ("bot.ts", '/*\n`import x`\n  model: "gpt-4.1"\n*/'),
    ("page.html", '<pre><code>ask(\n  model="gpt-4.1"\n)</code></pre>'),
    ("notes/a.yaml", "fixes:\n  - |\n    The default is ``gpt-4.1`` now."),
    ("page.tsx", '<input placeholder="gpt-4.1" />'),
    ("models.ts", 'pattern: "(?i)^(openai/)?(gpt-4.1)$",'),
    ("page.tsx", 'const sample = `\nimport OpenAI from "openai";\nask({ model: "gpt-4.1" });\n`;'),
    ("page.py", 'SAMPLE = """\nfrom openai import OpenAI\nask(model="gpt-4.1")\n"""'),
    ("action.yml", 'description: The model to ask (such as "gpt-4.1", "o3")'),
    ("page.tsx", 'const code = `curl https://api.openai.com/v1/responses -d \'{\n  "model": "gpt-4.1"\n}\'`;'),
    ("page.tsx", 'const code = `require "openai"\nask(\n  model: "gpt-4.1"\n)`;'),
    ("page.tsx", 'const code = `// bot.ts\nconst OpenAI = require("openai");\nask({ model: "gpt-4.1" })`;'),
    ("page.tsx", 'const code = `use openai::Client;\nask(\n  "gpt-4.1"\n)`;'),
    ("page.py", 'warn("""\n    Write:\n    ```python\n    ask(model="gpt-4.1")\n    ```\n""")'),
    ("page.py", 'SAMPLE = (\n    "import openai\\n"\n    "ask(model=\'gpt-4.1\')\\n"\n)'),
    ("bot.py", '# What """ means.\ndef f():\n    """\n    ask("gpt-4.1")\n    """'),
    ("bot.py", 'tokenizer_hub="acme/gpt-4.1"'),
    ("bot.py", '"help_text": "runs `ask --model gpt-4.1` for you",'),
    ("bot.py", 'encoder = tiktoken.encoding_for_model("gpt-4.1")'),
    ("Bot.cs", 'var tokenizer = TiktokenTokenizer.CreateForModel("gpt-4.1");'),
    (".cursor/rules/bot.mdc", 'ask({ model: "gpt-4.1" })'),
]

RECORDED = [
    ("answers.jsonl", '{"model": "gpt-4.1"}'),
    ("usage.csv", "gpt-4.1,12,3"),
    ("answer.json", '{"object": "chat.completion", "model": "gpt-4.1"}'),
    ("saved.json", '{"schema": "gpt41.check/1", "model": "gpt-4.1"}'),
    ("tests/cassettes/test_bot.yaml", "model: gpt-4.1"),
    ("tests/_vcr/bot.yml", "model: gpt-4.1"),
    ("tests/SessionRecords/bot.json", '{"model": "gpt-4.1"}'),
    ("tests/bot.yml", "http_interactions:\n- request:\n    model: gpt-4.1"),
    ("runs/bot.traj", '{"model": {"name": "gpt-4.1"}}'),
    ("testdata/TestBot.httprr", '{"model":"gpt-4.1","input":"Hi"}'),
    ("api.yaml", "openapi: 3.1.0\nexample:\n  model: gpt-4.1"),
    # an answer, or a measurement
    ("bot_test.go", '`{"id":"chatcmpl-1","object":"chat.completion.chunk","created":9,"model":"gpt-4.1","choices":[]}`'),
    ("bot_test.go", r'"{\"object\":\"response\",\"model\":\"gpt-4.1\"}"'),
    ("bot_test.go", "Answer{\n\tCreated: 17,\n\tModel:   openai.GPT4Dot1,\n}"),
    ("BotSpec.scala", 'val json = """{\n  |  "created": 17,\n  |  "model": "gpt-4.1",\n  |}"""'),
    ("test_bot.py", 'Answer(model="gpt-4.1", choices=[Choice("Hi")])'),
    ("test_bot.py", 'Answer(\n    usage=Usage(input=3),\n    model="gpt-4.1",\n)'),
    ("test_bot.py", 'answer = {\n    "usage": {"total": 1},\n    "model": "gpt-4.1"\n}'),
    ("board.yml", "- model: gpt-4.1\n  command: ask --model gpt-4.1\n  total_cost: 3.5"),
    ("test_bot.py", 'assert span["response.model"] == "gpt-4.1"'),
    ("test_bot.py", 'response.model = "gpt-4.1"'),
    # an entry of a table
    ("bot.py", "PRICES = {'gpt-4.1': 2}"),
    ("bot.py", 'LIMITS = {\n    "gpt-4.1": 1_000_000,  # tokens\n}'),
    ("bot.py", 'PRICES = {"gpt-4.1": (2, 8)}'),
    ("costs.py", '(("gpt-4.1",), 2.0, 8.0),'),
    ("costs.py", 'Price("gpt-4.1", 2.0, 8.0)'),
    ("limits_test.go", '\t{"gpt-4.1", 1047576},'),
    ("limits.go", '\t"gpt-4.1":  largeContextSize,\n'),
    ("bot.ts", "const prices = {\n  'gpt-4.1': {\n    input: 2,\n    output: 8,\n  },\n}"),
    ("Bot.cs", '["gpt-4.1"] = new PriceEntry(0.002m, 0.008m),'),
    ("test_bot.ts", "expect(result.models['gpt-4.1'].toolCost).toBe(1)"),
    ("test_bot.py", '"gen_ai.response.model": "openai/gpt-4.1",'),
    ("spans.json", '{\n  "model": "gpt-4.1",\n  "inputTokenCount": 3\n}'),
    ("spans.json", '{\n  "startTime": "2026-05-07",\n  "model": "gpt-4.1"\n}'),
    ("data/response_cache.json", '{"model": "gpt-4.1"}'),
    ("tests/recorded.json", '{"model": "gpt-4.1"}'),
    ("test_bot.py", 'assert (\n    span["gen_ai.response.model"]\n    == "gpt-4.1"\n)'),
    ("test_bot.py", 'assert data[SPAN.GEN_AI_RESPONSE_MODEL] == "gpt-4.1"'),
    ("test_bot.py", 'meta = Meta(served_model="gpt-4.1")'),
    ("spans.rs", 'attrs.get("gen_ai.response.model"),\n    Some(&json!("gpt-4.1"))'),
    ("test_prices.ts", '["gpt-4.1", 3.5, 14],'),
    ("catalog.ts", '  {\n    id: "gpt-4.1",\n    cost: { input: 2 },\n    contextWindow: 1_047_576,\n  },'),
    ("catalog.ts", '{ id: "gpt-4.1", contextWindow: 1_047_576 },'),
    ("docs/openapi-split/model.yml", "enum:\n  - gpt-4.1"),
    ("paths.yml", "operationId: ask\nexample:\n  model: gpt-4.1"),
    ("prices.yaml", "gpt-4.1:\n  provider: openai\n  context_window: 1000000"),
    ("meter.test.ts", "expect({\n  value: '12',\n  model: 'gpt-4.1',\n  token_type: 'input',\n})"),
    ("cutoffs.ts", '  "gpt-4.1": "2024-06",'),
    ("limits.ts", '  "gpt-4.1": "128k",'),
    ("models.ts", '  { id: "gpt-4.1", cost: { input: 2.5, output: 10 } },'),
    ("models.ts", '  {\n    model: "gpt-4.1",\n    providers: [{ inputPrice: 0.4 / 1e6 }],\n  },'),
    ("Prices.cs", ".AddModel(ModelName.Gpt_4_1,\n    new OpenAiCost { Units = 0.0000001m })"),
    ("prices.test.ts", 'expect(table.rates["gpt-4.1"].inUsdPer1M).toBe(2);'),
    ("prices.py", 'PRICES["gpt-4.1"] = price'),
    ("runs/a.json", '{"model": "gpt-4.1", "response": {"trace_id": "5c"}}'),
    ("evals/results.json", '{"model": "gpt-4.1"}'),
    ("questions.json", '{"a": 1, "model_name":"gpt-4.1"}\n{"a": 2, "model_name":"gpt-4.1"}\n'),
    ("models_test.go", '"data": []map[string]any{\n\t{"id": "o3"},\n\t{"id": "gpt-4.1"},\n}'),
    ("test_bot.py", 'assert completion.model == "gpt-4.1"'),
    ("Snapshots/app.verified/Program.cs", 'AddChatClient("gpt-4.1")'),
]


@pytest.mark.parametrize(
    ("file", "text", "kind"),
    [(*case, CALL) for case in CALLS] + [(*case, MENTION) for case in MENTIONS] + [(*case, DATA) for case in RECORDED],
)
def test_a_call_is_distinguished_from_what_only_mentions_a_model(file: str, text: str, kind: UseKind) -> None:
    found = {of for name, of in kinds(file, text) if name == "gpt-4.1"}
    assert kind in found if kind is CALL else found == {kind}


def test_a_table_of_prices_calls_no_model() -> None:
    models = ["gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-4o", "gpt-4o-mini"]
    table = "".join(f'    {{"id": "{model}", "input_cost_per_token": 1}},\n' for model in models)
    assert {kind for _, kind in kinds("prices.json", f"[\n{table}]\n")} == {DATA}
    assert {kind for _, kind in kinds("prices.ts", f"const prices = [\n{table}]\n")} == {DATA}
    limits = table.replace('input_cost_per_token": 1', 'max_tokens": 16384')
    assert {kind for _, kind in kinds("models.json", f"[\n{limits}]\n")} == {DATA}
    choices = table.replace("input_cost_per_token", "position")
    assert {kind for _, kind in kinds("choices.ts", f"const choices = [\n{choices}]\n")} == {CALL}
    choices = "".join(f'    "{model}",\n' for model in models)
    assert {kind for _, kind in kinds("choices.py", f"CHOICES = [\n{choices}]\n")} == {CALL}


def test_the_name_of_a_case_is_not_its_model() -> None:
    case = '{\n  name:  "gpt-4.1",\n  model: "gpt-4.1",\n}, {\n  name:  "gpt-4.1",\n  model: "gpt-4.1-mini",\n}'
    assert [kind for _, kind in kinds("bot_test.go", case)] == [MENTION, CALL, CALL, CALL]


def test_a_notebook_calls_a_model_in_the_source_of_code_alone() -> None:
    def cell(kind: str, source: str, **more: object) -> dict[str, object]:
        return {"cell_type": kind, "metadata": {}, **more, "source": [source]}

    def read(notebook: object, indent: int | None) -> list[UseKind]:
        return [kind for _, kind in kinds("a.ipynb", json.dumps(notebook, indent=indent))]

    shown = [{"data": {"text/plain": ["model='gpt-4.1'"]}}]
    notebook = {
        "cells": [
            cell("markdown", 'We call model="gpt-4.1".'),
            cell("code", 'ask("Hi", model="gpt-4.1")\n', outputs=shown),
            cell("code", '# model="gpt-4.1"\n', outputs=[]),
        ]
    }
    assert read(notebook, 1) == read(notebook, None) == [MENTION, DATA, CALL, MENTION]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('a = {"gpt-4.1": {"limits": {"requests": 5}, "input": 2.5}}', DATA),
        ('a = {"gpt-4.1": {"limits": {"requests": 5}, "tools": []}}', CALL),
        ('a = {"gpt-4.1": {"limits": (', CALL),
    ],
)
def test_an_entry_with_prices_ends_where_its_brackets_do(text: str, kind: UseKind) -> None:
    assert kinds("bot.py", text) == [("gpt-4.1", kind)]


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ("name: a\nmodel: gpt-4.1\ntools: [b]\n", CALL),
        ("model: openai:gpt-4.1\r\n", CALL),
        ('config:\n  model: "azure/eu/gpt-4.1"  # for now\nmax_tokens: 5\n', CALL),
        ("# model: gpt-4.1\n", MENTION),
        ("title: gpt-4.1\n", MENTION),
        ("target_model: gpt-4.1\n", MENTION),
        ("model: gpt-4.1 is the best\n", MENTION),
        ("model: GPT-4.1\n", MENTION),
        ("model: gpt-4.1\ndate: 2026-11-20\n", MENTION),
        ("model: gpt-4.1\noutput_tokens: 5\n", MENTION),
    ],
)
def test_the_model_in_the_settings_of_a_prompt_in_markdown_is_called(settings: str, kind: UseKind) -> None:
    assert kinds("agents/date_finder.md", f"---\n{settings}---\nYou find a date.\n") == [("gpt-4.1", kind)]
    assert kinds("a.md", f"Text\n---\n{settings}---\n") == [("gpt-4.1", MENTION)]
    assert kinds("a.md", f"---\na: b\n---\n{settings}") == [("gpt-4.1", MENTION)]
    assert kinds("a.rst", f"---\n{settings}---\n") == [("gpt-4.1", MENTION)]
