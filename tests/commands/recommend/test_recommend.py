"""The main job: who qualifies, who wins, and whether every reason and exclusion is there and true."""

from __future__ import annotations

import csv
import json
import re
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.catalog import Catalog, parse_catalog
from gpt41_cli.catalog.evaluation import read_evaluation
from gpt41_cli.commands.recommend.candidates import Wishes
from gpt41_cli.commands.recommend.choose import Recommendation, recommend
from gpt41_cli.commands.recommend.report import make_report
from gpt41_cli.errors import InputError, UnknownName
from gpt41_cli.pricing import ToolUse
from gpt41_cli.requests.request import Image
from gpt41_cli.work.workload import workload
from tests.builders import CATALOG, TABLE, market
from tests.conftest import Run

TODAY = date(2026, 11, 23)
LAUNCH = date(2025, 6, 1)
DAY = timedelta(hours=24)


def ask(
    task: str = "classification",
    *,
    as_of: date = TODAY,
    platform: str = "openai",
    catalog: Catalog = CATALOG,
    input_tokens: int = 1000,
    cached_share: str | None = None,
    output_tokens: int = 100,
    requests: int = 1,
    **wishes: Any,
) -> Recommendation:
    work = workload(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        requests=requests,
        cached_share=None if cached_share is None else Decimal(cached_share),
    )
    tasks = tuple(catalog.task(name) for name in task.split(","))
    return recommend(market(catalog, platform, as_of), work, Wishes(tasks, **wishes))


def chosen(found: Recommendation) -> str | None:
    return found.choice.name if found.choice else None


def against(found: Recommendation, model: str, mode: str = "standard") -> dict[str, str]:
    """Rule -> sentence, for an excluded candidate."""
    each = next(each for each in found.excluded if (each.variant.id, each.mode) == (model, mode))
    return {remark.rule.id: remark.message for remark in each.exclusions}


@pytest.mark.parametrize(
    ("task", "at_launch", "today"),
    [
        ("general", "gpt-4.1", "gpt-4.1"),
        ("coding", "gpt-4.1", "gpt-4.1"),
        ("long-context", "gpt-4.1", "gpt-4.1"),
        ("function-calling", "gpt-4.1", "gpt-4.1"),
        ("vision", "gpt-4.1-mini", "gpt-4.1-mini"),
        ("instruction-following", "gpt-4.1-mini", "gpt-4.1-mini"),
        ("reasoning", "gpt-4.1-mini", "gpt-4.1-mini"),
        ("classification", "gpt-4.1-nano", "gpt-4.1-mini"),
        ("autocomplete", "gpt-4.1-nano", "gpt-4.1-mini"),
        ("classification,coding", "gpt-4.1", "gpt-4.1"),
    ],
)
def test_each_task_gets_the_cheapest_variant_that_is_near_the_best(task: str, at_launch: str, today: str) -> None:
    assert chosen(ask(task, as_of=LAUNCH)) == f"{at_launch} standard"
    assert chosen(ask(task)) == f"{today} standard"


def test_every_candidate_is_in_the_answer_once() -> None:
    for found in (ask(), ask("coding", deadline=DAY), ask(max_usd=Decimal(0))):
        candidates = [*([found.choice] if found.choice else []), *found.alternatives, *found.excluded]
        names = sorted(each.name for each in candidates)
        assert names == sorted(f"{variant.id} {mode}" for variant in CATALOG.family for mode in variant.modes)
        assert all(each.exclusions for each in found.excluded)
        assert not any(each.exclusions for each in found.alternatives)


def test_a_deadline_admits_batch_and_without_one_its_saving_is_shown() -> None:
    assert chosen(ask(deadline=DAY)) == "gpt-4.1-mini batch"
    assert chosen(ask(deadline=timedelta(hours=23))) == "gpt-4.1-mini standard"
    without = ask()
    assert against(without, "gpt-4.1-mini", "batch") == {"deadline": "batch answers within 24 hours: a deadline of 24h allows it"}
    assert "batch-saving" in [remark.rule.id for remark in without.but]


def test_batch_forgoes_the_cache_and_loses_where_that_costs_more() -> None:
    """With cached input at a quarter and output at four times the input rate, standard wins if I * (1.5 h - 1) > 4 * O."""
    won = ask("extraction", input_tokens=20_000, cached_share="0.9", output_tokens=50, deadline=DAY)
    assert chosen(won) == "gpt-4.1-mini standard"
    assert "it has no discount for 18,000 cached tokens" in " ".join(remark.message for remark in won.why)
    lost = ask("extraction", input_tokens=20_000, cached_share="0.6", output_tokens=50, deadline=DAY)
    assert chosen(lost) == "gpt-4.1-mini batch"
    assert "no-cache-discount" in [remark.rule.id for remark in lost.but]


@given(st.integers(1, 100_000), st.integers(0, 30_000), st.integers(0, 100))
def test_the_break_even_of_batch_and_cache(input_tokens: int, output_tokens: int, percent: int) -> None:
    found = ask(
        "reasoning", input_tokens=input_tokens, output_tokens=output_tokens, cached_share=f"{percent / 100}", deadline=DAY
    )
    cached_tokens = int(input_tokens * Decimal(percent) / 100) if input_tokens >= 1024 else 0
    gain = Decimal("1.5") * cached_tokens - input_tokens - 4 * output_tokens
    if gain:
        assert chosen(found) == ("gpt-4.1-mini standard" if gain > 0 else "gpt-4.1-mini batch")


def test_what_is_shut_down_is_never_chosen_and_never_hidden() -> None:
    for as_of, ended in ((date(2026, 10, 22), False), (date(2026, 10, 23), True)):
        found = ask(as_of=as_of)
        assert (chosen(found) == "gpt-4.1-nano standard") is not ended
    assert against(ask(), "gpt-4.1-nano")["model-shut-down"].startswith("OpenAI shut it down on 2026-10-23")
    texts = [remark.message for remark in ask().but]
    assert any(text.startswith("gpt-4.1-nano would cost $0.00014: OpenAI shut it down on 2026-10-23") for text in texts)


