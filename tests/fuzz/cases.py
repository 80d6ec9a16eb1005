"""The cases of the fuzzer: one function per kind of input. Each makes an odd input and the command that reads it.

A new kind of input is a function here and its line in TARGETS. Options come from the command line itself, so that a new one is
tried as soon as it exists; what it takes that makes sense is a line in VALUES.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from typer.main import get_command

from gpt41_cli.app import app
from gpt41_cli.files.documents import digest_document
from gpt41_cli.views import VIEWS
from tests.fuzz import corpus, process
from tests.fuzz.mutate import ODD_TEXTS, Mutator

DAY = "2026-11-23"

_COUNTS = ("0", "1", "5", "300", "1024", "300000", "1000000000000", "1,000")
_DAYS = (DAY, "0001-01-01", "9999-12-31", "2025-04-14", "2026-07-30", "2027-01-14", "2026-10-23")
_MODELS = ("gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-4o", "gpt-6-luna", "gpt-6.1-sol", "ft:gpt-4.1:a", "gpt-4.5-preview")
_SHARES = ("0%", "33.333333%", "60%", "100%")
VALUES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("input_tokens", "output_tokens", "base_input_tokens", "max_tokens"), _COUNTS),
    **dict.fromkeys(("requests_per_minute", "top", "epochs", "usage_tier"), ("1", "3", "5", "25")),
    "reasoning_tokens": ("0", "500", "low=200,high=900", "none=0"),
    **dict.fromkeys(("as_of", "on", "since", "until"), _DAYS),
    **dict.fromkeys(("model", "leaving", "to", "instead_of", "distill_from"), _MODELS),
    **dict.fromkeys(("tolerance", "accept"), _SHARES),
    **dict.fromkeys(("deadline", "lifetime"), ("0m", "1m", "10m", "24h", "2d", "90d", "999999d")),
    "retires_within": ("1d", "90d", "999999d"),
    "cached": (*_SHARES, "0", "10", "simulate"),
    "requests": ("1", "5", "50001", "40k/day", "1000000000000", "data/batch.jsonl"),
    "tools": (
        "web_searches=1,web_search_tokens=5",
        "file_searches=2,storage_gb=3,storage_days=2",
        "container_gb=1,container_minutes=3",
    ),
    "mode": ("standard", "batch", "flex", "priority"),
    "platform": ("openai", "azure-global", "azure-data-zone"),
    "kind": ("text", "image", "chat", "responses", "batch", "fine-tuning"),
    "image_size": ("1x1", "1024x768", "999999x999999"),
    "task": ("coding", "vision", "general", "classification"),
    "needs": ("vision", "web-search", "vision,fine-tuning"),
    "prefer": ("cost", "quality", "speed"),
    "min_score": ("IFEval=80", "MMLU=99"),
    "max_usd": ("0", "0.01", "12.50", "999999999999"),
    "fail_on": ("error", "warning", "never"),
    "columns": ("input=prompt_tokens,output=b", "model=model,day=created"),
    "by": ("model", "day,mode", "hour", "id"),
    "output_format": tuple(VIEWS),
    "scores": ("scores.csv",),
    "prediction": ("data/ticket.txt",),
    "prompts": ("data/shop.jsonl",),
    "estimate": ("example/base.json",),
    "config": ("example/gpt41.yaml",),
    "pricing": ("pricing.yaml",),
    "workload": ("triage", "summary"),
    "text": ("hello",),
    "per": ("month", "minute"),
    "jobs": ("1", "2"),
}
WRITING = {"--output", "--split", "--init", "--charts", "--write-config", "--save-misses"}
"""Options that make files: a second run would find another folder than the first."""

UNSUITED = {
    *("input_tokens", "requests", "text", "requests_per_minute", "lifetime", "kind", "tolerance"),
    *("per", "estimate", "workload", "prompts", "distill_from", "leaving"),
}
"""Options that most inputs refuse, tried by `options` alone."""

GIVEN = ("as_of", "on", "output_format")
"""Options that a case has anyway: a run must not depend on today, and JSON says most."""


class Case(NamedTuple):
    """A command and its odd input: `data` is in a file called `name`, or on standard input."""

    name: str
    data: bytes
    arguments: tuple[str, ...]
    reads_stdin: bool = False


@functools.cache
def list_options(command: str) -> dict[str, tuple[str, bool]]:
    """The options of a command: their long names, with the names of their values and whether they are flags."""
    parameters: Any = get_command(app).commands[command].params  # type: ignore[attr-defined]
    options = {next(name for name in each.opts if name.startswith("--")): each for each in parameters if each.opts[0][:1] == "-"}
    return {name: (each.name, each.is_flag) for name, each in options.items() if name not in WRITING}


def choose_options(change: Mutator, command: str, most: int = 3, oddness: float = 0.0) -> list[str]:
    """Some options of the command with values that make sense; `oddness` is the share of values that don't."""
    options = list_options(command)
    chosen: list[str] = []
    for name in change.random.sample(sorted(options), change.random.randint(0, min(most, len(options)))):
        field, is_flag = options[name]
        if not oddness and (field in UNSUITED or field in GIVEN):
            continue
        odd = change.chance(oddness) or field not in VALUES
        value = change.random.choice(ODD_TEXTS if odd else VALUES[field])
        # An argument of a process holds no NUL and no lone surrogate.
        chosen += [name] if is_flag else [f"{name}={value}".replace("\0", "0").encode("utf-8", "replace").decode()]
    day = next((name for name, (field, _) in options.items() if field in ("as_of", "on")), None)
    if day and not any(option.startswith(day) for option in chosen):
        chosen.append(f"{day}={DAY}")
    if "--skip-invalid" in options and change.chance(0.6):
        chosen.append("--skip-invalid")
    if not oddness or change.chance(0.5):
        formats = [name for name in VIEWS if (command, name) != ("report", "html")]  # its charts take half a second
        chosen.append(f"--format={'json' if change.chance(0.6) else change.random.choice(formats)}")
    return chosen


