"""Predicted against billed: requests are paired by their custom_id and never by a guess, and every figure is exact."""

from __future__ import annotations

import base64
import io
import json
from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli import rules
from gpt41_cli.answers.answers import Answer
from gpt41_cli.answers.logs import Located, Withdrawal
from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.reconcile.answer_lengths import AnswerLengths
from gpt41_cli.commands.reconcile.attribution import find_owners
from gpt41_cli.commands.reconcile.bill import Reconciliation, reconcile_logs
from gpt41_cli.commands.reconcile.charge import AnswerPricer, BillingContext
from gpt41_cli.commands.reconcile.observed import ObservedAnswers
from gpt41_cli.commands.reconcile.prediction.drift import (
    INPUT_TOKENS,
    USD,
    PartsComparison,
    PredictionComparison,
    ToleranceFigure,
    check_prediction,
    compare_parts,
    compare_prediction,
)
from gpt41_cli.commands.reconcile.prediction.forecasts import (
    AnswerTerms,
    Forecasts,
    PredictedPart,
    SentRequestMeter,
    count_requests,
    read_estimate,
)
from gpt41_cli.commands.reconcile.prediction.match import (
    BilledRequest,
    CustomIdLedger,
    Drift,
    RequestForecast,
    find_median_error,
    match_requests,
)
from gpt41_cli.commands.reconcile.spending.groups import GroupSum
from gpt41_cli.config.load import parse_config
from gpt41_cli.config.roots import open_working_tree
from gpt41_cli.errors import InputError
from gpt41_cli.files.places import RejectedRequest
from gpt41_cli.files.sources import InputSource
from gpt41_cli.findings import Finding, Place
from gpt41_cli.pricing import Usage
from gpt41_cli.rules import Level
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.work.stream import ReadingOptions
from gpt41_cli.work.workload import ModelAndMode
from gpt41_cli.workloads.saved import CHECK_SCHEMA, SavedReport, dump_saved_report
from tests.builders import CATALOG, costing, market, png, seal

HERE = Place("here")
IDS = st.lists(st.sampled_from([None, "a", "b", "c", "d"]))


def forecast(input_tokens: int, *, is_exact: bool = True, output: int | None = None, usd: str | None = None) -> RequestForecast:
    return RequestForecast(HERE, input_tokens, is_exact, output, None if usd is None else Decimal(usd))


def answer(input_tokens: int, output_tokens: int = 0, usd: str | None = None) -> BilledRequest:
    return BilledRequest(HERE, "gpt-4.1", input_tokens, output_tokens, None if usd is None else Decimal(usd))


def ledger(*entries: tuple[str | None, Any]) -> CustomIdLedger[Any]:
    found: CustomIdLedger[Any] = CustomIdLedger()
    for custom_id, entry in entries:
        found.add(custom_id, entry)
    return found


@given(IDS, IDS)
def test_every_prediction_and_every_answer_is_paired_or_listed(
    asked: Sequence[str | None], answered: Sequence[str | None]
) -> None:
    found = match_requests(ledger(*((each, forecast(1)) for each in asked)), ledger(*((each, answer(1)) for each in answered)))
    paired = {pair.custom_id for pair in found.pairs}
    assert paired == {each for each in asked if each and asked.count(each) == answered.count(each) == 1}
    assert found.without_id == (asked.count(None), answered.count(None))
    repeated = {each for each in {*asked, *answered} if each and max(asked.count(each), answered.count(each)) > 1}
    assert {*found.repeated_requests.examples, *found.repeated_answers.examples} == repeated
    assert set(found.unanswered.examples) == {*filter(None, asked)} - {*answered} - repeated
    assert set(found.unpredicted.examples) == {*filter(None, answered)} - {*asked} - repeated


