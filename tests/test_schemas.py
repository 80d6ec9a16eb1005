"""The published schemas: what is printed as JSON keeps to them, they promise nothing that never comes, and mistakes show."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import pkgutil
import shlex
import shutil
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match

from gpt41_cli import catalog as catalogs
from gpt41_cli import reports, schemas
from gpt41_cli.cli import app
from tests.conftest import ROOT
from tests.test_cache import LONG, begun, picture
from tests.test_prompt import CALL, FORMAT, OTHER_CALL, SECRET, SYSTEM, USER, Body, chat, responses

DATA = ROOT / "tests" / "data"
SCHEMAS: Mapping[str, Any] = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "schemas").glob("*.json"))}
FORMATS = sorted(set(SCHEMAS) - {"config"})

NOTHING: Body = {}
TOOL = {
    "type": "function",
    "function": {
        "name": "f",
        "parameters": {"type": "object", "title": "F", "properties": {"a": {"type": "integer", "default": 1}}},
    },
}
CHATS = [
    chat(USER, max_tokens=20),
    chat(SYSTEM, USER, {"role": "assistant", "tool_calls": [CALL, OTHER_CALL]}, tools=[SECRET], response_format=FORMAT),
    chat({"role": "user", "content": [picture(640, 480)]}, service_tier="priority", max_tokens=5),
    chat(USER, functions=[{"name": "f"}]),
    responses("x", previous_response_id="resp_1"),
]


def tools(*names: str) -> Body:
    described = [{"type": "function", "function": {"name": name, "description": LONG[:4_000]}} for name in names]
    return chat({"role": "user", "content": "Which tools are there?"}, tools=described)


BREAKS = [
    *begun("It is 10:31 now.\n", "It is 10:32 now.\n"),
    *begun("Ticket 17 of 90\n", "Ticket 18 of 90\n", rest=LONG.upper()),
    *begun("Session 4f3a9c01b2. ", "Session 9d01ee77aa. ", rest=LONG.title()),
    *begun("Dear Maria,\n", "Dear Martin,\n", rest=LONG[::-1]),
    tools("find_order", "open_ticket"),
    tools("open_ticket", "find_order"),
    *(chat({"role": "user", "content": [picture(width, 480), {"type": "text", "text": LONG}]}) for width in (640, 641)),
]


def batch(number: int, body: Body, **changed: Any) -> Body:
    return {"custom_id": f"n{number}", "method": "POST", "url": "/v1/chat/completions", "body": body, **changed}


BROKEN = [
    batch(1, chat(USER, max_tokens=5)),
    batch(1, {**chat(USER), "model": "gpt-4.1-mini", "stream": True}, method="GET"),
    batch(2, {**chat(USER), "model": "no-such-model"}),
    batch(3, responses("x"), url="/v1/responses"),
    batch(4, NOTHING),
]
LARGE = [batch(number, chat({"role": "user", "content": "word " * 95_000})) for number in range(2)]
NANO = [batch(1, {**chat(USER), "model": "gpt-4.1-nano"})]
LATE = [*(chat({"role": "user", "content": f"{number}"}) for number in range(200)), *begun("", "")]
"""Requests that share a beginning after those whose prompts are kept."""

FILES: Mapping[str, list[Body]] = {
    "chats.jsonl": CHATS,
    "invalid.jsonl": [*CHATS[:2], NOTHING],
    "priced.jsonl": [chat(USER, max_tokens=9), {**chat(USER), "model": "o3"}, responses("x", service_tier="flex")],
    "tools.jsonl": [chat(USER, tools=[TOOL]), chat(SYSTEM, USER)],
    "training.jsonl": [{"messages": [USER, {"role": "assistant", "content": "Noon."}]}],
    "breaks.jsonl": BREAKS,
    "again.jsonl": [chat({"role": "system", "content": LONG}, USER)] * 3,
    "broken.jsonl": BROKEN,
    "large.jsonl": LARGE,
    "nano.jsonl": NANO,
    "late.jsonl": LATE,
    "responses.jsonl": [batch(1, responses("x"), url="/v1/responses")],
    "elsewhere.jsonl": [chat(USER, max_tokens=5), {**chat(USER), "model": "gpt-4.1-mini", "service_tier": "priority"}],
}

# Of one day, so that the calendar changes no answer.
TODAY = "--as-of 2026-11-23"
NUMBERS = f"--input-tokens 1200 --cached 60% --output-tokens 400 {TODAY}"
RUNS = (
    "count prompt.txt",
    "count --text 'one two' --model gpt-4.1",
    "count src chats.jsonl photo.png --model gpt-4.1-mini",
    "count src --top 1",
    "count photo.png --model gpt-4.1 --text x",
    "count tools.jsonl chats.jsonl --show",
    "count invalid.jsonl --skip-invalid",
    "count list.json training.jsonl batch.jsonl --show --skip-invalid",
    "count list.json --each --skip-invalid",
    "count chats.jsonl invalid.jsonl photo.png prompt.txt --model gpt-4.1-mini --each --skip-invalid",
    "count batch.jsonl --each",
    f"cost {NUMBERS}",
    f"cost {NUMBERS} --requests 5000 --mode standard --mode batch --mode priority",
    f"cost {NUMBERS} --model ft:gpt-4.1-mini-2025-04-14:org::id --platform azure-global",
    f"cost {NUMBERS} --platform azure-global --mode priority",
    f"cost --input-tokens 1040000 --output-tokens 40000 --model gpt-4.1 --model gpt-6-luna {TODAY}",
    "cost --input-tokens 500 --cached 50% --model gpt-4.1 --as-of 2027-02-20",
    f"cost prompt.txt photo.png --output-tokens 5 {TODAY}",
    f"cost chats.jsonl {TODAY}",
    f"cost invalid.jsonl --skip-invalid --output-tokens 5 {TODAY}",
    f"cost training.jsonl --output-tokens 5 --model gpt-4.1 {TODAY}",
    f"cost again.jsonl --cached simulate {TODAY}",
    f"cost prompt.txt src --output-tokens 5 {TODAY}",
    f"cost batch.jsonl chats.jsonl --each {TODAY}",
    f"cost list.json --each --skip-invalid {TODAY}",
    f"cost priced.jsonl --each --skip-invalid --output-tokens 5 {TODAY}",
    f"recommend {NUMBERS} --task classification --requests 3",
    f"recommend {NUMBERS} --deadline 24h --usage-tier 1 --task coding --task vision",
    f"recommend {NUMBERS} --until 2030-01-01",
    f"recommend {NUMBERS} --max-usd 0 --platform azure-global",
    f"recommend {NUMBERS} --scores scores.csv --min-score accuracy=80 --prefer quality",
    f"recommend {NUMBERS} --needs web-search --prefer speed --max-usd 1",
    "recommend --input-tokens 580 --deadline 24h --as-of 2027-02-01",
    f"recommend --input-tokens 20000 --cached 10% --deadline 24h {TODAY}",
    f"recommend chats.jsonl --task general {TODAY}",
    f"recommend invalid.jsonl --skip-invalid {TODAY}",
    f"plan {NUMBERS} --requests 100000 --deadline 24h",
    f"plan {NUMBERS} --requests 100000 --usage-tier 1 --deadline 2h",
    f"plan {NUMBERS} --requests 60000000",
    f"plan --input-tokens 50000 --requests 100 --usage-tier 1 {TODAY}",
    f"plan --input-tokens 150000 --requests 100 {TODAY}",
    "plan --input-tokens 150000 --requests 100 --model gpt-4.1-nano --as-of 2026-07-20",
    f"plan --input-tokens 3 --model gpt-4.1-nano {TODAY}",
    "plan --input-tokens 300 --output-tokens 10 --requests 9000000 --model gpt-4.1 --as-of 2027-01-13",
    f"plan --input-tokens 3 --requests 200000000 --usage-tier 5 {TODAY}",
    f"plan chats.jsonl {TODAY}",
    f"batch batch.jsonl {TODAY}",
    f"batch batch.jsonl broken.jsonl --usage-tier 1 {TODAY}",
    f"batch nothing.jsonl {TODAY}",
    f"batch large.jsonl --usage-tier 1 --jobs 1 {TODAY}",
    "batch nano.jsonl --usage-tier 2 --as-of 2026-07-20",
    f"batch batch.jsonl responses.jsonl --split parts {TODAY}",
    f"cache shop.jsonl {TODAY}",
    f"cache breaks.jsonl {TODAY}",
    f"cache late.jsonl {TODAY}",
    f"cache elsewhere.jsonl {TODAY}",
    f"cache again.jsonl invalid.jsonl --skip-invalid --requests-per-minute 9 --lifetime 24h {TODAY}",
    f"models {TODAY}",
    f"models gpt-4.1-mini {TODAY}",
    "models --check",
)


class Printed(NamedTuple):
    """What a command prints with `--format json` and with `--format jsonl`."""

    command: str
    name: str
    document: Any
    records: list[Any]


def out(command: str, output_format: str) -> str:
    """What a run prints. In this process: there are many runs, and most of each would be the start of Python."""
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.redirect_stderr(io.StringIO()) as errors:
        code = app([*shlex.split(command), "--format", output_format], prog_name="gpt41", standalone_mode=False)
    assert code in (0, 1, None), f"{command}: {errors.getvalue()}"
    shutil.rmtree("parts", ignore_errors=True)
    return printed.getvalue()


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> list[Printed]:
    """What every command of RUNS prints."""
    folder = tmp_path_factory.mktemp("work")
    for name, bodies in FILES.items():
        (folder / name).write_text("".join(json.dumps(body) + "\n" for body in bodies))
    for name in ("batch.jsonl", "shop.jsonl", "photo.png"):
        shutil.copy(DATA / name, folder)
    (folder / "list.json").write_text(json.dumps([*CHATS, NOTHING]))
    (folder / "nothing.jsonl").write_text("\n{}\n")
    (folder / "prompt.txt").write_text("one two three")
    (folder / "scores.csv").write_text("model,metric,score\ngpt-4.1,accuracy,91.5\ngpt-4.1-mini,accuracy,79\n")
    (folder / "src").mkdir()
    for name, content in {".gitignore": b"*.log", "a.log": b"x", "b.bin": b"\0", "c.py": b"c = 1", "d.txt": b"caf\xe9"}.items():
        (folder / "src" / name).write_bytes(content)
    found = []
    with contextlib.chdir(folder), pytest.MonkeyPatch.context() as patch:
        patch.delenv("GPT41_PRICING", raising=False)
        patch.setattr(catalogs, "read", cache(catalogs.read))  # a third of the time
        for command in RUNS:
            document = json.loads(out(command, "json"))
            name = document["schema"].removeprefix("gpt41.").partition("/")[0]
            records = [json.loads(line) for line in out(command, "jsonl").splitlines()]
            found.append(Printed(command, name, document, records))
    return found


def complaint(schema: Any, value: Any, definition: str | None = None) -> str | None:
    """What the schema, or a definition of it, has to say against a value."""
    part = {"$ref": f"#/$defs/{definition}", "$defs": schema["$defs"]} if definition else schema
    error = best_match(Draft202012Validator(part, format_checker=FormatChecker()).iter_errors(value))
    return error and f"{error.json_path}: {error.message}"


def test_what_is_printed_keeps_to_its_schema(printed: list[Printed]) -> None:
    for command, name, document, records in printed:
        assert complaint(SCHEMAS[name], document) is None, command
        for record in records:
            assert complaint(SCHEMAS[name], record, "record") is None, f"{command} --format jsonl"
    assert {each.name for each in printed} == set(FORMATS)


def test_every_format_has_its_schema_and_every_schema_its_format() -> None:
    modules = [importlib.import_module(f"gpt41_cli.reports.{each.name}") for each in pkgutil.iter_modules(reports.__path__)]
    formats = {module.SCHEMA for module in modules if hasattr(module, "SCHEMA")}
    assert formats == {f"gpt41.{name}/1" for name in FORMATS}
    for name in FORMATS:
        assert SCHEMAS[name]["title"] == SCHEMAS[name]["properties"]["schema"]["const"] == f"gpt41.{name}/1"


# What the schemas say


def parts(schema: Any) -> Iterator[tuple[str, Any]]:
    """The schemas that one is made of, but for its definitions."""
    yield from schema.get("properties", {}).items()
    yield from ((f"anyOf {index}", each) for index, each in enumerate(schema.get("anyOf", ())))
    for name, keyword in (("each", "items"), ("any", "additionalProperties")):
        if isinstance(schema.get(keyword), dict):
            yield f"{name} of them", schema[keyword]


def within(schema: Any) -> Iterator[Any]:
    """A schema and all that it is made of."""
    yield schema
    for _, each in (*parts(schema), *schema.get("$defs", schema.get("definitions", {})).items()):
        yield from within(each)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_valid_strict_and_tells_of_every_field(name: str) -> None:
    schema = SCHEMAS[name]
    draft = Draft7Validator if name == "config" else Draft202012Validator  # the newest that editors of YAML know
    assert schema["$schema"] == draft.META_SCHEMA["$schema"].removesuffix("#") + "#" * (name == "config")
    draft.check_schema(schema)
    definitions = schema.get("$defs", schema.get("definitions"))
    for each in within(schema):
        if each.get("type") == "object":
            assert "additionalProperties" in each
            assert set(each.get("required", ())) <= set(each.get("properties", ()))
        for field, value in each.get("properties", {}).items():
            told = value.get("description") or definitions[value["$ref"].rpartition("/")[2]]["description"]
            assert told.endswith("."), field
        for example in each.get("examples", ()):
            whole = {**each, "definitions": definitions, "$defs": definitions}
            assert draft(whole).is_valid(example), example


def test_what_schemas_share_is_the_same_in_all_of_them() -> None:
    shared: dict[str, Any] = {}
    for name in FORMATS:
        for definition, each in SCHEMAS[name]["$defs"].items():
            if definition != "record":
                assert shared.setdefault(definition, each) == each, f"{definition} in {name}.json"
    entry, shown = (SCHEMAS["count"]["$defs"][name]["properties"] for name in ("entry", "shown"))
    assert {**entry, "pieces": shown["pieces"], "savings": shown["savings"]} == shown


KINDS = {type(None): "null", bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}

UNSEEN = {
    # The same for all formats, whether or not an answer ever has some.
    ("entries/notes", "each of them"),
    ("priced/notes", "each of them"),
    ("models/findings", "each of them"),
    # Known of places in a YAML file alone.
    ("$defs/location/column", "integer"),
    # What other price tables may say, or this one some day.
    ("$defs/dated_rates/confidence", "low"),
    ("$defs/lifecycle/shutdown", "anyOf 1"),
    ("$defs/model/released", "anyOf 1"),
    ("$defs/patches/low_detail_tokens", "integer"),
    ("$defs/patches/note", "null"),
    ("$defs/tiles/low_detail_tokens", "null"),
    ("$defs/tiles/note", "string"),
}


def choices(schema: Any, at: str) -> Iterator[tuple[str, str]]:
    """Everything that a schema leaves open: types, values, alternatives, and fields and elements that there may be."""
    if isinstance(schema.get("type"), list):
        yield from ((at, kind) for kind in schema["type"])
    yield from ((at, str(value)) for value in schema.get("enum", ()))
    for name, each in parts(schema):
        yield at, name
        yield from choices(each, f"{at}/{name}")


def taken(root: Any, schema: Any, at: str, value: Any) -> Iterator[tuple[str, str]]:
    """Which of the choices a value has taken."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        yield from taken(root, root["$defs"][name], f"$defs/{name}", value)
    if isinstance(schema.get("type"), list):
        yield at, KINDS[type(value)]
    if "enum" in schema:
        yield at, str(value)
    for name, each in parts(schema):
        for inner in _held(root, schema, name, each, value):
            yield at, name
            yield from taken(root, each, f"{at}/{name}", inner)


