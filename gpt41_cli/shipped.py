"""Files that come with the package but are written beside it, where people look for them: the price table, the schemas."""

from __future__ import annotations

from pathlib import Path


def shipped(name: str) -> Path:
    """The file called `name` inside the wheel; a source checkout has it beside the package instead."""
    package = Path(__file__).resolve().parent
    inside = package / name
    return inside if inside.exists() else package.parent / name
