"""The public API keeps its names and types: code that uses all of it runs, and passes `mypy --strict` as all tests do."""

from __future__ import annotations

import ast
from pathlib import Path

import gpt41_cli
from tests import public_api

FILE = Path(public_api.__file__)


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
