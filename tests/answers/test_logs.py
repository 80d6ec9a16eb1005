"""Logs as files: every form they are kept in, cut and put together in any way, and what is no log."""

from __future__ import annotations

import gzip
import io
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli import rules
from gpt41_cli.answers.answers import Answer
from gpt41_cli.answers.log_values import read_log
from gpt41_cli.answers.logs import Located, LogItem, LogReader
from gpt41_cli.errors import InputError
from gpt41_cli.files.places import RejectedRequest
from gpt41_cli.files.sources import InputSource, find_duplicate_files, open_file
from gpt41_cli.files.trees import SkippedPath
from gpt41_cli.findings import Finding, Place
from gpt41_cli.pricing import Usage
from tests.builders import ANSWER_DAY, COMPLETION, COMPLETION_ANSWER, RESPONSE, Body

JSON = json.dumps(COMPLETION)
RECORD = '{"input_tokens": 9, "output_tokens": 2}'
HEAD = "model,input_tokens,output_tokens\n"
GZIP = gzip.compress(f"{RECORD}\n".encode() * 2, mtime=0)
LONG_GZIP = gzip.compress(f"{RECORD}{' ' * 4_000}\n".encode() * 400, mtime=0)


def source(data: bytes | str, name: str = "a.log", *, is_listed: bool = False) -> InputSource:
    content = data.encode() if isinstance(data, str) else data
    return InputSource(name, lambda: io.BytesIO(content), is_listed)


def found_in(*data: bytes | str) -> list[LogItem]:
    return list(LogReader([source(each, f"{index}.log") for index, each in enumerate(data)]).read())


def answers(*data: bytes | str) -> list[Answer]:
    return [each.result for each in found_in(*data) if isinstance(each, Located) and isinstance(each.result, Answer)]


def usages(*data: bytes | str) -> list[Usage]:
    return [each.usage for each in answers(*data)]


def rest(*data: bytes | str) -> list[tuple[str, str]]:
    """What is found beside answers: rule or place, and why."""
    return [
        (each.place.label, each.message) if isinstance(each, RejectedRequest) else (each.result.rule.id, each.result.message)
        for each in found_in(*data)
        if isinstance(each, RejectedRequest) or isinstance(each.result, Finding)
    ]


@pytest.mark.parametrize(
    "data",
    [
        JSON,
        f"\n  {JSON}\n\n",
        f"\ufeff{JSON}",
        JSON.encode("utf-16"),
        json.dumps(COMPLETION, indent=2),
        json.dumps([COMPLETION], indent=2),
        f"[{JSON}]\n",
        f"{JSON}\r\n",
        f"data: {JSON}\n\ndata: [DONE]\n",
        f": a comment\nevent: message\nid: 7\nretry: 5\ndata:{JSON}\n",
        gzip.compress(JSON.encode(), mtime=0),
    ],
)
def test_one_answer_in_every_form_that_a_file_has(data: bytes | str) -> None:
    assert answers(data) == [COMPLETION_ANSWER]


def test_lines_events_and_lists_of_one_file_are_read_alike_and_have_their_places() -> None:
    found = found_in(f'{RECORD}\n\ndata: {RECORD}\n[{RECORD}, {RECORD}]\nnot JSON\n{{"a": \n')
    assert [each.place for each in found] == [Place("0.log", line, position=line - 1) for line in (1, 3, 4, 4, 5, 6)]
    assert [isinstance(each, Located) for each in found] == [True] * 4 + [False] * 2
    assert [each.place.label for each in found_in(f"[{RECORD}, {RECORD}]")] == ["0.log[0]", "0.log[1]"]
    assert found_in("", "\n\n") == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "expected JSON, but at column 2: Expecting property name enclosed in double quotes"),
        (f"{RECORD}\r{RECORD}", "expected JSON, but at column 41: Extra data"),
        ('{"input_tokens": 1, "input_tokens": 2}', 'expected each key once, found "input_tokens" a second time'),
        ('{"input_tokens": NaN}', "expected JSON, found NaN, which JSON does not have"),
        (f'{{"input_tokens": {"9" * 5000}}}', "expected JSON of numbers that have a meaning, found one of thousands of digits"),
        ("[" * 100_000, "expected JSON that is nested less deeply, found hundreds of levels"),
        (
            '{"input_tokens": 1e400}',
            "input_tokens: expected a whole number from 0 to 999,999,999,999,999, found a very large number",
        ),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_read(line: str, message: str) -> None:
    assert rest(f"{RECORD}\n{line}\n{RECORD}\n") == [("0.log:2", message)]
    assert len(answers(f"{RECORD}\n{line}\n{RECORD}\n")) == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("null", "expected an answer of the API, or a record of its usage, found nothing"),
        ('"x"', "expected an answer of the API, or a record of its usage, found text"),
        ('"input_tokens": 5}}', "expected JSON, but at column 15: Extra data"),
        ("2026-11-20 started", "expected JSON, but at column 5: Extra data"),
    ],
)
def test_a_first_line_that_is_not_an_object_does_not_hide_the_others(line: str, message: str) -> None:
    data = f"{line}\n{json.dumps(COMPLETION)}\n"
    assert (len(answers(data)), rest(data)) == (1, [("0.log:1", message)])


