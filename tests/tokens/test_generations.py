"""What a request to a model of the GPT-5 generation is billed for, rule by rule, next to what the family bills.

The requests are made for these tests. Their counts follow from rules that recorded bills confirm; `tokens/generations.py` says
how many.
"""

from __future__ import annotations

import pytest

from gpt41_cli.catalog import Catalog
from gpt41_cli.requests import readers
from gpt41_cli.tokens import DEFAULT_ENCODING, count
from gpt41_cli.tokens.declarations import CHAT_LAYOUT, RESPONSES_LAYOUT, DeclarationLayout, format_functions
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.pieces import PARTS
from tests.builders import CALL, FORMAT, OTHER_CALL, SECRET, SYSTEM, USER, Body, chat, image_message, responses, responses_tool

FORMAT_BLOCK = '# Response Formats\n\n## clock\n\n{"type":"object","properties":{}}'
USES = (
    '{"tool_uses":[{"recipient_name":"functions.get_time","parameters":{"city":"Lima"}},'
    '{"recipient_name":"functions.get_time","parameters":{}}]}'
)


def tokens(text: str) -> int:
    return count(text, DEFAULT_ENCODING)


def block(body: Body, layout: DeclarationLayout = CHAT_LAYOUT) -> str:
    return format_functions(readers.read_request(body).request.functions, layout)


@pytest.fixture(scope="module")
def meter(catalog: Catalog) -> Meter:
    return Meter(catalog, "gpt-5.6-luna")


def counted(meter: Meter, body: Body) -> int:
    return meter.count(readers.read_request(body)).input_tokens


def added(meter: Meter, body: Body, to: Body) -> int:
    return counted(meter, body) - counted(meter, to)


def test_a_request_costs_2_and_each_text_of_the_assistant_2(meter: Meter) -> None:
    assert counted(meter, chat(USER)) == 2 + 3 + 1 + tokens("What is the time in Lima?") == 13
    assert counted(meter, responses("What is the time in Lima?")) == 13
    assert added(meter, chat(USER, {"role": "assistant", "content": "Noon."}), chat(USER)) == 4 + tokens("Noon.") + 2
    assert added(meter, chat({**USER, "name": "ada"}), chat(USER)) == tokens(":ada")


def test_tools_in_chat_cost_some_85_more_than_their_text(meter: Meter) -> None:
    described = chat(USER, tools=[SECRET])
    joined = tokens("Answer in one sentence.\n\n" + block(described)) - tokens("Answer in one sentence.")
    assert added(meter, chat(SYSTEM, USER, tools=[SECRET]), chat(SYSTEM, USER)) == joined + 84
    assert added(meter, described, chat(USER)) == tokens(block(described)) + 85
    bare = chat(USER, tools=[{"type": "function", "function": {"name": "get_time"}}])
    assert added(meter, bare, chat(USER)) == tokens(block(bare)) + 85 - 1


def test_tools_in_responses_cost_3_more_than_their_text(meter: Meter) -> None:
    body = responses("x", tools=[responses_tool()])
    assert added(meter, body, responses("x")) == tokens(block(body, RESPONSES_LAYOUT)) + 3


@pytest.mark.parametrize("choice", ["auto", "none", "required", {"type": "function", "function": {"name": "get_time"}}])
def test_the_choice_of_a_tool_costs_nothing(meter: Meter, choice: object) -> None:
    assert added(meter, chat(USER, tools=[SECRET], tool_choice=choice), chat(USER, tools=[SECRET])) == 0
    plain = responses("x", tools=[responses_tool()])
    assert added(meter, {**plain, "tool_choice": choice, "parallel_tool_calls": False}, plain) == 0


def test_a_structured_output_has_no_charge_for_its_name(meter: Meter) -> None:
    joined = tokens("Answer in one sentence.\n\n" + FORMAT_BLOCK) - tokens("Answer in one sentence.")
    assert added(meter, chat(SYSTEM, USER, response_format=FORMAT), chat(SYSTEM, USER)) == joined
    assert added(meter, chat(USER, response_format=FORMAT), chat(USER)) == tokens(FORMAT_BLOCK) + 4
    answered = chat(USER, {"role": "assistant", "content": "{}"}, USER)
    assert added(meter, {**answered, "response_format": FORMAT}, answered) == tokens(FORMAT_BLOCK) + 4
    in_responses = responses("x", text={"format": {"type": "json_schema", **FORMAT["json_schema"]}})
    assert added(meter, in_responses, responses("x")) == tokens(FORMAT_BLOCK)


