"""Rows of a CSV that are added up as they are read: the bill is that of the rows one by one."""

from __future__ import annotations

import io
import json
from datetime import date
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gpt41_cli.answers import log_values, logs, row_runs
from gpt41_cli.answers.logs import LogReader
from gpt41_cli.answers.row_runs import find_plain_columns
from gpt41_cli.commands.reconcile.bill import Reconciliation, reconcile_logs
from gpt41_cli.commands.reconcile.charge import BillingContext, find_longest_short
from gpt41_cli.commands.reconcile.elsewhere import price_alternatives
from gpt41_cli.errors import InputError
from gpt41_cli.files.sources import InputSource
from tests.builders import CATALOG, market

CONDITIONS = BillingContext(market(CATALOG, "openai", date(2026, 11, 23)))
HEAD = "date,model,input_tokens,cached_tokens,output_tokens\n"


def read(table: str, longest: int | None, *, is_listed: bool = False) -> Reconciliation:
    source = InputSource("log", partial(io.BytesIO, table.encode()), is_listed)
    return reconcile_logs(LogReader([source], (), longest).read(), CONDITIONS)


def describe(table: str, longest: int | None) -> dict[str, Any] | str:
    try:
        found = read(table, longest)
    except InputError as error:
        return str(error)
    issues = sorted((each.finding.rule.id, each.finding.message, each.times, each.first.label) for each in found.issues)
    return {
        "charges": {key: (charge.offer, charge.used, charge.total_usd) for key, charge in found.charges.items()},
        "total": found.total_usd,
        "saved": (found.caching_saved_usd, found.batch_saved_usd),
        "issues": issues,
        "unpriced": {str(key): usage for key, usage in found.unpriced.items()},
        "rejects": (found.rejects.count, [(each.place.label, each.message) for each in found.rejects.examples]),
        "undated": found.undated,
        "names": found.taken_names,
        "elsewhere": [each[:3] for each in price_alternatives(found)],  # a run is taken as written to the cache
    }


CELLS = {
    "date": st.sampled_from(["2026-11-20", "2026-11-21T23:30:00-05:00", " 1795219200", "", "no day", "2029-01-01", "2024-01-01"]),
    "model": st.sampled_from(["gpt-4.1", "openai/gpt-4.1-mini", "gpt-6-luna", "gpt-4.1-nano", "a-model", "", "total"]),
    "mode": st.sampled_from(["", "batch", "default", "priority"]),
    "batch": st.sampled_from(["", "true", "0", "maybe"]),
    "input_tokens": st.sampled_from(["1000", "1200", "0", "272001", " 5 ", "", "1,000", "-3", "7.0", "٣", "1_0"]),
    "prompt_tokens": st.sampled_from(["1000", "1200"]),
    "output_tokens": st.sampled_from(["10", "0", "", "9" * 16]),
    "cached_tokens": st.sampled_from(["0", "900", "", "5000"]),
    "total_tokens": st.sampled_from(["1010", "1210", ""]),
    "project": st.sampled_from(["a", "Total", ""]),
    "cost": st.sampled_from(["1.5", ""]),
    "end_time": st.sampled_from(["1795219200", "", "x"]),
    "id": st.sampled_from(["chatcmpl-1", "", "2"]),
    "cacheReads": st.sampled_from(["3", ""]),
}
PLAIN = ["date", "model", "input_tokens", "output_tokens", "cached_tokens"]
COLUMNS = st.one_of(
    st.just(PLAIN), st.permutations(PLAIN), st.lists(st.sampled_from(sorted(CELLS)), min_size=3, max_size=9, unique=True)
)


@st.composite
def tables(draw: st.DrawFn) -> str:
    """Tables of a few different rows, each several times."""
    columns = draw(COLUMNS)
    kinds = draw(st.lists(st.tuples(*(CELLS[column] for column in columns)), min_size=1, max_size=5))
    rows = draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=25))
    return "\n".join(",".join(f'"{cell}"' if "," in cell else cell for cell in row) for row in (columns, *rows)) + "\n"


@given(tables())
@example(HEAD + "2026-11-20,gpt-4.1,10,,5\n" * 4 + ",,40,,20\n")
@example(HEAD + "2026-11-20,gpt-4.1,10,4,5\n" * 4 + ",,40,16,20\n")
@example(HEAD + "2026-11-20,gpt-4.1,10,4,5\n" * 4 + '2026-11-20,gpt-4.1,"10\n",4,5\n' + "2026-11-20,gpt-4.1,10,4,5\n1\n")
@example(HEAD + "2026-11-20,gpt-4.1,10,4,5\n" * 4 + '2026-11-20,gpt-4.1,10,4,"5"x\n' + "2026-11-20,gpt-4.1,10,4,5\n")
@example("project,input_tokens,output_tokens,model\n" + "a,10,5,gpt-4.1\n" * 4 + "Total,40,20,gpt-4.1\n")
@example("input_tokens,output_tokens,model\n" + "10,5,gpt-4.1\n" * 4 + "40,20,\n")
@example("input_tokens,output_tokens,total_tokens\n" + "10,5,15\n" * 4)
def test_the_bill_is_that_of_the_rows_one_by_one(table: str) -> None:
    assert describe(table, find_longest_short(CATALOG)) == describe(table, None)