def test_a_first_line_that_is_cut_off_does_not_hide_the_others() -> None:
    data = f'{{"id": "x", "usage": {{"prom\n{RECORD}\n{RECORD}\n'
    assert usages(data) == [Usage(1, 9, 0, 2)] * 2
    assert [where for where, _ in rest(data)] == ["0.log:1"]


CHUNKS = st.sampled_from(["a", "b", "c"])


def chunk(name: str, usage: int | None = None, *, is_last: bool = False, **more: Any) -> str:
    choices = [] if is_last else [{"index": 0, "delta": {"content": "x"}}]
    told = None if usage is None else {"prompt_tokens": 10, "completion_tokens": usage}
    return json.dumps({"id": name, "object": "chat.completion.chunk", "choices": choices, "usage": told, **more})


def events(chunks: Iterable[str]) -> str:
    return "".join(f"data: {each}\n\n" for each in chunks) + "data: [DONE]\n"


def test_the_last_usage_of_a_stream_counts_where_each_part_reports_it() -> None:
    parts = [chunk("a", 1), chunk("a", 2), chunk("a", 3)]
    assert usages(events(parts)) == [Usage(1, 10, 0, 3)]
    assert usages(events([*parts, chunk("a", 4, is_last=True)])) == [Usage(1, 10, 0, 4)]
    # One that reports no usage behind the last one that does changes nothing.
    assert usages(events([*parts, chunk("a")])) == [Usage(1, 10, 0, 3)]
    # Written down twice, it is one.
    twice = events([*parts, chunk("a", 4, is_last=True)]) * 2
    assert usages(twice) == [Usage(1, 10, 0, 4)]
    assert rest(twice) == [("answer-twice", "an answer that is already in the logs")]


@given(st.lists(st.tuples(CHUNKS, st.booleans()), max_size=20), st.data())
def test_streams_are_joined_however_they_are_interleaved_and_cut(parts: list[tuple[str, bool]], data: st.DataObject) -> None:
    """Each part has the usage so far, or none; of each stream, the last usage counts."""
    lines = [chunk(name, index if has_usage else None) for index, (name, has_usage) in enumerate(parts)]
    cut = data.draw(st.integers(0, len(lines)))
    last = {name: index for index, (name, has_usage) in enumerate(parts) if has_usage}
    for files in ([events(lines)], [events(lines[:cut]), "\n".join(lines[cut:])]):
        assert sorted(each.output_tokens for each in usages(*files)) == sorted(last.values())
        assert len(rest(*files)) == len({name for name, _ in parts} - set(last))


def test_a_stream_that_reached_its_maximum_is_cut_and_one_without_its_end_is_named() -> None:
    at_maximum = chunk("a", choices=[{"delta": {}, "finish_reason": "length"}])
    (answer,) = answers(events([at_maximum, chunk("b"), chunk("a", 5, is_last=True)]))
    assert (answer.usage.output_tokens, answer.is_cut_off) == (5, True)
    assert rest(events([at_maximum, chunk("b"), chunk("a", 5, is_last=True)])) == [
        ("usage-missing", "expected the usage at the end of a stream, found none")
    ]
    (answer,) = answers(events([at_maximum, chunk("a"), chunk("a", 5, is_last=True)]))
    assert answer.is_cut_off
    (answer,) = answers(events([chunk("a", 5, choices=[{"finish_reason": "length"}])]))
    assert answer.is_cut_off