def test_what_retires_carries_the_days_left_the_replacement_and_its_price() -> None:
    found = ask(requests=1000)
    remark = next(remark for remark in found.but if remark.rule.id == "model-retires")
    assert remark.message == (
        "gpt-4.1-mini ends in 52 days (2027-01-14); its official replacement is gpt-6-luna: $0.1515 for the same work, "
        "before reasoning tokens"
    )
    assert [finding.rule.id for finding in found.findings] == ["model-retires"]
    before_the_announcement = ask(as_of=date(2026, 4, 21))
    assert before_the_announcement.findings == ()


def test_when_all_are_gone_the_answer_is_the_replacement() -> None:
    found = ask("coding", as_of=date(2027, 1, 14), deadline=DAY)
    assert chosen(found) == "gpt-6-luna batch"
    assert found.is_replacement
    assert found.choice is not None
    assert found.choice.quote is not None
    assert found.choice.quote.total_usd == Decimal("0.00007575")
    assert {each.variant.id for each in found.alternatives} == {
        "gpt-6-luna",
        "gpt-5.6-luna",
        "gpt-6.1-terra",
        "gpt-6.1-sol",
    }
    assert "gpt-6-luna is chosen by guidance, price and limits alone" in " ".join(remark.message for remark in found.but)
    assert chosen(ask("coding", as_of=date(2027, 1, 13))) == "gpt-4.1 standard"


def test_replacements_must_meet_the_wishes_too() -> None:
    assert chosen(ask(as_of=date(2027, 2, 1), needs=("fine-tuning",))) is None
    assert chosen(ask(as_of=date(2027, 2, 1), needs=("prompt-caching",))) == "gpt-6-luna standard"
    assert chosen(ask(platform="azure-global", as_of=date(2027, 5, 1))) == "gpt-6-luna standard", "Azure names none, OpenAI does"


def test_needs_exclude_what_lacks_them() -> None:
    found = ask(as_of=LAUNCH, needs=("web-search",))
    assert chosen(found) == "gpt-4.1-mini standard"
    assert against(found, "gpt-4.1-nano") == {"needs": "it has no web-search"}
    assert chosen(ask(needs=("extended-cache-24h",))) == "gpt-4.1 standard"


def test_a_score_below_the_tolerance_says_how_near_it_came() -> None:
    found = ask("multilingual")
    assert against(found, "gpt-4.1-mini") == {
        "tolerance": "it scores 89.9 % of the family's best for multilingual (Multilingual MMLU 78.5); 90 % is required"
    }
    assert chosen(ask("multilingual", tolerance=Decimal("0.11"))) == "gpt-4.1-mini standard"
    assert chosen(ask("classification", as_of=LAUNCH, tolerance=Decimal(0))) == "gpt-4.1 standard"


def test_a_benchmark_that_was_not_published_is_not_a_score() -> None:
    assert against(ask("coding", as_of=LAUNCH), "gpt-4.1-nano") == {
        "no-score": "its SWE-bench Verified score isn't known for coding"
    }


def test_a_least_score_excludes() -> None:
    found = ask(as_of=LAUNCH, min_scores={"IFEval": Decimal(80)})
    assert chosen(found) == "gpt-4.1-mini standard"
    assert against(found, "gpt-4.1-nano") == {"min-score": "its IFEval is 74.5, below the required 80"}
    found = ask(as_of=LAUNCH, min_scores={"SWE-bench Verified": Decimal(20)})
    assert against(found, "gpt-4.1-nano") == {"min-score": "its SWE-bench Verified score isn't known"}


def test_preferences() -> None:
    assert chosen(ask(prefer="quality")) == "gpt-4.1 standard"
    assert chosen(ask(prefer="quality", max_usd=Decimal("0.001"))) == "gpt-4.1-mini standard"
    assert chosen(ask(prefer="speed")) == "gpt-4.1-mini priority"
    assert chosen(ask(prefer="speed", as_of=LAUNCH)) == "gpt-4.1-nano standard", "no priority price is known that early"
    with pytest.raises(UnknownName, match="prefer: expected one of cost, quality, speed"):
        ask(prefer="luck")


def test_priority_takes_no_long_context() -> None:
    found = ask("reasoning", prefer="speed", input_tokens=128_001)
    assert chosen(found) == "gpt-4.1-mini standard"
    assert against(found, "gpt-4.1-mini", "priority") == {
        "priority-long-context": "priority doesn't accept requests above 128,000 input tokens"
    }
    assert chosen(ask("reasoning", prefer="speed", input_tokens=128_000)) == "gpt-4.1-mini priority"


@pytest.mark.parametrize(
    ("input_tokens", "tier", "fits"),
    [(30_000, 1, True), (30_001, 1, False), (128_000, 1, False), (128_001, 1, True), (200_001, 1, False), (60_000, 2, True)],
)
def test_the_gap_of_tier_1(input_tokens: int, tier: int, fits: bool) -> None:
    """A request must pass its tokens per minute; the long-context pool opens only above 128,000."""
    found = ask("coding", input_tokens=input_tokens, usage_tier=tier)
    assert chosen(found) == ("gpt-4.1 standard" if fits else None)
    if input_tokens == 30_001:
        assert against(found, "gpt-4.1")["usage-tier"] == (
            "one request needs 30,001 tokens per minute; tier 1 allows 30,000, and its long-context pool of 200,000 opens "
            "only above 128,000 input tokens: no request between 30,000 and 128,000 tokens gets through"
        )


