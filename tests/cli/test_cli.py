"""The command as a process: streams, exit codes, formats, and input made to hurt."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gpt41_cli import __version__
from tests.builders import TABLE, commit_all, make_deep_folder
from tests.conftest import ROOT, Done, Run, environment

WORK = ("--input-tokens", "1200", "--cached-tokens", "800", "--output-tokens", "400", "--as-of", "2026-11-23")


def test_json_is_exact_and_says_which_table_it_is_from(run: Run) -> None:
    done = run("cost", *WORK, "--model", "gpt-4.1-mini", "--mode", "standard", "--mode", "batch", "--format", "json")
    document = json.loads(done.out, parse_float=lambda text: pytest.fail(f"a float: {text}"))
    assert (done.code, done.err) == (0, "")
    assert document["schema"] == "gpt41.cost/1"
    assert re.fullmatch(r"[0-9a-f]{64}", document["pricing"]["sha256"])
    assert document["pricing"]["checked_on"] == "2026-11-23"
    standard, batch = document["quotes"]
    assert standard["rates_usd_per_million"] == {"input": "0.4", "cached_input": "0.1", "output": "1.6"}
    assert standard["total_usd"] == "0.00088"
    assert batch["rates_usd_per_million"] == {"input": "0.2", "cached_input": None, "output": "0.8"}
    assert batch["total_usd"] == "0.00056"
    assert any("has no discount for cached tokens" in note for note in document["notes"])
    for quote in document["quotes"]:
        terms = [Decimal(quote[term]) for term in ("uncached_input_usd", "cached_input_usd", "output_usd")]
        assert sum(terms) == Decimal(quote["total_usd"])


def test_usage_is_that_of_all_requests(run: Run) -> None:
    done = run("cost", *WORK, "--requests", "1000", "--model", "gpt-4.1", "--format", "json")
    assert json.loads(done.out)["quotes"][0]["usage"] == {
        "requests": 1000,
        "input_tokens": 1_200_000,
        "cached_tokens": 800_000,
        "output_tokens": 400_000,
    }


def test_a_share_is_cached_in_whole_tokens_and_never_more(run: Run) -> None:
    done = run("cost", "--input-tokens", "1201", "--cached", "60%", "--format", "json")
    assert json.loads(done.out)["quotes"][0]["usage"]["cached_tokens"] == 720


def test_the_recommendation_as_json(run: Run) -> None:
    done = run("recommend", *WORK, "--task", "classification", "--format", "json")
    document = json.loads(done.out)
    assert document["schema"] == "gpt41.recommendation/1"
    assert (document["choice"]["model"], document["choice"]["mode"]) == ("gpt-4.1-mini", "standard")
    assert {reason["kind"] for reason in document["reasons"]} == {"why", "but"}
    assert all({"text", "rule", "sources"} <= set(reason) for reason in document["reasons"])
    assert all(each["reasons"] for each in document["excluded"])
    totals = [Decimal(quote["total_usd"]) for quote in (document["choice"], *document["alternatives"])]
    assert totals == sorted(totals)


def test_csv_is_a_table_of_the_same_figures(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("cost", *WORK, "--format", "csv").out)))
    assert [(row["model"], row["total_usd"]) for row in rows] == [
        ("gpt-4.1", "0.0044"),
        ("gpt-4.1-mini", "0.00088"),
        ("gpt-4.1-nano", "0.00022"),
    ]


@pytest.mark.parametrize("command", [("cost",), ("recommend", "--task", "vision")])
def test_text_numbers_and_pipes_add_up_to_one_request(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "a.txt").write_text("one two three")
    done = run(*command, "a.txt", "-", "--text", "one", "--input-tokens", "10", "--format", "json", stdin="one two")
    document = json.loads(done.out)
    quote = document["choice"] if "choice" in document else document["quotes"][0]
    assert quote["usage"]["input_tokens"] == 3 + 2 + 1 + 10


def test_what_is_piped_in_is_read_without_being_named(run: Run) -> None:
    assert run("count", "-q", stdin="one two three").out == "3\n"


def test_fine_tuned_ids_are_priced_as_such(run: Run) -> None:
    done = run("cost", *WORK, "--model", "ft:gpt-4.1-mini-2025-04-14:org::id", "-q")
    assert (done.code, done.out) == (0, "0.00176\n")
    over = run("cost", "--input-tokens", "128001", "--model", "ft:gpt-4.1-mini-2025-04-14:org::id", "-q")
    assert over.code == 1
    assert "over the context window of 128,000" in over.err


def test_help_is_plain_and_complete_on_a_pipe(run: Run) -> None:
    for command in ("", "count", "cost", "recommend", "models"):
        done = run(*command.split(), "--help")
        assert done.code == 0
        assert "\x1b" not in done.out
        assert "gpt41 " in done.out
    assert run("--version").out == f"gpt41 {__version__}\n"


def test_completion_knows_the_names_of_the_table(run: Run) -> None:
    def complete(words: str) -> str:
        return run(_GPT41_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(len(words.split(" ")) - 1), PROG="gpt41").out

    assert "gpt-4.1-mini" in complete("gpt41 cost --model gpt-4.1-")
    assert "classification" in complete("gpt41 recommend --task cl")
    assert "azure-global" in complete("gpt41 cost --platform az")
    assert "markdown" in complete("gpt41 cost --format m")
    assert "batch" in complete("gpt41 cost --mode b")
    assert "quality" in complete("gpt41 recommend --prefer q")
    assert "web-search" in complete("gpt41 recommend --needs web")
    assert "model-retires" in complete("gpt41 explain model-re")


NAMES = ["[red]x[bold].txt", "a\x1b[31mb.txt", "two\nlines.txt", "::error::x.txt", "-dash.txt", "a|b`c`*d*<e>@f.txt", "字é.txt"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_data_whatever_it_looks_like(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / name).write_text("one two")
    (tmp_path / "in" / f"bad{name}").write_bytes(b"\xff\xff\xff")
    for view in ("text", "markdown", "json", "csv"):
        done = run("count", "in", "--format", view)
        # A table of records has no room to say what was left out.
        assert (done.code, len(done.err.splitlines())) == (0, int(view == "csv"))
        assert "\x1b" not in done.out + done.err
        assert not re.search(r"^\s*::", done.out + done.err, re.MULTILINE)
    text = run("count", "in").out
    shown = name.replace("\x1b", "\\x1b").replace("\n", "\\n")
    assert shown in text
    markdown = run("count", "in", "--format", "markdown").out
    assert "@f" not in markdown.replace("`in/a\\|b`c`*d*<e>@f.txt`", "").replace("``in/a\\|b`c`*d*<e>@f.txt``", "")
    assert [item["path"] for item in json.loads(run("count", "in", "--format", "json").out)["items"]] == [f"in/{name}"]
    missing = run("count", f"./no{name}")
    assert (missing.code, missing.out) == (2, "")
    assert len(missing.err.splitlines()) == 1
    assert "\x1b" not in missing.err


def test_a_name_that_is_not_text_is_printed_all_the_same(run: Run, tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_text("one")
    for view in ("text", "markdown", "csv", "json"):
        done = run("count", ".", "--format", view)
        assert (done.code, done.err) == (0, "")
    assert json.loads(run("count", ".", "--format", "json").out)["items"][0]["path"] == "caf\udce9.txt"


def test_folders_say_what_they_left_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / "a.log").write_text("ignored")
    (tmp_path / "b.bin").write_bytes(b"\0\1\2")
    (tmp_path / "c.txt").write_bytes("sixteen".encode("utf-16"))
    (tmp_path / "d.txt").write_bytes(b"caf\xe9")
    done = run("count", ".")
    assert done.code == 0
    assert "1 (ignored): a.log" in done.out
    assert "1 (binary): b.bin" in done.out
    assert "left out d.txt: expected text in UTF-8" in done.out
    document = json.loads(run("count", ".", "--format", "json").out)
    assert {item["path"] for item in document["items"]} == {".gitignore", "c.txt"}
    assert [finding["rule"] for finding in document["findings"]] == ["not-text"]


def test_a_tree_has_subtotals_and_top_cuts_it(run: Run, tmp_path: Path) -> None:
    for name, words in {"src/a.py": 3, "src/sub/b.py": 5, "doc.md": 2}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("one " * words)
    tree = [line.split(maxsplit=3)[0::3] for line in run("count", "src", "doc.md", "--tree").out.splitlines()[3:]]
    assert [name for _, name in tree] == ["src/", "sub/", "b.py", "a.py", "doc.md"]
    subtotals = {name: int(tokens) for tokens, name in tree}
    assert subtotals["src/"] == subtotals["sub/"] + subtotals["a.py"]
    top = json.loads(run("count", "src", "doc.md", "--top", "1", "--format", "json").out)
    assert [item["path"] for item in top["items"]] == ["src/sub/b.py"]
    assert "(2 more texts)" in run("count", "src", "doc.md", "--top", "1").out


BAD = [
    (("count",), "x.bin", b"\x89PNG\r\n", "x.bin: expected text in UTF-8"),
    (("count",), "empty", None, "empty: expected a folder with text, found nothing"),
    (("count", "-", "-"), "", b"", "-: expected standard input once, found it twice"),
    (("count",), "none.txt", None, "none.txt: expected a readable file, found: No such file or directory"),
]


@pytest.mark.parametrize(("command", "name", "data", "message"), BAD, ids=[message for *_, message in BAD])
def test_unusable_input_is_one_line_and_code_2(
    run: Run, tmp_path: Path, command: tuple[str, ...], name: str, data: bytes | None, message: str
) -> None:
    if name == "empty":
        (tmp_path / name).mkdir()
    elif data is not None and name:
        (tmp_path / name).write_bytes(data)
    done = run(*command, *([name] if name else []))
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"gpt41: {message}")
    assert len(done.err.splitlines()) == 1


def test_a_folder_of_nothing_but_binaries_is_an_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"\0")
    done = run("count", ".")
    assert (done.code, done.out) == (2, "")
    assert done.err == "gpt41: expected text or requests in these files, found only what is left out (x.bin: binary)\n"


def test_invalid_text_on_the_command_line(run: Run) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gpt41_cli", "count", "--text", b"a\xff"], capture_output=True, env=environment(), check=False
    )
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr == b"gpt41: --text: expected text, found bytes that aren't text at character 2\n"


def test_nothing_to_read_at_a_terminal_is_said_not_waited_for() -> None:
    import pty

    terminal, standard_input = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "gpt41_cli", "count"],
        stdin=standard_input,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=30,
        check=False,
    )
    os.close(terminal)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "gpt41: expected a file, a folder, - or --text, found nothing to read; "
        "name one, such as prompt.txt, or write the text in quotes\n"
    )


def test_a_usage_error_is_one_line_too(run: Run) -> None:
    done = run("cost", "--input-tokens", "many")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(
        "gpt41: Invalid value for '--input-tokens' / '-i': expected a whole number from 0 to 1,000,000,000,000, found "
    )
    assert done.err.endswith("; see gpt41 cost --help\n")
    assert run("cost", "--zzz").err == "gpt41: gpt41 cost has no option --zzz; see gpt41 cost --help\n"


def test_help_into_a_closed_pipe_or_a_full_disk() -> None:
    for arguments in ("--help", "cost --help", "--version", "--show-completion bash"):
        piped = subprocess.run(
            ["bash", "-c", f"set -o pipefail; gpt41 {arguments} | true"], capture_output=True, env=environment(), check=False
        )
        assert (piped.returncode, piped.stderr) == (0, b"")
        full = subprocess.run(
            ["bash", "-c", f"gpt41 {arguments} > /dev/full"], capture_output=True, env=environment(), check=False
        )
        assert full.returncode == 2
        assert full.stderr == b"gpt41: standard output: expected to be able to write, found: No space left on device\n"


def test_priority_above_its_limit_is_a_finding(run: Run) -> None:
    work = ("--input-tokens", "200000", "--output-tokens", "0")
    done = run("cost", "--model", "gpt-4.1", "--mode", "priority", *work, "--as-of", "2026-11-23", "-q")
    assert (done.code, done.err) == (1, "gpt41: gpt-4.1: priority doesn't accept requests above 128,000 input tokens\n")


def test_a_headline_names_what_can_do_the_work(run: Run) -> None:
    work = ("--input-tokens", "200000", "--output-tokens", "0")
    done = run("cost", *work, "--model", "gpt-4o-mini", "--model", "gpt-4.1", "--as-of", "2026-11-23")
    assert done.code == 1
    assert done.out.startswith("$0.40 for 1 request; after ")


def test_the_same_twice_is_quoted_once(run: Run) -> None:
    done = run("cost", *WORK, "--model", "gpt-4.1", "--model", "gpt-4.1-2025-04-14", "--mode", "batch", "--mode", "batch", "-q")
    assert done.out == "0.0044\n".replace("0.0044", "0.0028")


def test_rates_are_shown_with_every_digit(run: Run) -> None:
    done = run(
        "cost", "--model", "gpt-4o", "--mode", "priority", "--input-tokens", "4000", "--cached", "4000", "--as-of", "2026-11-23"
    )
    assert "4,000 cached input tokens at $2.125 per million" in done.out


@pytest.mark.parametrize("command", [("count", "README.md"), ("cost", "--text", "hi", "--output-tokens", "1"), ("count", "-")])
def test_a_closed_standard_input(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["bash", "-c", f"gpt41 {' '.join(command)} -q <&-"],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=ROOT,
        check=False,
    )
    if "-" in command:
        assert (done.returncode, done.stderr) == (2, "gpt41: -: expected standard input, found it closed\n")
    else:
        assert (done.returncode, done.stderr) == (0, "")


def test_what_was_meant_as_text_is_not_a_file(run: Run) -> None:
    done = run("count", "tokens" * 50)
    assert (done.code, done.out) == (2, "")
    assert "expected a readable file, found: File name too long" in done.err
    assert run("count", "").err == 'gpt41: "": expected a file, a folder or -, found an empty name\n'
    assert (
        run("cost").err
        == "gpt41: expected text or --input-tokens, found an empty input; numbers do, too: -i 1200 --output-tokens 300\n"
    )


def test_amounts_may_carry_their_sign_and_scores_may_not(run: Run) -> None:
    assert run("recommend", *WORK, "--max-usd", "$20", "-q").out == "gpt-4.1 standard\n"
    assert run("recommend", *WORK, "--min-score", "IFEval=$80").err == (
        'gpt41: --min-score: expected METRIC=SCORE such as IFEval=80, found "IFEval=$80"\n'
    )


def test_folders_as_deep_as_they_come(run: Run, tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(300):
        folder /= "f"
        folder.mkdir()
    (folder / "x.txt").write_text("deep")
    done = run("count", "f", "--tree")
    assert (done.code, done.err) == (0, "")
    assert len(done.out.splitlines()) == 300 + 4


def test_the_largest_figures_can_be_shown(run: Run, tmp_path: Path) -> None:
    dear = TABLE.replace("input: 2.00, cached_input: 0.50", "input: 999999999999, cached_input: 0.50", 1)
    (tmp_path / "mine.yaml").write_text(dear)
    huge = ("--input-tokens", "1000000000000", "--requests", "1000000000000")
    done = run("cost", *huge, "--model", "gpt-4.1", "--pricing", "mine.yaml")
    assert (done.code, done.err) == (1, "")
    assert "$999,999,999,999,000,000,000,000,000,000.00" in done.out


DAY = ("--as-of", "2026-11-23")
MOST = "1000000000000"


@pytest.mark.parametrize(
    "option",
    [
        "--input-tokens {}",
        "--input-tokens {most} --cached {}",
        "--input-tokens 5 --output-tokens {}",
        "--input-tokens 5 --requests {}",
        "--input-tokens 5 --tools web_searches={}",
    ],
)
def test_every_number_has_the_same_limit(run: Run, option: str) -> None:
    def price(number: str) -> Done:
        return run("cost", *option.format(number, most=MOST).split(), "--model", "gpt-4.1", *DAY, "-q")

    assert price(MOST).code in (0, 1)
    assert price("1_000_000_000_000") == price(MOST)
    assert [price(number).code for number in ("1000000000001", "1_000_000_000_001", "1_0", "-1", "1e3")] == [2] * 5


def test_amounts_and_gpt41_yaml_have_that_limit_too(run: Run, tmp_path: Path) -> None:
    assert run("recommend", *WORK, "--max-usd", MOST, "-q").code == 0
    assert run("recommend", *WORK, "--max-usd", "1000000000000.01", "-q").code == 2
    config = (
        "{{input_tokens: {0}, cached: {0}, output_tokens: 1, volume: {0} / month, model: gpt-4.1, budget: {{monthly_usd: {0}}}}}"
    )
    for number, code in ((MOST, 1), ("1000000000001", 2)):
        (tmp_path / "gpt41.yaml").write_text(f"version: 1\nworkloads: {{a: {config.format(number)}}}\n")
        assert run("check", *DAY).code == code


def test_titles_from_a_table_are_data_too(run: Run, tmp_path: Path) -> None:
    # A right-to-left override is all that YAML lets stand in a plain name.
    table = TABLE.replace("gpt-4.1-nano", "gpt\u202eX")
    (tmp_path / "mine.yaml").write_text(table)
    for view in ("text", "markdown", "csv"):
        done = run("models", "--pricing", "mine.yaml", "--format", view)
        assert (done.code, done.err) == (0, "")
        assert "\u202e" not in done.out
        assert "gpt\\u202eX" in done.out.replace("\\\\", "\\")


def test_an_address_in_a_name_is_not_a_link(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "www.example.org").write_bytes(b"\0")
    (tmp_path / "in" / "a.txt").write_text("a")
    assert "www.example" not in run("count", "in", "--format", "markdown").out


def test_a_wrong_table_is_refused_by_every_command(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(TABLE.replace("cached_input: 0.50", "cached_input: 9.50", 1))
    for command in (("cost", "--input-tokens", "5"), ("recommend", "--input-tokens", "5"), ("models", "--check"), ("count", "-")):
        done = run(*command, "--pricing", "mine.yaml")
        assert (done.code, done.out) == (2, "")
        assert re.match(r"gpt41: mine\.yaml:\d+:\d+: models\.gpt-4\.1\.rates\.openai\.standard\[0\]\.cached_input: ", done.err)
        assert run(*command, GPT41_PRICING="mine.yaml").err == done.err


def test_a_closed_pipe_is_quiet() -> None:
    for command in ("models gpt-4.1", "recommend --input-tokens 5"):
        done = subprocess.run(
            ["bash", "-c", f"set -o pipefail; gpt41 {command} | true"], capture_output=True, env=environment(), check=False
        )
        assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_is_an_error() -> None:
    done = subprocess.run(["bash", "-c", "gpt41 models > /dev/full"], capture_output=True, env=environment(), check=False)
    assert done.returncode == 2
    assert done.stderr == b"gpt41: standard output: expected to be able to write, found: No space left on device\n"


@pytest.mark.parametrize("files", [1, 6])
def test_ctrl_c_is_130_and_prompt(tmp_path: Path, files: int) -> None:
    for number in range(files):
        (tmp_path / f"long{number}.txt").write_text("The quick brown fox jumps over 13 lazy dogs. " * (3_000_000 // files))
    # The faster engine would be done before anybody could interrupt it.
    slowly = (
        "from gpt41_cli.tokens.text import fast; fast.MIN_WORTHWHILE_BYTES <<= 20; from gpt41_cli.__main__ import main; main()"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", slowly, "count", "."],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        cwd=tmp_path,
    )
    time.sleep(1.5)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=5)
    assert (running.returncode, out, err) == (130, b"", b"")


def test_who_ends_a_run_leaves_no_workers_behind(tmp_path: Path) -> None:
    (tmp_path / "long.jsonl").write_bytes((ROOT / "tests/data/batch.jsonl").read_bytes() * 20_000)
    running = subprocess.Popen(
        [sys.executable, "-m", "gpt41_cli", "cost", "long.jsonl", "--jobs", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        cwd=tmp_path,
        start_new_session=True,
    )
    time.sleep(1.2)
    running.terminate()
    out, err = running.communicate(timeout=20)
    assert (running.returncode, out, err) == (143, b"", b"")
    with pytest.raises(ProcessLookupError):  # nobody is left in its group
        os.killpg(running.pid, 0)


def test_ctrl_c_twice_leaves_nobody_waiting(tmp_path: Path) -> None:
    (tmp_path / "long.jsonl").write_bytes((ROOT / "tests/data/batch.jsonl").read_bytes() * 20_000)
    for pause in (0.002, 0.01):
        running = subprocess.Popen(
            [sys.executable, "-m", "gpt41_cli", "count", "long.jsonl"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
            cwd=tmp_path,
        )
        time.sleep(1)
        running.send_signal(signal.SIGINT)
        time.sleep(pause)
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate(timeout=20)
        assert (running.returncode in {130, -signal.SIGINT}, out) == (True, b"")


def test_a_bug_is_one_line_and_code_3() -> None:
    code = (
        "import gpt41_cli.commands.cost.estimate as e\n"
        "def broken(*a, **k): raise KeyError('what')\n"
        "e.estimate = broken\nfrom gpt41_cli.__main__ import main\nmain()"
    )
    for debug, lines in (([], 1), (["--debug"], 10)):
        done = subprocess.run(
            [sys.executable, "-c", code, *debug, "cost", "--input-tokens", "5"],
            capture_output=True,
            text=True,
            env=environment(),
            check=False,
        )
        assert (done.returncode, done.stdout) == (3, "")
        assert "gpt41: a bug in gpt41, please report it: KeyError: 'what'" in done.stderr
        assert len(done.stderr.splitlines()) >= lines
        assert ("Traceback" in done.stderr) is bool(debug)


@pytest.mark.parametrize(("columns", "colour"), [(80, True), (160, False), (40, True)])
def test_a_terminal_is_filled_and_never_overrun(columns: int, colour: bool) -> None:
    """In a terminal lines wrap to its width; `script` gives the command one."""
    env = {**environment(), "COLUMNS": str(columns), "TERM": "xterm-256color"}
    if not colour:
        env["NO_COLOR"] = "1"
    command = "gpt41 recommend --input-tokens 580 --output-tokens 20 --task classification --deadline 24h --as-of 2026-11-23"
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"], capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL, check=True
    )
    assert ("\x1b[" in done.stdout) is colour
    plain = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
    assert max(len(line.rstrip()) for line in plain.splitlines()) <= columns
    words = " ".join(plain.split())
    assert words.startswith("Use gpt-4.1-mini (batch) until 2027-01-14: $0.000132 for 1 request; then gpt-6-luna (batch), ")


@pytest.mark.parametrize("memory", [40_000_000])
def test_a_long_text_is_counted_in_bounded_memory(tmp_path: Path, memory: int) -> None:
    """Ten times the text takes no tenth more: compared with itself, because the vocabulary is most of it."""
    peaks = []
    for size in (memory // 10, memory):
        (tmp_path / "text.txt").write_text("The quick brown fox jumps. " * (size // 27))
        code = (
            "import resource, sys\nfrom gpt41_cli.app import run\nrun()\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, "count", "text.txt", "-q"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=environment(),
            check=True,
        )
        peaks.append(int(done.stderr))
    assert peaks[1] < peaks[0] * 1.25


def test_a_pipe_that_is_closed_ends_the_work(tmp_path: Path) -> None:
    """The rest of a large file is not counted for nobody; how much of it was read, its own reading position tells."""
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "word " * 2_000}]}
    (tmp_path / "large.jsonl").write_text((json.dumps(body) + "\n") * 6_000)
    with (tmp_path / "large.jsonl").open("rb") as large:
        command = [sys.executable, "-m", "gpt41_cli", "count", "-", "--each", "--format", "jsonl"]
        with subprocess.Popen(command, stdin=large, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as process:
            assert process.stdout
            assert process.stderr
            assert json.loads(process.stdout.readline())["input_tokens"] > 2_000
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(timeout=60) == 0
            assert os.lseek(large.fileno(), 0, os.SEEK_CUR) < large.seek(0, os.SEEK_END) / 2


FORGED = (
    "a\n::set-output name=x::y\n##[error]hi\n##vso[task.setvariable variable=x]y\n-- 3 tokens  overhead: role\n\x1b[31m\u202e"
)


@pytest.mark.parametrize("view", ["text", "markdown", "json", "jsonl", "csv"])
@pytest.mark.parametrize("options", [("--show",), ("--each",), ()])
def test_what_stands_in_a_request_is_data_whatever_it_looks_like(run: Run, view: str, options: tuple[str, ...]) -> None:
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": FORGED}], "n": 1}
    line = {"custom_id": f"id {FORGED}", "method": "POST", "url": "/v1/chat/completions", "body": body}
    done = run("count", *options, "--format", view, stdin=json.dumps(line) + "\n" + json.dumps(line))
    assert (done.code, done.err) == (0, "")
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    assert not re.search(
        r"^\s*(::|-- 3 tokens  overhead: role$)", done.out.replace("-- 3 tokens  overhead: the", ""), re.MULTILINE
    )
    if view in ("text", "markdown", "csv"):
        assert "##[" not in done.out
        assert "##vso[" not in done.out
    if view == "json":
        shown = json.loads(done.out)
        if options == ("--show",):
            assert FORGED in [piece["text"] for piece in shown["requests"]["shown"][0]["pieces"]]


def test_flags_are_checked_before_the_work(run: Run) -> None:
    for options in (("--format", "yaml"), ("--as-of", "2026-13-45"), ("--platform", "moon")):
        done = run("cost", "no-such-file.jsonl", *options)
        assert (done.code, "no-such-file" in done.err) == (2, False)
    assert "expected it alone, found --each" in run("count", "x", "--show", "--each").err


def test_pictures_keep_their_doubts_in_every_format(run: Run) -> None:
    photo = str(ROOT / "tests" / "data" / "photo.png")
    (picture,) = json.loads(run("count", photo, "--model", "gpt-4.1-mini", "--format", "json").out)["pictures"]
    assert (picture["exact"], picture["assumptions"][0]["rule"]) == (False, "image-patches")
    assert picture["parts"] == {"text": 0, "tools": 0, "schema": 0, "history": 0, "images": 181, "overhead": 0}


def test_each_format_shows_the_good_lines_next_to_a_bad_one(run: Run) -> None:
    good = '{"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}]}'
    for view in ("text", "json", "csv", "markdown", "jsonl"):
        done = run("count", "--each", "--format", view, stdin=f"{good}\n{{}}\n{good}\n")
        assert done.code == 2
        assert done.out.count("gpt-4.1") >= 2
        assert "standard input:2: expected messages" in done.err


def test_a_bare_answer_says_on_the_side_what_it_lacks(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text('{"model": "gpt-4.1", "messages": [{"role": "user"}]}')
    (tmp_path / "in" / "b.txt").write_text("one two")
    done = run("count", "in", "-q")
    assert (done.code, done.out) == (1, "2\n")
    assert done.err == "gpt41: left out in/a.json:1: messages[0].content: expected text or a list of parts, found nothing\n"


def test_each_input_of_any_kind_is_an_entry(run: Run) -> None:
    data = ROOT / "tests" / "data"
    names = [str(data / name) for name in ("ticket.txt", "photo.png", "triage.json")]
    done = run("count", *names, "--model", "gpt-4.1", "--each", "--format", "jsonl")
    assert [json.loads(line)["input_tokens"] for line in done.out.splitlines()] == [433, 255, 179]
    assert run("cost", "-", "--as", "chat", stdin="[]").err == (
        "gpt41: expected text or requests in these files, found nothing\n"
    )


def test_each_request_with_tokens_that_are_not_counted_makes_the_sum_no_more_than_a_bound(run: Run) -> None:
    document = {"type": "file", "file": {"file_id": "f"}}
    body = json.dumps({"model": "gpt-4.1", "messages": [{"role": "user", "content": [document]}], "max_tokens": 9})
    ask = ("cost", "--each", "--as-of", "2026-11-23")
    assert run(*ask, stdin=body).out.startswith("at least $")
    assert run(*ask, "--output-tokens", "5", stdin=body).out.startswith("at least $")


CONFIG_OF_FOLDER = """version: 1
defaults: {model: gpt-4.1-mini, output_tokens: 5}
workloads: {all: {requests: texts, volume: 10 / day}}
"""


@pytest.mark.parametrize("is_repository", [False, True])
def test_what_cannot_be_listed_makes_every_answer_incomplete(run: Run, tmp_path: Path, is_repository: bool) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.md").write_text("One.")
    (tmp_path / "gpt41.yaml").write_text(CONFIG_OF_FOLDER)
    if is_repository:
        commit_all(tmp_path)
    saved = run("check", "--as-of", "2026-11-23", "--format", "json").out
    (tmp_path / "base.json").write_text(saved)
    make_deep_folder(tmp_path / "texts")
    day = ("--as-of", "2026-11-23")
    missing = "cannot be read, and what is in it is missing: File name too long"
    for command, first in (
        (("count", "texts"), "at least 2 tokens in 1 text"),
        (("cost", "texts", "--model", "gpt-4.1-mini", "--output-tokens", "5", *day), "gpt-4.1-mini: at least $"),
        (("recommend", "texts", "--output-tokens", "5", *day), "Use gpt-4.1 until 2027-01-14: at least $"),
        (("check", *day), "1 workload: at least $0.002677 per month; 1 error, 1 warning"),
        (("diff", "base.json", *day), "no change from base.json"),
        (("report", *day), "Move 1 workload to gpt-6-luna before 2027-01-14: "),
        (("scan", "texts", *day), ""),
    ):
        done = run(*command)
        assert (done.code, done.out.startswith(first)) == (1, True), done
        assert done.out.replace("\n             ", " ").count(missing) == 1, done.out
        quiet = run(*command, "-q")
        assert (quiet.code, missing in quiet.err) == (1, True), quiet
    (tmp_path / "gpt41.yaml").unlink()
    refused = run("check", "--init", "texts")
    assert (refused.code, refused.out, (tmp_path / "gpt41.yaml").exists()) == (2, "", False)
    assert refused.err.startswith("gpt41: --init: expected folders that can be listed, found texts/ddd")


AT_MOST = "at most this: answers or pictures may be smaller than is counted"
NEAR = "about this: something in it may count more or less"
LEAST = "at least this: not everything in it is counted"
GONE = "gpt-4.1-nano: OpenAI shut it down on 2026-10-23; its official replacement is gpt-5.6-luna"
LINKED = {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}


@pytest.mark.parametrize(
    ("command", "body", "code", "said"),
    [
        ("cost", {"messages": [{"role": "user", "content": "hi"}]}, 0, [AT_MOST]),
        ("cost --output-tokens 5", {"messages": [{"role": "user", "content": [LINKED]}]}, 0, [AT_MOST]),
        ("cost --output-tokens 5", {"messages": [{"role": "user", "content": "hi"}]}, 0, []),
        ("cost --output-tokens 5", {"messages": [{"role": "user", "content": "hi"}], "new": 1}, 0, [NEAR]),
        ("count", {"messages": [{"role": "user", "content": [LINKED]}]}, 0, [AT_MOST]),
        ("count", {"messages": [{"role": "user", "content": "hi"}], "data_sources": [{}]}, 0, [LEAST]),
        ("cost --output-tokens 5", {"model": "gpt-4.1-nano", "messages": [{"role": "user", "content": "hi"}]}, 1, [GONE]),
        ("cache", {"model": "gpt-4.1-nano", "messages": [{"role": "user", "content": "hi"}]}, 1, [GONE]),
    ],
)
def test_a_bare_answer_says_which_bound_it_is_and_that_its_model_is_gone(
    run: Run, command: str, body: dict[str, Any], code: int, said: list[str]
) -> None:
    as_of = [] if command == "count" else ["--as-of", "2026-11-23"]
    done = run(*command.split(), "-q", *as_of, stdin=json.dumps({"model": "gpt-4.1", **body}))
    assert (done.code, done.err) == (code, "".join(f"gpt41: {line}\n" for line in said))
