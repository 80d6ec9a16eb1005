"""Files that come with the package but are written beside it, where people look for them: the price table, the schemas."""

from __future__ import annotations

from pathlib import Path


def find_shipped_file(name: str) -> Path:
    """The file called `name` inside the wheel; a source checkout has it beside the package instead."""
    package = Path(__file__).resolve().parent
    inside = package / name
    return inside if inside.exists() else package.parent / name


def read_schema(name: str) -> str:
    """The JSON Schema called `name`: the middle of a schema id (`cost` of `gpt41.cost/1`), or `config` for gpt41.yaml."""
    return find_shipped_file(f"schemas/{name}.json").read_text(encoding="utf-8")
