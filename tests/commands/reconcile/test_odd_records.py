"""One record is one finding, whatever is wrong with it: arbitrary values in every field of a record change no other record."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gpt41_cli.answers.logs import Located, LogReader
from gpt41_cli.commands.reconcile.bill import Reconciliation, reconcile_logs
from gpt41_cli.commands.reconcile.charge import AnswerPricer, BillingContext, ChargeKey
from gpt41_cli.commands.reconcile.observed import ObservedAnswers
from gpt41_cli.commands.reconcile.report import make_report
from gpt41_cli.files.sources import InputSource
from gpt41_cli.findings import Finding
from gpt41_cli.pricing import Usage
from gpt41_cli.views import VIEWS, render
from tests.builders import BATCH, CATALOG, COMPLETION, RESPONSE, SCREEN, batch_line, market
from tests.conftest import ROOT, Run

GOOD_DAY = date(2026, 11, 20)
GOOD = {"model": "gpt-4.1-nano", "mode": "priority", "day": str(GOOD_DAY), "input_tokens": 1000, "output_tokens": 50}
GOOD_KEY = ChargeKey("gpt-4.1-nano", "priority", GOOD_DAY)
GOOD_BATCH_LINE = batch_line({**COMPLETION, "id": "chatcmpl-good", "model": "gpt-4.1-nano"})
FLAT = {
    **GOOD,
    "model": "gpt-4.1",
    "id": "a1",
    "custom_id": "c1",
    "total_tokens": 1050,
    "cached_tokens": 10,
    "cache_write_tokens": 5,
    "reasoning_tokens": 4,
    "accepted_prediction_tokens": 3,
    "rejected_prediction_tokens": 2,
    "requests": 1,
    "batch": None,
    "status": "completed",
    "finish_reason": "stop",
    "currency": "USD",
    "cache_hit": False,
    "request_id": "resp_1",
    "metadata": "{}",
    "run_type": "llm",
    "service_tier": "default",
    "prompt_tokens": 1000,
    "completion_tokens": 50,
    "input_tokens_details": {"cached_tokens": 10, "audio_tokens": 0},
    "response": None,
    "error": None,
    "object": None,
    "type": None,
}
SEARCHED = {
    **RESPONSE,
    "tools": [{"type": "web_search"}],
    "output": [{"type": "web_search_call", "status": "completed", "action": {"type": "search"}}],
}
RECORDS: list[Any] = [
    FLAT,
    COMPLETION,
    SEARCHED,
    batch_line(COMPLETION),
    BATCH,
    {"type": "response.completed", "response": RESPONSE},
    {
        "request": {"model": "gpt-4.1"},
        "metadata": {"usage_object": {"prompt_tokens": 5, "completion_tokens": 2}},
        "prompt_tokens": 5,
    },
    {"object": "bucket", "start_time": 1_795_132_800, "end_time": 1_795_219_200, "results": [GOOD | {"num_model_requests": 2}]},
]

EDGES: list[Any] = [
    *([], {}, [[]], {"a": {}}, [None], True, False, None, "", " ", "x", "\ud800", "\x00", "NaN", "1e999", "12", "-1"),
    *(-1, 0.5, -0.0, 1e308, -1e308, 10**15 - 1, 10**15, 10**400, -(10**400), 1.0, 10**18),
    *("flex", "batch", "priority", "Default", "gpt-4o", "gpt-4.1", "ft:gpt-4.1:\ud800", "ft:", "ft:gpt-4o:x", "azure/"),
    *("9999-12-31", "0001-01-01", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", 253402300799, 99991231, "00010101"),
    *("response.completed", "error", "list", "page", "bucket", "chat.completion.chunk", "failed", "EUR"),
    {"cached_tokens": []},
    {"prompt_tokens": True, "completion_tokens": {}},
]
VALUES = st.recursive(
    st.sampled_from(EDGES) | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*FLAT, "usage", "data", "results", "body", "choices", "\ud800"]), inner, max_size=4)
    ),
    max_leaves=8,
)


def list_paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a record, itself included."""
    yield path
    for key, inner in value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ():
        yield from list_paths(inner, (*path, key))


PLACES = [(record, path) for record in RECORDS for path in list_paths(record)]


def put(record: Any, path: tuple[Any, ...], value: Any) -> Any:
    """A copy of the record with another value at a place."""
    if not path:
        return value
    changed = copy.deepcopy(record)
    owner = changed
    for key in path[:-1]:
        owner = owner[key]
    owner[path[-1]] = value
    return changed


