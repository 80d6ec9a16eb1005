"""Requests that are none, or that are made to hurt: each is named with its place and what is wrong, and no prompt is repeated."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.builders import gif, jpeg, png, webp
from tests.conftest import Done, Run

SECRET = "swordfish"
DEPLOYMENT = "--model NAME=MODEL, or models: in gpt41.yaml, says what a deployment or label is"
USER = {"role": "user", "content": SECRET}
ROLES = "system, developer, user, assistant, tool, function"
PARTS = "text, input_text, output_text, summary_text, image_url, input_image, refusal, input_audio, file, input_file"
NO_PICTURE = "expected a picture (PNG, JPEG, WebP or GIF), found data that isn't one or is cut off within its header"
LEAVES_OUT = "; --skip-invalid leaves them out"


def chat(*messages: Any, **settings: Any) -> dict[str, Any]:
    return {"model": "gpt-4.1", "messages": list(messages or (USER,)), **settings}


def assistant(**call: Any) -> dict[str, Any]:
    return chat(USER, {"role": "assistant", "content": SECRET, "tool_calls": [{"id": "a", "type": "function", **call}]})


def tool(parameters: Any, **function: Any) -> dict[str, Any]:
    return chat(tools=[{"type": "function", "function": {"name": "f", **function, "parameters": parameters}}])


def picture(url: str, **detail: Any) -> dict[str, Any]:
    image = {"type": "image_url", "image_url": {"url": url, **detail}}
    return chat({"role": "user", "content": [{"type": "text", "text": SECRET}, image]})


def data_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


def line(body: Any) -> str:
    return json.dumps(body) + "\n"


def nested(levels: int) -> str:
    """A tool whose schema is so deep that Python could not even write it."""
    return line(tool(SECRET)).replace(f'"{SECRET}"}}}}]', '{"properties": {"a": ' * levels + "{}" + "}}" * levels + "}}]")


GOOD = line(chat())
PROMPT = GOOD.index(f'"{SECRET}') + 1

# Each level stands for ten of the next one: a thousand million types.
LAUGHS = {f"L{level}": {"properties": {f"p{at}": {"$ref": f"#/$defs/L{level + 1}"} for at in range(10)}} for level in range(9)}

BODIES = {
    # what is no request at all
    "a list": ("[1, 2]", "the request: expected an object, found a list"),
    "text": (f'"{SECRET}"', "the request: expected an object, found text"),
    "a number": ("7", "the request: expected an object, found the number 7"),
    "null": ("null", "the request: expected an object, found nothing"),
    "another object": (
        {"prompt": SECRET},
        "expected messages, or a model and an input, or a custom_id and a body, found bare prompts in JSON",
    ),
    # messages and their parts
    "no messages": (chat() | {"messages": []}, "messages: expected at least one message, found none"),
    "messages that are text": (chat() | {"messages": SECRET}, "messages: expected a list, found text"),
    "a message that is text": (chat(USER, SECRET), "messages[1]: expected an object, found text"),
    "no role": (chat({"content": SECRET}), f"messages[0].role: expected one of {ROLES}, found nothing"),
    "a prompt in the place of a role": (
        chat({"role": f"The word is {SECRET}.", "content": "system"}),
        f"messages[0].role: expected one of {ROLES}, found text",
    ),
    "an unknown role": (chat({"role": "robot", "content": SECRET}), f'messages[0].role: expected one of {ROLES}, found "robot"'),
    "a role that is a list": (
        chat({"role": ["user"], "content": SECRET}),
        f"messages[0].role: expected one of {ROLES}, found a list",
    ),
    "content that is a number": (
        chat(USER, {**USER, "content": 7}),
        "messages[1].content: expected text or a list of parts, found the number 7",
    ),
    "content that is an object": (
        chat({**USER, "content": {"text": SECRET}}),
        "messages[0].content: expected text or a list of parts, found an object",
    ),
    "a part without type": (
        chat({**USER, "content": [{"text": SECRET}]}),
        f"messages[0].content[0].type: expected one of {PARTS}, found nothing",
    ),
    "a part of an unknown type": (
        chat({**USER, "content": [{"type": "text", "text": "."}, {"type": "video", "video": SECRET}]}),
        f'messages[0].content[1].type: expected one of {PARTS}, found "video"',
    ),
    "an input that is an object": (
        {"model": "gpt-4.1", "input": {"text": SECRET}},
        "input: expected text or a list of items, found an object",
    ),
    "an item of an unknown role": (
        {"model": "gpt-4.1", "input": [{"role": "tool", "content": SECRET}]},
        'input[0].role: expected one of system, developer, user, assistant, found "tool"',
    ),
    # tools, calls and schemas
    "a tool without name": (
        chat(tools=[{"type": "function", "function": {"description": SECRET}}]),
        "tools[0].function.name: expected a name, found nothing",
    ),
    "a tool of the other endpoint": (
        chat(tools=[{"type": "function", "name": "f"}]),
        "tools[0].function: expected an object, found nothing",
    ),
    "a call without function": (assistant(), "messages[1].tool_calls[0].function: expected an object, found nothing"),
    "arguments that are no text": (
        assistant(function={"name": "f", "arguments": {"city": SECRET}}),
        "messages[1].tool_calls[0].function.arguments: expected text, found an object",
    ),
    "parameters that are a list": (tool([SECRET]), "tools[0].function.parameters: expected an object, found a list"),
    "a property that is a number": (
        tool({"properties": {"a": 5}}),
        'tools[0].function.parameters: properties."a": expected an object, found the number 5',
    ),
    "no content": (
        chat({"role": "user", "contents": SECRET}),
        "messages[0].content: expected text or a list of parts, found nothing",
    ),
    "a part without text": (
        chat({"role": "user", "content": [{"type": "text"}]}),
        "messages[0].content[0].text: expected text, found nothing",
    ),
    "an unknown format": (
        chat(response_format={"type": "yaml"}),
        'response_format.type: expected one of text, json_object, json_schema, found "yaml"',
    ),
    "properties that are a list": (
        tool({"properties": [SECRET]}),
        "tools[0].function.parameters: properties: expected an object, found a list",
    ),
    "a schema of hundreds of levels": (nested(300), "expected a body that is nested less deeply, found hundreds of levels"),
    "a schema of a hundred thousand levels": (
        nested(100_000),
        "expected JSON that is nested less deeply, found hundreds of levels",
    ),
    "comments that multiply": (
        tool(
            {
                "properties": {f"p{at}": {"$ref": "#/$defs/Long"} for at in range(5_000)},
                "$defs": {"Long": {"type": "object", "description": SECRET * 1_000, "properties": {"a": {"type": "string"}}}},
            }
        ),
        "tools[0].function.parameters: expected a schema of at most 100,000 types, found references that make more of it",
    ),
    "references that multiply": (
        tool({"properties": {"a": {"$ref": "#/$defs/L0"}}, "$defs": LAUGHS}),
        "tools[0].function.parameters: expected a schema of at most 100,000 types, found references that make more of it",
    ),
    "a structured output without name": (
        chat(response_format={"type": "json_schema", "json_schema": {"schema": {"description": SECRET}}}),
        "response_format.json_schema.name: expected a name, found nothing",
    ),
    # settings
    "an empty name": (
        tool({}, name=""),
        "tools[0].function.name: expected a name, found empty text",
    ),
    "a choice that is a number": (chat(tool_choice=5), "tool_choice: expected a mode or an object, found the number 5"),
    "no answer": (chat(n=0), "n: expected a whole number from 1 to 1,000,000,000, found the number 0"),
    "many tokens": (chat(max_tokens="many"), "max_tokens: expected a whole number from 1 to 1,000,000,000, found text"),
    "a model that is a number": (chat() | {"model": 4.1}, "model: expected text, found the number 4.1"),
    # pictures
    **{
        f"a {name} that is cut off": (picture(data_url(data[:-cut])), f"messages[0].content[1].image_url.url: {NO_PICTURE}")
        for name, data, cut in (
            ("PNG", png(640, 480)[:24], 1),
            ("JPEG", jpeg(640, 480)[:11], 1),
            ("GIF", gif(640, 480)[:10], 1),
            *((f"WebP ({kind[12:16].decode().strip()})", kind, 10) for kind in webp(640, 480)),
        )
    },
    "a picture without width": (picture(data_url(png(0, 480))), f"messages[0].content[1].image_url.url: {NO_PICTURE}"),
    "no picture": (picture(data_url(SECRET.encode())), f"messages[0].content[1].image_url.url: {NO_PICTURE}"),
    "no base64": (
        picture(f"data:image/png;base64,{SECRET}é"),
        "messages[0].content[1].image_url.url: expected base64, found characters that aren't base64",
    ),
    "a data URL of text": (
        picture(f"data:text/plain,{SECRET}"),
        "messages[0].content[1].image_url.url: expected a data URL in base64, found another",
    ),
    "an unknown detail": (
        picture("https://example.org/a.png", detail="huge"),
        'messages[0].content[1].image_url.detail: expected one of auto, low, high, original, found "huge"',
    ),
    # lines for the Batch API
    "an endpoint that is not counted": (
        {"custom_id": "a", "url": "/v1/embeddings", "body": {"input": SECRET}},
        'url: expected one of /v1/chat/completions, /v1/responses, found "/v1/embeddings"',
    ),
    "no custom_id": ({"url": "/v1/responses", "body": chat()}, "custom_id: expected a name, found nothing"),
    "no body": ({"custom_id": "a", "url": "/v1/responses"}, "body: expected an object, found nothing"),
    "a body without role": (
        {"custom_id": "a", "url": "/v1/chat/completions", "body": chat({"content": SECRET})},
        f"body.messages[0].role: expected one of {ROLES}, found nothing",
    ),
    # what is no JSON
    "a key twice": ('{"model": "gpt-4.1", "messages": [], "model": "x"}', 'expected each key once, found "model" a second time'),
    "a prompt as a key twice": (
        f'{{"model": "gpt-4.1", "messages": [], "The word is {SECRET}.": 1, "The word is {SECRET}.": 2}}',
        "expected each key once, found text a second time",
    ),
    "NaN": ('{"model": "gpt-4.1", "messages": [], "n": NaN}', "expected JSON, found NaN, which JSON does not have"),
    "a number of 5,000 digits": (
        '{"model": "gpt-4.1", "messages": [], "seed": ' + "9" * 5_000 + "}",
        "expected JSON of numbers that have a meaning, found one of thousands of digits",
    ),
    "a line that is cut off": (GOOD[:-8], f"expected JSON, but at column {PROMPT}: Unterminated string starting at"),
    "a prompt with a tab": (
        GOOD.replace(SECRET, f"\t{SECRET}"),
        f"expected JSON, but at column {PROMPT + 1}: Invalid control character at",
    ),
}


def refused(done: Done, *complaints: str) -> None:
    """Exactly these complaints, nothing on standard output, and nothing of a prompt."""
    assert SECRET not in done.err
    assert done.err == "".join(f"gpt41: {complaint}\n" for complaint in complaints)
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize(("body", "message"), BODIES.values(), ids=list(BODIES))
def test_what_is_not_a_request_is_named_with_its_line_and_reason(run: Run, tmp_path: Path, body: Any, message: str) -> None:
    bad = body if isinstance(body, str) else json.dumps(body)
    (tmp_path / "requests.jsonl").write_text(f"{GOOD}{bad.rstrip()}\n{GOOD}")
    refused(run("count", "requests.jsonl"), f"requests.jsonl:2: {message}", f"1 of 3 requests cannot be read{LEAVES_OUT}")


def test_where_there_is_nothing_else_nothing_can_be_left_out(run: Run) -> None:
    bad = line(chat({"content": SECRET}))
    for command in (("count",), ("count", "--each"), ("cost",), ("cost", "--each"), ("recommend",), ("cost", "--skip-invalid")):
        refused(
            run(*command, stdin=bad),
            f"standard input:1: messages[0].role: expected one of {ROLES}, found nothing",
            "1 of 1 request cannot be read",
        )


def test_in_a_list_the_place_is_the_position(run: Run, tmp_path: Path) -> None:
    (tmp_path / "list.json").write_text(json.dumps([chat(), chat(n=0), chat()], indent=2))
    refused(
        run("count", "list.json"),
        "list.json[1]: n: expected a whole number from 1 to 1,000,000,000, found the number 0",
        f"1 of 3 requests cannot be read{LEAVES_OUT}",
    )


def test_a_document_that_is_not_json_is_named_with_the_place_in_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "body.json").write_text(json.dumps(chat(), indent=2)[:-2] + "\n]\n")
    where = "body.json: expected JSON, but at line 9, column 1: Expecting ',' delimiter"
    refused(run("count", "body.json"), f"{where} (--as text counts it as text)")
    assert run("count", "body.json", "--as", "text", "-q").code == 0


COMMANDS = [
    (
        ("count", "a.json", "--as", "soup"),
        '--as: expected one of text, image, batch, chat, responses, fine-tuning, tools, text-lines, found "soup"',
    ),
    (("count", "a.json", "--as", "responses"), "1 of 1 request cannot be read"),
    *(
        (
            ("count", "a.json", "--image-size", size),
            f'--image-size: expected a size in pixels such as 1024x768, found "{size}"',
        )
        for size in ("0x100", "large")
    ),
    (
        ("cost", "a.json", "a.txt"),
        "expected requests, or texts and pictures, which together are one request, found both; --as text makes all of it text",
    ),
    (
        ("cost", "a.json", "--input-tokens", "5"),
        "--input-tokens: expected texts with it, or nothing, found requests, which have input of their own",
    ),
    (("cost", "new.json"), "1 of 1 request cannot be read"),
    (("cost", "a.json", "--model", "gpt-4.11"), f'unknown model "gpt-4.11"; {DEPLOYMENT}'),
    (("count", "a.png"), "a.png: expected --model with a picture, whose tokens depend on the model, found none"),
    *(
        (command, "cut.png: expected a picture (PNG, JPEG, WebP or GIF), found none, or one that is cut off in its header")
        for command in (("count", "cut.png", "--model", "gpt-4.1"), ("cost", "cut.png"))
    ),
    (
        ("count", "a.txt", "--as", "image"),
        "a.txt: expected a picture (PNG, JPEG, WebP or GIF), found none, or one that is cut off in its header",
    ),
]


@pytest.mark.parametrize(("command", "message"), COMMANDS, ids=[" ".join(command) for command, _ in COMMANDS])
def test_what_cannot_be_asked_of_requests_and_pictures(run: Run, tmp_path: Path, command: tuple[str, ...], message: str) -> None:
    (tmp_path / "a.json").write_text(GOOD)
    (tmp_path / "a.txt").write_text(SECRET)
    (tmp_path / "new.json").write_text(GOOD.replace("gpt-4.1", "gpt-4.11"))
    (tmp_path / "a.png").write_bytes(png(640, 480))
    (tmp_path / "cut.png").write_bytes(png(640, 480)[:20])
    also = {
        ("count", "a.json", "--as", "responses"): ["a.json:1: input: expected text or a list of items, found nothing"],
        ("cost", "new.json"): [f'new.json:1: unknown model "gpt-4.11"; {DEPLOYMENT}'],
    }.get(command, [])
    refused(run(*command), *also, message)


def test_of_many_the_first_ten_are_named_and_all_are_counted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "many.jsonl").write_text(GOOD + line(chat(n=0)) * 1_234 + GOOD)
    named = [f"many.jsonl:{at}: n: expected a whole number from 1 to 1,000,000,000, found the number 0" for at in range(2, 12)]
    for command in ("count", "cost", "recommend"):
        refused(run(command, "many.jsonl"), *named, f"1,234 of 1,236 requests cannot be read{LEAVES_OUT}")
    findings = json.loads(run("count", "many.jsonl", "--skip-invalid", "--format", "json").out)["findings"]
    assert [each["message"] for each in findings] == [*(f"left out {each}" for each in named), "left out 1,224 more like these"]


AS_OF = ("--as-of", "2026-11-23")
ON_A_DAY = [("count",), ("cost", *AS_OF), ("recommend", *AS_OF)]


@pytest.mark.parametrize("command", ON_A_DAY, ids=[name for name, *_ in ON_A_DAY])
def test_what_is_left_out_is_a_warning(run: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "two.jsonl").write_text(GOOD + "\n" + line(chat({"content": SECRET})) + GOOD)
    (tmp_path / "list.json").write_text(json.dumps([chat(n=0), chat()]))
    done = run(*command, "two.jsonl", "list.json", "--skip-invalid", "--format", "json")
    assert (done.code, done.err) == (0, "")
    assert SECRET not in done.out
    found = [each for each in json.loads(done.out)["findings"] if each["rule"] == "invalid-request"]
    assert [(each["level"], each["message"], each["location"]) for each in found] == [
        (
            "warning",
            f"left out two.jsonl:3: messages[0].role: expected one of {ROLES}, found nothing",
            {"path": "two.jsonl", "line": 3, "column": None},
        ),
        (
            "warning",
            "left out list.json[0]: n: expected a whole number from 1 to 1,000,000,000, found the number 0",
            {"path": "list.json", "line": None, "column": None},
        ),
    ]


@pytest.mark.parametrize("given", ["in", "in/a.jsonl in/b.json"])
@pytest.mark.parametrize("command", [*ON_A_DAY[1:], ("plan", "--output-tokens", "5", *AS_OF), ("cache", *AS_OF)], ids=" ".join)
def test_a_folder_with_what_is_not_a_request_is_refused_as_its_files_are(
    run: Run, tmp_path: Path, command: tuple[str, ...], given: str
) -> None:
    """A request that cannot be read is not a saving."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text(GOOD + line(chat(n=0)))
    (tmp_path / "in" / "b.json").write_text(line(chat({"content": SECRET})))
    refusal = (
        "gpt41: in/a.jsonl:2: n: expected a whole number from 1 to 1,000,000,000, found the number 0\n"
        f"gpt41: in/b.json:1: messages[0].role: expected one of {ROLES}, found nothing\n"
        f"gpt41: 2 of 3 requests cannot be read{LEAVES_OUT}\n"
    )
    for quiet in ((), ("-q",)):
        assert run(*command, *given.split(), *quiet) == (2, "", refusal)
    assert run(*command, *given.split(), "--skip-invalid").code == 0


