"""`gpt41 reconcile --by`: who spent it, when, and against the period before."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from gpt41_cli.answers import logs
from gpt41_cli.answers.answers import Answer
from gpt41_cli.answers.labels import LabelReader
from gpt41_cli.answers.logs import LogReader
from gpt41_cli.commands.reconcile.spending.groups import MAX_GROUPS, GroupSum, SpendingGroups
from gpt41_cli.files.sources import InputSource
from gpt41_cli.pricing import Usage
from tests.builders import COMPLETION
from tests.conftest import FROZEN, Run
from tests.shell import open_shell, run_gpt41

NOW = ("--as-of", "2026-11-26")
HEAD = "date,model,input_tokens,output_tokens,Team\n"
ROWS = (
    "2026-10-02,gpt-4.1,1000000,0,red\n2026-10-05,gpt-4.1,500000,0,gone\n"
    "2026-11-02,gpt-4.1,2000000,0,red\n2026-11-03,gpt-4.1-mini,1000000,0,blue\n2026-11-03,gpt-4.1-mini,1000000,0,\n"
    "2026-12-01,gpt-4.1,7000000,0,red\n"
)


def read_groups(run: Run, log: str, *arguments: str) -> Any:
    done = run("reconcile", "-", *arguments, *NOW, "--format", "json", stdin=log)
    return json.loads(done.out)


def list_groups(document: Any) -> list[tuple[Any, ...]]:
    return [(*(row[name] for name in document["groups"]["by"]), row["total_usd"]) for row in document["groups"]["rows"]]


def test_a_column_groups_the_rows(run: Run) -> None:
    document = read_groups(run, HEAD + ROWS, "--by", "team", "--until", "2026-11-26")
    assert list_groups(document) == [("red", "6"), ("gone", "1"), ("blue", "0.4"), (None, "0.4")]
    assert [row["share_percent"] for row in document["groups"]["rows"]] == ["76.9231", "12.8205", "5.1282", "5.1282"]
    assert "columns-ignored" not in json.dumps(document["findings"])


def test_the_change_to_the_month_before_has_the_groups_of_both(run: Run) -> None:
    arguments = ("--by", "team", "--since", "2026-11-01", "--until", "2026-11-30", "--compare")
    document = read_groups(run, HEAD + ROWS, *arguments)
    changes = [(row["team"], row["before_usd"], row["change_usd"]) for row in document["groups"]["rows"]]
    assert changes == [("red", "2", "2"), ("blue", "0", "0.4"), (None, "0", "0.4"), ("gone", "1", "-1")]
    assert document["total_usd"] == "4.8"
    assert document["period"] == {
        "since": "2026-11-01",
        "until": "2026-11-30",
        "left_out": 1,
        "before_since": "2026-10-01",
        "before_until": "2026-10-31",
        "before_usd": "3",
    }
    done = run("reconcile", "-", *arguments, *NOW, "--top", "1", stdin=HEAD + ROWS)
    assert "  change  +$1.80 (+60 %): $3.00 from 2026-10-01 to 2026-10-31\n" in done.out
    table = done.out.split("By team\n")[1].split("\n\n")[0].splitlines()
    assert [line.split()[0] for line in table] == ["team", "red", "3"]
    assert table[2].split() == ["3", "others", "2", "2,000,000", "0", "0", "$0.80", "17", "%", "█▋", "$1.00", "-$0.20"]
    assert "        1 answer on 2026-12-01 left out: the period is from 2026-11-01 to 2026-11-30\n" in done.out


def test_without_a_last_day_the_period_ends_today(run: Run) -> None:
    document = read_groups(run, HEAD + ROWS.replace("2026-12-01", "2026-11-20"), "--since", "2026-11-03", "--compare")
    assert document["groups"] is None
    assert (document["total_usd"], document["period"]["before_since"], document["period"]["before_usd"]) == (
        "14.8",
        "2026-10-10",
        "4",
    )
    done = run("reconcile", "-", "--since", "2026-11-02", "--until", "2026-11-03", "--compare", *NOW, stdin=HEAD + ROWS)
    assert "  change  $0.00 from 2026-10-31 to 2026-11-01\n" in done.out


@pytest.mark.parametrize(
    ("days", "gap"),
    [
        (("2026-11-01", "2026-11-04"), ""),
        (("2026-10-31", "2026-11-04"), ""),
        (("2026-11-02", "2026-11-04"), "from 2026-11-02 to 2026-11-04"),
        (("2026-11-01", "2026-11-03"), "from 2026-11-01 to 2026-11-03"),
        (("", ""), ""),
    ],
)
def test_a_change_says_that_the_logs_hold_only_a_part_of_both_periods(run: Run, days: Sequence[str], gap: str) -> None:
    log = HEAD + "".join(f"{day},gpt-4.1,500000,0,red\n" for day in days)
    done = run("reconcile", "-", "--since", "2026-11-03", "--until", "2026-11-04", "--compare", *NOW, stdin=log)
    note = f"the logs have answers {gap} only: a part of the change may come from that."
    assert (note in " ".join(done.out.split())) == bool(gap)
    assert ("The two periods are from 2026-11-01 to 2026-11-04," in done.out) == bool(gap)


@pytest.mark.parametrize(
    ("before", "change"),
    [
        ("2026-11-01,gpt-4.1,500000,0,red", ", $1.00 more (100 %) than before"),
        ("2026-11-01,gpt-4.1,2000000,0,red", ", $2.00 less (50 %) than before"),
        ("2026-11-01,gpt-4.1,1000000,0,blue", ", as much as before"),
        ("2026-10-01,gpt-4.1,1000000,0,blue", ""),
        ("2026-11-01,gpt-9,5,5,red", ""),
        ("2026-11-02,gpt-9,5,5,red\n2026-11-01,gpt-4.1,500000,0,red", "; 1 more not priced (5 input and 5 output tokens)"),
    ],
)
def test_the_first_line_says_how_much_more_it_was_than_before(run: Run, before: str, change: str) -> None:
    """Unless a price is missing in one of the periods, or nothing was spent before."""
    log = f"{HEAD}{before}\n2026-11-02,gpt-4.1,1000000,0,red\n"
    done = run("reconcile", "-", "--since", "2026-11-02", "--until", "2026-11-02", "--compare", *NOW, stdin=log)
    first = done.out.splitlines()[0].split("; after 2027-01-14")[0]
    assert first.removeprefix("at least ") == f"$2.00 for 1 answer on 2026-11-02{change}"


def test_unpriced_answers_before_make_the_change_uncertain(run: Run) -> None:
    log = HEAD + "2026-11-01,gpt-9,5,5,red\n2026-11-01,gpt-4.1,500000,0,red\n2026-11-02,gpt-4.1,500000,0,red\n"
    done = run("reconcile", "-", "--by", "team", "--since", "2026-11-02", "--until", "2026-11-02", "--compare", *NOW, stdin=log)
    assert "  change  $0.00: at least $1.00, with 1 answer not priced, on 2026-11-01\n" in done.out


def test_fields_are_found_in_wrapped_answers_pages_and_metadata(run: Run) -> None:
    answer = {**COMPLETION, "id": "chatcmpl-1", "metadata": {"team": "red", "size": 3}}
    wrapped = {"user_id": "u1", "tags": ["a"], "response": {"body": answer}}
    document = read_groups(run, json.dumps(wrapped), "--by", "user_id,metadata.team", "--by", "metadata.size", "--by", "tags")
    assert list_groups(document)[0][:4] == ("u1", "red", "3", '["a"]')
    results = [
        {"object": "organization.usage.completions.result", "input_tokens": 1000, "output_tokens": 0, "num_model_requests": 1}
        | {"model": "gpt-4.1", "project_id": name, "service_tier": "default"}
        for name in ("proj_a", "proj_b")
    ]
    page = {
        "object": "page",
        "data": [{"object": "bucket", "start_time": 1795528800, "end_time": 1795532400, "results": results}],
    }
    document = read_groups(run, json.dumps(page), "--by", "project_id,hour,day,mode,model,service_tier")
    assert list_groups(document) == [
        (name, "2026-11-24 14:00", "2026-11-24", "standard", "gpt-4.1", "default", "0.002") for name in ("proj_a", "proj_b")
    ]


def test_answers_in_the_words_of_columns_have_labels_too(run: Run) -> None:
    log = json.dumps({"tokens": {"in": 1000000, "out": 0}, "engine": "gpt-4.1", "who": "red", "created": 1795528800})
    document = read_groups(run, log, "--columns", "input=tokens.in,output=tokens.out,model=engine", "--by", "who,hour")
    assert list_groups(document) == [("red", "2026-11-24 14:00", "2")]


def test_plain_answers_are_added_up_by_label(run: Run) -> None:
    answers = [{**COMPLETION, "id": f"chatcmpl-{number}", "user": f"u{number % 2}"} for number in range(4)]
    document = read_groups(run, "\n".join(map(json.dumps, answers)), "--by", "user")
    assert [(row["user"], row["requests"]) for row in document["groups"]["rows"]] == [("u0", 2), ("u1", 2)]


def test_hours_of_rows_are_read_one_by_one(run: Run) -> None:
    head = "time,model,input_tokens,output_tokens\n"
    rows = f"{head}2026-11-24T10:59:59Z,gpt-4.1,1000000,0\n2026-11-24T12:00:00+01:00,gpt-4.1,500000,0\n"
    assert list_groups(read_groups(run, rows, "--by", "hour")) == [("2026-11-24 10:00", "2"), ("2026-11-24 11:00", "1")]
    assert list_groups(read_groups(run, HEAD + ROWS, "--by", "hour", "--until", "2026-10-04")) == [(None, "2")]


def test_answers_without_a_price_stay_in_their_group(run: Run) -> None:
    log = HEAD + "2026-11-02,gpt-9,5,5,red\n2026-11-02,gpt-4.1,500000,0,red\n"
    document = read_groups(run, log, "--by", "team,model")
    rows = [(row["model"], row["requests"], row["unpriced_requests"]) for row in document["groups"]["rows"]]
    assert rows == [("gpt-4.1", 1, 0), ("gpt-9", 0, 1)]
    done = run("reconcile", "-", "--by", "team", *NOW, stdin=log)
    assert "not priced" in done.out.split("By team\n")[1].splitlines()[0]


def test_an_answer_that_is_withdrawn_leaves_its_group(run: Run) -> None:
    first = {**COMPLETION, "id": "chatcmpl-1", "user": "u1"}
    again = {"custom_id": "a", "user": "u2", "response": {"status_code": 200, "body": first}}
    document = read_groups(run, f"{json.dumps(first)}\n{json.dumps(again)}", "--by", "mode")
    assert [row["mode"] for row in document["groups"]["rows"]] == ["batch"]
    done = run("reconcile", "-", "--until", "2020-01-01", *NOW, stdin=f"{json.dumps(first)}\n{json.dumps(again)}")
    assert done.err == "gpt41: standard input: expected answers up to 2020-01-01, found only answers on 2026-11-21\n"


def test_answers_of_no_known_day_make_the_bill_a_lower_bound(run: Run) -> None:
    rows = "model,input_tokens,output_tokens,date\ngpt-4.1,1000000,0,2026-11-02\ngpt-4.1,1000000,0,\n"
    done = run("reconcile", "-", "--since", "2026-11-01", *NOW, stdin=rows)
    assert done.code == 1
    assert done.out.startswith("at least $2.00 for 1 answer on 2026-11-02; 1 more not priced")
    assert "an answer without a known day, which may be in the period (standard input:3) [answer-undated]" in done.out


def test_csv_has_a_column_for_each_field_and_long_names_are_cut_on_the_screen(run: Run) -> None:
    name = "x" * 50 + "y" * 50
    log = HEAD + f"2026-11-02,gpt-4.1,500000,0,{name}\n2026-11-02,gpt-4.1,500000,0,=1+1\n"
    done = run("reconcile", "-", "--by", "team,day", *NOW, "--format", "csv", stdin=log)
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert [row["team"] for row in rows] == ["'=1+1", name]
    assert rows[0]["total_usd"] == "1"
    assert "x" * 30 + "…" + "y" * 29 in run("reconcile", "-", "--by", "team", *NOW, stdin=log).out


def test_days_are_in_their_order_and_shown_once(run: Run) -> None:
    """`--top` keeps the most expensive ones."""
    days = [f"2026-11-{day:02},gpt-4.1,{'900000' if day % 2 else '1000000'},0,a" for day in range(1, 29)]
    log = HEAD + "\n".join([*days, ",gpt-4.1,1000000,0,a"]) + "\n"
    out = run("reconcile", "-", "--by", "day", *NOW, stdin=log).out
    shown = [line.split()[0] for line in out.splitlines() if line.startswith("  2026-")]
    assert shown == [f"2026-11-{day:02}" for day in range(1, 29)]
    assert [line.split()[:2] for line in out.splitlines() if "not stated" in line] == [["(not", "stated)"]]
    assert "  gpt-4.1  standard" in out
    document = read_groups(run, log, "--by", "day")
    assert [row["day"] for row in document["groups"]["rows"]] == [*shown, None]
    out = run("reconcile", "-", "--by", "day", "--top", "2", *NOW, stdin=log).out
    assert [line.split()[:2] for line in out.split("By day")[1].splitlines()[2:5]] == [
        ["2026-11-02", "1"],
        ["2026-11-04", "1"],
        ["27", "others"],
    ]


@pytest.mark.parametrize(
    ("days", "first", "last"),
    [
        (31, "2026-10-01        1  1,000       0       0  $0.002", "2026-10-31        1  1,000       0       0  $0.002"),
        (32, "2026-10       31  31,000       0       0  $0.062", "2026-11        1   1,000       0       0  $0.002"),
    ],
)
def test_more_days_than_a_month_has_are_shown_by_month(run: Run, days: int, first: str, last: str) -> None:
    log = HEAD + "".join(f"{date(2026, 10, 1) + timedelta(day)},gpt-4.1,1000,0,red\n" for day in range(days))
    out = run("reconcile", "-", *NOW, stdin=log).out
    rows = [line.strip() for line in out.splitlines() if line.startswith("  2026-")]
    assert rows[0].startswith(first)
    assert rows[-1].startswith(last)


@pytest.mark.parametrize(("fields", "tables"), [("model", 1), ("model,mode", 1), ("mode", 2), ("model,team", 2)])
def test_the_table_of_models_is_not_repeated(run: Run, fields: str, tables: int) -> None:
    out = run("reconcile", "-", "--by", fields, *NOW, stdin=HEAD + "2026-11-02,gpt-4.1,1000000,0,a\n").out
    assert sum("  answers  " in line for line in out.splitlines()) == tables


def test_the_page_has_a_chart_of_the_groups(run: Run) -> None:
    done = run("reconcile", "-", "--by", "team", *NOW, "--format", "html", stdin=HEAD + ROWS)
    assert "Spending by team" in done.out
    assert "<svg" in done.out


def test_groups_beyond_the_limit_are_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_GROUPS == 10_000
    monkeypatch.setattr(SpendingGroups.__init__, "__defaults__", (3,))
    rows = "".join(f"2026-11-02,gpt-4.1,1000000,0,t{number}\n" for number in range(5))
    arguments = ["reconcile", "-", "--by", "team", "--pricing", str(FROZEN), *NOW, "--format"]
    with open_shell(80):
        document, table = (run_gpt41([*arguments, name], (HEAD + rows).encode()).out.decode() for name in ("json", "csv"))
    found = json.loads(document)
    assert len(found["groups"]["rows"]) == 4
    last = found["groups"]["rows"][-1]
    assert (last["is_folded"], last["team"], last["requests"], last["total_usd"]) == (True, None, 2, "4")
    assert [each["message"] for each in found["findings"] if each["rule"] == "groups-folded"] == [
        "2 answers of more groups of team are in one row"
    ]
    assert table.splitlines()[-1].startswith(",true,2,")


def test_keys_for_hints_are_kept_up_to_a_limit() -> None:
    labels, answer = LabelReader(["team"]), Answer(Usage(1, 10, 0, 5))
    assert labels.add_labels(answer, []) is answer
    labels.note_keys(map(str, range(200)))
    labels.note_keys(["late"])
    assert len(labels.seen_keys) == 200


def test_a_group_that_is_folded_stays_folded() -> None:
    groups = SpendingGroups(["team"], max_groups=0)
    answer = Answer(Usage(1, 10, 0, 5), labels=("red",))
    for usd in (Decimal(2), None):
        groups.add(answer, "gpt-4.1", usd)
    assert (groups.sums, groups.folded) == ({}, GroupSum(answer.usage, Decimal(2), answer.usage))
    for usd in (Decimal(2), None):
        groups.add(answer, "gpt-4.1", usd, is_undone=True)
    assert groups.folded == GroupSum()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (
            ["--by", "tean"],
            (
                '--by: expected model, mode, day, hour or a field of the logs such as "date", "model", "input_tokens", '
                '"output_tokens", "team", found "tean"; did you mean team?'
            ),
        ),
        (["--by", "team,team"], '--by: expected each field to group by once, such as project_id, found "team"'),
        (["--by", "total_usd"], '--by: expected each field to group by once, such as project_id, found "total_usd"'),
        (["--by", "team,"], '--by: expected each field to group by once, such as project_id, found ""'),
        (["--top", "3"], "--top: expected --by with the field whose groups it counts, found none"),
        (["--compare"], "--compare: expected --since with the first day of the period, found none"),
        (["--since", "soon"], '--since: expected a date such as 2025-06-01, found "soon"'),
        (
            ["--since", "2026-11-02", "--until", "2026-11-01"],
            "--until: expected a day from 2026-11-02 on, the day of --since, found 2026-11-01",
        ),
        (
            ["--since", "2027-01-01"],
            "standard input: expected answers from 2027-01-01, found only answers from 2026-10-02 to 2026-12-01",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(run: Run, arguments: list[str], error: str) -> None:
    assert run("reconcile", "-", *arguments, *NOW, stdin=HEAD + ROWS) == (2, "", f"gpt41: {error}\n")


def test_a_log_without_answers_is_refused_as_before(run: Run) -> None:
    done = run("reconcile", "-", "--since", "2026-11-01", *NOW, stdin='{"input": "x", "model": "gpt-4.1"}')
    assert (done.code, done.out) == (2, "")
    assert "expected answers that report their usage" in done.err


def test_rows_of_many_labels_are_added_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "_MAX_RUNS", 1)
    lines = "\n".join(json.dumps({**COMPLETION, "id": f"c{number}", "user": f"u{number}"}) for number in range(3)).encode()
    source = InputSource("a.jsonl", lambda: io.BytesIO(lines))
    found = list(LogReader([source], longest=10**6, labels=LabelReader(["user"])).read())
    assert len(found) == 3
