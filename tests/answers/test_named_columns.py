"""Columns and fields that the user names."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from gpt41_cli.answers.answers import Answer
from gpt41_cli.answers.logs import Located, LogReader
from gpt41_cli.answers.named_columns import FIELDS_BY_NAME, NamedColumns
from gpt41_cli.answers.records import read_entries
from gpt41_cli.answers.row_runs import AnswerRun
from gpt41_cli.errors import InputError
from gpt41_cli.files.sources import InputSource
from gpt41_cli.findings import Place
from gpt41_cli.pricing import Usage
from tests.builders import COMPLETION, Body
from tests.conftest import Run

USAGE = {"prompt_tokens": 10, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}


@pytest.mark.parametrize(
    ("columns", "record", "usage"),
    [
        ({"input_tokens": "a", "output_tokens": "b"}, {"a": 10, "b": 2}, Usage(1, 10, 0, 2)),
        ({"input_tokens": "a.b", "output_tokens": "a.c.1"}, {"a": {"b": "10", "c": [0, 2]}}, Usage(1, 10, 0, 2)),
        ({"input_tokens": "a.b", "output_tokens": "o"}, {"a.b": 10, "a": {"b": 3}, "o": 2}, Usage(1, 10, 0, 2)),
        ({"cached_tokens": "x.reads"}, {"usage": USAGE, "x": {"reads": 5}}, Usage(1, 10, 5, 2)),
        ({"input_tokens": "all"}, {"prompt_tokens": 3, "completion_tokens": 2, "all": 10}, Usage(1, 10, 0, 2)),
        ({"input_tokens": "a.5", "cached_tokens": "a.x.y"}, {"usage": USAGE, "a": [1]}, Usage(1, 10, 1, 2)),
    ],
)
def test_named_fields_are_read_in_place_of_others(columns: dict[str, str], record: dict[str, Any], usage: Usage) -> None:
    named = NamedColumns(columns)
    for value in (record, [record]):
        (answer,) = read_entries(named.name_fields(value))
        assert isinstance(answer, Answer)
        assert (answer.usage, answer.doubts) == (usage, ())
    assert named.name_fields("text") == "text"


def test_a_header_is_renamed_and_rivals_are_not_read() -> None:
    place = Place("log", 1)
    named = NamedColumns({"input_tokens": "in", "date": "WHEN"})
    header = [" in", "input_tokens", "When", "prompt_tokens", "output_tokens"]
    assert named.name_header(header, place) == ["input_tokens", "", "date", "", "output_tokens"]
    for other in (["x"], ["in", "in", "when"], [f"c{number}" for number in range(9)]):
        with pytest.raises(InputError, match='^log:1: expected the column "in" of --columns once, found '):
            named.name_header(other, place)


def test_a_file_that_lacks_a_field_is_refused_and_the_next_begins_anew() -> None:
    def read(columns: dict[str, str]) -> list[str]:
        return [type(each).__name__ for each in LogReader([source], (), None, columns).read()]

    source = InputSource("a.log", lambda: io.BytesIO(b'{"model": "gpt-4.1", "i": 9, "output_tokens": 2}'))
    assert read({"input_tokens": "i"}) == ["Located"]
    with pytest.raises(InputError, match='^a.log: expected the field "c" of --columns, found no record that has it$'):
        read({"input_tokens": "i", "cached_tokens": "c"})


def test_a_table_whose_columns_are_known_by_words() -> None:
    table = b"Prompt Tokens Count,tokens output,start_time,end_time\n9,2,2026-11-20,2026-11-21\n8,2,2026-11-20,2026-11-21\n"
    found = list(LogReader([InputSource("a.log", lambda: io.BytesIO(table))], (), 1_000).read())
    assert [each.result.usage for each in found if isinstance(each, Located) and isinstance(each.result, Answer)] == [
        Usage(1, 9, 0, 2)
    ]
    assert [each.result.answer.usage for each in found if isinstance(each, Located) and isinstance(each.result, AnswerRun)] == [
        Usage(1, 8, 0, 2)
    ]


HEAD = "when,engine,tin,cacheReads,tout,input_tokens\n"
ROW = "2026-11-20,gpt-4.1,10000,8960,200,7\n"
ALL = "input=tin,cached=cacheReads,output=TOUT,model=engine,day=when"


@pytest.mark.parametrize(
    ("log", "columns"),
    [
        (HEAD + ROW, ALL),
        (
            json.dumps({"e": "gpt-4.1", "u": {"i": 10_000, "c": 8_960, "o": 200}}),
            "input=u.i,cached_tokens=u.c,output=u.o,model=e",
        ),
        (json.dumps([{"model": "gpt-4.1", "i": 10_000, "c": 8_960, "o": 200, "n": 1}]), "input=i,cached=c,output=o,requests=n"),
    ],
)
def test_a_log_with_names_of_its_own_is_priced(run: Run, log: str, columns: str) -> None:
    done = run("reconcile", "-", "--columns", columns, "-q", "--as-of", "2026-11-23", stdin=log)
    assert (done.code, done.out, done.err) == (0, "0.00816\n", "")


NAMES = ", ".join(FIELDS_BY_NAME)
WRITTEN = ", ".join(f'"{name}"' for name in HEAD.strip().split(","))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ("input", '--columns: expected NAME=COLUMN, such as input=promptTokens, found "input"'),
        ("input=", '--columns: expected NAME=COLUMN, such as input=promptTokens, found "input="'),
        ("inptu=tin", f'--columns: expected one of {NAMES}, before the =, found "inptu"; did you mean input?'),
        ("input=tin,input_tokens=tout", '--columns: expected one column for input_tokens, found "tin" and "tout"'),
        ("input=tin,output=tin", '--columns: expected each column for one thing, found "tin" a second time'),
        (
            "input=tinn",
            f'standard input:1: expected the column "tinn" of --columns once, found only {WRITTEN}; did you mean tin?',
        ),
    ],
)
def test_a_wrong_name_is_an_error_that_says_what_there_is(run: Run, columns: str, message: str) -> None:
    done = run("reconcile", "-", "--columns", columns, stdin=HEAD + ROW)
    assert (done.code, done.out, done.err) == (2, "", f"gpt41: {message}\n")


def test_a_column_twice_and_a_field_that_no_record_has_are_errors(run: Run) -> None:
    done = run("reconcile", "-", "--columns", "input=a", stdin="a,A,b,a\n1,2,3,4\n")
    assert done.err == 'gpt41: standard input:1: expected the column "a" of --columns once, found it 2 times; did you mean a?\n'
    record = json.dumps({"model": "gpt-4.1", "i": 10, "o": 2})
    done = run("reconcile", "-", "--columns", "input=i,output=o,cached=c.d", stdin=record)
    message = 'gpt41: standard input: expected the field "c.d" of --columns, found no record that has it\n'
    assert (done.code, done.out, done.err) == (2, "", message)


FLAT: Body = {"created_at": "2026-11-20", "model": "gpt-4.1", "input_tokens": 9, "output_tokens": 1, "service_tier": "priority"}
LABELS = {"dt": "2026-11-03", "engine": "gpt-4.1-nano", "how": "batch", "call": "c-1"}
COLUMNS = {"date": "dt", "model": "engine", "mode": "how", "custom_id": "call"}


@pytest.mark.parametrize(
    "record",
    [FLAT, COMPLETION, {"answer": COMPLETION}, {"response": COMPLETION}, {"answer": json.dumps(COMPLETION)}],
    ids=["a flat record", "an answer", "an answer in a record", "a response", "JSON in a record"],
)
@pytest.mark.parametrize("in_folder", [False, True], ids=["in a field", "in the names of folders"])
def test_what_is_named_comes_before_what_an_answer_says(in_folder: bool, record: Body) -> None:
    folder = "".join(f"{key}={value}/" for key, value in LABELS.items() if in_folder)
    line = json.dumps(record if in_folder else {**LABELS, **record}).encode()
    source = InputSource(f"{folder}a.jsonl", lambda: io.BytesIO(line))
    (read,) = LogReader([source], columns=COLUMNS).read()
    assert isinstance(read, Located)
    answer = read.result
    assert isinstance(answer, Answer)
    assert (str(answer.day), answer.model, answer.mode, answer.custom_id) == tuple(LABELS.values())
    assert answer.usage.input_tokens > 0


def test_only_texts_and_times_are_labels() -> None:
    named = NamedColumns(COLUMNS)
    assert named.find_labels({"dt": 20261103, "engine": 4.1, "how": None}) == {"date": 20261103}
    assert named.find_labels([FLAT]) == {}
