"""Times whole commands in pairs, in turns, and prints one table of ratios: `python benchmarks/run.py`, with gpt41 installed.

A ratio of two commands that ran side by side holds on any machine; a time in seconds says something about the machine.
"""

import argparse
import multiprocessing
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import inputs

HERE = Path(__file__).resolve().parent
PYTHON = sys.executable
GPT41 = [str(Path(PYTHON).with_name("gpt41"))]
NOTHING = [PYTHON, "-c", "pass"]
NUMBERS = ["cost", "--input-tokens", "1200", "--cached-tokens", "800", "--output-tokens", "400"]
PEERS = ("litellm", "tokencost", "ttok", "count-tokens", "openai-cost-calculator")
PLAIN = "a plain script with tiktoken"
AS_OF = ["--as-of", "2026-11-29"]
JOBS = ["--jobs", "1"]


class Run(NamedTuple):
    """One finished command: wall seconds, seconds of the processor, and the most memory it held, in megabytes."""

    seconds: float
    cpu_seconds: float
    megabytes: float


class Row(NamedTuple):
    """A line of the table: `command` next to `reference`, by a field of Run, and what the peers take for the same."""

    what: str
    reference_name: str
    command: Sequence[str]
    reference: Sequence[str]
    goal: str
    measure: str = "cpu_seconds"
    peers: Mapping[str, Sequence[str]] = {}


class Asked(NamedTuple):
    """How much is measured, in which folder, and the interpreters that have the other packages."""

    folder: Path
    lines: int
    logs: int
    fast: str | None
    peers: str | None
    tokens: Path

    def peer(self, what: str, *names: str, of: Path | None = None) -> dict[str, list[str]]:
        """Return the commands by which peers do what a row does."""
        script = [str(self.peers), str(HERE / "peer.py")]
        return {name: [*script, name, what, *([str(of)] if of else [])] for name in names} if self.peers else {}


def write_in_new_process(write: Callable[..., None], *arguments: object) -> None:
    """Write an input in a process of its own: what it loads must not make this one large."""
    writer = multiprocessing.get_context("spawn").Process(target=write, args=arguments)
    writer.start()
    writer.join()


def list_small(asked: Asked) -> Iterator[Row]:
    """Yield the rows of small texts and of start-up."""
    joined, prompts, tree = asked.folder / "joined.txt", asked.folder / "prompts", asked.folder / "tree"
    ticket, readme = HERE.parent / "tests/data/ticket.txt", HERE.parent / "README.md"
    bare = [PYTHON, str(HERE / "bare_tiktoken.py"), str(asked.tokens)]
    task = ["--task", "classification", "--output-tokens", "20", "--requests", "100000", "--deadline", "24h"]
    counters = PEERS[:4]
    named = "tiktoken alone, the same text"
    recommend = [*GPT41, "recommend", str(ticket), *task]
    yield Row("`recommend ticket.txt`", named, recommend, [*bare, str(ticket)], "0.45 x")
    yield Row(
        "`count README.md`",
        named,
        [*GPT41, "count", str(readme)],
        [*bare, str(readme)],
        "0.40 x",
        peers=asked.peer("text", *counters, of=readme),
    )
    write_in_new_process(inputs.write_prompts, prompts, joined)
    check = [*GPT41, "check", "--config", str(prompts / "gpt41.yaml"), "--fail-on", "never"]
    yield Row("`check`, ten prompt files", named, check, [*bare, str(joined)], "0.6 x")
    write_in_new_process(inputs.write_tree, tree, joined, 1_000_000)
    yield Row(
        "`count`, a source tree of 1 MB",
        named,
        [*GPT41, "count", str(tree)],
        [*bare, str(joined)],
        "0.9 x",
        peers=asked.peer("text", *counters, of=joined),
    )
    yield Row("`--help`", "`python -c pass`", [*GPT41, "--help"], NOTHING, "5.5 x")
    priced = asked.peer("numbers", "litellm", "tokencost", "openai-cost-calculator")
    yield Row("`cost` from numbers, JSON", "`python -c pass`", [*GPT41, *NUMBERS, "--json"], NOTHING, "8 x", peers=priced)
    yield Row("`cost` from numbers, text", "`python -c pass`", [*GPT41, *NUMBERS], NOTHING, "10 x")


