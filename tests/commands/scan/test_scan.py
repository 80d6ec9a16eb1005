"""Where code calls a model: what is a call in which language, what only mentions one, and what fails a run."""

from __future__ import annotations

import io
import json
from pathlib import Path, PurePath
from typing import BinaryIO

import pytest

from gpt41_cli.commands.scan.calls import UseKind, UseReader
from gpt41_cli.commands.scan.lines import Lines
from gpt41_cli.commands.scan.model_names import ModelNames, Naming
from gpt41_cli.commands.scan.report import make_report
from gpt41_cli.commands.scan.scan import scan_files
from gpt41_cli.errors import InputError
from gpt41_cli.files.sources import InputSource, find_sources
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.reports.findings import make_unreadable_findings
from tests.builders import CATALOG, market
from tests.conftest import Run

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
    ("Bot.swift", 'enum Model: String {\n  case large = "gpt-4.1"\n}'),
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
    ("action.yml", 'description: The model to ask (such as "gpt-4.1", "o3")'),
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
    ("prices.yaml", "gpt-4.1:\n  provider: openai\n  context_window: 1000000"),
]


@pytest.mark.parametrize(
    ("file", "text", "kind"),
    [(*case, CALL) for case in CALLS] + [(*case, MENTION) for case in MENTIONS] + [(*case, DATA) for case in RECORDED],
)
def test_a_call_is_told_from_what_only_mentions_a_model(file: str, text: str, kind: UseKind) -> None:
    found = {of for name, of in kinds(file, text) if name == "gpt-4.1"}
    assert kind in found if kind is CALL else found == {kind}


def test_a_table_of_prices_calls_no_model() -> None:
    models = ["gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-4o", "gpt-4o-mini"]
    table = "".join(f'    {{"id": "{model}", "input_cost_per_token": 1}},\n' for model in models)
    assert {kind for _, kind in kinds("prices.json", f"[\n{table}]\n")} == {DATA}
    assert {kind for _, kind in kinds("choices.ts", f"const choices = [\n{table}]\n")} == {CALL}
    choices = "".join(f'    "{model}",\n' for model in models)
    assert {kind for _, kind in kinds("choices.py", f"CHOICES = [\n{choices}]\n")} == {CALL}


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


def test_shut_down_fails_what_ends_warns_and_the_rest_is_counted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "bot.py").write_text('ask(model="gpt-4.1-nano")\nask(model="gpt-4.1")\nask(model="gpt-6-luna")\n')
    (tmp_path / "README.md").write_text("It asks gpt-4.1.\n")
    (tmp_path / "uv.lock").write_text('model = "gpt-4.1"\n')
    done = run("scan", "--as-of", "2026-11-29", "--format", "json")
    found = json.loads(done.out)
    assert done.code == 1
    assert [(f["rule"], f["level"], f["location"]["path"], f["location"]["line"]) for f in found["findings"]] == [
        ("model-shut-down", "error", "src/bot.py", 1),
        ("model-retires", "warning", "src/bot.py", 2),
        ("model-retires", "notice", "README.md", 1),
    ]
    assert [(place["name"], place["days_left"], place["replacement"]) for place in found["places"]] == [
        ("gpt-4.1", 46, "gpt-6-luna"),
        ("gpt-4.1-nano", -37, "gpt-5.6-luna"),
        ("gpt-4.1", 46, "gpt-6-luna"),
        ("gpt-6-luna", None, None),
    ]
    assert found["left_out"] == [{"path": "uv.lock", "reason": "generated or minified"}]
    assert run("scan", "--as-of", "2026-11-29", "--model", "gpt-4.1", "-q").out == "src/bot.py:2:12 gpt-4.1\n"


