"""Make schemas/NAME.json from schemas/src/NAME.json: copy in the definitions of shared.json that it refers to.

A published schema refers to no other file, so that it can be saved and used alone. Run this script after a change in
schemas/src. config.json isn't made here: it uses another draft and shares nothing, so edit it directly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

PUBLISHED = Path(__file__).resolve().parent
SOURCES = PUBLISHED / "src"
END = "\n  }\n}\n"
"""How a source ends: its definitions come last."""


def bundle_schemas() -> dict[str, str]:
    """Return the text of every schema that has a source, by the name of its file."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(SOURCES.glob("*.json"))}
    shared = split_definitions(texts.pop("shared.json"))
    return {name: bundle_schema(text, shared) for name, text in texts.items()}


def split_definitions(text: str) -> dict[str, str]:
    """Return the text of every definition of a source by its name. Only they stand four spaces from the margin."""
    return {entry[1]: entry[0] for entry in re.finditer(rf'^    "(\w+)": .*?(?=,\n    "|{END})', text, re.MULTILINE | re.DOTALL)}


def bundle_schema(source: str, shared: Mapping[str, str]) -> str:
    """Return a source with the shared definitions that it needs after its own, in the order of shared.json.

    Raises KeyError if it refers to a definition that shared.json doesn't have.
    """
    needed: set[str] = set()
    waiting = re.findall(r'"shared\.json#/\$defs/(\w+)"', source)
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += re.findall(r'"#/\$defs/(\w+)"', shared[name])
    own = source.replace('"shared.json#/', '"#/').removesuffix(END)
    return ",\n".join([own, *(text for name, text in shared.items() if name in needed)]) + END


def main() -> None:
    """Write every schema that has a source."""
    for name, text in bundle_schemas().items():
        (PUBLISHED / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
