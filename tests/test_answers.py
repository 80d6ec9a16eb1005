"""What the API reported, in each form that logs keep it: read as it was billed, or said why not."""

from __future__ import annotations

import gzip
import io
import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.decisions.logs import Found, Logs
from gpt41_cli.decisions.requests import Done, Invalid
from gpt41_cli.errors import InputError
from gpt41_cli.pricing import Usage
from gpt41_cli.requests.answers import Answer, Unbilled, read
from gpt41_cli.requests.fields import BadBody
from gpt41_cli.requests.sources import Source

DAY = 1795219200  # 2026-11-21
CHAT = {"prompt_tokens": 100, "completion_tokens": 20}
RESPONSES = {"input_tokens": 100, "output_tokens": 20}


def chat(**fields: Any) -> dict[str, Any]:
    return {"id": "c1", "object": "chat.completion", "created": DAY, "model": "gpt-4.1", "usage": CHAT, **fields}


def response(**fields: Any) -> dict[str, Any]:
    return {"id": "r1", "object": "response", "created_at": DAY, "model": "gpt-4.1", "usage": RESPONSES, **fields}


def chunk(**fields: Any) -> dict[str, Any]:
    return chat(object="chat.completion.chunk", **fields)


def lines(*values: Any) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def found(*logs: str | bytes, is_listed: bool = False) -> list[Found]:
    """What is found in logs, which are called log1, log2 and so on."""
    data = [log.encode() if isinstance(log, str) else log for log in logs]
    return list(Logs([Source(f"log{n}", lambda each=each: io.BytesIO(each), is_listed) for n, each in enumerate(data, 1)]).read())


def answers(*logs: str | bytes) -> list[Answer]:
    """The answers, of logs that have nothing else."""
    every = [each.result for each in found(*logs) if isinstance(each, Done)]
    assert all(isinstance(each, Answer) for each in every), every
    return [each for each in every if isinstance(each, Answer)]


def said(*logs: str | bytes) -> list[str]:
    """Where something is no answer, and why."""
    every = []
    for each in found(*logs):
        if isinstance(each, Invalid):
            every.append(f"{each.place.label}: {each.message}")
        elif isinstance(each.result, Unbilled):
            every.append(f"{each.place.label}: {each.result.rule}: {each.result.message}")
    return every


def test_every_field_of_an_answer_of_chat_completions_is_read() -> None:
    usage = {
        "prompt_tokens": 2000,
        "completion_tokens": 500,
        "total_tokens": 2500,
        "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 7,
            "accepted_prediction_tokens": 320,
            "rejected_prediction_tokens": 110,
        },
    }
    logged = chat(usage=usage, service_tier="priority", choices=[{"finish_reason": "length"}])
    assert answers(lines(logged)) == [
        Answer(Usage(1, 2000, 1024, 500), "c1", None, "gpt-4.1", "priority", date(2026, 11, 21), 7, 320, 110, is_cut=True)
    ]


def test_every_field_of_an_answer_of_responses_is_read() -> None:
    usage = {
        "input_tokens": 3000,
        "input_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 1500},
        "output_tokens": 90,
        "output_tokens_details": {"reasoning_tokens": 64},
    }
    logged = response(usage=usage, service_tier="default", status="incomplete")
    assert answers(lines(logged)) == [
        Answer(
            Usage(1, 3000, 1024, 90),
            "r1",
            None,
            "gpt-4.1",
            "standard",
            date(2026, 11, 21),
            64,
            cache_write_tokens=1500,
            is_cut=True,
        )
    ]


@pytest.mark.parametrize(
    ("tier", "mode"),
    [
        (None, "standard"),
        ("auto", "standard"),
        ("default", "standard"),
        ("priority", "priority"),
        ("fast", "priority"),
        ("flex", "flex"),
        ("scale", "scale"),
    ],
)
def test_the_tier_that_answered_is_the_mode(tier: str | None, mode: str) -> None:
    assert answers(lines(chat(service_tier=tier)))[0].mode == mode


