"""Lines that are read by their frame: each as reading all of it does, and with less work."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gpt41_cli.catalog import Catalog
from gpt41_cli.files import documents
from gpt41_cli.files.documents import FileLine
from gpt41_cli.files.fields import BadBody
from gpt41_cli.findings import Place
from gpt41_cli.requests.inputs import read_item
from gpt41_cli.requests.readers import FramedLine, ParsedRequest
from gpt41_cli.tokens import meter as meter_module
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.work import frames
from gpt41_cli.work.frames import FramedCounter, FrameReader
from gpt41_cli.work.measuring import FramedMeasurer, MeasuredRequest, measure_request
from tests.builders import CALL, CATALOG, FORMAT, SECRET, SYSTEM, USER, Body, chat, image_message, responses
from tests.conftest import Run

METER = Meter(CATALOG, needs_tokens=True)
TEXTS = ("Hello", "hi {}", 'say "JSON"\n\\', "Zürich 🏔", "\ud800", "", "Dear {{name}}", "mark 0.", " ")


def batch(body: Body, name: str = "a") -> Body:
    url = "/v1/chat/completions" if "messages" in body else "/v1/responses"
    return {"custom_id": name, "method": "POST", "url": url, "body": body}


def ask(text: str, *before: Body, **settings: Any) -> Body:
    return chat(*before, {"role": "user", "content": text}, **settings)


def read_lines(lines: Sequence[str], kind: str | None = None) -> list[tuple[FramedLine | None, ParsedRequest | None]]:
    """Each line as its frame reads it and as reading all of it does; the latter None if it isn't a request."""
    reader, found = FrameReader(kind), []
    for number, text in enumerate(lines, 1):
        line = FileLine(number, text.encode())
        place = line.locate("f.jsonl")
        framed = reader.read(line, place)
        try:
            sent = read_item(line, kind, place)
        except BadBody:
            sent = None
        if framed is None and sent:
            reader.learn(line, sent)
        found.append((framed, sent))
    return found


def have_frames(*bodies: Body, kind: str | None = None) -> list[bool]:
    return [framed is not None for framed, _ in read_lines([json.dumps(body) for body in bodies], kind)]


def measure(work: Callable[[Any], MeasuredRequest], sent: FramedLine | ParsedRequest) -> MeasuredRequest | str:
    try:
        return work(sent)
    except BadBody as error:
        return str(error)


SHAPES: Sequence[Callable[[str, str], Body]] = (
    lambda first, second: ask(second, {"role": "system", "content": first}),
    lambda first, second: ask(second, {"role": "system", "content": first}, tools=[SECRET], tool_choice="required"),
    lambda first, second: ask(second, {"role": "user", "content": first}, response_format=FORMAT, max_tokens=7),
    lambda first, second: ask(second, {"role": "assistant", "content": first, "name": "kim"}, model="gpt-5", n=2),
    lambda first, second: ask(second, SYSTEM, prediction={"type": "content", "content": first}),
    lambda first, second: ask(second, SYSTEM, response_format={"type": "json_object"}, metadata={"content": first}, store=True),
    lambda first, second: chat({"role": "user", "content": [{"type": "text", "text": first}]}, model=second or "gpt-4.1"),
    lambda first, second: chat({"role": "user", "content": [{"type": "text", "text": first}, {"type": "text", "text": second}]}),
    lambda first, second: responses(second, instructions=first, max_output_tokens=9),
    lambda first, second: responses([{"role": "user", "content": first}], prompt_cache_key=second, service_tier="flex"),
    lambda first, second: chat(USER, {"role": "assistant", "content": first}),
    lambda first, second: chat(
        {"role": "assistant", "content": first, "tool_calls": [CALL]}, {"role": "tool", "content": second}
    ),
)


