"""The schema of gpt41.yaml, by which editors complete and check it: what it refuses gpt41 refuses too."""

from __future__ import annotations

import json

import pytest
import yaml
from jsonschema import Draft7Validator

from gpt41_cli import shipped
from gpt41_cli.catalog import MODES, Catalog
from gpt41_cli.config.load import parse_config
from gpt41_cli.errors import TableError

SCHEMA = json.loads(shipped.read_schema("config"))

CONFIG = """
version: 1
defaults: {model: gpt-4.1-mini, platform: openai, mode: standard, cached: 60%, output_tokens: 200, usage_tier: 2}
workloads:
  triage:
    requests: prompts/triage/*.json
    column: request
    model: gpt-4.1-mini
    mode: batch
    platform: openai
    output_tokens: {expected: 120, high: 400}
    volume: 120000 / month
    cached: simulate
    requests_per_minute: 300
    lifetime: 10m
    project: proj_support
    usage_tier: 2
    budget: {per_request_usd: 0.002, monthly_usd: 60, input_tokens: 8000, growth_percent: 10}
    require: {task: classification, until: 2027-03-01, needs: [vision], tolerance_percent: 15, deadline: 24h}
  reply: {prompt: [system.md, user.md], input_tokens: 300, cached: 800, volume: 5 / day, require: {task: [extraction, coding]}}
  numbers: {input_tokens: 1200, output_tokens: {expected: 20}, volume: "1,200,000/week"}
  short:
    input_tokens: 1.2M
    output_tokens: {expected: 0.5k, high: 1_000, reasoning: 2k}
    cached: 1,024
    volume: 40k per day
    budget: {input_tokens: 8k}
budget: {monthly_usd: 500, growth_percent: 5}
"""


def of_config(text: str) -> list[str]:
    """What the schema has to say against a gpt41.yaml, as an editor would: dates are text there."""
    document = json.loads(json.dumps(yaml.safe_load(text), default=str))
    return [f"{each.json_path}: {each.message}" for each in Draft7Validator(SCHEMA).iter_errors(document)]


@pytest.mark.parametrize("text", [CONFIG, "version: 1\nworkloads: {a: {prompt: a.md}}"])
def test_what_gpt41_yaml_may_say_is_fine(text: str, catalog: Catalog) -> None:
    assert of_config(text) == []
    parse_config(text.encode(), "gpt41.yaml", catalog)