KEYS = '"id", "object", "created_at", "status", "model", ...'


@pytest.mark.parametrize(
    ("end", "usage", "why"),
    [
        ({"type": "response.completed", "response": RESPONSE}, [Usage(1, 26, 5, 15)], []),
        ({"type": "response.incomplete", "response": RESPONSE}, [Usage(1, 26, 5, 15)], []),
        ({"type": "response.failed", "response": {**RESPONSE, "status": "failed", "usage": None}}, [], ["the request failed"]),
        (
            {"type": "response.completed", "response": {**RESPONSE, "usage": None}},
            [],
            [f"expected an answer with its tokens (a usage, or input_tokens and output_tokens), found none among {KEYS}"],
        ),
        ({"type": "response.in_progress", "response": RESPONSE}, [], ["expected the usage at the end of a stream, found none"]),
    ],
)
def test_a_stream_of_responses_is_named_once_however_it_ends(end: Body, usage: list[Usage], why: list[str]) -> None:
    begin = {"type": "response.created", "response": {**RESPONSE, "usage": None, "status": "in_progress"}}
    data = "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in (begin, end))
    assert (usages(data), [message for _, message in rest(data)]) == (usage, why)


def test_an_answer_that_is_logged_twice_counts_once_and_one_without_an_id_is_another() -> None:
    assert answers(JSON, f"{JSON}\n{JSON}\n") == [COMPLETION_ANSWER]
    assert rest(JSON, f"{JSON}\n{JSON}\n") == [("answer-twice", "an answer that is already in the logs")] * 2
    assert len(answers(f"{RECORD}\n{RECORD}\n", RECORD)) == 3
    rows = "id,input_tokens\n1,5\n2,5\n"
    assert len(answers(rows, rows)) == 4


def test_a_file_that_is_named_twice_is_read_once() -> None:
    assert len(list(LogReader([source(RECORD), source(RECORD)]).read())) == 1


def file(path: Path, data: bytes) -> InputSource:
    path.write_bytes(data)
    return InputSource(str(path), lambda: path.open("rb"))


def test_a_copy_of_a_file_is_left_out_and_named(tmp_path: Path) -> None:
    rows = f"{HEAD}gpt-4.1,9,2\n".encode()
    sources = [file(tmp_path / name, rows) for name in ("usage.csv", "usage (1).csv", "usage (2).csv")]
    other = file(tmp_path / "of the same size.csv", rows.replace(b"9", b"8"))
    read = LogReader([sources[0], other, *sources[1:], source(RECORD)]).read()
    found = [each for each in read if isinstance(each, Located)]
    assert [each.result.usage.input_tokens for each in found if isinstance(each.result, Answer)] == [9, 8, 9]
    why = f"a file with the content of {tmp_path}/usage.csv, which is priced"
    assert [each for each in found if isinstance(each.result, Finding)] == [
        Located(Place(each.name), Finding(rules.FILE_TWICE, why)) for each in sources[1:]
    ]


def test_two_answers_may_have_the_same_usage(tmp_path: Path) -> None:
    alone = [file(tmp_path / name, f"\n{RECORD}\n".encode()) for name in ("1.json", "2.json")]
    many = [file(tmp_path / name, RECORD.encode() + b"\n" * 512) for name in ("1.jsonl", "2.jsonl")]
    assert find_duplicate_files([*alone, *many]) == {many[1].name: many[0]}


