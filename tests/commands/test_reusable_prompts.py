"""Requests that use a feature of the API that ends: every command that reads them says when, once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.builders import responses
from tests.conftest import Run

BODY = responses("Hi", prompt={"id": "pmpt_1"}, max_output_tokens=5)
LATER = "(likely: one article, compared with what the API lists); used by 12 requests, first"
CONFIG = """
version: 1
workloads:
  a: {requests: many.jsonl, model: gpt-4.1, output_tokens: 5}
  b: {requests: batch.jsonl, model: gpt-4.1, mode: batch, output_tokens: 5}
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Twelve requests, more than are kept as examples: as they are, in a batch, and in a gpt41.yaml."""
    lines = [{"custom_id": f"a{number}", "method": "POST", "url": "/v1/responses", "body": BODY} for number in range(12)]
    (tmp_path / "batch.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "many.jsonl").write_text((json.dumps(BODY) + "\n") * 12)
    (tmp_path / "gpt41.yaml").write_text(CONFIG)
    return tmp_path


@pytest.mark.parametrize("command", ["count", "cost", "migrate", "recommend", "plan"])
def test_requests_that_use_a_feature_that_ends_are_warned_of(run: Run, files: Path, command: str) -> None:
    done = run(command, "many.jsonl", "--on" if command == "migrate" else "--as-of", "2026-11-29", "--format", "json")
    (found,) = [finding for finding in json.loads(done.out)["findings"] if finding["rule"] == "feature-ends"]
    assert (done.code, found["level"], found["actual"]) == (0, "warning", "2026-11-30")
    assert found["message"] == f"reusable prompts: OpenAI ends this in 1 day, on 2026-11-30 {LATER} many.jsonl:1"


@pytest.mark.parametrize("command", ["count", "cost"])
@pytest.mark.parametrize("form", [("-q",), ("--format", "jsonl"), ("--format", "csv")], ids=" ".join)
def test_one_by_one_they_are_warned_of_where_there_is_room(run: Run, files: Path, command: str, form: tuple[str, ...]) -> None:
    message = f"reusable prompts: OpenAI ends this in 1 day, on 2026-11-30 {LATER} many.jsonl:1"
    asked = (command, "many.jsonl", "--each", "--as-of", "2026-11-29")
    done = run(*asked, "--format", "json")
    (found,) = [finding for finding in json.loads(done.out)["findings"] if finding["rule"] == "feature-ends"]
    assert (done.code, done.err, found["level"], found["message"]) == (0, "", "warning", message)
    done = run(*asked, *form)
    assert (done.code, done.err.splitlines().count(f"gpt41: {message}")) == (0, 1)


def test_where_a_feature_goes_on_nothing_is_said_one_by_one(run: Run, files: Path) -> None:
    done = run("cost", "many.jsonl", "--each", "--platform", "azure-global", "--as-of", "2026-11-29")
    assert (done.code, "feature-ends" in done.out) == (0, False)


def test_a_batch_and_workloads_are_warned_of(run: Run, files: Path) -> None:
    done = run("batch", "batch.jsonl", "--as-of", "2026-12-01", "--format", "json")
    assert [each["message"] for each in json.loads(done.out)["findings"] if each["rule"] == "feature-ends"] == [
        f"batch.jsonl:1: reusable prompts: OpenAI ended this on 2026-11-30 {LATER} line 1"
    ]
    for command, day in (("check", "--as-of"), ("migrate", "--on")):
        done = run(command, day, "2026-12-01", "--format", "json")
        names = [each["message"].partition(":")[0] for each in json.loads(done.out)["findings"] if each["rule"] == "feature-ends"]
        assert (command, names) == (command, ["a", "b"])


def test_a_platform_that_does_not_end_it_is_not_warned_of(run: Run, files: Path) -> None:
    azure = ("--platform", "azure-global", "--format", "json")
    for arguments in (("cost", "many.jsonl", *azure), ("batch", "batch.jsonl", *azure)):
        assert "feature-ends" not in run(*arguments).out
