"""How long work takes: which limit binds, what meets a deadline, and how requests are to be spread."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.catalog import parse_catalog
from gpt41_cli.commands.plan.reasons import explain_binding_limits, explain_spreading, suggest_tier
from gpt41_cli.commands.plan.timings import Plan, Timing, plan
from gpt41_cli.constraints.rate_limits import compute_waits
from gpt41_cli.errors import InputError, MissingPrice, UnknownName
from gpt41_cli.rules import Level
from gpt41_cli.work.workload import Assumptions, RequestShape, RequestSize, VariantLoad, Workload, workload
from tests.builders import CATALOG, TABLE, market
from tests.conftest import Run

TODAY = date(2026, 11, 23)
DAY = timedelta(hours=24)


def ask(
    *models: str,
    tier: int | None = None,
    deadline: timedelta | None = None,
    platform: str = "openai",
    as_of: date = TODAY,
    work: Workload | None = None,
    **numbers: Any,
) -> Plan:
    figures: dict[str, Any] = {"input_tokens": 1000, "output_tokens": 100, "requests": 1, **numbers}
    asked = work or workload(**figures)
    variants = [CATALOG.variant(model) for model in models]
    return plan(market(CATALOG, platform, as_of), asked, variants=variants, tier=tier, deadline=deadline)


def of(found: Plan, model: str, mode: str) -> Timing:
    return next(each for each in found.shown if (each.variant.id, each.mode) == (model, mode))


def sizes(**many: int) -> Workload:
    """Requests of so many input tokens, and how many of each: `sizes(_10=3)`."""
    return Workload({RequestShape(int(tokens[1:])): count for tokens, count in many.items()}, Assumptions(5))


def test_the_limit_that_takes_longest_binds() -> None:
    def bound(mode: str, tier: int, **numbers: Any) -> tuple[str, int]:
        timing = of(ask("gpt-4.1-mini", tier=tier, **numbers), "gpt-4.1-mini", mode)
        return timing.waits[0].limit_name, timing.waits[0].seconds

    assert bound("standard", 2, requests=50_000, input_tokens=100) == ("requests_per_minute", 600)
    assert bound("standard", 2, requests=50_000, input_tokens=4_000) == ("tokens_per_minute", 6_000)
    assert bound("standard", 1, requests=20_001, input_tokens=10) == ("requests_per_day", 2 * 86_400)
    assert bound("standard", 1, requests=10_000, input_tokens=10) == ("requests_per_minute", 1_200), "a day's need not take a day"
    longest_answer = {"requests": 1_000, "input_tokens": 100, "output_tokens": 4_000}
    assert bound("standard", 2, **longest_answer) == ("tokens_per_minute", 120), "the longer of input and answer is charged"
    assert bound("batch", 2, **longest_answer) == ("completion_window_hours", 86_400), "a queue holds input alone"
    assert bound("batch", 1, requests=5_000) == ("batch_queue_tokens", 3 * 86_400)
    assert bound("batch", 5, requests=110_000_000, input_tokens=10) == ("batches_per_hour", 86_400 + 3_600)
    assert bound("priority", 2, requests=50_000, input_tokens=100) == bound("standard", 2, requests=50_000, input_tokens=100)


def test_the_cheapest_that_meets_the_deadline_is_chosen_in_its_smallest_tier() -> None:
    work: dict[str, Any] = {"input_tokens": 433, "output_tokens": 20, "requests": 100_000}
    found = ask(tier=1, deadline=DAY, **work)
    assert found.choice is None
    assert [(each.rule.id, each.message) for each in found.findings if each.level is Level.ERROR] == [
        ("deadline", "nothing is done in 24 hours in tier 1")
    ]
    anywhere = ask(deadline=DAY, **work).choice
    assert anywhere
    assert (anywhere.variant.id, anywhere.mode, anywhere.tier) == ("gpt-4.1-mini", "batch", 4)
    assert anywhere.quote.total_usd == Decimal("10.26")
    second = ask(tier=2, deadline=DAY, **work).choice
    assert second
    assert (second.variant.id, second.mode, second.seconds) == ("gpt-4.1-mini", "standard", 1_299)
    assert ask(deadline=timedelta(minutes=1), **work).choice is None


def test_what_a_tier_may_not_pay_for_does_not_meet_a_deadline() -> None:
    found = ask("gpt-4.1", tier=2, deadline=DAY, input_tokens=2_000, output_tokens=1_000, requests=100_000)
    standard = of(found, "gpt-4.1", "standard")
    assert standard.seconds == 26_667
    assert found.choice is None
    assert "gpt-4.1 in standard: tier 2 has a spend limit of $500 per month, and this costs more" in [
        each.message for each in found.findings
    ]
    remark = suggest_tier(CATALOG, found, standard)
    assert remark
    assert remark.message == (
        "gpt-4.1 in standard: tier 4 is enough, at least 100 minutes for $1,200.00; it opens after $250 of payments; "
        "spend limit $5,000 per month"
    )
    assert "at least" in next(explain_binding_limits(CATALOG, standard)).message


def test_a_deadline_that_no_tier_meets_and_files_that_an_hour_does_not_take() -> None:
    hasty = ask("gpt-4.1", tier=1, deadline=timedelta(hours=23))
    remark = suggest_tier(CATALOG, hasty, of(hasty, "gpt-4.1", "batch"))
    assert remark
    assert remark.message == "gpt-4.1 in batch: no tier is enough"
    assert suggest_tier(CATALOG, hasty, of(hasty, "gpt-4.1", "standard")) is None
    many = of(ask("gpt-4.1-mini", tier=5, input_tokens=10, requests=110_000_000), "gpt-4.1-mini", "batch")
    assert [remark.message for remark in explain_binding_limits(CATALOG, many)] == [
        "gpt-4.1-mini in batch: tier 5 accepts 2,000 files per hour, and these are 2,200: at most 25 hours"
    ]


def test_no_work_is_too_long_to_be_timed() -> None:
    found = ask("gpt-4.1", tier=1, input_tokens=90_000, requests=10**12, deadline=DAY)
    assert of(found, "gpt-4.1", "batch").seconds == 10**12 * 86_400
    assert found.choice is None


def test_pools_pass_side_by_side_and_each_has_its_advice() -> None:
    found = ask("gpt-4.1", tier=1, work=sizes(_1000=600, _150000=10))
    assert [remark.message for remark in explain_binding_limits(CATALOG, of(found, "gpt-4.1", "standard"))] == [
        (
            "gpt-4.1 in standard, up to 128,000 input tokens: tier 1 lets 30,000 tokens per minute through, these need 600,000: "
            "at least 20 minutes"
        ),
        (
            "gpt-4.1 in standard, above 128,000 input tokens: tier 1 lets 200,000 tokens per minute through, these "
            "need 1,500,000: "
            "at least 7 minutes"
        ),
    ]
    assert [remark.message for remark in explain_spreading(CATALOG, of(found, "gpt-4.1", "standard"), timedelta(hours=1))] == [
        (
            "gpt-4.1 in standard, up to 128,000 input tokens: at most 30 requests per minute (one every 2 s); over 60 minutes "
            "that is one every 6 s"
        ),
        ("gpt-4.1 in standard, above 128,000 input tokens: at most one every 45 s; over 60 minutes that is one every 360 s"),
    ]


@pytest.mark.parametrize(
    ("work", "tier", "mode", "how"),
    [
        (sizes(_10=50_001), 2, "standard", "at most 5,000 requests per minute (one every 0.012 s)"),
        (sizes(_10=100_000), 1, "standard", "at most 10,000 requests per day (one every 8.7 s)"),
        (sizes(_10=40), 1, "standard", "all 40 requests within one minute"),
        (sizes(_10=40), 1, "batch", "1 file of 40 requests, or more files if they are over 200 MB"),
        (sizes(_10=120_000), 1, "batch", "3 files of at most 50,000 requests, all at once"),
        (sizes(_1000=5_000), 1, "batch", "3 files of at most 2,000 requests, one after the other"),
        (sizes(_1000=2_500, _500=900), 1, "batch", "2 files of at most 2,000,000 input tokens, one after the other"),
        (sizes(_10=500_000), 1, "batch", "10 files of at most 50,000 requests, 4 at a time"),
        (
            sizes(_10=300_000, _20=100),
            1,
            "batch",
            "2 parts of at most 2,000,000 input tokens, one after the other, each in up to 4 files",
        ),
    ],
)
def test_how_to_spread_the_requests(work: Workload, tier: int, mode: str, how: str) -> None:
    (remark,) = explain_spreading(CATALOG, of(ask("gpt-4.1-mini", tier=tier, work=work), "gpt-4.1-mini", mode), None)
    assert remark.message == f"gpt-4.1-mini in {mode}: {how}"


def test_a_single_request_is_not_spread() -> None:
    assert list(explain_spreading(CATALOG, of(ask("gpt-4.1", tier=1), "gpt-4.1", "batch"), None)) == []


def test_the_gap_of_tier_1_is_a_finding() -> None:
    gap = (
        "one request needs 50,000 tokens per minute; tier 1 allows 30,000, and its long-context pool of 200,000 opens only above "
        "128,000 input tokens: no request between 30,000 and 128,000 tokens gets through (the largest of 2 among 9 requests)"
    )

    def levels(found: Plan) -> list[tuple[str, Level]]:
        return [(each.message, each.level) for each in found.findings if each.rule.id == "usage-tier"]

    work = sizes(_10=7, _50000=2)
    assert levels(ask(tier=1, work=work)) == [(f"gpt-4.1 in standard and priority: {gap}", Level.ERROR)]
    assert levels(ask(tier=1, deadline=DAY, work=work)) == [(f"gpt-4.1 in standard and priority: {gap}", Level.WARNING)]
    assert levels(ask(tier=2, work=work)) == []
    assert levels(ask(work=work)) == [], "some tier lets it pass"
    assert levels(ask("gpt-4.1", tier=1, work=sizes(_150000=2))) == []


def test_what_keeps_a_model_out_is_said_once() -> None:
    found = ask("gpt-4.1-nano", "gpt-4o", tier=2, input_tokens=200_000)
    assert [each.message for each in found.findings if each.level is Level.ERROR] == [
        "gpt-4.1-nano: OpenAI shut it down on 2026-10-23; its official replacement is gpt-5.6-luna",
        "gpt-4o: 200,100 tokens of input and output are over the context window of 128,000",
    ]
    assert found.passing == ()
    long = ask("gpt-4.1", tier=2, input_tokens=200_000)
    assert [each.level for each in long.findings if each.rule.id == "priority-long-context"] == [Level.WARNING]


def test_limits_that_are_not_known_give_no_time() -> None:
    nano = ask("gpt-4.1-nano", tier=2, as_of=date(2025, 6, 1), input_tokens=200_000)
    assert [each.seconds for each in nano.shown] == [None, None]
    assert [(each.level, each.message) for each in nano.findings] == [
        (Level.ERROR, "gpt-4.1-nano: the limits of tier 2 for requests above 128,000 input tokens aren't known")
    ]
    both = ask("gpt-4.1-nano", "gpt-4.1", tier=2, as_of=date(2025, 6, 1), input_tokens=200_000)
    assert [each.level for each in both.findings if each.rule.id == "no-limits"] == [Level.WARNING]
    table = TABLE
    start, end = table.index("    rate_limits:", table.index("  gpt-4.1:\n")), table.index("  gpt-4.1-mini:\n")
    images = table.index("    images:", start)
    assert images < end
    without = parse_catalog((table[:start] + table[images:]).encode(), "mine.yaml")
    family = plan(market(without, as_of=TODAY), sizes(_10=1), variants=(), tier=1, deadline=None)
    assert "gpt-4.1: its rate limits aren't known" in [each.message for each in family.findings]


def test_a_model_that_ends_before_the_work_is_done() -> None:
    found = ask("gpt-4.1", tier=1, input_tokens=50_000, requests=2_000)
    assert "gpt-4.1 in batch: the work may not be done when the model ends on 2027-01-14" in [
        each.message for each in found.findings
    ]
    late = ask("gpt-4.1-mini", tier=1, input_tokens=50_000, requests=4_000, deadline=200 * DAY)
    assert late.choice
    assert late.choice.mode == "standard", "batch would cost less, but may not be done when the model ends"
    after = ask(as_of=date(2027, 3, 1))
    assert {each.variant.id for each in after.shown} == {"gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano"}, (
        "nothing runs, and each says so"
    )
    assert "gpt-6.1-terra" not in {each.variant.id for each in ask().shown}
    assert {each.variant.id for each in ask().shown} == {"gpt-4.1", "gpt-4.1-mini"}


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"tier": 6}, UnknownName, 'usage tier: expected one of 1, 2, 3, 4, 5, found "6"'),
        (
            {"platform": "azure-global"},
            InputError,
            "usage tier: expected a platform of openai, found azure-global, which has none",
        ),
        ({"deadline": timedelta(0)}, InputError, "deadline: expected more than 0 minutes, such as 90m, 24h or 2d, found 0"),
        ({"as_of": date(2025, 4, 13)}, MissingPrice, "no price is known for gpt-4.1 in standard on openai on 2025-04-13"),
    ],
)
def test_what_cannot_be_planned(asked: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as raised:
        ask(**asked)
    assert str(raised.value).startswith(message)


def test_a_model_without_limits_is_priced_and_its_time_is_not_known(run: Run) -> None:
    numbers = ["--input-tokens", "1000", "--output-tokens", "100", "--as-of", "2026-11-23", "--usage-tier", "2"]
    unknown = "How long gpt-6-luna takes isn't known: its rate limits aren't known\n"
    for wish in ([], ["--deadline", "2h"]):
        done = run("plan", *numbers, "--model", "gpt-6-luna", *wish)
        assert (done.code, done.out.startswith(unknown)) == (0, True)
        assert "gpt-6-luna: its rate limits aren't known [no-limits]" in done.out
    assert run("plan", *numbers, "--model", "gpt-6-luna", "-q").out.splitlines()[0] == "gpt-6-luna standard 2 unknown"
    both = run("plan", *numbers, "--model", "gpt-6-luna", "--model", "gpt-4.1-mini", "--deadline", "2h", "-q")
    assert (both.code, both.out) == (0, "gpt-4.1-mini standard 2 1\n")


def test_flex_meets_no_deadline() -> None:
    """It has no limits yet that this table knows, so it borrows some here."""
    limits = TABLE.split("    rate_limits:\n", 1)[1].split("    images:", 1)[0]
    table = TABLE.replace("    images: null\n", f"    rate_limits:\n{limits}    images: null\n", 1)
    lent = parse_catalog(table.encode(), "pricing.yaml")
    work = workload(input_tokens=1000, output_tokens=100, requests=1)
    found = plan(market(lent, "openai", TODAY), work, variants=[lent.variant("gpt-6-luna")], tier=2, deadline=timedelta(hours=2))
    assert {timing.mode: timing.meets(found.deadline) for timing in found.shown} == {
        "standard": True,
        "batch": False,
        "flex": False,
        "priority": True,
    }
    assert all(timing.meets(None) for timing in found.shown)


def test_bare_answers_are_for_scripts(run: Run) -> None:
    numbers = ["--input-tokens", "433", "--output-tokens", "20", "--requests", "100000", "--as-of", "2026-11-23", "-q"]
    assert run("plan", *numbers, "--model", "gpt-4.1-mini", "--usage-tier", "2").out == (
        "gpt-4.1-mini standard 2 1299\ngpt-4.1-mini batch 2 259200\ngpt-4.1-mini priority 2 1299\n"
    )
    assert run("plan", *numbers, "--usage-tier", "2", "--deadline", "24h").out == "gpt-4.1-mini standard 2 1299\n"
    late = run("plan", *numbers, "--usage-tier", "1", "--deadline", "24h")
    assert (late.code, late.out, late.err) == (1, "none\n", "gpt41: nothing is done in 24 hours in tier 1\n")
    blocked = run("plan", "--input-tokens", "50000", "--model", "gpt-4.1", "--usage-tier", "1", "-q", "--as-of", "2026-11-23")
    assert blocked.code == 1
    assert blocked.out.splitlines()[0] == "gpt-4.1 standard 1 never"


def test_data_for_programs(run: Run) -> None:
    numbers = ["--input-tokens", "1024", "--cached", "50%", "--requests", "5000", "--usage-tier", "1", "--as-of", "2026-11-23"]
    found = json.loads(run("plan", *numbers, "--model", "gpt-4.1-mini", "--format", "json", "--deadline", "2d").out)
    assert (found["schema"], found["usage_tier"], found["deadline_seconds"]) == ("gpt41.plan/1", 1, 172_800)
    assert (found["choice"]["mode"], found["choice"]["seconds"], found["choice"]["quote"]["total_usd"]) == (
        "standard",
        1_536,
        "1.28",
    )
    batch = found["timings"][1]
    assert (batch["status"], batch["bound"], batch["least_usage_tier"]) == ("late", "at most", 2)
    assert batch["pools"] == [
        {
            "is_long_context": False,
            "requests": 5000,
            "limit": "batch_queue_tokens",
            "needed": 5_120_000,
            "allowed": 2_000_000,
            "seconds": 259_200,
            "requests_a_minute": None,
            "files": {"parts": 3, "files": 3, "files_at_once": 1, "file_requests": 1953, "seconds": 259_200},
            "source": "model-page-gpt-4.1-mini",
        }
    ]
    assert any(note.startswith("Cached tokens count in full against the tokens per minute") for note in found["notes"])
    rows = list(csv.DictReader(run("plan", *numbers, "--format", "csv").out.splitlines()))
    assert [row["seconds"] for row in rows] == ["10240", "5011200", "10240", "1536", "259200", "1536"]


def test_requests_that_all_name_one_model_are_planned_for_it(run: Run) -> None:
    def models(*names: str | None) -> set[str]:
        bodies = [{"input": "Hi", "max_output_tokens": 16, **({"model": name} if name else {})} for name in names]
        sent = "".join(json.dumps(body) + "\n" for body in bodies)
        return {line.split()[0] for line in run("plan", "-q", "--as-of", "2026-11-23", stdin=sent).out.splitlines()}

    assert models("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14") == {"gpt-4.1-mini"}
    assert models("gpt-4.1-mini", "gpt-4.1") == {"gpt-4.1", "gpt-4.1-mini"}
    assert models(None) == {"gpt-4.1", "gpt-4.1-mini"}


@given(st.integers(1, 60_000), st.integers(1, 5_000), st.integers(1, 100))
def test_a_day_never_takes_more_requests_than_its_limit(requests: int, input_tokens: int, hours: int) -> None:
    variant = CATALOG.variant("gpt-4.1-mini")
    (wait,) = compute_waits(CATALOG, variant, "standard", VariantLoad({RequestSize(input_tokens, 0, 0): requests}), 1)
    assert wait.requests_per_minute
    assert requests <= 10_000 or wait.requests_per_minute * 24 * 60 <= 10_000
    timing = of(ask("gpt-4.1-mini", tier=1, input_tokens=input_tokens, requests=requests), "gpt-4.1-mini", "standard")
    for remark in explain_spreading(CATALOG, timing, timedelta(hours=hours)):
        is_slower = Fraction(hours * 3600, requests) * wait.requests_per_minute > 60
        assert ("over" in remark.message) is (is_slower and wait.seconds > 60), "a wait that is too short is not advised"


def test_requests_with_uncounted_tokens_are_at_least_as_long(run: Run) -> None:
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 9, "data_sources": [{}]}
    first = run("plan", "--usage-tier", "1", "--as-of", "2026-11-23", stdin=json.dumps(body)).out.splitlines()[0]
    assert ", for at least 8 input tokens; after 2027-01-14 gpt-6-luna, at least " in first
    del body["data_sources"]
    first = run("plan", "--usage-tier", "1", "--as-of", "2026-11-23", stdin=json.dumps(body)).out.splitlines()[0]
    assert "at least" not in first