def _held(root: Any, schema: Any, name: str, part: Any, value: Any) -> list[Any]:
    """What of a value a part of its schema is about."""
    if name.startswith("anyOf "):
        return [value] if Draft202012Validator({**part, "$defs": root["$defs"]}).is_valid(value) else []
    if name == "each of them":
        return list(value) if isinstance(value, list) else []
    if name == "any of them":
        return [each for key, each in value.items() if key not in schema.get("properties", {})]
    return [value[name]] if name in value else []


def test_the_schemas_promise_nothing_that_never_comes(printed: list[Printed]) -> None:
    promised, seen = set(), set()
    for name in FORMATS:
        promised |= set(choices(SCHEMAS[name], name))
        for definition, each in SCHEMAS[name]["$defs"].items():
            promised |= set(choices(each, f"{name} {definition}" if definition == "record" else f"$defs/{definition}"))
    for _, name, document, records in printed:
        schema = SCHEMAS[name]
        seen |= set(taken(schema, schema, name, document))
        for record in records:
            seen |= set(taken(schema, schema["$defs"]["record"], f"{name} record", record))
    assert promised - seen == UNSEEN


# Mistakes

FREE = {"breaches", "hosting", "lifecycle", "long_context", "prices_usd", "rates", "savings", "scores", "standard", "training"}
"""Objects whose keys are names, or some of which may be missing."""


