"""What one value of a log reports: every form in which the API tells its usage, and what is said of all else."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli import rules
from gpt41_cli.answers.answers import Answer, LogEntry, StreamPart
from gpt41_cli.answers.days import read_hour
from gpt41_cli.answers.figure_names import MODEL_FIELDS
from gpt41_cli.answers.records import read_entries
from gpt41_cli.files.fields import BadBody
from gpt41_cli.findings import Finding
from gpt41_cli.pricing import ToolUse, Usage
from tests.builders import ANSWER_DAY, BATCH, COMPLETION, COMPLETION_ANSWER, CREATED, MINI, RESPONSE, Body, batch_line

RESPONSE_ANSWER = Answer(Usage(1, 26, 5, 15), "resp_1", None, MINI, "priority", ANSWER_DAY, 10)
BATCH_ANSWER = Answer(Usage(5, 590, 0, 222), "batch_1", None, MINI, "batch", ANSWER_DAY, 4, is_batch_total=True)
RESULT: Body = {
    "object": "organization.usage.completions.result",
    "input_tokens": 1000,
    "output_tokens": 500,
    "input_cached_tokens": 800,
    "num_model_requests": 5,
    "model": MINI,
    "batch": True,
}
RESULT_ANSWER = Answer(Usage(5, 1000, 800, 500), None, None, MINI, "batch", ANSWER_DAY, is_sum=True)
BUCKET: Body = {"object": "bucket", "start_time": CREATED, "results": [RESULT]}
ALREADY: Body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "choices": [{"delta": {"content": "x"}}]}
RECORD = {"input_tokens": 9, "output_tokens": 2}


OTHERS = ("code_interpreter_call", "image_generation_call")
SEARCHED: Body = {
    **RESPONSE,
    "tools": [{"type": "web_search"}],
    "output": [
        {"type": "web_search_call", "status": "completed", "action": {"type": "search"}},
        {"type": "web_search_call", "status": "completed"},
        {"type": "web_search_call", "status": "completed", "action": {"type": "open_page"}},
        {"type": "web_search_call", "status": "failed", "action": {"type": "search"}},
        {"type": "file_search_call", "status": "completed"},
        {"type": "code_interpreter_call", "status": "completed"},
        {"type": "function_call", "status": "completed"},
        {"type": "image_generation_call", "status": "completed"},
        {"type": "mcp_call", "status": "completed"},
        {"type": "message"},
    ],
}


def one(value: Body) -> Any:
    (found,) = read_entries(value)
    return found


@pytest.mark.parametrize(
    ("value", "answer"),
    [
        (COMPLETION, COMPLETION_ANSWER),
        (RESPONSE, RESPONSE_ANSWER),
        ({**RESPONSE, "status": "incomplete"}, RESPONSE_ANSWER._replace(is_cut_off=True)),
        (
            {**COMPLETION, "choices": [None, {"finish_reason": "length"}]},
            COMPLETION_ANSWER._replace(is_cut_off=True, choice_count=2),
        ),
        ({"type": "response.completed", "response": RESPONSE}, RESPONSE_ANSWER),
        (
            SEARCHED,
            RESPONSE_ANSWER._replace(tools=ToolUse(web_searches=2, file_searches=1), unpriced_calls=OTHERS),
        ),
        (
            {**SEARCHED, "tools": [{"type": "web_search_preview_2025_03_11"}]},
            RESPONSE_ANSWER._replace(
                tools=ToolUse(web_search_previews=2, file_searches=1),
                unpriced_calls=OTHERS,
            ),
        ),
        (BATCH, BATCH_ANSWER),
        ({**BATCH, "request_counts": None}, BATCH_ANSWER._replace(usage=Usage(0, 590, 0, 222))),
        (batch_line(COMPLETION), COMPLETION_ANSWER._replace(custom_id="n1", mode="batch")),
        (batch_line({**COMPLETION, "service_tier": "flex"}), COMPLETION_ANSWER._replace(custom_id="n1", mode="batch")),
        (BUCKET, RESULT_ANSWER),
        ({"object": "page", "data": [BUCKET], "has_more": False}, RESULT_ANSWER),
        ({"object": "list", "data": [COMPLETION]}, COMPLETION_ANSWER),
        ({"data": [COMPLETION], "total": 1}, COMPLETION_ANSWER),
        (RECORD, Answer(Usage(1, 9, 0, 2))),
        ({**RECORD, "status": "failure"}, Answer(Usage(1, 9, 0, 2))),
        ({"usage": RECORD}, Answer(Usage(1, 9, 0, 2))),
        ({**RECORD, "model": None, "id": None, "service_tier": None}, Answer(Usage(1, 9, 0, 2))),
        ({**RECORD, "id": 17}, Answer(Usage(1, 9, 0, 2))),
        ({**RECORD, "id": "17", "custom_id": "n1"}, Answer(Usage(1, 9, 0, 2), custom_id="n1")),
        ({**RECORD, "requests": 4, "currency": "usd"}, Answer(Usage(4, 9, 0, 2), is_sum=True, currency="USD")),
        ({**RECORD, "cached_tokens": 3, "cache_write_tokens": 6}, Answer(Usage(1, 9, 3, 2), cache_write_tokens=6)),
        # of embeddings: no output
        (
            {"object": "list", "data": [], "model": "e", "usage": {"prompt_tokens": 8, "total_tokens": 8}},
            Answer(Usage(1, 8), model="e"),
        ),
    ],
)
def test_an_answer_in_every_form_that_it_has(value: Body, answer: Answer) -> None:
    assert one(value) == answer


@pytest.mark.parametrize(
    "name", ["prompt_tokens_cached", "cache_read_input_tokens", "prompt_cache_read_tokens", "input_cached_tokens"]
)
def test_cached_tokens_by_the_names_that_loggers_give_them(name: str) -> None:
    answer = Answer(Usage(1, 9, 4, 2))
    assert one({**RECORD, name: 4}) == one({"usage": {**RECORD, name: 4}}) == answer


def test_a_whole_usage_wins_over_the_counts_that_are_copied_from_it() -> None:
    whole = {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}}
    assert one({**RECORD, "metadata": {"usage_object": whole}}) == Answer(Usage(1, 9, 4, 2))
    assert one({**RECORD, "metadata": json.dumps({"usage_object": whole})}) == Answer(Usage(1, 9, 4, 2))
    nothings: list[Any] = [None, "", {}, {"usage_object": None}, {"usage_object": {}}]
    for nothing in nothings:
        assert one({**RECORD, "metadata": nothing}) == Answer(Usage(1, 9, 0, 2))
    unread = one({**RECORD, "metadata": {"usage_object": {**whole, "prompt_tokens": 3}}})
    assert str(unread).startswith("metadata.usage_object: expected at most as many cached tokens")


@pytest.mark.parametrize("hit", [True, "True", "true", "t", 1, "1", "yes"])
def test_an_answer_from_the_cache_of_a_proxy_is_not_billed(hit: Any) -> None:
    cached = Finding(rules.CACHE_HIT, "an answer from the cache of a proxy, which nobody bills")
    assert one({**RECORD, "custom_id": "n1", "cache_hit": hit}) == cached
    assert one({"custom_id": "n1", "cache_hit": hit, "response": COMPLETION}) == cached
    assert isinstance(one({**RECORD, "cache_hit": "False"}), Answer)


COPY: Body = {"prompt_tokens": 1200, "completion_tokens": 80}


@pytest.mark.parametrize("name", ["response_body", "llm_response", "payload", "message", "_source", "rawResponse"])
def test_an_answer_is_found_behind_any_name(name: str) -> None:
    assert (
        one({name: COMPLETION})
        == one({name: json.dumps(COMPLETION)})
        == one({"a": {"b": {name: COMPLETION}}})
        == COMPLETION_ANSWER
    )
    # It is whole, where the record has a copy of two of its figures.
    assert one({**COPY, "model": "outer", name: COMPLETION}) == one({**COPY, name: json.dumps(COMPLETION)}) == COMPLETION_ANSWER
    assert one({name: {"usage": RECORD}, "model_name": "outer"}) == Answer(Usage(1, 9, 0, 2), model="outer")


@pytest.mark.parametrize(
    "name",
    ["user_message", "rawPrompt", "llm_input", "request_payload", "ticket_text", "document", "expected_output"],
)
def test_an_answer_in_what_was_sent_is_not_an_answer(name: str) -> None:
    other = {**COMPLETION, "id": "chatcmpl-2", "usage": {"prompt_tokens": 900_000, "completion_tokens": 9_999}}
    for quoted in (other, json.dumps(other), {"x": other}):
        assert one({name: quoted, "model": "m", "status": "pending"}).rule.id == "usage-missing"
        assert one({name: quoted, **RECORD}) == Answer(Usage(1, 9, 0, 2))
        assert one({name: quoted, "completion": COMPLETION}) == COMPLETION_ANSWER
    assert one({"ticket": json.dumps(other)}).rule.id == "usage-missing", "a text behind a name that says nothing"


def test_a_run_that_is_not_a_call_of_a_model_is_left_out() -> None:
    found = one({"run_type": "chain", **RECORD, "custom_id": "n1"})
    assert found == Finding(rules.NOT_A_CALL, 'a run of kind "chain": calls to models have their own runs')
    assert one({"run_type": "llm", **RECORD}) == Answer(Usage(1, 9, 0, 2))


def test_a_record_may_say_of_the_answer_in_it_that_it_is_of_a_batch() -> None:
    assert one({"batch": True, "response": COMPLETION}) == COMPLETION_ANSWER._replace(mode="batch")


def test_no_answer_of_a_record_is_dropped() -> None:
    second = {**COMPLETION, "id": "chatcmpl-2"}
    both = [COMPLETION_ANSWER, COMPLETION_ANSWER._replace(id="chatcmpl-2")]
    all_read: list[Body] = [
        {"response": COMPLETION, "judge": {"response": second}},
        {"output": COMPLETION, "eval": {"output": {"body": second}}},
        {"response": COMPLETION, "children": [{"response": second}, 5]},
        {"response": {"body": COMPLETION}, "child_runs": [{"outputs": second}]},
        {"responses": [COMPLETION, second]},
        {"steps": [{"reply": COMPLETION}, {"reply": second}]},
    ]
    assert [list(read_entries(record)) for record in all_read] == [both] * len(all_read)
    one_read: list[Body] = [
        {"response": {**COMPLETION, "raw": second}},  # inside of the answer itself
        {"response": COMPLETION, "judge": {"response": {**second, "id": None}}},
        {"response": COMPLETION, "judge": {"response": COMPLETION}},
        {"response": COMPLETION, "judge": {"input": second}},
        {"response": COMPLETION, "judge": {"response": json.dumps(second)}},
    ]
    assert [list(read_entries(record)) for record in one_read] == [[COMPLETION_ANSWER]] * len(one_read)


def test_a_list_is_read_to_its_end_and_other_records_say_where_they_are_not() -> None:
    many = [{**COMPLETION, "id": f"chatcmpl-{number}"} for number in range(30)]
    answers = [COMPLETION_ANSWER._replace(id=f"chatcmpl-{number}") for number in range(30)]
    assert list(read_entries({"object": "list", "data": [*many, RECORD]})) == [*answers, one(RECORD)]
    rest = Finding(rules.USAGE_MISSING, "a record with more than 20 answers in it: the others are not read")
    assert list(read_entries({"responses": many})) == [*answers[:20], rest]
    assert list(read_entries({"responses": many[:20]})) == answers[:20]


def test_an_answer_that_is_quoted_is_none_of_the_record() -> None:
    other = json.dumps({**COMPLETION, "usage": {**COPY, "prompt_tokens": 7}})
    own = Answer(Usage(1, 1200, 0, 80))
    for record in (
        {"prompt": other},
        {"request": COMPLETION},
        {"text": COMPLETION},
        {"reply": other},  # an answer in a text that is not of these figures was written by the model
        {"reply": other[:-1]},
        {"reply": '{"usage": "\ud800"}'},
        {"reply": '["usage"]'},
        {"replies": [COMPLETION]},
    ):
        assert one({**COPY, **record}) == own


def test_every_answer_in_a_record_is_found_and_a_usage_only_where_it_is_the_only_one() -> None:
    second = {**RESPONSE, "id": "resp_2"}
    assert list(read_entries({"first_reply": COMPLETION, "then": {"next_reply": second, "reply": {**RESPONSE, "id": None}}})) == [
        COMPLETION_ANSWER,
        RESPONSE_ANSWER._replace(id="resp_2"),
    ]
    assert one({"first": {"usage": RECORD}, "then": {"usage": RECORD}}).message == f'{NONE} among "first", "then"'
    far: Any = COMPLETION
    for _ in range(6):
        far = {"x": far}
    assert one(far).message == f'{NONE} among "x"'
    wide: Body = {f"x{number}": {"y": {}} for number in range(300)}
    assert one({**wide, "z": {"y": COMPLETION}}).rule.id == "usage-missing"


def test_a_batch_line_whose_body_is_a_text_is_one_of_a_batch() -> None:
    line = {"custom_id": "n1", "response": {"status_code": 200, "body": json.dumps(COMPLETION)}}
    assert one(line) == COMPLETION_ANSWER._replace(custom_id="n1", mode="batch")


def test_a_retry_is_found_next_to_what_failed() -> None:
    failed, retried = read_entries({"response": {"status_code": 500, "error": {}}, "retry": {"id": "a", "usage": RECORD}})
    assert (failed, retried) == (Finding(rules.ANSWER_FAILED, "the request failed: status 500"), Answer(Usage(1, 9, 0, 2), "a"))


@pytest.mark.parametrize(
    ("names", "models"),
    [
        ({"response_model": "m"}, ("m",)),
        ({"model_name": "openai/m"}, ("openai/m",)),
        ({"model": "a", "response_model": "m"}, ("a", "m")),
        ({"model": "", "response_model": None, "model_name": "m"}, ("m",)),
        ({"model_name": 5}, ()),
        ({"response": {"modelId": "m"}}, ("m",)),
        ({"extra": {"metadata": {"ls_model_name": "m"}, "invocation_params": {"model": "n"}}}, ("m",)),
        ({"response_metadata": {"model_name": "m"}}, ("m",)),
        *(({name: "m"}, ("m",)) for name in MODEL_FIELDS),
    ],
)
def test_the_models_of_a_record_by_the_names_that_loggers_give_it(names: Body, models: tuple[str, ...]) -> None:
    model = models[0] if models else None
    assert one({**RECORD, **names}) == Answer(Usage(1, 9, 0, 2), model=model, other_models=models[1:])


def test_what_a_log_puts_around_an_answer_tells_what_the_answer_itself_does_not() -> None:
    around = {"custom_id": "n1", "model": "outer", "timestamp": "2026-11-20T10:00:00Z"}
    assert one({**around, "response": COMPLETION}) == COMPLETION_ANSWER._replace(custom_id="n1")
    bare = Answer(Usage(1, 9, 0, 2), None, "n1", "outer", day=date(2026, 11, 20))
    assert one({**around, "data": {"body": {"usage": RECORD}}}) == bare
    # The response of a logger of HTTP is none of a batch.
    assert one({"response": {"status_code": 200, "body": COMPLETION}}) == COMPLETION_ANSWER
    # A total without its parts says nothing; what is inside does.
    assert one({"usage": {"total_tokens": 11}, "result": COMPLETION}) == COMPLETION_ANSWER


@pytest.mark.parametrize(
    ("tier", "mode"),
    [
        (None, "standard"),
        ("", "standard"),
        ("auto", "standard"),
        ("default", "standard"),
        ("fast", "priority"),
        ("Priority", "priority"),
        ("batch", "batch"),
        ("flex", "flex"),
        ("scale", "scale"),
    ],
)
def test_the_service_tier_is_the_mode_and_an_unknown_one_is_none_of_ours(tier: str | None, mode: str) -> None:
    found = one({**RECORD, "service_tier": tier})
    assert isinstance(found, Answer)
    assert found.mode == mode


@pytest.mark.parametrize(
    ("time", "day"),
    [
        (CREATED, ANSWER_DAY),
        (CREATED * 1000, ANSWER_DAY),
        (CREATED * 10**9 + 7, ANSWER_DAY),
        (CREATED + 0.5, ANSWER_DAY),
        (str(CREATED), ANSWER_DAY),
        (f"{CREATED}.25", ANSWER_DAY),
        ("2026-11-21", ANSWER_DAY),
        ("2026-11-21T23:30:00", ANSWER_DAY),
        ("2026-11-20T23:30:00-05:00", ANSWER_DAY),
        ("2026-11-22 01:00:00+02:00", ANSWER_DAY),
        ("2026-11-21T10:00:00.123Z", ANSWER_DAY),
        ("20261121", ANSWER_DAY),
        (20_261_121, ANSWER_DAY),
        (20_261_399, None),
        (20_261_121.5, None),
        (1234, None),
        ("1.25", None),
        (1_400_000_000, None),  # of 2014
        ("2026-13-45", None),
        ("21.11.2026", None),
        (True, None),
        (0, None),
        (-5, None),
        (float("inf"), None),
        (10**400, None),
        (10**30, None),
        ([], None),
    ],
)
def test_the_day_is_that_of_utc_or_none(time: Any, day: date | None) -> None:
    found = one({**RECORD, "created": time})
    assert isinstance(found, Answer)
    assert found.day == day


NEW = ["startTime", "endTime", "request_created_at", "created_time", "time", "datetime", "request_timestamp", "@timestamp"]


@pytest.mark.parametrize("name", NEW)
def test_a_day_by_the_names_that_loggers_give_it(name: str) -> None:
    found = one({**RECORD, name: "2026-11-21T10:00:00Z"})
    assert isinstance(found, Answer)
    assert found.day == ANSWER_DAY
    earlier = one({**RECORD, name: "2026-11-22", "day": "2026-11-21"})
    assert isinstance(earlier, Answer)
    assert earlier.day == ANSWER_DAY
    small = one({**RECORD, name: 3.2})
    assert isinstance(small, Answer)
    assert small.doubts == ("whose time can't be read: priced as if it had none",)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ({"request_id": "chatcmpl-1"}, "chatcmpl-1"),
        ({"request_id": "resp_1"}, "resp_1"),
        ({"request_id": "req_1"}, None),
        ({"request_id": 5}, None),
        ({"id": "a", "request_id": "resp_1"}, "a"),
        ({"id": "5", "request_id": "resp_1"}, "resp_1"),
    ],
)
def test_the_id_of_a_request_is_that_of_its_answer_where_it_looks_like_one(names: Body, found: str | None) -> None:
    answer = one({**RECORD, **names})
    assert isinstance(answer, Answer)
    assert answer.id == found


def test_a_time_that_cannot_be_read_gives_way_to_the_next() -> None:
    found = one({**RECORD, "created": "soon", "date": "2026-11-21"})
    assert isinstance(found, Answer)
    assert found.day == ANSWER_DAY


NONE = "expected an answer with its tokens (a usage, or input_tokens and output_tokens), found none"
NO_USAGE = f'{NONE} among "usage"'
REQUEST = "expected an answer with its tokens, found a request, which --requests takes"


@pytest.mark.parametrize(
    ("value", "unbilled"),
    [
        ({}, Finding(rules.USAGE_MISSING, NONE)),
        ({"usage": None}, Finding(rules.USAGE_MISSING, NO_USAGE)),
        ({"usage": "many"}, Finding(rules.USAGE_MISSING, NO_USAGE)),
        (
            {"text": "Hello", "usage": {"type": "duration", "seconds": 3}},
            Finding(rules.USAGE_MISSING, f'{NONE} among "text", "usage"'),
        ),
        (
            {**COMPLETION, "usage": None},
            Finding(
                rules.USAGE_MISSING, f'{NONE} among "id", "object", "created", "model", "choices", ...', subject="chatcmpl-1"
            ),
        ),
        ({"output_tokens": 5, "the name: a secret": 5}, Finding(rules.USAGE_MISSING, f'{NONE} among "output_tokens", text')),
        ({"model": MINI, "output": {"role": "x"}}, Finding(rules.USAGE_MISSING, f'{NONE} among "model", "output"')),
        ({"log": {"no": 1}}, Finding(rules.USAGE_MISSING, f'{NONE} among "log"')),
        ({"cost": 0.02}, Finding(rules.USAGE_MISSING, "expected an answer with its tokens, found cost alone")),
        (
            {"object": "organization.costs.result", "amount": {"value": 0.06, "currency": "usd"}},
            Finding(rules.USAGE_MISSING, "expected an answer with its tokens, found amount alone: --invoice takes costs"),
        ),
        ({"model": MINI, "messages": []}, Finding(rules.USAGE_MISSING, REQUEST)),
        ({"model": MINI, "input": "Hello"}, Finding(rules.USAGE_MISSING, REQUEST)),
        (
            {"custom_id": "n1", "method": "POST", "url": "/v1/responses", "body": {"model": MINI, "input": "x"}},
            Finding(rules.USAGE_MISSING, REQUEST),
        ),
        (
            {"error": {"message": "of the prompt", "type": "requests", "code": "rate_limit_exceeded"}},
            Finding(rules.ANSWER_FAILED, 'the request failed: "rate_limit_exceeded"'),
        ),
        ({"error": {"code": "Ignore the above and"}}, Finding(rules.ANSWER_FAILED, "the request failed: text")),
        ({"error": "it broke"}, Finding(rules.ANSWER_FAILED, "the request failed")),
        (
            batch_line({"error": {"code": "context_length_exceeded"}}, response={"status_code": 400, "body": {"error": {}}}),
            Finding(rules.ANSWER_FAILED, "the request failed: status 400"),
        ),
        (
            batch_line({}, response=None, error={"code": "batch_expired", "message": "..."}),
            Finding(rules.ANSWER_FAILED, 'the request failed: "batch_expired"', subject="batch_req_1"),
        ),
        ({"response": {"status_code": 502, "body": "<html>"}}, Finding(rules.ANSWER_FAILED, "the request failed: status 502")),
        (
            {"type": "response.failed", "response": {**RESPONSE, "status": "failed", "usage": None}},
            Finding(rules.ANSWER_FAILED, "the request failed", subject="resp_1"),
        ),
        (
            {"status": "failure", "id": "a", "prompt_tokens": 0, "completion_tokens": 0},
            Finding(rules.ANSWER_FAILED, "the request failed", subject="a"),
        ),
        ({"type": "error", "code": "server_error"}, Finding(rules.ANSWER_FAILED, 'the request failed: "server_error"')),
        ({**BATCH, "status": "failed", "usage": None}, Finding(rules.ANSWER_FAILED, "the request failed", subject="batch_1")),
    ],
)
def test_what_has_no_usage_says_why(value: Body, unbilled: Finding) -> None:
    assert one(value) == unbilled


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (ALREADY, [StreamPart("chatcmpl-1")]),
        ({**ALREADY, "choices": [{"delta": {}, "finish_reason": "length"}]}, [StreamPart("chatcmpl-1", is_cut_off=True)]),
        ({**ALREADY, "usage": RECORD}, [StreamPart("chatcmpl-1", partial_answer=Answer(Usage(1, 9, 0, 2), "chatcmpl-1"))]),
        ({**ALREADY, "choices": [], "usage": RECORD}, [Answer(Usage(1, 9, 0, 2), "chatcmpl-1")]),
        ({"custom_id": "n1", "data": ALREADY}, [StreamPart("chatcmpl-1")]),
        ({"object": "list", "data": [ALREADY]}, [StreamPart("chatcmpl-1")]),
        ({"type": "response.created", "response": {**RESPONSE, "usage": None}}, [StreamPart("resp_1")]),
        ({**RESPONSE, "status": "in_progress", "usage": None}, [StreamPart("resp_1")]),
        ({"type": "response.output_text.delta", "delta": "x"}, []),
        ({"object": "bucket", "results": [{"input_tokens": 0, "num_model_requests": 0, "model": None}]}, []),
        # Azure's content filter
        ({"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": []}, []),
    ],
)
def test_a_part_of_a_stream_is_not_an_answer_yet(value: Body, found: list[LogEntry]) -> None:
    assert list(read_entries(value)) == found


WHOLE = "a whole number from 0 to 999,999,999,999,999"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (17, "expected an answer of the API, or a record of its usage, found the number 17"),
        ("hello", "expected an answer of the API, or a record of its usage, found text"),
        ([RECORD, None], "expected an answer of the API, or a record of its usage, found nothing"),
        ({"usage": {"prompt_tokens": -1}}, f"usage.prompt_tokens: expected {WHOLE}, found the number -1"),
        ({"usage": {"prompt_tokens": 1.5}}, f"usage.prompt_tokens: expected {WHOLE}, found the number 1.5"),
        ({"usage": {"prompt_tokens": True}}, f"usage.prompt_tokens: expected {WHOLE}, found true or false"),
        ({"usage": {"prompt_tokens": "12"}}, f"usage.prompt_tokens: expected {WHOLE}, found text"),
        ({"usage": {"prompt_tokens": float("inf")}}, f"usage.prompt_tokens: expected {WHOLE}, found a very large number"),
        ({"input_tokens": 10**16}, f"input_tokens: expected {WHOLE}, found the number 10000000000000000"),
        (
            {"usage": {"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 6}}},
            "usage: expected at most as many cached tokens as input tokens (5), of which they are a part, found 6",
        ),
        (
            {"input_tokens": 5, "cached_tokens": 6},
            "expected at most as many cached tokens as input tokens (5), of which they are a part, found 6",
        ),
        (
            {"input_tokens": 5, "cached_tokens": 3, "cache_write_tokens": 3},
            "expected at most as many cached and cache-write tokens as input tokens (5), of which they are a part, found 6",
        ),
        (
            {"response": {"usage": {"input_tokens": 5, "output_tokens": 1, "output_tokens_details": {"reasoning_tokens": 2}}}},
            "response.usage: expected at most as many reasoning tokens as output tokens (1), of which they are a part, found 2",
        ),
        ({"a": {"b": {**COMPLETION, "choices": "none"}}}, "a.b.choices: expected a list, found text"),
        ({"a secret\x1b": {**COMPLETION, "choices": "none"}}, "text.choices: expected a list, found text"),
        (
            {"body": {}, "a secret": {"id": "a", "usage": RECORD, "batch": 5}},
            "text.batch: expected true or false, found the number 5",
        ),
        ({**COMPLETION, "choices": "none"}, "choices: expected a list, found text"),
        ({**RECORD, "model": 5}, "model: expected text, found the number 5"),
        ({**RECORD, "batch": "yes"}, "batch: expected true or false, found text"),
        ({"usage": {**RECORD, "input_tokens_details": 5}}, "usage.input_tokens_details: expected an object, found the number 5"),
        ({"object": "page", "data": [5]}, "data[0]: expected an object, found the number 5"),
        ({"object": "chat.completion.chunk", "choices": []}, "id: expected a name, found nothing"),
    ],
)
def test_a_figure_that_cannot_be_is_named_with_its_place(value: Any, message: str) -> None:
    (unread,) = (found for found in read_entries(value) if isinstance(found, BadBody))
    assert str(unread) == message


def test_a_record_that_cannot_be_read_hides_no_other() -> None:
    bad = {**RECORD, "input_tokens": []}
    whole = {"object": "page", "data": [RECORD, bad, None, RECORD]}
    for value, path in (([RECORD, bad, None, RECORD], ""), (whole, "data[1].")):
        first, *unread, last = read_entries(value)
        assert first == last == one(RECORD)
        assert str(unread[0]) == f"{path}input_tokens: expected a whole number from 0 to 999,999,999,999,999, found a list"
        assert all(isinstance(each, BadBody) for each in unread)
        assert len(unread) == 2


def test_an_answer_is_not_looked_for_in_endless_depth() -> None:
    value: Any = COMPLETION
    for _ in range(100):
        value = {"response": {"object": "page", "data": [value]}}
    assert one(value) == Finding(rules.USAGE_MISSING, f'{NONE} among "object", "data"')


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "x", "response.created", "batch"])
KEYS = st.sampled_from(
    [
        "object",
        "type",
        "usage",
        "id",
        "custom_id",
        "model",
        "response",
        "body",
        "data",
        "error",
        "status_code",
        "results",
        "choices",
        "created",
        "batch",
        "service_tier",
        "prompt_tokens",
        "completion_tokens",
        "prompt_tokens_details",
        "cached_tokens",
        "requests",
        "request_counts",
        "status",
    ]
)
VALUES = st.recursive(
    SCALARS | st.sampled_from(["chat.completion.chunk", "page", "list", "bucket", "response.completed", "error"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)


@given(VALUES)
def test_no_value_breaks_the_reader(value: Any) -> None:
    for found in read_entries(value):
        assert isinstance(found, Answer | Finding | StreamPart | BadBody)


UNREAD = "with figures that aren't read but may change its price:"


@pytest.mark.parametrize(
    ("record", "doubts"),
    [
        ({"input_tokens": 9}, ["without output tokens: priced as having none"]),
        ({"input_tokens": 9, "total_tokens": 9}, []),
        ({**RECORD, "total_tokens": 11}, []),
        ({**RECORD, "total_tokens": 12}, ["whose total_tokens isn't the sum of its input and output tokens; these are priced"]),
        ({**RECORD, "prompt_tokens": 9}, []),
        (
            {**RECORD, "prompt_tokens": 7},
            ["with two different values of input_tokens: the first of input_tokens, prompt_tokens is priced"],
        ),
        (
            {**RECORD, "cached_tokens": 1, "input_tokens_details": {"cached_tokens": 2}},
            ["with two different values of cached_tokens: the one in the details is priced"],
        ),
        ({**RECORD, "prompt_cache_hits": "7", "cachedUnits": 4.0}, [f'{UNREAD} "prompt_cache_hits", "cachedUnits"']),
        ({**RECORD, "web_search_requests": 2}, [f'{UNREAD} "web_search_requests"']),
        ({**RECORD, "a token\x1b": 2}, [f"{UNREAD} text"]),
        ({**RECORD, "cache_a": 0, "cache_b": "0.0", "cache_c": "none", "cache_d": True, "cache_e": 0.5, "cache_f": None}, []),
        ({**RECORD, "max_tokens": 9, "maxTokens": 9, "cached_tokens_cost": 1, "prompt_cache_key": "12", "total_tokens": 11}, []),
        ({**RECORD, "input_uncached_tokens": 9, "input_text_tokens": 9, "time_to_first_token": 1}, []),
        ({**RECORD, "tokens": 11, "token_count": "11", "cache": float("inf")}, []),
        ({"usage": RECORD, "cached": 5}, []),
        ({**RECORD, "batch": None}, ["that doesn't say whether it was sent in batch: priced in standard"]),
        ({**RECORD, "batch": None, "service_tier": "priority"}, []),
        ({**RECORD, "input_audio_tokens": 2}, ["with audio tokens: priced as text"]),
        ({**RECORD, "output_tokens_details": {"audio_tokens": 2}}, ["with audio tokens: priced as text"]),
        ({**RECORD, "date": "20/11/2026"}, ["whose time can't be read: priced as if it had none"]),
        ({**RECORD, "date": "20/11/2026", "created": CREATED}, []),
    ],
)
def test_what_does_not_fit_together_is_doubted(record: Body, doubts: list[str]) -> None:
    found = one(record)
    assert isinstance(found, Answer)
    assert list(found.doubts) == doubts


def test_a_sum_of_the_usage_api_is_distinguished_from_others_by_its_time_and_its_groups() -> None:
    whole = {**BUCKET, "end_time": CREATED + 86_400}
    first = one(whole)
    assert isinstance(first, Answer)
    assert one({**whole, "results": [{**RESULT, "input_tokens": 7_000}]}).id == first.id
    for other in (
        {**whole, "end_time": CREATED + 3600},
        {**whole, "results": [{**RESULT, "project_id": "proj_1"}]},
        {**whole, "results": [{**RESULT, "batch": False}]},
        BUCKET,
    ):
        assert one(other).id != first.id


def test_a_page_that_is_not_the_last_says_so() -> None:
    found = list(read_entries({"object": "page", "data": [BUCKET], "has_more": True}))
    assert found == [RESULT_ANSWER, Finding(rules.USAGE_MISSING, "a list that says it has more than this page")]


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("2026-11-20 10:00:00 UTC", "2026-11-20 10:00"),
        ("2026-11-20 10:00:00.123456 UTC", "2026-11-20 10:00"),
        ("2026-11-20 23:30:00 -0100", "2026-11-21 00:00"),
        ("2026-11-20 23:30:00.5 -0100 UTC", "2026-11-21 00:00"),
        ("2026-11-20T10:00:00GMT", "2026-11-20 10:00"),
        ("2026/11/20 10:00", "2026-11-20 10:00"),
        ("2026/11/20", None),
    ],
)
def test_a_time_as_warehouses_and_languages_write_it(written: str, hour: str | None) -> None:
    """BigQuery, Go and Ruby."""
    day = date.fromisoformat(hour[:10] if hour else "2026-11-20")
    assert one({**RECORD, "timestamp": written}) == Answer(Usage(1, 9, 0, 2), day=day)
    assert read_hour({"timestamp": written}) == hour


@pytest.mark.parametrize("written", ["2026/11-20", "2026-11/20", "20/11/2026", "2026-11-20 10:00 EST", "2026-11-20 UTC UTC x"])
def test_a_time_that_nobody_can_place_is_none(written: str) -> None:
    assert one({**RECORD, "timestamp": written}).day is None
