"""Text for people: long names, and names that are commands to a runner where they wrap."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.reports import Report, ReportLine, Row, Table, make_headings
from gpt41_cli.views import Screen, render
from tests.builders import CATALOG, HOSTILE_TEXTS, SCREEN
from tests.conftest import ROOT, Run, environment

DAY = ("--as-of", "2026-11-23")
LONG = "A" * 100_000 + " ::stop-commands::" + " ::error::B" * 20_000


def make_text_report(headline: str, sentence: str, name: str) -> Report:
    table = Table(make_headings("`name", ">tokens", "why"), (Row((name, "1", sentence)),))
    return Report("gpt41.test/1", "", headline, (ReportLine("why", sentence, name),), (table,), (), (sentence,), {}, (), None)


def test_a_long_name_is_cut_in_the_middle_and_the_line_stays_one(run: Run, tmp_path: Path) -> None:
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}]}
    line = {"custom_id": LONG, "method": "POST", "url": "/v1/chat/completions", "body": body}
    (tmp_path / "one.jsonl").write_text(f"{json.dumps(line)}\n{json.dumps({**line, 'custom_id': 'b'})}\n")
    workload = f"  ? {json.dumps(LONG)}\n  : {{requests: one.jsonl, output_tokens: 1}}\n"
    (tmp_path / "gpt41.yaml").write_text(f"version: 1\nworkloads:\n{workload}")
    for command in (("count", "one.jsonl", "--each"), ("check", *DAY), ("report", *DAY), ("cost", "one.jsonl", "--each", *DAY)):
        lines = run(*command).out.splitlines()
        assert not [line for line in lines if line.lstrip().startswith("::") or len(line) > 1_500], command
        assert LONG[:80] in "".join(lines)
    records = run("count", "one.jsonl", "--each", "--format", "jsonl").out.splitlines()
    assert json.loads(records[0])["custom_id"] == LONG
    assert json.loads(run("check", *DAY, "--format", "json").out)["workloads"][0]["name"] == LONG


def test_an_error_cuts_long_names_too(run: Run) -> None:
    done = run("count", "a" * 900)
    assert done.err == f"gpt41: {'a' * 100}…{'a' * 98}: expected a readable file, found: File name too long\n"


@given(HOSTILE_TEXTS, HOSTILE_TEXTS, st.integers(1, 90), st.sampled_from([None, 1, 20, 40, 80]))
def test_no_line_begins_a_command_wherever_it_wraps(text: str, name: str, shift: int, width: int | None) -> None:
    report = make_text_report("x" * shift + text, "x " * shift + text, "x" * shift + name)
    lines = render(report, "text", Screen(width=width, has_colour=False)).splitlines()
    assert not [line for line in lines if line.lstrip().startswith("::")]


@pytest.mark.parametrize("text", ["w" * 300_000, "word " * 60_000])
def test_nothing_wraps_off_a_terminal(text: str) -> None:
    lines = render(make_text_report(text, text, text), "text", SCREEN).splitlines()
    assert len(lines) == len(render(make_text_report("a", "b", "c"), "text", SCREEN).splitlines())
    assert all("…" in line for line in lines if "w" * 9 in line)


def test_the_text_of_a_prompt_is_shown_in_full(run: Run) -> None:
    prompt = "word " * 50_000
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": prompt}]}
    assert f"| {prompt.rstrip()}\n" in run("count", "--show", stdin=json.dumps(body)).out


def test_the_traceback_of_a_bug_is_not_a_command() -> None:
    broken = """
