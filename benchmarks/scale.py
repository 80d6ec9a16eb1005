"""Prices the same requests by the command and by engines on two workers each: `python benchmarks/scale.py`.

It prints a table: seconds of the processor, the ratio to `gpt41 cost --each`, wall seconds, the most memory of all processes, and
whether the sums by model and mode are those of the command to the last digit. Progress goes to stderr. If an engine fails or has
other sums, it ends with exit code 1. Spark runs in the environment that `make spark` makes. Linux only, as it reads /proc.
"""

import argparse
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
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
SPARK = HERE.parent / "build" / "spark" / "bin" / "python"
FEW = 1_000
"""So few requests show what starting Spark takes, its workers included."""

_MARK = "GPT41_BENCHMARK"
_TICKS = os.sysconf("SC_CLK_TCK")
_PAUSE_SECONDS, _REPORT_SECONDS = 0.2, 20


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
        start = reported = time.monotonic()
        while not self.is_over.wait(_PAUSE_SECONDS):
            self.megabytes = max(self.megabytes, sum(map(self._look_at, self._list_processes())))
            if time.monotonic() > reported + _REPORT_SECONDS:
                reported = time.monotonic()
                report(f"  {reported - start:.0f} s, {self.cpu_seconds:.0f} seconds of the processor")

    def end_all(self) -> None:
        """End the processes that are still there."""
        for process in self._list_processes():
            with suppress(ProcessLookupError):
                os.kill(int(process.name), signal.SIGKILL)

    def _list_processes(self) -> Iterator[Path]:
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended, or is somebody else's
                if self._mark in (process / "environ").read_bytes().split(b"\0"):
                    yield process

    def _look_at(self, process: Path) -> float:
        """Return the share of memory that a process has, in megabytes."""
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            self._cpu_seconds[int(process.name)] = (int(fields[11]) + int(fields[12])) / _TICKS
            rollup = (process / "smaps_rollup").read_text()
        except (OSError, ValueError):
            return 0  # it has ended
        return next((int(line.split()[1]) / 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0)


def report(line: str) -> None:
    """Say on stderr how far it is."""
    print(line, file=sys.stderr, flush=True)


def run(engine: str, folder: Path, python: str, most_seconds: float) -> Run:
    """Run an engine to its end. Raises SubprocessError if it fails or takes longer than `most_seconds`."""
    mark = f"{os.getpid()}-{engine}-{folder.name}"
    watch = Watch(mark)
    watch.start()
    start, before = time.perf_counter(), os.times()
    command = [python, "-W", "ignore", str(HERE / "engines.py"), engine, str(folder)]
    environment = {**os.environ, _MARK: mark, "PYSPARK_PYTHON": python, "SPARK_LOCAL_IP": "127.0.0.1"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True, timeout=most_seconds)
    finally:
        watch.is_over.set()
        watch.join()
        watch.end_all()
    seconds, after = time.perf_counter() - start, os.times()
    waited = after.children_user + after.children_system - before.children_user - before.children_system
    return Run(done.stdout, max(waited, watch.cpu_seconds), seconds, watch.megabytes)


def explain(error: subprocess.SubprocessError) -> str:
    """Return why an engine has no figures, in a few words, and print the end of what it wrote to stderr."""
    if isinstance(error, subprocess.TimeoutExpired):
        return f"not finished after {error.timeout:.0f} s"
    assert isinstance(error, subprocess.CalledProcessError)
    report("\n".join(error.stderr.splitlines()[-40:]))
    return f"exit code {error.returncode}"


def make_rows(engines: Sequence[str], pythons: dict[str, str], folder: Path, few: Path, most_seconds: float) -> Iterator[str]:
    """Run the engines one after the other and yield their rows. A row ends with `the same` if all is well."""
    whole = None
    for engine in engines:
        report(f"{NAMES[engine]}, load {os.getloadavg()[0]:.1f}")
        try:
            found = run(engine, folder, pythons.get(engine, sys.executable), most_seconds)
            start = run(engine, few, pythons[engine], most_seconds) if engine == "spark" else None
        except subprocess.SubprocessError as error:
            yield f"| {NAMES[engine]} | {explain(error)} | | | | |"
            if whole is None:
                return
            continue
        whole = whole or found
        equal = "the same" if found.sums == whole.sums else "OTHER"
        figures = f"{found.cpu_seconds:.1f} | {found.cpu_seconds / whole.cpu_seconds:.2f} x | {found.seconds:.0f}"
        yield f"| {NAMES[engine]} | {figures} | {found.megabytes:,.0f} MB | {equal} |"
        if start:
            cpu_seconds = found.cpu_seconds - start.cpu_seconds
            figures = f"{cpu_seconds:.1f} | {cpu_seconds / whole.cpu_seconds:.2f} x | {found.seconds - start.seconds:.0f}"
            yield f"| the same, less a run of {FEW:,} requests | {figures} | | {equal} |"


def replace_table(page: Path, table: str) -> None:
    """Write the table, and the line that says how it was measured, in place of those of a page."""
    text, many = re.subn(r"^One run of .*\n\n(?:\|.*\n)+", lambda _: table, page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if many != 1:
        sys.exit(f"{page}: expected one table after a line that begins with 'One run of', found {many}")
    page.write_text(text, encoding="utf-8")


def main() -> None:
    """Write the requests, run all engines, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200_000)
    parser.add_argument("--engine", action="append", choices=NAMES, help="all if none is named; the command always runs")
    parser.add_argument(
        "--python", action="append", default=[], metavar="ENGINE=PYTHON", help="the interpreter that has an engine"
    )
    parser.add_argument("--most-seconds", type=float, default=600, metavar="N", help="end an engine that takes longer")
    parser.add_argument("--into", type=Path, metavar="PAGE", help="write the table into docs/performance.md, too")
    asked = parser.parse_args()
    pythons = {"spark": str(SPARK)} | dict(each.split("=", 1) for each in asked.python)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and what runs is ended
    engines = list(dict.fromkeys(("command", *(asked.engine or NAMES))))
    if "spark" in engines and not Path(pythons["spark"]).exists():
        sys.exit(f"expected Spark in {pythons['spark']}, found nothing: run make spark, or name other engines with --engine")
    with tempfile.TemporaryDirectory() as name:
        folder, few = Path(name) / "calls", Path(name) / "few"
        report(f"writing {asked.requests:,} requests")
        write_in_new_process(inputs.write_calls, folder, asked.requests)
        write_in_new_process(inputs.write_calls, few, FEW)
        kilobytes = folder.with_suffix(".jsonl").stat().st_size / asked.requests / 1000
        where = f"CPython {platform.python_version()}, {os.cpu_count()} cores, a load of {os.getloadavg()[0]:.1f} before it"
        lines = [f"One run of {asked.requests:,} requests of {kilobytes:.1f} kB ({where}, {date.today()}):", ""]
        lines += ["| engine | CPU seconds | ratio | wall seconds | memory, all processes | sums |", "|---|--:|--:|--:|--:|---|"]
        print("\n".join(lines), flush=True)
        for row in make_rows(engines, pythons, folder, few, asked.most_seconds):
            print(row, flush=True)
            lines.append(row)
    if not all(row.endswith(" the same |") for row in lines[4:]):
        sys.exit("an engine has no sums, or other ones: nothing is written")
    if asked.into:
        replace_table(asked.into, "".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main()