def list_large(asked: Asked) -> Iterator[Row]:
    """Yield the rows of large files."""
    checked = asked.folder / "checked.jsonl"
    for shape, sentences in (("1,560 shared tokens, 190 others", (94, 11)), ("2,500 shared, 210 others", (150, 12))):
        file = asked.folder / f"batch-{sentences[0]}.jsonl"
        write_in_new_process(inputs.write_batch, file, asked.lines, *sentences)
        script = [PYTHON, str(HERE / "plain_batch.py"), str(asked.tokens), str(file)]
        for command, goal in (("cost", "0.14 x"), ("count", "0.14 x"), ("batch", "0.17 x"), ("cache", "0.2 x")):
            others = asked.peer("batch", "litellm", "tokencost", of=file) if command == "cost" and sentences[0] > 100 else {}
            what = f"`{command}`, {asked.lines:,} Batch lines of {shape}"
            yield Row(what, PLAIN, [*GPT41, command, str(file)], script, goal, "seconds", others)
        for command, goal in (("cost", "0.07 x"), ("count", "0.07 x"), ("batch", ""), ("cache", "")) if asked.fast else ():
            fast = [str(asked.fast), "-m", "gpt41_cli", command, str(file)]
            yield Row(f"`{command}` with `[fast]`, lines of {shape}", PLAIN, fast, script, goal, "seconds")
    pipe = ["sh", "-c", f"for i in {' '.join(map(str, range(10)))}; do cat $0; done | $@ cost -", str(file), *GPT41]
    once = [*GPT41, "cost", str(file)]
    yield Row("`cost`, ten times the lines, through a pipe", "`gpt41 cost`, these lines", pipe, once, "120 MB", "megabytes")
    few, many = asked.folder / "few.jsonl", asked.folder / "many.jsonl"
    write_in_new_process(inputs.write_shapes, few, asked.lines)
    write_in_new_process(inputs.write_shapes, many, asked.lines * 10)
    what = f"`cost`, {asked.lines * 10:,} requests of random shapes"
    shapes = [[*GPT41, "cost", str(path)] for path in (many, few)]
    yield Row(what, "`gpt41 cost`, a tenth of them", *shapes, "120 MB", "megabytes")
    write_in_new_process(inputs.write_batch, checked, asked.lines * 2 // 5, 10, 6)
    config = asked.folder / "gpt41.yaml"
    config.write_text("version: 1\nworkloads: {checked: {requests: checked.jsonl, model: gpt-4.1-mini, mode: batch}}\n")
    check = [*GPT41, "check", "--config", str(config), "--fail-on", "never", *JOBS]
    yield Row(
        f"`check`, {asked.lines * 2 // 5:,} Batch lines",
        "`gpt41 cost`, the same lines",
        check,
        [*GPT41, "cost", str(checked), *JOBS],
        "1.2 x",
    )
    table, answers = asked.folder / "usage.csv", asked.folder / "answers.jsonl"
    write_in_new_process(inputs.write_logs, table, answers, asked.logs)
    for log, kind, reader, goal in ((answers, "answers", "`json.loads`", "6 x"), (table, "CSV rows", "`csv.reader`", "8 x")):
        alone = [PYTHON, str(HERE / "plain_reader.py"), str(log)]
        what = f"`reconcile`, {asked.logs:,} {kind}"
        yield Row(what, f"{reader} alone", [*GPT41, "reconcile", str(log), *AS_OF], alone, goal)


def run(command: Sequence[str], environment: Mapping[str, str]) -> Run:
    """Run a command to its end; what it prints is thrown away."""
    start = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment
    ) as process:
        complaint = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if process.returncode not in (0, 1) or b"Traceback" in complaint:  # 1: `batch` says that the file is above the limits of one
        raise ValueError(f"{command} failed with {process.returncode}: {complaint.decode()[-500:]}")
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def measure(rows: Sequence[Row], pairs: int, environment: Mapping[str, str], *, warms_up: bool) -> Iterator[str]:
    """Measure rows that have the same reference, in turns, and yield them as lines of the table. Memory needs one turn."""
    turns: list[dict[str, Run]] = []
    for turn in range(pairs + warms_up):
        asked = {row.what: row for row in rows if row.measure != "megabytes" or not turn}
        turns.append(
            {"": run(rows[0].reference, environment)} | {what: run(row.command, environment) for what, row in asked.items()}
        )
    for row in rows:
        taken = turns[:1] if row.measure == "megabytes" else turns[warms_up:]  # the first run of a small one doesn't count
        ratio = statistics.median(getattr(turn[row.what], row.measure) / getattr(turn[""], row.measure) for turn in taken)
        memory = (statistics.median(turn[what].megabytes for turn in taken) for what in (row.what, ""))
        own = statistics.median(getattr(turn[""], row.measure) for turn in taken)
        others = []
        for name, command in row.peers.items():
            try:
                its = [getattr(run(command, environment), row.measure) for _ in range(max(len(taken) // 3, 1))]
                others.append(f"{name} {statistics.median(its) / own:.2f} x")
            except ValueError as error:
                print(error, file=sys.stderr)
                others.append(f"{name} fails")
        kind = {"cpu_seconds": "processor", "seconds": "wall", "megabytes": "memory"}[row.measure]
        sizes = ", ".join(f"{each:.0f} MB" for each in memory)
        yield f"| {row.what} | {row.reference_name} | {kind} | {ratio:.2f} x | {row.goal} | {', '.join(others)} | {sizes} |"


def replace_rows(page: Path, rows: Sequence[str]) -> None:
    """Write rows into the table of a page: in place of those of the same name, or after the last one."""
    lines = page.read_text(encoding="utf-8").splitlines()
    for row in rows:
        named = [index for index, line in enumerate(lines) if line.startswith(row[: row.index(" |") + 2])]
        if named:
            lines[named[0]] = row
        else:
            last = max(index for index, line in enumerate(lines) if re.search(r"\d MB \|$", line))
            lines.insert(last + 1, row)
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Compare, and print one line a pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9, help="pairs of a small row; large ones take a third, and at least 3")
    parser.add_argument("--into", type=Path, metavar="PAGE", help="write the rows into the table of docs/performance.md, too")
    parser.add_argument("--quick", action="store_true", help="small files and few pairs: less than two minutes")
    parser.add_argument("--only", choices=("small", "large"), help="one half of the table")
    parser.add_argument("--fast", metavar="PYTHON", help="an interpreter whose environment has gpt41[fast]")
    parser.add_argument("--peers", metavar="PYTHON", help=f"an interpreter whose environment has {', '.join(PEERS)}")
    asked = parser.parse_args()
    done: list[str] = []
    runs = min(asked.runs, 3) if asked.quick else asked.runs
    lines, logs = (2_000, 20_000) if asked.quick else (50_000, 200_000)
    print(f"CPython {platform.python_version()}, {os.cpu_count()} cores, {runs} pairs; each ratio is a median.\n")
    print("| command | compared with | what | ratio | goal | others, same comparison | memory |\n|---|---|---|--:|--:|---|--:|")
    with tempfile.TemporaryDirectory() as name:
        tokens = Path(name) / "o200k_base.tiktoken"
        write_in_new_process(inputs.write_vocabulary, tokens)
        # Peers find the vocabulary in the cache of tiktoken, and ask nobody for prices.
        environment = {**os.environ, "TIKTOKEN_CACHE_DIR": name, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        setting = Asked(Path(name), lines, logs, asked.fast, asked.peers, tokens)
        for part, rows, pairs in (("small", list_small, runs), ("large", list_large, max(runs // 3, 1 if asked.quick else 3))):
            for _, alike in groupby(rows(setting) if asked.only in (None, part) else (), lambda row: list(row.reference)):
                for line in measure(list(alike), pairs, environment, warms_up=part == "small"):
                    print(line, flush=True)
                    done.append(line)
    if asked.into:
        replace_rows(asked.into, done)


if __name__ == "__main__":
    main()
