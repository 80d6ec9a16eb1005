"""What holds of every request, whatever it says: more of it never counts less, and how it is written down changes nothing."""

from __future__ import annotations

import base64
import copy
import io
import itertools
import json
import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial, reduce
from itertools import pairwise
from operator import iadd
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gpt41_cli import rules
from gpt41_cli.catalog import Catalog
from gpt41_cli.commands.count.count import CountInputs, CountResult, count_each_input, count_inputs
from gpt41_cli.files import documents
from gpt41_cli.files.fields import BadBody
from gpt41_cli.files.places import RejectedRequest
from gpt41_cli.files.sources import InputSource, open_file
from gpt41_cli.findings import Finding, Place
from gpt41_cli.reports.entries import make_record
from gpt41_cli.requests import readers
from gpt41_cli.requests.request import Doubt, Image
from gpt41_cli.tokens import DEFAULT_ENCODING
from gpt41_cli.tokens.images import count_image_tokens
from gpt41_cli.tokens.meter import Meter
from gpt41_cli.tokens.pieces import PARTS, Entry
from gpt41_cli.totals import Occurrences
from gpt41_cli.work.measuring import MeasuredRequest, measure_request
from gpt41_cli.work.refused_settings import RefusableField
from gpt41_cli.work.sizing import RequestTotals
from gpt41_cli.work.tally import Tally
from gpt41_cli.work.workload import ModelAndMode, RequestShape
from tests.builders import png

Body = dict[str, Any]

MODELS = ("gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano-2025-04-14", "gpt-4o-mini", "ft:gpt-4.1:org::id", "a-model-of-tomorrow")
SIZES = ((1, 1), (640, 480), (1024, 1024), (1920, 1080), (2048, 4096), (5000, 30))
SETTINGS: Body = {
    "temperature": 0.2,
    "seed": 7,
    "metadata": {"project": "words that nobody is billed for"},
    "user": "somebody",
    "store": False,
    "stop": ["\n\n"],
    "stream": True,
}


def data_url(width: int, height: int) -> str:
    return "data:image/png;base64," + base64.b64encode(png(width, height)).decode()


# No name is a keyword of JSON Schema, and none is long: that of a schema is charged once more where no tool is sent.
names = st.text(alphabet="abcxyzABC019_-", min_size=1, max_size=12)
fragments = st.sampled_from(
    ["", " ", "\n", "\n\n", "Hello, world", "// x", "字", "naïve", "😀", '{"a": 1}', "[1,", "<|endoftext|>", "a\0b"]
)
texts = st.lists(fragments | st.text(max_size=8), max_size=5).map("".join)


def with_some(required: Body, **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Body]:
    """Objects with these values and any of these others."""
    return st.fixed_dictionaries({key: st.just(value) for key, value in required.items()}, optional=optional)


words = {"title": texts, "description": texts}
scalars = st.one_of(
    with_some({"type": "string"}, **words, default=texts, format=st.sampled_from(["date", "uri"]), pattern=st.just("^a")),
    with_some({"type": "string"}, **words, enum=st.lists(texts, min_size=1, max_size=3)),
    with_some({"type": "integer"}, **words, default=st.integers(), minimum=st.integers(-5, 5)),
    with_some({"type": "number"}, **words, maximum=st.integers(0, 2**70) | st.floats(0, 1e6)),
    with_some({"type": ["string", "null"]}, **words, default=st.none()),
    with_some({"$ref": "#/$defs/Place"}, **words),
    with_some({"$ref": "#/$defs/Tree"}),
    with_some({"const": 1}),
)


def objects(values: st.SearchStrategy[Body], **more: st.SearchStrategy[Any]) -> st.SearchStrategy[Body]:
    """Object schemas with properties of these values, some of them required."""

    @st.composite
    def drawn(draw: st.DrawFn) -> Body:
        properties = draw(st.dictionaries(names, values, max_size=3))
        required = draw(st.lists(st.sampled_from(sorted(properties)), unique=True)) if properties else []
        rest = draw(with_some({}, **words, additionalProperties=st.booleans(), **more))
        return {"type": "object", "properties": properties, "required": required, **rest}

    return drawn()