def test_a_count_of_a_folder_says_what_it_leaves_out_and_fails(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text(GOOD + line(chat(n=0)))
    message = "left out in/a.jsonl:2: n: expected a whole number from 1 to 1,000,000,000, found the number 0"
    for option, code, level in (([], 1, "error"), (["--skip-invalid"], 0, "warning")):
        done = run("count", "in", *option)
        assert (done.code, done.out.startswith("at least ")) == (code, True)
        found = json.loads(run("count", "in", *option, "--format", "json").out)["findings"]
        assert [(each["level"], each["message"]) for each in found] == [(level, message)]
        assert run("count", "in", *option, "-q").err == f"gpt41: {message}\n"


def test_a_byte_that_is_not_text_spoils_its_own_line_only(run: Run, tmp_path: Path) -> None:
    """Of a file that is read in many parts, by several workers, and by its name or through a pipe."""
    lines = [line(chat({"role": "user", "content": f"{SECRET} {at} {'word ' * 330}"})).encode() for at in range(1, 3_001)]
    lines[1_999] = lines[1_999].replace(b"fish", b"\xfffish")
    (tmp_path / "long.jsonl").write_bytes(b"".join(lines))
    message = f"expected UTF-8, found the byte 0xff at byte {PROMPT + 6}"
    for name, named in (("long.jsonl", "long.jsonl"), ("-", "standard input")):
        given = b"" if name != "-" else b"".join(lines)
        done = run("count", name, "--each", "--format", "jsonl", stdin=given)
        assert (done.code, done.err) == (
            2,
            f"gpt41: {named}:2000: {message}\ngpt41: 1 of 3,000 requests cannot be read{LEAVES_OUT}\n",
        )
        records = [json.loads(each) for each in done.out.splitlines()]
        assert [each["line"] for each in records] == list(range(1, 3_001))
        assert records.pop(1_999) == {"index": 1_999, "path": name, "line": 2_000, "error": message}
        assert all(each["input_tokens"] > 8 for each in records)
        skipping = run("count", name, "--each", "--format", "jsonl", "--skip-invalid", stdin=given)
        assert (skipping.code, skipping.out, skipping.err) == (0, done.out, "")


RING = {"properties": {"a": {"$ref": "#/$defs/A"}}, "$defs": {"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}}
TREE = {"type": "object", "properties": {"below": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}}}


@pytest.mark.parametrize(
    ("parameters", "rule", "place"),
    [
        (RING, "reference", "properties.a"),
        ({"properties": {"a": {"$ref": "#/$defs/Tree"}}, "$defs": {"Tree": TREE}}, "recursive-schema", "properties.a"),
        ({"properties": {"below": {"$ref": "#"}}}, "recursive-schema", "properties.below"),
    ],
    ids=["a ring", "a tree", "itself"],
)
def test_a_schema_without_end_is_counted_and_doubted(run: Run, parameters: Any, rule: str, place: str) -> None:
    done = run("count", "--each", "--format", "jsonl", stdin=line(tool({"type": "object", **parameters})))
    assert (done.code, done.err) == (0, "")
    record = json.loads(done.out)
    assert not record["exact"]
    assert (rule, f"tools[0].function.parameters.{place}") in [(each["rule"], each["path"]) for each in record["assumptions"]]
    assert record["parts"]["tools"] > 20


@pytest.mark.parametrize(
    ("data", "tokens"),
    [
        (png(1024, 1024) + bytes(15_000_000), 765),
        (png(2**31 - 1, 2**31 - 1), 765),
        (png(2**31 - 1, 1), 765),
        (webp(1 << 14, 1)[1], 765),
    ],
    ids=["20 MB", "claims to be huge", "claims to be long", "the widest WebP"],
)
def test_a_picture_costs_its_tokens_whatever_it_claims(run: Run, data: bytes, tokens: int) -> None:
    done = run("count", "--each", "--format", "jsonl", stdin=line(picture(data_url(data))))
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["parts"]["images"] == tokens


def test_where_nothing_is_a_request_leaving_out_leaves_nothing(run: Run) -> None:
    for command in (("count",), ("count", "--each"), ("count", "--each", "-q"), ("cost",), ("cost", "--each"), ("recommend",)):
        done = run(*command, "--skip-invalid", stdin=line(chat(n=0)))
        assert (done.code, done.out) == (2, "")
        assert done.err.endswith("gpt41: 1 of 1 request cannot be read\n")


@pytest.mark.parametrize("model", ["gpt-4.1:x", "ft:gpt-6-luna:a:b", "gpt-9", "ft:"])
def test_a_model_that_nobody_knows_is_a_doubt_also_far_into_a_file(run: Run, tmp_path: Path, model: str) -> None:
    many = line(chat({"role": "user", "content": "word " * 50_000})) * 20
    (tmp_path / "f.jsonl").write_text(many + line({**chat(), "model": model}))
    done = run("count", "f.jsonl", "--format", "json")
    assert (done.code, done.err) == (0, "")
    requests = json.loads(done.out)["requests"]
    assert (requests["requests"], requests["exact"]) == (21, 20)
    priced = run("cost", "f.jsonl", "-q")
    assert (priced.code, priced.out) == (2, "")
    assert priced.err.startswith("gpt41: f.jsonl:21: unknown model ")


def test_text_that_only_begins_like_deep_json_is_text(run: Run) -> None:
    arguments = "[" * 100_000
    called = chat(USER, {"role": "assistant", "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": arguments}}]})
    done = run("count", "--each", "--format", "jsonl", stdin=line(called))
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["exact"]


