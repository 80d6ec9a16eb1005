"""What a request is billed for, rule by rule: the text its tokens stand for, and what each rule adds with it.

The requests are made for these tests. Their counts follow from rules that recorded bills confirm; each rule's docstring in the
package says how many.
"""

from __future__ import annotations

from datetime import date

import pytest

from gpt41_cli.catalog import Catalog
from gpt41_cli.requests import readers
from gpt41_cli.tokens import DEFAULT_ENCODING, count
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.pieces import USER_MESSAGE_OVERHEAD
from gpt41_cli.tokens.prompt import build_prompt
from tests.builders import CALL, FORMAT, OTHER_CALL, SECRET, SYSTEM, USER, Body, chat, responses, responses_tool

BLOCK = """# Tools

## functions

namespace functions {

// Get the time.
type get_time = () => any;

} // namespace functions"""
FORMAT_BLOCK = """# Response Formats

## clock

{"type":"object","properties":{}}"""


def tokens(text: str) -> int:
    return count(text, DEFAULT_ENCODING)


@pytest.fixture(scope="module")
def meter(catalog: Catalog) -> Meter:
    return Meter(catalog)


def counted(meter: Meter, body: Body) -> int:
    return meter.count(readers.read_request(body)).input_tokens


def added(meter: Meter, body: Body, to: Body) -> int:
    """How many tokens more `body` has than `to`."""
    return counted(meter, body) - counted(meter, to)


def test_a_message_costs_its_text_its_role_and_3_and_every_request_3(meter: Meter) -> None:
    assert counted(meter, chat(USER)) == 3 + 3 + 1 + tokens("What is the time in Lima?") == 14
    assert USER_MESSAGE_OVERHEAD == 3 + 3 + 1
    assert counted(meter, chat(SYSTEM, USER)) == 14 + 3 + 1 + tokens("Answer in one sentence.") == 23
    for role in ("system", "developer", "user", "assistant"):
        assert added(meter, chat(USER, {"role": role, "content": ""}), chat(USER)) == 4
    assert added(meter, chat(USER, {"role": "assistant", "content": None}), chat(USER)) == 4


def test_a_name_costs_its_tokens_after_a_colon(meter: Meter) -> None:
    assert added(meter, chat({**USER, "name": "ada_lovelace"}), chat(USER)) == tokens(":ada_lovelace")


def test_parts_of_text_are_joined_with_nothing_between_them(meter: Meter) -> None:
    parts = [{"type": "text", "text": "What is the ti"}, {"type": "text", "text": "me in Lima?"}]
    assert counted(meter, chat({"role": "user", "content": parts})) == counted(meter, chat(USER))


def test_a_refusal_is_text(meter: Meter) -> None:
    refusal = {"role": "assistant", "content": None, "refusal": "I will not."}
    assert counted(meter, chat(USER, refusal)) == counted(meter, chat(USER, {"role": "assistant", "content": "I will not."}))
    part = {"role": "assistant", "content": [{"type": "refusal", "refusal": "I will not."}]}
    assert counted(meter, chat(USER, part)) == counted(meter, chat(USER, refusal))


def test_responses_counts_the_same_messages(meter: Meter) -> None:
    assert counted(meter, responses("What is the time in Lima?")) == counted(meter, chat(USER))
    items = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What is the time in Lima?"}]}]
    assert counted(meter, responses(items)) == counted(meter, chat(USER))
    instructed = responses("What is the time in Lima?", instructions="Answer in one sentence.")
    assert counted(meter, instructed) == counted(meter, chat(SYSTEM, USER))


def test_special_tokens_in_content_are_ordinary_text(meter: Meter) -> None:
    assert added(meter, chat({"role": "user", "content": "<|endoftext|>"}), chat({"role": "user", "content": ""})) == 7


def test_settings_cost_nothing(meter: Meter) -> None:
    settings = {"temperature": 0, "seed": 1, "stop": ["x"], "metadata": {"a": "b"}, "stream": True, "logprobs": True, "n": 3}
    assert counted(meter, chat(USER, **settings)) == counted(meter, chat(USER))
    assert counted(meter, chat(USER, prediction={"type": "content", "content": "It is noon."})) == counted(meter, chat(USER))
    assert counted(meter, chat(USER, response_format={"type": "json_object"})) == counted(meter, chat(USER))
    assert counted(meter, responses("x", text={"format": {"type": "text"}})) == counted(meter, responses("x"))


