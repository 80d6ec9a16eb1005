"""Print the JSON on standard input with as much on a line as fits, so that a recorded run stays short.

`compact_json.py KEY...` prints these top-level keys only, `compact_json.py without KEY...` all others.
"""

from __future__ import annotations

import json
import sys

WIDTH = 130


def compact(value: object, indent: int = 0, key: str = "") -> str:
    """The value after its key, as it stands `indent` columns from the left."""
    flat = key + json.dumps(value, ensure_ascii=False)
    if indent + len(flat) < WIDTH or not isinstance(value, dict | list):
        return flat
    deeper = indent + 2
    if isinstance(value, dict):
        members = [compact(member, deeper, f"{json.dumps(name, ensure_ascii=False)}: ") for name, member in value.items()]
    else:
        members = [compact(member, deeper) for member in value]
    lines = [members[0]]
    for member in members[1:]:
        both = f"{lines[-1]}, {member}"
        if "\n" not in both and deeper + len(both) < WIDTH:
            lines[-1] = both
        else:
            lines.append(member)
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    between = ",\n" + " " * deeper
    return f"{key}{opening}\n{' ' * deeper}{between.join(lines)}\n{' ' * indent}{closing}"


def select(document: dict[str, object], names: list[str]) -> dict[str, object]:
    """The keys that the command line asks for."""
    if names[:1] == ["without"]:
        return {key: value for key, value in document.items() if key not in names[1:]}
    return {key: document[key] for key in names or document}


if __name__ == "__main__":
    sys.stdout.write(compact(select(json.load(sys.stdin), sys.argv[1:])) + "\n")