@given(
    st.lists(
        st.tuples(st.sampled_from(SHAPES), st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.booleans(), st.booleans()),
        max_size=9,
    )
)
@example([(shape, "Hello", "hi {}", True, True) for shape in SHAPES] * 2)
@example([(SHAPES[0], text, "x", True, True) for text in TEXTS])
@example([(SHAPES[5], "x", text, False, False) for text in ('say "JSON"\n\\', "Hello", 'say "JSON"\n\\')])
def test_a_frame_reads_counts_and_measures_a_line_as_reading_all_of_it_does(
    lines: list[tuple[Callable[[str, str], Body], str, str, bool, bool]],
) -> None:
    texts = [
        json.dumps(
            batch(shape(first, second), second) if is_batch else shape(first, second),
            ensure_ascii=is_ascii or "\ud800" in (first, second),
        )
        for shape, first, second, is_batch, is_ascii in lines
    ]
    of_requests = partial(measure_request, METER, is_replayed=True)
    of_lines, counter = FramedMeasurer(METER, of_requests, is_replayed=True), FramedCounter(METER)
    for framed, sent in read_lines(texts):
        if framed:
            assert sent
            assert framed.read() == sent
            assert counter.count(framed) == METER.count(sent)
            assert measure(of_lines.measure, framed) == measure(of_requests, sent)


@pytest.mark.parametrize("kind", [None, "batch"])
def test_lines_that_differ_in_texts_and_id_share_a_frame(kind: str | None) -> None:
    lines = [batch(ask(text, SYSTEM, tools=[SECRET]), text) for text in ("a", "b", "a", 'of "c"')]
    assert have_frames(*lines, kind=kind) == [False, True, True, True]


def test_a_conversation_of_another_length_has_a_frame_of_its_own() -> None:
    answer = {"role": "assistant", "content": "Noon."}
    lines = [ask("x", *[USER, answer] * turns) for turns in (0, 1, 2, 1, 0, 2)]
    assert have_frames(*lines) == [False, False, False, True, True, True]


def test_a_system_message_that_tools_join_belongs_to_the_frame() -> None:
    other = {"role": "system", "content": "Answer in two sentences."}
    assert have_frames(*(ask("x", first, tools=[SECRET]) for first in (SYSTEM, SYSTEM, other))) == [False, True, False]
    assert have_frames(*(ask("x", first) for first in (SYSTEM, SYSTEM, other))) == [False, True, True]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(chat(image_message(url="https://example.com/x.png")), id="a picture"),
        pytest.param(chat({"role": "assistant", "tool_calls": [CALL]}), id="a call"),
        pytest.param(ask("x", temperature=3), id="a broken rule"),
        pytest.param({"messages": [USER, {"role": "assistant", "content": "Noon."}]}, id="an example for fine-tuning"),
        pytest.param(ask("x" * (1 << 18)), id="a long line"),
    ],
)
def test_other_lines_are_read_as_a_whole(body: Body) -> None:
    assert have_frames(body, body) == [False, False]


def test_a_line_that_is_damaged_or_says_more_is_read_as_a_whole() -> None:
    good = json.dumps(ask("x"))
    lines = [good, good.replace("x", "x\t"), good.replace("x", "\\u12"), good[:-2], good + "}", good.replace('"x"', "1"), good]
    assert [framed is not None for framed, _ in read_lines(lines)] == [False, False, False, False, False, False, True]
    reader = FrameReader(None)
    assert reader.read(FileLine(1, good.encode()[:-1] + b"\xff"), Place("f")) is None


def test_a_string_that_means_more_than_its_text_gives_no_frame() -> None:
    """It is a request in a string; or the word JSON in it is what json_object demands."""
    wrapped = {"id": 1, "content": json.dumps({"messages": [USER]})}
    assert have_frames(wrapped, wrapped) == [False, False]
    in_json = ask("Answer in JSON", response_format={"type": "json_object"})
    assert have_frames(in_json, in_json) == [False, False]