def test_what_is_doubted_is_reported_in_the_same_order_every_time(run: Run) -> None:
    shapes = {"a": {"type": "string", "pattern": "x", "minimum": 3}, "b": {"type": ["string", "integer", "null"]}, "c": {}}
    sent = line(tool({"type": "object", "properties": {**shapes, "d": {"type": "array"}}})) * 2
    for command in (("count",), ("count", "--format", "json"), ("cost", "--output-tokens", "5", "--as-of", "2026-11-23")):
        outputs = {run(*command, stdin=sent, PYTHONHASHSEED=seed).out for seed in ("1", "2", "3")}
        assert len(outputs) == 1


DATA: dict[str, Any] = {"data_sources": [{}]}
FIELD: dict[str, Any] = {"provider": {}}
FILE_PART = [{"type": "file", "file": {"file_id": "x"}}]
LINK = [{"type": "image_url", "image_url": {"url": "https://example.com/1.jpg"}}]
BOUNDS = {
    "about ": "something in it may count more or less",
    "at most ": "answers or pictures may be smaller than is counted",
}


@pytest.mark.parametrize(
    ("body", "bound"),
    [
        (chat(max_tokens=10, **DATA), "at least "),
        (chat(max_tokens=10, **DATA, **FIELD), "at least "),
        (chat({"role": "user", "content": FILE_PART}, max_tokens=10), "at least "),
        (chat(max_tokens=10, **FIELD), "about "),
        (chat({"role": "user", "content": LINK}, max_tokens=10), "at most "),
        (chat({"role": "user", "content": [*LINK, *FILE_PART]}, max_tokens=10), "about "),
    ],
    ids=["data", "data and field", "file", "field", "picture", "picture and file"],
)
def test_the_first_line_says_which_bound_it_is(run: Run, tmp_path: Path, body: dict[str, Any], bound: str) -> None:
    """And standard error does, for whoever takes the bare answer."""
    (tmp_path / "a.jsonl").write_text(
        line({"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {**body, "model": "gpt-4.1"}})
    )
    recommend, plan = ("recommend", "--task", "general"), ("plan", "--deadline", "24h")
    for command in (("cost",), ("batch",), recommend, plan, ("cost", "--each"), ("count",)):
        day = () if command == ("count",) else AS_OF
        done = run(*command, "a.jsonl", *day)
        if command[-1] == "--each" and body["messages"][0]["content"] == [*LINK, *FILE_PART]:
            continue  # each request has its own record, which says what it is
        assert f"{bound}{'' if command == ('count',) else '$'}" in done.out.split("\n")[0], command
        if command[-1] not in ("--each", "count"):
            told = "gpt41: 1 request has tokens that cannot be counted: its price is a lower bound\n"
            is_price = command[0] in ("cost", "batch")
            bounds = f"gpt41: {bound}this: {BOUNDS[bound]}\n" if is_price and bound != "at least " else ""
            bounds = "gpt41: no --task is given: it is chosen for general work\n" if command == ("recommend",) else bounds
            assert run(*command, "a.jsonl", *day, "-q").err == (told if "file" in str(body) or "data" in str(body) else bounds)


def test_a_request_for_embeddings_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(line({"model": "text-embedding-3-small", "input": "Where?"}))
    done = run("count", "a.json")
    found = "found one for embeddings, which bill the text alone: --as text counts it"
    assert (done.code, done.err.split("\n")[0]) == (2, f"gpt41: a.json:1: model: expected a model that answers, {found}")


def test_the_count_of_a_model_that_is_not_listed_is_near_the_bill(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(line(chat(model="gpt-5-nano")))
    assert run("count", "a.json").out.startswith("about ")
