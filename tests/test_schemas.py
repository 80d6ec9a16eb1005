"""The published schemas: what is printed as JSON keeps to them, they promise nothing that never comes, and mistakes show."""

from __future__ import annotations

import importlib
import json
import pkgutil
import runpy
from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match

from gpt41_cli import commands, shipped
from tests.conftest import ROOT
from tests.json_runs import Printed, all_printed

FOLDER = ROOT / "schemas"
SCHEMAS: Mapping[str, Any] = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
FORMATS = sorted(set(SCHEMAS) - {"config"})


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> list[Printed]:
    return all_printed(tmp_path_factory.mktemp("work"))


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
    names = [each.name for each in pkgutil.walk_packages(commands.__path__, "gpt41_cli.commands.")]
    modules = [importlib.import_module(name) for name in names if name.endswith("report")]
    formats = {value for module in modules for name, value in vars(module).items() if name in ("SCHEMA", "CHECK_SCHEMA")}
    assert formats == {SCHEMAS[name]["title"] for name in FORMATS}
    for name in FORMATS:
        assert SCHEMAS[name]["title"] == SCHEMAS[name]["properties"]["schema"]["const"]
        assert SCHEMAS[name]["title"].startswith(f"gpt41.{name}/")


# How they are made


def test_the_published_schemas_are_bundled_from_their_sources() -> None:
    bundled = runpy.run_path(str(FOLDER / "bundle.py"))["bundle_schemas"]()
    published = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json") if path.stem in FORMATS}
    outdated = sorted(name for name in {*bundled, *published} if bundled.get(name) != published.get(name))
    assert outdated == [], "run `python schemas/bundle.py` after a change in schemas/src"


def test_every_definition_is_written_once() -> None:
    sources = [json.loads(path.read_text(encoding="utf-8")) for path in (FOLDER / "src").glob("*.json")]
    written = Counter(name for source in sources for name in source["$defs"])
    assert {name for name, times in written.items() if times > 1} == {"record"}, "move it to schemas/src/shared.json"


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


def test_a_shown_request_has_every_field_of_a_counted_one() -> None:
    entry, shown = (SCHEMAS["count"]["$defs"][name]["properties"] for name in ("entry", "shown"))
    assert {**entry, "pieces": shown["pieces"], "savings": shown["savings"]} == shown


KINDS = {type(None): "null", bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}

UNSEEN = {
    # What other price tables may say, or this one some day.
    ("train record/ends", "anyOf 1"),
    ("$defs/dated_rates/confidence", "low"),
    ("$defs/lack/confidence", "low"),
    ("$defs/refusal/confidence", "low"),
    ("$defs/lifecycle/shutdown", "anyOf 1"),
    ("$defs/model/released", "anyOf 1"),
    ("$defs/patches/low_detail_tokens", "integer"),
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

FREE = {
    *("breaches", "files", "hosting", "lacks", "lifecycle", "long_context", "prices_usd", "rates", "savings"),
    *("scores", "standard", "training"),
}
FREE_WITHIN = {"rates", "scores"}
"""Objects whose keys are names, or some of which may be missing, and those of which the same is true of what they hold."""


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
    takes = Draft202012Validator(SCHEMAS[name]).is_valid
    documents = [short(each.document) for each in printed if each.name == name]
    document = max(documents, key=lambda each: len(list(objects(each))))
    assert takes(document)
    for path in objects(document):
        inner = document
        for step in path:
            inner = inner[step]
        assert not takes(changed(document, path, "surprise", [1.5])), path
        for key, value in inner.items():
            if not (FREE & {*path[-1:]} or FREE_WITHIN & {*path[-2:-1]}):
                assert not takes(changed(document, path, key)), (*path, key)
            if key.endswith("_usd") and value is not None:
                assert not takes(changed(document, path, key, 0.5 if isinstance(value, str) else [])), (*path, key)
            if isinstance(value, bool):
                assert not takes(changed(document, path, key, "yes")), (*path, key)


def test_a_schema_can_be_read_at_run_time() -> None:
    for name, schema in SCHEMAS.items():
        assert json.loads(shipped.read_schema(name)) == schema