def test_calls_in_chat(meter: Meter) -> None:
    called = {"role": "assistant", "tool_calls": [CALL]}
    result = {"role": "tool", "tool_call_id": "call_1", "content": "12:30"}
    single = tokens('{"city":"Lima"}') + tokens("get_time") + tokens("functions.get_time") + 18
    assert added(meter, chat(USER, called, result), chat(USER)) == single + tokens("12:30")
    assert added(meter, chat(USER, called), chat(USER)) == single, "one that awaits its result costs no less"
    spoken = {**called, "content": "Let me look."}
    assert added(meter, chat(USER, spoken, result), chat(USER, called, result)) == tokens("Let me look.") + 6
    both = {"role": "assistant", "tool_calls": [CALL, OTHER_CALL]}
    other = {**result, "tool_call_id": "call_2"}
    assert added(meter, chat(USER, both, result, other), chat(USER)) == tokens(USES) + 26 + tokens('["12:30", "12:30"]')


@pytest.mark.parametrize(("effort", "reasons"), [(None, True), ("low", True), ("none", False)])
def test_calls_in_responses_depend_on_the_effort(meter: Meter, effort: str | None, reasons: bool) -> None:
    def call(number: int, arguments: str) -> Body:
        issued = {"id": "fc_" + "0123456789abcdef" * 3, "status": "completed"}
        return {"type": "function_call", "call_id": f"call_{number}", "name": "get_time", "arguments": arguments, **issued}

    def cost(items: list[Body]) -> int:
        settings = {"reasoning": {"effort": effort}} if effort else {}
        return added(meter, responses([USER, *items], **settings), responses([USER]))

    outputs: list[Body] = [{"type": "function_call_output", "call_id": f"call_{number}", "output": "12:30"} for number in (1, 2)]
    named = tokens("get_time") + tokens("functions.get_time") + tokens("12:30")
    first, second = tokens('{"city":"Lima"}') + named, tokens("{}") + named
    together = tokens(USES) + 26 + tokens('["12:30", "12:30"]')
    calls = [call(1, '{"city":"Lima"}'), call(2, "{}")]
    assert cost([calls[0], outputs[0]]) == first + (16 if reasons else 19)
    assert cost([*calls, *outputs]) == (first + second + 2 * 16 if reasons else together)


def test_a_picture_is_1_2_tokens_a_patch_and_1(meter: Meter) -> None:
    assert meter.count(readers.read_request(chat(image_message()))).parts["images"] == 5 + 1, "4 patches, rounded up"


@pytest.mark.parametrize(
    "body",
    [
        chat(USER),
        chat(SYSTEM, USER, {"role": "assistant", "content": "Noon."}, USER),
        chat(SYSTEM, USER, tools=[SECRET], tool_choice="none"),
        chat(USER, {"role": "assistant", "tool_calls": [CALL]}, response_format=FORMAT),
        responses("x", tools=[responses_tool()]),
    ],
)
def test_what_a_move_adds_is_the_difference_of_the_counts(meter: Meter, catalog: Catalog, body: Body) -> None:
    sent = readers.read_request(body)
    family = Meter(catalog, "gpt-4.1")
    old, new = family.count(sent), meter.count(sent)
    moved = family.compare_generations(sent.request, family.find_variant("gpt-4.1")[1])
    assert dict(zip(PARTS, moved, strict=True)) == {part: new.parts[part] - old.parts[part] for part in PARTS}


def test_models_without_recordings_count_so_and_are_never_exact(catalog: Catalog, meter: Meter) -> None:
    sent = readers.read_request(chat(SYSTEM, USER, tools=[SECRET]))
    for model in catalog.models_with_role("successor"):
        entry = Meter(catalog, model.id).count(sent)
        assert entry.input_tokens == counted(meter, chat(SYSTEM, USER, tools=[SECRET]))
        assert entry.is_exact == (model.id == "gpt-5.6-luna")
