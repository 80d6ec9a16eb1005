"""`gpt41 reconcile` as a command: what it reads, what it refuses, and that names in a log stay data in every format."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
from pathlib import Path

import pytest

from tests.builders import COMPLETION, MINI
from tests.conftest import FROZEN, ROOT, Run, environment
from tests.readers import TAGS, MarkdownPage

CSV = "model,input_tokens,output_tokens,date\ngpt-4.1,1000000,0,2026-11-21\ngpt-4.1-mini,0,1000000,2026-11-22\n"
NOW = ("--as-of", "2026-11-26")


def test_standard_input_compressed_files_and_folders_are_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "logs" / "old").mkdir(parents=True)
    (tmp_path / "logs" / "a.csv").write_text(CSV)
    (tmp_path / "logs" / "old" / "b.jsonl.gz").write_bytes(gzip.compress(json.dumps(COMPLETION).encode()))
    (tmp_path / "logs" / "README.md").write_text("# The logs\n")
    for arguments, stdin in ((["-"], CSV), ([], gzip.compress(CSV.encode())), (["logs/a.csv"], "")):
        assert run("reconcile", *arguments, "-q", stdin=stdin) == (0, "3.6\n", "")
    done = run("reconcile", "logs", *NOW, "--format", "json")
    document = json.loads(done.out)
    # and 176 tokens at 0.40, 1,024 at 0.10, 80 at 1.60 per million
    assert document["total_usd"] == "3.6003008"
    assert [each["message"] for each in document["findings"] if each["rule"] == "left-out"] == [
        (
            "left out 1 (logs/README.md:1: expected JSON, JSON Lines, the events of a stream, or CSV with a column "
            "input_tokens or prompt_tokens, found none of them): logs/README.md"
        )
    ]


def test_lines_that_cannot_be_read_are_listed_and_the_rest_is_priced(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(CSV + "gpt-4.1,-5,0,2026-11-22\ngpt-4.1,many,0,2026-11-22\n")
    done = run("reconcile", "a.csv", *NOW)
    assert (done.code, done.err) == (1, "")
    assert done.out.startswith("at least $3.60 for 2 answers from 2026-11-21 to 2026-11-22; 2 more not priced; after ")
    assert [line.partition("left out ")[2] for line in done.out.splitlines() if "left out" in line] == [
        "a.csv:4: input_tokens: expected a whole number from 0 to 999,999,999,999,999, found the number -5 [invalid-request]",
        'a.csv:5: input_tokens: expected a whole number, found "many" [invalid-request]',
    ]
    done = run("reconcile", "a.csv", *NOW, "--skip-invalid", "--fail-on", "warning", "--format", "json")
    assert (done.code, json.loads(done.out)["total_usd"]) == (1, "3.6")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text((tmp_path / "a.csv").read_text())
    assert run("reconcile", "in", *NOW, "-q").out == "3.6\n"
    (tmp_path / "bad.csv").write_text("input_tokens\n-5\n")
    assert run("reconcile", "bad.csv", "--skip-invalid").err.endswith("gpt41: 1 of 1 answer cannot be read\n")


def test_a_bare_sum_says_what_makes_it_unclear(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("model,date,input_tokens,output_tokens,draft_tokens\ngpt-4.1,2026-11-21,1000,100,0\n")
    assert run("reconcile", "a.csv", *NOW, "-q") == (0, "0.0028\n", "")
    (tmp_path / "a.csv").write_text("model,date,prompt_tokens,total_tokens\ngpt-4.1,in autumn,1000,1200\n")
    first = "an answer whose time can't be read: priced as if it had none (a.csv:2)"
    done = run("reconcile", "a.csv", *NOW, "-q")
    assert (done.code, done.out) == (0, "0.002\n")
    assert done.err == f"gpt41: about this: {first}; without -q, it says 1 more\n"


def test_what_was_sent_is_not_a_log(run: Run) -> None:
    done = run("reconcile", str(ROOT / "tests/data/batch.jsonl"), cwd=ROOT)
    where = ROOT / "tests/data/batch.jsonl"
    assert (done.code, done.out) == (2, "")
    assert done.err == (
        f"gpt41: expected answers that report their usage and have a price, found none: {where}:1: "
        "expected an answer with its tokens, found a request, which --requests takes\n"
    )


@pytest.mark.parametrize("arguments", [["-", "-"], ["-", "--requests", "-"]])
def test_standard_input_can_be_read_once(run: Run, arguments: list[str]) -> None:
    done = run("reconcile", *arguments, stdin=json.dumps(COMPLETION))
    assert done == (2, "", "gpt41: -: expected standard input once, found it twice\n")


def test_what_the_prompt_cache_cost_and_what_was_spent_on_reasoning_is_reported(run: Run) -> None:
    usage = {"input_tokens": 1000, "output_tokens": 100, "cache_write_tokens": 800, "reasoning_tokens": 60}
    done = run("reconcile", "-", *NOW, stdin=json.dumps({"model": "gpt-6-luna", "usage": usage}))
    assert "  written    █         $0.00002 more for writing to the prompt cache than for input" in done.out
    assert "  reasoning  60 of the output tokens were spent on reasoning\n" in done.out


def test_what_tools_cost_is_kept_apart(run: Run) -> None:
    answer = {"object": "response", "model": "gpt-4.1", "usage": {"input_tokens": 5000, "output_tokens": 0}}
    stdin = json.dumps({**answer, "output": [{"type": "file_search_call"}] * 2})
    assert "  tools   ██▋       $0.005 for calls to built-in tools\n" in run("reconcile", "-", *NOW, stdin=stdin).out


def test_csv_is_a_table_of_the_charges(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("reconcile", "-", "--format", "csv", *NOW, stdin=CSV).out)))
    assert [(row["model"], row["mode"], row["day"], row["total_usd"]) for row in rows] == [
        ("gpt-4.1", "standard", "2026-11-21", "2"),
        ("gpt-4.1-mini", "standard", "2026-11-22", "1.6"),
    ]


def test_what_is_not_priced_is_reported_by_its_most_frequent_reasons_and_each_doubt_once(run: Run) -> None:
    tuned = {
        "model": "ft:gpt-4.1-mini-2025-04-14:acme::abc",
        "usage": {"input_tokens": 5, "output_tokens": 0},
        "service_tier": "batch",
    }
    lines = [{**tuned, "date": f"2026-11-{day}"} for day in range(20, 25)]
    lines += [{"error": {"code": f"e{number % 7}"}} for number in range(13)]
    stdin = "".join(json.dumps(each) + "\n" for each in lines)
    document = json.loads(run("reconcile", "-", "--format", "json", *NOW, stdin=stdin).out)
    assert [(each["level"], each["message"]) for each in document["findings"]] == [
        *(
            ("notice", f'2 not priced: the request failed: "e{number}" (first standard input:{number + 6})')
            for number in range(5)
        ),
        ("notice", "3 more for reasons like these"),
    ]
    assert document["notes"] == [
        "The batch price of ft:gpt-4.1-mini-2025-04-14:acme::abc is likely, but not confirmed [litellm 2026-11]."
    ]
    assert run("reconcile", "-", "-q", "--fail-on", "warning", stdin=stdin).code == 0


@pytest.mark.parametrize("view", [("-q",), ("--format", "csv"), ("--format", "jsonl")])
def test_what_is_not_priced_is_reported_even_where_there_is_little_room(run: Run, view: tuple[str, ...]) -> None:
    stdin = CSV + "gpt-9,5,5,2026-11-22\n"
    done = run("reconcile", "-", *view, *NOW, stdin=stdin)
    assert (done.code, done.err) == (
        1,
        f'gpt41: 1 not priced (5 input and 5 output tokens): "gpt-9" is not in {FROZEN} (standard input:4)\n',
    )


HOSTILE = '<img src=x onerror="alert(1)">|`*_[red]\x1b[31m\n::error::##[error]\u202e&lt;'


@pytest.mark.parametrize("view", ["text", "markdown", "html", "github", "gitlab", "junit", "sarif", "csv", "json", "jsonl"])
def test_names_in_a_log_are_data_whatever_they_look_like(run: Run, tmp_path: Path, view: str) -> None:
    name = HOSTILE.replace("/", "").replace("\n", "") + ".jsonl"
    usage = {"input_tokens": 5, "output_tokens": 1}
    lines = [
        {"model": f"ft:gpt-4.1-mini:{HOSTILE}", "usage": usage},
        {"model": HOSTILE, "usage": usage},
        {"model": MINI, "service_tier": HOSTILE, "usage": usage},
        {"error": {"code": HOSTILE}, "custom_id": HOSTILE},
    ]
    (tmp_path / name).write_text("".join(json.dumps(each) + "\n" for each in lines))
    (tmp_path / "b.csv").write_text(f'input_tokens,"{HOSTILE.replace(chr(34), "")}"\n5,x\n')
    done = run("reconcile", name, "b.csv", "--model", MINI, "--format", view, *NOW)
    assert (done.code, len(done.err.splitlines())) == (1, 2 if view in ("csv", "jsonl") else 0)
    for forbidden in ("\x1b", "\u202e", "##[error]"):
        assert forbidden not in done.out + done.err
    assert not any(each.lstrip().startswith("::error::##") for each in done.out.splitlines())
    if view == "markdown":
        assert {tag for tag, _ in MarkdownPage(done.out).texts} <= TAGS
    if view == "html":
        assert "<img" not in done.out


def test_a_closed_pipe_is_quiet() -> None:
    done = subprocess.run(
        ["bash", "-c", "set -o pipefail; gpt41 reconcile tests/logs --skip-invalid | true"],
        capture_output=True,
        env=environment(),
        cwd=ROOT,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_logs_without_an_answer_are_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "deltas.jsonl").write_text('{"type": "response.output_text.delta", "delta": "Hi"}\n')
    expected = "expected answers that report their usage and have a price, found none"
    assert run("reconcile", "deltas.jsonl") == (2, "", f"gpt41: deltas.jsonl: {expected}\n")
    assert run("reconcile", "-") == (2, "", f"gpt41: standard input: {expected}\n")


def test_what_is_shut_down_is_not_offered_and_what_comes_after_is_named(run: Run) -> None:
    record = {"model": "gpt-4.1-mini", "date": "2026-11-20", "usage": {"input_tokens": 1_000, "output_tokens": 50}}
    done = run("reconcile", "-", *NOW, stdin=json.dumps(record))
    assert "gpt-4.1-nano" not in done.out
    assert "gpt-4.1-mini  batch" in done.out
    assert "gpt-6-luna comes after gpt-4.1-mini, which ends on 2027-01-14 (in 49 days): gpt41 migrate with the same" in done.out
    document = json.loads(run("reconcile", "-", "--format", "json", *NOW, stdin=json.dumps(record)).out)
    assert {each["model"] for each in document["elsewhere"] if each["is_shut_down"]} == {"gpt-4.1-nano"}
    azure = run("reconcile", "-", "--format", "json", "--platform", "azure-global", *NOW, stdin=json.dumps(record)).out
    assert json.loads(azure)["elsewhere"][0]["model"] == "gpt-6-luna"  # where gpt-4.1-mini ends in 139 days
