"""What OpenAI refuses with status 400: each rule with what breaks it, where, and what keeps it."""

from __future__ import annotations

from typing import Any

import pytest

from gpt41_cli.requests.readers import read_json_request
from gpt41_cli.rules import Level

USER: dict[str, Any] = {"role": "user", "content": "look"}
CALL: dict[str, Any] = {"id": "c1", "type": "function", "function": {"name": "shot", "arguments": "{}"}}
CALLS: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [CALL, {**CALL, "id": "c2"}]}
RESULTS = [{"role": "tool", "tool_call_id": name, "content": "42"} for name in ("c2", "c1")]
PICTURE: dict[str, Any] = {"type": "image_url", "image_url": {"url": "https://example.org/y.png"}}
OBJECT: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["a"],
    "properties": {"a": {"type": "string"}},
}
OPEN = {key: value for key, value in OBJECT.items() if key != "additionalProperties"}
ITEM: dict[str, Any] = {"type": "function_call", "call_id": "c1", "name": "shot", "arguments": "{}"}
OUTPUT: dict[str, Any] = {"type": "function_call_output", "call_id": "c1", "output": "42"}


def broken(body: dict[str, Any]) -> list[str]:
    """The rules that a body breaks, each with the path of what breaks it."""
    found = read_json_request({"model": "gpt-4.1", **body}).flaws
    return [f"{each.rule.id} {each.message.partition(':')[0]}" for each in found]


def chat(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"messages": list(messages) or [USER], **more}


