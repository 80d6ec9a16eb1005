"""The JSON Schemas of what gpt41 prints and reads, which are the documentation of these formats for programs."""

from __future__ import annotations

from gpt41_cli.shipped import shipped


def text(name: str) -> str:
    """The schema called `name`: the middle of a schema id (`cost` of `gpt41.cost/1`), or `config` for gpt41.yaml."""
    return shipped(f"schemas/{name}.json").read_text(encoding="utf-8")