def test_a_batch_beyond_the_queue_goes_in_parts() -> None:
    found = ask("coding", input_tokens=5000, requests=1000, usage_tier=1, deadline=DAY)
    assert chosen(found) == "gpt-4.1 standard", "56 parts of up to 24 hours do not meet the deadline"
    found = ask("coding", input_tokens=5000, requests=1000, usage_tier=1, deadline=60 * DAY, as_of=date(2026, 11, 1))
    assert chosen(found) == "gpt-4.1 batch"
    queue = next(remark.message for remark in found.but if remark.rule.id == "pace")
    assert queue == (
        "tier 1 queues 90,000 batch tokens at a time: 5,000,000 take 56 parts, one after the other, which takes 56 days"
    )
    assert "usage-tier" in against(ask("coding", input_tokens=90_001, usage_tier=1, deadline=DAY), "gpt-4.1", "batch")


def test_until_excludes_what_ends_before() -> None:
    assert chosen(ask(until=date(2027, 1, 13))) == "gpt-4.1-mini standard"
    found = ask(until=date(2027, 1, 14))
    assert chosen(found) == "gpt-6-luna standard"
    assert found.is_replacement
    assert against(found, "gpt-4.1")["until"] == (
        "it ends on 2027-01-14, before 2027-01-14 is over; its official replacement is gpt-6-luna"
    )


def test_nothing_fits_says_what_would_have_to_give() -> None:
    found = ask("coding", max_usd=Decimal("0.001"))
    assert chosen(found) is None
    assert [finding.rule.id for finding in found.findings] == ["nothing-fits"]
    assert {remark.rule.id for remark in found.but} == {"would-have-to-give"}
    assert "gpt-4.1 standard would cost $0.0028, but that is $0.0018 over the $0.001 allowed" in [
        remark.message for remark in found.but
    ]


def test_limits_exclude() -> None:
    found = ask(input_tokens=1_040_000, output_tokens=10_000)
    assert against(found, "gpt-4.1")["context-window"] == (
        "1,050,000 tokens of input and output are over the context window of 1,047,576"
    )
    found = ask(output_tokens=40_000)
    assert against(found, "gpt-4.1")["max-output-tokens"] == "40,000 output tokens are over its limit of 32,768"


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"needs": ("websearch",)}, 'needs: unknown feature "websearch"; did you mean web-search'),
        ({"min_scores": {"IFEvall": Decimal(1)}}, 'unknown metric "IFEvall"; did you mean IFEval'),
        ({"usage_tier": 6}, 'usage tier: expected one of 1, 2, 3, 4, 5, found "6"'),
    ],
)
def test_names_that_nothing_has(wishes: dict[str, Any], message: str) -> None:
    with pytest.raises(UnknownName) as error:
        ask(**wishes)
    assert str(error.value).startswith(message)


def evaluation(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "evals.csv"
    path.write_text(content)
    return path


def test_ones_own_evaluation_takes_the_place_of_the_benchmarks(tmp_path: Path) -> None:
    path = evaluation(tmp_path, "model,metric,score\ngpt-4.1,f1,0.90\ngpt-4.1-mini-2025-04-14, f1, 0.89\ngpt-4.1-nano,f1,0.2\n")
    found = ask("coding", evaluation=read_evaluation(path, CATALOG))
    assert chosen(found) == "gpt-4.1-mini standard"
    assert found.why[0].message == "within 10 % of the family's best for coding: 98.9 % (f1 0.89) [evals.csv]"
    found = ask("coding", evaluation=read_evaluation(path, CATALOG), min_scores={"f1": Decimal("0.9")})
    assert chosen(found) == "gpt-4.1 standard"


def test_a_model_that_was_not_evaluated_has_no_score(tmp_path: Path) -> None:
    path = evaluation(tmp_path, "model,metric,score\ngpt-4.1,f1,0.90\n")
    assert chosen(ask(evaluation=read_evaluation(path, CATALOG))) == "gpt-4.1 standard"


def test_a_score_of_nothing_is_as_good_as_the_best_of_nothing(tmp_path: Path) -> None:
    path = evaluation(tmp_path, "model,metric,score\ngpt-4.1,f1,0\ngpt-4.1-mini,f1,0\n")
    assert chosen(ask(evaluation=read_evaluation(path, CATALOG))) == "gpt-4.1-mini standard"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "evals.csv:1: expected the header model,metric,score, found another"),
        ("ghp_key,1\n", "evals.csv:1: expected the header model,metric,score, found another"),
        ("model,score\n", 'evals.csv:1: expected the header model,metric,score, found "model,score"'),
        ("model,metric,score\n", "evals.csv: expected at least one line of model,metric,score, found none"),
        ("model,metric,score\ngpt-4.1,f1\n", "evals.csv:2: expected 3 cells (model,metric,score), found 2"),
        ("model,metric,score\ngpt-4.1,f1,NaN\n", 'evals.csv:2: expected a score, 0 or more, such as 87.5, found "NaN"'),
        ("model,metric,score\ngpt-4.1,f1,-1\n", 'evals.csv:2: expected a score, 0 or more, such as 87.5, found "-1"'),
        ("model,metric,score\ngpt-4.1, ,1\n", "evals.csv:2: expected the name of a metric, found nothing"),
        ("model,metric,score\n\ngpt-4,f1,1\n", 'evals.csv:3: unknown model "gpt-4"'),
        ("model,metric,score\ngpt-4.1,f,1\ngpt-4.1,f,2\n", 'evals.csv:3: expected one "f" score for gpt-4.1, found a second'),
        ("model,metric,score\ngpt-4.1,a\0b,1e\n", 'evals.csv:2: expected a score, 0 or more, such as 87.5, found "1e"'),
        ('model,metric,score\n"' + "x" * 200_000, "evals.csv:2: expected CSV, found: field larger than field limit (131072)"),
    ],
)
def test_a_wrong_evaluation_is_named_by_its_line(tmp_path: Path, content: str, message: str) -> None:
    csv.field_size_limit(131_072)  # as in a new process: who reads logs raises it
    path = evaluation(tmp_path, content)
    with pytest.raises(InputError) as error:
        read_evaluation(path, CATALOG)
    assert str(error.value).replace(f"{tmp_path}/", "").startswith(message)