def answer(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": schema, **more}}


def tool(**function: Any) -> list[dict[str, Any]]:
    return [{"type": "function", "function": {"name": "shot", **function}}]


SCHEMA = "strict-schema response_format.json_schema.schema"

BROKEN: list[tuple[dict[str, Any], list[str]]] = [
    (chat(USER, RESULTS[0]), ["tool-calls messages[1]"]),
    (chat(USER, CALLS, RESULTS[0]), ["tool-calls messages[1].tool_calls[0]"]),
    (chat(USER, CALLS, USER), ["tool-calls messages[1].tool_calls[0]", "tool-calls messages[1].tool_calls[1]"]),
    (chat(USER, CALLS, *RESULTS, RESULTS[0]), ["tool-calls messages[4]"]),
    (chat(USER, CALLS, *RESULTS), []),
    (chat(USER, {"role": "assistant", "content": [PICTURE]}), ["image-role messages[1].content[0]"]),
    (chat({"role": "system", "content": [PICTURE]}), ["image-role messages[0].content[0]"]),
    (chat({"role": "user", "content": [PICTURE]}), []),
    (chat({"role": "system", "content": [{"type": "text", "text": "hi"}]}), []),
    (chat({"role": "user", "content": ""}), ["empty-content messages[0].content"]),
    (chat({"role": "system", "content": []}, USER), ["empty-content messages[0].content"]),
    (chat(USER, {"role": "assistant"}), ["empty-content messages[1].content"]),
    (chat(max_tokens=5, max_completion_tokens=5), ["two-maxima max_tokens"]),
    (chat(max_tokens=5, max_completion_tokens=None), []),
    (chat(temperature=2.1), ["value-range temperature"]),
    (
        chat(top_p=-0.1, presence_penalty=3, top_logprobs=21, logprobs=True),
        ["value-range top_p", "value-range presence_penalty", "value-range top_logprobs"],
    ),
    (chat(temperature=True, frequency_penalty="1"), ["value-range temperature", "value-range frequency_penalty"]),
    (chat(temperature=2, top_p=0, frequency_penalty=-2, top_logprobs=20, logprobs=True), []),
    (chat(n=129), ["value-range n"]),
    (chat(n=128), []),
    (chat(logit_bias={"1": 101, "2": 300}), ["value-range logit_bias"]),
    (chat(logit_bias={"1": "5"}), ["value-range logit_bias"]),
    (chat(logit_bias={"1": 100, "2": -100, "3": 0.5}), []),
    (chat(stop=["a", "b", "c", "d", "e"]), ["list-length stop"]),
    (chat(stop=["a", "b", "c", "d"]), []),
    (chat(stop="a, b, c, d, e"), []),
    (chat(stop=[]), []),
    (chat(tools=[]), ["list-length tools"]),
    (chat(tools=tool() * 129), ["list-length tools"]),
    (chat(tools=tool() * 128), []),
    (chat(tools=None), []),
    (chat(functions=[]), ["list-length functions"]),
    (chat(USER, {"role": "assistant", "content": "yes", "tool_calls": []}), ["list-length messages[1].tool_calls"]),
    (chat(USER, {"role": "assistant", "content": "yes", "tool_calls": None}), []),
    (chat(tool_choice="none"), ["tool-settings tool_choice"]),
    (chat(parallel_tool_calls=False), ["tool-settings parallel_tool_calls"]),
    (chat(tools=None, tool_choice="auto"), ["tool-settings tool_choice"]),
    (chat(tools=[], tool_choice="auto"), ["list-length tools"]),
    (chat(tools=tool(), tool_choice="required", parallel_tool_calls=True), []),
    (chat(tool_choice=None), []),
    (
        chat(tools=tool(), tool_choice={"type": "function", "function": {"name": "find"}}),
        ["tool-settings tool_choice.function.name"],
    ),
    (chat(tools=tool(), tool_choice={"type": "function", "function": {"name": "shot"}}), []),
    (chat(tools=tool(), tool_choice={"type": "function"}), []),
    ({"input": "hi", "tools": [{"type": "web_search"}], "tool_choice": {"type": "web_search_preview"}}, []),
    (
        {"input": "hi", "tools": [{"type": "function", "name": "a"}], "tool_choice": {"type": "function", "name": "b"}},
        ["tool-settings tool_choice.name"],
    ),
    (chat({**USER, "name": "Ann Lee"}), ["message-name messages[0].name"]),
    (chat({**USER, "name": ""}), ["message-name messages[0].name"]),
    (chat({**USER, "name": "José"}), ["message-name messages[0].name"]),
    (chat({**USER, "name": "ann-lee_2"}), []),
    (chat({"role": "user", "content": [{"type": "input_text", "text": "hi"}]}), ["part-type messages[0].content[0].type"]),
    ({"input": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}, ["part-type input[0].content[0].type"]),
    ({"input": [{"role": "user", "content": [{"type": "input_text", "text": "hi"}]}]}, []),
    (
        {"input": [{"role": "assistant", "content": [{"type": "input_text", "text": "hi"}]}]},
        ["part-type input[0].content[0].type"],
    ),
    ({"input": [{"role": "assistant", "content": [{"type": "output_text", "text": "hi"}]}]}, []),
    (
        {"input": [{"role": "user", "content": [{"type": "input_image", "image_url": {"url": "https://example.org/y.png"}}]}]},
        ["part-type input[0].content[0].image_url"],
    ),
    ({"input": [{"role": "user", "content": [PICTURE]}]}, ["part-type input[0].content[0].type"]),
    (  # an item of a type that isn't known: nothing else has looked into it
        {"input": [{"type": "user", "role": "user", "content": [1, {"type": "text", "text": "hi"}, "hi"]}]},
        ["part-type input[0].content[1].type"],
    ),
    (
        {"input": [{"type": "user", "role": "tool", "content": [None, PICTURE]}]},
        ["part-type input[0].content[1].type", "image-role input[0].content[1]"],
    ),
    ({"input": "hi", "max_output_tokens": 15}, ["value-range max_output_tokens"]),
    ({"input": "hi", "max_output_tokens": 16}, []),
    (chat(max_completion_tokens=15), []),
    ({"input": "hi", "conversation": "conv_1", "previous_response_id": "resp_1"}, ["two-histories previous_response_id"]),
    ({"input": "hi", "conversation": "conv_1", "previous_response_id": None}, []),
    (chat(top_logprobs=5), ["logprobs top_logprobs"]),
    (chat(top_logprobs=5, logprobs=False), ["logprobs top_logprobs"]),
    (chat(top_logprobs=5, logprobs=True), []),
    (chat(top_logprobs=0), []),
    (chat(service_tier="premium"), ["service-tier service_tier"]),
    (chat(service_tier="ultrafast"), ["service-tier service_tier"]),
    *((chat(service_tier=tier), []) for tier in ("auto", "default", "flex", "scale", "priority", "fast", None)),
    (chat(store=True, metadata={str(number): "" for number in range(17)}), ["metadata metadata"]),
    (chat(store=True, metadata={"k" * 65: ""}), ["metadata metadata"]),
    (chat(store=True, metadata={"run": 7}), ["metadata metadata"]),
    (chat(store=True, metadata={"note": "x" * 513}), ["metadata metadata"]),
    (chat(store=True, metadata=["run"]), ["metadata metadata"]),
    (chat(store=True, metadata={"k" * 64: "x" * 512, **{str(number): "" for number in range(15)}}), []),
    (chat(metadata={"run": "7"}), ["stored-metadata metadata"]),
    (chat(metadata={"run": "7"}, store=False), ["stored-metadata metadata"]),
    (chat(metadata={}), []),
    (chat(tools=tool(name="get.it")), ["function-name tools[0].function.name"]),
    (chat(functions=[{"name": "a" * 65}]), ["function-name functions[0].name"]),
    (
        chat(USER, {**CALLS, "tool_calls": [{**CALL, "function": {"name": "a b", "arguments": ""}}]}, RESULTS[1]),
        ["function-name messages[1].tool_calls[0].function.name"],
    ),
    (chat(response_format=answer(OBJECT, name="no blanks")), ["function-name response_format.json_schema.name"]),
    (chat(tools=tool(name="get-it_2")), []),
    (chat(response_format={"type": "json_object"}), ["json-word response_format"]),
    (chat({"role": "user", "content": [{"type": "text", "text": "as Json"}]}, response_format={"type": "json_object"}), []),
    (chat(response_format=answer(OPEN)), [SCHEMA]),
    (chat(response_format=answer({**OBJECT, "additionalProperties": True})), [SCHEMA]),
    (chat(response_format=answer({**OBJECT, "required": []})), [SCHEMA]),
    (
        chat(response_format=answer({**OPEN, "required": None, "properties": {key: {"type": "string"} for key in "abcde"}})),
        [SCHEMA, SCHEMA],
    ),
    (chat(response_format=answer({"anyOf": [OBJECT]})), [SCHEMA]),
    (chat(response_format=answer({"type": "array", "items": OPEN})), [SCHEMA, f"{SCHEMA}.items"]),
    (
        chat(response_format=answer({**OBJECT, "properties": {"a": {"anyOf": [{"type": "null"}, OPEN]}}})),
        [f"{SCHEMA}.properties.a.anyOf[1]"],
    ),
    (
        chat(response_format=answer({"$ref": "#/$defs/a", "$defs": {"a": {**OBJECT, "type": ["object", "null"]}, "b c": OPEN}})),
        [f"{SCHEMA}.$defs.…"],
    ),
    (chat(response_format=answer({**OBJECT, "allOf": []})), [SCHEMA]),
    (
        chat(response_format=answer({**OBJECT, "properties": {"a": {"type": "array", "items": {"oneOf": [OBJECT]}}}})),
        [f"{SCHEMA}.properties.a.items"],
    ),
    (chat(response_format=answer({**OBJECT, "properties": {"a": True}})), []),
    (chat(response_format=answer(OPEN, strict=False)), []),
    (chat(tools=tool(strict=True, parameters=OPEN)), ["strict-schema tools[0].function.parameters"]),
    (chat(tools=tool(strict=True, parameters=OBJECT)), []),
    (chat(tools=tool(parameters=OPEN)), []),
    ({"input": [USER, OUTPUT]}, ["tool-calls input[1]"]),
    ({"input": [USER, ITEM]}, ["tool-calls input[1]"]),
    ({"input": [USER, ITEM, OUTPUT]}, []),
    ({"input": [OUTPUT], "previous_response_id": "resp_1"}, []),
    (
        {"input": [{"role": "assistant", "content": [{"type": "input_image", "image_url": "https://example.org/y.png"}]}]},
        ["image-role input[0].content[0]"],
    ),
    ({"input": [{"role": "developer", "content": [{"type": "input_image", "image_url": "https://example.org/y.png"}]}]}, []),
    ({"input": [USER, ITEM, {**OUTPUT, "output": [{"type": "input_image", "image_url": "https://example.org/y.png"}]}]}, []),
    ({"input": "hi", "text": {"format": {"type": "json_object"}}}, ["json-word text.format"]),
    ({"input": "hi", "instructions": "Answer in JSON.", "text": {"format": {"type": "json_object"}}}, ["json-word text.format"]),
    ({"input": "as JSON", "text": {"format": {"type": "json_object"}}}, []),
    ({"input": "hi", "previous_response_id": "resp_1", "text": {"format": {"type": "json_object"}}}, []),
    (
        {"input": "hi", "text": {"format": {"type": "json_schema", "name": "x", "strict": True, "schema": OPEN}}},
        ["strict-schema text.format.schema"],
    ),
    (
        {"input": "hi", "tools": [{"type": "function", "name": "a", "strict": True, "parameters": OPEN}]},
        ["strict-schema tools[0].parameters"],
    ),
    ({"input": "hi", "text": {"verbosity": "low"}, "temperature": 3}, ["value-range temperature"]),
    ({"input": "hi", "prompt": {"id": "pmpt_1"}}, ["feature-ends prompt"]),
    ({"input": "hi", "prompt": {"version": "1"}}, []),
    ({"input": "hi", "service_tier": "premium"}, ["service-tier service_tier"]),
    ({"input": "hi", "metadata": {"run": 7}}, ["metadata metadata"]),
    (
        {
            "input": "hi",
            "metadata": {"run": "7"},
            "service_tier": "ultrafast",
            "tools": [],
            "tool_choice": "auto",
            "parallel_tool_calls": True,
            "top_logprobs": 5,
        },
        [],
    ),
]


@pytest.mark.parametrize(("body", "expected"), BROKEN, ids=map(str, range(len(BROKEN))))
def test_the_rules_that_a_body_breaks(body: dict[str, Any], expected: list[str]) -> None:
    assert broken(body) == expected


SENTENCES = [
    (chat(stop=list("abcde")), "stop: expected at most 4 entries, found 5"),
    (chat(tools=[]), "tools: expected 1 to 128 entries, found an empty list"),
    (chat(tool_choice="auto"), "tool_choice: expected tools with it, found none"),
    (chat(top_logprobs=2), "top_logprobs: expected logprobs: true with it, found it without"),
    (chat(n=129), "n: expected a number from 1 to 128, found the number 129"),
    (chat(logit_bias={"1": 101}), "logit_bias: expected a number from -100 to 100, found the number 101"),
    (
        chat(service_tier="premium"),
        'service_tier: expected one of auto, default, flex, scale, priority, fast, found "premium"',
    ),
    (chat(store=True, metadata=dict.fromkeys(map(str, range(17)), "")), "metadata: expected at most 16 pairs, found 17"),
    (chat(store=True, metadata={"k" * 65: ""}), "metadata: expected keys of at most 64 characters, found one of 65"),
    (chat(store=True, metadata={"a": "x" * 513}), "metadata: expected values of at most 512 characters, found one of 513"),
    (chat(store=True, metadata={"a": 7}), "metadata: expected only text as values, found the number 7"),
    (chat(store=True, metadata="a"), "metadata: expected an object, found text"),
    (chat(metadata={"a": "b"}), "metadata: expected store: true with it, found it without"),
    (chat({**USER, "name": "Ann Lee"}), "messages[0].name: expected letters, digits, underscores and dashes, found text"),
    (
        {"input": [{"role": "user", "content": [PICTURE]}]},
        'input[0].content[0].type: expected "input_image", found "image_url"',
    ),
    ({"input": "hi", "max_output_tokens": 5}, "max_output_tokens: expected 16 or more, found the number 5"),
    (
        {"input": "hi", "conversation": "c", "previous_response_id": "r"},
        "previous_response_id: expected either it or conversation, found both",
    ),
]


@pytest.mark.parametrize(("body", "sentence"), SENTENCES, ids=map(str, range(len(SENTENCES))))
def test_a_broken_setting_says_what_was_expected_and_found(body: dict[str, Any], sentence: str) -> None:
    (flaw,) = read_json_request({"model": "gpt-4.1", **body}).flaws
    assert (flaw.message, flaw.level) == (sentence, Level.ERROR)


def test_what_is_certain_is_an_error_and_the_rest_a_warning() -> None:
    body = chat({"role": "system", "content": [PICTURE]}, {"role": "user", "content": ""}, temperature=9)
    found = read_json_request({"model": "gpt-4.1", **body}).flaws
    assert [each.level for each in found] == [Level.WARNING, Level.WARNING, Level.ERROR]


def test_properties_that_are_missing_in_required_are_named() -> None:
    schema = {**OBJECT, "required": [], "properties": {key: {"type": "string"} for key in ("a", "b", "c", "d", "e e")}}
    (flaw,) = read_json_request({"model": "gpt-4.1", **chat(response_format=answer(schema))}).flaws
    assert flaw.message == (
        'response_format.json_schema.schema: expected all properties in required, as strict asks for, found it without "a", "b", '
        '"c" and 2 more'
    )


LONG = "a" * 128
NAMED: list[tuple[dict[str, Any], list[Level]]] = [
    (chat(functions=[{"name": LONG[:64]}]), []),
    (chat(functions=[{"name": LONG[:65]}]), [Level.WARNING]),
    (chat(tools=tool(name=LONG)), [Level.WARNING]),
    (chat(tools=tool(name=LONG + "a")), [Level.ERROR]),
    (chat(response_format=answer(OBJECT, name=LONG)), [Level.WARNING]),
    ({"input": "hi", "tools": [{"type": "function", "name": LONG}]}, []),
    ({"input": "hi", "tools": [{"type": "function", "name": LONG + "a"}]}, [Level.ERROR]),
    ({"input": [USER, {**ITEM, "name": LONG}, OUTPUT]}, []),
    ({"input": "hi", "text": {"format": {"type": "json_schema", "name": LONG, "schema": OBJECT}}}, [Level.WARNING]),
]


@pytest.mark.parametrize(("body", "levels"), NAMED, ids=map(str, range(len(NAMED))))
def test_a_long_name_is_an_error_only_if_it_is_surely_refused(body: dict[str, Any], levels: list[Level]) -> None:
    found = read_json_request({"model": "gpt-4.1", **body}).flaws
    assert [(each.rule.id, each.level) for each in found] == [("function-name", level) for level in levels]


def test_a_name_says_how_long_it_may_be_and_is() -> None:
    (flaw,) = read_json_request({"model": "gpt-4.1", **chat(tools=tool(name=LONG))}).flaws
    assert flaw.message == ("tools[0].function.name: expected at most 64 characters, as documented, found 128: it may be refused")