def _make_case(change: Mutator, command: str, name: str, data: bytes, *, flag: str = "", **settings: Any) -> Case:
    """The case of a command that reads `data`, sometimes on standard input."""
    reads_stdin = not flag and change.chance(0.1)
    options = choose_options(change, command, **settings)
    given = f"{flag}={name}" if flag else "-" if reads_stdin else name
    return Case(name, data, (command, *options, given), reads_stdin)


def requests(change: Mutator, name: str) -> Case:
    """Bodies of Chat Completions and Responses, for every command that reads requests."""
    command = change.random.choice(("count", "cost", "cost", "recommend", "plan", "cache", "migrate"))
    return _make_case(change, command, f"{name}.jsonl", _change_values(change, corpus.REQUESTS))


def batch_lines(change: Mutator, name: str) -> Case:
    """Lines of Batch input files."""
    command = change.random.choice(("batch", "batch", "cost", "count", "migrate", "plan"))
    return _make_case(change, command, f"{name}.jsonl", _change_values(change, corpus.BATCH_LINES))


def training(change: Mutator, name: str) -> Case:
    """Examples of training files."""
    command = change.random.choice(("train", "train", "count"))
    return _make_case(change, command, f"{name}.jsonl", _change_values(change, corpus.EXAMPLES))


def logs(change: Mutator, name: str) -> Case:
    """Logs of answers and exports of usage, as JSON and as tables."""
    if change.chance(0.2):
        text = change.change_text(change.random.choice(corpus.TABLES), ODD_TEXTS)
        return _make_case(change, "reconcile", f"{name}.csv", text.encode("utf-8", "surrogatepass"))
    return _make_case(change, "reconcile", f"{name}.jsonl", _change_values(change, corpus.LOGS))


def _change_values(change: Mutator, corpus: list[Any]) -> bytes:
    """One to four values, of which some are as they were, so that a file with an odd one is still read."""
    values = change.random.choices(corpus, k=change.random.choice((1, 2, 2, 4)))
    return change.dump(
        [value if number and change.chance(0.5) else change.change_value(value) for number, value in enumerate(values)]
    )


_CONFIG_WORDS = (
    *re.findall(r"[\w./%-]+", "".join(corpus.CONFIGS)),
    *(
        ": ",
        "- ",
        "#",
        "|",
        ">",
        "&a ",
        "*a",
        "? ",
        "---",
        "\t",
        "[",
        "}",
        "0x10",
        "1_000",
        "10%",
        "~",
        "é",
        "🚀",
        "\u2028",
        "!!int ",
    ),
)


def _change_config(change: Mutator) -> bytes:
    """A gpt41.yaml with other values, written as JSON, which is YAML too, or with other words."""
    if change.chance(0.5):
        values = change.change_value(change.random.choice(corpus.CONFIG_VALUES), change.random.choice((1, 1, 2)))
        return re.sub(r'"([\w.-]+)"(?!:)', r"\1", json.dumps(values)).encode()  # a day and a mode have no quotes
    changed = change.change_text(change.random.choice(corpus.CONFIGS), _CONFIG_WORDS).encode("utf-8", "surrogatepass")
    return change.change_bytes(changed) if change.chance(0.05) else changed


def config(change: Mutator, name: str) -> Case:
    """A gpt41.yaml, for every command that reads it."""
    data, file = _change_config(change), f"{name}.yaml"
    choice = change.random.random()
    if choice < 0.15:
        return Case(file, data, ("diff", "example/base.json", f"--config={file}", *choose_options(change, "diff")))
    if choice < 0.25:
        return Case(file, data, ("reconcile", "logs/answers.jsonl", f"--config={file}", *choose_options(change, "reconcile")))
    if choice < 0.35:
        return Case(file, data, ("report", file, *choose_options(change, "report")))
    return _make_case(change, "check", file, data, flag="--config")