def deeper(values: st.SearchStrategy[Body]) -> st.SearchStrategy[Body]:
    lists = st.builds(lambda rest, items: {**rest, "items": items}, with_some({"type": "array"}, **words), values)
    unions = st.builds(lambda rest, variants: {**rest, "anyOf": variants}, with_some({}, **words), st.lists(values, max_size=3))
    return objects(values) | lists | unions


PLACE = {"type": "object", "title": "Place", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TREE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "below": {"type": "array", "items": {"$ref": "#/$defs/Tree"}}},
}
schemas = objects(st.recursive(scalars, deeper, max_leaves=4), **{"$defs": st.just({"Place": PLACE, "Tree": TREE})})
functions = st.builds(
    lambda name, rest: {"name": name, **rest},
    names,
    with_some({}, description=texts, parameters=schemas, strict=st.booleans()),
)
formats = st.builds(
    lambda name, schema, rest: {"name": name, "schema": schema, **rest},
    names,
    schemas,
    with_some({}, description=texts, strict=st.booleans()),
)

results = texts | st.sampled_from(["", "21 °C", '{"a": [1, 2.50], "b": "é"}', "null", "[]", '"quoted"'])
arguments = st.sampled_from(["{}", '{"city": "Zürich", "days": 3}', '{"a":1}', "", "no JSON"])
calls = st.lists(st.tuples(names, arguments, results), min_size=1, max_size=3)
pictures = st.builds(
    lambda dimensions, rest: {"url": data_url(*dimensions), **rest},
    st.sampled_from(SIZES),
    with_some({}, detail=st.sampled_from(["auto", "low", "high"])),
)


def parts(text: str, image: Callable[[Body], Body]) -> st.SearchStrategy[list[Body]]:
    written = texts.map(lambda value: {"type": text, "text": value})
    return st.lists(written | pictures.map(image), max_size=3)


def chat_history(made: Sequence[tuple[str, str, str]], first: str) -> list[Body]:
    """A turn of calls as Chat Completions takes it."""
    asked = [
        {"id": f"{first}{index}", "type": "function", "function": {"name": name, "arguments": given}}
        for index, (name, given, _) in enumerate(made)
    ]
    answers = [{"role": "tool", "tool_call_id": f"{first}{index}", "content": made[index][2]} for index in range(len(made))]
    return [{"role": "assistant", "tool_calls": asked}, *answers]


def responses_history(made: Sequence[tuple[str, str, str]], first: str) -> list[Body]:
    """The same as Responses takes it."""
    asked = [
        {"type": "function_call", "call_id": f"{first}{index}", "name": name, "arguments": given}
        for index, (name, given, _) in enumerate(made)
    ]
    answers = [{"type": "function_call_output", "call_id": f"{first}{at}", "output": made[at][2]} for at in range(len(made))]
    return [*asked, *answers]


def said(text: str, answer: str, image: Callable[[Body], Body], *more: st.SearchStrategy[Body]) -> st.SearchStrategy[Body]:
    """One message of anybody but a tool."""
    return st.one_of(
        st.builds(lambda role, content: {"role": role, "content": content}, st.sampled_from(["system", "developer"]), texts),
        parts(text, image).map(lambda content: {"role": "user", "content": content}),
        texts.map(lambda content: {"role": "user", "content": content}),
        texts.map(lambda content: {"role": "assistant", "content": [{"type": answer, "text": content}]}),
        *more,
    )


named = st.builds(lambda name, content: {"role": "user", "name": name, "content": content}, names, texts)
chat_messages = said("text", "text", lambda image: {"type": "image_url", "image_url": image}, named)
responses_messages = said(
    "input_text",
    "output_text",
    lambda image: {"type": "input_image", "image_url": image["url"], "detail": image.get("detail", "auto")},
)


