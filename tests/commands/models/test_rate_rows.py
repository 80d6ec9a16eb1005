"""`gpt41 models --format csv`: a join in SQL prices every answer as `reconcile` does."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from gpt41_cli import Catalog
from gpt41_cli.commands.models.rate_rows import list_rate_rows
from tests.conftest import ROOT, Run

NAMES = ("gpt-4.1", "gpt-4.1-2025-04-14", "gpt-4.1-nano-2025-04-14", "gpt-6-luna", "ft:gpt-4.1-mini-2025-04-14:acme::x1", "gpt-x")
LONG = 272_000
"""Input tokens of gpt-6-luna above which the surcharge begins."""


def make_answers() -> list[dict[str, Any]]:
    """Make answers of October and November 2026: two on either side of the surcharge, one logged twice, one without details, one
    without input, one in a tier without a known price.
    """
    choose = random.Random(3)
    answers = []
    for index in range(300):
        model = NAMES[index % len(NAMES)]
        tokens = choose.randint(1, 400_000 if model == "gpt-6-luna" else 100_000)
        day = datetime(2026, choose.randint(10, 11), choose.randint(1, 28), 1, tzinfo=UTC)
        answers.append(
            make_answer(f"chatcmpl-{index}", model, day, tokens, choose.randrange(tokens), choose.choice(list_tiers(model)))
        )
    del answers[0]["usage"]["prompt_tokens_details"]
    day = datetime(2026, 11, 1, tzinfo=UTC)
    answers += [make_answer("no-input", "gpt-6-luna", day, 0, 0, "default"), make_answer("scale", "gpt-4.1", day, 9, 0, "scale")]
    answers += [make_answer(f"chatcmpl-{tokens}", "gpt-6-luna", day, tokens, 0, "default") for tokens in (LONG, LONG + 1)]
    return [*answers, answers[-1]]


def list_tiers(model: str) -> list[str]:
    if model.startswith("ft:"):
        return ["default"]
    return ["default", "priority", "flex"] if model == "gpt-6-luna" else ["default", "priority"]


def make_answer(name: str, model: str, day: datetime, tokens: int, cached: int, tier: str) -> dict[str, Any]:
    usage = {"prompt_tokens": tokens, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": cached}}
    created = int(day.timestamp())
    return {"id": name, "object": "chat.completion", "created": created, "model": model, "service_tier": tier, "usage": usage}


@pytest.fixture
def recipes(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The SQL of the page, next to the rates."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rates.csv").write_text(run("models", "--format", "csv").out)
    return re.findall(r"(?<=^```sql\n).*?(?=^```$)", (ROOT / "docs" / "scale.md").read_text(), re.MULTILINE | re.DOTALL)


def reconcile(run: Run, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("reconcile", name, "--as-of", "2026-11-29", "--format", "json").out)
    return found


def write(answers: list[dict[str, Any]]) -> None:
    Path("answers.jsonl").write_text("".join(f"{json.dumps(answer)}\n" for answer in answers))


def test_a_join_prices_answers_to_the_last_digit(recipes: list[str], run: Run) -> None:
    write(make_answers())
    with duckdb.connect() as database:
        rows = database.execute(recipes[0]).fetchall()
    billed = reconcile(run, "answers.jsonl")
    assert sum(usd for *_, usd, _ in rows if usd is not None) == Decimal(billed["total_usd"])
    missing = sorted((name, mode, answers) for name, mode, _, _, answers in rows if answers)
    assert missing == [("gpt-4.1", "scale", 1), ("gpt-x", "priority", 25), ("gpt-x", "standard", 25)]
    assert sum(answers for _, _, answers, _, _ in rows) == 304


def test_sums_are_explained_as_their_answers_are(recipes: list[str], run: Run) -> None:
    write(make_answers())
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'America/New_York'")
        database.execute(recipes[0])
        database.execute(recipes[1])
    answers, sums = (reconcile(run, name) for name in ("answers.jsonl", "sums.csv"))
    for key in ("total_usd", "usage", "caching_saved_usd"):
        assert sums[key] == answers[key], key
    of_sums, of_answers = (
        sorted((row["mode"], row["day"], row["total_usd"]) for row in each["charges"]) for each in (sums, answers)
    )
    assert of_sums == of_answers
    # The high end has all possible cache writes, and a sum no longer shows which answers are too short for one.
    for other_sums, other_answers in zip(sums["elsewhere"], answers["elsewhere"], strict=True):
        assert other_sums | {"high_usd": None} == other_answers | {"high_usd": None}
        assert Decimal(other_sums["high_usd"]) >= Decimal(other_answers["high_usd"])


def test_every_name_of_a_log_has_rates(catalog: Catalog) -> None:
    rows = list_rate_rows(catalog, list(catalog.models.values()))
    for model in catalog.models.values():
        names = {model.id, *model.snapshots}
        tuned = {f"ft:{name}" for name in names} if model.fine_tuned else set()
        assert {row["name"] for row in rows if row["model"] == model.id} == names | tuned


def test_bands_and_periods_meet_and_hold_the_rate_that_is_billed(catalog: Catalog) -> None:
    rows = list_rate_rows(catalog, [catalog.models["gpt-6-luna"], catalog.models["gpt-4o"]])
    short, long = (row for row in rows if (row["name"], row["platform"], row["mode"]) == ("gpt-6-luna", "openai", "standard"))
    assert (short["input_tokens_up_to"], long["input_tokens_above"], long["input_tokens_up_to"]) == (LONG, LONG, None)
    assert [
        long[f"{what}_usd_per_million"] for what in ("input", "cached_input", "cache_write", "cache_write_12h", "output")
    ] == [Decimal(figure) for figure in ("0.20", "0.02", "0.250", "0.50", "0.75")]
    batch = next(row for row in rows if (row["name"], row["platform"], row["mode"]) == ("gpt-4o", "openai", "batch"))
    assert (batch["has_cache_discount"], batch["cached_input_usd_per_million"]) == (False, batch["input_usd_per_million"])
    table = catalog.models["gpt-4o"].rates
    dated = {
        (platform, mode): [row.effective_from for row in found] for platform, by in table.items() for mode, found in by.items()
    }
    for (platform, mode), days in dated.items():
        found = [row for row in rows if (row["name"], row["platform"], row["mode"]) == ("gpt-4o", platform, mode)]
        assert [(row["effective_from"], row["effective_until"]) for row in found] == list(
            zip(days, [*days[1:], None], strict=True)
        )