def test_chat_joins_the_tools_to_the_system_message_and_tokenises_both_as_one(meter: Meter) -> None:
    joined = "Answer in one sentence.\n\n" + BLOCK
    assert counted(meter, chat(SYSTEM, USER, tools=[SECRET])) == 14 + 4 + tokens(joined) - 1
    assert tokens(joined) < tokens("Answer in one sentence.") + tokens("\n\n" + BLOCK), "the joint merges"
    pieces = build_prompt(readers.read_request(chat(SYSTEM, USER, tools=[SECRET])).request)
    assert [(piece.part, piece.text) for piece in pieces if piece.text] == [
        ("overhead", "system"),
        ("text", "Answer in one sentence."),
        ("tools", "\n\n" + BLOCK),
        ("overhead", "user"),
        ("text", "What is the time in Lima?"),
    ]


def test_without_a_system_message_at_the_front_the_tools_are_one(meter: Meter) -> None:
    assert added(meter, chat(USER, tools=[SECRET]), chat(USER)) == 4 + tokens(BLOCK) - 1
    assert added(meter, chat(USER, SYSTEM, tools=[SECRET]), chat(USER, SYSTEM)) == 4 + tokens(BLOCK) - 1
    first = build_prompt(readers.read_request(chat(USER, SYSTEM, tools=[SECRET])).request)[0]
    assert first.text == BLOCK


def test_in_responses_the_tools_stand_alone(meter: Meter) -> None:
    for settings in ({}, {"instructions": "Answer in one sentence."}):
        assert added(meter, responses("x", tools=[responses_tool()], **settings), responses("x", **settings)) == tokens(BLOCK) - 3


def test_the_legacy_functions_count_as_tools(meter: Meter) -> None:
    legacy = chat(SYSTEM, USER, functions=[SECRET["function"]])
    assert counted(meter, legacy) == counted(meter, chat(SYSTEM, USER, tools=[SECRET]))


@pytest.mark.parametrize(
    ("choice", "more"),
    [("auto", 0), ("required", 0), ("none", 1), ({"type": "function", "function": {"name": "get_time"}}, 6 + 3)],
)
def test_the_choice_of_a_tool_in_chat(meter: Meter, choice: object, more: int) -> None:
    assert added(meter, chat(USER, tools=[SECRET], tool_choice=choice), chat(USER, tools=[SECRET])) == more


