"""Predicted outputs: what is rejected of them, what OpenAI refuses beside them; and what models do not take at all."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpt41_cli.errors import InputError
from gpt41_cli.work.workload import Assumptions, workload
from tests.builders import FORMAT, SECRET, TABLE, USER, chat, responses
from tests.conftest import Run

PREDICTED = "word " * 1_000
"""1,001 tokens."""
ASKED = ("cost", "--input-tokens", "1000", "--output-tokens", "1000", "--as-of", "2026-11-23")
BODY = chat(USER, max_tokens=1_000, prediction={"type": "content", "content": PREDICTED})


def test_what_is_rejected_is_output_next_to_the_answer(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PREDICTED)
    done = run(*ASKED, "--model", "gpt-4.1", "--prediction", "page.md", "--accept", "70%", "--format", "json")
    (quote,) = json.loads(done.out)["quotes"]
    assert quote["usage"]["output_tokens"] == 1_301  # 700 of 1,001 are accepted
    assert (quote["rejected_usd"], quote["total_usd"]) == ("0.002408", "0.012408")
    text = run(*ASKED, "--model", "gpt-4.1", "--prediction", "page.md", "--accept", "70%").out
    assert "predicted tokens that aren't accepted cost $0.002408 of the output (24 % more than without a prediction)" in text
    assert "it saves time, for which no figure is published" in text


def test_where_all_is_accepted_it_costs_nothing_more(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("word " * 900)
    done = run(*ASKED, "--model", "gpt-4.1", "--prediction", "page.md", "--accept", "100%", "-q")
    assert done.out == run(*ASKED, "--model", "gpt-4.1", "-q").out == "0.01\n"


@given(st.integers(0, 10**6), st.decimals(0, 1, places=4))
def test_what_is_accepted_is_rounded_down(tokens: int, share: Decimal) -> None:
    rejected = Assumptions(10**6, accepted_share=share).count_rejected(tokens)
    assert 0 <= rejected <= tokens
    assert tokens - rejected <= tokens * share < tokens - rejected + 1


def test_more_cannot_be_accepted_than_is_answered() -> None:
    with pytest.raises(InputError) as error:
        workload(input_tokens=1, output_tokens=4, requests=1, prediction_tokens=10, accepted_share=Decimal("0.5"))
    assert str(error.value) == (
        "output_tokens: expected at least the 5 of the 10 predicted tokens that are accepted, as they are a part of the answer, "
        "found 4"
    )


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (("--accept", "70%"), "", "--accept: expected --prediction with it, found it alone"),
        (("--prediction", "-"), "", "--prediction: expected --accept with it, found it alone"),
        (("--prediction", "-", "--accept", "7"), "", '--accept: expected a share from 0% to 100%, found "7"'),
        (("--prediction", "no.md", "--accept", "7%"), "", "no.md: No such file or directory"),
        (
            ("--prediction", "-", "--accept", "7%", "--tools", "file_searches=1"),
            "",
            "--prediction: expected no --tools with it: only Chat Completions has predictions, and it has no such tools",
        ),
        (("--prediction", ".", "--accept", "7%"), "", '--prediction: expected a file, found the folder "."'),
    ],
)
def test_a_prediction_and_what_is_accepted_of_it_go_together(
    run: Run, arguments: tuple[str, ...], stdin: str, message: str
) -> None:
    done = run(*ASKED, *arguments, stdin=stdin)
    assert (done.code, done.out) == (2, "")
    assert message.partition(":")[0] in done.err
    assert done.err == f"gpt41: {message}\n" or "no.md" in message


def test_requests_state_their_own_prediction(run: Run) -> None:
    body = json.dumps(BODY)
    ask = ("cost", "-", "--as-of", "2026-11-23", "--format", "json")
    (quote,) = json.loads(run(*ask, "--accept", "40%", "--output-tokens", "500", stdin=body).out)["quotes"]
    assert quote["usage"]["output_tokens"] == 500 + 601
    (ceiling,) = json.loads(run(*ask, stdin=body).out)["quotes"]
    assert ceiling["usage"]["output_tokens"] == 1_000 + 1_001
    assert run(*ask, "--accept", "40%", stdin=json.dumps(chat(USER, max_tokens=9))).err == (
        "gpt41: --accept: expected --prediction, or requests that state one, found none\n"
    )
    assert run(*ask, "--accept", "4%", "--prediction", "x", stdin=body).err == (
        "gpt41: --prediction: expected texts or numbers with it, found requests, which state their own\n"
    )


def test_requests_too_accept_no_more_than_they_answer(run: Run, tmp_path: Path) -> None:
    body = json.dumps(BODY)
    text = "output_tokens: expected at least the 1,001 of the 1,001 predicted tokens that are accepted, as they are a part of "
    text += "the answer, found 10"
    asked = ("cost", "-", "--accept", "100%", "--output-tokens", "10")
    assert run(*asked, stdin=body).err == f"gpt41: {text}\n"
    assert run(*asked, "--each", stdin=body).err.startswith(f"gpt41: standard input:1: {text}\n")
    (tmp_path / "r.jsonl").write_text(body)
    workload = "{requests: r.jsonl, output_tokens: 10, prediction: {accept: 100%}}"
    (tmp_path / "gpt41.yaml").write_text(f"version: 1\nworkloads:\n  edits: {workload}\n")
    assert text in run("check").err


def test_a_model_without_predictions_is_an_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("word")
    done = run(*ASKED, "--prediction", "page.md", "--accept", "70%", "--model", "gpt-6-luna")
    assert done.code == 1
    assert "gpt-6-luna: its source does not list predicted-outputs" in done.out


SOUND = {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]}
PICTURE = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}]}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n": 2}, "n: expected 1 with a prediction, found more"),
        ({"presence_penalty": 0.5}, "presence_penalty: expected no more than 0 with a prediction, found more"),
        ({"frequency_penalty": 1}, "frequency_penalty: expected no more than 0 with a prediction, found more"),
        ({"logprobs": True}, "logprobs: expected none with a prediction, found some"),
        ({"max_completion_tokens": 5}, "max_completion_tokens: expected none with a prediction, found some"),
        ({"tools": [SECRET]}, "tools: expected none with a prediction, found some"),
        ({"messages": [PICTURE]}, "messages[0].content[0]: expected nothing but text with a prediction, found something else"),
        ({"messages": [SOUND]}, "messages[0].content[0]: expected nothing but text with a prediction, found something else"),
    ],
)
def test_what_cannot_stand_next_to_a_prediction_is_refused_at_its_place(run: Run, changed: dict[str, Any], message: str) -> None:
    done = run("cost", "-", stdin=json.dumps({**BODY, **changed}) + "\n" + json.dumps(BODY))
    assert done.code == 2
    assert done.err.startswith(f"gpt41: standard input:1: {message}\n")


def test_what_can_stand_next_to_a_prediction_is_priced(run: Run) -> None:
    body = {**BODY, "n": 1, "presence_penalty": 0, "frequency_penalty": -1, "logprobs": False, "response_format": FORMAT}
    assert run("cost", "-", "-q", stdin=json.dumps(body)).code == 0


def test_responses_have_no_predictions(run: Run) -> None:
    done = run("cost", "-", stdin=json.dumps(responses("x", prediction=BODY["prediction"])))
    assert "prediction: expected it in Chat Completions alone, found it" in done.err


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (chat(SOUND), "messages[0].content[0]"),
        (chat(USER, {"role": "assistant", "content": "x", "audio": {"id": "a"}}), "messages[1].audio"),
        (chat(USER, modalities=["text", "audio"]), "modalities"),
    ],
)
def test_no_model_of_the_table_takes_or_gives_sound(run: Run, body: dict[str, Any], path: str) -> None:
    done = run("cost", "-", "--output-tokens", "5", stdin=json.dumps(body) + "\n" + json.dumps(chat(USER)))
    assert done.code == 2
    assert done.err.startswith(f"gpt41: standard input:1: {path}: expected text or image, all that gpt-4.1 takes, found audio\n")
    assert run("count", "-", "-q", stdin=json.dumps(body)).code == 0


def test_a_picture_is_an_error_where_the_model_takes_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(TABLE.replace("input_modalities: [text, image]", "input_modalities: [text]", 1))
    body = json.dumps(chat(PICTURE, max_tokens=5))
    done = run("cost", "-", "--pricing", "mine.yaml", stdin=body)
    assert (done.code, done.out) == (2, "")
    assert "messages[0].content[0].image_url: expected text, all that gpt-4.1 takes, found image" in done.err or (
        "messages[0].content[0]: expected text, all that gpt-4.1 takes, found image" in done.err
    )
    assert run("cost", "-", "--pricing", "mine.yaml", "--model", "gpt-4.1-mini", stdin=body).code == 0


CONFIG = """version: 1
defaults: {model: gpt-4.1, output_tokens: 1000}
workloads:
  edit: {input_tokens: 1000, prediction: {file: page.md, accept: 70%}}