def test_a_line_of_a_batch_output_is_in_batch_and_named_by_its_request() -> None:
    body = chat(service_tier="default")
    (answer,) = answers(
        lines({"id": "batch_req_1", "custom_id": "m-1", "response": {"status_code": 200, "body": body}, "error": None})
    )
    assert (answer.mode, answer.custom_id, answer.id) == ("batch", "m-1", "c1")


def test_what_an_http_client_logs_is_no_batch() -> None:
    (answer,) = answers(lines({"request": {"model": "gpt-4.1"}, "response": {"status_code": 200, "body": chat()}}))
    assert answer.mode == "standard"


@pytest.mark.parametrize(
    "wrap",
    [
        lambda body: {"response": body},
        lambda body: {"request": {"model": "x"}, "response": body},
        lambda body: {"data": {"result": body}},
        lambda body: {"object": "list", "data": [body]},
        lambda body: [body],
    ],
)
def test_what_a_log_puts_around_an_answer_is_taken_off(wrap: Any) -> None:
    assert answers(json.dumps(wrap(chat()))) == answers(lines(chat()))


def test_what_stands_around_an_answer_says_what_is_not_in_it() -> None:
    (answer,) = answers(
        lines({"custom_id": "a", "model": "gpt-4.1", "timestamp": "2026-11-02T23:30:00-05:00", "response": {"usage": CHAT}})
    )
    assert (answer.custom_id, answer.model, answer.day) == ("a", "gpt-4.1", date(2026, 11, 3))


def test_the_answer_itself_is_believed_before_what_stands_around_it() -> None:
    (answer,) = answers(lines({"custom_id": "a", "model": "o3", "date": "2026-01-01", "response": chat(custom_id="b")}))
    assert (answer.custom_id, answer.model, answer.day) == ("b", "gpt-4.1", date(2026, 11, 21))


def test_the_chunks_of_interleaved_streams_are_one_answer_each() -> None:
    cut = [{"index": 0, "delta": {}, "finish_reason": "length"}]
    events = [
        chunk(id="a", usage=None),
        chunk(id="b", usage=None),
        chunk(id="a", usage=None, choices=cut),
        chunk(id="b", choices=[]),
        chunk(id="a", choices=[]),
    ]
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n"
    assert [(answer.id, answer.is_cut, answer.usage) for answer in answers(text)] == [
        ("b", False, Usage(1, 100, 0, 20)),
        ("a", True, Usage(1, 100, 0, 20)),
    ]


def test_the_events_of_responses_are_one_answer() -> None:
    unfinished = response(status="in_progress", usage=None)
    text = (
        ": a comment\nevent: response.created\nid: 1\nretry: 5\n"
        f"data: {json.dumps({'type': 'response.created', 'response': unfinished})}\n\n"
        f"data: {json.dumps({'type': 'response.output_text.delta', 'delta': 'x'})}\n\n"
        f"data: {json.dumps({'type': 'response.incomplete', 'response': response(status='incomplete')})}\n\n"
    )
    (answer,) = answers(text)
    assert (answer.id, answer.is_cut) == ("r1", True)


def test_the_chunks_of_a_stream_may_each_be_in_what_a_log_puts_around_them() -> None:
    log = lines({"n": 1, "data": chunk(usage=None, choices=[{"finish_reason": "length"}])}, {"n": 2, "data": chunk(choices=[])})
    assert [(answer.id, answer.is_cut) for answer in answers(log)] == [("c1", True)]


def test_a_response_that_was_looked_at_while_it_was_made_is_one_answer() -> None:
    assert len(answers(lines(response(status="queued", usage=None), response(status="in_progress"), response()))) == 1