def bill(
    *records: Any, platform: str = "openai", as_of: date = date(2026, 11, 26)
) -> tuple[Reconciliation, ObservedAnswers, int]:
    """The bill of a log, what was noticed of its answers, and how many records were neither priced nor silent."""
    log = "".join(json.dumps(record).replace('"1e999"', "1e999") + "\n" for record in records).encode()
    conditions = BillingContext(market(CATALOG, platform, as_of))
    observed = ObservedAnswers(AnswerPricer(conditions), lambda _id, group: (group.model or "",), keeps_answers=True)
    items = list(observed.observe(LogReader([InputSource("log", partial(io.BytesIO, log))]).read()))
    unread = [item for item in items if not isinstance(item, Located) or isinstance(item.result, Finding)]
    return reconcile_logs(items, conditions), observed, len(unread)


@given(st.sampled_from(PLACES), VALUES, st.sampled_from([*VIEWS]), st.sampled_from([date.min, date(2026, 11, 26), date.max]))
@example((FLAT, ("prompt_tokens",)), [], "text", date(2026, 11, 26))
@example((FLAT, ("day",)), "9999-12-31", "text", date.max)
@example((FLAT, ("currency",)), "EUR", "json", date.max)
def test_an_odd_record_is_one_finding_or_priced_and_the_others_keep_their_price(
    place: tuple[Any, tuple[Any, ...]], value: Any, view: str, as_of: date
) -> None:
    odd = put(*place, value)
    found, _, unread = bill(GOOD, GOOD_BATCH_LINE, odd, GOOD, {"object": "page", "data": [GOOD, odd, GOOD]}, as_of=as_of)
    good = found.charges[GOOD_KEY].usage
    own = Usage(4, 4000, 0, 200)
    assert min(good.requests - own.requests, good.input_tokens - own.input_tokens, good.output_tokens - own.output_tokens) >= 0
    assert found.rejects.count <= 2 or isinstance(value, list | dict)  # which may hold several records
    # What the odd one adds is priced, or has a finding; of a part of a stream and of a sum of nothing there is nothing to say.
    alone, _, unread_good = bill(GOOD, GOOD_BATCH_LINE, GOOD, GOOD, GOOD, as_of=as_of)
    assert alone.charges[GOOD_KEY].usage == own
    assert unread_good == 0
    if unread == 0 and not found.issues:
        assert (found.usage.requests, found.total_usd) >= (alone.usage.requests, alone.total_usd)
    report = make_report(found)
    is_partial = any(finding.rule.effect.name == "AT_LEAST" for finding in report.findings)
    assert report.headline.startswith("at least ") is is_partial
    render(report, view, SCREEN).encode("utf-8", "backslashreplace")


@pytest.mark.parametrize("platform", [*CATALOG.platforms])
@pytest.mark.parametrize("mode", ["standard", "batch", "priority", "flex", "scale", "\ud800"])
def test_a_model_or_a_mode_without_a_price_on_a_platform_is_one_finding(platform: str, mode: str) -> None:
    good = {**GOOD, "mode": "standard", "model": "gpt-4.1"}
    for model in (*CATALOG.models, "ft:gpt-4.1:x", "ft:gpt-4o:x", "gpt-9", "\ud800"):
        found, _, _ = bill(good, {**FLAT, "model": model, "service_tier": mode, "mode": None}, platform=platform)
        unpriced = sum(issue.times for issue in found.issues if issue.finding.rule.effect.name == "AT_LEAST")
        assert found.usage.requests + unpriced == 2, (model, mode)
        assert found.charges[ChargeKey("gpt-4.1", "standard", GOOD_DAY)].usage.requests in (1, 2)


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_the_edges_of_the_calendar_are_days_like_others(run: Run, day: str) -> None:
    bad = {**GOOD, "day": "0001-01-01"}
    late = {**GOOD, "day": "9999-12-31"}
    done = run("reconcile", "-", "--as-of", day, "-q", stdin="\n".join(map(json.dumps, (GOOD, bad, late))))
    assert done.code == 1
    assert done.err.startswith(
        "gpt41: 1 not priced (1,000 input and 50 output tokens): "
        "no price is known for gpt-4.1-nano in priority on openai on 0001-01-01"
    )
    assert run("reconcile", str(ROOT / "tests/logs/usage.csv"), "--as-of", day).code == 0


def test_a_model_that_the_platform_does_not_sell_is_listed(run: Run) -> None:
    log = [{**GOOD, "model": "gpt-4.1", "mode": None}, {**GOOD, "model": "gpt-4o", "mode": None, "service_tier": "flex"}]
    done = run("reconcile", "-", "--platform", "azure-global", "--as-of", "2026-11-23", stdin="\n".join(map(json.dumps, log)))
    assert (done.code, done.err) == (1, "")
    assert done.out.startswith(
        "at least $0.0024 for 1 answer on 2026-11-20; 1 more not priced (1,000 input and 50 output tokens)\n"
    )
    assert "no price is known for gpt-4o in flex on azure-global: " in done.out
    assert "pricing.yaml has gpt-4o on openai" in done.out