def test_the_requests_that_differ_come_first_and_the_drift_is_exact() -> None:
    found = match_requests(
        ledger(
            ("a", forecast(10, output=5, usd="0.5")),
            ("b", forecast(100, is_exact=False)),
            ("c", forecast(1000, output=10, usd="2")),
            ("d", forecast(7, usd="9")),
            ("e", forecast(1)),
        ),
        ledger(
            ("a", answer(10, 4, "0.4")),
            ("b", answer(90, 1, "1")),
            ("c", answer(1003, 9, "2.5")),
            ("d", answer(7)),
            ("e", answer(0)),
        ),
    )
    assert [(pair.custom_id, pair.error_tokens, pair.error_share) for pair in found.differing] == [
        ("b", -10, Fraction(-1, 9)),
        ("c", 3, Fraction(3, 1003)),
        ("e", -1, None),
    ]
    assert [pair.custom_id for pair in found.confirmed] == ["c", "e", "a", "d"]
    assert found.drifts.input_tokens == Drift(5, Fraction(1118), Fraction(1110))
    assert found.drifts.output_tokens == Drift(2, Fraction(15), Fraction(13))
    assert found.drifts.total_usd == Drift(2, Fraction(5, 2), Fraction("2.9"))
    assert (find_median_error(found.pairs), find_median_error(found.differing), find_median_error(found.pairs[:2])) == (1, 3, 3)


@pytest.mark.parametrize(
    ("predicted", "billed", "share", "is_beyond"),
    [(100, 105, Fraction(1, 20), False), (100, 94, Fraction(-6, 100), True), (0, 0, Fraction(0), False), (0, 1, None, True)],
)
def test_a_drift_counts_in_both_directions(predicted: int, billed: int, share: Fraction | None, is_beyond: bool) -> None:
    drift = Drift(1, Fraction(predicted), Fraction(billed))
    assert (drift.share, drift.is_beyond(Decimal("0.05"))) == (share, is_beyond)


def line(custom_id: str | None, content: str = "one two", **body: Any) -> bytes:
    sent = {"model": "gpt-4.1", "messages": [{"role": "user", "content": content}], **body}
    whole = {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": sent}
    return json.dumps(sent if custom_id is None else whole).encode() + b"\n"


def source(*lines: bytes) -> InputSource:
    return InputSource("sent.jsonl", lambda: io.BytesIO(b"".join(lines)))


def test_requests_are_counted_for_the_model_that_answered(catalog: Catalog) -> None:
    url = "data:image/png;base64," + base64.b64encode(png(64, 64)).decode()
    messages = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]
    asked, answered = "gpt-4.1", "gpt-4o-mini"  # their pictures cost 255 and 8,500 tokens
    lines = [line(each, model=asked, messages=messages) for each in ("a", "b", "c")]
    meter = SentRequestMeter(Meter(catalog), {"b": AnswerTerms(answered), "c": AnswerTerms("unknown")})
    found = count_requests([source(*lines)], ReadingOptions(), meter).requests.by_id
    assert found["b"].input_tokens > found["a"].input_tokens == found["c"].input_tokens
    assert found["b"].place == Place("sent.jsonl", 2, position=1)


def test_requests_state_the_most_that_they_allow(catalog: Catalog) -> None:
    lines = [line("a", max_tokens=5, n=3), line("b"), line(None), b"{}\n"]
    found = count_requests([source(*lines)], ReadingOptions(), SentRequestMeter(Meter(catalog), {}))
    assert [each.output_tokens for each in found.requests.by_id.values()] == [15, None]
    assert (found.requests.without_id, found.rejects.count, found.rejects.examples[0].place.label) == (1, 1, "sent.jsonl:4")


def test_a_file_of_no_requests_is_refused(catalog: Catalog) -> None:
    with pytest.raises(InputError, match=r"sent\.jsonl: expected the requests that were sent, found none"):
        count_requests([source(b"hello")], ReadingOptions(), SentRequestMeter(Meter(catalog), {}))


RECORD = {"custom_id": "a", "index": 0, "path": "x", "line": 1, "input_tokens": 9, "exact": True}
BILL = {"output_tokens": 3, "total_usd": "0.25"}


