"""Azure's Batch files, bodies without a model, and the names of deployments and labels, in every command that reads requests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Run

DAY = ("--as-of", "2026-11-23")
AZURE = ("--platform", "azure-global", *DAY)
BODY = {"messages": [{"role": "user", "content": "Where is my bike?"}], "max_tokens": 10}


@pytest.fixture(autouse=True)
def inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_batch("azure.jsonl", "prod-eu", "/chat/completions")
    Path("body.json").write_text(json.dumps(BODY))


def write_batch(name: str, model: str, url: str) -> None:
    lines = ({"custom_id": each, "method": "POST", "url": url, "body": {"model": model, **BODY}} for each in "ab")
    Path(name).write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (("count", "azure.jsonl"), "24"),
        (("cost", "azure.jsonl", *AZURE), "0.0000208"),
        (("batch", "azure.jsonl", *AZURE), "0.0000208"),
        (("cache", "azure.jsonl", *DAY), "0%"),
        (("count", "body.json"), "12"),
    ],
)
@pytest.mark.parametrize("given", ["gpt-4.1-mini", "prod-eu=gpt-4.1-mini", "Azure/Prod-EU = openai/gpt-4.1-mini", None])
def test_a_deployment_is_the_model_that_it_is_said_to_be(
    run: Run, command: tuple[str, ...], answer: str, given: str | None
) -> None:
    if given is None:
        Path("gpt41.yaml").write_text("version: 1\nmodels: {prod-eu: gpt-4.1-mini}\nworkloads: {a: {input_tokens: 1}}\n")
    done = run(*command, "-q", *(("--model", given) if given else ()))
    assert (done.code, done.out.split()[-1]) == (0, answer), done.err


def test_a_deployment_may_have_the_name_of_another_model(run: Run) -> None:
    """Names are translated once: the model that an alias stands for isn't an alias itself."""
    write_batch("azure.jsonl", "gpt-4.1", "/chat/completions")
    swapped = ("--model", "gpt-4.1=gpt-4.1-mini", "--model", "gpt-4.1-mini=gpt-4.1")
    done = run("cost", "azure.jsonl", *AZURE, "-q", *swapped)
    assert (done.code, done.out) == (0, "0.0000208\n")


def test_each_platform_takes_its_own_urls(run: Run) -> None:
    write_batch("azure.jsonl", "gpt-4.1-mini", "/chat/completions")
    done = run("batch", "azure.jsonl", *DAY)
    assert done.code == 1
    assert "azure.jsonl:1: url: expected one of /v1/chat/completions, /v1/responses, found" in " ".join(done.out.split())
    assert run("batch", "azure.jsonl", *AZURE).code == 0
    write_batch(
        "azure.jsonl", "gpt-4.1-mini", "https://x.openai.azure.com/openai/deployments/prod/chat/completions?api-version=1"
    )
    assert run("count", "azure.jsonl", "-q").out == "24\n"
    assert run("batch", "azure.jsonl", *AZURE).code == 1


def test_a_file_has_the_urls_of_one_spelling(run: Run) -> None:
    write_batch("a.jsonl", "gpt-4.1-mini", "/chat/completions")
    write_batch("b.jsonl", "gpt-4.1-mini", "/v1/chat/completions")
    whole = Path("a.jsonl").read_text() + Path("b.jsonl").read_text().replace('"a"', '"c"').replace('"b"', '"d"')
    Path("azure.jsonl").write_text(whole)
    done = run("batch", "azure.jsonl", *AZURE)
    assert (done.code, done.out.partition("\n")[0]) == (1, "Rejected: 2 errors, the first on line 3 (batch-endpoints)")


def test_the_workloads_of_a_config_know_its_aliases(run: Run) -> None:
    Path("gpt41.yaml").write_text(
        "version: 1\nmodels: {prod-eu: gpt-4.1-mini, mail: gpt-4.1}\ndefaults: {model: mail, platform: azure-global}\n"
        "workloads:\n  a: {requests: azure.jsonl}\n  b: {requests: body.json, output_tokens: 10}\n"
    )
    done = run("check", *DAY, "--format", "csv")
    assert (done.code, done.err) == (0, "")
    rows = [line.split(",") for line in done.out.splitlines()]
    models = rows[0].index("model")
    assert [row[models] for row in rows[1:3]] == ["gpt-4.1-mini", "gpt-4.1"]


def test_a_mistake_in_the_aliases_is_an_error_of_the_config_alone(run: Run) -> None:
    Path("gpt41.yaml").write_text("version: 1\nmodels: {prod-eu: gpt-9}\nworkloads: {a: {input_tokens: 1}}\n")
    checked = run("check")
    assert checked.code == 2
    assert "gpt41.yaml:2:19: models.prod-eu: unknown model" in checked.err
    assert run("cost", "body.json", "--model", "gpt-4.1-mini", "-q", *DAY).code == 0
    assert run("reconcile", "-", "--config", "gpt41.yaml", stdin="{}").err == checked.err
    Path("gpt41.yaml").write_text("version: 1\nworkloads: {a: {input_tokens: 1}}\n")
    assert run("cost", "body.json", "--model", "gpt-4.1-mini", "-q", *DAY).code == 0


