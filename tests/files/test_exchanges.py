"""Recorded HTTP: HAR files and cassettes hold requests for the commands that count, and answers for those that read logs."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from gpt41_cli.errors import InputError
from gpt41_cli.files.exchanges import list_exchanges, parse_cassette
from tests.builders import USER, chat
from tests.conftest import Run

REQUEST = {**chat(USER), "model": "gpt-4.1-mini"}
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1795000000,
    "model": "gpt-4.1-mini-2025-04-14",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Noon."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050},
}
SENT, ANSWERED = json.dumps(REQUEST), json.dumps(ANSWER)
CHUNKS = [
    {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1795000000, "model": "gpt-4.1-mini", **fields}
    for fields in ({"choices": [{"index": 0, "delta": {"content": "Noon."}}]}, {"choices": [], "usage": ANSWER["usage"]})
]
STREAM = "".join(f"data: {json.dumps(chunk)}\r\n\r\n" for chunk in CHUNKS) + "data: [DONE]\r\n\r\n"


def cassette(request: Any, response: Any, key: str = "interactions") -> dict[str, Any]:
    status = {"status": {"code": 200, "message": "OK"}}
    return {key: [{"request": {"method": "POST", **request}, "response": {**status, **response}}], "version": 1}


def har(body: str, **content: Any) -> dict[str, Any]:
    asked = {"request": {"method": "GET", "url": "https://a"}, "response": {"status": 200, "content": {"text": "<html>"}}}
    called = {
        "startedDateTime": "2026-11-20T10:00:00Z",
        "request": {"method": "POST", "url": "https://b", "postData": {"mimeType": "application/json", "text": body}},
        "response": {"status": 200, "content": content},
    }
    return {"log": {"version": "1.2", "entries": [asked, called]}}


def postman(*saved: Any) -> dict[str, Any]:
    asked = {"method": "POST", "body": {"mode": "raw", "raw": SENT}, "url": "https://b"}
    called = {"name": "Chat", "request": asked, "response": list(saved)}
    return {"info": {"name": "a"}, "item": [{"name": "b", "item": [called]}, {"name": "c", "request": "https://a"}]}


IN_BASE64 = base64.b64encode(ANSWERED.encode()).decode()
RECORDINGS = {
    "HAR": json.dumps(har(SENT, text=ANSWERED), indent=1),
    "HAR on one line": json.dumps(har(SENT, text=ANSWERED)),
    "HAR in base64": json.dumps(har(SENT, text=IN_BASE64, encoding="base64")),
    "HAR of a stream": json.dumps(har(SENT, text=STREAM)),
    "vcrpy": yaml.safe_dump(cassette({"body": SENT}, {"body": {"string": ANSWERED}})),
    "vcrpy, compressed": yaml.safe_dump(
        cassette({"body": SENT.encode()}, {"body": {"string": gzip.compress(ANSWERED.encode())}})
    ),
    "vcrpy of httpx": yaml.safe_dump(cassette({"body": SENT}, {"content": ANSWERED, "status_code": 200})),
    "vcrpy in JSON": json.dumps(cassette({"body": SENT}, {"body": {"string": ANSWERED}})),
    "pydantic-ai": yaml.safe_dump(cassette({"parsed_body": REQUEST}, {"parsed_body": ANSWER})),
    "VCR": "---\n" + yaml.safe_dump(cassette({"body": {"string": SENT}}, {"body": {"string": ANSWERED}}, "http_interactions")),
    "betamax": json.dumps(
        cassette({"body": {"string": SENT}}, {"body": {"base64_string": IN_BASE64}}, "http_interactions"), indent=1
    ),
    "Postman": json.dumps(postman({"code": 200, "body": ANSWERED})),
    "a body as JSON": json.dumps(cassette({"body": REQUEST}, {"body": ANSWER})),
}


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_holds_requests_and_answers(name: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "recording").write_text(RECORDINGS[name])
    (tmp_path / "body.json").write_text(SENT)
    counted = json.loads(run("count", "recording", "--format", "json").out)
    assert counted["requests"]["requests"] == 1
    assert f"{counted['input_tokens']}\n" == run("count", "body.json", "-q").out
    assert (
        run("cost", "recording", "--output-tokens", "50", "-q").out == run("cost", "body.json", "--output-tokens", "50", "-q").out
    )
    found = json.loads(run("reconcile", "recording", "--format", "json").out)
    assert (found["total_usd"], found["usage"]["requests"], found["charges"][0]["model"]) == ("0.00048", 1, "gpt-4.1-mini")


def test_a_stream_that_is_recorded_alone_is_billed(run: Run, tmp_path: Path) -> None:
    stream = json.dumps({"status": 200, "headers": {}, "body": STREAM})
    (tmp_path / "a.json").write_text(stream)
    assert run("reconcile", "a.json", "-q").out == "0.00048\n"
    (tmp_path / "a.jsonl").write_text(f"{stream}\n{json.dumps(ANSWER)}\n")
    assert "at least $0.00048 for 1 answer" in run("reconcile", "a.jsonl").out


@pytest.mark.parametrize("saved", [[], [7], 5, {"code": 200}, None], ids=str)
def test_a_collection_without_saved_answers_is_counted(run: Run, tmp_path: Path, saved: Any) -> None:
    collection = postman()
    collection["item"][0]["item"][0]["response"] = saved
    (tmp_path / "a.json").write_text(json.dumps(collection))
    assert run("count", "a.json").out.startswith("14 tokens in 1 request")
    assert "expected an answer in JSON, found none" in run("reconcile", "a.json").err


def test_a_recording_of_other_traffic_is_not_a_prompt(run: Run, tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_text(yaml.safe_dump(cassette({"body": "a=b"}, {"body": {"string": ""}})))
    message = "found recorded HTTP requests, none of which has messages or an input; --as text counts the file as one text"
    assert message in run("count", "f.yaml").err
    assert run("reconcile", "f.yaml").code == 2


def test_a_failed_call_and_a_lost_answer_are_listed(run: Run, tmp_path: Path) -> None:
    failed = cassette({"body": SENT}, {"body": {"string": '{"error": {"code": "rate_limit"}}'}, "status": {"code": 429}})
    lost = cassette({"body": SENT}, {"body": {"string": b"\xff\xfe"}})["interactions"]
    unknown = [{"request": {"body": SENT}, "response": {"body": {"string": "(binary)"}}}]
    good = cassette({"body": SENT}, {"body": {"string": ANSWERED}})["interactions"]
    (tmp_path / "f.yaml").write_text(yaml.safe_dump({"interactions": [*failed["interactions"], *lost, *unknown, *good]}))
    done = run("reconcile", "f.yaml")
    assert done.code == 1
    assert 'the request failed: status 429, "rate_limit"' in done.out
    assert "expected an answer in JSON, found none (status 200)" in done.out
    assert "expected an answer in JSON, found none (f.yaml" in done.out


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("interactions:\n- {a\n", "a cassette of recorded HTTP requests: expected YAML, found a mistake at line 3, column 1"),
        (f"interactions:\n- {'[' * 300}{']' * 300}\n", "expected YAML that is nested less deeply, found hundreds of levels"),
        ("interactions:\n- !!python/object:os.system\n  a: 1\n", "expected YAML, found a mistake at line 2, column 3"),
    ],
)
def test_a_damaged_cassette_is_refused_with_its_place(text: str, message: str, run: Run, tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        parse_cassette(text.encode(), "f.yaml")
    assert message in str(error.value)
    (tmp_path / "f.yaml").write_text(text)
    assert message in run("count", "f.yaml").err
    assert message in run("reconcile", "f.yaml").err


@pytest.mark.parametrize(
    "value",
    [
        [],
        {"info": {}, "item": ["a"]},
        {"info": {}, "item": 1},
        {"log": {"entries": [1]}},
        {"log": []},
        {"interactions": {}},
        {"interactions": [{"request": {}}]},
    ],
)
def test_what_is_not_a_recording(value: Any) -> None:
    assert list_exchanges(value) is None


def test_a_body_that_says_nothing_is_left_out() -> None:
    empty = cassette({"body": {"other": 1, "string": None}}, {"body": {"base64_string": "!"}})
    exchange = (list_exchanges(empty) or [])[0]
    assert (exchange.request, exchange.answers) == ({"other": 1, "string": None}, [])
    for body in ({"base64_string": "abc"}, {"string": gzip.compress(ANSWERED.encode())[:-9]}):
        assert (list_exchanges(cassette({"body": SENT}, {"body": body})) or [])[0].answers == []
    times = parse_cassette(b"interactions:\n- recorded_at: 2026-11-20 10:00:00\n  n: 5\n", "a")
    assert times == {"interactions": [{"recorded_at": "2026-11-20 10:00:00", "n": 5}]}


def test_the_answer_of_a_deployment_counts_though_its_request_names_no_model(run: Run, tmp_path: Path) -> None:
    sent = json.dumps({"messages": [USER]})
    other = cassette({"body": "{}"}, {"body": {"string": '{"data": [1]}'}})["interactions"]
    listed = cassette({"body": ""}, {"body": {"string": "[1]"}})["interactions"]
    called = cassette({"body": sent}, {"body": {"string": ANSWERED}})["interactions"]
    (tmp_path / "f.json").write_text(json.dumps({"interactions": [*other, *listed, *called]}))
    found = json.loads(run("reconcile", "f.json", "--format", "json").out)
    assert (found["total_usd"], found["usage"]["requests"]) == ("0.00048", 1)
    assert not [each for each in found["findings"] if each["rule"] == "usage-missing"]