def objects(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths to all objects in a value, one of each list."""
    if isinstance(value, dict):
        yield path
        for key, each in value.items():
            yield from objects(each, (*path, key))
    elif isinstance(value, list) and value:
        yield from objects(value[0], (*path, 0))


def short(value: Any) -> Any:
    """The same with at most two elements in each list."""
    if isinstance(value, dict):
        return {key: short(each) for key, each in value.items()}
    return [short(each) for each in value[:2]] if isinstance(value, list) else value


def changed(value: Any, path: tuple[str | int, ...], key: str, *new: Any) -> Any:
    """A copy in which the object at `path` has another value for `key`, or none."""
    copy = deepcopy(value)
    inner = copy
    for step in path:
        inner = inner[step]
    inner.pop(key, None)
    if new:
        inner[key] = new[0]
    return copy


@pytest.mark.parametrize("name", FORMATS)
def test_a_schema_notices_what_is_missing_unknown_or_no_longer_exact(printed: list[Printed], name: str) -> None:
    schema = SCHEMAS[name]
    documents = [short(each.document) for each in printed if each.name == name]
    document = max(documents, key=lambda each: len(list(objects(each))))
    assert complaint(schema, document) is None
    for path in objects(document):
        inner = document
        for step in path:
            inner = inner[step]
        assert complaint(schema, changed(document, path, "surprise", [1.5])), path
        for key, value in inner.items():
            if not FREE & {*path[-2:]}:
                assert complaint(schema, changed(document, path, key)), (*path, key)
            if key.endswith("_usd") and value is not None:
                assert complaint(schema, changed(document, path, key, 0.5 if isinstance(value, str) else [])), (*path, key)
            if isinstance(value, bool):
                assert complaint(schema, changed(document, path, key, "yes")), (*path, key)


def test_a_schema_can_be_read_at_run_time() -> None:
    for name, schema in SCHEMAS.items():
        assert json.loads(schemas.text(name)) == schema