def test_one_model_is_that_of_all_requests(run: Run) -> None:
    done = run("batch", "azure.jsonl", "--model", "gpt-4.1", "--model", "gpt-4.1-mini")
    assert (done.code, done.err) == (
        2,
        "gpt41: --model: expected one model, and NAME=MODEL for other names, found gpt-4.1, gpt-4.1-mini\n",
    )


def test_what_openai_refuses_fails_a_batch_and_is_said_by_other_commands(run: Run) -> None:
    """Prices are warned of: another provider may take the request."""
    body = {"model": "gpt-4.1-mini", **BODY, "reasoning_effort": "low", "temperature": 3}
    lines = [{"custom_id": str(each), "method": "POST", "url": "/v1/chat/completions", "body": body} for each in range(12)]
    Path("bad.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = run("batch", "bad.jsonl", *DAY, "--format", "json")
    findings = [(each["rule"], each["level"]) for each in json.loads(done.out)["findings"]]
    assert done.code == 1
    assert findings.count(("value-range", "error")) == findings.count(("refused-parameter", "error")) == 11
    for command in (("cost",), ("recommend",), ("plan",), ("migrate",)):
        shown = json.loads(run(*command, "bad.jsonl", *DAY, "--format", "json").out)["findings"]
        mine = [each["message"] for each in shown if each["rule"] == "value-range"]
        text = "bad.jsonl:1 and 11 more: body.temperature: expected a number from 0 to 2, found the number 3"
        assert mine == [text], command
        assert {each["level"] for each in shown if each["rule"] in ("value-range", "refused-parameter")} == {"warning"}


def test_a_model_that_reasons_takes_an_effort(run: Run) -> None:
    body = {"model": "gpt-6-luna", **BODY, "reasoning_effort": "low", "temperature": 1, "max_tokens": None}
    line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": body}
    Path("luna.jsonl").write_text(json.dumps(line) + "\n")
    found = json.loads(run("batch", "luna.jsonl", *DAY, "--format", "json").out)["findings"]
    assert [each["message"] for each in found if each["rule"] == "refused-parameter"] == [
        "luna.jsonl:1: body.temperature: gpt-6-luna refuses it"
    ]


def test_an_object_of_nulls_is_not_set(run: Run) -> None:
    body = {"model": "gpt-4.1-mini", "input": "hi", "reasoning": {"effort": None, "summary": None}, "background": True}
    line = {"custom_id": "a", "method": "POST", "url": "/v1/responses", "body": body}
    Path("echo.jsonl").write_text(json.dumps(line) + "\n")
    found = json.loads(run("batch", "echo.jsonl", *DAY, "--format", "json").out)["findings"]
    assert {each["rule"] for each in found} == {"batch-background", "model-retires"}


def test_lines_that_no_part_could_keep_are_dropped_with_the_reasons(run: Run) -> None:
    """Lines of another model go to a part of their own; nothing is overwritten."""

    def line(name: str, **body: object) -> str:
        whole = {"model": "gpt-4.1-mini", **BODY, **body}
        return json.dumps({"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": whole})

    good = [line("a"), line("b", model="gpt-4.1")]
    bad = [line("c", temperature=9), '{"torn', line("a", model="gpt-9")]
    Path("in.jsonl").write_text("\n".join([good[0], bad[0], "", bad[1], good[1], bad[2]]))
    done = run("batch", "in.jsonl", "--split", "out", "--drop-invalid", "bad.jsonl", *DAY)
    assert (done.code, done.err) == (0, "gpt41: wrote 2 parts into out, and 3 rejected lines into bad.jsonl\n")
    assert [path.read_text() for path in sorted(Path("out").iterdir())] == [f"{each}\n" for each in good]
    assert "left out 3 lines: bad.jsonl has them" in " ".join(done.out.split())
    rejects = [json.loads(each) for each in Path("bad.jsonl").read_text().splitlines()]
    assert [(each["path"], each["line"]) for each in rejects] == [("in.jsonl", 2), ("in.jsonl", 4), ("in.jsonl", 6)]
    assert [each["request"] if isinstance(each["request"], str) else json.dumps(each["request"]) for each in rejects] == bad
    assert rejects[0]["reasons"] == ["value-range: body.temperature: expected a number from 0 to 2, found the number 9"]
    assert [reason.partition(":")[0] for reason in rejects[2]["reasons"]] == ["unknown-model", "batch-custom-id"]
    again = run("batch", "in.jsonl", "--split", "out2", "--drop-invalid", "bad.jsonl", *DAY)
    assert (again.code, Path("out2").exists()) == (2, False)
    assert run("batch", "in.jsonl", "--drop-invalid", "new.jsonl").err.endswith(
        "expected a new file with --split, found it alone\n"
    )


def test_a_file_without_a_good_line_is_not_split(run: Run) -> None:
    Path("in.jsonl").write_text('{"torn\n')
    done = run("batch", "in.jsonl", "--split", "out", "--drop-invalid", "bad.jsonl", *DAY)
    assert (done.code, Path("out").exists(), Path("bad.jsonl").exists()) == (1, False, False)
    assert "in.jsonl:1: expected JSON, but at column 2: Unterminated string starting at [invalid-request]" in done.out


def test_lines_of_a_model_that_is_shut_down_are_dropped_and_the_others_keep_their_numbers(run: Run) -> None:
    """Of two files, one has nothing else: it has no part."""

    def line(name: str, **body: object) -> str:
        whole = {"model": "gpt-4.1-mini", **BODY, **body}
        return json.dumps({"custom_id": name, "method": "POST", "url": "/v1/chat/completions", "body": whole})

    background = line("f", background=True)
    lines = [line("a", model="gpt-4.1-nano"), line("b"), line("c", model="gpt-4.1-nano"), line("d", model="gpt-4.1"), background]
    Path("in.jsonl").write_text("\n".join(lines))
    Path("gone.jsonl").write_text(lines[0])
    done = run("batch", "in.jsonl", "gone.jsonl", "--split", "out", "--drop-invalid", "bad.jsonl", *DAY)
    assert (done.code, done.err) == (0, "gpt41: wrote 2 parts into out, and 3 rejected lines into bad.jsonl\n")
    rejects = [json.loads(each) for each in Path("bad.jsonl").read_text().splitlines()]
    assert [(each["path"], each["line"]) for each in rejects] == [("in.jsonl", 1), ("in.jsonl", 3), ("gone.jsonl", 1)]
    assert {each["reasons"][0].partition(":")[0] for each in rejects} == {"model-shut-down"}
    assert 'in.jsonl:4: body.model: expected "gpt-4.1-mini" as in line 2, found "gpt-4.1" [batch-models]' in done.out
    assert "in.jsonl:5: body.background:" in done.out
    refused = run("batch", "in.jsonl", "--split", "other", *DAY)
    assert (
        refused.code,
        "--drop-invalid FILE writes the lines that break them into FILE, and splits the others" in refused.out,
    ) == (1, True)


def test_the_queue_is_that_of_models_that_still_run(run: Run) -> None:
    write_batch("in.jsonl", "gpt-4.1-nano", "/v1/chat/completions")
    assert json.loads(run("batch", "in.jsonl", *DAY, "--format", "json").out)["queue"] == []


def test_nothing_to_drop_makes_an_empty_file(run: Run) -> None:
    write_batch("in.jsonl", "gpt-4.1-mini", "/v1/chat/completions")
    assert run("batch", "in.jsonl", "--split", "out", "--drop-invalid", "bad.jsonl", *DAY).code == 0
    assert Path("bad.jsonl").read_text() == ""


def test_recommend_and_migrate_take_names_of_deployments_and_no_model_alone(run: Run) -> None:
    names = ("--model", "prod-eu=gpt-4.1-mini")
    moved = run("migrate", "azure.jsonl", "--to", "gpt-4.1", *DAY, *names, "--format", "json")
    assert (moved.code, json.loads(moved.out)["from"]) == (0, "gpt-4.1-mini")
    Path("log.jsonl").write_text('{"model": "prod-eu", "usage": {"prompt_tokens": 1000, "completion_tokens": 100}}')
    assert run("migrate", "log.jsonl", *DAY, *names, "-q").code == 0
    assert run("recommend", "azure.jsonl", *DAY, *names, "-q").out.startswith("gpt-4.1 ")
    for command, hint in (
        ("migrate", "--from takes the model to leave, --to the next"),
        ("recommend", "the whole family is weighed"),
    ):
        done = run(command, "azure.jsonl", *DAY, "--model", "gpt-4.1")
        assert (done.code, done.err) == (
            2,
            f"gpt41: --model: expected NAME=MODEL, which says what a deployment or label is, found gpt-4.1 alone; {hint}\n",
        )


@pytest.mark.parametrize("command", ["cost", "plan", "migrate", "cache"])
def test_a_name_that_is_not_known_is_answered_with_how_to_say_what_it_is(run: Run, command: str) -> None:
    done = run(command, "azure.jsonl", *DAY)
    assert done.code == 2
    assert (
        'unknown model "prod-eu"; --model NAME=MODEL, or models: in gpt41.yaml, says what a deployment or label is\n'
    ) in done.err


def test_a_newer_model_is_not_a_misspelt_name(run: Run) -> None:
    assert "did you mean" not in run("cost", "--input-tokens", "5", "--model", "gpt-5-nano", *DAY).err
    assert "did you mean gpt-4.1-mini" in run("cost", "--input-tokens", "5", "--model", "gpt-4.1-mni", *DAY).err