@st.composite
def turns(draw: st.DrawFn, message: st.SearchStrategy[Body], history: Callable[..., list[Body]]) -> list[Body]:
    found: list[Body] = []
    for index, each_ in enumerate(draw(st.lists(message | calls, min_size=1, max_size=4))):
        found += history(each_, f"call_{index}_") if isinstance(each_, list) else [each_]
    return found


@st.composite
def chat_bodies(draw: st.DrawFn) -> Body:
    body: Body = {"model": draw(st.sampled_from(MODELS)), "messages": draw(turns(chat_messages, chat_history))}
    declared = draw(st.lists(functions, max_size=3))
    if declared:
        forced = {"type": "function", "function": {"name": declared[0]["name"]}}
        body["tools"] = [{"type": "function", "function": function} for function in declared]
        body |= draw(with_some({}, tool_choice=st.sampled_from(["auto", "none", "required", forced])))
    return body | draw(with_some({}, response_format=formats.map(lambda given: {"type": "json_schema", "json_schema": given})))


@st.composite
def responses_bodies(draw: st.DrawFn) -> Body:
    given = draw(texts | turns(responses_messages, responses_history))
    body: Body = {"model": draw(st.sampled_from(MODELS)), "input": given}
    declared = draw(st.lists(functions, max_size=3))
    if declared:
        forced = {"type": "function", "name": declared[0]["name"]}
        body["tools"] = [{"type": "function", **function} for function in declared]
        body |= draw(with_some({}, tool_choice=st.sampled_from(["auto", "none", "required", forced])))
    return body | draw(
        with_some(
            {},
            instructions=texts,
            parallel_tool_calls=st.booleans(),
            text=formats.map(lambda each_: {"format": {"type": "json_schema", **each_}}),
        )
    )


bodies = chat_bodies() | responses_bodies()


@pytest.fixture(scope="module")
def meter(catalog: Catalog) -> Meter:
    return Meter(catalog)


def counted(meter: Meter, body: Body) -> Entry:
    return meter.count(readers.read_request(body))


def tokens(meter: Meter, body: Body) -> int:
    return counted(meter, body).input_tokens


def conversation(body: Body) -> list[Body]:
    """The messages of a body, the text of a Responses body as the message that it is."""
    given = body.get("messages", body.get("input"))
    return [{"role": "user", "content": given}] if isinstance(given, str) else list(given or ())


def with_conversation(body: Body, messages: list[Body]) -> Body:
    return {**body, "messages" if "messages" in body else "input": messages}


@settings(max_examples=60)
@given(body=bodies, text=texts, role=st.sampled_from(["system", "developer", "user", "assistant"]))
def test_another_message_never_counts_less(meter: Meter, body: Body, text: str, role: str) -> None:
    """Wherever it does not part a call from its result: at the beginning and at the end."""
    message = {"role": role, "content": text}
    before, messages = tokens(meter, body), conversation(body)
    assert tokens(meter, with_conversation(body, [*messages, message])) > before
    assert tokens(meter, with_conversation(body, [message, *messages])) > before


@settings(max_examples=60)
@given(body=bodies, function=functions)
def test_another_tool_never_counts_less(meter: Meter, body: Body, function: Body) -> None:
    tool = {"type": "function", "function": function} if "messages" in body else {"type": "function", **function}
    before = tokens(meter, body)
    assert tokens(meter, {**body, "tools": [*body.get("tools", ()), tool]}) > before
    assert tokens(meter, {**body, "tools": [tool, *body.get("tools", ())]}) > before


@settings(max_examples=30)
@given(body=bodies, made=calls)
def test_an_answered_call_never_counts_less_than_one_that_waits(meter: Meter, body: Body, made: Any) -> None:
    history = (chat_history if "messages" in body else responses_history)(made, "new_")
    answers = len(made)
    sizes = [
        tokens(meter, with_conversation(body, [*conversation(body), *history[: len(history) - left]]))
        for left in range(answers, -1, -1)
    ]
    assert tokens(meter, body) < sizes[0]
    assert sizes == sorted(sizes)