_USERS_OF_PRICES = (
    ("models", "--check"),
    ("models",),
    ("models", "gpt-4.1"),
    ("cost", "data/batch.jsonl"),
    (
        "cost",
        "--input-tokens=300000",
        "--output-tokens=9",
        "--tools=web_searches=1,file_searches=2,container_gb=1,container_minutes=3",
    ),
    ("recommend", "data/ticket.txt", "--output-tokens=20", "--requests=100000", "--deadline=24h", "--usage-tier=1"),
    ("plan", "data/ticket.txt", "--output-tokens=20", "--requests=100000", "--deadline=24h"),
    ("batch", "data/batch.jsonl"),
    ("cache", "data/shop.jsonl"),
    ("train", "training/tickets.jsonl"),
    ("migrate", "data/batch.jsonl", "--output-tokens=5"),
    ("check", "--config=example/gpt41.yaml"),
    ("diff", "example/base.json", "--config=example/gpt41.yaml"),
    ("reconcile", "logs/answers.jsonl"),
    ("count", "data/photo.png", "--model=gpt-4.1-mini"),
)
_FIGURES = re.compile(
    r"(?<=[ :{,\[])(?:(?P<whole>[1-9]\d*)|(?P<decimal>\d+\.\d+)|(?P<day>\d{4}-\d{2}-\d{2}))(?=[,}\]\n ])"
    r"|(?:(?<=max_output_tokens: )|(?<=cached_input: )|(?<=requests_per_day: )|(?<=shutdown: )|(?<=replacement: ))"
    r"(?P<maybe>[\w.-]+)"
)
_FIGURE_VALUES = {
    "whole": ("1", "2", "7", "1000000", "999999999999999", "0"),
    "decimal": ("0", "1", "0.000000000001", "999999999999.999999999999"),
    "day": ("0001-01-01", "9999-12-31", "2026-11-23", "2026-11-24", "999999999999999"),
    "maybe": ("null",),
}
_FIGURE_PLACES = tuple(_FIGURES.finditer(corpus.PRICES))


def prices(change: Mutator, name: str) -> Case:
    """A price table: mostly with other figures, which every command takes, else with other words."""
    text = corpus.PRICES
    if change.chance(0.85):
        places = change.random.sample(_FIGURE_PLACES, change.random.randint(1, 3))
        for place in sorted(places, key=re.Match.start, reverse=True):
            value = change.random.choice(_FIGURE_VALUES[str(place.lastgroup)])
            text = text[: place.start()] + value + text[place.end() :]
    else:
        text = change.change_text(text, ODD_TEXTS)
    used = change.random.choice(_USERS_OF_PRICES)
    file = f"{name}.yaml"
    days = [f"--as-of={DAY}"] if "--as-of" in list_options(used[0]) else []
    shape = f"--format={change.random.choice(('text', 'json'))}"
    return Case(file, text.encode("utf-8", "surrogatepass"), (*used, f"--pricing={file}", *days, shape))


def saved(change: Mutator, name: str) -> Case:
    """Saved reports of odd configurations or edited ones, mostly signed again, for the commands that compare with them."""
    report, file, odd = corpus.SAVED, f"{name}.json", f"{name}.yaml"
    if change.chance(0.4):
        Path(odd).write_bytes(_change_config(change))
        done = process.run(["check", f"--config={odd}", f"--as-of={DAY}", "--format=json"])
        Path(odd).unlink()
        report = json.loads(done.out) if done.code < 2 else report
    report = change.change_value(report)
    if isinstance(report, dict) and change.chance(0.8):
        report["digest"] = digest_document(report)
    data, choice = json.dumps(report).encode(), change.random.random()
    if choice < 0.3:
        return Case(file, data, ("diff", file, "--config=example/gpt41.yaml", *choose_options(change, "diff")))
    if choice < 0.5:
        return Case(file, data, ("reconcile", "logs/answers.jsonl", f"--estimate={file}", *choose_options(change, "reconcile")))
    return Case(file, data, ("report", file, *choose_options(change, "report")))


def options(change: Mutator, name: str) -> Case:
    """Odd options of any command, and several that exclude each other."""
    inputs = (
        "data/batch.jsonl",
        "data/triage.json",
        "data/ticket.txt",
        "logs/usage.csv",
        "training/tickets.jsonl",
        "example/base.json",
        "data",
    )
    command = change.random.choice(sorted(get_command(app).commands))  # type: ignore[attr-defined]
    paths = [change.random.choice(inputs) for _ in range(change.random.choice((0, 1, 1, 1, 2)))]
    data = json.dumps(corpus.REQUESTS[0]).encode()
    return Case(f"{name}.json", data, (command, *choose_options(change, command, 6, oddness=0.15), *paths), reads_stdin=not paths)


TARGETS: dict[str, Callable[[Mutator, str], Case]] = {
    each.__name__: each for each in (requests, batch_lines, training, logs, config, prices, saved, options)
}


def make_case(target: str, seed: int, number: int) -> Case:
    """The case with this number, always the same. Its name is that of its file, too. The working directory is that of its run."""
    name = f"{target}-{seed}-{number}"
    return TARGETS[target](Mutator(name, corpus.ALL), name)