def estimate(value: Any) -> Forecasts:
    data = value if isinstance(value, bytes) else json.dumps(value, indent=1).encode()
    return read_estimate(io.BytesIO(data), "saved.json", CATALOG)


def test_saved_answers_are_read_back_request_by_request() -> None:
    counted = {"schema": "gpt41.entries/1", "entries": [RECORD, {"path": "x", "error": "no"}, {**RECORD, "custom_id": None}]}
    found = estimate(counted)
    assert found.requests.by_id == {"a": RequestForecast(Place("saved.json", position=0), 9, is_exact=True)}
    assert found.requests.without_id == 1
    priced = estimate({"schema": "gpt41.priced/1", "is_ceiling": True, "requests": [{**RECORD, **BILL, "ceiling": True}]})
    assert priced.requests.by_id == {"a": RequestForecast(Place("saved.json", position=0), 9, True, 3, Decimal("0.25"))}
    assert priced.is_ceiling
    assert estimate(json.dumps({**RECORD, **BILL, "ceiling": True}).encode()).is_ceiling
    lines = estimate(b"\n".join(json.dumps(each).encode() for each in ({**RECORD, **BILL}, {**RECORD, "custom_id": "b"})))
    assert lines.requests.by_id == {
        "a": RequestForecast(Place("saved.json", 1, position=0), 9, True, 3, Decimal("0.25")),
        "b": RequestForecast(Place("saved.json", 2, position=1), 9, is_exact=True),
    }


def test_saved_answers_are_read_back_part_by_part() -> None:
    usage = {"requests": 2, "input_tokens": 9, "cached_tokens": 1, "output_tokens": 5}
    quote = {"model": "gpt-4.1", "mode": "batch", "usage": usage, "total_usd": "0.5"}
    part = PredictedPart(None, "gpt-4.1", "batch", 2, 9, 5, Decimal("0.5"))
    found = estimate({"schema": "gpt41.cost/1", "is_ceiling": True, "quotes": [quote]})
    assert (found.parts, found.is_ceiling) == ((part,), True)
    workload = costing(name="a")
    saved = seal({"schema": CHECK_SCHEMA, **dump_saved_report(SavedReport(date(2026, 11, 23), {"a": workload}))})
    (checked,) = estimate(saved).parts
    assert checked == PredictedPart(
        "a",
        workload.model,
        workload.mode,
        workload.requests,
        workload.input_tokens,
        workload.output_tokens.expected,
        workload.expected_usd,
    )


SCHEMAS = "gpt41.entries/1, gpt41.priced/1, gpt41.cost/1, gpt41.check/2"
HINT = "; gpt41 cost, cost --each, count --each or check with --format json prints one"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "saved.json: expected JSON, found nothing"),
        (b"[]", "saved.json: the answer: expected an object, found a list"),
        (
            {"schema": "gpt41.plan/1"},
            f'saved.json: schema: expected one of {SCHEMAS}, found "gpt41.plan/1"',
        ),
        ({"schema": "ghp_key"}, f"saved.json: schema: expected one of {SCHEMAS}, found another"),
        ({"schema": "gpt41.cost/1", "quotes": [{}]}, "saved.json: quotes[0].usage: expected an object, found nothing"),
        (
            {"schema": "gpt41.entries/1", "entries": [{"path": "x"}]},
            "saved.json[0]: input_tokens: expected a whole number, 0 or more, found nothing",
        ),
        (
            b'{"path": "x", "input_tokens": 1}\n{"path": "x", "input_tokens": 1.5}',
            "saved.json:2: input_tokens: expected a whole number, 0 or more, found the number 1.5",
        ),
        (b'{"name": "a", "model": "gpt-4.1"}', "saved.json:1: expected the record of a request, found another"),
        (b'{"path": "x", "input_tokens": 1}\n[]', "saved.json:2: the record: expected an object, found a list"),
    ],
)
def test_what_is_not_a_saved_answer_says_where(data: Any, message: str) -> None:
    with pytest.raises(InputError) as caught:
        estimate(data)
    assert str(caught.value) == message + HINT