def test_the_end_within_some_days_is_an_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text('ask(model="gpt-4.1")\n')
    codes = [run("scan", "--as-of", "2026-11-29", "--retires-within", f"{days}d").code for days in (45, 46)]
    assert codes == [0, 1]
    assert run("scan", "--as-of", "2026-11-29", "--fail-on", "warning").code == 1
    assert run("scan", "--as-of", "2027-01-14").code == 1
    assert run("scan", "--as-of", "2026-10-01").code == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'chat.completions.create(\n  model="gpt-4.1",\n  temperature=0,\n  max_tokens=5,\n)',
            {"temperature": 3, "max_tokens": 4},
        ),
        ('responses.create(model="gpt-4.1", max_tokens=5, top_p=1)', {"top_p": 1}),
        ('create({ model: "gpt-4.1", "temperature": 0 })', {"temperature": 1}),
        ("['model' => 'gpt-4.1', 'temperature' => 0]", {"temperature": 1}),
        ('create(model="gpt-4.1")\ncreate(model="o3", temperature=0)', {}),
        ('create(model="gpt-4.1", reasoning_effort="none", temperature=0)', {}),
        ('create(model="gpt-4.1", note="temperature=1")', {}),
    ],
)
def test_parameters_of_the_same_call_that_the_replacement_refuses_are_named(
    text: str, expected: dict[str, int], run: Run, tmp_path: Path
) -> None:
    (tmp_path / "bot.py").write_text(text)
    done = run("scan", "--as-of", "2026-11-29", "--format", "json")
    place = next(place for place in json.loads(done.out)["places"] if place["name"] == "gpt-4.1")
    assert sorted(place["refused_parameters"]) == sorted(expected)
    message = next(f["message"] for f in json.loads(done.out)["findings"] if f["subject"] == "gpt-4.1")
    for name, line in expected.items():
        assert f"{name} (line {line})" * (line != place["line"]) in message


def test_the_keys_of_the_same_mapping_count_in_yaml(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "- name: a\n  model: gpt-4.1\n  options:\n    temperature: 0\n- name: b\n  top_p: 1\n  model: o3\n"
    )
    places = json.loads(run("scan", "--as-of", "2026-11-29", "--format", "json").out)["places"]
    assert [place["refused_parameters"] for place in places] == [["temperature"]]


def test_a_comment_with_a_reason_leaves_a_line_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bot.py").write_text(
        'a = "gpt-4.1-nano"  # gpt41: ignore - a test of the error\n# gpt41: ignore\nb = "gpt-4.1-nano"\n'
        'c = 1\nd = "gpt-6-luna"\n'
    )
    done = run("scan", "--as-of", "2026-11-29", "--format", "json")
    assert done.code == 0
    assert [place["ignored"] for place in json.loads(done.out)["places"]] == ["a test of the error", "", None]
    assert "2 lines by a comment, 1 of them without a reason" in run("scan", "--as-of", "2026-11-29").out


def test_a_baseline_leaves_only_what_is_new(run: Run, tmp_path: Path) -> None:
    code = tmp_path / "bot.py"
    code.write_text('ask(model="gpt-4.1-nano")\n')
    (tmp_path / "scan.json").write_text(run("scan", "bot.py", "--as-of", "2026-11-29", "--format", "json").out)
    code.write_text('\n\nask(model="gpt-4.1-nano")\n')
    again = ("scan", "bot.py", "--as-of", "2026-11-29", "--baseline", "scan.json")
    assert run(*again).code == 0
    code.write_text('ask(model="gpt-4.1-nano")\nask(model="gpt-4.1-nano")\n')
    done = run(*again, "-q")
    assert (done.code, done.out) == (1, "bot.py:2:12 gpt-4.1-nano\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "expected what gpt41 scan --format json prints, found something else"),
        ("[1]", "expected what gpt41 scan --format json prints, found something else"),
        ('{"schema": "gpt41.scan/2", "places": []}', 'expected a scan of this version (gpt41.scan/1), found "gpt41.scan/2"'),
        ('{"schema": "ghp_key", "places": []}', "expected a scan of this version (gpt41.scan/1), found another"),
        ('{"schema": "gpt41.scan/1", "places": [1]}', "expected what gpt41 scan --format json prints, found something else"),
    ],
)
def test_a_baseline_of_another_kind_is_refused(text: str, message: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text(text)
    done = run("scan", "old.json", "--baseline", "old.json")
    assert done.code == 2
    assert f"gpt41: old.json: --baseline: {message}" in done.err


def test_files_that_hold_no_code_are_left_out_and_counted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\0" + b'"gpt-4.1"')
    (tmp_path / "a.min.js").write_text('m="gpt-4.1"')
    (tmp_path / "b.js").write_text(f'm="gpt-4.1";{"x" * 20_000}')
    (tmp_path / "c.go").write_text('// Code generated by x. DO NOT EDIT.\nm := "gpt-4.1"\n')
    (tmp_path / "d.py").write_text(f'm = "gpt-4.1"  # {"x" * 20_000_000}')
    (tmp_path / "e.py").write_bytes('m = "gpt-4.1"'.encode("utf-16"))
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "f.py").write_text('m = "gpt-4.1"')
    done = run("scan", "--as-of", "2026-11-29", "--ignore", "tests/**", "--format", "json")
    found = json.loads(done.out)
    assert [place["path"] for place in found["places"]] == ["e.py"]
    assert [tuple(skipped.values()) for skipped in found["left_out"]] == [
        ("a.bin", "binary"),
        ("a.min.js", "generated or minified"),
        ("b.js", "generated or minified"),
        ("c.go", "generated or minified"),
        ("d.py", "over 20 MB"),
        ("tests/f.py", "--ignore"),
    ]


