"""Holds the counts of `gpt41` against requests whose bill is known: `python score.py FOLDER`, with gpt41 on PATH.

FOLDER has requests.jsonl, Batch API lines, and usage.jsonl, what was billed for each. Exits with 1 below any of the floors.
"""

import collections
import json
import statistics
import subprocess
import sys
from pathlib import Path

FLOORS = {
    "right to the token": 0.98,
    "right where they are called exact": 0.985,
    "called exact": 0.88,
    "right in the worst kind of request": 0.87,
}
MOST_RELATIVE_ERROR = 0.011
"""Of the 99th percentile."""


def main() -> int:
    """Print each figure beside its floor; the exit code."""
    folder = Path(sys.argv[1])
    billed = {row["custom_id"]: row for row in map(json.loads, (folder / "usage.jsonl").open())}
    command = ["gpt41", "count", str(folder / "requests.jsonl"), "--each", "--format", "jsonl"]
    printed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    said = {row["custom_id"]: row for row in map(json.loads, printed.splitlines())}
    kinds, exact, errors = collections.defaultdict(list), [], []
    for custom_id, bill in billed.items():
        row, tokens = said[custom_id], bill["input_tokens"]
        right = row["input_tokens"] == tokens
        kinds[bill["endpoint"], bill["kind"]].append(right)
        errors.append(abs(row["input_tokens"] - tokens) / tokens)
        exact += [right] if row["exact"] else []
    figures = {
        "right to the token": statistics.mean(error == 0 for error in errors),
        "right where they are called exact": statistics.mean(exact),
        "called exact": len(exact) / len(errors),
        "right in the worst kind of request": min(map(statistics.mean, kinds.values())),
    }
    for name, figure in figures.items():
        print(f"{figure:7.2%} of {len(errors)} {name} (at least {FLOORS[name]:.1%})")
    relative = sorted(errors)[int(0.99 * len(errors))]
    print(f"{relative:7.2%} is the 99th percentile of the relative error (at most {MOST_RELATIVE_ERROR:.1%})")
    return int(any(figures[name] < floor for name, floor in FLOORS.items()) or relative > MOST_RELATIVE_ERROR)


if __name__ == "__main__":
    sys.exit(main())