def part(name: str | None, model: str, usd: str = "4") -> PredictedPart:
    return PredictedPart(name, model, "standard", 2, 100, 10, Decimal(usd))


SPENT = GroupSum(Usage(3, 160, 0, 9), Decimal(5))


def test_parts_are_compared_for_as_many_requests_as_were_billed() -> None:
    found = compare_parts(
        [part(None, "a"), part(None, "b"), part("x", "c"), part("y", "c")],
        {},
        {ModelAndMode("a", "standard"): SPENT, ModelAndMode("a", "batch"): SPENT, ModelAndMode("c", "standard"): SPENT},
    )
    (drift,) = found.drifts
    assert (drift.part, drift.requests) == (part(None, "a"), 3)
    assert drift.drifts.input_tokens == Drift(3, Fraction(150), Fraction(160))
    assert drift.drifts.output_tokens == Drift(3, Fraction(15), Fraction(9))
    assert drift.drifts.total_usd == Drift(3, Fraction(6), Fraction(5))
    assert (found.unbilled, found.unclear) == ((part(None, "b"),), (part("x", "c"), part("y", "c")))
    assert found.unpredicted == {"a in batch": 3}


def test_workloads_of_one_model_are_kept_apart_where_answers_are_known_by_workload() -> None:
    found = compare_parts([part("x", "c"), part("y", "c")], {"x": SPENT, "z": SPENT}, {ModelAndMode("c", "batch"): SPENT})
    assert [each.part.name for each in found.drifts] == ["x"]
    assert (found.unbilled, found.unclear, found.unpredicted) == ((part("y", "c"),), (), {"z": 3})


def test_a_tolerance_holds_dollars_where_they_were_predicted_of_expected_answers() -> None:
    nothing: CustomIdLedger[Any] = CustomIdLedger()
    parts = compare_parts([part(None, "a")], {}, {ModelAndMode("a", "standard"): SPENT})
    unpaired = match_requests(nothing, nothing)
    assert PredictionComparison(unpaired, parts, False).tolerance_figure == ToleranceFigure(USD, parts.drifts[0].drifts.total_usd)
    assert PredictionComparison(unpaired, parts, True).tolerance_figure == ToleranceFigure(
        INPUT_TOKENS, parts.drifts[0].drifts.input_tokens
    )
    priced = match_requests(ledger(("a", forecast(1, usd="2"))), ledger(("a", answer(3, usd="2"))))
    counted = match_requests(ledger(("a", forecast(1))), ledger(("a", answer(3, usd="2"))))
    assert PredictionComparison(priced, PartsComparison(), False).tolerance_figure == ToleranceFigure(
        USD, Drift(1, Fraction(2), Fraction(2))
    )
    assert PredictionComparison(counted, PartsComparison(), False).tolerance_figure == ToleranceFigure(
        INPUT_TOKENS, Drift(1, Fraction(1), Fraction(3))
    )


@pytest.mark.parametrize(
    ("predicted", "billed", "message"),
    [
        (100, 105, None),
        (100, 95, None),
        (1000, 1051, "input tokens: 5.1 % more than predicted, more than the 5 % tolerated"),
        (1000, 0, "input tokens: 100 % less than predicted, more than the 5 % tolerated"),
        (0, 1, "input tokens: something was billed where nothing was predicted, more than the 5 % tolerated"),
        (None, 1, "nothing that was billed can be compared, so no tolerance can be checked"),
    ],
)
def test_a_drift_beyond_what_is_tolerated_is_an_error(predicted: int | None, billed: int, message: str | None) -> None:
    asked = ledger() if predicted is None else ledger(("a", forecast(predicted)))
    found = match_requests(asked, ledger(("a", answer(billed))))
    findings = [
        each
        for each in check_prediction(PredictionComparison(found, PartsComparison(), False, Decimal("0.05")))
        if each.rule.id == "drift"
    ]
    assert [(each.level, each.message, each.allowed) for each in findings] == ([(Level.ERROR, message, "5 %")] if message else [])
    assert not [
        each for each in check_prediction(PredictionComparison(found, PartsComparison(), False)) if each.rule.id == "drift"
    ]


