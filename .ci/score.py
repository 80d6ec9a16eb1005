"""Holds the counts of `gpt41` against requests whose bill is known: `python score.py FOLDER`, with gpt41 on PATH.

FOLDER has requests.jsonl, Batch API lines, and usage.jsonl, what was billed for each. Exits with 1 below any of the floors. What
was read from the prompt cache is held against its rules in the price table: the minimum, the steps, and no more than there is.
"""

import collections
import json
import statistics
import subprocess
import sys
from pathlib import Path

from gpt41_cli import read_catalog
from gpt41_cli.commands.cache.divergence import count_cacheable_tokens

FLOORS = {
    "are right to the token": 0.98,
    "that are called exact are right": 0.985,
    "are called exact": 0.88,
    "of the worst kind are right": 0.87,
    "that read from the cache read whole steps of it": 0.93,
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
    rules = read_catalog().limits.prompt_cache
    kinds, exact, called, errors, cached = collections.defaultdict(list), [], [], [], []
    for custom_id, bill in billed.items():
        row, tokens = said[custom_id], bill["input_tokens"]
        right = row["input_tokens"] == tokens
        kinds[bill["endpoint"], bill["kind"]].append(right)
        errors.append(abs(row["input_tokens"] - tokens) / tokens)
        called.append(row["exact"])
        exact += [right] if row["exact"] else []
        if bill["cached_tokens"]:
            most = count_cacheable_tokens(row["input_tokens"], rules)
            cached.append(bill["cached_tokens"] == count_cacheable_tokens(bill["cached_tokens"], rules) <= most)
    worst = min(kinds.values(), key=statistics.mean)
    held = dict(zip(FLOORS, ([error == 0 for error in errors], exact, called, worst, cached), strict=True))
    for name, right in held.items():
        print(f"{statistics.mean(right):7.2%} of {len(right):5,} {name} (at least {FLOORS[name]:.1%})")
    relative = sorted(errors)[int(0.99 * len(errors))]
    print(f"{relative:7.2%} is the 99th percentile of the relative error (at most {MOST_RELATIVE_ERROR:.1%})")
    return int(any(statistics.mean(held[name]) < floor for name, floor in FLOORS.items()) or relative > MOST_RELATIVE_ERROR)


if __name__ == "__main__":
    sys.exit(main())
