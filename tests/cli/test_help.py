"""What people type before they have read the help, and the help itself."""

from pathlib import Path
from typing import cast

import pytest
from typer.main import get_command

from gpt41_cli.app import app
from gpt41_cli.cli.help import CommandGroup
from tests.conftest import Run

GROUP = cast("CommandGroup", get_command(app))
COMMANDS = sorted(GROUP.commands)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_has_its_options_in_groups(run: Run, command: str) -> None:
    done = run(command, "--help")
    groups = [line for line in done.out.splitlines() if line.endswith(":") and not line.startswith(" ")]
    order = ["Input:", "Amount:", "Requirements:", "Judging:", "Model and prices:", "Options:", "Output:"]
    assert (done.code, groups) == (0, [name for name in order if name in groups])
    assert run("help", command).out == done.out
    assert max(map(len, done.out.splitlines())) <= 130


def test_the_help_of_all_lists_each_command_with_the_first_sentence_of_its_own(run: Run) -> None:
    out = run("--help").out
    listed = " ".join(out.partition("\nPrice:")[2].split())
    summaries = {name: summary for group in GROUP.groups.values() for name, summary in group.items()}
    assert summaries == {name: " ".join(command.help.partition("\n\n")[0].split()) for name, command in GROUP.commands.items()}
    for name, summary in summaries.items():
        assert f"{name} {summary}" in listed
    assert run("help").out == out


@pytest.mark.parametrize(
    ("guess", "command"),
    [
        ("tokens", "count"),
        ("price", "cost"),
        ("usage", "reconcile"),
        ("finetune", "train"),
        ("limits", "plan"),
        ("init", "check --init"),
        ("version", "--version"),
        ("recomend", "recommend"),
        ("compaer", "recommend"),
    ],
)
def test_a_guessed_command_is_answered_with_the_right_one(run: Run, guess: str, command: str) -> None:
    message = f'gpt41: expected a command, found "{guess}"; did you mean gpt41 {command}?\n'
    assert run(guess, "prompt.txt") == (2, "", message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "cost --max-usd 5",
            "gpt41 cost has no option --max-usd; use gpt41 recommend --max-usd, or gpt41 check with a budget in gpt41.yaml",
        ),
        (
            "cost --by team",
            "gpt41 cost has no option --by; use gpt41 reconcile --by FIELD, which groups a bill by any field of the logs",
        ),
        ("models -m mini", "gpt41 models has no option -m; see gpt41 models --help"),
        ("cost --prefer speed", "gpt41 cost has no option --prefer; gpt41 recommend has it"),
        ("cost -i 5 --platform azure", 'unknown platform "azure"; did you mean azure-global or azure-data-zone?'),
        ("cost -i 5 --output 200", "--output: expected a file that ends in "),
        ("cost", "expected text or --input-tokens, found an empty input; numbers do, too: -i 1200 --output-tokens 300"),
        ("cost --csv", "gpt41 cost has no option --csv; use --format csv"),
        ("count --max-token 5", "gpt41 count has no option --max-token; did you mean --max-tokens?"),
        ("cost --json -f csv -i 5", "expected one format, found --format csv and --json; see gpt41 cost --help"),
        ("models nano5", 'unknown model "nano5"'),
        ("cost --json -i 5 -q", "expected one format, found --json and -q; see gpt41 cost --help"),
        ("cost -f csv -i 5 -q", "expected one format, found --format csv and -q; see gpt41 cost --help"),
        ("cost --max_tokens 5", "gpt41 cost has no option --max_tokens; use --output-tokens N for the length of answers"),
        ("cost --as_of 2026-11-23", "gpt41 cost has no option --as_of; did you mean --as-of?"),
        ("cost --sort price", "gpt41 cost has no option --sort; see gpt41 cost --help"),
        ("cost --deadline 24h", "gpt41 cost has no option --deadline; gpt41 recommend and gpt41 plan have it"),
        ("cost -i 5 --platform", "Option '--platform' requires an argument; see gpt41 cost --help"),
        ("diff", "expected BASE, found nothing; such as gpt41 diff main"),
        ("help nonsense", 'expected a command, found "nonsense"; gpt41 --help lists all'),
    ],
)
def test_an_option_is_looked_for_by_what_it_means(run: Run, arguments: str, message: str) -> None:
    done = run(*arguments.split())
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"gpt41: {message}")


def test_without_a_command_it_says_what_to_try_here(run: Run, tmp_path: Path) -> None:
    nothing = "gpt41: expected a command, found nothing; try "
    assert run() == (
        2,
        "",
        f'{nothing}gpt41 scan, which finds calls to models that end, or gpt41 count "some text"; gpt41 --help lists all\n',
    )
    (tmp_path / "gpt41.yaml").write_text("")
    assert run() == (2, "", f"{nothing}gpt41 check, which checks gpt41.yaml, or gpt41 migrate; gpt41 --help lists all\n")


def test_short_options_names_and_numbers_mean_the_long_ones(run: Run) -> None:
    long = run("cost", "--input-tokens", "1200", "--requests", "40000", "--model", "gpt-4.1-mini", "--format", "json")
    assert run("cost", "-i", "1.2k", "-n", "40k", "-m", "mini", "--json") == long
    assert long.code == 0
    for short, name in (("4.1", "gpt-4.1"), ("Nano", "gpt-4.1-nano"), ("4.1-mini", "gpt-4.1-mini"), ("6-luna", "gpt-6-luna")):
        assert run("cost", "-i", "1M", "-m", short, "--json") == run("cost", "-i", "1000000", "-m", name, "--json")


def test_words_that_are_not_a_file_are_the_text(run: Run, tmp_path: Path) -> None:
    taken = 'gpt41: no file has the name "How many tokens is this?", so it is taken as text\n'
    assert run("count", "How many tokens is this?", "-q") == (0, "6\n", taken)
    assert run("cost", "How many tokens is this?", "-m", "mini", "-q")[1:] == (
        run("cost", "--text", "How many tokens is this?", "-m", "mini", "-q").out,
        taken + run("cost", "--text", "How many tokens is this?", "-m", "mini", "-q").err,
    )
    (tmp_path / "my prompt").write_text("one")
    assert run("count", "my prompt", "-q") == (0, "1\n", "")
    for missing in ("my prompts.txt", "my prompts/one", "prompt"):
        assert run("count", missing)[:2] == (2, ""), missing