def test_a_string_that_only_looks_like_a_text_belongs_to_the_frame() -> None:
    lines = [ask(text, store=True, metadata={"content": kept}) for text, kept in (("x", "x"), ("y", "x"), ("y", "y"))]
    assert have_frames(*lines) == [False, True, False]


def test_files_without_a_common_frame_are_soon_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    studied = count_calls(monkeypatch, FrameReader, "_study")
    assert not any(have_frames(*(ask("x", seed=number) for number in range(200))))
    assert len(studied) == 100


@pytest.mark.parametrize(("name", "most"), [("_MAX_FRAMES", 2), ("_MAX_CHARACTERS", 200)])
def test_frames_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch, name: str, most: int) -> None:
    monkeypatch.setattr(frames, name, most)
    lines = [ask("x", seed=number) for number in (1, 2, 3, 3, 1)]
    assert have_frames(*lines) == [False, False, False, True, False]
    counter = FramedCounter(METER)
    framed = [FrameReader(None) for _ in lines]
    for reader, body in zip(framed, lines, strict=True):
        line = FileLine(1, json.dumps(body).encode())
        reader.learn(line, read_item(line, None, Place("f")))
        known = reader.read(line, Place("f"))
        assert known
        assert counter.count(known).input_tokens == 8


def count_calls(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> list[int]:
    """Count the calls of a function from now on, one entry a call."""
    calls: list[int] = []
    whole = getattr(owner, name)

    def act(*given: Any, **named: Any) -> Any:
        calls.append(1)
        return whole(*given, **named)

    monkeypatch.setattr(owner, name, act)
    return calls


def test_lines_of_one_frame_are_parsed_and_built_into_prompts_once(monkeypatch: pytest.MonkeyPatch, catalog: Catalog) -> None:
    parsed, built = count_calls(monkeypatch, documents, "parse_json"), count_calls(monkeypatch, meter_module, "build_prompt")
    counter, found = FramedCounter(Meter(catalog)), []
    reader = FrameReader(None)
    for number in range(50):
        line = FileLine(number + 1, json.dumps(batch(ask(f"Question {number}", SYSTEM), str(number))).encode())
        framed = reader.read(line, line.locate("f"))
        if framed:
            found.append(counter.count(framed).input_tokens)
        else:
            reader.learn(line, read_item(line, None, line.locate("f")))
    assert found == [19] * 49
    assert len(parsed) == 3  # the first line, and twice with marks in place of its texts
    assert len(built) == 1


@pytest.mark.parametrize(
    "command",
    [
        ["count"],
        ["cost"],
        ["cost", "--each", "--format", "jsonl"],
        ["cost", "--cached", "simulate", "--requests", "3"],
        ["batch"],
        ["cache", "--format", "json"],
        ["cache", "--requests", "3", "--requests-per-minute", "40"],
    ],
)
def test_workers_give_what_one_process_gives(run: Run, tmp_path: Path, command: list[str]) -> None:
    """Lines of several frames and without any, in chunks of fewer requests than `cache` compares, so that workers learn the
    frames by themselves. Some begin alike, and some of these have a key or another model.
    """
    systems = [{"role": "system", "content": f"Case {number}. " + "It is as it was said. " * 550} for number in range(7)]
    bodies = []
    for number in range(400):
        settings = {"max_tokens": 9, "prompt_cache_key": f"key {number % 3}"} if number % 4 == 0 else {}
        model = "gpt-4.1" if number % 5 else ("gpt-6.1-sol", "gpt-4.1-nano")[number % 2]
        bodies.append({**ask(f"Is {number} odd?", systems[number % 7], **settings), "model": model})
    bodies[300] = dict(ask("Dear {{name}}"))
    lines = [batch(body, f"id {number}") for number, body in enumerate(bodies)]
    (tmp_path / "f.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    alone, together = (run(*command, "f.jsonl", "--jobs", jobs, cwd=tmp_path) for jobs in ("1", "2"))
    assert alone == together
    assert alone.out