def test_what_was_billed_and_not_predicted_is_beyond_a_tolerance() -> None:
    found = match_requests(ledger(("a", forecast(100, usd="1"))), ledger(("a", answer(100, usd="1"))))
    compared = PredictionComparison(
        found, PartsComparison(), False, Decimal("0.05"), billed_tokens=Fraction(900), billed_usd=Fraction("1.05")
    )
    assert [each for each in check_prediction(compared) if each.rule.id == "drift"] == []
    (finding,) = (each for each in check_prediction(compared._replace(billed_usd=Fraction("1.06"))) if each.rule.id == "drift")
    assert (finding.level, finding.message) == (
        Level.ERROR,
        "$0.06 of the bill could not be compared (6 % of what was predicted), more than the 5 % tolerated",
    )
    counted = compared._replace(matched=match_requests(ledger(("a", forecast(100))), ledger(("a", answer(100)))))
    (finding,) = (each for each in check_prediction(counted) if each.rule.id == "drift")
    assert finding.message.startswith("800 input tokens of the bill could not be compared (800 % of what was predicted)")


def test_no_drift_at_all_may_be_tolerated() -> None:
    found = match_requests(ledger(("a", forecast(1000))), ledger(("a", answer(1001))))
    (finding,) = (
        each
        for each in check_prediction(PredictionComparison(found, PartsComparison(), False, Decimal(0)))
        if each.rule.id == "drift"
    )
    assert finding.message == "input tokens: 0.1 % more than predicted, more than the 0 % tolerated"
    assert finding.allowed == "0 %"


@pytest.mark.parametrize(
    ("tolerance", "level", "message"),
    [
        (None, Level.WARNING, ""),
        (
            "0.05",
            Level.ERROR,
            ", more than the 5 % tolerated",
        ),
        ("0.2", None, None),
    ],
)
def test_more_than_the_most_that_was_predicted_is_found(tolerance: str | None, level: Level | None, message: str | None) -> None:
    asked = ledger(("a", forecast(9, output=10)))
    found = match_requests(asked, ledger(("a", answer(9)._replace(output_tokens=12))))
    held = None if tolerance is None else Decimal(tolerance)
    findings = [
        each for each in check_prediction(PredictionComparison(found, PartsComparison(), True, held)) if each.rule.id == "drift"
    ]
    more = f"output tokens: 20 % more billed than the most that was predicted{message}"
    assert [(each.level, each.message) for each in findings] == ([(level, more)] if level else [])


APART = "--config with requests, or --workload, tells them apart"


def test_what_cannot_be_compared_is_named() -> None:
    asked = ledger(
        ("a", forecast(1)), ("b", forecast(1)), ("b", forecast(1)), (None, forecast(1)), *((c, forecast(1)) for c in "wxyz")
    )
    answered = ledger(("a", answer(1)), ("c", answer(1)), ("c", answer(1)), (None, answer(1)), ("\x1b[1m", answer(1)))
    parts = PartsComparison((), (part("x", "d"),), (part(None, "e"),), {"f in batch": 2})
    found = list(check_prediction(PredictionComparison(match_requests(asked, answered), parts, False)))
    assert [(each.rule.id, each.level.label, each.message) for each in found] == [
        ("custom-id-twice", "warning", "not compared: 1 custom_id for more than one request: b"),
        ("custom-id-twice", "warning", "not compared: 1 custom_id for more than one answer: c"),
        ("custom-id-unknown", "notice", "not compared: 4 requests without an answer: w, x, y, ..."),
        ("custom-id-unknown", "notice", "not compared: 1 answer without a request: \\x1b[1m"),
        ("custom-id-missing", "notice", "not compared: 1 request without a custom_id"),
        ("custom-id-missing", "notice", "not compared: 1 answer without a custom_id"),
        (
            "not-compared",
            "warning",
            f"not compared: e in standard, as several workloads are of that model and mode; {APART}",
        ),
        ("not-compared", "notice", "not compared: x, d in standard, for which nothing was billed"),
        ("not-compared", "notice", "not compared: 2 answers of f in batch, for which nothing was predicted"),
    ]


