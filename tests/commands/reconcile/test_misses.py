"""How exact the counts are on a user's own requests: misses by what they have in common, and requests to report them with."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.reconcile.prediction import saved_misses
from gpt41_cli.commands.reconcile.prediction.forecasts import SentRequestMeter
from gpt41_cli.commands.reconcile.prediction.match import BilledRequest, RequestForecast, RequestPair, RequestTrait
from gpt41_cli.commands.reconcile.prediction.misses import MissGroup, group_misses, list_traits
from gpt41_cli.commands.reconcile.prediction.saved_misses import WordWriter, anonymise_misses
from gpt41_cli.errors import InputError
from gpt41_cli.files.sources import InputSource
from gpt41_cli.findings import Place
from gpt41_cli.requests.readers import read_request
from gpt41_cli.tokens import DEFAULT_ENCODING, make_count_memo
from gpt41_cli.tokens.meter import Meter
from tests.builders import CALL, FORMAT, OTHER_CALL, SECRET, USER, Body, chat, image_part, responses
from tests.conftest import Run

HERE = Place("here")
COUNT = make_count_memo(DEFAULT_ENCODING, is_much=False)
TOOLS, CHOICE, PICTURES = (
    RequestTrait("tools", "tools"),
    RequestTrait("tool-choice", "forced"),
    RequestTrait("images", "pictures"),
)
BOUNDS = RequestTrait("bounds", "bounds", True)


def pair(error: int, *traits: RequestTrait, custom_id: str = "x", counted: int = 100) -> RequestPair:
    return RequestPair(
        custom_id, RequestForecast(HERE, counted, True, traits=traits), BilledRequest(HERE, None, counted + error, 0)
    )


def summarise(groups: Sequence[MissGroup]) -> list[tuple[int, int, list[str]]]:
    return [(len(group.pairs), group.error_tokens, [trait.words for trait in group.traits]) for group in groups]


def test_misses_are_grouped_by_what_marks_them_and_by_their_error() -> None:
    pairs = [
        *([pair(0, TOOLS)] * 50),
        *([pair(4, CHOICE, TOOLS)] * 41),
        *([pair(0, CHOICE, TOOLS)] * 2),
        *([pair(4, PICTURES)] * 3),
        *([pair(-8, CHOICE, TOOLS)] * 5),
        *([pair(0, PICTURES)] * 9),
    ]
    assert summarise(group_misses(pairs)) == [(41, 4, ["forced"]), (5, -8, ["forced"]), (3, 4, ["pictures"])]


def test_traits_that_mark_a_group_alike_are_all_named_and_doubtful_ones_alone() -> None:
    assert summarise(group_misses([pair(0), pair(1, CHOICE, TOOLS), pair(1, CHOICE, TOOLS)])) == [(2, 1, ["forced", "tools"])]
    assert summarise(group_misses([pair(1, BOUNDS, TOOLS)])) == [(1, 1, ["bounds"])]
    # Both mark one of the two: the first is a group, and the second is one of its own.
    assert summarise(group_misses([pair(1, TOOLS), pair(1, PICTURES)])) == [(1, 1, ["tools"]), (1, 1, ["pictures"])]


def test_misses_of_a_saved_prediction_are_grouped_by_their_error_alone() -> None:
    assert summarise(group_misses([pair(2), pair(0), pair(2), pair(-3)])) == [(2, 2, []), (1, -3, [])]


FORCED = {"type": "function", "function": {"name": "get_time"}}
LISTS = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}}}
NESTED = {"type": "function", "function": {"name": "get_time", "parameters": LISTS}}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (chat(USER), ["text"]),
        (chat({**USER, "name": "ada"}), ["name"]),
        (chat(USER, tools=[SECRET], tool_choice=FORCED), ["tool-choice", "tools"]),
        (chat(USER, response_format=FORMAT), ["schema"]),
        (chat(USER, tools=[NESTED]), ["items", "items", "tools"]),
        (chat(USER, {"role": "assistant", "tool_calls": [CALL]}), ["history"]),
        (chat(USER, {"role": "assistant", "tool_calls": [CALL, OTHER_CALL]}), ["history"]),
        (chat({"role": "user", "content": [image_part(9, 9)]}), ["images"]),
        (responses("x", previous_response_id="resp_1"), ["stored-state"]),
        (responses("x", tools=[{"type": "web_search"}]), ["built-in-tool"]),
    ],
)
def test_the_traits_of_a_request(body: Body, expected: list[str], catalog: Catalog) -> None:
    sent = read_request(body)
    found = list_traits(sent.request, Meter(catalog).count(sent).doubts)
    assert [trait.id for trait in found] == expected
    assert [trait.is_doubtful for trait in found] == sorted((trait.is_doubtful for trait in found), reverse=True)


def test_every_word_is_one_token() -> None:
    assert {COUNT(f"{blank}{word}") for word in saved_misses._WORDS for blank in ("", " ")} == {1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("Get the time.", "time year way."),
        ("  - Buy bread, milk\n\n{x}!\n", "  time year way day man\n\nthing}!\n"),
        ("naïve plan", "años year way day"),
        ("\\u00e9t\\u00e9", "\\u00e9 year way day man thing"),
        ("}\n}\n}", "}\n}\n}"),
    ],
)
def test_words_take_the_place_of_texts_line_by_line(text: str, expected: str) -> None:
    written = WordWriter(COUNT).write(text)
    assert written == expected
    assert COUNT(written) == COUNT(text)


@settings(max_examples=150)
@given(st.text("aé.,\n }0xyz", max_size=60))
def test_words_have_as_many_tokens(text: str) -> None:
    written = WordWriter(COUNT).write(text)
    assert "x" not in written
    assert abs(COUNT(written) - COUNT(text)) <= text.count("\n") + text.count("\n\n")


def test_spare_tokens_are_added_to_the_first_text_or_taken_from_the_first_ones() -> None:
    writer = WordWriter(COUNT, 2)
    assert [COUNT(writer.write(text)) for text in ("", "one two three", "one two three")] == [0, 5, 3]
    writer = WordWriter(COUNT, -3)
    assert [COUNT(writer.write("one two three")) for _ in range(3)] == [1, 2, 3]


def sent(custom_id: str, body: Body, url: str = "/v1/chat/completions") -> Body:
    return {"custom_id": custom_id, "method": "POST", "url": url, "body": body}


def make_source(*lines: Any, name: str = "sent.jsonl", is_from_folder: bool = False) -> InputSource:
    data = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines).encode()
    return InputSource(name, lambda: io.BytesIO(data), is_from_folder)


def group(custom_id: str, counted: int) -> MissGroup:
    return MissGroup(
        4, (TOOLS,), (pair(4, custom_id="large", counted=counted + 9), pair(4, custom_id=custom_id, counted=counted))
    )


def test_the_smallest_request_of_a_group_is_saved_and_counts_the_same(catalog: Catalog) -> None:
    meter = SentRequestMeter(Meter(catalog), {})
    body = chat(USER, tools=[NESTED], tool_choice=FORCED, user="ada")
    counted = meter.count(read_request(body)).input_tokens
    sources = [
        make_source("no JSON", {"custom_id": []}, sent("large", chat(USER, USER)), sent("small", body)),
        make_source("hello", name="text.txt"),
        make_source("\0", name="folder/binary", is_from_folder=True),
    ]
    found = anonymise_misses([group("small", counted)], sources, meter)
    (line,) = map(json.loads, found.lines)
    assert found.left_out == 0
    assert (line["custom_id"], line["counted_input_tokens"], line["billed_input_tokens"]) == ("miss-1", counted, counted + 4)
    assert (line["requests"], line["shapes"], line["day"]) == (2, ["tools"], None)
    assert line["body"]["model"] == "gpt-4.1"
    assert line["body"]["messages"] == [{"role": "user", "content": "time year way day man thing?"}]
    assert meter.count(read_request(line)).input_tokens == counted


@pytest.mark.parametrize(("model", "saved"), [("acme-prod", "anonymous-model"), ("ft:gpt-4.1:acme::x", "gpt-4.1"), (None, None)])
def test_a_model_is_saved_by_the_name_that_the_table_has(model: str | None, saved: str | None, catalog: Catalog) -> None:
    meter = SentRequestMeter(Meter(catalog), {})
    counted = meter.count(read_request({**chat(USER), "model": model})).input_tokens
    found = anonymise_misses([group("a", counted)], [make_source(sent("a", {**chat(USER), "model": model}))], meter)
    assert json.loads(found.lines[0])["body"].get("model") == saved


def test_a_request_that_no_words_can_stand_for_is_left_out(catalog: Catalog) -> None:
    meter = SentRequestMeter(Meter(catalog), {})
    found = anonymise_misses([group("a", 1)], [make_source(sent("a", chat(USER)))], meter)
    assert (found.lines, found.left_out) == ([], 1)
    odd = {"name": "f", "parameters": {"type": "object", "properties": 0}}  # which is as good as none, and 1 isn't
    found = anonymise_misses([group("a", 40)], [make_source(sent("a", chat(USER, functions=[odd])))], meter)
    assert (found.lines, found.left_out) == ([], 1)
    many = [group("a", 14)] * 101
    assert anonymise_misses(many, [make_source(sent("a", chat(USER)))], meter).left_out == 100


@pytest.mark.parametrize("make_sources", [list, lambda: [make_source("%PDF-1.4")]])
def test_a_file_that_has_changed_is_an_error(make_sources: Callable[[], list[InputSource]], catalog: Catalog) -> None:
    with pytest.raises(InputError):
        anonymise_misses([group("a", 11)], make_sources(), SentRequestMeter(Meter(catalog), {}))


PARALLEL = chat(
    USER,
    {"role": "assistant", "tool_calls": [CALL, OTHER_CALL]},
    *({"role": "tool", "tool_call_id": each["id"], "content": "Müdürlüğü çğış"} for each in (CALL, OTHER_CALL)),
)


def answer(custom_id: str, input_tokens: int, created: int, model: str = "gpt-4.1") -> Body:
    usage = {"prompt_tokens": input_tokens, "completion_tokens": 1, "total_tokens": input_tokens + 1}
    body = {"id": custom_id, "object": "chat.completion", "created": created, "model": model, "usage": usage}
    return {"custom_id": custom_id, "response": {"status_code": 200, "body": body}}


JANUARY, JUNE = 1_768_500_000, 1_780_500_000


def write(path: Path, *lines: Body) -> None:
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def test_each_request_is_counted_by_the_rules_of_the_day_of_its_answer(run: Run, tmp_path: Path) -> None:
    """Until February 2026 the server escaped characters beyond ASCII in the results of parallel calls."""
    bodies = {"old": PARALLEL, "new": PARALLEL, "alias": PARALLEL}
    write(tmp_path / "sent.jsonl", *(sent(custom_id, body) for custom_id, body in bodies.items()))
    (old, new) = (
        json.loads(run("count", "sent.jsonl", "--each", "--as-of", day, "--format", "json").out)["entries"][0]["input_tokens"]
        for day in ("2026-01-15", "2026-06-03")
    )
    assert old > new
    write(tmp_path / "log.jsonl", answer("old", old, JANUARY), answer("new", new, JUNE), answer("alias", old, JANUARY, "ours"))
    arguments = ("reconcile", "log.jsonl", "--requests", "sent.jsonl", "--model", "ours=gpt-4.1", "--as-of", "2026-11-26")
    document = json.loads(run(*arguments, "--format", "json").out)
    assert [(each["custom_id"], each["error_tokens"]) for each in document["prediction"]["differing"]] == []
    assert document["prediction"]["exact"] == 3


def test_misses_are_said_in_one_line_and_saved_for_a_report(run: Run, tmp_path: Path) -> None:
    bodies = [chat(USER, tools=[SECRET]) for _ in range(4)] + [chat(USER, tools=[SECRET], tool_choice=FORCED) for _ in range(5)]
    write(tmp_path / "sent.jsonl", *(sent(f"r{number}", body) for number, body in enumerate(bodies)))
    counts = [
        each["input_tokens"] for each in json.loads(run("count", "sent.jsonl", "--each", "--format", "json").out)["entries"]
    ]
    errors = [0, 0, 1, -2, 4, 4, 4, 0, 9]
    write(tmp_path / "log.jsonl", *(answer(f"r{n}", counts[n] + error, JUNE) for n, error in enumerate(errors)))
    arguments = ("reconcile", "log.jsonl", "--requests", "sent.jsonl", "--as-of", "2026-11-26")
    done = run(*arguments, "--save-misses", "misses.jsonl")
    assert done.err == "gpt41: misses.jsonl: 4 requests with other words in place of texts; names are kept\n"
    said = (
        "3 of 9 requests exact; 3 off by the same 4 tokens: tool-choice; 1 off by 9 tokens: tool-choice; 1 off by 2 tokens: tools"
    )
    assert f"  matched  {said}; 1 other off\n" in done.out
    assert "Off by the same number of tokens\n  requests  off  they have\n         3   +4  a forced call\n" in done.out
    (first, *_) = json.loads(run(*arguments, "--format", "json").out)["prediction"]["misses"]
    assert first == {
        "requests": 3,
        "error_tokens": 4,
        "shapes": ["a forced call"],
        "rules": ["tool-choice"],
        "custom_ids": ["r4", "r5", "r6"],
    }
    lines = [json.loads(line) for line in (tmp_path / "misses.jsonl").read_text().splitlines()]
    entries = json.loads(run("count", "misses.jsonl", "--each", "--format", "json").out)["entries"]
    assert [each["input_tokens"] for each in entries] == [line["counted_input_tokens"] for line in lines]
    assert "Lima" not in (tmp_path / "misses.jsonl").read_text()
    assert [(line["day"], line["requests"]) for line in lines] == [("2026-06-03", 3), *([("2026-06-03", 1)] * 3)]
    assert run(*arguments, "--save-misses", "sent.jsonl").err == (
        'gpt41: --save-misses: expected a file that is not read, found "sent.jsonl"\n'
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--save-misses", "x"], "--save-misses: expected --requests, which it takes misses from, found it alone"),
        (
            ["--requests", "-", "--save-misses", "x"],
            "--requests: expected files with --save-misses, which reads them twice, found standard input",
        ),
        (["--requests", "r", "--save-misses", "-"], '--save-misses: expected a file, found "-"'),
        (["--requests", "r", "--save-misses", "no/x"], '--save-misses: "no/x": expected a folder that exists, found "no"'),
    ],
)
def test_a_file_of_misses_that_cannot_be_written_is_refused_first(options: list[str], message: str, run: Run) -> None:
    assert run("reconcile", "log.jsonl", *options) == (2, "", f"gpt41: {message}\n")


def test_without_misses_nothing_is_written(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "sent.jsonl", sent("a", chat(USER)))
    write(tmp_path / "log.jsonl", answer("a", 14, JUNE))
    done = run("reconcile", "log.jsonl", "--requests", "sent.jsonl", "--save-misses", "misses.jsonl", "-q")
    assert (done.code, done.err) == (0, "gpt41: misses.jsonl: not written: every request was billed as counted\n")
    assert not (tmp_path / "misses.jsonl").exists()