def test_numbers_may_be_short_as_in_options(catalog: Catalog) -> None:
    short = parse_config(CONFIG.encode(), "gpt41.yaml", catalog).workloads["short"]
    assert (short.input_tokens, short.output_tokens) == (1_200_000, (500, 1_000, 2_000))
    assert (short.cached.tokens, short.budget.input_tokens) == (1_024, 8_000)
    with pytest.raises(TableError, match='input_tokens: expected a whole number from 0 to 1,000,000,000,000, found "010"'):
        parse_config(CONFIG.replace("8000", "010").encode(), "gpt41.yaml", catalog)


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("version: 1", "version: 2", "$.version"),
        ("version: 1", "", "$"),
        ("workloads:", "workload:", "$"),
        ("monthly_usd: 500", "month_usd: 500", "$.budget"),
        ("usage_tier: 2}", "usage_tier: two}", "$.defaults.usage_tier"),
        ("mode: batch", "mode: bulk", "$.workloads.triage.mode"),
        ("mode: batch", "mod: batch", "$.workloads.triage"),
        ("requests: prompts/triage/*.json", "", "$.workloads.triage"),
        ("requests: prompts/triage/*.json", "requests: []", "$.workloads.triage.requests"),
        ("prompt: [system.md, user.md]", "requests: a.json", "$.workloads.reply"),
        ("prompt: [system.md, user.md], input_tokens: 300", "prompt: a.md, requests: b.json", "$.workloads.reply"),
        ("volume: 120000 / month", "", "$.workloads.triage"),
        ("volume: 120000 / month", "volume: 0 / month", "$.workloads.triage.volume"),
        ("volume: 120000 / month", "volume: 120000", "$.workloads.triage.volume"),
        ("volume: 120000 / month", "volume: 120000 / year", "$.workloads.triage.volume"),
        ("cached: 60%", "cached: 160%", "$.defaults.cached"),
        ("cached: simulate", "cached: some", "$.workloads.triage.cached"),
        ("high: 400", "most: 400", "$.workloads.triage.output_tokens"),
        ("lifetime: 10m", "lifetime: 10 minutes", "$.workloads.triage.lifetime"),
        ("monthly_usd: 60", "monthly_usd: sixty", "$.workloads.triage.budget.monthly_usd"),
        ("input_tokens: 8000", "input_tokens: 80.5", "$.workloads.triage.budget.input_tokens"),
        ("input_tokens: 8000", "input_tokens: '8000'", "$.workloads.triage.budget.input_tokens"),
        ("input_tokens: 8000", "input_tokens: 8 k", "$.workloads.triage.budget.input_tokens"),
        ("until: 2027-03-01", "until: March", "$.workloads.triage.require.until"),
        ("needs: [vision]", "needs: vision", "$.workloads.triage.require.needs"),
        ("tolerance_percent: 15", "tolerance_percent: 115", "$.workloads.triage.require.tolerance_percent"),
        ("deadline: 24h", "deadline: 24", "$.workloads.triage.require.deadline"),
        ("deadline: 24h", "deadline: 0h", "$.workloads.triage.require.deadline"),
    ],
)
def test_what_gpt41_yaml_may_not_say_is_refused_at_its_place(old: str, new: str, where: str, catalog: Catalog) -> None:
    text = CONFIG.replace(old, new, 1)
    assert text != CONFIG
    assert where in [each.partition(":")[0] for each in of_config(text)]
    with pytest.raises(TableError):
        parse_config(text.encode(), "gpt41.yaml", catalog)


KEYS = {
    "": SCHEMA,
    "defaults: {?}": SCHEMA["properties"]["defaults"],
    "budget: {?}": SCHEMA["properties"]["budget"],
    "workloads: {a: {?}}": SCHEMA["definitions"]["workload"],
    **{
        f"workloads: {{a: {{prompt: a.md, {name}: {{?}}}}}}": SCHEMA["definitions"]["workload"]["properties"][name]
        for name in ("budget", "require")
    },
    "workloads: {a: {prompt: a.md, output_tokens: {?}}}": SCHEMA["definitions"]["output_tokens"]["anyOf"][1],
}


@pytest.mark.parametrize("place", KEYS)
def test_the_keys_that_editors_offer_are_those_that_gpt41_knows(place: str, catalog: Catalog) -> None:
    rest = "" if place.startswith("workloads") else "workloads: {a: {prompt: a.md}}\n"
    text = f"version: 1\n{rest}" + (place.replace("?", "surprise: 1") if place else "surprise: 1")
    with pytest.raises(TableError, match='found the unknown key "surprise"') as caught:
        parse_config(text.encode(), "gpt41.yaml", catalog)
    known = str(caught.value).partition("expected one of the keys ")[2].partition(", found")[0]
    assert known.split(", ") == sorted(KEYS[place]["properties"])


def test_the_names_that_editors_offer_are_names_of_the_table(catalog: Catalog) -> None:
    definitions = SCHEMA["definitions"]
    workload = definitions["workload"]["properties"]
    require = workload["require"]["properties"]
    assert set(definitions["model"]["examples"]) == {each.id for each in catalog.family} == set(workload["model"]["examples"])
    assert set(definitions["platform"]["examples"]) == set(catalog.platforms)
    assert definitions["mode"]["enum"] == workload["mode"]["enum"] == list(MODES)
    named = [each for example in require["task"]["examples"] for each in ([example] if isinstance(example, str) else example)]
    assert set(named) <= set(catalog.tasks)
    assert {each for example in require["needs"]["examples"] for each in example} <= catalog.abilities
