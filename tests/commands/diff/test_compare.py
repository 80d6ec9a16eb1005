"""What a change costs: every cause worked out by hand, alone and together; totals, files, and budgets for growth."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt41_cli.commands.diff.causes import CAUSE_NAMES, CostAndTokens
from gpt41_cli.commands.diff.compare import Diff, DiffSide, TotalChange, WorkloadChange, compare_sides
from gpt41_cli.commands.diff.report import make_report
from gpt41_cli.config.tables import RequestVolume
from gpt41_cli.errors import MissingPrice
from gpt41_cli.notation import PERIODS_PER_MONTH
from gpt41_cli.pricing import Rates, Usage
from gpt41_cli.rules import Level
from gpt41_cli.views import Screen, render
from gpt41_cli.workloads.costing import WorkloadCost
from tests.builders import CATALOG, CONFIG_PLACE, TODAY, costing, market, side
from tests.readers import causes_in_dollars


def ask(before: WorkloadCost | DiffSide, after: WorkloadCost | DiffSide) -> Diff:
    one, other = (side(each) if isinstance(each, WorkloadCost) else each for each in (before, after))
    return compare_sides(one, other, market(CATALOG, as_of=TODAY))


def alone(before: WorkloadCost, after: WorkloadCost) -> WorkloadChange:
    (found,) = ask(before, after).workloads
    return found


def dollars(amount: CostAndTokens) -> tuple[Fraction, Fraction]:
    return amount.expected_usd, amount.high_usd


BASE = costing()


def test_the_base_of_these_tests_costs_56_dollars_a_month() -> None:
    """Each 1,000 x $0.40 and 100 x $1.60 per million: $0.00056, or $0.00072 with answers of 200 tokens; 100,000 times."""
    found = alone(BASE, BASE)
    assert (
        found.before_cost
        == found.after_cost
        == CostAndTokens(Fraction(56), Fraction(72), Fraction(100_000_000), Fraction(10_000_000))
    )
    assert (found.unit, found.causes, found.is_unchanged) == ("month", (), True)


@pytest.mark.parametrize(
    ("after", "cause", "usd"),
    [
        (costing(text=2_200), "prompt tokens", "8"),
        (costing(tools=160, schema=140), "schema and tools", "2"),
        (costing(tools=0, schema=0), "schema and tools", "-4"),
        (costing(output=(300, 400)), "output", "8"),
        (costing(cached=1_000), "cache", "-15"),
        (costing("gpt-4.1"), "model", "224"),
        (costing(mode="batch"), "mode", "-28"),
        (costing(platform="azure-data-zone"), "platform", "5.6"),
        (costing(volume=RequestVolume(150_000, "month")), "volume", "28"),
        (costing(volume=RequestVolume(12_000, "week")), "volume", "-26.8"),
    ],
)
def test_a_cause_alone(after: WorkloadCost, cause: str, usd: str) -> None:
    assert causes_in_dollars(alone(BASE, after)) == {cause: usd}


def test_the_same_work_in_more_requests_has_not_moved() -> None:
    again = costing(requests=4, text=3_600, tools=200, schema=200, output=(400, 800), volume=RequestVolume(100_000, "month"))
    assert alone(BASE, again).is_unchanged
    day = costing(volume=RequestVolume(12, "day"))
    assert alone(day, costing(volume=RequestVolume(84, "week"))).is_unchanged, "7 times 12 a week are the same in a month"


def test_only_the_longest_answer_has_moved() -> None:
    found = alone(BASE, costing(output=(200, 600)))
    assert (found.causes, found.after_cost, found.is_unchanged) == ((), found.before_cost._replace(high_usd=Fraction(88)), False)


def test_causes_together_are_charged_in_their_order() -> None:
    """200 tokens more at $0.40; then 1,200 and 100 tokens in batch for half of $64; then as much again for the volume."""
    found = alone(BASE, costing(mode="batch", text=2_200, volume=RequestVolume(200_000, "month")))
    assert causes_in_dollars(found) == {"prompt tokens": "8", "mode": "-32", "volume": "32"}
    assert found.after_cost.expected_usd == 64
    assert causes_in_dollars(alone(costing(cached=1_000), costing(cached=1_100, text=2_000))) == {"prompt tokens": "2.5"}, (
        "half stays cached"
    )
    assert causes_in_dollars(alone(costing(cached=1_000), costing(cached=1_000, text=2_000))) == {
        "prompt tokens": "2.5",
        "cache": "1.5",
    }


def test_a_cache_without_a_discount_saves_nothing() -> None:
    assert causes_in_dollars(alone(costing(mode="batch"), costing(mode="batch", cached=1_000))) == {}
    assert causes_in_dollars(alone(costing(cached=1_000), costing(mode="batch", cached=1_000))) == {"mode": "-13"}
    assert causes_in_dollars(alone(BASE, costing(mode="batch", cached=1_000))) == {"cache": "-15", "mode": "-13"}
    nothing = costing(text=0, tools=0, schema=0)
    assert causes_in_dollars(alone(nothing, costing(cached=1_000))) == {
        "prompt tokens": "36",
        "schema and tools": "4",
        "cache": "-15",
    }


def test_a_model_that_has_no_price_before_the_mode_changes_too_is_charged_with_it() -> None:
    """$3.50 and $14 a million before, for 1,000 and 100 tokens: $490; after, at $0.05 and $0.20, $7."""
    before = costing("gpt-4.1", "priority", "azure-global")
    assert causes_in_dollars(alone(before, costing("gpt-4.1-nano", "batch", "azure-global"))) == {"model and mode": "-483"}
    further = costing("gpt-4.1-nano", "batch", "azure-data-zone")
    assert causes_in_dollars(alone(before, further)) == {"model and mode": "-483", "platform": "0.7"}


def test_a_price_that_has_changed_is_blamed_on_the_table() -> None:
    dear = costing(rates=Rates(Decimal("0.80"), Decimal("0.20"), Decimal("3.20")))
    found = alone(dear, costing(text=2_200))
    assert causes_in_dollars(found) == {"price table": "-56", "prompt tokens": "8"}
    assert dollars(found.before_cost) == (Fraction(112), Fraction(144))
    assert dollars(found.repriced_cost) == (Fraction(56), Fraction(72))
    assert found.after_cost.expected_usd == 64
    assert alone(BASE, dear).is_unchanged, "the other side is at the prices of today, too"
    free = costing(rates=Rates(Decimal(0), None, Decimal(0)))
    assert dollars(alone(free, BASE).repriced_cost) == (Fraction(56), Fraction(72))


LONG: dict[str, Any] = {"requests": 2, "text": 400_000, "tools": 0, "schema": 0, "output": (200, 200)}


def test_a_surcharge_is_a_cause_of_its_own() -> None:
    """One request of 300,000 tokens and one of 100,000 cost 200,000 x $0.10 and 100 x $0.50 each in the mean: $2,005 per month.
    The long one pays double for its 300,000, and half as much again for its 100 of output: $1,501.25 more.
    """
    plain, long = (costing("gpt-6-luna", **LONG, surcharged=each) for each in (None, Usage(1, 300_000, 0, 100)))
    found = alone(plain, long)
    assert found.before_cost.expected_usd == 2_005
    assert causes_in_dollars(found) == {"long-context surcharge": "1501.25"}
    other = costing(**LONG)
    assert causes_in_dollars(alone(long, other)) == {"model": "6011", "long-context surcharge": "-1501.25"}
    dear = costing("gpt-6-luna", **LONG, surcharged=Usage(1, 300_000, 0, 100), rates=Rates(Decimal("0.20"), None, Decimal(1)))
    assert causes_in_dollars(alone(dear, long)) == {"price table": "-3506.25"}


def test_a_request_is_compared_without_a_month() -> None:
    found = alone(costing(volume=None), costing(volume=None, text=2_200))
    assert (found.unit, causes_in_dollars(found)) == ("request", {"prompt tokens": "8e-05"})


def test_a_side_without_a_volume_has_nothing_in_the_month() -> None:
    quiet = costing(volume=None)
    gained = alone(quiet, costing("gpt-4.1", text=2_200))
    assert (gained.unit, gained.before_cost) == ("month", CostAndTokens(*[Fraction(0)] * 4))
    assert gained.after_cost.expected_usd == 320
    assert (causes_in_dollars(gained), gained.gained_volume, gained.is_unchanged) == ({"volume": "320"}, True, False)
    lost = alone(costing(rates=Rates(Decimal("0.80"), None, Decimal("3.20"))), quiet._replace(parts={"text": 2_400}))
    assert causes_in_dollars(lost) == {"price table": "-56", "prompt tokens": "12", "schema and tools": "-4", "volume": "-64"}
    assert (lost.unit, lost.gained_volume) == ("month", False)
    assert (lost.before_cost.expected_usd, lost.after_cost.high_usd) == (Fraction(112), Fraction(0))
    long = Usage(1, 300_000, 0, 100)
    dear = costing("gpt-6-luna", **LONG, surcharged=long)
    assert causes_in_dollars(alone(dear._replace(volume=None), dear)) == {"volume": "3506.25"}
    total = ask(side(BASE, costing(name="new", volume=None)), side(BASE, costing(name="new"))).total
    assert (total.before_cost.expected_usd, total.after_cost.expected_usd, total.excluded_workloads) == (
        Fraction(56),
        Fraction(112),
        (),
    )


def test_workloads_come_and_go() -> None:
    before = side(
        BASE, costing(name="gone", rates=Rates(Decimal("0.80"), None, Decimal("3.20")), volume=RequestVolume(1_000, "month"))
    )
    found = ask(before, side(BASE, costing(name="new", text=2_200)))
    assert [(each.name, causes_in_dollars(each)) for each in found.workloads] == [
        ("triage", {}),
        ("new", {"added workloads": "64"}),
        ("gone", {"price table": "-0.56", "removed workloads": "-0.56"}),
    ]
    assert [each.is_unchanged for each in found.workloads] == [True, False, False]
    total = found.total
    assert (total.unit, total.before_cost.expected_usd, total.after_cost.expected_usd, total.excluded_workloads) == (
        "month",
        Fraction("57.12"),
        Fraction(120),
        (),
    )
    assert [(each.name, each.usd) for each in total.causes] == [
        ("added workloads", 64),
        ("price table", Fraction("-0.56")),
        ("removed workloads", Fraction("-0.56")),
    ]


def test_the_total_is_of_a_month_where_there_is_one() -> None:
    one, other = costing(name="one", volume=None), costing(name="other", text=2_200, volume=None)
    mixed = ask(side(BASE, one), side(costing(text=2_200), one, other)).total
    assert (mixed.unit, mixed.before_cost.expected_usd, mixed.after_cost.expected_usd, mixed.excluded_workloads) == (
        "month",
        Fraction(56),
        Fraction(64),
        ("one", "other"),
    )
    requests = ask(side(one), side(one, other)).total
    assert (requests.unit, requests.before_cost.expected_usd, requests.after_cost.expected_usd) == (
        "request",
        Fraction("0.00056"),
        Fraction("0.0012"),
    )
    up_and_down = ask(side(BASE, costing(name="other")), side(costing(text=2_200), costing(name="other", text=1_400))).total
    assert (up_and_down.causes, up_and_down.before_cost) == ((), up_and_down.after_cost)


def test_the_files_that_moved_most() -> None:
    before = {"a.md": 100, "b.md": 100, "same.md": 7, "gone.md": 60, "c.md": 1, "d.md": 1, "empty.md": 0}
    after = {"a.md": 130, "b.md": 20, "same.md": 7, "new.md": 70, "c.md": 2, "d.md": 3}
    twice = costing(files=after), costing(name="other", files={"a.md": 130, "same.md": 7})
    found = ask(side(costing(files=before), costing(name="other", files={"a.md": 100, "same.md": 8})), side(*twice))
    assert [
        (each.path, each.workloads, each.tokens_before, each.tokens_after, each.token_change) for each in found.file_changes
    ] == [
        ("b.md", ("triage",), 100, 20, -80),
        ("new.md", ("triage",), None, 70, 70),
        ("gone.md", ("triage",), 60, None, -60),
        ("a.md", ("triage", "other"), 100, 130, 30),
        ("d.md", ("triage",), 1, 3, 2),
    ]
    assert found.changed_file_count == 7


def grown(before: WorkloadCost | DiffSide, after: WorkloadCost | DiffSide) -> list[tuple[Level, str, str | None, str | None]]:
    found = ask(before, after)
    assert {each.place for each in found.findings} <= {CONFIG_PLACE}
    assert {each.rule.id for each in found.findings} <= {"budget-growth"}
    assert [each.finding for each in found.growth_checks if each.finding] == list(found.findings)
    return [(each.level, each.message, each.actual, each.allowed) for each in found.findings]


def test_a_workload_may_not_grow_further_than_its_budget() -> None:
    assert grown(BASE, costing(text=2_200, growth_percent="14.2")) == [
        (
            Level.ERROR,
            "triage: costs $64.00 per month, 14.3 % more than the $56.00 of main, over the 14.2 % of growth allowed",
            "14.285714285714",
            "14.2",
        )
    ]
    assert grown(BASE, costing(text=2_200, growth_percent="14.3")) == []
    assert grown(BASE, costing(text=1_912, growth_percent="4")) == [], "exactly as much as is allowed"
    assert grown(costing(text=2_200, growth_percent="1"), BASE) == [], "what is less has not grown"
    assert grown(costing(volume=None), costing(volume=None, output=(201, 402), growth_percent="0")) == [
        (
            Level.ERROR,
            "triage: costs $0.0005608 per request, 0.1 % more than the $0.00056 of main, over the 0 % of growth allowed",
            "0.142857142857",
            "0",
        )
    ]


def test_all_budgets_tell_growth_alike_and_none_looks_as_if_it_were_kept() -> None:
    """140.56 tokens more at $0.40 per million are 10.04 % of the $0.00056 that a request costs."""
    after = costing(requests=50, text=52_028, tools=2_500, schema=2_500, output=(5_000, 10_000), growth_percent="10")
    by = "costs $61.62 per month, 10.04 % more than the $56.00 of main, over the"
    assert grown(side(BASE), side(after, growth_percent="5")) == [
        (Level.ERROR, f"triage: {by} 10 % of growth allowed", "10.04", "10"),
        (Level.ERROR, f"total: {by} 5 % of growth allowed", "10.04", "5"),
    ]
    exactly = after._replace(max_growth_percent=Decimal("10.04"))
    assert grown(side(BASE), side(exactly)) == []
    ((_, text, _, _),) = grown(side(BASE), side(exactly, growth_percent="5"))
    assert "10 % more than the $56.00 of main, over the 5 %" in text


def test_a_volume_that_is_new_grows_the_total_but_not_its_workload() -> None:
    quiet = costing(name="new", volume=None)
    one = costing(name="new", growth_percent="0")
    before, over = side(BASE, quiet), "over the 99.9 % of growth allowed"
    assert grown(before, side(BASE, one, growth_percent="99.9")) == [
        (Level.ERROR, f"total: costs $112.00 per month, 100 % more than the $56.00 of main, {over}", "100", "99.9")
    ]
    assert grown(side(BASE, one), side(BASE, quiet, growth_percent="0")) == [], "what has no volume any more has not grown"
    message = "costs $0.00064 per request, 14.3 % more than the $0.00056 of main, over the 14 % of growth allowed"
    for one, other in ((quiet, costing(name="new", text=2_200)), (costing(name="new"), quiet._replace(parts={"text": 2_400}))):
        ((*found, _, _),) = grown(one, other._replace(max_growth_percent=Decimal(14)))
        assert found == [Level.ERROR, f"new: {message}"]
    cheap = costing(volume=None, rates=Rates(Decimal("0.20"), Decimal("0.05"), Decimal("0.80")))
    ((_, text, _, _),) = grown(cheap, costing(text=2_200, growth_percent="10"))
    assert text.startswith(
        "triage: costs $0.00064 per request, 14.3 % more than the $0.00056 of main at the prices of 2026-11-23,"
    )


def test_what_may_grow_too_far_is_a_warning() -> None:
    assert grown(BASE, costing(output=(200, 600), growth_percent="20")) == [
        (
            Level.WARNING,
            "triage: may cost $88.00 per month, 22.2 % more than the $72.00 of main, over the 20 % of growth allowed",
            "22.222222222222",
            "20",
        )
    ]


def test_a_price_that_has_changed_is_not_growth() -> None:
    cheap = costing(rates=Rates(Decimal("0.20"), Decimal("0.05"), Decimal("0.80")))
    assert grown(cheap, costing(growth_percent="0")) == []
    base = "the $56.00 of main at the prices of 2026-11-23"
    said = f"costs $64.00 per month, 14.3 % more than {base}, over the 10 % of growth allowed"
    assert grown(side(cheap), side(costing(text=2_200, growth_percent="10"), growth_percent="10")) == [
        (
            Level.ERROR,
            f"triage: {said}",
            "14.285714285714",
            "10",
        ),
        (
            Level.ERROR,
            f"total: {said}",
            "14.285714285714",
            "10",
        ),
    ]


def test_growth_from_nothing_is_infinite() -> None:
    free = costing(text=0, tools=0, schema=0, output=(0, 0))
    assert grown(free, costing(growth_percent="1000")) == [
        (
            Level.ERROR,
            "triage: costs $56.00 per month, and nothing in main, over the 1000 % of growth allowed",
            "infinite",
            "1000",
        )
    ]
    assert grown(free, free._replace(max_growth_percent=Decimal(0))) == []


def test_new_workloads_grow_the_total_but_not_themselves() -> None:
    new = costing(name="new", growth_percent="1", volume=RequestVolume(10_000, "month"))
    assert grown(side(BASE), side(BASE, new, growth_percent="9")) == [
        (
            Level.ERROR,
            "total: costs $61.60 per month, 10 % more than the $56.00 of main, over the 9 % of growth allowed",
            "10",
            "9",
        )
    ]
    assert grown(side(BASE), side(BASE, new, growth_percent="10")) == []
    each = side(costing(volume=None)), side(costing(volume=None), new._replace(volume=None), growth_percent="50")
    (found,) = grown(*each)
    assert found[1].startswith("total: costs $0.00112 per request of each workload, 100 % more than the $0.00056")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (costing(files={"a.md": 1_000}), costing(text=2_200, files={"a.md": 1_200}), ("a.md", "8")),
        (costing(files={"a.md": 1_000}), costing(tools=160, schema=140, files={"a.md": 1_050}), ("a.md", "2")),
        (costing(files={"a.md": 1_200}), costing(text=1_600, files={"a.md": 1_000}), None),
        (costing(files={"a.md": 1_000}), costing(volume=RequestVolume(150_000, "month"), files={"a.md": 1_000}), None),
        (costing(), costing(text=2_200), None),
    ],
)
def test_a_longer_prompt_is_a_notice_at_its_file(
    before: WorkloadCost, after: WorkloadCost, expected: tuple[str, str] | None
) -> None:
    found = ask(before, after).findings
    assert [(each.place and each.place.path, each.actual) for each in found] == ([expected] if expected else [])
    assert all(each.message == f"triage: longer prompts cost ${each.actual}.00 more per month" for each in found)


def test_growth_over_the_budget_says_that_a_prompt_is_longer() -> None:
    grown = costing(text=2_200, growth_percent="1", files={"a.md": 1_200})
    found = ask(costing(files={"a.md": 1_000}), grown).findings
    assert [(each.rule.id, each.place and each.place.path) for each in found] == [("budget-growth", "a.md")]


def test_the_first_time_there_is_nothing_to_have_grown_from() -> None:
    found = ask(side(has_config=False), side(costing(growth_percent="1"), growth_percent="1"))
    assert [(each.rule.id, each.level, each.message) for each in found.findings] == [
        (
            "base-without-config",
            Level.NOTICE,
            "main declares no workloads: every one is new, and none has grown",
        )
    ]


@pytest.mark.parametrize(
    ("model", "mode", "platform", "complaint"),
    [
        ("gpt-4.1-nano", "priority", "azure-global", "no price is known for gpt-4.1-nano in priority on azure-global: "),
        ("gpt-4.1-micro", "standard", "openai", "unknown model"),
        ("gpt-4.1", "express", "openai", 'mode: expected one of standard, batch, flex, priority, found "express"'),
        ("gpt-4.1", "standard", "moon", "platform: expected one of openai, "),
        ("ft:gpt-4.5-preview:a::b", "standard", "openai", "model: expected a base model that can be fine-tuned"),
    ],
)
def test_a_side_without_a_price_is_an_error_and_never_nothing(model: str, mode: str, platform: str, complaint: str) -> None:
    unknown = BASE._replace(model=model, mode=mode, platform=platform)
    for sides in ((side(unknown), side(label="the working tree")), (side(label="base.json"), side(unknown))):
        with pytest.raises(MissingPrice) as caught:
            ask(*sides)
        assert str(caught.value).startswith(f'main: "triage": {complaint}')


COUNTS = st.integers(0, 10**6)


@st.composite
def costings(draw: st.DrawFn) -> WorkloadCost:
    model = draw(st.sampled_from(list(CATALOG.models.values())))
    platform = draw(st.sampled_from(list(model.rates)))
    mode = draw(st.sampled_from(list(model.rates[platform])))
    text, tools, schema, output = draw(COUNTS), draw(COUNTS), draw(COUNTS), draw(COUNTS)
    long = Usage(1, draw(st.integers(0, text)), 0, draw(st.integers(0, output))) if model.surcharge else None
    return costing(
        model.id,
        mode,
        platform,
        name=draw(st.sampled_from("abc")),
        requests=draw(st.integers(1, 9)),
        text=text,
        tools=tools,
        schema=schema,
        cached=draw(st.integers(0, text)),
        output=(output, output + draw(COUNTS)),
        volume=draw(st.none() | st.builds(RequestVolume, COUNTS, st.sampled_from(list(PERIODS_PER_MONTH)))),
        surcharged=long,
        rates=draw(st.none() | st.just(Rates(Decimal(3), Decimal(1), Decimal(7)))),
        growth_percent=draw(st.none() | st.just("5")),
    )


SIDES = st.lists(costings(), max_size=3, unique_by=lambda each: each.name)


@given(SIDES, SIDES)
def test_the_causes_add_up_to_the_change(before: list[WorkloadCost], after: list[WorkloadCost]) -> None:
    found = ask(side(*before), side(*after, growth_percent="5"))
    changes: list[WorkloadChange | TotalChange] = [*found.workloads, found.total]
    for each in changes:
        assert sum(cause.usd for cause in each.causes) == each.after_cost.expected_usd - each.before_cost.expected_usd
        assert {cause.name for cause in each.causes} <= set(CAUSE_NAMES)
    assert {each.name for each in found.workloads} == {each.name for each in (*before, *after)}
    inside = [each for each in found.workloads if each.unit == found.total.unit]
    assert sum(each.after_cost.high_usd for each in inside) == found.total.after_cost.high_usd
    assert len(inside) + len(found.total.excluded_workloads) == len(found.workloads)


def printed(before: DiffSide, after: DiffSide) -> Any:
    """What programs read."""
    text = render(make_report(CATALOG, ask(before, after)), "json", Screen(None, False))
    assert '"-0"' not in text
    return json.loads(text)


def weekly(random: Random) -> DiffSide:
    """40 workloads of which hardly a figure ends within 12 places; some of them have no volume."""
    return side(*(anything(random, str(name)) for name in random.sample(range(45), 40)))


def anything(random: Random, name: str) -> WorkloadCost:
    text = random.randrange(1, 10**6)
    return costing(
        random.choice(["gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano"]),
        random.choice(["standard", "batch"]),
        name=name,
        requests=random.choice([3, 7, 11, 13]),
        text=text,
        cached=random.randrange(text),
        output=(random.randrange(10**4), 10**4),
        volume=random.choice([None, RequestVolume(random.randrange(1, 10**6), "week"), RequestVolume(1, "week")]),
        rates=random.choice([None, Rates(Decimal(3), Decimal(1), Decimal(7))]),
    )


@settings(max_examples=10)
@given(st.randoms(use_true_random=False))
def test_what_programs_read_adds_up_to_the_last_digit(random: Random) -> None:
    found = printed(weekly(random), weekly(random))
    for each in (*found["workloads"], found["total"]):
        change = sum(map(Fraction, each["causes_usd"].values()))
        assert change == Fraction(each["change_usd"])
        assert change == Fraction(each["after_usd"]["expected"]) - Fraction(each["before_usd"]["expected"])
    inside = [each for each in found["workloads"] if each["unit"] == found["total"]["unit"]]
    assert len(inside) + len(found["total"]["apart"]) == len(found["workloads"]) >= 40
    for name in ("before_usd", "repriced_usd", "after_usd", "causes_usd", "input_tokens", "output_tokens"):
        for key, amount in found["total"][name].items():
            assert Fraction(amount) == sum(Fraction(each[name][key]) for each in inside), (name, key)


def test_what_is_less_by_next_to_nothing_is_printed_without_a_sign() -> None:
    many = costing(requests=10**6, text=10**9, volume=None)
    sides = side(many), side(many._replace(parts={**many.parts, "text": 10**9 - 1}))
    assert printed(*sides)["total"]["change_usd"] == "0"
    (row,) = make_report(CATALOG, ask(*sides)).tables[0].rows
    assert "$0.00 (under 0.1 %)" in row.cells


@given(SIDES)
def test_nothing_has_moved_between_a_side_and_itself(costings: list[WorkloadCost]) -> None:
    today = [each for each in costings if each.rates != Rates(Decimal(3), Decimal(1), Decimal(7))]
    found = ask(side(*today), side(*today, growth_percent="0"))
    assert (found.findings, found.changed_file_count, found.total.causes) == ((), 0, ())
    assert all(each.is_unchanged for each in found.workloads)


def test_a_day_is_priced_as_it_was() -> None:
    """gpt-5.6-luna cost five times as much until the end of July 2026."""
    work = costing("gpt-5.6-luna")
    then = compare_sides(side(work), side(work), market(CATALOG, as_of=date(2026, 7, 15))).workloads[0]
    assert (then.before_cost.expected_usd, then.repriced_cost.expected_usd) == (Fraction(32), Fraction(160))
    with pytest.raises(MissingPrice, match='main: "triage": no price is known for gpt-5.6-luna in batch'):
        compare_sides(side(costing("gpt-5.6-luna", "batch")), side(), market(CATALOG, as_of=date(2026, 7, 15)))


def test_a_surcharge_that_the_table_has_dropped_is_blamed_on_the_table() -> None:
    dropped = CATALOG.models["gpt-6-luna"]._replace(surcharge=None)
    without = CATALOG._replace(models={**CATALOG.models, dropped.id: dropped})
    long = costing("gpt-6-luna", **LONG, surcharged=Usage(1, 300_000, 0, 100))
    (found,) = compare_sides(side(long), side(long), market(without, as_of=TODAY)).workloads
    assert causes_in_dollars(found) == {"price table": "-1501.25"}


def test_what_is_said_of_a_change() -> None:
    def said(before: WorkloadCost | DiffSide, after: WorkloadCost | DiffSide) -> tuple[str, list[str]]:
        found = make_report(CATALOG, ask(before, after))
        return found.headline, [row.cells[-1] for row in found.tables[0].rows] if found.tables else []

    quiet = costing(volume=None)
    assert said(BASE, BASE) == ("no change from main: $56.00 per month", [])
    assert said(quiet, quiet) == ("no change from main: $0.00056 per request", [])
    assert said(BASE, costing(output=(200, 600))) == (
        "$56.00 per month, the same as main, but 1 workload changed",
        ["longest answer"],
    )
    assert said(BASE, costing(platform="azure-global", output=(200, 600)))[1] == [
        "platform: openai -> azure-global, longest answer"
    ]
    assert said(costing(mode="batch"), costing(mode="batch", cached=1_000))[1] == ["cache"]
    assert said(quiet, costing("gpt-4.1", text=2_200)) == (
        "$320.00 per month, up $320.00 from main: volume",
        ["volume: none -> 100,000 / month, prompt tokens, model: gpt-4.1-mini -> gpt-4.1"],
    )
    assert said(BASE, quiet) == ("$0.00 per month, down $56.00 (100 %) from main: volume", ["volume: 100,000 / month -> none"])
    free = costing(text=0, tools=0, schema=0, output=(0, 0))
    assert said(free, free._replace(volume=None, mode="batch"))[1] == ["volume: 100,000 / month -> none, mode: standard -> batch"]
    assert said(costing("gpt-4.1", "priority", "azure-global"), costing("gpt-4.1-nano", "batch", "azure-global")) == (
        "$7.00 per month, down $483.00 (98.6 %) from main: model and mode",
        ["model and mode: gpt-4.1 -> gpt-4.1-nano, priority -> batch"],
    )
    assert said(BASE, costing(platform="azure-data-zone", text=1_900, volume=RequestVolume(7_000, "week"))) == (
        "$19.41 per month, down $36.59 (65.3 %) from main: mainly volume, -$44.39",
        ["mainly volume: 100,000 / month -> 7,000 / week"],
    )
    one, other = costing(name="one", volume=None), costing(name="other", volume=None)
    assert said(side(one), side(other)) == (
        "$0.00056 per request of each workload, the same as main, but 2 workloads changed",
        ["added", "removed"],
    )


def test_of_many_files_the_five_that_moved_most_are_reported() -> None:
    files = {f"{name}.md": 10 for name in "abcdefg"}
    tables = make_report(CATALOG, ask(BASE, costing(files=files, text=1_870))).tables
    assert [(table.title, len(table.rows), table.is_detail) for table in tables] == [
        ("", 1, False),
        ("The 5 files that changed most, of 7", 5, True),
    ]


def test_every_cause_of_every_workload_is_reported() -> None:
    quiet, one = costing(name="quiet"), costing(name="one", volume=None)
    sides = side(BASE, quiet, one), side(costing(text=1_870, mode="batch"), costing(name="more", cached=500), quiet)
    several = make_report(CATALOG, ask(*sides))
    assert [(table.title, [row.cells for row in table.rows]) for table in several.tables[1:]] == [
        (
            "Every cause",
            [
                ("more", "month", "added workloads", "+$48.50"),
                ("triage", "month", "mode: standard -> batch", "-$28.70"),
                ("triage", "month", "prompt tokens", "+$1.40"),
                ("one", "request", "removed workloads", "-$0.00056"),
            ],
        )
    ]