ESCAPED: Body = {
    "model": "gpt-4o-mini",
    "messages": chat_history([("f", "{}", "21 °C"), ("f", "{}", "warm")], "call"),
}
"""Calls in parallel to the model that sees their results escaped."""


@settings(max_examples=60)
@given(body=bodies)
@example(body=ESCAPED)
def test_parts_are_never_negative_and_are_what_is_priced(meter: Meter, body: Body) -> None:
    sent = readers.read_request(body)
    entry = meter.count(sent, keeps_pieces=True)
    variant, method = meter.find_variant(sent.request.model)
    assert min(entry.parts.values()) >= 0
    assert tuple(entry.parts) == PARTS
    pieces = dict.fromkeys(PARTS, 0)
    for piece, cost in entry.pieces:
        pieces[piece.part] += cost
    assert {**pieces, "images": entry.parts["images"]} == entry.parts
    if variant is None:
        return  # what nobody knows has no price
    shape = measure_request(meter, sent).shape
    images = sum(count_image_tokens(image, method.image_rule) for image in shape.images)
    assert (
        shape.text_tokens + images + (sum(shape.generation_tokens) if method.rules.name == "gpt-5" else 0) == entry.input_tokens
    )


def reordered(value: Any, shuffle: random.Random, key: str = "") -> Any:
    """A value with the keys of its objects in another order, except where that order is billed."""
    if isinstance(value, list):
        return [reordered(each_, shuffle) for each_ in value]
    if not isinstance(value, dict):
        return value
    keys = list(value)
    if key != "properties":
        shuffle.shuffle(keys)
    return {each_: value[each_] if each_ == "schema" else reordered(value[each_], shuffle, each_) for each_ in keys}


@settings(max_examples=60)
@given(body=bodies, shuffle=st.randoms(use_true_random=False))
def test_the_order_of_keys_changes_nothing(meter: Meter, body: Body, shuffle: random.Random) -> None:
    entry, other = counted(meter, body), counted(meter, reordered(body, shuffle))
    assert (other.parts, set(other.doubts)) == (entry.parts, set(entry.doubts))


@settings(max_examples=30)
@given(body=bodies, ignored=with_some({}, **{key: st.just(value) for key, value in SETTINGS.items()}))
def test_settings_that_are_not_part_of_the_prompt_change_nothing(meter: Meter, body: Body, ignored: Body) -> None:
    assert counted(meter, body | ignored).parts == counted(meter, body).parts


@settings(max_examples=30)
@given(body=bodies)
def test_counting_again_or_elsewhere_gives_the_same_and_changes_no_body(catalog: Catalog, meter: Meter, body: Body) -> None:
    before = copy.deepcopy(body)
    first = counted(meter, body)
    assert body == before
    assert counted(meter, body) == first
    assert counted(Meter(catalog), body) == first


@settings(max_examples=25)
@given(body=chat_bodies())
def test_a_body_counts_the_same_in_a_batch_and_for_training(meter: Meter, body: Body) -> None:
    batch = {"custom_id": "1", "method": "POST", "url": "/v1/chat/completions", "body": body}
    assert counted(meter, batch).parts == counted(meter, body).parts
    training = {key: value for key, value in body.items() if key != "model"}
    assert counted(Meter(meter.catalog, body["model"]), training).parts == counted(meter, body).parts