"""


def test_a_workload_may_predict_its_output(run: Run, tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PREDICTED)
    (tmp_path / "gpt41.yaml").write_text(CONFIG)
    (edit,) = json.loads(run("check", "--format", "json").out)["workloads"]
    assert (edit["output_tokens"]["expected"], edit["each_usd"]["expected"]) == (1_301, "0.012408")
    (tmp_path / "body.json").write_text(json.dumps(BODY))
    (tmp_path / "gpt41.yaml").write_text(
        CONFIG.replace("input_tokens: 1000", "requests: body.json").replace("file: page.md, ", "")
    )
    (edit,) = json.loads(run("check", "--format", "json").out)["workloads"]
    assert edit["output_tokens"]["expected"] == 1_301


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("70%", "700%", "accept: expected a share from 0% to 100%"),
        ("70%}", "70%}, tools: {web_searches: 1}", "prediction: expected none with tools: only Chat Completions has predictions"),
        (
            "file: page.md, ",
            "",
            "workloads.edit.prediction: expected a file with a prompt or input_tokens, and none with requests",
        ),
        ("input_tokens: 1000,", "requests: body.json,", "expected a file with a prompt or input_tokens, and none with requests"),
        ("page.md", "none.md", '4:30: workloads.edit.prediction: "none.md": expected a readable file'),
        ("1000}\nw", "9}\nw", "expected at least the 700 of the 1,001 predicted tokens that are accepted"),
        (
            "input_tokens: 1000, prediction: {file: page.md, ",
            "requests: body.json, prediction: {",
            "workloads.edit.prediction: expected requests that state a prediction, found none that does",
        ),
    ],
)
def test_a_prediction_that_cannot_be_is_refused_at_its_place(run: Run, tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in CONFIG
    (tmp_path / "page.md").write_text(PREDICTED)
    (tmp_path / "body.json").write_text(json.dumps(chat(USER, max_tokens=5)))
    (tmp_path / "gpt41.yaml").write_text(CONFIG.replace(old, new))
    done = run("check")
    assert (done.code, done.out) == (2, "")
    assert message in done.err