def test_what_can_be_read_only_once_is_not_a_copy(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    empty = [file(tmp_path / name, b"") for name in "ab"]
    gone = [file(tmp_path / name, b"x")._replace(open=partial(open_file, tmp_path / "gone")) for name in "cd"]
    assert (
        find_duplicate_files([InputSource(str(tmp_path / "fifo"), io.BytesIO), InputSource("-", io.BytesIO), *empty, *gone]) == {}
    )


@pytest.mark.parametrize(
    "data",
    [
        "Model,Input Tokens,Output Tokens\ngpt-4.1,9,2\n",
        "\ufeffmodel;input_tokens;output_tokens\r\ngpt-4.1;9;2\r\n",
        "model\tprompt_tokens\tcompletion_tokens\rgpt-4.1\t9\t2\r",
        '"model"|"input_tokens"|"output_tokens"\n"gpt-4.1"|"9"|"2"',
        "\n  \n" + HEAD + "\n,,\ngpt-4.1, 9 ,2\n   \n",
        (HEAD + "gpt-4.1,9,2\n").encode("utf-16"),
        gzip.compress((HEAD + "gpt-4.1,9,2\n").encode(), mtime=0),
    ],
)
def test_a_csv_of_every_kind(data: bytes | str) -> None:
    assert answers(data) == [Answer(Usage(1, 9, 0, 2), model="gpt-4.1")]


def test_cells_hold_what_they_like() -> None:
    prompt = f'"One, ""two"";\n\x0b\u2028\u0085 three\r\n{"x" * 200_000}"'
    data = f"prompt,model,input_tokens,output_tokens\n{prompt},gpt-4.1,9,0\nshort,gpt-4.1,-7,0\n"
    assert answers(data) == [Answer(Usage(1, 9), model="gpt-4.1")]
    assert rest(data) == [
        ("columns-ignored", "ignored columns: prompt"),
        ("0.log:5", "input_tokens: expected a whole number from 0 to 999,999,999,999,999, found the number -7"),
    ]  # fmt: skip


def test_all_columns_that_say_something_and_the_first_of_those_that_do_not() -> None:
    names = "Date,Model,Service Tier,Batch,Num Model Requests,Input Tokens,Input Cached Tokens,Output Tokens,currency"
    unknown = ",".join(f"x{number}" for number in range(12))
    data = f"{names},{unknown}\n2026-11-21,m,priority,no,12,1200,912,96,usd{',' * 12}\n1795219200,m,,TRUE,,5,,0,{',' * 12}\n"
    assert answers(data) == [
        Answer(Usage(12, 1200, 912, 96), None, None, "m", "priority", ANSWER_DAY, is_sum=True, currency="USD"),
        Answer(Usage(1, 5), None, None, "m", "batch", ANSWER_DAY),
    ]
    shown = ", ".join(f"x{number}" for number in range(10))
    assert rest(data) == [("columns-ignored", f"ignored columns: {shown}, ...")]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("m,9", "expected 3 cells as in the first line, found 2"),
        ("m,9.5,2", 'input_tokens: expected a whole number, found "9.5"'),
        ('m,"1,200",2', 'input_tokens: expected a whole number without separators, found "1,200"'),
        ("m,20.000.000,2", 'input_tokens: expected a whole number without separators, found "20.000.000"'),
        ('m,"1,20",2', 'input_tokens: expected a whole number, found "1,20"'),
        ("m,a secret,2", "input_tokens: expected a whole number, found text"),
        ("m,٣,2", 'input_tokens: expected a whole number, found "٣"'),
        ("m,12345678901234567890,2", 'input_tokens: expected a whole number, found "12345678901234567890"'),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_read(row: str, message: str) -> None:
    data = f"{HEAD}m,1,1\n{row}\nm,2,2\n"
    assert rest(data) == [("0.log:3", message)]
    assert usages(data) == [Usage(1, 1, 0, 1), Usage(1, 2, 0, 2)]


@pytest.mark.parametrize("column", ["startTime", "Start Time", "ENDTIME", "datetime", "request_created_at"])
def test_a_column_of_days_is_read_however_its_name_is_written(column: str) -> None:
    assert answers(f"input_tokens,output_tokens,{column}\n9,2,2026-11-21 10:00:00.000\n") == [
        Answer(Usage(1, 9, 0, 2), day=ANSWER_DAY)
    ]


def test_figures_in_columns_that_are_not_read_are_doubted() -> None:
    (first, second) = answers("input_tokens,output_tokens,Cached Prompt,note,max_tokens,cache_state\n9,2,5,6,7,x\n9,2,0,6,7,x\n")
    assert first.doubts == ('with figures that aren\'t read but may change its price: "cached_prompt"',)
    assert second.doubts == ()
    assert answers("input_tokens,output_tokens,Cache Read Input Tokens\n9,2,5\n") == [Answer(Usage(1, 9, 5, 2))]
    data = "input_tokens,output_tokens,Cache Hit\n9,2,True\n"
    assert rest(data) == [("cache-hit", "an answer from the cache of a proxy, which nobody bills")]


def test_a_day_without_an_answer_is_not_a_gap() -> None:
    head = "start_time,batch,model,num_model_requests,input_tokens,output_tokens\n"
    data = f"{head}1795132800,,,0,0,0\n1795132800,false,,,,\n1795132800,,m,0,0,0\n1795132800,,,1,0,0\n1795132800,,,,,7\n"
    assert [each.usage.requests for each in answers(data)] == [0, 1]
    assert [rule for rule, _ in rest(data)] == ["usage-missing"]


TOTAL = ("total-row", "a row that calls itself a total")
UNCLEAR = ("total-unclear", "a row without model and day that has the sums of all rows before it, taken as their total")
DAYS_HEAD = "day,model,input_tokens,output_tokens\n"


@pytest.mark.parametrize(
    ("head", "row", "found"),
    [
        (DAYS_HEAD, "Total,,7,3", [TOTAL]),
        (DAYS_HEAD, "GRAND TOTAL:,,7,3", [TOTAL]),
        (DAYS_HEAD, ",Sum,7,3", [TOTAL]),
        (DAYS_HEAD, "total,many", [TOTAL]),  # few cells, and no figures
        (DAYS_HEAD, ",,7,3", [UNCLEAR]),
        (DAYS_HEAD, ",,7,", [UNCLEAR]),
        (DAYS_HEAD, ",,7,4", []),
        (DAYS_HEAD, "2026-11-22,,7,3", []),
        ("project,day,model,input_tokens,output_tokens\n", "Total,2026-11-22,m,7,3", [TOTAL]),
    ],
)
def test_a_row_that_is_the_total_of_others_is_not_priced(head: str, row: str, found: list[tuple[str, str]]) -> None:
    first = "shop," * head.startswith("project")
    data = f"{head}{first}2026-11-20,m,5,1\n{first}2026-11-21,m,2,2\n{row}\n"
    assert [each for each in rest(data) if each[0] != "columns-ignored"] == found
    assert len(answers(data)) == (2 if found else 3)


def test_rows_without_names_are_not_totals_of_each_other() -> None:
    assert len(answers("model,input_tokens\n,5\n,5\n,10\n")) == 3
    assert rest("model,input_tokens\nm,0\n,0\n") == []


def test_whether_it_was_a_batch_is_not_guessed() -> None:
    assert rest("input_tokens,batch\n5,perhaps\n") == [("0.log:2", 'batch: expected true or false, found "perhaps"')]


NO_TEXT = (
    "expected text in UTF-8, or in UTF-16 or UTF-32 with a byte order mark; found the byte 0xff at offset 21, which isn't UTF-8"
)
NO_TOKENS = "expected a column of tokens (input_tokens or prompt_tokens)"
NAME_COLUMNS = "--columns names those of another log: --columns input=NAME,output=NAME,model=NAME"
PREFIXED = "lines of a log with text before the JSON; cut that off with sed 's/^[^{]*//' FILE and name standard input (-) instead"
KINDS = "JSON, JSON Lines, the events of a stream, or CSV with a column input_tokens or prompt_tokens"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            "08:00:00,123 INFO Completion(id='a', usage=Usage(completion_tokens=100, prompt_tokens=1000))\n" * 2,
            f"a.log:1: expected {KINDS}, found none of them",
        ),
        ("A text.\nOf two lines.\n", f"a.log:1: expected {KINDS}, found none of them"),
        ("\nmodel,output_tokens\n", f'a.log:2: {NO_TOKENS}, found the columns "model", "output_tokens"; {NAME_COLUMNS}'),
        ("model,tok_in,cost\n", f'a.log:1: {NO_TOKENS}, found the columns "model", "tok_in", "cost"; {NAME_COLUMNS}'),
        (
            "a,b,c,d,e,f,g,h,i\n",
            f'a.log:1: {NO_TOKENS}, found the columns "a", "b", "c", "d", "e", "f", "g", "h", ...; {NAME_COLUMNS}',
        ),
        ('2026-11-20 10:00:00 INFO {"usage": 1}\n', f"a.log:1: expected JSON, JSON Lines or CSV, found {PREFIXED}"),
        (
            "start_time,amount_value\n",
            (
                "a.log:1: expected a column of tokens (input_tokens or prompt_tokens), found prices alone (amount_value): "
                "--invoice takes costs"
            ),
        ),
        ("input_tokens,Input Tokens\n", "a.log:1: expected each column once, found input_tokens a second time"),
        ('"input_tokens" x\n', "a.log:1: expected CSV, found: ',' expected after '\"'"),
        (b"model,input_tokens\nm,\xff\n", f"a.log: {NO_TEXT}"),
        ('{\n  "a": 1\n]\n', "a.log: expected JSON, but at line 3, column 1: Expecting ',' delimiter"),
        (GZIP[:-9], "a.log: expected a whole gzip file, found one that is cut off"),
        (LONG_GZIP[:-9], "a.log: expected a whole gzip file, found one that is cut off"),
    ],
)  # fmt: skip
def test_what_is_not_a_log_is_an_error_where_it_is_named_and_left_out_where_it_is_not(data: bytes | str, message: str) -> None:
    with pytest.raises(InputError) as error:
        list(LogReader([source(data)]).read())
    assert str(error.value) == message
    logs = LogReader([source(data, is_listed=True)])
    found = list(logs.read())
    if any(isinstance(each, Located) for each in found):
        assert [each for each in found if isinstance(each, RejectedRequest)] == [
            RejectedRequest(
                Place("a.log"), f"what comes after a.log:{len(found) - 1}: {message.removeprefix('a.log: ')}", is_from_folder=True
            )
        ]
    elif not found:
        assert logs.skipped == [SkippedPath("a.log", message.removeprefix("a.log: "))]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('"m" x,2,2\nm,4,1\n', "expected CSV up to line 3, found: ',' expected after '\"'"),
        ('m,"2\n2" x,2\nm,4,1\n', "expected CSV up to line 4, found: ',' expected after '\"'"),
        ('m,4,1\nm,"2,2\nm,3,1\n', "expected CSV up to line 5, found: unexpected end of data"),
    ],
)
def test_a_row_that_is_not_a_row_hides_only_what_it_swallows(rows: str, message: str) -> None:
    data = f"{HEAD}m,1,1\n{rows}"
    assert usages(data) == [Usage(1, 1, 0, 1), Usage(1, 4, 0, 1)]
    assert [each[1] for each in rest(data)] == [message]