def test_what_has_no_usage_is_named_once() -> None:
    failed = response(status="failed", usage=None, error={"code": "server_error", "message": "secret prompt"})
    log = lines(
        chunk(id="cut", usage=None),
        {"type": "response.created", "response": response(id="r2", usage=None)},
        {"type": "response.failed", "response": {**failed, "id": "r2"}},
        {"type": "error", "code": "rate_limit_exceeded", "message": "secret prompt"},
        {"error": {"message": "secret prompt", "type": "requests", "code": None}},
        {"custom_id": "m", "response": {"status_code": 400, "body": {"error": {"code": "too_long", "message": "secret"}}}},
        {"custom_id": "m", "response": None, "error": {"code": "batch_expired", "message": "secret"}},
        {"error": "what a prompt may say"},
        {"object": "organization.costs.result", "amount": {"value": 0.06, "currency": "usd"}},
        {"response": {"body": {"data": {"result": {"output": chat()}}}}},
        {"text": "nothing"},
    )
    assert said(log) == [
        'log1:3: answer-failed: the request failed: "server_error"',
        'log1:4: answer-failed: the request failed: "rate_limit_exceeded"',
        'log1:5: answer-failed: the request failed: "requests"',
        'log1:6: answer-failed: the request failed: status 400, "too_long"',
        'log1:7: answer-failed: the request failed: "batch_expired"',
        "log1:8: answer-failed: the request failed",
        "log1:9: usage-missing: expected an answer with its tokens, found amount alone",
        "log1:10: usage-missing: expected an answer with its tokens, found none",
        "log1:11: usage-missing: expected an answer with its tokens, found none",
        "log1:1: usage-missing: expected the usage at the end of a stream, found none",
    ]


def test_an_answer_that_is_logged_twice_counts_once() -> None:
    every = found(lines(chat(), chat(id="c2")), lines(chat(), {"id": "c1", "model": "gpt-4.1", **CHAT, "prompt_tokens": 101}))
    assert [type(each.result).__name__ for each in every if isinstance(each, Done)] == ["Answer", "Answer", "Unbilled", "Answer"]


def test_a_log_that_is_named_twice_is_read_once() -> None:
    source = Source("log", lambda: io.BytesIO(lines({"model": "gpt-4.1", **CHAT}).encode()))
    assert len(list(Logs([source, source]).read())) == 1


def test_a_page_of_the_usage_api_is_its_sums_on_the_day_of_their_bucket() -> None:
    result = {"input_tokens": 1000, "input_cached_tokens": 800, "output_tokens": 50, "num_model_requests": 5, "model": "gpt-4.1"}
    page = {
        "object": "page",
        "data": [{"object": "bucket", "start_time": DAY, "results": [{**result, "batch": True}, {**result, "batch": False}]}],
    }
    assert [(each.usage, each.mode, each.day) for each in answers(json.dumps(page, indent=1))] == [
        (Usage(5, 1000, 800, 50), "batch", date(2026, 11, 21)),
        (Usage(5, 1000, 800, 50), "standard", date(2026, 11, 21)),
    ]


def test_a_batch_object_is_a_sum_of_its_completed_requests() -> None:
    batch = {
        "id": "batch_1",
        "object": "batch",
        "created_at": DAY,
        "model": "gpt-4.1",
        "request_counts": {"completed": 9, "total": 10},
    }
    (answer,) = answers(json.dumps({**batch, "usage": RESPONSES}, indent=2))
    assert (answer.usage, answer.mode, answer.is_total) == (Usage(9, 100, 0, 20), "batch", True)


@pytest.mark.parametrize(
    ("value", "day"),
    [
        (DAY, date(2026, 11, 21)),
        (DAY * 1000, date(2026, 11, 21)),
        (DAY + 0.5, date(2026, 11, 21)),
        ("2026-11-21", date(2026, 11, 21)),
        ("2026-11-21T01:00:00+02:00", date(2026, 11, 20)),
        ("2026-11-21 23:00:00", date(2026, 11, 21)),
        (0, None),
        (-5, None),
        (True, None),
        ("yesterday", None),
        ("2026-13-77", None),
        (10**300, None),
        ([], None),
    ],
)
def test_the_day_is_that_of_utc_or_not_known(value: Any, day: date | None) -> None:
    assert answers(lines(chat(created=value)))[0].day == day


MOST = "1,000,000,000,000,000"