def test_an_evaluation_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a readable CSV file, found: No such file"):
        read_evaluation(tmp_path / "none.csv", CATALOG)
    with pytest.raises(InputError, match="expected a CSV file, found something else"):
        read_evaluation(tmp_path, CATALOG)
    (tmp_path / "latin.csv").write_bytes(b"model,metric,score\n\xe9")
    with pytest.raises(InputError, match="expected UTF-8 text, found the byte 0xe9"):
        read_evaluation(tmp_path / "latin.csv", CATALOG)
    (tmp_path / "big.csv").write_bytes(b"model,metric,score\n" * 300_000)
    with pytest.raises(InputError, match="expected at most 5,000,000 bytes, found more"):
        read_evaluation(tmp_path / "big.csv", CATALOG)


def test_no_wish_is_dropped_when_the_family_has_ended(tmp_path: Path) -> None:
    after = date(2027, 2, 1)
    assert chosen(ask(as_of=after, min_scores={"MMLU": Decimal(80)})) is None
    path = evaluation(tmp_path, "model,metric,score\ngpt-6-luna,acc,50\ngpt-5.6-luna,acc,95\n")
    found = ask(as_of=after, evaluation=read_evaluation(path, CATALOG))
    assert chosen(found) == "gpt-5.6-luna standard"
    assert found.why[0].message == "the best for classification (acc 95) [evals.csv]"
    assert "best score" not in " ".join(remark.message for remark in ask(as_of=after, prefer="quality").why)


def test_a_fine_tune_is_not_its_base_model(tmp_path: Path) -> None:
    path = evaluation(tmp_path, "model,metric,score\nft:gpt-4.1-mini:acme::x,acc,95\n")
    with pytest.raises(InputError, match=r"evals\.csv:2: expected a base model, found the fine-tuned"):
        read_evaluation(path, CATALOG)


def test_scores_are_compared_exactly(tmp_path: Path) -> None:
    """Thirds that decimals cannot hold: mini is at exactly 85 % and qualifies."""
    rows = {"gpt-4.1": (96, 84, 64), "gpt-4.1-mini": (88, 49, 68)}
    lines = [f"{model},{metric},{score}" for model, scores in rows.items() for metric, score in zip("abc", scores, strict=True)]
    path = evaluation(tmp_path, "\n".join(["model,metric,score", *lines]))
    assert chosen(ask(evaluation=read_evaluation(path, CATALOG))) == "gpt-4.1-mini standard"


def test_the_users_own_score_is_not_cited_as_published(tmp_path: Path) -> None:
    path = evaluation(tmp_path, "model,metric,score\ngpt-4.1,acc,90\ngpt-4.1-mini,acc,88\n")
    found = ask(evaluation=read_evaluation(path, CATALOG), min_scores={"acc": Decimal(89)})
    each = next(each for each in found.excluded if each.name == "gpt-4.1-mini standard")
    assert [(remark.message, remark.sources) for remark in each.exclusions] == [("its acc is 88, below the required 89", ())]


def test_a_tier_that_is_too_slow_for_the_deadline_excludes() -> None:
    found = ask(requests=100_000, usage_tier=1, deadline=DAY)
    assert against(found, "gpt-4.1-mini")["pace"] == "tier 1 lets 10,000 requests per day through, which takes 9 days"
    assert "pace" in against(found, "gpt-4.1-mini", "batch")
    relaxed = ask(requests=100_000, usage_tier=1)
    assert {"pace", "monthly-limit"} & {remark.rule.id for remark in relaxed.but} == {"pace"}
    dear = ask("coding", requests=100_000, usage_tier=1)
    assert "tier 1 has a spend limit of $100 per month, and this costs more" in [remark.message for remark in dear.but]
    often = ask("coding", requests=100_000, usage_tier=1, times_a_day=Fraction(1, 10**6))
    assert not {"pace", "monthly-limit"} & {remark.rule.id for remark in often.but}, "requests at hand are no month of them"


def test_tiers_are_those_of_one_provider_and_until_lies_ahead() -> None:
    with pytest.raises(InputError, match="usage tier: expected a platform of openai, found azure-global, which has none"):
        ask(usage_tier=1, platform="azure-global")
    with pytest.raises(InputError, match="deadline: expected more than 0 minutes, such as 90m, 24h or 2d, found 0"):
        ask(deadline=timedelta(0))
    with pytest.raises(InputError, match="until: expected a day from 2026-11-23 on, found 2026-11-22"):
        ask(until=date(2026, 11, 22))


def test_until_claims_no_more_than_is_known() -> None:
    assert "it runs past 2026-12-31, until 2027-01-14" in [r.message for r in ask(until=date(2026, 12, 31)).why]
    found = ask(as_of=date(2027, 2, 1), until=date(2035, 1, 1))
    assert "no end of it is announced, before 2035-01-01 or later" in [remark.message for remark in found.why]


def test_web_search_has_a_window_of_its_own() -> None:
    found = ask("vision", input_tokens=200_000, needs=("web-search",))
    assert against(found, "gpt-4.1-mini") == {"tool-window": "with web-search a request has a context window of 128,000 tokens"}


def test_the_wish_that_is_one_step_away_is_named() -> None:
    found = ask("coding", input_tokens=50_000, usage_tier=1)
    texts = [remark.message for remark in found.but]
    assert any(text.startswith("gpt-4.1 batch") and "24h" in text for text in texts)


