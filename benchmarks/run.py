"""Times whole commands in pairs, in turns, and prints the ratios: `python benchmarks/run.py`, with gpt41 installed.

A ratio of two commands that ran side by side holds on any machine; a time in seconds says something about the machine.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from gpt41_cli.cli.output import EXIT_CHECK_FAILED

HERE = Path(__file__).resolve().parent
GPT41 = [sys.executable, "-m", "gpt41_cli"]
NOTHING = [sys.executable, "-c", "pass"]
NUMBERS = ["--input-tokens", "1200", "--cached-tokens", "800", "--output-tokens", "400"]


class Run(NamedTuple):
    """One finished command: wall seconds, seconds of the processor, and the most memory it held, in megabytes."""

    seconds: float
    cpu_seconds: float
    megabytes: float


def run(command: list[str]) -> Run:
    """Run a command to its end; what it prints is thrown away."""
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if process.returncode != (EXIT_CHECK_FAILED if "batch" in command else 0):  # the file is above the limits of one
        raise SystemExit(f"{command} failed with {process.returncode}")
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def compare(what: str, command: list[str], other: list[str], runs: int, measure: str = "seconds") -> None:
    """Both commands in turns, after one run of each that does not count; `measure` is a field of Run."""
    run(command), run(other)
    pairs = [(run(command), run(other)) for _ in range(runs)]
    ratio = statistics.median(getattr(mine, measure) / getattr(its, measure) for mine, its in pairs)
    mine = statistics.median(pair[0].megabytes for pair in pairs)
    its = statistics.median(pair[1].megabytes for pair in pairs)
    print(f"{what:58} {ratio:6.2f} x   {mine:5.0f} MB against {its:5.0f} MB", flush=True)


def write_sample(path: Path, size: int) -> None:
    """Words and lines of ordinary lengths, the same on every machine, line by line: this process must stay small,
    because what a child is charged for begins with a copy of its parent.
    """
    chance = random.Random(41)
    letters = "etaoinshrdlcumwfgypbvk"
    words = ["".join(chance.choices(letters, k=chance.randint(1, 11))) for _ in range(20_000)]
    with path.open("w") as file:
        while file.tell() < size:
            line = " ".join(chance.choices(words, k=chance.randint(3, 18)))
            file.write(line + chance.choice([".", ",", ":", ' = "7"', ""]) + "\n")


def write_batch(path: Path, lines: int, system_sentences: int = 150, question_sentences: int = 12) -> None:
    """Lines for the Batch API that share a system prompt and ask different questions, the same on every machine: 2,500 and 210
    tokens by default.

    Its words are those of the vocabulary, the frequent ones more often, in sentences with figures and punctuation.
    """
    from gpt41_cli.tokens.text.vocabulary import load_ranks

    chance = random.Random(41)
    words = [token.decode() for token in load_ranks("o200k_base") if re.fullmatch(rb" [a-z]{1,12}", token)][:20_000]
    weights = list(itertools.accumulate(1 / (rank + 8) for rank in range(len(words))))

    def sentence() -> str:
        some = chance.choices(words, cum_weights=weights, k=chance.randint(6, 24))
        if chance.random() < 0.2:
            some.insert(chance.randrange(len(some)), f" {chance.randint(1, 9_999)}")
        if chance.random() < 0.3:
            some.insert(len(some) // 2, ",")
        text = "".join(some).strip()
        return text[:1].upper() + text[1:] + chance.choice([". ", ". ", "? ", ".\n", ":\n"])

    def text(sentences: int) -> str:
        return "".join(sentence() for _ in range(sentences))

    system = text(system_sentences)
    with path.open("w") as file:
        for number in range(lines):
            messages = [{"role": "system", "content": system}, {"role": "user", "content": text(question_sentences)}]
            body = {"model": "gpt-4.1-mini", "messages": messages, "max_tokens": 100}
            line = {"custom_id": str(number), "method": "POST", "url": "/v1/chat/completions", "body": body}
            file.write(json.dumps(line) + "\n")


def write_logs(table: Path, answers: Path, many: int) -> None:
    """The usage of `many` answers, as rows of a CSV and as the answers themselves, the same on every machine."""
    chance = random.Random(41)
    with table.open("w") as rows, answers.open("w") as lines:
        rows.write("date,model,input_tokens,cached_tokens,output_tokens,service_tier\n")
        for number in range(many):
            model, day = chance.choice(("gpt-4.1", "gpt-4.1-mini")), number % 20
            tokens, cached, output = chance.randint(1_000, 5_000), chance.randint(0, 900), chance.randint(1, 500)
            rows.write(f"2026-11-{day + 1:02},{model},{tokens},{cached},{output},default\n")
            usage = {"prompt_tokens": tokens, "completion_tokens": output, "total_tokens": tokens + output}
            usage["prompt_tokens_details"] = {"cached_tokens": cached, "audio_tokens": 0}
            message = {"role": "assistant", "content": "That is how it is. " * 6}
            answer = {
                "id": f"chatcmpl-{number}",
                "object": "chat.completion",
                "created": 1_793_491_200 + 86_400 * day,
                "model": model,
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": usage,
                "service_tier": "default",
            }
            lines.write(json.dumps(answer) + "\n")


def write_in_new_process(*arguments: object) -> None:
    """`write_batch` in a process of its own: the vocabulary must not make this one large."""
    writer = multiprocessing.get_context("spawn").Process(target=write_batch, args=arguments)
    writer.start()
    writer.join()


def write_vocabulary(path: Path) -> None:
    """The vocabulary as tiktoken keeps it in its cache."""
    from gpt41_cli.tokens.text.vocabulary import DEFAULT_ENCODING, format_published_file

    path.write_bytes(format_published_file(DEFAULT_ENCODING))


def main() -> None:
    """Compare, and print one line a pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--fast", metavar="PYTHON", help="an interpreter whose environment has gpt41[fast]")
    parser.add_argument("--peers", metavar="PYTHON", help="an interpreter whose environment has litellm and tokencost")
    asked = parser.parse_args()
    runs, few = asked.runs, max(asked.runs // 3, 3)
    with tempfile.TemporaryDirectory() as folder:
        names = ("o200k_base.tiktoken", "small.txt", "large.txt", "batch.jsonl")
        vocabulary, small, large, batch = (Path(folder) / name for name in names)
        writer = multiprocessing.Process(target=write_vocabulary, args=(vocabulary,))
        writer.start()
        writer.join()
        write_sample(small, 4_000)
        write_sample(large, 50_000_000)
        write_in_new_process(batch, 50_000)
        checked, config = Path(folder) / "checked.jsonl", Path(folder) / "gpt41.yaml"
        write_in_new_process(checked, 20_000, 10, 6)
        config.write_text("version: 1\nworkloads: {checked: {requests: checked.jsonl, model: gpt-4.1-mini, mode: batch}}\n")
        plain = [sys.executable, str(HERE / "plain_batch.py"), str(vocabulary), str(batch)]
        bare = [sys.executable, str(HERE / "bare_tiktoken.py"), str(vocabulary)]
        compare("gpt41 --help / python -c pass", [*GPT41, "--help"], NOTHING, runs)
        compare("gpt41 cost, numbers, json / python -c pass", [*GPT41, "cost", *NUMBERS, "--format", "json"], NOTHING, runs)
        compare("gpt41 cost, numbers, text / python -c pass", [*GPT41, "cost", *NUMBERS], NOTHING, runs)
        compare("gpt41 count, 4 kB / tiktoken alone", [*GPT41, "count", str(small)], [*bare, str(small)], runs)
        compare("gpt41 count, 50 MB / tiktoken alone", [*GPT41, "count", str(large)], [*bare, str(large)], few)
        for what in ("count", "cost", "batch", "cache"):
            compare(f"gpt41 {what}, 50,000 Batch lines / plain script", [*GPT41, what, str(batch)], plain, few)
        check = [*GPT41, "check", "--config", str(config), "--fail-on", "never", "--jobs", "1"]
        cost = [*GPT41, "cost", str(checked), "--jobs", "1"]
        compare("gpt41 check, 20,000 Batch lines / gpt41 cost, processor", check, cost, few, "cpu_seconds")
        table, answers = Path(folder) / "usage.csv", Path(folder) / "answers.jsonl"
        write_logs(table, answers, 200_000)
        for log, what in ((table, "CSV rows / csv.reader"), (answers, "answers / json.loads")):
            reader = [sys.executable, str(HERE / "plain_reader.py"), str(log)]
            reconcile = [*GPT41, "reconcile", str(log), "--as-of", "2026-11-29"]
            compare(f"gpt41 reconcile, 200,000 {what}, processor", reconcile, reader, few, "cpu_seconds")
        if asked.fast:
            mine = [asked.fast, "-m", "gpt41_cli", "cost", str(batch)]
            compare("gpt41[fast] cost, 50,000 Batch lines / plain script", mine, plain, few)
        for peer in ("litellm", "tokencost") if asked.peers else ():
            theirs = [asked.peers, str(HERE / "peer.py"), peer, str(batch)]
            compare(f"gpt41 cost, 50,000 Batch lines / {peer}", [*GPT41, "cost", str(batch)], theirs, 1)


if __name__ == "__main__":
    main()
