"""python -m tests.fuzz: try many cases. Prints the seed, then what breaks a property and the command that shows it again."""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.cases import TARGETS
from tests.fuzz.search import find_problems, keep


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--cases", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="the same seed tries the same cases")
    parser.add_argument("--target", choices=TARGETS, action="append", help="only this kind of input; repeatable")
    given = parser.parse_args()
    targets = given.target or list(TARGETS)
    print(f"{given.cases:,} cases with --seed {given.seed}", flush=True)
    count, started = 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for line in keep(find_problems(range(given.cases // len(targets)), given.seed, Path(folder), targets)):
            print(line, flush=True)
            count += 1
    print(f"{count} problems in {time.monotonic() - started:.0f} seconds")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