CONFIG = """
version: 1
defaults: {model: gpt-4.1}
workloads:
  first: {requests: first.jsonl}
  second: {requests: [second.jsonl, note.txt]}
  third: {input_tokens: 5, output_tokens: 5, model: gpt-4.1-mini}
  fourth: {requests: fourth.jsonl, mode: priority, model: gpt-4.1-2025-04-14}
  folder: {requests: folder, model: gpt-4.1-mini, mode: priority}
"""


def test_an_answer_belongs_to_the_workload_that_sent_its_id_else_to_the_only_one_of_its_model(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for name, data in {
        "first.jsonl": line("1") + line("both"),
        "second.jsonl": line("2") + line("both") + line("4") + b"{}\n",
        "note.txt": b"hello",
        "fourth.jsonl": line(None, model=None) + line("4"),
        "folder/a.bin": b"\0",
        "folder/b.txt": b"hello",
    }.items():
        (tmp_path / name).write_bytes(data)
    found = find_owners(
        parse_config(CONFIG.encode(), "gpt41.yaml", catalog), open_working_tree(Path("gpt41.yaml")).find_files, catalog
    )
    batch, standard, priority = (ModelAndMode("gpt-4.1", mode) for mode in ("batch", "standard", "priority"))
    assert found.find_workloads("1", batch) == {"first"}
    assert found.find_workloads("both", batch) == {"first", "second"}
    assert found.find_workloads("4", batch) == {"second"}
    assert found.find_workloads("4", priority) == {"fourth"}
    assert found.find_workloads("2", ModelAndMode("unknown", "standard")) == {"second"}
    assert found.find_workloads("other", batch) == {"first", "second"}
    assert found.find_workloads(None, standard) == {"second"}
    assert found.find_workloads(None, ModelAndMode("gpt-4.1-mini", "standard")) == {"third"}
    assert found.find_workloads(None, ModelAndMode("gpt-4.1-mini", "priority")) == {"folder"}
    assert found.find_workloads(None, ModelAndMode("unknown", "standard")) == frozenset()


CONDITIONS = BillingContext(market(CATALOG, "openai", date(2026, 11, 26)))


def watched(past: ObservedAnswers, *answers: Answer) -> Reconciliation:
    """The bill of some answers, which pass by."""
    found = [Located(Place("log", index + 1, position=index), each) for index, each in enumerate(answers)]
    unbilled = Located(Place("log"), Finding(rules.ANSWER_FAILED, "the request failed"))
    return reconcile_logs(past.observe([RejectedRequest(Place("log"), "no"), *found, unbilled]), CONDITIONS)


def test_answers_are_looked_at_as_they_pass_by() -> None:
    whose = {"1": {"a"}, "2": {"a"}, "3": {"b", "a"}, "4": {"a"}, "6": {"a"}}
    past = ObservedAnswers(AnswerPricer(CONDITIONS), lambda custom_id, group: whose.get(custom_id or "", ()), keeps_answers=True)
    usage = Usage(1, 1_000_000, 0, 10)
    watched(
        past,
        Answer(usage, custom_id="1", model="gpt-4.1"),
        Answer(usage, custom_id="2", model="no-such-model", is_cut_off=True),
        Answer(usage, custom_id="3", model="gpt-4.1"),
        Answer(usage * 4, custom_id="4", model="gpt-4.1"),
        Answer(usage, model="gpt-4.1"),
        Answer(usage * 9, model="gpt-4.1", mode="batch", is_batch_total=True),
    )
    price = CONDITIONS.market.offer(CATALOG.variant("gpt-4.1"), "standard").row.rates
    one = price.input + price.output / 100_000
    assert past.answers.by_id["1"] == BilledRequest(Place("log", 1, position=0), "gpt-4.1", 1_000_000, 10, one)
    assert past.answers.by_id["2"].total_usd is None
    assert past.answers.without_id == 1
    assert past.by_workload == {"a": GroupSum(usage * 5, one * 5)}
    assert (past.lengths, past.summed_answers) == ({"a": AnswerLengths(Counter({10: 2}), cut_answers=1)}, 4)
    assert past.unattributed == {("a", "b"): 1, (): 1}


def test_a_withdrawn_answer_leaves_nothing_behind() -> None:
    whose = {"1": {"a"}, "3": {"b", "a"}, "4": {"a"}, "5": {"a"}}
    past = ObservedAnswers(AnswerPricer(CONDITIONS), lambda custom_id, group: whose.get(custom_id or "", ()), keeps_answers=True)
    usage = Usage(1, 1_000, 0, 10)
    answers = [
        Answer(usage, custom_id="1", model="gpt-4.1", is_cut_off=True),
        Answer(usage, custom_id="3", model="gpt-4.1"),
        Answer(usage * 4, custom_id="4", model="gpt-4.1"),
        Answer(usage, model="gpt-4.1"),
        Answer(usage, custom_id="5", model="gpt-4.1"),
        Answer(usage, custom_id="5", model="gpt-4.1"),
    ]
    log = Place("log")
    list(past.observe([Located(log, answer) for answer in answers]))
    list(past.observe([Located(log, Withdrawal(answer)) for answer in answers[:-1]]))
    assert past.by_workload["a"].usage == usage
    assert past.lengths == {"a": AnswerLengths(Counter({10: 1}))}
    list(past.observe([Located(log, Withdrawal(answers[-1]))]))
    assert (past.answers.by_id, past.answers.without_id, past.answers.repeated) == ({}, 0, {"5": 0})
    assert (past.by_workload, past.lengths, past.unattributed, past.summed_answers) == ({}, {}, {}, 0)


def test_what_is_left_of_a_workload_after_a_withdrawal_stays() -> None:
    past = ObservedAnswers(AnswerPricer(CONDITIONS), lambda custom_id, group: ("a",))
    long, short = (Answer(Usage(1, 1_000, 0, output), custom_id="1", model="gpt-4.1") for output in (90, 10))
    log = Place("log")
    list(past.observe([Located(log, long), Located(log, short), Located(log, Withdrawal(long))]))
    assert past.by_workload["a"].usage == short.usage
    assert past.lengths == {"a": AnswerLengths(Counter({10: 1}))}
    list(past.observe([Located(log, Withdrawal(short))]))
    assert (past.by_workload, past.lengths) == ({}, {})


def test_what_nobody_asks_for_is_not_kept() -> None:
    past = ObservedAnswers(AnswerPricer(CONDITIONS))
    bill = watched(past, Answer(Usage(1, 9, 0, 9), custom_id="1", model="gpt-4.1"))
    assert (past.answers.by_id, past.lengths, past.unattributed) == ({}, {}, {})
    assert bill.usage == Usage(1, 9, 0, 9)


def test_the_bill_of_every_day_is_shown_next_to_the_part_that_was_predicted() -> None:
    past = ObservedAnswers(AnswerPricer(CONDITIONS))
    answers = [Answer(Usage(1, 10, 0, 5), model="gpt-4.1", day=date(2026, 11, day)) for day in (1, 2)]
    bill = watched(past, *answers)
    nothing: CustomIdLedger[Any] = CustomIdLedger()
    found = compare_prediction(Forecasts(nothing, (PredictedPart(None, "gpt-4.1", "standard", 1, 9, 5, Decimal(1)),)), past, bill)
    assert found.drifts.input_tokens == Drift(2, Fraction(18), Fraction(20))
    assert found.drifts.output_tokens == Drift(2, Fraction(10), Fraction(10))
    assert found.drifts.total_usd == Drift(2, Fraction(2), Fraction(bill.total_usd))
    assert compare_prediction(Forecasts(nothing), past, bill).parts == PartsComparison()