def variation(*changes: tuple[str, str]) -> Catalog:
    """The shipped table with every occurrence of some text replaced."""
    table = TABLE
    for old, new in changes:
        assert old in table
        table = table.replace(old, new)
    return parse_catalog(table.encode(), "mine.yaml")


def test_free_prices_and_dear_batches_break_no_sentence() -> None:
    free = variation(("input: 0.40, cached_input: 0.10, output: 1.60", "input: 0.00, cached_input: 0.00, output: 0.00"))
    found = ask(catalog=free, deadline=DAY)
    assert chosen(found) == "gpt-4.1-mini standard"
    assert "the same" not in " ".join(remark.message for remark in found.why)
    for prefer in ("quality", "speed"):
        assert chosen(ask(catalog=free, deadline=DAY, prefer=prefer))
    dear = variation(("input: 0.20, cached_input: null, output: 0.80", "input: 9.20, cached_input: null, output: 9.80"))
    assert "no-cache-discount" not in {remark.rule.id for remark in ask(catalog=dear, deadline=DAY).why}


def test_a_replacement_may_be_named_by_its_snapshot() -> None:
    renamed = variation(("replacement: gpt-6-luna", "replacement: gpt-6.1-sol-2026-09-29"))
    assert chosen(ask(catalog=renamed, as_of=date(2027, 2, 1), needs=("function-calling",))) == "gpt-6.1-sol standard"
    unknown = variation(("replacement: gpt-6-luna", "replacement: gpt-9"), ("replacement: gpt-5.6-luna", "replacement: gpt-8"))
    assert chosen(ask(catalog=unknown, as_of=date(2027, 2, 1))) == "gpt-6-luna standard", "the cheapest successor"
    assert "its official replacement is gpt-9" in " ".join(remark.message for remark in ask(catalog=unknown).but)


def test_a_replacement_that_has_ended_is_followed_to_its_own() -> None:
    chained = variation(
        ("replacement: gpt-6-luna", "replacement: gpt-4o"), ("replacement: gpt-5.6-luna", "replacement: gpt-4.5-preview")
    )
    found = ask(catalog=chained, as_of=date(2027, 2, 1))
    assert chosen(found) == "gpt-6-luna standard", "they point at each other in a circle, and all have ended"


def test_what_is_named_comes_before_cheaper_successors_unless_scores_say_otherwise(tmp_path: Path) -> None:
    renamed = variation(
        ("replacement: gpt-6-luna", "replacement: gpt-6.1-sol"), ("replacement: gpt-5.6-luna", "replacement: gpt-6.1-sol")
    )
    for prefer in ("cost", "quality", "speed"):
        mode = "priority" if prefer == "speed" else "standard"
        assert chosen(ask(catalog=renamed, as_of=date(2027, 2, 1), prefer=prefer)) == f"gpt-6.1-sol {mode}"
    (tmp_path / "mine.csv").write_text(
        "model,metric,score\ngpt-6-luna,F1,80\ngpt-6.1-sol,F1,82\ngpt-6.1-terra,F1,20\ngpt-5.6-luna,F1,20\n"
    )
    judged = ask(catalog=renamed, as_of=date(2027, 2, 1), evaluation=read_evaluation(tmp_path / "mine.csv", renamed))
    assert chosen(judged) == "gpt-6-luna standard"
    assert judged.scores


def test_what_the_successor_says_of_itself_and_refuses_is_said() -> None:
    found = ask(as_of=date(2027, 2, 1))
    assert "Luna is the recommended start for users of GPT-4.x: begin with reasoning effort none" in [
        each.message for each in found.why
    ]
    assert any(each.message.startswith("it refuses or deprecates temperature, top_p, top_logprobs, tools") for each in found.but)


def test_a_task_has_the_names_that_people_type() -> None:
    named = {"support": "chat", "rag": "extraction", "summarization": "extraction", "translation": "multilingual"}
    for alias, task in {**named, "sql": "coding", "agents": "function-calling"}.items():
        assert CATALOG.task(alias).id == task
    with pytest.raises(UnknownName, match='unknown task "suport"; did you mean support?'):
        CATALOG.task("suport")


def test_what_users_reported_is_quoted_for_its_tasks_if_asked(run: Run) -> None:
    numbers = ("--input-tokens", "1000", "--output-tokens", "100", "--as-of", "2026-11-23", "--task", "sql")
    assert "Hex" not in run("recommend", *numbers).out
    shown = run("recommend", *numbers, "--explain").out
    assert "Hex of gpt-4.1: It is nearly twice as good on their hardest set of SQL tasks. [1]" in shown
    assert "Carlyle" not in shown
    assert "Blue J: It is 53% more accurate than gpt-4o on their hardest tax questions." in run("models", "gpt-4.1").out
    assert "Blue J" not in run("models", "gpt-4.1-mini").out


def test_scores_stand_next_to_those_of_the_predecessor(run: Run) -> None:
    shown = run("models", "gpt-4.1-mini").out
    assert re.search(r"IFEval +instruction-following +percent +84.1 +81 +88.2\n", shown)
    assert re.search(r"OpenAI-MRCR 2 needle 1M +long-context +percent +33.3 +- +46.3\n", shown)
    assert "its table makes that 16.6" in shown
    assert re.search(r"\n  benchmark +group +unit +score +best in table\n", run("models", "gpt-4o").out)


def test_nobody_who_has_moved_is_advised_to_go_back(run: Run) -> None:
    day = ("--as-of", "2026-11-23")
    moved = json.dumps({"model": "gpt-6.1-terra", "messages": [{"role": "user", "content": "hi"}], "max_completion_tokens": 9})
    shown = run("recommend", "-", *day, stdin=moved).out
    assert shown.startswith("Use gpt-6-luna: at most $0.00000")
    assert "gpt-4.1 " not in "".join(re.findall(r"\n  gpt-.*", shown))
    assert run("recommend", "-", "-q", *day, stdin=moved.replace("gpt-6.1-terra", "gpt-4.1-mini")).out == "gpt-4.1 standard\n"


