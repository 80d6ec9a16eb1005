"""The public API keeps its types: code that uses all of it passes `mypy --strict`, and runs."""

from __future__ import annotations

import ast
from pathlib import Path

from mypy import api

import gpt41_cli
from tests import public_api

FILE = Path(public_api.__file__)


def test_the_types_are_those_that_users_rely_on(tmp_path: Path) -> None:
    printed, errors, code = api.run(["--strict", "--config-file=", "--cache-dir", str(tmp_path), str(FILE)])
    assert (code, errors) == (0, ""), printed


def test_every_public_name_is_used() -> None:
    names = {node.id for node in ast.walk(ast.parse(FILE.read_text())) if isinstance(node, ast.Name)}
    assert set(gpt41_cli.__all__) <= names


def test_what_passes_the_type_checker_runs(tmp_path: Path) -> None:
    public_api.use_arithmetic()
    public_api.use_catalog(tmp_path)
    public_api.use_counts()
    public_api.use_prices()
    public_api.use_decisions()
    public_api.use_errors(tmp_path)
