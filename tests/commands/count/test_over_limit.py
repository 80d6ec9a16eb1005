"""`gpt41 count --max-tokens`: what is over is named, and fails the run; each text, picture and request counts for itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT, Run

DATA = ROOT / "tests" / "data"


def ask(words: int) -> str:
    """A request of eight tokens more than so many words, as a line."""
    return json.dumps({"model": "gpt-4.1", "messages": [{"role": "user", "content": "word" + " word" * (words - 1)}]}) + "\n"


def test_what_is_over_is_named_with_its_place(run: Run, tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts/long.md").write_text("word" + " word" * 1199)
    (tmp_path / "prompts/just.md").write_text("word" + " word" * 99)
    (tmp_path / "prompts/photo.png").write_bytes((DATA / "photo.png").read_bytes())
    (tmp_path / "asked.jsonl").write_text(ask(20) + ask(500) + ask(92))
    named = ("prompts/long.md", "prompts/just.md", "prompts/photo.png", "asked.jsonl", "--model", "gpt-4.1-mini")
    done = run("count", *named, "--max-tokens", "100", "--format", "json")
    assert done.code == 1
    findings = json.loads(done.out)["findings"]
    assert [(each["message"], each["location"]["line"], each["actual"], each["allowed"]) for each in findings] == [
        ("prompts/long.md: 1,200 tokens, over the 100 allowed", None, "1200", "100"),
        ("asked.jsonl:2: 507 tokens, over the 100 allowed", 2, "507", "100"),
        ("prompts/photo.png: 181 tokens, over the 100 allowed", None, "181", "100"),
    ]
    assert {(each["rule"], each["level"]) for each in findings} == {("max-tokens", "error")}


def test_what_is_allowed_changes_nothing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "asked.jsonl").write_text(ask(20) * 1_000)  # far more together than one may have
    (tmp_path / "text.md").write_text("word" + " word" * 26)
    assert run("count", ".", "--max-tokens", "27") == run("count", ".")
    assert run("count", ".", "--max-tokens", "26").code == 1


@pytest.mark.parametrize("each", [[], ["--each"]], ids=["together", "each"])
def test_of_many_the_ten_largest_are_named_and_the_others_counted(run: Run, tmp_path: Path, each: list[str]) -> None:
    """However they are spread over files and workers."""
    (tmp_path / "a.jsonl").write_text("".join(ask(words) for words in range(10, 3_010)))
    (tmp_path / "b.jsonl").write_text("".join(ask(words) for words in (5_000, 10, 3_005)))
    done = run("count", "a.jsonl", "b.jsonl", "--max-tokens", "1,000", "--jobs", "2", "-q", *each)
    assert done.code == 1
    assert len(done.out.splitlines()) == (3_003 if each else 1)
    over = [("b.jsonl:1", 5_007), ("a.jsonl:3000", 3_016), ("a.jsonl:2999", 3_015), ("a.jsonl:2998", 3_014)]
    over += [("a.jsonl:2997", 3_013), ("a.jsonl:2996", 3_012), ("b.jsonl:3", 3_012)]
    over += [("a.jsonl:2995", 3_011), ("a.jsonl:2994", 3_010), ("a.jsonl:2993", 3_009)]
    assert done.err.splitlines() == [
        *(f"gpt41: {place}: {tokens:,} tokens, over the 1,000 allowed" for place, tokens in over),
        "gpt41: 2,008 more inputs over the 1,000 allowed",
    ]


@pytest.mark.parametrize("form", [["-q"], ["--format", "csv"], ["--format", "jsonl"]], ids=" ".join)
@pytest.mark.parametrize("each", [[], ["--each"]], ids=["together", "each"])
def test_what_has_no_room_for_findings_leaves_them_to_standard_error(run: Run, form: list[str], each: list[str]) -> None:
    files = ("tests/data/ticket.txt", "tests/data/triage.json")
    free = run("count", *files, *each, *form, cwd=ROOT)
    done = run("count", *files, *each, *form, "--max-tokens", "200", cwd=ROOT)
    assert (free.code, free.err, done.code, done.out) == (0, "", 1, free.out)
    assert done.err == "gpt41: tests/data/ticket.txt: 433 tokens, over the 200 allowed\n"


def test_entries_are_shown_next_to_what_is_over(run: Run) -> None:
    done = run("count", "tests/data/batch.jsonl", "--each", "--max-tokens", "130", cwd=ROOT)
    assert (done.code, done.err) == (1, "")
    assert "  error  tests/data/batch.jsonl:3: 136 tokens, over the 130 allowed [max-tokens]\n" in done.out
    assert "message-6" in done.out


def test_what_is_not_a_request_is_worse_than_what_is_over(run: Run, tmp_path: Path) -> None:
    (tmp_path / "asked.jsonl").write_text(ask(500) + "{}\n")
    refused = run("count", "asked.jsonl", "--max-tokens", "100", "-q")
    assert (refused.code, refused.out) == (2, "")
    skipped = run("count", "asked.jsonl", "--max-tokens", "100", "-q", "--skip-invalid")
    assert (skipped.code, skipped.out) == (1, "507\n")
    assert skipped.err.startswith("gpt41: asked.jsonl:1: 507 tokens, over the 100 allowed\ngpt41: left out asked.jsonl:2: ")
    one_by_one = run("count", "asked.jsonl", "--max-tokens", "100", "-q", "--each", "--skip-invalid")
    assert (one_by_one.code, one_by_one.out) == (1, "507\n")


def test_text_and_standard_input_are_named_as_they_were_given(run: Run) -> None:
    done = run("count", "-", "--text", "one two three", "--max-tokens", "2", "-q", stdin="one two three four")
    assert done.err == ("gpt41: standard input: 4 tokens, over the 2 allowed\ngpt41: --text: 3 tokens, over the 2 allowed\n")


def test_a_maximum_is_a_whole_number(run: Run) -> None:
    assert run("count", "x.txt", "--max-tokens", "0").err == (
        "gpt41: Invalid value for '--max-tokens': expected a whole number from 1 to 1,000,000,000,000, found \"0\"; "
        "see gpt41 count --help\n"
    )