def test_only_the_first_row_of_its_kind_is_read_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work is counted, not time: a record is made of 3 of 3,000 rows."""
    build, made = log_values._build_record, []

    def build_and_count(columns: list[str], row: list[str], kept: frozenset[str]) -> Any:
        made.append(row)
        return build(columns, row, kept)

    monkeypatch.setattr(log_values, "_build_record", build_and_count)
    rows = "".join(f"2026-11-{day},gpt-4.1,1000,100,10\n" for day in (20, 21, 22)) * 1_000
    assert read(HEAD + rows, 10_000).usage.requests == 3_000
    assert len(made) == 3


def test_no_more_kinds_of_rows_are_kept_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_runs, "_MAX_RUNS", 1)
    table = HEAD + "2026-11-20,gpt-4.1,10,4,5\n2026-11-21,gpt-4.1,10,4,5\n" * 3
    assert describe(table, 1_000) == describe(table, None)


def test_no_more_kinds_of_answers_are_added_up_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"object": "chat.completion", "created": 1_795_219_200, "service_tier": "default"} | {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }
    models = ["gpt-4.1", "gpt-4.1-mini", "gpt-4.1", "gpt-4.1-mini"]
    log = "".join(json.dumps({"id": f"a{number}", "model": model, **answer}) + "\n" for number, model in enumerate(models))
    whole = describe(log, 1_000)
    monkeypatch.setattr(logs, "_MAX_RUNS", 1)
    assert describe(log, 1_000) == whole == describe(log, None)


def test_what_was_added_up_before_a_damaged_part_counts() -> None:
    row = b"2026-11-20,gpt-4.1,1000,0,0\n"
    data = HEAD.encode() + row * 50_000 + b"\xff"
    found = reconcile_logs(LogReader([InputSource("log", lambda: io.BytesIO(data), True)], (), 10_000).read(), CONDITIONS)
    assert found.usage.requests >= 30_000
    assert found.rejects.count == 1


@pytest.mark.parametrize(
    "columns",
    [
        ["input_tokens"],
        ["input_tokens", "prompt_tokens", "output_tokens"],
        [*PLAIN, "id"],
        [*PLAIN, "usage"],
        [*PLAIN, "x_tokens"],
    ],
)
def test_columns_that_say_more_are_read_row_by_row(columns: list[str]) -> None:
    assert find_plain_columns(columns) is None


BODY = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_795_219_200,
    "model": "gpt-4.1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1_000, "completion_tokens": 10, "total_tokens": 1_010},
}
BODIES = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["chatcmpl-1", "chatcmpl-2", "3"]),
        "model": st.sampled_from(["gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "a-model"]),
        "created": st.sampled_from([1_795_219_200, 1_795_219_201, 1_795_305_600, 1_500]),
        "service_tier": st.sampled_from([None, "default", "priority", "batch", "flex"]),
        "usage": st.sampled_from(
            [
                {"prompt_tokens": 1_000, "completion_tokens": 10, "total_tokens": 1_010},
                {"prompt_tokens": 2_000, "completion_tokens": 10, "total_tokens": 2_010},
                {"prompt_tokens": 300_000, "completion_tokens": 10, "total_tokens": 300_010},
                {"prompt_tokens": 1_000, "completion_tokens": 10, "total_tokens": 99},
            ]
        ),
    }
).map(lambda changes: {**BODY, **changes})
LINES = st.one_of(
    BODIES,
    BODIES,
    BODIES.map(lambda body: {"custom_id": body["id"], "response": {"status_code": 200, "body": body}}),
    BODIES.map(lambda body: {**body, "object": "chat.completion.chunk"}),
)


@given(st.lists(LINES, min_size=1, max_size=12))
@example([BODY, {**BODY, "service_tier": "priority"}])
@example([BODY, {"custom_id": "a", "response": {"status_code": 200, "body": BODY}}])
@example([{**BODY, "object": "chat.completion.chunk", "usage": None}, BODY])
def test_the_bill_is_that_of_the_answers_one_by_one(lines: list[dict[str, Any]]) -> None:
    log = "".join(json.dumps(line) + "\n" for line in lines)
    assert describe(log, find_longest_short(CATALOG)) == describe(log, None)


def test_plain_answers_are_not_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Work is counted, not time: none of 500 plain answers is looked at in the general way."""
    monkeypatch.setattr("gpt41_cli.answers.logs.read_entries", lambda _: pytest.fail("it is plain"))
    log = "".join(json.dumps({**BODY, "id": f"chatcmpl-{number}"}) + "\n" for number in range(500))
    assert read(log, 10_000).usage.requests == 500
    assert read(log, None).usage.requests == 500


def test_rows_with_two_times_are_of_the_first_that_is_one() -> None:
    rows = ["x,2026-11-20T10:00:00Z,gpt-4.1,10,5", "2026-11-21,2026-11-20T10:00:00Z,gpt-4.1,10,5", "2026-11-21,,gpt-4.1,10,5"]
    table = "start_time,timestamp,model,input_tokens,output_tokens\n" + "\n".join(rows * 2) + "\n"
    assert describe(table, find_longest_short(CATALOG)) == describe(table, None)
    assert read(table, None).undated == 0
