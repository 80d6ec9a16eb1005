"""What the project says about itself: CONTRIBUTING.md, the Makefile, the workflow, the classifiers and the changelog agree."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.conftest import ROOT

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
PACKAGE = ROOT / "gpt41_cli"
PYTHON = "Programming Language :: Python :: "


def test_every_path_that_contributors_are_sent_to_exists() -> None:
    page = CONTRIBUTING.replace("NAME", "models").replace("QUESTION", "*")
    paths = re.findall(r"`([\w./*-]+/[\w./*-]*|[\w-]+\.(?:py|md))`", page)
    assert len(paths) > 20
    # A file that every command has is written without its folder.
    folders = (ROOT, PACKAGE, PACKAGE / "commands" / "models")
    for path in set(paths) - {"gpt41.yaml"}:  # that one is the user's
        assert any(list(folder.glob(path.rstrip("/"))) for folder in folders), path


def test_every_table_that_contributors_are_sent_to_exists() -> None:
    for table, path in re.findall(r"`([A-Z_]+)` of `([\w./]+)`", CONTRIBUTING):
        text = next(folder / path for folder in (PACKAGE, ROOT) if (folder / path).exists()).read_text()
        assert re.search(rf"^{table}: ", text, re.MULTILINE), f"{table} of {path}"


def test_the_tree_has_one_line_for_every_folder_of_the_package() -> None:
    tree = CONTRIBUTING.partition("\ngpt41_cli/\n")[2].partition("\ntests/")[0]
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert set(re.findall(r"^  (\w+)/ ", tree, re.MULTILINE)) == folders


def test_the_targets_that_are_recommended_are_in_the_makefile() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    known = {"test", "lint", "golden", "bench", "fuzz", "texts", "spark", "oldest", "mutants", "requirements", "site"}
    assert set(re.findall(r"\bmake ([a-z]+)", CONTRIBUTING)) & known == targets


@pytest.mark.parametrize(
    ("java", "message"),
    [
        ("", "Spark needs Java 17 or newer, which apt-get didn't install: "),
        ("#!/bin/sh\necho 'openjdk version \"1.8.0_402\"' >&2\n", "Spark needs Java 17 or newer, java is Java 8: "),
        ("#!/bin/sh\nexit 1\n", "Spark needs Java 17 or newer, java is Java of an unknown version: "),
    ],
)
def test_spark_without_java_fails(java: str, message: str, tmp_path: Path) -> None:
    """It doesn't go on to a download of 456 MB."""
    for name in ("bash", "dirname", "sed"):
        (tmp_path / name).symlink_to(shutil.which(name) or "")
    if java:
        (tmp_path / "java").write_text(java)
        (tmp_path / "java").chmod(0o755)
    done = subprocess.run([ROOT / ".ci" / "spark"], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f".ci/spark: {message}install it, and put java on PATH or set JAVA_HOME"


def test_the_classifiers_name_the_pythons_that_the_workflow_runs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    workflow = yaml.safe_load((ROOT / ".github/workflows/test.yml").read_text())
    named = [each.removeprefix(PYTHON) for each in project["classifiers"] if each.startswith(PYTHON)]
    assert named == workflow["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert project["requires-python"] == f">={named[0]}"


def test_the_action_installs_what_the_project_asks_for_with_hashes() -> None:
    """`make requirements` brings .github/requirements.txt up to date."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    text = (ROOT / ".github/requirements.txt").read_text()
    entries = re.findall(r"^(\S+?)==(\S+)[^\\\n]*((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n", text, re.MULTILINE)
    pinned = {canonicalize_name(name): version for name, version, _ in entries}
    assert len(pinned) == len(entries) == len(re.findall("^[^ #\n]", text, re.MULTILINE)), "every line has hashes"
    for asked in map(Requirement, project["project"]["dependencies"] + project["build-system"]["requires"]):
        assert asked.specifier.contains(pinned[canonicalize_name(asked.name)]), f"{asked}: run make requirements"
    for name in pinned:
        with suppress(PackageNotFoundError):  # what is for another system is not installed here
            for needed in map(Requirement, distribution(name).requires or ()):
                if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                    assert canonicalize_name(needed.name) in pinned, f"{name} needs {needed}: run make requirements"


def test_every_action_is_named_by_its_commit() -> None:
    """But the one of this repository, whose commit the reader chooses."""
    for page in ("README.md", "docs/ci.md", ".github/workflows/test.yml"):
        for used in re.findall(r"uses: (\S+)", (ROOT / page).read_text()):
            assert used == "OWNER/gpt41@COMMIT" or re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", used), used


def test_the_newest_changes_are_sorted_into_added_changed_and_fixed() -> None:
    newest = (ROOT / "CHANGELOG.md").read_text().split("\n## ")[1]
    assert newest.startswith("Unreleased\n")
    assert re.findall(r"^### (.*)$", newest, re.MULTILINE) == ["Added", "Changed", "Fixed"]
