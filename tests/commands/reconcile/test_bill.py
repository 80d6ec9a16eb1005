"""What came is priced as it was billed: exact sums by model, mode and day, whatever their order, and nothing left out unsaid."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli import rules
from gpt41_cli.answers.logs import LogReader
from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.reconcile.bill import Reconciliation, reconcile_logs
from gpt41_cli.commands.reconcile.charge import AnswerPricer, BillingContext, ChargeKey
from gpt41_cli.commands.reconcile.elsewhere import price_alternatives
from gpt41_cli.commands.reconcile.observed import ObservedAnswers
from gpt41_cli.commands.reconcile.report import make_report
from gpt41_cli.errors import InputError
from gpt41_cli.files.sources import InputSource
from gpt41_cli.findings import Finding, Place
from gpt41_cli.pricing import Usage
from gpt41_cli.rules import RULES, Effect
from tests.builders import BATCH, CATALOG, COMPLETION, Body, batch_line, market
from tests.conftest import ROOT, Run

TODAY = date(2026, 11, 26)
CONDITIONS = BillingContext(market(CATALOG, "openai", TODAY))
MINI: dict[str, Any] = {"model": "gpt-4.1-mini", "input_tokens": 1_000_000, "output_tokens": 100_000}


def bill(*logs: Sequence[Body], model: str | None = None, catalog: Catalog = CATALOG, as_of: date = TODAY) -> Reconciliation:
    """The bill of logs, which are called log1, log2 and so on."""
    texts = ["".join(json.dumps(each) + "\n" for each in log) for log in logs]
    sources = [InputSource(f"log{n}", partial(io.BytesIO, text.encode())) for n, text in enumerate(texts, 1)]
    return reconcile_logs(LogReader(sources).read(), BillingContext(market(catalog, "openai", as_of), model))


def unpriced(found: Reconciliation) -> list[tuple[str, int, str]]:
    return [(each.finding.rule.id, each.times, each.first.label) for each in found.issues]


@pytest.mark.parametrize(
    ("record", "total_usd"),
    [
        (MINI, "0.56"),  # 0.40 + 0.16
        ({**MINI, "cached_tokens": 500_000}, "0.41"),  # 0.20 + 0.05 + 0.16
        ({**MINI, "mode": "batch"}, "0.28"),
        ({**MINI, "mode": "batch", "cached_tokens": 500_000}, "0.28"),  # batch gives cached tokens no discount
        ({**MINI, "service_tier": "priority"}, "0.98"),  # 0.70 + 0.28
        ({**MINI, "service_tier": "default"}, "0.56"),
        ({**MINI, "model": "gpt-4.1-mini-2025-04-14"}, "0.56"),
        ({**MINI, "model": "ft:gpt-4.1-mini-2025-04-14:acme::x"}, "1.12"),  # 0.80 + 0.32
        ({**MINI, "rejected_prediction_tokens": 90_000}, "0.56"),  # they are in the output tokens
        ({**MINI, "requests": 5000}, "0.56"),
    ],
)
def test_an_answer_costs_what_it_was_billed(record: dict[str, Any], total_usd: str) -> None:
    found = bill([record])
    assert (found.total_usd, found.issues) == (Decimal(total_usd), [])


def test_names_of_one_model_fold_into_one_entry_and_fine_tunes_stay_apart() -> None:
    tuned = {**MINI, "model": "ft:gpt-4.1-mini-2025-04-14:acme::x"}
    found = bill([MINI, {**MINI, "model": "gpt-4.1-mini-2025-04-14", "day": "2026-11-20"}, tuned])
    assert list(found.charges) == [
        ChargeKey("gpt-4.1-mini", "standard", None),
        ChargeKey("gpt-4.1-mini", "standard", date(2026, 11, 20)),
        ChargeKey(tuned["model"], "standard", None),
    ]


def with_a_cut(on: date) -> Catalog:
    """The price table as it would be after gpt-4.1-mini in standard became free on a day."""
    model = CATALOG.models["gpt-4.1-mini"]
    modes = model.rates["openai"]
    last = modes["standard"][-1]
    free = last._replace(effective_from=on, rates=last.rates._replace(input=Decimal(0), output=Decimal(0)))
    rates = {**model.rates, "openai": {**modes, "standard": (*modes["standard"], free)}}
    return CATALOG._replace(models={**CATALOG.models, model.id: model._replace(rates=rates)})


def test_each_answer_has_the_price_of_its_day() -> None:
    catalog = with_a_cut(date(2026, 11, 10))
    before, after = {**MINI, "day": "2026-11-09"}, {**MINI, "day": "2026-11-10"}
    assert bill([before, after], catalog=catalog).total_usd == Decimal("0.56")
    assert bill([MINI], catalog=catalog).total_usd == 0
    assert bill([MINI], catalog=catalog, as_of=date(2026, 11, 9)).total_usd == Decimal("0.56")
    assert bill([before, after], catalog=catalog).undated == 0
    assert bill([MINI, {**MINI, "requests": 4}], catalog=catalog).undated == 5


def test_a_model_that_is_not_named_is_that_of_the_option() -> None:
    bare = {"prompt_tokens": 1_000_000, "completion_tokens": 0}
    assert bill([bare], model="gpt-4.1").total_usd == Decimal(2)
    assert bill([MINI], model="gpt-4.1").total_usd == Decimal("0.56")


def test_what_has_no_price_is_counted_by_its_reason_and_the_rest_is_priced() -> None:
    log: list[Body] = [
        MINI,
        {**MINI, "service_tier": "flex"},
        {**MINI, "service_tier": "flex"},
        {**MINI, "model": "my-deployment"},
        {**MINI, "model": None},
        {**MINI, "day": "2024-01-01"},
        {"error": {"code": "server_error"}},
    ]
    found = bill(log)
    assert found.total_usd == Decimal("0.56")
    assert unpriced(found) == [
        ("missing-price", 2, "log1:2"),
        ("answer-failed", 1, "log1:7"),
        ("missing-price", 1, "log1:6"),
        ("model-missing", 1, "log1:5"),
        ("unknown-model", 1, "log1:4"),
    ]


def test_names_of_any_length_are_cut() -> None:
    found = bill([MINI, {**MINI, "model": "m" * 1000}, {**MINI, "service_tier": "t" * 1000}])
    assert {each.finding.message for each in found.issues} == {
        f'"{"m" * 60}…" is not in pricing.yaml',
        f"no price is known for gpt-4.1-mini in {'t' * 40} on openai: pricing.yaml has standard, batch, priority",
    }


def test_where_nothing_has_a_price_the_tokens_are_reported() -> None:
    found = bill([{**MINI, "model": "my-deployment"}] * 2)
    assert make_report(found).headline == (
        "at least $0.00 for 0 answers; 2 not priced (2,000,000 input and 200,000 output tokens)"
    )
    assert price_alternatives(found)[0].total_usd == Decimal("0.275")  # two long ones: (2M * 0.05 * 2 + 0.2M * 0.25 * 1.5) / 1M
    with pytest.raises(InputError, match=r"found none: log1:1: the request failed"):
        bill([{"error": {"code": "e"}}])
    with pytest.raises(InputError, match=r"^expected answers that report their usage and have a price, found none$"):
        bill([])


def test_only_what_is_left_out_makes_the_bill_a_lower_bound() -> None:
    """A reason is an entry of the table of rules and its effect: the report names none of them."""
    for rule in RULES.values():
        found = bill([MINI])
        found.record_issue(Place("log"), Finding(rule, "why"))
        assert make_report(found).headline.startswith("at least ") is (rule.effect is Effect.AT_LEAST), rule


def test_ever_new_reasons_are_kept_apart_only_so_long() -> None:
    found = bill([MINI, *({**MINI, "model": f"m{n}"} for n in range(300))])
    assert len(found.issues) == 101
    assert max(found.issues, key=lambda each: each.times)[:2] == (Finding(rules.UNKNOWN_MODEL, "others"), 200)


# What may be counted twice


def bucket(**result: Any) -> dict[str, Any]:
    sums = {"input_tokens": 1_000_000, "output_tokens": 0, "num_model_requests": 5, "model": "gpt-4.1", **result}
    return {"object": "bucket", "start_time": 1_795_132_800, "end_time": 1_795_219_200, "results": [sums]}


def test_a_page_of_the_usage_api_that_was_fetched_twice_counts_once() -> None:
    first, second = bucket(project_id="a"), bucket(project_id="b")
    found = bill([first, second], [{"object": "page", "data": [second, first]}])
    assert (found.total_usd, unpriced(found)) == (Decimal(4), [("answer-twice", 2, "log2:1")])
    (reason,) = bill([first, bucket(project_id="a", input_tokens=2_000_000)]).issues
    assert reason.finding.message == "an answer with the same id as another, but different figures: both are priced"


def test_a_sum_beside_single_answers_of_its_day_is_doubted() -> None:
    single = {"model": "gpt-4.1-2025-04-14", "input_tokens": 9, "output_tokens": 0, "date": "2026-11-20"}
    found = bill([single, bucket(), bucket(model="gpt-4.1-mini")])
    assert found.total_usd == Decimal("2.400018")
    assert [(each.finding.rule.id, each.finding.message, each.first.label) for each in found.issues] == [
        (
            "sum-beside-answers",
            "sums of answers of gpt-4.1 and single ones of the same day: what is in both is priced twice",
            "log1:2",
        )
    ]
    assert make_report(found).headline.startswith("$2.40 for 11 answers on 2026-11-20; after ")
    # Of another day, or sums of a single one: nothing is twice.
    other = [{**single, "date": "2026-11-21"}, bucket(), bucket(project_id="b", num_model_requests=1)]
    assert bill(other).issues == []


def test_sums_of_one_day_in_several_files_are_priced_and_doubted(run: Run, tmp_path: Path) -> None:
    head = "date,model,requests,input_tokens,output_tokens\n"
    row = "2026-11-20,gpt-4.1,10,1000000,0\n"
    (tmp_path / "a.csv").write_text(head + row)
    (tmp_path / "b.csv").write_text(head + row + row.replace("20,", "21,", 1))
    out = run("reconcile", "a.csv", "b.csv", "--as-of", str(TODAY)).out
    assert out.startswith("$6.00 for 30 answers from 2026-11-20 to 2026-11-21; after ")
    doubt = "sums of answers of gpt-4.1 of the same day in several files: what is in both is priced twice (b.csv:2)"
    assert out.count("[sum-beside-sums]") == 1
    assert f"{doubt} [sum-beside-sums]" in out


def test_a_copy_of_a_file_does_not_make_a_bill_the_least(run: Run, tmp_path: Path) -> None:
    for name in ("usage.csv", "usage (1).csv"):
        (tmp_path / name).write_text("model,input_tokens,output_tokens\ngpt-4.1,1000000,0\n")
    lines = run("reconcile", "usage.csv", "usage (1).csv", "--as-of", str(TODAY)).out.splitlines()
    assert lines[0].startswith("$2.00 for 1 answer; after ")
    assert "  warning  1 not priced: a file with the content of usage.csv, which is priced (usage (1).csv) [file-twice]" in lines


# A batch and its lines


def batch(**usage: int) -> dict[str, Any]:
    return {"id": "batch_1", "object": "batch", "model": "gpt-4.1-mini", "request_counts": {"completed": 2}, "usage": usage}


def output(n: int) -> dict[str, Any]:
    usage = {"prompt_tokens": 500_000, "completion_tokens": 50_000}
    body = {"id": f"c{n}", "object": "chat.completion", "model": "gpt-4.1-mini", "usage": usage}
    return {"custom_id": f"m{n}", "response": {"status_code": 200, "body": body}}


WHOLE = batch(input_tokens=1_000_000, output_tokens=100_000)


@pytest.mark.parametrize(
    "logs", [([WHOLE], [output(1), output(2)]), ([output(1)], [output(2)], [WHOLE]), ([output(1), WHOLE, output(2)],)]
)
def test_a_batch_next_to_its_lines_counts_once(logs: tuple[list[dict[str, Any]], ...]) -> None:
    found = bill(*logs)
    assert (found.total_usd, found.usage.requests) == (Decimal("0.28"), 2)
    assert [each.finding.rule.id for each in found.issues] == ["batch-twice"]


def test_a_batch_alone_is_priced_as_a_whole() -> None:
    found = bill([WHOLE])
    assert (found.total_usd, found.usage.requests, found.issues) == (Decimal("0.28"), 2, [])


def test_a_batch_next_to_lines_of_another_sum_is_priced_and_doubted() -> None:
    found = bill([WHOLE, output(1)])
    assert found.total_usd == Decimal("0.42")
    assert unpriced(found) == [("batch-unclear", 1, "log1:1")]


@pytest.mark.parametrize("order", [1, -1])
def test_of_a_batch_that_is_looked_at_again_the_last_sum_counts(order: int) -> None:
    found = bill([batch(input_tokens=0, output_tokens=0), WHOLE][::order])
    assert found.total_usd == Decimal("0.28")
    assert [each.finding.rule.id for each in found.issues] == ["answer-twice"]


def test_an_answer_next_to_its_line_of_a_batch_counts_once_and_the_report_says_which() -> None:
    line, body = output(1), output(1)["response"]["body"]
    told = "an answer that is in the logs in two modes is priced in {}, not in {}"
    for logs, usd, modes in (
        ([line, body], "0.14", ("batch", "standard")),
        ([body, line], "0.14", ("batch", "standard")),
        ([body, {**body, "service_tier": "priority"}], "0.49", ("priority", "standard")),
        ([{**body, "service_tier": "priority"}, body], "0.49", ("priority", "standard")),
    ):
        found = bill(logs)
        assert found.total_usd == Decimal(usd)
        assert [(each.finding.rule.id, each.finding.message) for each in found.issues] == [("mode-unclear", told.format(*modes))]


def test_the_bill_is_the_same_whatever_comes_first_of_an_answer_in_several_modes() -> None:
    line = output(1)
    call = {"type": "web_search_call", "status": "completed"}
    body = {**line["response"]["body"], "created": 1_795_219_200, "output": [call, {**call, "type": "image_call"}]}
    line["response"]["body"] = body
    records: list[Body] = [
        line,
        body,
        {**body, "service_tier": "priority", "model": "gpt-4.1-nano", "created": None, "choices": [{}, {}]},
        {**body, "service_tier": "flex"},
        {**body, "id": "c2", "custom_id": "m2"},
    ]
    bills = set()
    for order in permutations(records):
        past = ObservedAnswers(
            AnswerPricer(CONDITIONS), lambda custom_id, _: {custom_id} if custom_id else (), keeps_answers=True
        )
        source = InputSource("log", partial(io.BytesIO, "\n".join(map(json.dumps, order)).encode()))
        found = reconcile_logs(past.observe(LogReader([source]).read()), CONDITIONS)
        assert {key.mode: charge.usage.requests for key, charge in found.charges.items()} == {"batch": 1, "standard": 1}
        assert (found.undated, past.summed_answers, past.unattributed, past.answers.without_id) == (0, 0, {}, 0)
        assert [set(known) for known in (past.answers.by_id, past.by_workload, past.lengths)] == [{"m1", "m2"}] * 3
        modes = [each for each in found.issues if each.finding.rule is rules.MODE_UNCLEAR]
        assert sum(each.times for each in modes) == 3
        others = sorted((each.finding.message, each.times) for each in found.issues if each not in modes)
        bills.add(repr((found.total_usd, sorted(found.charges.items()), price_alternatives(found), others)))
    assert len(bills) == 1


def test_the_bill_is_the_same_whatever_each_record_of_an_answer_leaves_out() -> None:
    body = {**MINI, "id": "chatcmpl-1"}
    records: list[Body] = [
        {**body, "model": None},
        {**body, "created": 1_795_219_200},
        {**body, "service_tier": "priority", "created": 1_795_219_200},
        {**body, "cache_write_tokens": 7, "service_tier": "flex"},
    ]
    bills = {repr((found.charges, found.total_usd)) for found in map(bill, map(list, permutations(records)))}
    assert len(bills) == 1
    assert bill(records).charges.keys() == {ChargeKey("gpt-4.1-mini", "priority", date(2026, 11, 21))}


def test_a_reason_that_no_longer_holds_is_counted_down_also_among_others() -> None:
    body = output(1)["response"]["body"]
    tiers = [{**body, "id": f"c{number}", "service_tier": f"tier-{number}"} for number in range(101)]
    lines = [
        {"custom_id": each["id"], "response": {"status_code": 200, "body": {**each, "service_tier": None}}} for each in tiers
    ]
    found = bill([*tiers, *lines])
    assert found.charges.keys() == {ChargeKey("gpt-4.1-mini", "batch", None)}
    assert {each.finding.rule for each in found.issues} == {rules.MODE_UNCLEAR}
    assert make_report(found).headline.startswith(
        "$14.14 for 101 answers; after 2027-01-14 gpt-6-luna (batch), $6.94 to $8.21 before "
    )


# Built-in tools


def searched(model: str, *calls: str, created: int = 1_795_219_200) -> dict[str, Any]:
    output = [{"type": f"{each}_call", "status": "completed"} for each in calls]
    usage = {"input_tokens": 9_000, "output_tokens": 100}
    return {"object": "response", "id": f"resp_{model}", "model": model, "created_at": created, "output": output, "usage": usage}


def test_calls_of_tools_are_a_part_of_the_bill() -> None:
    found = bill([searched("gpt-4.1", "web_search", "web_search", "file_search")])
    # 9,000 at 2.00 and 100 at 8.00 per million, 2 at 10.00 and 1 at 2.50 a thousand
    assert found.total_usd == Decimal("0.0188") + Decimal("0.0225")
    assert found.issues == []
    others = {(each.variant.id, each.mode): each.total_usd for each in price_alternatives(found)}
    assert others["gpt-4.1-mini", "standard"] == Decimal("0.00376") + Decimal("0.0225")
    assert not any(model == "gpt-4.1-nano" for model, _ in others)  # it has no web search


def test_what_is_not_known_of_tools_is_reported() -> None:
    found = bill([searched("gpt-4.1-mini", "web_search", "code_interpreter"), searched("gpt-4.1-nano", "web_search")])
    assert found.total_usd == Decimal("0.00376") + Decimal("0.01") + Decimal("0.00094")
    assert sorted(each.finding.message for each in found.issues if each.finding.rule.id in ("tool-price", "search-tokens")) == [
        '"code_interpreter_call": what it costs on top of its tokens, as answers say too little about it',
        "gpt-4.1-mini: whether usage includes the tokens that a web search adds is not documented: it is taken to include them",
        "no price is known for web-search with gpt-4.1-nano: it does not have it [model-page-gpt-4.1-nano 2026]",
    ]


def test_a_charge_without_a_price_makes_a_bill_the_least() -> None:
    found = bill([MINI, searched("gpt-4.1-nano", "web_search", "code_interpreter")])
    assert make_report(found).headline == "at least $0.5609 for 2 answers on 2026-11-21; 2 charges of tools not priced"
    messages = [finding.message for finding in make_report(found).findings if finding.rule.id == "tool-price"]
    assert all(message.startswith("1 not priced: ") for message in messages)
    found = bill([searched("gpt-4.1", "image_generation"), {**MINI, "service_tier": "flex"}])
    assert (
        make_report(found).headline
        == "at least $0.0188 for 1 answer on 2026-11-21; 1 more not priced (1,000,000 input and 100,000 output tokens); "
        "1 charge of tools not priced; after 2027-01-14 gpt-6-luna, at least $0.0009515 to $0.001177 before reasoning tokens"
    )
    # Tokens that a search may have added are priced, as far as they are known.
    assert make_report(bill([searched("gpt-4.1-mini", "web_search")])).headline == "$0.01376 for 1 answer on 2026-11-21"


# What does not fit together


def test_an_answer_of_a_day_on_which_there_can_be_none_is_doubted() -> None:
    late = {**MINI, "model": "gpt-4.1-nano", "date": "2026-10-23"}
    found = bill([late, {**MINI, "date": "2026-11-27"}, {**MINI, "date": "2026-11-28"}])
    assert [each.finding.message for each in found.issues] == [
        "an answer from a day after 2026-11-26 is priced anyway",
        "an answer of gpt-4.1-nano after its shutdown on 2026-10-23 is priced anyway",
    ]


def test_an_id_that_stands_for_several_answers_is_doubted() -> None:
    found = bill([{**MINI, "id": "a"}, {**MINI, "id": "a", "output_tokens": 5}, {**MINI, "id": "a"}])
    assert [each.finding.message for each in found.issues] == [
        "an answer that is already in the logs",
        "an answer with the same id as another, but different figures: both are priced",
    ]


# What was saved, and what it would be elsewhere


def test_what_caching_and_batch_saved() -> None:
    cached = {**MINI, "cached_tokens": 500_000}
    found = bill([cached, {**MINI, "mode": "batch"}])
    assert (found.caching_saved_usd, found.batch_saved_usd) == (Decimal("0.15"), Decimal("0.28"))
    lost = bill([{**MINI, "mode": "batch", "cached_tokens": 1_000_000, "output_tokens": 0}])
    assert (lost.caching_saved_usd, lost.batch_saved_usd) == (Decimal(0), Decimal("-0.1"))  # 0.20 in batch, 0.10 cached


def test_the_same_tokens_elsewhere() -> None:
    found = [(each.variant.id, each.mode, each.total_usd) for each in price_alternatives(bill([MINI]))]
    assert [model for model, *_ in found[:2]] == ["gpt-6-luna"] * 2  # what replaces gpt-4.1-mini
    assert found[2:] == [
        ("gpt-4.1-nano", "batch", Decimal("0.07")),
        ("gpt-4.1-nano", "standard", Decimal("0.14")),
        ("gpt-4.1-mini", "batch", Decimal("0.28")),
        ("gpt-4.1-mini", "standard", Decimal("0.56")),
        ("gpt-4.1", "batch", Decimal("1.4")),
        ("gpt-4.1", "standard", Decimal("2.8")),
    ]


def test_a_day_before_another_variant_had_a_price_is_at_the_price_of_today() -> None:
    model = CATALOG.models["gpt-4.1-nano"]
    standard = tuple(row._replace(effective_from=date(2026, 11, 10)) for row in model.rates["openai"]["standard"])
    rates = {"openai": {**model.rates["openai"], "standard": standard}}
    catalog = CATALOG._replace(models={**CATALOG.models, model.id: model._replace(rates=rates)})
    old = {**MINI, "day": "2026-11-09"}
    assert len(price_alternatives(bill([old], catalog=catalog))) == 8
    assert len(price_alternatives(bill([old], catalog=catalog, as_of=date(2026, 11, 9)))) == 7


def test_a_batch_on_a_day_before_standard_had_a_price_is_compared_with_nothing() -> None:
    model = CATALOG.models["gpt-4.1-mini"]
    standard = tuple(row._replace(effective_from=date(2026, 11, 10)) for row in model.rates["openai"]["standard"])
    rates = {"openai": {**model.rates["openai"], "standard": standard}}
    catalog = CATALOG._replace(models={**CATALOG.models, model.id: model._replace(rates=rates)})
    batched = {**MINI, "mode": "batch"}
    found = bill([{**batched, "day": "2026-11-09"}, {**batched, "day": "2026-11-10"}], catalog=catalog)
    assert (found.total_usd, found.batch_saved_usd) == (Decimal("0.56"), Decimal("0.28"))


def test_a_variant_with_a_surcharge_is_left_out_of_what_it_would_be_elsewhere() -> None:
    surcharge = CATALOG.models["gpt-6-luna"].surcharge
    models = {**CATALOG.models, "gpt-4.1": CATALOG.models["gpt-4.1"]._replace(surcharge=surcharge)}
    found = bill([MINI], catalog=CATALOG._replace(models=models))
    assert {each.variant.id for each in price_alternatives(found)} == {"gpt-6-luna", "gpt-4.1-mini", "gpt-4.1-nano"}


# Models that bill long requests and cache writes

LUNA = {"model": "gpt-6-luna", "input_tokens": 272_000, "output_tokens": 0}
LONG = {**LUNA, "input_tokens": 272_001}


def test_a_surcharge_is_on_the_requests_that_are_long_and_on_no_sum() -> None:
    assert bill([LUNA] * 2).total_usd == Decimal("0.0544")
    assert bill([LUNA, LONG]).total_usd == Decimal("0.0272") + Decimal("0.0544002")
    assert bill([{**LONG, "mode": "batch"}]).batch_saved_usd == Decimal("0.0272001")
    found = bill([{**LUNA, "input_tokens": 544_000, "requests": 2}])
    assert (found.total_usd, [each.finding.rule.id for each in found.issues]) == (Decimal("0.0544"), ["sum-of-long"])
    assert not found.issues[0].finding.message.endswith("although some must")
    (reason,) = bill([{**LUNA, "input_tokens": 544_001, "requests": 2}]).issues
    assert reason.finding.message.endswith("priced as if none had more than 272,000 input tokens, although some must have")


def test_cache_writes_cost_what_the_table_says_and_more_in_long_requests() -> None:
    assert bill([{**LUNA, "input_tokens": 200_000, "cache_write_tokens": 100_000}]).total_usd == Decimal(
        "0.0225"
    )  # 0.01 + 0.0125
    long = bill([{**LONG, "input_tokens": 300_000, "cache_write_tokens": 300_000}])
    assert (long.total_usd, long.issues) == (Decimal("0.075"), [])


def test_what_was_paid_to_write_is_not_a_saving_of_the_cache_and_is_halved_in_batch() -> None:
    written = {**LUNA, "input_tokens": 200_000, "cached_tokens": 10_000, "cache_write_tokens": 190_000}
    standard, batch = bill([written]), bill([{**written, "cached_tokens": 0, "cache_write_tokens": 200_000, "mode": "batch"}])
    assert standard.caching_saved_usd == standard.usage.input_tokens * Decimal("0.1") / 1_000_000 - standard.total_usd
    assert standard.caching_saved_usd == Decimal("0.0009") - Decimal("0.00475")
    assert (batch.total_usd, batch.batch_saved_usd) == (Decimal("0.0125"), Decimal("0.0125"))


def test_cache_writes_of_12_hours_have_a_price_of_their_own() -> None:
    written = {**LUNA, "input_tokens": 200_000, "cache_write_30m_tokens": 60_000, "cache_write_12h_tokens": 40_000}
    assert bill([written]).total_usd == Decimal("0.0275")  # 100,000 at 0.10, 60,000 at 0.125, 40,000 at 0.25 per million
    found = bill([{**written, "mode": "batch"}])
    (issue,) = found.issues
    assert (found.total_usd, issue.finding.rule.id) == (Decimal("0.01125"), "write-price")
    assert issue.finding.message.startswith("no price of cache writes for 12 hours is known for gpt-6-luna in batch")


def test_rejected_tokens_of_long_requests_pay_the_surcharge_too() -> None:
    found = bill([{**LONG, "output_tokens": 1_000, "rejected_prediction_tokens": 1_000}])
    (charge,) = found.charges.values()
    assert charge.bill.rejected_usd == charge.bill.output_usd == Decimal("0.00075")


def test_cache_writes_of_no_known_price_are_input_and_said() -> None:
    found = bill([{**MINI, "cache_write_tokens": 5}])
    assert (found.total_usd, [each.finding.rule.id for each in found.issues]) == (Decimal("0.56"), ["write-price"])


# Laws

COUNTS = st.integers(0, 10**7)
RECORDS = st.builds(
    lambda model, mode, day, input_tokens, share, output_tokens: {
        "model": model,
        "mode": mode,
        "day": day,
        "input_tokens": input_tokens,
        "cached_tokens": input_tokens * share // 100,
        "output_tokens": output_tokens,
    },
    st.sampled_from(["gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano"]),
    st.sampled_from(["standard", "batch", "priority"]),
    st.sampled_from(["2026-11-20", "2026-11-21", None]),
    COUNTS,
    st.integers(0, 100),
    COUNTS,
)


@given(st.lists(RECORDS, min_size=1, max_size=12), st.randoms())
def test_a_bill_is_the_sum_of_its_answers_in_any_order(records: list[dict[str, Any]], random: Any) -> None:
    whole = bill(records)
    shuffled = random.sample(records, len(records))
    again = bill(shuffled[:5], shuffled[5:])
    assert whole.total_usd == again.total_usd == sum(bill([each]).total_usd for each in records)
    assert whole.usage == again.usage == sum((each.usage for each in whole.charges.values()), Usage())
    assert (whole.caching_saved_usd, whole.batch_saved_usd) == (again.caching_saved_usd, again.batch_saved_usd)
    assert {(each.variant.id, each.mode): each.total_usd for each in price_alternatives(whole)} == {
        (each.variant.id, each.mode): each.total_usd for each in price_alternatives(again)
    }


@given(RECORDS)
def test_the_same_model_elsewhere_costs_what_was_paid(record: dict[str, Any]) -> None:
    found = bill([record])
    same = [
        each.total_usd for each in price_alternatives(found) if (each.variant.id, each.mode) == (record["model"], record["mode"])
    ]
    assert same == [found.total_usd] * (record["mode"] != "priority")


# Logs cut into files


def line(number: int, is_batch: bool, tokens: int) -> Body:
    body = {**COMPLETION, "id": f"chatcmpl-{number}", "usage": {"prompt_tokens": tokens, "completion_tokens": 3}}
    return batch_line(body, custom_id=f"n{number}") if is_batch else body


def sum_of(name: str, *tokens: int) -> Body:
    """A batch object of so many lines."""
    usage = {"input_tokens": sum(tokens), "output_tokens": 3 * len(tokens)}
    return {**BATCH, "id": name, "request_counts": {"completed": len(tokens)}, "usage": usage}


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 10**6)), min_size=1, max_size=12),
    st.lists(st.integers(0, 3), min_size=26, max_size=26),
    st.booleans(),
)
def test_logs_may_be_cut_into_files_in_any_way(kinds: list[tuple[bool, int]], where: list[int], is_twice: bool) -> None:
    """With the batch object of the lines that are of a batch, and with lines that are logged twice."""
    lines = [line(number, is_batch, tokens) for number, (is_batch, tokens) in enumerate(kinds)]
    whole = bill(lines)
    batched = [tokens for is_batch, tokens in kinds if is_batch]
    if batched:
        lines.append(sum_of("b1", *batched))
    files: list[list[Body]] = [[], [], [], []]
    for each, index in zip(lines * (1 + is_twice), where, strict=False):
        files[index].append(each)
    cut = bill(*files)
    assert (cut.total_usd, cut.usage, cut.charges.keys()) == (whole.total_usd, whole.usage, whole.charges.keys())


def test_of_several_batches_each_counts_once() -> None:
    first, second = [line(0, True, 100), line(1, True, 200)], [line(2, True, 400)]
    objects = [sum_of("b1", 100, 200), sum_of("b2", 400)]
    lines = bill(first, second)
    for logs in ([objects, first, second], [objects, first + second], [objects[1:], first, second], [[*objects, *first], second]):
        assert bill(*logs).total_usd == lines.total_usd
    # The lines of the one are in two files; of the other, there are none.
    found = bill([objects[0], sum_of("b3", 7000)], first[:1], first[1:])
    assert found.usage.input_tokens == 7300
    assert unpriced(found) == [("batch-twice", 1, "log1:1"), ("batch-unclear", 1, "log1:2")]


def test_the_lines_of_one_batch_stand_for_one_batch_object() -> None:
    def alike(name: str, model: str | None) -> Body:
        return {**sum_of(name, 1_000_000), "model": model}

    lines = [batch_line({**COMPLETION, "model": "gpt-4.1-mini", "usage": {"prompt_tokens": 1_000_000, "completion_tokens": 3}})]
    # 0.20 for the lines and 0.0000024 for their answers, and as much for a second batch of the same sum.
    found = bill([alike("b1", "gpt-4.1-mini"), alike("b2", "gpt-4.1-mini")], lines)
    assert found.total_usd == 2 * Decimal("0.2000024")
    assert unpriced(found) == [("batch-twice", 1, "log1:1"), ("batch-unclear", 1, "log1:2")]
    # Of two models, that of the lines is the one; where an object names none, what names it goes first.
    for first in ("gpt-4.1", None):
        found = bill([alike("b1", first), alike("b2", "gpt-4.1-mini-2025-04-14")], lines, model="gpt-4.1")
        assert found.total_usd == Decimal("0.2000024") + Decimal("1.000012")
        assert unpriced(found) == [("batch-twice", 1, "log1:2"), ("batch-unclear", 1, "log1:1")]
    # By another model than the lines, it is another batch.
    found = bill([alike("b1", "gpt-4.1")], lines)
    assert found.total_usd == Decimal("0.2000024") + Decimal("1.000012")


def test_a_second_currency_is_doubted_and_changes_no_price() -> None:
    found = bill([{**MINI, "currency": currency} for currency in ("USD", None, "usd", "EUR <b>", "EUR")])
    assert found.total_usd == 5 * Decimal("0.56")
    doubt = 'an answer in another currency ({} after "USD") is priced in dollars all the same'
    assert {(each.finding.rule.id, each.finding.message, each.first.label) for each in found.issues} == {
        ("answer-unclear", doubt.format("text"), "log1:4"),
        ("answer-unclear", doubt.format('"EUR"'), "log1:5"),
    }


# The command


def test_a_bad_line_fails_the_run_unless_it_is_to_be_left_out_and_the_rest_is_priced(run: Run, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(json.dumps(MINI) + "\n" + json.dumps({**MINI, "output_tokens": -1}) + "\n")
    where = f"{log}:2: output_tokens: expected a whole number from 0 to 999,999,999,999,999, found the number -1"
    for options, code in (((), 1), (("--fail-on", "never"), 0), (("--skip-invalid",), 0)):
        done = run("reconcile", str(log), "--as-of", "2026-11-26", *options)
        assert (done.code, done.err) == (code, "")
        assert done.out.startswith("at least $0.56 for 1 answer; 1 more not priced; after ")
        assert where in done.out
        bare = run("reconcile", str(log), "-q", *options)
        assert (bare.code, bare.out, bare.err) == (code, "0.56\n", f"gpt41: left out {where}\n")
    log.write_text(json.dumps({**MINI, "output_tokens": -1}))
    for options in ((), ("--skip-invalid",)):
        done = run("reconcile", str(log), *options)
        assert (done.code, done.out, done.err) == (
            2,
            "",
            f"gpt41: {where.replace(':2:', ':1:')}\ngpt41: 1 of 1 answer cannot be read\n",
        )


def test_what_is_not_priced_fails_a_run_unless_it_may_be_left_out(run: Run) -> None:
    logs = str(ROOT / "tests/logs")
    assert run("reconcile", logs, "-q").code == 1
    assert run("reconcile", logs, "-q", "--skip-invalid").code == 0
    assert run("reconcile", logs, "-q", "--skip-invalid", "--fail-on", "warning").code == 1
    assert run("reconcile", "-", "-q", stdin='{"prompt_tokens": 5}').err == (
        "gpt41: 1 not priced (5 input and 0 output tokens): expected a model in the answer or --model, found none "
        "(standard input:1)\n"
    )


def test_names_of_a_log_cannot_dress_up_what_is_printed(run: Run) -> None:
    evil = {**MINI, "model": "[red]x[/]\x1b[31m|<b>::error::"}
    for output_format in ("text", "markdown", "github"):
        out = run("reconcile", "-", "--format", output_format, stdin=json.dumps(MINI) + "\n" + json.dumps(evil)).out
        assert "\x1b" not in out
        assert "\n::error::" not in out.replace("\n::error file", "")
        assert output_format != "text" or "[red]x[/]" in out


def test_more_reasons_of_a_rule_than_a_screen_holds_are_summed(run: Run) -> None:
    log = "".join(json.dumps({**MINI, "model": f"m{n}"}) + "\n" for n in range(8)) + json.dumps(MINI)
    out = run("reconcile", "-", stdin=log).out
    assert out.count("is not in") == 5
    assert "3 more for reasons like these [unknown-model]" in out


def test_a_log_of_unknown_models_alone_is_shown_what_can_be_bought() -> None:
    """What replaces the family comes first; a long answer pays its surcharge."""
    unknown = {**MINI, "model": "m1", "input_tokens": 300_000}
    found = price_alternatives(bill([unknown], as_of=date(2026, 11, 23)))
    assert [(each.variant.id, each.mode, each.total_usd) for each in found] == [
        ("gpt-6-luna", "batch", Decimal("0.0675")),  # (300,000 * 0.05 * 2 + 100,000 * 0.25 * 1.5) / 1,000,000
        ("gpt-6-luna", "standard", Decimal("0.135")),
        ("gpt-5.6-luna", "batch", Decimal("0.15")),
        ("gpt-5.6-luna", "standard", Decimal("0.30")),
        ("gpt-4.1-mini", "batch", Decimal("0.14")),
        ("gpt-4.1-mini", "standard", Decimal("0.28")),
        ("gpt-4.1", "batch", Decimal("0.70")),
        ("gpt-4.1", "standard", Decimal("1.40")),
    ]
    early = price_alternatives(bill([unknown], as_of=date(2026, 6, 1)))
    assert [each.variant.id for each in early][::2] == ["gpt-4.1-nano", "gpt-4.1-mini", "gpt-4.1"]
    both = price_alternatives(bill([unknown, MINI], as_of=date(2026, 11, 23)))
    assert [each.variant.id for each in both][::2] == ["gpt-6-luna", "gpt-4.1-nano", "gpt-4.1-mini", "gpt-4.1"]
    assert both[0].total_usd - found[0].total_usd == Decimal("0.137501125")  # (1M * 0.05 * 2 + 100,003 * 0.25 * 1.5) / 1M


def test_a_replacement_that_reasons_has_a_range() -> None:
    """From neither writes nor reasoning, to all writes and the 28 reasoning tokens of 9 in 10 recorded answers."""
    usage = {"input_tokens": 10_000, "cached_tokens": 4_000, "output_tokens": 100}
    luna = price_alternatives(bill([{**MINI, **usage}], as_of=date(2026, 11, 23)))[1]
    low = (6_000 * Decimal("0.1") + 4_000 * Decimal("0.01") + 103 * Decimal("0.5")) / 1_000_000
    assert (luna.mode, luna.total_usd) == ("standard", low)
    assert luna.high_usd - low == (6_000 * Decimal("0.025") + 28 * Decimal("0.5")) / 1_000_000
    table = make_report(bill([{**MINI, **usage}], as_of=date(2026, 11, 23))).tables[-1]
    assert table.rows[1].cells == (
        "gpt-6-luna",
        "standard",
        "$0.0006915 to $0.0008555",
        "1711/29600",
        "23 % to 29 % of what was paid",
    )
    prices = (
        "the lower price is without reasoning and cache writes, the higher one with all cache writes and 28 reasoning tokens per"
    )
    recorded = "which 9 in 10 recorded answers of gpt-5.6-luna at effort low don't exceed [successor-recordings 2026-08]"
    notes = make_report(bill([{**MINI, **usage}], as_of=date(2026, 11, 23))).notes
    assert notes[-1] == f"gpt-6-luna: {prices} answer, {recorded}."


def test_a_model_that_ends_is_a_warning() -> None:
    report = make_report(bill([MINI], as_of=date(2026, 11, 23)))
    assert [(each.rule.id, each.message) for each in report.findings] == [
        ("model-retires", "gpt-4.1-mini ends in 52 days (2027-01-14); its official replacement is gpt-6-luna")
    ]
    assert list(report.mentioned) == list(report.findings)
    gone = make_report(bill([MINI], as_of=date(2027, 1, 14)))
    assert [each.text for each in gone.lines if each.label == "next"] == [
        "gpt-6-luna comes after gpt-4.1-mini, which ended on 2027-01-14: gpt41 migrate with the same logs says what it costs"
    ]
    assert not make_report(bill([MINI], as_of=date(2026, 1, 1))).findings


def test_memory_does_not_grow_with_a_log(tmp_path: Path) -> None:
    """Answers without ids leave nothing behind but their group."""

    def peak(lines: int) -> int:
        log = tmp_path / "log.jsonl"
        log.write_text((json.dumps({**MINI, "output": "x" * 20_000}) + "\n") * lines)
        tracemalloc.start()
        found = reconcile_logs(LogReader([InputSource("log", lambda: log.open("rb"))]).read(), CONDITIONS)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert found.usage.requests == lines
        return most

    # 5 MB in both; 220 bytes that each answer left behind would be seen. Caches of fixed size that fill first take less.
    assert peak(900) < peak(300) + 130_000


FAST: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_795_000_000,
    "model": "gpt-4.1-2025-04-14",
    "service_tier": "priority",
    "choices": [],
    "usage": {
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "total_tokens": 1100,
        "prompt_tokens_details": {"cached_tokens": 512},
    },
}
COPY = {"prompt_tokens": 1000, "completion_tokens": 100}


@pytest.mark.parametrize(
    "record",
    [
        {"usage": COPY, "model": "gpt-4.1", "response": FAST},
        {**COPY, "model": "gpt-4.1", "result": {"body": FAST}},
        {**COPY, "response": FAST},
        {**COPY, "service_tier": "priority", "response": {**FAST, "service_tier": "default"}},
    ],
)
def test_an_answer_is_priced_as_it_is_not_as_the_copy_that_a_log_makes_of_its_figures(record: dict[str, Any]) -> None:
    found = bill([record])
    assert (found.total_usd, found.issues) == (Decimal("0.003556"), [])
    assert list(found.charges) == [("gpt-4.1", "priority", date(2026, 11, 18))]
    both = bill([FAST, {"usage": COPY, "model": "gpt-4.1", "response": FAST}])
    assert (both.total_usd, unpriced(both)) == (Decimal("0.003556"), [("answer-twice", 1, "log1:2")])


def test_a_copy_with_other_figures_is_doubted_and_a_batch_line_stays_one() -> None:
    (reason,) = bill([{**COPY, "prompt_tokens": 999, "response": FAST}]).issues
    assert (reason.finding.rule.id, reason.finding.message) == (
        "answer-unclear",
        "an answer in a record that gives other figures for it: its own are priced",
    )
    line = {"custom_id": "a", "usage": COPY, "response": {"status_code": 200, "body": {**FAST, "service_tier": None}}}
    assert bill([line]).total_usd == Decimal("0.0014")


def test_every_answer_of_a_record_is_priced() -> None:
    found = bill([{"response": FAST, "retry_response": {**FAST, "id": "chatcmpl-2"}, "usage_note": {"usage": COPY}}])
    assert (found.usage.requests, found.total_usd) == (2, Decimal("0.007112"))


def test_answers_wrapped_ever_deeper_are_read_to_a_depth() -> None:
    record: dict[str, Any] = {**COPY, "model": "gpt-4.1", "response": {}}
    for _ in range(100):
        record = {"response": record}
    with pytest.raises(InputError, match='found none among "response"$'):
        bill([record])
    within: dict[str, Any] = {**COPY, "model": "gpt-4.1"}
    for _ in range(100):
        within = {**COPY, "model": "gpt-4.1", "response": {"no": "usage", "response": {"response": within}}}
    assert bill([within]).usage.requests == 1


def test_what_searches_do_to_a_comparison_is_said() -> None:
    notes = make_report(bill([searched("gpt-4.1", "web_search")])).notes
    assert "gpt-4.1-nano is not among the same tokens on other models: it does not have web-search." in notes
    assert any(note.startswith("gpt-4.1-mini bills 8,000 input tokens for a web search, whatever it finds [") for note in notes)
    assert not any("elsewhere" in note for note in make_report(bill([searched("gpt-4.1")])).notes)


def test_names_of_gateways_and_whole_numbers_of_tables_are_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("model,input_tokens,output_tokens\nopenai/gpt-4.1,1000.0,100\ngpt-4.1,1000,100.00\n")
    (tmp_path / "log.json").write_text(
        '{"model": "openai/gpt-4.1", "usage": {"prompt_tokens": 1000.0, "completion_tokens": 1e2}}'
    )
    assert run("reconcile", "log.csv", "log.json", "--as-of", str(TODAY), "-q").out == "0.0084\n"


def test_an_answer_from_before_the_first_known_price_is_at_that_price_with_a_warning() -> None:
    """Between the release of a model and the first row of the table the price was not looked up, but there was one."""
    model = CATALOG.models["gpt-4.1-mini"]
    standard = tuple(row._replace(effective_from=date(2026, 11, 10)) for row in model.rates["openai"]["standard"])
    rates = {"openai": {**model.rates["openai"], "standard": standard}}
    catalog = CATALOG._replace(models={**CATALOG.models, model.id: model._replace(rates=rates)})
    found = bill([{**MINI, "day": "2026-11-09"}], catalog=catalog)
    assert found.total_usd == Decimal("0.56")
    (issue,) = found.issues
    assert issue.finding.message == (
        "an answer of gpt-4.1-mini from before its first known price in standard is priced at that one, from 2026-11-10"
    )


def test_deployments_and_labels_are_translated(run: Run, tmp_path: Path) -> None:
    """`--model NAME=MODEL` may be given several times, next to the model of answers that name none."""
    (tmp_path / "log.csv").write_text("model,input_tokens,output_tokens\nprod,1000000,0\nmail,1000000,0\n,1000000,0\n")
    given = ("--model", "prod=gpt-4.1-mini", "--model", "mail=openai/gpt-4.1", "--model", "gpt-4.1-mini")
    done = run("reconcile", "log.csv", *given)
    assert (done.code, done.out.partition(";")[0]) == (0, "$2.80 for 3 answers")
    assert "Counted as gpt-4.1: mail." in done.out
    assert "Counted as gpt-4.1-mini: prod." in done.out


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("gpt-4.1", "gpt-4.1-mini"), "--model: expected one model, and NAME=MODEL for other names"),
        (("=gpt-4.1",), "--model: expected NAME=MODEL, each name once"),
        (("a=gpt-4.1", "a=gpt-4.1-mini"), "--model: expected NAME=MODEL, each name once"),
        (("a=gpt-9",), "unknown model "),
    ],
)
def test_models_that_contradict_each_other_are_refused(run: Run, given: tuple[str, ...], message: str) -> None:
    done = run("reconcile", "-", *(option for each in given for option in ("--model", each)), stdin='{"input_tokens": 1}')
    assert done.code == 2
    assert done.err.startswith(f"gpt41: {message}")


def test_the_requests_of_a_sum_without_a_price_are_counted() -> None:
    """A row of an export stands for many requests."""
    found = bill(
        [MINI, {**MINI, "model": "gpt-9", "num_model_requests": 21}, {**MINI, "model": "gpt-8", "num_model_requests": 8}]
    )
    report = make_report(found)
    assert "; 29 more not priced (2,000,000 input and 200,000 output tokens); after " in report.headline
    messages = [finding.message for finding in report.findings]
    assert '21 not priced (1,000,000 input and 100,000 output tokens): "gpt-9" is not in pricing.yaml (first log1:2)' in messages
    assert {finding.level.label for finding in report.unmentioned_findings} == {"error"}
    assert {finding.level.label for finding in make_report(found, skips_invalid=True).findings} == {"warning"}