@settings(max_examples=25)
@given(dimensions=st.sampled_from(SIZES), model=st.sampled_from(MODELS), detail=st.sampled_from(["auto", "low", "high"]))
def test_a_stated_size_is_as_good_as_a_picture(catalog: Catalog, dimensions: tuple[int, int], model: str, detail: str) -> None:
    def body(url: str) -> Body:
        image = {"type": "image_url", "image_url": {"url": url, "detail": detail}}
        return {"model": model, "messages": [{"role": "user", "content": [image]}]}

    stated = Meter(catalog, image_size=dimensions)
    seen = counted(Meter(catalog), body(data_url(*dimensions)))
    assert counted(stated, body("https://example.org/a.png")) == seen
    assert counted(stated, body(data_url(333, 77))) == counted(Meter(catalog), body(data_url(333, 77))), (
        "what is known is not overridden"
    )


keywords = ["type", "properties", "items", "anyOf", "oneOf", "$ref", "enum", "const", "default", "required", "title", "minimum"]
fields = ["role", "content", "name", "id", "tool_calls", "function_call", "function", "functions", "text", "url", "detail", "n"]
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**4000)
    | st.floats(allow_nan=False)
    | st.text(st.characters(), max_size=3)
    | st.sampled_from(
        ["#", "#/", "#/$defs/Tree", "object", "array", "json_schema", "function", "auto", "data:image/png;base64,iVBO"]
    ),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.sampled_from([*keywords, *fields]), values, max_size=4),
    max_leaves=6,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a body, as its owner and its key there."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from places(value[key])


@settings(max_examples=125)
@given(body=bodies, values=st.lists(anything, min_size=1, max_size=3), choice=st.data())
def test_whatever_stands_anywhere_is_counted_or_refused(
    meter: Meter, body: Body, values: list[Any], choice: st.DataObject
) -> None:
    body = copy.deepcopy(body)
    for value in values:
        found = list(places(body))
        owner, key = found[choice.draw(st.integers(0, len(found) - 1))]
        more = choice.draw(st.none() | st.sampled_from([*keywords, *fields])) if isinstance(owner, dict) else None
        owner[more or key] = value
    try:
        sent = readers.read_request(body)
        entry = meter.count(sent, keeps_pieces=True)
        measure_request(meter, sent)
    except BadBody:
        return
    assert min(entry.parts.values()) >= 0
    json.dumps(make_record(entry))


def read(meter: Meter, *files: bytes) -> CountResult:
    """What `gpt41 count` makes of these files."""
    found = [InputSource(f"{index}.json", partial(io.BytesIO, data)) for index, data in enumerate(files)]
    return count_inputs(CountInputs(found, DEFAULT_ENCODING, lambda: meter, skipped=[]))


def lines(sent: Iterable[Body], line_end: str = "\n") -> bytes:
    return "".join(json.dumps(body) + line_end for body in sent).encode()


many_bodies = st.lists(bodies, min_size=1, max_size=5)


@settings(max_examples=25)
@given(sent=many_bodies, shuffle=st.randoms(use_true_random=False))
def test_a_file_counts_as_much_as_its_lines_in_any_order(meter: Meter, sent: list[Body], shuffle: random.Random) -> None:
    alone = [tokens(meter, body) for body in sent]
    mixed = shuffle.sample(sent, len(sent))
    for found in (read(meter, lines(sent)), read(meter, lines(mixed))):
        assert (found.tally.requests, found.input_tokens) == (len(sent), sum(alone))
        assert [large.input_tokens for large in found.tally.largest] == sorted(alone, reverse=True)


@settings(max_examples=25)
@given(sent=many_bodies)
def test_requests_count_the_same_however_they_are_written_down(meter: Meter, sent: list[Body]) -> None:
    text = "\n".join(json.dumps(body, ensure_ascii=False) for body in sent)
    written = {
        "lines": [lines(sent)],
        "characters as they are": [text.encode()],
        "Windows": [b"\xef\xbb\xbf" + lines(sent, "\r\n")],
        "blank lines": [b"\n \n" + lines(sent, "\n\n")],
        "UTF-16": [text.encode("utf-16")],
        "a list": [json.dumps(sent).encode()],
        "a printed list": [json.dumps(sent, indent=2).encode()],
        "a file each": [json.dumps(body).encode() for body in sent],
        "a printed file each": [json.dumps(body, indent=2, ensure_ascii=False).encode() for body in sent],
    }
    first = read(meter, *written["lines"]).tally
    for name, files in written.items():
        tally = read(meter, *files).tally
        assert (tally.requests, tally.parts, tally.exact_requests) == (first.requests, first.parts, first.exact_requests), name
        assert [each_.input_tokens for each_ in tally.largest] == [each_.input_tokens for each_ in first.largest], name


