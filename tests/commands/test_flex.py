"""Flex, the slower and cheaper mode of the successors, in every command that prices requests or answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from gpt41_cli.commands.recommend.candidates import Wishes
from gpt41_cli.commands.recommend.choose import Recommendation, recommend
from gpt41_cli.work.workload import workload
from tests.builders import CATALOG, USER, chat, market
from tests.conftest import Run

SOLD = "flex is for gpt-6-luna, gpt-6.1-terra, gpt-6.1-sol, gpt-5.6-luna"
AFTER = date(2027, 2, 1)
"""A day on which the family has ended."""


def test_a_request_in_flex_is_priced_in_flex(run: Run) -> None:
    body = chat(USER, model="gpt-6-luna", service_tier="flex", max_tokens=10)
    document = json.loads(run("cost", "--as-of", "2026-11-26", "--format", "json", stdin=json.dumps(body)).out)
    (quote,) = document["quotes"]
    tokens = quote["usage"]["input_tokens"]
    assert (quote["mode"], quote["total_usd"]) == ("flex", str((tokens * Decimal("0.05") + 10 * Decimal("0.25")) / 10**6))
    assert any("promises no time" in note for note in document["notes"])


def test_a_batch_that_saves_nothing_is_not_held_out(run: Run) -> None:
    asked = ("cost", "--model", "gpt-6-luna", "--input-tokens", "1000", "--output-tokens", "100", "--as-of", "2026-11-26")
    assert "  batch   $0.00007575, $0.00007575 less (50 %)\n" in run(*asked).out
    assert "  batch  " not in run(*asked, "--mode", "flex").out


def test_the_family_has_no_flex_and_who_has_it_is_said(run: Run) -> None:
    done = run("cost", "--mode", "flex", "--model", "gpt-4.1-mini", "--input-tokens", "9", "--output-tokens", "1")
    assert (done.code, done.out) == (2, "")
    assert done.err.endswith(f"has standard, batch, priority; {SOLD}\n")
    answer = {"model": "gpt-4.1", "service_tier": "flex", "usage": {"prompt_tokens": 9, "completion_tokens": 1}}
    done = run("reconcile", "--format", "json", stdin=json.dumps(answer))
    assert done.code == 1
    assert SOLD in done.out


def test_an_answer_in_flex_is_billed_in_flex(run: Run) -> None:
    answer = {"model": "gpt-6-luna", "service_tier": "flex", "usage": {"prompt_tokens": 1000, "completion_tokens": 100}}
    done = run("reconcile", "--as-of", "2026-11-26", "-q", stdin=json.dumps(answer))
    assert (done.code, done.out) == (0, "0.000075\n")  # 1000 * 0.05 + 100 * 0.25
    document = json.loads(run("reconcile", "--as-of", "2026-11-26", "--format", "json", stdin=json.dumps(answer)).out)
    assert document["elsewhere"] == [], "nobody who has left the family is shown what it would cost"
    early = run("reconcile", "--as-of", "2026-09-25", "--format", "json", stdin=json.dumps({**answer, "service_tier": None}))
    assert {each["model"] for each in json.loads(early.out)["elsewhere"]} == {"gpt-4.1", "gpt-4.1-mini"}


def choose(mode: str | None = None) -> Recommendation:
    work = workload(input_tokens=1000, output_tokens=100, requests=1)
    return recommend(market(CATALOG, "openai", AFTER), work, Wishes((CATALOG.task("general"),), mode=mode))


def test_flex_is_a_saving_that_is_shown_and_chosen_only_if_the_work_is_sent_so_today() -> None:
    shown = choose()
    assert shown.choice
    assert shown.choice.name == "gpt-6-luna standard"
    (saving,) = (finding.message for finding in shown.but if finding.rule.id == "flex-saving")
    assert saving == (
        "flex would cost $0.00007575, half of this: flex answers later than standard, may refuse requests while capacity is "
        "short, and promises no time"
    )
    kept = choose(mode="flex")
    assert kept.choice
    assert kept.choice.name == "gpt-6-luna flex"
    assert any(finding.message.startswith("flex answers later") for finding in kept.but)


@pytest.mark.parametrize(
    ("options", "today", "added"),
    [
        ((), {"standard", "batch"}, "-0.00273425"),
        (("--mode", "flex"), {"standard"}, "-0.00273425"),
    ],
)
def test_a_move_to_flex_is_compared_with_standard(run: Run, options: tuple[str, ...], today: set[str], added: str) -> None:
    given = ("--input-tokens", "1000", "--output-tokens", "100", "--as-of", "2026-11-26", *options)
    document = json.loads(run("migrate", *given, "--format", "json").out)
    assert {quote["mode"] for quote in document["today"]} == today
    (luna,) = (way for way in document["ways"] if (way["quote"]["model"], way["quote"]["mode"]) == ("gpt-6-luna", "flex"))
    assert luna["quote"]["total_usd"] == "0.00007575"  # 1000 * 0.05 + 103 * 0.25
    assert Decimal(luna["added_usd"]) == Decimal("0.00007575") - Decimal("0.0028")


def test_batch_is_compared_with_flex(run: Run, tmp_path: Path) -> None:
    def list_prices(model: str) -> Mapping[str, str]:
        body = chat(USER, model=model, max_completion_tokens=10)
        line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": body}
        (tmp_path / "a.jsonl").write_text(json.dumps(line) + "\n")
        document = json.loads(run("batch", "a.jsonl", "--as-of", "2026-11-26", "--format", "json").out)
        return {price["name"]: price["total_usd"] for price in document["prices"]}

    luna = list_prices("gpt-6-luna")
    assert list(luna) == ["batch", "standard", "flex", "cached"]
    assert Decimal(luna["flex"]) == Decimal(luna["batch"]) == Decimal(luna["standard"]) / 2
    assert "flex" not in list_prices("gpt-4.1")
