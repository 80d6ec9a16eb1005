"""The hooks of this repository as pre-commit runs them: installed into an environment of their own, at every `git commit`."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.builders import IDENTITY, commit_all, git
from tests.conftest import ROOT, environment

[SHOWN] = re.findall(r"```yaml\n(repos:\n.*?)```", (ROOT / "docs" / "ci.md").read_text(), re.DOTALL)

INSTALLED = (
    ".pre-commit-hooks.yaml",
    "LICENSE",
    "README.md",
    "gpt41_cli",
    "hatch_build.py",
    "pricing.yaml",
    "pyproject.toml",
    "schemas",
)

WORKLOADS = """\
version: 1
defaults: {model: gpt-4.1-mini, output_tokens: 20}
workloads:
  triage: {prompt: prompts/triage.md, volume: 1000 / day, budget: {input_tokens: 3000}}
"""


class Project(NamedTuple):
    """The repository of a user, who has `pre-commit install`ed what the page on CI shows."""

    folder: Path
    home: Path

    def call(self, *command: str) -> tuple[int, str]:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**environment(is_measured=False), **IDENTITY, "PRE_COMMIT_HOME": str(self.home), "PIP_NO_COMPILE": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout

    def commit(self, **texts: str) -> tuple[int, str]:
        """How the commit of a change to some prompts ends, and what it says."""
        for name, text in texts.items():
            (self.folder / "prompts" / f"{name}.md").write_text(text)
        git(self.folder, "add", "--all")
        return self.call("git", "commit", "-m", "A change")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One for all tests, as the hooks take a while to be installed."""
    published, folder = tmp_path_factory.mktemp("gpt41"), tmp_path_factory.mktemp("project")
    git(published, "init")
    # As it lies here, committed or not; by name, as other files come and go at the top while tests run.
    git(published, f"--work-tree={ROOT}", "add", *(f":/{name}" for name in INSTALLED))
    git(published, "commit", "-m", "x")
    config = SHOWN.replace("URL", str(published)).replace("COMMIT", git(published, "rev-parse", "HEAD"))
    config = config.replace("id: gpt41-check", 'id: gpt41-check\n        args: [--as-of, "2026-11-23"]')
    (folder / ".pre-commit-config.yaml").write_text(config)
    (folder / "gpt41.yaml").write_text(WORKLOADS)
    (folder / "prompts").mkdir()
    (folder / "prompts" / "triage.md").write_text("Sort this.\n")
    git(folder, "tag", "start", commit_all(folder))
    found = Project(folder, tmp_path_factory.mktemp("cache"))
    assert found.call("pre-commit", "install")[0] == 0
    return found


@pytest.fixture
def project(installed: Project) -> Project:
    git(installed.folder, "reset", "--hard", "start")
    return installed


def test_what_keeps_to_its_limits_is_committed_without_a_word(project: Project) -> None:
    code, said = project.commit(triage="word " * 2_900, long="word " * 3_900)
    assert code == 0, said
    assert re.findall(r"^(gpt41 \w+)\.+(\w+)$", said, re.MULTILINE) == [("gpt41 check", "Passed"), ("gpt41 count", "Passed")]
    assert "tokens" not in said


def test_what_does_not_is_named_and_not_committed(project: Project) -> None:
    before = git(project.folder, "rev-parse", "HEAD")
    code, said = project.commit(triage="word " * 3_100, long="word " * 4_100)
    assert (code, git(project.folder, "rev-parse", "HEAD")) == (1, before)
    assert "triage: gpt41.yaml:4 has 3,101 input tokens, over the 3,000 allowed" in said
    assert "prompts/long.md: 4,101 tokens, over the 4,000 allowed" in said
    assert "prompts/triage.md: 3,101 tokens, over" not in said


def test_a_deleted_prompt_is_noticed(project: Project) -> None:
    git(project.folder, "rm", "--quiet", "prompts/triage.md")
    code, said = project.commit()
    assert code == 1
    assert 'workloads.triage.prompt: "prompts/triage.md": expected a readable file' in said


@pytest.mark.parametrize("name", ["--max-tokens=999999", "--help", "--text", "-q"])
def test_a_file_name_is_never_an_option(project: Project, name: str) -> None:
    (project.folder / ".pre-commit-config.yaml").write_text(config_for_all_files(project))
    (project.folder / name).write_text("One.\n")
    code, said = project.commit(long="word " * 8_100)
    assert (code, "prompts/long.md: 8,101 tokens, over the 8,000 allowed" in said) == (1, True)


def config_for_all_files(project: Project) -> str:
    """The user's config with the hook as it is published: its own args, and every text."""
    return re.sub(r" *(args: \[--max-tokens|files:).*\n", "", (project.folder / ".pre-commit-config.yaml").read_text())


def test_the_limit_is_8000_where_nothing_is_said(project: Project) -> None:
    (project.folder / ".pre-commit-config.yaml").write_text(config_for_all_files(project))
    assert project.commit(long="word " * 7_900)[0] == 0
    assert "prompts/long.md: 8,101 tokens, over the 8,000 allowed" in project.commit(long="word " * 8_100)[1]