@pytest.mark.parametrize(("before", "line"), [("", 1), ("\n\n", 3), (f"{HEAD}m,1,1\n" * 1_000, 2_001)])
def test_a_line_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch, before: str, line: int) -> None:
    monkeypatch.setattr("gpt41_cli.files.documents.MAX_DOCUMENT_BYTES", 2_000_000)
    with pytest.raises(InputError) as error:
        found_in(before + "\0" * 5_000_000)
    assert str(error.value) == f"0.log:{line}: expected lines of at most 2,000,000 bytes, found a longer one"


def test_a_json_line_without_an_end_is_one_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gpt41_cli.files.documents.MAX_DOCUMENT_BYTES", 2_000_000)
    data = '{"a": "' + "x" * 5_000_000 + f"\n{RECORD}\n"
    assert usages(data) == [Usage(1, 9, 0, 2)]
    assert rest(data) == [("0.log:1", "expected at most 2,000,000 bytes, found more")]


def test_a_disk_that_fails_is_an_error_of_its_file() -> None:
    class Failing(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, _buffer: Any) -> int:
            raise OSError(5, "Input/output error")

    with pytest.raises(InputError, match=r"a\.log: expected a readable file, found: Input/output error"):
        list(LogReader([InputSource("a.log", lambda: io.BufferedReader(Failing()))]).read())


def test_what_is_left_out_already_stays_so() -> None:
    assert LogReader([], [SkippedPath("x", "ignored")]).skipped == [SkippedPath("x", "ignored")]


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    with suppress(InputError):
        assert all(each.line is None or each.line >= 1 for each in read_log(io.BytesIO(data), "a.log"))


def test_three_digits_behind_a_point_are_not_a_fraction() -> None:
    found = [each.value for each in read_log(io.BytesIO(f"{HEAD}gpt-4.1,1.000,2\ngpt-4.1,1000.0,2.00\n".encode()), "log")]
    assert str(found[0]) == 'input_tokens: expected a whole number without separators, found "1.000"'
    assert found[1] == {"model": "gpt-4.1", "input_tokens": 1000, "output_tokens": 2}