def test_work_without_a_task_is_judged_as_general_and_others_are_shown(run: Run) -> None:
    numbers = ("--input-tokens", "1000", "--output-tokens", "100", "--as-of", "2026-11-23")
    shown = run("recommend", *numbers)
    assert "no --task is given, so the work is judged as general; it would be gpt-4.1-mini for chat, extraction" in shown.out
    found = json.loads(run("recommend", *numbers, "--max-usd", "0.001", "--format", "json").out)
    assert found["by_task"][2] == {"task": "classification", "model": "gpt-4.1-mini", "mode": "standard"}
    bare = run("recommend", *numbers, "-q")
    assert (bare.out, bare.err) == ("gpt-4.1 standard\n", "gpt41: no --task is given: it is chosen for general work\n")
    stated = run("recommend", *numbers, "--task", "general", "--task", "support", "--task", "chat")
    assert "no --task is given" not in stated.out
    gone = run("recommend", *numbers[:4], "--as-of", "2027-02-01")
    assert "task  no --task is given, so the work is judged as general\n" not in gone.out  # no launch score is of a successor


def test_before_the_release_nothing_fits() -> None:
    found = ask(as_of=date(2025, 4, 13))
    assert chosen(found) is None
    assert against(found, "gpt-4.1")["not-released"] == "it was released on 2025-04-14"


def test_a_free_rival_and_an_equal_one() -> None:
    equal = variation(("input: 2.00, cached_input: 0.50, output: 8.00", "input: 0.40, cached_input: 0.10, output: 1.60"))
    texts = " ".join(remark.message for remark in ask("vision", catalog=equal).why)
    assert (
        "the cheapest that meets the requirements; gpt-4.1-mini standard would cost $0.00056, "
        "the same for a score 0.2 points lower" in texts
    )
    nothing = ask("vision", input_tokens=0, output_tokens=0, deadline=DAY)
    assert chosen(nothing) == "gpt-4.1 standard"
    both = variation(
        ("input: 0.40, cached_input: 0.10, output: 1.60", "input: 0.00, cached_input: 0.00, output: 0.00"),
        ("input: 0.20, cached_input: null, output: 0.80", "input: 0.00, cached_input: null, output: 0.00"),
        ("input: 2.00, cached_input: 0.50, output: 8.00", "input: 9.00, cached_input: 0.50, output: 8.00"),
    )
    assert chosen(ask("vision", catalog=both, deadline=DAY, prefer="cost")) == "gpt-4.1-mini standard"


def test_a_replacement_without_a_price_is_only_named() -> None:
    found = ask(as_of=date(2027, 1, 13), prefer="speed", platform="openai")
    assert found.choice
    unpriced = variation(("replacement: gpt-6-luna", "replacement: gpt-4.5-preview"))
    remark = next(remark for remark in ask(catalog=unpriced, prefer="speed").but if remark.rule.id == "model-retires")
    assert remark.message.endswith("its official replacement is gpt-4.5-preview")


def test_a_family_of_two(tmp_path: Path) -> None:
    small = variation(("role: family\n    summary: The fastest", "role: predecessor\n    summary: The fastest"))
    found = ask(catalog=small)
    assert {each.variant.id for each in (*found.alternatives, *found.excluded)} <= {"gpt-4.1", "gpt-4.1-mini"}


def test_an_unknown_speed_is_not_taken_for_a_fast_one() -> None:
    table = TABLE
    start = table.index("    speed: {class: 3")
    silent = parse_catalog((table[:start] + table[table.index("\n", start) + 1 :]).encode(), "mine.yaml")
    assert chosen(ask("reasoning", catalog=silent, prefer="speed")) == "gpt-4.1-mini priority"


@given(
    task=st.sampled_from(sorted(CATALOG.tasks)),
    as_of=st.dates(date(2025, 4, 14), date(2027, 3, 1)),
    platform=st.sampled_from(sorted(CATALOG.platforms)),
    input_tokens=st.integers(0, 1_100_000),
    output_tokens=st.integers(0, 40_000),
    requests=st.integers(1, 10**9),
    prefer=st.sampled_from(["cost", "quality", "speed"]),
    deadline=st.none() | st.just(DAY),
    max_usd=st.none() | st.decimals(0, 1000, places=2),
)
def test_every_answer_keeps_its_promises(**given: Any) -> None:
    """Whatever is asked: the choice is running, priced, within every wish, and no fitting candidate is preferable."""
    as_of, prefer = given["as_of"], given["prefer"]
    found = ask(**given)
    fitting = [*([found.choice] if found.choice else []), *found.alternatives]
    for each in fitting:
        assert each.quote is not None
        life = each.variant.lifecycles.get(CATALOG.platform(str(given["platform"])).provider)
        assert life is None or life.shutdown is None or life.shutdown > as_of
        assert given["max_usd"] is None or each.quote.total_usd <= given["max_usd"]
        assert each.mode != "batch" or given["deadline"]
    if found.choice is None:
        assert found.but
        assert found.excluded
        return
    assert found.choice.quote is not None
    assert found.why
    if prefer == "cost":
        assert found.choice.quote.total_usd == min(each.quote.total_usd for each in fitting if each.quote)
    if prefer == "quality" and not found.is_replacement:
        assert found.choice.score_share == max(each.score_share for each in fitting if each.score_share is not None)


