"""The recipes of the page on CI, taken out of it and run."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.builders import commit_files, git, lasting_prices
from tests.conftest import ROOT, environment

ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
PAGE = (ROOT / "docs" / "ci.md").read_text()

SHORT, LONG = "word " * 100, "word " * 200

CONFIG = """\
version: 1
defaults: {model: gpt-4.1-mini, output_tokens: 100}
workloads:
  triage: {prompt: triage.md, volume: 10000 / month, budget: {monthly_usd: 5, growth_percent: 10}}
"""


def recipe(language: str, word: str) -> str:
    """The one block of that language in which the word stands."""
    blocks = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    (found,) = (block for block in blocks if word in block)
    return str(found)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout whose `origin/main` has the prompt as it was before."""
    origin, checkout = tmp_path / "origin", tmp_path / "checkout"
    origin.mkdir()
    commit_files(origin, gpt41__yaml=CONFIG, triage__md=SHORT)
    git(tmp_path, "clone", "--quiet", str(origin), str(checkout))
    return checkout


def outcome(repository: Path, *command: str, **env: str) -> tuple[int, str]:
    """The exit code, and what was printed."""
    (repository.parent / "bin").mkdir(exist_ok=True)
    pip = repository.parent / "bin" / "pip"
    pip.write_text("#!/bin/sh\n")  # gpt41 is installed already
    pip.chmod(0o755)
    given = {**environment(is_measured=False), "GPT41_PRICING": str(lasting_prices(repository.parent)), **env}
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=repository,
        env={**given, "PATH": f"{pip.parent}:{given['PATH']}"},
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout


def test_the_workflow_gives_the_action_inputs_that_it_has() -> None:
    workflow: dict[Any, Any] = yaml.safe_load(recipe("yaml", "runs-on"))
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "write"}
    checkout, action = workflow["jobs"]["cost"]["steps"]
    assert checkout["with"] == {"fetch-depth": 2, "persist-credentials": False}
    assert action["uses"] == "OWNER/gpt41@COMMIT"
    assert set(action["with"]) <= set(ACTION["inputs"])
    for name in (*ACTION["inputs"], *ACTION["outputs"]):
        assert f"`{name}`" in PAGE or name in action["with"]


def test_the_gitlab_job_reports_and_fails(repository: Path) -> None:
    job = yaml.safe_load(recipe("yaml", "CI_MERGE_REQUEST_DIFF_BASE_SHA"))["cost"]
    reports = job["artifacts"]["reports"]
    base = git(repository, "rev-parse", "origin/main")

    def run_job() -> tuple[int, str]:
        script = "\n".join(job["script"])
        return outcome(repository, "bash", "-eo", "pipefail", "-c", script, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)

    assert run_job()[0] == 0
    (repository / "triage.md").write_text(LONG)
    code, said = run_job()
    assert (code, "budget-growth" in said) == (1, True)
    (repository / "triage.md").write_text(LONG * 10)
    code, said = run_job()
    assert (code, "budget-growth" in said) == (1, True), "the diff runs although the check fails"
    assert "budget-monthly" in [each["check_name"] for each in json.loads((repository / reports["codequality"]).read_text())]
    assert len(ElementTree.parse(repository / reports["junit"]).findall(".//failure")) == 1


def test_the_makefile_fails_if_either_command_does(repository: Path) -> None:
    (repository / "Makefile").write_text(recipe("make", "cost"))
    assert outcome(repository, "make", "cost")[0] == 0
    (repository / "triage.md").write_text(LONG)
    code, said = outcome(repository, "make", "cost")
    assert (code, "budget-monthly" in said, "budget-growth" in said) == (2, False, True)
    (repository / "triage.md").write_text(LONG * 10)
    code, said = outcome(repository, "make", "cost")
    assert (code, "budget-monthly" in said, "budget-growth" in said) == (2, True, True)


def test_the_shell_script_takes_no_failure_for_a_pass(repository: Path) -> None:
    script = recipe("sh", "gpt41 check -q")
    assert outcome(repository, "sh", "-c", script) == (0, "2.004\n")
    (repository / "triage.md").write_text(LONG * 10)
    code, said = outcome(repository, "sh", "-c", script)
    assert code == 1
    assert said.endswith("gpt41.yaml does not pass\n")
    (repository / "triage.md").unlink()
    assert outcome(repository, "sh", "-c", script)[0] == 1