import gpt41_cli.cli.parse
def read_catalog(_): raise RuntimeError("a\\n::error::b")
gpt41_cli.cli.parse.read_catalog = read_catalog
from gpt41_cli.__main__ import main
main()
"""
    command = [sys.executable, "-c", broken, "--debug", "models"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), cwd=ROOT, check=False)
    assert done.returncode == 3
    assert "\n\\x3a:error::b\n" in done.stderr


def test_what_all_rows_share_is_said_once_where_the_table_is_too_wide() -> None:
    rows = tuple(Row((name, "gpt-4.1-mini", tokens, "")) for name, tokens in (("first", "1"), ("second", "20")))
    table = Table(make_headings("name", "model", ">tokens", "remark"), rows)
    report = Report("gpt41.test/1", "", "x", (), (table,), (), (), {}, (), None)
    wide, narrow, narrowest = (render(report, "text", Screen(width, False)).splitlines()[2:] for width in (120, 30, 14))
    assert wide == [
        "  name    model         tokens  remark",
        "  first   gpt-4.1-mini       1",
        "  second  gpt-4.1-mini      20",
    ]
    assert narrow == ["  all rows: model gpt-4.1-mini", "  name    tokens", "  first        1", "  second      20"]
    assert narrowest[0] == "  first"


def test_what_matters_less_goes_before_the_table_does() -> None:
    rows = tuple(
        Row((name, model, "7", "20", usd))
        for name, model, usd in (("first", "a", "$1"), ("second", "a", "$2"), ("all", "", "$3"))
    )
    table = Table(make_headings("name", "model", "~>input", "~>output", ">total"), rows)
    report = Report("gpt41.test/1", "", "x", (), (table,), (), (), {}, (), None)
    narrow, narrowest = (render(report, "text", Screen(width, False)).splitlines()[2:] for width in (30, 20))
    assert narrow == [
        "  all rows: model a, input 7,",
        "  output 20",
        "  name    total",
        "  first      $1",
        "  second     $2",
        "  all        $3",
    ]
    assert narrowest[0] == "  all rows: model a,"
    mixed = table._replace(rows=(*rows[:2], rows[2]._replace(cells=("all", "", "8", "30", "$3"))))
    lines = render(report._replace(tables=(mixed,)), "text", Screen(25, False)).splitlines()[2:]
    assert lines[:4] == ["  all rows: model a;", "  wider screens also show", "  input", "  name    output  total"]


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("one two three", 7, ["one two", "three"]),
        ("one  two", 4, ["one", "two"]),
        ("over 90 % now", 7, ["over", "90 %", "now"]),
        ("a bcdefghij k", 4, ["a", "bcde", "fghi", "j k"]),
        ("abcdef", 4, ["abcd", "ef"]),
        ("字字字 字字", 5, ["字字", "字", "字字"]),
        ("cafe\u0301 au lait", 7, ["cafe\u0301 au", "lait"]),
        ("one two", 3, ["one", "two"]),
        ("one two", 2, ["on", "e", "tw", "o"]),
    ],
)
def test_a_line_breaks_between_words_or_where_a_word_is_longer_than_the_screen(
    text: str, width: int, expected: list[str]
) -> None:
    report = make_explained_report()._replace(headline=text, lines=(), notes=())
    assert render(report, "text", Screen(width, has_colour=False)).splitlines() == expected


def test_a_style_ends_where_its_line_does() -> None:
    line = ReportLine("why", "so it is", "my source")
    report = make_explained_report()._replace(headline="Use it now", lines=(line,), notes=())
    assert render(report, "explain", Screen(16, has_colour=True)).splitlines() == [
        "\x1b[1mUse it now\x1b[0m",
        "",
        "  why  so it is",
        "       \x1b[2m[my\x1b[0m",
        "       \x1b[2msource]\x1b[0m",
    ]


def make_explained_report() -> Report:
    whys = tuple(ReportLine("why", f"reason {number} [launch 2025-04-14]", "pricing 2026-07-15") for number in range(1, 6))
    details = (ReportLine("cache", "a detail", "my-scores.csv, pricing 2026-07-15", is_detail=True),)
    notes = ("As published [pricing 2026-07-15], or not [unknown 2020].",)
    return Report("gpt41.test/1", "", "Use it", (*whys, *details), (), (), notes, {}, (), CATALOG)


def test_a_brief_answer_has_three_reasons_and_no_sources() -> None:
    assert render(make_explained_report(), "text", Screen(None, has_colour=False)) == (
        "Use it\n\n  why  reason 1\n       reason 2\n       reason 3\n\n"
        "  note  As published, or not [unknown 2020].\n  more  --explain shows 3 more lines and the sources.\n"
    )


def test_explained_it_has_all_of_them_with_a_legend() -> None:
    lines = render(make_explained_report(), "explain", Screen(None, has_colour=False)).splitlines()
    assert lines[2:8] == [
        "  why    reason 1 [1] [2]",
        *(f"         reason {number} [1] [2]" for number in range(2, 6)),
        "  cache  a detail [my-scores.csv, 2]",
    ]
    assert [line.split("] ")[0].strip() for line in lines[-2:]] == ["sources  [1", "[2"]
    assert lines[-1].endswith("2026-07-15, https://developers.openai.com/api/docs/pricing")


def test_what_cites_no_source_of_the_table_stays() -> None:
    report = make_explained_report()._replace(catalog=None)
    assert "  why  reason 1 [launch 2025-04-14]\n" in render(report, "text", Screen(None, has_colour=False))
