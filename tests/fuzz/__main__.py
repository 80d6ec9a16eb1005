"""python -m tests.fuzz: try many odd inputs and random workloads.

Prints the seed first, then what breaks a property with the command that shows it again, and which figures are wrong.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.fuzz import process, workloads
from tests.fuzz.cases import TARGETS
from tests.fuzz.corpus import copy_inputs
from tests.fuzz.search import find_problems, keep


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--cases", type=int, default=200_000, help="how many odd inputs")
    parser.add_argument("--workloads", type=int, default=20_000, help="how many workloads whose price is computed a second time")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="the same seed tries the same")
    parser.add_argument("--target", choices=TARGETS, action="append", help="only this kind of input; repeatable")
    given = parser.parse_args()
    print(f"{given.cases:,} inputs and {given.workloads:,} workloads with --seed {given.seed}", flush=True)
    count, started = 0, time.monotonic()
    for line in _try_all(given.cases, given.workloads, given.seed, given.target or list(TARGETS)):
        print(line, flush=True)
        count += 1
    print(f"{count} problems in {time.monotonic() - started:.0f} seconds")
    return 1 if count else 0


def _try_all(cases: int, many: int, seed: int, targets: Sequence[str]) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from keep(find_problems(range(cases // len(targets)), seed, folder, targets))
        copy_inputs(folder)
        with process.many_runs(folder):
            yield from workloads.find_wrong_figures(range(many // len(workloads.COMMANDS)), seed)


if __name__ == "__main__":
    sys.exit(main())
