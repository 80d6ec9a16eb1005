"""Requests per period: `--requests 40000/month`, `--per month`, and what follows from them."""

from __future__ import annotations

import json

import pytest

from tests.conftest import ROOT, Run

WORK = ("--input-tokens", "1200", "--output-tokens", "100", "--model", "gpt-4.1-mini", "--as-of", "2026-11-23")
WHOLE = "expected a whole number from 1 to 1,000,000,000,000"
PERIODS = "minute, hour, day, week, month"


@pytest.mark.parametrize(
    ("command", "given", "headline"),
    [
        ("cost", ("-n", "40000/month"), "gpt-4.1-mini: $25.60 per month for 40,000 requests ($0.00064 each)"),
        ("cost", ("-n", "40k / day"), "gpt-4.1-mini: $25.60 per day for 40,000 requests ($0.00064 each)"),
        (
            "cost",
            ("-n", "40k", "--per", "month"),
            "gpt-4.1-mini: $25.60 per month for 40,000 requests ($0.00064 each)",
        ),
        ("cost", ("-n", "1300/day", "--per", "month"), "gpt-4.1-mini: $25.31 per month for 39,542 requests"),
        ("cost", ("-n", "1/month", "--per", "minute"), "gpt-4.1-mini: $0.00064 per minute for 1 request"),
        ("cost", ("-n", "1.5k/hour", "--mode", "batch", "--mode", "standard"), "$0.48 (gpt-4.1-mini batch) to $0.96"),
        ("plan", ("-n", "40/minute", "--usage-tier", "1"), "Cannot finish in 24 hours in tier 1"),
        (
            "plan",
            ("-n", "40k/month", "--usage-tier", "3"),
            "Fits in 30 days 10 hours: gpt-4.1-mini in batch ($12.80 per month), tier 3",
        ),
        ("plan", ("-n", "9k/day", "--per", "week", "--usage-tier", "1", "--deadline", "2d"), "Cannot finish in 2 days in tier 1"),
    ],
)
def test_the_first_line_says_the_period(run: Run, command: str, given: tuple[str, ...], headline: str) -> None:
    assert run(command, *WORK, *given).out.startswith(headline)


def test_the_note_and_the_json_say_what_was_converted(run: Run) -> None:
    document = json.loads(run("cost", *WORK, "-n", "1300/day", "--per", "month", "--json").out)
    assert (document["per"], document["quotes"][0]["usage"]["requests"]) == ("month", 39_542)
    assert "1,300 per day are 39,542 per month, as a month has 365/12 days." in document["notes"]
    hour = json.loads(run("cost", *WORK, "-n", "2/hour", "--per", "day", "--json").out)
    assert "2 per hour are 48 per day." in hour["notes"]


def test_work_that_goes_on_must_keep_pace_and_need_not_be_done_at_once(run: Run) -> None:
    work = ("recommend", "--input-tokens", "1200", "--output-tokens", "100", "--task", "chat", "--deadline", "24h")
    once = run(*work, "--usage-tier", "1", "-n", "100k", "--as-of", "2026-11-23").out
    month = run(*work, "--usage-tier", "1", "-n", "50k/month", "--as-of", "2026-11-23").out
    assert once.startswith("Nothing fits")
    assert month.startswith(
        "Use gpt-4.1-mini (batch) until 2027-01-14: $16.00 per month for 50,000 requests ($0.00032 each); then"
    )


def test_a_file_is_sent_at_a_rate(run: Run) -> None:
    out = run("cost", str(ROOT / "tests/data/batch.jsonl"), "--output-tokens", "30", "-n", "100/day", "--as-of", "2026-11-23").out
    assert out.startswith("gpt-4.1-mini (batch): $0.02846 per day for 600 requests ($0.00004743 each)")


def test_a_move_is_priced_per_month(run: Run) -> None:
    out = run("migrate", "--input-tokens", "1200", "--output-tokens", "100", "-n", "40k/month", "--on", "2026-11-23").out
    assert out.startswith("gpt-6-luna instead of gpt-4.1: $6.86 to $8.06 per month for the same work (today $128.00)")


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (("--per", "month"), "--per: expected --requests with it, such as --requests 40000/month, found it alone"),
        (("-n", "4", "--per", "year"), f'--per: expected one of {PERIODS}, found "year"'),
        (("-n", "4/year"), f'expected requests per {PERIODS}, such as 40k/month, found "4/year"; see gpt41 cost --help'),
        (("-n", "0/day"), f'expected requests per {PERIODS}, such as 40k/month, found "0/day"; see gpt41 cost --help'),
        (("-n", "many"), f'{WHOLE}, found "many"; see gpt41 cost --help'),
        (("--month",), "gpt41 cost has no option --month; use --requests N --per month, or volume: N / month in gpt41.yaml"),
    ],
)
def test_a_rate_that_is_not_one_is_refused(run: Run, given: tuple[str, ...], complaint: str) -> None:
    done = run("cost", *WORK, *given)
    assert (done.code, done.out, done.err.endswith(f"{complaint}\n")) == (2, "", True), done.err
