"""Files that ship with the package but lie next to it in the repository: the price table and the schemas."""

from __future__ import annotations

from pathlib import Path


def find_shipped_file(name: str) -> Path:
    """Return the path of `name`: inside the installed package, or next to it in a source checkout."""
    package = Path(__file__).resolve().parent
    inside = package / name
    return inside if inside.exists() else package.parent / name


def read_schema(name: str) -> str:
    """Read a JSON Schema by the middle of its id (`cost` of `gpt41.cost/1`); `config` is that of gpt41.yaml."""
    return find_shipped_file(f"schemas/{name}.json").read_text(encoding="utf-8")