@pytest.mark.parametrize("wrap", [lines, lambda sent: json.dumps(sent).encode()], ids=["lines", "list"])
def test_many_requests_come_back_in_order_from_all_cores(
    meter: Meter, wrap: Callable[[list[Body]], bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of many chunks: read by workers, and put together again as if it had been read at once."""
    monkeypatch.setattr(documents, "CHUNK_BYTES", 700)
    sent = [{"model": "gpt-4.1", "messages": [{"role": "user", "content": "word " * (index % 190)}]} for index in range(400)]
    (tmp_path / "many").write_bytes(wrap(sent))
    source = InputSource("many", partial(open_file, tmp_path / "many"))
    found = list(count_each_input(CountInputs([source], DEFAULT_ENCODING, lambda: meter, skipped=[])))
    assert [done.place.position for done in found] == list(range(400))
    assert [isinstance(done, Entry) and done.input_tokens for done in found] == [tokens(meter, body) for body in sent]


entries = st.builds(
    Entry,
    st.fixed_dictionaries(dict.fromkeys(PARTS, st.integers(0, 30))),
    st.lists(st.builds(Doubt, st.sampled_from([rules.CALLS, rules.FILE]), st.just("at"), st.sampled_from("xy")), max_size=2),
    st.none() | st.text(max_size=3),
)
found_entries = entries | st.just("no request")
requests = (st.lists(found_entries, max_size=5) | st.lists(found_entries, min_size=15, max_size=40)).map(
    lambda found: [
        entry._replace(place=Place("f", position=index))
        if isinstance(entry, Entry)
        else RejectedRequest(Place("f", position=index), entry, is_from_folder=index % 2 == 0)
        for index, entry in enumerate(found)
    ]
)


@st.composite
def splits(draw: st.DrawFn, of: st.SearchStrategy[list[Any]]) -> list[list[Any]]:
    """A list, cut into slices."""
    whole = draw(of)
    ends = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=5)))
    return [whole[start:end] for start, end in pairwise((0, *ends, len(whole)))]


def told(tally: Tally) -> Mapping[str, Any]:
    """All that is told of a tally."""
    return {
        "requests": tally.requests,
        "tokens": tally.input_tokens,
        "parts": tally.parts,
        "exact": tally.exact_requests,
        "lower bounds": tally.lower_bound_requests,
        "doubts": dict(tally.places_by_doubt),
        "percentiles": [tally.percentile(percent) for percent in range(1, 101)],
        "largest": tally.largest,
        "invalid": (tally.rejects.count, tally.rejects.named_count, tally.rejects.examples),
        "examples": tally.examples,
    }


@settings(max_examples=75)
@given(chunks=splits(requests), shuffle=st.randoms(use_true_random=False))
def test_tallies_add_up_to_the_tally_of_all(chunks: list[list[Any]], shuffle: random.Random) -> None:
    everything = [each_ for chunk in chunks for each_ in chunk]
    whole = Tally.from_entries(everything)
    in_turn = reduce(iadd, map(Tally.from_entries, chunks), Tally())
    mixed = reduce(iadd, map(Tally.from_entries, shuffle.sample(chunks, len(chunks))), Tally())
    assert told(in_turn) == told(mixed) == told(whole)
    good = [each_ for each_ in everything if isinstance(each_, Entry)]
    assert whole.requests == len(good)
    assert whole.input_tokens == sum(entry.input_tokens for entry in good)
    assert whole.exact_requests == sum(not entry.doubts for entry in good)
    assert [large.input_tokens for large in whole.largest] == sorted((entry.input_tokens for entry in good), reverse=True)[:10]
    assert len(whole.rejects.examples) == min(whole.rejects.count, 10)


@settings(max_examples=75)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=60), st.integers(1, 100))
def test_a_percentile_is_the_nearest_rank(sizes: list[int], percent: int) -> None:
    tally = Tally.from_entries(Entry({"text": size_}) for size_ in sizes)
    assert tally.percentile(percent) == sorted(sizes)[math.ceil(len(sizes) * percent / 100) - 1]
    assert Tally().percentile(percent) == 0


sized = st.builds(
    MeasuredRequest,
    st.builds(ModelAndMode, st.sampled_from([None, "gpt-4.1"]), st.sampled_from(["standard", "batch"])),
    st.builds(
        RequestShape,
        st.integers(0, 3),
        st.none() | st.integers(1, 2),
        images=st.sampled_from([(), (Image(1, 1),)]),
    ),
    st.frozensets(st.sampled_from(["vision", "function-calling"])),
    st.frozensets(st.tuples(st.sampled_from("ab"), st.sampled_from("xy"))),
    st.booleans(),
    st.booleans(),
    refusable_fields=st.lists(
        st.sampled_from([RefusableField("a", "/v1", None), RefusableField("b", "/v1", None)]), max_size=2, unique=True
    ),
    flaws=st.lists(st.sampled_from([Finding(rules.TEMPLATE, "a"), Finding(rules.IMAGE_ANIMATED, "b")]), max_size=2, unique=True),
)


def show_totals(totals: RequestTotals) -> list[Any]:
    """List all of it in its order, as it is printed."""
    groups = {group: {**vars(each), "shapes": dict(each.shapes.items())} for group, each in totals.groups.items()}
    return [list(groups.items()), list(totals.places_by_field.items()), list(totals.flaws.by_kind.items())]


@settings(max_examples=75)
@given(chunks=splits(st.lists(sized, max_size=30)), shuffle=st.randoms(use_true_random=False))
def test_sizings_add_up_to_the_sizing_of_all(chunks: list[list[MeasuredRequest]], shuffle: random.Random) -> None:
    def sizing(found: Iterable[MeasuredRequest]) -> RequestTotals:
        return RequestTotals.from_requests(found)

    places = (Place("many.jsonl", number) for number in itertools.count(1))
    chunks = [[each_._replace(place=next(places)) for each_ in chunk] for chunk in chunks]
    whole = reduce(iadd, map(sizing, chunks), RequestTotals())
    mixed = reduce(iadd, map(sizing, shuffle.sample(chunks, len(chunks))), RequestTotals())
    assert show_totals(mixed) == show_totals(whole)
    assert mixed.requests == whole.requests == sum(map(len, chunks))


def test_files_keep_the_order_in_which_they_are_added() -> None:
    first, second = (Occurrences(1, [Place(path, 7)]) for path in ("z.jsonl", "a.jsonl"))
    first += second
    first += Occurrences(1, [Place("z.jsonl", 3)])
    assert first.examples == [Place("z.jsonl", 3), Place("z.jsonl", 7), Place("a.jsonl", 7)]


@settings(max_examples=200)
@given(st.integers(1, 5_000), st.integers(1, 5_000), st.sampled_from(["auto", "low", "high"]))
def test_no_picture_is_more_expensive_than_one_of_unknown_size(catalog: Catalog, width: int, height: int, detail: str) -> None:
    for model in catalog.models.values():
        if model.images:
            cost = count_image_tokens(Image(width, height, detail), model.images)
            assert 0 < cost <= count_image_tokens(Image(None, None, detail), model.images), model.id
            assert cost == count_image_tokens(Image(height, width, detail), model.images), f"{model.id}: turned on its side"