def test_a_table_with_other_models_works_as_well() -> None:
    """Nothing in the code knows the family: a table whose variants have other names, and one without speed, do too."""
    table = TABLE.replace("gpt-4.1-mini", "small-1").replace("gpt-4.1-nano", "tiny-1")
    renamed = parse_catalog(table.encode(), "renamed.yaml")
    assert chosen(ask("vision", catalog=renamed)) == "small-1 standard"
    lines = [line for line in table.splitlines() if not line.startswith("    speed: ")]
    slow = parse_catalog("\n".join(lines).encode(), "slow.yaml")
    assert chosen(ask("vision", catalog=slow, prefer="speed")) is not None


def test_a_saving_that_is_not_allowed_is_shown_whichever_mode_has_it() -> None:
    late = ask("coding", input_tokens=60_000, cached_share="0.9", output_tokens=5, usage_tier=1, deadline=DAY)
    assert chosen(late) == "gpt-4.1 batch"
    (saving,) = (remark for remark in late.but if remark.rule.id == "standard-saving")
    assert saving.message == (
        "standard would cost $0.03904, 65 % of this, but one request needs 60,000 tokens per minute; tier 1 allows "
        "30,000, and its "
        "long-context pool of 200,000 opens only above 128,000 input tokens: no request between 30,000 and 128,000 "
        "tokens gets through"
    )
    tight = ask(input_tokens=1_500, output_tokens=5, requests=5_000, usage_tier=1, deadline=DAY)
    assert chosen(tight) == "gpt-4.1-mini standard"
    (saving,) = (remark for remark in tight.but if remark.rule.id == "batch-saving")
    assert saving.message == (
        "batch would cost $1.52, half of this, but tier 1 queues 2,000,000 batch tokens at a time: 7,500,000 take 4 parts, "
        "one after the other, which takes 4 days"
    )


def test_a_prompt_too_short_for_the_cache_has_no_discount_to_be_chosen_by() -> None:
    for input_tokens, name, usd in ((1023, "gpt-4.1-mini batch", "0.0002086"), (1024, "gpt-4.1-mini standard", "0.0001413")):
        found = ask(input_tokens=input_tokens, cached_share="0.9", output_tokens=5, deadline=DAY)
        assert found.choice is not None
        assert found.choice.quote is not None
        assert (chosen(found), found.choice.quote.total_usd) == (name, Decimal(usd))
        assert ("cache-minimum" in [each.rule.id for each in found.findings]) is (input_tokens < 1024)


def test_a_price_without_what_searches_find_is_not_called_less() -> None:
    tools = ToolUse(web_searches=1)
    work = workload(input_tokens=1000, output_tokens=100, requests=1000, tools=tools)
    found = recommend(market(CATALOG, "openai", TODAY), work, Wishes((CATALOG.task("classification"),)))
    assert chosen(found) == "gpt-4.1-mini standard"
    assert next(remark.message for remark in found.why if remark.rule.id == "price") == (
        "the cheapest that meets the requirements; gpt-4.1 standard would cost at least $12.80, "
        "not counting what its searches find, "
        "for a score 3.4 points higher"
    )
    (table,) = make_report(CATALOG, work, Wishes((CATALOG.task("classification"),)), found).tables
    assert [row.cells[-1] for row in table.rows[2:4]] == ["not counting what its searches find", "at least 1.1 times the price"]


def headline(found: Recommendation, **wishes: Any) -> str:
    work = workload(input_tokens=1000, output_tokens=100, requests=1000)
    return make_report(CATALOG, work, Wishes((CATALOG.task("extraction"),), **wishes), found).headline


def test_what_the_family_does_not_last_for_is_done_by_its_replacement() -> None:
    until = date(2027, 6, 1)
    found = ask("extraction", until=until, requests=1000, deadline=DAY)
    assert headline(found, until=until, deadline=DAY) == (
        "Use gpt-6-luna (batch): $0.07575 for 1,000 requests ($0.00007575 each); the family ends before 2027-06-01 is over"
    )
    assert against(found, "gpt-4.1-mini", "batch")["until"].endswith("its official replacement is gpt-6-luna")


@pytest.mark.parametrize(
    ("as_of", "platform", "mode", "then"),
    [
        (date(2026, 10, 13), "openai", "batch", None),
        (date(2026, 10, 14), "openai", "batch", "; then gpt-6-luna (batch), $0.07575 before reasoning tokens"),
        (date(2027, 1, 13), "openai", "standard", "; then gpt-6-luna, $0.1515 before reasoning tokens"),
        (date(2026, 11, 30), "azure-global", "batch", "; then gpt-6-luna, $0.1515 before reasoning tokens"),
        (date(2027, 2, 1), "azure-global", "batch", "; then gpt-6-luna, $0.1515 before reasoning tokens"),
    ],
)
def test_the_first_line_says_what_follows_a_model_that_ends_soon(as_of: date, platform: str, mode: str, then: str | None) -> None:
    deadline = DAY if mode == "batch" else None
    found = ask("extraction", as_of=as_of, platform=platform, requests=1000, deadline=deadline)
    assert found.choice is not None
    assert found.choice.mode == mode
    shown = headline(found, deadline=deadline)
    ends = found.choice.variant.lifecycles[market(CATALOG, platform).platform.provider].shutdown
    assert shown.endswith(then) if then else "; then" not in shown
    assert (f" until {ends}: " in shown) is (then is not None)


def test_a_price_with_cache_writes_is_a_range_in_the_first_line() -> None:
    found = ask("extraction", input_tokens=3000, requests=1000)
    assert headline(found).endswith("; then gpt-6-luna, $0.3515 to $0.4265 before reasoning tokens")
    assert found.then is not None
    assert found.then.replacement.most_usd == Decimal("0.4265")


