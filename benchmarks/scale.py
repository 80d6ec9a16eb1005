"""Prices the same requests by the command and by engines on two workers each: `python benchmarks/scale.py`.

It prints a table: seconds of the processor, the ratio to `gpt41 cost --each`, wall seconds, the most memory of all processes, and
whether the sums by model and mode are those of the command to the last digit. Linux only, as it reads /proc.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

import inputs
from run import write_in_new_process

HERE = Path(__file__).resolve().parent
NAMES = {
    "command": "`gpt41 cost --each --jobs 2`",
    "arrow": "`gpt41_cli.arrow`, two forked workers",
    "duckdb": "DuckDB, two threads",
    "dask": "Dask, a scheduler and two workers",
    "spark": "Spark, `local-cluster[2,1,1024]`",
}
_MARK = "GPT41_BENCHMARK"
_TICKS = os.sysconf("SC_CLK_TCK")
_PAUSE_SECONDS = 0.2


class Run(NamedTuple):
    """A finished run: what it printed, and what it took."""

    sums: str
    cpu_seconds: float
    seconds: float
    megabytes: float


class Watch(threading.Thread):
    """Looks at all processes of a run every now and then, those that nobody waits for included: an engine has many."""

    def __init__(self, mark: str) -> None:
        super().__init__(daemon=True)
        self._mark = f"{_MARK}={mark}".encode()
        self._cpu_seconds: dict[int, float] = {}
        self.megabytes = 0.0
        self.is_over = threading.Event()

    @property
    def cpu_seconds(self) -> float:
        """The seconds of all processes that were seen, each when it was last seen."""
        return sum(self._cpu_seconds.values())

    def run(self) -> None:
        """Look until it is over."""
        while not self.is_over.wait(_PAUSE_SECONDS):
            self.megabytes = max(self.megabytes, sum(map(self._look_at, Path("/proc").glob("[0-9]*"))))

    def _look_at(self, process: Path) -> float:
        """Return the share of memory that a process of the run has, in megabytes; 0 for any other."""
        try:
            if self._mark not in (process / "environ").read_bytes().split(b"\0"):
                return 0
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            self._cpu_seconds[int(process.name)] = (int(fields[11]) + int(fields[12])) / _TICKS
            rollup = (process / "smaps_rollup").read_text()
        except (OSError, ValueError):
            return 0  # it has ended
        return next((int(line.split()[1]) / 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0)


def run(engine: str, folder: Path, python: str) -> Run:
    """Run an engine to its end. Raises CalledProcessError if it fails."""
    mark = f"{os.getpid()}-{engine}"
    watch = Watch(mark)
    watch.start()
    start, before = time.perf_counter(), os.times()
    command = [python, "-W", "ignore", str(HERE / "engines.py"), engine, str(folder)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env={**os.environ, _MARK: mark}, check=True)
    seconds, after = time.perf_counter() - start, os.times()
    watch.is_over.set()
    watch.join()
    waited = after.children_user + after.children_system - before.children_user - before.children_system
    return Run(done.stdout, max(waited, watch.cpu_seconds), seconds, watch.megabytes)


def main() -> None:
    """Write the requests, run all engines, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--engine", action="append", choices=NAMES, help="all if none is named; the command always runs")
    parser.add_argument(
        "--python", action="append", default=[], metavar="ENGINE=PYTHON", help="the interpreter that has an engine"
    )
    asked = parser.parse_args()
    pythons = dict(each.split("=", 1) for each in asked.python)
    print(f"{asked.requests:,} requests, CPython {platform.python_version()}, {os.cpu_count()} cores.\n")
    print("| engine | CPU seconds | ratio | wall seconds | memory | sums |\n|---|--:|--:|--:|--:|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "calls"
        write_in_new_process(inputs.write_calls, folder, asked.requests)
        whole = None
        for engine in dict.fromkeys(("command", *(asked.engine or NAMES))):
            try:
                found = run(engine, folder, pythons.get(engine, sys.executable))
            except subprocess.CalledProcessError as error:
                print(f"| {NAMES[engine]} | not run: exit code {error.returncode} | | | | |", flush=True)
                continue
            whole = whole or found
            equal = "the same" if found.sums == whole.sums else "OTHER"
            figures = f"{found.cpu_seconds:.1f} | {found.cpu_seconds / whole.cpu_seconds:.2f} x | {found.seconds:.0f}"
            print(f"| {NAMES[engine]} | {figures} | {found.megabytes:,.0f} MB | {equal} |", flush=True)


if __name__ == "__main__":
    main()