@pytest.mark.parametrize(
    ("settings", "more"),
    [
        ({"tool_choice": "auto"}, 0),
        ({"tool_choice": "none"}, 1),
        ({"tool_choice": "required"}, 9),
        ({"tool_choice": {"type": "function", "name": "get_time"}}, 6 + 3),
        ({"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "get_time"}]}}, 0),
        ({"parallel_tool_calls": True}, 0),
        ({"parallel_tool_calls": False}, 3),
    ],
)
def test_the_choice_of_a_tool_in_responses(meter: Meter, settings: Body, more: int) -> None:
    plain = responses("x", tools=[responses_tool()])
    assert added(meter, {**plain, **settings}, plain) == more


@pytest.mark.parametrize(("name", "more"), [("get_time", 9), ("RelatedSubjects", 10), ("Outline", 9)])
def test_a_forced_function_costs_6_and_its_addressee(meter: Meter, name: str, more: int) -> None:
    assert more == 6 + tokens(f"functions.{name}")
    tool = {"type": "function", "function": {"name": name}}
    in_chat = chat(USER, tools=[tool])
    assert added(meter, {**in_chat, "tool_choice": {"type": "function", "function": {"name": name}}}, in_chat) == more
    legacy = chat(USER, functions=[tool["function"]])
    assert added(meter, {**legacy, "function_call": {"name": name}}, legacy) == more
    assert added(meter, {**legacy, "function_call": "auto"}, legacy) == 0
    in_responses = responses("x", tools=[responses_tool(tool)])
    assert added(meter, {**in_responses, "tool_choice": {"type": "function", "name": name}}, in_responses) == more


def test_a_required_tool_costs_one_less_next_to_instructions(meter: Meter) -> None:
    plain = responses("x", tools=[responses_tool()], instructions="Be brief.")
    assert added(meter, {**plain, "tool_choice": "required"}, plain) == 8


def test_a_choice_without_tools_costs_nothing(meter: Meter) -> None:
    assert counted(meter, responses("x", tool_choice="required", parallel_tool_calls=False)) == counted(meter, responses("x"))


def test_a_structured_output_costs_its_block_and_in_chat_its_name_again(meter: Meter) -> None:
    joined = "Answer in one sentence.\n\n" + FORMAT_BLOCK
    named = 2 + tokens("clock")
    assert counted(meter, chat(SYSTEM, USER, response_format=FORMAT)) == 14 + 4 + tokens(joined) + named
    assert added(meter, chat(USER, response_format=FORMAT), chat(USER)) == 4 + tokens(FORMAT_BLOCK) + named
    answered = chat(USER, {"role": "assistant", "content": "{}"}, USER, response_format=FORMAT)
    assert (
        added(meter, answered, chat(USER, {"role": "assistant", "content": "{}"}, USER)) == 4 + tokens(FORMAT_BLOCK) + 2 * named
    )
    in_responses = responses("x", text={"format": {"type": "json_schema", **FORMAT["json_schema"]}})
    assert added(meter, in_responses, responses("x")) == tokens(FORMAT_BLOCK) + 1


def test_with_tools_the_name_of_the_structured_output_is_not_charged_for_the_answer(meter: Meter) -> None:
    both = chat(SYSTEM, USER, tools=[SECRET], response_format=FORMAT)
    joined = f"Answer in one sentence.\n\n{BLOCK}\n\n{FORMAT_BLOCK}"
    assert counted(meter, both) == 14 + 4 + tokens(joined) - 1


def test_a_call_and_its_result_in_chat(meter: Meter) -> None:
    history = ({"role": "assistant", "content": None, "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "call_1"})
    called = chat(USER, history[0], {**history[1], "content": "12:30"}, tools=[SECRET])
    more = tokens('{"city":"Lima"}') + tokens("get_time") + tokens("functions.get_time") + 12 + tokens("12:30")
    assert added(meter, called, chat(USER, tools=[SECRET])) == more
    awaited = chat(USER, history[0], tools=[SECRET])
    assert added(meter, called, awaited) == 4 + tokens("get_time") + tokens("12:30"), "without a result, 4 and the name less"
    spoken = chat(USER, {**history[0], "content": "Let me look."}, {**history[1], "content": "12:30"}, tools=[SECRET])
    assert added(meter, spoken, called) == 4 + tokens("Let me look.")


def test_a_name_is_charged_with_calls_and_again_with_the_text_next_to_them(meter: Meter) -> None:
    result = {"role": "tool", "tool_call_id": "call_1", "content": "12:30"}
    called = {"role": "assistant", "content": "", "tool_calls": [CALL]}
    spoken = {**called, "content": "Let me look."}
    name = {"name": "supervisor"}
    assert added(meter, chat(USER, {**called, **name}, result), chat(USER, called, result)) == tokens(":supervisor")
    assert added(meter, chat(USER, {**spoken, **name}, result), chat(USER, spoken, result)) == 2 * tokens(":supervisor")


def test_a_legacy_call_counts_as_one_of_a_tool(meter: Meter) -> None:
    legacy = (
        {"role": "assistant", "function_call": CALL["function"]},
        {"role": "function", "name": "get_time", "content": "12:30"},
    )
    called = ({"role": "assistant", "tool_calls": [CALL]}, {"role": "tool", "tool_call_id": "call_1", "content": "12:30"})
    assert counted(meter, chat(USER, *legacy)) == counted(meter, chat(USER, *called))


def test_parallel_calls_in_chat_are_one_call_with_a_list_of_results(meter: Meter) -> None:
    history = (
        {"role": "assistant", "tool_calls": [CALL, OTHER_CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": '{"time":"12:30"}'},
        {"role": "tool", "tool_call_id": "call_2", "content": "noon in Zürich"},
    )
    uses = (
        '{"tool_uses":[{"recipient_name":"functions.get_time","parameters":{"city":"Lima"}},'
        '{"recipient_name":"functions.get_time","parameters":{}}]}'
    )
    kept = tokens('[{"time": "12:30"}, "noon in Zürich"]')
    escaped = tokens('[{"time": "12:30"}, "noon in Z\\u00fcrich"]')
    assert added(meter, chat(USER, *history), chat(USER)) == 20 + tokens(uses) + kept
    for model in ("gpt-4.1", "gpt-4o", "gpt-4o-2024-05-13", "gpt-4o-mini"):
        sent, before = ({**body, "model": model} for body in (chat(USER, *history), chat(USER)))
        for day, results in ((date(2026, 2, 28), escaped), (date(2026, 3, 1), kept)):
            assert added(Meter(meter.catalog, as_of=day), sent, before) == 20 + tokens(uses) + results
        assert added(meter, sent, before) == 20 + tokens(uses) + kept


def test_a_required_call_cost_2_in_chat_until_october_2024(catalog: Catalog) -> None:
    plain = {**chat(USER, tools=[SECRET]), "model": "gpt-4o"}
    required = {**plain, "tool_choice": "required"}
    assert added(Meter(catalog, as_of=date(2024, 10, 7)), required, plain) == 2
    assert added(Meter(catalog, as_of=date(2024, 10, 8)), required, plain) == 0


def test_calls_in_responses_cost_the_same_alone_and_in_parallel(meter: Meter) -> None:
    def call(number: int, **more: str) -> Body:
        return {"type": "function_call", "call_id": f"call_{number}", "name": "get_time", "arguments": '{"city": "Lima"}', **more}

    def output(number: int) -> Body:
        return {"type": "function_call_output", "call_id": f"call_{number}", "output": "12:30"}

    each = tokens('{"city": "Lima"}') + tokens("get_time") + tokens("functions.get_time") + 10 + tokens("12:30")
    user = {"role": "user", "content": "x"}
    assert added(meter, responses([user, call(1), output(1)]), responses([user])) == each
    assert added(meter, responses([user, call(1), call(2), output(1), output(2)]), responses([user])) == 2 * each
    assert added(meter, responses([user, call(1), output(1), call(2), output(2)]), responses([user])) == 2 * each
    issued = call(1, id="fc_" + "0123456789abcdef" * 3, status="completed")
    assert added(meter, responses([user, issued, output(1)]), responses([user])) == each + 3
    invented = call(1, id="fc_1", status="completed")
    assert added(meter, responses([user, invented, output(1)]), responses([user])) == each


def test_a_result_that_answers_no_call_is_a_message_of_its_own(meter: Meter) -> None:
    lost = {"role": "tool", "tool_call_id": "call_9", "content": "12:30"}
    assert added(meter, chat(USER, lost), chat(USER)) == 4 + tokens("12:30")
    assert [doubt.rule.id for doubt in meter.count(readers.read_request(chat(USER, lost))).doubts] == ["result-without-call"]
    output = {"type": "function_call_output", "call_id": "call_9", "output": "12:30"}
    assert added(meter, responses([USER, output]), responses([USER])) == 4 + tokens("12:30")


def test_what_nobody_can_count_makes_the_count_a_lower_bound(meter: Meter) -> None:
    audio = {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}]}
    uncounted: list[tuple[Body, str, str]] = [
        (chat(audio), "input-audio", "messages[0].content[0]"),
        (chat(USER, {"role": "assistant", "audio": {"id": "a"}}), "audio", "messages[1].audio"),
        (chat(USER, tools=[{"type": "custom", "custom": {"name": "x"}}]), "built-in-tool", "tools[0]"),
        (
            chat(USER, {"role": "assistant", "tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "x"}}]}),
            "built-in-tool",
            "messages[1].tool_calls[0]",
        ),
        (chat(USER, web_search_options={}), "built-in-tool", "web_search_options"),
        (chat(USER, modalities=["text", "audio"]), "audio", "modalities"),
        (responses("x", tools=[{"type": "web_search"}]), "built-in-tool", "tools[0]"),
        (responses("x", previous_response_id="resp_1"), "stored-state", "previous_response_id"),
        ({"model": "gpt-4.1", "prompt": {"id": "p"}}, "stored-prompt", "prompt"),
        (responses([{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]), "input-file", "input[0].content[0]"),
        (responses([{"type": "reasoning", "summary": []}]), "item", "input[0]"),
    ]
    for body, rule, path in uncounted:
        entry = meter.count(readers.read_request(body))
        assert entry.is_lower_bound
        assert [(doubt.rule.id, doubt.path) for doubt in entry.doubts] == [(rule, path)]
    assert not meter.count(readers.read_request(chat(USER))).is_lower_bound