@pytest.mark.parametrize(
    ("usage", "message"),
    [
        ({"prompt_tokens": -1}, f"usage.prompt_tokens: expected a whole number from 0 to {MOST}, found the number -1"),
        ({"prompt_tokens": 1.0}, f"usage.prompt_tokens: expected a whole number from 0 to {MOST}, found the number 1.0"),
        ({"prompt_tokens": True}, f"usage.prompt_tokens: expected a whole number from 0 to {MOST}, found true or false"),
        ({"prompt_tokens": "9"}, f"usage.prompt_tokens: expected a whole number from 0 to {MOST}, found text"),
        (
            {"completion_tokens": 10**16},
            f"usage.completion_tokens: expected a whole number from 0 to {MOST}, found the number {10**16}",
        ),
        (
            {"prompt_tokens_details": {"cached_tokens": 101}},
            "usage: expected at most as many cached tokens as input tokens (100), of which they are a part, found 101",
        ),
        (
            {"prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 60}},
            (
                "usage: expected at most as many cached and cache-write tokens as input tokens (100), of which they are a part, "
                "found 120"
            ),
        ),
        (
            {"completion_tokens_details": {"rejected_prediction_tokens": 21}},
            (
                "usage: expected at most as many rejected prediction tokens as output tokens (20), of which they are a part, "
                "found 21"
            ),
        ),
        ({"prompt_tokens_details": 5}, "usage.prompt_tokens_details: expected an object, found the number 5"),
    ],
)
def test_a_figure_that_cannot_be_is_told_with_its_line_and_the_others_are_read(usage: dict[str, Any], message: str) -> None:
    log = lines(chat(), chat(usage={**CHAT, **usage}), chat(id="c3"))
    assert said(log) == [f"log1:2: {message}"]
    assert len(found(log)) == 3


def test_other_bad_lines_are_told_as_elsewhere() -> None:
    log = lines(chat()) + '{"a": 1, "a": 2}\n[1]\n"x"\n{"model": \n{"prompt_tokens": NaN}\n{"prompt_tokens": 1, "model": 5}\n'
    assert said(log) == [
        'log1:2: expected each key once, found "a" a second time',
        "log1:3: expected an answer of the API, or a record of its usage, found the number 1",
        "log1:4: expected an answer of the API, or a record of its usage, found text",
        "log1:5: expected JSON, but at column 10: Expecting value",
        "log1:6: expected JSON, found NaN, which JSON does not have",
        "log1:7: model: expected text, found the number 5",
    ]


def test_a_list_tells_the_position() -> None:
    assert said(json.dumps([chat(), {"no": 1}])) == ["log1[1]: usage-missing: expected an answer with its tokens, found none"]


def test_a_log_whose_first_line_is_cut_is_read_all_the_same() -> None:
    assert said('{"id": "c0", "usage": {"prompt_to\n' + lines(chat())) == [
        "log1:1: expected JSON, but at column 24: Unterminated string starting at"
    ]


def test_a_log_whose_first_line_is_a_list_has_more_lines() -> None:
    assert len(answers(lines([chat()], chat(id="c2")))) == 2


def test_an_empty_log_holds_nothing() -> None:
    assert found("", "\n \n") == []


@pytest.mark.parametrize(
    "encode", [gzip.compress, lambda data: b"\xef\xbb\xbf" + data, lambda data: data.decode().encode("utf-16")]
)
def test_a_log_may_be_compressed_or_marked(encode: Any) -> None:
    for log in (lines(chat()), "model,input_tokens\ngpt-4.1,5\n"):
        assert len(answers(encode(log.encode()))) == 1


# CSV


def test_the_columns_of_a_csv_are_found_by_their_names() -> None:
    log = (
        "\ufeff\r\nDate;Model;Service Tier;Num Model Requests;Input Tokens;Input Cached Tokens;Output Tokens;Custom ID\r\n"
        '2026-11-21;"gpt-4.1";priority;3;1000;500;60;a\r\n'
        ";;;;;;;\r\n"
        "1795219200;gpt-4.1;;;7;;;\r\n"
    )
    assert answers(log) == [
        Answer(Usage(3, 1000, 500, 60), None, "a", "gpt-4.1", "priority", date(2026, 11, 21)),
        Answer(Usage(1, 7, 0, 0), None, None, "gpt-4.1", "standard", date(2026, 11, 21)),
    ]


def test_a_batch_column_is_true_or_false() -> None:
    log = "model,batch,input_tokens\ngpt-4.1,TRUE,5\ngpt-4.1,no,5\ngpt-4.1,batch_68f,5\n"
    assert [each.result.mode for each in found(log) if isinstance(each, Done) and isinstance(each.result, Answer)] == [
        "batch",
        "standard",
    ]
    assert said(log) == ['log1:4: batch: expected true or false, found "batch_68f"']


def test_columns_that_say_nothing_are_named() -> None:
    log = "model,input_tokens," + ",".join(f"x{n}" for n in range(12)) + "\ngpt-4.1,5" + "," * 12 + "\n"
    assert said(log) == ["log1:1: columns-ignored: columns that say nothing here: x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, ..."]


def test_a_bad_cell_is_told_with_its_line() -> None:
    log = 'model,input_tokens,output_tokens,note\ngpt-4.1,5,1,"over\ntwo\u2028lines"\ngpt-4.1,1.5,1,\ngpt-4.1,-2,1,\ngpt-4.1,3\n'
    assert said(log)[1:] == [
        'log1:4: input_tokens: expected a whole number, found "1.5"',
        f"log1:5: input_tokens: expected a whole number from 0 to {MOST}, found the number -2",
        "log1:6: expected 4 cells as in the first line, found 2",
    ]


@pytest.mark.parametrize(
    ("log", "message"),
    [
        (
            "day,cost_usd\n2026-11-21,5.20\n",
            "log1:1: expected a column of tokens (input_tokens or prompt_tokens), found prices alone (cost_usd)",
        ),
        ("model,input_tokens,Model\n", "log1:1: expected each column once, found model a second time"),
        ('\n\nmodel,input_tokens\n"gpt"x,5\n', "log1:4: expected CSV, found: ',' expected after '\"'"),
        (
            "Dear all,\n",
            "log1: expected JSON, JSON Lines, the events of a stream, or CSV with a column input_tokens or prompt_tokens",
        ),
        ("{\n  no\n}\n", "log1: expected JSON, but at line 2, column 3"),
        (
            "model,input_tokens,currency\ngpt-4.1,5,usd\ngpt-4.1,5,\ngpt-4.1,5,EUR\n",
            "log1:4: expected one currency in all of the logs, found EUR after USD",
        ),
    ],
)
def test_a_log_that_cannot_be_read_is_an_error(log: str, message: str) -> None:
    with pytest.raises(InputError) as raised:
        found(log)
    assert str(raised.value).startswith(message)


def test_a_file_of_a_folder_that_is_no_log_is_left_out_and_named() -> None:
    logs = Logs(
        [
            Source("notes.md", lambda: io.BytesIO(b"Dear all,\n"), True),
            Source("a", lambda: io.BytesIO(lines(chat()).encode()), True),
        ]
    )
    assert len(list(logs.read())) == 1
    assert [(each.path, each.reason[:13]) for each in logs.left_out] == [("notes.md", "expected JSON")]


def test_a_file_that_fails_while_it_is_read_is_an_error() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(InputError, match=r"^log: expected a readable file, found: Input/output error$"):
        list(Logs([Source("log", Broken)]).read())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["usage", "response", "body", "data", "object", "id", "model", "prompt_tokens", "input_tokens_details"]
            ),
            inner,
            max_size=4,
        )
    ),
)


@given(JSON)
def test_any_json_is_an_answer_or_said_to_be_none(value: Any) -> None:
    try:
        found = list(read(value))
    except BadBody as error:
        found = []
        message = str(error)
        assert "expected" in message
    assert all(isinstance(each, tuple) for each in found)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), max_size=20))
def test_a_csv_and_json_lines_of_the_same_figures_are_the_same(figures: list[tuple[int, int]]) -> None:
    rows = "input_tokens,output_tokens\n" + "".join(f"{i},{o}\n" for i, o in figures)
    assert answers(rows) == answers(lines(*({"input_tokens": i, "output_tokens": o} for i, o in figures)))