@pytest.mark.parametrize("glob", ["tests", "tests/", "./tests/**", "**/tests", "[t]ests/*"])
def test_what_is_ignored_has_no_hidden_exceptions(glob: str, run: Run, tmp_path: Path) -> None:
    for name in (".env", "tests/.env", "tests/.github/a.yaml", "tests/a.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('MODEL="gpt-4.1"')
    found = json.loads(run("scan", ".", "--as-of", "2026-11-29", "--ignore", glob, "--format", "json").out)
    assert [place["path"] for place in found["places"]] == [".env"]
    assert {skipped["reason"] for skipped in found["left_out"]} == {"--ignore"}


def test_a_file_of_a_folder_that_cannot_be_read_is_named_once() -> None:
    def refuse() -> BinaryIO:
        raise PermissionError(13, "Permission denied")

    result = scan_files([InputSource("b.py", refuse, is_from_folder=True)], market())
    assert result.skipped == [SkippedPath("b.py", "Permission denied", is_unreadable=True)]
    assert make_report(result, market(), {}, (), list(make_unreadable_findings(result.skipped))).lines == ()


def test_what_cannot_be_read_is_an_error_if_it_was_named(run: Run) -> None:
    done = run("scan", "nowhere.py")
    assert done.code == 2
    assert done.err.startswith("gpt41: nowhere.py: expected a readable file, found: No such file")


def places(folder: Path, text: str) -> list[tuple[int | None, str, UseKind]]:
    """What a scan of one file finds."""
    (folder / "bot.py").write_text(text)
    sources, _ = find_sources([str(folder)], None, io.BytesIO)
    return [(use.place.line, use.name, use.kind) for use in scan_files(sources, market()).uses]


def test_a_line_has_each_model_once_and_a_call_comes_before_a_mention(tmp_path: Path) -> None:
    assert places(tmp_path, 'a = ["gpt-4.1", "gpt-4.1"]') == [(1, "gpt-4.1", CALL)]
    assert places(tmp_path, "# gpt-4.1 and gpt-4.1") == [(1, "gpt-4.1", MENTION)]
    assert places(tmp_path, 'a = {"label": "GPT-4.1", "value": "gpt-4.1"}') == [(1, "gpt-4.1", CALL)]
    assert places(tmp_path, 'a = "gpt-4.1, gpt-4o"\nb = 1') == [(1, "gpt-4.1", MENTION), (1, "gpt-4o", MENTION)]


def test_what_names_no_model_of_the_table_has_no_place(tmp_path: Path) -> None:
    assert places(tmp_path, "a = 1") == []
    assert places(tmp_path, 'a = "ft:gpt-4.5-preview:acme::1"  # which nobody could train') == []


def test_a_file_of_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    def fail() -> io.BytesIO:
        raise InputError(expected="a readable file", found="Permission denied", location="a.py")

    found = scan_files([InputSource("a.py", fail, is_from_folder=True)], market())
    assert [(skipped.path, skipped.reason, skipped.is_unreadable) for skipped in found.skipped] == [
        ("a.py", "Permission denied", True)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f(x)\n" + "y\n" * 15_000 + 'model = "gpt-4.1"\ntemperature = 0\n', ["temperature"]),
        ('f(model="gpt-4.1",\n  temperature=0,\n  text="' + "x" * 21_000 + '")', ["temperature"]),
    ],
)
def test_a_call_is_looked_for_near_the_model_alone(tmp_path: Path, text: str, expected: list[str]) -> None:
    (tmp_path / "bot.py").write_text(text)
    sources, _ = find_sources([str(tmp_path)], None, io.BytesIO)
    (use,) = scan_files(sources, market()).uses
    assert [parameter.name for parameter in use.parameters] == expected


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