def test_scores_that_nothing_is_compared_by_are_named(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("model,metric,score\ngpt-4.1,f1,90\ngpt-4.1-mini,f1,89\ngpt-6-luna,f1,95\n")
    wishes = Wishes((CATALOG.task("coding"),), evaluation=read_evaluation(path, CATALOG))
    work = workload(input_tokens=1000, output_tokens=100, requests=1)
    for day, is_used in ((TODAY, False), (date(2027, 1, 14), True)):
        found = recommend(market(CATALOG, "openai", day), work, wishes)
        unused = (
            "own.csv has scores of gpt-6-luna, which are not candidates: official replacements are candidates once the "
            "whole family "
            "has ended, and gpt41 migrate prices them before that."
        )
        assert (unused in make_report(CATALOG, work, wishes, found).notes) is not is_used


def test_the_deadline_that_admits_batch_is_as_long_as_the_usage_tier_takes() -> None:
    asked: dict[str, Any] = {"output_tokens": 300, "requests": 100_000, "usage_tier": 1, "as_of": date(2026, 11, 1)}
    said = [remark.message for remark in ask(**asked).but]
    (saving,) = [text for text in said if text.startswith("batch would cost $44.00")]
    assert "a deadline of 50d allows it, as tier 1 queues 2,000,000 batch tokens at a time" in saving
    assert saving.endswith("which takes 50 days at most")
    assert chosen(ask(**asked, deadline=timedelta(days=50))) == "gpt-4.1-mini batch"
    assert chosen(ask(**asked, deadline=timedelta(days=49))) == "gpt-4.1-mini standard"


def test_work_that_may_not_be_done_when_the_model_ends_goes_elsewhere() -> None:
    late = {"ends-before-done": "the work may not be done when the model ends on 2027-01-14"}
    slow = ask(output_tokens=300, requests=1_000_000, usage_tier=1)
    assert chosen(slow) == "gpt-4.1 standard", "23 days, where gpt-4.1-mini takes 99"
    assert against(slow, "gpt-4.1-mini") == late
    queued = ask(output_tokens=300, requests=110_000, usage_tier=1, deadline=timedelta(days=60))
    assert (chosen(queued), against(queued, "gpt-4.1-mini", "batch")) == ("gpt-4.1-mini standard", late)
    last = ask(as_of=date(2027, 1, 13), deadline=DAY)
    assert (chosen(last), against(last, "gpt-4.1-mini", "batch")) == ("gpt-4.1-mini standard", late)
    assert chosen(ask(as_of=date(2027, 1, 12), deadline=DAY)) == "gpt-4.1-mini batch"
    again = ask(output_tokens=300, requests=1_000, usage_tier=1, times_a_day=Fraction(1), as_of=date(2027, 1, 13))
    assert chosen(again) == "gpt-4.1-mini standard"


def test_what_is_sent_in_batch_may_take_as_long_as_it_does() -> None:
    found = ask(output_tokens=300, requests=100_000, usage_tier=1, mode="batch")
    assert chosen(found) == "gpt-4.1-mini batch"
    assert "what is sent in batch today can wait, at half of the standard price ($88.00)" in [
        remark.message for remark in found.why
    ]


def test_pictures_that_nobody_can_count_are_called_an_estimate() -> None:
    work = workload(input_tokens=9, output_tokens=9, requests=1, images=(Image(512, 512, "high", ""),))
    today, later = (
        recommend(market(CATALOG, "openai", day), work, Wishes((CATALOG.task("vision"),))) for day in (TODAY, date(2027, 2, 1))
    )
    (ends,) = [remark.message for remark in today.but if remark.rule.id == "model-retires"]
    assert ends.endswith("for the same work, before reasoning tokens, with pictures counted as gpt-5.6-luna counts them")
    told = make_report(CATALOG, work, Wishes(()), later)
    assert told.notes[0] == (
        "How gpt-6-luna counts pictures is not known: they are priced as gpt-5.6-luna counts them, which is an estimate."
    )


def test_users_who_want_to_fine_tune_learn_when_that_ends_and_what_is_priced() -> None:
    found = ask(needs=("fine-tuning",), as_of=date(2027, 1, 8))
    assert chosen(found) == "gpt-4.1-mini standard"
    (closed,) = [each for each in found.findings if each.rule.id == "training-closed"]
    assert (closed.level.label, closed.actual) == ("warning", "2027-01-06")
    assert "this is the price of gpt-4.1-mini as it is: gpt41 train prices training and a fine-tune" in [
        remark.message for remark in found.but
    ]
    assert not [each for each in ask().findings if each.rule.id == "training-closed"]


def test_what_a_replacement_bills_for_its_cache_is_reported_before_it_is_needed() -> None:
    """Of gpt-6-luna: $0.10 per million tokens of input, $0.125 for those that are written."""
    (ends,) = [
        remark.message
        for remark in ask("coding", input_tokens=150_000, output_tokens=500).but
        if remark.rule.id == "model-retires"
    ]
    assert ends.endswith(": $0.01525 for the same work, up to $0.019 with cache writes, before reasoning tokens")
    (short,) = [
        remark.message for remark in ask("coding", input_tokens=900, output_tokens=500).but if remark.rule.id == "model-retires"
    ]
    assert "cache writes" not in short


def test_requests_of_a_successor_are_not_held_to_what_the_family_refuses(run: Run) -> None:
    body = {"model": "gpt-6-luna", "reasoning_effort": "low", "messages": [{"role": "user", "content": "Hi"}]}
    done = run("recommend", "-", "--output-tokens", "9", "--as-of", "2026-11-29", stdin=json.dumps(body))
    assert done.out.startswith("Use gpt-6-luna: ")
    assert "refused-parameter" not in done.out
    said = " ".join(done.out.split())
    assert "prompt_cache_retention: gpt41 models gpt-6-luna says under which conditions" in said
    assert "gpt41 migrate shows" not in said, "there is nothing to move"
    of_family = run("recommend", "-", "--output-tokens", "9", stdin=json.dumps({**body, "model": "gpt-4.1"})).out
    assert "reasoning_effort: gpt-4.1 refuses it, as it does not reason [refused-parameter]" in " ".join(of_family.split())
